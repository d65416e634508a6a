"""PyTorch's modules, functions and models as networks: the same numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lanes import some

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")

import architectures  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import Written, converted, integers, proposals, w  # noqa: E402

import symconv as sc  # noqa: E402


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


def test_a_single_module_that_is_no_layer_is_a_network() -> None:
    dense = converted(nn.ReLU(), (4,))
    assert [node.name for node in dense.nodes] == ["relu"]
    assert dense([-1, 2, 0, 3]).tolist() == [0, 2, 0, 3]


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


def test_the_experiment(capsys: pytest.CaptureFixture[str]) -> None:
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
    with pytest.raises(SystemExit):
        experiment.main(["--help"])  # which does nothing else
    assert "writes docs/experiment.md" in capsys.readouterr().out
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
    "named": ((3,), lambda m, x: torch.sub(other=x, input=x.relu()) + torch.add(other=x, input=-x, alpha=3) * torch.mul(m.t, other=torch.ones(())), {"t": w(3, 1)[0]}),
    "named-tensors": ((3, 2), lambda m, x: torch.cat(dim=1, tensors=[torch.transpose(input=x, dim0=1, dim1=2).flatten(1), torch.mul(x, other=2).flatten(1)]), {}),
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
