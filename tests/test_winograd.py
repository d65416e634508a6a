"""Winograd's tiles: the printed matrices run on numbers, against PyTorch and wincnn; and what is refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from lanes import many
from oracle import convolve, geometry, integers, padded, shapes
from scheme_cases import Config, configurations, fractions
from sympy import Rational

import symconv as sc
from symconv.catalogue import winograd
from symconv.proof import Proof


def options(rng: Random, config: Config) -> dict[str, Any]:
    """Sometimes a tile, sometimes points."""
    asked: dict[str, Any] = {}
    if rng.random() < 0.6:
        tile = tuple(rng.randint(1, 5) for _ in config["input_size"])
        asked["tile"] = tile
        if rng.random() < 0.5:
            pool = [Fraction(n, d) for n in range(-4, 5) for d in (1, 3) if d == 1 or n % d]
            sizes = (m + k - 2 for m, k in zip(tile, config["kernel_size"], strict=True))
            asked["points"] = tuple(tuple(rng.sample(pool, size)) for size in sizes)
    return asked


def along(array: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
    """A matrix applied along each axis."""
    for axis, matrix in enumerate(matrices):
        array = np.moveaxis(np.tensordot(matrix, array, axes=(1, axis)), 0, axis)
    return array


def run_tiles(proof: Proof, config: Config, x: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, int]:
    """The algorithm of the page, on numbers: the printed matrices, tile by tile; and its multiplications."""
    axes, rank = geometry(config), len(config["input_size"])
    one = "G" in proof.matrices
    names = [""] * rank if one else ["1", "2"]
    a, g, b = (
        [fractions(proof.matrices[f"{letter}{name}{end}"]) for name in names]
        for letter, end in (("A", "^T"), ("G", ""), ("B", "^T"))
    )
    sizes = [matrix.shape[0] for matrix in a]
    counts = [-(-len(axis.starts) // m) for axis, m in zip(axes, sizes, strict=True)]
    z = x.astype(object)
    for n, axis in enumerate(axes):
        z = padded(z, 1 + n, 1, axis.pad, config["padding_mode"])
        short = sizes[n] * (counts[n] - 1) + b[n].shape[1] - z.shape[1 + n]
        grow = [(0, 0)] * z.ndim
        grow[1 + n] = (0, max(0, short))
        z = np.pad(z, grow)
    if config["flip_kernel"]:
        kernel = np.flip(kernel, tuple(range(2, 2 + rank)))
    outputs, members = kernel.shape[:2]
    y = np.zeros((outputs, *(m * t for m, t in zip(sizes, counts, strict=True))), object)
    multiplications = 0
    for c, e in product(range(outputs), range(members)):
        transformed = along(kernel[c, e].astype(object), g)
        for tile in product(*map(range, counts)):
            window = tuple(slice(m * n, m * n + q.shape[1]) for m, n, q in zip(sizes, tile, b, strict=True))
            points = transformed * along(z[(c * config["groups"] // outputs * members + e, *window)], b)
            multiplications += points.size
            place = tuple(slice(m * n, m * n + m) for m, n in zip(sizes, tile, strict=True))
            y[(c, *place)] += along(points, a)
    return y[(slice(None), *(slice(len(axis.starts)) for axis in axes))], multiplications


def test_winograd_computes_the_layer() -> None:
    """The printed matrices, run on numbers over 240 configurations, against a window slid over the padded array."""
    rng = Random(5)
    seen: set[str] = set()
    for n, config in enumerate(configurations(1, many(240, 50))):
        layer = sc.Conv(**config)
        asked = options(rng, config)
        proof = sc.prove(layer, "winograd", check="all" if n % 8 == 0 else "entries", **asked)
        assert proof.check().ok
        shape, kernel_shape, _ = shapes(config)
        x, kernel = integers(n, shape), integers(n + 1000, kernel_shape)
        found, count = run_tiles(proof, config, x, kernel)
        assert (found == convolve(config, x, kernel)).all(), (config, asked)
        assert f"{count:,} tile by tile" in " ".join(str(proof).split())
        tiles = proof.steps[1].claim.lines  # type: ignore[attr-defined]
        seen |= {"cropped" if any(each.dropped for each in tiles) else "full", f"rank {len(shape) - 1}"}
        seen |= {"kernel 1"} if 1 in config["kernel_size"] else set()
        seen |= {"as small"} if config["input_size"] == config["kernel_size"] else set()
        seen |= {"groups"} if config["groups"] > 1 else set()
    assert seen == {"cropped", "full", "rank 1", "rank 2", "kernel 1", "as small", "groups"}


def test_winograd_against_pytorch() -> None:
    torch = pytest.importorskip(
        "torch", reason="pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
    )
    layer = sc.Conv((11, 9), 3, 4, 6, padding=1, groups=2)
    proof = sc.prove(layer, "winograd", tile=(4, 2), check="entries")
    x, kernel = integers(1, layer.input_shape), integers(2, layer.kernel_shape)  # type: ignore[arg-type]
    config = {"input_size": (11, 9), "kernel_size": (3, 3), "padding": 1, "groups": 2, "padding_mode": "zeros"}
    found, _ = run_tiles(proof, {**config, "flip_kernel": False}, x, kernel)
    tensors = (torch.tensor(each, dtype=torch.int64) for each in (x, kernel))
    expected = torch.nn.functional.conv2d(*tensors, padding=1, groups=2)
    assert (found.astype(np.int64) == expected.numpy()).all()


@pytest.mark.parametrize(("tile", "taps"), [(2, 3), (4, 3), (6, 3), (2, 5), (3, 2), (1, 4)])
def test_winograds_matrices_are_those_of_wincnn(tile: int, taps: int) -> None:
    """Up to the sign of a product's two factors."""
    wincnn = pytest.importorskip("wincnn", reason="pip install wincnn")
    points = (0, 1, -1, 2, -2, Fraction(1, 2), Fraction(-1, 2))[: tile + taps - 2]
    layer = sc.Conv((tile + taps - 1,), taps)
    made = sc.prove(layer, "winograd", check="axes", tile=tile, points=points).matrices
    ours = [
        np.array([[row.get(n, 0) for n in range(made[name].shape[1])] for row in made[name].rows])
        for name in ("A^T", "G", "B^T")
    ]
    outputs, kernel, inputs, _ = wincnn.cookToomFilter([Rational(each) for each in points], tile, taps)
    theirs = [
        np.array([[Fraction(int(e.p), int(e.q)) for e in each.row(n)] for n in range(each.rows)])
        for each in (outputs, kernel, inputs)
    ]
    assert (ours[0] == theirs[0]).all()
    for row in range(tile + taps - 1):
        pair = [tuple(matrix[row]) for matrix in ours[1:]]
        same = [tuple(matrix[row]) for matrix in theirs[1:]]
        negated = [tuple(-entry for entry in each) for each in same]
        assert pair in (same, negated), (row, pair, same)


def test_the_usual_tile() -> None:
    """4 for short kernels, 2 for longer ones and few outputs, 1 where nothing can be saved; never more than the outputs."""
    tiles = {
        (shape, kernel): tuple(f.outputs for f in winograd.schemes_for(sc.Conv(shape, kernel), None, None))
        for shape, kernel in [((10,), 3), ((10,), 5), ((4,), 3), ((3,), 3), ((9,), 1), ((10, 10), (3, 1))]
    }
    assert list(tiles.values()) == [(4,), (2,), (2,), (1,), (1,), (4, 1)]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (sc.Conv((8,), 3, stride=2), "its stride is 2, and the windows of neighbouring outputs must be one input apart"),
        (sc.Conv((8, 8), 3, dilation=(1, 2)), r"its dilation is 1×2, and neighbouring kernel entries must lie on"),
        (sc.Conv((8,), 3, input_dilation=2), "its input dilation is 2, and the inputs must lie side by side"),
        (sc.Conv((4, 4, 4), 2), "it has 3 axes, and the tiles are nested along one or two"),
        (sc.Conv((40,), 30), "its kernel has 30 entries along an axis"),
        (sc.Linear(3, 2), "only a Conv slides a window over its input"),
        (sc.ConvTranspose((3,), 2), "only a Conv slides a window over its input"),
    ],
)  # fmt: skip
def test_winograd_refuses_with_the_reason(layer: sc.Layer, reason: str) -> None:
    with pytest.raises(sc.NotApplicable, match=reason):
        sc.prove(layer, "winograd")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"points": (0, 1, 1)}, r"points=\(0, 1, 1\): must be different, and 1 occurs twice. Valid: points=\(0, 1, -1\)"),
        ({"points": (0, 1)}, r"F\(2, 3\) takes 3 finite points besides infinity; 2 given. Valid: points=\(0, 1, -1\)"),
        ({"points": (0, 1, 2, 3)}, "takes 3 finite points besides infinity; 4 given"),
        ({"points": (0, 1, 0.5)}, r"must be integers and fractions, not 0.5"),
        ({"points": (0, 1, True)}, "must be integers and fractions, not True"),
        ({"points": "abc"}, "must be integers and fractions, not 'abc'"),
        ({"points": ((0, 1, 2), (0, 1, 2))}, "needs one sequence for each of the 1 axes, or one for all; 2 given"),
        ({"tile": 0}, "tile=0: must be at least 1"),
        ({"tile": 2.0}, "tile=2.0: must be an integer, not a float"),
        ({"tile": (2, 2)}, "needs one entry for the one axis"),
        ({"tile": 40}, "makes tiles of 42 entries along an axis, more than 32"),
        ({"tiles": 2}, "winograd takes tile, points"),
    ],
)  # fmt: skip
def test_winograds_options_are_checked(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(sc.SpecError, match=message):
        sc.prove(sc.Conv((8,), 3), "winograd", **{"tile": 2, **asked})
