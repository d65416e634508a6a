"""The rules that lead to W^T = A: the same equation read from both sides, and what the floor drops."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from ..adjoint import Adjoint, adjoint, reads
from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import Known, Multiply, Weights
from ..readmap import Axis
from ..rules import Follows
from ..sizes import Put, normal
from ..sums import Index, number, variable
from .guide import I_, ROOM, TRANSPOSED, N, S


@dataclass(frozen=True)
class AdjointWeights(Weights):
    """The matrix of that letter is the layer's, with the entries of the first layer's kernel in the places of `labels`."""

    labels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Meeting:
    """Along each axis, the first pair says when the layer reads an input, the second when its adjoint does.

    Each is (where the window reads, the input's position); they are the same equation with its sides
    exchanged, up to the sign.
    """

    axes: tuple[tuple[tuple[Index, Index], tuple[Index, Index]], ...]


@dataclass(frozen=True)
class Dropped:
    """For each axis: positions of the padded input behind the first window, the stride, and what remains."""

    axes: tuple[tuple[int, int, int], ...]


def conv_axes(pair: Adjoint) -> tuple[Axis, ...]:
    """The axes of whichever of the two is the convolution whose floor drops something."""
    convolution = pair.layer if hasattr(pair.of, "output_padding") else pair.of
    axes: tuple[Axis, ...] = convolution.read_map.axes
    return axes


def dropped(pair: Adjoint) -> Dropped:
    """What lies behind the first window of the convolution, divided by its stride."""
    rows = []
    for axis in conv_axes(pair):
        room = axis.length + axis.low + axis.high - axis.dilation * (axis.taps - 1) - 1
        rows.append((room, axis.stride, room % axis.stride))
    return Dropped(tuple(rows))


def meeting(pair: Adjoint, layer: Any) -> Meeting:
    """Both equations, in the letters of the layer: i for its outputs, p for its inputs (f for padded positions)."""
    pairs = []
    for own, ours, theirs in zip(layer.read_map.axes, pair.of.read_map.axes, pair.layer.read_map.axes, strict=True):
        letters = ours.letters
        source = own.letters.padded if pair.of is not layer else letters.input
        i, p, u = variable(letters.output), variable(source), variable(letters.kernel)
        there = theirs.position
        if pair.reversed:
            there = there.substitute(letters.kernel, number(theirs.taps - 1) - u)
        there = there.substitute(letters.output, p)
        pairs.append(((ours.position, p * ours.scale), (there, i * theirs.scale)))
    return Meeting(tuple(pairs))


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KnownFor(Known):
    """The same for the adjoint: every entry of its kernel stands for exactly one of the layer's."""

    claims = AdjointWeights

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = super().shape(context, before, after)
        labels = adjoint(context.subject).labels
        return compared + expect(getattr(after, "labels", ()), labels, "the adjoint has another kernel")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = super().values(context, before, after)
        if not isinstance(after, AdjointWeights):
            raise Refuted("the claim does not say which kernel the adjoint has")
        for labels, line in zip(after.labels, after.layer.read_map.lines, strict=True):
            entries = list(range(prod(line.kernel_shape)))
            compared += expect(sorted(labels), entries, "an entry of the kernel is used twice or not at all")
        tables = context.table(after.letter)
        context.tables[after.letter] = tuple(
            table.relabelled(labels.__getitem__) for table, labels in zip(tables, after.labels, strict=True)
        )
        return compared


@dataclass(frozen=True)
class Exchange:
    """Input and output change places in the equation of what is read; both sides run forward, as definitions."""

    name = "exchange"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Meeting) or not isinstance(before, AdjointWeights):
            raise Refuted("the claim is not about what both layers read")
        pair = adjoint(context.subject)
        compared = expect(before.layer, pair.layer, "the cited step is about another layer")
        compared += expect(before.labels, pair.labels, "the cited step is about another kernel")
        compared += expect(after, meeting(pair, context.subject), "an equation is not what the layers read")
        for (here, source), (there, back) in after.axes:
            opposite = (there - back) * -1
            compared += expect(here - source, opposite, "the two equations differ")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared, pair = 0, adjoint(context.subject)
        pairs = zip(pair.of.read_map.lines, pair.layer.read_map.lines, pair.labels, strict=True)
        for ours, theirs, labels in pairs:
            forward = reads(ours)
            backward = {(i, labels[u], p): count for (p, u, i), count in reads(theirs).items()}
            for each in sorted(forward.keys() ^ backward.keys()):
                sides = ("read", "not read") if each in forward else ("not read", "read")
                raise Refuted(
                    "one layer reads what the other does not", f"{ours.letters.output}={each[0]}", each[2], *sides
                )
            compared += expect(backward, dict(forward), "the layers read differently often") * len(forward)
        return compared


@dataclass(frozen=True)
class Turn(Multiply):
    """W^T and the adjoint's matrix, both from their inverse tables, entry by entry."""

    held = True
    besides = (Meeting,)


@dataclass(frozen=True)
class Remainder:
    """What the floor drops at the end is what the output padding restores."""

    name = "remainder"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Dropped) or not isinstance(before, AdjointWeights):
            raise Refuted("the claim is not about what the floor drops")
        pair = adjoint(context.subject)
        compared = expect(before.layer, pair.layer, "the cited step is about another layer")
        # For all sizes: with that many positions dropped the transposed convolution has the size N again.
        restored = Put((("a", ROOM - S * (I_ - 1)),)).apply(TRANSPOSED.formula)
        compared += expect(normal(restored), normal(N), "the size of the transposed convolution is another")
        return compared + expect(after, dropped(pair), "the numbers are not those of the layer")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The last position that any window reads is that many before the end, and the sizes agree."""
        if not isinstance(after, Dropped):
            raise Refuted("the claim is not about what the floor drops")
        pair = adjoint(context.subject)
        of, layer = pair.of, pair.layer
        compared = expect(layer.output_shape, of.input_shape, "the adjoint has other outputs than the layer inputs")
        for n, (axis, (_, stride, rest)) in enumerate(zip(conv_axes(pair), after.axes, strict=True)):
            last = max(
                t for u in range(axis.taps)
                if (t := axis.position.at({axis.letters.output: axis.outputs - 1, axis.letters.kernel: u})) is not None
            )  # fmt: skip
            compared += expect(axis.padded_range[-1] - last, rest, "the last window ends elsewhere")
            compared += expect(0 <= rest < stride, True, "a remainder is less than the divisor")
            if hasattr(layer, "output_padding"):
                compared += expect(layer.output_padding[n], rest, "the output padding is another")
        return compared
