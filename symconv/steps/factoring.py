"""The rules of the morphism theorem: a kernel as the product of two, and the layer as two layers.

factors     k[c,a,w] is the sum of g[c,m,v] h[m,a,u] over m and u + v = w      for every entry of k
factor      W = G H                                                             entry by entry
irreducible one channel in between is not enough for every kernel               Eisenstein's criterion
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, ClassVar

from ..algebra.linear import Entry, difference
from ..algebra.linear import product as multiplied
from ..claims import AnyClaim, Context, Refuted, expect
from ..definition import strides
from ..identities import Known, Weights, exact
from ..rules import Follows
from ..stacks.composite import Composite, Polynomial, polynomial, substituted
from ..stacks.halves import deltas, first_size
from ..sums import WEIGHT

FIRST, SECOND = "H", "G"
"""The matrices of the two layers; their kernels are h and g."""
PRIME = 2


@dataclass(frozen=True)
class FirstWeights(Weights):
    """The matrix of that letter is the first layer's."""


@dataclass(frozen=True)
class SecondWeights(Weights):
    """The matrix of that letter is the second layer's."""


@dataclass(frozen=True)
class KnownFirst(Known):
    """What the theorem weight_matrix says of the first layer."""

    claims: ClassVar[type[Weights]] = FirstWeights


@dataclass(frozen=True)
class KnownSecond(Known):
    """What the theorem weight_matrix says of the second layer."""

    claims: ClassVar[type[Weights]] = SecondWeights


@dataclass(frozen=True)
class Factors:
    """The entries of h and of g: zero, one, or an entry of k. Their product is k."""

    first: tuple[Polynomial, ...]
    second: tuple[Polynomial, ...]


@dataclass(frozen=True)
class Factored:
    """W = G H."""


@dataclass(frozen=True)
class Irreducible:
    """With one channel in between, this kernel is no product of two of the smaller sizes."""

    kernel: tuple[int, ...]


def layers_of(cited: tuple[AnyClaim, ...]) -> tuple[Any, Any]:
    """The two layers that the cited steps name, in their order."""
    named = [each for each in cited if isinstance(each, FirstWeights | SecondWeights)]
    said = [(type(each), each.letter) for each in named]
    expect(said, [(FirstWeights, FIRST), (SecondWeights, SECOND)], f"no cited steps say of which layers {FIRST} and {SECOND} are the matrices")  # fmt: skip
    return named[0].layer, named[1].layer


@dataclass(frozen=True)
class Sum:
    """For every entry of k, the products of the entries of g and h that make it, added up."""

    name = "factors"
    follows: ClassVar[Follows] = (("known",), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        first, second = layers_of(context.cited)
        if not isinstance(after, Factors):
            raise Refuted("the claim does not say what the kernels are")
        compared = expect(len(after.first), prod(first.kernel_shape), "h has another number of entries")
        compared += expect(len(after.second), prod(second.kernel_shape), "g has another number of entries")
        layer: Any = context.subject
        sums = tuple(u + v - 1 for u, v in zip(first.kernel_shape[2:], second.kernel_shape[2:], strict=True))
        compared += expect(sums, layer.kernel_shape[2:], "the two kernels together have another size")
        described = kernels_of(
            layer, first.kernel_shape[2:]
        )  # others have the same product, and are not what a page says
        return compared + expect(after, described, "h and g do not hold the windows and the ones that are described")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        first, second = layers_of(context.cited)
        layer: Any = context.subject
        if not isinstance(after, Factors):
            raise Refuted("the claim does not say what the kernels are")
        steps = strides(layer.kernel_shape)
        total: list[Entry] = [{} for _ in range(prod(layer.kernel_shape))]
        by_channel: dict[int, list[tuple[tuple[int, ...], Entry]]] = {}
        for (m, *at), terms in zip(product(*map(range, first.kernel_shape)), after.first, strict=True):
            if terms:
                by_channel.setdefault(m, []).append((tuple(at), dict(terms)))
        for (c, m, *v), terms in zip(product(*map(range, second.kernel_shape)), after.second, strict=True):
            if not terms:
                continue
            for (a, *u), entry in by_channel.get(m, ()):
                there = (c, a, *(x + y for x, y in zip(u, v, strict=True)))
                cell = total[sum(x * step for x, step in zip(there, steps, strict=True))]
                for monomial, count in multiplied(dict(terms), entry).items():
                    cell[monomial] = cell.get(monomial, 0) + count
        return sum(
            expect(found, {(n,): 1}, "the products do not add up to the entry of k") for n, found in enumerate(total)
        )


@dataclass(frozen=True)
class Multiply:
    """The product of the two matrices, with h and g for their kernels, is W."""

    name = "factor"
    follows: ClassVar[Follows] = (("known",), ("known",), ("known",), ("factors",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        first, second = layers_of(context.cited)
        if not isinstance(after, Factored) or not isinstance(before, Weights):
            raise Refuted("the claim is not that the layer is two layers")
        layer: Any = context.subject
        compared = expect(before.letter, WEIGHT, "the first cited step does not say what W is")
        compared += expect(first.input_shape, layer.input_shape, "the first layer takes another input")
        compared += expect(first.output_shape, second.input_shape, "the second layer takes another input")
        compared += expect(second.output_shape, layer.output_shape, "the second layer has another output")
        return compared + expect((first.bias, second.bias), (False, layer.bias), "the bias is not the second layer's")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        first, second = layers_of(context.cited)
        kernels = context.cited[3]
        if not isinstance(kernels, Factors):
            raise Refuted("no cited step says what the kernels are")
        made = substituted(Composite(second, kernels.second, None)) @ substituted(Composite(first, kernels.first, None))
        left = exact(context.matrix(WEIGHT))
        found = difference(left, made)
        if found is not None:
            raise Refuted("the product is another matrix", f"row {found.row}", f"column {found.column}", found.left, found.right)  # fmt: skip
        return left.nonzeros


@dataclass(frozen=True)
class Eisenstein:
    """The polynomial of the kernel is irreducible: a prime divides all coefficients but the last, and the first only once."""

    name = "irreducible"
    follows: ClassVar[Follows] = (("known",), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        layer: Any = context.subject
        # with two taps in both, kernels of these sizes would be factors of smaller degree
        for each in layers_of(context.cited):
            expect(each.kernel_shape[2:] > (1,), True, "one of the two kernels has a single tap")
        if not isinstance(after, Irreducible):
            raise Refuted("the claim names no kernel")
        compared = expect(layer.kernel_shape[:2], (1, 1), "the layer has several channels")
        return compared + expect((len(after.kernel),), layer.kernel_shape[2:], "the kernel has another size")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Irreducible):
            raise Refuted("the claim names no kernel")
        first, *middle, last = after.kernel
        expect(bool(last % PRIME), True, "the prime divides the last coefficient")
        expect(any(each % PRIME for each in (first, *middle)), False, "the prime does not divide the others")
        expect(bool(first % PRIME**2), True, "its square divides the first coefficient")
        return len(after.kernel)


def least_kernel(layer: Any, first: Any = None) -> tuple[int, ...] | None:
    """A kernel for which one channel is not enough, where the layer has one axis, one channel, and both parts have two taps."""
    sizes = first_size(layer, first)
    if len(sizes) != 1 or layer.kernel_shape[:2] != (1, 1):
        return None
    size, rest = layer.kernel_shape[2], layer.kernel_shape[2] - sizes[0] + 1
    return (PRIME, *[0] * (size - 2), 1) if sizes[0] > 1 and rest > 1 else None


def kernels_of(layer: Any, first: Any = None) -> Factors:
    """h and g for the layer's own kernel."""
    h, g = deltas(layer, first_size(layer, first))
    return Factors(tuple(map(polynomial, h)), tuple(map(polynomial, g)))
