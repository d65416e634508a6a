"""Two layers as one and one as two: round trips on rational kernels, the fewest channels, and the theorem."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lanes import many, some
from test_composition import kernels_for, stacks
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv.algebra.kernel_polynomials import two_factors
from symconv.render import FORMATS
from symconv.stacks.composite import Composite, convolutions, verdict
from symconv.stacks.halves import deltas, enough, first_size, owner, starts

Conv = sc.Conv


def rational(rng: random.Random, shape: tuple[int, ...]) -> np.ndarray:
    """A kernel of small fractions, a third of them zero."""
    array = np.empty(prod(shape), object)
    array[:] = [Fraction(rng.choice((0, 1, -1, 2, 3, -5)), rng.choice((1, 1, 2, 3))) for _ in array]
    return array.reshape(shape)


def parents(seed: int, count: int) -> list[tuple[Any, Any]]:
    """Layers to split, with what to ask for."""
    rng = random.Random(seed)
    found: list[tuple[Any, Any]] = []
    while len(found) < count:
        if rng.random() < 0.1:
            found.append((sc.Linear(rng.randint(1, 4), rng.randint(1, 4), rng.random() < 0.5), None))
            continue
        rank = rng.choice((1, 1, 2, 3))
        kernel = tuple(rng.randint(1, (5, 3, 2)[rank - 1]) for _ in range(rank))
        try:
            layer = Conv(
                tuple(rng.randint(3, (9, 6, 3)[rank - 1]) for _ in kernel), kernel, rng.choice((1, 1, 2, 3)), rng.choice((1, 1, 2, 3)),
                rng.choice((1, 1, 2)), rng.choice((0, 1)), rng.choice((1, 1, 2)), 1, rng.random() < 0.3,
                rng.choice(("zeros", "circular", "reflect", "replicate", "symmetric")), rng.random() < 0.3, rng.choice((1, 1, 2)),
            )  # fmt: skip
        except sc.SpecError:
            continue
        found.append((layer, rng.choice((None, tuple(rng.randint(1, k) for k in kernel)))))
    return found


def test_200_round_trips() -> None:
    """Split and merged again, a kernel of fractions is itself: as a matrix, and as a kernel."""
    rng = random.Random(2)
    widths = set()
    for layer, first in parents(1, many(200, 40)):
        kernel = rational(rng, layer.kernel_shape)
        found = sc.split(layer, kernel, first)
        assert (found.stack.to_numpy(found.kernels) == layer.to_numpy(kernel)).all(), layer
        assert found.width <= enough(layer, first_size(layer, first))[0]
        widths.add(found.width)
        if isinstance(layer, Conv) and found.stack.terms <= 3000:  # merging multiplies symbols out
            biases = [None, [0] * layer.out_channels] if layer.bias else None
            merged = sc.merge(found.stack, found.kernels, biases)
            assert (merged.layer.to_numpy(merged.kernel) == layer.to_numpy(kernel)).all()
            if merged.layer.kernel_size == layer.kernel_size:
                assert (merged.kernel == kernel).all()
        wider = sc.split(layer, kernel, first, found.width + 1)
        assert wider.width == found.width + 1
        assert (wider.stack.to_numpy(wider.kernels) == layer.to_numpy(kernel)).all()
    assert len(widths) > 4


def test_children_to_parent_on_random_stacks() -> None:
    """The merged kernel gives the matrix and the bias of the stack; what is no convolution is refused with the reason."""
    merged = refused = 0
    for number, stack in enumerate(stacks(31, convolutions_only=True)):
        if convolutions(stack) is not None:
            continue
        kernels, biases = kernels_for(stack, number)
        found = verdict(stack)
        if isinstance(found, Composite) and found.layer.bias == stack.bias:
            one = sc.merge(stack, kernels, biases)
            assert (one.layer.to_numpy(one.kernel) == stack.to_numpy(kernels)).all()
            if one.bias is not None:
                zero = stack.bias_vector().subs(_values(stack, kernels, biases))
                each = prod(stack.output_shape[1:])
                assert list(zero) == [value for value in one.bias for _ in range(each)]
            merged += 1
        else:
            with pytest.raises(sc.NotApplicable, match=r"would be equal|not the same all over a channel"):
                sc.merge(stack, kernels, biases)
            refused += 1
        if merged > many(60, 12) and refused > many(20, 4):
            return


def _values(stack: sc.Sequential, kernels: list[Any], biases: list[Any]) -> dict[Any, int]:
    _, k, b = stack.symbols()
    pairs = [
        (symbols, numbers)
        for symbols, numbers in zip([*k, *b], [*kernels, *biases], strict=True)
        if numbers is not None
    ]
    return {
        s: int(n)
        for symbols, numbers in pairs
        for s, n in zip(symbols.reshape(numbers.size), numbers.flat, strict=True)
    }


def test_one_channel_exactly_where_the_polynomial_is_a_product() -> None:
    """Every kernel of two or three small integers, decided by its discriminant: which is not how it is factored."""
    for a, b, c in some(product(range(-3, 4), repeat=3), 60):
        square = b * b - 4 * a * c
        root = round(abs(square) ** 0.5)
        splits = (square >= 0 and root * root == square) or a == 0 or c == 0
        found = sc.split(Conv((5,), 3), [[[a, b, c]]])
        assert found.width == (1 if splits else 2), (a, b, c)
        assert found.smallest
        if not splits:
            with pytest.raises(sc.NotApplicable, match="irreducible over the rationals; 2 channels do"):
                sc.split(Conv((5,), 3), [[[a, b, c]]], width=1)


def test_products_are_found_again() -> None:
    """A product of two kernels of one channel needs one channel in between, in one and two dimensions."""
    rng = random.Random(4)
    for _ in range(many(60, 12)):
        rank = rng.choice((1, 2))
        one, other = (tuple(rng.randint(1, 3) for _ in range(rank)) for _ in range(2))
        stack = sc.Sequential(Conv((6,) * rank, one), Conv(tuple(7 - k for k in one), other))
        kernels = [rational(rng, shape or ()) for shape in stack.kernel_shape]
        merged = sc.merge(stack, kernels)
        again = sc.split(
            Conv((6,) * rank, tuple(a + b - 1 for a, b in zip(one, other, strict=True))), merged.kernel, one
        )
        assert again.width == 1
        assert (again.stack.to_numpy(again.kernels) == stack.to_numpy(kernels)).all()


def test_why_so_few_do_not_do() -> None:
    four = [[[1, 0, 1, 0, 1]]]  # (t^2 - t + 1) (t^2 + t + 1)
    assert sc.split(Conv((6,), 5), four).width == 1
    with pytest.raises(sc.NotApplicable, match=r"sizes \(2,\) and \(4,\): over the rationals .* cannot be shared out"):
        sc.split(Conv((6,), 5), four, first=2, width=1)
    rank_two = [[1, 2, 3], [2, 4, 6], [1, 1, 1]]
    assert sc.split(sc.Linear(3, 3), rank_two).width == 2
    with pytest.raises(sc.NotApplicable, match="needs at least 2"):
        sc.split(sc.Linear(3, 3), rank_two, width=1)
    with pytest.raises(sc.Unsupported, match="8 channels in between do; whether 2 do is not known"):
        sc.split(Conv((5, 5), 3, 2, 2), np.arange(36).reshape(2, 2, 3, 3) % 7, width=2)
    for layer, said in ((Conv((4,), 2, 2, 2, groups=2), "2 groups"), (sc.AvgPool((4,), 2), "only a convolution")):
        with pytest.raises(sc.NotApplicable, match=said):
            sc.split(layer, [[[1, 2]]])


def test_bad_input_teaches() -> None:
    layer, stack = Conv((5,), 3), sc.Sequential(Conv((5,), 2), Conv((4,), 2, bias=True))
    for call, said in (
        (lambda: sc.split(layer, [1, 2, 3]), r"must have the shape \(1, 1, 3\)"),
        (lambda: sc.split(layer, [[["a", 1, 2]]]), "integers, fractions or finite floats"),
        (lambda: sc.split(layer, [[[float("nan"), 1, 2]]]), "integers, fractions or finite floats"),
        (lambda: sc.split(layer, [[[1, 2, 3]]], first=4), "first=3"),
        (lambda: sc.split(layer, [[[1, 2, 3]]], width=0), "width"),
        (lambda: sc.merge(stack, [[[[1, 1]]], [[[1, 1]]]]), r"biases=None: layer 2 needs one of shape \(1,\)"),
        (lambda: sc.merge(stack, [[[[1, 1]]]]), "one for each of the 2 layers"),
        (lambda: sc.merge(layer, []), "must be a stack"),
    ):
        with pytest.raises(sc.SpecError, match=said):
            call()
    assert sc.split(layer, [[[0.5, 1.25, 0.5]]]).width == 1  # floats are the fractions that they are


def test_what_is_no_convolution_is_not_merged() -> None:
    for stack, kernels, biases, said in (
        (sc.Sequential(Conv((4,), 2), sc.AvgPool((3,), 2)), [[[[1, 1]]], None], None, "layer 2 is no convolution"),
        (sc.Sequential(Conv((4,), 2), Conv((3,), 2, input_dilation=2)), [[[[1, 1]]]] * 2, None,
         "layer 2 puts zeros between its inputs"),
        (sc.Sequential(Conv((4,), 3, padding=2, bias=True), Conv((6,), 1, padding=1)), [[[[1, 1, 1]]], [[[1]]]], [[1], None],
         "has the matrix of a convolution, but adds a bias that is not the same all over a channel"),
    ):  # fmt: skip
        with pytest.raises(sc.NotApplicable, match=said):
            sc.merge(stack, kernels, biases)


def test_windows_cover_the_kernel_once() -> None:
    for size in range(1, 9):
        for part in range(1, size + 1):
            owned = [owner(size, part, at) for at in range(size)]
            assert [starts(size, part)[n] + within for n, within in owned] == list(range(size))
            assert all(within < part for _, within in owned)
            assert max(starts(size, part)) == size - part


def test_the_symbolic_kernels_multiply_to_k() -> None:
    """The theorem's h and g, with numbers put in, by NumPy: the sum over the channel of full convolutions."""
    rng = random.Random(6)
    for layer, first in parents(3, 40):
        sizes = first_size(layer, first)
        kernel = rational(rng, layer.kernel_shape)
        h, g = ([_at(entry, kernel) for entry in each] for each in deltas(layer, sizes))
        width = enough(layer, sizes)[0]
        inputs, outputs = layer.kernel_shape[1], layer.kernel_shape[0]
        rest = tuple(k - own + 1 for k, own in zip(layer.kernel_shape[2:], sizes, strict=True))
        one, other = (
            np.array(h, object).reshape(width, inputs, *sizes),
            np.array(g, object).reshape(outputs, width, *rest),
        )
        total = np.zeros(layer.kernel_shape, object)
        for u in product(*map(range, sizes)):
            for v in product(*map(range, rest)):
                at = tuple(a + b for a, b in zip(u, v, strict=True))
                total[(slice(None), slice(None), *at)] += (
                    other[(slice(None), slice(None), *v)] @ one[(slice(None), slice(None), *u)]
                )
        assert (total == kernel).all()


def _at(entry: dict[tuple[int, ...], int], kernel: np.ndarray) -> Any:
    return sum(c * prod(kernel.reshape(-1)[list(u)].tolist()) for u, c in entry.items())


# The theorem --------------------------------------------------------------------------------------------

PAGES = {
    "three taps": (Conv((6,), 3), {}),
    "channels": (Conv((5, 5), 3, 2, 1, 2, 1, bias=True), {}),
    "circular": (Conv((4,), 3, 1, 2, padding=1, padding_mode="circular"), {}),
    "first": (Conv((9,), 5), {"first": 2}),
    "one tap": (Conv((3, 3), 1, 2, 3), {}),
    "linear": (sc.Linear(3, 2, True), {}),
    "reversed": (Conv((4, 5), (2, 3), flip_kernel=True), {"first": (1, 2)}),
}


@pytest.mark.parametrize("name", some(PAGES, 4))
def test_the_theorem(name: str, pdflatex: str, tmp_path: Path) -> None:
    layer, options = PAGES[name]
    proof = sc.prove(layer, "morphism", check="all", **options)
    text = str(proof)
    assert max(map(len, text.splitlines())) <= 80
    assert "Conv(" not in text
    for format in FORMATS:
        assert proof.render(format) == sc.prove(layer, "morphism", check="all", **options).render(format)
    assert_clean(compile_log(pdflatex, tmp_path, proof.render("latex", standalone=True)))
    least = layer.kernel_shape[:2] == (1, 1) and len(layer.kernel_shape) == 3
    assert ("irreducible" in [step.rule.name for step in proof.steps]) == least


def test_the_kernel_that_one_channel_does_not_do_for() -> None:
    """The proof's own example is refused by the factoring."""
    from symconv.steps.factoring import least_kernel

    for size in range(3, 9):
        for first in range(2, size):
            kernel = least_kernel(Conv((size,), size), first)
            assert kernel is not None
            assert sc.split(Conv((size,), size), [[kernel]], first).width > 1
            with pytest.raises(sc.NotApplicable, match="irreducible"):
                sc.split(Conv((size,), size), [[kernel]], first, width=1)


def test_a_refused_merge_claims_no_more_than_is_known() -> None:
    """This stack is a convolution with more reflect padding, and none padded with zeros."""
    stack = sc.Sequential(
        Conv((4,), 1, 1, 2, stride=2, padding=1, padding_mode="reflect"),
        Conv((3,), 2, 2, 2, padding=((0, 2),), dilation=2, groups=2, padding_mode="reflect"),
    )
    kernels = [[[[3]], [[5]]], [[[7, 11]], [[13, 17]]]]
    assert sc.recognise(
        stack.to_numpy(kernels),
        input_shape=(1, 4),
        output_shape=(2, 3),
        kernel_size=3,
        stride=2,
        padding=3,
        dilation=2,
        padding_mode="reflect",
    )
    with pytest.raises(
        sc.NotApplicable,
        match=r"it is no convolution of stride \(2,\) and input dilation \(1,\) padded with zeros, where entries",
    ):
        sc.merge(stack, kernels)


@pytest.mark.parametrize("given", [5, None, "ab", iter([])])
def test_kernels_of_a_merge_that_are_no_sequence(given: Any) -> None:
    with pytest.raises(sc.SpecError, match=r"kernels=.* must be a sequence of one for each of the 2 layers"):
        sc.merge(sc.Sequential(Conv((5,), 2), Conv((4,), 2)), given)


def test_many_factors_are_shared_out_by_their_degrees() -> None:
    """Twenty quadratic factors and an odd degree asked for: a million shares, and forty degrees."""
    kernel = np.array([1], object)
    for n in range(1, 21):
        kernel = np.convolve(kernel, np.array([n, 0, 1], object))
    assert two_factors(list(kernel), (41,), (20,)) is None
    found = two_factors(list(kernel), (41,), (21,))
    assert found is not None
    assert (np.convolve(*(np.array(each, object) for each in found)) == kernel).all()


def test_a_width_that_fills_the_memory_is_refused() -> None:
    with pytest.raises(sc.TooLarge, match="kernels with 100000000 channels in between have 300,000,000 entries"):
        sc.split(Conv((3,), 2), [[[1, 2]]], first=1, width=10**8)
