"""The setting, definition and output size of layers that have known coefficients and no kernel."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import lcm, prod
from typing import Any

from ..definition import coefficients
from ..formula import Call, Cases, Chain, Floor, Formula, Group, SetOf, Sym, Words, equals, plus, times
from ..layers import AvgPool, PixelShuffle
from ..readmap import CHANNEL, ReadMap
from ..sums import number, quotient, variable
from ..weighted import Resampled
from .blocks import Block, Display, Heading, Inline, Long, Math, Paragraph, Table, words
from .setting import by_axis, capital, channelled, count_of, listing, padded_blocks, padding_words, per_axis
from .typeset import typeset_definition
from .wording import DEFINITION, output_symbol

SHOWN = 12  # coefficients of an axis that are written out


def title(layer: Any) -> tuple[Inline, ...]:
    """What the layer is, in a few words."""
    size = times(layer.input_size)
    if isinstance(layer, AvgPool):
        return words("Average pooling of {} inputs with a window of {}", size, times(layer.kernel_size))
    if isinstance(layer, PixelShuffle):
        return words("Pixel shuffle of {} inputs by a factor of {}", size, layer.upscale_factor)
    return words("{} interpolation from {} to {}", Words(capital(layer.mode)), size, times(layer.sizes))


def setting(layer: Any, order: str = "row-major") -> list[Block]:
    """The configuration in words and as a table, and the conventions."""
    listed = f"{{}} lists the entries of {{}} {listing(layer, order)}."
    conventions = words(f"*Conventions.* Indices start at {{}}. {listed}", number(0), Call("vec", "A"), "A")
    if layer.read_map.shows_channels and layer.read_map.axes:
        names = (variable(letter) for letter in (CHANNEL.output, CHANNEL.input))
        conventions += words(" Of the indices, {} is an output channel and {} an input channel.", *names)
    rows: list[tuple[str, tuple[Inline, ...]]] = [
        ("input", channelled(layer.input_size, layer.input_shape[0])),
        ("output", channelled(layer.output_shape[1:], layer.output_shape[0])),
    ]
    opening, more = _words(layer)
    return [Heading(("Setting",)), Paragraph(opening), Table((*rows, *more)), Paragraph(conventions)]


def _words(layer: Any) -> tuple[tuple[Inline, ...], list[tuple[str, tuple[Inline, ...]]]]:
    """What the layer does, and the rows of the table that are its own."""
    each = "" if layer.channels == 1 else " Each channel is treated by itself."
    if isinstance(layer, AvgPool):
        opening = words(
            "A window of {} moves over the input in steps of {}, and every output is the average of what the window "
            f"reads.{each} There is no kernel: the coefficients are known numbers.",
            times(layer.kernel_size), per_axis(layer.stride),
        )  # fmt: skip
        if layer.divisor_override is not None:
            divided = f"{layer.divisor_override}, in every output".replace("-", "−")
        elif any(map(any, layer.padding)) and not layer.count_include_pad:
            divided = "the number of inputs in the window, without the padding"
        else:
            divided = "the number of positions in the window" + (
                ", with the padding" if any(map(any, layer.padding)) else ""
            )
        rows: list[tuple[str, tuple[Inline, ...]]] = [
            ("window", words("{}", times(layer.kernel_size))),
            ("stride", words("{}", per_axis(layer.stride))),
            ("padding", padding_words(layer)),
            ("divided by", (divided,)),
        ]
        if layer.ceil_mode:
            rows.append(("last window", ("may hang over the end; what hangs over is zero and is not counted",)))
        return opening, rows
    if isinstance(layer, PixelShuffle):
        r = layer.upscale_factor
        block = times((r,) * len(layer.input_size))
        opening = words(
            "The {} channels that belong to one output channel fill a block of {} pixels at every position, so every "
            "input becomes one output and nothing is computed.",
            r ** len(layer.input_size), block,
        )  # fmt: skip
        return opening, [("factor", words("{}", r))]
    scale = [Fraction(1, step) if step else None for step in layer.steps]
    mode = {
        "nearest": "every output is one input: the one that its position, rounded down, falls on",
        "nearest-exact": "every output is one input: the one whose middle is nearest",
        "bilinear": "every output is an average of the two nearest positions along each axis, weighted by how near they are, and the border entries are repeated outwards",
    }[layer.mode]
    opening = words(
        f"The input is resampled at other positions: {mode}.{each} There is no kernel: the coefficients are known numbers."
    )
    rows = [("mode", (layer.mode,))]
    if layer.align_corners:
        rows.append(("corners", ("the middles of the corner pixels of input and output coincide",)))
    elif layer.mode == "bilinear":
        rows.append(("corners", ("the borders of input and output coincide",)))
    if None not in scale:
        same = len(set(scale)) == 1
        factors = [each for each in scale if each is not None]
        shown: Formula = factors[0] if same else Chain("x", tuple(factors))
        rows.append(("scale", words("{}", shown)))
    return opening, rows


def definition(layer: Any) -> list[Block]:
    """The defining sum, typeset from the code that runs, the padded input, and the coefficients."""
    defined, read_map = layer.definition, layer.read_map
    y = output_symbol(read_map)
    blocks: list[Block] = [Heading(("Definition",))]
    if isinstance(layer, PixelShuffle):
        blocks += _shuffled(layer)
    else:
        one = all(axis.taps == 1 for axis in read_map.axes)
        does = "is one input" if one else "is the sum of what its window reads"
        if isinstance(layer, AvgPool):
            does += "" if _every(read_map) == {1} else f", {_divided(layer)}"
        elif not one:
            does = "is a sum of the inputs around its place, each times its weight along every axis"
        blocks.append(Paragraph(words(f"The output {{}} {does}:", equals("Y", Group(y)))))
    blocks.append(Display(equals(y, typeset_definition(defined)), DEFINITION))
    if read_map.padded:
        blocks += padded_blocks(layer)
    return [*blocks, *tables(read_map)]


def _divided(layer: Any) -> str:
    """By what the sums of average pooling are divided."""
    by = [set(axis.divisors) for axis in layer.read_map.axes]
    if all(len(each) == 1 for each in by):
        return f"divided by {prod(next(iter(each)) for each in by)}".replace("-", "−")
    return "divided by the number of positions that count for it"


def _every(read_map: ReadMap) -> set[int | Fraction]:
    return {line.coefficient(i, u) for line in read_map.lines for i in range(line.outputs) for u in range(line.taps)}


def _shuffled(layer: PixelShuffle) -> list[Block]:
    """The rule by channel and position, and then by flattened positions, where it is one index."""
    names, indices = layer.read_map.channels.indices  # type: ignore[attr-defined]
    c, *letters = map(variable, names)
    source = Sym("x", indices)
    place = Group(Chain(",", tuple(letters))) if len(letters) > 1 else letters[0]
    said = words("Output channel {} at {} takes", c, place)
    flat = words(
        "Channels and positions mix here, so it is not a product over the axes. We number inputs and outputs row by row, "
        "{} from {} to {}; then it is one index:",
        variable("n"), number(0), number(prod(layer.input_shape) - 1),
    )  # fmt: skip
    return [Paragraph(said), Display(equals(Sym("y", (c, *letters)), source)), Paragraph(flat)]


def tables(read_map: ReadMap) -> list[Block]:
    """The tables of coefficients that the definition names."""
    blocks: list[Block] = []
    for axis in read_map.axes:
        if axis.coefficient_index is None:
            continue
        if isinstance(axis, Resampled):
            blocks += _weights(axis)
            continue
        ((letter, values),) = coefficients(axis).items()
        usual = Counter(values).most_common(1)[0][0]
        output = variable(axis.letters.output)
        if len(values) <= SHOWN:
            listed_: Block = Long(
                Chain(",", tuple(equals(Sym(letter, (number(i),)), Fraction(v)) for i, v in enumerate(values)))
            )
        else:
            others = {v: [i for i, each in enumerate(values) if each == v] for v in dict.fromkeys(values) if v != usual}
            cases = [(Fraction(v), _among(output, where)) for v, where in others.items()]
            listed_ = Display(equals(Sym(letter, (output,)), Cases((*cases, (Fraction(usual), "otherwise")))))
        text = words(
            "Here {} is one over the number of positions that count for output {} along its axis:",
            Sym(letter, (output,)), output,
        )  # fmt: skip
        blocks += [Paragraph(text), listed_]
    return blocks


def _among(letter: Formula, values: list[int]) -> Formula:
    """The condition that a letter is one of these values."""
    if len(values) == 1:
        return equals(letter, number(values[0]))
    shown = values if len(values) <= 4 else (values[0], values[1], values[-1])
    return Chain("in", (letter, SetOf(tuple(map(number, shown)), dots=len(values) > 4)))


def _weights(axis: Resampled) -> list[Block]:
    """The weights of the two inputs between which an output lies."""
    a, b, d = axis.at
    letter, i = axis.letters.coefficient, variable(axis.letters.output)
    place = (i * a + b).divided(d)
    first, second = (Sym(letter, (i, number(tap))) for tap in (0, 1))
    text = words(
        "Output {} lies at position {} along its axis. How far that is beyond an input is the weight of the next one:",
        i, place,
    )  # fmt: skip
    floor = quotient(i * a + b, d)
    rule = Chain(",", (equals(second, Chain("-", (place, floor))), equals(first, Chain("-", (1, second)))))
    values = [axis.coefficient(output, 1) for output in range(axis.outputs)]
    period = next(p for p in range(1, len(values) + 1) if values[p:] == values[:-p])
    shown = values[: min(period, SHOWN)]
    items = tuple(equals(Sym(letter, (number(n), number(1))), Fraction(value)) for n, value in enumerate(shown))
    again = period < len(values)
    rest: tuple[Inline, ...] = (
        words(", and from output {} on these values repeat", number(period))
        if again and 1 < period <= SHOWN
        else (", the same for every output",)
        if again and period == 1
        else (" and so on",)
        if len(shown) < len(values)
        else ()
    )
    return [
        Paragraph(text),
        Display(rule),
        Paragraph(
            (
                "So ",
                *words(", ".join("{}" for _ in items), *items),
                *rest,
                ".",
            )
        ),
    ]


def output_size(layer: Any) -> list[Block]:
    """The formula for the output size in words, then with this configuration's numbers."""
    blocks: list[Block] = [Heading(("Output size",))]
    if isinstance(layer, AvgPool):
        over = " + stride − 1" * layer.ceil_mode
        general = plus(Floor(Words(f"input + padding − window{over}"), Words("stride")), 1)
        said = (
            "The window starts at every multiple of the stride from which it still lies on the "
            + ("padded " * any(map(any, layer.padding)))
            + "input"
            + (", and the last one may hang over its end by less than the stride" if layer.ceil_mode else "")
        )
        blocks += [Paragraph((f"{said}:",)), Display(equals(Words("output"), general))]
        sizes = [_windows(layer, n) for n in range(len(layer.input_size))]
        return [*blocks, Paragraph(by_axis(layer, sizes))]
    if isinstance(layer, PixelShuffle):
        text = words(
            "Every axis is {} times as long: {} becomes {}.",
            layer.upscale_factor,
            times(layer.input_size),
            times(layer.output_shape[1:]),
        )
        return [*blocks, Paragraph(text)]
    if layer.size is not None:
        return [*blocks, Paragraph(words("The output size is given: {}.", times(layer.sizes)))]
    blocks += [
        Paragraph(("The output is as many times as large as the scale says, rounded down:",)),
        Display(equals(Words("output"), Floor(Words("input · scale"), None))),
    ]
    sizes = [f"⌊{n} · {s}⌋ = {m}" for n, s, m in zip(layer.input_size, layer.scale_factor, layer.sizes, strict=True)]
    return [*blocks, Paragraph(by_axis(layer, sizes))]


def _windows(layer: AvgPool, n: int) -> str:
    """The number of windows along an axis, in numbers; a window that starts beyond the input is not one."""
    (low, high), s, k = layer.padding[n], layer.stride[n], layer.kernel_size[n]
    top = f"{layer.input_size[n]} + {low} + {high} − {k}" + (f" + {s} − 1" if layer.ceil_mode else "")
    outputs = layer.output_shape[1 + n]
    found = (layer.input_size[n] + low + high - k + (s - 1 if layer.ceil_mode else 0)) // s + 1
    drop = ", less the last window, which would start beyond the input" if found > outputs else ""
    return f"⌊({top})/{s}⌋ + 1 = {found}{drop}"


def ring(layer: Any) -> str:
    """The rings that the coefficients live in."""
    bottom = lcm(*(Fraction(value).denominator for value in _every(layer.read_map)))
    return "every commutative ring" + (f" in which {bottom} has an inverse" if bottom > 1 else "")


def shape_of(layer: Any) -> list[Block]:
    """What W looks like: its non-zeros, and what its rows add up to."""
    read_map = layer.read_map
    rows, columns = prod(layer.output_shape), prod(layer.input_shape)
    nonzeros = read_map.nonzeros
    zeros = count_of(rows * columns - nonzeros, "zero") if rows * columns > nonzeros else "no zero"
    parts: list[Inline] = [Math("W"), f" has {count_of(nonzeros, 'non-zero entr', 'y', 'ies')} and {zeros}"]
    factors = tuple(sum(map(len, table)) for table in read_map.tables)
    if len(factors) > 1:
        product = Math(Chain("dot", factors))
        parts += ["; along each index the pairs of output and input that meet are counted, and multiplied: ", product]
    parts.append(". ")
    unread = columns - prod(len({p for row in table for p in row}) for table in read_map.tables)
    if unread:
        which = "One column is" if unread == 1 else f"{unread:,} columns are"
        parts.append(f"{which} zero: no output reads {'that input' if unread == 1 else 'those inputs'}. ")
    parts.append(_row_sums(layer))
    return [Heading(words("What {} looks like", "W")), Paragraph(tuple(parts))]


def _row_sums(layer: Any) -> str:
    """What the rows add up to; a product of what they add up to along each line."""
    low = high = Fraction(1)
    for line, table in zip(layer.read_map.lines, layer.read_map.tables, strict=True):
        sums = [
            sum(Fraction(line.coefficient(i, u)) for taps in row.values() for u in taps) for i, row in enumerate(table)
        ]
        ends = [a * b for a in (low, high) for b in (min(sums), max(sums))]
        low, high = Fraction(min(ends)), Fraction(max(ends))
    if low == high == 1:
        return "Every row adds up to 1, so a constant input stays what it is."
    if low == high:
        return f"Every row adds up to {low}.".replace("-", "−")
    counted = getattr(layer, "divisor_override", None) is None and high <= 1  # else zeros are not all the reason
    reason = ": less than 1 where the window reads zeros that count" if counted else ""
    return f"The rows add up to between {low} and {high}{reason}.".replace("-", "−")
