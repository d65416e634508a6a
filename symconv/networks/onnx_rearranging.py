"""ONNX operators that take entries, put them in another order, or interpolate between them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, prod
from typing import Any

from ..layers import PixelShuffle, Upsample
from .onnx_calls import Call
from .onnx_constants import BATCH, MOST
from .operations import Apply, Operation, Reshape
from .rearranging import Permute, Take
from .torch_modules import Declined


def _axis(call: Call, given: Any) -> int:
    """An axis, counted without the batch."""
    axis = int(given) % (len(call.shapes[0]) + 1)
    if axis == 0:
        raise Declined("it works along the batch")
    return axis - 1


def _numbers(call: Call, at: int, name: str) -> list[int] | None:
    """Whole numbers that older models give as an attribute, newer ones as an input."""
    given = call.attributes.get(name) if call.inputs <= 1 else call.constant(at)
    return None if given is None else [int(n) for n in given]


def _taken(call: Call, parts: dict[int, Any]) -> Take:
    """These indices along some axes, all of the others."""
    every = tuple(tuple(parts.get(axis, range(size))) for axis, size in enumerate(call.shapes[0]))
    if not all(every):
        raise Declined(f"it takes no entries of the input of shape {call.shapes[0]}")
    return Take(every)


def _slice(call: Call) -> list[Operation]:
    starts, ends = _numbers(call, 1, "starts"), _numbers(call, 2, "ends")
    if starts is None or ends is None:
        raise Declined("where it starts or ends is not known")
    axes = _numbers(call, 3, "axes") or list(range(len(starts)))
    steps = _numbers(call, 4, "steps") or [1] * len(starts)
    parts = {}
    for start, end, given, step in zip(starts, ends, axes, steps, strict=True):
        axis = _axis(call, given)
        size = call.shapes[0][axis]
        stop = None if step < 0 and end < -size else end  # below the first: everything down to it
        parts[axis] = range(size)[start:stop:step]
    return [_taken(call, parts)]


def _split(call: Call) -> list[Operation]:
    axis = _axis(call, call.get("axis", 0))
    total, sizes = call.shapes[0][axis], _numbers(call, 1, "split")
    if sizes is None:
        each = -(-total // len(call.outputs))
        sizes = [min(each, total - n * each) for n in range(len(call.outputs))]
    start = sum(sizes[: call.place])
    return [_taken(call, {axis: range(start, start + sizes[call.place])})]


def _gather(call: Call) -> list[Operation]:
    axis, shape = _axis(call, call.get("axis", 0)), call.shapes[0]
    indices = call.constant(1)
    if indices is None or call.constants[0] is not None:
        raise Declined("which entries it takes depends on the input")
    taken = _taken(call, {axis: [range(shape[axis])[int(n)] for n in indices.reshape(-1)]})
    return [taken] if indices.ndim == 1 else [taken, Reshape((*shape[:axis], *indices.shape, *shape[axis + 1 :]))]


def _transpose(call: Call) -> list[Operation]:
    rank = len(call.shapes[0]) + 1
    axes = [int(axis) for axis in call.get("perm", range(rank)[::-1])]
    if axes[0]:
        raise Declined("it moves the batch")
    return [Permute(tuple(axis - 1 for axis in axes[1:]))]


def _depth_to_space(call: Call) -> list[Operation]:
    r, (channels, *size) = int(call.get("blocksize", 1)), call.shapes[0]
    if call.get("mode", "DCR") == "CRD":
        return [Apply(PixelShuffle(tuple(size), r, channels // r**2))]
    apart, (height, width) = channels // r**2, size
    return [
        Reshape((r, r, apart, height, width)), Permute((2, 3, 0, 4, 1)), Reshape((apart, height * r, width * r)),
    ]  # fmt: skip


def _space_to_depth(call: Call) -> list[Operation]:
    r, (channels, height, width) = int(call.get("blocksize", 1)), call.shapes[0]
    order = (0, 2, 4, 1, 3) if call.get("mode", "DCR") == "CRD" else (2, 4, 0, 1, 3)
    return [
        Reshape((channels, height // r, r, width // r, r)), Permute(order),
        Reshape((channels * r * r, height // r, width // r)),
    ]  # fmt: skip


# Interpolation ------------------------------------------------------------------------------------

_ROUNDED: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "round_prefer_floor": lambda x: ceil(x - Fraction(1, 2)),
    "round_prefer_ceil": lambda x: floor(x + Fraction(1, 2)),
}


def _resize(call: Call) -> list[Operation]:
    """Nearest inputs are taken, whatever the rounding; between two of them it is `Upsample`."""
    unknown = {"antialias", "exclude_outside", "keep_aspect_ratio_policy"} & set(call.attributes)
    if any(call.attributes[each] not in (0, b"stretch") for each in unknown):
        raise Declined(f"{', '.join(sorted(unknown))}: not known here")
    if call.inputs == 2:
        raise Declined("before version 11 of the operators it does not say where an output lies on the input")
    mode, where = call.get("mode", "nearest"), call.get("coordinate_transformation_mode", "half_pixel")
    sizes, scales = _target(call)
    if prod(sizes) > MOST:
        raise Declined(f"it has {prod(sizes):,} outputs, more than the {MOST:,} that are worked out here")
    if mode == "linear":
        if where not in ("half_pixel", "pytorch_half_pixel", "align_corners") or sizes[0] != call.shapes[0][0]:
            raise Declined(f"linear interpolation with {where} is not known")
        if where == "pytorch_half_pixel" and 1 in sizes[1:]:
            raise Declined("pytorch_half_pixel places an axis of one output elsewhere")
        layer = Upsample(call.spatial, sizes[0], sizes[1:], mode="bilinear", align_corners=where == "align_corners")
        if where != "align_corners" and any(n * s != m for n, s, m in zip(call.shapes[0], scales, sizes, strict=True)):
            layer = Upsample(call.spatial, sizes[0], scale_factor=scales[1:], mode="bilinear")
        return [Apply(layer)]
    if mode != "nearest":
        raise Declined(f"the mode {mode} is not known")
    rounded = _ROUNDED[call.get("nearest_mode", "round_prefer_floor")]
    parts = {}
    for axis, (n, m, scale) in enumerate(zip(call.shapes[0], sizes, scales, strict=True)):
        places = (_place(where, i, n, m, scale) for i in range(m))
        parts[axis] = [min(max(rounded(place), 0), n - 1) for place in places]
    return [_taken(call, parts)]


def _target(call: Call) -> tuple[tuple[int, ...], list[Fraction]]:
    """The sizes of the output and the scales, without the batch."""
    shape, scales, sizes = call.shapes[0], call.constant(2), call.constant(3)
    if scales is not None and scales.size and sizes is not None and sizes.size:
        raise Declined("it has both scales and sizes, and only one of them can hold")
    rank = len(shape) + 1
    axes = [int(axis) % rank for axis in call.get("axes", range(rank))]
    if scales is not None and scales.size:
        factors = dict(zip(axes, (Fraction(float(each)) for each in scales), strict=True))
        if any(each.denominator > 16 for each in factors.values()):
            raise Declined(f"its scales {[float(each) for each in scales]} are rounded; give the sizes")
        if factors.get(0, 1) != 1:
            raise Declined("it resizes the batch")
        each = [factors.get(axis, Fraction(1)) for axis in range(1, rank)]
        whole = all((n * factor).denominator == 1 for n, factor in zip(shape, each, strict=True))
        if not whole and call.get("coordinate_transformation_mode", "") in ("align_corners", "pytorch_half_pixel"):
            raise Declined("the size by which it places the outputs is no whole number; give the sizes")
        return tuple(floor(n * factor) for n, factor in zip(shape, each, strict=True)), each
    target = call.after
    if sizes is not None:
        given = dict(zip(axes, map(int, sizes), strict=True))
        if given.get(0, BATCH) not in (BATCH, call.batch):
            raise Declined("it resizes the batch")
        target = tuple(given.get(axis, shape[axis - 1]) for axis in range(1, rank))
    if target is None:
        raise Declined("its sizes are not known")
    return target, [Fraction(m, n) for n, m in zip(shape, target, strict=True)]


def _place(where: str, i: int, n: int, m: int, scale: Fraction) -> Fraction:
    """Where output i of m lies on the n inputs."""
    half = Fraction(1, 2)
    if where == "asymmetric":
        return i / scale
    if where == "align_corners":
        return Fraction(i * (n - 1), m - 1) if m > 1 else Fraction(0)
    if where == "half_pixel" or (where == "pytorch_half_pixel" and m > 1):
        return (i + half) / scale - half
    if where == "pytorch_half_pixel":
        return Fraction(0)
    raise Declined(f"coordinate_transformation_mode={where} is not known")


REARRANGING: dict[str, Callable[[Call], list[Operation]]] = {
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "Transpose": _transpose,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Resize": _resize,
}
"""Operator -> its operations."""
