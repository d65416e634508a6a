"""A Sphinx extension: derivations, matrices and pictures in a page, as easy to embed as an image.

Add "symconv.sphinxext" to `extensions` in conf.py. Then, in reStructuredText:

    .. symconv-proof::
       :input: 4x4
       :kernel: 3x3
       :collapse:

and in MyST Markdown the same with ```{symconv-proof} and an option on each line. `symconv-matrix` shows W,
`symconv-figure` a picture, and the role symconv one result within a sentence. The options are those of the command line,
without the two dashes.

What is shown was proved while the page was read. What cannot be proved, or asked, fails the build with
its file and line. Sphinx keeps what a page shows between builds, and makes it again when the page or symconv
changes. A page in HTML has its formulas in MathML: it needs no script and no network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import only
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .. import __version__
from ..commands.messages import on_command_line
from ..errors import SymconvError
from ..render.html import style
from .pieces import DIRECTIVES, OPTIONS, Piece, inline_piece

if TYPE_CHECKING:
    from docutils.nodes import Node, system_message
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

PACKAGES = ("amsmath", "amssymb", "graphicx", "xcolor", "colortbl", "tikz")
STYLE = "symconv.css"
_FAILED = "symconv_failed"
_WRITTEN = "format_html or format_latex"  # a tag expression: the builders for which there is a raw node
_log = logging.getLogger(__name__)

_EMBEDDED = """\
.symconv { max-width: none; padding: 0; margin: 1rem 0; --ink: inherit; }
.symconv h3, .symconv h4 { padding: 0; }
.symconv h3, details > summary { font-size: 1.1rem; line-height: 1.4; margin: 1rem 0 .5rem; }
.symconv h4 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.symconv summary, summary:has(+ .symconv) { cursor: pointer; }
.symconv table { display: table; width: auto; box-shadow: none; border-radius: 0; }
.symconv .grid, .symconv .settings { font-size: .9em; }
@media (max-width: 40em) { .symconv figure svg { max-width: none; } } /* to be read, it scrolls */
body[data-theme] .symconv, body[data-theme] .symconv svg {
  --paper: var(--color-background-primary); --ink: var(--color-foreground-primary); --quiet: var(--color-foreground-secondary);
  --line: var(--color-foreground-border); --faint: var(--color-background-secondary);
}
"""


class _Options(dict[str, Any]):
    """Takes every option as its text, so that one that is not known is an error in the same words as the others."""

    def __missing__(self, name: str) -> Any:
        return _as_text


def _as_text(value: str | None) -> str | None:
    return value.strip() if value and value.strip() else None


class _Directive(SphinxDirective):
    has_content = False
    option_spec = _Options(dict.fromkeys((*OPTIONS["symconv-proof"], "name"), _as_text))

    def run(self) -> list[Node]:
        given = {name: value for name, value in self.options.items() if name != "name"}
        source, line = self.get_source_info()
        mark = f"{sha256(self.env.docname.encode()).hexdigest()[:6]}{self.env.new_serialno('symconv')}"
        try:
            known = OPTIONS[self.name]
            unknown = next((name for name in given if name not in known), None)
            if unknown is not None:
                raise SymconvError(f"--{unknown} is not an option of {self.name}. Valid: --" + ", --".join(known))
            piece = DIRECTIVES[self.name](given, mark)
        except SymconvError as error:
            _fail(self.env, f"{source}:{line}", self.name, _in_options(str(error)))
            return []
        holder = nodes.container("", *_raw(piece), classes=["symconv-embedded"])
        self.add_name(holder)
        return [holder]


class _Role(SphinxRole):
    def run(self) -> tuple[list[Node], list[system_message]]:
        try:
            piece = inline_piece(self.text)
        except SymconvError as error:
            source, line = self.get_source_info()
            _fail(self.env, f"{source}:{line}", self.name, on_command_line(str(error)))
            return [], []
        plain = only("", nodes.literal(piece.text, piece.text), expr=f"not ({_WRITTEN})")
        return [*_raw(piece)[:2], plain], []


def _raw(piece: Piece) -> list[Node]:
    """One node for each kind of builder; each passes over those of the others."""
    return [nodes.raw(text, text, format=format) for format, text in piece._asdict().items()]


def _in_options(message: str) -> str:
    """A message with the options as a directive has them."""
    message = re.sub(r"(?<![\w-])--([a-z][a-z-]*)='([^']*)'", r":\1: \2", on_command_line(message))
    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)=?", r":\1:", message)


# Failures ------------------------------------------------------------------------------------------------


def _fail(env: BuildEnvironment, place: str, name: str, message: str) -> None:
    _log.error("%s: %s", name, message, location=place)
    _failures(env).setdefault(env.docname, []).append(place)


def _failures(env: BuildEnvironment) -> dict[str, list[str]]:
    """The places that failed, by document; they are kept between builds until the document is read again."""
    if not hasattr(env, _FAILED):
        setattr(env, _FAILED, {})
    found: dict[str, list[str]] = getattr(env, _FAILED)
    return found


def _read_again(app: Sphinx, env: BuildEnvironment, *changes: Iterable[str]) -> list[str]:
    return [name for name in _failures(env) if name in env.all_docs]


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _failures(env).pop(docname, None)


def _merge(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    _failures(env).update({name: places for name, places in _failures(other).items() if name in set(docnames)})


def _refuse(app: Sphinx, exception: Exception | None) -> None:
    """A build in which something failed ends with an error, whether or not warnings are errors."""
    places = [place for name in sorted(_failures(app.env)) for place in _failures(app.env)[name]]
    if places and exception is None:
        app.statuscode = 1
        what = "1 derivation" if len(places) == 1 else f"{len(places)} derivations"
        _log.error("symconv could not make %s: %s", what, ", ".join(places))


# The extension ----------------------------------------------------------------------------------------------


@cache
def fingerprint() -> str:
    """What changes with symconv itself, so that a page is made again by another version."""
    folder = Path(__file__).parent.parent
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".v"))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _write_style(app: Sphinx) -> None:
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STYLE).write_text(style() + _EMBEDDED, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    for name in DIRECTIVES:
        app.add_directive(name, _Directive)
    app.add_role("symconv", _Role())
    app.add_config_value("symconv_fingerprint", fingerprint(), "env", types=(str,))
    app.add_css_file(STYLE)
    for package in PACKAGES:
        app.add_latex_package(package)
    app.connect("builder-inited", _write_style)
    app.connect("env-get-outdated", _read_again)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("build-finished", _refuse)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
