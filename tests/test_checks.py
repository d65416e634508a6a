"""Damage to the code itself: what builder and checker share must be caught by a check that does not share it."""

from __future__ import annotations

from typing import Any

import pytest

import symconv as sc
from symconv import rules
from symconv.catalogue import im2col, weight_matrix
from symconv.definition import Definition
from symconv.layers import Layer
from symconv.readmap import Axis
from symconv.sums import number, variable

PLANE = sc.Conv((4, 5), (3, 2), padding=1, bias=True)


def refused(theorem: str = "weight_matrix", layer: Layer = PLANE, check: str = "all") -> str:
    """The report of a proof that must fail."""
    with pytest.raises(sc.ProofFailed) as caught:
        sc.prove(layer, theorem, check)
    return str(caught.value)


def test_a_wrong_flattening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of a row is evaluated on the matrix' own labels, not compared with the builder's formula."""

    def wrong(sizes: list[tuple[str, int]], *order: Any) -> Any:
        total = number(0)
        for place, (name, _) in enumerate(sizes, 7):
            total = total + variable(name) * place
        return total

    for module in (rules, weight_matrix, im2col):
        monkeypatch.setattr(module, "flattened", wrong)
    assert "the claimed row is not that of i=1" in refused()
    assert "the claimed row is not that of u=1" in refused("im2col")


@pytest.mark.parametrize("off", [-1, 1])
def test_a_wrong_number_of_outputs(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both routes use the output size, so it has a check of its own: the last window fits, one more does not."""
    honest = Axis.outputs.func  # type: ignore[attr-defined]
    monkeypatch.setattr(Axis, "outputs", property(lambda self: honest(self) + off))
    assert "step 1" in refused(layer=sc.Conv((4, 5), (3, 2), stride=2), check="axes")
    if off < 0:
        assert "is not the number of windows along i" in refused(layer=sc.Conv((4, 5), (3, 2)), check="axes")


def test_a_wrong_printed_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule for W is evaluated at every entry."""
    honest = rules.tap_at
    for module in (rules, weight_matrix):
        monkeypatch.setattr(module, "tap_at", lambda line, position: honest(line, position) + 1)
    assert "the printed rule gives another entry of W" in refused()


def test_a_wrong_transpose(monkeypatch: pytest.MonkeyPatch) -> None:
    """X W^T takes the columns from the inverse map itself, and compares them with the rows that were proved."""
    layer = sc.Conv((6,), 3)
    assert layer.read_map.tables
    honest = Axis.meets
    monkeypatch.setattr(Axis, "meets", lambda self, p: {} if p == 2 else honest(self, p))
    assert "step 5, output i=0, input p=2: values: X W^T and W x (nothing against k[2])" in refused(layer=layer)


def test_a_bias_added_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Definition.source.func  # type: ignore[attr-defined]
    monkeypatch.setattr(Definition, "source", property(lambda self: honest(self).replace("return b", "return b + b")))
    assert "step 1: shape: the claim is not the code that runs" in refused(layer=sc.Conv((4,), 2, bias=True))


def test_a_bias_of_another_channel_is_found_where_the_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Definition.rows

    def rows(self: Definition, *order: Any) -> Any:
        for output, row in honest(self, *order):
            yield (
                output,
                {((label[0], 0) if isinstance(label, tuple) else label, p): n for (label, p), n in row.items()},
            )

    monkeypatch.setattr(Definition, "rows", rows)
    said = refused(layer=sc.Conv((4,), 2, out_channels=2, bias=True), check="entries")
    assert "the definition does not add its channel's bias once" in said


@pytest.mark.parametrize(("theorem", "method"), [("weight_matrix", "weight_matrix"), ("im2col", "im2col")])
def test_sympys_opinion_is_asked(theorem: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user gets as a SymPy matrix is what SymPy multiplies."""
    honest = getattr(Layer, method)

    def wrong(self: Layer, *order: str) -> Any:
        matrix = honest(self, *order).as_mutable()
        matrix[1, 1] = matrix[1, 1] + 1
        return matrix

    monkeypatch.setattr(Layer, method, wrong)
    assert "expands to 0 in SymPy: SymPy finds another" in refused(theorem)
    assert sc.prove(PLANE, theorem, "entries").check()


def test_the_product_with_c_is_compared_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = im2col.kernel_matrix
    monkeypatch.setattr(im2col, "kernel_matrix", lambda read_map: [row[::-1] for row in honest(read_map)])
    said = refused("im2col", check="entries")
    assert "against the definition: the definition and K C" in said
    assert "against W: W and K C" in said


def test_the_definition_that_runs_is_compared_entry_by_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A padded input that is wrong only in several dimensions is seen by the entries, not by the axes."""
    honest = Definition.padded

    def wrong(self: Definition, values: Any, zero: Any) -> Any:
        signal = honest(self, values, zero)
        signal[1][1] = signal[1][2]
        return signal

    monkeypatch.setattr(Definition, "padded", wrong)
    assert sc.prove(PLANE, check="axes").check()
    assert "every entry of W, both routes: the definition and W" in refused(check="entries")
