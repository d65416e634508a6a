"""The output formats: one file each, and the registry that lists them.

To add a format, write a module with `OPTIONS` and `render_proof(proof, **options) -> str` and add it to `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import SpecError

if TYPE_CHECKING:
    from ..general import GeneralProof
    from ..networks import FullyConnected
    from ..proof import Proof

FORMATS = {
    "latex": ("latex", ".tex"),
    "markdown": ("markdown", ".md"),
    "text": ("text", ".txt"),
    "html": ("html", ".html"),
    "json": ("json_format", ".json"),
}
"""format -> (module, file suffix). The command line also writes .pdf, which is no text: see `pdf`."""

CERTIFICATES = {"coq": ("coq", ".v")}
"""The same for what is no document but something that another program checks; not every theorem has one."""


def render(proof: Proof | GeneralProof | FullyConnected, format: str, **options: Any) -> str:
    """The proof in one of the formats, after its check has passed."""
    known = FORMATS | CERTIFICATES
    if format not in known:
        raise SpecError("format", format, "must be one of " + ", ".join(known), 'proof.render("latex")')
    module = import_module(f"{__name__}.{known[format][0]}")
    unknown = set(options) - set(module.OPTIONS)
    if unknown:
        rule = f"the {format} format takes {', '.join(module.OPTIONS) or 'no options'}"
        raise SpecError("options", ", ".join(sorted(unknown)), rule, 'proof.render("latex", standalone=True)')
    text: str = module.render_proof(proof.verified(), **options)
    return text
