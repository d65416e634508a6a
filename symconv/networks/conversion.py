"""A network as one explicit fully connected network: for every node a sparse matrix and a bias.

Let h_0 be the vector of the input and h_n that of node n. A node with inputs m1, m2, ... is

    h_n = W_n (h_m1; h_m2; ...) + b_n      for a layer, a sum, a concatenation, a new shape, a normalisation
    h_n = sigma(h_m1)                      for an elementwise activation sigma

so by induction along the order every h_n is the vector of what the network's node gives.

References
----------
W. Ma and J. Lu, "An Equivalence of Fully Connected Layer and Convolutional Layer", arXiv 1712.01252, sections 4
and 6: residual and inception networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from .. import limits
from ..errors import Described, MissingPackage, NotApplicable, ProofFailed, SpecError, TooLarge
from ..layers import Layer
from ..matrices import LabelledMatrix, NumberMatrix, evaluate
from ..report import Report
from .exact import exact, plain
from .graph import INPUT, Network, Node
from .operations import Activation, Apply, Operation, Refused, Shape

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse

ENTRIES_LIMIT = 100_000_000
"""Non-zero entries of one matrix that may be written out: a few gigabytes."""


@dataclass(frozen=True)
class Dense:
    """One node as a fully connected layer: its matrix on the stacked vectors of its inputs, and its bias.

    The matrix is None for an activation and for what was refused, the bias where there is none.
    """

    node: Node
    shape: Shape
    matrix: LabelledMatrix | NumberMatrix | None
    bias: np.ndarray[Any, Any] | None

    def __repr__(self) -> str:
        """In one line: the thousands of numbers are in `entries`."""
        size = "" if self.matrix is None else ", matrix {} x {}".format(*self.matrix.shape)
        return f"<{self.name}: {self.operation.said}{size}>"

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the nodes whose vectors it takes."""
        return self.node.inputs

    @property
    def operation(self) -> Operation:
        """What the network does there."""
        return self.node.operation

    @property
    def nonzeros(self) -> int:
        """How many entries of the matrix are stored: all but those that are zero for every kernel."""
        if isinstance(self.matrix, NumberMatrix):
            return self.matrix.nonzeros
        return self.operation.layer.read_map.nonzeros if isinstance(self.operation, Apply) else 0

    @cached_property
    def entries(self) -> tuple[Any, Any, Any]:
        """The matrix with its exact numbers in compressed rows: (data, columns, where each row starts)."""
        import numpy as np

        if self.matrix is None:
            why = self.operation.reason if isinstance(self.operation, Refused) else "an activation is not linear"
            raise NotApplicable(f"{self.name} has no matrix: {why}")
        if self.nonzeros > ENTRIES_LIMIT:
            raise TooLarge(f"the matrix of {self.name} has {self.nonzeros:,} entries, more than {ENTRIES_LIMIT:,}")
        if isinstance(self.matrix, LabelledMatrix) and isinstance(self.operation, Apply):
            return evaluate(self.operation.layer.read_map, self.operation.kernel)
        rows: list[Mapping[int, Any]] = [dict(row) for row in self.matrix.rows]
        data = np.empty(sum(map(len, rows)), object)
        data[:] = [value for row in rows for value in row.values()]
        columns = np.array([column for row in rows for column in row], np.int64)
        return data, columns, np.cumsum([0, *map(len, rows)])

    def numbers(self, dtype: Any) -> tuple[Any, Any, Any]:
        """The same in another arithmetic: object for the exact one, or a floating-point dtype."""
        import numpy as np

        if np.dtype(dtype) not in self._cast:
            data, columns, indptr = self.entries
            self._cast[np.dtype(dtype)] = _as(data, dtype, self.name), columns, indptr
        return self._cast[np.dtype(dtype)]

    @cached_property
    def _cast(self) -> dict[Any, tuple[Any, Any, Any]]:
        return {}

    def to_scipy(self, dtype: Any = float) -> scipy.sparse.csr_array:
        """The matrix as a SciPy CSR array (the extra `scipy`)."""
        try:
            from scipy.sparse import csr_array
        except ImportError:
            how = "pip install 'symconv[scipy]'"
            raise MissingPackage(f"to_scipy needs SciPy, which is not installed: {how}") from None
        shape = (0, 0) if self.matrix is None else self.matrix.shape
        return csr_array(self.numbers(dtype), shape=shape)

    def apply(self, stacked: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """W h + b for each row h, in the arithmetic of the array."""
        import numpy as np

        data, columns, indptr = self.numbers(stacked.dtype)
        (filled,) = np.nonzero(np.diff(indptr))
        result = np.zeros((len(stacked), len(indptr) - 1), stacked.dtype)
        if len(filled):
            for ours, vector in zip(result, stacked, strict=True):
                ours[filled] = np.add.reduceat(data * vector[columns], indptr[:-1][filled])
        return result if self.bias is None else result + _as(self.bias, stacked.dtype, self.name)


@dataclass(frozen=True)
class FullyConnected:
    """A network as an explicit fully connected one, with its proof. Built by `fully_connected`.

    >>> import symconv as sc
    >>> network = sc.fully_connected(sc.Conv((3,), 2))
    >>> network
    <fully connected network of 1 node>
    >>> network["layer"].to_scipy(object).shape
    (2, 3)

    Attributes
    ----------
    source
        The network that was converted.
    nodes
        The fully connected layers, in the order of the network's nodes.
    """

    source: Network
    nodes: tuple[Dense, ...] = field(compare=False)  # they follow from the source

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape that each vector numbers, by the name of its node.

        >>> import symconv as sc
        >>> network = sc.fully_connected(sc.Conv((3,), 2))
        >>> network.shapes
        {'input': (1, 3), 'layer': (1, 2)}
        """
        return self.source.shapes

    @property
    def output(self) -> str:
        """The name of the node that is the output.

        >>> import symconv as sc
        >>> network = sc.fully_connected(sc.Conv((3,), 2))
        >>> network.output
        'layer'
        """
        return self.source.output

    @property
    def refused(self) -> dict[str, Refused]:
        """The nodes that are no part of a fully connected network, by name, each with its `what` and `reason`.

        >>> import symconv as sc
        >>> from symconv.networks import Refused
        >>> network = sc.Network((1, 3), [("max", Refused("MaxPool1d", "which input it takes depends on the input", (1, 2)))])
        >>> sc.fully_connected(network).refused["max"].reason
        'which input it takes depends on the input'
        """
        return {node.name: node.operation for node in self.nodes if isinstance(node.operation, Refused)}

    def __getitem__(self, name: str) -> Dense:
        """The fully connected layer of a node."""
        found = {node.name: node for node in self.nodes}
        if name not in found:
            raise SpecError("name", name, "must be one of " + ", ".join(found), f"network[{next(iter(found))!r}]")
        return found[name]

    def __call__(self, x: Any, refused: Mapping[str, Callable[[Any], Any]] | None = None) -> np.ndarray[Any, Any]:
        """The output for one input of `input_shape`, or for a batch of them, only by these matrices and activations.

        Floats are computed in their own dtype. Integers, Fractions and SymPy expressions are computed exactly, the
        weights being the fractions that they are. Where something was refused, `refused` gives a function for it by
        its name, which takes and gives arrays of the network's shapes, with the batch first.
        """
        import numpy as np

        shape = self.shapes[INPUT]
        given = plain(x)
        given = given if isinstance(given, np.ndarray) else np.array(given, dtype=object)
        single = given.shape == shape
        if not single and given.shape[1:] != shape:
            raise SpecError(
                "x", Described(f"of shape {given.shape}"), f"must have the shape {shape}, or a batch of it", f"{shape}"
            )
        if given.dtype.kind != "f":
            given = exact(given, given.shape, "x")
        count = 1 if single else len(given)
        vectors = {INPUT: given.reshape(count, prod(shape))}
        functions = self._functions(refused)
        for node in self.nodes:
            inputs = [vectors[each] for each in node.inputs]
            vectors[node.name] = self._step(node, inputs, functions)
        result: np.ndarray[Any, Any] = vectors[self.output].reshape(count, *self.source.output_shape)
        return result[0] if single else result

    def _functions(self, given: Any) -> Mapping[str, Callable[[Any], Any]]:
        """The functions for what was refused, by the names of such nodes."""
        if given is None:
            return {}
        names = list(self.refused)
        fine = isinstance(given, Mapping) and set(given) <= set(names) and all(map(callable, given.values()))
        if not fine:
            known = "of " + ", ".join(names) if names else "where something was refused, and here nothing was"
            rule = f"must be a dictionary with a function for each name {known}"
            raise SpecError("refused", given, rule, f"{{{names[0]!r}: function}}" if names else "refused=None")
        return given  # type: ignore[no-any-return]

    def _step(self, node: Dense, inputs: list[Any], functions: Mapping[str, Callable[[Any], Any]]) -> Any:
        import numpy as np

        if isinstance(node.operation, Activation):
            return _activated(node.operation, inputs[0])
        if node.matrix is not None:
            return node.apply(np.concatenate(inputs, axis=1))
        if node.name not in functions:
            what = node.operation.what if isinstance(node.operation, Refused) else "it"
            how = f"refused={{{node.name!r}: function}} says how to compute it"
            raise NotApplicable(f"{node.name} ({what}) is no part of the fully connected network; {how}")
        shapes = [self.shapes[each] for each in node.inputs]
        arrays = [vector.reshape(len(vector), *shape) for vector, shape in zip(inputs, shapes, strict=True)]
        made = np.asarray(plain(functions[node.name](*arrays)))
        wanted = (len(inputs[0]), *node.shape)
        if made.shape != wanted or made.dtype.kind not in "iufO":
            found = Described(f"gives an array of shape {made.shape} and dtype {made.dtype}")
            rule = f"must give numbers of shape {wanted}, the batch first"
            raise SpecError(f"refused[{node.name!r}]", found, rule, f"an array of shape {wanted}")
        return made.reshape(len(made), prod(node.shape))

    def check(self) -> Report:
        """Check every node; the result is kept, a network being immutable.

        >>> import symconv as sc
        >>> network = sc.fully_connected(sc.Conv((3,), 2))
        >>> network.check().ok
        True
        """
        return self._report

    @cached_property
    def _report(self) -> Report:
        from .checks import checked

        return checked(self)

    def verified(self) -> FullyConnected:
        """This network, if its check passes; else `ProofFailed`.

        >>> import symconv as sc
        >>> network = sc.fully_connected(sc.Conv((3,), 2))
        >>> network.verified() is network
        True
        """
        if not self.check():
            raise ProofFailed(self.check())
        return self

    @property
    def theorem(self) -> Any:
        """What the formats ask for its document.

        >>> import symconv as sc
        >>> network = sc.fully_connected(sc.Conv((3,), 2))
        >>> network.theorem.document(network).title
        ('A network as a fully connected network',)
        """
        from .page import PAGE

        return PAGE

    def render(self, format: str = "text", **options: Any) -> str:
        """Every node with its matrix, its size and why it is right, as a document in one of the formats.

        >>> import symconv as sc
        >>> network = sc.fully_connected(sc.Conv((3,), 2))
        >>> network.render("latex").startswith("% needs ")
        True
        """
        from ..render import FORMATS, render

        if format == "json":
            rule = "a network is written as " + ", ".join(name for name in FORMATS if name != "json")
            raise SpecError("format", format, rule, 'network.render("latex")')
        return render(self, format, **options)

    def __str__(self) -> str:
        return self.render("text")

    def _repr_markdown_(self) -> str:
        return self.render("markdown")

    def __repr__(self) -> str:
        left = f", {len(self.refused)} not converted" if self.refused else ""
        return f"<fully connected network of {len(self.nodes)} node{'s' * (len(self.nodes) != 1)}{left}>"


def fully_connected(network: Network | Layer) -> FullyConnected:
    """Convert a network, node by node, to an explicit fully connected one, and check every matrix.

    >>> import symconv as sc
    >>> from symconv.networks import Activation, Add, Apply
    >>> conv = Apply(sc.Conv((3,), 3, padding=1), kernel=[[[1, 2, 4]]])
    >>> network = sc.Network((1, 3), [("conv", conv), ("relu", Activation("relu")), ("sum", Add(), "relu", "input")])
    >>> dense = sc.fully_connected(network)
    >>> dense["conv"].to_scipy(int).toarray()
    array([[2, 4, 0],
           [1, 2, 4],
           [0, 1, 2]])
    >>> dense([[1, -1, 1]]).tolist()  # exactly, as the input is
    [[1, 2, 2]]
    >>> dense.check().ok, dense.refused
    (True, {})

    Parameters
    ----------
    network
        A `Network`, of `from_torch`, of `from_onnx` or built by hand; or a layer, which is a network of one node.

    Returns
    -------
    FullyConnected
        `nodes` are its layers, `network(x)` computes with nothing but their matrices, `render(format)` writes the
        proof. What cannot be converted is listed in `refused`, with the reason; the rest is converted.

    Raises
    ------
    ProofFailed
        A check found a difference.
    TooLarge
        A node is larger than `symconv.limits` allow; the message names it.
    """
    if isinstance(network, Layer):
        network = Network(network.input_shape, [("layer", network)])
    if not isinstance(network, Network):
        raise SpecError("network", network, "must be a network or a layer", "sc.from_torch(model, (1, 28, 28))")
    nodes = []
    for node in network.nodes:
        inputs = network.inputs(node)
        if isinstance(node.operation, Apply):
            what = f"the tables of {node.name}, {node.operation.layer!r}, along its axes have {{}} entries"
            limits.check("tables", node.operation.layer.read_map.reach, what)
        matrix, bias = node.operation.matrix(inputs), node.operation.bias(inputs)
        nodes.append(Dense(node, network.shapes[node.name], matrix, bias))
    return FullyConnected(network, tuple(nodes)).verified()


def _as(values: np.ndarray[Any, Any], dtype: Any, name: str) -> np.ndarray[Any, Any]:
    try:
        return values.astype(dtype)
    except TypeError:
        how = "give an input of integers or Fractions to compute with them"
        raise NotApplicable(f"the weights of {name} are symbols, which are no {dtype}; {how}") from None


def _activated(activation: Activation, x: np.ndarray[Any, Any]) -> Any:
    """The function of every entry; of expressions, which it may be, it is not computed but named."""
    if x.dtype == object and any(hasattr(each, "free_symbols") for each in x.flat):
        import numpy as np
        from sympy import Function

        named = np.empty(x.shape, object)
        named.reshape(-1)[:] = [Function(activation.name)(each) for each in x.flat]
        return named
    if x.dtype == object and not activation.rational:
        raise NotApplicable(f"{activation.name} of a rational number is not rational; give floats")
    return activation(x)
