"""The idea: a linear layer is a read map.

For every output position o and every kernel position u of a layer there is at most one input that
they read together:

    read(o, u) = the input position that kernel entry u multiplies in output o, or nothing.

Then the layer is y_o = sum over u of c(o,u) k_u x_read(o,u), with known coefficients c, and W[o, i]
is the sum of the c(o,u) k_u with read(o, u) = i. For a convolution c = 1, and the read map is all it
is; stride, dilation, groups and padding only say which. Pooling and interpolation have no kernel
(k = 1), and their coefficients say what they are (see `weighted`).

A convolution's read map is a product of one-dimensional ones, an `Axis` for each spatial axis, and
a table of `Channels`. Each is written down twice, independently:

- forward, from an output and a kernel entry to the input (`position`, then `fold`): the definition;
- backward, from an input to the outputs and kernel entries that meet there (`meets`): the columns
  of the weight matrix.

Neither uses the other. The proofs compare them. On a ring of two inputs, three kernel entries read one input twice:

>>> from symconv import Conv
>>> (axis,) = Conv((2,), 3, padding=1, padding_mode="circular").read_map.axes
>>> str(axis.position)  # on the padded input, for output i and kernel entry u
'i + u - 1'
>>> forward_rows(axis)  # for each output: (kernel entry, the input that it multiplies)
[[(0, 1), (1, 0), (2, 1)], [(0, 0), (1, 1), (2, 0)]]
>>> inverse_table(axis)  # the rows of W, for each output: input -> the kernel entries that meet there
({0: (1,), 1: (0, 2)}, {0: (0, 2), 1: (1,)})
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Protocol

from .padding import PaddingMode
from .sums import Index, floored, number, quotient, variable

Table = tuple[dict[int, tuple[int, ...]], ...]
"""For each output, the inputs it reads and for each of them the kernel taps that meet there."""

LabelledRows = Sequence[Sequence[tuple[int, tuple[int, ...]]]]
"""The same rows as lists: inputs in order, each with the labels of the kernel entries that meet there."""


@dataclass(frozen=True)
class Letters:
    """The index letters of one axis."""

    output: str
    kernel: str
    padded: str
    input: str
    coefficient: str = ""


CHANNEL = Letters("c", "a", "e", "e")


def spatial_letters(rank: int) -> tuple[Letters, ...]:
    """i, j, l for outputs; u, v, w for the kernel; f, g, h for the padded input; p, q, r for the input."""
    if rank <= 3:
        return tuple(Letters(*five) for five in zip("ijl"[:rank], "uvw", "fgh", "pqr", COEFFICIENTS, strict=False))
    return tuple(Letters(f"i{n}", f"u{n}", f"f{n}", f"p{n}", COEFFICIENTS[n - 1 : n]) for n in range(1, rank + 1))


COEFFICIENTS = "αβγδεζηθ"
"""The letters of known coefficients, axis by axis."""

COEFFICIENT_NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


class Line(Protocol):
    """What a proof needs to know of one axis, or of the channels: a one-dimensional read map."""

    @property
    def letters(self) -> Letters: ...
    @property
    def outputs(self) -> int:
        """The number of outputs."""

    @property
    def inputs(self) -> int:
        """The number of inputs."""

    @property
    def taps(self) -> int:
        """The number of kernel entries that can meet one output."""

    @property
    def position(self) -> Index:
        """Where, on the padded input, tap u of output i reads; an expression in both letters."""

    @property
    def kernel_index(self) -> tuple[Index, ...]:
        """The kernel's indices for tap u of output i; none where the layer has no kernel."""

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """The ranges of those indices."""

    @property
    def coefficient_index(self) -> tuple[Index, ...] | None:
        """What the known coefficient depends on: None for nothing, the output, or the output and the tap."""

    def coefficient(self, output: int, tap: int) -> int | Fraction:
        """The known coefficient of tap u of output i, in the definition."""

    def weight(self, output: int, tap: int) -> int | Fraction:
        """The same for the weight matrix, seen from the positions that are read."""

    @property
    def gathered(self) -> tuple[Index, ...]:
        """The row and, where the outputs are spread over columns, the column of the im2col matrix."""

    @property
    def padded_range(self) -> range:
        """The positions of the padded input."""

    @property
    def scale(self) -> int:
        """Input p lies at position scale * p."""

    @property
    def mode(self) -> PaddingMode | None:
        """What lies beyond the border, or None where nothing is padded, cropped or inserted."""

    def label(self, output: int, tap: int) -> int:
        """The row-major number of tap u of output i within the line's own kernel indices."""

    def fold(self, t: int) -> int | None:
        """The input that the padded input holds at position t; None where it holds zero."""

    def copies(self, p: int) -> Iterable[int]:
        """The positions of the padded input that hold input p."""

    def meets(self, p: int) -> dict[int, tuple[int, ...]]:
        """Column p of the weight matrix: for each output that reads input p, the taps it does so with."""


@dataclass(frozen=True)
class Axis:
    """One spatial axis: size n, kernel k, stride s, dilation d, input dilation l, padding (low, high).

    Tap u of output i reads position s i + d u - low of the padded input (reversed kernel:
    s i + d (k - 1 - u) - low). Input p lies at position l p.
    """

    inputs: int
    taps: int
    stride: int
    dilation: int
    scale: int
    low: int
    high: int
    rule: PaddingMode
    flip: bool = False
    letters: Letters = field(default=Letters("i", "u", "f", "p", "α"), compare=False)

    @cached_property
    def length(self) -> int:
        """N, the size of the input after its dilation."""
        return (self.inputs - 1) * self.scale + 1

    @cached_property
    def outputs(self) -> int:
        """The output size; at most zero when the kernel does not fit."""
        return (self.length + self.low + self.high - self.dilation * (self.taps - 1) - 1) // self.stride + 1

    @property
    def padded_range(self) -> range:
        return range(-self.low, self.length + self.high)

    @property
    def mode(self) -> PaddingMode | None:
        return self.rule if self.low > 0 or self.high > 0 or self.scale > 1 else None

    @property
    def kernel_index(self) -> tuple[Index, ...]:
        return (variable(self.letters.kernel),)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return (self.taps,)

    @property
    def gathered(self) -> tuple[Index, ...]:
        return variable(self.letters.kernel), variable(self.letters.output)

    def label(self, output: int, tap: int) -> int:
        return tap

    @property
    def coefficient_index(self) -> tuple[Index, ...] | None:
        return None

    def coefficient(self, output: int, tap: int) -> int | Fraction:
        return 1

    def weight(self, output: int, tap: int) -> int | Fraction:
        return 1

    # Forward: the definition.

    @cached_property
    def position(self) -> Index:
        i, u = variable(self.letters.output), variable(self.letters.kernel)
        tap = number(self.taps - 1) - u if self.flip else u
        return i * self.stride + tap * self.dilation - self.low

    def fold(self, t: int) -> int | None:
        source = self.rule.source(t, self.length)
        if source is None:
            return None
        p, between = divmod(source, self.scale)
        return None if between else p

    # Backward: the weight matrix.

    def copies(self, p: int) -> list[int]:
        return self.rule.positions(p * self.scale, self.length, self.low, self.high)

    def meets(self, p: int) -> dict[int, tuple[int, ...]]:
        column: dict[int, tuple[int, ...]] = {}
        stride, dilation, last = self.stride, self.dilation, self.taps - 1
        reach, end = dilation * last, self.outputs - 1
        for t in self.copies(p):
            offset = t + self.low  # = stride * i + dilation * tap, for the tap counted along the signal
            for i in range(max(0, -((reach - offset) // stride)), min(end, offset // stride) + 1):
                tap, gap = divmod(offset - stride * i, dilation)
                if not gap:
                    tap = last - tap if self.flip else tap
                    column[i] = (*column[i], tap) if i in column else (tap,)
        return column


@dataclass(frozen=True)
class Channels:
    """The channels as one more axis: output channel c reads the input channels of its own group.

    A fully connected layer is this table alone, with one group.
    """

    inputs: int
    outputs: int
    groups: int = 1
    letters: Letters = field(default=CHANNEL, compare=False)

    scale = 1
    mode = None

    @property
    def coefficient_index(self) -> tuple[Index, ...] | None:
        return None

    def coefficient(self, output: int, tap: int) -> int | Fraction:
        return 1

    def weight(self, output: int, tap: int) -> int | Fraction:
        return 1

    @cached_property
    def taps(self) -> int:
        return self.inputs // self.groups

    @property
    def padded_range(self) -> range:
        return range(self.inputs)

    @property
    def kernel_index(self) -> tuple[Index, ...]:
        return variable(self.letters.output), variable(self.letters.kernel)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return self.outputs, self.taps

    @property
    def gathered(self) -> tuple[Index, ...]:
        return (self.position,)

    def label(self, output: int, tap: int) -> int:
        return output * self.taps + tap

    @cached_property
    def position(self) -> Index:
        a = variable(self.letters.kernel)
        if self.groups == 1:
            return a
        return quotient(variable(self.letters.output), self.outputs // self.groups) * self.taps + a

    def fold(self, t: int) -> int | None:
        return t

    def copies(self, p: int) -> tuple[int, ...]:
        return (p,)

    def meets(self, p: int) -> dict[int, tuple[int, ...]]:
        members = self.outputs // self.groups
        group, tap = divmod(p, self.taps)
        return dict.fromkeys(range(group * members, (group + 1) * members), (tap,))


class TransposedChannels(Channels):
    """The same table for a kernel stored by input channel first: (inputs, outputs / groups)."""

    @property
    def kernel_index(self) -> tuple[Index, ...]:
        c, members = variable(self.letters.output), self.outputs // self.groups
        within = c if self.groups == 1 else c - quotient(c, members) * members
        return self.position, within

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return self.inputs, self.outputs // self.groups

    def label(self, output: int, tap: int) -> int:
        group, within = divmod(output, self.outputs // self.groups)
        return (group * self.taps + tap) * (self.outputs // self.groups) + within


def inverse_table(line: Line) -> Table:
    """The rows of the axis' weight matrix, from its columns: taps sorted, inputs in order."""
    table: list[dict[int, tuple[int, ...]]] = [{} for _ in range(line.outputs)]
    for p in range(line.inputs):
        for i, taps in line.meets(p).items():
            table[i][p] = taps if len(taps) == 1 else tuple(sorted(taps))
    return tuple(table)


def forward_table(line: Line) -> dict[tuple[int, ...], int]:
    """The im2col matrix along one line, from the definition: (row, column) -> the input read; zero is absent."""
    reads = {}
    for output in range(line.outputs):
        for tap in range(line.taps):
            env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
            t = line.position.at(env)
            p = None if t is None else line.fold(t)
            if p is not None:
                reads[tuple(index.at(env) or 0 for index in line.gathered)] = p
    return reads


def forward_rows(line: Line) -> list[list[tuple[int, int]]]:
    """The same reads for each output: every tap that reads an input, with that input."""
    taps, tap = range(line.taps), line.letters.kernel
    held = {t: line.fold(t) for t in line.padded_range}
    found = []
    for output in range(line.outputs):
        positions = line.position.over(tap, taps, with_quotients({line.letters.output: output}, line.position))
        found.append([(u, p) for u, t in zip(taps, positions or (), strict=True) if (p := held[t]) is not None])
    return found


def labelled_rows(line: Line, table: Table) -> list[list[tuple[int, tuple[int, ...]]]]:
    """The rows of a table with inputs in order and kernel entries by their label within the line."""
    label = line.label
    return [
        [
            (p, (label(i, taps[0]),) if len(taps) == 1 else tuple([label(i, tap) for tap in taps]))
            for p, taps in sorted(row.items())
        ]
        for i, row in enumerate(table)
    ]


@dataclass(frozen=True)
class ReadMap:
    """The product of the channels' and the axes' read maps.

    `lines` are the factors that a document shows; the channel table is left out where there is
    just one channel on each side.
    """

    channels: Channels
    axes: tuple[Axis, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        alone = self.channels.inputs == self.channels.outputs == 1 and self.axes
        return self.axes if alone else (self.channels, *self.axes)

    @property
    def kernel(self) -> bool:
        """Whether the layer has a kernel; without one its coefficients are all there is."""
        return any(line.kernel_index for line in self.lines)

    @property
    def shows_channels(self) -> bool:
        """Whether positions carry a channel index."""
        return self.lines[0] is self.channels

    @property
    def padded(self) -> bool:
        """Whether any axis is padded, cropped beyond or filled with zeros between its inputs."""
        return any(line.mode is not None for line in self.lines)

    @property
    def folded(self) -> bool:
        """Whether an input can lie at several positions of the padded input."""
        return any(
            axis.mode is not None and axis.mode.name != "zeros" and max(axis.low, axis.high) > 0 for axis in self.axes
        )

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The inverse table of each line; equal axes share one."""
        known = {line: inverse_table(line) for line in dict.fromkeys(self.lines)}
        return tuple(known[line] for line in self.lines)

    @cached_property
    def labelled(self) -> tuple[list[list[tuple[int, tuple[int, ...]]]], ...]:
        """The tables with kernel entries by their label; equal axes share one."""
        known = {
            line: labelled_rows(line, table) for line, table in dict(zip(self.lines, self.tables, strict=True)).items()
        }
        return tuple(known[line] for line in self.lines)

    @property
    def reach(self) -> int:
        """How many entries the tables have at most, with the padded signals: worked out before they are made."""
        spans = ((line, line.padded_range) for line in self.lines)  # len() of a range has a limit
        return sum(line.outputs * line.taps + span.stop - span.start for line, span in spans)

    @cached_property
    def nonzeros(self) -> int:
        """How many entries of W are not zero: a product over the axes. Of the channels, an output reads all its taps."""
        counts = {axis: sum(len(axis.meets(p)) for p in range(axis.inputs)) for axis in dict.fromkeys(self.axes)}
        return self.channels.outputs * self.channels.taps * prod(counts[axis] for axis in self.axes)


def with_quotients(env: dict[str, int], *indices: Index) -> dict[str, int]:
    """The values of the variables, with those of the floored quotients that the expressions use."""
    for index in indices:
        for name, _ in index.terms:
            if "//" in name and name not in env:
                top, divisor = floored(name)
                env[name] = (top.at(env) or 0) // divisor
    return env
