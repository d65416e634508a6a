"""Equations between matrices in words and formulas, and the 0/1 matrices that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ..expressions import Expr, Times, Transposed
from ..formula import Array, Cases, Chain, Formula, Juxtapose, Power, Sigma, Sym, equals, times
from ..identities import (
    NEW_KERNEL,
    Assemble,
    Equation,
    Known,
    Select,
    Selected,
    Substitute,
    Substituted,
    Weights,
    Whole,
)
from ..matrices import NumberMatrix
from ..proof import Proof, Step
from ..sums import INPUT, KERNEL, PADDED, Span, variable
from .blocks import Block, Cell, Matrix, Paragraph, Reference, words
from .common import place
from .described import described
from .wording import ENTRY_RULE, Said, claim_parts, entry_rule, matrix_entry, reason_parts

FULL_NUMBERS = 40
"""Columns up to which a matrix of numbers is printed."""
FULL_HEIGHT = 36
"""And rows: a page holds no more."""


def expression(expr: Expr) -> Formula:
    """W = V P, by the letters of the matrices."""
    match expr:
        case str():
            return expr
        case Times(parts):
            return Juxtapose(tuple(map(expression, parts)))
        case Transposed(of):
            return Power(expression(of), "T")
    raise AssertionError(f"not a matrix: {expr!r}")


def known(layer: Any) -> Proof:
    """The proof of weight_matrix for a layer, from which the rule of its entries is read off."""
    from ..catalogue import prove

    return prove(layer, check="axes")


def entry_of(
    expr: Expr, rows: Sequence[Formula], columns: Sequence[Formula], inner: Sequence[Sequence[Span]]
) -> Formula:
    """One entry of an expression: of a product, the sum over the indices in between."""
    match expr:
        case str():
            return matrix_entry(expr, rows, columns)
        case Transposed(of):
            return entry_of(of, columns, rows, inner)
        case Times(parts):
            between: list[Sequence[Formula]] = [
                [span.single or variable(span.name) for span in spans] for spans in inner
            ]
            ends = [rows, *between, columns]
            sigmas = tuple(Sigma(span) for spans in inner for span in spans if span.single is None)
            factors = (entry_of(part, ends[n], ends[n + 1], ()) for n, part in enumerate(parts))
            return Juxtapose((*sigmas, *factors))
    raise AssertionError(f"not a matrix: {expr!r}")


@claim_parts.register
def _(claim: Weights, proof: Proof) -> Said:
    if claim.layer == proof.layer:
        said = words("The entries of the weight matrix {} are ", claim.letter)
        return (*said, Reference(ENTRY_RULE), ".")
    rule, _ = entry_rule(known(claim.layer), claim.letter)
    return (
        *words("{} is the weight matrix of ", claim.letter),
        *described(claim.layer, proof.layer),
        *words(": {}.", rule),
    )


@claim_parts.register
def _(claim: Selected, proof: Proof) -> Said:
    rows = [variable(line.row) for line in claim.lines]
    columns = [variable(line.column) for line in claim.lines]
    if claim.held:
        signal = Sym(PADDED if proof.layer.read_map.padded else INPUT, tuple(line.to for line in claim.lines))
        condition: Formula = Chain("is", (signal, Sym(INPUT, tuple(columns))))
    else:
        pairs = zip(columns, claim.lines, strict=True)
        condition = Chain("and", tuple(equals(column, line.to) for column, line in pairs))
    rule = Cases(((1, condition), (0, "otherwise")))
    return words("{}.", equals(matrix_entry(claim.letter, rows, columns), rule))


@claim_parts.register
def _(claim: Substituted, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    letters = [variable(line.letters.kernel) for line in lines]
    plain = zip(lines, claim.indices, letters, strict=True)
    own = [index for line, index, letter in plain for index in ((index,) if index is not None else line.kernel_index)]
    new = [
        part
        for line, index, letter in zip(lines, claim.indices, letters, strict=True)
        for part in ((letter,) if index is not None else line.kernel_index)
    ]
    gaps = any(index is not None and index.divisor > 1 for index in claim.indices)
    rule = equals(Sym(NEW_KERNEL, tuple(new)), Sym(KERNEL, tuple(own)))
    where = ", which is zero where an index is not an integer" if gaps else ""
    return words(f"{{}} is {{}} for the kernel {{}}{where}.", claim.letter, claim.of, rule)


@claim_parts.register
def _(claim: Equation, proof: Proof) -> Said:
    rows, columns = ([variable(name) for name in names] for names in (claim.rows, claim.columns))
    sides = (entry_of(side, rows, columns, claim.inner) for side in (claim.left, claim.right))
    return words("{}.", equals(*sides))


@claim_parts.register
def _(claim: Whole, proof: Proof) -> Said:
    return words("{}.", equals(expression(claim.left), expression(claim.right)))


@reason_parts.register
def _(rule: Known, step: Step, proof: Proof) -> Said:
    return ("theorem weight_matrix",)


@reason_parts.register
def _(rule: Select, step: Step, proof: Proof) -> Said:
    return ("definition",)


@reason_parts.register
def _(rule: Substitute, step: Step, proof: Proof) -> Said:
    return ("definition",)


@reason_parts.register
def _(rule: Assemble, step: Step, proof: Proof) -> Said:
    product = any(isinstance(side, Times) for side in (step.claim.left, step.claim.right))  # type: ignore[attr-defined]
    said = "definition of the matrix product; " if product else ""
    return (f"{said}positions are flattened row by row on both sides",)


def number_blocks(letter: str, matrix: NumberMatrix) -> list[Block]:
    """A matrix of numbers with its labels, while it fits."""
    rows, columns = matrix.shape
    if rows > FULL_HEIGHT or columns > FULL_NUMBERS:
        said = "{} is {}, too large to print; it has {} entries that are not zero."
        return [Paragraph(words(said, letter, times(matrix.shape), matrix.nonzeros))]
    cells = {
        (r, c): Cell(_number(value), None, str(value)) for r, row in enumerate(matrix.rows) for c, value in row.items()
    }
    grid = Matrix(
        tuple(place(matrix.row_position(row)) for row in range(rows)),
        tuple(place(matrix.column_position(column)) for column in range(columns)),
        cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        words("{} is {}; written out", letter, times(matrix.shape)),
    )
    return [grid]


def small(matrix: NumberMatrix) -> Array:
    """A small matrix of numbers within a formula."""
    return Array(tuple(tuple(_number(row.get(column, 0)) for column in range(matrix.shape[1])) for row in matrix.rows))


def _number(value: Any) -> Formula:
    return int(value) if value == int(value) else Fraction(value)
