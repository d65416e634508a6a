"""Claims about y_o, and how they are evaluated and compared.

A claim in several dimensions is the tuple of its axes' sums. Each is evaluated along its own axis,
output by output, straight from the form that is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from .definition import constant
from .form import Difference, Row, Term, collect, row_difference, weigh
from .matrices import LabelledMatrix, NumberMatrix, unravel
from .readmap import Line, Table, with_quotients
from .report import Refuted as Refuted
from .sums import COLUMNS, INPUT, KERNEL, PADDED, WEIGHT, Factor, Fibre, Index, Span, Sum, variable

if TYPE_CHECKING:
    from .definition import Definition


@dataclass(frozen=True)
class Claim:
    """y_o = b_c + the product of these sums, one for each axis (the channels first).

    The product lemma: a product of sums is the sum over the product of their ranges of the products
    of their terms. So if, on every axis, two sums have the same terms, their products do.
    """

    sums: tuple[Sum, ...]
    bias: bool


@dataclass(frozen=True)
class RowClaim:
    """y_o is entry `row` of W vec(X); input i is entry `column` of vec(X)."""

    row: Index
    column: Index
    bias: bool


@dataclass(frozen=True)
class BatchClaim:
    """Row n of X W^T + 1 b^T is the output for the input in row n of X."""

    bias: bool


AnyClaim = object
"""What a step claims: any of these, or a theorem's own, which its file knows how to word and to check."""


class Subject(Protocol):
    """What a proof is about: a layer, seen from here."""

    @property
    def definition(self) -> Definition: ...


@dataclass
class Context:
    """What a step may use: the layer, the matrices that are printed, and what earlier steps established."""

    subject: Subject
    matrices: Mapping[str, Any]
    others: Callable[[], Mapping[str, Any]] = dict  # by letter, the other layers that the theorem speaks of
    tables: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # the printed matrices that a step has compared with what they are
    cited: tuple[AnyClaim, ...] = ()  # the claims of the steps that the step being checked cites

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.subject.definition.read_map.lines

    def table(self, letter: str) -> tuple[Any, ...]:
        """What a letter stands for, line by line, once a step has established it."""
        if letter not in self.tables:
            raise Refuted(f"no earlier step has established the entries of {letter}")
        return self.tables[letter]

    def matrix(self, letter: str) -> Any:
        """The flattened matrix of that letter."""
        if letter not in self.matrices:
            raise Refuted(f"the proof has no matrix {letter}")
        return self.matrices[letter]


# Evaluating a sum ---------------------------------------------------------------------------------


def evaluate(axis: Sum, line: Line, output: int) -> Row:
    """The terms of one axis' sum for one output: {(kernel label, position or input): count}.

    A kernel label is the row-major number within the line's own kernel indices. A term that leaves
    its range is refuted here, so nothing outside a tensor is ever claimed to be read.
    """
    kernel, signal = axis.factor(KERNEL), axis.factor(PADDED) or axis.factor(INPUT)
    tensors = len(axis.factors) - len(axis.known)
    if (
        (kernel is None) is bool(line.kernel_shape)
        or signal is None
        or len(signal.indices) != 1
        or tensors != (2 if line.kernel_shape else 1)
    ):
        raise Refuted("the sum has no kernel factor, or one too many, or does not read one input")
    env = with_quotients({line.letters.output: output}, *_indices(axis))
    try:
        match axis.spans:
            case (Span() as span,):
                values = span.at(env)
                positions = _over(signal.indices[0], span.name, values, env)
                allowed = line.padded_range if signal.letter == PADDED else range(line.inputs)
                if positions and not (positions[0] in allowed and positions[-1] in allowed):
                    raise _outside(signal.letter, positions, allowed, line, output)
                labels = _labels(kernel, line, span.name, values, env)
                return _weighed(zip(labels, positions, strict=True), axis, line, span.name, values, env)
            case (Span() as outer, Fibre(span)):
                if signal.indices != (variable(outer.name),):
                    raise Refuted("a grouped sum does not read its outer variable", _at(line, output))
                inputs, values = outer.at(env), span.at(env)
                labels = _labels(kernel, line, span.name, values, env)
                held = ((label, line.fold(t)) for label, t in zip(labels, values, strict=True))
                row = _weighed(held, axis, line, span.name, values, env)
                return {term: count for term, count in row.items() if term[1] in inputs}
    except KeyError as error:
        raise Refuted(f"the sum uses the letter {error.args[0]}, which it does not define") from None
    raise Refuted("the sum is not over kernel entries, positions or inputs")


def read(axis: Sum, line: Line, output: int) -> Row:
    """The same terms by the input that is read; positions that hold zero vanish."""
    result: Row = {}
    for (label, t), count in evaluate(axis, line, output).items():
        p = line.fold(t)  # type: ignore[arg-type]
        if p is not None:
            result[label, p] = result.get((label, p), 0) + count
    return result


def tabulated(table: Table, line: Line, output: int) -> Row:
    """One row of an axis' weight matrix as terms."""
    row = table[output]
    if not all(row.values()):
        empty = next(p for p, taps in row.items() if not taps)
        raise Refuted(
            "an entry is stored with no kernel entry in it", _at(line, output), f"p={empty}", "nothing", "a zero"
        )
    if line.kernel_shape:
        return collect((line.label(output, tap), p) for p, taps in row.items() for tap in taps)
    return weigh(((None, p), line.weight(output, tap)) for p, taps in row.items() for tap in taps)


def _weighed(terms: Iterable[Term], axis: Sum, line: Line, name: str, values: range, env: dict[str, int]) -> Row:
    """The terms with their coefficients; for a line that has none this is `collect`."""
    if axis.coefficient == 1 and not axis.known:
        return collect(terms)
    found = [axis.coefficient] * len(values)
    for factor in axis.known:
        index = line.coefficient_index
        if index is None or factor.letter != line.letters.coefficient or len(factor.indices) != len(index):
            raise Refuted(
                f"the sum has the factor {factor}, which is no coefficient of the layer",
                _at(line, env[line.letters.output]),
            )
        ranges = (range(line.outputs), range(line.taps))
        columns = [_over(each, name, values, env) for each in factor.indices]
        for column, allowed in zip(columns, ranges, strict=False):
            if column and not (min(column) in allowed and max(column) in allowed):
                raise _outside(factor.letter, column, allowed, line, env[line.letters.output])
        taps = columns[1] if len(columns) > 1 else [0] * len(values)
        found = [one * line.coefficient(o, tap) for one, o, tap in zip(found, columns[0], taps, strict=True)]
    return weigh(zip(terms, found, strict=True))


def _indices(axis: Sum) -> list[Index]:
    limits = [span.span if isinstance(span, Fibre) else span for span in axis.spans]
    used = [index for factor in axis.factors if factor.letter not in (WEIGHT, COLUMNS) for index in factor.indices]
    return [limit for span in limits for limit in (span.first, span.last)] + used


def _over(index: Index, name: str, values: range, env: dict[str, int]) -> Sequence[int]:
    if not index.coefficient(name):
        constant = index.at(env)
        if constant is not None:
            return [constant] * len(values)
    result = index.over(name, values, env)
    if result is None:
        raise Refuted(f"the index {index} is not an integer for every {name}")
    return result


def _labels(kernel: Factor | None, line: Line, name: str, values: range, env: dict[str, int]) -> Sequence[int | None]:
    if kernel is None:
        return [None] * len(values)
    indices = kernel.indices
    if len(indices) != len(line.kernel_shape):
        raise Refuted("the kernel has the wrong number of indices", left=len(indices), right=len(line.kernel_shape))
    labels = [0] * len(values)
    for index, size in zip(indices, line.kernel_shape, strict=True):
        column = _over(index, name, values, env)
        if column and not (min(column) >= 0 and max(column) < size):
            raise _outside(KERNEL, column, range(size), line, env[line.letters.output])
        labels = [label * size + number for label, number in zip(labels, column, strict=True)]
    return labels


def _outside(letter: str, found: Sequence[int], allowed: range, line: Line, output: int) -> Refuted:
    ends = sorted((found[0], found[-1]))
    return Refuted(
        f"an index of {letter} leaves its range",
        _at(line, output),
        None,
        f"{ends[0]} to {ends[1]}",
        f"{allowed[0]} to {allowed[-1]}" if allowed else "no index at all",
    )


def _at(line: Line, output: int) -> str:
    return f"{line.letters.output}={output}"


# Comparing ----------------------------------------------------------------------------------------


def compare(line: Line, left: Callable[[int], Row], right: Callable[[int], Row], what: str, signal: str = INPUT) -> int:
    """Compare two sums for every output of a line; return how many terms agreed."""
    terms = 0
    for output in range(line.outputs):
        ours, theirs = left(output), right(output)
        difference = row_difference(output, ours, theirs)
        if difference is not None:
            at = difference.term[1] if difference.term else None
            letter = line.letters.input if signal == INPUT else signal
            raise Refuted(what, _at(line, output), f"{letter}={at}", _met(ours, at, line), _met(theirs, at, line))
        terms += len(ours)
    return terms


def _met(row: Row, at: object, line: Line) -> str:
    """The kernel entries that meet an input in a row, as they are printed; without a kernel the number."""
    if not line.kernel_shape:
        return str(row.get((None, at), 0))
    met = [
        kernel_entry(label, line.kernel_shape)
        for (label, source), count in sorted(row.items(), key=repr)
        if source == at
        for _ in range(int(count))
    ]
    return " + ".join(met) or "nothing"


def kernel_entry(label: object, shape: tuple[int, ...]) -> str:
    """A kernel entry as it is printed; one that the kernel does not have, as that."""
    if isinstance(label, int) and 0 <= label < prod(shape):
        return f"k[{','.join(map(str, unravel(label, shape)))}]"
    return f"k entry {label}, which there is not,"


def differ(difference: Difference, what: str, matrix: LabelledMatrix | NumberMatrix) -> Refuted:
    """Where two families of flattened rows differ, in positions; inputs are told by their row-major number."""
    if difference.term is None:
        found = "a row too many" if difference.right else "a row is missing"
        return Refuted(f"{what}: {found}", difference.output, None, difference.left, difference.right)
    kernel, column = difference.term
    at = unravel(column, matrix.column_shape) if isinstance(column, int) else column
    if isinstance(matrix, NumberMatrix):
        return Refuted(what, difference.output, at, difference.left, difference.right)
    name = kernel_entry(kernel, matrix.kernel_shape)
    sides = (f"{count} times {name}" for count in (difference.left, difference.right))
    return Refuted(what, difference.output, at, *sides)


def sums_of(claim: AnyClaim | None) -> tuple[Sum, ...]:
    """The sums of a claim that is one."""
    if not isinstance(claim, Claim):
        raise Refuted("this rule is about sums, and the claim or the cited step is none")
    return claim.sums


def same_lines(context: Context, *claims: AnyClaim | None) -> Iterator[tuple[Any, ...]]:
    """Each line with its sum in every claim; the bias must be carried along unchanged."""
    for claim in claims:
        expect(len(sums_of(claim)), len(context.lines), "the claim has not one sum for each axis")
        assert isinstance(claim, Claim)  # noqa: S101 - `sums_of` has just said so
        expect(claim.bias, context.subject.definition.bias, "the bias is lost or added")
        for line, axis in zip(context.lines, claim.sums, strict=True):  # in a sum of entries of W it is in them
            before = 1 if axis.factor(WEIGHT) else constant(line)
            expect(axis.coefficient, before, f"the constant before the sum along {line.letters.output} is another")
    return zip(context.lines, *(sums_of(claim) for claim in claims), strict=True)


def for_each_line(context: Context, items: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    """A rule's data, one item for each line."""
    expect(len(items), len(context.lines), f"the rule has not one {what} for each axis")
    return items


def expect(found: object, expected: object, what: str) -> int:
    """One symbolic comparison; both sides are shown as they are printed."""
    if found != expected:
        raise Refuted(what, left=_shown(found), right=_shown(expected))
    return 1


def _shown(value: object) -> str:
    return ", ".join(map(_shown, value)) if isinstance(value, (tuple, list)) else str(value)
