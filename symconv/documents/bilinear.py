"""Fast schemes in words and formulas: their points, their matrices, the reasons of each step, the counts."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import lcm, prod

from ..algebra.schemes import Number, Scheme, Table
from ..formula import (
    Cases,
    Chain,
    Formula,
    Juxtapose,
    Power,
    Sigma,
    Sym,
    Tuple,
    equals,
)
from ..proof import Proof, Step
from ..steps.bilinear import (
    Combine,
    Evaluate,
    Evaluated,
    Identity,
    Interpolate,
    Interpolated,
    Multiplied,
    Multiply,
    numbered_schemes,
)
from ..sums import Span, number, variable
from .blocks import Cell, Inline, Matrix, words
from .setting import count_of, listed, ordinal
from .wording import Said, cited, claim_parts, reason_parts

# Names --------------------------------------------------------------------------------------------


def transposed(name: str) -> Formula:
    """A^T."""
    return Power(name, "T")


def suffixes(proof: Proof) -> tuple[str, ...]:
    """For each axis, the number that its matrices bear: none where all axes share one scheme."""
    schemes = proof.steps[-1].claim.schemes  # type: ignore[attr-defined]
    numbers = dict(numbered_schemes(schemes))
    return tuple(numbers[f] for f in schemes)


def along(proof: Proof, points: tuple[Number, ...], sizes: tuple[int, int]) -> tuple[str, str]:
    """The words that open a scheme's steps, and the number that its matrices bear; both only where the axes differ."""
    schemes: tuple[Scheme, ...] = proof.steps[-1].claim.schemes  # type: ignore[attr-defined]
    same = [n for n, f in enumerate(schemes) if f.points == points and (f.outputs, f.taps) == sizes]
    if len(same) == len(schemes):
        return "Let ", ""
    return f"Along the {ordinal(same[0])} axis, let ", suffixes(proof)[same[0]]


def point_labels(points: tuple[Number, ...]) -> tuple[Formula, ...]:
    """The points, infinity last."""
    return (*map(Fraction, points), "∞")


def delta(value: Formula, condition: Formula) -> Formula:
    """value = 1 if the condition holds, 0 otherwise."""
    return equals(value, Cases(((1, condition), (0, "otherwise"))))


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: Evaluated, proof: Proof) -> Said:
    where, _ = along(proof, claim.points, (claim.sizes[0], claim.sizes[1]))
    sizes = sorted(set(claim.sizes))
    matrices = ", ".join("{}" for _ in sizes[:-1]) + " and {}" * (len(sizes) > 1) or "{}"
    start = words(
        f"{where}{matrices} evaluate polynomials with {matrices} coefficient" + "s" * (sizes != [1]),
        *(f"V{size}" for size in sizes), *sizes,
    )  # fmt: skip
    if sizes == [1]:
        return start + words(": at {}, the one point, a constant is its leading coefficient.", "∞")
    powers = (1, "α", Power("α", 2), "…")[: sizes[-1] if sizes[-1] < 4 else 4]
    last = Chain(",", {2: (0, 1), 3: (0, 0, 1)}.get(sizes[-1], (0, "…", 0, 1)))
    said = words(
        ": the row of a point {} is {}, and the last row, for {}, is {} and reads off the leading coefficient.",
        "α",
        Chain(",", powers),
        "∞",
        last,
    )
    return start + said


@claim_parts.register
def _(claim: Multiplied, proof: Proof) -> Said:
    size = claim.outputs + claim.taps - 1
    sides = (
        Juxtapose((f"V{size}", Tuple((Juxtapose(("a", "g")),)))),
        Chain("(.)", (Tuple((Juxtapose((f"V{claim.outputs}", "a")),)), Tuple((Juxtapose((f"V{claim.taps}", "g")),)))),
    )
    return words(
        f"If the polynomial {{}} has {count_of(claim.outputs, 'coefficient')} and {{}} has {claim.taps}, then {{}}, where {{}} multiplies entry by entry.",
        "a", "g", equals(*sides), Sym("⊙"),
    )  # fmt: skip


@claim_parts.register
def _(claim: Interpolated, proof: Proof) -> Said:
    size = len(claim.factors)
    suffix = _basis_number(claim, proof)
    quotient = Chain("/", (Sym(f"V{size}", ("l", "q")), Sym("f", ("l",))))
    value = Juxtapose((_over_points(size), Sym(f"B{suffix}", ("s", "l")), quotient))
    return words(
        f"A polynomial with {count_of(size, 'coefficient')} is determined by its {count_of(size, 'value')}: {{}}.",
        delta(value, equals("q", "s")),
    )


@claim_parts.register
def _(claim: Identity, proof: Proof) -> Said:
    f = claim.scheme
    _, n = along(proof, f.points, (f.outputs, f.taps))
    value = Juxtapose(
        (_over_points(f.size), Sym(f"A{n}", ("l", "h")), Sym(f"G{n}", ("l", "u")), Sym(f"B{n}", ("s", "l")))
    )
    return words("{}.", delta(value, equals("s", variable("h") + variable("u"))))


def _basis_number(claim: Interpolated, proof: Proof) -> str:
    """The number that the matrix B of a step bears: the schemes come in turn, and two can share the same B."""
    numbers = [n for _, n in numbered_schemes(proof.steps[-1].claim.schemes)]  # type: ignore[attr-defined]
    claims = [step.claim for step in proof.steps if isinstance(step.claim, Interpolated)]
    return next(n for n, each in zip(numbers, claims, strict=True) if each is claim)


def _over_points(size: int) -> Formula:
    return Sigma(Span("l", number(0), number(size - 1)))


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Evaluate, step: Step, proof: Proof) -> Said:
    return ("definition",)


@reason_parts.register
def _(rule: Multiply, step: Step, proof: Proof) -> Said:
    claim: Multiplied = step.claim  # type: ignore[assignment]
    if claim.outputs == claim.taps == 1:
        return ("the product of two constants",)
    power = equals(Juxtapose((Power("α", "h"), Power("α", "u"))), Power("α", variable("h") + variable("u")))
    return words("{}, and leading coefficients multiply", power)


@reason_parts.register
def _(rule: Interpolate, step: Step, proof: Proof) -> Said:
    claim: Interpolated = step.claim  # type: ignore[assignment]
    suffix = _basis_number(claim, proof)
    return words(
        "row {} of {} holds a polynomial that vanishes at every point but its own, where it is {}: {} in turn",
        "l", transposed(f"B{suffix}"), Sym("f", ("l",)), Chain(",", tuple(map(Fraction, claim.factors))),
    )  # fmt: skip


@reason_parts.register
def _(rule: Combine, step: Step, proof: Proof) -> Said:
    f: Scheme = step.claim.scheme  # type: ignore[attr-defined]
    _, n = along(proof, f.points, (f.outputs, f.taps))
    _, product_, back = step.cites
    powers = (Power("α", "h"), Power("α", "u"))
    return words(
        f"{cited(product_)} and {cited(back)} for {{}} and {{}}, whose product is {{}}; {{}}, and {{}} is {{}} with row {{}} divided by {{}}",
        equals("a", powers[0]), equals("g", powers[1]), Power("α", variable("h") + variable("u")),
        equals(f"A{n}", f"V{f.outputs}"), f"G{n}", f"V{f.taps}", "l", Sym("f", ("l",)),
    )  # fmt: skip


# Pieces of a page -------------------------------------------------------------------------------------


def points_chosen(f: Scheme, start: str) -> tuple[Inline, ...]:
    """The points, and what infinity is."""
    if not f.points:
        return words(start + " the one point {}, which stands for the leading coefficient.", "∞")
    listed = Chain(",", point_labels(f.points))
    return words(start + " {} points: {}, where {} stands for the leading coefficient.", f.size, listed, "∞")


def numbered_letters(letter: str, size: int) -> tuple[Formula, ...]:
    return tuple(Sym(letter, (number(n),)) for n in range(size))


def grid(table: Table, rows: tuple[Formula, ...], columns: tuple[Formula, ...], lead: tuple[Inline, ...]) -> Matrix:
    """A labelled matrix of numbers, under the words that say what it does."""
    cells = {
        (r, c): Cell(Fraction(value), None, str(value))
        for r, row in enumerate(table)
        for c, value in enumerate(row)
        if value
    }
    return Matrix(rows, columns, cells, 0, 0, lead)


def total(factors: tuple[int, ...]) -> Formula:
    return equals(Chain("dot", factors), prod(factors)) if len(factors) > 1 else factors[0]


def ring(schemes: Iterable[Scheme]) -> str:
    """Over which rings the matrices make sense: every denominator must have an inverse."""
    entries = (value for f in schemes for table in (f.values, f.kernel, f.basis) for row in table for value in row)
    common = lcm(*(Fraction(value).denominator for value in entries))
    if common == 1:
        return "every commutative ring"
    if common < 1_000:
        return f"every commutative ring in which {common} has an inverse"
    factors: list[int] = []
    for p in range(2, 1_000):  # a product has an inverse exactly if its factors have; larger primes stay together
        if common % p == 0:
            factors.append(p)
        while common % p == 0:
            common //= p
    factors += [common] if common > 1 else []
    have = "have inverses" if len(factors) > 1 else "has an inverse"
    return f"every commutative ring in which {listed(map(str, factors))} {have}"
