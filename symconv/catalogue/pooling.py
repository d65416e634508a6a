"""W = D S: average pooling sums over windows, and then divides; and why the maximum has no W.

S is the weight matrix of the layer that only sums, and D is diagonal. Where D is constant the layer is
a depthwise convolution with a constant kernel; where two outputs divide by different numbers it is none.
Max pooling is not linear: two inputs show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..constant_kernel import Constant, ConstantKernel, constant_entries, constant_sympy
from ..documents import constant_kernel as _words  # noqa: F401 - registers its words
from ..documents.blocks import Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, position_symbol, steps
from ..documents.identities import expression, known, number_blocks
from ..documents.known import ring
from ..documents.setting import definition, flattening, key, output_size, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, matrix_entry, reason_parts
from ..expressions import Times
from ..formula import Formula, Juxtapose, Sym, equals, position
from ..identities import (
    Assemble,
    Diagonal,
    Equation,
    Known,
    Multiply,
    Weights,
    Whole,
    about_w,
    entry_letters,
    number_matrix,
)
from ..identity_checks import whole_entries, whole_sympy
from ..linear import Exact, numbers, of_line
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import CHANNEL, Channels, Line, with_quotients
from ..rules import Follows, is_matrix
from ..sums import WEIGHT, Span, number, variable
from ..weighted import Pooled

if TYPE_CHECKING:
    from ..layers import Layer

SUMS, DIVIDES, CONSTANT = "S", "D", "V"
FACTORS = Times((DIVIDES, SUMS))


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """D divides by how many positions of a window count: those are counted here, one by one."""

    name = "count"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Diagonal):
            raise Refuted("the claim is not what a diagonal matrix holds")
        compared = expect(len(after.lines), len(context.lines), "the claim has not one diagonal for each line")
        for line, entries_ in zip(context.lines, after.lines, strict=True):
            compared += expect(len(entries_), line.outputs, f"the diagonal along {line.letters.output} is not as long")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Diagonal):
            raise Refuted("the claim is not what a diagonal matrix holds")
        compared = 0
        for line, entries_ in zip(context.lines, after.lines, strict=True):
            for output, found in enumerate(entries_):
                counted = positions_that_count(line, output)
                if found * counted != 1:
                    place = f"{line.letters.output}={output}"
                    raise Refuted(f"{after.letter} divides by another number", place, None, found, f"1/{counted}")
                compared += 1
        tables = tuple(map(diagonal, after.lines))
        context.tables[after.letter] = tables
        return compared + is_matrix(context, after.letter, number_matrix(tables))


def positions_that_count(line: Line, output: int) -> int:
    """What an output divides by, along one line: its positions, counted, or the number in their place."""
    if not isinstance(line, Pooled):
        return 1
    if line.divisor is not None:
        return line.divisor
    reads = (line.position.at({line.letters.output: output, line.letters.kernel: tap}) for tap in range(line.taps))
    return sum(t is not None and line.counted[0] <= t < line.counted[1] for t in reads)


def diagonal(entries_: tuple[Any, ...]) -> Exact:
    """A diagonal matrix."""
    return numbers({(n, n): value for n, value in enumerate(entries_)}, len(entries_), len(entries_))


class Scale(Multiply):
    """A product with a diagonal matrix on the left."""

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        names = [span.name for spans in getattr(after, "inner", ()) for span in spans]
        return super().shape(context, before, after) + expect(
            names, between(context.lines), "the sum has other letters"
        )


def between(lines: Sequence[Line]) -> list[str]:
    """The letters of what the product of both matrices sums over."""
    return [CHANNEL.kernel if isinstance(line, Channels) else line.letters.padded for line in lines]


@dataclass(frozen=True)
class Unequal:
    """Two entries of W that are not zero and differ: (row, column) twice, as positions."""

    witnesses: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    values: tuple[Fraction, ...]


@dataclass(frozen=True)
class Compare:
    """The two entries are looked up, along each line."""

    name = "compare"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Unequal):
            raise Refuted("the claim is not that two entries differ")
        return about_w(before) + expect(len(after.witnesses), 2, "the claim has not two entries")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Unequal):
            raise Refuted("the claim is not that two entries differ")
        one, other = (entry_at(context.table(WEIGHT), *at) for at in after.witnesses)
        expect((one, other), after.values, "an entry of W is another number")
        if not one or not other or one == other:
            raise Refuted("the two entries do not differ, or one is zero", None, None, one, other)
        return 2


def entry_at(tables: tuple[Exact, ...], row: tuple[int, ...], column: tuple[int, ...]) -> Fraction:
    """An entry of a product of matrices of numbers; a position outside is refuted."""
    value = Fraction(1)
    for table, r, c in zip(tables, row, column, strict=True):
        if not (0 <= r < len(table.rows) and 0 <= c < table.width):
            raise Refuted("a position outside the matrix", row, column)
        value *= table.rows[r].get(c, {(): 0})[()]
    return value


@dataclass(frozen=True)
class NotLinear:
    """An output, and two inputs in its window: what the maximum makes of their unit vectors and of the sum."""

    witnesses: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Maximum:
    """Take the maximum over the window, of each of the two inputs and of their sum."""

    name = "maximum"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NotLinear):
            raise Refuted("the claim is not about the maximum")
        return expect(len(after.witnesses), 3, "the claim has not an output and two inputs")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, NotLinear):
            raise Refuted("the claim is not about the maximum")
        output, one, other = after.witnesses
        window = list(product(*(reads(line, o) for line, o in zip(context.lines, output, strict=True))))
        ours, theirs = ({p: int(p == at) for p in window} for at in (one, other))
        both = {p: ours[p] + theirs[p] for p in window}
        found = tuple(max(each.values()) for each in (ours, theirs, both))
        expect(found, (1, 1, 1), "the maxima are others")
        if found[0] + found[1] == found[2]:
            raise Refuted("here the maximum is additive", output, (one, other), found[0] + found[1], found[2])
        return len(window)


def reads(line: Line, output: int) -> list[int]:
    """The inputs that an output reads along one line."""
    found = []
    for tap in range(line.taps):
        env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
        t = line.position.at(env)
        p = None if t is None else line.fold(t)
        found += [p] if p is not None else []
    return found


# Building -----------------------------------------------------------------------------------------


MAXIMUM = "max pooling is not linear: the maximum of (1, 0) is {} and that of (0, 1) is {}, but that of their sum (1, 1) is {}, not {}"


def max_is_not_linear() -> str:
    """Why max pooling is no layer here, with two inputs that show it."""
    one, other = (1, 0), (0, 1)
    both = tuple(map(sum, zip(one, other, strict=True)))
    return MAXIMUM.format(max(one), max(other), max(both), max(one) + max(other)) + ", so no matrix W computes it"


def refusal(layer: Any) -> str | None:
    """Only average pooling has windows whose sums are divided."""
    from ..layers import AvgPool

    return None if isinstance(layer, AvgPool) else "it is no average pooling"


def summing(layer: Any) -> Any:
    """The layer that divides by 1."""
    return replace(layer, divisor_override=1)


def depthwise(layer: Any) -> Any:
    """The convolution that reads what the pooling reads, each channel by itself."""
    from ..layers import Conv

    padding = tuple((axis.low, axis.high) for axis in layer.read_map.axes)
    return Conv(
        layer.input_size, layer.kernel_size, layer.channels, layer.channels, layer.stride, padding, 1, layer.channels
    )


def constant(line: Line) -> bool:
    """Whether all outputs along a line have the same coefficient."""
    return line.coefficient_index is None


def differing(layer: Any) -> Unequal:
    """Two outputs that divide by different numbers, each with an input that it reads."""
    lines, tables = layer.read_map.lines, layer.read_map.tables
    at = next(n for n, line in enumerate(lines) if not constant(line))
    other = next(i for i in range(lines[at].outputs) if lines[at].coefficient(i, 0) != lines[at].coefficient(0, 0))

    def entry(output: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        row = tuple(output if n == at else 0 for n in range(len(lines)))
        return row, tuple(min(table[o]) for table, o in zip(tables, row, strict=True))

    values = (
        prod((line.coefficient(o, 0) for line, o in zip(lines, entry(i)[0], strict=True)), start=Fraction(1))
        for i in (0, other)
    )
    return Unequal((entry(0), entry(other)), tuple(values))


def maximum(layer: Any) -> NotLinear | None:
    """An output whose window holds two inputs, if there is one."""
    lines = layer.read_map.lines
    for n, (line, table) in enumerate(zip(lines, layer.read_map.tables, strict=True)):
        output = next((i for i in range(line.outputs) if len(table[i]) > 1), None)
        if output is not None:
            row = tuple(output if m == n else 0 for m in range(len(lines)))
            first = tuple(min(each[o]) for each, o in zip(layer.read_map.tables, row, strict=True))
            second = tuple(sorted(table[output])[1] if m == n else p for m, p in enumerate(first))
            return NotLinear((row, first, second))
    return None


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """S and D, their product, the constant kernel or two outputs that have none, and the maximum."""
    lines = layer.read_map.lines
    sums = summing(layer)
    diagonals = tuple(tuple(line.coefficient(i, 0) for i in range(line.outputs)) for line in lines)
    pairs = zip(between(lines), lines, strict=True)
    inner = tuple(Span(name, number(0), number(line.outputs - 1)) for name, line in pairs)
    chain = [
        Step(Weights(WEIGHT, layer), Known()),
        Step(Weights(SUMS, sums), Known()),
        Step(Diagonal(DIVIDES, diagonals), Count()),
        Step(Equation(WEIGHT, FACTORS, *entry_letters(lines), (inner,)), Scale(), (1, 2, 3)),
        Step(Whole(WEIGHT, FACTORS), Assemble(), (4,)),
    ]
    matrices: dict[str, Any] = {
        name: number_matrix(tuple(map(of_line, each.read_map.lines, each.read_map.tables)))
        for name, each in ((WEIGHT, layer), (SUMS, sums))
    }
    matrices[DIVIDES] = number_matrix(tuple(map(diagonal, diagonals)))
    if all(map(constant, lines)):
        conv = depthwise(layer)
        chain.append(Step(Weights(CONSTANT, conv), Known()))
        chain.append(Step(ConstantKernel(WEIGHT, CONSTANT, tuple(each[0] for each in diagonals)), Constant(), (1, 6)))
        matrices[CONSTANT] = weight_matrix(conv.read_map)
    else:
        chain.append(Step(differing(layer), Compare(), (1,)))
    shown = maximum(layer)
    if shown is not None:
        chain.append(Step(shown, Maximum()))
    return tuple(chain), matrices


def ends(layer: Any) -> tuple[str, ...]:
    """The product, what it says of a constant kernel, and the maximum where a window holds two inputs."""
    same = "constant" if all(map(constant, layer.read_map.lines)) else "compare"
    return ("assemble", same, *(("maximum",) if maximum(layer) is not None else ()))


def others(layer: Any) -> dict[str, Any]:
    """The layer that sums, and where all outputs divide by the same number the convolution that this is."""
    same = all(map(constant, layer.read_map.lines))
    return {SUMS: summing(layer), **({CONSTANT: depthwise(layer)} if same else {})}


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """Both equations on the whole matrices."""
    yield from whole_entries(proof)
    yield from constant_entries(proof)


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """Both equations, multiplied out by SymPy."""
    yield from whole_sympy(proof)
    yield from constant_sympy(proof)


# Words --------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: Diagonal, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    outputs: list[Formula] = [variable(line.letters.output) for line in lines]
    value = Fraction(prod(entries_[0] for line, entries_ in zip(lines, claim.lines, strict=True) if constant(line)))
    factors: list[Formula] = [value] if value != 1 or all(map(constant, lines)) else []
    factors += [Sym(line.letters.coefficient, line.coefficient_index or ()) for line in lines if not constant(line)]
    entry = equals(matrix_entry(claim.letter, outputs, outputs), Juxtapose(tuple(factors)))
    return words("{} is diagonal: {}, and every other entry is zero.", claim.letter, entry)


@reason_parts.register
def _(rule: Count, step: Step, proof: Proof) -> Said:
    if proof.layer.divisor_override is not None:
        return ("the number that replaces the count",)
    return ("the positions of each window that count, counted one by one",)


@reason_parts.register
def _(rule: Scale, step: Step, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    names = [variable(span.name) for span in step.claim.inner[0]]  # type: ignore[attr-defined]
    outputs = [variable(line.letters.output) for line in lines]
    return words(
        "{} is diagonal, so only the term with {} is not zero",
        DIVIDES, equals(position(tuple(names)), position(tuple(outputs))),
    )  # fmt: skip


@claim_parts.register
def _(claim: Unequal, proof: Proof) -> Said:
    shown = []
    for (row, column), value in zip(claim.witnesses, claim.values, strict=True):
        shown.append(equals(matrix_entry(WEIGHT, [number(n) for n in row], [number(n) for n in column]), value))
    said = (
        "{} and {}, which differ. With a constant kernel and zeros beyond the border all entries that are not zero would "
        "be the same number, so no such convolution is this layer."
    )
    return words(said, *shown)


@reason_parts.register
def _(rule: Compare, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; two outputs that divide by different numbers",)


@claim_parts.register
def _(claim: NotLinear, proof: Proof) -> Said:
    output, one, other = claim.witnesses
    unit = "let {} be {} in the place of {} and {} elsewhere"
    first, second = position_symbol("x", one), position_symbol("x", other)
    return words(
        "With the maximum in place of the average the layer would not be linear. " + unit.capitalize() + ", and "
        + unit + ". In the window of {} the maximum of {} is {}, that of {} is {}, and that of {} is {} and not {}.",
        "A", 1, first, 0, "B", 1, second, 0, position_symbol("y", output), "A", 1, "B", 1, "A + B", 1, 2,
    )  # fmt: skip


@reason_parts.register
def _(rule: Maximum, step: Step, proof: Proof) -> Said:
    return (
        "all three maxima taken; a matrix product of a sum is the sum of the products, so no matrix computes the maximum",
    )


def _of_numbers(proof: Proof) -> str:
    """What does not hold in every ring: in some rings 1/3 is 1, and a ring has no maximum."""
    unequal = any(isinstance(step.claim, Unequal) for step in proof.steps)
    return "numbers that differ and of the maximum" if unequal else "the maximum"


def document(proof: Proof) -> Document:
    """The whole derivation of W = D S."""
    layer = proof.layer
    claim = words(
        "{}, where {} is the weight matrix of the layer that sums over the same windows and divides by {}, and {} is "
        "diagonal and divides. ",
        equals(WEIGHT, expression(FACTORS)), SUMS, 1, DIVIDES,
    )  # fmt: skip
    kernel = next((step.claim for step in proof.steps if isinstance(step.claim, ConstantKernel)), None)
    if kernel is not None:
        claim += words(
            f"Every output divides by the same number, so the layer is {depthwise(layer)!r} with {{}} for every kernel entry.",
            kernel.value,
        )
    else:
        claim += (
            "Not every output divides by the same number, so the layer is no convolution with a constant kernel.",
        )
    text = words(
        "Averaging is two steps: the inputs in a window are added up, and the sum is divided. Each step has its own "
        "matrix. {} adds up: its entries are {} and {}. {} divides each sum by its own number.",
        SUMS, 1, 0, DIVIDES,
    )  # fmt: skip
    cases = special(layer)
    blocks = (
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        Heading(("Summing and dividing",)),
        Paragraph(text),
        *number_blocks(SUMS, proof.matrices[SUMS]),
        *number_blocks(DIVIDES, proof.matrices[DIVIDES]),
        *([Paragraph((cases,))] if cases else []),
        Statement(claim),
        steps(proof, words("What the two factors are, and then their product.")),
        *checked(proof, f"{ring(layer)}; what it says of {_of_numbers(proof)} holds over the rational numbers"),
    )
    return Document(title(layer, "is summing and dividing"), blocks, key(proof))


def special(layer: Any) -> str:
    """Sum pooling and global pooling, where they are what this is."""
    axes = layer.read_map.axes
    tables = layer.read_map.tables[-len(axes) :]
    said = []
    if all(axis.coefficient(i, 0) == 1 for axis in axes for i in range(axis.outputs)):
        said.append("Here every sum is divided by 1: this is sum pooling, and D is the identity.")
    if all(axis.outputs == 1 and len(table[0]) == axis.inputs for axis, table in zip(axes, tables, strict=True)):
        said.append("Here one window holds the whole input: this is global pooling, with one output in each channel.")
    return " ".join(said)


THEOREM = Theorem(
    name="pooling",
    statement="W = D S: average pooling sums, then divides; a convolution with a constant kernel exactly where D is constant",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=ends,
    others=others,
    labels=(DEFINITION, ENTRY_RULE),
)
