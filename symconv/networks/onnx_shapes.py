"""The shapes of the values of an ONNX model: what it declares, and what ONNX infers of one node at a time.

ONNX can infer all of a model at once, and follow the sizes that exporters compute, but without a bound on what it
makes of them, and a size below zero can end the process. Here sizes are computed within bounds (`onnx_constants`) and
given to it as constants, for the one node whose output is asked for.
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


def declared(proto: Any) -> dict[str, Type]:
    """The types that a model says its values have."""
    return _types(proto.graph)


def of_one(onnx: Any, node: Any, opset: Any, given: Mapping[str, Type | np.ndarray[Any, Any]]) -> dict[str, Type]:
    """What ONNX infers of the outputs of one node from its inputs: their types, or short constants as they are."""
    if any(_empty(each) for each in given.values()):
        return {}  # ONNX may abort at what has no entries
    try:
        return _types(
            onnx.shape_inference.infer_shapes(_model(onnx.helper, onnx.numpy_helper, node, opset, given)).graph
        )
    except Exception:  # an operator that it does not know, or sizes that do not fit
        return {}


def _model(helper: Any, numpy_helper: Any, node: Any, opset: Any, given: Mapping[str, Any]) -> Any:
    """The model of one node; of a long constant it has the sizes alone."""
    inputs, constants = [], []
    for name, each in given.items():
        if isinstance(each, tuple):
            inputs.append(helper.make_tensor_value_info(name, each[0], [n or "batch" for n in each[1]]))
        elif each.size <= SHORT:
            constants.append(numpy_helper.from_array(each, name))
        else:
            inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(each.dtype), each.shape))
    outputs = [helper.make_empty_tensor_value_info(each) for each in node.output if each]
    return helper.make_model(helper.make_graph([node], "one", inputs, outputs, constants), opset_imports=list(opset))


def _empty(given: Any) -> bool:
    """Whether there are no entries in what is no list; an empty list of numbers is one of axes or scales."""
    dims = given[1] if isinstance(given, tuple) else given.shape
    return any(n is not None and n < 1 for n in dims) and (isinstance(given, tuple) or len(dims) != 1)


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


def _types(graph: Any) -> dict[str, Type]:
    """The values whose sizes are said, be it that they are not known."""
    found = {}
    for each in (*graph.value_info, *graph.output):
        tensor = each.type.tensor_type
        if tensor.HasField("shape"):
            found[each.name] = tensor.elem_type, [dim.dim_value or None for dim in tensor.shape.dim]
    return found
