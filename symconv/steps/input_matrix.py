"""Claims and rules about U, the matrix of inputs that multiplies the kernel as a vector.

name        what each kernel entry multiplies is an entry of U
vector      flattening: a row of U vec(K)
exchange    collected by input, the same terms are the rows of W
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import prod
from typing import Any, ClassVar

from ..claims import (
    AnyClaim,
    Context,
    Refuted,
    compare,
    expect,
    for_each_line,
    read,
    same_lines,
    tabulated,
)
from ..definition import strides
from ..form import Row, collect
from ..matrices import Cells, LabelledMatrix, unravel, weight_matrix
from ..readmap import Line, Table, with_quotients
from ..rules import Follows, flattened, is_matrix, numbers_positions, weights_and_signal
from ..sums import KERNEL, WEIGHT, Factor, Index, number, variable

INPUTS = "U"


LineTable = dict[tuple[int, int], int]

"""One line of U: (output, label of a kernel entry) -> the input that the entry multiplies there."""


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
        return collected(context, INPUTS, _named, self.weights)


def collected(context: Context, name: str, terms: Callable[..., Row], weights: tuple[Table, ...]) -> int:
    """The terms of a matrix of inputs, collected by input along each line, are the rows of W; which is in the proof."""
    total = is_matrix(context, WEIGHT, weight_matrix(context.subject.definition.read_map))
    tables = for_each_line(context, weights, "table")
    for line, inputs, table in zip(context.lines, context.table(name), tables, strict=True):
        expect(len(table), line.outputs, f"W has another number of rows than outputs along {line.letters.output}")
        total += compare(line, partial(terms, line, inputs), partial(tabulated, table, line), f"{name} and W")
    context.tables[WEIGHT] = weights
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
            _by_output(line, table, wide, step) for line, table, wide, step in zip(lines, tables, *steps_, strict=True)
        ]

    def __len__(self) -> int:
        return prod(self._outputs)

    def __getitem__(self, row: Any) -> Any:
        cells = [(0, 0)]
        for rows, output in zip(self._rows, unravel(range(len(self))[row], self._outputs), strict=True):
            cells = [(entry + label, flat + p) for entry, flat in cells for label, p in rows[output]]
        return {entry: (flat,) for entry, flat in cells}


def _by_output(line: Line, table: LineTable, wide: int, step: int) -> list[list[tuple[int, int]]]:
    """Of a line, for each output: the places of a kernel entry and of the input that it multiplies."""
    rows: list[list[tuple[int, int]]] = [[] for _ in range(line.outputs)]
    for (output, label), p in sorted(table.items()):
        rows[output].append((label * wide, p * step))
    return rows


def inputs_matrix(lines: Sequence[Line], tables: Sequence[LineTable]) -> LabelledMatrix:
    """U: rows by output, columns by kernel entry; its cells hold the number of an input."""
    kernel = tuple(size for line in lines for size in line.kernel_shape)
    outputs, inputs = (tuple(getattr(line, side) for line in lines) for side in ("outputs", "inputs"))
    return LabelledMatrix(outputs, kernel, inputs, InputRows(lines, tables))
