"""`from_torch`: a PyTorch module as a layer or a network, with its weights.

The model is traced by torch.fx, and run on zeros, so that every shape and every argument is the one that PyTorch
finds; and once more on another batch, so that its numbers are known to be the same then. Only what is known to be a layer, a sum, a concatenation, a new shape, a batch normalisation or an
elementwise activation is converted; everything else becomes a `Refused` node with its name.
"""

from __future__ import annotations

from typing import Any

from .. import spec
from ..errors import MissingPackage, SpecError, SymconvError, Unsupported
from ..layers import Layer
from .graph import Network
from .operations import Shape, must_fit
from .torch_modules import MODULES, Declined, layer_of
from .torch_reader import BATCH, again, in_order, reader

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
        rule = f"{name} takes {channels} channel{'s' * (channels != 1)}"
        raise SpecError("input_size", input_size, rule, f"input_size={(channels, *shape[1:])}")
    return shape


def _named(module: Any) -> None:
    """Refuse names that are no words: torch.fx writes them into the code that it makes, as they are."""
    for names in (module.named_modules(), module.named_parameters(), module.named_buffers()):
        for name, _ in names:
            if not name.isprintable() or set(name) & {'"', "\\"}:
                rule = "the names of modules and tensors must be printable, without quotation marks and backslashes"
                raise SpecError("module", name, rule, 'model.add_module("conv1", torch.nn.Conv2d(1, 8, 3))')


def _traced(torch: Any, module: Any, input_size: Any) -> Network:
    """Trace the model, run it, and collect the nodes."""
    _named(module)
    wrapped = torch.nn.Sequential(module)  # so that a single module is one node too
    graph = in_order(_traced_graph(torch, module, wrapped))
    modules = dict(graph.named_modules())
    first = next(node for node in graph.graph.nodes if node.op == "placeholder")
    user = next(iter(first.users), None)
    shape = _shape(input_size, modules.get(user.target) if user is not None and user.op == "call_module" else None)
    must_fit("the input", shape)
    weight = next((each for each in (*module.parameters(), *module.buffers()) if each.is_floating_point()), None)
    dtype = torch.get_default_dtype() if weight is None else weight.dtype

    reading = reader(torch, graph, shape, dtype)
    repeated = again(torch, graph, reading)
    modes = {each: each.training for each in graph.modules()}
    try:
        graph.eval()  # a batch normalisation in training would change when it is run
        with torch.no_grad():
            reading.modes = {id(each): mode for each, mode in modes.items()}
            for batch, run in ((BATCH, reading), (BATCH + 1, repeated)):
                run.run(torch.zeros(batch, *shape, dtype=dtype, device=None if weight is None else weight.device))
    except SymconvError:
        raise
    except Exception as error:
        rule = f"the model does not run on an input of that size, (channels, *spatial) without the batch, and of {dtype}: {_line(error)}"
        raise SpecError("input_size", input_size, rule, "the size it was made for, and weights of one dtype") from None
    finally:
        for each, mode in modes.items():
            each.training = mode
    network: Network = reading.network()
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
