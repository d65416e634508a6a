"""The rules of the proofs: one class a move, each checking its own shape and its own values.

For y_i along one axis (stride s, dilation d, low padding P), z being the padded input:

    unfold      y_i = sum over u of k_u z_{s i + d u - P}                the definition, as code that runs
    re-index        = sum over t of k_{(t + P - s i)/d} z_t              t = s i + d u - P: always one to one
    group           = sum over p of (sum of those k where z_t is x_p) x_p
    entry           = sum over p of W_{i,p} x_p                          here the two routes meet
    row         that is row i of W vec(X)                                flattening
    batch       and, for inputs as the rows of a matrix, Y = X W^T + 1 b^T

A theorem that makes other moves has their rules in its own file, or in `steps/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from .along import distinct, evaluated, folded, stored
from .claims import (
    AnyClaim,
    BatchClaim,
    Context,
    Refuted,
    RowClaim,
    compare,
    expect,
    for_each_line,
    same_lines,
    sums_of,
)
from .definition import (
    Definition,
    Tap,
    Weighted,
    coefficients,
    join,
    join_weighted,
    line_sum,
    nested,
    run,
    source,
    strides,
    weights,
)
from .flattening import ROW_MAJOR, Order, name_of, strides_in
from .form import Row, collect, weigh
from .matrices import LabelledMatrix, ProductRows, matrix_of, unravel
from .readmap import Axis, Line, Table, with_quotients
from .sums import INPUT, KERNEL, PADDED, WEIGHT, Factor, Fibre, Index, Span, Sum, number, variable
from .weighted import Resampled, Shuffled

Follows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Unfold:
    """The claim is the definition: the sums from which the executed source was written."""

    name = "unfold"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        definition = context.subject.definition
        compared = 0
        for line, claimed in same_lines(context, after):
            compared += expect(claimed, line_sum(line, definition.signal), "the claim is not the layer's definition")
        names = [line.letters.output for line in definition.read_map.lines]
        written = source(sums_of(after), names, definition.bias_indices if definition.bias else None)
        return compared + expect(written, definition.source, "the claim is not the code that runs")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        total = 0
        for line, claimed in distinct(same_lines(context, after)):
            code = executed(line, context.subject.definition)
            signal = context.subject.definition.signal
            total += compare(line, code, evaluated(claimed, line), "the code and the claim", signal)
        axes = context.subject.definition.read_map.axes
        channels = context.subject.definition.read_map.channels
        if isinstance(channels, Shuffled):
            total += by_channels(channels)
        return total + sum(all_windows(axis) for axis in dict.fromkeys(axes) if not isinstance(axis, Resampled))


def all_windows(axis: Axis) -> int:
    """The outputs are all the windows that fit: the last one does, and one further would not."""
    reach = [
        [axis.position.at({axis.letters.output: output, axis.letters.kernel: tap}) for tap in range(axis.taps)]
        for output in (0, axis.outputs - 1, axis.outputs)
    ]
    fits = [all(t in axis.padded_range for t in window) for window in reach]
    return expect(fits, [True, True, False], f"{axis.outputs} is not the number of windows along {axis.letters.output}")


def by_channels(line: Shuffled) -> int:
    """A pixel shuffle by channels and places is the one index of its flattened positions."""
    names, indices = line.indices
    inner = [n * line.factor for n in line.sizes]
    outputs = (line.outputs // prod(inner), *inner)
    inputs = (line.outputs // prod(line.sizes), *line.sizes)
    for output in range(line.outputs):
        env = dict(zip(names, unravel(output, outputs), strict=True))
        at = tuple(index.at(with_quotients(env, index)) for index in indices)
        flat = line.position.at(with_quotients({line.letters.output: output, line.letters.kernel: 0}, line.position))
        if flat is None or at != unravel(flat, inputs):
            raise Refuted("the index by channels is another input", f"n={output}", None, at, flat)
    return line.outputs


def executed(line: Line, definition: Definition) -> Any:
    """Run one axis of the definition's code on labels: output -> terms (kernel label, position)."""
    text = source((line_sum(line, definition.signal),), [line.letters.output], None)
    if not line.kernel_shape:
        held = {definition.signal: {t: Weighted.of(t) for t in line.padded_range}, **coefficients(line)}
        known = run(text, held, join_weighted)
        return lambda output: weigh(known(output))
    tensors = {KERNEL: nested(line.kernel_shape, Tap), definition.signal: {t: t for t in line.padded_range}}
    function = run(text, tensors, join)
    return lambda output: collect(function(output))


@dataclass(frozen=True)
class Reindex:
    """Sum over the positions that are read instead of the taps: t = s i + d u - P, one to one."""

    maps: tuple[Index, ...]  # for each line, the new variable in terms of the old
    name = "re-index"
    follows: ClassVar[Follows] = (("unfold",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        maps = for_each_line(context, self.maps, "map")
        for (line, old, new), index in zip(same_lines(context, before, after), maps, strict=True):
            tap, span = only_span(old), only_span(new)
            said = f"{span.name} = {index}"
            names = (line.letters.padded, line.letters.input)
            compared += expect(
                span.name in names, True, f"{span.name} is not a letter of a position: {' or '.join(names)}"
            )
            compared += expect(index, line.position, f"the map {said} is not where the window reads")
            slope = index.coefficient(tap.name)
            if index.divisor != 1 or not slope:
                raise Refuted(f"{said} is not one to one in {tap.name}")
            ends = [index.substitute(tap.name, end) for end in (tap.first, tap.last)]
            first, last = ends if slope > 0 else ends[::-1]
            image = Span(span.name, first, last, abs(slope))
            compared += expect(span, image, f"{span.name} does not run over the image of {tap.name}")
            put_back = tuple(factor.substitute(span.name, index) for factor in new.factors)
            compared += expect(
                put_back, old.factors, f"putting {said} into the claim does not give back the cited step"
            )
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        signal = context.subject.definition.signal
        return sum(
            compare(line, evaluated(old, line), evaluated(new, line), "re-indexed sum", signal)
            for line, old, new in distinct(same_lines(context, before, after))
        )


@dataclass(frozen=True)
class Group:
    """Collect the terms by the input they read; positions that hold zero drop out."""

    name = "group"
    follows: ClassVar[Follows] = (("re-index",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, old, new in same_lines(context, before, after):
            signal, span, name = bare(old), only_span(old), line.letters.input
            if line.mode is None:  # x itself is read along this line: nothing to collect, just its name
                spans: tuple[Span | Fibre, ...] = (Span(name, span.first, span.last, span.step),)
                kept = tuple(factor.substitute(span.name, variable(name)) for factor in old.factors)
                expected = tuple(Factor(INPUT, f.indices) if f.letter == signal else f for f in kept)
            else:
                spans = (all_inputs(line), Fibre(span, name))
                there = Factor(INPUT, (variable(name),))
                expected = tuple(there if factor.letter == signal else factor for factor in old.factors)
            compared += expect(new.spans, spans, "the sums are not over the inputs and the positions that hold them")
            compared += expect(new.factors, expected, "the terms are not those of the cited step")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return sum(
            compare(line, folded(old, line), evaluated(new, line), "grouped sum")
            for line, old, new in distinct(same_lines(context, before, after))
        )


@dataclass(frozen=True)
class Entry:
    """Replace what multiplies x_p by W_{i,p}: the forward sums against the inverse tables.

    `indices` is the printed rule: which tap lies on position t (after a grouping) or on input p.
    """

    indices: tuple[Index, ...]
    tables: tuple[Table, ...]
    name = "entry"
    follows: ClassVar[Follows] = (("unfold", "re-index", "group"),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        rules = for_each_line(context, self.indices, "index")
        for (line, old, new), rule in zip(same_lines(context, before, after), rules, strict=True):
            p = variable(line.letters.input)
            compared += expect(new.spans, (all_inputs(line),), "the sum is not over all inputs")
            factors = (Factor(WEIGHT, (variable(line.letters.output), p)), Factor(INPUT, (p,)))
            compared += expect(new.factors, factors, "the terms are not entries of W times inputs")
            *weighted, signal = weights_and_signal(old)
            if len(old.spans) == 1:
                bare(old)
                expected = tap_at(line, p * line.scale)
                renamed = signal.indices == (variable(only_span(old).name),)
                at = tap_at(line, signal.indices[0]) if renamed else variable(line.letters.kernel)
            else:
                expected = at = tap_at(line, variable(line.letters.padded))
            there = tuple(factor.substitute(line.letters.kernel, at) for factor in weights(line))
            compared += expect(tuple(weighted), there, "the cited step has other kernel entries or coefficients")
            compared += expect(rule, expected, "the printed rule for W is not the kernel entry that lies there")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        total = 0
        tables = for_each_line(context, self.tables, "table")
        rules = for_each_line(context, self.indices, "index")
        said = zip(same_lines(context, before, after), tables, rules, strict=True)
        for line, old, table, rule in distinct((line, old, table, rule) for (line, old, _), table, rule in said):
            expect(len(table), line.outputs, f"W has another number of rows than outputs along {line.letters.output}")
            direct = len(old.spans) == 1
            forward = _once(old, line) if direct else evaluated(old, line)
            total += compare(line, forward, stored(table, line), "definition and W")
            total += _rule_holds(line, table, rule, direct)
        context.tables[WEIGHT] = self.tables
        return total


def _once(axis: Sum, line: Line) -> Callable[[int], Row]:
    """The terms by input; refuted where one input is read twice, which needs a grouping first."""
    rows = folded(axis, line)

    def row(output: int) -> Row:
        found = rows(output)
        inputs = [p for _, p in found]
        if len(set(inputs)) < len(inputs):
            twice = next(p for p in inputs if inputs.count(p) > 1)
            place = f"{line.letters.output}={output}", f"{line.letters.input}={twice}"
            raise Refuted("an input is read twice, so the terms must be grouped first", *place, inputs.count(twice), 1)
        return found

    return row


def _rule_holds(line: Line, table: Table, rule: Index, direct: bool) -> int:
    """Every entry of the table is what the printed rule says, at the positions holding its input."""
    checked = 0
    name = line.letters.input if direct else line.letters.padded
    symbolic, every = bool(line.kernel_shape), range(line.taps)
    copies = {p: (p,) if direct else line.copies(p) for row in table for p in row}
    for i, row in enumerate(table):
        env = with_quotients({line.letters.output: i}, rule)
        for p, taps in row.items():
            said = []
            for env[name] in copies[p]:
                tap = rule.at(env)
                if tap is not None and tap in every:
                    said.append(tap)
            said.sort()
            if not symbolic:  # a tap whose coefficient is zero is no part of an entry
                said = [tap for tap in said if line.coefficient(i, tap)]
            if said != list(taps):
                place = f"{line.letters.output}={i}", f"{line.letters.input}={p}"
                raise Refuted("the printed rule gives another entry of W", *place, f"taps {said}", f"taps {list(taps)}")
            checked += 1
    return checked


@dataclass(frozen=True)
class Flatten:
    """Numbering the positions, in one of the orders, turns the sum into an entry of a product with a flattened vector."""

    order: Order = ROW_MAJOR
    name = "row"
    follows: ClassVar[Follows] = (("entry",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        lines = context.lines
        if not isinstance(after, RowClaim):
            raise Refuted("the claim is not about a row of W vec(X)")
        compared = expect(after.bias, context.subject.definition.bias, "the bias is lost or added")
        for line, axis in same_lines(context, before):
            letters = [factor.letter for factor in axis.factors]
            compared += expect(letters, [WEIGHT, INPUT], "the cited step is not a sum of W times x")
            compared += expect(axis.spans, (all_inputs(line),), "the cited sum is not over all inputs")
        row = flattened([(line.letters.output, line.outputs) for line in lines], self.order)
        column = flattened([(line.letters.input, line.inputs) for line in lines], self.order)
        compared += expect(after.row, row, f"the row is not the output's {name_of(self.order)} number")
        return compared + expect(after.column, column, f"the column is not the input's {name_of(self.order)} number")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = is_matrix(context, WEIGHT, matrix_of(context.subject.definition.read_map, self.order))
        if not isinstance(after, RowClaim):
            raise Refuted("the claim is not about a row of W vec(X)")
        matrix = context.matrix(WEIGHT)
        rows = [(line.letters.output, line.outputs) for line in context.lines]
        columns = [(line.letters.input, line.inputs) for line in context.lines]
        compared += numbers_positions(after.row, rows, matrix.row_position, "row")
        return compared + numbers_positions(after.column, columns, matrix.column_position, "column")


@dataclass(frozen=True)
class Batch:
    """The same rows for a batch: entry (n, o) of X W^T is the sum over i of X[n, i] W[o, i].

    The rows of W^T are taken as what they are, the columns of W, from the inverse map itself.
    """

    name = "batch"
    follows: ClassVar[Follows] = (("row",), ("entry",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, RowClaim) or not isinstance(after, BatchClaim):
            raise Refuted("the batch form follows from the row form")
        return expect(after.bias, before.bias, "the bias is lost or added")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        total = 0
        for line, table in distinct(zip(context.lines, context.table(WEIGHT), strict=True)):
            rows: dict[int, Row] = {i: {} for i in range(line.outputs)}
            symbolic = bool(line.kernel_shape)
            for p in range(line.inputs):  # row p of W^T meets entry p of every row of X
                for i, taps in line.meets(p).items():
                    for tap in taps:
                        label, coefficient = (line.label(i, tap), 1) if symbolic else (None, line.weight(i, tap))
                        rows[i][label, p] = rows[i].get((label, p), 0) + coefficient
            total += compare(line, rows.__getitem__, stored(table, line), "X W^T and W x")
        return total


# Shared pieces ------------------------------------------------------------------------------------


def only_span(axis: Sum) -> Span:
    """The span of a sum that has just one."""
    if len(axis.spans) != 1 or isinstance(axis.spans[0], Fibre):
        raise Refuted("the cited sum is not over positions")
    return axis.spans[0]


def weights_and_signal(axis: Sum) -> tuple[Factor, ...]:
    """The factors of a sum of kernel entries or coefficients times inputs; the input is the last."""
    letters = [factor.letter for factor in axis.factors]
    if letters[-1:] not in ([PADDED], [INPUT]) or {PADDED, INPUT, WEIGHT} & set(letters[:-1]):
        raise Refuted("the cited step is not a sum of weights times inputs", left=str(axis))
    return axis.factors


def bare(axis: Sum) -> str:
    """The letter that a re-indexed sum reads; refuted unless it is read at the summed variable itself."""
    span, signal = only_span(axis), weights_and_signal(axis)[-1]
    if signal.indices != (variable(span.name),) and span.single is None:
        read_at = ", ".join(map(str, signal.indices))
        raise Refuted("the cited sum is not re-indexed by the position that is read", left=read_at, right=span.name)
    return signal.letter


def numbers_positions(
    claimed: Index, sizes: list[tuple[str, int]], position: Callable[[int], tuple[int, ...]], what: str
) -> int:
    """The claimed number of a position leads, by the matrix' own labels, back to that position.

    Both are additive in the indices, so it is enough to move one index at a time, through all its values.
    """
    compared = 0
    for axis, (name, size) in enumerate(sizes):
        env = dict.fromkeys([other for other, _ in sizes], 0)
        before, after = (0,) * axis, (0,) * (len(sizes) - axis - 1)
        for value in range(size):
            env[name] = value
            at = claimed.at(env)
            expected = (*before, value, *after)
            if at is None or position(at) != expected:
                raise Refuted(
                    f"the claimed {what} is not that of {name}={value}", f"{name}={value}", None, at, expected
                )
            compared += 1
    return compared


def is_matrix(context: Context, name: str, expected: Any) -> int:
    """The printed matrix of that letter is this one: what it holds, its labels, and every row."""
    matrix = context.matrix(name)
    compared = expect(type(matrix), type(expected), f"{name} holds other things than it should")
    compared += expect(matrix.row_shape, expected.row_shape, f"the rows of {name} are labelled otherwise")
    compared += expect(matrix.column_shape, expected.column_shape, f"the columns of {name} are labelled otherwise")
    expect(getattr(matrix, "order", ROW_MAJOR), getattr(expected, "order", ROW_MAJOR), f"{name} is flattened otherwise")
    if isinstance(expected, LabelledMatrix):
        compared += expect(matrix.kernel_shape, expected.kernel_shape, f"the entries of {name} are labelled otherwise")
    compared += expect(len(matrix.rows), expected.shape[0], f"{name} has another number of rows than labels")
    compared += rows_of_product(matrix, expected.rows, name)
    context.settled.add(name)
    return compared


def rows_of_product(matrix: Any, expected: Sequence[Any], name: str) -> int:
    """The rows that are printed are those of the axes' tables; rows computed from the tables on demand are."""
    if isinstance(matrix.rows, ProductRows) and isinstance(expected, ProductRows):
        if matrix.rows.made_as(expected):
            return 1
    elif type(matrix.rows) is type(expected) is not tuple and vars(matrix.rows) == vars(expected):
        return 1
    for row, (found, right) in enumerate(zip(matrix.rows, expected, strict=True)):
        if dict(found) != dict(right):
            column = next(c for c in sorted({*found, *right}) if found.get(c) != right.get(c))
            held = (cells.get(column, ()) for cells in (found, right))
            sides = (list(each) if isinstance(each, tuple) else each for each in held)
            raise Refuted(f"a row of {name} is not that of its tables", matrix.row_position(row), column, *sides)
    return len(expected)


def row_major(matrix: LabelledMatrix, lines: Sequence[Line]) -> int:
    """The rows and columns of W are numbered row by row: index n of one line alone lies n strides further."""
    compared = 0
    for side, position in (("outputs", matrix.row_position), ("inputs", matrix.column_position)):
        sizes = [getattr(line, side) for line in lines]
        for axis, step in enumerate(strides(sizes)):
            for n in range(sizes[axis]):
                expected = tuple(n if other == axis else 0 for other in range(len(sizes)))
                compared += expect(position(n * step), expected, f"the {side} of W are numbered otherwise")
    return compared


def tap_at(line: Line, position: Index) -> Index:
    """The tap that reads a position: the map from tap to position, solved for the tap."""
    return line.position.solve(line.letters.kernel, "t").substitute("t", position)


def all_inputs(line: Line) -> Span:
    """The span over every input of a line."""
    return Span(line.letters.input, number(0), number(line.inputs - 1))


def flattened(sizes: list[tuple[str, int]], order: Order = ROW_MAJOR) -> Index:
    """The number of a position in that order, as an expression in its letters."""
    total = number(0)
    for (name, _), stride in zip(sizes, strides_in([size for _, size in sizes], order), strict=True):
        total = total + variable(name) * stride
    return total
