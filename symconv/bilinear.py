"""Claims and rules about fast bilinear schemes: why evaluating, multiplying and interpolating is a convolution.

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
from math import prod
from typing import Any, ClassVar, TypeVar

from .claims import AnyClaim, Context, Refuted, expect
from .form import row_difference
from .identities import Weights
from .linear import Entry
from .matrices import NumberMatrix
from .readmap import Axis
from .rules import Follows
from .schemes import Number, Scheme, Table
from .sums import WEIGHT, Index

TILE, ENTRY = "n", "s"
"""The letters of a tile's number and of an entry of a tile."""

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


@dataclass(frozen=True)
class Correlation:
    """sum over u of g_u d_{h+u} is entry h of A^T ((G g) . (B^T d))."""

    scheme: Scheme


@dataclass(frozen=True)
class Nested:
    """The same in several dimensions, with one scheme for each axis."""

    schemes: tuple[Scheme, ...]


@dataclass(frozen=True)
class Tiling:
    """Along one axis: output h of tile n is output `size` n + h; entry s of the tile lies at `position`."""

    size: int
    count: int
    reads: int
    position: Index  # of the padded input, in the letters n and s
    dropped: int  # outputs of the last tile that the layer does not have
    beyond: int  # entries of the last tile that lie beyond the padded input, and are zero


@dataclass(frozen=True)
class Tiles:
    """The outputs are cut into tiles, axis by axis."""

    lines: tuple[Tiling, ...]


@dataclass(frozen=True)
class Tiled:
    """Tile by tile, the schemes compute the layer: its weight matrix is that of the algorithm."""

    schemes: tuple[Scheme, ...]
    tiles: tuple[Tiling, ...]


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
                same(left[h] * right[u], both[h + u], "the product of values is not the value of the product", at, h + u)
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
        compared += expect((scheme.points, scheme.factors), (back.points, back.factors), "the points or factors are others")
        compared += expect(scheme.values, known.tables[0], "A is not the matrix of values")
        divided = tuple(
            tuple(value * factor for value in row) for row, factor in zip(scheme.kernel, scheme.factors, strict=True)
        )
        compared += expect(divided, known.tables[1], "G is not the matrix of values with its rows divided by the factors")
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


@dataclass(frozen=True)
class Transpose:
    """Multiply the identity by g_u d_s and sum over u and s."""

    name = "transpose"
    follows: ClassVar[Follows] = (("bilinear",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Correlation, "a correlation"), only(before, Identity, "an identity")
        return expect(claim.scheme, known.scheme, "the matrices are not those of the cited step")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        scheme = only(after, Correlation, "a correlation").scheme
        compared = 0
        for h, row in enumerate(expanded(scheme)):
            found = {(u, s): value for s, entry in row.items() for (u,), value in entry.items()}
            expected = {(u, h + u): 1 for u in range(scheme.taps)}
            difference = row_difference(h, found, expected)
            if difference is not None:
                raise Refuted("the scheme computes another sum", f"h={h}", *difference[1:])
            compared += len(expected)
        return compared


def expanded(scheme: Scheme) -> list[dict[int, Entry]]:
    """A^T ((G g) . (B^T d)) multiplied out: for each output, {entry of the tile: {(kernel entry,): coefficient}}."""
    rows: list[dict[int, Entry]] = []
    for h in range(scheme.outputs):
        total: dict[int, Entry] = {}
        for values, kernel, basis in zip(scheme.values, scheme.kernel, scheme.basis, strict=True):
            if not values[h]:
                continue
            for s, b in enumerate(basis):
                entry = total.setdefault(s, {})
                for u, g in enumerate(kernel):
                    if b and g:
                        entry[u,] = entry.get((u,), 0) + values[h] * g * b
        rows.append({s: left for s, entry in total.items() if (left := {u: c for u, c in entry.items() if c})})
    return rows


@dataclass(frozen=True)
class Nest:
    """The identities of the axes, multiplied: entry by entry of all of them."""

    name = "nest"
    follows: ClassVar[None] = None  # one correlation for each different scheme

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Nested, "about several axes")
        known = [only(each, Correlation, "a correlation").scheme for each in context.cited]
        compared = expect(len(claim.schemes) > 1, True, "there is just one axis")
        return compared + expect(list(dict.fromkeys(claim.schemes)), known, "the schemes are not those of the cited steps")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Nested, "about several axes")
        sides: list[set[tuple[Number, bool]]] = []  # the sums that occur, and whether s = h + u
        for f in claim.schemes:
            places = product(range(f.outputs), range(f.taps), range(f.size))
            met = (s == h + u for h, u, s in places)
            sides.append(set(zip(evaluated_identity(f), met, strict=True)))
        for terms in product(*sides):
            value: Number = 1
            for factor, _ in terms:
                value *= factor
            same(value, int(all(met for _, met in terms)), "the product of the identities is another", terms)
        return prod(f.outputs * f.taps * f.size for f in claim.schemes)


@dataclass(frozen=True)
class Cut:
    """Division with remainder: every output is in one tile, and its window lies within what the tile reads."""

    name = "cut"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Tiles, "about tiles")
        axes = context.subject.definition.read_map.axes
        compared = expect(len(claim.lines), len(axes), "there is not one tiling for each axis")
        for axis, tiling in zip(axes, claim.lines, strict=True):
            compared += expect(tiling.reads, tiling.size + axis.taps - 1, "a tile reads another number of entries")
            dropped = tiling.size * tiling.count - axis.outputs
            compared += expect(tiling.dropped, dropped, "another number of outputs is dropped")
            compared += expect(0 <= dropped < tiling.size, True, "the tiles are too few or too many")
            ends = tiling.position.at({TILE: tiling.count - 1, ENTRY: tiling.reads - 1})
            beyond = 0 if ends is None else max(0, ends + 1 - axis.padded_range.stop)
            compared += expect(tiling.beyond, beyond, "another number of entries lies beyond the padded input")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Tiles, "about tiles")
        compared = 0
        for axis, tiling in zip(context.subject.definition.read_map.axes, claim.lines, strict=True):
            numbers = [tiling.size * n + h for n, h in product(range(tiling.count), range(tiling.size))]
            compared += expect(numbers[: axis.outputs], list(range(axis.outputs)), "an output is in no tile or in two")
            expect(len(numbers) - tiling.dropped, axis.outputs, "the dropped outputs are not the last ones")
            for i, u in product(range(axis.outputs), range(axis.taps)):
                n, h = divmod(i, tiling.size)
                env = {axis.letters.output: i, axis.letters.kernel: kernel_entry(axis, u)}
                found, there = tiling.position.at({TILE: n, ENTRY: h + u}), axis.position.at(env)
                same(found, there, "the entry of the tile is not what the window reads", f"{axis.letters.output}={i}", u)
                compared += 1
        return compared


def kernel_entry(axis: Axis, u: int) -> int:
    """g_u, the kernel in the order in which the window meets the input: reversed where the layer reverses it."""
    return axis.taps - 1 - u if axis.flip else u


@dataclass(frozen=True)
class Tile:
    """Row i of W is what the scheme computes for output h of tile n, read where the tile reads."""

    name = "tile"
    follows: ClassVar[None] = None  # the weights, the tiles, and the correlation or its nesting

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Tiled, "that the layer is computed tile by tile")
        compared = expect(cited(context, Weights, "what W is").letter, WEIGHT, "the weight matrix has another letter")
        compared += expect(cited(context, Weights, "what W is").layer, context.subject, "W belongs to another layer")
        compared += expect(claim.tiles, cited(context, Tiles, "what the tiles are").lines, "the tiles are others")
        *_, last = context.cited
        known = last.schemes if isinstance(last, Nested) else (only(last, Correlation, "a correlation").scheme,)
        compared += expect(claim.schemes, known, "the schemes are not those of the cited step")
        for f, tiling in zip(claim.schemes, claim.tiles, strict=True):
            compared += expect((f.outputs, f.size), (tiling.size, tiling.reads), "the tiles do not fit the scheme")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Tiled, "that the layer is computed tile by tile")
        axes = context.subject.definition.read_map.axes
        tables = context.table(WEIGHT)[-len(axes) :]
        compared = sum(_printed(context, name, table) for name, table in named(claim.schemes))
        for axis, f, tiling, table in zip(axes, claim.schemes, claim.tiles, tables, strict=True):
            block = expanded(f)
            for i, expected in enumerate(table.rows):
                row = placed(axis, tiling, block, i)
                if row != expected:
                    p = next(p for p in sorted({*row, *expected}) if row.get(p) != expected.get(p))
                    place = f"{axis.letters.output}={i}", f"{axis.letters.input}={p}"
                    raise Refuted("the tile computes another row of W", *place, row.get(p, {}), expected.get(p, {}))
                compared += len(row)
        return compared


def placed(axis: Axis, tiling: Tiling, block: list[dict[int, Entry]], i: int) -> dict[int, Entry]:
    """Output i as its tile computes it: {input: {(kernel label,): coefficient}}, padded positions read forward."""
    n, h = divmod(i, tiling.size)
    row: dict[int, Entry] = {}
    for s, entry in block[h].items():
        t = tiling.position.at({TILE: n, ENTRY: s})
        p = axis.fold(t) if t is not None and t in axis.padded_range else None
        if p is None:
            continue
        total = row.setdefault(p, {})
        for (u,), value in entry.items():
            label = (kernel_entry(axis, u),)
            total[label] = total.get(label, 0) + value
    return row


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


def _printed(context: Context, name: str, table: Table) -> int:
    return expect(context.matrix(name), number_table(table), f"the printed {name} is not that of the scheme")


def same(found: Any, expected: Any, what: str, row: object = None, column: object = None) -> None:
    """Two exact numbers are equal."""
    if found != expected:
        raise Refuted(what, row, column, found, expected)
