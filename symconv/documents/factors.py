"""Kronecker products in words: what the factors are, and their sum."""

from __future__ import annotations

from math import prod

from ..formula import Cases, Chain, Entry, Formula, Group, Juxtapose, Sigma, Sym, equals
from ..proof import Proof, Step
from ..readmap import Line, ReadMap
from ..steps.factors import (
    Collect,
    Kronecker,
    KroneckerSum,
    Reads,
    SumOfFactors,
    Tabulate,
    family_letter,
)
from ..sums import INPUT, KERNEL, PADDED, WEIGHT, Span, number, variable
from .blocks import Inline, words
from .wording import Said, cited, claim_parts, matrix_entry, reads_twice, reason_parts


def _names(line: Line, channels: bool) -> list[Formula]:
    """The letters of a line's own kernel entries: d, a for channels, u along an axis."""
    return [variable("d"), variable("a")] if channels else [variable(line.letters.kernel)]


def families(read_map: ReadMap) -> list[tuple[Line, str, list[Formula]]]:
    """For each line its letter and the indices of its factors; an axis with one kernel entry has index 0."""
    return [
        (line, family_letter(read_map, n), _names(line, line is read_map.channels))
        for n, line in enumerate(read_map.lines)
    ]


def _sigmas(read_map: ReadMap) -> list[Sigma]:
    sigmas = []
    for line, _, names in families(read_map):
        for name, size in zip(names, line.kernel_shape, strict=True):
            sigmas.append(Sigma(Span(str(name), number(0), number(size - 1))))
    return sigmas


def _kernel(read_map: ReadMap) -> Formula:
    return Sym(KERNEL, tuple(name for _, _, names in families(read_map) for name in names))


@claim_parts.register
def _(claim: Reads, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    parts: list[Inline] = []
    for line, letter, names in families(read_map):
        if line is read_map.channels:
            parts += words(
                "{} has a single one, in the row of the output channel and the column of the input channel that kernel entry {} joins. ",
                Sym(letter, tuple(names)), Chain(",", tuple(names)),
            )  # fmt: skip
            continue
        p = variable(line.letters.input)
        there = line.position
        condition: Formula = Chain("is", (Sym(PADDED, (there,)), Sym(INPUT, (p,)))) if line.mode else equals(p, there)
        rule = equals(_entry(letter, names, line), Cases(((1, condition), (0, "otherwise"))))
        parts += words("{}. ", rule)
    padded = [line for line in read_map.axes if line.mode is not None]
    if padded:
        along = ", taken along the axis alone" if len(read_map.lines) > 1 else ""
        parts += words("Here {} is the padded input" + along + ".", PADDED)
    return tuple(parts)


def _entry(letter: str, names: list[Formula], line: Line) -> Formula:
    """(S_u)_{i,p}."""
    return Entry(
        Group(Sym(letter, tuple(names))), Chain(",", (variable(line.letters.output), variable(line.letters.input)))
    )


@claim_parts.register
def _(claim: SumOfFactors, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    rows = [variable(line.letters.output) for line in read_map.lines]
    columns = [variable(line.letters.input) for line in read_map.lines]
    entries_ = tuple(_entry(letter, names, line) for line, letter, names in families(read_map))
    total = Juxtapose((*_sigmas(read_map), _kernel(read_map), *entries_))
    return words("{}.", equals(matrix_entry(WEIGHT, rows, columns), total))


@claim_parts.register
def _(claim: KroneckerSum, proof: Proof) -> Said:
    return words("{}.", kronecker_formula(proof.layer.read_map))


def kronecker_formula(read_map: ReadMap) -> Formula:
    """W = sum over u and v of k_{u,v} S_u x T_v."""
    factors = tuple(Sym(letter, tuple(names)) for _, letter, names in families(read_map))
    term = Chain("(x)", factors) if len(factors) > 1 else factors[0]
    return equals(WEIGHT, Juxtapose((*_sigmas(read_map), _kernel(read_map), term)))


@reason_parts.register
def _(rule: Tabulate, step: Step, proof: Proof) -> Said:
    return ("definition",)


@reason_parts.register
def _(rule: Collect, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    several = "; those that do add up" if reads_twice(read_map) else "; at most one does"
    if prod(line.taps for line in read_map.lines) == 1:
        return ("an entry is the kernel entry where its factor has a one",)
    return (f"an entry collects the kernel entries whose factor has a one there{several}",)


@reason_parts.register
def _(rule: Kronecker, step: Step, proof: Proof) -> Said:
    if len(proof.layer.read_map.lines) == 1:
        return (f"{cited(step.cites[0])} for all entries",)
    return (
        f"{cited(step.cites[0])}: an entry of a Kronecker product is the product of the factors' entries, "
        "when positions are numbered row by row",
    )
