"""The shapes of the values of an ONNX model: what ONNX infers of all of it, and of one node with what is computed here.

ONNX can follow the sizes that exporters compute, but without a bound on what it makes of them. Here they are
computed within bounds (`onnx_constants`) and given to it as constants, for the node whose output is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .onnx_constants import BATCHES, SHORT

if TYPE_CHECKING:
    import numpy as np

    from .onnx_constants import Pair

Dims = list[Any]
"""The sizes of a value: numbers, None where one is not known."""
Type = tuple[int, Dims]
"""The type of a value's entries, as ONNX numbers it (0: not known), and its sizes."""


def inferred(onnx: Any, proto: Any, name: str, sizes: Dims) -> dict[str, Type]:
    """What ONNX infers of a model whose input of that name has those sizes; what the model declares, where it cannot."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for each in copy.graph.input:
        if each.name == name:
            kind = each.type.tensor_type.elem_type
            each.type.CopyFrom(onnx.helper.make_tensor_type_proto(kind, [n or "batch" for n in sizes]))
    return _types(_inferred(onnx, copy).graph)


def of_one(onnx: Any, node: Any, opset: Any, given: Mapping[str, Type | np.ndarray[Any, Any]]) -> dict[str, Type]:
    """What ONNX infers of the outputs of one node from its inputs: their types, or short constants as they are."""
    helper = onnx.helper
    inputs, constants = [], []
    for name, each in given.items():
        if isinstance(each, tuple):
            inputs.append(helper.make_tensor_value_info(name, each[0], [n or "batch" for n in each[1]]))
        elif each.size <= SHORT:
            constants.append(onnx.numpy_helper.from_array(each, name))
        else:
            inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(each.dtype), each.shape))
    outputs = [onnx.ValueInfoProto(name=each) for each in node.output if each]
    graph = helper.make_graph([node], "one", inputs, outputs, constants)
    return _types(_inferred(onnx, helper.make_model(graph, opset_imports=list(opset))).graph)


def of_two(onnx: Any, node: Any, opset: Any, given: Mapping[str, Any], sizes: Mapping[str, Pair]) -> dict[str, Type]:
    """The same where some constants depend on the batch: for two batches, a size being known where both agree.

    The first size of what is no constant is the batch.
    """
    found = []
    for n, batch in enumerate(BATCHES):
        run = {
            name: (each[0], [batch, *each[1][1:]]) if isinstance(each, tuple) else each for name, each in given.items()
        }
        found.append(of_one(onnx, node, opset, run | {name: pair[n] for name, pair in sizes.items()}))
    one, other = found
    return {
        name: (kind, [a if a == b else None for a, b in zip(dims, other[name][1], strict=True)])
        for name, (kind, dims) in one.items()
        if len(other.get(name, (0, []))[1]) == len(dims)
    }


def _inferred(onnx: Any, model: Any) -> Any:
    try:
        return onnx.shape_inference.infer_shapes(model)
    except Exception:  # an operator that it does not know, or sizes that do not fit: what is declared stands
        return model


def _types(graph: Any) -> dict[str, Type]:
    """The values whose sizes are said, be it that they are not known."""
    found = {}
    for each in (*graph.value_info, *graph.output):
        tensor = each.type.tensor_type
        if tensor.HasField("shape"):
            found[each.name] = tensor.elem_type, [dim.dim_value or None for dim in tensor.shape.dim]
    return found
