"""Pictures: what their cells show against an independent computation, and each format against its readers."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as tree
from base64 import b64decode
from collections import Counter
from itertools import combinations, pairwise, product
from math import dist, prod
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
from gallery import GALLERY
from lanes import some
from test_documents import assert_clean, compile_log
from test_growth import lines_executed

import symconv as sc
from symconv.cli import main
from symconv.errors import TooLarge, Unsupported
from symconv.pictures.colours import APART, colour, ink
from symconv.pictures.model import Cell, Frame, Line, still

SVG = "{http://www.w3.org/2000/svg}"

CONFIGS: list[oracle.Config] = [
    *({"input_size": (4, 3), "kernel_size": 3, "padding": 1, "padding_mode": mode} for mode in oracle.MODES),
    *({"input_size": (3,), "kernel_size": 2, "padding": ((2, 1),), "padding_mode": mode} for mode in oracle.MODES),
    {"input_size": (2,), "kernel_size": 3, "padding": 1, "padding_mode": "circular"},
    {"input_size": (6, 5), "kernel_size": 3, "padding": ((-1, 2), (1, -1)), "padding_mode": "circular"},
    {"input_size": (5,), "kernel_size": 3, "in_channels": 4, "out_channels": 6, "groups": 2, "stride": 2},
    {"input_size": (4, 3), "kernel_size": 2, "in_channels": 2, "out_channels": 3, "dilation": 2, "padding": 1},
    {"input_size": (2, 3), "kernel_size": 2, "input_dilation": (3, 2), "flip_kernel": True, "padding": ((1, 0), (0, 2))},
    {"input_size": (2, 3, 2), "kernel_size": 2, "in_channels": 2, "out_channels": 2, "padding": 1, "padding_mode": "replicate"},
    {"input_size": (1,), "kernel_size": 1},
    *(each for each in oracle.random_configs(11, 40, ranks=(1, 2, 3), largest=6_000) if prod(oracle.shapes(each)[1]) <= 100),
]  # fmt: skip


def ids(config: Any) -> str:
    return oracle.describe(config)


def terms(config: oracle.Config) -> np.ndarray:
    """How often kernel entry u multiplies input i in output o, by running the oracle on unit kernels."""
    shape = oracle.shapes(config)[1]
    units = np.eye(prod(shape), dtype=int).reshape(-1, *shape)
    return np.array([oracle.matrix(config, unit) for unit in units])


def cells(items: Any, panel: str) -> list[Cell]:
    return [item for item in items if isinstance(item, Cell) and item.panel == panel]


def flat(at: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index((0,) * (len(shape) - len(at)) + tuple(at), shape))


@pytest.mark.parametrize("config", CONFIGS, ids=ids)
def test_the_window_and_its_row_are_what_the_definition_reads(config: oracle.Config) -> None:
    layer = sc.Conv(**config)
    expected = terms(config)
    outputs = list(product(*map(range, layer.output_shape)))
    rng = random.Random(1)
    for output in rng.sample(outputs, min(4, len(outputs))):
        row = flat(output, layer.output_shape)
        picture = layer.draw("both", output=output).picture
        (scene,) = picture.scenes
        window = cells(scene.items, "input")
        held = [cell for cell in window if cell.holds is not None]
        found = Counter((cell.entries[0], flat(cell.holds or (), layer.input_shape)) for cell in held)
        wanted = {(u, i): int(n) for (u, i), n in np.ndenumerate(expected[:, row]) if n}
        assert found == wanted
        # Every kernel entry of the output is in the window once, in the colour that it has in the kernel and in W.
        kernel = {cell.entries[0]: cell.marks for cell in cells(scene.items, "kernel")}
        assert {cell.entries[0]: cell.marks for cell in window} == kernel
        assert len(window) == len(kernel) == prod(layer.kernel_shape[1:])
        for cell in cells(picture.items, "matrix"):
            at = expected[:, cell.at[0], cell.at[1]]
            assert cell.entries == tuple(np.repeat(np.arange(len(at)), at)), cell.at
            if 0 < len(cell.entries) <= 4 and cell.at[0] == row:
                assert cell.marks == tuple(kernel[u][0] for u in cell.entries)
        # The frames: one around the row, one around the output.
        (output_frame,) = (item for item in scene.items if isinstance(item, Frame) and item.kind == "output")
        (shown,) = (c for c in cells(picture.items, "output") if (c.x, c.y) == (output_frame.x, output_frame.y))
        assert flat(shown.at, layer.output_shape) == row
        (frame,) = (item for item in scene.items if isinstance(item, Frame) and item.kind == "row")
        among = {c.at[0] for c in cells(picture.items, "matrix") if frame.y <= c.y < frame.y + frame.height}
        assert among <= {row}


@pytest.mark.parametrize("config", CONFIGS, ids=ids)
def test_the_padded_input_is_what_numpy_pads(config: oracle.Config) -> None:
    layer = sc.Conv(**config)
    z = np.arange(1, prod(layer.input_shape) + 1).reshape(layer.input_shape)
    axes = oracle.geometry(config)
    for n, axis in enumerate(axes):
        z = oracle.padded(z, n + 1, axis.gap, axis.pad, config.get("padding_mode", "zeros"))
    shown = cells(still(layer.draw("window").picture), "input")
    padded = {cell.at: cell for cell in shown if cell.kind != "cropped"}
    assert len(padded) == z.size
    for at, value in np.ndenumerate(z):
        place = tuple(t - axis.pad[0] for t, axis in zip(at[1:], axes, strict=True))
        cell = padded[at[:1] + place if layer.read_map.shows_channels else place]
        assert (0 if cell.holds is None else 1 + flat(cell.holds, layer.input_shape)) == value
        inside = all(0 <= t < axis.length for t, axis in zip(place, axes, strict=True))
        assert cell.kind == ("padding" if not inside else "entry" if value else "between")
    cropped = [cell for cell in shown if cell.kind == "cropped"]
    within = prod(axis.length for axis in axes) * layer.input_shape[0]
    assert len(cropped) == within - sum(cell.kind in ("entry", "between") for cell in padded.values())


@pytest.mark.parametrize("layer", [
    sc.AvgPool((4, 3), 3, stride=1, padding=1, count_include_pad=False), sc.AvgPool((5,), 2, 2, ceil_mode=True),
    sc.Upsample((2, 3), 2, size=(4, 5), mode="bilinear"), sc.Upsample((3,), scale_factor=2), sc.PixelShuffle((2, 1), 2),
    sc.Upsample((2, 2), size=(3, 3), mode="bilinear", align_corners=True),
], ids=repr)  # fmt: skip
def test_without_a_kernel_the_weights_add_up_to_the_row(layer: sc.Layer) -> None:
    W = layer.to_numpy()
    for row, output in enumerate(layer.definition.outputs()):
        picture = layer.draw("both", output=output).picture
        (scene,) = picture.scenes
        total = np.zeros(W.shape[1])
        kernel, window = cells(scene.items, "kernel"), cells(scene.items, "input")
        shape = layer.input_shape if layer.read_map.axes else (prod(layer.input_shape),)
        for weight, cell in zip(kernel, window, strict=True):
            assert weight.marks == cell.marks
            if cell.holds is not None:
                total[flat(cell.holds, shape)] += float(weight.lines[0])  # type: ignore[arg-type]
        assert np.allclose(total, W[row])
        for cell in cells(picture.items, "matrix"):
            assert cell.kind == "zero" or float(cell.lines[0]) == W[cell.at]  # type: ignore[arg-type]


@pytest.mark.parametrize("transposed", [
    sc.ConvTranspose((2, 3), (3, 2), 2, 4, stride=2, padding=1, output_padding=1, groups=2), sc.ConvTranspose((3,), 2, dilation=2),
], ids=repr)  # fmt: skip
def test_a_transposed_convolution_against_pytorch(transposed: sc.ConvTranspose) -> None:
    torch = pytest.importorskip("torch", reason="pip install 'symconv[oracle]'")
    apply = getattr(torch.nn.functional, f"conv_transpose{len(transposed.input_size)}d")
    kernel = torch.arange(1.0, prod(transposed.kernel_shape) + 1, dtype=torch.float64).reshape(transposed.kernel_shape)
    units = torch.eye(prod(transposed.input_shape), dtype=torch.float64).reshape(-1, *transposed.input_shape)
    how = {"stride": transposed.stride, "dilation": transposed.dilation, "groups": transposed.groups,
           "padding": [low for low, _ in transposed.padding], "output_padding": transposed.output_padding}  # fmt: skip
    W = apply(units, kernel, **how).reshape(len(units), -1).T
    for row, output in enumerate(transposed.definition.outputs()):
        found = np.zeros(W.shape[1])
        (scene,) = transposed.draw("both", output=output).picture.scenes
        for cell in cells(scene.items, "input"):
            if cell.holds is not None:
                found[flat(cell.holds, transposed.input_shape)] += 1 + cell.entries[0]
        assert (found == W[row].numpy()).all()


def test_the_moving_picture_shows_every_output_in_order() -> None:
    layer = sc.Conv((3, 4), 2, 2, 2, groups=2)
    picture = layer.draw("animation").picture
    assert [scene.output for scene in picture.scenes] == list(product(*map(range, layer.output_shape)))
    for scene in picture.scenes:
        assert scene.items == layer.draw("both", output=scene.output).picture.scenes[0].items


def test_cells_lie_apart_and_within_the_picture() -> None:
    for config in CONFIGS[:20]:
        picture = sc.Conv(**config).draw("both").picture
        items = still(picture)
        spots = [(cell.x, cell.y) for cell in items if isinstance(cell, Cell)]
        assert len(spots) == len(set(spots))
        for item in items:
            right, down = (item.width, item.height) if isinstance(item, Cell | Frame) else (item.right, item.down) if isinstance(item, Line) else (0, 0)  # fmt: skip
            assert item.x >= -8, item
            assert item.x + right <= picture.width + 8, item
            assert item.y >= 0, item
            assert item.y + down <= picture.height + 2, item


def test_the_stride_is_shown() -> None:
    (arrow,) = (i for i in still(sc.Conv((7,), 3, stride=2).draw("window").picture) if isinstance(i, Line))
    width = cells(sc.Conv((7,), 3, stride=2).draw("window").picture.items, "input")[0].width
    assert arrow.right == 2 * width
    assert not [i for i in still(sc.Conv((7,), 3).draw("window").picture) if isinstance(i, Line)]


def test_captions_say_only_what_is_there() -> None:
    plain = sc.Conv((4, 4), 3).draw().picture.caption
    for word in ("padding", "channel", "group", "reversed", "cut off", "lie zeros", "moves", "several colours"):
        assert word not in plain
    assert "circular" in sc.Conv((4,), 3, padding=1, padding_mode="circular").draw().picture.caption
    assert "several colours" in sc.Conv((2,), 3, padding=1, padding_mode="circular").draw().picture.caption
    assert "reversed" in sc.Conv((4,), 3, flip_kernel=True).draw().picture.caption
    assert "cut off" in sc.Conv((5,), 3, padding=((-1, 0),)).draw().picture.caption


# Colours ------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency",
# IEEE TVCG 15(6), 2009, severity 1.0, on linear RGB.
EYES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(fill: str) -> tuple[float, ...]:
    values = (int(fill[n : n + 2], 16) / 255 for n in (0, 2, 4))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)


def seen(rgb: tuple[float, ...], eye: str | None) -> tuple[float, ...]:
    if eye is None:
        return rgb
    return tuple(min(1.0, max(0.0, sum(m * v for m, v in zip(row, rgb, strict=True)))) for row in EYES[eye])


def luminance(rgb: tuple[float, ...]) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """CIE L*a*b* of linear sRGB, white D65."""
    x = (0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.9505
    z = (0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, luminance(rgb), z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("eye", [None, *EYES])
def test_nine_colours_stay_apart_for_every_eye(eye: str | None) -> None:
    """A difference of 2 is just seen side by side; these are nine times as far apart, also from paper."""
    points = [lab(seen(linear(fill), eye)) for fill in (*APART, "FFFFFF")]
    assert min(dist(one, other) for one, other in combinations(points, 2)) > 18


def test_and_in_grey_print() -> None:
    lightness = [lab(linear(fill))[0] for fill in ("FFFFFF", *APART)]
    assert min(one - other for one, other in pairwise(lightness)) > 6


@pytest.mark.parametrize("count", [1, 2, 9, 10, 16, 25, 49, 100])
def test_text_is_readable_on_every_colour_and_no_two_are_equal(count: int) -> None:
    fills = [colour((n, count)) or "" for n in range(count)]
    assert len(set(fills)) == count
    for fill in fills:
        bright, dark = sorted((luminance(linear(fill)), luminance(linear(ink(fill)))), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, fill  # WCAG 2.1, criterion 1.4.3


@pytest.mark.parametrize("layer", [sc.Conv((3, 3), 3), sc.Conv((6, 6), 5), sc.Conv((4, 4), 3, 2, 2), sc.Linear(5, 5), sc.Conv((3,), 2, 3, 5)], ids=repr)  # fmt: skip
def test_a_colour_is_shared_only_where_the_caption_says_so(layer: sc.Layer) -> None:
    picture = layer.draw("matrix").picture
    entries = {
        cell.entries[0]: colour(cell.marks[0]) for cell in cells(picture.items, "matrix") if len(cell.marks) == 1
    }
    assert (len(set(entries.values())) < len(entries)) == ("the same in every channel" in picture.caption)


# SVG ----------------------------------------------------------------------------------------------

DRAWN = {
    "plain": sc.Conv((4, 4), 3, padding=1),
    "sums": sc.Conv((2, 3), 3, padding=1, padding_mode="circular"),
    "long-sums": sc.Conv((2,), 6, padding=((5, 0),), padding_mode="replicate"),
    "groups": sc.Conv((6,), 3, 2, 4, stride=2, groups=2),
    "rank-3": sc.Conv((2, 3, 3), 2, padding=1, padding_mode="reflect"),
    "cropped": sc.Conv((6, 5), 3, padding=((-1, 2), (1, -1))),
    "large": sc.Conv((9, 9), 3, padding=1),
    "pooling": sc.AvgPool((4, 4), 3, stride=1, padding=1, count_include_pad=False),
    "linear": sc.Linear(3, 2),
    "transposed": sc.ConvTranspose((2, 2), 3, stride=2),
}


@pytest.mark.parametrize("what", ["window", "matrix", "both", "animation"])
@pytest.mark.parametrize("name", DRAWN)
def test_svg_is_well_formed_self_contained_and_described(name: str, what: str) -> None:
    drawing = DRAWN[name].draw(what)
    text = drawing.svg()
    root = tree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert text.count("http") == 1  # the name of the format
    assert not re.search(r"url\(|href|<script|@import|<image|<foreignObject", text)
    assert all(key[:2] != "on" for element in root.iter() for key in element.keys())  # noqa: SIM118
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(names) == len(set(names)) == 2
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", " ".join(map(str, names)))
    title, description = root[0], root[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert description.text == drawing.alternative
    assert len(drawing.alternative) > 40
    assert "prefers-color-scheme:dark" in text
    assert drawing.svg() == text == drawing._repr_svg_()
    image = tree.fromstring(drawing._repr_html_().replace(">", "/>"))
    assert image.get("alt") == drawing.alternative
    assert b64decode((image.get("src") or "").partition("base64,")[2]).decode() == text
    used = {each for element in root.iter() for each in (element.get("class") or "").split()}
    for mark in {each for each in used if re.fullmatch(r"cm?\d+-\d+", each)}:
        assert f".{mark}{{fill" in text


def test_a_moving_svg_stands_still_without_css_and_for_who_wants_that() -> None:
    layer = DRAWN["groups"]
    text = layer.draw("animation").svg()
    scenes = [element for element in tree.fromstring(text).iter(f"{SVG}g") if "scene" in (element.get("class") or "")]
    assert len(scenes) == prod(layer.output_shape)
    assert [element.get("visibility") for element in scenes] == [None] + ["hidden"] * (len(scenes) - 1)
    delays = [float((element.get("style") or "animation-delay:0s").split(":")[1][:-1]) for element in scenes]
    assert np.allclose(np.diff(delays), 0.8)
    assert "@media(prefers-reduced-motion:no-preference)" in text
    assert text.count("animation:") == 1  # nothing moves outside of that
    assert "<script" not in text
    assert "animation" not in layer.draw("both").svg().split("<style>")[1].split("</style>")[0]


def test_large_cells_lose_their_text_and_stay_small_files() -> None:
    layer = DRAWN["large"]
    picture = layer.draw("matrix").picture
    assert not any(cell.lines for cell in cells(picture.items, "matrix"))
    assert len(layer.draw("matrix").svg()) < 60_000
    assert all(cell.lines for cell in cells(sc.Conv((6, 6), 3).draw("matrix").picture.items, "matrix"))


HOSTILE = '<script>alert("1")</script> & \\input{/etc/passwd} %$#_^~{}'


def test_titles_are_words_in_every_format(pdflatex: str, tmp_path: Path) -> None:
    drawing = sc.Conv((3,), 2).draw(title=HOSTILE)
    root = tree.fromstring(drawing.svg())
    assert root[0].text == HOSTILE
    assert not list(root.iter(f"{SVG}script"))
    assert_clean(compile_log(pdflatex, tmp_path, drawing.tikz()))
    assert "\\input" not in drawing.tikz()
    every = "".join(map(chr, range(0x20, 0x7F))) + "ÀÿßñÅ"
    assert_clean(compile_log(pdflatex, tmp_path, sc.Conv((3,), 2).draw(title=every).tikz()))


# TikZ ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", some(["sums", "long-sums", "groups", "rank-3", "cropped", "large", "pooling"], 3))
def test_tikz_compiles_on_one_page_and_fits_it(name: str, pdflatex: str, tmp_path: Path) -> None:
    text = DRAWN[name].draw().tikz()
    log = compile_log(pdflatex, tmp_path, text)
    assert_clean(log)
    assert "(1 page," in log
    packages = set(re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", text))
    assert packages == {"inputenc", "amsmath,amssymb,xcolor,tikz", "geometry"}
    assert DRAWN[name].draw().tikz() == text
    assert "\\begin{document}" not in DRAWN[name].draw().tikz(standalone=False)


@pytest.mark.parametrize("name", some(GALLERY, 2))
def test_pictures_of_the_gallery_compile(name: str, pdflatex: str, tmp_path: Path) -> None:
    """Window and W of every layer of the gallery, as far as a picture holds them, and as SVG too."""
    layer = GALLERY[name][0]
    for what in ("window", "matrix"):
        try:
            drawing = layer.draw(what)
        except (TooLarge, Unsupported):
            continue
        tree.fromstring(drawing.svg())
        assert_clean(compile_log(pdflatex, tmp_path, drawing.tikz()))


def test_the_alternative_text_is_in_the_pdf(pdflatex: str, tmp_path: Path) -> None:
    """In the page's content, uncompressed here: words as they are, or in UTF-16 where they are not ASCII."""
    plain, pooled = sc.Conv((3,), 2).draw("window"), sc.Upsample((2,), scale_factor="3/2").draw("window")
    for drawing, said in (
        (plain, b"/Span <</Alt (Grids of cells: kernel of 2, input of 3"),
        (pooled, b"/Span <</Alt "),
    ):
        compile_log(pdflatex, tmp_path, "\\pdfcompresslevel=0 " + drawing.tikz())
        content = (tmp_path / "page.pdf").read_bytes()
        assert content.count(said) == 1
        assert content.count(b" BDC") == content.count(b"EMC") == 1


# PNG and GIF --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "sums", "cropped", "groups", "large"])
def test_png_has_the_colours_of_the_cells(name: str, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="pip install 'symconv[pictures]'")
    from symconv.pictures.model import band, captioned

    drawing = DRAWN[name].draw()
    for turn in ("one", "two"):
        drawing.save(str(tmp_path / f"{turn}.png"))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    shown = image.open(tmp_path / "one.png")
    assert shown.text["Description"] == drawing.alternative
    whole = captioned(drawing.picture)
    assert shown.size == ((whole.width + 20) * 2, (whole.height + 20) * 2)
    for cell in (item for item in still(whole) if isinstance(item, Cell)):
        for n, mark in enumerate(cell.marks):
            top, height = band(cell, n)
            inside = 5 if height > 10 else 2
            x, y = (cell.x + inside + 10) * 2, (top + min(inside, height // 2) + 10) * 2
            assert (
                "{:02X}{:02X}{:02X}".format(*shown.convert("RGB").getpixel((x, y))) == colour(mark) or cell.height < 10
            )


def test_gif_shows_every_output(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="pip install 'symconv[pictures]'")
    target = tmp_path / "w.gif"
    assert main(["draw", "--input", "5", "--kernel", "3", "-o", str(target)]) == 0
    first = target.read_bytes()
    shown = image.open(target)
    assert (shown.n_frames, shown.info["loop"]) == (3, 0)
    assert main(["draw", "--input", "5", "--kernel", "3", "-o", str(target)]) == 0
    assert target.read_bytes() == first


def test_without_pillow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(sc.MissingPackage, match=r"pip install 'symconv\[pictures\]'"):
        DRAWN["linear"].draw().save(str(tmp_path / "w.png"))
    assert not list(tmp_path.iterdir())


# Command line and errors --------------------------------------------------------------------------

BASE = ["draw", "--input", "4x4", "--kernel", "3x3"]


def test_standard_output_is_svg_and_the_suffix_decides(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([*BASE, "--padding", "1", "--output", "1,2"]) == 0
    text = capsys.readouterr().out
    assert text == sc.Conv((4, 4), 3, padding=1).draw(output=(1, 2)).svg()
    assert main([*BASE, "--what", "matrix", "-o", str(tmp_path / "w.tex")]) == 0
    assert (tmp_path / "w.tex").read_text() == sc.Conv((4, 4), 3).draw("matrix").tikz()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["-o", "w.jpg"], "-o w.jpg: the suffix must be one of .svg, .tex, .png, .gif"),
        (["--what", "rows"], "must be one of window, matrix, both, animation"),
        (["--output", "1;2"], "--output='1;2': must be integers joined by commas"),
        (["--output", "1"], "needs 2 indices"),
        (["--output", "5,0"], "index 0 runs from 0 to 1"),
        (["--output", "0,0", "--what", "matrix"], "is for one output"),
        (["--what", "animation", "-o", "w.tex"], "does not move in LaTeX"),
        (["--what", "animation", "-o", "w.png"], "does not move in PNG"),
        (["--title", "a\nb"], "must be one line"),
        (["--title", "日本", "-o", "w.tex"], "pdflatex cannot print '日'"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(more: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main([*BASE, *more]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert re.search(said, captured.err)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layer", "what", "said"),
    [
        (sc.Conv((10**9, 10**9), 3), "both", "the padded input"),
        (sc.Conv((3,), 10**6, padding=10**6, padding_mode="replicate"), "window", "cells"),
        (sc.Conv((3,), 10**6, padding=10**6, padding_mode="replicate"), "matrix", "rows and columns"),
        (sc.Conv((1,), 10**8, padding=((0, 10**8),)), "matrix", "read"),
        (sc.Linear(10**6, 10**6), "matrix", "1,000,000 x 1,000,000"),
        (sc.AvgPool((10**8,), 2), "window", "cells"),
        (sc.Conv((22, 22), 7), "animation", "an animation shows at most"),
    ],
    ids=repr,
)
def test_what_is_too_large_is_refused_at_once(layer: sc.Layer, what: str, said: str) -> None:
    def refused() -> None:
        with pytest.raises(sc.TooLarge, match=said):
            layer.draw(what)

    assert lines_executed(refused) < 1_000


def test_each_format_refuses_what_it_cannot_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    large = sc.Conv((60, 60), 3).draw("window")
    monkeypatch.setattr("symconv.render.tikz.CELLS", 100)
    with pytest.raises(
        sc.TooLarge, match=r"the picture has [\d,]+ cells, and LaTeX's memory holds about 100; write w\.svg"
    ):
        large.tikz()
    monkeypatch.setattr("symconv.render.raster.PIXELS", 1_000)
    with pytest.raises(sc.TooLarge, match=r"1 picture of [\d,]+ pixels, and PNG and GIF are drawn up to 1,000 each"):
        large.save(tmp_path / "w.png")
    with pytest.raises(sc.SpecError, match="title='日本': PNG and GIF can only have the characters of ASCII"):
        sc.Conv((3,), 2).draw("window", title="日本").save(tmp_path / "w.png")
    with pytest.raises(sc.TooLarge, match=r"read [\d,]+ inputs together, and an animation shows at most"):
        sc.Conv((22, 22), 7).draw("animation")
    assert not list(tmp_path.iterdir())
    for output in ("1", (0.5,), (True,), {0}):
        with pytest.raises(sc.SpecError, match="must be a position: integers, one for each index"):
            sc.Conv((3,), 2).draw("window", output=output)


def test_four_axes_have_no_window_and_a_matrix() -> None:
    layer = sc.Conv((2, 2, 2, 2), 2)
    with pytest.raises(sc.Unsupported, match="what='matrix'"):
        layer.draw()
    assert layer.draw("matrix").svg()


def test_the_largest_pictures_are_drawn() -> None:
    assert len(sc.Conv((22, 22), 5, padding=2).draw("matrix").svg()) < 1_000_000
    assert len(sc.Conv((10, 10), 3).draw("animation").svg()) < 2_000_000
