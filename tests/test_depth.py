"""One proof at three depths: what each keeps, and that it is the same proof."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gallery import GALLERY
from lanes import some
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv.catalogue import theorem_named
from symconv.documents.blocks import Display, Document, Matrix, ProofStep, Reference, Statement, Steps
from symconv.documents.depth import at_depth
from symconv.documents.walk import every
from symconv.identities import Known

NAMES = [name for name in GALLERY if name not in ("im2col-lenet-c3", "im2col-long-column", "rank-4")]


def proof(name: str) -> sc.Proof:
    layer, theorem = GALLERY[name]
    return sc.prove(layer, theorem, check="axes")


def plain(document: Document) -> str:
    from symconv.render.text import render

    return " ".join(render(document).split())


@pytest.mark.parametrize("theorem", sc.theorems())
def test_every_theorem_says_why_in_one_sentence(theorem: str) -> None:
    from symconv.render.text import inline

    said = inline(theorem_named(theorem).why, {})
    assert re.fullmatch(r"[A-Z][^.]{40,320}\.", said), said


@pytest.mark.parametrize("name", GALLERY)
def test_standard_is_the_theorem_s_own_document(name: str) -> None:
    whole = proof(name)
    assert at_depth(whole) == whole.theorem.document(whole)
    assert whole.render("text", depth="standard") == whole.render("text")


@pytest.mark.parametrize("name", GALLERY)
def test_brief_has_the_statement_the_matrix_and_why(name: str) -> None:
    whole = proof(name)
    standard, brief = at_depth(whole), at_depth(whole, "brief")
    assert brief.title == standard.title
    assert brief.key == standard.key
    assert [b for b in brief.blocks if isinstance(b, Statement)] == [
        b for b in standard.blocks if isinstance(b, Statement)
    ]
    assert not any(isinstance(block, Steps) for block in brief.blocks)
    last = max(n for n, block in enumerate(standard.blocks) if isinstance(block, Statement))
    grids = [block for block in standard.blocks[:last] if isinstance(block, Matrix)]
    assert [block for block in brief.blocks if isinstance(block, Matrix)] == grids
    shown = {each.label for each in brief.blocks if isinstance(each, Display)}
    assert {each.label for each in every(brief) if isinstance(each, Reference)} <= shown
    text = plain(brief)
    assert "Why: " in text
    assert "Checked before printing:" in text
    assert len(text) < len(plain(standard))


@pytest.mark.parametrize("name", NAMES)
def test_full_expands_every_step_that_cites_the_main_theorem(name: str) -> None:
    whole = proof(name)
    steps = next(block for block in at_depth(whole, "full").blocks if isinstance(block, Steps)).steps
    own = [step for step in steps if step.level == 1]
    assert own == list(next(b for b in at_depth(whole).blocks if isinstance(b, Steps)).steps)
    below: dict[str, list[ProofStep]] = {}
    for step in steps:
        below.setdefault(step.number, []) if step.level == 1 else below[list(below)[-1]].append(step)
    for (_, under), step in zip(below.items(), whole.steps, strict=True):
        if not isinstance(step.rule, Known):
            assert not under
            continue
        inner = sc.prove(step.claim.layer, check="axes")
        assert [each.number for each in under] == [f"⟨2⟩{n}" for n in range(1, len(inner.steps))]
        if step.claim.letter != "W":
            assert not any(part == "W" for each in every(tuple(under)) for part in vars(each).values())
    shown = {block.label for block in at_depth(whole, "full").blocks if isinstance(block, Display)}
    assert {each.label for each in every(tuple(steps)) if isinstance(each, Reference)} <= shown


def test_full_has_all_rows_and_says_its_limit() -> None:
    middle = sc.prove(sc.Conv((7, 7), 2, padding=1, padding_mode="reflect"), check="axes")
    assert "not printed" in middle.render("text")
    assert "not printed" not in middle.render("text", depth="full")
    for row in range(64):
        assert f"y[{row // 8},{row % 8}] = " in middle.render("text", depth="full")
    large = " ".join(sc.prove(sc.Conv((32, 32), 5), check="axes").render("text", depth="full").split())
    assert (
        "rows are not printed: this page holds up to 64 rows with 2,000 terms together; all 784 were checked" in large
    )


@pytest.mark.parametrize("depth", ["brief", "full"])
@pytest.mark.parametrize("name", some(["padded", "replicate-3d", "lenet-c3", "transposed", "pooling-border", "padding-factor",
                                       "stride-selection", "structure", "rank", "winograd", "dft-channels", "flip"], 4, ["dft-channels"]))  # fmt: skip
def test_every_depth_compiles_and_fits(name: str, depth: str, pdflatex: str, tmp_path: Path) -> None:
    whole = proof(name)
    assert max(map(len, whole.render("text", depth=depth).splitlines())) <= 80
    assert_clean(compile_log(pdflatex, tmp_path, whole.render("latex", standalone=True, depth=depth)))


def test_a_depth_is_refused_by_name() -> None:
    whole = sc.prove(sc.Conv((3,), 2))
    with pytest.raises(sc.SpecError, match="depth='deep': must be one of brief, standard, full"):
        whole.render(depth="deep")
    with pytest.raises(sc.SpecError, match="the json format takes no options"):
        whole.render("json", depth="brief")
    with pytest.raises(sc.SpecError, match="for the proof of a layer"):
        sc.prove_general("weight_matrix", rank=1).render(depth="full")
