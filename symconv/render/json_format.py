"""JSON: the whole proof as data, with every entry of its matrix, to be checked from scratch.

`symconv check FILE.json` reads only the configuration from the file, proves the theorem again, and
compares everything else in the file with that: `differences` says where they part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..algebra.linear import PolynomialMatrix
from ..errors import SpecError
from ..matrices import LabelledMatrix
from ..spec import read_data, written_data
from .text import inline

if TYPE_CHECKING:
    from ..proof import Proof

OPTIONS: tuple[str, ...] = ()
FORMAT = "symconv proof"
VERSION = 1
ROWS_LIMIT = 1_000_000  # non-zeros up to which the flattened matrix is written out


def render_proof(proof: Proof) -> str:
    """The proof as JSON, one row of a matrix a line."""
    return dumps(data(proof))


def data(proof: Proof) -> dict[str, Any]:
    """The proof as dictionaries, lists, strings and integers."""
    from ..documents.wording import claim_parts, reason_parts

    layer = proof.layer
    numbers = {label: number for number, label in enumerate(proof.theorem.labels, 1)}
    written = proof.theorem.size(layer) <= ROWS_LIMIT
    if written:
        proof = proof.with_entries().verified()
    report = proof.check()
    options = {name: written_data(value) for name, value in proof.options if value is not None}
    return {
        "format": FORMAT,
        "version": VERSION,
        "layer": layer_data(layer),
        "theorem": proof.theorem.name,
        **({"options": options} if options else {}),
        "statement": proof.theorem.statement,
        "input_shape": list(layer.input_shape),
        "output_shape": list(layer.output_shape),
        "kernel_shape": _plain(layer.kernel_shape),
        "definition": _definition(layer),
        "steps": [
            {
                "number": number,
                "rule": step.rule.name,
                "claim": inline(claim_parts(step.claim, proof), numbers).replace("\u00a0", " "),
                "reason": inline(reason_parts(step.rule, step, proof), numbers).replace("\u00a0", " "),
                "cites": list(step.cites),
            }
            for number, step in enumerate(proof.steps, 1)
        ],
        "matrices": {name: _matrix(matrix, written) for name, matrix in proof.matrices.items()},
        "checked": list(report.levels),
        "obligations": [{"step": each.step, "what": each.what, "count": each.count} for each in report.proved],
        "omitted": list(report.omitted),
    }


def layer_data(layer: Any) -> dict[str, Any]:
    """A layer's type and parameters, or those of a stack's layers, from which `layer_from` builds it again."""
    kind = {"type": type(layer).__name__}
    if hasattr(layer, "layers"):
        return {**kind, "layers": [layer_data(each) for each in layer.layers]}
    return {**kind, **{each.name: _plain(getattr(layer, each.name)) for each in fields(layer)}}


def _definition(layer: Any) -> Any:
    """The code that runs; of a stack that of each layer."""
    return [_definition(each) for each in layer.layers] if hasattr(layer, "layers") else layer.definition.source


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _matrix(matrix: Any, written: bool) -> dict[str, Any]:
    """Rows of [column, entry, ...], the entries being row-major numbers of kernel entries (for C: of inputs), or numbers.

    Of polynomials an entry is its terms [coefficient, unknown, ...], the unknowns numbered in the order of their tensors.
    """
    result: dict[str, Any] = {"row_shape": list(matrix.row_shape), "column_shape": list(matrix.column_shape)}
    if getattr(matrix, "order", ()):
        result["axes"] = list(matrix.order)  # of the shapes, from the slowest to the fastest
    symbolic = isinstance(matrix, LabelledMatrix)
    if symbolic:
        result["entry_shape"] = list(matrix.kernel_shape)
    if not written:
        return {**result, "rows_omitted": f"more than {ROWS_LIMIT:,} non-zero entries"}
    rows = (sorted(row.items()) for row in matrix.rows)
    if isinstance(matrix, PolynomialMatrix):
        result["unknowns"] = [[letter, list(shape)] for letter, shape in matrix.unknowns]
        terms = ([[c, *([str(count), *u] for u, count in sorted(entry.items()))] for c, entry in row] for row in rows)
        return {**result, "polynomials": list(terms)}
    if symbolic:
        return {**result, "rows": [[[column, *entry] for column, entry in row] for row in rows]}
    return {**result, "numbers": [[[column, str(value)] for column, value in row] for row in rows]}


def dumps(value: dict[str, Any]) -> str:
    """JSON with one line for each step and each row of a matrix."""
    return _pretty(value, 0) + "\n"


def _pretty(value: Any, depth: int) -> str:
    """Containers are opened up until they are rows, steps or settings; those take one line each."""
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and depth < 3 and value and "claim" not in value and "what" not in value:
        lines = [f"{inner}{json.dumps(key)}: {_pretty(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    if (
        isinstance(value, list)
        and value
        and isinstance(value[0], (dict, list))
        and depth < 4
        and not isinstance(value[0], int)
    ):
        return "[\n" + ",\n".join(inner + json.dumps(item, ensure_ascii=False) for item in value) + f"\n{outer}]"
    return json.dumps(value, ensure_ascii=False)


def load(text: str, name: str = "the text") -> dict[str, Any]:
    """Read a proof file; raises `SpecError` when it is not one."""
    example = "a file written by: symconv prove --input 4x4 --kernel 3x3 -o proof.json"
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise SpecError("FILE", name, "is nested too deeply to be a proof", example) from None
    except ValueError as error:
        raise SpecError("FILE", name, f"is not a JSON proof ({error})", example) from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise SpecError("FILE", name, f'is JSON, but not a proof: it has no "format": "{FORMAT}"', example)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return result


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def layer_from(value: dict[str, Any]) -> Any:
    """The layer, or the stack of layers, that a proof file is about."""
    from ..stacks.sequential import Sequential

    spec = value.get("layer")
    if isinstance(spec, dict) and spec.get("type") == Sequential.__name__:
        each = spec.get("layers")
        if not isinstance(each, list) or set(spec) != {"type", "layers"}:
            raise SpecError(
                "layer",
                spec,
                "must have layers, a list, and nothing else",
                '"layer": {"type": "Sequential", "layers": [...]}',
            )
        return Sequential(*(_one_layer(one) for one in each))
    return _one_layer(spec)


def _one_layer(spec: Any) -> Any:
    from .. import layers

    kinds = {kind.__name__: kind for kind in layers.LAYERS}
    if not isinstance(spec, dict) or not isinstance(spec.get("type"), str) or spec["type"] not in kinds:
        raise SpecError(
            "layer", spec, "must be an object whose type is " + " or ".join(kinds), '"layer": {"type": "Conv", ...}'
        )
    kind: Any = kinds[spec["type"]]
    parameters = {name: each for name, each in spec.items() if name != "type"}
    known = {each.name for each in fields(kind)}
    if set(parameters) - known:
        raise SpecError(
            "layer",
            sorted(set(parameters) - known),
            f"has unknown parameters; {spec['type']} takes {', '.join(sorted(known))}",
            '"stride": [1, 1]',
        )
    required = {each.name for each in fields(kind) if each.default is each.default_factory}
    if required - set(parameters):
        raise SpecError("layer", sorted(required - set(parameters)), "parameters are missing", '"input_size": [4, 4]')
    return kind(**parameters)


def options_from(value: dict[str, Any]) -> dict[str, Any]:
    """What the theorem was asked."""
    options = value.get("options", {})
    if not isinstance(options, dict) or not all(isinstance(text, str) for text in options.values()):
        raise SpecError("options", options, "must be an object of texts", '"options": {"tile": "4"}')
    return {name: read_data(name, text) for name, text in options.items()}


def differences(found: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Every place where a file differs from what its configuration implies, in words."""
    if type(found) is not type(expected):
        yield f"{place or 'file'}: {_shown(found)} where {_shown(expected)} is implied"
    elif isinstance(expected, dict):
        for key in expected:
            if key not in found:
                yield f"{place}{'.' if place else ''}{key}: missing"
            else:
                yield from differences(found[key], expected[key], f"{place}{'.' if place else ''}{key}")
        for key in found:
            if key not in expected:
                yield f"{place}{'.' if place else ''}{key}: not part of such a proof"
    elif isinstance(expected, list):
        if len(found) != len(expected):
            yield f"{place}: {len(found)} items where {len(expected)} are implied"
        for n, (ours, theirs) in enumerate(zip(found, expected, strict=False)):
            if ours != theirs or type(ours) is not type(theirs) or isinstance(ours, (list, dict)):
                yield from differences(ours, theirs, f"{place}[{n}]")
    elif found != expected:
        if isinstance(found, str):  # show where two long texts part
            at = next(
                (n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
                min(len(found), len(expected)),
            )
            found, expected = found[max(0, at - 20) :], expected[max(0, at - 20) :]
        yield f"{place}: {_shown(found)} where {_shown(expected)} is implied"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
