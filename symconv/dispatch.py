"""A function with a case for each class, that threads can use while one of them still imports another case."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch, update_wrapper
from threading import Lock
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class ByClass(Generic[Result]):
    """`functools.singledispatch`, one thread at a time: it searches its table of cases while another may add to it.

    >>> @ByClass
    ... def size(value: object) -> int:
    ...     return 1
    >>> @size.register
    ... def _(value: list) -> int:
    ...     return len(value)
    >>> size(7), size([1, 2])
    (1, 2)
    """

    def __init__(self, default: Callable[..., Result]) -> None:
        self._cases = singledispatch(default)
        self._lock = Lock()
        update_wrapper(self, default)

    def register(self, case: Callable[..., Result]) -> Callable[..., Result]:
        """A case for the class that its first argument is annotated with."""
        with self._lock:
            return self._cases.register(case)

    def __call__(self, first: Any, *rest: Any) -> Result:
        with self._lock:
            case = self._cases.dispatch(type(first))
        return case(first, *rest)
