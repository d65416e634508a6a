"""W as a sum of Kronecker products: the 0/1 factors of its lines, and the rules that add them up.

tabulate    what tap u of an output reads, forward
collect     the factors, each with its kernel entry, are W
kronecker   the product over the lines
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..algebra.linear import Exact, difference, numbers
from ..claims import AnyClaim, Context, Refuted, expect, for_each_line
from ..identities import about_w, number_matrix
from ..matrices import NumberMatrix
from ..readmap import Axis, Line, ReadMap, with_quotients
from ..rules import Follows, is_matrix, row_major
from ..sums import WEIGHT


@dataclass(frozen=True)
class Reads:
    """Along each line, entry (i, p) of S_u is 1 where tap u of output i reads input p."""


@dataclass(frozen=True)
class Tabulate:
    """The factors, from the definition: where tap u of an output reads, forward."""

    factors: tuple[dict[int, Exact], ...]  # line by line: label of a kernel entry -> its 0/1 matrix
    name = "tabulate"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Reads):
            raise Refuted("the claim does not say what the factors are")
        compared = 0
        for line, factors in zip(context.lines, for_each_line(context, self.factors, "family of factors"), strict=True):
            for factor in factors.values():
                compared += expect(factor.shape, (line.outputs, line.inputs), "a factor has another shape")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, factors in zip(context.lines, self.factors, strict=True):
            found: dict[int, dict[tuple[int, int], int]] = {}
            for output in range(line.outputs):
                for tap in range(line.taps):
                    env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
                    t = line.position.at(env)
                    p = None if t is None else line.fold(t)
                    cells = found.setdefault(line.label(output, tap), {})
                    if p is not None:
                        cells[output, p] = 1
            expect(sorted(factors), sorted(found), "there is not one factor for each kernel entry")
            for label, cells in found.items():
                here = difference(factors[label], numbers(cells, line.outputs, line.inputs))
                if here is not None:
                    at = f"{line.letters.output}={here.row}", f"{line.letters.input}={here.column}"
                    raise Refuted("a factor is not where its tap reads", *at, here.left, here.right)
                compared += len(cells)
        for name, matrix in printed(context.subject.definition.read_map, self.factors).items():
            compared += is_matrix(context, name, matrix)
        context.tables[FACTORS] = self.factors
        return compared


FACTORS = "S"


@dataclass(frozen=True)
class SumOfFactors:
    """Along each line, W_{i,p} is the sum over u of k_u (S_u)_{i,p}."""


@dataclass(frozen=True)
class Collect:
    """The factors, each with its kernel entry, are W: what is read forward against the inverse tables."""

    name = "collect"
    follows: ClassVar[Follows] = (("known",), ("tabulate",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        said = isinstance(after, SumOfFactors)
        return about_w(before) + expect(said, True, "the claim does not collect the factors into W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, table, factors in zip(context.lines, context.table(WEIGHT), context.table(FACTORS), strict=True):
            total = weighted(factors, line.outputs, line.inputs)
            found = difference(table, total)
            if found is not None:
                at = f"{line.letters.output}={found.row}", f"{line.letters.input}={found.column}"
                raise Refuted("the factors do not add up to W", *at, found.left, found.right)
            compared += total.nonzeros
        return compared


def weighted(factors: dict[int, Exact], height: int, width: int) -> Exact:
    """The sum over u of k_u S_u."""
    rows: list[dict[int, Any]] = [{} for _ in range(height)]
    for label, factor in factors.items():
        for r, row in enumerate(factor.rows):
            for column, entry in row.items():
                cell = rows[r].setdefault(column, {})
                for _, count in entry.items():
                    cell[label,] = cell.get((label,), 0) + count
    return Exact(tuple(rows), width)


@dataclass(frozen=True)
class KroneckerSum:
    """W is the sum over all kernel entries of k times the Kronecker product of their factors."""


@dataclass(frozen=True)
class Kronecker:
    """Row-major numbering turns the product of entries into an entry of the Kronecker product."""

    name = "kronecker"
    follows: ClassVar[Follows] = (("collect",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        said = isinstance(after, KroneckerSum) and isinstance(before, SumOfFactors)
        return expect(said, True, "the claim is not the sum of Kronecker products")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Where the ones of a Kronecker product lie, by W's own labels."""
        return row_major(context.matrix(WEIGHT), context.lines)


def printed(read_map: ReadMap, factors: tuple[dict[int, Exact], ...]) -> dict[str, NumberMatrix]:
    """The factors of the axes as matrices with labels: S0, S1, ..., T0, ..."""
    return {
        f"{family_letter(read_map, n)}{u}": number_matrix((factor,))
        for n, (line, family) in enumerate(zip(read_map.lines, factors, strict=True))
        if isinstance(line, Axis)
        for u, factor in family.items()
    }


def factors_of(line: Line) -> dict[int, Exact]:
    """The factors along one line, from the inverse: for each input, the outputs and taps that meet there."""
    cells: dict[int, dict[tuple[int, int], int]] = {
        line.label(i, tap): {} for i in range(line.outputs) for tap in range(line.taps)
    }
    for p in range(line.inputs):
        for i, taps in line.meets(p).items():
            for tap in taps:
                cells[line.label(i, tap)][i, p] = 1
    return {label: numbers(found, line.outputs, line.inputs) for label, found in sorted(cells.items())}


def family_letter(read_map: ReadMap, n: int) -> str:
    """E for channels, S, T, Q for the axes; beyond three axes A_1, A_2, ..."""
    axis = n - (len(read_map.lines) - len(read_map.axes))
    if axis < 0:
        return "E"
    return "STQ"[axis] if len(read_map.axes) <= 3 else f"A{axis + 1}"
