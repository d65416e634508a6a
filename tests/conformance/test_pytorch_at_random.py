"""PyTorch with seeded random configurations: convolutions with every padding, transposed ones, pooling, interpolation."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from agreement import SCALE, applied, integers
from lanes import SEED, many

torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")

from oracle import MODES, describe, shapes  # noqa: E402
from test_known import LINEAR, pools, resamplings  # noqa: E402
from test_torch import FUNCTIONAL, functional, plain_configs  # noqa: E402
from test_transposed import configurations  # noqa: E402

import symconv as sc  # noqa: E402


def test_convolutions() -> None:
    """F.pad with a pair for each end, of every mode and every form, then the convolution; reversed kernels too."""
    rng = random.Random(SEED)
    modes = [mode for mode in MODES if mode in FUNCTIONAL]
    forms = ("int", "per axis", "pairs", "same", "same_lower", "valid", "full")
    for config in plain_configs(SEED, many(400, 60), modes, forms):
        config["flip_kernel"] = rng.random() < 0.3
        layer = sc.Conv(**config)
        x, kernel = integers(rng, shapes(config)[0]), integers(rng, shapes(config)[1])
        bias = integers(rng, (layer.out_channels,)) if layer.bias else None
        theirs = functional(config, x, kernel, bias)
        assert (applied(layer, x, kernel, bias) == theirs).all(), (SEED, describe(config))


def test_transposed_convolutions() -> None:
    rng = random.Random(SEED)
    for config in configurations(SEED, many(250, 40)):
        layer = sc.ConvTranspose(**config)
        x, kernel = integers(rng, layer.input_shape), integers(rng, layer.kernel_shape)
        bias = integers(rng, (layer.out_channels,)) if layer.bias else None
        call = getattr(torch.nn.functional, f"conv_transpose{len(layer.input_size)}d")
        tensors = [None if each is None else torch.from_numpy(each).double() for each in (x[None], kernel, bias)]
        theirs = call(
            *tensors, config["stride"], config["padding"], config["output_padding"], layer.groups, layer.dilation
        )
        assert (applied(layer, x, kernel, bias) == theirs[0].numpy()).all(), (SEED, layer)


def test_average_pooling() -> None:
    rng = random.Random(SEED)
    for config in pools(SEED, many(250, 40)):
        layer = sc.AvgPool(**config)
        x = integers(rng, layer.input_shape, SCALE)
        rank = len(layer.input_size)
        options = {"divisor_override": layer.divisor_override} if rank > 1 else {}
        theirs = getattr(torch.nn.functional, f"avg_pool{rank}d")(
            torch.from_numpy(x[None]).double(), config["kernel_size"], config["stride"], config["padding"],
            config["ceil_mode"], config["count_include_pad"], **options,
        )  # fmt: skip
        assert (applied(layer, x) == theirs[0].numpy()).all(), (SEED, layer)


def test_interpolation() -> None:
    """On scales that are powers of two, where PyTorch's positions and weights are exact."""
    rng = random.Random(SEED)
    for config in resamplings(SEED, many(150, 25)):
        layer = sc.Upsample(**config)
        options: dict[str, Any] = {name: config.get(name) for name in ("size", "mode")}
        if "scale_factor" in config:
            options["scale_factor"] = [float(scale) for scale in config["scale_factor"]]
        if config["mode"] in LINEAR:
            options["align_corners"] = config.get("align_corners", False)
        x = integers(rng, layer.input_shape, 2**30)
        theirs = torch.nn.functional.interpolate(torch.from_numpy(x[None]).double(), **options)[0].numpy()
        assert (applied(layer, x) == theirs.astype(np.int64)).all(), (SEED, layer)


@pytest.mark.parametrize("kind", ["MaxPool", "LPPool", "FractionalMaxPool"])
def test_what_no_matrix_computes(kind: str) -> None:
    """Pooling that is not linear: two inputs whose sum has another pooled value than the sum of theirs."""
    module = {"MaxPool": torch.nn.MaxPool1d(2), "LPPool": torch.nn.LPPool1d(2, 2), "FractionalMaxPool": torch.nn.FractionalMaxPool2d(2, 2)}[kind]  # fmt: skip
    shape = (1, 1, 4, 4) if kind == "FractionalMaxPool" else (1, 1, 4)
    one = torch.arange(float(np.prod(shape))).reshape(shape)
    assert not torch.equal(module(one) + module(-one), module(one - one))
    network = sc.from_torch(torch.nn.Sequential(module), tuple(shape[1:]))
    assert sc.fully_connected(network).refused
