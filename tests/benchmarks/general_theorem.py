"""Rows of the table about theorems with symbolic sizes."""

from __future__ import annotations

import time
from functools import partial

from measure import row


def contraction(rank: int, run: int) -> tuple[float, float]:
    """Seconds to contract the inputs' Kronecker deltas of a convolution with symbolic sizes: by SymPy, and by a checked move.

    Each run has letters of its own, so that no cache answers.
    """
    from sympy import IndexedBase, KroneckerDelta, symbols
    from sympy.concrete.delta import deltasummation

    from symconv.general.moves import Facts, Sift
    from symconv.general.terms import Below, Bracket, Same, SumOver, Tensor, times
    from symconv.sizes import Var

    axes = [f"{j}_{run}" for j in range(rank)]
    s, d, n = (symbols([f"{letter}{j}" for j in axes], integer=True, positive=True) for letter in "sdn")
    i, u, p, low = (symbols([f"{letter}{j}" for j in axes], integer=True) for letter in "iupP")
    expression = IndexedBase("k")[tuple(u)] * IndexedBase("x")[tuple(p)]
    for j in range(rank):
        expression *= KroneckerDelta(s[j] * i[j] + d[j] * u[j] - low[j], p[j])
    begin = time.process_time()
    for j in range(rank):
        expression = deltasummation(expression, (p[j], 0, n[j] - 1))
    sympy_seconds = time.process_time() - begin

    at = [Var(f"s{j}") * Var(f"i{j}") + Var(f"d{j}") * Var(f"u{j}") - Var(f"P{j}") for j in axes]
    same = [Same(where, Var(f"p{j}")) for where, j in zip(at, axes, strict=True)]
    tensors = Tensor("k", tuple(Var(f"u{j}") for j in axes)), Tensor("x", tuple(Var(f"p{j}") for j in axes))
    term = SumOver(tuple(Below(f"p{j}", Var(f"n{j}")) for j in axes), times(*map(Bracket, same), *tensors))
    facts = Facts((), ())
    begin = time.process_time()
    for j, said, where in zip(axes, same, at, strict=True):
        term = Sift(f"p{j}", said, where).apply(term, facts)
    return sympy_seconds, time.process_time() - begin


for rank in (1, 2, 3):
    what = f"contracting the deltas of the general theorem, rank {rank}"

    def contracted(run: int, rank: int) -> float:
        theirs, ours = contraction(rank, run)
        return theirs / ours

    row(what, "SymPy's deltasummation", at_least=50, repetitions=9)(partial(contracted, rank=rank))
