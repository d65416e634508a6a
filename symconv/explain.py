"""One sentence about one entry of W: which kernel entries meet there, or why it is zero."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from typing import Any

from .definition import strides
from .errors import SpecError
from .matrices import unravel
from .readmap import Axis, with_quotients
from .spec import as_integer, per_axis
from .symbols import name as symbol_name


def explain(layer: Any, output: int | Sequence[int], input: int | Sequence[int]) -> str:
    """The sentence for an output and an input: positions (channel, *spatial), or the row and the column of W."""
    at = _position("output", output, layer.output_shape)
    source = _position("input", input, layer.input_shape)
    row, column = _flat(at, layer.output_shape), _flat(source, layer.input_shape)
    entry = f"W[{row}, {column}]"
    why = _zero_reason(layer, at, source)
    if why is not None:
        return f"{entry} is 0: {why}."
    read_map = layer.read_map
    along = list(zip(at, source, strict=True))[0 if read_map.shows_channels else 1 :]
    if not read_map.axes and not read_map.kernel:
        along = [(row, column)]  # positions that are not numbered axis by axis
    met = [(line, o, line.meets(p)[o]) for line, (o, p) in zip(read_map.lines, along, strict=True)]
    if layer.kernel_shape is None:
        number = prod(sum(line.weight(o, tap) for tap in taps) for line, o, taps in met)
        return f"{entry} is {number}: that is how much of input {source} output {at} takes."
    kernel = [prod(line.kernel_shape) for line, _, _ in met]
    entries = [0]
    for (line, o, taps), step in zip(met, strides(kernel), strict=True):
        entries = [before + line.label(o, tap) * step for before in entries for tap in taps]
    shown = 0 if read_map.shows_channels else 2
    names = [symbol_name("k", unravel(tap, layer.kernel_shape)[shown:]) for tap in sorted(entries)]
    if len(names) == 1:
        return f"{entry} is {names[0]}: it lies on input {source} when output {at} is computed."
    mode = getattr(layer, "padding_mode", "")
    return (
        f"{entry} is {' + '.join(names)}: output {at} reads input {source} "
        f"{len(names)} times, since {mode} padding repeats it."
    )


def _flat(position: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return sum(index * step for index, step in zip(position, strides(shape), strict=True))


def _position(name: str, value: int | Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    example = f"{name}={tuple(size - 1 for size in shape)}"
    number, line = as_integer(value), "row" if name == "output" else "column"
    if number is not None:
        if not 0 <= number < prod(shape):
            raise SpecError(name, value, f"must be a {line} of W, 0 to {prod(shape) - 1}", f"{name}={prod(shape) - 1}")
        return unravel(number, shape)
    try:
        position = per_axis(name, tuple(value), len(shape), -sys.maxsize)  # type: ignore[arg-type]
    except (SpecError, TypeError):
        entries = "1 entry" if len(shape) == 1 else f"{len(shape)} entries"
        rule = f"must be a position with {entries} within the shape {shape}, or the number of a {line} of W"
        raise SpecError(name, value, rule, example) from None
    if any(not 0 <= index < size for index, size in zip(position, shape, strict=True)):
        raise SpecError(name, value, f"must lie within the shape {shape}, counting from 0", example)
    return position


def _zero_reason(layer: Any, output: tuple[int, ...], source: tuple[int, ...]) -> str | None:
    """Why no kernel entry meets there: another group, or the first axis along which the window misses the input."""
    read_map = layer.read_map
    if not read_map.axes and not read_map.kernel:
        o, p = _flat(output, layer.output_shape), _flat(source, layer.input_shape)
        takes = read_map.channels.position.at(
            with_quotients(
                {read_map.channels.letters.output: o, read_map.channels.letters.kernel: 0}, read_map.channels.position
            )
        )
        return None if takes == p else f"output {output} takes input {unravel(takes or 0, layer.input_shape)}"
    if output[0] not in read_map.channels.meets(source[0]):
        members = read_map.channels.outputs // read_map.channels.groups
        if not read_map.kernel:
            return f"output channel {output[0]} reads input channel {output[0]} only"
        return (
            f"input channel {source[0]} belongs to group {source[0] // read_map.channels.taps} "
            f"and output channel {output[0]} to group {output[0] // members}"
        )
    for number, (axis, o, p) in enumerate(zip(read_map.axes, output[1:], source[1:], strict=True)):
        if o not in axis.meets(p):
            along = f"along axis {number}, " if len(read_map.axes) > 1 else ""
            return along + _miss(axis, o, p)
    return None


def _miss(axis: Axis, output: int, source: int) -> str:
    """How the window of an output misses an input along one axis."""
    letters = axis.letters
    every = ({letters.output: output, letters.kernel: tap} for tap in range(axis.taps) if axis.coefficient(output, tap))
    reads = sorted(axis.position.at(with_quotients(env, axis.position)) or 0 for env in every)
    held = axis.copies(source)
    window = f"output {output} reads " + (
        f"position {reads[0]}" if len(reads) == 1 else f"positions {reads[0]} to {reads[-1]}" + (f" in steps of {axis.dilation}" if axis.dilation > 1 else "")
    )  # fmt: skip
    padded = " of the padded input" if axis.mode is not None else ""
    if not held:
        return f"input {source} is cut off by the negative padding"
    lies = f"input {source} lies at {_listed(held)}" if axis.mode is not None else f"input {source}"
    inside = [t for t in held if reads[0] < t < reads[-1]]
    if inside:
        at = "" if axis.mode is None else f" lies at {_listed(inside)},"
        return f"{window}{padded}, and input {source}{at or ' falls'} between two entries of the dilated kernel"
    extra = (
        " (its whole window lies on the padding)"
        if axis.scale == 1 and all(axis.fold(t) is None for t in reads)
        else ""
    )
    return f"{window}{padded}{extra}, and {lies}" + (
        " lies outside the window" if axis.mode is None else ", outside the window"
    )


def _listed(items: Sequence[int]) -> str:
    return str(items[0]) if len(items) == 1 else ", ".join(map(str, items[:-1])) + f" and {items[-1]}"
