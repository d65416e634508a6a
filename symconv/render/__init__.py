"""The output formats: one file each, and the registry that lists them.

To add a format, write a module with `OPTIONS` and `render(document, **options) -> str` and add it to `FORMATS`.
A format of the proof itself, as JSON, has `render_proof(proof)` instead.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import SpecError

if TYPE_CHECKING:
    from ..general import GeneralProof
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

PAGE = ("depth",)
"""What is about the document rather than about its format."""


def render(proof: Proof | GeneralProof, format: str, **options: Any) -> str:
    """The proof in one of the formats, after its check has passed."""
    known = FORMATS | CERTIFICATES
    if format not in known:
        raise SpecError("format", format, "must be one of " + ", ".join(known), 'proof.render("latex")')
    module = import_module(f"{__name__}.{known[format][0]}")
    of_document = hasattr(module, "render")
    unknown = set(options) - {*module.OPTIONS, *(PAGE if of_document else ())}
    if unknown:
        rule = f"the {format} format takes {', '.join(module.OPTIONS) or 'no options'}"
        rule += ", and any format of a page " + ", ".join(PAGE)
        raise SpecError("options", ", ".join(sorted(unknown)), rule, 'proof.render("latex", standalone=True)')
    proof = proof.verified()
    if not of_document:
        text: str = module.render_proof(proof)
        return text
    of_page = {name: options.pop(name) for name in PAGE if name in options}
    text = module.render(page(proof, **of_page), **options)
    return text


def page(proof: Proof | GeneralProof, **options: Any) -> Any:
    """The document of a proof; of one for a layer, as it is asked for."""
    from ..documents.depth import at_depth
    from ..proof import Proof

    if isinstance(proof, Proof):
        return at_depth(proof, **options)
    if options.get("depth", "standard") != "standard":
        rule = "is for the proof of a layer; a proof for all sizes has every step already"
        raise SpecError("depth", options["depth"], rule, 'proof.render("latex")')
    return proof.theorem.document(proof)
