"""The padding modes one position at a time, both ways, against NumPy's `pad`; and the named paddings."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from oracle import NUMPY_MODES, beyond

import symconv as sc
from symconv.padding import MODES, NAMED, PaddingMode, mode_named

NOTHING = -1
SIZES = [1, 2, 3, 4, 7]


def padded(mode: PaddingMode, n: int, low: int, high: int) -> list[int]:
    """What NumPy's padded signal 0, 1, ..., n - 1 holds."""
    return np.pad(np.arange(n), (low, high), NUMPY_MODES[mode.name], **beyond(mode.name, NOTHING)).tolist()


def widths(mode: PaddingMode, n: int) -> range:
    limit = mode.limit(n)
    return range((n + 2 if limit is None else limit) + 1)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_each_position_repeats_what_numpy_puts_there(mode: PaddingMode, n: int) -> None:
    for low in widths(mode, n):
        for high in widths(mode, n):
            ours = [mode.source(t, n) for t in range(-low, n + high)]
            assert [NOTHING if p is None else p for p in ours] == padded(mode, n, low, high)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_the_positions_of_an_input_are_where_numpy_puts_it(mode: PaddingMode, n: int) -> None:
    """Each once and in order; a negative width crops what the padded signal would hold."""
    for low in [*range(-n + 1, 0), *widths(mode, n)]:
        for high in [*range(min(0, -n + 1 - low), 0), *widths(mode, n)]:
            whole = padded(mode, n, max(low, 0), max(high, 0))
            places = {t: held for t, held in enumerate(whole, -max(low, 0)) if -low <= t < n + high}
            for q in range(n):
                assert mode.positions(q, n, low, high) == [t for t, held in places.items() if held == q], (q, low, high)


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("zeros", [None, None, None]),
        ("reflect", [0, 1, 4]),
        ("symmetric", [1, 2, 5]),
        ("replicate", [None, None, None]),
        ("circular", [1, 2, 5]),
    ],
)
def test_the_most_padding_that_a_side_may_have(name: str, limits: list[int | None]) -> None:
    assert [MODES[name].limit(n) for n in (1, 2, 5)] == limits


def test_the_sketch_of_a_mode_is_the_padded_signal_1234() -> None:
    for mode in MODES.values():
        drawn = "".join(str(0 if p == NOTHING else p + 1) for p in padded(mode, 4, 2, 2))
        assert mode.sketch == f"{drawn[:2]}|{drawn[2:6]}|{drawn[6:]}"


def test_a_mode_is_a_value() -> None:
    with pytest.raises(AttributeError):
        MODES["zeros"].name = "reflect"  # type: ignore[misc]


def test_a_mode_that_is_sent_elsewhere_is_the_same_one() -> None:
    assert all(pickle.loads(pickle.dumps(mode)) is mode for mode in MODES.values())


def test_a_mode_is_asked_for_by_its_name() -> None:
    assert all(mode_named(name) is mode for name, mode in MODES.items())
    for wrong in ("mirror", "", None, 3, ["zeros"]):
        with pytest.raises(sc.SpecError, match="must be one of zeros, reflect, symmetric, replicate, circular"):
            mode_named(wrong)


# The named paddings: (length, kernel, stride, dilation) -> (low, high) ----------------------------


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        ((5, 3, 1, 1), (1, 1)),
        ((5, 4, 1, 1), (1, 2)),  # the odd one goes high
        ((5, 2, 1, 1), (0, 1)),
        ((5, 3, 1, 2), (2, 2)),
        ((6, 3, 2, 1), (0, 1)),
        ((5, 3, 2, 1), (1, 1)),
        ((7, 4, 3, 2), (3, 3)),
        ((5, 1, 2, 1), (0, 0)),
        ((6, 1, 4, 1), (0, 0)),  # a stride that jumps over inputs: none are missing
        ((1, 1, 1, 1), (0, 0)),
    ],
)
def test_same_by_hand(asked: tuple[int, int, int, int], same: tuple[int, int]) -> None:
    assert NAMED["same"](*asked) == same
    assert NAMED["same_lower"](*asked) == same[::-1]


def test_what_the_names_promise() -> None:
    """valid: no padding; same: ceil(n / s) outputs and no padding to spare; full: a first and a last window with one input."""
    for n in range(1, 8):
        for k in range(1, 5):
            for s in range(1, 4):
                for d in range(1, 4):
                    reach = d * (k - 1)
                    assert NAMED["valid"](n, k, s, d) == (0, 0)
                    assert NAMED["full"](n, k, s, d) == (reach, reach)
                    low, high = NAMED["same"](n, k, s, d)
                    wanted = -(-n // s)
                    assert (n + low + high - reach - 1) // s + 1 == wanted
                    assert 0 <= high - low <= 1
                    assert low + high == 0 or n + low + high == (wanted - 1) * s + reach + 1
