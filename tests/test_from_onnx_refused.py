"""What of ONNX is refused, by name and with the reason, before anything large is made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")

import oracle  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402
from onnx_cases import model, one, weights  # noqa: E402

import symconv as sc  # noqa: E402
from symconv.networks import Refused, Reshape  # noqa: E402


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
        (one("Conv", weights(0, 1, 1, 2), shape=(2, 1, 5), auto_pad="SOME"), "auto_pad=SOME is not known"),
        (one("GlobalAveragePool", shape=(2, 5)), "one computed input, with channels and spatial axes"),
        (one("ConvTranspose", weights(0, 1, 1, 2), shape=(2, 1, 5), output_shape=[9]), "the sizes [9], which are more than the [6] that it computes"),
        (one("ConvTranspose", weights(0, 1, 1, 2), shape=(2, 1, 5), strides=[3], auto_pad="SAME_UPPER"), "the sizes [15], which are more than the [14]"),
        (one("Pad", np.array([0, 1, 0, 0, 0, 0]), shape=(2, 1, 5)), "it pads the batch or the channels"),
        (one("Pad", np.array([0, 0, -1, 0, 0, 2]), shape=(2, 1, 5), mode="wrap"), "it crops before it wraps"),
        (one("ReduceMean", shape=(2, 1, 5)), "the mean over everything"),
        (one("ReduceMean", np.array([1]), shape=(2, 3, 5)), "only the mean over all axes but batch and channels"),
        (one("Gemm", weights(0, 4, 3), weights(1, 2, 3), shape=(2, 4)), "its bias has the shape (2, 3), not one number for each of its 3 outputs"),
        (one("Gemm", weights(0, 2, 3), shape=(2, 4), transA=1), "its input is on the right, or transposed"),
        (model([helper.make_node("MatMul", ["w", "x"], ["y"], "node")], (2, 4), {"w": weights(0, 3, 2)}), "its input is on the right"),
        (one("MatMul", weights(0, 4), shape=(2, 4)), "its weights are no matrix"),
        (model([helper.make_node("Div", ["c", "x"], ["y"], "node")], (2, 3, 4), {"c": np.ones((3, 1))}), "the constant comes first"),
        (model([helper.make_node("Concat", ["c", "x"], ["y"], "node", axis=1)], (2, 3), {"c": np.ones((2, 3))}), "it concatenates with a constant"),
        (one("Add", np.ones((3, 1)), shape=(2, 1, 5)), "its constant is not one number for each channel"),
        (one("Flatten", shape=(2, 3, 4), axis=2), "it flattens the batch too"),
        (one("Reshape", np.array([3, 2, 4]), shape=(2, 3, 4)), "it changes the batch axis"),
        (one("Squeeze", shape=(2, 3, 1)), "it may change the batch axis"),
        (one("Squeeze", np.array([-3]), shape=(1, 3, 1)), "it changes the batch axis"),
        (one("Unsqueeze", np.array([0]), shape=(2, 3)), "it changes the batch axis"),
        (one("BatchNormalization", *[np.ones(3)] * 3, -np.ones(3), shape=(2, 3, 4)), "a variance of -1.0 has no root"),
        (one("Clip", None, np.array(2.0), shape=(2, 5)), "it needs a lower and an upper limit"),
        (one("Dropout", np.array(0.5), np.array(True), shape=(2, 5)), "in training it drops entries at random"),
        (model([helper.make_node("Gather", ["c", "x"], ["y"], "node", axis=1)], (2, 3), {"c": np.ones((2, 3))}), "which entries it takes depends on the input"),
        (one("Resize", np.array([1, 1, 2], np.float32), shape=(2, 3, 5), opset=10, mode="linear"), "before version 11"),
        (one("Resize", None, np.array([2, 1, 1], np.float32), shape=(2, 3, 5)), "it resizes the batch"),
        (one("Resize", None, None, np.array([4, 3, 5]), shape=(2, 3, 5)), "it resizes the batch"),
        (one("Resize", None, None, np.array([2, 3, 9]), shape=(2, 3, 5), coordinate_transformation_mode="half_pixel_symmetric"), "coordinate_transformation_mode=half_pixel_symmetric is not known"),
        (one("Resize", None, None, np.array([2, 4, 5]), shape=(2, 3, 5), mode="linear"), "linear interpolation with half_pixel is not known"),
        (one("Resize", None, None, np.array([2, 3, 1]), shape=(2, 3, 5), mode="linear", coordinate_transformation_mode="pytorch_half_pixel"), "places an axis of one output elsewhere"),
        (one("Resize", None, np.array([1, 1, 0.5], np.float32), shape=(2, 3, 4), mode="linear", antialias=1), "antialias: not known here"),
    ],
    ids=lambda value: value.graph.node[0].op_type if hasattr(value, "graph") else "",
)  # fmt: skip
def test_refused_by_name_with_the_reason(proto: Any, reason: str) -> None:
    refused = sc.fully_connected(sc.from_onnx(proto)).refused["node"]
    assert refused.what == proto.graph.node[0].op_type
    assert reason in refused.reason


@pytest.mark.parametrize("operator", ["Add", "Sub"])
def test_sums_of_different_shapes_are_refused(operator: str) -> None:
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["a"]), helper.make_node(operator, ["a", "x"], ["y"], "node")]
    refused = sc.fully_connected(sc.from_onnx(model(nodes, (2, 3, 4)))).refused["node"]
    assert refused.reason == "its inputs have different shapes, (3, 1) and (3, 4)"


def test_whole_numbers_of_some_bits_are_refused() -> None:
    """7 / 2 is 3 there, and 100 + 100 may be -56."""
    for proto in (one("Div", np.array(2), shape=(2, 4)), one("Add", np.array([1, 2, 3, 4]), shape=(2, 4))):
        proto.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
        assert "wrap around" in sc.fully_connected(sc.from_onnx(proto)).refused["node"].reason
    nodes = [helper.make_node("Cast", ["x"], ["a"], "cast", to=TensorProto.DOUBLE), helper.make_node("Div", ["a", "c"], ["y"])]  # fmt: skip
    proto = model(nodes, (2, 4), {"c": np.array(2.0)})
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    assert list(sc.fully_connected(sc.from_onnx(proto)).refused) == ["cast"]


def test_another_shape_than_onnx_infers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look at what the conversions of the operators say."""
    from symconv.networks.onnx_models import OPERATORS

    monkeypatch.setitem(OPERATORS, "Relu", lambda call: [Reshape()])
    refused = sc.fully_connected(sc.from_onnx(one("Relu", shape=(2, 3, 4)))).refused["node"]
    assert refused.reason == "ONNX gives its output the shape (3, 4), and its parameters (12,)"


def test_a_shape_that_is_computed_from_the_input_is_taken_from_the_declaration() -> None:
    nodes = [
        helper.make_node("ArgMax", ["x"], ["i"], "which", axis=1, keepdims=0),
        helper.make_node("Reshape", ["x", "i"], ["r"], "node"),
        helper.make_node("Neg", ["r"], ["y"]),
    ]
    proto = model(nodes, ("n", 3, 4))
    with pytest.raises(sc.Unsupported, match=r"node \(Reshape\) is not converted: its shape is not known"):
        sc.from_onnx(proto)
    proto.graph.value_info.append(helper.make_tensor_value_info("r", TensorProto.DOUBLE, ("n", 12)))
    assert sc.from_onnx(proto).output_shape == (12,)


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
        (one("Conv", np.ones((0, 1, 2)), shape=(1, 1, 4)), "out_channels=0: must be at least 1"),
        (one("Slice", None, np.array([1]), shape=(2, 3)), "where it starts or ends is not known"),
        (one("Resize", shape=(2, 3, 5)), "its sizes are not known"),
        (one("BatchNormalization", *[np.ones(3)] * 4, shape=(2, 3, 4), training_mode=1), "divides by the spread of the batch"),
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
    assert dense.refused["conv"].reason == "its weights depend on the input"
    nodes = [  # four numbers have no shape of three
        helper.make_node("Reshape", ["c", "s"], ["k"]),
        helper.make_node("Conv", ["x", "k"], ["y"], "conv"),
    ]
    numbers = {"c": np.ones(4), "s": np.array([3, 1, 1])}
    dense = sc.fully_connected(sc.from_onnx(model(nodes, (1, 1, 4), numbers)))
    assert dense.refused["conv"].reason == "its weights depend on the input"
    nodes = [helper.make_node("Conv", ["x", "none"], ["y"], "conv")]
    with pytest.raises(sc.Unsupported, match=r"conv \(Conv\) is not converted: its weights are not known"):
        sc.from_onnx(model(nodes, (1, 1, 4)))


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
    for shape, size in ((("n", 2, "length"), (1, 7)), ((1, 3), (4,)), ((1, 3), (3, 1)), (("n", 3, 4), (3,))):
        said = r"input_size=\(.*\): the model's input x has the sizes \[.*\], and what a file fixes cannot be changed"
        with pytest.raises(sc.SpecError, match=said):
            sc.from_onnx(one("Relu", shape=shape), size)
    assert sc.from_onnx(one("Relu", shape=(1, 3)), (3,)).output_shape == (3,)
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
    with pytest.raises(sc.Unsupported, match="the output y is not computed from the input"):
        sc.from_onnx(model([helper.make_node("Neg", ["x"], ["z"])], (1, 4), {"y": np.ones(3)}))


def test_without_onnx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(sc.MissingPackage, match=r"pip install 'symconv\[onnx\]'"):
        sc.from_onnx("model.onnx")
