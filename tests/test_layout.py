"""The layouts of W: blocks put together again are W, and every layout stands on a page."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lanes import some
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv.documents.block_form import BLOCK, DOTS, block_form
from symconv.documents.blocks import Matrix
from symconv.documents.walk import every
from symconv.formula import Chain, Juxtapose, Sym
from symconv.render.latex import bands

LAYERS = {
    "plain": sc.Conv((4, 5), (3, 2)),
    "one-axis": sc.Conv((7,), 3, stride=2, padding=1),
    "three-axes": sc.Conv((3, 2, 4), 2, stride=(1, 1, 2), padding=1, padding_mode="reflect", dilation=(2, 1, 1)),
    "sums": sc.Conv((2, 3), 3, 2, 2, padding=1, padding_mode="circular"),
    "channels": sc.Conv((3, 3), 2, 3, 2, bias=True, flip_kernel=True),
    "groups": sc.Conv((3, 4), 2, 4, 6, groups=2, padding_mode="symmetric", padding=1),
    "depthwise": sc.Conv((3, 3), 2, 3, 6, groups=3, input_dilation=2),
    "transposed": sc.ConvTranspose((2, 3), 2, 2, 3, stride=2, output_padding=1),
    "transposed-groups": sc.ConvTranspose((2, 3), (2, 3), 4, 6, stride=2, padding=((1, 0), (0, 1)), groups=2),
    "transposed-depthwise": sc.ConvTranspose((3,), 2, 2, 2, groups=2),
    "pooling": sc.AvgPool((4, 5), (2, 3), 2, 1, 1, count_include_pad=False),
    "pooling-1d": sc.AvgPool((7,), 3, 1, 2, 1, ceil_mode=True),
    "bilinear": sc.Upsample((2, 3), 2, size=(4, 4), mode="bilinear"),
    "nearest-3d": sc.Upsample((1, 2, 2), scale_factor=2),
}


def put_together(layer: Any, kernel: np.ndarray | None) -> np.ndarray:
    """W from the blocks of its page alone: each cell replaced by the block or the entry that it names."""
    read_map = layer.read_map
    levels = [block for block in block_form(read_map) if isinstance(block, Matrix)]
    lines = list(read_map.lines)
    assert len(levels) == len(lines)
    sizes = [(len(level.rows), len(level.columns)) for level in levels]
    letters = read_map.channels.letters

    def inside(n: int) -> tuple[int, int]:
        return tuple(int(np.prod([size[side] for size in sizes[n:]])) for side in (0, 1))  # type: ignore[return-value]

    def block(n: int, env: dict[str, int]) -> np.ndarray:
        made = np.zeros(inside(n), dtype=object)
        height, width = inside(n + 1)
        for (row, column), cell in levels[n].cells.items():
            more = {letters.output: row, letters.input: column} if lines[n] is read_map.channels else {}
            here = made[row * height : (row + 1) * height, column * width : (column + 1) * width]
            here += value(cell.formula, n, env | more)
        return made

    def value(formula: Any, n: int, env: dict[str, int]) -> Any:
        match formula:
            case int() | Fraction():
                return Fraction(formula)
            case Juxtapose((factor, rest)):
                return Fraction(factor) * value(rest, n, env)
            case Chain("+", parts):
                return sum(value(part, n, env) for part in parts)
            case Sym("k", indices):
                assert kernel is not None
                at = tuple(index.at(within(env)) for index in indices)
                return kernel[(0,) * (kernel.ndim - len(at)) + at]
            case Sym("W", _):
                return block(n + 1, env)
            case Sym(letter, indices) if letter == BLOCK:
                if not read_map.kernel:
                    return block(n + 1, env)
                return block(n + 1, env | {lines[n].letters.kernel: indices[-1].at({})})
        raise AssertionError(formula)

    def within(env: dict[str, int]) -> dict[str, int]:
        """With the channel letters that count within a group."""
        c, e = env.get(letters.output, 0), env.get(letters.input, 0)
        groups = read_map.channels.groups
        return {**env, letters.kernel: e % (layer.input_shape[0] // groups), "m": c % (layer.output_shape[0] // groups)}

    return block(0, {})


@pytest.mark.parametrize("name", LAYERS)
def test_the_blocks_put_together_are_w(name: str) -> None:
    layer = LAYERS[name]
    kernel = None
    if layer.kernel_shape is not None:
        count = int(np.prod(layer.kernel_shape))
        kernel = np.array([2**n for n in range(count)], dtype=object).reshape(
            layer.kernel_shape
        )  # no two sums are equal
    expected = layer.to_numpy(kernel) if kernel is not None else np.array(layer.weight_matrix().tolist(), dtype=object)
    found = put_together(layer, kernel)
    assert found.shape == expected.shape
    assert all(Fraction(str(a)) == Fraction(str(b)) for a, b in zip(found.flat, expected.flat, strict=True))


@pytest.mark.parametrize("name", some(LAYERS, 3))
def test_every_layout_compiles_and_fits(name: str, pdflatex: str, tmp_path: Path) -> None:
    proof = sc.prove(LAYERS[name], check="axes")
    for layout in ("full", "scaled", "blocks"):
        if layout == "blocks" or proof.matrices["W"].shape[0] <= 36:
            assert_clean(compile_log(pdflatex, tmp_path, proof.render("latex", standalone=True, layout=layout)))
            assert max(map(len, proof.render("text", layout=layout).splitlines())) <= 80


def test_what_is_left_out_of_a_block_is_dots_and_labelled() -> None:
    (grid,) = [block for block in block_form(sc.Conv((40,), 3).read_map) if isinstance(block, Matrix)]
    assert [grid.cells[4, column].formula for column in range(13)] == [DOTS[0]] * 8 + [DOTS[2]] + [DOTS[0]] * 4
    assert grid.rows[4] == DOTS[0]
    assert grid.columns[8] == DOTS[1]
    assert grid.rows[-1] == Sym("y", (sc.sums.number(37),))


@pytest.mark.parametrize("layout", ["full", "scaled", "blocks"])
def test_a_layout_changes_how_w_is_shown_and_nothing_else(layout: str) -> None:
    proof = sc.prove(sc.Conv((6, 6), 3, padding=1, stride=2))
    default, asked = proof.render("markdown"), proof.render("markdown", layout=layout)
    assert asked.split("**Theorem.**")[1] == default.split("**Theorem.**")[1]
    assert asked.split("## The weight matrix")[0] == default.split("## The weight matrix")[0]
    assert ("in blocks" in asked) == (layout == "blocks")


def test_full_is_cut_into_bands_of_whole_blocks() -> None:
    page = sc.render.page(sc.prove(sc.Conv((6, 6), 3, padding=1, stride=2)), layout="full")
    (grid,) = [block for block in every(page) if isinstance(block, Matrix)]
    cut = bands(grid)
    assert [len(band.columns) for band in cut] == [12, 12, 12]
    assert [label for band in cut for label in band.columns] == list(grid.columns)
    assert sum(len(band.cells) for band in cut) == len(grid.cells)


def test_a_matrix_in_full_has_every_entry_checked() -> None:
    proof = sc.prove(sc.Conv((6, 6), 3, padding=1, stride=2), check="axes")
    assert "every entry of W" not in proof.render("text", layout="blocks")
    assert "every entry of W" in proof.render("text", layout="full")


def test_refusals_teach() -> None:
    for layer, theorem, layout, said in (
        (sc.Conv((4,), 2), "weight_matrix", "wide", "must be one of full, scaled, blocks"),
        (sc.Conv((32, 32), 5), "weight_matrix", "full", "up to 36 rows and 144 columns, and W is 784 x 1,024 here"),
        (sc.Conv((8, 9), 3, padding=1), "weight_matrix", "scaled", "up to 36 rows and 72 columns, and W is 72 x 72 here"),
        (sc.Linear(3, 2), "weight_matrix", "blocks", "needs a layer with axes"),
        (sc.Conv((4,), 2), "im2col", "full", "the page of im2col does not lay it out"),
        (sc.Conv((4,), 2), "output_size", "full", "the page of output_size does not lay it out"),
    ):  # fmt: skip
        with pytest.raises(sc.SpecError, match=said):
            sc.prove(layer, theorem).render("text", layout=layout)
    with pytest.raises(sc.SpecError, match="for the proof of a layer"):
        sc.prove_general("weight_matrix", rank=1).render(layout="full")


def test_no_page_says_k_where_there_is_no_kernel() -> None:
    for layer in LAYERS.values():
        if layer.kernel_shape is None:
            text = sc.prove(layer, check="axes").render("text", layout="blocks")
            assert not any(sign in text for sign in ("k[", "kernel entr"))


def test_equal_blocks_have_equal_colours() -> None:
    for layer in LAYERS.values():
        for grid in block_form(layer.read_map):
            if isinstance(grid, Matrix):
                of: dict[str, Any] = {}
                for cell in grid.cells.values():
                    assert of.setdefault(str(cell.formula), cell.colour) == cell.colour
                single = [c for f, c in of.items() if c is not None and c[0] >= 0 and "+" not in f]
                assert all(a != b for a, b in product(single, single) if a is not b) or not layer.read_map.kernel
