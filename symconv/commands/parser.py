"""The parser of the command line, and its help."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from .. import __version__
from ..errors import NOT_GIVEN, SpecError
from . import COMMANDS, command

if TYPE_CHECKING:
    from collections.abc import Callable

_EXAMPLES = """examples:
  symconv prove --input 4x4 --kernel 3x3 -o proof.tex
      a LaTeX document that compiles as it is
  symconv prove --input 4x4 --kernel 3x3 --padding 1 --padding-mode reflect
  symconv prove --input 8 --kernel 3 --dilation 2 --padding 4:0 \\
      --theorem im2col -o causal.md
  symconv prove --input 8x8 --kernel 3x3 --theorem winograd --with tile=4 \\
      --with points=0,1,-1,2,-2
  symconv prove --general weight_matrix --rank 2 -o general.pdf
      for all sizes at once
  symconv prove --input 8x8 --kernel 3 --then "--kernel 3 --stride 2" \\
      -o stack.tex
      two layers as one
  symconv prove --input 4x4 --kernel 3x3 -o proof.json
  symconv check proof.json
  symconv show --input 4x4 --kernel 3x3 --stride 2 --padding 1
  symconv draw --input 4x4 --kernel 3x3 --padding 1 -o w.svg
  symconv worksheet --input 4x4 --kernel 3x3 --seed 7 -o sheet.tex \\
      --solution solution.tex
  symconv theorems --input 4x4 --kernel 3x3
  symconv sweep grid.toml -o table.csv
"""


_UNKNOWN = "unrecognized arguments: "  # argparse's words


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and whose options are added when it is its turn.

    A run needs those of one command; `symconv --help` none.
    """

    options: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        add, self.options = self.options, None
        if add is not None:
            add(self)
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:  # said by the parser whose command it is: it knows the options that there are
            self.error(_UNKNOWN + " ".join(unknown))
        return found, unknown

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version; argparse itself hides that they could not be written."""
        (file or sys.stdout).write(message)

    def error(self, message: str) -> NoReturn:
        example = f"see {self.prog} --help"
        if "--then" in message and "unrecognized" in message:
            example = 'symconv prove --input 8 --kernel 3 --then "--kernel 3" (prove and theorems take stacks)'
        elif "--then" in message:
            example = '--then "--kernel 3 --stride 2"'
        elif "--padding: expected one argument" in message:
            example = "--padding=-1:2 (with =, for a value that starts with a minus sign)"
        elif message.startswith(_UNKNOWN):
            meant = self._meant(message.removeprefix(_UNKNOWN).partition(" ")[0].partition("=")[0])
            example = f"{meant}, or {example}" if meant else example
        elif "COMMAND" in message:
            example = f"symconv prove --input 4x4 --kernel 3x3, or {example}"
        raise SpecError("command line", NOT_GIVEN, message, example)

    def _meant(self, typed: str) -> str | None:
        """What somebody who typed this has in mind: --kernel for --kernel-size, --padding for --pad, 4x4 for 4 x 4."""
        from difflib import get_close_matches

        if not typed.startswith("-"):
            return "--input 4x4 (a value is one word)" if "--input" in self._option_string_actions else None
        if not typed.startswith("--") or typed == "--":
            return None
        options = sorted((each for each in self._option_string_actions if each.startswith("--")), key=len)
        alike = [each for each in options if each.startswith(typed) or typed.startswith(each)]
        return next(iter(alike or get_close_matches(typed, options, 1)), None)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(
        prog="symconv",
        description="Prove, for any configuration, that a convolutional layer is a fully connected\nlayer.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    top.add_argument("--version", action="version", version=f"symconv {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, said in COMMANDS.items():
        added = commands.add_parser(
            name, help=said, description=said[0].upper() + said[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        added.options = partial(_add_options, name)
    return top


def _add_options(name: str, parser: argparse.ArgumentParser) -> None:
    command(name).add_options(parser)
