"""A layer as PyTorch's own linear layer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from lanes import some

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")

import architectures  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import integers, proposals  # noqa: E402

import symconv as sc  # noqa: E402


@pytest.mark.parametrize("seed", some(range(30), 8))
def test_to_torch_is_the_module_as_a_linear_layer(seed: int) -> None:
    module, shape = proposals(seed)
    module = architectures.with_integers(module, seed)
    layer = sc.from_torch(module, shape)
    linear, sparse = layer.to_torch(getattr(module, "weight", None), getattr(module, "bias", None))
    assert type(linear) is nn.Linear
    assert sparse.layout is torch.sparse_csr
    x = integers(seed, 2, *shape)
    theirs = module(x).detach().flatten(1)
    torch.testing.assert_close(linear(x.flatten(1)), theirs, rtol=1e-14, atol=1e-12)
    bias = 0 if linear.bias is None else linear.bias
    torch.testing.assert_close((sparse @ x.flatten(1).T).T + bias, theirs, rtol=1e-14, atol=1e-12)
    assert sparse.values().numel() == layer.read_map.nonzeros


def test_to_torch_keeps_the_dtype_and_teaches() -> None:
    layer = sc.Conv((4,), 2, out_channels=2, bias=True)
    kernel = np.ones((2, 1, 2), np.float32)
    linear, sparse = layer.to_torch(kernel, [1.0, 2.0])
    assert linear.weight.dtype == sparse.dtype == linear.bias.dtype == torch.float32
    assert linear.bias.tolist() == [1, 1, 1, 2, 2, 2]
    with pytest.raises(sc.SpecError, match="bias=None: this layer has a bias"):
        layer.to_torch(kernel)
    with pytest.raises(sc.SpecError, match=r"one number for each output channel: \(2,\)"):
        layer.to_torch(kernel, [1.0])
    with pytest.raises(sc.SpecError, match="this layer has no bias"):
        sc.Conv((4,), 2).to_torch(kernel[:1], [1.0])
    with pytest.raises(sc.SpecError, match="machine numbers"):
        sc.Conv((4,), 2).to_torch(np.array([[[Fraction(1, 3), 1]]], object))
