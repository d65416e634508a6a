"""The adjoint of a convolution is a convolution: stride and input dilation change places, the kernel is reversed."""

from __future__ import annotations

from typing import Any

from ..padding import MODES
from ..sizes import Calculate, Certificate, Num, Size, TakeOut, Vanish, floor
from .axis import FIRST, GROUPS, MAKES, A, C, E, SymbolicAxis, holds_input
from .convolution import axes_of, setting, taps, weight
from .instances import Instances, transposed_matrix
from .moves import Backwards, Define, Definition, Distribute, Drop, Exchange, Facts, Move, Reverse
from .proof import Equalities, GeneralTheorem, Link, Part, SizeEqualities, chain
from .terms import Below, Bracket, Same, SumOver, Tensor, Within, times


def before(axis: SymbolicAxis) -> Size:
    """The padding before of the convolution that is the adjoint."""
    return axis.d * (axis.k - 1) - axis.low


def behind(axis: SymbolicAxis) -> Size:
    """And behind: what makes it end at input n - 1."""
    return axis.scale * (axis.n - 1) - axis.s * (axis.outputs - 1) + axis.low


def outputs_run(axes: tuple[SymbolicAxis, ...]) -> tuple[Below, ...]:
    return Below("c", GROUPS * MAKES), *(Below(axis.i.name, axis.outputs) for axis in axes)


def adjoint(axes: tuple[SymbolicAxis, ...]) -> Equalities:
    """Entry (e, p) of W^T y, for zeros outside."""
    known = setting(axes)
    zeros = {
        "holds" + axis.number: Definition((axis.t.name, axis.p.name), holds_input(axis, MODES["zeros"]))
        for axis in axes
    }
    y = Tensor("y", (C, *(axis.i for axis in axes)))
    spatial = tuple(Below(axis.i.name, axis.outputs) for axis in axes)
    dilated = SumOver(spatial, times(*(Bracket(Same(axis.t, axis.s * axis.i)) for axis in axes), y))
    facts = Facts(
        known.sizes,
        (*known.known, *(size for axis in axes for size in axis.input_known)),
        {**known.definitions, **zeros, "Y": Definition(("c", *(axis.t.name for axis in axes)), dilated)},
    )
    start = SumOver(outputs_run(axes), times(weight(axes), y))
    steps: list[Move | Link] = [Define("W")]
    for axis in axes:
        lies = axis.position
        inside = (
            Certificate(lies, ((lies - axis.holds,), (axis.scale, axis.p))),
            Certificate(
                axis.length - 1 - lies,
                ((axis.holds - lies,), (axis.scale, axis.n - 1 - axis.p), (axis.length - axis.long,)),
            ),
        )
        steps += [Define("holds" + axis.number), Drop(Within(lies, axis.length), inside)]
    names = tuple(each.name for each in (*taps(axes), *outputs_run(axes)))
    steps += [Distribute(), Exchange(names), *(Reverse(axis.u.name) for axis in axes)]
    own = Bracket(Same(FIRST + A, E))
    tensor = Tensor("k", (C, A, *(axis.k - 1 - axis.u for axis in axes)))
    meets = (Bracket(Same(axis.scale * axis.p + axis.d * axis.u - before(axis), axis.s * axis.i)) for axis in axes)
    reads = Tensor("Y", (C, *(axis.scale * axis.p + axis.d * axis.u - before(axis) for axis in axes)))
    over = *taps(axes), outputs_run(axes)[0]
    steps += [
        Link(Backwards(Distribute()), SumOver(over, times(tensor, own, SumOver(spatial, times(*meets, y))))),
        Link(Backwards(Define("Y")), SumOver(over, times(tensor, own, reads))),
    ]
    return chain("adjoint", start, tuple(steps), facts, Instances(axes).entries("zeros"))


def sizes() -> SizeEqualities:
    """The adjoint has n outputs again, with stride l on a signal of s (m - 1) + 1."""
    axis = SymbolicAxis()
    scale, n = axis.scale, axis.n
    signal = axis.s * (axis.outputs - 1) + 1
    start = floor(signal + before(axis) + behind(axis) - axis.d * (axis.k - 1) - 1, scale) + 1
    links = (
        (Calculate(), floor(scale * (n - 1), scale) + 1),
        (TakeOut(n - 1), n - 1 + floor(scale * (n - 1) - scale * (n - 1), scale) + 1),
        (Calculate(), n - 1 + floor(Num(0), scale) + 1),
        (Vanish(Num(0), scale), n - 1 + Num(0) + 1),
        (Calculate(), n),
    )
    return SizeEqualities("sizes", start, links, axis.known)


def output_padding() -> SizeEqualities:
    """Without input dilation: the size of a transposed convolution, its output padding being what the stride leaves."""
    axis = SymbolicAxis()
    left_over = axis.room - axis.s * (axis.outputs - 1)
    start = (axis.outputs - 1) * axis.s - axis.low - axis.high + axis.d * (axis.k - 1) + 1 + left_over
    return SizeEqualities("output padding", start, ((Calculate(), axis.length),), axis.known)


def build(rank: Any) -> tuple[Part, ...]:
    """The adjoint as a convolution, and its sizes."""
    return adjoint(axes_of(rank)), sizes(), output_padding()


THEOREM = GeneralTheorem(
    name="transpose",
    statement="W^T is a convolution again: stride and input dilation change places, the kernel is reversed",
    build=build,
    page="transpose_document",
    instance=transposed_matrix,
)
