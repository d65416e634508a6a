"""A network as data: nodes in an order in which every input comes before what uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import spec
from ..errors import SpecError
from ..layers import Layer
from .operations import Apply, Operation, Refused, Shape, must_fit

INPUT = "input"
"""The name of the network's input."""

NAME = 200
"""Characters in the name of a node: it stands on pages, in lines."""


@dataclass(frozen=True)
class Node:
    """One operation, its name, and the names of the nodes that it takes its inputs from."""

    name: str
    operation: Operation
    inputs: tuple[str, ...]

    def __repr__(self) -> str:
        """In one line; the numbers are in its operation."""
        return f"<{self.name}: {self.operation.said}, from {', '.join(self.inputs)}>"


@dataclass(frozen=True)
class Network:
    """A network with one input and one output, as a graph of operations.

    >>> import symconv as sc
    >>> from symconv.networks import Activation, Add
    >>> conv = sc.Conv((4, 4), 3, padding=1)
    >>> network = sc.Network((1, 4, 4), [("conv", conv), ("relu", Activation("relu")), ("sum", Add(), "relu", "input")])
    >>> network.output_shape
    (1, 4, 4)

    Parameters
    ----------
    input_shape
        `(channels, *spatial)`, or (features,), without a batch axis.
    nodes
        Tuples `(name, operation, *inputs)`. The inputs are names of earlier nodes, or "input"; without any it is the
        node before. An operation is a layer, whose weights are then symbols, or one of `symconv.networks`: `Apply`
        (a layer with numbers), `Activation`, `Add`, `Concat`, `Reshape`, `Scale`, `Refused`.
    output
        The name of the node that is the output; without it the last.

    Raises
    ------
    SpecError
        A name is used twice or unknown, or the shapes do not fit; the message names the node.
    TooLarge
        The input or a node has more entries than `symconv.limits.nonzeros`.
    """

    input_shape: Shape
    nodes: tuple[Node, ...]
    output: str
    shapes: Mapping[str, Shape] = field(compare=False, repr=False)

    def __init__(self, input_shape: Any, nodes: Iterable[Any], output: str = "") -> None:
        shapes = {INPUT: spec.shape("input_shape", input_shape)}
        must_fit("the input", shapes[INPUT])
        built: list[Node] = []
        if not isinstance(nodes, Iterable):
            raise SpecError("nodes", nodes, "must be a list of nodes", '[("conv", sc.Conv((4, 4), 3))]')
        for given in nodes:
            node = _node(given, built[-1].name if built else INPUT)
            for each in node.inputs:
                if each not in shapes:
                    raise SpecError("inputs", each, f"{node.name} comes before it, or it is no node", 'inputs "input"')
            if node.name in shapes:
                raise SpecError("name", node.name, "is the name of two nodes", "a name of its own")
            inputs = [shapes[each] for each in node.inputs]
            try:
                shapes[node.name] = tuple(node.operation.output_shape(inputs))
                if not isinstance(node.operation, Refused):  # of which nothing is made
                    must_fit(node.name, shapes[node.name])
                operation = node.operation.concrete(node.name, inputs)
            except SpecError as error:
                raise SpecError(f"{node.name}: {error.parameter}", error.value, error.rule, error.example) from None
            built.append(Node(node.name, operation, node.inputs))
        if not built:
            raise SpecError("nodes", (), "must be at least one", '[("conv", sc.Conv((4, 4), 3))]')
        if output and output not in shapes:
            raise SpecError("output", output, "must be the name of a node", f"output={built[-1].name!r}")
        for name, value in (
            ("input_shape", shapes[INPUT]),
            ("nodes", tuple(built)),
            ("output", output or built[-1].name),
            ("shapes", shapes),
        ):
            object.__setattr__(self, name, value)

    @property
    def output_shape(self) -> Shape:
        """The shape of the output, without a batch axis.

        >>> import symconv as sc
        >>> network = sc.Network((1, 3), [("conv", sc.Conv((3,), 2))])
        >>> network.output_shape
        (1, 2)
        """
        return self.shapes[self.output]

    def inputs(self, node: Node) -> list[Shape]:
        """The shapes that go into a node.

        >>> import symconv as sc
        >>> network = sc.Network((1, 3), [("conv", sc.Conv((3,), 2))])
        >>> network.inputs(network.nodes[0])
        [(1, 3)]
        """
        return [self.shapes[name] for name in node.inputs]

    def __repr__(self) -> str:
        return f"<network of {len(self.nodes)} node{'s' * (len(self.nodes) != 1)} from {self.input_shape} to {self.output_shape}>"


def leading_to(output: str, nodes: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The nodes that the output needs, in their order; what else a framework's graph holds is left out."""
    used, kept = {output}, []
    for node in reversed(nodes):
        if node[0] in used:
            used.update(node[2:])
            kept.append(node)
    return kept[::-1]


def _node(given: Any, before: str) -> Node:
    if isinstance(given, Node):
        given = (given.name, given.operation, *given.inputs)
    if (
        not isinstance(given, tuple)
        or len(given) < 2
        or not all(isinstance(each, str) for each in (given[0], *given[2:]))
    ):
        raise SpecError("nodes", given, "must be tuples (name, operation, *inputs)", '("sum", Add(), "conv", "input")')
    name, operation, *inputs = given
    if not name or not name.isprintable() or len(name) > NAME:
        rule = f"must be one line of at most {NAME} printable characters"
        raise SpecError("name", name, rule, '("conv1", sc.Conv((4, 4), 3))')
    if isinstance(operation, Layer):
        operation = Apply(operation)
    if not isinstance(operation, Operation):
        raise SpecError("operation", operation, "must be a layer or an operation", '("relu", Activation("relu"))')
    return Node(name, operation, tuple(inputs) or (before,))
