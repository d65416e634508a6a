"""Every entry with NumPy against the plain route: the same answer for sound layers, and for damage in either route."""

from __future__ import annotations

import random
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pytest
from oracle import describe, random_configs

import symconv as sc
from symconv import all_entries, csr
from symconv.catalogue import weight_matrix
from symconv.matrices import LabelledMatrix, ProductRows, matrix_of
from symconv.readmap import Axis, inverse_table

TWICE = sc.Conv((2, 3), (5, 4), 2, 3, padding=2, padding_mode="circular")
LAYERS = [
    *(sc.Conv(**config) for config in random_configs(909, 60, largest=400)),
    TWICE,
    sc.Conv((2, 2), 1, padding=2, bias=True),
    sc.Conv((30,), 3, 4, 6, groups=2, bias=True),
    sc.Conv((3, 4, 5), 2, 2, 2, padding=1, padding_mode="replicate", flip_kernel=True),
    sc.ConvTranspose((3, 4), (2, 3), 4, 6, stride=2, padding=1, dilation=2, groups=2, output_padding=1),
    sc.Linear(12, 7, bias=True),
]


@pytest.fixture(autouse=True)
def small_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers take the fast route as well."""
    monkeypatch.setattr(weight_matrix, "ARRAYS", 0)


def agreed(layer: Any, matrix: Any = None) -> int | None:
    found: int | None = weight_matrix.together(
        layer.definition, matrix_of(layer.read_map) if matrix is None else matrix
    )
    return found


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_arrays_are_the_rows(layer: Any) -> None:
    matrix = matrix_of(layer.read_map)
    rows = csr.whole(matrix.rows.arrays, np.int64)  # type: ignore[union-attr]
    entries = list(zip(rows.numbers.tolist(), rows.columns.tolist(), rows.kernel.tolist(), strict=True))
    assert entries == [
        (number, column, u) for number, row in enumerate(matrix.rows) for column, us in row.items() for u in us
    ]


@pytest.mark.parametrize("chunk", [1, 40, 1 << 16])
def test_sound_layers_agree_in_as_many_entries_as_the_plain_route(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_entries, "CHUNK", chunk)
    for layer in LAYERS:
        plain = sum(len(row) for _, row in weight_matrix.matrix_rows(matrix_of(layer.read_map)))
        assert agreed(layer) == plain, layer


def damaged(rng: random.Random, matrix: LabelledMatrix) -> LabelledMatrix | None:
    """W with one place changed in the rows of one of its lines."""
    product: Any = matrix.rows
    lines = [[list(row) for row in rows] for rows, _ in product.factors]
    sizes = [inputs for _, inputs in product.factors]
    steps = product._steps
    for rows, step in zip(lines, steps, strict=True):
        rows[:] = [[(p, tuple(label // step for label in labels)) for p, labels in row] for row in rows]
    number = rng.randrange(len(lines))
    row = rng.choice([row for row in lines[number] if row] or [[]])
    if not row:
        return None
    at = rng.randrange(len(row))
    p, labels = row[at]
    kind = rng.choice(["dropped", "moved", "other", "doubled", "swapped", "none of its channel"])
    if kind == "dropped":
        row[at : at + 1] = []
    elif kind == "moved":
        row[at] = (p + rng.choice([-1, 1]), labels)
    elif kind == "other":
        row[at] = (p, (*labels[:-1], labels[-1] + rng.choice([-1, 1])))
    elif kind == "doubled":
        row[at] = (p, (*labels, labels[-1]))
    elif kind == "swapped":
        other = rng.randrange(len(lines[number]))
        lines[number][other], lines[number][0] = lines[number][0], lines[number][other]
    else:
        row[at] = (p, (rng.randrange(prod(matrix.kernel_shape)),))
    if lines == [[list(each) for each in rows] for rows in product._lines]:
        return None
    return replace(matrix, rows=ProductRows(lines, sizes, _sizes(product, matrix)))


def _sizes(product: Any, matrix: LabelledMatrix) -> list[int]:
    """How many labels each line has, from how far apart they lie."""
    before = [prod(matrix.kernel_shape), *product._steps]
    return [above // below for above, below in zip(before, product._steps, strict=False)]


def test_a_damaged_matrix_is_never_taken_for_the_definition() -> None:
    """Wherever the rows differ from the definition's, the fast route says no more than that they may."""
    found = 0
    rng = random.Random(1712)
    for layer in LAYERS * 6:
        honest: Any = matrix_of(layer.read_map)
        matrix = damaged(rng, honest)
        if matrix is None or [dict(row) for row in matrix.rows] == [dict(row) for row in honest.rows]:
            continue
        found += 1
        assert agreed(layer, matrix) is None, layer
    assert found > 200


@pytest.mark.parametrize("config", random_configs(11, 10, largest=300), ids=describe)
def test_a_slip_in_either_route_is_found(config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One input, or one output of one input, changed along one axis: forward only, then backward only."""
    honest = sc.Conv(**config)
    fold, meets = Axis.fold, Axis.meets

    def missed(self: Axis, t: int) -> int | None:
        p = fold(self, t)
        return None if p == 0 else p

    monkeypatch.setattr(Axis, "fold", missed)
    reads_first = any(0 in row for table in honest.read_map.tables[-1:] for row in table)
    assert (agreed(sc.Conv(**config)) is None) is reads_first or honest.read_map.nonzeros == 0
    monkeypatch.setattr(Axis, "fold", fold)
    monkeypatch.setattr(Axis, "meets", lambda self, p: {} if p == 0 else meets(self, p))
    assert (agreed(sc.Conv(**config)) is None) is reads_first or honest.read_map.nonzeros == 0


def test_the_plain_route_says_where_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = sc.Conv((6, 7), 3, 2, 2)
    proof = sc.prove(layer, check="entries")
    rows: Any = proof.matrices["W"].rows
    line = [list(each) for each in rows._lines[2]]
    line[3][1] = (line[3][1][0], (2,))
    sizes = [inputs for _, inputs in rows.factors]
    wrong = ProductRows([*rows._lines[:2], line], sizes, [4, 3, 3])
    monkeypatch.setitem(proof.matrices, "W", replace(proof.matrices["W"], rows=wrong))
    report = replace(proof, level="entries")
    (name, check) = next(iter(weight_matrix.entries(report)))
    with pytest.raises(Exception, match="the definition and W") as caught:
        check()
    assert caught.value.output == (0, 0, 3)  # type: ignore[attr-defined]
    assert name == "every entry of W, both routes"


def test_a_bias_of_another_channel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = sc.Conv((4,), 2, out_channels=2, bias=True)
    text = layer.definition.source.replace("b[c]", "b[0*c]")
    monkeypatch.setitem(vars(layer.definition), "source", text)
    with pytest.raises(Exception, match="does not add its channel's bias once"):
        agreed(layer)


def test_a_table_that_is_not_the_axis() -> None:
    """A matrix of another size is left to the plain route."""
    layer = sc.Conv((5,), 3)
    assert agreed(layer, matrix_of(sc.Conv((6,), 3).read_map)) is None
    assert inverse_table(layer.read_map.axes[0])
