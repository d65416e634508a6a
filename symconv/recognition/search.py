"""Which convolutions a matrix can be, one axis at a time.

Let V_a be the matrices that axis a can have, for all its kernels. The weight matrices of a convolution are
the span of the products of one matrix of each V_a with one of the channels' table. By
(V_1 (x) all) and (all (x) V_2) = V_1 (x) V_2 this is the intersection of what each axis asks for alone: W is
a convolution exactly when it is one along every axis (see blocks.py) and no two groups of channels meet
in it. So a search costs the sum over the axes, not the product.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from ..entries import Entries
from ..errors import TooLarge
from ..padding import NAMED, PaddingMode
from ..readmap import Axis
from ..spec import Pair
from .blocks import Blocks, Place

MOST = 100_000
"""How many candidates of one axis are refuted before the search gives up."""


class Refutation(NamedTuple):
    """Why a candidate is not it.

    `entries` are the (row, column) of W that contradict it. One: it lies outside every window. Two: they
    would have to be equal. More, where an output reads an input twice: the first would have to be the
    named combination of the others. None: already the sizes do not fit.
    """

    candidate: str
    reason: str
    entries: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return f"{self.candidate}: {self.reason}"


class Asked(NamedTuple):
    """What is known of one axis; None is searched."""

    inputs: int
    outputs: int
    kernel: int | None
    stride: int | None
    dilation: int | None
    padding: Pair | str | None

    @property
    def kernels(self) -> range:
        """The kernel is at most the input."""
        return range(1, self.inputs + 1) if self.kernel is None else range(self.kernel, self.kernel + 1)

    def dilations(self, kernel: int) -> range:
        """Smaller than the input: from there on a window would hold at most one input."""
        if self.dilation is not None:
            return range(self.dilation, self.dilation + 1)
        return range(1, self.inputs if kernel > 1 and self.inputs > 1 else 2)


def along(asked: Asked, mode: PaddingMode, blocks: Blocks) -> tuple[list[Axis], list[Refutation]]:
    """The axes with the smallest kernel that fit, and why those with a smaller one, or all of them, do not."""
    refuted: list[Refutation] = []
    for kernel in asked.kernels:
        fits = []
        for dilation in asked.dilations(kernel):
            for stride, pair in _strides_and_paddings(asked, mode, kernel, dilation):
                axis = Axis(asked.inputs, kernel, stride, dilation, 1, *pair, mode)
                found = blocks.contradiction(axis)
                if found is None:
                    fits.append(axis)
                    continue
                refuted.append(Refutation(_named(blocks.number, axis), *found))
                if len(refuted) > MOST:
                    raise _too_many(f"along axis {blocks.number} are refuted and the search is not over")
        if fits:
            return fits, refuted
    if not refuted:
        refuted.append(Refutation(f"axis {blocks.number}", _no_size(asked, mode)))
    return [], refuted


def _too_many(what: str) -> TooLarge:
    return TooLarge(f"more than {MOST:,} candidates {what}; give kernel_size, dilation, stride or padding to narrow it")


def _strides_and_paddings(asked: Asked, mode: PaddingMode, kernel: int, dilation: int) -> list[tuple[int, Pair]]:
    """Those with which the output has its size: the smallest stride first, then the least and most even padding."""
    n, m, span = asked.inputs, asked.outputs, dilation * (kernel - 1) + 1
    limit = mode.limit(n)
    found: list[tuple[int, Pair]] = []
    beyond = f"with kernel_size={kernel}, dilation={dilation} take {n} inputs to {m} outputs"

    def strides(room: int) -> range:
        if asked.stride is not None:
            return range(asked.stride, asked.stride + 1)
        if m == 1:  # every stride larger than what is left gives one output: the smallest will do
            least = max(room - span + 1, 1)
            return range(least, least + 1)
        return range(1, (room - span) // (m - 1) + 1)

    def fits(stride: int, low: int, high: int) -> bool:
        within = limit is None or max(low, high) <= limit
        return within and n + low + high >= span and (n + low + high - span) // stride + 1 == m

    if isinstance(asked.padding, tuple):
        for stride in strides(n + sum(asked.padding)):
            found.append((stride, asked.padding))
            if len(found) > MOST:
                raise _too_many(beyond)
    elif asked.padding is not None:
        every = range(1, n + 2 * span + 1) if asked.stride is None else strides(0)
        named = ((stride, NAMED[asked.padding](n, kernel, stride, dilation)) for stride in every)
        found = [each for each in named if fits(each[0], *each[1])][: 1 if m == 1 else None]
    else:
        most = span - 1 if limit is None else min(span - 1, limit)
        for low in range(most + 1):
            for stride in strides(n + low) if m == 1 else strides(n + low + most):
                # Every high padding within one stride gives this size, and none of it is read beyond the smallest.
                least = max(stride * (m - 1) + span - n - low, 0)
                largest = min(stride * m + span - n - low - 1, most)
                if least <= largest:
                    found.append((stride, (low, low if least <= low <= largest else least)))
                    if len(found) > MOST:
                        raise _too_many(beyond)
    return sorted({each for each in found if fits(each[0], *each[1])}, key=lambda each: _order(*each))


def _order(stride: int, pair: Pair) -> tuple[int, ...]:
    return stride, sum(pair), abs(pair[0] - pair[1]), pair[0]


def preference(axis: Axis) -> tuple[int, ...]:
    """The smallest kernel, dilation, stride and padding first."""
    return axis.taps, axis.dilation, *_order(axis.stride, (axis.low, axis.high))


def grouped(
    entries: Entries, channels: tuple[int, int], sizes: Place, asked: int | None
) -> tuple[int, list[Refutation]]:
    """The most groups that keep their channels apart, 0 if what was asked does not; and why more do not.

    `channels`: of output and input; `sizes`: how many positions each of their channels has.
    """
    (outputs, inputs), (down, across) = channels, sizes
    met: dict[Place, Place] = {}
    for row, line in enumerate(entries.rows):
        for column in line:
            met.setdefault((row // down, column // across), (row, column))
    common = gcd(outputs, inputs)
    refuted: list[Refutation] = []
    for groups in [each for each in range(common, 0, -1) if common % each == 0] if asked is None else [asked]:
        apart = (c for c in met if c[0] // (outputs // groups) != c[1] // (inputs // groups))
        pair = next(apart, None)
        if pair is None:
            return groups, refuted
        row, column = met[pair]
        value = entries[row, column]
        reason = (
            f"W[{row}, {column}] = {value} joins output channel {pair[0]} to input channel {pair[1]} of another group"
        )
        refuted.append(Refutation(f"groups {groups}", reason, ((row, column),)))
    return 0, refuted


def _named(number: int, axis: Axis) -> str:
    mode = "" if axis.rule.name == "zeros" else f" {axis.rule.name}"
    return (
        f"axis {number}, kernel {axis.taps}, stride {axis.stride}, dilation {axis.dilation}, "
        f"padding {axis.low}:{axis.high}{mode}"
    )


def _no_size(asked: Asked, mode: PaddingMode) -> str:
    n, m = asked.inputs, asked.outputs
    if None in asked or not isinstance(asked.padding, tuple):
        return f"no such output size: nothing within the bounds takes {n} inputs to {m} outputs"
    k, s, d, (low, high) = asked.kernel or 1, asked.stride or 1, asked.dilation or 1, asked.padding
    limit = mode.limit(n)
    if limit is not None and max(low, high) > limit:
        return f"{mode.name} padding must be {mode.limit_words}: at most {limit}, not {max(low, high)}"
    size = max(Axis(n, k, s, d, 1, low, high, mode).outputs, 0)
    return f"no such output size: {n} inputs give {size} outputs, not {m}"
