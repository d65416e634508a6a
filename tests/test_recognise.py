"""Which matrices are convolutions: every convolution is recognised, and no damaged one is."""

from __future__ import annotations

import dataclasses
import random
import re
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sympy
from lanes import some

import symconv as sc
from symconv.recognition.recognising import convolution_of_any_matrix

MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")


def convolution(rng: random.Random, most: int = 6, modes: tuple[str, ...] = MODES) -> sc.Conv:
    """A random convolution, rank 1 or 2, within what the search may find."""
    while True:
        rank = rng.choice((1, 1, 2))
        size = [rng.randint(1, most) for _ in range(rank)]
        kernel = [rng.randint(1, min(n, 3)) for n in size]
        dilation = [rng.randint(1, 2) if k > 1 else 1 for k in kernel]
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        groups = rng.choice((1, 1, 2))
        try:
            return sc.Conv(
                size, kernel, groups * rng.randint(1, 2), groups * rng.randint(1, 2),
                [rng.randint(1, 3) for _ in size],
                [(rng.randint(0, span - 1), rng.randint(0, span - 1)) for span in spans],
                dilation, groups, padding_mode=rng.choice(modes),
            )  # fmt: skip
        except sc.SpecError:
            continue


def bounds(layer: sc.Conv) -> dict[str, Any]:
    names = ("kernel_size", "stride", "padding", "dilation", "groups", "padding_mode")
    return {name: getattr(layer, name) for name in names}


def numbers(rng: random.Random, layer: sc.Conv) -> np.ndarray:
    """A kernel of different numbers, none of them zero."""
    size = int(np.prod(layer.kernel_shape))
    return np.array(rng.sample(range(1, 4 * size + 10), size)).reshape(layer.kernel_shape)


def shapes(layer: sc.Conv) -> dict[str, Any]:
    return {"input_shape": layer.input_shape, "output_shape": layer.output_shape}


def assert_reproduces(found: sc.Recognition, W: np.ndarray) -> None:
    assert found, found
    assert (found.layer.to_numpy(found.kernel) == W).all()
    for other in found.alternatives[:20]:
        assert np.prod(other.kernel_shape) == found.parameters
        assert other.output_shape == found.layer.output_shape
        assert not sc.project(W, other).distance_squared


@pytest.mark.parametrize("seed", some(range(10), 3))
def test_convolutions_are_recognised_within_their_bounds(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(30):
        layer = convolution(rng)
        W = layer.to_numpy(numbers(rng, layer))
        found = sc.recognise(W, **shapes(layer), **bounds(layer))
        assert_reproduces(found, W)
        assert found.parameters == np.prod(layer.kernel_shape)
        for name in ("kernel_size", "stride", "padding", "dilation", "groups"):
            assert getattr(found.layer, name) == getattr(layer, name)


@pytest.mark.parametrize("seed", some(range(6), 2))
def test_convolutions_are_recognised_without_any_bound(seed: int) -> None:
    """With every parameter searched, and the mode in every second case."""
    rng = random.Random(seed)
    for n in range(15):
        layer = convolution(rng, most=5)
        W = layer.to_numpy(numbers(rng, layer))
        found = sc.recognise(W, **shapes(layer), padding_mode=(layer.padding_mode, None)[n % 2])
        assert_reproduces(found, W)
        assert found.parameters <= np.prod(layer.kernel_shape)


def test_symbolic_convolutions_are_recognised() -> None:
    rng = random.Random(3)
    for _ in range(40):
        layer = convolution(rng, most=4)
        W = layer.weight_matrix()
        found = sc.recognise(W, **shapes(layer), **bounds(layer))
        assert found
        kernel = dict(zip(layer.flat_symbols()[1], sympy.flatten(found.kernel), strict=True))
        assert (W.xreplace(kernel) - W).expand().is_zero_matrix
        if not layer.read_map.folded:  # each entry of the kernel is then an entry of W, or is nowhere in it
            assert all(value in (symbol, 0) for symbol, value in kernel.items())
            assert {value for value in kernel.values() if value} == W.free_symbols


@pytest.mark.parametrize("seed", some(range(10), 3))
def test_a_changed_entry_is_never_accepted_and_is_named(seed: int) -> None:
    """A zero outside every window, or an entry whose kernel entry stands somewhere else too."""
    rng = random.Random(seed)
    changed = 0
    while changed < 30:
        layer = convolution(rng)
        W = layer.to_numpy(numbers(rng, layer))
        mask = layer.to_numpy(np.ones(layer.kernel_shape, int))
        outside = [tuple(map(int, each)) for each in np.argwhere(mask == 0)]
        values, counts = np.unique(W[mask == 1], return_counts=True)
        again = np.isin(W, values[counts > 1]) & (mask == 1)
        shared = [tuple(map(int, each)) for each in np.argwhere(again & (mask == 1))]
        kind = outside if changed % 2 else shared
        if not kind or (layer.read_map.folded and (mask > 1).any() and kind is shared):
            continue
        changed += 1
        place = rng.choice(kind)
        W[place] += rng.randint(1, 9)
        found = sc.recognise(W, **shapes(layer), **bounds(layer))
        assert not found
        assert found.layer is found.kernel is found.parameters is None
        assert all(place in each.entries for each in found.refuted)
        assert len(found.refuted[0].entries) == (1 if kind is outside else 2)
        assert all(f"W[{r}, {c}] = {W[r, c]}" in found.refuted[0].reason for r, c in found.refuted[0].entries)
        assert max(map(len, str(found).splitlines())) <= 80
    assert changed == 30


def test_where_entries_are_sums_the_equations_are_solved() -> None:
    ring = sc.Conv((4,), 4, padding=((2, 1),), padding_mode="circular", stride=1)
    layer = sc.Conv((2,), 3, padding=1, padding_mode="circular")
    found = sc.recognise([[1, 4], [4, 1]], **shapes(layer), **bounds(layer))
    assert found.kernel.tolist() == [[[4, 1, 0]]]
    assert any("determines 2 of the kernel's 3" in note for note in found.notes)
    assert sc.recognise(ring.weight_matrix(), **shapes(ring), **bounds(ring))
    # Two equal sums: one contradicts the other.
    refused = sc.recognise([[1, 4], [5, 1]], **shapes(layer), **bounds(layer))
    assert refused.refuted[0].entries == ((0, 1), (1, 0))
    # A sum that is not the sum of what stands alone elsewhere.
    border = sc.Conv((3,), 3, padding=1, padding_mode="replicate")
    W = border.to_numpy([[[1, 2, 4]]])
    W[0, 0] = 7
    refused = sc.recognise(W, **shapes(border), **bounds(border))
    assert not refused
    assert (0, 0) in refused.refuted[0].entries
    assert "W[0, 0] = 7 would be" in refused.refuted[0].reason
    assert refused.refuted[0].reason.count("W[") == 3


def test_damaged_sums_are_refused_by_exactly_the_entries_named() -> None:
    """Without the entries that are named, the rest of W is within the layer's reach; with them it is not (NumPy)."""
    rng = random.Random(5)
    seen = 0
    while seen < 40:
        layer = convolution(rng, most=4, modes=MODES[1:])
        if not layer.read_map.folded:
            continue
        W = layer.to_numpy(numbers(rng, layer))
        W[rng.randrange(W.shape[0]), rng.randrange(W.shape[1])] += 1
        found = sc.recognise(W, **shapes(layer), **bounds(layer))
        M = directions(layer)
        rank = np.linalg.matrix_rank(M)
        assert bool(found) == (np.linalg.matrix_rank(np.c_[M, W.ravel()]) == rank)
        if not found:
            seen += 1
            for refutation in found.refuted:
                rows = [r * W.shape[1] + c for r, c in refutation.entries]
                assert np.linalg.matrix_rank(np.c_[M, W.ravel()][rows]) > np.linalg.matrix_rank(M[rows])


def everything(inputs: tuple[int, ...], outputs: tuple[int, ...], mode: str) -> list[tuple[int, np.ndarray]]:
    """Every layer within the bounds, by brute force: how many kernel entries, and the projector onto its matrices."""
    found: dict[bytes, tuple[int, np.ndarray]] = {}
    for kernel in product(*(range(1, n + 1) for n in inputs[1:])):
        dilations = (range(1, n if k > 1 and n > 1 else 2) for n, k in zip(inputs[1:], kernel, strict=True))
        for dilation, groups in product(product(*dilations), range(1, 3)):
            pads = [range(d * (k - 1) + 1) for d, k in zip(dilation, kernel, strict=True)]
            strides = product(range(1, 7), repeat=len(kernel))
            for padding, stride in product(product(*(product(pad, pad) for pad in pads)), strides):
                channels = inputs[0], outputs[0], stride, padding, dilation, groups
                try:
                    layer = sc.Conv(inputs[1:], kernel, *channels, padding_mode=mode)
                except sc.SpecError:
                    continue
                if layer.output_shape == outputs:
                    M = directions(layer)
                    found.setdefault(M.tobytes() + bytes(M.shape), (M.shape[1], M))
    return [(entries, M @ np.linalg.pinv(M)) for entries, M in sorted(found.values(), key=lambda each: each[0])]


def directions(layer: sc.Layer) -> np.ndarray:
    """The M_u, the zeros and ones that say where kernel entry u stands in W: flattened, as columns."""
    size = int(np.prod(layer.kernel_shape))
    units = np.eye(size, dtype=int).reshape(size, *layer.kernel_shape)
    return np.array([layer.to_numpy(unit).ravel() for unit in units]).T


@pytest.mark.parametrize("mode", MODES)
def test_the_search_finds_what_brute_force_finds(mode: str) -> None:
    """Half of the matrices are convolutions, with small numbers, so that zeros and equal entries mislead."""
    rng = random.Random(7)
    yes = 0
    for inputs, outputs in [
        ((1, 3), (1, 3)),
        ((1, 4), (1, 2)),
        ((2, 2), (2, 2)),
        ((1, 2), (1, 3)),
        ((1, 2, 2), (1, 2, 2)),
    ]:
        layers = everything(inputs, outputs, mode)
        size = int(np.prod(outputs)), int(np.prod(inputs))
        for n in range(16):
            W = np.array([rng.choice((0, 0, 0, 1, 2)) for _ in range(size[0] * size[1])])
            if n % 2:  # in the reach of one of them
                W = np.round(rng.choice(layers)[1] @ W * 60).astype(int)
            fewest = next((entries for entries, P in layers if np.allclose(P @ W, W)), None)
            found = sc.recognise(W.reshape(size), input_shape=inputs, output_shape=outputs, padding_mode=mode)
            assert found.parameters == fewest
            yes += bool(found)
    assert 20 < yes < 80


def test_every_matrix_is_some_convolution() -> None:
    """So the question only has content within bounds; the kernel then has as many entries as the matrix."""
    rng = np.random.default_rng(0)
    for inputs, outputs in [((1, 4), (1, 3)), ((2, 3), (3, 5)), ((1, 2, 3), (2, 3, 2)), ((3, 1, 2), (1, 2, 1))]:
        layer = convolution_of_any_matrix(inputs, outputs)
        assert (layer.input_shape, layer.output_shape) == (inputs, outputs)
        for _ in range(5):
            W = rng.integers(-99, 99, (int(np.prod(outputs)), int(np.prod(inputs))))
            found = sc.recognise(W, **shapes(layer), **bounds(layer))
            assert_reproduces(found, W)
            assert found.parameters == W.size
            assert any("Every matrix of this size" in note for note in found.notes)
            assert sc.project(W, layer).distance_squared == 0


@pytest.mark.parametrize("modes", ["zeros", None])
def test_a_random_matrix_is_no_convolution_within_the_bounds(modes: str | None) -> None:
    rng = np.random.default_rng(1)
    for inputs, outputs in [((1, 4), (1, 4)), ((2, 3), (1, 4)), ((1, 3, 3), (1, 2, 2))]:
        W = rng.integers(1, 10**6, (int(np.prod(outputs)), int(np.prod(inputs))))
        found = sc.recognise(W, input_shape=inputs, output_shape=outputs, padding_mode=modes)
        assert not found
        assert found.refuted
        assert "no convolution" in str(found)


def test_the_forms_of_a_matrix() -> None:
    layer = sc.Conv((4, 3), 2, padding=1)
    kernel = np.array([[[[1, 2], [3, 4]]]])
    W = layer.to_numpy(kernel)
    third = [[Fraction(int(each), 3) for each in row] for row in W]
    for given, dtype in (
        (W, np.int64), (W.astype(np.float32) / 8, np.float32), (W.astype(np.uint8), np.uint8), (W.tolist(), np.int64),
        (scipy.sparse.csr_array(W), np.int64), (scipy.sparse.coo_matrix(W * 0.1), np.float64), (third, object),
    ):  # fmt: skip
        found = sc.recognise(given, **shapes(layer))
        assert found.layer == layer
        assert found.kernel.dtype == dtype
        assert found.parameters == 4
    assert found.kernel[0, 0, 0, 0] == Fraction(1, 3)
    assert sc.recognise(sympy.Matrix(W), **shapes(layer)).kernel[0, 0, 1, 1] == 4
    a, b = sympy.symbols("a b")
    written = sympy.Matrix([[a * (a + b), 0], [0, a**2 + a * b]])  # one polynomial, written in two ways
    assert sc.recognise(written, input_shape=(1, 2), output_shape=(1, 2)).parameters == 1
    # 0.1 + 0.2 is not 0.3: floats are the numbers they are.
    assert not sc.recognise([[0.1 + 0.2, 0], [0, 0.3]], input_shape=(1, 2), output_shape=(1, 2), kernel_size=1)


def test_what_cannot_be_told_is_said() -> None:
    one = sc.recognise([[1, 2, 0]], input_shape=(1, 3), output_shape=(1, 1))
    assert any("the stride is free" in note for note in one.notes)
    holes = sc.Conv((5,), 2, dilation=2)
    found = sc.recognise(holes.to_numpy([[[1, 2]]]), **shapes(holes))
    assert found.layer == holes
    assert any("looks like a kernel of 3" in note for note in found.notes)
    assert any("Equal numbers" in note for note in found.notes)
    assert sc.recognise(holes.weight_matrix(), **shapes(holes), dilation=2).notes == ()
    zero = sc.recognise(np.zeros((4, 4), int), input_shape=(1, 4), output_shape=(1, 4))
    assert (zero.parameters, zero.kernel.tolist()) == (1, [[[0]]])
    strided = sc.Conv((6,), 2, stride=2)
    assert sc.recognise(strided.weight_matrix(), **shapes(strided)).layer == strided


def test_real_layers_are_found_in_seconds() -> None:
    for layer in (
        sc.Conv((12, 12), 3, 2, 3, padding=1),
        sc.Conv((9, 16), (3, 5), 2, 2, stride=2, padding=(1, 2), groups=2),
    ):
        kernel = np.arange(1, 1 + np.prod(layer.kernel_shape)).reshape(layer.kernel_shape)
        found = sc.recognise(layer.to_scipy(kernel), **shapes(layer))
        assert found.layer == layer
        assert (found.kernel == kernel).all()


def test_notes_are_true() -> None:
    """The stride and the high padding that a note calls free give the same W."""
    rng = random.Random(11)
    seen = 0
    while seen < 20:
        layer = convolution(rng, most=5)
        if layer.read_map.folded or len(layer.input_size) > 1:
            continue
        W = layer.to_numpy(numbers(rng, layer))
        found = sc.recognise(W, **shapes(layer))
        for note in found.notes:
            ((low, _),) = found.layer.padding
            changed = {}
            if "can be up to" in note:
                changed["padding"] = ((low, int(note.split("up to ")[1].split(":")[0])),)
            elif "the stride is free" in note:
                changed["stride"] = found.layer.stride[0] + 3
            if changed:
                seen += 1
                other = dataclasses.replace(found.layer, **changed)
                assert other.output_shape == layer.output_shape
                assert (other.to_numpy(found.kernel) == W).all()
    assert not any("Equal" in note for note in sc.recognise([[1, 2]], input_shape=(1, 2), output_shape=(1, 1)).notes)


def test_a_search_that_is_too_long_says_what_to_give() -> None:
    W = np.random.default_rng(0).integers(0, 9, (24, 24))
    with pytest.raises(sc.TooLarge, match="give kernel_size, dilation, stride or padding to narrow it"):
        sc.recognise(W, input_shape=(1, 24), output_shape=(1, 24))
    assert not sc.recognise(W, input_shape=(1, 24), output_shape=(1, 24), dilation=1)


def test_what_is_printed() -> None:
    layer = sc.Conv((4, 4), (3, 3), padding=1)
    text = str(sc.recognise(layer.weight_matrix(), **shapes(layer)))
    assert "with 9 kernel entries, where W has 256 entries" in text
    assert max(map(len, text.splitlines())) <= 80
    none = sc.recognise([[1]], input_shape=(1, 1), output_shape=(1, 1), kernel_size=3, padding=0)
    assert "no such output size" in str(none)
    given = sc.recognise(
        [[1, 2]], input_shape=(1, 2), output_shape=(1, 1), kernel_size=1, stride=1, padding=0, dilation=1
    )
    assert "no such output size: 2 inputs give 2 outputs, not 1" in str(given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"W": [[1, 2], [3]]},
            r"W=\[\[1, 2\], \[3\]\]: its rows must be of one length, and row 0 has 2 entries, row 1 has 1",
        ),
        ({"W": "abc"}, "W='abc': must be a matrix: two dimensions"),
        ({"W": None}, "W=None: must be a matrix"),
        ({"W": [1, 2]}, r"W=\[1, 2\]: must be a matrix"),
        ({"W": np.ones(3)}, r"W of shape \(3,\): must be a matrix"),
        ({"W": sympy.Matrix(0, 0, [])}, r"W of shape \(0, 0\): must be a matrix"),
        ({"W": [[1, 0], [False, 1]]}, r"W=False: entry \(1, 0\) is a truth value"),
        ({"W": [[True, sympy.Symbol("a")], [0, 1]]}, r"W=True: entry \(0, 0\) is a truth value"),
        ({"W": np.eye(2, dtype=bool)}, r"dtype bool.*Valid: W.astype\(int\)"),
        ({"W": np.ma.masked_array(np.eye(2), [[0, 1], [0, 0]])}, "has masked entries"),
        ({"W": [["x"]]}, "no integer, fraction or finite float"),
        ({"W": [[float("nan")]]}, "no integer, fraction or finite float"),
        ({"W": [[1j]]}, "no integer, fraction or finite float"),
        ({"W": [[sympy.sqrt(2)]]}, "polynomial with rational coefficients"),
        ({"input_shape": (4,)}, r"input_shape=\(4,\): must be \(channels, \*spatial\)"),
        ({"input_shape": (1, 3)}, "3 positions, and W has 2 columns.*input_shape=\\(1, 2\\)"),
        ({"output_shape": (1, 2, 1)}, "as many axes as input_shape"),
        ({"kernel_size": 0}, "kernel_size=0: must be at least 1"),
        ({"padding": "some"}, "a named padding is one of"),
        ({"padding": ((-1, -1),)}, "cuts off the whole input"),
        ({"groups": 2}, "must divide both channel numbers"),
        ({"padding_mode": "wrap"}, "must be one of zeros"),
    ],
)
def test_errors_teach(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"W": [[1, 0], [0, 1]], "input_shape": (1, 2), "output_shape": (1, 2), **change}
    with pytest.raises(sc.SpecError, match=message) as caught:
        sc.recognise(arguments.pop("W"), **arguments)
    assert ". Valid: " in str(caught.value)


def test_an_old_matrix_of_numpy_is_a_matrix() -> None:
    with pytest.warns(PendingDeprecationWarning):
        W = np.matrix([[1, 2], [0, 1]])
    assert sc.recognise(W, input_shape=(1, 2), output_shape=(1, 2)).kernel.tolist() == [[[1, 2]]]


@pytest.mark.parametrize("given", [{"kernel_size": 10**6}, {"kernel_size": 10**18, "padding": 10**18}])
def test_a_huge_kernel_is_refused_before_its_paddings_fill_the_memory(given: dict[str, int]) -> None:
    with pytest.raises(sc.TooLarge, match=r"more than 100,000 candidates with kernel_size=10+, dilation=1"):
        sc.recognise([[1, 2, 0], [0, 1, 2]], input_shape=(1, 3), output_shape=(1, 2), **given)


def test_no_convolution_is_never_said_without_the_bounds() -> None:
    """W of another padding mode is found where that mode is tried; where it was not, the answer says so."""
    layer = sc.Conv((4,), 3, padding=1, padding_mode="reflect")
    matrix = layer.to_numpy([[[2, 3, 5]]])
    shapes = {"input_shape": (1, 4), "output_shape": (1, 4)}
    refused = sc.recognise(matrix, **shapes)
    assert repr(refused).startswith("<no convolution within the bounds: ")
    assert str(refused).endswith("Only padding with zeros was tried; padding_mode=None tries every mode.")
    assert "Only padding" not in str(sc.recognise(matrix, **shapes, padding=0))
    found = sc.recognise(matrix, **shapes, padding_mode=None)
    assert layer in (found.layer, *found.alternatives)


@pytest.mark.parametrize("named", ["valid", "same", "same_lower", "full"])
def test_a_named_padding_is_what_a_layer_makes_of_it(named: str) -> None:
    """Also where the stride or the dilation is not given; an even kernel tells same and same_lower apart."""
    for size, taps, stride, dilation in ((5, 3, 1, 1), (6, 2, 2, 1), (7, 3, 2, 2), (6, 4, 1, 1), (3, 2, 5, 1)):
        layer = sc.Conv((size,), taps, stride=stride, padding=named, dilation=dilation)
        matrix = layer.to_numpy(np.arange(1, taps + 1).reshape(1, 1, taps))
        shapes = {"input_shape": layer.input_shape, "output_shape": layer.output_shape, "padding": named}
        for given in ({}, {"stride": stride}, {"kernel_size": taps}, {"dilation": dilation}):
            found = sc.recognise(matrix, **shapes, **given)
            assert found.layer is not None
            assert (found.layer.to_numpy(found.kernel) == matrix).all()
            assert replace_padding(found.layer, named) == found.layer
    with pytest.raises(sc.SpecError, match="a named padding is one of valid, same, same_lower, full"):
        sc.recognise([[1]], input_shape=(1, 1), output_shape=(1, 1), padding="some")


def replace_padding(layer: sc.Conv, padding: str) -> sc.Conv:
    return dataclasses.replace(layer, padding=padding)


def test_an_answer_says_what_else_w_is_and_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one position of padding, symmetric and replicate are the same layer."""
    layer = sc.Conv((3,), 2, padding=((1, 0),), padding_mode="replicate")
    question = {"input_shape": (1, 3), "output_shape": (1, 3), "padding_mode": None}
    found = sc.recognise(layer.to_numpy([[[1, 2]]]), **question)
    assert {found.layer, *found.alternatives} == {layer, dataclasses.replace(layer, padding_mode="symmetric")}
    assert f"The same W is also\n  {found.alternatives[0]!r}" in re.sub(r"\n {4}", " ", str(found))
    assert repr(found) == f"<{found.layer!r}, 2 kernel entries>"
    two = sc.Conv((3, 3), 2, padding=((1, 0), (1, 0)), padding_mode="replicate")
    question = {"input_shape": (1, 3, 3), "output_shape": (1, 3, 3), "padding_mode": None}
    monkeypatch.setattr("symconv.recognition.recognising.LISTED", 0)
    fewer = sc.recognise(two.to_numpy([[[[1, 2], [3, 4]]]]), **question)
    assert fewer.alternatives == ()
    assert "Of the alternatives 0 are listed." in fewer.notes
    none = sc.recognise([[1, 2], [3, 4]], input_shape=(1, 2), output_shape=(1, 2))
    assert re.fullmatch(r"<no convolution within the bounds: \d+ candidates? refuted>", repr(none))


def test_padding_beyond_what_the_mode_has_is_said() -> None:
    given = {"kernel_size": 1, "stride": 1, "dilation": 1, "padding": 5, "padding_mode": "reflect"}
    found = sc.recognise(np.ones((13, 3), int), input_shape=(1, 3), output_shape=(1, 13), **given)
    assert "reflect padding must be less than the" in str(found)
    assert "at most 2, not 5" in str(found)
