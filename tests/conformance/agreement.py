"""What the suites share: small integers, and W x + b in exact arithmetic."""

from __future__ import annotations

import os
import random
from collections import Counter
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

import symconv as sc
from symconv.matrices import number_rows

os.environ.setdefault("XLA_FLAGS", "--xla_disable_hlo_passes=algsimp")
# XLA's algebraic simplifier ends the whole process (a failed check, not an exception) at some convolutions that are
# valid, of an axis of size 1 with gaps and uneven padding. It is read when JAX first compiles.
SCALE = 2**6 * 3**3 * 5**2 * 7
"""Inputs of a layer that averages are multiples of this, so that its averages are integers."""


compared = Counter[str]()
"""How many results were computed here to be compared with a framework's, exactly; `counted.py` adds them up."""


def integers(rng: random.Random, shape: tuple[int, ...], scale: int = 1) -> np.ndarray:
    """Small integers."""
    return np.array([scale * rng.randint(-9, 9) for _ in range(prod(shape))], np.int64).reshape(shape)


def applied(layer: sc.Layer, x: np.ndarray, kernel: np.ndarray | None = None, bias: np.ndarray | None = None) -> Any:
    """W vec(x) + b: int64 with a kernel, Fractions for layers whose weights are known numbers."""
    compared["exactly"] += 1
    flat = x.reshape(-1)
    if layer.kernel_shape is None:
        rows = number_rows(layer.read_map)
        y = np.array([sum((Fraction(c) * int(flat[p]) for p, c in row.items()), Fraction(0)) for row in rows], object)
    else:
        assert kernel is not None
        assert kernel.dtype == np.int64
        y = layer.to_numpy(kernel) @ flat
    y = y.reshape(layer.output_shape)
    return y if bias is None else y + bias.reshape(-1, *[1] * (y.ndim - 1))
