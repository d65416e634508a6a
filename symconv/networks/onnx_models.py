"""`from_onnx`: a model in the ONNX format as a network, with its weights.

A model is read as data: nothing in it is run. What is not known becomes a `Refused` node with its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import spec
from ..errors import MissingPackage, SpecError, Unsupported
from .graph import INPUT, Network, leading_to
from .onnx_calls import Call
from .onnx_constants import computed, shape_of, sizes
from .onnx_files import EXAMPLE, array, loaded
from .onnx_operators import CONSTANT_FIRST, OPERATORS, Declined, why
from .onnx_shapes import Type, declared, of_one, of_two
from .operations import Add, Apply, Operation, Refused, Reshape, Scale, Shape, must_fit

if TYPE_CHECKING:
    import numpy as np

_RESIZING = ("Reshape", "Resize")
_REAL = ("UNDEFINED", "FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE")


def from_onnx(model: Any, input_size: Any = None) -> Network:
    """The network of an ONNX model, with exact weights, for `fully_connected`.

    Parameters
    ----------
    model
        The path of a file, its bytes, or an `onnx.ModelProto`, with one input and one output, the batch first.
    input_size
        `(channels, *spatial)`, without the batch axis, where the model leaves them open; None where it has them.

    Raises
    ------
    MissingPackage
        The package onnx is not installed; it is the extra `onnx`.
    SpecError
        It is no such model, its input has no fixed size and none is given, or another one is given than it has.
    Unsupported
        It has several inputs or outputs, its weights lie outside of its folder, or the shape of something that
        cannot be converted is not known. Operators that cannot be converted are no error: they are `Refused` nodes.
    TooLarge
        The input or a node has more entries than `symconv.limits.nonzeros`.

    Notes
    -----
    Loading a model runs no code from it. Weights in other files are read only from within the model's own folder.

    Examples
    --------
    >>> import symconv as sc
    >>> network = sc.from_onnx("model.onnx")  # doctest: +SKIP
    >>> sc.fully_connected(network).refused  # doctest: +SKIP
    {}

    References
    ----------
    The operators of ONNX, https://onnx.ai/onnx/operators: `pads` are all beginnings, then all ends.
    """
    try:
        import onnx
    except ImportError:
        how = "pip install 'symconv[onnx]'"
        raise MissingPackage(f"from_onnx needs the package onnx, which is not installed: {how}") from None
    proto, folder = loaded(onnx, model)
    reader = _Reader(onnx, proto, folder, input_size)
    for number, node in enumerate(proto.graph.node):
        reader.note(node, number)
    return reader.network()


@dataclass
class _Reader:
    """What is known of a model's values while its nodes are read in their order."""

    onnx: Any
    proto: Any
    folder: Path | None
    input_size: Any
    nodes: list[tuple[Any, ...]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # a value -> the node of the network that gives it
    shapes: dict[str, Shape | None] = field(default_factory=dict)  # of the network's nodes
    constants: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    sizes: dict[str, Any] = field(default_factory=dict)  # whole numbers that depend on the batch, for two batches

    def __post_init__(self) -> None:
        graph = self.proto.graph
        for tensor in graph.initializer:
            self.constants[tensor.name] = array(self.onnx, tensor, self.folder)
        inputs = [each for each in graph.input if each.name not in self.constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise Unsupported(
                f"the model has {len(inputs)} input{'s' * (len(inputs) != 1)} and {len(graph.output)} output{'s' * (len(graph.output) != 1)}; it must have one of each"
            )
        dims = [dim.dim_value or None for dim in inputs[0].type.tensor_type.shape.dim]
        shape = dims[1:] if self.input_size is None else list(spec.shape("input_size", self.input_size))
        if not shape or any(n is None or n < 1 for n in shape):
            rule = f"the model's input {inputs[0].name} has the sizes {dims}, which are not all fixed and at least 1"
            raise SpecError("input_size", self.input_size, rule, "input_size=(3, 224, 224)")
        if dims and (
            len(dims) != len(shape) + 1 or any(n not in (None, m) for n, m in zip(dims[1:], shape, strict=True))
        ):
            rule = f"the model's input {inputs[0].name} has the sizes {dims}, and what a file fixes cannot be changed"
            raise SpecError("input_size", self.input_size, rule, f"input_size={tuple(n or 224 for n in dims[1:])}")
        self.batch = dims[0] if dims else None
        self.names[inputs[0].name] = INPUT
        self.shapes[INPUT] = tuple(each for each in shape if each is not None)
        must_fit("the input", self.shapes[INPUT] or ())
        self.kind = inputs[0].type.tensor_type.elem_type
        self.types = declared(self.proto)

    def note(self, node: Any, number: int) -> None:
        """Add the operations of one node, or that it is refused."""
        if not any(node.output):
            return  # nothing can depend on it
        attributes = {each.name: self.onnx.helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            if "value" in attributes:
                self.constants[node.output[0]] = array(self.onnx, attributes["value"], self.folder)
            elif len(attributes) == 1:
                self.constants[node.output[0]] = _as_array(*attributes.values())
            else:
                rule = f"has {len(attributes)} attributes, and a Constant has one, its value"
                raise SpecError("model", node.name or node.output[0], rule, EXAMPLE)
            return
        if node.domain in ("", "ai.onnx") and self._known(node, attributes):
            return
        # a new shape or size may be computed: ONNX tells it
        data = node.input[:1] if node.op_type in _RESIZING else node.input
        inputs = [self.names[each] for each in data if each in self.names]
        name = node.name or f"{node.op_type}_{number}"
        places = range(len(node.output)) if node.op_type == "Split" else (0,)
        try:
            parts = [(place, self._found(node, attributes, inputs, place)) for place in places if node.output[place]]
        except (Declined, SpecError) as reason:
            for each in filter(None, node.output):
                refused = Refused(node.op_type, str(reason), self._shape(node, each))
                self.names[each] = self._add(name, refused, inputs, refused.shape)
            return
        for place, found in parts:
            given = inputs
            for operation in found:
                before = [shape for each in given if (shape := self.shapes[each]) is not None]
                given = [self._add(name, operation, given, operation.output_shape(before))]
            self.names[node.output[place]] = given[0]

    def _known(self, node: Any, attributes: dict[str, Any]) -> bool:
        """Whether a node computes constants or sizes from such alone; they are kept."""
        import numpy as np

        values: dict[str, Any] = {}
        shape = self.shapes.get(self.names.get(node.input[0], "")) if node.input else None
        if node.op_type == "Shape" and shape is not None:
            values = {node.output[0]: shape_of(shape, attributes.get("start", 0), attributes.get("end"))}
        elif all(each in self.constants or each in self.sizes for each in node.input if each):
            given = {
                each: self.sizes.get(each) or (self.constants[each], self.constants[each])
                for each in node.input
                if each
            }
            values = computed(self.onnx, node, self.proto.opset_import, given)
        for name, pair in values.items():
            if np.array_equal(*pair):
                self.constants[name] = pair[0]
            else:
                self.sizes[name] = pair
        return bool(values)

    def _found(self, node: Any, attributes: dict[str, Any], inputs: list[str], place: int) -> list[Operation]:
        """What a node does, for one of its outputs; raises `Declined` with the reason why it is not converted."""
        if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATORS:
            raise Declined(why(node.op_type))
        shapes = [shape for each in inputs if (shape := self.shapes[each]) is not None]
        if not inputs or len(shapes) < len(inputs):
            raise Declined("its input is not known")
        for each, shape in zip(inputs, shapes, strict=True):
            must_fit(each, shape)  # what is refused may be of any size, what follows it not
        known, after = [self.constants.get(each) for each in node.input], self._shape(node, node.output[place])
        if node.op_type in _RESIZING:
            known = [sizes(self.sizes[each]) if each in self.sizes else self.constants.get(each) for each in node.input]
        if known[0] is not None and node.op_type not in CONSTANT_FIRST:
            raise Declined("its first input is a constant, and what depends on the input comes after it")
        missing = [
            each
            for each, value in zip(node.input, known, strict=True)
            if each and value is None and each not in self.names
        ]
        outputs = list(node.output)
        call = Call(attributes, known, shapes, after, self.batch, len(node.input), missing, outputs, place)
        try:
            found = OPERATORS[node.op_type](call)
        except SpecError:
            raise
        except (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError) as error:
            raise Declined(f"its attributes or constants are not those of the operator ({error})") from None
        if any(isinstance(each, (Add, Apply, Scale)) for each in found) and not all(map(self._real, node.input)):
            raise Declined("it computes with whole numbers of some bits, which wrap around and divide without a rest")
        for operation in found:
            shapes = [operation.output_shape(shapes)]
        if after is not None and shapes[0] != after:
            raise Declined(f"ONNX gives its output the shape {after}, and its parameters {shapes[0]}")
        return found

    def _real(self, value: str) -> bool:
        """Whether what is computed from the input holds real numbers, if it can be told."""
        kind = self.types.get(value, (0, []))[0] or self.kind
        return value not in self.names or kind in [self.onnx.TensorProto.DataType.Value(each) for each in _REAL]

    def _shape(self, node: Any, value: str) -> Shape | None:
        """The shape of what a node gives, without its batch, where ONNX can tell all of it or the model declares it."""
        said = self.types.get(value, (0, []))[1]
        self.types |= self._alone(node)
        for dims in (self.types.get(value, (0, []))[1], said):
            if dims and all(n is not None and n > 0 for n in dims[1:]):
                return tuple(dims[1:])
        return None

    def _alone(self, node: Any) -> dict[str, Type]:
        """What ONNX infers of one node from all that is known of its inputs."""
        given: dict[str, Any] = {}
        for each in filter(None, node.input):
            if each in self.constants:
                given[each] = self.constants[each]
            elif each in self.names and (shape := self.shapes[self.names[each]]) is not None:
                given[each] = self.types.get(each, (0, []))[0] or self.kind, [self.batch, *shape]
            elif each not in self.sizes:
                return {}
        depend = {each: self.sizes[each] for each in node.input if each in self.sizes}
        opset = self.proto.opset_import
        return of_two(self.onnx, node, opset, given, depend) if depend else of_one(self.onnx, node, opset, given)

    def _add(self, name: str, operation: Operation, inputs: list[str], shape: Shape | None) -> str:
        """Add a node under that name, or one like it where it is taken."""
        fresh, number = name, 1
        while fresh in self.shapes:
            number += 1
            fresh = f"{name}.{number}"
        if not isinstance(operation, Refused):
            must_fit(fresh, shape or ())
        self.nodes.append((fresh, operation, *inputs))
        self.shapes[fresh] = shape
        return fresh

    def network(self) -> Network:
        """The network of what was noted."""
        wanted = self.proto.graph.output[0].name
        if wanted not in self.names:
            raise Unsupported(f"the output {wanted} is not computed from the input")
        output = self.names[wanted]
        kept = leading_to(output, self.nodes)
        for name, operation, *_ in kept:
            if isinstance(operation, Refused) and operation.shape is None:
                what = f"{name} ({operation.what}) is not converted: {operation.reason}"
                raise Unsupported(
                    f"{what}; and as the shape of its output is not known, neither is what follows. "
                    "The model can declare it, in graph.value_info"
                )
        shape = self.shapes[INPUT]
        if not kept:
            return Network(shape, [("identity", Reshape(shape))])
        return Network(shape, kept, output)


def _as_array(value: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.asarray(value)
