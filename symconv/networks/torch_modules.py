"""What each module of PyTorch is here: a list of operations, or the reason why it is none.

A module is known by its exact class: a subclass may compute anything. PyTorch itself is not imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isfinite, isqrt, prod, sqrt
from typing import Any

from ..layers import AvgPool, Conv, ConvTranspose, Layer, Linear, PixelShuffle, Upsample
from .exact import exact, plain
from .operations import Activation, Apply, Operation, Reshape, Scale, Shape
from .rearranging import Permute, Take


class Declined(Exception):
    """Raised with the reason why something is not converted."""


_DEPENDS = "which input it takes depends on the inputs, so it has no weight matrix"
REASONS = (
    (
        "softm",
        "every output depends on all inputs and not linearly: it is neither a matrix nor an elementwise activation",
    ),
    ("clamp", "it is a known activation with both limits, or with zero for the lower one"),
    ("max", _DEPENDS),
    ("median", _DEPENDS),
    ("attention", "it multiplies its inputs with each other, so what weighs them depends on the inputs"),
    ("transformer", "its attention multiplies its inputs with each other, so what weighs them depends on the inputs"),
    ("layernorm", "it divides by the spread of its own input"),
    ("layer_norm", "it divides by the spread of its own input"),
    ("groupnorm", "it divides by the spread of its own input"),
    ("group_norm", "it divides by the spread of its own input"),
    ("instancenorm", "it divides by the spread of its own input"),
    ("rmsnorm", "it divides by the size of its own input"),
    ("lstm", "its gates multiply its inputs with each other"),
    ("gru", "its gates multiply its inputs with each other"),
    ("lppool", "it is a power mean of its inputs, which is not linear"),
)
"""Part of a name -> why what has it in its name is refused."""


def why(name: str) -> str:
    """Why a thing of that name is not converted."""
    plain_name = name.lower().replace(".", "")
    return next((reason for part, reason in REASONS if part in plain_name), "there is no conversion for it")


def operations(module: Any, shape: Shape) -> list[Operation]:
    """What a module does to an input of that shape; raises `Declined` with the reason."""
    name = type(module).__name__
    if hasattr(module, "parametrizations"):
        how = "torch.nn.utils.parametrize.remove_parametrizations leaves the module with what they are now"
        raise Declined(f"its weights are computed by a parametrization; {how}")
    if type(module).__module__.split(".")[:2] != ["torch", "nn"] or name not in MODULES:
        raise Declined(why(name))
    if module._forward_hooks or module._forward_pre_hooks or _hooks_of_all():
        raise Declined("a hook may change what it computes")
    if "forward" in vars(module):
        raise Declined("its forward was replaced, so it may compute anything")
    return MODULES[name](module, shape)


def _hooks_of_all() -> bool:
    """Whether a hook is registered for every module there is."""
    from torch.nn.modules import module

    return bool(module._global_forward_hooks or module._global_forward_pre_hooks)


def layer_of(module: Any, shape: Shape) -> Layer | None:
    """The layer that a module is, where it is one."""
    found = operations(module, shape)
    first = found[0] if len(found) == 1 else None
    return first.layer if isinstance(first, Apply) else None


# The modules --------------------------------------------------------------------------------------


def _spatial(module: Any, shape: Shape) -> Shape:
    rank = int(type(module).__name__[-2])
    if len(shape) != rank + 1:
        raise Declined(f"it takes (channels, {rank} sizes), and the input has the shape {shape}")
    return shape[1:]


def _weighted(layer: Layer, module: Any) -> list[Operation]:
    return [Apply(layer, plain(module.weight), None if module.bias is None else plain(module.bias))]


def _conv(module: Any, shape: Shape) -> list[Operation]:
    size, padding = _spatial(module, shape), module.padding
    if padding == "same":  # PyTorch's: with stride 1 only, the odd one at the high end
        totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        padding = tuple((total // 2, total - total // 2) for total in totals)
    layer = Conv(
        size, module.kernel_size, module.in_channels, module.out_channels, module.stride, padding, module.dilation,
        module.groups, module.bias is not None, module.padding_mode,
    )  # fmt: skip
    return _weighted(layer, module)


def _conv_transpose(module: Any, shape: Shape) -> list[Operation]:
    layer = ConvTranspose(
        _spatial(module, shape), module.kernel_size, module.in_channels, module.out_channels, module.stride,
        module.padding, module.output_padding, module.dilation, module.groups, module.bias is not None,
    )  # fmt: skip
    return _weighted(layer, module)


def _linear(module: Any, shape: Shape) -> list[Operation]:
    if len(shape) != 1:
        raise Declined(f"it is applied along the last axis of the shape {shape}; flatten first")
    return _weighted(Linear(module.in_features, module.out_features, module.bias is not None), module)


def _avg_pool(module: Any, shape: Shape) -> list[Operation]:
    size = _spatial(module, shape)
    divisor = getattr(module, "divisor_override", None)
    pool = AvgPool(
        size, module.kernel_size, shape[0], module.stride, module.padding, module.ceil_mode, module.count_include_pad,
        divisor,
    )  # fmt: skip
    return [Apply(pool)]


def _adaptive(module: Any, shape: Shape) -> list[Operation]:
    size, wanted = _spatial(module, shape), module.output_size
    each = wanted if isinstance(wanted, (tuple, list)) else (wanted,) * len(size)
    target = [n if m is None else m for n, m in zip(size, each, strict=True)]
    if any(n % m for n, m in zip(size, target, strict=True)):
        raise Declined(f"{tuple(target)} does not divide {size}, so its windows have different sizes and overlap")
    return [Apply(AvgPool(size, [n // m for n, m in zip(size, target, strict=True)], shape[0]))]


def mean(shape: Shape, dims: Any, keep: bool) -> list[Operation]:
    """The mean over all axes but the channels; `dims` count from the batch."""
    given = dims if isinstance(dims, (tuple, list)) else (dims,)
    spatial = set(range(2, len(shape) + 1))
    if not spatial or None in given or {d % (len(shape) + 1) for d in given} != spatial:
        raise Declined("only the mean over all axes but batch and channels is average pooling")
    pool = Apply(AvgPool(shape[1:], shape[1:], shape[0]))
    return [pool] if keep else [pool, Reshape(shape[:1])]


def _upsample(module: Any, shape: Shape) -> list[Operation]:
    scale: Any = module.scale_factor
    if scale is not None:
        factors = [Fraction(each) for each in (scale if isinstance(scale, (tuple, list)) else (scale,))]
        if getattr(module, "recompute_scale_factor", None) or any(each.denominator > 16 for each in factors):
            raise Declined(f"PyTorch rounds its scale {scale}; give the size, or a scale such as 2 or 1.5")
        if any(each.denominator > 1 for each in factors) and any(int(n * f) == n for n in shape[1:] for f in factors):
            raise Declined(f"PyTorch copies an input whose size the scale {scale} does not change")
        scale = factors[0] if len(factors) == 1 else factors
    layer = Upsample(shape[1:], shape[0], module.size, scale, module.mode, bool(module.align_corners))
    if not _takes_the_same(layer, module):
        raise Declined("PyTorch computes the positions in floating point, and here takes other inputs")
    return [Apply(layer)]


def _takes_the_same(layer: Upsample, module: Any) -> bool:
    """Whether PyTorch finds the same on inputs that tell positions apart: its positions are floating-point numbers.

    They are not the same numbers in single precision as in double: of two inputs, output 41 of 82 takes another one.
    """
    import numpy as np
    import torch

    from .conversion import Dense
    from .graph import INPUT, Node

    alone = Upsample(layer.input_size, 1, layer.size, layer.scale_factor, layer.mode, layer.align_corners)
    ours = Apply(alone)
    dense = Dense(Node("upsample", ours, (INPUT,)), alone.output_shape, ours.matrix([alone.input_shape]), None)
    power, tolerance = (2, 1e-4) if layer.mode == "bilinear" else (1, 0)
    for dtype in (torch.float32, torch.float64):
        ramp = torch.arange(prod(layer.input_size), dtype=dtype) ** power
        theirs = module(ramp.reshape(1, 1, *layer.input_size)).reshape(-1).numpy()
        if not np.allclose(dense.apply(ramp.numpy()[None])[0], theirs, rtol=tolerance, atol=tolerance):
            return False
    return True


def _pixel_shuffle(module: Any, shape: Shape) -> list[Operation]:
    r = module.upscale_factor
    if len(shape) != 3 or shape[0] % r**2:
        raise Declined(f"it takes (channels, height, width) with channels a multiple of {r**2}, and gets {shape}")
    return [Apply(PixelShuffle(shape[1:], r, shape[0] // r**2))]


def _pixel_unshuffle(module: Any, shape: Shape) -> list[Operation]:
    r = module.downscale_factor
    if len(shape) != 3 or shape[1] % r or shape[2] % r:
        raise Declined(f"it takes (channels, height, width) with sizes that are multiples of {r}, and gets {shape}")
    channels, height, width = shape
    apart = Reshape((channels, height // r, r, width // r, r))
    return [apart, Permute((0, 2, 4, 1, 3)), Reshape((channels * r * r, height // r, width // r))]


def _channel_shuffle(module: Any, shape: Shape) -> list[Operation]:
    groups = module.groups
    if shape[0] % groups:
        raise Declined(f"{shape[0]} channels are not {groups} equal groups")
    order = (n for first in range(shape[0] // groups) for n in range(first, shape[0], shape[0] // groups))
    return [Take((tuple(order), *(tuple(range(size)) for size in shape[1:])))]


def padded(shape: Shape, pairs: list[tuple[int, int]], mode: str) -> list[Operation]:
    """Padding alone, (low, high) for each of the last axes: a depthwise convolution with a kernel of one 1, padded."""
    import numpy as np

    channels, *sizes = shape
    if len(pairs) > len(sizes):
        raise Declined("it pads the channels or the batch")
    if mode == "circular" and any(number < 0 for pair in pairs for number in pair):
        raise Declined("it crops before it wraps, and here it is the other way round")
    pairs = [(0, 0)] * (len(sizes) - len(pairs)) + pairs
    layer = Conv(tuple(sizes), 1, channels, channels, padding=pairs, groups=channels, padding_mode=mode)
    return [Apply(layer, np.ones(layer.kernel_shape, int))]


def pairs_from_the_last(given: Any) -> list[tuple[int, int]]:
    """PyTorch's padding, low and high from the last axis on, as pairs in the order of the axes."""
    return [(low, high) for low, high in zip(given[::2], given[1::2], strict=True)][::-1]


def _padding(mode: str) -> Callable[[Any, Shape], list[Operation]]:
    return lambda module, shape: padded(shape, pairs_from_the_last(module.padding), mode)


def _flatten(module: Any, shape: Shape) -> list[Operation]:
    first, last = (d % (len(shape) + 1) for d in (module.start_dim, module.end_dim))
    if first == 0:
        raise Declined("it flattens the batch too")
    return [Reshape((*shape[: first - 1], prod(shape[first - 1 : last]), *shape[last:]))]


def _batch_norm(module: Any, shape: Shape) -> list[Operation]:
    if module.training or module.running_mean is None:
        raise Declined("in training it divides by the spread of the batch; call module.eval(), and keep its statistics")
    channels = shape[:1]
    means, variances, weights, biases = (
        exact(plain(value), channels, name).tolist() if value is not None else [default] * channels[0]
        for name, value, default in (
            ("running_mean", module.running_mean, 0), ("running_var", module.running_var, 1),
            ("weight", module.weight, 1), ("bias", module.bias, 0),
        )
    )  # fmt: skip
    return [batch_norm(means, variances, weights, biases, module.eps)]


def batch_norm(means: list[Any], variances: list[Any], weights: list[Any], biases: list[Any], eps: float) -> Scale:
    """Its scale g / sqrt(v + e) for each channel: exact where the root is rational, else the nearest float64."""
    scales, rounded = [], False
    for variance, weight in zip(variances, weights, strict=True):
        if not isfinite(eps):
            raise Declined(f"its epsilon is {eps}")
        inside = Fraction(variance) + Fraction(eps)
        if inside <= 0:
            raise Declined(f"a variance of {float(variance)} has no root")
        top, bottom = isqrt(inside.numerator), isqrt(inside.denominator)
        whole = top * top == inside.numerator and bottom * bottom == inside.denominator
        scales.append(weight * Fraction(bottom, top) if whole else Fraction(float(weight) / sqrt(inside)))
        rounded = rounded or (not whole and weight != 0)
    offsets = [b - m * s for b, m, s in zip(biases, means, scales, strict=True)]
    return Scale(scales, offsets, rounded)


def channel_numbers(value: Any, shape: Shape) -> list[Any]:
    """A constant's number for each channel of a tensor of that shape, exact; the constant has a batch axis, or fewer axes."""
    import numpy as np

    value = np.asarray(value)
    lead = value.reshape((1,) * max(len(shape) + 1 - value.ndim, 0) + value.shape)
    fits = lead.ndim == len(shape) + 1 and lead.shape[1] in (1, *shape[:1])
    if not fits or any(n != 1 for n in (lead.shape[0], *lead.shape[2:])):
        raise Declined("its constant is not one number for each channel")
    found: list[Any] = exact(np.broadcast_to(lead.reshape(-1), shape[:1]), shape[:1], "constant").tolist()
    return found


def _dropout(module: Any, shape: Shape) -> list[Operation]:
    if module.training and module.p > 0:
        raise Declined("in training it drops entries at random; call module.eval()")
    return []


def _same(module: Any, shape: Shape) -> list[Operation]:
    return []


def _activation(name: str, *parameters: str) -> Callable[[Any, Shape], list[Operation]]:
    return lambda module, shape: [Activation(name, tuple(getattr(module, each) for each in parameters))]


def _gelu(module: Any, shape: Shape) -> list[Operation]:
    return [Activation("gelu" if module.approximate == "none" else "gelu_tanh")]


def _softplus(module: Any, shape: Shape) -> list[Operation]:
    if module.beta != 1 or module.threshold < 20:  # above the threshold PyTorch gives x, which at 20 is a rounding
        raise Declined("only beta=1 is known, with a threshold of at least 20")
    return [Activation("softplus")]


MODULES: dict[str, Callable[[Any, Shape], list[Operation]]] = {
    **{f"Conv{rank}d": _conv for rank in (1, 2, 3)},
    **{f"ConvTranspose{rank}d": _conv_transpose for rank in (1, 2, 3)},
    **{f"AvgPool{rank}d": _avg_pool for rank in (1, 2, 3)},
    **{f"AdaptiveAvgPool{rank}d": _adaptive for rank in (1, 2, 3)},
    **{f"BatchNorm{rank}d": _batch_norm for rank in (1, 2, 3)},
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"), _dropout),
    "Linear": _linear,
    "Upsample": _upsample,
    "PixelShuffle": _pixel_shuffle,
    "PixelUnshuffle": _pixel_unshuffle,
    "ChannelShuffle": _channel_shuffle,
    **{f"ZeroPad{rank}d": _padding("zeros") for rank in (1, 2, 3)},
    **{f"ReflectionPad{rank}d": _padding("reflect") for rank in (1, 2, 3)},
    **{f"ReplicationPad{rank}d": _padding("replicate") for rank in (1, 2, 3)},
    **{f"CircularPad{rank}d": _padding("circular") for rank in (1, 2, 3)},
    "Flatten": _flatten,
    "Identity": _same,
    "ReLU": _activation("relu"),
    "ReLU6": _activation("hardtanh", "min_val", "max_val"),
    "Hardtanh": _activation("hardtanh", "min_val", "max_val"),
    "LeakyReLU": _activation("leaky_relu", "negative_slope"),
    "Hardsigmoid": _activation("hardsigmoid"),
    "Hardswish": _activation("hardswish"),
    "Sigmoid": _activation("sigmoid"),
    "Tanh": _activation("tanh"),
    "SiLU": _activation("silu"),
    "ELU": _activation("elu", "alpha"),
    "GELU": _gelu,
    "Softplus": _softplus,
}
"""Class -> its operations for an input shape."""
