"""The input gradient dL/dX: W^T times the output gradient, and the layer that computes it.

The definition is differentiated term by term, and the chain rule collects what every output contributes.
The equation of what is read, solved for the output, says which output reads an input with which kernel
entry: i = (p + P - d u)/s where that is an integer. The sum is a transposed convolution of the gradient by
the output, in every case the one that the theorem transpose finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..adjoint import adjoint
from ..claims import Refuted
from ..documents.adjoints import adjoint_blocks
from ..documents.blocks import Block, Document, Statement, words
from ..documents.common import checked, steps
from ..documents.gradients import about_the_gradient, as_layer, input_theorem, written_out
from ..documents.identities import known
from ..documents.known import ring
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..identities import Known, Weights, Whole
from ..matrices import matrix_of
from ..proof import Proof, Step, Theorem
from ..rules import Unfold
from ..steps.differentiating import (
    ByInput,
    ChainInput,
    DifferentiateInput,
    ForOutput,
    InputSum,
    Solved,
    defined,
    readings,
    solution,
    solvable,
)
from ..steps.input_gradients import ApplyLayer, ByLayer, EachRow, RowsOfGradient, TransposedProduct, TransposeSum
from ..sums import WEIGHT
from . import transpose
from . import weight_matrix as main


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Differentiate, collect, solve for the output; then the matrix, and the layer that it belongs to."""
    read_map = layer.read_map
    lines = readings(read_map)
    chain = [
        Step(defined(layer), Unfold()),
        Step(ByInput(lines), DifferentiateInput(), (1,)),
        Step(InputSum(lines), ChainInput(), (2,)),
    ]
    if solvable(read_map):
        solved = Solved(tuple(map(solution, read_map.lines, lines)))
        chain.append(Step(solved, ForOutput(), (3,)))
    total, named = len(chain), len(chain) + 1
    if layer.kernel_shape is None:
        chain.append(Step(Weights(WEIGHT, layer), Known()))
        chain.append(Step(TransposedProduct(), TransposeSum(), (total, named)))
        chain.append(Step(RowsOfGradient(), EachRow(), (named + 1, named)))
        return tuple(chain), {WEIGHT: matrix_of(read_map)}
    found, matrices, stated = transpose.equation(layer, total)
    chain += found
    chain.append(Step(TransposedProduct(), TransposeSum(), (total, named)))
    product = len(chain)
    whole: Whole = chain[stated[0] - 1].claim  # type: ignore[assignment]
    made = ByLayer(whole.right, adjoint(layer).layer)
    chain.append(Step(made, ApplyLayer(), (product, total, *stated)))
    chain.append(Step(RowsOfGradient(), EachRow(), (product, named)))
    return tuple(chain), matrices


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W against the definition, and the adjoint's matrix against W^T, entry by entry."""
    yield from main.entries(proof)
    if transpose.ADJOINT in proof.matrices:
        yield from transpose.entries(proof)


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy differentiates every output by every input, which gives W."""

    def differentiated() -> int:
        layer = proof.layer
        x, matrix = layer.flat_symbols()[0], layer.weight_matrix()
        number = {symbol: column for column, symbol in enumerate(x)}
        for row, output in enumerate(layer.flat_output()):
            found = {number[s]: output.diff(s) for s in output.free_symbols if s in number}
            for column in range(len(x)):
                if found.get(column, 0) != matrix[row, column]:
                    at = proof.matrices[WEIGHT].row_position(row)
                    raise Refuted(
                        "SymPy finds another derivative", at, column, found.get(column, 0), matrix[row, column]
                    )
        return int(matrix.rows * matrix.cols)

    yield "SymPy's derivative of the definition by each input", differentiated
    if transpose.ADJOINT in proof.matrices:
        yield from transpose.sympy_check(proof)


# The document -------------------------------------------------------------------------------------


def document(proof: Proof) -> Document:
    """Where the input gradient comes from, and which layer computes it."""
    layer = proof.layer
    claim = words("{}", input_theorem())
    layers = [step.claim for step in proof.steps if isinstance(step.claim, ByLayer)]
    end = (*words(", where {} is the weight matrix of the layer: ", WEIGHT), *as_layer(layers[0], proof), ".") if layers else (
        *words(", where {} is the weight matrix of the layer.", WEIGHT),
    )  # fmt: skip
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *about_the_gradient(layer),
        *(adjoint_blocks(layer, adjoint(layer)) if layers else []),
        Statement((*claim, *end)),
        steps(proof),
        *written_out(proof),
        *(checked(proof) if layer.kernel_shape is not None else checked(proof, ring(layer))),
    ]
    return Document(title(layer, "and its input gradient"), tuple(blocks), key(proof))


def ends(layer: Any) -> tuple[str, ...]:
    """The product, the layer where there is one, the batch."""
    return ("transposed", "rows") if layer.kernel_shape is None else ("transposed", "as-layer", "rows")


THEOREM = Theorem(
    name="input_gradient",
    statement="dL/dX = W^T dL/dY, in every case, and the transposed convolution that it is",
    why=words(
        "The outputs are a matrix times the inputs, so an input changes each output by its entry of {}; summed over the outputs, that is a row of the transpose.",
        WEIGHT,
    ),
    refusal=lambda layer: None,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    tables=4,
    document=document,
    others=lambda layer: {} if layer.kernel_shape is None else {transpose.ADJOINT: adjoint(layer).layer},
    ends=ends,
    labels=(DEFINITION, ENTRY_RULE),
)
