"""The command line's values: how what was typed is read.

A value is data: digits, signs, x and : are all that is understood, and the layer's own checks decide
what is valid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import SpecError
from ..spec import read_data

if TYPE_CHECKING:
    import argparse

VALUES_LIMIT = 1 << 20  # bytes of a file of numbers
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,40}", re.ASCII)
_EXAMPLES = {
    "shape": "4x4",
    "sizes": "2 or 2x1",
    "number": "2",
    "count": "1000000",
    "padding": "1, 1x0, 2:0, 1:1x0:2 or same",
}


def read_value(option: str, text: Any, kind: str) -> Any:
    """An option's text as what the constructor takes.

    >>> read_value("--padding", "1:1x0:2", "padding")
    ((1, 1), (0, 2))
    >>> read_value("--stride", "2", "sizes")
    2
    """
    if kind in ("flag", "off", "word"):
        return text
    if kind == "count":
        if not _COUNT.fullmatch(text):
            raise SpecError(option, text, "must be an integer of at least 0", f"{option} {_EXAMPLES[kind]}")
        return int(text)
    if kind == "padding" and text.replace("_", "").isalpha() and text.isascii():
        return text
    parts = text.split("x")
    if kind == "ratios":
        return text if len(parts) == 1 else tuple(parts)
    if kind == "padding" and ":" in text:
        pairs = [part.split(":") for part in parts]
        if all(len(pair) == 2 for pair in pairs):
            return tuple((_integer(option, text, low, kind), _integer(option, text, high, kind)) for low, high in pairs)
        raise SpecError(
            option, text, "needs low:high, once for all axes or for each", f"{option} 2:0 or {option} 1:1x0:2"
        )
    numbers = tuple(_integer(option, text, part, kind) for part in parts)
    if kind == "number" and len(numbers) > 1:
        raise SpecError(option, text, "must be one integer", f"{option} 2")
    return numbers[0] if len(numbers) == 1 and kind != "shape" else numbers


def _integer(option: str, whole: str, part: str, kind: str) -> int:
    if not _INTEGER.fullmatch(part):
        raise SpecError(
            option,
            whole,
            "must be integers joined by x" if kind != "number" else "must be an integer",
            f"{option} {_EXAMPLES[kind]}",
        )
    return int(part)


def position(text: str | None) -> tuple[int, ...] | None:
    """An output position as it is given on the command line.

    >>> position("0,1")
    (0, 1)
    """
    if text is None:
        return None
    parts = text.split(",")
    if not all(_INTEGER.fullmatch(part) for part in parts):
        raise SpecError("--output", text, "must be integers joined by commas", "--output 0,1")
    return tuple(map(int, parts))


def first_index(text: str | None) -> int:
    """Where indices start."""
    from ..documents.first_index import checked_first

    return 0 if text is None else checked_first(read_value("--first-index", text, "number"))


def theorem_options(given: list[str] | None, order: str | None = None) -> dict[str, Any]:
    """What `--with name=value` gives a theorem, as data, and the order where one is given.

    >>> theorem_options(["tile=4x2", "points=0,1,-1,1/2", "method=karatsuba"])
    {'tile': (4, 2), 'points': (0, 1, -1, Fraction(1, 2)), 'method': 'karatsuba'}
    """
    found: dict[str, Any] = {}
    for each in given or ():
        name, equals, text = each.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name.isidentifier():
            raise SpecError("--with", each, "must be name=value", "--with tile=4")
        if name == "order":
            raise SpecError("--with", each, "is an option of its own", f"--order {text}")
        if name in found:
            raise SpecError("--with", each, f"gives {name} a second time", f"--with {name}={text}")
        found[name] = read_data(f"--with {name}", text)
    return found if order is None else {**found, "order": order}


def names_from(text: str) -> dict[str, str]:
    """Other names as they are given on the command line.

    >>> names_from("x=I,k=f")
    {'x': 'I', 'k': 'f'}
    """
    found: dict[str, str] = {}
    for each in text.split(","):
        old, equals, new = (part.strip() for part in each.partition("="))
        if not equals or old in found:
            rule = "must be old=new, joined by commas" if not equals else f"names {old} a second time"
            raise SpecError("--names", text, rule, "--names x=I,k=f")
        found[old] = new
    return found


def values_from(option: str, text: str) -> Any:
    """Numbers as they are given on the command line: rows, or a JSON file of nested lists; data, never code.

    >>> values_from("--kernel-values", "1,2;3,1/2")
    [['1', '2'], ['3', '1/2']]
    """
    if not text.lower().endswith(".json"):
        rows = [[each.strip() for each in row.split(",")] for row in text.split(";")]
        return rows[0] if len(rows) == 1 else rows
    import json

    with open(text, "rb") as file:
        raw = file.read(VALUES_LIMIT + 1)
    if len(raw) > VALUES_LIMIT:
        raise SpecError(option, text, f"is larger than {VALUES_LIMIT:,} bytes", f"{option} 1,2;3,4")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise SpecError(option, text, "is no JSON file of nested lists", "a file with [[1, 2], [3, 4]] in it") from None


def limit_from(options: argparse.Namespace) -> None:
    """Allow as much as `--limit` says."""
    from .. import limits

    if options.limit is not None:
        limits.raised(read_value("--limit", options.limit, "count"))
