"""The kernel's and the bias' gradient in words."""

from __future__ import annotations

from typing import Any

from ..adjoint import leftover
from ..formula import Call, Derivative, Formula, Juxtapose, Power, Sigma, Sym, equals, position
from ..proof import Proof, Step
from ..readmap import ReadMap
from ..steps.differentiating import GRADIENT
from ..steps.differentiating_kernels import ByKernel, ChainKernel, DifferentiateKernel, KernelSum
from ..steps.input_matrix import INPUTS
from ..steps.kernel_gradients import (
    THEOREMS,
    BatchSum,
    ByTheorem,
    ColumnsProduct,
    Correlate,
    Correlated,
    InputsProduct,
    Named,
    SumBatch,
    UseColumns,
    UseInputs,
    exchange,
)
from ..sums import COLUMNS, KERNEL, Index, Span, number, variable
from .blocks import Inline, Reference, words
from .columns import COLUMN_RULE
from .described import described
from .gradients import LOSS, gradient_symbol, vector_of
from .input_matrix import INPUT_RULE
from .setting import count_of, listed
from .wording import Said, cited, claim_parts, output_symbol, reason_parts, without_single


def kernel_symbol(read_map: ReadMap) -> Sym:
    """k_{c,a,u}, by the letters of the definition."""
    indices = (without_single(index, read_map) for line in read_map.lines for index in line.kernel_index)
    return Sym(KERNEL, tuple(indices))


def read_symbol(layer: Any) -> Sym:
    """z_{e,s i + d u - P}: what a kernel entry multiplies."""
    read_map: ReadMap = layer.read_map
    return Sym(layer.definition.signal, tuple(without_single(line.position, read_map) for line in read_map.lines))


def sum_formula(layer: Any) -> Formula:
    """dL/dk_u = sum over the outputs of G_o z."""
    read_map: ReadMap = layer.read_map
    sigmas = [
        Sigma(Span(axis.letters.output, number(0), number(axis.outputs - 1)))
        for axis in read_map.axes
        if axis.outputs > 1
    ]
    term = (_single(gradient_symbol(read_map), read_map), _single(read_symbol(layer), read_map))
    return equals(Derivative(LOSS, kernel_symbol(read_map)), Juxtapose((*sigmas, *term)))


def _single(symbol: Sym, read_map: ReadMap) -> Sym:
    """The symbol with zero for the outputs that have no other value, over which no sum is printed."""
    indices = list(symbol.indices)
    for axis in read_map.axes:
        if axis.outputs == 1:
            indices = [each.substitute(axis.letters.output, number(0)) for each in indices if isinstance(each, Index)]
    return Sym(symbol.letter, tuple(indices))


def inputs_theorem() -> Formula:
    """vec(dL/dK) = U^T vec(G)."""
    return equals(vector_of("K"), Juxtapose((Power(INPUTS, "T"), Call("vec", GRADIENT))))


def columns_theorem() -> Formula:
    """dL/dK = G C^T."""
    return equals(Derivative(LOSS, "K"), Juxtapose((GRADIENT, Power(COLUMNS, "T"))))


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: ByKernel, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    left = Derivative(output_symbol(read_map), kernel_symbol(read_map))
    said = words("{}", equals(left, read_symbol(proof.layer)))
    if read_map.channels.outputs > 1:
        said += words(", and with respect to kernel entries that other output channels use the derivative is {}", 0)
    return (*said, ".")


@claim_parts.register
def _(claim: KernelSum, proof: Proof) -> Said:
    return words("{}.", sum_formula(proof.layer))


@claim_parts.register
def _(claim: Named, proof: Proof) -> Said:
    label = INPUT_RULE if claim.letter == INPUTS else COLUMN_RULE
    return (*words("The entries of {} are ", claim.letter), Reference(label), ".")


@claim_parts.register
def _(claim: InputsProduct, proof: Proof) -> Said:
    return words("{}.", inputs_theorem())


@claim_parts.register
def _(claim: ColumnsProduct, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    matrices = words(
        "{} and {} written as matrices with a row for each output channel: {}" if read_map.axes else "{} and {} written as matrices: {}",
        "K", GRADIENT, columns_theorem(),
    )  # fmt: skip
    groups = read_map.channels.groups
    if groups == 1:
        return (*matrices, ".")
    return (
        *matrices,
        " within each group, whose rows of the two matrices meet its own rows of ",
        *words("{}.", COLUMNS),
    )


@claim_parts.register
def _(claim: Correlated, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    kernel, signal = ("X", GRADIENT) if claim.exchanged else (GRADIENT, "X")
    lead, these, own = "The", "the", ""
    if read_map.shows_channels:
        lead = (
            "For an output channel and an input channel"
            + (" of its group" if read_map.channels.groups > 1 else "")
            + ", the"
        )
        these, own = "their", ", each in its own channel"
    turned = ", in the other order along every axis," if claim.turned else ""
    return (
        f"{lead} derivatives with respect to {these} kernel entries are the outputs{turned} of ",
        *described(claim.layer),
        *words(f", with {{}} for its kernel and {{}} for its input{own}.", kernel, signal),
    )


@claim_parts.register
def _(claim: BatchSum, proof: Proof) -> Said:
    return words(
        "For a batch, {} is the sum over its inputs of {}, each with its own {} and {}.",
        vector_of("K"), Juxtapose((Power(INPUTS, "T"), Call("vec", GRADIENT))), INPUTS, GRADIENT,
    )  # fmt: skip


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: DifferentiateKernel, step: Step, proof: Proof) -> Said:
    bias = "; the bias does not depend on the kernel" if proof.layer.bias else ""
    return (
        f"{cited(step.cites[0])}, term by term: the derivative of a kernel entry times what it reads is, with respect to that entry, "
        f"what it reads, and the entry is in no other term{bias}",
    )


@reason_parts.register
def _(rule: ChainKernel, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    derivative = Derivative(output_symbol(read_map), kernel_symbol(read_map))
    which = (
        "all outputs"
        if read_map.channels.outputs == 1
        else "all outputs, of which those of one channel use a kernel entry"
    )
    if not read_map.axes and read_map.channels.outputs > 1:
        which = "all outputs, of which one uses a kernel entry"
    return words(
        f"chain rule: the sum of {{}} over {which}; by {cited(step.cites[0])}",
        Juxtapose((gradient_symbol(read_map), derivative)),
    )


@reason_parts.register
def _(rule: ByTheorem, step: Step, proof: Proof) -> Said:
    return (f"theorem {THEOREMS[step.claim.letter]}",)  # type: ignore[attr-defined]


@reason_parts.register
def _(rule: UseInputs, step: Step, proof: Proof) -> Said:
    return words(
        f"{cited(step.cites[0])}: the column of a kernel entry holds, by {cited(step.cites[1])}, what it multiplies in every output; flattening"
    )


@reason_parts.register
def _(rule: UseColumns, step: Step, proof: Proof) -> Said:
    return words(
        f"{cited(step.cites[0])}: by {cited(step.cites[1])}, the row of {{}} that a kernel entry meets holds what it reads for every output",
        COLUMNS,
    )


@reason_parts.register
def _(rule: Correlate, step: Step, proof: Proof) -> Said:
    layer, claim = proof.layer, step.claim
    assert isinstance(claim, Correlated)  # noqa: S101 - the rule's own claim
    read_map: ReadMap = layer.read_map
    sides = [exchange(axis, own, claim) for axis, own in zip(read_map.axes, claim.layer.read_map.axes, strict=True)]
    parts: list[Inline] = [f"{cited(step.cites[0])}, where "]
    taps = position(tuple(variable(axis.letters.kernel) for axis in read_map.axes))
    outputs = position(tuple(variable(axis.letters.output) for axis in read_map.axes))
    if claim.exchanged:
        parts += words("the output {} is found from the input and the kernel entry {}: ", outputs, taps)
        solved = [equals(variable(a.letters.output), own.position.substitute(own.letters.kernel, variable(a.letters.input)).substitute(own.letters.output, variable(a.letters.kernel))) for a, own in zip(read_map.axes, claim.layer.read_map.axes, strict=True)]  # fmt: skip
        parts += words(", ".join("{}" for _ in solved), *solved)
    else:
        said = "in {} the kernel entry {} takes the place of the output, and the output {} that of the kernel entry"
        shown = [here for here, _ in sides]
        place: Formula = position(tuple(without_single(each, read_map) for each in shown))
        parts += words(said, place, taps, outputs)
    if {*layer.stride, *layer.dilation} != {1}:
        parts.append("; so stride and dilation are exchanged")
    dropped = [leftover(axis) for axis in read_map.axes] if not claim.exchanged else []
    if any(dropped):
        parts.append(
            "; at the end "
            + _crops(dropped)
            + ", which no window reads, "
            + ("is" if sum(dropped) == 1 else "are")
            + " cut off"
        )
    return tuple(parts)


def _crops(dropped: list[int]) -> str:
    if len(dropped) == 1:
        return count_of(dropped[0], "position")
    return listed(f"{count_of(each, 'position')} along axis {n}" for n, each in enumerate(dropped, 1) if each)


@reason_parts.register
def _(rule: SumBatch, step: Step, proof: Proof) -> Said:
    return (
        f"the kernel is the same for every input, so the derivatives of {cited(step.cites[1])} add up; {cited(step.cites[0])} for each",
    )
