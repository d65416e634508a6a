"""Differentiating a layer by its kernel: the definition term by term, and the chain rule.

differentiate   dy_o/dk_u is the input that output o reads with kernel entry u
chain           dL/dk_u = sum over o of G_o times that input

What the sum is as a matrix product and as a layer is in `kernel_gradients`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from ..claims import AnyClaim, Context, Refuted, compare, expect, for_each_line, same_lines
from ..form import Row, collect
from ..readmap import Axis, Line, with_quotients
from ..rules import Follows, executed, weights_and_signal
from ..sums import KERNEL, Factor, Index, Span, Sum, number, variable
from .differentiating import GRADIENT

Terms = dict[int, Row]
"""For each kernel label of a line, the terms of its derivative: (input or position, output) -> how often."""


# Claims --------------------------------------------------------------------------------------------


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


# What a line contributes ---------------------------------------------------------------------------


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


# Rules ---------------------------------------------------------------------------------------------


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
