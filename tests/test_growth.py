"""How much work grows with the size, in lines of Python executed: a count, so that no clock decides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from lanes import some

import symconv as sc
from symconv.catalogue import weight_matrix


def lines_executed(work: Callable[[], Any]) -> int:
    """How many lines run in the package, comprehensions' turns included."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if "symconv" not in frame.f_code.co_filename and frame.f_code.co_filename != "<definition>":
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def proved(layer: Callable[[int], Any], check: str = "axes") -> Callable[[int], int]:
    return lambda n: lines_executed(lambda: sc.prove(layer(n), check=check))


def built(layer: Callable[[int], Any]) -> Callable[[int], int]:
    return lambda n: lines_executed(lambda: layer(n).to_scipy(np.ones(layer(n).kernel_shape)))


MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")


@pytest.mark.parametrize("mode", MODES)
def test_an_axis_by_axis_proof_costs_the_sum_of_the_axes(mode: str) -> None:
    """Twice the size of both axes, four times the non-zeros: twice the work."""
    work = proved(lambda n: sc.Conv((n, n + 1), 3, padding=2, padding_mode=mode))
    work(8)
    assert work(160) <= 2.1 * work(80)


def long(theorem: str, n: int) -> Any:
    """A layer of n inputs along one axis, to which a theorem applies."""
    match theorem:
        case "pooling":
            return sc.AvgPool((n,), 3)
        case "upsampling":
            return sc.Upsample((n,), scale_factor=2)
        case "composition":
            return sc.Sequential(sc.Conv((n,), 3), sc.Conv((n - 2,), 3))
        case "dft":
            return sc.Conv((n,), 3, padding=1, padding_mode="circular")
        case "linear_as_conv":
            return sc.Linear(n, 2)
        case "stride_selection":
            return sc.Conv((n,), 3, stride=2)
        case _:
            return sc.Conv((n,), 3, padding=int(theorem == "padding_factor"), bias=theorem == "bias_gradient")


@pytest.mark.parametrize("theorem", some(sc.theorems(), 5, ["uncertainty"]))
def test_a_proof_of_any_theorem_costs_one_axis_its_length(theorem: str) -> None:
    def work(n: int) -> int:
        return lines_executed(lambda: sc.prove(long(theorem, n), theorem, check="axes"))

    work(8)
    assert work(80) <= 2.1 * work(40)


def test_an_axis_by_axis_proof_of_a_higher_rank_costs_one_axis_more() -> None:
    def work(rank: int) -> int:
        return lines_executed(lambda: sc.prove(sc.Conv(tuple(range(60, 60 + rank)), 3, padding=1), check="axes"))

    work(1)
    assert work(3) - work(2) <= 1.2 * (work(2) - work(1))


def test_every_entry_costs_the_non_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row, as a small W is checked."""
    monkeypatch.setattr(weight_matrix, "ARRAYS", 10**9)
    work = proved(lambda n: sc.Conv((n, n), 3, padding=1), "entries")
    work(4)
    assert work(48) <= 4.2 * work(24)


@pytest.mark.parametrize("mode", MODES)
def test_every_entry_in_arrays_costs_python_the_axes_and_a_few_pieces(mode: str) -> None:
    work = proved(lambda n: sc.Conv((n, n + 1), 3, padding=1, padding_mode=mode), "entries")
    work(50)
    assert work(320) <= 2.1 * work(160)


def test_latex_of_the_outputs_costs_python_one_axis() -> None:
    """Twice the size of both axes, four times the outputs: twice the work, beside joining strings."""

    def work(n: int) -> int:
        return lines_executed(sc.Conv((n, n + 1), 3, padding=1).output_latex)

    work(8)
    assert work(80) <= 2.1 * work(40)


def test_latex_of_a_matrix_costs_python_its_axes() -> None:
    def work(n: int) -> int:
        return lines_executed(sc.Conv((n, n + 1), 3, padding=1).to_latex)

    work(8)
    assert work(48) <= 2.1 * work(24)


@pytest.mark.parametrize("mode", MODES)
def test_a_numeric_matrix_costs_python_the_axes_only(mode: str) -> None:
    work = built(lambda n: sc.Conv((n, n + 1), 3, padding=1, padding_mode=mode))
    work(8)
    assert work(160) <= 2.1 * work(80)


def test_a_numeric_matrix_costs_python_its_channel_pairs_and_no_more() -> None:
    work = built(lambda n: sc.Conv((16, 16), 3, n, n, padding=1))
    work(2)
    assert work(32) <= 4.2 * work(16)


def test_a_sympy_matrix_costs_its_non_zeros() -> None:
    def work(n: int) -> int:
        return lines_executed(sc.Conv((n, n), 3, padding=1).weight_matrix)

    work(4)
    assert work(24) <= 4.4 * work(12)


def test_the_proof_for_all_sizes_costs_at_most_the_square_of_the_rank() -> None:
    """A step has an index for each axis, and is evaluated for each axis."""

    def work(rank: int) -> int:
        return lines_executed(lambda: sc.prove_general("weight_matrix", rank=rank))

    for rank in (1, 2, 3):  # pieces that are kept from one proof to the next
        work(rank)
    assert work(3) - work(2) <= (9 - 4) / (4 - 1) * (work(2) - work(1))


def test_the_spectrum_costs_at_most_the_entries_of_the_fourier_matrix() -> None:
    def work(n: int) -> int:
        ring = sc.Conv((n,), 3, padding=1, padding_mode="circular")
        return lines_executed(lambda: sc.prove(ring, "dft", check="axes"))

    work(4)
    assert work(48) <= 4.2 * work(24)


def test_winograd_costs_at_most_the_terms_of_its_identity() -> None:
    """Each of t outputs is a sum over t + 2 products of 3 kernel entries with t + 2 inputs: 3 t (t + 2)^2 terms."""

    def work(tile: int) -> int:
        return lines_executed(lambda: sc.prove(sc.Conv((tile + 2,), 3), "winograd", check="axes", tile=tile))

    work(2)
    assert work(16) <= 16 * 18**2 / (8 * 10**2) * work(8)


@pytest.mark.parametrize("what", ["recognise", "project"])
def test_the_way_back_costs_at_most_the_entries_of_the_matrix(what: str) -> None:
    """Twice the size of both axes, sixteen times the entries, zeros included."""

    def work(n: int) -> int:
        layer = sc.Conv((n, n + 1), 3, padding=1)
        matrix = layer.to_scipy(np.arange(1, 10).reshape(layer.kernel_shape)).toarray()
        shape = 1, n, n + 1
        given = {"kernel_size": 3, "stride": 1, "padding": 1, "dilation": 1, "groups": 1}
        if what == "project":
            return lines_executed(lambda: sc.project(matrix, layer))
        return lines_executed(lambda: sc.recognise(matrix, input_shape=shape, output_shape=shape, **given))

    work(3)
    assert work(12) <= 16.5 * work(6)
