"""Two lanes: plain pytest runs a sample of every long sweep, SYMCONV_FULL=1 (as `.ci/run` does) runs all of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Case = TypeVar("Case")
FULL = os.environ.get("SYMCONV_FULL", "0") != "0"


def many(full: int, quick: int) -> int:
    """How many cases to run, or to ask for: the number that is claimed, or that of the sample."""
    return full if FULL else quick


def some(cases: Iterable[Case], quick: int, always: Iterable[Case] = ()) -> list[Case]:
    """All cases, or that many of them, spread evenly over the list; with those that a sample must not miss."""
    every, kept = list(cases), list(always)
    if FULL or quick >= len(every):
        return every
    spread = {n * len(every) // quick for n in range(quick)}
    return [case for n, case in enumerate(every) if n in spread or case in kept]
