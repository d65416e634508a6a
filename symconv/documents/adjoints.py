"""The transposed layer in words: which layer it is, which kernel it has, and for which kernels it is an inverse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..adjoint import Adjoint
from ..formula import Chain, Formula, Juxtapose, Power, Sym, Words, equals
from ..matrices import LabelledMatrix
from ..readmap import ReadMap
from ..steps.isometry import Equation, occurring
from ..sums import KERNEL, WEIGHT, number, variable
from .blocks import Block, Heading, Inline, Paragraph, words
from .setting import kernel_letters
from .weights import kernel_symbol

SHOWN_TERMS = 12
SHOWN_EQUATIONS, SHOWN_LENGTH, SHOWN_ALL = 6, 6, 24


def kernel_rule(pair: Adjoint) -> Formula | None:
    """Which entry of the layer's kernel stands where in the adjoint's; None where the tensors are the same."""
    if not (pair.exchanged or pair.reversed):
        return None
    read_map: ReadMap = pair.of.read_map
    axes = [variable(axis.letters.kernel) for axis in read_map.axes]
    own = [number(axis.taps - 1) - u if pair.reversed else u for axis, u in zip(read_map.axes, axes, strict=True)]
    here, there = list(kernel_letters(pair.of))[: -len(axes) or None], list(axes)
    if not read_map.shows_channels:
        return equals(Sym("k'", tuple(there)), Sym(KERNEL, tuple(own)))
    if not pair.exchanged:
        return equals(Sym("k'", (*here, *there)), Sym(KERNEL, (*here, *own)))
    if read_map.channels.groups == 1:
        return equals(Sym("k'", (*reversed(here), *there)), Sym(KERNEL, (*here, *own)))
    members, taps, g = read_map.channels.outputs // read_map.channels.groups, read_map.channels.taps, variable("g")
    outputs, inputs = variable("m"), variable("a")
    return equals(Sym("k'", (g * taps + inputs, outputs, *there)), Sym(KERNEL, (g * members + outputs, inputs, *own)))


def adjoint_blocks(layer: Any, pair: Adjoint) -> list[Block]:
    """Which layer has the transposed matrix, and why its parameters are what they are."""
    return [Heading(("The transposed layer",)), Paragraph(_why(layer, pair))]


def _why(layer: Any, pair: Adjoint) -> tuple[Inline, ...]:
    kind = type(layer).__name__
    if kind == "Linear":
        return words(
            "Transposed, every output becomes an input and every input an output: the same weights, with their two indices exchanged."
        )
    if kind == "ConvTranspose":
        extra = ", less the output padding," if any(layer.output_padding) else ""
        return words(
            f"Transposed, the outputs become the inputs. What is left is the convolution on an input of this layer's "
            f"output size, with the same stride{_and_dilation(layer)} and the same padding{extra} and the same kernel tensor: where a "
            "transposed convolution lays down copies of the kernel, it reads with the kernel from the same places."
        )
    text = ""
    copies: list[Formula] = []
    if pair.of is not layer:
        text = (
            f"With {layer.padding_mode} padding the layer is one without padding, after the 0/1 matrix {{}} that makes the padded "
            "input. Transposing turns the order around: first the transpose of that layer, then {}, which adds "
            "what comes back at a copy of an input to the input itself. "
        )
        copies = ["P", Power("P", "T")]
    if type(pair.layer).__name__ == "Conv":
        text += (
            "Transposed, the outputs become the inputs. The stride becomes the input dilation and the input dilation the "
            "stride, since the two stand on the two sides of one equation; the kernel is read the other way around; what "
            "the kernel reaches, less the padding, becomes the padding."
        )
        return words(text, *copies)
    text += (
        "Transposed, the outputs become the inputs, and the stride lies between them: a transposed convolution. Its size "
        "does not follow from the number of its inputs where the floor in the output size drops something: this is what "
        "its output padding restores."
        if any(pair.layer.output_padding)
        else "Transposed, the outputs become the inputs"
        + (", and the stride lies between them" if max(pair.layer.stride) > 1 else "")
        + ": a transposed convolution."
    )
    if pair.reversed:
        text += " It has no reversed kernel, so its tensor is reversed instead."
    return words(text, *copies)


def _and_dilation(layer: Any) -> str:
    return ", the same dilation" if max(layer.dilation) > 1 else ""


# W^T W --------------------------------------------------------------------------------------------


def quadratic(terms: Sequence[tuple[tuple[int, ...], int]], matrix: LabelledMatrix) -> Formula:
    """A polynomial in kernel entries; of a very long one the first terms."""
    parts = [_term(monomial, count, matrix) for monomial, count in terms if monomial]
    if len(parts) > SHOWN_TERMS:
        parts = [*parts[:SHOWN_TERMS], Words(f"… ({len(parts) - SHOWN_TERMS:,} more)")]
    return Chain("+", tuple(parts)) if len(parts) > 1 else parts[0] if parts else 0


def _term(monomial: tuple[int, ...], count: int, matrix: LabelledMatrix) -> Formula:
    u, v = (kernel_symbol(entry, matrix) for entry in monomial)
    product: tuple[Formula, ...] = (Power(u, 2),) if u == v else (u, v)
    factors = product if count == 1 else (count, *product)
    return Juxtapose(factors) if len(factors) > 1 else factors[0]


def _equation(each: Equation, matrix: LabelledMatrix) -> Formula:
    return equals(quadratic(each, matrix), -dict(each).get((), 0))


def kernels_parts(claim: Any, matrix: LabelledMatrix) -> tuple[Inline, ...]:
    """For which kernels the transpose is an inverse from the left: exactly what is shown."""
    product = equals(Juxtapose((Power(WEIGHT, "T"), WEIGHT)), "I")
    where = " over the integers, the rationals or the real numbers"
    if claim.why == "unread":
        return words("{} holds for no kernel at all.", product)
    if claim.why == "rank":
        return words(f"{{}} holds for no kernel{where}.", product)
    if claim.why == "many":
        return words(
            "{} holds for the kernels for which the columns of {} are orthonormal, and for no others.", product, WEIGHT
        )
    said = _equations_parts(claim.equations, matrix)
    if claim.why == "unsolved":
        return (*words("{} holds exactly for the kernels that satisfy ", product), *said, ".")
    lead = (*words("{} means ", product), *said, f";{where}")
    if not claim.solutions:
        return (*lead, " no kernel satisfies this.")
    options: list[Inline] = []
    for n, (entry, factor) in enumerate(claim.solutions[:SHOWN_TERMS]):
        symbol = kernel_symbol(entry, matrix)
        square = Power(symbol, 2) if factor == 1 else Juxtapose((factor, Power(symbol, 2)))
        options += [*([" or "] if n else []), *words("{}", equals(square, 1))]

    if len(claim.solutions) > SHOWN_TERMS:
        options.append(f", and so on for {len(claim.solutions)} of the entries")
    others = len(occurring(claim.equations)) > 1
    if not others:  # one entry, whose equation is its own solution
        return (*words(f"{{}} holds{where} exactly for the kernels with ", product), *options, ".")
    which = " and the other entries that occur in it zero."
    return (*lead, " this holds exactly for the kernels with ", *options, which)


def _equations_parts(given: Sequence[Equation], matrix: LabelledMatrix) -> tuple[Inline, ...]:
    if len(given) <= SHOWN_EQUATIONS and sum(map(len, given)) <= SHOWN_ALL:
        shown = [_equation(each, matrix) for each in given]
        return words(", ".join("{}" for _ in shown), *shown)
    short = [each for each in given if len(each) <= SHOWN_LENGTH][:3]
    shown = [_equation(each, matrix) for each in short]
    return words(
        f"{len(given)} equations of degree 2" + (", among them " + ", ".join("{}" for _ in shown) if shown else ""),
        *shown,
    )
