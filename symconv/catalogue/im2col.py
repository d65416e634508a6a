"""Y = K C + b: a convolution is the product of its kernel matrix with the matrix of the inputs it reads.

The lowering that most convolution code uses (`torch.nn.functional.unfold`): column l of C holds what
the window of output l reads, row r what kernel entry r reads. C comes from the definition, forward;
the last step collects its columns by input and meets the weight matrix, from the inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from ..claims import (
    AnyClaim,
    Claim,
    Context,
    Refuted,
    compare,
    differ,
    expect,
    for_each_line,
    read,
    same_lines,
)
from ..definition import Definition
from ..documents.blocks import Document, Inline, Math, Reference, Statement, words
from ..documents.columns import COLUMN_RULE, columns_matrix, im2col_formula
from ..documents.common import checked, steps
from ..documents.setting import definition, key, output_size, setting, title
from ..documents.wording import (
    DEFINITION,
    Said,
    bias_terms,
    cited,
    claim_parts,
    matrix_entry,
    reason_parts,
    without_single,
)
from ..form import Row, collect, first_difference
from ..formula import Formula, Juxtapose, Sym, equals, position
from ..matrices import LabelledMatrix, im2col_matrix, kernel_matrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Line, ReadMap, Table, forward_table, with_quotients
from ..rules import (
    Follows,
    Unfold,
    flattened,
    is_matrix,
    numbers_positions,
    weights_and_signal,
)
from ..steps.input_matrix import collected
from ..sums import COLUMNS, INPUT, KERNEL, WEIGHT, Factor, Index, Sum, number, variable
from .weight_matrix import definition_rows, matrix_rows, normal_form

if TYPE_CHECKING:
    from ..layers import Layer


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProductClaim:
    """y_{c,l} is entry (c, l) of K C, l being `column`; tap u of a group meets row `row` of its rows of C."""

    row: Index
    column: Index
    bias: bool


@dataclass(frozen=True)
class MatrixClaim:
    """Collected by input, the columns of the im2col matrix give the rows of W."""


@dataclass(frozen=True)
class Gather:
    """Name what kernel entry u reads for output i: C_{u,i}."""

    tables: tuple[dict[tuple[int, ...], int], ...]  # for each line, (row, column) of C -> the input there
    name = "gather"
    follows: ClassVar[Follows] = (("unfold",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, old, new in same_lines(context, before, after):
            kernel, _ = weights_and_signal(old)
            compared += expect(new.spans, old.spans, "the sum does not run over the kernel entries of the cited step")
            factors = (kernel, Factor(COLUMNS, line.gathered))
            compared += expect(new.factors, factors, "the terms are not kernel entries times entries of C")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        total = 0
        tables = for_each_line(context, self.tables, "table")
        for (line, old, _), table in zip(same_lines(context, before, after), tables, strict=True):
            for cell in set(table) - places(line):
                raise Refuted("C has a cell outside of it", None, f"C{list(cell)}", "an input", "no cell")
            total += compare(line, partial(read, old, line), partial(_gathered, line, table), "what is read and C")
        context.tables[COLUMNS] = self.tables
        return total


def places(line: Line) -> set[tuple[int, ...]]:
    """The cells that the im2col matrix has along one line."""
    letters = {line.letters.output: range(line.outputs), line.letters.kernel: range(line.taps)}
    envs = (with_quotients(dict(zip(letters, at, strict=True)), *line.gathered) for at in product(*letters.values()))
    return {tuple(index.at(env) or 0 for index in line.gathered) for env in envs}


def _gathered(line: Line, table: dict[tuple[int, ...], int], output: int) -> Row:
    """The terms k C of one output: (kernel label, input)."""
    terms = []
    for tap in range(line.taps):
        env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, *line.gathered)
        p = table.get(tuple(index.at(env) or 0 for index in line.gathered))
        if p is not None:
            terms.append((line.label(output, tap), p))
    return collect(terms)


@dataclass(frozen=True)
class Product:
    """Row-major numbering turns the sum into an entry of K C."""

    name = "product"
    follows: ClassVar[Follows] = (("gather",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        read_map = context.subject.definition.read_map
        if not isinstance(after, ProductClaim):
            raise Refuted("the claim is not about an entry of K C")
        compared = expect(after.bias, context.subject.definition.bias, "the bias is lost or added")
        for line, axis in same_lines(context, before):
            found = axis.factor(COLUMNS)
            compared += expect(found, Factor(COLUMNS, line.gathered), "the cited step is not a sum of k times C")
        row = flattened([(line.letters.kernel, line.taps) for line in read_map.lines])
        column = flattened([(axis.letters.output, axis.outputs) for axis in read_map.axes])
        compared += expect(after.row, row, "the row of C is not the kernel entry's row-major number")
        return compared + expect(after.column, column, "the column of C is not the output's row-major number")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        read_map = context.subject.definition.read_map
        matrix = context.matrix(COLUMNS)
        compared = is_matrix(context, COLUMNS, im2col_matrix(read_map))
        if not isinstance(after, ProductClaim):
            raise Refuted("the claim is not about an entry of K C")
        # A tap's row within its group's rows: those of the first group, whose channels count from 0.
        taps = [(line.letters.kernel, line.taps) for line in read_map.lines]
        outputs = [(axis.letters.output, axis.outputs) for axis in read_map.axes]
        compared += numbers_positions(after.row, taps, matrix.row_position, "row")
        return compared + numbers_positions(after.column, outputs, matrix.column_position, "column")


@dataclass(frozen=True)
class Collect:
    """Column by column, collecting the rows of C that hold the same input gives the rows of W."""

    weights: tuple[Table, ...]
    name = "collect"
    follows: ClassVar[Follows] = (("gather",), ("product",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return expect(isinstance(after, MatrixClaim), True, "the claim does not compare C with W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return collected(context, COLUMNS, _gathered, self.weights)


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Definition, gathering, flattening, and the comparison with W."""
    defined = layer.definition
    read_map = defined.read_map
    gathered = tuple(
        Sum(axis.spans, (axis.factors[0], Factor(COLUMNS, line.gathered)))
        for line, axis in zip(read_map.lines, defined.sums, strict=True)
    )
    row = flattened([(line.letters.kernel, line.taps) for line in read_map.lines])
    column = flattened([(axis.letters.output, axis.outputs) for axis in read_map.axes])
    columns = im2col_matrix(read_map)
    steps = (
        Step(Claim(defined.sums, defined.bias), Unfold()),
        Step(Claim(gathered, defined.bias), Gather(tuple(map(forward_table, read_map.lines))), (1,)),
        Step(ProductClaim(row, column, defined.bias), Product(), (2,)),
        Step(MatrixClaim(), Collect(read_map.tables), (2, 3)),
    )
    return steps, {COLUMNS: columns, WEIGHT: weight_matrix(read_map)}


# The further checks -------------------------------------------------------------------------------


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
                compared += int(sum(row.values()))
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


# Words --------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: ProductClaim, proof: Proof) -> tuple[Inline, ...]:
    defined: Definition = proof.layer.definition
    read_map = defined.read_map
    channels = read_map.channels
    c = variable(channels.letters.output) if read_map.shows_channels else number(0)
    bias = bias_terms(defined)
    entry = position((c, claim.column if read_map.axes else number(0)))
    taps = position(tuple(variable(line.letters.kernel) for line in read_map.lines))
    first = channels.position - variable(channels.letters.kernel)  # the first channel of the group
    at = claim.row + first * (column_height(read_map) // channels.inputs)
    template = (
        "The right-hand side is entry {} of {}"
        + (" plus {}" if bias else "")
        + "; kernel entry {} stands in column {} of {} and meets row {} of {}."
    )
    return words(template, entry, Juxtapose(("K", COLUMNS)), *bias, taps, at, "K", at, COLUMNS)


def column_height(read_map: ReadMap) -> int:
    """The number of rows of C."""
    rows = read_map.channels.inputs
    for axis in read_map.axes:
        rows *= axis.taps
    return rows


def flat_output(read_map: ReadMap) -> Index:
    """The number of an output position among the columns of C."""
    return flattened([(axis.letters.output, axis.outputs) for axis in read_map.axes])


@claim_parts.register
def _(claim: MatrixClaim, proof: Proof) -> tuple[Inline, ...]:
    read_map: ReadMap = proof.layer.definition.read_map
    return words(
        "Collected by input, column {} of {} gives the rows of the weight matrix {} for that output position: {} is the sum of the {} with {}.",
        flat_output(read_map), COLUMNS, WEIGHT, *_collected(read_map),
    )  # fmt: skip


def _collected(read_map: ReadMap) -> tuple[Formula, Formula, Formula]:
    outputs = [variable(line.letters.output) for line in read_map.lines]
    inputs = [variable(line.letters.input) for line in read_map.lines]
    rows = [without_single(line.gathered[0], read_map) for line in read_map.lines]
    columns = [variable(axis.letters.output) for axis in read_map.axes]
    kernel = Sym(
        KERNEL, tuple(without_single(index, read_map) for line in read_map.lines for index in line.kernel_index)
    )
    cell = matrix_entry(COLUMNS, rows, columns)
    return matrix_entry(WEIGHT, outputs, inputs), kernel, equals(cell, Sym(INPUT, tuple(inputs)))


@reason_parts.register
def _(rule: Gather, step: Step, proof: Proof) -> Said:
    return "by ", Reference(COLUMN_RULE)


@reason_parts.register
def _(rule: Product, step: Step, proof: Proof) -> Said:
    return ("flattening; definition of the matrix product",)


@reason_parts.register
def _(rule: Collect, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}: what was gathered, against the entries of ", Math(WEIGHT))


def document(proof: Proof) -> Document:
    """The whole derivation of Y = K C + b."""
    layer = proof.layer
    claim = words(
        "{}: the layer is the product of its kernel matrix and the matrix of the inputs it reads.",
        im2col_formula(layer),
    )
    blocks = (
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *columns_matrix(proof),
        Statement(claim),
        steps(proof),
        *checked(proof),
    )
    return Document(title(layer, "is an im2col product"), blocks, key(proof))


THEOREM = Theorem(
    name="im2col",
    statement="Y = K C, plus the bias: the layer is its kernel matrix times the matrix of what it reads",
    why=words(
        "A column of {} holds what the windows of one output position read, and a row of {} the kernel entries of one output channel, each at the place of what it meets; multiplied and added up, they are an output.",
        COLUMNS,
        "K",
    ),
    refusal=lambda layer: None if layer.kernel_shape is not None else "it has no kernel to multiply what it reads with",
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    walks=True,
    document=document,
    ends=("product", "collect"),
    last=normal_form,
    labels=(DEFINITION, COLUMN_RULE),
)
