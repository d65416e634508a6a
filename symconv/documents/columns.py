"""The im2col matrix in a document: its rule, and itself while it fits."""

from __future__ import annotations

from typing import Any

from ..formula import Chain, Formula, Juxtapose, Sym, Words, equals, plus, times
from ..matrices import LabelledMatrix
from ..proof import Proof
from ..readmap import ReadMap
from ..sums import COLUMNS, INPUT, variable
from .blocks import Block, Cell, Display, Heading, Long, Matrix, Paragraph, words
from .common import place, position_symbol
from .weights import FULL_COLUMNS, FULL_ROWS
from .wording import matrix_entry

COLUMN_RULE = "columns"
SHOWN = 12  # entries of a column of C that is too long to print


def im2col_formula(layer: Any) -> Formula:
    """Y = K C + B."""
    bias: tuple[Formula, ...] = ("B",) if layer.bias else ()
    return equals("Y", plus(Juxtapose(("K", COLUMNS)), *bias))


def columns_matrix(proof: Proof) -> list[Block]:
    """Y, K and C as matrices; the rule for an entry of C, and C itself while it fits."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    matrix: LabelledMatrix = proof.matrices[COLUMNS]
    rows_, columns = matrix.shape
    channels = read_map.channels
    channel: list[Formula] = [variable(channels.letters.input)] if read_map.shows_channels else []
    taps: list[Formula] = [variable(axis.letters.kernel) for axis in read_map.axes]
    outputs: list[Formula] = [variable(axis.letters.output) for axis in read_map.axes]
    signal = layer.definition.signal
    reads = Sym(signal, (*channel, *(axis.position for axis in read_map.axes)))
    text = words(
        "Write {} as a matrix with one row for each output channel and one column for each output position. ", "Y"
    )
    if layer.bias:
        text += words("In {} every entry of a row is the bias of its channel. ", "B")
    text += words(
        "Let {} have a row for each pair of an input channel and a kernel position, and a column for each output "
        "position; its entry is what is read there:",
        COLUMNS,
    )
    others = ", and zero in the columns of other groups" if channels.groups > 1 else ""
    holds = words(
        f"{{}}, which is {{}}, holds the kernel entries of an output channel in its row, each in the column that "
        f"bears the number of the row of {{}} that it meets{others}.",
        "K", times((channels.outputs, rows_)), COLUMNS,
    )  # fmt: skip
    blocks: list[Block] = [
        Heading(("The matrix of what is read",)),
        Paragraph(text),
        Display(equals(matrix_entry(COLUMNS, [*channel, *taps], outputs), reads), COLUMN_RULE),
        Paragraph(holds),
    ]
    if rows_ <= FULL_ROWS and columns <= FULL_COLUMNS:
        empty = any(len(row) < columns for row in matrix.rows)
        zero = " (zero where the window meets no input)" if empty else ""
        return [*blocks, columns_grid(matrix, zero)]
    output = columns // 2
    held = [matrix.rows[row].get(output) for row in range(min(rows_, SHOWN))]
    shown: list[Formula] = [position_symbol(INPUT, matrix.kernel_position(at[0])) if at else 0 for at in held]
    dots = [Words(f"… ({rows_ - SHOWN:,} more)")] if rows_ > SHOWN else []
    said = "{} is {}, too large to print in full; the rule above gives every entry of it."
    return [
        *blocks,
        Paragraph(words(said, COLUMNS, times(matrix.shape))),
        Paragraph(words("For instance, column {} holds, from the top:", output)),
        Long(Chain(",", (*shown, *dots))),
    ]


def columns_grid(matrix: LabelledMatrix, where: str = "") -> Matrix:
    """C with its labels; `where` says where it has zeros."""
    cells = {}
    for row, line in enumerate(matrix.rows):
        for column, (entry,) in line.items():
            at = matrix.kernel_position(entry)
            cells[row, column] = Cell(position_symbol(INPUT, at), None, f"{INPUT}[{','.join(map(str, at))}]")
    return Matrix(
        tuple(place(matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(place(matrix.column_position(column)) for column in range(matrix.shape[1])),
        cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        words(
            f"{{}} is {{}}{where}; written out, rows by kernel entry, columns by output", COLUMNS, times(matrix.shape)
        ),
    )
