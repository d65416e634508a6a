"""The sections of a page on the Fourier transform: eigenvalues, their table, and the block of a frequency."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from ..formula import (
    Array,
    Chain,
    Formula,
    Juxtapose,
    Power,
    Sym,
    Words,
    equals,
    position,
)
from ..proof import Proof
from ..readmap import Axis, ReadMap
from ..steps.fourier import (
    Witness,
    shifted,
)
from ..sums import KERNEL, WEIGHT, Index, number, variable
from .blocks import Block, Cell, Display, Heading, Inline, Long, Matrix, Paragraph, words
from .fourier import (
    EIGENVALUES,
    ROOT,
    channel_letters,
    diagonal_formula,
    eigenvalue,
    eigenvalue_formula,
    frequencies,
    input_channel,
    order_of,
    waves,
)
from .setting import listed
from .wording import cited, matrix_entry, without_single

WRITTEN = 64  # terms up to which every eigenvalue is written out as a sum


FREQUENCIES = 40  # and, as a table, with up to so many rows


TAPS = 25  # and columns


SMALL_BLOCK = 4  # channels up to which a block is shown


def fourier_blocks(proof: Proof, shifts: Sequence[Index]) -> list[Block]:
    """The root of unity, the Fourier matrix, and the eigenvalues as a formula."""
    read_map: ReadMap = proof.layer.read_map
    axes = read_map.axes
    inputs = [variable(axis.letters.input) for axis in axes]
    ms = frequencies(read_map)
    wave = waves(read_map, inputs)
    entry = Chain("/", (1, *wave)) if wave else 1
    bounds = [Chain("<=", (0, m, axis.inputs - 1)) for m, axis in zip(ms, axes, strict=True)]
    one = "a whole number" if len(axes) == 1 else "a tuple"
    of = " of a channel" if read_map.shows_channels else ""
    product_ = "; it is the Kronecker product of the Fourier matrices of the axes" if len(axes) > 1 else ""
    said = (
        "From here on the entries are complex numbers. ",
        *_root_words(axes),
        *words(f" A *frequency* is {one} {{}} with " + ", ".join("{}" for _ in bounds), position(tuple(ms)), *bounds),
        *words(
            f". The Fourier matrix {{}} has one row for each frequency and one column for each input{of}; its entries are {{}}{product_}.",
            "F", equals(matrix_entry("F", ms, inputs), entry),
        ),
    )  # fmt: skip
    blocks: list[Block] = [Heading(("Frequencies",)), Paragraph(said)]
    if read_map.shows_channels:
        blocks.append(Paragraph(_block_words(read_map)))
    each = " with the entries" if not read_map.shows_channels else ", one for each such block, with the entries"
    blocks.append(Paragraph(words("Let {} be the vector" + each, Sym("λ", channel_letters(read_map)))))
    blocks.append(Display(eigenvalue_formula(read_map, shifts), EIGENVALUES))
    return blocks


def _root_words(axes: Sequence[Axis]) -> tuple[Inline, ...]:
    order = order_of(axes)
    value = {1: "1", 2: "−1", 4: "√−1"}.get(order)
    if order == 1:
        return words("Let {}.", equals(ROOT, 1))
    root = Words(f"exp(2π√−1/{order})" + (f" = {value}" if value else ""))  # i is an output
    said = words("Let {}", equals(ROOT, root))
    sizes = sorted({axis.inputs for axis in axes} - {1})
    if len(sizes) > 1:
        said += words(
            f"; {order} is the least common multiple of {listed(map(str, sizes))}, and "
            + " and ".join(f"{{}} is a root of order {n}" for n in sizes),
            *(ROOT if order == n else Power(ROOT, order // n) for n in sizes),
        )
    return (*said, ".")


def _block_words(read_map: ReadMap) -> tuple[Inline, ...]:
    """Which block of W belongs to a pair of channels."""
    said = words(
        "Let {} be the block of {} with the rows of output channel {} and the columns of input channel {}.",
        Sym("V", channel_letters(read_map)), WEIGHT, "c", input_channel(read_map),
    )  # fmt: skip
    others = " All other blocks are 0: they belong to channels of different groups."
    return (*said, others) if read_map.channels.groups > 1 else said


def written_out(read_map: ReadMap, shifts: Sequence[Index]) -> list[Block]:
    """Every eigenvalue as a sum, or as a row of factors, while they fit; and which of them are the same."""
    axes = read_map.axes
    sizes = [axis.inputs for axis in axes]
    count, taps = prod(sizes), list(product(*(range(axis.taps) for axis in axes)))
    if count == 1 or count > FREQUENCIES:
        return []
    order = order_of(axes)
    along = [shifted(axis, shift) for axis, shift in zip(axes, shifts, strict=True)]
    turns = {
        frequency: tuple(
            sum(m * shift[u] * (order // n) for m, shift, u, n in zip(frequency, along, tap, sizes, strict=True))
            % order
            for tap in taps
        )
        for frequency in product(*map(range, sizes))
    }
    names = {frequency: eigenvalue(read_map, tuple(map(number, frequency))) for frequency in turns}
    channels = [without_single(index, read_map) for index in read_map.lines[0].kernel_index] * read_map.shows_channels
    kernel = [Sym(KERNEL, (*channels, *map(number, tap))) for tap in taps]
    blocks: list[Block] = [Heading(("The eigenvalues",))]
    if count * len(taps) <= WRITTEN:
        half = words(" and {}", equals(Power(ROOT, 2), -1)) if order == 4 else ()
        unit = words("With {}", equals(Power(ROOT, order), 1))
        blocks.append(Paragraph((*unit, *half, ", the eigenvalues are:")))
        for frequency, powers in turns.items():
            blocks.append(Long(equals(names[frequency], _signed_sum(powers, kernel, order))))
    elif len(taps) <= TAPS:
        cells = {
            (r, c): Cell(_factor(power, order), None, _short(power, order))
            for r, powers in enumerate(turns.values())
            for c, power in enumerate(powers)
        }
        lead = ("Each eigenvalue is the sum, along its row, of the factors times the kernel entries above them",)
        last = axes[-1].taps if len(axes) > 1 and axes[-1].taps > 1 else 0
        blocks.append(Matrix(tuple(names.values()), tuple(kernel), cells, 0, last, lead))
    return [*blocks, Paragraph(_alike(turns, names))]


def _signs(power: int, order: int) -> tuple[int, int]:
    """w^power as a sign and a smaller power, where w is -1 or i and the values can be read as they are."""
    return (-1, power - order // 2) if order in (2, 4) and 2 * power >= order else (1, power)


def _root(power: int) -> tuple[Formula, ...]:
    return () if power == 0 else (ROOT,) if power == 1 else (Power(ROOT, power),)


def _factor(power: int, order: int) -> Formula:
    sign, rest = _signs(power, order)
    root = _root(rest)
    return (root[0] if root else 1) if sign > 0 else Juxtapose(("-", *root)) if root else -1


def _short(power: int, order: int) -> str:
    sign, rest = _signs(power, order)
    return "-" * (sign < 0) + ("1" if rest == 0 else ROOT + (f"^{rest}" if rest > 1 else ""))


def _signed_sum(powers: Sequence[int], kernel: Sequence[Formula], order: int) -> Formula:
    """k_0 w^3 - k_1 + k_2 w."""
    total: Formula | None = None
    for power, entry in zip(powers, kernel, strict=True):
        sign, rest = _signs(power, order)
        root = _root(rest)
        term = Juxtapose((entry, *root)) if root else entry
        if total is None:
            total = term if sign > 0 else Juxtapose(("-", term))
        else:
            total = Chain("+" if sign > 0 else "-", (total, term))
    return total or 0


Frequency = tuple[int, ...]


def _alike(turns: dict[Frequency, tuple[int, ...]], names: dict[Frequency, Formula]) -> tuple[Inline, ...]:
    """Which of them are the same sum of kernel entries: powers of w are equal when their exponents are."""
    classes: dict[tuple[int, ...], list[Frequency]] = {}
    for frequency, powers in turns.items():
        classes.setdefault(powers, []).append(frequency)
    several = [found for found in classes.values() if len(found) > 1]
    if not several:
        return (f"These {len(turns)} are different sums: for some kernels no two of them are equal.",)
    shown = [equals(*(names[frequency] for frequency in found)) for found in several[:8]]
    more = "" if len(several) <= 8 else f", and {len(several) - 8} more such equations hold"
    lead = f"Only {len(classes)} different sums are among these {len(turns)}"
    if len(classes) == 1:
        lead = f"These {len(turns)} are one and the same sum"
    return words(
        lead + ": for every kernel, "
        + ", ".join("{}" for _ in shown) + more + ".",
        *shown,
    )  # fmt: skip


def mixes_channels(layer: Any) -> bool:
    """Whether channels are mixed, so that what belongs to a frequency is a matrix."""
    return not layer.in_channels == layer.out_channels == layer.groups


def frequency_block(layer: Any) -> list[Block]:
    """The matrix of one frequency, from the input channels to the output channels."""
    read_map: ReadMap = layer.read_map
    ms = frequencies(read_map)
    channels = read_map.channels
    block = Sym("Λ", tuple(ms))
    said = words(
        "The block {} of a frequency has one row for each output channel and one column for each input channel", block
    )
    if max(channels.inputs, channels.outputs) > SMALL_BLOCK:
        return [Paragraph((*said, *words("; its entries are the {}.", eigenvalue(read_map, ms))))]
    rows: list[tuple[Formula, ...]] = []
    for c in range(channels.outputs):
        first = c // (channels.outputs // channels.groups) * channels.taps
        row: list[Formula] = [0] * channels.inputs
        for a in range(channels.taps):
            at = (number(c), *((number(a),) if channels.taps > 1 else ()))
            row[first + a] = Sym("λ", (*at, *ms))
        rows.append(tuple(row))
    return [Paragraph((*said, *words(": {}.", equals(block, Array(tuple(rows))))))]


def ring_statement(layer: Any) -> tuple[Inline, ...]:
    """The theorem in words."""
    read_map: ReadMap = layer.read_map
    value = eigenvalue(read_map, frequencies(read_map))
    formula = diagonal_formula(read_map)
    if not mixes_channels(layer):
        each = words(" for every channel {}", "c") if read_map.shows_channels else ()
        template = ". So the eigenvalues of {} are the {}, and {} is invertible exactly when none of them is 0."
        return (*words("{}", formula), *each, *words(template, WEIGHT, value, WEIGHT))
    block = Sym("Λ", tuple(frequencies(read_map)))
    said = words(
        "{} for every block. So, with rows and columns sorted by frequency, the Fourier transform makes {} block diagonal: one block {} for each frequency",
        formula, WEIGHT, block,
    )  # fmt: skip
    if layer.in_channels != layer.out_channels:
        return (*said, ".")
    return (*said, *words("; and {} is invertible exactly when every {} is.", WEIGHT, block))


def generic_words(proof: Proof) -> tuple[Inline, ...]:
    """What the last step means for kernels in general."""
    steps = [n for n, step in enumerate(proof.steps, 1) if isinstance(step.rule, Witness)]
    return words(
        f"For which kernels is {{}} invertible? Its determinant is a polynomial in the kernel entries. By {cited(steps[0])} it is not 0 for one kernel, "
        "so it is not the zero polynomial: {} is invertible for all kernels except those at which this polynomial vanishes.",
        WEIGHT, WEIGHT,
    )  # fmt: skip
