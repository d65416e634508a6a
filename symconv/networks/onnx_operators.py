"""What each operator of ONNX is here: a list of operations, or the reason why it is none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

from ..layers import AvgPool, Conv, ConvTranspose, Linear
from .exact import exact
from .onnx_calls import Call
from .onnx_constants import BATCH
from .onnx_rearranging import REARRANGING
from .operations import Activation, Add, Apply, Concat, Operation, Reshape, Scale
from .torch_modules import Declined, batch_norm, channel_numbers, mean, padded, why

__all__ = ["OPERATORS", "Call", "Declined", "why"]


def _conv(call: Call) -> list[Operation]:
    weight, bias = call.weights(1), call.constant(2)
    size, kernel, group = call.spatial, [int(k) for k in weight.shape[2:]], int(call.get("group", 1))
    stride, dilation = call.each("strides", 1), call.each("dilations", 1)

    def total(axis: int) -> int:
        windows: int = -(-size[axis] // stride[axis])
        return (windows - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 - size[axis]

    layer = Conv(
        size, kernel, weight.shape[1] * group, weight.shape[0], stride, call.pads(total), dilation, group,
        bias is not None,
    )  # fmt: skip
    return [Apply(layer, weight, bias)]


def _conv_transpose(call: Call) -> list[Operation]:
    weight, bias = call.weights(1), call.constant(2)
    size, kernel, group = call.spatial, [int(k) for k in weight.shape[2:]], int(call.get("group", 1))
    stride, dilation, extra = call.each("strides", 1), call.each("dilations", 1), call.each("output_padding", 0)
    full = [
        (n - 1) * s + d * (k - 1) + 1 + e for n, s, d, k, e in zip(size, stride, dilation, kernel, extra, strict=True)
    ]
    wanted, mode = [int(n) for n in call.get("output_shape", [])][-len(size) :], call.get("auto_pad", "NOTSET")
    if not wanted and mode.startswith("SAME"):
        wanted = [n * s for n, s in zip(size, stride, strict=True)]
    if wanted:  # it decides the padding; SAME_UPPER puts the odd one at the end, everything else at the beginning
        totals = [f - m for f, m in zip(full, wanted, strict=True)]
        if min(totals) < 0:
            raise Declined(f"its output is to have the sizes {wanted}, which are more than the {full} that it computes")
        pads = [(t // 2, t - t // 2) if mode == "SAME_UPPER" else (t - t // 2, t // 2) for t in totals]
    else:
        pads = call.pads(lambda axis: 0)
    layer = ConvTranspose(
        size, kernel, weight.shape[0], weight.shape[1] * group, stride, pads, extra, dilation, group, bias is not None
    )
    return [Apply(layer, weight, bias)]


def _average_pool(call: Call) -> list[Operation]:
    size, kernel, stride = call.spatial, call.each("kernel_shape", 1), call.each("strides", 1)
    if set(call.each("dilations", 1)) != {1}:
        raise Declined("its window has gaps")

    def total(axis: int) -> int:
        return (-(-size[axis] // stride[axis]) - 1) * stride[axis] + kernel[axis] - size[axis]

    pool = AvgPool(
        size, kernel, call.shapes[0][0], stride, call.pads(total), bool(call.get("ceil_mode", 0)),
        bool(call.get("count_include_pad", 0)),
    )  # fmt: skip
    return [Apply(pool)]


def _pad(call: Call) -> list[Operation]:
    given = call.get("pads", None) if call.inputs < 2 else call.constant(1)
    value = call.get("value", 0) if call.inputs < 3 else call.constant(2)
    modes = {"constant": "zeros", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
    mode, rank = modes.get(call.get("mode", "constant")), len(call.spatial) + 2
    if given is None or mode is None or (value is not None and float(value)):
        raise Declined("only padding with zeros, or of the modes reflect, edge and wrap, is known")
    axes = call.constant(3)
    places = range(rank) if axes is None else [int(axis) % rank for axis in axes]
    ends = [int(n) for n in given]  # all beginnings, then all ends
    pairs = dict(zip(places, zip(ends[: len(ends) // 2], ends[len(ends) // 2 :], strict=True), strict=True))
    if any(pairs.get(axis, (0, 0)) != (0, 0) for axis in (0, 1)):
        raise Declined("it pads the batch or the channels")
    return padded(call.shapes[0], [pairs.get(axis, (0, 0)) for axis in range(2, rank)], mode)


def _global_average_pool(call: Call) -> list[Operation]:
    return [Apply(AvgPool(call.spatial, call.spatial, call.shapes[0][0]))]


def _reduce_mean(call: Call) -> list[Operation]:
    axes = call.get("axes", None) if call.inputs < 2 else call.constant(1)
    if axes is None:
        raise Declined("it is the mean over everything")
    return mean(call.shapes[0], [int(axis) for axis in axes], bool(call.get("keepdims", 1)))


def _gemm(call: Call) -> list[Operation]:
    if call.constants[0] is not None or call.get("transA", 0):
        raise Declined("its input is on the right, or transposed")
    weight, bias = call.weights(1), call.constant(2)
    return _linear(
        call, weight if call.get("transB", 0) else weight.T, bias, call.get("alpha", 1.0), call.get("beta", 1.0)
    )


def _matmul(call: Call) -> list[Operation]:
    if call.constants[0] is not None:
        raise Declined("its input is on the right")
    weight = call.weights(1)
    if weight.ndim != 2:
        raise Declined("its weights are no matrix")
    return _linear(call, weight.T, None, 1, 1)


def _linear(call: Call, weight: Any, bias: Any, alpha: float, beta: float) -> list[Operation]:
    """alpha W x + beta b, the products exact."""
    import numpy as np

    if len(call.shapes[0]) != 1:
        raise Declined(f"it is applied along the last axis of the shape {call.shapes[0]}; flatten first")
    rows, columns = weight.shape
    if bias is not None and np.shape(bias) not in ((), (1,), (rows,), (1, 1), (1, rows)):
        raise Declined(f"its bias has the shape {np.shape(bias)}, not one number for each of its {rows} outputs")
    if bias is not None:
        bias = np.broadcast_to(bias, (1, rows))[0]
    kernel, offset = (
        each if each is None or factor == 1 else exact(each, each.shape, name) * Fraction(factor)
        for name, each, factor in (("weight", weight, alpha), ("bias", bias, beta))
    )
    return [Apply(Linear(columns, rows, bias is not None), kernel, offset)]


def _add(call: Call) -> list[Operation]:
    if len(call.shapes) == call.inputs == 1:
        return []  # the sum of one
    if len(call.shapes) == call.inputs:
        if len(set(call.shapes)) > 1:
            raise Declined(f"its inputs have different shapes, {call.shapes[0]} and {call.shapes[1]}")
        return [Add()]
    return [_per_channel(call, lambda c: (1, c))]


def _sub(call: Call) -> list[Operation]:
    if len(call.shapes) == 2:
        if call.shapes[0] != call.shapes[1]:
            raise Declined(f"its inputs have different shapes, {call.shapes[0]} and {call.shapes[1]}")
        return [Add((1, -1))]
    if call.constants[0] is not None:
        return [_per_channel(call, lambda c: (-1, c))]
    return [_per_channel(call, lambda c: (1, -c))]


def _neg(call: Call) -> list[Operation]:
    channels = call.shapes[0][0]
    return [Scale([-1] * channels, [0] * channels)]


def _mul(call: Call) -> list[Operation]:
    return [_per_channel(call, lambda c: (c, 0))]


def _div(call: Call) -> list[Operation]:
    def inverse(channel: Any) -> tuple[Any, Any]:
        if channel == 0:
            raise Declined("it divides by zero")
        return Fraction(1) / channel, 0

    return [_per_channel(call, inverse, left=False)]


def _per_channel(call: Call, pair: Callable[[Any], tuple[Any, Any]], left: bool = True) -> Scale:
    """The operation with a constant that is one number for each channel; `left`: it may be the first input."""
    found = [(at, value) for at, value in enumerate(call.constants) if value is not None]
    if len(found) != 1 or len(call.shapes) != 1 or call.inputs != 2:
        raise Declined("it combines what depends on the input")
    (at, value), shape = found[0], call.shapes[0]
    if at == 0 and not left:
        raise Declined("the constant comes first")
    scales, offsets = zip(*map(pair, channel_numbers(value, shape)), strict=True)
    return Scale(list(scales), list(offsets))


def _concat(call: Call) -> list[Operation]:
    if len(call.shapes) != call.inputs:
        raise Declined("it concatenates with a constant")
    axis = int(call.get("axis", 1)) % (len(call.shapes[0]) + 1)
    if axis == 0:
        raise Declined("it concatenates along the batch")
    return [Concat(axis - 1)]


def _flatten(call: Call) -> list[Operation]:
    axis = int(call.get("axis", 1))
    if (axis + len(call.shapes[0]) + 1 if axis < 0 else axis) != 1:
        raise Declined("it flattens the batch too")
    return [Reshape()]


def _reshape(call: Call) -> list[Operation]:
    given = call.constants[1] if len(call.constants) > 1 else call.get("shape", None)
    shape, size = call.shapes[0], prod(call.shapes[0])
    if given is None:
        if call.after is None or prod(call.after) != size:
            raise Declined("its shape is not known")
        return [Reshape(call.after)]
    target = [int(n) for n in given]
    if 0 in target and not call.get("allowzero", 0):  # a copy of the input's size
        target = [(BATCH if at == 0 else shape[at - 1]) if n == 0 else n for at, n in enumerate(target)]
    rest = target[1:]
    if -1 in rest:
        others = -prod(rest)
        rest = [size // others if n == -1 and others else n for n in rest]
    keeps = bool(target) and (target[0] in (-1, BATCH) or target[0] == call.batch)
    if not keeps or prod(rest) != size or min(rest, default=1) < 1:
        raise Declined("it changes the batch axis")
    return [Reshape(tuple(rest))]


def _squeezed(call: Call) -> list[Operation]:
    axes = call.get("axes", None) if call.inputs < 2 else call.constant(1)
    if axes is None or call.after is None:
        raise Declined("it may change the batch axis")
    rank = max(len(call.shapes[0]), len(call.after)) + 1  # of the shape that has those axes
    if any(int(axis) % rank == 0 for axis in axes):
        raise Declined("it changes the batch axis")
    return [Reshape(call.after)]


def _batch_normalization(call: Call) -> list[Operation]:
    if call.get("training_mode", 0) or any(call.outputs[1:]):
        raise Declined("in training it divides by the spread of the batch")
    channels = call.shapes[0][:1]
    weight, bias, means, variances = (exact(call.weights(at), channels, "weights").tolist() for at in (1, 2, 3, 4))
    return [batch_norm(means, variances, weight, bias, call.get("epsilon", 1e-5))]


def _clip(call: Call) -> list[Operation]:
    low, high = (
        call.constant(at) if call.inputs > 1 else call.get(name, None) for at, name in ((1, "min"), (2, "max"))
    )
    if low is not None and high is None and float(low) == 0:
        return [Activation("relu")]
    if low is None or high is None:
        raise Declined("it needs a lower and an upper limit")
    return [Activation("hardtanh", (float(low), float(high)))]


def _hard_sigmoid(call: Call) -> list[Operation]:
    if abs(call.get("alpha", 0.2) - 1 / 6) > 1e-6 or call.get("beta", 0.5) != 0.5:
        raise Declined("only alpha=1/6 and beta=1/2 are known")
    return [Activation("hardsigmoid")]


def _gelu(call: Call) -> list[Operation]:
    return [Activation("gelu" if call.get("approximate", "none") == "none" else "gelu_tanh")]


def _dropout(call: Call) -> list[Operation]:
    if call.inputs > 2 and (call.constants[2] is None or bool(call.constants[2])):
        raise Declined("in training it drops entries at random")
    return []


def _activation(name: str, parameter: str = "", default: float = 0) -> Callable[[Call], list[Operation]]:
    return lambda call: [Activation(name, (call.get(parameter, default),) if parameter else ())]


OPERATORS: dict[str, Callable[[Call], list[Operation]]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "AveragePool": _average_pool,
    "Pad": _pad,
    "GlobalAveragePool": _global_average_pool,
    "ReduceMean": _reduce_mean,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Sum": _add,
    "Sub": _sub,
    "Neg": _neg,
    "Mul": _mul,
    "Div": _div,
    "Concat": _concat,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeezed,
    "Unsqueeze": _squeezed,
    "BatchNormalization": _batch_normalization,
    **REARRANGING,
    "Identity": lambda call: [],
    "Dropout": _dropout,
    "Relu": _activation("relu"),
    "LeakyRelu": _activation("leaky_relu", "alpha", 0.01),
    "Clip": _clip,
    "Abs": _activation("abs"),
    "Sigmoid": _activation("sigmoid"),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _activation("hardswish"),
    "Tanh": _activation("tanh"),
    "Elu": _activation("elu", "alpha", 1.0),
    "Softplus": _activation("softplus"),
    "Gelu": _gelu,
}
"""Operator -> its operations."""

CONSTANT_FIRST = ("Add", "Sum", "Sub", "Mul", "Div", "Concat", "Gather", "Gemm", "MatMul")
"""Operators whose first input may be a constant where a later one is not: they look at it themselves."""
