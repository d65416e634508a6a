"""Padding: names become (low, high) pairs, and each mode says what lies beyond the border.

A mode is stated twice, independently. `before` and `after` send a position left or right of the
signal 0..N-1 to the position whose value it repeats, as a (slope, offset) of an affine map; None
means that nothing is read there. `copies` goes the other way: every position, within the padded
signal, that holds the value of position q. The definition of a layer uses the first, its weight
matrix the second, so a slip in either is found when they meet.

To add a mode, add one entry to `MODES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .errors import SpecError

Affine = tuple[int, int]


@dataclass(frozen=True)
class PaddingMode:
    """What lies beyond the border of a signal of length N."""

    name: str
    sketch: str  # what it does to the signal 1234, padded by two on each side
    before: Callable[[int], Affine | None]  # N -> (slope, offset) for t < 0
    after: Callable[[int], Affine | None]  # N -> (slope, offset) for t >= N
    copies: Callable[[int, int, int, int], Iterable[int]]  # q, N, low, high -> candidate positions
    limit: Callable[[int], int | None]  # N -> the most padding one side may have
    limit_words: str

    def __hash__(self) -> int:
        return hash(self.name)  # those of its functions change from process to process

    def __reduce__(self) -> str | tuple[object, ...]:
        """By name: its functions have none of their own."""
        return (mode_named, (self.name,)) if MODES.get(self.name) is self else super().__reduce__()

    def source(self, t: int, length: int) -> int | None:
        """The position of the signal that the padded signal repeats at t, or None."""
        if 0 <= t < length:
            return t
        affine = self.before(length) if t < 0 else self.after(length)
        return None if affine is None else affine[0] * t + affine[1]

    def positions(self, q: int, length: int, low: int, high: int) -> list[int]:
        """Every position of the padded (or cropped) signal that holds the value of position q."""
        found = [t for t in self.copies(q, length, low, high) if -low <= t < length + high]
        return found if len(found) < 2 else sorted(set(found))


def _replicated(q: int, length: int, low: int, high: int) -> Iterable[int]:
    first = -low if q == 0 else q
    last = length + high - 1 if q == length - 1 else q
    return range(first, last + 1)


MODES: dict[str, PaddingMode] = {
    mode.name: mode
    for mode in (
        PaddingMode(
            name="zeros",
            sketch="00|1234|00",
            before=lambda n: None,
            after=lambda n: None,
            copies=lambda q, n, low, high: (q,),
            limit=lambda n: None,
            limit_words="unlimited",
        ),
        PaddingMode(
            name="reflect",
            sketch="32|1234|32",
            before=lambda n: (-1, 0),
            after=lambda n: (-1, 2 * n - 2),
            copies=lambda q, n, low, high: (q, -q, 2 * (n - 1) - q),
            limit=lambda n: n - 1,
            limit_words="less than the input (it mirrors at the border entry, which is not repeated)",
        ),
        PaddingMode(
            name="symmetric",
            sketch="21|1234|43",
            before=lambda n: (-1, -1),
            after=lambda n: (-1, 2 * n - 1),
            copies=lambda q, n, low, high: (q, -1 - q, 2 * n - 1 - q),
            limit=lambda n: n,
            limit_words="at most the input (it mirrors at the border)",
        ),
        PaddingMode(
            name="replicate",
            sketch="11|1234|44",
            before=lambda n: (0, 0),
            after=lambda n: (0, n - 1),
            copies=_replicated,
            limit=lambda n: None,
            limit_words="unlimited",
        ),
        PaddingMode(
            name="circular",
            sketch="34|1234|12",
            before=lambda n: (1, n),
            after=lambda n: (1, -n),
            copies=lambda q, n, low, high: (q - n, q, q + n),
            limit=lambda n: n,
            limit_words="at most the input (it wraps around once)",
        ),
    )
}


def mode_named(name: object) -> PaddingMode:
    """The padding mode of that name."""
    if not isinstance(name, str) or name not in MODES:
        raise SpecError("padding_mode", name, "must be one of " + ", ".join(MODES), 'padding_mode="zeros"')
    return MODES[name]


def valid_padding(length: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """No padding: the window never leaves the input."""
    return 0, 0


def same_padding(length: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Output size ceil(length / stride); an odd total has its extra entry at the high end.

    This is the meaning that PyTorch ("same"), JAX ("SAME") and ONNX (SAME_UPPER) share, defined for
    every stride.
    """
    outputs = -(-length // stride)
    total = max((outputs - 1) * stride + dilation * (kernel - 1) + 1 - length, 0)
    return total // 2, total - total // 2


def same_lower_padding(length: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """As `same_padding`, with the extra entry at the low end (ONNX's SAME_LOWER)."""
    low, high = same_padding(length, kernel, stride, dilation)
    return high, low


def full_padding(length: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Every position at which the kernel meets the input at all."""
    return dilation * (kernel - 1), dilation * (kernel - 1)


NAMED: dict[str, Callable[[int, int, int, int], tuple[int, int]]] = {
    "valid": valid_padding,
    "same": same_padding,
    "same_lower": same_lower_padding,
    "full": full_padding,
}
