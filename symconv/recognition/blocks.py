"""A matrix along one axis, and what contradicts that it is a one-dimensional convolution there.

Cut W by what one axis says of its rows and columns: the block of (o, i) is what W holds where the output is o
and the input is i along that axis. Along it W is a convolution when there are blocks K_u, one for each tap,
such that the block of (o, i) is the sum of the K_u with u a tap in which o reads i.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from ..algebra.systems import Combination, Solved, add, solve
from ..definition import strides
from ..entries import Entries
from ..readmap import Axis, inverse_table

Place = tuple[int, int]
"""An output and an input: along one axis a cell, in all of W a row and a column."""


class Contradiction(NamedTuple):
    """What one axis cannot be: the sentence, and the entries of W that say so."""

    reason: str
    entries: tuple[Place, ...]


class Pattern:
    """One axis as equations: each cell with the taps that meet there; the solution for any blocks."""

    def __init__(self, axis: Axis) -> None:
        self.cells: dict[Place, tuple[int, ...]] = {
            (o, i): taps for o, row in enumerate(inverse_table(axis)) for i, taps in sorted(row.items())
        }
        self.first: dict[tuple[int, ...], Place] = {}
        # The cells with the fewest taps first: a tap that stands alone somewhere is then that entry of W itself.
        for cell, taps in sorted(self.cells.items(), key=lambda each: len(each[1])):
            self.first.setdefault(taps, cell)
        self.taps = axis.taps

    @cached_property
    def solved(self) -> Solved:
        return solve({cell: dict.fromkeys(taps, 1) for taps, cell in self.first.items()}, self.taps)


@dataclass(frozen=True)
class Blocks:
    """The blocks along one axis. Equal blocks have the same number, and 0 is the zero block."""

    entries: Entries
    number: int
    steps: Place
    cells: dict[Place, int]
    content: list[dict[Place, int]]

    @classmethod
    def of(cls, entries: Entries, number: int, outputs: tuple[int, ...], inputs: tuple[int, ...]) -> Blocks:
        """Along spatial axis `number`, for shapes (channels, *spatial)."""
        down, across = strides(outputs)[number + 1], strides(inputs)[number + 1]
        found: dict[Place, dict[Place, int]] = {}
        for row, line in enumerate(entries.rows):
            o = row // down % outputs[number + 1]
            for column, entry in line.items():
                i = column // across % inputs[number + 1]
                found.setdefault((o, i), {})[row - o * down, column - i * across] = entry
        cells: dict[Place, int] = {}
        content: list[dict[Place, int]] = [{}]
        known: dict[frozenset[Any], int] = {}
        for cell, block in sorted(found.items()):
            cells[cell] = known.setdefault(frozenset(block.items()), len(content))
            if cells[cell] == len(content):
                content.append(block)
        return cls(entries, number, (down, across), cells, content)

    def contradiction(self, axis: Axis) -> Contradiction | None:
        """What in W contradicts that it is a convolution with this axis; None if nothing does."""
        for cell in self.cells:
            if not _reads(axis, *cell):
                place = self._place(cell, next(iter(self._block(cell))))
                along = f"along axis {self.number}, output {cell[0]} does not read input {cell[1]}"
                return Contradiction(f"{self._entry(place)} lies outside every window: {along}", (place,))
        pattern = Pattern(axis)
        for cell, taps in pattern.cells.items():
            first = pattern.first[taps]
            if self.cells.get(cell, 0) != self.cells.get(first, 0):
                return self._unequal(first, cell, taps)
        for taps, cell in pattern.first.items():
            if len(taps) > 1:
                made = pattern.solved.values[cell]
                wrong = None if cell in made else self._not_the_sum(cell, made, taps)
                if wrong:
                    return wrong
        return None

    def _unequal(self, first: Place, cell: Place, taps: tuple[int, ...]) -> Contradiction:
        one, other = self._block(first), self._block(cell)
        rest = min(rest for rest in {*one, *other} if one.get(rest, 0) != other.get(rest, 0))
        places = self._place(first, rest), self._place(cell, rest)
        return Contradiction(
            f"{self._entry(places[0])} and {self._entry(places[1])} would be equal: {self._taps(taps)} in both", places
        )

    def _not_the_sum(self, cell: Place, made: Combination, taps: tuple[int, ...]) -> Contradiction | None:
        """Where the block of a cell is not the combination of other cells' that it has to be."""
        for rest in sorted({rest for each in (cell, *made) for rest in self._block(each)}):
            total: Combination = {}
            for other, factor in made.items():
                add(total, self._vector(other, rest), factor)
            if total != self._vector(cell, rest):
                places = tuple(self._place(each, rest) for each in (cell, *made))
                parts = " + ".join(
                    f"W[{row}, {column}]" if factor == 1 else f"({factor}) W[{row}, {column}]"
                    for (row, column), factor in zip(places[1:], made.values(), strict=True)
                )
                value = self.entries.value(total)
                why = f"{self._taps(taps)} there"
                return Contradiction(f"{self._entry(places[0])} would be {parts} = {value}: {why}", places)
        return None

    def _block(self, cell: Place) -> dict[Place, int]:
        return self.content[self.cells.get(cell, 0)]

    def _vector(self, cell: Place, rest: Place) -> dict[Any, Fraction]:
        return self.entries.vector(self._block(cell).get(rest, 0))

    def _place(self, cell: Place, rest: Place) -> Place:
        return cell[0] * self.steps[0] + rest[0], cell[1] * self.steps[1] + rest[1]

    def _entry(self, place: Place) -> str:
        return f"W[{place[0]}, {place[1]}] = {self.entries[place]}"

    def _taps(self, taps: tuple[int, ...]) -> str:
        if len(taps) == 1:
            return f"tap {taps[0]} of axis {self.number}"
        return f"the sum of taps {', '.join(map(str, taps[:-1]))} and {taps[-1]} of axis {self.number}"


def _reads(axis: Axis, output: int, input: int) -> bool:
    """Whether any tap of the output reads the input: what a search asks first, before any table is built."""
    for t in axis.copies(input):
        tap, gap = divmod(t + axis.low - axis.stride * output, axis.dilation)
        if not gap and 0 <= tap < axis.taps:
            return True
    return False
