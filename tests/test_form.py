"""The trusted kernel, function by function: adding up like terms, and the first place where two layers differ."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from symconv.form import Difference, collect, first_difference, row_difference, weigh

A, B, C = ("k0", "x0"), ("k1", "x0"), (None, "x1")


def test_like_terms_are_added_up() -> None:
    assert collect([]) == {}
    assert collect([A, B, A, C, A]) == {A: 3, B: 1, C: 1}


def test_coefficients_are_added_up_and_what_cancels_is_absent() -> None:
    assert weigh([]) == {}
    assert weigh([(A, 2), (B, Fraction(1, 3)), (A, 5), (C, 4), (C, -4)]) == {A: 7, B: Fraction(1, 3)}


@pytest.mark.parametrize(
    ("left", "right", "difference"),
    [
        ({A: 1}, {A: 1}, None),
        ({A: 2, B: 1}, {B: 1, A: 2}, None),
        ({A: 1}, {A: 2}, Difference("y", A, 1, 2)),
        ({A: 2}, {A: 1}, Difference("y", A, 2, 1)),
        ({A: 1, B: 1}, {A: 1}, Difference("y", B, 1, 0)),
        ({A: 1}, {A: 1, B: 1}, Difference("y", B, 0, 1)),
        ({A: 1, B: -1}, {A: 1}, Difference("y", B, -1, 0)),
        ({A: 1}, {A: 1, B: -1}, Difference("y", B, 0, -1)),
        ({A: 1, B: 1, C: 1}, {A: 1, B: 2, C: 3}, Difference("y", B, 1, 2)),
        ({A: 0}, {}, None),  # a zero that is written down is no term
        ({A: 0, B: 1}, {B: 2}, Difference("y", B, 1, 2)),
    ],
)
def test_two_rows_differ_in_their_first_term_that_differs(left: Any, right: Any, difference: Any) -> None:
    assert row_difference("y", left, right) == difference


def test_two_families_differ_in_a_term() -> None:
    left = [("y0", {A: 1}), ("y1", {A: 1, B: 2})]
    assert first_difference(left, [("y0", {A: 1}), ("y1", {A: 1, B: 2})]) is None
    assert first_difference(left, [("y0", {A: 1}), ("y1", {A: 1, B: 3})]) == Difference("y1", B, 2, 3)


def test_two_families_differ_in_an_output_that_one_has_not() -> None:
    """The output is named, and the side that has it is the 1."""
    first, second = ("y0", {A: 1}), ("y1", {B: 1})
    assert first_difference([first, second], [first]) == Difference("y1", None, 1, 0)
    assert first_difference([first], [first, second]) == Difference("y1", None, 0, 1)
    assert first_difference([], [first]) == Difference("y0", None, 0, 1)


@pytest.mark.parametrize(("one", "other"), [("y0", "y1"), ("y1", "y0")])
def test_two_families_in_another_order_differ(one: str, other: str) -> None:
    assert first_difference([(one, {A: 1})], [(other, {A: 1})]) == Difference(one, None, 1, 0)
