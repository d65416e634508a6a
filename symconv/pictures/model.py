"""What a picture is: cells, labels, frames and lines at whole-numbered places, and nothing of any format.

The unit is about 3/4 of a printer's point; x runs to the right, y downwards. A scene is what changes
from one output to the next. A picture with one scene is a still, one with several an animation.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeVar

from ..formula import Chain, Formula, Sym
from ..node import Node
from .colours import Mark

CELL, LINE, SMALL = 28, 15, 8  # a cell with text, a line of text, a cell without
SIGN, HEADING, NOTE = 24, 14, 11  # sizes of text outside cells: operators, names, and the rest
TEXT = 13  # and within


class Cell(Node):
    """One cell. `panel` and `at` say what it is: an entry of the kernel, the input, the output or W."""

    panel: str
    at: tuple[int, ...]  # a position; on the input, of the padded input
    x: int
    y: int
    width: int
    height: int
    lines: tuple[Formula, ...] = ()
    marks: tuple[Mark, ...] = ()  # its colour, or those of the terms of a sum
    kind: str = "entry"  # or "padding", "between" (two inputs), "cropped", "zero"
    holds: tuple[int, ...] | None = None  # the input in a cell of the padded input
    entries: tuple[int, ...] = ()  # the kernel entries in it, or lying on it


def band(cell: Cell, n: int) -> tuple[int, int]:
    """The top and the height of line n of a cell; a sum has a line, in a colour of its own, for each term."""
    parts = max(1, len(cell.marks))
    top = cell.height * n // parts
    return cell.y + top, cell.height * (n + 1) // parts - top


class Label(Node):
    """Words or a formula at a point: its middle, or the middle of its left or right end."""

    x: int
    y: int
    text: Formula
    size: int = NOTE
    anchor: str = "middle"  # or "start", "end"


class Frame(Node):
    """A rectangle around cells: "window", "output" or "row", which stand out, "group" or "edge"."""

    x: int
    y: int
    width: int
    height: int
    kind: str


class Line(Node):
    """A line, or an arrow, from a point on."""

    x: int
    y: int
    right: int
    down: int
    arrow: bool = False


Item = Cell | Label | Frame | Line
Moved = TypeVar("Moved", bound=Item)


class Scene(Node):
    """What one output adds to a picture, and in words. Its cells stand in place of those below them."""

    output: tuple[int, ...]
    items: tuple[Item, ...]
    description: str


class Picture(Node):
    """`title` names it, `caption` says how to read it, and `description` what is in it."""

    width: int
    height: int
    items: tuple[Item, ...]
    scenes: tuple[Scene, ...]
    title: str
    caption: str
    description: str

    @property
    def alternative(self) -> str:
        """The picture in words: what every output shares, then what the first scene shows."""
        return " ".join([self.description, *(scene.description for scene in self.scenes[:1])])


def still(picture: Picture, n: int = 0) -> tuple[Item, ...]:
    """Everything that stands in the picture when scene n is shown."""
    if not picture.scenes:
        return picture.items
    shown = picture.scenes[n].items
    covered = {(item.panel, item.at) for item in shown if isinstance(item, Cell)}
    kept = (item for item in picture.items if not (isinstance(item, Cell) and (item.panel, item.at) in covered))
    return in_order([*kept, *shown])


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Cells first, frames and words over them."""
    return tuple(sorted(items, key=lambda item: not isinstance(item, Cell)))


def moved(item: Moved, right: int, down: int) -> Moved:
    """The same somewhere else."""
    elsewhere: Moved = replaced(item, x=item.x + right, y=item.y + down)
    return elsewhere


def replaced(item: Any, **changes: Any) -> Any:
    """The same with other values in some fields."""
    return type(item)(**{name: changes.get(name, getattr(item, name)) for name in item.__match_args__})


# Text ---------------------------------------------------------------------------------------------

Run = tuple[str, str]
"""Characters, and how they are set: "upright", "italic" or "below" (as an index)."""


def runs(formula: Formula) -> list[Run]:
    """A formula as characters side by side; pictures hold words, numbers, indexed letters and sums of these."""
    match formula:
        case Sym(letter, indices):
            below = ",".join(map(str, indices)).replace("-", "−")
            return [(letter, "italic"), (below, "below")] if below else [(letter, "italic")]
        case Chain("+", parts):
            return [run for n, part in enumerate(parts) for run in ([("+", "upright")] if n else []) + runs(part)]
        case int() | Fraction():
            return [(str(formula).replace("-", "−"), "upright")]
        case "":
            return []
        case str():
            return [(formula, "upright")]
    raise AssertionError(f"not a formula of a picture: {formula!r}")


def said(formula: Formula) -> str:
    """A formula in words that can be read aloud: k[0,1]."""
    return "".join(f"[{characters}]" if style == "below" else characters for characters, style in runs(formula))


def extent(formula: Formula, size: int) -> int:
    """About how wide a formula is: a generous guess, since the reader's font decides."""
    tenths = 0
    for characters, style in runs(formula):
        each = {"upright": 55, "italic": 58, "below": 40}[style]
        tenths += sum(each // 2 if character in ",. " else each for character in characters)
    return -(-tenths * size // 100)


def wrapped(words: str, width: int, size: int) -> list[str]:
    """Words in lines of about that width."""
    lines: list[str] = []
    for word in words.split():
        if lines and extent(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def captioned(picture: Picture) -> Picture:
    """With its title above and its caption below, as it stands in a file of its own."""
    width = max(picture.width, 360)
    above = wrapped(picture.title, width, HEADING)
    below = [line for part in picture.caption.split("\n") for line in wrapped(part, width, NOTE)]
    step, start = 20, 20 * len(above) + 6

    def shift(items: Iterable[Item]) -> tuple[Item, ...]:
        return tuple(moved(item, (width - picture.width) // 2, start) for item in items)

    bottom = start + picture.height + 8
    words = [Label(width // 2, n * step + step // 2, line, HEADING) for n, line in enumerate(above)]
    words += [Label(width // 2, bottom + n * 16 + 8, line) for n, line in enumerate(below)]
    scenes = tuple(replaced(scene, items=shift(scene.items)) for scene in picture.scenes)
    items = (*shift(picture.items), *words)
    whole: Picture = replaced(picture, width=width, height=bottom + 16 * len(below), items=items, scenes=scenes)
    return whole
