"""Every entry of W against the definition, with NumPy: the same two routes, for many outputs at a time.

W's rows come from the inverse tables (`csr`). The definition's own code runs once, on arrays of outputs: an index
made of arrays is an array, and says which input each output reads with a kernel entry. Neither uses anything of
the other. An entry of W and a read of the definition are both a column and a kernel entry in a row, written as one
number. The two are the same sets, without sorting anything, when

- no row of W has an entry twice: its numbers ascend; and the definition uses a kernel entry of an output once;
- every entry of W is what the definition reads there with that kernel entry, and there are as many as reads.

The plain route, row by row in Python, is in `catalogue.weight_matrix`: the oracle of this one, which also says where
the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

from .csr import Factor, Run, index_type, runs
from .definition import Definition, join, strides
from .report import Refuted

CHUNK = 1 << 16
"""About how many entries are compared at a time: what a processor's cache holds."""


# The definition, forward ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Tensor:
    """Stands for a tensor when the definition runs: for each axis its first index, and a number for every index.

    Indexed along every axis it holds the numbers found; a kernel entry times an input is that pair.
    """

    axes: tuple[tuple[int, Any], ...]
    found: tuple[Any, ...] = ()

    def __getitem__(self, index: Any) -> Tensor:
        (first, numbers), *rest = self.axes
        at = index - first
        least, most = (at, at) if isinstance(at, int) else (at.min(), at.max())
        if least < 0 or most >= len(numbers):
            raise IndexError("an index leaves its range")
        return Tensor(tuple(rest), (*self.found, numbers[at]))

    def __mul__(self, other: Tensor) -> list[tuple[Any, tuple[Any, ...]]]:
        return [(sum(self.found), other.found)]

    def __add__(self, terms: list[Any]) -> list[Any]:
        """The bias before a sum."""
        return [(None, self.found), *terms]


@dataclass(frozen=True)
class Reads:
    """Every read of every output: for term n, output (o_0, o_1, ...) reads the sum of lines[d][n, o_d], negative for nothing.

    What is read is an input and a kernel entry as one number; `terms` says which term uses a kernel entry.
    """

    lines: tuple[Any, ...]
    terms: Any

    def within(self, outputs: Sequence[range]) -> Any:
        """The reads of a block of outputs: a row for each term, and a last one in which nothing is read."""
        import numpy as np

        count, rank = len(self.lines[0]), len(outputs)
        found = np.full((count + 1, *map(len, outputs)), -1, self.lines[0].dtype)
        parts = [
            numbers[:, block.start : block.stop].reshape(count, *(1,) * axis, -1, *(1,) * (rank - axis - 1))
            for axis, (numbers, block) in enumerate(zip(self.lines, outputs, strict=True))
        ]
        np.add(sum(parts[:-1]), parts[-1], out=found[:-1])
        return found.reshape(count + 1, -1)


def reads(defined: Definition, entries: int, kind: Any) -> Reads:
    """The definition's code run on arrays."""
    import numpy as np

    lines = defined.read_map.lines
    inputs, sizes = prod(line.inputs for line in lines), [line.outputs for line in lines]
    held = tuple(
        (
            line.padded_range.start,
            np.array([-inputs if (p := line.fold(t)) is None else p * step for t in line.padded_range]),
        )
        for line, step in zip(lines, strides([line.inputs for line in lines]), strict=True)
    )
    shape = [size for line in lines for size in line.kernel_shape]
    kernel = tuple((0, np.arange(size) * step) for size, step in zip(shape, strides(shape), strict=True))
    channels = np.arange(defined.read_map.channels.outputs)
    bias = Tensor(((0, channels),)) if defined.bias_indices else Tensor((), (np.zeros(1, int),))
    function = defined.function(Tensor(kernel), Tensor(held), bias, join)
    found = function(*np.ix_(*map(np.arange, sizes)))
    if defined.bias:
        (nothing, (added,)), *found = found
        if nothing is not None or not np.array_equal(added.reshape(-1), channels if defined.bias_indices else [0]):
            raise Refuted("the definition does not add its channel's bias once")
    terms = np.full(entries, len(found))
    own = [np.zeros((len(found), size), np.int64) for size in sizes]
    for n, (labels, sources) in enumerate(found):
        for axis, (numbers, each) in enumerate(zip(own, sources, strict=True)):
            numbers[n] = along(each, axis) * entries
        own[0][n] += along(labels, 0)
        terms[labels] = n
    if any((terms[labels] != n).any() for n, (labels, _) in enumerate(found)):
        raise ValueError("two terms of the definition use the same kernel entry")
    return Reads(tuple(numbers.astype(kind) for numbers in own), terms)


def along(numbers: Any, axis: int) -> Any:
    """Numbers for each output of one line, or one for all; they depend on no other."""
    import numpy as np

    array = np.asarray(numbers)
    if array.size > 1 and array.shape[axis] != array.size:
        raise ValueError("an index depends on more than one axis")
    return array.reshape(-1)


# W, by inversion, and the comparison ----------------------------------------------------------------


def agree(defined: Definition, factors: Sequence[Factor], entries: int) -> int | None:
    """How many entries of W agreed, where all did; None where any is in doubt. The kernel has so many entries."""
    import numpy as np

    outputs = [line.outputs for line in defined.read_map.lines]
    if [len(rows.counts) for rows, _ in factors] != outputs:
        return None
    # What is nothing along several lines is their sum, which a smaller kind of number may hold.
    kind = index_type((len(factors) + 1) * entries * prod(inputs for _, inputs in factors))
    forward = reads(defined, entries, kind)
    compared = first = 0
    for run in runs(factors, np.int64):
        numbers = numbered(run, entries)
        if numbers is None:
            return None
        numbers = numbers.astype(kind)
        for piece in pieces(run, first, outputs):
            read = forward.within(piece.outputs)
            added = (run.columns[piece.times] * entries + run.kernel[piece.times]).astype(kind)
            stored = numbers[piece.entries] + added[:, None]
            place = (forward.terms * read.shape[1])[run.rows.kernel[piece.entries] + run.kernel[piece.times][:, None]]
            place += run.rows.numbers[piece.entries]
            place += (np.arange(len(place)) * prod(map(len, piece.outputs[1:])) - piece.row)[:, None]
            if not (read.reshape(-1).take(place) == stored).all() or np.count_nonzero(read >= 0) != stored.size:
                return None
            compared += stored.size
        first += len(run.columns)
    return compared


def numbered(run: Run, entries: int) -> Any:
    """Column and kernel entry of each entry as one number; None unless they ascend along every row, within their ranges."""
    rows = run.rows
    if not rows.columns.size:
        return rows.columns
    least = run.columns.min() + rows.columns.min(), run.kernel.min() + rows.kernel.min()
    if min(least) < 0 or run.kernel.max() + rows.kernel.max() >= entries:
        return None
    numbers = rows.columns * entries + rows.kernel
    ascends = numbers[1:] > numbers[:-1]
    ascends[rows.starts[(rows.starts > 0) & (rows.counts > 0)] - 1] = True  # from one row to the next
    return numbers if ascends.all() else None


class Piece(NamedTuple):
    """Part of a run: some of its times; some of its rows, whose entries these are, the first with that number."""

    times: slice
    entries: slice
    row: int
    outputs: list[range]  # along each line


def pieces(run: Run, first: int, outputs: Sequence[int]) -> Iterator[Piece]:
    """A run in pieces of about `CHUNK` entries; its first time is the first line's output of that number."""
    size, times = len(run.rows.columns), len(run.columns)
    if len(outputs) == 1 or size <= CHUNK:
        step = max(1, CHUNK // max(size, 1))
        for begin in range(0, times, step):
            end = min(begin + step, times)
            blocks = [range(first + begin, first + end), *map(range, outputs[1:])]
            yield Piece(slice(begin, end), slice(0, size), 0, blocks)
        return
    inner = prod(outputs[2:])
    ends = [*run.rows.starts.tolist(), size]
    step = max(1, CHUNK * outputs[1] // size)
    for time in range(times):
        for begin, end in pairwise([*range(0, outputs[1], step), outputs[1]]):
            blocks = [range(first + time, first + time + 1), range(begin, end), *map(range, outputs[2:])]
            part = slice(ends[begin * inner], ends[end * inner])
            yield Piece(slice(time, time + 1), part, begin * inner, blocks)
