"""A layer, or a stack of layers, as options describe it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from ..errors import SpecError
from .options import add_layer_options, layer_from
from .parser import Parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..layers import Layer
    from ..stacks.sequential import Sequential


def add_then(parser: argparse.ArgumentParser) -> None:
    """Add the option that puts a further layer on top."""
    parser.add_argument(
        "--then",
        action="append",
        metavar="OPTIONS",
        help='a further layer that takes the output, as in --then "--kernel 3 --stride 2"; can be repeated',
    )


def typed(words: list[str]) -> argparse.Namespace:
    """The options of one more layer."""
    parser = Parser(prog="symconv prove", add_help=False, allow_abbrev=False)
    add_layer_options(parser)
    return parser.parse_args(words)


def stack_from(
    options: argparse.Namespace, parse: Callable[[list[str]], argparse.Namespace] = typed
) -> Layer | Sequential:
    """The layer that the options describe, or with --then the stack; `parse` reads the options of one layer."""
    layers = [layer_from(options)]
    if not options.then:
        return layers[0]
    import shlex

    from ..stacks.sequential import Sequential

    usual = '--then "--kernel 3 --stride 2"'
    for text in options.then:
        try:
            given = parse(shlex.split(text))
            _continue(layers[-1], given)
            layers.append(layer_from(given))
        except SpecError as error:
            rule = str(error).removesuffix(f". Valid: {error.example}").removeprefix("command line: ")
            raise SpecError("--then", text, rule, error.example if "--" in text else usual) from None
        except ValueError as error:
            raise SpecError("--then", text, f"cannot be read: {error}", usual) from None
    return Sequential(*layers)


def _continue(before: Layer, given: argparse.Namespace) -> None:
    """What a layer takes from the one before it, where it is not given: its input size and channels."""
    channels, *sizes = before.output_shape
    if not sizes and given.layer != "linear":
        rule = "follows a fully connected layer, whose output is a vector"
        raise SpecError("--layer", given.layer or "conv", rule, '--then "--layer linear --out-features 2"')
    taken: dict[str, Any] = {"input_size": "x".join(map(str, sizes))}
    if given.layer == "linear":
        taken = {"in_features": channels * prod(sizes)}
    elif given.layer == "pixel-shuffle" and str(given.upscale_factor).isdecimal() and int(given.upscale_factor):
        taken["channels"] = max(1, channels // int(given.upscale_factor) ** len(sizes))
    elif given.layer in ("avg-pool", "upsample", "pixel-shuffle"):
        taken["channels"] = channels
    else:
        taken["in_channels"] = channels
    for name, value in taken.items():
        if getattr(given, name) is None:
            setattr(given, name, str(value))
