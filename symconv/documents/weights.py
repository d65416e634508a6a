"""The weight matrix in a document: its rule, itself, its rows, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from ..formula import Formula, SetOf, Sym, equals, plus, position, times
from ..matrices import LabelledMatrix, NumberMatrix
from ..pictures.colours import entry_mark, entry_meaning, number_marks, number_meaning
from ..proof import Proof
from ..readmap import Axis, ReadMap
from ..sums import INPUT, KERNEL, WEIGHT, number, variable
from .block_form import block_form
from .blocks import Block, Cell, Display, Heading, Inline, Math, Matrix, Paragraph, words
from .common import position_symbol
from .wording import ENTRY_RULE, entry_rule, held_sets, reads_twice

FULL_COLUMNS = 36
FULL_ROWS = 32
FRACTION_ROWS = 24  # fractions stand higher
WIDEST_SUMS = 24  # kernel symbols side by side that a line still holds; beyond, sums get names
LEGIBLE = 135  # characters in a row, about, of entries that are small but can be read: 36 columns with two indices, 23 with four
FULL_ENTRIES = 100  # different kernel entries that a reader can still tell apart


def the_rule(proof: Proof) -> list[Block]:
    """The rule for an entry of W, from a proof of the theorem weight_matrix."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    rule, summed = entry_rule(proof)
    known = not read_map.kernel
    where = (
        " Its entry is the sum of the kernel entries that lie on the input"
        if summed
        else " Its entry says which kernel entry lies on the input"
    )
    if not read_map.axes:
        where = " Its entry is the weight of input"
    if known:
        where = " Its entry is the coefficient of input"
    inputs = position(tuple(variable(line.letters.input) for line in read_map.lines))
    outputs = position(tuple(variable(line.letters.output) for line in read_map.lines))
    blocks: list[Block] = [
        Heading(("The weight matrix",)),
        Paragraph(
            words(
                "Let {} have one row for each output and one column for each input."
                + where
                + (" {} when output {} is computed:" if not known else " {} in output {}:"),
                WEIGHT,
                inputs,
                outputs,
            )
        ),
        Display(rule, ENTRY_RULE),
    ]
    return [*blocks, *held_blocks(read_map)] if summed else blocks


def the_matrix(proof: Proof) -> list[Block]:
    """The rule for an entry of W, then W itself, in the layout that its size asks for."""
    return [*the_rule(proof), *laid_out(proof, "full" if is_legible(proof.matrices[WEIGHT]) else "blocks")]


def is_legible(matrix: LabelledMatrix | NumberMatrix) -> bool:
    """Whether it fits, and its entries are still large enough to be read when it is scaled to the line."""
    if not fits_in_full(matrix) or isinstance(matrix, NumberMatrix):
        return fits_in_full(matrix)
    return matrix.shape[1] * (1 + 1.2 * len(matrix.kernel_position(0))) <= LEGIBLE


def laid_out(proof: Proof, layout: str, asked: bool = False) -> list[Block]:
    """W in full (scaled to the line, or asked for at full size, in bands), or in blocks."""
    read_map: ReadMap = proof.layer.read_map
    matrix: LabelledMatrix | NumberMatrix = proof.matrices[WEIGHT]
    if layout == "blocks":
        within = block_form(read_map, matrix.order)
        large = "{} is {}" + ("" if asked or not within else ", too large to print in full")
        if not within:
            return [Paragraph(words(large + "; below rows of it are written out.", WEIGHT, times(matrix.shape)))]
        said = "; here it is in blocks, and below rows of it are written out."
        point = " In a label, a colon stands for every value of an index." if len(read_map.lines) > 1 else ""
        return [Paragraph(words(large + said + point, WEIGHT, times(matrix.shape))), *within]
    blocks: list[Block] = []
    if reads_twice(read_map):
        what = "kernel entries." if read_map.kernel else "coefficients."
        blocks.append(
            Paragraph(("Where one output reads the same input several times, the entry is a sum of " + what,))
        )
    return [*blocks, weight_grid(matrix, bands=asked and layout == "full")]


def fits_in_full(matrix: LabelledMatrix | NumberMatrix) -> bool:
    """Whether a reader can take in the whole matrix, and its colours."""
    rows_, columns = matrix.shape
    if isinstance(matrix, NumberMatrix):
        whole = (
            all(value == int(value) for row in matrix.rows for value in row.values()) if rows_ <= FULL_ROWS else False
        )
        return rows_ <= (FULL_ROWS if whole else FRACTION_ROWS) and columns <= FULL_COLUMNS
    few = prod(matrix.kernel_shape) <= FULL_ENTRIES
    return rows_ <= FULL_ROWS and columns <= FULL_COLUMNS and few


def grid_or_size(matrix: LabelledMatrix | NumberMatrix) -> list[Block]:
    """W written out, or its size where that is too much."""
    if fits_in_full(matrix):
        return [weight_grid(matrix)]
    return [
        Paragraph(
            words(
                "{} is {}, too large to print in full; the rule above gives every entry of it.",
                WEIGHT,
                times(matrix.shape),
            )
        )
    ]


def held_blocks(read_map: ReadMap) -> list[Block]:
    """The sets Z_p of positions that hold an input, along each axis where the padding repeats one."""
    axes = [axis for axis in read_map.axes if axis.mode is not None]
    first = variable(axes[0].letters.input)
    parts: list[Inline] = [
        "where ",
        Math(Sym("Z", (first,))),
        " is the set of positions of the padded input that hold input ",
        Math(first),
    ]
    integer = "is not an integer in its range" if any(axis.dilation > 1 for axis in axes) else "leaves its range"
    what = "kernel entry" if read_map.kernel else "coefficient"
    parts.append(f", and a {what} whose index {integer} counts as zero. ")
    seen: dict[Axis, list[Axis]] = {}
    for axis in axes:
        seen.setdefault(axis, []).append(axis)
    for axis, same in seen.items():
        formulas, more, others = held_sets(axis)
        p = variable(axis.letters.input)
        own = words("{}", equals(Sym("Z", (p,)), SetOf((p * axis.scale,))))
        where: tuple[Inline, ...] = (
            ("Here ",)
            if len(read_map.axes) == 1
            else ("Along the ax" + ("is" if len(same) == 1 else "es") + " of ", *_letters(same), ", ")
        )
        said = words(", ".join("{}" for _ in formulas), *formulas)
        rest: tuple[Inline, ...] = ((" and otherwise " if formulas else "always "), *own) if others else ()
        parts += [*where, *said, ", and so on" if more else "", *rest, ". "]
    return [Paragraph(tuple(part for part in parts if part != ""))]


def _letters(axes: Sequence[Axis]) -> tuple[Inline, ...]:
    letters = [variable(axis.letters.input) for axis in axes]
    return words(" and ".join(", ".join("{}" for _ in letters).rsplit(", ", 1)), *letters)


def kernel_symbol(entry: int, matrix: LabelledMatrix, letter: str = KERNEL) -> Formula:
    """The symbol of a kernel entry by its number."""
    return Sym(letter, tuple(number(n) for n in matrix.kernel_position(entry)))


ALPHABET = "ABDEFGHIJLMNOPQSTUV"  # without the letters that the document uses: C, K, R, W, X, Y, Z


def short_name(entry: int) -> str:
    """A, B, D, ..., V, A1, B1, ...: a kernel entry in a terminal."""
    turn, letter = divmod(entry, len(ALPHABET))
    return ALPHABET[letter] + (str(turn) if turn else "")


def number_grid(matrix: NumberMatrix, bands: bool = False) -> Matrix:
    """A W of numbers with its labels; equal numbers have equal colours."""
    marks = number_marks(value for row in matrix.rows for value in row.values())
    cells = {
        (r, c): Cell(int(value) if value == int(value) else Fraction(value), marks[value], str(value))
        for r, row in enumerate(matrix.rows)
        for c, value in row.items()
    }
    return Matrix(
        tuple(position_symbol("y", matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(position_symbol(INPUT, matrix.column_position(column)) for column in range(matrix.shape[1])),
        cells,
        matrix.row_block,
        matrix.column_block,
        colours=(number_meaning(marks),),
        bands=bands,
    )


def weight_grid(matrix: LabelledMatrix | NumberMatrix, letter: str = KERNEL, bands: bool = False) -> Matrix:
    """W with its labels, colours and, for a terminal, its letters; long sums of kernel entries get names."""
    if isinstance(matrix, NumberMatrix):
        return number_grid(matrix, bands)
    rows_ = list(matrix.rows)
    entries = dict.fromkeys(entry for row in rows_ for _, entry in sorted(row.items()))
    symbols = {u: kernel_symbol(u, matrix, letter) for u in sorted({u for entry in entries for u in entry})}
    sums = [entry for entry in entries if len(entry) > 1]
    widest = [max((len(row.get(column, ())) for row in rows_), default=0) for column in range(matrix.shape[1])]
    named = bool(sums) and (max(widest) > 2 or sum(widest) > WIDEST_SUMS)
    cells: dict[tuple[int, ...], Cell] = {}
    for entry in entries:
        if len(entry) == 1:
            cells[entry] = Cell(symbols[entry[0]], entry_mark(entry[0], matrix), short_name(entry[0]))
        elif named:
            name = sums.index(entry) + 1  # the name of a sum is no index
            cells[entry] = Cell(Sym("s", (name,)), (-1, 0), f"s[{name}]")
        else:
            cells[entry] = Cell(plus(*(symbols[u] for u in entry)), (-1, 0), "+".join(map(short_name, entry)))
    return Matrix(
        tuple(position_symbol("y", matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(position_symbol(INPUT, matrix.column_position(column)) for column in range(matrix.shape[1])),
        {(row, column): cells[entry] for row, line in enumerate(rows_) for column, entry in line.items()},
        matrix.row_block,
        matrix.column_block,
        colours=(entry_meaning(matrix), *(("grey for sums",) if sums else ())),
        legend=tuple((short_name(u), symbol) for u, symbol in symbols.items()),
        sums=tuple(equals(cells[entry].formula, plus(*(symbols[u] for u in entry))) for entry in sums) if named else (),
        bands=bands,
    )
