"""What every layer can do: symbols, output, matrices and explanations, read off its read map."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from functools import cached_property
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .. import limits, matrices
from ..definition import Definition
from ..errors import Described, MissingPackage, NotApplicable, SpecError
from ..readmap import ReadMap
from ..tensors import as_numpy

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse
    from sympy import Expr, ImmutableDenseNDimArray, ImmutableSparseMatrix, Symbol

    from ..drawing import Drawing


class InTorch(NamedTuple):
    """A layer's W in PyTorch: as an `nn.Linear`, dense, and as a sparse CSR tensor."""

    linear: Any
    sparse: Any


class Layer:
    """What every layer can do. Not built directly; see the layers of this package.

    >>> import symconv as sc
    >>> [type(layer).__name__ for layer in (sc.Conv((4,), 3), sc.Linear(3, 2)) if isinstance(layer, sc.Layer)]
    ['Conv', 'Linear']
    """

    kind: ClassVar[str]  # its name on the command line
    usual: ClassVar[str]  # command-line options of a small example

    bias: bool = False

    # What a layer says of itself; the rest follows.

    @cached_property
    def read_map(self) -> ReadMap:
        """Which input each kernel entry multiplies, for each output.

        >>> import symconv as sc
        >>> sc.Conv((4,), 3, stride=2, padding=1).read_map.axes[0].outputs
        2
        """
        raise NotImplementedError

    @property
    def kernel_shape(self) -> tuple[int, ...] | None:
        """The shape of the kernel tensor in PyTorch's layout, or None where there is no kernel.

        >>> import symconv as sc
        >>> sc.Conv((4, 4), (3, 2), in_channels=4, out_channels=6, groups=2).kernel_shape
        (6, 2, 3, 2)
        >>> sc.ConvTranspose((4,), 3, in_channels=4, out_channels=6).kernel_shape
        (4, 6, 3)
        >>> sc.AvgPool((4,), 2).kernel_shape is None
        True
        """
        raise NotImplementedError

    @property
    def input_shape(self) -> tuple[int, ...]:
        """`(channels, *spatial)`, without a batch axis.

        >>> import symconv as sc
        >>> sc.Conv((4, 4), (3, 3), in_channels=2).input_shape
        (2, 4, 4)
        """
        return self.read_map.channels.inputs, *(axis.inputs for axis in self.read_map.axes)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """`(channels, *spatial)`, without a batch axis.

        >>> import symconv as sc
        >>> sc.Conv((4, 4), (3, 3), out_channels=5, stride=2, padding=1).output_shape
        (5, 2, 2)
        """
        return self.read_map.channels.outputs, *(axis.outputs for axis in self.read_map.axes)

    @cached_property
    def definition(self) -> Definition:
        """The defining sum, as the Python function that `output` runs.

        >>> import symconv as sc
        >>> list(sc.Conv((3,), 2).definition.outputs())
        [(0,), (1,)]
        """
        return Definition(self.read_map, self.bias)

    # Symbols and matrices.

    def symbols(self) -> tuple[ImmutableDenseNDimArray, ImmutableDenseNDimArray | None, ImmutableDenseNDimArray | None]:
        """The input, kernel and bias as SymPy arrays of symbols, in `input_shape`, `kernel_shape` and (out_channels,).

        With one input and one output channel the names leave the channel out: x_{0,1}, k_{2,0}.
        The kernel or bias is None where the layer has none.

        >>> import symconv as sc
        >>> x, k, b = sc.Conv((4,), (2,)).symbols()
        >>> x
        [[x_{0}, x_{1}, x_{2}, x_{3}]]
        >>> b is None
        True
        """
        from ..symbols import array

        x, k, b = self.flat_symbols()
        kernel = array(k, self.kernel_shape) if k is not None and self.kernel_shape is not None else None
        return array(x, self.input_shape), kernel, array(b, self.output_shape[:1]) if b is not None else None

    def flat_symbols(self) -> tuple[list[Symbol], list[Symbol] | None, list[Symbol] | None]:
        """The same symbols as lists, in row-major order.

        >>> import symconv as sc
        >>> sc.Conv((3,), 2).flat_symbols()
        ([x_{0}, x_{1}, x_{2}], [k_{0}, k_{1}], None)
        """
        from ..symbols import symbols

        limits.check("nonzeros", prod(self.input_shape), f"{self!r} has {{}} inputs")
        limits.check("nonzeros", prod(self.kernel_shape or ()), f"{self!r} has {{}} kernel entries")
        channels = self.read_map.shows_channels
        x = symbols("x", self.input_shape, slice(0 if channels else 1, None))
        k = (
            symbols("k", self.kernel_shape, slice(0 if channels else 2, None))
            if self.kernel_shape is not None
            else None
        )
        b = symbols("b", self.output_shape[:1], slice(0 if channels else 1, None)) if self.bias else None
        return x, k, b

    def output(self) -> ImmutableDenseNDimArray:
        """The output, bias included, as a SymPy array of `output_shape`: the definition run on the symbols.

        >>> import symconv as sc
        >>> sc.Conv((3,), (2,)).output()
        [[k_{0}*x_{0} + k_{1}*x_{1}, k_{0}*x_{1} + k_{1}*x_{2}]]
        """
        from ..symbols import array

        self._must_fit("the output")
        return array(list(self.flat_output()), self.output_shape)

    def flat_output(self) -> Iterator[Expr]:
        """The outputs in row-major order, one at a time.

        >>> import symconv as sc
        >>> next(sc.Conv((3,), 2).flat_output())
        k_{0}*x_{0} + k_{1}*x_{1}
        """
        return self.run(*self.flat_symbols())

    def run(self, x: Sequence[Any], k: Sequence[Any] | None, b: Sequence[Any] | None) -> Iterator[Expr]:
        """The definition run on a flattened input, kernel and bias of symbols or numbers: the outputs in row-major order.

        >>> import symconv as sc
        >>> list(sc.Conv((3,), 2).run([1, 10, 100], [2, 3], None))
        [32, 320]
        >>> list(sc.AvgPool((2,), 2).run([1, 2], None, None))
        [3/2]
        """
        from sympy import Add, Rational, S

        from ..definition import nested, strides

        def exact(values: Any) -> Any:
            """Python's and NumPy's integers and fractions as SymPy's, which are divided without becoming floats."""
            return (
                values
                if values is None
                else [
                    Rational(int(each.numerator), int(each.denominator)) if isinstance(each, numbers.Rational) else each
                    for each in values
                ]
            )

        x, k, b = map(exact, (x, k, b))
        lines = self.read_map.lines
        columns = strides([line.inputs for line in lines])
        signal = self.definition.padded(
            lambda at: x[sum(p * step for p, step in zip(at, columns, strict=True))], S.Zero
        )
        kernel = (
            nested([size for line in lines for size in line.kernel_shape], k.__getitem__) if k is not None else None
        )
        bias = b if b is None or self.definition.bias_indices else b[0]
        function = self.definition.function(kernel, signal, bias, lambda terms: Add(*terms))
        return (function(*at) for at in self.definition.outputs())

    def weight_matrix(self, order: str = "row-major") -> ImmutableSparseMatrix:
        """W as a SymPy matrix (prod(output_shape), prod(input_shape)), both sides flattened in one order; no bias.

        An entry is zero, a kernel symbol, or, where one output reads an input more than once, a sum
        of kernel symbols. Where there is no kernel the entries are rational numbers.

        >>> import symconv as sc
        >>> sc.Conv((3,), (2,)).weight_matrix()
        Matrix([
        [k_{0}, k_{1},     0],
        [    0, k_{0}, k_{1}]])

        The order is that of `(channel, *spatial)`: "row-major", as `torch.flatten` has it; "column-major", in which
        the first index runs fastest (NumPy's order="F"); or "channels-last", in which the channel does.

        >>> two = sc.Conv((2,), 1, in_channels=2, out_channels=1)
        >>> two.weight_matrix("channels-last")
        Matrix([
        [k_{0,0,0}, k_{0,1,0},         0,         0],
        [        0,         0, k_{0,0,0}, k_{0,1,0}]])
        """
        from sympy import ImmutableSparseMatrix, Rational

        self._must_fit("W")
        places = matrices.order_of(self.read_map, order)
        if not self.read_map.kernel:
            rows = enumerate(matrices.number_rows(self.read_map, places))
            known = {(row, c): Rational(value) for row, line in rows for c, value in line.items()}
            return ImmutableSparseMatrix(prod(self.output_shape), prod(self.input_shape), known)
        return self.in_symbols(matrices.weight_matrix(self.read_map, places))

    def in_symbols(self, matrix: matrices.LabelledMatrix) -> ImmutableSparseMatrix:
        """A matrix of kernel entries as a SymPy matrix of this layer's kernel symbols.

        >>> import symconv as sc
        >>> from symconv.matrices import weight_matrix
        >>> layer = sc.Conv((3,), 2)
        >>> layer.in_symbols(weight_matrix(layer.read_map)) == layer.weight_matrix()
        True
        """
        from sympy import Add, ImmutableSparseMatrix

        flat = self.flat_symbols()[1] or []
        cells = {
            (row, column): flat[entry[0]] if len(entry) == 1 else Add(*(flat[u] for u in entry))
            for row, line in enumerate(matrix.rows)
            for column, entry in line.items()
        }
        return ImmutableSparseMatrix(*matrix.shape, cells)

    def im2col(self) -> ImmutableSparseMatrix:
        """The matrix whose column for an output holds the inputs that its window reads.

        Shape (in_channels * prod(kernel_size), prod(output spatial)), rows and columns ordered as
        `torch.nn.functional.unfold`'s; group g uses row block g. Row (e, u, v) belongs to kernel
        entry (u, v) as the kernel is stored, also when it is flipped.

        >>> import symconv as sc
        >>> sc.Conv((3,), (2,)).im2col()
        Matrix([
        [x_{0}, x_{1}],
        [x_{1}, x_{2}]])
        """
        from sympy import ImmutableSparseMatrix

        if not self.read_map.kernel:
            raise NotApplicable(f"{self!r} has no kernel, so there is nothing to multiply the gathered inputs with")
        self._must_fit("the matrix of im2col")
        flat = self.flat_symbols()[0]
        matrix = matrices.im2col_matrix(self.read_map)
        cells = {(row, column): flat[at] for row, line in enumerate(matrix.rows) for column, (at,) in line.items()}
        return ImmutableSparseMatrix(*matrix.shape, cells)

    def to_latex(self) -> str:
        r"""W in LaTeX: the bytes of `sympy.latex(layer.weight_matrix())`, hundreds of times as fast.

        More than 2^28 entries are `TooLarge`.

        >>> import symconv as sc
        >>> print(sc.Conv((3,), 2).to_latex())
        \left[\begin{matrix}k_{0} & k_{1} & 0\\0 & k_{0} & k_{1}\end{matrix}\right]
        """
        from .. import sympy_latex

        sympy_latex.must_fit(prod(self.output_shape), prod(self.input_shape))
        return sympy_latex.matrix(matrices.matrix_of(self.read_map))

    def output_latex(self) -> list[str]:
        """The outputs in row-major order in LaTeX: the bytes of `sympy.latex` for each entry of `layer.output()`.

        >>> import symconv as sc
        >>> sc.Conv((3,), 2, bias=True).output_latex()
        ['b + k_{0} x_{0} + k_{1} x_{1}', 'b + k_{0} x_{1} + k_{1} x_{2}']
        """
        from .. import sympy_latex

        self._must_fit("the output")
        return sympy_latex.outputs(self.definition, self.input_shape[0 if self.read_map.shows_channels else 1 :])

    def to_numpy(self, kernel: Any = None) -> np.ndarray[Any, Any]:
        """W for a numeric kernel of `kernel_shape`, as a dense array. The dtype is the kernel's; integers become int64.

        A layer without a kernel takes none: its W is float64, each entry the number nearest to the exact
        one, which is the exact one where that is a fraction over a power of two.

        >>> import symconv as sc
        >>> sc.Conv((3,), (2,)).to_numpy([[[1, -1]]])
        array([[ 1, -1,  0],
               [ 0,  1, -1]])
        """
        import numpy as np

        rows, width = prod(self.output_shape), prod(self.input_shape)
        what = f"W is {rows:,} x {width:,}, {{}} numbers"
        limits.check("dense", rows * width, what, "to_scipy holds only its non-zeros; ")
        data, columns, indptr = self._csr(kernel)
        result = np.zeros((prod(self.output_shape), prod(self.input_shape)), data.dtype)
        result[np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), columns] = data
        return result

    def to_scipy(self, kernel: Any = None) -> scipy.sparse.csr_array:
        """W for a numeric kernel as a canonical SciPy CSR array; entries that happen to be zero are kept.

        A layer without a kernel takes none; its numbers are those of `to_numpy`. SciPy itself cannot densify
        object or float16 data. Without SciPy, `MissingPackage` says how to install it.

        >>> import symconv as sc
        >>> W = sc.Conv((4,), 2).to_scipy([[[1, -1]]])
        >>> W.shape, W.nnz, W.data.tolist()
        ((3, 4), 6, [1, -1, 1, -1, 1, -1])
        """
        try:
            from scipy.sparse import csr_array
        except ImportError:
            how = "pip install 'symconv[scipy]'; to_numpy needs nothing more"
            raise MissingPackage(f"to_scipy needs SciPy, which is not installed: {how}") from None

        data, columns, indptr = self._csr(kernel)
        result = csr_array((data, columns, indptr), shape=(prod(self.output_shape), prod(self.input_shape)))
        result.has_canonical_format = True
        return result

    def to_torch(self, kernel: Any = None, bias: Any = None) -> InTorch:
        """The equivalent `nn.Linear`, with W dense, and W alone as a sparse CSR tensor: (linear, sparse).

        Both act on the flattened input and give the flattened output. The kernel has `kernel_shape` and the bias one
        number for each output channel, as arrays or tensors, such as `module.weight` and `module.bias`; the dtype is
        the kernel's. PyTorch is the extra `torch`; without it `MissingPackage` says how to install it. A W with too
        many numbers to be dense is `TooLarge`; `to_scipy` still holds its non-zeros.

        >>> import symconv as sc
        >>> linear, sparse = sc.Conv((3,), 2).to_torch([[[1.0, -1.0]]])  # doctest: +SKIP
        >>> linear.weight.tolist()  # doctest: +SKIP
        [[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]
        """
        try:
            torch: Any = import_module("torch")
        except ImportError:
            how = "pip install 'symconv[torch]'"
            raise MissingPackage(f"to_torch needs PyTorch, which is not installed: {how}") from None
        example = f"an array of shape {self.output_shape[:1]}"
        if (bias is None) is self.bias:
            rule = "this layer has a bias, so its numbers are needed" if self.bias else "this layer has no bias"
            raise SpecError("bias", bias, rule, example if self.bias else "bias=None")
        dense, (data, columns, indptr) = self.to_numpy(kernel), self._csr(kernel)
        if data.dtype == object:
            raise SpecError(
                "kernel", Described("of dtype object"), "must hold machine numbers for PyTorch", "dtype=float64"
            )
        weight, values = torch.from_numpy(dense), torch.from_numpy(data)
        if isinstance(kernel, torch.Tensor):  # also one that NumPy has no type for
            weight, values = weight.to(kernel.dtype), values.to(kernel.dtype)
        if bias is not None:
            bias = torch.as_tensor(bias).detach().to(weight)
            if tuple(bias.shape) != self.output_shape[:1]:
                rule = f"must have one number for each output channel: {self.output_shape[:1]}"
                raise SpecError("bias", Described(f"of shape {tuple(bias.shape)}"), rule, example)
            bias = bias.repeat_interleave(prod(self.output_shape[1:]))
        linear = torch.nn.Linear(*dense.shape[::-1], bias=bias is not None, device="meta")
        linear.weight = torch.nn.Parameter(weight, requires_grad=False)
        linear.bias = None if bias is None else torch.nn.Parameter(bias, requires_grad=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
            places = torch.from_numpy(indptr), torch.from_numpy(columns)
            sparse = torch.sparse_csr_tensor(*places, values, dense.shape, check_invariants=True)
        return InTorch(linear, sparse)

    def _must_fit(self, what: str) -> None:
        """Refuse what is made of all inputs, outputs and non-zeros, before it is made."""
        for name, size in (("inputs", prod(self.input_shape)), ("outputs", prod(self.output_shape))):
            limits.check("nonzeros", size, f"{what} of {self!r} has {{}} {name}")
        limits.check("nonzeros", self.read_map.reach, f"the tables of {self!r} have {{}} entries")
        limits.check("nonzeros", self.read_map.nonzeros, f"{what} of {self!r} has {{}} non-zero entries")

    def _csr(self, kernel: Any) -> tuple[Any, Any, Any]:
        if self.read_map.kernel:
            return matrices.evaluate(self.read_map, self._numeric(kernel))
        if kernel is not None:
            raise SpecError("kernel", kernel, "this layer has no kernel", "kernel=None")
        self._must_fit("W")  # exact fractions, before they are rounded
        return matrices.floats(self.read_map)

    def _numeric(self, kernel: Any) -> Any:
        import numpy as np

        example = f"an array of shape {self.kernel_shape}"
        if kernel is None:
            raise SpecError("kernel", None, "this layer has a kernel, so its numbers are needed", example)
        try:
            array = np.asarray(as_numpy(kernel, "kernel"))
        except (ValueError, TypeError, RuntimeError) as error:
            raise SpecError("kernel", kernel, f"is no array: {error}", example) from None
        if array.shape != self.kernel_shape:
            raise SpecError(
                "kernel",
                Described(f"of shape {array.shape}"),
                f"must have the layer's kernel_shape {self.kernel_shape}",
                example,
            )
        kind = array.dtype.kind
        words = kind == "O" and any(isinstance(each, (str, bytes, type(None))) for each in array.flat)
        if kind not in "iubfcO" or words:
            raise SpecError("kernel", Described(f"of dtype {array.dtype}"), "must hold numbers", example)
        return array

    def explain(self, output: int | tuple[int, ...], input: int | tuple[int, ...]) -> str:
        """One sentence: which kernel entries meet at this entry of W, or why it is zero.

        Output and input are positions `(channel, *spatial)`, or the row and the column of W.

        >>> import symconv as sc
        >>> layer = sc.Conv((4, 4), (3, 3))
        >>> layer.explain(output=(0, 0, 1), input=(0, 0, 3))
        'W[1, 3] is k_{0,2}: it lies on input (0, 0, 3) when output (0, 0, 1) is computed.'
        >>> layer.explain(output=(0, 0, 0), input=(0, 0, 3))
        'W[0, 3] is 0: along axis 1, output 0 reads positions 0 to 2, and input 3 lies outside the window.'
        >>> layer.explain(0, 5)
        'W[0, 5] is k_{1,1}: it lies on input (0, 1, 1) when output (0, 0, 0) is computed.'
        """
        from ..explain import explain

        return explain(self, output, input)

    def draw(
        self,
        what: str = "both",
        output: Any = None,
        title: str | None = None,
        order: str = "row-major",
        first_index: int = 0,
    ) -> Drawing:
        """A picture, which shows itself in a notebook and has `svg()`, `tikz()` and `save(path)`.

        `what` is "window" (the window on the padded input), "matrix" (W coloured by kernel entry), "both",
        or "animation" (both, for every output in turn). `output` is the position whose window and row
        are shown, as `(channel, *spatial)`; the channel may be left out where there is one. `order` is that of the
        rows and columns of W, as for `weight_matrix`. With `first_index=1` indices start at 1, those of `output` too.

        >>> import symconv as sc
        >>> sc.Conv((4, 4), (3, 3)).draw("window", output=(1, 0))
        Drawing of Conv(input_size=(4, 4), kernel_size=3): The window on the input

        Raises
        ------
        SpecError
            No such picture, or no such output.
        TooLarge
            More cells than a reader could see; nothing was built.
        Unsupported
            A window with more than three spatial axes.
        """
        from ..drawing import Drawing

        return Drawing(self, what, output, title, order, first_index)

    # How it shows itself.

    def __repr__(self) -> str:
        shown = []
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if each.default is MISSING or value != _canonical(each.name, each.default, value):
                shown.append(f"{each.name}={_short(each.name, value)!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_markdown_(self) -> str:
        from ..documents.setting import card
        from ..render.markdown import render

        return render(card(self))

    def __dir__(self) -> list[str]:
        own = [each.name for each in fields(self)]  # type: ignore[arg-type]
        return sorted([*own, *_METHODS])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))  # type: ignore[arg-type]


_PER_AXIS = (
    "kernel_size", "stride", "padding", "output_padding", "dilation", "input_dilation", "size", "scale_factor",
)  # fmt: skip


def _canonical(name: str, default: Any, like: Any) -> Any:
    """A default in the canonical form that a layer holds."""
    if name not in _PER_AXIS or default is None:
        return default
    return ((default, default) if name == "padding" else default,) * len(like)


def _short(name: str, value: Any) -> Any:
    """The shortest form that means the same: one integer, one for each axis, or pairs."""
    if name == "scale_factor" and value is not None:  # as it can be written without an import
        value = tuple(each if isinstance(each, int) else str(each) for each in value)
    if name == "padding":
        if any(low != high or low < 0 for low, high in value):
            return value
        value = tuple(low for low, _ in value)
    return value[0] if name in _PER_AXIS and value is not None and len(set(value)) == 1 else value


_METHODS = [
    "definition", "draw", "explain", "im2col", "input_shape", "kernel_shape", "output", "output_latex", "output_shape",
    "read_map", "symbols", "to_latex", "to_numpy", "to_scipy", "to_torch", "weight_matrix",
]  # fmt: skip
