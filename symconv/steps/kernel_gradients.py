"""The derivative by the kernel, a sum, in the three ways in which it is computed.

named           the matrix of inputs U and the im2col matrix C, from their own theorems
inputs          the sum is entry u of U^T vec(G)
columns         and, with kernel and gradient as matrices, an entry of G C^T
correlation     and, for one pair of channels, what a convolution with stride and dilation exchanged computes
batch           for a batch, the sum over its inputs
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

from ..adjoint import leftover, reads
from ..algebra.linear import Entry, Exact
from ..claims import AnyClaim, Context, Refuted, expect
from ..layers import Conv
from ..readmap import Axis, with_quotients
from ..rules import Follows, is_matrix
from ..sums import COLUMNS, Index, Sum, number, variable
from .differentiating_kernels import KernelSum, Terms, by_input, same
from .input_matrix import INPUTS

THEOREMS = {INPUTS: "kernel_vector", COLUMNS: "im2col"}
"""The theorems that say what these matrices are."""


# Claims --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """The matrix of that letter is what the theorem about it says."""

    letter: str


@dataclass(frozen=True)
class InputsProduct:
    """vec(dL/dK) = U^T vec(G)."""


@dataclass(frozen=True)
class ColumnsProduct:
    """dL/dK = G C^T, kernel and gradient as matrices with a row for each output channel."""


@dataclass(frozen=True)
class Correlated:
    """For each pair of channels, the derivative by its kernel entries is what this layer computes.

    Its kernel is G, of that output channel, and its input X, of that input channel; for a transposed
    convolution (`exchanged`) its kernel is X and its input G. With `turned` its outputs come the other
    way around.
    """

    layer: Conv
    exchanged: bool
    turned: bool


@dataclass(frozen=True)
class BatchSum:
    """For a batch, dL/dK is the sum of the derivatives for its inputs."""


def correlation(layer: Any) -> Correlated:
    """The convolution that computes the derivative by the kernel of one pair of channels."""
    axes = layer.read_map.axes
    kernels = tuple(axis.outputs for axis in axes)
    if hasattr(layer, "output_padding"):
        pairs = zip(layer.padding, layer.output_padding, strict=True)
        padding = tuple((low, high - extra) for (low, high), extra in pairs)
        made = Conv(kernels, layer.input_size, 1, 1, layer.dilation, padding, layer.stride)
        return Correlated(made, True, False)
    padding = tuple((axis.low, axis.high - leftover(axis)) for axis in axes)
    made = Conv(
        layer.input_size, kernels, 1, 1, layer.dilation, padding, layer.stride,
        padding_mode=layer.padding_mode, input_dilation=layer.input_dilation,
    )  # fmt: skip
    return Correlated(made, False, layer.flip_kernel)


# Rules ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByTheorem:
    """U or C is what its theorem says: that theorem's proof for this layer is checked."""

    name = "named"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        known = isinstance(after, Named) and after.letter in THEOREMS
        return expect(known, True, "the claim names no matrix that a theorem is about")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        from ..catalogue import prove
        from ..errors import ProofFailed

        if not isinstance(after, Named):
            raise Refuted("the claim names no matrix")
        theorem = THEOREMS[after.letter]
        try:
            proof = prove(context.subject, theorem, check="axes")  # type: ignore[arg-type]
        except ProofFailed as failed:
            raise Refuted(f"{theorem} fails: {failed}") from None
        theirs = proof.matrices[after.letter]
        context.tables[after.letter] = proof.steps[1].rule.tables  # type: ignore[union-attr]
        return sum(each.count for each in proof.check().proved) + is_matrix(context, after.letter, theirs)


def _sums(context: Context, letter: str) -> tuple[Sum, ...]:
    """The cited sums; the other cited step names the matrix."""
    first, *rest = context.cited
    if not isinstance(first, KernelSum) or rest != [Named(letter)]:
        raise Refuted(f"it follows from the sum and from what {letter} is")
    return first.sums


@dataclass(frozen=True)
class UseInputs:
    """Entry u of U^T vec(G) is that sum: column u of U holds what kernel entry u multiplies."""

    name = "inputs"
    follows: ClassVar[Follows] = (("chain",), ("named",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return expect(isinstance(after, InputsProduct), True, "the claim is not U^T vec(G)") + len(
            _sums(context, INPUTS)
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, claimed, table in zip(context.lines, _sums(context, INPUTS), context.table(INPUTS), strict=True):
            held: Terms = defaultdict(dict)
            for (output, label), p in table.items():
                held[label][p, output] = 1
            compared += same(line, by_input(line, claimed), held, "the sum and U^T")
        return compared


@dataclass(frozen=True)
class UseColumns:
    """Entry (c, r) of G C^T is that sum: row r of C holds what the kernel entry in column r of K multiplies."""

    name = "columns"
    follows: ClassVar[Follows] = (("chain",), ("named",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return expect(isinstance(after, ColumnsProduct), True, "the claim is not G C^T") + len(_sums(context, COLUMNS))

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, claimed, table in zip(context.lines, _sums(context, COLUMNS), context.table(COLUMNS), strict=True):
            held: Terms = defaultdict(dict)
            for output in range(line.outputs):
                for tap in range(line.taps):
                    env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, *line.gathered)
                    p = table.get(tuple(index.at(env) or 0 for index in line.gathered))
                    if p is not None:
                        held[line.label(output, tap)][p, output] = 1
            compared += same(line, by_input(line, claimed), held, "the sum and G C^T")
        return compared


@dataclass(frozen=True)
class Correlate:
    """Taps and outputs change places in the equation of what is read, and with them dilation and stride."""

    name = "correlation"
    follows: ClassVar[Follows] = (("chain",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Correlated) or not isinstance(before, KernelSum):
            raise Refuted("the claim is not that a convolution computes the sum")
        read_map = context.subject.definition.read_map
        compared = expect(after, correlation(context.subject), "it is another convolution")
        for axis, own in zip(read_map.axes, after.layer.read_map.axes, strict=True):
            compared += expect(own.outputs, axis.taps, "it has not one output for each kernel entry")
            here, there = exchange(axis, own, after)
            compared += expect(here, there, "the two equations differ")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The convolution's definition, run forward, against the sum."""
        if not isinstance(after, Correlated) or not isinstance(before, KernelSum):
            raise Refuted("the claim is not that a convolution computes the sum")
        compared, axes = 0, after.layer.read_map.axes
        for line, claimed, own in zip(context.lines[-len(axes) :], before.sums[-len(axes) :], axes, strict=True):
            held: Terms = defaultdict(dict)
            for (at, tap, source), often in reads(own).items():
                output, p = (source, tap) if after.exchanged else (tap, source)
                row = held[line.taps - 1 - at if after.turned else at]
                row[p, output] = row.get((p, output), 0) + often
            compared += same(line, by_input(line, claimed), held, "the sum and the convolution")
        return compared


def exchange(axis: Axis, own: Axis, made: Correlated) -> tuple[Index, Index]:
    """Two expressions that must be the same: where the layer reads, and where the convolution does, in its letters."""
    i, u, p = (variable(name) for name in (axis.letters.output, axis.letters.kernel, axis.letters.input))
    at = number(axis.taps - 1) - u if made.turned else u
    there = own.position.substitute(own.letters.output, variable("at"))
    if made.exchanged:
        there = there.substitute(own.letters.kernel, p).substitute("at", at)
        return axis.position - p * axis.scale, (there - i) * -1
    return axis.position, there.substitute(own.letters.kernel, i).substitute("at", at)


@dataclass(frozen=True)
class SumBatch:
    """The kernel is the same for every input of a batch, so the derivatives add up."""

    name = "batch"
    follows: ClassVar[Follows] = (("inputs",), ("chain",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        fine = isinstance(before, InputsProduct) and isinstance(after, BatchSum)
        return expect(fine, True, "the batch form follows from the product") + len(self._sums(context))

    @staticmethod
    def _sums(context: Context) -> tuple[Sum, ...]:
        claim = context.cited[1]
        if not isinstance(claim, KernelSum):
            raise Refuted("the batch form follows from the sum")
        return claim.sums

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Two inputs, one below the other: their U's stacked, multiplied out, give the sum of both derivatives."""
        compared = 0
        for line, claimed, table in zip(context.lines, self._sums(context), context.table(INPUTS), strict=True):
            labels = 1 + max((label for _, label in table), default=0)
            stacked: list[dict[int, Entry]] = [{} for _ in range(2 * line.outputs)]
            first = 2 * line.inputs  # from here on the numbers stand for entries of G
            gradient: list[dict[int, Entry]] = [{0: {(first + o,): 1}} for o in range(2 * line.outputs)]
            for n in range(2):
                for (output, label), p in table.items():
                    stacked[n * line.outputs + output][label] = {(n * line.inputs + p,): 1}
            product = Exact(tuple(stacked), labels).transpose() @ Exact(tuple(gradient), 1)
            terms = by_input(line, claimed)
            for label in range(labels):
                added = {
                    (n * line.inputs + p, first + n * line.outputs + o): often  # type: ignore[operator]
                    for n in range(2)
                    for (p, o), often in terms.get(label, {}).items()
                }
                compared += expect(product.rows[label].get(0, {}), added, "the derivatives do not add up")
        return compared
