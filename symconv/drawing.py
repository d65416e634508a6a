"""What `layer.draw()` gives: a picture that shows itself in a notebook and writes itself in each format."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from .documents.first_index import checked_first, moved
from .errors import SpecError
from .matrices import order_of
from .pictures.compose import compose
from .pictures.model import Picture, replaced
from .spec import flag

if TYPE_CHECKING:
    from .layers import Layer

TITLE = 200  # characters


class Drawing:
    """A picture of a layer.

    >>> import symconv as sc
    >>> drawing = sc.Conv((3,), 2).draw("window", output=1)
    >>> drawing
    Drawing of Conv(input_size=(3,), kernel_size=2): The window on the input
    >>> drawing.alternative
    'Grids of cells: kernel of 2, input of 3, output of 2. For output y[1]: k[0] on x[1], k[1] on x[2].'
    >>> drawing.svg().startswith("<svg")
    True
    """

    def __init__(
        self,
        layer: Layer,
        what: str,
        output: Any,
        title: str | None,
        order: str = "row-major",
        first_index: int = 0,
    ) -> None:
        self._of, self._what = repr(layer), what
        first = checked_first(first_index)
        picture = compose(layer, what, output, order_of(layer.read_map, order), first)
        picture = moved(picture) if first else picture
        self.picture: Picture = picture if title is None else replaced(picture, title=checked_title(title))

    @property
    def alternative(self) -> str:
        """The picture in words."""
        return self.picture.alternative

    def svg(self) -> str:
        """As SVG; a moving picture moves by CSS, and stands still for readers who want less motion."""
        from .render.svg import svg

        return svg(self.picture)

    def tikz(self, standalone: bool = True) -> str:
        """As a LaTeX file that compiles as it is, or as a tikzpicture for one that loads xcolor and tikz."""
        from .render.tikz import standalone as whole
        from .render.tikz import tikz

        if len(self.picture.scenes) > 1:
            raise SpecError(
                "what", self._what, "does not move in LaTeX", 'what="both" for one output at a time, or path="w.svg"'
            )
        return whole(self.picture) if flag("standalone", standalone) else tikz(self.picture) + "\n"

    def save(self, path: str) -> None:
        """Write a file in the format of its suffix, .svg, .tex, .png or .gif; all of it or nothing.

        PNG and GIF need Pillow: pip install 'symconv[pictures]'.
        """
        from .output import write

        write(path, self.written(path))

    def written(self, path: str) -> str | bytes:
        """What `save` writes to a file of that name."""
        return writers(path)(self)

    def _png(self) -> bytes:
        from .render.raster import png

        if len(self.picture.scenes) > 1:
            raise SpecError("what", self._what, "does not move in PNG", 'path="w.svg" or path="w.gif"')
        return png(self.picture)

    def _gif(self) -> bytes:
        from .render.raster import gif

        return gif(self.picture)

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        """The same, no wider than a notebook's cell, as an image: its words and styles stay apart from the notebook's."""
        data = b64encode(self.svg().encode()).decode()
        return f'<img style="max-width: 100%; height: auto" alt="{escape(self.alternative)}" src="data:image/svg+xml;base64,{data}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drawing) and (self._of, self._what, self.picture) == (
            other._of,
            other._what,
            other.picture,
        )

    def __hash__(self) -> int:
        return hash((self._of, self._what, self.picture.title))

    def __repr__(self) -> str:
        return f"Drawing of {self._of}: {self.picture.title}"


_WRITERS: dict[str, Callable[[Drawing], str | bytes]] = {
    ".svg": Drawing.svg, ".tex": Drawing.tikz, ".png": Drawing._png, ".gif": Drawing._gif,
}  # fmt: skip


def writers(path: str) -> Callable[[Drawing], str | bytes]:
    """What writes a file of that name."""
    import os

    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in _WRITERS:
        raise SpecError("path", path, f"the suffix must be one of {', '.join(_WRITERS)}", 'path="w.svg"')
    return _WRITERS[suffix]


def checked_title(title: Any) -> str:
    """A title: a short line of characters that can be printed."""
    if not isinstance(title, str) or not title.strip() or not title.isprintable() or len(title) > TITLE:
        raise SpecError("title", title, f"must be one line of at most {TITLE} printable characters", 'title="W"')
    return title
