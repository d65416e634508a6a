"""What a document is about: the setting, the definition, the output size and the flattening."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, cast

from ..formula import Call, Chain, Floor, Formula, Group, Sym, Words, equals, plus, position, times
from ..matrices import order_of
from ..proof import Proof
from ..readmap import CHANNEL, Axis
from ..rules import flattened
from ..sums import INPUT, KERNEL, number, variable
from .blocks import Block, Display, Document, Heading, Inline, Math, Paragraph, Table, words
from .picture import window_picture
from .typeset import typeset_definition
from .wording import DEFINITION, bias_terms, output_symbol, padded_input

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def ordinal(number: int) -> str:
    """first, second, ... for 0, 1, ...; in figures from the eleventh on."""
    return _ORDINALS[number] if number < len(_ORDINALS) else f"{number + 1}th"


def card(layer: Any) -> Document:
    """A layer at a glance, for a notebook."""
    return Document(title(layer, None), (*setting(layer), *definition(layer, picture=False)), "card")


def key(proof: Proof) -> str:
    """A short name, unique to theorem and configuration, for labels."""
    return f"{zlib.crc32(' '.join([proof.theorem.name, repr(proof.layer), *map(repr, proof.options)]).encode()):08x}"


def is_linear(layer: Any) -> bool:
    """A layer without spatial axes: fully connected from the start."""
    return not layer.read_map.axes


def without_kernel() -> Any:
    """The words for layers that have no kernel, which are made of those of this file."""
    from . import known

    return known


def title(layer: Any, claim: str | None) -> tuple[Inline, ...]:
    if layer.kernel_shape is None:
        parts = without_kernel().title(layer)
    elif is_linear(layer):
        parts = words("A fully connected layer from {} to {} features", layer.in_features, layer.out_features)
    else:
        kind = "transposed convolution" if is_transposed(layer) else "convolution"
        first = "A transposed" if is_transposed(layer) else capital(_article(layer.kernel_size[0]))
        if len(layer.kernel_size) == 1:
            inputs = count_of(layer.input_size[0], "input")
            parts = (f"A {kind} of {inputs} with a kernel of {layer.kernel_size[0]}",)
        else:
            parts = words(
                first + f" {{}} convolution of {_article(layer.input_size[0])} {{}} input",
                times(layer.kernel_size),
                times(layer.input_size),
            )
    return (*parts, f" {claim}") if claim else parts


def _article(number: int) -> str:
    """An 8, an 11, an 18, an 80: but a 3."""
    return "an" if number in (11, 18) or str(number)[0] == "8" else "a"


def per_axis(values: Sequence[int]) -> Formula:
    """One number where all axes agree, else one for each axis."""
    return values[0] if len(set(values)) == 1 else Chain("x", tuple(values))


def count_of(amount: int, noun: str, one: str = "", many: str = "s") -> str:
    """2 outputs, one input; 2 entries, one entry."""
    return f"one {noun}{one}" if amount == 1 else f"{amount:,} {noun}{many}"


def listing(layer: Any, order: str = "row-major") -> str:
    """In which order vec lists the entries."""
    rank, channels = len(layer.input_size), layer.read_map.shows_channels
    if order == "column-major":
        if not channels:
            return "column by column" if rank == 2 else "with the first index running fastest"
        return "with the first index, the channel, running fastest and the last one slowest"
    rows = "row by row" if rank == 2 else "with the last index running fastest"
    if order == "channels-last" and channels:
        return (
            f"with the channel running fastest, and the positions {rows}"
            if rank == 2
            else "position by position, with the channel running fastest"
            + (" and after it the last index" if rank > 1 else "")
        )
    return rows


def setting(layer: Any, order: str = "row-major") -> list[Block]:
    """The configuration in words and as a table, and the conventions."""
    if layer.kernel_shape is None:
        return cast("list[Block]", without_kernel().setting(layer, order))
    if is_linear(layer):
        opening = words(
            "Every one of the {} outputs is a sum over all {} inputs, each with its own weight.",
            layer.out_features, layer.in_features,
        )  # fmt: skip
        conventions = words("*Conventions.* Indices start at {}.", number(0))
        return [Heading(("Setting",)), Paragraph((*opening, " ", *conventions))]
    transposed = is_transposed(layer)
    opening, meaning = _transposed_words(layer) if transposed else _convolution_words(layer)
    conventions = words(
        f"*Conventions.* {meaning} Indices start at {{}}. {{}} lists the entries of {{}} {listing(layer, order)}.",
        number(0),
        Call("vec", "A"),
        "A",
    )
    if layer.read_map.shows_channels:
        conventions += words(
            " Of the indices, {} is an output channel, {} an input channel, and {} an input channel counted within its group.",
            *(variable(letter) for letter in (CHANNEL.output, CHANNEL.input, CHANNEL.kernel)),
        )
    table: list[tuple[str, tuple[Inline, ...]]] = [
        ("input", channelled(layer.input_size, layer.in_channels)),
        ("kernel", words("{}", times(layer.kernel_size))),
        ("output", channelled(layer.output_shape[1:], layer.out_channels)),
        ("stride", words("{}", per_axis(layer.stride))),
        ("padding", padding_words(layer)),
        ("dilation", words("{}", per_axis(layer.dilation))),
    ]
    if transposed:
        table.append(("output padding", words("{}", per_axis(layer.output_padding))))
    elif set(layer.input_dilation) != {1}:
        table.append(("input dilation", words("{}", per_axis(layer.input_dilation))))
    if layer.groups > 1:
        table.append(("groups", words("{}", layer.groups)))
    table.append(("bias", ("one for each output channel",) if layer.bias else ("none",)))
    return [Heading(("Setting",)), Paragraph(opening), Table(tuple(table)), Paragraph(conventions)]


def is_transposed(layer: Any) -> bool:
    """A layer whose stride lies between its inputs."""
    return hasattr(layer, "output_padding")


def channelled(sizes: Sequence[int], channels: int) -> tuple[Inline, ...]:
    return words("{}, {} channel" + "s" * (channels > 1), times(tuple(sizes)), channels)


def _channel_words(layer: Any) -> str:
    if layer.in_channels == layer.out_channels == 1:
        return "One input channel and one output channel."
    groups = f" in {layer.groups} groups" if layer.groups > 1 else ""
    inputs, outputs = count_of(layer.in_channels, "input channel"), count_of(layer.out_channels, "output channel")
    return f"{capital(inputs)} and {outputs}{groups}."


def _tensors(layer: Any) -> tuple[Formula, Formula, Formula, Formula]:
    """K = (k_...), its size, X = (x_...), its size."""
    x_letters = tuple(variable(line.letters.input) for line in layer.read_map.lines)
    k_letters = kernel_letters(layer)
    kernel, signal = equals("K", Group(Sym(KERNEL, k_letters))), equals("X", Group(Sym(INPUT, x_letters)))
    return kernel, times(layer.kernel_size), signal, times(layer.input_size)


def kernel_letters(layer: Any) -> tuple[Formula, ...]:
    """The kernel's own indices: for channels those of its layout."""
    lines = layer.read_map.lines
    spatial = tuple(variable(axis.letters.kernel) for axis in layer.read_map.axes)
    if not layer.read_map.shows_channels:
        return spatial
    letters = lines[0].letters
    return (variable(letters.input), variable(letters.output), *spatial) if is_transposed(layer) else (
        variable(letters.output), variable(letters.kernel), *spatial
    )  # fmt: skip


def _convolution_words(layer: Any) -> tuple[tuple[Inline, ...], str]:
    shape = "is of length {}" if len(layer.input_size) == 1 else "is {}"
    template = f" The kernel {{}} {shape} and moves over the input {{}}, which {shape}, in steps of {{}}"
    opening = words(_channel_words(layer) + template, *_tensors(layer), per_axis(layer.stride))
    plain = not any(map(any, layer.padding))
    gaps = plain and set(layer.dilation) == set(layer.input_dilation) == {1}
    ending = (", without padding" if plain else "") + (" and without gaps" if gaps else "") + "."
    if layer.flip_kernel:
        meaning = "Here “convolution” has its mathematical meaning: the kernel is reversed along every axis."
    else:
        meaning = "As in deep-learning software, “convolution” means cross-correlation: the kernel is not reversed."
    return (*opening, ending), meaning


def _transposed_words(layer: Any) -> tuple[tuple[Inline, ...], str]:
    shape = "is of length {}" if len(layer.input_size) == 1 else "is {}"
    template = f" The kernel {{}} {shape}. Every entry of the input {{}}, which {shape}, adds its multiple of the kernel to the output, {{}} apart."
    opening = words(_channel_words(layer) + template, *_tensors(layer), per_axis(layer.stride))
    return opening, "As in deep-learning software, the kernel is laid down as it is; padding is cut off the output."


def capital(words_: str) -> str:
    return words_[:1].upper() + words_[1:]


def padding_words(layer: Any) -> tuple[Inline, ...]:
    if not any(map(any, layer.padding)):
        return ("none",)
    if is_transposed(layer):
        mode = "cut off the output"
    else:
        sketch = f" ({layer.read_map.axes[0].rule.sketch})" if layer.read_map.axes[0].rule.name != "zeros" else ""
        mode = layer.read_map.axes[0].rule.name + sketch
    if len(set(layer.padding)) == 1 and layer.padding[0][0] == layer.padding[0][1] > 0:
        return words("{} on every side, " + mode, layer.padding[0][0])
    sides = ", ".join(f"{low} before and {high} after" for low, high in layer.padding)
    negative = "adds zeros" if is_transposed(layer) else "crops"
    crops = f" (a negative number {negative})" if min(map(min, layer.padding)) < 0 else ""
    return (sides + (" along each axis in turn" if len(layer.padding) > 1 else "") + f"{crops}, {mode}",)


# What it does -------------------------------------------------------------------------------------


def definition(layer: Any, picture: bool = True) -> list[Block]:
    """The defining sum, typeset from the code that runs, and what the padded input is."""
    if layer.kernel_shape is None:
        return cast("list[Block]", without_kernel().definition(layer))
    defined = layer.definition
    y = output_symbol(layer.read_map)
    formula = equals(y, typeset_definition(defined))
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
        blocks += padded_blocks(layer)
    if picture and (drawn := window_picture(layer)) is not None:
        blocks.append(drawn)
    return blocks


def padded_blocks(layer: Any) -> list[Block]:
    formulas = padded_input(layer.read_map)
    axes: Sequence[Axis] = [axis for axis in layer.read_map.axes if axis.mode is not None]
    if not layer.read_map.folded:
        around = any(axis.low > 0 or axis.high > 0 for axis in axes)
        between = any(axis.scale > 1 for axis in axes)
        kind = "the input" + (" extended by zeros" if around else "")
        kind += (" and" if around and between else "") + (" with zeros between its entries" if between else "")
        return [Paragraph(words("Here {} is " + kind + ":", "z")), Display(formulas[0])]
    gaps = ""
    if any(axis.scale > 1 for axis in axes):
        gaps = "; a position whose quotient is not an integer lies between two inputs and holds zero"
    text = words(
        f"Here {{}} is the padded input, {axes[0].rule.name} padding sending {axes[0].rule.sketch.split('|')[1]} to {axes[0].rule.sketch}{gaps}:",
        "z",
    )
    return [Paragraph(text), *(Display(formula) for formula in formulas)]


def output_size(layer: Any) -> list[Block]:
    """The formula for the output size in words, then with this configuration's numbers."""
    if layer.kernel_shape is None:
        return cast("list[Block]", without_kernel().output_size(layer))
    axes = layer.read_map.axes
    if not axes:
        return []
    if is_transposed(layer):
        return _transposed_size(layer)
    general = Floor(Words("input + padding − dilation · (kernel − 1) − 1"), Words("stride"))
    blocks: list[Block] = [
        Heading(("Output size",)),
        Paragraph(
            (
                f"The window starts at every multiple of the stride from which the whole kernel still lies on the {'padded ' * layer.read_map.padded}input:",
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
    sizes: list[str] = []
    for axis in axes:
        top = f"{axis.length} + {_sign(axis.low)} + {_sign(axis.high)} − {axis.dilation} · ({axis.taps} − 1) − 1"
        sizes.append(f"⌊({top})/{axis.stride}⌋ + 1 = {axis.outputs}")
    return [*blocks, Paragraph((*by_axis(layer, sizes), " ", _hypotheses(axes)))]


def _hypotheses(axes: Sequence[Axis]) -> str:
    """What a configuration must satisfy, with its numbers: the kernel fits, the padding is one its mode allows."""
    spans = [f"{axis.dilation * (axis.taps - 1) + 1} of {len(axis.padded_range)} positions" for axis in axes]
    same = len(set(spans)) == 1
    said = (
        spans[0] + (" along each axis" if len(spans) > 1 else "")
        if same
        else ", ".join(spans[:-1]) + " and " + spans[-1]
    )
    text = f"The kernel spans {said}, so it fits."
    rule = axes[0].rule
    limits = {axis.length: rule.limit(axis.length) for axis in axes if axis.low > 0 or axis.high > 0}
    if limits and None not in limits.values():
        most = listed(f"{limit} on {length} entries" for length, limit in limits.items())
        text += (
            f" {capital(rule.name)} padding on one side must be {rule.limit_words}: here at most {most}, which holds."
        )
    return text


def _transposed_size(layer: Any) -> list[Block]:
    """The output size of a transposed convolution."""
    general = Words("(input − 1) · stride + dilation · (kernel − 1) + 1 − padding + output padding")
    blocks: list[Block] = [
        Heading(("Output size",)),
        Paragraph(
            (
                "The copies of the kernel start at multiples of the stride, and the last one reaches its own length further:",
            )
        ),
        Display(equals(Words("output"), general)),
    ]
    sizes: list[str] = []
    for n, axis in enumerate(layer.read_map.axes):
        low, high = layer.padding[n]
        shifts = f"− {_sign(low)} − {_sign(high)} + {layer.output_padding[n]}"
        reach = f"{axis.dilation} · ({axis.taps} − 1) + 1"
        sizes.append(f"({axis.inputs} − 1) · {axis.scale} + {reach} {shifts} = {axis.outputs}")
    return [*blocks, Paragraph(by_axis(layer, sizes))]


def by_axis(layer: Any, sizes: Sequence[str]) -> tuple[Inline, ...]:
    """Each axis' numbers, said once for axes that agree."""
    along: dict[str, list[int]] = {}
    for n, size in enumerate(sizes):
        along.setdefault(size, []).append(n)
    parts: list[Inline] = []
    for which in along.values():
        if len(which) == len(sizes):
            parts.append("Here this is " if len(sizes) == 1 else "Along each axis this is ")
        else:
            axes = f"the {listed(ordinal(n) for n in which)} ax{'is' if len(which) == 1 else 'es'}"
            parts.append(f"{'; along' if parts else 'Along'} {axes} this is ")
        parts.append(sizes[which[0]])
    shape = Math(times(layer.output_shape[1:]))
    end = " in each channel." if layer.output_shape[0] > 1 else "."
    output: tuple[Inline, ...] = (
        (" is ", shape) if len(sizes) > 1 else (f" has {count_of(layer.output_shape[1], 'entr', 'y', 'ies')}",)
    )
    return (*parts, ", so ", Math("Y"), *output, end)


def _sign(value: int) -> str:
    return str(value) if value >= 0 else f"(−{-value})"


def listed(items: Iterable[str]) -> str:
    texts = list(items)
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def flattening(layer: Any, order: str = "row-major") -> list[Block]:
    """Which position becomes which row and column."""
    places = order_of(layer.read_map, order)
    lines = layer.read_map.lines
    vectors = Call("vec", "X"), Call("vec", "Y")
    sizes = prod(line.inputs for line in lines), prod(line.outputs for line in lines)
    has = tuple(count_of(size, "entr", "y", "ies") for size in sizes)
    ring = " All entries come from one commutative ring, for instance the real numbers."
    if len(lines) == 1 and len(layer.input_shape) > 2 and not layer.read_map.axes:
        text = words(
            f"{{}} and {{}} are numbered row by row: {{}} has {has[0]}, and {{}} has {has[1]}.{ring}",
            "X",
            "Y",
            *vectors,
        )
    elif len(lines) == 1:
        text = words(
            f"{{}} and {{}} are vectors already: {{}} has {has[0]}, and {{}} has {has[1]}.{ring}", "X", "Y", *vectors
        )
    else:
        inputs = position(tuple(variable(line.letters.input) for line in lines))
        outputs = position(tuple(variable(line.letters.output) for line in lines))
        column = flattened([(line.letters.input, line.inputs) for line in lines], places)
        row = flattened([(line.letters.output, line.outputs) for line in lines], places)
        template = f"Input position {{}} becomes entry {{}} of {{}}, which has {has[0]}, and output position {{}} becomes entry {{}} of {{}}, which has {has[1]}.{ring}"
        text = words(template, inputs, column, vectors[0], outputs, row, vectors[1])
    if layer.bias and layer.read_map.axes:
        text += words(" {} holds the bias {} at every output.", Call("vec", "B"), bias_terms(layer.definition)[0])
    return [Heading(("Flattening",)), Paragraph(text)]
