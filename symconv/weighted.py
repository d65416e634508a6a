"""Lines with known coefficients and no kernel: pooling, interpolation, and inputs put in another order.

Like every line they are written down twice: `position`, `fold` and `coefficient` say what an output reads,
and with which coefficient; `meets` and `weight` go from an input, and from the positions, to the outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod

from .padding import mode_named
from .readmap import Axis, Channels, Letters
from .sums import Index, number, quotient, variable


@dataclass(frozen=True)
class Alone(Channels):
    """Every output channel reads the input channel of its own number; the kernel has no entry for it."""

    @property
    def kernel_index(self) -> tuple[Index, ...]:
        return ()

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return ()

    def label(self, output: int, tap: int) -> int:
        return 0


@dataclass(frozen=True)
class Known(Axis):
    """An axis without a kernel."""

    @property
    def kernel_index(self) -> tuple[Index, ...]:
        return ()

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return ()

    def label(self, output: int, tap: int) -> int:
        return 0


@dataclass(frozen=True)
class Pooled(Known):
    """One axis of average pooling: output i divides what its window reads by a number of positions.

    `counted` is where the positions lie that count, as (first, end); `divisor` replaces that number.
    """

    counted: tuple[int, int] = (0, 0)
    divisor: int | None = None

    @cached_property
    def divisors(self) -> tuple[int, ...]:
        """What each output divides by."""
        if self.divisor is not None:
            return (self.divisor,) * self.outputs
        first, end = self.counted
        starts = (self.stride * i - self.low for i in range(self.outputs))
        return tuple(min(start + self.taps, end) - max(start, first) for start in starts)

    @property
    def coefficient_index(self) -> tuple[Index, ...] | None:
        return (variable(self.letters.output),) if len(set(self.divisors)) > 1 else None

    def coefficient(self, output: int, tap: int) -> int | Fraction:
        return Fraction(1, self.divisors[output])

    @cached_property
    def holding(self) -> tuple[int, ...]:
        """For each output how many of the positions that count its window holds, from position to windows."""
        found = [0] * self.outputs
        for t in range(*self.counted):
            last = (t + self.low) // self.stride
            first = -((self.taps - 1 - t - self.low) // self.stride)
            for i in range(max(first, 0), min(last, self.outputs - 1) + 1):
                found[i] += 1
        return tuple(found)

    def weight(self, output: int, tap: int) -> int | Fraction:
        return Fraction(1, self.holding[output] if self.divisor is None else self.divisor)


@dataclass(frozen=True)
class Resampled(Known):
    """One axis of interpolation: output i lies at (a i + b)/d of the input, for `at` = (a, b, d).

    With one tap it takes the input at the floor of that. With two it also takes the next one, each
    weighted by how near it is; beyond the border the input is repeated. It has no stride.
    """

    size: int = 1
    at: tuple[int, int, int] = (1, 0, 1)

    @property
    def outputs(self) -> int:
        return self.size

    @property
    def coefficient_index(self) -> tuple[Index, ...] | None:
        letters = self.letters
        return (variable(letters.output), variable(letters.kernel)) if self.taps > 1 else None

    def coefficient(self, output: int, tap: int) -> int | Fraction:
        if self.taps == 1:
            return 1
        a, b, d = self.at
        beyond = Fraction((a * output + b) % d, d)
        return beyond if tap else 1 - beyond

    def weight(self, output: int, tap: int) -> int | Fraction:
        """How near the position is: 1 minus its distance from the output."""
        if self.taps == 1:
            return 1
        a, b, d = self.at
        place = a * output + b
        return Fraction(d - abs(place - d * (place // d + tap)), d)

    @cached_property
    def position(self) -> Index:
        a, b, d = self.at
        return quotient(variable(self.letters.output) * a + b, d) + variable(self.letters.kernel)

    def meets(self, p: int) -> dict[int, tuple[int, ...]]:
        a, b, d = self.at
        column: dict[int, tuple[int, ...]] = {}
        for t in self.copies(p):
            for tap in range(self.taps):
                # d (t - tap) <= a i + b < d (t - tap + 1)
                low, high = d * (t - tap) - b, d * (t - tap + 1) - b
                among = range(-(-low // a), -(-high // a)) if a else range(self.outputs if low <= 0 < high else 0)
                for i in range(max(among.start, 0), min(among.stop, self.outputs)):
                    if tap == 0 or a * i > low:  # exactly on a position, the next one has no weight
                        column[i] = (*column.get(i, ()), tap)
        return {i: tuple(sorted(taps)) for i, taps in sorted(column.items())}


def resampled(n: int, size: int, at: Fraction, shift: Fraction, linear: bool, letters: Letters) -> Resampled:
    """The axis whose output i lies at `at` i + `shift`, with as much padding as it reads."""
    d = lcm(at.denominator, shift.denominator)
    a, b = int(at * d), int(shift * d)
    taps = 2 if linear and any((a * i + b) % d for i in range(size)) else 1
    reads = [(a * i + b) // d + u for i in (0, size - 1) for u in range(taps)]
    low, high = max(0, -min(reads)), max(0, max(reads) - (n - 1))
    return Resampled(n, taps, 1, 1, 1, low, high, mode_named("replicate"), False, letters, size, (a, b, d))


@dataclass(frozen=True)
class Shuffled(Alone):
    """Pixel shuffle on flattened positions: `sizes` are those of the input, `factor` r.

    Channel c r^rank + r (i mod r) + (j mod r) of the input, at (floor(i/r), floor(j/r)), goes to
    channel c of the output at (i, j).
    """

    sizes: tuple[int, ...] = ()
    factor: int = 1

    @property
    def taps(self) -> int:
        return 1

    @property
    def indices(self) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        """The same by channel and place: the letters of an output, and the indices of the input that it takes."""
        rank = len(self.sizes)
        names = tuple("ijl"[:rank]) if rank <= 3 else tuple(f"i{n}" for n in range(1, rank + 1))
        channel = variable("c")
        for name in names:
            channel = channel * self.factor + variable(name) - quotient(variable(name), self.factor) * self.factor
        return ("c", *names), (channel, *(quotient(variable(name), self.factor) for name in names))

    @cached_property
    def position(self) -> Index:
        r, o = self.factor, variable(self.letters.output)
        spacing = [prod(n * r for n in self.sizes[axis:]) for axis in range(len(self.sizes) + 1)]
        channel = quotient(o, spacing[0])
        place = number(0)
        for n, step, outer in zip(self.sizes, spacing[1:], spacing, strict=False):
            coarse = quotient(o, step * r)  # the index along this axis, divided by r, with all indices before it
            channel = channel * r + quotient(o, step) - coarse * r
            place = place * n + coarse - quotient(o, outer) * n
        return channel * prod(self.sizes) + place + variable(self.letters.kernel)

    def meets(self, p: int) -> dict[int, tuple[int, ...]]:
        channel, place = divmod(p, prod(self.sizes))
        offsets, indices = [], []
        for n in reversed(self.sizes):
            channel, offset = divmod(channel, self.factor)
            place, index = divmod(place, n)
            offsets.append(offset)
            indices.append(index)
        output = channel
        for n, offset, index in zip(self.sizes, reversed(offsets), reversed(indices), strict=True):
            output = output * n * self.factor + index * self.factor + offset
        return {output: (0,)}
