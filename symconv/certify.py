"""Certificates, checked by Coq when it is installed: no shell, a time limit, nothing left behind.

That Coq accepts a file says that its theorems hold, not that they are the ones the reader expects: a
changed definition or a weaker statement is accepted as well. So the text is also compared with what
this package writes for the configuration that the file names.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import SpecError, SymconvError, Unsupported

SECONDS = 600
INSTALL = "on Debian: apt-get install coq libcoq-mathcomp-algebra"
CLOSED = "Closed under the global context"


@dataclass(frozen=True)
class Verdict:
    """Whether a certificate is accepted, and one line that says what of."""

    accepted: bool
    said: str


def certify(text: str) -> Verdict:
    """Let Coq check a certificate, and compare its text with what its configuration implies.

    Raises `Unsupported` where Coq or Mathematical Components is missing, and `SpecError` where the text is no certificate.
    """
    expected, what, theorem = _expected(text)
    place = difference(text, expected)
    if place is not None:
        foreign = _foreign(text)
        if foreign:
            return Verdict(False, f"not given to Coq: {foreign}")
    start = time.monotonic()
    refused = run(text, theorem)
    if refused is not None:
        return Verdict(False, f"Coq does not accept it: {refused}")
    if place is not None:
        return Verdict(False, f"Coq accepts it, but it is not what symconv writes for {what}: {place}")
    seconds = time.monotonic() - start
    return Verdict(
        True, f"accepted by {version()} in {seconds:.1f} s: {theorem} for {what}, {CLOSED[0].lower()}{CLOSED[1:]}"
    )


def _expected(text: str) -> tuple[str, str, str]:
    """The text that this package writes, what it is about, and the theorem that it ends in."""
    from .render.coq.every_size import THEOREM, TITLE, every_size
    from .render.coq.write import CONFIGURATION, certificate
    from .render.json_format import layer_from

    if text.startswith(f"(* {TITLE}"):
        return every_size(), "every size and rank", THEOREM
    found = re.search(rf"^ *{CONFIGURATION}(\{{.*\}}) \*\)$", text, re.MULTILINE)
    example = "a file written by: symconv prove --input 4x4 --kernel 3x3 -o proof.v"
    if found is None:
        raise SpecError("FILE", text[:40], "is no certificate: it names no configuration", example)
    try:
        data: Any = json.loads(found.group(1))
    except (ValueError, RecursionError):
        raise SpecError("FILE", found.group(1), "is no configuration", example) from None
    layer = layer_from({"layer": data})
    return certificate(layer), repr(layer), "layer_is_matrix"


def difference(text: str, expected: str) -> str | None:
    """Where two texts part, in words; None where they are the same."""
    if text == expected:
        return None
    ours, theirs = expected.splitlines(), text.splitlines()
    for number, (left, right) in enumerate(zip(ours, theirs, strict=False), 1):
        if left != right:
            at = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
            return f"line {number} has {_piece(right, at)} where {_piece(left, at)} is implied"
    if len(ours) == len(theirs):
        return "its line ends differ"
    return f"it has {len(theirs):,} lines where {len(ours):,} are implied"


def _piece(line: str, at: int) -> str:
    """What stands at that place of a line."""
    start = max(0, at - 20)
    return repr(line[start : start + 40])


_COMMANDS = (
    "Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Hypothes[ei]s|Primitive|bypass_check|Checking|ML|"
    "Load|Redirect|Extraction|Extract|Cd|LoadPath|Universes|Profile|native_compute|Drop|Timeout|Quit"
)
"""One word for each: between the words of a command there may be spaces, lines and comments."""


def _foreign(text: str) -> str | None:
    """A command that no certificate uses: an assumption, or one that reaches outside of Coq."""
    found = re.search(rf"\b({_COMMANDS})\b", text)
    if found is None:
        return None
    return f"line {text.count(chr(10), 0, found.start()) + 1} says {found.group(1)}, which no certificate does"


def run(text: str, theorem: str) -> str | None:
    """Compile a certificate with Coq; None when it is accepted without assumptions, else why not, in one line."""
    program = shutil.which("coqc")
    if program is None:
        raise Unsupported(f"certify needs Coq 8.16 (coqc) with Mathematical Components; {INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "certificate.v")
        file.write_text(f"{text}\nPrint Assumptions {theorem}.\n", encoding="utf-8")
        command = [program, "-q", "-w", "none", file.name]
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command, no shell
                command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise SymconvError(f"Coq took longer than {SECONDS} s and was stopped") from None
    said = done.stdout.decode(errors="replace").strip().splitlines()
    errors = done.stderr.decode(errors="replace")
    if done.returncode:
        if "mathcomp" in errors and "Cannot find a physical path" in errors:
            raise Unsupported(f"Coq does not find Mathematical Components; {INSTALL}")
        return first_error(errors)
    if not said or said[-1] != CLOSED:
        return f"{theorem} rests on assumptions: {' '.join(said[-3:])[:200]}"
    return None


def first_error(errors: str) -> str:
    """The first error of Coq's output, in one line."""
    place = re.search(r"line (\d+)", errors)
    said = " ".join(errors.partition("Error:")[2].split())
    said = said if len(said) <= 160 else said[:157] + "..."
    return f"line {place.group(1)}: {said}" if place else said or "no reason given"


def version() -> str:
    """Coq and its version, in words."""
    done = subprocess.run(["coqc", "--version"], capture_output=True, text=True, check=False, timeout=SECONDS)  # noqa: S607
    found = re.search(r"version (\S+)", done.stdout)
    return f"Coq {found.group(1)}" if found else "Coq"
