"""Averaging in words: the divisors, two entries that differ, and the maximum."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from ..formula import Formula, Juxtapose, Sym, equals, position
from ..identities import Diagonal
from ..proof import Proof, Step
from ..steps.averaging import DIVIDES, Compare, Count, Maximum, NotLinear, Scale, Unequal, constant
from ..sums import WEIGHT, number, variable
from .blocks import words
from .common import position_symbol
from .wording import Said, cited, claim_parts, matrix_entry, reason_parts


@claim_parts.register
def _(claim: Diagonal, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    outputs: list[Formula] = [variable(line.letters.output) for line in lines]
    value = Fraction(prod(entries_[0] for line, entries_ in zip(lines, claim.lines, strict=True) if constant(line)))
    factors: list[Formula] = [value] if value != 1 or all(map(constant, lines)) else []
    factors += [Sym(line.letters.coefficient, line.coefficient_index or ()) for line in lines if not constant(line)]
    entry = equals(matrix_entry(claim.letter, outputs, outputs), Juxtapose(tuple(factors)))
    return words("{} is diagonal: {}, and every other entry is zero.", claim.letter, entry)


@reason_parts.register
def _(rule: Count, step: Step, proof: Proof) -> Said:
    if proof.layer.divisor_override is not None:
        return ("the number that replaces the count",)
    return ("the positions of each window that count, counted one by one",)


@reason_parts.register
def _(rule: Scale, step: Step, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    names = [variable(span.name) for span in step.claim.inner[0]]  # type: ignore[attr-defined]
    outputs = [variable(line.letters.output) for line in lines]
    return words(
        "{} is diagonal, so only the term with {} is not zero",
        DIVIDES, equals(position(tuple(names)), position(tuple(outputs))),
    )  # fmt: skip


@claim_parts.register
def _(claim: Unequal, proof: Proof) -> Said:
    shown = []
    for (row, column), value in zip(claim.witnesses, claim.values, strict=True):
        shown.append(equals(matrix_entry(WEIGHT, [number(n) for n in row], [number(n) for n in column]), value))
    said = (
        "{} and {}, which differ. With a constant kernel and zeros beyond the border all entries that are not zero would "
        "be the same number, so no such convolution is this layer."
    )
    return words(said, *shown)


@reason_parts.register
def _(rule: Compare, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; two outputs that divide by different numbers",)


@claim_parts.register
def _(claim: NotLinear, proof: Proof) -> Said:
    output, one, other = claim.witnesses
    unit = "let {} be {} in the place of {} and {} elsewhere"
    first, second = position_symbol("x", one), position_symbol("x", other)
    return words(
        "With the maximum in place of the average the layer would not be linear. " + unit.capitalize() + ", and "
        + unit + ". In the window of {} the maximum of {} is {}, that of {} is {}, and that of {} is {} and not {}.",
        "A", 1, first, 0, "B", 1, second, 0, position_symbol("y", output), "A", 1, "B", 1, "A + B", 1, 2,
    )  # fmt: skip


@reason_parts.register
def _(rule: Maximum, step: Step, proof: Proof) -> Said:
    return (
        "all three maxima taken; a matrix product of a sum is the sum of the products, so no matrix computes the maximum",
    )
