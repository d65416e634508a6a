"""Rows of W as NumPy arrays, from the inverse tables of its lines.

Rows are a product: each row of the first line with all rows of the lines inside it. Outputs whose rows have one
pattern, the same entries in the same places behind the first, differ by what is added to columns and kernel
numbers. They are worked out once, as a `Run`, whatever the size: in the interior of an image all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Any

from .errors import TooLarge
from .readmap import LabelledRows, Line, Table

PATTERNS = 4
"""How many patterns are kept: a stride can make them take turns, and each is as large as the rows it stands for."""


@dataclass(frozen=True)
class Rows:
    """Consecutive rows: how many kernel entries each has, and for every one its column and its number.

    Columns ascend along a row; where several kernel entries meet in one cell its column is repeated.
    """

    counts: Any
    columns: Any
    kernel: Any
    repeats: tuple[tuple[slice, int], ...] = ()
    """Consecutive parts of `kernel`, each the same so many times over; () where nothing is known of it."""

    @cached_property
    def starts(self) -> Any:
        """Where each row begins."""
        import numpy as np

        return np.cumsum(self.counts) - self.counts

    @cached_property
    def numbers(self) -> Any:
        """The row that each entry stands in."""
        import numpy as np

        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def cells(self) -> Any:
        """Where the kernel entries of each cell begin; None where every cell has one."""
        import numpy as np

        new = np.ones(len(self.columns), bool)
        np.not_equal(self.columns[1:], self.columns[:-1], out=new[1:])
        new[self.starts[self.counts > 0]] = True
        return None if new.all() else np.flatnonzero(new)

    @property
    def cell_counts(self) -> Any:
        """How many cells each row has."""
        import numpy as np

        if self.cells is None:
            return self.counts
        return np.bincount(self.numbers[self.cells], minlength=len(self.counts))


Factor = tuple[Rows, int]
"""The rows of one line, with kernel entries numbered as in the whole kernel; and how many inputs it has."""


@dataclass(frozen=True)
class Run:
    """The same rows several times over, each time with something added to all columns and all kernel numbers."""

    rows: Rows
    columns: Any
    kernel: Any


def filled(factors: Sequence[Factor], flat: Any) -> tuple[Any, Any, Any]:
    """Canonical CSR arrays (data, columns, indptr) of W for a flat kernel; structural zeros are kept."""
    import numpy as np

    nonzeros = prod(len(rows.columns) if rows.cells is None else len(rows.cells) for rows, _ in factors)
    index = index_type(nonzeros, prod(inputs for _, inputs in factors))
    sizes = nonzeros, nonzeros, prod(len(rows.counts) for rows, _ in factors) + 1
    data, columns, indptr = allocated(sizes, (flat.dtype, np.dtype(index), np.dtype(index)))
    indptr[0] = 0
    end, row = 0, 1
    for run in runs(factors, index):
        rows, cells, times = run.rows, run.rows.cells, len(run.columns)
        found, ends = rows.columns if cells is None else rows.columns[cells], np.cumsum(rows.cell_counts)
        size = len(found)
        begin, end = end, end + times * size
        np.add(found, run.columns[:, None], out=columns[begin:end].reshape(times, size))
        values = data[begin:end].reshape(times, size)
        numbers = run.kernel.tolist()
        same = times > 1 and numbers.count(numbers[0]) == times
        for number, place in zip(numbers, values[:1] if same else values, strict=False):
            if cells is None:
                taken(flat[number:], rows, place)
            elif size:
                np.add.reduceat(flat[number:][rows.kernel], cells, out=place)
        if same:
            values[1:] = values[0]
        offsets = np.arange(begin, max(end, begin + 1), max(size, 1))
        np.add(ends, offsets[:, None], out=indptr[row : row + times * len(ends)].reshape(times, len(ends)))
        row += times * len(ends)
    return data, columns, indptr


def allocated(sizes: tuple[int, ...], kinds: tuple[Any, ...]) -> list[Any]:
    """Arrays of those sizes, or `TooLarge` with the bytes that they need: said before anything is worked out."""
    import numpy as np

    needed = sum(size * kind.itemsize for size, kind in zip(sizes, kinds, strict=True))
    said = f"W has {sizes[0]:,} non-zeros, whose CSR arrays take {needed:,} bytes, and this machine has "
    total = memory()
    if total is not None and needed > total:
        raise TooLarge(f"{said}{total:,} bytes of memory")
    try:
        return [np.empty(size, kind) for size, kind in zip(sizes, kinds, strict=True)]
    except MemoryError:
        raise TooLarge(f"{said}less than that left") from None


def memory() -> int | None:
    """The bytes of memory that the machine has, where the system says."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return total if total > 0 else None


def taken(flat: Any, rows: Rows, place: Any) -> None:
    """The kernel's numbers for those rows, put in their place; what occurs several times over is copied."""
    for part, times in rows.repeats or ((slice(0, len(place)), 1),):
        found = place[part.start : part.start + times * (part.stop - part.start)].reshape(times, -1)
        flat.take(rows.kernel[part], out=found[0], mode="clip")
        found[1:] = found[0]


def index_type(*largest: int) -> Any:
    """The integers that hold numbers so large."""
    import numpy as np

    return np.int32 if max(largest) <= np.iinfo(np.int32).max else np.int64


def listed(rows: LabelledRows, step: int) -> Rows:
    """The rows of one line from its labels, which are so far apart in the whole kernel."""
    import numpy as np

    counts = np.array([sum([len(labels) for _, labels in row]) for row in rows], np.intp)
    columns = np.array([p for row in rows for p, labels in row for _ in labels], np.intp)
    kernel = np.array([label for row in rows for _, labels in row for label in labels], np.intp)
    return Rows(counts, columns, kernel * step)


def tabulated(line: Line, table: Table, step: int) -> Rows:
    """The same rows from the inverse table of a line, whose inputs are in order."""
    import numpy as np

    counts = np.array([sum(map(len, row.values())) for row in table], np.intp)
    columns = np.array([p for row in table for p, taps in row.items() for _ in taps], np.intp)
    taps = np.array([tap for row in table for taps in row.values() for tap in taps], np.intp)
    labels: Any = line.label(np.repeat(np.arange(len(table)), counts), taps)  # type: ignore[arg-type]
    return Rows(counts, columns, labels * step)


def runs(factors: Sequence[Factor], index: Any) -> Iterator[Run]:
    """All rows of a product of lines, in order; `index` is the type of the columns."""
    (outer, _), *inner = factors
    inside = whole(inner, index)
    width = prod(inputs for _, inputs in inner)
    known: dict[bytes, Rows] = {}
    for row, columns, kernel in alike(Rows(outer.counts, outer.columns * width, outer.kernel)):
        pattern = row.tobytes()
        if pattern not in known:
            if len(known) == PATTERNS:
                del known[next(iter(known))]
            known[pattern] = placed(inside, row)
        yield Run(known[pattern], columns.astype(index), kernel)


def alike(rows: Rows) -> Iterator[tuple[Any, Any, Any]]:
    """Neighbouring rows that differ only by what is added: (column, number) of each entry, and what each row adds to both."""
    import numpy as np

    columns, kernel = (np.zeros(len(rows.counts), np.intp) for _ in range(2))
    some = rows.counts > 0
    starts = rows.starts[some]
    columns[some] = rows.columns[starts]
    kernel[some] = np.minimum.reduceat(rows.kernel, starts) if len(starts) else 0
    numbers = rows.numbers
    behind = np.stack([rows.columns - columns[numbers], rows.kernel - kernel[numbers]], axis=1)

    # A row begins a run if it is longer or shorter than the one before, or has an entry elsewhere.
    begins = np.ones(len(rows.counts), bool)
    begins[1:] = rows.counts[1:] != rows.counts[:-1]
    compared = np.flatnonzero(~begins[numbers])
    other = (behind[compared] != behind[compared - rows.counts[numbers[compared]]]).any(axis=1)
    begins[numbers[compared[other]]] = True

    at = [*np.flatnonzero(begins).tolist(), len(begins)]
    for first, end in pairwise(at):
        start = rows.starts[first]
        yield behind[start : start + rows.counts[first]], columns[first:end], kernel[first:end]


def whole(factors: Sequence[Factor], index: Any) -> Rows:
    """All rows of a product of lines at once; of no lines the one row that has the number one."""
    import numpy as np

    if not factors:
        return Rows(np.ones(1, np.intp), np.zeros(1, index), np.zeros(1, np.intp))
    if len(factors) == 1:
        rows, _ = factors[0]
        return Rows(rows.counts, rows.columns.astype(index), rows.kernel)
    found = list(runs(factors, index))
    counts = np.concatenate([np.tile(run.rows.counts, len(run.columns)) for run in found])
    size = int(counts.sum())
    columns, kernel = np.empty(size, index), np.empty(size, np.intp)
    repeats, end = list[tuple[slice, int]](), 0
    for run in found:
        shape = len(run.columns), len(run.rows.columns)
        if shape[1]:
            times = shape[0] if (run.kernel == run.kernel[0]).all() else 1
            repeats.append((slice(end, end + prod(shape) // times), times))
        part, end = slice(end, end + prod(shape)), end + prod(shape)
        np.add(run.rows.columns, run.columns[:, None], out=columns[part].reshape(shape))
        np.add(run.rows.kernel, run.kernel[:, None], out=kernel[part].reshape(shape))
    return Rows(counts, columns, kernel, tuple(repeats))


def placed(inside: Rows, row: Any) -> Rows:
    """Those rows for each entry of an outer row, side by side."""
    import numpy as np

    if len(row) == 1:  # which lies nowhere behind itself
        return inside
    columns, kernel = (np.empty(len(row) * len(each), each.dtype) for each in (inside.columns, inside.kernel))
    place = np.arange(len(inside.columns)) + np.repeat((len(row) - 1) * inside.starts, inside.counts)
    step = np.repeat(inside.counts, inside.counts)
    for column, number in row.tolist():
        columns[place] = inside.columns + inside.columns.dtype.type(column)
        kernel[place] = inside.kernel + number
        place += step
    repeats = [(slice(part.start * len(row), part.stop * len(row)), times) for part, times in inside.repeats]
    rows = Rows(inside.counts * len(row), columns, kernel, tuple(repeats))
    if len(set(row[:, 0].tolist())) == len(row):
        return rows
    order = np.lexsort((kernel, columns, rows.numbers))  # two kernel entries on one input leave columns interleaved
    return Rows(rows.counts, columns[order], kernel[order])
