"""Laws that hold for every layer, as properties: Hypothesis looks for one that breaks them, and shrinks it.

Numbers decide symbols here. With the kernel 1, 2, 4, 8, ... an entry of W says which kernel entries it is a sum of,
and with an input of powers of a number that is larger than any entry one output says its whole row of W. So one run
of the definition on integers is compared with the whole symbolic W, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from string import ascii_lowercase
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import convolutions, lane, layers, stacks, transposed, with_kernel

import symconv as sc
from symconv.adjoint import adjoint
from symconv.documents.notation import ARRAYS, GREEK, letters
from symconv.expressions import Times
from symconv.flattening import ORDERS
from symconv.general import _MODULES as GENERAL
from symconv.identities import Whole
from symconv.matrices import LabelledMatrix, NumberMatrix, matrix_of, order_of, reads
from symconv.padding import MODES
from symconv.render import FORMATS, page
from symconv.sums import WEIGHT

Layer = Any


def weights(layer: Layer) -> list[int]:
    """A kernel whose sums say which of its entries they are made of."""
    return [1 << u for u in range(entries(layer))]


def entries(layer: Layer) -> int:
    """How many entries the kernel has."""
    return 0 if layer.kernel_shape is None else prod(layer.kernel_shape)


def dense(matrix: Any, kernel: Sequence[Any] = ()) -> Any:
    """A matrix of this package as an array of Python's exact numbers."""
    found = np.full(matrix.shape, Fraction(0), object)
    for row, cells in enumerate(matrix.rows):
        for column, entry in cells.items():
            found[row, column] = (
                sum(kernel[u] for u in entry) if isinstance(matrix, LabelledMatrix) else Fraction(str(entry))
            )
    return found


def inverted(layer: Layer, kernel: Sequence[Any], order: str = "row-major") -> Any:
    """W by inversion: from the input back to the kernel entries that meet there."""
    return dense(matrix_of(layer.read_map, order_of(layer.read_map, order)), kernel)


def defined(layer: Layer, x: Sequence[Any], kernel: Sequence[Any], bias: Sequence[Any] | None = None) -> list[Any]:
    """The outputs by the definition that is printed, run forward on numbers."""
    k = list(kernel) if layer.kernel_shape is not None else None
    return [Fraction(str(y)) for y in layer.run(x, k, bias)]


# The routes to W ----------------------------------------------------------------------------------------


@lane(1_000, 120)
@given(layers)
def test_the_definition_and_the_inversion_and_the_arrays_are_one_matrix(layer: Layer) -> None:
    """Definition forward, `meets` inverted, the forward reads in tables, and the arrays behind to_numpy and to_scipy."""
    kernel = weights(layer)
    by_inversion = inverted(layer, kernel)
    base = 1 << (len(kernel) + 8)
    x = [base**i for i in range(prod(layer.input_shape))]
    bias = [3 + c for c in range(layer.output_shape[0])] if layer.bias else None
    outputs = np.array(defined(layer, x, kernel, bias), object).reshape(layer.output_shape[0], -1)
    added = outputs - (np.array(bias, object)[:, None] if bias else 0)
    assert (added.ravel() == by_inversion.dot(np.array(x, object))).all()
    if layer.kernel_shape is None:
        assert (layer.to_scipy().toarray() == by_inversion.astype(float)).all()
        return
    forward = np.zeros(by_inversion.shape, object)
    for u, output, source in reads(layer.read_map):
        forward[output, source] += kernel[u]
    assert (forward == by_inversion).all()
    numbers = np.array(kernel, object).reshape(layer.kernel_shape)
    assert (layer.to_numpy(numbers) == by_inversion).all()
    small = (np.arange(len(kernel)) % 7 - 3).reshape(layer.kernel_shape)
    assert (layer.to_scipy(small).toarray() == inverted(layer, small.ravel().tolist())).all()


@lane(60, 8)
@given(layers)
def test_the_symbols_say_the_same(layer: Layer) -> None:
    """SymPy's W times SymPy's x, multiplied out, is SymPy's output; and W has the entries that the inversion finds."""
    assume(layer.read_map.nonzeros <= 60)
    w, (x, k, b) = layer.weight_matrix(), layer.flat_symbols()
    own = dict(zip(k or (), weights(layer), strict=True))
    found = [Fraction(str(entry.xreplace(own))) for entry in w]
    assert found == list(inverted(layer, weights(layer)).ravel())
    from sympy import Matrix, expand

    added = [each for each in b or [0] * layer.output_shape[0] for _ in range(prod(layer.output_shape[1:]))]
    for left, shift, right in zip(w * Matrix(x), added, layer.flat_output(), strict=True):
        assert expand(left + shift - right) == 0


# Composition --------------------------------------------------------------------------------------------


@lane(120, 15)
@given(stacks())
def test_composition_associates(found: list[sc.Conv]) -> None:
    """As polynomials in all kernel entries, and as stacks of stacks."""
    first, second, third = found
    whole = sc.Sequential(*found)
    assume(whole.terms <= 3_000)
    a, b, c = whole.factors
    assert ((c @ b) @ a).rows == (c @ (b @ a)).rows == whole.product.rows
    assert sc.Sequential(sc.Sequential(first, second), third) == sc.Sequential(first, sc.Sequential(second, third))


@lane(120, 15)
@given(stacks(plain=True), st.integers(0, 2**32 - 1))
def test_merging_associates(found: list[sc.Conv], seed: int) -> None:
    """Where a stack is one convolution, its kernel does not depend on which two were merged first."""
    rng = np.random.default_rng(seed)
    kernels = [rng.integers(-9, 10, layer.kernel_shape) for layer in found]
    low = sc.merge(sc.Sequential(*found[:2]), kernels[:2])
    high = sc.merge(sc.Sequential(*found[1:]), kernels[1:])
    below = sc.merge(sc.Sequential(low.layer, found[2]), [low.kernel, kernels[2]])
    above = sc.merge(sc.Sequential(found[0], high.layer), [kernels[0], high.kernel])
    whole = sc.merge(sc.Sequential(*found), kernels)
    assert below.layer == above.layer == whole.layer
    assert (below.kernel == above.kernel).all()
    assert (below.kernel == whole.kernel).all()


# The transpose ------------------------------------------------------------------------------------------


def unfolded(layer: Layer) -> bool:
    """Whether its padding repeats no input, so that a layer alone is its adjoint."""
    return not layer.read_map.folded


@lane(400, 60)
@given(with_kernel.filter(unfolded))
def test_the_transpose_is_an_involution(layer: Layer) -> None:
    """The adjoint's adjoint has W again, with the kernel's entries where both exchanges leave them."""
    once = adjoint(layer)
    twice = adjoint(once.layer)
    kernel = weights(layer)
    exchanged = [kernel[u] for u in once.flat]
    assert (inverted(once.layer, exchanged) == inverted(layer, kernel).T).all()
    assert (inverted(twice.layer, [exchanged[u] for u in twice.flat]) == inverted(layer, kernel)).all()


@lane(400, 60)
@given(with_kernel.filter(unfolded), st.integers(0, 2**32 - 1))
def test_the_adjoint_identity(layer: Layer, seed: int) -> None:
    """<W x, y> = <x, W^T y>, both sides by the definitions of the two layers, on integers."""
    rng = np.random.default_rng(seed)
    pair, layer = adjoint(layer), replace(layer, bias=False)
    x, y, k = (
        [int(n) for n in rng.integers(-99, 100, size)]
        for size in (prod(layer.input_shape), prod(layer.output_shape), prod(layer.kernel_shape))
    )
    left = sum(a * b for a, b in zip(defined(layer, x, k), y, strict=True))
    back = defined(pair.layer, y, [k[u] for u in pair.flat])
    assert left == sum(a * b for a, b in zip(x, back, strict=True))


@lane(200, 30)
@given(layers, st.integers(0, 2**32 - 1))
def test_the_adjoint_identity_of_the_matrix(layer: Layer, seed: int) -> None:
    """The same for every layer, pooling and folding ones too: the definition against the transposed W by inversion."""
    rng = np.random.default_rng(seed)
    if layer.bias:
        layer = replace(layer, bias=False)
    x, y = ([int(n) for n in rng.integers(-9, 10, prod(shape))] for shape in (layer.input_shape, layer.output_shape))
    k = [int(n) for n in rng.integers(-9, 10, entries(layer))]
    left = sum(a * b for a, b in zip(defined(layer, x, k), y, strict=True))
    assert left == np.array(x, object).dot(inverted(layer, k).T.dot(np.array(y, object)))


# Padding ------------------------------------------------------------------------------------------------


def padded(size: tuple[int, ...], pairs: Any, mode: str) -> Any:
    """The matrix that pads: a convolution whose kernel is one 1."""
    layer = sc.Conv(size, 1, padding=tuple(pairs), padding_mode=mode)
    return layer.to_numpy(np.ones(layer.kernel_shape, int))


sides = st.tuples(st.integers(0, 3), st.integers(0, 3))


@lane(200, 40)
@given(st.integers(1, 5), sides, sides, st.sampled_from(("zeros", "replicate")))
def test_padding_twice_is_padding_by_the_sum(n: int, one: Any, two: Any, mode: str) -> None:
    """What is added beyond what was added: for zeros and for the border entry."""
    between = n + sum(one)
    both = tuple(a + b for a, b in zip(one, two, strict=True))
    assert (padded((between,), [two], mode) @ padded((n,), [one], mode) == padded((n,), [both], mode)).all()


@lane(200, 40)
@given(st.integers(1, 6), st.data())
def test_padding_a_ring_twice_goes_on_around_it(n: int, data: st.DataObject) -> None:
    """Circular padding by a whole turn, and then by more, as far as one turn to each side."""
    low = data.draw(st.integers(0, n))
    more = data.draw(st.integers(0, n - low)), data.draw(st.integers(0, low))
    both = (low + more[0], n - low + more[1])
    twice = padded((2 * n,), [more], "circular") @ padded((n,), [(low, n - low)], "circular")
    assert (twice == padded((n,), [both], "circular")).all()


@lane(200, 40)
@given(st.integers(1, 6), st.data(), st.sampled_from(("zeros", "reflect", "symmetric", "replicate")))
def test_the_two_ends_do_not_meet(n: int, data: st.DataObject, mode: str) -> None:
    """Padding one end and then the other is padding both; on a ring they do meet."""
    limit = MODES[mode].limit(n)
    low, high = (data.draw(st.integers(0, 3 if limit is None else limit)) for _ in range(2))
    both = padded((n,), [(low, high)], mode)
    assert (padded((n + low,), [(0, high)], mode) @ padded((n,), [(low, 0)], mode) == both).all()
    assert (padded((n + high,), [(low, 0)], mode) @ padded((n,), [(0, high)], mode) == both).all()


@lane(200, 40)
@given(st.integers(1, 6), st.data(), st.sampled_from(sorted(MODES)))
def test_cropping_what_was_padded_is_less_padding(n: int, data: st.DataObject, mode: str) -> None:
    """In every mode, also where the crop goes on into the signal."""
    limit = MODES[mode].limit(n)
    pair = [data.draw(st.integers(0, 3 if limit is None else limit)) for _ in range(2)]
    low = data.draw(st.integers(0, pair[0] + n - 1))
    high = data.draw(st.integers(0, pair[1] + n - max(0, low - pair[0]) - 1))
    cropped = padded((n + sum(pair),), [(-low, -high)], "zeros") @ padded((n,), [tuple(pair)], mode)
    assert (cropped == padded((n,), [(pair[0] - low, pair[1] - high)], mode)).all()


@lane(200, 40)
@given(st.data(), st.sampled_from(sorted(MODES)))
def test_axes_are_padded_in_any_order(data: st.DataObject, mode: str) -> None:
    size = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    tall, wide = (
        tuple(data.draw(st.integers(-1 if n > 2 else 0, 2 if limit is None else limit)) for _ in range(2))
        for n, limit in ((n, MODES[mode].limit(n)) for n in size)
    )
    both = padded(size, [tall, wide], mode)
    first = padded(size, [tall, (0, 0)], mode)
    assert (padded((size[0] + sum(tall), size[1]), [(0, 0), wide], mode) @ first == both).all()
    first = padded(size, [(0, 0), wide], mode)
    assert (padded((size[0], size[1] + sum(wide)), [tall, (0, 0)], mode) @ first == both).all()


@lane(200, 40)
@given(convolutions(modes=tuple(mode for mode in MODES if mode != "zeros")))
def test_a_padding_layer_before_one_without_padding(layer: sc.Conv) -> None:
    """W = V P with P from a layer of its own, on the dilated input, which reads nothing between the inputs."""
    assume(set(layer.input_dilation) == {1})
    bare = replace(layer, input_size=tuple(len(axis.padded_range) for axis in layer.read_map.axes), padding=0)
    one = padded(layer.input_size, layer.padding, layer.padding_mode)
    pads = np.kron(np.eye(layer.in_channels, dtype=int), one)
    kernel = weights(layer)
    assert (inverted(bare, kernel).dot(pads) == inverted(layer, kernel)).all()


# Orders of flattening -----------------------------------------------------------------------------------


def listed(shape: tuple[int, ...], order: str) -> Any:
    """The row-major numbers of the positions as NumPy lists them in that order: a permutation."""
    numbers = np.arange(prod(shape)).reshape(shape)
    if order == "channels-last":
        return np.moveaxis(numbers, 0, -1).ravel()
    return numbers.ravel(order="F" if order == "column-major" else "C")


@lane(400, 60)
@given(layers, st.sampled_from(ORDERS))
def test_orders_commute_with_permutations(layer: Layer, order: str) -> None:
    """Q_out W = W' Q_in, W' the matrix in that order: permuting outputs after the layer, or inputs before it."""
    assume(not isinstance(layer, sc.PixelShuffle))  # it mixes channels and axes, and is refused by name
    kernel = weights(layer)
    after = inverted(layer, kernel)[listed(layer.output_shape, order)]
    before = inverted(layer, kernel, order)[:, np.argsort(listed(layer.input_shape, order))]
    assert (after == before).all()


@lane(60, 12)
@given(stacks(2), st.sampled_from(ORDERS))
def test_orders_commute_with_composition(found: list[sc.Conv], order: str) -> None:
    """The product of the matrices in an order is the matrix of the composition in that order."""
    first, second = found
    one, two = weights(first), weights(second)
    plain = inverted(second, two).dot(inverted(first, one))
    product = inverted(second, two, order).dot(inverted(first, one, order))
    assert (product == plain[listed(second.output_shape, order)][:, listed(first.input_shape, order)]).all()


# Names --------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[str]:
    """Commands, words, numbers and signs: what a renaming may exchange, and nothing smaller.

    What is left out: where LaTeX may break a line, and the names of SVG's parts, which are digests of the picture.
    """
    text = re.sub(r"\\allowbreak\b|\bs[0-9a-f]{10}\b", "", text)
    return re.findall(r"\\?[^\W\d_]+|\d+|[^\w\s]|_", text)


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "json"])
@lane(30, 4)
@given(with_kernel, st.randoms(use_true_random=False))
def test_renaming_changes_names_only(format: str, layer: Layer, rng: Any) -> None:
    """The same page sign by sign, with each old name exchanged for its new one wherever it changed at all."""
    assume(
        layer.read_map.nonzeros <= 40 and entries(layer) <= 8
    )  # beyond, a terminal's letters reach those that became free
    proof = sc.prove(layer, check="axes")
    shown = letters(page(proof))
    # A terminal has capitals of its own for kernel entries, and a PDF's words for pictures hold Latin letters as they are.
    free = [
        each
        for each in (ascii_lowercase if format in ("latex", "beamer") else GREEK)
        if not {each, each.upper()} & shown
    ]
    old = [name for name in ARRAYS if (name if name != "w" else WEIGHT) in shown]
    names = dict(zip(old, rng.sample(free, len(old)), strict=True))
    before, after = tokens(proof.render(format)), tokens(proof.render(format, names=names))
    assert len(before) == len(after)
    exchanged = {(a, b) for a, b in zip(before, after, strict=True) if a != b}
    assert {a.lower() for a, _ in exchanged} == set(old)
    assert len(dict(exchanged)) == len(exchanged), "one name became two"
    assert len({b.lower() for _, b in exchanged}) == len(old), "two names became one"


# Theorems for all sizes, and their instances ------------------------------------------------------------


def multiplied(parts: Sequence[Any]) -> list[dict[int, tuple[int, ...]]]:
    """A product of matrices of which one has kernel entries and the others are of zeros and ones."""
    total = [{c: entry if isinstance(entry, tuple) else () for c, entry in row.items()} for row in parts[0].rows]
    for matrix in parts[1:]:
        rows = []
        for line in total:
            cells: dict[int, tuple[int, ...]] = {}
            for c, entry in line.items():
                for column, other in matrix.rows[c].items():
                    more = entry or (other if isinstance(other, tuple) else ())
                    cells[column] = tuple(sorted((*cells.get(column, ()), *more)))
            rows.append(cells)
        total = rows
    return total


def by_factors(proof: sc.Proof) -> Any:
    """W as the product that a proof states first, multiplied out, in symbols."""
    whole: Any = next(step.claim for step in proof.steps if isinstance(step.claim, Whole))
    letters_ = whole.right.parts if isinstance(whole.right, Times) else (whole.right,)
    assert {type(proof.matrices[letter]) for letter in letters_} <= {LabelledMatrix, NumberMatrix}
    rows = multiplied([proof.matrices[letter] for letter in letters_])
    return proof.layer.in_symbols(replace(proof.matrices[WEIGHT], rows=rows))


def counted(proof: sc.Proof) -> int:
    total: Any = next(step.claim for step in proof.steps if hasattr(step.claim, "zeros"))
    return int(total.nonzeros)


def composed(proof: sc.Proof) -> Any:
    """The product of a stack of two, as its proof has it."""
    return proof.layer.in_symbols(proof.matrices["A"])


def of_weights(proof: sc.Proof) -> Any:
    return proof.layer.in_symbols(proof.matrices[WEIGHT])


def stated(found: list[sc.Conv]) -> list[sc.Conv]:
    """A stack of two of the kind that the general theorem about stacks is about."""
    plain = {"groups": 1, "flip_kernel": False}
    return [replace(found[0], **plain), replace(found[1], **plain, padding=0, padding_mode="zeros")]


pairs = stacks(2).map(stated).filter(lambda found: sc.Sequential(*found).terms <= 150)
small = convolutions().filter(lambda layer: layer.read_map.nonzeros <= 60)
INSTANCES: dict[str, tuple[str, Any, Any]] = {
    "read_map": ("weight_matrix", with_kernel.filter(lambda layer: layer.read_map.nonzeros <= 60), of_weights),
    "weight_matrix": ("weight_matrix", small, of_weights),
    "padding_factor": ("padding_factor", small, by_factors),
    "stride_selection": (
        "stride_selection",
        small.filter(lambda layer: set(layer.stride) != {1} and not any(d > 1 < k for d, k in zip(layer.dilation, layer.kernel_size, strict=True))),
        by_factors,
    ),
    "transpose": ("transpose", transposed().filter(lambda layer: layer.read_map.nonzeros <= 60), of_weights),
    "composition": ("composition", pairs, composed),
    "sparsity": ("sparsity", convolutions(modes=("zeros",)).filter(lambda layer: set(layer.input_dilation) == {1}), counted),
}  # fmt: skip
"""For each theorem with a general form: the theorem of the catalogue, layers to compare on, and what its proof says."""


@pytest.mark.parametrize("name", GENERAL)
@lane(100, 8)
@given(st.data())
def test_a_proof_says_what_the_general_theorem_specialises_to(name: str, data: st.DataObject) -> None:
    theorem, chosen, said = INSTANCES[name]
    subject = data.draw(chosen)
    stack = isinstance(subject, list)
    rank = len((subject[0] if stack else subject).input_shape) - 1 or 1
    general = sc.prove_general(name, *(() if name == "read_map" else (rank,)))
    try:
        special = general.specialise(tuple(subject) if stack else subject)
        proof = sc.prove(sc.Sequential(*subject) if stack else subject, theorem, check="axes")
    except sc.NotApplicable:
        assume(False)
    found = said(proof)
    if name == "composition":
        special, found = in_numbers(subject, special), in_numbers(subject, found)
    assert found == special


def in_numbers(stack: list[sc.Conv], matrix: Any) -> list[int]:
    """Polynomials in the entries of two kernels, at powers so far apart that the value says every coefficient."""
    powers, at = {}, 0
    for kernel in sc.Sequential(*stack).symbols()[1]:
        flat = [kernel[each] for each in np.ndindex(*kernel.shape)]
        powers |= {symbol: 64 ** (n * (at or 1)) for n, symbol in enumerate(flat)}
        at = len(flat)
    return [int(entry.xreplace(powers)) for entry in matrix]
