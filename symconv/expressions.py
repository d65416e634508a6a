"""Expressions made of matrices: products and transposes of matrices that have a letter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Union

from .algebra.linear import Exact
from .node import Node


class Times(Node):
    """A product of matrices."""

    parts: tuple[Expr, ...]


class Transposed(Node):
    """A transpose."""

    of: Expr


Expr = Union[str, Times, Transposed]
"""A matrix, by its letter, or what is made of matrices."""


def letters_of(expr: Expr) -> Iterator[str]:
    """The matrices that an expression names."""
    match expr:
        case str():
            yield expr
        case Times(parts):
            for part in parts:
                yield from letters_of(part)
        case _:
            yield from letters_of(expr.of)


def evaluate(expr: Expr, known: dict[str, Exact]) -> Exact:
    """The matrix that an expression is."""
    match expr:
        case str():
            return known[expr]
        case Times((first, *others)):
            total = evaluate(first, known)
            for other in others:
                total = total @ evaluate(other, known)
            return total
        case Transposed(of):
            return evaluate(of, known).transpose()
    raise AssertionError(f"not a matrix: {expr!r}")
