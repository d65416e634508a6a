"""The rows of a sum for every output of a line: what `claims` evaluates one by one, worked out ahead.

An index expression is affine, so along a span its values are a range whose start is affine in the output.
Where anything is less plain than that (several spans, floors, coefficients, an index that leaves its range)
the row comes from `claims.evaluate` itself, which is what these are tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from .claims import evaluate, read, tabulated
from .form import Row
from .readmap import Line, Table
from .sums import INPUT, KERNEL, PADDED, Factor, Fibre, Index, Span, Sum


class Affine(NamedTuple):
    """(output * of_output + variable * of_variable + constant) / divisor."""

    of_output: int
    of_variable: int
    constant: int
    divisor: int


def affine(index: Index, output: str, variable: str) -> Affine | None:
    """An expression in two letters, if it is one."""
    if any(name not in (output, variable) for name, _ in index.terms):
        return None
    return Affine(index.coefficient(output), index.coefficient(variable), index.constant, index.divisor)


def evaluated(axis: Sum, line: Line) -> Callable[[int], Row]:
    """`evaluate(axis, line, output)` for any output."""
    pairs = _pairs(axis, line)
    plain = partial(evaluate, axis, line)
    if pairs is None:
        return plain

    def row(output: int) -> Row:
        found = pairs(output)
        return plain(output) if found is None else dict.fromkeys(found, 1)

    return row


def folded(axis: Sum, line: Line) -> Callable[[int], Row]:
    """`read(axis, line, output)` for any output."""
    pairs = _pairs(axis, line)
    plain = partial(read, axis, line)
    if pairs is None:
        return plain
    inputs = {t: line.fold(t) for t in line.padded_range}

    def row(output: int) -> Row:
        found = pairs(output)
        if found is None:
            return plain(output)
        return {(label, p): 1 for label, t in found if (p := inputs[t]) is not None}

    return row


def stored(table: Table, line: Line) -> Callable[[int], Row]:
    """`tabulated(table, line, output)` for any output."""
    plain = partial(tabulated, table, line)
    if not line.kernel_shape:
        return plain

    def row(output: int) -> Row:
        entries = table[output]
        found: Row = {(line.label(output, tap), p): 1 for p, taps in entries.items() for tap in taps}
        taps_in_all = sum(map(len, entries.values()))
        return found if len(found) == taps_in_all and all(entries.values()) else plain(output)

    return row


def _pairs(axis: Sum, line: Line) -> Callable[[int], Iterable[tuple[Any, Any]] | None] | None:
    """The pairs of kernel label and position of a plain sum; None for an output where `evaluate` must say more."""
    kernel, signal = axis.factor(KERNEL), axis.factor(PADDED) or axis.factor(INPUT)
    if len(axis.spans) != 1 or len(axis.factors) != 2 or axis.coefficient != 1 or kernel is None or signal is None:
        return None
    span = axis.spans[0]
    if (
        not isinstance(span, Span)
        or len(line.kernel_shape) != 1
        or len(kernel.indices) != 1
        or len(signal.indices) != 1
    ):
        return None
    letters = line.letters.output, span.name
    found = [affine(each, *letters) for each in (span.first, span.last, kernel.indices[0], signal.indices[0])]
    first, last, label, position = found
    if first is None or last is None or label is None or position is None or span.step < 1:
        return None
    if first.of_variable or last.of_variable or first.divisor != 1 or last.divisor != 1 or position.divisor != 1:
        return None
    step = span.step
    label_step, uneven = divmod(label.of_variable * step, label.divisor)
    position_step = position.of_variable * step
    if uneven or not label_step or not position_step:
        return None
    labels = range(line.kernel_shape[0])
    positions = line.padded_range if signal.letter == PADDED else range(line.inputs)

    def pairs(output: int) -> Iterator[tuple[int, int]] | None:
        start = first.of_output * output + first.constant
        count = (last.of_output * output + last.constant - start) // step + 1
        if count < 1:
            return iter(())
        one, rest = divmod(label.of_output * output + label.of_variable * start + label.constant, label.divisor)
        two = position.of_output * output + position.of_variable * start + position.constant
        one_last, two_last = one + label_step * (count - 1), two + position_step * (count - 1)
        if rest or one not in labels or one_last not in labels or two not in positions or two_last not in positions:
            return None
        return zip(
            range(one, one + label_step * count, label_step),
            range(two, two + position_step * count, position_step),
            strict=True,
        )

    return pairs


def distinct(lines: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Each line with what is said of it, equal ones once: no value depends on how a line's letters are called."""
    seen: list[tuple[Any, ...]] = []
    for line, *said in lines:
        own = line.letters
        letters = {own.coefficient: "0", own.input: "1", own.padded: "2", own.kernel: "3", own.output: "4"}
        key = (line, *(unlettered(each, letters) for each in said))
        if key not in seen:
            seen.append(key)
            yield (line, *said)


def unlettered(said: Any, letters: Mapping[str, str]) -> Any:
    """A sum or an index with other letters; anything else as it is."""
    match said:
        case Index(terms, constant, divisor):
            return sorted((letters.get(name, name), factor) for name, factor in terms), constant, divisor
        case Span(name, first, last, step):
            return letters.get(name, name), unlettered(first, letters), unlettered(last, letters), step
        case Fibre(span, onto):
            return unlettered(span, letters), letters.get(onto, onto)
        case Factor(letter, indices):
            return letters.get(letter, letter), [unlettered(index, letters) for index in indices]
        case Sum(spans, factors, coefficient):
            return [[unlettered(each, letters) for each in parts] for parts in (spans, factors)], coefficient
    return said
