"""How many entries of W are not zero, how many are different, and how often each kernel entry occurs.

Along an axis, tap u of output i reads position s i + d u - P. So the outputs for which it meets an input
are a range with floored ends, and their number has a closed form. The numbers of a whole W are products:
a kernel entry meets an input exactly if each of its indices does along its own axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..counts import first_output, last_output, met
from ..documents.blocks import Document, Inline, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import count_of, definition, flattening, key, listed, ordinal, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..formula import Call, Chain, Floor, Formula, Sym, equals, plus
from ..identities import Known, Weights
from ..linear import Exact
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, Channels, ReadMap
from ..rules import Follows
from ..sums import WEIGHT, Index, number, variable
from . import weight_matrix as main

if TYPE_CHECKING:
    from ..layers import Layer

SHOWN = 12  # taps whose counts are listed


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


# Building -----------------------------------------------------------------------------------------


def groups(read_map: ReadMap) -> list[tuple[int, ...]]:
    """The axes, equal ones together."""
    found: dict[Axis, list[int]] = {}
    for n, axis in enumerate(read_map.axes):
        found.setdefault(axis, []).append(n)
    return [tuple(group) for group in found.values()]


def refusal(layer: Any) -> str | None:
    """Where there are no kernel entries to count."""
    if layer.kernel_shape is None:
        return "its weight matrix holds known numbers, and this theorem counts kernel entries"
    return None


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Counts for each tap, for each axis, for W, and what they say of the parameters."""
    read_map = layer.read_map
    first = len(read_map.lines) - len(read_map.axes)
    chain = [Step(Weights(WEIGHT, layer), Known())]
    counts: dict[int, int] = {}
    sums: list[int] = []
    for group in groups(read_map):
        axis, table = read_map.axes[group[0]], read_map.tables[first + group[0]]
        chain.append(Step(Meets(group, tuple(met(axis, tap) for tap in range(axis.taps))), Count(), (1,)))
        counts |= dict.fromkeys(group, len(chain))
        entries_ = [(i, p, taps) for i, row in enumerate(table) for p, taps in sorted(row.items())]
        several = [(i, p, *taps) for i, p, taps in entries_ if len(taps) > 1][:1]
        pairs = sum(len(taps) for _, _, taps in entries_)
        claim = Along(group, pairs, len(entries_), len({taps for _, _, taps in entries_}), tuple(several))
        chain.append(Step(claim, Collect(), (1, len(chain))))
        sums.append(len(chain))
    found = [step.claim for step in chain if isinstance(step.claim, Along)]
    chain.append(Step(total(read_map, found), Multiply(), (1, *sums)))
    meets = [step.claim for step in chain if isinstance(step.claim, Meets)]
    chain.append(Step(shared(read_map, meets), Share(), (len(chain), *sorted(set(counts.values())))))
    return tuple(chain), {WEIGHT: weight_matrix(read_map)}


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


def printed(axis: Axis) -> tuple[int, ...]:
    """The formula that is printed for padding by zeros, evaluated: min(m - 1, last) - max(0, first) + 1."""
    counts = []
    for tap in range(axis.taps):
        ends = (index.at({axis.letters.kernel: tap}) for index in (first_output(axis), last_output(axis)))
        first, last = (0 if end is None else end // axis.stride for end in ends)
        counts.append(max(0, min(axis.outputs - 1, last) - max(0, first) + 1))
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
        compared = 0
        for n in after.axes:
            expect(n in range(len(axes)), True, "there is no such axis")
            closed = tuple(met(axes[n], tap) for tap in range(axes[n].taps))
            compared += expect(after.counts, closed, "the closed form gives other numbers")
            if axes[n].rule.name == "zeros" and axes[n].scale == 1:
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
        compared = expect(after.axes, counted.axes, "the cited step is about other axes")
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
                expect({(tap,): 1 for tap in taps}, there, "other taps meet there")
        return after.nonzeros * len(after.axes)


@dataclass(frozen=True)
class Multiply:
    """What is counted along every axis, multiplied; the channels contribute their pairs."""

    name = "multiply"
    follows: ClassVar[None] = None  # W, and a sum for every axis

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        read_map = context.subject.definition.read_map
        found = [claim for claim in context.cited if isinstance(claim, Along)]
        if not isinstance(after, Total) or not isinstance(before, Weights) or len(found) + 1 != len(context.cited):
            raise Refuted("the claim does not multiply what the axes contribute")
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


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W itself against the definition, and the same numbers counted on its entries one by one."""
    yield from main.entries(proof)

    def counted() -> int:
        said, use = proof.steps[-2].claim, proof.steps[-1].claim
        if not isinstance(said, Total) or not isinstance(use, Shared):
            raise Refuted("the last steps are not the totals")
        matrix = proof.matrices[WEIGHT]
        cells = [entry for row in matrix.rows for entry in row.values()]
        occurs = Counter(u for entry in cells for u in entry)
        pairs = sum(occurs.values())
        here = Total(pairs, len(cells), matrix.shape[0] * matrix.shape[1] - len(cells), len(set(cells)))
        expect(said, here, "counted on the entries of W, the numbers are others")
        often = [occurs[u] for u in range(prod(matrix.kernel_shape))]
        unused = sum(n == 0 for n in often)
        again = Shared(len(often), min(often), max(often), unused, matrix.shape[0] * matrix.shape[1])
        expect(use, again, "counted on the entries of W, the kernel entries occur otherwise")
        return pairs

    yield "the numbers, counted on the entries of W", counted


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the entries of SymPy's matrix, counted."""

    def counted() -> int:
        matrix, said = proof.layer.weight_matrix(), proof.steps[-2].claim
        if not isinstance(said, Total):
            raise Refuted("the last step but one is not the total")
        values = list(matrix.todok().values())
        expect(said.nonzeros, len(values), "SymPy counts other non-zero entries")
        expect(said.different, len(set(values)), "SymPy counts other different entries")
        return int(matrix.rows * matrix.cols)

    yield "the non-zero entries of SymPy's matrix, counted", counted


# Words --------------------------------------------------------------------------------------------


def _lead(axes: tuple[int, ...], proof: Proof) -> str:
    if len(proof.layer.read_map.axes) == 1:
        return ""
    return f"Along {'each of ' if len(axes) > 1 else ''}the {listed(map(ordinal, axes))} ax{'is' if len(axes) == 1 else 'es'}, "


def _upper(lead: str, text: str) -> str:
    return lead + text if lead else text[:1].upper() + text[1:]


@claim_parts.register
def _(claim: Meets, proof: Proof) -> Said:
    axis = proof.layer.read_map.axes[claim.axes[0]]
    lead = _lead(claim.axes, proof)
    u, outputs = variable(axis.letters.kernel), count_of(axis.outputs, "output")
    if set(claim.counts) == {axis.outputs}:
        each = "every kernel position meets an input for " + ("all " if axis.outputs > 1 else "the ") + outputs
        return (_upper(lead, each) + ".",)
    numbers_ = [equals(Sym("n", (number(tap),)), count) for tap, count in enumerate(claim.counts)]
    shown: Sequence[Formula] = numbers_
    dots = ""
    if len(shown) > SHOWN:
        shown, dots = numbers_[: SHOWN - 1], ", and so on to "
    parts: list[Inline] = [*words(_upper(lead, "kernel position {} meets an input for {} of the "), u, Sym("n", (u,)))]
    parts += [outputs, ": ", *words(", ".join("{}" for _ in shown), *shown)]
    if dots:
        parts += [dots, *words("{}", numbers_[-1])]
    return (*parts, ".")


@reason_parts.register
def _(rule: Count, step: Step, proof: Proof) -> Said:
    claim = step.claim
    assert isinstance(claim, Meets)  # noqa: S101 - the rule's own claim
    axis = proof.layer.read_map.axes[claim.axes[0]]
    i = variable(axis.letters.output)
    zeros = axis.rule.name == "zeros" or max(axis.low, axis.high) <= 0
    if axis.mode is None:
        return ("no window leaves the input",)
    if not zeros:
        said = "every position of the padded input repeats an input"
        if axis.scale == 1:
            return (said,)
        there = ", before, inside and behind it each a range of outputs, of which every so-many-th reads an input"
        return (f"positions between two inputs hold zero{there}",)
    inputs = Chain(",", (0, "…", axis.length - 1) if axis.length > 2 else tuple(range(axis.length)))
    read = words("position {} holds an input when it is one of {}", axis.position, inputs)
    if axis.scale > 1:
        where = ", for {} from {} to {}, and of these only where {} divides it"
        return (*read, *words(where, i, _first(axis), _last(axis), axis.scale))
    difference = Chain("-", (_last(axis), _first(axis)))
    counted = equals(Sym("n", (variable(axis.letters.kernel),)), plus(difference, 1))
    none = " (or none, where that is negative)" if 0 in claim.counts else ""
    return (*read, *words(", for {} from {} to {}: {}" + none, i, _first(axis), _last(axis), counted))


def _first(axis: Axis) -> Formula:
    """The first output that reads position 0 or later."""
    return Call("max", Chain(",", (0, _floored(first_output(axis), axis.stride))))


def _last(axis: Axis) -> Formula:
    """The last output that reads position N - 1 or earlier."""
    return Call("min", Chain(",", (axis.outputs - 1, _floored(last_output(axis), axis.stride))))


def _floored(top: Index, bottom: int) -> Formula:
    return top if bottom == 1 else Floor(top, bottom)


@claim_parts.register
def _(claim: Along, proof: Proof) -> Said:
    lead = _lead(claim.axes, proof)
    pairs = count_of(claim.pairs, "pair")
    said = _upper(lead, f"this makes {pairs} of output and kernel position that meet an input")
    different = f"{count_of(claim.different, 'different entr', 'y', 'ies')} among them"
    if claim.pairs == claim.nonzeros:
        return (f"{said}, each a non-zero entry of its own; {different}.",)
    said += f", in {count_of(claim.nonzeros, 'non-zero entr', 'y', 'ies')}"
    return (f"{said}, {different}.",)


@reason_parts.register
def _(rule: Collect, step: Step, proof: Proof) -> Said:
    claim = step.claim
    assert isinstance(claim, Along)  # noqa: S101 - the rule's own claim
    added = f"the sum of {cited(step.cites[1])} over the kernel positions; "
    if not claim.witnesses:
        return (added + "no output reads an input twice",)
    output, source, *taps = claim.witnesses[0]
    which = listed(map(str, taps))
    return (added + f"output {output} reads input {source} with kernel positions {which}, which share one entry",)


@claim_parts.register
def _(claim: Total, proof: Proof) -> Said:
    nonzeros = count_of(claim.nonzeros, "non-zero entr", "y", "ies")
    zeros = count_of(claim.zeros, "zero") if claim.zeros else "no zero"
    parts = [*words("{} has ", WEIGHT), f"{nonzeros} and {zeros}"]
    factors = _factors(proof, "nonzeros")
    if len(factors) > 1:
        parts += [", ", *words("{}", equals(Chain("dot", factors), claim.nonzeros))]
    if claim.nonzeros:
        parts.append(
            f"; among them {'is' if claim.different == 1 else 'are'} {count_of(claim.different, 'different entr', 'y', 'ies')}"
        )
    return (*(part for part in parts if part != ""), ".")


def _factors(proof: Proof, name: str) -> tuple[Formula, ...]:
    read_map = proof.layer.read_map
    channels: Channels = read_map.channels
    along = {n: getattr(s.claim, name) for s in proof.steps if isinstance(s.claim, Along) for n in s.claim.axes}
    own = (channels.outputs, channels.taps) if read_map.shows_channels else ()
    return (*own, *(along[n] for n in sorted(along)))


@reason_parts.register
def _(rule: Multiply, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    if not read_map.axes:
        return ("every output reads every input with a weight of its own",)
    if len(read_map.lines) == 1:
        return (f"{cited(step.cites[1])}; all others are zero",)
    own = ""
    if read_map.shows_channels:
        each = "the input channels of its group" if read_map.channels.groups > 1 else "the input channels"
        own = f"the output channels, {each}, and "
    return (f"an entry is not zero exactly if every index meets its own: the product of {own}what the axes contribute",)


@claim_parts.register
def _(claim: Shared, proof: Proof) -> Said:
    if claim.fewest == claim.most == 1 and claim.parameters == claim.dense:
        return ("Every entry is a parameter of its own.",)
    if not claim.most:
        return words("No kernel entry occurs in {}.", WEIGHT)
    often = (
        count_of(claim.most, "time")
        if claim.fewest == claim.most
        else f"between {claim.fewest:,} and {claim.most:,} times"
    )
    parts: list[Inline] = [f"Every kernel entry occurs {often}"]
    if claim.unused:
        parts.append(f", {claim.unused:,} of them never")
    ratio = Fraction(claim.parameters, claim.dense)
    parts += [f": the layer has {count_of(claim.parameters, 'parameter')}, a dense one {claim.dense:,}"]
    return (*parts, *words("; the ratio is {}.", ratio))


@reason_parts.register
def _(rule: Share, step: Step, proof: Proof) -> Said:
    if not proof.layer.read_map.axes:
        return ("one for each pair of output and input",)
    if len(proof.layer.read_map.axes) == 1:
        return (f"the least and the greatest number in {cited(step.cites[1])}",)
    return ("a kernel entry occurs as often as the product of what its indices do, one factor for each axis",)


def document(proof: Proof) -> Document:
    """The numbers in one sentence, and their derivation."""
    layer = proof.layer
    statement = (*claim_parts(proof.steps[-2].claim, proof), " ", *claim_parts(proof.steps[-1].claim, proof))
    opening = words("We count along one index at a time, in the matrix that the axis alone would have, and multiply.")
    if not layer.read_map.axes:
        opening = words("We count pairs of outputs and inputs.")
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Statement(statement),  # type: ignore[arg-type]
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "and the zeros of its matrix"), blocks, key(proof))


THEOREM = Theorem(
    name="sparsity",
    statement="how many entries of W are zero, how many are different, and how often each kernel entry occurs",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=("multiply", "share"),
    labels=(DEFINITION, ENTRY_RULE),
)
