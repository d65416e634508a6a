"""What symconv is compared with, as somebody without it would write it.

Naive SymPy: W as a dense `Matrix` of symbols, made entry by entry; `W * vec(X)`; each output as the direct
sum with `Add(*terms)`; and `expand` of the difference.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

from measure import seconds

import symconv as sc


def configuration(size: int, run: int) -> sc.Conv:
    """A 3x3 kernel on size x size, as many outputs: another padding and orientation for each run."""
    low, run = divmod(run, 2)
    pads = (low // 3 % 3, 2 - low // 3 % 3), (low % 3, 2 - low % 3)
    return sc.Conv((size, size), (3, 3), padding=pads, flip_kernel=bool(run))


def naive_sympy(layer: sc.Conv) -> bool:
    """Decide vec(Y) = W vec(X) for a stride of one, one channel and two axes."""
    from sympy import Add, Matrix, S, Symbol, expand

    (height, width), (rows, columns) = layer.input_size, layer.output_shape[1:]
    (top, _), (left, _) = layer.padding
    m, n = layer.kernel_size
    x = [[Symbol(f"x_{{{p},{q}}}") for q in range(width)] for p in range(height)]
    k = [[Symbol(f"k_{{{u},{v}}}") for v in range(n)] for u in range(m)]
    if layer.flip_kernel:
        k = [line[::-1] for line in k[::-1]]

    def entry(row: int, column: int) -> Any:
        (i, j), (p, q) = divmod(row, columns), divmod(column, width)
        u, v = p + top - i, q + left - j
        return k[u][v] if 0 <= u < m and 0 <= v < n else S.Zero

    matrix = Matrix(rows * columns, height * width, entry)
    ours = matrix * Matrix([each for line in x for each in line])
    for row, (i, j) in enumerate(product(range(rows), range(columns))):
        terms = [
            k[u][v] * x[i + u - top][j + v - left]
            for u, v in product(range(m), range(n))
            if 0 <= i + u - top < height and 0 <= j + v - left < width
        ]
        if expand(ours[row] - Add(*terms)) != 0:
            return False
    return True


@lru_cache
def naive_seconds(size: int, run: int) -> float:
    """Measured once for each configuration: several rows are compared with it."""
    layer = configuration(size, run)

    def decided() -> None:
        assert naive_sympy(layer)

    return seconds(decided)


# W for a numeric kernel, with padding 1 -----------------------------------------------------------


def by_unfold(kernel: Any, size: int) -> Any:
    """PyTorch's unfold of the inputs' numbers says which input each kernel entry meets."""
    import numpy as np
    import torch
    from scipy.sparse import csr_array

    out, channels, m, n = kernel.shape
    numbers = torch.arange(1.0, channels * size * size + 1, dtype=torch.float64).reshape(1, channels, size, size)
    read = torch.nn.functional.unfold(numbers, (m, n), padding=1)[0].numpy().astype(np.int64) - 1
    positions = read.shape[1]
    rows = np.broadcast_to(np.arange(out * positions).reshape(out, 1, positions), (out, *read.shape))
    columns = np.broadcast_to(read, (out, *read.shape))
    data = np.broadcast_to(kernel.reshape(out, -1, 1), (out, *read.shape))
    inside = columns >= 0
    shape = (out * positions, channels * size * size)
    found = csr_array((data[inside], (rows[inside], columns[inside])), shape=shape)
    found.sort_indices()
    return found


def by_kronecker(kernel: Any, size: int) -> Any:
    """The sum over the kernel's positions of K[:, :, u, v] (x) S_u (x) S_v, all of them sparse."""
    from scipy.sparse import csr_array, eye_array, kron

    total = None
    for u, v in product(range(kernel.shape[2]), range(kernel.shape[3])):
        shift = kron(eye_array(size, k=u - 1, format="csr"), eye_array(size, k=v - 1, format="csr"), format="csr")
        term = kron(csr_array(kernel[:, :, u, v]), shift, format="csr")
        total = term if total is None else total + term
    return total


def by_identity(kernel: Any, size: int) -> Any:
    """Every unit vector through conv2d."""
    import torch

    channels = kernel.shape[1]
    inputs = channels * size * size
    unit = torch.eye(inputs, dtype=torch.float64).reshape(inputs, channels, size, size)
    done = torch.nn.functional.conv2d(unit, torch.from_numpy(kernel), padding=1)
    return done.reshape(inputs, -1).T.to_sparse_csr()


def by_jacrev(kernel: Any, size: int) -> Any:
    """The derivative of conv2d."""
    import torch

    weights = torch.from_numpy(kernel)
    start = torch.zeros(kernel.shape[1], size, size, dtype=torch.float64)
    done = torch.func.jacrev(lambda x: torch.nn.functional.conv2d(x, weights, padding=1), chunk_size=512)(start)
    return done.reshape(-1, start.numel()).to_sparse_csr()


# Theorems -----------------------------------------------------------------------------------------


def naive_dft(size: int, taps: int, letter: str) -> bool:
    """F C F^-1 is diagonal for a circulant C: `simplify` of every entry."""
    from sympy import I, Matrix, Symbol, exp, pi, simplify

    k = [Symbol(f"{letter}_{u}") for u in range(taps)]
    root = [exp(-2 * pi * I * n / size) for n in range(size)]
    fourier = Matrix(size, size, lambda f, n: root[f * n % size])
    inverse = Matrix(size, size, lambda n, f: root[-f * n % size] / size)
    circulant = Matrix(size, size, lambda i, p: k[(p - i) % size] if (p - i) % size < taps else 0)
    found = fourier * circulant * inverse
    return all(simplify(found[f, g]) == 0 for f, g in product(range(size), repeat=2) if f != g)


def naive_winograd(tile: int, taps: int, letter: str) -> bool:
    """A^T ((G g) * (B^T d)) against the direct sum: `simplify` of the difference."""
    from sympy import Matrix, Rational, Symbol, simplify

    size = tile + taps - 1
    points = [Rational(0), Rational(1), Rational(-1), Rational(2), Rational(-2), Rational(1, 2), Rational(-1, 2)]
    points = points[: size - 1]
    g = Matrix([Symbol(f"{letter}_{n}") for n in range(taps)])
    d = Matrix([Symbol(f"d{letter}_{n}") for n in range(size)])

    def powers(count: int) -> Any:
        last = [1 if n == count - 1 else 0 for n in range(count)]
        return Matrix([[point**n for n in range(count)] for point in points] + [last])

    # Toom-Cook: multiplication at the points and infinity; its transpose is the convolution.
    evaluated, full = powers(taps), powers(size)
    ours = powers(tile).T * (evaluated * g).multiply_elementwise(full.inv().T * d)
    direct = [sum(g[u] * d[i + u] for u in range(taps)) for i in range(tile)]
    return all(simplify(one - other) == 0 for one, other in zip(ours, direct, strict=True))


def wincnn_filter(tile: int, taps: int, run: int) -> None:
    """The transforms and their verification by the package of A. Lavin, from points in another order in each run."""
    from sympy import Rational
    from wincnn import cookToomFilter, filterVerify

    points = [Rational(0), Rational(1), Rational(-1), Rational(2), Rational(-2), Rational(1, 2), Rational(-1, 2)]
    points = points[: tile + taps - 2]
    points = points[run % len(points) :] + points[: run % len(points)]
    outputs, kernel, inputs, _ = cookToomFilter(points, tile, taps)
    filterVerify(tile, taps, outputs, kernel, inputs)
