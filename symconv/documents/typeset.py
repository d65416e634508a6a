"""The definition as latexify-py typesets it, from the very function that runs."""

from __future__ import annotations

import linecache
import re
from functools import lru_cache
from threading import get_ident
from typing import Any

from ..definition import Definition
from ..formula import Formula, Typeset
from ..readmap import COEFFICIENT_NAMES, COEFFICIENTS
from .wording import definition_formula


def typeset_definition(definition: Definition) -> Formula:
    """The right-hand side of the definition, with the code from which LaTeX is typeset."""
    return Typeset(definition_formula(definition), definition.source)


@lru_cache(maxsize=64)
def typeset(code: str) -> str | None:
    """The LaTeX of what a definition's function returns; None where latexify is missing."""
    try:
        import latexify
    except ImportError:  # its metadata stops below Python 3.14
        return None
    # latexify reads a function's source through linecache, and code that has no file has none there. Each thread has a place
    # of its own, or one would typeset what another put there meanwhile.
    name = f"<symconv definition {get_ident()}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__builtins__": {}}
    exec(compile(code, name, "exec"), namespace)  # noqa: S102 - written by `definition.source`, as in `definition.run`
    try:
        return tidy(latexify.get_latex(namespace["y"], use_signature=False))
    finally:
        del linecache.cache[name]


def spaced(latex: str) -> str:
    r"""This package's own LaTeX of a definition with the spaces of `tidy`: the same bytes where latexify is missing.

    >>> print(spaced(r"b+\sum_{u=0}^{2}\allowbreak k_{u}\,\allowbreak x_{i+u}"))
    b + \sum_{u=0}^{2} k_{u}\,x_{i + u}
    """
    latex = (
        re.sub(r"(?<=\})\\allowbreak (?!\\sum)", " ", latex).replace(r"\allowbreak ", "").replace(r"\tfrac", r"\frac")
    )
    latex = re.sub(r"(?<=[^{(\s\\])([+-])", r" \1 ", latex.replace(r"\rfloor ", r"\rfloor"))
    return latex.replace(",", ", ").replace(r"\, ", r"\,").replace(r"\,\sum", r"\sum")


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
    # a thin space in a product, as everywhere
    latex = re.sub(r"(_\{(?:[^{}]|\{[^{}]*\})*\}) (?=[xz]_|\\beta )", r"\1\\,", latex)
    return latex.replace(" = ", "=").replace(r"} \sum", r"}\sum")


_GREEK = {letter: rf"\{name} " for letter, name in zip(COEFFICIENTS, COEFFICIENT_NAMES, strict=True)}


def _floor(found: re.Match[str]) -> str:
    """A floored quotient within an index, as small as the index."""
    top = f"({found[1]})" if " + " in found[1] or " - " in found[1] else found[1]
    return rf"\lfloor {top}/{found[2]}\rfloor"
