"""Configurations for fast schemes, and their printed matrices as numbers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
from oracle import MODES, fits

Config = dict[str, Any]


def configurations(seed: int, number: int, modes: tuple[str, ...] = MODES) -> Iterator[Config]:
    """Rank 1 and 2, stride 1: channels, groups, every mode, crops, kernel 1, inputs as small as the kernel."""
    rng = Random(seed)
    made = 0
    while made < number:
        rank, groups = rng.choice((1, 1, 2)), rng.choice((1, 1, 2))
        kernel = tuple(rng.randint(1, 5 if rank == 1 else 3) for _ in range(rank))
        size = tuple(k if rng.random() < 0.2 else rng.randint(1, 14 if rank == 1 else 6) for k in kernel)
        config: Config = {
            "input_size": size, "kernel_size": kernel, "groups": groups, "in_channels": groups * rng.randint(1, 2),
            "out_channels": groups * rng.randint(1, 2), "flip_kernel": rng.random() < 0.3, "bias": rng.random() < 0.2,
            "padding": tuple((rng.randint(-1, 3), rng.randint(-1, 3)) for _ in size) if rng.random() < 0.7 else 0,
            "padding_mode": modes[made % len(modes)],
        }  # fmt: skip
        if fits(config):
            made += 1
            yield config


def fractions(matrix: Any) -> np.ndarray:
    """A printed matrix as exact numbers."""
    result = np.full(matrix.shape, Fraction(0), object)
    for r, row in enumerate(matrix.rows):
        for c, value in row.items():
            result[r, c] = Fraction(value)
    return result


class Counted(Fraction):
    """A number that counts what it is multiplied by other such numbers."""

    products = 0

    def times(self, other: Counted) -> Fraction:
        Counted.products += 1
        return Fraction(self) * Fraction(other)
