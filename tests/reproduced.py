"""Everything that symconv writes, as digests: the same wherever and however it runs.

    python tests/reproduced.py                                       # print them: SHA-256 and name, one a line
    python tests/reproduced.py python3.11 python3.12 python3.13      # and compare the interpreters, each in a new environment
    python tests/reproduced.py pyodide                               # Python 3.14, in WebAssembly, from npm; needs Node.js

Nothing but symconv is needed, so that an interpreter for which there is no NumPy can be asked too.
"""

from __future__ import annotations

import hashlib
import locale
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import symconv as sc
from symconv.cli import main
from symconv.render import FORMATS

LAYERS = {
    "groups": (sc.Conv((3, 3), 2, 4, 4, groups=2, bias=True), "weight_matrix"),
    "reflect": (sc.Conv((3, 4), (3, 2), padding=1, padding_mode="reflect", stride=(1, 2)), "padding_factor"),
    "read twice": (sc.Conv((2,), 3, padding=1, padding_mode="circular"), "uncertainty"),
    "transposed": (sc.ConvTranspose((2, 2), 3, stride=2, padding=1, output_padding=1), "input_gradient"),
    "average": (sc.AvgPool((3, 4), 3, stride=1, padding=1, count_include_pad=False), "weight_matrix"),
    "bilinear": (sc.Upsample((2, 3), size=(4, 4), mode="bilinear"), "upsampling"),
    "shuffle": (sc.PixelShuffle((2, 1), 2), "weight_matrix"),
    "linear": (sc.Linear(3, 2, bias=True), "linear_as_conv"),
    "rank": (sc.Conv((3,), 3, padding=1, padding_mode="circular"), "rank"),
    "dft": (sc.Conv((4,), 3, padding=1, padding_mode="circular"), "dft"),
    "winograd": (sc.Conv((6, 7), 3, 2, padding=1), "winograd"),
    "structure": (sc.Conv((4, 4), 3, padding=1), "structure"),
    "stack": (sc.Sequential(sc.Conv((5, 4), 2, 1, 2), sc.Conv((4, 3), (2, 1), 2, 1, bias=True)), "composition"),
}
"""Several kinds of layer and of theorem: name -> (layer, theorem)."""

COMMANDS = {
    "a page with names": "prove --input 4x4 --kernel 3x3 --padding 1 --names x=I,k=s --depth full --format html",
    "a page with numbers": "prove --input 3x3 --kernel 2x2 --kernel-values 1,2;3,1/2 --first-index 1 --format latex",
    "a page for every size": "prove --general weight_matrix --rank r --format latex",
    "a worksheet": "worksheet --input 4x4 --kernel 3x3 --padding 1 --seed 7",
    "W in the terminal": "show --input 4x4 --kernel 3x3 --stride 2 --padding 1 --order channels-last",
    "a moving picture": "draw --input 5x5 --kernel 3x3 --padding 1 --what animation -o -",
    "the theorems": "theorems --input 4x4 --kernel 3x3",
}
"""What else is written, by the command line."""


def pieces() -> dict[str, Callable[[], str]]:
    """Everything that is compared, and what makes it."""
    made: dict[str, Callable[[], str]] = {}
    for name, (layer, theorem) in LAYERS.items():
        for form in FORMATS:
            made[f"{name}, {form}"] = partial(page, layer, theorem, form)
    for name in ("groups", "bilinear", "transposed"):
        made[f"{name}, coq"] = partial(page, LAYERS[name][0], "weight_matrix", "coq")
        made[f"{name}, svg"] = partial(picture, LAYERS[name][0], "svg")
        made[f"{name}, tikz"] = partial(picture, LAYERS[name][0], "tikz")
        made[f"{name}, W"] = lambda layer=LAYERS[name][0]: layer.to_latex() + str(layer.weight_matrix())  # type: ignore[misc]
    return made


def page(layer: sc.Layer, theorem: str, form: str) -> str:
    return sc.prove(layer, theorem).render(form)


def picture(layer: sc.Layer, form: str) -> str:
    drawing = layer.draw()
    return drawing.svg() if form == "svg" else drawing.tikz()


def said(command: str) -> str:
    with redirect_stdout(StringIO()) as out, suppress(SystemExit):
        main(command.split())
    return out.getvalue()


def digests(threads: int = 0, times: int = 1) -> list[str]:
    """SHA-256 and name of every piece; with threads the pages are made side by side, each so many times."""
    made = pieces()
    if threads:
        sys.setswitchinterval(1e-5)
        with ThreadPoolExecutor(threads) as pool:
            # one after the other in the order of the pieces: neighbours share a layer and what is worked out about it
            found = [(name, pool.submit(make)) for name, make in made.items() for _ in range(times)]
            texts = [(name, each.result()) for name, each in found]
    else:
        made |= {name: partial(said, command) for name, command in COMMANDS.items()}  # they share one standard output
        texts = []
        for name, make in made.items():
            try:
                texts.append((name, make()))
            except ModuleNotFoundError as error:
                if error.name != "numpy":  # which WebAssembly does not have, and few pages need
                    raise
    lines = (f"{hashlib.sha256(text.encode()).hexdigest()} {name}" for name, text in texts)
    return list(dict.fromkeys(lines))


def compare(interpreters: list[str]) -> int:
    """Run this file with every interpreter, and say which pieces differ from those of the one that runs now."""
    ours = digests()
    different = 0
    for interpreter in interpreters:
        with tempfile.TemporaryDirectory() as folder:
            version, theirs = (in_node if interpreter == "pyodide" else in_environment)(Path(folder), interpreter)
        wrong = sorted(line[65:] for line in set(theirs) - set(ours))
        different += len(wrong)
        print(f"{interpreter}: {version}: {len(theirs)} pieces, {f'different: {wrong}' if wrong else 'the same bytes'}")
    return 1 if different else 0


def in_environment(folder: Path, interpreter: str) -> tuple[str, list[str]]:
    """The version and the digests of an interpreter, in a new virtual environment."""
    subprocess.run([interpreter, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", ROOT], check=True)
    run = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=folder)
    version = run([python, "--version"]).stdout.strip()
    return version, run([python, __file__]).stdout.splitlines()


def in_node(folder: Path, _: str) -> tuple[str, list[str]]:
    """The same of CPython compiled to WebAssembly, which runs the SymPy that is installed here."""
    environment = {**os.environ, "HOME": str(folder)}
    subprocess.run(["npm", "install", "--silent", f"pyodide@{PYODIDE}"], cwd=folder, check=True, env=environment)
    for name in ("sympy", "mpmath"):
        (place,) = find_spec(name).submodule_search_locations  # type: ignore[union-attr, misc]
        shutil.copytree(place, folder / "site" / name, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copytree(ROOT / "symconv", folder / "site" / "symconv")
    shutil.copy(__file__, folder / "site")
    (folder / "run.mjs").write_text(NODE, encoding="utf-8")
    done = subprocess.run(["node", "run.mjs"], cwd=folder, check=True, capture_output=True, text=True)
    version, *lines = done.stdout.splitlines()
    return version, lines


ROOT = Path(__file__).parent.parent
PYODIDE = "314.0.7"
NODE = """
import { loadPyodide } from "pyodide";
const python = await loadPyodide();
python.FS.mkdir("/site");
python.FS.mount(python.FS.filesystems.NODEFS, { root: "site" }, "/site");
python.runPython(`
import sys
sys.path.insert(0, "/site")
import reproduced
print("Python", sys.version.split()[0])
for line in reproduced.digests():
    print(line)
`);
"""

if __name__ == "__main__":
    with suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "")  # as a program does that symconv is part of
    if sys.argv[1:2] == ["--threads"]:
        print("\n".join(digests(int(sys.argv[2]), int(sys.argv[3]))))
    elif sys.argv[1:]:
        sys.exit(compare(sys.argv[1:]))
    else:
        print("\n".join(digests()))
