"""A layer computed tile by tile in words and formulas, and its page: the tiles, the matrices, the counts."""

from __future__ import annotations

from math import prod

from ..formula import (
    Chain,
    Entry,
    Formula,
    Group,
    Juxtapose,
    Sigma,
    Sym,
    Tuple,
    Words,
    equals,
    plus,
    position,
)
from ..proof import Proof, Step
from ..readmap import Axis
from ..steps.bilinear import numbered_schemes
from ..steps.tiles import ENTRY, TILE, Correlation, Cut, Nest, Nested, Tile, Tiled, Tiles, Tiling, Transpose
from ..sums import INPUT, KERNEL, PADDED, WEIGHT, Span, number, variable
from .bilinear import along, grid, numbered_letters, point_labels, points_chosen, ring, suffixes, total, transposed
from .blocks import Block, Display, Document, Heading, Inline, Paragraph, Statement, words
from .common import checked, steps
from .identities import known
from .setting import count_of, definition, key, ordinal, setting, title
from .weights import the_rule
from .wording import Said, cited, claim_parts, reason_parts


def filtered(suffixes: tuple[str, ...]) -> Formula:
    """A^T ((G g) . (B^T d)), and with two axes A^T ((G g G^T) . (B^T d B)) A."""
    first, *second = suffixes
    g: tuple[Formula, ...] = (f"G{first}", "g", *(transposed(f"G{n}") for n in second))
    d: tuple[Formula, ...] = (transposed(f"B{first}"), "d", *(f"B{n}" for n in second))
    inside = Group(Chain("(.)", (Tuple((Juxtapose(g),)), Tuple((Juxtapose(d),)))))
    return Juxtapose((transposed(f"A{first}"), inside, *(f"A{n}" for n in second)))


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: Tiles, proof: Proof) -> Said:
    axes: tuple[Axis, ...] = proof.layer.read_map.axes
    parts: Said = ()
    for n, (axis, line) in enumerate(zip(axes, claim.lines, strict=True)):
        i, u, tile, h = variable(axis.letters.output), variable(axis.letters.kernel), variable(TILE), variable("h")
        start = f"{' ' if n else ''}Along the {ordinal(n)} axis, output" if len(axes) > 1 else "Output"
        parts += words(
            start + " {} is output {} of tile {} where {}, and its window reads the entries {} of the tile, {}.",
            i, h, tile, equals(i, plus(tile * line.size, h)), h + u,
            Chain("<=", (0, u, axis.taps - 1)) if axis.taps > 1 else equals(u, 0),
        )  # fmt: skip
    return parts


@claim_parts.register
def _(claim: Correlation, proof: Proof) -> Said:
    f = claim.scheme
    _, n = along(proof, f.points, (f.outputs, f.taps))
    sum_ = Juxtapose(
        (Sigma(Span("u", number(0), number(f.taps - 1))), Sym("g", ("u",)), Sym("d", (variable("h") + variable("u"),)))
    )
    return words("{}.", equals(sum_, Entry(Group(filtered((n,))), "h")))


@claim_parts.register
def _(claim: Nested, proof: Proof) -> Said:
    taps = [variable(axis.letters.kernel) for axis in proof.layer.read_map.axes]
    at = [variable(f"h{n}") for n in range(1, len(taps) + 1)]
    sigmas = (Sigma(Span(str(u), number(0), number(f.taps - 1))) for u, f in zip(taps, claim.schemes, strict=True))
    entries = Sym("d", tuple(h + u for h, u in zip(at, taps, strict=True)))
    sum_ = Juxtapose((*sigmas, Sym("g", tuple(taps)), entries))
    return words("In two dimensions, {}.", equals(sum_, Entry(Group(filtered(suffixes(proof))), Sym("", tuple(at)))))


@claim_parts.register
def _(claim: Tiled, proof: Proof) -> Said:
    channels = proof.layer.read_map.channels.taps
    over = ", summed over the input channels" + " of the group" * (proof.layer.groups > 1) if channels > 1 else ""
    return words(
        "For every output of the layer, its row of {} is what {} computes in the output's tile" + over + ".",
        WEIGHT, filtered(suffixes(proof)),
    )  # fmt: skip


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Cut, step: Step, proof: Proof) -> Said:
    lines: tuple[Tiling, ...] = step.claim.lines  # type: ignore[attr-defined]
    return words("division with remainder; " + ", ".join("{}" for _ in lines) + ", so the tile holds them", *(
        Chain("<=", (variable("h") + variable(axis.letters.kernel), line.reads - 1))
        for axis, line in zip(proof.layer.read_map.axes, lines, strict=True)
    ))  # fmt: skip


@reason_parts.register
def _(rule: Transpose, step: Step, proof: Proof) -> Said:
    template = f"{cited(step.cites[0])} times {{}}, summed over {{}} and {{}}: the product of polynomials, transposed"
    return words(template, Juxtapose((Sym("g", ("u",)), Sym("d", ("s",)))), "u", "s")


@reason_parts.register
def _(rule: Nest, step: Step, proof: Proof) -> Said:
    return (f"{' and '.join(map(cited, step.cites))}, along both axes: the identities multiply",)


@reason_parts.register
def _(rule: Tile, step: Step, proof: Proof) -> Said:
    weights, tiles, last = step.cites
    return (f"{cited(last)} for the tiles of {cited(tiles)}, entry by entry against {cited(weights)}",)


# The page -----------------------------------------------------------------------------------------


def tile_blocks(proof: Proof, tiles: tuple[Tiling, ...]) -> list[Block]:
    """How the outputs are cut, what a tile reads, and what the last one has too many of."""
    layer = proof.layer
    axes: tuple[Axis, ...] = layer.read_map.axes
    shape, reads = ([getattr(line, name) for line in tiles] for name in ("size", "reads"))
    counts = [line.count for line in tiles]
    several = len(axes) > 1
    size, read = (Chain("x", tuple(each)) if several else each[0] for each in (shape, reads))
    outputs = " outputs" if prod(shape) > 1 else " output"
    reading = " reads {} neighbouring positions of the " + "padded " * layer.read_map.padded + "input,"
    if prod(counts) == 1 and not any(line.dropped for line in tiles):
        parts = words("All {}" + outputs + " make one tile. It" + reading, size, read)
        if prod(shape) == 1:
            parts = words("The one output is a tile. It" + reading, read)
    else:
        count = Chain("x", tuple(counts)) if several else counts[0]
        number_ = position((TILE + "1", TILE + "2")) if several else TILE
        text_ = "Cut the outputs into tiles of {}" + outputs + ": {} of them. Tile {}" + reading
        parts = words(text_, size, count, number_, read)
    blocks: list[Block] = [Heading(("Tiles",)), Paragraph(parts), Display(_tile_formula(proof, tiles))]
    text: list[Inline] = []
    reverse = layer.flip_kernel
    letters = layer.read_map.lines[0].letters if layer.read_map.shows_channels else None
    taps = [variable(axis.letters.kernel) for axis in axes]
    places: tuple[Formula, ...] = tuple(
        number(axis.taps - 1) - u if reverse else u for axis, u in zip(axes, taps, strict=True)
    )
    entry = Sym(KERNEL, (*((letters.output, letters.kernel) if letters else ()), *places))
    text += words(
        "and meets the kernel {}" + (", reversed as the layer reverses it" if reverse else ""),
        equals(Sym("g", tuple(taps)), entry),
    )
    if letters:
        text += words(
            ", for each output channel {} and each input channel {}" + " of its group" * (layer.groups > 1),
            letters.output,
            letters.kernel,
        )
    text.append(".")
    for n, line in enumerate(tiles):
        where = f" along the {ordinal(n)} axis" if several else ""
        if line.dropped:
            text.append(
                f" The last tile{where} has {count_of(line.dropped, 'output')} too many, computed and dropped"
                + (
                    f", and reads {count_of(line.beyond, 'position')} beyond the {'padded ' * layer.read_map.padded}input, taken as zero."
                    if line.beyond
                    else "."
                )
            )
    return [*blocks, Paragraph(tuple(text))]


def _tile_formula(proof: Proof, tiles: tuple[Tiling, ...]) -> Formula:
    """d_s = z_{4n+s-1}."""
    read_map = proof.layer.read_map
    several = len(tiles) > 1
    entries, places = [], []
    for n, line in enumerate(tiles, 1):
        end = str(n) if several else ""
        entries.append(variable(ENTRY + end))
        place = (
            line.position.substitute(TILE, variable(TILE + end))
            if line.count > 1
            else line.position.substitute(TILE, number(0))
        )
        places.append(place.substitute(ENTRY, variable(ENTRY + end)))
    channel: tuple[Formula, ...] = (read_map.channels.position,) if read_map.shows_channels else ()
    return equals(Sym("d", tuple(entries)), Sym(PADDED if read_map.padded else INPUT, (*channel, *places)))


def matrix_blocks(claim: Tiled) -> list[Block]:
    """The points and the three matrices of each scheme."""
    blocks: list[Block] = [Heading(("The matrices",))]
    schemes = numbered_schemes(claim.schemes)
    for n, (f, suffix) in enumerate(schemes):
        where = f"Along the {ordinal(n)} axis, choose" if len(schemes) > 1 else "Choose"
        blocks.append(Paragraph(points_chosen(f, where)))
        labels = point_labels(f.points)
        a, g, b = transposed(f"A{suffix}"), f"G{suffix}", transposed(f"B{suffix}")
        columns = numbered_letters("y", f.outputs), numbered_letters("g", f.taps), numbered_letters("d", f.size)
        blocks += [
            grid(
                tuple(zip(*f.values, strict=True)), columns[0], labels,
                words("{} makes the outputs of a tile from what there is at the points; written out", a),
            ),
            grid(f.kernel, labels, columns[1], words("{} takes the kernel to the points; written out", g)),
            grid(f.basis, labels, columns[2], words("{} takes what a tile reads to the points; written out", b)),
        ]  # fmt: skip
    return blocks


def count_blocks(proof: Proof, claim: Tiled) -> list[Block]:
    """How many multiplications a tile and the whole layer take, directly and this way."""
    layer = proof.layer
    channels = layer.read_map.channels
    fast = tuple(f.size for f in claim.schemes)
    axes = layer.read_map.axes
    pairs = channels.outputs * channels.taps
    whole = pairs * prod(axis.outputs * axis.taps for axis in axes)
    tiled = pairs * prod(line.count * f.size for line, f in zip(claim.tiles, claim.schemes, strict=True))
    each = tuple(n for f in claim.schemes for n in (f.outputs, f.taps))
    text = list(
        words("Directly, a tile takes {} multiplications; this way, one for each point, {}. ", total(each), total(fast))
    )
    padding = ", those with zeros of the padding included," if any(axis.mode is not None for axis in axes) else ""
    template = f"The whole layer takes {{}} directly{padding} and {{}} tile by tile. "
    text += words(template, Words(f"{whole:,}"), Words(f"{tiled:,}"))
    text.append("Multiplications by the fixed numbers in the matrices are not counted.")
    return [Heading(("Multiplications",)), Paragraph(tuple(text))]


def winograd_document(proof: Proof) -> Document:
    """The whole derivation of Winograd's scheme for a layer."""
    layer = proof.layer
    claim: Tiled = proof.steps[-1].claim  # type: ignore[assignment]
    said = words(
        "Tile by tile, {} is {}" + (" summed over the input channels" + " of the group" * (layer.groups > 1) if layer.read_map.channels.taps > 1 else "") + (", plus the bias" if layer.bias else "") + ".",
        "Y", filtered(suffixes(proof)),
    )  # fmt: skip
    opening = words(
        "A product of polynomials is computed by its values at points; a tile is such a product, transposed. Entries of a tile are numbered by {}, its outputs by {}, points by {}.",
        "s", "h", "l",
    )  # fmt: skip
    blocks = (
        *setting(layer),
        *definition(layer),
        *the_rule(known(layer)),
        *tile_blocks(proof, claim.tiles),
        *matrix_blocks(claim),
        Statement(said),
        steps(proof, opening),
        *count_blocks(proof, claim),
        *checked(proof, ring(claim.schemes)),
    )
    return Document(title(layer, "is computed by Winograd's scheme"), blocks, key(proof))
