"""Layers as values: shapes, symbols, equality, and how they are shown, pickled and copied."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from math import prod
from typing import Any

import numpy as np
import pytest
from layer_cases import few_entries
from oracle import DEFAULTS, Config, describe, random_configs

import symconv as sc

# Shapes and names.


@pytest.mark.parametrize(
    ("layer", "inputs", "kernel", "outputs"),
    [
        (sc.Conv((4, 4), (3, 3)), (1, 4, 4), (1, 1, 3, 3), (1, 2, 2)),
        (sc.Conv((4,), 2, in_channels=4, out_channels=6, groups=2), (4, 4), (6, 2, 2), (6, 3)),
        (sc.Conv((5, 4, 3), (1, 2, 3), 2, 3, (2, 1, 1), (0, 1, 1)), (2, 5, 4, 3), (3, 2, 1, 2, 3), (3, 3, 5, 3)),
        (sc.Conv((2, 2, 2, 2), 2, padding="full"), (1, 2, 2, 2, 2), (1, 1, 2, 2, 2, 2), (1, 3, 3, 3, 3)),
        (sc.Conv((3,), 2, input_dilation=3), (1, 3), (1, 1, 2), (1, 6)),
        (sc.Linear(3, 2), (3,), (2, 3), (2,)),
    ],
    ids=repr,
)
def test_shapes(layer: Any, inputs: tuple[int, ...], kernel: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    """The layouts of PyTorch, without a batch axis, and the symbols in them."""
    assert (layer.input_shape, layer.kernel_shape, layer.output_shape) == (inputs, kernel, outputs)
    assert all(type(size) is int for size in (*layer.input_shape, *layer.kernel_shape, *layer.output_shape))
    x, k, b = layer.symbols()
    assert (x.shape, k.shape, b) == (inputs, kernel, None)
    assert layer.output().shape == outputs
    assert layer.weight_matrix().shape == (prod(outputs), prod(inputs))


def names(array: Any) -> list[str]:
    """The names of a SymPy array's symbols, in row-major order."""
    return [symbol.name for symbol in array.reshape(prod(array.shape))]


def test_symbols_without_channels() -> None:
    """One channel on each side: the names leave it out, and the only bias is b."""
    x, k, b = sc.Conv((1, 12), (1, 11), bias=True).symbols()
    assert names(x) == [f"x_{{0,{n}}}" for n in range(12)]
    assert names(k) == [f"k_{{0,{n}}}" for n in range(11)]
    assert b.shape == (1,)
    assert names(b) == ["b"]


def test_symbols_with_channels() -> None:
    """More than one channel on either side: the names carry it, commas between the indices."""
    x, k, b = sc.Conv((2,), 1, in_channels=2, out_channels=4, groups=2, bias=True).symbols()
    assert names(x) == ["x_{0,0}", "x_{0,1}", "x_{1,0}", "x_{1,1}"]
    assert names(k) == ["k_{0,0,0}", "k_{1,0,0}", "k_{2,0,0}", "k_{3,0,0}"]
    assert names(b) == ["b_{0}", "b_{1}", "b_{2}", "b_{3}"]
    x, k, b = sc.Conv((2,), 1, out_channels=2).symbols()
    assert names(x) == ["x_{0,0}", "x_{0,1}"]
    assert b is None
    x, k, b = sc.Linear(2, 1, bias=True).symbols()
    assert (names(x), names(k), names(b)) == (["x_{0}", "x_{1}"], ["k_{0,0}", "k_{0,1}"], ["b_{0}"])


def test_symbols_are_distinct() -> None:
    """No symbol stands for two things, at any rank."""
    for config in few_entries(64, 40, largest=2000):
        x, k, b = sc.Conv(**config).symbols()
        every = names(x) + names(k) + ([] if b is None else names(b))
        assert len(set(every)) == len(every), describe(config)
        assert (b is not None) == config.get("bias", False)


# Layers as values.


SAME: dict[str, list[Config]] = {
    "one integer, tuples, lists, NumPy": [
        {"input_size": (4, 4), "kernel_size": 3, "stride": 2, "dilation": 1, "padding": 1},
        {"input_size": [4, 4], "kernel_size": (3, 3), "stride": [2, 2], "padding": (1, 1)},
        {"input_size": np.full(2, 4), "kernel_size": np.int64(3), "stride": np.full(2, 2), "padding": np.uint8(1)},
        {"input_size": (4, np.int32(4)), "kernel_size": [3, np.int8(3)], "stride": 2, "padding": [[1, 1], [1, 1]]},
    ],
    "padding by name, amount and pairs": [
        {"input_size": (6,), "kernel_size": 3, "padding": "same"},
        {"input_size": (6,), "kernel_size": 3, "padding": "same_lower"},
        {"input_size": (6,), "kernel_size": 3, "padding": 1},
        {"input_size": (6,), "kernel_size": 3, "padding": (1,)},
        {"input_size": (6,), "kernel_size": 3, "padding": ((1, 1),)},
        {"input_size": (6,), "kernel_size": 3, "padding": np.array([[1, 1]])},
    ],
    "defaults written out": [
        {"input_size": (4,), "kernel_size": 2},
        {"input_size": (4,), "kernel_size": 2, **DEFAULTS},
        {"input_size": (4,), "kernel_size": 2, **DEFAULTS, "padding": "valid", "dilation": (1,), "input_dilation": [1]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("configs", SAME.values(), ids=SAME.keys())
def test_equal_configurations_are_equal_layers(configs: list[Config]) -> None:
    """However it was written: equal, with the same hash and the same representation."""
    layers = [sc.Conv(**config) for config in configs]
    assert len(layers) > 1
    assert len(set(layers)) == 1
    assert len({hash(layer) for layer in layers}) == len({repr(layer) for layer in layers}) == 1
    assert all(layer == layers[0] for layer in layers)


def test_different_configurations_are_different_layers() -> None:
    """Every parameter counts, and no layer equals one of another kind."""
    base: Config = {"input_size": (6, 6), "kernel_size": 2, "in_channels": 2, "out_channels": 2}
    changes: list[Config] = [
        {}, {"input_size": (6, 5)}, {"kernel_size": (2, 1)}, {"in_channels": 4}, {"out_channels": 4},
        {"stride": (1, 2)}, {"padding": ((0, 0), (0, 1))}, {"padding": ((0, 0), (1, 0))}, {"dilation": 2},
        {"groups": 2}, {"bias": True}, {"padding_mode": "reflect"}, {"flip_kernel": True}, {"input_dilation": 2},
    ]  # fmt: skip
    layers = [sc.Conv(**(base | change)) for change in changes]
    assert len(set(layers)) == len(layers)
    assert len({repr(layer) for layer in layers}) == len(layers)
    assert sc.Linear(2, 3) == sc.Linear(np.int64(2), np.int64(3)) != sc.Linear(3, 2)
    assert sc.Linear(1, 1) != sc.Conv((1,), 1)
    assert sc.Linear(2, 3) != sc.Linear(2, 3, bias=True)


def layers_of_all_kinds() -> Iterator[sc.Layer]:
    """Random convolutions, and a few fully connected layers."""
    for config in random_configs(81, 200):
        yield sc.Conv(**config)
    yield from (sc.Linear(3, 2), sc.Linear(1, 1, bias=True), sc.Linear(in_features=np.int64(2), out_features=4))


def test_repr_evaluates_back() -> None:
    """What is shown at the prompt can be pasted, and holds neither NumPy integers nor defaults."""
    for layer in layers_of_all_kinds():
        again = eval(repr(layer), {"__builtins__": {}, "Conv": sc.Conv, "Linear": sc.Linear})
        assert again == layer
        assert repr(again) == repr(layer)
        assert "np." not in repr(layer)


SHOWN: list[tuple[sc.Layer, str]] = [
    (sc.Conv([4, 4], (3, 3)), "input_size=(4, 4), kernel_size=3"),
    (sc.Conv((4, 5), (3, 2), padding=[[1, 1], [2, 2]]), "input_size=(4, 5), kernel_size=(3, 2), padding=(1, 2)"),
    (sc.Conv((4,), 1, padding=((-1, -1),)), "input_size=(4,), kernel_size=1, padding=((-1, -1),)"),
    (
        sc.Conv((4,), (3,), 2, 4, 2, "same", groups=2),
        "input_size=(4,), kernel_size=3, in_channels=2, out_channels=4, stride=2, padding=((0, 1),), groups=2",
    ),
    (
        sc.Conv((4,), 2, padding_mode="circular", flip_kernel=True, bias=True, input_dilation=2),
        "input_size=(4,), kernel_size=2, bias=True, padding_mode='circular', flip_kernel=True, input_dilation=2",
    ),
    (sc.Linear(3, 2), "in_features=3, out_features=2"),
    (sc.Linear(3, 2, True), "in_features=3, out_features=2, bias=True"),
]


@pytest.mark.parametrize(("layer", "shown"), SHOWN, ids=[shown for _, shown in SHOWN])
def test_repr_is_short(layer: sc.Layer, shown: str) -> None:
    """The shortest form of each parameter, and no default."""
    assert repr(layer) == f"{type(layer).__name__}({shown})"


def test_pickles_and_copies() -> None:
    """Also after use: what a layer has computed is not carried along, and is computed again."""
    for layer in layers_of_all_kinds():
        assert layer.read_map.nonzeros > -1
        for again in (pickle.loads(pickle.dumps(layer)), copy.copy(layer), copy.deepcopy(layer)):
            assert type(again) is type(layer)
            assert again == layer
            assert hash(again) == hash(layer)
            assert again.read_map == layer.read_map
            assert again.output_shape == layer.output_shape
        assert len(pickle.dumps(layer)) < 600


@pytest.mark.parametrize("layer", [sc.Conv((4,), 2), sc.Linear(2, 3)], ids=["Conv", "Linear"])
def test_layers_cannot_be_changed(layer: Any) -> None:
    """A layer is a value: it can be a dictionary key, and nothing computed from it goes stale."""
    with pytest.raises(FrozenInstanceError):
        layer.bias = True
    assert layer.bias is False


def test_parameters_are_canonical() -> None:
    """Plain integers, one for each axis, and padding as pairs, whatever was given."""
    layer: Any = sc.Conv(np.array([4, 5]), [2, 3], np.int8(2), 2, np.int64(2), "full", 1, np.int64(2))
    found = {
        name: getattr(layer, name) for name in ("input_size", "kernel_size", "stride", "dilation", "input_dilation")
    }
    assert list(found.values()) == [(4, 5), (2, 3), (2, 2), (1, 1), (1, 1)]
    assert layer.padding == ((1, 1), (2, 2))
    assert all(type(value) is int for values in (*found.values(), *layer.padding) for value in values)
    assert all(type(value) is int for value in (layer.in_channels, layer.out_channels, layer.groups))
