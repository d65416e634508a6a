"""Loose input becomes one canonical type at the door, once.

Every constructor parameter passes through here: integers of any kind become `int`, "the same on
every axis" becomes one value per axis, and whatever is not valid becomes a `SpecError` that names
the parameter, the value, the rule and a valid example.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Any

from .errors import SpecError
from .padding import MODES, NAMED, mode_named

Pair = tuple[int, int]

LARGEST = 1 << 62
KNOWN_RANK = 8


def as_integer(value: object) -> int | None:
    """The value as an int if it is an integer (NumPy's too), else None; no library's bool is one."""
    if isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool"):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def integer(name: str, value: object, minimum: int = 1, example: str | None = None) -> int:
    """One integer of at least `minimum`."""
    result = as_integer(value)
    example = example or f"{name}={max(minimum, 1)}"
    if result is None:
        raise SpecError(name, value, f"must be an integer, not {_kind(value)}", example)
    if result < minimum:
        raise SpecError(name, value, f"must be at least {minimum}", example)
    return result


def flag(name: str, value: object) -> bool:
    """True or False."""
    numpy_bool = type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")
    if not (isinstance(value, bool) or numpy_bool):
        raise SpecError(name, value, f"must be True or False, not {_kind(value)}", f"{name}=True")
    return bool(value)


def shape(name: str, value: object) -> tuple[int, ...]:
    """A tuple of sizes, whose length is the rank."""
    items = _sequence(value)
    if items is None:
        single = as_integer(value)
        example = f"{name}=({single if single and single > 0 else 8},)"
        raise SpecError(name, value, "must be a tuple with one size for each axis; its length is the rank", example)
    if not items:
        raise SpecError(name, value, "must have at least one axis", f"{name}=(4, 4)")
    return tuple(
        _one(name, value, item, 1, f"{name}=({', '.join('4' for _ in items)}{',' * (len(items) == 1)})")
        for item in items
    )


def per_axis(name: str, value: object, rank: int, minimum: int = 1) -> tuple[int, ...]:
    """One integer for every axis; a single integer means the same on each."""
    valid = max(minimum, 1)
    items = _sequence(value)
    if items is None:
        return (integer(name, value, minimum, _example(name, valid, rank)),) * rank
    if len(items) != rank:
        raise SpecError(name, value, _count_rule(rank, len(items)), _example(name, valid, rank))
    return tuple(_one(name, value, item, minimum, _example(name, valid, rank)) for item in items)


def ratios(name: str, value: object, rank: int) -> tuple[int | Fraction, ...]:
    """One positive integer or fraction for every axis; a string such as "3/2" is a fraction."""
    example = f'{name}=2 or {name}="3/2"'
    items = _sequence(value)
    if items is not None and len(items) != rank:
        raise SpecError(name, value, _count_rule(rank, len(items)), example)
    found: list[int | Fraction] = []
    for item in [value] * rank if items is None else items:
        whole = as_integer(item)
        if isinstance(item, str) and re.fullmatch(r"[0-9]{1,18}(/[0-9]{1,18})?", item, re.ASCII):
            top, _, bottom = item.partition("/")
            if bottom and not int(bottom):
                raise SpecError(name, value, "is a fraction with the denominator 0", example)
            item = Fraction(int(top), int(bottom or 1))
        if whole is None and not isinstance(item, Fraction):
            why = "; this string is neither" if isinstance(item, str) else f", not {_kind(item)}"
            raise SpecError(name, value, f"must be an integer or a fraction{why}", example)
        ratio = item if isinstance(item, Fraction) else Fraction(whole or 0)
        if ratio <= 0:
            raise SpecError(name, value, "must be larger than 0", example)
        found.append(int(ratio) if ratio.denominator == 1 else ratio)
    return tuple(found)


def known_rank(name: str, value: object, rank: int) -> None:
    """Coefficients have a letter for each axis, and there are only so many."""
    if rank > KNOWN_RANK:
        raise SpecError(name, value, f"a layer without a kernel has at most {KNOWN_RANK} axes", f"{name}=(4, 4)")


def pairs(name: str, value: object, rank: int) -> tuple[Pair, ...] | None:
    """Padding in one of its numeric forms as (low, high) per axis; None if it is a string."""
    if isinstance(value, str):
        return None
    items, example = _sequence(value), _pair_example(name, rank)
    crop = "; to crop, give (low, high) pairs"
    if items is None:
        amount = as_integer(value)
        if amount is None:
            others = "or one integer or (low, high) pair for each axis, or a name: " + ", ".join(NAMED)
            raise SpecError(name, value, f"must be an integer, not {_kind(value)}; {others}", example)
        if amount < 0:
            raise SpecError(name, value, f"must be at least 0{crop}", example)
        return ((amount, amount),) * rank
    if len(items) != rank:
        raise SpecError(name, value, _count_rule(rank, len(items)), example)
    sides = [_sequence(item) for item in items]
    if len({side is None for side in sides}) > 1:
        raise SpecError(name, value, "must be all integers or all (low, high) pairs", example)
    result = []
    for item, pair in zip(items, sides, strict=True):
        if pair is None:
            amount = _one(name, value, item, 0, example, crop)
            result.append((amount, amount))
        elif len(pair) == 2:
            low, high = (_one(name, value, side, None, example) for side in pair)
            result.append((low, high))
        else:
            raise SpecError(name, value, "each pair must be (low, high)", example)
    return tuple(result)


def channels(in_channels: object, out_channels: object, groups: object) -> dict[str, int]:
    """The channel numbers and the groups, which must divide both."""
    divisor = integer("groups", groups)
    numbers = {
        name: integer(name, value, example=f"{name}={divisor}")
        for name, value in (("in_channels", in_channels), ("out_channels", out_channels))
    }
    common = gcd(*numbers.values())
    if common % divisor:
        both = " and ".join(f"{name}={number}" for name, number in numbers.items())
        offers = "groups=1" + (f" or groups={common}" if common > 1 else "")
        raise SpecError("groups", groups, f"must divide both channel numbers, {both}", offers)
    return {**numbers, "groups": divisor}


def conv_padding(
    value: object,
    mode: str,
    size: tuple[int, ...],
    length: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[Pair, ...]:
    """Padding in any form as (low, high) per axis, within what the mode allows."""
    rank = len(length)
    numeric = pairs("padding", value, rank)
    if numeric is None:
        named = NAMED.get(value) if isinstance(value, str) else None
        if named is None:
            valid = f'padding=1, padding_mode="{value}"' if value in list(MODES) else 'padding="same"'
            raise SpecError("padding", value, "a named padding is one of " + ", ".join(NAMED), valid)
        numeric = tuple(named(*axis) for axis in zip(length, kernel, stride, dilation, strict=True))
    rules = mode_named(mode)
    limits = [rules.limit(size) for size in length]
    for axis, ((low, high), limit) in enumerate(zip(numeric, limits, strict=True)):
        if limit is not None and max(low, high) > limit:
            dilated = "dilated input" if length[axis] != size[axis] else "input"
            asked = (
                ""
                if isinstance(value, tuple) and value == (low, high)
                else f" and this asks for {low} before and {high} after"
            )
            raise SpecError(
                "padding",
                value,
                f"{mode} padding must be {rules.limit_words}: at most {limit} on axis {axis}, where the {dilated} has "
                f"{length[axis]}{asked}",
                _padding_offer(min(each for each in limits if each is not None), length, kernel, dilation),
            )
    return numeric


def _padding_offer(most: int, length: tuple[int, ...], kernel: tuple[int, ...], dilation: tuple[int, ...]) -> str:
    """As much padding as every axis allows, where the kernel then fits; replicate padding always may."""
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    fits = all(span <= n + 2 * most for span, n in zip(spans, length, strict=True))
    return (f"padding={most}, or " if fits else "") + 'padding_mode="replicate"'


def _one(name: str, whole: object, item: object, minimum: int | None, example: str, hint: str = "") -> int:
    result = as_integer(item)
    if result is None:
        raise SpecError(name, whole, f"must hold integers only, not {_kind(item)}", example)
    if minimum is not None and result < minimum:
        raise SpecError(name, whole, f"every entry must be at least {minimum}{hint}", example)
    return result


def _sequence(value: object) -> list[object] | None:
    """The items of a list, tuple or one-dimensional array; None for a scalar or a string."""
    if isinstance(value, (str, bytes, bytearray, memoryview, dict, set, frozenset)):
        return None
    if isinstance(value, Sequence):
        return list(value)
    dimensions = getattr(value, "ndim", 0)
    return list(value) if isinstance(dimensions, int) and dimensions > 0 else None  # type: ignore[call-overload]


def _kind(value: object) -> str:
    return {"str": "a string", "bool": "a bool", "float": "a float", "NoneType": "None"}.get(
        type(value).__name__, type(value).__name__
    )


def _count_rule(rank: int, given: int) -> str:
    axes = f"each of the {rank} axes" if rank > 1 else "the one axis"
    return f"needs one entry for {axes} of input_size, or one integer for all; {given} given"


def _example(name: str, valid: int, rank: int) -> str:
    """A single integer, and one for each axis; larger than one only where that is valid for every input."""
    first = valid + 1 if name in ("stride", "padding") else valid
    several = ", ".join(str(first if axis == 0 else valid) for axis in range(rank)) + ("," if rank == 1 else "")
    return f"{name}={valid} or {name}=({several})"


def _pair_example(name: str, rank: int) -> str:
    several = ", ".join("(1, 2)" if axis == 0 else "(0, 1)" for axis in range(rank)) + ("," if rank == 1 else "")
    return f"{name}=1 or {name}=({several})"


# What a theorem is asked, as text ----------------------------------------------------------------------

_FRACTION = re.compile(r"-?[0-9]{1,18}(/0*[1-9][0-9]{0,17})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


def read_data(parameter: str, text: str) -> Any:
    """A value of a theorem's option: numbers or fractions joined by commas, lists for each axis joined by x, or a word.

    >>> read_data("points", "0,1x1/2,")
    ((0, 1), (Fraction(1, 2),))
    """
    if _WORD.fullmatch(text):
        return text
    axes = [axis.split(",") for axis in text.split("x")]
    if not all(
        _FRACTION.fullmatch(part) for axis in axes for part in (axis if axis[-1] or len(axis) < 2 else axis[:-1])
    ):
        rule = "the value must be numbers or fractions joined by commas, one such list for each axis joined by x, or a word"
        raise SpecError(parameter, text, rule, "4, 4x2 or 0,1,-1,1/2")
    lists = [tuple(map(_exact, filter(None, axis))) if len(axis) > 1 else _exact(axis[0]) for axis in axes]
    return lists[0] if len(lists) == 1 else tuple(lists)


def _exact(text: str) -> Any:
    return Fraction(text) if "/" in text else int(text)


def written_data(value: Any) -> str:
    """The text of such a value, from which `read_data` reads it again."""
    if not isinstance(value, (tuple, list)):
        return str(value)
    if any(isinstance(each, (tuple, list)) for each in value):
        return "x".join(map(written_data, value))
    return ",".join(map(str, value)) + "," * (len(value) == 1)  # 1/2, is a list of one
