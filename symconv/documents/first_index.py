"""Indices counted from 1: every index on a page, with every limit, range and set of indices, moved up by one.

In a document an `Index` stands for an index and an int for a count or a value, so the type decides what
moves. An index expression f(i, u, ...) becomes f(i - 1, u - 1, ...) + 1. Sizes and their formulas stay.

What is printed is what is checked: every expression is evaluated beside the original one, at as many points
as tell two affine expressions apart, and every sum of the proof for every output, range by range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ..along import distinct
from ..claims import Claim
from ..errors import ProofFailed, SpecError
from ..formula import Call, Chain, Group, Typeset
from ..pictures.model import Label, Picture, Scene, replaced
from ..proof import Proof
from ..readmap import Line, with_quotients
from ..report import Failure, Report
from ..sums import Fibre, Index, Span, Sum, floored, quotient
from .blocks import Cell, Document, Paragraph
from .walk import changed

CHOICES = (0, 1)
THEOREM = "weight_matrix"
_SYMBOL = re.compile(r"(?<![^\W_])([xkyzb])\[([−-]?\d+(?:,[−-]?\d+)*)\]")
_NAME = re.compile(r"W\d+(,\d+)*|k\[[\w,]*\]")  # of a block or a kernel entry, in a terminal
_LABEL = re.compile(r"(channel \d+)?(, )?(slice −?\d+)?|−?\d+(,−?\d+)*")
_OUTPUT = re.compile(r"(?<=output )(\d+|\(\d+(?:, \d+)*\))(?=, framed)")


def checked_first(value: object) -> int:
    """0 or 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value not in CHOICES:
        raise SpecError("first_index", value, "must be 0 or 1", "first_index=1")
    return value


def counted_from_one(document: Document, proof: Proof) -> Document:
    """The page of weight_matrix with indices from 1, after its sums have been evaluated as they will be printed."""
    if proof.theorem.name != THEOREM:
        rule = f"is for the page of {THEOREM}; that of {proof.theorem.name} has indices from 0"
        raise SpecError("first_index", 1, rule, f'theorem="{THEOREM}"')
    sums = sum(_same_terms(proof))
    *blocks, last = moved(document.blocks)
    said = f" With indices from 1, as they are printed, the {sums} sums of the steps were evaluated for every output once more."
    return Document(document.title, (*blocks, Paragraph((*last.parts, said), last.small)), document.key)


def moved(part: Any) -> Any:
    """A document, or a part of one, with every index moved up by one."""
    return changed(part, _moved)


def _moved(part: Any) -> Any:
    match part:
        case Index():
            return moved_index(part)
        case Span():
            return moved_span(part)
        case Fibre(span, onto):
            return Fibre(moved_span(span), onto)
        case Chain("/", (Call() as source, int() as scale)):  # the quotient is an index, and so is r(f)
            return Chain("+", (Chain("/", (Group(Chain("-", (source, 1))), scale)), 1))
        case Chain("-", (first, *rest)):
            return Chain("-", (first, *(Group(each) if _several(each) else each for each in rest)))
        case Typeset(inner, _):  # typeset from the code that runs, whose indices start at 0
            return inner
        case Cell(formula, colour, short) if _NAME.fullmatch(short):
            return Cell(formula, colour, _one_more(short))
        case Label(_, _, str() as text) if _LABEL.fullmatch(text):
            return replaced(part, text=_one_more(text))
        case Scene():
            return replaced(part, description=_in_words(part.description))
        case Picture():
            said = {name: _in_words(getattr(part, name)) for name in ("caption", "description")}
            return replaced(part, **said)
    return part


def _several(part: Any) -> bool:
    """Whether an index that is subtracted needs brackets."""
    return isinstance(part, Index) and len(part.signed()) > 1 and part.divisor == 1


def _in_words(text: str) -> str:
    """The indices in the words below a picture."""
    text = _SYMBOL.sub(lambda found: f"{found[1]}[{_one_more(found[2])}]", text)
    return _OUTPUT.sub(lambda found: _one_more(found[0]), text)


def _one_more(text: str) -> str:
    """Every number in a text one more."""
    return re.sub(r"[−-]?\d+", lambda found: str(int(found[0].replace("−", "-")) + 1).replace("-", "−"), text)


# Index expressions --------------------------------------------------------------------------------


def moved_index(index: Index) -> Index:
    """f(i, u, ...) as f(i - 1, u - 1, ...) + 1, checked by values.

    >>> from ..sums import variable
    >>> print(moved_index(variable("i") * 2 + variable("u") - 1))
    2*i + u - 3
    """
    total = Index((), index.constant)
    for name, factor in index.terms:
        total = total + _one_less(name) * factor
    result = total.divided(index.divisor) + 1
    for env in _points(index):
        after = {name: value + 1 for name, value in env.items()}
        expect_equal(_value(result, after), _value(index, env) + 1, f"{result} for {index}", env)
    return result


def moved_span(span: Span) -> Span:
    """The limits are values of the variable, and move with it."""
    return Span(span.name, moved_index(span.first), moved_index(span.last), span.step)


def _one_less(name: str) -> Index:
    """A variable, or a floored quotient of one, in terms of the variable that is one more."""
    if "//" not in name:
        return Index(((name, 1),), -1)
    top, divisor = floored(name)
    shifted = Index((), top.constant)
    for letter, factor in top.terms:
        shifted = shifted + Index(((letter, 1),), -1) * factor
    return quotient(shifted, divisor)


def _points(index: Index) -> Iterator[dict[str, int]]:
    """Points that tell expressions of this form apart: two for each variable, two periods for each quotient."""
    periods: dict[str, int] = {}
    for name, _ in index.terms:
        letters, period = (
            ([name], 1) if "//" not in name else ([n for n, _ in floored(name)[0].terms], floored(name)[1])
        )
        for letter in letters:
            periods[letter] = max(periods.get(letter, 1), period)
    yield dict.fromkeys(periods, 0)
    for name, period in periods.items():
        for value in range(1, 2 * period + 1):
            yield {**dict.fromkeys(periods, 0), name: value}


def _value(index: Index, env: dict[str, int]) -> Fraction:
    known = with_quotients(dict(env), index)
    return Fraction(index.constant + sum(factor * known[name] for name, factor in index.terms), index.divisor)


# The sums of the proof ----------------------------------------------------------------------------


def _same_terms(proof: Proof) -> Iterator[int]:
    """Every sum that a step states, evaluated as it will be printed: each index one more, at each output one more."""
    for step in proof.steps:
        if isinstance(step.claim, Claim):
            lines = proof.layer.definition.read_map.lines
            for line, axis in distinct(zip(lines, step.claim.sums, strict=True)):
                _evaluated(line, axis)
            yield 1


def _evaluated(line: Line, axis: Sum) -> None:
    spans = [each.span if isinstance(each, Fibre) else each for each in axis.spans]
    new_spans = [moved_span(span) for span in spans]
    indices = [index for factor in axis.factors for index in factor.indices]
    for output in range(line.outputs):
        old = _ranges(spans, indices, {line.letters.output: output})
        new = _ranges(new_spans, [moved_index(index) for index in indices], {line.letters.output: output + 1})
        for ours, theirs in zip(new, old, strict=True):
            expect_equal(ours, theirs and range(theirs.start + 1, theirs.stop + 1, theirs.step), str(axis), output)


def _ranges(spans: list[Span], indices: list[Index], env: dict[str, int]) -> Iterator[range | None]:
    """The values of every variable of a sum, and of every index while the last variable that it uses runs."""
    known = with_quotients(dict(env), *indices, *(end for span in spans for end in (span.first, span.last)))
    values = {span.name: span.at(known) for span in spans}
    yield from values.values()
    for index in indices:
        inside = [name for name in values if index.coefficient(name)]
        if inside:
            yield index.over(inside[-1], values[inside[-1]], known)
        else:
            at = index.at(known)
            yield None if at is None else range(at, at + 1)


def expect_equal(found: object, expected: object, what: str, place: object) -> None:
    """Nothing is printed whose indices were moved wrongly."""
    if found != expected:
        failure = Failure(None, "indices from 1", f"{what} is not the same", place, None, found, expected)
        raise ProofFailed(Report(failed=(failure,)))
