"""The further checks of a layer computed as a product of polynomials, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

from ..claims import Refuted, differ
from ..form import Row, first_difference
from ..proof import Proof
from ..readmap import ReadMap
from ..sums import WEIGHT
from .polynomials import Blocks, Shift, nested_terms, overlapped, reversed_entry


def _claim(proof: Proof, kind: type[Any]) -> Any:
    return next(step.claim for step in proof.steps if isinstance(step.claim, kind))


def block_entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """Every row of W as the blocks of all axes at once compute it, against the definition run as code."""
    claim: Blocks = _claim(proof, Blocks)
    shifts = _claim(proof, Shift).shifts
    read_map: ReadMap = proof.layer.definition.read_map

    def every_entry() -> int:
        from ..catalogue.weight_matrix import definition_rows

        compared = 0

        def rows() -> Iterator[tuple[tuple[int, ...], Row]]:
            nonlocal compared
            for at, row in blocked_rows(read_map, claim, shifts):
                compared += len(row)
                yield at, row

        difference = first_difference(definition_rows(proof.layer.definition), rows())
        if difference is not None:
            raise differ(difference, "the definition and the blocks", proof.matrices[WEIGHT])
        return compared

    yield "every entry of W, from the blocks", every_entry


def blocked_rows(read_map: ReadMap, claim: Blocks, shifts: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Row]]:
    """Every output as the blocks compute it, summed over the input channels: terms (kernel entry, input)."""
    axes, channels = read_map.axes, read_map.channels
    each = zip(axes, claim.schemes, claim.levels, claim.blocks, shifts, strict=True)
    along = []
    for axis, f, q, block, shift in each:
        terms = nested_terms(f, q)
        along.append([overlapped(axis, block, terms, i + shift) for i in range(axis.outputs)])
    members = channels.outputs // channels.groups
    kernels, sizes = [axis.taps for axis in axes], [axis.inputs for axis in axes]
    for c, *at in product(range(channels.outputs), *(range(axis.outputs) for axis in axes)):
        cells: dict[tuple[int, int], Any] = {(0, 0): 1}
        for rows, i, k, n in zip(along, at, kernels, sizes, strict=True):
            cells = {
                (u * k + v, q * n + p): x * y
                for (u, q), x in cells.items()
                for p, entry in rows[i].items()
                for (v,), y in entry.items()
            }
        row: Row = {}
        for a, ((u, p), value) in product(range(channels.taps), cells.items()):
            label = (c * channels.taps + a) * prod(kernels) + u
            row[label, (c // members * channels.taps + a) * prod(sizes) + p] = value
        yield ((c, *at) if read_map.shows_channels else tuple(at)), row


def block_sympy(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy multiplies the polynomials of input and kernel, and runs the scheme on symbols."""
    claim: Blocks = _claim(proof, Blocks)

    def products() -> int:
        from sympy import Add, Poly, expand, symbols

        layer = proof.layer
        read_map: ReadMap = layer.read_map
        axes, channels = read_map.axes, read_map.channels
        x, k, b = layer.flat_symbols()
        unknowns = symbols(f"t:{len(axes)}")
        kernels, sizes = [axis.taps for axis in axes], [axis.inputs for axis in axes]

        def polynomial(flat: list[Any], shape: list[int], entry: Callable[[int, int], int]) -> Any:
            terms = {}
            for at in product(*map(range, shape)):
                number = 0
                for n, (index, size) in enumerate(zip(at, shape, strict=True)):
                    number = number * size + entry(n, index)
                terms[at] = flat[number]
            return Poly.from_dict(terms, *unknowns)

        shifts = _claim(proof, Shift).shifts
        members, inner, outer = channels.outputs // channels.groups, prod(kernels), prod(sizes)
        signals = [polynomial(x[e * outer :][:outer], sizes, lambda n, p: p) for e in range(channels.inputs)]
        outputs = layer.flat_output()
        for c in range(channels.outputs):
            total = Poly(0, *unknowns)
            for a in range(channels.taps):
                flat = k[(c * channels.taps + a) * inner :][:inner]
                h = polynomial(flat, kernels, lambda n, w: reversed_entry(axes[n], w))
                total += h * signals[c // members * channels.taps + a]
            coefficients = total.as_dict()
            for at in product(*(range(axis.outputs) for axis in axes)):
                found = coefficients.get(tuple(i + shift for i, shift in zip(at, shifts, strict=True)), 0)
                expected = next(outputs)
                found = Add(found, b[c]) if b is not None else found
                if found != expected and expand(found - expected) != 0:
                    raise Refuted("SymPy finds another coefficient", (c, *at), None, found, expected)
        return int(prod(layer.output_shape))

    def scheme() -> int:
        from sympy import ImmutableDenseMatrix, Rational, expand, symbols

        f = claim.schemes[0]
        a, g = (ImmutableDenseMatrix(symbols(f"{letter}:{f.taps}")) for letter in "ag")
        tables = (f.values, f.kernel, tuple(zip(*f.basis, strict=True)))
        values, kernel, back = (ImmutableDenseMatrix([[Rational(v) for v in row] for row in table]) for table in tables)
        found = back * (kernel * g).multiply_elementwise(values * a)
        for s, entry in enumerate(found):
            expected = sum(g[u] * a[s - u] for u in range(f.taps) if 0 <= s - u < f.taps)
            if expand(entry - expected) != 0:
                raise Refuted("SymPy finds another coefficient of the product", s, None, entry, expected)
        return len(found)

    yield "SymPy's product of the polynomials of input and kernel, against the definition", products
    yield "SymPy's product by the scheme, multiplied out", scheme
