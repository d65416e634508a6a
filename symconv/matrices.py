"""The matrices of a read map: the weight matrix from its inverse tables, im2col from its forward reads.

A `LabelledMatrix` knows which position each row and column is. Its rows are computed when they are
asked for, so a matrix of any size costs nothing until it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from operator import eq
from typing import TYPE_CHECKING, Any

from .definition import strides
from .errors import SpecError
from .flattening import ROW_MAJOR, Order, by_speed, number_in, order_named, position_in
from .readmap import LabelledRows, ReadMap, forward_table, with_quotients
from .weighted import Shuffled

if TYPE_CHECKING:
    from . import csr

Cells = Mapping[int, tuple[int, ...]]
"""The non-zero cells of a row: column -> the numbers of the kernel entries that add up there."""


class Labels:
    """Which position each row and each column of a matrix is."""

    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    order: Order

    @property
    def shape(self) -> tuple[int, int]:
        return prod(self.row_shape), prod(self.column_shape)

    def row_position(self, row: int) -> tuple[int, ...]:
        return position_in(row, self.row_shape, self.order)

    def column_position(self, column: int) -> tuple[int, ...]:
        return position_in(column, self.column_shape, self.order)

    def row_number(self, position: Sequence[int]) -> int:
        """The row of a position."""
        return number_in(position, self.row_shape, self.order)

    @property
    def row_block(self) -> int:
        """How many rows differ in the fastest index that has several values; 0 where there is one index."""
        return _block(by_speed(self.row_shape, self.order))

    @property
    def column_block(self) -> int:
        """The same of columns."""
        return _block(by_speed(self.column_shape, self.order))


def _block(sizes: Sequence[int]) -> int:
    return next((size for size in reversed(sizes) if size > 1), 1) if len(sizes) > 1 else 0


@dataclass(frozen=True)
class LabelledMatrix(Labels):
    """A sparse matrix whose rows and columns are positions, flattened in one of the orders."""

    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    rows: Sequence[Cells]
    order: Order = ROW_MAJOR

    def kernel_position(self, entry: int) -> tuple[int, ...]:
        return unravel(entry, self.kernel_shape)


@dataclass(frozen=True)
class NumberMatrix(Labels):
    """A sparse matrix of exact numbers whose rows and columns are positions, flattened in one of the orders."""

    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    rows: Sequence[Mapping[int, Any]]
    order: Order = ROW_MAJOR

    @property
    def nonzeros(self) -> int:
        """How many entries are not zero; of a product, from its factors."""
        rows = self.rows
        return rows.nonzeros if isinstance(rows, NumberRows) else sum(map(len, rows))


def unravel(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The position that a row-major number stands for."""
    position = []
    for size in reversed(shape):
        flat, index = divmod(flat, size)
        position.append(index)
    return tuple(reversed(position))


class ProductRows(Sequence[Cells]):
    """The rows of a product of one-dimensional tables, computed on demand.

    Along the rows that share their leading positions, the product of the leading tables is formed
    once. In another order of flattening the same tables are multiplied in another order.
    """

    unit: Any = (0,)
    """The entry of a product of no lines."""

    def __init__(
        self, lines: Sequence[LabelledRows], inputs: Sequence[int], sizes: Sequence[int], order: Order = ROW_MAJOR
    ) -> None:
        """For each line its labelled rows, how many inputs it has, and how many labels."""
        self._lines: Any = tuple(by_speed(lines, order))
        self._steps = by_speed(strides(sizes), order)
        self._inputs = by_speed(inputs, order)
        self._outputs = [len(rows) for rows in self._lines]

    def made_as(self, other: ProductRows) -> bool:
        """Whether both are computed from the same rows of the lines."""
        return type(self) is type(other) and self._made_of == other._made_of

    @property
    def _made_of(self) -> tuple[Any, ...]:
        return self._lines, self._steps, self._inputs

    @cached_property
    def _rows(self) -> Any:
        """The lines' rows, with each label as it counts in the whole kernel."""
        return [rows if step == 1 else _scaled(rows, step) for rows, step in zip(self._lines, self._steps, strict=True)]

    @property
    def factors(self) -> tuple[tuple[Any, int], ...]:
        """What the rows are a product of: each line's rows of (input, entry), and how many inputs it has."""
        return tuple(zip(self._rows, self._inputs, strict=True))

    @property
    def arrays(self) -> list[csr.Factor]:
        """The same as NumPy arrays."""
        from . import csr

        lines = zip(self._lines, self._steps, self._inputs, strict=True)
        return [(csr.listed(rows, step), inputs) for rows, step, inputs in lines]

    @staticmethod
    def combined(one: Any, other: Any) -> Any:
        """The entry where an entry of one line meets an entry of another."""
        if len(one) == len(other) == 1:
            return (one[0] + other[0],)
        return tuple(sorted(a + b for a in one for b in other))

    def __len__(self) -> int:
        return prod(self._outputs)

    def __getitem__(self, row: Any) -> Any:
        cells: list[tuple[int, Any]] = [(0, self.unit)]
        for axis, i in enumerate(unravel(range(len(self))[row], self._outputs)):
            cells = self._extend(cells, axis, i)
        return dict(cells)

    def __iter__(self) -> Iterator[Cells]:
        yield from self._below([(0, self.unit)], 0)

    def _below(self, cells: list[tuple[int, tuple[int, ...]]], axis: int) -> Iterator[Cells]:
        if axis == len(self._rows):
            yield dict(cells)
            return
        for i in range(self._outputs[axis]):
            yield from self._below(self._extend(cells, axis, i), axis + 1)

    def _extend(self, cells: list[tuple[int, tuple[int, ...]]], axis: int, i: int) -> list[tuple[int, tuple[int, ...]]]:
        size = self._inputs[axis]
        entries = self._rows[axis][i]
        if all(len(taps) == 1 for _, taps in entries) and all(len(kernel) == 1 for _, kernel in cells):
            return [(column * size + p, (kernel[0] + taps[0],)) for column, kernel in cells for p, taps in entries]
        return [(column * size + p, self.combined(kernel, taps)) for column, kernel in cells for p, taps in entries]


def _scaled(rows: LabelledRows, step: int) -> LabelledRows:
    """The same rows with every label multiplied."""
    labels = {each for row in rows for _, each in row}
    scaled = {each: tuple([label * step for label in each]) for each in labels}
    return [[(p, scaled[each]) for p, each in row] for row in rows]


class NumberRows(ProductRows):
    """The same where there is no kernel: the entries are products of numbers."""

    unit = 1

    def __init__(
        self, lines: Sequence[Sequence[Sequence[tuple[int, Any]]]], inputs: Sequence[int], order: Order = ROW_MAJOR
    ) -> None:
        """For each line its rows of (input, number), and how many inputs it has."""
        super().__init__(lines, inputs, [1] * len(lines), order)

    @property
    def _rows(self) -> Any:
        return self._lines

    @staticmethod
    def combined(one: Any, other: Any) -> Any:
        return one * other

    @property
    def nonzeros(self) -> int:
        """How many entries are not zero: a product of no zeros is none."""
        return prod(sum(map(len, rows)) for rows in self._rows)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NumberRows):
            return self.made_as(other)
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def _extend(self, cells: list[tuple[int, Any]], axis: int, i: int) -> list[tuple[int, Any]]:
        size, entries = self._inputs[axis], self._rows[axis][i]
        return [(column * size + p, value * factor) for column, value in cells for p, factor in entries]


def order_of(read_map: ReadMap, name: object = "row-major") -> Order:
    """The order of that name for the positions of a layer."""
    order = order_named(name, len(read_map.lines), read_map.shows_channels)
    if name != "row-major" and isinstance(read_map.channels, Shuffled):
        rule = (
            "can be chosen where inputs and outputs are numbered axis by axis; a pixel shuffle mixes channels and axes"
        )
        raise SpecError("order", name, rule, 'order="row-major"')
    return order


def product_rows(read_map: ReadMap, order: Order = ROW_MAJOR) -> ProductRows:
    """The rows of W, from the inverse tables of its lines."""
    lines = read_map.lines
    sizes = [prod(line.kernel_shape) for line in lines]
    return ProductRows(read_map.labelled, [line.inputs for line in lines], sizes, order)


def number_rows(read_map: ReadMap, order: Order = ROW_MAJOR) -> NumberRows:
    """The rows of a W without a kernel, from the inverse tables of its lines."""
    lines = read_map.lines
    rows = [
        [
            [(p, total) for p, taps in sorted(row.items()) if (total := sum(line.weight(i, tap) for tap in taps))]
            for i, row in enumerate(table)
        ]
        for line, table in zip(lines, read_map.tables, strict=True)
    ]
    return NumberRows(rows, [line.inputs for line in lines], order)


def matrix_of(read_map: ReadMap, order: Order = ROW_MAJOR) -> LabelledMatrix | NumberMatrix:
    """W: of kernel entries, or of numbers where there is no kernel."""
    if read_map.kernel:
        return weight_matrix(read_map, order)
    lines = read_map.lines
    shapes = tuple(line.outputs for line in lines), tuple(line.inputs for line in lines)
    return NumberMatrix(*shapes, number_rows(read_map, order), order)


def label_strides(read_map: ReadMap) -> list[int]:
    """How far apart, in the flattened kernel, two neighbouring labels of each line lie."""
    return strides([prod(line.kernel_shape) for line in read_map.lines])


def weight_matrix(read_map: ReadMap, order: Order = ROW_MAJOR) -> LabelledMatrix:
    """W, from the inverse tables: entry (o, i) holds the kernel entries u with read(o, u) = i."""
    lines = read_map.lines
    return LabelledMatrix(
        tuple(line.outputs for line in lines),
        tuple(line.inputs for line in lines),
        tuple(size for line in lines for size in line.kernel_shape),
        product_rows(read_map, order),
        order,
    )


class GatheredRows(Sequence[Cells]):
    """The rows of the im2col matrix, forward and on demand: output -> the number of the input read there.

    Row (e, u, v) holds what tap (u, v) reads in channel e, for every output position (i, j).
    """

    def __init__(self, read_map: ReadMap) -> None:
        self._axes = read_map.axes
        self._shape = [read_map.channels.inputs, *(axis.taps for axis in self._axes)]
        self._reads = [forward_table(axis) for axis in self._axes]
        self._columns = strides([axis.outputs for axis in self._axes])
        self._inputs = strides([read_map.channels.inputs, *(axis.inputs for axis in self._axes)])

    def __len__(self) -> int:
        return prod(self._shape)

    def __getitem__(self, row: Any) -> Any:
        channel, *taps = unravel(range(len(self))[row], self._shape)
        cells = [(0, channel * self._inputs[0])]
        for axis, tap, reads, column, source in zip(
            self._axes, taps, self._reads, self._columns, self._inputs[1:], strict=True
        ):
            along = [(i * column, reads[tap, i] * source) for i in range(axis.outputs) if (tap, i) in reads]
            cells = [(output + i, flat + p) for output, flat in cells for i, p in along]
        return {output: (flat,) for output, flat in cells}


def reads(read_map: ReadMap) -> Iterator[tuple[int, int, int]]:
    """The definition, forward: each kernel entry with an output that it is used in and the input it multiplies there.

    All three are row-major numbers; what reads nothing is left out.
    """
    channels, axes = read_map.channels, read_map.axes
    sizes = strides([prod(channels.kernel_shape), *(axis.taps for axis in axes)])
    outputs = strides([channels.outputs, *(axis.outputs for axis in axes)])
    inputs = strides([channels.inputs, *(axis.inputs for axis in axes)])
    triples = [(0, 0, 0)]
    for axis, size, output, source in zip(axes, sizes[1:], outputs[1:], inputs[1:], strict=True):
        along = [(tap * size, i * output, p * source) for (tap, i), p in forward_table(axis).items()]
        triples = [(u + v, o + i, q + p) for u, o, q in triples for v, i, p in along]
    for c in range(channels.outputs):
        for tap in range(channels.taps):
            env = with_quotients({channels.letters.output: c, channels.letters.kernel: tap}, channels.position)
            first = channels.label(c, tap) * sizes[0], c * outputs[0], (channels.position.at(env) or 0) * inputs[0]
            yield from ((first[0] + u, first[1] + o, first[2] + q) for u, o, q in triples)


def im2col_matrix(read_map: ReadMap) -> LabelledMatrix:
    """C, from the forward reads: its cells hold the number of an input."""
    shown = 0 if read_map.shows_channels else 1
    return LabelledMatrix(
        (read_map.channels.inputs, *(axis.taps for axis in read_map.axes))[shown:],
        tuple(axis.outputs for axis in read_map.axes),
        (read_map.channels.inputs, *(axis.inputs for axis in read_map.axes))[shown:],
        GatheredRows(read_map),
    )


def kernel_matrix(read_map: ReadMap) -> list[list[int]]:
    """K: for each output channel, the numbers of the kernel entries that meet its group's rows of C."""
    channels = read_map.channels
    inner = prod(size for axis in read_map.axes for size in axis.kernel_shape)
    return [
        [channels.label(c, a) * inner + u for a in range(channels.taps) for u in range(inner)]
        for c in range(channels.outputs)
    ]


def floats(read_map: ReadMap) -> tuple[Any, Any, Any]:
    """A W without a kernel as canonical CSR arrays; each exact number becomes the nearest float64."""
    import numpy as np

    every: Iterable[Mapping[int, Any]] = number_rows(read_map)
    rows = [list(row.items()) for row in every]
    indptr = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column, _ in row], np.int64)
    return np.array([float(value) for row in rows for _, value in row], np.float64), columns, indptr


def evaluate(read_map: ReadMap, kernel: Any) -> tuple[Any, Any, Any]:
    """W for a numeric kernel as canonical CSR arrays (data, indices, indptr); structural zeros are kept."""
    import numpy as np

    from . import csr

    flat = np.asarray(kernel).reshape(-1)
    if flat.dtype.kind in "iub":
        most = max((len(taps) for table in read_map.tables for row in table for taps in row.values()), default=1)
        largest = max(abs(int(flat.max())), abs(int(flat.min()))) if flat.size else 0
        if largest * most ** len(read_map.axes) > np.iinfo(np.int64).max:
            raise SpecError("kernel", largest, "is too large for sums in int64", "the same kernel with dtype=object")
        flat = flat.astype(np.int64)
    steps = strides([prod(line.kernel_shape) for line in read_map.lines])
    every = zip(read_map.lines, read_map.tables, steps, strict=True)
    return csr.filled([(csr.tabulated(line, table, step), line.inputs) for line, table, step in every], flat)
