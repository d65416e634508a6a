"""Operations that take entries and change nothing: part of every axis, or the axes in another order.

Their matrices have one 1 in each row. As in `operations`, the definition runs over positions and the matrix is made
from flat numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from ..definition import strides
from ..errors import SpecError
from ..matrices import NumberMatrix, unravel
from .operations import Operation, Reads, Shape, count, positions


@dataclass(frozen=True)
class Take(Operation):
    """For every axis the indices that are taken, in order: a slice, a part of the channels, a reversed axis.

    >>> Take(((1,), (0, 2))).output_shape([(2, 3)])
    (1, 2)
    """

    indices: tuple[tuple[int, ...], ...]

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """How many are taken along each axis."""
        count(inputs, 1)
        example = f"Take({tuple(tuple(range(n)) for n in inputs[0])})" if prod(inputs[0]) < 20 else "Take(((0, 1),))"
        given = self.indices if isinstance(self.indices, tuple) else ()
        if not all(isinstance(taken, tuple) and all(type(n) is int for n in taken) for taken in given):
            raise SpecError("indices", self.indices, "must be a tuple of numbers for each axis", example)
        if len(given) != len(inputs[0]):
            raise SpecError("indices", self.indices, f"must be those of each axis of {inputs[0]}", example)
        for taken, size in zip(self.indices, inputs[0], strict=True):
            if not taken or not all(0 <= index < size for index in taken):
                raise SpecError("indices", self.indices, f"must lie within the shape {inputs[0]}", example)
        return tuple(map(len, self.indices))

    def matrix(self, inputs: Sequence[Shape]) -> NumberMatrix:
        """Each row has a 1 at the flat number of the entry that is taken."""
        columns = [0]
        for taken, step in zip(self.indices, strides(inputs[0]), strict=True):
            columns = [column + index * step for column in columns for index in taken]
        return NumberMatrix(self.output_shape(inputs), (prod(inputs[0]),), tuple({column: 1} for column in columns))

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """Along every axis the index that stands at the output's place."""
        for at in positions(self.output_shape(inputs)):
            yield at, [(1, 0, tuple(taken[n] for taken, n in zip(self.indices, at, strict=True)))]


@dataclass(frozen=True)
class Permute(Operation):
    """The axes in another order: axis n of the output is axis `axes[n]` of the input.

    >>> Permute((1, 0)).output_shape([(2, 3)])
    (3, 2)
    """

    axes: tuple[int, ...]

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The sizes in the new order."""
        count(inputs, 1)
        if sorted(self.axes) != list(range(len(inputs[0]))):
            rule = f"must name each axis of {inputs[0]} once"
            raise SpecError("axes", self.axes, rule, f"Permute({tuple(reversed(range(len(inputs[0]))))})")
        return tuple(inputs[0][axis] for axis in self.axes)

    def matrix(self, inputs: Sequence[Shape]) -> NumberMatrix:
        """A permutation: the flat number of every input goes to the row of its place."""
        shape = self.output_shape(inputs)
        steps = strides(shape)
        rows: list[dict[int, int]] = [{} for _ in range(prod(shape))]
        for column in range(prod(shape)):
            at = unravel(column, inputs[0])
            rows[sum(at[axis] * step for axis, step in zip(self.axes, steps, strict=True))][column] = 1
        return NumberMatrix(shape, (prod(shape),), tuple(rows))

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """The input whose indices, in the new order, are the output's."""
        shape = self.output_shape(inputs)
        for at in product(*map(range, shape)):
            source = dict(zip(self.axes, at, strict=True))
            yield at, [(1, 0, tuple(source[axis] for axis in range(len(shape))))]
