"""Small ONNX models, and whether their conversion agrees with the reference evaluator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")

import oracle  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

import symconv as sc  # noqa: E402


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
