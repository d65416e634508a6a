"""The checker of a proof: which checks are made when, what a step may cite, and what a theorem asks of its steps."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, replace
from importlib import import_module
from typing import Any

import pytest
from damages import built, with_step

import symconv as sc
from symconv import limits
from symconv.catalogue import theorem_named
from symconv.proof import Omitted, Proof, Step

RING = sc.Conv((4,), 3, padding=1, padding_mode="circular")  # unfold, re-index, group, entry, row, batch
LINE = sc.Conv((4,), 3)  # unfold, re-index, entry, row, batch
LAST = "normal forms of first and last sum"
GOAL = "the steps reach the theorem"


def said(proof: Proof, step: int | None) -> list[str]:
    """What fails of one step, as it is reported."""
    return [str(failure).removeprefix(f"step {step}: ") for failure in proof.check().failed if failure.step == step]


# Which checks are made ----------------------------------------------------------------------------

AXES, ENTRIES, ALL = ("axes",), ("axes", "entries"), ("axes", "entries", "sympy")


@pytest.mark.parametrize(
    ("nonzeros", "level", "made"),
    [
        ((100, 10), "auto", ALL),  # 1,000 non-zeros
        ((143, 7), "auto", ENTRIES),  # 1,001
        ((1000, 5), "auto", ENTRIES),  # 5,000
        ((1667, 3), "auto", AXES),  # 5,001
        ((3, 2), "axes", AXES),
        ((3, 2), "entries", ENTRIES),
        ((1667, 3), "entries", ENTRIES),
        ((143, 7), "all", ALL),
    ],
)
def test_the_level_and_the_size_decide_which_checks_are_made(
    nonzeros: tuple[int, int], level: str, made: tuple[str, ...]
) -> None:
    proof = sc.prove(sc.Linear(*nonzeros), check=level)
    assert proof.check().levels == made
    assert {each.level for each in proof.check().proved} == set(made)


def test_all_includes_sympy_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symconv.proof.ENTRIES_LIMIT", 1)
    monkeypatch.setattr("symconv.proof.SYMPY_LIMIT", 1)
    assert sc.prove(LINE, check="all").check().levels == ALL
    assert sc.prove(LINE).check().levels == AXES


def test_nothing_further_is_checked_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = with_step(built(LINE, level="all"), 3, cites=())
    assert broken.check().levels == AXES

    module = import_module("symconv.catalogue.weight_matrix")
    failing = replace(module.THEOREM, entries=lambda proof: [("every entry", lambda: 1 // 0)])
    monkeypatch.setattr(module, "THEOREM", failing)
    report = built(LINE, level="all").check()
    assert [failure.what for failure in report.failed] == ["every entry"]
    assert report.levels == ENTRIES


def test_entries_and_sympy_are_about_the_step_that_states_the_theorem() -> None:
    report = sc.prove(LINE).check()
    assert {each.step for each in report.proved if each.level != "axes"} == {4}  # "row", of "row" and "batch"


def test_a_check_is_made_once() -> None:
    proof = built(LINE)
    assert proof.check() is proof.check()


@pytest.mark.parametrize(("level", "fuller"), [("axes", "entries"), ("entries", "entries"), ("all", "all")])
def test_a_proof_with_its_entries_checked(level: str, fuller: str) -> None:
    proof = built(LINE, level=level)
    assert proof.with_entries().level == fuller
    assert (proof.with_entries() is proof) == (level != "axes")
    assert proof.with_entries().steps is proof.steps


def test_verified_is_the_proof_or_an_error_with_the_report() -> None:
    proof = built(LINE)
    assert proof.verified() is proof
    with pytest.raises(sc.ProofFailed) as caught:
        with_step(proof, 2, cites=()).verified()
    assert [failure.step for failure in caught.value.report.failed][:1] == [2]


@pytest.mark.parametrize("wrong", ["", "AXES", None, 1])
def test_an_unknown_level_is_refused(wrong: Any) -> None:
    with pytest.raises(sc.SpecError, match="must be one of auto, axes, entries, all"):
        replace(built(LINE), level=wrong).check()


# The data -----------------------------------------------------------------------------------------


def test_a_step_is_found_by_its_rule() -> None:
    names = ["unfold", "re-index", "group", "entry", "row", "batch"]
    proof = built(RING)
    assert [step.rule.name for step in proof.steps] == names
    assert [proof.number_of(name) for name in names] == [1, 2, 3, 4, 5, 6]
    assert proof.number_of("z") is None
    assert proof.number_of("a") is None


def test_proofs_are_values() -> None:
    """Equal where layer, steps and level are; the matrices follow from them."""
    proof = built(LINE)
    assert replace(proof, matrices={}) == proof
    assert replace(proof, level="all") != proof
    for each, name in ((proof, "steps"), (proof.steps[0], "claim"), (proof.theorem, "ends"), (Omitted("so"), "reason")):
        with pytest.raises(FrozenInstanceError):
            setattr(each, name, ())


def test_what_a_theorem_is_about() -> None:
    """One layer, or a stack of them: the other is refused in words."""
    single, stack = LINE, sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2))
    ours, stacks = theorem_named("weight_matrix"), theorem_named("composition")
    assert (ours.of_stacks, ours.walks, stacks.of_stacks) == (False, False, True)
    assert ours.refuses(single) is None
    assert stacks.refuses(stack) is None
    assert str(ours.refuses(stack)).startswith("it is about one layer")
    assert str(stacks.refuses(single)).startswith("it is about a stack of layers")


def test_a_theorem_that_says_no_more_holds_the_tables_of_its_layer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held = RING.read_map.reach
    monkeypatch.setattr(limits, "tables", held)
    assert sc.prove(RING).check().ok
    monkeypatch.setattr(limits, "tables", held - 1)
    with pytest.raises(sc.TooLarge, match=f"the tables of .* along its axes have {held} entries"):
        sc.prove(RING)


# What a step may cite -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cites", "message"),
    [
        ((), "re-index follows from other steps (no step against unfold)"),
        ((1, 1), "cites step 1 more than once (2 against 1)"),
        ((2,), "cites step 2, which is not an earlier step (2 against 1 to 1)"),
        ((3,), "cites step 3, which is not an earlier step (3 against 1 to 1)"),
        ((9,), "cites step 9, which is not an earlier step (9 against 1 to 1)"),
        ((1, 0), "cites step 0, which is not an earlier step (0 against 1 to 1)"),
        ([1], "the citations are not the numbers of steps (<class 'list'> against <class 'tuple'>)"),
    ],
)
def test_a_step_cites_earlier_steps_once(cites: Any, message: str) -> None:
    assert said(with_step(built(RING), 2, cites=cites), 2)[0] == f"citations: {message}"


def test_a_rule_follows_from_steps_by_certain_rules() -> None:
    proof = built(RING)  # the batch form cites row and entry
    assert proof.steps[5].cites == (5, 4)
    for cites, found in (
        ((5,), "row"),
        ((4, 5), "entry, row"),
        ((5, 4, 3), "row, entry, group"),
        ((5, 3), "row, group"),
    ):
        message = f"citations: batch follows from other steps ({found} against row, entry)"
        assert said(with_step(proof, 6, cites=cites), 6)[0] == message
    assert (
        "entry follows from other steps (no step against unfold or re-index or group)"
        in said(with_step(proof, 4, cites=()), 4)[0]
    )
    assert "unfold follows from other steps" not in " ".join(said(proof, 1))


def test_a_rule_that_follows_from_nothing_cites_nothing() -> None:
    proof = built(RING)
    first = proof.steps[0]
    again = replace(proof, steps=(first, replace(first, cites=(1,)), *proof.steps[2:]))
    assert said(again, 2)[0] == "citations: unfold follows from other steps (unfold against no step)"


def test_further_citations_are_in_their_order_where_any_steps_may_be_cited() -> None:
    proof = built(sc.Conv((5, 6), 3, padding=1), "sparsity")
    at = next(n for n, step in enumerate(proof.steps, 1) if step.rule.follows is None and len(step.cites) > 2)  # type: ignore[union-attr]
    first, *others = proof.steps[at - 1].cites
    assert others == sorted(others)
    assert not said(proof, at)
    wrong = "citations: after the first, the cited steps are not in their order"
    assert said(with_step(proof, at, cites=(first, *others[::-1])), at)[0].startswith(wrong)


@dataclass(frozen=True)
class Witness:
    """A rule that holds always, and writes down what it is given."""

    given: list[Any]
    name = "re-index"
    follows = None

    def shape(self, context: Any, before: Any, after: Any) -> int:
        self.given.append((context.cited, before, after))
        return 1

    def values(self, context: Any, before: Any, after: Any) -> int:
        return 1


def test_a_rule_is_given_the_claims_of_the_steps_that_are_cited() -> None:
    proof = built(RING)
    claims = [step.claim for step in proof.steps]
    for cites in ((), (1,), (4, 2), (3, 1, 2)):
        given: list[Any] = []
        with_step(proof, 5, rule=Witness(given), cites=cites).check()
        cited = tuple(claims[cite - 1] for cite in cites)
        assert given == [(cited, cited[0] if cited else None, claims[4])]


@pytest.mark.parametrize("junk", [2, 3, 4])
def test_what_is_no_step_is_said_and_cannot_be_cited(junk: int) -> None:
    """Steps before and after it are checked as ever."""
    proof = built(RING)
    steps: list[Any] = list(proof.steps)
    steps[junk - 1] = "not a step"
    broken = replace(proof, steps=tuple(steps))
    assert said(broken, junk) == ["the step: is not a step (str against Step)"]
    message = f"cites step {junk}, which is not an earlier step"
    for at, step in enumerate(steps, 1):
        if isinstance(step, Step):
            assert (message in " ".join(said(broken, at))) == (junk in step.cites)


# What the theorem asks ----------------------------------------------------------------------------


def goal(proof: Proof) -> list[str]:
    return [failure.message for failure in proof.check().failed if failure.what == GOAL]


def asked(proof: Proof) -> bool:
    """Whether the theorem's own last check was made."""
    report = proof.check()
    return LAST in {each.what for each in (*report.proved, *report.failed)}


def test_the_last_check_is_made_where_the_steps_are_those_of_the_theorem() -> None:
    proof = built(RING)
    assert asked(proof)
    for at in (1, 2, 3, 4, 6):  # a wrong step leaves the theorem what it is; the row step compares the matrix with it
        wrong = with_step(proof, at, claim=None)
        assert said(wrong, at)
        assert asked(wrong)
    assert not asked(replace(proof, steps=proof.steps[:-1]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda p: replace(p, steps=()), "the proof does not start where the theorem does"),
        (lambda p: replace(p, steps=p.steps[1:]), "the proof does not start where the theorem does"),
        (lambda p: replace(p, steps=p.steps[:-1]), "the steps do not state the theorem"),
        (lambda p: replace(p, steps=p.steps + p.steps[-1:]), "the steps do not state the theorem"),
        (lambda p: replace(p, options=(("tile", 2),)), "it has options that the theorem does not take"),
        (lambda p: replace(p, matrices={**p.matrices, "V": None}), "the printed matrices are not those that the steps are about"),
        (lambda p: replace(p, theorem=replace(p.theorem)), "weight_matrix is not the theorem of that name in the catalogue"),
        (lambda p: with_step(p, 3, cites=(1,)), "step 2 is not used by any later step"),
        (lambda p: replace(p, theorem=theorem_named("padding_factor")), "the proof does not start where the theorem does"),
        (lambda p: replace(p, theorem=theorem_named("composition")), "composition does not apply to the layer: it is about a stack"),
    ],
)  # fmt: skip
def test_what_is_no_proof_of_the_theorem(changed: Any, message: str) -> None:
    proof = built(RING)
    assert not goal(proof)
    (found,) = goal(changed(proof))
    assert found.startswith(message)


def test_the_steps_that_state_the_theorem_are_shown_on_both_sides() -> None:
    proof = built(RING)
    (wrong,) = [each for each in replace(proof, steps=proof.steps[:-1]).check().failed if each.what == GOAL]
    assert (wrong.left, wrong.right) == ("row", "row, batch")
    (wrong,) = [each for each in replace(proof, steps=proof.steps[1:]).check().failed if each.what == GOAL]
    assert (wrong.left, wrong.right) == (("re-index",), ("unfold",))


def test_the_first_step_that_is_idle_is_named() -> None:
    """Two steps that repeat the second and the third, before the row form."""
    one, two, three, four, row, batch = built(RING).steps
    idle = replace(built(RING), steps=(one, two, three, four, two, three, row, replace(batch, cites=(7, 4))))
    assert goal(idle) == ["step 5 is not used by any later step"]


def test_a_theorem_takes_some_of_its_options() -> None:
    layer = sc.Conv((6, 7), 3, 2, padding=1)
    assert sc.prove(layer, "winograd", tile=4).check()
    assert sc.prove(layer, "winograd").check()
    assert sc.prove(LINE, order="column-major").check()
