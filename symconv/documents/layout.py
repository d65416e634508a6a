"""How W is laid out on a page, where its size is not to decide: full, scaled or in blocks."""

from __future__ import annotations

from ..errors import SpecError
from ..layers import Layer
from ..proof import Proof
from ..readmap import ReadMap
from ..sums import WEIGHT
from .blocks import Document
from .weights import grid_or_size, laid_out

LAYOUTS = ("full", "scaled", "blocks")
"""At full size, in bands of columns where the page is too narrow; in one piece, scaled to the line; block by block."""

MOST_ROWS = 36  # of a matrix in full, on a page
MOST_COLUMNS = {"full": 144, "scaled": 72}


def fitting(proof: Proof, layout: str) -> Proof:
    """The proof that a page with W in that layout is made from; refused where W does not fit it."""
    if layout not in LAYOUTS:
        raise SpecError("layout", layout, "must be one of " + ", ".join(LAYOUTS), 'layout="blocks"')
    if WEIGHT not in proof.matrices or not isinstance(proof.layer, Layer):
        raise _not_laid_out(proof, layout)
    if layout == "blocks":
        read_map: ReadMap = proof.layer.read_map
        if not read_map.axes:
            rule = "needs a layer with axes; the entries of this W follow no pattern"
            raise SpecError("layout", layout, rule, 'layout="full"')
        return proof
    rows, columns = proof.matrices[WEIGHT].shape
    if rows > MOST_ROWS or columns > MOST_COLUMNS[layout]:
        rule = f"is for up to {MOST_ROWS} rows and {MOST_COLUMNS[layout]} columns, and W is {rows:,} x {columns:,} here"
        raise SpecError("layout", layout, rule, 'layout="blocks"')
    return proof.with_entries()  # as whatever prints the matrix in full


def with_layout(document: Document, proof: Proof, layout: str) -> Document:
    """The document with W laid out as asked."""
    for old in (laid_out(proof, "full"), laid_out(proof, "blocks"), grid_or_size(proof.matrices[WEIGHT])):
        for at in range(len(document.blocks)):
            if list(document.blocks[at : at + len(old)]) == old:
                blocks = (
                    *document.blocks[:at],
                    *laid_out(proof, layout, asked=True),
                    *document.blocks[at + len(old) :],
                )
                return Document(document.title, blocks, document.key)
    raise _not_laid_out(proof, layout)


def _not_laid_out(proof: Proof, layout: str) -> SpecError:
    rule = f"is for the weight matrix, and the page of {proof.theorem.name} does not lay it out"
    return SpecError("layout", layout, rule, 'theorem="weight_matrix"')
