"""worksheet: a proof with blanks, and its solution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SpecError
from .options import VALUES, add_first_index, add_layer_options, add_proof_options, asked_words, layer_from
from .status import PROVED
from .values import first_index, limit_from, read_value, theorem_options

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = f"{asked_words()}\n\n{VALUES}"
    add_layer_options(parser)
    add_proof_options(parser)
    add_first_index(parser)
    parser.add_argument("--blanks", metavar="WHICH", help="some (default): half of the cells and sums; or all")
    parser.add_argument("--seed", metavar="N", help="which ones are blank (default 0)")
    parser.add_argument("--format", metavar="FORMAT", help="of both files; default: by the suffix of each")
    parser.add_argument("--fragment", action="store_true", help="pieces for other documents, as for prove")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the sheet: .tex, .md, .txt, .html or .pdf; - is standard output"
    )
    parser.add_argument("--solution", metavar="FILE", help="its solution; both files are written, or none")


def run(options: argparse.Namespace) -> int:
    """Prove, then write both files or none."""
    from ..output import progress, same_file, write_all
    from ..worksheets import worksheet
    from .writing import format_of, written

    limit_from(options)
    paths = [options.output, *([options.solution] if options.solution is not None else ())]
    if len(paths) > 1 and same_file(*paths):
        rule = "must be another file than that of the sheet"
        raise SpecError("--solution", options.solution, rule, "-o sheet.tex --solution solution.tex")
    forms = [format_of(options.format, path, options.fragment) for path in paths]
    seed = 0 if options.seed is None else read_value("--seed", options.seed, "number")
    layer, asked = layer_from(options), theorem_options(getattr(options, "with"), options.order)
    with progress("symconv: proving"):
        found = worksheet(
            layer,
            seed,
            "some" if options.blanks is None else options.blanks,
            "weight_matrix" if options.theorem is None else options.theorem,
            first_index(options.first_index),
            check=options.check,
            **asked,
        )
        pages = zip((found.sheet, found.solution), forms, strict=False)
        contents = [written(page, form, options.fragment) for page, form in pages]
    write_all(list(zip(paths, contents, strict=True)))
    return PROVED
