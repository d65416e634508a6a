"""The matrices that make an input larger: interpolation, pixel shuffle, and zeros put between the inputs.

Nearest-neighbour interpolation takes one input for every output; by an integer factor it is a transposed
convolution with a kernel of ones. Bilinear interpolation weights each input by how near it is. Pixel
shuffle is a permutation. A transposed convolution with one kernel entry puts zeros between its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from ..algebra.linear import Exact, identity, numbers, of_line
from ..claims import AnyClaim, Context, Refuted, expect
from ..documents import constant_kernel as _words  # noqa: F401 - registers its words
from ..documents.blocks import Document, Heading, Inline, Statement, words
from ..documents.common import checked, steps
from ..documents.described import described
from ..documents.identities import known, number_blocks
from ..documents.known import ring
from ..documents.rows import some_rows
from ..documents.setting import definition, flattening, key, output_size, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..formula import Juxtapose, Power, equals
from ..identities import Known, Select, Selected, Selection, Weights, about_w, number_matrix
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, Line
from ..rules import Follows
from ..steps.constant_kernel import Constant, ConstantKernel, constant_entries, constant_sympy
from ..sums import WEIGHT, number, variable
from ..weighted import Resampled

if TYPE_CHECKING:
    from ..layers import Layer

ONES, INSERTED = "V", "Z"


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picks:
    """Every row of W has one entry, a one; with `permutation`, every column too, so that W W^T = I."""

    permutation: bool


@dataclass(frozen=True)
class Look:
    """The rows are looked at along each line, the columns too, and W W^T is multiplied out."""

    name = "look"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Picks):
            raise Refuted("the claim is not about the ones of a weight matrix")
        return about_w(before)

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Picks):
            raise Refuted("the claim is not about the ones of a weight matrix")
        compared, square = 0, True
        for line, table in zip(context.lines, context.table(WEIGHT), strict=True):
            for output, row in enumerate(table.rows):
                if list(row.values()) != [{(): 1}]:
                    raise Refuted("a row has not one 1", f"{line.letters.output}={output}", None, row, "one 1")
                compared += 1
            square &= table @ table.transpose() == identity(len(table.rows)) and len(table.rows) == table.width
        return compared + expect(
            square, after.permutation, "W is a permutation matrix or not, and the other is claimed"
        )


@dataclass(frozen=True)
class Nearness:
    """An entry of W is 1 minus the distance between output and input, along each axis; `places` are (a, b, d).

    Output i lies at (a i + b)/d, an input where the padded input holds it. Beyond distance 1 it is zero.
    """

    places: tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class Measure:
    """Every distance is taken, from every output to every position that holds an input; every row adds up to 1."""

    name = "measure"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Nearness):
            raise Refuted("the claim is not about distances")
        return about_w(before) + expect(after.places, places(context.lines), "the outputs lie elsewhere")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Nearness):
            raise Refuted("the claim is not about distances")
        compared = 0
        for line, place, table in zip(context.lines, after.places, context.table(WEIGHT), strict=True):
            if place is None:
                compared += expect(table, identity(line.outputs), "an output channel reads another channel")
                continue
            a, b, d = place
            for i, row in enumerate(table.rows):
                at = Fraction(a * i + b, d)
                near = ((p, sum(max(1 - abs(t - at), Fraction(0)) for t in line.copies(p))) for p in range(line.inputs))
                expected = {p: {(): value} for p, value in near if value}
                if row != expected:
                    raise Refuted(
                        "the weights are not what the distances say", f"{line.letters.output}={i}", None, row, expected
                    )
                if sum(entry[()] for entry in row.values()) != 1:
                    raise Refuted("a row does not add up to 1", f"{line.letters.output}={i}")
                compared += line.inputs
        return compared


def places(lines: tuple[Line, ...]) -> tuple[tuple[int, int, int] | None, ...]:
    """Where the outputs of each axis lie; None for the channels."""
    return tuple(line.at if isinstance(line, Resampled) else None for line in lines)


# Building -----------------------------------------------------------------------------------------


def refusal(layer: Any) -> str | None:
    """What makes an input larger without a kernel to choose."""
    from ..layers import ConvTranspose, PixelShuffle, Upsample

    if isinstance(layer, (Upsample, PixelShuffle)):
        return None
    if not isinstance(layer, ConvTranspose):
        return "it is no interpolation, no pixel shuffle and no transposed convolution with a single kernel entry"
    if set(layer.kernel_size) != {1}:
        return "its kernel has several entries, so it does more than put zeros between its inputs"
    if not layer.groups == layer.in_channels == layer.out_channels:
        return "its kernel mixes channels"
    return None


def ones(layer: Any) -> Any:
    """The transposed convolution with a kernel of ones that an interpolation is, if it is one."""
    from ..layers import ConvTranspose, Upsample

    if not isinstance(layer, Upsample) or layer.mode == "bilinear":
        return None
    factors = [1 / step for step in layer.steps]
    sizes = zip(layer.input_size, factors, layer.sizes, strict=True)
    if any(factor.denominator > 1 or n * factor != m for n, factor, m in sizes):
        return None
    kernel = tuple(map(int, factors))
    return ConvTranspose(layer.input_size, kernel, layer.channels, layer.channels, kernel, groups=layer.channels)


def build(layer: Layer) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """W, and what it is for the kind of layer."""
    from ..layers import ConvTranspose, PixelShuffle

    read_map = layer.read_map
    lines = read_map.lines
    chain = [Step(Weights(WEIGHT, layer), Known())]
    if isinstance(layer, ConvTranspose):
        tables = tuple(map(inserted, lines))
        chain.append(Step(Selected(INSERTED, tuple(map(place_of, lines))), Select(tables)))
        chain.append(Step(ConstantKernel(INSERTED, WEIGHT, (1,) * len(lines)), Constant(), (2, 1)))
        return tuple(chain), {WEIGHT: weight_matrix(read_map), INSERTED: number_matrix(tables)}
    matrices: dict[str, Any] = {WEIGHT: number_matrix(tuple(map(of_line, lines, read_map.tables)))}
    if isinstance(layer, PixelShuffle) or layer.mode != "bilinear":  # type: ignore[attr-defined]
        permutes = read_map.nonzeros == matrices[WEIGHT].shape[1] and all(
            len({p for row in table for p in row}) == line.inputs == line.outputs
            for line, table in zip(lines, read_map.tables, strict=True)
        )
        chain.append(Step(Picks(permutes), Look(), (1,)))
    else:
        chain.append(Step(Nearness(places(lines)), Measure(), (1,)))
    other = ones(layer)
    if other is not None:
        chain.append(Step(Weights(ONES, other), Known()))
        chain.append(Step(ConstantKernel(WEIGHT, ONES, (1,) * len(lines)), Constant(), (1, 3)))
        matrices[ONES] = weight_matrix(other.read_map)
    return tuple(chain), matrices


def place_of(line: Line) -> Selection:
    """Which input an output is, where it is one."""
    to = line.position.substitute(line.letters.kernel, number(0)).divided(line.scale)
    return Selection(line.letters.output, range(line.outputs), line.letters.input, range(line.inputs), to)


def inserted(line: Line) -> Exact:
    """Z along one line, from each input to the output that it goes to."""
    low = line.low if isinstance(line, Axis) else 0
    cells = {(p * line.scale + low, p): 1 for p in range(line.inputs) if 0 <= p * line.scale + low < line.outputs}
    return numbers(cells, line.outputs, line.inputs)


def ends(layer: Any) -> tuple[str, ...]:
    """What is said of the layer's kind, and the kernel of ones where there is one."""
    from ..layers import ConvTranspose, Upsample

    if isinstance(layer, ConvTranspose):
        return ("constant",)
    kind = "measure" if isinstance(layer, Upsample) and layer.mode == "bilinear" else "look"
    return (kind, "constant") if ones(layer) is not None else (kind,)


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The whole matrix of the proof against the layer's own rows, and the constant kernel put in."""

    def rows() -> int:
        from .weight_matrix import definition_rows, matrix_rows

        compared = 0
        ours, theirs = definition_rows(proof.layer.definition), matrix_rows(proof.matrices[WEIGHT])
        for (output, row), (at, other) in zip(ours, theirs, strict=True):
            if output != at or row != other:
                raise Refuted("a row of W is another", output, None, row, other)
            compared += len(row)
        return compared

    yield "every entry of W against the definition", rows
    yield from constant_entries(proof)


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W W^T or the sums of its rows by SymPy, and the constant kernel put in."""

    def second() -> int:
        from sympy import eye, ones

        w = proof.layer.weight_matrix()
        claim = proof.steps[1].claim
        if isinstance(claim, Picks) and claim.permutation and w * w.T != eye(w.rows):
            raise Refuted("SymPy finds that W W^T is not I")
        if isinstance(claim, (Picks, Nearness)) and w * ones(w.cols, 1) != ones(w.rows, 1):
            raise Refuted("SymPy finds a row that does not add up to 1")
        return int(w.rows)

    if not isinstance(proof.steps[1].claim, Selected):
        yield "the rows add up to 1 in SymPy", second
    yield from constant_sympy(proof)


# Words --------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: Picks, proof: Proof) -> Said:
    if claim.permutation:
        square = equals(Juxtapose((WEIGHT, Power(WEIGHT, "T"))), "I")
        return words(
            "Every row and every column of {} has one entry that is not zero, and it is {}: {}.", WEIGHT, 1, square
        )
    return words("Every row of {} has one entry that is not zero, and it is {}: every output is one input.", WEIGHT, 1)


@reason_parts.register
def _(rule: Look, step: Step, proof: Proof) -> Said:
    both = "; the product is multiplied out" if step.claim.permutation else ""  # type: ignore[attr-defined]
    return (f"{cited(step.cites[0])}, row by row along every index{both}",)


@claim_parts.register
def _(claim: Nearness, proof: Proof) -> Said:
    lines = proof.layer.read_map.lines
    channels = " within one channel" if proof.layer.read_map.shows_channels else ""
    said = words(
        f"Along each axis{channels} the weight of an input is {{}} minus its distance from the output, and zero beyond distance {{}}: ",
        1,
        1,
    )
    axes = [(line, place) for line, place in zip(lines, claim.places, strict=True) if place is not None]
    for n, (line, (a, b, d)) in enumerate(axes):
        at = (variable(line.letters.output) * a + b).divided(d)
        said += words(("; " if n else "") + "output {} lies at {}", variable(line.letters.output), at)
    return (*said, ". Every row of ", *words("{} adds up to {}.", WEIGHT, 1))


@reason_parts.register
def _(rule: Measure, step: Step, proof: Proof) -> Said:
    repeated = (
        ", an input that is repeated beyond the border from all its places" if proof.layer.read_map.folded else ""
    )
    return (f"{cited(step.cites[0])}; every distance is taken{repeated}",)


def document(proof: Proof) -> Document:
    """The whole derivation."""
    layer = proof.layer
    about, claim = _said(proof)
    matrix = proof.matrices.get(INSERTED)
    blocks = (
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        *some_rows(proof),
        *([Heading(("Zeros between the inputs",)), *number_blocks(INSERTED, matrix)] if matrix is not None else []),
        Statement(claim),
        steps(proof, words("We look at {} along every index; the whole matrix is the product.", WEIGHT)),
        *(checked(proof) if layer.kernel_shape is not None else checked(proof, ring(layer))),
    )
    return Document(title(layer, about), blocks, key(proof))


def _said(proof: Proof) -> tuple[str, tuple[Inline, ...]]:
    """The end of the title, and the statement, from what the proof found."""
    claims = [step.claim for step in proof.steps]
    kernel = [claim for claim in claims if isinstance(claim, ConstantKernel)]
    if any(isinstance(claim, Selected) for claim in claims):
        several = proof.layer.groups > 1
        said = " times the kernel entry of each channel" if several else " times its one kernel entry"
        return "puts zeros between its inputs", words(
            f"The layer is {{}}{said}, where {{}} puts zeros between the inputs: with {{}} for {'each' if several else 'the'} kernel entry {{}} is {{}}.",
            INSERTED, INSERTED, 1, WEIGHT, INSERTED,
        )  # fmt: skip
    for claim in claims:
        if isinstance(claim, Nearness):
            twice = "; where the border repeats an input, its weights add up" if proof.layer.read_map.folded else ""
            return "weights inputs by how near they are", words(
                "Every entry of {} is a product of weights, one for each axis. A weight is {} minus the distance of output "
                f"and input, and {{}} beyond distance {{}}{twice}.",
                WEIGHT, 1, 0, 1,
            )  # fmt: skip
        if isinstance(claim, Picks) and claim.permutation and not kernel:
            return "is a permutation", words(
                "{} is a permutation matrix: every input goes to one output, and {} takes it back.",
                WEIGHT,
                Power(WEIGHT, "T"),
            )
    if kernel:
        return "is a transposed convolution", (
            *words("{} is the weight matrix of ", WEIGHT),
            *described(ones(proof.layer)),
            *words(", with {} for every kernel entry: every input is laid down as a block of copies.", 1),
        )
    return "takes one input for every output", words(
        "Every row of {} has a single {}, in the column of the input that the output takes.", WEIGHT, 1
    )


THEOREM = Theorem(
    name="upsampling",
    statement="interpolation, pixel shuffle and zeros between inputs as matrices: copies, weights, a permutation",
    why=words(
        "Where an output lies says which inputs it takes and with which weights; these weights are its row of {}.",
        WEIGHT,
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=ends,
    others=lambda layer: {ONES: ones(layer)},
    labels=(DEFINITION, ENTRY_RULE),
    tables=5,
)
