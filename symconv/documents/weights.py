"""The weight matrix in a document: its rule, itself, its rows, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

from ..formula import Call, Chain, Entry, Formula, Group, Juxtapose, SetOf, Sym, Words, equals, plus, position, times
from ..matrices import LabelledMatrix
from ..proof import Proof
from ..readmap import Axis, ReadMap
from ..readmap import Table as ReadTable
from ..sums import INPUT, KERNEL, WEIGHT, number, variable
from .blocks import Block, Cell, Display, Heading, Inline, Long, Math, Matrix, Paragraph, words
from .common import colour_of, position_symbol
from .picture import pictured_row
from .setting import ORDINALS, count_of, is_linear, listed
from .wording import ENTRY_RULE, entry_rule, held_sets, reads_twice

FULL_COLUMNS = 36
FULL_ROWS = 32
WIDEST_SUMS = 24  # kernel symbols side by side that a line still holds; beyond, sums get names
ALL_ROWS_TERMS = 160
LONG_ROW = 36


def the_matrix(proof: Proof) -> list[Block]:
    """The rule for an entry of W, then W itself, or what can be shown of it."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    rule, summed = entry_rule(proof)
    where = (
        " Its entry is the sum of the kernel entries that lie on the input"
        if summed
        else " Its entry says which kernel entry lies on the input"
    )
    inputs = position(tuple(variable(line.letters.input) for line in read_map.lines))
    outputs = position(tuple(variable(line.letters.output) for line in read_map.lines))
    blocks: list[Block] = [
        Heading(("The weight matrix",)),
        Paragraph(
            words(
                "Let {} have one row for each output and one column for each input."
                + where
                + " {} when output {} is computed:",
                WEIGHT,
                inputs,
                outputs,
            )
        ),
        Display(rule, ENTRY_RULE),
    ]
    if summed:
        blocks += _held_blocks(read_map)
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    rows_, columns = matrix.shape
    if rows_ <= FULL_ROWS and columns <= FULL_COLUMNS:
        if reads_twice(read_map):
            blocks.append(
                Paragraph(
                    ("Where one output reads the same input several times, the entry is a sum of kernel entries.",)
                )
            )
        blocks.append(weight_grid(layer, matrix))
    else:
        blocks.append(
            Paragraph(
                words(
                    "{} is {}, too large to print in full; the rule above gives every entry of it, and typical rows are written out below.",
                    WEIGHT,
                    times(matrix.shape),
                )
            )
        )
    return blocks


def _held_blocks(read_map: ReadMap) -> list[Block]:
    axes = [axis for axis in read_map.axes if axis.mode is not None]
    parts: list[Inline] = [
        "where ", Math(Sym("Z", (variable(axes[0].letters.input),))), " is the set of positions of the padded input that hold input ",
        Math(variable(axes[0].letters.input)), ", and a kernel entry whose index is not an integer in its range counts as zero. ",
    ]  # fmt: skip
    seen: dict[Axis, list[Axis]] = {}
    for axis in axes:
        seen.setdefault(axis, []).append(axis)
    for axis, same in seen.items():
        formulas, more = held_sets(axis)
        p = variable(axis.letters.input)
        own = words("{}", equals(Sym("Z", (p,)), SetOf((p * axis.scale,))))
        along = "Along " + ("the axis" if len(read_map.axes) == 1 else _names(same)) + ", "
        if formulas:
            listed = words(", ".join("{}" for _ in formulas), *formulas)
            parts += [along, *listed, ", and so on" if more else "", " and otherwise ", *own, ". "]
        else:
            parts += [along, "always ", *own, ". "]
    return [Paragraph(tuple(part for part in parts if part != ""))]


def _names(axes: Sequence[Axis]) -> str:
    letters = [axis.letters.input for axis in axes]
    return "the axis of " + (
        letters[0] if len(letters) == 1 else ", ".join(letters[:-1]) + " and that of " + letters[-1]
    )


def kernel_symbol(layer: Any, entry: int, matrix: LabelledMatrix) -> Formula:
    """The symbol of a kernel entry by its number."""
    return Sym(KERNEL, tuple(number(n) for n in matrix.kernel_position(entry)))


def short_name(entry: int) -> str:
    """a, b, ..., z, A, ..., Z, a1, b1, ...: a kernel entry in a terminal."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    turn, letter = divmod(entry, len(alphabet))
    return alphabet[letter] + (str(turn) if turn else "")


def weight_grid(layer: Any, matrix: LabelledMatrix) -> Matrix:
    """W with its labels, colours and, for a terminal, its letters; long sums of kernel entries get names."""
    rows_ = list(matrix.rows)
    entries = dict.fromkeys(entry for row in rows_ for _, entry in sorted(row.items()))
    symbols = {u: kernel_symbol(layer, u, matrix) for u in sorted({u for entry in entries for u in entry})}
    sums = [entry for entry in entries if len(entry) > 1]
    widest = [max((len(row.get(column, ())) for row in rows_), default=0) for column in range(matrix.shape[1])]
    named = bool(sums) and (max(widest) > 2 or sum(widest) > WIDEST_SUMS)
    cells: dict[tuple[int, ...], Cell] = {}
    for entry in entries:
        if len(entry) == 1:
            cells[entry] = Cell(symbols[entry[0]], colour_of(entry[0], matrix), short_name(entry[0]))
        elif named:
            name = number(sums.index(entry) + 1)
            cells[entry] = Cell(Sym("s", (name,)), (-1, 0), f"s[{name}]")
        else:
            cells[entry] = Cell(plus(*(symbols[u] for u in entry)), (-1, 0), "+".join(map(short_name, entry)))
    return Matrix(
        tuple(position_symbol("y", matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(position_symbol(INPUT, matrix.column_position(column)) for column in range(matrix.shape[1])),
        {(row, column): cells[entry] for row, line in enumerate(rows_) for column, entry in line.items()},
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        "with a dot for zero and one colour for each kernel entry",
        "with a dot for zero and a letter for each kernel entry",
        tuple((short_name(u), symbol) for u, symbol in symbols.items()),
        tuple(equals(cells[entry].formula, plus(*(symbols[u] for u in entry))) for entry in sums) if named else (),
    )


def row_formula(layer: Any, matrix: LabelledMatrix, row: int, cells: Any, limit: int | None = LONG_ROW) -> Formula:
    """One row of W times vec(X), written out; a very long one with dots in its middle."""
    terms: list[Formula] = (
        [position_symbol("b", matrix.row_position(row)[:1] if layer.definition.bias_indices else ())]
        if layer.bias
        else []
    )
    for column, entry in sorted(cells.items()):
        kernel = plus(*(kernel_symbol(layer, u, matrix) for u in entry))
        x = position_symbol(INPUT, matrix.column_position(column))
        terms.append(Juxtapose((Group(kernel) if len(entry) > 1 else kernel, x)))
    if limit is not None and len(terms) > limit:
        terms = [*terms[: limit // 3], Words("…"), *terms[-(limit // 6) :]]
    return plus(*terms) if terms else 0


def rows(proof: Proof) -> list[Block]:
    """Rows of W vec(X): all while they fit, else one of each kind and how many were checked unprinted."""
    layer = proof.layer
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    total = matrix.shape[0]
    blocks: list[Block] = []
    read_map: ReadMap = layer.read_map
    terms = (
        read_map.nonzeros * max(len(taps) for table in read_map.tables for row in table for taps in row.values())
        if read_map.nonzeros
        else 0
    )
    if terms <= ALL_ROWS_TERMS and total <= 24:
        chosen, intro = list(range(total)), f"All {total} rows:" if total > 1 else "The one row:"
    else:
        chosen = representative_rows(read_map)
        intro = (
            "Typical rows, one for each way in which the window can meet the border:"
            if len(chosen) > 1
            else "A typical row:"
        )
    example = chosen[len(chosen) // 2] if len(chosen) < total else pictured_row(read_map)
    y = position_symbol("y", matrix.row_position(example))
    left = Entry(Group(Juxtapose((WEIGHT, Call("vec", "X")))), number(example))
    blocks.append(
        Paragraph(words("For instance, row {} of {}" + (" and the bias" if layer.bias else "") + ":", example, WEIGHT))
    )
    bias: tuple[Formula, ...] = (
        (position_symbol("b", matrix.row_position(example)[:1] if layer.definition.bias_indices else ()),)
        if layer.bias
        else ()
    )
    blocks.append(
        Long(equals(plus(left, *bias) if bias else left, row_formula(layer, matrix, example, matrix.rows[example]), y))
    )
    others = [row for row in chosen if row != example]
    if others:
        blocks.append(Paragraph((intro,)))
        blocks += [
            Long(
                equals(
                    position_symbol("y", matrix.row_position(row)), row_formula(layer, matrix, row, matrix.rows[row])
                )
            )
            for row in (chosen if len(chosen) == total else others)
        ]
    if len(chosen) < total:
        means = "every entry" if "entries" in proof.check().levels else "axis by axis"
        blocks.append(
            Paragraph(
                (
                    f"The other {count_of(total - len(chosen), 'row')} {'is' if total - len(chosen) == 1 else 'are'} not printed; all {total:,} were checked, {means}.",
                )
            )
        )
    return blocks


def row_kinds(table: ReadTable) -> list[int]:
    """The first output of each kind along one axis: same taps in the same pattern are the same kind."""
    kinds: dict[tuple[Any, ...], int] = {}
    for output, row in enumerate(table):
        first = min(row, default=0)
        kinds.setdefault(tuple((p - first, taps) for p, taps in sorted(row.items())), output)
    return sorted(kinds.values())


def representative_rows(read_map: ReadMap, limit: int = 9) -> list[int]:
    """Row numbers that show each kind of row: interior and borders, and one channel of each of two groups."""
    choices = []
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        if line is read_map.channels:
            groups = read_map.channels.groups
            choices.append([0] if groups == 1 else [0, read_map.channels.outputs // groups])
        else:
            choices.append(row_kinds(table))
    while prod(map(len, choices)) > limit:
        longest = max(choices, key=len)
        longest.pop(len(longest) // 2) if len(longest) > 2 else longest.pop()
    shape = [line.outputs for line in read_map.lines]
    result = [0]
    for options, size in zip(choices, shape, strict=True):
        result = [row * size + option for row in result for option in options]
    return result


def shape_of_matrix(proof: Proof) -> list[Block]:
    """Non-zeros, zeros, how often each kernel entry occurs, and the structure along each axis, with its reason."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    size, nonzeros, parameters = prod(matrix.shape), read_map.nonzeros, prod(matrix.kernel_shape)
    zeros = size - nonzeros
    parts: list[Inline] = [
        Math(WEIGHT),
        f" has {nonzeros:,} non-zero entr{'y' if nonzeros == 1 else 'ies'} and {zeros:,} zero{'' if zeros == 1 else 's'}",
    ]
    if len(read_map.lines) > 1 or not is_linear(layer):
        factors = tuple(sum(map(len, table)) for table in read_map.tables)
        if len(factors) > 1:
            parts += [", the product of what each index has: ", Math(equals(Chain("dot", factors), nonzeros))]
    parts.append(". ")
    low, high = occurrences(read_map)
    often = f"{low:,} time{'' if low == 1 else 's'}" if low == high else f"between {low:,} and {high:,} times"
    parts.append(
        f"Every kernel entry occurs {often}: {parameters:,} parameter{'' if parameters == 1 else 's'} instead of {size:,}. "
        if parameters != size
        else "Every entry is a parameter of its own. "
    )
    blocks: list[Block] = [Heading(words("What {} looks like", WEIGHT)), Paragraph(tuple(parts))]
    sentences = structure(read_map)
    if sentences:
        blocks.append(Paragraph((" ".join(sentences),)))
    return blocks


def occurrences(read_map: ReadMap) -> tuple[int, int]:
    """How often the rarest and the most frequent kernel entry occurs in W."""
    low = high = 1
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        if line is read_map.channels:
            continue  # an entry (c, a) of the kernel occurs exactly once among the channels
        counts = [0] * line.taps
        for row in table:
            for taps in row.values():
                for tap in taps:
                    counts[tap] += 1
        low, high = low * min(counts), high * max(counts)
    return low, high


_KINDS = {
    "circulant": "one column on, around the border: a circulant matrix, since circular padding closes the axis to a ring.",
    "toeplitz": "one column on: a Toeplitz matrix, since an entry depends only on the difference of input and output.",
    "shift": "{step} columns on, as far as the stride moves the window.",
}


def _moving(axes: Sequence[str], rank: int) -> str:
    """Along which axes the next output is the next one."""
    if rank == 1:
        return "Moving to the next output moves the row"
    where = "each axis" if len(axes) == rank else f"the {listed(axes)} ax{'is' if len(axes) == 1 else 'es'}"
    return f"Along {where}, moving to the next output moves the row"


def _irregular(read_map: ReadMap) -> str:
    if read_map.folded:
        return "on only in part: at the border the padding repeats inputs."
    return "on only in part: the windows meet the gaps between the inputs in different places."


def structure(read_map: ReadMap) -> list[str]:
    """What moving to the next output does to a row of W, along each axis; decided on the axis' own table."""
    if not read_map.axes:
        return []
    tables = read_map.tables[-len(read_map.axes) :]
    kinds = [axis_structure(axis, table) for axis, table in zip(read_map.axes, tables, strict=True)]
    along: dict[tuple[str, int], list[str]] = {}
    for n, found in enumerate(kinds):
        along.setdefault(found, []).append(ORDINALS[n])
    sentences = []
    for (kind, step), these in along.items():
        if kind != "single":
            sentences.append(f"{_moving(these, len(kinds))} {_KINDS.get(kind, _irregular(read_map)).format(step=step)}")
    if (
        len(kinds) > 1
        and all(kind == "toeplitz" for kind, _ in kinds)
        and read_map.channels.outputs == read_map.channels.inputs == 1
    ):
        sentences.append(
            "So the matrix is block Toeplitz with Toeplitz blocks."
            if len(kinds) == 2
            else "So the matrix is block Toeplitz, level by level."
        )
    return sentences


def axis_structure(axis: Axis, table: ReadTable) -> tuple[str, int]:
    """circulant, toeplitz, shift (by the step given), single (one output), or irregular."""
    outputs, inputs = len(table), axis.inputs
    if outputs == 1:
        return "single", 0
    pairs = list(pairwise(table))
    if outputs == inputs and all(
        {(p + 1) % inputs: taps for p, taps in row.items()} == after for row, after in [*pairs, (table[-1], table[0])]
    ):
        return "circulant", 1
    for step in dict.fromkeys((1, axis.stride // axis.scale)):
        if step and all(_shifted(row, after, step, inputs) for row, after in pairs):
            return ("toeplitz", 1) if step == 1 else ("shift", step)
    return "irregular", 0


def _shifted(row: dict[int, Any], after: dict[int, Any], step: int, inputs: int) -> bool:
    moved = {p + step: taps for p, taps in row.items() if p + step < inputs}
    return moved == {p: taps for p, taps in after.items() if p >= step}
