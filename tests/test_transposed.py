"""ConvTranspose against PyTorch, exactly on integers, and against the transpose of the Conv it belongs to."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import symconv as sc


def configurations(seed: int, count: int) -> list[dict[str, Any]]:
    """Seeded configurations over everything that PyTorch's ConvTransposeNd supports."""
    rng, found = Random(seed), []
    while len(found) < count:
        rank, groups = rng.choice((1, 2, 3)), rng.choice((1, 1, 2, 3))
        sizes = {
            "input_size": (1, 4), "kernel_size": (1, 4), "stride": (1, 3), "padding": (0, 3), "dilation": (1, 3),
            "output_padding": (0, 2),
        }  # fmt: skip
        config: dict[str, Any] = {name: tuple(rng.randint(*ends) for _ in range(rank)) for name, ends in sizes.items()}
        config |= {
            "groups": groups,
            "in_channels": groups * rng.randint(1, 2),
            "out_channels": groups * rng.randint(1, 2),
        }
        config["bias"] = rng.random() < 0.3
        try:
            sc.ConvTranspose(**config)
        except sc.SpecError:
            continue
        found.append(config)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_it_is_pytorchs_to_the_last_bit(seed: int) -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    for config in configurations(seed, 60):
        layer = sc.ConvTranspose(**config)
        rank = len(layer.input_size)
        module = (torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d)[rank - 1](
            layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, config["padding"],
            layer.output_padding, layer.groups, layer.bias, layer.dilation, dtype=torch.float64,
        )  # fmt: skip
        x = torch.randint(-9, 10, layer.input_shape).double()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.randint(-9, 10, parameter.shape).double())
            expected = module(x[None])[0].numpy()
            kernel = module.weight.numpy().astype(np.int64)
            bias = module.bias.numpy() if layer.bias else np.zeros(layer.out_channels)
        assert expected.shape == layer.output_shape
        assert layer.kernel_shape == kernel.shape
        found = layer.to_numpy(kernel) @ x.numpy().ravel() + np.repeat(bias, expected[0].size)
        assert (found == expected.ravel()).all(), layer


def test_it_is_the_transpose_of_the_conv_on_its_output() -> None:
    """W of ConvTranspose = W^T of the Conv with padding (low, high - output_padding) and the same tensor."""
    rng = np.random.default_rng(7)
    for config in configurations(11, 150):
        layer = sc.ConvTranspose(**config)
        back = sc.Conv(
            layer.output_shape[1:], layer.kernel_size, layer.out_channels, layer.in_channels, layer.stride,
            tuple((low, high - extra) for (low, high), extra in zip(layer.padding, layer.output_padding, strict=True)),
            layer.dilation, layer.groups,
        )  # fmt: skip
        assert back.output_shape == layer.input_shape
        kernel = rng.integers(-9, 10, layer.kernel_shape)
        assert (layer.to_numpy(kernel) == back.to_numpy(kernel).T).all(), layer


@pytest.mark.parametrize("theorem", ["weight_matrix", "im2col"])
def test_every_theorem_is_proved_and_written(theorem: str) -> None:
    for config in configurations(23, 25):
        proof = sc.prove(sc.ConvTranspose(**config), theorem, check="entries")
        assert max(map(len, str(proof).splitlines())) <= 80


def test_sympy_agrees() -> None:
    layer = sc.ConvTranspose((2, 2), (2, 3), 2, 4, stride=(2, 1), padding=((1, 0), (0, 1)), groups=2, bias=True)
    for theorem in ("weight_matrix", "im2col"):
        assert "sympy" in sc.prove(layer, theorem, check="all").check().levels


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output_padding": 2}, "output_padding=2: must be smaller than the stride or the dilation: at most 1 on axis 0"),
        ({"padding": "same"}, "padding='same': a transposed convolution takes numbers only. Valid: padding=1"),
        ({"padding": 4}, "padding=4: cuts off the whole output on axis 0, which is 5 long"),
        ({"stride": 0}, "stride=0: must be at least 1"),
        ({"groups": 2}, "groups=2: must divide both channel numbers, in_channels=1 and out_channels=1. Valid: groups=1"),
        ({"kernel_size": (3, 3, 3)}, "needs one entry for each of the 2 axes of input_size"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(sc.SpecError) as caught:
        sc.ConvTranspose(**({"input_size": (2, 2), "kernel_size": 3, "stride": 2} | changes))
    assert said in str(caught.value)


def test_output_padding_may_reach_the_dilation() -> None:
    """As in PyTorch: at least the stride, but less than the dilation."""
    assert sc.ConvTranspose((3,), 2, stride=2, dilation=4, output_padding=3).output_shape == (1, 12)


def test_it_evaluates_back_and_defaults_are_hidden() -> None:
    layer = sc.ConvTranspose((2, 2), 3, stride=2, output_padding=1)
    assert repr(layer) == "ConvTranspose(input_size=(2, 2), kernel_size=3, stride=2, output_padding=1)"
    assert eval(repr(layer), {"ConvTranspose": sc.ConvTranspose}) == layer
