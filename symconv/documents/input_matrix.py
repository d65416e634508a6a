"""The matrix of inputs: its words, its rule, and the matrix itself while it fits."""

from __future__ import annotations

from ..formula import Call, Chain, Formula, Juxtapose, Sym, Words, equals, plus, position, times
from ..matrices import LabelledMatrix
from ..proof import Proof, Step
from ..readmap import ReadMap
from ..steps.input_matrix import INPUTS, BothWays, Exchange, KernelRow, Name, Vector
from ..sums import INPUT, WEIGHT, variable
from .blocks import Block, Cell, Display, Heading, Long, Math, Matrix, Paragraph, Reference, words
from .common import place, position_symbol
from .weights import FULL_COLUMNS, FULL_ROWS
from .wording import Said, cited, claim_parts, matrix_entry, reason_parts, vector_bias, without_single

INPUT_RULE = "inputs"


SHOWN = 12  # entries of a row of U that is too long to print


@claim_parts.register
def _(claim: KernelRow, proof: Proof) -> Said:
    bias: tuple[Formula, ...] = (vector_bias(proof.layer.definition),) if claim.bias else ()
    product_ = Juxtapose((INPUTS, Call("vec", "K")))
    others = ", and the others meet zeros" if proof.layer.read_map.channels.outputs > 1 else ""
    return words(
        f"The right-hand side is entry {{}} of {{}}; its kernel entry is entry {{}} of {{}}{others}.",
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
        return [*blocks, inputs_grid(matrix)]
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
    return Matrix(
        tuple(place(matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(place(matrix.column_position(column)) for column in range(matrix.shape[1])),
        cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        words("{} is {}; written out, rows by output, columns by kernel entry", INPUTS, times(matrix.shape)),
    )
