"""The weight matrix, coloured by kernel entry: a row for each output, a column for each input.

It is built from the inverse, from each input to the kernel entries that meet there; `window` runs
forward, so that where the two stand in one picture both routes can be compared by eye.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any

from ..flattening import ROW_MAJOR, Order, by_speed
from ..formula import Chain, Formula, Sym, position_symbol
from ..matrices import NumberMatrix, matrix_of
from ..sums import INPUT, KERNEL
from .colours import SUM_MARK, Mark, entry_mark, entry_meaning, number_marks, number_meaning
from .limits import READABLE
from .model import CELL, LINE, NOTE, SMALL, TEXT, Cell, Frame, Item, Label, Line, Picture, extent, in_order, said
from .window import numbers, whole

TERMS = 4  # a sum of up to so many kernel entries is written out in its cell
LISTED = 60  # entries that a description lists


class WeightPicture:
    """W as cells, and where its rows are."""

    def __init__(self, layer: Any, order: Order = ROW_MAJOR) -> None:
        read_map = layer.read_map
        self.matrix = matrix_of(read_map, order)
        self.marks = number_marks(numbers(read_map)) if isinstance(self.matrix, NumberMatrix) else {}
        self.rows: list[Mapping[int, Any]] = list(self.matrix.rows)
        self.height, self.width = self.matrix.shape
        self.readable = self.width <= READABLE
        self.sums = self._sums()
        self.row_names = [position_symbol("y", self.matrix.row_position(n)) for n in range(self.height)]
        self.column_names = [position_symbol(INPUT, self.matrix.column_position(n)) for n in range(self.width)]
        self.left = max(extent(name, NOTE) for name in self.row_names) + 8
        self.top = 20
        self.cell_width, heights = self._cell_sizes()
        self.edges = list(accumulate(heights, initial=self.top))

    def _sums(self) -> dict[tuple[int, ...], Formula]:
        """The sums that are too long for a cell, and the names that they get."""
        if isinstance(self.matrix, NumberMatrix) or not self.readable:
            return {}
        long = dict.fromkeys(entry for row in self.rows for entry in row.values() if len(entry) > TERMS)
        return {entry: Sym("s", (n,)) for n, entry in enumerate(long, 1)}

    def _cell_sizes(self) -> tuple[int, list[int]]:
        """The width of every cell, and the height of each row."""
        if not self.readable:
            return SMALL, [SMALL] * self.height
        values = dict.fromkeys(value for row in self.rows for value in row.values())
        lines = [line for value in values for line in self._lines(value)]
        tallest = [max((len(self._lines(value)) for value in row.values()), default=1) for row in self.rows]
        widths = [extent(line, TEXT) + 6 for line in lines] + [extent(name, NOTE) + 4 for name in self.column_names]
        return max(CELL - 4, *widths), [max(CELL - 4, lines * (LINE + 2)) for lines in tallest]

    def _lines(self, value: Any) -> tuple[Formula, ...]:
        """What stands in a cell: a number, a kernel entry, a sum of some, or the name of a longer sum."""
        if isinstance(self.matrix, NumberMatrix):
            return (whole(value),)
        if value in self.sums:
            return (self.sums[value],)
        symbols = [position_symbol(KERNEL, self.matrix.kernel_position(entry)) for entry in value]
        return (symbols[0], *(Chain("+", ("", symbol)) for symbol in symbols[1:]))

    def _colours(self, value: Any) -> tuple[Mark, ...]:
        if isinstance(self.matrix, NumberMatrix):
            return (self.marks[whole(value)],)
        if value in self.sums:
            return (SUM_MARK,)
        return tuple(entry_mark(entry, self.matrix) for entry in value)

    def spot(self, row: int, column: int) -> tuple[int, int]:
        """The upper left corner of a cell."""
        return self.left + column * self.cell_width, self.edges[row]

    def frame(self, row: int) -> Frame:
        """A frame around a row."""
        return Frame(*self.spot(row, 0), self.width * self.cell_width, self._height(row), "row")

    def _height(self, row: int) -> int:
        return self.edges[row + 1] - self.edges[row]

    def picture(self) -> Picture:
        """W with its labels, its rules between blocks, and its sums explained."""
        items: list[Item] = [*self.cells(), *self.labels(), *self._rules()]
        right, bottom = self.left + self.width * self.cell_width, self.edges[-1]
        items.append(Frame(self.left, self.top, right - self.left, bottom - self.top, "edge"))
        title = f"The weight matrix W, {self.height}×{self.width}"
        return Picture(right + 1, bottom + 1, in_order(items), (), title, self.caption(), self._description())

    def cells(self) -> list[Cell]:
        """Its entries, row by row; zeros too, where there is room for text."""
        found = []
        for r, row in enumerate(self.rows):
            size = self.cell_width, self._height(r)
            for c in sorted({*row, *(range(self.width) if self.readable else ())}):
                if c not in row:
                    found.append(Cell("matrix", (r, c), *self.spot(r, c), *size, ("·",), kind="zero"))
                    continue
                lines = self._lines(row[c]) if self.readable else ()
                entries = () if isinstance(self.matrix, NumberMatrix) else row[c]
                found.append(
                    Cell("matrix", (r, c), *self.spot(r, c), *size, lines, self._colours(row[c]), entries=entries)
                )
        return found

    def labels(self) -> list[Item]:
        """The output of each row and the input of each column; of some, where the cells are small."""
        high = _every(
            by_speed(self.matrix.row_shape, self.matrix.order), -(-NOTE // min(map(self._height, range(self.height))))
        )
        widest = max(extent(name, NOTE) for name in self.column_names) + 6
        wide = _every(by_speed(self.matrix.column_shape, self.matrix.order), -(-widest // self.cell_width))
        found: list[Item] = []
        for n in range(0, self.height, high):
            found.append(Label(self.left - 5, (self.edges[n] + self.edges[n + 1]) // 2, self.row_names[n], NOTE, "end"))
        for n in range(0, self.width, wide):
            if wide == 1:
                found.append(Label(self.spot(0, n)[0] + self.cell_width // 2, self.top - 9, self.column_names[n]))
            elif self.spot(0, n)[0] + widest <= self.left + self.width * self.cell_width or n == 0:
                found.append(Label(self.spot(0, n)[0], self.top - 9, self.column_names[n], NOTE, "start"))
        return found

    def _rules(self) -> list[Item]:
        """Between the blocks that belong to one value of the leading indices."""
        down, across = self.edges[-1] - self.top, self.width * self.cell_width
        rows, columns = self.matrix.row_block, self.matrix.column_block
        found: list[Item] = [
            Line(self.left, self.spot(n, 0)[1], across, 0) for n in range(rows, self.height, rows or 1) if rows > 1
        ]
        return found + [
            Line(self.spot(0, n)[0], self.top, 0, down) for n in range(columns, self.width, columns or 1) if columns > 1
        ]

    # Words.

    def caption(self, before: str = "") -> str:
        """How to read it, and what its colours mean unless that was said before."""
        meaning = number_meaning(self.marks) if isinstance(self.matrix, NumberMatrix) else entry_meaning(self.matrix)
        colours = meaning not in before
        zero = "a dot is zero" if self.readable else "an empty place is zero"
        said_ = f"W has a row for each output and a column for each input; {zero}" + f", {meaning}" * colours
        if not isinstance(self.matrix, NumberMatrix):
            several = {value for row in self.rows for value in row.values() if len(value) > 1}
            if several - set(self.sums):
                said_ += "; an entry of several colours is the sum of those kernel entries"
            if self.sums:
                said_ += "; a grey one is a longer sum"
        listed = [f"{said(name)} = {self._sum(entry)}" for entry, name in self.sums.items()]
        return f"{said_}." + (f"\n{', '.join(listed)}" if listed else "")

    def _sum(self, value: Any) -> str:
        if isinstance(self.matrix, NumberMatrix):
            return str(value)
        return " + ".join(said(position_symbol(KERNEL, self.matrix.kernel_position(entry))) for entry in value)

    def _description(self) -> str:
        total = sum(map(len, self.rows))
        said_ = f"W has {self.height} rows and {self.width} columns; {total:,} of its {prod(self.matrix.shape):,} entries are not zero."
        if total > LISTED:
            return said_
        return said_ + " " + " ".join(self.row_words(n) for n in range(self.height))

    def row_words(self, row: int) -> str:
        """One row in words."""
        entries = [f"{self._sum(value)} at {said(self.column_names[c])}" for c, value in sorted(self.rows[row].items())]
        return f"Row {said(self.row_names[row])}: {', '.join(entries[:LISTED]) or 'all zero'}."


def _every(shape: Sequence[int], least: int) -> int:
    """How far apart the labels are: whole blocks of indices, where a label for each does not fit."""
    if least <= 1:
        return 1
    block = 1
    for size in reversed(shape):
        if block >= least:
            return block
        block *= size
    return block if block >= least else least
