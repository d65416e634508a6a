"""The trusted kernel: what it means that two linear layers are the same.

Every output of a layer is a finite sum of products: a coefficient, times a kernel entry, times an
input. Collected by like terms such a sum is a *row*,

    {(kernel entry or None, input or None): coefficient},

None standing for "no kernel entry" (a known coefficient alone) or "no input" (a bias). Kernel
entries and inputs are independent symbols over any commutative ring, so two sums are equal as
polynomials exactly when their rows are equal as dictionaries. Everything this package proves ends
in that comparison, and this file is all there is to it.

Rows are compared one at a time, so a layer of any size takes the memory of one row.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

Term = tuple[Hashable | None, Hashable | None]
Coefficient = int | Fraction
Row = dict[Term, Coefficient]


class Difference(NamedTuple):
    """The first place where two families of rows disagree."""

    output: Hashable
    term: Term | None  # None: the output itself is missing on one side
    left: Coefficient
    right: Coefficient


def collect(terms: Iterable[Term]) -> Row:
    """Add up like terms, each with coefficient one; what cancels or never occurs is absent."""
    row: Row = {}
    for term in terms:
        row[term] = row.get(term, 0) + 1
    return row


def weigh(terms: Iterable[tuple[Term, Coefficient]]) -> Row:
    """Add up like terms, each with its coefficient; what cancels is absent."""
    row: Row = {}
    for term, coefficient in terms:
        row[term] = row.get(term, 0) + coefficient
    return {term: total for term, total in row.items() if total}


def row_difference(
    output: Hashable, left: Mapping[Term, Coefficient], right: Mapping[Term, Coefficient]
) -> Difference | None:
    """The first term on which two rows of the same output disagree, or None."""
    if left == right:
        return None
    for term in [*left, *right]:
        here, there = left.get(term, 0), right.get(term, 0)
        if here != there:
            return Difference(output, term, here, there)
    return None  # the rows differ only in explicit zeros


def first_difference(
    left: Iterable[tuple[Hashable, Mapping[Term, Coefficient]]],
    right: Iterable[tuple[Hashable, Mapping[Term, Coefficient]]],
) -> Difference | None:
    """Compare two streams of (output, row), in the same order, and return the first difference.

    >>> same = [("y0", {("k0", "x0"): 1})]
    >>> first_difference(same, same) is None
    True
    >>> first_difference(same, [("y0", {("k1", "x0"): 1})])
    Difference(output='y0', term=('k0', 'x0'), left=1, right=0)
    """
    for ours, theirs in zip_longest(left, right):
        if ours is None:
            return Difference(theirs[0], None, 0, 1)
        if theirs is None or ours[0] != theirs[0]:
            return Difference(ours[0], None, 1, 0)
        difference = row_difference(ours[0], ours[1], theirs[1])
        if difference is not None:
            return difference
    return None
