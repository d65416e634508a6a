"""How large a picture may be: what is refused, before anything of that size is built."""

from __future__ import annotations

from math import prod
from typing import Any

from ..errors import TooLarge, Unsupported

READABLE = 40  # columns whose cells have text in them
CELLS = 4_000  # of kernel, padded input and output
SIDE = 512  # rows, and columns, of W
READS = 50_000  # kernel entries over all outputs of W
MOVES = 12_000  # and of an animation


def check_window(layer: Any) -> None:
    """Refuse a window that is too large to draw, or has too many axes."""
    channels, axes = layer.read_map.channels, layer.read_map.axes
    if len(axes) > 3:
        raise Unsupported(
            f"a window is drawn on up to 3 axes, and {layer!r} has {len(axes)}; its W can be drawn: what='matrix'"
        )
    sizes = [
        ("the padded input", channels.inputs * prod(max(len(axis.padded_range), axis.inputs) for axis in axes)),
        ("the kernel", channels.taps * prod(axis.taps for axis in axes)),
        ("the output", prod(layer.output_shape)),
    ]
    for name, size in sizes:
        if size > CELLS:
            raise TooLarge(
                f"{name} of {layer!r} has {size:,} cells, and a picture shows at most {CELLS:,} of each; "
                "draw a smaller layer of the same kind"
            )


def check_matrix(layer: Any) -> None:
    """Refuse a W that is too large to draw."""
    rows, columns = prod(layer.output_shape), prod(layer.input_shape)
    if max(rows, columns) > SIDE:
        raise TooLarge(
            f"W of {layer!r} is {rows:,} x {columns:,}, and a picture shows at most {SIDE} rows and columns; draw a "
            "smaller layer of the same kind, or let `symconv prove` write W in blocks"
        )
    _check_reads(layer, READS, "its W")


def check_animation(layer: Any) -> None:
    """Refuse an animation that is too long."""
    _check_reads(layer, MOVES, "an animation")


def _check_reads(layer: Any, most: int, what: str) -> None:
    read_map = layer.read_map
    reads = prod(layer.output_shape) * prod(line.taps for line in read_map.lines)
    if reads > most:
        raise TooLarge(
            f"the {prod(layer.output_shape):,} outputs of {layer!r} read {reads:,} inputs together, and {what} shows at "
            f"most {most:,}; draw a smaller layer of the same kind, or one output of it: what='window'"
        )
