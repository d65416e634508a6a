"""Worksheets: the document of a proof with blanks to fill in, and its solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .catalogue import prove
from .documents.blocks import Document
from .documents.gaps import BLANKS, with_gaps
from .errors import SpecError
from .formula import Gap
from .render import page, render_document

if TYPE_CHECKING:
    from .layers import Layer

SEEDS = 1 << 64


@dataclass(frozen=True)
class Page:
    """One document, in any of the formats of a page."""

    document: Document

    def __hash__(self) -> int:
        return hash(self.document.key)

    def render(self, format: str = "text", **options: Any) -> str:
        """The page in one of the formats: latex, markdown, text, html, ..."""
        return render_document(self.document, format, **options)

    def __str__(self) -> str:
        return self.render()

    def _repr_markdown_(self) -> str:
        return self.render("markdown")

    def __repr__(self) -> str:
        return f"<page {self.document.key}>"


@dataclass(frozen=True)
class Worksheet:
    """A sheet with blanks, and its solution, in which what was blank is marked.

    >>> import symconv as sc
    >>> found = sc.worksheet(sc.Conv((3,), 2), seed=1, blanks="all")
    >>> found.sheet, found.solution.render("latex").startswith("% needs")
    (<page bc421912-worksheet>, True)
    """

    sheet: Page
    solution: Page

    @property
    def blanks(self) -> int:
        """How many places are blank.

        >>> import symconv as sc
        >>> sc.worksheet(sc.Conv((3,), 2), seed=1, blanks="all").blanks
        12
        """
        from .documents.walk import every

        return sum(isinstance(each, Gap) for each in every(self.sheet.document))


def worksheet(
    layer: Layer,
    seed: int = 0,
    blanks: str = "some",
    theorem: str = "weight_matrix",
    first_index: int = 0,
    **options: Any,
) -> Worksheet:
    """The document of a theorem with blanks, and its solution; the same ones for the same seed.

    The theorem is proved and checked first, so the solution is right.

    >>> import symconv as sc
    >>> found = sc.worksheet(sc.Conv((3,), 2), seed=1)
    >>> found.blanks
    7
    >>> print(str(found.sheet).split("letter for each kernel entry:")[1][2:47])
    columns x[0] to x[2]:
    y[0]  _ B .
    y[1]  _ A _

    Parameters
    ----------
    seed
        Which cells of a matrix and which sums are blank: half of them. The output size always is.
    blanks
        "some", or "all" cells and sums.
    first_index
        Where indices start: 0 or 1.
    theorem, options
        As for `prove`.

    Raises
    ------
    SpecError
        The seed is no integer, or there is nothing on the page to leave blank.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEEDS:
        raise SpecError("seed", seed, "must be an integer from 0 to 2^64 - 1", "seed=1")
    if blanks not in BLANKS:
        raise SpecError("blanks", blanks, "must be one of " + ", ".join(BLANKS), 'blanks="all"')
    proof = prove(layer, theorem, **options)
    found = Worksheet(*map(Page, with_gaps(page(proof, first_index=first_index), seed, blanks)))
    if not found.blanks:
        rule = "has nothing on its page to fill in for this layer"
        raise SpecError("theorem", theorem, rule, 'sc.worksheet(layer, theorem="weight_matrix")')
    return found
