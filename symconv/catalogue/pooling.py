"""W = D S: average pooling sums over windows, and then divides; and why the maximum has no W.

S is the weight matrix of the layer that only sums, and D is diagonal. Where D is constant the layer is
a depthwise convolution with a constant kernel; where two outputs divide by different numbers it is none that reads zeros
beyond the border.
Max pooling is not linear: two inputs show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from ..algebra.linear import of_line
from ..documents import averaging as _averaging  # noqa: F401 - registers its words
from ..documents import constant_kernel as _words  # noqa: F401 - registers its words
from ..documents.blocks import Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.described import described
from ..documents.identities import expression, known, number_blocks
from ..documents.known import ring
from ..documents.setting import definition, flattening, key, output_size, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..expressions import Times
from ..formula import equals
from ..identities import (
    Assemble,
    Diagonal,
    Equation,
    Known,
    Weights,
    Whole,
    entry_letters,
    number_matrix,
)
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..steps.averaging import (
    DIVIDES,
    SUMS,
    Compare,
    Count,
    Maximum,
    NotLinear,
    Scale,
    Unequal,
    between,
    constant,
    diagonal,
)
from ..steps.constant_kernel import Constant, ConstantKernel, constant_entries, constant_sympy
from ..steps.identity_checks import whole_entries, whole_sympy
from ..sums import WEIGHT, Span, number

if TYPE_CHECKING:
    from ..layers import Layer

CONSTANT = "V"
FACTORS = Times((DIVIDES, SUMS))


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


# The document -------------------------------------------------------------------------------------


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
            "Every output divides by the same number, so the layer is the convolution {} with {} for every kernel entry: ",
            CONSTANT, kernel.value,
        ) + (*described(depthwise(layer)), ".")  # fmt: skip
    else:
        claim += (
            "Not every output divides by the same number, so the layer is no convolution with a constant kernel and zeros beyond the border.",
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
    statement="W = D S: average pooling sums, then divides; a convolution with a constant kernel and zeros beyond the border exactly where D is constant",
    why=words(
        "Every output adds up what its window reads and is divided by a number of its own; a diagonal matrix divides."
    ),
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
    tables=4,
)
