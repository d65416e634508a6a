"""Slides: every deck compiles with nothing running off a frame, and shows the window with the row that it makes."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from gallery import GALLERY
from lanes import some
from test_documents import FOLDER, assert_clean, compile_log

import symconv as sc
from symconv.documents.slides import EVERY, SMALLEST, Moving, moving, scale, with_motion
from symconv.pictures.model import Cell, still

GOLDEN_DECKS = ["plain", "avg-pool-border", "read-twice", "groups-bias", "causal", "linear", "transposed", "flip", "kronecker",
                "structure", "winograd", "bias-gradient"]  # fmt: skip


def deck(name: str) -> str:
    layer, theorem = GALLERY[name]
    return sc.prove(layer, theorem, check="axes").render("beamer")


@pytest.mark.parametrize("name", some(GALLERY, 1, ["lenet-c3"]))
def test_a_deck_compiles_and_nothing_runs_off_a_frame(name: str, pdflatex: str, tmp_path: Path) -> None:
    assert_clean(compile_log(pdflatex, tmp_path, deck(name)))


@pytest.mark.parametrize("name", some(GALLERY, 30))
def test_a_deck_has_the_parts_of_a_derivation(name: str) -> None:
    text = deck(name)
    frames = re.findall(r"\\begin\{frame\}(?:\[t\])?\{(.*?)( \{\\small.*)?\}\n", text)
    titles = [title for title, _ in frames]
    for part in ("Setting", "Definition", "Theorem", "Proof"):
        assert part in titles
    assert titles[-1] == "What was checked"
    assert text.count(r"\begin{frame}") == text.count(r"\end{frame}") == len(titles) + 1
    steps = len(sc.prove(*GALLERY[name], check="axes").steps)
    for n in range(1, steps + 1):
        assert rf"$\rangle${n}.}}" in text


@pytest.mark.parametrize("name", ["plain", "padded", "reflect", "avg-pool-border", "circular-1d"])
def test_the_window_stands_beside_its_row(name: str) -> None:
    """The kernel entries that lie on the window's inputs are the entries of the row of W that is shown."""
    layer, _ = GALLERY[name]
    motion = moving(layer)
    assert motion is not None
    total = len(list(layer.definition.outputs()))
    assert len(motion.shots) == total if total <= EVERY else 1 < len(motion.shots) <= EVERY
    for shot in motion.shots:
        assert scale(shot.picture) >= SMALLEST
        frame = next(item for item in still(shot.picture) if getattr(item, "kind", "") == "row")
        cells = [item for item in still(shot.picture) if isinstance(item, Cell)]
        row = [cell for cell in cells if cell.panel == "matrix" and frame.y <= cell.y < frame.y + frame.height]
        assert len(row) == layer.weight_matrix().cols
        in_row = sorted(entry for cell in row for entry in cell.entries)
        lying = sorted(
            entry for cell in cells if cell.panel == "input" and cell.holds is not None for entry in cell.entries
        )
        assert in_row == lying


@pytest.mark.parametrize("name", GOLDEN_DECKS)
def test_a_deck_is_as_it_was_looked_at_and_approved(name: str) -> None:
    """After a change that is meant, run with UPDATE_GOLDEN=1 and look at the frames."""
    path = FOLDER / f"{name}.slides.tex"
    text = sc.prove(*GALLERY[name]).render("beamer")
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_of_many_outputs_the_representative_ones_are_shown_and_said() -> None:
    motion = moving(sc.Conv((5, 5), 3, padding=1))
    assert motion is not None
    assert motion.said == f"{len(motion.shots)} of the 25 outputs, in turn."
    outputs = {shot.picture.scenes[0].output for shot in motion.shots}
    assert {(0, 0), (0, 4), (4, 0), (4, 4)} <= outputs


def test_too_large_a_window_is_left_out() -> None:
    assert moving(sc.Conv((32, 32), 5)) is None
    assert moving(sc.Linear(3, 2)) is None
    proof = sc.prove(sc.Linear(3, 2))
    page = proof.theorem.document(proof)
    assert with_motion(page, proof) is page


def test_other_pages_are_decks_too(pdflatex: str, tmp_path: Path) -> None:
    general = sc.prove_general("weight_matrix", rank=1)
    assert_clean(compile_log(pdflatex, tmp_path, general.render("beamer")))
    found = sc.worksheet(sc.Conv((3, 3), 2))
    assert_clean(compile_log(pdflatex, tmp_path, found.sheet.render("beamer")))
    brief = sc.prove(sc.Conv((3, 3), 2)).render("beamer", depth="brief")
    assert "{Proof" not in brief
    assert not any(isinstance(block, Moving) for block in found.sheet.document.blocks)
