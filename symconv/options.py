"""The command line's words for a layer: one option for each constructor parameter, and how values are read.

A value is data: digits, signs, x and : are all that is understood, and the layer's own checks decide
what is valid.
"""

from __future__ import annotations

import re
from math import prod
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from .errors import NOT_GIVEN, SpecError, Unsupported
from .spec import read_data

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from .layers import Layer
    from .sequential import Sequential

# option, what it is read as, help; the parameter is the option's name, with two exceptions
_OPTIONS = (
    ("--input", "shape", "input size, for instance 4x4 (its length is the rank)"),
    ("--kernel", "sizes", "kernel size, 3 or 3x2"),
    ("--in-channels", "number", "input channels"),
    ("--out-channels", "number", "output channels"),
    ("--stride", "sizes", "2 or 2x1"),
    ("--padding", "padding", "1, 1x0, pairs low:high such as 2:0 or 1:1x0:2, or (conv) valid, same, same_lower, full"),
    ("--dilation", "sizes", "2 or 2x1"),
    ("--groups", "number", "groups of channels"),
    ("--bias", "flag", "add a bias to each output channel"),
    ("--padding-mode", "word", "zeros, reflect, symmetric, replicate or circular (conv)"),
    ("--flip-kernel", "flag", "mathematical convolution: reverse the kernel (conv)"),
    ("--input-dilation", "sizes", "2 or 2x1 (conv)"),
    ("--output-padding", "sizes", "1 or 1x0 (conv-transpose)"),
    ("--channels", "number", "channels (avg-pool, upsample, pixel-shuffle: output channels)"),
    ("--ceil-mode", "flag", "let a last window hang over the end (avg-pool)"),
    ("--no-count-include-pad", "off", "divide by the inputs only, not by the padding (avg-pool)"),
    ("--divisor-override", "number", "divide by this number (avg-pool)"),
    ("--size", "sizes", "output size (upsample)"),
    ("--scale-factor", "ratios", "2, 3/2 or 2x3/2 (upsample)"),
    ("--mode", "word", "nearest, nearest-exact or bilinear (upsample)"),
    ("--align-corners", "flag", "the middles of the corner pixels coincide (upsample)"),
    ("--upscale-factor", "number", "how many times as long every axis becomes (pixel-shuffle)"),
    ("--in-features", "number", "inputs (linear)"),
    ("--out-features", "number", "outputs (linear)"),
)
_RENAMED = {"--input": "input_size", "--kernel": "kernel_size"}


def _parameter(option: str) -> str:
    return _RENAMED.get(option, option.removeprefix("--").removeprefix("no-").replace("-", "_"))


PARAMETERS = {_parameter(option): option for option, _, _ in _OPTIONS}
"""The option of each constructor parameter."""
ASKED = {
    "winograd": {
        "tile": "outputs in a tile: 4, or 4x2, one for each axis",
        "points": "where polynomials are evaluated: 0,1,-1,1/2 or 0,1,-1x0,1, one list for each axis",
    },
    "fft_linear": {
        "method": "circulant (default), karatsuba or toom-3",
        "size": "places on the ring: 12 or 12x8 (circulant)",
        "points": "as for winograd (karatsuba, toom-3)",
    },
    "linear_as_conv": {
        "input_shape": "channels and sizes before flattening: 16x5x5 (a fully connected layer)",
    },
    "morphism": {"first": "kernel size of the first of the two layers: 2, or 2x1"},
}
"""What `--with` can ask of each theorem; a test compares the names with the theorems' own."""


def asked_words() -> str:
    """What `--with` can ask, for the help, on lines of a terminal."""
    lines: list[str] = []
    for theorem, names in ASKED.items():
        for n, (name, said) in enumerate(names.items()):
            lines += wrap(f"  {'' if n else theorem:<16}{name:<13}{said}", 79, subsequent_indent=" " * 31)
    return "\n".join(["--with NAME=VALUE, by theorem (the others take none):", *lines])


def add_layer_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a layer."""
    group = parser.add_argument_group("layer")
    group.add_argument("--layer", metavar="KIND", help=", ".join(kinds()) + " (default: conv)")
    for option, kind, said in _OPTIONS:
        if kind in ("flag", "off"):
            action = "store_true" if kind == "flag" else "store_false"
            group.add_argument(option, dest=_parameter(option), action=action, default=None, help=said)
        else:
            group.add_argument(option, dest=_parameter(option), metavar=_metavar(option), help=said)


def add_proof_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is proved."""
    parser.add_argument(
        "--theorem",
        metavar="NAME",
        help="weight_matrix (default; composition with --then), or another one that symconv theorems lists",
    )
    parser.add_argument(
        "--with",
        action="append",
        metavar="NAME=VALUE",
        help="what the theorem can be asked, such as tile=4 or points=0,1,-1,1/2 (below); can be repeated",
    )
    add_order(parser)
    parser.add_argument(
        "--check",
        default="auto",
        metavar="LEVEL",
        help="axes: every step; entries: also every entry of W; all: also with SymPy; auto (default): by size",
    )
    add_limit(parser)


def add_limit(parser: argparse.ArgumentParser) -> None:
    """Add the option that allows larger proofs."""
    parser.add_argument("--limit", metavar="N", help="allow proofs of up to N entries (default 600000 along the axes)")


def limit_from(options: argparse.Namespace) -> None:
    """Allow as much as `--limit` says."""
    from . import limits

    if options.limit is not None:
        limits.raised(read_value("--limit", options.limit, "count"))


def add_order(parser: argparse.ArgumentParser) -> None:
    """Add the option that says in which order W is flattened."""
    parser.add_argument(
        "--order",
        metavar="ORDER",
        help="how inputs and outputs are numbered: row-major (default), column-major or channels-last (weight_matrix)",
    )


def add_first_index(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where indices start."""
    parser.add_argument("--first-index", metavar="N", help="where indices start: 0 (default) or 1 (weight_matrix)")


def first_index(text: str | None) -> int:
    """Where indices start."""
    from .documents.first_index import checked_first

    return 0 if text is None else checked_first(read_value("--first-index", text, "number"))


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a proof is written."""
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        help="latex, markdown, text, html, json, pdf, coq or beamer (slides); default: by the suffix of -o, else text",
    )
    parser.add_argument(
        "--depth",
        metavar="DEPTH",
        help="brief: statement, matrix and one line why; standard (default); full: all rows, and every step expanded",
    )
    parser.add_argument(
        "--layout",
        metavar="LAYOUT",
        help="W in full size, scaled to the line, or in blocks: full, scaled or blocks; default: by its size",
    )
    parser.add_argument(
        "--names", metavar="x=I,k=f", help="other letters for x, k, y, b (and their arrays) and w, for W"
    )
    parser.add_argument(
        "--letters",
        action="store_true",
        default=None,
        help="a, b, c, ... for the kernel entries, those not used otherwise",
    )
    add_first_index(parser)
    for name, what in (("kernel", "1,2;3,4"), ("input", "values.json"), ("bias", "1,2")):
        said = f"numbers for the {name}, and a section that works with them: rows such as 1,2;3,1/2, or a JSON file"
        parser.add_argument(f"--{name}-values", metavar=what, help=said)
    parser.add_argument(
        "--fragment",
        action="store_true",
        help="a piece for another document instead of a whole one: LaTeX to \\input, HTML to include",
    )


def _metavar(option: str) -> str:
    return {
        "--input": "4x4",
        "--kernel": "3x3",
        "--padding-mode": "MODE",
        "--mode": "MODE",
        "--scale-factor": "N/N",
    }.get(option, "N")


def kinds() -> dict[str, Any]:
    """The layers by their names on the command line."""
    from .layers import LAYERS

    return {layer.kind: layer for layer in LAYERS}


def layer_given(options: argparse.Namespace) -> bool:
    """Whether any layer option is there."""
    return options.layer is not None or any(getattr(options, _parameter(each[0])) is not None for each in _OPTIONS)


def layer_from(options: argparse.Namespace) -> Layer:
    """The layer that the options describe."""
    from dataclasses import MISSING, fields

    name, known = options.layer or "conv", kinds()
    if name in ("max-pool", "max_pool"):
        from .catalogue.pooling import max_is_not_linear

        raise Unsupported(f"--layer {name}: {max_is_not_linear()}; average pooling has one: {known['avg-pool'].usual}")
    if name not in known:
        raise SpecError("--layer", name, "must be one of " + ", ".join(known), "--layer conv")
    kind = known[name]
    required = {each.name: each.default is MISSING for each in fields(kind)}
    parameters: dict[str, Any] = {}
    for option, form, _ in _OPTIONS:
        given = getattr(options, _parameter(option))
        if given is not None and _parameter(option) not in required:
            raise SpecError(option, given, f"is not an option of --layer {name}", kind.usual)
        if given is not None:
            parameters[_parameter(option)] = read_value(option, given, form)
        elif required.get(_parameter(option)):
            raise SpecError(option, NOT_GIVEN, "is needed", kind.usual)
    padding, rank = parameters.get("padding"), len(parameters.get("input_size", ()))
    if isinstance(padding, tuple) and len(padding) == 1 and isinstance(padding[0], tuple):
        parameters["padding"] = padding * rank  # like one number, one pair is for all axes
    layer: Layer = kind(**parameters)
    return layer


def add_then(parser: argparse.ArgumentParser) -> None:
    """Add the option that puts a further layer on top."""
    parser.add_argument(
        "--then",
        action="append",
        metavar="OPTIONS",
        help='a further layer that takes the output, as in --then "--kernel 3 --stride 2"; can be repeated',
    )


def stack_from(options: argparse.Namespace, parse: Callable[[list[str]], argparse.Namespace]) -> Layer | Sequential:
    """The layer that the options describe, or with --then the stack; `parse` reads the options of one layer."""
    layers = [layer_from(options)]
    if not options.then:
        return layers[0]
    import shlex

    from .sequential import Sequential

    for text in options.then:
        try:
            given = parse(shlex.split(text))
        except ValueError as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError("--then", text, f"cannot be read: {error}", '--then "--kernel 3 --stride 2"') from None
        _continue(layers[-1], given)
        layers.append(layer_from(given))
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


def takes_value() -> dict[str, bool]:
    """The names of the options that describe a layer, and whether each takes a value."""
    return {"layer": True} | {option[2:]: form not in ("flag", "off") for option, form, _ in _OPTIONS}


def named(given: Mapping[str, str | None]) -> argparse.Namespace:
    """The options that describe a layer, by their names as in a page of documentation; a flag has no value there.

    >>> layer_from(named({"input": "4x4", "kernel": "3", "flip-kernel": None}))
    Conv(input_size=(4, 4), kernel_size=3, flip_kernel=True)
    """
    from argparse import Namespace

    options = Namespace(layer=given.get("layer"))
    for option, form, _ in _OPTIONS:
        value: Any = given.get(option[2:])
        if option[2:] in given:
            if (form in ("flag", "off")) != (not value):
                rule = "takes no value" if value else "needs a value"
                raise SpecError(option, value or NOT_GIVEN, rule, option if value else f"{option} {_metavar(option)}")
            value = value or form == "flag"
        setattr(options, _parameter(option), value)
    return options


def theorem_options(given: list[str] | None, order: str | None = None) -> dict[str, Any]:
    """What `--with name=value` gives a theorem, as data, and the order where one is given.

    >>> theorem_options(["tile=4x2", "points=0,1,-1,1/2", "method=karatsuba"])
    {'tile': (4, 2), 'points': (0, 1, -1, Fraction(1, 2)), 'method': 'karatsuba'}
    """
    found: dict[str, Any] = {}
    for each in given or ():
        name, equals, text = each.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name.isidentifier():
            raise SpecError("--with", each, "must be name=value", "--with tile=4")
        if name == "order":
            raise SpecError("--with", each, "is an option of its own", f"--order {text}")
        if name in found:
            raise SpecError("--with", each, f"gives {name} a second time", f"--with {name}={text}")
        found[name] = read_data(f"--with {name}", text)
    return found if order is None else {**found, "order": order}


def position(text: str | None) -> tuple[int, ...] | None:
    """An output position as it is given on the command line.

    >>> position("0,1")
    (0, 1)
    """
    if text is None:
        return None
    parts = text.split(",")
    if not all(_INTEGER.fullmatch(part) for part in parts):
        raise SpecError("--output", text, "must be integers joined by commas", "--output 0,1")
    return tuple(map(int, parts))


def values_from(option: str, text: str) -> Any:
    """Numbers as they are given on the command line: rows, or a JSON file of nested lists; data, never code.

    >>> values_from("--kernel-values", "1,2;3,1/2")
    [['1', '2'], ['3', '1/2']]
    """
    if not text.lower().endswith(".json"):
        rows = [[each.strip() for each in row.split(",")] for row in text.split(";")]
        return rows[0] if len(rows) == 1 else rows
    import json

    with open(text, "rb") as file:
        raw = file.read(VALUES_LIMIT + 1)
    if len(raw) > VALUES_LIMIT:
        raise SpecError(option, text, f"is larger than {VALUES_LIMIT:,} bytes", f"{option} 1,2;3,4")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise SpecError(option, text, "is no JSON file of nested lists", "a file with [[1, 2], [3, 4]] in it") from None


def names_from(text: str) -> dict[str, str]:
    """Other names as they are given on the command line.

    >>> names_from("x=I,k=f")
    {'x': 'I', 'k': 'f'}
    """
    found: dict[str, str] = {}
    for each in text.split(","):
        old, equals, new = (part.strip() for part in each.partition("="))
        if not equals or old in found:
            rule = "must be old=new, joined by commas" if not equals else f"names {old} a second time"
            raise SpecError("--names", text, rule, "--names x=I,k=f")
        found[old] = new
    return found


VALUES_LIMIT = 1 << 20  # bytes of a file of numbers
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,40}", re.ASCII)
_EXAMPLES = {
    "shape": "4x4",
    "sizes": "2 or 2x1",
    "number": "2",
    "count": "1000000",
    "padding": "1, 1x0, 2:0, 1:1x0:2 or same",
}


def read_value(option: str, text: Any, kind: str) -> Any:
    """An option's text as what the constructor takes.

    >>> read_value("--padding", "1:1x0:2", "padding")
    ((1, 1), (0, 2))
    >>> read_value("--stride", "2", "sizes")
    2
    """
    if kind in ("flag", "off"):
        return text
    if kind == "word":
        return text
    if kind == "count":
        if not _COUNT.fullmatch(text):
            raise SpecError(option, text, "must be an integer of at least 0", f"{option} {_EXAMPLES[kind]}")
        return int(text)
    if kind == "padding" and text.replace("_", "").isalpha() and text.isascii():
        return text
    parts = text.split("x")
    if kind == "ratios":
        return text if len(parts) == 1 else tuple(parts)
    if kind == "padding" and ":" in text:
        pairs = [part.split(":") for part in parts]
        if all(len(pair) == 2 for pair in pairs):
            return tuple((_integer(option, text, low, kind), _integer(option, text, high, kind)) for low, high in pairs)
        raise SpecError(
            option, text, "needs low:high, once for all axes or for each", f"{option} 2:0 or {option} 1:1x0:2"
        )
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
