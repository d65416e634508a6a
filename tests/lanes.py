"""Two lanes, and the seed of what is drawn at random.

Plain pytest runs a sample of every long sweep, SYMCONV_FULL=1 (as `.ci/run` does) runs all of it. Both draw the same
cases in every run, so that a failure is of the change it comes with; SYMCONV_SEED=<number> draws others, and
SYMCONV_SEED=fresh some that were never drawn. A failure prints its seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from random import SystemRandom
from typing import TypeVar

Case = TypeVar("Case")
FULL = os.environ.get("SYMCONV_FULL", "0") != "0"
_GIVEN = os.environ.get("SYMCONV_SEED") or "20171204"
SEED = SystemRandom().randrange(2**32) if _GIVEN == "fresh" else int(_GIVEN)


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
