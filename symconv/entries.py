"""A matrix somebody else made, read exactly: SymPy, NumPy, SciPy sparse or nested lists.

Every different entry gets a number, so that comparing entries is comparing integers; 0 is zero. A number
stands for the entry as it was given, and for a vector over the rationals, {monomial: Fraction}, in which sums
of entries are computed. What is no expression is a vector of one component, and a float is the fraction
that it is.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .algebra.systems import Combination
from .errors import Described, SpecError
from .tensors import as_numpy

EXAMPLE = "a SymPy matrix, a two-dimensional NumPy array, a SciPy sparse array or nested lists such as [[1, 0], [2, 1]]"


@dataclass
class Entries:
    """The non-zero entries of a matrix: rows as {column: number of the entry}."""

    shape: tuple[int, int]
    rows: list[dict[int, int]]
    symbolic: bool
    dtype: Any = None
    given: list[Any] = field(default_factory=lambda: [0])
    polynomials: list[Combination] = field(default_factory=lambda: [{}])

    def vector(self, number: int) -> Combination:
        """What a number stands for, as a vector."""
        if self.symbolic:
            return self.polynomials[number]
        return {1: Fraction(*self.ratio(number))} if number else {}

    def ratio(self, number: int) -> tuple[int, int]:
        """What a number stands for, where that is rational: its numerator and denominator."""
        if self.symbolic:
            return self.polynomials[number].get(1, Fraction(0)).as_integer_ratio()
        return ratio(self.given[number]) or (0, 1)

    def __getitem__(self, place: tuple[int, int]) -> Any:
        """An entry as it was given."""
        return self.given[self.rows[place[0]].get(place[1], 0)]

    def array(self, items: Sequence[Any], shape: tuple[int, ...]) -> Any:
        """An array of exact values in the kind of the matrix; of Fractions where its dtype cannot hold them."""
        if self.symbolic:
            from .symbols import array

            return array(items, shape)
        import numpy as np

        exact = np.empty(len(items), object)
        exact[:] = items
        try:
            narrow = np.array(items, self.dtype)
        except (OverflowError, TypeError, ValueError):
            return exact.reshape(shape)
        same = all(ratio(one) == ratio(other) for one, other in zip(narrow.tolist(), items, strict=True))
        return (narrow if same else exact).reshape(shape)

    def value(self, vector: Mapping[Any, Fraction]) -> Any:
        """What a vector stands for: a SymPy expression, an int or a Fraction."""
        if self.symbolic:
            from sympy import Add, Rational

            return Add(*(Rational(c.numerator, c.denominator) * monomial for monomial, c in vector.items()))
        number = vector.get(1, Fraction(0))
        return int(number) if number.denominator == 1 else number


def read(matrix: Any, name: str = "W") -> Entries:
    """The entries of a matrix in any of the forms, or a `SpecError`.

    >>> read([[1, 0.5], [0, 1]]).rows
    [{0: 1, 1: 2}, {1: 1}]
    """
    matrix = as_numpy(matrix, name)
    symbolic = any(each.__module__.startswith("sympy.") for each in type(matrix).__mro__)
    if symbolic and hasattr(matrix, "tomatrix") and len(getattr(matrix, "shape", ())) == 2:
        matrix = matrix.tomatrix()
    if symbolic and (not hasattr(matrix, "todok") or 0 in matrix.shape):
        raise _no_matrix(name, matrix)
    if symbolic:
        return _collected(name, matrix.shape, sorted(matrix.todok().items()), True)
    dtype, shape, cells = _numeric(name, matrix)
    if any(type(value).__module__.startswith("sympy.") for _, value in cells):
        return _collected(name, shape, cells, True)
    return _collected(name, shape, cells, False, dtype)


def _numeric(name: str, matrix: Any) -> tuple[Any, tuple[int, int], list[tuple[tuple[int, int], Any]]]:
    """The dtype (None for lists), the shape and the non-zero cells of what NumPy can read."""
    import numpy as np

    sparse = hasattr(matrix, "tocoo")
    if sparse:
        coo = matrix.tocoo(copy=True)
        coo.sum_duplicates()
        array, rows, columns = coo.data, coo.row, coo.col
        shape = matrix.shape
    else:
        given = isinstance(matrix, np.ndarray)
        if np.ma.is_masked(matrix):
            raise SpecError(
                name, Described("is a masked array"), "has masked entries, which are no numbers", "W.filled(0)"
            )
        try:
            array = np.asarray(matrix) if given else np.array(matrix, dtype=object)
        except (ValueError, TypeError):
            raise _no_matrix(name, matrix) from None
        shape = array.shape
    if len(shape) != 2 or 0 in shape:
        raise _no_matrix(name, matrix)
    if array.dtype.kind not in "iufO":
        how = "W.astype(int)" if array.dtype.kind == "b" else EXAMPLE
        raise SpecError(
            name, Described(f"of dtype {array.dtype}"), "must hold integers, fractions, floats or expressions", how
        )
    truth = (
        next((at for at, value in np.ndenumerate(array) if isinstance(value, (bool, np.bool_))), None)
        if array.dtype == object
        else None
    )
    if truth is not None:
        rule = f"entry {truth} is a truth value, and no number"
        raise SpecError(name, array[truth], rule, "1 for True, 0 for False")
    if not sparse:
        rows, columns = np.nonzero(array != 0)
        dtype = array.dtype if given else None
        array = array[rows, columns]
    else:
        dtype = array.dtype
    places = zip(rows.tolist(), columns.tolist(), strict=True)
    return dtype, (int(shape[0]), int(shape[1])), list(zip(places, array.tolist(), strict=True))


def _no_matrix(name: str, matrix: Any) -> SpecError:
    """What has no two dimensions: an array by its shape, anything else as it is."""
    if isinstance(matrix, (list, tuple)) and matrix and all(isinstance(row, (list, tuple)) for row in matrix):
        lengths = [len(row) for row in matrix]
        if len(set(lengths)) > 1:
            other = next(n for n, length in enumerate(lengths) if length != lengths[0])
            rule = (
                f"its rows must be of one length, and row 0 has {lengths[0]} entries, row {other} has {lengths[other]}"
            )
            return SpecError(name, matrix, rule, EXAMPLE)
    shape = getattr(matrix, "shape", None)
    return SpecError(
        name,
        matrix if shape is None else Described(f"of shape {shape}"),
        "must be a matrix: two dimensions, neither empty",
        EXAMPLE,
    )


def _collected(
    name: str, shape: tuple[int, int], cells: Iterable[tuple[tuple[int, int], Any]], symbolic: bool, dtype: Any = None
) -> Entries:
    entries = Entries(shape, [{} for _ in range(shape[0])], symbolic, dtype)
    if symbolic:
        from sympy import S

        entries.given[0] = S.Zero
    seen: dict[Any, int] = {} if symbolic else {0: 0}
    known: dict[frozenset[Any], int] = {frozenset(): 0}  # equal expressions can be written differently: (a + b)*c
    for (row, column), value in cells:
        key = value if symbolic or type(value) in _HASHED_BY_VALUE else Fraction(*_checked(name, value, (row, column)))
        number = seen.get(key)
        if number is None:
            new = len(entries.given)
            if symbolic:
                polynomial = _polynomial(name, value, (row, column))
                number = known.setdefault(frozenset(polynomial.items()), new)
            else:
                _checked(name, value, (row, column))
                number = new
            seen[key] = number
            if number == new:
                entries.given.append(value)
                entries.polynomials.extend([polynomial] if symbolic else [])
        if number:
            entries.rows[row][column] = number
    return entries


_HASHED_BY_VALUE = (int, float, Fraction)
"""Types whose equal numbers are one key of a dictionary."""


def ratio(value: Any) -> tuple[int, int] | None:
    """A rational number as numerator and denominator; None for anything else."""
    try:
        return operator.index(value), 1
    except TypeError:
        pass
    try:
        above, below = value.as_integer_ratio()
        return int(above), int(below)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None


def _checked(name: str, value: Any, place: tuple[int, int]) -> tuple[int, int]:
    found = ratio(value)
    if found is None:
        raise SpecError(name, value, f"entry {place} is no integer, fraction or finite float", EXAMPLE)
    return found


def _polynomial(name: str, value: Any, place: tuple[int, int]) -> Combination:
    """An expression as {monomial: coefficient}: expanded, which decides equality for polynomials and for them only."""
    from sympy import Expr, Float, Rational, S, expand

    own = type(value).__module__.startswith("sympy.")  # a text is no expression: reading it would run it
    expression = value if own else Rational(*_checked(name, value, place))
    if not isinstance(expression, Expr):
        raise _no_polynomial(name, value)
    if expression.atoms(Float):
        expression = expression.xreplace({each: Rational(each) for each in expression.atoms(Float) if each.is_finite})
    vector = {}
    for monomial, coefficient in expand(expression).as_coefficients_dict().items():
        symbols = monomial.free_symbols
        if not isinstance(coefficient, Rational) or not (
            monomial is S.One or ((symbols and monomial.is_polynomial(*symbols))
            and all(factor.is_Symbol or (factor.is_Pow and factor.base.is_Symbol) for factor in monomial.as_ordered_factors()))
        ):  # fmt: skip
            raise _no_polynomial(name, value)
        if coefficient:
            vector[1 if monomial is S.One else monomial] = Fraction(int(coefficient.p), int(coefficient.q))
    return vector


def _no_polynomial(name: str, value: Any) -> SpecError:
    rule = "every entry must be a rational number or a polynomial with rational coefficients in its symbols"
    return SpecError(name, value, rule, "a symbol of its own for each other expression")
