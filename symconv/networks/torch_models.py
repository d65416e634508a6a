"""`from_torch`: a PyTorch module as a layer or a network, with its weights.

The model is traced by torch.fx, and run once on zeros, so that every shape and every argument is the one that
PyTorch finds. Only what is known to be a layer, a sum, a concatenation, a new shape, a batch normalisation or an
elementwise activation is converted; everything else becomes a `Refused` node with its name.
"""

from __future__ import annotations

import operator
from itertools import starmap
from typing import Any

from .. import spec
from ..errors import MissingPackage, SpecError, SymconvError, Unsupported
from ..layers import Layer
from .graph import INPUT, Network, leading_to
from .operations import Apply, Operation, Refused, Reshape, Scale, Shape, must_fit
from .torch_functions import SPLITS, Call, function, name_of, piece
from .torch_modules import MODULES, Declined, layer_of, operations, why

BATCH = 2
_EXAMPLE = "sc.from_torch(torch.nn.Conv2d(1, 8, 3), (28, 28))"


def from_torch(module: Any, input_size: Any = None) -> Layer | Network:
    """The layer that a PyTorch module is, or the network of a whole model, with its weights.

    A single convolution, transposed convolution, pooling, upsampling, pixel shuffle or linear module gives the layer;
    its weights are the module's own (`layer.to_numpy(module.weight)`). Anything else, also an `nn.Sequential` of one,
    gives a `Network` with exact weights for `fully_connected`.

    Parameters
    ----------
    module
        A `torch.nn.Module`. Batch normalisation and dropout must be in evaluation mode (`module.eval()`).
    input_size
        `(channels, *spatial)`, without a batch axis; the spatial sizes alone where the first layer says how many channels
        there are. A single linear layer needs none.

    Raises
    ------
    MissingPackage
        PyTorch is not installed; it is the extra `torch`.
    SpecError
        It is no module, or the input size does not fit.
    Unsupported
        torch.fx cannot trace the model: what it computes depends on the values of its input. Or it changes itself or
        draws random numbers when it is traced. Operations that cannot be converted are no error: they are `Refused`
        nodes of the network.
    TooLarge
        The input or a node has more entries than `symconv.limits.nonzeros`.

    Notes
    -----
    PyTorch crops before it wraps where circular padding is negative; its modules take no negative padding, so no
    module means that.

    Examples
    --------
    >>> import symconv as sc
    >>> import torch  # doctest: +SKIP
    >>> sc.from_torch(torch.nn.Conv2d(1, 8, 3, padding=1), (28, 28))  # doctest: +SKIP
    Conv(input_size=(28, 28), kernel_size=3, out_channels=8, padding=1, bias=True)
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU())  # doctest: +SKIP
    >>> sc.fully_connected(sc.from_torch(model, (1, 28, 28)))  # doctest: +SKIP
    <fully connected network of 2 nodes>
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise SpecError("module", module, "must be a torch.nn.Module", _EXAMPLE)
    _made(torch, module)
    single = type(module).__name__ in MODULES and type(module).__module__.startswith("torch.nn")
    if single:
        try:
            layer = layer_of(module, _shape(input_size, module))
        except Declined as declined:
            raise Unsupported(f"{type(module).__name__} is not converted: {declined}") from None
        if layer is not None:
            return layer
    return _traced(torch, module, input_size)


def _torch() -> Any:
    try:
        import torch
        import torch.fx
    except ImportError:
        how = "pip install 'symconv[torch]'"
        raise MissingPackage(f"from_torch needs PyTorch, which is not installed: {how}") from None
    return torch


def _made(torch: Any, module: Any) -> None:
    """Refuse a module that makes its weights when it first runs."""
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if torch.nn.parameter.is_lazy(tensor):
            rule = f"its {name} is made when it first runs"
            raise SpecError("module", type(module).__name__, rule, "the module after module(torch.zeros(1, 1, 28, 28))")


def _shape(input_size: Any, first: Any) -> Shape:
    """(channels, *spatial): the channels are the first module's where they are not given."""
    if input_size is None and hasattr(first, "in_features"):
        return (first.in_features,)
    if input_size is None:
        raise SpecError("input_size", None, "must be given: (channels, *spatial)", "input_size=(1, 28, 28)")
    shape = spec.shape("input_size", input_size)
    name = type(first).__name__
    rank = int(name[-2]) if name[-2:-1].isdigit() and name.endswith("d") else None
    channels = getattr(first, "in_channels", getattr(first, "num_features", None)) or None
    if rank is not None and len(shape) == rank and name != "BatchNorm1d":
        if channels is None and "Pool" not in name:
            return shape
        return (1 if channels is None else channels, *shape)
    if rank is not None and channels is not None and len(shape) == rank + 1 and shape[0] != channels:
        rule = f"{name} takes {channels} channels"
        raise SpecError("input_size", input_size, rule, f"input_size={(channels, *shape[1:])}")
    return shape


def _traced(torch: Any, module: Any, input_size: Any) -> Network:
    """Trace the model, run it once, and collect the nodes."""
    for name in (
        name
        for names in (module.named_modules(), module.named_parameters(), module.named_buffers())
        for name, _ in names
    ):
        if not name.isprintable() or set(name) & {
            '"',
            "\\",
        }:  # torch.fx writes them into the code that it makes, as they are
            rule = "the names of modules and tensors must be printable, without quotation marks and backslashes"
            raise SpecError("module", name, rule, 'model.add_module("conv1", torch.nn.Conv2d(1, 8, 3))')
    wrapped = torch.nn.Sequential(module)  # so that a single module is one node too
    graph = _traced_graph(torch, module, wrapped)
    modules = dict(graph.named_modules())
    first = next(node for node in graph.graph.nodes if node.op == "placeholder")
    user = next(iter(first.users), None)
    shape = _shape(input_size, modules.get(user.target) if user is not None and user.op == "call_module" else None)
    must_fit("the input", shape)
    weight = next((each for each in (*module.parameters(), *module.buffers()) if each.is_floating_point()), None)
    dtype = torch.get_default_dtype() if weight is None else weight.dtype

    reader = _reader(torch, graph, shape, dtype)
    again = _again(torch, graph, reader)
    modes = {each: each.training for each in graph.modules()}
    try:
        graph.eval()  # a batch normalisation in training would change when it is run
        with torch.no_grad():
            reader.modes = {id(each): mode for each, mode in modes.items()}
            for batch, run in ((BATCH, reader), (BATCH + 1, again)):
                run.run(torch.zeros(batch, *shape, dtype=dtype, device=None if weight is None else weight.device))
    except SymconvError:
        raise
    except Exception as error:
        rule = f"the model does not run on an input of that size, (channels, *spatial) without the batch, and of {dtype}: {_line(error)}"
        raise SpecError("input_size", input_size, rule, "the size it was made for, and weights of one dtype") from None
    finally:
        for each, mode in modes.items():
            each.training = mode
    network: Network = reader.network()
    return network


def _line(error: Exception) -> str:
    """What PyTorch says, in one line of a few hundred characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else text[:297] + "..."


def _traced_graph(torch: Any, module: Any, wrapped: Any) -> Any:
    """The traced graph of a module that computes the same every time it is run."""
    tensors = {name: (each, each._version) for name, each in (*module.named_parameters(), *module.named_buffers())}
    kept = {name: each.clone() for name, each in module.named_buffers() if not each.is_meta}
    numbers = torch.get_rng_state()
    try:
        graph = torch.fx.symbolic_trace(wrapped)
    except Exception as error:  # whatever the model's own code raises
        raise Unsupported(f"torch.fx cannot trace {type(module).__name__}: {_line(error)}") from None
    changed = [name for name, (each, version) in tensors.items() if each._version != version]
    if changed:
        with torch.no_grad():
            for name in set(changed) & set(kept):
                tensors[name][0].copy_(kept[name])
        raise Unsupported(
            f"{type(module).__name__} changes its own {changed[0]} when it is run, so it is another layer each time"
        )
    if not torch.equal(numbers, torch.get_rng_state()):
        raise Unsupported(f"{type(module).__name__} draws random numbers, so it is another layer each time it is run")
    return graph


def _reader(torch: Any, graph: Any, shape: Shape, dtype: Any) -> Any:
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
                self.constants[n.name] = constants(self, n, self.names)
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


def constants(run: Any, n: Any, names: Any) -> list[Any]:
    """What other nodes give to a node of the graph that does not depend on the network's input."""
    return [run.env[each] for each in n.all_input_nodes if each not in names]


def _again(torch: Any, graph: Any, reader: Any) -> Any:
    """An interpreter that looks whether the numbers that were noted are the same in another run."""

    class Again(torch.fx.Interpreter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(graph)
            self.extra_traceback = False

        def run_node(self, n: Any) -> Any:
            if n.name in reader.constants:
                pairs = zip(reader.constants[n.name], constants(self, n, reader.names), strict=True)
                if not all(starmap(_equal, pairs)):
                    reader.differs(n)
            return super().run_node(n)

    def _equal(one: Any, other: Any) -> bool:
        tensors = isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)
        return bool(torch.equal(one, other)) if tensors else bool(one == other)

    return Again()
