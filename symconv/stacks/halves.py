"""A layer as two layers with the same matrix, whatever its kernel: their sizes, the channels in between, their kernels.

Each channel in between belongs to a window of the kernel. One of the two kernels holds the entries of its window,
the other one is a single one that puts them back at their place. It is what the theorem morphism proves, and the
widest pair that `split` ever needs.
"""

from __future__ import annotations

from itertools import product
from math import ceil, prod
from typing import Any

from .. import spec
from ..algebra.kernel_polynomials import remaining
from ..algebra.linear import Entry
from ..definition import strides
from ..errors import NotApplicable, SpecError
from ..layers import Conv, Linear
from .sequential import Sequential


def first_size(layer: Any, first: Any) -> tuple[int, ...]:
    """The kernel size of the first of two layers, axis by axis."""
    if (reason := indivisible(layer)) is not None:
        raise NotApplicable(f"{layer!r} is not split: {reason}")
    sizes = layer.kernel_size if isinstance(layer, Conv) else ()
    if first is None or not sizes:
        return tuple(k - k // 2 for k in sizes)
    found = spec.per_axis("first", first, len(sizes))
    for n, (own, k) in enumerate(zip(found, sizes, strict=True)):
        if own > k:
            raise SpecError("first", first, f"on axis {n} the layer's kernel has {k} entries", f"first={k}")
    return found


def indivisible(layer: Any) -> str | None:
    """Why a layer is not written as two; None where it is."""
    if not isinstance(layer, (Conv, Linear)):
        return "only a convolution or a fully connected layer has a kernel that is a product of such kernels"
    if isinstance(layer, Conv) and layer.groups > 1:
        return f"it has {layer.groups} groups, and each of them is a layer of its own"
    return None


def pair(layer: Any, first: tuple[int, ...], width: int) -> Sequential:
    """Two layers with that many channels in between, the stride and the bias in the second, the padding in the first."""
    if isinstance(layer, Linear):
        return Sequential(Linear(layer.in_features, width), Linear(width, layer.out_features, layer.bias))
    one = Conv(
        layer.input_size, first, layer.in_channels, width, 1, layer.padding, layer.dilation, 1, False,
        layer.padding_mode, layer.flip_kernel, layer.input_dilation,
    )  # fmt: skip
    rest = remaining(layer.kernel_size, first)
    other = Conv(
        one.output_shape[1:], rest, width, layer.out_channels, layer.stride, 0, layer.dilation, 1, layer.bias,
        flip_kernel=layer.flip_kernel,
    )  # fmt: skip
    return Sequential(one, other)


def starts(size: int, part: int) -> list[int]:
    """Where windows of `part` entries start that together cover `size`: the last one ends where the kernel does."""
    return [min(n * part, size - part) for n in range(ceil(size / part))]


def owner(size: int, part: int, at: int) -> tuple[int, int]:
    """Which of these windows an entry belongs to, the first that holds it, and where in it."""
    first = starts(size, part)
    n = next(n for n, start in enumerate(first) if start <= at < start + part)
    return n, at - first[n]


def enough(layer: Any, first: tuple[int, ...]) -> tuple[int, bool]:
    """How many channels in between do for every kernel, and whether the second kernel is the fixed one.

    Either the second kernel has single ones, and each channel in between holds a window of `first` entries for
    one output channel; or the first one has, for one input channel each.
    """
    outputs, inputs, *sizes = layer.kernel_shape
    rest = remaining(sizes, first)
    by_output = outputs * prod(len(starts(k, own)) for k, own in zip(sizes, first, strict=True))
    by_input = inputs * prod(len(starts(k, own)) for k, own in zip(sizes, rest, strict=True))
    return min(by_output, by_input), by_output <= by_input


def deltas(layer: Any, first: tuple[int, ...]) -> tuple[list[Entry], list[Entry]]:
    """Both kernels for a kernel of symbols, flattened: windows of it in one, single ones in the other."""
    outputs, inputs, *sizes = layer.kernel_shape
    rest = remaining(sizes, first)
    width, by_output = enough(layer, first)
    part = first if by_output else rest
    windows = list(product(*(enumerate(starts(k, own)) for k, own in zip(sizes, part, strict=True))))
    between = [(own, window) for own in range(outputs if by_output else inputs) for window in windows]
    steps = strides(layer.kernel_shape)

    def held(c: int, e: int, window: Any, within: tuple[int, ...]) -> Entry:
        """The entry of k in a window, if it is that window's own."""
        at = [start + n for (_, start), n in zip(window, within, strict=True)]
        if any(owner(k, own, x)[0] != n for k, own, x, (n, _) in zip(sizes, part, at, window, strict=True)):
            return {}
        return {(sum(x * step for x, step in zip((c, e, *at), steps, strict=True)),): 1}

    def one(same: bool, window: Any, tap: tuple[int, ...]) -> Entry:
        return {(): 1} if same and tap == tuple(start for _, start in window) else {}

    h = [
        held(own, e, window, u) if by_output else one(own == e, window, u)
        for own, window in between for e in range(inputs) for u in product(*map(range, first))
    ]  # fmt: skip
    g = [
        one(own == c, window, v) if by_output else held(c, own, window, v)
        for c in range(outputs) for own, window in between for v in product(*map(range, rest))
    ]  # fmt: skip
    if len(between) != width:
        raise AssertionError("there is one channel in between for each window")
    return h, g
