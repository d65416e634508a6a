"""Fully connected layers as convolutions, in words."""

from __future__ import annotations

from typing import Any

from ..formula import Cases, Chain, Formula, Juxtapose, Sym, equals, position, times
from ..identities import NEW_KERNEL, Weights
from ..layers import Conv, Linear
from ..proof import Proof, Step
from ..steps.covering import (
    Alone,
    AtEachPosition,
    Blocks,
    EachPosition,
    Kronecker,
    OneWindow,
    OtherWeights,
    ReadAlone,
    Reshape,
    Same,
    SameMatrix,
    Tensor,
    Window,
)
from ..sums import INPUT, KERNEL, WEIGHT, Index, number, variable
from .blocks import Inline, words
from .described import described
from .setting import count_of
from .wording import Said, cited, claim_parts, matrix_entry, reason_parts

KERNELS = {"V": NEW_KERNEL, "Q": "λ"}
"""What the kernels of the other layers are called, by the letters of their matrices."""


def others(proof: Proof) -> dict[str, Any]:
    """The layers that the proof names beside its own, by the letters of their matrices."""
    named = [step.claim for step in proof.steps if isinstance(step.claim, Weights)]
    return {claim.letter: claim.layer for claim in named if claim.letter != WEIGHT}


def convolution(proof: Proof, letter: str) -> Any:
    """The convolution of the two layers."""
    return proof.layer if isinstance(proof.layer, Conv) else others(proof)[letter]


def statement(proof: Proof) -> tuple[Inline, ...]:
    """Which layers it is."""
    layer, found = proof.layer, others(proof)
    if isinstance(layer, Linear):
        (first, covering), *rest = found.items()
        text = words(
            "{}, where {} is the weight matrix of the convolution of an input of {} with a kernel of the same size, which covers all of it",
            equals(WEIGHT, first), first, _size(covering),
        )  # fmt: skip
        if rest:
            text += words(
                "; and {}, where {} is that of the convolution of a single position with {} channels and a kernel of one entry",
                equals(WEIGHT, rest[0][0]), rest[0][0], layer.in_features,
            )  # fmt: skip
        return (*text, ".")
    ((letter, full),) = found.items()
    if full.in_features == layer.in_channels and any(isinstance(step.claim, Blocks) for step in proof.steps):
        return words(
            "{}, where {} is the weight matrix of a fully connected layer from " + count_of(full.in_features, "input channel") + " to "
            + count_of(full.out_features, "output channel") + ": that one layer is applied at every position.",
            equals(WEIGHT, Chain("(x)", (letter, "I"))), letter,
        )  # fmt: skip
    return words(
        "{}: the kernel covers the whole input, and the layer is a fully connected one from {} to {} features.",
        equals(WEIGHT, letter), full.in_features, full.out_features,
    )  # fmt: skip


def _size(layer: Any) -> Formula:
    sizes = layer.input_size if layer.in_channels == 1 else (layer.in_channels, *layer.input_size)
    return times(tuple(sizes))


def _single(layer: Any, index: Index) -> Index:
    """An index with zero for the kernel letters that have no other value."""
    for axis in layer.read_map.axes:
        if axis.taps == 1:
            index = index.substitute(axis.letters.kernel, number(0))
    return index if layer.in_channels > 1 else index.substitute(layer.read_map.channels.letters.kernel, number(0))


def _kernel(layer: Any) -> tuple[Index, ...]:
    """The letters of a kernel entry within one output channel."""
    axes = [_single(layer, variable(axis.letters.kernel)) for axis in layer.read_map.axes]
    channel = [variable(layer.read_map.channels.letters.kernel)] if layer.in_channels > 1 else []
    return (*channel, *axes)


def _reads(layer: Any, reads: tuple[Index, ...]) -> Formula:
    """The input that a kernel entry reads."""
    channel = [variable(layer.read_map.channels.letters.kernel)] if layer.in_channels > 1 else []
    return Sym(INPUT, (*channel, *(_single(layer, each) for each in reads)))


def _entry(layer: Any, letter: str) -> Formula:
    """k_{c,a,u}, by the letters of the kernel's own tensor."""
    letters = layer.read_map.channels.letters
    both = (variable(letters.output), _single(layer, variable(letters.kernel))) if layer.read_map.shows_channels else ()
    axes = (_single(layer, variable(axis.letters.kernel)) for axis in layer.read_map.axes)
    return Sym(letter, (*both, *axes))


@claim_parts.register
def _(claim: OtherWeights, proof: Proof) -> Said:
    said = (*words("{} is the weight matrix of ", claim.letter), *described(claim.layer, proof.layer))
    if any(isinstance(step.claim, Blocks) for step in proof.steps):
        letters = proof.layer.read_map.channels.letters
        output = variable(letters.output) if proof.layer.out_channels > 1 else number(0)
        weight = Sym(NEW_KERNEL, (output, _single(proof.layer, variable(letters.kernel))))
        return (*said, *words(", with the weights {}.", equals(weight, _entry(proof.layer, KERNEL))))
    return (
        *said,
        *words(
            f"; its {'weights are' if isinstance(claim.layer, Linear) else 'kernel is'} called {{}}.",
            KERNELS[claim.letter],
        ),
    )


@claim_parts.register
def _(claim: Window, proof: Proof) -> Said:
    layer = convolution(proof, claim.letter)
    entries, reads = position(_kernel(layer)), _reads(layer, claim.reads)
    said = "has one window, and in it the kernel entries {} of an output channel lie on the inputs {}."
    if isinstance(proof.layer, Conv):
        return words(f"The convolution {said}", entries, reads)
    return words(f"The convolution with the matrix {{}} {said}", claim.letter, entries, reads)


@claim_parts.register
def _(claim: Tensor, proof: Proof) -> Said:
    layer = convolution(proof, claim.letter)
    c = variable(layer.read_map.channels.letters.output) if layer.out_channels > 1 else number(0)
    other = KERNELS[claim.letter]
    ours, theirs = (other, KERNEL) if isinstance(proof.layer, Linear) else (KERNEL, other)
    weight = Sym(theirs, (c, _single(layer, claim.number)))
    return words(
        "{}: the kernel holds the weights of an output in the shape of the input.", equals(_entry(layer, ours), weight)
    )


@claim_parts.register
def _(claim: SameMatrix, proof: Proof) -> Said:
    return words("{}.", equals(WEIGHT, claim.letter))


@claim_parts.register
def _(claim: Alone, proof: Proof) -> Said:
    several = len(proof.layer.read_map.axes) > 1
    return (
        ("Along every axis each" if several else "Each") + " output reads the input at its own place and no other.",
    )


@claim_parts.register
def _(claim: EachPosition, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    rows, columns = ([variable(getattr(line.letters, side)) for line in lines] for side in ("output", "input"))
    axes = proof.layer.read_map.axes
    same = [equals(variable(axis.letters.input), variable(axis.letters.output)) for axis in axes]
    condition = Chain("and", tuple(same)) if len(same) > 1 else same[0]
    channels = proof.layer.read_map.channels.letters
    entry = (
        (variable(channels.output), variable(channels.input))
        if proof.layer.read_map.shows_channels
        else (Index(), Index())
    )
    rule = Cases(((Sym(claim.letter, entry), condition), (0, "otherwise")))
    return words("{}.", equals(matrix_entry(WEIGHT, rows, columns), rule))


@claim_parts.register
def _(claim: Blocks, proof: Proof) -> Said:
    product = equals(WEIGHT, Chain("(x)", (claim.letter, "I")))
    bias = ", plus the bias in every column" if proof.layer.bias else ""
    return words(
        f"{{}}, with the identity of size {{}}. With a row for each channel and a column for each position this is {{}}{bias}.",
        product, claim.size, equals("Y", Juxtapose((claim.letter, "X"))),
    )  # fmt: skip


@reason_parts.register
def _(rule: OneWindow, step: Step, proof: Proof) -> Said:
    layer = convolution(proof, step.claim.letter)  # type: ignore[attr-defined]
    turned = ", the kernel reversed" if layer.flip_kernel and max(layer.kernel_size) > 1 else ""
    return (f"the kernel is as large as the input and there is no padding{turned}",)


@reason_parts.register
def _(rule: Reshape, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; the index on the right is the number of that input, row by row",)


@reason_parts.register
def _(rule: Same, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}, put into {' and '.join(map(cited, step.cites[1:]))}",)


@reason_parts.register
def _(rule: ReadAlone, step: Step, proof: Proof) -> Said:
    return ("the kernel has one entry, the stride is 1 and there is no padding",)


@reason_parts.register
def _(rule: AtEachPosition, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; of the channels every output reads every input, as in {cited(step.cites[2])}",)


@reason_parts.register
def _(rule: Kronecker, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; the channel is the first index when positions are flattened",)
