"""The sum for an input's derivative as a product with W^T, as a layer, and for a batch.

transposed   the sum is row p of W^T vec(G), W coming from the inverse
as-layer     and what the layer with the matrix W^T makes of G
rows         for a batch, row by row, G W
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..adjoint import adjoint, reads
from ..algebra.linear import Exact, Rows
from ..claims import AnyClaim, Context, Refuted, expect
from ..expressions import Expr
from ..form import collect
from ..identities import Weights, Whole
from ..rules import Follows, row_major
from ..sums import WEIGHT
from .differentiating import InputSum, Solved, Terms, same_terms, solvable, terms_of
from .transposing import Dropped

# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TransposedProduct:
    """vec(dL/dX) = W^T vec(G)."""


@dataclass(frozen=True)
class ByLayer:
    """vec(dL/dX) = `right` vec(G): what that layer makes of G, then P^T where the padding repeats inputs."""

    right: Expr
    layer: Any


@dataclass(frozen=True)
class RowsOfGradient:
    """For a batch, one input in each row of X: dL/dX = G W, one gradient in each row."""


# Rules --------------------------------------------------------------------------------------------


def _pairs(context: Context, claim: AnyClaim) -> InputSum | Solved:
    """The cited sum: the solved one, where the condition can be solved."""
    wanted = Solved if solvable(context.subject.definition.read_map) else InputSum
    if not isinstance(claim, wanted):
        raise Refuted("the cited step does not say what an input's derivative is")
    return claim


@dataclass(frozen=True)
class TransposeSum:
    """Row p of W^T holds what the derivative by x_p multiplies each G_o with: the sums against the inverse."""

    name = "transposed"
    follows: ClassVar[Follows] = (("chain", "for-output"), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        _pairs(context, before)
        named = context.cited[1]
        if not isinstance(after, TransposedProduct) or not isinstance(named, Weights):
            raise Refuted("the claim is not a product with the transposed matrix")
        return expect(named.letter, WEIGHT, "the cited step names another matrix")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, matrix = _pairs(context, before), context.matrix(WEIGHT)
        compared = row_major(matrix, context.lines)
        for n, (line, table) in enumerate(zip(context.lines, context.table(WEIGHT), strict=True)):
            compared += same_terms(line, terms_of(line, claim, n), _columns(table), "the derivative and W^T")
        return compared


def _columns(table: Exact) -> Terms:
    """The columns of one line of W as terms: (kernel label, output) -> how often."""
    return [
        {(monomial[0] if monomial else None, o): c for o, entry in row.items() for monomial, c in entry.items()}
        for row in table.transpose().rows
    ]


@dataclass(frozen=True)
class ApplyLayer:
    """W^T is another matrix, and that is a layer's: its definition, run forward on G, gives the same terms."""

    name = "as-layer"
    follows: ClassVar[None] = None  # the product, the equation of the matrices, the sum, and what the floor drops

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        pair = adjoint(context.subject)
        kinds = [TransposedProduct, Solved, Whole, *([Dropped] if pair.of.read_map.axes else [])]
        compared = expect([type(claim) for claim in context.cited], kinds, "it follows from other steps")
        if not isinstance(after, ByLayer):
            raise Refuted("the claim is not that a layer makes the gradient")
        compared += expect(after.right, context.cited[2].right, "the matrix is not that of the cited equation")  # type: ignore[attr-defined]
        return compared + expect(after.layer, pair.layer, "the matrix belongs to another layer")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ByLayer):
            raise Refuted("the claim is not that a layer makes the gradient")
        pair, claim = adjoint(context.subject), _pairs(context, context.cited[1])
        compared = expect(after.layer.input_shape, context.subject.output_shape, "G is no input of that layer")  # type: ignore[attr-defined]
        lines = zip(context.lines, after.layer.read_map.lines, pair.labels, strict=True)
        for n, (line, other, labels) in enumerate(lines):
            found: list[list[tuple[Any, Any]]] = [[] for _ in range(line.inputs)]
            for (at, u, o), often in reads(other).items():
                p = line.fold(line.padded_range[at]) if pair.of is not context.subject else at
                if p is not None:
                    found[p] += [(labels[u], o)] * often
            compared += same_terms(
                line, terms_of(line, claim, n), list(map(collect, found)), "the gradient and that layer"
            )
        return compared


@dataclass(frozen=True)
class EachRow:
    """Every input of a batch has its own outputs, so each has its own gradient, which is a row of G W."""

    name = "rows"
    follows: ClassVar[Follows] = (("transposed",), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        fine = isinstance(before, TransposedProduct) and isinstance(after, RowsOfGradient)
        expect(getattr(context.cited[1], "letter", None), WEIGHT, "the cited step names another matrix")
        return expect(fine, True, "the batch form follows from the transposed product")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Two rows, multiplied out: the rows of G W are those of W^T G^T, transposed."""
        compared = 0
        for line, table in zip(context.lines, context.table(WEIGHT), strict=True):
            first = -2 * line.outputs  # numbers that no kernel entry has
            rows: Rows = tuple({o: {(first + n * line.outputs + o,): 1} for o in range(line.outputs)} for n in range(2))
            batch = Exact(rows, line.outputs)
            turned = (table.transpose() @ batch.transpose()).transpose()
            compared += expect(batch @ table == turned, True, "G W and W^T G^T differ") * turned.nonzeros
        return compared
