"""Random layers for Hypothesis: every kind and every parameter, small, and valid by construction.

A layer is built so that it fits, in place of being drawn until one does, so that nothing is thrown away and a
failing example shrinks: towards rank 1, one channel, no padding, a kernel of one entry.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from lanes import many

import symconv as sc
from symconv.padding import MODES

Layer = Any
Pairs = tuple[tuple[int, int], ...]

LONGEST = {1: 6, 2: 4, 3: 3}
"""The longest axis that is drawn, by rank; one that the kernel does not fit on is made longer."""


def lane(full: int, quick: int) -> settings:
    """As many examples as the lane runs: the same ones in every run, and no timing."""
    return settings(
        max_examples=many(full, quick),
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


def fitting(n: int, span: int, gap: int, pair: tuple[int, int], mode: str) -> tuple[int, tuple[int, int]]:
    """The size and padding nearest to these on which the window fits, and which the mode allows."""
    low, high = pair
    while True:
        length = (n - 1) * gap + 1
        limit = MODES[mode].limit(length)
        kept = tuple(side if limit is None else min(side, limit) for side in pair)
        if length + sum(kept) >= span and length + min(low, 0) + min(high, 0) >= 1:
            return n, kept  # type: ignore[return-value]
        n += 1


@st.composite
def convolutions(
    draw: st.DrawFn,
    rank: int | None = None,
    size: tuple[int, ...] | None = None,
    channels: int | None = None,
    modes: tuple[str, ...] = tuple(MODES),
    plain: bool = False,
    grouped: bool = True,
) -> sc.Conv:
    """Any convolution; `size` and `channels` are those of its input where something came before it.

    A plain one has stride, dilation and input dilation 1, no bias, and zeros around it, or nothing after another layer.
    """
    rank = len(size) if size else rank or draw(st.sampled_from((1, 1, 1, 2, 2, 3)))
    mode = "zeros" if plain else draw(st.sampled_from(modes))
    groups = draw(st.sampled_from([g for g in (1, 2) if channels is None or channels % g == 0])) if grouped else 1
    sizes: list[int] = []
    kernel, stride, dilation, gap, padding = ([] for _ in range(5))  # type: ignore[var-annotated]
    for axis in range(rank):
        n = size[axis] if size else draw(st.integers(1, LONGEST[rank]))
        k = draw(st.integers(1, 3))
        s, d, l = (1, 1, 1) if plain else (draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2)))  # noqa: E741
        pair = draw(st.tuples(st.integers(-1, 2), st.integers(-1, 2)))
        if size:  # the input is given, so the window and the padding have to give way
            k, d, l = min(k, n), 1, 1  # noqa: E741
            limit = MODES[mode].limit(n)
            pair = tuple(0 if plain else min(max(side, 0), n if limit is None else limit) for side in pair)
        else:
            n, pair = fitting(n, d * (k - 1) + 1, l, pair, mode)
        for values, value in zip((sizes, kernel, stride, dilation, gap, padding), (n, k, s, d, l, pair), strict=True):
            values.append(value)
    return sc.Conv(
        tuple(sizes), tuple(kernel), channels or groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)),
        tuple(stride), tuple(padding), tuple(dilation), groups, not plain and draw(st.booleans()), mode,
        not plain and draw(st.booleans()), tuple(gap),
    )  # fmt: skip


@st.composite
def transposed(draw: st.DrawFn) -> sc.ConvTranspose:
    """Any transposed convolution."""
    rank, groups = draw(st.sampled_from((1, 1, 2))), draw(st.integers(1, 2))
    axes = []
    for _ in range(rank):
        n, k, s, d = (draw(st.integers(1, most)) for most in (4, 3, 3, 2))
        extra = draw(st.integers(0, max(s, d) - 1))
        left = (n - 1) * s + d * (k - 1) + extra  # at least one output must be left
        low = min(draw(st.integers(-1, 2)), left)
        axes.append((n, k, s, (low, min(draw(st.integers(-1, 2)), left - low)), extra, d))
    size, kernel, stride, padding, extras, dilation = zip(*axes, strict=True)
    a, b = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return sc.ConvTranspose(
        size, kernel, groups * a, groups * b, stride, padding, extras, dilation, groups, draw(st.booleans())
    )


@st.composite
def pools(draw: st.DrawFn) -> sc.AvgPool:
    """Any average pooling."""
    rank, ceil = draw(st.sampled_from((1, 1, 2))), draw(st.booleans())
    axes = []
    for _ in range(rank):
        k = draw(st.integers(1, 3))
        pair = draw(st.integers(0, k // 2)), draw(st.integers(0, k // 2))
        axes.append((max(draw(st.integers(1, 5)), k - sum(pair)), k, draw(st.integers(1, 3)), pair))
    size, kernel, stride, padding = zip(*axes, strict=True)
    divisor = draw(st.sampled_from((None, None, None, 1, 3, -2)))
    return sc.AvgPool(size, kernel, draw(st.integers(1, 2)), stride, padding, ceil, draw(st.booleans()), divisor)


@st.composite
def resamplings(draw: st.DrawFn) -> sc.Upsample | sc.PixelShuffle:
    """Nearest, linear and exact interpolation, to a size or by a factor; or a pixel shuffle."""
    rank, channels = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    size = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    if draw(st.booleans()) and draw(st.booleans()):
        return sc.PixelShuffle(tuple(min(n, 2) for n in size), draw(st.integers(1, 2)), channels)
    mode = draw(st.sampled_from(("nearest", "nearest-exact", "linear" if rank == 1 else "bilinear")))
    how: dict[str, Any] = {"size": tuple(draw(st.integers(1, 5)) for _ in size)}
    if draw(st.booleans()):
        how = {"scale_factor": tuple(draw(st.sampled_from((1, 2, 3, "3/2"))) for _ in size)}
    return sc.Upsample(size, channels, mode=mode, align_corners="linear" in mode and draw(st.booleans()), **how)


fully_connected = st.builds(sc.Linear, st.integers(1, 4), st.integers(1, 4), st.booleans())
layers = st.one_of(
    convolutions(), convolutions(), convolutions(), transposed(), pools(), resamplings(), fully_connected
)
with_kernel = st.one_of(convolutions(), convolutions(), transposed(), fully_connected)


@st.composite
def stacks(draw: st.DrawFn, count: int = 3, plain: bool = False) -> list[sc.Conv]:
    """Convolutions, each of which takes what the one before it makes."""
    found = [draw(convolutions(draw(st.sampled_from((1, 1, 2))), plain=plain, grouped=not plain))]
    while len(found) < count:
        channels, *sizes = found[-1].output_shape
        found.append(draw(convolutions(size=tuple(sizes), channels=channels, plain=plain, grouped=not plain)))
    return found
