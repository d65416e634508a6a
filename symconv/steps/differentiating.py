"""Differentiating a layer by its input: the definition term by term, the chain rule, and the equation of what is read.

L is any function of the output, and G_o its derivative by y_o. The definition is a sum of terms, each a
kernel entry or a known coefficient times one input, so its derivatives are read off term by term:

    differentiate   dy_o/dx_p is the sum of the weights of the taps u with which output o reads input p
    chain           dL/dx_p = sum over o of G_o dy_o/dx_p
    for-output      along an axis o reads p when s i + d u - P = p, which gives i = (p + P - d u)/s

What the sum is as a matrix product and as a layer is in `input_gradients`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from ..claims import AnyClaim, Claim, Context, Refuted, compare, expect, for_each_line, read, same_lines
from ..definition import constant, weights
from ..form import Row, weigh
from ..readmap import Channels, Line, ReadMap, TransposedChannels, with_quotients
from ..rules import Follows, weights_and_signal
from ..sums import KERNEL, Factor, Index, Span, number, quotient, variable
from ..weighted import Resampled, Shuffled

GRADIENT = "G"
"""The derivative of L by the output, an entry for each output."""

Terms = list[Row]
"""For each input of a line, the terms of its derivative: (kernel label, output) -> how often."""


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """Along one line: output o reads input p with tap u exactly when `reads` is `lies`.

    With `held`, `lies` stands for each of the positions at which the padded input holds input p.
    """

    reads: Index
    lies: Index
    held: bool


@dataclass(frozen=True)
class ByInput:
    """dy_o/dx_p is the sum of the weights of those u with which output o reads input p."""

    lines: tuple[Reading, ...]


@dataclass(frozen=True)
class InputSum:
    """dL/dx_p is the sum of weight times G_o over all pairs o, u with which output o reads input p."""

    lines: tuple[Reading, ...]


@dataclass(frozen=True)
class Solution:
    """Along one line: the sum over `span` of the weights times G at `output`; what is no output counts as zero."""

    span: Span
    output: Index
    weights: tuple[Factor, ...]
    lies: Index
    held: bool


@dataclass(frozen=True)
class Solved:
    """The same sum, with the output that reads input p found for each tap."""

    lines: tuple[Solution, ...]


# What a line contributes --------------------------------------------------------------------------


def readings(read_map: ReadMap) -> tuple[Reading, ...]:
    """The equation of what is read, line by line."""
    found = []
    for line in read_map.lines:
        held = read_map.folded and line.mode is not None
        letters = line.letters
        lies = variable(letters.padded) if held else variable(letters.input) * line.scale
        found.append(Reading(line.position, lies, held))
    return tuple(found)


def solvable(read_map: ReadMap) -> bool:
    """Whether the output can be found from the input and the tap by an expression; not through a floor."""
    return not any(isinstance(line, (Resampled, Shuffled)) for line in read_map.lines)


def solution(line: Line, reading: Reading) -> Solution:
    """The equation of what is read, solved for the output; for channels, for the channel within its group."""
    if isinstance(line, Channels):
        return _channels(line, reading)
    letters = line.letters
    tap = Span(letters.kernel, number(0), number(line.taps - 1))
    output = reading.reads.solve(letters.output, "t").substitute("t", reading.lies)
    found = tuple(factor.substitute(letters.output, output) for factor in weights(line))
    return Solution(tap, output, found, reading.lies, reading.held)


def _channels(line: Channels, reading: Reading) -> Solution:
    c, e = variable(line.letters.output), variable(line.letters.input)
    members = line.outputs // line.groups
    group = number(0) if line.groups == 1 else quotient(e, line.taps)
    span = Span(line.letters.output, group * members, group * members + members - 1)
    tap = e - group * line.taps
    own: tuple[Factor, ...] = ()
    if isinstance(line, TransposedChannels):  # its kernel's first index is the input channel itself
        own = (Factor(KERNEL, (e, line.kernel_index[1])),)
    elif line.kernel_index:
        own = (Factor(KERNEL, (c, tap)),)
    return Solution(span, c, own, reading.lies, reading.held)


def positions(line: Line, lies: Index, held: bool, p: int) -> Iterable[int]:
    """Where input p lies."""
    if held:
        return line.copies(p)
    at = lies.at({line.letters.input: p})
    return () if at is None else (at,)


def _where(line: Line, reading: Reading) -> dict[int, int]:
    """The input that lies at each position, by the claim."""
    found: dict[int, int] = {}
    for p in range(line.inputs):
        for t in positions(line, reading.lies, reading.held, p):
            expect(found.setdefault(t, p), p, f"position {t} holds two inputs")
    return found


def by_output(line: Line, reading: Reading) -> Callable[[int], Row]:
    """For an output, its derivatives by the inputs: (kernel label, input) -> coefficient."""
    where = _where(line, reading)

    def row(output: int) -> Row:
        terms = []
        for tap in range(line.taps):
            p = where.get(_reads(line, reading, output, tap))
            if p is not None:
                terms.append((_weight(line, output, tap), p))
        return weigh(((label, p), c) for (label, c), p in terms)

    return row


def by_input(line: Line, lines: Sequence[Reading], n: int) -> Terms:
    """For each input, the pairs of output and tap that the condition of a line asks for."""
    reading, found = lines[n], [[] for _ in range(line.inputs)]  # type: ignore[var-annotated]
    where = _where(line, reading)
    for tap in range(line.taps):
        for output in range(line.outputs):
            p = where.get(_reads(line, reading, output, tap))
            if p is not None:
                label, c = _weight(line, output, tap)
                found[p].append(((label, output), c))
    return [weigh(terms) for terms in found]


def _reads(line: Line, reading: Reading, output: int, tap: int) -> int:
    env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, reading.reads)
    at = reading.reads.at(env)
    if at is None:
        raise Refuted(f"{reading.reads} is no position", f"{line.letters.output}={output}")
    return at


def _weight(line: Line, output: int, tap: int) -> tuple[int | None, Any]:
    """The kernel label and the known coefficient of a tap."""
    return (line.label(output, tap), 1) if line.kernel_shape else (None, line.coefficient(output, tap))


def solved_terms(line: Line, found: Solution) -> Terms:
    """For each input, the terms of the solved sum, from the very expressions that are printed."""
    result = []
    letters = line.letters
    for p in range(line.inputs):
        terms = []
        for t in positions(line, found.lies, found.held, p):
            env = with_quotients({letters.input: p, letters.padded: t}, found.span.first, found.span.last)
            for value in found.span.at(env):
                here = {**env, found.span.name: value}
                output = found.output.at(with_quotients(here, found.output))
                if output is not None and 0 <= output < line.outputs:
                    terms.append(((_printed_label(line, found, here), output), _printed_factor(line, found, here)))
        result.append(weigh(terms))
    return result


def _printed_label(line: Line, found: Solution, env: dict[str, int]) -> int | None:
    label: int | None = None
    for factor in found.weights:
        if factor.letter != KERNEL:
            continue
        label = 0
        for index, size in zip(factor.indices, line.kernel_shape, strict=True):
            at = index.at(with_quotients(env, index))
            if at is None or not 0 <= at < size:
                raise Refuted("an index of k leaves its range", None, f"{line.letters.input}={env}", at, size)
            label = label * size + at
    return label


def _printed_factor(line: Line, found: Solution, env: dict[str, int]) -> Any:
    value: Any = constant(line)
    for factor in found.weights:
        if factor.letter != KERNEL:
            expect(factor.letter, line.letters.coefficient, f"{factor} is no coefficient of the layer")
            at = [index.at(with_quotients(env, index)) for index in factor.indices]
            value = value * line.coefficient(at[0] or 0, (at[1] or 0) if len(at) > 1 else 0)
    return value


def terms_of(line: Line, claim: InputSum | Solved, n: int) -> Terms:
    """For each input of line n, the terms of the derivative that a claim states."""
    return by_input(line, claim.lines, n) if isinstance(claim, InputSum) else solved_terms(line, claim.lines[n])


def outside(line: Line, found: Solution) -> tuple[bool, bool]:
    """Whether the solved output is somewhere not an integer, and whether it is somewhere out of range."""
    broken = beyond = False
    for p in range(line.inputs):
        for t in positions(line, found.lies, found.held, p):
            env = with_quotients({line.letters.input: p, line.letters.padded: t}, found.span.first, found.span.last)
            for value in found.span.at(env):
                here = {**env, found.span.name: value}
                output = found.output.at(with_quotients(here, found.output))
                broken |= output is None
                beyond |= output is not None and not 0 <= output < line.outputs
    return broken, beyond


def same_terms(line: Line, ours: Terms, theirs: Terms, what: str) -> int:
    """Compare derivatives, input by input; how many terms agreed."""
    expect(len(ours), len(theirs), what)
    for p, (left, right) in enumerate(zip(ours, theirs, strict=True)):
        if left != right:
            term = next(iter(sorted({t for t in left | right if left.get(t) != right.get(t)}, key=repr)))
            raise Refuted(what, f"{line.letters.output}={term[1]}", f"{line.letters.input}={p}", left.get(term, 0), right.get(term, 0))  # fmt: skip
    return sum(map(len, ours))


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DifferentiateInput:
    """A term is a weight times the input at one position: its derivative is the weight where x_p lies there, else 0."""

    name = "differentiate"
    follows: ClassVar[Follows] = (("unfold",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ByInput):
            raise Refuted("the claim is not about derivatives by the input")
        compared = 0
        lines = for_each_line(context, after.lines, "equation")
        expected = readings(context.subject.definition.read_map)
        for (line, old), said, right in zip(same_lines(context, before), lines, expected, strict=True):
            signal = weights_and_signal(old)[-1]
            compared += expect(
                signal.indices, (said.reads,), f"the cited step reads elsewhere along {line.letters.input}"
            )
            compared += expect((said.lies, said.held), (right.lies, right.held), "the input lies elsewhere")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, ByInput):
            raise Refuted("the claim is not about derivatives by the input")
        return sum(
            compare(line, partial(read, old, line), by_output(line, said), "the derivative of the definition")
            for (line, old), said in zip(same_lines(context, before), after.lines, strict=True)
        )


@dataclass(frozen=True)
class ChainInput:
    """The chain rule: every output contributes its G_o times its derivative."""

    name = "chain"
    follows: ClassVar[Follows] = (("differentiate",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, ByInput) or not isinstance(after, InputSum):
            raise Refuted("the claim is not the chain rule for the cited derivatives")
        return expect(after.lines, before.lines, "the pairs are not those of the cited step")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, ByInput) or not isinstance(after, InputSum):
            raise Refuted("the claim is not the chain rule for the cited derivatives")
        compared = 0
        for n, line in enumerate(context.lines):
            row = by_output(line, before.lines[n])
            turned: Terms = [{} for _ in range(line.inputs)]
            for output in range(line.outputs):
                for (label, p), c in row(output).items():
                    assert isinstance(p, int)  # noqa: S101 - an input, by `by_output`
                    turned[p][label, output] = c
            compared += same_terms(line, turned, by_input(line, after.lines, n), "the pairs of output and tap differ")
        return compared


@dataclass(frozen=True)
class ForOutput:
    """The equation of what is read, solved for the output."""

    name = "for-output"
    follows: ClassVar[Follows] = (("chain",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, InputSum) or not isinstance(after, Solved):
            raise Refuted("the claim does not solve the cited condition")
        compared = 0
        for line, reading, found in zip(
            context.lines, before.lines, for_each_line(context, after.lines, "sum"), strict=True
        ):
            if not isinstance(line, Channels):
                back = reading.reads.substitute(line.letters.output, found.output)
                compared += expect(
                    back, reading.lies, f"{found.output} is no solution of {reading.reads} = {reading.lies}"
                )
            compared += expect(found, solution(line, reading), "the sum is not that of the solved condition")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, InputSum) or not isinstance(after, Solved):
            raise Refuted("the claim does not solve the cited condition")
        return sum(
            same_terms(
                line, by_input(line, before.lines, n), solved_terms(line, after.lines[n]), "the solved sum differs"
            )
            for n, line in enumerate(context.lines)
        )


def defined(layer: Any) -> Claim:
    """The definition, from which every derivative starts."""
    return Claim(layer.definition.sums, layer.definition.bias)
