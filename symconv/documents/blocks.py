"""A document as format-free blocks: what a proof says, before any format says how it looks.

Paragraphs mix words and formulas; the other blocks are displays, tables, matrices and numbered
steps. the rest of `documents/` builds them from proofs, `render/` writes them in each format.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

from ..formula import Formula, Gap
from ..node import Node
from ..pictures.model import Picture


class Emph(Node):
    """Stressed words."""

    words: str


Inline = Union[str, Emph, "Math"]


class Math(Node):
    """A formula within a paragraph."""

    formula: Formula


class Heading(Node):
    parts: tuple[Inline, ...]


class Paragraph(Node):
    parts: tuple[Inline, ...]
    small: bool = False


class Display(Node):
    """A formula on a line of its own; with a label it is numbered and can be referred to."""

    formula: Formula
    label: str | None = None


class Long(Node):
    """A formula that may take several lines, broken at its operators."""

    formula: Formula


class Reference(Node):
    """A reference to a labelled display."""

    label: str


class Table(Node):
    """Names and values."""

    rows: tuple[tuple[str, tuple[Inline, ...]], ...]
    heads: tuple[str, str] = ("parameter", "value")  # for formats whose tables must have a first line


class Cell(Node):
    """One cell of a grid: its formula and the number of its colour, if it has one."""

    formula: Formula
    colour: tuple[int, int] | None = None  # see `pictures.colours`
    short: str = ""  # for a terminal: a letter that stands for the formula


class Matrix(Node):
    """A matrix with labelled rows and columns; a missing cell is zero, shown as a dot."""

    rows: tuple[Formula, ...]
    columns: tuple[Formula, ...]
    cells: dict[tuple[int, int], Cell]
    row_block: int  # rows between two rules
    column_block: int
    lead: tuple[Inline, ...] = ("Written out",)  # the words above it
    colours: tuple[str, ...] = ()  # what the colours mean, where there are colours
    legend: tuple[tuple[str, Formula], ...] = ()  # what the letters stand for, in a terminal
    sums: tuple[Formula, ...] = ()  # what the names of sums stand for
    lettered: str = "kernel entry"  # what has a letter in a terminal
    bands: bool = False  # at full size in bands of columns, where it is wider than the page; otherwise scaled

    def said(self, marks: Sequence[str] = ()) -> tuple[Inline, ...]:
        """The words above it, then how it is to be read."""
        shown_cells = (each for each in self.cells.values() if not isinstance(each.formula, Gap) or each.formula.inside)
        zero = sum(1 for _ in shown_cells) < len(self.rows) * len(self.columns)
        shown = ["a dot for zero"] * zero + list(marks)
        joined = " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
        return (*self.lead, f", with {joined}:" if shown else ":")


class Statement(Node):
    """A theorem, stated."""

    parts: tuple[Inline, ...]


class ProofStep(Node):
    number: str
    claim: tuple[Inline | Reference, ...]
    reason: tuple[Inline | Reference, ...]
    level: int = 1  # how deep it stands below the steps that prove the theorem itself


class Steps(Node):
    """A proof: its opening words and its numbered steps."""

    opening: tuple[Inline, ...]
    steps: tuple[ProofStep, ...]


Block = Union[Heading, Paragraph, Display, Long, Table, Matrix, Picture, Statement, Steps]


class Document(Node):
    """A title and blocks. The key is unique to the configuration, so labels of two documents differ."""

    title: tuple[Inline, ...]
    blocks: tuple[Block, ...]
    key: str


def numbered(document: Document) -> dict[str, int]:
    """The numbers of the labelled displays, in their order."""
    labels = (block.label for block in document.blocks if isinstance(block, Display) and block.label)
    return {label: number for number, label in enumerate(labels, 1)}


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
