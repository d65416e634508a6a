"""The kernel under attack: steps that would be wrong, each refused, and random steps compared with their values."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from lanes import SEED, many
from test_general import damaged

from symconv.general.axis import certificate
from symconv.general.moves import (
    Backwards,
    Define,
    Definition,
    Distribute,
    Drop,
    Equality,
    Exchange,
    Facts,
    Reverse,
    Sift,
    Use,
    follows,
    implied,
    ranges,
)
from symconv.general.proof import SizeEqualities, written_out
from symconv.general.terms import (
    Among,
    AtLeast,
    Below,
    Bracket,
    Divides,
    Plus,
    Product,
    Related,
    Same,
    SumOver,
    Tensor,
    Within,
    canonical,
    evaluate,
    parts,
    times,
)
from symconv.report import Refuted, discharge
from symconv.sizes import Certificate, Num, Put, Size, TakeOut, Var, floor

K, P, U, V, I = (Var(letter) for letter in "kpuvi")  # noqa: E741
ZERO = Num(0)


def entry(letter: str, *indices: Size) -> Tensor:
    return Tensor(letter, indices)


FIRST = Equality(
    SumOver((Among("w", "A"),), times(entry("F", Var("w")), Bracket(Related("first", (Var("w"),))))),
    entry("F", Var("h")),
    ("F",),
)
FACTS = Facts(
    ("k", "h"),
    (K - 1, I, K - 1 - I),
    {
        "V": Definition(("a",), times(entry("x", Var("a")), entry("x", Var("w")))),
        "L": Definition(("a",), entry("M", Var("a"))),
        "M": Definition(("a",), Plus((entry("L", Var("a")), entry("x", Var("a"))))),
        "D": Definition(("a", "a"), entry("x", Var("a"))),
    },
    {"first": FIRST},
)

WRONG: dict[str, tuple[Any, Any]] = {
    "the other sum runs over a letter that stands in the range": (
        SumOver((Below("u", P), Below("p", Num(3))), times(Bracket(Same(U, ZERO)), entry("x", P))),
        Sift("u", Same(U, ZERO), ZERO),
    ),
    "a set of which nothing is known need not hold the value": (
        SumOver((Among("u", "A"),), times(Bracket(Same(U, P)), entry("x", U))), Sift("u", Same(U, P), P),
    ),
    "a function may not depend on the variable of the sum it is put in": (
        SumOver((Among("w", "A"),), times(entry("x", Var("w")), Bracket(Related("first", (Var("w"),))))),
        Use("first", (("F", Definition(("a",), entry("x", Var("w")))),)),
    ),
    "what is known of a fixed i is not known of the i of a sum": (
        SumOver((Among("i", "Z"),), times(Bracket(AtLeast(I, ZERO)), entry("x", I))),
        Drop(AtLeast(I, ZERO), (Certificate(I - 0, ((I,),)),)),
    ),
    "the range of another sum depends on the one that is reversed": (
        SumOver((Below("u", K), Below("v", U)), entry("x", U)), Reverse("u"),
    ),
    "a sum whose range depends on another is not one sum over both": (
        SumOver((Below("u", K),), SumOver((Below("v", U),), entry("x", V))), Distribute(),
    ),
    "a definition may depend on its parameters and the sizes only": (SumOver((Below("w", K),), entry("V", Var("w"))), Define("V")),
    "a definition may not lead back to itself": (entry("L", K), Define("L")),
    "a parameter is one thing": (entry("D", K, P), Define("D")),
    "a condition does not follow from itself": (
        SumOver((Among("u", "Z"),), times(Bracket(AtLeast(U, ZERO)), Bracket(AtLeast(U - 1, Num(-1))), entry("x", U))),
        Drop(AtLeast(U, ZERO), (Certificate(U - 0, ((U,),)),)),
    ),
    "a condition does not follow from what stands in another summand": (
        SumOver((Among("u", "Z"),), Plus((times(Bracket(AtLeast(U, ZERO)), entry("x", U)), times(Bracket(Within(U, K)), entry("y", U))))),
        Drop(AtLeast(U, ZERO), (Certificate(U - 0, ((U,),)),)),
    ),
    "a negative divisor": (
        SumOver((Below("u", K),), times(Bracket(Same(Num(-2) * U, P)), entry("x", U))), Sift("u", Same(Num(-2) * U, P), P, Num(-2)),
    ),
    "a divisor that may be 0": (
        SumOver((Below("u", K),), times(Bracket(Same(P * U, I)), entry("x", U))), Sift("u", Same(P * U, I), I, P),
    ),
    "half a divisor": (
        SumOver((Below("u", K),), times(Bracket(Same(Num(0.5) * U, P)), entry("x", U))), Sift("u", Same(Num(0.5) * U, P), P, Num(0.5)),  # type: ignore[arg-type]
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", WRONG)
def test_a_wrong_step_is_refused(why: str) -> None:
    """Each of these would lead to a term with other values for some sizes."""
    term, move = WRONG[why]
    with pytest.raises((Refuted, ValueError, TypeError)):
        follows(term, move, move.apply(term, FACTS), FACTS)


@pytest.mark.parametrize("move", [Put((("n", K),)), TakeOut(Num(0.5))])  # type: ignore[arg-type]
def test_sizes_stay_equal_in_a_chain_of_equalities(move: Any) -> None:
    """Other letters put in, or half a multiple taken out of a floor, make another size."""
    start = floor(Var("n"), K)
    chain = SizeEqualities("x", start, ((move, move.apply(start)),), ())
    assert not discharge("axes", chain.obligations())


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Bracket(Divides(K, P)), Bracket(Divides(P, K))),
        (Bracket(AtLeast(P, K)), Bracket(AtLeast(K, P))),
        (Bracket(Within(P, K)), Bracket(Within(P - 1, K - 1))),
        (Bracket(Same(P, K)), Bracket(Same(P, ZERO - K))),
        (times(entry("x", P), entry("x", P)), entry("x", P)),
        (Plus((entry("x", P),)), Plus((entry("x", P), entry("x", P)))),
        (entry("bracket", P, K), Bracket(Within(P, K))),
        (entry("x", floor(P, K)), entry("x", floor(K, P))),
        (SumOver((Below("u", K),), entry("x", U)), SumOver((Below("u", K + 1),), entry("x", U))),
        (SumOver((Below("u", K),), entry("x", U)), SumOver((Among("u", "Z"),), entry("x", U))),
    ],
)
def test_different_terms_have_different_forms(one: Any, two: Any) -> None:
    assert canonical(one) != canonical(two)


# Random steps -------------------------------------------------------------------------------------

SIZES = ("n", "k", "d")
KNOWN = (*(Var(letter) - 1 for letter in SIZES), Var("d"), P)
RANDOM_FACTS = Facts(
    SIZES,
    KNOWN,
    {
        "T": Definition(("a", "b"), SumOver((Below("w", Var("k")),), times(Bracket(Same(Var("a"), Var("w") + Var("b"))), entry("x", Var("w"))))),
        "S": Definition(("a",), Plus((entry("x", Var("a")), Bracket(Divides(Var("d"), Var("a")))))),
    },
)  # fmt: skip
INTEGERS = range(-4, 5)
"""All integers that a random sum over ℤ has terms at: each has a bracket that says so."""


def size(rng: random.Random, names: tuple[str, ...], depth: int = 2) -> Size:
    kind = rng.random()
    if not depth or kind < 0.45:
        return Var(rng.choice(names)) if rng.random() < 0.8 else Num(rng.randint(-1, 2))
    left, right = size(rng, names, depth - 1), size(rng, names, depth - 1)
    if kind < 0.65:
        return left + right
    if kind < 0.85:
        return left - right
    return Var("d") * right if kind < 0.95 else floor(left, Var("d"))


def condition(rng: random.Random, names: tuple[str, ...]) -> Any:
    one, two = size(rng, names), size(rng, names)
    return rng.choice((
        Same(Var(rng.choice(names)), one), Same(Var("d") * Var(rng.choice(names)), one), Same(one, two), Within(one, Var("k")),
        Within(one, two), AtLeast(one, two), AtLeast(one, ZERO), Divides(Var("d"), one),
    ))  # fmt: skip


def term(rng: random.Random, names: tuple[str, ...] = (*SIZES, "p", "q"), depth: int = 3) -> Any:
    """A random term; letters are few, so that they are caught where a move is careless."""
    kind = rng.random()
    if not depth or kind < 0.15:
        return entry(rng.choice("xyTS"), *(size(rng, names, 1) for _ in range(1)))
    if kind < 0.3:
        return Bracket(condition(rng, names))
    if kind < 0.6:
        return times(*(term(rng, names, depth - 1) for _ in range(rng.randint(1, 3))))
    if kind < 0.7:
        return Plus(tuple(term(rng, names, depth - 1) for _ in range(rng.randint(1, 3))))
    own = rng.sample(("u", "v", "w", "p", "t"), rng.choice((1, 1, 2)))
    over = tuple(Among(each, "Z") if rng.random() < 0.25 else Below(each, size(rng, names, 1)) for each in own)
    inner = (*names, *own, *own)
    said = Bracket(Same(rng.choice((ONE_, Var("d"))) * Var(own[0]), size(rng, tuple({*inner} - {own[0]}))))
    window = [Bracket(Within(Var(each.name) + 3, Num(7))) for each in over if isinstance(each, Among)]
    at = Var(own[-1])
    window += [Bracket(rng.choice((AtLeast(at, Num(-1)), AtLeast(at + P, ZERO), Within(at, Var("k")))))]
    return SumOver(over, times(said, *window, *(term(rng, inner, depth - 1) for _ in range(rng.randint(1, 2)))))


ONE_ = Num(1)


def fixed(term_: Any) -> Any:
    """T takes two indices."""
    if isinstance(term_, Tensor) and term_.letter == "T":
        return Tensor("T", (*term_.indices, Num(0)))
    if isinstance(term_, tuple):
        return tuple(map(fixed, term_))
    if isinstance(term_, (SumOver, Product, Plus)):
        return type(term_)(*map(fixed, term_._values()))
    return term_


def needs(said: Any) -> tuple[Size, ...]:
    """What a condition of inequalities says is not negative."""
    if isinstance(said, Within):
        return said.size, said.count - 1 - said.size
    return (said.size - said.bound,) if isinstance(said, AtLeast) else ()


def a_move(rng: random.Random, start: Any) -> Any:
    """A move that has a chance to apply."""
    sums = [each for each in parts(start) if isinstance(each, SumOver)]
    said = [each for each in parts(start) if isinstance(each, Bracket)]
    kind = rng.randrange(6)
    if kind == 0 and sums:
        names = [each.name for each in rng.choice(sums).over]
        return Exchange(tuple(rng.sample(names, len(names))))
    if kind == 1 and sums:
        return Reverse(rng.choice(rng.choice(sums).over).name)
    if kind == 2:
        return Define(rng.choice("TS"))
    if kind == 3 and said:
        known = [
            *KNOWN,
            *(size for each in sums for one in each.over for size in ranges(one)),
            *(size for each in said for size in implied(each)),
        ]
        for where in (each.condition for each in rng.sample(said, len(said))):
            own = list(implied(Bracket(where))) if rng.random() < 0.7 else []
            usable = tuple((one,) for one in known if one not in own)
            shown = [certificate(each, usable) for each in needs(where)]
            if shown and None not in shown:
                return Drop(where, tuple(each for each in shown if each is not None))
    if kind >= 4 and sums:
        over = rng.choice(sums)
        name = rng.choice(over.over).name
        for each in said:
            if isinstance(each.condition, Same):
                left, right = each.condition.left, each.condition.right
                if left == ONE_ * Var(name) or left == Var(name):
                    return Sift(name, each.condition, right)
                if left == Var("d") * Var(name):
                    return Sift(name, each.condition, right, Var("d"))
    return Distribute()


def sizes(rng: random.Random) -> dict[str, int]:
    env = {letter: rng.randint(1, 3) for letter in (*SIZES, *"ksdlPQNmiutpceagAB")}  # 0 l is 0, whatever l is
    return env | {"p": rng.randint(0, 4), "q": rng.randint(-3, 4)}


def test_random_steps_keep_the_value() -> None:
    """Any step that is accepted, also one whose right side was damaged, leaves a term with the same values."""
    rng = random.Random(SEED)
    made: Counter[str] = Counter()
    for _ in range(int(os.environ.get("SYMCONV_STEPS", many(6000, 1500)))):
        start = fixed(term(rng))
        move = a_move(rng, start)
        try:
            found = move.apply(start, RANDOM_FACTS)
        except (Refuted, ValueError):
            continue
        end = damaged(found, rng) if rng.random() < 0.3 else found
        try:
            if rng.random() < 0.5:
                follows(start, move, end, RANDOM_FACTS)
            else:
                follows(end, Backwards(move), start, RANDOM_FACTS)
        except (Refuted, ValueError, AttributeError, TypeError, IndexError, AssertionError):
            continue
        try:
            sides = [written_out(each, RANDOM_FACTS) for each in (start, end)]
        except ValueError:  # a definition cannot be put in here without catching a letter
            continue
        for _ in range(4):
            env = sizes(rng)
            left, right = (evaluate(each, env, {"Z": INTEGERS}, {}) for each in sides)
            assert left == right, f"SYMCONV_SEED={SEED}: {move}\n{start}\n{end}\n{env}"
        made[type(move).__name__] += 1
    assert min(made[each.__name__] for each in (Define, Distribute, Exchange, Sift, Drop, Reverse)) >= 1, made


def test_a_move_says_why_it_is_refused() -> None:
    one = SumOver((Below("u", K),), times(Bracket(Same(U, P)), entry("x", U)))
    for move, term, said in (
        (Exchange(("u",)), SumOver((Below("u", K), Below("u", P)), entry("x", U)), "two sums have one variable"),
        (Drop(Same(U, P), ()), one, "only a condition of inequalities follows from others"),
        (Use("second"), one, "second was not proved before"),
        (Use("first"), one, "first is about other functions"),
    ):
        with pytest.raises(Refuted, match=said):
            move.apply(term, FACTS)
    beside = SumOver((Below("u", K), Below("v", U)), entry("x", V))
    with pytest.raises(Refuted, match="one letter stands for two things"):
        follows(beside, Distribute(), beside, FACTS)
