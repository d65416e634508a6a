"""Two thousand random proofs of every theorem, each damaged in one place: what is not harmless is detected, and located.

A damage is harmless only where the weight matrix is the same, computed anew for both layers, and so is every printed
matrix, entry by entry, and every step: its citations, its reason, and its claim, in the same words or evaluated to the
same. Two more kinds of damage leave nothing wrong that could be detected, and are counted by themselves: an existence
claim with another example that is as good, and another layer where the steps and matrices are those of its own proof,
built anew (that a size does not depend on the padding mode is what the theorem says).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from random import Random
from typing import Any

import pytest
from damage_kinds import KINDS, edited
from damages import built, others, places
from lanes import SEED, many
from test_catalogue import ABOUT_STACKS, APPLIES, EXAMPLES, evaluated, layers
from test_composition import stacks

import symconv as sc
from symconv.documents.wording import claim_parts, reason_parts
from symconv.matrices import matrix_of
from symconv.proof import Proof
from symconv.render import json_format
from symconv.render.text import inline
from symconv.stacks.composite import Break
from symconv.steps.composing import Uneven

PROOFS = many(2_000, 60)
FILES, EDITS = many(50, 2), 40
THEOREMS = [*APPLIES, *sorted(ABOUT_STACKS)]
LARGEST, SMALL = 300, 12  # non-zeros


def subjects(theorem: str, rng: Random) -> Iterator[Any]:
    """Random layers that the theorem applies to, or stacks of them."""
    if theorem in ABOUT_STACKS:
        yield from (stack for stack in stacks(rng.randrange(2**32)) if nonzeros(stack) <= LARGEST)
    for layer in layers(rng.randrange(2**32)):
        if APPLIES[theorem](layer) and nonzeros(layer) <= LARGEST:
            yield layer


def nonzeros(subject: Any) -> int:
    """The non-zeros of W, or the terms of the product of a stack's matrices."""
    return int(subject.terms if hasattr(subject, "layers") else subject.read_map.nonzeros)


# What a damage has changed --------------------------------------------------------------------------------


def canonical(subject: Any) -> Any:
    """W, computed anew by inversion: the shapes and every entry."""
    if hasattr(subject, "layers"):
        rows: Any = (subject.product.rows, subject.shift.rows)
    else:
        rows = [dict(row) for row in matrix_of(subject.read_map).rows]
    return subject.input_shape, subject.output_shape, subject.kernel_shape, subject.bias, rows


def printed(proof: Proof) -> Any:
    """Every matrix that the proof prints, entry by entry."""
    labels = ("row_shape", "column_shape", "kernel_shape", "order", "unknowns")
    return {
        letter: ([getattr(matrix, name, None) for name in labels], [dict(row) for row in matrix.rows])
        for letter, matrix in proof.matrices.items()
    }


def same_claim(now: Any, then: Any, damaged: Proof, proof: Proof) -> bool:
    """Whether two steps claim the same: as data, in words, or evaluated."""
    if now.claim == then.claim:
        return True
    if evaluated(now) is not None and evaluated(now) == evaluated(then):
        return True
    return inline(claim_parts(now.claim, damaged), {}) == inline(claim_parts(then.claim, proof), {})


def is_harmless(proof: Proof, damaged: Proof) -> bool:
    """The same W, the same printed matrices, and step by step the same citations, reasons and claims."""
    if canonical(proof.layer) != canonical(damaged.layer) or printed(proof) != printed(damaged):
        return False
    if len(proof.steps) != len(damaged.steps):
        return False
    for now, then in zip(damaged.steps, proof.steps, strict=True):
        reason = inline(reason_parts(now.rule, now, damaged), {}), inline(reason_parts(then.rule, then, proof), {})
        if now.cites != then.cites or (now.rule != then.rule and reason[0] != reason[1]):
            return False
        if not same_claim(now, then, damaged, proof):
            return False
    return True


def another_example(proof: Proof, damaged: Proof) -> bool:
    """Whether all that changed is which example an existence claim gives."""
    changed = [(now, then) for now, then in zip(damaged.steps, proof.steps, strict=False) if now != then]
    if proof.layer != damaged.layer or printed(proof) != printed(damaged) or len(changed) != 1:
        return False
    ((now, then),) = changed
    if type(now.claim) is not type(then.claim) or (now.rule, now.cites) != (then.rule, then.cites):
        return False
    names = [name for name in vars(then.claim) if getattr(now.claim, name) != getattr(then.claim, name)]
    two_entries = isinstance(then.claim, Break | Uneven)
    return set(names) <= EXAMPLES | ({"first", "second"} if two_entries else set())


def is_that_of_another_layer(proof: Proof, damaged: Proof) -> bool:
    """Whether it is, step by step and entry by entry, what is built for the layer that it now has."""
    if damaged.layer == proof.layer:
        return False
    right = built(damaged.layer, proof.theorem.name)
    return right.steps == damaged.steps and printed(right) == printed(damaged)


def leaning(proof: Proof, broken: set[int]) -> set[int]:
    """The steps that cite these, or that cite what does."""
    found = set(broken)
    for number, step in enumerate(proof.steps, 1):
        if found & set(step.cites):
            found.add(number)
    return found


def located(proof: Proof, damaged: Proof) -> str:
    """Where the report says it is: at the step that was broken, at one that leans on it, or as what is missing."""
    failed = damaged.check().failed
    named = {failure.step for failure in failed if failure.step is not None}
    assert all(failure.message for failure in failed)
    if len(damaged.steps) != len(proof.steps):
        assert named or any(
            "state the theorem" in str(each) or "start where" in str(each) or "is not used" in str(each)
            for each in failed
        )
        return "what is missing"
    broken = {n for n, (now, then) in enumerate(zip(damaged.steps, proof.steps, strict=True), 1) if now is not then}
    if not broken:  # the layer, or a matrix
        if damaged.layer is proof.layer:
            assert named, "no step is named"
        return "a step" if named else "the theorem"
    if named & broken:
        return "the broken step"
    if not named and any("is not used by any later step" in str(failure) for failure in failed):
        return "what is missing"
    assert named & leaning(damaged, broken), f"step {broken} is broken, and steps {named} are named: {damaged.check()}"
    return "a step that leans on it"


def outcome(proof: Proof, damaged: Proof) -> str:
    """Where it is found, or why there is nothing to be found."""
    if not damaged.check().ok:
        return f"located at {located(proof, damaged)}"
    if is_harmless(proof, damaged):
        return "harmless"
    if is_that_of_another_layer(proof, damaged):
        return "the proof of another layer"
    assert another_example(proof, damaged), "it is accepted, and says something else"
    return "another example"


@pytest.mark.parametrize("theorem", THEOREMS)
def test_every_damage_is_detected_and_located(theorem: str, record_property: Any) -> None:
    rng = Random(f"{SEED} {theorem}")
    counts: Counter[str] = Counter()
    used: Counter[str] = Counter()
    kinds = cycle(rng.sample(sorted(KINDS), len(KINDS)))
    missed = []
    for subject in subjects(theorem, rng):
        proof = built(subject, theorem)
        kind, damaged = next(
            ((name, made) for name in (next(kinds) for _ in KINDS) if (made := KINDS[name](rng, proof))), ("", None)
        )
        if damaged is None:
            continue
        used[kind] += 1
        try:
            counts[outcome(proof, damaged)] += 1
        except Exception as error:
            missed.append((kind, subject, str(error)[:300]))
        if sum(used.values()) >= PROOFS:
            break
    for name, number in counts.items():
        record_property(name, number)
    assert not missed, f"replay with SYMCONV_SEED={SEED}: {len(missed)} of {PROOFS}, {missed[:5]}"
    assert sum(number for name, number in counts.items() if name.startswith("located")) >= 0.6 * PROOFS, counts
    print(f"\n{theorem}: {dict(counts)}")


@pytest.mark.parametrize("theorem", THEOREMS)
def test_every_small_change_of_every_step_of_a_small_proof_is_detected_and_located(theorem: str) -> None:
    """All of them, none drawn: most can go unseen where the matrices are small, and equal to each other."""
    rng, tried, missed = Random(f"{SEED} {theorem}"), 0, []
    small = (each for each in subjects(theorem, rng) if nonzeros(each) <= SMALL)
    for subject in islice(small, many(20, 1)):
        proof = built(subject, theorem)
        letters = sorted(proof.matrices)
        for at, step in enumerate(proof.steps, 1):
            for path, part, put in places(step):
                for new in letters if isinstance(part, str) else others(rng, part):
                    if new == part and type(new) is type(part):
                        continue
                    try:
                        damaged = replace(proof, steps=(*proof.steps[: at - 1], put(new), *proof.steps[at:]))
                    except (ValueError, TypeError):  # no such value can be made at all
                        continue
                    tried += 1
                    try:
                        outcome(proof, damaged)
                    except Exception as error:
                        missed.append((subject, at, path, part, new, str(error)[:300]))
    assert not missed, f"replay with SYMCONV_SEED={SEED}: {len(missed)} of {tried}, {missed[:5]}"
    assert tried >= many(400, 10)
    print(f"\n{theorem}: {tried} changes")


@pytest.mark.parametrize("theorem", THEOREMS)
def test_a_step_cites_what_it_follows_from_and_nothing_else(theorem: str) -> None:
    """Every citation left out, and every earlier step cited in its place or besides: none is accepted."""
    rng = Random(theorem)
    for subject in islice(subjects(theorem, rng), many(12, 1)):
        proof = built(subject, theorem)
        for at, step in enumerate(proof.steps):
            cites, idle = step.cites, [n for n in range(1, at + 1) if n not in step.cites]
            wrong = [(*cites[:n], *cites[n + 1 :]) for n in range(len(cites))]
            wrong += [(*cites[:n], each, *cites[n:]) for n in range(len(cites) + 1) for each in idle]
            wrong += [(*cites[:n], each, *cites[n + 1 :]) for n in range(len(cites)) for each in idle]
            for other in rng.sample(wrong, min(len(wrong), many(40, 6))):
                steps = (*proof.steps[:at], replace(step, cites=other), *proof.steps[at + 1 :])
                assert not replace(proof, steps=steps).check().ok, (subject, at + 1, cites, other)


# Files ----------------------------------------------------------------------------------------------------

MADE_ANEW = ("layer", "theorem", "options", "checked", "format")
"""What `symconv check` reads from a file; all the rest is proved again and compared."""


@pytest.mark.parametrize("theorem", THEOREMS)
def test_every_edit_of_a_file_is_found_at_its_place(theorem: str) -> None:
    """A number, a word, an item or a name in the JSON of a proof: named by its place, or refused as no proof."""
    rng = Random(f"{SEED} {theorem}")
    for subject in islice(subjects(theorem, rng), FILES):
        text = sc.prove(subject, theorem, check="axes").render("json")
        right = json_format.load(text)
        for _ in range(EDITS):
            place, found = edited(rng, right)
            if found == right and json.dumps(found) == json.dumps(right):
                continue
            place = place.lstrip(".")
            said = f"SYMCONV_SEED={SEED}: {subject!r}, {place}"
            try:
                expected = checked_again(found) if place.startswith(MADE_ANEW) or not place else right
            except sc.SymconvError:
                continue  # it is no longer a proof that can be made at all, and the message says so
            places = [each.split(":")[0] for each in json_format.differences(found, expected)]
            if not places:  # another layer, of which it is the proof word by word
                assert place.startswith(MADE_ANEW), said
            elif not place.startswith(MADE_ANEW):
                assert any(each.startswith(place) or place.startswith(each) for each in places), f"{said}: {places}"


def checked_again(found: Any) -> Any:
    """What the file should say, proved from its own configuration, as `symconv check` does."""
    found = json_format.load(json.dumps(found))
    layer = json_format.layer_from(found)
    level = "entries" if "entries" in (found.get("checked") or ()) else "axes"
    return json_format.data(sc.prove(layer, found.get("theorem"), level, **json_format.options_from(found)))
