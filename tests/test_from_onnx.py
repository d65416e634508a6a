"""ONNX models as networks: against ONNX's own reference evaluator, and what is refused."""

from __future__ import annotations

import io
import random
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lanes import some

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")

import oracle  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

import symconv as sc  # noqa: E402
from symconv.networks import Apply, Refused  # noqa: E402


def model(
    nodes: list[Any],
    shape: tuple[Any, ...],
    weights: dict[str, np.ndarray] | None = None,
    output: str = "y",
    opset: int = 20,
) -> Any:
    """A model of those nodes on x, in float64."""
    tensors = [numpy_helper.from_array(np.asarray(each), name) for name, each in (weights or {}).items()]
    x = helper.make_tensor_value_info("x", TensorProto.DOUBLE, shape)
    y = helper.make_tensor_value_info(output, TensorProto.DOUBLE, None)
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def one(operator: str, *weights: np.ndarray | None, shape: tuple[Any, ...], opset: int = 20, **attributes: Any) -> Any:
    """A model of one operator."""
    names = {f"w{n}": each for n, each in enumerate(weights) if each is not None}
    inputs = ["x", *(f"w{n}" if each is not None else "" for n, each in enumerate(weights))]
    return model([helper.make_node(operator, inputs, ["y"], "node", **attributes)], shape, names, opset=opset)


def agrees(proto: Any, shape: tuple[int, ...], exactly: bool = True) -> sc.FullyConnected:
    """The converted network gives what the reference evaluator gives."""
    dense = sc.fully_connected(sc.from_onnx(proto))
    assert not dense.refused
    x = oracle.integers(1, shape, 4).astype(float)
    (theirs,) = ReferenceEvaluator(proto).run(None, {"x": x})
    ours = dense(x)
    assert ours.shape == theirs.shape
    if exactly:
        np.testing.assert_array_equal(ours, theirs)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
    return dense


def weights(seed: int, *shape: int) -> np.ndarray:
    return oracle.integers(seed, shape, 3).astype(float)


# Operators ----------------------------------------------------------------------------------------


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
        (one("Unsqueeze", np.array([1]), shape=(2, 3)), (2, 3)),
        (one("ReduceMean", np.array([2, 3]), shape=(2, 3, 2, 4), keepdims=0), (2, 3, 2, 4)),
        (one("DepthToSpace", shape=(2, 8, 2, 3), blocksize=2, mode="CRD"), (2, 8, 2, 3)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 0, 2, 1]), shape=(2, 3, 4, 4)), (2, 3, 4, 4)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 0, 2, 1]), shape=(2, 3, 4, 4), mode="reflect"), (2, 3, 4, 4)),
        (one("Pad", np.array([0, 0, 1, 0, 0, 0, 2, 1]), shape=(2, 3, 4, 4), mode="edge"), (2, 3, 4, 4)),
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
        (one("LeakyRelu", shape=(2, 5), alpha=0.125), (2, 5)),
        (one("Abs", shape=(2, 5)), (2, 5)),
        (one("Identity", shape=(2, 5)), (2, 5)),
        (one("Dropout", shape=(2, 5)), (2, 5)),
    ],
    ids=lambda value: value.graph.node[0].op_type if hasattr(value, "graph") else "",
)  # fmt: skip
def test_other_operators(proto: Any, shape: tuple[int, ...]) -> None:
    agrees(proto, shape)


@pytest.mark.parametrize("operator", ["Sigmoid", "Tanh", "Elu", "Softplus", "HardSwish", "Gelu"])
def test_activations(operator: str) -> None:
    agrees(one(operator, shape=(2, 5)), (2, 5), exactly=False)


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


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proto", "reason"),
    [
        (one("MaxPool", shape=(1, 1, 4, 4), kernel_shape=[2, 2]), "depends on the inputs"),
        (one("Softmax", shape=(1, 4)), "nor an elementwise activation"),
        (one("LayerNormalization", np.ones(4), shape=(1, 4)), "spread of its own input"),
        (one("Transpose", shape=(1, 2, 3)), "moves the batch"),
        (one("Slice", np.array([0]), np.array([1]), shape=(2, 3)), "along the batch"),
        (one("Gather", np.array([0]), shape=(2, 3)), "along the batch"),
        (one("Resize", None, np.array([1, 1, 2, 2], np.float32), shape=(1, 1, 3, 3), mode="cubic"), "mode cubic"),
        (one("Resize", None, np.array([1, 1, 1.3], np.float32), shape=(1, 1, 10)), "rounded"),
        (one("MatMul", np.ones((4, 2)), shape=(1, 3, 4)), "last axis"),
        (one("Add", np.ones((2, 4)), shape=(1, 2, 4)), "one number for each channel"),
        (one("AveragePool", shape=(1, 1, 5, 5), kernel_shape=[2, 2], dilations=[2, 2]), "gaps"),
        (one("Div", np.zeros((2, 1)), shape=(1, 2, 4)), "divides by zero"),
        (one("Pad", np.array([0, 0, 1, 0, 0, 1]), np.array(3.0), shape=(1, 2, 4)), "only padding with zeros"),
        (model([helper.make_node("Mul", ["x", "x"], ["y"], "node")], (1, 4)), "depends on the input"),
    ],
    ids=lambda value: value.graph.node[0].op_type if hasattr(value, "graph") else "",
)  # fmt: skip
def test_refused_by_name_with_the_reason(proto: Any, reason: str) -> None:
    refused = sc.fully_connected(sc.from_onnx(proto)).refused["node"]
    assert refused.what == proto.graph.node[0].op_type
    assert reason in refused.reason


def test_parameters_that_do_not_fit_and_nothing_is_known_of_what_follows() -> None:
    for proto in (
        one("DepthToSpace", shape=(2, 4, 4, 6), blocksize=0),
        one("Slice", np.array([0, 1]), np.array([1]), np.array([1]), shape=(2, 3)),
    ):
        with pytest.raises(sc.Unsupported, match=r"node \(.*not those of the operator"):
            sc.from_onnx(proto)


def test_a_small_file_cannot_ask_for_much() -> None:
    proto = one("Resize", None, np.array([1, 1, 1e9], np.float32), shape=(1, 1, 3))
    assert "more than" in sc.fully_connected(sc.from_onnx(proto)).refused["node"].reason
    doubled = [helper.make_node("Concat", [f"c{n}", f"c{n}"], [f"c{n + 1}"], axis=0) for n in range(60)]
    gather = helper.make_node("Gather", ["x", "c60"], ["y"], axis=1)
    network = sc.from_onnx(model([*doubled, gather], (1, 4), {"c0": np.array([1, 2])}))
    assert all(isinstance(node.operation, Refused) for node in network.nodes)


HUGE: dict[str, Any] = {
    "padding": lambda: one("Conv", weights(0, 1, 1, 3), shape=(1, 1, 8), pads=[10**9] * 2),
    "padding that a stride takes away": lambda: one(
        "Conv", weights(0, 1, 1, 3), shape=(1, 1, 8), pads=[10**9] * 2, strides=[10**9]
    ),
    "dilation": lambda: one("Conv", weights(0, 1, 1, 3), shape=(1, 1, 8), pads=[10**9] * 2, dilations=[10**9]),
    "stride": lambda: one("ConvTranspose", weights(0, 1, 1, 3), shape=(1, 1, 8), strides=[10**9]),
    "window": lambda: one(
        "AveragePool", shape=(1, 1, 8), kernel_shape=[2 * 10**9], pads=[10**9] * 2, count_include_pad=1
    ),
    "whole input": lambda: one("GlobalAveragePool", shape=(1, 1, 9 * 10**6)),
    "padding alone": lambda: one("Pad", np.array([0, 0, 0, 0, 0, 10**9]), shape=(1, 1, 4)),
    "input": lambda: one("Conv", weights(0, 1, 1, 3), shape=(1, 1, 10**9)),
    "input of a slice": lambda: one("Slice", np.array([0]), np.array([1]), shape=(1, 1, 10**9)),
    "input of an activation": lambda: one("Relu", shape=(1, 1, 10**9)),
    "after what is refused": lambda: model(
        [
            helper.make_node("Expand", ["x", "s"], ["e"]),
            helper.make_node("Slice", ["e", "a", "b", "c"], ["y"]),
        ],
        (1, 1, 1),
        {"s": np.array([1, 10**6, 10**6]), "a": np.array([0]), "b": np.array([1]), "c": np.array([2])},
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_huge_is_refused_before_anything_of_its_size_is_made(name: str) -> None:
    """Else these take minutes, or the memory."""
    with pytest.raises(sc.TooLarge, match=r"more than [\d,]+; symconv\.limits\.\w+ = \d+ allows it"):
        sc.fully_connected(sc.from_onnx(HUGE[name]()))


@pytest.mark.parametrize("batch", ["n", 2])
def test_the_shape_of_what_is_refused_is_worked_out_from_computed_sizes(batch: Any) -> None:
    """As PyTorch exports it: the size is read off a shape, changed, and put together again."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w"], ["c"], "conv", pads=[1] * 4), node("Shape", ["c"], ["s"]),
        node("Slice", ["s", "zero", "two"], ["nc"]), node("Slice", ["s", "two", "four"], ["hw"]),
        node("Mul", ["hw", "two"], ["more"]), node("Concat", ["nc", "more"], ["size"], axis=0),
        node("Resize", ["c", "", "", "size"], ["r"], "cubic", mode="cubic"),
        node("MaxPool", ["r"], ["p"], "pool", kernel_shape=[2, 2]), node("Conv", ["p", "w"], ["y"], "last"),
    ]  # fmt: skip
    numbers = {"zero": np.array([0]), "two": np.array([2]), "four": np.array([4])}
    dense = sc.fully_connected(sc.from_onnx(model(nodes, (batch, 3, 4, 5), {"w": weights(1, 3, 3, 3, 3), **numbers})))
    assert {name: each.shape for name, each in dense.refused.items()} == {"cubic": (3, 8, 10), "pool": (3, 7, 9)}
    assert dense.source.output_shape == (3, 5, 7)


def test_the_shape_of_an_unknown_operator_can_be_declared() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv"),
        helper.make_node("Mystery", ["c"], ["m"], "mystery", domain="my.own"),
        helper.make_node("Relu", ["m"], ["y"], "last"),
    ]
    proto = model(nodes, ("n", 1, 4), {"w": weights(1, 1, 1, 2)})
    with pytest.raises(sc.Unsupported, match=r"mystery \(Mystery\).*The model can declare it, in graph.value_info"):
        sc.from_onnx(proto)
    proto.graph.value_info.append(helper.make_tensor_value_info("m", TensorProto.DOUBLE, ("n", 2, 5)))
    network = sc.fully_connected(sc.from_onnx(proto))
    assert network.refused["mystery"].shape == network.source.output_shape == (2, 5)


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (one("Gather", np.array([0, 4]), shape=(1, 4), axis=1), "range object index out of range"),
        (one("Resize", None, np.array([1, 1, 2.0], np.float32), np.array([1, 2, 3]), shape=(1, 2, 2)), "both scales and sizes"),
        (one("Slice", np.array([2]), np.array([1]), np.array([2]), shape=(1, 2, 4)), r"takes no entries of the input of shape \(2, 4\)"),
        (one("Conv", shape=(1, 1, 4)), "it has no weights"),
        (one("SpaceToDepth", shape=(1, 4, 6, 6), blocksize=-1), "must be a tuple of sizes of at least 1"),
        (one("Gemm", shape=(1, 4)), "it has no weights"),
        (one("BatchNormalization", shape=(1, 2, 4)), "it has no weights"),
        (one("BatchNormalization", *[np.ones(2)] * 4, shape=(1, 2, 4), epsilon=float("inf")), "its epsilon is inf"),
        (one("Conv", weights(0, 1, 1, 3), shape=(1, 1, 2)), "does not fit"),  # ONNX gives its output a negative size
    ],
)  # fmt: skip
def test_what_does_not_fit_says_why(proto: Any, said: str) -> None:
    """Nothing follows from such an output, whose shape is not known either."""
    try:
        reasons = [each.reason for each in sc.fully_connected(sc.from_onnx(proto)).refused.values()]
    except sc.Unsupported as refused:
        reasons = [str(refused)]
    assert len(reasons) == 1
    assert re.search(said, reasons[0]), reasons


def test_a_negative_size_does_not_end_the_process() -> None:
    """ONNX gives the output of a kernel that does not fit a negative size, and its inference of a slice of that aborts."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv"),
        helper.make_node("Slice", ["c", "a", "b", "axis"], ["y"]),
    ]
    numbers = {"w": weights(0, 1, 1, 4), "a": np.array([0]), "b": np.array([9]), "axis": np.array([2])}
    with pytest.raises(sc.Unsupported, match=r"conv \(Conv\) is not converted: .*does not fit"):
        sc.from_onnx(model(nodes, (1, 1, 2), numbers))
    with pytest.raises(sc.SpecError, match=r"input_size=None.*\[1, -1\], which are not all fixed and at least 1"):
        sc.from_onnx(one("Relu", shape=(1, -1)))


def test_a_constant_that_comes_first_is_not_the_input() -> None:
    clip = helper.make_node("Clip", ["w", "low", "high", "x"], ["y"], "clip")
    numbers = {"w": np.array(2.0), "low": np.array(-1.0), "high": np.array(1.0)}
    with pytest.raises(sc.Unsupported, match="its first input is a constant"):
        sc.from_onnx(model([clip], (1, 4), numbers))


def test_words_are_no_weights() -> None:
    nodes = [
        helper.make_node("Constant", [], ["s"], value_string="some"),
        helper.make_node("Tile", ["x", "s"], ["y"], "tile"),
    ]
    with pytest.raises(sc.Unsupported, match=r"tile \(Tile\) is not converted"):
        sc.from_onnx(model(nodes, (1, 4)))


def test_the_sum_of_one_is_itself() -> None:
    agrees(one("Sum", shape=(2, 3)), (2, 3))


def test_the_rest_is_converted() -> None:
    nodes = [
        helper.make_node("MaxPool", ["x"], ["a"], "pool", kernel_shape=[2]),
        helper.make_node("Flatten", ["a"], ["b"], "flat"),
        helper.make_node("Gemm", ["b", "w"], ["y"], "fc"),
    ]
    dense = sc.fully_connected(sc.from_onnx(model(nodes, ("n", 1, 4), {"w": weights(0, 3, 2)})))
    assert list(dense.refused) == ["pool"]
    x = oracle.integers(0, (2, 1, 4))
    ours = dense(x, {"pool": lambda v: np.maximum(v[:, :, :-1], v[:, :, 1:])})
    pooled = np.maximum(x[:, :, :-1], x[:, :, 1:]).reshape(2, 3)
    assert ours.tolist() == (pooled @ weights(0, 3, 2).astype(int)).tolist()


def test_weights_that_are_computed_are_none() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["k"]),
        helper.make_node("Conv", ["x", "k"], ["y"], "conv"),
    ]
    dense = sc.fully_connected(sc.from_onnx(model(nodes, (1, 1, 4))))
    assert "depend" in dense.refused["conv"].reason


# Files --------------------------------------------------------------------------------------------


def external(folder: Path, location: str) -> Path:
    """A model in a folder whose kernel is said to lie elsewhere."""
    proto = one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4))
    tensor = proto.graph.initializer[0]
    raw = tensor.raw_data
    (folder / "inside.bin").write_bytes(b"12345678" + raw)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "8"), ("length", str(len(raw)))):
        tensor.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_paths_bytes_and_models(tmp_path: Path) -> None:
    proto = one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4))
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    for given in (path, str(path), path.read_bytes(), proto):
        assert sc.from_onnx(given).nodes[0].operation.kernel.tolist() == weights(0, 1, 1, 2).tolist()


def test_weights_in_other_files_stay_within_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    network = sc.from_onnx(external(folder, "inside.bin"))
    assert network.nodes[0].operation.kernel.tolist() == weights(0, 1, 1, 2).tolist()

    (tmp_path / "outside.bin").write_bytes((folder / "inside.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    for location in ("../outside.bin", str(tmp_path / "outside.bin"), "link.bin", "missing.bin", "", "."):
        with pytest.raises(sc.Unsupported, match="no file within the model's folder"):
            sc.from_onnx(external(folder, location))
    with pytest.raises(sc.Unsupported, match="give the path of the model"):
        sc.from_onnx(external(folder, "inside.bin").read_bytes())
    path = external(folder, "inside.bin")
    (folder / "inside.bin").write_bytes(b"short")
    with pytest.raises(sc.SpecError, match="holds 0 of the 16 bytes"):
        sc.from_onnx(path)


@pytest.mark.parametrize(
    ("key", "value"), [("offset", "-3"), ("offset", "abc"), ("length", "-5"), ("length", "9" * 5000)]
)
def test_a_place_in_another_file_that_is_none(tmp_path: Path, key: str, value: str) -> None:
    path = external(tmp_path, "inside.bin")
    proto = onnx.load(path, load_external_data=False)
    del proto.graph.initializer[0].external_data[1:]
    proto.graph.initializer[0].external_data.add(key=key, value=value)
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(sc.SpecError, match=f"is no {key} of w0 in 'inside.bin', which is a number of bytes"):
        sc.from_onnx(path)


def test_a_file_name_with_a_null_is_no_file(tmp_path: Path) -> None:
    path = external(tmp_path, "inside.bin")
    proto = onnx.load(path, load_external_data=False)
    proto.graph.initializer[0].external_data[0].value = "inside\0.bin"
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(sc.Unsupported, match="no file within the model's folder"):
        sc.from_onnx(path)


@pytest.mark.parametrize(
    ("sizes", "kind"), [((10**6, 10**6, 10**6), 1), ((-1, 1, 2), 1), ((1, 1, 2), 99), ((1, 1, 2), 0)]
)
def test_a_tensor_whose_data_do_not_fit_is_refused_by_name(sizes: tuple[int, ...], kind: int) -> None:
    proto = one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4))
    tensor = proto.graph.initializer[0]
    tensor.CopyFrom(TensorProto(name=tensor.name, dims=sizes, data_type=kind, raw_data=b"12345678"))
    with pytest.raises(sc.SpecError, match=rf"model='{tensor.name}': its data are not those of a tensor of sizes"):
        sc.from_onnx(proto)


def test_nodes_that_are_no_nodes_are_refused() -> None:
    """Without inputs, outputs or values, with attributes of another kind: data as any other, and no traceback."""
    relu = helper.make_node("Relu", ["x"], ["y"])
    for idle in (helper.make_node("Conv", ["x"], []), helper.make_node("Constant", [], [], value_float=1.0)):
        assert not sc.fully_connected(sc.from_onnx(model([idle, relu], (1, 4)))).refused
    with pytest.raises(sc.SpecError, match=r"model='c': has 0 attributes, and a Constant has one"):
        sc.from_onnx(model([helper.make_node("Constant", [], ["c"]), relu], (1, 4)))
    with pytest.raises(sc.Unsupported, match=r"Identity_0 \(Identity\) is not converted: its input is not known"):
        sc.from_onnx(model([helper.make_node("Identity", [], ["y"])], (1, 4)))
    refused = sc.from_onnx(one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4), group=[1])).nodes[0].operation
    assert "are not those of the operator" in refused.reason
    with pytest.raises(sc.Unsupported, match="are not those of the operator"):
        sc.from_onnx(one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4), pads=[1]))


def test_errors_teach(tmp_path: Path) -> None:
    with pytest.raises(sc.SpecError, match=r"model='none.onnx': is no file. Valid: sc.from_onnx"):
        sc.from_onnx("none.onnx")
    with pytest.raises(sc.SpecError, match="is no ONNX model"):
        sc.from_onnx(b"not a model")
    with pytest.raises(sc.SpecError, match=r"must be a path, bytes or an onnx.ModelProto"):
        sc.from_onnx(3)
    with pytest.raises(sc.SpecError, match=r"has the sizes \[None, 1, None\], which are not all fixed"):
        sc.from_onnx(one("Relu", shape=("n", 1, "length")))
    assert sc.from_onnx(one("Relu", shape=("n", 1, "length")), (1, 7)).output_shape == (1, 7)
    split = model([helper.make_node("Mystery", ["x"], ["y"], "node", domain="mine")], (1, 4))
    with pytest.raises(
        sc.Unsupported, match=r"node \(Mystery\) is not converted: there is no conversion for it; and as the shape"
    ):
        sc.from_onnx(split)
    two = helper.make_model(
        helper.make_graph(
            [helper.make_node("Add", ["x", "z"], ["y"])],
            "g",
            [helper.make_tensor_value_info(name, TensorProto.DOUBLE, (1, 2)) for name in "xz"],
            [helper.make_tensor_value_info("y", TensorProto.DOUBLE, (1, 2))],
        )
    )
    with pytest.raises(sc.Unsupported, match="2 inputs and 1 output; it must have one of each"):
        sc.from_onnx(two)


def test_without_onnx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(sc.MissingPackage, match=r"pip install 'symconv\[onnx\]'"):
        sc.from_onnx("model.onnx")
