"""Damage to the code itself: what builder and checker share must be caught by a check that does not share it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from damages import built, with_matrix

import symconv as sc
from symconv import rules
from symconv.catalogue import im2col, weight_matrix
from symconv.definition import Definition
from symconv.layers import Layer
from symconv.proof import Proof
from symconv.readmap import Axis
from symconv.report import Report, discharge
from symconv.sums import number, variable

PLANE = sc.Conv((4, 5), (3, 2), padding=1, bias=True)


def refused(theorem: str = "weight_matrix", layer: Layer = PLANE, check: str = "all") -> str:
    """The report of a proof that must fail."""
    with pytest.raises(sc.ProofFailed) as caught:
        sc.prove(layer, theorem, check)
    return str(caught.value)


def test_a_wrong_flattening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of a row is evaluated on the matrix' own labels, not compared with the builder's formula."""

    def wrong(sizes: list[tuple[str, int]], *order: Any) -> Any:
        total = number(0)
        for place, (name, _) in enumerate(sizes, 7):
            total = total + variable(name) * place
        return total

    for module in (rules, weight_matrix, im2col):
        monkeypatch.setattr(module, "flattened", wrong)
    assert "the claimed row is not that of i=1" in refused()
    assert "the claimed row is not that of u=1" in refused("im2col")


@pytest.mark.parametrize("off", [-1, 1])
def test_a_wrong_number_of_outputs(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both routes use the output size, so it has a check of its own: the last window fits, one more does not."""
    honest = Axis.outputs.func  # type: ignore[attr-defined]
    monkeypatch.setattr(Axis, "outputs", property(lambda self: honest(self) + off))
    assert "step 1" in refused(layer=sc.Conv((4, 5), (3, 2), stride=2), check="axes")
    if off < 0:
        assert "is not the number of windows along i" in refused(layer=sc.Conv((4, 5), (3, 2)), check="axes")


def test_a_wrong_printed_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule for W is evaluated at every entry."""
    honest = rules.tap_at
    for module in (rules, weight_matrix):
        monkeypatch.setattr(module, "tap_at", lambda line, position: honest(line, position) + 1)
    assert "the printed rule gives another entry of W" in refused()


def test_a_wrong_transpose(monkeypatch: pytest.MonkeyPatch) -> None:
    """X W^T takes the columns from the inverse map itself, and compares them with the rows that were proved."""
    layer = sc.Conv((6,), 3)
    assert layer.read_map.tables
    honest = Axis.meets
    monkeypatch.setattr(Axis, "meets", lambda self, p: {} if p == 2 else honest(self, p))
    assert "step 5, output i=0, input p=2: values: X W^T and W x (nothing against k[2])" in refused(layer=layer)


def test_a_bias_added_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Definition.source.func  # type: ignore[attr-defined]
    monkeypatch.setattr(Definition, "source", property(lambda self: honest(self).replace("return b", "return b + b")))
    assert "step 1: shape: the claim is not the code that runs" in refused(layer=sc.Conv((4,), 2, bias=True))


def test_a_bias_of_another_channel_is_found_where_the_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Definition.rows

    def rows(self: Definition, *order: Any) -> Any:
        for output, row in honest(self, *order):
            yield (
                output,
                {((label[0], 0) if isinstance(label, tuple) else label, p): n for (label, p), n in row.items()},
            )

    monkeypatch.setattr(Definition, "rows", rows)
    said = refused(layer=sc.Conv((4,), 2, out_channels=2, bias=True), check="entries")
    assert "the definition does not add its channel's bias once" in said


DIFFERENCE, DERIVATIVE = "expands to 0 in SymPy: SymPy finds another", "SymPy finds another derivative"
LINE = sc.Conv((5,), 3)
OPINIONS: list[tuple[str, Any, str, str]] = [
    ("weight_matrix", PLANE, "weight_matrix", DIFFERENCE),
    ("im2col", PLANE, "im2col", DIFFERENCE),
    ("transpose", LINE, "weight_matrix", DIFFERENCE),
    ("kronecker", LINE, "weight_matrix", DIFFERENCE),
    ("morphism", LINE, "weight_matrix", DIFFERENCE),
    ("composition", sc.Sequential(LINE, sc.Conv((3,), 2)), "weight_matrix", DIFFERENCE),
    ("winograd", LINE, "weight_matrix", "against its W: SymPy finds another entry"),
    ("input_gradient", LINE, "weight_matrix", DERIVATIVE),
    ("pooling", sc.AvgPool((4,), 2), "weight_matrix", "the difference is 0 in SymPy: SymPy finds another entry"),
    ("sparsity", LINE, "weight_matrix", "SymPy counts other"),
    ("upsampling", sc.PixelShuffle((2,), 2), "weight_matrix", "SymPy finds that W W^T is not I"),
    ("upsampling", sc.Upsample((3,), size=4, mode="linear"), "weight_matrix", "SymPy finds a row that does not add up to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("theorem", "layer", "method", "said"), OPINIONS)
def test_sympys_opinion_is_asked(
    theorem: str, layer: Any, method: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the user gets as a SymPy matrix is what SymPy multiplies."""

    def damaged(honest: Any) -> Any:
        def wrong(self: Any, *order: str) -> Any:
            matrix = honest(self, *order).as_mutable()
            matrix[1, 0] = matrix[1, 0] + 1
            return matrix

        return wrong

    for kind in (Layer, sc.Sequential):
        if hasattr(kind, method):
            monkeypatch.setattr(kind, method, damaged(getattr(kind, method)))
    assert said in refused(theorem, layer)
    assert sc.prove(layer, theorem, "entries").check()


@pytest.mark.parametrize(
    ("theorem", "layer", "said"),
    [
        ("kernel_vector", LINE, DERIVATIVE),
        ("uncertainty", LINE, DERIVATIVE),
        ("fft_linear", LINE, "SymPy finds another coefficient"),
        ("fft_linear", sc.Conv((5,), 3, bias=True), "SymPy finds another coefficient"),
    ],
)
def test_sympys_opinion_is_about_the_output_that_the_user_gets(
    theorem: str, layer: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Layer.flat_output
    monkeypatch.setattr(Layer, "flat_output", lambda self: (entry * 2 for entry in honest(self)))
    options = {"method": "karatsuba"} if theorem == "fft_linear" else {}
    with pytest.raises(sc.ProofFailed, match=said):
        sc.prove(layer, theorem, "all", **options)
    assert sc.prove(layer, theorem, "entries", **options).check()


RING = sc.Conv((3,), 2, padding=((1, 0),), padding_mode="circular")
BESIDE: list[tuple[str, Any, str, str]] = [
    ("weight_matrix", LINE, "W", "the definition and W"),
    ("composition", sc.Sequential(LINE, sc.Conv((3,), 2)), "A", "the layers, run one after the other, give another row"),
    ("kernel_gradient", LINE, "U", "the derivative of the definition by kernel entry 0 and U^T vec(G)"),
    ("kernel_gradient", LINE, "C", "the derivative of the definition by kernel entry 0 and G C^T"),
    ("kernel_vector", LINE, "U", "the definition and U vec(K)"),
    ("kernel_vector", LINE, "W", "W and U vec(K)"),
    ("kronecker", LINE, "W", "W and the sum of Kronecker products"),
    ("linear_as_conv", sc.Conv((2, 2), 1, 2), "V", "a row of W is not that of V at its place"),
    ("uncertainty", LINE, "U", "M with the inputs put in is not U"),
    ("upsampling", sc.PixelShuffle((2,), 2), "W", "a row of W is another"),
    ("pooling", sc.AvgPool((4,), 2), "V", "the two matrices differ"),
    ("dft", RING, "W", "F W and the eigenvalues times F differ"),
    ("transpose", LINE, "A", "the two sides differ"),
    ("sparsity", LINE, "W", "counted on the entries of W, the numbers are others"),
    ("stride_selection", sc.Conv((5,), 2, stride=2), "R", "SymPy finds another entry"),
]  # fmt: skip


@pytest.mark.parametrize(("theorem", "layer", "letter", "said"), BESIDE)
def test_a_further_check_finds_a_printed_entry_that_is_missing(
    theorem: str, layer: Any, letter: str, said: str
) -> None:
    """By itself, whatever the steps find: the further checks are a second line."""
    proof = built(layer, theorem)
    rows = [dict(row) for row in proof.matrices[letter].rows]
    row = next(row for row in rows if row)
    row.pop(min(row))
    assert said in str(further(with_matrix(proof, letter, rows=tuple(rows))).failed)
    assert further(proof).ok


@pytest.mark.parametrize("layer", [LINE, sc.AvgPool((4,), 2)])
def test_a_matrix_stores_what_lies_in_it_and_is_not_zero(layer: Any) -> None:
    proof = built(layer)
    first, *rows = map(dict, proof.matrices["W"].rows)
    cell = first[0]
    empty, outside = (0, "zero") if isinstance(cell, Fraction) else ((), "an entry with no kernel entry in it"), 99
    for row, said in (
        ({**first, outside: cell}, "the matrix stores a column outside the matrix"),
        ({**first, 3: empty[0]}, f"the matrix stores {empty[1]}"),
    ):
        assert said in str(further(with_matrix(proof, "W", rows=(row, *rows))).failed)
    if not isinstance(cell, Fraction):
        damaged = with_matrix(proof, "W", rows=({**first, 0: (1, 0)}, *rows))
        assert "the matrix stores an entry out of order" in str(further(damaged).failed)


def further(proof: Proof) -> Report:
    """What the checks beside the steps say: every entry, and SymPy."""
    return discharge("entries", [*proof.theorem.entries(proof), *proof.theorem.sympy(proof)])


def test_the_product_with_c_is_compared_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = im2col.kernel_matrix
    monkeypatch.setattr(im2col, "kernel_matrix", lambda read_map: [row[::-1] for row in honest(read_map)])
    said = refused("im2col", check="entries")
    assert "against the definition: the definition and K C" in said
    assert "against W: W and K C" in said


def test_the_definition_that_runs_is_compared_entry_by_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A padded input that is wrong only in several dimensions is seen by the entries, not by the axes."""
    honest = Definition.padded

    def wrong(self: Definition, values: Any, zero: Any) -> Any:
        signal = honest(self, values, zero)
        signal[1][1] = signal[1][2]
        return signal

    monkeypatch.setattr(Definition, "padded", wrong)
    assert sc.prove(PLANE, check="axes").check()
    assert "every entry of W, both routes: the definition and W" in refused(check="entries")
