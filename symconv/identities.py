"""Equations between matrices: claims and rules that several theorems share.

A matrix here is a product over the lines (the channels and the axes), so it is kept, and an equation
is checked, line by line: products of matrices along each line are the product of the whole matrices
(the mixed-product property, (A1 x B1)(A2 x B2) = A1 A2 x B1 B2). The matrices are of two kinds:

    known       the weight matrix of a layer, by the theorem weight_matrix, whose proof is checked
    select      the 0/1 matrix of a partial map: entry (r, c) is 1 where the map sends r to c

and an equation between products of them follows by

    multiply    multiplying out, entry by entry along each line
    assemble    the same for the whole matrices, flattened row-major
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

from .algebra.linear import Entry, Exact, difference, of_line, of_matrix
from .claims import AnyClaim, Context, Refuted, expect
from .definition import BIAS
from .expressions import Expr, Times, Transposed, evaluate, letters_of
from .matrices import LabelledMatrix, NumberMatrix, NumberRows, ProductRows, matrix_of
from .readmap import Line
from .rules import Follows, is_matrix
from .sums import INPUT, KERNEL, OUTPUT, PADDED, WEIGHT, Index, Span, number

NEW_KERNEL = "κ"
"""A kernel that is made from k."""

# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """The matrix of that letter is the weight matrix of the layer."""

    letter: str
    layer: Any


@dataclass(frozen=True)
class Selection:
    """Along one line: entry (row, column) is 1 where the column is `to`, an expression in the row."""

    row: str
    rows: range
    column: str
    columns: range
    to: Index


@dataclass(frozen=True)
class Selected:
    """The matrix of that letter is 0/1, and this is where its ones are, line by line.

    With `held`, `to` is a position of the padded input, and the column is the input that lies there,
    if one does.
    """

    letter: str
    lines: tuple[Selection, ...]
    held: bool = False

    @property
    def letters(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Those of an entry: of its row, and of its column."""
        return tuple(line.row for line in self.lines), tuple(line.column for line in self.lines)


@dataclass(frozen=True)
class Substituted:
    """The matrix `letter` is the weight matrix `of` for another kernel, made from k.

    `indices` says, line by line, which entry of k the entry t of that kernel is: an expression in t;
    where it is no entry of k, it is zero. None keeps a line's entries.
    """

    letter: str
    of: str
    indices: tuple[Index | None, ...]


@dataclass(frozen=True)
class Diagonal:
    """The matrix of that letter is diagonal, and these are its entries, line by line."""

    letter: str
    lines: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Equation:
    """Two expressions are the same matrix, written out by entries: (W)_{i,p} = sum over f of V_{i,f} P_{f,p}.

    `rows` and `columns` are the letters of an entry, `inner` for each product the spans it sums over,
    all of them line by line.
    """

    left: Expr
    right: Expr
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    inner: tuple[tuple[Span, ...], ...] = ()


@dataclass(frozen=True)
class Whole:
    """The same of the whole, flattened matrices."""

    left: Expr
    right: Expr


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """W is what the theorem weight_matrix says: its proof for this layer is checked."""

    name = "known"
    follows: ClassVar[Follows] = ()
    claims: ClassVar[type[Weights]] = Weights

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Weights) or type(after) is not self.claims:
            raise Refuted("the claim is not that a matrix is a layer's weight matrix")
        layers = {WEIGHT: context.subject, **context.others()}
        expect(after.letter in layers, True, f"{after.letter} is the letter of no layer")
        return expect(after.layer, layers[after.letter], f"{after.letter} belongs to another layer")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        from .catalogue import prove
        from .errors import ProofFailed

        if not isinstance(after, Weights):
            raise Refuted("the claim is not that a matrix is a layer's weight matrix")
        try:
            report = prove(after.layer, check="axes").check()
        except ProofFailed as failed:
            raise Refuted(f"weight_matrix fails for {after.layer!r}: {failed}") from None
        read_map = after.layer.read_map
        context.tables[after.letter] = tuple(map(of_line, read_map.lines, read_map.tables))
        return sum(each.count for each in report.proved) + is_matrix(context, after.letter, matrix_of(read_map))


def about_w(claim: AnyClaim | None) -> int:
    """The cited step says what W is."""
    return expect(isinstance(claim, Weights) and claim.letter, WEIGHT, "the cited step does not say what W is")


@dataclass(frozen=True)
class Select:
    """The ones of a 0/1 matrix are where its map says: every row of its stored form is looked at.

    A theorem builds the tables the other way, from the column to the rows.
    """

    tables: tuple[Exact, ...]
    name = "select"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Selected):
            raise Refuted("the claim does not say where the ones of a matrix are")
        compared = expect(len(after.lines), len(self.tables), "the claim has not one map for each line")
        for said, table in zip(after.lines, self.tables, strict=True):
            shape = len(said.rows), len(said.columns)
            compared += expect(table.shape, shape, f"{after.letter} has another shape along {said.row}")
            ranges = range(len(said.rows)), range(len(said.columns))
            compared += expect((said.rows, said.columns), ranges, "rows and columns are not counted from 0")
        return compared + different([name for names in after.letters for name in names])

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Selected):
            raise Refuted("the claim does not say where the ones of a matrix are")
        compared = 0
        for n, (said, table) in enumerate(zip(after.lines, self.tables, strict=True)):
            line = context.lines[n]
            for at, row in zip(said.rows, table.rows, strict=True):
                to = said.to.at({said.row: at})
                if to is not None and after.held:
                    compared += expect(to in line.padded_range, True, f"the padded input has no position {to}")
                    to = line.fold(to)
                inside = to is not None and to in said.columns
                expected = {said.columns.index(to): {(): 1}} if inside and to is not None else {}
                if row != expected:
                    place = f"{said.row}={at}", None
                    raise Refuted(f"the ones of {after.letter} are elsewhere", *place, sorted(row), sorted(expected))
                compared += 1
        context.tables[after.letter] = self.tables
        return compared + is_matrix(context, after.letter, number_matrix(self.tables))


@dataclass(frozen=True)
class Substitute:
    """Put another kernel into a weight matrix, entry by entry."""

    name = "substitute"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Weights) or not isinstance(after, Substituted):
            raise Refuted("a kernel is put into a weight matrix that an earlier step names")
        compared = expect(after.of, before.letter, "the kernel is put into another matrix")
        compared += expect(len(after.indices), len(context.lines), "the claim has not one index for each line")
        for line, other, index in zip(context.lines, before.layer.read_map.lines, after.indices, strict=True):
            if index is None:
                continue
            names = {name for name, _ in index.terms}
            compared += expect(names <= {line.letters.kernel}, True, f"{index} is not about {line.letters.kernel}")
            found = {index.at({line.letters.kernel: tap}) for tap in range(other.taps)}
            compared += expect(found <= {None, *range(line.taps)}, True, f"{index} is no entry of k")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Substituted):
            raise Refuted("a kernel is put into a weight matrix that an earlier step names")
        made = tuple(
            table if index is None else put(table, index, line.letters.kernel, line.taps)
            for line, table, index in zip(context.lines, context.table(after.of), after.indices, strict=True)
        )
        context.tables[after.letter] = made
        expected = labelled_matrix(made, context.lines)
        return sum(table.nonzeros for table in made) + is_matrix(context, after.letter, expected)


def put(table: Exact, index: Index, name: str, taps: int) -> Exact:
    """A line of a weight matrix with the entry index(t) of another kernel for its entry t; zero where there is none."""

    def entry(found: Entry) -> Entry:
        total: Entry = {}
        for (tap,), count in found.items():
            at = index.at({name: tap})
            if at is not None and 0 <= at < taps:
                total[at,] = total.get((at,), 0) + count
        return total

    rows = ({column: entry(found) for column, found in row.items()} for row in table.rows)
    return Exact(tuple({c: found for c, found in row.items() if found} for row in rows), table.width)


def labelled_matrix(tables: Sequence[Exact], lines: Sequence[Line]) -> LabelledMatrix:
    """The whole matrix of kernel entries that is a product over the lines."""
    rows = [
        [
            [(p, tuple(u for (u,), count in sorted(entry.items()) for _ in range(count))) for p, entry in row.items()]
            for row in table.rows
        ]
        for table in tables
    ]
    widths = tuple(table.width for table in tables)
    return LabelledMatrix(
        tuple(len(table.rows) for table in tables),
        widths,
        tuple(size for line in lines for size in line.kernel_shape),
        ProductRows(rows, widths, [prod(line.kernel_shape) for line in lines]),
    )


@dataclass(frozen=True)
class Multiply:
    """Multiplied out along each line, both sides have the same entries."""

    name = "multiply"
    follows: ClassVar[None] = None  # any steps that say what the matrices are
    held: ClassVar[bool] = False  # whether its 0/1 matrix says which input a position holds
    besides: ClassVar[tuple[type, ...]] = ()  # what else it may cite
    needs: ClassVar[type] = object  # of what kind one of the cited claims must be for the reason to be this one

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Equation):
            raise Refuted("the claim is not an equation between matrices")
        naming = (Weights, Selected, Substituted, Diagonal)
        said = [claim.letter for claim in context.cited if isinstance(claim, naming)]
        idle = [type(claim).__name__ for claim in context.cited if not isinstance(claim, (*naming, *self.besides))]
        expect(idle, [], "it does not follow from a step that it cites")
        expect(any(isinstance(claim, self.needs) for claim in context.cited), True, "the reason is another one")
        used = {*letters_of(after.left), *letters_of(after.right)}
        compared = expect(sorted(said), sorted(used), "the cited steps are not those that say what the matrices are")
        compared += expect(said[0], next(letters_of(after.left)), "the first cited step is not about the left side")
        letters = entry_letters(context.lines)
        sides = after.rows, after.columns  # the other way round in a transpose
        compared += expect(
            sides in (letters, letters[::-1]), True, "an entry has other letters than its output and input"
        )
        printed_spans = [span for spans in after.inner for span in spans]
        compared += fresh(context, [span.name for span in printed_spans])
        places = {letter: at for side in (after.left, after.right) for letter, *at in written(side, after)}
        for claim in context.cited:
            if isinstance(claim, Selected):
                there = f"an entry of {claim.letter} has other letters than where it is said what it is"
                compared += expect(places[claim.letter], list(claim.letters), there)
                compared += expect(claim.held, self.held, f"{claim.letter} does not say what it should")
        for span in printed_spans:
            compared += expect(span.first, number(0), f"{span.name} is not counted from 0")
        factors = max(
            (expr.parts for expr in (after.left, after.right) if isinstance(expr, Times)), key=len, default=()
        )
        compared += expect(len(after.inner), max(len(factors) - 1, 0), "a product sums over other indices than printed")
        for factor, spans in zip(factors, after.inner, strict=False):
            widths = [
                evaluate(factor, dict(zip(names, tables, strict=True))).width
                for _, names, tables in _by_line(context, after)
            ]
            printed = [len(span.at({})) if span.step == 1 else 0 for span in spans]
            compared += expect(printed, widths, "an index that is summed over runs through another range")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Equation):
            raise Refuted("the claim is not an equation between matrices")
        return sum(
            same(after, dict(zip(names, tables, strict=True)), line.letters.output)
            for line, names, tables in _by_line(context, after)
        )


def written(expr: Expr, claim: Equation) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Each matrix in an expression, with the letters of the row and the column of its entries."""
    between = [tuple(span.name for span in spans) for spans in claim.inner]
    match expr:
        case str():
            yield expr, claim.rows, claim.columns
        case Transposed(of):
            yield from written(of, replace(claim, rows=claim.columns, columns=claim.rows))
        case _:
            ends = [claim.rows, *between, claim.columns]
            for part, rows, columns in zip(expr.parts, ends, ends[1:], strict=False):
                yield from written(part, replace(claim, rows=rows, columns=columns))


def different(names: Sequence[str]) -> int:
    """Letters that are printed side by side stand for one thing each."""
    return expect(sorted(set(names)), sorted(names), "one letter stands for two things")


def fresh(context: Context, names: Sequence[str]) -> int:
    """Letters that a step brings in: different ones, and none that stands for something else already."""
    indices = {name for line in context.lines for name in (line.letters.output, line.letters.input)}
    kernel = {line.letters.kernel for line in context.lines if line.kernel_shape}
    for name in names:
        known = name in {*indices, *kernel, *context.matrices, KERNEL, INPUT, PADDED, OUTPUT, BIAS}
        expect(known, False, f"{name} stands for something else already")
    return different(names)


def _by_line(context: Context, claim: Equation) -> Iterator[tuple[Line, list[str], tuple[Exact, ...]]]:
    names = sorted({*letters_of(claim.left), *letters_of(claim.right)})
    for line, *tables in zip(context.lines, *(context.table(name) for name in names), strict=True):
        yield line, names, tuple(tables)


def same(claim: Equation | Whole, known: dict[str, Exact], where: str) -> int:
    """Both sides, evaluated, have the same entries; how many that are."""
    left, right = evaluate(claim.left, known), evaluate(claim.right, known)
    expect(left.shape, right.shape, "the two sides have different shapes")
    found = difference(left, right)
    if found is not None:
        raise Refuted("the two sides differ", f"{where}={found.row}", f"column {found.column}", found.left, found.right)
    return left.nonzeros


@dataclass(frozen=True)
class Assemble:
    """Along all lines at once: the whole matrices are the products of those along the lines."""

    name = "assemble"
    follows: ClassVar[Follows] = (("multiply",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Equation) or not isinstance(after, Whole):
            raise Refuted("an equation of whole matrices follows from one along the lines")
        compared = expect(after.left, before.left, "the left side is another")
        return compared + expect(after.right, before.right, "the right side is another")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Whole):
            raise Refuted("an equation of whole matrices follows from one along the lines")
        compared = 0
        for name in sorted({*letters_of(after.left), *letters_of(after.right)}):
            shape = tuple(prod(sizes) for sizes in zip(*(table.shape for table in context.table(name)), strict=True))
            compared += expect(context.matrix(name).shape, shape, f"{name} is not the product of its lines")
            compared += expect(name in context.settled, True, f"no step compares {name} with what it is")
        return compared


def number_matrix(lines: tuple[Exact, ...]) -> NumberMatrix:
    """The whole matrix of numbers that is a product over the lines."""
    shapes = tuple(len(line.rows) for line in lines), tuple(line.width for line in lines)
    rows = [[[(c, entry[()]) for c, entry in sorted(row.items())] for row in line.rows] for line in lines]
    return NumberMatrix(*shapes, NumberRows(rows, [line.width for line in lines]))


def exact(matrix: LabelledMatrix | NumberMatrix) -> Exact:
    """A whole matrix, for multiplying it out entry by entry."""
    if isinstance(matrix, LabelledMatrix):
        return of_matrix(matrix)
    return Exact(tuple({c: {(): value} for c, value in row.items()} for row in matrix.rows), matrix.shape[1])


def entry_letters(lines: Sequence[Line]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The letters of an entry of W: those of outputs and inputs."""
    return tuple(line.letters.output for line in lines), tuple(line.letters.input for line in lines)
