"""SciPy's and NumPy's convolutions, modes, boundaries and matrices: the same integers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import applied, integers
from lanes import SEED, many

import symconv as sc

scipy = pytest.importorskip("scipy", reason="pip install 'symconv[scipy]'")
from scipy import linalg, ndimage, signal  # noqa: E402

Pairs = tuple[tuple[int, int], ...]


def sized(rng: random.Random, rank: int, most: int = 7, largest: int = 5) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sizes of an input and of a kernel that is no larger."""
    inputs = tuple(rng.randint(1, most) for _ in range(rank))
    return inputs, tuple(rng.randint(1, min(largest, n)) for n in inputs)


def centred(kernel: tuple[int, ...]) -> Pairs:
    """The padding of "same": the middle of the full result, one earlier where there are two."""
    return tuple((k - 1 - (k - 1) // 2, (k - 1) // 2) for k in kernel)


def agrees(layer: sc.Conv, x: np.ndarray, kernel: np.ndarray, theirs: Any, about: Any) -> None:
    ours = applied(layer, x[None], kernel[None, None])[0]
    assert ours.shape == np.shape(theirs), (SEED, about, layer)
    assert (ours == theirs).all(), (SEED, about, layer)


@pytest.mark.parametrize("flip", [True, False], ids=["convolve", "correlate"])
def test_signal_of_any_rank(flip: bool) -> None:
    rng = random.Random(SEED)
    for n in range(many(150, 25)):
        rank, mode = rng.choice((1, 1, 2, 3)), ("full", "same", "valid")[n % 3]
        sizes, kernel = sized(rng, rank, 7 if rank < 3 else 4)
        x, k = integers(rng, sizes), integers(rng, kernel)
        theirs = (signal.convolve if flip else signal.correlate)(x, k, mode, "direct")
        padding = centred(kernel) if mode == "same" else mode
        agrees(sc.Conv(sizes, kernel, padding=padding, flip_kernel=flip), x, k, theirs, mode)


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("flip", [True, False], ids=["convolve2d", "correlate2d"])
def test_signal_in_two_dimensions(flip: bool, boundary: str) -> None:
    """The middle of an even kernel: convolve2d starts half a kernel in, correlate2d one later where there are two."""
    rng = random.Random(SEED)
    mode = {"fill": "zeros", "wrap": "circular", "symm": "symmetric"}[boundary]
    for n in range(many(60, 12)):
        form = ("full", "same", "valid")[n % 3]
        sizes, kernel = sized(rng, 2)
        x, k = integers(rng, sizes), integers(rng, kernel)
        theirs = (signal.convolve2d if flip else signal.correlate2d)(x, k, form, boundary)
        padding: Any = form
        if form == "same":
            padding = centred(kernel) if flip else tuple((high, low) for low, high in centred(kernel))
        agrees(sc.Conv(sizes, kernel, padding=padding, flip_kernel=flip, padding_mode=mode), x, k, theirs, form)


BOUNDARIES = {
    "constant": "zeros", "grid-constant": "zeros", "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "replicate",
    "wrap": "circular", "grid-wrap": "circular",
}  # fmt: skip
"""SciPy's name of a boundary -> this package's."""


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("flip", [True, False], ids=["convolve", "correlate"])
def test_ndimage_with_every_boundary_and_origin(flip: bool, boundary: str) -> None:
    rng, done = random.Random(SEED), 0
    while done < many(40, 6):
        rank = rng.choice((1, 2, 2, 3))
        sizes, kernel = sized(rng, rank, 6 if rank < 3 else 4)
        x, k = integers(rng, sizes), integers(rng, kernel)
        origin = [rng.randint(-(m // 2), (m - 1) // 2) for m in kernel]
        lows = [m // 2 + (at if not flip else -at - (m % 2 == 0)) for m, at in zip(kernel, origin, strict=True)]
        if min(lows) < 0 or any(low > m - 1 for low, m in zip(lows, kernel, strict=True)):
            continue  # an origin that SciPy refuses
        padding = tuple((low, m - 1 - low) for low, m in zip(lows, kernel, strict=True))
        try:
            layer = sc.Conv(sizes, kernel, padding=padding, flip_kernel=flip, padding_mode=BOUNDARIES[boundary])
        except sc.SpecError:  # a single entry has no mirror image
            continue
        theirs = (ndimage.convolve if flip else ndimage.correlate)(x, k, mode=boundary, origin=origin)
        agrees(layer, x, k, theirs, (boundary, origin))
        done += 1


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_the_matrices_of_linalg(mode: str) -> None:
    """convolution_matrix is W of the layer with a reversed kernel; its circulant is W with circular padding."""
    rng = random.Random(SEED)
    for _ in range(many(40, 8)):
        taps = rng.randint(1, 5)
        size = rng.randint(taps, 8)
        kernel = integers(rng, (taps,))
        padding = centred((taps,)) if mode == "same" else mode
        layer = sc.Conv((size,), taps, padding=padding, flip_kernel=True)
        theirs = linalg.convolution_matrix(kernel, size, mode)
        assert (layer.to_numpy(kernel[None, None]) == theirs).all(), (SEED, layer)
        if mode == "full":
            column = np.concatenate([kernel, np.zeros(size - taps, np.int64)])
            ring = sc.Conv((size,), taps, padding=((taps - 1, 0),), padding_mode="circular", flip_kernel=True)
            assert (ring.to_numpy(kernel[None, None]) == linalg.circulant(column)).all(), (SEED, ring)
        if mode == "valid":
            row = np.concatenate([kernel, np.zeros(size - taps, np.int64)])
            first = np.concatenate([kernel[:1], np.zeros(size - taps, np.int64)])
            plain = sc.Conv((size,), taps)
            assert (plain.to_numpy(kernel[None, None]) == linalg.toeplitz(first, row)).all(), (SEED, plain)


@pytest.mark.parametrize(
    ("theirs", "flip"), [(np.convolve, True), (np.correlate, False)], ids=["convolve", "correlate"]
)
def test_numpy(theirs: Callable[..., Any], flip: bool) -> None:
    rng = random.Random(SEED)
    for n in range(many(120, 25)):
        mode = ("full", "same", "valid")[n % 3]
        (size,), (taps,) = sized(rng, 1, 9)
        x, k = integers(rng, (size,)), integers(rng, (taps,))
        padding: Any = centred((taps,)) if mode == "same" else mode
        agrees(sc.Conv((size,), taps, padding=padding, flip_kernel=flip), x, k, theirs(x, k, mode), mode)
