"""Markdown with formulas between dollar signs, as notebooks, GitHub and documentation tools show it."""

from __future__ import annotations

from collections.abc import Sequence

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
from ..pictures.model import Picture
from .formula import latex

OPTIONS: tuple[str, ...] = ()


def render(document: Document) -> str:
    """A document in Markdown."""
    numbers = numbered(document)
    blocks = [f"# {_inline(document.title, {})}", *(_block(block, numbers) for block in document.blocks)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _block(block: Block, numbers: dict[str, int]) -> str:
    match block:
        case Heading(parts):
            return f"## {_inline(parts, numbers)}"
        case Paragraph(parts):
            return _inline(parts, numbers)
        case Display(formula, label):
            tag = rf" \tag{{{numbers[label]}}}" if label else ""
            return f"$$\n{latex(formula)}{tag}\n$$"
        case Long(formula):
            return f"${_math(formula)}$."
        case Table(rows, heads):
            body = "\n".join(f"| {name} | {_inline(value, numbers).replace('|', '&#124;')} |" for name, value in rows)
            return f"| {heads[0]} | {heads[1]} |\n|---|---|\n{body}"
        case Matrix():
            return _matrix(block)
        case Picture():
            return ""  # the colours are the picture; Markdown has none
        case Statement(parts):
            return f"**Theorem.** *{_inline(parts, numbers)}*"
        case Steps(opening, steps):
            lines = [f"*Proof.* {_inline(opening, numbers)}", ""]
            for step in steps:
                lines.append(
                    f"{'  ' * (step.level - 1)}- {step.number}. {_inline(step.claim, numbers)} — {_inline(step.reason, numbers)}"
                )
            return "\n".join(lines) + " ∎"
    raise AssertionError(f"not a block: {block!r}")


def _math(formula: object) -> str:
    return latex(formula).replace(r"\allowbreak ", "").replace(r"\allowbreak", "")  # type: ignore[arg-type]


def _inline(parts: Sequence[Inline | Reference], numbers: dict[str, int]) -> str:
    text = ""
    for part in parts:
        match part:
            case str():
                ended = part.startswith(".") and text.endswith(r".\end{cases}$")  # cases end their own sentence
                text += _escape(part[ended:])
            case Emph(words):
                text += f"*{_escape(words)}*"
            case Math(formula):
                text += f"${_math(formula)}$"
            case _:
                text += f"({numbers.get(part.label, '?')})"
    return text


def _escape(words: str) -> str:
    """Words of a document as Markdown: nothing in them is markup."""
    return "".join("\\" + character if character in "\\`*_[]<>$&~" else character for character in words)


def _matrix(matrix: Matrix) -> str:
    columns = len(matrix.columns)
    groups = (
        [f"*{{{matrix.column_block}}}{{c}}|"] * (columns // matrix.column_block)
        if matrix.column_block
        else ["c" * columns + "|"]
    )
    spelled = "".join(group if not group.startswith("*") else "c" * matrix.column_block + "|" for group in groups)
    lines = [" & " + " & ".join(rf"\scriptstyle {_math(label)}" for label in matrix.columns) + r" \\ \hline"]
    for row, label in enumerate(matrix.rows):
        cells = (matrix.cells.get((row, column)) for column in range(columns))
        end = (
            r" \\ \hline"
            if matrix.row_block and (row + 1) % matrix.row_block == 0 and row + 1 < len(matrix.rows)
            else r" \\"
        )
        lines.append(
            rf"\scriptstyle {_math(label)} & "
            + " & ".join(_math(cell.formula) if cell else r"\cdot" for cell in cells)
            + end
        )
    body = "\n".join(lines)
    where = f"\n\nwhere {', '.join(f'${_math(formula)}$' for formula in matrix.sums)}." if matrix.sums else ""
    return f"{_inline(matrix.said(), {})}\n\n$$\n\\begin{{array}}{{r|{spelled}}}\n{body}\n\\end{{array}}\n$$" + where
