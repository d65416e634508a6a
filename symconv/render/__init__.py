"""The output formats: one file each, and the registry that lists them.

To add a format, write a module with `OPTIONS` and `render(document, **options) -> str` and add it to `FORMATS`.
A module that needs more than the page has of a proof adds it with `arranged(document, proof)`. A format of the proof itself, as JSON, has `render_proof(proof)` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import SpecError

if TYPE_CHECKING:
    from ..documents.blocks import Document
    from ..general import GeneralProof
    from ..networks import FullyConnected
    from ..proof import Proof

FORMATS = {
    "latex": ("latex", ".tex"),
    "markdown": ("markdown", ".md"),
    "text": ("text", ".txt"),
    "html": ("html", ".html"),
    "json": ("json_format", ".json"),
    "beamer": ("beamer", ""),
}
"""format -> (module, file suffix; none where another format has it). The command line also writes .pdf, which is no text: see `pdf`."""

CERTIFICATES = {"coq": ("coq", ".v")}
"""The same for what is no document but something that another program checks; not every theorem has one."""

VALUES = {"kernel_values": "kernel", "input_values": "inputs", "bias_values": "bias"}
PAGE = ("depth", "layout", "names", "letters", "first_index", *VALUES)
"""What is about the document rather than about its format."""


def render(proof: Proof | GeneralProof | FullyConnected, format: str, **options: Any) -> str:
    """The proof in one of the formats, after its check has passed."""
    module = _module(format)
    if not hasattr(module, "render"):
        if options.get("first_index"):
            rule = f"is about a page; the {format} format holds the proof as data, whose indices start at 0"
            raise SpecError("first_index", options["first_index"], rule, "first_index=0, or another format")
        options.pop("first_index", None)
        _only(options, module.OPTIONS, format)
        text: str = module.render_proof(proof.verified())
        return text
    _only(options, (*module.OPTIONS, *PAGE), format)
    of_page = {name: options.pop(name) for name in PAGE if name in options}
    document = page(proof.verified(), getattr(module, "arranged", None), **of_page)
    return render_document(document, format, **options)


def render_document(document: Document, format: str, **options: Any) -> str:
    """A document in one of the formats."""
    module = _module(format)
    if not hasattr(module, "render"):
        formats = ", ".join(name for name in FORMATS if hasattr(_module(name), "render"))
        raise SpecError("format", format, f"writes a proof as data; a page can be {formats}", 'page.render("latex")')
    _only(options, module.OPTIONS, format)
    text: str = module.render(document, **options)
    return text


def _module(format: str) -> Any:
    known = FORMATS | CERTIFICATES
    if format not in known:
        raise SpecError("format", format, "must be one of " + ", ".join(known), 'proof.render("latex")')
    return import_module(f"{__name__}.{known[format][0]}")


def _only(options: Collection[str], taken: Sequence[str], format: str) -> None:
    unknown = sorted(set(options) - set(taken))
    if unknown:
        rule = f"the {format} format takes {', '.join(taken) or 'no options'}"
        raise SpecError("options", ", ".join(unknown), rule, 'proof.render("latex", standalone=True)')


def page(
    proof: Proof | GeneralProof | FullyConnected,
    arranged: Callable[[Document, Any], Document] | None = None,
    **options: Any,
) -> Document:
    """The document of a proof; of one for a layer, as it is asked for."""
    from ..documents.wording import DEFINITION
    from ..proof import Proof

    if options.get("first_index") is not None:
        from ..documents.first_index import checked_first, counted_from_one

        if not checked_first(options["first_index"]):
            del options["first_index"]
    asked = {
        name: value
        for name, value in options.items()
        if value is not None and value is not False and value != "standard"
    }
    if not isinstance(proof, Proof):
        if asked:
            name, value = next(iter(asked.items()))
            rule = "is for the proof of a layer; one for all sizes, or for a network, is printed in one way"
            raise SpecError(name, value, rule, 'proof.render("latex")')
        document: Document = proof.theorem.document(proof)  # type: ignore[arg-type] # each kind has its own
        return document
    if "layout" in asked:
        from ..documents.layout import fitting, with_layout

        proof = fitting(proof, asked["layout"])
    depth = options.get("depth", "standard")
    if depth == "standard":
        document = proof.theorem.document(proof)
    else:
        from ..documents.depth import at_depth  # what a page does not ask for is not imported

        document = at_depth(proof, depth)
    document = with_layout(document, proof, asked["layout"]) if "layout" in asked else document
    document = arranged(document, proof) if arranged else document
    if {"names", "letters"} & set(asked) and DEFINITION not in proof.theorem.labels:
        rule = f"is for input, kernel and output, and the page of {proof.theorem.name} has letters of its own"
        raise SpecError(
            *next((name, asked[name]) for name in ("names", "letters") if name in asked),
            rule,
            'theorem="weight_matrix"',
        )
    values = {VALUES[name]: value for name, value in asked.items() if name in VALUES}
    if values:
        from ..documents.worked import with_numbers

        document = with_numbers(document, proof, **values)
    if "first_index" in asked:
        document = counted_from_one(document, proof)
    if {"names", "letters"} & set(asked):
        from ..documents.notation import lettered, renamed

        document = lettered(document) if "letters" in asked else document
        document = renamed(document, asked["names"]) if "names" in asked else document
    return document
