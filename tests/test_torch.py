"""W x + b against PyTorch, exactly: small integers in float64 leave no rounding to forgive.

PyTorch computes with code that shares nothing with this package, so equality here means that the
parameters mean what PyTorch means by them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from lanes import some
from oracle import Config, describe, features, fits, geometry, integers, random_configs, shapes

import symconv as sc

torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
pytest.importorskip("scipy", reason="install scipy, since to_scipy is compared as well")

MODES = ("zeros", "reflect", "replicate", "circular")  # PyTorch has no symmetric mode
FUNCTIONAL = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
CHUNK, CHUNKS = 50, 20


def plain_configs(seed: int, number: int, modes: Sequence[str], forms: Sequence[str], most: int = 3) -> list[Config]:
    """Configurations of rank one to `most` with neither input dilation nor a reversed kernel."""
    return random_configs(seed, number, range(1, most + 1), modes, forms, extras=False)


def module_configs(seed: int, number: int) -> list[Config]:
    """Configurations that the modules nn.Conv1d, 2d and 3d take: one padding for both ends, "same" unstrided."""
    result: list[Config] = []
    for draw in range(100):
        for config in plain_configs(seed + 1000 * draw, number, MODES, ("int", "per axis", "same", "valid")):
            if config.get("padding") == "same":
                config["stride"] = 1
            if fits(config):
                result.append(config)
        if len(result) >= number:
            return result[:number]
    raise AssertionError("not enough configurations")


def tensor(array: np.ndarray) -> Any:
    """The integers as float64, which holds them exactly."""
    return torch.from_numpy(array.astype(np.float64))


def data(config: Config, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """An input, a kernel and perhaps a bias of small integers."""
    inputs, kernel, _ = shapes(config)
    bias = integers(seed + 3, kernel[:1]) if config.get("bias") else None
    return integers(seed + 1, inputs), integers(seed + 2, kernel), bias


def affine(layer: sc.Layer, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """W x + b in float64, with W dense and sparse."""
    dense, sparse = layer.to_numpy(kernel.astype(np.float64)), layer.to_scipy(kernel.astype(np.float64))
    assert dense.dtype == sparse.dtype == np.float64
    assert (sparse.toarray() == dense).all()
    flat = x.reshape(-1).astype(np.float64)
    assert (sparse @ flat == dense @ flat).all()
    y = (dense @ flat).reshape(layer.output_shape)
    return y if bias is None else y + bias.reshape(-1, *[1] * (y.ndim - 1))


def module(config: Config, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
    """PyTorch's layer of that configuration."""
    each = geometry(config)
    padding = config.get("padding", 0)
    kind = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)[len(each) - 1]
    layer = kind(
        config.get("in_channels", 1),
        config.get("out_channels", 1),
        tuple(axis.kernel for axis in each),
        stride=tuple(axis.stride for axis in each),
        padding=padding if isinstance(padding, (str, int)) else tuple(padding),
        dilation=tuple(axis.dilation for axis in each),
        groups=config.get("groups", 1),
        bias=bias is not None,
        padding_mode=config.get("padding_mode", "zeros"),
        dtype=torch.float64,
    )
    with torch.no_grad():
        layer.weight.copy_(tensor(kernel))
        if bias is not None:
            layer.bias.copy_(tensor(bias))
    return layer


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # PyTorch says that it will copy the input
@pytest.mark.parametrize(
    "chunk", some(range(CHUNKS), 5), ids=lambda n: f"configs {n * CHUNK} to {n * CHUNK + CHUNK - 1}"
)
def test_modules(chunk: int) -> None:
    """nn.Conv1d, nn.Conv2d and nn.Conv3d with every padding mode that they have."""
    compared = 0
    for n, config in enumerate(module_configs(chunk, CHUNK)):
        layer = sc.Conv(**config)
        x, kernel, bias = data(config, 10 * n)
        with torch.no_grad():
            theirs = module(config, kernel, bias)(tensor(x)[None])[0].numpy()
        assert layer.output_shape == theirs.shape, describe(config)
        assert (affine(layer, x, kernel, bias) == theirs).all(), describe(config)
        compared += 1
    assert compared == CHUNK


def test_the_module_configurations_cover_what_torch_supports() -> None:
    """A thousand comparisons say little if a feature is missing from all of them."""
    configs = [config for chunk in range(CHUNKS) for config in module_configs(chunk, CHUNK)]
    assert len(configs) == CHUNK * CHUNKS >= 500
    assert len({describe(config) for config in configs}) > 0.95 * len(configs)
    seen = [features(config) for config in configs]
    for rank, mode, form in product(("rank 1", "rank 2", "rank 3"), MODES, ("int", "per axis", "named")):
        assert sum({rank, mode, f"padding: {form}", "padding"} <= each for each in seen) >= 3, (rank, mode, form)
    for name in ("bias", "stride", "stride leaves a rest", "dilation", "groups", "depthwise", "padding at its limit"):
        assert sum(name in each for each in seen) >= 50, name


def functional(config: Config, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """F.pad with a (low, high) pair for each axis, then the convolution without padding."""
    each = geometry(config)
    pads = [amount for axis in reversed(each) for amount in axis.pad]
    weight = tensor(kernel)
    if config.get("flip_kernel"):
        weight = torch.flip(weight, tuple(range(2, weight.ndim)))
    signal = torch.nn.functional.pad(tensor(x)[None], pads, mode=FUNCTIONAL[config.get("padding_mode", "zeros")])
    convolve = (torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d)[len(each) - 1]
    y = convolve(
        signal,
        weight,
        None if bias is None else tensor(bias),
        stride=tuple(axis.stride for axis in each),
        dilation=tuple(axis.dilation for axis in each),
        groups=config.get("groups", 1),
    )
    result: np.ndarray = y[0].numpy()
    return result


@pytest.mark.parametrize("mode", MODES)
def test_uneven_padding(mode: str) -> None:
    """Pairs and names, with the kernel as it is and reversed, by way of F.pad."""
    configs = plain_configs(31, 60, (mode,), ("pairs", "full", "same_lower", "same"))
    for n, config in enumerate(configs):
        config["flip_kernel"] = n % 3 == 0
        x, kernel, bias = data(config, 10 * n)
        ours, theirs = affine(sc.Conv(**config), x, kernel, bias), functional(config, x, kernel, bias)
        assert ours.shape == theirs.shape, describe(config)
        assert (ours == theirs).all(), describe(config)
    assert sum(any(axis.pad[0] != axis.pad[1] for axis in geometry(config)) for config in configs) >= 20


def test_cropping() -> None:
    """A negative padding crops, as F.pad's does; only with zeros is the order of cropping and padding the same."""
    configs = [
        config
        for config in plain_configs(32, 80, ("zeros",), ("crop",))
        if all(axis.length + min(axis.pad) >= 0 for axis in geometry(config))  # F.pad cannot crop into the padding
    ]
    for n, config in enumerate(configs):
        x, kernel, bias = data(config, 10 * n)
        ours, theirs = affine(sc.Conv(**config), x, kernel, bias), functional(config, x, kernel, bias)
        assert ours.shape == theirs.shape, describe(config)
        assert (ours == theirs).all(), describe(config)
    assert sum(min(min(axis.pad) for axis in geometry(config)) < 0 for config in configs) >= 50


def test_circular_crop_differs_from_torch() -> None:
    """PyTorch crops before it wraps, this package after: documented, so it must stay as documented."""
    config: Config = {"input_size": (4,), "kernel_size": 1, "padding": ((2, -1),), "padding_mode": "circular"}
    x, kernel = np.array([[1, 2, 3, 4]]), np.array([[[1]]])
    assert affine(sc.Conv(**config), x, kernel, None).tolist() == [[3, 4, 1, 2, 3]]
    assert functional(config, x, kernel, None).tolist() == [[2, 3, 1, 2, 3]]


def transposed_configs() -> Iterator[tuple[Config, list[int]]]:
    """Convolutions with input dilation that are PyTorch's transposed convolutions, and its padding."""
    rng = random.Random(33)
    for config in random_configs(34, 60, ranks=(1, 2, 3), modes=("zeros",), forms=("full",)):
        each = geometry(config)
        theirs = [rng.randint(0, axis.span - 1) for axis in each]
        pads = tuple((axis.span - 1 - few, axis.span - 1 - few) for axis, few in zip(each, theirs, strict=True))
        config |= {"padding": pads, "flip_kernel": True, "stride": 1}
        if fits(config):
            yield config, theirs


def test_input_dilation_is_transposed_convolution() -> None:
    """Zeros between the inputs and the kernel reversed: conv_transpose, with the channels of each group exchanged."""
    dilated = 0
    for n, (config, theirs) in enumerate(transposed_configs()):
        each, groups = geometry(config), config.get("groups", 1)
        x, kernel, bias = data(config, 10 * n)
        outputs, members, *size = kernel.shape
        exchanged = kernel.reshape(groups, outputs // groups, members, *size).swapaxes(1, 2)
        transposed = (
            torch.nn.functional.conv_transpose1d,
            torch.nn.functional.conv_transpose2d,
            torch.nn.functional.conv_transpose3d,
        )[len(each) - 1]
        y = transposed(
            tensor(x)[None],
            tensor(exchanged.reshape(groups * members, outputs // groups, *size)),
            None if bias is None else tensor(bias),
            stride=tuple(axis.gap for axis in each),
            padding=tuple(theirs),
            groups=groups,
            dilation=tuple(axis.dilation for axis in each),
        )[0].numpy()
        ours = affine(sc.Conv(**config), x, kernel, bias)
        assert ours.shape == y.shape, describe(config)
        assert (ours == y).all(), describe(config)
        dilated += any(axis.gap > 1 for axis in each)
    assert dilated >= 20


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (1, 4), (5, 1), (7, 3), (16, 16)])
@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
def test_linear(inputs: int, outputs: int, bias: bool) -> None:
    """nn.Linear: the weight matrix is the weight itself."""
    layer = sc.Linear(inputs, outputs, bias=bias)
    x, kernel = integers(1, (inputs,)), integers(2, (outputs, inputs))
    b = integers(3, (outputs,)) if bias else None
    theirs = torch.nn.Linear(inputs, outputs, bias=bias, dtype=torch.float64)
    assert layer.kernel_shape == tuple(theirs.weight.shape)
    assert (layer.to_numpy(kernel) == kernel).all()
    with torch.no_grad():
        theirs.weight.copy_(tensor(kernel))
        if b is not None:
            theirs.bias.copy_(tensor(b))
        assert (affine(layer, x, kernel, b) == theirs(tensor(x)).numpy()).all()


def gathered(layer: sc.Layer, x: np.ndarray) -> np.ndarray:
    """im2col with numbers in place of its symbols."""
    values = dict(zip(layer.flat_symbols()[0], x.reshape(-1).tolist(), strict=True))
    matrix = layer.im2col()
    result = np.zeros(matrix.shape)
    for at, symbol in matrix.todok().items():
        result[at] = values[symbol]
    return result


@pytest.mark.parametrize("mode", MODES)
def test_im2col_is_unfold(mode: str) -> None:
    """Rows and columns in unfold's order, for every group at once; a sequence is an image of height one."""
    configs = plain_configs(35, 30, (mode,), ("int", "per axis", "pairs", "valid"), most=2)
    assert {len(config["input_size"]) for config in configs} == {1, 2}
    for n, config in enumerate(configs):
        layer = sc.Conv(**config)
        # Distinct and not zero, so that no input can stand in for another one or for padding.
        x = 1 + np.random.default_rng(n).permutation(prod(layer.input_shape)).reshape(layer.input_shape)
        each = geometry(config)
        pads = [amount for axis in reversed(each) for amount in axis.pad]
        signal = torch.nn.functional.pad(tensor(x)[None], pads, mode=FUNCTIONAL[mode])
        lead = [1] * (2 - len(each))
        theirs = torch.nn.functional.unfold(
            signal.reshape(1, layer.input_shape[0], *lead, *signal.shape[2:]),
            tuple(lead + [axis.kernel for axis in each]),
            dilation=tuple(lead + [axis.dilation for axis in each]),
            stride=tuple(lead + [axis.stride for axis in each]),
        )[0].numpy()
        ours = gathered(layer, x)
        assert ours.shape == theirs.shape, describe(config)
        assert (ours == theirs).all(), describe(config)


@pytest.mark.parametrize("mode", MODES)
def test_the_limits_of_padding_are_torchs(mode: str) -> None:
    """Where PyTorch refuses a padding this package does, and nowhere else."""
    refused = []
    for size in range(1, 5):
        for amount in range(2 * size + 2):
            config: Config = {"input_size": (size,), "kernel_size": 1, "padding": amount, "padding_mode": mode}
            try:
                module(config, np.ones((1, 1, 1)), None)(torch.zeros((1, 1, size), dtype=torch.float64))
            except RuntimeError:
                refused.append((size, amount))
                with pytest.raises(sc.SpecError, match=f"{mode} padding must be"):
                    sc.Conv(**config)
            else:
                assert sc.Conv(**config).output_shape == (1, size + 2 * amount)
    assert bool(refused) == (mode in ("reflect", "circular"))
