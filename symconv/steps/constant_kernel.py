"""A layer without a kernel that is a convolution with the same number for every kernel entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, ClassVar

from ..algebra.linear import Exact, difference
from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import Selected, Weights, entry_letters, exact
from ..rules import Follows
from .identity_checks import equal_in_sympy


@dataclass(frozen=True)
class ConstantKernel:
    """The matrix `letter` is the weight matrix `of` with a number for every kernel entry.

    The number is the product of the `values`, one for each line.
    """

    letter: str
    of: str
    values: tuple[int | Fraction, ...]

    @property
    def value(self) -> Fraction:
        """The number that every kernel entry is."""
        return Fraction(prod(self.values))


@dataclass(frozen=True)
class Constant:
    """Put the number for every kernel entry, along each line; what comes out is the other matrix."""

    name = "constant"
    follows: ClassVar[Follows] = (("known", "select"), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ConstantKernel):
            raise Refuted("the claim is not that a kernel is constant")
        said = [claim.letter for claim in context.cited if isinstance(claim, (Weights, Selected))]
        compared = expect(said, [after.letter, after.of], "the cited steps do not say what the two matrices are")
        for claim in context.cited:
            if isinstance(claim, Selected):
                expect(claim.letters, entry_letters(context.lines), "an entry has other letters than output and input")
                compared += expect(claim.held, False, f"{claim.letter} says what the padded input holds")
        return compared + expect(len(after.values), len(context.lines), "the claim has not one number for each line")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ConstantKernel):
            raise Refuted("the claim is not that a kernel is constant")
        compared = 0
        tables = zip(context.lines, after.values, context.table(after.letter), context.table(after.of), strict=True)
        for line, value, ours, theirs in tables:
            if not theirs.nonzeros:  # any number does; the claim has one text
                compared += expect(
                    value, 1, f"nothing is multiplied along {line.letters.output}, and the number is not 1"
                )
            compared += agree(ours, with_constant(theirs, value), line.letters.output)
        return compared


def with_constant(matrix: Exact, value: int | Fraction) -> Exact:
    """A weight matrix with a number for every kernel entry."""
    rows = ({column: value * sum(entry.values()) for column, entry in row.items()} for row in matrix.rows)
    return Exact(tuple({c: {(): total} for c, total in row.items() if total} for row in rows), matrix.width)


def agree(ours: Exact, theirs: Exact, where: str) -> int:
    """Two matrices have the same entries; how many."""
    expect(ours.shape, theirs.shape, "the two matrices have different shapes")
    found = difference(ours, theirs)
    if found is not None:
        raise Refuted(
            "the two matrices differ", f"{where}={found.row}", f"column {found.column}", found.left, found.right
        )
    return ours.nonzeros


def constant_entries(proof: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    """Every entry of the whole matrices with the number put in."""
    for step in proof.steps:
        if isinstance(step.claim, ConstantKernel):
            claim = step.claim

            def compared(claim: ConstantKernel = claim) -> int:
                ours, theirs = (exact(proof.matrices[name]) for name in (claim.letter, claim.of))
                return agree(ours, with_constant(theirs, claim.value), "row")

            yield f"every entry of {claim.letter} and {claim.of}", compared


def constant_sympy(proof: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy puts the number for every kernel symbol of the other layer's matrix."""
    for step in proof.steps:
        if isinstance(step.claim, ConstantKernel):
            layers = {s.claim.letter: s.claim.layer for s in proof.steps if isinstance(s.claim, Weights)}

            def put_in(claim: ConstantKernel = step.claim, layers: dict[str, Any] = layers) -> int:
                from sympy import ImmutableSparseMatrix, Rational

                rows = enumerate(proof.matrices[claim.letter].rows)
                cells = {(r, c): Rational(value) for r, row in rows for c, value in row.items()}
                theirs = layers[claim.of].weight_matrix()
                ours = ImmutableSparseMatrix(*theirs.shape, cells)
                put = dict.fromkeys(theirs.free_symbols, Rational(claim.value))
                return equal_in_sympy(ours, theirs.subs(put))

            yield "with the number put for every kernel symbol, the difference is 0 in SymPy", put_in
