"""Patterns of a matrix: Toeplitz, circulant, banded, symmetric; each decided, with a witness where it fails.

A matrix is its rows, each {column: entry}, an absent entry being zero. The entries are only compared,
so the table of one axis and the flattened weight matrix are the same to these functions.

References
----------
G. H. Golub and C. F. Van Loan, "Matrix Computations", sections 4.7 (Toeplitz) and 4.8 (circulant).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..claims import Refuted, expect
from ..readmap import Axis, Table

Rows = Sequence[Mapping[int, tuple[int, ...]]]
Place = tuple[int, int]
"""A row and a column."""


@dataclass(frozen=True)
class Property:
    """A matrix has a property, or has not: W itself, or what these axes contribute to it.

    The witnesses are the places where it fails (or, for a band, where its outermost diagonals are met),
    `values` the kernel entries that stand there. Without witnesses a property fails by the shape.
    """

    name: str
    holds: bool
    axes: tuple[int, ...] = ()
    witnesses: tuple[Place, ...] = ()
    values: tuple[tuple[int, ...], ...] = ()
    band: tuple[int, ...] = ()  # the lowest and the highest diagonal c - r that is not zero


# Deciding -----------------------------------------------------------------------------------------


def decide(name: str, rows: Rows, width: int, axes: tuple[int, ...] = ()) -> Property:
    """Whether a matrix has a property, with the witness where it has not."""
    height = len(rows)
    if name == "banded":
        at = outer_diagonals(rows)
        corners = (height - 1, 0), (0, width - 1)
        holds = any(corner[1] not in rows[corner[0]] for corner in corners)
        places = at if holds else corners
        band = tuple(column - row for row, column in at)
        return Property(name, holds, axes, places, _at(rows, places), band)
    if name != "toeplitz" and height != width:
        return Property(name, False, axes)
    found = broken_mirror(rows) if name == "symmetric" else broken_diagonal(rows, width, name == "circulant")
    return Property(name, found is None, axes, found or (), _at(rows, found or ()))


def _at(rows: Rows, places: tuple[Place, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(rows[row].get(column, ()) for row, column in places)


def broken_diagonal(rows: Rows, width: int, around: bool = False) -> tuple[Place, Place] | None:
    """The first two neighbours on a diagonal whose entries differ, or None: then the matrix is Toeplitz.

    With `around`, row and column are counted around the end: None then says that it is circulant.

    >>> broken_diagonal([{0: (0,)}, {1: (0,)}], 3) is None
    True
    >>> broken_diagonal([{0: (0,)}, {1: (1,)}], 3)
    ((0, 0), (1, 1))
    """
    height = len(rows)
    for row in range(height if around else height - 1):
        below = (row + 1) % height
        if around:
            moved = {(column + 1) % width: entry for column, entry in rows[row].items()}
            there = dict(rows[below])
        else:
            moved = {column + 1: entry for column, entry in rows[row].items() if column + 1 < width}
            there = {column: entry for column, entry in rows[below].items() if column > 0}
        if moved != there:
            column = min(c for c in {*moved, *there} if moved.get(c) != there.get(c))
            return (row, (column - 1) % width), (below, column)
    return None


def broken_mirror(rows: Rows) -> tuple[Place, Place] | None:
    """The first entry of a square matrix that is not the one mirrored at the main diagonal, and that one."""
    for row, cells in enumerate(rows):
        for column, entry in sorted(cells.items()):
            if rows[column].get(row) != entry:
                return (row, column), (column, row)
    return None


def outer_diagonals(rows: Rows) -> tuple[Place, Place]:
    """Where the lowest and the highest diagonal that holds a non-zero entry do so first: c - r is extreme there."""
    places = [(row, column) for row, cells in enumerate(rows) for column in cells]
    return min(places, key=lambda at: (at[1] - at[0], at)), min(places, key=lambda at: (at[0] - at[1], at))


def axis_pattern(axis: Axis, table: Table) -> tuple[str, int]:
    """What one axis' table is: circulant, toeplitz, shift (by the step given), single (one output), or irregular."""
    outputs, inputs = len(table), axis.inputs
    if outputs == 1:
        return "single", 0
    if outputs == inputs and broken_diagonal(table, inputs, around=True) is None:
        return "circulant", 1
    if broken_diagonal(table, inputs) is None:
        return "toeplitz", 1
    step = 0 if axis.stride % axis.scale else axis.stride // axis.scale
    if step and all(_shifted(row, after, step, inputs) for row, after in pairwise(table)):
        return "shift", step
    return "irregular", 0


def _shifted(row: Mapping[int, Any], after: Mapping[int, Any], step: int, inputs: int) -> bool:
    moved = {p + step: taps for p, taps in row.items() if p + step < inputs}
    return moved == {p: taps for p, taps in after.items() if p >= step}


# Checking, not by the search that decided ---------------------------------------------------------


def check(claim: Property, cells: Mapping[Place, tuple[int, ...]], shape: Place) -> int:
    """The claim, on the entries: not by the search that found it."""
    height, width = shape
    for place, value in zip(claim.witnesses, claim.values, strict=True):
        inside = place[0] in range(height) and place[1] in range(width)
        expect(inside, True, "a witness lies outside of the matrix")
        expect(value, cells.get(place, ()), "another entry stands at a witness")
    if claim.name == "banded":
        return _check_band(claim, cells, shape)
    if claim.holds:
        if claim.name == "symmetric":
            expect(height, width, "it is not square")
            expect({(c, r): entry for (r, c), entry in cells.items()}, cells, "the mirrored matrix is another")
            return len(cells)
        return _check_diagonals(cells, shape, claim.name == "circulant")
    if not claim.witnesses:
        expect(claim.name in ("circulant", "symmetric") and height != width, True, "its shape does not exclude it")
        return 1
    (r, c), other = claim.witnesses
    if claim.name == "symmetric":
        together = (c, r)
    elif claim.name == "circulant":
        expect(height, width, "its shape excludes it, not its entries")
        together = (r + 1) % height, (c + 1) % width
    else:
        together = r + 1, c + 1
    expect(other, together, "the witnesses need not be equal")
    expect(claim.values[0] != claim.values[1], True, "the witnesses are equal")
    return 2


def _check_band(claim: Property, cells: Mapping[Place, tuple[int, ...]], shape: Place) -> int:
    """The non-zero diagonals run just from the lowest to the highest said, and these leave a corner out, or not."""
    height, width = shape
    found = [c - r for r, c in cells]
    expect(claim.band, (min(found), max(found)), "the outermost diagonals that are not zero are others")
    expect(claim.holds, claim.band != (1 - height, width - 1), "the band is narrower than the matrix, or is not")
    expect(tuple(c - r for r, c in claim.witnesses), claim.band, "a witness is not on the outermost diagonal")
    expect(() in claim.values, False, "a witness is zero")
    return len(cells)


def _check_diagonals(cells: Mapping[Place, tuple[int, ...]], shape: Place, around: bool) -> int:
    """On every diagonal that is not zero the entries are one and the same, and there are as many as it is long."""
    height, width = shape
    if around:
        expect(height, width, "it is not square")
    entry: dict[int, tuple[int, ...]] = {}
    count: dict[int, int] = {}
    for (r, c), value in cells.items():
        diagonal = (c - r) % height if around else c - r
        if entry.setdefault(diagonal, value) != value:
            raise Refuted("a diagonal has different entries", r, c, list(value), list(entry[diagonal]))
        count[diagonal] = count.get(diagonal, 0) + 1
    for diagonal, times_ in count.items():
        length = height if around else min(height, width - diagonal) - max(0, -diagonal)
        expect(times_, length, f"diagonal {diagonal} has zeros and others")
    return len(cells)
