"""Plain text, readable in a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from string import ascii_uppercase

from ..documents.blocks import (
    Block,
    Display,
    Document,
    Emph,
    Heading,
    Inline,
    Long,
    Math,
    Matrix,
    Paragraph,
    Reference,
    Statement,
    Steps,
    Table,
    numbered,
)
from ..documents.weights import ALPHABET
from ..formula import Array, Cases, Chain, Formula
from ..pictures.model import Picture
from .formula import TIE
from .formula import text as formula_text

OPTIONS: tuple[str, ...] = ()
WIDTH = 79


def render(document: Document) -> str:
    """A document in plain text."""
    numbers = numbered(document)
    title = fill(inline(document.title, {}))
    head = f"{title}\n{'=' * max(map(len, title.splitlines()))}" if title else ""
    blocks = [head, *(_block(block, numbers) for block in document.blocks)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _block(block: Block, numbers: dict[str, int]) -> str:
    match block:
        case Heading(parts):
            words = inline(parts, numbers)
            return f"{words}\n{'-' * len(words)}"
        case Paragraph(parts) | Statement(parts):
            lead = "Theorem. " if isinstance(block, Statement) else ""
            return fill(lead + inline(parts, numbers))
        case Display(formula, label):
            return _display(formula, f"({numbers[label]})" if label else "")
        case Long(formula):
            return fill(formula_text(formula), "    ", "      ")
        case Table(rows):
            width = max(len(name) for name, _ in rows)
            return "\n".join(
                fill(f"{name:<{width}}  {inline(value, numbers)}", "    ", " " * (width + 6)) for name, value in rows
            )
        case Matrix():
            said = block.said((f"a letter for each {block.lettered}",) if block.legend else ())
            return fill(inline(said, numbers)) + "\n\n" + matrix(block)
        case Picture():
            return ""  # the text before it says the same
        case Steps(opening, steps):
            lines = [fill("Proof. " + inline(opening, numbers))]
            for step in steps:
                start, later = " " * (6 * step.level - 4), " " * (6 * step.level + 2)
                lines.append(fill(f"{step.number}. {inline(step.claim, numbers)}", start, later))
                lines.append(fill(f"[{inline(step.reason, numbers)}]", later, later))
            return "\n".join(lines) + "  ∎"
    raise AssertionError(f"not a block: {block!r}")


def inline(parts: Sequence[Inline | Reference], numbers: dict[str, int]) -> str:
    """A paragraph's words and formulas."""
    text = ""
    for part in parts:
        match part:
            case str():
                text += part
            case Emph(words):
                text += words
            case Math(formula):
                text += formula_text(formula)
            case _:
                text += f"({numbers.get(part.label, '?')})"
    return text


def fill(text: str, first: str = "", later: str = "") -> str:
    """Wrapped to the width, but not at a tie; only what is longer than a line is cut."""
    lines = textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    return "\n".join(lines).replace(TIE, " ")


def _wide(cells: list[list[str]]) -> bool:
    return 4 + sum(2 + max(map(len, column)) for column in zip(*cells, strict=True)) > WIDTH


def _array(array: Array) -> str:
    """A small matrix, its columns one below the other."""
    cells = [["." if each == 0 else formula_text(each) for each in row] for row in array.rows]
    while _wide(cells) and "⋯" in cells[0] and cells[0].index("⋯") > 1:  # leave more out where dots stand already
        at = cells[0].index("⋯") - 1
        cells = [[*row[:at], *row[at + 1 :]] for row in cells]
    if _wide(cells):
        return fill(formula_text(array), "      ", "      ")
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(f"{cell:^{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(f"      {line}".rstrip() for line in lines).replace(TIE, " ")


def _display(formula: Formula, number: str) -> str:
    if isinstance(formula, Chain) and isinstance(formula.parts[-1], Array):
        left = " = ".join(formula_text(part) for part in formula.parts[:-1]) + " ="
        return f"    {left}\n\n" + _array(formula.parts[-1])
    if isinstance(formula, Chain) and isinstance(formula.parts[-1], Cases):
        left = " = ".join(formula_text(part) for part in formula.parts[:-1]) + " = "
        rows = [
            f"{formula_text(value)}  {condition if isinstance(condition, str) else 'if ' + formula_text(condition)}"
            for value, condition in formula.parts[-1].rows
        ]
        lines = [
            fill(("    " + left if n == 0 else " " * (len(left) + 4)) + row, "", " " * (len(left) + 6))
            for n, row in enumerate(rows)
        ]
        text = "\n".join(lines)
    else:
        text = fill(formula_text(formula), "    ", "      ")
    if not number:
        return text
    lines = text.split("\n")
    room = WIDTH - len(lines[0]) - len(number)
    if room > 1:
        lines[0] += " " * room + number
    else:
        lines.append(" " * (WIDTH - len(number)) + number)
    return "\n".join(lines)


def matrix(block: Matrix, width: int = WIDTH, paint: Callable[[str, str], str] | None = None) -> str:
    """A matrix of letters, dots for zeros, in bands of columns that fit the width, and what the letters mean."""
    labels = [formula_text(label) for label in block.rows]
    margin = max(map(len, labels)) + 2
    size = max([len(cell.short) for cell in block.cells.values()] + [1])
    spot = size + 1
    step = block.column_block or len(block.columns)
    per_band = max(1, (width - margin) // spot)
    if per_band >= step:
        per_band -= per_band % step  # whole blocks of columns
        while per_band > step and margin + per_band * spot + 2 * (per_band // step - 1) > width:
            per_band -= step
    bands = []
    for start in range(0, len(block.columns), per_band):
        chosen = range(start, min(start + per_band, len(block.columns)))
        bars = [column for column in chosen if column > start and column % step == 0]
        head = f"columns {formula_text(block.columns[chosen[0]])} to {formula_text(block.columns[chosen[-1]])}:"
        lines = [head]
        for row, label in enumerate(labels):
            if row and block.row_block and row % block.row_block == 0:
                lines.append("")
            cells = ""
            for column in chosen:
                cell = block.cells.get((row, column))
                short = cell.short if cell else "."
                padded = f" {short:>{size}}"
                cells += ("  " if column in bars else "") + (paint(short, padded) if paint and cell else padded)
            lines.append(f"{label:<{margin - 1}}{cells}")
        bands.append("\n".join(lines))
    legend = ", ".join(f"{short}{TIE}={TIE}{formula_text(symbol)}" for short, symbol in block.legend)
    sums = ", ".join(map(formula_text, block.sums))
    letters = ascii_uppercase[: ascii_uppercase.index(max(short[0] for short, _ in block.legend)) + 1] if legend else ""
    used = {short[0] for short, _ in block.legend}
    others = [letter for letter in letters if letter not in ALPHABET and letter not in used]
    if others:  # so that nobody looks for them
        legend += f" ({', '.join(others)} {'is left out: it names' if len(others) == 1 else 'are left out: they name'} something else)"
    said = [f"with {legend}" if legend else "", f"where {sums}" if sums else ""]
    return "\n\n".join([*bands, *(fill(f"{each}.") for each in said if each)])
