"""W = sum over u of k_u (S_u x T_v x ...): the weight matrix is a sum of Kronecker products.

For each axis and each kernel position u along it, the 0/1 matrix S_u says which input tap u of output
i reads. A kernel entry k_{u,v} stands in W exactly where S_u and T_v both have a one, which is the
Kronecker product, since positions are flattened row by row. Channels are one more factor, with a single
one for each kernel entry. With stride and dilation 1 and padding by zeros, the S_u are shift matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect, for_each_line
from ..documents.blocks import Block, Document, Heading, Inline, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known, small
from ..documents.setting import count_of, definition, flattening, key, ordinal, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, matrix_entry, reason_parts
from ..formula import Cases, Chain, Entry, Formula, Group, Juxtapose, Sigma, Sym, equals
from ..identities import Known, Weights, about_w, exact, number_matrix
from ..linear import Exact, difference, numbers
from ..matrices import NumberMatrix, label_strides, unravel, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, Line, ReadMap, with_quotients
from ..rules import Follows, is_matrix, row_major
from ..sums import INPUT, KERNEL, PADDED, WEIGHT, Span, number, variable

SHOWN = 9  # rows and columns up to which the factors are printed
SHOWN_TAPS = 5


@dataclass(frozen=True)
class Reads:
    """Along each line, entry (i, p) of S_u is 1 where tap u of output i reads input p."""


@dataclass(frozen=True)
class Tabulate:
    """The factors, from the definition: where tap u of an output reads, forward."""

    factors: tuple[dict[int, Exact], ...]  # line by line: label of a kernel entry -> its 0/1 matrix
    name = "tabulate"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Reads):
            raise Refuted("the claim does not say what the factors are")
        compared = 0
        for line, factors in zip(context.lines, for_each_line(context, self.factors, "family of factors"), strict=True):
            for factor in factors.values():
                compared += expect(factor.shape, (line.outputs, line.inputs), "a factor has another shape")
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, factors in zip(context.lines, self.factors, strict=True):
            found: dict[int, dict[tuple[int, int], int]] = {}
            for output in range(line.outputs):
                for tap in range(line.taps):
                    env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
                    t = line.position.at(env)
                    p = None if t is None else line.fold(t)
                    cells = found.setdefault(line.label(output, tap), {})
                    if p is not None:
                        cells[output, p] = 1
            expect(sorted(factors), sorted(found), "there is not one factor for each kernel entry")
            for label, cells in found.items():
                here = difference(factors[label], numbers(cells, line.outputs, line.inputs))
                if here is not None:
                    at = f"{line.letters.output}={here.row}", f"{line.letters.input}={here.column}"
                    raise Refuted("a factor is not where its tap reads", *at, here.left, here.right)
                compared += len(cells)
        for name, matrix in printed(context.subject.definition.read_map, self.factors).items():
            compared += is_matrix(context, name, matrix)
        context.tables[FACTORS] = self.factors
        return compared


FACTORS = "S"


@dataclass(frozen=True)
class SumOfFactors:
    """Along each line, W_{i,p} is the sum over u of k_u (S_u)_{i,p}."""


@dataclass(frozen=True)
class Collect:
    """The factors, each with its kernel entry, are W: what is read forward against the inverse tables."""

    name = "collect"
    follows: ClassVar[Follows] = (("known",), ("tabulate",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        said = isinstance(after, SumOfFactors)
        return about_w(before) + expect(said, True, "the claim does not collect the factors into W")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        compared = 0
        for line, table, factors in zip(context.lines, context.table(WEIGHT), context.table(FACTORS), strict=True):
            total = weighted(factors, line.outputs, line.inputs)
            found = difference(table, total)
            if found is not None:
                at = f"{line.letters.output}={found.row}", f"{line.letters.input}={found.column}"
                raise Refuted("the factors do not add up to W", *at, found.left, found.right)
            compared += total.nonzeros
        return compared


def weighted(factors: dict[int, Exact], height: int, width: int) -> Exact:
    """The sum over u of k_u S_u."""
    rows: list[dict[int, Any]] = [{} for _ in range(height)]
    for label, factor in factors.items():
        for r, row in enumerate(factor.rows):
            for column, entry in row.items():
                cell = rows[r].setdefault(column, {})
                for _, count in entry.items():
                    cell[label,] = cell.get((label,), 0) + count
    return Exact(tuple(rows), width)


@dataclass(frozen=True)
class KroneckerSum:
    """W is the sum over all kernel entries of k times the Kronecker product of their factors."""


@dataclass(frozen=True)
class Kronecker:
    """Row-major numbering turns the product of entries into an entry of the Kronecker product."""

    name = "kronecker"
    follows: ClassVar[Follows] = (("collect",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        said = isinstance(after, KroneckerSum) and isinstance(before, SumOfFactors)
        return expect(said, True, "the claim is not the sum of Kronecker products")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """Where the ones of a Kronecker product lie, by W's own labels."""
        return row_major(context.matrix(WEIGHT), context.lines)


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """What the factors are, that they add up to W along each line, and the Kronecker product."""
    read_map = layer.read_map
    factors = tuple(map(factors_of, read_map.lines))
    chain = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Reads(), Tabulate(factors)),
        Step(SumOfFactors(), Collect(), (1, 2)),
        Step(KroneckerSum(), Kronecker(), (3,)),
    )
    return chain, {WEIGHT: weight_matrix(read_map), **printed(read_map, factors)}


def printed(read_map: ReadMap, factors: tuple[dict[int, Exact], ...]) -> dict[str, NumberMatrix]:
    """The factors of the axes as matrices with labels: S0, S1, ..., T0, ..."""
    return {
        f"{family_letter(read_map, n)}{u}": number_matrix((factor,))
        for n, (line, family) in enumerate(zip(read_map.lines, factors, strict=True))
        if isinstance(line, Axis)
        for u, factor in family.items()
    }


def factors_of(line: Line) -> dict[int, Exact]:
    """The factors along one line, from the inverse: for each input, the outputs and taps that meet there."""
    cells: dict[int, dict[tuple[int, int], int]] = {
        line.label(i, tap): {} for i in range(line.outputs) for tap in range(line.taps)
    }
    for p in range(line.inputs):
        for i, taps in line.meets(p).items():
            for tap in taps:
                cells[line.label(i, tap)][i, p] = 1
    return {label: numbers(found, line.outputs, line.inputs) for label, found in sorted(cells.items())}


def family_letter(read_map: ReadMap, n: int) -> str:
    """E for channels, S, T, Q for the axes; beyond three axes A_1, A_2, ..."""
    axis = n - (len(read_map.lines) - len(read_map.axes))
    if axis < 0:
        return "E"
    return "STQ"[axis] if len(read_map.axes) <= 3 else f"A{axis + 1}"


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """All the Kronecker products, added up entry by entry, against the flattened W."""

    def added_up() -> int:
        layer = proof.layer
        rule = next(step.rule for step in proof.steps if isinstance(step.rule, Tabulate))
        total = Exact(({0: {(0,): 1}},), 1)
        for line, family, step in zip(layer.read_map.lines, rule.factors, label_strides(layer.read_map), strict=True):
            total = numbered(total, weighted(family, line.outputs, line.inputs), step)
        matrix = exact(proof.matrices[WEIGHT])
        found = difference(matrix, total)
        if found is not None:
            raise Refuted("W and the sum of Kronecker products", found.row, found.column, found.left, found.right)
        return sum(sum(entry.values()) for row in total.rows for entry in row.values())

    yield "every entry of the sum of Kronecker products, against W", added_up


def numbered(total: Exact, line: Exact, step: int) -> Exact:
    """The Kronecker product with a further line, its kernel entries numbered within the whole kernel."""
    return Exact(
        tuple(
            {
                column * line.width + p: {
                    (u + v * step,): a * b for (u,), a in entry.items() for (v,), b in factor.items()
                }
                for column, entry in row.items()
                for p, factor in along.items()
            }
            for row in total.rows
            for along in line.rows
        ),
        total.width * line.width,
    )


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy's own Kronecker products, weighted and added, are `layer.weight_matrix()`."""

    def added_up() -> int:
        from sympy import Add, ImmutableSparseMatrix, expand, kronecker_product

        layer = proof.layer
        rule = next(step.rule for step in proof.steps if isinstance(step.rule, Tabulate))
        families = [
            {
                label: ImmutableSparseMatrix(
                    *factor.shape, {(r, c): 1 for r, row in enumerate(factor.rows) for c in row}
                )
                for label, factor in family.items()
            }
            for family in rule.factors
        ]
        kernel = layer.flat_symbols()[1]
        sizes = [len(family) for family in families]
        expected = layer.weight_matrix()
        terms: dict[tuple[int, int], list[Any]] = {}
        for flat, entry in enumerate(kernel):
            factors = (family[at] for family, at in zip(families, unravel(flat, sizes), strict=True))
            for place, one in kronecker_product(*factors).todok().items():
                terms.setdefault(place, []).append(one * entry)
        total = ImmutableSparseMatrix(*expected.shape, {place: Add(*each) for place, each in terms.items()})
        if any(expand(entry) != 0 for entry in (total - expected).todok().values()):
            raise Refuted("SymPy finds another sum of Kronecker products")
        return int(expected.rows * expected.cols)

    yield "the difference of both sides expands to 0 in SymPy", added_up


# Words --------------------------------------------------------------------------------------------


def _names(line: Line, channels: bool) -> list[Formula]:
    """The letters of a line's own kernel entries: d, a for channels, u along an axis."""
    return [variable("d"), variable("a")] if channels else [variable(line.letters.kernel)]


def _families(read_map: ReadMap) -> list[tuple[Line, str, list[Formula]]]:
    """For each line its letter and the indices of its factors; an axis with one kernel entry has index 0."""
    return [
        (line, family_letter(read_map, n), _names(line, line is read_map.channels))
        for n, line in enumerate(read_map.lines)
    ]


def _sigmas(read_map: ReadMap) -> list[Sigma]:
    sigmas = []
    for line, _, names in _families(read_map):
        for name, size in zip(names, line.kernel_shape, strict=True):
            sigmas.append(Sigma(Span(str(name), number(0), number(size - 1))))
    return sigmas


def _kernel(read_map: ReadMap) -> Formula:
    return Sym(KERNEL, tuple(name for _, _, names in _families(read_map) for name in names))


@claim_parts.register
def _(claim: Reads, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    parts: list[Inline] = []
    for line, letter, names in _families(read_map):
        if line is read_map.channels:
            parts += words(
                "{} has a single one, in the row of the output channel and the column of the input channel that kernel entry {} joins. ",
                Sym(letter, tuple(names)), Chain(",", tuple(names)),
            )  # fmt: skip
            continue
        p = variable(line.letters.input)
        there = line.position
        condition: Formula = Chain("is", (Sym(PADDED, (there,)), Sym(INPUT, (p,)))) if line.mode else equals(p, there)
        rule = equals(_entry(letter, names, line), Cases(((1, condition), (0, "otherwise"))))
        parts += words("{}. ", rule)
    padded = [line for line in read_map.axes if line.mode is not None]
    if padded:
        along = ", taken along the axis alone" if len(read_map.lines) > 1 else ""
        parts += words("Here {} is the padded input" + along + ".", PADDED)
    return tuple(parts)


def _entry(letter: str, names: list[Formula], line: Line) -> Formula:
    """(S_u)_{i,p}."""
    return Entry(
        Group(Sym(letter, tuple(names))), Chain(",", (variable(line.letters.output), variable(line.letters.input)))
    )


@claim_parts.register
def _(claim: SumOfFactors, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    rows = [variable(line.letters.output) for line in read_map.lines]
    columns = [variable(line.letters.input) for line in read_map.lines]
    entries_ = tuple(_entry(letter, names, line) for line, letter, names in _families(read_map))
    total = Juxtapose((*_sigmas(read_map), _kernel(read_map), *entries_))
    return words("{}.", equals(matrix_entry(WEIGHT, rows, columns), total))


@claim_parts.register
def _(claim: KroneckerSum, proof: Proof) -> Said:
    return words("{}.", kronecker_formula(proof.layer.read_map))


def kronecker_formula(read_map: ReadMap) -> Formula:
    """W = sum over u and v of k_{u,v} S_u x T_v."""
    factors = tuple(Sym(letter, tuple(names)) for _, letter, names in _families(read_map))
    term = Chain("(x)", factors) if len(factors) > 1 else factors[0]
    return equals(WEIGHT, Juxtapose((*_sigmas(read_map), _kernel(read_map), term)))


@reason_parts.register
def _(rule: Tabulate, step: Step, proof: Proof) -> Said:
    return ("definition",)


@reason_parts.register
def _(rule: Collect, step: Step, proof: Proof) -> Said:
    several = "those that do add up" if proof.layer.read_map.folded else "at most one does"
    return (f"an entry collects the kernel entries whose factor has a one there; {several}",)


@reason_parts.register
def _(rule: Kronecker, step: Step, proof: Proof) -> Said:
    if len(proof.layer.read_map.lines) == 1:
        return (f"{cited(step.cites[0])} for all entries",)
    return (
        f"{cited(step.cites[0])}: an entry of a Kronecker product is the product of the factors' entries, "
        "when positions are numbered row by row",
    )


def shifts(family: dict[int, Exact]) -> bool:
    """Whether the ones of each factor fill one diagonal, a further one for the next kernel entry."""
    found = []
    for factor in family.values():
        height, width = factor.shape
        diagonals = [column - row for row, cells in enumerate(factor.rows) for column in cells]
        first = diagonals[0] if diagonals else width
        if diagonals != [first] * (min(height, width - first) - max(0, -first)) or not diagonals:
            return False
        found.append(first)
    return len(set(found)) == len(found)


def document(proof: Proof) -> Document:
    """The factors, and W as their sum."""
    layer = proof.layer
    read_map = layer.read_map
    rule = next(step.rule for step in proof.steps if isinstance(step.rule, Tabulate))
    blocks: list[Block] = [Heading(("The factors",))]
    axes = [n for n, line in enumerate(read_map.lines) if isinstance(line, Axis)]
    shifting = [n for n in axes if shifts(rule.factors[n])]
    for n in axes:
        line, letter, names = _families(read_map)[n]
        family = Sym(letter, tuple(names))
        which = "" if len(axes) == 1 else f" along the {ordinal(axes.index(n))} axis"
        text = words(
            f"For each kernel entry {{}}{which} let {{}} be the 0/1 matrix that says what it reads: one row for each output, one column for each input.",
            names[0], family,
        )  # fmt: skip
        if n in shifting and line.outputs > 1:
            text += words(" The ones of {} fill one diagonal: it is a shift matrix.", family)
        blocks.append(Paragraph(text))
        if line.outputs <= SHOWN and line.inputs <= SHOWN and line.taps <= SHOWN_TAPS:
            named = ((Sym(letter, (u,)), small(proof.matrices[f"{letter}{u}"])) for u in rule.factors[n])
            written = [equals(name, matrix) for name, matrix in named]
            blocks.append(Paragraph(words(", ".join("{}" for _ in written) + ".", *written)))
    terms = count_of(prod(map(len, rule.factors)), "term")
    claim = words(f"{{}}: one Kronecker product for each kernel entry, {terms} in all.", kronecker_formula(read_map))
    opening = words(
        "Both sides are compared index by index: the terms of a sum of products are the combinations of what every index contributes."
    )
    document_blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *blocks,
        Statement(claim),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "is a sum of Kronecker products"), document_blocks, key(proof))


def refusal(layer: Any) -> str | None:
    """The sum is over kernel entries; where there are no axes, every factor would be a matrix with a single one."""
    if layer.kernel_shape is None:
        return "it has no kernel, and the sum is over kernel entries"
    return None if layer.read_map.axes else "it has no axes to take a product over"


THEOREM = Theorem(
    name="kronecker",
    statement="W = sum over u, v of k_{u,v} S_u (x) T_v: a sum of Kronecker products of 0/1 matrices, one for each kernel entry",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=("kronecker",),
    labels=(DEFINITION, ENTRY_RULE),
)
