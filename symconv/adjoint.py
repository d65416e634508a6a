"""The adjoint of a layer as a layer: which one has the transposed weight matrix, and for which kernel.

Along an axis with stride s, dilation d and input dilation l, output i reads input p with kernel entry u
exactly when s i + d u - low = l p. Read from the other side, with i as the input, this is again the
equation of a layer: stride l, input dilation s, the kernel the other way around, and padding
d (k - 1) - low before and d (k - 1) - high + a after, where a is what the floor in the output size
drops. For l = 1 that layer is a `ConvTranspose` with output padding a.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from .layers import Conv, ConvTranspose, Linear
from .readmap import Axis, Line, with_quotients

Labels = tuple[int, ...]
"""For each kernel label of the adjoint along a line, the label of the layer's entry that stands there."""


@dataclass(frozen=True)
class Adjoint:
    """`layer` has the transposed weight matrix of `of` where its kernel holds the entries that `labels` says."""

    of: Any
    layer: Any
    labels: tuple[Labels, ...]

    @property
    def flat(self) -> Labels:
        """The same for the numbers of the flattened kernels."""
        sizes = [len(labels) for labels in self.labels]
        found = []
        for at in product(*self.labels):
            flat = 0
            for label, size in zip(at, sizes, strict=True):
                flat = flat * size + label
            found.append(flat)
        return tuple(found)

    @property
    def exchanged(self) -> bool:
        """Whether the channels' places in the tensor are exchanged."""
        first, channels = self.of.read_map.lines[0], self.of.read_map.channels
        return (
            first is channels and not isinstance(self.layer, ConvTranspose) and not isinstance(self.of, ConvTranspose)
        )

    @property
    def reversed(self) -> bool:
        """Whether the kernel is stored the other way around."""
        return isinstance(self.layer, ConvTranspose) and self.of.flip_kernel


def leftover(axis: Axis) -> int:
    """The positions at the end of the padded input that the floor in the output size drops."""
    return (axis.length + axis.low + axis.high - axis.dilation * (axis.taps - 1) - 1) % axis.stride


def unpadded(layer: Conv) -> Conv:
    """The same layer on the padded signal, where nothing is padded any more."""
    sizes = tuple(len(axis.padded_range) for axis in layer.read_map.axes)
    return replace(layer, input_size=sizes, padding=0, padding_mode="zeros", input_dilation=1, bias=False)


def adjoint(layer: Any) -> Adjoint:
    """The layer with the transposed matrix; where the padding repeats inputs, that of the layer without padding."""
    if isinstance(layer, Linear):
        other: Any = Linear(layer.out_features, layer.in_features)
    elif isinstance(layer, ConvTranspose):
        pairs = zip(layer.padding, layer.output_padding, strict=True)
        other = Conv(
            layer.output_shape[1:], layer.kernel_size, layer.out_channels, layer.in_channels, layer.stride,
            tuple((low, high - extra) for (low, high), extra in pairs), layer.dilation, layer.groups,
        )  # fmt: skip
    else:
        layer = unpadded(layer) if layer.read_map.folded else layer
        other = _of_conv(layer)
    lines = layer.read_map.lines
    channels = layer.read_map.channels
    result = Adjoint(layer, other, ())
    labels = [
        _exchanged(channels) if line is channels and result.exchanged
        else tuple(reversed(range(line.taps))) if line is not channels and result.reversed
        else tuple(range(prod(line.kernel_shape)))
        for line in lines
    ]  # fmt: skip
    return replace(result, labels=tuple(labels))


def _of_conv(layer: Conv) -> Any:
    axes = layer.read_map.axes
    sizes = tuple(axis.outputs for axis in axes)
    extra = tuple(map(leftover, axes))
    if set(layer.input_dilation) == {1}:
        return ConvTranspose(
            sizes, layer.kernel_size, layer.out_channels, layer.in_channels, layer.stride, layer.padding, extra,
            layer.dilation, layer.groups,
        )  # fmt: skip
    reach = [axis.dilation * (axis.taps - 1) for axis in axes]
    padding = tuple((most - axis.low, most - axis.high + a) for most, axis, a in zip(reach, axes, extra, strict=True))
    return Conv(
        sizes, layer.kernel_size, layer.out_channels, layer.in_channels, layer.input_dilation, padding, layer.dilation,
        layer.groups, flip_kernel=not layer.flip_kernel, input_dilation=layer.stride,
    )  # fmt: skip


def _exchanged(channels: Any) -> Labels:
    """Entry (b, c within its group) of the adjoint's tensor is entry (c, b within its group)."""
    members, taps = channels.outputs // channels.groups, channels.taps
    return tuple(
        (b // taps * members + within) * taps + b % taps for b in range(channels.inputs) for within in range(members)
    )


def reads(line: Line) -> Counter[tuple[int, int, int]]:
    """(output, kernel label, input) for everything that the definition reads along a line, forward."""
    found: Counter[tuple[int, int, int]] = Counter()
    for output in range(line.outputs):
        for tap in range(line.taps):
            env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
            t = line.position.at(env)
            p = None if t is None else line.fold(t)
            if p is not None:
                found[output, line.label(output, tap), p] += 1
    return found
