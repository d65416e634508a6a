"""Rows of the table about whole processes: how long a command takes from nothing."""

from __future__ import annotations

import os
import sysconfig
import tempfile

from measure import process_ratio, row

BARE = ("-c", "pass")
SYMPY = ("-c", "import sympy")
SYMCONV = os.path.join(sysconfig.get_path("scripts"), "symconv")  # the command as it is installed
PROVE = (SYMCONV, "prove", "--input", "4x4", "--kernel", "3x3")


def cold(*command: str, run: int) -> float:
    """A proof from nothing, against importing SymPy; each run with another padding."""
    return process_ratio((*command, "--padding", f"{run % 3}:{(run // 3) % 3}"), SYMPY)


def written(*command: str, run: int) -> float:
    """The same, written as LaTeX."""
    with tempfile.TemporaryDirectory() as folder:
        return cold(*command, "-o", os.path.join(folder, "proof.tex"), run=run)


@row("import symconv", "python -c pass", at_most=2, repetitions=15)
def importing(run: int) -> float:
    return process_ratio(("-c", "import symconv"), BARE)


@row("symconv --help", "python -c pass", at_most=5, repetitions=15)
def helping(run: int) -> float:
    return process_ratio((SYMCONV, "--help"), BARE)


@row("symconv prove --check axes, 4x4 with 3x3, text", "python -c 'import sympy'", at_most=1 / 3, repetitions=11)
def cold_axes(run: int) -> float:
    return cold(*PROVE, "--check", "axes", run=run)


@row("  the same as LaTeX, definition typeset", "python -c 'import sympy'", at_most=1 / 3, repetitions=11)
def cold_axes_latex(run: int) -> float:
    return written(*PROVE, "--check", "axes", run=run)


@row("symconv prove, 4x4 with 3x3, LaTeX, default checks", "python -c 'import sympy'", at_most=1.3, repetitions=11)
def cold_default(run: int) -> float:
    return written(*PROVE, run=run)


@row("symconv prove --general weight_matrix --rank 2", "python -c 'import sympy'", at_most=1, repetitions=5)
def cold_general(run: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = (SYMCONV, "prove", "--general", "weight_matrix", "--rank", "2")
        return process_ratio((*command, "-o", os.path.join(folder, "proof.tex")), SYMPY)
