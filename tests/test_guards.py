"""What the values inside refuse, whoever makes them: each guard is tried, with what it says."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

import symconv as sc
from symconv.algebra.linear import difference, identity, numbers
from symconv.algebra.schemes import scheme
from symconv.networks import Apply
from symconv.node import Node


class Pair(Node):
    first: int
    second: int = 2


@pytest.mark.parametrize("make", [lambda: Pair(), lambda: Pair(1, 2, 3), lambda: Pair(1, third=3)])
def test_a_node_takes_its_fields(make: Any) -> None:
    with pytest.raises(TypeError, match="Pair takes first, second"):
        make()


def test_a_node_stays_as_it_was_made() -> None:
    pair = Pair(1)
    with pytest.raises(AttributeError, match="Pair is immutable"):
        pair.first = 3  # type: ignore[misc]
    assert (repr(pair), pair == Pair(1, 2), pair == Pair(2)) == ("Pair(first=1, second=2)", True, False)


def test_values_with_arrays_are_equal_to_their_kind_only() -> None:
    operation = Apply(sc.Conv((3,), 2), kernel=[[[1, 2]]])
    assert operation != "the same"
    assert operation == Apply(sc.Conv((3,), 2), kernel=[[[1, 2]]])


def test_a_number_outside_of_a_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="column 2 of a matrix of width 2"):
        numbers({(0, 2): 1}, 2, 2)
    with pytest.raises(ValueError, match=r"shapes differ: \(2, 2\) and \(3, 3\)"):
        difference(identity(2), identity(3))


@pytest.mark.parametrize("points", [(0, 1), (0, 1, 1), (0, Fraction(1), 1)])
def test_a_scheme_needs_so_many_different_points(points: Any) -> None:
    with pytest.raises(ValueError, match=r"F\(2, 3\) needs 3 different points"):
        scheme(2, 3, points)


# The proof for all sizes --------------------------------------------------------------------------------


def test_a_proof_for_all_sizes_prints_itself() -> None:
    proof = sc.prove_general("padding_factor", rank=1)
    assert str(proof) == proof.render("text")
    assert proof._repr_markdown_() == proof.render("markdown")


def test_a_damaged_proof_for_all_sizes_says_nothing() -> None:
    proof = sc.prove_general("padding_factor", rank=1)
    other = sc.prove_general("stride_selection", rank=1)
    damaged = replace(proof, parts=other.parts)
    assert not damaged.check()
    layer = sc.Conv((4,), 3, padding=1)
    for say in (damaged.verified, damaged.render, lambda: damaged.specialise(layer), lambda: str(damaged)):
        with pytest.raises(sc.ProofFailed):
            say()


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (sc.Conv((4,), 2), "must take what the first one makes, and each have one group"),
        (sc.Conv((3,), 2, padding=1), "must have no padding and no input dilation"),
        (sc.Conv((3,), 2, flip_kernel=True), "is about kernels that are not reversed"),
    ],
)
def test_two_layers_that_the_general_composition_is_not_about(second: sc.Conv, said: str) -> None:
    with pytest.raises(sc.NotApplicable, match=said):
        sc.prove_general("composition", rank=1).specialise((sc.Conv((4,), 2), second))
