"""What an ONNX model computes from constants and shapes alone: weights that are moved, and the sizes that exporters write.

The size of the batch is not part of a network. Sizes are computed for two batches: what is the same for both is a
constant, and where exactly the two batches stand, there stands the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Pair = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

BATCHES = (1, 1_000_000_007)
BATCH = -2
"""Stands for the batch among sizes."""

MOVING = ("Identity", "Cast", "Concat", "Gather", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze")
"""Operators that make a constant of constants, rounding nothing."""

COUNTING = ("Add", "Sub", "Mul", "Div")
"""Operators that do so for whole numbers."""

SHORT = 100
"""Entries up to which a constant is made of its shape alone."""

MOST = 10_000_000
"""Entries up to which a constant is computed: a file of a few lines could ask for any number."""


def shape_of(shape: Sequence[int], start: int, end: int | None) -> Pair:
    """What the operator Shape gives for a tensor of that shape, the batch first, for both batches."""
    import numpy as np

    first, second = (np.array([batch, *shape][start:end], np.int64) for batch in BATCHES)
    return first, second


def computed(onnx: Any, node: Any, opset: Any, given: dict[str, Pair]) -> dict[str, Pair]:
    """The outputs of a node for both batches; none where it computes something else, or does not fit together."""
    from onnx.reference import ReferenceEvaluator

    whole = all(value.dtype.kind == "i" for pair in given.values() for value in pair)
    known = node.op_type in MOVING or (whole and node.op_type in COUNTING)
    if node.op_type == "ConstantOfShape":  # lists of pads are made of it
        known = whole and all(value.prod() <= SHORT for pair in given.values() for value in pair)
    entries = [pair[0].size for pair in given.values()]
    most = prod(entries) if node.op_type in (*COUNTING, "Gather") else sum(entries)
    if not given or not known or most > MOST:
        return {}
    try:
        inputs = [
            onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(pair[0].dtype), pair[0].shape)
            for name, pair in given.items()
        ]
        outputs = [onnx.ValueInfoProto(name=each) for each in node.output]
        graph = onnx.helper.make_graph([node], "constant", inputs, outputs)
        run = ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=list(opset)))
        first, second = (run.run(None, {name: pair[n] for name, pair in given.items()}) for n in (0, 1))
    except Exception:  # the evaluator's own errors are of any kind
        return {}
    return {each: (a, b) for each, a, b in zip(node.output, first, second, strict=True) if a.shape == b.shape}


def sizes(pair: Pair) -> np.ndarray[Any, Any] | None:
    """Sizes, with BATCH where the batch stands; None where something else depends on it."""
    import numpy as np

    first, second = pair
    batch = (first == BATCHES[0]) & (second == BATCHES[1])
    if not ((first == second) | batch).all():
        return None
    return np.where(batch, BATCH, first)
