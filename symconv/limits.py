"""How much is made at most. A size is worked out first, and what is larger is refused before any of it is allocated.

Set one to allow more, as in `symconv.limits.nonzeros = 10**9`; on the command line it is `--limit N`, for that run.

>>> from symconv import limits
>>> limits.check("tables", 10**12, "the tables of this layer have {} entries")
Traceback (most recent call last):
symconv.errors.TooLarge: the tables of this layer have 1,000,000,000,000 entries (about 300 TB), more than 600,000; symconv.limits.tables = 1000000000000 allows it
"""

from __future__ import annotations

from .errors import TooLarge

tables = 600_000
"""Entries of the tables along the axes of a layer that a proof is made of."""
nonzeros = 10_000_000
"""Entries of a matrix, or terms of a sum, that are made or compared one by one."""
dense = 1 << 29
"""Numbers in a dense W; four gigabytes of float64."""

_BYTES = {"tables": 300, "nonzeros": 100, "dense": 8}  # of one of them, as measured


def check(limit: str, size: int, what: str, instead: str = "") -> None:
    """Refuse a size over a limit; `what` says it with {} for the number, `instead` what else can be done."""
    most: int = globals()[limit]
    if size > most:
        rule = f"{what.format(f'{size:,}')} (about {_written(size * _BYTES[limit])}), more than {most:,}"
        raise TooLarge(f"{rule}; {instead}symconv.limits.{limit} = {size} allows it")


def raised(limit: int) -> None:
    """Allow that many of everything, in this process."""
    global tables, nonzeros, dense
    tables, nonzeros, dense = (max(limit, own) for own in (tables, nonzeros, dense))


def _written(size: int) -> str:
    for unit in ("MB", "GB", "TB", "PB"):
        if size < 10**9 or unit == "PB":
            return f"{max(size // 10**6, 1):,} {unit}"
        size //= 1000
    raise AssertionError
