"""What formulas and blocks are made of: small immutable values with named fields.

A frozen dataclass in all but its cost: the decorator compiles six methods for every class each time
the package is imported, and there are three dozen of these.
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Node:
    """The base: fields are the annotations of the class, in order; a class attribute is a default."""

    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        fields = cls.__dict__.get("__annotations__", ())  # noqa: RUF063 - inspect is what this file does without
        cls.__match_args__ = tuple(fields)  # type: ignore[misc]

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.__match_args__
        if len(values) == len(names) and not named:
            self.__dict__.update(zip(names, values, strict=True))
            return
        given = dict(zip(names, values, strict=False)) | named
        missing = [name for name in names if name not in given and not hasattr(type(self), name)]
        if missing or len(values) > len(names) or set(given) - set(names):
            raise TypeError(f"{type(self).__name__} takes {', '.join(names)}")
        self.__dict__.update(given)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._values()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __repr__(self) -> str:
        fields = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({', '.join(fields)})"
