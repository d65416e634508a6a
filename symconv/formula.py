"""Formulas as data, for documents: each format writes them in its own way (see `render.formula`).

An index expression (`sums.Index`) is a formula too, and so are a plain string (one variable, or a
word such as W) and an integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .sums import Fibre, Index, Span


@dataclass(frozen=True)
class Sym:
    """An indexed letter: k_{c,a,u}. Indices that are tuples are shown in brackets: W_{(i,j),(p,q)}."""

    letter: str
    indices: tuple[Formula, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry of a vector: (W vec(X))_1."""

    vector: Formula
    index: Formula


@dataclass(frozen=True)
class Juxtapose:
    """A product, or summation signs before their term: parts side by side."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Chain:
    """Parts joined by one operator: a + b + c, or a = b = c."""

    operator: str
    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Held:
    """A position that runs over all those that hold an input: f in Z_p."""

    name: str
    onto: str


@dataclass(frozen=True)
class Sigma:
    """A summation sign over a span, or over the positions that hold an input."""

    over: Span | Fibre | Held


@dataclass(frozen=True)
class Group:
    """Brackets around a formula."""

    inside: Formula


@dataclass(frozen=True)
class Tuple:
    """(i, j)."""

    items: tuple[Formula, ...]


@dataclass(frozen=True)
class SetOf:
    """{a, b, c}, with dots before the last item where not all are listed."""

    items: tuple[Formula, ...]
    dots: bool = False


@dataclass(frozen=True)
class Cases:
    """value if condition, ..., the last otherwise."""

    rows: tuple[tuple[Formula, Formula | str], ...]


@dataclass(frozen=True)
class Floor:
    """The floor of a quotient; without a bottom, of the formula itself."""

    top: Formula
    bottom: Formula | None


@dataclass(frozen=True)
class Power:
    """A superscript: W^T, R^{16}."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True)
class Call:
    """vec(X)."""

    name: str
    argument: Formula


@dataclass(frozen=True)
class Words:
    """Words within a formula."""

    text: str


@dataclass(frozen=True)
class Typeset:
    """A formula whose LaTeX was typeset by latexify from the code that runs."""

    formula: Formula
    latex: str


Formula = Union[
    str, int, Index, Sym, Entry, Juxtapose, Chain, Sigma, Group, Tuple, SetOf, Cases, Floor, Power, Call, Words, Typeset
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


def position(items: tuple[Formula, ...]) -> Formula:
    """A position: (i, j), or i alone."""
    return items[0] if len(items) == 1 else Tuple(items)


def named_set(name: str) -> str:
    """The set that a variable with gaps runs over, named by its capital: f runs over F."""
    return name[0].upper() + name[1:]


def held_set(name: str) -> Formula:
    """The set of the padded positions that hold the input `name`."""
    return Sym("Z", (name,))
