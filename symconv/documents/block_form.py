"""A weight matrix that is too large to print, as blocks within blocks: one level for the channels and for each axis.

Each level is a small matrix with its labels, whose entries are the blocks of the next level; the last level
has kernel entries, or numbers where there is no kernel. What stands where is read off the checked tables of the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ..formula import Formula, Juxtapose, Sym, equals, plus
from ..pictures.colours import SUM_MARK, number_marks, number_meaning
from ..readmap import Line, ReadMap, Table, TransposedChannels
from ..sums import INPUT, KERNEL, WEIGHT, number, quotient, variable
from .blocks import Block, Cell, Inline, Matrix, Paragraph, words
from .setting import ordinal
from .wording import without_single

WHOLE = 16  # rows or columns up to which nothing is left out,
WHOLE_CHANNELS = 8  # and channels, whose blocks differ in their indices alone
BLOCK = "T"
REST = ":"  # in a label: whatever the index is
DOTS = ("⋮", "⋯", "⋱")

Content = Callable[[int, int, Sequence[int]], Cell]


def block_form(read_map: ReadMap) -> list[Block]:
    """W level by level; nothing for a matrix whose entries follow no pattern."""
    if not read_map.axes:
        return []
    return _of_kernel(read_map) if read_map.kernel else _of_numbers(read_map)


# With a kernel: W_{c,e} of the channels, T_{c,e,u} of the first axis, ..., and its entries at last ------------------


def _of_kernel(read_map: ReadMap) -> list[Block]:
    blocks: list[Block] = []
    name: Formula = WEIGHT
    pair, fixed = _kernel_pair(read_map)  # the channels of a block, and of the kernel entries in it
    passed: list[Formula] = []  # the kernel indices of the axes so far
    for n, (line, table) in enumerate(zip(read_map.lines, read_map.tables, strict=True)):
        last = n + 1 == len(read_map.lines)
        if line is read_map.channels:
            blocks += _level(name, read_map, n, table, _channel_block)
            name = Sym(WEIGHT, pair)
            continue
        symbols = [_tap(fixed if last else pair, passed, tap, last) for tap in range(line.taps)]
        blocks += _level(
            name, read_map, n, table, _taps(symbols, line.taps), "kernel entry" if last else "block", symbols
        )
        passed.append(variable(line.letters.kernel))
        name = Sym(BLOCK, (*pair, *passed))
    return [*blocks, *_within_groups(read_map)]


def _kernel_pair(read_map: ReadMap) -> tuple[tuple[Formula, ...], tuple[Formula, ...]]:
    """The indices of the block of two channels, and the kernel's; both in the letters of output and input channel."""
    channels = read_map.channels
    if not read_map.shows_channels:
        return (), ()
    c, e, a = (variable(each) for each in (channels.letters.output, channels.letters.input, channels.letters.kernel))
    if isinstance(channels, TransposedChannels):
        return (c, e), (e, c if channels.groups == 1 else _within(channels.outputs // channels.groups))
    return (c, e), (c, e if channels.groups == 1 else without_single(a, read_map))


def _within(members: int) -> Formula:
    return variable("m") if members > 1 else number(0)


def _within_groups(read_map: ReadMap) -> list[Block]:
    """What the channel index of the kernel is, where channels are counted within their group."""
    channels = read_map.channels
    if not read_map.shows_channels or channels.groups == 1:
        return []
    if isinstance(channels, TransposedChannels):
        members, letter, within = channels.outputs // channels.groups, channels.letters.output, "m"
    else:
        members, letter, within = channels.taps, channels.letters.input, channels.letters.kernel
    if members == 1:
        return []
    counted = variable(letter) - quotient(variable(letter), members) * members
    said = "Here {} is channel {} counted within its group."
    return [Paragraph(words(said, equals(variable(within), counted), variable(letter)))]


def _tap(pair: Sequence[Formula], passed: Sequence[Formula], tap: int, last: bool) -> Formula:
    return Sym(KERNEL if last else BLOCK, (*pair, *passed, number(tap)))


def _channel_block(output: int, source: int, taps: Sequence[int]) -> Cell:
    name = Sym(WEIGHT, (number(output), number(source)))
    return Cell(name, None, f"{WEIGHT}{output},{source}")


def _taps(symbols: Sequence[Formula], count: int) -> Content:
    """The block or the kernel entry of one tap in its colour, of several taps their sum."""
    from .weights import short_name

    def content(output: int, source: int, taps: Sequence[int]) -> Cell:
        if len(taps) == 1:
            return Cell(symbols[taps[0]], (taps[0], count), short_name(taps[0]))
        return Cell(plus(*(symbols[tap] for tap in taps)), SUM_MARK, "+".join(map(short_name, taps)))

    return content


# Without a kernel: each level is the matrix of one line, times the next ------------------------------------------


def _of_numbers(read_map: ReadMap) -> list[Block]:
    blocks: list[Block] = []
    name: Formula = WEIGHT
    levels = list(zip(read_map.lines, read_map.tables, strict=True))
    for n, (line, table) in enumerate(levels):
        inner: Formula | None = None
        if n + 1 < len(levels):
            inner = Sym(BLOCK, (number(n + 1),)) if len(levels) > 2 else Sym(BLOCK)
        blocks += _number_level(name, read_map, n, line, table, inner)
        name = inner or name
    return blocks


def _number_level(
    name: Formula, read_map: ReadMap, n: int, line: Line, table: Table, inner: Formula | None
) -> list[Block]:
    values = {
        (i, p): Fraction(sum(line.weight(i, tap) for tap in taps))
        for i, row in enumerate(table)
        for p, taps in row.items()
    }
    marks = number_marks(values.values())

    def content(output: int, source: int, taps: Sequence[int]) -> Cell:
        value = values[output, source]
        shown: Formula = int(value) if value.denominator == 1 else value
        if inner is not None:
            shown = inner if value == 1 else Juxtapose((shown, inner))
        letter = (BLOCK if value == 1 else f"{value}{BLOCK}") if inner is not None else str(value)
        return Cell(shown, marks[value], letter)

    return _level(name, read_map, n, table, content, meaning=number_meaning(marks))


# One level -------------------------------------------------------------------------------------------------------


def _level(
    name: Formula,
    read_map: ReadMap,
    n: int,
    table: Table,
    content: Content,
    what: str = "",
    symbols: Sequence[Formula] = (),
    meaning: str = "",
) -> list[Block]:
    """One level: what its rows and columns are, and its matrix; zero entries are left out as everywhere."""
    from .weights import short_name

    line = read_map.lines[n]
    whole, left, right = (WHOLE_CHANNELS, 5, 2) if line is read_map.channels else (WHOLE, 8, 4)
    rows, columns = _shown(len(table), whole, 4, 2), _shown(line.inputs, whole, left, right)
    cells: dict[tuple[int, int], Cell] = {}
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            if row is None or column is None:
                dots = DOTS[2 if row is column else 0 if row is None else 1]
                cells[r, c] = Cell(dots, None, dots)
            elif column in table[row]:
                cells[r, c] = content(row, column, table[row][column])
    sums = any(cell.colour == SUM_MARK for cell in cells.values())
    coloured = (meaning or f"one colour for each {what}",) if what or meaning else ()
    used = sorted({tap for row in table for taps in row.values() for tap in taps}) if symbols else []
    grid = Matrix(
        _labels("y", read_map, n, rows),
        _labels(INPUT, read_map, n, columns),
        cells,
        0,
        0,
        lead=_lead(name, read_map, n),
        colours=(*coloured, *(("grey for sums",) if sums else ())),
        legend=tuple((short_name(tap), symbols[tap]) for tap in used),
        lettered=what or "kernel entry",
    )
    said = "Where the padding makes one output read an input several times, the entry is a sum."
    return [grid, Paragraph((said,))] if sums else [grid]


def _lead(name: Formula, read_map: ReadMap, n: int) -> tuple[Inline, ...]:
    line, last = read_map.lines[n], n + 1 == len(read_map.lines)
    if line is read_map.channels:
        return words("{} has one block for each output channel and each input channel", name)
    where = f"Along the {ordinal(n - len(read_map.lines) + len(read_map.axes))} axis, {{}}"
    of = "" if last else " of blocks"
    return words(
        f"{where if len(read_map.axes) > 1 else '{}'} has one row{of} for each output and one column{of} for each input",
        name,
    )


def _labels(letter: str, read_map: ReadMap, n: int, shown: Sequence[int | None]) -> tuple[Formula, ...]:
    """The positions of a level's rows or columns: outer indices as letters, its own a number, inner ones open."""
    outer = [variable(line.letters.output if letter == "y" else line.letters.input) for line in read_map.lines[:n]]
    inner = [REST] * (len(read_map.lines) - n - 1)
    return tuple(DOTS[letter != "y"] if at is None else Sym(letter, (*outer, number(at), *inner)) for at in shown)


def _shown(size: int, whole: int, head: int, tail: int) -> list[int | None]:
    """The indices that are printed; None stands for those that are not."""
    if size <= whole:
        return list(range(size))
    return [*range(head), None, *range(size - tail, size)]
