"""PyTorch's modules and models as layers and networks: the same numbers, and what is refused."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lanes import some

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")

import architectures  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import symconv as sc  # noqa: E402


def integers(seed: int, *shape: int) -> Any:
    return torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(seed)).double()


def converted(model: nn.Module, shape: tuple[int, ...]) -> sc.FullyConnected:
    network = sc.from_torch(model, shape)
    assert isinstance(network, sc.Network)
    return sc.fully_connected(network)


# Architectures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_architectures_are_the_same_numbers(name: str) -> None:
    make, shape = architectures.ARCHITECTURES[name]
    model = architectures.with_integers(make(), seed=len(name))
    dense = converted(model, shape)
    assert dense.check().ok

    # Only the maximum is refused, and by name.
    others: dict[str, Any] = {}
    exact_others: dict[str, Any] = {}
    if name == "VGG":
        ((at, refused),) = dense.refused.items()
        assert refused.what == "MaxPool2d"
        assert "depends on the inputs" in refused.reason
        others[at] = lambda x: F.max_pool2d(torch.from_numpy(x), 2).numpy()
        exact_others[at] = lambda x: architectures._pool(2, 2, 0, x, maximum=True)
    else:
        assert not dense.refused

    x = integers(1, 2, *shape)
    with torch.no_grad():
        theirs = model(x).numpy()
    ours = dense(x.numpy(), others)
    assert np.abs(theirs).max() > 10
    if name == "inception":  # it divides by 9
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13)
    else:
        np.testing.assert_array_equal(ours, theirs)

    one = architectures.fractions(x[:1])
    exact = dense(one, exact_others)
    assert exact.dtype == object
    assert exact.tolist() == architectures.exactly(model, one).tolist()
    if name == "inception":
        assert any(Fraction(each).denominator == 9 for each in exact.flat)


def test_the_document_lists_every_node() -> None:
    make, shape = architectures.ARCHITECTURES["ResNet"]
    text = converted(architectures.with_integers(make(), 0), shape).render("text")
    for node in ("conv1", "bn1", "relu", "conv2", "shortcut.0", "add", "theorem weight_matrix"):
        assert node in text
    assert "120×189" in text  # conv1: 6 channels of 5 x 4 from 3 of 9 x 7
    assert max(map(len, text.splitlines())) <= 80


# Single modules -----------------------------------------------------------------------------------


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


@pytest.mark.parametrize("seed", some(range(60), 15))
def test_single_modules_are_layers(seed: int) -> None:
    module, shape = proposals(seed)
    module = architectures.with_integers(module, seed)
    layer = sc.from_torch(module, shape)
    assert isinstance(layer, sc.Layer)
    if hasattr(module, "in_channels"):  # the channels are known without being said
        assert sc.from_torch(module, shape[1:]) == layer
    x = integers(seed, 1, *shape)
    with torch.no_grad():
        theirs = module(x)[0]
    assert layer.output_shape == tuple(theirs.shape)
    dense = converted(nn.Sequential(module), shape)
    np.testing.assert_allclose(dense(x.numpy())[0], theirs.numpy(), rtol=1e-14, atol=1e-13)
    if layer.kernel_shape is not None:
        np.testing.assert_array_equal(dense(x.numpy())[0], theirs.numpy())
        y = (layer.to_numpy(module.weight) @ x.numpy().reshape(-1)).reshape(layer.output_shape)  # a parameter as it is
        bias = 0 if module.bias is None else module.bias.detach().numpy().reshape(-1, *[1] * (y.ndim - 1))
        np.testing.assert_array_equal(y + bias, theirs.numpy())


@pytest.mark.parametrize(
    "module",
    [
        nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=1.5), nn.Upsample(size=(7, 3), mode="nearest-exact"),
        nn.Upsample(scale_factor=2, mode="bilinear"), nn.Upsample(size=(9, 5), mode="bilinear", align_corners=True),
        nn.PixelShuffle(2), nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d((2, None)), nn.Flatten(), nn.Flatten(2),
        nn.Identity(), nn.Dropout(0.5), nn.BatchNorm2d(4, affine=False), nn.BatchNorm2d(4),
    ],
    ids=str,
)  # fmt: skip
def test_other_modules(module: nn.Module) -> None:
    module = module.double().eval()
    if isinstance(module, nn.BatchNorm2d):
        module.running_var = torch.tensor([2.0, 3.0, 0.25, 1.0]).double()
        module.running_mean = torch.tensor([1.0, -3.0, 0.1, 1.0]).double()
    dense = converted(nn.Sequential(module), (4, 4, 6))
    assert not dense.refused
    x = integers(3, 2, 4, 4, 6)
    np.testing.assert_allclose(dense(x.numpy()), module(x).detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "activation",
    [nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-2, 3), nn.LeakyReLU(0.3), nn.Hardsigmoid(), nn.Hardswish(), nn.Sigmoid(),
     nn.Tanh(), nn.SiLU(), nn.ELU(0.5), nn.GELU(), nn.GELU("tanh"), nn.Softplus()],
    ids=str,
)  # fmt: skip
def test_activations(activation: nn.Module) -> None:
    dense = converted(nn.Sequential(activation), (50,))
    x = torch.linspace(-9, 9, 50, dtype=torch.float64)[None]
    np.testing.assert_allclose(dense(x.numpy()), activation(x).numpy(), rtol=1e-12, atol=1e-12)


def test_functions_and_methods() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 4, 3)

        def forward(self, x: Any) -> Any:
            y = F.leaky_relu(self.conv(x), 0.25)
            y = F.avg_pool2d(y, 3, 2, 1, count_include_pad=False) + F.adaptive_avg_pool2d(y, (3, 2))
            z = F.interpolate(y, size=x.shape[2:])
            a = torch.cat((y.flatten(1), z.view(z.size(0), -1)), dim=-1).relu()
            return torch.add(F.dropout(a, 0.5, self.training), torch.tanh(a)), z.mean(dim=(2, 3))

    class First(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()

        def forward(self, x: Any) -> Any:
            first, second = self.model(x)
            return torch.cat([first, second], 1)

    model = First().double().eval()
    dense = converted(model, (2, 8, 6))
    assert not dense.refused
    x = integers(5, 3, 2, 8, 6)
    np.testing.assert_allclose(dense(x.numpy()), model(x).detach().numpy(), rtol=1e-12, atol=1e-12)


def test_a_tensor_that_is_used_twice() -> None:
    class Twice(nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.cat([x + x, x, x], 1)

    x = integers(0, 2, 2, 3)
    np.testing.assert_array_equal(converted(Twice(), (2, 3))(x.numpy()), Twice()(x).numpy())


def test_a_module_that_is_used_twice_and_a_parameter_of_low_precision() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x: Any) -> Any:
            return self.conv(self.conv(x))

    model = Twice().bfloat16().eval()
    dense = converted(model, (1, 6))
    assert [node.name for node in dense.nodes] == ["conv", "conv_1"]
    x = integers(0, 1, 1, 6)
    np.testing.assert_allclose(dense(x.numpy()), model.double()(x).detach().numpy(), rtol=1e-14)


def test_what_is_computed_in_place_changes_its_input() -> None:
    class InPlace(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x + x.relu()
            z = F.relu(y, inplace=True)
            return torch.cat([y, z], 1)  # y is z by now

    model = InPlace()
    x = integers(2, 1, 2, 3)
    np.testing.assert_array_equal(converted(model, (2, 3))(x.numpy()), model(x).numpy())

    class View(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x + x.relu()
            z = y.flatten(1)
            y.relu_()
            return z

    with pytest.raises(sc.Unsupported, match="is a view"):
        sc.from_torch(View(), (2, 3))


# And back -----------------------------------------------------------------------------------------


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


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "shape", "reason"),
    [
        (nn.MaxPool2d(2), (2, 4, 4), "depends on the inputs"),
        (nn.AdaptiveMaxPool2d(1), (2, 4, 4), "depends on the inputs"),
        (nn.Softmax(1), (4,), "nor an elementwise activation"),
        (nn.LogSoftmax(1), (4,), "nor an elementwise activation"),
        (nn.LayerNorm(4), (4,), "spread of its own input"),
        (nn.GroupNorm(1, 2), (2, 4), "spread of its own input"),
        (nn.InstanceNorm2d(2), (2, 4, 4), "spread of its own input"),
        (nn.LPPool2d(2, 2), (2, 4, 4), "power mean"),
        (nn.AdaptiveAvgPool2d(3), (2, 4, 4), "does not divide"),
        (nn.Linear(4, 2), (3, 4), "last axis"),
        (nn.Upsample(scale_factor=1.3), (2, 4, 4), "rounds its scale"),
        (nn.Upsample(scale_factor=2, mode="bicubic"), (2, 4, 4), "must be one of nearest"),
        (nn.BatchNorm1d(4).train(), (4,), "module.eval"),
        (nn.Dropout(0.5).train(), (4,), "module.eval"),
        (nn.PReLU(), (4,), "no conversion"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_refused_by_name_with_the_reason(module: nn.Module, shape: tuple[int, ...], reason: str) -> None:
    training = module.training and isinstance(module, (nn.BatchNorm1d, nn.Dropout))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    dense = converted(nn.Sequential(nn.ReLU(), module), shape)
    ((name, refused),) = dense.refused.items()
    assert refused.what == type(module).__name__
    assert reason in refused.reason
    assert dense.nodes[0].name == "0"
    assert name == "1"
    assert all((value == before[key]).all() for key, value in module.state_dict().items())
    if not training:
        x = integers(1, 2, *shape)
        with pytest.raises(sc.NotApplicable, match=refused.what):
            dense(x.numpy())
        ours = dense(x.numpy(), {name: lambda y: module(torch.from_numpy(y).float()).detach().numpy()})
        np.testing.assert_allclose(ours, module(x.relu().float()).detach().numpy(), rtol=1e-5)


def test_attention_is_refused_and_the_rest_converted() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
            self.head = nn.Linear(12, 2)

        def forward(self, x: Any) -> Any:
            y, _ = self.attention(x, x, x)
            gate = torch.sigmoid(y) * y
            return self.head(gate.flatten(1))

    dense = converted(Model().eval(), (3, 4))
    whats = {name: (each.what, each.reason) for name, each in dense.refused.items()}
    assert [what for what, _ in whats.values()] == ["MultiheadAttention", "mul"]
    assert "depends on the inputs" in next(iter(whats.values()))[1]
    assert dense["head"].matrix is not None
    assert dense["head"].matrix.shape == (2, 12)


def test_functions_are_refused_by_their_names() -> None:
    class Model(nn.Module):
        def forward(self, x: Any) -> Any:
            y = F.max_pool2d(x, 2)
            y = F.layer_norm(y, y.shape[1:])
            y = y + 1
            return F.softmax(y.flatten(1)[:, :3], 1) - 2

    refused = converted(Model(), (1, 4, 4)).refused
    assert [each.what for each in refused.values()] == ["max_pool2d", "layer_norm", "softmax"]
    assert "depends on the inputs" in refused["max_pool2d"].reason


def test_hooks_and_subclasses_may_compute_anything() -> None:
    conv = nn.Conv1d(1, 1, 2)
    conv.register_forward_hook(lambda module, args, result: 2 * result)
    assert "hook" in converted(nn.Sequential(conv), (1, 4)).refused["0"].reason

    class Mine(nn.ReLU):
        def forward(self, x: Any) -> Any:
            return x * 2

    x = integers(1, 2, 4)
    dense = converted(nn.Sequential(Mine(), nn.Linear(4, 1).double()), (4,))
    assert not dense.refused  # it is traced into, and not taken for what its class is derived from
    np.testing.assert_array_equal(
        sc.fully_connected(sc.from_torch(nn.Sequential(Mine()), (4,)))(x.numpy()), 2 * x.numpy()
    )


def test_errors_teach() -> None:
    with pytest.raises(sc.SpecError, match=r"module='conv': must be a torch.nn.Module. Valid: sc.from_torch"):
        sc.from_torch("conv", (4, 4))
    with pytest.raises(sc.SpecError, match="must be given"):
        sc.from_torch(nn.Conv2d(1, 1, 3))
    with pytest.raises(sc.SpecError, match="Conv2d takes 3 channels"):
        sc.from_torch(nn.Conv2d(3, 1, 3), (2, 8, 8))
    with pytest.raises(sc.SpecError, match="does not run on an input of that size"):
        sc.from_torch(nn.Sequential(nn.ReLU(), nn.Linear(3, 4)), (5,))
    assert sc.from_torch(nn.Linear(3, 4)) == sc.Linear(3, 4, bias=True)

    class Branch(nn.Module):
        def forward(self, x: Any) -> Any:
            return x if x.sum() > 0 else -x

    with pytest.raises(sc.Unsupported, match=r"torch.fx cannot trace"):
        sc.from_torch(Branch(), (4,))

    class Mixes(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.reshape(-1, 2)

    with pytest.raises(sc.Unsupported, match="batch axis"):
        sc.from_torch(Mixes(), (4,))


def test_without_pytorch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(sc.MissingPackage, match=r"pip install 'symconv\[torch\]'"):
        sc.from_torch(None, (4,))


def test_the_experiment() -> None:
    """Without the training: every way, also with fractions, predicts the same on every image of the test set."""
    pytest.importorskip("sklearn", reason="needs scikit-learn: pip install -e '.[experiment]'")
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parent.parent / "docs" / "experiment.py"
    spec = importlib.util.spec_from_file_location("experiment", path)
    assert spec is not None
    assert spec.loader is not None
    experiment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(experiment)
    _, test, _, _ = experiment.digits()
    model = experiment.untrained().eval()
    network = sc.fully_connected(sc.from_torch(model, (1, 8, 8)))
    products = (experiment.dense_product, experiment.sparse_product, experiment.sparse_tensor_product)
    ways = [experiment.by_im2col(model), *(experiment.chain(network, product)[0] for product in products)]
    with torch.no_grad():
        theirs = model(test).numpy()
        for way in ways:
            ours = way(test).numpy()
            np.testing.assert_allclose(ours, theirs, atol=1e-4)
            np.testing.assert_array_equal(ours.argmax(1), theirs.argmax(1))
    exact = network(experiment.fractions(test[:3])).astype(float)
    np.testing.assert_allclose(exact, theirs[:3], atol=1e-4)


# Functions ----------------------------------------------------------------------------------------


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


FUNCTIONS: dict[str, tuple[tuple[int, ...], Any, dict[str, Any]]] = {
    "conv1d": ((3, 9), lambda m, x: F.conv1d(x, m.k, m.b, stride=2, padding=1, dilation=2), {"k": w(4, 3, 3), "b": w(4)}),
    "conv2d": ((4, 5, 6), lambda m, x: F.conv2d(x, m.k, None, (2, 1), (1, 0), 1, 2), {"k": w(6, 2, 3, 2)}),
    "conv2d-same": ((2, 5, 6), lambda m, x: F.conv2d(x, weight=m.k, padding="same"), {"k": w(3, 2, 3, 2)}),
    "conv3d": ((1, 3, 4, 3), lambda m, x: F.conv3d(x, m.k), {"k": w(2, 1, 2, 2, 2)}),
    "conv-of-weights": ((1, 5, 5), lambda m, x: F.conv2d(x, m.k * 2 - m.k.flip(2)), {"k": w(2, 1, 3, 3)}),
    "conv-transpose": ((4, 3, 4), lambda m, x: F.conv_transpose2d(x, m.k, m.b, 2, 1, 1, 2, 2), {"k": w(4, 3, 3, 2), "b": w(6)}),
    "linear": ((5,), lambda m, x: F.linear(x, m.k, m.b), {"k": w(3, 5), "b": w(3)}),
    "matmul": ((5,), lambda m, x: x @ m.k + torch.mm(x, m.k), {"k": w(5, 3)}),
    "clamp": ((5,), lambda m, x: x.clamp(min=0) + torch.clamp(x, -1, 2.5) - x.clip(max=3, min=1), {}),
    "batch-norm": ((3, 4), lambda m, x: F.batch_norm(x, m.m, m.v, m.g, m.b, eps=0.0), {"m": w(3), "v": torch.tensor([1.0, 4, 0.25]).double(), "g": w(3), "b": w(3)}),
    "normalised": ((3, 2, 2), lambda m, x: (x - m.m) / m.s, {"m": w(1, 3, 1, 1), "s": torch.tensor([1.0, 2, 4]).double().reshape(3, 1, 1)}),
    "numbers": ((2, 3), lambda m, x: 1 - (2 * x + 3) / 4 - (-x).mul(0.5).add(1).sub_(2), {}),
    "slices": ((4, 5, 6), lambda m, x: x[:, 1:3, ::2, -4:], {}),
    "ellipsis": ((4, 5, 6), lambda m, x: x[..., 1], {}),
    "single": ((4, 5), lambda m, x: x[:, 2, None, 1:4], {}),
    "narrow": ((4, 5), lambda m, x: x.narrow(1, 1, 2) + torch.narrow(x, 1, -2, 2), {}),
    "select": ((4, 4, 4), lambda m, x: torch.add(x.select(2, -1), x.select(-1, 0).flip(1), alpha=-3), {}),
    "flip": ((3, 4), lambda m, x: torch.flip(x, (1, -1)), {}),
    "permute": ((2, 3, 4), lambda m, x: x.permute(0, 3, 1, 2), {}),
    "transpose": ((2, 3, 4), lambda m, x: x.transpose(1, -1).contiguous().flatten(1), {}),
    "shuffle-by-hand": ((6, 2, 2), lambda m, x: x.view(-1, 2, 3, 2, 2).transpose(1, 2).reshape(-1, 6, 2, 2), {}),
    "channel-shuffle": ((6, 2, 2), lambda m, x: F.channel_shuffle(x, 3), {}),
    "unshuffle": ((2, 4, 6), lambda m, x: F.pixel_unshuffle(x, 2), {}),
    "chunk": ((5, 2), lambda m, x: (lambda a, b, c: a[:, :1] - 2 * c + b[:, 1:] * 0.5)(*[torch.chunk(x, 3, 1)[n] for n in (0, 1, 2)]), {}),
    "split": ((6, 3), lambda m, x: torch.cat([x.split([1, 3, 2], dim=1)[2], x.split(2, 1)[-1]], 1), {}),
    "unbind": ((3, 2), lambda m, x: x.unbind(1)[1] + x.unbind(-1)[0][:, :2], {}),
    "pad": ((2, 3, 4), lambda m, x: F.pad(x, (1, 2, 0, -1)), {}),
    "pad-reflect": ((2, 3, 4), lambda m, x: F.pad(x, (2, 1, 1, 2), mode="reflect"), {}),
    "pad-circular": ((1, 5), lambda m, x: F.pad(x, (2, 1), mode="circular"), {}),
    "pads": ((1, 4, 5), nn.Sequential(nn.ZeroPad2d((1, 0, 2, 1)), nn.ReplicationPad2d(1), nn.ReflectionPad2d((0, 1, 1, 0)), nn.CircularPad2d(2)), {}),
    "shuffles": ((4, 4, 4), nn.Sequential(nn.PixelUnshuffle(2), nn.ChannelShuffle(4), nn.PixelShuffle(2)), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_the_same_numbers(name: str) -> None:
    shape, forward, tensors = FUNCTIONS[name]
    model = forward if isinstance(forward, nn.Module) else Written(forward, **tensors)
    if not tensors:  # torch.fx takes the number format from a tensor
        model.register_buffer("format", torch.zeros(1).double())
    dense = converted(model, shape)
    assert not dense.refused
    assert dense.check().ok
    x = integers(7, 3, *shape)
    with torch.no_grad():
        np.testing.assert_array_equal(dense(x.numpy()), model(x.clone()).numpy())
    assert "Theorem" in dense.render("text") or "theorem" in dense.render("text")


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        (lambda m, x: x * x, "combines what depends on the input"),
        (lambda m, x: 1 / x, "divides by what depends on the input"),
        (lambda m, x: F.conv2d(x, x[:, :, :1, :1]), "depend"),
        (lambda m, x: x[:, [0, 1]], "takes entries by another tensor"),
        (lambda m, x: x + m.t, "not one number for each channel"),
        (lambda m, x: F.pad(x, (1, 1), value=3.0), "only padding with zeros"),
        (lambda m, x: F.pad(x, (1, 1, 1, 1, 1, 1)), "pads the channels"),
        (lambda m, x: F.batch_norm(x, m.m, m.v, training=True), "in training"),
        (lambda m, x: torch.topk(x, 2)[0], "no conversion"),
        (lambda m, x: torch.matmul(x, x.transpose(2, 3)), "the other factor is a constant matrix"),
        (lambda m, x: m.t @ x, "the other factor is a constant matrix, on the right"),
        (lambda m, x: x @ m.t, "flatten first"),
        (lambda m, x: x.clamp(max=0), "a known activation with both limits"),
        (lambda m, x: x.argmax(1, keepdim=True) * 1.0, "which input it takes depends"),
    ],
)  # fmt: skip
def test_functions_that_are_refused_say_why(forward: Any, said: str) -> None:
    model = Written(forward, t=torch.ones(3, 3).double(), m=torch.zeros(2).double(), v=torch.ones(2).double())
    refused = converted(model, (2, 3, 3)).refused
    assert any(said in each.reason for each in refused.values()), refused


# What would be another layer each time -------------------------------------------------------------


def patched(module: nn.Module) -> nn.Module:
    module.forward = lambda x: x * 2  # type: ignore[method-assign]
    return module


def test_a_module_that_is_not_what_its_class_says_is_refused() -> None:
    for reason, module in (
        ("computed by a parametrization; torch.nn.utils.parametrize.remove_", nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 1, 3))),
        ("its forward was replaced", patched(nn.Conv2d(1, 1, 3))),
        ("its forward was replaced", patched(nn.ReLU())),
    ):  # fmt: skip
        dense = sc.fully_connected(sc.from_torch(nn.Sequential(module), (1, 4, 5)))
        assert reason in dense.refused["0"].reason
    with pytest.raises(sc.Unsupported, match="its forward was replaced"):
        sc.from_torch(patched(nn.Conv2d(1, 1, 3)), (1, 4, 5))
    hook = nn.modules.module.register_module_forward_hook(lambda module, given, made: made * 2)
    try:
        dense = sc.fully_connected(sc.from_torch(nn.Sequential(nn.Conv2d(1, 1, 3)), (1, 4, 5)))
    finally:
        hook.remove()
    assert "a hook may change what it computes" in dense.refused["0"].reason


@pytest.mark.parametrize(
    "forward",
    [
        lambda m, x: F.relu(x / x.shape[0]),  # the batch
        lambda m, x: F.relu(F.conv2d(x, m.w / x.shape[0])),
        lambda m, x: F.relu(F.conv2d(x, m.w * torch.rand(x.shape[1:2], dtype=m.w.dtype))),  # others in each run
    ],
)
def test_numbers_that_change_are_no_weights(forward: Any) -> None:
    dense = sc.fully_connected(sc.from_torch(Written(forward, w=torch.ones(1, 1, 2, 2).double()), (1, 4, 5)))
    (refusal,) = dense.refused.values()
    assert "its numbers are others when it is run again, or for another batch size" in refusal.reason
    assert len(dense.nodes) == 2  # the rest is converted


def test_random_numbers_are_no_weights() -> None:
    with pytest.raises(sc.Unsupported, match="Written draws random numbers"):
        sc.from_torch(Written(lambda m, x: x + torch.rand(1)), (1, 4, 5))


def test_sizes_that_do_not_depend_on_the_batch_are_numbers() -> None:
    model = Written(lambda m, x: x.reshape(x.shape[0], -1) / x.shape[2] * m.w, w=torch.ones(1, dtype=torch.float64))
    dense = sc.fully_connected(sc.from_torch(model, (1, 4, 5)))
    x = integers(1, 3, 1, 4, 5)
    assert not dense.refused
    assert (dense(x.numpy()) == model(x).numpy()).all()


def test_a_model_that_changes_itself_is_refused_and_left_as_it_was() -> None:
    def forward(m: Any, x: Any) -> Any:
        m.n += 1
        return x + m.n

    model = Written(forward, n=torch.zeros(1))
    with pytest.raises(sc.Unsupported, match="Written changes its own n when it is run"):
        sc.from_torch(model, (1, 4))
    assert model.n == 0


def test_another_dtype_on_the_way_is_refused() -> None:
    model = Written(lambda m, x: F.relu(x.view(torch.int64)), w=torch.ones(1, dtype=torch.float64))
    dense = sc.fully_connected(sc.from_torch(model, (1, 4)))
    assert "it changes the numbers to torch.int64" in dense.refused["view"].reason


@pytest.mark.parametrize("module", [nn.LazyConv2d(2, 3), nn.Sequential(nn.Conv2d(1, 2, 3), nn.LazyBatchNorm2d())])
def test_weights_that_are_not_made_yet(module: nn.Module) -> None:
    with pytest.raises(sc.SpecError, match=r"weight is made when it first runs.*Valid: the module after module\("):
        sc.from_torch(module, (1, 5, 5))


def test_huge_inputs_are_refused_before_they_are_made() -> None:
    with pytest.raises(sc.TooLarge, match="the input has 1,000,000,000 entries"):
        sc.from_torch(nn.Sequential(nn.ReLU()), (1, 10**9))


def test_an_output_without_entries_is_said() -> None:
    with pytest.raises(
        sc.Unsupported, match=r"getitem \(getitem\) gives no entries: its output has the shape \(2, 0\)"
    ):
        sc.from_torch(Written(lambda m, x: F.relu(x[:, :, 4:])), (2, 4))
