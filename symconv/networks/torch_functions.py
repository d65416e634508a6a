"""What each function of PyTorch, or method of a tensor, is here: a list of operations, or the reason why it is none.

A function that has a module is that module. What a model computes from its weights alone is a constant, and comes here as
its value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .exact import exact, plain
from .operations import Activation, Add, Concat, Operation, Reshape, Scale, Shape
from .rearranging import Permute, Take
from .torch_modules import Declined, channel_numbers, mean, operations, padded, pairs_from_the_last, why


@dataclass(frozen=True)
class Call:
    """One call: its arguments as values, which of them are computed from the network's input, and the shapes."""

    torch: Any
    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    computed: tuple[int, ...]  # places among the arguments
    shapes: list[Shape]  # of the computed inputs, without the batch
    after: Shape  # of the output
    dtype: Any

    @property
    def name(self) -> str:
        return name_of(self.target)

    @property
    def shape(self) -> Shape:
        """That of the one computed input, which comes first."""
        if len(self.shapes) != 1 or self.computed != (0,):
            raise Declined("its input is not its first argument, or not alone")
        return self.shapes[0]

    def get(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by place or name; a constant."""
        if place in self.computed:
            raise Declined("its weights depend on the input")
        return self.kwargs.get(name, self.args[place] if len(self.args) > place else default)

    def axis(self, given: Any) -> int:
        """An axis, counted without the batch."""
        if not isinstance(given, int):
            raise Declined(f"its axis is {given!r}, and must be a number")
        axis = given % (len(self.shapes[0]) + 1)
        if axis == 0:
            raise Declined("it works along the batch")
        return axis - 1


def name_of(target: Any) -> str:
    """The name of a function, or of a method."""
    return target if isinstance(target, str) else str(getattr(target, "__name__", target))


def function(call: Call) -> list[Operation]:
    """What a call does; raises `Declined` with the reason."""
    if not (isinstance(call.target, str) or call.target is operator.getitem or is_torch(call.target)):
        raise Declined(why(call.name))
    if call.name in FUNCTIONS:
        return FUNCTIONS[call.name](call)
    if call.name in AS_MODULE:
        given = {key: value for key, value in call.kwargs.items() if (key, value) != ("antialias", False)}
        return _as_module(call, AS_MODULE[call.name], call.args[1:], given)
    raise Declined(why(call.name))


def is_torch(target: Any) -> bool:
    """Whether a function is PyTorch's or Python's own, and not one that merely has its name."""
    return str(getattr(target, "__module__", "")).split(".")[0] in ("torch", "_operator", "None")


def _as_module(call: Call, name: str, args: Any, kwargs: dict[str, Any], **tensors: Any) -> list[Operation]:
    """The module of that name, made with those arguments, with these weights."""
    try:
        module = getattr(call.torch.nn, name)(*args, **kwargs)
    except TypeError as error:
        raise Declined(f"its arguments are not known here: {error}") from None
    for each, value in tensors.items():
        if isinstance(value, call.torch.Tensor) and each in module._parameters:
            value = call.torch.nn.Parameter(value, requires_grad=False)
        setattr(module, each, value)
    return operations(module, call.shape)


# Layers -------------------------------------------------------------------------------------------


def _weights(call: Call) -> tuple[Any, Any]:
    return call.get(1, "weight"), call.get(2, "bias")


def _conv(call: Call) -> list[Operation]:
    weight, bias = _weights(call)
    stride, padding = call.get(3, "stride", 1), call.get(4, "padding", 0)
    dilation, groups = call.get(5, "dilation", 1), call.get(6, "groups", 1)
    sizes = weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:])
    given = (*sizes, stride, padding, dilation, groups, bias is not None)
    return _as_module(call, f"Conv{weight.ndim - 2}d", given, {"device": "meta"}, weight=weight, bias=bias)


def _conv_transpose(call: Call) -> list[Operation]:
    weight, bias = _weights(call)
    stride, padding = call.get(3, "stride", 1), call.get(4, "padding", 0)
    extra, groups, dilation = call.get(5, "output_padding", 0), call.get(6, "groups", 1), call.get(7, "dilation", 1)
    sizes = weight.shape[0], weight.shape[1] * groups, tuple(weight.shape[2:])
    given = (*sizes, stride, padding, extra, groups, bias is not None, dilation)
    return _as_module(call, f"ConvTranspose{weight.ndim - 2}d", given, {"device": "meta"}, weight=weight, bias=bias)


def _linear(call: Call) -> list[Operation]:
    weight, bias = _weights(call)
    given = (weight.shape[1], weight.shape[0], bias is not None)
    return _as_module(call, "Linear", given, {"device": "meta"}, weight=weight, bias=bias)


def _matmul(call: Call) -> list[Operation]:
    """A product with a constant matrix on the right."""
    weight: Any = None if call.computed != (0,) else call.get(1, "other")
    if getattr(weight, "ndim", 0) == 2:
        given = (*weight.shape, False)
        return _as_module(call, "Linear", given, {"device": "meta"}, weight=weight.T)
    raise Declined("it is a layer where the other factor is a constant matrix, on the right")


def _clamp(call: Call) -> list[Operation]:
    low, high = call.get(1, "min"), call.get(2, "max")
    if high is None and isinstance(low, (int, float)) and low == 0:
        return [Activation("relu")]
    if not all(isinstance(each, (int, float)) for each in (low, high)):
        raise Declined(why("clamp"))
    return [Activation("hardtanh", (low, high))]


def _batch_norm(call: Call) -> list[Operation]:
    name = f"BatchNorm{max(1, len(call.shape) - 1)}d"
    tensors = {each: call.get(n, each) for n, each in enumerate(("running_mean", "running_var", "weight", "bias"), 1)}
    further = {"training": call.get(5, "training", False), **tensors}
    return _as_module(call, name, (call.shape[0],), {"eps": call.get(7, "eps", 1e-5)}, **further)


def _dropout(call: Call) -> list[Operation]:
    if call.get(2, "training", True):
        raise Declined("in training it drops entries at random; call module.eval()")
    return []


def _mean(call: Call) -> list[Operation]:
    return mean(call.shape, call.get(1, "dim"), bool(call.get(2, "keepdim", False)))


def _pad(call: Call) -> list[Operation]:
    modes = {"constant": "zeros", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
    mode = call.get(2, "mode", "constant")
    if call.get(3, "value") or mode not in modes:
        raise Declined("only padding with zeros, or of the modes reflect, replicate and circular, is known")
    return padded(call.shape, pairs_from_the_last(call.get(1, "pad")), modes[mode])


# Sums and numbers ---------------------------------------------------------------------------------


def _concat(call: Call) -> list[Operation]:
    if len(call.shapes) != len(call.args[0]):
        raise Declined("it concatenates with a constant")
    return [Concat(call.axis(call.get(1, "dim", 0)))]


def _sum(call: Call, sign: int) -> list[Operation]:
    """The sum of two computed tensors, or their difference."""
    if len(set(call.shapes)) > 1:
        raise Declined(f"its inputs have different shapes, {call.shapes[0]} and {call.shapes[1]}")
    second = sign * exact(call.kwargs.get("alpha", 1), (), "alpha").item()
    return [Add() if second == 1 else Add((1, second))]


def _add(call: Call) -> list[Operation]:
    return _sum(call, 1) if len(call.shapes) == 2 else _with_constant(call, lambda c: (1, c), lambda c: (1, c))


def _sub(call: Call) -> list[Operation]:
    return _sum(call, -1) if len(call.shapes) == 2 else _with_constant(call, lambda c: (1, -c), lambda c: (-1, c))


def _inverse(number: Any) -> tuple[Any, Any]:
    if number == 0:
        raise Declined("it divides by zero")
    return Fraction(1) / number, 0


def _with_constant(call: Call, pair: Callable[[Any], Any], other: Callable[[Any], Any] | None) -> list[Operation]:
    """The scale and the offset of each channel, from the constant's number for it; `other`: where it comes first."""
    if len(call.shapes) != 1 or len(call.args) != 2 or call.kwargs.get("alpha", 1) != 1 or call.kwargs.get("rounding_mode"):  # fmt: skip
        raise Declined("it combines what depends on the input")
    first = call.computed == (1,)
    chosen = other if first else pair
    if chosen is None:
        raise Declined("it divides by what depends on the input")
    value = plain(call.torch.as_tensor(call.args[0 if first else 1], dtype=call.dtype))
    scales, offsets = zip(*map(chosen, channel_numbers(value, call.shapes[0])), strict=True)
    return [Scale(list(scales), list(offsets))]


def _mul(call: Call) -> list[Operation]:
    return _with_constant(call, lambda c: (c, 0), lambda c: (c, 0))


def _div(call: Call) -> list[Operation]:
    return _with_constant(call, _inverse, None)


def _neg(call: Call) -> list[Operation]:
    return [Scale([-1] * call.shape[0], [0] * call.shape[0])]


# Rearranging --------------------------------------------------------------------------------------


def _taken(call: Call, axis: int, indices: Any, drop: bool = False) -> list[Operation]:
    """These indices along an axis, all of the others; a dropped axis has one."""
    every = [tuple(range(size)) for size in call.shapes[0]]
    every[axis] = tuple(indices)
    return [Take(tuple(every)), *([Reshape(call.after)] if drop else [])]


def _getitem(call: Call) -> list[Operation]:
    index = call.get(1, "index")
    parts = list(index) if isinstance(index, tuple) else [index]
    if not all(part is None or part is Ellipsis or isinstance(part, (int, slice)) for part in parts):
        raise Declined("it takes entries by another tensor")
    rank = len(call.shape) + 1
    missing = rank - sum(part is not None and part is not Ellipsis for part in parts)
    at = next((n for n, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts = [*parts[:at], *[slice(None)] * missing, *parts[at + 1 :]]
    axes = [part for part in parts if part is not None]
    if axes[0] != slice(None) or parts[0] is None:
        raise Declined("it takes a part of the batch")
    taken = tuple(
        tuple(range(size)[part]) if isinstance(part, slice) else (range(size)[part],)
        for part, size in zip(axes[1:], call.shape, strict=True)
    )
    return [Take(taken), *([Reshape(call.after)] if tuple(map(len, taken)) != call.after else [])]


def _narrow(call: Call) -> list[Operation]:
    axis = call.axis(call.get(1, "dim"))
    start = call.get(2, "start") % call.shape[axis]
    return _taken(call, axis, range(start, start + call.get(3, "length")))


def _select(call: Call) -> list[Operation]:
    axis = call.axis(call.get(1, "dim"))
    return _taken(call, axis, [range(call.shape[axis])[call.get(2, "index")]], drop=True)


def _flip(call: Call) -> list[Operation]:
    given = call.get(1, "dims")
    axes = [call.axis(each) for each in (given if isinstance(given, (tuple, list)) else call.args[1:])]
    taken = (tuple(range(size))[:: -1 if axis in axes else 1] for axis, size in enumerate(call.shape))
    return [Take(tuple(taken))]


def _permute(call: Call) -> list[Operation]:
    given = call.get(1, "dims")
    dims = given if isinstance(given, (tuple, list)) else call.args[1:]
    if dims[0] % len(dims):
        raise Declined("it moves the batch")
    return [Permute(tuple(call.axis(each) for each in dims[1:]))]


def _transpose(call: Call) -> list[Operation]:
    one, other = (call.axis(call.get(n, f"dim{n - 1}")) for n in (1, 2))
    axes = list(range(len(call.shape)))
    axes[one], axes[other] = axes[other], axes[one]
    return [Permute(tuple(axes))]


def _reshape(call: Call) -> list[Operation]:
    return [Reshape(call.after)] if call.shape != call.after else []


def _same(call: Call) -> list[Operation]:
    return [] if call.shape == call.after else [Reshape(call.after)]


SPLITS = ("chunk", "split", "split_with_sizes", "tensor_split", "unbind")


def piece(call: Call, pieces: Any, number: int) -> list[Operation]:
    """One of the tensors that a split gives."""
    axis = call.axis(call.get(1, "dim", 0) if call.name == "unbind" else call.get(2, "dim", 0))
    if call.name == "unbind":
        return _taken(call, axis, [number], drop=True)
    sizes = [each.shape[axis + 1] for each in pieces]
    start = sum(sizes[:number])
    return _taken(call, axis, range(start, start + sizes[number]))


FUNCTIONS: dict[str, Callable[[Call], list[Operation]]] = {
    **{f"conv{rank}d": _conv for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": _conv_transpose for rank in (1, 2, 3)},
    "linear": _linear,
    "batch_norm": _batch_norm,
    **dict.fromkeys(("matmul", "mm"), _matmul),
    **dict.fromkeys(("clamp", "clamp_", "clip", "clip_"), _clamp),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d"), _dropout),
    "mean": _mean,
    "pad": _pad,
    **dict.fromkeys(("cat", "concat", "concatenate"), _concat),
    **dict.fromkeys(("add", "iadd", "add_"), _add),
    **dict.fromkeys(("sub", "subtract", "isub", "sub_"), _sub),
    **dict.fromkeys(("mul", "multiply", "imul", "mul_"), _mul),
    **dict.fromkeys(("truediv", "div", "divide", "itruediv", "div_"), _div),
    **dict.fromkeys(("neg", "negative"), _neg),
    "getitem": _getitem,
    "narrow": _narrow,
    "select": _select,
    "flip": _flip,
    "permute": _permute,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    **dict.fromkeys(("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten"), _reshape),
    **dict.fromkeys(("contiguous", "clone", "detach"), _same),
}  # fmt: skip
"""A function's name -> its operations."""

AS_MODULE = {
    "relu": "ReLU", "relu_": "ReLU", "relu6": "ReLU6", "hardtanh": "Hardtanh", "leaky_relu": "LeakyReLU",
    "hardsigmoid": "Hardsigmoid", "hardswish": "Hardswish", "sigmoid": "Sigmoid", "tanh": "Tanh", "silu": "SiLU",
    "elu": "ELU", "gelu": "GELU", "softplus": "Softplus", "interpolate": "Upsample", "pixel_shuffle": "PixelShuffle",
    "pixel_unshuffle": "PixelUnshuffle", "channel_shuffle": "ChannelShuffle",
    **{f"avg_pool{rank}d": f"AvgPool{rank}d" for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{rank}d": f"AdaptiveAvgPool{rank}d" for rank in (1, 2, 3)},
}  # fmt: skip
"""A function, or a method of a tensor -> the module that takes its further arguments."""
