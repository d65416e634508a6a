"""Damage: a proof that is broken in one place is refused, and by the step that was broken.

A check that nothing can fail proves nothing. So proofs of random layers are damaged at random, once
each, and every damage must be caught by its own step, with a message that says where; what is not
caught must leave everything that the proof says, evaluated, as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from itertools import product
from random import Random
from typing import Any

import pytest
from damages import DAMAGES, THEOREMS, TO_ENTRIES, Cells, built, damaged_proofs, sites, with_matrix, with_step
from lanes import SEED, many

import symconv as sc
from symconv.claims import Claim, RowClaim
from symconv.matrices import LabelledMatrix
from symconv.padding import MODES
from symconv.proof import Omitted, Proof
from symconv.readmap import Line, with_quotients
from symconv.render import FORMATS
from symconv.rules import Entry, Reindex
from symconv.sums import Factor, Fibre, Index, Span, Sum, variable

WANTED = many(2_000, 370)

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

    def numbers(factor: Factor, env: dict[str, int]) -> tuple[str, tuple[int | None, ...]]:
        return factor.letter, tuple(index.at(with_quotients(dict(env), index)) for index in factor.indices)

    return Counter(tuple(sorted(numbers(factor, env) for factor in axis.factors)) for env in envs)


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
    """The theorem, the layer's shapes and outputs, every step with its citations, and every matrix."""
    layer = proof.layer
    about = proof.theorem.name, layer.input_shape, layer.kernel_shape, dict(layer.definition.rows())
    return about, evaluated(proof.steps, lines), evaluated(proof.matrices, lines)


def verdict(kind: str, proof: Proof, damaged: Proof) -> str:
    """Caught, by the step that was broken, or the same in all that it says; anything else fails."""
    report = damaged.check()
    if report.ok:
        lines = proof.layer.read_map.lines
        assert says(proof, lines) == says(damaged, lines), "it is not caught, and says something else"
        return "the same"
    found = {failure.what for failure in report.failed}
    assert found != {NORMAL_FORM}, "only the final normal forms differ"
    assert found - {GOAL, NORMAL_FORM} or kind in LEFT_OUT, f"no step fails: {report}"
    if len(damaged.steps) == len(proof.steps) and kind not in LEFT_OUT:  # the steps of another theorem are right
        pairs = zip(damaged.steps, proof.steps, strict=True)
        broken = {at for at, (now, then) in enumerate(pairs, 1) if now is not then}
        named = {failure.step for failure in report.failed}
        assert not broken or named & broken, f"step {broken} is broken, step {named} is named: {report}"
    if kind in TO_ENTRIES:
        full = [each for each in report.failed if None not in (each.output, each.input) and each.left != each.right]
        told = [f"output {each.output}, input {each.input}: " in str(each) for each in full]
        assert any(told), f"no message gives the output, the input and both values: {report}"
    return "caught"


LEFT_OUT = ("step_left_out", "last_step_left_out", "steps_of_another_theorem")

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
    assert caught >= max(many(1_000, 300), 0.9 * WANTED), (
        f"SYMCONV_SEED={SEED}: too many damages change nothing: {counts}"
    )


# One readable example of each kind ----------------------------------------------------------------

RING = sc.Conv((4,), (3,), padding=1, padding_mode="circular")  # unfold, re-index, group, entry, row, batch
STRIDED = sc.Conv((5,), (2,), stride=2, padding=((1, 0),))  # unfold, re-index, entry, row, batch
TWICE = sc.Conv((2,), (3,), padding=1, padding_mode="circular")  # reads an input twice for an output
PLANE = sc.Conv((4, 4), (2, 3))


def table_row(proof: Proof, row: int, cells: Cells) -> Proof:
    """One row of the table that the entry step ends in, changed."""
    at, rule = next((at, step.rule) for at, step in enumerate(proof.steps, 1) if isinstance(step.rule, Entry))
    (table,) = rule.tables
    return with_step(proof, at, rule=replace(rule, tables=((*table[:row], cells, *table[row + 1 :]),)))


def matrix_row(proof: Proof, name: str, row: int, cells: Cells) -> Proof:
    """One row of a flattened matrix, changed."""
    rows = list(proof.matrices[name].rows)
    return with_matrix(proof, name, rows=[*rows[:row], cells, *rows[row + 1 :]])


def row_misnumbered(proof: Proof) -> Proof:
    """Output (i, j) as row 3 i + j, in place of 2 i + j."""
    claim = proof.steps[3].claim
    assert isinstance(claim, RowClaim)
    return with_step(proof, 4, claim=replace(claim, row=variable("i") * 3 + variable("j")))


def ungrouped(proof: Proof) -> Proof:
    """The step that collects the terms by input left out, and what cited it cites what it cited."""
    entry, *rest = proof.steps[3:]
    return replace(proof, steps=(*proof.steps[:2], replace(entry, cites=(2,)), *rest))


def fewer_terms(proof: Proof, at: int) -> Proof:
    """The sum over positions stops one position early."""
    claim = proof.steps[at - 1].claim
    span, put = list(sites(claim, Span))[-1]
    return with_step(proof, at, claim=put(replace(span, last=span.last - 1)))


def kernel_transposed(proof: Proof) -> Proof:
    """k_{v,u} in the definition in place of k_{u,v}."""
    down, across = proof.steps[0].claim.sums  # type: ignore[union-attr]
    (u, row), (v, column) = down.factors, across.factors
    swapped = replace(down, factors=(v, row)), replace(across, factors=(u, column))
    return with_step(proof, 1, claim=Claim(swapped, bias=False))


EXAMPLES: dict[str, tuple[Callable[[], Proof], tuple[str, ...]]] = {
    "an entry of W changed": (
        lambda: table_row(built(RING), 1, {0: (0,), 1: (2,), 2: (2,)}),
        ("step 4, output i=1, input p=1: ", "definition and W", "k[1] against k[2]"),
    ),
    "an entry of W moved": (
        lambda: table_row(built(RING), 1, {0: (0,), 1: (1,), 3: (2,)}),
        ("step 4, output i=1, input p=2: ", "definition and W", "k[2] against nothing"),
    ),
    "an entry of W dropped": (
        lambda: table_row(built(RING), 1, {0: (0,), 1: (1,)}),
        ("step 4, output i=1, input p=2: ", "definition and W", "k[2] against nothing"),
    ),
    "one of two kernel entries dropped": (
        lambda: table_row(built(TWICE), 0, {0: (1,), 1: (0,)}),
        ("step 4, output i=0, input p=1: ", "definition and W", "k[0] + k[2] against k[0]"),
    ),
    "an entry of the flattened W changed": (
        lambda: matrix_row(built(RING), "W", 1, {0: (0,), 1: (2,), 2: (2,)}),
        ("step 5, output (1,), input 1: ", "a row of W is not that of its tables", "[2] against [1]"),
    ),
    "an entry of the flattened C changed": (
        lambda: matrix_row(built(RING, "im2col"), "C", 1, {0: (0,), 1: (3,), 2: (2,), 3: (3,)}),
        ("step 3, output (1,), input 1: ", "a row of C is not that of its tables", "[3] against [1]"),
    ),
    "a wrong index map": (
        lambda: with_step(built(RING), 2, rule=Reindex((variable("i") + variable("u"),))),
        ("step 2: ", "the map f = i + u is not where the window reads", "i + u against i + u - 1"),
    ),
    "a wrong number of a row": (
        lambda: row_misnumbered(built(PLANE)),
        ("step 4: ", "the row is not the output's row-major number", "3*i + j against 2*i + j"),
    ),
    "a non-zero term dropped": (
        lambda: fewer_terms(built(RING), 2),
        ("step 2, output i=0, input z=1: ", "re-indexed sum", "k[2] against nothing"),
    ),
    "a non-zero term not collected": (
        lambda: fewer_terms(built(RING), 3),
        ("step 3, output i=0, input p=1: ", "grouped sum", "k[2] against nothing"),
    ),
    "a stride off by one": (
        lambda: with_step(built(STRIDED), 1, claim=built(replace(STRIDED, stride=3)).steps[0].claim),
        ("step 1, output i=1, input z=1: ", "the code and the claim", "k[0] against nothing"),
    ),
    "two kernel indices swapped": (
        lambda: kernel_transposed(built(PLANE)),
        ("step 1: ", "the claim is not the layer's definition", " against "),
    ),
    "a step left out": (
        lambda: ungrouped(built(TWICE)),
        ("step 3, output i=0, input p=1: ", "an input is read twice, so the terms must be grouped first"),
    ),
    "a later step cited": (
        lambda: with_step(built(RING), 3, cites=(5,)),
        ("step 3: ", "citations", "cites step 5, which is not an earlier step"),
    ),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_message_says_what_is_wrong_and_where(kind: str) -> None:
    damaged, fragments = EXAMPLES[kind]
    messages = [str(failure) for failure in damaged().check().failed]
    assert any(all(fragment in message for fragment in fragments) for message in messages), "\n".join(messages)


# What becomes of a damaged proof ------------------------------------------------------------------


def damage_build(monkeypatch: pytest.MonkeyPatch, theorem: str) -> None:
    """Let the theorem build proofs whose steps do not start from the definition."""
    module = import_module(f"symconv.catalogue.{theorem}")

    def build(layer: Any) -> Any:
        steps, matrices = right(layer)
        return steps[1:], matrices

    right = module.THEOREM.build
    monkeypatch.setattr(module, "THEOREM", replace(module.THEOREM, build=build))


@pytest.mark.parametrize("theorem", THEOREMS)
def test_prove_raises_and_the_error_holds_the_report(monkeypatch: pytest.MonkeyPatch, theorem: str) -> None:
    damage_build(monkeypatch, theorem)
    with pytest.raises(sc.ProofFailed, match=r"FAILED.*\n.*step 1") as raised:
        sc.prove(RING, theorem)
    report = raised.value.report
    assert isinstance(report, sc.Report)
    assert report.failed
    assert str(report) == str(raised.value)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_damaged_proof_does_not_render(kind: str) -> None:
    damaged, _ = EXAMPLES[kind]
    for format in FORMATS:
        with pytest.raises(sc.ProofFailed):
            damaged().render(format)


@dataclass(frozen=True)
class Crashing:
    """A rule with a bug."""

    name = "crashing"
    follows = (("unfold",),)

    def shape(self, *_: Any) -> int:
        return 1 // 0

    values = shape


def test_an_exception_inside_a_rule_is_a_failed_claim() -> None:
    report = with_step(built(RING), 2, rule=Crashing()).check()
    failed = [failure for failure in report.failed if failure.step == 2]
    assert not report
    assert [failure.what for failure in failed] == ["shape", "values"]
    assert all("ZeroDivisionError" in str(failure) for failure in failed)


def test_an_omitted_step_is_counted_and_not_called_proved() -> None:
    report = with_step(built(RING), 5, rule=Omitted("row-major numbering is left to the reader")).check()
    assert report.omitted == ("step 5: row-major numbering is left to the reader",)
    assert 5 not in {obligation.step for obligation in report.proved}
    assert "1 omitted" in str(report)


# What a check must not do -------------------------------------------------------------------------


def test_a_proof_for_another_input_size_is_refused() -> None:
    proof = built(sc.Conv((4,), (2,), stride=2), "im2col", "entries")
    assert not replace(proof, layer=sc.Conv((5,), (2,), stride=2)).check()


def test_normal_forms_are_not_proved_by_comparing_nothing() -> None:
    proof = built(RING, "im2col")
    proved = replace(proof, steps=proof.steps[:-1]).check().proved
    assert NORMAL_FORM not in {obligation.what for obligation in proved}


@pytest.mark.parametrize("theorem", THEOREMS)
def test_a_missing_matrix_is_a_failed_claim(theorem: str) -> None:
    report = replace(built(RING, theorem, "entries"), matrices={}).check()
    assert "the proof has no matrix" in str(report)


def test_a_step_that_leans_on_a_failed_one_says_so() -> None:
    entry = built(RING).steps[3].rule
    assert isinstance(entry, Entry)
    failed = with_step(built(RING), 4, rule=replace(entry, tables=(entry.tables[0][:-1],))).check().failed
    assert "step 6: values: no earlier step has established the entries of W" in map(str, failed)


@pytest.mark.parametrize("cite", [None, "1", True, 0, -1, 2.0])
def test_a_citation_that_is_no_number_of_an_earlier_step_is_refused(cite: Any) -> None:
    report = with_step(built(RING), 3, cites=(cite,)).check()
    assert any("which is not an earlier step" in str(failure) for failure in report.failed)


def test_a_message_shows_sums_as_they_are_printed() -> None:
    other = built(replace(RING, stride=2)).steps[0].claim
    failed = with_step(built(RING), 1, claim=other).check().failed
    assert "(sum over u from 0 to 2 of k[u] z[2*i + u - 1] against sum over u from 0 to 2 of k[u] z[i + u - 1])" in str(
        failed[0]
    )


def test_an_index_expression_has_one_form() -> None:
    """Twice the same letter, zero or fractional coefficients would be printed one way and evaluated another."""
    for terms, constant, divisor in [
        ((("e", 1), ("e", 1)), 0, 1), ((("v", 1), ("u", 1)), 0, 1), ((("u", 0),), 0, 1), ((("u", 2),), 4, 2),
        ((("u", 1),), 0, -1), ((("u", 1.0),), 0, 1), ((("u", True),), 0, 1),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=r"lowest terms|integers only"):
            Index(terms, constant, divisor)


def test_letters_of_two_axes_cannot_be_mixed_up() -> None:
    """Renaming one axis' position to the other's letter would print a sum over f twice."""
    proof = built(PLANE)
    down, across = proof.steps[1].claim.sums  # type: ignore[union-attr]
    (span,) = across.spans
    renamed = Sum(
        (replace(span, name="p"),), tuple(factor.substitute(span.name, variable("p")) for factor in across.factors)
    )
    report = with_step(proof, 2, claim=Claim((down, renamed), bias=False)).check()
    assert "p is not a letter of a position: g or q" in str(report)


def test_rows_that_are_printed_are_compared_at_every_level() -> None:
    """Also with check="axes": what is printed of W are the rows of its tables."""
    proof = replace(matrix_row(built(RING), "W", 1, {0: (2,), 3: (2,)}), level="axes")
    assert "a row of W is not that of its tables" in str(proof.check())
    with pytest.raises(sc.SpecError, match="must be one of auto, axes, entries, all"):
        replace(built(RING), level="bogus").check()
