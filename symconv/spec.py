"""Loose input becomes one canonical type at the door, once.

Every constructor parameter passes through here: integers of any kind become `int`, "the same on
every axis" becomes one value per axis, and whatever is not valid becomes a `SpecError` that names
the parameter, the value, the rule and a valid example.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

from .errors import SpecError
from .padding import NAMED, mode_named

Pair = tuple[int, int]


def _integer(value: object) -> int | None:
    """The value as an int if it is an integer (NumPy's too), else None; a bool is not one."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def integer(name: str, value: object, minimum: int = 1) -> int:
    """One integer of at least `minimum`."""
    result = _integer(value)
    if result is None:
        raise SpecError(name, value, f"must be an integer, not {_kind(value)}", f"{name}={max(minimum, 1)}")
    if result < minimum:
        raise SpecError(name, value, f"must be at least {minimum}", f"{name}={max(minimum, 1)}")
    return result


def flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise SpecError(name, value, f"must be True or False, not {_kind(value)}", f"{name}=True")
    return value


def shape(name: str, value: object) -> tuple[int, ...]:
    """A tuple of sizes, whose length is the rank."""
    items = _sequence(value)
    if items is None:
        single = _integer(value)
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
        return (integer(name, value, minimum),) * rank
    if len(items) != rank:
        raise SpecError(name, value, _count_rule(rank, len(items)), _example(name, valid, rank))
    return tuple(_one(name, value, item, minimum, _example(name, valid, rank)) for item in items)


def pairs(name: str, value: object, rank: int) -> tuple[Pair, ...] | None:
    """Padding in one of its numeric forms as (low, high) per axis; None if it is a string."""
    if isinstance(value, str):
        return None
    items = _sequence(value)
    if items is None:
        amount = integer(name, value, 0)
        return ((amount, amount),) * rank
    if len(items) != rank:
        raise SpecError(name, value, _count_rule(rank, len(items)), _pair_example(name, rank))
    result = []
    for item in items:
        pair = _sequence(item)
        if pair is None:
            amount = _one(name, value, item, 0, _pair_example(name, rank), "; to crop, give (low, high) pairs")
            result.append((amount, amount))
        elif len(pair) == 2:
            low, high = (_one(name, value, side, None, _pair_example(name, rank)) for side in pair)
            result.append((low, high))
        else:
            raise SpecError(name, value, "each pair must be (low, high)", _pair_example(name, rank))
    return tuple(result)


def conv_padding(
    value: object,
    mode: str,
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
            raise SpecError("padding", value, "a named padding is one of " + ", ".join(NAMED), 'padding="same"')
        numeric = tuple(named(*axis) for axis in zip(length, kernel, stride, dilation, strict=True))
    rules = mode_named(mode)
    for axis, (low, high) in enumerate(numeric):
        limit = rules.limit(length[axis])
        if limit is not None and max(low, high) > limit:
            shown = value if isinstance(value, str) else (low, high)
            raise SpecError(
                "padding",
                shown,
                f"{mode} padding must be {rules.limit_words}: at most {limit} on axis {axis}, where the input has "
                f"{length[axis]}" + (f" and this asks for {(low, high)}" if isinstance(value, str) else ""),
                f"padding={limit}" if limit else 'padding=0, or padding_mode="replicate"',
            )
    return numeric


def _one(name: str, whole: object, item: object, minimum: int | None, example: str, hint: str = "") -> int:
    result = _integer(item)
    if result is None:
        raise SpecError(name, whole, f"must hold integers only, not {_kind(item)}", example)
    if minimum is not None and result < minimum:
        raise SpecError(name, whole, f"every entry must be at least {minimum}{hint}", example)
    return result


def _sequence(value: object) -> list[object] | None:
    """The items of a list, tuple or one-dimensional array; None for a scalar or a string."""
    if isinstance(value, (str, bytes, dict, set, frozenset)):
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
    return f"needs one entry for each of the {rank} axes of input_size, or one integer for all; {given} given"


def _example(name: str, valid: int, rank: int) -> str:
    several = ", ".join(str(valid + (axis == 0)) for axis in range(rank)) + ("," if rank == 1 else "")
    return f"{name}={valid} or {name}=({several})"


def _pair_example(name: str, rank: int) -> str:
    several = ", ".join("(1, 2)" if axis == 0 else "(0, 1)" for axis in range(rank)) + ("," if rank == 1 else "")
    return f"{name}=1 or {name}=({several})"
