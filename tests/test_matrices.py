"""The matrices of a layer against the padded array of `oracle`, against SciPy, and against each other.

Everything is compared exactly: the numbers are integers or fractions.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from lanes import some
from layer_cases import TWICE, few_entries, numbered, substituted
from oracle import (
    FORMS,
    MODES,
    Config,
    convolve,
    describe,
    features,
    fits,
    geometry,
    integers,
    matrix,
    random_configs,
    shapes,
)

import symconv as sc
from symconv.padding import MODES as REGISTRY

CHUNK, CHUNKS = 60, 10


# The third route.


@pytest.mark.parametrize(
    "chunk", some(range(CHUNKS), 3), ids=lambda n: f"configs {n * CHUNK} to {n * CHUNK + CHUNK - 1}"
)
def test_weight_matrix_is_the_sliding_window(chunk: int) -> None:
    """W, its shape and its number of non-zeros, for every feature together."""
    for n, config in enumerate(random_configs(chunk, CHUNK)):
        layer = sc.Conv(**config)
        assert (layer.input_shape, layer.kernel_shape, layer.output_shape) == shapes(config), describe(config)
        kernel = integers(10 * n, layer.kernel_shape)
        expected = matrix(config, kernel)
        ours = layer.to_numpy(kernel)
        assert ours.shape == expected.shape, describe(config)
        assert (ours == expected).all(), describe(config)
        # Positive entries cannot cancel: what is zero now is a zero of W's structure.
        assert layer.read_map.nonzeros == np.count_nonzero(matrix(config, np.ones_like(kernel))), describe(config)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", FORMS)
def test_every_mode_with_every_form_of_padding(mode: str, form: str) -> None:
    """y = W x + b for each mode and form, so that no pair of them is left to chance."""
    for n, config in enumerate(random_configs(41, 8, modes=(mode,), forms=(form,))):
        layer = sc.Conv(**config)
        x, kernel = integers(n, layer.input_shape), integers(n + 1, layer.kernel_shape)
        bias = integers(n + 2, layer.output_shape[:1]) if layer.bias else None
        y = (layer.to_numpy(kernel) @ x.reshape(-1)).reshape(layer.output_shape)
        y = y if bias is None else y + bias.reshape(-1, *[1] * (y.ndim - 1))
        assert (y == convolve(config, x, kernel, bias)).all(), describe(config)


def test_the_configurations_cover_every_feature() -> None:
    """A comparison of random configurations is worth what they contain."""
    seen = [features(config) for chunk in range(CHUNKS) for config in random_configs(chunk, CHUNK)]
    assert len(seen) == CHUNK * CHUNKS
    for name in sorted(set().union(*seen)):
        assert sum(name in each for each in seen) >= 20, name
    wanted = {"rank 1", "rank 2", "rank 3", "rank 4", *MODES}
    wanted |= {"padding: int", "padding: per axis", "padding: pairs", "padding: named"}
    wanted |= {
        "bias", "flip_kernel", "channels", "groups", "depthwise", "size 1", "kernel 1", "even kernel", "uneven sizes",
        "uneven kernel", "stride", "stride leaves a rest", "dilation", "input dilation", "padding", "crop",
        "low and high differ", "crop and padding", "padding at its limit",
    }  # fmt: skip
    assert wanted == set().union(*seen)


def test_the_oracle_pads_as_the_modes_are_drawn() -> None:
    """The oracle itself, on the five sketches of the documentation."""
    sketches = {
        "zeros": "00123400", "reflect": "32123432", "symmetric": "21123443", "replicate": "11123444", "circular": "34123412",
    }  # fmt: skip
    for mode, sketch in sketches.items():
        config: Config = {"input_size": (4,), "kernel_size": 1, "padding": 2, "padding_mode": mode}
        y = convolve(config, np.array([[1, 2, 3, 4]]), np.ones((1, 1, 1), int))
        assert "".join(map(str, y[0])) == sketch
    cropped: Config = {"input_size": (4,), "kernel_size": 1, "padding": ((2, -3),), "padding_mode": "circular"}
    assert convolve(cropped, np.array([[1, 2, 3, 4]]), np.ones((1, 1, 1), int)).tolist() == [[3, 4, 1]]


def test_padding_alone_with_a_crop_beyond_the_signal() -> None:
    """Padding on one side remains when the whole signal is cropped away from the other."""
    expected = {
        "zeros": [[0, 0, 0], [0, 0, 0]],
        "reflect": [[0, 0, 1], [0, 1, 0]],
        "symmetric": [[0, 1, 0], [1, 0, 0]],
        "replicate": [[1, 0, 0], [1, 0, 0]],
        "circular": [[0, 1, 0], [0, 0, 1]],
    }
    assert set(expected) == set(MODES), "work out by hand what a new mode holds here"
    for mode, rows in expected.items():
        layer = sc.Conv((3,), 1, padding=((2, -3),), padding_mode=mode)
        assert layer.to_numpy([[[1]]]).tolist() == rows, mode


def test_a_large_layer_has_the_non_zeros_it_must(sparse: Any) -> None:
    """224 x 224 under "same": 9 reads for each output, less those beyond the border."""
    layer = sc.Conv((224, 224), 3, padding="same")
    w = layer.to_scipy(np.ones((1, 1, 3, 3), np.int8))
    assert isinstance(w, sparse.csr_array)
    assert w.shape == (224 * 224, 224 * 224)
    assert w.nnz == w.sum() == layer.read_map.nonzeros == (3 * 224 - 2) ** 2


# SciPy's own matrices and filters.


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_scipy_convolution_matrix(size: int, width: int) -> None:
    """A reversed kernel is the mathematical convolution; SciPy's "same" puts the odd padding low."""
    linalg = pytest.importorskip("scipy.linalg", reason="install scipy to compare with its matrices")
    kernel = integers(size * 10 + width, (width,))
    names = {"full": "full"}
    if width <= size:  # else SciPy exchanges the roles of kernel and signal
        names |= {"valid": "valid", "same": "same_lower"}
    for theirs, ours in names.items():
        layer = sc.Conv((size,), width, padding=ours, flip_kernel=True)
        expected = linalg.convolution_matrix(kernel, size, theirs)
        assert layer.to_numpy(kernel.reshape(1, 1, -1)).tolist() == expected.tolist(), theirs


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_scipy_circulant(size: int) -> None:
    """Circular padding of an unstrided layer makes W circulant, whatever the width of the kernel."""
    linalg = pytest.importorskip("scipy.linalg", reason="install scipy to compare with its matrices")
    for width in range(1, size + 2):
        kernel = integers(width, (width,))
        column = np.bincount(np.arange(width) % size, weights=kernel, minlength=size).astype(int)
        convolution = sc.Conv((size,), width, padding=((width - 1, 0),), padding_mode="circular", flip_kernel=True)
        assert convolution.to_numpy(kernel.reshape(1, 1, -1)).tolist() == linalg.circulant(column).tolist()
        correlation = sc.Conv((size,), width, padding=((0, width - 1),), padding_mode="circular")
        assert correlation.to_numpy(kernel.reshape(1, 1, -1)).tolist() == linalg.circulant(column).T.tolist()


NDIMAGE = {
    "zeros": "constant", "reflect": "mirror", "symmetric": "reflect", "replicate": "nearest", "circular": "wrap",
}  # fmt: skip


@pytest.mark.parametrize(("mode", "name"), NDIMAGE.items(), ids=NDIMAGE)
def test_scipy_ndimage(mode: str, name: str) -> None:
    """ndimage's filters, whose names for the modes differ: its "reflect" is symmetric here."""
    ndimage = pytest.importorskip("scipy.ndimage", reason="install scipy to compare with its filters")
    drawn = random_configs(51, 30, ranks=(1, 2, 3), modes=(mode,), forms=("same_lower",), extras=False)
    compared = 0
    for n, config in enumerate(drawn):
        plain = {"input_size": config["input_size"], "kernel_size": config["kernel_size"]}
        plain |= {"padding": "same_lower", "padding_mode": mode}
        if not fits(plain):  # the dilation that was dropped can change how much "same" asks for
            continue
        layer = sc.Conv(**plain)
        x, kernel = integers(n, layer.input_shape), integers(n + 1, layer.kernel_shape)
        expected = ndimage.correlate(x[0], kernel[0, 0], mode=name)
        assert (layer.to_numpy(kernel) @ x.reshape(-1)).tolist() == expected.reshape(-1).tolist(), describe(plain)
        compared += 1
    assert compared >= 20


# SymPy's matrices.


def test_symbolic_weight_matrix_is_the_numeric_one() -> None:
    """Every entry, with numbers for its symbols, and zero exactly where the numeric W has no entry."""
    sums = 0
    for n, config in enumerate(few_entries(61, 80)):
        layer = sc.Conv(**config)
        (_, kernel, _), values = numbered(layer, n)
        symbolic = layer.weight_matrix()
        cells = symbolic.todok()
        dense = layer.to_numpy(kernel)
        assert symbolic.shape == (prod(layer.output_shape), prod(layer.input_shape)) == dense.shape
        structure = np.argwhere(layer.to_numpy(np.ones_like(kernel)))
        assert set(cells) == set(map(tuple, structure.tolist())), describe(config)
        assert all(substituted(cell, values) == dense[at] for at, cell in cells.items()), describe(config)
        sums += any(cell.is_Add for cell in cells.values())
    assert sums >= 5


def test_output_is_the_sliding_window() -> None:
    """The defining sum on symbols, bias included, with numbers for the symbols."""
    for n, config in enumerate(few_entries(62, 80)):
        layer = sc.Conv(**config)
        (x, kernel, bias), values = numbered(layer, n)
        assert x is not None
        assert kernel is not None
        y = layer.output()
        assert y.shape == layer.output_shape
        expected = convolve(config, x, kernel, bias).reshape(-1)
        found = [substituted(entry, values) for entry in y.reshape(expected.size)]
        assert found == expected.tolist(), describe(config)


def test_im2col_times_the_kernel_is_the_output() -> None:
    """The kernel's rows times the row block of their group, for every mode, rank and dilation."""
    for n, config in enumerate(few_entries(63, 60)):
        layer = sc.Conv(**config)
        (x, kernel, _), values = numbered(layer, n)
        assert x is not None
        assert kernel is not None
        gathered = layer.im2col()
        outputs, spatial = layer.output_shape[0], prod(layer.output_shape[1:])
        groups, taps = config.get("groups", 1), prod(layer.kernel_shape[1:])
        assert gathered.shape == (groups * taps, spatial)
        columns = np.zeros(gathered.shape, int)
        for at, cell in gathered.todok().items():
            assert cell.is_Symbol
            columns[at] = int(values[cell])
        blocks = columns.reshape(groups, taps, spatial)
        y = kernel.reshape(groups, outputs // groups, taps) @ blocks
        assert (y.reshape(-1) == convolve(config, x, kernel).reshape(-1)).all(), describe(config)


OUTPUTS: list[tuple[str, sc.Layer]] = [
    ("plain", sc.Conv((3, 3), 2)),
    ("circular, an input read twice", sc.Conv(**TWICE)),
    ("circular, with a bias", sc.Conv(**TWICE, bias=True)),
    ("replicate, an input read three times", sc.Conv((1,), 3, padding=1, padding_mode="replicate", bias=True)),
    ("groups, bias and uneven padding", sc.Conv((3, 2), 2, 4, 2, 2, ((1, 0), (0, 1)), groups=2, bias=True)),
    ("reflect, reversed and dilated", sc.Conv((4,), 3, 1, 1, 1, 2, 2, padding_mode="reflect", flip_kernel=True)),
    ("zeros between the inputs", sc.Conv((3,), 2, input_dilation=2, padding="full")),
    ("rank 4", sc.Conv((2, 1, 2, 1), (2, 1, 1, 1), padding=((0, 0), (1, 0), (0, 0), (0, 0)))),
    ("linear", sc.Linear(3, 2, bias=True)),
    ("linear, one feature each", sc.Linear(1, 1, bias=True)),
]


@pytest.mark.parametrize("layer", [layer for _, layer in OUTPUTS], ids=[name for name, _ in OUTPUTS])
def test_output_is_w_x_plus_b(layer: sc.Layer) -> None:
    """The theorem itself, multiplied out by SymPy for all values at once."""
    import sympy

    x, _, b = layer.symbols()
    y, w = layer.output(), layer.weight_matrix()
    product = w * sympy.Matrix(prod(layer.input_shape), 1, list(x.reshape(prod(layer.input_shape))))
    each = prod(layer.output_shape[1:])
    rows = list(y.reshape(prod(layer.output_shape)))
    assert len(rows) == product.rows
    assert any(rows)
    for row, entry in enumerate(rows):
        bias = 0 if b is None else b[row // each]
        assert sympy.expand(entry - product[row] - bias) == 0


def test_an_entry_is_a_sum_where_an_input_is_read_twice() -> None:
    """n = 2, k = 3, p = 1, circular: not every entry of W is one kernel weight or zero."""
    layer = sc.Conv(**TWICE)
    assert str(layer.weight_matrix().tolist()) == "[[k_{1}, k_{0} + k_{2}], [k_{0} + k_{2}, k_{1}]]"
    first, second = "k_{0}*x_{1} + k_{1}*x_{0} + k_{2}*x_{1}", "k_{0}*x_{0} + k_{1}*x_{1} + k_{2}*x_{0}"
    assert str(layer.output()) == f"[[{first}, {second}]]"
    thrice = sc.Conv((1,), 3, padding=1, padding_mode="replicate")
    assert str(thrice.weight_matrix().tolist()) == "[[k_{0} + k_{1} + k_{2}]]"


# Fully connected.


def test_linear() -> None:
    """Every entry of W its own kernel entry, in order."""
    layer = sc.Linear(3, 2, bias=True)
    assert str(layer.weight_matrix().tolist()) == "[[k_{0,0}, k_{0,1}, k_{0,2}], [k_{1,0}, k_{1,1}, k_{1,2}]]"
    assert str(layer.output()) == (
        "[b_{0} + k_{0,0}*x_{0} + k_{0,1}*x_{1} + k_{0,2}*x_{2}, b_{1} + k_{1,0}*x_{0} + k_{1,1}*x_{1} + k_{1,2}*x_{2}]"
    )
    assert str(layer.im2col().tolist()) == "[[x_{0}], [x_{1}], [x_{2}]]"
    kernel = integers(5, (2, 3))
    assert layer.to_numpy(kernel).tolist() == kernel.tolist()
    assert layer.read_map.nonzeros == 6


def test_a_convolution_over_everything_is_fully_connected() -> None:
    """A kernel as large as the input: W is the kernel itself, one row for each output channel."""
    layer = sc.Conv((2, 3), (2, 3), in_channels=2, out_channels=4)
    kernel = integers(6, layer.kernel_shape)
    assert layer.to_numpy(kernel).tolist() == sc.Linear(12, 4).to_numpy(kernel.reshape(4, 12)).tolist()


def test_geometry_and_layer_agree_on_named_padding() -> None:
    """The oracle finds a name's padding by search, the package by a formula."""
    named = random_configs(91, 200, forms=("same", "same_lower", "full", "valid"), modes=("zeros",))
    for config in named:
        assert sc.Conv(**config).padding == tuple(axis.pad for axis in geometry(config)), describe(config)
    assert sum("low and high differ" in features(config) for config in named) >= 30


@pytest.mark.parametrize("mode", REGISTRY.values(), ids=REGISTRY)
def test_the_sketch_of_a_mode_is_what_it_does(mode: Any) -> None:
    """reflect is drawn as 32|1234|32: the same from the mode's own map."""
    held = [mode.source(t, 4) for t in range(-2, 6)]
    drawn = "".join("0" if p is None else str(p + 1) for p in held)
    assert f"{drawn[:2]}|{drawn[2:6]}|{drawn[6:]}" == mode.sketch


def test_every_mode_is_compared_with_the_oracle() -> None:
    assert set(REGISTRY) == set(MODES), "say in NUMPY_MODES of tests/oracle.py how numpy.pad does it"
