"""How few channels between two layers are enough for a kernel of numbers.

Written as polynomials, the kernel of the parent is the product of the children's, a matrix of polynomials with
one row for each output channel:

    K(t) = G(t) F(t),    F with as many rows as there are channels in between

so the rank of a matrix of numbers whose entries with u + v = w add up to K[w] is a width that does, and the rank of
K(t) at a point is one below which none does. For one input and one output channel one channel in between is
enough exactly where K(t) has two factors of the right degrees (`kernel_polynomials`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from ..algebra.kernel_polynomials import factored, polynomial, remaining, two_factors
from ..algebra.schemes import Number, plain
from ..definition import strides
from ..errors import NotApplicable, Unsupported
from .halves import owner

Halves = tuple[list[list[Number]], list[list[Number]]]
"""The first kernel, one row for each channel in between; the second, one row for each (output channel, tap)."""


def fewest(layer: Any, values: list[Number], first: tuple[int, ...]) -> tuple[Halves, bool]:
    """The narrowest pair that is found, and whether no narrower one exists."""
    outputs, inputs, *sizes = layer.kernel_shape
    rest = remaining(sizes, first)
    if outputs == inputs == 1 and (factors := two_factors(values, tuple(sizes), first)) is not None:
        f, g = factors
        return ([f], [[entry] for entry in g]), True
    options = []
    for by_output in (True, False):
        matrix = arranged(values, layer.kernel_shape, first, by_output)
        options.append(rank_factors(matrix))
    best = min(options, key=lambda halves: len(halves[0]))
    width = len(best[0])
    trivial = prod(rest) == 1 or prod(first) == 1  # then the arrangement is the only one
    known = trivial or (outputs == inputs == 1 and width <= 2) or width <= least(values, layer.kernel_shape)
    return best, known


def arranged(
    values: Sequence[Number], shape: Sequence[int], first: tuple[int, ...], by_output: bool
) -> list[list[Number]]:
    """A matrix R[(c, v), (e, u)] whose entries with u + v = w add up to K[c, e, w]: each entry of K in one place."""
    outputs, inputs, *sizes = shape
    rest = remaining(sizes, first)
    parts = first if by_output else rest
    rows, columns = strides((outputs, *rest)), strides((inputs, *first))
    matrix: list[list[Number]] = [[0] * (inputs * prod(first)) for _ in range(outputs * prod(rest))]
    for value, (c, e, *w) in zip(values, product(*map(range, shape)), strict=True):
        inner = [owner(k, part, at)[1] for k, part, at in zip(sizes, parts, w, strict=True)]
        outer = [at - own for at, own in zip(w, inner, strict=True)]
        u, v = (inner, outer) if by_output else (outer, inner)
        row = sum(n * step for n, step in zip((c, *v), rows, strict=True))
        matrix[row][sum(n * step for n, step in zip((e, *u), columns, strict=True))] = value
    return matrix


def rank_factors(matrix: list[list[Number]]) -> Halves:
    """R = G F with as many columns in G as R has rank: F its reduced rows, G its pivot columns."""
    reduced = [[Fraction(value) for value in row] for row in matrix]
    pivots: list[int] = []
    for column in range(len(matrix[0])):
        at = next((r for r in range(len(pivots), len(reduced)) if reduced[r][column]), None)
        if at is None:
            continue
        top = len(pivots)
        reduced[top], reduced[at] = reduced[at], reduced[top]
        scale = reduced[top][column]
        reduced[top] = [value / scale for value in reduced[top]]
        for r, row in enumerate(reduced):
            if r != top and row[column]:
                reduced[r] = [a - row[column] * b for a, b in zip(row, reduced[top], strict=True)]
        pivots.append(column)
    if not pivots:
        return [[0] * len(matrix[0])], [[0] for _ in matrix]
    return [list(row) for row in reduced[: len(pivots)]], [[row[column] for column in pivots] for row in matrix]


def least(values: Sequence[Number], shape: Sequence[int]) -> int:
    """A number of channels below which none do: the rank of the matrix of polynomials, taken at a few points."""
    outputs, inputs, *sizes = shape
    most = 1
    for point in range(1, 4):
        powers = [prod((point + n) ** at for n, at in enumerate(w)) for w in product(*map(range, sizes))]
        count = len(powers)
        cells = [values[n : n + count] for n in range(0, len(values), count)]
        sums = [sum((a * b for a, b in zip(cell, powers, strict=True)), 0) for cell in cells]
        matrix = [sums[c * inputs : (c + 1) * inputs] for c in range(outputs)]
        if any(map(any, matrix)):
            most = max(most, len(rank_factors(matrix)[0]))
    return most


def too_few(
    layer: Any, values: list[Number], first: tuple[int, ...], width: int, found: int, smallest: bool
) -> Exception:
    """Why that many channels in between do not do, or that it is not known."""
    shape = layer.kernel_shape
    rest = remaining(shape[2:], first)
    sizes = f" of sizes {first} and {rest}" if first else ""
    head = f"with {width} channel{'s' * (width > 1)} in between the kernel is no product of kernels{sizes}"
    if shape[:2] == (1, 1) and width == 1:
        scale, factors = factored(values, tuple(shape[2:]))
        whole = polynomial(values, tuple(shape[2:])).as_expr()
        if len(factors) == 1 and factors[0][1] == 1:
            return NotApplicable(
                f"{head}: its polynomial {whole} is irreducible over the rationals; {found} channels do"
            )
        parts = " ".join(f"({factor.as_expr()})" + (f"^{power}" if power > 1 else "") for factor, power in factors)
        front = f"{scale} " if scale != 1 else ""
        return NotApplicable(
            f"{head}: over the rationals its polynomial is {front}{parts}, and its factors cannot be shared out so; {found} channels do"
        )
    if smallest or width < (need := least(values, shape)):
        need = found if smallest else need
        return NotApplicable(f"{head}: its matrix needs at least {need}; {found} channels do")
    return Unsupported(f"{found} channels in between do; whether {width} do is not known")


def filled(halves: Halves, width: int) -> tuple[list[Number], list[Number]]:
    """Both kernels flattened, with zeros for the channels that are more than needed."""
    f, g = halves
    more = width - len(f)
    nothing: list[Number] = [0] * len(f[0])
    first = [plain(value) for row in [*f, *[nothing] * more] for value in row]
    return first, [plain(value) for row in g for value in (*row, *([0] * more))]


def product_of(layer: Any, f: list[Number], g: list[Number], first: tuple[int, ...], width: int) -> list[Number]:
    """The kernel that the children make: K[c, e, u + v] = sum of G[c, v, b] F[b, e, u], from the definition."""
    outputs, inputs, *sizes = layer.kernel_shape
    rest = remaining(sizes, first)
    steps = strides(layer.kernel_shape)
    total: list[Number] = [0] * prod(layer.kernel_shape)
    for n, (c, *v) in enumerate(product(range(outputs), *map(range, rest))):
        for b in range(width):
            for m, (e, *u) in enumerate(product(range(inputs), *map(range, first))):
                at = (c, e, *(x + y for x, y in zip(u, v, strict=True)))
                total[sum(x * step for x, step in zip(at, steps, strict=True))] += (
                    g[n * width + b] * f[b * inputs * prod(first) + m]
                )
    return total
