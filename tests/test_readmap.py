"""The read maps line by line, both ways, against a window that moves over NumPy's padded signal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from lanes import many
from oracle import MODES as MODE_NAMES
from oracle import NUMPY_MODES, beyond

import symconv as sc
from symconv.padding import MODES
from symconv.readmap import (
    COEFFICIENTS,
    Axis,
    Channels,
    Letters,
    ReadMap,
    TransposedChannels,
    forward_rows,
    forward_table,
    inverse_table,
    labelled_rows,
    spatial_letters,
    with_quotients,
)
from symconv.sums import quotient, variable

NOTHING = -1
Reads = dict[tuple[int, int], int]  # (output, tap) -> the input that is read; what reads nothing is absent


def axis(inputs: int, taps: int, *, flip: bool = False, mode: str = "zeros", **given: Any) -> Axis:
    sizes = {"stride": 1, "dilation": 1, "scale": 1, "low": 0, "high": 0} | given
    return Axis(inputs, taps, **sizes, rule=MODES[mode], flip=flip)


def signal(of: Axis) -> list[int]:
    """The padded signal: inputs by number, zeros between them, NumPy's border, cropped last."""
    stretched = np.full((of.inputs - 1) * of.scale + 1, NOTHING)
    stretched[:: of.scale] = np.arange(of.inputs)
    name = of.rule.name
    whole = np.pad(stretched, (max(of.low, 0), max(of.high, 0)), NUMPY_MODES[name], **beyond(name, NOTHING))
    return whole[max(-of.low, 0) : len(whole) - max(-of.high, 0)].tolist()


def windows(of: Axis) -> list[list[int]]:
    """For each output, where on that list its taps lie, in the order of the kernel entries."""
    size, span = len(signal(of)), (of.taps - 1) * of.dilation + 1
    found = [list(range(start, start + span, of.dilation)) for start in range(0, size - span + 1, of.stride)]
    return [window[::-1] for window in found] if of.flip else found


def reads(of: Axis) -> Reads:
    held = signal(of)
    every = {(i, u): held[t] for i, window in enumerate(windows(of)) for u, t in enumerate(window)}
    return {place: p for place, p in every.items() if p != NOTHING}


def axes() -> Iterator[Axis]:
    """Every combination of small sizes for each mode, and some that are larger."""
    rng = Random(7)
    small = list(product((1, 2, 3), (1, 2, 3), (1, 2), (1, 2), (1, 2), (-1, 0, 1, 2), (-1, 0, 2), (False, True)))
    large = [
        tuple(rng.choice(each) for each in ((4, 5, 7), (2, 3, 4), (1, 2, 3), (1, 2, 3), (1, 2, 3), (-2, 1, 4), (-3, 3), (False, True)))
        for _ in range(200)
    ]  # fmt: skip
    for mode in MODE_NAMES:
        for n, k, s, d, gap, low, high, flip in rng.sample(small, many(1200, 150)) + rng.sample(large, many(200, 50)):
            made = Axis(n, k, s, d, gap, low, high, MODES[mode], flip)
            length = (n - 1) * gap + 1
            limit = MODES[mode].limit(length)
            fits = length + low + high >= (k - 1) * d + 1 and length + min(low, high, low + high) > 0
            if fits and (limit is None or max(low, high) <= limit):
                yield made


def test_an_axis_is_a_window_that_moves_over_the_padded_signal() -> None:
    """The output size, every position and every read by the definition; every column of W by the inverse."""
    compared = 0
    for each in axes():
        wanted, held, moved = reads(each), signal(each), windows(each)
        places = range(-each.low, len(held) - each.low)
        assert each.outputs == len(moved), each
        assert each.padded_range == places, each
        assert [each.fold(t) for t in places] == [None if p == NOTHING else p for p in held], each
        for i, u in product(range(each.outputs), range(each.taps)):
            assert each.position.at({"i": i, "u": u}) == moved[i][u] - each.low, (each, i, u)
            assert (each.coefficient(i, u), each.weight(i, u), each.label(i, u)) == (1, 1, u)
        for p in range(each.inputs):
            assert list(each.copies(p)) == [t for t in places if held[t + each.low] == p], (each, p)
            column = {i: sorted(u for u in range(each.taps) if wanted.get((i, u)) == p) for i in range(each.outputs)}
            assert {i: sorted(taps) for i, taps in each.meets(p).items()} == {i: us for i, us in column.items() if us}
        compared += len(wanted)
    assert compared > many(15_000, 2_000)


def test_the_tables_of_an_axis_hold_its_reads() -> None:
    """Rows of W in the order of outputs, inputs and taps; the im2col matrix by (tap, output)."""
    for each in axes():
        wanted = reads(each)
        rows: list[dict[int, tuple[int, ...]]] = [{} for _ in range(each.outputs)]
        for (i, u), p in sorted(wanted.items()):
            rows[i][p] = (*rows[i].get(p, ()), u)
        table = inverse_table(each)
        assert list(table) == rows, each
        assert all(list(row) == sorted(row) for row in table), each
        assert forward_table(each) == {(u, i): p for (i, u), p in wanted.items()}, each
        assert forward_rows(each) == [
            [(u, wanted[i, u]) for u in range(each.taps) if (i, u) in wanted] for i in range(each.outputs)
        ]
        assert labelled_rows(each, table) == [sorted(row.items()) for row in rows], each


def test_what_an_axis_says_of_itself() -> None:
    strided = axis(5, 3, stride=2, low=1)
    assert (strided.length, strided.outputs, strided.kernel_shape) == (5, 2, (3,))
    assert axis(4, 2, scale=3).length == 10
    assert axis(2, 3).outputs == 0  # the kernel does not fit
    assert strided.kernel_index == (variable("u"),)
    assert strided.gathered == (variable("u"), variable("i"))
    assert strided.coefficient_index is None
    assert str(strided.position) == "2*i + u - 1"
    assert str(axis(5, 3, dilation=2, flip=True).position) == "i - 2*u + 4"


@pytest.mark.parametrize(
    ("given", "padded"),
    [
        ({}, False),
        ({"low": 1}, True),
        ({"high": 1}, True),
        ({"scale": 2}, True),
        ({"low": -1, "high": -1}, False),  # what is cropped away is not beyond the border
        ({"low": -1, "high": 1}, True),
    ],
)
def test_an_axis_has_a_mode_where_a_window_can_meet_what_is_no_input(given: dict[str, int], padded: bool) -> None:
    each = axis(5, 2, mode="circular", **given)
    assert each.mode is (MODES["circular"] if padded else None)


def test_axes_that_differ_in_letters_alone_are_equal() -> None:
    """So that equal axes share one table."""
    one, other = spatial_letters(2)
    plain = Axis(4, 3, 1, 1, 1, 0, 0, MODES["zeros"], letters=one)
    assert plain == Axis(4, 3, 1, 1, 1, 0, 0, MODES["zeros"], letters=other)
    assert Channels(2, 4, 2) == Channels(2, 4, 2, letters=other)
    assert Channels(2, 4, 2) != Channels(2, 4, 1)
    assert Channels(2, 4, 2) != TransposedChannels(2, 4, 2)
    read_map = ReadMap(Channels(1, 1), (plain, Axis(4, 3, 1, 1, 1, 0, 0, MODES["zeros"], letters=other)))
    assert read_map.tables[0] is read_map.tables[1]
    assert read_map.labelled[0] is read_map.labelled[1]
    assert not plain.flip  # cross-correlation, where nothing else is said
    with pytest.raises(FrozenInstanceError):
        read_map.axes = ()  # type: ignore[misc]


def test_a_position_that_is_no_integer_is_not_read_as_nothing() -> None:
    class Halved(Axis):
        position = variable("u").divided(2)

    with pytest.raises(ValueError, match="argument"):
        forward_rows(Halved(4, 3, 1, 1, 1, 0, 0, MODES["zeros"]))


# Channels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "outputs", "groups"), [(1, 1, 1), (3, 2, 1), (4, 6, 2), (2, 4, 2), (3, 3, 3), (6, 3, 3)]
)
@pytest.mark.parametrize("kind", [Channels, TransposedChannels])
def test_an_output_channel_reads_the_input_channels_of_its_group(
    kind: type[Channels], inputs: int, outputs: int, groups: int
) -> None:
    line = kind(inputs, outputs, groups)
    shape = (outputs, inputs // groups) if kind is Channels else (inputs, outputs // groups)
    entries = np.arange(inputs * outputs // groups).reshape(shape)  # the numbers of the kernel's entries
    assert line.kernel_shape == shape
    assert line.taps == inputs // groups
    met: set[tuple[int, int]] = set()
    for group in range(groups):
        for within, a in product(range(outputs // groups), range(inputs // groups)):
            c, e = group * (outputs // groups) + within, group * (inputs // groups) + a
            entry = (c, a) if kind is Channels else (e, within)
            env = with_quotients({"c": c, "a": a}, line.position, *line.kernel_index)
            assert line.position.at(env) == e
            assert tuple(index.at(env) for index in line.kernel_index) == entry
            assert line.label(c, a) == entries[entry]
            assert line.meets(e)[c] == (a,)
            assert (line.coefficient(c, a), line.weight(c, a)) == (1, 1)
            met.add((c, e))
    assert {(c, e) for e in range(inputs) for c in line.meets(e)} == met
    assert (line.scale, line.mode, line.coefficient_index) == (1, None, None)
    assert line.padded_range == range(inputs)
    assert [(line.fold(e), list(line.copies(e))) for e in range(inputs)] == [(e, [e]) for e in range(inputs)]
    assert line.gathered == (line.position,)
    assert forward_table(line) == {(e,): e for e in range(inputs)}
    assert labelled_rows(line, inverse_table(line)) == [
        [(e, (line.label(c, e % line.taps),)) for e in range(inputs) if (c, e) in met] for c in range(outputs)
    ]


def test_one_group_is_written_without_a_quotient() -> None:
    assert str(Channels(3, 4).position) == "a"
    assert str(Channels(4, 6, 2).position) == "a + 2*(c // 3)"
    assert list(map(str, TransposedChannels(3, 4).kernel_index)) == ["a", "c"]
    assert list(map(str, TransposedChannels(4, 6, 2).kernel_index)) == ["a + 2*(c // 3)", "c - 3*(c // 3)"]


# Letters and quotients ----------------------------------------------------------------------------


def test_the_letters_of_the_axes() -> None:
    assert spatial_letters(1) == (Letters("i", "u", "f", "p", "α"),)
    assert spatial_letters(3) == (
        Letters("i", "u", "f", "p", "α"),
        Letters("j", "v", "g", "q", "β"),
        Letters("l", "w", "h", "r", "γ"),
    )
    many_axes = spatial_letters(9)
    assert many_axes[0] == Letters("i1", "u1", "f1", "p1", "α")
    assert many_axes[7] == Letters("i8", "u8", "f8", "p8", "θ")
    assert many_axes[8] == Letters("i9", "u9", "f9", "p9", "")  # there is no ninth
    assert spatial_letters(4) == many_axes[:4]
    assert len(COEFFICIENTS) == 8


def test_quotients_get_their_values_from_the_letters_they_are_of() -> None:
    index = quotient(variable("c") * 3 + 1, 4) * 2 + variable("a")
    assert with_quotients({"c": 5, "a": 1}, index) == {"c": 5, "a": 1, "(3*c + 1)//4": 4}
    assert with_quotients({"c": 5, "a": 1}, variable("a")) == {"c": 5, "a": 1}
    known = {"c": 5, "(3*c + 1)//4": 9}  # what is known already stays
    assert with_quotients(known, index) == {"c": 5, "(3*c + 1)//4": 9}


# The product --------------------------------------------------------------------------------------

PLAIN = axis(4, 3)


@pytest.mark.parametrize(("inputs", "outputs", "shown"), [(1, 1, False), (2, 1, True), (1, 2, True)])
def test_channels_are_a_line_where_there_are_several(inputs: int, outputs: int, shown: bool) -> None:
    channels = Channels(inputs, outputs)
    read_map = ReadMap(channels, (PLAIN, PLAIN))
    assert read_map.lines == ((channels,) if shown else ()) + (PLAIN, PLAIN)
    assert read_map.shows_channels is shown
    assert ReadMap(channels, ()).lines == (channels,)  # a fully connected layer is its channels, one of each too
    assert ReadMap(channels, ()).shows_channels


@pytest.mark.parametrize(
    ("each", "padded", "folded"),
    [
        (axis(4, 3), False, False),
        (axis(4, 3, low=1), True, False),
        (axis(4, 3, scale=2), True, False),
        (axis(4, 3, mode="reflect"), False, False),
        (axis(4, 3, mode="reflect", scale=2), True, False),
        (axis(4, 3, mode="reflect", low=1), True, True),
        (axis(4, 3, mode="reflect", high=1), True, True),
        (axis(4, 3, mode="reflect", low=-1, high=1), True, True),
        (axis(5, 3, mode="reflect", low=-1, high=-1), False, False),
        (axis(5, 3, mode="reflect", low=-1, scale=2), True, False),
        (axis(5, 3, mode="reflect", low=-1, high=-1, scale=2), True, False),
    ],
)
def test_padded_and_folded(each: Axis, padded: bool, folded: bool) -> None:
    """Padded: a window can meet zeros or repeated inputs. Folded: an input can lie at several positions."""
    for axes_of in ((each,), (PLAIN, each), (each, PLAIN)):
        read_map = ReadMap(Channels(1, 1), axes_of)
        assert (read_map.padded, read_map.folded) == (padded, folded)


def test_the_number_of_non_zeros_is_a_product() -> None:
    assert ReadMap(Channels(1, 1), (PLAIN, axis(5, 2))).nonzeros == (2 * 3) * (4 * 2)
    assert ReadMap(Channels(4, 6, 2), (PLAIN,)).nonzeros == (6 * 2) * (2 * 3)
    assert (
        ReadMap(Channels(1, 1), (axis(2, 3, low=1, high=1, mode="circular"),)).nonzeros == 4
    )  # six reads, two cells twice


def test_what_the_tables_will_hold_at_most() -> None:
    """Six windows of three taps and eight positions; two windows of three taps and four positions."""
    assert ReadMap(Channels(1, 1), (axis(5, 3, low=1, high=2), PLAIN)).reach == (6 * 3 + 8) + (2 * 3 + 4)


def test_a_layer_without_a_kernel_says_so() -> None:
    assert sc.Conv((4,), 3).read_map.kernel
    assert sc.Linear(2, 2).read_map.kernel
    assert not sc.AvgPool((4, 4), 2).read_map.kernel
