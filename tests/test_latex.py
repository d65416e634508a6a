"""`to_latex` and `output_latex` against `sympy.latex`, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
from gallery import GALLERY
from lanes import some
from oracle import describe, random_configs

import symconv as sc

SMALL = 20_000  # entries of W that SymPy writes quickly

LAYERS = {
    "names of two digits": sc.Conv((12,), 12, padding=6),
    "two digits along both axes": sc.Conv((3, 3), (11, 12), padding=((5, 5), (6, 6))),
    "sums of two digits": sc.Conv((2,), 12, padding=12, padding_mode="replicate"),
    "ten columns": sc.Conv((10,), 3),
    "eleven columns": sc.Conv((11,), 3),
    "one entry": sc.Conv((1,), 1),
    "empty rows": sc.Conv((2, 2), 1, padding=2, bias=True),
    "every row empty along an axis": sc.Conv((3,), 1, 2, 12, padding=((0, 4),), stride=3),
    "many channels": sc.Conv((2, 2), 2, 11, 12, padding=1),
    "groups": sc.Conv((3, 4), 2, 4, 6, groups=2, bias=True, padding_mode="circular", padding=1),
    "transposed": sc.ConvTranspose((3, 2), (2, 3), 4, 24, stride=2, groups=2, bias=True),
    "linear": sc.Linear(12, 3, bias=True),
    "one number": sc.Linear(1, 1),
    "average": sc.AvgPool((12,), 3, 1, 1, 1, count_include_pad=False),
    "average over channels": sc.AvgPool((3, 4), 2, 3),
    "whole coefficients": sc.AvgPool((4,), 2, divisor_override=1),
    "negative coefficients": sc.AvgPool((4,), 2, divisor_override=-3),
    "bilinear": sc.Upsample((2, 3), size=(5, 4), mode="bilinear"),
    "shuffled": sc.PixelShuffle((2, 11), 2),
}


def assert_same(layer: Any) -> None:
    assert layer.to_latex() == sympy.latex(layer.weight_matrix())
    assert layer.output_latex() == [sympy.latex(each) for each in layer.flat_output()]


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_the_bytes_of_sympy(layer: sc.Layer) -> None:
    assert_same(layer)


@pytest.mark.parametrize(
    "name", some([name for name, (layer, _) in GALLERY.items() if isinstance(layer, sc.Layer)], 12)
)
def test_the_bytes_of_sympy_for_the_gallery(name: str) -> None:
    layer: Any = GALLERY[name][0]
    rows, columns = layer.weight_matrix().shape
    if rows * columns <= SMALL:
        assert_same(layer)


@pytest.mark.parametrize("config", random_configs(808, 60, largest=60), ids=describe)
def test_the_bytes_of_sympy_for_any_configuration(config: Any) -> None:
    assert_same(sc.Conv(**config))


def test_what_would_not_fit_in_memory_is_refused() -> None:
    with pytest.raises(sc.TooLarge, match="too many to write out in LaTeX"):
        sc.Conv((224, 224), 3, 3, 64, padding=1).to_latex()
