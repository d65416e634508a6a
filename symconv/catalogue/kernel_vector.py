"""vec(Y) = U(X) vec(K) + b: the other factorisation, with the kernel as the unknown vector.

Every term of the definition is a kernel entry times an input. Collected by input it gives W, a matrix
made of kernel entries; collected by kernel entry it gives U, a matrix made of inputs. U is the
derivative of the output by the kernel, and what least squares for a kernel solves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..claims import (
    Claim,
    Refuted,
    differ,
)
from ..documents.blocks import (
    Document,
    Statement,
    words,
)
from ..documents.common import checked, steps
from ..documents.input_matrix import INPUT_RULE, the_inputs
from ..documents.setting import definition, flattening, key, output_size, setting, title
from ..documents.wording import (
    DEFINITION,
    vector_bias,
)
from ..form import Row, collect, first_difference
from ..formula import Call, Formula, Juxtapose, equals, plus
from ..matrices import LabelledMatrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Line
from ..rules import (
    Unfold,
)
from ..steps.input_matrix import (
    INPUTS,
    BothWays,
    Exchange,
    KernelRow,
    LineTable,
    Name,
    Vector,
    inputs_matrix,
    row_and_column,
)
from ..sums import WEIGHT, Factor, Sum, variable
from .weight_matrix import definition_rows, matrix_rows, normal_form

# Building -----------------------------------------------------------------------------------------


def input_table(line: Line) -> LineTable:
    """One line of U, from the inverse: for each input, the outputs and kernel entries that meet there."""
    return {
        (output, line.label(output, tap)): p
        for p in range(line.inputs)
        for output, taps in line.meets(p).items()
        for tap in taps
    }


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Definition, naming, flattening, and the comparison with W."""
    defined = layer.definition
    lines = defined.read_map.lines
    tables = tuple(map(input_table, lines))
    named = tuple(
        Sum(axis.spans, (Factor(INPUTS, (variable(line.letters.output), *axis.factors[0].indices)), axis.factors[0]))
        for line, axis in zip(lines, defined.sums, strict=True)
    )
    row, column = row_and_column(lines)
    chain = (
        Step(Claim(defined.sums, defined.bias), Unfold()),
        Step(Claim(named, defined.bias), Name(tables), (1,)),
        Step(KernelRow(row, column, defined.bias), Vector(), (2,)),
        Step(BothWays(), Exchange(defined.read_map.tables), (2,)),
    )
    return chain, {INPUTS: inputs_matrix(lines, tables), WEIGHT: weight_matrix(defined.read_map)}


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """U vec(K), multiplied out, against the definition run as code and against W."""
    matrix: LabelledMatrix = proof.matrices[INPUTS]

    def multiplied() -> Iterator[tuple[tuple[int, ...], Row]]:
        for row in range(len(matrix.rows)):
            yield matrix.row_position(row), collect((entry, at) for entry, (at,) in matrix.rows[row].items())

    def against(rows: Iterator[tuple[tuple[int, ...], Row]], what: str) -> int:
        found = first_difference(rows, multiplied())
        if found is not None:
            raise differ(found, f"{what} and U vec(K)", proof.matrices[WEIGHT])
        return sum(map(len, matrix.rows))

    yield (
        "every entry of U vec(K), against the definition",
        lambda: against(definition_rows(proof.layer.definition), "the definition"),
    )
    yield "every entry of U vec(K), against W", lambda: against(matrix_rows(proof.matrices[WEIGHT]), "W")


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy differentiates the definition by every kernel entry, which gives U."""

    def differentiated() -> int:
        layer, matrix = proof.layer, proof.matrices[INPUTS]
        x, k, _ = layer.flat_symbols()
        for row, output in enumerate(layer.flat_output()):
            cells, used = matrix.rows[row], output.free_symbols
            for entry, symbol in enumerate(k):
                expected = x[cells[entry][0]] if entry in cells else 0
                found = output.diff(symbol) if symbol in used else 0
                if found != expected:
                    raise Refuted("SymPy finds another derivative", matrix.row_position(row), entry, found, expected)
        return len(matrix.rows) * len(k)

    yield "SymPy's derivative of the definition by each kernel entry", differentiated


# The document -------------------------------------------------------------------------------------


def document(proof: Proof) -> Document:
    """The whole derivation of vec(Y) = U vec(K) + b."""
    layer = proof.layer
    bias: tuple[Formula, ...] = (vector_bias(layer.definition),) if layer.bias else ()
    claim = words(
        "{}: the layer is linear in its kernel too, and {} is the derivative of {} by {}.",
        equals(Call("vec", "Y"), plus(Juxtapose((INPUTS, Call("vec", "K"))), *bias)), INPUTS, Call("vec", "Y"), Call("vec", "K"),
    )  # fmt: skip
    blocks = (
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *flattening(layer),
        *the_inputs(proof),
        Statement(claim),
        steps(proof),
        *checked(proof),
    )
    return Document(title(layer, "is linear in its kernel"), blocks, key(proof))


THEOREM = Theorem(
    name="kernel_vector",
    statement="vec(Y) = U(X) vec(K), plus the bias: the other factorisation, with the kernel as the unknown vector",
    why=words(
        "An output is a sum of kernel entries times inputs; read as a sum over the kernel entries, what multiplies each of them is one row of {}.",
        INPUTS,
    ),
    refusal=lambda layer: None if layer.kernel_shape is not None else "it has no kernel",
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    walks=True,
    document=document,
    ends=("vector", "exchange"),
    last=normal_form,
    labels=(DEFINITION, INPUT_RULE),
)
