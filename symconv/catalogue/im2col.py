"""Y = K C + b: a convolution is the product of its kernel matrix with the matrix of the inputs it reads.

The lowering that most convolution code uses (`torch.nn.functional.unfold`): column l of C holds what
the window of output l reads, row r what kernel entry r reads. C comes from the definition, forward;
the last step collects its columns by input and meets the weight matrix, from the inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..claims import Claim, MatrixClaim, ProductClaim, Refuted, differ
from ..form import Row, collect, first_difference
from ..matrices import LabelledMatrix, im2col_matrix, kernel_matrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import ReadMap, forward_table
from ..rules import Collect, Gather, Product, Unfold, flattened
from ..sums import COLUMNS, WEIGHT, Factor, Sum
from .weight_matrix import definition_rows, matrix_rows

if TYPE_CHECKING:
    from ..documents.blocks import Document
    from ..layers import Layer


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Definition, gathering, flattening, and the comparison with W."""
    definition = layer.definition
    read_map = definition.read_map
    gathered = tuple(
        Sum(axis.spans, (axis.factors[0], Factor(COLUMNS, line.gathered)))
        for line, axis in zip(read_map.lines, definition.sums, strict=True)
    )
    row = flattened([(line.letters.kernel, line.taps) for line in read_map.lines])
    column = flattened([(axis.letters.output, axis.outputs) for axis in read_map.axes])
    columns = im2col_matrix(read_map)
    steps = (
        Step(Claim(definition.sums, definition.bias), Unfold()),
        Step(Claim(gathered, definition.bias), Gather(tuple(map(forward_table, read_map.lines))), (1,)),
        Step(ProductClaim(row, column, definition.bias), Product(), (2,)),
        Step(MatrixClaim(), Collect(read_map.tables), (2, 3)),
    )
    return steps, {COLUMNS: columns, WEIGHT: weight_matrix(read_map)}


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The product K C, multiplied out, against the definition run as code and against W."""
    read_map: ReadMap = proof.layer.definition.read_map

    def multiplied() -> Iterator[tuple[tuple[int, ...], Row]]:
        columns, weights = proof.matrices[COLUMNS], proof.matrices[WEIGHT]
        channels, outputs = read_map.channels, range(columns.shape[1])
        block, members = len(columns.rows) // channels.groups, channels.outputs // channels.groups
        rows = [_inputs(columns, row) for row in range(len(columns.rows))]
        for c, entries_of_channel in enumerate(kernel_matrix(read_map)):
            first = c // members * block
            for output in outputs:
                met = ((u, rows[first + r].get(output)) for r, u in enumerate(entries_of_channel))
                yield (
                    weights.row_position(c * len(outputs) + output),
                    collect(term for term in met if term[1] is not None),
                )

    def against(rows: Iterator[tuple[tuple[int, ...], Row]], what: str) -> int:
        compared = 0

        def counted() -> Iterator[tuple[tuple[int, ...], Row]]:
            nonlocal compared
            for output, row in multiplied():
                compared += sum(row.values())
                yield output, row

        difference = first_difference(rows, counted())
        if difference is not None:
            raise differ(difference, f"{what} and K C", proof.matrices[WEIGHT])
        return compared

    def against_definition() -> int:
        return against(definition_rows(proof.layer.definition), "the definition")

    def against_weights() -> int:
        return against(matrix_rows(proof.matrices[WEIGHT]), "W")

    yield "K C multiplied out, against the definition", against_definition
    yield "K C multiplied out, against W", against_weights


def _inputs(columns: LabelledMatrix, row: int) -> dict[int, int]:
    """One row of C: for each output the one input that is read there."""
    cells = {}
    for output, cell in columns.rows[row].items():
        if len(cell) != 1 or not 0 <= output < columns.shape[1]:
            where = columns.row_position(row)
            raise Refuted("an entry of C is not one input of one output", output, where, list(cell), "one input")
        cells[output] = cell[0]
    return cells


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy multiplies each group's K and C; the difference from the definition expands to zero."""

    def multiplied_out() -> int:
        from sympy import ImmutableDenseMatrix, expand

        layer = proof.layer
        columns = layer.im2col()
        _, k, b = layer.flat_symbols()
        channels = layer.read_map.channels
        block, members = columns.rows // channels.groups, channels.outputs // channels.groups
        numbers = kernel_matrix(layer.read_map)
        outputs = layer.flat_output()
        for group in range(channels.groups):
            own = [k[u] for row in numbers[group * members : (group + 1) * members] for u in row]
            product = ImmutableDenseMatrix(members, block, own) * columns[group * block : (group + 1) * block, :]
            for n, (entry, output) in enumerate(zip(product, outputs, strict=False)):
                channel = group * members + n // columns.cols
                total = entry + b[channel] if b is not None else entry
                if total != output and expand(total - output) != 0:
                    raise Refuted("SymPy finds another product", (channel, n % columns.cols), None, output, total)
        return int(channels.outputs * columns.cols)

    yield "the difference of both sides expands to 0 in SymPy", multiplied_out


def document(proof: Proof) -> Document:
    from ..documents import im2col_document

    return im2col_document(proof)


THEOREM = Theorem(
    name="im2col",
    statement="Y = K C, plus the bias: the layer is its kernel matrix times the matrix of what it reads",
    refusal=lambda layer: None,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    ends=("product", "collect"),
)
