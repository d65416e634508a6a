"""Fast bilinear schemes: products of polynomials by evaluation, multiplication and interpolation.

A scheme F(m, r) belongs to polynomials a with m and g with r coefficients and to N - 1 distinct finite
points, N = m + r - 1 being the number of coefficients of the product a g. Its matrices have a row for
each point, and a last row for "infinity", which stands for the leading coefficient:

    A   N x m   evaluates a: 1, x, ..., x^(m-1) in the row of the point x, 0, ..., 0, 1 in the last
    G   N x r   evaluates g and divides by the row's factor
    B^T N x N   its row for x holds the coefficients of the polynomial that vanishes at all other points

They satisfy one identity, for all h < m, u < r, s < N:

    sum over l of A[l, h] G[l, u] B[s, l] = 1 if s = h + u, else 0.

Read one way it multiplies polynomials, a g = B ((G g) . (A a)) (Toom-Cook; Karatsuba for m = r = 2).
Transposed it is correlation, A^T ((G g) . (B^T d)) (Winograd's minimal filtering). Either way the dot
stands for N multiplications in place of m r.

All numbers are integers and fractions. Sources: A. Toom 1963; S. Winograd, "Arithmetic complexity of
computations", 1980; A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", arXiv 1509.09308.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count, islice
from typing import Any

from ..errors import SpecError

Number = int | Fraction
Table = tuple[tuple[Number, ...], ...]


@dataclass(frozen=True)
class Scheme:
    """F(m, r) at its points, as plain data: whoever uses it checks it."""

    outputs: int  # m
    taps: int  # r
    points: tuple[Number, ...]  # the finite ones
    factors: tuple[Number, ...]  # what the rows of G are divided by
    values: Table  # A
    kernel: Table  # G
    basis: Table  # B^T

    @property
    def size(self) -> int:
        """N, the number of points with infinity: the multiplications of one tile."""
        return len(self.points) + 1


def usual_points() -> Iterator[Number]:
    """0, 1, -1, 2, -2, 1/2, -1/2, 3, -3, 1/3, -1/3, ...: small numbers first."""
    yield from (0, 1, -1)
    yield from chain.from_iterable((n, -n, Fraction(1, n), Fraction(-1, n)) for n in count(2))


def scheme(outputs: int, taps: int, points: tuple[Number, ...] | None = None) -> Scheme:
    """F(outputs, taps), by default at the usual points.

    >>> f = scheme(2, 3)
    >>> f.values
    ((1, 0), (1, 1), (1, -1), (0, 1))
    >>> f.basis
    ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1))
    """
    needed = outputs + taps - 2
    chosen = tuple(islice(usual_points(), needed)) if points is None else points
    if len(chosen) != needed or len(set(chosen)) != needed:
        raise ValueError(f"F({outputs}, {taps}) needs {needed} different points")
    factors: list[Number] = []
    basis: list[tuple[Number, ...]] = []
    for x in chosen:
        others = [y for y in chosen if y != x]
        factor: Number = 1
        for y in others:
            factor *= x - y
        sign = -1 if factor < 0 else 1
        factors.append(plain(sign * factor))
        basis.append((*(plain(sign * c) for c in with_roots(others)), 0))
    factors.append(1)
    basis.append(tuple(map(plain, with_roots(list(chosen)))))
    evaluated = evaluation(chosen, taps)
    kernel = tuple(
        tuple(plain(Fraction(value) / f) for value in row) for row, f in zip(evaluated, factors, strict=True)
    )
    return Scheme(outputs, taps, chosen, tuple(factors), evaluation(chosen, outputs), kernel, tuple(basis))


def evaluation(points: tuple[Number, ...], size: int) -> Table:
    """The values of 1, x, ..., x^(size-1) at the points, and their coefficients of x^(size-1): a Vandermonde matrix."""
    rows = [tuple(plain(x**n) for n in range(size)) for x in points]
    return (*rows, tuple(int(n == size - 1) for n in range(size)))


def with_roots(roots: list[Number]) -> list[Number]:
    """The coefficients, constant first, of the product of the (x - root).

    >>> with_roots([1, -1])
    [-1, 0, 1]
    """
    result: list[Number] = [1]
    for root in roots:
        result = [a - root * b for a, b in zip([0, *result], [*result, 0], strict=True)]
    return result


def plain(value: Number) -> Number:
    """An integer as an int."""
    return value if isinstance(value, int) or value.denominator > 1 else value.numerator


# Points as they are given --------------------------------------------------------------------------


def each_axis(points: object, rank: int) -> tuple[tuple[Number, ...], ...]:
    """Points for all axes, or a sequence of them for each axis."""
    example = "points=(0, 1, -1, 2, -2)"
    if isinstance(points, str) or not isinstance(points, Sequence):
        points = (points,)
    several = [each for each in points if isinstance(each, Sequence) and not isinstance(each, str)]
    if not several:
        return (tuple(_number(points, each) for each in points),) * rank
    if len(points) != rank:
        rule = f"needs one sequence for each of the {rank} axes, or one for all; {len(points)} given"
        raise SpecError("points", points, rule, example)
    return tuple(
        tuple(_number(points, x) for x in each) if each in several else (_number(points, each),) for each in points
    )


def _number(points: object, value: Any) -> Number:
    """An exact number: an integer or a fraction."""
    if isinstance(value, bool) or not (hasattr(value, "numerator") and hasattr(value, "denominator")):
        raise SpecError(
            "points", points, f"must be integers and fractions, not {value!r}", "points=(0, 1, Fraction(1, 2))"
        )
    return plain(Fraction(int(value.numerator), int(value.denominator)))


def enough(points: object, chosen: tuple[Number, ...], size: int, taps: int, where: str = "") -> None:
    """As many different points as F(size, taps) needs."""
    needed = size + taps - 2
    example = f"points={tuple(islice(usual_points(), needed))}"
    twice = next((x for x in chosen if chosen.count(x) > 1), None)
    if twice is not None:
        raise SpecError("points", points, f"must be different{where}, and {twice} occurs twice", example)
    if len(chosen) != needed:
        rule = f"F({size}, {taps}) takes {needed} finite points besides infinity{where}; {len(chosen)} given"
        raise SpecError("points", points, rule, example)
