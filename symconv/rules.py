"""The rules of the proofs: one class a move, each checking its own shape and its own values.

For y_i along one axis (stride s, dilation d, low padding P), z being the padded input:

    unfold      y_i = sum over u of k_u z_{s i + d u - P}                the definition, as code that runs
    re-index        = sum over t of k_{(t + P - s i)/d} z_t              t = s i + d u - P: always one to one
    group           = sum over p of (sum of those k where z_t is x_p) x_p
    entry           = sum over p of W_{i,p} x_p                          here the two routes meet
    row         that is row i of W vec(X)                                flattening
    batch       and, for inputs as the rows of a matrix, Y = X W^T + 1 b^T

im2col leaves the definition for a matrix C of inputs instead:

    gather          = sum over u of k_u C_{u,i}                          C_{u,i} names what is read
    product     that is an entry of K C                                  flattening
    collect     collected by input, the columns of C give W
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from .definition import Definition, Tap, join, line_sum, nested, run, source, strides
from .form import Row, collect
from .proof import (
    AnyClaim,
    BatchClaim,
    MatrixClaim,
    Refuted,
    RowClaim,
    Subject,
    Tables,
    compare,
    evaluate,
    expect,
    folded,
    read,
    same_lines,
    sums_of,
    tabulated,
)
from .readmap import Line, Table, with_quotients
from .sums import COLUMNS, INPUT, KERNEL, PADDED, WEIGHT, Factor, Fibre, Index, Span, Sum, number, variable


@dataclass(frozen=True)
class Unfold:
    """The claim is the definition: the sums from which the executed source was written."""

    name = "unfold"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        definition = subject.definition
        compared = 0
        for line, claimed in same_lines(subject, after):
            compared += expect(claimed, line_sum(line, definition.signal), "the claim is not the layer's definition")
        names = [line.letters.output for line in definition.read_map.lines]
        written = source(sums_of(after), names, definition.bias_indices if definition.bias else None)
        return compared + expect(written, definition.source, "the claim is not the code that runs")

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        total = 0
        for line, claimed in same_lines(subject, after):
            run = executed(line, subject.definition)
            total += compare(line, run, partial(evaluate, claimed, line), "the code and the claim")
        return total


def executed(line: Line, definition: Definition) -> Any:
    """Run one axis of the definition's code on labels: output -> terms (kernel label, position)."""
    text = source((line_sum(line, definition.signal),), [line.letters.output], None)
    tensors = {KERNEL: nested(line.kernel_shape, Tap), definition.signal: {t: t for t in line.padded_range}}
    function = run(text, tensors, join)
    return lambda output: collect(function(output))


@dataclass(frozen=True)
class Reindex:
    """Sum over the positions that are read instead of the taps: t = s i + d u - P, one to one."""

    maps: tuple[Index, ...]  # for each line, the new variable in terms of the old
    name = "re-index"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for (line, old, new), index in zip(same_lines(subject, before, after), self.maps, strict=True):
            (tap,), (span,) = old.spans, new.spans
            slope = index.coefficient(tap.name)
            if index.divisor != 1 or not slope:
                raise Refuted(f"{span.name} = {index} is not one to one in {tap.name}")
            ends = [index.substitute(tap.name, end) for end in (tap.first, tap.last)]
            first, last = ends if slope > 0 else ends[::-1]
            compared += expect(
                span, Span(span.name, first, last, abs(slope)), f"{span.name} does not run over the image of {tap.name}"
            )
            put_back = tuple(factor.substitute(span.name, index) for factor in new.factors)
            compared += expect(
                put_back, old.factors, f"putting {span.name} = {index} into the claim does not give back the cited step"
            )
            compared += expect(index, line.position, f"the map printed for {span.name} is not where the window reads")
        return compared

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        return sum(
            compare(line, partial(evaluate, old, line), partial(evaluate, new, line), "re-indexed sum")
            for line, old, new in same_lines(subject, before, after)
        )


@dataclass(frozen=True)
class Group:
    """Collect the terms by the input they read; positions that hold zero drop out."""

    name = "group"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, old, new in same_lines(subject, before, after):
            signal = bare(old)
            (span,) = old.spans
            name = line.letters.input
            if line.mode is None:  # x itself is read along this line: nothing to collect, just its name
                compared += expect(
                    new.spans, (Span(name, span.first, span.last, span.step),), "the sum runs over other inputs"
                )
                kept = tuple(factor.substitute(span.name, variable(name)) for factor in old.factors)
            else:
                compared += expect(
                    new.spans,
                    (all_inputs(line), Fibre(span, name)),
                    "the sums are not over all inputs and the positions that hold them",
                )
                kept = tuple(
                    factor if factor.letter != signal else Factor(signal, (variable(name),)) for factor in old.factors
                )
            expected = tuple(factor if factor.letter != signal else Factor(INPUT, factor.indices) for factor in kept)
            compared += expect(new.factors, expected, "the terms are not those of the cited step")
        return compared

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        return sum(
            compare(line, partial(read, old, line), partial(evaluate, new, line), "grouped sum")
            for line, old, new in same_lines(subject, before, after)
        )


@dataclass(frozen=True)
class Entry:
    """Replace what multiplies x_p by W_{i,p}: the forward sums against the inverse tables.

    `indices` is the printed rule: which tap lies on position t (after a grouping) or on input p.
    """

    indices: tuple[Index, ...]
    tables: tuple[Table, ...]
    name = "entry"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for (line, old, new), rule in zip(same_lines(subject, before, after), self.indices, strict=True):
            (span,) = new.spans
            compared += expect(span, all_inputs(line), "the sum is not over all inputs")
            factors = (
                Factor(WEIGHT, (variable(line.letters.output), variable(span.name))),
                Factor(INPUT, (variable(span.name),)),
            )
            compared += expect(new.factors, factors, "the terms are not entries of W times inputs")
            kernel = old.factor(KERNEL)
            if len(old.spans) == 1:
                bare(old)
                expected = tap_at(kernel, old.factors[1], old.spans[0].name, variable(span.name) * line.scale)
            else:
                expected = kernel.indices[-1]
            compared += expect(rule, expected, "the printed rule for W is not the kernel index of the cited step")
        return compared

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        total = 0
        for (line, old, _), table, rule in zip(
            same_lines(subject, before, after), self.tables, self.indices, strict=True
        ):
            expect(len(table), line.outputs, "W has the wrong number of rows")
            direct = len(old.spans) == 1 and not isinstance(old.spans[0], Fibre)

            def forward(i: int, old: Sum = old, line: Line = line, direct: bool = direct) -> Row:
                row = evaluate(old, line, i)
                row = folded(row, line) if direct and line.mode is not None else row
                if direct and len({p for _, p in row}) < len(row):
                    raise Refuted("an input is read twice, so the terms must be grouped first", i)
                return row

            total += compare(line, forward, partial(tabulated, table, line), "definition and W")
            name = line.letters.input if direct else line.letters.padded
            total += self._rule_holds(line, table, rule, name, direct)
        tables[WEIGHT] = self.tables
        return total

    @staticmethod
    def _rule_holds(line: Line, table: Table, rule: Index, name: str, direct: bool) -> int:
        """Every entry of the table is what the printed rule says, at the positions holding its input."""
        checked = 0
        for i, row in enumerate(table):
            env = with_quotients({line.letters.output: i}, rule)
            for p, taps in row.items():
                said = sorted(
                    tap
                    for t in ((p,) if direct else line.copies(p))
                    if (tap := rule.at({**env, name: t})) is not None and 0 <= tap < line.taps
                )
                if said != list(taps):
                    raise Refuted("the printed rule gives another entry of W", i, p, said, list(taps))
                checked += 1
        return checked


@dataclass(frozen=True)
class Flatten:
    """Row-major numbering turns the sum into an entry of a product with a flattened vector."""

    matrix: Any  # a LabelledMatrix
    name = "row"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        lines = subject.definition.read_map.lines
        if not isinstance(after, RowClaim):
            raise Refuted("the claim is not about a row of W vec(X)")
        expect(after.bias, subject.definition.bias, "the bias is lost or added")
        for line, axis in same_lines(subject, before):
            expect(
                [factor.letter for factor in axis.factors], [WEIGHT, INPUT], "the cited step is not a sum of W times x"
            )
            expect(axis.spans, (all_inputs(line),), "the cited sum is not over all inputs")
        expect(
            after.row,
            flattened([(line.letters.output, line.outputs) for line in lines]),
            "the row is not the output's row-major number",
        )
        expect(
            after.column,
            flattened([(line.letters.input, line.inputs) for line in lines]),
            "the column is not the input's row-major number",
        )
        return 3 + len(lines)

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        lines = subject.definition.read_map.lines
        expect(self.matrix.row_shape, tuple(line.outputs for line in lines), "W is not labelled by the outputs")
        expect(self.matrix.column_shape, tuple(line.inputs for line in lines), "W is not labelled by the inputs")
        expect(len(self.matrix.rows), self.matrix.shape[0], "W has not one row for each output")
        return 3


@dataclass(frozen=True)
class Batch:
    """The same rows for a batch: entry (n, o) of X W^T is the sum over i of X[n, i] W[o, i]."""

    name = "batch"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, RowClaim) or not isinstance(after, BatchClaim):
            raise Refuted("the batch form follows from the row form")
        return expect(after.bias, before.bias, "the bias is lost or added")

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        total = 0
        for line, table in zip(subject.definition.read_map.lines, tables[WEIGHT], strict=True):
            transpose: dict[int, list[tuple[int, int]]] = {}
            for i, row in enumerate(table):
                for p, taps in row.items():
                    transpose.setdefault(p, []).extend((i, tap) for tap in taps)
            product: dict[int, Row] = {i: {} for i in range(line.outputs)}
            for p, column in transpose.items():  # row p of W^T, met by entry p of any row of X
                for i, tap in column:
                    label = tap + (i * line.taps if len(line.kernel_shape) == 2 else 0)
                    product[i][label, p] = product[i].get((label, p), 0) + 1
            total += compare(line, product.__getitem__, partial(tabulated, table, line), "X W^T and W x")
        return total


@dataclass(frozen=True)
class Gather:
    """Name what kernel entry u reads for output i: C_{u,i}."""

    tables: tuple[dict[tuple[int, int], int], ...]  # (tap, output) -> input; for channels (row, 0)
    name = "gather"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, old, new in same_lines(subject, before, after):
            compared += expect(new.spans, old.spans, "the sum does not run over the kernel entries of the cited step")
            signal = old.factors[1]
            if signal.letter not in (PADDED, INPUT):
                raise Refuted("the cited step reads no input")
            compared += expect(
                new.factors,
                (old.factors[0], Factor(COLUMNS, column_indices(line))),
                "the terms are not kernel entries times entries of C",
            )
        return compared

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        total = 0
        for (line, old, _), table in zip(same_lines(subject, before, after), self.tables, strict=True):
            total += compare(line, partial(read, old, line), partial(_reads, line, table), "what is read and C")
        tables[COLUMNS] = self.tables
        return total


def _reads(line: Line, table: dict[tuple[int, int], int], output: int) -> Row:
    """The terms k C of one output: (kernel label, input)."""
    terms = []
    for tap in range(line.taps):
        env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
        place = [index.at(env) for index in column_indices(line)]
        p = table.get((place[0], place[1] if len(place) > 1 else 0))  # type: ignore[arg-type]
        if p is not None:
            label = 0
            for index, size in zip(line.kernel_index, line.kernel_shape, strict=True):
                label = label * size + (index.at(env) or 0)
            terms.append((label, p))
    return collect(terms)


@dataclass(frozen=True)
class Product:
    """Row-major numbering turns the sum into an entry of K C."""

    matrix: Any
    name = "product"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        read_map = subject.definition.read_map
        if not isinstance(after, RowClaim):
            raise Refuted("the claim is not about an entry of K C")
        expect(after.bias, subject.definition.bias, "the bias is lost or added")
        for line, axis in same_lines(subject, before):
            expect(
                axis.factor(COLUMNS), Factor(COLUMNS, column_indices(line)), "the cited step is not a sum of k times C"
            )
        expect(
            after.row,
            flattened([(line.letters.kernel, line.taps) for line in read_map.lines]),
            "the row of C is not the kernel entry's row-major number",
        )
        expect(
            after.column,
            flattened([(axis.letters.output, axis.outputs) for axis in read_map.axes]),
            "the column of C is not the output's row-major number",
        )
        return 3 + len(read_map.lines)

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        read_map = subject.definition.read_map
        expect(
            self.matrix.column_shape, tuple(axis.outputs for axis in read_map.axes), "C is not labelled by the outputs"
        )
        rows = (read_map.channels.inputs, *(axis.taps for axis in read_map.axes))
        return 1 + expect(
            self.matrix.row_shape, rows[len(rows) - len(read_map.lines) :], "C is not labelled by the kernel entries"
        )


@dataclass(frozen=True)
class Collect:
    """Column by column, collecting the rows of C that hold the same input gives the rows of W."""

    weights: tuple[Table, ...]
    name = "collect"

    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int:
        return expect(isinstance(after, MatrixClaim), True, "the claim does not compare C with W")

    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int:
        total = 0
        for line, columns, table in zip(subject.definition.read_map.lines, tables[COLUMNS], self.weights, strict=True):
            total += compare(line, partial(_reads, line, columns), partial(tabulated, table, line), "C and W")
        tables[WEIGHT] = self.weights
        return total


# Shared pieces ------------------------------------------------------------------------------------


def only_span(axis: Sum) -> Span:
    """The span of a sum that has just one."""
    if len(axis.spans) != 1 or isinstance(axis.spans[0], Fibre):
        raise Refuted("the cited sum is not over positions")
    return axis.spans[0]


def bare(axis: Sum) -> str:
    """The letter that a re-indexed sum reads; refuted unless it is read at the summed variable itself."""
    span = only_span(axis)
    for factor in axis.factors:
        if factor.letter in (PADDED, INPUT):
            if factor.indices != (variable(span.name),) and span.single is None:
                raise Refuted(
                    "the cited sum is not re-indexed by the position that is read",
                    left=str(factor.indices[0]),
                    right=span.name,
                )
            return factor.letter
    raise Refuted("the cited sum reads no input")


def tap_at(kernel: Factor, signal: Factor, name: str, position: Index) -> Index:
    """The tap with which a sum over `name` reads a position: the kernel's index there."""
    there = signal.indices[0].solve(name, "t")
    return kernel.indices[-1].substitute(name, there).substitute("t", position)


def all_inputs(line: Line) -> Span:
    """The span over every input of a line."""
    return Span(line.letters.input, number(0), number(line.inputs - 1))


def flattened(sizes: list[tuple[str, int]]) -> Index:
    """The row-major number of a position, as an expression in its letters."""
    total = number(0)
    for (name, _), stride in zip(sizes, strides([size for _, size in sizes]), strict=True):
        total = total + variable(name) * stride
    return total


def column_indices(line: Line) -> tuple[Index, ...]:
    """The indices of C along one line: row u and column i; for channels the row of the channel read."""
    if len(line.kernel_shape) == 2:
        return (line.position,)
    return variable(line.letters.kernel), variable(line.letters.output)
