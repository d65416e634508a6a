"""LaTeX: a whole document that compiles as it is, or a fragment to \\input in a paper.

Only packages of texlive-latex-base, texlive-latex-recommended and, for a picture, texlive-pictures are
used, and a fragment defines nothing: its first line names the packages it needs. Formulas that may be long are set within
paragraphs, where TeX breaks them at their operators; matrices are scaled to the line when they are
wider than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import zip_longest

from ..documents.blocks import (
    Block,
    Cell,
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
from ..formula import Formula
from ..pictures.colours import colour, ink
from ..pictures.model import Picture
from ..spec import flag
from .formula import escape, latex, width
from .formula import text as plain
from .tikz import tikz

Numbers = str | dict[str, int]
"""How displays are referred to: the key of a fragment's labels, or a whole document's own numbers."""

OPTIONS = ("standalone",)
PACKAGES = "amsmath, amssymb, graphicx, xcolor, colortbl"
DISPLAY_WIDTH = 66  # characters of running text, about, that surely fit on one line beside a number
REASON_WIDTH = 84  # claim and reason together, to stand on one line

_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{microtype}
\usepackage[hmargin=26mm,vmargin=22mm]{geometry}
\usepackage{amsmath,amssymb,graphicx,xcolor,colortbl}
\setlength{\emergencystretch}{10em}
\clubpenalty=10000 \widowpenalty=10000 \displaywidowpenalty=10000
\AtBeginDocument{\setlength{\abovedisplayskip}{5pt plus 2pt}\setlength{\belowdisplayskip}{5pt plus 2pt}}
\begin{document}
"""


def render(document: Document, standalone: bool = False) -> str:
    """A fragment, or with standalone=True a document that compiles as it is."""
    # A whole document numbers its displays itself, so that one run of LaTeX is enough; a fragment leaves it to the paper.
    key = numbered(document) if flag("standalone", standalone) else document.key
    title = inline(document.title, key)
    body = "\n\n".join(
        block(each, key) + _held(each, after) for each, after in zip_longest(document.blocks, document.blocks[1:])
    )
    drawn = any(isinstance(block, Picture) for block in document.blocks)
    if standalone:
        preamble = _PREAMBLE.replace("colortbl}", "colortbl,tikz}") if drawn else _PREAMBLE
        return f"{preamble}\\begin{{center}}\\Large {title}\\end{{center}}\n\n{body}\n\\end{{document}}\n"
    needs = f"% needs \\usepackage{{{PACKAGES.replace(' ', '')}{',tikz' * drawn}}}\n"
    head = f"\\paragraph{{{title}.}}\n\n" if title else ""
    return f"{needs}{head}{{\\setlength{{\\emergencystretch}}{{10em}}%\n{body}\n\n}}\n"


def _held(each: Block, after: Block | None) -> str:
    """Words that announce rows stay with the first of them."""
    return r"\par\nobreak" if isinstance(each, Paragraph) and isinstance(after, Long) else ""


def block(block: Block, key: Numbers) -> str:
    """One block."""
    match block:
        case Heading(parts):
            return rf"\paragraph{{{inline(parts, key)}.}}"
        case Paragraph(parts, small):
            text = inline(parts, key)
            return rf"\medskip\noindent{{\small\interlinepenalty=10000 {text}\par}}" if small else rf"\noindent {text}"
        case Display(formula, label):
            return _display(formula, label, key)
        case Long(formula):
            start = (
                r"\lineskiplimit=2.5pt\lineskip=3pt\raggedright\relpenalty=10000\hangindent=2em\hangafter=1\noindent"
            )
            return rf"{{{start} ${latex(formula)}$.\par}}"
        case Table(rows):
            return _table(rows, key)
        case Matrix():
            where = f"\n\n\\noindent where {listed_sums(block)}." if block.sums else ""
            said = inline(block.said(block.colours), key)
            return rf"{{\interlinepenalty=10000\noindent {said}\par}}\nobreak\smallskip" + "\n" + _matrix(block) + where
        case Picture():
            return _picture(block)
        case Statement(parts):
            return rf"\medskip\noindent\textbf{{Theorem.}} \emph{{{inline(parts, key)}}}"
        case Steps():
            return _steps(block, key)
    raise AssertionError(f"not a block: {block!r}")


def inline(parts: Sequence[Inline | Reference], key: Numbers) -> str:
    """Words and formulas within a paragraph."""
    text = ""
    for part in parts:
        match part:
            case str():
                ended = part.startswith(".") and text.endswith(r".\end{cases}$")  # cases end their own sentence
                text += escape(part[ended:])
            case Emph(words):
                text += rf"\emph{{{escape(words)}}}"
            case Math(formula):
                text += f"${latex(formula)}$"
            case _:
                label = part.label
                text += f"({key[label]})" if isinstance(key, dict) else rf"\eqref{{symconv:{key}:{label}}}"
    return text


def _display(formula: Formula, label: str | None, key: Numbers) -> str:
    body = latex(formula)
    if width(formula) > DISPLAY_WIDTH:
        # Scaled only when it is too wide: a display, unlike a paragraph, cannot break by itself.
        body = rf"\resizebox{{\ifdim\width>.9\linewidth .9\linewidth\else\width\fi}}{{!}}{{$\displaystyle {body}$}}"
    if label is None:
        return f"\\[{body}\\]"
    if isinstance(key, dict):
        return f"\\begin{{equation*}}\n{body}\n\\tag{{{key[label]}}}\\end{{equation*}}"
    return f"\\begin{{equation}}\\label{{symconv:{key}:{label}}}\n{body}\n\\end{{equation}}"


def _table(rows: Sequence[tuple[str, tuple[Inline, ...]]], key: Numbers) -> str:
    cells = [f"{escape(name)} & {inline(value, key)}" for name, value in rows]
    if all(len(name) + sum(len(_plain(part)) for part in value) <= 36 for name, value in rows):
        half = -(-len(cells) // 2)  # short ones in two columns, read downwards
        lines = [f"{left} & {right}" for left, right in zip_longest(cells[:half], cells[half:], fillvalue="&")]
        columns = r"ll@{\qquad}ll"
    else:
        long = max(len(name) for name, _ in rows) > 15  # beside a narrow text's line
        lines, columns = cells, rf"lp{{{'.68' if long else '.75'}\linewidth}}"
    body = " \\\\\n".join(lines)
    return f"\\begin{{center}}\\small\\begin{{tabular}}{{{columns}}}\\hline\n{body} \\\\\n\\hline\\end{{tabular}}\\end{{center}}"


TALL = 20
"""Rows from which a matrix might be higher than a page."""


def _lowered(body: str) -> str:
    """Scaled down to the page, with its words, when higher, never up."""
    room = r".85\textheight"
    return rf"\resizebox*{{!}}{{\ifdim\totalheight>{room} {room}\else\totalheight\fi}}{{{body}}}"


def _scaled(body: str) -> str:
    """Scaled down to the line when wider, never up."""
    return rf"\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{{body}}}"


def _cell(cell: Cell | None, zero: str = r"\cdot") -> str:
    if cell is None:
        return zero
    fill = colour(cell.colour)
    if fill is None:
        return latex(cell.formula)
    return rf"\cellcolor[HTML]{{{fill}}}" + (r"\color{white}" if ink(fill) == "FFFFFF" else "") + latex(cell.formula)


def _matrix(matrix: Matrix) -> str:
    scaled = (_scaled(array(band)) for band in bands(matrix))
    if len(matrix.rows) > TALL:
        scaled = (_lowered(body) for body in scaled)
    return "\n".join(f"{{\\centering{body}\\par}}\\medskip" for body in scaled)


BAND = 16
"""Columns that stand side by side at full size."""


def bands(matrix: Matrix) -> list[Matrix]:
    """The matrix in one piece; or where it is to be at full size, in bands of whole blocks of columns."""
    columns, step = len(matrix.columns), matrix.column_block or 1
    size = max(step, BAND - BAND % step) if step <= BAND else BAND
    if not matrix.bands or columns <= size:
        return [matrix]
    fields = {name: getattr(matrix, name) for name in matrix.__match_args__}
    return [
        Matrix(
            **fields
            | {
                "columns": matrix.columns[start : start + size],
                "cells": {
                    (row, column - start): cell
                    for (row, column), cell in matrix.cells.items()
                    if start <= column < start + size
                },
                "column_block": matrix.column_block if size % step == 0 else 0,
            }
        )
        for start in range(0, columns, size)
    ]


def array(matrix: Matrix) -> str:
    """The matrix itself, with its labels, at full size; the labels of many columns stand upright."""
    width = matrix.column_block
    columns = len(matrix.columns)
    many = columns > BAND
    groups = [f"*{{{width}}}{{c}}|"] * (columns // width) if width else [f"*{{{columns}}}{{c}}|"]
    heads = (
        rf"\rotatebox{{90}}{{$\,{latex(label)}\,$}}" if many else rf"\scriptstyle {latex(label)}"
        for label in matrix.columns
    )
    label_size = "" if many else r"\scriptstyle "  # scaled down they would be too small to read
    lines = [r"\hline & " + " & ".join(heads) + r"\\ \hline"]
    for row, label in enumerate(matrix.rows):
        cells = " & ".join(_cell(matrix.cells.get((row, column))) for column in range(columns))
        last = row + 1 == len(matrix.rows) or (matrix.row_block and (row + 1) % matrix.row_block == 0)
        lines.append(rf"{label_size}{latex(label)} & {cells}\\" + (r" \hline" if last else ""))
    body = "\n".join(lines)
    fractions = any(
        isinstance(cell.formula, Fraction) and cell.formula.denominator > 1 for cell in matrix.cells.values()
    )
    stretch = "1.6" if fractions else "1.25"
    inside = f"\\setlength{{\\arraycolsep}}{{{'1.2' if many else '2.2'}pt}}\\renewcommand{{\\arraystretch}}{{{stretch}}}\n\\begin{{array}}{{|r|{''.join(groups)}}}\n{body}\n\\end{{array}}"
    return f"${inside}$"


def listed_sums(matrix: Matrix) -> str:
    """What the names of sums in it stand for."""
    return ", ".join(f"${latex(formula)}$" for formula in matrix.sums)


def _picture(picture: Picture) -> str:
    drawn = _scaled(rf"\scalebox{{.76}}{{{tikz(picture)}}}")
    return f"{{\\centering{drawn}\\\\[.5ex]{{\\small {escape(picture.caption)}}}\\par}}"


def _steps(steps: Steps, key: Numbers) -> str:
    opening = rf"\medskip{{\interlinepenalty=10000\noindent\emph{{Proof.}} {inline(steps.opening, key)}\par}}\nobreak"
    return "\n".join([opening, *proof_steps(steps, key)]) + "\n\\medskip"


def proof_steps(steps: Steps, key: Numbers) -> list[str]:
    """Each step by itself; the last with the sign that the proof ends."""
    lines = []
    indent = "2.4em" if len(steps.steps) < 10 else "2.9em"
    for n, step in enumerate(steps.steps):
        claim, reason = inline(step.claim, key), inline(step.reason, key)
        end = r"\quad$\square$" if n + 1 == len(steps.steps) else ""
        length = (
            5 * (step.level - 1) + sum(map(extent, step.claim)) + 0.85 * sum(map(extent, step.reason)) + 4 * bool(end)
        )
        number = escape(step.number)
        inside = rf"\leftskip={2.4 * (step.level - 1)}em" if step.level > 1 else ""
        start = rf"{inside}\noindent\hangindent={indent}\hangafter=1\makebox[{indent}][l]{{\small {number}.}}"
        if length <= REASON_WIDTH:
            lines.append(
                rf"{{\smallskip\raggedright{start}{claim}\hspace*{{1em}}\penalty-5\hfill{{\small\itshape {reason}}}{end}\par}}"
            )
        else:
            lines.append(rf"{{\smallskip\raggedright{start}{claim}\newline{{\small\itshape {reason}.}}{end}\par}}")
    return lines


def extent(part: Inline | Reference) -> float:
    """About how many characters wide."""
    return width(part.formula) if isinstance(part, Math) else len(_plain(part))


def _plain(part: Inline | Reference) -> str:
    match part:
        case Emph(words):
            return words
        case Math(formula):
            return plain(formula)
        case Reference():
            return "(1)"
    return part
