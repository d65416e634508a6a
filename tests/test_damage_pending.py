"""Damage that the check does not catch yet. Every test here is expected to fail.

Where the check learns to catch one, its test passes, which is reported as a failure (`strict`):
then move the damage to `damages.py`, and the test, without its mark, to `test_damage.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from damages import THEOREMS, Cells, Damage, built, damaged_proofs, free_cells, sites, with_matrix, with_step
from test_damage import NORMAL_FORM, matrix_row, verdict

import symconv as sc
from symconv.proof import Proof
from symconv.rules import Collect, Entry, Flatten, Gather, Product

LAYER = sc.Conv((4,), (3,), padding=1, padding_mode="circular")
PENDING: dict[str, Damage] = {}


def pending(make: Damage) -> Damage:
    """Register a damage that the check does not catch yet."""
    return PENDING.setdefault(make.__name__, make)


@pending
def last_step_left_out(rng: Random, proof: Proof) -> Proof:
    """The goal of both theorems is "some step is a RowClaim", so nothing misses `batch` or `collect`."""
    return replace(proof, steps=proof.steps[:-1])


@pending
def steps_of_another_theorem(rng: Random, proof: Proof) -> Proof:
    """For the same reason the steps of one theorem prove the other."""
    other = next(name for name in THEOREMS if name != proof.theorem.name)
    return replace(proof, steps=built(proof.layer, other).steps)


@pending
def further_citation_wrong(rng: Random, proof: Proof) -> Proof:
    """Only the first citation is looked at."""
    return with_step(proof, len(proof.steps), cites=(proof.steps[-1].cites[0], 1))


@pending
def citations_of_collect_wrong(rng: Random, proof: Proof) -> Proof | None:
    """`collect` looks at none of its citations."""
    return with_step(proof, 4, cites=(1, 3)) if isinstance(proof.steps[-1].rule, Collect) else None


@pending
def matrix_of_the_step_wrong(rng: Random, proof: Proof) -> Proof | None:
    """The matrix in `row` and `product` is not compared with the one that is checked and printed."""
    at, rule = next((at, s.rule) for at, s in enumerate(proof.steps, 1) if isinstance(s.rule, (Flatten, Product)))
    if not any(rule.matrix.rows):
        return None
    empty = replace(rule.matrix, rows=[{} for _ in rule.matrix.rows])
    return replace(with_step(proof, at, rule=replace(rule, matrix=empty)), level="entries")


@pending
def kernel_labels_of_w_wrong(rng: Random, proof: Proof) -> Proof:
    """Kernel entries are numbered along `kernel_shape`, which nothing compares with the layer's."""
    return with_matrix(proof, "W", kernel_shape=(*proof.matrices["W"].kernel_shape, 1))


@pending
def empty_cell_stored(rng: Random, proof: Proof) -> Proof | None:
    """A stored cell with no kernel entry in it counts as a non-zero where non-zeros are counted."""
    for row, put in sites(proof.steps, dict):
        if free_cells(row) and isinstance(next(iter(row)), int):
            return replace(proof, steps=put({**row, free_cells(row)[0]: ()}))
    return None


@pending
def cell_too_many_in_gather(rng: Random, proof: Proof) -> Proof | None:
    """`gather` looks up the cells that it needs, and at no others."""
    rule = proof.steps[1].rule
    if not isinstance(rule, Gather):
        return None
    return with_step(proof, 2, rule=Gather(({**rule.tables[0], (99, 99): 0}, *rule.tables[1:])))


@pending
def row_too_many_in_collect(rng: Random, proof: Proof) -> Proof | None:
    """`entry` counts the rows of its tables; `collect` does not."""
    rule = proof.steps[-1].rule
    if not isinstance(rule, Collect):
        return None
    return with_step(proof, 4, rule=Collect(((*rule.weights[0], {0: (0,)}), *rule.weights[1:])))


def changed_c(proof: Proof, change: Callable[[Cells], Cells]) -> Proof | None:
    """Every row of the flattened C changed; None where there is no C or nothing in it."""
    matrix = proof.matrices.get("C")
    if matrix is None or not any(matrix.rows):
        return None
    return with_matrix(proof, "C", rows=[change(dict(row)) for row in matrix.rows])


@pending
def two_inputs_in_a_cell_of_c(rng: Random, proof: Proof) -> Proof | None:
    """Of a cell of C the entries check reads the first input only."""
    return changed_c(proof, lambda row: {at: held * 2 for at, held in row.items()})


@pending
def column_too_many_in_c(rng: Random, proof: Proof) -> Proof | None:
    """The entries check does not look beyond the last column of C."""
    return changed_c(proof, lambda row: {**row, 10_000: (0,)})


@pending
def labels_of_c_wrong(rng: Random, proof: Proof) -> Proof | None:
    """Nothing compares the labels of the C that is printed with the layer."""
    return with_matrix(proof, "C", row_shape=(99,)) if "C" in proof.matrices else None


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the number of inputs is not compared in im2col")
def test_a_proof_for_another_input_size_is_refused() -> None:
    proof = built(sc.Conv((4,), (2,), stride=2), "im2col", "entries")
    assert not replace(proof, layer=sc.Conv((5,), (2,), stride=2)).check()


@pytest.mark.parametrize("kind", PENDING)
@pytest.mark.xfail(strict=True, raises=AssertionError, reason="not caught yet")
def test_a_damage_that_is_not_caught_yet(kind: str) -> None:
    for _, _, proof, damaged in damaged_proofs(Random(1), {kind: PENDING[kind]}, 20):
        assert verdict(kind, proof, damaged) == "caught"


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="further checks are reported without a step")
def test_a_wrong_entry_of_the_flattened_matrix_names_its_step() -> None:
    failed = matrix_row(built(LAYER), "W", 1, {0: (0,)}).check().failed
    assert [failure.step for failure in failed] == [5]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="where no step defines W, nothing is compared")
def test_normal_forms_are_not_proved_by_comparing_nothing() -> None:
    proof = built(LAYER, "im2col")
    proved = replace(proof, steps=proof.steps[:-1]).check().proved
    assert all(obligation.count for obligation in proved if obligation.what == NORMAL_FORM)


@pytest.mark.xfail(strict=True, raises=KeyError, reason="im2col looks up its matrix outside its obligations")
def test_a_missing_matrix_is_a_failed_claim() -> None:
    assert not replace(built(LAYER, "im2col", "entries"), matrices={}).check()


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="it looks up a table that is not there")
def test_a_step_that_leans_on_a_failed_one_says_so() -> None:
    proof = built(LAYER)
    entry = proof.steps[3].rule
    assert isinstance(entry, Entry)
    failed = with_step(proof, 4, rule=replace(entry, tables=(entry.tables[0][:-1],))).check().failed
    assert "KeyError" not in " ".join(map(str, failed))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="values that are symbolic are shown as Python objects")
def test_a_message_shows_sums_as_they_are_printed() -> None:
    other = built(replace(LAYER, stride=2)).steps[0].claim
    failed = with_step(built(LAYER), 1, claim=other).check().failed
    assert failed
    assert "Index(" not in " ".join(map(str, failed))
