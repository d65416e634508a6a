"""The general statements for one layer: numbers for the letters, and the matrix that this makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from ..errors import NotApplicable
from ..padding import MODES
from ..sizes import Num, Ratio, value
from .axis import CHANNEL, TAKES, C, SymbolicAxis, meeting
from .moves import Define, Definition, Facts
from .proof import Equalities, GeneralProof, Sample, written_out
from .terms import Bracket, Sums, Tensor, Term, Within, evaluate, put, times

if TYPE_CHECKING:
    from ..readmap import Axis, Channels

_AXES = ((4, 3, 1, 1, 1, 1, 1), (3, 3, 1, 2, 2, 2, 1), (4, 2, 2, 1, 1, 0, 1), (2, 2, 1, 1, 1, 1, 0))
"""Sizes to look at: n, k, s, d, l, P, Q; in several dimensions the last ones."""

POSITIONS = range(-6, 11)
"""All positions that any of these reads or mirrors, and more."""


def numbers(axis: SymbolicAxis, sizes: tuple[int, ...]) -> dict[str, int]:
    """The letters of an axis for these sizes, N and m as their definitions say."""
    env = dict(zip((letter + axis.number for letter in "nksdlPQ"), sizes, strict=True))
    env[axis.length.name] = value(axis.long, env)
    env[axis.outputs.name] = value(axis.count, env)
    return env


@dataclass(frozen=True)
class Instances:
    """Samples of the sizes of these axes."""

    axes: tuple[SymbolicAxis, ...]

    def _sizes(self) -> list[dict[str, int]]:
        """A few settings; with more axes fewer and smaller ones."""
        rank = len(self.axes)
        chosen = _AXES if rank == 1 else _AXES[2:] if rank == 2 else _AXES[3:]
        found = []
        for n in range(len(chosen)):
            env = {"g": 1 + n % 2, "A": 1 + n % 2, "B": 1}
            for shift, axis in enumerate(self.axes):
                env |= numbers(axis, chosen[(n + shift) % len(chosen)])
            found.append(env)
        return found

    @property
    def _positions(self) -> range:
        return POSITIONS if len(self.axes) == 1 else range(-2, 5)

    def _relations(self, env: dict[str, int], mode: str) -> dict[str, Any]:
        """Whether a position holds an input, by the mode's function itself."""

        def holds(axis: SymbolicAxis) -> Any:
            length, scale = env[axis.length.name], env[axis.scale.name]
            return lambda t, p: MODES[mode].source(t, length) == scale * p

        return {"holds" + axis.number: holds(axis) for axis in self.axes}

    def outputs(self) -> tuple[Sample, ...]:
        """One output of each setting, the modes in turn."""
        found = []
        for n, env in enumerate(self._sizes()):
            at = {axis.i.name: env[axis.outputs.name] // 2 for axis in self.axes}
            mode = list(MODES)[n % len(MODES)]
            found.append(
                Sample({**env, "c": env["g"] * env["B"] - 1, **at}, {"Z": self._positions}, self._relations(env, mode))
            )
        return tuple(found)

    def entries(self, mode: str = "reflect") -> tuple[Sample, ...]:
        """An entry of W of each setting."""
        found = []
        for n, env in enumerate(self._sizes()):
            at = {axis.i.name: min(n % 2, env[axis.outputs.name] - 1) for axis in self.axes}
            at |= {axis.p.name: min(1, env[axis.n.name] - 1) for axis in self.axes}
            channels = {"c": env["g"] * env["B"] - 1, "e": env["g"] * env["A"] - 1}
            found.append(Sample({**env, **at, **channels}, {"Z": self._positions}, self._relations(env, mode)))
        return tuple(found)

    def modes(self, mode: str) -> tuple[Sample, ...]:
        """The first and the last input of two settings."""
        return tuple(
            Sample({**env, "p": p}, {"Z": self._positions}, self._relations(env, mode))
            for env in self._sizes()[:2]
            for p in (0, env["n"] - 1)
        )


Rows = list[list[tuple[int, tuple[int, ...]]]]
"""For each output, the inputs it reads and the kernel entries for each of them."""


def sizes_of(axis: Axis) -> dict[str, int]:
    """The letters' numbers for an axis of a layer; one channel, so that only the axis is left."""
    given = axis.inputs, axis.taps, axis.stride, axis.dilation, axis.scale, axis.low, axis.high
    return {**numbers(SymbolicAxis(), given), "g": 1, "A": 1, "B": 1, "c": 0, "e": 0}


def sums_of(axis: Axis, term: Term, row: tuple[str, int], column: tuple[str, int]) -> Iterator[tuple[int, int, Sums]]:
    """A term in the letters of a row and a column, evaluated for each of them."""
    env = sizes_of(axis)
    holds = {"holds": lambda t, p: axis.rule.source(t, axis.length) == axis.scale * p}
    for r in range(row[1]):
        for c in range(column[1]):
            yield r, c, evaluate(term, {**env, row[0]: r, column[0]: c}, {"Z": axis.padded_range}, holds)


def axis_rows(axis: Axis, term: Term) -> Rows:
    """Along an axis, the kernel entries that a term in i and p is a sum of."""
    rows: Rows = [[] for _ in range(axis.outputs)]
    for i, p, sums in sums_of(axis, term, ("i", axis.outputs), ("p", axis.inputs)):
        taps = [at[-1] for ((_, at),), count in sums.items() for _ in range(count)]
        if taps:  # a layer that reverses its kernel is this one for the reversed kernel
            rows[i].append((p, tuple(sorted(axis.taps - 1 - u if axis.flip else u for u in taps))))
    return rows


def channel_rows(channels: Channels) -> Rows:
    """For each output channel, the input channels and the kernel's row-major number for both."""
    takes = channels.inputs // channels.groups
    sizes = {"A": takes, "B": channels.outputs // channels.groups}
    term = times(Bracket(Within(CHANNEL, TAKES)), Tensor("k", (C, CHANNEL)))
    return [
        [
            (e, (c * takes + a,))
            for e in range(channels.inputs)
            for ((_, (_, a)),) in evaluate(term, {**sizes, "c": c, "e": e}, {}, {})
        ]
        for c in range(channels.outputs)
    ]


def instance(proof: GeneralProof, layer: Any, term: Term) -> Any:
    """W of a convolution: along each axis the entries that the term says, and the channels' own."""
    from ..layers import Conv
    from ..matrices import LabelledMatrix, ProductRows

    if not isinstance(layer, Conv):
        raise NotApplicable(f"the general theorem {proof.theorem.name} is about convolutions, and {layer!r} is none")
    rank_fits(proof, layer)
    read_map = layer.read_map
    made = {axis: axis_rows(axis, term) for axis in dict.fromkeys(read_map.axes)}
    rows = ProductRows(
        [channel_rows(read_map.channels), *(made[axis] for axis in read_map.axes)],
        layer.input_shape,
        [prod(layer.kernel_shape[:2]), *layer.kernel_shape[2:]],
    )
    return layer.in_symbols(LabelledMatrix(layer.output_shape, layer.input_shape, layer.kernel_shape, rows))


def rank_fits(proof: GeneralProof, layer: Any) -> None:
    """A theorem for r axes says nothing about another number of them."""
    if proof.rank not in (len(layer.input_size), "r"):
        raise NotApplicable(f"the theorem was proved for {proof.rank} axes, and {layer!r} has {len(layer.input_size)}")


def convolution_matrix(proof: GeneralProof, layer: Any) -> Any:
    """W as the entry rule says it: kappa_t is the kernel entry that output i has at position t."""
    letters = SymbolicAxis()
    kappa = times(*meeting(letters), Tensor("k", (Ratio(letters.tap, letters.d),)))
    facts = Facts((*letters.sizes, "i", "p"), (), {"κ": Definition(("t",), kappa)})
    mode = getattr(layer, "padding_mode", "zeros")
    return instance(proof, layer, Define("κ").apply(proof.part(f"mode {mode}").end, facts))


def matrix_of_chain(proof: GeneralProof, layer: Any, along: Equalities) -> Any:
    """W as the start of a chain about one axis says it, written out."""
    return instance(proof, layer, written_out(along.start, along.facts))


def transposed_matrix(proof: GeneralProof, layer: Any) -> Any:
    """W of a transposed convolution: the adjoint of a convolution on its output, as the chain about it says."""
    from ..layers import ConvTranspose
    from ..matrices import LabelledMatrix, ProductRows
    from ..readmap import Axis, Channels
    from .transpose import adjoint

    if not isinstance(layer, ConvTranspose):
        raise NotApplicable(f"the general theorem transpose says the matrix of a ConvTranspose, not of {layer!r}")
    rank_fits(proof, layer)
    along = adjoint((SymbolicAxis(),))
    term = written_out(along.end, along.facts)
    lines = []
    for n, (low, high) in enumerate(layer.padding):
        high -= layer.output_padding[n]  # the convolution that leaves nothing over
        sizes = layer.output_shape[n + 1], layer.kernel_size[n], layer.stride[n], layer.dilation[n], 1, low, high
        rows: Rows = [[] for _ in range(sizes[0])]
        for p, _, sums in sums_of(Axis(*sizes, MODES["zeros"]), term, ("p", sizes[0]), ("i", 1)):
            for (_, (*_, u)), (_, (*_, i)) in sums:
                rows[p].append((i, (u,)))
        lines.append(rows)
    own: Rows = [[] for _ in range(layer.out_channels)]
    for c, row in enumerate(channel_rows(Channels(layer.out_channels, layer.in_channels, layer.groups))):
        for e, labels in row:
            own[e].append((c, labels))
    rows_ = ProductRows([own, *lines], layer.input_shape, [prod(layer.kernel_shape[:2]), *layer.kernel_shape[2:]])
    return layer.in_symbols(LabelledMatrix(layer.output_shape, layer.input_shape, layer.kernel_shape, rows_))


def composed_matrix(proof: GeneralProof, layers: Any) -> Any:
    """The matrix of two convolutions, one after the other, in the entries k of the first kernel and k' of the second."""
    from sympy import Add, ImmutableSparseMatrix, Mul

    from ..layers import Conv
    from ..stacks.sequential import Sequential
    from .composition import product as composed

    if not (isinstance(layers, tuple) and len(layers) == 2 and all(isinstance(each, Conv) for each in layers)):
        raise NotApplicable(f"the general theorem composition is about a pair of convolutions, not {layers!r}")
    first, second = layers
    rank_fits(proof, first)
    if second.input_shape != first.output_shape or second.groups != 1 or first.groups != 1:
        raise NotApplicable("the second convolution must take what the first one makes, and each have one group")
    if any(low or high for low, high in second.padding) or set(second.input_dilation) != {1}:
        raise NotApplicable("the second convolution must have no padding and no input dilation")
    if first.flip_kernel or second.flip_kernel:
        raise NotApplicable("the statement is about kernels that are not reversed")
    along = composed((SymbolicAxis(),))
    term = written_out(along.end, along.facts)
    lines = []
    for one, two in zip(first.read_map.axes, second.read_map.axes, strict=True):
        later = {"k'": two.taps, "s'": two.stride, "d'": two.dilation, "m'": two.outputs, "B": 1}
        lines.append({
            (i, p): [(v, u) for (_, (*_, u)), (_, (*_, v)) in sums]
            for i, p, sums in sums_of(one, put(term, {name: Num(n) for name, n in later.items()}), ("i'", two.outputs), ("p", one.inputs))
        })  # fmt: skip
    kernels: Any = Sequential(first, second).symbols()[1]
    cells = {}
    columns, rows = first.input_shape, second.output_shape
    for c, e in product(range(second.out_channels), range(first.in_channels)):
        for at in product(*(line.items() for line in lines)):
            i, p = [position for (position, _), _ in at], [position for (_, position), _ in at]
            terms = [
                Mul(kernels[1][c, b, *(v for v, _ in taps)], kernels[0][b, e, *(u for _, u in taps)])
                for b in range(first.out_channels)
                for taps in product(*(pairs for _, pairs in at))
            ]
            if terms:
                cells[ravel((c, *i), rows), ravel((e, *p), columns)] = Add(*terms)
    return ImmutableSparseMatrix(prod(rows), prod(columns), cells)


def ravel(position: Sequence[int], shape: Sequence[int]) -> int:
    """The row-major number of a position."""
    flat = 0
    for index, size in zip(position, shape, strict=True):
        flat = flat * size + index
    return flat


def nonzeros(proof: GeneralProof, layer: Any) -> int:
    """How many entries of W are not zero, by the closed form."""
    from ..layers import Conv
    from .sparsity import ends

    if not isinstance(layer, Conv) or layer.padding_mode != "zeros" or set(layer.input_dilation) != {1}:
        raise NotApplicable(f"the closed form is for a Conv with zeros outside and no input dilation, not {layer!r}")
    rank_fits(proof, layer)
    total = layer.out_channels * layer.in_channels // layer.groups
    for axis in layer.read_map.axes:
        env, counted = sizes_of(axis), 0
        for u in range(axis.taps):
            low, first, high, last = (value(each, {**env, "u": u}) for each in ends(SymbolicAxis()))
            counted += max(0, min(high, last) - max(low, first) + 1)
        total *= counted
    return total
