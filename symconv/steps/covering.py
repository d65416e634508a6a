"""Fully connected layers as convolutions: a kernel that covers the whole input, and one that covers one position.

window     a kernel as large as the input has one window, and its entry (a, u) reads input (a, u)
tensor     so the convolution's kernel is the weights of the layer, in the shape of its input
same       and the two weight matrices are the same
alone      a kernel of one entry reads, along every axis, the input at the output's own place
positions  so an entry of W is one of the fully connected layer where the places are the same, and zero elsewhere
kronecker  which, flattened, is W = V (x) I
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, ClassVar

from ..algebra.linear import Exact, identity
from ..claims import AnyClaim, Context, Refuted, expect
from ..definition import strides
from ..identities import Known, Weights
from ..layers import Conv, Linear
from ..matrices import LabelledMatrix
from ..readmap import Line
from ..rules import Follows, flattened
from ..sums import WEIGHT, Index, number, variable

# Which layers -------------------------------------------------------------------------------------


def covers(layer: Any) -> bool:
    """Whether the one window of a convolution is its whole input, so that it reads every input once."""
    if not isinstance(layer, Conv) or layer.groups > 1:
        return False
    return all(_window(axis) and axis.taps == axis.inputs and axis.outputs == 1 for axis in layer.read_map.axes)


def _window(axis: Line) -> bool:
    """Whether the first window reads the inputs, in order or in reverse."""
    at = axis.position.substitute(axis.letters.output, number(0))
    u = variable(axis.letters.kernel)
    if axis.taps == 1:
        return at.substitute(axis.letters.kernel, number(0)) == number(0)
    return axis.scale == 1 and at in (u, number(axis.taps - 1) - u)


def pointwise(layer: Any) -> bool:
    """Whether every output of a convolution reads the input at its own place, in all channels."""
    if not isinstance(layer, Conv) or layer.groups > 1:
        return False
    return all(
        axis.taps == 1 and axis.outputs == axis.inputs and axis.scale * (axis.inputs > 1) <= 1 and own(axis) == variable(axis.letters.output)
        for axis in layer.read_map.axes
    )  # fmt: skip


def own(axis: Line) -> Index:
    """The position that the one entry of a kernel reads; zero in the place of an output that has no other value."""
    at = axis.position.substitute(axis.letters.kernel, number(0))
    return at if axis.outputs > 1 else at.substitute(axis.letters.output, number(0)) + variable(axis.letters.output)


def as_convolution(layer: Linear, shape: tuple[int, ...]) -> Conv:
    """The convolution of an input of that shape, (channels, *sizes), whose kernel covers all of it."""
    return Conv(shape[1:], shape[1:], shape[0], layer.out_features, bias=layer.bias)


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OtherWeights(Weights):
    """The matrix of that letter is the other layer's, whose kernel has a letter of its own."""


@dataclass(frozen=True)
class Window:
    """The convolution with that matrix has one window, and its entry u reads position `reads` along each axis."""

    letter: str
    reads: tuple[Index, ...]


@dataclass(frozen=True)
class Tensor:
    """Kernel entry (c, a, u, ...) of that convolution is the weight of output c and input `number`."""

    letter: str
    number: Index


@dataclass(frozen=True)
class SameMatrix:
    """With these kernel entries that matrix is W."""

    letter: str


@dataclass(frozen=True)
class Alone:
    """Along every axis output i reads input i and nothing else."""


@dataclass(frozen=True)
class EachPosition:
    """W_{(c,i),(e,p)} is V_{c,e} where i = p, and zero elsewhere."""

    letter: str


@dataclass(frozen=True)
class Blocks:
    """Flattened row by row, W is V (x) I with the identity of that size."""

    letter: str
    size: int


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KnownOther(Known):
    """The same for the other layer."""

    claims = OtherWeights


def convolution_of(context: Context, letter: str) -> Conv:
    """The convolution among the two layers: the subject, or the one that has that matrix."""
    subject: Any = context.subject
    named = [claim for claim in context.cited if isinstance(claim, Weights) and claim.letter == letter]
    layer = subject if isinstance(subject, Conv) else named[0].layer if named else None
    if not isinstance(layer, Conv):
        raise Refuted(f"no cited step says that {letter} belongs to a convolution")
    return layer


def window(layer: Conv) -> tuple[Index, ...]:
    """What the entries of a kernel read in the first window."""
    return tuple(axis.position.substitute(axis.letters.output, number(0)) for axis in layer.read_map.axes)


def weight_number(layer: Conv) -> Index:
    """The row-major number of the input that kernel entry (a, u, ...) reads in the first window."""
    total = variable(layer.read_map.channels.letters.kernel) * prod(layer.input_size)
    for at, step in zip(window(layer), strides(layer.input_size), strict=True):
        total = total + at * step
    return total


@dataclass(frozen=True)
class OneWindow:
    """The kernel is as large as the input, so it fits once."""

    name = "window"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Window):
            raise Refuted("the claim is not about the one window")
        layer = convolution_of(context, after.letter)
        wanted = WEIGHT if layer is context.subject else after.letter
        compared = expect(getattr(before, "letter", None), wanted, "the cited step names another matrix")
        return compared + expect(after.reads, window(layer), "the window reads elsewhere")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Every input once, and no position beyond them."""
        if not isinstance(after, Window):
            raise Refuted("the claim is not about the one window")
        compared, layer = 0, convolution_of(context, after.letter)
        for axis, at in zip(layer.read_map.axes, after.reads, strict=True):
            compared += expect(axis.outputs, 1, "the kernel fits more than once")
            reads = [axis.fold(t) for u in range(axis.taps) if (t := at.at({axis.letters.kernel: u})) is not None]
            compared += expect(
                sorted(reads, key=repr), sorted(range(axis.inputs), key=repr), "not every input is read once"
            )
        return compared


@dataclass(frozen=True)
class Reshape:
    """The input that a kernel entry reads has a number, and that is the number of its weight."""

    name = "tensor"
    follows: ClassVar[None] = None  # the window, and the matrix of the convolution where that is not the layer

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Tensor) or not isinstance(before, Window):
            raise Refuted("the claim does not say which weight a kernel entry is")
        compared = expect(len(context.cited), 2, "it follows from the window and from whose it is")
        compared += expect(before.letter, after.letter, "the cited window is another convolution's")
        whose = WEIGHT if isinstance(context.subject, Conv) else after.letter  # of the convolution that has the window
        compared += expect(getattr(context.cited[1], "letter", None), whose, "the cited step names another matrix")
        layer = convolution_of(context, after.letter)
        return compared + expect(after.number, weight_number(layer), "the input has another number")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Tensor):
            raise Refuted("the claim does not say which weight a kernel entry is")
        layer = convolution_of(context, after.letter)
        numbers = list(relabelling(layer, after.number))
        return expect(sorted(numbers), list(range(prod(layer.kernel_shape))), "a weight is used twice or not at all")


def relabelling(layer: Conv, weight: Index) -> list[int]:
    """For each entry of the convolution's kernel, the number of its weight."""
    letters = [layer.read_map.channels.letters.kernel, *(axis.letters.kernel for axis in layer.read_map.axes)]
    places = [dict(zip(letters, at, strict=True)) for at in product(*map(range, layer.kernel_shape[1:]))]
    row = [at if (at := weight.at(env)) is not None else -1 for env in places]
    return [c * len(row) + at for c in range(layer.out_channels) for at in row]


@dataclass(frozen=True)
class Same:
    """Entry by entry the same."""

    name = "same"
    follows: ClassVar[None] = None  # the tensor, W and the other matrix

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, SameMatrix) or not isinstance(before, Tensor):
            raise Refuted("the claim is not that two matrices are the same")
        named = [claim.letter for claim in context.cited if isinstance(claim, Weights)]
        compared = expect(named, [WEIGHT, after.letter], "the cited steps are not those that say what the matrices are")
        compared += expect(len(context.cited), 3, "it follows from the tensor and from what the two matrices are")
        return compared + expect(before.letter, after.letter, "the kernel is another convolution's")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, SameMatrix) or not isinstance(before, Tensor):
            raise Refuted("the claim is not that two matrices are the same")
        return same(context.matrices, context.subject, convolution_of(context, after.letter), before)


def same(matrices: Mapping[str, LabelledMatrix], subject: Any, layer: Conv, said: Tensor) -> int:
    """Both matrices with the weights' numbers, row by row."""
    renamed = relabelling(layer, said.number)
    ours, theirs = matrices[WEIGHT], matrices[said.letter]
    convolution, full = (ours, theirs) if subject is layer else (theirs, ours)
    compared = expect(convolution.shape, full.shape, "the matrices have other shapes")
    for row, (left, right) in enumerate(zip(convolution.rows, full.rows, strict=True)):
        put = {column: tuple(sorted(renamed[u] for u in entry)) for column, entry in left.items()}
        compared += len(put)
        if put != dict(right):
            column = next(c for c in sorted({*put, *right}) if put.get(c) != right.get(c))
            raise Refuted("the matrices differ", row, column, put.get(column), right.get(column))
    return compared


@dataclass(frozen=True)
class ReadAlone:
    """The one entry of the kernel lies on the output's own place."""

    name = "alone"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Alone) or not isinstance(before, Weights):
            raise Refuted("the claim is not about what one entry reads")
        compared = expect(before.letter, WEIGHT, "the cited step names another matrix")
        for axis in context.subject.definition.read_map.axes:
            compared += expect(own(axis), variable(axis.letters.output), "an output reads another place")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        axes = context.subject.definition.read_map.axes
        for axis, table in zip(axes, context.table(WEIGHT)[-len(axes) :], strict=True):
            plain = table.relabelled(lambda _: 0)
            alone = Exact(tuple({i: {(0,): 1}} for i in range(axis.outputs)), axis.inputs)
            expect(plain, alone, f"W is another matrix along {axis.letters.output}")
        return sum(axis.outputs for axis in axes)


@dataclass(frozen=True)
class AtEachPosition:
    """The channels meet as in the fully connected layer, and the places as in the identity."""

    name = "positions"
    follows: ClassVar[Follows] = (("alone",), ("known",), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, EachPosition):
            raise Refuted("the claim is not about every position")
        named = [claim.letter for claim in context.cited if isinstance(claim, Weights)]
        return expect(named, [WEIGHT, after.letter], "the cited steps are not those that say what the matrices are")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, EachPosition):
            raise Refuted("the claim is not about every position")
        read_map = context.subject.definition.read_map
        (full,) = context.table(after.letter)
        channels = context.table(WEIGHT)[0] if read_map.shows_channels else Exact(({0: {(0,): 1}},), 1)
        expect(channels, full, "the channels meet otherwise")
        return int(full.nonzeros)


@dataclass(frozen=True)
class Kronecker:
    """The channel is the first index, so the number of an entry is its channel's, times the positions, plus its place's."""

    name = "kronecker"
    follows: ClassVar[Follows] = (("positions",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Blocks) or not isinstance(before, EachPosition):
            raise Refuted("the claim is not a Kronecker product")
        compared = expect(after.letter, before.letter, "the cited step is about another matrix")
        read_map = context.subject.definition.read_map
        for side in ("output", "input"):
            places = [(getattr(axis.letters, side), getattr(axis, f"{side}s")) for axis in read_map.axes]
            first = (getattr(read_map.channels.letters, side), getattr(read_map.channels, f"{side}s"))
            whole = variable(first[0]) * after.size + flattened(places)
            compared += expect(flattened([first, *places]), whole, f"the {side}s are numbered otherwise")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The Kronecker product, multiplied out, against W, while that is small; always that it has as many positions."""
        if not isinstance(after, Blocks):
            raise Refuted("the claim is not a Kronecker product")
        axes = context.subject.definition.read_map.axes
        compared = expect(after.size, prod(axis.outputs for axis in axes), "there are other positions")
        (full,) = context.table(after.letter)
        matrix = context.matrix(WEIGHT)
        if full.nonzeros * after.size <= PRODUCT_LIMIT:
            whole = full.kron(identity(after.size))
            for row, (left, right) in enumerate(zip(whole.rows, matrix.rows, strict=True)):
                found = {column: {tuple(entry): 1} for column, entry in right.items()}
                compared += expect(left, found, f"row {row} of W is not that of the Kronecker product")
        return compared


PRODUCT_LIMIT = 100_000
