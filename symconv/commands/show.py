"""show: W in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .options import VALUES, add_first_index, add_layer_options, add_order, layer_from
from .status import PROVED
from .values import first_index, read_value

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = VALUES
    add_layer_options(parser)
    add_order(parser)
    add_first_index(parser)
    parser.add_argument("--limit", metavar="CELLS", help="print a matrix of up to this many cells (default 20000)")


def run(options: argparse.Namespace) -> int:
    """Write W."""
    import shutil

    from ..render.terminal import CELLS, show, wants_colour

    layer = layer_from(options)
    limit = CELLS if options.limit is None else read_value("--limit", options.limit, "count")
    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    sys.stdout.write(
        show(
            layer,
            max(40, width - 1),
            wants_colour(sys.stdout),
            limit,
            options.order or "row-major",
            first_index(options.first_index),
        )
    )
    return PROVED
