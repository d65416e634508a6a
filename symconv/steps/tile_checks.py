"""The further checks of a layer computed tile by tile: the whole algorithm, run on symbols and by SymPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import lcm, prod
from operator import add
from typing import Any

from ..algebra.schemes import Number, Scheme, Table
from ..claims import Refuted, differ
from ..form import Row, first_difference, row_difference
from ..proof import Proof
from ..readmap import Axis, ReadMap
from ..sums import WEIGHT
from .tiles import ENTRY, TILE, Tiled, Tiling, kernel_entry

Form = dict[tuple[Any, Any], int]
Array = dict[tuple[int, ...], Form]


def _ends_in(proof: Proof) -> Tiled:
    claim: Tiled = next(step.claim for step in proof.steps if isinstance(step.claim, Tiled))
    return claim


def tile_entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The tile of all axes at once, with the printed matrices; then every row of W as the tiles compute it."""
    from ..catalogue.weight_matrix import definition_rows

    claim = _ends_in(proof)
    read_map: ReadMap = proof.layer.definition.read_map

    def nested() -> int:
        compared = 0
        for at, found, expected in _flat_tile(claim.schemes):
            difference = row_difference(at, found, expected)
            if difference is not None:
                output, term, left, right = difference
                raise Refuted("the tile computes another sum", output, term, left, right)
            compared += len(expected)
        return compared

    def every_entry() -> int:
        matrix, compared = proof.matrices[WEIGHT], 0

        def rows() -> Iterator[tuple[tuple[int, ...], Row]]:
            nonlocal compared
            for at, row in tiled_rows(read_map, claim.tiles):
                compared += len(row)
                yield at, row

        difference = first_difference(definition_rows(proof.layer.definition), rows())
        if difference is not None:
            raise differ(difference, "the definition and the tiles", matrix)
        return compared

    yield "a tile multiplied out", nested
    yield "every entry of W, from the tiles", every_entry


def _flat_tile(schemes: Sequence[Scheme]) -> Iterator[tuple[tuple[int, ...], Form, Form]]:
    """Each output of a tile as the algorithm computes it, and as it should be; both a common multiple of it.

    The algorithm runs on symbols, {(kernel entry, entry of the tile): coefficient}, with all denominators cleared.
    """
    kernel: Array = {u: {(u, None): 1} for u in product(*(range(f.taps) for f in schemes))}
    data: Array = {s: {(None, s): 1} for s in product(*(range(f.size) for f in schemes))}
    common = 1
    for axis, f in enumerate(schemes):
        (g, one), (b, two) = _integral(f.kernel), _integral(f.basis)
        kernel, data = _transformed(kernel, axis, g), _transformed(data, axis, b)
        common *= one * two
    outputs: Array = {
        at: {(u, s): x * y for (u, _), x in kernel.get(at, {}).items() for (_, s), y in form.items()}
        for at, form in data.items()
    }
    for axis, f in enumerate(schemes):
        a, three = _integral(tuple(zip(*f.values, strict=True)))
        outputs = _transformed(outputs, axis, a)
        common *= three
    for at in product(*(range(f.outputs) for f in schemes)):
        window = product(*(range(f.taps) for f in schemes))
        expected = {(u, tuple(map(add, at, u))): common for u in window}
        yield at, {term: value for term, value in outputs.get(at, {}).items() if value}, expected


def _integral(table: Table) -> tuple[list[list[int]], int]:
    """The matrix times the common denominator of its entries, and that."""
    common = lcm(*(Fraction(value).denominator for row in table for value in row))
    return [[int(value * common) for value in row] for row in table], common


def _transformed(array: Array, axis: int, rows: list[list[int]]) -> Array:
    """The array multiplied by a matrix along one axis."""
    result: Array = {}
    for at, form in array.items():
        for n, row in enumerate(rows):
            if row[at[axis]]:
                total = result.setdefault((*at[:axis], n, *at[axis + 1 :]), {})
                for term, value in form.items():
                    total[term] = total.get(term, 0) + row[at[axis]] * value
    return result


def tiled_rows(read_map: ReadMap, tiles: Sequence[Tiling]) -> Iterator[tuple[tuple[int, ...], Row]]:
    """Every output as its tile computes it, summed over the input channels: terms (kernel entry, input)."""
    axes, channels = read_map.axes, read_map.channels
    sizes, kernels = [axis.inputs for axis in axes], [axis.taps for axis in axes]
    members = channels.outputs // channels.groups
    for c, *at in product(range(channels.outputs), *(range(axis.outputs) for axis in axes)):
        row: Row = {}
        for taps in product(*map(range, kernels)):
            places = []
            for axis, line, i, u in zip(axes, tiles, at, taps, strict=True):
                n, h = divmod(i, line.size)
                t = line.position.at({TILE: n, ENTRY: h + u})
                places.append(axis.fold(t) if t is not None and t in axis.padded_range else None)
            inputs = [p for p in places if p is not None]
            if len(inputs) < len(places):
                continue
            entry = _flat([kernel_entry(axis, u) for axis, u in zip(axes, taps, strict=True)], kernels)
            for a in range(channels.taps):
                label = (c * channels.taps + a) * prod(kernels) + entry
                column = (c // members * channels.taps + a) * prod(sizes) + _flat(inputs, sizes)
                row[label, column] = row.get((label, column), 0) + 1
        yield ((c, *at) if read_map.shows_channels else tuple(at)), row


def _flat(at: Sequence[int], shape: Sequence[int]) -> int:
    flat = 0
    for index, size in zip(at, shape, strict=True):
        flat = flat * size + index
    return flat


def tile_sympy(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: for each kernel entry, SymPy multiplies the matrices of the whole algorithm."""

    def multiplied_out() -> int:
        from sympy import QQ, Add, expand
        from sympy.polys.matrices import DomainMatrix

        claim, layer = _ends_in(proof), proof.layer
        read_map: ReadMap = layer.read_map
        axes, channels = read_map.axes, read_map.channels
        _, symbols, _ = layer.flat_symbols()
        kernels, members = [axis.taps for axis in axes], channels.outputs // channels.groups
        pairs = list(zip(axes, claim.schemes, claim.tiles, strict=True))
        after = _kron([_interpolating(*each) for each in pairs])
        before = _kron([_evaluating(*each) for each in pairs])
        found: dict[tuple[int, int], list[Any]] = {}
        for taps in product(*map(range, kernels)):
            weights = _kron([_weights(*each, u) for each, u in zip(pairs, taps, strict=True)])
            sides = (DomainMatrix({r: row for r, row in enumerate(rows) if row}, (len(rows), width), QQ)
                     for rows, width in (after, weights, before))  # fmt: skip
            left, middle, right = sides
            entry = _flat([kernel_entry(axis, u) for axis, u in zip(axes, taps, strict=True)], kernels)
            product_ = (left * middle * right).to_dok()
            for c, a in product(range(channels.outputs), range(channels.taps)):
                symbol = symbols[(c * channels.taps + a) * prod(kernels) + entry]
                for (row, column), value in product_.items():
                    where = c * len(after[0]) + row, (c // members * channels.taps + a) * before[1] + column
                    found.setdefault(where, []).append(QQ.to_sympy(value) * symbol)
        expected = layer.weight_matrix().todok()
        for where in sorted({*found, *expected}):
            here, there = Add(*found.get(where, ())), expected.get(where, 0)
            if here != there and expand(here - there) != 0:
                raise Refuted("SymPy finds another entry", where[0], where[1], here, there)
        return int(prod(layer.output_shape))

    yield "SymPy's products of the matrices of the whole algorithm, against its W", multiplied_out


SparseRows = tuple[list[dict[int, Any]], int]


def _kron(parts: Sequence[SparseRows]) -> SparseRows:
    """The Kronecker product of sparse rows."""
    rows, width = parts[0]
    for more, size in parts[1:]:
        rows = [{a * size + b: x * y for a, x in r.items() for b, y in s.items()} for r in rows for s in more]
        width *= size
    return rows, width


def _rational(value: Number) -> Any:
    from sympy import QQ

    return QQ(value.numerator, value.denominator)


def _interpolating(axis: Axis, f: Scheme, line: Tiling) -> SparseRows:
    """Outputs by points of tiles: A^T for every tile, without the outputs that are dropped."""
    rows = []
    for i in range(axis.outputs):
        n, h = divmod(i, f.outputs)
        rows.append({n * f.size + x: _rational(f.values[x][h]) for x in range(f.size) if f.values[x][h]})
    return rows, line.count * f.size


def _weights(axis: Axis, f: Scheme, line: Tiling, u: int) -> SparseRows:
    """The diagonal of what kernel entry u contributes at every point of every tile."""
    size = line.count * f.size
    return [{x: _rational(f.kernel[x % f.size][u])} if f.kernel[x % f.size][u] else {} for x in range(size)], size


def _evaluating(axis: Axis, f: Scheme, line: Tiling) -> SparseRows:
    """Points of tiles by inputs: B^T for every tile, on what the tile reads of the padded input."""
    rows: list[dict[int, Any]] = []
    for n, row in product(range(line.count), f.basis):
        total: dict[int, Any] = {}
        for s, value in enumerate(row):
            t = line.position.at({TILE: n, ENTRY: s})
            p = axis.fold(t) if t is not None and t in axis.padded_range else None
            if p is not None and value:
                total[p] = total.get(p, 0) + _rational(value)
        rows.append({p: value for p, value in total.items() if value})
    return rows, axis.inputs
