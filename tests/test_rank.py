"""The theorem rank: against NumPy and SymPy, determinants and null vectors, and broken certificates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest
from damages import built
from lanes import many
from sympy import Matrix, expand, factor, symbols
from test_catalogue import layers

import symconv as sc
from symconv.algebra.elimination import PRIME, cover, determinant, pivots
from symconv.algebra.linear import Exact, weights
from symconv.proof import Proof
from symconv.steps.ranks import AtLeast, AtMost, Exceptional, GenericRank, NullSpace


def claim(proof: Proof, kind: type) -> Any:
    return next((step.claim for step in proof.steps if isinstance(step.claim, kind)), None)


def families(seed: int, count: int, largest: int = 3_000) -> Iterator[Any]:
    done = 0
    for layer in layers(seed):
        if layer.kernel_shape is None:
            continue
        if prod(layer.output_shape) * prod(layer.input_shape) <= largest and layer.read_map.nonzeros:
            yield layer
            done += 1
            if done == count:
                return


def test_the_rank_is_that_of_numpy_for_random_kernels() -> None:
    """A random kernel has the generic rank: NumPy's, by singular values."""
    rng, undecided = np.random.default_rng(0), 0
    for layer in families(21, many(200, 40)):
        found = claim(sc.prove(layer, "rank", check="axes"), GenericRank)
        ranks = [int(np.linalg.matrix_rank(layer.to_numpy(rng.normal(size=layer.kernel_shape)))) for _ in range(2)]
        assert max(ranks) == found.lowest, layer
        undecided += found.lowest < found.highest
    assert undecided <= 4


def test_the_rank_is_sympys_over_the_rational_functions() -> None:
    done = 0
    for layer in families(22, many(130, 40), largest=36):
        if prod(layer.kernel_shape) > 4:
            continue
        found = claim(sc.prove(layer, "rank", check="axes"), GenericRank)
        assert layer.weight_matrix().rank(simplify=True) == found.lowest == found.highest, layer
        done += 1
    assert done > many(15, 4)


def test_null_vectors_are_a_basis() -> None:
    """W v expands to zero in SymPy, and for a random kernel the vectors are independent and as many as there are."""
    done = 0
    for layer in families(23, many(120, 30), largest=150):
        proof = sc.prove(layer, "rank", check="axes")
        found, rank = claim(proof, NullSpace), claim(proof, GenericRank)
        if found is None:
            continue
        kernel = layer.flat_symbols()[1]
        vectors = Matrix(*found.witnesses.shape, lambda r, c, f=found, k=kernel: polynomial(f.witnesses, r, c, k))
        assert (layer.weight_matrix() * vectors).expand().is_zero_matrix, layer
        numbers = {symbol: n * n + 3 * n + 7 for n, symbol in enumerate(kernel)}
        assert vectors.subs(numbers).rank() == found.dimension == prod(layer.input_shape) - rank.highest
        done += 1
    assert done > many(15, 3)


def polynomial(matrix: Exact, row: int, column: int, kernel: list[Any]) -> Any:
    entry = matrix.rows[row].get(column, {})
    return sum(c * prod(kernel[u] for u in monomial) for monomial, c in entry.items())


@pytest.mark.parametrize("mode", ["zeros", "circular", "reflect", "symmetric", "replicate"])
def test_exceptional_kernels_of_a_square_matrix_are_the_zeros_of_its_determinant(mode: str) -> None:
    layer = sc.Conv((4,), 3, padding=1, padding_mode=mode)
    found = claim(sc.prove(layer, "rank"), Exceptional)
    kernel = layer.flat_symbols()[1]
    total = prod(
        sum(c * prod(kernel[u] for u in monomial) for monomial, c in entry.items()) ** power
        for entry, power in found.factors
    )
    ratio = factor(layer.weight_matrix().det() / total)
    assert ratio.is_number
    assert ratio != 0


def test_exactly_the_kernels_that_are_said_to_be_exceptional_are() -> None:
    """Every kernel with entries -1, 0, 1: the rank drops where the factors vanish, where all is forced, and only there."""
    for layer in (
        sc.Conv((4,), 3), sc.Conv((4,), 2, padding=1), sc.Conv((3,), 3, padding=1, padding_mode="circular"),
        sc.Conv((5,), 2, stride=2), sc.ConvTranspose((3,), 3), sc.Linear(2, 2), sc.Linear(1, 3),
        sc.Conv((3,), 2, padding=1, padding_mode="symmetric"),
    ):  # fmt: skip
        proof = sc.prove(layer, "rank")
        found, rank = claim(proof, Exceptional), claim(proof, GenericRank).lowest
        size = prod(layer.kernel_shape)
        for point in product((-1, 0, 1), repeat=size):
            drops = np.linalg.matrix_rank(layer.to_numpy(np.array(point).reshape(layer.kernel_shape))) < rank
            zeros = [
                sum(c * prod(point[u] for u in monomial) for monomial, c in entry.items()) == 0
                for entry, _ in found.factors
            ]
            if found.forced:
                assert drops == (not any(point)), (layer, point)
            elif found.minors == 1:
                assert drops == any(zeros), (layer, point)
            else:
                assert drops or not any(zeros), (layer, point)


def test_lenets_second_convolution_is_certified() -> None:
    proof = sc.prove(sc.Conv((14, 14), 5, 6, 16), "rank", check="axes")
    assert claim(proof, GenericRank) == GenericRank(1176, 1176)


def test_too_large_a_matrix_is_refused_with_its_size() -> None:
    with pytest.raises(sc.NotApplicable, match="a rank is certified up to 2,000,000"):
        sc.prove(sc.Conv((64, 64), 3, padding=1), "rank")
    with pytest.raises(sc.NotApplicable, match="a rank is certified up to 300,000"):
        sc.prove(sc.Linear(1000, 1000), "rank")


def test_two_bounds_that_do_not_meet_are_both_said() -> None:
    layer = sc.Conv((5, 5), 2, padding=((1, 2), (-1, -1)), padding_mode="reflect", flip_kernel=True)
    proof = sc.prove(layer, "rank")
    assert claim(proof, GenericRank) == GenericRank(13, 14)
    assert "has a rank between 13 and 14" in " ".join(str(proof).split())


# The mathematics ----------------------------------------------------------------------------------


def test_pivots_are_a_largest_minor() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        height, width, inner = rng.integers(1, 8, 3)
        array = rng.integers(-3, 4, (height, inner)) @ rng.integers(-3, 4, (inner, width))
        rows, columns = pivots(array % PRIME)
        assert len(rows) == len(columns) == np.linalg.matrix_rank(array)
        if rows:
            assert round(np.linalg.det(array[np.ix_(rows, columns)].astype(float))) != 0


def test_a_cover_is_as_small_as_a_matching_is_large() -> None:
    """König's theorem, against SciPy's matching."""
    scipy = pytest.importorskip("scipy.sparse")
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rng = np.random.default_rng(2)
    for _ in range(200):
        height, width = rng.integers(1, 9, 2)
        array = rng.random((height, width)) < 0.3
        matrix = Exact(tuple({int(c): {(): 1} for c in np.flatnonzero(row)} for row in array), int(width))
        rows, columns = cover(matrix, tuple(range(height)), tuple(range(width)))
        left = array.copy()
        left[list(rows)] = False
        left[:, list(columns)] = False
        assert not left.any()
        assert len(rows) + len(columns) == (maximum_bipartite_matching(scipy.csr_array(array)) >= 0).sum()


def test_determinants_are_sympys() -> None:
    layer = sc.Conv((4,), 3, padding=1, padding_mode="symmetric")
    found = determinant(weights(layer.read_map), (0, 1, 2, 3), (0, 1, 2, 3))
    kernel = layer.flat_symbols()[1]
    total = sum(c * prod(kernel[u] for u in monomial) for monomial, c in found.items())
    assert expand(total - layer.weight_matrix().det()) == 0
    assert symbols("k_{0}") in total.free_symbols


# Damage -------------------------------------------------------------------------------------------


def test_a_broken_certificate_is_caught_by_its_own_step() -> None:
    """A minor with a row twice or for the zero kernel, a cover without one line, a null vector off by one, a higher power."""
    rng = Random(1)
    caught: dict[str, int] = {}
    for layer in families(24, many(80, 20), largest=300):
        proof = built(layer, "rank")
        for at, step in enumerate(proof.steps):
            for wrong in broken(rng, step.claim):
                steps = (*proof.steps[:at], replace(step, claim=wrong), *proof.steps[at + 1 :])
                failed = replace(proof, steps=steps).check().failed
                assert at + 1 in {each.step for each in failed}, (layer, wrong)
                kind = type(wrong).__name__
                caught[kind] = caught.get(kind, 0) + 1
    assert min(caught[kind.__name__] for kind in (AtLeast, AtMost, NullSpace, GenericRank, Exceptional)) > many(
        20, 4
    ), caught


def broken(rng: Random, claim: Any) -> Iterator[Any]:
    match claim:
        case AtLeast(rank, (rows, columns, point)):
            yield replace(claim, witnesses=(rows, columns, (0,) * len(point)))
            yield replace(claim, witnesses=(rows, (*columns[1:], 10_000), point))
            yield replace(claim, rank=rank + 1)
            if rank > 1:
                yield replace(claim, witnesses=((rows[0], *rows[:-1]), columns, point))
        case AtMost(rank, (rows, columns)):
            if rows:
                yield AtMost(rank - 1, (rows[1:], columns))
            else:
                yield AtMost(rank - 1, (rows, columns[1:]))
            yield replace(claim, rank=rank - 1)
        case NullSpace(dimension, vectors):
            met = [n for n, row in enumerate(vectors.rows) if len(row) > 0]
            at = rng.choice(met)
            if len(vectors.rows[at]) == 1:  # without it a vector is zero, no null vector, or not alone anywhere
                rows = (*vectors.rows[:at], {}, *vectors.rows[at + 1 :])
                yield replace(claim, witnesses=Exact(rows, vectors.width))
            yield replace(claim, dimension=dimension + 1)
        case GenericRank(lowest, highest):
            yield GenericRank(lowest + 1, highest)
            yield GenericRank(lowest, highest - 1)
            yield GenericRank(lowest + 1, highest + 1)
        case Exceptional(minors, factors, forced):
            if minors:
                yield replace(claim, minors=minors + 1)
                for n, (entry, power) in enumerate(factors):
                    yield replace(claim, factors=(*factors[:n], (entry, power + 1), *factors[n + 1 :]))
                if minors == 1 and factors:
                    yield replace(claim, factors=factors[1:])
                if forced and len(forced) > 1:
                    yield replace(claim, forced=forced[1:])
            else:
                yield replace(claim, minors=1)
