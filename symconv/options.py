"""The command line's words for a layer: one option for each constructor parameter, and how values are read.

A value is data: digits, signs, x and : are all that is understood, and the layer's own checks decide
what is valid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .errors import SpecError, Unsupported

if TYPE_CHECKING:
    import argparse

    from .layers import Layer

LAYERS = {"conv": "Conv", "linear": "Linear"}
PLANNED = ("conv-transpose", "avg-pool")

# option, parameter, what it is read as, help
_CONV = (
    ("--input", "input_size", "shape", "input size, for instance 4x4 (its length is the rank)"),
    ("--kernel", "kernel_size", "sizes", "kernel size, 3 or 3x2"),
    ("--in-channels", "in_channels", "number", "input channels"),
    ("--out-channels", "out_channels", "number", "output channels"),
    ("--stride", "stride", "sizes", "2 or 2x1"),
    ("--padding", "padding", "padding", "1, 1x0, pairs 2:0 or 1:1x0:2, or valid, same, same_lower, full"),
    ("--dilation", "dilation", "sizes", "2 or 2x1"),
    ("--groups", "groups", "number", "groups of channels"),
    ("--padding-mode", "padding_mode", "word", "zeros, reflect, symmetric, replicate or circular"),
    ("--input-dilation", "input_dilation", "sizes", "2 or 2x1"),
)
_LINEAR = (
    ("--in-features", "in_features", "number", "inputs of a linear layer"),
    ("--out-features", "out_features", "number", "outputs of a linear layer"),
)


def add_layer_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a layer."""
    group = parser.add_argument_group("layer")
    group.add_argument("--layer", default="conv", metavar="KIND", help="conv (default) or linear")
    for option, parameter, _, said in (*_CONV, *_LINEAR):
        group.add_argument(option, dest=parameter, metavar=_metavar(option), help=said)
    group.add_argument("--bias", action="store_true", default=None, help="add a bias to each output channel")
    group.add_argument(
        "--flip-kernel", action="store_true", default=None, help="mathematical convolution: reverse the kernel"
    )


def _metavar(option: str) -> str:
    return {"--input": "4x4", "--kernel": "3x3", "--padding-mode": "MODE"}.get(option, "N")


def layer_given(options: argparse.Namespace) -> bool:
    """Whether any layer option is there."""
    names = [parameter for _, parameter, _, _ in (*_CONV, *_LINEAR)] + ["bias", "flip_kernel"]
    return any(getattr(options, name) is not None for name in names)


def layer_from(options: argparse.Namespace) -> Layer:
    """The layer that the options describe."""
    from . import layers

    if options.layer in PLANNED:
        raise Unsupported(f"--layer {options.layer}: this version has the layers {', '.join(LAYERS)}")
    if options.layer not in LAYERS:
        raise SpecError("--layer", options.layer, "must be one of " + ", ".join(LAYERS), "--layer conv")
    own, other = (_CONV, _LINEAR) if options.layer == "conv" else (_LINEAR, _CONV)
    for option, parameter, _, _ in other:
        if getattr(options, parameter) is not None:
            raise SpecError(
                option,
                getattr(options, parameter),
                f"is not an option of --layer {options.layer}",
                _usual(options.layer),
            )
    parameters: dict[str, Any] = {}
    for option, parameter, kind, _ in own:
        given = getattr(options, parameter)
        if given is not None:
            parameters[parameter] = read_value(option, given, kind)
    for option, parameter, _, _ in own[:2]:
        if parameter not in parameters:
            raise SpecError(option, None, "is needed", _usual(options.layer))
    for name in ("bias", "flip_kernel"):
        if getattr(options, name):
            parameters[name] = True
    if options.layer == "linear" and "flip_kernel" in parameters:
        raise SpecError("--flip-kernel", True, "is not an option of --layer linear", _usual("linear"))
    kind_: Any = getattr(layers, LAYERS[options.layer])
    layer: Layer = kind_(**parameters)
    return layer


def _usual(layer: str) -> str:
    return "--input 4x4 --kernel 3x3" if layer == "conv" else "--layer linear --in-features 3 --out-features 2"


_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_EXAMPLES = {"shape": "4x4", "sizes": "2 or 2x1", "number": "2", "padding": "1, 1x0, 2:0, 1:1x0:2 or same"}


def read_value(option: str, text: str, kind: str) -> Any:
    """An option's text as what the constructor takes.

    >>> read_value("--padding", "1:1x0:2", "padding")
    ((1, 1), (0, 2))
    >>> read_value("--stride", "2", "sizes")
    2
    """
    if kind == "word":
        return text
    if kind == "padding" and text.replace("_", "").isalpha() and text.isascii():
        return text
    parts = text.split("x")
    if kind == "padding" and ":" in text:
        pairs = [part.split(":") for part in parts]
        if all(len(pair) == 2 for pair in pairs):
            return tuple((_integer(option, text, low, kind), _integer(option, text, high, kind)) for low, high in pairs)
        raise SpecError(option, text, "needs low:high for every axis", f"{option} 2:0 or {option} 1:1x0:2")
    numbers = tuple(_integer(option, text, part, kind) for part in parts)
    if kind == "number" and len(numbers) > 1:
        raise SpecError(option, text, "must be one integer", f"{option} 2")
    return numbers[0] if len(numbers) == 1 and kind != "shape" else numbers


def _integer(option: str, whole: str, part: str, kind: str) -> int:
    if not _INTEGER.fullmatch(part):
        raise SpecError(
            option,
            whole,
            "must be integers joined by x" if kind != "number" else "must be an integer",
            f"{option} {_EXAMPLES[kind]}",
        )
    return int(part)
