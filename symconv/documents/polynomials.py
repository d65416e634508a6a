"""A layer as a product of polynomials, in words and formulas, and its pages: on a ring, and block by block."""

from __future__ import annotations

from math import prod
from typing import Any

from ..algebra.schemes import Scheme
from ..expressions import Times
from ..formula import Chain, Formula, Group, Juxtapose, Power, Sigma, Sym, Tuple, Words, equals, position, times
from ..proof import Proof, Step
from ..readmap import Axis, ReadMap
from ..steps.polynomials import (
    Blocks,
    Circulant,
    Convolution,
    Convolve,
    Diagonal,
    Levels,
    Move,
    Nesting,
    Overlap,
    Room,
    Shift,
    Transform,
    Turn,
    axis_names,
)
from ..sums import KERNEL, WEIGHT, Index, Span, number, variable
from .bilinear import grid, numbered_letters, point_labels, points_chosen, ring, total
from .blocks import Block, Document, Heading, Inline, Paragraph, Statement, words
from .common import checked, steps
from .identities import expression, known
from .setting import count_of, definition, key, listed, setting, title
from .weights import FULL_COLUMNS, FULL_ENTRIES, FULL_ROWS, the_rule, weight_grid
from .wording import Said, cited, claim_parts, matrix_entry, reason_parts

# Names --------------------------------------------------------------------------------------------


def unknowns(axes: tuple[Axis, ...]) -> list[str]:
    """t, or one for each axis: t1, t2, ..."""
    return [f"t{name}" for name in axis_names(len(axes))]


def numbered_names(letter: str, axes: tuple[Axis, ...]) -> list[Index]:
    """w, or w1, w2, ..."""
    return [variable(letter + name) for name in axis_names(len(axes))]


def reversed_kernel(read_map: ReadMap) -> Formula:
    """h_w = k_{2-w}, for given channels."""
    letters = numbered_names("w", read_map.axes)
    places = (w if axis.flip else number(axis.taps - 1) - w for w, axis in zip(letters, read_map.axes, strict=True))
    at = read_map.lines[0].letters
    channels = (variable(at.output), variable(at.kernel)) if read_map.shows_channels else ()
    return equals(Sym("h", tuple(letters)), Sym(KERNEL, (*channels, *places)))


def of_channels(layer: Any) -> str:
    """Where there are channels, whose kernel it is."""
    if not layer.read_map.shows_channels:
        return ""
    within = " of its group" if layer.groups > 1 else ""
    return " for output channel {} and input channel {}" + within


def channel_letters(layer: Any) -> tuple[Formula, ...]:
    at = layer.read_map.lines[0].letters
    return (variable(at.output), variable(at.kernel)) if layer.read_map.shows_channels else ()


# Claims -------------------------------------------------------------------------------------------


def on_the_ring(letter: str, proof: Proof) -> Formula:
    """C_{m,n}, with the channels first where there are any."""
    read_map: ReadMap = proof.layer.read_map
    names = ["0"] * read_map.shows_channels + axis_names(len(read_map.axes))
    rows, columns = ([variable(side + name) for name in names] for side in "mn")
    return matrix_entry(letter, rows, columns)


def for_channels(proof: Proof) -> tuple[str, tuple[Formula, ...]]:
    """Where there are channels, the words that an entry on the ring begins with."""
    if not proof.layer.read_map.shows_channels:
        return "", ()
    within = " of one group" if proof.layer.groups > 1 else ""
    return "for output channel {} and input channel {}" + within + ", ", ("m0", "n0")


@claim_parts.register
def _(claim: Circulant, proof: Proof) -> Said:
    axes: tuple[Axis, ...] = proof.layer.read_map.axes
    letters = numbered_names("w", axes)
    differences = [
        equals(w, Chain("mod", (Tuple((variable(f"m{n}") - variable(f"n{n}"),)), size)))
        for w, n, size in zip(letters, axis_names(len(axes)), claim.sizes, strict=True)
    ]
    zero = [Chain("<", (axis.taps - 1, w)) for w, axis in zip(letters, axes, strict=True)]
    start, channels = for_channels(proof)
    said = "{} with " + " and ".join("{}" for _ in differences) + ", and zero where " + " or ".join("{}" for _ in zero)
    entry = equals(on_the_ring(claim.letter, proof), Sym("h", tuple(letters)))
    return words(f"{start[:1].upper()}{start[1:]}{said}.", *channels, entry, *differences, *zero)


@claim_parts.register
def _(claim: Diagonal, proof: Proof) -> Said:
    axes: tuple[Axis, ...] = proof.layer.read_map.axes
    names = axis_names(len(axes))

    def powers(letter: str) -> tuple[Formula, ...]:
        return tuple(Power(f"ω{n}", Juxtapose((f"s{n}", f"{letter}{n}"))) for n in names)

    def sums(letter: str, sizes: list[int]) -> tuple[Formula, ...]:
        return tuple(Sigma(Span(letter + n, number(0), number(size - 1))) for n, size in zip(names, sizes, strict=True))

    start, channels = for_channels(proof)
    left = Juxtapose((*sums("m", list(claim.sizes)), *powers("m"), on_the_ring(claim.letter, proof)))
    transform = (*sums("w", [axis.taps for axis in axes]), *powers("w"), Sym("h", tuple(numbered_names("w", axes))))
    right = Juxtapose((Group(Juxtapose(transform)), *powers("n")))
    return words(
        "If " + " and ".join("{}" for _ in names) + f", then {start}{{}}: a transformed column is the transform of {{}}, times a power.",
        *(equals(Power(f"ω{n}", size), 1) for n, size in zip(names, claim.sizes, strict=True)),
        *channels, equals(left, right), "h",
    )  # fmt: skip


@claim_parts.register
def _(claim: Shift, proof: Proof) -> Said:
    layer = proof.layer
    axes: tuple[Axis, ...] = layer.read_map.axes
    at = position(tuple(variable(axis.letters.output) for axis in axes))
    powers = Juxtapose(
        tuple(
            Power(t, variable(axis.letters.output) + shift)
            for t, axis, shift in zip(unknowns(axes), axes, claim.shifts, strict=True)
        )
    )
    over = (
        ", summed over the input channels" + " of the group" * (layer.groups > 1)
        if layer.read_map.channels.taps > 1
        else ""
    )
    outside = any(
        shift < 0 or axis.outputs - 1 + shift > axis.inputs + axis.taps - 2
        for axis, shift in zip(axes, claim.shifts, strict=True)
    )
    rest = "; where the product has no such coefficient, it is zero" if outside else ""
    return words(f"Output {{}} is the coefficient of {{}} in {{}}{over}{rest}.", at, powers, Juxtapose(("h", "x")))


@claim_parts.register
def _(claim: Convolution, proof: Proof) -> Said:
    f = claim.scheme
    return words(
        f"Of two polynomials {{}} and {{}} with {f.taps} coefficients each, the product has the coefficients {{}}.",
        "a", "g", multiplied("a"),
    )  # fmt: skip


def multiplied(other: str) -> Formula:
    """B ((G g) . (A a))."""
    sides = (Tuple((Juxtapose(("G", "g")),)), Tuple((Juxtapose(("A", other)),)))
    return Juxtapose(("B", Group(Chain("(.)", sides))))


@claim_parts.register
def _(claim: Levels, proof: Proof) -> Said:
    axes, base = proof.layer.read_map.axes, claim.scheme.taps
    parts: Said = ()
    for t, q in zip(unknowns(axes), claim.levels, strict=True):
        if q == 1:
            continue
        powers = [Power(t, base**level) if level else t for level in range(q)]
        parts += words(
            f"{' ' if parts else ''}A polynomial in {{}} with {base**q} coefficients is one in {listed('{}' for _ in powers)}, "
            f"with {base} coefficients in each, so the scheme multiplies two of them level by level.",
            t, *powers,
        )  # fmt: skip
    return parts


@claim_parts.register
def _(claim: Blocks, proof: Proof) -> Said:
    sizes = times(tuple(block.size for block in claim.blocks))
    return words(
        "Cut {} into blocks of {} coefficients. Their products with {}, computed by the scheme, each added in at its place, give {}: for every output, its row of {}.",
        "x", sizes, "h", Juxtapose(("h", "x")), WEIGHT,
    )  # fmt: skip


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Turn, step: Step, proof: Proof) -> Said:
    return ("theorem weight_matrix for the kernel on the ring; each row is the one before, turned by one place",)


@reason_parts.register
def _(rule: Room, step: Step, proof: Proof) -> Said:
    axes: tuple[Axis, ...] = proof.layer.read_map.axes
    most = [
        Chain("<=", (Chain("+", (w, axis.letters.input)), axis.inputs + axis.taps - 2))
        for w, axis in zip(numbered_names("w", axes), axes, strict=True)
    ]
    return words(
        "input and kernel meet at sums that stay on the ring, "
        + ", ".join("{}" for _ in most)
        + ", so counting modulo its size changes nothing",
        *most,
    )


@reason_parts.register
def _(rule: Transform, step: Step, proof: Proof) -> Said:
    sizes = sorted(set(step.claim.sizes))  # type: ignore[attr-defined]
    said = " or ".join(map(str, sizes))
    return words(
        f"{cited(step.cites[0])}: where {{}} is not zero, {{}} is {{}} modulo {said}, and exponents of {{}} count modulo {said}",
        "C", "m", Chain("+", ("n", "w")), "ω",
    )  # fmt: skip


@reason_parts.register
def _(rule: Move, step: Step, proof: Proof) -> Said:
    return words(
        "a term of the product adds up the exponents of {} and {}; output by output these are the terms of the definition, and the zeros of the padding add nothing"
        if proof.layer.read_map.padded
        else "a term of the product adds up the exponents of {} and {}; output by output these are the terms of the definition",
        "h", "x",
    )  # fmt: skip


@reason_parts.register
def _(rule: Convolve, step: Step, proof: Proof) -> Said:
    template = f"{cited(step.cites[0])} times {{}}, summed over {{}} and {{}}"
    return words(template, Juxtapose((Sym("g", ("u",)), Sym("a", ("h",)))), "u", "h")


@reason_parts.register
def _(rule: Nesting, step: Step, proof: Proof) -> Said:
    base = step.claim.scheme.taps  # type: ignore[attr-defined]
    return (
        f"exponents written with digits to the base {base} add up digit by digit; {cited(step.cites[0])} for each digit",
    )


@reason_parts.register
def _(rule: Overlap, step: Step, proof: Proof) -> Said:
    weights, last, shift = step.cites
    axes = " along each axis" if len(proof.layer.read_map.axes) > 1 else ""
    return (f"{cited(last)} for each block{axes}, and {cited(shift)}, entry by entry against {cited(weights)}",)


# The pages ----------------------------------------------------------------------------------------


def polynomial_blocks(layer: Any) -> list[Block]:
    """The input and the kernel as polynomials."""
    read_map: ReadMap = layer.read_map
    ts, ws = unknowns(read_map.axes), numbered_names("w", read_map.axes)
    ps = [variable(axis.letters.input) for axis in read_map.axes]

    def series(letter: str, letters: list[Index], sizes: list[int], channel: tuple[Formula, ...]) -> Formula:
        sigmas = (
            Sigma(Span(str(name), number(0), number(size - 1))) for name, size in zip(letters, sizes, strict=True)
        )
        powers = (Power(t, name) for t, name in zip(ts, letters, strict=True))
        return Juxtapose((*sigmas, Sym(letter, (*channel, *letters)), *powers))

    channel = (read_map.channels.position,) if read_map.shows_channels else ()
    text = words(
        "Write the input" + (" of a channel" if read_map.shows_channels else "") + " as the polynomial {} and the reversed kernel as {}, where {}" + of_channels(layer) + ".",
        equals("x", series("x", ps, [axis.inputs for axis in read_map.axes], channel)),
        equals("h", series("h", ws, [axis.taps for axis in read_map.axes], ())),
        reversed_kernel(read_map), *channel_letters(layer),
    )  # fmt: skip
    if layer.flip_kernel:
        text = tuple(part.replace("reversed kernel", "kernel") if isinstance(part, str) else part for part in text)
    return [Heading(("A product of polynomials",)), Paragraph(text)]


def ring_blocks(proof: Proof) -> list[Block]:
    """What R, C and E do."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    sizes = proof.steps[-1].claim.sizes  # type: ignore[attr-defined]
    least = [axis.inputs + axis.taps - 1 for axis in read_map.axes]
    text = words(
        "A product of polynomials has {} coefficients, one for each sum of an exponent of {} and one of {}."
        if len(least) == 1
        else "A product of polynomials has {} coefficients, one for each pair of sums of exponents of {} and {}.",
        times(tuple(least)), "h", "x",
    )  # fmt: skip
    text += words(
        " On a ring of {} places they have room without meeting: {} extends the input by zeros to the ring, {} multiplies by {} there, and {} selects the places of the outputs.",
        times(sizes), "E", "C", "h", "R",
    )  # fmt: skip
    blocks: list[Block] = [Paragraph(text)]
    matrix = proof.matrices["C"]
    rows, columns = matrix.shape
    if rows <= FULL_ROWS and columns <= FULL_COLUMNS and prod(matrix.kernel_shape) <= FULL_ENTRIES:
        blocks += [
            Paragraph(words("The circulant {} has a row and a column for each place of the ring.", "C")),
            weight_grid(matrix),
        ]
    return blocks


def scheme_blocks(f: Scheme, name: str) -> list[Block]:
    """The points and the three matrices."""
    labels = point_labels(f.points)
    return [
        Heading(("The matrices",)),
        Paragraph(points_chosen(f, "Choose")),
        grid(
            f.values, labels, numbered_letters("a", f.outputs),
            words("{} takes one polynomial to the points; written out", "A"),
        ),
        grid(
            f.kernel, labels, numbered_letters("g", f.taps),
            words("{} takes the other there, each row divided by a factor; written out", "G"),
        ),
        grid(
            tuple(zip(*f.basis, strict=True)), numbered_letters("s", f.size), labels,
            words("{} makes the coefficients of the product, here {}, from what there is at the points; written out", "B", "s"),
        ),
    ]  # fmt: skip


def block_counts(proof: Proof, claim: Blocks) -> list[Block]:
    """How many multiplications a block and the whole product take, directly and this way."""
    axes = proof.layer.read_map.axes
    channels = proof.layer.read_map.channels
    f = claim.schemes[0]
    each = tuple(n for axis, block in zip(axes, claim.blocks, strict=True) for n in (block.size, axis.taps))
    fast = tuple(f.size for q in claim.levels for _ in range(q))
    pairs = channels.outputs * channels.taps
    whole = pairs * prod(axis.inputs * axis.taps for axis in axes)
    blocks = pairs * prod(block.count for block in claim.blocks) * prod(fast)
    text: list[Inline] = [
        *words(
            "Directly, a block takes {} multiplications, one for each of its entries and each kernel entry; ",
            total(each),
        ),
        *words("this way, {} points for each level, {}. ", f.size, total(fast)),
        *words("The whole product takes {} directly and {} in ", Words(f"{whole:,}"), Words(f"{blocks:,}")),
        f"{count_of(prod(block.count for block in claim.blocks), 'block')}. ",
        "Multiplications by the fixed numbers in the matrices are not counted.",
    ]
    return [Heading(("Multiplications",)), Paragraph(tuple(text))]


def fft_document(proof: Proof) -> Document:
    """The whole derivation, on a ring or block by block."""
    layer = proof.layer
    blocks: tuple[Block, ...] = (
        *setting(layer), *definition(layer), *the_rule(known(layer)), *polynomial_blocks(layer),
    )  # fmt: skip
    last = proof.steps[-1].claim
    if isinstance(last, Diagonal):
        said = words(
            "{}: extending by zeros, multiplying by a circulant and selecting is the layer. The discrete Fourier transform makes {} diagonal.",
            equals(WEIGHT, expression(Times(("R", "C", "E")))), "C",
        )  # fmt: skip
        opening = words("{} is known from the theorem weight_matrix; what remains is to multiply.", WEIGHT)
        blocks += (*ring_blocks(proof), Statement(said), steps(proof, opening), *checked(proof))
        return Document(title(layer, "is a circulant product"), blocks, key(proof))
    assert isinstance(last, Blocks)  # noqa: S101 - the other of the two
    f = last.schemes[0]
    name = "Karatsuba’s scheme" if f.taps == 2 else f"Toom and Cook’s scheme with {f.taps} parts"
    said = words(
        f"{name}, {{}}, computes the product of input and kernel block by block; its coefficients are the outputs {{}}" + (", before the bias is added" if layer.bias else "") + ".",
        multiplied("a"), "Y",
    )  # fmt: skip
    opening = words(
        "A product of polynomials is computed by its values at points. Exponents of {} are numbered by {}, those of {} by {}, those of the product by {}, points by {}.",
        "a", "h", "g", "u", "s", "l",
    )  # fmt: skip
    blocks += (
        *scheme_blocks(f, name),
        Statement(said),
        steps(proof, opening),
        *block_counts(proof, last),
        *checked(proof, ring((f,))),
    )
    return Document(title(layer, "is a product of polynomials"), blocks, key(proof))
