"""A zero-padded convolution is a product of polynomials, and so are its fast algorithms.

The outputs are coefficients of the product of the input and the reversed kernel. By `method`:

    circulant    on a ring long enough, W = R C E: extend by zeros, multiply by a circulant, select; the
                 discrete Fourier transform makes the circulant diagonal, which is how FFTs convolve
    karatsuba    blocks of 2^q inputs, 3 multiplications in place of 4 at each level
    toom-3       blocks of 3^q inputs, 5 multiplications in place of 9 at each level

Sources: A. Karatsuba and Y. Ofman 1962; A. Toom 1963; S. Cook 1966; J. Cooley and J. Tukey 1965.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import spec
from ..algebra.linear import numbers
from ..algebra.schemes import Scheme, each_axis, enough, scheme
from ..claims import Context, expect
from ..documents.blocks import words
from ..documents.polynomials import fft_document
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..errors import SpecError
from ..expressions import Times
from ..identities import (
    Assemble,
    Equation,
    Known,
    Select,
    Selected,
    Selection,
    Weights,
    Whole,
    entry_letters,
    number_matrix,
)
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis
from ..steps.bilinear import named, number_table, scheme_steps
from ..steps.identity_checks import whole_entries, whole_sympy
from ..steps.polynomial_checks import block_entries, block_sympy
from ..steps.polynomials import (
    Block,
    Blocks,
    Circulant,
    Convolution,
    Convolve,
    Diagonal,
    Levels,
    Move,
    Nesting,
    Overlap,
    Room,
    Shift,
    Transform,
    Turn,
    axis_names,
)
from ..sums import WEIGHT, Span, number, variable

if TYPE_CHECKING:
    from ..layers import Layer

BASES = {"karatsuba": 2, "toom-3": 3}
METHODS = ("circulant", *BASES)
RING, SELECT, EXTEND = "C", "R", "E"
RING_LIMIT = 4096
"""The largest ring that is made longer than it must be."""
KERNEL_LIMIT = 81
"""The longest kernel that is split: the blocks of the next size have thousands of terms."""


def refusal(layer: Any) -> str | None:
    """A product of polynomials is a convolution with neighbouring windows on zeros."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv slides a window over its input"
    for name, values in (
        ("stride", layer.stride),
        ("dilation", layer.dilation),
        ("input dilation", layer.input_dilation),
    ):
        if set(values) != {1}:
            shown = values[0] if len(set(values)) == 1 else "×".join(map(str, values))
            return f"its {name} is {shown}, and in a product of polynomials neighbouring terms are one apart"
    if layer.read_map.folded:
        return f"its padding mode is {layer.padding_mode}, and a polynomial has zeros beyond its coefficients"
    return None


def method_named(method: object) -> str:
    """One of the methods; - and _ mean the same."""
    plain = method.replace("_", "-") if isinstance(method, str) else method
    if plain not in METHODS:
        raise SpecError("method", method, "must be one of " + ", ".join(METHODS), 'method="karatsuba"')
    return str(plain)


def build(
    layer: Layer, method: object = "circulant", size: object = None, points: object = None
) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The proof by one of the methods."""
    chosen = method_named(method)
    if chosen == "circulant":
        if points is not None:
            raise SpecError("points", points, "are for the methods " + ", ".join(BASES), 'method="karatsuba"')
        return _on_a_ring(layer, size)
    if size is not None:
        raise SpecError("size", size, "is for the method circulant", 'method="circulant"')
    return _by_blocks(layer, chosen, points)


def conclusions(layer: Any, method: object = "circulant", **_: object) -> tuple[str, ...]:
    """The rules of the steps that state the theorem."""
    return ("multiply", "assemble", "diagonal") if method_named(method) == "circulant" else ("blocks",)


# On a ring ----------------------------------------------------------------------------------------


def ring_sizes(axes: tuple[Axis, ...], size: object) -> tuple[int, ...]:
    """N for each axis: at least n + k - 1, so that the ends of the product do not meet."""
    least = tuple(axis.inputs + axis.taps - 1 for axis in axes)
    if size is None:
        return least
    sizes = spec.per_axis("size", size, len(axes))
    for n, (given, needed) in enumerate(zip(sizes, least, strict=True)):
        if given < needed:
            where = f" along axis {n}" if len(axes) > 1 else ""
            rule = f"must be at least input + kernel - 1 = {needed}{where}, so that the ends of the product do not meet"
            raise SpecError("size", size, rule, f"size={max(least)}")
        if given > max(RING_LIMIT, needed):
            rule = f"must be at most {RING_LIMIT:,}: more than input + kernel - 1 = {needed} only adds zeros"
            raise SpecError("size", size, rule, f"size={max(least)}")
    return sizes


def on_the_ring(layer: Any, sizes: tuple[int, ...]) -> Any:
    """The same kernel on a ring: output m is the coefficient m of the product."""
    padding = tuple((axis.taps - 1, 0) for axis in layer.read_map.axes)
    return replace(layer, input_size=sizes, padding=padding, padding_mode="circular", bias=False)


def _on_a_ring(layer: Any, size: object) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """W = R C E: what R, C and E are, their product along each line, and the whole; and that F makes C diagonal."""
    lines, axes = layer.read_map.lines, layer.read_map.axes
    sizes = ring_sizes(axes, size)
    ring = on_the_ring(layer, sizes)
    extended, selected = [], []
    extend, select = [], []
    for line, along, m, n in zip(lines, ring.read_map.lines, *between(lines), strict=True):
        shift = line.taps - 1 - line.low if isinstance(line, Axis) else 0
        i, q = line.letters.output, line.letters.input
        selected.append(Selection(i, range(line.outputs), m, range(along.outputs), variable(i) + shift))
        extended.append(Selection(n, range(along.inputs), q, range(line.inputs), variable(n)))
        places = range(along.outputs)
        ones = {(place - shift, place): 1 for place in places if place - shift in range(line.outputs)}
        select.append(numbers(ones, line.outputs, along.outputs))
        extend.append(numbers({(p, p): 1 for p in range(line.inputs)}, along.inputs, line.inputs))
    product = Times((SELECT, RING, EXTEND))
    spans = tuple(
        tuple(
            Span(name, number(0), number(getattr(along, side) - 1))
            for name, along in zip(names, ring.read_map.lines, strict=True)
        )
        for names, side in zip(between(lines), ("outputs", "inputs"), strict=True)
    )
    chain = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Selected(EXTEND, tuple(extended)), Select(tuple(extend))),
        Step(Circulant(RING, ring, sizes), Turn()),
        Step(Selected(SELECT, tuple(selected)), Select(tuple(select))),
        Step(Equation(WEIGHT, product, *entry_letters(lines), spans), Room(), (1, 2, 3, 4)),
        Step(Whole(WEIGHT, product), Assemble(), (5,)),
        Step(Diagonal(RING, sizes), Transform(), (3,)),
    )
    matrices = {
        WEIGHT: weight_matrix(layer.read_map),
        SELECT: number_matrix(tuple(select)),
        RING: weight_matrix(ring.read_map),
        EXTEND: number_matrix(tuple(extend)),
    }
    return chain, matrices


def between(lines: Any) -> tuple[list[str], list[str]]:
    """The letters of the places on the ring, after and before the circulant."""
    rank = sum(isinstance(line, Axis) for line in lines)
    ends = ["0"] * (len(lines) - rank) + axis_names(rank)
    return [f"m{end}" for end in ends], [f"n{end}" for end in ends]


# By blocks ----------------------------------------------------------------------------------------


def _by_blocks(layer: Any, method: str, points: object) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The scheme of two polynomials with as many coefficients as the base; nested; block by block the layer."""
    axes: tuple[Axis, ...] = layer.read_map.axes
    longest = max(axis.taps for axis in axes)
    if longest > KERNEL_LIMIT:
        rule = f"is for kernels of at most {KERNEL_LIMIT} entries along an axis, and this has {longest}"
        raise SpecError("method", method, rule, 'method="circulant"')
    base, f = BASES[method], scheme_for(method, points)
    levels = tuple(levels_of(axis.taps, base) for axis in axes)
    blocks = tuple(Block(base**q, -(-axis.inputs // base**q)) for axis, q in zip(axes, levels, strict=True))
    schemes = (f,) * len(axes)
    chain = [Step(Weights(WEIGHT, layer), Known())]
    chain.append(Step(Shift(tuple(axis.taps - 1 - axis.low for axis in axes)), Move()))
    chain += scheme_steps(f, len(chain))
    chain.append(Step(Convolution(f), Convolve(), (len(chain),)))
    if max(levels) > 1:
        chain.append(Step(Levels(f, levels), Nesting(), (len(chain),)))
    chain.append(Step(Blocks(schemes, levels, blocks), Overlap(), (1, len(chain), 2)))
    matrices = {name: number_table(table) for name, table in named(schemes)}
    return tuple(chain), {WEIGHT: weight_matrix(layer.read_map), **matrices}


def scheme_for(method: str, points: object) -> Scheme:
    """The scheme of two polynomials with as many coefficients as the method splits into."""
    base, chosen = BASES[method], None
    if points is not None:
        chosen = each_axis(points, 1)[0]
        enough(points, chosen, base, base)
    return scheme(base, base, chosen)


def as_asked(proof: Proof, context: Context) -> Iterator[tuple[str, Callable[[], int]]]:
    """The blocks are those of the method and the points that the proof carries; a ring has its size by its letter."""
    method, points = (dict(proof.options).get(name) for name in ("method", "points"))

    def same() -> int:
        found = {claim.scheme for step in proof.steps if isinstance(claim := step.claim, Convolution)}
        return expect(found, {scheme_for(method_named(method), points)}, "another method or points were asked for")

    if method is not None and method_named(method) != "circulant":
        yield "the method and the points that were asked for", same


def levels_of(taps: int, base: int) -> int:
    """How often a kernel is split: until base^q coefficients hold it; at least once."""
    levels = 1
    while base**levels < taps:
        levels += 1
    return levels


# The further checks -------------------------------------------------------------------------------


def _by_method(proof: Proof, ring: Any, blocks: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    on_a_ring = "diagonal" in proof.theorem.ends_for(proof.layer, proof.options)
    yield from (ring if on_a_ring else blocks)(proof)


THEOREM = Theorem(
    name="fft_linear",
    statement="the layer is a product of polynomials: W = R C E with a circulant C, or block by block by Karatsuba or Toom-Cook",
    why=words(
        "Along an axis the sums of a convolution are those of a product of polynomials, and that product may be computed in another way."
    ),
    refusal=refusal,
    build=build,
    entries=lambda proof: _by_method(proof, whole_entries, block_entries),
    sympy=lambda proof: _by_method(proof, whole_sympy, block_sympy),
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=fft_document,
    starts=("known",),
    ends=conclusions,
    last=as_asked,
    others=lambda layer, size=None, **_: {RING: on_the_ring(layer, ring_sizes(layer.read_map.axes, size))},
    labels=(DEFINITION, ENTRY_RULE),
    options=("method", "size", "points"),
    tables=5,
)
