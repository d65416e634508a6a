"""Gradients in words: derivatives of the definition, the chain rule, and the layers that make gradients."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from ..adjoint import adjoint
from ..definition import constant, strides, weights
from ..expressions import Times
from ..form import Row
from ..formula import (
    Call,
    Chain,
    Derivative,
    Formula,
    Held,
    Juxtapose,
    Power,
    Sigma,
    Sym,
    Words,
    equals,
    held_set,
    plus,
    position,
)
from ..matrices import unravel
from ..proof import Proof, Step
from ..readmap import Channels, ReadMap
from ..steps.differentiating import (
    GRADIENT,
    ByInput,
    ChainInput,
    DifferentiateInput,
    ForOutput,
    InputSum,
    Reading,
    Solved,
    outside,
    readings,
    solved_terms,
)
from ..steps.input_gradients import ApplyLayer, ByLayer, EachRow, RowsOfGradient, TransposedProduct, TransposeSum
from ..sums import INPUT, KERNEL, WEIGHT, Factor, Index, number, variable
from .blocks import Block, Heading, Inline, Long, Paragraph, words
from .common import position_symbol
from .described import described
from .identities import expression
from .wording import Said, cited, claim_parts, output_symbol, reason_parts

LOSS = "L"


# Pieces -------------------------------------------------------------------------------------------


def gradient_symbol(read_map: ReadMap) -> Sym:
    """G_{c,i,j}."""
    return Sym(GRADIENT, output_symbol(read_map).indices)


def input_symbol(read_map: ReadMap) -> Sym:
    """x_{e,p,q}."""
    return Sym(INPUT, tuple(variable(line.letters.input) for line in read_map.lines))


def by_input(read_map: ReadMap) -> Formula:
    """dL/dx_{e,p,q}."""
    return Derivative(LOSS, input_symbol(read_map))


def vector_of(letter: str) -> Formula:
    """vec(dL/dX)."""
    return Call("vec", Derivative(LOSS, letter))


def about_the_gradient(layer: Any) -> list[Block]:
    """What L and G are."""
    read_map: ReadMap = layer.read_map
    text = words(
        "Let {} be a differentiable function of the output {}; over a commutative ring, where there are no limits, let it be a polynomial in "
        "its entries. Write {}. In training, {} is the loss, and {}, which has the shape of {}, comes to the layer from those after it.",
        LOSS, "Y", equals(gradient_symbol(read_map), Derivative(LOSS, output_symbol(read_map))), LOSS, GRADIENT, "Y",
    )  # fmt: skip
    return [Heading(("The gradient",)), Paragraph(text)]


def _tap(read_map: ReadMap, index: Index) -> Index:
    """An index with zero for the taps that have no other value."""
    for line in read_map.lines:
        if line.taps == 1:
            index = index.substitute(line.letters.kernel, number(0))
    return index


def term_weight(read_map: ReadMap, factors: Sequence[Sequence[Factor]]) -> list[Formula]:
    """The weight of a term: the constant, known coefficients, and the kernel entry."""
    together: dict[str, list[Formula]] = {}
    for each in factors:
        for factor in each:
            together.setdefault(factor.letter, []).extend(_tap(read_map, index) for index in factor.indices)
    known = Fraction(prod(constant(line) for line in read_map.lines))
    parts: list[Formula] = [known] if known != 1 else []
    return [
        *parts,
        *(Sym(letter, tuple(indices)) for letter, indices in sorted(together.items(), key=lambda e: e[0] == KERNEL)),
    ]


def condition(read_map: ReadMap, lines: Sequence[Reading]) -> Formula:
    """When an output reads an input with a tap, as equations."""
    parts: list[Formula] = []
    for line, reading in zip(read_map.lines, lines, strict=True):
        reads = _tap(read_map, reading.reads)
        if reading.held:
            parts.append(Chain("in", (reads, held_set(line.letters.input))))
        else:
            parts.append(equals(reads, reading.lies))
    return Chain("and", tuple(parts)) if len(parts) > 1 else parts[0]


def _taps(read_map: ReadMap) -> list[Formula]:
    """The letters of the taps that have more than one value."""
    return [variable(line.letters.kernel) for line in read_map.lines if line.taps > 1]


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: ByInput, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    weight = term_weight(read_map, [weights(line) for line in read_map.lines]) or [1]
    left = Derivative(output_symbol(read_map), input_symbol(read_map))
    over = _taps(read_map)
    said = Juxtapose(tuple(weight)) if len(weight) > 1 else weight[0]
    when = condition(read_map, claim.lines)
    if not over:
        return words("{} is {} where {}, and {} elsewhere.", left, said, when, 0)
    return words("{} is the sum of {} over all {} with {}.", left, said, position(tuple(over)), when)


@claim_parts.register
def _(claim: InputSum, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    weight = term_weight(read_map, [weights(line) for line in read_map.lines])
    over = [*(variable(line.letters.output) for line in read_map.lines), *_taps(read_map)]
    product = [*weight, gradient_symbol(read_map)]
    said = Juxtapose(tuple(product)) if len(product) > 1 else product[0]
    when = condition(read_map, claim.lines)
    listed = words(", ".join("{}" for _ in over), *over)
    return (*words("{} is the sum of {} over all ", by_input(read_map), said), *listed, *words(" with {}.", when))


@claim_parts.register
def _(claim: Solved, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    sigmas: list[Formula] = []
    outputs: list[Formula] = []
    factors: list[tuple[Factor, ...]] = []
    for line, found in zip(read_map.lines, claim.lines, strict=True):
        if found.held:
            sigmas.append(Sigma(Held(line.letters.padded, line.letters.input)))
        single, output, own = found.span.single, found.output, found.weights
        if single is None:
            sigmas.append(Sigma(found.span))
        else:
            output = output.substitute(found.span.name, single)
            own = tuple(factor.substitute(found.span.name, single) for factor in own)
        outputs.append(output)
        factors.append(own)
    term = [*term_weight(read_map, factors), Sym(GRADIENT, tuple(outputs))]
    return words("{}.", equals(by_input(read_map), Juxtapose((*sigmas, *term))))


@claim_parts.register
def _(claim: TransposedProduct, proof: Proof) -> Said:
    return words("{}.", input_theorem())


def input_theorem() -> Formula:
    """vec(dL/dX) = W^T vec(G)."""
    return equals(vector_of("X"), Juxtapose((Power(WEIGHT, "T"), Call("vec", GRADIENT))))


@claim_parts.register
def _(claim: ByLayer, proof: Proof) -> Said:
    right = expression(claim.right)
    both = equals(vector_of("X"), Juxtapose((right, Call("vec", GRADIENT))))
    return (*words("{}: ", both), *as_layer(claim, proof), ".")


def as_layer(claim: ByLayer, proof: Proof) -> tuple[Inline, ...]:
    """What makes the gradient, in words."""
    kind = described(claim.layer, proof.layer)
    if not isinstance(claim.right, Times):
        return (
            "the input gradient is ",
            *kind,
            *words("; its weight matrix is {}, and it is applied to {}", "A", GRADIENT),
        )
    return (
        *kind,
        *words(
            ", whose weight matrix is {}, applied to {} gives the gradient of the padded input, and {} adds up what comes back at the "
            "copies of each input",
            "A", GRADIENT, Power("P", "T"),
        ),
    )  # fmt: skip


@claim_parts.register
def _(claim: RowsOfGradient, proof: Proof) -> Said:
    product = equals(Derivative(LOSS, "X"), Juxtapose((GRADIENT, WEIGHT)))
    return words(
        "For a batch, one input in each row of {} and its {} in the same row of {}: {}.", "X", Call("vec", GRADIENT), GRADIENT, product
    )  # fmt: skip


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: DifferentiateInput, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    signal = proof.layer.definition.signal
    weight = "coefficient" if not read_map.kernel else "kernel entry"
    said = f"{cited(step.cites[0])}, term by term: the derivative of a {weight} times {{}} with respect to {{}} is the {weight}"
    bias = "; the bias does not depend on the input" if proof.layer.bias else ""
    if not term_weight(read_map, [weights(line) for line in read_map.lines]):
        return words(f"{cited(step.cites[0])}; the derivative of {{}} is {{}} with respect to itself", INPUT, 1)
    if not read_map.padded:
        return words(f"{said}{bias}", input_symbol(read_map), input_symbol(read_map))
    zeros = any(line.fold(t) is None for line in read_map.lines for t in line.padded_range)
    nothing = " or a zero" if zeros else ""
    return words(
        f"{cited(step.cites[0])}, term by term: the derivative of a {weight} times an entry of {{}} is the {weight} where that entry is {{}}, "
        f"and {{}} where it is another input{nothing}{bias}",
        signal, input_symbol(read_map), 0,
    )  # fmt: skip


@reason_parts.register
def _(rule: ChainInput, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    derivative = Derivative(output_symbol(read_map), input_symbol(read_map))
    product = Juxtapose((gradient_symbol(read_map), derivative))
    return words(f"chain rule: the sum of {{}} over all outputs; by {cited(step.cites[0])}", product)


@reason_parts.register
def _(rule: ForOutput, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    claim: Solved = step.claim  # type: ignore[assignment]
    solved = [
        equals(variable(line.letters.output), _tap(read_map, found.output))
        for line, found in zip(read_map.lines, claim.lines, strict=True)
        if not isinstance(line, Channels)
    ]
    broken = beyond = False
    for line, found in zip(read_map.lines, claim.lines, strict=True):
        one, other = outside(line, found)
        broken, beyond = broken | one, beyond | other
    parts: list[Inline] = [f"{cited(step.cites[0])}, "]
    if solved:
        parts += words(
            "the equations solved for the output: " if len(solved) > 1 else "the equation solved for the output: "
        )
        parts += words(", ".join("{}" for _ in solved), *solved)
    else:
        parts += words("for each output the term with {}", condition(read_map, readings(read_map)))
    if broken or beyond:
        why = " or ".join([*(["is not an integer"] if broken else []), *(["lies outside its range"] if beyond else [])])
        parts += words(f"; a {{}} whose index {why} is no output, and counts as {{}}", GRADIENT, 0)
    channels = read_map.channels
    if read_map.shows_channels and read_map.kernel and channels.groups > 1:
        parts.append("; only the output channels of its own group read an input channel")
    elif read_map.shows_channels and not read_map.kernel:
        parts.append("; an output channel reads the input channel of its own number")
    return tuple(parts)


@reason_parts.register
def _(rule: TransposeSum, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    derivative = Derivative(output_symbol(read_map), input_symbol(read_map))
    return words(
        f"{cited(step.cites[0])}: what {{}} is multiplied with is the entry of {{}} that {cited(step.cites[1])} gives, so {{}} is that entry; flattening",
        gradient_symbol(read_map), WEIGHT, derivative,
    )  # fmt: skip


@reason_parts.register
def _(rule: ApplyLayer, step: Step, proof: Proof) -> Said:
    pair = adjoint(proof.layer)
    product, solved, whole, *rest = map(cited, step.cites)
    size = f", and it has as many outputs as there are inputs by {rest[0]}" if rest else ""
    if pair.of is not proof.layer:
        size = f", and it has as many outputs as the padded input has entries by {rest[0]}" if rest else ""
    return (f"{product} and {whole}; its own definition, run on G, has the terms of {solved}{size}",)


@reason_parts.register
def _(rule: EachRow, step: Step, proof: Proof) -> Said:
    return words(
        f"every input has its own outputs, so {cited(step.cites[0])} holds for each; {{}}, transposed", input_theorem()
    )


# Written out --------------------------------------------------------------------------------------

SHOWN_INPUTS, SHOWN_TERMS = 4, 12


def written_out(proof: Proof) -> list[Block]:
    """The derivatives by a few inputs in full, from the solved sum: the first, one with the most terms, and the last."""
    claims = [step.claim for step in proof.steps if isinstance(step.claim, Solved)]
    if not claims:
        return []
    lines = proof.layer.read_map.lines
    found = [solved_terms(line, each) for line, each in zip(lines, claims[0].lines, strict=True)]
    sizes = [line.inputs for line in lines]
    every = prod(sizes)
    most = _flat([max(range(len(each)), key=lambda n, each=each: len(each[n])) for each in found], sizes)  # type: ignore[misc]
    flat = range(every) if every <= SHOWN_INPUTS else sorted({0, most, every - 1})
    blocks: list[Block] = [Heading(("Written out",)), Paragraph(("From the solved sum, term by term:",))]
    for at in flat:
        p = unravel(at, sizes)
        left = Derivative(LOSS, position_symbol(INPUT, p))
        terms = _products([each[n] for each, n in zip(found, p, strict=True)], proof)
        dots = [Words(f"… ({len(terms) - SHOWN_TERMS:,} more)")] if len(terms) > SHOWN_TERMS else []
        blocks.append(Long(equals(left, plus(*(terms[:SHOWN_TERMS] or [0]), *dots))))
    return blocks


def _flat(at: Sequence[int], sizes: Sequence[int]) -> int:
    return sum(n * step for n, step in zip(at, strides(sizes), strict=True))


def _products(rows: Sequence[Row], proof: Proof) -> list[Formula]:
    """The terms of a derivative: one for every choice of a term along each line."""
    lines = proof.layer.read_map.lines
    terms: list[Formula] = []
    for chosen in product(*(sorted(row.items(), key=lambda item: (item[0][1], item[0][0])) for row in rows)):
        factor = Fraction(prod(c for _, c in chosen))
        gradient = position_symbol(GRADIENT, tuple(term[1] for term, _ in chosen))  # type: ignore[misc]
        kernel = tuple(
            n
            for (term, _), line in zip(chosen, lines, strict=True)
            if line.kernel_shape
            for n in unravel(term[0], line.kernel_shape)  # type: ignore[arg-type]
        )
        parts: list[Formula] = [factor] if factor != 1 else []
        parts += [position_symbol(KERNEL, kernel)] if kernel else []
        terms.append(Juxtapose((*parts, gradient)) if parts else gradient)
    return terms
