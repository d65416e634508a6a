"""PDF by the command line: what is written, what is said without TeX, and a TeX that does not end."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from symconv.cli import main

BASE = ["prove", "--input", "4x4", "--kernel", "3x3"]


def test_a_pdf_is_written_and_nothing_else(pdflatex: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = tmp_path / "proof.pdf"
    assert main([*BASE, "-o", str(target)]) == 0
    once = target.read_bytes()
    assert once.startswith(b"%PDF")
    assert [path.name for path in tmp_path.iterdir()] == ["proof.pdf"]
    assert main([*BASE, "-o", str(target)]) == 0
    assert target.read_bytes() == once


def test_without_tex_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([*BASE, "-o", str(tmp_path / "proof.pdf")]) == 2
    assert "PDF needs pdflatex; on Debian: apt-get install" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_first_error_of_a_log_is_one_line(pdflatex: str) -> None:
    from symconv.errors import SymconvError
    from symconv.render.pdf import compile_pdf

    with pytest.raises(SymconvError, match=r"pdflatex failed: Undefined control sequence. l.1 .*\\nonsense"):
        compile_pdf(r"\documentclass{article}\begin{document}\nonsense\end{document}")
    with pytest.raises(SymconvError, match="pdflatex failed"):
        compile_pdf(r"\documentclass{article}\begin{document}\input{/etc/passwd}\end{document}")


def test_a_document_that_never_ends_is_stopped(pdflatex: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from symconv.errors import SymconvError
    from symconv.render import pdf

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(pdf, "SECONDS", 0.3)
    with pytest.raises(SymconvError, match=r"pdflatex took longer than 0\.3 s and was stopped"):
        pdf.compile_pdf(r"\documentclass{article}\begin{document}\loop\iftrue\repeat\end{document}")
    assert list(tmp_path.iterdir()) == []


def test_slides_are_written_as_pdf_too(pdflatex: str, tmp_path: Path) -> None:
    assert main([*BASE, "--format", "beamer", "-o", str(tmp_path / "deck.pdf")]) == 0
    assert (tmp_path / "deck.pdf").read_bytes().startswith(b"%PDF")
    assert main([*BASE, "--format", "beamer", "-o", str(tmp_path / "deck.tex")]) == 0
    assert "{beamer}" in (tmp_path / "deck.tex").read_text(encoding="utf-8")
