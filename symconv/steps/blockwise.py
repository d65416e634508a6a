"""Claims and rules about the pattern of a matrix and of its blocks.

decide      a property, on every entry that is not zero or on its witness (see `patterns`)
blocks      level by level, what holds along an axis holds for the blocks of W
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..identities import about_w
from ..rules import Follows
from ..sums import WEIGHT
from .patterns import Property, Rows, check

ALONG = ("toeplitz", "circulant")


@dataclass(frozen=True)
class Levels:
    """Level by level along the axes, the blocks of W for each pair of channels: circulant, toeplitz or neither ("")."""

    kinds: tuple[str, ...]


def levels(found: list[Property], axes: int) -> tuple[str, ...]:
    """The strongest of the two for each axis."""
    kinds = [""] * axes
    for name in ALONG:  # circulant comes last, being more
        for each in found:
            if each.name == name and each.holds:
                for axis in each.axes:
                    kinds[axis] = name
    return tuple(kinds)


@dataclass(frozen=True)
class Decide:
    """A property is checked on every non-zero entry; where it fails, on its witness."""

    name: str
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, axes = property_of(after), context.subject.definition.read_map.axes
        suffix = " axes" if claim.axes else ""
        compared = about_w(before) + expect(claim.name + suffix, self.name, "the claim is about another property")
        compared += expect(set(claim.axes) <= set(range(len(axes))), True, "the claim is about an axis there is not")
        compared += expect(list(claim.axes), sorted(set(claim.axes)), "the axes are not named once each, in order")
        two = claim.name == "banded" or (not claim.holds and claim.witnesses != ())
        compared += expect(len(claim.witnesses), 2 * two, "a witness is two entries")
        compared += expect(bool(claim.band), claim.name == "banded", "only a band has outermost diagonals")
        return compared + expect(len(claim.values), len(claim.witnesses), "a witness lacks its entry")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, read_map = property_of(after), context.subject.definition.read_map
        if not claim.axes:
            matrix = context.matrix(WEIGHT)
            return check(claim, {(r, c): e for r, row in enumerate(matrix.rows) for c, e in row.items()}, matrix.shape)
        compared = 0
        for n in claim.axes:
            table = context.table(WEIGHT)[len(context.lines) - len(read_map.axes) + n]
            cells = {
                (r, c): tuple(u for (u,), count in sorted(entry.items()) for _ in range(count))
                for r, row in enumerate(table.rows)
                for c, entry in row.items()
            }
            compared += check(claim, cells, table.shape)
        return compared


def property_of(claim: AnyClaim | None) -> Property:
    if not isinstance(claim, Property):
        raise Refuted("the claim is not about a property of a matrix")
    return claim


@dataclass(frozen=True)
class Blocks:
    """Along each axis where its own table has the pattern, W has it: checked by moving every non-zero entry."""

    name = "blocks"
    follows: ClassVar[None] = None  # W, then both questions for every group of axes

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Levels):
            raise Refuted("the claim is not about the blocks of W")
        about_w(before)
        found = [property_of(claim) for claim in context.cited[1:]]
        axes = range(len(context.subject.definition.read_map.axes))
        compared = 0
        for name in ALONG:
            asked = sorted(axis for each in found if each.name == name for axis in each.axes)
            compared += expect(asked, list(axes), f"the cited steps do not say of every axis whether it is {name}")
        return compared + expect(after.kinds, levels(found, len(axes)), "the cited steps say another pattern")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Levels):
            raise Refuted("the claim is not about the blocks of W")
        matrix = context.matrix(WEIGHT)
        rows, compared = list(matrix.rows), 0
        first = len(matrix.row_shape) - len(after.kinds)
        for n, kind in enumerate(after.kinds, first):
            if not kind:
                compared += _differ_somewhere(context, rows, n)
                continue
            down, right = prod(matrix.row_shape[n + 1 :]), prod(matrix.column_shape[n + 1 :])
            outputs, inputs = matrix.row_shape[n], matrix.column_shape[n]
            around = kind == "circulant"
            for r, row in enumerate(rows):
                i = r // down % outputs
                for c, entry in row.items():
                    p = c // right % inputs
                    for one in (1, -1):  # the blocks beside this one, on its diagonal
                        if around or (0 <= i + one < outputs and 0 <= p + one < inputs):
                            to = r + ((i + one) % outputs - i) * down, c + ((p + one) % inputs - p) * right
                            if rows[to[0]].get(to[1]) != entry:
                                raise Refuted(f"the blocks are not {kind}", r, c, list(entry), list(to))
                            compared += 1
        return compared


def _differ_somewhere(context: Context, rows: Rows, level: int) -> int:
    """Two blocks on a diagonal of that level that differ in W: the axis' witness beside any other entry."""
    matrix = context.matrix(WEIGHT)
    axis = level - len(context.lines) + len(context.subject.definition.read_map.axes)
    claim = next(
        each for each in context.cited[1:] if isinstance(each, Property) and axis in each.axes and not each.holds
        and each.name == "toeplitz"
    )  # fmt: skip
    down, right = prod(matrix.row_shape[level + 1 :]), prod(matrix.column_shape[level + 1 :])
    for r, row in enumerate(rows):
        for c in row:
            zero = r - r // down % matrix.row_shape[level] * down, c - c // right % matrix.column_shape[level] * right
            one, other = ((zero[0] + i * down, zero[1] + p * right) for i, p in claim.witnesses)
            if rows[one[0]].get(one[1]) != rows[other[0]].get(other[1]):
                return 2
    raise Refuted("the blocks do not differ in W")
