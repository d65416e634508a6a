"""What the tests of layers and of their matrices share."""

from __future__ import annotations

from typing import Any

import numpy as np
from oracle import (
    Config,
    integers,
    random_configs,
)

import symconv as sc

TWICE: Config = {"input_size": (2,), "kernel_size": 3, "padding": 1, "padding_mode": "circular"}
"""Output 0 reads x_1, x_0 and x_1 again: two kernel entries in one cell of W."""


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
