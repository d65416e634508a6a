"""What a document is about: the setting, the definition, the output size and the flattening."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from ..formula import Call, Chain, Floor, Formula, Group, Power, Sym, Words, equals, plus, position, times
from ..proof import Proof
from ..readmap import Axis
from ..rules import flattened
from ..sums import INPUT, KERNEL, variable
from .blocks import Block, Display, Document, Heading, Inline, Math, Paragraph, Table, words
from .picture import window_picture
from .typeset import typeset
from .wording import DEFINITION, bias_terms, output_symbol, padded_input

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def card(layer: Any) -> Document:
    """A layer at a glance, for a notebook."""
    return Document(title(layer, None), (*setting(layer), *definition(layer, picture=False)), "card")


def key(proof: Proof) -> str:
    """A short name, unique to theorem and configuration, for labels."""
    return hashlib.sha256(f"{proof.theorem.name} {proof.layer!r}".encode()).hexdigest()[:8]


def is_linear(layer: Any) -> bool:
    """A layer without spatial axes: fully connected from the start."""
    return not layer.read_map.axes


def title(layer: Any, claim: str | None) -> tuple[Inline, ...]:
    if is_linear(layer):
        parts = words("A fully connected layer from {} to {} features", layer.in_features, layer.out_features)
    else:
        start = "An" if str(layer.kernel_size[0])[0] == "8" or layer.kernel_size[0] in (11, 18) else "A"
        parts = words(start + " {} convolution of a {} input", times(layer.kernel_size), times(layer.input_size))
        if len(layer.kernel_size) == 1:
            parts = words("A convolution of {} inputs with a kernel of {}", layer.input_size[0], layer.kernel_size[0])
    return (*parts, f" {claim}") if claim else parts


def per_axis(values: Sequence[int]) -> Formula:
    """One number where all axes agree, else one for each axis."""
    return values[0] if len(set(values)) == 1 else Chain("x", tuple(values))


def count_of(amount: int, singular: str) -> str:
    """2 outputs, one input."""
    return f"one {singular}" if amount == 1 else f"{amount:,} {singular}s"


def setting(layer: Any) -> list[Block]:
    """The configuration in words and as a table, and the conventions."""
    rank = len(layer.read_map.axes)
    if is_linear(layer):
        opening = words(
            "Every one of the {} outputs is a sum over all {} inputs, each with its own weight.",
            layer.out_features, layer.in_features,
        )  # fmt: skip
        conventions = words("*Conventions.* Indices start at {}.", 0)
        return [Heading(("Setting",)), Paragraph((*opening, " ", *conventions))]
    x_letters = tuple(variable(line.letters.input) for line in layer.read_map.lines)
    k_letters = tuple(index for line in layer.read_map.lines for index in line.kernel_index)
    channels = (
        "One input channel and one output channel."
        if layer.in_channels == layer.out_channels == 1
        else f"{_capital(count_of(layer.in_channels, 'input channel'))} and {count_of(layer.out_channels, 'output channel')}"
        + (f" in {layer.groups} groups." if layer.groups > 1 else ".")
    )
    shape = "has {} entries" if rank == 1 else "is {}"
    opening = words(
        channels + f" The kernel {{}} {shape} and moves over the input {{}}, which {shape}, in steps of {{}}",
        equals("K", Group(Sym(KERNEL, k_letters))), times(layer.kernel_size),
        equals("X", Group(Sym(INPUT, x_letters))), times(layer.input_size), per_axis(layer.stride),
    )  # fmt: skip
    gaps = [", without padding" if not any(map(any, layer.padding)) else ""]
    gaps.append(" and without gaps" if gaps[0] and set(layer.dilation) == set(layer.input_dilation) == {1} else "")
    if layer.flip_kernel:
        meaning = "Here “convolution” has its mathematical meaning: the kernel is reversed along every axis."
    else:
        meaning = "As in deep-learning software, “convolution” means cross-correlation: the kernel is not reversed."
    order = "row by row" if rank == 2 else "with the last index running fastest"
    conventions = words(
        "*Conventions.* " + meaning + " Indices start at {}. {} lists the entries of {} " + order + ".",
        0,
        Call("vec", "A"),
        "A",
    )
    table: list[tuple[str, tuple[Inline, ...]]] = [
        ("input", words("{}, {} channel" + "s" * (layer.in_channels > 1), times(layer.input_size), layer.in_channels)),
        ("kernel", words("{}", times(layer.kernel_size))),
        (
            "output",
            words("{}, {} channel" + "s" * (layer.out_channels > 1), times(layer.output_shape[1:]), layer.out_channels),
        ),
        ("stride", words("{}", per_axis(layer.stride))),
        ("padding", _padding_words(layer)),
        ("dilation", words("{}", per_axis(layer.dilation))),
    ]
    if set(layer.input_dilation) != {1}:
        table.append(("input dilation", words("{}", per_axis(layer.input_dilation))))
    if layer.groups > 1:
        table.append(("groups", words("{}", layer.groups)))
    table.append(("bias", ("one for each output channel",) if layer.bias else ("none",)))
    return [
        Heading(("Setting",)),
        Paragraph((*opening, "".join(gaps) + ".")),
        Table(tuple(table)),
        Paragraph(conventions),
    ]


def _capital(words_: str) -> str:
    return words_[:1].upper() + words_[1:]


def _padding_words(layer: Any) -> tuple[Inline, ...]:
    if not any(map(any, layer.padding)):
        return ("none",)
    mode = layer.padding_mode + (f" ({layer.read_map.axes[0].rule.sketch})" if layer.padding_mode != "zeros" else "")
    if len(set(layer.padding)) == 1 and layer.padding[0][0] == layer.padding[0][1]:
        return words("{} on every side, " + mode, layer.padding[0][0])
    sides = ", ".join(f"{low} before and {high} after" for low, high in layer.padding)
    crops = " (a negative number crops)" if min(map(min, layer.padding)) < 0 else ""
    return (sides + (" along each axis in turn" if len(layer.padding) > 1 else "") + f"{crops}, {mode}",)


# What it does -------------------------------------------------------------------------------------


def definition(layer: Any, picture: bool = True) -> list[Block]:
    """The defining sum, typeset from the code that runs, and what the padded input is."""
    defined = layer.definition
    y = output_symbol(layer.read_map)
    formula = equals(y, typeset(defined))
    if is_linear(layer):
        text = words(
            "Output {} is the sum of all inputs, each times its weight" + (", plus a bias" if layer.bias else "") + ":",
            y,
        )
    else:
        each = (
            "each kernel entry"
            if layer.in_channels == 1
            else "each input channel" + (" of its group" if layer.groups > 1 else "") + " and each kernel entry"
        )
        text = words(
            "The output {} adds up, for "
            + each
            + ", the product of the kernel entry and the input below it"
            + (", and the bias of its channel" if layer.bias else "")
            + ":",
            equals("Y", Group(y)),
        )
    blocks: list[Block] = [Heading(("Definition",)), Paragraph(text), Display(formula, DEFINITION)]
    if layer.read_map.padded:
        blocks += _padded_blocks(layer)
    if picture and (drawn := window_picture(layer)) is not None:
        blocks.append(drawn)
    return blocks


def _padded_blocks(layer: Any) -> list[Block]:
    formulas = padded_input(layer.read_map)
    axes: Sequence[Axis] = [axis for axis in layer.read_map.axes if axis.mode is not None]
    if not layer.read_map.folded:
        kind = "the input with zeros around it" if max(map(max, layer.padding)) > 0 else "the input"
        kind += " and zeros between its entries" if any(axis.scale > 1 for axis in axes) else ""
        return [Paragraph(words("Here {} is " + kind + ":", "z")), Display(formulas[0])]
    gaps = ""
    if any(axis.scale > 1 for axis in axes):
        gaps = "; a position whose quotient is not an integer lies between two inputs and holds zero"
    text = words(
        f"Here {{}} is the padded input, {layer.padding_mode} padding sending {axes[0].rule.sketch.split('|')[1]} to {axes[0].rule.sketch}{gaps}:",
        "z",
    )
    return [Paragraph(text), *(Display(formula) for formula in formulas)]


def output_size(layer: Any) -> list[Block]:
    """The formula for the output size in words, then with this configuration's numbers."""
    axes = layer.read_map.axes
    if not axes:
        return []
    general = Floor(Words("input + padding − dilation · (kernel − 1) − 1"), Words("stride"))
    blocks: list[Block] = [
        Heading(("Output size",)),
        Paragraph(
            words(
                "The window starts at every multiple of the stride from which the whole kernel still lies on the padded input:"
            )
        ),
        Display(equals(Words("output"), plus(general, 1))),
    ]
    if any(axis.scale > 1 for axis in axes):
        blocks.append(
            Paragraph(
                words(
                    "where the input counts with the zeros between its entries, {}.",
                    Words("input dilation · (size − 1) + 1"),
                )
            )
        )
    along: dict[tuple[object, ...], list[int]] = {}
    for n, axis in enumerate(axes):
        along.setdefault((axis.length, axis.low, axis.high, axis.dilation, axis.taps, axis.stride), []).append(n)
    parts: list[Inline] = []
    for which in along.values():
        axis = axes[which[0]]
        numbers = Words(
            f"({axis.length} + {_sign(axis.low)} + {_sign(axis.high)} − {axis.dilation} · ({axis.taps} − 1) − 1)/{axis.stride}"
        )
        if len(which) == len(axes):
            parts.append("Here this is " if len(axes) == 1 else "Along each axis this is ")
        else:
            parts.append(
                f"{'; along' if parts else 'Along'} the {listed(ORDINALS[n] for n in which)} ax{'is' if len(which) == 1 else 'es'} this is "
            )
        parts.append(Math(equals(plus(Floor(numbers, None), 1), axis.outputs)))
    parts += [
        ", so ",
        Math("Y"),
        " is ",
        Math(times(layer.output_shape[1:])),
        " in each channel." if layer.out_channels > 1 else ".",
    ]
    return [*blocks, Paragraph(tuple(parts))]


def _sign(value: int) -> str:
    return str(value) if value >= 0 else f"(−{-value})"


def listed(items: Iterable[str]) -> str:
    texts = list(items)
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def flattening(layer: Any) -> list[Block]:
    """Which position becomes which row and column."""
    lines = layer.read_map.lines
    if len(lines) == 1:
        sizes = lines[0].inputs, lines[0].outputs
        return [Heading(("Flattening",)), Paragraph(words("{} and {} are vectors already: {} and {}, where {} is the ring that the entries come from.",
            "X", "Y", _in_ring(Call("vec", "X"), sizes[0]), _in_ring(Call("vec", "Y"), sizes[1]), "R"))]  # fmt: skip
    inputs = position(tuple(variable(line.letters.input) for line in lines))
    outputs = position(tuple(variable(line.letters.output) for line in lines))
    column = flattened([(line.letters.input, line.inputs) for line in lines])
    row = flattened([(line.letters.output, line.outputs) for line in lines])
    text = words(
        "Input position {} becomes entry {} of {}, and output position {} becomes entry {} of {}, where {} is the ring that the entries come from.",
        inputs, column, _in_ring(Call("vec", "X"), prod(line.inputs for line in lines)),
        outputs, row, _in_ring(Call("vec", "Y"), prod(line.outputs for line in lines)), "R",
    )  # fmt: skip
    if layer.bias:
        text += words(" {} holds the bias {} at every output.", Call("vec", "B"), bias_terms(layer.definition)[0])
    return [Heading(("Flattening",)), Paragraph(text)]


def _in_ring(vector: Formula, size: int) -> Formula:
    return Chain("in", (vector, Power("R", size)))
