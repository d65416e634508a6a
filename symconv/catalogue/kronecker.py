"""W = sum over u of k_u (S_u x T_v x ...): the weight matrix is a sum of Kronecker products.

For each axis and each kernel position u along it, the 0/1 matrix S_u says which input tap u of output
i reads. A kernel entry k_{u,v} stands in W exactly where S_u and T_v both have a one, which is the
Kronecker product, since positions are flattened row by row. Channels are one more factor, with a single
one for each kernel entry. With stride and dilation 1 and padding by zeros, the S_u are shift matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

from ..algebra.linear import Exact, difference
from ..claims import Refuted
from ..documents.blocks import Block, Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.factors import families, kronecker_formula
from ..documents.identities import known, small
from ..documents.setting import count_of, definition, flattening, key, ordinal, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..formula import Sym, equals
from ..identities import Known, Weights, exact
from ..matrices import label_strides, unravel, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis
from ..steps.factors import (
    Collect,
    Kronecker,
    KroneckerSum,
    Reads,
    SumOfFactors,
    Tabulate,
    factors_of,
    printed,
    weighted,
)
from ..steps.identity_checks import equal_in_sympy
from ..sums import WEIGHT

SHOWN = 9  # rows and columns up to which the factors are printed
SHOWN_TAPS = 5


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """What the factors are, that they add up to W along each line, and the Kronecker product."""
    read_map = layer.read_map
    factors = tuple(map(factors_of, read_map.lines))
    chain = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Reads(), Tabulate(factors)),
        Step(SumOfFactors(), Collect(), (1, 2)),
        Step(KroneckerSum(), Kronecker(), (3,)),
    )
    return chain, {WEIGHT: weight_matrix(read_map), **printed(read_map, factors)}


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """All the Kronecker products, added up entry by entry, against the flattened W."""

    def added_up() -> int:
        layer = proof.layer
        rule = next(step.rule for step in proof.steps if isinstance(step.rule, Tabulate))
        total = Exact(({0: {(0,): 1}},), 1)
        for line, family, step in zip(layer.read_map.lines, rule.factors, label_strides(layer.read_map), strict=True):
            total = numbered(total, weighted(family, line.outputs, line.inputs), step)
        matrix = exact(proof.matrices[WEIGHT])
        found = difference(matrix, total)
        if found is not None:
            raise Refuted("W and the sum of Kronecker products", found.row, found.column, found.left, found.right)
        return sum(sum(entry.values()) for row in total.rows for entry in row.values())

    yield "every entry of the sum of Kronecker products, against W", added_up


def numbered(total: Exact, line: Exact, step: int) -> Exact:
    """The Kronecker product with a further line, its kernel entries numbered within the whole kernel."""
    return Exact(
        tuple(
            {
                column * line.width + p: {
                    (u + v * step,): a * b for (u,), a in entry.items() for (v,), b in factor.items()
                }
                for column, entry in row.items()
                for p, factor in along.items()
            }
            for row in total.rows
            for along in line.rows
        ),
        total.width * line.width,
    )


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy's own Kronecker products, weighted and added, are `layer.weight_matrix()`."""

    def added_up() -> int:
        from sympy import Add, ImmutableSparseMatrix, kronecker_product

        layer = proof.layer
        rule = next(step.rule for step in proof.steps if isinstance(step.rule, Tabulate))
        families = [
            {
                label: ImmutableSparseMatrix(
                    *factor.shape, {(r, c): 1 for r, row in enumerate(factor.rows) for c in row}
                )
                for label, factor in family.items()
            }
            for family in rule.factors
        ]
        kernel = layer.flat_symbols()[1]
        sizes = [len(family) for family in families]
        expected = layer.weight_matrix()
        terms: dict[tuple[int, int], list[Any]] = {}
        for flat, entry in enumerate(kernel):
            factors = (family[at] for family, at in zip(families, unravel(flat, sizes), strict=True))
            for place, one in kronecker_product(*factors).todok().items():
                terms.setdefault(place, []).append(one * entry)
        total = ImmutableSparseMatrix(*expected.shape, {place: Add(*each) for place, each in terms.items()})
        return equal_in_sympy(expected, total)

    yield "the difference of both sides expands to 0 in SymPy", added_up


# The document -------------------------------------------------------------------------------------


def shifts(family: dict[int, Exact]) -> bool:
    """Whether the ones of each factor fill one diagonal, a further one for the next kernel entry."""
    found = []
    for factor in family.values():
        height, width = factor.shape
        diagonals = [column - row for row, cells in enumerate(factor.rows) for column in cells]
        first = diagonals[0] if diagonals else width
        if diagonals != [first] * (min(height, width - first) - max(0, -first)) or not diagonals:
            return False
        found.append(first)
    return len(set(found)) == len(found)


def document(proof: Proof) -> Document:
    """The factors, and W as their sum."""
    layer = proof.layer
    read_map = layer.read_map
    rule = next(step.rule for step in proof.steps if isinstance(step.rule, Tabulate))
    blocks: list[Block] = [Heading(("The factors",))]
    axes = [n for n, line in enumerate(read_map.lines) if isinstance(line, Axis)]
    shifting = [n for n in axes if shifts(rule.factors[n])]
    for n in axes:
        line, letter, names = families(read_map)[n]
        family = Sym(letter, tuple(names))
        which = "" if len(axes) == 1 else f" along the {ordinal(axes.index(n))} axis"
        text = words(
            f"For each kernel entry {{}}{which} let {{}} be the 0/1 matrix that says what it reads: one row for each output, one column for each input.",
            names[0], family,
        )  # fmt: skip
        if n in shifting and line.outputs > 1:
            text += words(" The ones of {} fill one diagonal: it is a shift matrix.", family)
        blocks.append(Paragraph(text))
        if line.outputs <= SHOWN and line.inputs <= SHOWN and line.taps <= SHOWN_TAPS:
            named = ((Sym(letter, (u,)), small(proof.matrices[f"{letter}{u}"])) for u in rule.factors[n])
            written = [equals(name, matrix) for name, matrix in named]
            blocks.append(Paragraph(words(", ".join("{}" for _ in written) + ".", *written)))
    terms = count_of(prod(map(len, rule.factors)), "term")
    claim = words(f"{{}}: one Kronecker product for each kernel entry, {terms} in all.", kronecker_formula(read_map))
    opening = words(
        "Both sides are compared index by index: the terms of a sum of products are the combinations of what every index contributes."
    )
    document_blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *blocks,
        Statement(claim),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "is a sum of Kronecker products"), document_blocks, key(proof))


def refusal(layer: Any) -> str | None:
    """The sum is over kernel entries; where there are no axes, every factor would be a matrix with a single one."""
    if layer.kernel_shape is None:
        return "it has no kernel, and the sum is over kernel entries"
    return None if layer.read_map.axes else "it has no axes to take a product over"


THEOREM = Theorem(
    name="kronecker",
    statement="W = sum over u, v of k_{u,v} S_u (x) T_v: a sum of Kronecker products of 0/1 matrices, one for each kernel entry",
    why=words(
        "What one kernel entry reads along one index depends on no other index, so its zeros and ones are a Kronecker product, and {} adds these up.",
        WEIGHT,
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    tables=4,
    document=document,
    starts=("known",),
    ends=("kronecker",),
    labels=(DEFINITION, ENTRY_RULE),
)
