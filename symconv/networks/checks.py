"""What is checked of a fully connected network, node by node; every check counts what it compared.

A layer's matrix is the one of the theorem weight_matrix, whose proof for the layer is checked, and the numbers
are that matrix with the weights put in. The matrices of a sum, a concatenation, a new shape and a batch
normalisation are compared, row by row, with what the operation says that each output reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

from ..catalogue import prove
from ..catalogue.weight_matrix import matrix_rows
from ..claims import Refuted, differ, expect
from ..definition import strides
from ..errors import ProofFailed
from ..form import Row, first_difference, weigh
from ..layers import Layer
from ..matrices import LabelledMatrix, NumberMatrix, unravel
from ..report import Checks, Report, discharge
from ..rules import rows_of_product
from ..sums import WEIGHT
from .graph import INPUT
from .operations import Activation, Apply, Operation, Shape

if TYPE_CHECKING:
    from .conversion import Dense, FullyConnected

NUMBERS_LIMIT = 1_000_000
"""Entries of a matrix up to which its numbers are compared with the proved matrix one by one."""


def checked(network: FullyConnected) -> Report:
    """The report of the whole network."""
    proofs: dict[tuple[Layer, str], Any] = {}
    report = discharge("axes", [("the nodes fit together", partial(wired, network))])
    for number, node in enumerate(network.nodes, 1):
        report += discharge("axes", of_node(network, node, proofs), number)
    return report


def of_node(network: FullyConnected, node: Dense, proofs: dict[tuple[Layer, str], Any]) -> Checks:
    """The obligations of one node."""
    operation, inputs = node.operation, [network.shapes[each] for each in node.inputs]
    if isinstance(operation, Apply):
        yield "theorem weight_matrix for its layer", partial(theorem, node, operation.layer, proofs)
        if node.nonzeros <= NUMBERS_LIMIT:
            yield "every number is the weight that the matrix says", partial(numbers, node, operation)
    elif isinstance(operation, Activation):
        yield "vec numbers every entry once", partial(numbered, node)
        before = layer_before(network, node)
        if before is not None:
            yield "theorem nonlinearity for the layer before it", partial(nonlinearity, before, proofs)
    elif node.matrix is not None:
        yield "every row is what the output reads", partial(rows, node, operation, inputs)
    if node.bias is not None:
        yield "every bias is that of its channel", partial(bias, node, operation)


def wired(network: FullyConnected) -> int:
    """Every matrix takes the stacked vectors of its inputs and gives as many entries as its shape has."""
    known = {INPUT}
    expect(len(network.nodes), len(network.source.nodes), "the network has another number of nodes")
    compared = 0
    for node, source in zip(network.nodes, network.source.nodes, strict=True):
        expect(node.node is source, True, f"{node.name} is no node of the network")
        expect(set(node.inputs) <= known, True, f"{node.name} uses a node that comes after it")
        size = prod(network.shapes[node.name])
        if node.matrix is not None:
            width = sum(prod(network.shapes[each]) for each in node.inputs)
            compared += expect(node.matrix.shape, (size, width), f"the matrix of {node.name} has another size")
            compared += expect(len(node.matrix.rows), size, f"the matrix of {node.name} has another number of rows")
        if node.bias is not None:
            compared += expect(len(node.bias), size, f"the bias of {node.name} has another length")
        known.add(node.name)
    return compared + expect(network.output in known, True, "the output is no node")


def layer_before(network: FullyConnected, node: Dense) -> Layer | None:
    """The layer that an activation follows, if it is one."""
    operation = next((each.operation for each in network.nodes if each.name == node.inputs[0]), None)
    return operation.layer if isinstance(operation, Apply) else None


def proved_once(layer: Layer, name: str, proofs: dict[tuple[Layer, str], Any]) -> Any:
    """The proof of a theorem for a layer; equal layers share one."""
    if (layer, name) not in proofs:
        try:
            proofs[layer, name] = prove(layer, name, check="axes")
        except ProofFailed as failed:
            raise Refuted(f"{name} fails for {layer!r}: {failed}") from None
    return proofs[layer, name]


def nonlinearity(layer: Layer, proofs: dict[tuple[Layer, str], Any]) -> int:
    """vec(sigma(Y)) = sigma(W vec(X) + b): the proof for the layer holds."""
    count: int = sum(each.count for each in proved_once(layer, "nonlinearity", proofs).check().proved)
    return count


def theorem(node: Dense, layer: Layer, proofs: dict[tuple[Layer, str], Any]) -> int:
    """The proof of weight_matrix for the layer holds, and its W is the node's matrix."""
    proof = proved_once(layer, "weight_matrix", proofs)
    proved, ours = proof.matrices[WEIGHT], node.matrix
    compared = expect(type(ours), type(proved), "the matrix is of another kind")
    assert ours is not None  # noqa: S101 - the proved matrix is of a kind that is there
    labels = (ours.row_shape, ours.column_shape), (proved.row_shape, proved.column_shape)
    compared += expect(*labels, "the matrix is labelled otherwise")
    if isinstance(ours, LabelledMatrix):
        compared += expect(ours.kernel_shape, proved.kernel_shape, "its entries are labelled otherwise")
    compared += rows_of_product(ours, proved.rows, node.name)
    proved_by: int = sum(each.count for each in proof.check().proved)
    return compared + proved_by


def numbers(node: Dense, operation: Apply) -> int:
    """The numbers, entry by entry: the sum of the weights whose numbers stand in the matrix."""
    data, columns, indptr = node.entries
    flat = None if operation.kernel is None else operation.kernel.reshape(-1).tolist()
    compared = 0
    matrix = node.matrix
    assert matrix is not None  # noqa: S101 - a layer has a matrix
    for row, cells in enumerate(matrix.rows):
        span = slice(indptr[row], indptr[row + 1])
        found = dict(zip(columns[span].tolist(), data[span].tolist(), strict=True))
        if flat is None:
            right = dict(cells)
        else:
            right = {c: flat[held[0]] if len(held) == 1 else sum(flat[u] for u in held) for c, held in cells.items()}
        if found != right:
            column = next(c for c in sorted({*found, *right}) if found.get(c) != right.get(c))
            sides = found.get(column, "no entry"), right.get(column, "no entry")
            raise Refuted("the numbers are not those of the matrix", matrix.row_position(row), column, *sides)
        compared += len(found)
    return compared


def numbered(node: Dense) -> int:
    """The row-major number of a position leads back to it, so vec moves entries and changes none."""
    steps = strides(list(node.shape))
    for n in range(prod(node.shape)):
        at = unravel(n, node.shape)
        expect(sum(i * step for i, step in zip(at, steps, strict=True)), n, "a number leads to another position")
    return prod(node.shape)


def rows(node: Dense, operation: Operation, inputs: Sequence[Shape]) -> int:
    """The definition, forward over positions, against the rows of the matrix."""
    matrix = node.matrix
    assert isinstance(matrix, NumberMatrix)  # noqa: S101 - what is no layer has a matrix of numbers
    offsets = [sum(prod(shape) for shape in inputs[:k]) for k in range(len(inputs))]
    steps = [strides(list(shape)) for shape in inputs]
    compared = 0

    def defined() -> Iterator[tuple[Shape, Row]]:
        nonlocal compared
        for at, reads in operation.reads(inputs):
            terms = [
                ((None, offsets[k] + sum(i * step for i, step in zip(source, steps[k], strict=True))), coefficient)
                for coefficient, k, source in reads
            ]
            compared += len(terms)
            yield at, weigh(terms)

    difference = first_difference(defined(), matrix_rows(matrix))
    if difference is not None:
        raise differ(difference, "the definition and the matrix", matrix)
    return compared


def bias(node: Dense, operation: Any) -> int:
    """Entry n of the bias is the number of the channel of position n."""
    assert node.bias is not None  # noqa: S101 - asked only where there is one
    for n, value in enumerate(node.bias.tolist()):
        at = unravel(n, node.shape)
        if value != operation.offset[at[0]]:
            raise Refuted("the bias is another channel's", at, None, value, operation.offset[at[0]])
    return len(node.bias)
