"""Sums evaluated one output at a time, by their meaning; everything that a false one is refuted for; and comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from damages import built, random_known, random_layer
from lanes import many

import symconv as sc
from symconv.claims import (
    BatchClaim,
    Claim,
    Context,
    Refuted,
    RowClaim,
    compare,
    differ,
    evaluate,
    expect,
    for_each_line,
    kernel_entry,
    read,
    same_lines,
    sums_of,
    tabulated,
)
from symconv.form import Difference
from symconv.matrices import LabelledMatrix, NumberMatrix
from symconv.padding import MODES
from symconv.readmap import Line, with_quotients
from symconv.sums import COLUMNS, INPUT, KERNEL, PADDED, WEIGHT, Factor, Fibre, Index, Span, Sum, number, variable

U, F, P = variable("u"), variable("f"), variable("p")
LINE: Any = sc.Conv((4,), 3, padding=1, padding_mode="circular").read_map.lines[0]
PLAIN: Any = sc.Conv((4,), 3).read_map.lines[0]
POOL: Any = sc.AvgPool((4,), 3, stride=1, padding=1, count_include_pad=False).read_map.lines[
    0
]  # 1/2, 1/3, 1/3, 1/2 by output
STRETCH: Any = sc.Upsample((2,), size=4, mode="linear").read_map.lines[0]  # a coefficient for each output and tap
CHANNELS: Any = sc.Conv((2,), 1, 4, 6, groups=2).read_map.lines[0]
TAPS = Span("u", number(0), number(2))


def refused(act: Callable[..., Any], *given: Any) -> Refuted:
    with pytest.raises(Refuted) as caught:
        act(*given)
    return caught.value


# A sum by its meaning -----------------------------------------------------------------------------


def at(index: Index, env: dict[str, int]) -> int:
    value = index.at(with_quotients(dict(env), index))
    assert value is not None
    return value


def terms(axis: Sum, line: Line, output: int) -> dict[Any, Any]:
    """{(kernel label, position or input): coefficient}, term by term."""
    result: Counter[Any] = Counter()
    envs = [{line.letters.output: output}]
    for span in axis.spans:
        inner = span.span if isinstance(span, Fibre) else span
        values = range(at(inner.first, envs[0]), at(inner.last, envs[0]) + 1, inner.step)
        envs = [{**env, inner.name: t} for env in envs for t in values]
        if isinstance(span, Fibre):
            envs = [env for env in envs if line.fold(env[inner.name]) == env[span.onto]]
    for env in envs:
        label, place, weight = None, None, axis.coefficient
        for factor in axis.factors:
            indices = [at(index, env) for index in factor.indices]
            if factor.letter == KERNEL:
                label = 0
                for index, size in zip(indices, line.kernel_shape, strict=True):
                    label = label * size + index
            elif factor.letter in (PADDED, INPUT):
                (place,) = indices
            else:
                weight *= line.coefficient(indices[0], indices[1] if len(indices) > 1 else 0)
        result[label, place] += weight  # type: ignore[assignment]
    return {term: count for term, count in result.items() if count}


def test_a_sum_is_evaluated_term_by_term() -> None:
    """Every sum of the proofs of random layers, with every mode, for every output; and by input."""
    rng, compared = Random(5), 0
    layers = [random_layer(rng, mode) for mode in MODES for _ in range(many(60, 8))]
    layers += [random_known(rng) for _ in range(many(100, 20))]
    for layer in layers:
        for step in built(layer).steps:
            sums = step.claim.sums if isinstance(step.claim, Claim) else ()
            for line, axis in zip(layer.read_map.lines, sums, strict=bool(sums)):
                if axis.factor(WEIGHT):
                    continue
                for output in range(line.outputs):
                    right = terms(axis, line, output)
                    assert evaluate(axis, line, output) == right, (layer, str(axis), output)
                    compared += len(right)
                    if isinstance(axis.spans[-1], Span):
                        folded: Counter[Any] = Counter()
                        for (label, t), count in right.items():
                            folded[label, line.fold(t)] += count  # type: ignore[assignment]
                        kept = {term: count for term, count in folded.items() if term[1] is not None}
                        assert read(axis, line, output) == kept
    assert compared > 1_000


def test_two_positions_of_one_input_are_added_up() -> None:
    """A single kernel entry at every position: what is read twice counts twice."""
    line: Any = sc.Conv((2,), 3, padding=1, padding_mode="circular").read_map.lines[0]
    axis = Sum((TAPS,), (Factor(KERNEL, (number(0),)), Factor(PADDED, (U - 1,))))
    assert evaluate(axis, line, 0) == {(0, -1): 1, (0, 0): 1, (0, 1): 1}
    assert read(axis, line, 0) == {(0, 1): 2, (0, 0): 1}


def test_a_grouped_sum_holds_the_inputs_of_its_outer_span() -> None:
    """Limits that leave out an input, or a position, leave out their terms."""
    kernel, signal = Factor(KERNEL, (F + 1 - variable("i"),)), Factor(INPUT, (P,))
    window = Span("f", variable("i") - 1, variable("i") + 1)
    whole = Sum((Span("p", number(0), number(3)), Fibre(window, "p")), (kernel, signal))
    assert evaluate(whole, LINE, 0) == {(0, 3): 1, (1, 0): 1, (2, 1): 1}
    part = replace(whole, spans=(Span("p", number(0), number(2)), Fibre(window, "p")))
    assert evaluate(part, LINE, 0) == {(1, 0): 1, (2, 1): 1}
    part = replace(whole, spans=(Span("p", number(1), number(3)), Fibre(window, "p")))
    assert evaluate(part, LINE, 0) == {(0, 3): 1, (2, 1): 1}


def test_coefficients_multiply() -> None:
    """A constant, a table by the output, a table by output and tap; and two of them at once."""
    kernel, signal = Factor(KERNEL, (U,)), Factor(INPUT, (variable("i") + U,))
    plain = Sum((TAPS,), (kernel, signal))
    assert evaluate(plain, PLAIN, 1) == {(0, 1): 1, (1, 2): 1, (2, 3): 1}
    for constant in (2, -1, Fraction(1, 2)):
        assert set(evaluate(replace(plain, coefficient=constant), PLAIN, 1).values()) == {constant}
    assert evaluate(replace(plain, coefficient=0), PLAIN, 1) == {}
    by_output = Sum((TAPS,), (Factor("α", (variable("i"),)), Factor(PADDED, (variable("i") + U - 1,))))
    assert evaluate(by_output, POOL, 0) == {
        (None, -1): Fraction(1, 2),
        (None, 0): Fraction(1, 2),
        (None, 1): Fraction(1, 2),
    }
    assert set(evaluate(replace(by_output, coefficient=3), POOL, 1).values()) == {1}
    fixed = replace(by_output, factors=(Factor("α", (number(3),)), by_output.factors[1]))
    assert set(evaluate(fixed, POOL, 1).values()) == {Fraction(1, 2)}  # of output 3, whichever is evaluated


# What a false sum is refuted for ------------------------------------------------------------------

OUTER = Span("p", number(0), number(3))
GROUPED = Sum((OUTER, Fibre(Span("f", number(-1), number(1)), "p")), (Factor(KERNEL, (F + 1,)), Factor(INPUT, (P,))))
KERNEL_U, PADDED_U = Factor(KERNEL, (U,)), Factor(PADDED, (U - 1,))


def summed(*factors: Factor, spans: Any = (TAPS,), coefficient: Any = 1) -> Sum:
    return Sum(spans, factors, coefficient)


@pytest.mark.parametrize(
    ("axis", "line", "message"),
    [
        (summed(PADDED_U), LINE, "the sum has no kernel factor, or one too many, or does not read one input"),
        (summed(KERNEL_U), LINE, "the sum has no kernel factor, or one too many, or does not read one input"),
        (summed(KERNEL_U, Factor("α", (variable("i"),)), PADDED_U), POOL, "the sum has no kernel factor, or one too many"),
        (summed(KERNEL_U, Factor(PADDED, (U, U))), LINE, "the sum has no kernel factor, or one too many"),
        (summed(KERNEL_U, Factor(PADDED, ())), LINE, "the sum has no kernel factor, or one too many"),
        (summed(KERNEL_U, PADDED_U, PADDED_U), LINE, "the sum has no kernel factor, or one too many"),
        (summed(KERNEL_U, KERNEL_U, PADDED_U), LINE, "the sum has no kernel factor, or one too many"),
        (summed(KERNEL_U, PADDED_U, Factor(WEIGHT, (U,))), LINE, "the sum has no kernel factor, or one too many"),
        (summed(Factor("α", (variable("i"),)), PADDED_U, PADDED_U), POOL, "the sum has no kernel factor, or one too many"),
        (summed(KERNEL_U, PADDED_U, spans=()), LINE, "the sum is not over kernel entries, positions or inputs"),
        (summed(KERNEL_U, PADDED_U, spans=(TAPS, TAPS)), LINE, "the sum is not over kernel entries"),
        (summed(KERNEL_U, Factor(PADDED, (variable("q"),))), LINE, "the sum uses the letter q, which it does not define"),
        (summed(Factor(KERNEL, (variable("q"),)), PADDED_U), LINE, "the sum uses the letter q, which it does not define"),
        (replace(GROUPED, factors=(GROUPED.factors[0], Factor(INPUT, (F,)))), LINE, "a grouped sum does not read its outer variable"),
        (replace(GROUPED, factors=(GROUPED.factors[0], Factor(INPUT, (P + 1,)))), LINE, "a grouped sum does not read its outer variable"),
        (summed(KERNEL_U, Factor(PADDED, (U.divided(2),))), LINE, "the index u/2 is not an integer for every u"),
        (summed(Factor(KERNEL, (U.divided(2),)), PADDED_U), LINE, "the index u/2 is not an integer for every u"),
        (summed(KERNEL_U, Factor(PADDED, (number(1).divided(2),))), LINE, "the index 1/2 is not an integer for every u"),
        (summed(Factor(KERNEL, (U, U)), PADDED_U), LINE, "the kernel has the wrong number of indices"),
        (summed(Factor(KERNEL, ()), PADDED_U), LINE, "the kernel has the wrong number of indices"),
        (summed(KERNEL_U, Factor("β", (variable("i"),)), PADDED_U), LINE, "the sum has the factor β[i], which is no coefficient of the layer"),
        (summed(KERNEL_U, Factor("α", ()), PADDED_U), POOL, "the sum has no kernel factor"),
        (summed(Factor("α", ()), PADDED_U), POOL, "the sum has the factor α[], which is no coefficient of the layer"),
        (summed(Factor("α", (variable("i"), U)), PADDED_U), POOL, "the sum has the factor α[i, u], which is no coefficient of the layer"),
        (summed(Factor("β", (variable("i"),)), PADDED_U), POOL, "the sum has the factor β[i], which is no coefficient of the layer"),
        (summed(Factor("a", (variable("i"),)), PADDED_U), POOL, "the sum has the factor a[i], which is no coefficient of the layer"),
        (summed(KERNEL_U, PADDED_U, Factor("α", ())), LINE, "the sum has the factor α[], which is no coefficient of the layer"),
        (summed(Factor("α", (variable("i"),)), Factor(INPUT, (variable("i"),)), spans=(TAPS,)), STRETCH, "the sum has the factor α[i], which is no coefficient"),
    ],
)  # fmt: skip
def test_what_is_no_sum_of_a_line_is_refuted(axis: Sum, line: Line, message: str) -> None:
    assert refused(evaluate, axis, line, 0).message.startswith(message)


@pytest.mark.parametrize(
    ("axis", "line", "output", "letter", "sides"),
    [
        (summed(KERNEL_U, Factor(PADDED, (U - 2,))), LINE, 0, "z", ("-2 to 0", "-1 to 4")),
        (summed(KERNEL_U, Factor(PADDED, (U + 3,))), LINE, 2, "z", ("3 to 5", "-1 to 4")),
        (summed(KERNEL_U, Factor(PADDED, (number(5) - U,))), LINE, 0, "z", ("3 to 5", "-1 to 4")),
        (summed(KERNEL_U, Factor(PADDED, (number(0) - U,))), LINE, 0, "z", ("-2 to 0", "-1 to 4")),
        (summed(KERNEL_U, Factor(INPUT, (U - 1,))), LINE, 0, "x", ("-1 to 1", "0 to 3")),
        (summed(KERNEL_U, Factor(INPUT, (U + 2,))), LINE, 1, "x", ("2 to 4", "0 to 3")),
        (summed(Factor(KERNEL, (U + 1,)), PADDED_U), LINE, 3, "k", ("1 to 3", "0 to 2")),
        (summed(Factor(KERNEL, (U - 1,)), PADDED_U), LINE, 0, "k", ("-1 to 1", "0 to 2")),
        (summed(Factor(KERNEL, (U + 2,)), PADDED_U), LINE, 0, "k", ("2 to 4", "0 to 2")),
        (summed(Factor(KERNEL, (number(3) - U,)), PADDED_U), LINE, 0, "k", ("1 to 3", "0 to 2")),
        (summed(Factor(KERNEL, (number(1) - U,)), PADDED_U), LINE, 0, "k", ("-1 to 1", "0 to 2")),
        (summed(Factor("α", (U + 2,)), PADDED_U), POOL, 1, "α", ("2 to 4", "0 to 3")),
        (summed(Factor("α", (U - 1,)), PADDED_U), POOL, 1, "α", ("-1 to 1", "0 to 3")),
        (summed(Factor("α", (number(1), U)), Factor(INPUT, (number(0),))), STRETCH, 0, "α", ("0 to 2", "0 to 1")),
    ],
)
def test_an_index_that_leaves_its_range_is_refuted(
    axis: Sum, line: Line, output: int, letter: str, sides: tuple[str, str]
) -> None:
    """Nothing outside a tensor is ever claimed to be read; both ends are said, and where."""
    found = refused(evaluate, axis, line, output)
    assert found.message == f"an index of {letter} leaves its range"
    assert (found.output, found.left, found.right) == (f"i={output}", *sides)


def test_the_ends_of_a_range_are_in_it() -> None:
    for signal in (U - 1, U + 2, number(4) - U, number(1) - U):
        assert len(evaluate(summed(KERNEL_U, Factor(PADDED, (signal,))), LINE, 0)) == 3
    for signal in (U, U + 1, number(3) - U):
        assert len(evaluate(summed(KERNEL_U, Factor(INPUT, (signal,))), LINE, 0)) == 3
    assert len(evaluate(summed(Factor("α", (U + 1,)), PADDED_U), POOL, 0)) == 3


def test_an_empty_sum_reads_nothing_and_leaves_no_range() -> None:
    nothing = Span("u", number(7), number(6))
    assert evaluate(summed(KERNEL_U, PADDED_U, spans=(nothing,)), LINE, 0) == {}
    assert evaluate(summed(Factor("α", (U,)), PADDED_U, spans=(nothing,)), POOL, 0) == {}


def test_a_range_may_be_empty() -> None:
    line: Any = sc.Conv((2,), 1, padding=((1, -1),)).read_map.lines[0]
    empty = SimpleNamespace(letters=line.letters, kernel_shape=line.kernel_shape, padded_range=range(0), inputs=0)
    found = refused(evaluate, summed(KERNEL_U, PADDED_U), empty, 0)
    assert found.right == "no index at all"


# Rows of tables, and comparisons ------------------------------------------------------------------


def test_a_row_of_a_table_as_terms() -> None:
    assert tabulated(({0: (1,), 2: (0, 2)},), LINE, 0) == {(1, 0): 1, (0, 2): 1, (2, 2): 1}
    assert tabulated(({0: (1,)}, {1: (0,)}), LINE, 1) == {(0, 1): 1}
    half = Fraction(1, 2)
    assert tabulated(({0: (1,), 1: (2,)},), POOL, 0) == {(None, 0): half, (None, 1): half}
    found = refused(tabulated, ({0: (1,), 2: (), 3: ()},), LINE, 0)
    assert found.message == "an entry is stored with no kernel entry in it"
    assert (found.output, found.input) == ("i=0", "p=2")


def rows(*given: dict[Any, Any]) -> Callable[[int], Any]:
    return given.__getitem__


def test_two_sums_are_compared_for_every_output() -> None:
    line: Any = sc.Conv((4,), 3).read_map.lines[0]  # two outputs
    first, second = {(0, 0): 1, (1, 1): 1}, {(2, 3): 1}
    assert compare(line, rows(first, second), rows(first, second), "these") == 3
    found = refused(compare, line, rows(first, second), rows(first, {(2, 3): 1, (0, 3): 2}), "these")
    assert (found.message, found.output, found.input) == ("these", "i=1", "p=3")
    assert (found.left, found.right) == ("k[2]", "k[0] + k[0] + k[2]")
    found = refused(compare, line, rows({}, second), rows(first, second), "these", PADDED)
    assert (found.output, found.input, found.left, found.right) == ("i=0", "z=0", "nothing", "k[0]")
    assert refused(compare, line, rows({}, second), rows(first, second), "these", COLUMNS).input == "C=0"
    found = refused(compare, POOL, rows({(None, 1): Fraction(1, 3)}), rows({}), "these")
    assert (found.left, found.right) == ("1/3", "0")


def test_a_kernel_entry_reads_with_its_indices() -> None:
    assert [kernel_entry(label, (2, 3)) for label in (0, 1, 5)] == ["k[0,0]", "k[0,1]", "k[1,2]"]
    for label in (6, 7, -1, -2, "b"):
        assert kernel_entry(label, (2, 3)) == f"k entry {label}, which there is not,"


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (Difference((1,), None, 0, 1), ("W: a row too many", (1,), None, 0, 1)),
        (Difference((1,), None, 1, 0), ("W: a row is missing", (1,), None, 1, 0)),
        (Difference((1,), (2, 3), 1, 0), ("W", (1,), (1, 1), "1 times k[2]", "0 times k[2]")),
        (Difference((1,), (2, None), 1, 0), ("W", (1,), None, "1 times k[2]", "0 times k[2]")),
    ],
)
def test_rows_of_a_flattened_matrix_that_differ(difference: Difference, said: tuple[Any, ...]) -> None:
    matrix = LabelledMatrix((2,), (2, 2), (3,), ())
    found = differ(difference, "W", matrix)
    assert (found.message, found.output, found.input, found.left, found.right) == said


def test_rows_of_numbers_that_differ() -> None:
    found = differ(Difference((1,), (None, 3), 1, Fraction(1, 2)), "W", NumberMatrix((2,), (2, 2), ()))
    assert (found.input, found.left, found.right) == ((1, 1), 1, Fraction(1, 2))


# What the rules share -----------------------------------------------------------------------------


def context(layer: Any) -> Context:
    return Context(layer, {})


def test_what_an_earlier_step_has_not_established_is_not_there() -> None:
    given = Context(sc.Conv((4,), 3), {"W": 1})
    assert (given.matrix("W"), given.lines) == (1, sc.Conv((4,), 3).read_map.lines)
    assert refused(given.matrix, "C").message == "the proof has no matrix C"
    assert refused(given.table, "W").message == "no earlier step has established the entries of W"
    given.tables["W"] = (2,)
    assert given.table("W") == (2,)
    assert context(sc.Conv((4,), 3)).tables == {}  # nobody else's


def test_claims_are_values() -> None:
    for claim in (Claim((), False), RowClaim(U, U, False), BatchClaim(False)):
        assert claim == replace(claim)
        with pytest.raises(FrozenInstanceError):
            claim.bias = True


def test_only_a_claim_about_sums_has_sums() -> None:
    assert sums_of(Claim((GROUPED,), False)) == (GROUPED,)
    for other in (None, BatchClaim(False), GROUPED):
        assert "this rule is about sums" in refused(sums_of, other).message


def test_each_line_goes_with_its_sum_in_every_claim() -> None:
    layer = sc.Conv((4, 5), (3, 2), bias=True)
    first = built(layer).steps[0].claim
    down, across = layer.read_map.lines
    assert isinstance(first, Claim)
    assert list(same_lines(context(layer), first, first)) == [
        (down, first.sums[0], first.sums[0]),
        (across, first.sums[1], first.sums[1]),
    ]
    for changed, message in (
        (replace(first, sums=first.sums[:1]), "the claim has not one sum for each axis"),
        (replace(first, bias=False), "the bias is lost or added"),
        (replace(first, sums=(first.sums[0], replace(first.sums[1], coefficient=2))), "the constant before the sum along j is another"),
        (replace(first, sums=(replace(first.sums[0], coefficient=2), first.sums[1])), "the constant before the sum along i is another"),
    ):  # fmt: skip
        assert refused(same_lines, context(layer), changed).message == message
        assert refused(same_lines, context(layer), first, changed).message == message


def test_the_constant_of_a_line_is_in_its_entries_of_w() -> None:
    """Average pooling divides before the sum; a sum of entries of W has it in them."""
    layer = sc.AvgPool((4,), 2)
    entries = Sum((OUTER,), (Factor(WEIGHT, (variable("i"), P)), Factor(INPUT, (P,))))
    assert built(layer).steps[0].claim.sums[0].coefficient == Fraction(1, 2)  # type: ignore[attr-defined]
    assert list(same_lines(context(layer), Claim((entries,), False)))
    for wrong in (Fraction(1, 2), 2, 0):
        changed = Claim((replace(entries, coefficient=wrong),), False)
        assert "the constant before the sum" in refused(same_lines, context(layer), changed).message


def test_the_data_of_a_rule_is_one_for_each_line() -> None:
    layer = sc.Conv((4, 5), 2)
    assert for_each_line(context(layer), (1, 2), "map") == (1, 2)
    for wrong in ((), (1,), (1, 2, 3)):
        found = refused(for_each_line, context(layer), wrong, "map")
        assert found.message == "the rule has not one map for each axis"


def test_one_comparison_is_one_and_shows_both_sides() -> None:
    assert expect((U, P), (U, P), "these") == 1
    found = refused(expect, (U + 1, [P]), "else", "these")
    assert (found.message, found.left, found.right) == ("these", "u + 1, p", "else")
