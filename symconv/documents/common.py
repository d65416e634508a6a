"""Pieces that several sections use: symbols of positions, the proof's steps, what was checked."""

from __future__ import annotations

from collections.abc import Sequence

from ..formula import Formula, Sym, equals, position
from ..formula import position_symbol as position_symbol
from ..proof import Proof
from ..sums import number, variable
from .blocks import Block, Emph, Inline, Paragraph, ProofStep, Steps, words
from .wording import cited, claim_parts, in_range, reason_parts


def place(at: Sequence[int]) -> Formula:
    """A bare position, to label a row or column; the one column of a layer without axes is column 0."""
    return Sym("", tuple(number(n) for n in at)) if at else number(0)


def steps(proof: Proof, opening: tuple[Inline, ...] | None = None) -> Steps:
    """The numbered steps, each with its reason, after the opening words: by default, what an output is."""
    numbered = tuple(
        ProofStep(cited(n), claim_parts(step.claim, proof), reason_parts(step.rule, step, proof))
        for n, step in enumerate(proof.steps, 1)
    )
    return Steps(_fix_an_output(proof) if opening is None else opening, numbered)


def _fix_an_output(proof: Proof) -> tuple[Inline, ...]:
    lines = proof.layer.read_map.lines
    ranges = {line.letters.output: line.outputs for line in lines}
    bounds = [
        in_range(variable(name), size) if size > 1 else equals(variable(name), number(0))
        for name, size in ranges.items()
    ]
    opening = words(
        "Fix an output {} with " + ", ".join("{}" for _ in bounds) + ".",
        position(tuple(map(variable, ranges))),
        *bounds,
    )
    if len(lines) > 1:
        opening += words(
            " The terms of each sum are the combinations of what every index contributes, "
            "so a step that keeps the terms along each index keeps them all."
        )
    return opening


def checked(proof: Proof, ring: str = "every commutative ring") -> list[Block]:
    """How many claims were checked, by which means, and over which rings they hold; nothing more than is true."""
    report = proof.check()
    numbered = len(proof.steps) - len(report.omitted)
    parts = [f"the {numbered} proof steps, each in its form and, for every output along every index, in its terms"]
    for each in report.proved:
        if each.level == "entries":
            parts.append(f"{each.what} ({each.count:,} term{'s' * (each.count != 1)} compared)")
        elif each.level == "sympy":
            parts.append(each.what)
    text: list[Inline] = [Emph("Checked before printing:"), " " + "; ".join(parts) + "."]
    if report.omitted:
        text.append(" Not proved here: " + "; ".join(report.omitted) + ".")
    if "entries" not in report.levels:
        text.append(" Its entries were not compared one by one.")
    text.append(f" The statement is proved for this configuration, over {ring}.")
    return [Paragraph(tuple(text), small=True)]
