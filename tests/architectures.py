"""Real architectures in small, and an evaluation of them that shares nothing with the package.

The weights are small integers and the statistics of batch normalisations squares of powers of two, so float64
holds every number exactly, unless an average divides by something else than a power of two. `exactly` computes a
traced model with Fractions: windows are slid over padded arrays of NumPy objects.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")

from torch import nn  # noqa: E402


def with_integers(model: nn.Module, seed: int) -> nn.Module:
    """The model in float64 and evaluation mode, its weights small integers."""
    generator = torch.Generator().manual_seed(seed)
    model = model.double().eval()
    for each in model.parameters():
        each.data = torch.randint(-3, 4, each.shape, generator=generator).double()
    for each in model.modules():
        if isinstance(each, nn.BatchNorm2d):
            each.eps = 0.0
            each.running_mean = torch.randint(-3, 4, each.running_mean.shape, generator=generator).double()
            each.running_var = 4.0 ** torch.randint(-1, 3, each.running_var.shape, generator=generator).double()
    return model


def lenet() -> nn.Module:
    """LeNet-5 with average pooling, on 32 x 32."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def vgg() -> nn.Module:
    """Two VGG blocks; the pooling between them is the maximum."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(32, 5),
    )  # fmt: skip


class Basic(nn.Module):
    """A ResNet basic block with a stride and a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6)
        self.shortcut = nn.Sequential(nn.Conv2d(3, 6, 1, 2, bias=False), nn.BatchNorm2d(6))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return self.relu(y)


class Inception(nn.Module):
    """1 x 1, 3 x 3, 5 x 5 and average pooling, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(4, 2, 1)
        self.three = nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 3, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(4, 1, 1), nn.ReLU(), nn.Conv2d(1, 2, 5, padding="same"))
        self.pool = nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.Conv2d(4, 2, 1))

    def forward(self, x: Any) -> Any:
        return torch.relu(torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1))


def separable() -> nn.Module:
    """Depthwise, then pointwise."""
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, 2, 1, groups=4, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
        nn.Conv2d(8, 6, 1, bias=False), nn.BatchNorm2d(6), nn.LeakyReLU(0.125),
    )  # fmt: skip


class UpPath(nn.Module):
    """A step of a U-Net's way up: transposed convolution, the skipped tensor beside it, convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(2, 4, 2, 2)
        self.up = nn.ConvTranspose2d(4, 3, 2, 2)
        self.conv = nn.Conv2d(5, 3, 3, padding=1, padding_mode="circular")

    def forward(self, x: Any) -> Any:
        up = self.up(torch.relu(self.down(x)))
        return self.conv(torch.cat((x, up), 1)).relu()


ARCHITECTURES = {
    "LeNet-5": (lenet, (1, 32, 32)),
    "VGG": (vgg, (3, 8, 8)),
    "ResNet": (Basic, (3, 9, 7)),
    "inception": (Inception, (4, 6, 5)),
    "separable": (separable, (4, 7, 8)),
    "U-Net": (UpPath, (2, 6, 8)),
}
"""name -> (model, input shape)."""


# The exact evaluation -----------------------------------------------------------------------------


def fractions(tensor: Any) -> np.ndarray:
    """A tensor as exact numbers."""
    array = np.empty(tensor.shape, object)
    array.reshape(-1)[:] = [
        int(each) if each.is_integer() else Fraction(each) for each in tensor.detach().reshape(-1).tolist()
    ]
    return array


def _conv(m: Any, x: np.ndarray) -> np.ndarray:
    same = [((d * (k - 1)) // 2, -(-d * (k - 1) // 2)) for d, k in zip(m.dilation, m.kernel_size, strict=True)]
    config = {
        "input_size": x.shape[2:], "kernel_size": m.kernel_size, "in_channels": m.in_channels,
        "out_channels": m.out_channels, "stride": m.stride, "padding": same if m.padding == "same" else m.padding,
        "dilation": m.dilation, "groups": m.groups, "padding_mode": m.padding_mode,
    }  # fmt: skip
    return oracle.convolve(config, x, fractions(m.weight), None if m.bias is None else fractions(m.bias))


def _up(m: Any, x: np.ndarray) -> np.ndarray:
    """Every input adds its multiple of the kernel."""
    k, s = m.kernel_size, m.stride
    y = np.full(
        (len(x), m.out_channels, *((n - 1) * t + j for n, t, j in zip(x.shape[2:], s, k, strict=True))), 0, object
    )
    y += fractions(m.bias)[:, None, None]
    for i, j in product(*map(range, x.shape[2:])):
        patch = np.tensordot(x[:, :, i, j], fractions(m.weight), 1)
        y[:, :, i * s[0] : i * s[0] + k[0], j * s[1] : j * s[1] + k[1]] += patch
    return y


def _pool(k: int, s: int, p: int, x: np.ndarray, maximum: bool = False) -> np.ndarray:
    z = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)], constant_values=0)
    sizes = [(n - k) // s + 1 for n in z.shape[2:]]
    y = np.empty((*x.shape[:2], *sizes), object)
    for i, j in product(*map(range, sizes)):
        window = z[:, :, i * s : i * s + k, j * s : j * s + k]
        y[:, :, i, j] = window.max((2, 3)) if maximum else window.sum((2, 3)) / Fraction(k * k)
    return y


def _module(m: Any, x: np.ndarray) -> np.ndarray:
    match m:
        case nn.Conv2d():
            return _conv(m, x)
        case nn.ConvTranspose2d():
            return _up(m, x)
        case nn.AvgPool2d():
            return _pool(m.kernel_size, m.stride, m.padding, x)
        case nn.MaxPool2d():
            return _pool(m.kernel_size, m.stride, 0, x, maximum=True)
        case nn.AdaptiveAvgPool2d():
            return _pool(x.shape[2] // m.output_size, x.shape[2] // m.output_size, 0, x)
        case nn.BatchNorm2d():
            mean, weight, bias = (fractions(each)[:, None, None] for each in (m.running_mean, m.weight, m.bias))
            root = np.array([Fraction(each**0.5) for each in m.running_var.tolist()], object)[:, None, None]
            return (x - mean) / root * weight + bias
        case nn.Linear():
            return x @ fractions(m.weight).T + fractions(m.bias)
        case nn.Flatten():
            return x.reshape(len(x), -1)
        case nn.ReLU():
            return np.maximum(x, 0)
        case nn.ReLU6():
            return np.minimum(np.maximum(x, 0), 6)
        case nn.LeakyReLU():
            return np.where(x > 0, x, x * Fraction(m.negative_slope))
        case nn.Dropout():
            return x
    raise TypeError(type(m))


def exactly(model: nn.Module, x: np.ndarray) -> np.ndarray:
    """A model's output for a batch of Fractions, node by node of its trace."""
    traced = torch.fx.symbolic_trace(model)
    modules, env = dict(traced.named_modules()), {}
    for n in traced.graph.nodes:
        args = torch.fx.map_arg(n.args, lambda each: env[each])
        if n.op == "placeholder":
            env[n] = x
        elif n.op == "call_module":
            env[n] = _module(modules[n.target], *args)
        elif n.op == "output":
            return args[0]
        elif n.target is torch.cat:
            env[n] = np.concatenate(args[0], 1)
        elif n.target in (operator.add, operator.iadd):
            env[n] = args[0] + args[1]
        else:
            assert n.target in (torch.relu, "relu")
            env[n] = np.maximum(args[0], 0)
    raise AssertionError("no output")
