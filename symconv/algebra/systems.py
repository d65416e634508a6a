"""Systems of linear equations over the rationals, solved once for every right-hand side.

An equation has a label and says that a sum of coefficient times unknown is the value of that label. The
values are not needed to solve it: the answer says which combination of values each unknown is, and
which labels' values are combinations of the others', so that any values at all, numbers or
polynomials, can be put in afterwards.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

ONE = Fraction(1)
Combination = dict[Any, Fraction]
"""Coefficients of labels, or of unknowns; zeros are absent."""


@dataclass(frozen=True)
class Solved:
    """A solution for whatever values have one.

    `unknowns`: each unknown as a combination of the values; a free one is zero.
    `values`: each label's value as a combination of the independent ones' (an independent one: itself alone).
    `free`: a basis of the null space, one vector for each free unknown.
    """

    unknowns: dict[int, Combination]
    values: dict[Hashable, Combination]
    free: tuple[Combination, ...]

    @property
    def rank(self) -> int:
        """How many equations are independent."""
        return len(self.unknowns) - len(self.free)


def solve(equations: Mapping[Hashable, Mapping[int, int]], unknowns: int) -> Solved:
    """Gauss-Jordan elimination; of equations that depend on each other, the first ones are kept.

    >>> answer = solve({"a": {0: 1}, "b": {0: 1, 1: 2}, "c": {1: 1}}, 3)
    >>> answer.unknowns[1], answer.unknowns[2]
    ({'b': Fraction(1, 2), 'a': Fraction(-1, 2)}, {})
    >>> answer.values["c"]
    {'b': Fraction(1, 2), 'a': Fraction(-1, 2)}
    >>> answer.free
    ({2: Fraction(1, 1)},)
    """
    pivots: dict[int, tuple[Combination, Combination]] = {}  # unknown -> its equation, and what that is made of
    values: dict[Hashable, Combination] = {}
    for label, equation in equations.items():
        left = {u: Fraction(c) for u, c in equation.items() if c}
        made: Combination = {label: ONE}
        for u in [u for u in left if u in pivots]:
            factor = -left[u]
            add(left, pivots[u][0], factor)
            add(made, pivots[u][1], factor)
        if not left:
            del made[label]
            values[label] = {other: -c for other, c in made.items()}
            continue
        values[label] = {label: ONE}
        pivot = min(left)
        scale = 1 / left[pivot]
        left, made = ({key: c * scale for key, c in each.items()} for each in (left, made))
        for row, parts in pivots.values():
            if pivot in row:
                factor = -row[pivot]
                add(row, left, factor)
                add(parts, made, factor)
        pivots[pivot] = left, made
    free = tuple(
        {f: ONE, **{u: -row[f] for u, (row, _) in sorted(pivots.items()) if f in row}}
        for f in range(unknowns)
        if f not in pivots
    )
    return Solved({u: pivots[u][1] if u in pivots else {} for u in range(unknowns)}, values, free)


def add(total: Combination, other: Mapping[Any, Fraction], factor: Fraction = ONE) -> None:
    """Add a multiple of a combination to another, in place."""
    for key, c in other.items():
        new = total.get(key, 0) + (c if factor == 1 else factor * c)
        if new:
            total[key] = new
        else:
            total.pop(key, None)
