"""Sentences that pages print, where they are easily false: each is recomputed from the parameters alone."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
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
