"""Rows of the table about matrices: W for a numeric kernel, and as a SymPy matrix."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from alternatives import by_identity, by_jacrev, by_kronecker, by_unfold
from measure import peak, row, seconds

import symconv as sc

SMALL, LARGE = (3, 16, 32), (64, 64, 14)
"""Channels in and out, and the size, of the two layers; the kernel is 3x3 with padding 1."""


def numeric(shape: tuple[int, int, int], run: int) -> tuple[Any, int, Callable[[], Any]]:
    """A kernel, the size, and W made from nothing; another kernel in every repetition."""
    import numpy as np

    channels, out, size = shape
    kernel = np.random.default_rng(run).standard_normal((out, channels, 3, 3))
    return kernel, size, lambda: sc.Conv((size, size), 3, channels, out, padding=1).to_scipy(kernel)


def against_writing(shape: tuple[int, int, int], run: int, kept: bool) -> float:
    """Building W against writing arrays of its size once: in memory that the process has just used, or, kept, in new."""
    import numpy as np

    made = numeric(shape, 0)[2]()
    like = [(each.size, each.dtype) for each in (made.data, made.indices, made.indptr)]
    del made

    def written() -> list[Any]:
        arrays = [np.empty(size, dtype) for size, dtype in like]
        for each in arrays:
            each.fill(1)
        return arrays

    held: list[Any] = []
    ratios = []
    for number in range(3):
        build = numeric(shape, 3 * run + number)[2]
        found = []
        for work in (build, written):
            begin = time.process_time()
            result = work()
            found.append(time.process_time() - begin)
            if kept:
                held.append(result)
            del result
        ratios.append(found[0] / found[1])
    return statistics.median(ratios)


def held(shape: tuple[int, int, int], run: int) -> float:
    """The peak memory of building W against its own size."""
    numeric(shape, 0)[2]()  # what is imported does not count
    most, made = peak(numeric(shape, run)[2])
    return most / (made.data.nbytes + made.indices.nbytes + made.indptr.nbytes)


def against(other: Callable[[Any, int], Any], shape: tuple[int, int, int], run: int) -> float:
    """Another way to the same matrix against ours."""
    kernel, size, build = numeric(shape, run)
    theirs = seconds(lambda: other(kernel, size))
    return theirs / seconds(build)


WRITING = "writing its CSR arrays once"


@row("to_scipy, 3 to 16 channels on 32x32, in new memory", WRITING, at_most=2)
def write_small(run: int) -> float:
    return against_writing(SMALL, run, kept=True)


@row("to_scipy, 64 to 64 channels on 14x14, in new memory", WRITING, at_most=2)
def write_large(run: int) -> float:
    return against_writing(LARGE, run, kept=True)


@row("to_scipy, 3 to 16 channels on 32x32, in memory just used", WRITING, at_most=2)
def rewrite_small(run: int) -> float:
    return against_writing(SMALL, run, kept=False)


@row("to_scipy, 64 to 64 channels on 14x14, in memory just used", WRITING, at_most=2)
def rewrite_large(run: int) -> float:
    return against_writing(LARGE, run, kept=False)


@row("  peak memory, 3 to 16 channels on 32x32", "its CSR arrays", at_most=1.15, repetitions=1)
def held_small(run: int) -> float:
    return held(SMALL, run)


@row("  peak memory, 64 to 64 channels on 14x14", "its CSR arrays", at_most=1.15, repetitions=1)
def held_large(run: int) -> float:
    return held(LARGE, run)


@row("to_scipy, 3 to 16 channels on 32x32", "torch unfold of the inputs' numbers", at_least=6)
def unfold_small(run: int) -> float:
    return against(by_unfold, SMALL, run)


@row("to_scipy, 64 to 64 channels on 14x14", "torch unfold of the inputs' numbers", at_least=6)
def unfold_large(run: int) -> float:
    return against(by_unfold, LARGE, run)


@row("to_scipy, 3 to 16 channels on 32x32", "sum of sparse Kronecker products", at_least=10)
def kronecker_small(run: int) -> float:
    return against(by_kronecker, SMALL, run)


@row("to_scipy, 64 to 64 channels on 14x14", "sum of sparse Kronecker products", at_least=10)
def kronecker_large(run: int) -> float:
    return against(by_kronecker, LARGE, run)


@row("to_scipy, 3 to 16 channels on 32x32", "unit vectors through conv2d", at_least=200, repetitions=3)
def identity(run: int) -> float:
    return against(by_identity, SMALL, run)


@row("to_scipy, 3 to 16 channels on 32x32", "jacrev of conv2d", at_least=400, repetitions=3)
def jacrev(run: int) -> float:
    return against(by_jacrev, SMALL, run)


@row("weight_matrix(), 3x3 on 32x32", "SymPy's sparse matrix from a ready dict", at_most=1.5)
def as_sympy(run: int) -> float:
    from alternatives import configuration
    from sympy import ImmutableSparseMatrix

    layer = configuration(32, run)
    ready = dict(configuration(32, run).weight_matrix().todok())
    rows, columns = layer.output_shape[1] ** 2, 32 * 32
    ours = seconds(layer.weight_matrix)
    return ours / seconds(lambda: ImmutableSparseMatrix(rows, columns, ready))
