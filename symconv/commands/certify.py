"""certify: Coq checks a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NOT_GIVEN, SpecError
from .files import read
from .status import PROVED, REFUTED, say

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE.v", nargs="?")
    parser.add_argument(
        "--general", metavar="FILE.v", help="write the certificate for every size and rank to FILE.v, and check it"
    )


def run(options: argparse.Namespace) -> int:
    """Let Coq check, and say what it said."""
    from ..certify import certify
    from ..output import printable, progress, write

    if (options.file is None) == (options.general is None):
        rule = "needs a certificate, or --general and where to write one"
        raise SpecError("certify", NOT_GIVEN, rule, "symconv certify proof.v, or symconv certify --general general.v")
    path = options.file or options.general
    if options.general:
        from ..render.coq.every_size import every_size

        write(path, every_size())
    with progress("symconv: Coq is checking"):
        try:
            verdict = certify(read(path, "proof.v"))
        except SpecError as error:  # which knows the text, not its file
            raise SpecError("FILE", path, error.rule, error.example) from None
    if not verdict.accepted:
        return say(f"{path}: {verdict.said}", REFUTED)
    print(f"{printable(path)}: {verdict.said}")
    return PROVED
