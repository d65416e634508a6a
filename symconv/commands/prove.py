"""prove: a theorem for a layer, a stack or all sizes, and its proof written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..errors import SpecError
from .options import VALUES, add_layer_options, add_page_options, add_proof_options, asked_words, layer_given
from .stacks import add_then, stack_from
from .status import PROVED
from .values import limit_from, theorem_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..general import GeneralProof
    from ..proof import Proof


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = f"{asked_words()}\n\n{VALUES}"
    add_layer_options(parser)
    add_then(parser)
    add_proof_options(parser)
    parser.add_argument(
        "--general",
        metavar="NAME",
        help="prove a theorem for all sizes instead, with letters for them; see symconv theorems --general",
    )
    parser.add_argument("--rank", metavar="N", help="the number of axes for --general: 1, 2, 3 or r, for any number")
    add_page_options(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write to FILE (.tex, .md, .txt, .html, .json, .pdf, .v); - is standard output",
    )


def run(options: argparse.Namespace) -> int:
    """Prove, then write."""
    from ..output import progress, write
    from .writing import format_of, page_options, written

    form = format_of(options.format, options.output, options.fragment)
    limit_from(options)
    make: Callable[[], Proof | GeneralProof]
    if options.general is None:
        layer, asked = stack_from(options), theorem_options(getattr(options, "with"), options.order)
        usual = "composition" if options.then else "weight_matrix"
        theorem = usual if options.theorem is None else options.theorem
        from ..catalogue import prove

        if options.rank is not None:
            raise SpecError(
                "--rank", options.rank, "is for --general; the rank of a layer is that of its --input", "--input 4x4"
            )
        make = partial(prove, layer, theorem, options.check, **asked)
    else:
        make = partial(_general, options)
    with progress("symconv: proving"):
        content = written(make(), form, options.fragment, page_options(options))
    write(options.output, content)
    return PROVED


def _general(options: argparse.Namespace) -> GeneralProof:
    from ..general import prove_general

    if layer_given(options) or options.then or getattr(options, "with") or options.order:
        rule = "proves a theorem for all sizes, and takes no layer options"
        raise SpecError("--general", options.general, rule, "--general weight_matrix --rank 2")
    try:
        return prove_general(options.general, options.rank)
    except SpecError as error:
        if error.parameter != "theorem":
            raise
        raise SpecError("--general", options.general, error.rule, "--general weight_matrix") from None
