"""What a row of the table is, and how two ways of doing the same thing are compared.

Every figure is a ratio of processor seconds: what else the machine does shows in it as little as it can.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table: a ratio, and what it should be."""

    what: str
    against: str
    asked: float
    at_least: bool
    repetitions: int
    measure: Callable[[int], float]  # the ratio, for the configuration of that number

    def met(self, ratio: float) -> bool:
        return ratio >= self.asked if self.at_least else ratio <= self.asked

    def measured(self) -> float:
        """The median over the repetitions, each with a configuration of its own."""
        return statistics.median(self.measure(run) for run in range(1, self.repetitions + 1))


ROWS: list[Row] = []


def row(
    what: str, against: str, *, at_least: float = 0.0, at_most: float = 0.0, repetitions: int = 5
) -> Callable[[Callable[[int], float]], Callable[[int], float]]:
    """Put a function into the table: it takes the number of a repetition and returns the ratio.

    `at_least`: their seconds over ours; `at_most`: ours over theirs.
    """

    def put(measure: Callable[[int], float]) -> Callable[[int], float]:
        ROWS.append(Row(what, against, at_least or at_most, bool(at_least), repetitions, measure))
        return measure

    return put


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """No rubbish of others, and nothing that others hold is looked through for rubbish meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of one run."""
    with nothing_to_collect():
        begin = time.process_time()
        work()
        return time.process_time() - begin


def typical(works: Iterable[Callable[[], Any]]) -> float:
    """The median processor seconds of works of one size, each on a configuration of its own and run once.

    For what takes less than a millisecond: the first runs of a piece of code are slower than all later ones.
    """
    taken = []
    with nothing_to_collect():
        for work in works:
            begin = time.process_time()
            work()
            taken.append(time.process_time() - begin)
    return statistics.median(taken)


def peak(work: Callable[[], Any]) -> tuple[int, Any]:
    """The most bytes that a run holds at once, by Python's and NumPy's own count; and its result."""
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


# As installed: bytecode is cached, as pip caches that of SymPy.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def process(*command: str) -> float:
    """Processor seconds of a whole process."""
    program = [sys.executable, *command]
    with open(os.devnull, "w") as nothing:
        child = os.posix_spawn(
            sys.executable, program, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_DUP2, nothing.fileno(), 1)]
        )
        _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{' '.join(program)} ended with status {status}")
    return used.ru_utime + used.ru_stime


def process_ratio(command: Sequence[str], against: Sequence[str]) -> float:
    """Seconds of one process over those of another, run in turn."""
    return process(*command) / process(*against)
