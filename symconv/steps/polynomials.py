"""Claims and rules about a layer as a product of polynomials: its input times its reversed kernel.

circulant     on a ring of N >= n + k - 1 places the product is a circulant matrix
diagonal      which the discrete Fourier transform makes diagonal
convolve      a scheme's identity, read as a product of polynomials (Karatsuba, Toom-Cook)
levels        polynomials in t are polynomials in t, t^b, t^(b^2), ... with b coefficients in each
shift         the outputs are coefficients of the product of input and reversed kernel
blocks        block by block the scheme computes these: here it meets W
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, ClassVar

from ..algebra.linear import Entry
from ..algebra.schemes import Number, Scheme
from ..claims import AnyClaim, Context, Refuted, expect
from ..form import row_difference
from ..identities import Known, Multiply, Weights, about_w
from ..readmap import Axis
from ..rules import Follows, is_matrix
from ..sums import WEIGHT
from .bilinear import Identity, cited, named, number_table, only, same

Terms = dict[tuple[int, int], Number]
"""What a coefficient of a product is: {(kernel entry, entry of the other factor): coefficient}."""


def reversed_entry(axis: Axis, w: int) -> int:
    """h_w, the kernel in the order of a convolution: reversed unless the layer reverses it already."""
    return w if axis.flip else axis.taps - 1 - w


def axis_names(rank: int) -> list[str]:
    """What the letters of an axis end in: 1, 2, ..., or nothing where there is one axis."""
    return [""] if rank == 1 else [str(n) for n in range(1, rank + 1)]


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Circulant(Weights):
    """Along each axis, entry (m, n) is h_w for w = m - n modulo the size of the ring."""

    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Diagonal:
    """F C = D F along each axis: row t of F is 1, w^t, w^(2 t), ..., and D holds the transform of h."""

    letter: str
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Convolution:
    """Coefficient s of the product of a and g is entry s of B ((G g) . (A a))."""

    scheme: Scheme


@dataclass(frozen=True)
class Levels:
    """A polynomial with base^q coefficients is one in q unknowns, with `base` coefficients in each."""

    scheme: Scheme
    levels: tuple[int, ...]  # q, for each axis


@dataclass(frozen=True)
class Shift:
    """Output i is coefficient i + shift of the product of the input and h, axis by axis."""

    shifts: tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """Along one axis: input `size` n + s is entry s of block n, and there are `count` blocks."""

    size: int
    count: int


@dataclass(frozen=True)
class Blocks:
    """Block by block, the nested scheme computes the layer."""

    schemes: tuple[Scheme, ...]  # the same one for each axis
    levels: tuple[int, ...]
    blocks: tuple[Block, ...]


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn(Known):
    """The weight matrix of a layer on a ring; each row is the one before, turned by one place."""

    claims = Circulant

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Circulant, "about a circulant")
        sizes = tuple(axis.inputs for axis in claim.layer.read_map.axes)
        return super().shape(context, before, after) + expect(claim.sizes, sizes, "the ring has another size")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Circulant, "about a circulant")
        compared = super().values(context, before, after)
        axes = claim.layer.read_map.axes
        for axis, size, table in zip(axes, claim.sizes, context.table(claim.letter)[-len(axes) :], strict=True):
            for m, row in enumerate(table.rows):
                found = {n: entry for n, entry in row.items() if entry}
                expected: dict[int, Entry] = {}
                for w in range(axis.taps):
                    expected.setdefault((m - w) % size, {})[reversed_entry(axis, w),] = 1
                same(found, expected, f"row {m} of {claim.letter} is not the kernel turned to its place", f"m={m}")
                compared += len(found)
        return compared


@dataclass(frozen=True)
class Room(Multiply):
    """The ring is so long that the sum w + p of an exponent of the kernel and one of the input stays below its size."""

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        sizes = cited(context, Circulant, "what lies on the ring").sizes
        compared = super().shape(context, before, after)
        for axis, size in zip(context.subject.definition.read_map.axes, sizes, strict=True):
            compared += expect(axis.inputs + axis.taps - 2 < size, True, "the ends of the product meet on the ring")
        return compared


@dataclass(frozen=True)
class Transform:
    """With m = n + w modulo N and w^N = 1, exponents add up: compared as (kernel entry, exponent modulo N)."""

    name = "diagonal"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Diagonal, "about a diagonal form"), only(before, Circulant, "about a circulant")
        compared = expect(claim.letter, known.letter, "the claim is about another matrix")
        return compared + expect(claim.sizes, known.sizes, "the transform has another size")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Diagonal, "about a diagonal form"), only(before, Circulant, "about a circulant")
        axes = known.layer.read_map.axes
        compared = 0
        for axis, size, table in zip(axes, claim.sizes, context.table(claim.letter)[-len(axes) :], strict=True):
            for n, column in enumerate(table.transpose().rows):
                left = sorted(
                    (u, m) for m, entry in column.items() for (u,), count in entry.items() for _ in range(count)
                )
                right = sorted((reversed_entry(axis, w), (w + n) % size) for w in range(axis.taps))
                same(left, right, "the transform of a column is another", f"n={n}")
                compared += len(left)
        return compared


@dataclass(frozen=True)
class Convolve:
    """Multiply the identity by g_u a_h and sum over u and h."""

    name = "convolve"
    follows: ClassVar[Follows] = (("bilinear",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Convolution, "a product"), only(before, Identity, "an identity")
        return expect(claim.scheme, known.scheme, "the matrices are not those of the cited step")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        scheme = only(after, Convolution, "a product").scheme
        compared = 0
        for s, terms in enumerate(convolved(scheme)):
            pairs = product(range(scheme.taps), range(scheme.outputs))
            expected: dict[Any, int] = {(u, h): 1 for u, h in pairs if h + u == s}
            found: dict[Any, Any] = dict(terms)
            difference = row_difference(s, found, expected)
            if difference is not None:
                raise Refuted("the scheme computes another coefficient", f"s={s}", *difference[1:])
            compared += len(expected)
        return compared


@lru_cache(maxsize=8)  # every level of every axis asks for it
def convolved(scheme: Scheme) -> tuple[Terms, ...]:
    """B ((G g) . (A a)) multiplied out: each coefficient as {(u, h): coefficient of g_u a_h}."""
    result = []
    for s in range(scheme.size):
        total: Terms = {}
        for values, kernel, basis in zip(scheme.values, scheme.kernel, scheme.basis, strict=True):
            for (u, g), (h, a) in product(enumerate(kernel), enumerate(values)):
                if basis[s] and g and a:
                    total[u, h] = total.get((u, h), 0) + basis[s] * g * a
        result.append({term: value for term, value in total.items() if value})
    return tuple(result)


@dataclass(frozen=True)
class Nesting:
    """Numbers written with q digits: adding digit by digit is adding."""

    name = "levels"
    follows: ClassVar[Follows] = (("convolve",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, known = only(after, Levels, "about levels"), only(before, Convolution, "a product")
        compared = expect(claim.scheme, known.scheme, "the scheme is another")
        compared += expect(claim.scheme.outputs, claim.scheme.taps, "the factors are of different sizes")
        axes = context.subject.definition.read_map.axes
        return compared + expect(len(claim.levels), len(axes), "there are not as many as axes")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Levels, "about levels")
        compared = 0
        for levels in sorted(set(claim.levels)):
            base = claim.scheme.taps
            digits = list(product(range(base), repeat=levels))
            expect([numbered(each, base) for each in digits], list(range(base**levels)), "the digits are no numbering")
            for (u, one), (h, two) in product(enumerate(digits), repeat=2):
                both = numbered([a + b for a, b in zip(one, two, strict=True)], base)
                same(both, u + h, "the digits add up to another number", one, two)
                compared += 1
        return compared


def numbered(digits: Any, base: int) -> int:
    """The number that the digits, the highest first, stand for; they may exceed the base."""
    total = 0
    for digit in digits:
        total = total * base + digit
    return total


@dataclass(frozen=True)
class Move:
    """Tap u of output i reads input p, and the product adds h_w x_p to coefficient w + p: always i + shift."""

    name = "shift"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Shift, "about the product of input and kernel")
        axes = context.subject.definition.read_map.axes
        return expect(len(claim.shifts), len(axes), "there are not as many as axes")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Shift, "about the product of input and kernel")
        compared = 0
        for axis, shift in zip(context.subject.definition.read_map.axes, claim.shifts, strict=True):
            for i, w in product(range(axis.outputs), range(axis.taps)):
                env = {axis.letters.output: i, axis.letters.kernel: reversed_entry(axis, w)}
                t = axis.position.at(env)
                same(None if t is None else t + w, i + shift, "another coefficient holds that term", f"i={i}", f"w={w}")
                same(axis.fold(t or 0), t if t in range(axis.inputs) else None, "the padding is not zero", f"i={i}")
                compared += 1
        return compared


@dataclass(frozen=True)
class Overlap:
    """The products of the blocks, each at its place, add up to the product; its coefficients are the outputs."""

    name = "blocks"
    follows: ClassVar[Follows] = (("known",), ("levels", "convolve"), ("shift",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Blocks, "that the layer is computed block by block")
        axes = context.subject.definition.read_map.axes
        known = context.cited[1]
        levels = known.levels if isinstance(known, Levels) else (1,) * len(axes)
        scheme = known.scheme if isinstance(known, Levels) else only(known, Convolution, "a product").scheme
        compared = about_w(before)
        compared += expect(claim.levels, levels, "the levels are others")
        compared += expect(claim.schemes, (scheme,) * len(axes), "the schemes are others")
        for axis, f, q, block in zip(axes, claim.schemes, claim.levels, claim.blocks, strict=True):
            compared += expect(block.size, f.taps**q, "a block has another size")
            compared += expect(axis.taps <= block.size, True, "the kernel is longer than a block")
            inside = block.size * (block.count - 1) < axis.inputs <= block.size * block.count
            compared += expect(inside, True, "the blocks are too few or too many")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = only(after, Blocks, "that the layer is computed block by block")
        shifts = cited(context, Shift, "which coefficients the outputs are").shifts
        axes = context.subject.definition.read_map.axes
        tables = context.table(WEIGHT)[-len(axes) :]
        compared = 0
        for name, table in named(claim.schemes):
            compared += is_matrix(context, name, number_table(table))
        each = zip(axes, claim.schemes, claim.levels, claim.blocks, shifts, tables, strict=True)
        for axis, f, q, block, shift, table in each:
            terms = nested_terms(f, q)
            for i, expected in enumerate(table.rows):
                found = overlapped(axis, block, terms, i + shift)
                if found != expected:
                    p = next(p for p in sorted({*found, *expected}) if found.get(p) != expected.get(p))
                    place = f"{axis.letters.output}={i}", f"{axis.letters.input}={p}"
                    raise Refuted("the blocks compute another row of W", *place, found.get(p, {}), expected.get(p, {}))
                compared += len(found)
        return compared


def nested_terms(scheme: Scheme, levels: int) -> dict[int, Terms]:
    """The nested scheme multiplied out: {coefficient: {(u, s): ...}}, its levels put together digit by digit."""
    result: dict[int, Terms] = {0: {(0, 0): 1}}
    for _ in range(levels):
        base = scheme.taps
        more: dict[int, Terms] = {}
        for (e, terms), (s, digit) in product(result.items(), enumerate(convolved(scheme))):
            target = more.setdefault(e * base + s, {})
            for ((u, h), x), ((v, g), y) in product(terms.items(), digit.items()):
                key = u * base + v, h * base + g
                target[key] = target.get(key, 0) + x * y
        result = more
    return result


def overlapped(axis: Axis, block: Block, terms: dict[int, Terms], at: int) -> dict[int, Entry]:
    """Coefficient `at` of the product of input and kernel: {input: {(kernel label,): coefficient}}, from all blocks."""
    row: dict[int, Entry] = {}
    for n in range(block.count):
        for (w, s), value in terms.get(at - block.size * n, {}).items():
            p = block.size * n + s
            if w < axis.taps and p < axis.inputs:  # the rest of the last block, and of h, is zero
                entry = row.setdefault(p, {})
                label = (reversed_entry(axis, w),)
                entry[label] = entry.get(label, 0) + value
    return {p: left for p, entry in row.items() if (left := {u: c for u, c in entry.items() if c})}
