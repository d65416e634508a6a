"""W^T is the weight matrix of a layer too: which one, in every case, and that it is no inverse.

A ConvTranspose is the transpose of the Conv on its output size. The other way around the transpose of a
Conv is a ConvTranspose whose output padding restores what the stride drops; with input dilation it is a
Conv with stride and input dilation exchanged; where the padding repeats inputs, their copies are added up
afterwards. W^T W = I holds for no W as polynomials, and for few kernels, which are named where simple
moves find them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..adjoint import Adjoint, adjoint
from ..algebra.linear import of_matrix
from ..documents.adjoints import adjoint_blocks, kernel_rule, kernels_parts, quadratic
from ..documents.blocks import Block, Document, Inline, Statement, words
from ..documents.common import checked, steps
from ..documents.described import described
from ..documents.identities import expression, known
from ..documents.setting import definition, flattening, key, ordinal, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..expressions import Expr, Times, Transposed
from ..formula import Chain, Entry, Formula, Group, Juxtapose, Power, Words, equals, position
from ..identities import Assemble, Known, Select, Selected, Weights, Whole, exact, number_matrix, same
from ..identities import Equation as Matrices
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..rules import flattened
from ..steps.identity_checks import equal_in_sympy
from ..steps.isometry import Diagonal, Kernels, Solve, SumOfSquares, column, kernels, squared
from ..steps.transposing import AdjointWeights, Dropped, Exchange, KnownFor, Meeting, Remainder, Turn, dropped, meeting
from ..sums import WEIGHT, Span, number, variable
from .padding_factor import PADDING, pads, positions_held

ADJOINT = "A"


# The proof ----------------------------------------------------------------------------------------


def refusal(layer: Any) -> str | None:
    """The layers with a kernel, whose adjoint is a layer of this package."""
    from ..layers import Conv, ConvTranspose, Linear

    if not isinstance(layer, (Conv, ConvTranspose, Linear)):
        return "its weights are known numbers, and the adjoint is no layer of this package"
    return None


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Both matrices, why they read the same, the equation; then what it is not."""
    found, matrices, _ = equation(layer)
    chain = list(found)
    lines = layer.read_map.lines
    at = tuple(line.inputs // 2 for line in lines)
    entry = tuple(squared(*(column(layer, at, inverse=True),) * 2).items())
    chain.append(Step(Diagonal(at, entry), SumOfSquares(), (1,)))
    claim, rule = kernels(layer)
    chain.append(Step(claim, rule, (len(chain),)))
    return tuple(chain), matrices


def equation(layer: Any, before: int = 0) -> tuple[tuple[Step, ...], dict[str, Any], tuple[int, ...]]:
    """The steps that lead to W^T = A, the matrices, and the steps that state it; `before` is how many come earlier.

    The first of the steps says what W is.
    """
    pair = adjoint(layer)
    lines = layer.read_map.lines
    folded = pair.of is not layer
    rows, columns = tuple(line.letters.input for line in lines), tuple(line.letters.output for line in lines)
    matrices: dict[str, Any] = {WEIGHT: weight_matrix(layer.read_map), ADJOINT: weight_matrix(pair.layer.read_map)}
    chain = [
        Step(Weights(WEIGHT, layer), Known()),
        Step(AdjointWeights(ADJOINT, pair.layer, pair.labels), KnownFor()),
    ]

    def last() -> int:
        return before + len(chain)

    sources = [before + 1, before + 2]
    right: Expr = ADJOINT
    inner: tuple[tuple[Span, ...], ...] = ()
    if folded:
        held, tables = positions_held(layer), tuple(map(pads, lines))
        matrices[PADDING] = number_matrix(tables)
        chain.append(Step(Selected(PADDING, held, held=True), Select(tables)))
        sources.append(last())
        right = Times((Transposed(PADDING), ADJOINT))
        inner = (tuple(Span(each.row, number(0), number(len(each.rows) - 1)) for each in held),)
    if lines[-1] is not layer.read_map.channels:
        chain.append(Step(meeting(pair, layer), Exchange(), (before + 2,)))
        sources.append(last())
    left = Transposed(WEIGHT)
    chain.append(Step(Matrices(left, right, rows, columns, inner), Turn(), tuple(sources)))
    chain.append(Step(Whole(left, right), Assemble(), (last(),)))
    stated = [last()]
    if pair.of.read_map.axes:
        chain.append(Step(dropped(pair), Remainder(), (before + 2,)))
        stated.append(last())
    return tuple(chain), matrices, tuple(stated)


def ends(layer: Any) -> tuple[str, ...]:
    """What W^T is, what becomes of the positions that are dropped where there are axes, and what W^T is not."""
    return ("assemble", *(("remainder",) if layer.read_map.axes else ()), "diagonal", "kernels")


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """Both sides on the flattened matrices, the adjoint's kernel entries exchanged for the layer's."""

    def every_entry() -> int:
        claim = _adjoint_of(proof)
        known_ = {name: exact(matrix) for name, matrix in proof.matrices.items()}
        flat = Adjoint(proof.layer, claim.layer, claim.labels).flat
        known_[ADJOINT] = of_matrix(proof.matrices[ADJOINT]).relabelled(flat.__getitem__)
        whole = next(step.claim for step in proof.steps if isinstance(step.claim, Whole))
        return same(whole, known_, "row")

    yield "every entry of both sides", every_entry


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy's transpose of the layer's matrix, and the adjoint's with the kernel put in."""

    def compared() -> int:
        from sympy import ImmutableSparseMatrix

        claim = _adjoint_of(proof)
        flat = Adjoint(proof.layer, claim.layer, claim.labels).flat
        ours, theirs = proof.layer.flat_symbols()[1], claim.layer.flat_symbols()[1]
        kernel = {theirs[n]: ours[label] for n, label in enumerate(flat)}
        right = claim.layer.weight_matrix().applyfunc(lambda entry: entry.xreplace(kernel))
        if PADDING in proof.matrices:
            matrix = proof.matrices[PADDING]
            cells = {(r, c): value for r, row in enumerate(matrix.rows) for c, value in row.items()}
            right = ImmutableSparseMatrix(*matrix.shape, cells).T * right
        return equal_in_sympy(proof.layer.weight_matrix().T, right)

    yield "the difference of both sides expands to 0 in SymPy", compared


def _adjoint_of(proof: Proof) -> AdjointWeights:
    return next(step.claim for step in proof.steps if isinstance(step.claim, AdjointWeights))


# Words --------------------------------------------------------------------------------------------


_GROUPED = ", where g is the group, and m and a are an output and an input channel of the layer counted in it."


@claim_parts.register
def _(claim: AdjointWeights, proof: Proof) -> Said:
    pair = adjoint(proof.layer)
    grouped = pair.exchanged and pair.of.read_map.channels.groups > 1
    return (
        *words("{} is the weight matrix of ", ADJOINT), *described(claim.layer, proof.layer), *_with_kernel(pair),
        _GROUPED if grouped else ".",
    )  # fmt: skip


def _with_kernel(pair: Adjoint) -> tuple[Inline, ...]:
    """The kernel of the other layer."""
    rule = kernel_rule(pair)
    return (", the same kernel tensor",) if rule is None else words(", with {} for its kernel", rule)


@claim_parts.register
def _(claim: Meeting, proof: Proof) -> Said:
    ours, theirs = ([equals(*sides[n]) for sides in claim.axes] for n in (0, 1))
    axes = proof.layer.read_map.axes
    kernel = position(tuple(variable(axis.letters.kernel) for axis in axes))
    folded = adjoint(proof.layer).of != proof.layer
    inputs = position(tuple(variable(axis.letters.padded if folded else axis.letters.input) for axis in axes))
    outputs = position(tuple(variable(axis.letters.output) for axis in axes))
    return words(
        "Output {} of "
        + ("the layer without padding" if folded else "the layer")
        + " reads input {} with kernel entry {} exactly when {}. Output {} of the other layer reads its input {} with the same entry exactly when {}.",
        outputs, inputs, kernel, _all(ours), inputs, outputs, _all(theirs),
    )  # fmt: skip


def _all(parts: list[Any]) -> Formula:
    return Chain("and", tuple(parts)) if len(parts) > 1 else parts[0]


def conv_padding(layer: Any) -> Any:
    """The padding of whichever of the two is the convolution that drops."""
    pair = adjoint(layer)
    return (pair.layer if hasattr(layer, "output_padding") else pair.of).padding


@claim_parts.register
def _(claim: Dropped, proof: Proof) -> Said:
    transposed = hasattr(proof.layer, "output_padding")
    several = len(set(claim.axes)) > 1
    shown = claim.axes if several else claim.axes[:1]
    parts: list[Any] = []
    for n, (room, stride, rest) in enumerate(shown):
        lead = f"along the {ordinal(n)} axis, " if several else "along each axis, " if len(claim.axes) > 1 else ""
        parts += ["; " * (n > 0), *words(f"{lead}{{}}", equals(Chain("mod", (room, stride)), rest))]
    which = (
        "That convolution"
        if transposed
        else "The convolution without padding"
        if adjoint(proof.layer).of != proof.layer
        else "The convolution"
    )
    end = "the end of its padded input" if any(map(any, conv_padding(proof.layer))) else "the end of its input"
    if {stride for _, stride, _ in claim.axes} == {1}:
        return (f"{which} drops nothing at {end}: every window starts one further.",)
    what = (
        f"{which} drops nothing at {end}: "
        if not any(rest for _, _, rest in claim.axes)
        else f"{which} drops, at {end}, "
    )
    return (what, *(part for part in parts if part != ""), ".")


@claim_parts.register
def _(claim: Diagonal, proof: Proof) -> Said:
    matrix = proof.matrices[WEIGHT]
    lines = proof.layer.read_map.lines
    flat = flattened([(line.letters.input, line.inputs) for line in lines])
    at = flat.at(dict(zip((line.letters.input for line in lines), claim.at, strict=True)))
    entry = Entry(Group(Juxtapose((Power(WEIGHT, "T"), WEIGHT))), Chain(",", (at or 0, at or 0)))
    return words(
        "{} is not an inverse of {}: {}, which as a polynomial is not {}.",
        Power(WEIGHT, "T"),
        WEIGHT,
        equals(entry, quadratic(claim.entry, matrix)),
        1,
    )


@claim_parts.register
def _(claim: Kernels, proof: Proof) -> Said:
    return kernels_parts(claim, proof.matrices[WEIGHT])


@reason_parts.register
def _(rule: Exchange, step: Step, proof: Proof) -> Said:
    channels = "; of the channels those of one group meet, in both" if proof.layer.read_map.channels.groups > 1 else ""
    return ("the definitions of both layers; it is the same equation, with its terms on other sides" + channels,)


@reason_parts.register
def _(rule: Turn, step: Step, proof: Proof) -> Said:
    last = cited(step.cites[-1])
    if PADDING in proof.matrices:
        return words(
            f"the layer is the one without padding after {{}}, so its transpose is {{}} after the transpose of that one, which is {{}} by {last}",
            PADDING,
            Power(PADDING, "T"), ADJOINT,
        )  # fmt: skip
    if len(step.cites) == 2:
        return ("rows and columns exchanged",)
    return (f"{last}: the same entry stands where the same output and input meet",)


@reason_parts.register
def _(rule: Remainder, step: Step, proof: Proof) -> Said:
    if hasattr(proof.layer, "output_padding"):
        return ("so it has one output for each input of this layer, and no more",)
    if {stride for _, stride, _ in step.claim.axes} == {1}:  # type: ignore[attr-defined]
        return ("a number divided by 1 leaves no remainder",)
    stays = any(rest for _, _, rest in step.claim.axes)  # type: ignore[attr-defined]
    if not stays:
        return ("what lies behind the first window, divided by the stride, leaves no remainder",)
    where = (
        "is the output padding"
        if hasattr(adjoint(proof.layer).layer, "output_padding")
        else "is added to the padding of the other layer"
    )
    return words(
        f"what remains when the positions behind the first window, {{}} of them, are divided by the stride {where}, and then that "
        "layer has as many outputs as this one has inputs; a remainder is less than the stride, so it is always allowed",
        Words("input + padding − dilation · (kernel − 1) − 1"),
    )


@reason_parts.register
def _(rule: SumOfSquares, step: Step, proof: Proof) -> Said:
    claim: Diagonal = step.claim  # type: ignore[assignment]
    if not claim.entry:
        return ("that input is read by no output",)
    return ("the sum of the squares of a column; it has degree 2 in the kernel entries",)


@reason_parts.register
def _(rule: Solve, step: Step, proof: Proof) -> Said:
    match step.claim.why:  # type: ignore[attr-defined]
        case "unread":
            return words(
                "the column of an input that is never read is zero, and so is its entry on the diagonal of {}",
                Juxtapose((Power(WEIGHT, "T"), WEIGHT)),
            )
        case "rank":
            return words(
                "the rank of {} is at most its number of rows, {}, and the identity has rank {}",
                Juxtapose((Power(WEIGHT, "T"), WEIGHT)),
                *proof.matrices[WEIGHT].shape,
            )
        case "solved":
            return (
                "a product is zero only if a factor is, and a sum of squares only if each of them is; conversely these kernels solve every equation",
            )
        case "unsolved":
            return ("the entries of the product, written out; their solutions are not derived here",)
    return ("the equations are too many to be written out here",)


def _for_which(proof: Proof) -> tuple[Inline, ...]:
    """For which kernels the transpose is an inverse, where that is short; else which step says so."""
    number_ = proof.number_of("kernels")
    claim = proof.steps[-1].claim
    if isinstance(claim, Kernels) and claim.why in ("unread", "rank", "solved"):
        return kernels_parts(claim, proof.matrices[WEIGHT])
    return (f"For which kernels it is, says {cited(number_ or len(proof.steps))}.",)


# The document -------------------------------------------------------------------------------------


def document(proof: Proof) -> Document:
    """What the transposed matrix is, why, and why it is no inverse."""
    layer = proof.layer
    pair = adjoint(layer)
    folded = pair.of is not layer
    right: Expr = Times((Transposed(PADDING), ADJOINT)) if folded else ADJOINT
    claim = (
        *words("{}, where {} is the weight matrix of ", equals(Power(WEIGHT, "T"), expression(right)), ADJOINT),
        *described(pair.layer, layer),
        *_with_kernel(pair),
        *(
            words(", and {} adds up the copies that the padding makes of an input", Power(PADDING, "T"))
            if folded
            else ()
        ),
        *words(". As a matrix of polynomials {} is not {}. ", Juxtapose((Power(WEIGHT, "T"), WEIGHT)), "I"),
        *_for_which(proof),
    )
    opening = words("{} and {} are known from the theorem weight_matrix.", WEIGHT, ADJOINT)
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *adjoint_blocks(layer, pair),
        Statement(claim),
        steps(proof, opening),
        *checked(proof, "every commutative ring, and what it says of kernels over the numbers that it names"),
    ]
    return Document(title(layer, "and its transpose"), tuple(blocks), key(proof))


THEOREM = Theorem(
    name="transpose",
    statement="W^T is the weight matrix of a layer, after adding up what the padding repeats; and when it is an inverse of W",
    why=words(
        "The kernel entry that carries an input to an output carries that output back to that input when rows and columns change places."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    tables=4,
    document=document,
    starts=("known",),
    others=lambda layer: {ADJOINT: adjoint(layer).layer},
    ends=ends,
    labels=(DEFINITION, ENTRY_RULE),
)
