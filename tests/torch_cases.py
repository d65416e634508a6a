"""Modules and models of PyTorch for the tests of conversion."""

from __future__ import annotations

import random
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")

from torch import nn  # noqa: E402

import symconv as sc  # noqa: E402


def integers(seed: int, *shape: int) -> Any:
    return torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(seed)).double()


def converted(model: nn.Module, shape: tuple[int, ...]) -> sc.FullyConnected:
    network = sc.from_torch(model, shape)
    assert isinstance(network, sc.Network)
    return sc.fully_connected(network)


def proposals(seed: int) -> tuple[nn.Module, tuple[int, ...]]:
    """Any module that is one layer, and an input shape."""
    rng = random.Random(seed)
    rank = rng.choice((1, 1, 2, 2, 3))
    size = [rng.randint(5, 9 if rank < 3 else 6) for _ in range(rank)]
    kernel, dilation = [rng.randint(1, 3) for _ in size], [rng.randint(1, 2) for _ in size]
    stride, padding = [rng.randint(1, 3) for _ in size], [rng.randint(0, 2) for _ in size]
    groups = rng.choice((1, 1, 2))
    channels = [groups * rng.randint(1, 2) for _ in range(2)]
    kind = seed % 3
    if kind == 0:
        named = rng.choice((None, None, "same", "valid"))
        stride = [1] * rank if named == "same" else stride
        mode = rng.choice(("zeros", "reflect", "replicate", "circular"))
        module = getattr(nn, f"Conv{rank}d")(
            *channels, kernel, stride, named or padding, dilation, groups, rng.random() < 0.5, mode
        )
    elif kind == 1:
        extra = [rng.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]
        padding = [min(p, d * (k - 1)) for p, d, k in zip(padding, dilation, kernel, strict=True)]
        module = getattr(nn, f"ConvTranspose{rank}d")(
            *channels, kernel, stride, padding, extra, groups, rng.random() < 0.5, dilation
        )
    else:
        padding = [min(p, k // 2) for p, k in zip(padding, kernel, strict=True)]
        divisor = (rng.choice((None, 4)),) if rank > 1 else ()
        module = getattr(nn, f"AvgPool{rank}d")(
            kernel, stride, padding, rng.random() < 0.5, rng.random() < 0.5, *divisor
        )
    return module, (channels[0], *size)


class Written(nn.Module):
    """A model whose `forward` is a function, with tensors of its own."""

    def __init__(self, forward: Any, **tensors: Any) -> None:
        super().__init__()
        self.written = forward
        for name, value in tensors.items():
            self.register_buffer(name, value)

    def forward(self, x: Any) -> Any:
        return self.written(self, x)


def w(*shape: int) -> Any:
    return integers(sum(shape), *shape)
