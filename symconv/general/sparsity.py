"""How many entries of W are not zero, in closed form: zeros outside, no input dilation."""

from __future__ import annotations

from typing import Any

from ..sizes import Certificate, Num, Size, Var, floor
from .axis import SymbolicAxis
from .instances import nonzeros
from .proof import Bounds, GeneralTheorem, Part


def last_read(axis: SymbolicAxis) -> Size:
    """s i is at most this where tap u of output i reads an input."""
    return axis.n - 1 + axis.low - axis.d * axis.u


def first_read(axis: SymbolicAxis) -> Size:
    """And at least this."""
    return axis.low - axis.d * axis.u


def last_output(axis: SymbolicAxis) -> Size:
    """The last i with s i <= last_read, if there are that many outputs."""
    return floor(last_read(axis), axis.s)


def first_output(axis: SymbolicAxis) -> Size:
    """The first i with s i >= first_read, if there are outputs before 0."""
    return floor(first_read(axis) + axis.s - 1, axis.s)


def reading_outputs(axis: SymbolicAxis) -> Bounds:
    """Tap u of output i reads an input exactly if first_output <= i <= last_output: both ways, by the law of the floor."""
    s, i = axis.s, axis.i
    low, high = first_output(axis), last_output(axis)
    after, until = first_read(axis) + s - 1 - s * low, last_read(axis) - s * high  # the remainders
    laws = (after, s - 1 - after, until, s - 1 - until)
    inside, before, beyond = (i - low, high - i), low - 1 - i, i - high - 1
    certificates = (
        Certificate(s * i - first_read(axis), ((s, inside[0]), (s - 1 - after,))),
        Certificate(first_read(axis) - 1 - s * i, ((s, before), (after,))),
        Certificate(last_read(axis) - s * i, ((s, inside[1]), (until,))),
        Certificate(s * i - last_read(axis) - 1, ((s, beyond), (s - 1 - until,))),
    )
    return Bounds("outputs", certificates, (*axis.known, *laws, *inside, before, beyond))


def apart(axis: SymbolicAxis) -> Bounds:
    """Two taps of one output read different positions."""
    other = Var("v" + axis.number)
    gap = axis.position - (axis.s * axis.i + axis.d * other - axis.low)  # for u > v
    ahead = axis.u - other - 1
    return Bounds("apart", (Certificate(gap - 1, ((axis.d, ahead), (axis.d - 1,))),), (*axis.known, ahead))


def ends(axis: SymbolicAxis) -> tuple[Size, Size, Size, Size]:
    """The ends of the range of outputs that tap u reads with: from max(0, first) to min(m - 1, last)."""
    return Num(0), first_output(axis), axis.outputs - 1, last_output(axis)


def build(rank: Any) -> tuple[Part, ...]:
    """Along one axis; W is the product over the axes and the channels."""
    axis = SymbolicAxis()
    return reading_outputs(axis), apart(axis)


THEOREM = GeneralTheorem(
    name="sparsity",
    statement="the number of non-zero entries of W, as a product over the axes of sums of floors",
    build=build,
    page="sparsity_document",
    instance=nonzeros,
)
