"""The rank of a weight matrix in words: minors, covers, null vectors and exceptional kernels."""

from __future__ import annotations

from itertools import groupby

from ..algebra.elimination import PRIME, Lines
from ..algebra.linear import Entry
from ..formula import Chain, Formula, Group, Juxtapose, Power, Sym, equals
from ..matrices import LabelledMatrix
from ..proof import Proof, Step
from ..steps.ranks import Annihilate, AtLeast, AtMost, Cover, Drop, Exceptional, GenericRank, Minor, NullSpace, Squeeze
from ..sums import KERNEL, WEIGHT, number
from .blocks import words
from .setting import count_of, listed
from .weights import kernel_symbol
from .wording import Said, cited, claim_parts, reason_parts


def _runs(lines: Lines) -> str:
    """0 to 3, 7 and 9 to 12."""
    runs: list[str] = []
    for _, group in groupby(enumerate(sorted(lines)), key=lambda pair: pair[1] - pair[0]):
        run = [line for _, line in group]
        runs += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else list(map(str, run))
    if len(runs) > 6:
        return ", ".join(runs[:4]) + f", and so on to {runs[-1]}"
    return listed(runs)


def _numbered(noun: str, lines: Lines) -> str:
    return f"{noun} {lines[0]}" if len(lines) == 1 else f"{noun}s {_runs(lines)}"


@claim_parts.register
def _(claim: AtLeast, proof: Proof) -> Said:
    rows, columns, point = claim.witnesses
    shown: tuple[Formula, ...] = point if len(point) <= 12 else (*point[:10], "…")
    kernel: Formula = Group(Chain(",", shown)) if len(point) > 1 else point[0]
    where = f"the minor of {{}} with {_numbered('row', rows)} and {_numbered('column', columns)} is not zero"
    said = f"For {{}} = {{}}, {where}: the rank is at least {claim.rank:,}."
    return words(said, KERNEL, kernel, WEIGHT)


@reason_parts.register
def _(rule: Minor, step: Step, proof: Proof) -> Said:
    order = "" if len(proof.matrices[WEIGHT].kernel_shape) == 1 else "kernel entries in row-major order; "
    return (f"{order}eliminated modulo the prime {PRIME:,}: so this minor is not the zero polynomial",)


@claim_parts.register
def _(claim: AtMost, proof: Proof) -> Said:
    rows, columns = claim.witnesses
    height, width = proof.matrices[WEIGHT].shape
    if not columns:
        which = "" if len(rows) == height else " that are different and not zero"
        which = " that is not zero" if which and len(rows) == 1 else which
        return (*words("{} has ", WEIGHT), f"{count_of(len(rows), 'row')}{which}: the rank is at most {claim.rank:,}.")
    if not rows:
        which = "" if len(columns) == width else " that are different and not zero"
        which = " that is not zero" if which and len(columns) == 1 else which
        return (
            *words("{} has ", WEIGHT),
            f"{count_of(len(columns), 'column')}{which}: the rank is at most {claim.rank:,}.",
        )
    both = f"{_numbered('row', rows)} and {_numbered('column', columns)}"
    return (
        both[:1].upper() + both[1:],
        *words(" hold every entry of {} that is not zero", WEIGHT),
        f": the rank is at most {claim.rank:,}.",
    )


@reason_parts.register
def _(rule: Cover, step: Step, proof: Proof) -> Said:
    claim = step.claim
    if isinstance(claim, AtMost) and all(claim.witnesses):
        return ("each row and each column adds at most one to the rank, and equal ones count once",)
    if claim.rank < min(proof.matrices[WEIGHT].shape):  # type: ignore[attr-defined]
        return ("zero rows and columns add nothing to the rank, and equal ones count once",)
    return ("no matrix has a larger rank than it has rows or columns",)


def polynomial(entry: Entry, matrix: LabelledMatrix) -> Formula:
    """k_0^2 - k_1 k_2."""
    ordered = sorted(entry.items(), key=lambda term: (term[1] < 0, term[0]))
    terms = [_term(monomial, abs(coefficient), matrix) for monomial, coefficient in ordered]
    plus_ = sum(coefficient > 0 for coefficient in entry.values())
    if not plus_:
        return Chain("-", ("", *terms))
    positive: Formula = Chain("+", tuple(terms[:plus_])) if plus_ > 1 else terms[0]
    return Chain("-", (positive, *terms[plus_:])) if terms[plus_:] else positive


def _term(monomial: tuple[int, ...], coefficient: int, matrix: LabelledMatrix) -> Formula:
    powers = [(kernel_symbol(u, matrix), len(list(group))) for u, group in groupby(monomial)]
    factors = [symbol if power == 1 else Power(symbol, power) for symbol, power in powers]
    if coefficient != 1 or not factors:
        factors.insert(0, int(coefficient))
    return factors[0] if len(factors) == 1 else Juxtapose(tuple(factors))


@claim_parts.register
def _(claim: NullSpace, proof: Proof) -> Said:
    matrix = proof.matrices[WEIGHT]
    vectors = claim.witnesses.transpose()
    shown: list[Formula] = []
    for n, row in enumerate(vectors.rows, 1):
        cells = tuple(polynomial(row[c], matrix) if c in row else 0 for c in range(vectors.width))
        name = Sym("v", (number(n),)) if claim.dimension > 1 else "v"
        shown.append(equals(name, Group(Chain(",", cells)) if len(cells) > 1 else cells[0]))
    if claim.dimension == 1:
        return words(
            "{} for {}: the rank is at most {}.", equals(Juxtapose((WEIGHT, "v")), 0), *shown, vectors.width - 1
        )
    independent = f" for the {claim.dimension} independent vectors "
    rest = vectors.width - claim.dimension
    listed_ = words(", ".join("{}" for _ in shown), *shown)
    product = equals(Juxtapose((WEIGHT, Sym("v", ("n",)))), 0)
    return (*words("{}", product), independent, *listed_, f": the rank is at most {rest:,}.")


@reason_parts.register
def _(rule: Annihilate, step: Step, proof: Proof) -> Said:
    several = isinstance(step.claim, NullSpace) and step.claim.dimension > 1
    return ("multiplied out" + ("; each vector has an index at which it alone is not zero" if several else ""),)


@claim_parts.register
def _(claim: GenericRank, proof: Proof) -> Said:
    matrix = proof.matrices[WEIGHT]
    width = matrix.shape[1]
    if claim.lowest < claim.highest:
        said = f"has a rank between {claim.lowest:,} and {claim.highest:,} for almost every kernel; which one was not decided."
        return (*words("{} ", WEIGHT), said)
    full = ", full rank" if claim.lowest == min(matrix.shape) else ""
    null = f"; its null space has dimension {width - claim.lowest:,}" if claim.lowest < width else ""
    return (*words("{} ", WEIGHT), f"has rank {claim.lowest:,} for almost every kernel{full}{null}.")


@reason_parts.register
def _(rule: Squeeze, step: Step, proof: Proof) -> Said:
    names = listed(map(cited, step.cites))
    claim = step.claim
    if isinstance(claim, GenericRank) and claim.lowest < claim.highest:
        return (names,)
    return (f"{names}; a polynomial that is not zero vanishes for almost no kernel",)


@claim_parts.register
def _(claim: Exceptional, proof: Proof) -> Said:
    matrix = proof.matrices[WEIGHT]
    ranks = next(step.claim for step in proof.steps if isinstance(step.claim, GenericRank))
    zero = equals(KERNEL, 0)
    if not claim.minors:
        if ranks.lowest < ranks.highest:
            return words("For {} the rank is {}.", zero, 0)
        said = (
            f"The rank is smaller for {{}}, where {{}} is zero, and only where the minor of step {cited(2)} vanishes; "
        )
        return words(said + "for which other kernels it is smaller was not worked out.", zero, WEIGHT)
    count = "both" if claim.minors == 2 else f"all {claim.minors:,}"
    minors = f"{count} minors of size {ranks.lowest} × {ranks.lowest}"
    if claim.factors:
        factors = [polynomial(factor, matrix) for factor, _ in claim.factors]
        condition = words(" or ".join("{}" for _ in factors), *(equals(factor, 0) for factor in factors))
        if claim.minors == 1:
            return ("The rank is smaller exactly where ", *condition, *words(", in particular for {}.", zero))
        return (f"The rank is smaller exactly where {minors} vanish: wherever ", *condition, *words(
            ", and where what is left of them without these common factors vanishes; in particular for {}.", zero,
        ))  # fmt: skip
    if claim.forced:
        return words("The rank is smaller only for {}.", zero)
    return words(
        f"The rank is smaller exactly where {minors} vanish, in particular for {{}}; they have no factor in common.",
        zero,
    )


@reason_parts.register
def _(rule: Drop, step: Step, proof: Proof) -> Said:
    claim = step.claim
    matrix = proof.matrices[WEIGHT]
    if not isinstance(claim, Exceptional) or not claim.minors:
        return ("every entry is a sum of kernel entries; where a minor is not zero, its rows are independent",)
    if claim.factors:
        which = (
            "the only minor of that size that is not the zero polynomial is"
            if claim.minors == 1
            else "the largest common factor of all minors of that size is"
        )
        if len(claim.factors) == 1 and claim.factors[0][1] == 1:
            return (f"{which} this polynomial, up to a number",)
        total = Juxtapose(tuple(_factor(each, matrix) for each in claim.factors))
        return (which, *words(", up to a number, {}", total))
    if claim.forced:
        order = [kernel_symbol(u, matrix) for u in claim.forced]
        if len(order) == 1:
            return words("some minor is a power of {}, which must vanish", order[0])
        listed_ = words(", ".join("{}" for _ in order), *order)
        return (
            "some minor of that size forces each of ",
            *listed_,
            " in turn to vanish: with zero for those before, it is a power of it",
        )
    return ("the rank is smaller exactly where no minor of that size is left",)


def _factor(factor: tuple[Entry, int], matrix: LabelledMatrix) -> Formula:
    inside = polynomial(factor[0], matrix)
    base: Formula = Group(inside) if len(factor[0]) > 1 else inside
    return base if factor[1] == 1 else Power(base, factor[1])
