"""The generic rank of W, a basis of its null space, and the kernels at which the rank is smaller.

The generic rank is the rank over the rational functions in the kernel entries: what W has for almost
every kernel. It is bounded from below by a minor that one integer kernel shows not to be the zero
polynomial, and from above by rows and columns that hold all that is not zero, or by null vectors.
Where the two bounds meet, it is known; where they do not, both are said. The rank drops where all the
minors of that size vanish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..documents.blocks import Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import count_of, definition, flattening, key, listed, setting, title
from ..documents.weights import grid_or_size, kernel_symbol, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..elimination import (
    PRIME,
    Lines,
    all_minors,
    at_point,
    common_factors,
    cover,
    distinct_rows,
    divides,
    forced_to_zero,
    null_vectors,
    pivots,
    value,
)
from ..formula import Chain, Formula, Group, Juxtapose, Power, Sym, equals, times
from ..identities import Known, Weights, exact
from ..linear import Entry, Exact
from ..matrices import LabelledMatrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import ReadMap
from ..rules import Follows
from ..sums import KERNEL, WEIGHT, number
from . import weight_matrix as main

if TYPE_CHECKING:
    from ..layers import Layer

LIMIT = 2_000_000  # entries of W, zero or not, up to which it is eliminated
POINTS = 3  # integer kernels that are tried
CRAMER = 6  # rows of the determinants in null vectors
WIDEST, VECTORS, TERMS = 16, 8, 80  # what a null space may have to be written out
MINORS, MINOR_ROWS, MINOR_KERNEL = 60, 6, 9  # up to which all the minors of W are worked out


@dataclass(frozen=True)
class AtLeast:
    """The rank is at least this: witnessed by rows, columns and an integer kernel."""

    rank: int
    witnesses: tuple[Lines, Lines, tuple[int, ...]]


@dataclass(frozen=True)
class AtMost:
    """The rank is at most this: witnessed by rows and columns that hold every entry that is not zero."""

    rank: int
    witnesses: tuple[Lines, Lines]


@dataclass(frozen=True)
class NullSpace:
    """The columns of the witness are that many independent vectors v with W v = 0."""

    dimension: int
    witnesses: Exact


@dataclass(frozen=True)
class GenericRank:
    """The generic rank lies between these, both included."""

    lowest: int
    highest: int


@dataclass(frozen=True)
class Exceptional:
    """Where the rank is smaller: at k = 0 and, where the minors were worked out, what they have in common.

    `minors` is their number, or zero where they were not worked out. `forced` is an order of the kernel
    entries in which the minors force one after the other to be zero, if they do.
    """

    minors: int
    factors: tuple[tuple[Entry, int], ...] = ()
    forced: tuple[int, ...] = ()


# Building -----------------------------------------------------------------------------------------


def refusal(layer: Any) -> str | None:
    """Where there is no family of matrices, or too large a one."""
    if layer.kernel_shape is None:
        return "its weight matrix holds known numbers, and this theorem is about the rank for almost every kernel"
    if not layer.read_map.nonzeros:
        return "its weight matrix is zero, and so is its rank"
    height, width = prod(layer.output_shape), prod(layer.input_shape)
    if height * width > LIMIT:
        return f"its weight matrix is {height:,} x {width:,}, {height * width:,} entries; a rank is certified up to {LIMIT:,}"
    return None


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The bounds, what they say together, and where the rank drops."""
    read_map = layer.read_map
    matrix = weight_matrix(read_map)
    whole = exact(matrix)
    across = whole.transpose()
    rows, columns = distinct_rows(whole), distinct_rows(across)
    upper: tuple[Lines, Lines] = (rows, ()) if len(rows) <= len(columns) else ((), columns)
    lower = minor(whole, read_map, min(len(rows), len(columns)))
    if lower.rank < len(upper[0]) + len(upper[1]):
        upper = cover(whole, rows, columns)
    chain = [Step(Weights(WEIGHT, layer), Known()), Step(lower, Minor(), (1,))]
    bounds = []
    least = len(upper[0]) + len(upper[1])
    vectors = null_space(whole, lower)
    if vectors is None or vectors.width < whole.width - least or least == lower.rank:
        chain.append(Step(AtMost(least, upper), Cover(), (1,)))
        bounds.append(len(chain))
    if vectors is not None and vectors.width:
        chain.append(Step(NullSpace(vectors.width, vectors), Annihilate(), (1,)))
        bounds.append(len(chain))
        least = min(least, whole.width - vectors.width)
    chain.append(Step(GenericRank(lower.rank, least), Squeeze(), (2, *bounds)))
    chain.append(Step(exceptional(whole, matrix, lower.rank, least), Drop(), (1, 2, len(chain))))
    return tuple(chain), {WEIGHT: matrix}


def minor(whole: Exact, read_map: ReadMap, most: int) -> AtLeast:
    """The largest minor that a few random kernels show not to be zero."""
    rows, columns = (
        by_position(range(len(whole.rows)), whole, 0, read_map),
        by_position(range(whole.width), whole, 1, read_map),
    )
    entries_ = prod(size for line in read_map.lines for size in line.kernel_shape)
    best = AtLeast(0, ((), (), ()))
    for seed in range(POINTS):
        random = Random(seed)  # noqa: S311 - however it was found, the certificate is checked
        point = tuple(random.randint(1, 9 if seed == 0 else 99) for _ in range(entries_))
        found = pivots(at_point(whole, point, rows, columns))
        if len(found[0]) > best.rank:
            chosen = tuple(sorted(rows[n] for n in found[0])), tuple(sorted(columns[n] for n in found[1]))
            best = AtLeast(len(found[0]), (*chosen, point))
        if best.rank == most:
            break
    return best


def by_position(lines: Sequence[int], whole: Exact, side: int, read_map: ReadMap) -> list[int]:
    """Rows or columns ordered by position first and channel last, which keeps the elimination near the diagonal."""
    channels = (read_map.channels.outputs, read_map.channels.inputs)[side] if read_map.shows_channels else 1
    spatial = whole.shape[side] // channels
    return sorted(lines, key=lambda line: (line % spatial, line))


def null_space(whole: Exact, lower: AtLeast) -> Exact | None:
    """Null vectors, while they can be written out."""
    count = whole.width - lower.rank
    if whole.width > WIDEST or count > VECTORS:
        return None
    found = null_vectors(whole, *lower.witnesses[:2], CRAMER)
    if found is None or sum(len(entry) for row in found.rows for entry in row.values()) > TERMS:
        return None
    return found


def exceptional(whole: Exact, matrix: LabelledMatrix, lowest: int, highest: int) -> Exceptional:
    """What the minors have in common, while there are few of them."""
    kernel = range(prod(matrix.kernel_shape))
    small = lowest == highest <= MINOR_ROWS and len(kernel) <= MINOR_KERNEL
    minors = all_minors(whole, lowest, MINORS) if small else None
    if minors is None:
        return Exceptional(0)
    factors = common_factors(minors)
    forced = None if factors else forced_to_zero(minors, kernel)
    return Exceptional(len(minors), factors, tuple(u for u, _ in forced or ()))


# Rules --------------------------------------------------------------------------------------------


def _whole(context: Context) -> Exact:
    return exact(context.matrix(WEIGHT))


def _inside(lines: Lines, size: int) -> int:
    """Numbers of rows or columns that exist, each once."""
    expect(all(line in range(size) for line in lines), True, "there is no such row or column")
    return expect(len(set(lines)), len(lines), "a row or column is named twice")


@dataclass(frozen=True)
class Minor:
    """The minor is eliminated for the integer kernel, modulo a prime: what is not zero there is no zero polynomial."""

    name = "minor"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtLeast):
            raise Refuted("the claim does not bound the rank from below")
        rows, columns, point = after.witnesses
        compared = expect((len(rows), len(columns)), (after.rank, after.rank), "the minor has another size")
        return compared + expect(len(point), prod(context.matrix(WEIGHT).kernel_shape), "the kernel has other entries")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtLeast):
            raise Refuted("the claim does not bound the rank from below")
        whole, read_map = _whole(context), context.subject.definition.read_map
        rows, columns, point = after.witnesses
        _inside(rows, len(whole.rows))
        _inside(columns, whole.width)
        ordered = by_position(rows, whole, 0, read_map), by_position(columns, whole, 1, read_map)
        found = pivots(at_point(whole, point, *ordered))
        return expect(len(found[0]), after.rank, "the minor is zero for that kernel")


@dataclass(frozen=True)
class Cover:
    """Every entry that is not zero lies in one of the rows or columns, equal rows and equal columns taken once."""

    name = "cover"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtMost):
            raise Refuted("the claim does not bound the rank from above")
        return expect(sum(map(len, after.witnesses)), after.rank, "the rows and columns are more or fewer")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, AtMost):
            raise Refuted("the claim does not bound the rank from above")
        whole = _whole(context)
        rows, columns = map(set, after.witnesses)
        _inside(after.witnesses[0], len(whole.rows))
        _inside(after.witnesses[1], whole.width)
        keep = set(distinct_rows(whole.transpose()))
        compared = 0
        for r in distinct_rows(whole):
            for c in whole.rows[r]:
                if r not in rows and c not in columns and c in keep:
                    raise Refuted("an entry lies in none of the rows and columns", r, c, whole.rows[r][c], 0)
                compared += 1
        return compared


@dataclass(frozen=True)
class Annihilate:
    """W times each vector is multiplied out; they are independent, since each has an index that it alone meets."""

    name = "annihilate"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NullSpace):
            raise Refuted("the claim is not about null vectors")
        shape = context.matrix(WEIGHT).shape[1], after.dimension
        return expect(after.witnesses.shape, shape, "there are other vectors than said")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NullSpace):
            raise Refuted("the claim is not about null vectors")
        product = _whole(context) @ after.witnesses
        for r, row in enumerate(product.rows):
            for n in row:
                raise Refuted("W times a null vector is not zero", r, f"vector {n}", row[n], 0)
        alone = {next(iter(row)) for row in after.witnesses.rows if len(row) == 1 and all(row.values())}
        return expect(len(alone), after.dimension, "a vector has no index of its own") + product.width


@dataclass(frozen=True)
class Squeeze:
    """The rank lies between what the cited steps say."""

    name = "rank"
    follows: ClassVar[None] = None  # a bound from below, then one or two from above

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        above = context.cited[1:]
        if not isinstance(after, GenericRank) or not isinstance(before, AtLeast):
            raise Refuted("the claim is not what a bound from below and one from above say")
        kinds = [type(claim) for claim in above]
        expect(len(set(kinds)) == len(kinds) and set(kinds) <= {AtMost, NullSpace}, True, "other bounds are cited")
        width = context.matrix(WEIGHT).shape[1]
        bounds = [claim.rank if isinstance(claim, AtMost) else width - claim.dimension  # type: ignore[attr-defined]
                  for claim in above]  # fmt: skip
        if not bounds:
            raise Refuted("no bound from above is cited")
        compared = expect(after.lowest, before.rank, "the bound from below is another")
        return compared + expect(after.highest, min(bounds), "the bound from above is another")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, GenericRank):
            raise Refuted("the claim is not about the rank")
        return expect(after.lowest <= after.highest, True, "the bounds exclude each other")


@dataclass(frozen=True)
class Drop:
    """W is zero for k = 0; what the minors have in common divides each of them; what they force is worked through."""

    name = "exceptional"
    follows: ClassVar[Follows] = (("known",), ("minor",), ("rank",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Exceptional):
            raise Refuted("the claim is not about where the rank drops")
        ranks = context.cited[2]
        known_ = isinstance(ranks, GenericRank) and ranks.lowest == ranks.highest
        return expect(known_ or not after.minors, True, "the rank is not known, so its minors are not")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        ranks = context.cited[2]
        if not isinstance(after, Exceptional) or not isinstance(ranks, GenericRank):
            raise Refuted("the claim is not about where the rank drops")
        whole = _whole(context)
        compared = 0
        for r, row in enumerate(whole.rows):
            for c, entry in row.items():
                expect(all(entry), True, f"W[{r},{c}] is not zero for k = 0")
                compared += 1
        if not after.minors:
            return compared + expect(
                (after.factors, after.forced), ((), ()), "minors that were not worked out say nothing"
            )
        minors = all_minors(whole, ranks.lowest, MINORS) or []
        expect(after.minors, len(minors), "there are other minors that are not zero")
        for each in minors:
            expect(divides(after.factors, each), True, "the factors do not divide a minor")
        if len(minors) == 1:
            degree = sum(power * len(max(factor, key=len)) for factor, power in after.factors)
            expect(degree, ranks.lowest, "the factors do not make up the one minor")
        if after.forced:
            again = forced_to_zero(minors, range(prod(context.matrix(WEIGHT).kernel_shape)))
            expect(after.forced, tuple(u for u, _ in again or ()), "the minors force another order")
        return compared + len(minors)


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W itself against the definition."""
    yield from main.entries(proof)


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the determinant of the minor, in integers, from SymPy; and W times the null vectors."""

    def minor_again() -> int:
        from sympy import ZZ
        from sympy.polys.matrices import DomainMatrix

        said = next(step.claim for step in proof.steps if isinstance(step.claim, AtLeast))
        rows, columns, point = said.witnesses
        whole = exact(proof.matrices[WEIGHT])
        numbers_ = [[ZZ(value(whole.rows[r].get(c, {}), point)) for c in columns] for r in rows]
        found = DomainMatrix(numbers_, (len(rows), len(columns)), ZZ).to_field().rank()
        return expect(found, said.rank, "SymPy finds that the minor is zero")

    yield "the rank of the minor for its kernel, in SymPy", minor_again


# Words --------------------------------------------------------------------------------------------


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
    size = f"{ranks.lowest} × {ranks.lowest}"
    if claim.factors:
        factors = [polynomial(factor, matrix) for factor, _ in claim.factors]
        condition = words(" or ".join("{}" for _ in factors), *(equals(factor, 0) for factor in factors))
        if claim.minors == 1:
            return ("The rank is smaller exactly where ", *condition, *words("; so it is for {}.", zero))
        return ("The rank is smaller wherever ", *condition, *words(
            f", and where all the {claim.minors} minors of size {size} vanish otherwise; so it is for {{}}.", zero,
        ))  # fmt: skip
    if claim.forced:
        return words("The rank is smaller only for {}.", zero)
    return words(
        f"The rank is smaller exactly where all the {claim.minors} minors of size {size} vanish, as for {{}}; they have no factor in common.",
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
            "the only minor of that size that is not the zero polynomial"
            if claim.minors == 1
            else "the common factors of all minors of that size"
        )
        total = Juxtapose(tuple(_factor(each, matrix) for each in claim.factors))
        return (which, *words(", up to a number {}", total))
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


def document(proof: Proof) -> Document:
    """The rank in one sentence, and the bounds that prove it."""
    layer = proof.layer
    meaning = words(
        "The *generic rank* of {} is its rank with the kernel entries as unknowns. It is the rank for almost every "
        "kernel: for all but those at which certain polynomials vanish, and there the rank is smaller. A *minor* is "
        "the determinant of as many rows as columns.",
        WEIGHT,
    )
    said = tuple(part for step in proof.steps[-2:] for part in (" ", *claim_parts(step.claim, proof)))
    opening = words("{} is {}. We bound its rank from both sides.", WEIGHT, times(proof.matrices[WEIGHT].shape))
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Heading(("Rank",)),
        Paragraph(meaning),
        Statement(said[1:]),  # type: ignore[arg-type]
        steps(proof, opening),
        *checked(proof, "the field of rational functions in the kernel entries, with rational coefficients"),
    )
    return Document(title(layer, "and the rank of its matrix"), blocks, key(proof))


THEOREM = Theorem(
    name="rank",
    statement="the rank of W for almost every kernel, a basis of its null space where it is short, and where the rank is smaller",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=("rank", "exceptional"),
    labels=(DEFINITION, ENTRY_RULE),
)
