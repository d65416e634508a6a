"""Matrices that somebody else made, read exactly: the same numbers in every form, and what is no matrix refused by name."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import symconv as sc
from symconv.entries import Entries, ratio, read

HALF = Fraction(1, 2)


def dense(entries: Entries) -> list[list[Any]]:
    """Every entry as it was given."""
    rows, columns = entries.shape
    return [[entries[row, column] for column in range(columns)] for row in range(rows)]


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lists", "tuples", "int8", "uint16", "float64", "object"])
def test_the_same_numbers_in_every_form(kind: str) -> None:
    """Three rows and two columns, so that they cannot be mixed up; a number for every different entry, 0 for zero."""
    rows: Any = [[0, 3], [5, 0], [3, 3]]
    if kind == "tuples":
        rows = tuple(map(tuple, rows))
    elif kind != "lists":
        rows = np.array(rows, kind)
    entries = read(rows)
    assert entries.shape == (3, 2)
    assert entries.rows == [{1: 1}, {0: 2}, {0: 1, 1: 1}]
    assert dense(entries) == [[0, 3], [5, 0], [3, 3]]
    assert not entries.symbolic
    assert entries.dtype == (None if kind in ("lists", "tuples") else np.dtype(kind))


def test_negative_numbers_fractions_and_floats_are_what_they_are() -> None:
    entries = read([[-1, 1], [0.5, HALF], [np.int64(1), np.float32(-1)]])
    assert entries.rows == [{0: 1, 1: 2}, {0: 3, 1: 3}, {0: 2, 1: 1}]
    assert [entries.ratio(number) for number in range(4)] == [(0, 1), (-1, 1), (1, 1), (1, 2)]
    assert [entries.vector(number) for number in range(4)] == [{}, {1: -1}, {1: 1}, {1: HALF}]


def test_a_large_integer_is_no_float() -> None:
    entries = read([[2**60, 2**60 + 1, float(2**60)]])
    assert entries.rows == [{0: 1, 1: 2, 2: 1}]


def test_zeros_of_every_type_are_zero() -> None:
    assert read([[0, 0.0, Fraction(0), np.int8(0), -0.0]]).rows == [{}]
    assert read([[1, 0]]).given[0] == 0


@pytest.mark.parametrize("form", ["coo", "csr", "csc"])
@pytest.mark.parametrize("container", ["array", "matrix"])
def test_sparse_matrices(form: str, container: str) -> None:
    """Duplicates are added up, as SciPy means them, and the matrix of the caller stays as it is."""
    sparse = pytest.importorskip("scipy.sparse", reason="install scipy to read its matrices")
    places = ([0, 2, 2, 2, 1], [1, 0, 0, 1, 1])
    made = getattr(sparse, f"coo_{container}")(([3, 2, 1, 4, 0], places), shape=(3, 2), dtype=np.int16)
    stored = made.nnz
    given = made if form == "coo" else made.asformat(form)
    entries = read(given)
    assert entries.shape == (3, 2)
    assert dense(entries) == [[0, 3], [0, 0], [3, 4]]
    assert entries.rows == [{1: 1}, {}, {0: 1, 1: 2}]
    assert entries.dtype == np.int16
    assert made.nnz == stored


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1, 2], "must be a matrix: two dimensions, neither empty"),
        ([[[1]]], "must be a matrix: two dimensions, neither empty"),
        ([[]], "must be a matrix: two dimensions, neither empty"),
        (np.zeros((0, 3)), "must be a matrix: two dimensions, neither empty"),
        (np.zeros((3, 0)), "must be a matrix: two dimensions, neither empty"),
        (np.zeros((1, 2), complex), "must hold integers, fractions, floats or expressions"),
        (np.array([["a"]]), "must hold integers, fractions, floats or expressions"),
        ([["a"]], "entry (0, 0) is no integer, fraction or finite float"),
        ([[1], [float("nan")]], "entry (1, 0) is no integer, fraction or finite float"),
        ([[1, float("inf")]], "entry (0, 1) is no integer, fraction or finite float"),
        ([[1, 1j]], "entry (0, 1) is no integer, fraction or finite float"),
        ([[1, None]], "entry (0, 1) is no integer, fraction or finite float"),
        ([[1, Decimal("NaN")]], "entry (0, 1) is no integer, fraction or finite float"),
        ([[1, 2], [3, 4], [5]], "its rows must be of one length, and row 0 has 2 entries, row 2 has 1"),
        ([[1], [2, 3], [4, 5, 6]], "its rows must be of one length, and row 0 has 1 entries, row 1 has 2"),
        ([[1], (2, 3)], "its rows must be of one length"),
        ([[1, 2], 3], "must be a matrix: two dimensions, neither empty"),
        ([], "must be a matrix: two dimensions, neither empty"),
        (3, "must be a matrix: two dimensions, neither empty"),
        (np.ones(3), "shape (3,)"),
        (np.ones((2, 2), bool), "W.astype(int)"),
        ([[1, True]], "entry (0, 1) is a truth value, and no number"),
        ([[1], [np.False_]], "entry (1, 0) is a truth value, and no number"),
        (np.ma.masked_equal([[1, 2]], 2), "has masked entries, which are no numbers"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(sc.SpecError) as caught:
        read(wrong, "M")
    assert message in str(caught.value)
    assert str(caught.value).startswith("M")


def test_a_sparse_vector_is_no_matrix() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="install scipy to read its matrices")
    vector = sparse.coo_array(np.array([1, 0, 2]))
    if vector.ndim == 2:
        pytest.skip("sparse vectors need SciPy 1.13")
    with pytest.raises(sc.SpecError, match="must be a matrix: two dimensions"):
        read(vector)


def test_only_truth_values_can_be_cast_to_integers() -> None:
    for wrong, cast in (
        (np.ones((1, 1), bool), True),
        (np.array([["a"]]), False),
        (np.array([[b"a"]]), False),
        (np.array([[1j]]), False),
    ):
        with pytest.raises(sc.SpecError) as caught:
            read(wrong)
        assert ("W.astype(int)" in str(caught.value)) == cast


class Refusing:
    """What NumPy cannot make an array of."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise self.error("no array")


@pytest.mark.parametrize("error", [ValueError, TypeError])
def test_what_numpy_refuses_is_no_matrix(error: type[Exception]) -> None:
    with pytest.raises(sc.SpecError, match="must be a matrix: two dimensions"):
        read(Refusing(error))


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (2, 2)])
def test_every_other_shape_is_read(shape: tuple[int, int]) -> None:
    assert read(np.ones(shape, int)).shape == shape


# Ratios -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, (3, 1)),
        (True, (1, 1)),
        (np.uint8(200), (200, 1)),
        (-0.25, (-1, 4)),
        (np.float32(0.5), (1, 2)),
        (Fraction(2, 3), (2, 3)),
        (Decimal("0.1"), (1, 10)),
        (float("nan"), None),  # a ValueError of Python's
        (float("inf"), None),  # an OverflowError
        ("1", None),  # no ratio at all
        (None, None),
        (float, None),  # a type has the method, and cannot be asked: a TypeError
    ],
)
def test_the_ratio_of_a_rational_number(value: Any, expected: tuple[int, int] | None) -> None:
    assert ratio(value) == expected


# Back: arrays and values --------------------------------------------------------------------------


def test_an_array_is_in_the_type_of_the_matrix_where_that_holds_it() -> None:
    made = read(np.array([[1, 2]], np.int8)).array([1, -2, 3, 4], (2, 2))
    assert made.dtype == np.int8
    assert made.tolist() == [[1, -2], [3, 4]]
    halves = read(np.array([[0.5]])).array([HALF, 3], (1, 2))
    assert (halves.dtype, halves.tolist()) == (np.float64, [[0.5, 3.0]])


@pytest.mark.parametrize(
    ("dtype", "items"),
    [
        (np.int8, [1, 300]),  # too large: an OverflowError, or another number
        (np.int64, [HALF, 1]),  # would be rounded
        (np.int64, [1, HALF]),
        (np.float64, [Fraction(1, 3), 1]),
        (np.float64, [1, 10**400]),
        (np.int64, [1, 2**70]),
        (np.uint8, [-1, 1]),
        (np.float32, [2**24 + 1, 1]),
        (np.float32, [2**24 - 1, 2**24 + 1]),
    ],
)
def test_an_array_is_exact_where_the_type_cannot_hold_it(dtype: Any, items: list[Any]) -> None:
    made = read(np.ones((1, 1), dtype)).array(items, (2, 1))
    assert made.dtype == object
    assert made.tolist() == [[item] for item in items]


def test_a_list_gives_what_numpy_makes_of_it() -> None:
    assert read([[1]]).array([1, 2], (2,)).tolist() == [1, 2]
    exact = read([[1]]).array([Fraction(1, 3), 2], (2,))
    assert exact.tolist() == [Fraction(1, 3), 2]


def test_a_vector_of_numbers_is_an_int_or_a_fraction() -> None:
    entries = read([[1]])
    for vector, value in (({}, 0), ({1: Fraction(4)}, 4), ({1: HALF}, HALF), ({1: Fraction(-3)}, -3)):
        assert entries.value(vector) == value
        assert type(entries.value(vector)) is type(value)


# Expressions --------------------------------------------------------------------------------------


@pytest.fixture
def letters() -> tuple[Any, Any, Any]:
    from sympy import symbols

    return symbols("a b c")


def test_matrices_of_expressions_in_every_form(letters: Any) -> None:
    """One number for what is equal, however it is written: as a polynomial, and no other way."""
    from sympy import Array, ImmutableDenseMatrix, ImmutableSparseMatrix, Integer, Matrix, SparseMatrix

    a, b, c = letters
    rows = [[Integer(0), a * (b + c)], [a * b + a * c, Integer(2)], [b, b - b]]
    for make in (Matrix, SparseMatrix, ImmutableDenseMatrix, ImmutableSparseMatrix, Array, lambda rows: rows, np.array):
        entries = read(make(rows))
        assert entries.symbolic
        assert entries.shape == (3, 2)
        assert entries.rows == [{1: 1}, {0: 1, 1: 2}, {0: 3}]
        assert [entries.vector(n) for n in range(4)] == [{}, {a * b: 1, a * c: 1}, {1: 2}, {b: 1}]
        assert [entries.ratio(n) for n in range(4)] == [(0, 1), (0, 1), (2, 1), (0, 1)]
        assert entries[0, 1] == a * (b + c)
        assert entries[0, 0] == 0
        assert entries[0, 0].is_Integer


def test_an_expression_that_is_zero_is_no_entry(letters: Any) -> None:
    from sympy import Matrix

    a, b, _ = letters
    assert read(Matrix([[(a + b) ** 2 - a**2 - 2 * a * b - b**2, a]])).rows == [{1: 1}]
    assert read([[a - a, 0, a]]).rows == [{2: 1}]


def test_numbers_beside_expressions_are_exact(letters: Any) -> None:
    from sympy import Float, Rational

    a, *_ = letters
    entries = read([[a, 0.5, Rational(1, 2), HALF], [Float(0.5) * a, a / 2, 3, 3 * a + 1]])
    assert entries.rows == [{0: 1, 1: 2, 2: 2, 3: 2}, {0: 3, 1: 3, 2: 4, 3: 5}]
    assert entries.vector(5) == {a: 3, 1: 1}
    assert entries.ratio(5) == (1, 1)


def test_powers_and_products_of_symbols_are_monomials(letters: Any) -> None:
    a, b, c = letters
    entries = read([[a**2 * b, a * b * c, -a, 2 * a**3]])
    assert [entries.vector(n) for n in range(1, 5)] == [{a**2 * b: 1}, {a * b * c: 1}, {a: -1}, {a**3: 2}]


def test_what_is_no_polynomial_is_refused(letters: Any) -> None:
    from sympy import I, Matrix, S, sin, sqrt
    from sympy.logic.boolalg import true

    a, b, _ = letters
    for wrong in (
        sin(a), 1 / a, a / b, sqrt(a), sqrt(2), sqrt(2) * a, I, I * a, S.Infinity, S.NaN, S.Pi, S.Pi * a, a**b, true, 2**a, a + sqrt(2),
        a * sin(b), a + 1 / b, a < b,
    ):  # fmt: skip
        for matrix in (Matrix([[a, wrong]]) if wrong not in (true, a < b) else [[a, wrong]], [[a, wrong]]):
            with pytest.raises(
                sc.SpecError, match="must be a rational number or a polynomial with rational coefficients"
            ):
                read(matrix)


def test_what_is_no_expression_of_sympys_is_refused(letters: Any) -> None:
    """A polynomial of its dense rings, for one, has other methods."""
    from sympy import QQ, ring

    _, x = ring("x", QQ)
    with pytest.raises(sc.SpecError, match="must be a rational number or a polynomial with rational coefficients"):
        read([[letters[0], x]])


def test_an_expression_that_is_no_matrix_is_refused(letters: Any) -> None:
    from sympy import Array, Matrix, MatrixSymbol, SparseMatrix

    a, b, _ = letters
    for wrong in (a, Array([a, b]), Array([[[a]]]), MatrixSymbol("M", 2, 2), Matrix(0, 2, []), SparseMatrix(2, 0, {})):
        with pytest.raises(sc.SpecError, match="must be a matrix"):
            read(wrong, "M")


def test_a_vector_of_expressions_is_their_sum(letters: Any) -> None:
    a, b, _ = letters
    entries = read([[a]])
    assert entries.value({a: HALF, b: Fraction(-2), 1: Fraction(3)}) == a / 2 - 2 * b + 3
    assert entries.value({}) == 0
    made = entries.array([a, b, a + b, 1], (2, 2))
    assert made.tolist() == [[a, b], [a + b, 1]]
