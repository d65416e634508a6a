"""The kernel gradient dL/dK: the sum over the outputs of G times what they read, and three ways to compute it.

It is U^T vec(G) with the matrix of inputs of the theorem kernel_vector; the im2col product G C^T; and for one
pair of channels a convolution of the input with G as its kernel, stride and dilation exchanged, in which what
the stride drops at the end is cut off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from ..claims import Refuted
from ..documents.blocks import Block, Document, Statement, words
from ..documents.columns import COLUMN_RULE, columns_matrix
from ..documents.common import checked, steps
from ..documents.gradients import about_the_gradient
from ..documents.input_matrix import INPUT_RULE, the_inputs
from ..documents.kernel_gradients import columns_theorem, inputs_theorem
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.wording import DEFINITION
from ..form import Row
from ..matrices import im2col_matrix, kernel_matrix
from ..proof import Proof, Step, Theorem
from ..rules import Unfold
from ..steps.differentiating import defined
from ..steps.differentiating_kernels import (
    ByKernel,
    ChainKernel,
    DifferentiateKernel,
    KernelSum,
    kernel_sum,
    kernel_term,
)
from ..steps.input_matrix import INPUTS, inputs_matrix
from ..steps.kernel_gradients import (
    BatchSum,
    ByTheorem,
    ColumnsProduct,
    Correlate,
    InputsProduct,
    Named,
    SumBatch,
    UseColumns,
    UseInputs,
    correlation,
)
from ..sums import COLUMNS
from . import kernel_vector
from .weight_matrix import definition_rows


def refusal(layer: Any) -> str | None:
    """Without a kernel there is nothing to differentiate by."""
    if layer.kernel_shape is None:
        return "it has no kernel: its weights are known numbers that no training changes, so there is nothing to differentiate by"
    return None


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Differentiate, collect; then the two products, the convolution and the batch."""
    read_map, signal = layer.read_map, layer.definition.signal
    terms = tuple(map(kernel_term, read_map.lines))
    sums = tuple(kernel_sum(line, term, signal) for line, term in zip(read_map.lines, terms, strict=True))
    chain = [
        Step(defined(layer), Unfold()),
        Step(ByKernel(terms), DifferentiateKernel(), (1,)),
        Step(KernelSum(sums), ChainKernel(), (2,)),
        Step(Named(INPUTS), ByTheorem()),
        Step(InputsProduct(), UseInputs(), (3, 4)),
        Step(Named(COLUMNS), ByTheorem()),
        Step(ColumnsProduct(), UseColumns(), (3, 6)),
    ]
    if read_map.axes:
        chain.append(Step(correlation(layer), Correlate(), (3,)))
    chain.append(Step(BatchSum(), SumBatch(), (5, 3)))
    matrices = {
        INPUTS: inputs_matrix(read_map.lines, tuple(map(kernel_vector.input_table, read_map.lines))),
        COLUMNS: im2col_matrix(read_map),
    }
    return tuple(chain), matrices


def ends(layer: Any) -> tuple[str, ...]:
    """The products, the convolution where there are axes, the batch."""
    return ("inputs", "columns", *(["correlation"] if layer.read_map.axes else []), "batch")


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The derivatives of the definition, run as code, against both products, multiplied out."""
    layer = proof.layer

    def derivatives() -> dict[int, Row]:
        found: dict[int, Row] = defaultdict(dict)
        for number, (_, row) in enumerate(definition_rows(layer.definition)):
            for (entry, source), often in row.items():
                found[entry][source, number] = often  # type: ignore[index]
        return found

    def against(product: dict[int, Row], what: str) -> int:
        expected = derivatives()
        for entry in sorted({*expected, *product}):
            ours, theirs = expected.get(entry, {}), product.get(entry, {})
            if ours != theirs:
                source, output = next(t for t in [*ours, *theirs] if ours.get(t) != theirs.get(t))
                raise Refuted(f"the derivative of the definition by kernel entry {entry} and {what}", output, source)
        return sum(map(len, expected.values()))

    def inputs() -> dict[int, Row]:
        found: dict[int, Row] = defaultdict(dict)
        for output, row in enumerate(proof.matrices[INPUTS].rows):
            for entry, (source,) in row.items():
                found[entry][source, output] = 1
        return found

    def columns() -> dict[int, Row]:
        found: dict[int, Row] = defaultdict(dict)
        channels, matrix = layer.read_map.channels, proof.matrices[COLUMNS]
        rows = [dict(row) for row in matrix.rows]
        block, members, wide = len(rows) // channels.groups, channels.outputs // channels.groups, matrix.shape[1]
        for c, numbers in enumerate(kernel_matrix(layer.read_map)):
            for r, entry in enumerate(numbers):
                for column, (source,) in rows[c // members * block + r].items():
                    found[entry][source, c * wide + column] = 1
        return found

    yield (
        "every entry of the product with the matrix of inputs, against the definition",
        lambda: against(inputs(), "U^T vec(G)"),
    )
    yield (
        "every entry of the product with the matrix of what is read, against the definition",
        lambda: against(columns(), "G C^T"),
    )


def document(proof: Proof) -> Document:
    """Where the kernel gradient comes from, and how it is computed."""
    layer = proof.layer
    claim = words("{}, and with {} and {} as matrices {}", inputs_theorem(), "K", "G", columns_theorem())
    if layer.read_map.channels.groups > 1:
        claim += (" in each group",)
    if layer.read_map.axes:
        which = (
            "of the output gradient with the input"
            if hasattr(layer, "output_padding")
            else "of the input with the output gradient"
        )
        exchanged = ", stride and dilation exchanged" if {*layer.stride, *layer.dilation} != {1} else ""
        claim += (f". It is a correlation {which}{exchanged}.",)
    else:
        claim += (": every entry is an output gradient times an input.",)
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *about_the_gradient(layer),
        *the_inputs(proof),
        *columns_matrix(proof),
        Statement(claim),
        steps(proof),
        *checked(proof),
    ]
    return Document(title(layer, "and its kernel gradient"), tuple(blocks), key(proof))


THEOREM = Theorem(
    name="kernel_gradient",
    statement="dL/dK = U^T dL/dY, the im2col product G C^T, and a correlation with stride and dilation exchanged",
    why=words(
        "The outputs are a matrix times the kernel entries, so a kernel entry changes each output by what it multiplies there; summed over the outputs, that is a row of the transpose."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=kernel_vector.sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    walks=True,
    document=document,
    ends=ends,
    labels=(DEFINITION, INPUT_RULE, COLUMN_RULE),
)
