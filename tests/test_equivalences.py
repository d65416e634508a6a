"""Fully connected layers as convolutions, activations and random kernels, against PyTorch and NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest
from damages import built, random_layer
from lanes import some
from test_catalogue import layers

import symconv as sc
from symconv.catalogue.nonlinearity import Activated, Numbered, OutputRow
from symconv.identities import Weights
from symconv.padding import MODES
from symconv.steps.covariances import Collected, SharedPairs
from symconv.steps.covering import Blocks, Tensor, Window, relabelling


def other(proof: Any, letter: str) -> Any:
    return next(s.claim.layer for s in proof.steps if isinstance(s.claim, Weights) and s.claim.letter == letter)


# Fully connected layers as convolutions -----------------------------------------------------------

SHAPES = [(1, 4), (2, 3), (16, 2, 2), (3, 1, 5), (2, 2, 3, 2), (1, 1), (7, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fully_connected_layer_is_pytorchs_convolution_of_the_unflattened_input(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    layer = sc.Linear(prod(shape), 3, bias=True)
    proof = sc.prove(layer, "linear_as_conv", input_shape=shape)
    made = other(proof, "V")
    assert made.kernel_size == made.input_size == shape[1:]
    x = torch.randint(-9, 10, (2, *shape)).double()
    weight, bias = torch.randint(-9, 10, layer.kernel_shape).double(), torch.randint(-9, 10, (3,)).double()
    theirs = getattr(torch.nn.functional, f"conv{len(shape) - 1}d")(x, weight.reshape(made.kernel_shape), bias)
    ours = torch.nn.functional.linear(x.flatten(1), weight, bias)
    assert (theirs.flatten(1) == ours).all()
    numbers = next(s.claim.number for s in proof.steps if isinstance(s.claim, Tensor) and s.claim.letter == "V")
    assert relabelling(made, numbers) == list(range(prod(layer.kernel_shape)))


def test_a_kernel_of_one_entry_is_one_layer_at_every_position() -> None:
    rng = np.random.default_rng(2)
    for size, inputs, outputs in (((5,), 2, 3), ((3, 4), 3, 2), ((2, 2, 3), 1, 4), ((4,), 1, 1)):
        layer = sc.Conv(size, 1, inputs, outputs)
        proof = sc.prove(layer, "linear_as_conv")
        kernel = rng.integers(-9, 10, layer.kernel_shape)
        full = other(proof, "V").to_numpy(kernel.reshape(outputs, inputs))
        assert (layer.to_numpy(kernel) == np.kron(full, np.eye(prod(size), dtype=int))).all()


def test_a_kernel_over_the_whole_input_is_a_fully_connected_layer() -> None:
    rng = np.random.default_rng(3)
    for flip in (False, True):
        layer = sc.Conv((2, 3), (2, 3), 2, 4, flip_kernel=flip, stride=3)
        proof = sc.prove(layer, "linear_as_conv")
        tensor = next(s.claim for s in proof.steps if isinstance(s.claim, Tensor))
        kernel, renamed = rng.integers(-9, 10, layer.kernel_shape), relabelling(layer, tensor.number)
        weights = np.empty(kernel.size, int)
        weights[renamed] = kernel.ravel()
        assert (layer.to_numpy(kernel) == weights.reshape(4, 12)).all()


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (
            sc.Conv((4,), 1, 2, 2, groups=2),
            r"2 groups.*each of them by itself is one: Conv\(input_size=\(4,\), kernel_size=1\)$",
        ),
        (sc.Conv((4,), 2, 2, 2, groups=2), "connects all channels$"),
        (sc.Conv((4,), 4, dilation=2, input_dilation=2), "zeros between its inputs"),
        (sc.Conv((4,), 4, padding=1, stride=3, padding_mode="circular"), "it has padding"),
        (sc.Conv((4,), 3), "neither is as large"),
        (sc.Conv((4,), 1, stride=2), "neither is as large"),
        (sc.AvgPool((4,), 4), "neither a fully connected layer nor"),
    ],
)
def test_what_is_no_such_layer_is_refused(layer: Any, reason: str) -> None:
    with pytest.raises(sc.NotApplicable, match=reason):
        sc.prove(layer, "linear_as_conv")


@pytest.mark.parametrize("shape", [(2, 3), (12,), (3, 0, 4), "12", (2.0, 6)])
def test_an_input_shape_that_does_not_fit_is_refused(shape: Any) -> None:
    with pytest.raises(sc.SpecError, match="input_shape"):
        sc.prove(sc.Linear(12, 2), "linear_as_conv", input_shape=shape)
    with pytest.raises(sc.SpecError, match="this is a convolution"):
        sc.prove(sc.Conv((3,), 1), "linear_as_conv", input_shape=(3, 1))


# Activations --------------------------------------------------------------------------------------


def test_an_activation_after_the_layer_is_one_after_its_matrix() -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    rng = Random(4)
    for mode in [*MODES] * 4:
        layer = random_layer(rng, mode)
        if isinstance(layer, sc.Linear) or mode == "symmetric":
            continue
        x = np.random.default_rng(1).integers(-9, 10, layer.input_shape)
        kernel = np.random.default_rng(2).integers(-9, 10, layer.kernel_shape)
        y = torch.tensor(layer.to_numpy(kernel) @ x.ravel()).double()
        for sigma in (torch.relu, torch.tanh, torch.abs):
            assert (sigma(y.reshape(layer.output_shape)).flatten() == sigma(y)).all()
        assert sc.prove(layer, "nonlinearity").check().ok


# Random kernels -----------------------------------------------------------------------------------


def random_kernels() -> Iterator[Any]:
    found = 0
    for layer in layers(21):
        if layer.kernel_shape is not None and layer.read_map.nonzeros <= 150 and prod(layer.kernel_shape) <= 40:
            yield layer
            found += 1
            if found == 120:
                return


def counts(layer: Any, claim: Collected) -> np.ndarray:
    """M from the claim, as the Kronecker-like product of its lines."""
    lines = layer.read_map.lines
    rows, columns, labels = prod(layer.output_shape), prod(layer.input_shape), prod(layer.kernel_shape)
    total = {(0, 0, 0): 1}
    for line, said in zip(lines, claim.lines, strict=True):
        k = prod(line.kernel_shape)
        total = {
            (r * line.outputs + o, c * line.inputs + p, u * k + v): n * often
            for (r, c, u), n in total.items() for o, p, held in said for v, often in held
        }  # fmt: skip
    result = np.zeros((rows, columns, labels), int)
    for at, n in total.items():
        result[at] += n
    return result.reshape(rows * columns, labels)


def test_mean_and_covariance_are_those_of_a_kernel_with_finitely_many_values() -> None:
    """A kernel with as many equally likely values as it has entries and one: mean and covariance by their definition."""
    for n, layer in enumerate(some(random_kernels(), 30)):
        rng = np.random.default_rng(n)
        values = rng.integers(-5, 6, (prod(layer.kernel_shape) + 1, *layer.kernel_shape)).astype(np.int64)
        flat = values.reshape(len(values), -1)
        x = rng.integers(-5, 6, prod(layer.input_shape)).astype(np.int64)
        proof = built(layer, "uncertainty")
        m = counts(layer, next(s.claim for s in proof.steps if isinstance(s.claim, Collected)))
        u = np.zeros(proof.matrices["U"].shape, np.int64)
        for row, cells in enumerate(proof.matrices["U"].rows):
            for column, (at,) in cells.items():
                u[row, column] = x[at]
        weights = [layer.to_numpy(value) for value in values]

        def spread(samples: Any) -> tuple[Any, Any]:
            """Mean and covariance, times the number of values and its square: integers."""
            array = np.array([each.reshape(-1) for each in samples], dtype=np.int64)
            total = array.sum(0)
            return total, len(array) * (array.T @ array) - np.outer(total, total)

        mean, sigma = spread(flat)
        for samples, factor in ((weights, m), ([w @ x for w in weights], u)):
            total, covariance = spread(samples)
            assert (total == factor @ mean).all(), layer
            assert (covariance == factor @ sigma @ factor.T).all(), layer


def test_the_equal_pairs_are_counted_and_shown() -> None:
    """Single kernel entries and, where an input is read twice, sums: which are equal, from the rows of M."""
    done = {"pairs": 0, "equal": 0}
    for layer in (*random_kernels(), *reading_twice(40)):
        steps = built(layer, "uncertainty").steps
        claim = next(s.claim for s in steps if isinstance(s.claim, SharedPairs))
        m = counts(layer, next(s.claim for s in steps if isinstance(s.claim, Collected)))
        wide = prod(layer.input_shape)
        for terms, count, pairs, places in (
            (m.sum(1) == 1, claim.single, claim.pairs, claim.witnesses[1:]),
            (m.sum(1) > 1, claim.sums, claim.equal, claim.alike),
        ):
            rows = [tuple(row) for row in m[terms].tolist()]
            assert count == len(rows)
            assert pairs == sum(n * (n - 1) // 2 for n in Counter(rows).values())
            if pairs:
                first, second = (places[n] * wide + places[n + 1] for n in (0, 2))
                assert first != second
                assert (m[first] == m[second]).all()
                assert terms[first]
        if claim.pairs:
            row, column = claim.witnesses[1:3]
            assert m[row * wide + column].tolist().index(1) == claim.witnesses[0]
        done["pairs"] += claim.pairs > 0
        done["equal"] += claim.equal > 0
    assert done["pairs"] > 50
    assert done["equal"] > 10


def reading_twice(count: int) -> Iterator[Any]:
    """Layers whose padding repeats inputs, so that entries of W are sums."""
    rng, found = Random(22), 0
    while found < count:
        rank = rng.choice((1, 2))
        try:
            layer = sc.Conv(
                tuple(rng.randint(1, 4) for _ in range(rank)), tuple(rng.randint(2, 4) for _ in range(rank)), rng.choice((1, 2)), 1,
                rng.choice((1, 2)), rng.choice(("full", 1, 2)), rng.choice((1, 1, 2)), padding_mode=rng.choice([*MODES]),
                flip_kernel=rng.random() < 0.3, input_dilation=rng.choice((1, 1, 2)),
            )  # fmt: skip
        except sc.SpecError:
            continue
        found += 1
        yield layer


# Damage -------------------------------------------------------------------------------------------

RING = sc.Conv((2,), 3, padding=1, padding_mode="circular")


@pytest.mark.parametrize(
    ("theorem", "layer", "kind", "change"),
    [
        ("linear_as_conv", sc.Linear(4, 2), Window, lambda c: replace(c, letter="W")),
        ("linear_as_conv", sc.Linear(4, 2), Tensor, lambda c: replace(c, number=c.number * 2)),
        ("linear_as_conv", sc.Conv((3,), 3, flip_kernel=True), Tensor, lambda c: replace(c, number=c.number * -1 + 2)),
        ("linear_as_conv", sc.Conv((3,), 1, 2, 2), Blocks, lambda c: replace(c, size=2)),
        ("nonlinearity", sc.Conv((3,), 2, bias=True), Activated, lambda c: Activated(bias=False)),
        ("nonlinearity", sc.Conv((3,), 2, bias=True), OutputRow, lambda c: replace(c, bias=False)),
        ("nonlinearity", sc.Conv((3,), 2), Numbered, lambda c: replace(c, rows=3)),
        ("uncertainty", sc.Conv((3,), 2), SharedPairs, lambda c: replace(c, pairs=c.pairs + 1)),
        ("uncertainty", sc.Conv((3,), 2), SharedPairs, lambda c: replace(c, witnesses=(0, 0, 0, 0, 0))),
        ("uncertainty", sc.Conv((3,), 2), SharedPairs, lambda c: replace(c, witnesses=(0, 0, 0, 1, 2))),
        ("uncertainty", sc.Conv((3,), 2), SharedPairs, lambda c: replace(c, witnesses=())),
        ("uncertainty", RING, SharedPairs, lambda c: replace(c, sums=c.sums + 1)),
        ("uncertainty", RING, SharedPairs, lambda c: replace(c, equal=0, alike=())),
        ("uncertainty", RING, SharedPairs, lambda c: replace(c, alike=())),
        ("uncertainty", RING, SharedPairs, lambda c: replace(c, alike=(0, 1, 0, 1))),
        ("uncertainty", RING, SharedPairs, lambda c: replace(c, alike=(0, 0, 1, 1))),  # the same, but no sums
        ("uncertainty", RING, SharedPairs, lambda c: replace(c, alike=(0, 1, 1, 1))),
        ("uncertainty", sc.Conv((3,), 2), Collected, lambda c: Collected((c.lines[0][1:],))),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(theorem: str, layer: Any, kind: type[Any], change: Any) -> None:
    proof = built(layer, theorem)
    assert proof.check().ok
    steps = tuple(replace(s, claim=change(s.claim)) if isinstance(s.claim, kind) else s for s in proof.steps)
    assert steps != proof.steps
    assert not replace(proof, steps=steps).check().ok
