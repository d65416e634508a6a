"""What of PyTorch is refused, by name and with the reason; and what would be another layer each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import Written, converted, integers  # noqa: E402

import symconv as sc  # noqa: E402

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
        (nn.AvgPool2d(2), (4, 6), "it takes (channels, 2 sizes), and the input has the shape (4, 6)"),
        (nn.Upsample(scale_factor=1.5), (2, 1, 1), "copies an input whose size the scale 1.5 does not change"),
        (nn.Upsample(size=82), (1, 2), "computes the positions in floating point"),  # output 41 in single precision
        (nn.PixelShuffle(2), (2, 4, 3, 3), "it takes (channels, height, width) with channels a multiple of 4"),
        (nn.PixelUnshuffle(2), (2, 4, 4, 4), "it takes (channels, height, width) with sizes that are multiples of 2"),
        (nn.Softplus(2), (4,), "only beta=1 is known"),
        (nn.Softplus(1, 1), (4,), "with a threshold of at least 20"),
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


def test_single_modules_that_are_refused_say_why() -> None:
    norm = nn.BatchNorm1d(2).eval()
    norm.running_var = -torch.ones(2)
    for module, shape, said in (
        (nn.ChannelShuffle(3), (4, 2, 2), "4 channels are not 3 equal groups"),
        (nn.Flatten(0), (2, 3), "it flattens the batch too"),
        (nn.ZeroPad2d(1), (4, 5), "it pads the channels or the batch"),
        (norm, (2, 3), r"a variance of -1.0 has no root"),
    ):
        with pytest.raises(sc.Unsupported, match=f"{type(module).__name__} is not converted: {said}"):
            sc.from_torch(module, shape)


def test_a_module_of_two_inputs_is_refused() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.both = nn.Bilinear(3, 3, 2)

        def forward(self, x: Any) -> Any:
            return self.both(x, x)

    assert converted(Model(), (3,)).refused["both"].what == "Bilinear"


def test_another_shape_than_pytorch_gives_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look at what the conversions of the modules say."""
    from symconv.networks.operations import Reshape
    from symconv.networks.torch_modules import MODULES

    monkeypatch.setitem(MODULES, "ReLU", lambda module, shape: [Reshape()])
    refused = converted(nn.Sequential(nn.ReLU()), (3, 4)).refused["0"]
    assert refused.reason == "its output has the shape (3, 4), which its parameters do not give"


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
    for forward in (lambda m, x: (x, x), lambda m, x: m.t):
        with pytest.raises(
            sc.Unsupported, match="the model's output is not one tensor that is computed from its input"
        ):
            sc.from_torch(Written(forward, t=torch.ones(2, 4)), (4,))


def test_without_pytorch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(sc.MissingPackage, match=r"pip install 'symconv\[torch\]'"):
        sc.from_torch(None, (4,))


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
        (lambda m, x: F.linear(m.t[:2], x.flatten(1)[:, :3]), "its weights depend on the input"),
        (lambda m, x: F.conv2d(x, weight=x[:, :, :1, :1]), "its input is not its first argument, or not alone"),
        (lambda m, x: x.narrow(m.d, 0, 1), r"its axis is tensor(1), and must be a number"),
        (lambda m, x: x.flip(0), "it works along the batch"),
        (lambda m, x: x[:2], "it takes a part of the batch"),
        (lambda m, x: x.permute(1, 0, 2, 3), "it moves the batch"),
        (lambda m, x: x.mT, "no conversion"),
        (lambda m, x: torch.tanh(x, out=torch.empty_like(x)), "its arguments are not known here"),
        (lambda m, x: x.clamp(min=1), "a known activation with both limits"),
        (lambda m, x: F.dropout(x), "in training it drops entries at random; call module.eval()"),
        (lambda m, x: torch.cat([x, torch.ones(x.shape, dtype=x.dtype)], 1), "it concatenates with a constant"),
        (lambda m, x: x + x.mean((2, 3), keepdim=True), "its inputs have different shapes, (2, 3, 3) and (2, 1, 1)"),
        (lambda m, x: x / 0, "it divides by zero"),
        (lambda m, x: x[:, :1] + m.c, "not one number for each channel"),  # the sum has more channels
        (lambda m, x: x.mean(1), "only the mean over all axes but batch and channels"),
        (lambda m, x: F.pad(x.flatten(2), (-1, 2), mode="circular"), "it crops before it wraps"),
    ],
)  # fmt: skip
def test_functions_that_are_refused_say_why(forward: Any, said: str) -> None:
    further = {"d": torch.tensor(1), "c": torch.ones(4, 1, 1).double()}
    model = Written(
        forward, t=torch.ones(3, 3).double(), m=torch.zeros(2).double(), v=torch.ones(2).double(), **further
    )
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


def test_axes_that_change_with_the_batch_are_no_axes() -> None:
    with pytest.raises(sc.Unsupported, match=r"mean \(mean\) computes something else when it is run again"):
        sc.from_torch(Written(lambda m, x: x.mean((x.shape[0], 5 - x.shape[0]))), (1, 4, 5))


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
