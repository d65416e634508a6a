"""Which fully connected layers are convolutions: the search's answer, with the kernel, and checked.

Every matrix is some convolution (see `convolution_of_any_matrix`), so the question only has content
within bounds on the kernel, the stride and the padding. What measures the structure of W is how few
kernel entries are enough for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, product
from math import prod
from typing import Any

from .. import spec
from ..algebra.systems import Combination, add
from ..definition import strides
from ..entries import Entries, read
from ..errors import SpecError
from ..layers import Conv
from ..matrices import reads
from ..padding import MODES, NAMED, mode_named
from ..readmap import Axis
from .answer import Recognition
from .blocks import Blocks, Pattern
from .search import Asked, along, grouped, preference

LISTED = 200
"""How many alternatives are listed."""


def recognise(
    W: Any,  # noqa: N803 - the matrix is W everywhere
    *,
    input_shape: Sequence[int],
    output_shape: Sequence[int],
    kernel_size: Any = None,
    stride: Any = None,
    padding: Any = None,
    dilation: Any = None,
    groups: int | None = None,
    padding_mode: str | None = "zeros",
) -> Recognition:
    """Whether a fully connected layer's matrix is that of a convolution, exactly.

    >>> import symconv as sc
    >>> W = [[5, 7, 0, 0], [0, 5, 7, 0], [0, 0, 5, 7]]
    >>> found = sc.recognise(W, input_shape=(1, 4), output_shape=(1, 3))
    >>> found.layer, found.kernel, found.parameters
    (Conv(input_size=(4,), kernel_size=2), array([[[5, 7]]]), 2)
    >>> W[2][3] = 8
    >>> print(sc.recognise(W, input_shape=(1, 4), output_shape=(1, 3), kernel_size=2, stride=1, padding=0, dilation=1))
    W (3 x 4) is no convolution within the bounds: kernel_size=2, stride=1,
    padding=0, dilation=1, groups searched, padding_mode='zeros'.
      axis 0, kernel 2, stride 1, dilation 1, padding 0:0: W[0, 1] = 7 and W[2, 3] =
        8 would be equal: tap 1 of axis 0 in both

    What is None is searched: a kernel of at most the input's size, a dilation smaller than the input, padding on
    either side smaller than the dilated kernel and not negative, every stride with which the output has its
    size. The answer has the fewest kernel entries; among those the smallest kernel, dilation, stride and
    padding. More kernel entries, some of them zero, would always do as well and are not listed.

    Parameters
    ----------
    W
        Its matrix (prod(output_shape), prod(input_shape)), both sides flattened row-major: a SymPy matrix of
        polynomials with rational coefficients, a NumPy array, a PyTorch tensor, a SciPy sparse array or nested lists.
        Floats are compared as the numbers they are; truth values are refused.
    input_shape, output_shape
        `(channels, *spatial)`.
    kernel_size, stride, padding, dilation, groups
        As for `Conv`, or None.
    padding_mode
        One of the five, or None for all of them.

    Raises
    ------
    SpecError
        A parameter is not valid; the message gives its value, the rule and an example.
    TooLarge
        Too many candidates were refuted; more of the parameters have to be given.

    Notes
    -----
    Where an output reads an input twice an entry of W is a sum of kernel entries, and the kernel is the solution
    of linear equations over the rationals. Whatever is returned has been multiplied out again, forward
    from the definition, and is W.
    """
    entries = read(W)
    inputs, outputs = _shapes(entries, input_shape, output_shape)
    modes = list(MODES) if padding_mode is None else [mode_named(padding_mode).name]
    asked = _asked(inputs, outputs, kernel_size, stride, padding, dilation)
    if groups is not None:
        groups = spec.channels(inputs[0], outputs[0], groups)["groups"]
    given = {
        "kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
        "padding_mode": padding_mode,
    }  # fmt: skip
    bounds = ", ".join(f"{name} searched" if value is None else f"{name}={value!r}" for name, value in given.items())

    sizes = prod(outputs[1:]), prod(inputs[1:])
    best, refuted = grouped(entries, (outputs[0], inputs[0]), sizes, groups)
    blocks = [Blocks.of(entries, number, outputs, inputs) for number in range(len(asked))]
    found: list[tuple[Axis, ...]] = []
    for mode in modes:
        fits = []
        for one, block in zip(asked, blocks, strict=True):
            axes, others = along(one, MODES[mode], block)
            fits.append(axes)
            refuted += others
        # Without padding every mode is the same layer: the first one stands for all.
        found += [
            axes for axes in islice(product(*fits), LISTED + 1)
            if mode == modes[0] or any(axis.mode is not None for axis in axes)
        ]  # fmt: skip
    refuted.sort(key=lambda each: len(each.entries))
    if not best or not found:
        return Recognition(entries.shape, bounds, refuted=tuple(refuted))
    found.sort(key=lambda axes: _preference(axes, modes))
    fewest = prod(axis.taps for axis in found[0])
    layers = [_layer(axes, inputs, outputs, best) for axes in found if prod(axis.taps for axis in axes) == fewest]
    kernel, vectors = _kernel(entries, found[0], layers[0])
    _verify(entries, layers[0], vectors)
    notes = _notes(entries, layers, asked)
    return Recognition(entries.shape, bounds, layers[0], kernel, tuple(layers[1 : LISTED + 1]), tuple(refuted), notes)


def convolution_of_any_matrix(input_shape: Sequence[int], output_shape: Sequence[int]) -> Conv:
    """The convolution that every matrix of this size is: with the stride no window ever meets the same tap again.

    Along an axis with n inputs and m outputs take s = n, k = n + s (m - 1) and p = s (m - 1). Output o reads
    input i with tap i + p - s o. As 0 <= i < s, no two (o, i) have that tap in common, so every entry of W has
    a kernel entry to itself: k[c, e, i + s (m - 1 - o)] = W[(c, o), (e, i)].

    >>> import symconv as sc
    >>> from symconv.recognition.recognising import convolution_of_any_matrix
    >>> layer = convolution_of_any_matrix((1, 2), (1, 3))
    >>> layer
    Conv(input_size=(2,), kernel_size=6, stride=2, padding=4)
    >>> layer.to_numpy([[[5, 6, 3, 4, 1, 2]]])
    array([[1, 2],
           [3, 4],
           [5, 6]])
    """
    inputs, outputs = (
        _shape(name, value) for name, value in (("input_shape", input_shape), ("output_shape", output_shape))
    )
    _same_rank(inputs, outputs)
    pads = tuple(n * (m - 1) for n, m in zip(inputs[1:], outputs[1:], strict=True))
    kernel = tuple(n + p for n, p in zip(inputs[1:], pads, strict=True))
    return Conv(inputs[1:], kernel, inputs[0], outputs[0], stride=inputs[1:], padding=pads)


# What was asked -----------------------------------------------------------------------------------------


def _shape(name: str, value: Any) -> tuple[int, ...]:
    sizes = spec.shape(name, value)
    if len(sizes) < 2:
        raise SpecError(name, value, "must be (channels, *spatial), with at least one spatial axis", f"{name}=(1, 8)")
    return sizes


def _same_rank(inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    if len(inputs) != len(outputs):
        rule = f"must have as many axes as input_shape={inputs}"
        raise SpecError("output_shape", outputs, rule, f"output_shape={(outputs[0], *inputs[1:])}")


def _shapes(entries: Entries, input_shape: Any, output_shape: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    inputs, outputs = _shape("input_shape", input_shape), _shape("output_shape", output_shape)
    _same_rank(inputs, outputs)
    for name, shape, size, side in (
        ("output_shape", outputs, entries.shape[0], "rows"), ("input_shape", inputs, entries.shape[1], "columns")
    ):  # fmt: skip
        if prod(shape) != size:
            rule = f"has {prod(shape)} positions, and W has {size} {side}"
            raise SpecError(name, shape, rule, f"{name}={(1, size, *(1 for _ in shape[2:]))}")
    return inputs, outputs


def _asked(
    inputs: tuple[int, ...], outputs: tuple[int, ...], kernel: Any, stride: Any, padding: Any, dilation: Any
) -> list[Asked]:
    rank = len(inputs) - 1
    columns: list[Sequence[Any]] = [inputs[1:], outputs[1:]]
    for name, value in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        columns.append((None,) * rank if value is None else spec.per_axis(name, value, rank))
    pads: Sequence[Any] | None = (None,) * rank if padding is None else spec.pairs("padding", padding, rank)
    if pads is None:
        if padding not in NAMED:
            raise SpecError("padding", padding, "a named padding is one of " + ", ".join(NAMED), 'padding="same"')
        pads = (padding,) * rank
    asked = [Asked(*axis) for axis in zip(*columns, pads, strict=True)]
    for number, each in enumerate(asked):
        if isinstance(each.padding, tuple) and each.inputs + sum(each.padding) < 1:
            rule = f"cuts off the whole input on axis {number}, which has {each.inputs}"
            raise SpecError("padding", padding, rule, "pairs that cut off less there")
    return asked


# What was found -----------------------------------------------------------------------------------------


def _preference(axes: tuple[Axis, ...], modes: list[str]) -> tuple[Any, ...]:
    fields = zip(*map(preference, axes), strict=True)  # kernels of all axes, then dilations, strides, paddings
    return prod(axis.taps for axis in axes), *fields, modes.index(axes[0].rule.name)


def _layer(axes: tuple[Axis, ...], inputs: tuple[int, ...], outputs: tuple[int, ...], groups: int) -> Conv:
    padded = any(axis.mode is not None for axis in axes)
    return Conv(
        inputs[1:],
        tuple(axis.taps for axis in axes),
        inputs[0],
        outputs[0],
        tuple(axis.stride for axis in axes),
        tuple((axis.low, axis.high) for axis in axes),
        tuple(axis.dilation for axis in axes),
        groups,
        padding_mode=axes[0].rule.name if padded else "zeros",
    )


def _kernel(entries: Entries, axes: tuple[Axis, ...], layer: Conv) -> tuple[Any, list[Combination]]:
    """The kernel as an array and as vectors: for each tap the entries of W, along each axis, that it is made of."""
    rows, columns = strides(layer.output_shape), strides(layer.input_shape)
    along = [
        [[(o * down, i * across, c) for (o, i), c in made.items()] for _, made in sorted(Pattern(axis).solved.unknowns.items())]
        for axis, down, across in zip(axes, rows[1:], columns[1:], strict=True)
    ]  # fmt: skip
    channels = layer.read_map.channels
    members = channels.outputs // channels.groups
    items, vectors = [], []
    for c, tap in product(range(channels.outputs), range(channels.taps)):
        start = c * rows[0], (c // members * channels.taps + tap) * columns[0], Fraction(1)
        for made in product(*along):
            terms = [start]
            for factors in made:
                terms = [(r + o, q + i, f * g) for r, q, f in terms for o, i, g in factors]
            vector: Combination = {}
            for row, column, factor in terms:
                add(vector, entries.vector(entries.rows[row].get(column, 0)), factor)
            vectors.append(vector)
            alone = len(terms) == 1 and terms[0][2] == 1
            items.append(entries[terms[0][:2]] if alone else entries.value(vector))
    return entries.array(items, layer.kernel_shape), vectors


def _verify(entries: Entries, layer: Conv, kernel: list[Combination]) -> None:
    """Multiply out what is returned, forward from the definition: it is W."""
    met: list[dict[int, tuple[int, ...]]] = [{} for _ in entries.rows]
    for u, row, column in reads(layer.read_map):
        met[row][column] = (*met[row].get(column, ()), u)
    same: dict[tuple[tuple[int, ...], int], bool] = {}  # kernel entries that meet, and an entry of W
    for line, taps in zip(entries.rows, met, strict=True):
        for pair in ((taps.get(column, ()), line.get(column, 0)) for column in {*line, *taps}):
            if pair not in same:
                total: Combination = {}
                for u in pair[0]:
                    add(total, kernel[u])
                same[pair] = total == entries.vector(pair[1])
            if not same[pair]:
                raise AssertionError(f"{layer!r} does not reproduce W")


def _notes(entries: Entries, layers: list[Conv], asked: list[Asked]) -> tuple[str, ...]:
    layer = layers[0]
    axes = layer.read_map.axes
    patterns = [Pattern(axis) for axis in axes]
    dimension = prod(layer.kernel_shape[:2]) * prod(pattern.solved.rank for pattern in patterns)
    notes = []
    for number, (axis, one) in enumerate(zip(axes, asked, strict=True)):
        where = f"Along axis {number}" if len(axes) > 1 else "Along the axis"
        if axis.outputs == 1 and one.stride is None:
            notes.append(f"{where} the output has size 1, so the stride is free: every larger one gives the same W.")
        if axis.dilation > 1 and one.dilation is None:
            notes.append(
                f"{where} dilation {axis.dilation} looks like a kernel of {axis.dilation * (axis.taps - 1) + 1} "
                "taps without dilation, zero between these."
            )
        reach = axis.stride * axis.outputs + axis.dilation * (axis.taps - 1) - axis.inputs - axis.low
        limit = axis.rule.limit(axis.inputs) if axis.mode is not None else None
        reach = reach if limit is None else min(reach, limit)
        if one.padding is None and reach > axis.high:
            notes.append(f"{where} the high padding can be up to {reach}: no window reads what it adds.")
    free = prod(layer.kernel_shape) - dimension
    if free:
        notes.append(
            f"W determines {dimension} of the kernel's {prod(layer.kernel_shape)} directions: some entries are read only "
            "in sums or not at all, and those that are free were set to 0."
        )
    if dimension == entries.shape[0] * entries.shape[1]:
        notes.append("Every matrix of this size is such a convolution, so this says nothing about W.")
    elif not entries.symbolic and any(len(pattern.cells) > len(pattern.first) for pattern in patterns):
        notes.append("Equal numbers look like one kernel entry: W is this convolution, whatever it was made from.")
    if len(layers) > LISTED:
        notes.append(f"Of the alternatives {LISTED} are listed.")
    return tuple(notes)
