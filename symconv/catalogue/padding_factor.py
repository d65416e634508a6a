"""W = V P: padding is a matrix of its own.

V is the weight matrix of the same layer on the padded signal, where nothing is padded any more, and P
the 0/1 matrix that pads: row f has its 1 where position f of the padded signal repeats an input, and
no 1 where it holds zero. So every padding mode is the same banded V after another P.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..adjoint import unpadded
from ..algebra.linear import Exact, numbers
from ..documents.blocks import Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import expression, known, number_blocks
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, reason_parts
from ..expressions import Times
from ..formula import equals, position
from ..identities import Assemble, Equation, Known, Multiply, Select, Selected, Selection, Weights, Whole, number_matrix
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Line
from ..steps.identity_checks import whole_entries, whole_sympy
from ..sums import WEIGHT, Span, number, variable

if TYPE_CHECKING:
    from ..layers import Conv

UNPADDED, PADDING = "V", "P"
FACTORS = Times((UNPADDED, PADDING))
CHANNEL_BETWEEN = "d"  # the channel of a position of the padded input


@dataclass(frozen=True)
class Pad(Multiply):
    """Row f of P picks the input that lies at f, so the sum over f collects what W collects."""

    held = True


def refusal(layer: Any) -> str | None:
    """Nothing to factor out where nothing is padded, and only a Conv pads its input."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv pads its input"
    if not any(map(any, layer.padding)) and set(layer.input_dilation) == {1}:
        return "it has no padding, so W is V itself"
    return None


def pads(line: Line) -> Exact:
    """P along one line, from each input to the positions that hold it; positions are counted from 0."""
    where = line.padded_range
    cells = {(where.index(t), p): 1 for p in range(line.inputs) for t in line.copies(p)}
    return numbers(cells, len(where), line.inputs)


def positions_held(layer: Any) -> tuple[Selection, ...]:
    """Where the ones of P are: row f, counted from 0, has its own in the column of the input that lies there."""
    lines = layer.read_map.lines
    names = tuple(CHANNEL_BETWEEN if line is layer.read_map.channels else line.letters.padded for line in lines)
    return tuple(
        Selection(
            name, range(len(line.padded_range)), line.letters.input, range(line.inputs),
            variable(name) + line.padded_range[0],
        )
        for name, line in zip(names, lines, strict=True)
    )  # fmt: skip


def build(layer: Conv) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """What V and P are, their product along each line, and the whole."""
    inner = unpadded(layer)
    lines = layer.read_map.lines
    selections = positions_held(layer)
    tables = tuple(map(pads, lines))
    equation = Equation(
        WEIGHT,
        FACTORS,
        tuple(line.letters.output for line in lines),
        tuple(line.letters.input for line in lines),
        (tuple(Span(each.row, number(0), number(len(each.rows) - 1)) for each in selections),),
    )
    chain = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Weights(UNPADDED, inner), Known()),
        Step(Selected(PADDING, selections, held=True), Select(tables)),
        Step(equation, Pad(), (1, 2, 3)),
        Step(Whole(WEIGHT, FACTORS), Assemble(), (4,)),
    )
    matrices = {
        WEIGHT: weight_matrix(layer.read_map),
        UNPADDED: weight_matrix(inner.read_map),
        PADDING: number_matrix(tables),
    }
    return chain, matrices


@reason_parts.register
def _(rule: Pad, step: Step, proof: Proof) -> Said:
    letters = [variable(line.row) for line in _selected(proof).lines]
    return words(
        "a term is not zero only where position {} holds the input, so the sum collects the kernel entries that lie on it",
        position(tuple(letters)),
    )


def _selected(proof: Proof) -> Selected:
    return next(step.claim for step in proof.steps if isinstance(step.claim, Selected))


def document(proof: Proof) -> Document:
    """The whole derivation of W = V P."""
    layer = proof.layer
    matrix = proof.matrices[PADDING]
    tables = [table for step in proof.steps if isinstance(step.rule, Select) for table in step.rule.tables]
    zero = any(not row for table in tables for row in table.rows)
    twice = any(len({c for row in table.rows for c in row}) < table.nonzeros for table in tables)
    text = words(
        "Let {} pad a flattened input: it has one row for each position of the padded input, counted from {}, ",
        PADDING,
        0,
    )
    text += words("with a one in the column of the input that lies there")
    text += (", and no one where there is zero" if zero else "",)
    text += (". An input that is repeated has a one in several rows." if twice else ".",)
    claim = words(
        "{}, where {} is the weight matrix of the same layer on the padded input, without padding: "
        "padding first, then convolving without it, is the layer.",
        equals(WEIGHT, expression(FACTORS)), UNPADDED,
    )  # fmt: skip
    opening = words(
        "{} and {} are known from the theorem weight_matrix; what remains is to multiply.", WEIGHT, UNPADDED
    )
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        Heading(("Padding as a matrix",)),
        Paragraph(text),
        *number_blocks(PADDING, matrix),
        Statement(claim),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "is padding times a convolution without it"), blocks, key(proof))


THEOREM = Theorem(
    name="padding_factor",
    statement="W = V P: the layer is the layer without padding, after the 0/1 matrix P that pads",
    why=words(
        "An output reads only the padded input, and to pad is to copy inputs, put zeros or leave inputs out, which a matrix of zeros and ones does."
    ),
    refusal=refusal,
    build=build,
    entries=whole_entries,
    sympy=whole_sympy,
    size=lambda layer: layer.definition.read_map.nonzeros,
    tables=4,
    document=document,
    starts=("known",),
    ends=("assemble",),
    others=lambda layer: {UNPADDED: unpadded(layer)},
    labels=(DEFINITION, ENTRY_RULE),
)
