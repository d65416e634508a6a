"""Whole pictures by name: the window, W, both together, or both for every output in turn."""

from __future__ import annotations

from typing import Any

from ..errors import SpecError
from ..flattening import ROW_MAJOR, Order
from .limits import check_animation, check_matrix, check_window
from .matrix import WeightPicture
from .model import Picture, moved, replaced
from .window import window

KINDS = ("window", "matrix", "both", "animation")
APART = 26


def compose(layer: Any, what: str = "both", output: Any = None, order: Order = ROW_MAJOR, first: int = 0) -> Picture:
    """The picture of that name; for one output, the second along the last axis unless it is given."""
    if what not in KINDS:
        raise SpecError("what", what, "must be one of " + ", ".join(KINDS), 'what="both"')
    if output is not None and what in ("matrix", "animation"):
        rule = f"is for one output, and what={what!r} shows them all"
        raise SpecError("output", output, rule, 'what="both"')
    if what != "matrix":
        check_window(layer)
    if what != "window":
        check_matrix(layer)
    if what == "animation":
        check_animation(layer)
    if what == "matrix":
        return WeightPicture(layer, order).picture()
    chosen = pictured_output(layer.read_map) if output is None else output_named(layer, output, first)
    every = list(layer.definition.outputs()) if what == "animation" else [chosen]
    above = window(layer, every)
    return above if what == "window" else _both(layer, above, order)


def _both(layer: Any, above: Picture, order: Order) -> Picture:
    """The window over W, and in each scene the row of its output framed."""
    weights = WeightPicture(layer, order)
    below = weights.picture()
    width = max(above.width, below.width)
    right, left, down = (width - above.width) // 2, (width - below.width) // 2, above.height + APART
    scenes = []
    for scene in above.scenes:
        row = weights.matrix.row_number(scene.output)
        items = (*(moved(item, right, 0) for item in scene.items), moved(weights.frame(row), left, down))
        scenes.append(replaced(scene, items=items, description=f"{scene.description} {weights.row_words(row)}"))
    items = (*(moved(item, right, 0) for item in above.items), *(moved(item, left, down) for item in below.items))
    title = f"The window and its row of the weight matrix W, {weights.height}×{weights.width}"
    caption = f"{above.caption}\nThe row of the output in W is framed. {weights.caption(above.caption)}"
    description = f"{above.description} {below.description}"
    return Picture(width, down + below.height, items, tuple(scenes), title, caption, description)


def pictured_output(read_map: Any) -> tuple[int, ...]:
    """The output that a picture shows unless it is told: the second along the last index."""
    last = len(read_map.lines) - 1
    return tuple(min(1, line.outputs - 1) if n == last else 0 for n, line in enumerate(read_map.lines))


def output_named(layer: Any, output: Any, first: int = 0) -> tuple[int, ...]:
    """An output as its indices along the lines of the read map, from those or from (channel, *spatial).

    The given indices start at `first`, the result's at 0.
    """
    sizes = [line.outputs for line in layer.read_map.lines]
    at = (output,) if isinstance(output, int) else output
    example = f"output={tuple(size - 1 + first for size in sizes)}"
    if not isinstance(at, (tuple, list)) or not all(isinstance(n, int) and not isinstance(n, bool) for n in at):
        raise SpecError("output", output, "must be a position: integers, one for each index", example)
    if len(at) == len(sizes) + 1 and len(at) == len(layer.output_shape) and at[0] == first:
        at = at[1:]  # the one channel was written too
    if len(at) != len(sizes):
        raise SpecError("output", output, f"needs {len(sizes)} ind{'ex' if len(sizes) == 1 else 'ices'}", example)
    for n, (index, size) in enumerate(zip(at, sizes, strict=True)):
        if not first <= index < size + first:
            raise SpecError("output", output, f"index {n} runs from {first} to {size - 1 + first}", example)
    return tuple(index - first for index in at)
