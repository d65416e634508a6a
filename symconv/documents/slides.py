"""What a deck of slides has and a page has not: the window moving over the input, beside the row of W it makes."""

from __future__ import annotations

from typing import Any

from ..errors import SymconvError
from ..flattening import ROW_MAJOR, Order
from ..formula import Formula, equals
from ..layers import Layer
from ..matrices import matrix_of
from ..node import Node
from ..pictures.compose import compose
from ..pictures.matrix import WeightPicture
from ..pictures.model import Label, Picture, moved, replaced
from ..pictures.window import window
from ..proof import Proof
from ..sums import WEIGHT
from .blocks import Document, Heading
from .common import position_symbol
from .rows import representative_rows, row_formula

EVERY = 16  # outputs that are all shown; of more, one of each kind
WIDTH, HEIGHT = 550, 215  # of a picture on a slide, in its units, at full size
SMALLEST = 0.62  # how far it may be scaled down and still be read
TERMS = 12  # of a sum that stands below it
APART = 22


class Shot(Node):
    """What one output adds: its window and its row, and below them its sum where that is short."""

    picture: Picture
    formula: Formula | None


class Moving(Node):
    """The window at one output after another."""

    shots: tuple[Shot, ...]
    said: str


def with_motion(document: Document, proof: Proof) -> Document:
    """The document with the moving window after its definition, in place of the picture of one output."""
    motion = moving(proof.layer, getattr(proof.matrices.get(WEIGHT), "order", ROW_MAJOR))
    at = [n for n, block in enumerate(document.blocks) if isinstance(block, Heading)]
    definition = next((n for n in at if document.blocks[n] == Heading(("Definition",))), None)
    if motion is None or definition is None:
        return document
    end = next((n for n in at if n > definition), len(document.blocks))
    kept = tuple(block for block in document.blocks[:end] if not isinstance(block, Picture))
    blocks: tuple[Any, ...] = (*kept, Heading(("The window moves over the input",)), motion, *document.blocks[end:])
    return Document(document.title, blocks, document.key)


def moving(layer: Any, order: Order = ROW_MAJOR) -> Moving | None:
    """The window at every output, or at one of each kind; None for a stack, and where it is too large for a slide."""
    if not isinstance(layer, Layer):
        return None
    try:
        compose(layer, "both", order=order)  # which refuses, before it builds it, what is too large to draw
    except SymconvError:
        return None
    if not layer.read_map.axes:
        return None
    matrix = matrix_of(layer.read_map, order)
    total = matrix.shape[0]
    rows = list(range(total)) if total <= EVERY else representative_rows(layer.read_map, matrix, EVERY)[0]
    outputs = [matrix.row_position(row) for row in rows]
    for draw in (_with_matrix, _with_row, _alone):
        pictures = [draw(layer, output, order) for output in outputs]
        if all(scale(picture) >= SMALLEST for picture in pictures):
            break
    else:
        return None
    shots = []
    for row, picture in zip(rows, pictures, strict=True):
        cells = matrix.rows[row]
        y = position_symbol("y", matrix.row_position(row))
        short = sum(len(entry) if isinstance(entry, tuple) else 1 for entry in cells.values()) <= TERMS
        shots.append(Shot(picture, equals(y, row_formula(layer, matrix, row, cells)) if short else None))
    many = f"{len(rows)} of the {total:,} outputs, in turn." if len(rows) < total else ""
    return Moving(tuple(shots), many)


def scale(picture: Picture) -> float:
    """By how much it is scaled to fit a slide; never up."""
    return min(1.0, WIDTH / picture.width, HEIGHT / picture.height)


def _with_matrix(layer: Any, output: tuple[int, ...], order: Order) -> Picture:
    """The window, and below it W with its row framed."""
    return compose(layer, "both", output, order)


def _alone(layer: Any, output: tuple[int, ...], order: Order) -> Picture:
    """The window without W, whose row is too long for a slide."""
    return window(layer, [output])


def _with_row(layer: Any, output: tuple[int, ...], order: Order) -> Picture:
    """The window, and below it the one row of W."""
    above, weights = window(layer, [output], names=False), WeightPicture(layer, order)
    row = weights.matrix.row_number(output)
    up = weights.top - weights.edges[row]
    cells = [moved(cell, 0, up) for cell in weights.cells() if cell.at[0] == row]
    labels: list[Any] = [label for label in weights.labels() if label.y < weights.top]
    labels.append(
        Label(weights.left - 5, weights.top + (cells[0].height if cells else 0) // 2, f"{WEIGHT}:", anchor="end")
    )
    frame = moved(weights.frame(row), 0, up)
    below = [*cells, *labels, frame]
    width = max(above.width, frame.x + frame.width + 1)
    right, left, down = (width - above.width) // 2, (width - frame.x - frame.width) // 2, above.height + APART
    items = (*(moved(item, right, 0) for item in above.items), *(moved(item, left, down) for item in below))
    scenes = tuple(replaced(each, items=tuple(moved(item, right, 0) for item in each.items)) for each in above.scenes)
    said = f"{above.description} {weights.row_words(row)}"
    height = down + weights.top + frame.height + 1
    return Picture(width, height, items, scenes, above.title, above.caption, said)
