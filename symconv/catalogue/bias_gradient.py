"""The bias gradient dL/db: for each output channel the sum of the output gradient over its positions.

The bias of a channel is one term of every output of that channel, with the coefficient one, and of no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from ..claims import AnyClaim, Claim, Context, Refuted, expect, sums_of
from ..definition import BIAS, run, source
from ..documents.blocks import Block, Document, Heading, Inline, Long, Paragraph, Statement, words
from ..documents.common import checked, position_symbol, steps
from ..documents.gradients import LOSS, about_the_gradient, gradient_symbol
from ..documents.setting import definition, key, setting, title
from ..documents.wording import DEFINITION, Said, bias_terms, cited, claim_parts, output_symbol, reason_parts
from ..formula import Derivative, Formula, Juxtapose, Sigma, Sym, Words, equals, plus
from ..matrices import unravel
from ..proof import Proof, Step, Theorem
from ..readmap import ReadMap
from ..rules import Follows, Unfold, flattened
from ..steps.differentiating import GRADIENT, defined
from ..sums import Index, Span, number

SHOWN_CHANNELS, SHOWN_TERMS = 3, 12


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByBias:
    """dy_o/db_c is 1 for the outputs o of channel c, the bias' only indices, and 0 for all others."""

    indices: tuple[str, ...]


@dataclass(frozen=True)
class BiasSum:
    """dL/db_c is the sum of G over the positions of channel c."""

    spans: tuple[Span, ...]


@dataclass(frozen=True)
class RowSum:
    """With a row for each channel, output o stands in column `column` of G, and dL/db = G 1."""

    column: Index
    columns: int


@dataclass(frozen=True)
class BatchBias:
    """For a batch, the sum over its inputs as well."""


@dataclass(frozen=True)
class DifferentiateBias:
    """The bias of an output's channel is a term of it, and the other terms do not depend on the bias."""

    name = "differentiate"
    follows: ClassVar[Follows] = (("unfold",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ByBias) or not isinstance(before, Claim):
            raise Refuted("the claim is not about derivatives by the bias")
        compared = expect(before.bias, True, "the cited step has no bias")
        names = [line.letters.output for line in context.lines]
        texts = (source(sums_of(before), names, each) for each in (after.indices, None))
        with_bias, without = (text.split("return ", 1)[1] for text in texts)
        symbol = BIAS + "".join(f"[{name}]" for name in after.indices)
        compared += expect(with_bias, f"{symbol} + {without}", "the bias is not a term of its own")
        code = context.subject.definition.source.split("return ", 1)[1]
        return compared + expect(code, with_bias, "the definition adds another bias")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """That term, run as code, is the bias of the output's own channel."""
        if not isinstance(after, ByBias):
            raise Refuted("the claim is not about derivatives by the bias")
        channels = context.subject.definition.read_map.channels.outputs
        text = f"def y(c):\n    return {BIAS}{''.join(f'[{name}]' for name in after.indices)}\n"
        term = run(text, {BIAS: list(range(channels)) if after.indices else 0}, sum)
        for channel in range(channels):
            expect(term(channel), channel, f"an output of channel {channel} has another bias")
        return channels


@dataclass(frozen=True)
class ChainBias:
    """The chain rule: the outputs of a channel, and no others, contribute their G_o."""

    name = "chain"
    follows: ClassVar[Follows] = (("differentiate",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, BiasSum) or not isinstance(before, ByBias):
            raise Refuted("the claim is not the chain rule for the cited derivatives")
        axes = context.subject.definition.read_map.axes
        names = tuple(axis.letters.output for axis in axes)
        compared = expect(tuple(span.name for span in after.spans), names, "the sum is not over the positions")
        compared += expect({span.step for span in after.spans} <= {1}, True, "the sum leaves out positions")
        every = (*before.indices, *names)
        outputs = tuple(line.letters.output for line in context.lines)
        return compared + expect(every, outputs, "the channel and its positions are not all that an output is")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, BiasSum):
            raise Refuted("the claim is not the chain rule for the cited derivatives")
        axes = context.subject.definition.read_map.axes
        for axis, span in zip(axes, after.spans, strict=True):
            expect(span.at({}), range(axis.outputs), f"the sum along {span.name} is over other outputs")
        return sum(axis.outputs for axis in axes)


@dataclass(frozen=True)
class AddRows:
    """The positions of a channel, numbered, are the columns of its row."""

    name = "row-sum"
    follows: ClassVar[Follows] = (("chain",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, RowSum) or not isinstance(before, BiasSum):
            raise Refuted("the claim is not a sum of rows")
        axes = context.subject.definition.read_map.axes
        column = flattened([(axis.letters.output, axis.outputs) for axis in axes])
        return expect(after.column, column, "the column is not the position's row-major number")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Every column is one position of the sum; one index at a time, since both are additive in them."""
        if not isinstance(after, RowSum) or not isinstance(before, BiasSum):
            raise Refuted("the claim is not a sum of rows")
        values = [span.at({}) for span in before.spans]
        compared = expect(after.columns, prod(map(len, values)), "G has another number of columns")
        for n, span in enumerate(before.spans):
            for value in values[n]:
                env = {other.name: value if other is span else 0 for other in before.spans}
                at = after.column.at(env)
                expected = tuple(value if m == n else 0 for m in range(len(values)))
                found = unravel(at or 0, [len(each) for each in values])
                compared += expect(found, expected, "a column belongs to another position")
        return compared


@dataclass(frozen=True)
class AddBatch:
    """The bias is the same for every input of a batch, so the derivatives add up."""

    name = "batch"
    follows: ClassVar[Follows] = (("chain",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        fine = isinstance(before, BiasSum) and isinstance(after, BatchBias)
        return expect(fine, True, "the batch form follows from the sum")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Each of two inputs has its own outputs, of which those of the channel occur once."""
        if not isinstance(before, BiasSum):
            raise Refuted("the batch form follows from the sum")
        terms = [(n, span.name, i) for n in range(2) for span in before.spans for i in span.at({})]
        return expect(len(set(terms)), len(terms), "an output occurs twice") * max(len(terms), 1)


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Differentiate, collect, the row sum where a channel has several positions, the batch."""
    axes = layer.read_map.axes
    spans = tuple(Span(axis.letters.output, number(0), number(axis.outputs - 1)) for axis in axes)
    chain = [
        Step(defined(layer), Unfold()),
        Step(ByBias(layer.definition.bias_indices), DifferentiateBias(), (1,)),
        Step(BiasSum(spans), ChainBias(), (2,)),
    ]
    if axes:
        column = flattened([(axis.letters.output, axis.outputs) for axis in axes])
        chain.append(Step(RowSum(column, prod(axis.outputs for axis in axes)), AddRows(), (3,)))
    chain.append(Step(BatchBias(), AddBatch(), (3,)))
    return tuple(chain), {}


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """In the definition, run as code, the bias of a channel is a term of its outputs once, and of no other."""

    def every_output() -> int:
        found: dict[int, list[int]] = {}
        for number_, (_, row) in enumerate(proof.layer.definition.rows()):
            for (label, source_), often in row.items():
                if source_ is None:
                    expect(often, 1, f"output {number_} adds its bias more than once")
                    found.setdefault(label[1], []).append(number_)
        channels = proof.layer.read_map.channels.outputs
        wide = prod(proof.layer.output_shape) // channels
        for channel in range(channels):
            expect(found.get(channel), list(range(channel * wide, (channel + 1) * wide)), "other outputs have the bias")
        return int(channels * wide)

    yield "the bias in every output of the definition", every_output


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy differentiates every output by every bias."""

    def differentiated() -> int:
        layer = proof.layer
        b: list[Any] = layer.flat_symbols()[2]
        wide = prod(layer.output_shape) // layer.output_shape[0]
        for row, output in enumerate(layer.flat_output()):
            for channel, symbol in enumerate(b):
                expect(output.diff(symbol), int(row // wide == channel), "SymPy finds another derivative")
        return int(prod(layer.output_shape) * len(b))

    yield "SymPy's derivative of the definition by each bias", differentiated


# Words --------------------------------------------------------------------------------------------


def bias_symbol(proof: Proof) -> Formula:
    """b_c."""
    return bias_terms(proof.layer.definition)[0]


def sum_formula(layer: Any) -> Formula:
    """dL/db_c = sum of G_{c,i,j} over the positions."""
    read_map: ReadMap = layer.read_map
    sigmas = [Sigma(Span(a.letters.output, number(0), number(a.outputs - 1))) for a in read_map.axes if a.outputs > 1]
    gradient = gradient_symbol(read_map)
    for axis in read_map.axes:
        if axis.outputs == 1:
            indices = (i.substitute(axis.letters.output, number(0)) for i in gradient.indices if isinstance(i, Index))
            gradient = Sym(GRADIENT, tuple(indices))
    term = Juxtapose((*sigmas, gradient)) if sigmas else gradient
    return equals(Derivative(LOSS, bias_terms(layer.definition)[0]), term)


@claim_parts.register
def _(claim: ByBias, proof: Proof) -> Said:
    left = Derivative(output_symbol(proof.layer.read_map), bias_symbol(proof))
    said = words("{}", equals(left, 1))
    if proof.layer.read_map.channels.outputs > 1:
        said += words(", and by the bias of another channel the derivative is {}", 0)
    return (*said, ".")


@claim_parts.register
def _(claim: BiasSum, proof: Proof) -> Said:
    return words("{}.", sum_formula(proof.layer))


@claim_parts.register
def _(claim: RowSum, proof: Proof) -> Said:
    product = equals(Derivative(LOSS, BIAS), Juxtapose((GRADIENT, "1")))
    several = proof.layer.read_map.channels.outputs > 1
    lead = "With {} as a matrix, a row for each channel and" if several else "With {} as a row,"
    return words(
        f"{lead} {{}} in column {{}}: {{}}.", GRADIENT, gradient_symbol(proof.layer.read_map), claim.column, product
    )


@claim_parts.register
def _(claim: BatchBias, proof: Proof) -> Said:
    return words("For a batch, the sum is over its inputs as well.")


@reason_parts.register
def _(rule: DifferentiateBias, step: Step, proof: Proof) -> Said:
    return words(
        f"{cited(step.cites[0])}: {{}} is a term by itself, and the others do not depend on it", bias_symbol(proof)
    )


@reason_parts.register
def _(rule: ChainBias, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    derivative = Derivative(output_symbol(read_map), bias_symbol(proof))
    which = ", of which those of one channel count" if read_map.channels.outputs > 1 and read_map.axes else ""
    which = ", of which one counts" if not read_map.axes and read_map.channels.outputs > 1 else which
    return words(
        f"chain rule: the sum of {{}} over all outputs{which}; by {cited(step.cites[0])}",
        Juxtapose((gradient_symbol(read_map), derivative)),
    )


@reason_parts.register
def _(rule: AddRows, step: Step, proof: Proof) -> Said:
    return words(f"{cited(step.cites[0])}; {{}} is the vector of {{}} ones", "1", step.claim.columns)  # type: ignore[attr-defined]


@reason_parts.register
def _(rule: AddBatch, step: Step, proof: Proof) -> Said:
    return (f"the bias is the same for every input, so the derivatives of {cited(step.cites[0])} add up",)


def document(proof: Proof) -> Document:
    """Where the bias gradient comes from."""
    layer = proof.layer
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *about_the_gradient(layer),
        Statement(_statement(layer)),
        steps(proof),
        *written_out(proof),
        *checked(proof),
    ]
    return Document(title(layer, "and its bias gradient"), tuple(blocks), key(proof))


def _statement(layer: Any) -> tuple[Inline, ...]:
    what = "the gradient of a bias is the sum of the output gradient over the positions of its channel"
    if not layer.read_map.axes:
        what = "the bias gradient is the output gradient"
    return words(f"{{}}: {what}.", sum_formula(layer))


def written_out(proof: Proof) -> list[Block]:
    """The sums of the first channels in full."""
    layer = proof.layer
    shown = layer.output_shape if layer.read_map.shows_channels else layer.output_shape[1:]
    wide = prod(layer.output_shape[1:])
    if wide == 1:
        return []
    blocks: list[Block] = [Heading(("Written out",))]
    channels = layer.output_shape[0]
    if channels > SHOWN_CHANNELS:
        blocks.append(Paragraph((f"The first {SHOWN_CHANNELS} of {channels:,} channels:",)))
    for channel in range(min(channels, SHOWN_CHANNELS)):
        every = range(channel * wide, channel * wide + min(wide, SHOWN_TERMS))
        terms: list[Formula] = [position_symbol(GRADIENT, unravel(flat, shown)) for flat in every]
        dots: list[Formula] = [Words(f"… ({wide - SHOWN_TERMS:,} more)")] if wide > SHOWN_TERMS else []
        bias = position_symbol(BIAS, (channel,)) if layer.definition.bias_indices else BIAS
        blocks.append(Long(equals(Derivative(LOSS, bias), plus(*terms, *dots))))
    return blocks


THEOREM = Theorem(
    name="bias_gradient",
    statement="dL/db of a channel is the sum of dL/dY over its positions",
    why=words(
        "The bias of a channel is added once to each of its outputs, so a change of it changes each of them by as much."
    ),
    refusal=lambda layer: None if layer.bias else "it has no bias to differentiate by",
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    ends=lambda layer: (*(["row-sum"] if layer.read_map.axes else ["chain"]), "batch"),
    labels=(DEFINITION,),
)
