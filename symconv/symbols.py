"""SymPy symbols and their names: x_{0,1}, k_{2,0}, b_{3}, indices always separated by commas."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr, ImmutableDenseNDimArray, Symbol


def symbol(letter: str, indices: Sequence[int]) -> Symbol:
    """One symbol; without indices the bare letter.

    >>> symbol("k", (1, 10))
    k_{1,10}
    """
    from sympy import Symbol

    return Symbol(name(letter, indices))


def symbols(letter: str, shape: Sequence[int], shown: slice) -> list[Symbol]:
    """The symbols of a tensor in row-major order, each named by the indices within `shown`."""
    return [symbol(letter, at[shown]) for at in product(*map(range, shape))]


def array(flat: Sequence[Expr], shape: Sequence[int]) -> ImmutableDenseNDimArray:
    """A SymPy array of that shape."""
    from sympy import ImmutableDenseNDimArray

    return ImmutableDenseNDimArray(flat, tuple(shape))


def name(letter: str, indices: Sequence[int]) -> str:
    """The name of a symbol: k_{1,10}; without indices the bare letter."""
    return f"{letter}_{{{','.join(map(str, indices))}}}" if indices else letter
