"""The rows of a whole line at once are those of `claims.evaluate`, `read` and `tabulated`, one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import symconv as sc
from symconv import along
from symconv.along import distinct, evaluated, folded, stored
from symconv.claims import Claim, Refuted, evaluate, read, tabulated
from symconv.sums import Factor, Index, Span, Sum, variable

MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")


def layers(seed: int, count: int) -> list[Any]:
    rng, found = random.Random(seed), []
    while len(found) < count:
        try:
            found.append(
                sc.Conv(
                    (rng.randint(1, 7), rng.randint(1, 5)), (rng.randint(1, 4), rng.randint(1, 3)),
                    stride=rng.randint(1, 3), dilation=rng.randint(1, 3), input_dilation=rng.randint(1, 3),
                    padding=tuple((rng.randint(-1, 3), rng.randint(-1, 3)) for _ in range(2)),
                    padding_mode=rng.choice(MODES), flip_kernel=rng.random() < 0.5, in_channels=2, out_channels=4,
                    groups=rng.choice((1, 2)),
                )
            )  # fmt: skip
        except sc.SpecError:
            continue
    return [*found, sc.AvgPool((6,), 3, padding=1), sc.Linear(3, 2), sc.ConvTranspose((4,), 3, stride=2)]


def outcome(row: Callable[[int], Any], output: int) -> Any:
    """The row, or what is wrong with it."""
    try:
        return row(output)
    except Refuted as found:
        return str(found), found.output, found.left, found.right


def damaged(axis: Sum, rng: random.Random) -> Sum:
    """The same sum with one number of it changed."""
    spans, factors = list(axis.spans), list(axis.factors)

    def nudged(index: Index) -> Index:
        return index + rng.choice((-1, 1)) if rng.random() < 0.6 else index + variable("i") * rng.choice((-1, 1))

    if rng.random() < 0.5 and isinstance(spans[0], Span):
        spans[0] = replace(spans[0], **{rng.choice(("first", "last")): nudged(spans[0].first)})
    else:
        n = rng.randrange(len(factors))
        factors[n] = Factor(factors[n].letter, tuple(map(nudged, factors[n].indices)))
    return Sum(tuple(spans), tuple(factors), axis.coefficient)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of a few outputs take several blocks."""
    monkeypatch.setattr(along, "BLOCK", 2)


def any_order(count: int) -> list[int]:
    """All of them, not one after the other."""
    return sorted(range(count), key=lambda output: (output * 5 % 7, output))


def test_the_rows_of_a_line_are_those_of_its_outputs_one_by_one() -> None:
    rng, compared, refused = random.Random(3), 0, 0
    for layer in layers(5, 60):
        lines = layer.read_map.lines
        for step in sc.prove(layer, check="axes").steps:
            if not isinstance(step.claim, Claim):
                continue
            for line, axis in zip(lines, step.claim.sums, strict=True):
                if axis.factor("W"):
                    continue
                for said in (axis, damaged(axis, rng), damaged(axis, rng)):
                    row, reads = evaluated(said, line), folded(said, line)
                    for output in any_order(line.outputs):
                        one = outcome(lambda o, said=said, line=line: evaluate(said, line, o), output)
                        assert outcome(row, output) == one, (layer, said)
                        compared, refused = compared + 1, refused + isinstance(one, tuple)
                        if len(said.spans) == 1 and not isinstance(one, tuple) and axis.factor("z"):
                            direct = outcome(lambda o, said=said, line=line: read(said, line, o), output)
                            assert outcome(reads, output) == direct, (layer, said)
    assert compared > 2000
    assert refused > 200


def test_a_sum_that_reads_at_every_other_of_its_positions_is_left_to_evaluate() -> None:
    layer = sc.Conv((5,), 2)
    (line,), axis = layer.read_map.lines[-1:], layer.definition.sums[-1]
    kernel, signal = axis.factors
    said = replace(axis, factors=(kernel, replace(signal, indices=(replace(signal.indices[0], divisor=2),))))
    for output in any_order(line.outputs):
        assert outcome(evaluated(said, line), output) == outcome(lambda o: evaluate(said, line, o), output)


def test_the_rows_of_a_table_too() -> None:
    for layer in layers(6, 30):
        for line, table in zip(layer.read_map.lines, layer.read_map.tables, strict=True):
            twice = tuple({p: (*taps, *taps) for p, taps in row.items()} for row in table)
            empty = ({0: ()}, *table[1:])
            for said in (table, twice, empty):
                row = stored(said, line)
                for output in any_order(line.outputs):
                    one = outcome(lambda o, said=said, line=line: tabulated(said, line, o), output)
                    assert outcome(row, output) == one, layer


@pytest.mark.parametrize("mode", MODES)
def test_equal_lines_are_looked_at_once_and_others_all(mode: str) -> None:
    layer = sc.Conv((5, 5, 4), 3, padding=1, padding_mode=mode)
    proof = sc.prove(layer, check="axes")
    lines = layer.read_map.lines
    for step in proof.steps:
        if isinstance(step.claim, Claim):
            said = list(zip(lines, step.claim.sums, strict=True))
            assert [line for line, _ in distinct(said)] == [lines[0], lines[2]]
            second = (lines[1], damaged(step.claim.sums[1], random.Random(1)))
            assert len(list(distinct([said[0], second, said[2]]))) == 3
