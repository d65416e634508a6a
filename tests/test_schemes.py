"""Fast schemes: the literature's matrices, the algorithms run on numbers, and proofs that are broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from damages import built
from lanes import many
from oracle import MODES, convolve, fits, geometry, integers, padded, shapes
from sympy import Rational
from test_catalogue import as_true, some_damages
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv import cli
from symconv.bilinear import evaluated_identity
from symconv.catalogue import winograd
from symconv.proof import Proof
from symconv.schemes import Scheme, evaluation, scheme, with_roots
from symconv.tiles import expanded

Config = dict[str, Any]


# The literature -----------------------------------------------------------------------------------

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


# Configurations -----------------------------------------------------------------------------------


def configurations(seed: int, number: int, modes: tuple[str, ...] = MODES) -> Iterator[Config]:
    """Rank 1 and 2, stride 1: channels, groups, every mode, crops, kernel 1, inputs as small as the kernel."""
    rng = Random(seed)
    made = 0
    while made < number:
        rank, groups = rng.choice((1, 1, 2)), rng.choice((1, 1, 2))
        kernel = tuple(rng.randint(1, 5 if rank == 1 else 3) for _ in range(rank))
        size = tuple(k if rng.random() < 0.2 else rng.randint(1, 14 if rank == 1 else 6) for k in kernel)
        config: Config = {
            "input_size": size, "kernel_size": kernel, "groups": groups, "in_channels": groups * rng.randint(1, 2),
            "out_channels": groups * rng.randint(1, 2), "flip_kernel": rng.random() < 0.3, "bias": rng.random() < 0.2,
            "padding": tuple((rng.randint(-1, 3), rng.randint(-1, 3)) for _ in size) if rng.random() < 0.7 else 0,
            "padding_mode": modes[made % len(modes)],
        }  # fmt: skip
        if fits(config):
            made += 1
            yield config


def fractions(matrix: Any) -> np.ndarray:
    """A printed matrix as exact numbers."""
    result = np.full(matrix.shape, Fraction(0), object)
    for r, row in enumerate(matrix.rows):
        for c, value in row.items():
            result[r, c] = Fraction(value)
    return result


class Counted(Fraction):
    """A number that counts what it is multiplied by other such numbers."""

    products = 0

    def times(self, other: Counted) -> Fraction:
        Counted.products += 1
        return Fraction(self) * Fraction(other)


# Winograd -----------------------------------------------------------------------------------------


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


# Products of polynomials --------------------------------------------------------------------------


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


# Damage -------------------------------------------------------------------------------------------


BROKEN = [
    (sc.Conv((9,), 3, padding=1), "winograd", {"tile": 2, "points": (0, 1, Fraction(-1, 2))}),
    (sc.Conv((5, 6), (3, 2), 2, 2, padding=1, padding_mode="circular"), "winograd", {"tile": (2, 3)}),
    (sc.Conv((9,), 3, padding=1), "fft_linear", {"method": "karatsuba"}),
    (sc.Conv((4, 7), (2, 4), flip_kernel=True), "fft_linear", {"method": "toom-3"}),
]


@pytest.mark.parametrize(("layer", "theorem", "asked"), BROKEN, ids=["1-d", "2-d", "karatsuba", "toom-3"])
def test_a_damaged_proof_is_refused(layer: sc.Layer, theorem: str, asked: dict[str, Any]) -> None:
    """A number, an index, a citation or a step changed anywhere."""
    rng = Random(4)
    proof = replace(sc.prove(layer, theorem, "axes", **asked))
    assert proof.check().ok
    caught = 0
    for _ in range(2):
        for path, damaged in some_damages(rng, proof):
            refused = not damaged.check().ok
            assert refused or as_true(path, proof, damaged), path
            caught += refused
    assert caught > 80


def changed(proof: Proof, **tables: Any) -> Proof:
    """The same change to a scheme in every step and in the printed matrices, so that only the mathematics is wrong."""

    def renewed(claim: Any) -> Any:
        names = {name: value for name, value in tables.items() if hasattr(claim, name)}
        new = {name: replace(claim.scheme, **tables) for name in ("scheme",) if hasattr(claim, name)}
        if hasattr(claim, "schemes"):
            new["schemes"] = tuple(replace(f, **tables) for f in claim.schemes)
        return replace(claim, **names, **new)

    return replace(proof, steps=tuple(replace(step, claim=renewed(step.claim)) for step in proof.steps))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("basis", "step 5, output 1, input 3: values: polynomial 1 of the basis has another value at point 3"),
        ("factors", "step 5, output 0, input 0: values: polynomial 0 of the basis has another value at point 0"),
        ("points", "step 3, output point 3, input 1: values: 3 to the power 1 is another"),
    ],
)
def test_a_scheme_that_is_wrong_throughout_is_refused_where_it_is_wrong(name: str, what: str) -> None:
    proof = built(sc.Conv((6,), 3), "winograd")
    f: Scheme = proof.steps[-1].claim.schemes[0]  # type: ignore[attr-defined]
    wrong: dict[str, Any] = {
        "basis": (f.basis[0], tuple(map(Fraction, (0, 1, 1, 1, 1, 0)))[: f.size], *f.basis[2:]),
        "factors": (f.factors[0] + 1, *f.factors[1:]),
        "points": (*f.points[:3], 3, *f.points[4:]),
    }
    report = changed(proof, **{name: wrong[name]}).check()
    assert what.split(": ", 1)[1].split(" at ")[0] in str(report)
    assert what.split(",")[0] in str(report)


# The pages and the command line -------------------------------------------------------------------

PAGES = {
    "f63": (sc.Conv((20,), 3, padding=1), "winograd", {"tile": 6}),
    "f63-2d": (sc.Conv((12, 12), 3, padding=1), "winograd", {"tile": 6}),
    "two-schemes": (sc.Conv((6, 9), (3, 2), 4, 2, padding=((1, 0), (2, 1)), groups=2, bias=True,
                            padding_mode="reflect", flip_kernel=True), "winograd", {"tile": (2, 4)}),
    "kernel-1": (sc.Conv((3,), 1), "winograd", {}),
    "ring": (sc.Conv((5,), 3, padding=1), "fft_linear", {}),
    "ring-3d": (sc.Conv((3, 2, 4), 2, 2, 2, groups=2), "fft_linear", {}),
    "karatsuba": (sc.Conv((6, 7), (3, 2), 2, 2, padding=((1, 3), (-1, 1)), bias=True), "fft_linear", {"method": "karatsuba"}),
    "toom-3": (sc.Conv((8,), 5, padding=9), "fft_linear", {"method": "toom-3"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_compile_and_nothing_runs_off_them(name: str, pdflatex: str, tmp_path: Path) -> None:
    layer, theorem, asked = PAGES[name]
    proof = sc.prove(layer, theorem, **asked)
    log = compile_log(pdflatex, tmp_path, proof.render("latex", standalone=True))
    assert_clean(log)
    assert "Overfull" not in log
    assert max(map(len, str(proof).splitlines())) <= 80


def test_the_page_says_over_which_rings() -> None:
    """The matrices have denominators, so the statement is not one about every ring."""
    assert "in which 6 has an inverse" in " ".join(
        str(sc.prove(sc.Conv((4,), 3), "winograd", tile=2, points=(0, 1, -2))).split()
    )
    plain = " ".join(str(sc.prove(sc.Conv((4,), 3), "winograd", tile=1, points=(0, 1))).split())
    assert plain.endswith("over every commutative ring.")


BASE = ["prove", "--input", "8x8", "--kernel", "3x2", "--theorem", "winograd"]


def test_with_gives_a_theorem_its_options(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """As numbers, fractions, lists and words; and a JSON proof holds them, so that it can be checked."""
    assert cli.main([*BASE, "--with", "tile=2x1", "--with", "points=0,1,1/2x-1,"]) == 0
    assert capsys.readouterr().out == str(
        sc.prove(sc.Conv((8, 8), (3, 2)), "winograd", tile=(2, 1), points=((0, 1, Fraction(1, 2)), (-1,)))
    )
    path = str(tmp_path / "proof.json")
    assert cli.main([*BASE, "--with", "tile=2x1", "--with", "points=0,1,1/2x-1,", "-o", path]) == 0
    assert cli.main(["check", path]) == 0
    text = Path(path).read_text(encoding="utf-8")
    assert '"points": "0,1,1/2x-1,"' in text
    Path(path).write_text(text.replace("1/2x-1,", "1/3x-1,"), encoding="utf-8")
    assert cli.main(["check", path]) == 1
    Path(path).write_text(text.replace('"0,1,1/2x-1,"', "7"), encoding="utf-8")
    assert cli.main(["check", path]) == 2
    assert (
        cli.main(["prove", "--input", "8", "--kernel", "3", "--theorem", "fft-linear", "--with", "method=toom-3"]) == 0
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["foo=1"], "--with foo=1: winograd takes tile, points"),
        (["tile"], "--with='tile': must be name=value. Valid: --with tile=4"),
        (["=2"], "must be name=value"),
        (["tile=1.5"], "--with tile='1.5': the value must be numbers or fractions joined by commas"),
        (["tile=__import__('os')"], "the value must be numbers or fractions joined by commas"),
        (["points=0,1/0"], "the value must be numbers or fractions joined by commas"),
        (["tile="], "the value must be numbers or fractions joined by commas"),
        (["tile=2", "tile=3"], "--with='tile=3': gives tile a second time"),
        (["tile=2", "points=0,1,1"], "must be different along axis 0, and 1 occurs twice"),
        (["tile=two"], "--with tile=two: must be an integer, not a string"),
    ],
)
def test_with_is_refused_in_one_line(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*BASE, *(part for each in given for part in ("--with", each))]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
