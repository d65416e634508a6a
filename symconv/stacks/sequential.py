"""`Sequential`: layers one after the other, which is a fully connected layer again.

A stack is no `Layer`: it reads products of kernel entries, so it has no read map of its own. Its matrix is
the product of its layers' matrices, a matrix of polynomials in all their kernel entries, which are numbered
one layer after the other (`Exact`); the biases come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

from ..algebra.linear import Entry, Exact, PolynomialMatrix, added
from ..definition import BIAS
from ..errors import SpecError, TooLarge
from ..identities import exact
from ..layers import Layer, Linear
from ..matrices import matrix_of, unravel
from ..sums import KERNEL
from .multiplying import multiplied

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse
    from sympy import Expr, ImmutableDenseNDimArray, ImmutableSparseMatrix, Symbol

TERMS_LIMIT = 2_000_000
"""Terms of the entries of a product, which take about half a minute."""


@dataclass(frozen=True, init=False, repr=False)
class Sequential:
    """A stack of linear layers: the output of each is the input of the next.

    >>> import symconv as sc
    >>> stack = sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2))
    >>> stack.weight_matrix()
    Matrix([
    [k'_{0}*k_{0}, k'_{0}*k_{1} + k'_{1}*k_{0},                k'_{1}*k_{1},            0],
    [           0,                k'_{0}*k_{0}, k'_{0}*k_{1} + k'_{1}*k_{0}, k'_{1}*k_{1}]])
    >>> stack.input_shape, stack.output_shape
    ((1, 4), (1, 2))

    Parameters
    ----------
    layers
        Any layers of this package, in the order in which they are applied, or stacks of them. Each has the
        shape of the output before it for its input; a `Linear` takes that output flattened row by row.

    Raises
    ------
    SpecError
        A layer does not fit on the one before it.
    """

    layers: tuple[Layer, ...]

    def __init__(self, *layers: Layer | Sequential) -> None:
        example = "sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2))"
        if not layers:
            raise SpecError("layers", layers, "must be at least one layer", example)
        flat: list[Layer] = []
        for each in layers:
            if not isinstance(each, (Layer, Sequential)):
                raise SpecError("layers", each, "must be layers, given one after the other", example)
            flat += each.layers if isinstance(each, Sequential) else (each,)
        for number, (before, after) in enumerate(pairwise(flat), 1):
            _fits(number, before, after)
        object.__setattr__(self, "layers", tuple(flat))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """That of the first layer.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 3)).input_shape
        (1, 5)
        """
        return self.layers[0].input_shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        """That of the last layer.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 3)).output_shape
        (1, 2)
        """
        return self.layers[-1].output_shape

    @property
    def kernel_shape(self) -> tuple[tuple[int, ...] | None, ...]:
        """The shape of each layer's kernel tensor; None for a layer without one.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((5,), 2), sc.AvgPool((4,), 2)).kernel_shape
        ((1, 1, 2), None)
        """
        return tuple(layer.kernel_shape for layer in self.layers)

    @property
    def bias(self) -> bool:
        """Whether any layer has a bias.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 3, bias=True)).bias
        True
        """
        return any(layer.bias for layer in self.layers)

    # The unknowns: all kernel entries, then all biases, each with a number.

    @cached_property
    def unknowns(self) -> tuple[tuple[str, tuple[int, ...], int], ...]:
        """The tensors of unknowns in the order of their numbers: letter, shape, and the number of its first entry.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)).unknowns
        (('k', (1, 1, 2), 0), ("k'", (1, 1, 2), 2), ('b', (), 4), ("b'", (), 4))
        """
        found, first = [], 0
        kernels = ((primed(KERNEL, n), layer.kernel_shape) for n, layer in enumerate(self.layers))
        biases = (
            (primed(BIAS, n), layer.output_shape[:1] if layer.bias else None) for n, layer in enumerate(self.layers)
        )
        for letter, shape in (*kernels, *biases):
            found.append((letter, shape or (), first))
            first += prod(shape) if shape is not None else 0
        return tuple(found)

    def unknown(self, number: int) -> tuple[str, tuple[int, ...]]:
        """The letter of an unknown and its indices; with one channel on each side of its layer, without the channels.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)).unknown(3)
        ("k'", (1,))
        """
        at = max(n for n, (_, shape, first) in enumerate(self.unknowns) if shape and first <= number)
        letter, shape, first = self.unknowns[at]
        bias, layer = at >= len(self.layers), self.layers[at % len(self.layers)]
        hidden = 0 if layer.read_map.shows_channels else 1 if bias else 2
        return letter, unravel(number - first, shape)[hidden:]

    # Symbols and matrices.

    def symbols(
        self,
    ) -> tuple[
        ImmutableDenseNDimArray, tuple[ImmutableDenseNDimArray | None, ...], tuple[ImmutableDenseNDimArray | None, ...]
    ]:
        """The input, and for each layer its kernel and its bias, as SymPy arrays: k and b, k' and b', k'' and b'', ...

        >>> import symconv as sc
        >>> x, kernels, biases = sc.Sequential(sc.Conv((3,), 2), sc.AvgPool((2,), 2)).symbols()
        >>> kernels
        ([[[k_{0}, k_{1}]]], None)
        """
        from ..symbols import array

        x, parts = self._flat
        kernels = (
            array(k, layer.kernel_shape or ()) if k else None for layer, (k, _) in zip(self.layers, parts, strict=True)
        )
        biases = (
            array(b, layer.output_shape[:1]) if b else None for layer, (_, b) in zip(self.layers, parts, strict=True)
        )
        return array(x, self.input_shape), tuple(kernels), tuple(biases)

    @cached_property
    def _flat(self) -> tuple[list[Symbol], list[tuple[list[Symbol] | None, list[Symbol] | None]]]:
        """The input, and for each layer the symbols of its kernel and its bias."""
        from ..symbols import symbol

        def tensor(at: int) -> list[Symbol] | None:
            _, shape, first = self.unknowns[at]
            return [symbol(*self.unknown(first + n)) for n in range(prod(shape))] if shape else None

        count = len(self.layers)
        return self.layers[0].flat_symbols()[0], [(tensor(n), tensor(count + n)) for n in range(count)]

    def output(self) -> ImmutableDenseNDimArray:
        """The output as a SymPy array of `output_shape`: the layers' definitions run one after the other on the symbols.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((2,), 2), sc.Conv((1,), 1)).output()
        [[k'_{0}*(k_{0}*x_{0} + k_{1}*x_{1})]]
        """
        from ..symbols import array

        x, parts = self._flat
        signal: list[Expr] = list(x)
        for layer, (k, b) in zip(self.layers, parts, strict=True):
            signal = list(layer.run(signal, k, b))
        return array(signal, self.output_shape)

    def weight_matrix(self) -> ImmutableSparseMatrix:
        """W' W as a SymPy matrix of polynomials (prod(output_shape), prod(input_shape)), multiplied out; no bias.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((3,), 2), sc.AvgPool((2,), 2)).weight_matrix()
        Matrix([[k_{0}/2, k_{0}/2 + k_{1}/2, k_{1}/2]])
        """
        return self.in_symbols(self.product)

    def bias_vector(self) -> ImmutableSparseMatrix:
        """W' b + b', what is added to each output, as a SymPy column; zero without biases.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((3,), 2, bias=True), sc.Conv((2,), 2, bias=True)).bias_vector()
        Matrix([[b*k'_{0} + b*k'_{1} + b']])
        """
        return self.in_symbols(self.shift)

    def labelled(self, matrix: Exact, inputs: bool = True) -> PolynomialMatrix:
        """A matrix with one row for each output, and one column for each input or one alone, labelled as the layers' own are.

        >>> import symconv as sc
        >>> stack = sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2))
        >>> stack.labelled(stack.product).shape
        (1, 3)
        """
        first, last = matrix_of(self.layers[0].read_map), matrix_of(self.layers[-1].read_map)
        unknowns = tuple((letter, shape) for letter, shape, _ in self.unknowns)
        return PolynomialMatrix(last.row_shape, first.column_shape if inputs else (), unknowns, matrix.rows)

    def in_symbols(self, matrix: Exact) -> ImmutableSparseMatrix:
        """A matrix of polynomials in this stack's unknowns, in SymPy's symbols.

        >>> import symconv as sc
        >>> stack = sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2))
        >>> stack.in_symbols(stack.product) == stack.weight_matrix()
        True
        """
        from sympy import Add, ImmutableSparseMatrix, Mul, Rational

        flat = [each for n in (0, 1) for part in self._flat[1] for each in part[n] or ()]
        cells = {
            (row, column): Add(*(Mul(Rational(c), *(flat[u] for u in monomial)) for monomial, c in entry.items()))
            for row, line in enumerate(matrix.rows)
            for column, entry in line.items()
        }
        return ImmutableSparseMatrix(*matrix.shape, cells)

    @cached_property
    def factors(self) -> tuple[Exact, ...]:
        """The matrix of each layer, from its inverse tables, in the numbers of this stack's unknowns.

        >>> import symconv as sc
        >>> [len(factor.rows) for factor in sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)).factors]
        [2, 1]
        """
        return tuple(
            exact(matrix_of(layer.read_map)).relabelled(lambda u, first=first: u + first)  # type: ignore[misc]
            for layer, (_, _, first) in zip(self.layers, self.unknowns, strict=False)
        )

    @cached_property
    def product(self) -> Exact:
        """W' W, multiplied out.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((2,), 2), sc.Conv((1,), 1)).product.rows
        ({0: {(0, 2): 1}, 1: {(1, 2): 1}},)
        """
        if self.terms > TERMS_LIMIT:
            rule = f"the entries of the product of the matrices have more than {TERMS_LIMIT:,} terms"
            raise TooLarge(f"{self!r}: {rule}; to_scipy multiplies them for numeric kernels")
        first, *others = self.factors
        total = first
        for factor in others:
            total = factor @ total
        return total

    @cached_property
    def shift(self) -> Exact:
        """W' b + b', a matrix of one column.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((2,), 2, bias=True), sc.Conv((1,), 1)).shift.rows
        ({0: {(2, 3): 1}},)
        """
        total: Exact | None = None
        for layer, factor, (_, _, first) in zip(
            self.layers, self.factors, self.unknowns[len(self.layers) :], strict=True
        ):
            places = len(factor.rows) // layer.output_shape[0]
            rows: Iterator[dict[int, Entry]] = (
                {0: {(first + row // places,): 1}} if layer.bias else {} for row in range(len(factor.rows))
            )
            own = Exact(tuple(rows), 1)
            total = own if total is None else added(factor @ total, own)
        return total or Exact((), 1)

    @cached_property
    def terms(self) -> int:
        """How many terms the entries of the product have before equal ones are collected: its paths from input to output.

        Past the limit the count stops and is only known to be larger.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)).terms
        4
        """
        if max(layer.read_map.nonzeros for layer in self.layers) > TERMS_LIMIT:
            return TERMS_LIMIT + 1
        paths = [1] * prod(self.input_shape)
        for layer in self.layers:
            rows: Any = matrix_of(layer.read_map).rows
            kernel = layer.read_map.kernel
            paths = [sum(paths[c] * (len(cell) if kernel else 1) for c, cell in row.items()) for row in rows]
        return sum(paths)

    def to_numpy(self, kernels: Sequence[Any] | None = None) -> np.ndarray[Any, Any]:
        """W' W for numeric kernels, one for each layer and None for a layer without one, as a dense array.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2)).to_numpy([[[[1, -1]]], [[[1, 1]]]])
        array([[ 1,  0, -1,  0],
               [ 0,  1,  0, -1]])
        """
        total: np.ndarray[Any, Any] = multiplied(self.layers, kernels, lambda layer, kernel: layer.to_numpy(kernel))
        return total

    def to_scipy(self, kernels: Sequence[Any] | None = None) -> scipy.sparse.csr_array:
        """The same as a canonical SciPy CSR array. What is float there is rounded, as any product of floats is.

        >>> import symconv as sc
        >>> sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)).to_scipy([[[[1, -1]]], [[[1, 1]]]]).toarray()
        array([[ 1,  0, -1]])
        """
        total = multiplied(self.layers, kernels, lambda layer, kernel: layer.to_scipy(kernel))
        if total.dtype != object:
            total.sum_duplicates()
        return total

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.layers

    def __dir__(self) -> list[str]:
        return sorted(
            [*(each.name for each in fields(self)), "bias_vector", "input_shape", "kernel_shape", "output",
             "output_shape", "symbols", "to_numpy", "to_scipy", "weight_matrix"]
        )  # fmt: skip


def primed(letter: str, number: int) -> str:
    """The letter of the layer of that number, from 0: k, k', k'', ..."""
    return letter + "'" * number


def _fits(number: int, before: Layer, after: Layer) -> None:
    """The output of a layer is what the next one takes."""
    if isinstance(after, Linear):
        size = prod(before.output_shape)
        if after.in_features != size:
            rule = f"layer {number + 1} takes {after.in_features:,} inputs, and layer {number} has an output of {_shown(before)}"
            raise SpecError(
                "in_features", after.in_features, rule, f"in_features={size}, the output flattened row by row"
            )
    elif before.output_shape != after.input_shape:
        if isinstance(before, Linear):
            rule = f"layer {number + 1} takes an input of shape {after.input_shape}, and layer {number} is fully connected, with a vector for its output"
            raise SpecError("layers", after, rule, f"sc.Linear(in_features={before.out_features}, out_features=1)")
        rule = f"layer {number + 1} takes an input of shape {after.input_shape}, and layer {number} has an output of shape {before.output_shape}"
        channels, *sizes = before.output_shape
        if after.input_shape[1:] != before.output_shape[1:]:
            raise SpecError("input_size", after.input_shape[1:], rule, f"input_size={tuple(sizes)}")
        name = "in_channels" if hasattr(after, "in_channels") else "channels"
        raise SpecError(name, getattr(after, name), rule, f"{channels} input channel{'s' * (channels > 1)}")


def _shown(layer: Layer) -> str:
    shape = layer.output_shape
    return f"shape {shape}, which is {prod(shape):,}" if len(shape) > 1 else f"{prod(shape):,}"
