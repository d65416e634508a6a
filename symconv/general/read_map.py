"""The master theorem: every read map, over every commutative ring."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from ..definition import strides
from ..errors import TooLarge
from ..readmap import with_quotients
from ..sizes import Var
from .moves import Backwards, Define, Definition, Distribute, Exchange, Facts
from .proof import Equalities, GeneralProof, GeneralTheorem, Link, Part, Sample
from .terms import Among, Bracket, Related, SumOver, Tensor, evaluate, times

OUT, IN, AT = Var("o"), Var("i"), Var("u")
TAP, INPUT = Among("u", "U"), Among("i", "I")
COEFFICIENT, KERNEL = Tensor("γ", (OUT, AT)), Tensor("k", (AT,))
X = Tensor("x", (IN,))
READS = Bracket(Related("read", (OUT, AT, IN)))
WEIGHT = Tensor("W", (OUT, IN))

FACTS = Facts(
    sizes=("o",),
    known=(),
    definitions={
        "X": Definition(("o", "u"), SumOver((INPUT,), times(READS, X))),
        "W": Definition(("o", "i"), SumOver((TAP,), times(COEFFICIENT, KERNEL, READS))),
    },
)
"""X(o, u) is the input that o and u read, or 0; W is what the theorem says it is."""


def build(rank: Any) -> tuple[Part, ...]:
    """Four moves: what is read as a sum over inputs, multiply out, exchange, collect."""
    start = SumOver((TAP,), times(COEFFICIENT, KERNEL, Tensor("X", (OUT, AT))))
    read = SumOver((TAP,), times(COEFFICIENT, KERNEL, SumOver((INPUT,), times(READS, X))))
    multiplied = SumOver((TAP, INPUT), times(COEFFICIENT, KERNEL, READS, X))
    exchanged = SumOver((INPUT, TAP), multiplied.term)
    collected = SumOver((INPUT,), times(SumOver((TAP,), times(COEFFICIENT, KERNEL, READS)), X))
    links = (
        Link(Define("X"), read),
        Link(Distribute(), multiplied),
        Link(Exchange(("i", "u")), exchanged),
        Link(Backwards(Distribute()), collected),
        Link(Backwards(Define("W")), SumOver((INPUT,), times(WEIGHT, X))),
    )
    return (Equalities("theorem", start, links, FACTS, samples()),)


def samples() -> tuple[Sample, ...]:
    """A few maps, one of them with two kernel entries at one input and one that reads nothing."""
    maps: tuple[dict[int, int], ...] = ({0: 0, 1: 0, 2: 1}, {0: 1}, {})
    return tuple(
        Sample({"o": 0}, {"U": range(3), "I": range(2)}, {"read": lambda o, u, i, reads=reads: reads.get(u) == i})
        for reads in maps
    )


PAIRS_LIMIT = 1_000_000


def instance(proof: GeneralProof, layer: Any) -> Any:
    """W of any layer: what the theorem says it is, with the layer's own read map, evaluated entry by entry."""
    from sympy import Add, ImmutableSparseMatrix, Mul, Rational

    reads, coefficients = forward(layer)
    outputs, inputs = prod(layer.output_shape), prod(layer.input_shape)
    taps = range(1 + max((u for _, u in reads), default=0))
    if outputs * inputs * len(taps) > PAIRS_LIMIT:
        raise TooLarge(
            f"{outputs:,} outputs, {inputs:,} inputs and {len(taps):,} kernel entries are more than {PAIRS_LIMIT:,} cases"
        )
    symbols = layer.flat_symbols()[1]
    sets, relations = {"U": taps}, {"read": lambda o, u, i: reads.get((o, u)) == i}
    cells = {}
    for o in range(outputs):
        for i in range(inputs):
            sums = evaluate(FACTS.definitions["W"].body, {"o": o, "i": i}, sets, relations)
            terms = [
                Mul(Rational(coefficients[o, u] * count), symbols[u] if symbols else 1)
                for ((_, (u,)), _), count in sums.items()
            ]
            if terms:
                cells[o, i] = Add(*terms)
    return ImmutableSparseMatrix(outputs, inputs, cells)


def forward(layer: Any) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], Any]]:
    """read(o, u) and the coefficient of every pair that reads, from the layer's definition; all flattened."""
    lines = layer.read_map.lines
    steps = [strides([getattr(line, size) for line in lines]) for size in ("outputs", "inputs")]
    labels = strides([prod(line.kernel_shape) if layer.read_map.kernel else line.taps for line in lines])
    found: list[tuple[int, int, int, Any]] = [(0, 0, 0, 1)]
    for line, across, down, label in zip(lines, *steps, labels, strict=True):
        along = []
        for output, tap in product(range(line.outputs), range(line.taps)):
            env = with_quotients({line.letters.output: output, line.letters.kernel: tap}, line.position)
            t = line.position.at(env)
            p = None if t is None else line.fold(t)
            if p is not None:
                own = line.label(output, tap) if layer.read_map.kernel else tap
                along.append((output * across, own * label, p * down, line.coefficient(output, tap)))
        found = [(o + a, u + b, i + c, k * d) for o, u, i, k in found for a, b, c, d in along]
    return {(o, u): i for o, u, i, _ in found}, {(o, u): k for o, u, _, k in found}


THEOREM = GeneralTheorem(
    name="read_map",
    statement="y = W x for every linear layer that is a read map, over every commutative ring",
    build=build,
    page="read_map_document",
    instance=instance,
    ranks=("any",),
)
