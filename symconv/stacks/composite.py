"""The one convolution that a stack of convolutions is, or the entries of its matrix that show it is none.

Put into one another, the places where the layers read are one expression: output o of the stack and the taps
u, u', ... of its layers read position s o + c u + c' u' + ... - P of the first layer's padded input. That is a
convolution with the taps c u + c' u' + ..., the product of all strides and the padding P, *if* no later layer
pads, or what it pads with is what the layer before it would have computed there. Whether it is, is decided on
the matrix A of the stack: A is that of a convolution of stride s padded by zeros, of some kernel and some
padding, exactly when any two entries at the same offset l i - s o are equal (circular: modulo the length).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd, prod
from typing import Any

from ..algebra.linear import Entry, Exact, Monomial
from ..algebra.linear import product as multiplied
from ..definition import strides
from ..errors import SpecError
from ..layers import Conv
from ..matrices import unravel, weight_matrix
from ..readmap import Axis
from ..sums import Index, variable
from .sequential import Sequential, primed

Polynomial = tuple[tuple[Monomial, Any], ...]
"""An entry as a value that can be compared and hashed: its terms in order."""
Position = tuple[int, ...]


def polynomial(entry: Entry) -> Polynomial:
    """The terms of an entry in order."""
    return tuple(sorted(entry.items()))


@dataclass(frozen=True)
class Place:
    """Along one axis: which tap of the one kernel the taps u, u', ... of the layers are; on a ring modulo its size."""

    tap: Index
    ring: int | None = None

    def at(self, env: dict[str, int]) -> int | None:
        tap = self.tap.at(env)
        return tap if tap is None or self.ring is None else tap % self.ring


@dataclass(frozen=True)
class Composite:
    """One convolution with the matrix of the stack, and its kernel, flattened, in the unknowns of the stack.

    `places` is None where the kernel is read off the matrix instead.
    """

    layer: Conv
    kernel: tuple[Polynomial, ...]
    places: tuple[Place, ...] | None


@dataclass(frozen=True)
class Break:
    """Two entries (row, column) of A that are not equal, and would be in a convolution with such padding.

    Their offsets are the same; without a layer that is why. With one, its matrix has the same in both places.
    """

    mode: str
    first: tuple[int, int]
    second: tuple[int, int]
    layer: Conv | None = None


def convolutions(stack: Sequential) -> str | None:
    """Why it is not asked whether a stack is one convolution; None where it is."""
    for number, layer in enumerate(stack.layers, 1):
        if not isinstance(layer, Conv):
            return f"layer {number} is no convolution"
        if number > 1 and set(layer.input_dilation) != {1}:
            return f"layer {number} puts zeros between its inputs"
    return None


@lru_cache(maxsize=32)
def verdict(stack: Sequential) -> Composite | tuple[Break, ...]:
    """The one convolution, or why there is none, for each way of padding that the stack has."""
    if (reason := convolutions(stack)) is not None:
        raise AssertionError(reason)  # its callers have asked
    matrix, modes = stack.product, padding_modes(stack)
    for mode in modes:
        found = composed(stack, mode)
        if found is not None and matches(found, matrix):
            return found
    breaks = []
    for mode in dict.fromkeys(["zeros", *modes]):
        if mode in ("zeros", "circular"):
            pair = contradiction(stack, mode)
            if pair is None and (layer := read_off(stack, mode)) is not None:
                return layer
        else:
            pair = unlike(stack, mode)
        if pair is not None:
            breaks.append(pair)
    return tuple(breaks)


def padding_modes(stack: Sequential) -> list[str]:
    """The modes of the layers that pad, in their order; zeros where none does."""
    padded = [layer.padding_mode for layer in convs(stack) if any(side > 0 for pair in layer.padding for side in pair)]
    return list(dict.fromkeys(padded)) or ["zeros"]


def convs(stack: Sequential) -> tuple[Conv, ...]:
    """The layers of a stack of convolutions."""
    return tuple(layer for layer in stack.layers if isinstance(layer, Conv))


def groups(stack: Sequential) -> int:
    """Into how many groups the channels of the whole fall: a boundary of groups must be one in every layer."""
    return gcd(*(layer.groups for layer in convs(stack)))


def stride(stack: Sequential) -> tuple[int, ...]:
    """The product of the strides, axis by axis."""
    return tuple(map(prod, zip(*(layer.stride for layer in convs(stack)), strict=True)))


def input_dilation(stack: Sequential) -> tuple[int, ...]:
    """That of the first layer: with a large one every matrix is that of a convolution, so what is none says of which."""
    return tuple(axis.scale for axis in convs(stack)[0].read_map.axes)


# The convolution that it should be ----------------------------------------------------------------------


def composed(stack: Sequential, mode: str) -> Composite | None:
    """The convolution with the taps of all layers, if its padding is one that the mode allows."""
    layers = convs(stack)
    reach = [along(stack, n) for n in range(len(layers[0].input_size))]
    flip = all(layer.flip_kernel for layer in layers)
    sizes, gaps, pads, rings = [], [], [], []
    for n, (position, taps) in enumerate(reach):
        axis = layers[0].read_map.axes[n]
        slopes = [position.coefficient(name) for name, count in taps.items() if count > 1]
        gap = gcd(*slopes) or 1
        ends = [sum(position.coefficient(name) * (count - 1) * (position.coefficient(name) * sign > 0) for name, count in taps.items()) for sign in (-1, 1)]  # fmt: skip
        low, span = -(position.constant + ends[0]), ends[1] - ends[0]
        factors = strides([layer.stride[n] for layer in reversed(layers)])[::-1]
        high = sum(step * layer.padding[n][1] for step, layer in zip(factors, layers, strict=True))
        last = stride(stack)[n] * (layers[-1].read_map.axes[n].outputs - 1)
        ring = axis.length if mode == "circular" and max(low, high) > axis.length >= last else None
        rings.append(ring)
        gaps.append(gap if ring is None else 1)
        sizes.append(span // gap + 1 if ring is None else ring)
        pads.append((low, high) if ring is None else (0, last))
    try:
        layer = Conv(
            layers[0].input_size, tuple(sizes), layers[0].in_channels, layers[-1].out_channels, stride(stack), tuple(pads),
            tuple(gaps), groups(stack), has_one_bias(stack), mode, flip, layers[0].input_dilation,
        )  # fmt: skip
    except SpecError:
        return None
    if layer.output_shape != stack.output_shape:
        return None
    axes = layer.read_map.axes
    places = tuple(map(place, axes, (position for position, _ in reach), rings))
    return Composite(layer, kernel_of(stack, layer, rings), places)


def along(stack: Sequential, n: int) -> tuple[Index, dict[str, int]]:
    """Where the stack reads along one axis, in the output and the taps of all layers, and how many taps each has."""
    taps: dict[str, int] = {}
    position: Index | None = None
    for number, layer in enumerate(convs(stack)):
        axis = layer.read_map.axes[n]
        name = primed(axis.letters.kernel, number)
        taps[name] = axis.taps
        own = axis.position.substitute(axis.letters.kernel, variable(name))
        # what stood for an output of the layer before is now where this one reads
        position = own if position is None else position.substitute(axis.letters.output, own)
    if position is None:
        raise AssertionError("a stack has layers")
    return position, taps


def place(axis: Axis, position: Index, ring: int | None) -> Place:
    """The tap of the one kernel that reads where the taps of the layers do, for the same output."""
    if ring is not None:
        first = position.substitute(axis.letters.output, Index())
        turned = axis.position.substitute(axis.letters.output, Index()).solve(axis.letters.kernel, "t")
        return Place(turned.substitute("t", first), ring)
    return Place(axis.position.solve(axis.letters.kernel, "t").substitute("t", position))


def kernel_of(stack: Sequential, layer: Conv, rings: list[int | None]) -> tuple[Polynomial, ...]:
    """The kernel of the one convolution: the layers' kernels put into one another by where they read."""
    total: dict[tuple[int, int, Position], Entry] = {}
    for number in range(len(stack.layers)):
        own = _reads(stack, number)
        if not number:
            total = own
            continue
        steps = stride(Sequential(*stack.layers[:number]))
        sources: dict[int, list[tuple[int, Position, Entry]]] = {}
        for (b, e, at), entry in total.items():
            sources.setdefault(b, []).append((e, at, entry))
        total = {}
        for (c, b, at), entry in own.items():
            for e, before, known in sources.get(b, ()):
                there = tuple(s * t + first for s, t, first in zip(steps, at, before, strict=True))
                cell = total.setdefault((c, e, there), {})
                for monomial, count in multiplied(entry, known).items():
                    cell[monomial] = cell.get(monomial, 0) + count
    taps = []
    for axis, ring in zip(layer.read_map.axes, rings, strict=True):
        start = {axis.letters.output: 0}
        places = {axis.position.at({**start, axis.letters.kernel: w}): w for w in range(axis.taps)}
        taps.append((places, ring))
    kernel: list[Entry] = [{} for _ in range(prod(layer.kernel_shape))]
    shape = strides(layer.kernel_shape)
    for (c, e, there), entry in total.items():
        w = tuple(places[t if ring is None else t % ring] for t, (places, ring) in zip(there, taps, strict=True))
        cell = kernel[sum(n * step for n, step in zip((c, e % layer.kernel_shape[1], *w), shape, strict=True))]
        for monomial, count in entry.items():
            cell[monomial] = cell.get(monomial, 0) + count
    return tuple(map(polynomial, kernel))


def _reads(stack: Sequential, number: int) -> dict[tuple[int, int, Position], Entry]:
    """One layer: (output channel, input channel, where it reads for output 0) -> the kernel entry."""
    layer, first = stack.layers[number], stack.unknowns[number][2]
    shape: Any = layer.kernel_shape
    axes = layer.read_map.axes
    members = shape[0] // layer.read_map.channels.groups
    found: dict[tuple[int, int, Position], Entry] = {}
    for label, (c, a, *taps) in enumerate(product(*map(range, shape))):
        at = tuple(
            axis.position.at({axis.letters.output: 0, axis.letters.kernel: u}) or 0
            for axis, u in zip(axes, taps, strict=True)
        )
        found[c, c // members * shape[1] + a, at] = {(first + label,): 1}
    return found


def matches(found: Composite, matrix: Exact) -> bool:
    """Whether the convolution has that matrix."""
    return substituted(found).rows == matrix.rows


def substituted(found: Composite) -> Exact:
    """The matrix of the one convolution, from its inverse tables, with its kernel put in."""
    known: dict[tuple[int, ...], Entry] = {}
    rows = []
    for cells in weight_matrix(found.layer.read_map).rows:
        row = {}
        for column, labels in sorted(cells.items()):
            if labels not in known:
                total: Entry = {}
                for label in labels:
                    for monomial, count in found.kernel[label]:
                        total[monomial] = total.get(monomial, 0) + count
                known[labels] = total
            if known[labels]:
                row[column] = known[labels]
        rows.append(row)
    return Exact(tuple(rows), prod(found.layer.input_shape))


# Its bias ----------------------------------------------------------------------------------------------


def uneven(stack: Sequential) -> tuple[int, int] | None:
    """Two outputs of one channel to which different biases are added."""
    places = prod(stack.output_shape[1:])
    rows = stack.shift.rows
    return next(((n - n % places, n) for n in range(len(rows)) if rows[n] != rows[n - n % places]), None)


def has_one_bias(stack: Sequential) -> bool:
    """Whether a bias is added, the same one all over a channel."""
    return stack.bias and uneven(stack) is None


# What shows that there is none -------------------------------------------------------------------------


def offset(stack: Sequential, row: int, column: int, ring: bool) -> tuple[int, ...]:
    """Output and input channel, and along each axis l i - s o: what an entry of a convolution depends on."""
    layer = convs(stack)[0]
    (c, *outputs), (e, *inputs) = unravel(row, stack.output_shape), unravel(column, stack.input_shape)
    shifts = (
        gap * i - s * o for gap, i, s, o in zip(layer.input_dilation, inputs, stride(stack), outputs, strict=True)
    )
    lengths = (axis.length for axis in layer.read_map.axes)
    return c, e, *(t % n if ring else t for t, n in zip(shifts, lengths, strict=True))


def contradiction(stack: Sequential, mode: str) -> Break | None:
    """Two entries at the same offset that differ; of two the one with more terms first."""
    matrix, ring = stack.product, mode == "circular"
    classes: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for row, cells in enumerate(matrix.rows):
        for column in cells:
            classes.setdefault(offset(stack, row, column, ring), []).append((row, column))
    for key, places in classes.items():
        best = max(places, key=lambda at: (len(matrix.rows[at[0]][at[1]]), -at[0], -at[1]))
        entry = matrix.rows[best[0]][best[1]]
        for row, column in same_offset(stack, key, ring):
            if matrix.rows[row].get(column) != entry:
                return Break(mode, best, (row, column))
    return None


def same_offset(stack: Sequential, key: tuple[int, ...], ring: bool) -> Iterator[tuple[int, int]]:
    """Every entry of the matrix at one offset."""
    c, e, *shifts = key
    layer = convs(stack)[0]
    axes = []
    for axis, s, m, shift in zip(layer.read_map.axes, stride(stack), stack.output_shape[1:], shifts, strict=True):
        pairs = ((o, i) for o in range(m) for i in range(axis.inputs)) if ring else ((o, (shift + s * o) // axis.scale) for o in range(m))  # fmt: skip
        at = ((o, i, axis.scale * i - s * o) for o, i in pairs if 0 <= i < axis.inputs)
        axes.append([(o, i) for o, i, t in at if (t % axis.length if ring else t) == shift])
    rows, columns = strides(stack.output_shape), strides(stack.input_shape)
    for where in product(*axes):
        row = sum(o * step for (o, _), step in zip(where, rows[1:], strict=True))
        column = sum(i * step for (_, i), step in zip(where, columns[1:], strict=True))
        yield c * rows[0] + row, e * columns[0] + column


def unlike(stack: Sequential, mode: str) -> Break | None:
    """Two entries that differ where the convolution with the taps of all layers has the same kernel entries."""
    found = composed(stack, mode)
    if found is None:
        return None
    first: dict[tuple[int, ...], tuple[int, int]] = {}
    matrix, width = stack.product, prod(stack.input_shape)
    for row, cells in enumerate(weight_matrix(found.layer.read_map).rows):
        for column in range(width):
            at = first.setdefault(cells.get(column, ()), (row, column))
            if matrix.rows[at[0]].get(at[1]) != matrix.rows[row].get(column):
                return Break(mode, at, (row, column), found.layer)
    return None


def read_off(stack: Sequential, mode: str) -> Composite | None:
    """A convolution whose kernel entries are the entries of the matrix at each offset, which are known to be equal."""
    layers, matrix, ring = convs(stack), stack.product, mode == "circular"
    held = {offset(stack, r, c, ring): cell for r, row in enumerate(matrix.rows) for c, cell in row.items()}
    sizes, pads = [], []
    for n, (axis, s, m) in enumerate(zip(layers[0].read_map.axes, stride(stack), stack.output_shape[1:], strict=True)):
        shifts = [key[2 + n] for key in held] or [0]
        low, size = (0, axis.length) if ring else (-min(shifts), max(shifts) - min(shifts) + 1)
        sizes.append(size)
        pads.append((low, s * (m - 1) + size - low - axis.length))
    try:
        layer = Conv(
            layers[0].input_size, tuple(sizes), layers[0].in_channels, layers[-1].out_channels, stride(stack), tuple(pads),
            bias=has_one_bias(stack), padding_mode=mode, input_dilation=layers[0].input_dilation,
        )  # fmt: skip
    except SpecError:
        return None
    kernel = []
    for c, e, *taps in product(*map(range, layer.kernel_shape)):
        at = tuple(w - low for w, (low, _) in zip(taps, pads, strict=True))
        kernel.append(polynomial(held.get((c, e, *at), {})))
    found = Composite(layer, tuple(kernel), None)
    return found if matches(found, matrix) else None
