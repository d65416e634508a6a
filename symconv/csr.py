"""W for a numeric kernel as the arrays of a sparse matrix, from the inverse tables.

Along one pair of channels the rows are the product of the axes' tables. All output channels of a group have
those rows side by side for the same input channels, with other kernel entries at the same places: they
are worked out once, and then written for each channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from .definition import strides
from .readmap import Axis, LabelledRows, ReadMap


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of W: for every row how many kernel entries it has, for each its column and its number.

    Columns ascend along a row; where several kernel entries meet in one cell its column is repeated.
    """

    counts: Any
    columns: Any
    kernel: Any

    @property
    def starts(self) -> Any:
        """Where each row begins."""
        import numpy as np

        return np.cumsum(self.counts) - self.counts


def filled(read_map: ReadMap, flat: Any) -> tuple[Any, Any, Any]:
    """Canonical CSR arrays (data, columns, indptr) of W for a flat kernel; structural zeros are kept."""
    import numpy as np

    axes, tables = read_map.axes, read_map.labelled
    channels: LabelledRows = tables[0] if read_map.shows_channels else [[(0, (0,))]]
    alone = along_axes(axes, tables[1:] if read_map.shows_channels else tables)
    lengths = cell_counts(alone)
    taps, inputs = prod(axis.taps for axis in axes), prod(axis.inputs for axis in axes)
    nonzeros = int(lengths.sum()) * sum(map(len, channels))
    index = np.int32 if max(nonzeros, read_map.channels.inputs * inputs) <= np.iinfo(np.int32).max else np.int64

    data, columns = np.empty(nonzeros, flat.dtype), np.empty(nonzeros, index)
    indptr = np.zeros(len(channels) * len(lengths) + 1, index)
    known: list[tuple[int, int]] = []
    end = 0
    for c, cells in enumerate(channels):
        first = cells[0][1][0]
        offsets = [(p * inputs, (label - first) * taps) for p, (label,) in cells]
        if offsets != known:  # the first channel of its group
            known, rows = offsets, over_channels(alone, offsets, index)
            firsts = first_of_cells(rows)
            ends = np.cumsum(lengths * len(offsets))
        begin, end = end, end + int(ends[-1])
        numbers = flat[first * taps :]
        if firsts is None:
            np.take(numbers, rows.kernel, out=data[begin:end], mode="clip")
            columns[begin:end] = rows.columns
        elif end > begin:
            np.add.reduceat(numbers[rows.kernel], firsts, out=data[begin:end])
            columns[begin:end] = rows.columns[firsts]
        indptr[c * len(ends) + 1 : (c + 1) * len(ends) + 1] = ends + begin
    return data, columns, indptr


def along_axes(axes: Sequence[Axis], tables: Sequence[LabelledRows]) -> Rows:
    """The rows for one output channel and one input channel."""
    import numpy as np

    rows = Rows(np.ones(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    for axis, table, step in zip(axes, tables, strides([axis.taps for axis in axes]), strict=True):
        cells = [(p, label * step) for row in table for p, labels in row for label in labels]
        own_columns, own_kernel = np.array(cells, np.int64).reshape(-1, 2).T
        own = Rows(
            np.array([sum(len(labels) for _, labels in row) for row in table], np.int64), own_columns, own_kernel
        )

        # Rows of the product: every row so far with every row of this axis.
        right = np.tile(own.counts, len(rows.counts))
        counts = np.repeat(rows.counts, len(own.counts)) * right
        width = np.repeat(right, counts)
        left, there = np.divmod(np.arange(len(width)) - np.repeat(np.cumsum(counts) - counts, counts), width)
        left += np.repeat(np.repeat(rows.starts, len(own.counts)), counts)
        there += np.repeat(np.tile(own.starts, len(rows.counts)), counts)
        columns = rows.columns[left] * axis.inputs + own.columns[there]
        rows = Rows(counts, columns, rows.kernel[left] + own.kernel[there])
    if any(len(labels) > 1 for table in tables for row in table for _, labels in row):
        # Two taps of a leading axis on one input leave their columns interleaved: order each row's.
        order = np.lexsort((rows.columns, np.repeat(np.arange(len(rows.counts)), rows.counts)))
        rows = Rows(rows.counts, rows.columns[order], rows.kernel[order])
    return rows


def over_channels(rows: Rows, offsets: Sequence[tuple[int, int]], index: Any) -> Rows:
    """The same rows for several input channels side by side, each with what it adds to columns and kernel numbers."""
    import numpy as np

    columns, kernel = (np.empty(len(offsets) * len(rows.columns), kind) for kind in (index, np.intp))
    place = np.arange(len(rows.columns)) + np.repeat((len(offsets) - 1) * rows.starts, rows.counts)
    width = np.repeat(rows.counts, rows.counts)
    for column, entry in offsets:
        columns[place] = rows.columns + column
        kernel[place] = rows.kernel + entry
        place += width
    return Rows(rows.counts * len(offsets), columns, kernel)


def first_of_cells(rows: Rows) -> Any:
    """Where the kernel entries of each cell begin; None where every cell has one."""
    import numpy as np

    new = np.ones(len(rows.columns), bool)
    np.not_equal(rows.columns[1:], rows.columns[:-1], out=new[1:])
    new[rows.starts[rows.counts > 0]] = True
    return None if new.all() else np.flatnonzero(new)


def cell_counts(rows: Rows) -> Any:
    """How many cells each row has."""
    import numpy as np

    firsts = first_of_cells(rows)
    if firsts is None:
        return rows.counts
    return np.bincount(np.repeat(np.arange(len(rows.counts)), rows.counts)[firsts], minlength=len(rows.counts))
