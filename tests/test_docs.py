"""The documentation: every block of code is run, and the whole is built, with warnings as errors, and needs no network.

Blocks with >>> run as doctests beside this file: `pytest docs`.
"""

from __future__ import annotations

import doctest
import inspect
import operator
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from lanes import some
from test_browser import CONTRAST, MEASURE, SCREENS, Opened, chromium  # noqa: F401 - a fixture
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv.cli import main

FOLDER = Path(__file__).parent.parent / "docs"
if not FOLDER.is_dir():
    pytest.skip("the documentation is not here", allow_module_level=True)
PAGES = {str(path.relative_to(FOLDER)): path for path in sorted(FOLDER.rglob("*.md"))}
_BLOCK = re.compile(r"^(?P<fence>`{3,4})(?P<kind>[^\n`]*)\n(?P<body>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
SHOWN = ("text", "rst", "markdown", "yaml")
"""Kinds of block that are not run here: formulas, what is run once to install, and sources of what the same page shows."""


def blocks(page: str) -> list[tuple[str, str]]:
    return [(found["kind"], found["body"]) for found in _BLOCK.finditer(PAGES[page].read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_run(page: str) -> None:
    for kind, body in blocks(page):
        assert kind in (*SHOWN, "console", "latex", "python") or re.fullmatch(r"\{[a-z-]+\}( python| latex)?", kind), (
            kind
        )
        if kind == "python" and ">>>" not in body:
            exec(compile(body, page, "exec"), {})  # a line of a conf.py
        elif kind == "python":
            assert body.endswith("\n\n"), "without an empty line the doctest takes the fence for output"


@pytest.mark.parametrize("page", [page for page in PAGES if any(kind == "console" for kind, _ in blocks(page))])
def test_every_command_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, body in blocks(page):
        for line in body.splitlines() if kind == "console" else ():
            assert line.startswith("$ symconv "), line
            assert main(shlex.split(line)[2:]) == 0, line


def test_fragments_compile_as_the_guide_says(pdflatex: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test_every_command_runs("guides/lecture_notes.md", tmp_path, monkeypatch)
    (body,) = [body for kind, body in blocks("guides/lecture_notes.md") if kind == "latex"]
    assert_clean(compile_log(pdflatex, tmp_path, body))


def test_the_gallery_shows_every_theorem_and_has_forty_entries() -> None:
    text = "".join(path.read_text(encoding="utf-8") for name, path in PAGES.items() if name.startswith("gallery"))
    shown = text.count("```{symconv-proof}")
    assert shown == text.count("```{symconv-figure}") >= 40
    assert f"{shown} derivations" in text
    assert set(re.findall(r":theorem: (\w+)", text)) | {"weight_matrix"} == set(sc.theorems())


def test_the_reference_names_everything_public() -> None:
    text = PAGES["reference.md"].read_text(encoding="utf-8")
    assert set(re.findall(r"auto\w+:: (\w+)", text)) == set(sc.__all__) - {"__version__"}


def _public() -> Iterator[tuple[str, list[Any]]]:
    """Every public class, function, method and property, with the objects whose docstring may have its example."""
    for name in sc.__all__:
        thing = getattr(sc, name)
        if callable(thing):
            yield name, [thing]
        if inspect.isclass(thing):
            ours = [each for each in thing.__mro__ if each.__module__.startswith("symconv")]
            for member in sorted({member for each in ours for member in vars(each) if not member.startswith("_")}):
                found = [vars(each)[member] for each in ours if member in vars(each)]
                if isinstance(found[0], (property, cached_property)) or callable(found[0]):
                    yield f"{name}.{member}", found  # an override means what the method that it overrides means


def test_every_public_name_has_a_running_example() -> None:
    public = dict(_public())
    assert {"Conv", "prove", "Layer.output", "Proof.render", "Sequential.to_scipy", "FullyConnected.refused"} <= set(
        public
    )
    without = [name for name, found in public.items() if not any(">>> " in (each.__doc__ or "") for each in found)]
    assert not without


@pytest.mark.parametrize(("page", "package"), [("from_pytorch", "torch"), ("from_onnx", "onnx")])
def test_a_guide_to_a_framework_runs_where_that_is_installed(
    page: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[oracle]'")
    monkeypatch.chdir(tmp_path)
    assert doctest.testfile(str(PAGES[f"guides/{page}.md"]), module_relative=False).failed == 0


@pytest.mark.parametrize("name", ["from_torch", "Layer.to_torch", "from_onnx"])
def test_an_example_that_needs_a_framework_runs_where_that_is_installed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[oracle]'")
    if name == "from_onnx":
        onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")
        value = [onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, [1, 1, 3]) for each in "xy"]
        graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "small", value[:1], value[1:])
        onnx.save(onnx.helper.make_model(graph), tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    text = operator.attrgetter(name)(sc).__doc__
    assert "+SKIP" in text
    example = doctest.DocTestParser().get_doctest(text.replace("# doctest: +SKIP", ""), {"torch": torch}, name, None, 0)
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_snippet_for_mkdocs_builds_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mkdocs", reason="needs MkDocs: pip install -e '.[mkdocs]'")
    pytest.importorskip("pymdownx", reason="needs pymdown-extensions: pip install -e '.[mkdocs]'")
    found = blocks("guides/documentation.md")
    (settings,) = [body for kind, body in found if kind == "yaml"]
    page = [body for kind, body in found if kind == "markdown"][-1]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(page, encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict"]
    missing = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert missing.returncode != 0
    test_every_command_runs("guides/documentation.md", tmp_path, monkeypatch)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert html.count('class="arithmatex"') > 20
    assert "<table>" in html
    assert "$" not in html.partition("<body")[2].partition("Proof.")[2].partition("</ul>")[0]


class _Requests(HTMLParser):
    """What a browser would load for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "link" and given.get("rel") in ("canonical", "index", "search", "next", "prev", "license"):
            return
        for name in ("src", "href", "data", "poster", "srcset") if tag != "a" else ():
            self.found += [value for value in (given.get(name),) if value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built as the documentation says; a warning is an error."""
    for package in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(package, reason=f"{package} is missing: pip install -e '.[docs]'")
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node.js is missing, which the playground needs: apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(FOLDER), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_it_builds_without_a_warning_and_needs_no_network(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        page = _Requests()
        page.feed(path.read_text(encoding="utf-8"))
        assert not [each for each in page.found if re.match(r"(https?:)?//", each)], path
    styles = sorted((site / "_static").rglob("*.css"))
    assert site / "_static" / "symconv.css" in styles
    for path in styles:
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path


UNFOLDED = """() => {
  document.querySelectorAll('.sidebar-drawer, .toc-drawer').forEach(drawer => drawer.remove());  // off the screen until they are asked for
  document.querySelectorAll('details').forEach(each => { each.open = true; });
}"""


def test_every_page_is_silent_whole_and_readable_in_a_browser(site: Path, chromium: Any) -> None:  # noqa: F811
    pages = [path for path in sorted(site.rglob("*.html")) if path.name != "playground.html"]  # it has its own tests
    asked = site.as_uri()
    for path in some(pages, 3, [site / "gallery" / "theorems.html", site / "explanation" / "conventions.html"]):
        for size in SCREENS.values():
            for scheme in ("light", "dark"):
                with Opened(chromium, path, size, scheme) as shown:
                    shown.page.evaluate(UNFOLDED)
                    assert shown.page.evaluate(MEASURE) == [], (path, size)
                    pale = [each for each in shown.page.evaluate(CONTRAST) if each.partition(":")[2].strip()]
                    assert not pale, (path, scheme)
                    assert [each for each in shown.asked if not each.startswith(asked)] == []
                    assert shown.said == [], path
