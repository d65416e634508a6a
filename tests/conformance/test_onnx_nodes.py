"""ONNX's backend tests: each model that holds one of our operators, with its own data, and again with integers.

The node tests are made by the package itself; those converted from PyTorch lie in it as files. Their data are mostly
rounded to float32, and so are their answers; integers through ONNX's reference evaluator must agree exactly.
"""

from __future__ import annotations

import importlib
import random
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agreement import SCALE, integers
from lanes import FULL, some

import symconv as sc

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")

from onnx import TensorProto, numpy_helper  # noqa: E402
from onnx.backend.test import loader  # noqa: E402
from onnx.backend.test.case import node  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

OURS = {"Conv", "ConvTranspose", "AveragePool", "GlobalAveragePool", "Pad", "DepthToSpace", "SpaceToDepth", "Resize", "Upsample",
        "Gemm", "MatMul"}  # fmt: skip
MODULES = [name.lower() for name in sorted(OURS)]
AVERAGES = {"AveragePool", "GlobalAveragePool"}

GAPS, NONE = "its window has gaps", "there is no conversion for it"
HALF = "at most half the kernel"
CONSTANT = "only padding with zeros, or of the modes reflect, edge and wrap, is known"
RIGHT = "its input is on the right, or"
ONE_AXIS = "which are not all fixed"
AGREE = {"Conv": 32, "AveragePool": 19, "ConvTranspose": 12, "Gemm": 9, "Pad": 6, "GlobalAveragePool": 2, "DepthToSpace": 1, "MatMul": 1}  # fmt: skip
"""How many of its models agree, by operator; the rest is refused, each with its reason."""
REFUSED_OPERATORS = {"Resize": 39, "SpaceToDepth": 4, "Upsample": 1}
REFUSED = {
    "averagepool_2d_pads": HALF,
    "averagepool_2d_pads_count_include_pad": HALF,
    "averagepool_2d_dilations": GAPS,
    "averagepool_3d_dilations_small": GAPS,
    **{f"averagepool_3d_dilations_large_count_include_pad_is_{include}_ceil_mode_is_{ceil}": GAPS
       for include in (0, 1) for ceil in (False, True)},
    "convtranspose_output_shape": "its output_shape is larger than what it computes",
    "depthtospace_example": "only the mode CRD, which is the pixel shuffle, is known",
    "gemm_default_matrix_bias": "not one number for each of its 4 outputs",
    "gemm_transposeA": RIGHT,
    "gemm_all_attributes": RIGHT,
    "matmul_3d": RIGHT,
    "matmul_4d": RIGHT,
    "matmul_bcast": RIGHT,
    "matmul_4d_1d": RIGHT,
    "matmul_1d_3d": ONE_AXIS,
    "matmul_1d_1d": ONE_AXIS,
    "constant_pad": CONSTANT,
    "constant_pad_axes": CONSTANT,
    "constant_pad_negative_axes": CONSTANT,
    "ConstantPad2d": CONSTANT,
    "Linear_no_bias": "Transpose_0 (Transpose) is not converted",
}  # fmt: skip
"""Model -> part of the reason why it is not converted."""


def models() -> Iterator[tuple[str, Any, list[Any], Any]]:
    """Name, model, inputs and output of every test case that is one operator of ours (converted models: with its weights)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in MODULES:  # importing one makes its cases
            importlib.import_module(f"{node.__name__}.{module}")
    for case in node._NodeTestCases:
        if len(case.model.graph.node) == 1 and case.model.graph.node[0].op_type in OURS:
            for inputs, outputs in case.data_sets:
                yield case.name, case.model, list(inputs), outputs[0]
    for folder in sorted(Path(loader.DATA_DIR, "pytorch-converted").iterdir()):
        model = onnx.load(folder / "model.onnx")
        if {node.op_type for node in model.graph.node} & OURS:
            yield folder.name, model, [loaded(folder, "input_0")], loaded(folder, "output_0")


def loaded(folder: Path, name: str) -> np.ndarray:
    tensor = TensorProto.FromString((folder / "test_data_set_0" / f"{name}.pb").read_bytes())
    return numpy_helper.to_array(tensor)


def frozen(model: Any, weights: list[Any]) -> Any:
    """The model in float64 with all inputs but the first as constants, which from_onnx takes for the weights."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    kept = {each.name for each in copy.graph.initializer}
    names = [each.name for each in copy.graph.input if each.name not in kept]
    inputs = [each for each in copy.graph.input if each.name == names[0]]
    tensors = [*copy.graph.initializer] + [numpy_helper.from_array(np.asarray(value), name) for name, value in zip(names[1:], weights, strict=True)]  # fmt: skip
    double = [widened(each) for each in tensors]
    del copy.graph.initializer[:], copy.graph.input[:]
    copy.graph.initializer.extend(double)
    inputs[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    copy.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    copy.graph.input.extend(inputs)
    return copy


def widened(tensor: Any) -> Any:
    array = numpy_helper.to_array(tensor)
    return numpy_helper.from_array(array.astype(np.float64) if array.dtype == np.float32 else array, tensor.name)


def renewed(model: Any, rng: random.Random) -> Any:
    """The same model with integers for its weights."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    arrays = [(each.name, numpy_helper.to_array(each)) for each in copy.graph.initializer]
    del copy.graph.initializer[:]
    for name, array in arrays:
        fresh = integers(rng, array.shape).astype(np.float64) if array.dtype == np.float64 else array
        copy.graph.initializer.append(numpy_helper.from_array(fresh, name))
    return copy


@pytest.mark.filterwarnings("ignore")
def test_every_model_of_the_backend_tests() -> None:
    compared, refused, operators_refused = Counter[str](), set(), Counter[str]()
    for name, model, given, answer in some(models(), 30):
        rng = random.Random(name)
        operators = {node.op_type for node in model.graph.node}
        (kind,) = operators & OURS
        x, *weights = (np.asarray(each) for each in given)
        fixed = frozen(model, weights)
        try:
            dense = sc.fully_connected(sc.from_onnx(fixed))
            reasons = [each.reason for each in dense.refused.values()]
        except sc.SymconvError as error:
            reasons = [str(error)]
        if reasons:
            if kind in REFUSED_OPERATORS:
                assert NONE in reasons[0]
                operators_refused[kind] += 1
            else:
                assert REFUSED[name.removeprefix("test_")] in reasons[0]
                refused.add(name.removeprefix("test_"))
            continue
        ours = dense(x.astype(np.float64))
        assert ours.shape == answer.shape, name
        np.testing.assert_allclose(ours, answer, rtol=5e-5, atol=1e-4, err_msg=name)
        whole = renewed(fixed, rng)
        numbers = integers(rng, x.shape, SCALE if operators & AVERAGES else 1)
        dense = sc.fully_connected(sc.from_onnx(whole))
        ours = dense(numbers)
        (theirs,) = ReferenceEvaluator(whole).run(None, {whole.graph.input[0].name: numbers.astype(np.float64)})
        assert (ours == theirs).all(), name
        compared[kind] += 1
    if FULL:
        assert (compared, operators_refused, refused) == (AGREE, REFUSED_OPERATORS, set(REFUSED))
