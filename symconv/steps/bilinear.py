"""Claims and rules about fast bilinear schemes: why evaluating, multiplying and interpolating multiplies polynomials.

evaluate      the matrices of values at the points, and their rows for infinity
multiply      values of a product are products of values
interpolate   the coefficients come back from the values
bilinear      together: one identity between the three matrices of a scheme
transpose     read along another index, the identity computes a correlation
nest          the product of the identities of several axes
cut           the outputs of a layer in tiles, and what each tile reads
tile          tile by tile the layer is that correlation: here the scheme meets W
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, ClassVar, TypeVar

from ..algebra.schemes import Number, Scheme, Table, evaluation
from ..claims import AnyClaim, Context, Refuted, expect
from ..matrices import NumberMatrix
from ..proof import Step
from ..rules import Follows

C = TypeVar("C")


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evaluated:
    """`tables` evaluate polynomials with `sizes` coefficients at the points; their last rows stand for infinity."""

    points: tuple[Number, ...]
    sizes: tuple[int, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Multiplied:
    """The values of the product of polynomials with m and r coefficients are the products of their values."""

    outputs: int
    taps: int


@dataclass(frozen=True)
class Interpolated:
    """Row l of `basis`, divided by factor l, turns values into coefficients."""

    points: tuple[Number, ...]
    factors: tuple[Number, ...]
    basis: Table


@dataclass(frozen=True)
class Identity:
    """sum over l of A[l, h] G[l, u] B[s, l] = 1 if s = h + u, else 0; the scheme's `basis` is B^T."""

    scheme: Scheme


# Rules --------------------------------------------------------------------------------------------


def only(claim: AnyClaim | None, kind: type[C], what: str) -> C:
    """The claim, which is of that kind."""
    if not isinstance(claim, kind):
        raise Refuted(f"the claim is not {what}")
    return claim


def cited(context: Context, kind: type[C], what: str) -> C:
    """The one cited claim of that kind."""
    found = [claim for claim in context.cited if isinstance(claim, kind)]
    expect(len(found), 1, f"not one of the cited steps says {what}")
    return found[0]


def fits(table: Table, rows: int, columns: int, name: str) -> int:
    """The table is rows x columns."""
    return expect([len(row) for row in table], [columns] * rows, f"{name} has another shape")


@dataclass(frozen=True)
class Evaluate:
    """Each entry is the one before times the point; infinity reads off the leading coefficient."""

    name = "evaluate"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Evaluated, "about values at points")
        compared = expect(len(set(claim.points)), len(claim.points), "a point occurs twice")
        compared += expect(len(claim.tables), len(claim.sizes), "there is not one matrix for each size")
        for table, size in zip(claim.tables, claim.sizes, strict=True):
            compared += fits(table, len(claim.points) + 1, size, f"the matrix for {size} coefficients")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Evaluated, "about values at points")
        compared = 0
        for table, size in zip(claim.tables, claim.sizes, strict=True):
            for x, row in zip(claim.points, table, strict=False):
                power: Number = 1
                for n, value in enumerate(row):
                    same(value, power, f"{x} to the power {n} is another", f"point {x}", n)
                    power *= x
            expect(table[-1], (0,) * (size - 1) + (1,), "the last row does not read off the leading coefficient")
            compared += size * len(table)
        return compared


@dataclass(frozen=True)
class Multiply:
    """x^h x^u = x^(h+u) at every point, and the leading coefficient of a product is that of both."""

    name = "product"
    follows: ClassVar[Follows] = (("evaluate",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Multiplied, "about products"), only(before, Evaluated, "about values")
        sizes = claim.outputs, claim.taps, claim.outputs + claim.taps - 1
        compared = expect(known.sizes, sizes, "the cited step is about polynomials of other sizes")
        return compared + expect(len(known.points) + 1, sizes[-1], "there are not as many points as coefficients")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Multiplied, "about products"), only(before, Evaluated, "about values")
        compared = 0
        for at, rows in enumerate(zip(*known.tables, strict=True)):
            left, right, both = rows
            for h, u in product(range(claim.outputs), range(claim.taps)):
                same(
                    left[h] * right[u], both[h + u], "the product of values is not the value of the product", at, h + u
                )
                compared += 1
        return compared


@dataclass(frozen=True)
class Interpolate:
    """Polynomial l vanishes at all points but its own: both products of values and basis are diagonal."""

    name = "interpolate"
    follows: ClassVar[Follows] = (("evaluate",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Interpolated, "about interpolation"), only(before, Evaluated, "about values")
        size = len(known.points) + 1
        compared = expect(claim.points, known.points, "the points are not those of the cited step")
        compared += expect(known.sizes[-1], size, "there are not as many points as coefficients")
        compared += expect(len(claim.factors), size, "there is not one factor for each point")
        expect(0 in claim.factors, False, "a factor is zero")
        return compared + fits(claim.basis, size, size, "the basis")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Interpolated, "about interpolation"), only(before, Evaluated, "about values")
        table, size = known.tables[-1], len(claim.basis)
        for row, coefficients in enumerate(claim.basis):
            for at in range(size):
                value = sum(a * x for a, x in zip(coefficients, table[at], strict=True))
                expected = claim.factors[row] if at == row else 0
                same(value, expected, f"polynomial {row} of the basis has another value at point {at}", row, at)
        for s, q in product(range(size), repeat=2):
            entry = sum(
                Fraction(claim.basis[at][s]) * table[at][q] / claim.factors[at]
                for at in range(size)
                if claim.basis[at][s] and table[at][q]
            )
            same(entry, int(s == q), "interpolation does not give back the coefficient", s, q)
        return 2 * size * size


@dataclass(frozen=True)
class Combine:
    """a = x^h and g = x^u: evaluated, multiplied and interpolated, their product is x^(h+u)."""

    name = "bilinear"
    follows: ClassVar[Follows] = (("evaluate",), ("product",), ("interpolate",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        scheme = only(after, Identity, "the identity of a scheme").scheme
        known = cited(context, Evaluated, "what the values are")
        sizes = cited(context, Multiplied, "that values multiply")
        back = cited(context, Interpolated, "how coefficients come back")
        compared = expect((scheme.outputs, scheme.taps), (sizes.outputs, sizes.taps), "the sizes are others")
        compared += expect(
            (scheme.points, scheme.factors), (back.points, back.factors), "the points or factors are others"
        )
        compared += expect(scheme.values, known.tables[0], "A is not the matrix of values")
        divided = tuple(
            tuple(value * factor for value in row) for row, factor in zip(scheme.kernel, scheme.factors, strict=True)
        )
        compared += expect(
            divided, known.tables[1], "G is not the matrix of values with its rows divided by the factors"
        )
        return compared + expect(scheme.basis, back.basis, "B^T is not the basis")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        scheme = only(after, Identity, "the identity of a scheme").scheme
        ranges = (range(scheme.outputs), range(scheme.taps), range(scheme.size))
        evaluated = dict(zip(product(*ranges), evaluated_identity(scheme), strict=True))
        for (h, u, s), value in evaluated.items():
            same(value, int(s == h + u), "the sum over the points is another", f"h={h}, u={u}", f"s={s}")
        return len(evaluated)


def evaluated_identity(scheme: Scheme) -> Iterator[Number]:
    """The sum over l of A[l, h] G[l, u] B[s, l], for every h, u and s."""
    a, g, b = (tuple(zip(*table, strict=True)) for table in (scheme.values, scheme.kernel, scheme.basis))
    for left, right in product(a, g):
        both = [x * y for x, y in zip(left, right, strict=True)]
        for column in b:
            yield sum(x * y for x, y in zip(both, column, strict=True) if x and y)


def scheme_steps(f: Scheme, before: int) -> list[Step]:
    """Evaluate, multiply, interpolate and combine: the steps that follow `before` others."""
    sizes = f.outputs, f.taps, f.size
    tables = tuple(evaluation(f.points, size) for size in sizes)
    first = before + 1
    return [
        Step(Evaluated(f.points, sizes, tables), Evaluate()),
        Step(Multiplied(f.outputs, f.taps), Multiply(), (first,)),
        Step(Interpolated(f.points, f.factors, f.basis), Interpolate(), (first,)),
        Step(Identity(f), Combine(), (first, first + 1, first + 2)),
    ]


def named(schemes: tuple[Scheme, ...]) -> list[tuple[str, Table]]:
    """The matrices by their names: A^T, G, B^T, or A1^T, G1, B1^T, A2^T, ... where the axes' schemes differ."""
    return [
        pair
        for f, number in numbered_schemes(schemes)
        for pair in (
            (f"A{number}^T", tuple(zip(*f.values, strict=True))),
            (f"G{number}", f.kernel),
            (f"B{number}^T", f.basis),
        )
    ]


def numbered_schemes(schemes: tuple[Scheme, ...]) -> list[tuple[Scheme, str]]:
    """The different schemes with their numbers; a single one needs none."""
    different = list(dict.fromkeys(schemes))
    return [(f, str(n) if len(different) > 1 else "") for n, f in enumerate(different, 1)]


def number_table(table: Table) -> NumberMatrix:
    """One of the matrices of a scheme, as a matrix to print."""
    rows = tuple({c: value for c, value in enumerate(row) if value} for row in table)
    return NumberMatrix((len(table),), (len(table[0]),), rows)


def same(found: Any, expected: Any, what: str, row: object = None, column: object = None) -> None:
    """Two exact numbers are equal."""
    if found != expected:
        raise Refuted(what, row, column, found, expected)
