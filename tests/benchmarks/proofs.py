"""Rows of the table about proofs and their LaTeX."""

from __future__ import annotations

from alternatives import configuration, naive_dft, naive_seconds, naive_winograd
from measure import row, seconds

import symconv as sc
from symconv.catalogue.weight_matrix import routes_agree
from symconv.matrices import matrix_of


def decided(size: int, run: int) -> float:
    """Both routes along every axis of a new layer, compared."""

    def work() -> None:
        layer = configuration(size, run)
        routes_agree(layer.read_map.lines, layer.definition.sums, layer.read_map.tables)

    return naive_seconds(size, run) / seconds(work)


@row("decide one configuration, axis by axis, 3x3 on 32x32", "naive SymPy", at_least=30_000, repetitions=3)
def decide_32(run: int) -> float:
    return decided(32, run)


@row("decide one configuration, axis by axis, 3x3 on 64x64", "naive SymPy", at_least=75_000, repetitions=1)
def decide_64(run: int) -> float:
    return decided(64, run)


def proved(size: int, run: int, check: str) -> float:
    """A new layer proved with those checks."""
    return naive_seconds(size, run) / seconds(lambda: sc.prove(configuration(size, run), check=check).check())


@row('every rule, prove(layer, check="axes").check(), 3x3 on 32x32', "naive SymPy", at_least=3_000, repetitions=3)
def axes(run: int) -> float:
    return proved(32, run, "axes")


@row("default checks, prove(layer).check(), 3x3 on 24x24", "naive SymPy", at_least=100, repetitions=3)
def default(run: int) -> float:
    return proved(24, run, "auto")


@row('every entry, prove(layer, check="entries").check(), 3x3 on 32x32', "naive SymPy", at_least=7_000, repetitions=3)
def entries(run: int) -> float:
    return proved(32, run, "entries")


@row("every entry, 5 million non-zeros", "writing W's two index arrays", at_most=6, repetitions=3)
def many_entries(run: int) -> float:
    import numpy as np

    layer = sc.Conv((236 + run, 236), 3, padding=1, out_channels=10)
    proof = sc.prove(layer, check="axes")
    nonzeros = layer.read_map.nonzeros

    def checked() -> None:
        for _, check in proof.theorem.entries(proof):
            check()

    def written() -> None:
        for _ in range(2):
            np.empty(nonzeros, np.int64).fill(1)

    return seconds(checked) / seconds(written)


@row("LaTeX of W, 14,400 entries, as the documents print it", "sympy.latex of the same matrix", at_least=600)
def latex_of_matrix(run: int) -> float:
    import sympy

    from symconv.documents.weights import weight_grid
    from symconv.render.latex import _matrix

    layer = sc.Conv((12, 10), 3, padding=((run % 3, 2 - run % 3), (1, 1)), flip_kernel=run > 3)
    theirs, ours = layer.weight_matrix().as_mutable(), matrix_of(layer.read_map)
    return seconds(lambda: sympy.latex(theirs)) / seconds(lambda: _matrix(weight_grid(ours)))


@row("LaTeX of the row sums, 3x3 on 32x32", "sympy.latex of the same sums", at_least=1_000, repetitions=3)
def latex_of_rows(run: int) -> float:
    import sympy

    from symconv.documents.rows import row_formula
    from symconv.render.formula import latex

    layer = configuration(32, run)
    sums, matrix = list(layer.flat_output()), matrix_of(layer.read_map)

    def ours() -> None:
        for number, cells in enumerate(matrix.rows):
            latex(row_formula(layer, matrix, number, cells))

    return seconds(lambda: [sympy.latex(each) for each in sums]) / seconds(ours)


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
