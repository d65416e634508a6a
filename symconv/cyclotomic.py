"""Exact roots of unity: sums of powers of a primitive n-th root, reduced modulo the cyclotomic polynomial.

The powers 1, w, ..., w^(n-1) of a primitive n-th root of unity are not independent: a sum of them is zero
exactly when the cyclotomic polynomial Phi_n divides it. So every equality is decided by one division
of integer polynomials, at every n.

>>> reduced({0: 1, 1: 1, 2: 1, 3: 1, 4: 1}, 5)  # all five fifth roots of unity add up to zero
{}
>>> reduced({3: 1}, 6)  # half-way around
{0: -1}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

Powers = Mapping[int, int]
"""A sum of roots of unity: exponent of w -> how often."""


@lru_cache(maxsize=1024)
def cyclotomic(n: int) -> tuple[int, ...]:
    """The coefficients of Phi_n, the constant first: x^n - 1 divided by Phi_d for every proper divisor d.

    >>> cyclotomic(6)
    (1, -1, 1)
    """
    rest: Sequence[int] = (-1, *(0,) * (n - 1), 1)
    for d in range(1, n):
        if n % d == 0:
            rest, left = divided(rest, cyclotomic(d))
            if any(left):
                raise ArithmeticError(f"Phi_{d} does not divide x^{n} - 1")
    return tuple(rest)


def divided(top: Sequence[int], bottom: Sequence[int]) -> tuple[list[int], list[int]]:
    """Quotient and remainder of polynomials, the constants first; the divisor is monic."""
    rest = list(top)
    degree = len(bottom) - 1
    quotient = [0] * max(len(rest) - degree, 0)
    lower = [(at, value) for at, value in enumerate(bottom[:-1]) if value]
    for n in range(len(rest) - 1, degree - 1, -1):
        factor = quotient[n - degree] = rest[n]
        if factor:
            rest[n] = 0
            for at, value in lower:
                rest[n - degree + at] -= factor * value
    return quotient, rest[:degree]


def reduced(powers: Powers, n: int) -> dict[int, int]:
    """The canonical form of a sum of n-th roots of unity: {} exactly when it is zero."""
    total = [0] * n
    for exponent, count in powers.items():
        total[exponent % n] += count
    return {at: value for at, value in enumerate(divided(total, cyclotomic(n))[1]) if value}
