"""symconv as its users get it: built, installed in an environment of its own, and tested there.

    python tests/installed.py sdist                # from the sdist, with the newest versions of its dependencies
    python tests/installed.py wheel --lowest       # from the wheel, with the lowest that pyproject.toml declares
    python tests/installed.py sdist --without latexify-py     # as on Python 3.14, where it cannot be installed
    python tests/installed.py wheel -- -k cli      # what follows -- is for pytest

Without TeX, Coq and Chromium, whatever this machine has. The tests are those of the sdist, unpacked, its symconv/ taken
away: what they import is what was installed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXTRAS = ("test", "scipy", "pictures", "onnx", "experiment", "sweep", "dask", "docs")
"""All that can be installed in a minute. Whatever needs PyTorch, TensorFlow, JAX or Chromium is in the whole run of .ci/run."""
TOOLS = ("bash", "sh", "env", "head", "cat")


def requirements(*extras: str) -> Iterator[tuple[str, str, str]]:
    """(name, sign, version) of everything declared: the package's own, then those of the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["optional-dependencies"]
    for line in (*project["dependencies"], *(line for extra in extras or declared for line in declared[extra])):
        found = re.fullmatch(r"([A-Za-z0-9_-]+)(>=|==)([0-9.]+)( *;.*)?", line)
        if found is None:
            raise SystemExit(f"pyproject.toml: {line!r} has no lower bound; write name>=version")
        yield found[1], found[2], found[3]


def run(*command: str | Path, **options: object) -> None:
    done = subprocess.run(list(map(str, command)), check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("what", choices=["wheel", "sdist"])
    parser.add_argument("--lowest", action="store_true", help="the lowest versions that pyproject.toml declares")
    parser.add_argument("--extras", default=",".join(EXTRAS), help="what to install beside it")
    parser.add_argument("--without", help="a dependency to take away again")
    parser.add_argument("pytest", nargs="*", help="what pytest is given, after --")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), asked)


def check(folder: Path, asked: argparse.Namespace) -> None:
    """Build, install, test."""
    run(sys.executable, "-m", "venv", folder / "venv")
    tools = folder / "venv" / "bin"
    pip = (tools / "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "build>=1")
    run(tools / "python", "-m", "build", "--outdir", folder / "dist", ROOT)  # the wheel is built from the sdist
    (sdist,), (wheel,) = (list((folder / "dist").glob(name)) for name in ("*.tar.gz", "*.whl"))
    bounds = folder / "lowest.txt"
    bounds.write_text("".join(f"{name}=={version}\n" for name, _, version in requirements(*asked.extras.split(","))))
    chosen = wheel if asked.what == "wheel" else sdist
    run(*pip, f"{chosen}[{asked.extras}]", *(("--constraint", bounds) if asked.lowest else ()))
    if asked.without:
        run(tools / "pip", "uninstall", "--quiet", "--yes", asked.without)

    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (place,) = (each for each in folder.glob("symconv-*") if each.is_dir())
    shutil.rmtree(place / "symconv")
    (folder / "bin").mkdir()
    for tool in TOOLS:
        (folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    environment = {**os.environ, "PATH": f"{tools}:{folder / 'bin'}", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    run(tools / "pip", "list", "--format=freeze", env=environment)
    wanted = asked.pytest or ["tests", "README.md", "docs", "--pyargs", "symconv"]
    run(tools / "pytest", "-n", "auto", "-p", "no:cacheprovider", *wanted, cwd=place, env=environment)


if __name__ == "__main__":
    main()
