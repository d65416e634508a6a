"""A convolution after a convolution is one convolution, where the second one has no padding."""

from __future__ import annotations

from typing import Any

from ..sizes import Calculate, Certificate, Num, Size, TakeOut, Vanish, Var, floor, value
from .axis import C, E, SymbolicAxis
from .convolution import axes_of, folds
from .instances import Instances, composed_matrix
from .moves import Backwards, Define, Definition, Distribute, Drop, Exchange, Facts, Move, Sift
from .proof import Equalities, GeneralTheorem, Link, Part, Sample, SizeEqualities, chain
from .terms import Below, Bracket, Same, SumOver, Tensor, Within, times

MIDDLE, BETWEEN = Var("b"), Var("B")
"""A channel between the two layers, and how many there are; here each layer has one group."""


def second(axis: SymbolicAxis, letter: str) -> Var:
    """A letter of the second layer: k', s', d', m', u', i'."""
    return Var(letter + "'" + axis.number)


def room(axis: SymbolicAxis) -> Size:
    """What is left of the first layer's outputs behind the second's first window."""
    return axis.outputs - second(axis, "d") * (second(axis, "k") - 1) - 1


def reads(axis: SymbolicAxis) -> Size:
    """Which output of the first layer tap u' of output i' reads."""
    return second(axis, "s") * second(axis, "i") + second(axis, "d") * second(axis, "u")


def tap(axis: SymbolicAxis) -> Size:
    """The place of the pair of taps u' and u in the kernel of the composition."""
    return axis.s * second(axis, "d") * second(axis, "u") + axis.d * axis.u


def length(axis: SymbolicAxis) -> Size:
    """The size of that kernel."""
    return axis.s * second(axis, "d") * (second(axis, "k") - 1) + axis.d * (axis.k - 1) + 1


def product(axes: tuple[SymbolicAxis, ...]) -> Equalities:
    """(W' W) entry by entry."""
    outs = [second(axis, "i") for axis in axes]
    later = tuple(Below(second(axis, "u").name, second(axis, "k")) for axis in axes)
    first = tuple(Below(axis.u.name, axis.k) for axis in axes)
    k1 = Tensor("k", (MIDDLE, E, *(axis.u for axis in axes)))
    k2 = Tensor("k'", (C, MIDDLE, *(second(axis, "u") for axis in axes)))
    inner = SumOver(first, times(k1, *(folds(axis, axis.position) for axis in axes)))
    outer = SumOver(later, times(k2, *(Bracket(Same(reads(axis), axis.i)) for axis in axes)))
    places = [axis.var("w") for axis in axes]
    kernel = SumOver(
        (Below("b", BETWEEN), *later, *first),
        times(*(Bracket(Same(tap(axis), place)) for axis, place in zip(axes, places, strict=True)), k2, k1),
    )
    inputs, middle = [axis.p.name for axis in axes], [axis.i.name for axis in axes]
    facts = Facts(
        ("B", *(name for axis in axes for name in (*axis.sizes, *(second(axis, each).name for each in "ksdm")))),
        tuple(size for axis in axes for size in (*axis.known, *later_known(axis))),
        {
            "W": Definition(("b", *middle, "e", *inputs), inner),
            "W'": Definition(("c", *(each.name for each in outs), "b", *middle), outer),
            "K": Definition(("c", "e", *(each.name for each in places)), kernel),
        },
    )
    start = SumOver(
        (Below("b", BETWEEN), *(Below(axis.i.name, axis.outputs) for axis in axes)),
        times(
            Tensor("W'", (C, *outs, MIDDLE, *(axis.i for axis in axes))),
            Tensor("W", (MIDDLE, *(axis.i for axis in axes), E, *(axis.p for axis in axes))),
        ),
    )
    steps: list[Move | Link] = [Define("W'"), Define("W"), Distribute()]
    for axis in axes:
        at = reads(axis)
        steps += [Sift(axis.i.name, Same(at, axis.i), at), Drop(Within(at, axis.outputs), never_outside(axis))]
    over: tuple[Below, ...] = (Below("b", BETWEEN), *later, *first)
    where_ = [
        second_stride(axis) * second(axis, "i") + place - axis.low for axis, place in zip(axes, places, strict=True)
    ]
    held = [folds(axis, where) for axis, where in zip(axes, where_, strict=True)]
    apart = [folds(axis, axis.s * reads(axis) + axis.d * axis.u - axis.low) for axis in axes]
    within = [Bracket(Within(tap(axis), length(axis))) for axis in axes]
    run = tuple(Below(place.name, length(axis)) for axis, place in zip(axes, places, strict=True))
    for n, (axis, place) in enumerate(zip(axes, places, strict=True)):
        same = Same(tap(axis), place)
        done = times(*map(Bracket, [Same(tap(each), where) for each, where in zip(axes[:n], places[:n], strict=True)]))
        rest = times(done, k2, k1, *held[:n], *apart[n:])
        steps.append(
            Link(
                Backwards(Drop(Within(tap(axis), length(axis)), fits(axis))),
                SumOver((*over, *run[:n]), times(within[n], rest)),
            )
        )
        rest = times(done, Bracket(same), k2, k1, *held[: n + 1], *apart[n + 1 :])
        steps.append(Link(Backwards(Sift(place.name, same, tap(axis))), SumOver((*over, *run[: n + 1]), rest)))
    steps += [
        Exchange((*(each.name for each in run), *(each.name for each in over))),
        Link(Backwards(Distribute()), SumOver(run, times(kernel, *held))),
        Link(Backwards(Define("K")), SumOver(run, times(Tensor("K", (C, E, *places)), *held))),
    ]
    return chain("product", start, tuple(steps), facts, pairs(axes))


def second_stride(axis: SymbolicAxis) -> Size:
    """The stride of the composition."""
    return axis.s * second(axis, "s")


def remainders(axis: SymbolicAxis) -> tuple[Size, Size]:
    """What the strides of the two layers leave over."""
    return axis.room - axis.s * (axis.outputs - 1), room(axis) - second(axis, "s") * (second(axis, "m") - 1)


def later_known(axis: SymbolicAxis) -> tuple[Size, ...]:
    """What is not negative for the second layer, by hypothesis and by the floor in m'."""
    k, s, d, m, i = (second(axis, letter) for letter in "ksdmi")
    _, left_over = remainders(axis)
    return k - 1, s - 1, d - 1, k, s, d, room(axis), left_over, s - 1 - left_over, m - 1, i, m - 1 - i


def never_outside(axis: SymbolicAxis) -> tuple[Certificate, Certificate]:
    """The second layer's windows lie within the first layer's outputs."""
    k, s, d, m, i, u = (second(axis, letter) for letter in "ksdmiu")
    _, left_over = remainders(axis)
    return (
        Certificate(reads(axis), ((s, i), (d, u))),
        Certificate(axis.outputs - 1 - reads(axis), ((s, m - 1 - i), (d, k - 1 - u), (left_over,))),
    )


def fits(axis: SymbolicAxis) -> tuple[Certificate, Certificate]:
    """The place of a pair of taps lies within the kernel of the composition."""
    d, u, last = second(axis, "d"), second(axis, "u"), second(axis, "k") - 1
    return (
        Certificate(tap(axis), ((axis.s, d, u), (axis.d, axis.u))),
        Certificate(length(axis) - 1 - tap(axis), ((axis.s, d, last - u), (axis.d, axis.k - 1 - axis.u))),
    )


def outputs() -> SizeEqualities:
    """The composition has m' outputs: its own formula says the same."""
    axis = SymbolicAxis()
    first, later = remainders(axis)
    over = second_stride(axis)
    rest = axis.s * later + first
    last = second(axis, "m") - 1
    shown = (
        Certificate(rest, ((axis.s, later), (first,))),
        Certificate(over - 1 - rest, ((axis.s, second(axis, "s") - 1 - later), (axis.s - 1 - first,))),
    )
    start = floor(axis.length + axis.low + axis.high - (length(axis) - 1) - 1, over) + 1
    links = (
        (Calculate(), floor(over * last + rest, over) + 1),
        (TakeOut(last), last + floor(over * last + rest - over * last, over) + 1),
        (Calculate(), last + floor(rest, over) + 1),
        (Vanish(rest, over), last + Num(0) + 1),
        (Calculate(), second(axis, "m")),
    )
    return SizeEqualities("sizes", start, links, (*axis.known, *later_known(axis)), shown)


def pairs(axes: tuple[SymbolicAxis, ...]) -> tuple[Sample, ...]:
    """A few pairs of layers to write the chain out for."""
    found = []
    for n, sample in enumerate(Instances(axes).entries()):
        env = dict(sample.env) | {"B": 2 if len(axes) == 1 else 1}
        for axis in axes:
            env |= {second(axis, letter).name: number for letter, number in zip("ksd", (2, 1 + n % 2, 1), strict=True)}
            env[second(axis, "m").name] = value(room(axis), env) // env[second(axis, "s").name] + 1
            env[second(axis, "i").name] = 0
        if all(value(room(axis), env) >= 0 for axis in axes):
            found.append(Sample(env, sample.sets, sample.relations))
    return tuple(found)


def build(rank: Any) -> tuple[Part, ...]:
    """The product as one convolution, and its number of outputs."""
    return product(axes_of(rank)), outputs()


THEOREM = GeneralTheorem(
    name="composition",
    statement="a convolution without padding after another is one convolution of stride s s'",
    build=build,
    page="composition_document",
    instance=composed_matrix,
)
