"""The rules of a stack of layers: multiplying it out, and whether what comes out is one convolution.

apply       vec(Y) = W' (W vec(X) + b) + b'              the output of each layer is the input of the next
product     = A vec(X) + d, A = W' W, d = W' b + b'      multiplied out, entry by entry
compose     the kernel K whose entries are sums of products of the layers' kernel entries
one         A is the matrix of one convolution with kernel K, entry by entry
differ      two entries of A that would be equal in a convolution, and are not
uneven      two outputs of a channel whose biases differ
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from math import prod
from typing import Any, ClassVar

from ..algebra.linear import Entry, Exact, added, difference
from ..claims import AnyClaim, Context, Refuted, expect
from ..definition import strides
from ..identities import Known, Weights, exact
from ..layers import Conv, Linear
from ..matrices import matrix_of
from ..rules import Follows, is_matrix
from ..stacks.composite import (
    Break,
    Composite,
    Place,
    Polynomial,
    along,
    composed,
    groups,
    offset,
    polynomial,
    substituted,
)
from ..stacks.sequential import Sequential, primed
from ..sums import WEIGHT

TOTAL, SHIFT, ONE = "A", "d", "V"
"""The matrix of the stack, what is added to its outputs, and the matrix of the one convolution."""

# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerWeights(Weights):
    """The matrix of that letter is the weight matrix of a layer of the stack."""


@dataclass(frozen=True)
class OneWeights(Weights):
    """The matrix of that letter is the weight matrix of one convolution with a kernel of its own."""


@dataclass(frozen=True)
class Applied:
    """vec(Y) = W' (W vec(X) + b) + b'; which of the layers have a bias."""

    biases: tuple[bool, ...]


@dataclass(frozen=True)
class Total:
    """vec(Y) = A vec(X) + d with A = W' W and d = W' b + b'."""

    biases: tuple[bool, ...]


@dataclass(frozen=True)
class Kernel:
    """The entries of K, and along each axis which of them the taps of the layers contribute to."""

    places: tuple[Place, ...] | None
    entries: tuple[Polynomial, ...]


@dataclass(frozen=True)
class OneConvolution:
    """A is V with the kernel K, and where there is a bias it is this one in each output channel."""

    bias: tuple[Polynomial, ...]


@dataclass(frozen=True)
class Uneven:
    """Two outputs of one channel to which the stack adds different biases."""

    first: int
    second: int


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KnownLayer(Known):
    """What the theorem weight_matrix says of a layer of the stack."""

    claims: ClassVar[type[Weights]] = LayerWeights


@dataclass(frozen=True)
class KnownOne(Known):
    """What the theorem weight_matrix says of the one convolution."""

    claims: ClassVar[type[Weights]] = OneWeights


def stack_of(context: Context) -> Sequential:
    """The stack that the proof is about."""
    if not isinstance(context.subject, Sequential):
        raise Refuted("the proof is about no stack of layers")
    return context.subject


def every_layer(stack: Sequential, cited: tuple[AnyClaim, ...]) -> int:
    """The cited steps say what the matrices of all layers are, in their order."""
    said = [(claim.letter, claim.layer) for claim in cited if isinstance(claim, LayerWeights)]
    expected = [(primed(WEIGHT, n), layer) for n, layer in enumerate(stack.layers)]
    expect(len(said), len(cited), "a cited step does not say what the matrix of a layer is")
    return expect(said, expected, "the cited steps are not about the layers in their order")


@dataclass(frozen=True)
class Apply:
    """Each layer is applied to the output of the one before it."""

    name = "apply"
    follows: ClassVar[None] = None

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        stack = stack_of(context)
        if not isinstance(after, Applied):
            raise Refuted("the claim is not that the layers are applied one after the other")
        said = expect(after.biases, tuple(layer.bias for layer in stack.layers), "a bias is lost or added")
        return said + every_layer(stack, context.cited)

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Sizes meet, and what a layer puts out is numbered as the next one reads it."""
        stack = stack_of(context)
        compared = 0
        for n, (first, second) in enumerate(pairwise(stack.layers)):
            rows, columns = (context.matrix(primed(WEIGHT, n)).shape[0], context.matrix(primed(WEIGHT, n + 1)).shape[1])
            compared += expect(
                rows, columns, f"layer {n + 2} has another number of inputs than layer {n + 1} has outputs"
            )
            if not isinstance(second, Linear):
                compared += expect(
                    first.output_shape, second.input_shape, f"layer {n + 2} numbers its inputs otherwise"
                )
        return compared


@dataclass(frozen=True)
class Multiply:
    """The brackets multiplied out: the printed matrix and bias are those products, entry by entry."""

    name = "product"
    follows: ClassVar[None] = None

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Applied) or not isinstance(after, Total):
            raise Refuted("a product is multiplied out")
        return expect(after.biases, before.biases, "a bias is lost or added") + every_layer(
            stack_of(context), context.cited[1:]
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        stack = stack_of(context)
        total: Exact | None = None
        shift: Exact | None = None
        count = len(stack.layers)
        for n, layer in enumerate(stack.layers):
            (_, _, kernel), (_, _, bias) = stack.unknowns[n], stack.unknowns[count + n]
            factor = exact(context.matrix(primed(WEIGHT, n))).relabelled(lambda u, first=kernel: u + first)  # type: ignore[misc]
            places = len(factor.rows) // layer.output_shape[0]
            ones = tuple({0: {(bias + row // places,): 1}} if layer.bias else {} for row in range(len(factor.rows)))
            own: Exact = Exact(ones, 1)  # type: ignore[arg-type]
            shift = own if shift is None else added(factor @ shift, own)
            total = factor if total is None else factor @ total
        compared = 0
        for letter, expected in ((TOTAL, total), (SHIFT, shift if stack.bias else None)):
            if expected is None:
                continue
            matrix = context.matrix(letter)
            compared += is_matrix(context, letter, stack.labelled(expected, letter == TOTAL))
            said = tuple((name, shape) for name, shape, _ in stack.unknowns)
            compared += expect(matrix.unknowns, said, f"the unknowns of {letter} are others")
            compared += sum(len(entry) for row in expected.rows for entry in row.values())
        return compared


@dataclass(frozen=True)
class Compose:
    """The taps of the layers put into one another, each product of kernel entries at its place in K."""

    name = "compose"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        stack = stack_of(context)
        if not isinstance(before, OneWeights) or not isinstance(after, Kernel):
            raise Refuted("the claim does not say what the kernel of the cited convolution is")
        axes = before.layer.read_map.axes
        compared = expect(before.letter, ONE, "the matrix of the one convolution has another letter")
        compared += expect(len(after.entries), prod(before.layer.kernel_shape), "K has another number of entries")
        if after.places is None:
            return compared
        compared += expect(len(after.places), len(axes), "the claim has not one place for each axis")
        for n, (axis, place) in enumerate(zip(axes, after.places, strict=True)):
            position, _ = along(stack, n)
            there = axis.position.substitute(axis.letters.kernel, place.tap)
            if place.ring is None:
                compared += expect(there, position, "the one convolution reads elsewhere")
            else:
                compared += expect(place.ring, axis.length, "the ring has another size")
                difference = there - position
                compared += expect((difference.terms, difference.constant % place.ring, difference.divisor), ((), 0, 1), "the one convolution reads elsewhere")  # fmt: skip
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, OneWeights) or not isinstance(after, Kernel):
            raise Refuted("the claim does not say what the kernel of the cited convolution is")
        if after.places is None:  # read off the matrix: whether it is right, the comparison with A says
            every = {polynomial(entry) for row in context.matrix(TOTAL).rows for entry in row.values()} | {()}
            return sum(expect(entry in every, True, "an entry of K is none of A") for entry in after.entries)
        kernel = by_taps(stack_of(context), before.layer, after.places)
        found = (expect(polynomial(entry), said, "an entry of K is another") for entry, said in zip(kernel, after.entries, strict=True))  # fmt: skip
        return sum(found)


def by_taps(stack: Sequential, layer: Conv, places: tuple[Place, ...]) -> list[Entry]:
    """K by its formula: for every tap of every layer, and every way through the channels between them."""
    total: list[Entry] = [{} for _ in range(prod(layer.kernel_shape))]
    steps = strides(layer.kernel_shape)
    counts = [along(stack, n)[1] for n in range(len(places))]
    ways = list(paths(stack))
    for taps in product(*(product(*map(range, each.values())) for each in counts)):
        at = [place.at(dict(zip(each, u, strict=True))) for place, each, u in zip(places, counts, taps, strict=True)]
        where = 0
        for w, size, step in zip(at, layer.kernel_shape[2:], steps[2:], strict=True):
            if w is None or not 0 <= w < size:
                raise Refuted("a tap of the layers has no place in K", f"taps {taps}", None, w, f"0 to {size - 1}")
            where += w * step
        for c, e, pairs in ways:
            monomial = []
            for n, (one, a) in enumerate(pairs):
                shape: Any = stack.layers[n].kernel_shape
                indices = (one, a, *(u[n] for u in taps))
                monomial.append(
                    stack.unknowns[n][2] + sum(u * step for u, step in zip(indices, strides(shape), strict=True))
                )
            cell = total[c * steps[0] + e % layer.kernel_shape[1] * steps[1] + where]
            key = tuple(sorted(monomial))
            cell[key] = cell.get(key, 0) + 1
    return total


def paths(stack: Sequential) -> Any:
    """Output channel, input channel, and a way between them: for each layer its output channel and counted input channel."""
    found: list[tuple[int, int, tuple[tuple[int, int], ...]]] = []
    for n, layer in enumerate(stack.layers):
        shape: Any = layer.kernel_shape
        members = shape[0] // layer.read_map.channels.groups
        own = [(c, c // members * shape[1] + a, (c, a)) for c in range(shape[0]) for a in range(shape[1])]
        if not n:
            found = [(c, b, (pair,)) for c, b, pair in own]
        else:
            found = [(c, e, (*before, pair)) for c, b, pair in own for middle, e, before in found if middle == b]
    return found


@dataclass(frozen=True)
class One:
    """The matrix of the one convolution with K for its kernel is A, and so are the biases."""

    name = "one"
    follows: ClassVar[Follows] = (("product",), ("known",), ("compose",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        stack = stack_of(context)
        _, one, kernel = context.cited
        if not isinstance(after, OneConvolution) or not isinstance(one, OneWeights) or not isinstance(kernel, Kernel):
            raise Refuted("the claim is not that the stack is one convolution")
        layer = one.layer
        compared = expect(layer.groups in (1, groups(stack)), True, "the convolution has other groups")
        compared += expect((layer.input_shape, layer.output_shape), (stack.input_shape, stack.output_shape), "the convolution has other shapes")  # fmt: skip
        return compared + expect(bool(after.bias), layer.bias, "the convolution has a bias, or none")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        _, one, kernel = context.cited
        if not isinstance(after, OneConvolution) or not isinstance(one, OneWeights) or not isinstance(kernel, Kernel):
            raise Refuted("the claim is not that the stack is one convolution")
        matrix = context.matrix(TOTAL)
        left, right = (
            Exact(tuple(map(dict, matrix.rows)), matrix.shape[1]),
            substituted(Composite(one.layer, kernel.entries, None)),
        )
        found = difference(left, right)
        if found is not None:
            raise Refuted("A is not the matrix of the convolution", f"row {found.row}", f"column {found.column}", found.left, found.right)  # fmt: skip
        compared = left.nonzeros
        if after.bias:
            rows = context.matrix(SHIFT).rows
            places = len(rows) // one.layer.out_channels
            compared += expect(len(after.bias), one.layer.out_channels, "there is not one bias for each output channel")
            for n, row in enumerate(rows):
                compared += expect(polynomial(row.get(0, {})), after.bias[n // places], "an output has another bias")
        return compared


@dataclass(frozen=True)
class Differ:
    """The two entries differ, and stand where a convolution has the same."""

    name = "differ"
    follows: ClassVar[Follows] = (("product",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Break):
            raise Refuted("the claim does not name two entries that differ")
        rows, columns = context.matrix(TOTAL).shape
        for row, column in (after.first, after.second):
            expect(0 <= row < rows and 0 <= column < columns, True, "there is no such entry")
        expect(all(isinstance(layer, Conv) for layer in stack_of(context).layers), True, "a layer is no convolution")
        by_offset = after.mode in ("zeros", "circular")
        return expect(after.layer is None, by_offset, "the claim is about another kind of padding than its reason")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Break):
            raise Refuted("the claim does not name two entries that differ")
        stack, matrix = stack_of(context), context.matrix(TOTAL)
        one, other = (matrix.rows[row].get(column, {}) for row, column in (after.first, after.second))
        expect(one != other, True, "the two entries are equal")
        if after.layer is None:
            ring = after.mode == "circular"
            ours, theirs = (offset(stack, *at, ring) for at in (after.first, after.second))
            return 1 + expect(ours, theirs, "the two entries are at different offsets")
        found = composed(stack, after.mode)
        expect(found is not None and found.layer, after.layer, "the convolution has not the taps of the layers")
        rows = exact(matrix_of(after.layer.read_map)).rows
        here, there = (rows[r].get(c, {}) for r, c in (after.first, after.second))
        return 1 + expect(here, there, "the convolution has different entries there")


@dataclass(frozen=True)
class Compare:
    """A convolution adds the same bias all over a channel; here two differ."""

    name = "uneven"
    follows: ClassVar[Follows] = (("product",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Uneven):
            raise Refuted("the claim does not name two biases that differ")
        stack = stack_of(context)
        places = prod(stack.output_shape[1:])
        inside = all(0 <= row < prod(stack.output_shape) for row in (after.first, after.second))
        expect(inside, True, "there is no such output")
        return expect(after.first // places, after.second // places, "the two outputs are in different channels")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Uneven):
            raise Refuted("the claim does not name two biases that differ")
        rows = context.matrix(SHIFT).rows
        return expect(rows[after.first] != rows[after.second], True, "the two biases are equal")
