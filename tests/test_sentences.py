"""Sentences that pages print, where they are easily false: each is recomputed from the parameters alone."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from damages import built, with_step

import symconv as sc
from symconv.steps.factoring import Factors


def page(layer: sc.Layer, theorem: str) -> str:
    """The text form in one line."""
    return " ".join(sc.prove(layer, theorem).render("text").split())


def differences(layer: sc.Conv) -> list[list[int]]:
    """The entries of W - V, one kernel entry at a time; V has the kernel reversed, the one channel one axis."""
    both = layer, replace(layer, flip_kernel=not layer.flip_kernel)
    units = np.eye(layer.kernel_size[0], dtype=int).reshape(-1, *layer.kernel_shape)
    gaps = [np.subtract(*(each.to_numpy(unit) for each in both)).ravel().tolist() for unit in units]
    return [list(entry) for entry in zip(*gaps, strict=True) if any(entry)]


TWICE = sc.Conv((3,), 7, stride=2, padding=3, padding_mode="symmetric", input_dilation=2)
SUMS = sc.Conv((6,), 7, stride=2, padding=((3, -1),), padding_mode="symmetric", input_dilation=2)
NOT_ALIKE = sc.Conv((2,), 4, padding=1, padding_mode="symmetric", input_dilation=3)
ALIKE = sc.Conv((5,), 4)


@pytest.mark.parametrize("layer", [TWICE, SUMS, NOT_ALIKE, ALIKE], ids=["twice", "sums", "not alike", "alike"])
def test_a_kernel_need_not_be_symmetric_in_every_ring(layer: sc.Conv) -> None:
    """With two elements 1 + 1 is 0: halves of entries prove nothing there."""
    entries, taps = differences(layer), layer.kernel_size[0]
    equal = [k for k in product((0, 1), repeat=taps) if not any(np.dot(entry, k) % 2 for entry in entries)]
    everywhere = all(k == k[::-1] for k in equal)
    said = page(layer, "flip")
    assert "exactly when the kernel is symmetric" in said
    assert ("over the rings in which 2 has an inverse" in said) is not everywhere


@pytest.mark.parametrize("layer", [TWICE, SUMS, NOT_ALIKE, ALIKE], ids=["twice", "sums", "not alike", "alike"])
def test_every_pair_has_an_entry_like_the_first_where_that_is_said(layer: sc.Conv) -> None:
    alone = {tuple(map(abs, entry)) for entry in differences(layer) if sum(map(abs, entry)) == 2}
    said = re.search(r"one like it for every pair", page(layer, "flip"))
    assert bool(said) == (len(alone) == layer.kernel_size[0] // 2)


K0, K1, K2, ONE = (((0,), 1),), (((1,), 1),), (((2,), 1),), (((), 1),)
LESS_K0, LESS_K1, LESS_ONE = (((0,), -1),), (((1,), -1),), (((), -1),)
OTHERS = {
    "the second window takes the entry": Factors((K0, (), K1, K2), (ONE, (), (), ONE)),
    "less h and less g": Factors((LESS_K0, LESS_K1, (), K2), (LESS_ONE, (), (), ONE)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_two_kernels_are_those_that_the_page_describes(name: str) -> None:
    """Others have this product too; but of theirs the page would say what is false."""
    proof = built(sc.Conv((5,), 3), "morphism")
    number = proof.number_of("factors")
    assert number is not None
    assert proof.check()
    report = with_step(proof, number, claim=OTHERS[name]).check()
    assert [failure.step for failure in report.failed] == [number]


@pytest.mark.parametrize("theorem", ["sparsity", "weight_matrix"])
def test_an_entry_is_a_parameter_of_its_own_where_it_is_not_zero(theorem: str) -> None:
    """As many parameters as entries, each once: and yet two share an entry where an input is read twice."""
    said = "Every entry is a parameter of its own."
    assert said in page(sc.Linear(2, 3), theorem)
    shared = sc.Conv((4,), 4, padding=((3, -3),), padding_mode="replicate")
    assert shared.weight_matrix().todok().keys() == {(0, 0)}
    assert said not in page(shared, theorem)
    assert "Every kernel entry occurs one time" in page(shared, theorem)


def test_why_rows_add_up_to_less_than_one() -> None:
    """A divisor of one's own makes less than 1 of windows that read no zero at all."""
    reason = "less than 1 where the window reads zeros that count"
    assert reason in page(sc.AvgPool((4,), 2, stride=1, padding=1), "weight_matrix")
    divided = sc.AvgPool((4,), 2, stride=1, padding=1, divisor_override=3)
    assert divided.weight_matrix()[1, 1] == sp.Rational(1, 3)
    assert "The rows add up to between 1/3 and 2/3." in page(divided, "weight_matrix")


def test_gaps_are_the_reason_where_windows_meet_them_differently() -> None:
    reason = "windows meet the gaps between the inputs in different places"
    assert reason in page(sc.Conv((4,), 3, padding=1, input_dilation=2), "weight_matrix")
    in_step = sc.Conv((4,), 4, stride=2, padding=((2, 1),), padding_mode="symmetric", input_dilation=2)
    assert reason not in page(in_step, "weight_matrix")
    assert "only in the interior: at the border the padding repeats inputs" in page(in_step, "weight_matrix")


def test_pooling_that_is_no_convolution_with_zeros_can_be_one_with_copies_of_the_border() -> None:
    """The last window divides by 1 what it reads; reading it twice and dividing by 2 is the same."""
    pool = sc.AvgPool((5,), 2, padding=((0, 1),), ceil_mode=True, count_include_pad=False)
    copies = sc.Conv((5,), 2, stride=2, padding=((0, 1),), padding_mode="replicate")
    halves = np.full(copies.kernel_shape, Fraction(1, 2), dtype=object)
    assert (pool.to_numpy() == copies.to_numpy(halves)).all()
    said = page(pool, "pooling")
    assert "the layer is no convolution with a constant kernel and zeros beyond the border." in said
    assert "zeros beyond the border exactly where D is constant" in sc.theorems()["pooling"]


def test_a_stack_that_is_no_convolution_can_be_one_with_another_input_dilation() -> None:
    """Far enough apart, no two entries share a kernel entry: every matrix is that of some convolution."""
    first, second = sc.Conv((3,), 3, stride=2), sc.Conv((1,), 2, padding=1, padding_mode="replicate")
    product = second.to_numpy([[[1, 1]]]) @ first.to_numpy([[[1, 2, 3]]])
    apart = sc.Conv((3,), 9, stride=2, padding=2, input_dilation=3)
    assert (product == apart.to_numpy([[[2, 0, 2, 4, 0, 4, 6, 0, 6]]])).all()
    assert product[0, 0] != product[1, 2]
    said = page(sc.Sequential(first, second), "composition")
    assert "For kernels with A[0,0] ≠ A[1,2] it is no convolution of stride 2 and input dilation 1 padded" in said


def test_eigenvalues_that_are_all_the_same() -> None:
    said = page(sc.Conv((3,), 1, padding_mode="circular"), "dft")
    assert "These 3 are one and the same sum: for every kernel, λ[0] = λ[1] = λ[2]." in said
