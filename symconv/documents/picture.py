"""The picture: kernel * input = output, with one window in colour."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..definition import strides
from ..formula import Formula
from ..matrices import weight_matrix
from ..readmap import ReadMap
from ..sums import INPUT, KERNEL
from .blocks import Cell, Picture
from .common import colour_of, position_symbol


def pictured_output(read_map: ReadMap) -> tuple[int, ...]:
    """The output whose window the picture shows: the second along the last index."""
    last = len(read_map.lines) - 1
    return tuple(min(1, line.outputs - 1) if n == last else 0 for n, line in enumerate(read_map.lines))


def pictured_row(read_map: ReadMap) -> int:
    """Its row of W."""
    steps_ = strides([line.outputs for line in read_map.lines])
    return sum(o * step for o, step in zip(pictured_output(read_map), steps_, strict=True))


def window_picture(layer: Any) -> Picture | None:
    """Kernel * input = output with one window in colour, for small one- and two-dimensional layers of one channel."""
    axes = layer.read_map.axes
    small = len(axes) in (1, 2) and not layer.read_map.shows_channels
    widths = sum(axis.taps if n else axis.inputs + axis.low + axis.high for n, axis in enumerate(axes[-1:] * 2))
    if (
        not small
        or widths > 11
        or max(len(axis.padded_range) for axis in axes) > 8
        or any(axis.scale > 1 for axis in axes)
    ):
        return None

    matrix = weight_matrix(layer.read_map)
    output = pictured_output(layer.read_map)

    def grid(sizes: Sequence[range], cell: Any) -> tuple[tuple[Cell, ...], ...]:
        if len(sizes) == 1:
            return (tuple(cell((n,)) for n in sizes[0]),)
        return tuple(tuple(cell((m, n)) for n in sizes[1]) for m in sizes[0])

    def kernel_cell(at: tuple[int, ...]) -> Cell:
        flat = at[0] if len(at) == 1 else at[0] * axes[1].taps + at[1]
        return Cell(position_symbol(KERNEL, at), colour_of(flat, matrix))

    window: dict[tuple[int, ...], int] = {}
    for flat in range(prod(matrix.kernel_shape)):
        at = matrix.kernel_position(flat)
        spot = tuple(
            axis.position.at({axis.letters.output: o, axis.letters.kernel: u})
            for axis, o, u in zip(axes, output, at, strict=True)
        )
        window[spot] = flat

    def input_cell(at: tuple[int, ...]) -> Cell:
        source = [axis.fold(t) for axis, t in zip(axes, at, strict=True)]
        formula: Formula = 0 if None in source else position_symbol(INPUT, source)
        return Cell(formula, colour_of(window[at], matrix) if at in window else None)

    def output_cell(at: tuple[int, ...]) -> Cell:
        return Cell(position_symbol("y", at), (-1, 0) if at == output else None)

    kernel = grid([range(axis.taps) for axis in axes], kernel_cell)
    signal = grid([axis.padded_range for axis in axes], input_cell)
    result = grid([range(axis.outputs) for axis in axes], output_cell)
    reversed_ = " The kernel lies reversed." if axes[0].flip else ""
    said = f"Equal colours are multiplied; output {position_words(output)}, the grey one, is the sum of these products.{reversed_}"
    return Picture((kernel, signal, result), ("star", "="), said)


def position_words(at: Sequence[int]) -> str:
    return str(at[0]) if len(at) == 1 else f"({', '.join(map(str, at))})"
