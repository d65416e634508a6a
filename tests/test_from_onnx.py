"""ONNX's operators as layers and networks, against ONNX's own reference evaluator."""

from __future__ import annotations

import io
import random
import warnings
from typing import Any

import numpy as np
import pytest
from lanes import some

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")

import oracle  # noqa: E402
from onnx import helper  # noqa: E402
from onnx_cases import agrees, model, one, weights  # noqa: E402

import symconv as sc  # noqa: E402
from symconv.networks import Apply  # noqa: E402


@pytest.mark.parametrize("seed", some(range(40), 10))
def test_convolutions(seed: int) -> None:
    rng = random.Random(seed)
    rank = rng.choice((1, 2, 2, 3))
    size = [rng.randint(5, 7) for _ in range(rank)]
    kernel, strides, dilations = (
        [rng.randint(1, 3) for _ in size],
        [rng.randint(1, 3) for _ in size],
        [rng.randint(1, 2) for _ in size],
    )
    group = rng.choice((1, 2))
    attributes: dict[str, Any] = {"strides": strides, "dilations": dilations, "group": group, "kernel_shape": kernel}
    mode = rng.choice(("NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"))
    if mode == "NOTSET":
        attributes["pads"] = [rng.randint(0, 2) for _ in range(2 * rank)]
    else:
        attributes["auto_pad"] = mode
        if mode.startswith("SAME"):
            attributes["dilations"] = [1] * rank  # where the reference evaluator means what the standard says
    kernels = weights(seed, 2 * group, 2, *kernel)
    bias = weights(seed + 1, 2 * group) if rng.random() < 0.5 else None
    proto = one("Conv", kernels, *([bias] if bias is not None else []), shape=(2, 2 * group, *size), **attributes)
    (node,) = agrees(proto, (2, 2 * group, *size)).nodes
    assert isinstance(node.operation, Apply)
    if mode == "NOTSET":
        pads = attributes["pads"]
        assert node.operation.layer.padding == tuple(zip(pads[:rank], pads[rank:], strict=True))


def test_same_puts_the_odd_one_where_it_says() -> None:
    for mode, padding in (("SAME_UPPER", ((0, 1), (1, 1))), ("SAME_LOWER", ((1, 0), (1, 1)))):
        network = sc.from_onnx(one("Conv", weights(0, 1, 1, 2, 3), shape=(1, 1, 5, 5), auto_pad=mode))
        assert network.nodes[0].operation.layer.padding == padding
        network = sc.from_onnx(
            one("Conv", weights(0, 1, 1, 2, 2), shape=(1, 1, 5, 6), auto_pad=mode, strides=[2, 2], dilations=[3, 3])
        )
        assert network.output_shape == (1, 3, 3)


@pytest.mark.parametrize("seed", some(range(20), 6))
def test_transposed_convolutions(seed: int) -> None:
    rng = random.Random(seed)
    size, kernel, strides = (
        [rng.randint(2, 4) for _ in "ij"],
        [rng.randint(2, 3) for _ in "ij"],
        [rng.randint(1, 3) for _ in "ij"],
    )
    attributes: dict[str, Any] = {
        "strides": strides,
        "kernel_shape": kernel,
        "pads": [rng.randint(0, 1) for _ in range(4)],
    }
    if rng.random() < 0.4:
        attributes["output_padding"] = [rng.randint(0, s - 1) for s in strides]
    proto = one("ConvTranspose", weights(seed, 2, 3, *kernel), weights(seed, 3), shape=(2, 2, *size), **attributes)
    agrees(proto, (2, 2, *size))


def test_transposed_convolutions_by_their_output_size() -> None:
    kernel = weights(0, 1, 1, 3, 3)
    for mode, padding in (("NOTSET", ((1, 0), (1, 0))), ("SAME_UPPER", ((0, 1), (0, 1)))):
        extra = {} if mode == "NOTSET" else {"auto_pad": mode}
        network = sc.from_onnx(
            one("ConvTranspose", kernel, shape=(1, 1, 4, 4), strides=[2, 2], output_shape=[8, 8], **extra)
        )
        assert network.output_shape == (1, 8, 8)
        assert network.nodes[0].operation.layer.padding == padding
    network = sc.from_onnx(one("ConvTranspose", kernel, shape=(1, 1, 4, 4), strides=[2, 2], auto_pad="SAME_UPPER"))
    assert network.output_shape == (1, 8, 8)


@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 0, 1], [1, 1, 1, 1]])
def test_average_pooling(include: int, pads: list[int]) -> None:
    proto = one(
        "AveragePool", shape=(2, 3, 7, 6), kernel_shape=[3, 2], strides=[2, 1], pads=pads, count_include_pad=include
    )
    agrees(proto, (2, 3, 7, 6), exactly=False)


def test_average_pooling_defaults_and_rounding_up() -> None:
    dense = agrees(one("AveragePool", shape=(2, 1, 5, 5), kernel_shape=[2, 2]), (2, 1, 5, 5))
    assert dense.nodes[0].shape == (1, 4, 4)  # the stride is 1 where it is not given, not the kernel
    agrees(
        one("AveragePool", shape=(2, 1, 6, 7), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        (2, 1, 6, 7),
        exactly=False,
    )
    for mode in ("SAME_UPPER", "SAME_LOWER"):
        network = sc.from_onnx(
            one("AveragePool", shape=(1, 1, 5, 6), kernel_shape=[2, 3], strides=[2, 2], auto_pad=mode)
        )
        assert network.output_shape == (1, 3, 3)
    agrees(one("GlobalAveragePool", shape=(2, 3, 4, 2)), (2, 3, 4, 2))


@pytest.mark.parametrize(
    ("proto", "shape"),
    [
        (one("Gemm", weights(0, 4, 3), weights(1, 3), shape=(2, 4), alpha=0.5, beta=2.0), (2, 4)),
        (one("Gemm", weights(0, 3, 4), weights(1, 1), shape=(2, 4), transB=1), (2, 4)),
        (one("Gemm", weights(0, 3, 4), shape=("n", 4), transB=1), (2, 4)),
        (one("MatMul", weights(0, 4, 3), shape=(2, 4)), (2, 4)),
        (one("Add", weights(0, 3, 1, 1), shape=(2, 3, 2, 2)), (2, 3, 2, 2)),
        (one("Add", weights(0, 4), shape=(2, 4)), (2, 4)),
        (one("Mul", weights(0, 1, 3, 1, 1), shape=(2, 3, 2, 2)), (2, 3, 2, 2)),
        (one("Mul", np.array(0.25), shape=(2, 3, 2, 2)), (2, 3, 2, 2)),
        (one("Sub", weights(0, 3, 1), shape=(2, 3, 4)), (2, 3, 4)),
        (one("Div", np.array([2.0, -4.0, 1.0]).reshape(3, 1), shape=(2, 3, 4)), (2, 3, 4)),
        (one("Flatten", shape=(2, 3, 4)), (2, 3, 4)),
        (one("Reshape", np.array([0, -1]), shape=("n", 3, 4)), (2, 3, 4)),
        (one("Reshape", np.array([-1, 12]), shape=("n", 3, 4)), (2, 3, 4)),
        (one("Reshape", np.array([2, 4, -1]), shape=(2, 3, 4)), (2, 3, 4)),
        (one("Squeeze", np.array([2]), shape=(2, 3, 1)), (2, 3, 1)),
        (one("Squeeze", np.array([-2]), shape=(2, 1, 3)), (2, 1, 3)),
        (one("Squeeze", shape=(2, 3, 1), opset=11, axes=[2]), (2, 3, 1)),
        (one("Unsqueeze", np.array([1]), shape=(2, 3)), (2, 3)),
        (one("Unsqueeze", np.array([-1, 1]), shape=(2, 3)), (2, 3)),
        (one("Conv", weights(0, 1, 1, 2), shape=(2, 1, 5), auto_pad="VALID"), (2, 1, 5)),
        (one("ReduceMean", shape=(2, 3, 4), opset=13, axes=[-1]), (2, 3, 4)),
        (one("Gemm", weights(0, 4, 3), weights(1, 1, 3), shape=(2, 4)), (2, 4)),
        (one("Flatten", shape=(2, 3, 4), axis=-2), (2, 3, 4)),
        (one("ReduceMean", np.array([2, 3]), shape=(2, 3, 2, 4), keepdims=0), (2, 3, 2, 4)),
        (one("DepthToSpace", shape=(2, 8, 2, 3), blocksize=2, mode="CRD"), (2, 8, 2, 3)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 0, 2, 1]), shape=(2, 3, 4, 4)), (2, 3, 4, 4)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 0, 2, 1]), shape=(2, 3, 4, 4), mode="reflect"), (2, 3, 4, 4)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 0, 2, 1]), shape=(2, 3, 4, 4), mode="edge"), (2, 3, 4, 4)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 2]), shape=(2, 3, 4), mode="wrap"), (2, 3, 4)),
        (one("Pad", np.array([2, 1]), np.array(0.0), np.array([-1]), shape=(2, 3, 4)), (2, 3, 4)),
        (one("DepthToSpace", shape=(2, 8, 2, 3), blocksize=2), (2, 8, 2, 3)),
        (one("SpaceToDepth", shape=(2, 3, 4, 6), blocksize=2), (2, 3, 4, 6)),
        (one("Slice", np.array([1, -1]), np.array([3, -99]), np.array([1, -1]), np.array([1, -2]), shape=(2, 4, 5)), (2, 4, 5)),
        (one("Gather", np.array([[2, -1], [0, 0]]), shape=(2, 3, 4), axis=1), (2, 3, 4)),
        (one("Gather", np.array(1), shape=(2, 3, 4), axis=2), (2, 3, 4)),
        (one("Transpose", shape=(2, 3, 4, 5), perm=[0, 3, 1, 2]), (2, 3, 4, 5)),
        (one("Neg", shape=(2, 3, 4)), (2, 3, 4)),
        (model([helper.make_node("Sub", ["c", "x"], ["y"])], (2, 3, 4), {"c": weights(0, 3, 1)}), (2, 3, 4)),
        (model([helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Sub", ["r", "x"], ["y"])], (2, 3)), (2, 3)),
        (one("Relu", shape=(2, 5)), (2, 5)),
        (one("Clip", np.array(-1.0), np.array(2.0), shape=(2, 5)), (2, 5)),
        (one("Clip", np.array(0.0), shape=(2, 5)), (2, 5)),
        (one("Clip", shape=(2, 5), opset=6, min=-1.0, max=2.0), (2, 5)),
        (one("LeakyRelu", shape=(2, 5), alpha=0.125), (2, 5)),
        (one("Abs", shape=(2, 5)), (2, 5)),
        (one("Identity", shape=(2, 5)), (2, 5)),
        (one("Dropout", shape=(2, 5)), (2, 5)),
        (one("Dropout", np.array(0.5), np.array(False), shape=(2, 5)), (2, 5)),
    ],
    ids=lambda value: value.graph.node[0].op_type if hasattr(value, "graph") else "",
)  # fmt: skip
def test_other_operators(proto: Any, shape: tuple[int, ...]) -> None:
    agrees(proto, shape)


@pytest.mark.parametrize("operator", ["Sigmoid", "Tanh", "Elu", "Softplus", "HardSwish", "Gelu"])
def test_activations(operator: str) -> None:
    agrees(one(operator, shape=(2, 5)), (2, 5), exactly=False)


def test_the_hard_sigmoid_is_the_one_that_pytorch_has() -> None:
    agrees(one("HardSigmoid", shape=(2, 5), alpha=1 / 6), (2, 5), exactly=False)
    refused = sc.fully_connected(sc.from_onnx(one("HardSigmoid", shape=(2, 5)))).refused["node"]  # its slope is 1/5
    assert refused.reason == "only alpha=1/6 and beta=1/2 are known"


def test_batch_normalisation() -> None:
    proto = one(
        "BatchNormalization",
        weights(0, 3),
        weights(1, 3),
        weights(2, 3),
        np.array([1.0, 2.0, 3.0]),
        shape=(2, 3, 4),
        epsilon=0.5,
    )
    dense = agrees(proto, (2, 3, 4), exactly=False)
    assert dense.nodes[0].operation.rounded
    proto = one(
        "BatchNormalization",
        *(weights(n, 3) for n in range(3)),
        np.array([0.75, 3.75, 8.75]),
        shape=(2, 3, 4),
        epsilon=0.25,
    )
    dense = agrees(proto, (2, 3, 4), exactly=False)  # roots of 1, 4 and 9: exact
    assert not dense.nodes[0].operation.rounded


def test_branches() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["a"], "conv", pads=[1, 1]),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Identity", ["k"], ["k2"]),
        helper.make_node("Conv", ["b", "k2"], ["c"], "conv2", pads=[1, 1]),
        helper.make_node("Sum", ["c", "x", "a"], ["d"], "sum"),
        helper.make_node("Concat", ["d", "x"], ["e"], "cat", axis=-2),
        helper.make_node("Constant", [], ["shape"], value_ints=[0, -1]),
        helper.make_node("Reshape", ["e", "shape"], ["y"]),
    ]
    dense = agrees(model(nodes, ("n", 2, 5), {"k": weights(0, 2, 2, 3)}), (2, 2, 5))
    assert [node.name for node in dense.nodes] == ["conv", "relu", "conv2", "sum", "cat", "Reshape_7"]


def test_models_that_pytorch_writes() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    import architectures

    for name in ("ResNet", "inception", "separable"):
        make, shape = architectures.ARCHITECTURES[name]
        module = architectures.with_integers(make(), 1)
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(module, (torch.zeros(1, *shape).double(),), file, dynamo=False)
        dense = sc.fully_connected(sc.from_onnx(file.getvalue()))
        assert not dense.refused
        x = torch.from_numpy(oracle.integers(0, (2, *shape)).astype(float))
        tolerance = 1e-12 if name == "inception" else 0
        np.testing.assert_allclose(dense(x.numpy()), module(x).detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("where", ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])
def test_resize(where: str) -> None:
    for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        for scales, sizes in (([1, 1, 2, 1.5], None), ([1, 1, 0.5, 3], None), (None, [2, 3, 7, 5])):
            given = None if scales is None else np.array(scales, np.float32), None if sizes is None else np.array(sizes)
            config = {"coordinate_transformation_mode": where, "nearest_mode": rounding}
            agrees(one("Resize", None, *given, shape=(2, 3, 4, 6), **config), (2, 3, 4, 6))
    if where != "asymmetric":
        for scales, sizes in (([1, 1, 2, 4], None), (None, [2, 3, 8, 3])):
            given = None if scales is None else np.array(scales, np.float32), None if sizes is None else np.array(sizes)
            config = {"coordinate_transformation_mode": where, "mode": "linear"}
            agrees(one("Resize", None, *given, shape=(2, 3, 4, 6), **config), (2, 3, 4, 6), exactly=False)


@pytest.mark.parametrize("where", ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])
def test_resize_to_one(where: str) -> None:
    for sizes in ([2, 3, 1, 5], [2, 3, 4, 1], [2, 2, 4, 6]):
        config = {"coordinate_transformation_mode": where}
        agrees(one("Resize", None, None, np.array(sizes), shape=(2, 3, 4, 6), **config), (2, 3, 4, 6))


def test_resize_by_a_scale_that_gives_no_whole_size() -> None:
    scales, config = np.array([1, 1, 1.5, 0.5], np.float32), {"shape": (2, 3, 5, 5)}
    for mode in ("nearest", "linear"):
        dense = agrees(one("Resize", None, scales, mode=mode, **config), (2, 3, 5, 5), exactly=False)
        assert dense.source.output_shape == (3, 7, 2)
        for where in ("align_corners", "pytorch_half_pixel"):  # there the size of 7.5 counts, or that of 7
            proto = one("Resize", None, scales, mode=mode, coordinate_transformation_mode=where, **config)
            assert "is no whole number" in sc.fully_connected(sc.from_onnx(proto)).refused["node"].reason


def test_split_and_constants_that_are_moved() -> None:
    nodes = [
        helper.make_node("Split", ["x", "sizes"], ["a", "b"], "split", axis=1),
        helper.make_node("Transpose", ["w"], ["wt"], perm=[1, 0, 2]),
        helper.make_node("Conv", ["a", "wt"], ["c"], "conv"),
        helper.make_node("Concat", ["c", "b"], ["y"], "cat", axis=1),
    ]
    given = {"sizes": np.array([3, 1]), "w": weights(0, 3, 2, 1)}
    dense = agrees(model(nodes, ("n", 4, 5), given), (2, 4, 5))
    assert [node.name for node in dense.nodes] == ["split", "split.2", "conv", "cat"]
    parts = [helper.make_node("Split", ["x"], ["a", "b"], axis=2, num_outputs=2), helper.make_node("Neg", ["b"], ["y"])]
    agrees(model(parts, (2, 3, 5)), (2, 3, 5))
    parts = [helper.make_node("Split", ["x"], ["a", "", "b"], axis=1), helper.make_node("Neg", ["b"], ["y"])]
    agrees(model(parts, (2, 6), opset=13), (2, 6))  # three parts, one of which nobody wants


def test_sizes_that_are_computed_as_exporters_write_them() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    import architectures

    class Shuffled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(2, 2, 3, padding=1)

        def forward(self, x: Any) -> Any:
            first, second = x.chunk(2, 1)
            y = torch.cat([first, self.conv(second)], 1)
            n, c, h, w = y.shape
            y = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
            y = torch.nn.functional.pad(y[:, :, 1:], (1, 0, 0, 2))
            y = torch.nn.functional.interpolate(y, size=(x.shape[2], 2 * w))
            return y.view(y.size(0), -1)

    module = architectures.with_integers(Shuffled(), 2)
    for batch in ({}, {"input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}}):
        file = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(module, (torch.zeros(3, 4, 4, 6).double(),), file, dynamo=False, **batch)
        dense = sc.fully_connected(sc.from_onnx(file.getvalue()))
        assert not dense.refused
        x = torch.from_numpy(oracle.integers(0, (2, 4, 4, 6)).astype(float))
        np.testing.assert_array_equal(dense(x.numpy()), module(x).numpy(force=True))


def test_sizes_that_depend_on_the_batch_are_no_constants() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], end=1),
        helper.make_node("Slice", ["x", "one", "n", "one"], ["y"], "slice"),
    ]
    with pytest.raises(sc.SymconvError, match=r"slice \(Slice\)"):
        sc.fully_connected(sc.from_onnx(model(nodes, ("n", 4), {"one": np.array([1])})))
    nodes = [
        helper.make_node("Shape", ["x"], ["n"]),
        helper.make_node("Mul", ["n", "twice"], ["size"]),
        helper.make_node("Reshape", ["x", "size"], ["y"], "node"),
    ]
    dense = sc.fully_connected(sc.from_onnx(model(nodes, ("n", 4, 2), {"twice": np.array([2, 1, 2])})))
    assert dense.refused["node"].reason == "its shape is not known"


def test_the_sum_of_one_is_itself() -> None:
    agrees(one("Sum", shape=(2, 3)), (2, 3))
