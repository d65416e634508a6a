"""A worked example: W with numbers in place of kernel entries, and the output for an input of numbers.

The output is computed twice, and both must agree: the definition, as code that runs, on the numbers, and
the numbers of W times those of the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from ..definition import nested
from ..errors import NOT_GIVEN, ProofFailed, SpecError
from ..flattening import ROW_MAJOR, Order, number_in
from ..formula import Array, Call, Chain, Formula, Group, Juxtapose, equals, plus
from ..matrices import LabelledMatrix, NumberMatrix, unravel
from ..proof import Proof
from ..report import Failure, Report
from ..sums import WEIGHT
from .blocks import Block, Display, Document, Heading, Long, Matrix, Paragraph, words
from .common import position_symbol
from .weights import fits_in_full, number_grid

Number = int | Fraction
DIGITS = 12
_NUMBER = re.compile(rf"-?\d{{1,{DIGITS}}}(/[1-9]\d{{0,{DIGITS - 1}}})?", re.ASCII)


def with_numbers(
    document: Document, proof: Proof, kernel: Any = None, inputs: Any = None, bias: Any = None
) -> Document:
    """The document of weight_matrix with a section of numbers; what is not given is 1, 2, 3, ...."""
    layer = proof.layer
    symbolic = proof.matrices.get(WEIGHT)
    if proof.theorem.name != "weight_matrix" or not isinstance(symbolic, LabelledMatrix):
        rule = "is for the theorem weight_matrix of a layer that has a kernel"
        raise SpecError("kernel_values", NOT_GIVEN, rule, "sc.prove(layer).render(kernel_values=[[1, 2], [3, 4]])")
    k = numbers("kernel_values", kernel, layer.kernel_shape)
    x = numbers("input_values", inputs, layer.input_shape)
    b = numbers("bias_values", bias, layer.output_shape[:1]) if layer.bias else []
    if bias is not None and not layer.bias:
        raise SpecError("bias_values", bias, "is for a layer with a bias", "bias=True")
    rows = [{p: v for p, entry in row.items() if (v := sum(k[u] for u in entry))} for row in symbolic.rows]
    matrix = NumberMatrix(symbolic.row_shape, symbolic.column_shape, rows, symbolic.order)
    if not fits_in_full(matrix):
        raise SpecError(
            "kernel_values", NOT_GIVEN, "is for a W that is printed in full; this one is larger", "a smaller input_size"
        )
    y = [total for *_, total in _products(layer, matrix, x, b)]
    _agree(y, list(_defined(layer, k, x, b, matrix.order)), matrix)
    *kept, last = document.blocks
    blocks = (*kept, *_section(layer, matrix, k, x, b, y), last)
    return Document(document.title, blocks, document.key)


def numbers(name: str, value: Any, shape: tuple[int, ...]) -> list[Number]:
    """Nested lists of numbers as one list, row by row; axes of one channel in front may be left out."""
    if value is None:
        return list(range(1, prod(shape) + 1))
    for inner in (shape[n:] for n in range(len(shape) + 1) if set(shape[:n]) <= {1}):
        found = _flat(value, inner)
        if found is not None:
            return found
    example = f"{name}={_example(shape)}"
    rule = f'must be nested lists of {"×".join(map(str, shape))} integers or fractions, these as texts such as "1/2"'
    raise SpecError(name, value, rule, example)


def _flat(value: Any, shape: tuple[int, ...]) -> list[Number] | None:
    """The numbers, if there are as many on every level as the shape says."""
    if not shape:
        if isinstance(value, (int, Fraction)) and not isinstance(value, bool) and abs(value) < 10**DIGITS:
            return [value]
        return [_plain(Fraction(value))] if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None
    if not isinstance(value, (list, tuple)) or len(value) != shape[0]:
        return None
    parts = [_flat(each, shape[1:]) for each in value]
    return None if None in parts else [number for part in parts if part is not None for number in part]


def _plain(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else value


def _example(shape: tuple[int, ...]) -> Any:
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return nested(shape, lambda n: n + 1) if prod(shape) <= 16 else "values.json"


def _products(
    layer: Any, matrix: NumberMatrix, x: Sequence[Number], b: Sequence[Number]
) -> Iterator[tuple[Number | None, list[tuple[Number, Number]], Number]]:
    """For each row of W its bias, if there is one, the numbers that are multiplied, and what it all adds up to."""
    for n, row in enumerate(matrix.rows):
        bias = b[matrix.row_position(n)[0] if layer.definition.bias_indices else 0] if b else None
        at = (matrix.column_position(c) for c in sorted(row))
        pairs = [
            (row[c], x[number_in(p, matrix.column_shape, ROW_MAJOR)]) for c, p in zip(sorted(row), at, strict=True)
        ]
        yield bias, pairs, sum((v * value for v, value in pairs), start=bias or 0)


def _defined(
    layer: Any, k: Sequence[Number], x: Sequence[Number], b: Sequence[Number], order: Order
) -> Iterator[Number]:
    """The definition, run on the numbers, output by output in that order."""
    defined = layer.definition
    sizes = [line.inputs for line in defined.read_map.lines]
    places = {unravel(n, tuple(sizes)): value for n, value in enumerate(x)}
    kernel = nested([size for line in defined.read_map.lines for size in line.kernel_shape], k.__getitem__)
    bias = (list(b) if defined.bias_indices else b[0]) if defined.bias else None
    function = defined.function(kernel, defined.padded(places.__getitem__, 0), bias, sum)
    return (function(*output) for output in defined.outputs(order))


def _agree(product: Sequence[Number], defined: Sequence[Number], matrix: NumberMatrix) -> None:
    for n, (ours, theirs) in enumerate(zip(product, defined, strict=True)):
        if ours != theirs:
            failure = Failure(
                None, "the worked example", "W and the definition differ", matrix.row_position(n), None, ours, theirs
            )
            raise ProofFailed(Report(failed=(failure,)))


def _section(
    layer: Any, matrix: NumberMatrix, k: list[Number], x: list[Number], b: list[Number], y: list[Number]
) -> list[Block]:
    grid = number_grid(matrix)
    shown = {name: getattr(grid, name) for name in grid.__match_args__}
    given = [_array("K", layer.kernel_shape, k), _array("X", layer.input_shape, x)]
    if b:
        given.append(_array("B", (len(b),), b))
    text = words("Let, row by row, " + ", ".join("{}" for _ in given) + ". Then", *given)
    blocks: list[Block] = [
        Heading(("With numbers",)),
        Paragraph(text),
        Matrix(**{**shown, "lead": words("{} is", WEIGHT)}),
        Paragraph(
            words("and {} is:", plus(Juxtapose((WEIGHT, Call("vec", "X"))), *((Call("vec", "B"),) if b else ())))
        ),
    ]
    for n, (more, pairs, result) in enumerate(_products(layer, matrix, x, b)):
        terms: list[Formula] = [more] if more is not None else []
        terms += [Chain("dot", (_signed(v), _signed(value))) for v, value in pairs]
        total = equals(position_symbol("y", matrix.row_position(n)), *([plus(*terms)] if terms else []), result)
        blocks.append(Long(total))
    said = "The definition, run on these numbers, gives the same."
    by_row = [y[matrix.row_number(at)] for at in layer.definition.outputs()]
    return [*blocks, Display(_array("Y", layer.output_shape, by_row)), Paragraph((said,))]


def _signed(value: Number) -> Formula:
    return Group(value) if value < 0 else value


def _array(letter: str, shape: tuple[int, ...], values: Sequence[Number]) -> Formula:
    """K = [1 2; 3 4]; of more than two axes, all in one row for each of the last."""
    width = shape[-1] if len([size for size in shape if size > 1]) > 1 else len(values)
    shown: list[Formula] = ["0" if value == 0 else value for value in values]
    rows = tuple(tuple(shown[start : start + width]) for start in range(0, len(shown), width))
    return equals(letter, Array(rows))
