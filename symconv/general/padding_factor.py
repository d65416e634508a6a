"""Padding is a factor: W = V H, where V is the weight matrix on the padded input, without padding."""

from __future__ import annotations

from typing import Any

from ..sizes import Certificate, Size, Var
from .axis import FIRST, GROUPS, TAKES, A, C, E, SymbolicAxis
from .convolution import axes_of, folds, kernel, setting, taps, weight
from .instances import Instances, matrix_of_chain
from .moves import Backwards, Define, Definition, Distribute, Drop, Facts, Move, Sift
from .proof import Equalities, GeneralTheorem, Link, Part, chain
from .terms import Below, Bracket, Same, SumOver, Tensor, Within, times

G = Var("f")


def place(axis: SymbolicAxis) -> Var:
    """A position of the padded input, counted from 0."""
    return axis.var("h")


def factor(axes: tuple[SymbolicAxis, ...]) -> Equalities:
    """(V H) entry by entry."""
    known = setting(axes)
    places = tuple(map(place, axes))
    meets = [Same(axis.s * axis.i + axis.d * axis.u, place(axis)) for axis in axes]
    padded = SumOver(taps(axes), times(kernel(axes), Bracket(Same(FIRST + A, G)), *map(Bracket, meets)))
    lies = times(Bracket(Same(G, E)), *(folds(axis, place(axis) - axis.low) for axis in axes))
    inputs, outputs = [axis.p for axis in axes], [axis.i for axis in axes]
    facts = Facts(
        known.sizes,
        (*known.known, E, GROUPS * TAKES - 1 - E, *(size for axis in axes for size in axis.output_known)),
        {
            **known.definitions,
            "V": Definition(("c", *(each.name for each in outputs), "f", *(each.name for each in places)), padded),
            "H": Definition(("f", *(each.name for each in places), "e", *(each.name for each in inputs)), lies),
        },
    )
    start = SumOver(
        (Below("f", GROUPS * TAKES), *(Below(place(axis).name, padded_length(axis)) for axis in axes)),
        times(Tensor("V", (C, *outputs, G, *places)), Tensor("H", (G, *places, E, *inputs))),
    )
    steps: list[Move | Link] = [
        Define("V"),
        Define("H"),
        Distribute(),
        Sift("f", Same(G, E), E),
        Drop(*within(E, GROUPS * TAKES)),
    ]
    for axis, same in zip(axes, meets, strict=True):
        at = same.left
        steps += [Sift(place(axis).name, same, at), Drop(Within(at, padded_length(axis)), never_outside(axis))]
    steps.append(Link(Backwards(Define("W")), weight(axes)))
    return chain("factor", start, tuple(steps), facts, Instances(axes).entries())


def padded_length(axis: SymbolicAxis) -> Size:
    """How many positions the padded input has."""
    return axis.length + axis.low + axis.high


def within(size: Size, count: Size) -> tuple[Within, tuple[Certificate, Certificate]]:
    """A condition that is known as it stands."""
    return Within(size, count), (Certificate(size, ((size,),)), Certificate(count - 1 - size, ((count - 1 - size,),)))


def never_outside(axis: SymbolicAxis) -> tuple[Certificate, Certificate]:
    """0 <= s i + d u <= N + P + Q - 1: no read leaves the padded input."""
    s, i, d, u, last = axis.s, axis.i, axis.d, axis.u, axis.outputs - 1
    at, left_over = s * i + d * u, axis.room - s * last
    behind = (s, last - i), (d, axis.k - 1 - u), (left_over,)
    return Certificate(at, ((s, i), (d, u))), Certificate(padded_length(axis) - 1 - at, behind)


def build(rank: Any) -> tuple[Part, ...]:
    """One chain: of the sum over the padded positions each kernel entry leaves one."""
    return (factor(axes_of(rank)),)


THEOREM = GeneralTheorem(
    name="padding_factor",
    statement="W = V H for every padding mode: padding first, then convolving without it",
    build=build,
    page="padding_factor_document",
    instance=lambda proof, layer: matrix_of_chain(proof, layer, factor(axes_of(1))),
)
