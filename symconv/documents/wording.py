"""What a claim and a reason say, as formulas and words.

Every word here comes from the rule and from what it found in the configuration: no sentence about
padding where there is none, none about inputs read twice where no input is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from ..claims import BatchClaim, Claim, RowClaim, sums_of
from ..definition import BIAS, Definition, constant, in_front, weights
from ..dispatch import ByClass
from ..formula import (
    Call,
    Cases,
    Chain,
    Formula,
    Group,
    Held,
    Juxtapose,
    Power,
    SetOf,
    Sigma,
    Sym,
    equals,
    held_set,
    named_set,
    plus,
    position,
)
from ..proof import Omitted, Proof, Step
from ..readmap import Axis, ReadMap
from ..rules import Batch, Entry, Flatten, Reindex, Unfold, only_span
from ..rules import Group as Grouping
from ..sums import INPUT, KERNEL, PADDED, WEIGHT, Fibre, Index, Span, Sum, leading, number, variable
from ..weighted import Resampled
from .blocks import Inline, Math, Reference, words

DEFINITION, ENTRY_RULE = "definition", "entries"


# Claims -------------------------------------------------------------------------------------------


def output_symbol(read_map: ReadMap) -> Sym:
    """y_{c,i,j}."""
    return Sym("y", tuple(variable(line.letters.output) for line in read_map.lines))


def bias_terms(definition: Definition) -> tuple[Formula, ...]:
    """The bias of an output's channel, if there is one."""
    return (Sym(BIAS, tuple(map(variable, definition.bias_indices))),) if definition.bias else ()


def sum_formula(sums: Sequence[Sum], definition: Definition) -> Formula:
    """b_c plus the product of the axes' sums, written as one sum."""
    simple = tuple(axis.simplified() for axis in sums)
    outer = tuple(Sigma(span) for axis in simple for span in axis.spans if not isinstance(span, Fibre))
    inner = tuple(Sigma(span) for axis in simple for span in axis.spans if isinstance(span, Fibre))
    before, letters = in_front(simple)
    known = {factor.letter for axis in simple for factor in axis.known}
    weights: list[Formula] = [
        _in_a_matrix(simple, letter) if letter in known else Sym(letter, leading(simple, letter))
        for letter in letters
        if letter in {*known, KERNEL}
    ]
    if inner:
        weights = [Group(Juxtapose((*inner, *(weights or [1]))))]
    terms: list[Formula] = [*weights]
    for letter in letters:
        if letter in {*known, KERNEL}:
            continue
        if letter not in (INPUT, PADDED):
            terms.append(_in_a_matrix(simple, letter))
        else:
            terms.append(Sym(letter, leading(simple, letter)))
    constant = Fraction(prod(axis.coefficient for axis in simple))
    front: list[Formula] = [constant] if constant != 1 else []
    front += [Sym(letter, leading(simple, letter)) for letter in before]
    return plus(*bias_terms(definition), Juxtapose((*front, *outer, *terms)))


def _in_a_matrix(sums: Sequence[Sum], letter: str) -> Sym:
    """The entry of a matrix whose row and column have one index, or several, from each axis."""
    pairs = [factor.indices for axis in sums for factor in axis.factors if factor.letter == letter]
    return matrix_entry(letter, [pair[0] for pair in pairs], [index for pair in pairs for index in pair[1:]])


def matrix_entry(letter: str, row: Sequence[Formula], column: Sequence[Formula]) -> Sym:
    """W_{(i,j),(p,q)}."""
    return Sym(letter, tuple(position(tuple(part)) for part in (row, column) if part))


def without_single(index: Index, read_map: ReadMap) -> Index:
    """An index with zero for the kernel letters that have no other value, as sums over one value are printed."""
    for line in read_map.lines:
        if line.taps == 1:
            index = index.substitute(line.letters.kernel, number(0))
    return index


def definition_formula(definition: Definition) -> Formula:
    """The right-hand side of the definition."""
    return sum_formula(definition.sums, definition)


Said = tuple[Inline | Reference, ...]


@ByClass
def claim_parts(claim: object, proof: Proof) -> Said:
    """A step's claim in words and formulas; a theorem's file registers those of its own claims."""
    raise TypeError(f"not a claim: {claim!r}")


@claim_parts.register
def _(claim: Claim, proof: Proof) -> tuple[Inline, ...]:
    definition = proof.layer.definition
    return words("{}.", equals(output_symbol(definition.read_map), sum_formula(claim.sums, definition)))


@claim_parts.register
def _(claim: RowClaim, proof: Proof) -> tuple[Inline, ...]:
    bias: tuple[Formula, ...] = (vector_bias(proof.layer.definition),) if claim.bias else ()
    product: Formula = Juxtapose((WEIGHT, Call("vec", "X")))
    return words("The right-hand side is entry {} of {}.", claim.row, plus(product, *bias))


@claim_parts.register
def _(claim: BatchClaim, proof: Proof) -> tuple[Inline, ...]:
    ones = words(", where {} is a column of ones", "1") if claim.bias else ()
    return (
        *words("For a batch, one input in each row of {}: {}", "X", batch_formula(proof.layer.definition)),
        *ones,
        ".",
    )


def vector_bias(definition: Definition) -> Formula:
    """The bias as a vector, one entry for each output; a fully connected layer's is b itself."""
    return Call("vec", "B") if definition.read_map.axes else BIAS


def batch_formula(definition: Definition) -> Formula:
    """Y = X W^T + 1 b^T, PyTorch's form of a fully connected layer."""
    product: Formula = Juxtapose(("X", Power(WEIGHT, "T")))
    bias: tuple[Formula, ...] = (Juxtapose(("1", Power(vector_bias(definition), "T"))),) if definition.bias else ()
    return equals("Y", plus(product, *bias))


def theorem_formula(definition: Definition) -> Formula:
    """vec(Y) = W vec(X) + vec(B)."""
    bias: tuple[Formula, ...] = (vector_bias(definition),) if definition.bias else ()
    return equals(Call("vec", "Y"), plus(Juxtapose((WEIGHT, Call("vec", "X"))), *bias))


# Reasons ------------------------------------------------------------------------------------------


@ByClass
def reason_parts(rule: object, step: Step, proof: Proof) -> Said:
    """Why a step's claim follows from what it cites; a theorem's file registers those of its own rules."""
    raise TypeError(f"no words for the rule {rule!r}")


@reason_parts.register
def _(rule: Omitted, step: Step, proof: Proof) -> Said:
    return words(f"not proved here: {rule.reason}")


@reason_parts.register
def _(rule: Unfold, step: Step, proof: Proof) -> Said:
    return "definition ", Reference(DEFINITION)


@reason_parts.register
def _(rule: Reindex, step: Step, proof: Proof) -> Said:
    return _reindex_reason(step, rule.maps, proof.layer.definition.read_map)


@reason_parts.register
def _(rule: Grouping, step: Step, proof: Proof) -> Said:
    return _group_reason(step, proof.layer.definition.read_map)


@reason_parts.register
def _(rule: Entry, step: Step, proof: Proof) -> Said:
    return "by ", Reference(ENTRY_RULE), _entry_reason(proof)


@reason_parts.register
def _(rule: Flatten, step: Step, proof: Proof) -> Said:
    return ("flattening; definition of the matrix product",)


@reason_parts.register
def _(rule: Batch, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])} for every row of ", Math("X"), ", transposed")


def cited(number_of_step: int, level: int = 1) -> str:
    """How a step is referred to: Lamport's numbering."""
    return f"⟨{level}⟩{number_of_step}"


def _reindex_reason(step: Step, maps: Sequence[Index], read_map: ReadMap) -> tuple[Inline, ...]:
    old: list[Formula] = []
    new: list[Formula] = []
    puts: list[Formula] = []
    sets: list[Formula] = []  # those that a summation sign names: with gaps, or cut with Z_p in the next step
    for line, axis, index in zip(read_map.lines, sums_of(step.claim), maps, strict=True):
        span = only_span(axis)
        folded = read_map.folded and line.mode is not None
        if line.taps > 1:
            old.append(variable(line.letters.kernel))
        if line.taps > 1 or folded:
            there = index if line.taps > 1 else index.substitute(line.letters.kernel, number(0))
            new.append(variable(span.name))
            puts.append(equals(variable(span.name), there))
        if span.step > 1 or folded:
            sets.append(equals(named_set(span.name), arithmetic(span)))
    once = words(": one {} for each {}", position(tuple(new)), position(tuple(old))) if old else ()
    where = words("; " + ", ".join("{}" for _ in sets), *sets) if sets else ()
    return words("put " + ", ".join("{}" for _ in puts), *puts) + once + where


def arithmetic(span: Span) -> SetOf:
    """The values of a span with gaps: {2i - 1, 2i + 1, 2i + 3}."""
    difference = span.last - span.first
    count = difference.constant // span.step + 1
    steps = range(count) if count <= 4 else (0, 1, count - 1)
    return SetOf(tuple(span.first + n * span.step for n in steps), dots=count > 4)


def reads_twice(read_map: ReadMap) -> bool:
    """Whether some output reads some input more than once, so that an entry of W is a sum."""
    several = any(len(taps) > 1 for table in read_map.tables for row in table for taps in row.values())
    return several and read_map.nonzeros > 0


def _group_reason(step: Step, read_map: ReadMap) -> tuple[Inline, ...]:
    twice = (
        f"an input that is read several times collects several {'kernel entries' if read_map.kernel else 'coefficients'}"
        if reads_twice(read_map)
        else "here no output reads an input twice"
    )
    axis = next(axis for axis in read_map.axes if axis.mode is not None)
    p, f = variable(axis.letters.input), variable(axis.letters.padded)
    alike = "" if len(read_map.axes) == 1 else ", and so along every axis"
    said = words(
        f"collect by input: position {{}} holds input {{}} for the {{}} in {{}}{alike}; {twice}",
        f, p, f, held_set(axis.letters.input),
    )  # fmt: skip
    spans = [s for each in sums_of(step.claim) for s in each.spans if isinstance(s, Span) and s.step > 1]
    sets = [equals(named_set(span.name), arithmetic(span)) for span in spans]
    return said + (words("; " + ", ".join("{}" for _ in sets), *sets) if sets else ())


def _entry_reason(proof: Proof) -> str:
    """What became of the terms: which vanish, and where the entries are zero."""
    read_map = proof.layer.definition.read_map
    rows, columns = proof.matrices[WEIGHT].shape
    if read_map.folded:
        return ""
    taps = [sum(len(found) for row in table for found in row.values()) for table in read_map.tables]
    vanish = any(found < line.taps * line.outputs for found, line in zip(taps, read_map.lines, strict=True))
    windows = read_map.kernel or not (any(isinstance(axis, Resampled) for axis in read_map.axes) or not read_map.axes)
    where = " inside the window, zeros outside" if windows else ", zeros elsewhere"
    inside = where if read_map.nonzeros < rows * columns else ""
    return f": the same terms{inside}" + (f", and nothing where {PADDED} is zero" if vanish else "")


# Rules for entries --------------------------------------------------------------------------------


def in_range(index: Index, count: int) -> Formula:
    """The condition that an index expression is one of 0, ..., count - 1."""
    if index.divisor == 1:
        return Chain("<=", (number(0), index, number(count - 1)))
    items = tuple(range(count)) if count <= 4 else (0, 1, count - 1)
    return Chain("in", (index, SetOf(tuple(map(number, items)), dots=count > 4)))


def entry_rule(proof: Proof, letter: str = WEIGHT, kernel: str = KERNEL) -> tuple[Formula, bool]:
    """W_{o,i} as its printed rule, and whether it is a sum over the positions that hold the input."""
    read_map: ReadMap = proof.layer.definition.read_map
    rule = next(step.rule for step in proof.steps if isinstance(step.rule, Entry))
    lines = read_map.lines
    name = matrix_entry(
        letter, [variable(line.letters.output) for line in lines], [variable(line.letters.input) for line in lines]
    )
    conditions: list[Formula] = []
    sigmas: list[Formula] = []
    weighted: dict[str, list[Formula]] = {}
    for line, index in zip(lines, rule.indices, strict=True):
        tap = index
        held = read_map.folded and line.mode is not None
        if held:
            sigmas.append(Sigma(Held(line.letters.padded, line.letters.input)))
        elif line.taps == 1:
            there = line.position.substitute(line.letters.kernel, number(0))
            tap = number(0)
            if there.terms or line.inputs > 1:
                conditions.append(equals(variable(line.letters.input) * line.scale, there))
        elif index != variable(line.letters.input) or line.taps != line.inputs:
            conditions.append(in_range(index, line.taps))
        for factor in weights(line):
            parts = factor.substitute(line.letters.kernel, tap).indices
            weighted.setdefault(factor.letter, []).extend(parts)
    known = Fraction(prod(constant(line) for line in lines))
    named = {KERNEL: kernel}
    symbols: list[Formula] = [Sym(named.get(letter, letter), tuple(indices)) for letter, indices in weighted.items()]
    value: Formula = Juxtapose((*([known] if known != 1 or not symbols else []), *sigmas, *symbols))
    if conditions:
        value = Cases(((value, Chain("and", tuple(conditions))), (0, "otherwise")))
    return equals(name, value), bool(sigmas)


def padded_input(read_map: ReadMap) -> list[Formula]:
    """What the padded input z is: the formulas that define it."""
    lines = read_map.lines
    z = Sym(PADDED, tuple(variable(line.letters.padded) for line in lines))
    if not read_map.folded:
        inside: list[Formula] = []
        indices = []
        for line in lines:
            f = variable(line.letters.padded)
            index = Index.make({line.letters.padded: 1}, 0, line.scale)
            indices.append(index)
            if line.mode is not None:
                inside.append(in_range(index, line.inputs))
        return [equals(z, Cases(((Sym(INPUT, tuple(indices)), Chain("and", tuple(inside))), (0, "otherwise"))))]
    arguments: list[Formula] = []
    sources: dict[tuple[object, ...], tuple[str, Formula]] = {}
    folded = [line for line in lines if isinstance(line, Axis) and line.mode is not None]
    several = len({(axis.length, axis.low > 0, axis.high > 0) for axis in folded}) > 1
    for line in lines:
        f = variable(line.letters.padded)
        if not isinstance(line, Axis) or line.mode is None:
            arguments.append(f)
            continue
        key = (line.length, line.low > 0, line.high > 0)
        if key not in sources:
            name = f"r_{len(sources) + 1}" if several else "r"
            sources[key] = name, equals(Call(name, f), source_cases(line))
        held: Formula = Call(sources[key][0], f)
        if line.scale > 1:
            held = Chain("/", (held, line.scale))
        arguments.append(held)
    return [equals(z, Sym(INPUT, tuple(arguments))), *(formula for _, formula in sources.values())]


def source_cases(axis: Axis) -> Formula:
    """Which position of the signal a padded position repeats, from the mode's own affine maps."""
    f = variable(axis.letters.padded)
    rows: list[tuple[Formula, Formula | str]] = []
    for needed, affine, condition in (
        (axis.low > 0, axis.rule.before(axis.length), Chain("<", (f, number(0)))),
        (True, (1, 0), Chain("<=", (number(0), f, number(axis.length - 1)))),
        (axis.high > 0, axis.rule.after(axis.length), Chain("<=", (number(axis.length), f))),
    ):
        if needed and affine is not None:
            rows.append((f * affine[0] + affine[1], condition))
    return Cases(tuple(rows)) if len(rows) > 1 else rows[0][0]


def held_sets(axis: Axis, limit: int = 10) -> tuple[list[Formula], bool, bool]:
    """The sets Z_p of an axis that hold another than the input's own position.

    Returns the formulas, whether some were left out of the list, and whether other sets remain.
    """
    every = [(p, axis.copies(p)) for p in range(axis.inputs)]
    special = [(p, held) for p, held in every if held != [p * axis.scale]]
    listed: list[Formula] = []
    for p, held in special[:limit]:
        shown = held if len(held) <= 4 else (held[0], held[1], held[-1])
        listed.append(equals(Sym("Z", (number(p),)), SetOf(tuple(map(number, shown)), dots=len(held) > 4)))
    return listed, len(special) > limit, len(special) < len(every)
