"""Index expressions and sums: arithmetic against Python's own, one form for one expression, and how they read."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest

from symconv.sums import (
    Factor,
    Fibre,
    Index,
    Span,
    Sum,
    floored,
    join_signed,
    leading,
    number,
    python,
    quotient,
    variable,
)

I, U, F = variable("i"), variable("u"), variable("f")  # noqa: E741


def random_index(rng: Random, names: str = "iuf", divisors: tuple[int, ...] = (1, 1, 2, 3, 6)) -> Index:
    terms = {name: rng.randint(-4, 4) for name in names if rng.random() < 0.7}
    return Index.make(terms, rng.randint(-6, 6), rng.choice(divisors))


def exact(index: Index, env: dict[str, int]) -> Fraction:
    """The value of an index by its meaning."""
    return Fraction(sum(c * env[name] for name, c in index.terms) + index.constant, index.divisor)


def environments(rng: Random) -> list[dict[str, int]]:
    return [{name: rng.randint(-5, 5) for name in "iuf"} for _ in range(5)]


# One form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "terms", "constant", "divisor"),
    [
        (Index.make({"u": 2, "i": 4}, 6, 2), (("i", 2), ("u", 1)), 3, 1),
        (Index.make({"u": 2, "i": 0}, 1, 4), (("u", 2),), 1, 4),
        (Index.make({"u": -2}, 4, -6), (("u", 1),), -2, 3),
        (Index.make({"u": 3}, 0, -1), (("u", -3),), 0, 1),
        (Index.make({}, 0, 5), (), 0, 1),
        (Index.make({}, 4), (), 4, 1),
        (Index(), (), 0, 1),
        (number(7), (), 7, 1),
        (variable("u"), (("u", 1),), 0, 1),
    ],
)
def test_an_index_is_in_lowest_terms_with_its_variables_in_order(
    made: Index, terms: Any, constant: int, divisor: int
) -> None:
    assert (made.terms, made.constant, made.divisor) == (terms, constant, divisor)


@pytest.mark.parametrize(
    "parts",
    [
        ((("u", 1), ("i", 1)),),
        ((("u", 1), ("u", 1)),),
        ((("", 1),),),
        ((("u", 0),),),
        ((("i", 0), ("u", 1)),),
        ((("i", 1.0), ("u", 1)),),
        ((("u", True),),),
        ((), True),
        ((), 1.0),
        ((), 1, True),
        ((), 1, 0),
        ((), 1, -1),
        ((), 2, 2),
        ((), 0, 2),
        ((("u", 2),), 4, 2),
        ((("i", 3), ("u", 6)), 0, 3),
    ],
)
def test_no_other_form_can_be_made(parts: Any) -> None:
    with pytest.raises(ValueError, match="not integers in lowest terms, with each variable once"):
        Index(*parts)


def test_a_common_factor_of_some_parts_is_no_common_factor() -> None:
    assert Index((("u", 2),), 1, 2).divisor == 2
    assert Index((("i", 2), ("u", 3)), 4, 2).divisor == 2
    assert Index((("u", 2),), 4).terms == (("u", 2),)  # nothing to divide by


# Arithmetic ---------------------------------------------------------------------------------------


def test_arithmetic_is_that_of_the_values() -> None:
    rng = Random(1)
    for _ in range(300):
        one, other, k = random_index(rng), random_index(rng), rng.randint(-3, 3)
        by = rng.choice((1, 2, 3))
        for env in environments(rng):
            a, b = exact(one, env), exact(other, env)
            assert exact(one + other, env) == a + b
            assert exact(one - other, env) == a - b
            assert exact(one + k, env) == a + k
            assert exact(one - k, env) == a - k
            assert exact(one * k, env) == a * k
            assert exact(one.divided(by), env) == a / by
            assert exact(one.substitute("u", other), env) == exact(one, {**env, "u": b})  # type: ignore[dict-item]
            assert one.at(env) == (int(a) if a.denominator == 1 else None)


def test_a_coefficient_is_that_of_the_numerator() -> None:
    index = Index((("i", 3), ("u", -2)), 5, 4)
    assert [index.coefficient(name) for name in "iuf"] == [3, -2, 0]


def test_solving_for_a_variable() -> None:
    """What stands for u makes the expression equal to t."""
    rng = Random(2)
    for _ in range(200):
        index = random_index(rng)
        if not index.coefficient("u"):
            continue
        solved = index.solve("u", "t")
        for env in environments(rng):
            u = exact(solved, {**env, "t": 5})
            assert exact(index, {**env, "u": u}) == 5  # type: ignore[dict-item]
    assert str((I * 2 + U * 3 - 1).solve("u", "t")) == "(t - 2*i + 1)/3"


def test_the_values_over_a_range_are_those_at_each_point() -> None:
    """None where one of them is no integer, or where all of them are the same."""
    rng = Random(3)
    kinds: set[str] = set()
    for _ in range(600):
        index = random_index(rng)
        values = range(rng.randint(-3, 3), rng.randint(-3, 8), rng.choice((1, 2, 3)))
        env = {name: rng.randint(-4, 4) for name in "if"}
        found = index.over("u", values, env)
        each = [exact(index, {**env, "u": u}) for u in values]
        if not each:
            kinds.add("empty")
            assert found == range(0)
        elif len(each) > 1 and len(set(each)) == 1:
            kinds.add("constant")
            assert found is None
        elif any(value.denominator > 1 for value in each):
            kinds.add("fractions")
            assert found is None
        else:
            kinds.add("one" if len(each) == 1 else "several")
            assert found is not None
            assert list(found) == [int(value) for value in each]
    assert kinds == {"empty", "constant", "fractions", "one", "several"}


# Floored quotients --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "divisor", "text"),
    [
        (variable("c"), 2, "(c // 2)"),
        (I * 3 + 1, 5, "((3*i + 1) // 5)"),
        (I * 2 - 3, 4, "((2*i - 3) // 4)"),
        (I * 2, 3, "((2*i) // 3)"),
        (number(1) - I * 2, 3, "((1 - 2*i) // 3)"),
        (variable("i12") + 1, 7, "((i12 + 1) // 7)"),
        (I * 3 + 1, 1, "3*i + 1"),
        (number(7), 2, "3"),
        (number(-7), 2, "-4"),
        (number(7), 1, "7"),
    ],
)
def test_a_floored_quotient_reads_and_is_read_back(of: Index, divisor: int, text: str) -> None:
    made = quotient(of, divisor)
    assert str(made) == text
    if "//" in text:
        ((name, one),) = made.terms
        assert one == 1
        assert floored(name) == (of, divisor)


# How it reads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (I * 2 + U - 1, "2*i + u - 1"),
        (U - I * 2, "u - 2*i"),
        (number(1) - U, "1 - u"),
        (number(0) - U, "-u"),
        (number(0) - I - U * 2, "-i - 2*u"),
        (U - I, "u - i"),
        (number(-1) - U, "-u - 1"),
        (number(3) - U * 2 - I, "3 - i - 2*u"),
        (I - U + 3, "i - u + 3"),
        (number(0), "0"),
        (number(-4), "-4"),
        (I.divided(2), "i/2"),
        ((I * 2).divided(3), "2*i/3"),
        ((I + 1).divided(2), "(i + 1)/2"),
        ((I + U).divided(2), "(i + u)/2"),
        (number(1).divided(2), "1/2"),
        ((quotient(variable("c"), 3) * 2 + variable("a")), "a + 2*(c // 3)"),
    ],
)
def test_an_index_reads_as_python(index: Index, text: str) -> None:
    assert str(index) == python(index) == text


def test_what_is_read_is_the_value() -> None:
    """Python evaluates the text to the same number."""
    rng = Random(4)
    for _ in range(200):
        index = random_index(rng)
        for env in environments(rng):
            assert Fraction(eval(str(index), {}, env)).limit_denominator(100) == exact(index, env)  # our own text


def test_signed_terms_are_written_one_after_the_other() -> None:
    names = {"u": "u_1", "i": "i"}
    assert join_signed(((2, "i"), (-1, "u"), (-3, None)), " ", names) == "2 i - u_1 - 3"
    assert join_signed(((-2, "u"), (1, "i"), (1, None)), "*", names) == "-2*u_1 + i + 1"
    assert join_signed(((0, None),), "*", names) == "0"
    assert join_signed(((-1, None),), "*", names) == "-1"


def test_the_terms_in_reading_order() -> None:
    assert (I * -2 + U * 3 + 4).signed() == ((3, "u"), (-2, "i"), (4, None))
    assert (number(4) - I).signed() == ((4, None), (-1, "i"))
    assert (number(-4) - I).signed() == ((-1, "i"), (-4, None))
    assert (number(0) - I).signed() == ((-1, "i"),)
    assert number(0).signed() == ((0, None),)


# Spans, factors, sums -----------------------------------------------------------------------------


def test_a_span_runs_to_its_last_value() -> None:
    span = Span("u", I, I * 2 + 1)
    assert list(span.at({"i": 2})) == [2, 3, 4, 5]
    assert list(Span("u", number(0), number(6), 3).at({})) == [0, 3, 6]
    assert list(Span("u", number(3), number(2)).at({})) == []
    assert (str(span), str(Span("u", number(0), I, 2))) == ("u from i to 2*i + 1", "u from 0 to i by 2")
    for first, last in ((I.divided(2), number(4)), (number(0), I.divided(2))):
        assert list(Span("u", first, last).at({"i": 2}))
        with pytest.raises(ValueError, match="the limits of u are not integers"):
            Span("u", first, last).at({"i": 3})


def test_a_span_of_one_value() -> None:
    assert Span("u", I + 1, I + 1).single == I + 1
    assert Span("u", I, I + 1).single is None
    assert Span("u", I + 1, I).single is None


KERNEL, READ = Factor("k", (U,)), Factor("z", (I * 2 + U - 1,))
WINDOW = Sum((Span("u", number(0), number(2)),), (KERNEL, READ))
POSITIONS = Span("f", number(0), number(9))
GROUPED = Sum(
    (Span("p", number(0), number(4)), Fibre(POSITIONS, "p")), (Factor("k", (F,)), Factor("x", (variable("p"),)))
)


def test_sums_read() -> None:
    assert str(WINDOW) == "sum over u from 0 to 2 of k[u] z[2*i + u - 1]"
    for coefficient in (Fraction(1, 3), 2, -1):
        text = f"{coefficient} times the sum over u from 0 to 2 of k[u] z[2*i + u - 1]"
        assert str(Sum(WINDOW.spans, WINDOW.factors, coefficient)) == text
    assert str(GROUPED) == "sum over p from 0 to 4, f from 0 to 9 where input p lies of k[f] x[p]"
    assert str(Factor("k", (I, U + 1))) == "k[i, u + 1]"


def test_the_factors_of_a_sum() -> None:
    known = Factor("α", (I, U))
    weighted = Sum(WINDOW.spans, (known, *WINDOW.factors))
    assert (weighted.factor("k"), weighted.factor("z"), weighted.factor("x")) == (KERNEL, READ, None)
    assert weighted.known == (known,)
    assert WINDOW.known == ()
    every = tuple(Factor(letter, ()) for letter in "kxzWC")
    assert Sum((), every).known == ()  # the tensors
    assert leading((weighted, WINDOW), "k") == (U, U)
    assert leading((weighted, WINDOW), "α") == (I, U)
    assert leading((GROUPED, WINDOW), "x") == (variable("p"),)


def test_a_factor_is_the_same_in_every_term_where_no_span_moves_it() -> None:
    assert WINDOW.constant(Factor("α", (I,)))
    assert not WINDOW.constant(KERNEL)
    assert not WINDOW.constant(READ)
    assert not WINDOW.constant(Factor("α", (I, U)))
    assert not GROUPED.constant(Factor("α", (F,)))
    assert not GROUPED.constant(Factor("α", (variable("p"),)))
    assert GROUPED.constant(Factor("α", (I,)))


def test_a_factor_with_something_in_place_of_a_variable() -> None:
    assert Factor("k", (U, I + U)).substitute("u", I + 1) == Factor("k", (I + 1, I * 2 + 1))


def test_a_sum_over_one_value_is_its_term() -> None:
    one, two = Span("u", I + 1, I + 1), Span("v", number(0), number(1))
    factors = (Factor("k", (U, variable("v"))), Factor("x", (U + variable("v"),)))
    assert Sum((one, two), factors, 3).simplified() == Sum(
        (two,), (Factor("k", (I + 1, variable("v"))), Factor("x", (I + variable("v") + 1,))), 3
    )
    assert WINDOW.simplified() == WINDOW
    single = Sum((Span("p", number(2), number(2)), Fibre(POSITIONS, "p")), GROUPED.factors)
    assert single.simplified() is single  # a fibre is over its variable


def test_sums_cannot_be_edited() -> None:
    parts = (
        (I, "constant"),
        (POSITIONS, "step"),
        (Fibre(POSITIONS, "p"), "onto"),
        (KERNEL, "letter"),
        (WINDOW, "spans"),
    )
    for part, name in parts:
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(part, name, None)
        assert not hasattr(part, "__dict__")


def test_every_combination_of_signs_reads_back() -> None:
    for a, b, c in product((-2, -1, 0, 1, 2), repeat=3):
        index = Index.make({"i": a, "u": b}, c)
        assert eval(str(index), {}, {"i": 7, "u": 11}) == 7 * a + 11 * b + c
