"""Striding keeps rows: W = R V, where V is the weight matrix of the same layer with stride 1."""

from __future__ import annotations

from typing import Any

from ..sizes import Certificate, Var
from .axis import FIRST, A, C, E, SymbolicAxis
from .convolution import axes_of, folds, kernel, setting, taps, weight
from .instances import Instances, matrix_of_chain
from .moves import Backwards, Define, Definition, Drop, Facts, Move, Sift
from .proof import Equalities, GeneralTheorem, Link, Part, chain
from .terms import Below, Bracket, Same, SumOver, Tensor, Within, times


def row(axis: SymbolicAxis) -> Var:
    """An output of the layer with stride 1."""
    return axis.var("h")


def selection(axes: tuple[SymbolicAxis, ...]) -> Equalities:
    """(R V) entry by entry."""
    known = setting(axes)
    columns = E, *(axis.p for axis in axes)
    reads = (folds(axis, row(axis) + axis.d * axis.u - axis.low) for axis in axes)
    unstrided = SumOver(taps(axes), times(kernel(axes), Bracket(Same(FIRST + A, E)), *reads))
    names = ("c", *(row(axis).name for axis in axes), "e", *(axis.p.name for axis in axes))
    facts = Facts(
        known.sizes,
        (*known.known, *(size for axis in axes for size in axis.output_known)),
        {**known.definitions, "V": Definition(names, unstrided)},
    )
    selects = [Same(row(axis), axis.s * axis.i) for axis in axes]
    start = SumOver(
        tuple(Below(row(axis).name, axis.room + 1) for axis in axes),
        times(*map(Bracket, selects), Tensor("V", (C, *map(row, axes), *columns))),
    )
    steps: list[Move | Link] = []
    for axis, same in zip(axes, selects, strict=True):
        at = axis.s * axis.i
        left_over = axis.room - axis.s * (axis.outputs - 1)
        inside = (
            Certificate(at, ((axis.s, axis.i),)),
            Certificate(axis.room - at, ((axis.s, axis.outputs - 1 - axis.i), (left_over,))),
        )
        steps += [Sift(row(axis).name, same, at), Drop(Within(at, axis.room + 1), inside)]
    steps += [Define("V"), Link(Backwards(Define("W")), weight(axes))]
    return chain("selection", start, tuple(steps), facts, Instances(axes).entries())


def build(rank: Any) -> tuple[Part, ...]:
    """One chain: of the sum over the rows of V the selection leaves one."""
    return (selection(axes_of(rank)),)


THEOREM = GeneralTheorem(
    name="stride_selection",
    statement="W = R V for every stride: V belongs to stride 1, and row i of R keeps row s i",
    build=build,
    page="stride_selection_document",
    instance=lambda proof, layer: matrix_of_chain(proof, layer, selection(axes_of(1))),
)
