"""Formulas in LaTeX and in plain text.

The two writers say the same, node for node. In LaTeX, places where a long inline formula may break
are marked by `\\allowbreak`, so that a formula set within a paragraph never runs off the line.
"""

from __future__ import annotations

import re
from fractions import Fraction

from ..documents.typeset import spaced, typeset
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
from ..sums import Fibre, Index, Span, join_signed

_LATEX_OPERATORS = {
    "=": "=",
    "+": "+",
    "<=": r"\le ",
    "<": "<",
    "x": r"\times ",
    "in": r"\in ",
    "and": r"\text{ and }",
    "star": r"\star ",
    "dot": r"\cdot ",
    "/": "/",
    ",": r",\allowbreak\ ",
    "-": "-",
    "is": r"\text{ is }",
    "!=": r"\ne ",
    ">=": r"\ge ",
    "(x)": r"\otimes ",
    "(.)": r"\odot ",
    "mod": r"\bmod ",
    "->": r"\mapsto ",
    "|": r"\mid ",
}
_TEXT_OPERATORS = {
    "=": " = ",
    "+": " + ",
    "<=": " ≤ ",
    "<": " < ",
    "x": "×",
    "in": " ∈ ",
    "and": " and ",
    "star": " ⋆ ",
    "dot": "·",
    "/": "/",
    ",": ", ",
    "-": " - ",
    "is": " is ",
    "!=": " ≠ ",
    ">=": " ≥ ",
    "(x)": " ⊗ ",
    "(.)": " ⊙ ",
    "mod": " mod ",
    "->": " ↦ ",
    "|": " | ",
}


TIE = "\u00a0"  # a space at which plain text does not break its lines; renderers print it as a space


def latex(formula: Formula) -> str:
    """The formula in LaTeX, without dollar signs."""
    match formula:
        case str():
            return _latex_name(formula)
        case int():
            return str(formula)
        case Fraction(numerator=top, denominator=bottom):
            sign = "-" if top < 0 else ""
            return str(top) if bottom == 1 else rf"{sign}\tfrac{{{abs(top)}}}{{{bottom}}}"
        case Index():
            return _latex_index(formula)
        case Sym(letter, ()):
            return _latex_name(letter)
        case Sym("", indices):
            return ",".join(map(latex, indices))
        case Sym(letter, indices):
            name = _latex_name(letter)
            name = f"({name})" if "_" in name else name  # V_6 has an index already
            return f"{name}_{{{','.join(_tight(latex(index)) for index in indices)}}}"
        case Entry(vector, index):
            return f"{latex(vector)}_{{{latex(index)}}}"
        case Juxtapose(parts):
            return "".join(_latex_gap(parts, n) + latex(part) for n, part in enumerate(parts))
        case Chain(operator, parts):
            return _LATEX_OPERATORS[operator].join(map(latex, parts))
        case Sigma(Span(name, first, last, 1)):
            return rf"\sum_{{{_latex_name(name)}={latex(first)}}}^{{{latex(last)}}}"
        case Sigma(Span(name)):
            return rf"\sum_{{{_latex_name(name)}\in {_latex_name(named_set(name))}}}"
        case Sigma(Fibre(span, onto)):
            return (
                rf"\sum_{{{_latex_name(span.name)}\in {_latex_name(named_set(span.name))}\cap {latex(held_set(onto))}}}"
            )
        case Sigma(Held(name, onto)):
            return rf"\sum_{{{_latex_name(name)}\in {latex(held_set(onto))}}}"
        case Sigma(Run(name, first, last)):
            return rf"\sum_{{{_latex_name(name)}={latex(first)}}}^{{{latex(last)}}}"
        case Sigma(Member(name, members)):
            return rf"\sum_{{{_latex_name(name)}\in {latex(members)}}}"
        case Iverson(condition):
            return rf"[{latex(condition)}]"
        case Group(inside):
            return rf"\bigl({latex(inside)}\bigr)"
        case Tuple(items):
            return f"({','.join(map(latex, items))})"
        case SetOf(items, dots):
            return (
                r"\{"
                + _listed([latex(item) for item in items], dots, r"\dots").replace(", ", r",\allowbreak\ ")
                + r"\}"
            )
        case Cases(rows):
            ends = [","] * (len(rows) - 1) + ["."]
            lines = [
                rf"{latex(value)} & {_latex_condition(said, end)}"
                for (value, said), end in zip(rows, ends, strict=True)
            ]
            return r"\begin{cases}" + r"\\ ".join(lines) + r"\end{cases}"
        case Floor(Chain("/") as inside, None):
            return rf"\lfloor {latex(inside)}\rfloor "
        case Floor(inside, bottom) if bottom is None:
            return rf"\bigl\lfloor {latex(inside)}\bigr\rfloor"
        case Floor(top, bottom):
            return rf"\Bigl\lfloor\frac{{{latex(top)}}}{{{latex(bottom or 1)}}}\Bigr\rfloor"
        case Power(base, exponent):
            return rf"{latex(base)}^{{{latex(exponent)}}}"
        case Derivative(of, by):
            return rf"\partial {latex(of)}/\partial {latex(by)}"
        case Call(name, argument):
            called = _SIGNS[name].strip() if name in _SIGNS else rf"\operatorname{{{name}}}"
            return f"{called}({latex(argument)})"
        case Array(rows):
            columns = "c" * max(map(len, rows), default=1)
            body = r"\\ ".join(" & ".join(r"\cdot" if each == 0 else latex(each) for each in row) for row in rows)
            return rf"\left[\begin{{array}}{{@{{\,}}{columns}@{{\,}}}}{body}\end{{array}}\right]"
        case Words(text):
            return _latex_words(text)
        case Gap():
            return _latex_gap_of(formula)
        case Typeset(inside, code):
            return typeset(code) or spaced(latex(inside))
    raise AssertionError(f"not a formula: {formula!r}")


def text(formula: Formula) -> str:
    """The formula as plain text."""
    match formula:
        case str():
            return formula
        case int() | Fraction():
            return str(formula)
        case Index():
            return _text_index(formula)
        case Sym(letter, ()):
            return letter
        case Sym("", indices):
            return ",".join(map(text, indices))
        case Sym(letter, indices):
            return f"{letter}[{','.join(text(index).replace(' ', '') for index in indices)}]"
        case Entry(vector, index):
            return f"{text(vector)}[{text(index)}]"
        case Juxtapose(parts):
            return "".join(_gap(parts, n) + text(part) for n, part in enumerate(parts))
        case Chain("-", ("", *parts)):
            return "-" + " - ".join(map(text, parts))
        case Chain(operator, parts):
            return _TEXT_OPERATORS[operator].join(map(text, parts))
        case Sigma(Span(name, first, last, 1)):
            return f"Σ_{{{name}={text(first)}..{text(last)}}}".replace(" ", "")
        case Sigma(Span(name)):
            return f"Σ_{{{name}∈{named_set(name)}}}"
        case Sigma(Fibre(span, onto)):
            return f"Σ_{{{span.name}∈{named_set(span.name)}∩{text(held_set(onto))}}}"
        case Sigma(Held(name, onto)):
            return f"Σ_{{{name}∈{text(held_set(onto))}}}"
        case Sigma(Run(name, first, last)):
            return f"Σ_{{{name}={text(first)}..{text(last)}}}".replace(" ", "").replace(TIE, "")
        case Sigma(Member(name, members)):
            return f"Σ_{{{name}∈{text(members)}}}"
        case Iverson(condition):
            return f"[{text(condition)}]"
        case Group(inside):
            return f"({text(inside)})"
        case Tuple(items):
            return f"({','.join(text(item) for item in items)})"
        case SetOf(items, dots):
            return "{" + _listed([text(item) for item in items], dots, "...") + "}"
        case Cases(rows):
            return "; ".join(
                f"{text(value)} {condition if isinstance(condition, str) else 'if ' + text(condition)}"
                for value, condition in rows
            )
        case Floor(inside, bottom) if bottom is None:
            return f"⌊{text(inside)}⌋"
        case Floor(top, bottom):
            return f"⌊({text(top)}) / {text(bottom or 1)}⌋"
        case Power(base, exponent):
            above = text(exponent)
            return f"{text(base)}^{above}" if above.isalnum() or above == "-1" else f"{text(base)}^({above})"
        case Derivative(of, by):
            return f"∂{text(of)}/∂{text(by)}"
        case Call(name, argument):
            return f"{name}({text(argument)})"
        case Array(rows):
            return "[" + "; ".join(TIE.join("." if each == 0 else text(each) for each in row) for row in rows) + "]"
        case Words(words):
            return words
        case Gap(inside, filled):
            return f"«{text(inside)}»" if filled else "_" * (40 if is_long(inside) else 6)
        case Typeset(inner, _):
            return text(inner)
    raise AssertionError(f"not a formula: {formula!r}")


_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "−": "$-$", "·": r"$\cdot$", "…": r"$\dots$", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$", "“": "``", "”": "''", "⁻": "$^-$", "¹": "$^1$", "⟨": r"$\langle$", "⟩": r"$\rangle$",
}  # fmt: skip


def escape(words: str) -> str:
    """Words for LaTeX's text mode; no character of them is a command.

    >>> print(escape("padding_mode & 100%"))
    padding\\_mode \\& 100\\%
    """
    return "".join(
        _ESCAPES.get(character) or (character if _known(character) else _code(character)) for character in words
    )


def _known(character: str) -> bool:
    """Whether pdfLaTeX has a sign for it with the packages that a document loads."""
    return " " <= character < "\x7f" or "\xa0" <= character < "\u0180" or character in "\n–—‘’…†‡•€"


def _code(character: str) -> str:
    return f"[U+{ord(character):04X}]"


def _gap(parts: tuple[Formula, ...], n: int) -> str:
    """What stands before part n in text: lines may break after a summation sign, not within a product."""
    return "" if n == 0 else " " if isinstance(parts[n - 1], Sigma) else TIE


def _latex_gap(parts: tuple[Formula, ...], n: int) -> str:
    """The same in LaTeX, where a thin space parts the factors."""
    if n == 0 or isinstance(parts[n - 1], Sigma):
        return r"\allowbreak " if n else ""
    # Beside summation signs a term may be long, and break between its factors; in a written-out row k x stays together.
    return r"\,\allowbreak " if any(isinstance(part, Sigma) for part in parts) else r"\,"


def is_long(inside: Formula) -> bool:
    """Whether what fills a gap needs a line rather than a place."""
    return isinstance(inside, Juxtapose) or (isinstance(inside, Chain) and inside.operator == "+")


def _latex_gap_of(gap: Gap) -> str:
    """A line to write on; or what fills it, in a frame or, where it may need several lines, after a mark."""
    if not gap.filled:
        return rf"\underline{{\hspace{{{20 if is_long(gap.inside) else 1.6}em}}}}"
    inside = r"\cdot" if gap.inside == 0 else latex(gap.inside)
    if is_long(gap.inside):
        return rf"\mathord{{\blacktriangleright}}\;{inside}"
    return rf"{{\fboxsep=1.5pt\boxed{{{inside}}}}}"


def width(formula: Formula) -> float:
    """About how wide the formula is when typeset inline, in characters of running text."""
    match formula:
        case Sigma(over):
            limits = _limits(over)
            return 2 + 0.6 * max(len(limit) + 2 * (n == 0) for n, limit in enumerate(limits))
        case Sym(letter, indices):
            return len(letter) + 0.6 * sum(len(text(index).replace(" ", "")) + 1 for index in indices)
        case Derivative(of, by):
            return 3 + width(of) + width(by)
        case Juxtapose(parts):
            return sum(map(width, parts)) + 0.5 * len(parts)
        case Array(rows):
            return 3 + sum(1.5 + max(map(width, column)) for column in zip(*rows, strict=True))
        case Chain(_, parts):
            return sum(map(width, parts)) + 3 * (len(parts) - 1)
        case Group(inside) | Typeset(inside, _) | Gap(inside, _):
            return width(inside) + 2
        case Cases(rows):
            return 4 + max(
                width(value) + (9 if isinstance(condition, str) else _stacked(condition)) for value, condition in rows
            )
    return float(len(text(formula)))


def _limits(over: Span | Fibre | Held | Run | Member) -> tuple[str, ...]:
    match over:
        case Span() | Run():
            return latex(over.first), latex(over.last)
        case Member():
            return (text(over.set),)
    return (over.onto,)


_SYMBOLS = {"π": r"\pi ", "√": r"\surd ", "−": "-", "·": r"\cdot ", "…": r"\dots "}


def _latex_words(words: str) -> str:
    """Words in a formula, their signs set as signs: no dollar may stand within a formula in Markdown."""
    pieces = re.split("([−·…π√])", words)
    return "".join(_SYMBOLS.get(piece) or rf"\text{{{escape(piece)}}}" for piece in pieces if piece)


def _stacked(condition: Formula) -> float:
    """The width of a condition, whose parts stand one below the other when there are more than two."""
    if isinstance(condition, Chain) and condition.operator == "and" and len(condition.parts) > 2:
        return 6 + max(map(width, condition.parts))
    return 2 + width(condition)


_SIGNS = {
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\epsilon ", "ζ": r"\zeta ", "η": r"\eta ",
    "θ": r"\theta ", "κ": r"\kappa ", "λ": r"\lambda ", "ω": r"\omega ", "σ": r"\sigma ", "μ": r"\mu ", "Σ": r"\Sigma ",
    "Λ": r"\Lambda ", "∞": r"\infty ", "⋯": r"\cdots ", "⋮": r"\vdots ", "⋱": r"\ddots ", "⊙": r"\odot ", "…": r"\dots ", "ℤ": r"\mathbb{Z}",
}  # fmt: skip


def _latex_name(name: str) -> str:
    plain = name.rstrip("'")
    if plain in _SIGNS:
        return _SIGNS[plain].rstrip() + name[len(plain) :] if plain != name else _SIGNS[name]
    base, _, quotient = name.partition("//")
    if quotient:
        top = base.replace("*", " ") if "(" in base else _latex_name(base)
        return rf"\lfloor {_bare(top)}/{quotient}\rfloor "
    letters = re.fullmatch(r"([A-Za-z]'?|[α-ω])(\d+)", name)
    if letters:
        return f"{_SIGNS.get(letters[1], letters[1]).strip()}_{{{letters[2]}}}"
    return name if len(plain) == 1 or name.startswith("\\") else rf"\mathrm{{{escape(name)}}}"


def _latex_index(index: Index) -> str:
    parts = index.signed()
    top = join_signed(parts, " ", {key: _latex_name(key) for key, _ in index.terms})
    if index.divisor == 1:
        return top
    return f"({top})/{index.divisor}" if len(parts) > 1 else f"{top}/{index.divisor}"


def _text_index(index: Index) -> str:
    names = {key: _text_floor(key) if "//" in key else key for key, _ in index.terms}
    parts = index.signed()
    top = join_signed(parts, "", names)
    if index.divisor == 1:
        return top
    return f"({top})/{index.divisor}" if len(parts) > 1 else f"{top}/{index.divisor}"


def _text_floor(name: str) -> str:
    top, _, divisor = name.replace("*", "").partition("//")
    return f"⌊{_bare(top)}/{divisor}⌋"


def _bare(top: str) -> str:
    """A numerator without brackets, where it is a single term."""
    inside = top.strip("()")
    return top if " + " in inside or " - " in inside else inside


def _tight(index: str) -> str:
    return index.replace(" + ", "+").replace(" - ", "-")


def _listed(items: list[str], dots: bool, ellipsis: str) -> str:
    if dots:
        items = [*items[:-1], ellipsis, items[-1]]
    return ", ".join(items)


def _latex_condition(condition: Formula | str, end: str) -> str:
    if isinstance(condition, str):
        return rf"\text{{{escape(condition)}}}{end}"
    if isinstance(condition, Chain) and condition.operator == "and" and len(condition.parts) > 2:
        lines = [*(latex(part) + "," for part in condition.parts[:-2]), latex(condition.parts[-2]) + r"\text{ and}"]
        stacked = r" \\ ".join([*lines, latex(condition.parts[-1]) + end])
        return rf"\text{{if }}\begin{{array}}[t]{{@{{}}l@{{}}}}{stacked}\end{{array}}"
    return rf"\text{{if }}{latex(condition)}{end}"
