"""Interpreters of a model that torch.fx traced: what every node does, and whether it does the same in another run.

They are made in functions, so that PyTorch is imported when a model is there.
"""

from __future__ import annotations

import operator
from itertools import starmap
from typing import Any

from ..errors import SpecError, Unsupported
from .graph import INPUT, Network, leading_to
from .operations import Apply, Operation, Refused, Reshape, Scale, Shape
from .torch_functions import SPLITS, Call, function, is_torch, name_of, piece
from .torch_modules import Declined, operations, why

BATCH = 2
"""Inputs in the run whose shapes are noted."""


def in_order(graph: Any) -> Any:
    """The traced graph with the tensors that PyTorch's functions were given by name at their places.

    torch.sub(other=x, input=y) is y - x.
    """
    for node in graph.graph.nodes:
        if node.op == "call_method" or (node.op == "call_function" and is_torch(node.target)):
            args, kwargs = list(node.args), dict(node.kwargs)
            for place, names in enumerate((("input", "tensors"), ("other",))):
                if len(args) == place:
                    args += [kwargs.pop(name) for name in names if name in kwargs]
            node.args, node.kwargs = tuple(args), kwargs
    return graph


def reader(torch: Any, graph: Any, shape: Shape, dtype: Any) -> Any:
    """An interpreter of the traced graph that notes what every node does."""

    class Reader(torch.fx.Interpreter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(graph)
            self.extra_traceback = False  # errors stay what they are
            self.nodes: list[tuple[Any, ...]] = []
            self.names: dict[Any, str] = {}  # the network's node that holds what a node of the graph gives
            self.shapes: dict[str, Shape] = {INPUT: shape}
            self.several: dict[Any, tuple[str, list[str]]] = {}  # what gives several tensors, and from which
            self.modes: dict[int, bool] = {}
            self.out: Any = None
            self.constants: dict[str, list[Any]] = {}  # what a node takes beside what depends on the input
            self.places: dict[str, int] = {}  # where among the nodes a node of the graph begins

        def run_node(self, n: Any) -> Any:
            args, kwargs = self.fetch_args_kwargs_from_env(n)
            tensors = {each: self.env[each] for each in n.all_input_nodes if isinstance(self.env[each], torch.Tensor)}
            versions = {each: tensor._version for each, tensor in tensors.items()}
            result = super().run_node(n)
            if n.op == "placeholder":
                self.names[n] = INPUT
            elif n.op == "output":
                self.out = n.args[0]
            elif n.op != "get_attr":
                self._note(n, args, kwargs, result)
                for each, tensor in tensors.items():
                    if tensor._version != versions[each]:
                        self._overwritten(n, each, tensor)
            return result

        def _note(self, n: Any, args: Any, kwargs: Any, result: Any) -> None:
            """Add the operations of one node of the graph, or that it is refused."""
            what = type(self.fetch_attr(n.target)).__name__ if n.op == "call_module" else name_of(n.target)
            given: list[Any] = []  # with those that stand there twice
            torch.fx.map_arg((n.args, n.kwargs), given.append)
            inputs = [self.names[each] for each in given if each in self.names]
            if not inputs and not any(each in self.several for each in n.all_input_nodes):
                return  # made from the weights alone: a constant
            for each in n.all_input_nodes:
                if each in self.several:
                    what, inputs = self.several[each]
            if not isinstance(result, torch.Tensor):
                if isinstance(result, (tuple, list)) and any(isinstance(each, torch.Tensor) for each in result):
                    self.several[n] = what, inputs
                return
            if result.ndim < 2 or result.shape[0] != BATCH:
                raise Unsupported(
                    f"{n.name} ({what}) changes the batch axis: its output has the shape {tuple(result.shape)}"
                )
            after = tuple(result.shape[1:])
            if 0 in after:
                raise Unsupported(
                    f"{n.name} ({what}) gives no entries: its output has the shape {after} without the batch"
                )
            self.places[n.name] = len(self.nodes)
            try:
                found = self._found(n, args, kwargs, inputs, after)
                if result.dtype != dtype:
                    raise Declined(f"it changes the numbers to {result.dtype}")
                if _after(found, [self.shapes[each] for each in inputs]) != after:
                    raise Declined(f"its output has the shape {after}, which its parameters do not give")
            except (Declined, SpecError) as reason:
                found = [Refused(what, str(reason), after)]
            if any(isinstance(each, (Apply, Scale)) for each in found) and n.op != "call_module":
                self.constants[n.name] = _constants(self, n, self.names)
            for number, operation in enumerate(found):
                name = self._fresh(n, number)
                self.nodes.append((name, operation, *inputs))
                self.shapes[name] = operation.output_shape([self.shapes[each] for each in inputs])
                inputs = [name]
            self.names[n] = inputs[0]

        def _found(self, n: Any, args: Any, kwargs: Any, inputs: list[str], after: Shape) -> list[Operation]:
            for each in n.all_input_nodes:
                if each in self.several:
                    return self._piece(n, each)
            if n.op == "call_module":
                called = self.fetch_attr(n.target)
                if len(inputs) != 1:
                    raise Declined(why(type(called).__name__))
                called.training = self.modes.get(id(called), False)  # as it was given: dropout and normalisation look
                try:
                    return operations(called, self.shapes[inputs[0]])
                finally:
                    called.training = False
            return function(self._call(n, args, kwargs, inputs, after))

        def _call(self, n: Any, args: Any, kwargs: Any, inputs: list[str], after: Shape) -> Call:
            held: list[list[Any]] = [[] for _ in n.args]
            for each, found in zip(n.args, held, strict=True):
                torch.fx.map_arg(each, found.append)
            computed = tuple(place for place, found in enumerate(held) if any(each in self.names for each in found))
            shapes = [self.shapes[each] for each in inputs]
            return Call(torch, n.target, tuple(args), dict(kwargs), computed, shapes, after, dtype)

        def _piece(self, n: Any, source: Any) -> list[Operation]:
            """What is taken of several tensors, where they are the parts of one."""
            what, inputs = self.several[source]
            if what not in SPLITS or n.target is not operator.getitem or not isinstance(n.args[1], int):
                raise Declined(why(what))
            pieces, number = self.env[source], n.args[1]
            after = tuple(pieces[number].shape[1:])
            call = self._call(source, source.args, source.kwargs, inputs, after)
            return piece(call, pieces, range(len(pieces))[number])

        def _overwritten(self, n: Any, old: Any, tensor: Any) -> None:
            """What is computed in place of an input stands, from here on, for that input too."""
            storage = tensor.untyped_storage().data_ptr()
            before = self.names.get(old)
            for node, value in self.env.items():
                if (
                    isinstance(value, torch.Tensor)
                    and value.untyped_storage().data_ptr() == storage
                    and node in self.names
                ):
                    if self.names[node] != before:
                        raise Unsupported(f"{n.name} overwrites an input of which {node.name} is a view")
                    self.names[node] = self.names[n]

        def _fresh(self, n: Any, number: int) -> str:
            """The module's own path, where it has not been used; else the name of the traced node."""
            path = n.name
            if n.op == "call_module":
                path = str(n.target)[2:] or type(self.fetch_attr(n.target)).__name__.lower()
            if path == INPUT or path in self.shapes:
                path = n.name.removeprefix("_0_")  # without the module that was wrapped around the model
            path = n.name if path == INPUT or path in self.shapes else path
            return path if not number else f"{path}.{number}"

        def differs(self, n: Any) -> None:
            """Refuse a node whose numbers are others when it is run again, on another batch."""
            at = self.places[n.name]
            (name, _, *inputs), what = self.nodes[at], name_of(n.target)
            after = self.shapes[self.names[n]]
            if self.names[n] != name:
                raise Unsupported(
                    f"{name} ({what}) computes something else when it is run again, or for another batch size"
                )
            reason = "its numbers are others when it is run again, or for another batch size"
            self.nodes[at] = (name, Refused(what, reason, after), *inputs)

        def network(self) -> Network:
            """The network of what was noted."""
            if self.out not in self.names:
                raise Unsupported(
                    "the model's output is not one tensor that is computed from its input; where it is several, return one of them"
                )
            if not self.nodes:
                return Network(shape, [("identity", Reshape(shape))])
            output = self.names[self.out]
            return Network(shape, leading_to(output, self.nodes), output)

    return Reader()


def _after(found: list[Operation], shapes: list[Shape]) -> Shape:
    for operation in found:
        shapes = [operation.output_shape(shapes)]
    return shapes[0]


def _constants(run: Any, n: Any, names: Any) -> list[Any]:
    """What other nodes give to a node of the graph that does not depend on the network's input."""
    return [run.env[each] for each in n.all_input_nodes if each not in names]


def again(torch: Any, graph: Any, first: Any) -> Any:
    """An interpreter that looks whether the numbers that were noted are the same in another run."""

    class Again(torch.fx.Interpreter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(graph)
            self.extra_traceback = False

        def run_node(self, n: Any) -> Any:
            if n.name in first.constants:
                pairs = zip(first.constants[n.name], _constants(self, n, first.names), strict=True)
                if not all(starmap(_equal, pairs)):
                    first.differs(n)
            return super().run_node(n)

    def _equal(one: Any, other: Any) -> bool:
        tensors = isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)
        return bool(torch.equal(one, other)) if tensors else bool(one == other)

    return Again()
