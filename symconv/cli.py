"""The command line: prove, worksheet, check, certify, theorems, show, draw, sweep.

Exit status: 0 proved and written; 1 a check failed, and nothing was written; 2 bad input, not
applicable, unwritable output or over a size limit, with one line on standard error.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from . import __version__
from .errors import NOT_GIVEN, ProofFailed, SpecError, SymconvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .general import GeneralProof
    from .layers import Layer
    from .proof import Proof
    from .sequential import Sequential

PROVED, REFUTED, REFUSED = 0, 1, 2
FILE_LIMIT = 1 << 30

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
_VALUES = """values: 2 means every axis, 2x1 one for each; so do padding pairs low:high,
2:0 and 1:1x0:2 (negative ones crop: --padding=-1:2)."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and whose options are added when it is its turn.

    A run needs those of one command; `symconv --help` none.
    """

    options: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        add, self.options = self.options, None
        if add is not None:
            add(self)
        return super().parse_known_args(args, namespace)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version; argparse itself hides that they could not be written."""
        (file or sys.stdout).write(message)

    def error(self, message: str) -> NoReturn:
        example = f"see {self.prog} --help"
        if "--then" in message and "unrecognized" in message:
            example = 'symconv prove --input 8 --kernel 3 --then "--kernel 3" (prove and theorems take stacks)'
        elif "--then" in message:
            example = '--then "--kernel 3 --stride 2"'
        elif "expected one argument" in message:
            example = "--padding=-1:2 (with =, for a value that starts with a minus sign)"
        raise SpecError("command line", NOT_GIVEN, message, example)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(
        prog="symconv",
        description="Prove, for any configuration, that a convolutional layer is a fully connected\nlayer.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    top.add_argument("--version", action="version", version=f"symconv {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, said, options in (
        ("prove", "prove a theorem for a layer and write the proof", _prove_options),
        ("worksheet", "write a proof with blanks to fill in, and its solution", _worksheet_options),
        ("check", "verify a JSON proof from scratch", _check_options),
        ("certify", "let Coq check a certificate, when it is installed", _certify_options),
        ("theorems", "list the theorems, or those that apply to a layer", _theorems_options),
        ("show", "show W in the terminal", _show_options),
        ("draw", "draw the window on the input, and W with its row", _draw_options),
        ("sweep", "prove every configuration of a grid, and write a table", _sweep_options),
    ):
        command = commands.add_parser(
            name, help=said, description=said[0].upper() + said[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        command.options = options
    return top


def _prove_options(parser: argparse.ArgumentParser) -> None:
    from .options import add_layer_options, add_page_options, add_proof_options, add_then, asked_words

    parser.epilog = f"{asked_words()}\n\n{_VALUES}"
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


def _worksheet_options(parser: argparse.ArgumentParser) -> None:
    from .options import add_first_index, add_layer_options, add_proof_options, asked_words

    parser.epilog = f"{asked_words()}\n\n{_VALUES}"
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


def _check_options(parser: argparse.ArgumentParser) -> None:
    from .options import add_limit

    parser.add_argument("file", metavar="FILE.json")
    add_limit(parser)


def _certify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.v", nargs="?")
    parser.add_argument(
        "--general", metavar="FILE.v", help="write the certificate for every size and rank to FILE.v, and check it"
    )


def _theorems_options(parser: argparse.ArgumentParser) -> None:
    from .options import add_layer_options, add_then

    parser.epilog = _VALUES
    add_layer_options(parser)
    add_then(parser)
    parser.add_argument("--general", action="store_true", help="those that are proved for all sizes")


def _show_options(parser: argparse.ArgumentParser) -> None:
    from .options import add_first_index, add_layer_options, add_order

    parser.epilog = _VALUES
    add_layer_options(parser)
    add_order(parser)
    add_first_index(parser)
    parser.add_argument("--limit", metavar="CELLS", help="print a matrix of up to this many cells (default 20000)")


def _draw_options(parser: argparse.ArgumentParser) -> None:
    from .options import add_first_index, add_layer_options, add_order

    parser.epilog = _VALUES
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


def _sweep_options(parser: argparse.ArgumentParser) -> None:
    from .grid import __doc__ as said

    parser.epilog = str(said)
    parser.add_argument("file", metavar="GRID.toml", help="the grid, as below")
    parser.add_argument("--jobs", metavar="N", help="processes at once (default: one for each core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="prove on this Dask cluster instead")
    parser.add_argument("--limit", metavar="N", help="prove up to this many configurations (default 100000)")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE.csv",
        help="write the table there, and go on where an earlier run was interrupted; what that proved is in FILE.csv.journal",
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller: `symconv ... >&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - it lives as long as the process
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")  # the same bytes in every locale
    options: argparse.Namespace | None = None
    try:
        options = _parsed(arguments)
        for name, value in vars(options).items():
            if isinstance(value, list) and (
                not value or [] in value
            ):  # argparse turns a value of -- into an empty list
                raise SpecError(
                    f"--{name.replace('_', '-')}", "--", "is not a value", f"see symconv {options.command} --help"
                )
        if hasattr(signal, "SIGTERM"):
            signal.signal(signal.SIGTERM, partial(_terminated, options))
        commands = {
            "prove": _prove, "worksheet": _worksheet, "check": _check, "certify": _certify, "theorems": _theorems,
            "show": _show, "draw": _draw, "sweep": _sweep,
        }  # fmt: skip
        status = commands[options.command](options)
        sys.stdout.flush()
        return status
    except ProofFailed as error:
        return _say(str(error), REFUTED)
    except SymconvError as error:
        return _say(_in_options(str(error), options), REFUSED)
    except OSError as error:
        if error.filename is None:
            _drop(sys.stdout)
            if isinstance(error, BrokenPipeError):  # the reader went away, as in `symconv show ... | head`
                return PROVED
        return _say(f"{error.filename or 'standard output'}: {error.strerror or error}", REFUSED)
    except MemoryError:
        return _say("not enough memory for this configuration; --check axes needs the least", REFUSED)
    except KeyboardInterrupt:
        return _say(f"interrupted; {_kept(options)}", 130)


def _drop(stream: TextIO) -> None:
    """Leave nothing of it for the interpreter to flush."""
    with suppress(OSError, ValueError):  # one without a file behind it has nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options; after --help and --version what was printed is on its way, or the error is raised."""
    try:
        return parser().parse_args(arguments)
    except SystemExit:
        sys.stdout.flush()
        raise


def _terminated(options: argparse.Namespace, number: int, frame: object) -> NoReturn:
    raise SystemExit(_say(f"terminated; {_kept(options)}", 128 + number))


def _kept(options: argparse.Namespace | None) -> str:
    """What is left of a run that was stopped."""
    if options is None or options.command != "sweep" or options.output in (None, "-"):
        return "nothing was written"
    from .sweep import KEPT

    return KEPT


def _say(message: str, status: int) -> int:
    """One line on standard error; a failed proof's places follow on their own lines."""
    from .output import printable

    if status != REFUTED:
        message = " ".join(message.split())  # a name with a line break must not look like a second message
    message = "\n".join(map(printable, message.split("\n")))
    try:
        print(f"symconv: {message}", file=sys.stderr, flush=True)
    except OSError:  # nowhere left to say it; the status does
        _drop(sys.stderr)
    return status


def _in_options(message: str, options: argparse.Namespace | None) -> str:
    """A message about what was typed, in options; one about a file or the options themselves stays as it is."""
    if options is None or options.command == "check":
        return message
    from .command_form import on_command_line
    from .options import ASKED

    given = [each.partition("=")[0] for each in getattr(options, "with", None) or ()]
    theorem = str(getattr(options, "theorem", "")).replace("-", "_")
    return on_command_line(message, {name.strip().replace("-", "_") for name in given} | set(ASKED.get(theorem, ())))


def _prove(options: argparse.Namespace) -> int:
    from .options import limit_from, theorem_options
    from .output import progress, write
    from .writing import format_of, page_options, written

    form = format_of(options.format, options.output, options.fragment)
    limit_from(options)
    make: Callable[[], Proof | GeneralProof]
    if options.general is None:
        layer, asked = _stack(options), theorem_options(getattr(options, "with"), options.order)
        usual = "composition" if options.then else "weight_matrix"
        theorem = usual if options.theorem is None else options.theorem
        from .catalogue import prove

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


def _stack(options: argparse.Namespace) -> Layer | Sequential:
    """The layer, or the stack of layers, that the options describe."""
    from .options import add_layer_options, stack_from

    def parse(words: list[str]) -> argparse.Namespace:
        then = _Parser(prog="symconv prove", add_help=False, allow_abbrev=False)
        add_layer_options(then)
        return then.parse_args(words)

    return stack_from(options, parse)


def _general(options: argparse.Namespace) -> GeneralProof:
    from .general import prove_general
    from .options import layer_given

    if layer_given(options) or options.then or getattr(options, "with") or options.order:
        rule = "proves a theorem for all sizes, and takes no layer options"
        raise SpecError("--general", options.general, rule, "--general weight_matrix --rank 2")
    return prove_general(options.general, options.rank)


def _worksheet(options: argparse.Namespace) -> int:
    from .options import first_index, layer_from, limit_from, read_value, theorem_options
    from .output import progress, same_file, write_all
    from .worksheets import worksheet
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


def _read(path: str, example: str) -> str:
    """The text of a file that symconv wrote."""
    with open(path, "rb") as file:
        raw = file.read(FILE_LIMIT + 1)
    if len(raw) > FILE_LIMIT:
        raise SpecError("FILE", path, f"is larger than {FILE_LIMIT:,} bytes", "a proof written by symconv")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SpecError("FILE", path, "is not UTF-8 text", f"a proof written by symconv prove -o {example}") from None


def _certify(options: argparse.Namespace) -> int:
    from .certify import certify
    from .output import printable, progress, write

    if (options.file is None) == (options.general is None):
        rule = "needs a certificate, or --general and where to write one"
        raise SpecError("certify", NOT_GIVEN, rule, "symconv certify proof.v, or symconv certify --general general.v")
    path = options.file or options.general
    if options.general:
        from .render.coq.every_size import every_size

        write(path, every_size())
    with progress("symconv: Coq is checking"):
        verdict = certify(_read(path, "proof.v"))
    if not verdict.accepted:
        return _say(f"{path}: {verdict.said}", REFUTED)
    print(f"{printable(path)}: {verdict.said}")
    return PROVED


def _check(options: argparse.Namespace) -> int:
    from itertools import islice

    from .catalogue import prove
    from .options import limit_from
    from .output import printable, progress
    from .render import json_format

    limit_from(options)
    found = json_format.load(_read(options.file, "proof.json"), options.file)
    layer = json_format.layer_from(found)
    with progress("symconv: checking"):
        levels = found.get("checked")
        done = levels if isinstance(levels, list) else []
        level = next((level for level, each in (("all", "sympy"), ("entries", "entries")) if each in done), "axes")
        proof = prove(layer, found.get("theorem"), level, **json_format.options_from(found))  # type: ignore[arg-type]
        places = list(islice(json_format.differences(found, json_format.data(proof)), 11))
    if places:
        for place in places[:10]:
            print(f"symconv: {printable(f'{options.file}: {place}')}", file=sys.stderr)
        if len(places) > 10:
            print(f"symconv: {printable(options.file)}: and more differences", file=sys.stderr)
        return REFUTED
    report = proof.check()
    compared = "every claim, reason and citation"
    without = ""
    if any({"rows", "numbers", "polynomials"} & set(matrix) for matrix in found["matrices"].values()):
        compared = f"every entry, {compared[6:]}"
    elif found["matrices"]:
        without = "; its entries are too many to be in the file, and none was compared"
    print(f"{printable(options.file)}: {proof.theorem.name} holds for {layer!r}")
    print(f"  proved again from the layer: {compared} of the file is the same{without}")
    print(f"  {len(report.proved)} obligations proved, {len(report.omitted)} omitted")
    return PROVED


def _theorems(options: argparse.Namespace) -> int:
    from .catalogue import theorems
    from .options import layer_given

    layer = _stack(options) if layer_given(options) or options.then else None
    if options.general:
        from .general import general_theorems

        if layer is not None:
            raise SpecError(
                "--general", NOT_GIVEN, "is about all sizes, and takes no layer", "symconv theorems --general"
            )
        found = general_theorems()
    else:
        found = theorems(layer)
    width = max(map(len, found)) + 2
    for name, statement in found.items():
        print(f"{name:<{width}}{statement}")
    return PROVED


def _show(options: argparse.Namespace) -> int:
    import shutil

    from .options import first_index, layer_from, read_value
    from .render.terminal import CELLS, show, wants_colour

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


def _draw(options: argparse.Namespace) -> int:
    from .drawing import writers
    from .options import first_index, layer_from, position
    from .output import progress, write

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


def _sweep(options: argparse.Namespace) -> int:
    from .grid import LIMIT, read
    from .options import read_value
    from .output import write
    from .sweep import FAILED, forget, sweep

    gc.enable()  # not a short run
    numbers = {
        name: read_value(f"--{name}", given, "number")
        for name in ("jobs", "limit")
        if (given := getattr(options, name))
    }
    if numbers.get("jobs", 1) < 1:
        raise SpecError("--jobs", options.jobs, "must be at least 1", "--jobs 2")
    path = None if options.output == "-" else options.output
    if path is not None and not path.lower().endswith(".csv"):
        raise SpecError("-o", path, "the suffix must be .csv", "-o table.csv")
    table, verdicts = sweep(
        read(options.file, numbers.get("limit", LIMIT)), path, numbers.get("jobs", -1), options.dask
    )
    write(path, table)
    if path is not None:
        forget(path)
    print(f"symconv: {', '.join(f'{count:,} {verdict}' for verdict, count in verdicts.items())}", file=sys.stderr)
    return REFUTED if FAILED in verdicts else PROVED
