"""What the directives and the role show, each in the formats that a page can have. Nothing here knows Sphinx.

What is asked for arrives as options by name, all of them text: data, read as the command line reads it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ..catalogue import prove, theorem_named
from ..commands.options import layer_from, named, takes_value
from ..commands.stacks import stack_from
from ..commands.values import first_index, names_from, position, theorem_options, values_from
from ..documents.blocks import Document, Matrix
from ..documents.common import position_symbol
from ..documents.first_index import moved
from ..documents.rows import row_formula
from ..documents.weights import kernel_symbol
from ..drawing import checked_title
from ..errors import NOT_GIVEN, NotApplicable, SpecError
from ..formula import Formula, Sym, equals, plus, times
from ..general import prove_general
from ..matrices import order_of
from ..pictures.compose import compose, output_named
from ..pictures.model import replaced
from ..render import VALUES, html, latex, mathml, page, text
from ..render.formula import latex as latex_formula
from ..render.formula import text as text_formula
from ..sums import WEIGHT

if TYPE_CHECKING:
    from ..layers import Layer
    from ..proof import Proof
    from ..stacks.sequential import Sequential

Given = Mapping[str, str | None]
"""Options by name; one that is a flag has no value."""


class Piece(NamedTuple):
    """The same thing for a page in HTML, in LaTeX and in text."""

    html: str
    latex: str
    text: str


LAYER = tuple(takes_value())
_VALUES = tuple(name.replace("_", "-") for name in VALUES)
OPTIONS = {
    "symconv-proof": (
        *LAYER,
        "then",
        "theorem",
        "with",
        "order",
        "check",
        "depth",
        "layout",
        "names",
        "letters",
        "first-index",
        *_VALUES,
        "general",
        "rank",
        "collapse",
    ),
    "symconv-matrix": (
        *LAYER,
        "then",
        "theorem",
        "with",
        "order",
        "check",
        "layout",
        "names",
        "letters",
        "first-index",
        *_VALUES,
    ),
    "symconv-figure": (*LAYER, "what", "output", "order", "first-index", "title"),
}
"""What each directive can be asked."""
_FOLDS = ("steps", "all")
_HEADING = 3  # the level of a derivation's title in HTML: below a page's and its sections'


def proof_piece(given: Given, mark: str) -> Piece:
    """A derivation, for one layer or for all sizes."""
    if given.get("general") is not None:
        others = sorted(set(given) - {"general", "rank", "collapse"})
        if others:
            rule = "is about one layer, and --general proves a theorem for all sizes"
            raise SpecError(f"--{others[0]}", given[others[0]] or NOT_GIVEN, rule, "--general weight_matrix --rank 2")
        general = prove_general(str(given["general"]), given.get("rank"))
        return _piece(general.theorem.document(general), mark, _fold(given))
    if "rank" in given:
        rule = "is for --general; the rank of a layer is that of its --input"
        raise SpecError("--rank", given["rank"], rule, "--general weight_matrix --rank 2")
    return _piece(_page(given), mark, _fold(given))


def matrix_piece(given: Given, mark: str) -> Piece:
    """The matrices that a derivation prints, without the derivation."""
    proof, document = _proof(given), _page(given)
    blocks = tuple(block for block in document.blocks if isinstance(block, Matrix))
    if not blocks:
        rule = f"prints no matrix in full for {proof.layer!r}; W can be drawn: symconv-figure with --what matrix"
        raise NotApplicable(f"{proof.theorem.name} {rule}")
    if proof.theorem.name == "weight_matrix":
        blocks = tuple(replaced(block, lead=("The weight matrix",)) for block in blocks)
    return _piece(Document((), blocks, document.key), mark)


def figure_piece(given: Given, mark: str) -> Piece:
    """A picture. What moves on a screen is on paper the picture of its first output."""
    layer, title = _layer(given), given.get("title")
    order = order_of(layer.read_map, given.get("order") or "row-major")
    first = first_index(given.get("first-index"))
    picture = compose(layer, given.get("what") or "both", position(given.get("output")), order, first)
    picture = moved(picture) if first else picture
    if title is not None:
        picture = replaced(picture, caption=f"{checked_title(title)} {picture.caption}")
    return _piece(Document((), (picture,), "figure"), mark)


DIRECTIVES: dict[str, Callable[[Given, str], Piece]] = {
    "symconv-proof": proof_piece,
    "symconv-matrix": matrix_piece,
    "symconv-figure": figure_piece,
}


def _piece(document: Document, mark: str, fold: str | None = None) -> Piece:
    """A document as a piece of a page; the mark keeps the labels of equal documents apart."""
    document = replaced(document, key=f"{document.key}-{mark}")
    body = html.article(replaced(document, title=()) if fold == "all" else document, _HEADING, fold is not None)
    if fold == "all":
        title = html.article(Document(document.title, (), ""), _HEADING)
        body = f"<details><summary>{_within(title)}</summary>\n{body}</details>\n"
    return Piece(body, latex.render(document), text.render(document))


def _within(title: str) -> str:
    """The words of a heading, without the heading."""
    found = re.search(r"<h\d>(.*)</h\d>", title)
    return found[1] if found else title


def _fold(given: Given) -> str | None:
    if "collapse" not in given:
        return None
    fold = given["collapse"] or _FOLDS[0]
    if fold not in _FOLDS:
        raise SpecError("--collapse", fold, "must be steps or all", "--collapse, or --collapse all")
    return fold


def _layer(given: Given) -> Layer:
    return layer_from(named({name: value for name, value in given.items() if name in LAYER}))


def _stack(given: Given) -> Layer | Sequential:
    """The layer, or with `then` the stack, whose further layers are separated by semicolons."""
    options = named({name: value for name, value in given.items() if name in LAYER})
    options.then = [text.strip() for text in (given.get("then") or "").split(";") if text.strip()]
    return stack_from(options, lambda words: named(_options(words)))


def _page(given: Given) -> Document:
    """The document of a proof, in the depth, letters and numbers that are asked for."""
    asked: dict[str, Any] = {}
    for name in ("depth", "layout", "names", "letters", "first-index", *_VALUES):
        value = given.get(name)
        if name in given and (name == "letters") != (value is None):
            rule = "needs a value" if value is None else "takes no value"
            raise SpecError(f"--{name}", value or NOT_GIVEN, rule, "--letters, --names x=I or --depth full")
        if name in given:
            asked[name.replace("-", "_")] = (
                True if value is None
                else names_from(value) if name == "names"
                else first_index(value) if name == "first-index"
                else value if name in ("depth", "layout")
                else values_from(f"--{name}", value)
            )  # fmt: skip
    return page(_proof(given), **asked)


def _proof(given: Given) -> Proof:
    kept = (*LAYER, "then", "theorem", "with", "order", "check")
    return _proved(
        tuple(sorted(((name, value) for name, value in given.items() if name in kept), key=lambda item: item[0]))
    )


@lru_cache(maxsize=32)
def _proved(items: tuple[tuple[str, str | None], ...]) -> Proof:
    """A proof, made once where the same layer is shown in several ways."""
    given = dict(items)
    asked = theorem_options((given.get("with") or "").split(), given.get("order"))
    theorem = theorem_named(given.get("theorem") or "weight_matrix").name
    return prove(_stack(given), theorem, given.get("check") or "auto", **asked)


# Within a line -----------------------------------------------------------------------------------------

EXAMPLE = "y 0,1 --input 4x4 --kernel 3x3"


def inline_piece(asked: str) -> Piece:
    """A result within a sentence: `y 0,1 --input 4x4 --kernel 3x3` is the sum for that output."""
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise SpecError("symconv", asked, f"cannot be read: {error}", EXAMPLE) from None
    start = next((n for n, word in enumerate(words) if word.startswith("--")), len(words))
    what, at = words[:1], words[1:start]
    if not what or what[0] not in RESULTS:
        raise SpecError("symconv", asked, "must start with one of " + ", ".join(RESULTS), EXAMPLE)
    result, takes_position = RESULTS[what[0]]
    if len(at) != takes_position:
        rule = f"{what[0]} takes " + ("a position" if takes_position else "no position")
        raise SpecError("symconv", asked, rule, EXAMPLE)
    formula = result(_proof(_options(words[start:])).with_entries(), *at)
    return Piece(mathml.inline(formula), f"${latex_formula(formula)}$", text_formula(formula))


def _options(words: list[str]) -> Given:
    """Options as on the command line."""
    given: dict[str, str | None] = {}
    remaining = list(words)
    while remaining:
        option, equal, value = remaining.pop(0).partition("=")
        name = option[2:]
        if not option.startswith("--") or name not in LAYER:
            raise SpecError("symconv", option, "is not an option of a layer", EXAMPLE)
        if name in given:
            raise SpecError(option, value or NOT_GIVEN, "is given a second time", EXAMPLE)
        if takes_value()[name] and not equal and remaining:
            value = remaining.pop(0)
        given[name] = value or None
    return given


def _output(proof: Proof, at: str) -> Formula:
    """y at an output position, as the sum of the row of W times the input."""
    matrix, layer = proof.matrices[WEIGHT], proof.layer
    row = matrix.row_number(output_named(layer, position(at)))
    return equals(position_symbol("y", matrix.row_position(row)), row_formula(layer, matrix, row, matrix.rows[row]))


def _entry(proof: Proof, at: str) -> Formula:
    """An entry of W, by row and column."""
    matrix, index = proof.matrices[WEIGHT], position(at) or ()
    height, width = matrix.shape
    if len(index) != 2 or not (0 <= index[0] < height and 0 <= index[1] < width):
        rule = f"must be a row from 0 to {height - 1} and a column from 0 to {width - 1}"
        raise SpecError("W", at, rule, f"W 0,{width - 1}")
    entry = matrix.rows[index[0]].get(index[1], 0)
    if isinstance(entry, tuple):
        entry = plus(*(kernel_symbol(u, matrix) for u in entry))
    return equals(Sym(WEIGHT, index), entry)


RESULTS: dict[str, tuple[Callable[..., Formula], int]] = {
    "y": (_output, 1),
    "W": (_entry, 1),
    "output-size": (lambda proof: times(proof.layer.output_shape[1:] or proof.layer.output_shape), 0),
    "shape": (lambda proof: times(proof.matrices[WEIGHT].shape), 0),
    "nonzeros": (lambda proof: proof.layer.read_map.nonzeros, 0),
    "zeros": (lambda proof: prod(proof.matrices[WEIGHT].shape) - proof.layer.read_map.nonzeros, 0),
    "claims": (lambda proof: len(proof.check().proved), 0),
}
"""What the role can say, and how many positions it takes; `shape`, `nonzeros` and `zeros` are those of W."""
