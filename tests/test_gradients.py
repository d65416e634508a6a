"""The gradients against PyTorch's autograd, exactly: small integers in float64 leave no rounding to forgive.

What is compared is what the proofs claim: the sums that are printed, the products, and the layers that are
named. Batches of two, every padding mode, and layers without a kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from damages import built
from lanes import many, some
from oracle import geometry
from test_known import pools, resamplings
from test_torch import FUNCTIONAL, MODES, plain_configs
from test_transposed import configurations

import symconv as sc
from symconv.adjoint import adjoint
from symconv.catalogue.bias_gradient import BatchBias, BiasSum, ByBias, RowSum
from symconv.catalogue.transpose import ADJOINT
from symconv.expressions import Times
from symconv.matrices import kernel_matrix
from symconv.steps.differentiating import InputSum, Reading, Solved, terms_of
from symconv.steps.differentiating_kernels import KernelSum, by_input
from symconv.steps.input_gradients import ByLayer
from symconv.steps.kernel_gradients import Correlated, Named
from symconv.sums import Factor, Span, number, variable

torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
BATCH = 2
Case = tuple[Any, Any]
"""A layer, and the function of (input, kernel, bias) that PyTorch computes."""


def convolutions() -> Iterator[Case]:
    """Every mode and every form of padding that F.pad has, and the kernel as it is and reversed."""
    for mode in MODES:
        forms = ("int", "per axis", "pairs", "full", "same_lower", *(("crop",) if mode == "zeros" else ()))
        for n, config in enumerate(plain_configs(61, 45, (mode,), forms)):
            each = geometry(config)
            if any(axis.length + min(axis.pad) < 0 for axis in each):
                continue  # F.pad cannot crop into the padding
            config |= {"flip_kernel": n % 4 == 0, "bias": n % 2 == 0}
            yield sc.Conv(**config), convolution(sc.Conv(**config), mode)


def convolution(layer: Any, mode: str) -> Any:
    rank = len(layer.input_size)
    pads = [side for pair in reversed(layer.padding) for side in pair]

    def run(x: Any, kernel: Any, bias: Any) -> Any:
        weight = torch.flip(kernel, tuple(range(2, rank + 2))) if layer.flip_kernel else kernel
        signal = torch.nn.functional.pad(x, pads, mode=FUNCTIONAL[mode])
        convolve = getattr(torch.nn.functional, f"conv{rank}d")
        return convolve(signal, weight, bias, layer.stride, 0, layer.dilation, layer.groups)

    return run


def transposed() -> Iterator[Case]:
    for config in configurations(62, 60):
        layer, rank = sc.ConvTranspose(**config), len(config["input_size"])
        convolve, padding = getattr(torch.nn.functional, f"conv_transpose{rank}d"), config["padding"]
        rest = (layer.output_padding, layer.groups, layer.dilation)
        yield layer, lambda x, k, b, f=convolve, s=layer.stride, p=padding, rest=rest: f(x, k, b, s, p, *rest)


def others() -> Iterator[Case]:
    """Fully connected layers, and those without a kernel."""
    for inputs, outputs, bias in ((1, 1, True), (3, 2, False), (2, 4, True)):
        yield sc.Linear(inputs, outputs, bias), lambda x, k, b: torch.nn.functional.linear(x, k, b)
    for config in pools(63, 30):
        layer, rank = sc.AvgPool(**config), len(config["input_size"])
        plain = {name: config[name] for name in ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")}
        if rank > 1:
            plain["divisor_override"] = config["divisor_override"]
        yield (
            layer,
            lambda x, k, b, rank=rank, plain=plain: getattr(torch.nn.functional, f"avg_pool{rank}d")(x, **plain),
        )
    for config in resamplings(64, 30):
        layer = sc.Upsample(**config)
        if layer.mode == "bilinear":
            continue  # PyTorch's own coefficients are rounded; test_known compares them with care
        yield (
            layer,
            lambda x, k, b, size=layer.sizes, mode=layer.mode: torch.nn.functional.interpolate(x, size, mode=mode),
        )
    yield sc.PixelShuffle((2, 3), 2, 2), lambda x, k, b: torch.nn.functional.pixel_shuffle(x, 2)


CASES = [*convolutions(), *transposed(), *others()]


SAMPLE = some(CASES, 50)


def gradients(case: Case, seed: int) -> dict[str, np.ndarray]:
    """Random numbers, and what autograd makes of them."""
    layer, run = case
    torch.manual_seed(seed)

    def integers(*shape: int) -> Any:
        return torch.randint(-9, 10, shape).double()

    x = integers(BATCH, *layer.input_shape).requires_grad_()
    kernel = integers(*layer.kernel_shape).requires_grad_() if layer.kernel_shape else None
    bias = integers(layer.output_shape[0]).requires_grad_() if layer.bias else None
    y = run(x, kernel, bias)
    assert tuple(y.shape[1:]) == layer.output_shape
    g = integers(*y.shape)
    y.backward(g)
    every = {"x": x, "k": kernel, "g": g, "dx": x.grad}
    every |= {"dk": kernel.grad} if kernel is not None else {}
    every |= {"db": bias.grad} if bias is not None else {}
    return {name: value.detach().numpy() for name, value in every.items() if value is not None}


def claim_of(proof: Any, *kinds: type[Any]) -> Any:
    return next((step.claim for step in reversed(proof.steps) if isinstance(step.claim, kinds)), None)


def test_there_are_two_hundred_of_every_kind_that_has_a_kernel() -> None:
    assert len(CASES) >= 270
    assert sum(layer.kernel_shape is not None for layer, _ in CASES) >= 200


def test_the_input_gradient_is_autograds() -> None:
    """The printed sum, term by term; and the layer with the transposed matrix, then P^T."""
    done = 0
    for n, case in enumerate(SAMPLE):
        layer, found = case[0], gradients(case, n)
        proof = built(layer, "input_gradient")
        if layer.read_map.nonzeros <= 300:
            total = summed(layer, claim_of(proof, Solved, InputSum), found)
            theirs = found["dx"].reshape(BATCH, -1)
            exact = isinstance(layer, sc.Conv | sc.ConvTranspose | sc.Linear)
            assert (total == theirs).all() if exact else np.allclose(total, theirs, 1e-12, 1e-12), layer
            done += 1
        made = claim_of(proof, ByLayer)
        if made is None:
            continue
        kernel = found["k"].ravel()[list(adjoint(layer).flat)].reshape(made.layer.kernel_shape)
        back = found["g"].reshape(BATCH, -1) @ made.layer.to_numpy(kernel).T
        if isinstance(made.right, Times):
            matrix = proof.matrices["P"]
            dense = np.zeros(matrix.shape)
            for row, cells in enumerate(matrix.rows):
                for column in cells:
                    dense[row, column] = 1
            back = back @ dense
        assert (back == found["dx"].reshape(BATCH, -1)).all(), layer
        assert (found["g"].reshape(BATCH, -1) @ layer.to_numpy(found["k"]) == found["dx"].reshape(BATCH, -1)).all()
    assert done >= many(200, 28)


def summed(layer: Any, claim: Any, found: dict[str, np.ndarray]) -> np.ndarray:
    """The sum that is printed, with numbers."""
    lines = layer.read_map.lines
    rows = [terms_of(line, claim, at) for at, line in enumerate(lines)]
    flat, g = found["k"].ravel() if "k" in found else None, found["g"].reshape(BATCH, -1)
    outputs, entries = [line.outputs for line in lines], [prod(line.kernel_shape) for line in lines]
    total = np.zeros((BATCH, prod(line.inputs for line in lines)))
    for x, at in enumerate(product(*(range(line.inputs) for line in lines))):
        for chosen in product(*(rows[line][p].items() for line, p in enumerate(at))):
            value, output, entry = 1.0, 0, 0
            for ((label, o), c), m, k in zip(chosen, outputs, entries, strict=True):
                value, output, entry = value * float(c), output * m + o, entry * k + (label or 0)
            total[:, x] += (value if flat is None else value * flat[entry]) * g[:, output]
    return total


def test_the_kernel_gradient_is_autograds() -> None:
    """U^T vec(G), G C^T group by group, and the convolution of every pair of channels; summed over the batch."""
    done = 0
    for n, case in enumerate(SAMPLE):
        layer = case[0]
        if layer.kernel_shape is None:
            with pytest.raises(sc.NotApplicable, match="no training changes"):
                sc.prove(layer, "kernel_gradient")
            continue
        found = gradients(case, n)
        proof = built(layer, "kernel_gradient")
        u, c = (proof.matrices[letter] for letter in "UC")
        by_u, by_c = np.zeros(prod(layer.kernel_shape)), np.zeros(prod(layer.kernel_shape))
        numbers = np.array(kernel_matrix(layer.read_map))
        channels = layer.read_map.channels
        block, members = c.shape[0] // channels.groups, channels.outputs // channels.groups
        made = claim_of(proof, Correlated)
        for x, g in zip(found["x"], found["g"], strict=True):
            by_u += dense(u, x).T @ g.ravel()
            columns, rows = dense(c, x), g.reshape(channels.outputs, -1)
            for channel in range(channels.outputs):
                first = channel // members * block
                by_c[numbers[channel]] += columns[first : first + block] @ rows[channel]
        theirs = found["dk"].ravel()
        assert (by_u == theirs).all(), layer
        assert (by_c == theirs).all(), layer
        if made is not None:  # one pair of channels, over the batch
            channel, tap = channels.outputs - 1, n % channels.taps
            source = channel // members * channels.taps + tap
            entries, by_conv = numbers[channel].reshape(channels.taps, -1)[tap], 0
            for x, g in zip(found["x"], found["g"], strict=True):
                kernel, signal = (x[source], g[channel]) if made.exchanged else (g[channel], x[source])
                by_conv = by_conv + made.layer.to_numpy(kernel[None, None]) @ signal.ravel()
            assert ((by_conv[::-1] if made.turned else by_conv) == theirs[entries]).all(), layer
        done += 1
    assert done >= many(200, 28)


def dense(matrix: Any, x: np.ndarray) -> np.ndarray:
    """A matrix of inputs with numbers for them."""
    result, flat = np.zeros(matrix.shape), x.ravel()
    for row, cells in enumerate(matrix.rows):
        for column, (at,) in cells.items():
            result[row, column] = flat[at]
    return result


def test_the_bias_gradient_is_autograds() -> None:
    done = 0
    for n, case in enumerate(SAMPLE):
        layer = case[0]
        if not layer.bias:
            with pytest.raises(sc.NotApplicable, match="it has no bias"):
                sc.prove(layer, "bias_gradient")
            continue
        found = gradients(case, n)
        spans = claim_of(built(layer, "bias_gradient"), BiasSum).spans
        at = tuple(np.array(span.at({})) for span in spans)
        summed = sum(g[(slice(None), *np.ix_(*at))].reshape(len(g), -1).sum(1) for g in found["g"])
        assert (summed == found["db"]).all(), layer
        done += 1
    assert done >= many(100, 12)


def test_sympy_agrees() -> None:
    done = 0
    for layer, _ in CASES[::24]:
        for theorem in ("input_gradient", "kernel_gradient", "bias_gradient"):
            if layer.read_map.nonzeros <= 200 and theorem in sc.theorems(layer):
                assert "sympy" in sc.prove(layer, theorem, check="all").check().levels
                done += 1
    assert done >= 12


# Damage -------------------------------------------------------------------------------------------

STRIDED = sc.Conv((6,), 3, 2, 2, stride=2, padding=1, groups=2, bias=True)
REFLECT = sc.Conv((4, 3), (3, 2), padding=1, padding_mode="reflect", flip_kernel=True)
BACK = sc.ConvTranspose((3,), 2, 2, 2, stride=3, output_padding=1, bias=True)


def broken() -> Iterator[tuple[str, Any, type[Any], Any]]:
    """A theorem, a layer, which claim, and what is said in its place."""
    for layer in (STRIDED, REFLECT, BACK):
        proof = built(layer, "input_gradient")
        axis = layer.read_map.lines[-1]
        reading: Reading = claim_of(proof, InputSum).lines[-1]
        lost = replace(reading, lies=variable(axis.letters.input) * 7)
        yield "input_gradient", layer, InputSum, lambda c, r=lost: InputSum((*c.lines[:-1], r))
        solved = claim_of(proof, Solved).lines[-1]
        for wrong in (
            replace(solved, output=solved.output * 1 + 1),
            replace(solved, span=Span(solved.span.name, number(0), number(0))),
            replace(solved, held=not solved.held),
            replace(solved, weights=(Factor("k", (number(0),)),)),
        ):
            yield "input_gradient", layer, Solved, lambda c, w=wrong: Solved((*c.lines[:-1], w))
        yield "input_gradient", layer, ByLayer, lambda c: replace(c, right=(ADJOINT if c.right != ADJOINT else "W"))
        yield "input_gradient", layer, ByLayer, lambda c: replace(c, layer=sc.Conv((9,), 2))
        yield "kernel_gradient", layer, Correlated, lambda c: replace(c, turned=not c.turned)
        yield "kernel_gradient", layer, Correlated, lambda c: replace(c, exchanged=not c.exchanged)
        yield "kernel_gradient", layer, Correlated, lambda c: replace(c, layer=replace(c.layer, kernel_size=1))
        yield "kernel_gradient", layer, Named, lambda c: Named("W")
        yield "kernel_gradient", layer, KernelSum, lambda c: KernelSum(c.sums[::-1] if len(c.sums) > 1 else ())
        if layer.bias:
            yield "bias_gradient", layer, ByBias, lambda c: ByBias(())
            yield "bias_gradient", layer, BiasSum, lambda c: BiasSum(c.spans[1:])
            yield "bias_gradient", layer, RowSum, lambda c: replace(c, columns=c.columns + 1)
            yield "bias_gradient", layer, BatchBias, lambda c: None


@pytest.mark.parametrize(("theorem", "layer", "kind", "change"), list(broken()))
def test_what_is_wrong_is_refused(theorem: str, layer: Any, kind: type[Any], change: Any) -> None:
    proof = built(layer, theorem)
    assert proof.check().ok
    steps = tuple(
        replace(step, claim=change(step.claim)) if isinstance(step.claim, kind) else step for step in proof.steps
    )
    assert steps != proof.steps
    assert not replace(proof, steps=steps).check().ok


def test_a_kernel_entry_is_differentiated_wherever_its_input_lies() -> None:
    """Circular, kernel as long as the input: every kernel entry reads every input, and the sum collects them."""
    layer = sc.Conv((3,), 3, padding=1, padding_mode="circular")
    (claimed,) = claim_of(built(layer, "kernel_gradient"), KernelSum).sums
    terms = by_input(layer.read_map.lines[0], claimed)
    assert {label: sorted(row) for label, row in terms.items()} == {
        0: [(0, 1), (1, 2), (2, 0)], 1: [(0, 0), (1, 1), (2, 2)], 2: [(0, 2), (1, 0), (2, 1)],
    }  # fmt: skip
