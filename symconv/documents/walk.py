"""Going through a document, or any part of it: every node, and the same with some of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..node import Node


def every(part: Any) -> Iterator[Node]:
    """Every node in a part of a document, itself first."""
    match part:
        case Node():
            yield part
            for name in part.__match_args__:
                yield from every(getattr(part, name))
        case tuple() | list():
            for item in part:
                yield from every(item)
        case dict():
            yield from every(tuple(part.values()))


def changed(part: Any, change: Callable[[Any], Any]) -> Any:
    """The same part with every node and every other value replaced by what `change` makes of it, insides first."""
    match part:
        case Node():
            values = {name: getattr(part, name) for name in part.__match_args__}
            new = {name: changed(value, change) for name, value in values.items()}
            same = all(new[name] is value for name, value in values.items())
            return change(part if same else type(part)(**new))
        case tuple():
            items = tuple(changed(item, change) for item in part)
            return part if all(new is old for new, old in zip(items, part, strict=True)) else items
        case dict():
            pairs = {key: changed(value, change) for key, value in part.items()}
            return part if all(pairs[key] is part[key] for key in part) else pairs
    return change(part)
