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
from itertools import product
from math import isqrt, prod

Powers = Mapping[int, int]
"""A sum of roots of unity: exponent of w -> how often."""


@lru_cache(maxsize=1024)
def cyclotomic(n: int) -> tuple[int, ...]:
    """The coefficients of Phi_n, the constant first: the product of (1 - x^d)^mu(n/d) over the divisors d of n.

    Its factors are multiplied and divided as power series, as far as the degree phi(n) needs.

    >>> cyclotomic(6)
    (1, -1, 1)
    """
    if n == 1:
        return -1, 1
    primes = [p for p in range(2, n + 1) if n % p == 0 and all(p % q for q in range(2, isqrt(p) + 1))]
    degree = n
    for p in primes:
        degree = degree // p * (p - 1)
    series = [1] + [0] * degree
    for chosen in product((False, True), repeat=len(primes)):
        d = n // prod(p for p, taken in zip(primes, chosen, strict=True) if taken)
        if sum(chosen) % 2 == 0:
            for at in range(degree, d - 1, -1):
                series[at] -= series[at - d]
        else:
            for at in range(d, degree + 1):
                series[at] += series[at - d]
    return tuple(series)


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
