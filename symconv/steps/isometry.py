"""For which kernels is W^T W = I? Its equations, and their solutions where simple moves find all of them.

An entry of W^T W is a polynomial of degree 2 in the kernel entries; it must be 1 on the diagonal and 0
elsewhere. The entries are products over the lines, so the different equations are few and found line by
line. They are solved over the integers, the rationals or the real numbers by two moves: a product is
zero only if a factor is, and a sum of squares only if each of them is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any, ClassVar, NamedTuple, Union

from ..adjoint import reads
from ..algebra.linear import Entry as Polynomial
from ..algebra.linear import Monomial
from ..algebra.linear import product as multiplied
from ..claims import AnyClaim, Context, Refuted, expect
from ..matrices import label_strides
from ..readmap import ReadMap, labelled_rows
from ..rules import Follows
from ..sums import WEIGHT

Equation = tuple[tuple[Monomial, int], ...]
"""A polynomial that must be zero, as sorted terms."""
MOST_ENTRIES, MOST_EQUATIONS, MOST_NODES = 27, 300, 2_000


class Split(NamedTuple):
    """A product is zero, so one of its two factors is: an equation by its number, and both cases."""

    equation: int
    cases: tuple[Tree, ...]


class Squares(NamedTuple):
    """Two equations differ by a sum of squares, so those entries are zero."""

    larger: int
    smaller: int
    then: Tree


class Contradiction(NamedTuple):
    """An equation is left that says that a number other than 0 is 0."""

    equation: int


class Solution(NamedTuple):
    """One kernel entry is left, and its square times `factor` is 1."""

    entry: int
    factor: int


Tree = Union[Split, Squares, Contradiction, Solution]


def equations(read_map: ReadMap, tables: Sequence[Sequence[dict[int, tuple[int, ...]]]]) -> tuple[Equation, ...] | None:
    """The different equations, from the rows along each line by kernel label; None where they are too many to state."""
    steps = label_strides(read_map)
    entries = 1
    forms = []
    for line, table, step in zip(read_map.lines, tables, steps, strict=True):
        entries *= len({label for row in table for labels in row.values() for label in labels}) or 1
        if entries > MOST_ENTRIES:
            return None
        shared: dict[tuple[int, int], Counter[tuple[int, int]]] = {}
        for row in table:
            for p, q in product(row, repeat=2):
                pairs = shared.setdefault((p, q), Counter())
                pairs.update((u * step, v * step) for u in row[p] for v in row[q])
        along = {(p == q, tuple(sorted(pairs.items()))): None for (p, q), pairs in shared.items()}
        if sum(p != q for p, q in shared) < line.inputs * (line.inputs - 1):  # two inputs that no output reads together
            along[False, ()] = None
        if any((p, p) not in shared for p in range(line.inputs)):  # an input that no output reads
            along[True, ()] = None
        forms.append(list(along))
        if len(along) > MOST_EQUATIONS:
            return None
    found: dict[Equation, None] = {}
    total = 1
    for each in forms:
        total *= len(each)
    if total > MOST_EQUATIONS:
        return None
    for combination in product(*forms):
        terms: Counter[Monomial] = Counter()
        for pairs_ in product(*(form for _, form in combination)):
            left, right = (sum(pair[0][side] for pair in pairs_) for side in (0, 1))
            count = 1
            for _, times in pairs_:
                count *= times
            terms[tuple(sorted((left, right)))] += count
        if all(diagonal for diagonal, _ in combination):
            terms[()] -= 1
        if terms:
            found[tuple(sorted((m, c) for m, c in terms.items() if c))] = None
    return tuple(sorted(found, key=lambda each: (len(each), each)))


def without(equation: Equation, zero: Iterable[int]) -> Equation:
    """The equation where those entries are zero."""
    gone = set(zero)
    return tuple((monomial, c) for monomial, c in equation if not gone & set(monomial))


def squares(larger: Equation, smaller: Equation) -> tuple[int, ...]:
    """The entries whose squares, with positive factors, are the difference; none where it is something else."""
    terms = Counter(dict(larger))
    terms.subtract(dict(smaller))
    left = {monomial: c for monomial, c in terms.items() if c}
    if all(len(monomial) == 2 and monomial[0] == monomial[1] and c > 0 for monomial, c in left.items()):
        return tuple(sorted(monomial[0] for monomial in left))
    return ()


def occurring(given: Sequence[Equation]) -> frozenset[int]:
    """The kernel entries that occur in W: the diagonal holds the square of each."""
    return frozenset(entry for each in given for monomial, _ in each for entry in monomial)


def solve(given: Sequence[Equation]) -> Tree | None:
    """The derivation of all solutions, or None where the two moves do not reach them."""
    budget = [MOST_NODES]

    def search(zero: frozenset[int]) -> Tree | None:
        budget[0] -= 1
        if budget[0] < 0:
            return None
        left = [without(each, zero) for each in given]
        for n, each in enumerate(left):
            if len(each) == 1 and each[0][0] == ():
                return Contradiction(n)
        alive = occurring(given) - zero
        if len(alive) == 1:
            (entry,) = alive
            factors = {dict(each)[entry, entry] for each in left if each}
            if len(factors) == 1:
                return Solution(entry, factors.pop())
        for a, b in combinations(range(len(left)), 2):
            for larger, smaller in ((a, b), (b, a)):
                gone = squares(left[larger], left[smaller])
                if gone:
                    then = search(zero | set(gone))
                    return None if then is None else Squares(larger, smaller, then)
        for n, each in enumerate(left):
            if len(each) == 1:
                parts = tuple(search(zero | {entry}) for entry in sorted(set(each[0][0])))
                return None if None in parts else Split(n, tuple(part for part in parts if part is not None))
        return None

    return search(frozenset())


def replayed(tree: Tree, given: Sequence[Equation], zero: frozenset[int] = frozenset()) -> list[Solution]:
    """The solutions that a derivation ends in, every move of it checked; ValueError where one is not right."""
    match tree:
        case Contradiction(n):
            left = without(given[n], zero)
            if len(left) != 1 or left[0][0] != ():
                raise ValueError(f"equation {n} is no contradiction")
            return []
        case Solution(entry, factor):
            rest = [each for each in (without(each, zero) for each in given) if each]
            if occurring(given) - zero != {entry} or any(
                dict(each) != {(entry, entry): factor, (): -1} for each in rest
            ):
                raise ValueError(f"entry {entry} is no solution")
            return [tree]
        case Split(n, cases):
            left = without(given[n], zero)
            if len(left) != 1 or not left[0][0] or len(cases) != len(set(left[0][0])):
                raise ValueError(f"equation {n} is not that a product is zero")
            parts = zip(sorted(set(left[0][0])), cases, strict=True)
            return [found for entry, case in parts for found in replayed(case, given, zero | {entry})]
        case _:
            gone = squares(without(given[tree.larger], zero), without(given[tree.smaller], zero))
            if not gone:
                raise ValueError(f"equations {tree.larger} and {tree.smaller} do not differ by squares")
            return replayed(tree.then, given, zero | set(gone))


# The product of a column with itself, and the equations as claims ---------------------------------


@dataclass(frozen=True)
class Diagonal:
    """Entry (at, at) of W^T W is this polynomial, so it is not 1."""

    at: tuple[int, ...]
    entry: tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True)
class Kernels:
    """For which kernels W^T W is I: why for none, or the equations and, where they are solved, their solutions."""

    why: str  # unread, rank, solved, unsolved or many
    equations: tuple[Equation, ...] = ()
    solutions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class SumOfSquares:
    """A diagonal entry of W^T W: the products of a row of W^T, forward, with a column of W, inverse."""

    name = "diagonal"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Diagonal):
            raise Refuted("the claim is not about an entry of the product")
        expect(getattr(before, "letter", None), WEIGHT, "the cited step does not say what W is")
        inputs = [range(line.inputs) for line in context.lines]
        inside = len(after.at) == len(inputs) and all(p in where for p, where in zip(after.at, inputs, strict=True))
        expect(inside, True, "there is no such input")
        degrees = {len(monomial) for monomial, _ in after.entry}
        return expect(degrees <= {2}, True, "the entry is not a polynomial without a constant term")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Diagonal):
            raise Refuted("the claim is not about an entry of the product")
        forward = column(context.subject, after.at, inverse=False)
        inverse = column(context.subject, after.at, inverse=True)
        total = squared(forward, inverse)
        return expect(after.entry, tuple(total.items()), "the sum of products is another") * max(len(forward), 1)


@dataclass(frozen=True)
class Solve:
    """The equations of W^T W = I, and every move that leads to their solutions."""

    tree: Tree | None
    name = "kernels"
    follows: ClassVar[Follows] = (("diagonal",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Kernels):
            raise Refuted("the claim is not about kernels")
        if after.why != "solved":
            return expect(after.solutions, (), "solutions are claimed where nothing is solved") + expect(
                self.tree, None, "a derivation of nothing"
            )
        if self.tree is None:
            raise Refuted("the solutions are not derived")
        found = sorted({tuple(each) for each in replayed(self.tree, after.equations)})
        return expect(after.solutions, tuple(found), "the derivation ends in other solutions")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The equations come from the forward reads; each solution, put into them, solves all."""
        layer = context.subject
        read_map = layer.definition.read_map
        if not isinstance(after, Kernels):
            raise Refuted("the claim is not about kernels")
        if after.why in ("unread", "rank"):
            expect(after.equations, (), "equations are claimed where there is no solution")
        if after.why == "unread":
            unread = [set(range(line.inputs)) - {p for _, _, p in reads(line)} for line in read_map.lines]
            return expect(any(unread), True, "every input is read")
        if after.why == "rank":
            rows, columns = (prod(getattr(line, side) for line in read_map.lines) for side in ("outputs", "inputs"))
            return expect(rows < columns, True, "there are at least as many outputs as inputs")
        found = equations(read_map, forward_tables(layer))
        kinds = ("many",) if found is None else ("solved", "unsolved")
        expect(after.why in kinds, True, "why the kernels are not said is another")
        compared = expect(after.equations, found or (), "the equations are others")
        for entry, factor in after.solutions:
            for each in after.equations:
                # With k_entry^2 = 1/factor and the other entries zero.
                terms = dict(each)
                square = terms.get((entry, entry), 0)
                compared += expect(
                    square + factor * terms.get((), 0), 0, f"kernel entry {entry} does not solve an equation"
                )
        return compared


def column(layer: Any, at: tuple[int, ...], inverse: bool) -> dict[int, Polynomial]:
    """The column of W for an input, from the inverse tables or from forward reads: output -> entry."""
    lines = layer.read_map.lines
    cells: list[tuple[int, int]] = [(0, 0)]
    for line, p, step in zip(lines, at, label_strides(layer.read_map), strict=True):
        if inverse:
            along = [(i, line.label(i, tap)) for i, taps in line.meets(p).items() for tap in taps]
        else:
            along = [
                (i, label) for (i, label, source), times in reads(line).items() if source == p for _ in range(times)
            ]
        cells = [(row * line.outputs + i, flat + label * step) for row, flat in cells for i, label in along]
    found: dict[int, Polynomial] = {}
    for row, flat in cells:
        entry = found.setdefault(row, {})
        entry[flat,] = entry.get((flat,), 0) + 1
    return found


def squared(left: dict[int, Polynomial], right: dict[int, Polynomial]) -> Polynomial:
    """The sum of the products of two columns."""
    total: Polynomial = {}
    for row in sorted(left.keys() & right.keys()):
        for monomial, count in multiplied(left[row], right[row]).items():
            total[monomial] = total.get(monomial, 0) + count
    return dict(sorted(total.items()))


def forward_tables(layer: Any) -> list[Any]:
    """The rows of each line by kernel label, from the definition."""
    tables = []
    for line in layer.read_map.lines:
        table: list[dict[int, tuple[int, ...]]] = [{} for _ in range(line.outputs)]
        for (i, label, p), times in reads(line).items():
            table[i][p] = (*table[i].get(p, ()), *[label] * times)
        tables.append(table)
    return tables


def labelled_tables(layer: Any) -> list[Any]:
    """The same from the inverse tables."""
    read_map = layer.read_map
    return [list(map(dict, labelled_rows(*each))) for each in zip(read_map.lines, read_map.tables, strict=True)]


def kernels(layer: Any) -> tuple[Kernels, Solve]:
    """Why no kernel can do it, or the equations and what becomes of them."""
    read_map = layer.read_map
    if any(
        len({p for row in table for p in row}) < line.inputs
        for line, table in zip(read_map.lines, read_map.tables, strict=True)
    ):
        return Kernels("unread"), Solve(None)
    if prod(line.outputs for line in read_map.lines) < prod(line.inputs for line in read_map.lines):
        return Kernels("rank"), Solve(None)
    found = equations(read_map, labelled_tables(layer))
    if found is None:
        return Kernels("many"), Solve(None)
    tree = solve(found)
    if tree is None:
        return Kernels("unsolved", found), Solve(None)
    solutions = sorted({tuple(each) for each in replayed(tree, found)})
    return Kernels("solved", found, tuple(solutions)), Solve(tree)  # type: ignore[arg-type]
