"""The command line: what was typed is parsed, its command runs, and however that ends has a status and a line.

Exit status: 0 proved and written; 1 a check failed, and nothing was written; 2 bad input, not
applicable, unwritable output or over a size limit, with one line on standard error.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from functools import partial
from typing import NoReturn

from .commands import command
from .commands.parser import parser
from .commands.status import PROVED, REFUSED, REFUTED, drop, say
from .errors import ProofFailed, SpecError, SymconvError


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
        signal.signal(signal.SIGTERM, partial(_terminated, options))
        status: int = command(options.command).run(options)
        sys.stdout.flush()
        return status
    except ProofFailed as error:
        return say(str(error), REFUTED)
    except SymconvError as error:
        return say(_in_options(str(error), options), REFUSED)
    except OSError as error:
        if error.filename is None:
            drop(sys.stdout)
            if isinstance(error, BrokenPipeError):  # the reader went away, as in `symconv show ... | head`
                return PROVED
        return say(f"{error.filename or 'standard output'}: {error.strerror or error}", REFUSED)
    except MemoryError:
        return say("not enough memory for this configuration; --check axes needs the least", REFUSED)
    except KeyboardInterrupt:
        return say(f"interrupted; {_kept(options)}", 130)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options; after --help and --version what was printed is on its way, or the error is raised."""
    try:
        return parser().parse_args(arguments)
    except SystemExit:
        sys.stdout.flush()
        raise


def _terminated(options: argparse.Namespace, number: int, frame: object) -> NoReturn:
    raise SystemExit(say(f"terminated; {_kept(options)}", 128 + number))


def _kept(options: argparse.Namespace | None) -> str:
    """What is left of a run that was stopped."""
    if options is None or options.command != "sweep" or options.output in (None, "-"):
        return "nothing was written"
    from .sweep import KEPT

    return KEPT


def _in_options(message: str, options: argparse.Namespace | None) -> str:
    """A message about what was typed, in options; one about a file or the options themselves stays as it is."""
    if options is None or options.command == "check":
        return message
    from .commands.messages import on_command_line
    from .commands.options import ASKED

    given = [each.partition("=")[0] for each in getattr(options, "with", None) or ()]
    theorem = str(getattr(options, "theorem", "")).replace("-", "_")
    return on_command_line(message, {name.strip().replace("-", "_") for name in given} | set(ASKED.get(theorem, ())))
