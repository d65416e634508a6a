"""The schemes of fast convolution: the matrices of the literature, and the identity that each satisfies."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest

from symconv.algebra.schemes import evaluation, scheme, with_roots
from symconv.steps.bilinear import evaluated_identity
from symconv.steps.tiles import expanded

# (m, r): (B^T, G, A^T), rows separated by semicolons.
# F(2,3): Lavin and Gray, arXiv 1509.09308, equation (7). F(4,3): the same, section 4.3.
# F(6,3): A. Lavin's wincnn at the points 0, 1, -1, 2, -2, 1/2, -1/2.
LITERATURE = {
    (2, 3): (
        "1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1",
        "1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1",
        "1 1 1 0; 0 1 -1 -1",
    ),
    (4, 3): (
        "4 0 -5 0 1 0; 0 -4 -4 1 1 0; 0 4 -4 -1 1 0; 0 -2 -1 2 1 0; 0 2 -1 -2 1 0; 0 4 0 -5 0 1",
        "1/4 0 0; -1/6 -1/6 -1/6; -1/6 1/6 -1/6; 1/24 1/12 1/6; 1/24 -1/12 1/6; 0 0 1",
        "1 1 1 1 1 0; 0 1 -1 2 -2 0; 0 1 1 4 4 0; 0 1 -1 8 -8 1",
    ),
    (6, 3): (
        "1 0 -21/4 0 21/4 0 -1 0; 0 1 1 -17/4 -17/4 1 1 0; 0 -1 1 17/4 -17/4 -1 1 0; 0 1/2 1/4 -5/2 -5/4 2 1 0;"
        "0 -1/2 1/4 5/2 -5/4 -2 1 0; 0 2 4 -5/2 -5 1/2 1 0; 0 -2 4 5/2 -5 -1/2 1 0; 0 -1 0 21/4 0 -21/4 0 1",
        "1 0 0; -2/9 -2/9 -2/9; -2/9 2/9 -2/9; 1/90 1/45 2/45; 1/90 -1/45 2/45; 32/45 16/45 8/45; 32/45 -16/45 8/45; 0 0 1",
        "1 1 1 1 1 1 1 0; 0 1 -1 2 -2 1/2 -1/2 0; 0 1 1 4 4 1/4 1/4 0; 0 1 -1 8 -8 1/8 -1/8 0;"
        "0 1 1 16 16 1/16 1/16 0; 0 1 -1 32 -32 1/32 -1/32 1",
    ),
}  # fmt: skip


def table(text: str) -> list[list[Fraction]]:
    return [[Fraction(entry) for entry in row.split()] for row in text.split(";")]


def scaling(ours: Any, theirs: Any) -> Fraction:
    """The number that takes one row to the other; there is one, and it is not zero."""
    factor = next(Fraction(b) / a for a, b in zip(ours, theirs, strict=True) if a)
    assert factor
    assert [factor * a for a in ours] == list(theirs)
    return factor


@pytest.mark.parametrize("size", LITERATURE, ids=str)
def test_the_matrices_of_the_literature_up_to_scalings_of_rows(size: tuple[int, int]) -> None:
    """A row of B^T, a row of G and a column of A^T belong to a point; scalings with product 1 change nothing."""
    b, g, a = map(table, LITERATURE[size])
    f = scheme(*size)
    for point in range(f.size):
        factors = (
            scaling(f.basis[point], b[point]),
            scaling(f.kernel[point], g[point]),
            scaling(f.values[point], [row[point] for row in a]),
        )
        assert prod(factors) == 1
        assert {abs(factor) for factor in factors} == {1}, "here they differ in signs only"


def test_f_2_5_shares_its_input_transform_with_f_4_3() -> None:
    """Both multiply to 6 coefficients at 0, 1, -1, 2, -2; the literature's B^T for F(4,3) is that of F(2,5)."""
    f = scheme(2, 5)
    assert f.points == (0, 1, -1, 2, -2)
    for ours, theirs in zip(f.basis, table(LITERATURE[4, 3][0]), strict=True):
        scaling(ours, theirs)
    assert f.values == evaluation(f.points, 2)
    assert [[v * x for v in row] for row, x in zip(f.kernel, f.factors, strict=True)] == [
        list(row) for row in evaluation(f.points, 5)
    ]


def test_karatsuba_and_toom_3() -> None:
    """Three products for four at 0, 1 and infinity, by the textbook: (a0 + a1)(g0 + g1) - a0 g0 - a1 g1."""
    karatsuba = scheme(2, 2)
    assert karatsuba.points == (0, 1)
    assert karatsuba.values == karatsuba.kernel == ((1, 0), (1, 1), (0, 1))
    assert tuple(zip(*karatsuba.basis, strict=True)) == ((1, 0, 0), (-1, 1, -1), (0, 0, 1))
    assert scheme(3, 3).points == (0, 1, -1, 2)
    assert scheme(3, 3).size == 5


@pytest.mark.parametrize("m", range(1, 8))
@pytest.mark.parametrize("r", range(1, 7))
def test_every_scheme_satisfies_its_identity(m: int, r: int) -> None:
    """At random points too; against NumPy's inverse of the Vandermonde matrix, whose numbers are rounded."""
    rng = Random(10 * m + r)
    points = tuple(rng.sample([Fraction(n, d) for n in range(-9, 10) for d in (1, 2, 3) if d == 1 or n % d], m + r - 2))
    for f in (scheme(m, r), scheme(m, r, points)):
        expected = [int(s == h + u) for h in range(m) for u in range(r) for s in range(f.size)]
        assert list(evaluated_identity(f)) == expected
        assert expanded(f) == tuple({h + u: {(u,): 1} for u in range(r)} for h in range(m))
        values = np.array(evaluation(f.points, f.size), float)
        if np.linalg.cond(values) < 1e6:
            scaled = [[Fraction(b) / x for b in row] for row, x in zip(f.basis, f.factors, strict=True)]
            assert np.allclose(np.linalg.inv(values).T, np.array(scaled, float), rtol=1e-6, atol=1e-8)


def test_polynomials_from_their_roots() -> None:
    """Against NumPy's poly, whose highest coefficient comes first."""
    for roots in ([0], [1, -1], [2, 3, -5, 7]):
        assert with_roots(list(roots)) == [round(c) for c in np.poly(np.array(roots, float))[::-1]]
