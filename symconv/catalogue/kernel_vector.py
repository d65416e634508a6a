"""vec(Y) = U(X) vec(K) + b: the other factorisation, with the kernel as the unknown vector.

Every term of the definition is a kernel entry times an input. Collected by input it gives W, a matrix
made of kernel entries; collected by kernel entry it gives U, a matrix made of inputs. U is the
derivative of the output by the kernel, and what least squares for a kernel solves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import prod
from typing import Any, ClassVar

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
    tabulated,
)
from ..definition import strides
from ..documents.blocks import (
    Block,
    Cell,
    Display,
    Document,
    Heading,
    Long,
    Math,
    Matrix,
    Paragraph,
    Reference,
    Statement,
    words,
)
from ..documents.common import checked, place, position_symbol, steps
from ..documents.setting import definition, flattening, key, output_size, setting, title
from ..documents.weights import FULL_COLUMNS, FULL_ROWS
from ..documents.wording import (
    DEFINITION,
    Said,
    cited,
    claim_parts,
    matrix_entry,
    reason_parts,
    vector_bias,
    without_single,
)
from ..form import Row, collect, first_difference
from ..formula import Call, Chain, Formula, Juxtapose, Sym, Words, equals, plus, position, times
from ..matrices import Cells, LabelledMatrix, unravel, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Line, ReadMap, Table, with_quotients
from ..rules import (
    Follows,
    Unfold,
    flattened,
    is_matrix,
    numbers_positions,
    weights_and_signal,
)
from ..sums import INPUT, KERNEL, WEIGHT, Factor, Index, Sum, number, variable
from .weight_matrix import definition_rows, matrix_rows, normal_form

INPUTS = "U"
INPUT_RULE = "inputs"
SHOWN = 12  # entries of a row of U that is too long to print

LineTable = dict[tuple[int, int], int]
"""One line of U: (output, label of a kernel entry) -> the input that the entry multiplies there."""


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class KernelRow:
    """y_o is entry `row` of U vec(K); kernel entry u is entry `column` of vec(K), by the kernel's own shape."""

    row: Index
    column: Index
    bias: bool


@dataclass(frozen=True)
class BothWays:
    """The input in U[o, u] is i exactly where kernel entry u is a term of W[o, i]."""


@dataclass(frozen=True)
class Name:
    """Name what each kernel entry multiplies: U_{o,u}."""

    tables: tuple[LineTable, ...]
    name = "name"
    follows: ClassVar[Follows] = (("unfold",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, old, new in same_lines(context, before, after):
            kernel, _ = weights_and_signal(old)
            compared += expect(new.spans, old.spans, "the sum does not run over the kernel entries of the cited step")
            factors = (Factor(INPUTS, (variable(line.letters.output), *kernel.indices)), kernel)
            compared += expect(new.factors, factors, "the terms are not entries of U times kernel entries")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        total = 0
        tables = for_each_line(context, self.tables, "table")
        for (line, old, _), table in zip(same_lines(context, before, after), tables, strict=True):
            known = {(i, line.label(i, tap)) for i in range(line.outputs) for tap in range(line.taps)}
            for cell in sorted(set(table) - known):
                raise Refuted("U has a cell where no kernel entry is used", cell[0], None, f"U{list(cell)}", "zero")
            total += compare(line, partial(read, old, line), partial(_named, line, table), "what is read and U")
        context.tables[INPUTS] = self.tables
        return total


def _named(line: Line, table: LineTable, output: int) -> Row:
    """The terms of one output: (kernel label, input)."""
    labels = [line.label(output, tap) for tap in range(line.taps)]
    return collect((label, table[output, label]) for label in labels if (output, label) in table)


@dataclass(frozen=True)
class Vector:
    """Row-major numbering turns the sum into an entry of U vec(K); all other kernel entries have a zero there."""

    name = "vector"
    follows: ClassVar[Follows] = (("name",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, KernelRow):
            raise Refuted("the claim is not about a row of U vec(K)")
        compared = expect(after.bias, context.subject.definition.bias, "the bias is lost or added")
        for line, axis in same_lines(context, before):
            letters = [factor.letter for factor in axis.factors]
            compared += expect(
                letters, [INPUTS, KERNEL], f"the cited step is not a sum of U times k along {line.letters.output}"
            )
        row, column = row_and_column(context.lines)
        compared += expect(after.row, row, "the row is not the output's row-major number")
        return compared + expect(after.column, column, "the column is not the kernel entry's row-major number")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        lines, matrix = context.lines, context.matrix(INPUTS)
        compared = is_matrix(context, INPUTS, inputs_matrix(lines, context.table(INPUTS)))
        if not isinstance(after, KernelRow):
            raise Refuted("the claim is not about a row of U vec(K)")
        rows = [(line.letters.output, line.outputs) for line in lines]
        compared += numbers_positions(after.row, rows, matrix.row_position, "row")
        zero = {name: 0 for line in lines for name in (line.letters.output, line.letters.kernel)}
        for line, step in zip(lines, strides([prod(line.kernel_shape) for line in lines]), strict=True):
            for output, tap in product(range(line.outputs), range(line.taps)):  # additive: one line at a time is enough
                env = zero | {line.letters.output: output, line.letters.kernel: tap}
                found = after.column.at(with_quotients(env, after.column))
                compared += expect(found, line.label(output, tap) * step, "the column is not the kernel entry's number")
        return compared


@dataclass(frozen=True)
class Exchange:
    """Collected by input instead, the same terms are the rows of W, from the inverse tables."""

    weights: tuple[Table, ...]
    name = "exchange"
    follows: ClassVar[Follows] = (("name",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return expect(isinstance(after, BothWays), True, "the claim does not compare U with W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        total = is_matrix(context, WEIGHT, weight_matrix(context.subject.definition.read_map))
        weights = for_each_line(context, self.weights, "table")
        for line, inputs, table in zip(context.lines, context.table(INPUTS), weights, strict=True):
            expect(len(table), line.outputs, f"W has another number of rows than outputs along {line.letters.output}")
            total += compare(line, partial(_named, line, inputs), partial(tabulated, table, line), "U and W")
        context.tables[WEIGHT] = self.weights
        return total


def row_and_column(lines: Sequence[Line]) -> tuple[Index, Index]:
    """The number of an output, and of the kernel entry that a tap of it is."""
    indices = [index for line in lines for index in line.kernel_index]
    column = number(0)
    for index, step in zip(indices, strides([size for line in lines for size in line.kernel_shape]), strict=True):
        column = column + index * step
    return flattened([(line.letters.output, line.outputs) for line in lines]), column


class InputRows(Sequence[Cells]):
    """The rows of U on demand: kernel entry -> the number of the input that it multiplies."""

    def __init__(self, lines: Sequence[Line], tables: Sequence[LineTable]) -> None:
        self._outputs = [line.outputs for line in lines]
        steps_ = strides([prod(line.kernel_shape) for line in lines]), strides([line.inputs for line in lines])
        self._rows = [
            [
                sorted((label * wide, p * step) for (at, label), p in table.items() if at == output)
                for output in range(line.outputs)
            ]
            for line, table, wide, step in zip(lines, tables, *steps_, strict=True)
        ]

    def __len__(self) -> int:
        return prod(self._outputs)

    def __getitem__(self, row: Any) -> Any:
        cells = [(0, 0)]
        for rows, output in zip(self._rows, unravel(range(len(self))[row], self._outputs), strict=True):
            cells = [(entry + label, flat + p) for entry, flat in cells for label, p in rows[output]]
        return {entry: (flat,) for entry, flat in cells}


def inputs_matrix(lines: Sequence[Line], tables: Sequence[LineTable]) -> LabelledMatrix:
    """U: rows by output, columns by kernel entry; its cells hold the number of an input."""
    kernel = tuple(size for line in lines for size in line.kernel_shape)
    outputs, inputs = (tuple(getattr(line, side) for line in lines) for side in ("outputs", "inputs"))
    return LabelledMatrix(outputs, kernel, inputs, InputRows(lines, tables))


def input_table(line: Line) -> LineTable:
    """One line of U, from the inverse: for each input, the outputs and kernel entries that meet there."""
    return {
        (output, line.label(output, tap)): p
        for p in range(line.inputs)
        for output, taps in line.meets(p).items()
        for tap in taps
    }


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Definition, naming, flattening, and the comparison with W."""
    defined = layer.definition
    lines = defined.read_map.lines
    tables = tuple(map(input_table, lines))
    named = tuple(
        Sum(axis.spans, (Factor(INPUTS, (variable(line.letters.output), *axis.factors[0].indices)), axis.factors[0]))
        for line, axis in zip(lines, defined.sums, strict=True)
    )
    row, column = row_and_column(lines)
    chain = (
        Step(Claim(defined.sums, defined.bias), Unfold()),
        Step(Claim(named, defined.bias), Name(tables), (1,)),
        Step(KernelRow(row, column, defined.bias), Vector(), (2,)),
        Step(BothWays(), Exchange(defined.read_map.tables), (2,)),
    )
    return chain, {INPUTS: inputs_matrix(lines, tables), WEIGHT: weight_matrix(defined.read_map)}


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """U vec(K), multiplied out, against the definition run as code and against W."""
    matrix: LabelledMatrix = proof.matrices[INPUTS]

    def multiplied() -> Iterator[tuple[tuple[int, ...], Row]]:
        for row in range(len(matrix.rows)):
            yield matrix.row_position(row), collect((entry, at) for entry, (at,) in matrix.rows[row].items())

    def against(rows: Iterator[tuple[tuple[int, ...], Row]], what: str) -> int:
        found = first_difference(rows, multiplied())
        if found is not None:
            raise differ(found, f"{what} and U vec(K)", proof.matrices[WEIGHT])
        return sum(map(len, matrix.rows))

    yield (
        "every entry of U vec(K), against the definition",
        lambda: against(definition_rows(proof.layer.definition), "the definition"),
    )
    yield "every entry of U vec(K), against W", lambda: against(matrix_rows(proof.matrices[WEIGHT]), "W")


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy differentiates the definition by every kernel entry, which gives U."""

    def differentiated() -> int:
        layer, matrix = proof.layer, proof.matrices[INPUTS]
        x, k, _ = layer.flat_symbols()
        for row, output in enumerate(layer.flat_output()):
            cells, used = matrix.rows[row], output.free_symbols
            for entry, symbol in enumerate(k):
                expected = x[cells[entry][0]] if entry in cells else 0
                found = output.diff(symbol) if symbol in used else 0
                if found != expected:
                    raise Refuted("SymPy finds another derivative", matrix.row_position(row), entry, found, expected)
        return len(matrix.rows) * len(k)

    yield "SymPy's derivative of the definition by each kernel entry", differentiated


# Words --------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: KernelRow, proof: Proof) -> Said:
    bias: tuple[Formula, ...] = (vector_bias(proof.layer.definition),) if claim.bias else ()
    product_ = Juxtapose((INPUTS, Call("vec", "K")))
    return words(
        "The right-hand side is entry {} of {}; its kernel entry is entry {} of {}, and the others meet zeros.",
        claim.row, plus(product_, *bias), without_single(claim.column, proof.layer.read_map), Call("vec", "K"),
    )  # fmt: skip


@claim_parts.register
def _(claim: BothWays, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    rows, columns = ([variable(getattr(line.letters, side)) for line in lines] for side in ("output", "input"))
    return words(
        "The entries of row {} of {} that are {} are those of the kernel entries that add up to {}.",
        position(tuple(rows)), INPUTS, Sym(INPUT, tuple(columns)), matrix_entry(WEIGHT, rows, columns),
    )  # fmt: skip


@reason_parts.register
def _(rule: Name, step: Step, proof: Proof) -> Said:
    return "by ", Reference(INPUT_RULE)


@reason_parts.register
def _(rule: Vector, step: Step, proof: Proof) -> Said:
    return ("flattening; definition of the matrix product",)


@reason_parts.register
def _(rule: Exchange, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}, its terms collected by input, against the entries of ", Math(WEIGHT))


def document(proof: Proof) -> Document:
    """The whole derivation of vec(Y) = U vec(K) + b."""
    layer = proof.layer
    bias: tuple[Formula, ...] = (vector_bias(layer.definition),) if layer.bias else ()
    claim = words(
        "{}: the layer is linear in its kernel too, and {} is the derivative of {} by {}.",
        equals(Call("vec", "Y"), plus(Juxtapose((INPUTS, Call("vec", "K"))), *bias)), INPUTS, Call("vec", "Y"), Call("vec", "K"),
    )  # fmt: skip
    blocks = (
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *flattening(layer),
        *the_inputs(proof),
        Statement(claim),
        steps(proof),
        *checked(proof),
    )
    return Document(title(layer, "is linear in its kernel"), blocks, key(proof))


def the_inputs(proof: Proof) -> list[Block]:
    """The rule for an entry of U, and U itself while it fits."""
    layer, matrix = proof.layer, proof.matrices[INPUTS]
    read_map: ReadMap = layer.read_map
    kernel = [without_single(index, read_map) for line in read_map.lines for index in line.kernel_index]
    there = Sym(layer.definition.signal, tuple(without_single(line.position, read_map) for line in read_map.lines))
    outputs = [variable(line.letters.output) for line in read_map.lines]
    others = (
        ", and {} in the columns of the kernel entries of other outputs' channels" if read_map.shows_channels else ""
    )
    text = words(
        "Let {} have one row for each output and one column for each kernel entry. Its entry is what the kernel entry multiplies there" + others + ":",
        INPUTS, *((0,) if others else ()),
    )  # fmt: skip
    rows, columns = matrix.shape
    blocks: list[Block] = [
        Heading(("The matrix of inputs",)),
        Paragraph(text),
        Display(equals(matrix_entry(INPUTS, outputs, kernel), there), INPUT_RULE),
    ]
    if rows <= FULL_ROWS and columns <= FULL_COLUMNS:
        return [*blocks, Paragraph(words("{} is {}.", INPUTS, times(matrix.shape))), inputs_grid(matrix)]
    row = rows // 2
    cells = sorted(matrix.rows[row].items())
    shown: list[Formula] = [equals(_entry(matrix, row, entry), _input(matrix, at)) for entry, (at,) in cells[:SHOWN]]
    dots: list[Formula] = [Words(f"… ({len(cells) - SHOWN:,} more)")] if len(cells) > SHOWN else []
    example: list[Block] = []
    if shown:
        example = [Paragraph(words("For instance, in row {}:", row)), Long(Chain(",", (*shown, *dots)))]
    return [
        *blocks,
        Paragraph(
            words(
                "{} is {}, too large to print in full; the rule above gives every entry of it.",
                INPUTS,
                times(matrix.shape),
            )
        ),
        *example,
    ]


def _entry(matrix: LabelledMatrix, row: int, column: int) -> Formula:
    return Sym(INPUTS, (row, column))


def _input(matrix: LabelledMatrix, at: int) -> Formula:
    return position_symbol(INPUT, matrix.kernel_position(at))


def inputs_grid(matrix: LabelledMatrix) -> Matrix:
    """U with its labels."""
    cells = {}
    for row, line in enumerate(matrix.rows):
        for column, (at,) in line.items():
            where = ",".join(map(str, matrix.kernel_position(at)))
            cells[row, column] = Cell(_input(matrix, at), None, f"{INPUT}[{where}]")
    caption = "rows by output, columns by kernel entry, with a dot for zero"
    return Matrix(
        tuple(place(matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(place(matrix.column_position(column)) for column in range(matrix.shape[1])),
        cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        caption,
        caption,
    )


THEOREM = Theorem(
    name="kernel_vector",
    statement="vec(Y) = U(X) vec(K), plus the bias: the other factorisation, with the kernel as the unknown vector",
    refusal=lambda layer: None if layer.kernel_shape is not None else "it has no kernel",
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    ends=("vector", "exchange"),
    last=normal_form,
    labels=(DEFINITION, INPUT_RULE),
)
