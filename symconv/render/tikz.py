"""Pictures in TikZ: a file of their own that compiles as it is, or a tikzpicture for another document.

It needs texlive-latex-base, texlive-latex-recommended and texlive-pictures, and no TikZ library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import SpecError, TooLarge
from ..formula import Formula, Sym
from ..pictures.colours import Mark, colour, ink
from ..pictures.model import HEADING, NOTE, SIGN, SMALL, Cell, Frame, Item, Label, Line, Picture, band, captioned, still
from .formula import escape, latex

CELLS = 8_000

_SIZES = {NOTE: r"\footnotesize", HEADING: r"\normalsize", SIGN: r"\Large"}
_SIGNS = {"⋆": r"$\star$", "·": r"$\cdot$", "=": "$=$"}
_KINDS = {"padding": "black!5, dashed", "between": "white, dashed", "cropped": "white, dotted"}
_FRAMES = {
    "window": "line width=1.4pt", "output": "line width=1.4pt", "row": "line width=1.4pt",
    "group": "black!65, rounded corners=4pt, line width=.7pt", "edge": "black!45",
}  # fmt: skip

_GREEK = re.compile("([αβγδεζηθκλω])")  # what names can be exchanged for, in formulas and out of them
_LETTERS = "".join(map(chr, range(0xC0, 0x100))).translate(
    str.maketrans("", "", "ÐðÞþ")
)  # that every TeX has fonts for

_PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,xcolor,tikz}
\usepackage[paperwidth=%dbp,paperheight=%dbp,margin=6bp]{geometry}
\pagestyle{empty}
\setlength{\parindent}{0pt}
\setlength{\topskip}{0pt}
\begin{document}
"""


def standalone(picture: Picture) -> str:
    """A document of one page of the picture's size, with its title and caption."""
    whole = captioned(picture)
    width, height = (-(-3 * side // 4) + 14 for side in (whole.width, whole.height))  # a unit is 3/4 of a point
    return f"{_PREAMBLE % (width, height + 6)}{tikz(whole)}%\n\\end{{document}}\n"


def tikz(picture: Picture, n: int = 0) -> str:
    """A tikzpicture, showing scene n: for documents that load xcolor and tikz."""
    items = still(picture, n)
    cells = sum(isinstance(item, Cell) for item in items)
    if cells > CELLS:
        raise TooLarge(
            f"the picture has {cells:,} cells, and LaTeX's memory holds about {CELLS:,}; write w.svg, or draw a smaller "
            "layer of the same kind"
        )
    marks = sorted({mark for item in items if isinstance(item, Cell) for mark in item.marks})
    described = " ".join([picture.description, *(scene.description for scene in picture.scenes[n : n + 1])])
    lines = [f"% {line}" for line in described.splitlines()]
    lines += [_marked(f"/Span <</Alt {_string(described)}>> BDC") + "%"]  # what is read aloud in its place
    lines += [r"\begin{tikzpicture}[x=.75bp, y=-.75bp, inner sep=0pt, outer sep=0pt, line width=.4pt]"]
    lines += [rf"\definecolor{{{_name(mark)}}}{{HTML}}{{{colour(mark)}}}" for mark in marks]
    lines += [rf"\path[use as bounding box] (0,0) rectangle ({picture.width},{picture.height});"]
    lines += [line for item in items for line in _item(item)]
    return "\n".join([*lines, r"\end{tikzpicture}%", _marked("EMC")])


def _marked(operator: str) -> str:
    """An operator in the content of the page, where TeX writes a PDF by itself."""
    return rf"\leavevmode\ifdefined\pdfliteral\pdfliteral page{{{operator}}}\fi"


def _string(words: str) -> str:
    """Words as a PDF string: as they are where TeX and PDF mean nothing else by them, else in UTF-16."""
    said = words.replace("×", " by ").replace("\n", " ")
    if (
        re.fullmatch(r"[\w .,;:=+*/\[\]()'-]*", said, re.ASCII)
        and "_" not in said
        and said.count("(") == said.count(")")
    ):
        return f"({said})"
    return f"<FEFF{said.encode('utf-16-be').hex().upper()}>"


def _name(mark: Mark) -> str:
    return f"symconv{mark[0]}of{mark[1]}"


def _item(item: Item) -> Sequence[str]:
    match item:
        case Cell():
            return _cell(item)
        case Label(x, y, text, size, anchor):
            where = {"middle": "", "start": "anchor=west, ", "end": "anchor=east, "}[anchor]
            tone = ", black!65" if size == NOTE else ""
            return [rf"\node[{where}font={_SIZES[size]}{tone}] at ({x},{y}) {{{_text(text)}}};"]
        case Frame(x, y, width, height, kind):
            thin = ", line width=.7pt" if height <= SMALL else ""
            return [rf"\draw[{_FRAMES[kind]}{thin}] ({x},{y}) rectangle +({width},{height});"]
        case Line(x, y, right, down, arrow):
            return [rf"\draw[{'->, ' if arrow else ''}black!65] ({x},{y}) -- +({right},{down});"]
    raise AssertionError(f"not part of a picture: {item!r}")


def _cell(cell: Cell) -> list[str]:
    size = f"rectangle +({cell.width},{cell.height})"
    found = []
    for n, mark in enumerate(cell.marks):
        top, height = band(cell, n)
        found.append(rf"\fill[{_name(mark)}] ({cell.x},{top}) rectangle +({cell.width},{height});")
    kind = _KINDS.get(cell.kind, "white")
    fill, _, dashes = kind.partition(", ")
    if cell.width > SMALL or cell.panel != "matrix":
        fill = "" if cell.marks else f", fill={fill}"
        found.append(rf"\draw[black!45{fill}{', ' * bool(dashes)}{dashes}] ({cell.x},{cell.y}) {size};")
    if cell.kind == "cropped":
        found.append(rf"\draw[black!45] ({cell.x},{cell.y}) -- +({cell.width},{cell.height});")
    quiet = cell.kind != "entry"
    for n, line in enumerate(cell.lines):
        top, height = band(cell, n)
        dark = bool(cell.marks) and ink(colour(cell.marks[n]) or "") == "FFFFFF"
        tone = "white, " if dark else "black!65, " if quiet and not cell.marks else ""
        at = f"({cell.x + cell.width // 2},{top + height // 2})"
        found.append(rf"\node[{tone}font=\small] at {at} {{{_text(line)}}};")
    return found


def _text(formula: Formula) -> str:
    if not isinstance(formula, str):
        return f"${latex(formula)}$".replace(r"$\mathrm{}+", "$+")
    if formula in _SIGNS:
        return _SIGNS[formula]
    checked(_GREEK.sub("", formula))
    parts = _GREEK.split(formula)  # before it is escaped, which writes a sign that is no letter by its code
    words = "".join(f"${latex(Sym(part))}$" if _GREEK.fullmatch(part) else escape(part) for part in parts)
    return words.replace("×", r"$\times$").replace(r"\textquotedbl{}", "''")


def checked(words: str) -> str:
    """Words that pdflatex can print."""
    for character in words:
        if not (" " <= character <= "~" or character in "×−·…“”" or (character.isalpha() and character in _LETTERS)):
            raise SpecError("title", words, f"pdflatex cannot print {character!r}", 'path="w.svg"')
    return words
