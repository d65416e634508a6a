"""The reader's own notation: every place is renamed, nothing else is, and no letter gets two meanings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gallery import GALLERY
from lanes import some
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv import cli
from symconv.documents.blocks import Document, Matrix
from symconv.documents.notation import ARRAYS, letters, renamed
from symconv.render import page
from symconv.render.text import render

NAMES = some((name for name in GALLERY if GALLERY[name][0].read_map.nonzeros < 2000), 30)
GREEK = {"x": "α", "k": "β", "y": "γ", "w": "δ"}


def proof(name: str) -> sc.Proof:
    layer, theorem = GALLERY[name]
    return sc.prove(layer, theorem, check="axes")


@pytest.mark.parametrize("name", NAMES)
def test_renaming_the_document_is_renaming_what_is_read(name: str) -> None:
    """Done on the formulas, and done on the finished text by a search: the same words."""
    whole = proof(name)
    shown = letters(page(whole))
    names = {old: new for old, new in GREEK.items() if (old if old != "w" else "W") in shown and new not in shown}
    of = {old: new for old, new in names.items() if old != "w"} | {ARRAYS[old]: new for old, new in names.items()}
    if "w" in names:
        of["W"] = names["w"]
    else:
        of.pop("", None)
    of.pop("", None)
    document = page(whole)
    blocks = tuple(block for block in document.blocks if not (isinstance(block, Matrix) and block.legend))
    without = Document(document.title, blocks, document.key)  # a terminal's letters have a test of their own
    ours = " ".join(render(renamed(without, names)).split())
    text = " ".join(render(without).split())
    found = re.sub(rf"(?<![^\W_])({'|'.join(of)})(?![^\W_])", lambda match: of[match[1]], text)
    assert ours.replace(" ", "") == found.replace(" ", "")
    assert not set(of) & letters(page(whole, names=names))


@pytest.mark.parametrize("format", ["latex", "markdown", "html", "beamer"])
def test_no_format_keeps_an_old_name(format: str) -> None:
    text = sc.prove(sc.Conv((4, 4), 2)).render(format, names={"x": "I", "k": "g", "y": "O", "w": "M"})
    formulas = re.findall(r"\$(.*?)\$|<m[a-z]+>(.*?)</m", text)
    for pair in formulas:
        for formula in pair:
            plain = re.sub(r"\\[a-zA-Z]+", " ", formula)
            assert not re.search(r"(?<![A-Za-z])[xkyXKYW](?![A-Za-z])", plain), formula


def test_a_name_that_is_taken_is_refused_and_another_one_offered() -> None:
    padded = sc.prove(sc.Conv((4, 4), 3, padding=1))
    taken = 'f, which k would become, already stands for something else on this page. Valid: names={"k": '
    with pytest.raises(sc.SpecError, match=re.escape(taken)) as found:
        padded.render(names={"k": "f"})
    offered = str(found.value).split('"k": "')[1][0]
    assert f"{offered}[u,v]" in padded.render(names={"k": offered})
    for names, said in (
        ({"x": "i"}, "already stands for something else"),
        ({"x": "Z", "y": "z"}, "the same name|already stands"),
        ({"x": "y"}, "already stands for something else"),
        ({"x": "in"}, "must be one letter"),
        ({"x": "1"}, "must be one letter"),
        ({"z": "s"}, "has names for x, k, y, b and w only"),
        ({"x": "s", "k": "s"}, "gives x and k the same name|gives X and K the same name"),
        ({"b": "s"}, "b does not stand on this page"),
        ({}, "must say which names change"),
    ):
        with pytest.raises(sc.SpecError, match=said):
            padded.render(names=names)


def test_the_letters_of_a_terminal_make_way_for_names() -> None:
    text = " ".join(sc.prove(sc.Conv((4, 4), 3)).render(names={"x": "I", "k": "g"}).split())
    assert "y[0,0] A B D . E F H . J K L . . . . ." in text
    assert "K = g[2,1], L = g[2,2] (C is left out: it names something else)." in text


def test_names_may_change_places() -> None:
    text = sc.prove(sc.Conv((3,), 2)).render(names={"x": "y", "y": "x"})
    assert "x[i] = Σ_{u=0..1} k[u] y[i+u]" in text


def test_letters_stand_for_the_kernel_entries_and_the_page_says_which() -> None:
    layer = sc.Conv((3, 3), 2)
    text = " ".join(sc.prove(layer).render(letters=True).split())
    assert "We write a = k[0,0], b = k[0,1], c = k[1,0], d = k[1,1] for the kernel entries." in text
    assert "y[0,0] a b . c d . . . ." in text
    assert "y[0,1] = a x[0,1] + b x[0,2] + c x[1,1] + d x[1,2]" in text
    twice = " ".join(sc.prove(sc.Conv((2,), 3, padding=1, padding_mode="circular")).render(letters=True).split())
    assert "y[0] b a+c y[1] a+c b" in twice
    skipped = sc.prove(sc.Conv((5, 5), 3)).render(letters=True, names={"x": "I", "k": "s"})
    assert "l = s[2,2] for" in " ".join(skipped.split())
    with pytest.raises(sc.SpecError, match=r"has \d+ letters left on this page, and 36 kernel entries stand on it"):
        sc.prove(sc.Conv((6, 6), 6)).render(letters=True)


def test_pages_with_letters_of_their_own_are_left_alone() -> None:
    with pytest.raises(sc.SpecError, match="the page of output_size has letters of its own"):
        sc.prove(sc.Conv((3,), 2), "output_size").render(names={"k": "g"})
    with pytest.raises(sc.SpecError, match="is for the proof of a layer"):
        sc.prove_general("weight_matrix", rank=1).render(letters=True)


def test_renamed_pages_compile(pdflatex: str, tmp_path: Path) -> None:
    whole = sc.prove(sc.Conv((4, 4), 2, padding=1, bias=True))
    text = whole.render("latex", standalone=True, letters=True, names={"x": "I", "k": "κ", "w": "M"})
    assert_clean(compile_log(pdflatex, tmp_path, text))


def test_a_greek_name_stands_in_pictures_too() -> None:
    """As a label in words, which pdflatex sets only as a formula."""
    slides = sc.prove(sc.ConvTranspose((1,), 1, 2, 4, groups=2)).render("beamer", names={"w": "δ"})
    assert r"{$\delta $:}" in slides


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    layer = ["prove", "--input", "3", "--kernel", "2"]
    assert cli.main([*layer, "--names", "x=I,k=g", "--letters"]) == 0
    assert "We write a = g[0], b = g[1] for the kernel entries." in capsys.readouterr().out
    for wrong, said in (
        ("x", "must be old=new, joined by commas"),
        ("x=I,x=J", "names x a second time"),
        ("x=i", "already stands"),
    ):
        assert cli.main([*layer, "--names", wrong]) == 2
        assert said in capsys.readouterr().err
