"""The documents: golden files, LaTeX that compiles without an overfull line, text within 80 columns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gallery import GALLERY, GOLDEN
from lanes import some

import symconv as sc
from symconv.documents.typeset import spaced, typeset
from symconv.documents.wording import definition_formula
from symconv.render import FORMATS
from symconv.render.formula import escape, latex

FOLDER = Path(__file__).parent / "golden"
SUFFIX = {name: suffix[1:] for name, (_, suffix) in FORMATS.items() if suffix}
FRAGMENT_PREAMBLE = r"\documentclass{article}\usepackage{amsmath,amssymb,graphicx,xcolor,colortbl,tikz}\begin{document}"


@pytest.mark.parametrize("format", SUFFIX)
@pytest.mark.parametrize("name", GOLDEN)
def test_documents_are_as_they_were_read_and_approved(name: str, format: str) -> None:
    """After a change that is meant, run with UPDATE_GOLDEN=1 and read the difference."""
    layer, theorem = GALLERY[name]
    text = sc.prove(layer, theorem).render(format, **({"standalone": True} if format == "latex" else {}))
    path = FOLDER / f"{name}.{SUFFIX[format]}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), "UPDATE_GOLDEN=1 pytest -k approved writes it; then read it"
    assert text == path.read_text(encoding="utf-8")


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    """Whatever the seed of Python's hashes: every format, of the documents that have most in them."""
    made = "import sys, test_documents; test_documents.written_to(sys.argv[1])"
    paths = [Path(__file__).parent, Path(sc.__file__).parent.parent]
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        settings = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        subprocess.run([sys.executable, "-c", made, tmp_path / seed], env=settings, check=True)
    names = sorted(each.name for each in (tmp_path / "1").iterdir())
    assert len(names) == len(many_pages()) * len(FORMATS) + 2 * len(DRAWN)
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


DRAWN = ("read-twice", "groups-bias")


def many_pages() -> list[str]:
    return some(GOLDEN, 1, ["groups-bias"])


def written_to(folder: str) -> None:
    """Some golden documents in every format, and two pictures."""
    for name in many_pages():
        layer, theorem = GALLERY[name]
        for format in FORMATS:
            Path(folder, f"{name}.{format}").write_text(sc.prove(layer, theorem).render(format), encoding="utf-8")
    for name in DRAWN:
        drawing = GALLERY[name][0].draw()
        Path(folder, f"{name}.svg").write_text(drawing.svg(), encoding="utf-8")
        Path(folder, f"{name}.tikz").write_text(drawing.tikz(), encoding="utf-8")


def compile_log(pdflatex: str, folder: Path, text: str) -> str:
    """Compile twice, for the references, without shell escape, and return the log."""
    (folder / "page.tex").write_text(text, encoding="utf-8")
    command = [pdflatex, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    for draft in (["-draftmode"], []):  # the first pass is for the references alone
        run = subprocess.run(
            [*command[:1], *draft, *command[1:]], cwd=folder, capture_output=True, timeout=120, check=False
        )
        assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    return (folder / "page.log").read_text(errors="replace")


def assert_clean(log: str) -> None:
    wide = [float(points) for points in re.findall(r"Overfull \\[hv]box \(([0-9.]+)pt too", log)]
    assert max(wide, default=0) <= 1.0, log[-3000:]
    assert "undefined" not in log.replace("undefined references as", "")
    assert "multiply-defined" not in log


@pytest.mark.parametrize("name", some(GALLERY, 10, ["rank-4-wide", "lenet-c3"]))
def test_every_page_compiles_and_nothing_runs_off_it(name: str, pdflatex: str, tmp_path: Path) -> None:
    layer, theorem = GALLERY[name]
    assert_clean(compile_log(pdflatex, tmp_path, sc.prove(layer, theorem).render("latex", standalone=True)))


def test_two_fragments_stand_in_one_paper(pdflatex: str, tmp_path: Path) -> None:
    fragments = [sc.prove(*GALLERY[name]).render("latex") for name in ("plain", "padded", "im2col")]
    needs = "% needs \\usepackage{amsmath,amssymb,graphicx,xcolor,colortbl,tikz}\n"
    assert all(fragment.startswith(needs) for fragment in fragments)
    assert_clean(compile_log(pdflatex, tmp_path, FRAGMENT_PREAMBLE + "\n\n".join(fragments) + r"\end{document}"))


@pytest.mark.parametrize("start", some(range(0, len(GALLERY), 10), 1))
def test_ten_fragments_stand_in_one_paper(start: int, pdflatex: str, tmp_path: Path) -> None:
    """In an article of LaTeX's own measures, whose lines are narrower than those of a whole document."""
    chosen = list(GALLERY.values())[start : start + 10]
    fragments = [sc.prove(layer, theorem, check="axes").render("latex") for layer, theorem in chosen]
    assert_clean(compile_log(pdflatex, tmp_path, FRAGMENT_PREAMBLE + "\n\n".join(fragments) + r"\end{document}"))


@pytest.mark.parametrize("name", GALLERY)
def test_text_fits_a_terminal(name: str) -> None:
    layer, theorem = GALLERY[name]
    text = str(sc.prove(layer, theorem))
    assert max(map(len, text.splitlines())) <= 80
    assert "\u00a0" not in text


@pytest.mark.parametrize("name", some(GALLERY, 30))
def test_text_says_what_a_page_with_pictures_says(name: str) -> None:
    """Word for word: whoever has the text read aloud misses nothing but the colours."""
    proof = sc.prove(*GALLERY[name], check="axes")
    markdown = re.sub(r"\$\$.*?\$\$|\$.*?\$|^\|.*?\|$", " ", proof.render("markdown"), flags=re.DOTALL | re.MULTILINE)
    said = set(re.findall(r"[a-z]{3,}", proof.render("text").lower()))
    assert not {word for word in re.findall(r"[a-z]{3,}", markdown.lower()) if word not in said} - {
        "parameter",
        "value",
    }
    for entry in {str(symbol) for symbol in re.findall(r"[yk]_\{[0-9,]+\}", proof.render("markdown"))}:
        assert f"{entry[0]}[{entry[3:-1]}]" in proof.render("text")


@pytest.mark.parametrize("name", GALLERY)
def test_markdown_has_balanced_formulas(name: str) -> None:
    layer, theorem = GALLERY[name]
    text = sc.prove(layer, theorem).render("markdown")
    assert text.count("$$") % 2 == 0
    assert text.replace("$$", "").count("$") % 2 == 0
    assert "\\allowbreak" not in re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", GALLERY)
def test_the_typeset_definition_is_the_first_sum(name: str) -> None:
    """What latexify typesets from the code that runs is what this package prints for the proof's first sum."""
    pytest.importorskip("latexify", reason="latexify-py is not installable on this Python")
    definition = GALLERY[name][0].definition
    shown = typeset(definition.source)
    assert shown
    assert shown == spaced(latex(definition_formula(definition)))


@pytest.mark.parametrize("name", GALLERY)
def test_no_sentence_about_padding_where_there_is_none(name: str) -> None:
    layer, theorem = GALLERY[name]
    text = str(sc.prove(layer, theorem))
    if not layer.read_map.padded and theorem == "weight_matrix":
        assert "padded input" not in " ".join(text.split())
        assert "Z[" not in text
    if "read several times" in text:
        assert layer.read_map.folded


def test_every_claim_says_for_which_sizes_it_was_proved() -> None:
    for layer, theorem in GALLERY.values():
        text = sc.prove(layer, theorem).render("markdown")
        assert "The statement is proved for this configuration" in text
        assert "for all n" not in text


def test_representative_rows_say_what_was_left_out() -> None:
    text = str(sc.prove(sc.Conv((32, 32), 5, 1, 6), check="entries"))
    assert "too large to print in full" in text
    assert "all 4,704 were checked, every entry" in " ".join(text.split())
    unchecked = " ".join(str(sc.prove(sc.Conv((32, 32), 5, 1, 6), check="axes")).split())
    assert "all 4,704 were checked, axis by axis" in unchecked
    assert "Its entries were not compared one by one" in unchecked


def test_latex_escapes_every_special_character() -> None:
    assert escape(r"\input{x} $a_b^c$ 100% & # ~") == (
        r"\textbackslash{}input\{x\} \$a\_b\textasciicircum{}c\$ 100\% \& \# \textasciitilde{}"
    )


def test_an_unknown_format_or_option_is_refused_by_name() -> None:
    proof = sc.prove(sc.Conv((3,), 2))
    with pytest.raises(sc.SpecError, match="must be one of latex, markdown, text, html, json"):
        proof.render("docx")
    with pytest.raises(sc.SpecError, match="the latex format takes standalone"):
        proof.render("latex", colour="red")
    for format in ("latex", "html"):
        with pytest.raises(sc.SpecError, match="standalone='no': must be True or False"):
            sc.prove(sc.Conv((3,), 2)).render(format, standalone="no")


@pytest.mark.parametrize("name", GALLERY)
def test_a_page_is_in_words(name: str) -> None:
    """No layer stands on a page as Python writes it, and one thing is not said to be several."""
    layer, theorem = GALLERY[name]
    text = str(sc.prove(layer, theorem, check="axes"))
    assert not re.search(r"\b(Conv|ConvTranspose|AvgPool|Upsample|PixelShuffle|Linear)\(|input_size|Fraction", text)
    assert not re.search(r"(?<![×\d,.])1 (outputs|inputs|entries|channels|rows|columns|terms)\b", text)


RARE: list[tuple[Any, str, str]] = [
    (sc.Linear(1, 2), "structure", "[no two entries lie on one diagonal]"),
    (sc.Linear(1, 2), "structure", "W is not banded: neither corner is zero, W[1,0] = k[1,0] and W[0,0] = k[0,0]. [a band"),
    (sc.Conv((4,), 1, padding=((1, 2),), padding_mode="replicate"), "structure", "[the padding repeats inputs at the border]"),
    (sc.Conv((1,), 3, stride=2, padding=1, input_dilation=2), "structure", "with one output there are no two entries on a"),
    (sc.Linear(1, 2), "rank", "W has one column: the rank is at most 1. [no matrix has a larger rank than it has rows or columns]"),
    (sc.Conv((1, 2), (1, 2), 2, 2, padding=((0, 1), (0, 1)), dilation=(1, 2), padding_mode="symmetric"), "rank",
     "The rank is smaller exactly where all 24 minors of size 2 × 2 vanish, in particular for k = 0; they have no factor in "
     "common. [the rank is smaller exactly where no minor of that size is left]"),
    (sc.Linear(3, 2), "sparsity", "We count pairs of outputs and inputs."),
    (sc.Linear(3, 2), "sparsity", "[every output reads every input with a weight of its own] ⟨1⟩3. Every entry is a parameter of its own. [one"),
    (sc.Conv((5,), 1, padding_mode="circular"), "sparsity", "[no window leaves the input]"),
    (sc.Conv((5,), 3, padding=1, padding_mode="symmetric", input_dilation=2), "sparsity",
     "[positions between two inputs hold zero; in front of the input, inside and behind it the outputs that read an input are "
     "evenly spaced]"),
    (sc.Conv((16,), 13, padding=6), "sparsity", "n[9] = 13, n[10] = 12, and so on to n[12] = 10."),
    (sc.Conv((1,), 2, padding=((1, 0),), padding_mode="circular"), "flip",
     "W = V for every kernel. [every entry of W - V is zero, whatever the kernel]"),
    (sc.Conv((2, 1), 2, 2, padding=((2, 1), (0, 2)), padding_mode="replicate"), "flip", "k[c,a,"),
    (sc.Conv((6,), 2, stride=2), "stride_selection",
     "The windows start at 0, 2 and 4 without padding and at -1, 1, 3 and 5 with full padding, and no start is in both lists: "
     "without padding the outputs are no crop of those with full padding. [the stride 2 does not divide dilation · (kernel − 1) "
     "= 1, by which full padding moves the first window]"),
    (sc.Conv((14, 3), 2, stride=(2, 1)), "stride_selection",
     "Along the first axis, the windows start at 0, 2, 4, …, 12 without padding and at -1, 1, 3, …, 13 with full padding"),
    (sc.AvgPool((4,), 2, divisor_override=1), "pooling", "this is sum pooling, and D is the identity."),
    (sc.Upsample((4,), size=1), "upsampling", "Every row of W has a single 1, in the column of the input that the output takes."),
    (sc.Linear(2, 2), "input_gradient", "⟨1⟩4. ∂L/∂x[e] = Σ_{c=0..1} k[c,e] G[c]. [⟨1⟩3, for each output the term with a = e]"),
    (sc.Conv((4, 5), 2, stride=(3, 2)), "kernel_gradient",
     "at the end 2 positions along axis 1 and one position along axis 2, which no window reads, are cut off"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "theorem", "said"), RARE)
def test_what_only_some_layers_have_is_said(layer: Any, theorem: str, said: str) -> None:
    text = str(sc.prove(layer, theorem, check="axes"))
    assert said in " ".join(text.split()), text
