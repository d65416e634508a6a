"""One proof at three depths: brief, standard and full.

`standard` is the theorem's own document. `brief` keeps of it the layer and what is special to the theorem,
and says in one sentence why it holds; `full` leaves out nothing: all rows, and under a step that says "theorem
weight_matrix" the steps of that proof, numbered as in L. Lamport, "How to write a 21st century proof".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import SpecError
from ..formula import Sym, position
from ..identities import Known
from ..layers import Layer
from ..pictures.model import Picture
from ..proof import Proof, Step
from ..sums import INPUT, KERNEL, WEIGHT, variable
from .blocks import (
    Block,
    Display,
    Document,
    Emph,
    Heading,
    Matrix,
    Paragraph,
    ProofStep,
    Reference,
    Statement,
    Steps,
    numbered,
    words,
)
from .identities import known
from .rows import rows
from .walk import changed, every
from .wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, padded_input, reason_parts

DEPTHS = ("brief", "standard", "full")
SHARED = ("Output size", "Flattening")
"""The sections that a brief page does without; setting and definition stay, and say what it is about."""


def at_depth(proof: Proof, depth: str = "standard") -> Document:
    """The document of a proof, at that depth."""
    if depth not in DEPTHS:
        raise SpecError("depth", depth, "must be one of " + ", ".join(DEPTHS), 'depth="brief"')
    document = proof.theorem.document(proof)
    if depth == "standard":
        return document
    return _brief(proof, document) if depth == "brief" else _full(proof, document)


# Brief --------------------------------------------------------------------------------------------


def _brief(proof: Proof, document: Document) -> Document:
    """The layer, what is special to the theorem, its statement, why, and what was checked."""
    stated = next(n for n, block in enumerate(document.blocks) if isinstance(block, Statement))
    statement = document.blocks[stated]
    first, *sections = _sections(document.blocks[:stated])
    own = [section for section in sections if _name(section) not in SHARED]
    own = [section for section in own if _name(section) != "The weight matrix" or _holds(section, Matrix)] or own
    needed = {each.label for each in every((statement, *own)) if isinstance(each, Reference)}
    kept = [section for section in sections if section in own or needed & set(_labels(section))]
    why = Paragraph((Emph("Why:"), " ", *proof.theorem.why))
    last = tuple(block for block in document.blocks[stated:] if isinstance(block, Paragraph) and block.small)
    blocks = (*first, *(block for section in kept for block in section if not isinstance(block, Picture)))
    blocks = (*blocks, statement, why, *last)
    return Document(document.title, blocks, document.key)


def _sections(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks from each heading up to the next."""
    found: list[list[Block]] = []
    for block in blocks:
        if isinstance(block, Heading) or not found:
            found.append([])
        found[-1].append(block)
    return found


def _name(section: Sequence[Block]) -> str:
    head = section[0]
    return "".join(part for part in head.parts if isinstance(part, str)) if isinstance(head, Heading) else ""


def _holds(section: Sequence[Block], kind: type) -> bool:
    return any(isinstance(block, kind) for block in section)


def _labels(section: Sequence[Block]) -> list[str]:
    return [block.label for block in section if isinstance(block, Display) and block.label]


# Full ---------------------------------------------------------------------------------------------


def _full(proof: Proof, document: Document) -> Document:
    """All rows, and every step down to the definition."""
    blocks = list(document.blocks)
    some = rows(proof) if WEIGHT in proof.matrices and isinstance(proof.layer, Layer) else []
    for at in range(len(blocks)):
        if some and blocks[at : at + len(some)] == some:
            blocks[at : at + len(some)] = rows(proof, full=True)
            break
    expanded = [_expanded(block, proof, document) if isinstance(block, Steps) else block for block in blocks]
    below = sum(isinstance(each, ProofStep) and each.level > 1 for each in every(tuple(expanded)))
    last = expanded[-1]
    if below and isinstance(last, Paragraph):
        said = f" The {below} steps of the theorem weight_matrix below them were checked in the same way."
        expanded[-1] = Paragraph((*last.parts, said), last.small)
    return Document(document.title, tuple(expanded), document.key)


def _expanded(block: Steps, proof: Proof, document: Document) -> Steps:
    found: list[ProofStep] = []
    for number, (shown, step) in enumerate(zip(block.steps, proof.steps, strict=True), 1):
        found.append(shown)
        if isinstance(step.rule, Known):
            found += _steps_below(number, step, proof, document)
    return Steps(block.opening, tuple(found))


def _steps_below(number: int, step: Step, proof: Proof, document: Document) -> list[ProofStep]:
    """The steps that prove what a cited weight matrix is; the last of that proof, about batches, is of no use here."""
    layer, letter = step.claim.layer, step.claim.letter  # type: ignore[attr-defined]
    inner = known(layer)
    used = inner.steps[: inner.number_of("row")]
    mine = layer == proof.layer
    shown = numbered(document) if mine else {}
    instead = {DEFINITION: "of the layer" if mine else "of that layer", ENTRY_RULE: cited(number)}

    def settle(part: object) -> object:
        match part:
            case Reference(label) if label not in shown:
                return instead[label]
            case Sym(found, indices) if found == WEIGHT:
                return Sym(letter, indices)
        return letter if part == WEIGHT else part

    below = []
    for n, each in enumerate(used, 1):
        claim, reason = claim_parts(each.claim, inner), reason_parts(each.rule, each, inner)
        if n == 1:
            claim = _for_every_output(claim, inner, mine)
            reason += () if mine else _its_letters(inner)
        below.append(ProofStep(cited(n, 2), changed(claim, settle), changed(reason, settle), 2))
    return below


def _for_every_output(claim: Said, inner: Proof, mine: bool) -> Said:
    """The definition, for every output; with the padded input, if that is of another layer than the page's."""
    read_map = inner.layer.read_map
    outputs = position(tuple(variable(line.letters.output) for line in read_map.lines))
    if read_map.padded and not mine:
        formulas = padded_input(read_map)
        claim = (*claim[:-1], *words(", where " + ", ".join("{}" for _ in formulas) + ".", *formulas))
    return (*words("For every output {}, ", outputs), *claim)


def _its_letters(inner: Proof) -> Said:
    if inner.layer.kernel_shape is None:
        return words(", with {} for its input and {} for its output", INPUT, "y")
    return words(", with {} for its input, {} for its kernel and {} for its output", INPUT, KERNEL, "y")
