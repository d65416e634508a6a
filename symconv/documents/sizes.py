"""Sizes in a document: expressions as formulas, and the table of the guide's relationships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..formula import Chain, Formula, equals
from ..steps.guide import RELATIONSHIPS, Hypothesis, Relationship
from .blocks import Block, Emph, Heading, Inline, Paragraph, Table, words
from .setting import listed, ordinal
from .size_formulas import shown


def condition(hypothesis: Hypothesis) -> Formula:
    """k = 2n + 1."""
    return Chain(hypothesis.relation, (shown(hypothesis.left), shown(hypothesis.right)))


def relationship_table(layer: Any, kind: str, axes: Sequence[Mapping[str, int]]) -> list[Block]:
    """Every relationship with its hypotheses and formula; those of this kind of layer with the verdict."""
    transposed = kind.startswith("transposed")
    text = words(
        "These are the relationships of V. Dumoulin and F. Visin, “A guide to convolution arithmetic for deep learning” "
        "(arXiv 1603.07285), with its numbers and letters: {} is the input size, {} the padding on both sides"
        + (
            ", {} the output padding, which is what remains when the convolution that it belongs to divides by its stride"
            if transposed
            else ""
        )
        + ".",
        "i'" if transposed else "i", "p", *(["a"] if transposed else []),
    )  # fmt: skip
    if any(axis.scale > 1 for axis in layer.read_map.axes) and not transposed:
        text += words(" Here {} counts the zeros between the inputs too.", "i")
    rows = [(str(each.number), _row(each, kind, axes)) for each in RELATIONSHIPS if each.kind == kind]
    others = [str(each.number) for each in RELATIONSHIPS if each.kind != kind]
    rest = f"The relationships {listed(others)} are about other kinds of layers."
    return [
        Heading(("The relationships of the guide",)),
        Paragraph(text),
        Table(tuple(rows), ("relationship", "formula")),
        Paragraph((rest,)),
    ]


def _row(each: Relationship, kind: str, axes: Sequence[Mapping[str, int]]) -> tuple[Inline, ...]:
    output = "o'" if each.back else "o"
    needs = [condition(hypothesis) for hypothesis in each.hypotheses if hypothesis.otherwise.count("{low}") == 0]
    parts = words(f"{each.name}: {{}} if {{}}. ", equals(output, shown(each.formula)), Chain(",", tuple(needs)))
    found = [each.fails(kind, sizes) for sizes in axes]
    if not any(found):
        return (*parts, Emph("Applies" + (" along every axis." if len(axes) > 1 else ".")))
    if all(found):
        return (*parts, Emph("Does not apply:"), f" {'; '.join(dict.fromkeys(filter(None, found)))}.")
    holds = [ordinal(n) for n, reason in enumerate(found) if reason is None]
    fails = "; ".join(dict.fromkeys(filter(None, found)))
    return (
        *parts,
        Emph("Applies"),
        f" along the {listed(holds)} ax{'is' if len(holds) == 1 else 'es'}; elsewhere not: {fails}.",
    )
