"""The matrices of a layer against the padded array of `oracle`, against SciPy, and against each other.

Everything is compared exactly: the numbers are integers or fractions.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import pytest
from lanes import some
from oracle import (
    DEFAULTS,
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
TWICE: Config = {"input_size": (2,), "kernel_size": 3, "padding": 1, "padding_mode": "circular"}
"""Output 0 reads x_1, x_0 and x_1 again: two kernel entries in one cell of W."""


@pytest.fixture
def sparse() -> Any:
    """SciPy is an extra: without it the tests that need it are skipped."""
    return pytest.importorskip("scipy.sparse", reason="install scipy for to_scipy")


def few_entries(seed: int, number: int, largest: int = 150, **limits: Any) -> list[Config]:
    """Random configurations with a W that SymPy writes out quickly."""
    return random_configs(seed, number, largest=largest, **limits)


def substituted(expression: Any, values: dict[Any, Any]) -> int:
    """A SymPy expression with numbers in place of its symbols."""
    result = expression.xreplace(values)
    assert result.is_Integer, result
    return int(result)


def numbered(layer: sc.Layer, seed: int) -> tuple[list[np.ndarray | None], dict[Any, Any]]:
    """Numbers for the layer's input, kernel and bias, as arrays and for each symbol."""
    from sympy import Integer

    arrays: list[np.ndarray | None] = []
    values: dict[Any, Any] = {}
    for n, symbols in enumerate(layer.symbols()):
        if symbols is None:
            arrays.append(None)
            continue
        array = integers(seed + n, symbols.shape, 99)
        arrays.append(array)
        values |= dict(zip(symbols.reshape(array.size), map(Integer, array.reshape(-1).tolist()), strict=True))
    return arrays, values


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
    sketches = ("00123400", "32123432", "21123443", "11123444", "34123412")
    for mode, sketch in zip(MODES, sketches, strict=True):
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
    assert set(expected) == set(MODES)
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


NDIMAGE = [*zip(MODES, ("constant", "mirror", "reflect", "nearest", "wrap"), strict=True)]


@pytest.mark.parametrize(("mode", "name"), NDIMAGE, ids=MODES)
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


# Sparse arrays and numbers.


def test_a_matrix_beyond_the_memory_is_refused_with_the_bytes_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = sc.Conv((2000, 2000), 3, 64, 64, padding=1)
    said = "W has 147,357,712,384 non-zeros, whose CSR arrays take 2,359,771,398,152 bytes"  # 64 x 64 x 5998 x 5998
    with pytest.raises(sc.TooLarge, match=said):
        layer.to_scipy(np.ones(layer.kernel_shape))

    def refused(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "empty", refused)
    with pytest.raises(sc.TooLarge, match="take 256 bytes, and this machine has less than that left"):
        sc.Conv((10,), 2).to_numpy(np.ones((1, 1, 2)))


def assert_canonical(array: Any) -> None:
    """Columns strictly ascending in every row: sorted, and nothing stored twice."""
    assert array.indptr[0] == 0
    assert array.indptr[-1] == len(array.indices) == len(array.data)
    for start, end in zip(array.indptr[:-1], array.indptr[1:], strict=True):
        assert start <= end
        assert (np.diff(array.indices[start:end]) > 0).all()


def test_sparse_fractions_stay_exact(sparse: Any) -> None:
    """SciPy stores objects, though it cannot make them dense or multiply with them."""
    thirds = np.array([[[Fraction(1, 3), Fraction(1, 7), Fraction(1, 3)]]], dtype=object)
    stored = sc.Conv(**TWICE).to_scipy(thirds)
    assert isinstance(stored, sparse.csr_array)
    assert stored.data.tolist() == [Fraction(1, 7), Fraction(2, 3), Fraction(2, 3), Fraction(1, 7)]


def test_sparse_is_dense(sparse: Any) -> None:
    """The same W from both methods, shape and type included."""
    for n, config in enumerate(random_configs(72, 150)):
        layer = sc.Conv(**config)
        kernel = integers(n, layer.kernel_shape)
        stored = layer.to_scipy(kernel)
        assert isinstance(stored, sparse.csr_array)
        assert stored.dtype == np.int64
        dense = layer.to_numpy(kernel).tolist()
        assert stored.toarray().tolist() == dense == matrix(config, kernel).tolist(), describe(config)


def test_sparse_arrays_are_canonical_and_keep_structural_zeros(sparse: Any) -> None:
    """A kernel of zeros leaves every entry stored: the structure does not depend on the numbers."""
    twice = 0
    for config in random_configs(71, 150):
        layer = sc.Conv(**config)
        ones, zeros = layer.to_scipy(np.ones(layer.kernel_shape)), layer.to_scipy(np.zeros(layer.kernel_shape))
        for array in (ones, zeros):
            assert isinstance(array, sparse.csr_array)
            assert_canonical(array)
            assert array.nnz == layer.read_map.nonzeros, describe(config)
        assert (ones.data > 0).all()
        assert not zeros.data.any()
        assert ones.indices.tolist() == zeros.indices.tolist()
        # A copy knows nothing of the claim `has_canonical_format` and finds out for itself.
        assert ones.has_canonical_format
        assert sparse.csr_array((ones.data, ones.indices, ones.indptr), shape=ones.shape).has_canonical_format
        twice += ones.data.max(initial=0) > 1
    assert twice >= 20  # entries that had to be added up


WIDENED = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")
KEPT = ("float16", "float32", "float64", "complex64", "complex128", "object")
DTYPES = [*((given, "int64") for given in WIDENED), *((given, given) for given in KEPT)]


@pytest.mark.parametrize(("given", "kept"), DTYPES)
@pytest.mark.parametrize("config", [{"input_size": (4,), "kernel_size": 3}, TWICE], ids=["single entries", "sums"])
def test_the_dtype_is_the_kernels(given: str, kept: str, config: Config) -> None:
    """Integers become int64, everything else stays, also where entries are added up."""
    layer = sc.Conv(**config)
    kernel = np.array([[[1, 0, 1]]]).astype(given)
    dense = layer.to_numpy(kernel)
    assert dense.dtype == np.dtype(kept)
    assert dense.tolist() == matrix(config, np.array([[[1, 0, 1]]])).tolist()


@pytest.mark.parametrize(("given", "kept"), DTYPES)
def test_the_dtype_of_a_sparse_array_is_the_kernels(given: str, kept: str, sparse: Any) -> None:
    """The same rule, also for the dtypes that SciPy stores but cannot compute with."""
    for config in ({"input_size": (4,), "kernel_size": 3}, TWICE):
        stored = sc.Conv(**config).to_scipy(np.array([[[1, 0, 1]]]).astype(given))
        assert isinstance(stored, sparse.csr_array)
        assert stored.dtype == stored.data.dtype == np.dtype(kept)


def test_small_integers_do_not_overflow() -> None:
    """Kernel entries are widened before they are added up, not after."""
    layer = sc.Conv((1,), 3, padding=1, padding_mode="replicate")
    assert layer.to_numpy(np.full((1, 1, 3), 100, np.int8)).tolist() == [[300]]
    assert layer.to_numpy(np.full((1, 1, 3), 200, np.uint8)).tolist() == [[600]]
    assert layer.to_numpy(np.ones((1, 1, 3), bool)).tolist() == [[3]]


def test_fractions_stay_exact() -> None:
    """Object arrays are neither converted nor rounded."""
    kernel = np.array([[[Fraction(1, 3), Fraction(1, 7), Fraction(1, 3)]]], dtype=object)
    dense = sc.Conv(**TWICE).to_numpy(kernel)
    assert dense.dtype == object
    assert dense.tolist() == [[Fraction(1, 7), Fraction(2, 3)], [Fraction(2, 3), Fraction(1, 7)]]
    assert all(type(entry) is Fraction for entry in dense.reshape(-1))
    huge = sc.Conv((3,), 2).to_numpy(np.array([[[10**30, -(10**30)]]], dtype=object))
    assert huge.tolist() == [[10**30, -(10**30), 0], [0, 10**30, -(10**30)]]


def test_large_unsigned_integers_are_not_wrapped() -> None:
    """Either the right value or a refusal, never a silent wrong answer."""
    kernel = np.array([[[2**63, 1]]], dtype=np.uint64)
    try:
        dense = sc.Conv((3,), 2).to_numpy(kernel)
    except sc.SymconvError:
        return
    assert int(dense[0, 0]) == 2**63


def test_kernels_of_any_array_kind() -> None:
    """A nested list, a transposed view and a SymPy array mean what they say; the kernel is left as it was."""
    layer = sc.Conv((3,), 2, out_channels=2)
    nested = [[[1, 2]], [[3, 4]]]
    expected = [[1, 2, 0], [0, 1, 2], [3, 4, 0], [0, 3, 4]]
    assert layer.to_numpy(nested).tolist() == layer.to_numpy(kernel=np.array(nested)).tolist() == expected
    view = np.array([[1, 3], [2, 4]]).T.reshape(2, 1, 2)
    before = view.copy()
    assert layer.to_numpy(view).tolist() == expected
    assert (view == before).all()
    symbols = layer.symbols()[1]
    assert layer.to_numpy(symbols).tolist() == layer.weight_matrix().tolist()


# Shapes and names.


@pytest.mark.parametrize(
    ("layer", "inputs", "kernel", "outputs"),
    [
        (sc.Conv((4, 4), (3, 3)), (1, 4, 4), (1, 1, 3, 3), (1, 2, 2)),
        (sc.Conv((4,), 2, in_channels=4, out_channels=6, groups=2), (4, 4), (6, 2, 2), (6, 3)),
        (sc.Conv((5, 4, 3), (1, 2, 3), 2, 3, (2, 1, 1), (0, 1, 1)), (2, 5, 4, 3), (3, 2, 1, 2, 3), (3, 3, 5, 3)),
        (sc.Conv((2, 2, 2, 2), 2, padding="full"), (1, 2, 2, 2, 2), (1, 1, 2, 2, 2, 2), (1, 3, 3, 3, 3)),
        (sc.Conv((3,), 2, input_dilation=3), (1, 3), (1, 1, 2), (1, 6)),
        (sc.Linear(3, 2), (3,), (2, 3), (2,)),
    ],
    ids=repr,
)
def test_shapes(layer: Any, inputs: tuple[int, ...], kernel: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    """The layouts of PyTorch, without a batch axis, and the symbols in them."""
    assert (layer.input_shape, layer.kernel_shape, layer.output_shape) == (inputs, kernel, outputs)
    assert all(type(size) is int for size in (*layer.input_shape, *layer.kernel_shape, *layer.output_shape))
    x, k, b = layer.symbols()
    assert (x.shape, k.shape, b) == (inputs, kernel, None)
    assert layer.output().shape == outputs
    assert layer.weight_matrix().shape == (prod(outputs), prod(inputs))


def names(array: Any) -> list[str]:
    """The names of a SymPy array's symbols, in row-major order."""
    return [symbol.name for symbol in array.reshape(prod(array.shape))]


def test_symbols_without_channels() -> None:
    """One channel on each side: the names leave it out, and the only bias is b."""
    x, k, b = sc.Conv((1, 12), (1, 11), bias=True).symbols()
    assert names(x) == [f"x_{{0,{n}}}" for n in range(12)]
    assert names(k) == [f"k_{{0,{n}}}" for n in range(11)]
    assert b.shape == (1,)
    assert names(b) == ["b"]


def test_symbols_with_channels() -> None:
    """More than one channel on either side: the names carry it, commas between the indices."""
    x, k, b = sc.Conv((2,), 1, in_channels=2, out_channels=4, groups=2, bias=True).symbols()
    assert names(x) == ["x_{0,0}", "x_{0,1}", "x_{1,0}", "x_{1,1}"]
    assert names(k) == ["k_{0,0,0}", "k_{1,0,0}", "k_{2,0,0}", "k_{3,0,0}"]
    assert names(b) == ["b_{0}", "b_{1}", "b_{2}", "b_{3}"]
    x, k, b = sc.Conv((2,), 1, out_channels=2).symbols()
    assert names(x) == ["x_{0,0}", "x_{0,1}"]
    assert b is None
    x, k, b = sc.Linear(2, 1, bias=True).symbols()
    assert (names(x), names(k), names(b)) == (["x_{0}", "x_{1}"], ["k_{0,0}", "k_{0,1}"], ["b_{0}"])


def test_symbols_are_distinct() -> None:
    """No symbol stands for two things, at any rank."""
    for config in few_entries(64, 40, largest=2000):
        x, k, b = sc.Conv(**config).symbols()
        every = names(x) + names(k) + ([] if b is None else names(b))
        assert len(set(every)) == len(every), describe(config)
        assert (b is not None) == config.get("bias", False)


# Layers as values.

SAME: dict[str, list[Config]] = {
    "one integer, tuples, lists, NumPy": [
        {"input_size": (4, 4), "kernel_size": 3, "stride": 2, "dilation": 1, "padding": 1},
        {"input_size": [4, 4], "kernel_size": (3, 3), "stride": [2, 2], "padding": (1, 1)},
        {"input_size": np.full(2, 4), "kernel_size": np.int64(3), "stride": np.full(2, 2), "padding": np.uint8(1)},
        {"input_size": (4, np.int32(4)), "kernel_size": [3, np.int8(3)], "stride": 2, "padding": [[1, 1], [1, 1]]},
    ],
    "padding by name, amount and pairs": [
        {"input_size": (6,), "kernel_size": 3, "padding": "same"},
        {"input_size": (6,), "kernel_size": 3, "padding": "same_lower"},
        {"input_size": (6,), "kernel_size": 3, "padding": 1},
        {"input_size": (6,), "kernel_size": 3, "padding": (1,)},
        {"input_size": (6,), "kernel_size": 3, "padding": ((1, 1),)},
        {"input_size": (6,), "kernel_size": 3, "padding": np.array([[1, 1]])},
    ],
    "defaults written out": [
        {"input_size": (4,), "kernel_size": 2},
        {"input_size": (4,), "kernel_size": 2, **DEFAULTS},
        {"input_size": (4,), "kernel_size": 2, **DEFAULTS, "padding": "valid", "dilation": (1,), "input_dilation": [1]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("configs", SAME.values(), ids=SAME.keys())
def test_equal_configurations_are_equal_layers(configs: list[Config]) -> None:
    """However it was written: equal, with the same hash and the same representation."""
    layers = [sc.Conv(**config) for config in configs]
    assert len(layers) > 1
    assert len(set(layers)) == 1
    assert len({hash(layer) for layer in layers}) == len({repr(layer) for layer in layers}) == 1
    assert all(layer == layers[0] for layer in layers)


def test_different_configurations_are_different_layers() -> None:
    """Every parameter counts, and no layer equals one of another kind."""
    base: Config = {"input_size": (6, 6), "kernel_size": 2, "in_channels": 2, "out_channels": 2}
    changes: list[Config] = [
        {}, {"input_size": (6, 5)}, {"kernel_size": (2, 1)}, {"in_channels": 4}, {"out_channels": 4},
        {"stride": (1, 2)}, {"padding": ((0, 0), (0, 1))}, {"padding": ((0, 0), (1, 0))}, {"dilation": 2},
        {"groups": 2}, {"bias": True}, {"padding_mode": "reflect"}, {"flip_kernel": True}, {"input_dilation": 2},
    ]  # fmt: skip
    layers = [sc.Conv(**(base | change)) for change in changes]
    assert len(set(layers)) == len(layers)
    assert len({repr(layer) for layer in layers}) == len(layers)
    assert sc.Linear(2, 3) == sc.Linear(np.int64(2), np.int64(3)) != sc.Linear(3, 2)
    assert sc.Linear(1, 1) != sc.Conv((1,), 1)
    assert sc.Linear(2, 3) != sc.Linear(2, 3, bias=True)


def layers_of_all_kinds() -> Iterator[sc.Layer]:
    """Random convolutions, and a few fully connected layers."""
    for config in random_configs(81, 200):
        yield sc.Conv(**config)
    yield from (sc.Linear(3, 2), sc.Linear(1, 1, bias=True), sc.Linear(in_features=np.int64(2), out_features=4))


def test_repr_evaluates_back() -> None:
    """What is shown at the prompt can be pasted, and holds neither NumPy integers nor defaults."""
    for layer in layers_of_all_kinds():
        again = eval(repr(layer), {"__builtins__": {}, "Conv": sc.Conv, "Linear": sc.Linear})
        assert again == layer
        assert repr(again) == repr(layer)
        assert "np." not in repr(layer)


SHOWN: list[tuple[sc.Layer, str]] = [
    (sc.Conv([4, 4], (3, 3)), "input_size=(4, 4), kernel_size=3"),
    (sc.Conv((4, 5), (3, 2), padding=[[1, 1], [2, 2]]), "input_size=(4, 5), kernel_size=(3, 2), padding=(1, 2)"),
    (sc.Conv((4,), 1, padding=((-1, -1),)), "input_size=(4,), kernel_size=1, padding=((-1, -1),)"),
    (
        sc.Conv((4,), (3,), 2, 4, 2, "same", groups=2),
        "input_size=(4,), kernel_size=3, in_channels=2, out_channels=4, stride=2, padding=((0, 1),), groups=2",
    ),
    (
        sc.Conv((4,), 2, padding_mode="circular", flip_kernel=True, bias=True, input_dilation=2),
        "input_size=(4,), kernel_size=2, bias=True, padding_mode='circular', flip_kernel=True, input_dilation=2",
    ),
    (sc.Linear(3, 2), "in_features=3, out_features=2"),
    (sc.Linear(3, 2, True), "in_features=3, out_features=2, bias=True"),
]


@pytest.mark.parametrize(("layer", "shown"), SHOWN, ids=[shown for _, shown in SHOWN])
def test_repr_is_short(layer: sc.Layer, shown: str) -> None:
    """The shortest form of each parameter, and no default."""
    assert repr(layer) == f"{type(layer).__name__}({shown})"


def test_pickles_and_copies() -> None:
    """Also after use: what a layer has computed is not carried along, and is computed again."""
    for layer in layers_of_all_kinds():
        assert layer.read_map.nonzeros > -1
        for again in (pickle.loads(pickle.dumps(layer)), copy.copy(layer), copy.deepcopy(layer)):
            assert type(again) is type(layer)
            assert again == layer
            assert hash(again) == hash(layer)
            assert again.read_map == layer.read_map
            assert again.output_shape == layer.output_shape
        assert len(pickle.dumps(layer)) < 600


@pytest.mark.parametrize("layer", [sc.Conv((4,), 2), sc.Linear(2, 3)], ids=["Conv", "Linear"])
def test_layers_cannot_be_changed(layer: Any) -> None:
    """A layer is a value: it can be a dictionary key, and nothing computed from it goes stale."""
    with pytest.raises(FrozenInstanceError):
        layer.bias = True
    assert layer.bias is False


def test_parameters_are_canonical() -> None:
    """Plain integers, one for each axis, and padding as pairs, whatever was given."""
    layer: Any = sc.Conv(np.array([4, 5]), [2, 3], np.int8(2), 2, np.int64(2), "full", 1, np.int64(2))
    found = {
        name: getattr(layer, name) for name in ("input_size", "kernel_size", "stride", "dilation", "input_dilation")
    }
    assert list(found.values()) == [(4, 5), (2, 3), (2, 2), (1, 1), (1, 1)]
    assert layer.padding == ((1, 1), (2, 2))
    assert all(type(value) is int for values in (*found.values(), *layer.padding) for value in values)
    assert all(type(value) is int for value in (layer.in_channels, layer.out_channels, layer.groups))


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


def test_sparse_linear(sparse: Any) -> None:
    """Nothing is sparse about it, but the method is there for every layer."""
    kernel = integers(5, (2, 3))
    stored = sc.Linear(3, 2).to_scipy(kernel)
    assert isinstance(stored, sparse.csr_array)
    assert stored.toarray().tolist() == kernel.tolist()
    assert sc.Linear(3, 2).to_scipy(np.zeros((2, 3))).nnz == 6
    assert_canonical(stored)


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
    assert set(REGISTRY) == set(MODES)
