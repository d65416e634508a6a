"""Y = A^T ((G g) . (B^T d)), tile by tile: Winograd's minimal filtering computes the layer.

The outputs of a convolution with stride 1 are cut into tiles. A tile of m outputs is a product of
polynomials, transposed, and a product of polynomials needs no more multiplications than it has
coefficients: m + r - 1 in place of m r. The matrices are exact, from points that can be chosen.

Sources: S. Winograd, "Arithmetic complexity of computations", SIAM 1980; A. Lavin and S. Gray, "Fast
algorithms for convolutional neural networks", arXiv 1509.09308, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from .. import spec
from ..algebra.schemes import Scheme, each_axis, enough, scheme
from ..claims import Context, expect
from ..documents.blocks import words
from ..documents.tiles import winograd_document
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..errors import SpecError
from ..identities import Known, Weights
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis
from ..steps.bilinear import (
    named,
    number_table,
    only,
    scheme_steps,
)
from ..steps.tile_checks import tile_entries, tile_sympy
from ..steps.tiles import ENTRY, TILE, Correlation, Cut, Nest, Nested, Tile, Tiled, Tiles, Tiling, Transpose
from ..sums import WEIGHT, variable

if TYPE_CHECKING:
    from ..layers import Layer

KERNEL_LIMIT = 24
TILE_LIMIT = 32
"""Points grow with the tile and their powers with the points: beyond this nobody would use the numbers."""
NESTED_LIMIT = 256
"""What a tile of several axes may read; to multiply it out takes time that grows with the square of this."""


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
        ("input dilation", layer.input_dilation, "the inputs must lie side by side"),
    ):
        if set(values) != {1}:
            shown = values[0] if len(set(values)) == 1 else "×".join(map(str, values))
            return f"its {name} is {shown}, and {why}"
    if max(layer.kernel_size) > KERNEL_LIMIT:
        return f"its kernel has {max(layer.kernel_size)} entries along an axis, and the points are too many beyond {KERNEL_LIMIT}"
    least = [usual_tile(axis) + axis.taps - 1 for axis in layer.read_map.axes]
    if prod(least) > NESTED_LIMIT:
        shown = "×".join(map(str, layer.kernel_size))
        return f"its kernel is {shown}, and even a small tile reads {prod(least)} entries, more than {NESTED_LIMIT}"
    return None


# Options ------------------------------------------------------------------------------------------


def usual_tile(axis: Axis) -> int:
    """4 outputs for short kernels, 2 for longer ones, whose points would grow large; 1 where nothing can be saved."""
    return 1 if axis.taps == 1 else min(axis.outputs, 4 if axis.taps <= 3 and axis.outputs > 2 else 2)


def schemes_for(layer: Any, tile: object, points: object) -> tuple[Scheme, ...]:
    """The scheme of each axis, from the options."""
    axes: tuple[Axis, ...] = layer.read_map.axes
    sizes = tuple(map(usual_tile, axes)) if tile is None else spec.per_axis("tile", tile, len(axes))
    reads = [size + axis.taps - 1 for size, axis in zip(sizes, axes, strict=True)]
    if max(reads) > TILE_LIMIT:
        rule = f"makes tiles of {max(reads)} entries along an axis, more than {TILE_LIMIT}"
        raise SpecError("tile", tile, rule, f"tile={usual_tile(axes[0])}")
    if prod(reads) > NESTED_LIMIT:
        shown = " · ".join(map(str, reads))
        rule = f"makes tiles of {shown} = {prod(reads):,} entries, more than {NESTED_LIMIT}, which takes too long to multiply out"
        raise SpecError("tile", tile, rule, f"tile={usual_tile(axes[0])}")
    given = (None,) * len(axes) if points is None else each_axis(points, len(axes))
    result = []
    for n, (axis, size, chosen) in enumerate(zip(axes, sizes, given, strict=True)):
        if chosen is not None:
            enough(points, chosen, size, axis.taps, f" along axis {n}" if len(axes) > 1 else "")
        result.append(scheme(size, axis.taps, chosen))
    return tuple(result)


# The proof ----------------------------------------------------------------------------------------


def tiling(axis: Axis, size: int) -> Tiling:
    """The outputs of an axis in tiles of that size."""
    count, reads = -(-axis.outputs // size), size + axis.taps - 1
    position = variable(TILE) * size + variable(ENTRY) - axis.low
    beyond = size * (count - 1) + reads - len(axis.padded_range)
    return Tiling(size, count, reads, position, size * count - axis.outputs, max(0, beyond))


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


def as_asked(proof: Proof, context: Context) -> Iterator[tuple[str, Callable[[], int]]]:
    """The tiles and points are those of the options that the proof carries."""

    def same() -> int:
        claim = only(proof.steps[-1].claim, Tiled, "that the layer is computed tile by tile")
        options = {"tile": None, "points": None, **dict(proof.options)}
        return expect(claim.schemes, schemes_for(proof.layer, **options), "other tiles or points were asked for")

    yield "the tiles and points that were asked for", same


THEOREM = Theorem(
    name="winograd",
    statement="Y = A^T ((G g) . (B^T d)), tile by tile: m + r - 1 multiplications in place of m r compute the layer",
    why=words(
        "A tile is a product of polynomials, transposed, and a polynomial is determined by its values at enough points, where a product takes one multiplication each."
    ),
    refusal=refusal,
    build=build,
    entries=tile_entries,
    sympy=tile_sympy,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=winograd_document,
    starts=("known",),
    ends=("tile",),
    last=as_asked,
    labels=(DEFINITION, ENTRY_RULE),
    options=("tile", "points"),
    tables=2,
)
