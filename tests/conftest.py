"""Visible skips that say what to install, and what every test notes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """The Sphinx extension cannot be imported without Sphinx; its tests say that they were skipped."""
    package = find_spec("symconv")  # of this checkout, or as it is installed
    if find_spec("sphinx") is None and package is not None and package.origin is not None:
        extension = Path(package.origin).parent / "sphinxext"
        config.option.ignore = [*(config.option.ignore or ()), str(extension)]


@pytest.fixture(scope="session")
def pdflatex() -> str:
    """The path of pdflatex, or a visible skip."""
    found = shutil.which("pdflatex")
    if found is None:
        pytest.skip(
            "pdflatex is missing: apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern"
        )
    return found


@pytest.fixture
def sparse() -> Any:
    """SciPy is an extra: without it the tests that need it are skipped."""
    return pytest.importorskip("scipy.sparse", reason="install scipy for to_scipy")


@pytest.fixture(autouse=True)
def _counted(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """How many results a test of the conformance suites compared exactly, for `conformance/counted.py`.

    It is here because doctests are collected too, and two files named conftest.py would be one module to them.
    """
    agreement = sys.modules.get("agreement")
    before = agreement.compared["exactly"] if agreement else 0
    yield
    if agreement and agreement.compared["exactly"] > before:
        record_property("compared exactly", agreement.compared["exactly"] - before)
