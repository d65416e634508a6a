"""The page on adding to symconv, done: its pieces are put into a copy of the package, as they stand there, and used."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_docs import blocks

import symconv as sc

PIECES = {
    body.split("\n", 1)[0].removeprefix(":caption: "): body.split("\n", 1)[1].lstrip("\n")
    for kind, body in blocks("extending.md")
    if kind == "{code-block} python"
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with all that the page adds."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(Path(sc.__file__).parent, folder / "symconv", ignore=shutil.ignore_patterns("__pycache__"))
    for caption, text in PIECES.items():
        if caption.startswith("tests/"):
            continue
        path, _, registry = caption.partition(", in ")
        file = folder / path
        if not registry:
            file.write_text(text, encoding="utf-8")
            continue
        source = file.read_text(encoding="utf-8")
        end = {"MODES": "    )\n}\n", "FORMATS": "}\n"}[registry]
        start = source.index("MODES: dict" if registry == "MODES" else "FORMATS = {")
        at = source.index(end, start)
        file.write_text(source[:at] + text + source[at:], encoding="utf-8")
    registry = folder / "symconv" / "catalogue" / "__init__.py"
    source = registry.read_text(encoding="utf-8")
    registry.write_text(source.replace('    "morphism",\n', '    "morphism",\n    "scaling",\n', 1), encoding="utf-8")
    return folder


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Python in the folder of the copy, which is imported before what is installed."""
    return subprocess.run(
        [sys.executable, *command], cwd=copy, capture_output=True, text=True, check=False, timeout=120
    )


def symconv(copy: Path, *options: str) -> str:
    done = run(copy, "-m", "symconv", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_has_these_pieces() -> None:
    assert list(PIECES) == [
        "symconv/padding.py, in MODES",
        "tests/oracle.py, above NUMPY_MODES",
        "symconv/catalogue/scaling.py",
        "symconv/render/outline.py",
        "symconv/render/__init__.py, in FORMATS",
    ]


def test_a_padding_mode(copy: Path) -> None:
    options = ["--input", "4x3", "--kernel", "3x2", "--padding", "2:1x1:2", "--padding-mode", "hold", "--stride", "2x1"]
    assert "every entry" in symconv(copy, "prove", *options, "--check", "all")
    assert "padding_factor" in symconv(copy, "theorems", *options)
    written: dict[str, Any] = {"np": np}
    exec(PIECES["tests/oracle.py, above NUMPY_MODES"], written)
    padded = np.pad(np.arange(1, 5), (2, 1), written["hold"]).tolist()
    assert padded == [1, 1, 1, 2, 3, 4, 0]
    asked = "import symconv as sc\nprint(sc.Conv((4,), 1, padding=((2, 1),), padding_mode='hold').to_numpy([[[1]]]) @ [1, 2, 3, 4])"
    done = run(copy, "-c", asked)
    assert [int(word) for word in re.findall(r"\d+", done.stdout)] == padded, done.stderr


def test_a_padding_mode_with_a_slip_is_found(copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy / "symconv", tmp_path / "symconv", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "symconv" / "padding.py"
    good = path.read_text(encoding="utf-8")
    bad = good.replace("range(min(-low, 0), 1) if q == 0", "range(min(-low, 0), 1) if q == 1")
    assert bad != good
    path.write_text(bad, encoding="utf-8")
    done = run(
        tmp_path, "-m", "symconv", "prove", "--input", "4", "--kernel", "3", "--padding", "1", "--padding-mode", "hold"
    )
    assert done.returncode == 1
    assert "FAILED" in done.stderr
    assert not done.stdout


def test_a_theorem(copy: Path) -> None:
    for format in ("text", "latex", "html", "markdown", "json"):
        assert symconv(copy, "prove", "--input", "4x4", "--kernel", "3", "--theorem", "scaling", "--format", format)
    page = symconv(copy, "prove", "--input", "4x4", "--kernel", "3", "--theorem", "scaling")
    assert "each product in a row has exactly one input in it" in " ".join(page.split())
    refused = run(copy, "-m", "symconv", "prove", "--input", "4", "--kernel", "3", "--bias", "--theorem", "scaling")
    assert refused.returncode == 2
    assert "it has a bias" in refused.stderr
    damaged = (
        "from dataclasses import replace\nimport symconv as sc\nproof = sc.prove(sc.Conv((4,), 3), 'scaling')\n"
        "print(bool(proof.check()), bool(replace(proof, steps=proof.steps[1:]).check()))"
    )
    assert run(copy, "-c", damaged).stdout == "True False\n"


def test_a_format(copy: Path) -> None:
    page = symconv(copy, "prove", "--input", "4x4", "--kernel", "3", "--format", "outline")
    assert page.splitlines()[1:4] == ["Setting", "Definition", "Output size"]
    symconv(copy, "prove", "--input", "4x4", "--kernel", "3", "-o", "proof.outline")
    assert (copy / "proof.outline").read_text(encoding="utf-8") == page
