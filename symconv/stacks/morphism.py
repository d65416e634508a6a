"""One layer as two, and two as one: exact factorisations of kernels, as network morphism and Net2Net use them.

`merge` puts the kernels of a stack of convolutions together, where the stack is one convolution. `split` goes
the other way: a layer with a given kernel becomes a layer with a smaller kernel and as many channels as it
takes, and a second one after it. Which two layers these are is in `halves`, how few channels do in `widths`.

References
----------
T. Wei, C. Wang, Y. Rui, C. W. Chen, "Network Morphism", ICML 2016 (the morphism equation, section 3.1).
T. Chen, I. Goodfellow, J. Shlens, "Net2Net", ICLR 2016 (Net2DeeperNet, section 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from .. import limits, spec
from ..algebra.schemes import Number
from ..arrays import WithArrays
from ..errors import Described, NotApplicable, SpecError
from ..layers import Conv, Layer
from .composite import Break, Composite, convolutions, input_dilation, stride, verdict
from .exact_arrays import array, numbers
from .halves import first_size, pair
from .sequential import Sequential
from .widths import fewest, filled, product_of, too_few


@dataclass(frozen=True, eq=False)
class Merged(WithArrays):
    """One layer with the same matrix as a stack, and its kernel.

    `bias` is the bias of the one layer, or None; where the stack adds one that is not the same all over a
    channel there is no such layer.

    >>> import symconv as sc
    >>> one = sc.merge(sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 2)), [[[[1, 2]]], [[[3, -1]]]])
    >>> one.layer.kernel_size, one.kernel.tolist(), one.bias
    ((3,), [[[3, 5, -2]]], None)
    """

    layer: Conv
    kernel: Any = field(compare=False)
    bias: Any = field(default=None, compare=False)


@dataclass(frozen=True, eq=False)
class Split(WithArrays):
    """Two layers, one after the other, with the same matrix as one, and their kernels.

    `width` is the number of channels between them; `smallest` says whether it is known that no fewer do.

    >>> import symconv as sc
    >>> sc.split(sc.Conv((5,), 3), [[[3, 5, -2]]])
    <Sequential(Conv(input_size=(5,), kernel_size=2), Conv(input_size=(4,), kernel_size=2)), 1 channel in between>
    """

    stack: Sequential
    kernels: tuple[Any, Any] = field(compare=False)
    width: int
    smallest: bool

    def __repr__(self) -> str:
        return f"<{self.stack!r}, {self.width} channel{'s' * (self.width > 1)} in between>"


# Two as one ---------------------------------------------------------------------------------------------


def merge(stack: Sequential, kernels: Sequence[Any], biases: Sequence[Any] | None = None) -> Merged:
    """The one convolution that a stack of convolutions is, with the kernel that its kernels make, exactly.

    >>> import symconv as sc
    >>> stack = sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 2))
    >>> one = sc.merge(stack, [[[[1, 2]]], [[[3, -1]]]])
    >>> one.layer, one.kernel
    (Conv(input_size=(5,), kernel_size=3), array([[[3, 5, -2]]], dtype=object))

    Parameters
    ----------
    stack
        A `Sequential` of `Conv` layers.
    kernels
        One for each layer: integers, fractions, or floats, which are taken as the fractions that they are.
    biases
        One for each layer, None for a layer without; needed where the stack has a bias.

    Raises
    ------
    NotApplicable
        The stack is no convolution, or adds a bias that no convolution adds; the message says why.
    """
    if not isinstance(stack, Sequential):
        raise SpecError(
            "stack", stack, "must be a stack of layers", "sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2))"
        )
    values = _unknowns(stack, kernels, biases)
    if (reason := convolutions(stack)) is not None:
        raise NotApplicable(f"{stack!r} is not merged: {reason}")
    found = verdict(stack)
    if not isinstance(found, Composite):
        kinds = "; ".join(_broken(stack, each) for each in found) or "none is found"
        raise NotApplicable(f'{stack!r} is not merged: {kinds}; see sc.prove(stack, "composition")')
    if stack.bias and not found.layer.bias:
        raise NotApplicable(
            f"{stack!r} has the matrix of a convolution, but adds a bias that is not the same all over a channel"
        )
    kernel = [_evaluated(terms, values) for terms in found.kernel]
    bias = None
    if found.layer.bias:
        places = prod(stack.output_shape[1:])
        rows = stack.shift.rows[::places]
        bias = array([_evaluated(tuple(row.get(0, {}).items()), values) for row in rows], (found.layer.out_channels,))
    return Merged(found.layer, array(kernel, found.layer.kernel_shape), bias)


def _broken(stack: Sequential, found: Break) -> str:
    """Which convolution a stack is not, and the two entries of its matrix that say so."""
    (r, c), (s, d) = found.first, found.second
    padded = "padded with zeros" if found.mode == "zeros" else f"with {found.mode} padding"
    steps = f"stride {stride(stack)} and input dilation {input_dilation(stack)}"
    kind = f"no convolution of {steps} {padded}" if found.layer is None else f"not {found.layer!r}"
    return f"it is {kind}, where entries ({r}, {c}) and ({s}, {d}) of its matrix would be equal"


def _unknowns(stack: Sequential, kernels: Sequence[Any], biases: Sequence[Any] | None) -> list[Number]:
    """The numbers of all unknowns of a stack, in their order."""
    count = len(stack.layers)
    values: list[Number] = []
    given: list[tuple[str, Sequence[Any]]]
    given = [("kernels", kernels), ("biases", [None] * count if biases is None else biases)]
    for at, (name, items) in enumerate(given):
        rule = f"must be a sequence of one for each of the {count} layers"
        if isinstance(items, (str, bytes)) or not hasattr(items, "__len__") or not hasattr(items, "__getitem__"):
            raise SpecError(name, items, rule, f"{name}=[k1, k2]")
        if len(items) != count:
            raise SpecError(
                name, Described(f"with {len(items)} item{'s' * (len(items) != 1)}"), rule, f"{name}=[k1, k2]"
            )
        for n, item in enumerate(items):
            shape = stack.unknowns[at * count + n][1]
            if (item is None) != (not shape):
                rule = f"layer {n + 1} has none" if not shape else f"layer {n + 1} needs one of shape {shape}"
                raise SpecError(name, item, rule, "None" if not shape else f"an array of shape {shape}")
            values += numbers(name, item, shape) if shape else []
    return values


def _evaluated(terms: Any, values: Sequence[Number]) -> Number:
    total: Number = sum((c * prod(values[u] for u in monomial) for monomial, c in terms), 0)
    return total


# One as two ---------------------------------------------------------------------------------------------


def split(layer: Layer, kernel: Any, first: Any = None, width: int | None = None) -> Split:
    """A layer with this kernel as two layers, one after the other, that give the same matrix, exactly.

    >>> import symconv as sc
    >>> found = sc.split(sc.Conv((6,), 3), [[[1, 3, 2]]])  # (1 + t) (1 + 2 t)
    >>> found.width, [kernel.reshape(-1).tolist() for kernel in found.kernels]
    (1, [[1, 2], [1, 1]])
    >>> sc.split(sc.Conv((6,), 3), [[[1, 0, 1]]]).width
    2
    >>> sc.split(sc.Conv((6,), 3), [[[1, 0, 1]]], width=1)
    Traceback (most recent call last):
    symconv.errors.NotApplicable: with 1 channel in between the kernel is no product of kernels of sizes (2,) and (2,): its polynomial t**2 + 1 is irreducible over the rationals; 2 channels do

    Parameters
    ----------
    layer
        A `Conv` with one group, or a `Linear`.
    kernel
        Of `layer.kernel_shape`: integers, fractions, or floats, which are taken as the fractions that they are.
    first
        The kernel size of the first of the two, at most that of the layer; the second has what remains, k - first + 1.
        By default the larger half.
    width
        The channels in between; by default as few as are found. More are filled with zeros.

    Raises
    ------
    NotApplicable
        So few channels do not do; the message says why, and how many do.
    Unsupported
        It is not known whether so few channels do: finding the fewest is the problem of the smallest rank among
        the matrices with given sums of entries, which is hard in general.
    """
    sizes = first_size(layer, first)
    shape: Any = layer.kernel_shape
    values = numbers("kernel", kernel, shape)
    if width is not None:
        width = spec.integer("width", width)
    halves, smallest = fewest(layer, values, sizes)
    found = len(halves[1][0]) if halves[1] else 1
    if width is not None and width < found:
        raise too_few(layer, values, sizes, width, found, smallest)
    wanted = max(width or 0, found, 1)
    limits.check(
        "nonzeros",
        wanted * (len(halves[0][0]) + len(halves[1])),
        f"kernels with {wanted} channels in between have {{}} entries",
    )
    children = pair(layer, sizes, wanted)
    f, g = filled(halves, wanted)
    if product_of(layer, f, g, sizes, wanted) != values:
        raise AssertionError(f"the factors of {layer!r} do not multiply to its kernel")
    one, other = children.kernel_shape
    taps = len(g) // (wanted * shape[0])
    second = [g[(c * taps + v) * wanted + b] for c in range(shape[0]) for b in range(wanted) for v in range(taps)]
    return Split(children, (array(f, one), array(second, other)), wanted, smallest)
