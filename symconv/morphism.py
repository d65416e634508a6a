"""One layer as two, and two as one: exact factorisations of kernels, as network morphism and Net2Net use them.

`merge` puts the kernels of a stack of convolutions together, where the stack is one convolution. `split` goes
the other way: a layer with a given kernel becomes a layer with a smaller kernel and as many channels as it
takes, and a second one after it. Written as polynomials, the kernel of the parent is the product of the
children's, a matrix of polynomials with one row for each output channel:

    K(t) = G(t) F(t),    F with as many rows as there are channels in between

so one channel in between is enough for one input and one output channel exactly where the polynomial K(t) is a
product of two with the degrees that the smaller kernels allow, and that is decided by factoring it.

References
----------
T. Wei, C. Wang, Y. Rui, C. W. Chen, "Network Morphism", ICML 2016 (the morphism equation, section 3.1).
T. Chen, I. Goodfellow, J. Shlens, "Net2Net", ICLR 2016 (Net2DeeperNet, section 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from . import limits, spec
from .composite import Break, Composite, convolutions, stride, verdict
from .definition import strides
from .entries import ratio
from .errors import NotApplicable, SpecError, Unsupported
from .layers import Conv, Layer, Linear
from .linear import Entry
from .schemes import Number, plain
from .sequential import Sequential

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Merged:
    """One layer with the same matrix as a stack, and its kernel.

    `bias` is the bias of the one layer, or None; where the stack adds one that is not the same all over a
    channel there is no such layer.

    >>> import symconv as sc
    >>> one = sc.merge(sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 2)), [[[[1, 2]]], [[[3, -1]]]])
    >>> one.layer.kernel_size, one.kernel.tolist(), one.bias
    ((3,), [[[3, 5, -2]]], None)
    """

    layer: Conv
    kernel: Any = field(compare=False)
    bias: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Split:
    """Two layers, one after the other, with the same matrix as one, and their kernels.

    `width` is the number of channels between them; `smallest` says whether it is known that no fewer do.

    >>> import symconv as sc
    >>> sc.split(sc.Conv((5,), 3), [[[3, 5, -2]]])
    <Sequential(Conv(input_size=(5,), kernel_size=2), Conv(input_size=(4,), kernel_size=2)), 1 channel in between>
    """

    stack: Sequential
    kernels: tuple[Any, Any] = field(compare=False)
    width: int
    smallest: bool

    def __repr__(self) -> str:
        return f"<{self.stack!r}, {self.width} channel{'s' * (self.width > 1)} in between>"


# Two as one ---------------------------------------------------------------------------------------------


def merge(stack: Sequential, kernels: Sequence[Any], biases: Sequence[Any] | None = None) -> Merged:
    """The one convolution that a stack of convolutions is, with the kernel that its kernels make, exactly.

    >>> import symconv as sc
    >>> stack = sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 2))
    >>> one = sc.merge(stack, [[[[1, 2]]], [[[3, -1]]]])
    >>> one.layer, one.kernel
    (Conv(input_size=(5,), kernel_size=3), array([[[3, 5, -2]]], dtype=object))

    Parameters
    ----------
    stack
        A `Sequential` of `Conv` layers.
    kernels
        One for each layer: integers, fractions, or floats, which are taken as the fractions that they are.
    biases
        One for each layer, None for a layer without; needed where the stack has a bias.

    Raises
    ------
    NotApplicable
        The stack is no convolution, or adds a bias that no convolution adds; the message says why.
    """
    if not isinstance(stack, Sequential):
        raise SpecError(
            "stack", stack, "must be a stack of layers", "sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2))"
        )
    values = _unknowns(stack, kernels, biases)
    if (reason := convolutions(stack)) is not None:
        raise NotApplicable(f"{stack!r} is not merged: {reason}")
    found = verdict(stack)
    if not isinstance(found, Composite):
        kinds = "; ".join(_broken(stack, each) for each in found) or "none is found"
        raise NotApplicable(f'{stack!r} is not merged: {kinds}; see sc.prove(stack, "composition")')
    if stack.bias and not found.layer.bias:
        raise NotApplicable(
            f"{stack!r} has the matrix of a convolution, but adds a bias that is not the same all over a channel"
        )
    kernel = [_evaluated(terms, values) for terms in found.kernel]
    bias = None
    if found.layer.bias:
        places = prod(stack.output_shape[1:])
        rows = stack.shift.rows[::places]
        bias = _array([_evaluated(tuple(row.get(0, {}).items()), values) for row in rows], (found.layer.out_channels,))
    return Merged(found.layer, _array(kernel, found.layer.kernel_shape), bias)


def _broken(stack: Sequential, found: Break) -> str:
    """Which convolution a stack is not, and the two entries of its matrix that say so."""
    (r, c), (s, d) = found.first, found.second
    padded = "padded with zeros" if found.mode == "zeros" else f"with {found.mode} padding"
    kind = f"no convolution of stride {stride(stack)} {padded}" if found.layer is None else f"not {found.layer!r}"
    return f"it is {kind}, where entries ({r}, {c}) and ({s}, {d}) of its matrix would be equal"


def _unknowns(stack: Sequential, kernels: Sequence[Any], biases: Sequence[Any] | None) -> list[Number]:
    """The numbers of all unknowns of a stack, in their order."""
    count = len(stack.layers)
    values: list[Number] = []
    given: list[tuple[str, Sequence[Any]]]
    given = [("kernels", kernels), ("biases", [None] * count if biases is None else biases)]
    for at, (name, items) in enumerate(given):
        rule = f"must be a sequence of one for each of the {count} layers"
        if isinstance(items, (str, bytes)) or not hasattr(items, "__len__") or not hasattr(items, "__getitem__"):
            raise SpecError(name, items, rule, f"{name}=[k1, k2]")
        if len(items) != count:
            raise SpecError(name, f"{len(items)} items", rule, f"{name}=[k1, k2]")
        for n, item in enumerate(items):
            shape = stack.unknowns[at * count + n][1]
            if (item is None) != (not shape):
                rule = f"layer {n + 1} has none" if not shape else f"layer {n + 1} needs one of shape {shape}"
                raise SpecError(name, item, rule, "None" if not shape else f"an array of shape {shape}")
            values += numbers(name, item, shape) if shape else []
    return values


def _evaluated(terms: Any, values: Sequence[Number]) -> Number:
    total: Number = sum((c * prod(values[u] for u in monomial) for monomial, c in terms), 0)
    return total


# One as two ---------------------------------------------------------------------------------------------


def split(layer: Layer, kernel: Any, first: Any = None, width: int | None = None) -> Split:
    """A layer with this kernel as two layers, one after the other, that give the same matrix, exactly.

    >>> import symconv as sc
    >>> found = sc.split(sc.Conv((6,), 3), [[[1, 3, 2]]])  # (1 + t) (1 + 2 t)
    >>> found.width, [kernel.reshape(-1).tolist() for kernel in found.kernels]
    (1, [[1, 2], [1, 1]])
    >>> sc.split(sc.Conv((6,), 3), [[[1, 0, 1]]]).width
    2
    >>> sc.split(sc.Conv((6,), 3), [[[1, 0, 1]]], width=1)
    Traceback (most recent call last):
    symconv.errors.NotApplicable: with 1 channel in between the kernel is no product of kernels of sizes (2,) and (2,): its polynomial t**2 + 1 is irreducible over the rationals; 2 channels do

    Parameters
    ----------
    layer
        A `Conv` with one group, or a `Linear`.
    kernel
        Of `layer.kernel_shape`: integers, fractions, or floats, which are taken as the fractions that they are.
    first
        The kernel size of the first of the two, at most that of the layer; the second has what remains, k - first + 1.
        By default the larger half.
    width
        The channels in between; by default as few as are found. More are filled with zeros.

    Raises
    ------
    NotApplicable
        So few channels do not do; the message says why, and how many do.
    Unsupported
        It is not known whether so few channels do: finding the fewest is the problem of the smallest rank among
        the matrices with given sums of entries, which is hard in general.
    """
    sizes = first_size(layer, first)
    shape: Any = layer.kernel_shape
    values = numbers("kernel", kernel, shape)
    if width is not None:
        width = spec.integer("width", width)
    halves, smallest = _fewest(layer, values, sizes)
    found = len(halves[1][0]) if halves[1] else 1
    if width is not None and width < found:
        raise _too_few(layer, values, sizes, width, found, smallest)
    wanted = max(width or 0, found, 1)
    limits.check(
        "nonzeros",
        wanted * (len(halves[0][0]) + len(halves[1])),
        f"kernels with {wanted} channels in between have {{}} entries",
    )
    children = pair(layer, sizes, wanted)
    f, g = _filled(halves, wanted)
    if _product(layer, f, g, sizes, wanted) != values:
        raise AssertionError(f"the factors of {layer!r} do not multiply to its kernel")
    one, other = children.kernel_shape
    taps = len(g) // (wanted * shape[0])
    second = [g[(c * taps + v) * wanted + b] for c in range(shape[0]) for b in range(wanted) for v in range(taps)]
    return Split(children, (_array(f, one), _array(second, other)), wanted, smallest)


def first_size(layer: Any, first: Any) -> tuple[int, ...]:
    """The kernel size of the first of two layers, axis by axis."""
    if (reason := indivisible(layer)) is not None:
        raise NotApplicable(f"{layer!r} is not split: {reason}")
    sizes = layer.kernel_size if isinstance(layer, Conv) else ()
    if first is None or not sizes:
        return tuple(k - k // 2 for k in sizes)
    found = spec.per_axis("first", first, len(sizes))
    for n, (own, k) in enumerate(zip(found, sizes, strict=True)):
        if own > k:
            raise SpecError("first", first, f"on axis {n} the layer's kernel has {k} entries", f"first={k}")
    return found


def indivisible(layer: Any) -> str | None:
    """Why a layer is not written as two; None where it is."""
    if not isinstance(layer, (Conv, Linear)):
        return "only a convolution or a fully connected layer has a kernel that is a product of such kernels"
    if isinstance(layer, Conv) and layer.groups > 1:
        return f"it has {layer.groups} groups, and each of them is a layer of its own"
    return None


def pair(layer: Any, first: tuple[int, ...], width: int) -> Sequential:
    """Two layers with that many channels in between, the stride and the bias in the second, the padding in the first."""
    if isinstance(layer, Linear):
        return Sequential(Linear(layer.in_features, width), Linear(width, layer.out_features, layer.bias))
    one = Conv(
        layer.input_size, first, layer.in_channels, width, 1, layer.padding, layer.dilation, 1, False,
        layer.padding_mode, layer.flip_kernel, layer.input_dilation,
    )  # fmt: skip
    rest = tuple(k - own + 1 for k, own in zip(layer.kernel_size, first, strict=True))
    other = Conv(
        one.output_shape[1:], rest, width, layer.out_channels, layer.stride, 0, layer.dilation, 1, layer.bias,
        flip_kernel=layer.flip_kernel,
    )  # fmt: skip
    return Sequential(one, other)


def starts(size: int, part: int) -> list[int]:
    """Where windows of `part` entries start that together cover `size`: the last one ends where the kernel does."""
    return [min(n * part, size - part) for n in range(ceil(size / part))]


def owner(size: int, part: int, at: int) -> tuple[int, int]:
    """Which of these windows an entry belongs to, the first that holds it, and where in it."""
    first = starts(size, part)
    n = next(n for n, start in enumerate(first) if start <= at < start + part)
    return n, at - first[n]


def enough(layer: Any, first: tuple[int, ...]) -> tuple[int, bool]:
    """How many channels in between do for every kernel, and whether the second kernel is the fixed one.

    Either the second kernel has single ones, and each channel in between holds a window of `first` entries for
    one output channel; or the first one has, for one input channel each.
    """
    outputs, inputs, *sizes = layer.kernel_shape
    rest = tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))
    by_output = outputs * prod(len(starts(k, own)) for k, own in zip(sizes, first, strict=True))
    by_input = inputs * prod(len(starts(k, own)) for k, own in zip(sizes, rest, strict=True))
    return min(by_output, by_input), by_output <= by_input


def deltas(layer: Any, first: tuple[int, ...]) -> tuple[list[Entry], list[Entry]]:
    """Both kernels for a kernel of symbols, flattened: windows of it in one, single ones in the other."""
    outputs, inputs, *sizes = layer.kernel_shape
    rest = tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))
    width, by_output = enough(layer, first)
    part = first if by_output else rest
    windows = list(product(*(enumerate(starts(k, own)) for k, own in zip(sizes, part, strict=True))))
    between = [(own, window) for own in range(outputs if by_output else inputs) for window in windows]
    steps = strides(layer.kernel_shape)

    def held(c: int, e: int, window: Any, within: tuple[int, ...]) -> Entry:
        """The entry of k in a window, if it is that window's own."""
        at = [start + n for (_, start), n in zip(window, within, strict=True)]
        if any(owner(k, own, x)[0] != n for k, own, x, (n, _) in zip(sizes, part, at, window, strict=True)):
            return {}
        return {(sum(x * step for x, step in zip((c, e, *at), steps, strict=True)),): 1}

    def one(same: bool, window: Any, tap: tuple[int, ...]) -> Entry:
        return {(): 1} if same and tap == tuple(start for _, start in window) else {}

    h = [
        held(own, e, window, u) if by_output else one(own == e, window, u)
        for own, window in between for e in range(inputs) for u in product(*map(range, first))
    ]  # fmt: skip
    g = [
        one(own == c, window, v) if by_output else held(c, own, window, v)
        for c in range(outputs) for own, window in between for v in product(*map(range, rest))
    ]  # fmt: skip
    if len(between) != width:
        raise AssertionError("there is one channel in between for each window")
    return h, g


# How few channels ---------------------------------------------------------------------------------------

Halves = tuple[list[list[Number]], list[list[Number]]]
"""The first kernel, one row for each channel in between; the second, one row for each (output channel, tap)."""


def _fewest(layer: Any, values: list[Number], first: tuple[int, ...]) -> tuple[Halves, bool]:
    """The narrowest pair that is found, and whether no narrower one exists."""
    outputs, inputs, *sizes = layer.kernel_shape
    rest = tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))
    if outputs == inputs == 1 and (factors := two_factors(values, tuple(sizes), first)) is not None:
        f, g = factors
        return ([f], [[entry] for entry in g]), True
    options = []
    for by_output in (True, False):
        matrix = arranged(values, layer.kernel_shape, first, by_output)
        options.append(_rank_factors(matrix))
    best = min(options, key=lambda halves: len(halves[0]))
    width = len(best[0])
    trivial = prod(rest) == 1 or prod(first) == 1  # then the arrangement is the only one
    known = trivial or (outputs == inputs == 1 and width <= 2) or width <= least(values, layer.kernel_shape)
    return best, known


def arranged(
    values: Sequence[Number], shape: Sequence[int], first: tuple[int, ...], by_output: bool
) -> list[list[Number]]:
    """A matrix R[(c, v), (e, u)] whose entries with u + v = w add up to K[c, e, w]: each entry of K in one place."""
    outputs, inputs, *sizes = shape
    rest = tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))
    parts = first if by_output else rest
    rows, columns = strides((outputs, *rest)), strides((inputs, *first))
    matrix: list[list[Number]] = [[0] * (inputs * prod(first)) for _ in range(outputs * prod(rest))]
    for value, (c, e, *w) in zip(values, product(*map(range, shape)), strict=True):
        inner = [owner(k, part, at)[1] for k, part, at in zip(sizes, parts, w, strict=True)]
        outer = [at - own for at, own in zip(w, inner, strict=True)]
        u, v = (inner, outer) if by_output else (outer, inner)
        row = sum(n * step for n, step in zip((c, *v), rows, strict=True))
        matrix[row][sum(n * step for n, step in zip((e, *u), columns, strict=True))] = value
    return matrix


def _rank_factors(matrix: list[list[Number]]) -> Halves:
    """R = G F with as many columns in G as R has rank: F its reduced rows, G its pivot columns."""
    reduced = [[Fraction(value) for value in row] for row in matrix]
    pivots: list[int] = []
    for column in range(len(matrix[0])):
        at = next((r for r in range(len(pivots), len(reduced)) if reduced[r][column]), None)
        if at is None:
            continue
        top = len(pivots)
        reduced[top], reduced[at] = reduced[at], reduced[top]
        scale = reduced[top][column]
        reduced[top] = [value / scale for value in reduced[top]]
        for r, row in enumerate(reduced):
            if r != top and row[column]:
                reduced[r] = [a - row[column] * b for a, b in zip(row, reduced[top], strict=True)]
        pivots.append(column)
    if not pivots:
        return [[0] * len(matrix[0])], [[0] for _ in matrix]
    return [list(row) for row in reduced[: len(pivots)]], [[row[column] for column in pivots] for row in matrix]


def least(values: Sequence[Number], shape: Sequence[int]) -> int:
    """A number of channels below which none do: the rank of the matrix of polynomials, taken at a few points."""
    outputs, inputs, *sizes = shape
    most = 1
    for point in range(1, 4):
        powers = [prod((point + n) ** at for n, at in enumerate(w)) for w in product(*map(range, sizes))]
        count = len(powers)
        cells = [values[n : n + count] for n in range(0, len(values), count)]
        sums = [sum((a * b for a, b in zip(cell, powers, strict=True)), 0) for cell in cells]
        matrix = [sums[c * inputs : (c + 1) * inputs] for c in range(outputs)]
        if any(map(any, matrix)):
            most = max(most, len(_rank_factors(matrix)[0]))
    return most


def two_factors(
    values: Sequence[Number], sizes: tuple[int, ...], first: tuple[int, ...]
) -> tuple[list[Number], list[Number]] | None:
    """Two kernels of those sizes whose product is this one; None where there are none over the rationals.

    The polynomial is factored over the rationals, which can be done in one way only, and degrees add up, so the
    degrees that some share of its factors has decide it.
    """
    rest = tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))
    if not any(values):
        return [0] * prod(first), [0] * prod(rest)
    scale, factors = _factored(values, sizes)
    degree = tuple(sum(_degrees(factor)[n] * power for factor, power in factors) for n in range(len(sizes)))
    reached: dict[tuple[int, ...], tuple[int, ...]] = {(0,) * len(sizes): ()}  # degrees -> a share of the factors
    for factor, power in factors:
        own = _degrees(factor)[: len(sizes)]
        further: dict[tuple[int, ...], tuple[int, ...]] = {}
        for degrees, powers in reached.items():
            for taken in range(power + 1):
                at = tuple(have + taken * more for have, more in zip(degrees, own, strict=True))
                if all(one < k for one, k in zip(at, first, strict=True)):
                    further.setdefault(at, (*powers, taken))
        reached = further
    for degrees, powers in reached.items():
        if all(total - one < k for total, one, k in zip(degree, degrees, rest, strict=True)):
            left, right = _one(sizes), _one(sizes)
            for (factor, power), taken in zip(factors, powers, strict=True):
                left, right = left * factor**taken, right * factor ** (power - taken)
            return _coefficients(left, first), [plain(scale * value) for value in _coefficients(right, rest)]
    return None


def _variables(sizes: tuple[int, ...]) -> Any:
    from sympy import Symbol

    return [Symbol("t")] if len(sizes) == 1 else [Symbol(f"t{n + 1}") for n in range(max(len(sizes), 1))]


def _polynomial(values: Sequence[Number], sizes: tuple[int, ...]) -> Any:
    from sympy import Poly, Rational

    terms = {
        at or (0,): Rational(*ratio_of(value))
        for at, value in zip(product(*map(range, sizes)), values, strict=True)
        if value
    }
    return Poly(terms or {(0,) * max(len(sizes), 1): 0}, *_variables(sizes), domain="QQ")


def _one(sizes: tuple[int, ...]) -> Any:
    from sympy import Poly

    return Poly(1, *_variables(sizes), domain="QQ")


def _factored(values: Sequence[Number], sizes: tuple[int, ...]) -> tuple[Number, list[tuple[Any, int]]]:
    scale, factors = _polynomial(values, sizes).factor_list()
    return Fraction(int(scale.p), int(scale.q)), factors


def _degrees(polynomial: Any) -> tuple[int, ...]:
    return tuple(polynomial.degree(variable) for variable in polynomial.gens)


def _coefficients(polynomial: Any, sizes: tuple[int, ...]) -> list[Number]:
    found = dict(polynomial.terms())
    return [
        plain(Fraction(int(c.p), int(c.q))) if (c := found.get(at or (0,))) is not None else 0
        for at in product(*map(range, sizes))
    ]


def _too_few(
    layer: Any, values: list[Number], first: tuple[int, ...], width: int, found: int, smallest: bool
) -> Exception:
    """Why that many channels in between do not do, or that it is not known."""
    shape = layer.kernel_shape
    rest = tuple(k - own + 1 for k, own in zip(shape[2:], first, strict=True))
    sizes = f" of sizes {first} and {rest}" if first else ""
    head = f"with {width} channel{'s' * (width > 1)} in between the kernel is no product of kernels{sizes}"
    if shape[:2] == (1, 1) and width == 1:
        scale, factors = _factored(values, tuple(shape[2:]))
        whole = _polynomial(values, tuple(shape[2:])).as_expr()
        if len(factors) == 1 and factors[0][1] == 1:
            return NotApplicable(
                f"{head}: its polynomial {whole} is irreducible over the rationals; {found} channels do"
            )
        parts = " ".join(f"({factor.as_expr()})" + (f"^{power}" if power > 1 else "") for factor, power in factors)
        front = f"{scale} " if scale != 1 else ""
        return NotApplicable(
            f"{head}: over the rationals its polynomial is {front}{parts}, and its factors cannot be shared out so; {found} channels do"
        )
    if smallest or width < (need := least(values, shape)):
        need = found if smallest else need
        return NotApplicable(f"{head}: its matrix needs at least {need}; {found} channels do")
    return Unsupported(f"{found} channels in between do; whether {width} do is not known")


def _filled(halves: Halves, width: int) -> tuple[list[Number], list[Number]]:
    """Both kernels flattened, with zeros for the channels that are more than needed."""
    f, g = halves
    more = width - len(f)
    nothing: list[Number] = [0] * len(f[0])
    first = [plain(value) for row in [*f, *[nothing] * more] for value in row]
    return first, [plain(value) for row in g for value in (*row, *([0] * more))]


def _product(layer: Any, f: list[Number], g: list[Number], first: tuple[int, ...], width: int) -> list[Number]:
    """The kernel that the children make: K[c, e, u + v] = sum of G[c, v, b] F[b, e, u], from the definition."""
    outputs, inputs, *sizes = layer.kernel_shape
    rest = tuple(k - own + 1 for k, own in zip(sizes, first, strict=True))
    steps = strides(layer.kernel_shape)
    total: list[Number] = [0] * prod(layer.kernel_shape)
    for n, (c, *v) in enumerate(product(range(outputs), *map(range, rest))):
        for b in range(width):
            for m, (e, *u) in enumerate(product(range(inputs), *map(range, first))):
                at = (c, e, *(x + y for x, y in zip(u, v, strict=True)))
                total[sum(x * step for x, step in zip(at, steps, strict=True))] += (
                    g[n * width + b] * f[b * inputs * prod(first) + m]
                )
    return total


# Numbers ------------------------------------------------------------------------------------------------


def numbers(name: str, values: Any, shape: Sequence[int]) -> list[Number]:
    """An array of exact numbers, flattened."""
    import numpy as np

    example = f"an array of shape {tuple(shape)}"
    try:
        array = np.asarray(values, dtype=object)
    except (ValueError, TypeError) as error:
        raise SpecError(name, values, f"is no array: {error}", example) from None
    if array.shape != tuple(shape):
        raise SpecError(name, f"shape {array.shape}", f"must have the shape {tuple(shape)}", example)
    return [plain(Fraction(*ratio_of(value, name))) for value in array.flat]


def ratio_of(value: Any, name: str = "kernel") -> tuple[int, int]:
    """Numerator and denominator of an exact number."""
    found = None if isinstance(value, (bool, str)) else ratio(value)
    if found is None:
        raise SpecError(name, value, "must hold integers, fractions or finite floats", "[[[1, 0, 1]]]")
    return found


def _array(items: Sequence[Number], shape: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    array = np.empty(len(items), object)
    array[:] = items
    return array.reshape(shape)
