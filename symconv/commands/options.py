"""The command line's options: one for each parameter of a layer's constructor, and those of proofs and pages."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..errors import NOT_GIVEN, SpecError, Unsupported
from .values import read_value

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping

    from ..layers import Layer

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


VALUES = """values: 2 means every axis, 2x1 one for each; so do padding pairs low:high,
2:0 and 1:1x0:2 (negative ones crop: --padding=-1:2)."""
"""The words about values, for the end of a help."""


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
    from ..layers import LAYERS

    return {layer.kind: layer for layer in LAYERS}


def layer_given(options: argparse.Namespace) -> bool:
    """Whether any layer option is there."""
    return options.layer is not None or any(getattr(options, _parameter(each[0])) is not None for each in _OPTIONS)


def layer_from(options: argparse.Namespace) -> Layer:
    """The layer that the options describe."""
    from dataclasses import MISSING, fields

    name, known = options.layer or "conv", kinds()
    if name in ("max-pool", "max_pool"):
        from ..catalogue.pooling import max_is_not_linear

        raise Unsupported(f"--layer {name}: {max_is_not_linear()}; average pooling has one: {known['avg-pool'].usual}")
    if name not in known:
        raise SpecError("--layer", name, "must be one of " + ", ".join(known), "--layer conv")
    kind = known[name]
    required = {each.name: each.default is MISSING for each in fields(kind)}
    parameters: dict[str, Any] = {}
    for option, form, _ in _OPTIONS:
        given = getattr(options, _parameter(option))
        if given is not None and _parameter(option) not in required:
            raise SpecError(
                option, given, f"is not an option of --layer {name}", kind.usual + _channels(option, required)
            )
        if given is not None:
            parameters[_parameter(option)] = read_value(option, given, form)
        elif required.get(_parameter(option)):
            raise SpecError(option, NOT_GIVEN, "is needed", kind.usual)
    padding, rank = parameters.get("padding"), len(parameters.get("input_size", ()))
    if isinstance(padding, tuple) and len(padding) == 1 and isinstance(padding[0], tuple):
        parameters["padding"] = padding * rank  # like one number, one pair is for all axes
    layer: Layer = kind(**parameters)
    return layer


def _channels(option: str, parameters: Collection[str]) -> str:
    """For a layer whose channels have another option: that one."""
    named = [PARAMETERS[each] for each in parameters if each.endswith("channels")] if "channels" in option else []
    return "".join(f" {each} 2" for each in named)


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
