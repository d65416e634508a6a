"""Claims and rules for layers on a ring: what the discrete Fourier transform makes of them, and why.

Along an axis of size n, with w a primitive root of unity of an order that n divides and w_n the power of
it that has order n, for every frequency m:

    wrap            kernel entry u of output i meets input i + shift(u), counted modulo n
    ring sum        sum over p of W_{i,p} w_n^(m p) = sum over u of k_u w_n^(m (i + shift(u)))
    factor                                          = lambda_m w_n^(m i)
    geometric sum   sum over t of w_n^((m - s) t) is n where m = s, and 0 otherwise
    diagonalise     W = F^-1 diag(lambda) F
    witness         some kernel makes W a permutation matrix

Frequencies stay symbolic: an exponent is m times an index, and indices that agree modulo n have powers
that agree for every m. So a step costs the entries of the axis' table, whatever the number of frequencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import lcm
from typing import ClassVar, TypeVar

from ..algebra.cyclotomic import reduced
from ..algebra.linear import Entry, Exact
from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import about_w
from ..readmap import Axis, Channels
from ..rules import Follows, row_major
from ..sums import WEIGHT, Index, variable

SPECTRUM = "λ"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Ring:
    """Along each axis, kernel entry u of output i meets input i + shift(u), counted modulo n, and no other."""

    shifts: tuple[Index, ...]


@dataclass(frozen=True)
class RingSum:
    """W times the vector of the powers w^(m p) is the sum of k_u w^(m position), position = i + shift(u)."""

    positions: tuple[Index, ...]


@dataclass(frozen=True)
class Eigenvectors:
    """W times the vector of the powers w^(m p) is lambda_m times it; lambda_m is the sum of k_u w^(m shift(u))."""

    shifts: tuple[Index, ...]


@dataclass(frozen=True)
class Inverse:
    """The entries of F are w^(-m p); those of its inverse w^(m p) / n. Here w has this order, along each axis this size."""

    order: int
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Diagonal:
    """W = F^-1 Lambda F, with channels for each block of W."""


@dataclass(frozen=True)
class Generic:
    """W is a permutation matrix for the kernel whose first entry is 1 where a channel meets itself, and 0 elsewhere."""


@dataclass(frozen=True)
class Wrap:
    """Where W has its entries, against the printed shift: the padding wraps, so the axis is a ring."""

    name = "wrap"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Ring):
            raise Refuted("the claim does not say where kernel entries lie on the ring")
        compared = about_w(before)
        for axis, shift in _per_axis(context, after.shifts):
            whole = shift + variable(axis.letters.output)
            compared += expect(whole, axis.position, "the shift is not where the window reads")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Ring):
            raise Refuted("the claim does not say where kernel entries lie on the ring")
        compared = 0
        for axis, shift, table in _tables(context, after.shifts):
            expect(table.shape, (axis.inputs, axis.inputs), f"W is not square along {axis.letters.output}")
            for i, row in enumerate(table.rows):
                compared += _same_row(axis, i, row, on_ring(axis, i, shifted(axis, shift)), "W is no ring here")
        return compared


@dataclass(frozen=True)
class Reindex:
    """Put p = i + shift(u): the sum over p becomes the sum over u, since w_n^n = 1."""

    name = "ring sum"
    follows: ClassVar[Follows] = (("wrap",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Ring) or not isinstance(after, RingSum):
            raise Refuted("the claim is not the sum over the kernel entries of a ring")
        compared = 0
        for (axis, shift), position in zip(_per_axis(context, before.shifts), after.positions, strict=True):
            there = shift + variable(axis.letters.output)
            compared += expect(position, there, "the exponents are not the positions of the cited step")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, RingSum):
            raise Refuted("the claim is not the sum over the kernel entries of a ring")
        compared = 0
        for axis, position, table in _tables(context, after.positions):
            for i, row in enumerate(table.rows):
                met = sorted((u, p) for p, entry in row.items() for (u,), count in entry.items() for _ in range(count))
                taps = [u for u, _ in met]
                place = f"{axis.letters.output}={i}"
                expect(taps, list(range(axis.taps)), f"a kernel entry is lost or doubled at {place}")
                for u, p in met:
                    at = position.at({axis.letters.output: i, axis.letters.kernel: u})
                    if at is None or (at - p) % axis.inputs:  # else the powers differ, at m = 1
                        raise Refuted("the exponents differ", place, f"{axis.letters.input}={p}", p, at)
                compared += len(met)
        return compared


@dataclass(frozen=True)
class Factor:
    """Take w_n^(m i) out of the sum over u: no term of what is left depends on i."""

    name = "factor"
    follows: ClassVar[Follows] = (("ring sum",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, RingSum) or not isinstance(after, Eigenvectors):
            raise Refuted("the claim is not about eigenvectors of a ring")
        compared = 0
        for (axis, shift), position in zip(_per_axis(context, after.shifts), before.positions, strict=True):
            names = {name for name, _ in shift.terms}
            compared += expect(
                names <= {axis.letters.kernel}, True, f"{shift} is not about {axis.letters.kernel} alone"
            )
            whole = shift + variable(axis.letters.output)
            compared += expect(whole, position, "the exponents do not add up to those of the cited step")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, RingSum) or not isinstance(after, Eigenvectors):
            raise Refuted("the claim is not about eigenvectors of a ring")
        compared, exponents = 0, []
        for (axis, shift), position in zip(_per_axis(context, after.shifts), before.positions, strict=True):
            along = shifted(axis, shift)
            for u, at in enumerate(along):
                for i in range(axis.outputs):
                    whole = position.at({axis.letters.output: i, axis.letters.kernel: u})
                    compared += expect((i + at) % axis.inputs, (whole or 0) % axis.inputs, "a power is not the product")
            exponents.append(tuple(at % axis.inputs for at in along))
        context.tables[SPECTRUM] = tuple(exponents)
        return compared


@dataclass(frozen=True)
class Geometric:
    """The sum of a geometric series, reduced modulo the cyclotomic polynomial."""

    name = "geometric sum"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Inverse):
            raise Refuted("the claim is not about sums of roots of unity")
        compared = expect(after.sizes, tuple(axis.inputs for axis in context_axes(context)), "F has another size")
        return compared + expect(after.order, lcm(*after.sizes), "the root of unity has another order")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Inverse):
            raise Refuted("the claim is not about sums of roots of unity")
        compared = 0
        for n in dict.fromkeys(after.sizes):
            # Where m - s has g as its largest common divisor with n, the power beside t is one of a root of order
            # n / g, and t runs g times through all of its powers.
            for g in (g for g in range(1, n + 1) if n % g == 0):
                total = reduced(dict.fromkeys(range(n // g), g), n // g)
                expected = {0: n} if g == n else {}
                compared += expect(total, expected, f"the powers of a root of order {n // g} add up otherwise")
        return compared


@dataclass(frozen=True)
class Diagonalise:
    """The eigenvectors are the columns of F^-1, and F has that inverse; along all axes at once they are products.

    F^-1 Lambda F is multiplied out: in row i and column p, k_u has the factor 1/n times the sum over m of
    w_n^(m (i + exponent(u) - p)), which by the cited sum is 1 where n divides the bracket, and 0 elsewhere.
    """

    name = "diagonalise"
    follows: ClassVar[Follows] = (("factor",), ("geometric sum",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Eigenvectors) or not isinstance(after, Diagonal):
            raise Refuted("the claim is not that the layer is diagonal")
        sizes = next((claim.sizes for claim in context.cited if isinstance(claim, Inverse)), ())
        return expect(sizes, tuple(axis.inputs for axis in context_axes(context)), "F has another size")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = row_major(context.matrix(WEIGHT), context.lines)
        for axis, exponents, table in _tables(context, context.table(SPECTRUM)):
            for i, row in enumerate(table.rows):
                compared += _same_row(axis, i, row, on_ring(axis, i, exponents), "F^-1 Λ F is another matrix")
        return compared


@dataclass(frozen=True)
class Witness:
    """One kernel for which W is invertible: then det W, a polynomial in the kernel entries, is not zero."""

    name = "witness"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return about_w(before) + expect(
            isinstance(after, Generic), True, "the claim is not that a permutation matrix is among the W"
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, table in zip(context.lines, context.table(WEIGHT), strict=True):
            # The label that is 1: along an axis 0, for the channels that of the entry which joins c and c.
            if isinstance(line, Channels):
                expect(table.shape[0], table.shape[1], "W is not square")
                ones = {label for c, row in enumerate(table.rows) for label in row.get(c, {})}
            else:
                ones = {(0,)}
            places = [
                (row, column)
                for row, cells in enumerate(table.rows)
                for column, entry in cells.items()
                for label, count in entry.items()
                for _ in range(count)
                if label in ones
            ]
            for side in (0, 1):
                found = sorted(place[side] for place in places)
                compared += expect(found, list(range(table.shape[side])), "not a single one in each row and column")
        return compared


# Shared pieces ------------------------------------------------------------------------------------


def context_axes(context: Context) -> tuple[Axis, ...]:
    """The axes of the layer that a proof is about."""
    return context.subject.definition.read_map.axes


def shifted(axis: Axis, shift: Index) -> list[int]:
    """Where the kernel entries lie, seen from the output: d u - low."""
    found = [shift.at({axis.letters.kernel: u}) for u in range(axis.taps)]
    return [at for at in found if at is not None]


def on_ring(axis: Axis, output: int, shifts: tuple[int, ...] | list[int]) -> dict[int, Entry]:
    """A row of an axis' weight matrix: kernel entry u at input i + shift(u), counted modulo n."""
    row: dict[int, Entry] = {}
    for u, at in enumerate(shifts):
        row.setdefault((output + at) % axis.inputs, {})[u,] = 1
    return row


def _per_axis(context: Context, items: tuple[Index, ...]) -> Iterator[tuple[Axis, Index]]:
    axes = context_axes(context)
    expect(len(items), len(axes), "the claim has not one index for each axis")
    return zip(axes, items, strict=True)


def _tables(context: Context, items: tuple[Item, ...]) -> Iterator[tuple[Axis, Item, Exact]]:
    axes = context_axes(context)
    return zip(axes, items, context.table(WEIGHT)[-len(axes) :], strict=True)


def _same_row(axis: Axis, output: int, found: dict[int, Entry], expected: dict[int, Entry], what: str) -> int:
    for p in sorted({*found, *expected}):
        if found.get(p, {}) != expected.get(p, {}):
            place = f"{axis.letters.output}={output}", f"{axis.letters.input}={p}"
            raise Refuted(what, *place, found.get(p, {}), expected.get(p, {}))
    return sum(map(len, expected.values()))
