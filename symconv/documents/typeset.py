"""The definition as latexify-py typesets it, from the very function that runs."""

from __future__ import annotations

import linecache
import re
from typing import Any

from ..definition import Definition
from ..formula import Formula, Typeset
from ..readmap import COEFFICIENT_NAMES, COEFFICIENTS
from .wording import definition_formula


def typeset(definition: Definition) -> Formula:
    """The right-hand side of the definition; where latexify is missing, as this package writes it."""
    formula = definition_formula(definition)
    try:
        import latexify
    except ImportError:  # its metadata stops below Python 3.14
        return formula
    name, text = "<symconv definition>", definition.source
    # latexify reads a function's source through linecache, and code that has no file has none there.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__builtins__": {}}
    exec(compile(text, name, "exec"), namespace)  # noqa: S102 - written by `definition.source`, as in `definition.run`
    try:
        return Typeset(formula, tidy(latexify.get_latex(namespace["y"], use_signature=False)))
    finally:
        del linecache.cache[name]


def tidy(latex: str) -> str:
    """Without brackets around a bare product, and with indices and quotients as the rest of the document has them."""
    opening, closing = r"\mathopen{}\left({", r"}\mathclose{}\right)"
    latex = re.sub(r"^(-?)\\frac\{(.*)\}\{(\d+)\}$", r"\1\\frac{1}{\3} \2", latex)  # a ninth of a sum
    if latex.count(opening) == 1 and latex.endswith(closing):
        latex = latex.replace(opening, "").removesuffix(closing)
    latex = "".join(_GREEK.get(character, character) for character in latex)
    latex = re.sub(r"\\mathrm\{([iufp])(\d+)\}", r"\1_{\2}", latex)  # i2, of a fourth axis, is i with an index
    latex = re.sub(r"\\left\\lfloor\\frac\{([^{}]+)\}\{(\d+)\}\\right\\rfloor", _floor, latex)
    latex = latex.replace(r"\cdot \sum", r"\sum")
    latex = re.sub(r"(_\{[^{}]*\}) (?=[xz]_)", r"\1\\,", latex)  # a thin space in a product, as everywhere
    return latex.replace(" = ", "=").replace(r"} \sum", r"}\sum")


_GREEK = {letter: rf"\{name} " for letter, name in zip(COEFFICIENTS, COEFFICIENT_NAMES, strict=True)}


def _floor(found: re.Match[str]) -> str:
    """A floored quotient within an index, as small as the index."""
    top = f"({found[1]})" if " + " in found[1] or " - " in found[1] else found[1]
    return rf"\lfloor {top}/{found[2]}\rfloor"
