"""The window on the padded input: kernel * input = output, for one output or for each in turn.

It is built forward, as the definition runs: from an output and a kernel entry to the position that
they read, and from there to the input that lies at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from ..formula import Formula, position_symbol
from ..matrices import label_strides, weight_matrix
from ..readmap import Line as IndexLine
from ..readmap import ReadMap, with_quotients
from ..sums import INPUT, KERNEL
from .colours import ONE_COLOUR, OWN_COLOUR, Mark, entry_mark, entry_meaning, number_marks, number_meaning
from .limits import READABLE
from .model import (
    CELL,
    HEADING,
    SIGN,
    SMALL,
    TEXT,
    Cell,
    Frame,
    Item,
    Label,
    Line,
    Picture,
    Scene,
    extent,
    in_order,
    replaced,
    said,
)
from .place import AROUND, Place

BETWEEN = 44  # between two panels, where the operator stands
HEAD = 26  # above the panels, for their names
ARROW = 30  # below them, for the arrow of the stride
WIDEST = 1100  # panels that are wider than this side by side stand below each other
LISTED = 40  # products that a description lists


def window(layer: Any, outputs: Iterable[tuple[int, ...]], names: bool = True) -> Picture:
    """The window of each of these outputs, given along the lines of the layer's read map.

    Without `names`, panels that stand side by side are told apart by the signs between them alone.
    """
    return _Window(layer.read_map, names).picture(tuple(outputs))


class _Window:
    def __init__(self, read_map: ReadMap, names: bool) -> None:
        self.read_map = read_map
        # A layer without spatial axes has its channels drawn as its one axis.
        self.axes: tuple[IndexLine, ...] = read_map.axes or (read_map.channels,)
        self.channels = read_map.channels if read_map.axes and read_map.shows_channels else None
        self.matrix = weight_matrix(read_map)
        self.numbers = {} if read_map.kernel else number_marks(numbers(read_map))
        self._place(names)

    def _place(self, names: bool) -> None:
        """Kernel, input and output side by side, or below each other where they are too wide for that."""
        positions = [self._drawn(axis) for axis in self.axes]
        outputs, taps = [range(axis.outputs) for axis in self.axes], [range(axis.taps) for axis in self.axes]
        slices = [prod(map(len, (*each[:-2], each[-1]))) for each in (positions, outputs, taps)]  # columns in all
        self.readable = max(slices) <= READABLE
        cell = self._cell_size(positions)
        self.stacked = len(self.axes) == 3 or sum(slices) * cell[0] + 2 * BETWEEN > WIDEST
        channels, named = self.channels, self.channels is not None
        kernel_named = named and self.stacked and self.channels is not None and self.channels.taps > 1
        self.input = Place(channels.inputs if channels else 1, positions, cell, named)
        self.output = Place(channels.outputs if channels else 1, outputs, cell, named)
        self.kernel = Place(channels.taps if channels else 1, taps, cell, kernel_named)
        self.foot = ARROW if _stride(self.axes[-1]) > 1 else 0
        self.head = HEAD if names or self.stacked else 2
        panels = (self.kernel, self.input, self.output)
        (self._below if self.stacked else self._beside)(panels)

    def _below(self, panels: tuple[Place, ...]) -> None:
        y = self.head
        self.width = max(place.width for place in panels) + 2 * AROUND
        for place in panels:
            place.x, place.y = (self.width - place.width) // 2, y
            y += place.height + BETWEEN + (self.foot if place is self.input else 0)
        self.height = y - BETWEEN

    def _beside(self, panels: tuple[Place, ...]) -> None:
        x, tallest = AROUND, max(place.height for place in panels)
        for place in panels:
            place.x, place.y = x, self.head + (tallest - place.height) // 2
            x += place.width + BETWEEN
        # Each channel of the kernel stands beside the channel that it reads.
        self.kernel.pitch = self.input.pitch
        self.kernel.y = self.input.y + self.input.above + (self.input.grid_height - self.kernel.grid_height) // 2
        self.width = x - BETWEEN + AROUND
        self.height = max(self.head + tallest, self.input.y + self.input.height + self.foot)

    @staticmethod
    def _drawn(axis: IndexLine) -> range:
        """The positions of the padded input, and those that cropping left out of it."""
        length = (axis.inputs - 1) * axis.scale + 1
        return range(min(axis.padded_range.start, 0), max(axis.padded_range.stop, length))

    def _cell_size(self, positions: Sequence[range]) -> tuple[int, int]:
        if not self.readable:
            return SMALL, SMALL
        last = [max(each.stop, axis.outputs) - 1 for each, axis in zip(positions, self.axes, strict=True)]
        channels = [max(self.channels.inputs, self.channels.outputs) - 1] if self.channels else []
        longest: list[Formula] = [position_symbol(INPUT, (*channels, *last))]
        if self.read_map.kernel:
            longest.append(position_symbol(KERNEL, tuple(size - 1 for size in self.matrix.kernel_shape)))
        longest += self.numbers
        return max(CELL, *(extent(each, TEXT) + 6 for each in longest)), CELL

    # The picture.

    def picture(self, outputs: tuple[tuple[int, ...], ...]) -> Picture:
        """All of it: what every output shares, and a scene for each output."""
        items: list[Item] = []
        top = min(self.input.y, self.output.y)
        for n, (place, words) in enumerate(self._panels()):
            y = (place.y if self.stacked else top) - HEAD // 2
            if self.head == HEAD:
                items.append(Label(place.x + place.width // 2, y, words, HEADING))
            if n and not self.stacked:
                middle = self.input.y + (self.input.above + self.input.height) // 2
                sign = ("⋆" if self.read_map.kernel else "·", "=")[n - 1]
                items.append(Label(place.x - BETWEEN // 2, middle, sign, SIGN))
        items += self.input.labels() + self.output.labels() + (self.kernel.labels() if self.stacked else [])
        if self.channels and self.channels.groups > 1:
            items += self.input.groups(self.channels.groups) + self.output.groups(self.channels.groups)
        items += [cell for each in self.input.positions() if (cell := self._input(*each)).kind != "outside"]
        for channel, at in self.output.positions():
            items.append(self._cell("output", self.output, channel, at, position_symbol("y", self._named(channel, at))))
        scenes = tuple(self.scene(output) for output in outputs)
        kinds = {item.kind for item in items if isinstance(item, Cell)}
        return Picture(
            self.width, self.height, in_order(items), scenes, "The window on the input",
            self._caption(outputs, kinds), self._description(),
        )  # fmt: skip

    def _panels(self) -> list[tuple[Place, str]]:
        """Every panel with its name."""
        padded = any(axis.mode is not None for axis in self.axes)
        return [
            (self.kernel, "kernel" if self.read_map.kernel else "weights"),
            (self.input, "padded input" if padded else "input"),
            (self.output, "output"),
        ]

    def _named(self, channel: int, at: Sequence[int]) -> tuple[int, ...]:
        """The indices that a position of the input or the output is written with."""
        return (channel, *at) if self.channels else tuple(at)

    def _cell(self, panel: str, place: Place, channel: int, at: Sequence[int], text: Formula, **more: Any) -> Cell:
        size, lines = (place.cell_width, place.cell_height), (text,) if self.readable else ()
        return Cell(panel, self._named(channel, at), *place.spot(channel, at), *size, lines, **more)

    def _input(self, channel: int, at: Sequence[int]) -> Cell:
        """A cell of the padded input: the input that it holds, or zero."""
        cropped = any(t not in axis.padded_range for axis, t in zip(self.axes, at, strict=True))
        held = [axis.fold(t) for axis, t in zip(self.axes, at, strict=True)]
        sources = tuple(p for p in held if p is not None)
        holds = self._named(channel, sources) if len(sources) == len(held) else None
        inside = all(0 <= t <= (axis.inputs - 1) * axis.scale for axis, t in zip(self.axes, at, strict=True))
        kind = ("cropped" if inside else "outside") if cropped else "entry" if inside else "padding"
        kind = "between" if kind == "entry" and holds is None else kind
        text = 0 if holds is None else position_symbol(INPUT, holds)
        return self._cell("input", self.input, channel, at, text, kind=kind, holds=holds)

    # One output.

    def scene(self, output: tuple[int, ...]) -> Scene:
        """The kernel as it is used, the window, and the output that is computed."""
        c, place = (output[0], output[1:]) if self.channels else (0, output)
        items: list[Item] = []
        products: list[str] = []
        for a in range(self.kernel.channels):
            source = read(self.channels, c, a) if self.channels else 0
            spots = []
            for at in product(*(range(axis.taps) for axis in self.axes)):
                spot = tuple(read(axis, o, u) for axis, o, u in zip(self.axes, place, at, strict=True))
                entries, mark, text = self._weight(c, a, place, at)
                colour = {"marks": (mark,), "entries": entries}
                tap = self._cell("kernel", self.kernel, source if not self.stacked else a, at, text, **colour)
                under = replaced(self._input(source, spot), **colour)
                items += [replaced(tap, at=self._named(a, at)), under]
                spots.append(self.input.spot(source, spot))
                products.append(
                    f"{said(text)} on {'a zero' if under.holds is None else said(position_symbol(INPUT, under.holds))}"
                )
            items += self._frames(spots)
            if a == 0 and self.foot and self.axes[-1].outputs > 1:
                items += self._arrow(min(spots), place[-1] + 1 == self.axes[-1].outputs)
        size = self.output.cell_width, self.output.cell_height
        items.append(Frame(*self.output.spot(c, place), *size, "output"))
        more = f", and {len(products) - LISTED:,} more" if len(products) > LISTED else ""
        listed = ", ".join(products[:LISTED]) + more
        return Scene(output, in_order(items), f"For output {said(position_symbol('y', output))}: {listed}.")

    def _weight(self, c: int, a: int, place: Sequence[int], at: Sequence[int]) -> tuple[tuple[int, ...], Mark, Formula]:
        """What a tap multiplies by: the kernel entry's number, its colour, and its name or value."""
        taps = [*([(self.channels, c, a)] if self.channels else []), *zip(self.axes, place, at, strict=True)]
        if not self.read_map.kernel:
            value = whole(prod(line.coefficient(o, u) for line, o, u in taps))
            return (), self.numbers[value], value
        steps = label_strides(self.read_map)
        entry = sum(line.label(o, u) * step for (line, o, u), step in zip(taps, steps, strict=True))
        return (entry,), entry_mark(entry, self.matrix), position_symbol(KERNEL, self.matrix.kernel_position(entry))

    def _frames(self, spots: Sequence[tuple[int, int]]) -> list[Item]:
        """A frame around the window, on each slice that it meets."""
        slices: dict[int, list[tuple[int, int]]] = {}
        for x, y in spots:
            slices.setdefault((x - self.input.x) // (self.input.grid_width + 1), []).append((x, y))
        found: list[Item] = []
        for each in slices.values():
            (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*each, strict=True))
            size = right - left + self.input.cell_width, bottom - top + self.input.cell_height
            found.append(Frame(left, top, *size, "window"))
        return found

    def _arrow(self, start: tuple[int, int], last: bool) -> list[Item]:
        """How far the window moves to the right for the next output, or moved for the last one."""
        stride, y = _stride(self.axes[-1]), self.input.y + self.input.height
        length = stride * self.input.cell_width
        x = start[0] + self.input.cell_width // 2 - length * last
        return [Line(x, y + 12, length, 0, True), Label(x + length // 2, y + 22, f"stride {stride}")]

    # Words.

    def _caption(self, outputs: tuple[tuple[int, ...], ...], kinds: set[str]) -> str:
        """How to read it; only what is there."""
        meaning = entry_meaning(self.matrix) if self.read_map.kernel else number_meaning(self.numbers)
        one = f"output {position_words(outputs[0])}" if len(outputs) == 1 else "the output"
        parts = [f"Equal colours are multiplied; {one}, framed, is the sum of these products"]
        if not self.read_map.kernel:
            parts = [f"Each input in the window is multiplied by its weight; {one}, framed, is the sum"]
        if self.kernel.channels > 1:
            parts[0] += " over the channels" + (" of its group" if self.channels and self.channels.groups > 1 else "")
        # That equal colours are equal entries goes without saying; that they may be more, or close, does not.
        parts[0] += "." if meaning in (OWN_COLOUR, ONE_COLOUR) else f" ({meaning})."
        if getattr(self.axes[0], "flip", False):
            parts.append("The kernel lies reversed.")
        modes = {axis.mode.name for axis in self.axes if axis.mode is not None}
        if "padding" in kinds:
            repeats = "zeros" if modes == {"zeros"} else "the input repeated (" + ", ".join(sorted(modes)) + ")"
            parts.append(f"Dashed cells are padding: {repeats}.")
        if "between" in kinds:
            parts.append("Between two inputs lie zeros.")
        if "cropped" in kinds:
            parts.append("Crossed cells are cut off.")
        steps = [_stride(axis) for axis in self.axes]
        if max(steps) > 1:
            parts.append(f"From one output to the next the window moves by {'×'.join(map(str, steps))}.")
        if self.channels and self.channels.groups > 1:
            parts.append("Rounded frames are the groups.")
        return " ".join(parts)

    def _description(self) -> str:
        return "Grids of cells: " + ", ".join(f"{name} of {_shape(place)}" for place, name in self._panels()) + "."


def read(line: IndexLine, output: int, tap: int) -> int:
    """The position of the padded input that tap u of output i reads."""
    env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
    position = line.position.at(env)
    if position is None:
        raise AssertionError(f"{line!r} reads between two positions")
    return position


def numbers(read_map: ReadMap) -> set[int | Fraction]:
    """What can stand in a W without a kernel, or in the window: products of what the lines have."""
    found: set[int | Fraction] = {1}
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        single = {line.coefficient(i, u) for i in range(line.outputs) for u in range(line.taps)}
        sums = {sum(line.coefficient(i, u) for u in taps) for i, row in enumerate(table) for taps in row.values()}
        found = {whole(one * other) for one in found for other in single | sums}
    return found


def whole(value: Any) -> int | Fraction:
    """An exact number; an integer where it is one."""
    return int(value) if value == int(value) else Fraction(value)


def position_words(at: Sequence[int]) -> str:
    """A position in a sentence: 3, or (0, 1)."""
    return str(at[0]) if len(at) == 1 else f"({', '.join(map(str, at))})"


def _stride(axis: IndexLine) -> int:
    return getattr(axis, "stride", 1)


def _shape(place: Place) -> str:
    sizes = [len(each) for each in (place.slices, place.rows, place.columns)][3 - place.rank :]
    channels = f"{place.channels} channels of " if place.channels > 1 else ""
    return channels + "×".join(map(str, sizes))
