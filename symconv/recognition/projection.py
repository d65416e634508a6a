"""The nearest weight matrix of a layer to any matrix: least squares, exactly.

Let M_u be the matrix of zeros and ones that says where kernel entry u stands in W. The layer's weight
matrices are the sums of k_u M_u. The nearest one to a matrix A, in the Frobenius norm, has the k that solves
the normal equations

    G k = b    with  G_uv = <M_u, M_v>  and  b_u = <M_u, A>,

<,> being the sum of the products of the entries. With zero padding no entry of W holds two kernel entries, so G
is diagonal and k_u is the average of A over the places of u. Where an output reads an input twice it is not.
As W is a product over its axes, so is G: G = 1 (x) G_1 (x) G_2 ..., one small matrix for each axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import lcm, prod
from textwrap import fill
from typing import TYPE_CHECKING, Any

from ..algebra.systems import Combination, Solved, solve
from ..arrays import WithArrays
from ..definition import strides
from ..entries import Entries, read
from ..errors import Described, SpecError
from ..layers import Layer
from ..matrices import reads, weight_matrix
from ..readmap import Axis
from .answer import kernel_text
from .blocks import Pattern

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Projection(WithArrays):
    """The nearest weight matrix of a layer, and how far away it is.

    >>> import symconv as sc
    >>> sc.project([[1, 2, 0], [0, 3, 5]], sc.Conv((3,), 2))
    <projection on Conv(input_size=(3,), kernel_size=2), squared distance 13/2>

    Attributes
    ----------
    layer
        The layer.
    kernel
        Its kernel: an object array of int and Fraction, of `layer.kernel_shape`. Where several kernels give the
        same matrix, it is the one with zero for the entries that are free.
    distance_squared
        The sum of the squares of what is left, an int or a Fraction.
    dimension
        The rank of G: in how many directions the layer's weight matrices can move.
    """

    layer: Layer
    kernel: np.ndarray[Any, Any] = field(compare=False)
    distance_squared: int | Fraction
    dimension: int

    @cached_property
    def free(self) -> tuple[np.ndarray[Any, Any], ...]:
        """A basis of the null space of G: what can be added to the kernel without changing the matrix.

        >>> import symconv as sc
        >>> ring = sc.Conv((2,), 3, padding=1, padding_mode="circular")
        >>> [each.tolist() for each in sc.project([[1, 4], [6, 3]], ring).free]
        [[[[-1, 0, 1]]]]
        """
        shape = _kernel_shape(self.layer)
        bases = [
            [(False, {n: Fraction(1)}) for n in range(shape[0])]
        ]  # along each axis: whether it is free, the vector
        for solved in map(_normal, self.layer.read_map.axes):
            pivots = [(False, {u: Fraction(1)}) for u, made in solved.unknowns.items() if made]
            bases.append(pivots + [(True, vector) for vector in solved.free])
        found = []
        for choice in product(*bases):
            if any(free for free, _ in choice):
                vector = dict(_outer([each for _, each in choice], shape))
                found.append(_array([vector.get(n, Fraction(0)) for n in range(prod(shape))], self.layer))
        return tuple(found)

    def matrix(self) -> np.ndarray[Any, Any]:
        """The nearest weight matrix: an object array of int and Fraction.

        >>> import symconv as sc
        >>> sc.project([[1, 2, 0], [0, 3, 4]], sc.Conv((3,), 2)).matrix().tolist()
        [[2, 3, 0], [0, 2, 3]]
        """
        return self.layer.to_numpy(self.kernel)

    def __str__(self) -> str:
        size, one = self.kernel.size, self.kernel.size == 1
        free = size - self.dimension
        lines = [
            f"The weight matrix of {self.layer!r} that is nearest to the given one has the kernel",
            f"Its squared distance is {_number(self.distance_squared)}.",
            f"The weight matrices of this layer have {self.dimension} dimension{'s' * (self.dimension != 1)}, and its kernel {size} entr{'y' if one else 'ies'}"
            + (f": {free} direction{'s' * (free != 1)} of the kernel make{'s' * (free == 1)} no difference." if free else "."),
            "Why it is the nearest: what is left is orthogonal to every M_u, the zeros and ones that say where kernel "
            f"entry u stands; {'the one product was' if one else f'all {size:,} products were'} checked to be 0. So for any other weight matrix of this layer "
            "the squared distance is larger by the square of its distance from this one (Pythagoras).",
        ]  # fmt: skip
        first, *others = (fill(line, 80) for line in lines)
        return "\n".join([first, kernel_text(self.kernel, _number), *others])

    def __repr__(self) -> str:
        return f"<projection on {self.layer!r}, squared distance {_number(self.distance_squared)}>"


def project(W: Any, layer: Layer) -> Projection:  # noqa: N803 - the matrix is W everywhere
    """The weight matrix of a layer that is nearest to W in the Frobenius norm, exactly.

    >>> import symconv as sc
    >>> nearest = sc.project([[1, 2, 0], [0, 3, 5]], sc.Conv(input_size=(3,), kernel_size=2))
    >>> nearest.kernel.tolist(), nearest.distance_squared, nearest.dimension
    ([[[2, Fraction(7, 2)]]], Fraction(13, 2), 2)
    >>> nearest.matrix().tolist()
    [[2, Fraction(7, 2), 0], [0, 2, Fraction(7, 2)]]

    Where an output reads an input twice, several kernels can give the same matrix; `free` says which directions
    make no difference.

    >>> ring = sc.Conv(input_size=(2,), kernel_size=3, padding=1, padding_mode="circular")
    >>> nearest = sc.project([[1, 4], [6, 3]], ring)
    >>> nearest.dimension, [each.tolist() for each in nearest.free]
    (2, [[[[-1, 0, 1]]]])

    Parameters
    ----------
    W
        Any matrix of numbers of the size of the layer's W: NumPy, SciPy sparse, SymPy or nested lists. A float is
        the fraction that it is, and the answer is exact also then; a million entries take about ten seconds.
    layer
        A `Conv`, `ConvTranspose` or `Linear`; its bias plays no part.

    Raises
    ------
    SpecError
        W is no matrix of numbers of that size, or the layer has no kernel.

    Notes
    -----
    Before it is returned, what is left is checked to be orthogonal to every M_u: the matrix from the inverse
    tables, the M_u forward from the definition. That is why it is the nearest.
    """
    if not isinstance(layer, Layer) or layer.kernel_shape is None:
        raise SpecError("layer", layer, "must be a layer with a kernel", "layer=sc.Conv((4, 4), 3)")
    entries = read(W)
    size = prod(layer.output_shape), prod(layer.input_shape)
    if entries.shape != size:
        raise SpecError(
            "W",
            Described(f"of shape {entries.shape}"),
            f"must have the shape of this layer's W, {size}",
            f"W of {size}",
        )
    scale, rows = _integers(entries)

    shape = _kernel_shape(layer)
    b = [0] * prod(shape)
    for u, row, column in reads(layer.read_map):
        b[u] += rows[row].get(column, 0)
    normal = [_normal(axis) for axis in layer.read_map.axes]
    kernel = _solution(b, normal, shape)

    common = lcm(*(each.denominator for each in kernel))
    whole = [int(each * common) for each in kernel]
    left = [
        {c: rows[r].get(c, 0) * common - sum(whole[u] for u in cells.get(c, ())) for c in {*rows[r], *cells}}
        for r, cells in enumerate(weight_matrix(layer.read_map).rows)
    ]
    products = [0] * len(whole)
    for u, row, column in reads(layer.read_map):
        products[u] += left[row].get(column, 0)
    if any(products):
        raise AssertionError(f"what is left is not orthogonal to the weight matrices of {layer!r}")
    squares = Fraction(sum(each * each for row in left for each in row.values()), (scale * common) ** 2)
    dimension = shape[0] * prod(each.rank for each in normal)
    return Projection(layer, _array([each / scale for each in kernel], layer), _plain(squares), dimension)


def _kernel_shape(layer: Layer) -> tuple[int, ...]:
    """The kernel entries of the channels as one axis, then the taps of each spatial axis."""
    return prod(layer.read_map.channels.kernel_shape), *(axis.taps for axis in layer.read_map.axes)


def _normal(axis: Axis) -> Solved:
    """One axis' factor of G, solved: an equation for each tap, its label."""
    meet = Counter(pair for taps in Pattern(axis).cells.values() for pair in product(taps, repeat=2))
    return solve({u: {v: meet[u, v] for v in range(axis.taps) if meet[u, v]} for u in range(axis.taps)}, axis.taps)


def _solution(b: Sequence[int], normal: Sequence[Solved], shape: tuple[int, ...]) -> list[Fraction]:
    """The kernel: each axis' equations solved in turn, whatever the others hold."""
    kernel = [Fraction(each) for each in b]
    for solved, size, step in zip(normal, shape[1:], strides(shape)[1:], strict=True):
        kernel = [
            sum((c * kernel[n + (v - u) * step] for v, c in solved.unknowns[u].items()), Fraction(0))
            for n in range(len(kernel))
            for u in (n // step % size,)
        ]
    return kernel


def _outer(vectors: Sequence[Combination], shape: tuple[int, ...]) -> Iterator[tuple[int, Fraction]]:
    """The product of one vector for each axis, by row-major number."""
    for parts in product(*(vector.items() for vector in vectors)):
        yield (
            sum(at * step for (at, _), step in zip(parts, strides(shape), strict=True)),
            prod((c for _, c in parts), start=Fraction(1)),
        )


def _integers(entries: Entries) -> tuple[int, list[dict[int, int]]]:
    """W times the common denominator of its entries, which is given too."""
    if entries.symbolic and any(monomial != 1 for vector in entries.polynomials for monomial in vector):
        value = next(each for each in entries.given if each.free_symbols)
        raise SpecError(
            "W", value, "must hold numbers: a distance needs them", "W.subs({...}), or sc.recognise(W, ...)"
        )
    numbers = [entries.ratio(number) for number in range(len(entries.given))]
    scale = lcm(*{below for _, below in numbers})
    whole = [above * (scale // below) for above, below in numbers]
    return scale, [{column: whole[number] for column, number in row.items()} for row in entries.rows]


def _plain(number: Fraction) -> int | Fraction:
    return int(number) if number.denominator == 1 else number


def _array(items: Sequence[Fraction], layer: Layer) -> np.ndarray[Any, Any]:
    import numpy as np

    array = np.empty(len(items), object)
    array[:] = [_plain(each) for each in items]
    return array.reshape(layer.kernel_shape or ())


def _number(value: int | Fraction) -> str:
    """A number as it is where that is short, else rounded and marked as such."""
    return str(value) if len(str(value)) <= 24 else f"about {float(value):.6g}"
