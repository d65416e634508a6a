"""W = F^-1 diag(lambda) F: with circular padding the discrete Fourier transform makes the layer diagonal.

Closed to a ring, an axis has no border: output i meets kernel entry u at input i + d u - low, counted
modulo n. So every vector of powers of a root of unity is an eigenvector, whatever the kernel, and
lambda_m = sum over u of k_u w^(m (d u - low)), w = exp(2 pi i / n), is its eigenvalue; a reversed kernel
has k - 1 - u in the place of u. With channels this holds for every block of W, and a frequency has a
matrix. Along several axes w has the least common multiple of the sizes as its order. Exponents are
compared modulo that order and sums of roots of unity modulo the cyclotomic polynomial, so nothing is
approximate and nothing is left undecided.

The padding must be circular; only where a kernel has one entry and nothing is padded it does not matter.

Source: P. J. Davis, "Circulant Matrices", Wiley 1979, sections 3.2 and 5.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import lcm, prod
from typing import Any

from ..algebra.cyclotomic import reduced
from ..claims import Refuted
from ..documents.blocks import Block, Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.fourier import EIGENVALUES, frequencies
from ..documents.frequencies import (
    fourier_blocks,
    frequency_block,
    generic_words,
    mixes_channels,
    ring_statement,
    written_out,
)
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..formula import position
from ..identities import Known, Weights
from ..matrices import LabelledMatrix, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import with_quotients
from ..steps.fourier import (
    Diagonal,
    Diagonalise,
    Eigenvectors,
    Factor,
    Generic,
    Geometric,
    Inverse,
    Reindex,
    Ring,
    RingSum,
    Witness,
    Wrap,
    shifted,
)
from ..sums import WEIGHT, number


def refusal(layer: Any) -> str | None:
    """Which of the conditions fails, with its numbers."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv can be closed to a ring by its padding"
    wraps = layer.padding_mode == "circular"
    for n, axis in enumerate(layer.read_map.axes):
        where = f" on axis {n}" if len(layer.input_size) > 1 else ""
        if axis.stride != 1:
            return f"its stride{where} must be 1 and is {axis.stride}"
        if axis.scale != 1:
            return f"its input dilation{where} must be 1 and is {axis.scale}"
        reach, total = axis.dilation * (axis.taps - 1), axis.low + axis.high
        if not wraps and (axis.low, axis.high, axis.taps) != (0, 0, 1):
            return f"its padding mode is {layer.padding_mode}, and only circular padding closes an axis to a ring (a kernel of 1 without padding needs none)"
        if total != reach:
            return f"low + high padding{where} must be dilation · (kernel − 1) = {axis.dilation} · ({axis.taps} − 1) = {reach}, for as many outputs as inputs, and is {axis.low} + {axis.high} = {total}".replace(
                "+ -", "− "
            )
    return None


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """Where the entries lie, the eigenvectors, the inverse of F, and the whole; a witness where W is square."""
    axes = layer.read_map.axes
    sizes = tuple(axis.inputs for axis in axes)
    positions = tuple(axis.position for axis in axes)
    shifts = tuple(axis.position.substitute(axis.letters.output, number(0)) for axis in axes)
    chain: tuple[Step, ...] = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Ring(shifts), Wrap(), (1,)),
        Step(RingSum(positions), Reindex(), (2,)),
        Step(Eigenvectors(shifts), Factor(), (3,)),
        Step(Inverse(lcm(*sizes), sizes), Geometric()),
        Step(Diagonal(), Diagonalise(), (4, 5)),
    )
    if layer.in_channels == layer.out_channels:
        chain = (*chain, Step(Generic(), Witness(), (1,)))
    return chain, {WEIGHT: weight_matrix(layer.read_map)}


def ends(layer: Any) -> tuple[str, ...]:
    """What the theorem states: where W is square, also that it is invertible for some kernel."""
    return ("diagonalise", "witness") if layer.in_channels == layer.out_channels else ("diagonalise",)


class Turns:
    """The exponents that the claims of a proof print, with numbers for every index."""

    def __init__(self, proof: Proof) -> None:
        inverse = next(step.claim for step in proof.steps if isinstance(step.claim, Inverse))
        shifts = next(step.claim.shifts for step in proof.steps if isinstance(step.claim, Eigenvectors))
        self.order, self.sizes = inverse.order, inverse.sizes
        self._along = [shifted(axis, shift) for axis, shift in zip(proof.layer.read_map.axes, shifts, strict=True)]

    def positions(self) -> list[tuple[int, ...]]:
        """All inputs, or frequencies, of one channel."""
        return list(product(*map(range, self.sizes)))

    def at(self, frequency: tuple[int, ...], place: tuple[int, ...]) -> int:
        """The exponent of w in w^(m p)."""
        turns = zip(frequency, place, self.sizes, strict=True)
        return sum(m * p * (self.order // n) for m, p, n in turns) % self.order

    def eigenvalue(self, frequency: tuple[int, ...]) -> list[int]:
        """The exponent of w beside each kernel entry of one pair of channels in lambda_m, row-major."""
        return [self.at(frequency, place) for place in product(*self._along)]


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """F W = diag(lambda) F, with channels block by block, every entry of the flattened matrices multiplied out."""

    def multiplied() -> int:
        turns, matrix = Turns(proof), proof.matrices[WEIGHT]
        places = turns.positions()
        powers = {m: [turns.at(m, p) for p in places] for m in places}
        each, channels, compared = len(places), proof.layer.read_map.channels, 0
        width = prod(axis.taps for axis in proof.layer.read_map.axes)
        rows = list(matrix.rows)
        for c in range(channels.outputs):
            cells = [
                (i, column, label)
                for i, row in enumerate(rows[c * each : (c + 1) * each])
                for column, entry in row.items()
                for label in entry
            ]
            joined = [
                channels.position.at(with_quotients({"c": c, "a": a}, channels.position)) for a in range(channels.taps)
            ]
            for m, wave in powers.items():
                total: dict[tuple[int, int], dict[int, int]] = {}  # (column, kernel entry) -> exponent -> how often
                for i, column, label in cells:  # row (c, m) of F W
                    _count(total, (column, label), -wave[i] % turns.order, 1)
                for a, e in enumerate(joined):  # row (c, m) of diag(lambda) F
                    for u, exponent in enumerate(turns.eigenvalue(m)):
                        label = (c * channels.taps + a) * width + u
                        for p in range(each):
                            _count(total, ((e or 0) * each + p, label), (exponent - wave[p]) % turns.order, -1)
                for (column, label), found in total.items():
                    if any(found.values()) and reduced(found, turns.order):
                        at = matrix.column_position(column)
                        raise Refuted(
                            "F W and the eigenvalues times F differ", (c, *m), at, f"kernel entry {label}: {found}", 0
                        )
                compared += len(cells)
        return compared

    yield "every entry of F W, against the eigenvalues times F, with exact roots of unity", multiplied


def _count(total: dict[tuple[int, int], dict[int, int]], key: tuple[int, int], exponent: int, by: int) -> None:
    found = total.setdefault(key, {})
    found[exponent] = found.get(exponent, 0) + by


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: W times each vector of powers, from SymPy's W and reduced modulo SymPy's cyclotomic polynomial."""

    def multiplied() -> int:
        from sympy import Add, Poly, Symbol, cyclotomic_poly

        layer, turns = proof.layer, Turns(proof)
        matrix: LabelledMatrix = proof.matrices[WEIGHT]
        rank, w, compared = len(turns.sizes), Symbol("w"), 0
        modulus = Poly(cyclotomic_poly(turns.order, w), w)
        kernel = layer.symbols()[1]
        taps = list(product(*(range(axis.taps) for axis in layer.read_map.axes)))
        groups = layer.groups
        members, inputs = layer.out_channels // groups, layer.in_channels // groups
        rows: dict[int, list[tuple[int, Any]]] = {}
        for (row, column), entry in layer.weight_matrix().todok().items():
            rows.setdefault(row, []).append((column, entry))
        for row, cells in rows.items():
            c, *at = (0, *matrix.row_position(row))[-rank - 1 :]
            for m in turns.positions():
                start, exponents = turns.at(m, tuple(at)), turns.eigenvalue(m)
                sums: dict[int, dict[int, list[Any]]] = {}  # input channel -> exponent -> terms
                for column, entry in cells:
                    e, *to = (0, *matrix.column_position(column))[-rank - 1 :]
                    sums.setdefault(e, {}).setdefault(turns.at(m, tuple(to)), []).append(entry)
                for a in range(inputs):
                    own = sums.setdefault(c // members * inputs + a, {})
                    for tap, exponent in zip(taps, exponents, strict=True):
                        own.setdefault((exponent + start) % turns.order, []).append(-kernel[(c, a, *tap)])
                for own in sums.values():
                    left = Poly.from_dict({(power,): Add(*terms) for power, terms in own.items()}, w)
                    if not left.rem(modulus).is_zero:
                        raise Refuted("SymPy finds another eigenvalue", matrix.row_position(row), m, left, 0)
                    compared += 1
        return compared

    yield "W times the column of F⁻¹ of every frequency, by SymPy, modulo its cyclotomic polynomial", multiplied


def document(proof: Proof) -> Document:
    """The whole derivation of W = F^-1 diag(lambda) F."""
    layer = proof.layer
    shifts = next(step.claim.shifts for step in proof.steps if isinstance(step.claim, Eigenvectors))
    opening = words("Fix a frequency {}.", position(tuple(frequencies(layer.read_map))))
    generic: list[Block] = []
    if layer.in_channels == layer.out_channels:
        generic = [Heading(("Invertible kernels",)), Paragraph(generic_words(proof))]
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *fourier_blocks(proof, shifts),
        *(frequency_block(layer) if mixes_channels(layer) else ()),
        Statement(ring_statement(layer)),
        steps(proof, opening),
        *written_out(layer.read_map, shifts),
        *generic,
        *checked(proof, "the complex numbers"),
    )
    return Document(title(layer, "is diagonal in the Fourier basis"), blocks, key(proof))


THEOREM = Theorem(
    name="dft",
    statement="W = F^-1 diag(lambda) F: with circular padding the Fourier transform makes the layer diagonal",
    why=words(
        "On a ring, shifting the input shifts the output, and the Fourier vectors are those that every shift only multiplies by a number."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: max(layer.definition.read_map.nonzeros, prod(layer.output_shape) * prod(layer.input_size) // 4),
    tables=2,
    document=document,
    starts=("known",),
    ends=ends,
    labels=(DEFINITION, ENTRY_RULE, EIGENVALUES),
)
