"""What a page prints beside its numbers: letters, limits, other layers, examples. Each is checked, or could be false."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from time import perf_counter
from typing import Any

import pytest

import symconv as sc
from symconv.proof import Proof
from symconv.sums import Span, variable

PADDED = sc.Conv((4, 4), (3, 3), padding=1)
STRIDED = sc.Conv((6,), 3, stride=2)


def claim_changed(proof: Proof, number: int, **changes: Any) -> Proof:
    step = proof.steps[number - 1]
    step = replace(step, claim=replace(step.claim, **changes))  # type: ignore[type-var]
    return replace(proof, steps=(*proof.steps[: number - 1], step, *proof.steps[number:]))


@pytest.mark.parametrize(
    "theorem", ["padding_factor", "flip", "fft_linear", "stride_selection", "sparsity", "structure"]
)
@pytest.mark.parametrize("change", [{"flip_kernel": True}, {"padding": (0, 1)}, {"padding_mode": "circular"}])
def test_w_is_the_weight_matrix_of_the_layer_on_the_page(theorem: str, change: dict[str, Any]) -> None:
    layer = sc.Conv((5, 5), 3, stride=2, padding=((1, 1), (0, 0))) if theorem == "stride_selection" else PADDED
    other = replace(layer, **change)
    proof = sc.prove(layer, theorem, check="axes")
    found = replace(proof, layer=other).check()
    assert not found.ok
    assert "W belongs to another layer" in found.failed[0].message


def test_the_letters_and_limits_of_a_product_are_those_of_its_entries() -> None:
    proof = sc.prove(PADDED, "padding_factor")
    said: Any = proof.steps[3].claim
    spans = said.inner[0]
    for change in (
        {"inner": (tuple(Span(each.name, each.first + 5, each.last + 5) for each in spans),)},
        {"inner": (tuple(Span("i", each.first, each.last) for each in spans),)},
        {"rows": said.columns},
        {"columns": said.columns[::-1]},
    ):
        assert not claim_changed(proof, 4, **change).check().ok, change


def test_the_rows_of_a_selection_are_counted_from_0_and_its_letters_differ() -> None:
    proof = sc.prove(PADDED, "padding_factor")
    lines = proof.steps[2].claim.lines  # type: ignore[attr-defined]
    for changed in (
        tuple(replace(each, rows=range(3, 9), to=each.to - 3) for each in lines),
        tuple(replace(each, column="r") for each in lines),
        tuple(replace(each, row="e", to=variable("e") + each.to.constant) for each in lines),
    ):
        assert not claim_changed(proof, 3, lines=changed).check().ok
    proof = sc.prove(STRIDED, "stride_selection")
    (line,) = proof.steps[2].claim.lines  # type: ignore[attr-defined]
    moved = replace(line, columns=range(5, 5 + len(line.columns)), to=line.to + 5)
    assert not claim_changed(proof, 3, lines=(moved,)).check().ok


def test_a_ring_is_made_longer_up_to_a_limit() -> None:
    with pytest.raises(sc.SpecError, match="at most 4,096"):
        sc.prove(sc.Conv((6,), 3, padding=1), "fft_linear", size=10_000_000)


def test_structure_is_about_the_matrix_that_a_step_names() -> None:
    assert not claim_changed(sc.prove(sc.Conv((5,), 3), "structure"), 1, letter="Wx").check().ok


def test_another_kernel_has_another_letter() -> None:
    assert not claim_changed(sc.prove(PADDED, "flip"), 3, kernel="k").check().ok


def test_the_other_layer_is_the_one_that_the_statement_names() -> None:
    for layer, theorem in ((PADDED, "padding_factor"), (PADDED, "flip"), (STRIDED, "stride_selection")):
        proof = sc.prove(layer, theorem, check="axes")
        inner: Any = proof.steps[1].claim
        for change in ({"bias": True}, {"flip_kernel": not inner.layer.flip_kernel}):
            assert not claim_changed(proof, 2, layer=replace(inner.layer, **change)).check().ok


def test_an_example_of_a_kernel_is_given_exactly_where_symmetry_is_not_needed() -> None:
    proof = sc.prove(PADDED, "flip")
    assert not claim_changed(proof, 6, kernel=(Fraction(1), *(Fraction(0),) * 8)).check().ok
    proof = sc.prove(sc.Conv((1, 1), 2, padding=((0, 1), (0, 1))), "flip")
    said: Any = proof.steps[5].claim
    last = 3
    opposite = tuple((last - u, tuple((r, c, -f) for r, c, f in each)) for u, each in said.witnesses)
    assert not claim_changed(proof, 6, witnesses=(*said.witnesses, *opposite), kernel=None).check().ok


def test_a_factor_is_called_a_shift_only_where_its_ones_fill_a_diagonal() -> None:
    assert "shift matrix" in str(sc.prove(sc.Conv((3,), 2), "kronecker"))
    assert "shift matrix" not in str(sc.prove(sc.Conv((3,), 2, stride=3, padding=((2, 0),)), "kronecker"))


def test_blocks_of_different_groups_are_zero_and_so_are_not_said_to_have_no_pattern() -> None:
    text = " ".join(str(sc.prove(sc.Conv((5,), 3, 2, 2, stride=2, padding=1, groups=2), "structure")).split())
    assert "For each pair of channels of one group, the block of W is not Toeplitz" in text
    text = " ".join(str(sc.prove(sc.Conv((4, 4), 3, stride=(1, 2), padding=1), "structure")).split())
    assert "its blocks are not all Toeplitz by the second axis" in text


def test_where_no_window_reads_an_input_no_kernel_entry_occurs() -> None:
    assert "No kernel entry occurs in W." in str(sc.prove(sc.Conv((2,), 2, padding=((3, -3),)), "sparsity"))


@pytest.mark.parametrize("theorem", ["padding_factor", "stride_selection", "fft_linear"])
def test_a_large_layer_takes_a_few_seconds(theorem: str) -> None:
    stride = 2 if theorem == "stride_selection" else 1
    start = perf_counter()
    str(sc.prove(sc.Conv((224, 224), 3, 3, 64, padding=1, stride=stride), theorem, check="axes"))
    assert perf_counter() - start < 15


def test_a_kernel_is_compared_with_its_reversal_on_layers_of_some_size_only() -> None:
    with pytest.raises(sc.NotApplicable, match="448,900 non-zero entries"):
        sc.prove(sc.Conv((224, 224), 3, 3, 64, padding=1), "flip", check="axes")


def test_w_is_labelled_by_its_layer_in_every_theorem() -> None:
    for layer, theorem in ((sc.Upsample((2,), scale_factor=2), "upsampling"), (sc.Conv((4,), 3), "rank")):
        proof = sc.prove(layer, theorem)
        weights = replace(proof.matrices["W"], row_shape=(5,))
        assert not replace(proof, matrices={**proof.matrices, "W": weights}).check()


def test_a_claim_about_w_follows_from_what_w_is() -> None:
    proof = sc.prove(sc.AvgPool((3,), 3, 1, 1, 1, count_include_pad=False), "pooling")
    at = next(n for n, step in enumerate(proof.steps) if step.rule.name == "compare")
    steps = (*proof.steps[:at], replace(proof.steps[at], cites=(2,)), *proof.steps[at + 1 :])
    assert not replace(proof, steps=steps).check()
    ranked = sc.prove(sc.Conv((4,), 3), "rank")
    other = replace(ranked.steps[0], claim=replace(ranked.steps[0].claim, letter="S"))
    assert not replace(ranked, steps=(other, *ranked.steps[1:])).check()


def test_what_does_not_hold_in_every_ring_is_not_claimed_there() -> None:
    """In the integers modulo 2, 1/3 is 1: the two entries do not differ."""
    text = " ".join(str(sc.prove(sc.AvgPool((4,), 3, ceil_mode=True), "pooling")).split())
    assert "numbers that differ and of the maximum holds over the rational numbers" in text


def test_sizes_beyond_a_machine_word_are_too_large_and_no_crash() -> None:
    with pytest.raises(sc.TooLarge):
        sc.prove(sc.PixelShuffle((2,) * 20, 10), "upsampling")
