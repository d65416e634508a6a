"""Arrays of exact numbers: what a network's weights are, and the vectors that go through it.

A float is the fraction that it is, so a trained network has exact weights too.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..entries import ratio
from ..errors import Described, SpecError
from ..symbols import symbols
from ..tensors import as_numpy

if TYPE_CHECKING:
    import numpy as np


def exact(value: Any, shape: Sequence[int], name: str) -> np.ndarray[Any, Any]:
    """An object array of ints, Fractions and SymPy expressions of that shape, or a `SpecError`.

    >>> exact([1.0, 0.5], (2,), "bias").tolist()
    [1, Fraction(1, 2)]
    """
    import numpy as np

    example = f"an array of numbers of shape {tuple(shape)}"
    given = plain(value, name)
    try:
        array = given if isinstance(given, np.ndarray) else np.array(given, dtype=object)
    except (ValueError, TypeError) as error:
        raise SpecError(name, value, f"is no array: {error}", example) from None
    if array.shape != tuple(shape):
        raise SpecError(name, Described(f"of shape {array.shape}"), f"must have the shape {tuple(shape)}", example)
    result = np.empty(array.shape, object)
    result.reshape(-1)[:] = [_exact(item, name, example) for item in array.reshape(-1).tolist()]
    return result


def plain(value: Any, name: str = "weight") -> Any:
    """The same without a framework: a PyTorch tensor as a NumPy array, a SymPy matrix as lists."""
    if hasattr(value, "tomatrix") or hasattr(value, "todok"):
        return value.tolist()
    return as_numpy(value, name)


def symbolic(name: str, letter: str, shape: Sequence[int]) -> np.ndarray[Any, Any]:
    """An object array of symbols, named after their node: k^{conv1}_{0,0}."""
    import numpy as np

    result = np.empty(tuple(shape), object)
    result.reshape(-1)[:] = symbols(f"{letter}^{{{name}}}", shape, slice(None))
    return result


def _exact(value: Any, name: str, example: str) -> Any:
    if any(each.__module__.startswith("sympy.") for each in type(value).__mro__):
        return value
    found = None if isinstance(value, (bool, str)) else ratio(value)
    if found is None:
        raise SpecError(name, value, "must hold integers, fractions, finite floats or SymPy expressions", example)
    return found[0] if found[1] == 1 else Fraction(*found)
