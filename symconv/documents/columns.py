"""The im2col matrix in a document: its rule, and itself while it fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..formula import Chain, Formula, Juxtapose, Sym, Words, equals, plus, times
from ..matrices import LabelledMatrix
from ..proof import Proof
from ..readmap import Axis, ReadMap
from ..sums import COLUMNS, INPUT, number, variable
from .blocks import Block, Cell, Display, Heading, Long, Matrix, Paragraph, words
from .common import position_symbol
from .weights import FULL_COLUMNS, FULL_ROWS
from .wording import COLUMN_RULE, column_row, matrix_entry


def im2col_formula(layer: Any) -> Formula:
    """Y = K C + B, for each group its own block."""
    groups = layer.read_map.channels.groups
    bias: tuple[Formula, ...] = ("B",) if layer.bias else ()
    if groups == 1:
        return equals("Y", plus(Juxtapose(("K", COLUMNS)), *bias))
    g = variable("g")
    indexed: tuple[Formula, ...] = (Sym("B", (g,)),) if layer.bias else ()
    return equals(Sym("Y", (g,)), plus(Juxtapose((Sym("K", (g,)), Sym(COLUMNS, (g,)))), *indexed))


def columns_matrix(proof: Proof) -> list[Block]:
    """K, C and Y as matrices; the rule for an entry of C, and C itself while it fits."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    definition_ = layer.definition
    matrix: LabelledMatrix = proof.matrices[COLUMNS]
    channels = read_map.channels
    rows_, columns = matrix.shape
    block = rows_ // channels.groups
    members = channels.outputs // channels.groups
    signal = definition_.sums[0].factors[1].letter
    row_letters = tuple(column_index(line) for line in read_map.lines)
    column_letters = [variable(axis.letters.output) for axis in read_map.axes]
    reads = Sym(signal, tuple(_plain_position(line) for line in read_map.lines))
    text = words(
        "Write {} as a matrix with one row for each output channel and one column for each output position, and {} as one with a row for each output channel and a column for each kernel entry of it, {}. ",
        "Y", "K", times((channels.outputs, block)),
    ) + words("Let {} have a row for each of these kernel entries and a column for each output position; its entry is what is read there:", COLUMNS)  # fmt: skip
    blocks: list[Block] = [
        Heading(("The matrix of what is read",)),
        Paragraph(text),
        Display(equals(matrix_entry(COLUMNS, row_letters, column_letters), reads), COLUMN_RULE),
    ]
    if channels.groups > 1:
        blocks.append(Paragraph(words(
            "Group {} uses its own {} rows of {}, one block {} for each group, and its own {} rows of {} and of {}.",
            "g", block, COLUMNS, Sym(COLUMNS, ("g",)), members, "K", "Y")))  # fmt: skip
    if rows_ <= FULL_ROWS and columns <= FULL_COLUMNS:
        zero = (
            "; an entry is zero where the window lies on the padding"
            if len(matrix.rows) and any(len(row) < columns for row in matrix.rows)
            else ""
        )
        blocks.append(Paragraph(words("{} is {}" + zero + ".", COLUMNS, times(matrix.shape))))
        blocks.append(columns_grid(layer, matrix))
    else:
        blocks.append(
            Paragraph(
                words(
                    "{} is {}, too large to print in full; the rule above gives every entry of it.",
                    COLUMNS,
                    times(matrix.shape),
                )
            )
        )
        output = matrix.shape[1] // 2
        held = [matrix.rows[row].get(output) for row in range(min(rows_, 12))]
        shown: list[Formula] = [
            position_symbol(INPUT, matrix.kernel_position(entry[0])) if entry else 0 for entry in held
        ]
        dots = [Words("…")] if rows_ > 12 else []
        blocks.append(Paragraph(words("For instance, column {} holds, from the top:", output)))
        blocks.append(Long(Chain(",", (*shown, *dots))))
    return blocks


def column_index(line: Any) -> Formula:
    """The row letter of C along one line: the kernel's, and for channels the one that is read."""
    return column_row(line) if isinstance(line, Axis) else variable(line.letters.input)


def _plain_position(line: Any) -> Formula:
    return line.position if isinstance(line, Axis) else variable(line.letters.input)


def columns_grid(layer: Any, matrix: LabelledMatrix) -> Matrix:
    """C with its labels."""
    cells = {}
    for row, line in enumerate(matrix.rows):
        for column, (entry,) in line.items():
            at = matrix.kernel_position(entry)
            cells[row, column] = Cell(
                position_symbol(INPUT, at),
                None,
                ".".join(map(str, at)) if max(at, default=0) > 9 else "".join(map(str, at)),
            )
    return Matrix(
        tuple(_place(matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(_place(matrix.column_position(column)) for column in range(matrix.shape[1])),
        cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        "rows by kernel entry, columns by output, with a dot for zero",
        "rows by kernel entry, columns by output, each entry by the indices of x that it is, with a dot for zero",
    )


def _place(at: Sequence[int]) -> Formula:
    """A bare position, to label a row or column; for a layer without axes a single column has none."""
    return Sym("", tuple(number(n) for n in at)) if at else 1
