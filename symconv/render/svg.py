"""Pictures as SVG: one element that needs nothing else, readable in light and dark, still or moving.

A moving picture has a group of elements for each output, and CSS shows them in turn; without CSS, and
for readers who asked for less motion, the first output stays. Classes and identifiers carry a
name made from the content, so that several pictures can stand on one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from ..formula import Formula
from ..pictures.colours import Mark, colour, ink
from ..pictures.model import NOTE, SMALL, TEXT, Cell, Frame, Item, Label, Picture, band, captioned, runs, still

MARGIN = 10
XMLNS = ' xmlns="http://www.w3.org/2000/svg"'  # which a page of HTML does without
TENTHS = 8  # how long each output of a moving picture is shown, in tenths of a second

_STYLE = """
.N{--paper:#fff;--ink:#1b1b1b;--quiet:#595959;--faint:#f1f1f1;--line:#9a9a9a;max-width:100%;height:auto}
@media(prefers-color-scheme:dark){.N{--paper:#161616;--ink:#e8e8e8;--quiet:#a8a8a8;--faint:#262626;--line:#707070}}
.N text{font:13px "STIX Two Text","Latin Modern Roman",Georgia,"Times New Roman",serif;text-anchor:middle;fill:var(--ink)}
.N tspan.i{font-style:italic}.N tspan.b{font-size:70%;font-style:normal}
.N .paper{fill:var(--paper)}.N .cell{stroke:var(--line);stroke-width:1;fill:var(--paper)}
.N .dashed{stroke-dasharray:3 2}.N .faint{fill:var(--faint)}.N .cropped{fill:none;stroke-dasharray:1 3}
.N .quiet text,.N text.quiet{fill:var(--quiet)}
.N .window,.N .output,.N .row{fill:none;stroke:var(--ink);stroke-width:3}.N .thin{stroke-width:1.5}
.N .group{fill:none;stroke:var(--quiet);stroke-width:1.5}.N .edge{fill:none;stroke:var(--line);stroke-width:1}
.N .rule{stroke:var(--quiet);stroke-width:1;fill:none}.N .head{fill:var(--ink)}
"""


def svg(picture: Picture, caption: bool = True, key: str = "") -> str:
    """The picture with its title and caption, as a file; or without them, to stand in an HTML page.

    Identifiers contain the key, so that a page can have the same picture twice.
    """
    whole = captioned(picture) if caption else picture
    body = _moving(whole) if len(whole.scenes) > 1 else _items(still(whole))
    fills = sorted({mark for item in _every(whole) if isinstance(item, Cell) for mark in item.marks})
    name = "s" + sha256(repr((key, whole.title, whole.caption, body)).encode()).hexdigest()[:10]
    style = (
        _STYLE + "".join(_fill(mark) for mark in fills) + (_motion(len(whole.scenes)) if len(whole.scenes) > 1 else "")
    )
    width, height = whole.width + 2 * MARGIN, whole.height + 2 * MARGIN
    return (
        f'<svg{XMLNS if caption else ""} class="{name}" width="{width}" height="{height}" '
        f'viewBox="{-MARGIN} {-MARGIN} {width} {height}" role="img" aria-labelledby="{name}-t {name}-d">\n'
        f'<title id="{name}-t">{escape(whole.title)}</title>\n<desc id="{name}-d">{escape(whole.alternative)}</desc>\n'
        f"<style>{style.replace('.N', f'.{name}').replace('NAME', name)}</style>\n"
        f'<rect class="paper" x="{-MARGIN}" y="{-MARGIN}" width="{width}" height="{height}" rx="4"/>\n{body}\n</svg>\n'
    )


def _every(picture: Picture) -> Iterable[Item]:
    yield from picture.items
    for scene in picture.scenes:
        yield from scene.items


def _moving(picture: Picture) -> str:
    """What all outputs share, then a group for each; the first is there for whoever shows no motion."""
    groups = [_items(picture.items)]
    for n, scene in enumerate(picture.scenes):
        shown = f' style="animation-delay:{n * TENTHS / 10:g}s"' if n else ""
        first = "" if n else " first"
        hidden = ' visibility="hidden"' if n else ""
        groups.append(f'<g class="scene{first}"{hidden}{shown}>\n{_items(scene.items)}\n</g>')
    return "\n".join(groups)


def _motion(count: int) -> str:
    share = f"{100 / count:.4f}".rstrip("0").rstrip(".")
    return (
        f"@media(prefers-reduced-motion:no-preference){{.N .scene{{animation:NAME {count * TENTHS / 10:g}s step-end infinite}}}}\n"
        f"@keyframes NAME{{0%{{visibility:visible}}{share}%{{visibility:hidden}}100%{{visibility:hidden}}}}\n"
    )


def _class(mark: Mark) -> str:
    return f"c{mark[0]}-{mark[1]}".replace("c-", "cm")


def _fill(mark: Mark) -> str:
    """The classes of a colour: for a cell, and for the text on it."""
    fill = colour(mark) or ""
    return f".N .{_class(mark)}{{fill:#{fill}}}.N text.{_class(mark)}{{fill:#{ink(fill)}}}\n"


def _items(items: Sequence[Item]) -> str:
    small: dict[tuple[Mark, ...], list[Cell]] = {}
    parts: list[str] = []
    for item in items:
        if isinstance(item, Cell) and item.width == SMALL and item.marks and item.panel == "matrix":
            small.setdefault(item.marks, []).append(item)
    for marks, cells in small.items():  # many cells without text: one element for all of a colour
        parts += _stripes(cells, marks)
    for item in items:
        match item:
            case Cell() if item.panel == "matrix" and item.marks in small:
                pass
            case Cell():
                parts.append(_cell(item))
            case Label():
                anchor = "" if item.anchor == "middle" else f' style="text-anchor:{item.anchor}"'
                parts.append(_text(item.text, item.x, item.y, item.size, "quiet" if item.size == NOTE else "", anchor))
            case Frame(x, y, width, height, kind):
                round_ = ' rx="7"' if kind == "group" else ""
                kind += " thin" * (height <= SMALL)
                parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"{round_}/>')
            case _:
                parts.append(f'<path class="rule" d="M{item.x} {item.y}l{item.right} {item.down}"/>')
                if item.arrow:
                    parts.append(f'<path class="head" d="M{item.x + item.right} {item.y}l-7-4v8z"/>')
    return "\n".join(parts)


def _stripes(cells: Sequence[Cell], marks: tuple[Mark, ...]) -> list[str]:
    """Cells filled with their colours, one below the other, without an edge."""
    found = []
    for n, mark in enumerate(marks):
        pieces = []
        for cell in cells:
            top, height = band(cell, n)
            pieces.append(f"M{cell.x} {top}h{cell.width}v{height}h{-cell.width}z")
        found.append(f'<path class="{_class(mark)}" d="{"".join(pieces)}"/>')
    return found


def _cell(cell: Cell) -> str:
    box = f'x="{cell.x}" y="{cell.y}" width="{cell.width}" height="{cell.height}"'
    kind = {"padding": " dashed faint", "between": " dashed", "cropped": " cropped"}.get(cell.kind, "")
    if len(cell.marks) == 1:
        parts = [f'<rect class="cell{kind} {_class(cell.marks[0])}" {box}/>']
    else:
        parts = _stripes([cell], cell.marks)
        parts.append(
            f'<rect class="cell{kind}" {box}{" style=" + chr(34) + "fill:none" + chr(34) if cell.marks else ""}/>'
        )
    if cell.kind == "cropped":
        parts.append(f'<path class="edge" d="M{cell.x} {cell.y}l{cell.width} {cell.height}"/>')
    quiet = "quiet" if cell.kind in ("padding", "between", "cropped", "zero") else ""
    for n, line in enumerate(cell.lines):
        top, height = band(cell, n)
        tone = _class(cell.marks[n]) if cell.marks else quiet
        parts.append(_text(line, cell.x + cell.width // 2, top + height // 2, TEXT, tone))
    return "".join(parts)


def _text(formula: Formula, x: int, y: int, size: int, tone: str = "", more: str = "") -> str:
    pieces, lowered = [], False
    for characters, style in runs(formula):
        low = style == "below"
        shift = ' dy=".28em"' if low else ' dy="-.196em"' if lowered else ""
        kind = {"italic": ' class="i"', "below": ' class="b"'}.get(style, "")
        pieces.append(f"<tspan{kind}{shift}>{escape(characters)}</tspan>" if kind or shift else escape(characters))
        lowered = low
    classes = f' class="{tone}"' if tone else ""
    sized = f' style="font-size:{size}px"' if size != TEXT else ""
    if sized and more:
        sized, more = f'{sized[:-1]};{more.split(chr(34))[1]}"', ""
    return f'<text x="{x}" y="{y}" dy=".32em"{classes}{sized}{more}>{"".join(pieces)}</text>'
