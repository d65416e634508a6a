"""Counting windows in words: what each step of the derivation of the output size says."""

from __future__ import annotations

from typing import Any

from ..formula import Chain, Formula, equals
from ..proof import Proof, Step
from ..sizes import Size, floor
from ..steps.counting import (
    Case,
    Compare,
    Count,
    Derive,
    Divide,
    Division,
    Ends,
    Evaluate,
    Fits,
    General,
    J,
    Numbers,
    Place,
    Q,
    R,
    Rearrange,
    Sign,
    Window,
    put_in,
)
from ..steps.guide import LOW, TRANSPOSED, K, Relationship, S
from ..sums import variable
from .blocks import Inline, words
from .setting import is_transposed, listed
from .size_formulas import shown
from .wording import Said, cited, claim_parts, reason_parts


@claim_parts.register
def _(claim: Window, proof: Proof) -> Said:
    return words(
        "Entry {} of window {} lies at position {}, and the padded input runs from {} to {}.",
        variable("u"), variable("j"), shown(claim.position), shown(claim.first), shown(claim.last),
    )  # fmt: skip


@claim_parts.register
def _(claim: Fits, proof: Proof) -> Said:
    return words("Window {} fits exactly when {}.", variable("j"), Chain("<=", (shown(claim.left), shown(claim.right))))


@claim_parts.register
def _(claim: Division, proof: Proof) -> Said:
    return words(
        "Let {}. Then {} with {}.",
        equals(shown(Q), shown(floor(claim.dividend, S))),
        equals(shown(claim.dividend), shown(S * Q + R)),
        Chain("<=", (0, "r", shown(S - 1))),
    )


@claim_parts.register
def _(claim: Sign, proof: Proof) -> Said:
    total = shown(claim.certificate.total())
    if claim.fits:
        return words(
            "If {}, window {} fits: {}.", _at_most(J, Q), "j", Chain(">=", (equals(shown(S * Q + R - S * J), total), 0))
        )
    return words(
        "If {}, it does not: {}.",
        Chain(">=", ("j", shown(Q + 1))),
        Chain(">=", (equals(shown(S * J - (S * Q + R) - 1), total), 0)),
    )


def _at_most(left: Size, right: Size) -> Formula:
    return Chain("<=", (shown(left), shown(right)))


@claim_parts.register
def _(claim: General, proof: Proof) -> Said:
    return words(
        "So the windows that fit are {}, and {}.", Chain(",", (0, "…", "q")), equals("o", shown(claim.formula))
    )


@claim_parts.register
def _(claim: Case, proof: Proof) -> Said:
    each = claim.relationship
    transposed = bool(each.back) or each is TRANSPOSED
    lead = f"Relationship {each.number}" if each.number else "With the layer's own stride and padding for {}, {} and {}"
    own = () if each.number else ("s", "low", "high")
    parts = words(f"{lead}: {{}}.", *own, equals("o'" if transposed else "o", *(shown(link.to) for link in each.links)))
    if each.back:
        parts += words(
            " The convolution that it belongs to takes {} back to {}: {}.",
            "o'", "i'", equals(*(shown(link.to) for link in each.back)),
        )  # fmt: skip
    return parts


@claim_parts.register
def _(claim: Numbers, proof: Proof) -> Said:
    same = len(set(claim.axes)) == 1
    parts: list[Any] = []
    for n, (sizes, outputs) in enumerate(claim.axes[: 1 if same else None], 1):
        several = "every axis" if same and len(claim.axes) > 1 else f"axis {n}" if len(claim.axes) > 1 else ""
        lead = f"Along {several}, " if several and n == 1 else f"Along {several}, " if several else "Here "
        put = Chain(",", tuple(equals(name, number) for name, number in sizes))
        parts += [*(" " if n > 1 else ""), *words(f"{lead}{{}}: {{}}.", put, equals("o", outputs))]
    return tuple(parts)


@reason_parts.register
def _(rule: Place, step: Step, proof: Proof) -> Said:
    reversed_ = any(axis.flip for axis in proof.layer.read_map.axes)
    return ("the definition of the layer" + (", its kernel entries counted along the signal" if reversed_ else ""),)


@reason_parts.register
def _(rule: Ends, step: Step, proof: Proof) -> Said:
    return words(
        "the positions rise with {}, and the first, {}, is never before the padded input; so only the last entry, {}, can leave it",
        "u", shown(S * J - LOW), equals("u", shown(K - 1)),
    )  # fmt: skip


@reason_parts.register
def _(rule: Rearrange, step: Step, proof: Proof) -> Said:
    return ("the same inequality, with its terms on other sides",)


@reason_parts.register
def _(rule: Divide, step: Step, proof: Proof) -> Said:
    return ("division with remainder, which is what the floor means",)


@reason_parts.register
def _(rule: Compare, step: Step, proof: Proof) -> Said:
    at, divided = (cited(number) for number in step.cites)
    if step.claim.fits:  # type: ignore[attr-defined]
        return (f"{at} and {divided}; neither summand is negative",)
    return words(f"{at} and {divided}; neither summand is negative, so {{}}", _at_most(S * Q + R + 1, S * J))


@reason_parts.register
def _(rule: Count, step: Step, proof: Proof) -> Said:
    return words(
        "{} is not negative, since with {} also {} would be, and the kernel fits; the numbers from {} to {} are {}",
        "q", "q", shown(S * Q + R), 0, "q", shown(Q + 1),
    )  # fmt: skip


@reason_parts.register
def _(rule: Derive, step: Step, proof: Proof) -> Said:
    relationship: Relationship = step.claim.relationship  # type: ignore[attr-defined]
    put = dict(put_in(relationship.links[0]).values)
    stretched = relationship.kind.startswith("transposed")
    given = [(shown(size), name) for name, size in put.items() if shown(size) != name]
    lead = cited(step.cites[0]) + (" of the convolution that computes it, with " if stretched else " with ")
    lead += listed("{} for {}" for _ in given)
    ends = []
    moves = [type(link.move).__name__ for link in (*relationship.links, *relationship.back)]
    if "ByOne" in moves:
        ends.append("dividing by 1 changes nothing")
    if "TakeOut" in moves:
        ends.append("a whole multiple of the divisor comes out of the floor")
    if "Vanish" in moves:
        ends.append("the floor of what is less than the divisor is 0")
    return words(lead + "".join(f"; {end}" for end in ends), *(part for pair in given for part in pair))


@reason_parts.register
def _(rule: Evaluate, step: Step, proof: Proof) -> Said:
    return (f"{cited(7)} with these numbers",)


def letters(layer: Any) -> tuple[Inline, ...]:
    transposed = is_transposed(layer)
    inserted = any(axis.scale > 1 for axis in layer.read_map.axes)
    parts = words(
        "Along each axis the output has one entry for each window, that is for each position of the kernel at which it "
        "lies on the padded input altogether. Let {} be the length of the input"
        + (" with the zeros between its entries" if inserted else "")
        + ", {} and {} what is added before and after it (cut off where negative), {} the size of the kernel, {} its dilation and {} the "
        "stride. Windows and positions are counted from {}, position {} being the first input. ",
        "N", "low", "high", "k", "d", "s", 0, 0,
    )  # fmt: skip
    if transposed:
        parts += words(
            "A transposed convolution is, in these words, a convolution with stride {} of its input with {} zeros between "
            "neighbours, where {} is its own stride. ",
            1, shown(S - 1), "s",
        )  # fmt: skip
    return parts
