"""A document as format-free blocks: what a proof says, before any format says how it looks.

Paragraphs mix words and formulas; the other blocks are displays, tables, matrices and numbered
steps. the rest of `documents/` builds them from proofs, `render/` writes them in each format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ..formula import Formula


@dataclass(frozen=True)
class Emph:
    """Stressed words."""

    words: str


Inline = Union[str, Emph, "Math"]


@dataclass(frozen=True)
class Math:
    """A formula within a paragraph."""

    formula: Formula


@dataclass(frozen=True)
class Heading:
    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    parts: tuple[Inline, ...]
    small: bool = False


@dataclass(frozen=True)
class Display:
    """A formula on a line of its own; with a label it is numbered and can be referred to."""

    formula: Formula
    label: str | None = None


@dataclass(frozen=True)
class Long:
    """A formula that may take several lines, broken at its operators."""

    formula: Formula


@dataclass(frozen=True)
class Reference:
    """A reference to a labelled display."""

    label: str


@dataclass(frozen=True)
class Table:
    """Names and values."""

    rows: tuple[tuple[str, tuple[Inline, ...]], ...]


@dataclass(frozen=True)
class Cell:
    """One cell of a grid: its formula and the number of its colour, if it has one."""

    formula: Formula
    colour: tuple[int, int] | None = None  # (hue, shade)
    short: str = ""  # for a terminal: a letter that stands for the formula


@dataclass(frozen=True)
class Matrix:
    """A matrix with labelled rows and columns; a missing cell is zero."""

    rows: tuple[Formula, ...]
    columns: tuple[Formula, ...]
    cells: dict[tuple[int, int], Cell]
    row_block: int  # rows between two rules
    column_block: int
    caption: str  # how it is to be read, where there are colours
    plain_caption: str  # and where there are letters, in a terminal
    legend: tuple[tuple[str, Formula], ...] = ()  # what the letters stand for
    sums: tuple[Formula, ...] = ()  # what the names of sums stand for


@dataclass(frozen=True)
class Picture:
    """Grids side by side with operators between them: kernel * input = output."""

    grids: tuple[tuple[tuple[Cell, ...], ...], ...]
    operators: tuple[str, ...]
    alternative: str


@dataclass(frozen=True)
class Statement:
    """A theorem, stated."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class ProofStep:
    number: str
    claim: tuple[Inline, ...]
    reason: tuple[Inline | Reference, ...]


@dataclass(frozen=True)
class Steps:
    """A proof: its opening words and its numbered steps."""

    opening: tuple[Inline, ...]
    steps: tuple[ProofStep, ...]


Block = Union[Heading, Paragraph, Display, Long, Table, Matrix, Picture, Statement, Steps]


@dataclass(frozen=True)
class Document:
    """A title and blocks. The key is unique to the configuration, so labels of two documents differ."""

    title: tuple[Inline, ...]
    blocks: tuple[Block, ...]
    key: str


def words(template: str, *formulas: Formula) -> tuple[Inline, ...]:
    """A paragraph's parts: each {} of the template is the next formula, *stars* stress.

    >>> words("The output {} is *not* padded.", "Y")
    ('The output ', Math(formula='Y'), ' is ', Emph(words='not'), ' padded.')
    """
    parts: list[Inline] = []
    remaining = iter(formulas)
    for n, piece in enumerate(template.split("{}")):
        if n:
            parts.append(Math(next(remaining)))
        for m, phrase in enumerate(piece.split("*")):
            if phrase:
                parts.append(Emph(phrase) if m % 2 else phrase)
    return tuple(parts)
