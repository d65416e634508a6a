"""Puts the playground into the built pages: Python for the browser, symconv and SymPy compiled for it.

Pyodide comes from the npm registry, once, into build/playground, with npm and Node.js; everything is then served from the pages'
own folder. `python -m sphinx -D playground=0 ...` builds the other pages without it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PYODIDE = "0.29.3"
SERVED = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
FILES = (*SERVED, "pyodide.mjs")  # the last for compile.mjs
HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "build" / "playground"
PAGE = ("playground.css", "playground.js", "options.js", "matrix.js", "picture.js", "worker.js")
WITHOUT = "This copy of the documentation was built without the playground."


class Missing(Exception):
    """What the playground needs is not there; says what to install."""


def setup(app: Any) -> dict[str, Any]:
    """The hook for conf.py."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from sphinx import addnodes

    class Playground(Directive):
        """Its place in a page of HTML; elsewhere, and where it is switched off, a sentence that there is none."""

        def run(self) -> list[Any]:
            there = nodes.raw("", (HERE / "controls.html").read_text(encoding="utf-8"), format="html")
            absent = nodes.note("", nodes.paragraph("", WITHOUT))
            if not app.config.playground:
                return [absent]
            return [addnodes.only("", there, expr="builder_html"), addnodes.only("", absent, expr="not builder_html")]

    app.add_directive("playground", Playground)
    app.add_config_value("playground", True, "env", bool)
    app.connect("builder-inited", _install)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _install(app: Any) -> None:
    """Before the pages are made: what is missing is said at once."""
    from sphinx.errors import ExtensionError

    if app.builder.name != "html" or not app.config.playground:
        return
    try:
        install(Path(app.outdir) / "_static" / "playground")
    except Missing as missing:
        raise ExtensionError(f"docs/playground: {missing}; or build without it: -D playground=0") from None


def install(target: Path) -> None:
    """Write the page's files and its runtime below a folder."""
    pyodide, symconv, sympy = pyodide_runtime(), symconv_archive(), sympy_archive()
    runtime = target / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    for source in (*(HERE / name for name in PAGE), *(pyodide / name for name in SERVED), symconv, sympy):
        name = source.name.split("-")[0] + ".zip" if source.suffix == ".zip" and source.parent == CACHE else source.name
        place = (target if source.parent == HERE else runtime) / name
        if (
            not place.exists()
            or place.stat().st_size != source.stat().st_size
            or place.read_bytes() != source.read_bytes()
        ):
            shutil.copyfile(source, place)


def pyodide_runtime() -> Path:
    """The folder with Pyodide, fetched when it is not there yet."""
    folder = CACHE / f"pyodide-{PYODIDE}"
    if all((folder / name).exists() for name in FILES):
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
        _run("npm", "pack", f"pyodide@{PYODIDE}", "--silent", "--pack-destination", fresh)
        with tarfile.open(Path(fresh) / f"pyodide-{PYODIDE}.tgz") as archive:
            made = Path(fresh) / "package"
            made.mkdir()
            for name in FILES:  # one by one: Python before 3.11.4 cannot be told to extract safely
                member = archive.extractfile(f"package/{name}")
                if member is None:
                    raise FileNotFoundError(f"pyodide {PYODIDE} has no {name}")
                (made / name).write_bytes(member.read())
        with suppress(OSError):  # another build has put it there meanwhile
            made.rename(folder)
    return folder


def symconv_archive() -> Path:
    """symconv as it is in this checkout, with the page's bridge."""
    package = HERE.parents[1] / "symconv"
    return _archive("symconv", "", [(package, _python(package)), (HERE, [HERE / "bridge.py"])])


def sympy_archive() -> Path:
    """The SymPy that is installed here, without its tests, with mpmath, which it needs."""
    folders = [Path(find_spec(name).submodule_search_locations[0]) for name in ("sympy", "mpmath")]  # type: ignore[union-attr, index]
    versions = "-".join(metadata.version(name) for name in ("sympy", "mpmath"))
    return _archive("sympy", versions, [(folder, _python(folder)) for folder in folders])


def _python(folder: Path) -> list[Path]:
    skipped = {"tests", "testing", "benchmarks", "__pycache__", "sphinxext"}
    return sorted(path for path in folder.rglob("*.py") if not skipped & set(path.relative_to(folder).parts))


def _archive(name: str, version: str, parts: Iterable[tuple[Path, list[Path]]]) -> Path:
    """The files compiled, as one archive that Python imports from; made again when it would be another."""
    parts = list(parts)
    content = hashlib.sha256(f"{PYODIDE} {version}".encode())
    for _, paths in parts if not version else ():
        for path in paths:
            content.update(path.name.encode() + path.read_bytes())
    made = CACHE / f"{name}-{content.hexdigest()[:16]}.zip"
    if made.exists():
        return made
    with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
        for folder, paths in parts:
            for path in paths:
                place = Path(fresh) / (path.name if folder == HERE else path.relative_to(folder.parent))
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
        _run("node", str(HERE / "compile.mjs"), str(pyodide_runtime()), fresh)
        packed = Path(fresh) / made.name
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted(Path(fresh).rglob("*.pyc")):
                entry = zipfile.ZipInfo(str(path.relative_to(fresh)))  # without a time: the same files, the same bytes
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
        for old in CACHE.glob(f"{name}-*.zip"):
            old.unlink(missing_ok=True)
        packed.replace(made)  # in one move, as several builds may go on at once
    return made


def _run(program: str, *words: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise Missing(f"the playground needs {program}: install Node.js 18 or newer, with npm")
    done = subprocess.run([path, *words], capture_output=True, text=True, cwd=CACHE, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Missing(f"{program} {words[0]} failed: {' '.join(done.stderr.split())[-400:]}")
