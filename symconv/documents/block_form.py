"""A weight matrix that is too large to print, as blocks within blocks: one level for the channels and for each axis.

Each level is a small matrix with dots, whose entries are the blocks of the next level; the last level
has kernel entries. What stands where is read off the checked tables of the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..formula import Array, Formula, Sym, equals, plus
from ..readmap import Line, ReadMap, Table
from ..sums import KERNEL, WEIGHT, number, variable
from .blocks import Block, Display, Inline, Paragraph, words
from .setting import ordinal
from .wording import without_single

WHOLE = 8  # rows or columns of blocks up to which nothing is left out
HEAD, TAIL = 5, 2
BLOCK = "T"


def block_form(read_map: ReadMap) -> list[Block]:
    """W level by level; nothing for a matrix whose entries follow no pattern."""
    if not read_map.axes:
        return []
    levels = list(zip(read_map.lines, read_map.tables, strict=True))
    blocks: list[Block] = []
    name: Formula = WEIGHT
    fixed: list[Formula] = []  # the kernel indices that are fixed so far
    for n, (line, table) in enumerate(levels):
        last = n + 1 == len(levels)
        if line is read_map.channels:
            pair = [variable(line.letters.output), variable(line.letters.input)]
            blocks += _level(name, line, table, [], "channel", _channel_block)
            name = Sym(WEIGHT, tuple(pair))
            fixed = [without_single(index, read_map) for index in line.kernel_index]
            if read_map.channels.groups == 1 and line.taps > 1:
                blocks.append(Paragraph(words("In the block of input channel {}, {}.", pair[1], equals("a", pair[1]))))
            continue
        own = fixed
        axis = n - len(levels) + len(read_map.axes)
        along = f"the {ordinal(axis)} axis" if len(read_map.axes) > 1 else ""
        blocks += _level(name, line, table, own, along, _entry if last else _block)
        fixed = [*own, variable(line.letters.kernel)]
        name = Sym(BLOCK, tuple(fixed))
    return blocks


def _channel_block(fixed: Sequence[Formula], output: int, source: int, taps: Sequence[int]) -> Formula:
    return Sym(WEIGHT, (number(output), number(source)))


def _block(fixed: Sequence[Formula], output: int, source: int, taps: Sequence[int]) -> Formula:
    return plus(*(Sym(BLOCK, (*fixed, number(tap))) for tap in taps))


def _entry(fixed: Sequence[Formula], output: int, source: int, taps: Sequence[int]) -> Formula:
    return plus(*(Sym(KERNEL, (*fixed, number(tap))) for tap in taps))


def _level(name: Formula, line: Line, table: Table, fixed: Sequence[Formula], along: str, cell: Any) -> list[Block]:
    """One level: what its rows and columns are, and its matrix."""
    rows, columns = _shown(len(table), 3, TAIL), _shown(line.inputs, HEAD, TAIL)
    lines: list[tuple[Formula, ...]] = []
    for row in rows:
        if row is None:
            lines.append(tuple("⋮" if column is not None else "⋱" for column in columns))
            continue
        entries = (
            "⋯" if column is None else cell(fixed, row, column, table[row][column]) if column in table[row] else 0
            for column in columns
        )
        lines.append(tuple(entries))
    if along == "channel":
        said: tuple[Inline, ...] = words("{} has one block for each output channel and each input channel:", name)
    else:
        where = f"Along {along}, {{}}" if along else "{}"
        of = " of blocks" if cell is _block else ""
        said = words(f"{where} has one row{of} for each output and one column{of} for each input:", name)
    return [Paragraph(said), Display(equals(name, Array(tuple(lines))))]


def _shown(size: int, head: int, tail: int) -> list[int | None]:
    """The indices that are printed; None stands for those that are not."""
    if size <= WHOLE:
        return list(range(size))
    return [*range(head), None, *range(size - tail, size)]
