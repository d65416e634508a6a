"""vec(sigma(Y)) = sigma(W vec(X) + b): an elementwise activation after a layer is the same after its matrix.

sigma acts on every entry by itself, and vec only numbers the entries, so the two can change places. Layer by
layer, a network of such layers is a fully connected network with the same activations.

References
----------
W. Ma and J. Lu, "An Equivalence of Fully Connected Layer and Convolutional Layer", arXiv 1712.01252, section 4,
which says that the non-linear case follows by wrapping the values in sigma.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from ..claims import AnyClaim, BatchClaim, Context, Refuted, RowClaim, expect
from ..documents.blocks import Block, Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.known import ring
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import (
    DEFINITION,
    ENTRY_RULE,
    Said,
    batch_formula,
    cited,
    claim_parts,
    output_symbol,
    reason_parts,
    theorem_formula,
    vector_bias,
)
from ..errors import ProofFailed
from ..formula import Call, Entry, Formula, Juxtapose, Power, Sym, equals, plus
from ..matrices import matrix_of
from ..proof import Proof, Step, Theorem
from ..rules import Follows, flattened, is_matrix, numbers_positions
from ..sums import WEIGHT, Index, number, variable
from . import weight_matrix as main

SIGMA = "σ"


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutputRow(RowClaim):
    """y_o is entry `row` of W vec(X) + b."""


@dataclass(frozen=True)
class Elementwise:
    """sigma(Y)_o = sigma(y_o): what sigma makes of an entry depends on that entry alone."""

    output: tuple[str, ...]


@dataclass(frozen=True)
class Numbered:
    """Entry `row` of vec(sigma(Y)) is sigma(y_o), for one output o; there are `rows` of them."""

    row: Index
    rows: int


@dataclass(frozen=True)
class Activated:
    """vec(sigma(Y)) = sigma(W vec(X) + b)."""

    bias: bool


@dataclass(frozen=True)
class ActivatedBatch:
    """The same for a batch: sigma(Y) = sigma(X W^T + 1 b^T)."""

    bias: bool


@dataclass(frozen=True)
class MainTheorem:
    """Rows and batches as the theorem weight_matrix says: its proof for this layer is checked."""

    batch: bool
    name = "weight_matrix"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        wanted = BatchClaim if self.batch else OutputRow
        return expect(type(after), wanted, "the claim is not what the theorem says")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        from . import prove

        try:
            proof = prove(context.subject, check="axes")  # type: ignore[arg-type]
        except ProofFailed as failed:
            raise Refuted(f"weight_matrix fails: {failed}") from None
        kind = BatchClaim if self.batch else RowClaim
        theirs = next(step.claim for step in proof.steps if isinstance(step.claim, kind))
        compared = expect(vars(after), vars(theirs), "the theorem says another thing")
        compared += is_matrix(context, WEIGHT, proof.matrices[WEIGHT])
        return compared + sum(each.count for each in proof.check().proved)


@dataclass(frozen=True)
class DefineSigma:
    """What is assumed of sigma, and no more."""

    name = "elementwise"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        letters = tuple(line.letters.output for line in context.lines)
        return expect(after, Elementwise(letters), "an output has other indices")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return 1


@dataclass(frozen=True)
class Number:
    """vec gives every position one number and every number one position, so it moves entries and changes none."""

    name = "numbered"
    follows: ClassVar[Follows] = (("elementwise",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Numbered) or not isinstance(before, Elementwise):
            raise Refuted("the claim is not about the entries of vec(sigma(Y))")
        row = flattened([(line.letters.output, line.outputs) for line in context.lines])
        return expect(after.row, row, "the row is not the output's row-major number")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The number leads back to its position, so no two positions share one; and there are as many of both."""
        if not isinstance(after, Numbered):
            raise Refuted("the claim is not about the entries of vec(sigma(Y))")
        outputs = [(line.letters.output, line.outputs) for line in context.lines]
        compared = numbers_positions(after.row, outputs, context.matrix(WEIGHT).row_position, "row")
        return compared + expect(after.rows, prod(size for _, size in outputs), "there are other positions")


@dataclass(frozen=True)
class Activate:
    """Entry by entry: sigma of what stands in that row of W vec(X) + b."""

    name = "activate"
    follows: ClassVar[Follows] = (("numbered",), ("weight_matrix",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        rows = context.cited[1]
        if not isinstance(before, Numbered) or not isinstance(after, Activated) or not isinstance(rows, OutputRow):
            raise Refuted("it follows from the numbers and from the rows of W")
        compared = expect(after.bias, rows.bias, "the bias is lost or added")
        return compared + expect(before.row, rows.row, "the row of vec(sigma(Y)) is not that of W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Numbered):
            raise Refuted("it follows from the numbers and from the rows of W")
        return expect(len(context.matrix(WEIGHT).rows), before.rows, "W has another number of rows")


@dataclass(frozen=True)
class ActivateBatch:
    """Every row of Y = X W^T + 1 b^T is such a vector."""

    name = "activate-batch"
    follows: ClassVar[Follows] = (("activate",), ("weight_matrix",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        rows = context.cited[1]
        fine = isinstance(before, Activated) and isinstance(rows, BatchClaim) and isinstance(after, ActivatedBatch)
        compared = expect(fine, True, "it follows from one input and from the batch form of W")
        return compared + expect(after, ActivatedBatch(getattr(rows, "bias", False)), "the bias is lost or added")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return 1


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """What W, sigma and vec are, put together."""
    lines = layer.read_map.lines
    row = flattened([(line.letters.output, line.outputs) for line in lines])
    column = flattened([(line.letters.input, line.inputs) for line in lines])
    steps_ = (
        Step(OutputRow(row, column, layer.definition.bias), MainTheorem(batch=False)),
        Step(Elementwise(tuple(line.letters.output for line in lines)), DefineSigma()),
        Step(Numbered(row, prod(line.outputs for line in lines)), Number(), (2,)),
        Step(Activated(layer.definition.bias), Activate(), (3, 1)),
        Step(BatchClaim(layer.definition.bias), MainTheorem(batch=True)),
        Step(ActivatedBatch(layer.definition.bias), ActivateBatch(), (4, 5)),
    )
    return steps_, {WEIGHT: matrix_of(layer.read_map)}


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: an undefined function of SymPy, on the output and on W vec(X) + b."""

    def applied() -> int:
        from sympy import Function, ImmutableSparseMatrix, expand

        layer = proof.layer
        sigma = Function("sigma")
        x, _, b = layer.flat_symbols()
        product = list(layer.weight_matrix() * ImmutableSparseMatrix(len(x), 1, list(x)))
        wide = len(product) // layer.output_shape[0]
        for n, (row, output) in enumerate(zip(product, layer.flat_output(), strict=True)):
            total = row + b[n // wide] if b is not None else row
            expect(sigma(expand(total)), sigma(expand(output)), "SymPy finds another entry")
        return len(product)

    yield "an undefined function of every output and of its row of W, the same in SymPy", applied


# Words --------------------------------------------------------------------------------------------


def activated(layer: Any) -> Formula:
    """vec(sigma(Y)) = sigma(W vec(X) + b)."""
    bias: tuple[Formula, ...] = (vector_bias(layer.definition),) if layer.definition.bias else ()
    right = plus(Juxtapose((WEIGHT, Call("vec", "X"))), *bias)
    return equals(Call("vec", _of("Y")), _of(right))


def _of(argument: Formula) -> Formula:
    """sigma(...)."""
    return Call(SIGMA, argument)


@claim_parts.register
def _(claim: OutputRow, proof: Proof) -> Said:
    bias: tuple[Formula, ...] = (vector_bias(proof.layer.definition),) if claim.bias else ()
    product = plus(Juxtapose((WEIGHT, Call("vec", "X"))), *bias)
    return words("{} is entry {} of {}.", output_symbol(proof.layer.read_map), claim.row, product)


@claim_parts.register
def _(claim: Elementwise, proof: Proof) -> Said:
    y = output_symbol(proof.layer.read_map)
    return words("{}.", equals(Entry(_of("Y"), Sym("", y.indices)), _of(y)))


@claim_parts.register
def _(claim: Numbered, proof: Proof) -> Said:
    return words("Entry {} of {} is {}.", claim.row, Call("vec", _of("Y")), _of(output_symbol(proof.layer.read_map)))


@claim_parts.register
def _(claim: Activated, proof: Proof) -> Said:
    return words("{}.", activated(proof.layer))


@claim_parts.register
def _(claim: ActivatedBatch, proof: Proof) -> Said:
    return words("For a batch: {}.", batch(proof.layer))


def batch(layer: Any) -> Formula:
    """sigma(Y) = sigma(X W^T + 1 b^T)."""
    product: Formula = Juxtapose(("X", Power(WEIGHT, "T")))
    column = Juxtapose(("1", Power(vector_bias(layer.definition), "T")))
    bias: tuple[Formula, ...] = (column,) if layer.definition.bias else ()
    return equals(_of("Y"), _of(plus(product, *bias)))


@reason_parts.register
def _(rule: MainTheorem, step: Step, proof: Proof) -> Said:
    formula = batch_formula(proof.layer.definition) if rule.batch else theorem_formula(proof.layer.definition)
    return words("theorem weight_matrix: {}", formula)


@reason_parts.register
def _(rule: DefineSigma, step: Step, proof: Proof) -> Said:
    return ("what elementwise means",)


@reason_parts.register
def _(rule: Number, step: Step, proof: Proof) -> Said:
    return words(
        f"{cited(step.cites[0])}; {{}} gives every position a number of its own, so it moves entries and changes none",
        Call("vec", "Y"),
    )


@reason_parts.register
def _(rule: Activate, step: Step, proof: Proof) -> Said:
    return words(
        f"{cited(step.cites[0])}, with {cited(step.cites[1])} for {{}}, entry by entry",
        output_symbol(proof.layer.read_map),
    )


@reason_parts.register
def _(rule: ActivateBatch, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])} for every row of {cited(step.cites[1])}",)


def document(proof: Proof) -> Document:
    """Why the activation may be taken after the matrix."""
    layer = proof.layer
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Heading(("The activation",)),
        Paragraph(
            words(
                "Let {} be any function of one variable, linear or not, such as {} or a sigmoid. Applied to a tensor or a vector it acts on every entry by "
                "itself. A function that mixes entries, such as softmax or max pooling, is not meant.",
                SIGMA,
                Call("max", Sym("", (number(0), variable("t")))),
            )
        ),
        Statement(words("{}, for every such {}.", activated(layer), SIGMA)),
        steps(proof),
        Paragraph(
            words(
                "So in a network the layer can be replaced by the fully connected layer with the matrix {}, and the activation after it stays what it is.",
                WEIGHT,
            )
        ),
        *(checked(proof) if layer.kernel_shape is not None else checked(proof, ring(layer))),
    ]
    return Document(title(layer, "before an activation"), tuple(blocks), key(proof))


THEOREM = Theorem(
    name="nonlinearity",
    statement="vec(sigma(Y)) = sigma(W vec(X) + b) for every elementwise sigma",
    why=words("What is applied to every entry by itself does not care in which order the entries are listed."),
    refusal=lambda layer: None,
    build=build,
    entries=main.entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("weight_matrix",),
    ends=("activate", "activate-batch"),
    labels=(DEFINITION, ENTRY_RULE),
)
