"""A weight matrix that is too large to print, as blocks within blocks: one level for the channels and for each axis.

Each level is a small matrix with its labels, whose entries are the blocks of the next level; the last level
has kernel entries, or numbers where there is no kernel. What stands where is read off the checked tables of the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from ..flattening import ROW_MAJOR, Order, by_speed
from ..formula import Formula, Juxtapose, Sym, equals, plus
from ..pictures.colours import SUM_MARK, number_marks, number_meaning
from ..readmap import Line, ReadMap, Table, TransposedChannels, with_quotients
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


def block_form(read_map: ReadMap, order: Order = ROW_MAJOR) -> list[Block]:
    """W level by level, the slowest index first; nothing for a matrix whose entries follow no pattern."""
    if not read_map.axes:
        return []
    places = by_speed(range(len(read_map.lines)), order)
    levels = [_Place(read_map, place, tuple(places[:n]), n + 1 == len(places)) for n, place in enumerate(places)]
    blocks = _of_kernel(read_map, levels) if read_map.kernel else _of_numbers(levels)
    grids = [block for block in blocks if isinstance(block, Matrix)]
    if not any(cell.colour == SUM_MARK for grid in grids for cell in grid.cells.values()):
        return blocks
    return [*blocks, Paragraph(("Where the padding makes one output read an input several times, there is a sum.",))]


class _Place(NamedTuple):
    """One level: its line by its place among the indices, and the places of the levels before it."""

    read_map: ReadMap
    place: int
    before: tuple[int, ...]
    last: bool

    @property
    def line(self) -> Line:
        return self.read_map.lines[self.place]

    @property
    def table(self) -> Table:
        return self.read_map.tables[self.place]


# With a kernel: W_{c,e} of the channels, T_{c,e,u} of the first axis, ..., and its entries at last ------------------


def _of_kernel(read_map: ReadMap, levels: Sequence[_Place]) -> list[Block]:
    blocks: list[Block] = []
    name: Formula = WEIGHT
    pair: Indices = ()  # the channels of a block, and of the kernel entries in it, once they are fixed
    fixed: Indices = ()
    passed: dict[int, Formula] = {}  # the kernel indices of the axes so far, by their places
    for level in levels:
        line = level.line
        if line is read_map.channels and level.last:
            blocks += _level(name, level, _entries(line, passed))
        elif line is read_map.channels:
            pair, fixed = _kernel_pair(read_map)
            blocks += _level(name, level, _channel_block)
            name = Sym(WEIGHT, pair)
        else:
            symbols = [
                Sym(
                    KERNEL if level.last else BLOCK,
                    (*(fixed if level.last else pair), *_put(passed, level, number(tap))),
                )
                for tap in range(line.taps)
            ]
            what = "kernel entry" if level.last else "block"
            blocks += _level(name, level, _taps(symbols, line.taps), what, symbols)
            passed[level.place] = variable(line.letters.kernel)
            name = Sym(BLOCK, (*pair, *_put(passed)))
    return [*blocks, *(_within_groups(read_map) if pair else [])]


Indices = tuple[Formula, ...]


def _put(passed: dict[int, Formula], level: _Place | None = None, tap: Formula = 0) -> Indices:
    """The kernel indices of the axes as the kernel has them, with that of one more axis."""
    every = passed if level is None else {**passed, level.place: tap}
    return tuple(every[place] for place in sorted(every))


def _entries(line: Line, passed: dict[int, Formula]) -> Content:
    """The kernel entry of two channels, where those of the axes are fixed."""

    def content(output: int, source: int, taps: Sequence[int]) -> Cell:
        env = {line.letters.output: output, line.letters.kernel: taps[0]}
        own = (number(index.at(with_quotients(dict(env), index)) or 0) for index in line.kernel_index)
        indices = (*own, *_put(passed))
        return Cell(Sym(KERNEL, indices), None, f"{KERNEL}[{','.join(map(str, indices))}]")

    return content


def _kernel_pair(read_map: ReadMap) -> tuple[Indices, Indices]:
    """The indices of the block of two channels, and the kernel's; both in the letters of output and input channel."""
    channels = read_map.channels
    c, e, a = (variable(each) for each in (channels.letters.output, channels.letters.input, channels.letters.kernel))
    if isinstance(channels, TransposedChannels):
        return (c, e), (e, c if channels.groups == 1 else _within(channels.outputs // channels.groups))
    return (c, e), (c, e if channels.groups == 1 else without_single(a, read_map))


def _within(members: int) -> Formula:
    return variable("m") if members > 1 else number(0)


def _within_groups(read_map: ReadMap) -> list[Block]:
    """What the channel index of the kernel is, where channels are counted within their group."""
    channels = read_map.channels
    if channels.groups == 1:
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


def _of_numbers(levels: Sequence[_Place]) -> list[Block]:
    blocks: list[Block] = []
    name: Formula = WEIGHT
    for n, level in enumerate(levels, 1):
        inner: Formula | None = None
        if not level.last:
            inner = Sym(BLOCK, (n,)) if len(levels) > 2 else Sym(BLOCK)  # a name: no index of anything
        blocks += _number_level(name, level, inner)
        name = inner or name
    return blocks


def _number_level(name: Formula, level: _Place, inner: Formula | None) -> list[Block]:
    values = {
        (i, p): Fraction(sum(level.line.weight(i, tap) for tap in taps))
        for i, row in enumerate(level.table)
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

    return _level(name, level, content, meaning=number_meaning(marks))


# One level -------------------------------------------------------------------------------------------------------


def _level(
    name: Formula,
    level: _Place,
    content: Content,
    what: str = "",
    symbols: Sequence[Formula] = (),
    meaning: str = "",
) -> list[Block]:
    """One level: what its rows and columns are, and its matrix; zero entries are left out as everywhere."""
    from .weights import short_name

    line, table = level.line, level.table
    whole, left, right = (WHOLE_CHANNELS, 5, 2) if line is level.read_map.channels else (WHOLE, 8, 4)
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
        _labels("y", level, rows),
        _labels(INPUT, level, columns),
        cells,
        0,
        0,
        lead=_lead(name, level),
        colours=(*coloured, *(("grey for sums",) if sums else ())),
        legend=tuple((short_name(tap), symbols[tap]) for tap in used),
        lettered=what or "kernel entry",
    )
    return [grid]


def _lead(name: Formula, level: _Place) -> tuple[Inline, ...]:
    read_map = level.read_map
    if level.line is read_map.channels and level.last:
        return words("{} has one row for each output channel and one column for each input channel", name)
    if level.line is read_map.channels:
        return words("{} has one block for each output channel and each input channel", name)
    where = f"Along the {ordinal(level.place - len(read_map.lines) + len(read_map.axes))} axis, {{}}"
    of = "" if level.last else " of blocks"
    return words(
        f"{where if len(read_map.axes) > 1 else '{}'} has one row{of} for each output and one column{of} for each input",
        name,
    )


def _labels(letter: str, level: _Place, shown: Sequence[int | None]) -> Indices:
    """The positions of a level's rows or columns: outer indices as letters, its own a number, inner ones open."""
    lines = level.read_map.lines
    names = [line.letters.output if letter == "y" else line.letters.input for line in lines]

    def label(at: int) -> Formula:
        return Sym(
            letter,
            tuple(
                number(at) if place == level.place else variable(name) if place in level.before else REST
                for place, name in enumerate(names)
            ),
        )

    return tuple(DOTS[letter != "y"] if at is None else label(at) for at in shown)


def _shown(size: int, whole: int, head: int, tail: int) -> list[int | None]:
    """The indices that are printed; None stands for those that are not."""
    if size <= whole:
        return list(range(size))
    return [*range(head), None, *range(size - tail, size)]
