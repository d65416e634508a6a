"""Claims and rules that count: what meets an input, what is not zero in W, how often a kernel entry occurs.

count      along an axis, for each tap, the outputs for which it meets an input: a closed form (see `counts`)
collect    their sum, and how many entries they fill
multiply   the products over the axes and the channels: the entries of W that are not zero, or different
share      how often each kernel entry occurs, and the parameters against those of a dense layer
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..algebra.linear import Exact
from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import about_w
from ..readmap import Axis, ReadMap
from ..rules import Follows
from ..sums import WEIGHT
from .counts import first_output, last_output, met

# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meets:
    """Along each of these axes, tap u meets an input for that many outputs."""

    axes: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Along:
    """Along each of these axes: pairs of output and tap that meet an input, non-zeros, and different entries."""

    axes: tuple[int, ...]
    pairs: int
    nonzeros: int
    different: int
    witnesses: tuple[tuple[int, ...], ...] = ()  # an output, an input and the several taps that read it there


@dataclass(frozen=True)
class Total:
    """The same for W, with its zeros."""

    pairs: int
    nonzeros: int
    zeros: int
    different: int


@dataclass(frozen=True)
class Shared:
    """The parameters, how often the rarest and the most frequent of them occurs, and how many never do."""

    parameters: int
    fewest: int
    most: int
    unused: int
    dense: int  # the parameters of a fully connected layer of that size


# The products -------------------------------------------------------------------------------------


def total(read_map: ReadMap, found: list[Along]) -> Total:
    """The products over the axes and the pairs of channels."""
    pairs = nonzeros = different = read_map.channels.outputs * read_map.channels.taps
    for each in found:
        pairs *= each.pairs ** len(each.axes)
        nonzeros *= each.nonzeros ** len(each.axes)
        different *= each.different ** len(each.axes)
    return Total(pairs, nonzeros, size(read_map) - nonzeros, different)


def size(read_map: ReadMap) -> int:
    """The entries of W, zero or not."""
    return prod(line.outputs * line.inputs for line in read_map.lines)


def shared(read_map: ReadMap, found: list[Meets]) -> Shared:
    """A kernel entry occurs as often as the product of what its indices do along the axes."""
    pairs = read_map.channels.outputs * read_map.channels.taps
    parameters = pairs * prod(axis.taps for axis in read_map.axes)
    used, fewest, most = pairs, 1, 1
    for each in found:
        used *= sum(count > 0 for count in each.counts) ** len(each.axes)
        fewest *= min(each.counts) ** len(each.axes)
        most *= max(each.counts) ** len(each.axes)
    return Shared(parameters, fewest, most, parameters - used, size(read_map))


def has_formula(axis: Axis) -> bool:
    """Whether the outputs for which a tap meets an input are printed as one range: where no input is repeated."""
    return axis.mode is not None and (axis.rule.name == "zeros" or max(axis.low, axis.high) <= 0)


def printed(axis: Axis) -> tuple[int, ...]:
    """What is printed, evaluated: the outputs from max(0, first) to min(m - 1, last) that read an input."""
    counts = []
    for tap in range(axis.taps):
        ends = (index.at({axis.letters.kernel: tap}) for index in (first_output(axis), last_output(axis)))
        first, last = (0 if end is None else end // axis.stride for end in ends)
        reach = range(max(0, first), min(axis.outputs - 1, last) + 1)
        if axis.scale > 1:  # of these only where the input dilation divides the position
            at = (axis.position.at({axis.letters.output: i, axis.letters.kernel: tap}) for i in reach)
            counts.append(sum(t is not None and t % axis.scale == 0 for t in at))
        else:
            counts.append(len(reach))
    return tuple(counts)


# Rules --------------------------------------------------------------------------------------------


def _tables(context: Context, axes: tuple[int, ...]) -> list[Exact]:
    """The matrices of these axes, as the theorem weight_matrix gave them."""
    first = len(context.lines) - len(context.subject.definition.read_map.axes)
    expect(set(axes) <= set(range(len(context.lines) - first)), True, "there is no such axis")
    return [context.table(WEIGHT)[first + axis] for axis in axes]


@dataclass(frozen=True)
class Count:
    """The closed form, evaluated, against a count in the inverse table."""

    name = "count"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Meets):
            raise Refuted("the claim does not count what each tap meets")
        axes = context.subject.definition.read_map.axes
        compared = about_w(before)
        for n in after.axes:
            expect(n in range(len(axes)), True, "there is no such axis")
            closed = tuple(met(axes[n], tap) for tap in range(axes[n].taps))
            compared += expect(after.counts, closed, "the closed form gives other numbers")
            if has_formula(axes[n]):
                compared += expect(after.counts, printed(axes[n]), "the formula that is printed gives other numbers")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Meets):
            raise Refuted("the claim does not count what each tap meets")
        for table in _tables(context, after.axes):
            found = Counter(u for row in table.rows for entry in row.values() for (u,) in entry)
            counts = tuple(found[tap] for tap in range(len(after.counts)))
            expect(after.counts, counts, "the taps occur otherwise in W")
            expect(sum(found.values()), sum(counts), "other taps occur in W")
        return sum(after.counts) * len(after.axes)


@dataclass(frozen=True)
class Collect:
    """The sum over the taps, and how many entries of the table it fills."""

    name = "collect"
    follows: ClassVar[Follows] = (("known",), ("count",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        counted = context.cited[-1]
        if not isinstance(after, Along) or not isinstance(counted, Meets):
            raise Refuted("the claim does not add up what the taps meet")
        compared = about_w(before) + expect(after.axes, counted.axes, "the cited step is about other axes")
        compared += expect(after.pairs, sum(counted.counts), "the sum over the taps is another")
        return compared + expect(
            len(after.witnesses), after.nonzeros < after.pairs, "an entry of several taps is shown"
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Along):
            raise Refuted("the claim does not add up what the taps meet")
        for table in _tables(context, after.axes):
            expect(after.nonzeros, table.nonzeros, "there is another number of non-zero entries")
            filled = {tuple(sorted(entry)) for row in table.rows for entry in row.values()}
            expect(after.different, len(filled), "there is another number of different entries")
            for output, source, *taps in after.witnesses:
                expect(output in range(len(table.rows)), True, "there is no such output")
                there = table.rows[output].get(source, {})
                expect(len(taps) > 1, True, "one tap alone does not share an entry")
                expect(taps, sorted(u for (u,), count in there.items() for _ in range(count)), "other taps meet there")
        return after.nonzeros * len(after.axes)


@dataclass(frozen=True)
class Multiply:
    """What is counted along every axis, multiplied; the channels contribute their pairs."""

    name = "multiply"
    follows: ClassVar[None] = None  # W, and a sum for every axis

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        read_map = context.subject.definition.read_map
        found = [claim for claim in context.cited if isinstance(claim, Along)]
        if not isinstance(after, Total) or len(found) + 1 != len(context.cited):
            raise Refuted("the claim does not multiply what the axes contribute")
        about_w(before)
        axes = sorted(axis for each in found for axis in each.axes)
        compared = expect(axes, list(range(len(read_map.axes))), "the cited steps are not one for each axis")
        return compared + expect(after, total(read_map, found), "the products are others")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The product of the tables, the channels' own included, counted as they stand."""
        if not isinstance(after, Total):
            raise Refuted("the claim does not multiply what the axes contribute")
        tables = context.table(WEIGHT)
        kept = prod(table.nonzeros for table in tables)
        expect(after.nonzeros, kept, "the non-zero entries of the tables give another product")
        every = prod(table.shape[0] * table.shape[1] for table in tables)
        expect(after.nonzeros + after.zeros, every, "zeros and non-zeros do not make up the matrix")
        pairs = prod(sum(len(entry) for row in table.rows for entry in row.values()) for table in tables)
        expect(after.pairs, pairs, "the tables give another number of pairs")
        different = prod(len({tuple(sorted(e)) for row in table.rows for e in row.values()}) for table in tables)
        expect(after.different, different, "the tables give another number of different entries")
        return len(tables)


@dataclass(frozen=True)
class Share:
    """How often a kernel entry occurs is the product of how often each of its indices does."""

    name = "share"
    follows: ClassVar[None] = None  # the total, and a count for every axis

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        read_map = context.subject.definition.read_map
        found = [claim for claim in context.cited if isinstance(claim, Meets)]
        if not isinstance(after, Shared) or not isinstance(before, Total) or len(found) + 1 != len(context.cited):
            raise Refuted("the claim is not about how often kernel entries occur")
        axes = sorted(axis for each in found for axis in each.axes)
        compared = expect(axes, list(range(len(read_map.axes))), "the cited steps are not one for each axis")
        compared += expect(after, shared(read_map, found), "the products are others")
        return compared + expect(after.dense, before.zeros + before.nonzeros, "the dense layer has another size")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """How often each kernel entry occurs in the tables, line by line."""
        if not isinstance(after, Shared):
            raise Refuted("the claim is not about how often kernel entries occur")
        fewest = most = used = 1
        for line, table in zip(context.lines, context.table(WEIGHT), strict=True):
            found = Counter(u for row in table.rows for entry in row.values() for (u,) in entry)
            often = [found[u] for u in range(prod(line.kernel_shape))]
            fewest, most, used = fewest * min(often), most * max(often), used * sum(n > 0 for n in often)
        matrix = context.matrix(WEIGHT)
        expect((after.fewest, after.most), (fewest, most), "the kernel entries occur otherwise in W")
        expect(after.parameters - after.unused, used, "another number of kernel entries never occurs")
        expect(after.parameters, prod(matrix.kernel_shape), "the kernel has another number of entries")
        return after.parameters
