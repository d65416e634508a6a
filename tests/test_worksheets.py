"""Worksheets: what is blank, that the solution is the document, and that both files are written or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gallery import GALLERY
from lanes import many, some
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv import cli
from symconv.documents.blocks import Cell, Document, Matrix, Table
from symconv.documents.walk import changed, every
from symconv.formula import Gap

FORMATS = ("latex", "markdown", "text", "html")
SHEETS = ["plain", "reflect", "read-twice", "groups-bias", "linear", "transposed", "avg-pool-border", "bilinear", "nearest",
          "pixel-shuffle", "avg-pool-ceil", "im2col", "padding-factor", "winograd", "lenet-c1", "rank-4"]  # fmt: skip


def made(name: str, **options: Any) -> tuple[Document, sc.Worksheet]:
    layer, theorem = GALLERY[name]
    proof = sc.prove(layer, theorem)
    return proof.theorem.document(proof), sc.worksheet(layer, theorem=theorem, **options)


def gaps(part: Any) -> list[Gap]:
    return [each for each in every(part) if isinstance(each, Gap)]


def closed(part: Any) -> Any:
    """Every gap replaced by what fills it, and zeros gone from the matrices, as they were."""
    match part:
        case Gap(inside, _):
            return inside
        case Cell(formula, colour, short):
            return Cell(formula, colour, short.removesuffix("*"))
        case Matrix():
            kept = {at: cell for at, cell in part.cells.items() if cell.short != "."}
            return Matrix(**{**vars(part), "cells": kept})
    return part


@pytest.mark.parametrize("blanks", ["some", "all"])
@pytest.mark.parametrize("name", SHEETS)
def test_the_solution_is_the_document_with_its_marks(name: str, blanks: str) -> None:
    """Taking the marks away gives the document that was proved, character for character."""
    from symconv.render.text import render

    document, found = made(name, seed=5, blanks=blanks)
    solution = changed(found.solution.document, closed)
    again = Document(document.title, solution.blocks[1:], document.key)
    assert render(again) == render(document)
    assert [each.inside for each in gaps(found.sheet.document)] == [
        each.inside for each in gaps(found.solution.document)
    ]
    assert all(each.filled for each in gaps(found.solution.document))
    assert not any(each.filled for each in gaps(found.sheet.document))
    assert found.blanks == len(gaps(found.sheet.document)) > 0


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_gives_nothing_away(name: str) -> None:
    """A blank cell has no colour and no letter, and all blanks of a kind look the same in every format."""
    _, found = made(name, blanks="all")
    for cell in (each for each in every(found.sheet.document) if isinstance(each, Cell)):
        assert isinstance(cell.formula, Gap) == (cell.short == "_")
        if isinstance(cell.formula, Gap):
            assert cell.colour is None
    for grid in (each for each in every(found.sheet.document) if isinstance(each, Matrix)):
        assert len(grid.cells) == len(grid.rows) * len(grid.columns)
    for format in FORMATS:
        assert found.sheet.render(format) != found.solution.render(format)


def test_some_is_half_of_the_cells_and_of_the_sums() -> None:
    for seed in range(many(20, 5)):
        _, found = made("plain", seed=seed)
        grid = next(each for each in every(found.sheet.document) if isinstance(each, Matrix))
        assert sum(isinstance(cell.formula, Gap) for cell in grid.cells.values()) == 32
        text = str(found.sheet)
        assert sum(f"y[{i},{j}] = ____" in text for i in range(2) for j in range(2)) == 2
        assert (")[1] = ____" in text) == ("y[0,1] = ____" in text)


def test_the_seed_decides() -> None:
    first, again, other = (made("padded", seed=seed)[1] for seed in (1, 1, 2))
    for format in FORMATS:
        assert first.sheet.render(format) == again.sheet.render(format)
        assert first.solution.render(format) == again.solution.render(format)
    assert str(first.sheet) != str(other.sheet)


def test_the_output_size_is_blank_where_it_is_computed() -> None:
    _, found = made("plain")
    text = " ".join(str(found.sheet).split())
    assert "+ 1 = ______, so Y is ______." in text
    assert "«2», so Y is «2×2»" in " ".join(str(found.solution).split())
    table = next(each for each in found.sheet.document.blocks if isinstance(each, Table))
    assert [name for name, value in table.rows if gaps(value)] == ["output"]
    _, given = made("bilinear")
    assert "The output size is given: 4×4." in str(given.sheet)


@pytest.mark.parametrize(
    "name", some(["padded", "read-twice", "avg-pool-border", "lenet-c1", "im2col", "transposed"], 2)
)
def test_sheet_and_solution_compile(name: str, pdflatex: str, tmp_path: Path) -> None:
    _, found = made(name)
    for page in (found.sheet, found.solution):
        assert_clean(compile_log(pdflatex, tmp_path, page.render("latex", standalone=True)))
        assert max(map(len, str(page).splitlines())) <= 80
        assert page.render("markdown").replace("$$", "").count("$") % 2 == 0


def run(*arguments: str) -> int:
    return cli.main(["worksheet", "--input", "4x4", "--kernel", "3x3", *arguments])


def test_both_files_are_written_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, solution = tmp_path / "sheet.tex", tmp_path / "solution.md"
    assert run("-o", str(sheet), "--solution", str(solution), "--seed", "4") == 0
    expected = sc.worksheet(sc.Conv((4, 4), 3), seed=4)
    assert sheet.read_text() == expected.sheet.render("latex", standalone=True)
    assert solution.read_text() == expected.solution.render("markdown")
    sheet.write_text("mine")
    for wrong in (
        ["--solution", str(tmp_path / "none" / "solution.tex")],
        ["--solution", str(sheet)],
        ["--solution", str(tmp_path / "solution.xyz")],
        ["--solution", str(tmp_path)],
        ["--blanks", "few"],
        ["--seed=-1"],
        ["--seed", "two"],
        ["--solution", str(tmp_path / "solution.json")],
    ):
        assert run("-o", str(sheet), *wrong) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
        assert sheet.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.tex", "solution.md"]


def test_a_failure_of_the_second_file_takes_the_first_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from symconv import output

    first, second = tmp_path / "first", tmp_path / "second"
    real, calls = output.os.replace, []

    def fails(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) % 2 == 0:
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr(output.os, "replace", fails)
    for before in (None, "old"):
        if before:
            first.write_text(before)
        with pytest.raises(OSError, match="No space"):
            output.write_all([(str(first), "new"), (str(second), "new")])
        assert (first.read_text() if first.exists() else None) == before
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_page_is_a_value_that_a_notebook_shows() -> None:
    sheet = sc.worksheet(sc.Conv((3,), 2), seed=1).sheet
    assert sheet._repr_markdown_() == sheet.render("markdown")
    assert len({sheet, sc.worksheet(sc.Conv((3,), 2), seed=1).sheet}) == 1


def test_refusals_teach(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = sc.Conv((3,), 2)
    with pytest.raises(sc.SpecError, match=r"seed=True: must be an integer from 0 to 2\^64 - 1\. Valid: seed=1"):
        sc.worksheet(layer, seed=True)
    with pytest.raises(sc.SpecError, match="blanks='few': must be one of all, some"):
        sc.worksheet(layer, blanks="few")
    with pytest.raises(sc.SpecError, match="writes a proof as data; a page can be latex, markdown"):
        sc.worksheet(layer).sheet.render("json")
    monkeypatch.setattr("symconv.worksheets.with_gaps", lambda document, *asked: (document, document))
    with pytest.raises(
        sc.SpecError, match="theorem='weight_matrix': has nothing on its page to fill in for this layer"
    ):
        sc.worksheet(layer)
