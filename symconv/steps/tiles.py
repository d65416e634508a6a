"""Claims and rules about a layer computed tile by tile: a scheme's identity, transposed, is a correlation.

transpose     read along another index, the identity computes a correlation
nest          the product of the identities of several axes
cut           the outputs of a layer in tiles, and what each tile reads
tile          tile by tile the layer is that correlation: here the scheme meets W
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, ClassVar

from ..algebra.linear import Entry
from ..algebra.schemes import Number, Scheme
from ..claims import AnyClaim, Context, Refuted, expect
from ..form import row_difference
from ..identities import about_w
from ..readmap import Axis
from ..rules import Follows, is_matrix
from ..sums import WEIGHT, Index
from .bilinear import Identity, cited, evaluated_identity, named, number_table, only, same

TILE, ENTRY = "n", "s"
"""The letters of a tile's number and of an entry of a tile."""


# Claims -------------------------------------------------------------------------------------------


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
            found: dict[Any, Any] = {(u, s): value for s, entry in row.items() for (u,), value in entry.items()}
            expected: dict[Any, int] = {(u, h + u): 1 for u in range(scheme.taps)}
            difference = row_difference(h, found, expected)
            if difference is not None:
                raise Refuted("the scheme computes another sum", f"h={h}", *difference[1:])
            compared += len(expected)
        return compared


@lru_cache(maxsize=8)  # two rules ask for it
def expanded(scheme: Scheme) -> tuple[dict[int, Entry], ...]:
    """A^T ((G g) . (B^T d)) multiplied out: for each output, {entry of the tile: {(kernel entry,): coefficient}}."""
    rows: list[dict[int, Entry]] = []
    for h in range(scheme.outputs):
        total: dict[int, Entry] = {}
        for values, kernel, basis in zip(scheme.values, scheme.kernel, scheme.basis, strict=True):
            for u, g in enumerate(kernel):
                weight = values[h] * g
                for s, b in enumerate(basis):
                    if weight and b:
                        entry = total.setdefault(s, {})
                        entry[u,] = entry.get((u,), 0) + weight * b
        rows.append({s: left for s, entry in total.items() if (left := {u: c for u, c in entry.items() if c})})
    return tuple(rows)


@dataclass(frozen=True)
class Nest:
    """The identities of the axes, multiplied: entry by entry of all of them."""

    name = "nest"
    follows: ClassVar[None] = None  # one correlation for each different scheme

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Nested, "about several axes")
        known = [only(each, Correlation, "a correlation").scheme for each in context.cited]
        compared = expect(len(claim.schemes) > 1, True, "there is just one axis")
        return compared + expect(
            list(dict.fromkeys(claim.schemes)), known, "the schemes are not those of the cited steps"
        )

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
                same(
                    found, there, "the entry of the tile is not what the window reads", f"{axis.letters.output}={i}", u
                )
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
        compared = about_w(before) + expect(len(context.cited), 3, "it follows from three steps")
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
        compared = sum(is_matrix(context, name, number_table(table)) for name, table in named(claim.schemes))
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


def placed(axis: Axis, tiling: Tiling, block: Sequence[dict[int, Entry]], i: int) -> dict[int, Entry]:
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
