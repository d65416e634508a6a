"""Is W Toeplitz, circulant, banded, symmetric; and which of it are its blocks?

Every answer is proved. A yes is checked on every non-zero entry of W, and its reason is what the axes
say; a no has its witness: two entries that should be equal and are not, two corners that are not zero,
or the shape. Moving one index of output and input leaves what the other indices contribute, so W is
block Toeplitz, level by level, along every axis whose own table is Toeplitz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..claims import expect
from ..documents.blocks import Document, Heading, Inline, Paragraph, Statement, words
from ..documents.blockwise import word
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, listed, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, claim_parts
from ..identities import Known, Weights
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import ReadMap, labelled_rows
from ..steps.blockwise import ALONG, Blocks, Decide, Levels, levels
from ..steps.patterns import Property, Rows, decide
from ..sums import WEIGHT
from .sparsity import groups
from .weight_matrix import entries

if TYPE_CHECKING:
    from ..layers import Layer

LIMIT = 500_000
"""Non-zeros of W up to which every one of them is looked at."""

WHOLE = ("toeplitz", "circulant", "banded", "symmetric")


# Deciding -----------------------------------------------------------------------------------------


def along(read_map: ReadMap, axis: int) -> Rows:
    """The rows of one axis' own matrix: kernel taps where an output meets an input."""
    lines = len(read_map.lines) - len(read_map.axes) + axis
    return [dict(row) for row in labelled_rows(read_map.axes[axis], read_map.tables[lines])]


def alike(read_map: ReadMap) -> list[tuple[int, ...]]:
    """The axes in groups of equal ones; none where the one axis is all of W."""
    return groups(read_map) if len(read_map.lines) > 1 else []


def refusal(layer: Any) -> str | None:
    """Where there is no kernel to compare, nothing to say, or too much to look at."""
    if layer.kernel_shape is None:
        return "its weight matrix holds known numbers, and this theorem compares kernel entries"
    if not layer.read_map.nonzeros:
        return "its weight matrix is zero, which has every structure"
    if layer.read_map.nonzeros > LIMIT:
        return f"its weight matrix has {layer.read_map.nonzeros:,} non-zero entries; each is looked at, up to {LIMIT:,}"
    return None


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """W, what holds along the axes, its blocks, and what holds for W itself."""
    read_map = layer.read_map
    matrix = weight_matrix(read_map)
    chain = [Step(Weights(WEIGHT, layer), Known())]
    for group in alike(read_map):
        rows = along(read_map, group[0])
        width = read_map.axes[group[0]].inputs
        chain += [Step(decide(name, rows, width, group), Decide(name + " axes"), (1,)) for name in ALONG]
    if len(chain) > 1:
        kinds = levels([step.claim for step in chain[1:]], len(read_map.axes))  # type: ignore[misc]
        chain.append(Step(Levels(kinds), Blocks(), tuple(range(1, len(chain) + 1))))
    whole = list(matrix.rows)
    chain += [Step(decide(name, whole, matrix.shape[1]), Decide(name), (1,)) for name in WHOLE]
    return tuple(chain), {WEIGHT: matrix}


def conclusions(layer: Any) -> tuple[str, ...]:
    """The steps that state the theorem."""
    return (*(("blocks",) if alike(layer.read_map) else ()), *WHOLE)


# The further checks -------------------------------------------------------------------------------


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the properties of W, asked of SymPy's own matrix."""

    def asked() -> int:
        matrix = proof.layer.weight_matrix()
        height, width = matrix.shape
        square = height == width
        diagonals: dict[int, set[Any]] = {}
        for r in range(height):
            for c in range(width):
                diagonals.setdefault(c - r, set()).add(matrix[r, c])
        toeplitz = all(len(each) == 1 for each in diagonals.values())
        found = {
            "toeplitz": toeplitz,
            "circulant": square and toeplitz and all(diagonals[d] == diagonals[d - height] for d in range(1, height)),
            "banded": matrix[height - 1, 0] == 0 or matrix[0, width - 1] == 0,
            "symmetric": square and matrix == matrix.T,  # sums of symbols, which have one form
        }
        for step in proof.steps:
            if isinstance(step.claim, Property) and not step.claim.axes:
                expect(step.claim.holds, found[step.claim.name], f"SymPy finds otherwise: {step.claim.name}")
        return int(height * width)

    yield "the answers for W, from SymPy's matrix", asked


# The document -------------------------------------------------------------------------------------


def document(proof: Proof) -> Document:
    """W, the answers in one sentence, and their proofs."""
    layer = proof.layer
    found = [step.claim for step in proof.steps if isinstance(step.claim, Property) and not step.claim.axes]
    yes = [word(each.name) for each in found if each.holds]
    no = [word(each.name) for each in found if not each.holds]
    said = ("is " + listed(yes) if yes else "") + (", and " if yes and no else "")
    said += "is not " + listed(no).replace(" and ", " or ") if no else ""
    parts: list[Inline] = [*words("{} ", WEIGHT), said, "."]
    for step in proof.steps:
        if isinstance(step.claim, Levels):
            parts += [" ", *(part for part in claim_parts(step.claim, proof))]  # type: ignore[list-item]
    meaning = words(
        "A matrix is *Toeplitz* if an entry depends only on column minus row, so that each diagonal holds one value; "
        "*circulant* if it is square and that difference counts around the end; *banded* if its non-zero entries "
        "leave out diagonals at a corner. It is *block* Toeplitz or circulant if its blocks, as entries, are so. "
        "The kernel entries are unknowns: two entries are equal only if they are for every kernel."
    )
    opening = words("Rows {} and columns {} are numbered as positions are flattened.", "r", "c")
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Heading(("Structure",)),
        Paragraph(meaning),
        Statement(tuple(parts)),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "and the structure of its matrix"), blocks, key(proof))


THEOREM = Theorem(
    name="structure",
    statement="whether W is Toeplitz, circulant, banded, symmetric, and what its blocks are: each answer proved, each no with its witness",
    why=words(
        "A yes holds for every entry of {}, read off from the pattern along each index; a no names entries that contradict it.",
        WEIGHT,
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=conclusions,
    labels=(DEFINITION, ENTRY_RULE),
)
