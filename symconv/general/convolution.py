"""A convolution with symbolic sizes: its definition, its weight matrix, and what each is a sum of."""

from __future__ import annotations

from ..sizes import Certificate, Size, Var
from .axis import FIRST, GROUPS, MAKES, TAKES, A, C, E, SymbolicAxis
from .moves import Definition, Facts
from .terms import Below, Bracket, Related, Same, SumOver, Tensor, Term, times


def axes_of(rank: int | str) -> tuple[SymbolicAxis, ...]:
    """The axes, numbered where there are several; for r of them one whose letters are tuples."""
    if rank == 1:
        return (SymbolicAxis(),)
    if isinstance(rank, str):
        return (SymbolicAxis(tuples=True),)
    return tuple(SymbolicAxis(str(n)) for n in range(1, rank + 1))


def folds(axis: SymbolicAxis, at: Size) -> Term:
    """[t -> p] along an axis."""
    return Bracket(Related("holds" + axis.number, (at, axis.p)))


def setting(axes: tuple[SymbolicAxis, ...]) -> Facts:
    """The sizes, what is known of them, and the definitions of z and W."""
    f = Var("f")
    holds = (folds(axis, axis.t) for axis in axes)
    z = SumOver(inputs(axes), times(Bracket(Same(f, E)), *holds, input_entry(axes)))
    return Facts(
        sizes=(*"gAB", *(name for axis in axes for name in axis.sizes)),
        known=(GROUPS - 1, TAKES - 1, MAKES - 1, *(size for axis in axes for size in axis.known)),
        definitions={
            "z": Definition(("f", *(axis.t.name for axis in axes)), z),
            "W": Definition(
                ("c", *(axis.i.name for axis in axes), "e", *(axis.p.name for axis in axes)), entry_sum(axes)
            ),
        },
    )


def inputs(axes: tuple[SymbolicAxis, ...]) -> tuple[Below, ...]:
    """What a sum over all inputs runs over."""
    return Below("e", GROUPS * TAKES), *(Below(axis.p.name, axis.n) for axis in axes)


def input_entry(axes: tuple[SymbolicAxis, ...]) -> Term:
    return Tensor("x", (E, *(axis.p for axis in axes)))


def kernel(axes: tuple[SymbolicAxis, ...]) -> Term:
    return Tensor("k", (C, A, *(axis.u for axis in axes)))


def taps(axes: tuple[SymbolicAxis, ...]) -> tuple[Below, ...]:
    """What the sum for one output runs over: the input channels of a group, and the kernel entries."""
    return Below("a", TAKES), *(Below(axis.u.name, axis.k) for axis in axes)


def entry_sum(axes: tuple[SymbolicAxis, ...]) -> Term:
    """The kernel entries that meet input (e, p, ...) in output (c, i, ...), added up."""
    reads = (Bracket(Same(FIRST + A, E)), *(folds(axis, axis.position) for axis in axes))
    return SumOver(taps(axes), times(kernel(axes), *reads))


def weight(axes: tuple[SymbolicAxis, ...]) -> Term:
    return Tensor("W", (C, *(axis.i for axis in axes), E, *(axis.p for axis in axes)))


def lies_inside(axis: SymbolicAxis) -> tuple[Certificate, Certificate]:
    """0 <= l p <= N - 1 for an input p."""
    return (
        Certificate(axis.holds, ((axis.scale, axis.p),)),
        Certificate(axis.length - 1 - axis.holds, ((axis.scale, axis.n - 1 - axis.p), (axis.length - axis.long,))),
    )
