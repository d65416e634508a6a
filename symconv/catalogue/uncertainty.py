"""A random kernel: Cov(vec(W)) = M Sigma M^T, and for fixed x Cov(vec(Y)) = U Sigma U^T.

The weights of a layer are uncertain when its kernel is. Its matrix W is linear in the kernel, so mean and
covariance of the kernel give those of W and of the output. What sets a convolution apart from a fully
connected layer with independent weights: entries of W that are the same kernel entry have correlation 1.

References
----------
Y. Gal, "Uncertainty in Deep Learning", 2016, and C. Blundell et al., "Weight Uncertainty in Neural Networks",
arXiv 1505.05424: distributions over weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..claims import Refuted, expect
from ..documents.blocks import Block, Document, Statement, words
from ..documents.common import checked, steps
from ..documents.covariances import about_the_kernel, counts_grid, covariance_formula, output_formula
from ..documents.identities import known
from ..documents.input_matrix import INPUT_RULE, the_inputs
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..identities import Known, Weights
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..steps.covariances import (
    Collected,
    CollectEntries,
    Covariance,
    Mean,
    OutputCovariance,
    Share,
    SharedPairs,
    TakeCovariance,
    TakeMean,
    TakeOutput,
    collected,
    shared,
)
from ..steps.input_matrix import INPUTS, inputs_matrix
from ..steps.kernel_gradients import ByTheorem, Named
from ..sums import WEIGHT
from . import kernel_vector
from . import weight_matrix as main


def refusal(layer: Any) -> str | None:
    """Known weights are not random."""
    if layer.kernel_shape is None:
        return "it has no kernel that could be random: its weights are known numbers"
    return None


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """What the entries of W are made of; their mean and covariance, those of the output, and equal entries."""
    read_map = layer.read_map
    lines = read_map.lines
    held = tuple(map(collected, lines, read_map.tables))
    chain = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Collected(held), CollectEntries(), (1,)),
        Step(Mean(), TakeMean(), (2,)),
        Step(Covariance(), TakeCovariance(), (2,)),
        Step(Named(INPUTS), ByTheorem()),
        Step(OutputCovariance(), TakeOutput(), (4, 2, 5)),
        Step(shared(read_map), Share(), (2, 4)),
    )
    return chain, {
        WEIGHT: weight_matrix(read_map),
        INPUTS: inputs_matrix(lines, tuple(map(kernel_vector.input_table, lines))),
    }


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W against the definition, the equal entries counted on it, and U x-entry by x-entry against M."""
    yield from main.entries(proof)

    def counted() -> int:
        claim = next(step.claim for step in proof.steps if isinstance(step.claim, SharedPairs))
        every = Counter(tuple(sorted(entry)) for row in proof.matrices[WEIGHT].rows for entry in row.values())
        for sums, count, pairs in ((False, claim.single, claim.pairs), (True, claim.sums, claim.equal)):
            often = [n for entry, n in every.items() if (len(entry) > 1) is sums]
            expect(count, sum(often), "counted on W, other entries are " + ("sums" if sums else "one kernel entry"))
            expect(pairs, sum(n * (n - 1) // 2 for n in often), "counted on W, there are other pairs")
        return claim.single + claim.sums

    def inputs() -> int:
        compared = 0
        weights, other = proof.matrices[WEIGHT].rows, proof.matrices[INPUTS].rows
        for number, (row, inputs_) in enumerate(zip(weights, other, strict=True)):
            ours = Counter((u, column) for column, entry in row.items() for u in entry)
            if ours != Counter((u, at) for u, (at,) in inputs_.items()):
                raise Refuted("M with the inputs put in is not U", proof.matrices[WEIGHT].row_position(number))
            compared += len(inputs_)
        return compared

    yield "the entries that are the same, counted on W", counted
    yield "every entry of M with the inputs put in, against U", inputs


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy's derivatives of W and of the output by the kernel are M and U."""

    def differentiated() -> int:
        claim = proof.matrices[WEIGHT]
        k = proof.layer.flat_symbols()[1] or []
        found = proof.layer.weight_matrix().todok()
        for row, cells in enumerate(claim.rows):
            for column, entry in cells.items():
                total, often = found[row, column], Counter(entry)
                expect({s: total.diff(s) for s in total.free_symbols}, {k[u]: n for u, n in often.items()}, "M differs")
        return len(found)

    yield "SymPy's derivative of W by each kernel entry", differentiated
    yield from kernel_vector.sympy_check(proof)


def document(proof: Proof) -> Document:
    """The mean and the covariance of W and of the output."""
    layer = proof.layer
    claim = words("{}, and for a fixed input {} {}.", covariance_formula(), "X", output_formula())
    found = next(step.claim for step in proof.steps if isinstance(step.claim, SharedPairs))
    same = [
        *(["the same kernel entry"] if found.pairs else []),
        *(["the same sum of kernel entries"] if found.equal else []),
    ]
    if same:
        text = f" Entries of {{}} that are {' or '.join(same)} are the same random number, so their correlation is {{}} unless its variance is {{}}."
        claim += words(text, WEIGHT, 1, 0)
    rows, columns = proof.matrices[WEIGHT].shape
    zeros = layer.read_map.nonzeros < rows * columns
    opening = (
        words("An entry of {} that no kernel entry meets is zero, and not random.", WEIGHT)
        if zeros
        else words("Every entry of {} is random.", WEIGHT)
    )
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        *the_inputs(proof),
        *about_the_kernel(layer),
        *counts_grid(proof),
        Statement(claim),
        steps(proof, opening),
        *checked(proof, "the real numbers"),
    ]
    return Document(title(layer, "with a random kernel"), tuple(blocks), key(proof))


THEOREM = Theorem(
    name="uncertainty",
    statement="a kernel with covariance Sigma makes Cov(vec W) = M Sigma M^T and, for fixed x, Cov(vec Y) = U Sigma U^T",
    why=words(
        "The entries of {} and the outputs are sums of kernel entries with fixed coefficients, and the covariance of such sums is the sum of the covariances with both coefficients.",
        WEIGHT,
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    walks=True,
    document=document,
    starts=("known",),
    ends=("mean", "output", "shared"),
    labels=(DEFINITION, ENTRY_RULE, INPUT_RULE),
)
