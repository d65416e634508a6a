"""PDF through pdflatex, when it is installed: no shell escape, a time limit, nothing left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..errors import SymconvError, Unsupported

SECONDS = 120


def compile_pdf(latex: str) -> bytes:
    """The compiled document; the same bytes for the same text.

    Raises `Unsupported` where pdflatex is missing, and `SymconvError` with the log's first error
    where the document does not compile.
    """
    program = shutil.which("pdflatex")
    if program is None:
        raise Unsupported(
            "PDF needs pdflatex; on Debian: apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern; "
            "without it, write -o proof.tex"
        )
    # A fixed date makes the output reproducible; paranoid file access keeps TeX within its folder.
    settings = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "openin_any": "p", "openout_any": "p"}
    command = [program, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "proof.tex"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "proof.tex").write_text(latex, encoding="utf-8")
        for _ in range(2):  # the second run knows the numbers that the first one gave
            try:
                run = subprocess.run(  # noqa: S603 - a fixed command, no shell
                    command, cwd=folder, env={**os.environ, **settings}, capture_output=True, stdin=subprocess.DEVNULL,
                    timeout=SECONDS, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise SymconvError(f"pdflatex took longer than {SECONDS} s and was stopped") from None
            if run.returncode:
                raise SymconvError(f"pdflatex failed: {first_error(run.stdout.decode(errors='replace'))}")
        return Path(folder, "proof.pdf").read_bytes()


def first_error(log: str) -> str:
    """The first error of a TeX log, in one line."""
    lines = log.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("!")), None)
    if start is None:
        return lines[-1] if lines else "no output"
    place = next((line for line in lines[start:] if line.startswith("l.")), "")
    return " ".join(f"{lines[start][1:]} {place}".split())
