"""A grid of configurations, read from a TOML file: every combination of what its
lists hold.

theorem = ["weight_matrix", "im2col"]    # weight_matrix where it is left out
check = "axes"                           # auto where it is left out

[[grid]]                                 # one or more; the options of a layer
input = ["8x8", "9x6"]
kernel = 3
stride = [1, 2]
padding = [1, "0:2", "same"]
bias = [false, true]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

from .commands.options import takes_value
from .errors import NOT_GIVEN, SpecError, TooLarge

LIMIT = 100_000  # configurations that a sweep proves unless it is told otherwise
SIZE_LIMIT = 1 << 20  # bytes of the file
_BLOCK = '[[grid]] with lines such as input = ["8x8", "9x6"]'


class Case(NamedTuple):
    """One thing to prove: the options of a layer by name (None where an option takes no value), a theorem, a check."""

    options: tuple[tuple[str, str | None], ...]
    theorem: str
    check: str


@dataclass(frozen=True)
class Grid:
    """The blocks of a file, each option with its alternatives, and the theorems that are asked of all of them.

    >>> grid = parsed('[[grid]]\\ninput = ["8", "9"]\\nkernel = 3\\nstride = [1, 2]')
    >>> len(grid), next(iter(grid)).options
    (4, (('input', '8'), ('kernel', '3'), ('stride', '1')))
    """

    blocks: tuple[Mapping[str, Sequence[str | None]], ...]
    theorems: tuple[str, ...]
    check: str

    def __len__(self) -> int:
        return len(self.theorems) * sum(prod(map(len, block.values())) for block in self.blocks)

    def __iter__(self) -> Iterator[Case]:
        for block in self.blocks:
            for values in product(*block.values()):
                chosen = tuple(pair for pair in zip(block, values, strict=True) if pair[1] != OFF)
                yield from (Case(chosen, theorem, self.check) for theorem in self.theorems)

    @property
    def names(self) -> tuple[str, ...]:
        """The options that occur, in the order of the file."""
        return tuple(dict.fromkeys(name for block in self.blocks for name in block))


OFF = "false"  # of an option that takes no value: not given; a word that no option's value is


def read(path: str, limit: int = LIMIT) -> Grid:
    """The grid in a file; raises `SpecError` for what is none, `TooLarge` for more than `limit` proofs."""
    with open(path, "rb") as file:
        raw = file.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise SpecError("GRID", path, f"is larger than {SIZE_LIMIT:,} bytes", _BLOCK)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise SpecError("GRID", path, "is not UTF-8 text", _BLOCK) from None
    try:
        grid = parsed(text)
    except SpecError as error:
        if error.parameter != "GRID":
            raise
        raise SpecError("GRID", path, error.rule, error.example) from None
    size = sum(prod(map(len, block.values())) for block in grid.blocks) * len(grid.theorems)
    if size > limit:
        raise TooLarge(f"{path} has {size:,} configurations, more than {limit:,}; --limit {size} allows them")
    return grid


def parsed(text: str) -> Grid:
    """The grid that a text describes."""
    import tomllib

    from .catalogue import theorem_named
    from .proof import level_named

    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError("GRID", NOT_GIVEN, f"is not TOML: {error}", _BLOCK) from None
    unknown = set(found) - {"grid", "theorem", "check"}
    if unknown:
        name = min(unknown)
        rule = "is none of grid, theorem and check; the options of a layer belong into a [[grid]]"
        raise SpecError(name, found[name], rule, _BLOCK)
    blocks = found.get("grid", ())
    if not isinstance(blocks, list) or not blocks or not all(isinstance(block, dict) and block for block in blocks):
        raise SpecError("grid", blocks or NOT_GIVEN, "must be one or more blocks [[grid]]", _BLOCK)
    theorems = found.get("theorem", "weight_matrix")
    return Grid(
        tuple({name: _alternatives(name, values) for name, values in block.items()} for block in blocks),
        tuple(dict.fromkeys(theorem_named(each).name for each in _listed("theorem", theorems))),
        level_named(found.get("check", "auto")),
    )


def _listed(name: str, values: Any) -> list[Any]:
    """One value as a list of it; no list is empty."""
    listed = values if isinstance(values, list) else [values]
    if not listed:
        raise SpecError(name, values, "must have at least one value", f"{name} = [1, 2]")
    return listed


def _alternatives(name: str, values: Any) -> tuple[str | None, ...]:
    options = takes_value()
    if name in ("theorem", "check"):
        rule = "is for every [[grid]], and stands above the first of them"
        raise SpecError(name, values, rule, f"{name} = {json.dumps(values)}, then [[grid]]")
    if name not in options:
        raise SpecError(name, values, "must be one of " + ", ".join(options), 'kernel = [2, "3x2"]')
    return tuple(dict.fromkeys(_value(name, value, options[name]) for value in _listed(name, values)))


def _value(name: str, value: Any, takes: bool) -> str | None:
    if not takes:
        if not isinstance(value, bool):
            raise SpecError(name, value, "must be true or false", f"{name} = [false, true]")
        return None if value else OFF
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"[\w:./-]+", str(value)):
        rule = "must be a whole number, or what the command line takes, in quotation marks"
        raise SpecError(name, value, rule, f'{name} = [2, "3x2"]')
    return str(value)
