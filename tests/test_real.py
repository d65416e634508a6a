"""Real layers: proved, every entry checked, and written in every format."""

from __future__ import annotations

import pytest

import symconv as sc

REAL: dict[str, tuple[sc.Conv, int]] = {
    "LeNet-5 C1": (sc.Conv((32, 32), 5, 1, 6), 117_600),
    "LeNet-5 C3": (sc.Conv((14, 14), 5, 6, 16), 240_000),
    "3x3 same, 3 to 8 channels": (sc.Conv((16, 16), 3, 3, 8, padding="same"), 50_784),
    "ResNet stem": (sc.Conv((32, 32), 7, 3, 8, stride=2, padding=3), 269_664),
    "depthwise, stride 2": (sc.Conv((16, 16), 3, 8, 8, stride=2, padding=1, groups=8), 4_232),
    "WaveNet, causal and dilated": (sc.Conv((64,), 2, 4, 4, dilation=16, padding=((16, 0),)), 1_792),
    "circular": (sc.Conv((12, 12), 3, padding=1, padding_mode="circular"), 1_296),
    "3-D, 2x4x4x4": (sc.Conv((4, 4, 4), 3, 2, 2, padding=1), 4_000),
}
"""name -> (layer, non-zeros counted by hand: the product over channels and axes of what each reads)."""


@pytest.mark.parametrize("name", REAL)
def test_real_layers_are_proved_entry_by_entry(name: str) -> None:
    layer, nonzeros = REAL[name]
    proof = sc.prove(layer, check="entries")
    counted = {obligation.what: obligation.count for obligation in proof.check().proved}
    assert counted["every entry of W, both routes"] == layer.read_map.nonzeros == nonzeros
    for format in ("latex", "markdown", "text"):
        assert proof.render(format)


@pytest.mark.parametrize("name", REAL)
def test_real_layers_have_their_im2col_proof(name: str) -> None:
    layer, _ = REAL[name]
    assert sc.prove(layer, "im2col", check="axes").check()


def test_a_huge_layer_is_proved_axis_by_axis() -> None:
    """VGG-16's conv1_1: 86,188,800 non-zeros, none of them materialised."""
    layer = sc.Conv((224, 224), 3, 3, 64, padding=1)
    assert layer.read_map.nonzeros == 86_188_800
    report = sc.prove(layer, check="axes").check()
    assert report.ok
    assert report.levels == ("axes",)


def test_what_auto_checks_depends_on_the_size() -> None:
    """SymPy up to 1,000 non-zeros, entries up to 5,000, and every step always."""
    small, middle, large = sc.Conv((4, 4), 3), sc.Conv((20, 20), 3), sc.Conv((40, 40), 3)
    assert sc.prove(small).check().levels == ("axes", "entries", "sympy")
    assert sc.prove(middle).check().levels == ("axes", "entries")
    assert sc.prove(large).check().levels == ("axes",)
    assert sc.prove(small, check="axes").check().levels == ("axes",)
    assert sc.prove(large, check="entries").check().levels == ("axes", "entries")


def test_json_holds_only_entries_that_were_checked() -> None:
    """What prints W in full has had every entry checked, also where `auto` would not have."""
    assert '"checked": ["axes", "entries"]' in sc.prove(sc.Conv((40, 40), 3)).render("json")


def test_a_document_says_which_checks_were_made() -> None:
    layer = sc.Conv((4, 4), 3)
    said = {level: " ".join(str(sc.prove(layer, check=level)).split()) for level in ("axes", "entries", "all")}
    assert "Its entries were not compared one by one." in said["axes"]
    assert "every entry of W, both routes (36 terms compared)" in said["entries"]
    assert "SymPy" not in said["entries"]
    assert "the difference of both sides expands to 0 in SymPy" in said["all"]
