"""An ONNX file as data: the model, and the numbers of its tensors. Nothing in it is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SpecError, Unsupported

if TYPE_CHECKING:
    import numpy as np

EXAMPLE = 'sc.from_onnx("model.onnx")'


def loaded(onnx: Any, model: Any) -> tuple[Any, Path | None]:
    """The model, and the folder in which its weights may lie."""
    if isinstance(model, onnx.ModelProto):
        return model, None
    folder = None
    if isinstance(model, (str, os.PathLike)):
        path = Path(model)
        if not path.is_file():
            raise SpecError("model", str(model), "is no file", EXAMPLE)
        model, folder = path.read_bytes(), path.parent
    if not isinstance(model, bytes):
        raise SpecError("model", model, "must be a path, bytes or an onnx.ModelProto", EXAMPLE)
    try:
        proto = onnx.load_model_from_string(model)
    except Exception:  # protobuf's own error, which it does not export
        proto = None
    if proto is None or not proto.graph.node:
        raise SpecError("model", model[:16], "is no ONNX model with nodes", EXAMPLE)
    return proto, folder


def array(onnx: Any, tensor: Any, folder: Path | None) -> np.ndarray[Any, Any]:
    """A constant's numbers; from another file only where that lies within the model's folder."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        entries: Mapping[str, str] = {each.key: each.value for each in tensor.external_data}
        tensor = _embedded(onnx, tensor, folder, entries)
    try:
        if min(tensor.dims, default=0) < 0:
            raise ValueError("no size is negative")
        numbers: np.ndarray[Any, Any] = onnx.numpy_helper.to_array(tensor)
    except (TypeError, ValueError, KeyError) as error:
        rule = f"its data are not those of a tensor of sizes {list(tensor.dims)} ({error})"
        raise SpecError("model", tensor.name, rule, "sizes and data that fit together") from None
    return numbers


def _embedded(onnx: Any, tensor: Any, given: Path | None, entries: Mapping[str, str]) -> Any:
    """A tensor with the bytes of another file put in."""
    location = entries.get("location", "")
    if given is None:
        raise Unsupported(
            f"the weights {tensor.name} lie in the file {location!r}; give the path of the model, so that its folder is known"
        )
    folder = Path(os.path.realpath(given))
    path = Path(os.path.realpath(folder / location.replace("\0", "")))
    if "\0" in location or folder not in path.parents or not path.is_file():
        raise Unsupported(f"the weights {tensor.name} lie in {location!r}, which is no file within the model's folder")
    places = {name: entries[name] for name in ("offset", "length") if name in entries}
    for name, value in places.items():
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            rule = f"is no {name} of {tensor.name} in {location!r}, which is a number of bytes"
            raise SpecError("model", value, rule, f"{name}=0")
    with path.open("rb") as file:
        file.seek(int(places.get("offset", 0)))
        raw = file.read(min(int(places.get("length", 2**63)), path.stat().st_size))
    copy = onnx.TensorProto()
    copy.CopyFrom(tensor)
    copy.data_location = onnx.TensorProto.DEFAULT
    del copy.external_data[:]
    copy.raw_data = raw
    expected = prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    if len(raw) != expected:
        raise SpecError(
            "model", location, f"holds {len(raw)} of the {expected} bytes of {tensor.name}", "the whole file"
        )
    return copy
