"""The rules of the chains of sums, one by one: what each compares, and what it refutes by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from damages import built

import symconv as sc
from symconv.claims import BatchClaim, Claim, Context, Refuted, RowClaim
from symconv.flattening import order_named
from symconv.matrices import LabelledMatrix, matrix_of
from symconv.padding import MODES
from symconv.readmap import Axis, Line, spatial_letters
from symconv.rules import (
    Batch,
    Entry,
    Flatten,
    Group,
    Reindex,
    Unfold,
    all_inputs,
    all_windows,
    bare,
    by_channels,
    flattened,
    is_matrix,
    numbers_positions,
    only_span,
    row_major,
    rows_of_product,
    tap_at,
    weights_and_signal,
)
from symconv.sums import INPUT, KERNEL, PADDED, WEIGHT, Factor, Fibre, Index, Span, Sum, number, variable
from symconv.weighted import Shuffled

I, U, F, P = map(variable, "iufp")  # noqa: E741
PLAIN = sc.Conv((4,), 3)
RING = sc.Conv((4,), 3, padding=1, padding_mode="circular")
MIXED = sc.Conv((3, 4), (2, 3), 2, 4, groups=2, padding=((1, 0), (0, 0)), padding_mode="reflect", bias=True)


def refused(act: Callable[..., Any], *given: Any) -> Refuted:
    with pytest.raises(Refuted) as caught:
        act(*given)
    return caught.value


def rule_of(layer: Any, name: str) -> Any:
    """The first step by that rule, the claim that it goes out from, and what a rule is given."""
    proof = built(layer)
    step = next(step for step in proof.steps if step.rule.name == name)
    before = proof.steps[step.cites[0] - 1].claim if step.cites else None
    return step, before, Context(layer, proof.matrices)


def about(*lines: Any, bias: bool = False) -> Context:
    """A context with any lines, of no layer."""
    read_map = SimpleNamespace(lines=lines)
    return Context(SimpleNamespace(definition=SimpleNamespace(read_map=read_map, bias=bias)), {})


# How much is compared -----------------------------------------------------------------------------

COUNTS: dict[str, tuple[Any, dict[str, tuple[int, int, int]]]] = {
    # two outputs of three taps: 6 terms, one window too many, 6 entries in W, 6 shapes of W and its 2 + 4 labels
    "plain": (
        PLAIN,
        {"unfold": (0, 2, 7), "re-index": (1, 4, 6), "entry": (1, 4, 12), "row": (1, 5, 12), "batch": (2, 1, 6)},
    ),
    "ring": (
        RING,
        {"unfold": (0, 2, 13), "re-index": (1, 4, 12), "group": (1, 2, 12), "entry": (1, 4, 24), "row": (1, 5, 14), "batch": (2, 1, 12)},
    ),
    "mixed": (
        MIXED,
        {"unfold": (0, 4, 18), "re-index": (1, 12, 16), "group": (1, 6, 16), "entry": (1, 12, 32), "row": (1, 9, 24), "batch": (2, 1, 16)},
    ),
    "pooling": (
        sc.AvgPool((4,), 2),
        {"unfold": (0, 2, 5), "re-index": (1, 4, 4), "entry": (1, 4, 8), "row": (1, 5, 11), "batch": (2, 1, 4)},
    ),
    "interpolation": (
        sc.Upsample((2,), size=4, mode="linear"),
        {"unfold": (0, 2, 8), "re-index": (1, 4, 8), "group": (1, 2, 6), "entry": (1, 4, 12), "row": (1, 5, 11), "batch": (2, 1, 6)},
    ),
    # sixteen outputs, each one entry, and each index by channels compared with the flattened one
    "shuffle": (
        sc.PixelShuffle((2, 1), 2, 2),
        {"unfold": (0, 2, 32), "entry": (1, 4, 32), "row": (1, 5, 37), "batch": (2, 1, 16)},
    ),
    "linear": (sc.Linear(3, 2), {"unfold": (0, 2, 6), "entry": (1, 4, 12), "row": (1, 5, 11), "batch": (2, 1, 6)}),
}  # fmt: skip


@pytest.mark.parametrize("kind", COUNTS)
def test_what_a_rule_says_it_compared(kind: str) -> None:
    """The counts that a document prints under "what was checked": citations, shape and values of each step."""
    layer, counts = COUNTS[kind]
    proof = built(layer)
    report = proof.check()
    assert report
    found = {
        step.rule.name: tuple(each.count for each in report.proved if each.step == n)
        for n, step in enumerate(proof.steps, 1)
    }
    assert found == counts


@pytest.mark.parametrize(
    "layer",
    [
        sc.Conv((5,), 3, flip_kernel=True),
        sc.Conv((5,), 3, flip_kernel=True, dilation=2, padding=2, padding_mode="replicate"),
        sc.Conv((3, 4, 2), (2, 1, 2), 2, 2, padding=1, padding_mode="symmetric", bias=True),
        sc.Conv((3,), 1, stride=2),
        sc.Conv((3,), 3),
        sc.Conv((2, 3), 2, input_dilation=2),
        sc.AvgPool((5, 4), 3, 2, 2, 1, ceil_mode=True, count_include_pad=False),
        sc.AvgPool((4,), 2, divisor_override=3),
        sc.Upsample((3, 2), 2, size=(5, 2), mode="bilinear"),
        sc.Upsample((3,), size=7, mode="linear", align_corners=True),
        sc.Upsample((2, 3), 2, scale_factor=2),
        sc.PixelShuffle((2, 3), 2, 2),
        sc.PixelShuffle((2, 1, 2), 2),
        sc.PixelShuffle((1,), 2),
        sc.ConvTranspose((3, 2), (2, 3), 4, 4, stride=2, padding=((1, 0), (0, 1)), groups=2, bias=True),
        sc.Linear(3, 2, bias=True),
    ],
    ids=repr,
)
def test_the_proofs_of_other_layers_hold(layer: Any) -> None:
    report = built(layer).check()
    assert report, str(report)
    if not isinstance(layer, sc.PixelShuffle):
        assert sc.prove(layer, order="column-major", check="axes").check()


def test_rules_are_values() -> None:
    for rule in (Unfold(), Reindex(()), Group(), Entry((), ()), Flatten(), Batch()):
        assert rule == replace(rule)
        assert hash(rule) == hash(replace(rule))
        with pytest.raises(FrozenInstanceError):
            rule.name = "else"


# unfold -------------------------------------------------------------------------------------------


class Short(Axis):
    """One output too few."""

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return 1


class Long(Axis):
    """One output too many."""

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return 3


def test_the_outputs_are_all_the_windows_that_fit() -> None:
    sizes: Any = (4, 3, 1, 1, 1, 0, 0, MODES["zeros"])
    assert all_windows(Axis(*sizes)) == 1
    assert all_windows(Axis(3, 3, 1, 1, 1, 0, 0, MODES["zeros"])) == 1
    for wrong, count in ((Short, 1), (Long, 3)):
        assert refused(all_windows, wrong(*sizes)).message == f"{count} is not the number of windows along i"


def shuffled(**changes: Any) -> Shuffled:
    line = sc.PixelShuffle((2, 3), 2, 2).read_map.channels
    assert isinstance(line, Shuffled)
    if not changes:
        return line
    made = type("Changed", (Shuffled,), changes)
    return made(line.inputs, line.outputs, line.groups, line.letters, sizes=line.sizes, factor=line.factor)


def test_a_pixel_shuffle_by_channels_is_the_flattened_one() -> None:
    line = shuffled()
    assert by_channels(line) == 2 * 4 * 6
    names, indices = line.indices
    for wrong in (
        {"indices": (names, (indices[0], indices[2], indices[1]))},
        {"indices": (names, (indices[0] + 1, *indices[1:]))},
        {"indices": (names, (indices[0] - 1, *indices[1:]))},
        {"position": line.position + 1},
        {"position": line.position - 1},
        {"position": line.position.divided(2)},
    ):
        found = refused(by_channels, shuffled(**wrong))
        assert found.message == "the index by channels is another input"


# re-index -----------------------------------------------------------------------------------------


def test_the_new_variable_is_a_position_and_the_map_the_window() -> None:
    step, before, context = rule_of(RING, "re-index")
    (axis,) = step.claim.sums
    assert step.rule.shape(context, before, step.claim) == 4
    (span,) = axis.spans
    for changed, message in (
        (replace(axis, spans=(replace(span, name="q"),)), "q is not a letter of a position: f or p"),
        (replace(axis, spans=(replace(span, last=span.last + 1),)), "f does not run over the image of u"),
        (replace(axis, spans=(replace(span, step=2),)), "f does not run over the image of u"),
        (
            replace(axis, factors=axis.factors[::-1]),
            "putting f = i + u - 1 into the claim does not give back the cited step",
        ),
    ):
        found = refused(step.rule.shape, context, before, Claim((changed,), False))
        assert found.message == message
    wrong = Reindex((I + U,))
    assert (
        refused(wrong.shape, context, before, step.claim).message == "the map f = i + u is not where the window reads"
    )


@pytest.mark.parametrize("position", [I, I * 2, (I + U).divided(2), number(3)])
def test_a_map_that_is_not_one_to_one_is_refuted(position: Index) -> None:
    line = type("Other", (Axis,), {"position": position})(4, 3, 1, 1, 1, 0, 0, MODES["zeros"])
    old = Sum((Span("u", number(0), number(2)),), (Factor(KERNEL, (U,)), Factor(INPUT, (position,))))
    new = Sum((Span("f", number(0), number(2)),), (Factor(KERNEL, (F,)), Factor(INPUT, (F,))))
    found = refused(Reindex((position,)).shape, about(line), Claim((old,), False), Claim((new,), False))
    assert found.message == f"f = {position} is not one to one in u"


# group --------------------------------------------------------------------------------------------


def test_the_terms_are_collected_by_the_inputs() -> None:
    step, before, context = rule_of(MIXED, "group")
    assert step.rule.shape(context, before, step.claim) == 6
    for n in range(3):
        for part in ("spans", "factors"):
            sums = list(step.claim.sums)
            sums[n] = replace(sums[n], **{part: getattr(sums[n], part)[::-1] + getattr(sums[n], part)[:1]})
            found = refused(step.rule.shape, context, before, replace(step.claim, sums=tuple(sums)))
            assert found.message.startswith("the sums are not over" if part == "spans" else "the terms are not those")


@pytest.mark.parametrize("kind", ["ring", "mixed", "interpolation"])
def test_a_grouped_sum_holds_what_the_positions_hold(kind: str) -> None:
    step, before, context = rule_of(COUNTS[kind][0], "group")
    assert step.rule.values(context, before, step.claim) == COUNTS[kind][1]["group"][2]


def test_a_line_that_reads_x_itself_gets_the_name_of_its_inputs() -> None:
    """Coefficients stay as they are."""
    line = sc.Upsample((2,), size=4, mode="linear").read_map.lines[0]
    given = {each.name: getattr(line, each.name) for each in fields(line)}  # type: ignore[arg-type]
    bare_line = type("Bare", (type(line),), {"mode": None})(**given)
    old = Sum((Span("f", number(0), number(1)),), (Factor("α", (I, F)), Factor(PADDED, (F,))))
    new = Sum((Span("p", number(0), number(1)),), (Factor("α", (I, P)), Factor(INPUT, (P,))))
    assert Group().shape(about(bare_line), Claim((old,), False), Claim((new,), False)) == 2


# entry --------------------------------------------------------------------------------------------


def test_the_entries_are_entries_of_w_times_inputs() -> None:
    for layer in (PLAIN, RING):
        step, before, context = rule_of(layer, "entry")
        (axis,) = step.claim.sums
        (span,) = axis.spans
        for changed, message in (
            (replace(axis, spans=(replace(span, first=number(1)),)), "the sum is not over all inputs"),
            (replace(axis, spans=(replace(span, last=span.last - 1),)), "the sum is not over all inputs"),
            (replace(axis, factors=axis.factors[::-1]), "the terms are not entries of W times inputs"),
        ):
            found = refused(step.rule.shape, context, before, Claim((changed,), False))
            assert found.message == message
        for off in (1, -1):
            wrong = replace(step.rule, indices=(step.rule.indices[0] + off,))
            found = refused(wrong.shape, context, before, step.claim)
            assert found.message == "the printed rule for W is not the kernel entry that lies there"
        other = replace(before.sums[0], factors=(Factor(KERNEL, (U + 1,)), before.sums[0].factors[-1]))
        found = refused(step.rule.shape, context, Claim((other,), False), step.claim)
        assert found.message == "the cited step has other kernel entries or coefficients"


def test_the_table_has_a_row_for_every_output() -> None:
    step, before, context = rule_of(PLAIN, "entry")
    (table,) = step.rule.tables
    for wrong in (table[:-1], (*table, {})):
        rule = replace(step.rule, tables=(wrong,))
        found = refused(rule.values, context, before, step.claim)
        assert (found.message, found.left, found.right) == (
            "W has another number of rows than outputs along i",
            str(len(wrong)),
            "2",
        )
    assert WEIGHT not in context.tables
    assert step.rule.values(context, before, step.claim) == 12
    assert context.tables[WEIGHT] is step.rule.tables


def test_an_input_that_is_read_twice_is_named() -> None:
    """The output reads x_0 once, then x_1 three times."""
    layer = sc.Conv((2,), 4, padding=((0, 2),), padding_mode="replicate")
    step, _, context = rule_of(layer, "entry")
    ungrouped = built(layer).steps[0].claim
    found = refused(step.rule.values, context, ungrouped, step.claim)
    assert found.message == "an input is read twice, so the terms must be grouped first"
    assert (found.output, found.input, found.left, found.right) == ("i=0", "p=1", 3, 1)


def test_the_printed_rule_is_evaluated_at_every_entry() -> None:
    for layer, off, entry in (
        (PLAIN, 1, ("i=0", "p=0", "taps [1]", "taps [0]")),
        (PLAIN, -1, ("i=0", "p=0", "taps []", "taps [0]")),
        (RING, 1, ("i=0", "p=0", "taps [2]", "taps [1]")),
        (RING, -1, ("i=0", "p=0", "taps [0]", "taps [1]")),
    ):
        step, before, context = rule_of(layer, "entry")
        wrong = replace(step.rule, indices=(step.rule.indices[0] + off,))
        found = refused(wrong.values, context, before, step.claim)
        assert found.message == "the printed rule gives another entry of W"
        assert (found.output, found.input, found.left, found.right) == entry


def test_taps_are_said_in_their_order() -> None:
    """With a reversed kernel the positions that hold an input meet its taps from the last to the first."""
    layer = sc.Conv((2,), 3, padding=1, padding_mode="circular", flip_kernel=True)
    step, before, context = rule_of(layer, "entry")
    assert step.rule.tables[0][0][1] == (0, 2)
    assert step.rule.values(context, before, step.claim)


# row and batch ------------------------------------------------------------------------------------


def test_the_row_form_follows_from_entries_of_w_times_inputs() -> None:
    step, before, context = rule_of(RING, "row")
    assert step.rule.shape(context, before, step.claim) == 5
    (axis,) = before.sums
    for changed, message in (
        (replace(axis, factors=axis.factors[::-1]), "the cited step is not a sum of W times x"),
        (replace(axis, spans=(Span("p", number(0), number(2)),)), "the cited sum is not over all inputs"),
    ):
        found = refused(step.rule.shape, context, Claim((changed,), False), step.claim)
        assert found.message == message
    for claim, message in (
        (replace(step.claim, bias=True), "the bias is lost or added"),
        (replace(step.claim, row=I + 1), "the row is not the output's row-major number"),
        (replace(step.claim, column=P + 1), "the column is not the input's row-major number"),
        (before, "the claim is not about a row of W vec(X)"),
    ):
        assert refused(step.rule.shape, context, before, claim).message == message
    assert refused(step.rule.values, context, before, before).message == "the claim is not about a row of W vec(X)"
    for part, letter in (("row", "i"), ("column", "p")):
        wrong = replace(step.claim, **{part: getattr(step.claim, part) + 1})
        found = refused(step.rule.values, context, before, wrong)
        assert found.message == f"the claimed {part} is not that of {letter}=0"


def test_the_batch_form_follows_from_the_row_form() -> None:
    row, batch = RowClaim(I, P, False), BatchClaim(False)
    assert Batch().shape(about(), row, batch) == 1
    for before, after in ((None, batch), (batch, batch), (row, row), (row, None)):
        found = refused(Batch().shape, about(), before, after)
        assert found.message == "the batch form follows from the row form"
    assert refused(Batch().shape, about(), row, BatchClaim(True)).message == "the bias is lost or added"


def test_the_batch_form_compares_columns_with_the_rows_that_were_established() -> None:
    for layer, sides in ((RING, ("k[0]", "k[1]")), (sc.AvgPool((4,), 2), ("1/2", "0"))):
        context = Context(layer, {})
        table = layer.read_map.tables[0]
        context.tables[WEIGHT] = (table,)
        assert Batch().values(context, None, None) == sum(map(len, table))
        last = len(table) - 1
        moved = {0: (1,), **{p: taps for p, taps in table[last].items() if p}} if layer is RING else {0: table[last][3]}
        context.tables[WEIGHT] = ((*table[:last], moved),)
        found = refused(Batch().values, context, None, None)
        assert (found.message, found.output) == ("X W^T and W x", f"i={last}")
        assert {found.left, found.right} & set(sides)
        for tables in ((), (table, table)):
            context.tables[WEIGHT] = tables
            with pytest.raises(ValueError, match="argument 2 is"):
                Batch().values(context, None, None)


# What they share ----------------------------------------------------------------------------------

TAPS = Span("u", number(0), number(2))
WINDOW = Sum((TAPS,), (Factor(KERNEL, (U,)), Factor(PADDED, (I + U,))))
POSITIONS = Sum((Span("f", I, I + 2),), (Factor(KERNEL, (F - I,)), Factor(PADDED, (F,))))
GROUPED = Sum((Span("p", number(0), number(3)), Fibre(TAPS, "p")), (Factor(KERNEL, (U,)), Factor(INPUT, (P,))))


def test_the_one_span_of_a_sum() -> None:
    assert only_span(WINDOW) is TAPS
    for axis in (
        GROUPED,
        replace(WINDOW, spans=()),
        replace(WINDOW, spans=(TAPS, TAPS)),
        replace(WINDOW, spans=(Fibre(TAPS, "p"),)),
    ):
        assert refused(only_span, axis).message == "the cited sum is not over positions"


def test_weights_come_before_the_one_signal() -> None:
    k, alpha, z, x, w = (Factor(letter, (U,)) for letter in (KERNEL, "α", PADDED, INPUT, WEIGHT))
    for factors in ((k, z), (k, x), (alpha, k, z), (alpha, x), (z,), (x,)):
        assert weights_and_signal(Sum((TAPS,), factors)) == factors
    for factors in (
        (),
        (k,),
        (z, k),
        (x, z),
        (z, x),
        (w, x),
        (w, z),
        (k, w),
        (k, z, z),
        (k, x, k),
        (w, k, x),
        (k, w, x),
        (z, k, x),
    ):
        found = refused(weights_and_signal, Sum((TAPS,), factors))
        assert found.message == "the cited step is not a sum of weights times inputs"


def test_a_re_indexed_sum_reads_at_its_variable() -> None:
    assert bare(POSITIONS) == PADDED
    assert bare(replace(POSITIONS, factors=(Factor(KERNEL, (F,)), Factor(INPUT, (F,))))) == INPUT
    single = Sum((Span("u", number(2), number(2)),), WINDOW.factors)
    assert bare(single) == PADDED  # one term, wherever it reads
    found = refused(bare, WINDOW)
    assert found.message == "the cited sum is not re-indexed by the position that is read"
    assert (found.left, found.right) == ("i + u", "u")
    three = Sum(POSITIONS.spans, (Factor("α", (I,)), *POSITIONS.factors))
    assert bare(three) == PADDED


def test_a_number_leads_back_to_its_position() -> None:
    sizes = [("i", 2), ("j", 3), ("l", 2)]
    position = LabelledMatrix((2, 3, 2), (1,), (1,), ()).row_position
    right = I * 6 + variable("j") * 2 + variable("l")
    assert numbers_positions(right, sizes, position, "row") == 2 + 3 + 2
    for wrong, where in (
        (right + 1, "i=0"),
        (I * 5 + variable("j") * 2 + variable("l"), "i=1"),
        (I * 6 + variable("j") * 3 + variable("l"), "j=1"),
        (I * 6 + variable("j") * 2, "l=1"),
    ):
        found = refused(numbers_positions, wrong, sizes, position, "row")
        assert (found.message, found.output) == (f"the claimed row is not that of {where}", where)
    found = refused(numbers_positions, variable("i").divided(2), sizes, position, "row")
    assert (found.output, found.left, found.right) == ("i=1", None, (1, 0, 0))


@pytest.mark.parametrize("layer", [MIXED, sc.AvgPool((4, 4), 2)], ids=["entries", "numbers"])
def test_a_printed_matrix_is_the_one_that_is_meant(layer: Any) -> None:
    right = matrix_of(layer.read_map)
    context = Context(layer, {"W": right})
    count = is_matrix(context, "W", right)
    assert count == (6 if isinstance(right, LabelledMatrix) else 5)
    assert context.settled == {"W"}
    written = replace(right, rows=tuple(map(dict, right.rows)))
    assert is_matrix(Context(layer, {"W": written}), "W", right) == count - 1 + len(right.rows)
    for changed, message in (
        (replace(right, row_shape=right.row_shape[::-1]), "the rows of W are labelled otherwise"),
        (replace(right, column_shape=right.column_shape[:-1]), "the columns of W are labelled otherwise"),
        (replace(right, order=order_named("column-major", len(right.row_shape), False)), "W is flattened otherwise"),
        (replace(right, rows=written.rows[:-1]), "W has another number of rows than labels"),
        (replace(right, rows=({}, *written.rows[1:])), "a row of W is not that of its tables"),
        (SimpleNamespace(), "W holds other things than it should"),
        *([(replace(right, kernel_shape=(1,)), "the entries of W are labelled otherwise")] if isinstance(right, LabelledMatrix) else []),
    ):  # fmt: skip
        if changed == right:
            continue  # a shape that reads the same both ways
        wrong = Context(layer, {"W": changed})
        assert refused(is_matrix, wrong, "W", right).message == message
        assert wrong.settled == set()


def test_the_first_cell_that_differs_is_shown() -> None:
    matrix: Any = LabelledMatrix((2, 1), (4,), (3,), ({0: (0,), 1: (1,)}, {1: (0, 2), 3: (1,)}))
    assert rows_of_product(matrix, [{0: (0,), 1: (1,)}, {1: (0, 2), 3: (1,)}], "W") == 2
    for right, said in (
        ([{0: (0,), 1: (1,)}, {1: (0,), 3: (1,)}], ((1, 0), 1, [0, 2], [0])),
        ([{0: (0,), 1: (1,)}, {1: (0, 2), 2: (1,)}], ((1, 0), 2, [], [1])),
        ([{0: (0,)}, {1: (0, 2), 3: (1,)}], ((0, 0), 1, [1], [])),
        ([{0: (0,), 1: (1,), 2: (0,)}, {}], ((0, 0), 2, [], [0])),
    ):
        found = refused(rows_of_product, matrix, right, "W")
        assert (found.output, found.input, found.left, found.right) == said
    numbers: Any = replace(matrix, rows=({0: 2}, {}))
    found = refused(rows_of_product, numbers, [{0: Fraction(1, 2)}, {}], "W")
    assert (found.left, found.right) == (2, Fraction(1, 2))
    with pytest.raises(ValueError, match="argument"):
        rows_of_product(matrix, [{0: (0,), 1: (1,)}], "W")


def test_rows_that_are_computed_on_demand_are_told_by_what_they_are_made_of() -> None:
    one, same, other = (matrix_of(sc.Conv((n,), 3).read_map) for n in (4, 4, 5))
    assert rows_of_product(one, same.rows, "W") == 1
    with pytest.raises((Refuted, ValueError)):
        rows_of_product(replace(one, rows=other.rows), same.rows, "W")
    gathered = [sc.prove(sc.Conv((n,), 3), "im2col").matrices["C"] for n in (4, 4, 5)]
    assert rows_of_product(gathered[0], gathered[1].rows, "C") == 1
    with pytest.raises((Refuted, ValueError)):
        rows_of_product(gathered[2], gathered[1].rows, "C")


def test_w_is_numbered_row_by_row() -> None:
    layer = sc.Conv((3, 4), 2)
    lines: tuple[Line, ...] = layer.read_map.lines
    right = matrix_of(layer.read_map)
    assert row_major(right, lines) == (2 + 3) + (3 + 4)
    column = matrix_of(layer.read_map, order_named("column-major", 2, False))
    assert refused(row_major, column, lines).message == "the outputs of W are numbered otherwise"
    half = SimpleNamespace(row_position=right.row_position, column_position=column.column_position)
    assert refused(row_major, half, lines).message == "the inputs of W are numbered otherwise"


def test_small_expressions_of_a_line() -> None:
    line = sc.Conv((5,), 3, stride=2, padding=1).read_map.lines[0]
    assert str(tap_at(line, F)) == "f - 2*i + 1"
    assert all_inputs(line) == Span("p", number(0), number(4))
    first, second, third = (each.output for each in spatial_letters(3))
    sizes = [(first, 2), (second, 3), (third, 4)]
    assert str(flattened(sizes)) == "12*i + 4*j + l"
    assert str(flattened(sizes, order_named("column-major", 3, False))) == "i + 2*j + 6*l"
    assert flattened([]) == number(0)
