"""HTML: one self-contained page that needs no network and no script, light or dark, on any screen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

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
from ..pictures.colours import colour, ink
from ..pictures.model import Picture
from ..spec import flag
from .mathml import display, inline, mathml
from .svg import svg
from .text import inline as plain

OPTIONS = ("standalone",)
MANY = 12  # columns that fit on a page at its own size
_SMALL = ' class="small"'
_BELOW = ' style="margin-left: 2rem"'

_COLOURS = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #b8b8b8; --quiet: #595959; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --line: #5a5a5a; --quiet: #a8a8a8; } }
"""
_BODY = """\
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.05rem/1.55 Georgia, "Times New Roman", serif; }
"""
_STYLE = """\
.symconv { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: break-word; }
.symconv h1 { font-size: 1.5rem; line-height: 1.25; font-weight: normal; text-align: center; margin: .5rem 0 1.5rem; }
.symconv h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
.symconv p { margin: .6rem 0; }
.symconv math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math, serif; }
.symconv .kept { white-space: nowrap; }
.symconv .left { text-align: left; }
.symconv .small { font-size: .9rem; color: var(--quiet); }
.symconv .wide { overflow-x: auto; overflow-y: hidden; max-width: 100%; padding: .2rem 0; }
.symconv span.wide { display: block; text-indent: 0; white-space: nowrap; }
.symconv .display { display: flex; align-items: center; gap: 1rem; margin: .8rem 0; }
.symconv .display > .wide { flex: 1; min-width: 0; }
.symconv .long { padding-left: 1.5rem; text-indent: -1.5rem; }
.symconv table { border-collapse: collapse; margin: .4rem auto; }
.symconv .settings th { text-align: left; font-weight: normal; padding: .1rem 1.2rem .1rem 0; }
.symconv .settings { border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.symconv .grid td, .symconv .grid th { border: 1px solid var(--line); padding: .1rem .35rem; text-align: center; font-weight: normal; }
.symconv .grid th { font-size: .75rem; white-space: nowrap; }
.symconv .grid td { min-width: 1.2rem; }
.symconv .many { font-size: .8rem; }
.symconv .many td { padding: .1rem .15rem; }
.symconv .cut { border-right-width: 2px !important; }
.symconv .low > * { border-bottom-width: 2px !important; }
.symconv figure { margin: 1rem 0; text-align: center; }
.symconv figcaption { font-size: .9rem; color: var(--quiet); margin-top: .4rem; }
.symconv ol.steps { list-style: none; padding: 0; }
.symconv ol.steps li { padding-left: 3.8rem; text-indent: -3.8rem; margin: .55rem 0; }
.symconv ol.steps .number { display: inline-block; min-width: 3.8rem; text-indent: 0; color: var(--quiet); }
.symconv ol.steps .reason { display: block; text-indent: 0; font-style: italic; color: var(--quiet); font-size: .95rem; }
.symconv a { color: inherit; }
@media (max-width: 40rem) {
  .symconv .piece { display: inline-block; max-width: 100%; vertical-align: middle; text-indent: 0; white-space: nowrap; overflow-x: auto; overflow-y: hidden; padding: .2rem 0; }
  .symconv ol.steps li { padding-left: 1rem; text-indent: -1rem; }
}
"""


def render(document: Document, standalone: bool = True) -> str:
    """A whole page, or with standalone=False the part that goes into another one."""
    if not flag("standalone", standalone):
        return f"<style>{style()}</style>\n{article(document)}"
    body = article(document)
    title = escape(plain(document.title, {}))
    head = '<meta charset="utf-8"/>\n<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n<title>{title}</title>\n<style>{_COLOURS}{_BODY}{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n'


def style() -> str:
    """What articles within another page need, once; it says nothing about the rest of the page."""
    return _COLOURS.replace(":root", ".symconv") + _STYLE


def article(document: Document, top: int = 1, fold: bool = False) -> str:
    """A document without a page around it: its title, if it has one, is a heading of level `top`.

    With fold=True the steps of a proof are behind one line that opens them.
    """
    writer = _Writer(document, top, fold)
    title = f"<h{top}>{writer.inline(document.title)}</h{top}>\n" if document.title else ""
    return f'<article class="symconv">\n{title}{writer.body()}\n</article>\n'


class _Writer:
    """One document: its numbered displays, and identifiers that no other document on the page has."""

    def __init__(self, document: Document, top: int, fold: bool) -> None:
        self._document, self._top, self._fold = document, top, fold
        self._numbers = numbered(document)

    def body(self) -> str:
        return "\n".join(self._block(block) for block in self._document.blocks)

    def _anchor(self, label: str) -> str:
        return f"symconv-{self._document.key}-{label}"

    def _block(self, block: Block) -> str:
        match block:
            case Heading(parts):
                return f"<h{self._top + 1}>{self.inline(parts)}</h{self._top + 1}>"
            case Paragraph(parts, small):
                return f"<p{_SMALL if small else ''}>{self.inline(parts)}</p>"
            case Display(formula, label):
                number = f'<span class="number">({self._numbers[label]})</span>' if label else ""
                anchor = f' id="{self._anchor(label)}"' if label else ""
                return f'<div class="display"{anchor}><div class="wide">{display(formula)}</div>{number}</div>'
            case Long(formula):
                return f'<p class="long">{self.inline((Math(formula), "."))}</p>'
            case Table(rows):
                lines = (f"<tr><th>{escape(name)}</th><td>{self.inline(value)}</td></tr>" for name, value in rows)
                return f'<div class="wide"><table class="settings">{"".join(lines)}</table></div>'
            case Matrix():
                return self._matrix(block)
            case Picture():
                return _picture(block, self._document.key)
            case Statement(parts):
                return f"<p><strong>Theorem.</strong> <em>{self.inline(parts)}</em></p>"
            case Steps(opening, steps):
                items = (
                    f'<li{_BELOW if step.level > 1 else ""}><span class="number">{escape(step.number)}.</span>{self.inline(step.claim)}'
                    f'<span class="reason">{self.inline(step.reason)}{" ∎" if n == len(steps) else ""}</span></li>'
                    for n, step in enumerate(steps, 1)
                )
                listed = "\n".join(items)
                said = f"<em>Proof.</em> {self.inline(opening)}"
                within = f'<ol class="steps">\n{listed}\n</ol>'
                if self._fold:
                    return f"<details><summary>{said}</summary>\n{within}\n</details>"
                return f"<p>{said}</p>\n{within}"
        raise AssertionError(f"not a block: {block!r}")

    def inline(self, parts: Sequence[Inline | Reference]) -> str:
        text = ""
        for part in parts:
            match part:
                case str():
                    if part[:1] in tuple(".,:;"):  # a sign stays with its formula
                        if text.endswith("</span>"):
                            text, part = text.removesuffix("</span>") + part[0] + "</span>", part[1:]
                        elif text.endswith("</math>"):
                            at = text.rindex("<math>")
                            text, part = f'{text[:at]}<span class="kept">{text[at:]}{part[0]}</span>', part[1:]
                    text += escape(part)
                case Emph(words):
                    text += f"<em>{escape(words)}</em>"
                case Math(formula):
                    text += inline(formula)
                case _:
                    label = part.label
                    text += f'<a href="#{self._anchor(label)}">({self._numbers.get(label, "?")})</a>'
        return text

    def _matrix(self, matrix: Matrix) -> str:
        cuts = {n for n in range(len(matrix.columns)) if matrix.column_block and (n + 1) % matrix.column_block == 0}
        head = "".join(
            f'<th scope="col"{_cut(n, cuts)}><math>{mathml(each)}</math></th>' for n, each in enumerate(matrix.columns)
        )
        lines = [f"<tr><td></td>{head}</tr>"]
        for row, label in enumerate(matrix.rows):
            low = ' class="low"' if matrix.row_block and (row + 1) % matrix.row_block == 0 else ""
            cells = "".join(_cell(matrix.cells.get((row, n)), "·", _cut(n, cuts)) for n in range(len(matrix.columns)))
            lines.append(f'<tr{low}><th scope="row"><math>{mathml(label)}</math></th>{cells}</tr>')
        sums = f"<p>where {', '.join(map(inline, matrix.sums))}.</p>" if matrix.sums else ""
        many = " many" if len(matrix.columns) > MANY else ""
        caption = self.inline(matrix.said(matrix.colours))
        return f'<p>{caption}</p>\n<div class="wide"><table class="grid{many}">{"".join(lines)}</table></div>{sums}'


def _cut(column: int, cuts: set[int]) -> str:
    return ' class="cut"' if column in cuts else ""


def _cell(cell: Cell | None, zero: str, more: str = "") -> str:
    if cell is None:
        return f"<td{more}>{zero}</td>"
    fill = colour(cell.colour)
    style = f' style="background:#{fill};color:#{ink(fill)}"' if fill else ""
    return f"<td{more}{style}><math>{mathml(cell.formula)}</math></td>"


def _picture(picture: Picture, key: str) -> str:
    drawn = svg(picture, caption=False, key=key)
    return f'<figure><div class="wide">{drawn}</div><figcaption>{escape(picture.caption)}</figcaption></figure>'
