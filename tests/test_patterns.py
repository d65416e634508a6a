"""The theorem structure: its answers against plain loops over SymPy's matrix, and damaged answers refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from damages import built, random_layer
from lanes import many
from test_catalogue import layers

import symconv as sc
from symconv.catalogue.structure import Levels
from symconv.padding import MODES
from symconv.proof import Proof
from symconv.steps.patterns import Property


def answers(proof: Proof) -> dict[str, Property]:
    """What is said of W itself."""
    claims = (step.claim for step in proof.steps)
    return {each.name: each for each in claims if isinstance(each, Property) and not each.axes}


def dense(layer: Any) -> list[list[Any]]:
    matrix = layer.weight_matrix()
    return [[matrix[r, c] for c in range(matrix.cols)] for r in range(matrix.rows)]


def is_toeplitz(w: list[list[Any]]) -> bool:
    return all(w[r][c] == w[r + 1][c + 1] for r in range(len(w) - 1) for c in range(len(w[0]) - 1))


def is_circulant(w: list[list[Any]]) -> bool:
    n = len(w)
    return n == len(w[0]) and all(w[r][c] == w[0][(c - r) % n] for r in range(n) for c in range(n))


def is_symmetric(w: list[list[Any]]) -> bool:
    return len(w) == len(w[0]) and all(w[r][c] == w[c][r] for r in range(len(w)) for c in range(r))


def band(w: list[list[Any]]) -> tuple[int, int]:
    diagonals = [c - r for r, row in enumerate(w) for c, entry in enumerate(row) if entry != 0]
    return min(diagonals), max(diagonals)


def small(seed: int, largest: int = 2_500) -> Iterator[Any]:
    for layer in layers(seed):
        if layer.kernel_shape is None:
            continue
        height, width = (sc.prove(layer, check="axes").matrices["W"]).shape
        if height * width <= largest and layer.read_map.nonzeros:
            yield layer


def test_every_answer_is_that_of_plain_loops() -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for layer, _ in zip(small(1), range(many(200, 60)), strict=False):
        proof, w = sc.prove(layer, "structure", check="axes"), dense(layer)
        found = answers(proof)
        assert found["toeplitz"].holds == is_toeplitz(w), layer
        assert found["circulant"].holds == is_circulant(w), layer
        assert found["symmetric"].holds == is_symmetric(w), layer
        low, high = band(w)
        assert found["banded"].band == (low, high), layer
        assert found["banded"].holds == ((low, high) != (1 - len(w), len(w[0]) - 1)), layer
        seen.update((name, each.holds) for name, each in found.items())
    assert min(seen.values()) >= 3, seen
    assert len(seen) == 8, seen


def blocks(layer: Any, axis: int, w: list[list[Any]]) -> Iterator[dict[tuple[int, int], Any]]:
    """W cut up: for all else fixed, the matrix of output and input along one axis."""
    import numpy as np

    tensor = np.array(w, dtype=object).reshape(*layer.output_shape, *layer.input_shape)
    n = len(layer.output_shape)
    moved = np.moveaxis(tensor, (1 + axis, n + 1 + axis), (-2, -1))
    for block in moved.reshape(-1, *moved.shape[-2:]):
        yield block.tolist()


def test_the_blocks_are_those_of_plain_loops() -> None:
    """Level by level: with every other index fixed, what is left is Toeplitz or circulant, as said."""
    seen: Counter[str] = Counter()
    for layer, _ in zip(small(2), range(many(120, 40)), strict=False):
        proof = sc.prove(layer, "structure", check="axes")
        levels = next((step.claim for step in proof.steps if isinstance(step.claim, Levels)), None)
        if levels is None:
            continue
        w = dense(layer)
        for axis, kind in enumerate(levels.kinds):
            cut = list(blocks(layer, axis, w))
            assert (kind == "circulant") == all(map(is_circulant, cut)), layer
            assert (kind != "") == all(map(is_toeplitz, cut)), layer
            seen[kind] += 1
    assert min(seen[kind] for kind in ("", "toeplitz", "circulant")) > many(20, 4), seen


@pytest.mark.parametrize(
    ("layer", "holds"),
    [
        (sc.Conv((5,), 3, padding=1), "banded toeplitz"),
        (sc.Conv((5,), 3, padding=1, padding_mode="circular"), "toeplitz circulant"),
        (sc.Conv((4, 3), (2, 1)), "toeplitz banded"),
        (sc.Conv((4, 4), 3), "banded"),
        (sc.Conv((3, 3), 1), "toeplitz circulant banded symmetric"),
        (sc.Conv((6,), 2, stride=2), "banded"),
        (sc.Conv((2,), 3, padding=1, padding_mode="circular"), "toeplitz circulant symmetric"),
        (sc.Linear(3, 2), ""),
        (sc.ConvTranspose((4,), 3), "toeplitz banded"),
    ],
)  # fmt: skip
def test_known_cases(layer: Any, holds: str) -> None:
    found = answers(sc.prove(layer, "structure"))
    assert {name for name, each in found.items() if each.holds} == set(holds.split())


def test_a_wrong_answer_is_caught_by_its_own_step() -> None:
    """Every answer turned round, and every witness moved to a place where nothing is wrong."""
    rng, caught = Random(4), 0
    for mode in list(MODES) * many(12, 3):
        layer = random_layer(rng, mode)
        if not layer.read_map.nonzeros:
            continue
        proof = built(layer, "structure")
        for at, step in enumerate(proof.steps):
            claim = step.claim
            if not isinstance(claim, Property):
                continue
            turned = [replace(claim, holds=not claim.holds)]
            if claim.name != "banded":
                turned.append(replace(claim, holds=True, witnesses=(), values=()))
                turned.append(replace(claim, witnesses=((0, 0), (0, 0)), values=((0,), (1,))))
            for wrong in turned:
                if wrong == claim:
                    continue
                steps = (*proof.steps[:at], replace(step, claim=wrong), *proof.steps[at + 1 :])
                failed = replace(proof, steps=steps).check().failed
                assert at + 1 in {each.step for each in failed}, (layer, wrong)
                caught += 1
    assert caught > many(500, 100)


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(sc.NotApplicable, match="up to 500,000"):
        sc.prove(sc.Conv((64, 64), 3, 16, 16, padding=1), "structure")
    with pytest.raises(sc.NotApplicable, match="is zero"):
        sc.prove(sc.Conv((1,), 1, stride=2, padding=((1, 0),)), "structure")
