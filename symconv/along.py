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


BLOCK = 512
"""Outputs whose rows are worked out, and held, at a time."""

Some = list[Row | None]
"""The rows of some outputs; None where it takes the plain way to say what is there."""


def evaluated(axis: Sum, line: Line) -> Callable[[int], Row]:
    """`evaluate(axis, line, output)` for any output."""
    pairs = _pairs(axis, line)
    plain = partial(evaluate, axis, line)
    if pairs is None:
        return plain

    def rows(outputs: range) -> Some:
        return [None if found is None else dict.fromkeys(found, 1) for found in pairs(outputs)]

    return _in_blocks(rows, line.outputs, plain)


def folded(axis: Sum, line: Line) -> Callable[[int], Row]:
    """`read(axis, line, output)` for any output."""
    pairs = _pairs(axis, line)
    plain = partial(read, axis, line)
    if pairs is None:
        return plain
    inputs = {t: line.fold(t) for t in line.padded_range}

    def rows(outputs: range) -> Some:
        return [
            None if found is None else {(label, p): 1 for label, t in found if (p := inputs[t]) is not None}
            for found in pairs(outputs)
        ]

    return _in_blocks(rows, line.outputs, plain)


def stored(table: Table, line: Line) -> Callable[[int], Row]:
    """`tabulated(table, line, output)` for any output."""
    plain = partial(tabulated, table, line)
    if not line.kernel_shape:
        return plain
    label = line.label

    def rows(outputs: range) -> Some:
        every: Some = []
        for output in outputs:
            entries = table[output]
            found: Row = {(label(output, tap), p): 1 for p, taps in entries.items() for tap in taps}
            sound = len(found) == sum(map(len, entries.values())) and all(entries.values())
            every.append(found if sound else None)
        return every

    return _in_blocks(rows, len(table), plain)


def _in_blocks(rows: Callable[[range], Some], count: int, plain: Callable[[int], Row]) -> Callable[[int], Row]:
    """The row of an output, worked out with its neighbours; the plain way where that does not do."""
    held: Some = []
    first = 0

    def row(output: int) -> Row:
        nonlocal held, first
        if not first <= output < first + len(held):
            first = output - output % BLOCK
            held = rows(range(first, min(first + BLOCK, count))) if 0 <= output < count else []
        found = held[output - first] if held else None
        return plain(output) if found is None else found

    return row


def _pairs(axis: Sum, line: Line) -> Callable[[range], list[Iterable[tuple[Any, Any]] | None]] | None:
    """For outputs the pairs of kernel label and position of a plain sum; None where `evaluate` must say more."""
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

    def pairs(outputs: range) -> list[Iterable[tuple[Any, Any]] | None]:
        every: list[Iterable[tuple[Any, Any]] | None] = []
        for output in outputs:
            start = first.of_output * output + first.constant
            count = (last.of_output * output + last.constant - start) // step + 1
            if count < 1:
                every.append(())
                continue
            one, rest = divmod(label.of_output * output + label.of_variable * start + label.constant, label.divisor)
            two = position.of_output * output + position.of_variable * start + position.constant
            one_end, two_end = one + label_step * count, two + position_step * count
            inside = one in labels and one_end - label_step in labels
            if rest or not inside or two not in positions or two_end - position_step not in positions:
                every.append(None)
            else:
                every.append(zip(range(one, one_end, label_step), range(two, two_end, position_step), strict=True))
        return every

    return pairs


def distinct(lines: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Each line with what is said of it, equal ones once: no value depends on how a line's letters are called."""
    every = list(lines)
    if len({line for line, *_ in every}) == len(every):
        yield from every
        return
    seen: list[tuple[Any, ...]] = []
    for line, *said in every:
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
