"""A proof is data: claims, a rule between each two, and a check of every transition.

A `Step` claims something about y_o, by a `Rule`, from earlier steps that it cites. Each rule
verifies its own move twice:

- its *shape*: symbolically, the claim is what the rule makes of the cited claim, with the very
  index map that is printed;
- its *values*: evaluated for every output of every axis, nothing is lost and nothing doubled.

No rule is "both ends are equal"; that comparison (`form`) is made too, last. A claim in several
dimensions is checked axis by axis: sums that agree on every axis and on the channel table have
equal products (see `Claim`). What `check="entries"` adds is every single entry of the flattened
matrix, against the definition run as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from .errors import ProofFailed, SpecError
from .form import Difference, Row, collect, first_difference, row_difference
from .readmap import Line, with_quotients
from .sums import INPUT, KERNEL, PADDED, Fibre, Index, Span, Sum, variable

if TYPE_CHECKING:
    from .definition import Definition
    from .documents.blocks import Document

LEVELS = ("auto", "axes", "entries", "all")
ENTRIES_LIMIT = 5_000
SYMPY_LIMIT = 1_000


class Subject(Protocol):
    """What a proof is about: a layer, seen from here."""

    @property
    def definition(self) -> Definition: ...


@dataclass(frozen=True)
class Claim:
    """y_o = b_c + the product of these sums, one for each axis (the channels first).

    The product lemma: a product of sums is the sum over the product of their ranges of the products
    of their terms. So if, on every axis, two sums have the same terms, their products do.
    """

    sums: tuple[Sum, ...]
    bias: bool


@dataclass(frozen=True)
class RowClaim:
    """y_o is an entry of a product of matrices: which row, with the summed columns numbered so."""

    row: Index
    column: Index
    bias: bool


@dataclass(frozen=True)
class BatchClaim:
    """Row n of X W^T + 1 b^T is the output for the input in row n of X."""

    bias: bool


@dataclass(frozen=True)
class MatrixClaim:
    """Collected by input, the columns of the im2col matrix give the rows of W."""


AnyClaim = Claim | RowClaim | BatchClaim | MatrixClaim


class Refuted(Exception):
    """Raised inside a rule: the transition is not what the rule says. Holds where and what."""

    def __init__(
        self, message: str, output: object = None, input: object = None, left: object = None, right: object = None
    ):
        self.message, self.output, self.input, self.left, self.right = message, output, input, left, right
        super().__init__(message)


class Rule(Protocol):
    """One kind of move. `shape` and `values` return how many things they compared, or raise."""

    @property
    def name(self) -> str: ...
    def shape(self, subject: Subject, before: AnyClaim | None, after: AnyClaim) -> int: ...
    def values(self, subject: Subject, before: AnyClaim | None, after: AnyClaim, tables: Tables) -> int: ...


@dataclass(frozen=True)
class Omitted:
    """A step that is stated but not proved here. It is counted and printed, never hidden."""

    reason: str
    name: str = "omitted"


@dataclass(frozen=True)
class Step:
    """A claim, the rule that gives it, and the numbers of the earlier steps it uses."""

    claim: AnyClaim
    rule: Rule | Omitted
    cites: tuple[int, ...] = ()


Tables = dict[str, tuple[Any, ...]]
"""What the letters W and C stand for, line by line; filled in by the steps that define them."""


# Evaluating a claim -------------------------------------------------------------------------------


def evaluate(axis: Sum, line: Line, output: int) -> Row:
    """The terms of one axis' sum for one output: {(kernel label, position or input): count}.

    A kernel label is the row-major number within the line's own kernel indices. A term that leaves
    its range is refuted here, so nothing outside a tensor is ever claimed to be read.
    """
    kernel, signal = axis.factor(KERNEL), axis.factor(PADDED) or axis.factor(INPUT)
    if kernel is None or signal is None:
        raise Refuted("the sum has no kernel factor or reads no input")
    env = with_quotients({line.letters.output: output}, *_indices(axis))
    match axis.spans:
        case (Span() as span,):
            values = span.at(env)
            positions = _over(signal.indices[0], span.name, values, env, output)
            allowed = line.padded_range if signal.letter == PADDED else range(line.inputs)
            if positions and not (positions[0] in allowed and positions[-1] in allowed):
                raise Refuted(
                    f"{signal.letter} is read outside its range",
                    output,
                    left=f"{positions[0]} to {positions[-1]}",
                    right=f"{allowed[0]} to {allowed[-1]}",
                )
            return collect(zip(_labels(kernel.indices, line, span.name, values, env, output), positions, strict=True))
        case (Span() as outer, Fibre(span)):
            inputs, values = outer.at(env), span.at(env)
            if signal.indices != (variable(outer.name),):
                raise Refuted("a grouped sum reads its outer variable", output)
            labels = _labels(kernel.indices, line, span.name, values, env, output)
            held = ((label, line.fold(t)) for label, t in zip(labels, values, strict=True))
            return collect((label, p) for label, p in held if p in inputs)
    raise Refuted("the sum is not over kernel entries, positions or inputs")


def read(axis: Sum, line: Line, output: int) -> Row:
    """The same terms by the input that is read."""
    return folded(evaluate(axis, line, output), line)


def _indices(axis: Sum) -> list[Index]:
    limits = [span.span if isinstance(span, Fibre) else span for span in axis.spans]
    return [i for span in limits for i in (span.first, span.last)] + [
        i for factor in axis.factors for i in factor.indices if factor.letter in (KERNEL, PADDED, INPUT)
    ]


def _over(index: Index, name: str, values: range, env: dict[str, int], output: int) -> Sequence[int]:
    if not index.coefficient(name):
        constant = index.at(env)
        if constant is not None:
            return [constant] * len(values)
    result = index.over(name, values, env)
    if result is None:
        raise Refuted(f"the index {index} is not an integer for every {name}", output)
    return result


def _labels(
    indices: tuple[Index, ...], line: Line, name: str, values: range, env: dict[str, int], output: int
) -> list[int]:
    if len(indices) != len(line.kernel_shape):
        raise Refuted("the kernel has the wrong number of indices", output)
    labels = [0] * len(values)
    for index, size in zip(indices, line.kernel_shape, strict=True):
        column = _over(index, name, values, env, output)
        for number in (min(column, default=0), max(column, default=0)):
            if not 0 <= number < size:
                raise Refuted(
                    f"the kernel index {index} leaves 0..{size - 1}", output, left=number, right=f"0 to {size - 1}"
                )
        labels = [label * size + number for label, number in zip(labels, column, strict=True)]
    return labels


def folded(row: Row, line: Line) -> Row:
    """The same terms by the input that each position holds; positions that hold zero vanish."""
    result: Row = {}
    for (label, t), count in row.items():
        p = line.fold(t)  # type: ignore[arg-type]
        if p is not None:
            result[label, p] = result.get((label, p), 0) + count
    return result


def tabulated(table: Any, line: Line, output: int) -> Row:
    """One row of an axis' weight matrix as terms."""
    base = output * line.taps if len(line.kernel_shape) == 2 else 0
    return collect((base + tap, p) for p, taps in table[output].items() for tap in taps)


def compare(line: Line, left: Callable[[int], Row], right: Callable[[int], Row], what: str) -> int:
    """Compare two sums for every output of a line; return how many terms agreed."""
    terms = 0
    for output in range(line.outputs):
        ours, theirs = left(output), right(output)
        difference = row_difference(output, ours, theirs)
        if difference is not None:
            raise refute(difference, what, line)
        terms += len(ours)
    return terms


def refute(difference: Difference, what: str, line: Line | None = None) -> Refuted:
    """Say where two sums differ, in the line's own letters."""
    name = f" along {line.letters.output}" if line else ""
    if difference.term is None:
        return Refuted(
            f"{what}: an output is missing{name}", difference.output, None, difference.left, difference.right
        )
    label, source = difference.term
    return Refuted(
        f"{what}: kernel entry {label} meets input {source} a different number of times{name}",
        difference.output,
        source,
        difference.left,
        difference.right,
    )


def sums_of(claim: AnyClaim | None) -> tuple[Sum, ...]:
    """The sums of a claim that is one."""
    return _sums(claim).sums


def _sums(claim: AnyClaim | None) -> Claim:
    if not isinstance(claim, Claim):
        raise Refuted("this rule starts from a sum, and the cited step is none")
    return claim


def same_lines(subject: Subject, *claims: AnyClaim | None) -> Iterator[tuple[Any, ...]]:
    """Each line with its sum in every claim; the bias must be carried along unchanged."""
    lines = subject.definition.read_map.lines
    for claim in claims:
        checked = _sums(claim)
        if len(checked.sums) != len(lines):
            raise Refuted("the claim has not one sum for each axis", left=len(checked.sums), right=len(lines))
        if checked.bias != subject.definition.bias:
            raise Refuted("the bias is lost or added", left=checked.bias, right=subject.definition.bias)
    return zip(lines, *(_sums(claim).sums for claim in claims), strict=True)


def expect(found: object, expected: object, what: str) -> int:
    """One symbolic comparison."""
    if found != expected:
        raise Refuted(what, left=found, right=expected)
    return 1


# The report ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Obligation:
    """One thing that was checked: which step, what about it, and how many comparisons it took."""

    step: int | None
    what: str
    count: int

    def __str__(self) -> str:
        return (f"step {self.step}: " if self.step else "") + f"{self.what} ({self.count:,} compared)"


@dataclass(frozen=True)
class Failure:
    """One thing that does not hold: the step, what, the output and input, and both values."""

    step: int | None
    what: str
    message: str
    output: object = None
    input: object = None
    left: object = None
    right: object = None

    def __str__(self) -> str:
        place = [f"step {self.step}"] if self.step else []
        place += [f"output {self.output}"] if self.output is not None else []
        place += [f"input {self.input}"] if self.input is not None else []
        values = f" ({self.left} against {self.right})" if self.left is not None or self.right is not None else ""
        return f"{', '.join(place)}{': ' if place else ''}{self.what}: {self.message}{values}"


@dataclass(frozen=True)
class Report:
    """What a check found. Truthy when nothing failed."""

    proved: tuple[Obligation, ...] = ()
    omitted: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.failed

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        head = f"{'ok' if self.ok else 'FAILED'}: {len(self.proved)} proved, {len(self.omitted)} omitted, {len(self.failed)} failed"
        return "\n".join([head, *(f"  {failure}" for failure in self.failed)])

    def __add__(self, other: Report) -> Report:
        return Report(
            *(getattr(self, name) + getattr(other, name) for name in ("proved", "omitted", "failed", "levels"))
        )


Check = Callable[["Proof"], Iterator[tuple[str, Callable[[], int]]]]
"""A further check of a theorem: named obligations, each a function that counts or raises."""


@dataclass(frozen=True)
class Theorem:
    """One theorem: everything the rest of the package needs to know about it."""

    name: str
    statement: str
    refusal: Callable[[Any], str | None]  # why it does not apply to a layer, or None
    build: Callable[[Any], tuple[tuple[Step, ...], dict[str, Any]]]
    entries: Check
    sympy: Check
    size: Callable[[Any], int]  # the non-zeros that decide which checks `auto` makes
    document: Callable[[Proof], Document]
    goal: type = RowClaim  # the kind of claim that some step must reach


@dataclass(frozen=True)
class Proof:
    """A theorem for one layer: its steps and the matrices they speak of.

    >>> import symconv as sc
    >>> proof = sc.prove(sc.Conv((4, 4), (3, 3)))
    >>> bool(proof.check())
    True
    >>> [step.rule.name for step in proof.steps]
    ['unfold', 're-index', 'entry', 'row', 'batch']
    """

    theorem: Theorem
    layer: Any
    steps: tuple[Step, ...]
    matrices: dict[str, Any] = field(compare=False)
    level: str = "auto"

    def check(self) -> Report:
        """Check everything the level asks for; the result is kept, a proof being immutable."""
        return self._report

    @cached_property
    def _report(self) -> Report:
        report = check_steps(self)
        size = self.theorem.size(self.layer)
        if report and (self.level in ("entries", "all") or (self.level == "auto" and size <= ENTRIES_LIMIT)):
            report += discharge("entries", self.theorem.entries(self))
        if report and (self.level == "all" or (self.level == "auto" and size <= SYMPY_LIMIT)):
            report += discharge("sympy", self.theorem.sympy(self))
        return report

    def with_entries(self) -> Proof:
        """This proof with every entry checked, as whatever prints the matrix in full must have."""
        if "entries" in self.check().levels:
            return self
        return replace(self, level="all" if "sympy" in self.check().levels else "entries")

    def render(self, format: str = "text", **options: Any) -> str:
        """The document in one of the formats; raises `ProofFailed` rather than print what is wrong."""
        from .render import render

        return render(self, format, **options)

    def verified(self) -> Proof:
        """This proof, if its check passes; else `ProofFailed`."""
        report = self.check()
        if not report:
            raise ProofFailed(report)
        return self

    def __repr__(self) -> str:
        return f"<proof of {self.theorem.name} for {self.layer!r}: {len(self.steps)} steps>"

    def __str__(self) -> str:
        return self.render("text")

    def __dir__(self) -> list[str]:
        return ["check", "layer", "level", "matrices", "render", "steps", "theorem"]

    def _repr_markdown_(self) -> str:
        return self.render("markdown")

    def __reduce__(self) -> tuple[Any, ...]:
        from .catalogue import prove

        return prove, (self.layer, self.theorem.name, self.level)


def level_named(level: object) -> str:
    """One of the check levels."""
    if level not in LEVELS:
        raise SpecError("check", level, "must be one of " + ", ".join(LEVELS), 'check="entries"')
    return str(level)


# The check ----------------------------------------------------------------------------------------


def discharge(level: str, obligations: Iterator[tuple[str, Callable[[], int]]], step: int | None = None) -> Report:
    """Run named obligations. Whatever goes wrong inside one is a failed claim, not a crash."""
    proved: list[Obligation] = []
    failed: list[Failure] = []
    for what, run in obligations:
        try:
            proved.append(Obligation(step, what, run()))
        except Refuted as refuted:
            failed.append(
                Failure(step, what, refuted.message, refuted.output, refuted.input, refuted.left, refuted.right)
            )
        except Exception as error:
            failed.append(Failure(step, what, f"the check could not be carried out: {type(error).__name__}: {error}"))
    return Report(tuple(proved), (), tuple(failed), (level,))


def check_steps(proof: Proof) -> Report:
    """Check every step, axis by axis, and last that the first and the last sum have one normal form."""
    report = Report(levels=("axes",))
    tables: Tables = {}
    for number, step in enumerate(proof.steps, 1):
        report += _check_step(proof, number, step, tables)
    claims = [step.claim for step in proof.steps]

    def goal() -> int:
        if not any(isinstance(claim, proof.theorem.goal) for claim in claims):
            raise Refuted("no step states the theorem")
        if not claims or not isinstance(claims[0], Claim) or getattr(proof.steps[0].rule, "name", "") != "unfold":
            raise Refuted("the proof does not start from the definition")
        cited = {cite for step in proof.steps for cite in step.cites}
        unused = [
            n for n in range(1, len(claims)) if n not in cited and not isinstance(claims[n - 1], proof.theorem.goal)
        ]
        if unused:
            raise Refuted(f"step {unused[0]} is not used by any later step")
        return len(claims)

    def normal_form() -> int:
        return _normal_form(proof, tables)

    last = discharge(
        "axes", iter([("the steps reach the theorem", goal), ("normal forms of first and last sum", normal_form)])
    )
    return Report(report.proved + last.proved, report.omitted, report.failed + last.failed, ("axes",))


def _check_step(proof: Proof, number: int, step: Step, tables: Tables) -> Report:
    if isinstance(step.rule, Omitted):
        return Report(omitted=(f"step {number}: {step.rule.reason}",))
    rule = step.rule

    def cited() -> int:
        for cite in step.cites:
            if not 1 <= cite < number:
                raise Refuted(f"cites step {cite}, which is not an earlier step")
        if rule.name != "unfold" and not step.cites:
            raise Refuted("follows from no earlier step")
        return len(step.cites)

    before = proof.steps[step.cites[0] - 1].claim if step.cites and 1 <= step.cites[0] < number else None
    checks: list[tuple[str, Callable[[], int]]] = [
        ("citations", cited),
        ("shape", lambda: rule.shape(proof.layer, before, step.claim)),
        ("values", lambda: rule.values(proof.layer, before, step.claim, tables)),
    ]
    report = discharge("axes", iter(checks), number)
    return Report(report.proved, (), report.failed)


def _normal_form(proof: Proof, tables: Tables) -> int:
    first = _sums(proof.steps[0].claim)
    count = 0
    for line, axis, table in zip(proof.layer.definition.read_map.lines, first.sums, tables.get("W", ()), strict=False):
        definition = ((i, folded(evaluate(axis, line, i), line)) for i in range(line.outputs))
        matrix = ((i, tabulated(table, line, i)) for i in range(line.outputs))
        difference = first_difference(definition, matrix)
        if difference is not None:
            raise refute(difference, "definition and matrix", line)
        count += line.outputs
    return count
