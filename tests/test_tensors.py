"""PyTorch's tensors as they come out of a model: in training, of every dtype and layout, given wherever numbers are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symconv as sc
from symconv.tensors import as_numpy

torch = pytest.importorskip("torch", reason="install torch==2.13.0 to give its tensors")

STACK = sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 1))
W = [[1.0, -2, 0, 0], [0, 1, -2, 0], [0, 0, 1, -2]]
TAKERS: dict[str, Callable[[Any, Any], Any]] = {
    "to_numpy": lambda kernel, matrix: sc.Conv((4,), 2).to_numpy(kernel),
    "to_torch": lambda kernel, matrix: sc.Conv((4,), 2).to_torch(kernel).linear.weight,
    "stack": lambda kernel, matrix: STACK.to_numpy([kernel, torch.ones(1, 1, 1)]),
    "merge": lambda kernel, matrix: sc.Conv((4,), 2).to_numpy(sc.merge(STACK, [kernel, [[[1]]]]).kernel),
    "split": lambda kernel, matrix: (found := sc.split(sc.Conv((4,), 2), kernel)).stack.to_numpy(found.kernels),
    "recognise": lambda kernel, matrix: sc.Conv((4,), 2).to_numpy(
        sc.recognise(matrix, input_shape=(1, 4), output_shape=(1, 3)).kernel
    ),
    "project": lambda kernel, matrix: sc.Conv((4,), 2).to_numpy(sc.project(matrix, sc.Conv((4,), 2)).kernel),
}
FORMS: dict[str, Callable[[Any], Any]] = {
    "in training": lambda tensor: torch.nn.Parameter(tensor),
    "of a computation": lambda tensor: tensor.requires_grad_() * 1,
    "half": lambda tensor: tensor.half(),
    "bfloat16": lambda tensor: tensor.bfloat16(),
    "integers": lambda tensor: tensor.int(),
    "not contiguous": lambda tensor: torch.stack([tensor, tensor], -1)[..., 0],
    "negated": lambda tensor: torch._neg_view(-tensor),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("taker", TAKERS)
def test_tensors_are_taken_as_they_come(taker: str, form: str) -> None:
    kernel, matrix = (FORMS[form](torch.tensor(each)) for each in ([[[1.0, -2.0]]], W))
    found = TAKERS[taker](kernel, matrix)
    assert np.array_equal(np.asarray(found.detach().double() if taker == "to_torch" else found, float), W)


def test_to_torch_keeps_a_dtype_that_numpy_has_not() -> None:
    linear, sparse = sc.Conv((4,), 2).to_torch(torch.tensor([[[1.0, -2.0]]], dtype=torch.bfloat16))
    assert linear.weight.dtype == sparse.dtype == torch.bfloat16


def test_other_layouts_are_the_dense_tensor() -> None:
    dense = torch.tensor(W)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tensor in (dense.to_sparse(), dense.to_sparse_csr(), torch.quantize_per_tensor(dense, 0.5, 0, torch.qint8)):
            assert np.array_equal(as_numpy(tensor, "W"), W)
    assert as_numpy(torch.tensor([1 + 2j]).conj(), "W").tolist() == [1 - 2j]


def test_what_holds_no_numbers_is_refused() -> None:
    kernel = torch.empty(1, 1, 2, device="meta")
    for taker in ("to_numpy", "merge", "split"):
        with pytest.raises(sc.SpecError, match=r"device 'meta'.*has no numbers"):
            TAKERS[taker](kernel, None)
