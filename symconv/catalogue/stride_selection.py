"""W = R V: a stride keeps certain rows; a dilation is a stretched kernel; valid is a crop of full.

With the same numeric padding, output i of the strided layer is output s i of the layer that moves one
step at a time. So W is V, the weight matrix for stride 1, with rows left out, and R says which. A
dilated kernel is a longer one with zeros between its entries. And a layer without padding is the layer
with full padding, its outermost outputs left out, if the windows of the two start at the same places:
if the stride divides d (k - 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..algebra.linear import numbers, of_line
from ..claims import AnyClaim, Context, Refuted, expect
from ..documents.blocks import Block, Document, Heading, Inline, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import expression, known, number_blocks
from ..documents.setting import count_of, definition, flattening, key, listed, ordinal, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..expressions import Times
from ..formula import equals
from ..identities import (
    Assemble,
    Equation,
    Known,
    Multiply,
    Select,
    Selected,
    Selection,
    Substitute,
    Substituted,
    Weights,
    Whole,
    entry_letters,
    labelled_matrix,
    number_matrix,
    put,
)
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, Line
from ..rules import Follows
from ..steps.identity_checks import whole_entries, whole_sympy
from ..sums import WEIGHT, Span, number, variable

STRIDE, DILATION, FULL = ("V", "R"), ("D", "E"), ("F", "C")
"""For each part the weight matrix it goes back to, and the matrix made for it: rows kept, or a kernel put in."""


@dataclass(frozen=True)
class Keep(Multiply):
    """Row i of W is the row of V at which R has its one."""

    needs = Selected


@dataclass(frozen=True)
class Stretch(Multiply):
    """The entries of the stretched kernel between those of k are zero, and the others lie where W has them."""

    needs = Substituted


@dataclass(frozen=True)
class Starts:
    """Along an axis, where the windows of the layer start on its input, and those of the layer with full padding."""

    axis: int
    valid: range
    full: range


@dataclass(frozen=True)
class Apart:
    """No window of the one is a window of the other."""

    name = "apart"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Starts):
            raise Refuted("the claim is not about where windows start")
        return expect(after.axis in range(len(context.subject.definition.read_map.axes)), True, "there is no such axis")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Starts):
            raise Refuted("the claim is not about where windows start")
        layers = context.subject, full(context.subject)
        for said, layer in zip((after.valid, after.full), layers, strict=True):
            axis = layer.read_map.axes[after.axis]
            first = [first_position(axis, output) for output in range(axis.outputs)]
            expect(list(said), first, "the windows start elsewhere")
        meet = sorted(set(after.valid) & set(after.full))
        expect(meet, [], "some windows are the same")
        return len(after.valid) + len(after.full)


def first_position(axis: Axis, output: int) -> int:
    """The first position of the signal that an output's window covers, by the definition."""
    at = [axis.position.at({axis.letters.output: output, axis.letters.kernel: tap}) for tap in (0, axis.taps - 1)]
    return min(position for position in at if position is not None)


def full(layer: Any) -> Any:
    """The same layer with every output whose window meets the input."""
    return replace(layer, padding="full", bias=False)


def unit_stride(layer: Any) -> Any:
    """The same layer moving one step at a time."""
    return replace(layer, stride=1, bias=False)


def dense(layer: Any) -> Any:
    """The same layer with a longer kernel in place of the dilation."""
    longer = tuple(d * (k - 1) + 1 for d, k in zip(layer.dilation, layer.kernel_size, strict=True))
    return replace(layer, dilation=1, kernel_size=longer, bias=False)


def strided(layer: Any) -> bool:
    return set(layer.stride) != {1}


def dilated(layer: Any) -> bool:
    return any(d > 1 and k > 1 for d, k in zip(layer.dilation, layer.kernel_size, strict=True))


def valid(layer: Any) -> bool:
    """Without padding, and with a kernel for which full padding is something else."""
    return not any(map(any, layer.padding)) and set(layer.kernel_size) != {1} and layer.padding_mode == "zeros"


def refusal(layer: Any) -> str | None:
    """Where none of the three says anything."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv has a stride between its outputs"
    if strided(layer) or dilated(layer) or valid(layer):
        return None
    return "its stride and dilation are 1, and with its padding it is not the valid part of anything"


def others(layer: Any) -> dict[str, Any]:
    """The layers of V, D and F, each where it is spoken of."""
    every = ((STRIDE, strided, unit_stride), (DILATION, dilated, dense), (FULL, valid, full))
    return {letters[0]: other(layer) for letters, applies, other in every if applies(layer)}


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Up to three equations: rows kept by the stride, the stretched kernel, valid as a crop of full."""
    chain = [Step(Weights(WEIGHT, layer), Known())]
    matrices: dict[str, Any] = {WEIGHT: weight_matrix(layer.read_map)}
    if strided(layer):
        _rows_kept(chain, matrices, layer, unit_stride(layer), STRIDE)
    if dilated(layer):
        _stretched(chain, matrices, layer)
    if valid(layer):
        apart = apart_along(layer)
        for n in apart:
            starts = (each.read_map.axes[n] for each in (layer, full(layer)))
            ranges = (range(-axis.low, -axis.low + axis.stride * axis.outputs, axis.stride) for axis in starts)
            chain.append(Step(Starts(n, *ranges), Apart()))
        if not apart:
            _rows_kept(chain, matrices, layer, full(layer), FULL)
    return tuple(chain), matrices


def apart_along(layer: Any) -> list[int]:
    """The axes along which no window of the layer is one of full padding."""
    return [n for n, axis in enumerate(layer.read_map.axes) if axis.dilation * (axis.taps - 1) % axis.stride]


def conclusions(layer: Any) -> tuple[str, ...]:
    """What the parts that apply end in."""
    ends = ["assemble"] * (strided(layer) + dilated(layer))
    if valid(layer):
        ends += ["apart"] * len(apart_along(layer)) or ["assemble"]
    return tuple(ends)


def _rows_kept(chain: list[Step], matrices: dict[str, Any], layer: Any, larger: Any, letters: tuple[str, str]) -> None:
    """W = R V: the rows of V whose windows are those of W."""
    every, kept = letters
    lines = layer.read_map.lines
    selections, tables = [], []
    for line, other, m in zip(lines, larger.read_map.lines, between(lines), strict=True):
        i, column = variable(line.letters.output), variable(m)
        if isinstance(line, Axis) and isinstance(other, Axis):  # both windows start at the same position
            to = (i * line.stride - line.low + other.low).divided(other.stride)
            back = (column * other.stride - other.low + line.low).divided(line.stride)
        else:
            to, back = i, column
        selections.append(Selection(line.letters.output, range(line.outputs), m, range(other.outputs), to))
        found = ((back.at({m: n}), n) for n in range(other.outputs))
        cells = {(row, n): 1 for row, n in found if row is not None and 0 <= row < line.outputs}
        tables.append(numbers(cells, line.outputs, other.outputs))
    product = Times((kept, every))
    spans = tuple(Span(each.column, number(0), number(len(each.columns) - 1)) for each in selections)
    chain.append(Step(Weights(every, larger), Known()))
    chain.append(Step(Selected(kept, tuple(selections)), Select(tuple(tables))))
    here = len(chain)
    chain.append(Step(Equation(WEIGHT, product, *entry_letters(lines), (spans,)), Keep(), (1, here - 1, here)))
    chain.append(Step(Whole(WEIGHT, product), Assemble(), (here + 1,)))
    matrices[every], matrices[kept] = weight_matrix(larger.read_map), number_matrix(tuple(tables))


def _stretched(chain: list[Step], matrices: dict[str, Any], layer: Any) -> None:
    """W = E: the weight matrix D of a longer kernel without gaps, with zeros put between the entries of k."""
    without, lines, letters = dense(layer), layer.read_map.lines, DILATION
    indices = tuple(
        variable(line.letters.kernel).divided(line.dilation) if isinstance(line, Axis) else None for line in lines
    )
    chain.append(Step(Weights(letters[0], without), Known()))
    chain.append(Step(Substituted(letters[1], letters[0], indices), Substitute(), (len(chain),)))
    chain.append(Step(Equation(WEIGHT, letters[1], *entry_letters(lines)), Stretch(), (1, len(chain))))
    chain.append(Step(Whole(WEIGHT, letters[1]), Assemble(), (len(chain),)))
    tables = tuple(map(of_line, without.read_map.lines, without.read_map.tables))
    put_in = tuple(
        table if index is None else put(table, index, line.letters.kernel, line.taps)
        for line, table, index in zip(lines, tables, indices, strict=True)
    )
    matrices[letters[0]] = weight_matrix(without.read_map)
    matrices[letters[1]] = labelled_matrix(put_in, lines)


def between(lines: Sequence[Line]) -> list[str]:
    """The letters of the positions that a product sums over."""
    return ["m"] if len(lines) == 1 else [f"m{n}" for n in range(1, len(lines) + 1)]


# Words --------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Keep, step: Step, proof: Proof) -> Said:
    return (
        f"each row of the one matrix is the row of the other whose window starts at the same place, {cited(step.cites[2])}",
    )


@reason_parts.register
def _(rule: Stretch, step: Step, proof: Proof) -> Said:
    return ("the entries of the longer kernel that are not zero lie where those of the dilated one do",)


@claim_parts.register
def _(claim: Starts, proof: Proof) -> Said:
    along = "" if len(proof.layer.read_map.axes) == 1 else f"Along the {ordinal(claim.axis)} axis, "
    start = "the windows" if along else "The windows"
    return (
        f"{along}{start} start at {listed_range(claim.valid)} without padding and at {listed_range(claim.full)} with "
        "full padding, and no start is in both lists: without padding the outputs are no crop of those with full padding.",
    )


def listed_range(values: range) -> str:
    """0, 2, 4, ..., 10."""
    if len(values) > 5:
        return ", ".join(map(str, values[:3])) + f", …, {values[-1]}"
    return listed(map(str, values))


@reason_parts.register
def _(rule: Apart, step: Step, proof: Proof) -> Said:
    claim = step.claim
    if not isinstance(claim, Starts):
        raise AssertionError(f"no words for {claim!r}")
    axis = proof.layer.read_map.axes[claim.axis]
    reach = axis.dilation * (axis.taps - 1)
    return (
        f"the stride {axis.stride} does not divide dilation · (kernel − 1) = {reach}, by which full padding moves the first window",
    )


def document(proof: Proof) -> Document:
    """The parts that apply, each with its matrices, then the theorem and its proof."""
    layer = proof.layer
    statements: list[tuple[Inline, ...]] = []
    sections: list[Block] = []
    names = proof.matrices
    if STRIDE[1] in names:
        sections.append(Heading(("The rows that the stride keeps",)))
        sections += number_blocks(STRIDE[1], names[STRIDE[1]])
        rows, all_rows = names[STRIDE[1]].shape
        statements.append(
            words(
                f"{{}}: of the {count_of(all_rows, 'row')} of the weight matrix {{}} of the layer with stride 1, the stride keeps {rows:,}",
                equals(WEIGHT, expression(Times(STRIDE[::-1]))),
                STRIDE[0],
            )
        )
    if DILATION[1] in names:
        statements.append(
            words(
                "{}: the dilated kernel is the longer kernel {} with zeros between its entries, whose weight matrix is {}",
                equals(WEIGHT, DILATION[1]),
                "κ",
                DILATION[1],
            )
        )
    if FULL[1] in names:
        sections.append(Heading(("The rows of full padding that remain",)))
        sections += number_blocks(FULL[1], names[FULL[1]])
        statements.append(
            words(
                "{}: without padding, the layer is a crop of the layer with full padding, whose weight matrix is {}",
                equals(WEIGHT, expression(Times(FULL[::-1]))),
                FULL[0],
            )
        )
    elif valid(layer):
        statements.append(("without padding, the layer is no crop of the layer with full padding",))
    joined = tuple(part for n, each in enumerate(statements) for part in ((("; " if n else ""), *each)) if part)
    opening = words(
        "Each part compares the weight matrix {} with that of another layer, both known from the theorem weight_matrix.",
        WEIGHT,
    )
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *sections,
        Statement((*joined, ".")),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "seen from its neighbours"), blocks, key(proof))


THEOREM = Theorem(
    name="stride_selection",
    statement="W = R V: a stride keeps rows of the layer with stride 1; a dilation is a stretched kernel; valid is a crop of full",
    why=words(
        "An output is known from where its window lies and which kernel entries stand in it; a layer that has these windows among its own has these rows among its own."
    ),
    refusal=refusal,
    build=build,
    entries=whole_entries,
    sympy=whole_sympy,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=conclusions,
    others=others,
    labels=(DEFINITION, ENTRY_RULE),
    tables=6,
)
