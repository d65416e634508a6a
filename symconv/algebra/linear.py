"""Exact sparse matrices whose entries are polynomials in the kernel entries.

An entry is a dictionary {monomial: coefficient}. A monomial is the sorted tuple of the numbers of its
kernel entries: () is 1, (2,) is k_2, (0, 2) is k_0 k_2. Coefficients are integers, fractions or other
exact ring elements. Zero is an absent entry, so two matrices are equal exactly when their rows are
equal as dictionaries.

>>> swap = numbers({(0, 1): 1, (1, 0): 1}, 2, 2)
>>> swap @ swap == identity(2)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from ..matrices import LabelledMatrix, unravel, weight_matrix
from ..readmap import Line, ReadMap, Table, labelled_rows

Monomial = tuple[int, ...]
Coefficient = Any
"""An int, a Fraction or another exact ring element with +, * and ==; never a float."""
Entry = dict[Monomial, Coefficient]
Rows = tuple[dict[int, Entry], ...]


@dataclass(frozen=True)
class Exact:
    """A matrix: its rows as {column: entry}, and its width."""

    rows: Rows
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), self.width

    @property
    def nonzeros(self) -> int:
        """How many entries are not zero."""
        return sum(map(len, self.rows))

    def __matmul__(self, other: Exact) -> Exact:
        """The product; it costs the number of pairs of non-zero entries that meet."""
        if self.width != len(other.rows):
            raise ValueError(f"{self.shape} does not fit {other.shape}")
        rows = []
        for row in self.rows:
            total: dict[int, Entry] = {}
            for middle, left in row.items():
                for column, right in other.rows[middle].items():
                    _add_product(total.setdefault(column, {}), left, right)
            rows.append({column: entry for column, entry in sorted(total.items()) if entry})
        return Exact(tuple(rows), other.width)

    def transpose(self) -> Exact:
        """Rows and columns exchanged."""
        rows: list[dict[int, Entry]] = [{} for _ in range(self.width)]
        for r, row in enumerate(self.rows):
            for column, entry in row.items():
                rows[column][r] = entry
        return Exact(tuple(rows), len(self.rows))

    def kron(self, other: Exact) -> Exact:
        """The Kronecker product: every entry of this matrix times all of the other."""
        return Exact(
            tuple(
                {
                    column * other.width + there: product(entry, factor)
                    for column, entry in row.items()
                    for there, factor in right.items()
                }
                for row in self.rows
                for right in other.rows
            ),
            self.width * other.width,
        )

    def relabelled(self, rename: Callable[[int], int]) -> Exact:
        """The same with other kernel entries in the place of these."""
        return Exact(
            tuple(
                {
                    column: {tuple(sorted(map(rename, monomial))): c for monomial, c in entry.items()}
                    for column, entry in row.items()
                }
                for row in self.rows
            ),
            self.width,
        )


@dataclass(frozen=True)
class PolynomialMatrix:
    """A sparse matrix of polynomials whose rows and columns are positions; what is unknown has a letter and a shape."""

    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    unknowns: tuple[tuple[str, tuple[int, ...]], ...]
    rows: tuple[Mapping[int, Entry], ...]

    @property
    def shape(self) -> tuple[int, int]:
        return prod(self.row_shape), prod(self.column_shape)

    def row_position(self, row: int) -> tuple[int, ...]:
        return unravel(row, self.row_shape)

    def column_position(self, column: int) -> tuple[int, ...]:
        return unravel(column, self.column_shape)


def product(left: Entry, right: Entry) -> Entry:
    """The product of two entries."""
    total: Entry = {}
    _add_product(total, left, right)
    return total


def _add_product(total: Entry, left: Entry, right: Entry) -> None:
    for one, a in left.items():
        for two, b in right.items():
            monomial = one + two if not (one and two) else tuple(sorted(one + two))
            value = total.get(monomial, 0) + a * b
            if value == 0:
                del total[monomial]
            else:
                total[monomial] = value


def numbers(cells: Mapping[tuple[int, int], Coefficient], height: int, width: int) -> Exact:
    """A matrix of numbers from {(row, column): number}."""
    rows: list[dict[int, Entry]] = [{} for _ in range(height)]
    for (row, column), value in sorted(cells.items()):
        if not 0 <= column < width:
            raise ValueError(f"column {column} of a matrix of width {width}")
        if value != 0:
            rows[row][column] = {(): value}
    return Exact(tuple(rows), width)


def identity(size: int) -> Exact:
    """The identity matrix."""
    return numbers({(n, n): 1 for n in range(size)}, size, size)


def of_line(line: Line, table: Table) -> Exact:
    """One axis of a weight matrix, from its inverse table; kernel entries by their labels along the line."""
    if not line.kernel_shape:
        rows = ({p: sum(line.weight(i, u) for u in taps) for p, taps in row.items()} for i, row in enumerate(table))
        return Exact(tuple({p: {(): total} for p, total in sorted(row.items()) if total} for row in rows), line.inputs)
    return Exact(
        tuple({p: _collected((label,) for label in labels) for p, labels in row} for row in labelled_rows(line, table)),
        line.inputs,
    )


def of_matrix(matrix: LabelledMatrix) -> Exact:
    """A flattened weight matrix."""
    rows = ({c: _collected((u,) for u in cell) for c, cell in sorted(row.items())} for row in matrix.rows)
    return Exact(tuple(rows), matrix.shape[1])


def weights(read_map: ReadMap) -> Exact:
    """The flattened W of a layer, from its inverse tables."""
    return of_matrix(weight_matrix(read_map))


def _collected(monomials: Iterable[Monomial]) -> Entry:
    entry: Entry = {}
    for monomial in monomials:
        entry[monomial] = entry.get(monomial, 0) + 1
    return entry


class Mismatch(NamedTuple):
    """The first entry in which two matrices differ."""

    row: int
    column: int
    left: Entry
    right: Entry


def difference(left: Exact, right: Exact) -> Mismatch | None:
    """The first entry in which two matrices of one shape differ, or None.

    >>> difference(identity(2), numbers({(0, 0): 1}, 2, 2))
    Mismatch(row=1, column=1, left={(): 1}, right={})
    """
    if left.shape != right.shape:
        raise ValueError(f"shapes differ: {left.shape} and {right.shape}")
    for r, (ours, theirs) in enumerate(zip(left.rows, right.rows, strict=True)):
        if ours != theirs:
            for column in sorted({*ours, *theirs}):
                here, there = ours.get(column, {}), theirs.get(column, {})
                if here != there:
                    return Mismatch(r, column, here, there)
    return None


def added(left: Exact, right: Exact) -> Exact:
    """The sum of two matrices of one shape."""
    rows = []
    for ours, theirs in zip(left.rows, right.rows, strict=True):
        total = {column: dict(entry) for column, entry in ours.items()}
        for column, entry in theirs.items():
            cell = total.setdefault(column, {})
            for monomial, c in entry.items():
                cell[monomial] = cell.get(monomial, 0) + c
        rows.append({column: kept for column, entry in sorted(total.items()) if (kept := _nonzero(entry))})
    return Exact(tuple(rows), left.width)


def _nonzero(entry: Entry) -> Entry:
    return {monomial: c for monomial, c in entry.items() if c}
