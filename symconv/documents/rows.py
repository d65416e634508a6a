"""Rows of W in a document: all while they fit, else one of each pattern."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from ..formula import Call, Entry, Formula, Group, Juxtapose, Words, equals, plus
from ..matrices import LabelledMatrix, NumberMatrix
from ..pictures.compose import pictured_output
from ..proof import Proof
from ..readmap import Line, ReadMap
from ..readmap import Table as ReadTable
from ..sums import INPUT, WEIGHT, number
from .blocks import Block, Long, Paragraph, words
from .common import position_symbol
from .setting import count_of
from .weights import fits_in_full, kernel_symbol

ALL_ROWS, ALL_ROWS_TERMS = 24, 160  # up to which every row is written out,
FULL_ROWS, FULL_ROWS_TERMS = 64, 2_000  # and at full depth
LONG_ROW = 36
SOME_ROWS = 6


def row_formula(layer: Any, matrix: LabelledMatrix | NumberMatrix, row: int, cells: Any, full: bool = False) -> Formula:
    """One row of W times vec(X), written out; unless in full, a very long one with dots in its middle."""
    terms: list[Formula] = (
        [position_symbol("b", matrix.row_position(row)[:1] if layer.definition.bias_indices else ())]
        if layer.bias
        else []
    )
    for column, entry in sorted(cells.items()):
        if isinstance(matrix, NumberMatrix):
            x = position_symbol(INPUT, matrix.column_position(column))
            terms.append(x if entry == 1 else Juxtapose((Fraction(entry), x)))
            continue
        kernel = plus(*(kernel_symbol(u, matrix) for u in entry))
        x = position_symbol(INPUT, matrix.column_position(column))
        terms.append(Juxtapose((Group(kernel) if len(entry) > 1 else kernel, x)))
    if len(terms) > LONG_ROW and not full:
        first, last = terms[: LONG_ROW // 3], terms[-(LONG_ROW // 6) :]
        terms = [*first, Words(f"… ({len(terms) - len(first) - len(last):,} more) …"), *last]
    return plus(*terms) if terms else 0


def rows(proof: Proof, full: bool = False) -> list[Block]:
    """Rows of W vec(X): all while they fit, else one of each kind and how many were checked unprinted."""
    layer = proof.layer
    matrix: LabelledMatrix | NumberMatrix = proof.matrices[WEIGHT]
    total = matrix.shape[0]
    blocks: list[Block] = []
    read_map: ReadMap = layer.read_map
    terms = (
        read_map.nonzeros * max(len(taps) for table in read_map.tables for row in table for taps in row.values())
        if read_map.nonzeros
        else 0
    )
    most, most_terms = (FULL_ROWS, FULL_ROWS_TERMS) if full else (ALL_ROWS, ALL_ROWS_TERMS)
    all_terms = full and terms <= most_terms
    if terms <= most_terms and total <= most:
        chosen, intro = list(range(total)), "Both rows:" if total == 2 else f"All {total} rows:"
    else:
        chosen, kinds = representative_rows(read_map, matrix)
        some = "Typical rows, one of each pattern:" if len(chosen) >= kinds else "Some typical rows:"
        intro = some
    example = chosen[len(chosen) // 2] if len(chosen) < total else matrix.row_number(pictured_output(read_map))
    y = position_symbol("y", matrix.row_position(example))
    left = Entry(Group(Juxtapose((WEIGHT, Call("vec", "X")))), number(example))
    blocks.append(
        Paragraph(
            words("For instance, row {} of {}" + (" and the bias" if layer.bias else "") + ":", number(example), WEIGHT)
        )
    )
    bias: tuple[Formula, ...] = (
        (position_symbol("b", matrix.row_position(example)[:1] if layer.definition.bias_indices else ()),)
        if layer.bias
        else ()
    )
    blocks.append(
        Long(
            equals(
                plus(left, *bias) if bias else left,
                row_formula(layer, matrix, example, matrix.rows[example], all_terms),
                y,
            )
        )
    )
    others = [row for row in chosen if row != example]
    if others:
        blocks.append(Paragraph((intro,)))
        blocks += [
            Long(
                equals(
                    position_symbol("y", matrix.row_position(row)),
                    row_formula(layer, matrix, row, matrix.rows[row], all_terms),
                )
            )
            for row in (chosen if len(chosen) == total else others)
        ]
    if len(chosen) < total:
        limit = f": this page holds up to {most} rows with {most_terms:,} terms together" if full else ""
        means = "every entry" if "entries" in proof.check().levels else "axis by axis"
        blocks.append(
            Paragraph(
                (
                    f"The other {count_of(total - len(chosen), 'row')} {'is' if total - len(chosen) == 1 else 'are'} not printed{limit}; all {total:,} were checked, {means}.",
                )
            )
        )
    return blocks


def some_rows(proof: Proof) -> list[Block]:
    """A few rows of a W that is too large to print, each of another pattern; nothing where W is printed."""
    matrix: LabelledMatrix | NumberMatrix = proof.matrices[WEIGHT]
    if fits_in_full(matrix):
        return []
    blocks: list[Block] = [Paragraph(words("Some rows of {}:", Juxtapose((WEIGHT, Call("vec", "X")))))]
    for row in representative_rows(proof.layer.read_map, matrix)[0][:SOME_ROWS]:
        y = position_symbol("y", matrix.row_position(row))
        blocks.append(Long(equals(y, row_formula(proof.layer, matrix, row, matrix.rows[row]))))
    return blocks


def row_kinds(line: Line, table: ReadTable) -> list[int]:
    """The first output of each kind along one axis: same taps and coefficients in the same pattern are the same kind."""
    kinds: dict[tuple[Any, ...], int] = {}
    for output, row in enumerate(table):
        first = min(row, default=0)
        pattern = ((p - first, taps, [line.coefficient(output, u) for u in taps]) for p, taps in sorted(row.items()))
        kinds.setdefault(tuple((at, taps, *known) for at, taps, known in pattern), output)
    return sorted(kinds.values())


def representative_rows(
    read_map: ReadMap, matrix: LabelledMatrix | NumberMatrix, limit: int = 9
) -> tuple[list[int], int]:
    """Rows of W that show each pattern of row, a channel of a second group too; and how many patterns there are."""
    choices = []
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        if line is read_map.channels and not read_map.axes and not read_map.kernel:
            choices.append(list(range(line.outputs)))
        elif line is read_map.channels:
            groups = read_map.channels.groups
            choices.append([0] if groups == 1 else [0, read_map.channels.outputs // groups])
        else:
            choices.append(row_kinds(line, table))
    kinds = prod(map(len, choices))
    while prod(map(len, choices)) > limit:
        longest = max(choices, key=len)
        longest.pop(len(longest) // 2) if len(longest) > 2 and read_map.kernel else longest.pop()
    return sorted(matrix.row_number(at) for at in product(*choices)), kinds
