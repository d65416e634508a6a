"""Damage: a proof that is broken in one place is refused, and by the step that was broken.

A check that nothing can fail proves nothing. So proofs of random layers are damaged at random, once
each, and every damage must be caught by its own step, with a message that says where; what is not
caught must leave everything that the proof says, evaluated, as it was.

The seed is fresh in every run. A failure prints it, and SYMCONV_SEED=<seed> replays the run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from itertools import product
from random import Random
from typing import Any

import pytest

import symconv as sc
from damages import DAMAGES, TO_ENTRIES, Cells, built, damaged_proofs, free_cells, sites, with_matrix, with_step
from symconv.matrices import LabelledMatrix
from symconv.padding import MODES
from symconv.proof import Claim, Omitted, Proof
from symconv.readmap import Line, with_quotients
from symconv.rules import Collect, Entry, Flatten, Gather, Product, Reindex
from symconv.sums import Fibre, Index, Sum, variable

SEED = int(os.environ.get("SYMCONV_SEED") or random.SystemRandom().randrange(2**32))
WANTED = 2_000

GOAL, NORMAL_FORM = "the steps reach the theorem", "normal forms of first and last sum"


# What a proof says, evaluated ---------------------------------------------------------------------


def terms(axis: Sum, line: Line, output: int) -> Counter[Any]:
    """The terms of a sum for one output: its letters, with their indices as numbers."""
    envs = [{line.letters.output: output}]
    for span in axis.spans:
        inner = span.span if isinstance(span, Fibre) else span
        envs = [
            {**env, inner.name: t}
            for env in envs
            for t in inner.at(with_quotients(dict(env), inner.first, inner.last))
            if not isinstance(span, Fibre) or line.fold(t) == env[span.onto]
        ]
    return Counter(
        tuple(sorted((each.letter, tuple(at.at(with_quotients(dict(env), at)) for at in each.indices)) for each in axis.factors))
        for env in envs
    )


def values(index: Index, lines: tuple[Line, ...]) -> Cells:
    """An index map as a table over those of its letters that can take more than one value."""
    ranges: dict[str, range] = {}
    for line in lines:
        at = line.letters
        ranges |= {at.input: range(line.inputs), at.padded: line.padded_range}
        ranges |= {at.kernel: range(line.taps), at.output: range(line.outputs)}
    names = sorted({name.split("//")[0] for name, _ in index.terms if len(ranges[name.split("//")[0]]) > 1})
    fixed = {name: where[0] for name, where in ranges.items()}
    points = product(*(ranges[name] for name in names))
    envs = [fixed | dict(zip(names, point, strict=True)) for point in points]
    return {tuple((name, env[name]) for name in names): index.at(with_quotients(dict(env), index)) for env in envs}


def evaluated(node: Any, lines: tuple[Line, ...]) -> Any:
    """Every sum term by term, every index map as a table, every matrix row by row, in the order of the steps."""
    if isinstance(node, Claim):
        pairs = zip(lines, node.sums, strict=True)
        return node.bias, [[terms(axis, line, output) for output in range(line.outputs)] for line, axis in pairs]
    if isinstance(node, Index):
        return values(node, lines)
    if isinstance(node, LabelledMatrix):
        return node.row_shape, node.column_shape, node.kernel_shape, [dict(row) for row in node.rows]
    if isinstance(node, tuple):
        return [evaluated(part, lines) for part in node]
    if isinstance(node, dict):
        return {key: evaluated(part, lines) for key, part in node.items()}
    if is_dataclass(node):
        return type(node).__name__, [evaluated(getattr(node, each.name), lines) for each in fields(node)]
    return node


def says(proof: Proof, lines: tuple[Line, ...]) -> Any:
    """The theorem, the layer's outputs, every step with its citations, and every matrix."""
    outputs = dict(proof.layer.definition.rows())
    return proof.theorem.name, outputs, evaluated(proof.steps, lines), evaluated(proof.matrices, lines)


def verdict(kind: str, proof: Proof, damaged: Proof) -> str:
    """"caught" by the step that was broken, or "the same" in all that it says; anything else fails."""
    report = damaged.check()
    if report.ok:
        lines = proof.layer.read_map.lines
        assert says(proof, lines) == says(damaged, lines), "it is not caught, and says something else"
        return "the same"
    found = {failure.what for failure in report.failed}
    assert found != {NORMAL_FORM}, "only the final normal forms differ"
    assert found - {GOAL, NORMAL_FORM} or kind == "step_left_out", f"no step fails: {report}"
    if len(damaged.steps) == len(proof.steps):
        pairs = zip(damaged.steps, proof.steps, strict=True)
        broken = {at for at, (now, then) in enumerate(pairs, 1) if now is not then}
        citing = {at for at, step in enumerate(damaged.steps, 1) if broken & set(step.cites)}
        named = {failure.step for failure in report.failed}
        assert not broken or named & (broken | citing), f"step {broken} is broken, step {named} is named: {report}"
    if kind in TO_ENTRIES:
        located = [each for each in report.failed if each.output is not None and each.input is not None]
        told = [f"output {each.output}, input {each.input}: " in str(each) for each in located if each.left != each.right]
        assert any(told), f"no message gives the output, the input and both values: {report}"
    return "caught"


# A thousand damages -------------------------------------------------------------------------------


def test_every_damage_is_caught_by_the_step_that_it_breaks() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    modes: Counter[str] = Counter()
    for kind, mode, proof, damaged in damaged_proofs(Random(SEED), DAMAGES, WANTED):
        try:
            counts[kind, verdict(kind, proof, damaged)] += 1
        except Exception as error:
            where = f"SYMCONV_SEED={SEED}, damage {sum(counts.values()) + 1}: {kind} to {proof!r}"
            pytest.fail(f"{where}: {type(error).__name__}: {error}")
        modes[mode] += 1
    assert set(modes) == set(MODES), f"SYMCONV_SEED={SEED}: {modes}"
    assert {kind for kind, _ in counts} == set(DAMAGES), f"SYMCONV_SEED={SEED}: {counts}"
    caught = sum(number for (_, how), number in counts.items() if how == "caught")
    assert caught >= max(1_000, 0.9 * WANTED), f"SYMCONV_SEED={SEED}: too many damages change nothing: {counts}"


# One readable example of each kind ----------------------------------------------------------------

RING = sc.Conv((4,), (3,), padding=1, padding_mode="circular")  # unfold, re-index, group, entry, row, batch
STRIDED = sc.Conv((5,), (2,), stride=2, padding=((1, 0),))  # unfold, re-index, entry, row, batch
TWICE = sc.Conv((2,), (3,), padding=1, padding_mode="circular")  # output 0 reads input 1 twice
PLANE = sc.Conv((4, 4), (2, 3))


def with_table(row: int, cells: Cells) -> Callable[[Proof], Proof]:
    """One row of the table that the entry step ends in, changed."""

    def broken(proof: Proof) -> Proof:
        at, step = next((at, step) for at, step in enumerate(proof.steps, 1) if isinstance(step.rule, Entry))
        (table,) = step.rule.tables
        return with_step(proof, at, rule=replace(step.rule, tables=((*table[:row], cells, *table[row + 1 :]),)))

    return broken


def first_sum(proof: Proof, at: int, **changes: Any) -> Proof:
    """The claim of one step, the sum along its first axis changed."""
    claim = proof.steps[at - 1].claim
    assert isinstance(claim, Claim)
    return with_step(proof, at, claim=replace(claim, sums=(replace(claim.sums[0], **changes), *claim.sums[1:])))


EXAMPLES: dict[str, tuple[Any, Callable[[Proof], Proof], str]] = {}
