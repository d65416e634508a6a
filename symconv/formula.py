"""Formulas as data, for documents: each format writes them in its own way (see `render.formula`).

An index expression (`sums.Index`) is a formula too, and so are a plain string (one variable, or a
word such as W), an integer and a fraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Union

from .node import Node
from .sums import Fibre, Index, Span, number


class Sym(Node):
    """An indexed letter: k_{c,a,u}. Indices that are tuples are shown in brackets: W_{(i,j),(p,q)}."""

    letter: str
    indices: tuple[Formula, ...] = ()


class Entry(Node):
    """An entry of a vector: (W vec(X))_1."""

    vector: Formula
    index: Formula


class Juxtapose(Node):
    """A product, or summation signs before their term: parts side by side."""

    parts: tuple[Formula, ...]


class Chain(Node):
    """Parts joined by one operator: a + b + c, or a = b = c."""

    operator: str
    parts: tuple[Formula, ...]


class Held(Node):
    """A position that runs over all those that hold an input: f in Z_p."""

    name: str
    onto: str


class Run(Node):
    """A variable that runs from one formula to another."""

    name: str
    first: Formula
    last: Formula


class Member(Node):
    """A variable that runs through a set."""

    name: str
    set: Formula


class Sigma(Node):
    """A summation sign over a span, a run or a set, or over the positions that hold an input."""

    over: Span | Fibre | Held | Run | Member


class Iverson(Node):
    """[condition]: 1 where it holds, else 0."""

    condition: Formula


class Group(Node):
    """Brackets around a formula."""

    inside: Formula


class Tuple(Node):
    """(i, j)."""

    items: tuple[Formula, ...]


class SetOf(Node):
    """{a, b, c}, with dots before the last item where not all are listed."""

    items: tuple[Formula, ...]
    dots: bool = False


class Cases(Node):
    """value if condition, ..., the last otherwise."""

    rows: tuple[tuple[Formula, Formula | str], ...]


class Floor(Node):
    """The floor of a quotient; without a bottom, of the formula itself."""

    top: Formula
    bottom: Formula | None


class Power(Node):
    """A superscript: W^T, R^{16}."""

    base: Formula
    exponent: Formula


class Derivative(Node):
    """∂L/∂x_p, in one line."""

    of: Formula
    by: Formula


class Call(Node):
    """vec(X)."""

    name: str
    argument: Formula


class Array(Node):
    """A small matrix in brackets, zeros as dots."""

    rows: tuple[tuple[Formula, ...], ...]


class Words(Node):
    """Words within a formula."""

    text: str


class Gap(Node):
    """What a worksheet leaves blank, and what its solution fills in and marks."""

    inside: Formula
    filled: bool


class Typeset(Node):
    """A formula whose LaTeX is typeset by latexify from the code that runs (see `documents.typeset`)."""

    formula: Formula
    code: str


Formula = Union[
    str,
    int,
    Fraction,
    Index,
    Sym,
    Entry,
    Juxtapose,
    Chain,
    Sigma,
    Iverson,
    Group,
    Tuple,
    SetOf,
    Cases,
    Floor,
    Power,
    Derivative,
    Call,
    Array,
    Words,
    Gap,
    Typeset,
]


def equals(*parts: Formula) -> Chain:
    """a = b = c."""
    return Chain("=", parts)


def plus(*parts: Formula) -> Formula:
    """a + b + c; a single part as it is."""
    return parts[0] if len(parts) == 1 else Chain("+", parts)


def times(sizes: tuple[int, ...]) -> Formula:
    """A shape: 3 x 3."""
    return Chain("x", sizes) if len(sizes) > 1 else sizes[0]


def position_symbol(letter: str, at: Sequence[int]) -> Sym:
    """x_{0,1}: its indices are indices, while an int in a formula is a count or a value."""
    return Sym(letter, tuple(number(n) for n in at))


def position(items: tuple[Formula, ...]) -> Formula:
    """A position: (i, j), or i alone."""
    return items[0] if len(items) == 1 else Tuple(items)


def named_set(name: str) -> str:
    """The set that a variable with gaps runs over, named by its capital: f runs over F."""
    return name[0].upper() + name[1:]


def held_set(name: str) -> Formula:
    """The set of the padded positions that hold the input `name`."""
    return Sym("Z", (name,))
