"""What is handed out: the wheel and the sdist hold what they should and nothing else, and every dependency has its bound."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from installed import ROOT, requirements

import symconv as sc

PACKAGE = Path(sc.__file__).parent
DATA = {".v", ".typed"}
"""Suffixes of what the package holds beside its modules: Coq's files and the marker of its types."""
KEPT = {".py", ".md", ".json", ".ipynb", ".png", ".svg", ".txt", ".css", ".html", ".js", ".mjs", ".tex", ".toml", *DATA}
PAPERS = {
    "README.md", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "LICENSE", "pyproject.toml", ".gitignore", "PKG-INFO",
}  # fmt: skip
here = pytest.mark.skipif(not (ROOT / "symconv").is_dir(), reason="the sources of symconv are not beside the tests")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel, made without a network."""
    pytest.importorskip("hatchling", reason="pip install hatchling")
    folder = tmp_path_factory.mktemp("dist")
    for target in ("sdist", "wheel"):
        build(folder, target)
    return folder


def build(folder: Path, target: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def sources(folder: Path) -> Iterator[Path]:
    """What a folder of the repository holds: no caches, nothing built."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts) and path.suffix in KEPT:
            yield path


@here
def test_the_wheel_holds_the_package_its_data_and_its_licence(built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        information = f"symconv-{sc.__version__}.dist-info"
        modules = {str(each.relative_to(ROOT)) for each in sources(PACKAGE) if each.suffix in {".py", *DATA}}
        papers = {f"{information}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}  # fmt: skip
        assert names == modules | papers
        assert {"symconv/py.typed", "symconv/render/coq/kernel.v"} <= names
        for name in modules:
            assert wheel.read(name) == (ROOT / name).read_bytes(), name
        assert "symconv = symconv.__main__:run" in wheel.read(f"{information}/entry_points.txt").decode()
        assert wheel.read(f"{information}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        recorded = list(csv.reader(io.StringIO(wheel.read(f"{information}/RECORD").decode())))
        assert {name for name, *_ in recorded} == names
        for name, told, size in recorded:
            if told:
                found = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).decode().rstrip("=")
                assert (told, int(size)) == (f"sha256={found}", len(wheel.read(name))), name
        about = message_from_bytes(wheel.read(f"{information}/METADATA"))
    assert about["Version"] == sc.__version__
    assert about["License-Expression"] == "BSD-3-Clause"
    wanted = {name for name, _, _ in requirements()}
    assert {re.split(r"[>=;]", line)[0].strip() for line in about.get_all("Requires-Dist", [])} == wanted


@here
def test_the_sdist_holds_what_builds_documents_and_tests_it(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    top = f"symconv-{sc.__version__}/"
    assert all(each.isfile() and each.name.startswith(top) for each in members)
    names = {each.name.removeprefix(top) for each in members}
    wanted = {str(each.relative_to(ROOT)) for name in ("symconv", "tests", "docs") for each in sources(ROOT / name)}
    assert names == wanted | PAPERS
    assert max(each.size for each in members) < 1_000_000  # no model, no runtime of a browser


@here
@pytest.mark.parametrize("target", ["sdist", "wheel"])
def test_building_again_gives_the_same_bytes(target: str, built: Path, tmp_path: Path) -> None:
    build(tmp_path, target)
    (again,) = tmp_path.iterdir()
    assert again.read_bytes() == (built / again.name).read_bytes()


def test_every_dependency_has_a_bound_and_one_only() -> None:
    """`python tests/installed.py wheel --lowest` installs these and runs the tests."""
    bounds: dict[str, set[str]] = {}
    for name, sign, version in requirements():
        bounds.setdefault(name, set()).add(sign + version)
    torch = bounds.pop("torch")
    assert all(len(found) == 1 and min(found).startswith(">=") for found in bounds.values()), bounds
    assert torch == {">=2.13", "==2.13.0"}  # the conformance suites compare exactly, with that one
