"""Flattening in another order: the matrix against NumPy and PyTorch, the proof against damage, every format."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from gallery import GALLERY
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv import cli
from symconv.documents.block_form import block_form
from symconv.documents.blocks import Math, Matrix
from symconv.documents.first_index import moved
from symconv.documents.walk import every
from symconv.flattening import ORDERS, number_in, order_named, position_in
from symconv.formula import Chain, Juxtapose, Sym
from symconv.matrices import matrix_of, order_of
from symconv.readmap import with_quotients
from symconv.render import json_format, page
from symconv.rules import Flatten
from symconv.sums import WEIGHT, Index

OTHERS = ORDERS[1:]
LAYERS = [
    sc.Conv((4, 3), (3, 2), padding=1, stride=2),
    sc.Conv((4, 3), (2, 3), 2, 4, groups=2, padding=1, bias=True),
    sc.Conv((5,), 3, 2, 3, padding=1, padding_mode="circular", bias=True),
    sc.Conv((2,), 3, padding=1, padding_mode="circular"),
    sc.Conv((3, 2), 3, 1, 2, padding=1, padding_mode="reflect"),
    sc.Conv((2, 3, 2), (2, 1, 2), 2, 1, dilation=1),
    sc.Conv((2, 3, 2), (1, 2, 2), flip_kernel=True),
    sc.Conv((4, 1), (2, 1), 3, 3, groups=3),
    sc.ConvTranspose((3, 2), 2, 2, 2, groups=2, stride=2, bias=True),
    sc.AvgPool((4, 3), 2, 2, stride=1, padding=1, count_include_pad=False),
    sc.Upsample((2, 3), 2, scale_factor=2, mode="bilinear"),
    sc.Linear(3, 2, bias=True),
]  # fmt: skip


def listed(array: Any, order: str) -> Any:
    """The entries of an array of (channel, *spatial) as NumPy lists them; for channels-last the channel is moved."""
    if order == "channels-last":
        return np.moveaxis(array, 0, -1).ravel()
    return array.ravel(order="F" if order == "column-major" else "C")


def places(shape: tuple[int, ...], order: str) -> Any:
    """Which row-major number stands at each place of that order."""
    return listed(np.arange(np.prod(shape)).reshape(shape), order)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_matrix_is_permuted_as_numpy_lists_the_entries(layer: Any, order: str) -> None:
    """Q_o W Q_i^T, with the permutations from NumPy; the symbols, and what the proof has printed."""
    plain = layer.weight_matrix()
    rows, columns = places(layer.output_shape, order), places(layer.input_shape, order)
    expected = plain.extract(list(map(int, rows)), list(map(int, columns)))
    assert layer.weight_matrix(order) == expected
    proof = sc.prove(layer, order=order, check="all")
    assert proof.check().ok
    matrix = proof.matrices[WEIGHT]
    if layer.kernel_shape is not None:
        assert layer.in_symbols(matrix) == expected
    found = [matrix.row_position(n) for n in range(matrix.shape[0])]
    shape = matrix.row_shape
    assert [number_in(at, shape, ()) for at in found] == list(rows)
    assert [matrix.row_number(at) for at in found] == list(range(matrix.shape[0]))


def test_pytorch_computes_what_the_matrix_says() -> None:
    torch = pytest.importorskip("torch")
    rng = Random(5)
    for _ in range(40):
        rank, groups = rng.choice((1, 2, 3)), rng.choice((1, 1, 2))
        size = tuple(rng.randint(2, 4) for _ in range(rank))
        kernel = tuple(rng.randint(1, min(3, n)) for n in size)
        layer = sc.Conv(
            size, kernel, 2 * groups, groups * rng.choice((1, 2)), stride=rng.choice((1, 2)), padding=rng.choice((0, 1)),
            groups=groups, padding_mode=rng.choice(("zeros", "circular")), bias=False,
        )  # fmt: skip
        own: Any = getattr(torch.nn, f"Conv{rank}d")(
            layer.in_channels, layer.out_channels, kernel, layer.stride, layer.padding[0][0], 1, groups, False,
            layer.padding_mode, dtype=torch.float64,
        )  # fmt: skip
        k = np.array([rng.randint(-3, 3) for _ in range(np.prod(layer.kernel_shape))]).reshape(layer.kernel_shape)
        x = np.array([rng.randint(-3, 3) for _ in range(np.prod(layer.input_shape))]).reshape(layer.input_shape)
        own.weight.data = torch.tensor(k, dtype=torch.float64)
        y = own(torch.tensor(x, dtype=torch.float64)[None])[0].detach().numpy()
        flat = k.ravel()
        for order in OTHERS:
            matrix = sc.prove(layer, order=order, check="axes").matrices[WEIGHT]
            vector = listed(x, order)
            ours = [sum(int(flat[u]) * int(vector[c]) for c, us in row.items() for u in us) for row in matrix.rows]
            assert ours == list(listed(y, order)), (layer, order)


def test_numbers_and_positions_undo_each_other() -> None:
    for channels in (True, False):
        for order in (order_named(name, 3, channels) for name in ORDERS):
            assert [number_in(position_in(n, (2, 3, 4), order), (2, 3, 4), order) for n in range(24)] == [*range(24)]


@pytest.mark.parametrize("order", OTHERS)
@pytest.mark.parametrize("layer", LAYERS[:6], ids=repr)
def test_a_damaged_order_is_refused(layer: Any, order: str) -> None:
    """Of the rule, of its claim, of the matrix or of its labels, one at a time; unless it is the same order."""
    proof, plain = sc.prove(layer, order=order, check="axes"), sc.prove(layer, check="axes")
    at = next(n for n, step in enumerate(proof.steps) if isinstance(step.rule, Flatten))
    asked, usual = order_of(layer.read_map, order), ()
    steps = list(proof.steps)
    mixed = [
        replace(proof, steps=(*steps[:at], replace(steps[at], rule=Flatten(usual)), *steps[at + 1 :])),
        replace(proof, steps=(*steps[:at], plain.steps[at], *steps[at + 1 :])),
        replace(proof, steps=(*steps[:at], replace(steps[at], claim=plain.steps[at].claim), *steps[at + 1 :])),
        replace(proof, matrices=plain.matrices),
        replace(proof, matrices={WEIGHT: replace(proof.matrices[WEIGHT], order=usual)}),
        replace(proof, matrices={WEIGHT: replace(proof.matrices[WEIGHT], rows=plain.matrices[WEIGHT].rows)}),
        replace(proof, options=()),
        replace(plain, options=proof.options),
        replace(plain, matrices=proof.matrices),
    ]
    for damaged in mixed:
        assert damaged.check().ok is (asked == usual), damaged.check()


def test_a_page_whose_order_was_altered_says_so() -> None:
    proof = sc.prove(sc.Conv((3, 2), 2), order="column-major", check="axes")
    said = str(replace(proof, options=()).check().failed[0])
    assert "the vectors are flattened in another order than the page says" in said


def is_whole(grid: Matrix) -> bool:
    """Whether its labels are positions, and not those of a level of blocks."""
    labels = (*grid.rows, *grid.columns)
    return all(
        isinstance(each, Sym) and all(isinstance(i, Index) and not i.terms for i in each.indices) for each in labels
    )


@pytest.mark.parametrize("order", OTHERS)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_every_label_and_number_on_the_page_is_of_that_order(layer: Any, order: str) -> None:
    document = page(sc.prove(layer, order=order, check="axes"))
    hidden = layer.output_shape[0] == layer.input_shape[0] == 1 and len(layer.output_shape) > 1
    for grid in (block for block in every(document) if isinstance(block, Matrix) and is_whole(block)):
        for labels, shape in ((grid.rows, layer.output_shape), (grid.columns, layer.input_shape)):
            found = [tuple(index.constant for index in each.indices) for each in labels if isinstance(each, Sym)]  # type: ignore[union-attr]
            flat = [int(np.ravel_multi_index((0, *at) if hidden else at, shape)) for at in found]
            assert flat == list(places(shape, order))


WORDS = {
    ((4, 3), 1, "column-major"): "lists the entries of A column by column.",
    ((4, 3), 2, "column-major"): "with the first index, the channel, running fastest and the last one slowest.",
    ((4, 3), 2, "channels-last"): "with the channel running fastest, and the positions row by row.",
    ((4, 3), 1, "channels-last"): "lists the entries of A row by row.",
    ((4,), 2, "channels-last"): "position by position, with the channel running fastest.",
    ((3, 2, 2), 1, "column-major"): "with the first index running fastest.",
    ((3, 2, 2), 2, "channels-last"): "with the channel running fastest and after it the last index.",
}


@pytest.mark.parametrize(("size", "channels", "order"), WORDS)
def test_the_setting_says_the_order(size: tuple[int, ...], channels: int, order: str) -> None:
    text = " ".join(sc.prove(sc.Conv(size, 2, channels, channels), order=order, check="axes").render().split())
    assert WORDS[size, channels, order] in text


BLOCKS = [
    sc.Conv((4, 3), 2, 2, 3), sc.Conv((3, 4), (2, 3), 4, 2, groups=2, padding=1), sc.Conv((5, 3), 2, stride=2),
    sc.ConvTranspose((3, 2), 2, 2, 4, groups=2), sc.Conv((3, 2), 3, 2, 2, padding=1, padding_mode="circular"),
    sc.Conv((2, 3, 2), (2, 1, 2), 2, 2),
]  # fmt: skip


def levels_of(layer: Any, places: Any) -> list[tuple[Any, list[list[Any]]]]:
    """The printed levels of W: the name of each, and its cells, None where there is none."""
    found = []
    for block in block_form(layer.read_map, places):
        if isinstance(block, Matrix):
            name = next(part.formula for part in block.lead if isinstance(part, Math))
            cells = [
                [(cell := block.cells.get((r, c))) and cell.formula for c in range(len(block.columns))]
                for r in range(len(block.rows))
            ]
            found.append((name, cells))
    return found


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layer", BLOCKS, ids=repr)
def test_blocks_within_blocks_multiply_out_to_the_matrix(layer: Any, order: str, first: int) -> None:
    """The printed levels, put into each other, are W entry by entry; with indices from 1 too."""
    read_map = layer.read_map
    channels, places = read_map.channels, order_of(read_map, order)
    levels = levels_of(layer, places)
    levels = moved(tuple((level[0], tuple(map(tuple, level[1]))) for level in levels)) if first else levels
    counted = {"a": channels.taps, "m": channels.outputs // channels.groups}

    def numbers(indices: Any, env: dict[str, int]) -> tuple[int, ...]:
        return tuple(index.at(with_quotients(dict(env), index)) for index in indices)

    def within(env: dict[str, int]) -> dict[str, int]:
        """The channel within its group, which the page says in a sentence."""
        of = {"a": "e", "m": "c"}
        more = {name: (env[of[name]] - first) % size + first for name, size in counted.items() if of[name] in env}
        return {**env, **more}

    def expanded(level: int, env: dict[str, int]) -> list[list[tuple[tuple[int, ...], ...]]]:
        rows: list[list[tuple[tuple[int, ...], ...]]] = []
        for line in levels[level][1]:
            blocks = []
            for cell in line:
                parts = cell.parts if isinstance(cell, Chain) else (cell,) if cell else ()
                found = [numbers(part.indices, within(env)) for part in parts]
                blocks.append([[tuple(found)]] if level + 1 == len(levels) else added(level + 1, env, found))
            rows += [list(chain.from_iterable(pieces)) for pieces in zip(*blocks, strict=True)]
        return rows

    def added(level: int, env: dict[str, int], which: list[tuple[int, ...]]) -> Any:
        """The sum of the blocks with these indices; of none a block of zeros of that size."""
        own = [{str(index): n for index, n in zip(levels[level][0].indices, at, strict=True)} for at in which]
        several = [expanded(level, {**env, **each}) for each in own]
        if not several:
            return [[() for _ in line] for line in expanded(level, {**dict.fromkeys("ceuvw", first), **env})]
        return [[sum(cells, ()) for cells in zip(*lines, strict=True)] for lines in zip(*several, strict=True)]

    shape = matrix_of(read_map).kernel_shape
    flat = [
        {
            c: tuple(sorted(int(np.ravel_multi_index([n - first for n in u], shape)) for u in cell))
            for c, cell in enumerate(row)
            if cell
        }
        for row in expanded(0, {})
    ]
    assert flat == [dict(row) for row in matrix_of(read_map, places).rows]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layer", LAYERS[9:11], ids=repr)
def test_without_a_kernel_the_blocks_are_multiples_of_one(layer: Any, order: str) -> None:
    places = order_of(layer.read_map, order)

    def factor(cell: Any) -> Fraction:
        cell = cell.parts[0] if isinstance(cell, Juxtapose) else cell
        return Fraction(1) if isinstance(cell, Sym) else Fraction(cell or 0)

    product = np.array([[Fraction(1)]])
    for _, level in levels_of(layer, places):
        product = np.kron(product, np.array([[factor(cell) for cell in line] for line in level]))
    matrix = matrix_of(layer.read_map, places)
    assert product.tolist() == [[row.get(c, 0) for c in range(matrix.shape[1])] for row in matrix.rows]


def test_worked_numbers_follow_the_order() -> None:
    layer = sc.Conv((2, 2), 1, 2, 2, bias=True)
    values: Any = [[[[1]], [[2]]], [[[3]], [[4]]]]
    text = " ".join(sc.prove(layer, order="channels-last").render(kernel_values=values, bias_values=[10, 20]).split())
    assert "y[0,0,0] = 10 + 1·1 + 2·5 = 21" in text
    assert text.index("y[1,0,0] = 20 + 3·1 + 4·5 = 43") < text.index("y[0,0,1] = 10 + 1·2 + 2·6 = 24")


@pytest.mark.parametrize("order", OTHERS)
@pytest.mark.parametrize("format", ["latex", "markdown", "html", "text", "beamer", "json"])
def test_every_format_has_it(format: str, order: str) -> None:
    layer = sc.Conv((2, 3), 2, 2, 1)
    plain, other = (sc.prove(layer, **asked).render(format) for asked in ({}, {"order": order}))
    assert plain != other
    if format != "json":
        assert re.search("channel.*running.*fastest", other, re.S)


def test_a_file_says_its_order_and_is_checked_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.json"
    options = ["--input", "3x2", "--kernel", "2", "--out-channels", "2", "--order", "channels-last"]
    assert cli.main(["prove", *options, "-o", str(path)]) == 0
    assert cli.main(["check", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["options"] == {"order": "channels-last"}
    assert found["matrices"]["W"]["axes"] == [1, 2, 0]
    for alter in (
        lambda data: data["options"].update(order="column-major"),
        lambda data: data.pop("options"),
        lambda data: data["matrices"]["W"].update(axes=[2, 1, 0]),
        lambda data: data["matrices"]["W"].pop("axes"),
    ):
        damaged = json.loads(path.read_text())
        alter(damaged)
        (tmp_path / "d.json").write_text(json_format.dumps(damaged))
        assert cli.main(["check", str(tmp_path / "d.json")]) == 1
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--order", "fortran"], "--order fortran: must be one of row-major, column-major, channels-last"),
        (["--with", "order=column-major"], "is an option of its own. Valid: --order column-major"),
        (["--theorem", "im2col", "--order", "column-major"], "im2col is about vectors in row-major order"),
        (["--order", "column-major", "--format", "coq"], "numbers rows and columns in row-major order"),
        (["--order", "channels-last", "--then", "--kernel 2"], "composition is about vectors in row-major order"),
    ],
)
def test_what_has_no_other_order_says_so(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prove", "--input", "4x4", "--kernel", "2", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_pixel_shuffle_has_one_index_and_no_other_order() -> None:
    with pytest.raises(sc.SpecError, match="a pixel shuffle mixes channels and axes"):
        sc.prove(sc.PixelShuffle((2, 2), 1, 2), order="column-major")


def test_show_and_draw_take_the_order(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ["--input", "3x3", "--kernel", "2", "--order", "column-major"]
    assert cli.main(["show", *options]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"y\[1,0\]  \. A D   \. B E   \. \. \.\n\ny\[0,1\]", shown)
    layer = sc.Conv((3, 3), 2)
    words = layer.draw("both", output=(1, 0), order="column-major").alternative
    assert "Row y[1,0]: k[0,0] at x[1,0], k[1,0] at x[2,0], k[0,1] at x[1,1], k[1,1] at x[2,1]." in words
    assert cli.main(["draw", *options, "-o", str(tmp_path / "w.svg")]) == 0
    assert (tmp_path / "w.svg").read_text() == layer.draw(order="column-major").svg()


def test_a_worksheet_keeps_the_order() -> None:
    sheet = sc.worksheet(sc.Conv((3, 2), 2), seed=3, order="column-major").sheet
    assert "column by column" in " ".join(str(sheet).split())


@pytest.mark.parametrize("name", [name for name in GALLERY if GALLERY[name][1] == "weight_matrix"][::5])
def test_pages_compile(name: str, pdflatex: str, tmp_path: Path) -> None:
    text = sc.prove(GALLERY[name][0], order="column-major", check="axes").render("latex", standalone=True)
    assert_clean(compile_log(pdflatex, tmp_path, text))
