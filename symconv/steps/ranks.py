"""Claims and rules about the rank of a weight matrix with the kernel entries as unknowns.

minor         a bound from below: one minor, for one integer kernel, modulo a prime
cover         a bound from above: rows and columns that hold all that is not zero
annihilate    another: independent null vectors
rank          where the bounds meet, that is the rank
exceptional   where the rank drops: what the minors of that size have in common
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..algebra.elimination import (
    Lines,
    all_minors,
    at_point,
    common_factors,
    distinct_rows,
    forced_to_zero,
    pivots,
    quotient,
)
from ..algebra.linear import Entry, Exact
from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import about_w, exact
from ..readmap import ReadMap
from ..rules import Follows
from ..sums import WEIGHT

MINORS, MINOR_ROWS, MINOR_KERNEL = 60, 6, 9
"""How many minors are worked out, with how many rows and how many kernel entries at most."""

TERMS = 80
"""How many terms one of them, or a null space, may have to be written out."""


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AtLeast:
    """The rank is at least this: witnessed by rows, columns and an integer kernel."""

    rank: int
    witnesses: tuple[Lines, Lines, tuple[int, ...]]


@dataclass(frozen=True)
class AtMost:
    """The rank is at most this: witnessed by rows and columns that hold every entry that is not zero."""

    rank: int
    witnesses: tuple[Lines, Lines]


@dataclass(frozen=True)
class NullSpace:
    """The columns of the witness are that many independent vectors v with W v = 0."""

    dimension: int
    witnesses: Exact


@dataclass(frozen=True)
class GenericRank:
    """The generic rank lies between these, both included."""

    lowest: int
    highest: int


@dataclass(frozen=True)
class Exceptional:
    """Where the rank is smaller: at k = 0 and, where the minors were worked out, what they have in common.

    `minors` is their number, or zero where they were not worked out. `forced` is an order of the kernel
    entries in which the minors force one after the other to be zero, if they do.
    """

    minors: int
    factors: tuple[tuple[Entry, int], ...] = ()
    forced: tuple[int, ...] = ()


def few_minors(whole: Exact, rank: int, kernel: int) -> list[Entry] | None:
    """The minors of that size that are not the zero polynomial, where they are few and short; else None."""
    if rank > MINOR_ROWS or kernel > MINOR_KERNEL:
        return None
    return all_minors(whole, rank, MINORS, TERMS)


def by_position(lines: Sequence[int], whole: Exact, side: int, read_map: ReadMap) -> list[int]:
    """Rows or columns ordered by position first and channel last, which keeps the elimination near the diagonal."""
    channels = (read_map.channels.outputs, read_map.channels.inputs)[side] if read_map.shows_channels else 1
    spatial = whole.shape[side] // channels
    return sorted(lines, key=lambda line: (line % spatial, line))


# Rules --------------------------------------------------------------------------------------------


def _whole(context: Context) -> Exact:
    about_w(context.cited[0])
    return exact(context.matrix(WEIGHT))


def _inside(lines: Lines, size: int) -> int:
    """Numbers of rows or columns that exist, each once."""
    expect(all(line in range(size) for line in lines), True, "there is no such row or column")
    return expect(len(set(lines)), len(lines), "a row or column is named twice")


@dataclass(frozen=True)
class Minor:
    """The minor is eliminated for the integer kernel, modulo a prime: what is not zero there is no zero polynomial."""

    name = "minor"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtLeast):
            raise Refuted("the claim does not bound the rank from below")
        rows, columns, point = after.witnesses
        compared = expect((len(rows), len(columns)), (after.rank, after.rank), "the minor has another size")
        return compared + expect(len(point), prod(context.matrix(WEIGHT).kernel_shape), "the kernel has other entries")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtLeast):
            raise Refuted("the claim does not bound the rank from below")
        whole, read_map = _whole(context), context.subject.definition.read_map
        rows, columns, point = after.witnesses
        _inside(rows, len(whole.rows))
        _inside(columns, whole.width)
        ordered = by_position(rows, whole, 0, read_map), by_position(columns, whole, 1, read_map)
        found = pivots(at_point(whole, point, *ordered))
        return expect(len(found[0]), after.rank, "the minor is zero for that kernel")


@dataclass(frozen=True)
class Cover:
    """Every entry that is not zero lies in one of the rows or columns, equal rows and equal columns taken once."""

    name = "cover"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtMost):
            raise Refuted("the claim does not bound the rank from above")
        return expect(sum(map(len, after.witnesses)), after.rank, "the rows and columns are more or fewer")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtMost):
            raise Refuted("the claim does not bound the rank from above")
        whole = _whole(context)
        rows, columns = map(set, after.witnesses)
        _inside(after.witnesses[0], len(whole.rows))
        _inside(after.witnesses[1], whole.width)
        keep = set(distinct_rows(whole.transpose()))
        compared = 0
        for r in distinct_rows(whole):
            for c in whole.rows[r]:
                if r not in rows and c not in columns and c in keep:
                    raise Refuted("an entry lies in none of the rows and columns", r, c, whole.rows[r][c], 0)
                compared += 1
        return compared


@dataclass(frozen=True)
class Annihilate:
    """W times each vector is multiplied out; they are independent, since each has an index that it alone meets."""

    name = "annihilate"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NullSpace):
            raise Refuted("the claim is not about null vectors")
        shape = context.matrix(WEIGHT).shape[1], after.dimension
        return expect(after.witnesses.shape, shape, "there are other vectors than said")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NullSpace):
            raise Refuted("the claim is not about null vectors")
        product = _whole(context) @ after.witnesses
        for r, row in enumerate(product.rows):
            for n in row:
                raise Refuted("W times a null vector is not zero", r, f"vector {n}", row[n], 0)
        alone = {next(iter(row)) for row in after.witnesses.rows if len(row) == 1 and all(row.values())}
        return expect(len(alone), after.dimension, "a vector has no index of its own") + product.width


@dataclass(frozen=True)
class Squeeze:
    """The rank lies between what the cited steps say."""

    name = "rank"
    follows: ClassVar[None] = None  # a bound from below, then one or two from above

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        above = context.cited[1:]
        if not isinstance(after, GenericRank) or not isinstance(before, AtLeast):
            raise Refuted("the claim is not what a bound from below and one from above say")
        kinds = [type(claim) for claim in above]
        expect(len(set(kinds)) == len(kinds) and set(kinds) <= {AtMost, NullSpace}, True, "other bounds are cited")
        width = context.matrix(WEIGHT).shape[1]
        bounds = [claim.rank if isinstance(claim, AtMost) else width - claim.dimension  # type: ignore[attr-defined]
                  for claim in above]  # fmt: skip
        if not bounds:
            raise Refuted("no bound from above is cited")
        compared = expect(after.lowest, before.rank, "the bound from below is another")
        return compared + expect(after.highest, min(bounds), "the bound from above is another")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, GenericRank):
            raise Refuted("the claim is not about the rank")
        return expect(after.lowest <= after.highest, True, "the bounds exclude each other")


@dataclass(frozen=True)
class Drop:
    """W is zero for k = 0; what the minors have in common divides each of them; what they force is worked through."""

    name = "exceptional"
    follows: ClassVar[Follows] = (("known",), ("minor",), ("rank",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Exceptional):
            raise Refuted("the claim is not about where the rank drops")
        ranks = context.cited[2]
        known_ = isinstance(ranks, GenericRank) and ranks.lowest == ranks.highest
        return expect(known_ or not after.minors, True, "the rank is not known, so its minors are not")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        ranks = context.cited[2]
        if not isinstance(after, Exceptional) or not isinstance(ranks, GenericRank):
            raise Refuted("the claim is not about where the rank drops")
        whole = _whole(context)
        compared = 0
        for r, row in enumerate(whole.rows):
            for c, entry in row.items():
                expect(all(entry), True, f"W[{r},{c}] is not zero for k = 0")
                compared += 1
        if not after.minors:
            return compared + expect(
                (after.factors, after.forced), ((), ()), "minors that were not worked out say nothing"
            )
        minors = few_minors(whole, ranks.lowest, prod(context.matrix(WEIGHT).kernel_shape)) or []
        expect(after.minors, len(minors), "there are other minors that are not zero")
        expect(all(power > 0 for _, power in after.factors), True, "a factor occurs no time")
        left = [quotient(after.factors, each) for each in minors]
        expect(None in left, False, "the factors do not divide a minor")
        rest = common_factors([each for each in left if each is not None])
        expect(rest, (), "the minors have a further factor in common")
        if after.forced:
            again = forced_to_zero(minors, range(prod(context.matrix(WEIGHT).kernel_shape)))
            expect(after.forced, tuple(u for u, _ in again or ()), "the minors force another order")
        return compared + len(minors)
