"""theorems: those there are, or those that apply."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import NOT_GIVEN, SpecError
from .options import VALUES, add_layer_options, layer_given
from .stacks import add_then, stack_from
from .status import PROVED

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = VALUES
    add_layer_options(parser)
    add_then(parser)
    parser.add_argument("--general", action="store_true", help="those that are proved for all sizes")


def run(options: argparse.Namespace) -> int:
    """List the theorems."""
    import shutil
    from textwrap import fill

    from ..catalogue import theorems

    layer = stack_from(options) if layer_given(options) or options.then else None
    if options.general:
        from ..general import general_theorems

        if layer is not None:
            raise SpecError(
                "--general", NOT_GIVEN, "is about all sizes, and takes no layer", "symconv theorems --general"
            )
        found = general_theorems()
    else:
        found = theorems(layer)
    names = max(map(len, found)) + 2
    width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None
    for name, statement in found.items():
        line = f"{name:<{names}}{statement}"
        print(
            fill(line, max(40, width - 1), subsequent_indent=" " * names) if width else line
        )  # to a pipe, a line each
    return PROVED
