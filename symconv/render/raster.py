"""Pictures as PNG and GIF, drawn with Pillow from the same cells, labels and frames.

Pillow is optional: pip install 'symconv[pictures]'.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from ..errors import MissingPackage, SpecError, TooLarge
from ..formula import Formula
from ..pictures.colours import colour, ink
from ..pictures.model import NOTE, SMALL, TEXT, Cell, Frame, Item, Label, Picture, band, captioned, runs

MARGIN = 10
STILL, MOVING = 2, 1  # pixels for each unit, in PNG and in GIF
PIXELS = 40_000_000  # of one picture
ALL_PIXELS = 300_000_000  # of all that a GIF shows
MILLISECONDS = 800

_INK, _QUIET, _LINE, _FAINT, _PAPER = "#1b1b1b", "#595959", "#9a9a9a", "#f1f1f1", "#ffffff"
_SIGNS = str.maketrans("⋆×−", "*x-")  # Pillow's own font has no others


def png(picture: Picture) -> bytes:
    """The picture, or the first output of a moving one, as PNG; its words are in the file's text."""
    pillow = _pillow(picture, STILL, 1)
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_itxt("Title", picture.title)
    said.add_itxt("Description", picture.alternative)
    return _bytes(_Drawer(pillow, captioned(picture), STILL).image(0), format="PNG", pnginfo=said)


def gif(picture: Picture) -> bytes:
    """Every output in turn, without end."""
    count = max(1, len(picture.scenes))
    drawer = _Drawer(_pillow(picture, MOVING, count), captioned(picture), MOVING)
    frames = [drawer.image(n).quantize(64, dither=0) for n in range(count)]
    more = {"save_all": True, "append_images": frames[1:], "duration": MILLISECONDS, "loop": 0} if count > 1 else {}
    return _bytes(frames[0], format="GIF", comment=picture.alternative.encode()[:255], **more)


def _pillow(picture: Picture, scale: int, count: int) -> Any:
    """Pillow, and the certainty that the picture is not too large for it."""
    if not picture.title.replace("×", "x").isascii():
        raise SpecError("title", picture.title, "PNG and GIF can only have the characters of ASCII", 'path="w.svg"')
    size = (picture.width + 2 * MARGIN) * (picture.height + 2 * MARGIN) * scale**2
    if size > PIXELS or size * count > ALL_PIXELS:
        raise TooLarge(
            f"{count} picture{'s' * (count > 1)} of {size:,} pixels, and PNG and GIF are drawn up to {PIXELS:,} each and "
            f"{ALL_PIXELS:,} together; write w.svg, which has no pixels, or draw a smaller layer"
        )
    try:
        import PIL.Image
        import PIL.ImageDraw
        import PIL.ImageFont
    except ImportError:
        raise MissingPackage(
            "PNG and GIF need Pillow: pip install 'symconv[pictures]'; without it, write w.svg or w.tex"
        ) from None
    return PIL


def _bytes(image: Any, **how: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, **how)
    return buffer.getvalue()


class _Drawer:
    """One picture: what all its scenes share, drawn once, and the fonts that it is drawn with."""

    def __init__(self, pillow: Any, picture: Picture, scale: int) -> None:
        self.pillow, self.picture, self.scale = pillow, picture, scale
        self.fonts: dict[int, Any] = {}
        size = [(side + 2 * MARGIN) * self.scale for side in (picture.width, picture.height)]
        self.shared = pillow.Image.new("RGB", size, _PAPER)
        self._all(self.shared, picture.items)

    def image(self, n: int) -> Any:
        """Scene n."""
        image = self.shared.copy()
        self._all(image, self.picture.scenes[n].items if self.picture.scenes else ())
        return image

    def _all(self, image: Any, items: Sequence[Item]) -> None:
        self.draw = self.pillow.ImageDraw.Draw(image)
        for item in items:
            self._item(item)

    def _item(self, item: Item) -> None:
        match item:
            case Cell():
                self._cell(item)
            case Label(x, y, text, size, anchor):
                self._text(text, x, y, size, anchor, _QUIET if size == NOTE else _INK)
            case Frame(x, y, width, height, "group"):
                self.draw.rounded_rectangle(
                    self._box(x, y, width, height), 6 * self.scale, outline=_QUIET, width=3 * self.scale // 2
                )
            case Frame(x, y, width, height, "edge"):
                self.draw.rectangle(self._box(x, y, width, height), outline=_LINE, width=self.scale)
            case Frame(x, y, width, height):
                thick = (3 if height <= SMALL else 6) * self.scale // 2
                left, top, right, bottom = self._box(x, y, width, height)
                outer = left - thick // 2, top - thick // 2, right + thick // 2, bottom + thick // 2
                self.draw.rectangle(outer, outline=_INK, width=thick)
            case _:
                start, end = self._at(item.x, item.y), self._at(item.x + item.right, item.y + item.down)
                self.draw.line([start, end], fill=_QUIET, width=self.scale)
                if item.arrow:
                    self.draw.polygon(
                        [
                            end,
                            (end[0] - 7 * self.scale, end[1] - 4 * self.scale),
                            (end[0] - 7 * self.scale, end[1] + 4 * self.scale),
                        ],
                        fill=_INK,
                    )

    def _cell(self, cell: Cell) -> None:
        box = self._box(cell.x, cell.y, cell.width, cell.height)
        if cell.kind == "padding":
            self.draw.rectangle(box, fill=_FAINT)
        for n, mark in enumerate(cell.marks):
            top, height = band(cell, n)
            self.draw.rectangle(self._box(cell.x, top, cell.width, height), fill=f"#{colour(mark)}")
        if cell.width > SMALL or cell.panel != "matrix":
            self._edge(box, cell.kind in ("padding", "between", "cropped"))
        if cell.kind == "cropped":
            self.draw.line([box[:2], box[2:]], fill=_LINE, width=self.scale)
        for n, line in enumerate(cell.lines):
            top, height = band(cell, n)
            tone = _INK if cell.kind == "entry" else _QUIET
            tone = f"#{ink(colour(cell.marks[n]) or '')}" if cell.marks else tone
            self._text(line, cell.x + cell.width // 2, top + height // 2, TEXT, "middle", tone)

    def _edge(self, box: tuple[int, int, int, int], dashed: bool) -> None:
        if not dashed:
            self.draw.rectangle(box, outline=_LINE, width=self.scale)
            return
        left, top, right, bottom = box
        for start in range(left, right, 5 * self.scale):
            end = min(start + 3 * self.scale, right)
            self.draw.line([(start, top), (end, top)], fill=_LINE, width=self.scale)
            self.draw.line([(start, bottom), (end, bottom)], fill=_LINE, width=self.scale)
        for start in range(top, bottom, 5 * self.scale):
            end = min(start + 3 * self.scale, bottom)
            self.draw.line([(left, start), (left, end)], fill=_LINE, width=self.scale)
            self.draw.line([(right, start), (right, end)], fill=_LINE, width=self.scale)

    def _text(self, formula: Formula, x: int, y: int, size: int, anchor: str, tone: str) -> None:
        pieces = []
        for characters, style in runs(formula):
            low = style == "below"
            font = self._font(size * self.scale * (7 if low else 10) // 10)
            words = characters.translate(_SIGNS)
            pieces.append((words, font, size * self.scale // 4 if low else 0, round(font.getlength(words))))
        total = sum(length for *_, length in pieces)
        left, middle = self._at(x, y)
        left -= {"middle": total // 2, "start": 0, "end": total}[anchor]
        base = middle + size * self.scale * 34 // 100
        for words, font, lower, length in pieces:
            self.draw.text((left, base + lower), words, font=font, fill=tone, anchor="ls")
            left += length

    def _font(self, size: int) -> Any:
        if size not in self.fonts:
            self.fonts[size] = self.pillow.ImageFont.load_default(size)
        return self.fonts[size]

    def _at(self, x: int, y: int) -> tuple[int, int]:
        return (x + MARGIN) * self.scale, (y + MARGIN) * self.scale

    def _box(self, x: int, y: int, width: int, height: int) -> tuple[int, int, int, int]:
        return *self._at(x, y), *self._at(x + width, y + height)
