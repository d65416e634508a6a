"""The further checks of a theorem that is an equation of whole matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..claims import Refuted
from ..expressions import Expr, Times, letters_of
from ..identities import Whole, exact, same
from ..matrices import LabelledMatrix


def wholes(proof: Any) -> list[Whole]:
    """The equations of whole matrices that a proof has."""
    return [step.claim for step in proof.steps if isinstance(step.claim, Whole)]


def whole_entries(proof: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    """Both sides of the whole equation, multiplied out entry by entry on the flattened matrices."""

    def multiplied() -> int:
        claims = wholes(proof)
        names = {name for claim in claims for side in (claim.left, claim.right) for name in letters_of(side)}
        known = {name: exact(proof.matrices[name]) for name in sorted(names)}
        return sum(same(claim, known, "row") for claim in claims)

    yield "every entry of both sides, multiplied out", multiplied


def whole_sympy(proof: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy multiplies both sides, and their difference expands to zero."""

    def multiplied_out() -> int:
        from sympy import ImmutableSparseMatrix, Rational, Symbol

        kernel: dict[int, Symbol] = {}

        def matrix(letter: str) -> Any:
            found = proof.matrices[letter]
            cells = {
                (r, c): sum(kernel.setdefault(u, Symbol(f"k{u}")) for u in cell)
                if isinstance(found, LabelledMatrix)
                else Rational(cell)
                for r, row in enumerate(found.rows)
                for c, cell in row.items()
            }
            return ImmutableSparseMatrix(*found.shape, cells)

        def value(expr: Expr) -> Any:
            match expr:
                case str():
                    return matrix(expr)
                case Times((first, *others)):
                    total = value(first)
                    for other in others:
                        total = total * value(other)
                    return total
            raise AssertionError(f"transpose has a check of its own: {expr!r}")

        return sum(equal_in_sympy(value(claim.left), value(claim.right)) for claim in wholes(proof))

    yield "the difference of both sides expands to 0 in SymPy", multiplied_out


def equal_in_sympy(left: Any, right: Any) -> int:
    """The number of entries of two SymPy matrices; refuted at the first where their difference does not expand to 0."""
    from sympy import expand

    differing = [place for place, entry in (left - right).todok().items() if expand(entry) != 0]
    if differing:
        row, column = min(differing)
        raise Refuted("SymPy finds another entry", row, column, left[row, column], right[row, column])
    return int(left.rows * left.cols)
