"""Any number of axes: what a bracket leaves of a sum over tuples, by induction on the number of axes."""

from __future__ import annotations

from collections.abc import Iterator

from ..sizes import Ratio, Var
from .moves import Backwards, Definition, Distribute, Equality, Facts, Sift, Use
from .proof import Equalities, Link, Sample, chain
from .terms import Among, Below, Bracket, Divides, Related, Same, SumOver, Tensor, Within, times

U, D, K, E = Var("u"), Var("d"), Var("k"), Var("h")
BEFORE, FOUND = Var("u'"), Var("v'")
"""The tuple of the first axes' variables, and the one that the bracket leaves of them."""

READS, FITS = Bracket(Related("first", (BEFORE,))), Bracket(Related("fits", ()))
HYPOTHESIS = Equality(
    SumOver((Among("u'", "U'"),), times(Tensor("F", (BEFORE,)), READS)), times(FITS, Tensor("F", (FOUND,))), ("F",)
)
"""For every F, of the sum over the first axes their bracket leaves F at one tuple, or nothing."""


def one_more_axis() -> Equalities:
    """If it is so for the first axes, it is so with one more, whose bracket says d u = h."""
    facts = Facts(("d", "k", "h", "v'"), (D - 1, K - 1), equalities={"hypothesis": HYPOTHESIS})
    same, at = Same(D * U, E), Ratio(E, D)
    entry, conditions = Tensor("F", (BEFORE, U)), (Bracket(Divides(D, E)), Bracket(Within(at, K)))
    last = SumOver((Below("u", K),), times(entry, Bracket(same)))
    left = times(*conditions, Tensor("F", (BEFORE, at)))
    steps = (
        Link(Backwards(Distribute()), SumOver((Among("u'", "U'"),), times(READS, last))),
        Sift("u", same, E, D),
        Use("hypothesis", (("F", Definition(("u'",), left)),)),
    )
    start = SumOver((Among("u'", "U'"), Below("u", K)), times(entry, READS, Bracket(same)))
    return chain("one more axis", start, steps, facts, tuple(samples()))


def samples() -> Iterator[Sample]:
    """The bracket of the first axes leaves one of them, or nothing; d divides h, or not, or h/d is out of range."""
    for found, h in ((1, 4), (1, 3), (2, 6), (None, 2)):

        def first(at: int, found: int | None = found) -> bool:
            return at == found

        def fits(found: int | None = found) -> bool:
            return found is not None

        yield Sample({"d": 2, "k": 3, "h": h, "v'": found or 0}, {"U'": range(3)}, {"first": first, "fits": fits})
