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

import agreement
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
NO_MATRIX = "its weights are no matrix"
ONE_AXIS = "which are not all fixed"
AGREE = {"Conv": 32, "AveragePool": 19, "ConvTranspose": 12, "Gemm": 9, "Pad": 6, "Resize": 12, "SpaceToDepth": 4, "GlobalAveragePool": 2, "DepthToSpace": 2, "MatMul": 2}  # fmt: skip
"""How many of its models agree, by operator; the rest is refused, each with its reason."""
REFUSED_OPERATORS = {"Upsample": 1}
REFUSED = {
    "averagepool_2d_pads": HALF,
    "averagepool_2d_pads_count_include_pad": HALF,
    "averagepool_2d_dilations": GAPS,
    "averagepool_3d_dilations_small": GAPS,
    **{f"averagepool_3d_dilations_large_count_include_pad_is_{include}_ceil_mode_is_{ceil}": GAPS
       for include in (0, 1) for ceil in (False, True)},
    "convtranspose_output_shape": "which are more than the [9, 7] that it computes",
    "gemm_default_matrix_bias": "not one number for each of its 4 outputs",
    "gemm_transposeA": RIGHT,
    "gemm_all_attributes": RIGHT,
    "matmul_3d": NO_MATRIX,
    "matmul_4d": NO_MATRIX,
    "matmul_bcast": NO_MATRIX,
    "matmul_4d_1d": NO_MATRIX,
    "matmul_1d_3d": ONE_AXIS,
    "matmul_1d_1d": ONE_AXIS,
    "constant_pad": CONSTANT,
    "constant_pad_axes": CONSTANT,
    "constant_pad_negative_axes": CONSTANT,
    "ConstantPad2d": CONSTANT,
    "resize_downsample_sizes_linear_pytorch_half_pixel": "an axis of one output",
    **dict.fromkeys((f"resize_{up}" for up in (
        "upsample_scales_cubic", "upsample_scales_cubic_align_corners", "upsample_sizes_cubic", "downsample_sizes_cubic",
        "upsample_scales_cubic_asymmetric")), "the mode cubic is not known"),
    **dict.fromkeys((f"resize_{up}" for up in (
        "downsample_scales_nearest", "downsample_scales_linear", "downsample_scales_linear_align_corners",
        "downsample_scales_cubic", "downsample_scales_cubic_align_corners", "downsample_scales_linear_half_pixel_symmetric",
        "upsample_scales_linear_half_pixel_symmetric")), "are rounded; give the sizes"),
    **{f"resize_{way}sample_scales_cubic_A_n0p5_exclude_outside": "exclude_outside: not known" for way in ("up", "down")},
    **{f"resize_downsample_{how}_{mode}_antialias": "antialias: not known"
       for how in ("scales", "sizes") for mode in ("linear", "cubic")},
    **{f"resize_tf_crop_and_resize{end}": "with tf_crop_and_resize is not known"
       for end in ("", "_extrapolation_value", "_axes_2_3", "_axes_3_2")},
    **{f"resize_{way}sample_sizes_nearest_{than}": "keep_aspect_ratio_policy: not known"
       for way in ("up", "down") for than in ("not_larger", "not_smaller")},
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
    if any(node.op_type == "Resize" for node in model.graph.node):
        return copy  # its constants are scales
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
        if kind == "Resize":  # the evaluator rounds thirds
            np.testing.assert_allclose(ours.astype(float), theirs, rtol=1e-12, atol=1e-12, err_msg=name)
        else:
            assert (ours == theirs).all(), name
            agreement.compared["exactly"] += 1
        compared[kind] += 1
    if FULL:
        assert (compared, operators_refused, refused) == (AGREE, REFUSED_OPERATORS, set(REFUSED))
