"""The definition of a layer as a Python function: printed, executed, and the first line of the proof.

The source is written from the very `Sum`s that open the proof, with the configuration's numbers in
place; that source is what latexify typesets, what `layer.output()` runs on symbols, and what the
check of a proof runs on labels.

>>> from symconv import Conv
>>> print(Conv((4, 4), (3, 3), padding=1).definition.source, end="")
def y(i, j):
    return sum(k[u][v]*z[i + u - 1][j + v - 1] for u in range(3) for v in range(3))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from operator import mul
from types import CodeType
from typing import Any

from .flattening import ROW_MAJOR, Order, by_speed
from .form import Coefficient, Row, collect, weigh
from .readmap import Line, ReadMap
from .sums import INPUT, KERNEL, PADDED, Factor, Fibre, Span, Sum, leading, number, python

BIAS = "b"

Total = Callable[[Iterable[Any]], Any]


def line_sum(line: Line, signal: str) -> Sum:
    """The definition along one axis: sum over the taps u of c k_u times the signal at `position`."""
    tap = Span(line.letters.kernel, number(0), number(line.taps - 1))
    return Sum((tap,), (*weights(line), Factor(signal, (line.position,))), constant(line))


def constant(line: Line) -> Coefficient:
    """The coefficient that stands before the sum along one axis: one, where it is not the same for every term."""
    return line.coefficient(0, 0) if line.coefficient_index is None else 1


def weights(line: Line) -> tuple[Factor, ...]:
    """What multiplies the input along one axis: a table of known coefficients, a kernel entry, or both."""
    known = () if line.coefficient_index is None else (Factor(line.letters.coefficient, line.coefficient_index),)
    return (*known, Factor(KERNEL, line.kernel_index)) if line.kernel_index else known


def coefficients(line: Line) -> dict[str, Any]:
    """The table of known coefficients along one axis, by its letter."""
    index = line.coefficient_index
    if index is None:
        return {}
    if len(index) == 1:
        return {line.letters.coefficient: [line.coefficient(output, 0) for output in range(line.outputs)]}
    by_tap = [[line.coefficient(output, tap) for tap in range(line.taps)] for output in range(line.outputs)]
    return {line.letters.coefficient: by_tap}


@dataclass(frozen=True)
class Definition:
    """y_o = b_c + the sum over all kernel entries, or all coefficients, for one read map."""

    read_map: ReadMap
    bias: bool

    @property
    def signal(self) -> str:
        """The letter that is read: z, the padded input, or x itself where nothing is padded."""
        return PADDED if self.read_map.padded else INPUT

    @cached_property
    def sums(self) -> tuple[Sum, ...]:
        return tuple(line_sum(line, self.signal) for line in self.read_map.lines)

    @property
    def bias_indices(self) -> tuple[str, ...]:
        """The bias is indexed by the output channel, where channels are shown."""
        first = self.read_map.lines[0].letters.output
        return (first,) if self.read_map.shows_channels else ()

    @cached_property
    def source(self) -> str:
        return source(
            self.sums, [line.letters.output for line in self.read_map.lines], self.bias_indices if self.bias else None
        )

    def function(self, kernel: Any, signal: Any, bias: Any, total: Total) -> Callable[..., Any]:
        """The function y(c, i, j, ...) that the source defines, over the given tensors."""
        tensors = {KERNEL: kernel, self.signal: signal, BIAS: bias}
        for line in self.read_map.lines:
            tensors |= coefficients(line)
        return run(self.source, tensors, total)

    def padded(self, values: Callable[[tuple[int, ...]], Any], zero: Any) -> Any:
        """The padded input as nested dictionaries, indexed by position along each axis."""
        lines = self.read_map.lines
        folds = [[(t, line.fold(t)) for t in line.padded_range] for line in lines]

        def level(depth: int, inputs: tuple[int, ...]) -> Any:
            if depth == len(lines):
                return values(inputs)
            return {t: level(depth + 1, (*inputs, p)) if p is not None else nothing[depth + 1] for t, p in folds[depth]}

        nothing: list[Any] = [zero]
        for positions in reversed(folds):  # what a position outside the input holds, level by level
            nothing.insert(0, {t: nothing[0] for t, _ in positions})
        return level(0, ())

    def outputs(self, order: Order = ROW_MAJOR) -> Iterator[tuple[int, ...]]:
        """Every output position, in that order."""
        ranges = [range(line.outputs) for line in self.read_map.lines]
        if not order:
            return product(*ranges)
        places = [order.index(place) for place in range(len(ranges))]
        return (tuple(at[place] for place in places) for at in product(*by_speed(ranges, order)))

    def rows(self, order: Order = ROW_MAJOR) -> Iterator[tuple[tuple[int, ...], Row]]:
        """Run the definition on labels: the row of every output, one at a time and in that order.

        Inputs and kernel entries are labelled by their row-major number; the bias of an output is
        the kernel label ("b", channel) with no input. Without a kernel its label is None.
        """
        lines = self.read_map.lines
        columns = strides([line.inputs for line in lines])
        if not self.read_map.kernel:
            held = self.padded(lambda inputs: Weighted.of(sum(map(mul, inputs, columns))), Weighted())
            known = self.function(None, held, None, join_weighted)
            for output in self.outputs(order):
                yield output, weigh(known(*output))
            return
        function = self.function(
            nested([size for line in lines for size in line.kernel_shape], Tap),
            self.padded(lambda inputs: sum(map(mul, inputs, columns)), None),
            [[((BIAS, c), None)] for c in range(self.read_map.channels.outputs)]
            if self.bias_indices
            else [((BIAS, 0), None)],
            join,
        )
        for output in self.outputs(order):
            yield output, collect(function(*output))


class Tap(int):
    """A kernel entry that records what it multiplies: its number and the input's; zero leaves nothing."""

    def __mul__(self, other: object) -> list[tuple[int, object]]:  # type: ignore[override]
        return [] if other is None else [(int(self), other)]


class Weighted(list[tuple[tuple[None, int], Coefficient]]):
    """Recorded terms without a kernel: ((None, input), coefficient), which can be multiplied and divided."""

    @staticmethod
    def of(source: int | None) -> Weighted:
        """One input; None is zero."""
        return Weighted() if source is None else Weighted([((None, source), 1)])

    def __rmul__(self, factor: Coefficient) -> Weighted:  # type: ignore[override]
        return Weighted((term, factor * coefficient) for term, coefficient in self)

    def __truediv__(self, divisor: int) -> Weighted:
        return Fraction(1, divisor) * self

    def __neg__(self) -> Weighted:
        return -1 * self


def join_weighted(terms: Iterable[Weighted]) -> Weighted:
    """The sum of recorded terms with coefficients."""
    return Weighted(term for recorded in terms for term in recorded)


def join(terms: Iterable[list[Any]]) -> list[Any]:
    """The sum of recorded terms: all of them in one list."""
    return [term for recorded in terms for term in recorded]


def run(text: str, tensors: Mapping[str, Any], total: Total) -> Callable[..., Any]:
    """The function y that a source defines. Tensors are anything indexed one axis at a time; `total` adds up."""
    namespace: dict[str, Any] = {**tensors, "sum": total, "range": range, "__builtins__": {}}
    # The text is written by `source` from integers and this package's own letters, never from a user's.
    exec(_compiled(text), namespace)  # noqa: S102
    function: Callable[..., Any] = namespace["y"]
    return function


@lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    return compile(text, "<definition>", "exec")


def source(sums: Sequence[Sum], outputs: Sequence[str], bias: Sequence[str] | None) -> str:
    """The Python function that a product of sums says."""
    simple = tuple(axis.simplified() for axis in sums)
    outer, inner = (
        [letter + "".join(f"[{python(index)}]" for index in leading(simple, letter)) for letter in letters]
        for letters in in_front(simple)
    )
    loops = " ".join(_loop(span) for axis in simple for span in axis.spans)
    body = f"sum({'*'.join(inner)} for {loops[4:]})" if loops else "*".join(inner)
    body = "*".join([*outer, body])
    coefficient = Fraction(prod(axis.coefficient for axis in simple))
    if abs(coefficient.numerator) != 1:
        raise ValueError(f"a constant coefficient is one over an integer, and this is {coefficient}")
    if coefficient != 1:  # a division of what is exact; 1/9 itself would be a float
        body = f"{'-' if coefficient < 0 else ''}{body}" + f"/{coefficient.denominator}" * (coefficient.denominator > 1)
    if bias is not None:
        body = BIAS + "".join(f"[{name}]" for name in bias) + " + " + body
    return f"def y({', '.join(outputs)}):\n    return {body}\n"


def in_front(sums: Sequence[Sum]) -> tuple[list[str], list[str]]:
    """The letters of a product of sums: coefficients that stand before the sum, and what is summed, coefficients first."""
    known = {factor.letter: axis.constant(factor) for axis in sums for factor in axis.known}
    every = dict.fromkeys(factor.letter for axis in sums for factor in axis.factors)
    inner = [letter for letter in known if not known[letter]] + [letter for letter in every if letter not in known]
    return [letter for letter, before in known.items() if before], inner


def _loop(span: Span | Fibre) -> str:
    if isinstance(span, Fibre) or span.step != 1 or span.first != number(0):
        raise ValueError("a definition runs over the kernel's own indices")
    return f"for {span.name} in range({python(span.last + 1)})"


def strides(shape: Sequence[int]) -> list[int]:
    """Row-major: how far apart two neighbours along each axis lie in the flattened order."""
    result = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        result[axis - 1] = result[axis] * shape[axis]
    return result


def nested(shape: Sequence[int], make: Callable[[int], Any]) -> Any:
    """Nested lists of that shape, which has an axis, holding make(0), make(1), ... in row-major order."""
    flat: list[Any] = [make(n) for n in range(prod(shape))]
    for extent in reversed(shape[1:]):
        flat = [flat[start : start + extent] for start in range(0, len(flat), extent)]
    return flat
