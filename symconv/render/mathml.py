"""Formulas in MathML Core, which browsers show without a script and screen readers read.

Browsers do not break a line within a formula, so a long one within a paragraph is written as pieces,
each a formula of its own, between which the line may break: see `inline`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from html import escape

from ..formula import (
    Array,
    Call,
    Cases,
    Chain,
    Derivative,
    Entry,
    Floor,
    Formula,
    Gap,
    Group,
    Held,
    Iverson,
    Juxtapose,
    Member,
    Power,
    Run,
    SetOf,
    Sigma,
    Sym,
    Tuple,
    Typeset,
    Words,
    held_set,
    named_set,
)
from ..sums import Fibre, Index, Span
from .formula import is_long, width

_OPERATORS = {
    "=": "=", "+": "+", "-": "−", "<=": "≤", "<": "<", ">=": "≥", "!=": "≠", "x": "×", "in": "∈", "star": "⋆", "dot": "·",
    "/": "/", ",": ",", "(x)": "⊗", "(.)": "⊙", "mod": "mod", "and": "and", "is": "is", "->": "↦", "|": "∣",
}  # fmt: skip
_OPEN, _CLOSE = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
_BREAKING = ("=", "+", "<=", ",", "and")
"""Operators before which, or for a comma after which, a line may break."""


TOGETHER = 24
"""About how many characters wide a formula may be without a place to break."""


def inline(formula: Formula) -> str:
    """A formula within a paragraph: one or more MathML formulas with places to break between them.

    A piece that may be wider than a screen gets a box of its own, which the page lets scroll.
    """
    return " ".join(_boxed(f"<math>{piece}</math>") for piece in _pieces(formula))


NARROW, BROAD = 22, 60  # letters and signs that fit on the line of a phone, and of a page


def _boxed(piece: str) -> str:
    shown = len(re.sub("<[^>]*>|&[a-z]+;", "", piece)) + 10 * piece.count("<mtable>")
    if shown <= NARROW:
        return piece
    return f'<span class="{"wide" if shown > BROAD else "piece"}">{piece}</span>'


def display(formula: Formula) -> str:
    """A formula on a line of its own."""
    return f'<math display="block">{mathml(formula)}</math>'


def _pieces(formula: Formula) -> Iterator[str]:
    if width(formula) <= TOGETHER:
        yield mathml(formula)
        return
    match formula:
        case Typeset(inner, _):
            yield from _pieces(inner)
        case Gap(inside, True):
            first, *more = _pieces(inside)
            yield from (f"{_MARK}{first}", *more)
        case Chain(sign, parts) if sign in _BREAKING:
            for n, part in enumerate(parts):
                pieces = list(_pieces(part))
                if sign == "," and n + 1 < len(parts):
                    pieces[-1] += operator(",")
                elif sign != "," and n:
                    pieces[0] = operator(sign) + pieces[0]
                yield from pieces
        case Juxtapose((Sigma(), *_) as parts):
            signs = [part for part in parts if isinstance(part, Sigma)]
            yield "".join(map(mathml, signs))
            yield mathml(Juxtapose(tuple(part for part in parts if not isinstance(part, Sigma))))
        case _:
            yield mathml(formula)


def mathml(formula: Formula) -> str:
    """The formula in MathML, without the math element around it."""
    match formula:
        case str():
            return _name(formula)
        case int():
            return _number(formula)
        case Fraction(numerator=top, denominator=bottom):
            if bottom == 1:
                return _number(top)
            minus = "<mo>−</mo>" if top < 0 else ""
            return _row(f"{minus}<mfrac><mn>{abs(top)}</mn><mn>{bottom}</mn></mfrac>")
        case Index():
            return _index(formula)
        case Sym(letter, ()):
            return _name(letter)
        case Sym("", indices):
            return _row(_commas(indices))
        case Sym(letter, indices):
            if letter.endswith("'"):
                return _primed(letter, _row(_commas(indices)))
            name = _name(letter)
            name = _row(f"{_OPEN}{name}{_CLOSE}") if "<msub>" in name else name  # V_6 has an index already
            return f"<msub>{name}{_row(_commas(indices))}</msub>"
        case Entry(vector, index):
            return f"<msub>{mathml(vector)}{mathml(index)}</msub>"
        case Juxtapose(parts):
            return _row('<mspace width="0.17em"/>'.join(map(mathml, parts)))
        case Chain(sign, parts):
            return _row(operator(sign).join(map(mathml, parts)))
        case Sigma(over):
            return _sigma(over)
        case Iverson(condition):
            return _row(f'<mo stretchy="false">[</mo>{mathml(condition)}<mo stretchy="false">]</mo>')
        case Group(inside):
            tall = isinstance(inside, Juxtapose) and any(isinstance(part, Sigma) for part in inside.parts)
            return _row(f"<mo>(</mo>{mathml(inside)}<mo>)</mo>" if tall else f"{_OPEN}{mathml(inside)}{_CLOSE}")
        case Tuple(items):
            return _row(f"{_OPEN}{_commas(items)}{_CLOSE}")
        case SetOf(items, dots):
            listed = [mathml(item) for item in items]
            if dots:
                listed = [*listed[:-1], "<mo>…</mo>", listed[-1]]
            return _row(f"<mo>{{</mo>{'<mo>,</mo>'.join(listed)}<mo>}}</mo>")
        case Cases(rows):
            return _cases(rows)
        case Floor(top, bottom):
            inside = mathml(top) if bottom is None else f"<mfrac>{mathml(top)}{mathml(bottom)}</mfrac>"
            return _row(f"<mo>⌊</mo>{inside}<mo>⌋</mo>")
        case Power(base, exponent):
            return f"<msup>{mathml(base)}{mathml(exponent)}</msup>"
        case Derivative(of, by):
            return _row(f"<mi>∂</mi>{mathml(of)}<mo>/</mo><mi>∂</mi>{mathml(by)}")
        case Call(name, argument):
            return _row(f"{_name(name)}{_OPEN}{mathml(argument)}{_CLOSE}")
        case Array(rows):
            cells = (f"<mtr>{''.join(f'<mtd>{_cell(each)}</mtd>' for each in row)}</mtr>" for row in rows)
            return _row(f"<mo>[</mo><mtable>{''.join(cells)}</mtable><mo>]</mo>")
        case Words(text):
            return f"<mtext>{escape(text)}</mtext>"
        case Gap(inside, filled):
            return _gap(inside, filled)
        case Typeset(inner, _):
            return mathml(inner)
    raise AssertionError(f"not a formula: {formula!r}")


_MARK = "<mo>▸</mo>"


def _gap(inside: Formula, filled: bool) -> str:
    if not filled:
        return f"<mtext>{'_' * (24 if is_long(inside) else 4)}</mtext>"
    if is_long(inside):
        return _row(_MARK + mathml(inside))
    return f'<mrow style="outline: 1.5px solid">{_cell(inside)}</mrow>'


def _row(inside: str) -> str:
    return f"<mrow>{inside}</mrow>"


def _cell(value: Formula) -> str:
    return "<mo>·</mo>" if value == 0 else mathml(value)


def _commas(items: tuple[Formula, ...]) -> str:
    return "<mo>,</mo>".join(map(mathml, items))


def _number(value: int) -> str:
    return f"<mn>{value}</mn>" if value >= 0 else f"<mrow><mo>−</mo><mn>{-value}</mn></mrow>"


def operator(name: str) -> str:
    """The sign between two formulas; a word stands apart from them."""
    sign = _OPERATORS[name]
    return f"<mtext>\u00a0{sign}\u00a0</mtext>" if sign.isalpha() else f"<mo>{escape(sign)}</mo>"


def _name(name: str) -> str:
    """A variable: one letter, a letter with a number, or a floored quotient."""
    name = name.replace("_", "")  # r_1 is r with the index 1
    base, _, divisor = name.partition("//")
    if divisor:
        return _row(f"<mo>⌊</mo>{_quotient_top(base)}<mo>/</mo><mn>{divisor}</mn><mo>⌋</mo>")
    numbered = re.fullmatch(r"([^\W\d]'*)(\d+)", name)
    if numbered and numbered[1].endswith("'"):
        return _primed(numbered[1], f"<mn>{numbered[2]}</mn>")
    if numbered:
        return f"<msub><mi>{escape(numbered[1])}</mi><mn>{numbered[2]}</mn></msub>"
    if name.isdigit():
        return f"<mn>{name}</mn>"
    if name.endswith("'"):
        return _primed(name)
    return f"<mi>{escape(name)}</mi>"


def _primed(name: str, below: str = "") -> str:
    """k' or k'_u: the prime is a sign of its own, so that one letter stays slanted as it is elsewhere."""
    letter = name.rstrip("'")
    primes = f"<mo>{'′' * (len(name) - len(letter))}</mo>"
    return f"<msubsup>{_name(letter)}{below}{primes}</msubsup>" if below else f"<msup>{_name(letter)}{primes}</msup>"


def _quotient_top(base: str) -> str:
    """The top of a floored quotient, written as Python writes it: i, or (2*i - 1)."""
    signs = {"(": _OPEN, ")": _CLOSE, "+": "<mo>+</mo>", "-": "<mo>−</mo>"}
    return "".join(signs.get(each) or _name(each) for each in re.findall(r"\w+'?|[()+-]", base))


def _index(index: Index) -> str:
    terms = []
    for n, (factor, name) in enumerate(index.signed()):
        if n or factor < 0:
            terms.append("<mo>−</mo>" if factor < 0 else "<mo>+</mo>")
        if name is None or abs(factor) != 1:
            terms.append(f"<mn>{abs(factor)}</mn>")
        if name is not None:
            terms.append(_name(name))
    top = "".join(terms)
    if index.divisor == 1:
        return _row(top)
    if len(index.signed()) > 1:
        top = f"{_OPEN}{top}{_CLOSE}"
    return _row(f"{top}<mo>/</mo><mn>{index.divisor}</mn>")


def _sigma(over: Span | Fibre | Held | Run | Member) -> str:
    match over:
        case Run(name, first, last):
            under = _row(f"{_name(name)}<mo>=</mo>{mathml(first)}")
            return f"<munderover><mo>∑</mo>{under}{mathml(last)}</munderover>"
        case Member(name, members):
            within = f"{_name(name)}<mo>∈</mo>{mathml(members)}"
        case Span(name, first, last, 1):
            under = _row(f"{_name(name)}<mo>=</mo>{mathml(first)}")
            return f"<munderover><mo>∑</mo>{under}{mathml(last)}</munderover>"
        case Span(name):
            within = f"{_name(name)}<mo>∈</mo>{_name(named_set(name))}"
        case Fibre(span, onto):
            within = f"{_name(span.name)}<mo>∈</mo>{_name(named_set(span.name))}<mo>∩</mo>{mathml(held_set(onto))}"
        case _:
            within = f"{_name(over.name)}<mo>∈</mo>{mathml(held_set(over.onto))}"
    return f"<munder><mo>∑</mo>{_row(within)}</munder>"


def _cases(rows: tuple[tuple[Formula, Formula | str], ...]) -> str:
    lines = []
    for value, condition in rows:
        said = (
            f"<mtext>{escape(condition)}</mtext>"
            if isinstance(condition, str)
            else f"<mtext>if\u00a0</mtext>{mathml(condition)}"
        )
        lines.append(f'<mtr><mtd class="left">{mathml(value)}</mtd><mtd class="left">{said}</mtd></mtr>')
    return _row(f"<mo>{{</mo><mtable>{''.join(lines)}</mtable>")
