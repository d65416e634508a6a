"""The definition of each layer in Coq's words, from the layer's own parameters.

Written as a textbook has it: a sum over channels and kernel entries of the kernel times the padded
input, or, for a transposed convolution, over the inputs that are scattered onto the output. Nothing
here looks at the read map, from which the layout of W comes; Coq is where the two meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm, prod
from typing import Any

from ...layers import AvgPool, Conv, ConvTranspose, Layer, Linear, PixelShuffle, Upsample
from ...readmap import spatial_letters


@dataclass(frozen=True)
class Formula:
    """y = the sum over `loops` of `summand`, divided by `divisor`, plus the bias.

    The same term by term: `factor` is the kernel entry's index, or the known coefficient, and
    `reads` the input's index as an option.
    """

    outputs: tuple[tuple[str, int], ...]  # the letters of an output and how far they run
    loops: tuple[tuple[str, int], ...]
    factor: str
    reads: str
    summand: str
    sizes: tuple[str, ...]  # the output's shape, by the formula that gives it
    held: str = ""  # what the padded input holds, as a definition of its own
    divisor: str = ""
    divides_by: frozenset[int] = frozenset()  # the values of `divisor`

    @property
    def terms(self) -> int:
        """How many terms all the sums have."""
        return prod(size for _, size in (*self.outputs, *self.loops))


def formula(layer: Layer) -> Formula:
    """The defining sum of a layer."""
    return _FORMULAS[type(layer)](layer)


def index(parts: Sequence[str]) -> str:
    """A position as Coq writes it."""
    text = f"[:: {'; '.join(parts)}]"
    return f"{text}%Z" if any(" " in part for part in parts) else text


def affine(*terms: tuple[int, str], constant: int = 0) -> str:
    """A sum of multiples of letters.

    >>> affine((2, "i"), (1, "u"), constant=-1)
    '2 * i + u - 1'
    """
    text = ""
    for slope, letter in terms:
        if slope:
            part = letter if abs(slope) == 1 else f"{abs(slope)} * {letter}"
            text += f"{' - ' if slope < 0 else ' + ' if text else ''}{part}"
    if constant or not text:
        text += f" {'-' if constant < 0 else '+'} {abs(constant)}" if text else str(constant)
    return text


def _outputs(layer: Layer, letters: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    return tuple(zip(("c", *(each.output for each in letters)), layer.output_shape, strict=True))


def _sizes(layer: Layer, *spatial: str) -> tuple[str, ...]:
    return str(layer.output_shape[0]), *spatial


def _room(n: int, gap: int, pair: tuple[int, int]) -> str:
    """The size of an input after its dilation and padding."""
    length = f"({n} - 1) * {gap} + 1" if gap > 1 else str(n)
    return length + "".join(f" {'-' if side < 0 else '+'} {abs(side)}" for side in pair if side)


def _held(letters: Sequence[Any], modes: Sequence[str], sizes: Sequence[int], gaps: Sequence[int]) -> str:
    """The definition of what the padded input holds at a position."""
    names = " ".join(each.padded for each in letters)
    sources = ", ".join(
        f"source {mode.capitalize()} {n} {gap} {each.padded}"
        for each, mode, n, gap in zip(letters, modes, sizes, gaps, strict=True)
    )
    found = ", ".join(f"Some {each.input}" for each in letters)
    wild = ", ".join("_" for _ in letters)
    return (
        "(* The input entry that the padded input holds in channel e at this position; None is a zero. *)\n"
        f"Definition held (e {names} : Z) : option (seq Z) :=\n  match {sources} with\n"
        f"  | {found} => Some [:: e; {'; '.join(each.input for each in letters)}]\n  | {wild} => None\n  end.\n"
    )


def _channel(layer: Conv | ConvTranspose) -> str:
    """The input channel that term a of output channel c reads."""
    if layer.groups == 1:
        return "a"
    return affine((layer.in_channels // layer.groups, f"(c / {layer.out_channels // layer.groups})"), (1, "a"))


def _conv(layer: Conv) -> Formula:
    letters = spatial_letters(len(layer.input_size))
    positions = []
    for each, s, d, k, (low, _) in zip(
        letters, layer.stride, layer.dilation, layer.kernel_size, layer.padding, strict=True
    ):
        tap = f"({k - 1} - {each.kernel})" if layer.flip_kernel else each.kernel
        positions.append(affine((s, each.output), (d, tap), constant=-low))
    modes = [layer.padding_mode] * len(letters)
    axes = zip(
        layer.input_size,
        layer.input_dilation,
        layer.padding,
        layer.dilation,
        layer.kernel_size,
        layer.stride,
        strict=True,
    )
    sizes = _sizes(
        layer, *(f"({_room(n, gap, pair)} - {d} * ({k} - 1) - 1) / {s} + 1" for n, gap, pair, d, k, s in axes)
    )
    reads = f"(held ({_channel(layer)}) {' '.join(f'({each})' for each in positions)})"
    kernel = index(["c", "a", *(each.kernel for each in letters)])
    taps = zip((each.kernel for each in letters), layer.kernel_size, strict=True)
    return Formula(
        _outputs(layer, letters), (("a", layer.in_channels // layer.groups), *taps), kernel, reads,
        f"k {kernel} * ext x {reads}", sizes, _held(letters, modes, layer.input_size, layer.input_dilation),
    )  # fmt: skip


def _transposed(layer: ConvTranspose) -> Formula:
    letters = spatial_letters(len(layer.input_size))
    members = layer.out_channels // layer.groups
    kernel = index([_channel(layer), "c" if layer.groups == 1 else f"c mod {members}", *(e.kernel for e in letters)])
    input = index([_channel(layer), *(each.input for each in letters)])
    lands = " && ".join(
        f"({affine((s, each.input), (d, each.kernel), constant=-low)} =? {each.output})%Z"
        for each, s, d, (low, _) in zip(letters, layer.stride, layer.dilation, layer.padding, strict=True)
    )
    loops = [("a", layer.in_channels // layer.groups)]
    loops += [(each.input, n) for each, n in zip(letters, layer.input_size, strict=True)]
    loops += [(each.kernel, n) for each, n in zip(letters, layer.kernel_size, strict=True)]
    axes = zip(
        layer.input_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.kernel_size,
        layer.output_padding,
        strict=True,
    )
    sizes = _sizes(
        layer,
        *(
            affine((1, f"({n} - 1) * {s}"), (d, f"({k} - 1)"), constant=1 - low - high + extra)
            for n, s, (low, high), d, k, extra in axes
        ),
    )
    return Formula(
        _outputs(layer, letters), tuple(loops), kernel, f"(if {lands} then Some {input} else None)",
        f"(if {lands} then k {kernel} * x {input} else 0)", sizes,
    )  # fmt: skip


def _linear(layer: Linear) -> Formula:
    return Formula(
        _outputs(layer, ()), (("a", layer.in_features),), "[:: c; a]", "(Some [:: a])", "k [:: c; a] * x [:: a]",
        _sizes(layer),
    )  # fmt: skip


def _avg_pool(layer: AvgPool) -> Formula:
    letters = spatial_letters(len(layer.input_size))
    rank = len(letters)
    firsts = [
        affine((s, each.output), constant=-low)
        for each, s, (low, _) in zip(letters, layer.stride, layer.padding, strict=True)
    ]
    positions = [f"({first} + {each.kernel})" for first, each in zip(firsts, letters, strict=True)]
    reads = f"(held c {' '.join(positions)})"
    counts: list[set[int]] = [{1}]
    if layer.divisor_override is not None:
        divisor, counts = str(layer.divisor_override), [{layer.divisor_override}]
    else:
        factors = []
        axes = zip(
            layer.input_size, layer.kernel_size, layer.stride, layer.padding, layer.output_shape[1:], strict=True
        )
        for first, (n, k, s, (low, high), outputs) in zip(firsts, axes, strict=True):
            begin, end = (-low, n + high) if layer.count_include_pad else (0, n)
            factors.append(f"counted {_argument(begin)} {end} ({first}) {k}")
            starts = (s * i - low for i in range(outputs))
            counts.append({sum(begin <= start + u < end for u in range(k)) for start in starts})
        divisor = " * ".join(factors)
    taps = tuple(zip((each.kernel for each in letters), layer.kernel_size, strict=True))
    held = _held(letters, ["zeros"] * rank, layer.input_size, [1] * rank)
    if layer.ceil_mode:  # its last window may be dropped: the number itself
        sizes = _sizes(layer, *map(str, layer.output_shape[1:]))
    else:
        windows = zip(layer.input_size, layer.padding, layer.kernel_size, layer.stride, strict=True)
        sizes = _sizes(layer, *(f"({_room(n, 1, pair)} - {k}) / {s} + 1" for n, pair, k, s in windows))
    return Formula(
        _outputs(layer, letters), taps, "1%Z", reads, f"ext x {reads}", sizes, held, divisor, _products(counts)
    )


def _products(factors: Sequence[set[int]]) -> frozenset[int]:
    """Every product of one number from each set."""
    return frozenset(map(prod, product(*factors)))


def _argument(number: int) -> str:
    return str(number) if number >= 0 else f"({number})"


def _upsample(layer: Upsample) -> Formula:
    """Output i lies at (a i + b)/d of the input: the entry there, or the two around it, weighted by how near they are."""
    letters = spatial_letters(len(layer.input_size))
    linear, half = layer.mode == "bilinear", Fraction(1, 2)
    positions, weights, divisors = [], [], []
    for each, step in zip(letters, layer.steps, strict=True):
        if layer.mode == "nearest" or layer.align_corners:
            shift = Fraction(0)
        else:
            shift = (step - 1) * half if linear else step * half
        d = lcm(step.denominator, shift.denominator)
        at = affine((int(step * d), each.output), constant=int(shift * d))
        floor = f"({at}) / {d}" if d > 1 else at
        positions.append(f"({floor} + {each.kernel})" if linear else f"({floor})")
        weights.append(f"(if {each.kernel} =? 0 then {d} - ({at}) mod {d} else ({at}) mod {d})")
        divisors.append(d)
    reads = f"(held c {' '.join(positions)})"
    held = _held(letters, ["replicate"] * len(letters), layer.input_size, [1] * len(letters))
    outputs, sizes = _outputs(layer, letters), _sizes(layer, *map(str, layer.sizes))
    if not linear:
        return Formula(outputs, (), "1%Z", reads, f"ext x {reads}", sizes, held)
    weight = f"({' * '.join(weights)})%Z"
    taps = tuple((each.kernel, 2) for each in letters)
    summand, divisor = f"integer R {weight} * ext x {reads}", prod(divisors)
    return Formula(outputs, taps, weight, reads, summand, sizes, held, str(divisor), frozenset({divisor}))


def _pixel_shuffle(layer: PixelShuffle) -> Formula:
    letters, r = spatial_letters(len(layer.input_size)), layer.upscale_factor
    channel = "c"
    for each in letters:
        channel = f"({channel} * {r} + {each.output} mod {r})"
    place = index([channel, *(f"{each.output} / {r}" for each in letters)])
    sizes = _sizes(layer, *(f"{n} * {r}" for n in layer.input_size))
    return Formula(_outputs(layer, letters), (), "1%Z", f"(Some {place})", f"x {place}", sizes)


_FORMULAS: dict[type[Layer], Callable[[Any], Formula]] = {
    Conv: _conv,
    ConvTranspose: _transposed,
    Linear: _linear,
    AvgPool: _avg_pool,
    Upsample: _upsample,
    PixelShuffle: _pixel_shuffle,
}
