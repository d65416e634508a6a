"""What the page asks of symconv, as JSON: runs in the browser, and in the tests.

A layer is given by its options as on the command line. What is not valid comes back as {"error": the sentence}.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import symconv as sc
from symconv.commands.messages import on_command_line
from symconv.commands.options import layer_from, named, takes_value
from symconv.definition import strides
from symconv.errors import SymconvError
from symconv.matrices import LabelledMatrix, unravel, weight_matrix
from symconv.pictures.colours import colour, entry_mark, ink
from symconv.pictures.compose import pictured_output
from symconv.pictures.window import window
from symconv.proof import SYMPY_LIMIT
from symconv.render.svg import svg
from symconv.symbols import name

ENTRIES = 20_000  # non-zeros of W that the page draws


def asked(answer: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """The answer as JSON; an error of the user's as its sentence."""

    def answered(*given: Any) -> str:
        try:
            return json.dumps(answer(*given))
        except SymconvError as error:
            return json.dumps({"error": on_command_line(str(error))})

    return answered


def _layer(options: str) -> Any:
    given: Mapping[str, str | None] = json.loads(options)
    return layer_from(named(given))


def running() -> str:
    """What the page says once it has loaded."""
    return f"symconv {sc.__version__} runs in this page, on Python {platform.python_version()}."


@asked
def state(options: str) -> dict[str, Any]:
    """The proof, axis by axis, and W: for each row its columns with the kernel entries that add up there."""
    layer = _layer(options)
    proof = sc.prove(layer, check="axes")
    report = proof.check()
    matrix = weight_matrix(layer.read_map)
    if layer.read_map.nonzeros > ENTRIES:
        said = f"W has {layer.read_map.nonzeros:,} non-zero entries, and this page draws at most {ENTRIES:,}"
        return {"error": f"{said}; the command line writes it in blocks"}
    return {
        "layer": repr(layer),
        "command": command(json.loads(options)),
        "shape": matrix.shape,
        "nonzeros": layer.read_map.nonzeros,
        "multiplied": layer.read_map.nonzeros <= SYMPY_LIMIT,
        "steps": len(proof.steps),
        "compared": sum(each.count for each in report.proved),
        "rows": [[[column, list(entries)] for column, entries in row.items()] for row in matrix.rows],
        "kernel": [_entry(number, matrix) for number in range(prod(matrix.kernel_shape))],
        "outputs": [_label("y", n, matrix.row_shape) for n in range(matrix.shape[0])],
        "inputs": [_label("x", n, matrix.column_shape) for n in range(matrix.shape[1])],
        "blocks": [_block(matrix.row_shape), _block(matrix.column_shape)],
        "chosen": flat(pictured_output(layer.read_map), matrix.row_shape),
    }


@asked
def picture(options: str, row: int) -> dict[str, Any]:
    """The window of one output, as SVG, and where its cells lie: what each holds, as numbers of W's rows and columns."""
    layer = _layer(options)
    matrix = weight_matrix(layer.read_map)
    made = window(layer, [matrix.row_position(row)])
    cells = [item for item in (*made.items, *made.scenes[0].items) if hasattr(item, "panel")]
    return {
        "svg": svg(made, caption=False),
        "words": made.scenes[0].description,
        "cells": [[cell.panel, _number(cell, matrix), cell.x, cell.y, cell.width, cell.height] for cell in cells],
    }


@asked
def explained(options: str, row: int, column: int) -> dict[str, Any]:
    """Why an entry of W is what it is."""
    layer = _layer(options)
    output, input = unravel(row, layer.output_shape), unravel(column, layer.input_shape)
    return {"words": layer.explain(output=output, input=input)}


@asked
def proof(options: str, level: str) -> dict[str, Any]:
    """The proof as a piece of HTML; level "all", where W is to be multiplied out, for SymPy, too."""
    return {"html": sc.prove(_layer(options), check=level).render("html", standalone=False)}


@asked
def latex(options: str) -> dict[str, Any]:
    """The proof as a LaTeX document."""
    return {"latex": sc.prove(_layer(options), check="axes").render("latex", standalone=True)}


def command(options: Mapping[str, str | None]) -> str:
    """The same on the command line."""
    words = (f"--{option}{'=' if value.startswith('-') else ' '}{value}" if takes_value()[option] else f"--{option}" for option, value in options.items())  # fmt: skip
    return " ".join(["symconv prove", *words, "-o proof.tex"])


def flat(at: Sequence[int], shape: Sequence[int]) -> int:
    """The row-major number of a position."""
    return sum(index * step for index, step in zip(at, strides(shape), strict=True))


def _entry(number: int, matrix: LabelledMatrix) -> list[str]:
    """A kernel entry: its indices, its colour, and what is legible on that."""
    fill = colour(entry_mark(number, matrix)) or "FFFFFF"
    return [",".join(map(str, matrix.kernel_position(number))), f"#{fill}", f"#{ink(fill)}"]


def _label(letter: str, number: int, shape: tuple[int, ...]) -> str:
    return name(letter, unravel(number, shape)) if shape else letter


def _block(shape: tuple[int, ...]) -> int:
    """How many rows or columns belong together: those whose last index runs."""
    return shape[-1] if shape else 1


def _number(cell: Any, matrix: LabelledMatrix) -> int:
    """A cell's number: of the output, the input that it holds, or the kernel entry; -1 for none."""
    if cell.panel == "kernel":
        return int(cell.entries[0])
    at, shape = (cell.holds, matrix.column_shape) if cell.panel == "input" else (cell.at, matrix.row_shape)
    return -1 if at is None else flat(at, shape)
