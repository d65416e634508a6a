"""The theorem dft at every small size, and its eigenvalues against numpy.fft."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import symconv as sc
from symconv.catalogue.dft import Ring, shifted
from symconv.cyclotomic import cyclotomic, reduced


def padding(total: int, n: int, low: int) -> tuple[int, int]:
    """Low and high padding of that total, as even as `low` and the size allow."""
    low = max(min(low, n), total - n)
    return low, total - low


@pytest.mark.parametrize("n", range(1, 17))
def test_no_size_is_undecided(n: int) -> None:
    """Every kernel up to two more than the ring, every way round; SymPy agrees where it is quick."""
    for kernel, dilation, flip in product(range(1, n + 3), (1, 2), (False, True)):
        if dilation * (kernel - 1) > 2 * n:
            continue
        pairs = (padding(dilation * (kernel - 1), n, low) for low in (0, dilation * (kernel - 1) // 2))
        for pair in dict.fromkeys(pairs):
            layer = sc.Conv((n,), kernel, padding=(pair,), dilation=dilation, padding_mode="circular", flip_kernel=flip)
            assert sc.prove(layer, "dft", check="all" if n < 9 and kernel < 4 else "entries").check().ok


@pytest.mark.parametrize(("rows", "columns"), list(product(range(1, 7), range(1, 7))))
def test_two_axes_and_two_channels(rows: int, columns: int) -> None:
    for groups in (1, 2):
        layer = sc.Conv(
            (rows, columns), (min(rows, 3), min(columns, 2)), 2, 2, padding=((0, min(rows, 3) - 1), (min(columns, 2) - 1, 0)),
            groups=groups, padding_mode="circular",
        )  # fmt: skip
        assert sc.prove(layer, "dft", check="entries").check().ok


def eigenvalues(proof: Any, kernel: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The printed formula, with numbers for the kernel."""
    axes = proof.layer.read_map.axes
    claim = next(step.claim for step in proof.steps if isinstance(step.claim, Ring))
    along = [shifted(axis, shift) for axis, shift in zip(axes, claim.shifts, strict=True)]
    found = np.zeros([axis.inputs for axis in axes], complex)
    for frequency in np.ndindex(found.shape):
        for tap in np.ndindex(kernel.shape):
            turns = sum(
                m * shift[u] / axis.inputs for m, shift, u, axis in zip(frequency, along, tap, axes, strict=True)
            )
            found[frequency] += kernel[tap] * np.exp(2j * np.pi * turns)
    return found


def test_the_eigenvalues_are_those_that_numpy_finds() -> None:
    rng = np.random.default_rng(5)
    for size, kernel, flip in [
        ((7,), (3,), False),
        ((6,), (4,), True),
        ((4, 6), (3, 2), False),
        ((3, 5), (2, 4), True),
    ]:
        totals = [k - 1 for k in kernel]
        pairs = tuple((total // 2, total - total // 2) for total in totals)
        layer = sc.Conv(size, kernel, padding=pairs, padding_mode="circular", flip_kernel=flip)
        numbers = rng.integers(-9, 10, kernel)
        weights = layer.to_numpy(numbers[None, None]).astype(complex)
        axes = tuple(range(len(size)))
        fourier = np.fft.fftn(np.eye(weights.shape[0]).reshape(-1, *size), axes=tuple(n + 1 for n in axes))
        fourier = fourier.reshape(weights.shape).T
        diagonal = fourier @ weights @ np.linalg.inv(fourier)
        expected = np.diag(eigenvalues(sc.prove(layer, "dft"), numbers).ravel())
        assert np.allclose(diagonal, expected)


def test_cyclotomic_polynomials_are_sympys() -> None:
    from sympy import Poly, cyclotomic_poly
    from sympy.abc import x

    for n in range(1, 121):
        assert list(cyclotomic(n)) == [int(value) for value in reversed(Poly(cyclotomic_poly(n, x), x).all_coeffs())]


def test_sums_of_roots_of_unity_are_decided() -> None:
    for n in range(1, 40):
        for step in range(n):
            assert (
                (reduced({step * t: 1 for t in range(n)}, n) == {}) == (step % n != 0) or n == 1 or np.gcd(step, n) > 1
            )
    assert reduced({1: 1, 4: 1}, 6) == {}  # opposite roots cancel
    assert reduced({1: 1, 5: 1}, 6) == {0: 1}  # twice the cosine of sixty degrees
    assert reduced({0: 1, 1: -1}, 5) != {}


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (sc.Conv((4,), 3, padding=1), "its padding is zeros, not circular"),
        (sc.Conv((4,), 3, stride=2, padding=1, padding_mode="circular"), "its stride is not 1"),
        (sc.Conv((4,), 3, padding=1, input_dilation=2, padding_mode="circular"), "its input dilation is not 1"),
        (sc.Conv((4,), 3, padding_mode="circular"), "low \\+ high padding is 0 and dilation · \\(kernel − 1\\) is 2"),
        (sc.Linear(3, 3), "only a Conv"),
    ],
)
def test_it_says_which_condition_fails(layer: sc.Layer, reason: str) -> None:
    with pytest.raises(sc.NotApplicable, match=reason):
        sc.prove(layer, "dft")
