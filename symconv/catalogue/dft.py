"""W = F^-1 diag(lambda) F: with circular padding the discrete Fourier transform makes the layer diagonal.

Closed to a ring, an axis has no border: output i meets kernel entry u at input i + d u - low, counted
modulo n. So every vector of powers of a root of unity is an eigenvector, whatever the kernel, and
lambda_m = sum over u of k_u w^(m (d u - low)), w = exp(2 pi i / n), is its eigenvalue. With channels
lambda_m is a matrix, one for each frequency. Exponents are compared modulo n and sums of roots of unity
modulo the cyclotomic polynomial, so nothing is approximate and nothing is left undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import lcm, prod
from typing import Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..cyclotomic import reduced
from ..documents.blocks import Block, Display, Document, Heading, Inline, Long, Paragraph, Reference, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, listed, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, matrix_entry, reason_parts
from ..formula import Cases, Chain, Formula, Group, Juxtapose, Power, Sigma, Sym, Tuple, Words, equals, plus
from ..identities import Known, Weights
from ..matrices import LabelledMatrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, ReadMap
from ..rules import Follows, row_major
from ..sums import KERNEL, WEIGHT, Index, Span, number, variable

EIGENVALUES = "eigenvalues"
LISTED = 8  # frequencies up to which every eigenvalue is written out
LISTED_TERMS = 40


# Claims and rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ring:
    """Along each axis, kernel entry u of output i meets input i + shift(u), counted modulo n, and no other."""

    shifts: tuple[Index, ...]


@dataclass(frozen=True)
class Wrap:
    """Where W has its entries, against the printed shift: the padding wraps, so the axis is a ring."""

    name = "wrap"
    follows: ClassVar[Follows] = (("known",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Ring):
            raise Refuted("the claim does not say where kernel entries lie on the ring")
        axes = axes_of(context)
        compared = expect(len(after.shifts), len(axes), "the claim has not one shift for each axis")
        for axis, shift in zip(axes, after.shifts, strict=True):
            compared += expect(
                shift + variable(axis.letters.output), axis.position, "the shift is not where the window reads"
            )
        return compared

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Ring):
            raise Refuted("the claim does not say where kernel entries lie on the ring")
        compared = 0
        axes = axes_of(context)
        tables = context.table(WEIGHT)[-len(axes) :]
        for axis, shift, table in zip(axes, after.shifts, tables, strict=True):
            n = axis.inputs
            expect(table.shape, (n, n), f"W is not square along {axis.letters.output}")
            for i, row in enumerate(table.rows):
                found = {(u, p): count for p, entry in row.items() for (u,), count in entry.items()}
                expected = {(u, (i + at) % n): 1 for u, at in enumerate(shifted(axis, shift))}
                if found != expected:
                    wrong = sorted(set(found.items()) ^ set(expected.items()))[0][0]
                    place = f"{axis.letters.output}={i}", f"{axis.letters.input}={wrong[1]}"
                    raise Refuted("W is no ring here", *place, found.get(wrong, 0), expected.get(wrong, 0))
                compared += len(found)
        context.tables["shift"] = tuple(shifted(axis, shift) for axis, shift in zip(axes, after.shifts, strict=True))
        return compared


@dataclass(frozen=True)
class Eigenvectors:
    """W times a vector of powers of roots of unity is lambda times it; lambda_m = sum of k_u w^(m shift(u))."""

    shifts: tuple[Index, ...]


@dataclass(frozen=True)
class Reindex:
    """Put p = i + shift(u): the sum over p becomes the sum over u, since w^n = 1."""

    name = "ring sum"
    follows: ClassVar[Follows] = (("wrap",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(before, Ring) or not isinstance(after, Eigenvectors):
            raise Refuted("the claim is not about eigenvectors of a ring")
        return expect(after.shifts, before.shifts, "the exponents are not the shifts of the cited step")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Eigenvectors):
            raise Refuted("the claim is not about eigenvectors of a ring")
        compared = 0
        axes = axes_of(context)
        tables = context.table(WEIGHT)[-len(axes) :]
        for axis, shift, table in zip(axes, after.shifts, tables, strict=True):
            n, shifts = axis.inputs, shifted(axis, shift)
            for m in range(n):
                eigenvalue = {u: m * at % n for u, at in enumerate(shifts)}  # label -> exponent of w
                for i, row in enumerate(table.rows):
                    left = {u: m * p % n for p, entry in row.items() for (u,) in entry}
                    right = {u: (exponent + m * i) % n for u, exponent in eigenvalue.items()}
                    if left != right:
                        raise Refuted("W does not stretch this vector", f"{axis.letters.output}={i}", m, left, right)
                    compared += len(left)
        return compared


@dataclass(frozen=True)
class Inverse:
    """The sum over t of w^((m - l) t) is n where m = l, and 0 otherwise: F has the inverse (w^(mt) / n)."""

    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Geometric:
    """A geometric sum, reduced modulo the cyclotomic polynomial."""

    name = "geometric sum"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Inverse):
            raise Refuted("the claim is not about sums of roots of unity")
        return expect(after.sizes, tuple(axis.inputs for axis in axes_of(context)), "the roots are of another order")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, Inverse):
            raise Refuted("the claim is not about sums of roots of unity")
        compared = 0
        for n in dict.fromkeys(after.sizes):
            # w^(mt) runs, for t = 0 to n - 1, gcd(m, n) times through the powers of w^gcd(m, n).
            for divisor in (g for g in range(1, n + 1) if n % g == 0):
                total = reduced({divisor * t % n: divisor for t in range(n // divisor)}, n)
                expected = {0: n} if divisor == n else {}
                compared += expect(total, expected, f"the sum of the powers of w^{divisor} is another, n = {n}")
        return compared


@dataclass(frozen=True)
class Diagonal:
    """W = F^-1 Lambda F for the whole layer."""


@dataclass(frozen=True)
class Diagonalise:
    """The eigenvectors are the columns of F^-1; along all axes at once they are products."""

    name = "diagonalise"
    follows: ClassVar[Follows] = (("ring sum",), ("geometric sum",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        said = isinstance(after, Diagonal) and isinstance(before, Eigenvectors)
        compared = expect(said, True, "the claim is not that the layer is diagonal")
        sizes = next((claim.sizes for claim in context.cited if isinstance(claim, Inverse)), ())
        return compared + expect(sizes, tuple(axis.inputs for axis in axes_of(context)), "F has another size")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return row_major(context.matrix(WEIGHT), context.lines)


def axes_of(context: Context) -> tuple[Axis, ...]:
    return context.subject.definition.read_map.axes


def shifted(axis: Axis, shift: Index) -> list[int]:
    """Where the kernel entries lie, seen from the output: d u - low."""
    found = [shift.at({axis.letters.kernel: u}) for u in range(axis.taps)]
    return [at for at in found if at is not None]


# The theorem --------------------------------------------------------------------------------------


def refusal(layer: Any) -> str | None:
    """Which of the conditions fails, with its numbers."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv can be closed to a ring by its padding"
    if set(layer.stride) != {1}:
        return "its stride is not 1, so W is not square and shifted inputs do not give shifted outputs"
    if set(layer.input_dilation) != {1}:
        return "its input dilation is not 1, so the zeros between the inputs do not move with them"
    if any(map(any, layer.padding)) and layer.padding_mode != "circular":
        return f"its padding is {layer.padding_mode}, not circular, so its axes are no rings"
    for n, ((low, high), d, k) in enumerate(zip(layer.padding, layer.dilation, layer.kernel_size, strict=True)):
        if low + high != d * (k - 1):
            along = f"on axis {n} " if len(layer.kernel_size) > 1 else ""
            return f"{along}low + high padding is {low + high} and dilation · (kernel − 1) is {d * (k - 1)}, so the size changes"
    return None


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Where the entries lie, the eigenvectors, their independence, and the whole."""
    axes = layer.read_map.axes
    shifts = tuple(axis.position.substitute(axis.letters.output, number(0)) for axis in axes)
    chain = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Ring(shifts), Wrap(), (1,)),
        Step(Eigenvectors(shifts), Reindex(), (2,)),
        Step(Inverse(tuple(axis.inputs for axis in axes)), Geometric()),
        Step(Diagonal(), Diagonalise(), (3, 4)),
    )
    return chain, {WEIGHT: weight_matrix(layer.read_map)}


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """Every entry of the flattened W lies where the exponents of its kernel entries say."""

    def every_entry() -> int:
        matrix: LabelledMatrix = proof.matrices[WEIGHT]
        axes = proof.layer.read_map.axes
        shifts = next(step.claim.shifts for step in proof.steps if isinstance(step.claim, Ring))
        along = [shifted(axis, shift) for axis, shift in zip(axes, shifts, strict=True)]
        rank, compared = len(axes), 0
        each = prod(axis.taps for axis in axes) * proof.layer.read_map.channels.taps
        for row, cells in enumerate(matrix.rows):
            at = matrix.row_position(row)[-rank:]
            for column, labels in cells.items():
                to = matrix.column_position(column)[-rank:]
                for label in labels:
                    taps = matrix.kernel_position(label)[-rank:]
                    for i, p, u, shift, axis in zip(at, to, taps, along, axes, strict=True):
                        if (i + shift[u] - p) % axis.inputs:
                            raise Refuted(
                                "an entry of W does not lie on the ring", row, column, p, (i + shift[u]) % axis.inputs
                            )
            found = sum(map(len, cells.values()))
            expect(found, each, f"row {row} of W has another number of kernel entries")
            compared += found
        return compared

    yield "every entry of W, with the exponents that its place gives", every_entry


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy multiplies W by each vector of powers and reduces modulo its cyclotomic polynomial."""

    def multiplied() -> int:
        from sympy import Add, Poly, Symbol, cyclotomic_poly

        layer = proof.layer
        axes, matrix = layer.read_map.axes, layer.weight_matrix()
        sizes = [axis.inputs for axis in axes]
        order = lcm(*sizes)
        w = Symbol("w")
        modulus = Poly(cyclotomic_poly(order, w), w)
        rows: dict[int, list[tuple[int, Any]]] = {}
        for (row, column), entry in matrix.todok().items():
            rows.setdefault(row, []).append((column, entry))
        positions = proof.matrices[WEIGHT]
        shifts = next(step.claim.shifts for step in proof.steps if isinstance(step.claim, Eigenvectors))
        along = [shifted(axis, shift) for axis, shift in zip(axes, shifts, strict=True)]
        kernel = layer.symbols()[1]
        groups, members = layer.groups, layer.out_channels // layer.groups
        compared = 0
        for row, cells in rows.items():
            c, *at = (0, *positions.row_position(row))[-len(axes) - 1 :]
            for frequency in product(*map(range, sizes)):

                def exponent(place: Sequence[int], frequency: tuple[int, ...] = frequency) -> int:
                    turns = zip(frequency, place, sizes, strict=True)
                    return int(sum(m * p * (order // n) for m, p, n in turns)) % order

                terms: dict[tuple[int, int], list[Any]] = {}
                for column, entry in cells:
                    e, *to = (0, *positions.column_position(column))[-len(axes) - 1 :]
                    terms.setdefault((e, exponent(to)), []).append(entry)
                for a in range(layer.in_channels // groups):
                    for taps in product(*(range(axis.taps) for axis in axes)):
                        place = [i + shift[u] for i, shift, u in zip(at, along, taps, strict=True)]
                        e = c // members * (layer.in_channels // groups) + a
                        terms.setdefault((e, exponent(place)), []).append(-kernel[(c, a, *taps)])
                for e in {e for e, _ in terms}:
                    total = {(power,): Add(*each) for (own, power), each in terms.items() if own == e}
                    left = Poly.from_dict(
                        {power: value for power, value in total.items() if value != 0} or {(0,): 0}, w
                    )
                    if not left.rem(modulus).is_zero:
                        raise Refuted("SymPy finds another eigenvalue", positions.row_position(row), frequency, left, 0)
                    compared += 1
        return compared

    yield "SymPy, modulo its cyclotomic polynomial, finds the same eigenvalues", multiplied


# Words --------------------------------------------------------------------------------------------


def _per_axis(letter: str, axes: Sequence[Axis]) -> list[str]:
    return [letter] if len(axes) == 1 else [f"{letter}{n}" for n in range(1, len(axes) + 1)]


def _power(root: str, m: str, of: Index) -> list[Formula]:
    """w^(m(2u - 1)), or nothing where the exponent is zero."""
    if of == number(0):
        return []
    parts: tuple[Formula, ...] = (m, of) if len(of.signed()) == 1 and of.signed()[0][0] > 0 else (m, Tuple((of,)))
    return [Power(root, m if of == number(1) else Juxtapose(parts))]


def _powers(axes: Sequence[Axis], of: Sequence[Index]) -> list[Formula]:
    names = zip(_per_axis("ω", axes), _per_axis("m", axes), of, strict=True)
    return [part for root, m, index in names for part in _power(root, m, index)]


def _eigenvalue(read_map: ReadMap, frequency: Sequence[Formula]) -> Formula:
    """lambda_m, with channels an entry of a matrix."""
    if not read_map.shows_channels:
        return Sym("λ", tuple(frequency))
    letters = read_map.channels.letters
    return matrix_entry("λ", [variable(letters.output), variable(letters.input)], list(frequency))


def eigenvalue_formula(read_map: ReadMap, shifts: Sequence[Index]) -> Formula:
    """lambda_m = sum over u of k_u w^(m (d u - low))."""
    axes = read_map.axes
    shown = [(axis, shift) for axis, shift in zip(axes, shifts, strict=True)]
    sigmas = [Sigma(Span(axis.letters.kernel, number(0), number(axis.taps - 1))) for axis in axes if axis.taps > 1]
    single = {axis.letters.kernel for axis in axes if axis.taps == 1}

    def plain(index: Index) -> Index:
        for name in single:
            index = index.substitute(name, number(0))
        return index

    kernel: list[Formula] = [plain(variable(axis.letters.kernel)) for axis in axes]
    if read_map.shows_channels:
        channels = read_map.channels
        kernel = [variable(channels.letters.output), variable(channels.letters.kernel), *kernel]
    left = _eigenvalue(read_map, list(map(variable, _per_axis("m", axes))))
    value = Juxtapose((*sigmas, Sym(KERNEL, tuple(kernel)), *_powers(axes, [plain(shift) for _, shift in shown])))
    return equals(left, value)


@claim_parts.register
def _(claim: Ring, proof: Proof) -> Said:
    axes = proof.layer.read_map.axes
    meets = [
        equals(variable(axis.letters.input), variable(axis.letters.output) + shift)
        for axis, shift in zip(axes, claim.shifts, strict=True)
    ]
    sizes = (
        listed(f"{axis.letters.input} modulo {axis.inputs}" for axis in axes)
        if len(axes) > 1
        else f"modulo {axes[0].inputs}"
    )
    entry = (
        Tuple(tuple(variable(axis.letters.kernel) for axis in axes))
        if len(axes) > 1
        else variable(axes[0].letters.kernel)
    )
    return words(
        "Kernel entry {} of an output meets the input with " + " and ".join("{}" for _ in meets) + f", counted {sizes}, and no other.",
        entry, *meets,
    )  # fmt: skip


@claim_parts.register
def _(claim: Eigenvectors, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    axes = read_map.axes
    inputs, outputs = ([variable(getattr(axis.letters, side)) for axis in axes] for side in ("input", "output"))
    sigmas = [Sigma(Span(axis.letters.input, number(0), number(axis.inputs - 1))) for axis in axes]
    rows: list[Formula] = list(outputs)
    columns: list[Formula] = list(inputs)
    if read_map.shows_channels:
        rows, columns = (
            [variable(read_map.channels.letters.output), *rows],
            [variable(read_map.channels.letters.input), *columns],
        )
    left = Juxtapose((*sigmas, matrix_entry(WEIGHT, rows, columns), *_powers(axes, inputs)))
    right = Juxtapose((_eigenvalue(read_map, list(map(variable, _per_axis("m", axes)))), *_powers(axes, outputs)))
    return words("{}.", equals(left, right))


@claim_parts.register
def _(claim: Inverse, proof: Proof) -> Said:
    parts = []
    for n, root in dict(zip(claim.sizes, _per_axis("ω", proof.layer.read_map.axes), strict=True)).items():
        total = Juxtapose(
            (Sigma(Span("t", number(0), number(n - 1))), Power(root, Juxtapose((Group(Chain("-", ("m", "l"))), "t"))))
        )
        parts.append(equals(total, Cases(((n, equals("m", "l")), (0, "otherwise")))))
    return words(", ".join("{}" for _ in parts) + ".", *parts)


@claim_parts.register
def _(claim: Diagonal, proof: Proof) -> Said:
    return words("{}.", diagonal_formula())


def diagonal_formula() -> Formula:
    return equals(WEIGHT, Juxtapose((Power("F", -1), "Λ", "F")))


@reason_parts.register
def _(rule: Wrap, step: Step, proof: Proof) -> Said:
    wraps = any(axis.mode is not None for axis in proof.layer.read_map.axes)
    return (
        "the padding wraps around, so the window never leaves the ring"
        if wraps
        else "the kernel has one entry, and nothing is padded",
    )


@reason_parts.register
def _(rule: Reindex, step: Step, proof: Proof) -> Said:
    axes = proof.layer.read_map.axes
    puts = [
        equals(variable(axis.letters.input), variable(axis.letters.output) + shift)
        for axis, shift in zip(axes, step.claim.shifts, strict=True)  # type: ignore[attr-defined]
    ]
    roots = [equals(Power(root, axis.inputs), 1) for root, axis in zip(_per_axis("ω", axes), axes, strict=True)]
    said = words(
        "put " + ", ".join("{}" for _ in puts) + f", {cited(step.cites[0])}; exponents count modulo the size, since ",
        *puts,
    )
    return (*said, *words(" and ".join("{}" for _ in roots), *roots), "; what is left is ", Reference(EIGENVALUES))


@reason_parts.register
def _(rule: Geometric, step: Step, proof: Proof) -> Said:
    gap = Chain("-", ("m", "l"))
    return words("a geometric sum: times {} it telescopes to {}", Chain("-", (Power("ω", gap), 1)), 0)


@reason_parts.register
def _(rule: Diagonalise, step: Step, proof: Proof) -> Said:
    blocks = ", channel by channel" if proof.layer.read_map.shows_channels else ""
    return (
        f"{cited(step.cites[0])} says W times F⁻¹ is F⁻¹ times the eigenvalues{blocks}; {cited(step.cites[1])} says that F⁻¹ is the inverse of F",
    )


def _root_words(axes: Sequence[Axis]) -> tuple[Inline, ...]:
    roots = dict(zip(_per_axis("ω", axes), axes, strict=True))
    plain = {1: "1", 2: "−1", 4: "i"}
    parts = [
        equals(root, Words(f"exp(2πi/{axis.inputs})" + (f" = {plain[axis.inputs]}" if axis.inputs in plain else "")))
        for root, axis in roots.items()
    ]
    return words("Let " + " and ".join("{}" for _ in parts) + ". ", *parts)


def document(proof: Proof) -> Document:
    """The whole derivation of W = F^-1 Lambda F."""
    layer = proof.layer
    read_map = layer.read_map
    axes = read_map.axes
    shifts = next(step.claim.shifts for step in proof.steps if isinstance(step.claim, Ring))
    names = _per_axis("m", axes)
    fourier = words(
        "Let {} be the Fourier matrix" + (" along an axis" if len(axes) > 1 else "") + ", whose entry in row {} and column {} is the inverse of {}",
        "F" if len(axes) == 1 else Sym("F", (1,)), "m", "t", Power("ω", Juxtapose(("m", "t"))),
    )  # fmt: skip
    whole = words(", and {} the Kronecker product of those of the axes", "F") if len(axes) > 1 else ()
    channels = (", applied to every channel",) if read_map.shows_channels else ()
    kind = (
        "Its entry for output channel {} and input channel {} is below, and 0 where the channels belong to different groups. "
        if read_map.channels.groups > 1
        else "Its entry for output channel {} and input channel {} is below. "
    )
    if read_map.shows_channels:
        letters = read_map.channels.letters
        about = words(
            "{} has one block for each frequency, a matrix from input to output channels. " + kind,
            "Λ", variable(letters.output), variable(letters.input),
        )  # fmt: skip
    else:
        about = words("{} is diagonal, with one entry for each frequency:", "Λ")
    blocks: list[Block] = [
        Heading(("Frequencies",)),
        Paragraph((*_root_words(axes), *fourier, *whole, *channels, ". ", *about)),
        Display(eigenvalue_formula(read_map, shifts), EIGENVALUES),
    ]
    blocks += _listed_eigenvalues(proof, shifts)
    what = "block diagonal, with one block for each frequency" if _blocks(layer) else "diagonal"
    square = layer.in_channels == layer.out_channels
    zero = "no block is singular" if _blocks(layer) else "no eigenvalue is zero"
    claim = words("{}: in the Fourier basis the layer is " + what + ".", diagonal_formula())
    if square:
        claim += words(f" So {{}} is invertible exactly when {zero}.", WEIGHT)
    ranges = [Chain("<=", (0, m, axis.inputs - 1)) for m, axis in zip(names, axes, strict=True)]
    opening = words("Take any frequency: " + ", ".join("{}" for _ in ranges) + ".", *ranges)
    document_blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *blocks,
        Statement(claim),
        steps(proof, opening),
        *checked(proof, "the complex numbers"),
    )
    return Document(title(layer, "is diagonal in the Fourier basis"), document_blocks, key(proof))


def _blocks(layer: Any) -> bool:
    """Whether channels are mixed, so that an eigenvalue is a matrix."""
    return not layer.in_channels == layer.out_channels == layer.groups


def _listed_eigenvalues(proof: Proof, shifts: Sequence[Index]) -> list[Block]:
    """Every eigenvalue of one channel written out, while there are few."""
    read_map: ReadMap = proof.layer.read_map
    axes = read_map.axes
    sizes = [axis.inputs for axis in axes]
    taps = list(product(*(range(axis.taps) for axis in axes)))
    if read_map.shows_channels or prod(sizes) > LISTED or prod(sizes) * len(taps) > LISTED_TERMS or prod(sizes) == 1:
        return []
    along = [shifted(axis, shift) for axis, shift in zip(axes, shifts, strict=True)]
    listed_: list[Block] = [Paragraph(("Written out, exponents reduced:",))]
    for frequency in product(*map(range, sizes)):
        terms: list[Formula] = []
        for tap in taps:
            exponents = [m * shift[u] % n for m, shift, u, n in zip(frequency, along, tap, sizes, strict=True)]
            powers = [
                root if e == 1 else Power(root, e) for root, e in zip(_per_axis("ω", axes), exponents, strict=True) if e
            ]
            terms.append(Juxtapose((Sym(KERNEL, tuple(map(number, tap))), *powers)))
        listed_.append(Long(equals(Sym("λ", tuple(map(number, frequency))), plus(*terms))))
    return listed_


THEOREM = Theorem(
    name="dft",
    statement="W = F^-1 diag(lambda) F: with circular padding the Fourier transform makes the layer diagonal",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: max(layer.definition.read_map.nonzeros, prod(layer.output_shape) * prod(layer.input_size) // 4),
    document=document,
    starts=("known",),
    ends=("diagonalise",),
    labels=(DEFINITION, ENTRY_RULE, EIGENVALUES),
)
