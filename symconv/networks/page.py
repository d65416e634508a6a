"""The document of a fully connected network: what it is, every node with its reason, and what was checked."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ..documents.blocks import (
    Block,
    Document,
    Emph,
    Heading,
    Inline,
    Paragraph,
    ProofStep,
    Statement,
    Steps,
    Table,
    words,
)
from ..documents.described import described
from ..documents.setting import count_of
from ..documents.wording import cited
from ..formula import Array, Call, Formula, Juxtapose, Sym, equals, plus, times
from ..matrices import LabelledMatrix
from ..sums import number
from .checks import NUMBERS_LIMIT, layer_before
from .operations import Activation, Add, Apply, Concat, Refused, Reshape, Scale
from .rearranging import Permute, Take

if TYPE_CHECKING:
    from .conversion import Dense, FullyConnected


@dataclass(frozen=True)
class Page:
    """What a format asks of a theorem."""

    name: str = "fully_connected"
    statement: str = "a network of layers, sums, concatenations and activations is a fully connected network"

    def document(self, network: FullyConnected) -> Document:
        """The whole page."""
        blocks = (*_setting(network), _statement(network), _steps(network), *_size(network), *_checked(network))
        code = zlib.crc32(repr([(node.name, node.operation, node.inputs) for node in network.nodes]).encode())
        return Document(("A network as a fully connected network",), blocks, f"{code:08x}")


PAGE = Page()


def _setting(network: FullyConnected) -> list[Block]:
    layers = [node for node in network.nodes if isinstance(node.operation, Apply)]
    rows: list[tuple[str, tuple[Inline, ...]]] = [
        ("input", _shape(network.source.input_shape)),
        ("output", (*_shape(network.source.output_shape), f", node {_place(network, network.output)}")),
        ("nodes", (f"{len(network.nodes)}, {len(layers)} of them layers",)),
    ]
    return [
        Heading(("The network",)),
        Table(tuple(rows)),
        Paragraph(
            (
                "The vector of a tensor is the list of its entries in row-major order, the last index fastest. Where a node has several inputs, their vectors are stacked, one below the other. Each step is about one node, and begins with its name in the model.",
            )
        ),
    ]


def _statement(network: FullyConnected) -> Statement:
    at = _place(network, network.output)
    said = "Let {} and let {}, {}, ... be what the equations below give. For every input {}, {} is the vector of what node {} gives, and {} is that of the output."
    first = equals(_h(0), Call("vec", "X"))
    parts = words(said, first, _h(1), _h(2), "X", _h("n"), "n", _h(at))
    if not network.refused:
        return Statement(parts)
    left = [_h(_place(network, name)) for name in network.refused]
    marks = ", ".join("{}" for _ in left[1:]) + " and {}" * (len(left) > 1) if len(left) > 1 else "{}"
    but = f" No equation is given for {marks}: what the network computes there is not converted, and the rest goes on from it."
    return Statement((*parts, *words(but, *left)))


def _steps(network: FullyConnected) -> Steps:
    opening = "We take the nodes in an order in which every node comes after those it uses, so the vectors that go into it are right already."
    numbered = tuple(
        ProofStep(cited(n), _claim(network, n, node), _reason(network, node)) for n, node in enumerate(network.nodes, 1)
    )
    return Steps((opening,), numbered)


def _claim(network: FullyConnected, n: int, node: Dense) -> tuple[Inline, ...]:
    lead: tuple[Inline, ...] = (Emph(node.name), ": ")
    inputs = [_h(_place(network, each)) for each in node.inputs]
    if isinstance(node.operation, Refused):
        return (*lead, f"{node.operation.what} is not converted.")
    if isinstance(node.operation, Activation):
        return (*lead, *words("{}.", equals(_h(n), Call(_named(node.operation), inputs[0]))))
    assert node.matrix is not None  # noqa: S101 - only those two have none
    matrix: Formula = Sym("W", (number(n),))
    stacked = inputs[0] if len(inputs) == 1 else Array(tuple((each,) for each in inputs))
    if isinstance(node.operation, Reshape):
        return (*lead, *words("{}, now read in the shape {}.", equals(_h(n), inputs[0]), times(node.shape)))
    product = Juxtapose((matrix, stacked))
    bias: tuple[Formula, ...] = () if node.bias is None else (Sym("b", (number(n),)),)
    size = words(f"{{}} is {{}}{_filled(node)}.", matrix, times(node.matrix.shape))
    return (*lead, *words("{}. ", equals(_h(n), plus(product, *bias))), *size)


def _filled(node: Dense) -> str:
    """How many entries of a matrix are not zero: for some weights, where they are a layer's; else as they are."""
    assert node.matrix is not None  # noqa: S101 - asked only where there is one
    held, cells = node.nonzeros, prod(node.matrix.shape)
    always = " always" if isinstance(node.matrix, LabelledMatrix) or _symbolic(node) else ""
    if not held:
        return ", and all its entries are zero"
    if held == cells:
        return f", and none of its entries is{always} zero"
    return f"; {held:,} of its {cells:,} entries {'is' if held == 1 else 'are'} not{always} zero"


def _symbolic(node: Dense) -> bool:
    """Whether the numbers of a batch normalisation are symbols."""
    scale = node.operation.scale if isinstance(node.operation, Scale) else ()
    return any(hasattr(each, "free_symbols") for each in scale)


def _reason(network: FullyConnected, node: Dense) -> tuple[Inline, ...]:
    operation = node.operation
    match operation:
        case Apply():
            return ("theorem weight_matrix, for ", *described(operation.layer))
        case Activation():
            theorem = "theorem nonlinearity: " if layer_before(network, node) is not None else ""
            parameters = f", with the parameter {', '.join(map(str, operation.parameters))}" * bool(
                operation.parameters
            )
            said = (
                f"{_named(operation)} acts on every entry by itself{parameters}, and a vector only numbers the entries"
            )
            return (theorem + said,)
        case Add(multiples) if multiples:
            return (
                "multiples of the entries of the same position are added, so the matrix is multiples of the identity side by side",
            )
        case Add():
            return ("a sum adds the entries of the same position, so the matrix is identity matrices side by side",)
        case Concat(axis) if axis == 0:
            return ("along the first index, one tensor after the other is one vector after the other: the identity",)
        case Concat(axis):
            return (
                f"one tensor after the other along index {axis} (counted from 0) is a permutation of the stacked entries",
            )
        case Take():
            return ("an output takes one entry of the input each, the one at the indices taken: one 1 in each row",)
        case Permute():
            return ("the axes change places, so the entries do: a permutation",)
        case Reshape():
            return ("the entries keep their row-major order: the identity",)
        case Scale():
            rounded = (
                "; where the root in a scale is irrational, it is the framework's rounded number"
                if operation.rounded
                else ""
            )
            return (
                f"every entry is multiplied by its channel's number, and another is added, as in batch normalisation at inference: a diagonal matrix{rounded}",
            )
        case Refused():
            return (operation.reason,)
    raise AssertionError(f"no reason is written for {operation!r}")


def _named(activation: Activation) -> str:
    return activation.name.replace("_", "-")


def _size(network: FullyConnected) -> list[Block]:
    """What the matrices cost beside the weights."""
    layers = [node for node in network.nodes if isinstance(node.operation, Apply) and node.matrix is not None]
    if not layers:
        return []
    weights = sum(node.operation.kernel.size for node in layers if node.operation.kernel is not None)  # type: ignore[attr-defined]
    weights += sum(node.operation.offset.size for node in layers if node.operation.offset is not None)  # type: ignore[attr-defined]
    stored = sum(node.nonzeros for node in layers)
    whole = sum(prod(node.matrix.shape) for node in layers if node.matrix is not None)
    said = (
        f"The layers have {weights:,} weights and biases. Their matrices have {stored:,} entries that are not always zero, "
        f"and {whole:,} entries in all."
    )
    return [Heading(("What it costs",)), Paragraph((said,))]


def _checked(network: FullyConnected) -> list[Block]:
    """What was checked, and nothing more."""
    report, layers = network.check(), [node for node in network.nodes if isinstance(node.operation, Apply)]
    said = [f" {count_of(len(report.proved), 'claim')}, {sum(each.count for each in report.proved):,} comparisons."]
    if layers:
        said.append("For every layer the proof of theorem weight_matrix was checked, and its matrix is the one used.")
    if any(isinstance(node.operation, Activation) and layer_before(network, node) for node in network.nodes):
        said.append("So was that of theorem nonlinearity for every layer before an activation.")
    if any(node.matrix is not None and not isinstance(node.operation, Apply) for node in network.nodes):
        said.append("Every other matrix was compared, row by row, with what the operation reads.")
    text: list[Inline] = [Emph("Checked before printing:"), " ".join(said)]
    large = [node.name for node in layers if node.nonzeros > NUMBERS_LIMIT]
    if large:
        text.append(
            f" With more than {NUMBERS_LIMIT:,} entries, the numbers of {', '.join(large)} were not compared one by one."
        )
    return [Paragraph(tuple(text), small=True)]


def _place(network: FullyConnected, name: str) -> int:
    """The number of a node; the input is 0."""
    return next((n for n, node in enumerate(network.nodes, 1) if node.name == name), 0)


def _h(n: Any) -> Formula:
    return Sym("h", (number(n) if isinstance(n, int) else n,))


def _shape(shape: tuple[int, ...]) -> tuple[Inline, ...]:
    return words("{}", times(shape))
