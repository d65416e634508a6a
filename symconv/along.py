"""The rows of a sum for every output of a line: what `claims` evaluates one by one, worked out ahead.

An index expression is affine, so along a span its values are a range whose start is affine in the output.
Where anything is less plain than that (several spans, floors, coefficients, an index that leaves its range)
the row comes from `claims.evaluate` itself, which is what these are tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    return _or_plain(
        [None if pairs is None else dict.fromkeys(pairs, 1) for pairs in _pairs(axis, line)], evaluate, axis, line
    )


def folded(axis: Sum, line: Line) -> Callable[[int], Row]:
    """`read(axis, line, output)` for any output."""
    every = _pairs(axis, line)
    inputs = {t: line.fold(t) for t in line.padded_range} if every else {}
    rows: list[Row | None] = [
        None if pairs is None else {(label, p): 1 for label, t in pairs if (p := inputs[t]) is not None}
        for pairs in every
    ]
    return _or_plain(rows, read, axis, line)


def stored(table: Table, line: Line) -> Callable[[int], Row]:
    """`tabulated(table, line, output)` for any output."""
    if not line.kernel_shape:
        return partial(tabulated, table, line)
    label = line.label
    rows: list[Row | None] = []
    for output, entries in enumerate(table):
        found: Row = {(label(output, tap), p): 1 for p, taps in entries.items() for tap in taps}
        sound = len(found) == sum(map(len, entries.values())) and all(entries.values())
        rows.append(found if sound else None)
    return _or_plain(rows, tabulated, table, line)


def _or_plain(rows: Sequence[Row | None], plain: Callable[..., Row], *about: Any) -> Callable[[int], Row]:
    """The row of an output as it was worked out; the plain way where it was not."""

    def row(output: int) -> Row:
        found = rows[output] if output < len(rows) else None
        return plain(*about, output) if found is None else found

    return row


def _pairs(axis: Sum, line: Line) -> list[Iterable[tuple[Any, Any]] | None]:
    """For each output the pairs of kernel label and position of a plain sum; None where `evaluate` must say more.

    Nothing at all where the whole sum is not plain.
    """
    kernel, signal = axis.factor(KERNEL), axis.factor(PADDED) or axis.factor(INPUT)
    if len(axis.spans) != 1 or len(axis.factors) != 2 or axis.coefficient != 1 or kernel is None or signal is None:
        return []
    span = axis.spans[0]
    if (
        not isinstance(span, Span)
        or len(line.kernel_shape) != 1
        or len(kernel.indices) != 1
        or len(signal.indices) != 1
    ):
        return []
    letters = line.letters.output, span.name
    found = [affine(each, *letters) for each in (span.first, span.last, kernel.indices[0], signal.indices[0])]
    first, last, label, position = found
    if first is None or last is None or label is None or position is None or span.step < 1:
        return []
    if first.of_variable or last.of_variable or first.divisor != 1 or last.divisor != 1 or position.divisor != 1:
        return []
    step = span.step
    label_step, uneven = divmod(label.of_variable * step, label.divisor)
    position_step = position.of_variable * step
    if uneven or not label_step or not position_step:
        return []
    labels = range(line.kernel_shape[0])
    positions = line.padded_range if signal.letter == PADDED else range(line.inputs)

    every: list[Iterable[tuple[Any, Any]] | None] = []
    for output in range(line.outputs):
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
