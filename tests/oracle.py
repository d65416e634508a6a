"""The third route: materialise the padded array and slide a window over it.

The package computes an output in two ways, from the kernel entry to the input it reads and from the
input to the kernel entries that meet there. This module does neither: zeros are inserted between the
inputs, `numpy.pad` builds the border, negative padding is cut off last, and the window moves for as
long as it fits. It imports nothing of the package, so an error in both of its routes is still found.

Configurations are keyword dictionaries for `Conv`, in any of the forms that it accepts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, product
from math import prod
from typing import Any

import numpy as np

Config = dict[str, Any]
Pair = tuple[int, int]

NUMPY_MODES: dict[str, Any] = {
    "zeros": "constant", "reflect": "reflect", "symmetric": "symmetric", "replicate": "edge", "circular": "wrap",
}  # fmt: skip
"""How `numpy.pad` is asked for each mode: by name; where it has none, with a function in the form that it takes."""
MODES = tuple(NUMPY_MODES)
NAMES = ("valid", "same", "same_lower", "full")
FORMS = ("int", "per axis", "pairs", "crop", *NAMES)


# What a configuration means.


@dataclass(frozen=True)
class Geometry:
    """One spatial axis with everything filled in."""

    size: int
    kernel: int
    stride: int
    dilation: int
    gap: int
    pad: Pair

    @property
    def length(self) -> int:
        """The size of the input with zeros between its entries."""
        return self.size + (self.size - 1) * (self.gap - 1)

    @property
    def span(self) -> int:
        """The size of the window, holes included."""
        return self.kernel + (self.kernel - 1) * (self.dilation - 1)

    @property
    def starts(self) -> range:
        """Where the window may start on the padded array: for as long as it fits."""
        return range(0, self.length + sum(self.pad) - self.span + 1, self.stride)


def _each(value: Any, rank: int) -> list[int]:
    return [int(value)] * rank if np.ndim(value) == 0 else [int(item) for item in value]


def _named(name: str, bare: Geometry) -> Pair:
    """The pair a name stands for, by search: the least padding that gives the output size it promises."""
    if name == "valid":
        return 0, 0
    if name == "full":  # the first and the last window share exactly one position with the input
        return bare.span - 1, bare.span - 1
    promised = len(range(0, bare.length, bare.stride))
    total = next(t for t in count() if len(range(0, bare.length + t - bare.span + 1, bare.stride)) >= promised)
    small, large = total // 2, total - total // 2
    return (small, large) if name == "same" else (large, small)


def geometry(config: Config) -> list[Geometry]:
    """The axes of a configuration."""
    rank = len(config["input_size"])
    sizes = _each(config["input_size"], rank)
    kernels, strides, dilations, gaps = (
        _each(config.get(name, 1), rank) for name in ("kernel_size", "stride", "dilation", "input_dilation")
    )
    numbers = list(zip(sizes, kernels, strides, dilations, gaps, strict=True))
    bare = [Geometry(*each, (0, 0)) for each in numbers]
    padding = config.get("padding", 0)
    pads: list[Pair]
    if isinstance(padding, str):
        pads = [_named(padding, axis) for axis in bare]
    elif np.ndim(padding) < 2:
        pads = [(amount, amount) for amount in _each(padding, rank)]
    else:
        pads = [(int(low), int(high)) for low, high in padding]
    return [Geometry(*each, pad) for each, pad in zip(numbers, pads, strict=True)]


def limit(mode: str, length: int) -> float:
    """The most padding one side may have: mirroring or wrapping happens once."""
    return {"reflect": length - 1, "symmetric": length, "circular": length}.get(mode, float("inf"))


def fits(config: Config) -> bool:
    """Whether the kernel fits on every axis and the mode allows the padding."""
    mode = config.get("padding_mode", "zeros")
    axes = geometry(config)
    return all(len(axis.starts) > 0 and max(axis.pad) <= limit(mode, axis.length) for axis in axes)


def shapes(config: Config) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The shapes of input, kernel and output."""
    axes = geometry(config)
    inputs, outputs, groups = (config.get(name, 1) for name in ("in_channels", "out_channels", "groups"))
    return (
        (inputs, *(axis.size for axis in axes)),
        (outputs, inputs // groups, *(axis.kernel for axis in axes)),
        (outputs, *(len(axis.starts) for axis in axes)),
    )


# The computation.


def beyond(mode: str, value: int) -> dict[str, int]:
    """What `numpy.pad` is told besides the mode: what stands where nothing is read, for modes that read nothing."""
    return {"constant_values": value} if NUMPY_MODES[mode] == "constant" or callable(NUMPY_MODES[mode]) else {}


def padded(signal: np.ndarray, axis: int, gap: int, pad: Pair, mode: str) -> np.ndarray:
    """The array with zeros inserted, its border built, and then cropped, along one axis."""
    shape = list(signal.shape)
    shape[axis] = (shape[axis] - 1) * gap + 1
    dilated = np.zeros(shape, signal.dtype)
    dilated[(slice(None),) * axis + (slice(None, None, gap),)] = signal

    grow = [(0, 0)] * signal.ndim
    grow[axis] = max(pad[0], 0), max(pad[1], 0)
    bordered: np.ndarray = np.pad(dilated, grow, mode=NUMPY_MODES[mode])

    keep = slice(max(-pad[0], 0), bordered.shape[axis] - max(-pad[1], 0))
    return bordered[(slice(None),) * axis + (keep,)]


def convolve(config: Config, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """y for x of shape (..., in_channels, *spatial), in exact arithmetic when the arrays hold integers."""
    axes = geometry(config)
    rank, lead = len(axes), x.ndim - len(axes) - 1
    z = x
    for n, axis in enumerate(axes):
        z = padded(z, lead + 1 + n, axis.gap, axis.pad, config.get("padding_mode", "zeros"))
    if config.get("flip_kernel", False):
        kernel = np.flip(kernel, tuple(range(2, 2 + rank)))

    groups, (outputs, members) = config.get("groups", 1), kernel.shape[:2]
    y = np.zeros((*x.shape[:lead], outputs, *(len(axis.starts) for axis in axes)), np.result_type(x, kernel))
    everything = (slice(None),) * lead
    for place in product(*(range(len(axis.starts)) for axis in axes)):
        starts = [axis.starts[n] for axis, n in zip(axes, place, strict=True)]
        window = tuple(slice(at, at + axis.span, axis.dilation) for axis, at in zip(axes, starts, strict=True))
        for c in range(outputs):
            first = c * groups // outputs * members
            seen = z[(*everything, slice(first, first + members), *window)]
            total = (seen * kernel[c]).reshape(*x.shape[:lead], -1).sum(axis=-1)
            y[(*everything, c, *place)] = total + (0 if bias is None else bias[c])
    return y


def matrix(config: Config, kernel: np.ndarray) -> np.ndarray:
    """W, column by column: the flattened outputs of the unit inputs."""
    shape = shapes(config)[0]
    units = np.eye(prod(shape), dtype=kernel.dtype).reshape(-1, *shape)
    return convolve(config, units, kernel).reshape(len(units), -1).T


def integers(seed: int, shape: Sequence[int], bound: int = 9) -> np.ndarray:
    """Small integers, zero among them."""
    return np.random.default_rng(seed).integers(-bound, bound + 1, tuple(shape))


# Configurations.


def proposal(
    rng: random.Random,
    ranks: Sequence[int] = (1, 2, 3, 4),
    modes: Sequence[str] = MODES,
    forms: Sequence[str] = FORMS,
    extras: bool = True,
) -> Config:
    """Any configuration with well-formed parameters; the padding or the kernel may not fit.

    Without `extras` there is neither input dilation nor a flipped kernel.
    """
    rank = rng.choice(ranks)
    largest, widest = {1: (12, 6), 2: (7, 4), 3: (4, 3), 4: (3, 3)}[rank]
    size = [1 if rng.random() < 0.12 else rng.randint(1, largest) for _ in range(rank)]
    kernel = [rng.randint(1, widest) for _ in range(rank)]
    step, hole, gap = (
        [1 if rng.random() < often else rng.randint(2, 3) for _ in range(rank)]
        for often in (0.5, 0.65, 0.7 if extras else 1.0)
    )
    groups = rng.choice((1, 1, 1, 2, 2, 3))
    depthwise = groups > 1 and rng.random() < 0.4
    each = rng.randint(1, 3 if groups == 1 else 2)
    config: Config = {
        "input_size": _loose(rng, size, scalar=False),
        "kernel_size": _loose(rng, kernel),
        "in_channels": groups if depthwise else groups * each,
        "out_channels": groups * rng.randint(1, 2),
        "stride": _loose(rng, step),
        "dilation": _loose(rng, hole),
        "groups": groups,
        "bias": rng.random() < 0.4,
        "padding_mode": rng.choice(modes),
        "flip_kernel": extras and rng.random() < 0.4,
        "input_dilation": _loose(rng, gap),
    }
    config["padding"] = _padding(rng, config, rng.choice(forms))
    return config


def random_configs(
    seed: int,
    number: int,
    ranks: Sequence[int] = (1, 2, 3, 4),
    modes: Sequence[str] = MODES,
    forms: Sequence[str] = FORMS,
    extras: bool = True,
    largest: int = 40_000,
) -> list[Config]:
    """That many valid configurations, the same for the same seed; W has at most `largest` entries.

    Half of them leave out every parameter that is at its default, as a user would.
    """
    rng = random.Random(seed)
    result: list[Config] = []
    while len(result) < number:
        config = proposal(rng, ranks, modes, forms, extras)
        if not fits(config) or prod(shapes(config)[0]) * prod(shapes(config)[2]) > largest:
            continue
        if rng.random() < 0.5:
            config = {name: value for name, value in config.items() if value not in (DEFAULTS.get(name, ()),)}
        result.append(config)
    return result


DEFAULTS: Config = {
    "in_channels": 1, "out_channels": 1, "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": False,
    "padding_mode": "zeros", "flip_kernel": False, "input_dilation": 1,
}  # fmt: skip


def _loose(rng: random.Random, values: list[int], scalar: bool = True) -> Any:
    """One value for each axis in one of the forms a user may write."""
    if scalar and len(set(values)) == 1 and rng.random() < 0.6:
        return values[0]
    return tuple(values) if rng.random() < 0.7 else list(values)


def _padding(rng: random.Random, config: Config, form: str) -> Any:
    """Padding of that form, mostly small enough for the mode and mostly large enough to matter."""
    if form in NAMES:
        return form
    axes = geometry(config)
    most = [int(min(limit(config["padding_mode"], axis.length), axis.span + 1)) for axis in axes]
    if rng.random() < 0.1:  # one too many, where the mode has a limit: the caller may want what is not valid
        most = [each + 1 for each in most]
    if form == "int":
        return rng.randint(0, min(most))
    if form == "per axis":
        return _loose(rng, [rng.randint(0, each) for each in most], scalar=False)
    least = [-rng.choice((1, 2, axis.length + 1)) if form == "crop" else 0 for axis in axes]
    pairs = [(rng.randint(few, many), rng.randint(few, many)) for few, many in zip(least, most, strict=True)]
    if form == "crop" and min(min(pair) for pair in pairs) >= 0:
        pairs[rng.randrange(len(pairs))] = rng.choice(((-1, most[0]), (0, -1), (-1, -1)))
    return tuple(pairs) if rng.random() < 0.7 else [list(pair) for pair in pairs]


def features(config: Config) -> set[str]:
    """What a configuration exercises, so that a test can say what its configurations cover."""
    axes, groups = geometry(config), config.get("groups", 1)
    mode, padding = config.get("padding_mode", "zeros"), config.get("padding", 0)
    form = "named" if isinstance(padding, str) else ("int", "per axis", "pairs")[np.ndim(padding)]
    has = {
        "bias": config.get("bias", False),
        "flip_kernel": config.get("flip_kernel", False),
        "channels": config.get("in_channels", 1) > 1 and config.get("out_channels", 1) > 1,
        "groups": groups > 1,
        "depthwise": groups > 1 and groups == config.get("in_channels", 1),
        "size 1": any(axis.size == 1 for axis in axes),
        "kernel 1": all(axis.kernel == 1 for axis in axes),
        "even kernel": any(axis.kernel % 2 == 0 for axis in axes),
        "uneven sizes": len({axis.size for axis in axes}) > 1,
        "uneven kernel": len({axis.kernel for axis in axes}) > 1,
        "stride": any(axis.stride > 1 for axis in axes),
        "stride leaves a rest": any((axis.length + sum(axis.pad) - axis.span) % axis.stride for axis in axes),
        "dilation": any(axis.dilation > 1 and axis.kernel > 1 for axis in axes),
        "input dilation": any(axis.gap > 1 and axis.size > 1 for axis in axes),
        "padding": any(max(axis.pad) > 0 for axis in axes),
        "low and high differ": any(axis.pad[0] != axis.pad[1] for axis in axes),
        "crop": any(min(axis.pad) < 0 for axis in axes),
        "crop and padding": any(min(axis.pad) < 0 < max(axis.pad) for axis in axes),
        "padding at its limit": any(max(axis.pad) == limit(mode, axis.length) > 0 for axis in axes),
    }
    return {f"rank {len(axes)}", mode, f"padding: {form}", *(name for name, holds in has.items() if holds)}


def describe(config: Config) -> str:
    """A configuration on one line, for the message of a failed test."""
    return "Conv(" + ", ".join(f"{name}={value!r}" for name, value in config.items()) + ")"
