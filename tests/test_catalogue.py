"""Every theorem of the catalogue: where it applies, that it is proved there, and that a broken proof of it is refused.

A new theorem is added to `APPLIES` and `REASONS`, and everything here takes it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import cycle
from random import Random
from typing import Any

import pytest
from damages import built, random_known, random_layer
from test_transposed import configurations

import symconv as sc
from symconv.catalogue import theorem_named
from symconv.linear import Exact
from symconv.matrices import LabelledMatrix, NumberMatrix
from symconv.padding import MODES
from symconv.proof import Proof
from symconv.render import FORMATS
from symconv.sums import Index

Layer = Any


def is_conv(layer: Layer) -> bool:
    return isinstance(layer, sc.Conv)


def pads(layer: Layer) -> bool:
    return is_conv(layer) and (any(map(any, layer.padding)) or set(layer.input_dilation) != {1})


def has_neighbours(layer: Layer) -> bool:
    if not is_conv(layer):
        return False
    strided, dilated = (
        set(layer.stride) != {1},
        any(d > 1 < k for d, k in zip(layer.dilation, layer.kernel_size, strict=True)),
    )
    valid = not any(map(any, layer.padding)) and set(layer.kernel_size) != {1} and layer.padding_mode == "zeros"
    return strided or dilated or valid


def is_ring(layer: Layer) -> bool:
    if not is_conv(layer) or set(layer.stride) != {1} or set(layer.input_dilation) != {1}:
        return False
    sizes = zip(layer.padding, layer.dilation, layer.kernel_size, strict=True)
    kept = all(low + high == d * (k - 1) for (low, high), d, k in sizes)
    return kept and (layer.padding_mode == "circular" or not any(map(any, layer.padding)))


def steps_by_one(layer: Layer) -> bool:
    if not is_conv(layer):
        return False
    return len(layer.input_size) <= 2 and set(layer.stride) == set(layer.dilation) == set(layer.input_dilation) == {1}


def has_entries(layer: Layer) -> bool:
    return bool(layer.kernel_shape is not None and layer.read_map.nonzeros)


def is_a_product(layer: Layer) -> bool:
    if not is_conv(layer) or {*layer.stride, *layer.dilation, *layer.input_dilation} != {1}:
        return False
    return layer.padding_mode == "zeros" or not any(side > 0 for pair in layer.padding for side in pair)


def makes_larger(layer: Layer) -> bool:
    if isinstance(layer, sc.ConvTranspose):
        return set(layer.kernel_size) == {1} and layer.groups == layer.in_channels == layer.out_channels
    return isinstance(layer, (sc.Upsample, sc.PixelShuffle))


APPLIES: dict[str, Callable[[Layer], bool]] = {
    "weight_matrix": lambda layer: True,
    "im2col": lambda layer: layer.kernel_shape is not None,
    "kernel_vector": lambda layer: layer.kernel_shape is not None,
    "padding_factor": pads,
    "stride_selection": has_neighbours,
    "flip": is_conv,
    "kronecker": lambda layer: not isinstance(layer, sc.Linear) and layer.kernel_shape is not None,
    "dft": is_ring,
    "winograd": steps_by_one,
    "fft_linear": is_a_product,
    "structure": has_entries,
    "rank": has_entries,
    "sparsity": lambda layer: layer.kernel_shape is not None,
    "output_size": lambda layer: (
        isinstance(layer, (sc.Conv, sc.ConvTranspose)) or (isinstance(layer, sc.AvgPool) and not layer.ceil_mode)
    ),
    "transpose": lambda layer: layer.kernel_shape is not None,
    "pooling": lambda layer: isinstance(layer, sc.AvgPool),
    "upsampling": makes_larger,
}
"""Which theorem applies where: the table that the refusals are held against."""

COUNT = 200


def layers(seed: int) -> Iterator[Layer]:
    """Small layers of every kind, every padding mode in turn."""
    rng = Random(seed)
    transposed = cycle(configurations(seed, 40))
    for mode in cycle(MODES):
        yield random_layer(rng, mode)
        if rng.random() < 0.3:
            yield sc.ConvTranspose(**next(transposed))
        yield ring(rng)
        yield random_known(rng)
        if rng.random() < 0.05:
            yield sc.Linear(rng.randint(1, 4), rng.randint(1, 4), rng.random() < 0.5)


def ring(rng: Random) -> Layer:
    """A convolution closed to a ring, as a layer drawn at random hardly ever is."""
    while True:
        rank, groups = rng.choice((1, 1, 2, 2, 3)), rng.choice((1, 1, 2))
        sizes = tuple(rng.randint(1, (16, 6, 3)[rank - 1]) for _ in range(rank))
        kernel = tuple(rng.randint(1, min(n + 2, 4)) for n in sizes)
        dilation = tuple(rng.choice((1, 1, 2)) for _ in sizes)
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        lows = [rng.randint(-1, total + 1) for total in totals]
        try:
            return sc.Conv(
                sizes, kernel, groups * rng.choice((1, 2)), groups * rng.choice((1, 2)), 1,
                tuple((low, total - low) for low, total in zip(lows, totals, strict=True)), dilation, groups,
                rng.random() < 0.3, "circular", rng.random() < 0.4,
            )  # fmt: skip
        except sc.SpecError:
            continue


def test_the_table_names_every_theorem() -> None:
    assert set(APPLIES) == set(sc.theorems())


@pytest.mark.parametrize("theorem", APPLIES)
def test_it_is_proved_where_it_applies_and_refused_elsewhere(theorem: str) -> None:
    """At least 200 configurations that it applies to, every entry checked; each of the others refused with a reason."""
    proved = refused = 0
    for layer in layers(sum(map(ord, theorem))):
        if APPLIES[theorem](layer):
            level = "all" if proved % 20 == 0 else "entries"
            assert sc.prove(layer, theorem, check=level).check().ok
            assert theorem in sc.theorems(layer)
            proved += 1
        elif refused < COUNT:
            with pytest.raises(sc.NotApplicable, match=f"{theorem} does not apply to .*: .{{12,}}"):
                sc.prove(layer, theorem)
            assert theorem not in sc.theorems(layer)
            refused += 1
        if proved >= COUNT:
            return


@pytest.mark.parametrize("theorem", APPLIES)
def test_every_format_says_it(theorem: str) -> None:
    """Text within 80 columns, LaTeX and Markdown without an empty formula, the same text on every run."""
    written = 0
    for layer in layers(7):
        if not APPLIES[theorem](layer):
            continue
        proof, again = sc.prove(layer, theorem), sc.prove(layer, theorem)
        for format in FORMATS:
            assert proof.render(format) == again.render(format)
        assert max(map(len, str(proof).splitlines())) <= 80, layer
        written += 1
        if written == 8:
            return


# Damage -------------------------------------------------------------------------------------------


def parts(node: Any) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    """Every number, index and stored matrix within a step, with the function that puts another in its place."""
    if isinstance(node, (Index, Exact)) or type(node) is int:
        yield node, lambda new: new
    elif isinstance(node, tuple):
        for n, child in enumerate(node):
            for found, put in parts(child):
                yield found, lambda new, n=n, put=put: (*node[:n], put(new), *node[n + 1 :])
    elif isinstance(node, dict):
        for key, child in node.items():
            for found, put in parts(child):
                yield found, lambda new, key=key, put=put: {**node, key: put(new)}
    elif is_dataclass(node) and not isinstance(node, type) and not isinstance(node, sc.Layer):
        for each in fields(node):
            for found, put in parts(getattr(node, each.name)):
                yield found, lambda new, name=each.name, put=put: replace(node, **{name: put(new)})


def changed(rng: Random, part: Any) -> Any:
    """Another of the same kind."""
    if isinstance(part, Index):
        return part + 1
    if isinstance(part, Exact):
        if not part.rows or not part.width:
            return None
        row, column = rng.randrange(len(part.rows)), rng.randrange(part.width)
        cells = dict(part.rows[row])
        cells[column] = {(): 1} if column not in cells else {(): 7}
        return Exact((*part.rows[:row], cells, *part.rows[row + 1 :]), part.width)
    return part + 1


def step_changed(rng: Random, proof: Proof) -> Proof | None:
    at = rng.randrange(len(proof.steps))
    step = proof.steps[at]
    found = list(parts((step.claim, step.rule)))
    if not found:
        return None
    part, put = rng.choice(found)
    new = changed(rng, part)
    if new is None:
        return None
    claim, rule = put(new)
    return replace(proof, steps=(*proof.steps[:at], replace(step, claim=claim, rule=rule), *proof.steps[at + 1 :]))


def step_dropped(rng: Random, proof: Proof) -> Proof | None:
    at = rng.randrange(len(proof.steps))
    return replace(proof, steps=(*proof.steps[:at], *proof.steps[at + 1 :]))


def citation_changed(rng: Random, proof: Proof) -> Proof | None:
    at = rng.choice([n for n, step in enumerate(proof.steps) if step.cites] or [0])
    step = proof.steps[at]
    if not step.cites:
        return None
    which = rng.randrange(len(step.cites))
    wrong = rng.choice([n for n in range(len(proof.steps) + 2) if n not in step.cites])
    cites = (*step.cites[:which], wrong, *step.cites[which + 1 :])
    return replace(proof, steps=(*proof.steps[:at], replace(step, cites=cites), *proof.steps[at + 1 :]))


def claims_exchanged(rng: Random, proof: Proof) -> Proof | None:
    one, other = (rng.randrange(len(proof.steps)) for _ in range(2))
    if proof.steps[one].rule == proof.steps[other].rule:
        return None  # two premises may stand in either order
    steps = list(proof.steps)
    steps[one], steps[other] = (
        replace(steps[one], claim=steps[other].claim),
        replace(steps[other], claim=steps[one].claim),
    )
    return replace(proof, steps=tuple(steps))


def matrix_changed(rng: Random, proof: Proof) -> Proof | None:
    if not proof.matrices:
        return None
    name = rng.choice(sorted(proof.matrices))
    matrix = proof.matrices[name]
    if not isinstance(matrix, (LabelledMatrix, NumberMatrix)):
        return None
    rows = [dict(row) for row in matrix.rows]
    row = rng.randrange(len(rows))
    if rows[row] and rng.random() < 0.5:
        del rows[row][rng.choice(sorted(rows[row]))]
    else:
        column = rng.randrange(matrix.shape[1])
        new: Any = (0,) if isinstance(matrix, LabelledMatrix) else 5
        if rows[row].get(column) == new:
            return None
        rows[row][column] = new
    kept: Any = rows if isinstance(matrix, LabelledMatrix) else tuple(rows)
    return replace(proof, matrices={**proof.matrices, name: replace(matrix, rows=kept)}, level="entries")


def other_witness(proof: Proof, damaged: Proof) -> bool:
    """Whether only the entries that a claim points to as examples were changed, to others that are as good."""
    pairs = [(now.claim, then.claim) for now, then in zip(damaged.steps, proof.steps, strict=True) if now != then]
    examples = ("witnesses", "at")  # what a claim points to as an example
    return bool(pairs) and all(
        any(hasattr(now, each) and replace(now, **{each: getattr(then, each)}) == then for each in examples)
        for now, then in pairs
    )


DAMAGES = (step_changed, step_changed, step_dropped, citation_changed, claims_exchanged, matrix_changed)


@pytest.mark.parametrize("theorem", [name for name in APPLIES if name not in ("weight_matrix", "im2col")])
def test_a_damaged_proof_is_refused(theorem: str) -> None:
    """The two chains of sums have a finer test of their own, in test_damage."""
    rng = Random(3)
    caught = missed = 0
    for layer in layers(11):
        if not APPLIES[theorem](layer):
            continue
        proof = built(layer, theorem)
        for damage in DAMAGES:
            damaged = damage(rng, proof)
            if damaged is None or (damaged.steps == proof.steps and damaged.matrices == proof.matrices):
                continue
            if damaged.check().ok and not other_witness(proof, damaged):
                missed += 1
                print(damage.__name__, layer, [s for s, t in zip(damaged.steps, proof.steps, strict=False) if s != t])
            else:
                caught += 1
        if caught + missed >= 300:
            break
    assert caught >= 300 - missed
    assert missed == 0


def test_options_are_refused_by_name() -> None:
    with pytest.raises(sc.SpecError, match="weight_matrix takes no options"):
        sc.prove(sc.Conv((4,), 2), tile=2)
    assert theorem_named("padding-factor").name == "padding_factor"
