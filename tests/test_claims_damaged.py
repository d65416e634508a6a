"""What a page prints beside its numbers: letters, limits, other layers, examples. Each is checked, or could be false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import pytest
from damages import built
from lanes import some
from test_growth import lines_executed

import symconv as sc
from symconv.catalogue import theorem_named
from symconv.catalogue.flip import SameKernel
from symconv.proof import Proof
from symconv.report import discharge
from symconv.steps import occurrences
from symconv.steps.averaging import NotLinear, Unequal
from symconv.steps.constant_kernel import ConstantKernel
from symconv.steps.counting import Sign
from symconv.steps.differentiating import ByInput
from symconv.steps.differentiating_kernels import ByKernel, KernelSum
from symconv.steps.factoring import Factors
from symconv.steps.polynomials import Blocks, Shift
from symconv.steps.tiles import Tiled
from symconv.steps.transposing import AdjointWeights
from symconv.sums import Index, Span, variable

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
def test_a_large_layer_is_proved_along_its_axes(theorem: str) -> None:
    stride = 2 if theorem == "stride_selection" else 1
    layer = sc.Conv((224, 224), 3, 3, 64, padding=1, stride=stride)
    assert lines_executed(lambda: str(sc.prove(layer, theorem, check="axes"))) < layer.read_map.nonzeros / 10


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


def rendered_and_refused(proof: Proof, number: int, **changes: Any) -> None:
    """The proof can be rendered, and with the step changed it is refused by that step."""
    assert proof.check().ok
    assert str(proof)
    steps = list(proof.steps)
    steps[number - 1] = replace(steps[number - 1], **changes)
    failed = replace(proof, steps=tuple(steps)).check().failed
    assert number in {failure.step for failure in failed}, failed


def test_the_numbers_put_into_a_formula_are_each_printed_once() -> None:
    proof = sc.prove(sc.Conv((5,), 3), "output_size")
    (sizes, outputs), claim = proof.steps[-1].claim.axes[0], proof.steps[-1].claim  # type: ignore[attr-defined]
    for changed in ((*sizes, sizes[0]), sizes[::-1]):
        rendered_and_refused(proof, len(proof.steps), claim=replace(claim, axes=((changed, outputs),)))


def test_the_steps_that_a_product_follows_from_are_cited_once_and_in_order() -> None:
    for layer, theorem, number in (
        (sc.Conv((4,), 3, padding=1, padding_mode="reflect"), "transpose", 5),
        (PADDED, "padding_factor", 4),
        (PADDED, "flip", 4),
        (STRIDED, "stride_selection", 4),
        (sc.AvgPool((4,), 2), "pooling", 4),
        (PADDED, "winograd", len(sc.prove(PADDED, "winograd").steps)),
        (PADDED, "sparsity", len(sc.prove(PADDED, "sparsity").steps) - 1),
    ):
        proof = sc.prove(layer, theorem)
        cites = proof.steps[number - 1].cites
        for changed in (cites[::-1], (*cites, cites[0]), (cites[1], cites[0], *cites[2:]), (cites[0], *cites)):
            rendered_and_refused(proof, number, cites=changed)


def test_a_sum_of_squares_has_every_term_once() -> None:
    proof = sc.prove(sc.Conv((4,), 3), "transpose")
    number = next(n for n, step in enumerate(proof.steps, 1) if step.rule.name == "diagonal")
    claim: Any = proof.steps[number - 1].claim
    rendered_and_refused(proof, number, cites=(2,))
    for entry in ((*claim.entry, claim.entry[0]), claim.entry[::-1]):
        rendered_and_refused(proof, number, claim=replace(claim, entry=entry))


def test_why_kernels_are_not_named_is_one_of_the_reasons() -> None:
    proof = sc.prove(sc.Conv((4, 4), (2, 3), 2, 2, padding=1), "transpose")
    claim: Any = proof.steps[-1].claim
    assert claim.why == "unsolved"
    for why in ("many", "rank", "unread", "hard"):
        rendered_and_refused(proof, len(proof.steps), claim=replace(claim, why=why))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_what_interpolation_says_of_w_is_about_w(mode: str) -> None:
    proof = sc.prove(sc.Upsample((3,), scale_factor=2, mode="nearest"), "upsampling")
    if mode == "nearest":
        first, about, other, constant = proof.steps
        steps = (first, other, replace(about, cites=(2,)), replace(constant, cites=(1, 2)))
    else:
        linear = sc.prove(sc.Upsample((3,), scale_factor=2, mode="linear"), "upsampling")
        first, about = linear.steps
        proof, steps = (
            linear,
            (first, replace(first, claim=replace(first.claim, letter="V")), replace(about, cites=(2,))),
        )  # type: ignore[type-var]
    failed = replace(proof, steps=steps, matrices={**proof.matrices, "V": proof.matrices["W"]}).check().failed
    assert any("does not say what W is" in failure.message for failure in failed)


@pytest.mark.parametrize(
    ("layer", "theorem", "letters"),
    [
        (PADDED, "padding_factor", "WVP"),
        (PADDED, "flip", "WVE"),
        (STRIDED, "stride_selection", "WVRFC"),
        (sc.Conv((6,), 2, dilation=2), "stride_selection", "WDEFC"),
        (PADDED, "transpose", "WA"),
        (PADDED, "fft_linear", "WRCE"),
        (sc.AvgPool((4, 2), 2), "pooling", "WSDV"),
        (sc.ConvTranspose((3,), 1, stride=2), "upsampling", "WZ"),
        (sc.Upsample((2, 3), scale_factor=2), "upsampling", "WV"),
    ],
)
def test_every_matrix_is_labelled_by_the_positions_it_speaks_of(layer: Any, theorem: str, letters: str) -> None:
    proof = sc.prove(layer, theorem, check="axes")
    assert set(proof.matrices) == set(letters)
    for letter, matrix in proof.matrices.items():
        rows, columns = matrix.row_shape, matrix.column_shape
        for change in ({"row_shape": (*rows, 1)}, {"column_shape": (1, *columns)}, {"row_shape": (prod(rows), 1, 1)}):
            relabelled = {**proof.matrices, letter: replace(matrix, **change)}
            failed = replace(proof, matrices=relabelled).check().failed
            assert any(f"of {letter} are labelled otherwise" in failure.message for failure in failed), letter


def test_the_rows_of_w_beside_u_and_c_are_compared_without_its_entries() -> None:
    for theorem in ("kernel_vector", "im2col"):
        proof = sc.prove(sc.Conv((4,), 3), theorem, check="axes")
        rows = list(map(dict, proof.matrices["W"].rows))
        rows[0], rows[1] = rows[1], rows[0]
        weights = replace(proof.matrices["W"], rows=rows)
        assert not replace(proof, matrices={**proof.matrices, "W": weights}).check().ok


@pytest.mark.parametrize(
    "layer",
    [
        sc.Conv((5,), 3, padding=((-1, 0),), padding_mode="circular", input_dilation=2),
        sc.Conv((5,), 3, padding=1, input_dilation=2),
        sc.Conv((5,), 3, padding=1),
    ],
)
def test_the_range_that_is_printed_for_a_tap_is_the_one_that_was_counted(
    layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(str(sc.prove(layer, "sparsity")).split())
    assert "for i from max(0" in text or "n_u = min(" in text
    off = occurrences.last_output
    monkeypatch.setattr(occurrences, "last_output", lambda axis: off(axis) - axis.stride * axis.scale)
    proof = built(layer, "sparsity")
    assert any("formula that is printed" in failure.message for failure in proof.check().failed)


def test_the_longer_kernel_is_that_of_the_layer_on_the_page() -> None:
    proof = sc.prove(sc.Conv((8,), 3, dilation=2, padding=1), "stride_selection")
    said: Any = proof.steps[1].claim
    assert said.letter == "D"
    for change in ({"bias": True}, {"padding_mode": "reflect"}, {"flip_kernel": True}):
        rendered_and_refused(proof, 2, claim=replace(said, layer=replace(said.layer, **change)))


@pytest.mark.parametrize(
    ("layer", "theorem", "number"),
    [
        (PADDED, "padding_factor", 4),
        (sc.Conv((5, 5), 3, stride=2), "stride_selection", 4),
        (sc.Conv((4, 4), 3), "fft_linear", 5),
        (sc.Conv((4, 4), 3, padding=1, padding_mode="reflect"), "transpose", 5),
        (sc.AvgPool((4, 4), 2), "pooling", 4),
    ],
)
def test_an_index_that_is_summed_over_has_a_letter_of_its_own(layer: Any, theorem: str, number: int) -> None:
    proof = sc.prove(layer, theorem)
    claim: Any = proof.steps[number - 1].claim
    (first, *rest), *others = claim.inner
    for name in some("ipukxyzWV", 4):
        rendered_and_refused(proof, number, claim=replace(claim, inner=((replace(first, name=name), *rest), *others)))


def test_what_minors_have_in_common_is_all_that_they_have() -> None:
    layers = (sc.Conv((n,), k, padding=p, stride=s) for n in (3, 4, 5) for k in (2, 3) for p in (0, 1) for s in (1, 2))
    proofs = [sc.prove(layer, "rank", check="axes") for layer in layers]
    shared = [proof for proof in proofs if proof.steps[-1].claim.minors > 1 and proof.steps[-1].claim.factors]  # type: ignore[attr-defined]
    assert shared
    for proof in shared:
        claim: Any = proof.steps[-1].claim
        (factor, power), *others = claim.factors
        for factors in (others, ((factor, 0), *others), ((factor, power + 1), *others)):
            rendered_and_refused(proof, len(proof.steps), claim=replace(claim, factors=tuple(factors)))


def test_taps_that_share_an_entry_are_each_named_once() -> None:
    proof = sc.prove(sc.Conv((2,), 3, padding=1, padding_mode="circular"), "sparsity")
    claim: Any = proof.steps[2].claim
    assert claim.witnesses
    output, source, *taps = claim.witnesses[0]
    rendered_and_refused(proof, 3, claim=replace(claim, witnesses=((output, source, taps[0], *taps),)))


@pytest.mark.parametrize(
    ("theorem", "options", "others"),
    [
        ("winograd", {}, ({"tile": 2}, {"points": (0, 2, -2, 1, -1)}, {"size": 9})),
        ("winograd", {"tile": 2}, ({}, {"tile": 3}, {"tile": 2, "points": (0, 1, 2)})),
        ("fft_linear", {}, ({"method": "karatsuba"}, {"size": 9}, {"tile": 2})),
        ("fft_linear", {"method": "karatsuba"}, ({}, {"method": "toom-3"}, {"method": "karatsuba", "points": (0, 2)})),
    ],
)
def test_a_proof_carries_the_options_that_it_was_made_with(
    theorem: str, options: dict[str, Any], others: tuple[dict[str, Any], ...]
) -> None:
    proof = sc.prove(PADDED, theorem, **options)
    for other in others:
        assert not replace(proof, options=tuple(other.items())).check().ok, other


def test_sizes_beyond_a_machine_word_are_too_large_and_no_crash() -> None:
    with pytest.raises(sc.TooLarge):
        sc.prove(sc.PixelShuffle((2,) * 20, 10), "upsampling")


POOLING = sc.AvgPool((5,), 3, 2, 1, 1, ceil_mode=True, count_include_pad=False)


def halved(index: Any) -> Any:
    """An index that is an integer for every second output only."""
    return Index.make(dict(index.terms), index.constant, 2)


def each_line(claim: Any, **changes: Any) -> Any:
    """The claim with the same changed on every line; a function makes it of what stands there."""
    return replace(claim, lines=tuple(
        replace(line, **{name: change(getattr(line, name)) for name, change in changes.items()}) for line in claim.lines
    ))  # fmt: skip


SAID: list[tuple[str, Any, type[Any], Callable[[Any], Any], str]] = [
    ("pooling", POOLING, Unequal, lambda c: replace(c, witnesses=(c.witnesses[0],) * 2, values=(c.values[0],) * 2),
     "the two entries do not differ, or one is zero"),
    ("pooling", POOLING, Unequal, lambda c: replace(c, witnesses=(((9,), (0,)), c.witnesses[1])), "a position outside the matrix"),
    ("pooling", POOLING, NotLinear, lambda c: replace(c, witnesses=(*c.witnesses[:2], c.witnesses[1])), "the maxima are others"),
    ("flip", sc.Conv((3,), 4, padding=2, padding_mode="circular"), SameKernel, lambda c: replace(c, kernel=(0, 1, 0, 0)),
     "for this kernel W and V differ"),
    ("transpose", sc.Conv((3,), 2), AdjointWeights, lambda c: replace(c, labels=((0, 0),)),
     "an entry of the kernel is used twice or not at all"),
    ("input_gradient", sc.Conv((3,), 2), ByInput, lambda c: each_line(c, reads=halved), "is no position"),
    ("kernel_gradient", sc.Conv((3,), 2), ByKernel, lambda c: each_line(c, entry=lambda entry: (entry[0] + 1,)),
     "an index of k leaves its range"),
    ("kernel_gradient", sc.Conv((3,), 2), KernelSum, lambda c: replace(c, sums=tuple(
        replace(each, factors=(replace(each.factors[0], indices=(each.factors[0].indices[0] + 1,)), *each.factors[1:])) for each in c.sums)),
     "an index of G leaves its range"),
    ("output_size", sc.Conv((3,), 2), Sign, lambda c: replace(c, certificate=replace_node(c.certificate, size=c.certificate.size + 1)),
     "SymPy finds another polynomial"),
    ("morphism", sc.Conv((4,), 3), Factors, lambda c: replace(c, first=c.first[::-1]), "the two layers read otherwise"),
    ("fft_linear", sc.Conv((4,), 3), Shift, lambda c: replace(c, shifts=(c.shifts[0] + 1,)), "the definition and the blocks"),
    ("winograd", sc.Conv((4,), 3), Tiled, lambda c: replace(c, tiles=tuple(replace(each, position=each.position + 1) for each in c.tiles)),
     "the definition and the tiles"),
    ("winograd", sc.Conv((4,), 3), Tiled, lambda c: replace(c, schemes=tuple(replace(f, basis=f.basis[::-1]) for f in c.schemes)),
     "the tile computes another sum"),
    ("fft_linear", sc.Conv((4,), 3), Blocks, lambda c: replace(c, schemes=tuple(replace(f, basis=f.basis[::-1]) for f in c.schemes)),
     "SymPy finds another coefficient of the product"),
]  # fmt: skip


def replace_node(node: Any, **changes: Any) -> Any:
    return type(node)(**{name: changes.get(name, getattr(node, name)) for name in node.__match_args__})


@pytest.mark.parametrize(("theorem", "layer", "kind", "change", "said"), SAID)
def test_it_says_what_is_wrong(theorem: str, layer: Any, kind: type[Any], change: Any, said: str) -> None:
    """By the steps, or by the further checks alone: each has its own words for what it found."""
    options = {"method": "karatsuba"} if theorem == "fft_linear" else {}
    chosen = theorem_named(theorem)
    proof = Proof(chosen, layer, *chosen.build(layer, **options), "all", tuple(options.items()))
    assert proof.check().ok
    steps = tuple(replace(s, claim=change(s.claim)) if isinstance(s.claim, kind) else s for s in proof.steps)
    assert steps != proof.steps
    damaged = replace(proof, steps=steps)
    further = discharge("entries", [*chosen.entries(damaged), *chosen.sympy(damaged)])
    assert said in f"{damaged.check()} {further.failed}"


def test_axes_are_named_once_each_and_in_order() -> None:
    """A property of two equal axes, the other way round: true, and another sentence."""
    proof = sc.prove(sc.ConvTranspose((2, 1, 2), 1, padding=((-1, 0), (0, 0), (-1, 0))), "structure", check="axes")
    number, claim = next((n, s.claim) for n, s in enumerate(proof.steps, 1) if getattr(s.claim, "axes", ()) == (0, 2))
    for axes in ((2, 0), (0, 0, 2)):
        found = claim_changed(proof, number, axes=axes).check()
        assert "the axes are not named once each, in order" in found.failed[0].message, claim


def test_a_number_that_multiplies_nothing_is_one() -> None:
    """Every output lies on the padding, so that any number for the kernel gives the same matrix."""
    proof = sc.prove(sc.ConvTranspose((2,), 1, stride=3, padding=1, dilation=3), "upsampling", check="axes")
    number = next(n for n, step in enumerate(proof.steps, 1) if isinstance(step.claim, ConstantKernel))
    for value in (0, 2, Fraction(1, 2)):
        found = claim_changed(proof, number, values=(value,)).check()
        assert "nothing is multiplied along i, and the number is not 1" in found.failed[0].message
