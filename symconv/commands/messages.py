"""Messages as the command line writes them: --stride 2x1 where Python writes stride=(2, 1).

The layers and the theorems speak Python, in which most of them are called. On the command line the same
parameters, values, examples and layers are turned into options, so that what a message calls valid can
be typed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from typing import Any

from ..spec import written_data
from .options import PARAMETERS, kinds

_TUPLE = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"  # what nests no deeper than pairs of fractions
_LIST, _DICT = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]", r"\{[^{}]*\}"  # rows of numbers; names
_VALUE = rf"""(?:{_TUPLE}|{_LIST}|{_DICT}|"[^"]*"|'[^']*'|Fraction\(-?\d+, \d+\)|-?\d+|True|False|None)"""
_FRACTION = re.compile(r"Fraction\((-?\d+), (\d+)\)")
_WORD = re.compile(r"[\w./-]+", re.ASCII)
_PROVE = re.compile(r'sc\.prove\(layer, "(\w+)"\)')
_LIMIT = re.compile(r"symconv\.limits\.\w+ = (\d+)")
_STACK = re.compile(r"Sequential\(([^()]+)\)")
_CHOICES = {
    "theorem": "--theorem", "check": "--check", "depth": "--depth", "layout": "--layout", "what": "--what", "output": "--output", "title": "--title", "path": "-o", "order": "--order", "rank": "--rank", "names": "--names", "first_index": "--first-index", "kernel_values": "--kernel-values",
    "input_values": "--input-values", "bias_values": "--bias-values",
}  # fmt: skip


def on_command_line(message: str, asked: Collection[str] = ()) -> str:
    """A message with options in the place of parameters; those that are `asked` of a theorem are --with's.

    >>> on_command_line("stride=0: must be at least 1. Valid: stride=1 or stride=(2, 1)")
    '--stride 0: must be at least 1. Valid: --stride 1 or --stride 2x1'
    >>> on_command_line("tile=0: must be at least 1. Valid: tile=4", ["tile"])
    '--with tile=0: must be at least 1. Valid: --with tile=4'
    >>> on_command_line("flip does not apply to AvgPool(input_size=(4,), kernel_size=2): it has no kernel")
    'flip does not apply to --layer avg-pool --input 4 --kernel 2: it has no kernel'
    """
    options = PARAMETERS | _CHOICES
    message = re.sub(rf"\b({'|'.join(layer.__name__ for layer in kinds().values())})({_TUPLE})", _layer, message)
    message = re.sub(r"\b(\w+)_values=values\.json", r"--\1-values values.json", message)
    message = _STACK.sub(_then, message.replace("sc.Sequential(layer, another)", '--then "--kernel 2"'))
    message = _LIMIT.sub(r"--limit \1", _PROVE.sub(r"--theorem \1", message))
    names = "|".join(sorted({*options, *filter(str.isidentifier, asked)}, key=len, reverse=True))  # asked is user text
    given = re.compile(rf"(?<![\w'-])(?<!--with )({names})=({_VALUE})(?!\w|\.\d)")

    def option(found: re.Match[str]) -> str:
        name, text = found.groups()
        written = _written(text, "," if name in ("points", "output") else "x")
        if name in asked:
            return f"--with {name}={written}" if written is not None else found[0]
        return _option(options[name], text, written)

    message = given.sub(option, message)
    for name, option_ in PARAMETERS.items():  # a parameter within a rule; a plain word such as size stays a word
        if "_" in name:
            message = re.sub(rf"(?<![\w-]){name}(?!\w)", option_, message)
    message = re.sub(r"Valid: (.+?) or \1$", r"Valid: \1", message)  # 1 and (1,) are one thing here
    return message.replace("(low, high) pair", "low:high pair").replace("must be (low, high)", "must be low:high")


def _layer(found: re.Match[str]) -> str:
    name, parameters = found.groups()
    kind = next(kind for kind, layer in kinds().items() if layer.__name__ == name)
    prefix = "" if kind == "conv" else f"--layer {kind} "
    each = re.findall(rf"(\w+)=({_VALUE})", parameters)
    return prefix + " ".join(_option(PARAMETERS[name], text, _written(text)) for name, text in each)


def _then(found: re.Match[str]) -> str:
    first, *others = found[1].split(", ")
    return " ".join([first, *(f'--then "{each}"' for each in others)])


def _option(option: str, text: str, written: str | None) -> str:
    """An option with its value, if that can be written so; flags have none."""
    if text in ("True", "False", "None"):
        return option
    if written is None:
        return f"{option}={text}"
    return f"{option}{'=' if written.startswith('-') else ' '}{written}"


def _written(text: str, between: str = "x") -> str | None:
    """A Python value as the command line takes it."""
    try:
        value = ast.literal_eval(_FRACTION.sub(r'"\1/\2"', text))
    except (ValueError, SyntaxError):
        return None
    written = _joined(value, between)
    if ";" in written:
        return f'"{written}"'  # as a shell needs it
    return written if _WORD.fullmatch(re.sub("[:,=]", "", written)) else None


def _joined(value: Any, between: str) -> str:
    if isinstance(value, dict):
        return ",".join(f"{old}={new}" for old, new in value.items())
    if isinstance(value, list):
        return ";".join(map(_row, value)) if any(isinstance(each, list) for each in value) else _row(value)
    if not isinstance(value, tuple):
        return str(value)
    if all(isinstance(each, tuple) and len(each) == 2 for each in value):
        return "x".join(f"{low}:{high}" for low, high in value)
    return written_data(value) if any(isinstance(each, tuple) for each in value) else between.join(map(str, value))


def _row(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
