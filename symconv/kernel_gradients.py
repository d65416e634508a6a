"""Differentiating a layer by its kernel: the definition term by term, the chain rule, and three ways to compute the sum.

differentiate   dy_o/dk_u is the input that output o reads with kernel entry u
chain           dL/dk_u = sum over o of G_o times that input
named           the matrix of inputs U and the im2col matrix C, from their own theorems
inputs          the sum is entry u of U^T vec(G)
columns         and, with kernel and gradient as matrices, an entry of G C^T
correlation     and, for one pair of channels, what a convolution with stride and dilation exchanged computes
batch           for a batch, the sum over its inputs
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from .adjoint import leftover, reads
from .claims import AnyClaim, Context, Refuted, compare, expect, for_each_line, same_lines
from .differentiating import GRADIENT
from .form import Row, collect
from .input_matrix import INPUTS
from .layers import Conv
from .linear import Entry, Exact
from .readmap import Axis, Line, with_quotients
from .rules import Follows, executed, is_matrix, weights_and_signal
from .sums import COLUMNS, KERNEL, Factor, Index, Span, Sum, number, variable

THEOREMS = {INPUTS: "kernel_vector", COLUMNS: "im2col"}
"""The theorems that say what these matrices are."""

Terms = dict[int, Row]
"""For each kernel label of a line, the terms of its derivative: (input or position, output) -> how often."""


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KernelTerm:
    """Along one line: the kernel entry at `entry` multiplies what is read at `reads`."""

    entry: tuple[Index, ...]
    reads: Index


@dataclass(frozen=True)
class ByKernel:
    """dy_o/dk_u is what output o reads with kernel entry u; by the entries of other outputs' channels it is zero."""

    lines: tuple[KernelTerm, ...]


@dataclass(frozen=True)
class KernelSum:
    """dL/dk_u is the sum of G_o times what output o reads with kernel entry u."""

    sums: tuple[Sum, ...]


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


# What a line contributes --------------------------------------------------------------------------


def kernel_term(line: Line) -> KernelTerm:
    """What each kernel entry multiplies."""
    return KernelTerm(line.kernel_index, line.position)


def kernel_sum(line: Line, term: KernelTerm, signal: str) -> Sum:
    """The sum over the outputs that use a kernel entry: along an axis all of them, of the channels its own."""
    o = line.letters.output
    spans = (Span(o, number(0), number(line.outputs - 1)),) if isinstance(line, Axis) else ()
    return Sum(spans, (Factor(GRADIENT, (variable(o),)), Factor(signal, (term.reads,))))


def by_output(line: Line, term: KernelTerm, output: int) -> Row:
    """For an output, its derivatives by the kernel entries: (kernel label, position) -> how often."""
    terms = []
    for tap in range(line.taps):
        env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, *term.entry, term.reads)
        label = 0
        for index, size in zip(term.entry, line.kernel_shape, strict=True):
            at = index.at(env)
            if at is None or not 0 <= at < size:
                raise Refuted("an index of k leaves its range", f"{line.letters.output}={output}", None, at, size)
            label = label * size + at
        terms.append((label, _position(line, term.reads, env)))
    return collect(terms)


def by_kernel(line: Line, claimed: Sum) -> Terms:
    """For each kernel label, the terms of the sum that is printed, by position."""
    found: Terms = defaultdict(dict)
    gradient, signal = claimed.factors
    for tap in range(line.taps):
        outputs = claimed.spans[0].at({}) if claimed.spans else range(line.outputs)  # type: ignore[union-attr]
        for output in outputs:
            env = with_quotients(
                {line.letters.output: output, line.letters.kernel: tap}, *gradient.indices, *signal.indices
            )
            at, t = gradient.indices[0].at(env), _position(line, signal.indices[0], env)
            if at is None or at not in range(line.outputs):
                raise Refuted("an index of G leaves its range", at, None, at, line.outputs)
            row = found[line.label(at, tap)]
            row[t, at] = row.get((t, at), 0) + 1
    return found


def _position(line: Line, index: Index, env: dict[str, int]) -> int:
    t = index.at(env)
    if t is None or t not in line.padded_range:
        raise Refuted("what is read lies outside the padded input", str(env), None, t, str(line.padded_range))
    return t


def by_input(line: Line, claimed: Sum) -> Terms:
    """The same by the input that lies there; positions that hold zero vanish."""
    found: Terms = {}
    for label, row in by_kernel(line, claimed).items():
        terms: Row = {}
        for (t, output), often in row.items():
            p = line.fold(t)  # type: ignore[arg-type]
            if p is not None:
                terms[p, output] = terms.get((p, output), 0) + often
        if terms:
            found[label] = terms
    return found


def same(line: Line, ours: Terms, theirs: Terms, what: str) -> int:
    """Compare derivatives, kernel entry by kernel entry; how many terms agreed."""
    for label in sorted({*ours, *theirs}):
        left, right = ours.get(label, {}), theirs.get(label, {})
        if left != right:
            term = next(t for t in [*left, *right] if left.get(t) != right.get(t))
            place = f"{line.letters.kernel}={label}, {line.letters.output}={term[1]}", f"{line.letters.input}={term[0]}"
            raise Refuted(what, *place, left.get(term, 0), right.get(term, 0))
    return sum(map(len, ours.values()))


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


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DifferentiateKernel:
    """A term is a kernel entry times what is read: by that entry its derivative is what is read, by others zero."""

    name = "differentiate"
    follows: ClassVar[Follows] = (("unfold",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ByKernel):
            raise Refuted("the claim is not about derivatives by the kernel")
        compared = 0
        for (_, old), term in zip(
            same_lines(context, before), for_each_line(context, after.lines, "term"), strict=True
        ):
            *weighted, signal = weights_and_signal(old)
            compared += expect(weighted, [Factor(KERNEL, term.entry)], "the cited step has another kernel entry")
            compared += expect(signal.indices, (term.reads,), "the cited step reads elsewhere")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Against the definition, run as code on labels; a kernel entry is in one term of an output."""
        if not isinstance(after, ByKernel):
            raise Refuted("the claim is not about derivatives by the kernel")
        compared, signal = 0, context.subject.definition.signal
        for line, term in zip(context.lines, after.lines, strict=True):
            code = executed(line, context.subject.definition)
            compared += compare(line, code, partial(by_output, line, term), "the derivative of the definition", signal)
            for output in range(line.outputs):
                labels = [label for label, _ in code(output)]
                compared += expect(len(set(labels)), len(labels), "a kernel entry is in two terms of one output")
        return compared


@dataclass(frozen=True)
class ChainKernel:
    """The chain rule: every output that uses a kernel entry contributes its G_o times its derivative."""

    name = "chain"
    follows: ClassVar[Follows] = (("differentiate",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, ByKernel) or not isinstance(after, KernelSum):
            raise Refuted("the claim is not the chain rule for the cited derivatives")
        compared = 0
        sums = for_each_line(context, after.sums, "sum")
        for line, term, claimed in zip(context.lines, before.lines, sums, strict=True):
            names = {name for index in term.entry for name, _ in index.terms}
            summed = {span.name for span in claimed.spans}
            compared += expect(names & summed, set(), "a kernel entry does not depend on what is summed over")
            expected = kernel_sum(line, term, context.subject.definition.signal)
            compared += expect(claimed, expected, "the sum is not over the outputs that use the kernel entry")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, ByKernel) or not isinstance(after, KernelSum):
            raise Refuted("the claim is not the chain rule for the cited derivatives")
        compared = 0
        for line, term, claimed in zip(context.lines, before.lines, after.sums, strict=True):
            turned: Terms = defaultdict(dict)
            for output in range(line.outputs):
                for (label, t), often in by_output(line, term, output).items():
                    turned[label][t, output] = often  # type: ignore[index]
            compared += same(line, turned, by_kernel(line, claimed), "the outputs that use a kernel entry differ")
        return compared


@dataclass(frozen=True)
class ByTheorem:
    """U or C is what its theorem says: that theorem's proof for this layer is checked."""

    name = "named"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        known = isinstance(after, Named) and after.letter in THEOREMS
        return expect(known, True, "the claim names no matrix that a theorem is about")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        from .catalogue import prove
        from .errors import ProofFailed

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
