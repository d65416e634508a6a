"""The HTML pages: well-formed, self-contained, and saying what the text says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as tree

import pytest
from gallery import GALLERY

import symconv as sc
from symconv.formula import Array, Call, Cases, Chain, Power, Sym, Words
from symconv.render import formula as formula_writer
from symconv.render import mathml as mathml_writer
from symconv.render.mathml import inline, mathml


@pytest.mark.parametrize("name", GALLERY)
def test_every_page_is_well_formed_and_needs_nothing_else(name: str) -> None:
    page = sc.prove(*GALLERY[name]).render("html")
    root = tree.fromstring(page.removeprefix("<!doctype html>\n"))
    assert root.tag == "html"
    tags = {element.tag for element in root.iter()}
    assert not tags & {"script", "link", "img", "iframe", "merror"}
    assert "http" not in page
    assert "url(" not in page
    identifiers = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))
    for element in root.iter("a"):
        assert (element.get("href") or "")[1:] in identifiers
    for figure in root.iter("figure"):
        (drawn,) = figure.iter("svg")
        assert drawn.get("role") == "img"
        assert len(next(drawn.iter("desc")).text or "") > 40


def words(page: str) -> str:
    """The words of a page without its formulas."""
    plain = re.sub(r"<math.*?</math>|<table.*?</table>|<[^>]+>", " ", page.split("<body>")[1], flags=re.S)
    return " ".join(re.findall(r"[a-z]{4,}", plain))


@pytest.mark.parametrize("name", ["plain", "reflect", "im2col-groups"])
def test_it_says_what_the_markdown_says(name: str) -> None:
    proof = sc.prove(*GALLERY[name])
    markdown = re.sub(r"\$\$.*?\$\$|\$.*?\$|^\|.*?\|$", " ", proof.render("markdown"), flags=re.S | re.M)
    said = [word for word in re.findall(r"[a-z]{4,}", markdown) if word not in ("written", "where", "zero", "with")]
    page = words(proof.render("html"))
    missing = [word for word in dict.fromkeys(said) if word not in page]
    assert not missing


def test_two_fragments_stand_on_one_page() -> None:
    fragments = [sc.prove(*GALLERY[name]).render("html", standalone=False) for name in ("plain", "padded")]
    identifiers = re.findall(r'id="([^"]+)"', "".join(fragments))
    assert len(identifiers) == len(set(identifiers)) > 2
    assert all("<html" not in fragment for fragment in fragments)


def test_a_prime_is_a_sign_of_its_own() -> None:
    """A name of two letters would stand upright: k' is the letter k and a prime."""
    assert mathml("k'") == "<msup><mi>k</mi><mo>′</mo></msup>"
    assert mathml("W''") == "<msup><mi>W</mi><mo>′′</mo></msup>"
    assert mathml("u'1") == "<msubsup><mi>u</mi><mn>1</mn><mo>′</mo></msubsup>"
    assert mathml(Sym("k'", (1,))) == "<msubsup><mi>k</mi><mrow><mn>1</mn></mrow><mo>′</mo></msubsup>"
    page = sc.prove(sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)), "composition").render("html")
    assert not re.search(r"<mi>[^<]*'", page)


def test_a_sign_after_a_formula_stays_with_it() -> None:
    """A browser ends a line between a formula and what follows, unless a box keeps them together."""
    page = sc.prove(sc.Conv((5,), 2, stride=2), "input_gradient").render("html")
    assert "</math>,</span> the same kernel tensor" in page
    assert not re.search(r"</math>\s*[.,:;]\s", re.sub(r"</math>[.,:;]</span>", "", page))


def test_nothing_in_a_formula_is_markup() -> None:
    assert "<script>" not in mathml(Words("<script>")) + mathml(Sym("<script>", (1,))) + mathml(Call("<b>", "&"))
    assert mathml(Cases(((1, Chain("<", (0, "a"))), (0, "otherwise")))).count("&lt;") == 1


def test_long_formulas_have_places_to_break() -> None:
    assert inline(Chain("=", ("a", "b"))).count("<math>") == 1
    assert inline(Chain("+", tuple(Sym("x", (n,)) for n in range(30)))).count("<math>") > 20


def test_every_operator_has_a_sign_in_every_format() -> None:
    assert set(mathml_writer._OPERATORS) == set(formula_writer._LATEX_OPERATORS) == set(formula_writer._TEXT_OPERATORS)


def test_small_matrices_and_powers() -> None:
    assert mathml(Power("R", 16)) == "<msup><mi>R</mi><mn>16</mn></msup>"
    assert mathml(Array(((1, 0), (0, 1)))).count("<mtd>") == 4
