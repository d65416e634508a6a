"""What a claim and a reason say, as formulas and words.

Every word here comes from the rule and from what it found in the configuration: no sentence about
padding where there is none, none about inputs read twice where no input is.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..claims import AnyClaim, BatchClaim, Claim, MatrixClaim, ProductClaim, RowClaim, sums_of
from ..definition import BIAS, Definition
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
    Words,
    equals,
    held_set,
    named_set,
    plus,
    position,
)
from ..proof import Omitted, Proof, Step
from ..readmap import Axis, Line, ReadMap
from ..rules import Batch, Collect, Entry, Flatten, Gather, Product, Reindex, Unfold, flattened, only_span
from ..rules import Group as Grouping
from ..sums import COLUMNS, INPUT, KERNEL, PADDED, WEIGHT, Fibre, Index, Span, Sum, leading, number, variable
from .blocks import Inline, Math, Reference, words

DEFINITION, ENTRY_RULE, COLUMN_RULE = "definition", "entries", "columns"


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
    kernel: Formula = Sym(KERNEL, leading(simple, KERNEL))
    if inner:
        kernel = Group(Juxtapose((*inner, kernel)))
    factors = {factor.letter: factor for axis in simple for factor in axis.factors}
    terms: list[Formula] = []
    for letter in factors:
        if letter == KERNEL:
            terms.append(kernel)
        elif letter in (WEIGHT, COLUMNS):
            pairs = [factor.indices for axis in simple for factor in axis.factors if factor.letter == letter]
            terms.append(
                matrix_entry(letter, [pair[0] for pair in pairs], [pair[1] for pair in pairs if len(pair) > 1])
            )
        else:
            terms.append(Sym(letter, leading(simple, letter)))
    return plus(*bias_terms(definition), Juxtapose((*outer, *terms)))


def matrix_entry(letter: str, row: Sequence[Formula], column: Sequence[Formula]) -> Sym:
    """W_{(i,j),(p,q)}."""
    return Sym(letter, tuple(position(tuple(part)) for part in (row, column) if part))


def definition_formula(definition: Definition) -> Formula:
    """The right-hand side of the definition."""
    return sum_formula(definition.sums, definition)


def claim_parts(claim: AnyClaim, proof: Proof) -> tuple[Inline, ...]:
    """A step's claim in words and formulas."""
    definition = proof.layer.definition
    y = output_symbol(definition.read_map)
    match claim:
        case Claim(sums):
            return words("{}.", equals(y, sum_formula(sums, definition)))
        case ProductClaim(row, column):
            return _product_claim(definition, row, column)
        case RowClaim(row):
            bias: tuple[Formula, ...] = (vector_bias(definition),) if definition.bias else ()
            product: Formula = Juxtapose((WEIGHT, Call("vec", "X")))
            return words("The right-hand side is entry {} of {}.", row, plus(product, *bias))
        case BatchClaim():
            return words("For a batch, one input in each row of {}: {}.", "X", batch_formula(definition))
        case MatrixClaim():
            return words(
                "Collected by input, column {} of {} gives the rows of the weight matrix {} for that output position: {} is the sum of the {} with {}.",
                flat_output(definition.read_map), COLUMNS, WEIGHT, *_collected(definition.read_map),
            )  # fmt: skip
    raise TypeError(f"not a claim: {claim!r}")


def _product_claim(definition: Definition, row: Index, column: Index) -> tuple[Inline, ...]:
    read_map = definition.read_map
    channels = read_map.channels
    c = variable(channels.letters.output) if read_map.shows_channels else number(0)
    bias = bias_terms(definition)
    entry = position((c, column if read_map.axes else number(0)))
    taps = position(tuple(variable(line.letters.kernel) for line in read_map.lines))
    first = channels.position - variable(channels.letters.kernel)  # the first channel of the group
    at = row + first * (column_height(read_map) // channels.inputs)
    template = (
        "The right-hand side is entry {} of {}"
        + (" plus {}" if bias else "")
        + "; kernel entry {} stands in column {} of {} and meets row {} of {}."
    )
    return words(template, entry, Juxtapose(("K", COLUMNS)), *bias, taps, at, "K", at, COLUMNS)


def column_height(read_map: ReadMap) -> int:
    """The number of rows of C."""
    rows = read_map.channels.inputs
    for axis in read_map.axes:
        rows *= axis.taps
    return rows


def flat_output(read_map: ReadMap) -> Index:
    """The number of an output position among the columns of C."""
    return flattened([(axis.letters.output, axis.outputs) for axis in read_map.axes])


def _collected(read_map: ReadMap) -> tuple[Formula, Formula, Formula]:
    outputs = [variable(line.letters.output) for line in read_map.lines]
    inputs = [variable(line.letters.input) for line in read_map.lines]
    single = {line.letters.kernel for line in read_map.lines if line.taps == 1}
    rows = [_without(column_row(line), single) for line in read_map.lines]
    columns = [variable(axis.letters.output) for axis in read_map.axes]
    kernel = Sym(KERNEL, tuple(_without(index, single) for line in read_map.lines for index in line.kernel_index))
    cell = matrix_entry(COLUMNS, rows, columns)
    return matrix_entry(WEIGHT, outputs, inputs), kernel, equals(cell, Sym(INPUT, tuple(inputs)))


def _without(index: Index, single: set[str]) -> Index:
    """An index with zero for the letters that have no other value."""
    for name in single:
        index = index.substitute(name, number(0))
    return index


def column_row(line: Line) -> Index:
    """The row index of C along one line."""
    return line.gathered[0]


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


def reason_parts(step: Step, proof: Proof) -> tuple[Inline | Reference, ...]:
    """Why a step's claim follows from what it cites."""
    read_map = proof.layer.definition.read_map
    rule = step.rule
    match rule:
        case Omitted(reason):
            return words(f"not proved here: {reason}")
        case Unfold():
            return "definition ", Reference(DEFINITION)
        case Reindex(maps):
            return _reindex_reason(step, maps, read_map)
        case Grouping():
            return _group_reason(step, read_map)
        case Entry():
            return "by ", Reference(ENTRY_RULE), _entry_reason(proof)
        case Flatten():
            return ("flattening; definition of the matrix product",)
        case Batch():
            return (f"{cited(step.cites[0])} for every row of ", Math("X"), ", transposed")
        case Gather():
            return "by ", Reference(COLUMN_RULE)
        case Product():
            return ("flattening; definition of the matrix product",)
        case Collect():
            return (f"{cited(step.cites[0])}: what was gathered, against the entries of ", Math(WEIGHT))
    raise TypeError(f"no words for the rule {rule!r}")


def cited(number_of_step: int) -> str:
    """How a step is referred to: Lamport's numbering."""
    return f"⟨1⟩{number_of_step}"


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
        "an input that is read several times collects several kernel entries"
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
    inside = " inside the window, zeros outside" if read_map.nonzeros < rows * columns else ""
    return f": the same terms{inside}" + (f", and nothing where {PADDED} is zero" if vanish else "")


# Rules for entries --------------------------------------------------------------------------------


def in_range(index: Index, count: int) -> Formula:
    """The condition that an index expression is one of 0, ..., count - 1."""
    if index.divisor == 1:
        return Chain("<=", (0, index, count - 1))
    items = tuple(range(count)) if count <= 4 else (0, 1, count - 1)
    return Chain("in", (index, SetOf(items, dots=count > 4)))


def entry_rule(proof: Proof) -> tuple[Formula, bool]:
    """W_{o,i} as its printed rule, and whether it is a sum over the positions that hold the input."""
    read_map = proof.layer.definition.read_map
    rule = next(step.rule for step in proof.steps if isinstance(step.rule, Entry))
    lines = read_map.lines
    name = matrix_entry(
        WEIGHT, [variable(line.letters.output) for line in lines], [variable(line.letters.input) for line in lines]
    )
    conditions: list[Formula] = []
    sigmas: list[Formula] = []
    kernel: list[Formula] = []
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
        kernel += [part.substitute(line.letters.kernel, tap) for part in line.kernel_index]
    value: Formula = Juxtapose((*sigmas, Sym(KERNEL, tuple(kernel))))
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
                inside.append(in_range(index, line.inputs) if line.scale > 1 else Chain("<=", (0, f, line.inputs - 1)))
        return [equals(z, Cases(((Sym(INPUT, tuple(indices)), Chain("and", tuple(inside))), (0, "otherwise"))))]
    arguments: list[Formula] = []
    sources: dict[tuple[object, ...], tuple[str, Formula]] = {}
    folded = [line for line in lines if isinstance(line, Axis) and line.mode is not None]
    several = len({(axis.length, axis.low > 0, axis.high > 0) for axis in folded}) > 1
    between: list[Formula] = []
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
            between.append(Words(f"{line.scale} does not divide {sources[key][0]}({line.letters.padded})"))
        arguments.append(held)
    return [equals(z, Sym(INPUT, tuple(arguments))), *(formula for _, formula in sources.values())]


def source_cases(axis: Axis) -> Formula:
    """Which position of the signal a padded position repeats, from the mode's own affine maps."""
    f = variable(axis.letters.padded)
    rows: list[tuple[Formula, Formula | str]] = []
    for needed, affine, condition in (
        (axis.low > 0, axis.rule.before(axis.length), Chain("<", (f, 0))),
        (True, (1, 0), Chain("<=", (0, f, axis.length - 1))),
        (axis.high > 0, axis.rule.after(axis.length), Chain("<=", (axis.length, f))),
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
        shown = tuple(held) if len(held) <= 4 else (held[0], held[1], held[-1])
        listed.append(equals(Sym("Z", (p,)), SetOf(shown, dots=len(held) > 4)))
    return listed, len(special) > limit, len(special) < len(every)
