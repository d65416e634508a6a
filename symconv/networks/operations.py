"""What a node of a network does: a layer with its weights, or one of a few operations without a read map.

Each says the shape of its output, its matrix on the stacked vectors of its inputs, its bias, and, apart from
the matrix, its definition: which entry of which input every output reads. `checks` compares the two. The
definitions run forward over positions; the matrices are made from flat numbers, input by input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from .. import limits, spec
from ..arrays import WithArrays
from ..errors import SpecError
from ..layers import Layer
from ..matrices import LabelledMatrix, NumberMatrix, matrix_of
from .activations import FUNCTIONS
from .exact import exact, symbolic

if TYPE_CHECKING:
    import numpy as np

Shape = tuple[int, ...]

Reads = Iterator[tuple[Shape, list[tuple[Any, int, Shape]]]]
"""Each output position, in row-major order, with what it reads: (coefficient, which input, its position)."""


class Operation:
    """What a node does to its inputs. Not built directly."""

    @property
    def said(self) -> str:
        """What it is, in a word or a line, without its numbers."""
        return type(self).__name__

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The shape of the output, from those of the inputs; a `SpecError` where they do not fit."""
        raise NotImplementedError

    def concrete(self, name: str, inputs: Sequence[Shape]) -> Operation:
        """The same with symbols, named after the node, for weights that were not given."""
        return self

    def matrix(self, inputs: Sequence[Shape]) -> LabelledMatrix | NumberMatrix | None:
        """The matrix on the stacked vectors of the inputs; None for what has none."""
        return None

    def bias(self, inputs: Sequence[Shape]) -> np.ndarray[Any, Any] | None:
        """What is added to each output; None for nothing."""
        return None

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """The definition, for what is no layer and has a matrix."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Apply(WithArrays, Operation):
    """A layer with its weights: numbers, or None for symbols.

    >>> import symconv as sc
    >>> Apply(sc.Conv((3,), 2), kernel=[[[1, 0.5]]]).kernel.tolist()
    [[[1, Fraction(1, 2)]]]
    """

    layer: Layer
    kernel: Any = field(default=None, compare=False, repr=False)
    offset: Any = field(default=None, compare=False, repr=False)

    @property
    def said(self) -> str:
        """Its layer."""
        return repr(self.layer)

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise SpecError("layer", self.layer, "must be a layer", "Apply(sc.Conv((4, 4), 3))")
        for name, shape in self._shapes.items():
            value = getattr(self, name)
            if value is not None and shape is None:
                said = name if name == "kernel" else "bias"
                raise SpecError(said, value, f"{self.layer!r} has no {said}", f"{said}=None")
            if value is not None and shape is not None:
                object.__setattr__(self, name, exact(value, shape, name))

    @property
    def _shapes(self) -> dict[str, Shape | None]:
        layer = self.layer
        return {"kernel": layer.kernel_shape, "offset": layer.output_shape[:1] if layer.bias else None}

    def concrete(self, name: str, inputs: Sequence[Shape]) -> Apply:
        """With symbols such as k^{conv1}_{0,0} where no weights were given."""
        letters = {"kernel": "k", "offset": "b"}
        missing: dict[str, Any] = {
            each: symbolic(name, letters[each], shape)
            for each, shape in self._shapes.items()
            if shape and getattr(self, each) is None
        }
        return replace(self, **missing)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The layer's."""
        count(inputs, 1)
        if inputs[0] != self.layer.input_shape:
            rule = f"{self.layer!r} takes an input of shape {self.layer.input_shape}"
            raise SpecError("input", inputs[0], rule, f"an input of shape {self.layer.input_shape}")
        return self.layer.output_shape

    def matrix(self, inputs: Sequence[Shape]) -> LabelledMatrix | NumberMatrix:
        """W, of kernel entries or of numbers."""
        return matrix_of(self.layer.read_map)

    def bias(self, inputs: Sequence[Shape]) -> np.ndarray[Any, Any] | None:
        """That of each output's channel."""
        return None if self.offset is None else self.offset.repeat(prod(self.layer.output_shape[1:]))


@dataclass(frozen=True)
class Activation(Operation):
    """An elementwise function by name; the parameters are numbers, such as the slope of "leaky_relu".

    >>> import numpy as np
    >>> Activation("relu")(np.array([-1, 2], object)).tolist()
    [0, 2]
    """

    name: str
    parameters: tuple[Any, ...] = ()

    @property
    def said(self) -> str:
        """Its function."""
        return self.name

    def __post_init__(self) -> None:
        if self.name not in FUNCTIONS:
            raise SpecError("name", self.name, "must be one of " + ", ".join(FUNCTIONS), 'Activation("relu")')
        most = FUNCTIONS[self.name].parameters
        if not isinstance(self.parameters, (tuple, list)):
            raise SpecError("parameters", self.parameters, "must be a tuple of numbers", f"({self.parameters!r},)")
        if len(self.parameters) > most:
            raise SpecError("parameters", self.parameters, f"{self.name} takes at most {most}", 'Activation("relu")')
        numbers = exact(list(self.parameters), (len(self.parameters),), "parameters").tolist()
        object.__setattr__(self, "parameters", tuple(numbers))

    @property
    def rational(self) -> bool:
        """Whether it maps rational numbers to rational numbers."""
        return FUNCTIONS[self.name].rational

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """That of the input."""
        count(inputs, 1)
        return inputs[0]

    def __call__(self, x: np.ndarray[Any, Any]) -> Any:
        """Of every entry of an array, in the arithmetic of the array."""
        return FUNCTIONS[self.name].compute(x, *self.parameters)


@dataclass(frozen=True)
class Add(Operation):
    """The sum of inputs of one shape, the end of a residual block; or, with as many numbers, of multiples of them.

    >>> Add((1, -1)).matrix([(2,), (2,)]).rows
    ({0: 1, 2: -1}, {1: 1, 3: -1})
    """

    multiples: tuple[Any, ...] = ()

    def _multiples(self, inputs: Sequence[Shape]) -> list[Any]:
        numbers: list[Any] = exact(list(self.multiples), (len(self.multiples),), "multiples").tolist()
        return numbers or [1] * len(inputs)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """That of each input."""
        if len(inputs) < 2 or len(set(inputs)) > 1:
            raise SpecError("inputs", tuple(inputs), "must be two or more of one shape", "two inputs of one shape")
        if self.multiples and len(self.multiples) != len(inputs):
            rule = f"must be one number for each of the {len(inputs)} inputs"
            raise SpecError("multiples", self.multiples, rule, f"Add({(1,) * len(inputs)})")
        return inputs[0]

    def matrix(self, inputs: Sequence[Shape]) -> NumberMatrix:
        """[I I], or multiples of I side by side."""
        size = prod(inputs[0])
        held = [(k * size, number) for k, number in enumerate(self._multiples(inputs)) if number]
        rows = tuple({start + n: number for start, number in held} for n in range(size))
        return NumberMatrix(inputs[0], (len(inputs) * size,), rows)

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """y_o is the sum of the entries o of the inputs, each times its number."""
        numbers = self._multiples(inputs)
        for at in positions(inputs[0]):
            yield at, [(number, k, at) for k, number in enumerate(numbers)]


@dataclass(frozen=True)
class Concat(Operation):
    """The inputs one after the other along an axis, by default the channels: the end of an inception block."""

    axis: int = 0

    def __post_init__(self) -> None:
        spec.integer("axis", self.axis, 0)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The sizes along the axis are added."""
        rest = {(len(shape), shape[: self.axis], shape[self.axis + 1 :]) for shape in inputs}
        if len(rest) != 1 or not 0 <= self.axis < len(inputs[0]):
            rule = f"must agree in all sizes but that of axis {self.axis}"
            raise SpecError("inputs", tuple(inputs), rule, "inputs of shapes (2, 4, 4) and (3, 4, 4)")
        total = sum(shape[self.axis] for shape in inputs)
        return (*inputs[0][: self.axis], total, *inputs[0][self.axis + 1 :])

    def matrix(self, inputs: Sequence[Shape]) -> NumberMatrix:
        """A permutation, along axis 0 the identity: every entry of an input goes to its row."""
        shape = self.output_shape(inputs)
        inner = prod(shape[self.axis + 1 :])
        rows: list[dict[int, int]] = [{} for _ in range(prod(shape))]
        column = before = 0
        for each in inputs:
            together = each[self.axis] * inner
            for n in range(prod(each)):
                block, within = divmod(n, together)
                rows[block * shape[self.axis] * inner + before + within][column] = 1
                column += 1
            before += together
        return NumberMatrix(shape, (column,), tuple(rows))

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """The input whose turn it is along the axis."""
        turns = [(k, n) for k, shape in enumerate(inputs) for n in range(shape[self.axis])]
        for at in positions(self.output_shape(inputs)):
            k, n = turns[at[self.axis]]
            yield at, [(1, k, (*at[: self.axis], n, *at[self.axis + 1 :]))]


@dataclass(frozen=True)
class Reshape(Operation):
    """The same entries in the same row-major order under another shape; None is one axis: flattening."""

    shape: Shape | None = None

    def __post_init__(self) -> None:
        sizes("shape", self.shape)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """The new shape."""
        count(inputs, 1)
        shape = (prod(inputs[0]),) if self.shape is None else self.shape
        if prod(shape) != prod(inputs[0]):
            raise SpecError("shape", shape, f"must have the {prod(inputs[0])} entries of {inputs[0]}", "Reshape()")
        return shape

    def matrix(self, inputs: Sequence[Shape]) -> NumberMatrix:
        """The identity."""
        size = prod(inputs[0])
        return NumberMatrix(self.output_shape(inputs), (size,), tuple({n: 1} for n in range(size)))

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """Both shapes are walked through side by side, the last index fastest."""
        for at, source in zip(positions(self.output_shape(inputs)), positions(inputs[0]), strict=True):
            yield at, [(1, 0, source)]


@dataclass(frozen=True, eq=False)
class Scale(WithArrays, Operation):
    """Batch normalisation at inference: every channel times a number, plus a number; None stands for symbols.

    With the moving mean m and variance v, the weight g and the bias b of a channel, the scale is
    g / sqrt(v + e), one number, and the offset is b minus m times it. Where the root is irrational a
    framework's scale is that number rounded; `rounded` says so.
    """

    scale: Any = field(default=None, compare=False, repr=False)
    offset: Any = field(default=None, compare=False, repr=False)
    rounded: bool = False

    def concrete(self, name: str, inputs: Sequence[Shape]) -> Scale:
        """With symbols such as s^{norm}_{0} where no numbers were given."""
        channels = inputs[0][:1]
        scale, offset = (
            symbolic(name, letter, channels) if value is None else exact(value, channels, said)
            for letter, said, value in (("s", "scale", self.scale), ("t", "offset", self.offset))
        )
        return replace(self, scale=scale, offset=offset)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """That of the input."""
        count(inputs, 1)
        return inputs[0]

    def matrix(self, inputs: Sequence[Shape]) -> NumberMatrix:
        """Diagonal: each channel's number once for every place; the row for a zero is empty."""
        diagonal = self.scale.repeat(prod(inputs[0][1:])).tolist()
        rows = tuple({n: value} if value != 0 else {} for n, value in enumerate(diagonal))
        return NumberMatrix(inputs[0], (len(rows),), rows)

    def bias(self, inputs: Sequence[Shape]) -> np.ndarray[Any, Any]:
        """That of each output's channel."""
        bias: np.ndarray[Any, Any] = self.offset.repeat(prod(inputs[0][1:]))
        return bias

    def reads(self, inputs: Sequence[Shape]) -> Reads:
        """y_{c,i} = s_c x_{c,i}, without the offset."""
        for at in positions(inputs[0]):
            yield at, [(self.scale[at[0]], 0, at)]


@dataclass(frozen=True)
class Refused(Operation):
    """What is not converted: its name, why, and the shape of its output, None where that is not known.

    >>> Refused("MaxPool2d", "which input it takes depends on the inputs", (8, 4, 4)).what
    'MaxPool2d'
    """

    what: str
    reason: str
    shape: Shape | None = None

    @property
    def said(self) -> str:
        """What was not converted."""
        return f"{self.what}, not converted"

    def __post_init__(self) -> None:
        sizes("shape", self.shape)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """As it was given; without one nothing can be said of what comes after it."""
        if self.shape is None:
            raise SpecError("shape", None, f"the output of {self.what} has no known shape", "shape=(8, 4, 4)")
        return self.shape


def count(inputs: Sequence[Shape], wanted: int) -> None:
    """Refuse another number of inputs."""
    if len(inputs) != wanted:
        raise SpecError("inputs", tuple(inputs), f"must be {wanted}, and there are {len(inputs)}", 'inputs=("conv",)')


def sizes(name: str, shape: Any) -> None:
    """Refuse what is no shape; None and () are."""
    fine = shape is None or isinstance(shape, tuple)
    if not fine or not all(type(n) is int and n > 0 for n in shape or ()):
        raise SpecError(name, shape, "must be a tuple of sizes of at least 1", f"{name}=(8, 4, 4)")


def must_fit(name: str, shape: Shape) -> None:
    """Refuse what has more entries than are gone through one by one, before anything of that size is made."""
    limits.check("nonzeros", prod(shape), f"{name} has {{}} entries")


def positions(shape: Shape) -> Iterator[Shape]:
    """All positions, the last index fastest."""
    return product(*map(range, shape))
