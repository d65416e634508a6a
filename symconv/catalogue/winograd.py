"""Y = A^T ((G g) . (B^T d)), tile by tile: Winograd's minimal filtering computes the layer.

The outputs of a convolution with stride 1 are cut into tiles. A tile of m outputs is a product of
polynomials, transposed, and a product of polynomials needs no more multiplications than it has
coefficients: m + r - 1 in place of m r. The matrices are exact, from points that can be chosen.

Sources: S. Winograd, "Arithmetic complexity of computations", SIAM 1980; A. Lavin and S. Gray, "Fast
algorithms for convolutional neural networks", arXiv 1509.09308, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import lcm, prod
from operator import add
from typing import TYPE_CHECKING, Any

from .. import spec
from ..bilinear import (
    ENTRY,
    TILE,
    Combine,
    Correlation,
    Cut,
    Evaluate,
    Evaluated,
    Identity,
    Interpolate,
    Interpolated,
    Multiplied,
    Multiply,
    Nest,
    Nested,
    Tile,
    Tiled,
    Tiles,
    Tiling,
    Transpose,
    kernel_entry,
    named,
    number_table,
)
from ..claims import Refuted, differ
from ..documents.bilinear import winograd_document
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..errors import SpecError
from ..form import Row, first_difference, row_difference
from ..identities import Known, Weights
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis, ReadMap
from ..schemes import Number, Scheme, Table, evaluation, plain, scheme, usual_points
from ..sums import WEIGHT, variable
from .weight_matrix import definition_rows

if TYPE_CHECKING:
    from ..layers import Layer

Form = dict[tuple[Any, Any], int]
Array = dict[tuple[int, ...], Form]

KERNEL_LIMIT = 24
TILE_LIMIT = 32
"""Points grow with the tile and their powers with the points: beyond this nobody would use the numbers."""


def refusal(layer: Any) -> str | None:
    """A tile is a product of polynomials only where neighbouring windows are one input apart."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv slides a window over its input"
    if len(layer.input_size) > 2:
        return f"it has {len(layer.input_size)} axes, and the tiles are nested along one or two"
    for name, values, why in (
        ("stride", layer.stride, "the windows of neighbouring outputs must be one input apart"),
        ("dilation", layer.dilation, "neighbouring kernel entries must lie on neighbouring inputs"),
        ("input_dilation", layer.input_dilation, "the inputs must lie side by side"),
    ):
        if set(values) != {1}:
            return f"its {name} is {values[0] if len(set(values)) == 1 else values}, and {why}"
    if max(layer.kernel_size) > KERNEL_LIMIT:
        return f"its kernel has {max(layer.kernel_size)} entries along an axis, and the points are too many beyond {KERNEL_LIMIT}"
    return None


# Options ------------------------------------------------------------------------------------------


def usual_tile(axis: Axis) -> int:
    """4 outputs for short kernels, 2 for longer ones, whose points would grow large; 1 where nothing can be saved."""
    return 1 if axis.taps == 1 else min(axis.outputs, 4 if axis.taps <= 3 and axis.outputs > 2 else 2)


def schemes_for(layer: Any, tile: object, points: object) -> tuple[Scheme, ...]:
    """The scheme of each axis, from the options."""
    axes: tuple[Axis, ...] = layer.read_map.axes
    sizes = tuple(map(usual_tile, axes)) if tile is None else spec.per_axis("tile", tile, len(axes))
    most = max(size + axis.taps - 1 for size, axis in zip(sizes, axes, strict=True))
    if most > TILE_LIMIT:
        raise SpecError("tile", tile, f"makes tiles of {most} entries, more than {TILE_LIMIT}", "tile=4")
    given = (None,) * len(axes) if points is None else _each_axis(points, len(axes))
    result = []
    for n, (axis, size, chosen) in enumerate(zip(axes, sizes, given, strict=True)):
        if chosen is not None:
            _enough(points, chosen, size, axis.taps, f" along axis {n}" if len(axes) > 1 else "")
        result.append(scheme(size, axis.taps, chosen))
    return tuple(result)


def _each_axis(points: object, rank: int) -> tuple[tuple[Number, ...], ...]:
    """Points for all axes, or a sequence of them for each axis."""
    example = "points=(0, 1, -1, 2, -2)"
    if isinstance(points, str) or not isinstance(points, Sequence):
        points = (points,)
    several = [each for each in points if isinstance(each, Sequence) and not isinstance(each, str)]
    if not several:
        return (tuple(_number(points, each) for each in points),) * rank
    if len(points) != rank:
        rule = f"needs one sequence for each of the {rank} axes, or one for all; {len(points)} given"
        raise SpecError("points", points, rule, example)
    return tuple(
        tuple(_number(points, x) for x in each) if each in several else (_number(points, each),) for each in points
    )


def _number(points: object, value: Any) -> Number:
    """An exact number: an integer or a fraction."""
    if isinstance(value, bool) or not (hasattr(value, "numerator") and hasattr(value, "denominator")):
        raise SpecError("points", points, f"must be integers and fractions, not {value!r}", "points=(0, 1, Fraction(1, 2))")
    return plain(Fraction(int(value.numerator), int(value.denominator)))


def _enough(points: object, chosen: tuple[Number, ...], size: int, taps: int, where: str) -> None:
    needed = size + taps - 2
    example = ",".join(str(x) for _, x in zip(range(needed), usual_points(), strict=False)) or "no points at all"
    twice = next((x for x in chosen if chosen.count(x) > 1), None)
    if twice is not None:
        raise SpecError("points", points, f"must be different{where}, and {twice} occurs twice", f"points={example}")
    if len(chosen) != needed:
        rule = f"F({size}, {taps}) takes {needed} finite points besides infinity{where}; {len(chosen)} given"
        raise SpecError("points", points, rule, f"points={example}")


# The proof ----------------------------------------------------------------------------------------


def tiling(axis: Axis, size: int) -> Tiling:
    """The outputs of an axis in tiles of that size."""
    count, reads = -(-axis.outputs // size), size + axis.taps - 1
    position = variable(TILE) * size + variable(ENTRY) - axis.low
    beyond = size * (count - 1) + reads - len(axis.padded_range)
    return Tiling(size, count, reads, position, size * count - axis.outputs, max(0, beyond))


def scheme_steps(f: Scheme, before: int) -> list[Step]:
    """Evaluate, multiply, interpolate and combine: the steps that follow `before` others."""
    sizes = f.outputs, f.taps, f.size
    tables = tuple(evaluation(f.points, size) for size in sizes)
    first = before + 1
    return [
        Step(Evaluated(f.points, sizes, tables), Evaluate()),
        Step(Multiplied(f.outputs, f.taps), Multiply(), (first,)),
        Step(Interpolated(f.points, f.factors, f.basis), Interpolate(), (first,)),
        Step(Identity(f), Combine(), (first, first + 1, first + 2)),
    ]


def build(layer: Layer, tile: object = None, points: object = None) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """What W and the tiles are; each scheme, from its points; the layer, tile by tile."""
    schemes = schemes_for(layer, tile, points)
    tiles = tuple(tiling(axis, f.outputs) for axis, f in zip(layer.read_map.axes, schemes, strict=True))
    chain = [Step(Weights(WEIGHT, layer), Known()), Step(Tiles(tiles), Cut())]
    correlations = []
    for f in dict.fromkeys(schemes):
        chain += scheme_steps(f, len(chain))
        chain.append(Step(Correlation(f), Transpose(), (len(chain),)))
        correlations.append(len(chain))
    if len(schemes) > 1:
        chain.append(Step(Nested(schemes), Nest(), tuple(correlations)))
    chain.append(Step(Tiled(schemes, tiles), Tile(), (1, 2, len(chain))))
    matrices = {name: number_table(table) for name, table in named(schemes)}
    return tuple(chain), {WEIGHT: weight_matrix(layer.read_map), **matrices}


# The further checks -------------------------------------------------------------------------------


def _ends_in(proof: Proof) -> Tiled:
    return next(step.claim for step in proof.steps if isinstance(step.claim, Tiled))


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The tile of all axes at once, with the printed matrices; then every row of W as the tiles compute it."""
    claim = _ends_in(proof)
    read_map: ReadMap = proof.layer.definition.read_map

    def nested() -> int:
        compared = 0
        for at, found, expected in _flat_tile(claim.schemes):
            difference = row_difference(at, found, expected)
            if difference is not None:
                raise Refuted("the tile computes another sum", *difference)
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
    for c, *at in product(*(range(line.outputs) for line in (channels, *axes))):
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


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
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
        after, before = (_kron([make(*each) for each in pairs]) for make in (_interpolating, _evaluating))
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
                raise Refuted("SymPy finds another entry", *where, here, there)
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


THEOREM = Theorem(
    name="winograd",
    statement="Y = A^T ((G g) . (B^T d)), tile by tile: m + r - 1 multiplications in place of m r compute the layer",
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=winograd_document,
    starts=("known",),
    ends=("tile",),
    labels=(DEFINITION, ENTRY_RULE),
    options=("tile", "points"),
)
