"""Values that hold arrays, compared and hashed like others."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


class WithArrays:
    """The base of frozen dataclasses with fields that are arrays: equal where every entry is.

    Such a class is declared with `eq=False`, and those fields with `compare=False`: the hash leaves them out.

    >>> import symconv as sc
    >>> from symconv.networks import Apply
    >>> one, two = (Apply(sc.Conv((3,), 2), kernel=[[[1, last]]]) for last in (2, 3))
    >>> one == two, hash(one) == hash(two)
    (False, True)
    """

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(same(getattr(self, each.name), getattr(other, each.name)) for each in fields(self))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        kept = (getattr(self, each.name) for each in fields(self) if each.compare)  # type: ignore[arg-type]
        return hash((type(self).__name__, *kept))


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; arrays are where shapes and entries are.

    >>> same((1, None), (1, None))
    True
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "tolist") and hasattr(other, "tolist"):
        return bool(one.shape == other.shape and one.tolist() == other.tolist())
    return bool(one == other)
