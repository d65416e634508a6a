"""A deck of slides: the derivation as a Beamer document that compiles as it is, one idea a frame.

It needs texlive-latex-base, texlive-latex-recommended (Beamer is in it), texlive-pictures and lmodern. A
section of the document becomes a frame, or several where it is long; whatever is still too large for a
frame is scaled down, so nothing runs off it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..documents.blocks import (
    Block,
    Display,
    Document,
    Heading,
    Long,
    Matrix,
    Paragraph,
    Statement,
    Steps,
    Table,
    numbered,
)
from ..documents.slides import Moving, scale, with_motion
from ..documents.walk import every
from ..formula import Cases
from ..pictures.model import Picture
from . import latex as page
from .formula import escape, latex, width
from .tikz import tikz

OPTIONS: tuple[str, ...] = ()
LINE = 84  # characters of running text, about, on a line
LINES = 11.5  # on a frame
ROOM = "63mm"  # for what stands below the title of a frame

_PREAMBLE = r"""\documentclass[aspectratio=169,11pt]{beamer}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{amsmath,amssymb,graphicx,colortbl,tikz}
\usefonttheme[onlymath]{serif}
\setbeamertemplate{navigation symbols}{}
\setbeamertemplate{footline}[frame number]
\setbeamersize{text margin left=6mm,text margin right=6mm}
\setlength{\emergencystretch}{10em}
\newsavebox{\fitted}
\newcommand{\fit}[1]{\sbox{\fitted}{#1}%
  \ifdim\wd\fitted>\linewidth\sbox{\fitted}{\resizebox{\linewidth}{!}{\usebox{\fitted}}}\fi
  \ifdim\dimexpr\ht\fitted+\dp\fitted>ROOM\relax\sbox{\fitted}{\resizebox*{!}{ROOM}{\usebox{\fitted}}}\fi
  {\centering\usebox{\fitted}\par}}
\begin{document}
""".replace("ROOM", ROOM)


def arranged(document: Document, proof: Any) -> Document:
    """With the moving window, where there is one to show."""
    return with_motion(document, proof)


def render(document: Document) -> str:
    """The whole deck."""
    key = numbered(document)
    title = page.inline(document.title, key)
    first = f"\\begin{{frame}}\n\\centering\\Large {title}\\par\n\\end{{frame}}\n"
    return "\n".join([_PREAMBLE + first, *_frames(document.blocks, key), "\\end{document}\n"])


def _frames(blocks: Sequence[Block | Moving], key: page.Numbers) -> Iterator[str]:
    """The frames of a document: what belongs together, as far as it fits."""
    title, pieces = "", list[tuple[str, float]]()
    for block in blocks:
        alone = isinstance(block, (Matrix, Picture, Moving, Statement, Steps))
        checked = isinstance(block, Paragraph) and block.small
        if (alone or checked or isinstance(block, Heading)) and pieces:
            yield from _filled(title, pieces)
            pieces = []
        match block:
            case Heading(parts):
                title = page.inline(parts, key)
            case Moving():
                yield _moving(title, block)
            case Matrix():
                yield from _matrix(title, block, key)
            case Statement(parts):
                yield _frame("Theorem", rf"\large\emph{{{page.inline(parts, key)}}}")
            case Steps(opening):
                each = list(zip(page.proof_steps(block, key), map(_lines_of_step, block.steps), strict=True))
                words = page.inline(opening, key)
                yield from _filled("Proof", [(words, _lines(opening)), *each])
                title = "Written out"
            case Picture():
                yield _frame(title, page.block(block, key))
            case Paragraph(parts) if checked:
                yield _frame("What was checked", page.inline(parts, key))
            case _:
                pieces.append((page.block(block, key), _height(block)))
    if pieces:
        yield from _filled(title, pieces)


def _filled(title: str, pieces: Sequence[tuple[str, float]]) -> Iterator[str]:
    """As many frames as the pieces need, about equally full."""
    pieces = _announced(pieces)
    count = max(1, -int(-sum(lines for _, lines in pieces) // LINES))
    share = sum(lines for _, lines in pieces) / count
    frames: list[list[str]] = [[]]
    filled = 0.0
    for text, lines in pieces:
        if frames[-1] and (filled + lines > LINES or filled + lines / 2 > share):
            frames.append([])
            filled = 0.0
        frames[-1].append(text)
        filled += lines
    for n, frame in enumerate(frames, 1):
        yield _frame(
            title + (rf" {{\small ({n} of {len(frames)})}}" if len(frames) > 1 else ""), "\n\n\\smallskip\n".join(frame)
        )


def _announced(pieces: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Words that end in a colon, in one piece with what they announce."""
    joined: list[tuple[str, float]] = []
    for text, lines in pieces:
        if joined and joined[-1][0].endswith(":"):
            before, height = joined.pop()
            text, lines = f"{before}\n\n\\smallskip\n{text}", height + lines
        joined.append((text, lines))
    return joined


def _frame(title: str, body: str) -> str:
    inside = f"\\begin{{minipage}}{{\\linewidth}}\n{body}\n\\end{{minipage}}"
    return f"\\begin{{frame}}{{{title}}}\n\\fit{{{inside}}}\n\\end{{frame}}\n"


def _matrix(title: str, matrix: Matrix, key: page.Numbers) -> Iterator[str]:
    """A matrix by itself, under the words above it; what its sums stand for follows on a frame of its own."""
    said = page.inline(matrix.said(matrix.colours), key)
    body = f"{said}\\par\\medskip\n{{\\centering\\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{{page.array(matrix)}}}\\par}}"
    yield _frame(title, body)
    if matrix.sums:
        yield _frame(title, rf"where {page.listed_sums(matrix)}.")


def _moving(title: str, block: Moving) -> str:
    """One frame, an overlay for each output."""
    shots = []
    for n, shot in enumerate(block.shots, 1):
        below = rf"\par\smallskip{{\small\raggedright${latex(shot.formula)}$.\par}}" if shot.formula else ""
        drawn = rf"\scalebox{{{scale(shot.picture):.3f}}}{{{tikz(shot.picture)}}}"
        shots.append(f"\\only<{n}>{{{{\\centering{drawn}\\par}}{below}}}")
    said = f"\n\n{{\\footnotesize {escape(block.said)}\\par}}" if block.said else ""
    joined = "%\n".join(shots)
    return f"\\begin{{frame}}[t]{{{title}}}\n{joined}{said}\n\\end{{frame}}\n"


def _height(block: Block) -> float:
    """About how many lines a block takes."""
    match block:
        case Paragraph(parts):
            return _lines(parts)
        case Long(formula):
            return 0.5 + -(-width(formula) // LINE)
        case Display(formula):
            cases = max((len(each.rows) for each in every(formula) if isinstance(each, Cases)), default=1)
            return 1.5 + 1.5 * cases
        case Table(rows):
            return 1.5 + sum(_lines((name, *value)) for name, value in rows) / 2
    return 3.0


def _lines(parts: Sequence[Any]) -> float:
    return 0.4 + -(-sum(map(page.extent, parts)) // LINE)


def _lines_of_step(step: Any) -> float:
    return 0.4 + _lines(step.claim) + 0.9 * _lines(step.reason)
