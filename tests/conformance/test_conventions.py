"""The table of docs/explanation/conventions.md: each of its cells on a framework that is installed is tried out there."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symconv as sc

PAGE = Path(__file__).parent.parent.parent / "docs" / "explanation" / "conventions.md"
if not PAGE.is_file():
    pytest.skip("the documentation is not here", allow_module_level=True)


def _table() -> dict[str, dict[str, str]]:
    """framework -> row -> cell."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    head, *rows = ([cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines)
    return {name.split(" ")[0]: {row[0]: row[n] for row in rows} for n, name in enumerate(head[1:], 1)}


TABLE = _table()
RUN = {"PyTorch": "torch", "TensorFlow": "tensorflow", "JAX": "jax", "ONNX": "onnx", "SciPy": "scipy"}
NETWORKS = [name for name in RUN if name != "SciPy"]
MODES = ("reflect", "symmetric", "replicate", "circular")
each_network = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    """A framework that is not there is skipped, visibly."""
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name:
        pytest.importorskip(RUN[name], reason=f"needs {name}: pip install -e '.[oracle,tensorflow]'")


def test_the_table_has_these_frameworks() -> None:
    assert list(TABLE) == [*RUN, "MATLAB"]
    assert all(cell for rows in TABLE.values() for cell in rows.values())


def cell(name: str, row: str) -> str:
    (found,) = [cell for said, cell in TABLE[name].items() if said.startswith(row)]
    return found


def laid_out(array: Any, letters: str, layout: str) -> Any:
    """An array whose axes are these letters, in the order of a layout such as "N H W C"."""
    return np.transpose(array, [letters.index(letter) for letter in layout.split()[:4]])


# One convolution in each framework: arrays in the framework's own layout, in and out ------------------------


def in_torch(x: Any, k: Any, stride: int, padding: Any) -> Any:
    import torch

    return torch.nn.functional.conv2d(
        torch.from_numpy(x.copy()), torch.from_numpy(k.copy()), None, stride, padding
    ).numpy()


def in_tensorflow(x: Any, k: Any, stride: int, padding: Any) -> Any:
    import tensorflow as tf

    given = padding if isinstance(padding, str) else [[0, 0], *map(list, padding), [0, 0]]
    return tf.nn.conv2d(x, k, stride, given).numpy()


def in_jax(x: Any, k: Any, stride: int, padding: Any) -> Any:
    import jax

    return np.asarray(jax.lax.conv_general_dilated(x, k, (stride, stride), padding))


def in_onnx(x: Any, k: Any, stride: int, padding: Any) -> Any:
    given = (
        {"auto_pad": padding}
        if isinstance(padding, str)
        else {"pads": [low for low, _ in padding] + [high for _, high in padding]}
    )
    return onnx_node("Conv", [x, k], strides=[stride, stride], **given)


def onnx_node(kind: str, inputs: list[Any], **attributes: Any) -> Any:
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    names = [f"i{n}" for n in range(len(inputs))]
    types = [helper.np_dtype_to_tensor_dtype(each.dtype) for each in inputs]
    values = [helper.make_tensor_value_info(n, t, each.shape) for n, t, each in zip(names, types, inputs, strict=True)]
    node = helper.make_node(kind, names, ["y"], **attributes)
    graph = helper.make_graph([node], "one", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    return ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))[0]


CONVOLUTION: dict[str, Callable[..., Any]] = {
    "PyTorch": in_torch,
    "TensorFlow": in_tensorflow,
    "JAX": in_jax,
    "ONNX": in_onnx,
}
NO_PADDING = {"PyTorch": 0, "TensorFlow": "VALID", "JAX": "VALID", "ONNX": "VALID"}


def both(
    name: str, asked: Any, stride: int = 1, size: tuple[int, int] = (5, 6), kernel: int = 2, **ours: Any
) -> tuple[Any, Any]:
    """The framework's output, with channels first, and that of symconv, for integers."""
    layer = sc.Conv(size, kernel, in_channels=2, out_channels=3, stride=stride, **ours)
    rng = np.random.default_rng(7)
    x, k = rng.integers(-9, 10, (1, 2, *size)), rng.integers(-9, 10, layer.kernel_shape)
    layout = cell(name, "input layout")
    given = (
        laid_out(x, "NCHW", layout).astype(np.float32),
        laid_out(k, "OIHW", cell(name, "kernel layout")).astype(np.float32),
    )
    theirs = CONVOLUTION[name](*given, stride, asked)
    back = [layout.split()[:4].index(letter) for letter in "NCHW"]
    return np.transpose(theirs, back)[0], (layer.to_numpy(k) @ x.ravel()).reshape(layer.output_shape)


@each_network
def test_the_layouts_and_that_the_kernel_is_not_reversed(name: str) -> None:
    assert cell(name, "kernel reversed?") == "no"
    theirs, ours = both(name, NO_PADDING[name], stride=2)
    assert np.array_equal(theirs, ours)
    assert not np.array_equal(theirs, both(name, NO_PADDING[name], stride=2, flip_kernel=True)[1])


@each_network
def test_padding_by_name(name: str) -> None:
    same, lower = {
        "PyTorch": ("same", None),
        "TensorFlow": ("SAME", None),
        "JAX": ("SAME", "SAME_LOWER"),
        "ONNX": ("SAME_UPPER", "SAME_LOWER"),
    }[name]
    assert [each for each in re.findall(r"`(\w+)`", cell(name, "padding by name")) if each.upper() != "VALID"] == [
        n for n in (same, lower) if n
    ]
    assert cell(name, "odd padding").startswith("behind")
    assert np.array_equal(*both(name, same, padding="same"))
    if lower:
        assert "in front" in cell(name, "odd padding")
        assert np.array_equal(*both(name, lower, padding="same_lower"))
    if cell(name, "`same` with a stride") == "refused":
        with pytest.raises(RuntimeError, match="stride"):
            both(name, same, stride=2, padding="same")
    else:
        assert cell(name, "`same` with a stride") == "⌈n/s⌉ outputs"
        assert np.array_equal(*both(name, same, stride=2, padding="same", kernel=3))


@each_network
def test_padding_by_numbers(name: str) -> None:
    said, pairs = cell(name, "padding by numbers"), [(1, 0), (2, 1)]
    if said == "one an axis":
        assert np.array_equal(*both(name, (1, 2), padding=(1, 2)))
        with pytest.raises((RuntimeError, TypeError)):
            both(name, pairs, padding=pairs)
        return
    assert said in ("pairs", "pairs, also negative", "all low, then all high")
    assert np.array_equal(*both(name, pairs, padding=pairs))
    cropped = [(-1, 0), (2, -1)]
    if "negative" in said:
        assert np.array_equal(*both(name, cropped, padding=cropped))
    elif name == "TensorFlow":
        from tensorflow.errors import OpError

        with pytest.raises(OpError):
            both(name, cropped, padding=cropped)


# Padding modes -----------------------------------------------------------------------------------------------


def padded(name: str, mode: str, line: Any) -> Any:
    """A line padded by two on each side, by the framework's own name of a mode."""
    if name == "PyTorch":
        import torch

        return torch.nn.functional.pad(torch.from_numpy(line)[None], (2, 2), mode=mode)[0].numpy()
    if name == "TensorFlow":
        import tensorflow as tf

        return tf.pad(line, [[2, 2]], mode=mode).numpy()
    if name == "JAX":
        import jax.numpy as jnp

        return np.asarray(jnp.pad(line, 2, mode=mode))
    if name == "ONNX":
        return onnx_node("Pad", [line, np.array([2, 2])], mode=mode)
    from scipy import ndimage, signal

    if mode in ("symm", "wrap"):  # of convolve2d, whose kernel here only looks one place aside
        kernels = [np.eye(1, 5, n) for n in range(5)]
        read = [partial(signal.convolve2d, line[None], kernel, "same", mode) for kernel in kernels]
        return np.concatenate([read[4]()[0][:2], line, read[0]()[0][-2:]])
    kernels = [np.eye(1, 5, n)[0] for n in range(5)]
    return np.concatenate([
        ndimage.correlate1d(line, kernels[0], mode=mode)[:2], line, ndimage.correlate1d(line, kernels[4], mode=mode)[-2:]
    ])  # fmt: skip


def names_of(name: str, mode: str) -> list[str]:
    """The framework's names of a mode, as its cell has them; the words in capitals are functions of it."""
    functions = ("tf.pad", "jnp.pad", "Pad", "ndimage")
    return [each for each in re.findall(r"`([\w.]+)`", cell(name, mode)) if each not in functions]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RUN)
def test_padding_modes(name: str, mode: str) -> None:
    from symconv.padding import MODES as OURS

    line = np.array([1, 2, 3, 4], dtype=np.float32)
    expected = [line[OURS[mode].source(t, 4)] for t in range(-2, 6)]
    names = names_of(name, mode)
    assert bool(names) is (cell(name, mode) != "none")
    for theirs in names:
        assert padded(name, theirs, line).tolist() == expected, theirs


@pytest.mark.parametrize("mode", MODES)
@each_network
def test_a_mode_that_is_missing_is_refused(name: str, mode: str) -> None:
    if cell(name, mode) != "none":
        return
    if name == "ONNX":  # its evaluator passes on what the operator does not have
        import onnx

        assert mode not in onnx.defs.get_schema("Pad").attributes["mode"].description
        return
    theirs = {"symmetric": ["symmetric"], "replicate": ["EDGE", "REPLICATE"], "circular": ["WRAP", "CIRCULAR"]}[mode]
    for each in theirs:
        with pytest.raises((NotImplementedError, ValueError)):
            padded(name, each, np.arange(4, dtype=np.float32))


@pytest.mark.parametrize("name", RUN)
def test_flattening_and_the_first_index(name: str) -> None:
    assert cell(name, "flattening") == "row by row"
    assert cell(name, "first index") == "0"
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    if name == "PyTorch":
        import torch

        flat = torch.from_numpy(grid).flatten().numpy()
    elif name == "TensorFlow":
        import tensorflow as tf

        flat = tf.reshape(grid, [-1]).numpy()
    elif name == "JAX":
        import jax.numpy as jnp

        flat = np.asarray(jnp.ravel(grid))
    elif name == "ONNX":
        flat = onnx_node("Flatten", [grid], axis=0)[0]
    else:
        flat = grid.ravel()
    assert flat.tolist() == list(range(6))
