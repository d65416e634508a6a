"""draw: the window on the input, and W with its row."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .options import VALUES, add_first_index, add_layer_options, add_order, layer_from
from .status import PROVED
from .values import first_index, position

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = VALUES
    add_layer_options(parser)
    add_order(parser)
    add_first_index(parser)
    parser.add_argument(
        "--what",
        metavar="PICTURE",
        help="window, matrix, both (default) or animation (both for every output in turn; default for .gif)",
    )
    parser.add_argument(
        "--output", metavar="1,2", dest="position", help="the output that is shown, as channel and position; 1,2"
    )
    parser.add_argument("--title", metavar="WORDS", help="words to put above it")
    parser.add_argument(
        "-o",
        dest="output",
        metavar="FILE",
        help="write to FILE (.svg, .tex, .png, .gif); without it SVG, to standard output",
    )


def run(options: argparse.Namespace) -> int:
    """Draw, then write."""
    from ..drawing import writers
    from ..output import progress, write

    target = "w.svg" if options.output in (None, "-") else options.output
    writer = writers(target)  # a suffix that is none is said before anything is drawn
    what = options.what or ("animation" if target.lower().endswith(".gif") and options.position is None else "both")
    layer = layer_from(options)
    with progress("symconv: drawing"):
        drawing = layer.draw(
            what,
            position(options.position),
            options.title,
            options.order or "row-major",
            first_index(options.first_index),
        )
        content = writer(drawing)
    if options.output in (None, "-"):
        sys.stdout.write(str(content))
    else:
        write(options.output, content)
    return PROVED
