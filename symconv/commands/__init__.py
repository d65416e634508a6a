"""The commands: each is one module, with `add_options(parser)` and `run(options)`, loaded when it is its turn."""

from __future__ import annotations

from importlib import import_module
from typing import Any

COMMANDS = {
    "prove": "prove a theorem for a layer and write the proof",
    "worksheet": "write a proof with blanks to fill in, and its solution",
    "check": "verify a JSON proof from scratch",
    "certify": "let Coq check a certificate, when it is installed",
    "theorems": "list the theorems, or those that apply to a layer",
    "show": "show W in the terminal",
    "draw": "draw the window on the input, and W with its row",
    "sweep": "prove every configuration of a grid, and write a table",
}
"""Every command, in the order of the help, and what it does."""


def command(name: str) -> Any:
    """The module of a command."""
    return import_module(f".{name}", __name__)
