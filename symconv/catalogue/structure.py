"""Is W Toeplitz, circulant, banded, symmetric; and which of it are its blocks?

Every answer is proved. A yes is checked on every non-zero entry of W, and its reason is what the axes
say; a no has its witness: two entries that should be equal and are not, two corners that are not zero,
or the shape. Moving one index of output and input leaves what the other indices contribute, so W is
block Toeplitz, level by level, along every axis whose own table is Toeplitz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..documents.blocks import Document, Heading, Inline, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, listed, ordinal, setting, title
from ..documents.weights import grid_or_size, kernel_symbol, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..formula import Chain, Formula, Sym, equals, plus, times
from ..identities import Known, Weights, about_w
from ..matrices import LabelledMatrix, weight_matrix
from ..patterns import Place, Property, Rows, check, decide
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, ReadMap, labelled_rows
from ..rules import Follows
from ..sums import WEIGHT, number, variable
from .weight_matrix import entries

if TYPE_CHECKING:
    from ..layers import Layer

LIMIT = 500_000
"""Non-zeros of W up to which every one of them is looked at."""

WHOLE = ("toeplitz", "circulant", "banded", "symmetric")
ALONG = ("toeplitz", "circulant")


@dataclass(frozen=True)
class Levels:
    """Level by level along the axes, the blocks of W for each pair of channels: circulant, toeplitz or neither ("")."""

    kinds: tuple[str, ...]


# Deciding -----------------------------------------------------------------------------------------


def along(read_map: ReadMap, axis: int) -> Rows:
    """The rows of one axis' own matrix: kernel taps where an output meets an input."""
    lines = len(read_map.lines) - len(read_map.axes) + axis
    return [dict(row) for row in labelled_rows(read_map.axes[axis], read_map.tables[lines])]


def alike(read_map: ReadMap) -> list[tuple[int, ...]]:
    """The axes in groups of equal ones; none where the one axis is all of W."""
    if len(read_map.lines) == 1:
        return []
    groups: dict[Axis, list[int]] = {}
    for n, axis in enumerate(read_map.axes):
        groups.setdefault(axis, []).append(n)
    return [tuple(group) for group in groups.values()]


def refusal(layer: Any) -> str | None:
    """Where there is no kernel to compare, nothing to say, or too much to look at."""
    if layer.kernel_shape is None:
        return "its weight matrix holds known numbers, and this theorem compares kernel entries"
    if not layer.read_map.nonzeros:
        return "its weight matrix is zero, which has every structure"
    if layer.read_map.nonzeros > LIMIT:
        return f"its weight matrix has {layer.read_map.nonzeros:,} non-zero entries; each is looked at, up to {LIMIT:,}"
    return None


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """W, what holds along the axes, its blocks, and what holds for W itself."""
    read_map = layer.read_map
    matrix = weight_matrix(read_map)
    chain = [Step(Weights(WEIGHT, layer), Known())]
    for group in alike(read_map):
        rows = along(read_map, group[0])
        width = read_map.axes[group[0]].inputs
        chain += [Step(decide(name, rows, width, group), Decide(name + " axes"), (1,)) for name in ALONG]
    if len(chain) > 1:
        kinds = levels([step.claim for step in chain[1:]], len(read_map.axes))  # type: ignore[misc]
        chain.append(Step(Levels(kinds), Blocks(), tuple(range(1, len(chain) + 1))))
    whole = list(matrix.rows)
    chain += [Step(decide(name, whole, matrix.shape[1]), Decide(name), (1,)) for name in WHOLE]
    return tuple(chain), {WEIGHT: matrix}


def levels(found: list[Property], axes: int) -> tuple[str, ...]:
    """The strongest of the two for each axis."""
    kinds = [""] * axes
    for name in ALONG:  # circulant comes last, being more
        for each in found:
            if each.name == name and each.holds:
                for axis in each.axes:
                    kinds[axis] = name
    return tuple(kinds)


def conclusions(layer: Any) -> tuple[str, ...]:
    """The steps that state the theorem."""
    return (*(("blocks",) if alike(layer.read_map) else ()), *WHOLE)


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decide:
    """A property is checked on every non-zero entry; where it fails, on its witness."""

    name: str
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, axes = _property(after), context.subject.definition.read_map.axes
        suffix = " axes" if claim.axes else ""
        compared = about_w(before) + expect(claim.name + suffix, self.name, "the claim is about another property")
        compared += expect(set(claim.axes) <= set(range(len(axes))), True, "the claim is about an axis there is not")
        two = claim.name == "banded" or (not claim.holds and claim.witnesses != ())
        compared += expect(len(claim.witnesses), 2 * two, "a witness is two entries")
        compared += expect(bool(claim.band), claim.name == "banded", "only a band has outermost diagonals")
        return compared + expect(len(claim.values), len(claim.witnesses), "a witness lacks its entry")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, read_map = _property(after), context.subject.definition.read_map
        if not claim.axes:
            matrix = context.matrix(WEIGHT)
            return check(claim, {(r, c): e for r, row in enumerate(matrix.rows) for c, e in row.items()}, matrix.shape)
        compared = 0
        for n in claim.axes:
            table = context.table(WEIGHT)[len(context.lines) - len(read_map.axes) + n]
            cells = {
                (r, c): tuple(u for (u,), count in sorted(entry.items()) for _ in range(count))
                for r, row in enumerate(table.rows)
                for c, entry in row.items()
            }
            compared += check(claim, cells, table.shape)
        return compared


def _property(claim: AnyClaim | None) -> Property:
    if not isinstance(claim, Property):
        raise Refuted("the claim is not about a property of a matrix")
    return claim


@dataclass(frozen=True)
class Blocks:
    """Along each axis where its own table has the pattern, W has it: checked by moving every non-zero entry."""

    name = "blocks"
    follows: ClassVar[None] = None  # W, then both questions for every group of axes

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Levels):
            raise Refuted("the claim is not about the blocks of W")
        about_w(before)
        found = [_property(claim) for claim in context.cited[1:]]
        axes = range(len(context.subject.definition.read_map.axes))
        compared = 0
        for name in ALONG:
            asked = sorted(axis for each in found if each.name == name for axis in each.axes)
            compared += expect(asked, list(axes), f"the cited steps do not say of every axis whether it is {name}")
        return compared + expect(after.kinds, levels(found, len(axes)), "the cited steps say another pattern")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Levels):
            raise Refuted("the claim is not about the blocks of W")
        matrix = context.matrix(WEIGHT)
        rows, compared = list(matrix.rows), 0
        first = len(matrix.row_shape) - len(after.kinds)
        for n, kind in enumerate(after.kinds, first):
            if not kind:
                compared += _differ_somewhere(context, rows, n)
                continue
            down, right = prod(matrix.row_shape[n + 1 :]), prod(matrix.column_shape[n + 1 :])
            outputs, inputs = matrix.row_shape[n], matrix.column_shape[n]
            around = kind == "circulant"
            for r, row in enumerate(rows):
                i = r // down % outputs
                for c, entry in row.items():
                    p = c // right % inputs
                    for one in (1, -1):  # the blocks beside this one, on its diagonal
                        if around or (0 <= i + one < outputs and 0 <= p + one < inputs):
                            to = r + ((i + one) % outputs - i) * down, c + ((p + one) % inputs - p) * right
                            if rows[to[0]].get(to[1]) != entry:
                                raise Refuted(f"the blocks are not {kind}", r, c, list(entry), list(to))
                            compared += 1
        return compared


def _differ_somewhere(context: Context, rows: Rows, level: int) -> int:
    """Two blocks on a diagonal of that level that differ in W: the axis' witness beside any other entry."""
    matrix = context.matrix(WEIGHT)
    axis = level - len(context.lines) + len(context.subject.definition.read_map.axes)
    claim = next(
        each for each in context.cited[1:] if isinstance(each, Property) and axis in each.axes and not each.holds
        and each.name == "toeplitz"
    )  # fmt: skip
    down, right = prod(matrix.row_shape[level + 1 :]), prod(matrix.column_shape[level + 1 :])
    for r, row in enumerate(rows):
        for c in row:
            zero = r - r // down % matrix.row_shape[level] * down, c - c // right % matrix.column_shape[level] * right
            one, other = ((zero[0] + i * down, zero[1] + p * right) for i, p in claim.witnesses)
            if rows[one[0]].get(one[1]) != rows[other[0]].get(other[1]):
                return 2
    raise Refuted("the blocks do not differ in W")


# The further checks -------------------------------------------------------------------------------


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the properties of W, asked of SymPy's own matrix."""

    def asked() -> int:
        matrix = proof.layer.weight_matrix()
        height, width = matrix.shape
        square = height == width
        diagonals: dict[int, set[Any]] = {}
        for r in range(height):
            for c in range(width):
                diagonals.setdefault(c - r, set()).add(matrix[r, c])
        toeplitz = all(len(each) == 1 for each in diagonals.values())
        found = {
            "toeplitz": toeplitz,
            "circulant": square and toeplitz and all(diagonals[d] == diagonals[d - height] for d in range(1, height)),
            "banded": matrix[height - 1, 0] == 0 or matrix[0, width - 1] == 0,
            "symmetric": square and matrix == matrix.T,  # sums of symbols, which have one form
        }
        for step in proof.steps:
            if isinstance(step.claim, Property) and not step.claim.axes:
                expect(step.claim.holds, found[step.claim.name], f"SymPy finds otherwise: {step.claim.name}")
        return int(height * width)

    yield "the answers for W, from SymPy's matrix", asked


# Words --------------------------------------------------------------------------------------------


def _named(axes: tuple[int, ...]) -> str:
    return f"the {listed(map(ordinal, axes))} ax" + ("is" if len(axes) == 1 else "es")


def _entry(matrix: LabelledMatrix, value: tuple[int, ...]) -> Formula:
    return plus(*(kernel_symbol(u, matrix) for u in value)) if value else 0


def _place(place: Place) -> Formula:
    return Sym(WEIGHT, tuple(map(number, place)))


@claim_parts.register
def _(claim: Property, proof: Proof) -> Said:
    return _axis_words(claim, proof) if claim.axes else _whole_words(claim, proof)


def _axis_words(claim: Property, proof: Proof) -> Said:
    axes = proof.layer.read_map.axes
    axis: Axis = axes[claim.axes[0]]
    lead = "Along the axis, " if len(axes) == 1 else f"Along {_named(claim.axes)}, "
    i, p, u = (variable(letter) for letter in (axis.letters.output, axis.letters.input, axis.letters.kernel))
    if claim.holds:
        if claim.name == "toeplitz":
            said = (
                "output {} meets input {} with the same kernel entries as output {} meets input {}: a Toeplitz pattern."
            )
            return (lead, *words(said, i + 1, p + 1, i, p))
        return (lead, "the same holds around the end, where the last is followed by the first: a circulant pattern.")
    if not claim.witnesses:
        said = "the pattern is not circulant: there are {} outputs and {} inputs."
        return (lead, *words(said, axis.outputs, axis.inputs))
    parts: list[Inline] = [lead, f"the pattern is not {_word(claim.name)}: "]
    for n, ((output, source), taps) in enumerate(zip(claim.witnesses, claim.values, strict=True)):
        met = words(" with {}", Chain(",", (equals(u, taps[0]), *taps[1:]))) if taps else ()
        verb = " meets " if taps else " does not meet "
        parts += ["but " if n else "", *words(f"output {{}}{verb}input {{}}", output, source), *met, "" if n else ", "]
    return (*(part for part in parts if part != ""), ".")


def _word(name: str) -> str:
    return "Toeplitz" if name == "toeplitz" else name


def _whole_words(claim: Property, proof: Proof) -> Said:
    matrix = proof.matrices[WEIGHT]
    height, width = matrix.shape
    r, c = variable("r"), variable("c")
    if claim.name == "banded":
        limits = words("{}", Chain("<=", (claim.band[0], c - r, claim.band[1])))
        if claim.holds:
            said = "{} is banded: its non-zero entries {} have "
            whole = words(", while in the whole matrix {}.", Chain("<=", (1 - height, c - r, width - 1)))
            return (*words(said, WEIGHT, Sym(WEIGHT, (r, c))), *limits, *whole)
        return (*words("{} is not banded: ", WEIGHT), *_listed(claim, matrix, "neither corner is zero, "), ".")
    if claim.holds:
        held = {
            "toeplitz": ("{} for all {} and {}: {} is Toeplitz.", (r, c), (r + 1, c + 1)),
            "circulant": ("{} for all {} and {}, counted around the end: {} is circulant.", (r, c), (r + 1, c + 1)),
            "symmetric": ("{} for all {} and {}: {} is symmetric.", (r, c), (c, r)),
        }[claim.name]
        return words(held[0], equals(Sym(WEIGHT, held[1]), Sym(WEIGHT, held[2])), r, c, WEIGHT)
    if not claim.witnesses:
        not_square = f"{{}} is not {_word(claim.name)}: it is {{}}, not square."
        return words(not_square, WEIGHT, times(matrix.shape))
    return (*words(f"{{}} is not {_word(claim.name)}: ", WEIGHT), *_listed(claim, matrix, ""), ".")


def _listed(claim: Property, matrix: LabelledMatrix, lead: str) -> Said:
    """W_{0,0} = k_0, but W_{1,1} = 0."""
    one, other = (
        equals(_place(place), _entry(matrix, value)) for place, value in zip(claim.witnesses, claim.values, strict=True)
    )
    if claim.witnesses[0] == claim.witnesses[1]:
        return (lead, *words("{}", one)) if lead else words("{}", one)
    joined = "{} and {}" if claim.name == "banded" else "{}, but {}"
    return (lead, *words(joined, one, other)) if lead else words(joined, one, other)


@claim_parts.register
def _(claim: Levels, proof: Proof) -> Said:
    channels = proof.layer.read_map.shows_channels
    several = len(claim.kinds) > 1
    group = " of one group" if proof.layer.read_map.channels.groups > 1 else ""
    pair = words(f"For each pair of channels{group}, the block of {{}} ", WEIGHT)
    lead = pair if channels else words("{} ", WEIGHT)
    if not several:
        return (*lead, f"is {_word(claim.kinds[0])}." if claim.kinds[0] else "is not Toeplitz.")
    parts = []
    for n, kind in enumerate(claim.kinds):
        last = n + 1 == len(claim.kinds)
        negative = "not " if n == 0 else "not all "  # a block that is zero has every pattern
        said = ("" if kind else negative) + ("" if last else "block ") + _word(kind or "toeplitz")
        inner = "" if n == 0 else "its blocks " if n == 1 else "their blocks "
        parts.append(f"{inner}{'is' if n == 0 else 'are'} {said} by the {ordinal(n)} axis")
    return (*lead, listed(parts) + _doubly(claim.kinds) + ".")


def _doubly(kinds: tuple[str, ...]) -> str:
    if len(kinds) == 2 and all(kinds):
        return ", which is called doubly block " + ("circulant" if set(kinds) == {"circulant"} else "Toeplitz")
    return ""


@reason_parts.register
def _(rule: Decide, step: Step, proof: Proof) -> Said:
    claim = _property(step.claim)
    if claim.name in ("banded", "symmetric") or (claim.witnesses == () and not claim.holds):
        return (_matrix_reason(claim, proof),)
    axes = proof.layer.read_map.axes
    if claim.axes or (len(proof.layer.read_map.lines) == 1 and axes):
        return (_axis_reason(claim, axes[claim.axes[0] if claim.axes else 0]),)
    if claim.holds:
        return ("every two neighbours on a diagonal are compared",)
    return (
        "two neighbours on one diagonal"
        + (", counted around the end," if claim.name == "circulant" else "")
        + " differ",
    )


def _matrix_reason(claim: Property, proof: Proof) -> str:
    if claim.witnesses == () and not claim.holds:
        return (
            f"only a square matrix can be {claim.name}" if not claim.axes else "circulant is for equal numbers of both"
        )
    if claim.name == "symmetric":
        return "mirrored at the main diagonal, it is the same" if claim.holds else "these two mirror each other"
    if not claim.holds:
        return "a band would leave out one of the two corners"
    return "the extremes of column minus row among all non-zero entries"


def _axis_reason(claim: Property, axis: Axis) -> str:
    """Why the pattern holds along an axis, or what breaks it there."""
    folded = axis.mode is not None and axis.rule.name != "zeros" and max(axis.low, axis.high) > 0
    if claim.holds and claim.name == "circulant":
        if axis.rule.name == "circular" and folded:
            return "circular padding closes the axis to a ring"
        return "every output and input compared, around the end"
    if claim.holds:
        if 1 in (axis.outputs, axis.inputs):
            one = "output" if axis.outputs == 1 else "input"
            return f"with one {one} there are no two entries on a diagonal"
        if axis.stride != axis.scale:
            return "every two neighbours on a diagonal are compared"
        moved = "the stride moves the window by one input"
        return moved + (", and the padding does not break that" if folded else "")
    if axis.stride != axis.scale:
        if axis.stride % axis.scale == 0:
            return f"the stride moves the window by {axis.stride // axis.scale} inputs, not by one"
        return f"the stride {axis.stride} is no multiple of the input dilation {axis.scale}"
    if folded:
        return "the padding repeats inputs at the border" + (" in another order" if claim.name == "circulant" else "")
    return (
        "a window that reaches the end does not go on at the beginning"
        if claim.name == "circulant"
        else "the entries differ"
    )


@reason_parts.register
def _(rule: Blocks, step: Step, proof: Proof) -> Said:
    names = [cited(n) for n in step.cites[1:]]
    span = f"{names[0]} to {names[-1]}"
    return (f"{span}: moving one index of output and input leaves what the others contribute",)


def document(proof: Proof) -> Document:
    """W, the answers in one sentence, and their proofs."""
    layer = proof.layer
    found = [step.claim for step in proof.steps if isinstance(step.claim, Property) and not step.claim.axes]
    yes = [_word(each.name) for each in found if each.holds]
    no = [_word(each.name) for each in found if not each.holds]
    said = ("is " + listed(yes) if yes else "") + (", and " if yes and no else "")
    said += "is not " + listed(no).replace(" and ", " or ") if no else ""
    parts: list[Inline] = [*words("{} ", WEIGHT), said, "."]
    for step in proof.steps:
        if isinstance(step.claim, Levels):
            parts += [" ", *(part for part in claim_parts(step.claim, proof))]  # type: ignore[list-item]
    meaning = words(
        "A matrix is *Toeplitz* if an entry depends only on column minus row, so that each diagonal holds one value; "
        "*circulant* if it is square and that difference counts around the end; *banded* if its non-zero entries "
        "leave out diagonals at a corner. It is *block* Toeplitz or circulant if its blocks, as entries, are so. "
        "The kernel entries are unknowns: two entries are equal only if they are for every kernel."
    )
    opening = words("Rows {} and columns {} are numbered as positions are flattened.", "r", "c")
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Heading(("Structure",)),
        Paragraph(meaning),
        Statement(tuple(parts)),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "and the structure of its matrix"), blocks, key(proof))


THEOREM = Theorem(
    name="structure",
    statement="whether W is Toeplitz, circulant, banded, symmetric, and what its blocks are: each answer proved, each no with its witness",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=conclusions,
    labels=(DEFINITION, ENTRY_RULE),
)
