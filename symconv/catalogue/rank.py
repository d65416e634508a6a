"""The generic rank of W, a basis of its null space, and the kernels at which the rank is smaller.

The generic rank is the rank over the rational functions in the kernel entries: what W has for almost
every kernel. It is bounded from below by a minor that one integer kernel shows not to be the zero
polynomial, and from above by rows and columns that hold all that is not zero, or by null vectors.
Where the two bounds meet, it is known; where they do not, both are said. The rank drops where all the
minors of that size vanish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from random import Random
from typing import TYPE_CHECKING, Any

from ..algebra.elimination import (
    PRIME,
    Lines,
    at_point,
    common_factors,
    cover,
    distinct_rows,
    forced_to_zero,
    null_vectors,
    pivots,
)
from ..algebra.linear import Exact
from ..claims import expect
from ..documents import ranks as _words  # noqa: F401 - registers the words of the claims and rules
from ..documents.blocks import Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, claim_parts
from ..formula import times
from ..identities import Known, Weights, exact
from ..matrices import LabelledMatrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import ReadMap
from ..steps.ranks import (
    TERMS,
    Annihilate,
    AtLeast,
    AtMost,
    Cover,
    Drop,
    Exceptional,
    GenericRank,
    Minor,
    NullSpace,
    Squeeze,
    by_position,
    few_minors,
)
from ..sums import WEIGHT
from . import weight_matrix as main

if TYPE_CHECKING:
    from ..layers import Layer

LIMIT, NONZEROS = 2_000_000, 300_000  # entries of W, and how many of them are not zero, up to which it is eliminated
POINTS = 3  # integer kernels that are tried
CRAMER = 6  # rows of the determinants in null vectors
WIDEST, VECTORS = 16, 8  # columns and vectors that a null space may have to be written out


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
    if layer.read_map.nonzeros > NONZEROS:
        return f"its weight matrix has {layer.read_map.nonzeros:,} non-zero entries; a rank is certified up to {NONZEROS:,}"
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


def null_space(whole: Exact, lower: AtLeast) -> Exact | None:
    """Null vectors, while they can be written out."""
    count = whole.width - lower.rank
    if whole.width > WIDEST or count > VECTORS:
        return None
    found = null_vectors(whole, *lower.witnesses[:2], CRAMER, 2 * TERMS)
    if found is None or sum(len(entry) for row in found.rows for entry in row.values()) > TERMS:
        return None
    return found


def exceptional(whole: Exact, matrix: LabelledMatrix, lowest: int, highest: int) -> Exceptional:
    """What the minors have in common, while there are few of them."""
    kernel = range(prod(matrix.kernel_shape))
    minors = few_minors(whole, lowest, len(kernel)) if lowest == highest else None
    if minors is None:
        return Exceptional(0)
    factors = common_factors(minors)
    forced = None if factors else forced_to_zero(minors, kernel)
    return Exceptional(len(minors), factors, tuple(u for u, _ in forced or ()))


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W itself against the definition."""
    yield from main.entries(proof)


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy eliminates the minor, too, and takes it from its own matrix."""

    def minor_again() -> int:
        from sympy import GF
        from sympy.polys.matrices import DomainMatrix

        said = next(step.claim for step in proof.steps if isinstance(step.claim, AtLeast))
        rows, columns, point = said.witnesses
        numbers = dict(zip(proof.layer.flat_symbols()[1], point, strict=True))
        places = {r: n for n, r in enumerate(rows)}, {c: n for n, c in enumerate(columns)}
        field = GF(PRIME)
        cells: dict[int, dict[int, Any]] = {}
        for (r, c), entry in proof.layer.weight_matrix().todok().items():
            if r in places[0] and c in places[1]:
                there = field(int(entry.xreplace(numbers)))
                if there:
                    cells.setdefault(places[0][r], {})[places[1][c]] = there
        found = DomainMatrix(cells, (len(rows), len(columns)), field).rank()
        return expect(found, said.rank, "SymPy finds that the minor is zero")

    yield "the minor is not zero for its kernel, in SymPy", minor_again


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
    why=words(
        "A minor that is not the zero polynomial bounds the rank from below; the number of rows or columns that are not zero, or vectors in the null space, bound it from above."
    ),
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
