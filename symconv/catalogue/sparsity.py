"""How many entries of W are not zero, how many are different, and how often each kernel entry occurs.

Along an axis, tap u of output i reads position s i + d u - P. So the outputs for which it meets an input
are a range with floored ends, and their number has a closed form. The numbers of a whole W are products:
a kernel entry meets an input exactly if each of its indices does along its own axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from ..claims import Refuted, expect
from ..documents import occurrences as _words  # noqa: F401 - registers the words of the claims and rules
from ..documents.blocks import Document, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, claim_parts
from ..identities import Known, Weights
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, ReadMap
from ..steps.counts import met
from ..steps.occurrences import Along, Collect, Count, Meets, Multiply, Share, Shared, Total, shared, total
from ..sums import WEIGHT
from . import weight_matrix as main

if TYPE_CHECKING:
    from ..layers import Layer

# Building -----------------------------------------------------------------------------------------


def groups(read_map: ReadMap) -> list[tuple[int, ...]]:
    """The axes, equal ones together."""
    found: dict[Axis, list[int]] = {}
    for n, axis in enumerate(read_map.axes):
        found.setdefault(axis, []).append(n)
    return [tuple(group) for group in found.values()]


def refusal(layer: Any) -> str | None:
    """Where there are no kernel entries to count."""
    if layer.kernel_shape is None:
        return "its weight matrix holds known numbers, and this theorem counts kernel entries"
    return None


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Counts for each tap, for each axis, for W, and what they say of the parameters."""
    read_map = layer.read_map
    first = len(read_map.lines) - len(read_map.axes)
    chain = [Step(Weights(WEIGHT, layer), Known())]
    counts: dict[int, int] = {}
    sums: list[int] = []
    for group in groups(read_map):
        axis, table = read_map.axes[group[0]], read_map.tables[first + group[0]]
        chain.append(Step(Meets(group, tuple(met(axis, tap) for tap in range(axis.taps))), Count(), (1,)))
        counts |= dict.fromkeys(group, len(chain))
        entries_ = [(i, p, taps) for i, row in enumerate(table) for p, taps in sorted(row.items())]
        several = [(i, p, *taps) for i, p, taps in entries_ if len(taps) > 1][:1]
        pairs = sum(len(taps) for _, _, taps in entries_)
        claim = Along(group, pairs, len(entries_), len({taps for _, _, taps in entries_}), tuple(several))
        chain.append(Step(claim, Collect(), (1, len(chain))))
        sums.append(len(chain))
    found = [step.claim for step in chain if isinstance(step.claim, Along)]
    chain.append(Step(total(read_map, found), Multiply(), (1, *sums)))
    meets = [step.claim for step in chain if isinstance(step.claim, Meets)]
    chain.append(Step(shared(read_map, meets), Share(), (len(chain), *sorted(set(counts.values())))))
    return tuple(chain), {WEIGHT: weight_matrix(read_map)}


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W itself against the definition, and the same numbers counted on its entries one by one."""
    yield from main.entries(proof)

    def counted() -> int:
        said, use = proof.steps[-2].claim, proof.steps[-1].claim
        if not isinstance(said, Total) or not isinstance(use, Shared):
            raise Refuted("the last steps are not the totals")
        matrix = proof.matrices[WEIGHT]
        cells = [entry for row in matrix.rows for entry in row.values()]
        occurs = Counter(u for entry in cells for u in entry)
        pairs = sum(occurs.values())
        here = Total(pairs, len(cells), matrix.shape[0] * matrix.shape[1] - len(cells), len(set(cells)))
        expect(said, here, "counted on the entries of W, the numbers are others")
        often = [occurs[u] for u in range(prod(matrix.kernel_shape))]
        unused = sum(n == 0 for n in often)
        again = Shared(len(often), min(often), max(often), unused, matrix.shape[0] * matrix.shape[1])
        expect(use, again, "counted on the entries of W, the kernel entries occur otherwise")
        return pairs

    yield "the numbers, counted on the entries of W", counted


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the entries of SymPy's matrix, counted."""

    def counted() -> int:
        matrix, said = proof.layer.weight_matrix(), proof.steps[-2].claim
        if not isinstance(said, Total):
            raise Refuted("the last step but one is not the total")
        values = list(matrix.todok().values())
        expect(said.nonzeros, len(values), "SymPy counts other non-zero entries")
        expect(said.different, len(set(values)), "SymPy counts other different entries")
        return int(matrix.rows * matrix.cols)

    yield "the non-zero entries of SymPy's matrix, counted", counted


def document(proof: Proof) -> Document:
    """The numbers in one sentence, and their derivation."""
    layer = proof.layer
    statement = (*claim_parts(proof.steps[-2].claim, proof), " ", *claim_parts(proof.steps[-1].claim, proof))
    unknown = "The kernel entries are unknowns: for a particular kernel, more entries can be zero or equal. "
    opening = words(
        unknown + "We count along one index at a time, in the matrix that it alone would have, and multiply."
    )
    if not layer.read_map.axes:
        opening = words(unknown + "We count pairs of outputs and inputs.")
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Statement(statement),  # type: ignore[arg-type]
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "and the zeros of its matrix"), blocks, key(proof))


THEOREM = Theorem(
    name="sparsity",
    statement="how many entries of W are zero, how many are different, and how often each kernel entry occurs",
    why=words(
        "An entry is not zero exactly if every index alone meets its own input, so the counts along the indices multiply."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=("multiply", "share"),
    labels=(DEFINITION, ENTRY_RULE),
    tables=2,
)
