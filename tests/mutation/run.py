"""Runs tests on mutants: a copy of the checkout, and one forked process for each mutant.

The parent imports pytest, SymPy and NumPy once, and never symconv; a fork starts where that is done, which makes a mutant
cost tenths of a second.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from mutants import Mutant

COPIED = ("symconv", "tests", "pyproject.toml", "README.md")
WARM = ("sympy", "numpy", "latexify", "scipy.sparse", "scipy.linalg", "_pytest.doctest", "_pytest.assertion.rewrite")
OPTIONS = (
    "-x",
    "-q",
    "--tb=no",
    "-Wignore",
    *(f"-pno:{each}" for each in ("cacheprovider", "unraisableexception", "threadexception")),
)
MEMORY = 4 << 30


class FirstFailure:
    """A pytest plugin that writes down which test failed."""

    found = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.pytest_collectreport(report)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.found:
            self.found = report.nodeid


class Runner:
    def __init__(self, root: Path, copy: Path) -> None:
        self.copy = copy
        self.limit = 600
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(root / name, copy / name)
        os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(copy)}
        for name in WARM:
            import_module(name)

    def baseline(self, file: str, tests: list[str]) -> float:
        """The seconds that a file's tests take as they are; they must pass. Sets the time that a mutant may take."""
        self.limit = 600
        started = time.monotonic()
        failed = self._tested(tests, keep_bytecode=True)
        if failed:
            sys.exit(f"{file}: its tests fail without a mutation: {failed}")
        seconds = time.monotonic() - started
        self.limit = int(20 + 3 * seconds)
        return seconds

    def killer(self, mutant: Mutant, tests: list[str]) -> str:
        """The test that a mutant fails, "time, memory or a crash", or "" where it survives."""
        with self._mutated(mutant):
            return self._tested(tests)

    @contextmanager
    def _mutated(self, mutant: Mutant) -> Iterator[None]:
        path = self.copy / mutant.file
        honest, stat = path.read_text(), path.stat()
        path.write_text(mutant.code)
        os.utime(path, (stat.st_atime, stat.st_mtime + 1_000))  # else the bytecode of the honest file could be taken
        try:
            yield
        finally:
            path.write_text(honest)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def _tested(self, tests: list[str], keep_bytecode: bool = False) -> str:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            try:
                os.write(write, self._pytest(tests, keep_bytecode).encode())
            finally:
                os._exit(0)
        os.close(write)
        with open(read) as answer:
            said = answer.read()
        os.waitpid(child, 0)
        return {"": "time, memory or a crash", "passed": ""}.get(said, said)

    def _pytest(self, tests: list[str], keep_bytecode: bool) -> str:
        sys.dont_write_bytecode = not keep_bytecode
        os.chdir(self.copy)
        sys.path.insert(0, str(self.copy))
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        signal.alarm(20 * self.limit)  # a machine that is busy is no reason to call a mutant found
        resource.setrlimit(resource.RLIMIT_CPU, (self.limit, self.limit))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        first = FirstFailure()
        for test in tests:  # one by one: most mutants end before the second is even collected
            status = pytest.main([*OPTIONS, test], [first])
            if status:
                return first.found or f"{test}: pytest exits with {int(status)}"
        return "passed"
