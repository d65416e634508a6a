"""A convolution of any size is a matrix product: the read map, the entry rule, the five padding modes."""

from __future__ import annotations

from typing import Any

from ..padding import MODES, PaddingMode
from ..sizes import Certificate, Num, Ratio, Size, Var
from .axis import (
    CHANNEL,
    FIRST,
    TAKES,
    A,
    C,
    E,
    SymbolicAxis,
    certificate,
    holds_input,
    meeting,
    source,
)
from .convolution import axes_of, entry_sum, folds, input_entry, inputs, kernel, lies_inside, setting, taps, weight
from .instances import Instances, convolution_matrix
from .moves import Backwards, Define, Definition, Distribute, Drop, Exchange, Facts, Move, Sift
from .proof import Bounds, Equalities, GeneralTheorem, Link, Part, chain
from .terms import (
    Among,
    AtLeast,
    Below,
    Bracket,
    Plus,
    Related,
    Same,
    SumOver,
    Tensor,
    Term,
    Within,
    put,
    times,
)

SIGNAL = "Z"
KAPPA = Tensor("κ", (Var("t"),))


def theorem(axes: tuple[SymbolicAxis, ...]) -> Equalities:
    """From the definition to W x."""
    facts = setting(axes)
    over = inputs(axes)
    x = input_entry(axes)
    reads = (Bracket(Same(FIRST + A, E)), *(folds(axis, axis.position) for axis in axes))
    start = SumOver(taps(axes), times(kernel(axes), Tensor("z", (FIRST + A, *(axis.position for axis in axes)))))
    term = times(kernel(axes), *reads, x)
    names = (*(each.name for each in over), *(each.name for each in taps(axes)))
    links = (
        Link(Define("z"), SumOver(taps(axes), times(kernel(axes), SumOver(over, times(*reads, x))))),
        Link(Distribute(), SumOver((*taps(axes), *over), term)),
        Link(Exchange(names), SumOver((*over, *taps(axes)), term)),
        Link(Backwards(Distribute()), SumOver(over, times(entry_sum(axes), x))),
        Link(Backwards(Define("W")), SumOver(over, times(weight(axes), x))),
    )
    return Equalities("theorem", start, links, facts, Instances(axes).outputs())


def entry(axes: tuple[SymbolicAxis, ...]) -> Equalities:
    """What an entry of W is, position by position: every sum over kernel entries is sifted."""
    facts = setting(axes)
    own = Bracket(Within(CHANNEL, TAKES))
    at = [axis.position for axis in axes]
    index: list[Size] = [axis.u for axis in axes]
    conditions: list[Term] = []
    over: list[Below | Among] = [*taps(axes)[1:]]
    links = [Link(Define("W"), entry_sum(axes))]

    def product() -> Term:
        reads = (folds(axis, where) for axis, where in zip(axes, at, strict=True))
        return SumOver(tuple(over), times(own, *conditions, *reads, Tensor("k", (C, CHANNEL, *index))))

    links.append(Link(Sift("a", Same(FIRST + A, E), CHANNEL), product()))
    for n, axis in enumerate(axes):
        where = Same(axis.position, axis.t)
        over.append(Among(axis.t.name, SIGNAL))
        at[n] = axis.t
        conditions.append(Bracket(where))
        links.append(Link(Backwards(Sift(axis.t.name, where, axis.position)), product()))
        over = [each for each in over if each.name != axis.u.name]
        index[n] = Ratio(axis.tap, axis.d)
        conditions[-1:] = meeting(axis)
        links.append(Link(Sift(axis.u.name, where, axis.tap, axis.d), product()))
    return Equalities("entry", weight(axes), tuple(links), facts, Instances(axes).entries())


def zeros(axes: tuple[SymbolicAxis, ...], reached: Term) -> Equalities:
    """With zeros outside, one position holds each input: the entry in closed form."""
    facts = setting(axes)
    names = {axis: "holds" + axis.number for axis in axes}
    definitions = {
        name: Definition((axis.t.name, axis.p.name), holds_input(axis, MODES["zeros"])) for axis, name in names.items()
    }
    facts = Facts(facts.sizes, (*facts.known, *(size for axis in axes for size in axis.input_known)), definitions)
    moves = [
        move
        for axis in axes
        for move in (
            Define(names[axis]),
            Sift(axis.t.name, Same(axis.t, axis.holds), axis.holds),
            Drop(Within(axis.holds, axis.length), lies_inside(axis)),
        )
    ]
    return chain("zeros", reached, tuple(moves), facts, Instances(axes).entries("zeros"))


def mode(name: str) -> Equalities:
    """Along one axis, for any kappa: what the sum over the positions that hold input p is in a padding mode."""
    axis, rule = SymbolicAxis(), MODES[name]
    definition = Definition(("t", "p"), holds_input(axis, rule))
    facts = Facts(axis.sizes, (*axis.known, *axis.input_known), {"holds": definition})
    start = SumOver((Among("t", SIGNAL),), times(Bracket(Related("holds", (axis.t, axis.p))), KAPPA))
    sides = (rule.before, AtLeast(Num(-1), axis.t)), (rule.after, AtLeast(axis.t, axis.length))
    beyond = [(affine, where) for side, where in sides if (affine := side(axis.length)) is not None]  # type: ignore[arg-type]
    moves: list[Move | Link] = [Define("holds"), *([Distribute()] if beyond else [])]
    moves += [
        Sift("t", Same(axis.t, axis.holds), axis.holds),
        Drop(Within(axis.holds, axis.length), lies_inside(axis)),
    ]
    candidates = (*((size,) for size in facts.known), (axis.scale, axis.p), (axis.scale, axis.n - 1 - axis.p))
    collected: list[Term] = []
    for affine, where in beyond:
        slope, offset = affine
        if not slope:  # one input at all these positions: the bracket about it comes out of the sum
            lies, there = Bracket(Same(source(affine, axis.t), axis.holds)), Bracket(where)
            collected.append(times(lies, SumOver((Among("t", SIGNAL),), times(there, KAPPA))))
            continue
        at = source((slope, -offset if slope == 1 else offset), axis.holds)  # the map, inverted
        moves.append(Sift("t", Same(source(affine, axis.t), axis.holds), at))
        condition = put(where, {"t": at})
        shown = certificate(condition.size - condition.bound, candidates)
        if shown is not None:
            moves.append(Drop(condition, (shown,)))
    if collected:
        moves.append(Link(Backwards(Distribute()), Plus((put(KAPPA, {"t": axis.holds}), *collected))))
    return chain(f"mode {name}", start, tuple(moves), facts, Instances((axis,)).modes(name))


def reads_stay_inside(axis: SymbolicAxis) -> Bounds:
    """-P <= s i + d u - P <= N + Q - 1: no read leaves the padded signal. The floor in m is used here."""
    s, i, d, u, k, m = axis.s, axis.i, axis.d, axis.u, axis.k, axis.outputs
    left_over = axis.room - s * (m - 1)
    return Bounds(
        "reads",
        (
            Certificate(axis.position + axis.low, ((s, i), (d, u))),
            Certificate(axis.length + axis.high - 1 - axis.position, ((s, m - 1 - i), (d, k - 1 - u), (left_over,))),
        ),
        (*axis.known, *axis.output_known, *axis.tap_known),
    )


def folds_stay_inside(axis: SymbolicAxis, rule: PaddingMode) -> Bounds:
    """Beyond the border a mode's map leads back into the signal, for as much padding as it allows."""
    t, n = axis.t, axis.length
    limit = rule.limit(n)  # type: ignore[arg-type]
    paddings = () if limit is None else (limit - axis.low, limit - axis.high)
    found, given = [], []
    for side, where in ((rule.before, (t + axis.low, -1 - t)), (rule.after, (t - n, n + axis.high - 1 - t))):
        affine = side(n)  # type: ignore[arg-type]
        known = (*axis.known, *where, *paddings, n - 1)
        given += list(known)
        if affine is not None:
            at = source(affine, t)
            both = [certificate(size, tuple((each,) for each in known)) for size in (at, n - 1 - at)]
            found += [each for each in both if each is not None]
            if None in both:
                raise ValueError(f"{rule.name}: the map is not shown to stay within the signal")
    return Bounds(f"map {rule.name}", tuple(found), tuple(given))


def build(rank: Any) -> tuple[Part, ...]:
    """The lemma about reads, the theorem, the entry rule, and what each padding mode makes of it."""
    axes = axes_of(rank)
    reached = entry(axes)
    return (
        reads_stay_inside(SymbolicAxis()),
        theorem(axes),
        reached,
        zeros(axes, reached.end),
        *(part for name, rule in MODES.items() for part in (folds_stay_inside(SymbolicAxis(), rule), mode(name))),
    )


THEOREM = GeneralTheorem(
    name="weight_matrix",
    statement="vec(Y) = W vec(X) for every size, stride, dilation, padding and number of channels",
    build=build,
    page="weight_matrix_document",
    instance=convolution_matrix,
)
