"""Products of polynomials: circulant, Karatsuba and Toom-3 run on numbers, against SciPy and the FFT; and what is refused."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from lanes import many
from oracle import integers
from scheme_cases import Counted, configurations, fractions

import symconv as sc
from symconv.algebra.schemes import scheme


def split(a: list[Any], g: list[Any], base: int) -> list[Any]:
    """The textbook's recursion: split into `base` parts, evaluate, multiply, interpolate, add in at their places."""
    if len(a) == 1:
        return [a[0].times(g[0])]
    f = scheme(base, base)
    part = len(a) // base

    def at_points(rows: Any, of: list[Any]) -> list[list[Any]]:
        parts = [of[n * part : (n + 1) * part] for n in range(base)]
        return [
            [Counted(sum(c * Fraction(x) for c, x in zip(row, each, strict=True))) for each in zip(*parts, strict=True)]
            for row in rows
        ]

    values = [split(x, y, base) for x, y in zip(at_points(f.values, a), at_points(f.kernel, g), strict=True)]
    result = [Fraction(0)] * (2 * len(a) - 1)
    for s, row in enumerate(zip(*f.basis, strict=True)):
        for n, each in enumerate(zip(*values, strict=True)):
            result[s * part + n] += sum(c * x for c, x in zip(row, each, strict=True))
    return result


@pytest.mark.parametrize(("method", "base"), [("karatsuba", 2), ("toom-3", 3)])
def test_blocks_compute_the_layer_with_as_many_multiplications_as_printed(method: str, base: int) -> None:
    """Run as the textbook's recursion, block by block and counted, against NumPy's convolve."""
    rng = Random(base)
    for n in range(many(25, 6)):
        size, taps = rng.randint(1, 12), rng.randint(1, 6)
        low, high = rng.randint(0, 3), rng.randint(max(0, taps - size), taps + 1)
        layer = sc.Conv((size,), taps, padding=((low, high),), flip_kernel=n % 2 == 0)
        proof = sc.prove(layer, "fft-linear", method=method)
        x, k = integers(n, (size,)), integers(n + 99, (taps,))
        h = k if layer.flip_kernel else k[::-1]
        block = base
        while block < taps:
            block *= base
        total = [Fraction(0)] * (-(-size // block) * block + block - 1)
        Counted.products = 0
        factor = [Counted(int(w)) for w in h] + [Counted(0)] * (block - taps)
        for start in range(0, size, block):
            piece = [Counted(int(v)) for v in x[start : start + block]]
            for s, value in enumerate(split(piece + [Counted(0)] * (block - len(piece)), factor, base)):
                total[start + s] += value
        assert total[: size + taps - 1] == list(np.convolve(x, h))
        assert f"directly and {Counted.products:,} in" in " ".join(str(proof).split())
        places = (i + taps - 1 - low for i in range(layer.output_shape[1]))
        kept = [total[at] if 0 <= at < len(total) else 0 for at in places]
        assert kept == list(layer.to_numpy(k.reshape(1, 1, taps)) @ x)


@pytest.mark.parametrize("method", ["circulant", "karatsuba", "toom-3"])
def test_products_of_polynomials_compute_the_layer(method: str) -> None:
    """210 configurations for each method."""
    for n, config in enumerate(configurations(7, many(210, 30), modes=("zeros",))):
        level = "all" if n % 15 == 0 else "entries"
        assert sc.prove(sc.Conv(**config), "fft_linear", check=level, method=method).check().ok, config


def test_the_ring_against_scipy_and_the_fft() -> None:
    """C is SciPy's circulant of the reversed kernel, R C E is W, and NumPy's FFT multiplies on the ring."""
    linalg = pytest.importorskip("scipy.linalg", reason="pip install 'symconv[scipy]'")
    rng = Random(9)
    for n in range(many(40, 10)):
        size, taps = rng.randint(1, 9), rng.randint(1, 5)
        low, high = rng.randint(0, 3), rng.randint(max(0, taps - size), 4)
        layer = sc.Conv((size,), taps, padding=((low, high),), flip_kernel=n % 3 == 0)
        places = size + taps - 1 + rng.randint(0, 3)
        proof = sc.prove(layer, "fft_linear", size=places)
        k, x = integers(n, (taps,)), integers(n + 50, (size,))
        h = np.zeros(places, np.int64)
        h[:taps] = k if layer.flip_kernel else k[::-1]
        circulant = linalg.circulant(h)
        ring = proof.steps[2].claim.layer  # type: ignore[attr-defined]
        assert (ring.to_numpy(k.reshape(1, 1, taps)) == circulant).all()
        select, extend = (fractions(proof.matrices[name]).astype(np.int64) for name in "RE")
        w = layer.to_numpy(k.reshape(1, 1, taps))
        assert (select @ circulant @ extend == w).all()
        by_fft = np.fft.ifft(np.fft.fft(h) * np.fft.fft(extend @ x)).real
        assert np.allclose(select @ by_fft, w @ x)


def test_any_rank() -> None:
    layer = sc.Conv((3, 2, 4), (2, 2, 3), 2, 2, padding=1, groups=2)
    for method in ("circulant", "karatsuba", "toom-3"):
        assert sc.prove(layer, "fft_linear", check="entries", method=method).check().ok


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "fft"}, "method='fft': must be one of circulant, karatsuba, toom-3"),
        ({"size": 9}, r"must be at least input \+ kernel - 1 = 10, so that the ends of the product do not meet. Valid: size=10"),
        ({"size": 12, "method": "karatsuba"}, "size=12: is for the method circulant"),
        ({"points": (0, 1)}, "are for the methods karatsuba, toom-3"),
        ({"points": (0, 0), "method": "karatsuba"}, "must be different, and 0 occurs twice"),
        ({"points": (0, 1, 2), "method": "karatsuba"}, r"F\(2, 2\) takes 2 finite points besides infinity; 3 given"),
    ],
)  # fmt: skip
def test_the_options_of_a_product_are_checked(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(sc.SpecError, match=message):
        sc.prove(sc.Conv((8,), 3), "fft_linear", **asked)
