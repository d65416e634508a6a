"""Which format a page is written in, and the page in it: text, or the bytes of a PDF."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import NOT_GIVEN, SpecError
from ..render import CERTIFICATES, FORMATS, PAGE, VALUES
from .values import first_index, names_from, values_from

if TYPE_CHECKING:
    import argparse

WHOLE = ("latex", "html")
"""The formats that are a whole document or, with --fragment, a piece of one."""

SLIDES = "beamer as pdf"
COMPILED: dict[str, tuple[str, dict[str, Any]]] = {"pdf": ("latex", {"standalone": True}), SLIDES: ("beamer", {})}
"""What pdflatex makes, and of what."""


class Rendered(Protocol):
    """A proof or a page."""

    def render(self, format: str, **options: Any) -> str: ...


def page_options(options: argparse.Namespace) -> dict[str, Any]:
    """What was asked about the page, whatever its format."""
    asked = {name: value for name in PAGE if (value := getattr(options, name)) is not None}
    if "first_index" in asked:
        asked["first_index"] = first_index(asked["first_index"])
    if "names" in asked:
        asked["names"] = names_from(asked["names"])
    for name in VALUES:
        if name in asked:
            asked[name] = values_from(f"--{name.replace('_', '-')}", asked[name])
    return asked


def written(what: Rendered, form: str, fragment: bool, asked: dict[str, Any] | None = None) -> str | bytes:
    """What is to be written."""
    if form in COMPILED:
        from ..render.pdf import compile_pdf

        source, options = COMPILED[form]
        return compile_pdf(what.render(source, **options, **(asked or {})))
    whole = {"standalone": not fragment} if form in WHOLE else {}
    return what.render(form, **whole, **(asked or {}))


def format_of(form: str | None, path: str | None, fragment: bool) -> str:
    """The format that was asked for, or that the file's suffix says."""
    formats = [name for name, (_, suffix) in FORMATS.items() if suffix]
    formats += ["pdf", *CERTIFICATES, *(name for name in FORMATS if name not in formats)]
    suffixes = {suffix: name for name, (_, suffix) in FORMATS.items() if suffix} | {".pdf": "pdf"}
    suffixes |= {suffix: name for name, (_, suffix) in CERTIFICATES.items()}
    if form is None:
        if path in (None, "-"):
            form = "text"
        else:
            suffix = os.path.splitext(path)[1].lower()
            if suffix not in suffixes:
                rule = f"the suffix must be one of {', '.join(suffixes)}, or --format given"
                raise SpecError("-o", path, rule, "-o proof.tex")
            form = suffixes[suffix]
    if form not in formats:
        raise SpecError("--format", form, "must be one of " + ", ".join(formats), "--format latex")
    if path is not None and path.lower().endswith(".pdf") and form != "pdf":
        if form != "beamer":
            raise SpecError("--format", form, f"is no PDF, and {path} would not open as one", "--format pdf")
        form = SLIDES
    if fragment and form not in WHOLE:
        rule = f"is for the formats {' and '.join(WHOLE)}, and this would be {form}"
        raise SpecError("--fragment", NOT_GIVEN, rule, "--fragment --format latex")
    return form
