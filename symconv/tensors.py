"""Tensors of PyTorch as arrays of NumPy, without importing PyTorch."""

from __future__ import annotations

from typing import Any

from .errors import SpecError


def as_numpy(value: Any, name: str) -> Any:
    """A tensor, also one that is being trained, as a NumPy array of the same numbers; anything else as it is.

    What NumPy has no type for (bfloat16 and narrower) becomes float64, which holds every such number. A sparse or
    quantised tensor becomes the dense one that it stands for.

    Raises
    ------
    SpecError
        A tensor without numbers, on the device "meta".
    """
    if not hasattr(value, "detach"):
        return value
    if getattr(value, "is_meta", False):
        raise SpecError(
            name, "a tensor on the device 'meta'", "has no numbers", 'module.to_empty(device="cpu"), then its weights'
        )
    tensor = value.detach().cpu()
    if getattr(tensor, "is_quantized", False):
        tensor = tensor.dequantize()
    if "strided" not in str(tensor.layout):
        tensor = tensor.to_dense()
    if "bfloat16" in str(tensor.dtype) or "float8" in str(tensor.dtype):
        tensor = tensor.double()
    return tensor.resolve_conj().resolve_neg().numpy()
