"""Visible skips that say what to install, and what every test notes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """The Sphinx extension cannot be imported without Sphinx; its tests say that they were skipped."""
    if find_spec("sphinx") is None:
        config.option.ignore = [*(config.option.ignore or ()), str(config.rootpath / "symconv" / "sphinxext")]


@pytest.fixture(scope="session")
def pdflatex() -> str:
    """The path of pdflatex, or a visible skip."""
    found = shutil.which("pdflatex")
    if found is None:
        pytest.skip(
            "pdflatex is missing: apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern"
        )
    return found


@pytest.fixture(autouse=True)
def _counted(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """How many results a test of the conformance suites compared exactly, for `conformance/counted.py`."""
    agreement = sys.modules.get("agreement")
    before = agreement.compared["exactly"] if agreement else 0
    yield
    if agreement and agreement.compared["exactly"] > before:
        record_property("compared exactly", agreement.compared["exactly"] - before)
