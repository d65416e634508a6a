"""Inputs that are nearly right, for the fuzzing tests: a valid one with one mutation; and raw ones.

Sizes are small or absurd. What a user may ask for and wait for (`--limit` in the billions, a 500x500 input with every
entry checked) is no hang, and is not drawn.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from symconv.catalogue import theorems
from symconv.commands.options import _OPTIONS, ASKED

Strategy = st.SearchStrategy[Any]

HOSTILE = (
    "", "-", "--", "0", "-1", "+1", " 3", "3 ", "1.5", "1e9", "nan", "inf", "1/0", "1/2", "3/2/1", "x", "4x", "x4", "4xx4",
    "4X4", "4×4", "4,4", "(4,4)", "[4]", ":", "1:", ":1", "1:2:3", "2:0x", "1:1x0", "-1:2", "٣", "４", "Ⅳ", "1_0", "0x10", "1\n2",
    "99999999999999999999", "9" * 5000, "100000x100000", "4" + "x4" * 40, "zeros", "None", "True", "true", "$(id)", "`id`",
    "{}", "{0}", "%s", "\\input{/etc/passwd}", "<script>alert(1)</script>", "'; --", "__import__('os')", "\udcff", "\u202e", "é",
    "=", "a=b", "tile=", "x=I", "null", "[]", "[[]]", "1,2;3", ";", ",", "no/such/file.json", "missing.json",
)  # fmt: skip
"""What stands where a value should: nothing, signs, other scripts' digits, code, markup, too much of it."""

VALUES = {
    "shape": ("4x4", "5", "3x2", "6x1", "2x3x2", "1", "8"),
    "sizes": ("1", "2", "3", "2x1", "3x2", "1x1x2"),
    "number": ("1", "2", "4", "3"),
    "padding": ("0", "1", "2", "1x0", "2:0", "1:1x0:2", "-1:2", "valid", "same", "same_lower", "full"),
    "word": (
        "zeros",
        "reflect",
        "symmetric",
        "replicate",
        "circular",
        "nearest",
        "nearest-exact",
        "bilinear",
        "linear",
    ),
    "ratios": ("2", "3/2", "2x3/2"),
}
CONV = ("--stride", "--padding", "--dilation", "--bias", "--padding-mode", "--flip-kernel", "--input-dilation")
LAYERS = {
    "--input 4x4 --kernel 3x3": CONV, "--input 5 --kernel 2": CONV, "--input 2x2x2 --kernel 2": CONV, "--input 1 --kernel 1": CONV,
    "--input 3x2 --kernel 2x1 --in-channels 2 --out-channels 2 --groups 2": CONV,
    "--layer conv-transpose --input 2x2 --kernel 3x3 --stride 2": ("--padding", "--dilation", "--bias", "--output-padding"),
    "--layer avg-pool --input 4x4 --kernel 2x2": ("--stride", "--channels", "--ceil-mode", "--no-count-include-pad", "--divisor-override"),
    "--layer upsample --input 3 --scale-factor 2": ("--mode", "--channels", "--align-corners"),
    "--layer pixel-shuffle --input 2x2 --upscale-factor 2": ("--channels",),
    "--layer linear --in-features 3 --out-features 2": ("--bias",),
}  # fmt: skip
"""Layers, and what else can be said of each."""
FORMS = {option: form for option, form, _ in _OPTIONS}
FILES = (
    "out.tex", "out.md", "out.txt", "out.html", "out.json", "out.v", "out.svg", "out.csv", "out", "OUT.TEX", "a folder/out.tex",
    "no/such/out.tex", "folder.tex", "-", "", ".", "..tex", "é.md", "out.png", "out.gif",
)  # fmt: skip
"""Where something is written; folder.tex is a folder. A PDF takes pdflatex half a second, and is not drawn."""

PROOF = {
    "--theorem": (*theorems(), "weight-matrix", "nothing"),
    "--with": (*(f"{name}=2" for asked in ASKED.values() for name in asked), "points=0,1,-1,1/2", "method=karatsuba", "input_shape=1x3"),
    "--order": ("row-major", "column-major", "channels-last"),
    "--check": ("axes", "entries", "all", "auto"),
    "--limit": ("0", "1", "600000"),
    "--general": ("weight_matrix", "transpose", "sparsity"),
    "--rank": ("1", "2", "r"),
    "--then": ("--kernel 2", "--kernel 2 --stride 2", "--layer linear --out-features 2", "--kernel", "'"),
    "--format": ("text", "latex", "markdown", "html", "json", "coq", "beamer"),
    "--depth": ("brief", "standard", "full"),
    "--layout": ("full", "scaled", "blocks"),
    "--names": ("x=I", "x=I,k=f,w=M", "k=κ", "y=O"),
    "--first-index": ("0", "1"),
    "--kernel-values": ("1,2;3,4", "1,2,3", "1/2,-1;0,3", "values.json", "1,2,3;4,5,6;7,8,9"),
    "--input-values": ("1,2,3", "values.json"),
    "--bias-values": ("1", "1,2"),
}  # fmt: skip
OTHERS: dict[str, dict[str, tuple[str, ...]]] = {
    "prove": PROOF,
    "worksheet": {
        **{name: PROOF[name] for name in ("--theorem", "--with", "--order", "--check", "--limit", "--first-index")},
        "--blanks": ("some", "all"), "--seed": ("0", "7", "-3"), "--format": ("text", "latex", "html"), "--solution": FILES,
    },
    "theorems": {"--then": PROOF["--then"]},
    "show": {"--order": PROOF["--order"], "--first-index": ("0", "1"), "--limit": ("0", "100", "20000")},
    "draw": {
        "--order": PROOF["--order"], "--first-index": ("0", "1"), "--what": ("window", "matrix", "both", "animation"),
        "--output": ("0,0", "1", "1,2"), "--title": ("A picture", "$x$ & <b>", "Ω"),
    },
}  # fmt: skip
FLAGS = {"prove": ("--letters", "--fragment"), "worksheet": ("--fragment",), "theorems": ("--general",)}


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command with a layer and some of its options, and then up to two mutations."""
    command = draw(st.sampled_from(("prove", "prove", "prove", "theorems", "show", "show", "draw", "worksheet")))
    layer = draw(st.sampled_from(sorted(LAYERS)))
    words = [command, *layer.split()]
    also = LAYERS[layer] if draw(st.integers(0, 5)) else tuple(FORMS)
    for option in draw(st.lists(st.sampled_from(also), max_size=2, unique=True)):
        form = FORMS[option]
        words += [option] if form in ("flag", "off") else [f"{option}={draw(st.sampled_from(VALUES[form]))}"]
    chosen = OTHERS[command]
    for option in draw(st.lists(st.sampled_from(sorted(chosen)), max_size=3, unique=True)):
        words.append(f"{option}={draw(st.sampled_from(chosen[option]))}")
    if command in FLAGS and draw(st.integers(0, 5)) == 0:
        words.append(draw(st.sampled_from(FLAGS[command])))
    if command in ("prove", "draw", "worksheet") and draw(st.booleans()):
        words += ["-o", draw(st.sampled_from(FILES))]
    for _ in range(draw(st.integers(0, 2))):
        words = draw(mutated_words(words))
    return words


@st.composite
def mutated_words(draw: st.DrawFn, words: list[str]) -> list[str]:
    """One word lost, doubled, moved, exchanged, or one value or sign in it changed."""
    if not words:
        return [draw(st.sampled_from(HOSTILE))]
    at = draw(st.integers(0, len(words) - 1))
    word = words[at]
    name, equals, value = word.partition("=")
    match draw(st.integers(0, 6)):
        case 0:
            return [*words[:at], *words[at + 1 :]]
        case 1:
            return [*words[: at + 1], *words[at:]]
        case 2:
            return [*words[:at], draw(st.sampled_from(HOSTILE)), *words[at:]]
        case 3:
            to = draw(st.integers(0, len(words) - 1))
            words = list(words)
            words[at], words[to] = words[to], words[at]
            return words
        case 4:
            return [*words[:at], word[: draw(st.integers(0, len(word)))], *words[at + 1 :]]
        case 5:
            changed = draw(mutated_text(value if equals else word))
            return [*words[:at], name + equals + changed if equals else changed, *words[at + 1 :]]
        case _:
            changed = draw(st.sampled_from(HOSTILE))
            return [*words[:at], f"{name}={changed}" if equals else changed, *words[at + 1 :]]


@st.composite
def mutated_text(draw: st.DrawFn, text: str) -> str:
    """One character lost, put in or exchanged; no digit is put in, so that sizes stay small."""
    at = draw(st.integers(0, len(text)))
    more = draw(st.sampled_from([*"x:,;=-+/. _[]{}\"'\\\n\t", "é", "٣", "x4", "NaN", "null", "true", "[", "1e5"]))
    return draw(
        st.sampled_from((text[:at] + more + text[at:], text[:at] + text[at + 1 :], text[:at] + more + text[at + 1 :]))
    )


def no_null(text: str) -> str:
    return text.replace("\x00", "\x01")  # no operating system hands one over


words = st.text(max_size=12).map(no_null) | st.sampled_from(HOSTILE)
raw_command_lines = st.lists(
    st.sampled_from(("prove", "check", "show", "draw", "theorems", "--help", "-o")) | words, max_size=5
)


# Numbers and parameters --------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 6), st.integers(), st.floats(), st.text(max_size=4),
    st.sampled_from(HOSTILE), st.fractions(), st.binary(max_size=3), st.complex_numbers(), st.decimals(),
)  # fmt: skip
nested: Strategy = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple), max_leaves=8
)
json_values: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, value: Any, other: Strategy = json_values) -> Any:
    """A value of lists and dictionaries with one place in it lost, doubled, renamed or exchanged for anything."""
    if isinstance(value, (dict, list, tuple)) and value and draw(st.integers(0, 9)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        match draw(st.integers(0, 9)):
            case 0:
                if isinstance(value, dict):
                    return {k: v for k, v in value.items() if k != key}
                return type(value)([*value[:key], *value[key + 1 :]])
            case 1:
                if isinstance(value, dict):
                    return {**value, draw(st.text(max_size=5)): value[key]}
                return type(value)([*value[:key], value[key], *value[key:]])
            case _:
                new = draw(mutated(value[key], other))
                if isinstance(value, dict):
                    return {**value, key: new}
                return type(value)([*value[:key], new, *value[key + 1 :]])
    return draw(other)


@st.composite
def mutated_json(draw: st.DrawFn, value: Any) -> str:
    """The text of a mutated value, or of the value with its text mutated."""
    if draw(st.integers(0, 3)):
        return json.dumps(draw(mutated(value)))
    text = json.dumps(value)
    for _ in range(draw(st.integers(1, 3))):
        text = draw(mutated_text(text))
    return text


GRID = """theorem = ["weight_matrix", "im2col"]
check = "axes"

[[grid]]
input = ["4x4", "3"]
kernel = 2
padding = [1, "same"]
bias = [false]
padding-mode = "circular"
"""
grids = st.just(GRID).flatmap(mutated_text)
