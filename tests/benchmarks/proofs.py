"""Rows of the table about proofs and their LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from alternatives import configuration, naive_dft, naive_seconds, naive_winograd, wincnn_filter
from measure import row, seconds, typical

import symconv as sc
from symconv.catalogue.weight_matrix import THEOREM, routes_agree
from symconv.matrices import matrix_of
from symconv.proof import Proof


def configurations(size: int, run: int) -> Iterator[sc.Conv]:
    """Other configurations of that size in every repetition; naive SymPy takes as long for each."""
    return (configuration(size, number) for number in range(6 * (run - 1), 6 * run))


def decide(layer: sc.Conv) -> None:
    """Both routes along every axis."""
    routes_agree(layer.read_map.lines, layer.definition.sums, layer.read_map.tables)


def every_entry(layer: sc.Conv) -> None:
    """Both routes along every axis, then W built, and every entry of it by both routes."""
    decide(layer)
    proof = Proof(THEOREM, layer, (), {"W": matrix_of(layer.read_map)})
    for _, check in THEOREM.entries(proof):
        assert check()


def proved(check: str) -> Callable[[sc.Conv], object]:
    """Every rule of the proof, and those further checks."""
    return lambda layer: sc.prove(layer, check=check).check()


def against_sympy(size: int, run: int, ours: Callable[[sc.Conv], object]) -> float:
    ours(configuration(5, 0))  # what is imported does not count
    works = [partial(ours, layer) for layer in configurations(size, run)]
    return naive_seconds(size, run) / typical(works)


@row("decide one configuration, axis by axis, 3x3 on 32x32", "naive SymPy", at_least=30_000, repetitions=3)
def decide_32(run: int) -> float:
    return against_sympy(32, run, decide)


@row("decide one configuration, axis by axis, 3x3 on 64x64", "naive SymPy", at_least=75_000, repetitions=1)
def decide_64(run: int) -> float:
    return against_sympy(64, run, decide)


@row('every rule, prove(layer, check="axes").check(), 3x3 on 32x32', "naive SymPy", at_least=3_000, repetitions=3)
def axes(run: int) -> float:
    return against_sympy(32, run, proved("axes"))


@row("default checks, prove(layer).check(), 3x3 on 24x24", "naive SymPy", at_least=100, repetitions=3)
def default(run: int) -> float:
    return against_sympy(24, run, proved("auto"))


@row("both routes along the axes and for every entry of W, 3x3 on 32x32", "naive SymPy", at_least=7_000, repetitions=3)
def entries_32(run: int) -> float:
    return against_sympy(32, run, every_entry)


@row('  the same with every rule, check="entries", 3x3 on 32x32', "naive SymPy", at_least=7_000, repetitions=3)
def proved_entries_32(run: int) -> float:
    return against_sympy(32, run, proved("entries"))


@row('  the same with every rule, check="entries", 3x3 on 64x64', "naive SymPy", at_least=7_000, repetitions=1)
def proved_entries_64(run: int) -> float:
    return against_sympy(64, run, proved("entries"))


@row("both routes along the axes and for every entry, 5 million non-zeros", "writing W's two index arrays", at_most=6)
def many_entries(run: int) -> float:
    import numpy as np

    layer = sc.Conv((236 + run, 236), 3, padding=1, out_channels=10, flip_kernel=bool(run % 2))
    nonzeros = 10 * sc.Conv((236 + run, 236), 3, padding=1).read_map.nonzeros

    def written() -> None:
        for _ in range(2):
            np.empty(nonzeros, np.int64).fill(1)

    written()
    return seconds(lambda: every_entry(layer)) / seconds(written)


def latex_of_matrices(layers: list[sc.Conv]) -> float:
    import sympy

    ready = [sympy.Matrix(layer.weight_matrix()) for layer in layers]
    assert sympy.latex(ready[0]) == layers[0].to_latex()
    theirs = typical(
        [lambda each=each: sympy.latex(each) for each in ready[: 5 if layers[0].input_size[0] < 32 else 1]]
    )  # type: ignore[misc]
    return theirs / typical([layer.to_latex for layer in layers])


@row("LaTeX of W, the same bytes, 14,400 entries", "sympy.latex", at_least=600)
def latex_of_small(run: int) -> float:
    pads = [(low, 2 - low) for low in range(3)]
    flips = (False, True)
    layers = [sc.Conv((12, 10), 3, padding=(p, q), flip_kernel=f) for p in pads for q in pads for f in flips]
    return latex_of_matrices(layers[run:])


@row("LaTeX of W, the same bytes, 1,048,576 entries", "sympy.latex", at_least=600, repetitions=3)
def latex_of_large(run: int) -> float:
    return latex_of_matrices([configuration(32, n) for n in range(run, run + 12)])


@row("LaTeX of the outputs, the same bytes, 3x3 on 32x32", "sympy.latex of each sum", at_least=1_000, repetitions=3)
def latex_of_rows(run: int) -> float:
    import sympy

    layers = [configuration(32, n) for n in range(run, run + 12)]
    sums = list(layers[0].flat_output())
    assert [sympy.latex(each) for each in sums] == layers[0].output_latex()
    return seconds(lambda: [sympy.latex(each) for each in sums]) / typical([layer.output_latex for layer in layers])


@row("DFT diagonalisation, 3 taps on a ring of 8", "naive SymPy, simplify", at_least=20, repetitions=3)
def dft(run: int) -> float:
    pads = (run % 3, 2 - run % 3)
    layer = sc.Conv((8,), 3, padding=(pads,), padding_mode="circular")
    return seconds(lambda: naive_dft(8, 3, "abcdefg"[run])) / seconds(lambda: sc.prove(layer, "dft").check())


@row("Winograd, F(6, 3)", "naive SymPy, simplify", at_least=20, repetitions=3)
def winograd(run: int) -> float:
    layer = sc.Conv((8,), 3, flip_kernel=bool(run % 2), bias=run > 2)
    ours = seconds(lambda: sc.prove(layer, "winograd", tile=6).check())
    return seconds(lambda: naive_winograd(6, 3, "abcdefg"[run])) / ours


@row("Winograd, F(6, 3)", "wincnn, made and verified", at_least=5, repetitions=3)
def winograd_by_wincnn(run: int) -> float:
    layer = sc.Conv((8,), 3, flip_kernel=bool(run % 2), bias=run > 2)
    ours = seconds(lambda: sc.prove(layer, "winograd", tile=6).check())
    return seconds(lambda: wincnn_filter(6, 3, run)) / ours
