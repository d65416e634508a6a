"""Matrices of numbers, dense and sparse: what they hold, their dtypes, and when they are refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from layer_cases import TWICE
from oracle import Config, describe, integers, matrix, random_configs

import symconv as sc


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


def test_sparse_linear(sparse: Any) -> None:
    """Nothing is sparse about it, but the method is there for every layer."""
    kernel = integers(5, (2, 3))
    stored = sc.Linear(3, 2).to_scipy(kernel)
    assert isinstance(stored, sparse.csr_array)
    assert stored.toarray().tolist() == kernel.tolist()
    assert sc.Linear(3, 2).to_scipy(np.zeros((2, 3))).nnz == 6
    assert_canonical(stored)
