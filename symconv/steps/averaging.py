"""Claims and rules about averaging: what a window divides by, and what the maximum does instead.

count       D divides by the positions of a window that count
multiply    the product with D on the left
compare     two entries of W that differ
maximum     two inputs for which the maximum is not additive
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, ClassVar

from ..algebra.linear import Exact, numbers
from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import (
    Diagonal,
    Multiply,
    about_w,
    number_matrix,
)
from ..readmap import CHANNEL, Channels, Line, with_quotients
from ..rules import Follows, is_matrix
from ..sums import WEIGHT
from ..weighted import Pooled

SUMS, DIVIDES = "S", "D"
"""The layer that only sums, and what divides."""


@dataclass(frozen=True)
class Count:
    """D divides by how many positions of a window count: those are counted here, one by one."""

    name = "count"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Diagonal):
            raise Refuted("the claim is not what a diagonal matrix holds")
        compared = expect(len(after.lines), len(context.lines), "the claim has not one diagonal for each line")
        for line, entries_ in zip(context.lines, after.lines, strict=True):
            compared += expect(len(entries_), line.outputs, f"the diagonal along {line.letters.output} is not as long")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Diagonal):
            raise Refuted("the claim is not what a diagonal matrix holds")
        compared = 0
        for line, entries_ in zip(context.lines, after.lines, strict=True):
            for output, found in enumerate(entries_):
                counted = positions_that_count(line, output)
                if found * counted != 1:
                    place = f"{line.letters.output}={output}"
                    raise Refuted(f"{after.letter} divides by another number", place, None, found, f"1/{counted}")
                compared += 1
        tables = tuple(map(diagonal, after.lines))
        context.tables[after.letter] = tables
        return compared + is_matrix(context, after.letter, number_matrix(tables))


def positions_that_count(line: Line, output: int) -> int:
    """What an output divides by, along one line: its positions, counted, or the number in their place."""
    if not isinstance(line, Pooled):
        return 1
    if line.divisor is not None:
        return line.divisor
    reads = (line.position.at({line.letters.output: output, line.letters.kernel: tap}) for tap in range(line.taps))
    return sum(t is not None and line.counted[0] <= t < line.counted[1] for t in reads)


def diagonal(entries_: tuple[Any, ...]) -> Exact:
    """A diagonal matrix."""
    return numbers({(n, n): value for n, value in enumerate(entries_)}, len(entries_), len(entries_))


class Scale(Multiply):
    """A product with a diagonal matrix on the left."""

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        names = [span.name for spans in getattr(after, "inner", ()) for span in spans]
        return super().shape(context, before, after) + expect(
            names, between(context.lines), "the sum has other letters"
        )


def between(lines: Sequence[Line]) -> list[str]:
    """The letters of what the product of both matrices sums over."""
    return [CHANNEL.kernel if isinstance(line, Channels) else line.letters.padded for line in lines]


@dataclass(frozen=True)
class Unequal:
    """Two entries of W that are not zero and differ: (row, column) twice, as positions."""

    witnesses: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    values: tuple[Fraction, ...]


@dataclass(frozen=True)
class Compare:
    """The two entries are looked up, along each line."""

    name = "compare"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Unequal):
            raise Refuted("the claim is not that two entries differ")
        return about_w(before) + expect(len(after.witnesses), 2, "the claim has not two entries")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Unequal):
            raise Refuted("the claim is not that two entries differ")
        one, other = (entry_at(context.table(WEIGHT), *at) for at in after.witnesses)
        expect((one, other), after.values, "an entry of W is another number")
        if not one or not other or one == other:
            raise Refuted("the two entries do not differ, or one is zero", None, None, one, other)
        return 2


def entry_at(tables: tuple[Exact, ...], row: tuple[int, ...], column: tuple[int, ...]) -> Fraction:
    """An entry of a product of matrices of numbers; a position outside is refuted."""
    value = Fraction(1)
    for table, r, c in zip(tables, row, column, strict=True):
        if not (0 <= r < len(table.rows) and 0 <= c < table.width):
            raise Refuted("a position outside the matrix", row, column)
        value *= table.rows[r].get(c, {(): 0})[()]
    return value


@dataclass(frozen=True)
class NotLinear:
    """An output, and two inputs in its window: what the maximum makes of their unit vectors and of the sum."""

    witnesses: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Maximum:
    """Take the maximum over the window, of each of the two inputs and of their sum."""

    name = "maximum"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NotLinear):
            raise Refuted("the claim is not about the maximum")
        return expect(len(after.witnesses), 3, "the claim has not an output and two inputs")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NotLinear):
            raise Refuted("the claim is not about the maximum")
        output, one, other = after.witnesses
        window = list(product(*(reads(line, o) for line, o in zip(context.lines, output, strict=True))))
        ours, theirs = ({p: int(p == at) for p in window} for at in (one, other))
        both = {p: ours[p] + theirs[p] for p in window}
        found = tuple(max(each.values()) for each in (ours, theirs, both))
        expect(found, (1, 1, 1), "the maxima are others")
        return len(window)


def reads(line: Line, output: int) -> list[int]:
    """The inputs that an output reads along one line."""
    found = []
    for tap in range(line.taps):
        env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
        t = line.position.at(env)
        p = None if t is None else line.fold(t)
        found += [p] if p is not None else []
    return found


def constant(line: Line) -> bool:
    """Whether all outputs along a line have the same coefficient."""
    return line.coefficient_index is None
