"""Arrays of exact numbers that somebody gave: integers, fractions, and floats, which are the fractions that they are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..algebra.schemes import Number, plain
from ..entries import ratio
from ..errors import Described, SpecError
from ..tensors import as_numpy

if TYPE_CHECKING:
    import numpy as np


def numbers(name: str, values: Any, shape: Sequence[int]) -> list[Number]:
    """The exact numbers of an array of that shape, flattened, or a `SpecError`.

    >>> numbers("kernel", [[0.5, 2]], (1, 2))
    [Fraction(1, 2), 2]
    """
    import numpy as np

    example = f"an array of shape {tuple(shape)}"
    try:
        given = np.asarray(as_numpy(values, name), dtype=object)
    except (ValueError, TypeError) as error:
        raise SpecError(name, values, f"is no array: {error}", example) from None
    if given.shape != tuple(shape):
        raise SpecError(name, Described(f"of shape {given.shape}"), f"must have the shape {tuple(shape)}", example)
    return [_number(name, value) for value in given.flat]


def _number(name: str, value: Any) -> Number:
    found = None if isinstance(value, (bool, str)) else ratio(value)
    if found is None:
        raise SpecError(name, value, "must hold integers, fractions or finite floats", "[[[1, 0, 1]]]")
    return plain(Fraction(*found))


def array(items: Sequence[Number], shape: Any) -> np.ndarray[Any, Any]:
    """An object array of that shape.

    >>> array([1, Fraction(1, 2)], (1, 2))
    array([[1, Fraction(1, 2)]], dtype=object)
    """
    import numpy as np

    made = np.empty(len(items), object)
    made[:] = items
    return made.reshape(shape)
