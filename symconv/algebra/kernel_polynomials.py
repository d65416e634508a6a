"""A kernel of one channel as a polynomial over the rationals, and as the product of two of given sizes.

Entry (u, v, ...) is the coefficient of t1^u t2^v ...; a kernel without axes is a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from .schemes import Number, plain


def remaining(sizes: Sequence[int], first: Sequence[int]) -> tuple[int, ...]:
    """The size that a second kernel has, where the first one and the product of both have these.

    >>> remaining((5, 3), (2, 3))
    (4, 1)
    """
    return tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))


def two_factors(
    values: Sequence[Number], sizes: tuple[int, ...], first: tuple[int, ...]
) -> tuple[list[Number], list[Number]] | None:
    """Two kernels of the sizes `first` and sizes - first + 1 whose product is this one; None where there are none.

    The polynomial is factored over the rationals, which can be done in one way only, and degrees add up, so the
    degrees that some share of its factors has decide it.

    >>> two_factors([1, 3, 2], (3,), (2,))
    ([1, 2], [1, 1])
    >>> two_factors([1, 0, 1], (3,), (2,)) is None
    True
    """
    rest = remaining(sizes, first)
    if not any(values):
        return [0] * prod(first), [0] * prod(rest)
    scale, factors = factored(values, sizes)
    degree = tuple(sum(_degrees(factor)[n] * power for factor, power in factors) for n in range(len(sizes)))
    reached: dict[tuple[int, ...], tuple[int, ...]] = {(0,) * len(sizes): ()}  # degrees -> a share of the factors
    for factor, power in factors:
        own = _degrees(factor)[: len(sizes)]
        further: dict[tuple[int, ...], tuple[int, ...]] = {}
        for degrees, powers in reached.items():
            for taken in range(power + 1):
                at = tuple(have + taken * more for have, more in zip(degrees, own, strict=True))
                if all(one < k for one, k in zip(at, first, strict=True)):
                    further.setdefault(at, (*powers, taken))
        reached = further
    for degrees, powers in reached.items():
        if all(total - one < k for total, one, k in zip(degree, degrees, rest, strict=True)):
            left = right = polynomial([1], (1,) * len(sizes))
            for (factor, power), taken in zip(factors, powers, strict=True):
                left, right = left * factor**taken, right * factor ** (power - taken)
            return _coefficients(left, first), [plain(scale * value) for value in _coefficients(right, rest)]
    return None


def polynomial(values: Sequence[Number], sizes: tuple[int, ...]) -> Any:
    """A kernel as a SymPy `Poly`; t is its variable, or t1, t2, ...

    >>> polynomial([1, 0, 2], (3,)).as_expr()
    2*t**2 + 1
    """
    from sympy import Poly, Rational, Symbol

    names = ["t"] if len(sizes) < 2 else [f"t{n + 1}" for n in range(len(sizes))]
    terms = {
        at or (0,): Rational(*value.as_integer_ratio())
        for at, value in zip(product(*map(range, sizes)), values, strict=True)
        if value
    }
    return Poly(terms or {(0,) * len(names): 0}, *map(Symbol, names), domain="QQ")


def factored(values: Sequence[Number], sizes: tuple[int, ...]) -> tuple[Number, list[tuple[Any, int]]]:
    """A number, and the irreducible factors over the rationals with their powers.

    >>> factored([2, 4, 2], (3,))
    (Fraction(2, 1), [(Poly(t + 1, t, domain='QQ'), 2)])
    """
    scale, factors = polynomial(values, sizes).factor_list()
    return Fraction(int(scale.p), int(scale.q)), factors


def _degrees(factor: Any) -> tuple[int, ...]:
    return tuple(factor.degree(variable) for variable in factor.gens)


def _coefficients(made: Any, sizes: tuple[int, ...]) -> list[Number]:
    found = dict(made.terms())
    return [
        plain(Fraction(int(c.p), int(c.q))) if (c := found.get(at or (0,))) is not None else 0
        for at in product(*map(range, sizes))
    ]
