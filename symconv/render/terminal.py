"""W in a terminal: letters in colour where the terminal can, plain where it cannot."""

from __future__ import annotations

import os
from math import prod
from typing import IO, Any

from ..documents.blocks import Matrix
from ..errors import TooLarge
from ..pictures.colours import colour, ink
from .formula import TIE
from .text import matrix

CELLS = 20_000


def wants_colour(stream: IO[str]) -> bool:
    """Colour for a terminal that can show it, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def show(
    layer: Any, width: int, coloured: bool, limit: int = CELLS, order: str = "row-major", first_index: int = 0
) -> str:
    """W as text no wider than `width`; refused when it has more than `limit` cells."""
    from ..documents.weights import weight_grid
    from ..matrices import matrix_of, order_of

    rows, columns = prod(layer.output_shape), prod(layer.input_shape)
    if rows * columns > limit:
        raise TooLarge(
            f"W is {rows:,} x {columns:,}, {rows * columns:,} cells, and show prints at most {limit:,}; "
            f"use a smaller layer, or --limit {rows * columns}"
        )
    grid = weight_grid(matrix_of(layer.read_map, order_of(layer.read_map, order)))
    if first_index:
        from ..documents.first_index import moved

        grid = moved(grid)
    paint = _painter(grid) if coloured else None
    said = "" if order == "row-major" else f", {order}"
    return f"W of {layer!r}: {rows} x {columns}{said}\n\n{matrix(grid, width, paint)}\n".replace(TIE, " ")


def _painter(grid: Matrix) -> Any:
    marks = {cell.short: cell.colour for cell in grid.cells.values()}

    def paint(short: str, padded: str) -> str:
        fill = colour(marks.get(short))
        if fill is None:
            return padded
        back, front = (";".join(str(int(each[n : n + 2], 16)) for n in (0, 2, 4)) for each in (fill, ink(fill)))
        return f"\033[48;2;{back}m\033[38;2;{front}m{padded}\033[0m"

    return paint
