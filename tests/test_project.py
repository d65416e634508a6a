"""The nearest convolution: NumPy's least squares, and the laws of a projection."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
from test_recognise import convolution, directions

import symconv as sc


def layers(seed: int, count: int) -> list[sc.Layer]:
    rng = random.Random(seed)
    found: list[sc.Layer] = [
        sc.Linear(3, 4),
        sc.ConvTranspose((2, 2), 3, 2, 2, stride=2, padding=1, output_padding=1, groups=2),
        sc.ConvTranspose((3,), 2, 1, 2, dilation=2),
        sc.Conv((3,), 2, input_dilation=2, flip_kernel=True, padding=1, padding_mode="symmetric"),
        sc.Conv((2, 2), 3, padding=1, padding_mode="circular"),
    ]
    return found + [convolution(rng, most=4) for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_least_squares_solution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for layer in layers(seed, 20):
        M = directions(layer)
        W = rng.integers(-20, 20, (np.prod(layer.output_shape), np.prod(layer.input_shape)))
        nearest = sc.project(W, layer)
        solution, _, rank, _ = np.linalg.lstsq(M, W.ravel(), rcond=None)
        assert nearest.dimension == rank
        assert np.allclose((M @ solution).reshape(W.shape), nearest.matrix().astype(float))
        assert np.isclose(((M @ solution - W.ravel()) ** 2).sum(), float(nearest.distance_squared))
        # Exactly: what is left is orthogonal to every M_u, and its length is the distance.
        left = (W - nearest.matrix()).ravel()
        assert not (M.T.astype(object) @ left).any()
        assert (left**2).sum() == nearest.distance_squared
        # What is free makes no difference, and is all that makes none.
        assert len(nearest.free) == M.shape[1] - rank
        if nearest.free:
            free = np.array([each.ravel() for each in nearest.free])
            assert not (M.astype(object) @ free.T).any()
            assert np.linalg.matrix_rank(free.astype(float)) == len(free)


@pytest.mark.parametrize("seed", range(2))
def test_a_layers_own_matrix_is_its_own_projection(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for layer in layers(seed + 10, 25):
        W = layer.to_numpy(rng.integers(-9, 9, layer.kernel_shape))
        nearest = sc.project(W, layer)
        assert nearest.distance_squared == 0
        assert (nearest.matrix() == W).all()


def test_with_zero_padding_it_is_the_average_of_what_shares_an_entry() -> None:
    layer = sc.Conv((3,), 2)
    nearest = sc.project([[1, 2, 9], [9, 3, 5]], layer)
    assert nearest.kernel.tolist() == [[[2, Fraction(7, 2)]]]
    assert nearest.distance_squared == 2 + Fraction(9, 2) + 81 + 81
    assert nearest.free == ()


def test_where_an_input_is_read_twice_the_average_is_wrong() -> None:
    """Replicate padding: k_0 stands alone in one place and beside k_1 in another."""
    layer = sc.Conv((2,), 2, padding=((1, 0),), padding_mode="replicate")
    W = [[5, 0], [1, 1]]  # k_0 + k_1, 0; k_0, k_1
    nearest = sc.project(W, layer)
    assert nearest.kernel.tolist() == [[[2, 2]]]  # G = [[2, 1], [1, 2]], b = (6, 6)
    assert nearest.distance_squared == 3


def test_floats_are_exact_too() -> None:
    nearest = sc.project(np.array([[0.1, 0.0], [0.0, 0.2]]), sc.Conv((2,), 1))
    half = (Fraction(0.1) + Fraction(0.2)) / 2
    assert nearest.kernel.tolist() == [[[half]]]
    assert nearest.distance_squared == 2 * (Fraction(0.1) - half) ** 2
    assert sc.project(sympy.eye(2) / 3, sc.Conv((2,), 1)).kernel.tolist() == [[[Fraction(1, 3)]]]


def test_what_is_printed() -> None:
    for layer in layers(1, 5):
        W = np.arange(np.prod(layer.output_shape) * np.prod(layer.input_shape)) / 7
        text = str(sc.project(W.reshape(np.prod(layer.output_shape), -1), layer))
        assert "orthogonal to every M_u" in text
        assert max(map(len, text.splitlines())) <= 80


def test_errors_teach() -> None:
    with pytest.raises(sc.SpecError, match=r"W of shape \(1, 1\): must have the shape of this layer's W, \(3, 3\)"):
        sc.project([[1]], sc.Conv((3,), 1))
    with pytest.raises(sc.SpecError, match=r"dtype bool.*Valid: W.astype\(int\)"):
        sc.project(np.eye(2, dtype=bool), sc.Conv((2,), 1))
    with pytest.raises(sc.SpecError, match="must hold numbers"):
        sc.project([[sympy.Symbol("a")]], sc.Conv((1,), 1))
    with pytest.raises(sc.SpecError, match="must be a layer with a kernel"):
        sc.project([[1]], "conv")  # type: ignore[arg-type]
    with pytest.raises(sc.SpecError, match="must be a layer with a kernel"):
        sc.project([[1]], sc.AvgPool((1,), 1))


def test_it_prints_the_kernel_and_counts_as_one_does() -> None:
    said = str(sc.project([[1, 2, 0], [0, 3, 5]], sc.Conv((3,), 2)))
    assert "given one has the kernel\n  [[[2 7/2]]]\nIts squared distance is 13/2.\n" in said
    assert "have 2 dimensions, and its kernel 2 entries." in said
    one = str(sc.project([[1]], sc.Conv((1,), 1)))
    assert "have 1 dimension, and its kernel 1 entry." in one
    assert "the one product was checked to be 0" in " ".join(one.split())
