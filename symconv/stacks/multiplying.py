"""The matrix of a stack for kernels of numbers: a product of dense or of sparse arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..errors import SpecError
from ..layers import Layer


def multiplied(layers: Sequence[Layer], kernels: Sequence[Any] | None, matrix: Callable[[Layer, Any], Any]) -> Any:
    """The product of the layers' matrices for these kernels, each made by `matrix`; exact where they are integers.

    Raises
    ------
    SpecError
        There is not one kernel for each layer, or the product of machine integers may leave int64.
    """
    count = len(layers)
    rule, example = f"must be one for each of the {count} layers", "kernels=[k, None]"
    try:
        given = [None] * count if kernels is None else list(kernels)
    except TypeError:
        raise SpecError("kernels", kernels, rule, example) from None
    if len(given) != count:
        raise SpecError("kernels", f"{len(given)} kernels", rule, example)
    first, *others = (matrix(layer, kernel) for layer, kernel in zip(layers, given, strict=True))
    total, largest = first, _largest_sum(first)
    for factor in others:
        largest *= _largest_sum(factor)
        if {total.dtype.kind, factor.dtype.kind} <= {"i", "u", "b"} and largest > (1 << 63) - 1:
            raise SpecError("kernels", largest, "may leave int64 when multiplied", "the same kernels with dtype=object")
        total = _product(factor, total)
    return total


def _product(left: Any, right: Any) -> Any:
    """A product of arrays; of Python objects row by row, as there are few non-zeros in one."""
    if left.dtype != object and right.dtype != object:
        return left @ right
    import numpy as np

    if hasattr(left, "indptr"):
        from scipy.sparse import csr_array

        rows = [
            dict(zip(m.indices[a:b].tolist(), m.data[a:b].tolist(), strict=True))
            for m in (right,)
            for a, b in pairwise(m.indptr)
        ]
        made: list[dict[int, Any]] = []
        for a, b in pairwise(left.indptr):
            total: dict[int, Any] = {}
            for middle, value in zip(left.indices[a:b].tolist(), left.data[a:b].tolist(), strict=True):
                for column, other in rows[middle].items():
                    total[column] = total.get(column, 0) + value * other
            made.append(dict(sorted(total.items())))
        data = np.empty(sum(map(len, made)), object)
        data[:] = [value for row in made for value in row.values()]
        ends = np.cumsum([0, *map(len, made)])
        return csr_array(
            (data, [column for row in made for column in row], ends), shape=(left.shape[0], right.shape[1])
        )
    dense = np.zeros((left.shape[0], right.shape[1]), object)
    for row, cells in enumerate(left):
        for middle in np.flatnonzero(cells):
            dense[row] += cells[middle] * right[middle]
    return dense


def _largest_sum(matrix: Any) -> int:
    """The largest sum of absolute values in a row, as an int; a bound where it is not exact."""
    data = matrix.data if hasattr(matrix, "indptr") else matrix
    if data.dtype.kind not in "iub" or not data.size:
        return 1
    most = max(abs(int(data.max())), abs(int(data.min())))
    return max(1, most * int(matrix.shape[1]))
