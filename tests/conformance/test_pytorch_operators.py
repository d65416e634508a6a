"""The configurations of PyTorch's own operator tests, every one: the same integers, or the reason why there are none.

They ship with the package, as the sample inputs of `torch.testing`; the data are drawn anew, as small integers.
"""

from __future__ import annotations

import random
import warnings
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import pytest
from agreement import SCALE, applied, integers

import symconv as sc

torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
pytest.importorskip("expecttest", reason="install expecttest, which PyTorch's operator tests need")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

Layer = Any
Case = tuple[Layer, Any, Any, tuple[int, ...]]  # the layer, its kernel, its bias, the shape of PyTorch's input

UNEVEN = "its windows have different sizes, which no AvgPool has"
CUBIC = "cubic weights are not in the package"
ANTIALIAS = "weights of an antialiasing filter are not in the package"
ROUNDED = "PyTorch rounds the weights, which are no binary fractions"
POSITIONS = "the positions are those of a rounded scale factor"
EMPTY = "it has no channels, or no positions"
CROPPED = "PyTorch crops before it wraps, here the mode maps the uncropped signal (docs/explanation/conventions.md)"


class Declined(Exception):
    """What this package has no layer for, with the reason."""


def sizes(value: Any, rank: int, default: Any = None) -> tuple[int, ...]:
    """One number for each axis."""
    if value is None or value == ():
        return sizes(default, rank)
    numbers = (value,) if isinstance(value, int) else tuple(map(int, value))
    return numbers * rank if len(numbers) == 1 else numbers


def bound(names: str, sample: Any) -> dict[str, Any]:
    """The arguments of a sample, by name."""
    return {**dict(zip(names.split(), sample.args, strict=False)), **sample.kwargs}


def conv(rank: int, sample: Any) -> Case:
    given = bound("weight bias stride padding dilation groups", sample)
    weight, groups, padding = given["weight"], given.get("groups", 1), given.get("padding", 0)
    layer = sc.Conv(
        sample.input.shape[-rank:], weight.shape[2:], weight.shape[1] * groups, weight.shape[0],
        sizes(given.get("stride"), rank, 1), padding if isinstance(padding, str) else sizes(padding, rank),
        sizes(given.get("dilation"), rank, 1), groups, given.get("bias") is not None,
    )  # fmt: skip
    return layer, weight, given.get("bias"), sample.input.shape


def conv_transpose(rank: int, sample: Any) -> Case:
    given = bound("weight bias stride padding output_padding groups dilation", sample)
    weight, groups = given["weight"], given.get("groups", 1)
    layer = sc.ConvTranspose(
        sample.input.shape[-rank:], weight.shape[2:], weight.shape[0], weight.shape[1] * groups,
        sizes(given.get("stride"), rank, 1), sizes(given.get("padding"), rank, 0),
        sizes(given.get("output_padding"), rank, 0), sizes(given.get("dilation"), rank, 1), groups,
        given.get("bias") is not None,
    )  # fmt: skip
    return layer, weight, given.get("bias"), sample.input.shape


def avg_pool(rank: int, sample: Any) -> Case:
    given = bound("kernel_size stride padding ceil_mode count_include_pad divisor_override", sample)
    kernel = sizes(given["kernel_size"], rank)
    layer = sc.AvgPool(
        sample.input.shape[-rank:], kernel, sample.input.shape[-rank - 1], sizes(given.get("stride"), rank, kernel),
        sizes(given.get("padding"), rank, 0), given.get("ceil_mode", False), given.get("count_include_pad", True),
        given.get("divisor_override"),
    )  # fmt: skip
    return layer, None, None, sample.input.shape


def average(shape: tuple[int, ...], size: tuple[int, ...], channels: int) -> Layer:
    """The windows of the same size whose averages they are."""
    if any(n % m for n, m in zip(shape, size, strict=True)):
        raise Declined(UNEVEN)
    return sc.AvgPool(shape, tuple(n // m for n, m in zip(shape, size, strict=True)), channels)


def adaptive_avg_pool(rank: int, sample: Any) -> Case:
    (asked,) = sample.args
    shape = tuple(sample.input.shape[-rank:])
    wanted = (asked,) * rank if isinstance(asked, int) else asked
    size = tuple(n if m is None else m for n, m in zip(shape, wanted, strict=True))
    return average(shape, size, sample.input.shape[-rank - 1]), None, None, sample.input.shape


def pad(mode: str, sample: Any) -> Case:
    given = bound("pad mode value", sample)
    pairs = tuple(zip(given["pad"][::2], given["pad"][1::2], strict=True))[::-1]
    if mode == "circular" and min(map(min, pairs)) < 0:
        raise Declined(CROPPED)
    rank, shape = len(pairs), tuple(sample.input.shape)
    if any(n and n + low + high < 1 for n, (low, high) in zip(shape[-rank:], pairs, strict=True)):
        raise Declined(EMPTY)
    channels = prod(n or 1 for n in shape[: len(shape) - rank])
    known = {"constant": "zeros"}.get(mode, mode)
    layer = sc.Conv(
        [n or 1 for n in shape[-rank:]], 1, channels, channels, padding=pairs, groups=channels, padding_mode=known
    )
    return layer, np.ones(layer.kernel_shape, np.int64), None, shape


def unfold(_: None, sample: Any) -> Case:
    """A convolution whose kernel has a single one gives one row of the unfolded matrix; all of them are its channels."""
    given = bound("kernel_size dilation padding stride", sample)
    kernel, channels = sizes(given["kernel_size"], 2), sample.input.shape[-3]
    entries = channels * prod(kernel)
    layer = sc.Conv(
        sample.input.shape[-2:], kernel, channels, entries, sizes(given.get("stride"), 2, 1),
        sizes(given.get("padding"), 2, 0), sizes(given.get("dilation"), 2, 1),
    )  # fmt: skip
    return layer, np.eye(entries, dtype=np.int64).reshape(layer.kernel_shape), None, sample.input.shape


def interpolate(mode: str, sample: Any, corners: bool = False) -> Case:
    given = bound("size scale_factor mode align_corners recompute_scale_factor antialias", sample)
    if mode == "bicubic":
        raise Declined(CUBIC)
    if given.get("antialias"):
        raise Declined(ANTIALIAS)
    size = given.get("size")
    if size is None:
        raise Declined(POSITIONS)
    shape = tuple(sample.input.shape[2:])
    wanted = sizes(size, len(shape))
    if mode == "area":
        return average(shape, wanted, sample.input.shape[1]), None, None, sample.input.shape
    corners = corners or bool(given.get("align_corners"))
    if mode in ("linear", "bilinear", "trilinear"):
        pairs = [(n - corners, m - corners) for n, m in zip(shape, wanted, strict=True)]
        if any(m and Fraction(n, 2 * m).denominator & (Fraction(n, 2 * m).denominator - 1) for n, m in pairs):
            raise Declined(ROUNDED)
        layer = sc.Upsample(shape, sample.input.shape[1], size=wanted, mode=mode, align_corners=corners)
    else:
        layer = sc.Upsample(shape, sample.input.shape[1], size=wanted, mode=mode)
    return layer, None, None, sample.input.shape


def upsample_bilinear(_: None, sample: Any) -> Case:
    """The older name of bilinear interpolation, with aligned corners."""
    return interpolate("bilinear", sample, corners=True)


def pixel_shuffle(_: None, sample: Any) -> Case:
    r, (*_, channels, height, width) = sample.kwargs["upscale_factor"], sample.input.shape
    if not channels * height * width:
        raise Declined(EMPTY)
    return sc.PixelShuffle((height, width), r, channels // r**2), None, None, sample.input.shape


def pixel_unshuffle(_: None, sample: Any) -> Case:
    """A depthwise convolution whose kernels hold a single one, each at another place."""
    r, (*_, channels, height, width) = sample.kwargs["downscale_factor"], sample.input.shape
    if not channels * height * width:
        raise Declined(EMPTY)
    layer = sc.Conv((height, width), r, channels, channels * r * r, stride=r, groups=channels)
    kernel = np.broadcast_to(np.eye(r * r, dtype=np.int64).reshape(r * r, 1, r, r), (channels, r * r, 1, r, r))
    return layer, np.ascontiguousarray(kernel).reshape(layer.kernel_shape), None, sample.input.shape


def linear(_: None, sample: Any) -> Case:
    given = bound("weight bias", sample)
    weight = given["weight"] if given["weight"].ndim == 2 else given["weight"][None]
    return sc.Linear(weight.shape[1], weight.shape[0], given.get("bias") is not None), given["weight"], given.get("bias"), sample.input.shape  # fmt: skip


Make = Callable[[Any, Any], Case]
OPERATORS: dict[str, tuple[Make, Any, int, dict[str, int]]] = {
    "conv1d": (conv, 1, 10, {}),
    "conv2d": (conv, 2, 30, {}),
    "conv3d": (conv, 3, 20, {}),
    "conv_transpose1d": (conv_transpose, 1, 10, {}),
    "conv_transpose2d": (conv_transpose, 2, 12, {}),
    "conv_transpose3d": (conv_transpose, 3, 10, {}),
    "avg_pool1d": (avg_pool, 1, 9, {}),
    "avg_pool2d": (avg_pool, 2, 7, {}),
    "avg_pool3d": (avg_pool, 3, 8, {}),
    "adaptive_avg_pool1d": (adaptive_avg_pool, 1, 2, {UNEVEN: 4}),
    "adaptive_avg_pool2d": (adaptive_avg_pool, 2, 2, {UNEVEN: 8}),
    "adaptive_avg_pool3d": (adaptive_avg_pool, 3, 4, {UNEVEN: 8}),
    "pad constant": (pad, "constant", 49, {EMPTY: 2}),
    "pad reflect": (pad, "reflect", 12, {}),
    "pad replicate": (pad, "replicate", 12, {}),
    "pad replicate_negative": (pad, "replicate", 6, {}),
    "pad circular": (pad, "circular", 7, {CROPPED: 1}),
    "interpolate nearest": (interpolate, "nearest", 11, {POSITIONS: 12}),
    "interpolate nearest-exact": (interpolate, "nearest-exact", 11, {POSITIONS: 12}),
    "interpolate linear": (interpolate, "linear", 2, {ROUNDED: 4, POSITIONS: 12}),
    "interpolate bilinear": (interpolate, "bilinear", 2, {ROUNDED: 12, POSITIONS: 12, ANTIALIAS: 2}),
    "interpolate trilinear": (interpolate, "trilinear", 2, {ROUNDED: 10, POSITIONS: 12}),
    "interpolate bicubic": (interpolate, "bicubic", 0, {CUBIC: 28}),
    "interpolate area": (interpolate, "area", 0, {UNEVEN: 10, POSITIONS: 12}),
    "upsample_nearest": (interpolate, "nearest", 6, {POSITIONS: 6}),
    "upsample_bilinear": (upsample_bilinear, None, 2, {ROUNDED: 2, POSITIONS: 2}),
    "unfold": (unfold, None, 163, {}),
    "pixel_shuffle": (pixel_shuffle, None, 2, {EMPTY: 3}),
    "pixel_unshuffle": (pixel_unshuffle, None, 2, {EMPTY: 3}),
    "linear": (linear, None, 18, {}),
}
"""Operator and variant -> the layer it is, how many of its samples agree, and how many are refused for which reason."""


def drawn(rng: random.Random, given: Any) -> Any:
    """Integers in the shape of a tensor."""
    return None if given is None else torch.from_numpy(integers(rng, tuple(given.shape))).double()


def compare(what: str, call: Any, sample: Any, case: Case, rng: random.Random) -> None:
    """One sample, its shapes and options kept and its numbers drawn anew; an empty batch gets one entry."""
    layer, weight, bias, shape = case
    x = integers(rng, tuple(n or 1 for n in shape), SCALE if layer.kernel_shape is None else 1)
    new = [(weight, drawn(rng, weight)), (bias, drawn(rng, bias))] if isinstance(weight, torch.Tensor) else []

    def renewed(value: Any) -> Any:
        return next((fresh for old, fresh in new if old is not None and old is value), value)

    options = {name: renewed(value) for name, value in sample.kwargs.items()}
    theirs = call(torch.from_numpy(x).double(), *map(renewed, sample.args), **options).numpy()
    if what == "pad constant":  # a constant other than zero adds a number, which is no part of W
        theirs -= call(torch.zeros(x.shape).double(), *sample.args, **options).numpy()
    kernel, offset = [None if each is None else each.numpy().astype(np.int64) for _, each in new] or [weight, None]
    if kernel is not None:
        kernel = kernel.reshape(layer.kernel_shape)
    batch = x.reshape(-1, prod(layer.input_shape))
    for one, expected in zip(batch, theirs.reshape(len(batch), *layer.output_shape), strict=True):
        ours = applied(layer, one, kernel, None if offset is None else offset.reshape(-1))
        assert (ours == expected).all(), (what, sample)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", OPERATORS)
def test_every_sample_of_the_operator_tests(what: str) -> None:
    make, argument, agree, refused = OPERATORS[what]
    name, _, variant = what.partition(" ")
    (info,) = [op for op in op_db if op.name == f"nn.functional.{name}" and op.variant_test_name == variant]
    rng, compared, declined = random.Random(what), 0, Counter[str]()
    for sample in info.reference_inputs("cpu", torch.float64):
        try:
            case = make(argument, sample)
        except Declined as reason:
            declined[str(reason)] += 1
            continue
        compare(what, info.op, sample, case, rng)
        compared += 1
    assert (compared, declined) == (agree, refused)
