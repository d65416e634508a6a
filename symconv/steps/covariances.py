"""A random kernel: what its mean and covariance make of W and of the output.

The kernel entries are random numbers with mean mu and covariance Sigma. W is linear in them, so its entries are
random too, and those that are the same kernel entry are the same random number.

    collect      vec(W) = M vec(K), where M counts how often each kernel entry is in each entry of W
    mean         E vec(W) = M mu
    covariance   Cov(vec(W)) = M Sigma M^T
    output       for fixed x, Cov(vec(Y)) = U Sigma U^T, with U the matrix of inputs
    shared       entries that are the same kernel entry, or the same sum of them, have equal rows in M: correlation 1

M is a product over the lines, like W: its row for output o and input p along a line says how often each
kernel label is in that entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from ..adjoint import reads
from ..algebra.linear import Entry, Exact
from ..claims import AnyClaim, Context, Refuted, expect, for_each_line
from ..identities import Weights
from ..readmap import Line, ReadMap
from ..rules import Follows
from ..sums import WEIGHT
from .input_matrix import INPUTS
from .kernel_gradients import Named

Counts = tuple[tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...], ...]
"""For each line, its entries that are not zero: (output, input, the labels with how often each)."""

ROWS_LIMIT, LABELS_LIMIT = 40, 60
"""Different rows of a line's M, and labels in them, up to which every pair of rows is multiplied out."""


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Collected:
    """vec(W) = M vec(K): along each line, which kernel labels are in which entry, and how often."""

    lines: Counts


@dataclass(frozen=True)
class Mean:
    """E vec(W) = M mu."""


@dataclass(frozen=True)
class Covariance:
    """Cov(vec(W)) = M Sigma M^T."""


@dataclass(frozen=True)
class OutputCovariance:
    """For fixed x, E vec(Y) = U mu (plus the bias) and Cov(vec(Y)) = U Sigma U^T."""


@dataclass(frozen=True)
class SharedPairs:
    """Among the entries of W that are one kernel entry, and among those that are sums, so many pairs are the same one.

    `witnesses` are a kernel entry and two (row, column) of W that are it, `alike` two (row, column) that are the same
    sum; nothing where there is no such pair.
    """

    single: int  # entries of W that are one kernel entry
    pairs: int
    witnesses: tuple[int, ...]
    sums: int  # entries of W that are the sum of several
    equal: int  # pairs of those that are the same sum
    alike: tuple[int, ...]


# What a line contributes --------------------------------------------------------------------------


def collected(line: Line, table: Any) -> tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...]:
    """The rows of a line's M, from its inverse table."""
    return tuple(
        (o, p, tuple(sorted(Counter(line.label(o, tap) for tap in taps).items())))
        for o, row in enumerate(table)
        for p, taps in sorted(row.items())
    )


Held = tuple[tuple[int, int], ...]
"""The kernel labels in an entry along a line, with how often each: once, since a tap reads one position."""


def shared(read_map: ReadMap) -> SharedPairs:
    """What is the same among the entries of W, counted line by line.

    What an entry holds is the product of what it holds along the lines, so two entries hold the same exactly when
    they do along every line, and the number of entries and the sum of squares are products of sums.
    """
    lines = tuple(map(collected, read_map.lines, read_map.tables))
    every = [Counter(held for _, _, held in line) for line in lines]
    alone = [Counter({held: n for held, n in each.items() if len(held) == 1}) for each in every]
    single, pairs = _pairs_in(alone)
    total, all_pairs = _pairs_in(every)
    sizes = [(line.outputs, line.inputs) for line in read_map.lines]
    witnesses: tuple[int, ...] = ()
    if pairs:
        chosen = [max(sorted(each), key=each.__getitem__) for each in alone]
        entry = 0
        for ((label, _),), line in zip(chosen, read_map.lines, strict=True):
            entry = entry * prod(line.kernel_shape) + label
        witnesses = entry, *_first_two(lines, sizes, chosen)
    alike: tuple[int, ...] = ()
    if all_pairs > pairs:
        alike = _first_two(lines, sizes, next(_repeated_sums(every)))
    return SharedPairs(single, pairs, witnesses, total - single, all_pairs - pairs, alike)


def _pairs_in(counts: Sequence[Counter[Any]]) -> tuple[int, int]:
    """How many entries there are, and how many pairs of equal ones: products over the lines."""
    total = prod(sum(each.values()) for each in counts)
    return total, (prod(sum(n * n for n in each.values()) for each in counts) - total) // 2


def _repeated_sums(every: Sequence[Counter[Held]]) -> Iterator[list[Held]]:
    """What to hold along each line, so that several entries hold it and it is a sum: along one line several labels."""
    often = [max(sorted(each), key=each.__getitem__) for each in every]
    for n, each in enumerate(every):
        if several := sorted(held for held in each if len(held) > 1):
            chosen = [*often[:n], max(several, key=each.__getitem__), *often[n + 1 :]]
            if any(counts[held] > 1 for counts, held in zip(every, chosen, strict=True)):
                yield chosen


def _first_two(lines: Counts, sizes: Sequence[tuple[int, int]], chosen: Sequence[Held]) -> tuple[int, ...]:
    """The (row, column) of two entries of W that hold this: the first along every line, and the last."""
    first, last = [0, 0], [0, 0]
    for line, size, wanted in zip(lines, sizes, chosen, strict=True):
        places = [(o, p) for o, p, held in line if held == wanted][:2]
        first = [n * m + at for n, m, at in zip(first, size, places[0], strict=True)]
        last = [n * m + at for n, m, at in zip(last, size, places[-1], strict=True)]
    return *first, *last


def matrix(rows: list[tuple[tuple[int, int], ...]], labels: int) -> Exact:
    """Rows of counts as a matrix of numbers."""
    return Exact(tuple({label: {(): count} for label, count in row} for row in rows), labels)


def covariance_symbols(labels: int) -> Exact:
    """Sigma as symbols: number u labels + v for its entry (u, v), the smaller index first, since it is symmetric."""
    rows: list[dict[int, Entry]] = [
        {v: {(min(u, v) * labels + max(u, v),): 1} for v in range(labels)} for u in range(labels)
    ]
    return Exact(tuple(rows), labels)


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CollectEntries:
    """An entry of W is the sum of the kernel entries that meet there."""

    name = "collect"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Collected) or not isinstance(before, Weights):
            raise Refuted("the claim does not say what the entries of W are")
        compared = expect(before.letter, WEIGHT, "the cited step names another matrix")
        for line in for_each_line(context, after.lines, "table"):
            places = [(o, p) for o, p, _ in line]
            compared += expect(places, sorted(set(places)), "an entry has two rows, or they are not in order")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Against the definition, forward, and against W as the theorem gave it."""
        if not isinstance(after, Collected):
            raise Refuted("the claim does not say what the entries of W are")
        compared = 0
        for line, said, table in zip(context.lines, after.lines, context.table(WEIGHT), strict=True):
            forward = {(o, u, p): often for (o, u, p), often in reads(line).items()}
            claimed = {(o, u, p): often for o, p, held in said for u, often in held}
            compared += expect(claimed, forward, f"M is not what is read along {line.letters.output}") * len(forward)
            inverse = {
                (o, u, p): n for o, row in enumerate(table.rows) for p, e in row.items() for (u,), n in e.items()
            }
            compared += expect(claimed, inverse, f"M is not what W holds along {line.letters.output}")
        return compared


@dataclass(frozen=True)
class TakeMean:
    """The mean of a sum is the sum of the means."""

    name = "mean"
    follows: ClassVar[Follows] = (("collect",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        fine = isinstance(before, Collected) and isinstance(after, Mean)
        return expect(fine, True, "the claim is not about the mean of W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """M mu, multiplied out with a symbol for each mean, against the entries with means in the place of entries."""
        if not isinstance(before, Collected):
            raise Refuted("the claim is not about the mean of W")
        compared = 0
        for line, said in zip(context.lines, before.lines, strict=True):
            labels = prod(line.kernel_shape)
            means = Exact(tuple({0: {(u,): 1}} for u in range(labels)), 1)
            product = matrix([held for _, _, held in said], labels) @ means
            for found, (o, p, held) in zip(product.rows, said, strict=True):
                entry = {(u,): often for u, often in held}
                compared += expect(found.get(0, {}), entry, f"the mean of entry {o}, {p} is another")
        return compared


@dataclass(frozen=True)
class TakeCovariance:
    """The covariance is linear in each of its two arguments."""

    name = "covariance"
    follows: ClassVar[Follows] = (("collect",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        fine = isinstance(before, Collected) and isinstance(after, Covariance)
        return expect(fine, True, "the claim is not about the covariance of W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """M Sigma M^T for different rows of M, against the covariances of all pairs of terms, added up.

        Along the channels an entry is one label, so there is one pair of terms, and nothing to add up.
        """
        if not isinstance(before, Collected):
            raise Refuted("the claim is not about the covariance of W")
        compared = 0
        for said in before.lines:
            rows = sorted({held for _, _, held in said})
            if all(len(held) == 1 and held[0][1] == 1 for held in rows):
                compared += len(rows)
                continue
            compared += _pairs(rows)
        return compared


def _pairs(every: list[tuple[tuple[int, int], ...]]) -> int:
    """Every pair of rows; of very many, and of very long ones, the first: the identity is the same for all."""
    rows: list[tuple[tuple[int, int], ...]] = []
    used: dict[int, int] = {}
    for row in every[:ROWS_LIMIT]:
        new = {**used, **{label: n for n, label in enumerate((u for u, _ in row if u not in used), len(used))}}
        if len(new) <= LABELS_LIMIT:
            used = new
            rows.append(tuple((used[label], often) for label, often in row))
    labels = len(used)
    left = matrix(rows, labels)
    product = left @ covariance_symbols(labels) @ left.transpose()
    for one, found in zip(rows, product.rows, strict=True):
        for n, other in enumerate(rows):
            added = Counter(min(u, v) * labels + max(u, v) for u in _terms(one) for v in _terms(other))
            expect(found.get(n, {}), {(k,): often for k, often in added.items()}, "M Sigma M^T is another matrix")
    return len(rows) ** 2


def _terms(row: tuple[tuple[int, int], ...]) -> Iterator[int]:
    """The terms of an entry, one by one."""
    for label, often in row:
        yield from [label] * often


@dataclass(frozen=True)
class TakeOutput:
    """y = U vec(K) + b, and U is W's own M with the inputs put in: both say what multiplies a kernel entry."""

    name = "output"
    follows: ClassVar[Follows] = (("covariance",), ("collect",), ("named",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        fine = isinstance(before, Covariance) and isinstance(after, OutputCovariance)
        compared = expect(fine, True, "the claim is not about the covariance of the output")
        return compared + expect(context.cited[2], Named(INPUTS), f"{INPUTS} is not what is cited")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The sum over i of x_i M_{(o,i),u} is U_{o,u}, so x^T M Sigma M^T x is U Sigma U^T."""
        said = context.cited[1]
        if not isinstance(said, Collected):
            raise Refuted("it follows from what M is")
        compared = 0
        for line, rows, table in zip(context.lines, said.lines, context.table(INPUTS), strict=True):
            from_weights = Counter({(o, u, p): often for o, p, held in rows for u, often in held})
            from_inputs = Counter((o, u, p) for (o, u), p in table.items())
            compared += expect(from_weights, from_inputs, f"M and U differ along {line.letters.output}") * len(table)
        return compared


@dataclass(frozen=True)
class Share:
    """Equal rows of M give equal random numbers; the pairs are counted line by line."""

    name = "shared"
    follows: ClassVar[Follows] = (("collect",), ("covariance",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, SharedPairs) or not isinstance(before, Collected):
            raise Refuted("the claim does not count equal entries")
        counts = {often for line in before.lines for _, _, held in line for _, often in held}
        compared = expect(counts <= {1}, True, "a tap is counted twice in one entry")
        compared += expect(bool(after.witnesses), after.pairs > 0, "an example is shown where there is a pair")
        return compared + expect(
            bool(after.alike), after.equal > 0, "an example is shown where there is a pair of sums"
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The numbers again, from W as the theorem gave it; and the entries of W that are shown."""
        if not isinstance(after, SharedPairs):
            raise Refuted("the claim does not count equal entries")
        held = [
            Counter(frozenset(entry.items()) for row in table.rows for entry in row.values())
            for table in context.table(WEIGHT)
        ]
        alone = [Counter({key: n for key, n in each.items() if [c for _, c in key] == [1]}) for each in held]
        single, pairs = _pairs_in(alone)
        total, all_pairs = _pairs_in(held)
        found = single, pairs, total - single, all_pairs - pairs
        said = after.single, after.pairs, after.sums, after.equal
        compared = expect(said, found, "other entries of W are the same") * total
        cells = context.matrix(WEIGHT).rows
        if after.witnesses:
            entry, *places = after.witnesses
            compared += expect(_both(cells, places), ((entry,), (entry,)), "these entries of W are others")
        if after.alike:
            one, other = _both(cells, after.alike)
            compared += expect(one is not None and len(one) > 1 and one == other, True, "these are not the same sum")
        return compared


def _both(cells: Any, places: Sequence[int]) -> tuple[Any, Any]:
    """Two different entries of W at (row, column, row, column)."""
    row, column, row2, column2 = places
    expect((row, column) != (row2, column2), True, "an entry is a pair with itself")
    return cells[row].get(column), cells[row2].get(column2)
