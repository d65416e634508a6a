"""The reader's own notation: other names for input, kernel, output, bias and W, and letters for the kernel entries.

Renaming goes through the finished document and changes every formula, word and picture in it; nothing is
computed anew. A name that already stands for something else on the page is refused, so two things never
share one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from string import ascii_lowercase
from typing import Any, TypeGuard

from ..errors import SpecError
from ..formula import Call, Chain, Formula, Held, Member, Run, Sigma, Sym, Typeset, equals, named_set
from ..node import Node
from ..sums import KERNEL, WEIGHT, Fibre, Index, Span
from .blocks import Document, Heading, Matrix, Paragraph, words
from .walk import changed, every
from .weights import ALPHABET

ARRAYS = {"x": "X", "k": "K", "y": "Y", "b": "B", "w": ""}
"""What can be renamed, and the array of all its entries; w is the weight matrix, which is an array itself."""
GREEK = "αβγδεζηθκλω"
_NOT_LETTERS = {"operator", "label", "key", "kind", "anchor", "panel", "name", "short", "heads", "latex", "legend"}
"""Fields whose text is no part of what a reader sees as a letter."""
_ALONE = r"(?<![^\W_]){}(?![^\W_])"
_ARTICLES = {"a", "A", "I"}


# Other names --------------------------------------------------------------------------------------


def renamed(document: Document, names: Mapping[str, str]) -> Document:
    """The document with other names for some of x, k, y, b and w.

    The array of the entries, X for x, gets the capital of the new name.
    """
    change = _letters(names)
    shown = letters(document)
    for old in change:
        if old in (*ARRAYS, WEIGHT) and old not in shown:
            raise SpecError("names", dict(names), f"{old} does not stand on this page", 'names={"x": "I"}')
    change = {old: new for old, new in change.items() if old in shown}
    for old, new in change.items():
        if new in shown and new not in change:
            rule = f"{new}, which {old} would become, already stands for something else on this page"
            free = next(each for each in "gstdehmnαβγ" if each not in shown and each.upper() not in shown)
            raise SpecError("names", dict(names), rule, f'names={{"{old.lower()}": "{free}"}}')
    pattern = re.compile(_ALONE.format(f"({'|'.join(map(re.escape, change))})"))

    def text(value: str) -> str:
        return pattern.sub(lambda found: change[found[1]], value)

    alphabet = sorted(({*ALPHABET} | {old for old in change if old.isupper()}) - {*change.values()})
    return _with_texts(document, text, alphabet)


def _letters(names: Any) -> dict[str, str]:
    """Old letter -> new letter, arrays too; each new one is one letter, and no two are the same."""
    example = 'names={"x": "I", "k": "f"}'
    if not isinstance(names, Mapping) or not names:
        raise SpecError("names", names, "must say which names change", example)
    change: dict[str, str] = {}
    for old, new in names.items():
        if old not in ARRAYS:
            raise SpecError("names", old, "has names for x, k, y, b and w only", example)
        if not (isinstance(new, str) and len(new) == 1 and ((new.isascii() and new.isalpha()) or new in GREEK)):
            raise SpecError("names", new, f"must be one letter, Latin or one of {GREEK}", example)
        if old == "w":
            change[WEIGHT] = new
        else:
            change |= {old: new, ARRAYS[old]: new.upper() if new.isascii() else f"{new}"}
    owners: dict[str, str] = {}
    for old, new in change.items():
        other = owners.setdefault(new, old)
        if other.lower() != old.lower():
            raise SpecError("names", dict(names), f"gives {other} and {old} the same name, {new}", example)
    return change


def letters(document: Document) -> set[str]:
    """Every single letter that stands on the page for something."""
    found: set[str] = set()
    for node in every(document):
        if isinstance(node, Sigma):
            found |= _of_sum(node.over)
        for name in node.__match_args__:
            if name not in _NOT_LETTERS:
                for value in _values(getattr(node, name)):
                    found |= _in(value, prose=not isinstance(node, (Sym, Call)) and " " in str(value))
    return found


def _of_sum(over: Any) -> set[str]:
    match over:
        case Fibre(span, _):
            return {span.name, named_set(span.name), "Z"}
        case Span():
            return {over.name, named_set(over.name)} if over.step > 1 else {over.name}
        case Held(name, _):
            return {name, "Z"}
        case Run(name, _, _) | Member(name, _):
            return {name}
    raise AssertionError(f"nothing to sum over: {over!r}")


def _values(value: Any) -> Iterator[Any]:
    """The texts and index expressions directly in a field."""
    match value:
        case Node():
            return
        case tuple() | list():
            for item in value:
                yield from _values(item)
        case dict():
            yield from _values(tuple(value.values()))
        case Span():
            yield from (value.name, value.first, value.last)
        case str() | Index():
            yield value


def _in(value: Any, prose: bool) -> set[str]:
    found = set(re.findall(_ALONE.format(r"([A-Za-zα-ωΑ-Ω])"), re.sub(r"(?<=\d)(?=[A-Za-z])", " ", str(value))))
    return found - _ARTICLES if prose else found


def _with_texts(document: Document, text: Callable[[str], str], alphabet: list[str]) -> Document:
    """Every text in the document changed; what was typeset from code is set by this package's own writer."""

    def rebuilt(part: Any) -> Any:
        match part:
            case Typeset(inner, _):
                return rebuilt(inner)
            case Matrix():
                legend = tuple((short, rebuilt(symbol)) for short, symbol in part.legend)
                return _relettered(_fields(part), legend, alphabet) if legend else _with_short(_fields(part), text)
            case Node():
                return _fields(part)
            case tuple():
                return tuple(map(rebuilt, part))
            case dict():
                return {key: rebuilt(value) for key, value in part.items()}
            case str():
                return text(part)
        return part

    def _fields(node: Node) -> Any:
        kept = {name: getattr(node, name) for name in node.__match_args__}
        made = {name: value if name in _NOT_LETTERS else rebuilt(value) for name, value in kept.items()}
        return type(node)(**made)

    result: Document = _fields(document)
    return result


def _with_short(matrix: Matrix, short: Callable[[str], str]) -> Matrix:
    """A matrix whose cells are, in a terminal, the formulas themselves."""
    cells = {at: type(cell)(cell.formula, cell.colour, short(cell.short)) for at, cell in matrix.cells.items()}
    return Matrix(**{**{name: getattr(matrix, name) for name in matrix.__match_args__}, "cells": cells})


def _relettered(matrix: Matrix, legend: tuple[tuple[str, Formula], ...], alphabet: list[str]) -> Matrix:
    """The letters of a terminal, without those that have become names, and with those that no longer are."""

    def name(old: str) -> str:
        turn, place = int(old[1:] or 0), ALPHABET.index(old[0])
        again, letter = divmod(turn * len(ALPHABET) + place, len(alphabet))
        return alphabet[letter] + (str(again) if again else "")

    of = {old: name(old) for old, _ in legend}
    pattern = re.compile(_ALONE.format(f"({'|'.join(of)})"))
    cells = {}
    for at, cell in matrix.cells.items():
        short = pattern.sub(lambda found: of[found[1]], cell.short)
        cells[at] = type(cell)(cell.formula, cell.colour, short)
    fields = {name: getattr(matrix, name) for name in matrix.__match_args__}
    return Matrix(**{**fields, "cells": cells, "legend": tuple((of[old], symbol) for old, symbol in legend)})


# Letters for the kernel entries -------------------------------------------------------------------


def lettered(document: Document, kernel: str = KERNEL) -> Document:
    """The document with a, b, c, ... for the kernel entries, and a sentence that says which is which."""
    used = letters(document)
    entries = sorted({_numbers(each.indices) for each in every(document) if _is_entry(each, kernel)})
    free = [letter for letter in ascii_lowercase if letter not in used]
    if not entries:
        raise SpecError("letters", True, "has no kernel entry on this page to stand for", "letters=False")
    if len(entries) > len(free):
        rule = f"has {len(free)} letters left on this page, and {len(entries)} kernel entries stand on it"
        raise SpecError("letters", True, rule, "letters=False")
    of = {indices: Sym(letter) for indices, letter in zip(entries, free, strict=False)}

    def put(part: Any) -> Any:
        if _is_entry(part, kernel):
            return of[_numbers(part.indices)]
        if isinstance(part, Matrix) and part.legend:
            return _without_legend(part)
        return part

    body = changed(document.blocks, put)
    said = words(
        "We write " + ", ".join("{}" for _ in entries) + " for the kernel entries.",
        *(equals(letter, Sym(kernel, indices)) for indices, letter in of.items()),
    )
    at = next((n for n, block in enumerate(body) if n and isinstance(block, Heading)), len(body))
    return Document(document.title, (*body[:at], Paragraph(said), *body[at:]), document.key)


def _is_entry(part: Any, kernel: str) -> TypeGuard[Sym]:
    return isinstance(part, Sym) and part.letter == kernel and bool(part.indices) and all(map(_is_number, part.indices))


def _is_number(index: Formula) -> bool:
    return isinstance(index, int) or (isinstance(index, Index) and not index.terms and index.divisor == 1)


def _numbers(indices: tuple[Formula, ...]) -> tuple[int, ...]:
    return tuple(index.constant if isinstance(index, Index) else int(index) for index in indices)  # type: ignore[arg-type]


def _without_legend(matrix: Matrix) -> Matrix:
    """In a terminal the cells hold the letters themselves."""

    def short(cell: Any) -> str:
        match cell.formula:
            case Sym(letter, ()):
                return letter
            case Chain("+", parts) if all(isinstance(part, Sym) and not part.indices for part in parts):
                return "+".join(part.letter for part in parts if isinstance(part, Sym))
        return str(cell.short)

    cells = {at: type(cell)(cell.formula, cell.colour, short(cell)) for at, cell in matrix.cells.items()}
    fields = {name: getattr(matrix, name) for name in matrix.__match_args__}
    return Matrix(**{**fields, "cells": cells, "legend": ()})
