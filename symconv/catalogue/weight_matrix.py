"""vec(Y) = W vec(X) + b: a convolutional layer is a fully connected layer.

The main theorem (Ma and Lu, arXiv 1712.01252, sections 2 to 4), for every configuration. The
definition runs forward, from an output and a kernel entry to the input they read. W comes from the
inverse: for each input, the outputs and kernel entries that meet there. The step `entry` is where
the two meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from ..along import distinct, folded, stored
from ..claims import BatchClaim, Claim, Context, Refuted, RowClaim, differ, expect, sums_of
from ..definition import Definition, constant, weights
from ..documents.blocks import Document, Statement, words
from ..documents.common import checked, steps
from ..documents.known import ring
from ..documents.rows import rows
from ..documents.setting import definition, flattening, key, output_size, setting, title
from ..documents.shape import shape_of_matrix
from ..documents.weights import the_matrix
from ..documents.wording import DEFINITION, ENTRY_RULE, batch_formula, theorem_formula
from ..flattening import ROW_MAJOR, Order, number_in
from ..form import Row, collect, first_difference
from ..matrices import LabelledMatrix, NumberMatrix, ProductRows, matrix_of, order_of, unravel
from ..proof import Proof, Step, Theorem
from ..readmap import Line, Table
from ..rules import Batch, Entry, Flatten, Group, Reindex, Unfold, all_inputs, flattened, only_span, tap_at
from ..sums import INPUT, PADDED, WEIGHT, Factor, Fibre, Index, Span, Sum, number, variable

if TYPE_CHECKING:
    from ..layers import Layer

ARRAYS = 2_000
"""Non-zeros from which every entry is checked with NumPy; fewer are checked before it is imported."""


def build(layer: Layer, order: str = "row-major") -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The chain of steps for this layer; a step that would change nothing is not taken."""
    defined = layer.definition
    lines = defined.read_map.lines
    places = order_of(defined.read_map, order)
    sums = defined.sums
    chain = [Step(Claim(sums, defined.bias), Unfold())]

    if defined.read_map.folded or any(line.taps > 1 and not _renamed(line) for line in lines):
        sums = tuple(_reindexed(line, defined.signal) for line in lines)
        chain.append(Step(Claim(sums, defined.bias), Reindex(tuple(line.position for line in lines)), (1,)))
    if defined.read_map.folded:
        sums = tuple(_grouped(line, axis) for line, axis in zip(lines, sums, strict=True))
        chain.append(Step(Claim(sums, defined.bias), Group(), (len(chain),)))

    rules = tuple(_entry_rule(line, axis) for line, axis in zip(lines, sums, strict=True))
    entries = Claim(tuple(_weighted(line) for line in lines), defined.bias)
    chain.append(Step(entries, Entry(rules, defined.read_map.tables), (len(chain),)))
    row = flattened([(line.letters.output, line.outputs) for line in lines], places)
    column = flattened([(line.letters.input, line.inputs) for line in lines], places)
    chain.append(Step(RowClaim(row, column, defined.bias), Flatten(places), (len(chain),)))
    chain.append(Step(BatchClaim(defined.bias), Batch(), (len(chain), len(chain) - 1)))
    return tuple(chain), {WEIGHT: matrix_of(defined.read_map, places)}


def _renamed(line: Line) -> bool:
    """Whether re-indexing along this line would only rename its variable."""
    return line.position == variable(line.letters.kernel)


def _reindexed(line: Line, signal: str) -> Sum:
    """The same sum over the positions that are read."""
    name = line.letters.padded if signal == PADDED else line.letters.input
    tap = line.letters.kernel
    back = line.position.solve(tap, name)
    slope = line.position.coefficient(tap)
    ends = [line.position.substitute(tap, number(u)) for u in (0, line.taps - 1)]
    first, last = ends if slope > 0 else ends[::-1]
    kernel = (factor.substitute(tap, back) for factor in weights(line))
    span = Span(name, first, last, abs(slope))
    return Sum((span,), (*kernel, Factor(signal, (variable(name),))), constant(line))


def _grouped(line: Line, axis: Sum) -> Sum:
    """The same terms collected by the input they read."""
    span = only_span(axis)
    *kernel, _ = axis.factors
    name = line.letters.input
    if line.mode is None:
        return Sum(
            (Span(name, span.first, span.last, span.step),),
            (*(factor.substitute(span.name, variable(name)) for factor in kernel), Factor(INPUT, (variable(name),))),
            axis.coefficient,
        )
    return Sum((all_inputs(line), Fibre(span, name)), (*kernel, Factor(INPUT, (variable(name),))), axis.coefficient)


def _entry_rule(line: Line, axis: Sum) -> Index:
    """Which tap an entry of W is: an expression in the output and the input (or the position holding it)."""
    grouped = len(axis.spans) > 1
    return tap_at(line, variable(line.letters.padded) if grouped else variable(line.letters.input) * line.scale)


def _weighted(line: Line) -> Sum:
    """Sum over p of W_{i,p} x_p."""
    p = variable(line.letters.input)
    return Sum((all_inputs(line),), (Factor(WEIGHT, (variable(line.letters.output), p)), Factor(INPUT, (p,))))


# The further checks -------------------------------------------------------------------------------


def matrix_rows(matrix: LabelledMatrix | NumberMatrix) -> Iterator[tuple[tuple[int, ...], Row]]:
    """The rows of a flattened matrix as terms, each at the position that its label says.

    Inputs are told by their row-major number, whatever the order of the matrix.
    """
    columns = range(matrix.shape[1])
    inputs = (
        [number_in(matrix.column_position(c), matrix.column_shape, ROW_MAJOR) for c in columns]
        if matrix.order
        else columns
    )
    if isinstance(matrix, NumberMatrix):
        for row, numbers in enumerate(matrix.rows):
            at = matrix.row_position(row)
            for column, value in numbers.items():
                if column not in columns or not value:
                    what = "zero" if column in columns else "a column outside the matrix"
                    raise Refuted(f"the matrix stores {what}", at, column, value, "nothing")
            yield at, {(None, inputs[column]): value for column, value in numbers.items()}
        return
    for row, cells in enumerate(matrix.rows):
        at = matrix.row_position(row)
        for column, entry in cells.items():
            if column not in columns or not entry or list(entry) != sorted(entry):
                what = (
                    "a column outside the matrix"
                    if column not in columns
                    else "an entry out of order"
                    if entry
                    else "an entry with no kernel entry in it"
                )
                raise Refuted(f"the matrix stores {what}", at, column, list(entry), "nothing")
        yield at, collect((kernel, inputs[column]) for column, entry in cells.items() for kernel in entry)


def definition_rows(defined: Definition, order: Order = ROW_MAJOR) -> Iterator[tuple[tuple[int, ...], Row]]:
    """The definition, run as code, for every output in that order; the bias, being no part of W, is set aside."""
    for output, row in defined.rows(order):
        if defined.bias:
            channel = output[0] if defined.bias_indices else 0
            if row.pop((("b", channel), None), 0) != 1:
                raise Refuted("the definition does not add its channel's bias once", output)
        yield output, row


def together(defined: Definition, matrix: LabelledMatrix | NumberMatrix) -> int | None:
    """Every entry of a large W in row-major order at once, in arrays; None where it is small, or differs anywhere."""
    if not isinstance(matrix, LabelledMatrix) or type(matrix.rows) is not ProductRows:
        return None
    if matrix.order or defined.read_map.nonzeros < ARRAYS or len(matrix.rows) != matrix.shape[0]:
        return None
    from ..all_entries import agree  # it is for large layers only

    return agree(defined, matrix.rows.arrays, prod(matrix.kernel_shape))


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """Every row of the flattened W against the definition run as code."""

    def every_entry() -> int:
        matrix: LabelledMatrix | NumberMatrix = proof.matrices[WEIGHT]
        found = together(proof.layer.definition, matrix)
        if found is not None:
            return found
        compared = 0

        def counted() -> Iterator[tuple[tuple[int, ...], Row]]:
            nonlocal compared
            for output, row in matrix_rows(matrix):
                compared += len(row)
                yield output, row

        difference = first_difference(definition_rows(proof.layer.definition, matrix.order), counted())
        if difference is not None:
            raise differ(difference, "the definition and W", matrix)
        return compared

    yield "every entry of W, both routes", every_entry


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy multiplies W vec(X), and the difference from the definition expands to zero."""

    def multiplied_out() -> int:
        from sympy import ImmutableSparseMatrix, expand

        layer, order = proof.layer, proof.matrices[WEIGHT].order
        sizes = [line.inputs for line in layer.read_map.lines]
        x, _, b = layer.flat_symbols()
        flat = {(number_in(unravel(n, sizes), sizes, order), 0): entry for n, entry in enumerate(x)}
        product = list(layer.weight_matrix(order_name(proof)) * ImmutableSparseMatrix(len(x), 1, flat))
        per_channel = len(product) // layer.output_shape[0]
        outputs = zip(layer.definition.outputs(), layer.flat_output(), strict=True)
        for n, (at, output) in enumerate(outputs):
            row = product[number_in(at, proof.matrices[WEIGHT].row_shape, order)]
            total = row + b[n // per_channel] if b is not None else row
            if total != output and expand(total - output) != 0:
                raise Refuted("SymPy finds another sum", at, None, output, total)
        return len(product)

    yield "the difference of both sides expands to 0 in SymPy", multiplied_out


def routes_agree(lines: Sequence[Line], sums: Sequence[Sum], tables: Sequence[Table]) -> int:
    """Compare the definition, run forward, with the inverse tables for every output of every line; how many agreed."""
    count = 0
    for line, axis, table in distinct(zip(lines, sums, tables, strict=True)):
        direct, inverse = folded(axis, line), stored(table, line)
        defined = ((i, direct(i)) for i in range(line.outputs))
        matrix = ((i, inverse(i)) for i in range(line.outputs))
        difference = first_difference(defined, matrix)
        if difference is not None:
            raise Refuted(
                "definition and matrix", difference.output, difference.term, difference.left, difference.right
            )
        count += line.outputs
    return count


def normal_form(proof: Proof, context: Context) -> Iterator[tuple[str, Callable[[], int]]]:
    """The last check: the definition and W, as dictionaries of terms, line by line."""

    def compared() -> int:
        return routes_agree(context.lines, sums_of(proof.steps[0].claim), context.table(WEIGHT))

    yield "normal forms of first and last sum", compared


def order_name(proof: Proof) -> str:
    """In which order the proof flattens."""
    return str(dict(proof.options).get("order", "row-major"))


def last(proof: Proof, context: Context) -> Iterator[tuple[str, Callable[[], int]]]:
    """The normal forms; and the order of the row step is the one that was asked for, which the page names."""
    found = [step.rule.order for step in proof.steps if isinstance(step.rule, Flatten)]

    def asked() -> int:
        order = order_of(proof.layer.read_map, order_name(proof))
        return expect(found, [order], "the vectors are flattened in another order than the page says")

    if proof.options or any(found):
        yield "the order of flattening is the one that was asked for", asked
    yield from normal_form(proof, context)


def document(proof: Proof) -> Document:
    """The whole derivation of vec(Y) = W vec(X) + b."""
    layer = proof.layer
    claim = words(
        "{}: the layer is a fully connected layer with weight matrix {}", theorem_formula(layer.definition), WEIGHT
    )
    batch = words(". For a batch, one input in each row of {}, this is {}.", "X", batch_formula(layer.definition))
    blocks = (
        *setting(layer, order_name(proof)),
        *definition(layer),
        *output_size(layer),
        *flattening(layer, order_name(proof)),
        *the_matrix(proof),
        Statement(claim + batch),
        steps(proof),
        *rows(proof),
        *shape_of_matrix(proof),
        *(checked(proof) if layer.kernel_shape is not None else checked(proof, ring(layer))),
    )
    return Document(title(layer, "is a matrix product"), blocks, key(proof))


THEOREM = Theorem(
    name="weight_matrix",
    statement="vec(Y) = W vec(X), plus the bias: the layer is a fully connected layer with weight matrix W",
    why=words(
        "An output is a sum of inputs, each times a coefficient; collected by input, these coefficients are one row of {}.",
        WEIGHT,
    ),
    refusal=lambda layer: None,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    ends=("row", "batch"),
    last=last,
    options=("order",),
    labels=(DEFINITION, ENTRY_RULE),
)
