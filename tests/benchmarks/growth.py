"""How time and memory grow: exponents fitted to measurements over three decades of size.

An exponent of 1 means that ten times the size takes ten times as long. Fixed costs make it smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import log
from typing import Any

from measure import peak, seconds
from proofs import every_entry

import symconv as sc

Made = Callable[[int], sc.Conv]

MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")
MATERIALISED: dict[str, tuple[Made, Sequence[int]]] = {
    "rank 1": (lambda n: sc.Conv((n,), 3, padding=1), (300, 3_000, 30_000, 300_000)),
    "rank 2": (lambda n: sc.Conv((n, n), 3, padding=1), (58, 183, 577, 1825)),
    "rank 3": (lambda n: sc.Conv((n, n, n), 3, padding=1), (11, 23, 49, 104)),
    "channels in and out": (lambda n: sc.Conv((14, 14), 3, n, n, padding=1), (4, 13, 42, 132)),
    "stride 2": (lambda n: sc.Conv((n, n), 3, stride=2, padding=1), (116, 366, 1154, 3650)),
    **{
        f"padding mode {mode}": (
            lambda n, mode=mode: sc.Conv((n, n), 3, padding=1, padding_mode=mode),  # type: ignore[misc]
            (58, 183, 577, 1825),
        )
        for mode in MODES[1:]
    },
}
"""What is varied, and the sizes: from about 30,000 to 30 million non-zeros; in rank 1, where W is one table, a thirtieth."""


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of a straight line through the logarithms, by least squares."""
    xs, ys = [log(size) for size in sizes], [log(cost) for cost in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def of_work(
    prepared: Callable[[int], Callable[[], Any]], sizes: Sequence[int], cost: Callable[[int], int]
) -> tuple[float, float]:
    """The exponents of time and peak memory of a piece of work, prepared for each size, in its cost."""
    times, held = [], []
    for size in sizes:
        times.append(min(seconds(prepared(size)) for _ in range(3)))
        held.append(peak(prepared(size))[0])
    costs = [cost(size) for size in sizes]
    return exponent(costs, times), exponent(costs, held)


def built(make: Made) -> Callable[[int], Callable[[], Any]]:
    """`to_scipy` of a new layer."""
    import numpy as np

    def prepared(size: int) -> Callable[[], Any]:
        kernel = np.random.default_rng(size).standard_normal(make(size).kernel_shape)
        return lambda: make(size).to_scipy(kernel)

    return prepared


def checked(make: Made) -> Callable[[int], Callable[[], Any]]:
    """Every entry of a new layer's W by both routes."""
    return lambda size: partial(every_entry, make(size))


def written(make: Made) -> Callable[[int], Callable[[], Any]]:
    """W in LaTeX."""
    return lambda size: make(size).to_latex


def of_proof(rank: int) -> float:
    """The exponent of the time of an axis-by-axis proof in the sum of its axes' tables."""
    tables, times = [], []
    for size in (50, 500, 5_000, 50_000):
        shape = tuple(size + axis for axis in range(rank))
        times.append(
            min(seconds(lambda shape=shape: sc.prove(sc.Conv(shape, 3, padding=1), check="axes")) for _ in range(2))  # type: ignore[misc]
        )
        tables.append(3 * sum(shape))
    return exponent(tables, times)


def vgg() -> tuple[float, float, int, float]:
    """VGG-16's conv1_1: milliseconds of its proof; seconds, non-zeros and memory ratio of its CSR arrays."""
    import numpy as np

    kernel = np.random.default_rng(1).standard_normal((64, 3, 3, 3))

    def layer() -> sc.Conv:
        return sc.Conv((224, 224), 3, 3, 64, padding=1)

    proof = min(seconds(lambda: sc.prove(layer(), check="axes").check()) for _ in range(3))
    taken = seconds(lambda: layer().to_scipy(kernel))
    most, made = peak(lambda: layer().to_scipy(kernel))
    return proof * 1000, taken, made.nnz, most / (made.data.nbytes + made.indices.nbytes + made.indptr.nbytes)


def page() -> str:
    """The part of the page about growth; printed as it is measured."""
    lines = ["", "## How cost grows", "", "Exponents fitted over three decades of size; at most 1.05 is asked.", ""]

    def said(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    works = (("`to_scipy`", built, MATERIALISED), ("every entry by both routes", checked, MATERIALISED))
    for name, work, varied in works:
        lines.extend(["", f"| {name}, varied | time in non-zeros | peak memory in non-zeros |", "|---|---|---|"])
        for what, (make, sizes) in varied.items():
            time_taken, memory = of_work(work(make), sizes, lambda size, make=make: make(size).read_map.nonzeros)  # type: ignore[misc]
            said(f"| {what} | {time_taken:.2f} | {memory:.2f} |")
    lines.extend(["", "| W in LaTeX | time in its bytes | peak memory in its bytes |", "|---|---|---|"])
    time_taken, memory = of_work(
        written(MATERIALISED["rank 2"][0]),
        (10, 18, 32, 56),
        lambda size: len(sc.Conv((size, size), 3, padding=1).to_latex()),
    )
    said(f"| rank 2, to ten million entries | {time_taken:.2f} | {memory:.2f} |")
    lines.extend(["", "| proof, axis by axis | time in the sum of the axes' tables |", "|---|---|"])
    for rank in (1, 2, 3):
        said(f"| rank {rank} | {of_proof(rank):.2f} |")
    proof, taken, nonzeros, held = vgg()
    lines.append("")
    said(
        f"VGG-16's conv1_1 (3 to 64 channels on 224x224): proved axis by axis in {proof:.0f} ms; its {nonzeros:,} "
        f"non-zeros as CSR arrays in {taken:.1f} s with a peak of {held:.2f} times their size. What a machine has no memory "
        "for is refused, with the bytes that it needs."
    )
    return "\n".join(lines) + "\n"
