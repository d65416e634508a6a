"""Pieces of the pages of theorems with symbolic sizes: setting, bounds, chains, what was checked."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..formula import Chain, Entry, Formula, Group, Juxtapose, Sym, equals, position
from ..general.axis import FIRST, C, SymbolicAxis
from ..general.convolution import axes_of
from ..general.moves import Definition
from ..general.proof import Bounds, Equalities, SizeEqualities
from ..general.terms import Tensor, Term
from ..sizes import Size, normal
from .blocks import (
    Block,
    Display,
    Document,
    Emph,
    Heading,
    Inline,
    Paragraph,
    ProofStep,
    Steps,
    Table,
    words,
)
from .general_terms import bound, formula, reason
from .size_formulas import shown

if TYPE_CHECKING:
    from ..general.proof import GeneralProof

Said = tuple[Inline, ...]
Names = dict[str, Said]


# Pieces -------------------------------------------------------------------------------------------


def page(proof: GeneralProof, title: Said, *blocks: Block) -> Document:
    """A whole document: what was checked comes last."""
    key = f"{zlib.crc32(f'{proof.theorem.name} {proof.rank} for all sizes'.encode()):08x}"
    return Document(title, (*blocks, *checked(proof)), key)


def checked(proof: GeneralProof) -> list[Block]:
    """How much was checked, and for what it holds."""
    report = proof.check()
    links = sum(each.what.endswith("shape") for each in report.proved)
    values = [each.count for each in report.proved if each.what.endswith("values")]
    others = len(report.proved) - links - len(values) - 1  # and that the parts state the theorem
    parts = []
    if links:
        hidden = sum(
            len(each.links) for each in proof.parts if isinstance(each, Equalities) and each.name.startswith("mode ")
        )  # only their ends are printed
        also = f"; those of the padding modes, {hidden} of them, are not printed one by one" if hidden else ""
        parts.append(
            f"each of the {links} equalities between sums is one move, carried out on the terms themselves{also}"
        )
    if others:
        floors = any(isinstance(each, SizeEqualities) and len(each.links) > 1 for each in proof.parts)
        law = ", or a law of the floor" if floors else ""
        parts.append(
            f"each of the {others} equations and inequalities between sizes is an identity of polynomials{law}"
        )
    text: list[Inline] = [Emph("Checked before printing:"), " " + "; ".join(parts) + "."]
    if values:
        text.append(
            f" As a second opinion the sums were also written out for a few sizes ({sum(values):,} terms compared); the proof does not rest on that."
        )
    text.append(
        " All of this holds for all sizes that satisfy the hypotheses"
        + (", over every commutative ring." if links else ".")
    )
    return [Paragraph(tuple(text), small=True)]


def several(proof: GeneralProof) -> str:
    """What the letters stand for where there is more than one axis."""
    return "r" if proof.rank == "r" else "" if proof.rank == 1 else str(proof.rank)


def hypotheses(proof: GeneralProof, channels: bool = True) -> list[Block]:
    """The letters, and all that is assumed of them."""
    axes = axes_of(proof.rank)
    n = several(proof)
    which = (
        f" Every axis has letters of its own, numbered 1 to {n}; what is said of an axis is said of each."
        if n and n != "r"
        else ""
    )
    tuples = (
        " There are {} axes, and every letter of an axis stands for {} numbers, one for each of them: sums run over all such"
        " tuples ({} is the set of all tuples of integers), and equations, inequalities and arithmetic are component by component."
    )
    opening = words(
        "We look at one output of a convolution: channel {}, position {}. Its kernel is not flipped (cross-correlation); for a flipped"
        " one, read the kernel reversed. All sizes are letters." + which,
        C.name, Sym("", tuple(axis.i.name for axis in axes)),
    )  # fmt: skip
    if n == "r":
        opening += words(tuples, "r", "r", "ℤ")
    return [Heading(("Setting",)), Paragraph(opening), sizes_table(SymbolicAxis(), channels)]


def sizes_table(axis: SymbolicAxis, channels: bool) -> Table:
    """The sizes of one axis and what is assumed of them."""

    def least(size: Size) -> Said:
        return words("{}", Chain(">=", (shown(size), 1)))

    rows: list[tuple[str, Said]] = [
        ("input size", least(axis.n)),
        ("kernel size", least(axis.k)),
        ("stride", least(axis.s)),
        ("dilation", least(axis.d)),
        ("input dilation", least(axis.scale)),
        ("padding", words("{} before and {} behind, integers; negative ones crop", axis.low.name, axis.high.name)),
        ("length of the input", words("{}, its dilation counted", equals(axis.length.name, shown(axis.long)))),
        ("the kernel fits", words("{}", Chain("<=", (shown(axis.d * (axis.k - 1) + 1), shown(axis.length + axis.low + axis.high))))),
        ("output size", words("{}", equals(axis.outputs.name, shown(axis.count)))),
    ]  # fmt: skip
    if channels:
        said = "{} groups, each with {} input and {} output channels, all at least 1; output channel {} reads the {} input channels from {} on"
        rows.append(("channels", words(said, "g", "A", "B", C.name, "A", shown(FIRST))))
    return Table(tuple(rows), ("size", "hypothesis"))


def bounds(part: Bounds, zero: Sequence[Size], sizes: Sequence[Size]) -> list[Block]:
    """Every bound with what shows it; `sizes` are the same ones with letters for parts of them."""
    return [Display(bound(each, zero, size)) for each, size in zip(part.certificates, sizes, strict=True)]


def zero_by_equation(known: Sequence[Size]) -> list[Size]:
    """What is known not to be negative in both signs, and is therefore zero."""
    given = {normal(size) for size in known}
    return [size for size in known if normal(0 - size) in given]


def chain_steps(part: Equalities, left: Formula, opening: Said, names: Names, first: int = 1) -> Steps:
    """A chain of equalities as numbered steps."""
    zero = zero_by_equation(part.facts.known)
    steps = [
        ProofStep(
            f"⟨1⟩{n}",
            words("{}", equals(left, formula(link.to))),
            reason(link.move, zero, lambda letter: names[letter]),
        )
        for n, link in enumerate(part.links, first)
    ]
    return Steps(opening, tuple(steps))


def output(axes: tuple[SymbolicAxis, ...], letter: str = "y") -> Formula:
    return Sym(letter, (C.name, *(axis.i.name for axis in axes)))


def holds_words() -> Said:
    """What the brackets about positions say."""
    return words(
        "A bracket {} is 1 where the condition holds, and 0 elsewhere. {} says that position {} of the padded input holds input {};"
        " the padding mode decides where that is so.",
        Sym("", ("[condition]",)), Chain("->", ("t", "p")), "t", "p",
    )  # fmt: skip


def induction(proof: GeneralProof) -> list[Block]:
    """Why a bracket sifts a sum over tuples: once, for every number of axes."""
    if proof.rank != "r":
        return []
    part = proof.part("one more axis")
    text = words(
        "Of a sum over one integer {}, a bracket {} leaves one term: {}, where {} divides {} and the quotient is in range, if the sum has one."
        " The same is true of tuples, by induction on the number of axes. Let {} be the tuple of the first axes, and suppose that for every function {}"
        " of it the bracket {} leaves {} in place of {}, or nothing, which {} says. Then, with one more axis:",
        "u", equals(Juxtapose(("d", "u")), "h"), equals("u", Chain("/", ("h", "d"))), "d", "h", "u'", "F",
        Sym("", ("[first(u')]",)), "v'", "u'", Sym("", ("[fits]",)),
    )  # fmt: skip
    return [
        Heading(("Tuples",)),
        Paragraph(text),
        chain_steps(part, formula(part.start), (), {}),
    ]


def size_chain(sizes: SizeEqualities) -> list[Block]:
    """A chain of equal sizes: its first form, what calculating makes of it, and what is left when multiples come out of the floor."""
    (_, calculated), *_, (_, end) = sizes.links
    out = words(
        "A multiple of the divisor comes out of the floor, and of the rest, which is smaller than the divisor, the floor is 0: this is {}.",
        shown(end),
    )
    return [Display(equals(shown(sizes.start), shown(calculated))), Paragraph(out)]


def defined(letter: str, definition: Definition) -> Formula:
    """The left side of a definition."""
    return Sym(letter, tuple(definition.parameters))


def entry_of(matrix: str, entry: Term) -> Formula:
    """The entry of a product of matrices."""
    assert isinstance(entry, Tensor)  # noqa: S101 - the caller's
    return Entry(Group(Juxtapose(tuple(matrix.split()))), Sym("", tuple(map(shown, entry.indices))))


def places(axes: tuple[SymbolicAxis, ...], letter: str) -> Formula:
    """A position: the letter of each axis."""
    return position(tuple(axis.var(letter).name for axis in axes))
