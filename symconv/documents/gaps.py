"""A worksheet from a document: some of what can be worked out is left blank, and the solution marks it.

Blank can be: the output size, each cell of a matrix that is written out, zeros included, and each sum
that is written out. Everything else stays, so that a reader has what is needed to fill the blanks in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from ..formula import Chain, Formula, Gap
from .block_form import DOTS
from .blocks import Block, Cell, Document, Emph, Heading, Inline, Long, Math, Matrix, Paragraph, Table
from .walk import changed, every

BLANKS = ("all", "some")
_SIZE = re.compile(r"(?<= = )(\d+)(?!\d|[.]\d)|(?<= has )(\d+)(?= entr)")


def with_gaps(document: Document, seed: int = 0, blanks: str = "some") -> tuple[Document, Document]:
    """The worksheet and its solution: the same document, the blanks empty and filled in.

    `some` leaves half of the cells of each matrix blank, and half of the sums, as the seed chooses.
    """
    chosen = _Chosen(Random(seed), blanks == "all")  # noqa: S311 - a teacher's choice, no secret
    blocks: list[Block] = []
    section = ""
    for block in document.blocks:
        if isinstance(block, Heading):
            section = "".join(part for part in block.parts if isinstance(part, str))
        blocks.append(_block(block, section, chosen))
    solved = tuple(blocks)
    count = sum(isinstance(each, Gap) for each in every(solved))
    sheet = changed(solved, _emptied)
    blank = f"The {count} blanks are" if count != 1 else "The one blank is"
    how = " In a matrix, a dot fills the cell of a zero." if any(map(_in_a_matrix, every(solved))) else ""
    return (
        _document(document, "worksheet", (Emph("Worksheet."), f" {blank} to be filled in.{how}"), sheet),
        _document(document, "solution", (Emph("Solution."), f" {blank} filled in, and marked."), solved),
    )


def _document(document: Document, what: str, said: tuple[Inline, ...], blocks: tuple[Block, ...]) -> Document:
    return Document((*document.title, f": {what}"), (Paragraph(said), *blocks), f"{document.key}-{what}")


def _in_a_matrix(node: Any) -> bool:
    return isinstance(node, Cell) and isinstance(node.formula, Gap)


def _emptied(part: Any) -> Any:
    """A gap without what fills it; a cell's colour and letter would give it away."""
    match part:
        case Gap(inside, _):
            return Gap(inside, False)
        case Cell(Gap() as gap, _, _):
            return Cell(gap, None, "_")
    return part


class _Chosen:
    """Which places are blank, drawn in the order of the document; the same sum is blank wherever it stands."""

    def __init__(self, rng: Random, everything: bool) -> None:
        self._rng, self._everything = rng, everything
        self._sums: dict[Formula, bool] = {}
        self._pair = False  # whether the first of two sums was left blank

    def half(self, places: list[Any]) -> list[Any]:
        """Half of them, or all."""
        if self._everything:
            return places
        drawn = sorted((self._rng.random(), n) for n in range(len(places)))
        return [places[n] for _, n in sorted(drawn[: -(-len(places) // 2)], key=lambda pair: pair[1])]

    def sum(self, formula: Formula) -> bool:
        """Whether a sum is blank: of every two, one is."""
        if formula not in self._sums:
            self._pair = not self._pair if len(self._sums) % 2 else self._rng.random() < 0.5
            self._sums[formula] = self._everything or self._pair
        return self._sums[formula]


def _block(block: Block, section: str, chosen: _Chosen) -> Block:
    match block:
        case Table(rows, heads) if section == "Setting":
            shown = tuple((name, _first(value) if name == "output" else value) for name, value in rows)
            return Table(shown, heads)
        case Paragraph(parts, small) if section == "Output size":
            return Paragraph(tuple(_sizes(parts)), small)
        case Matrix():
            return _matrix(block, chosen)
        case Long(Chain("=", (left, total, *rest))) if chosen.sum(total):
            return Long(Chain("=", (left, Gap(total, True), *rest)))
    return block


def _first(parts: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """The size blank; the channels, which follow it, are a parameter of the layer."""
    first, *rest = parts
    return (Math(Gap(first.formula, True)) if isinstance(first, Math) else first, *rest)


def _sizes(parts: tuple[Inline, ...]) -> Iterator[Inline]:
    """The words with the output size blank; not where it is one of the layer's own parameters."""
    given = any(isinstance(part, str) and part.startswith("The output size is given") for part in parts)
    for part in parts:
        if given:
            yield part
        elif isinstance(part, str):
            pieces = [piece for piece in _SIZE.split(part) if piece]
            yield from (Math(Gap(int(piece), True)) if piece.isdigit() else piece for piece in pieces)
        elif isinstance(part, Math) and isinstance(part.formula, Chain) and part.formula.operator == "x":
            yield Math(Gap(part.formula, True))
        else:
            yield part


def _matrix(matrix: Matrix, chosen: _Chosen) -> Matrix:
    """Half of its cells, or all, in the solution: what fills them is marked."""
    places = [(row, column) for row in range(len(matrix.rows)) for column in range(len(matrix.columns))]
    cells = dict(matrix.cells)
    places = [place for place in places if place not in cells or cells[place].formula not in DOTS]
    for place in chosen.half(places):
        cell = cells.get(place, Cell(0, None, "."))
        cells[place] = Cell(Gap(cell.formula, True), cell.colour, f"{cell.short or '0'}*")
    fields: dict[str, Any] = {name: getattr(matrix, name) for name in matrix.__match_args__}
    return Matrix(**{**fields, "cells": cells})
