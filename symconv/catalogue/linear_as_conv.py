"""A fully connected layer is a convolution: with a kernel that covers the whole input, or with one entry.

A kernel as large as the input fits once, and reads every input once: its entries are the weights of an
output, in the shape of the input. The other way around a convolution with a kernel of one entry is one
fully connected layer from input channels to output channels, applied at every position.

References
----------
W. Ma and J. Lu, "An Equivalence of Fully Connected Layer and Convolutional Layer", arXiv 1712.01252, section 4.
M. Lin, Q. Chen and S. Yan, "Network In Network", arXiv 1312.4400: the kernel of one entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from typing import Any

from .. import limits
from ..claims import Refuted, expect
from ..documents import covering as _words  # noqa: F401 - registers the words of the claims and rules
from ..documents.blocks import Block, Document, Statement, words
from ..documents.common import checked, steps
from ..documents.covering import statement
from ..documents.identities import known
from ..documents.setting import definition, flattening, key, setting, title
from ..documents.weights import grid_or_size, the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE
from ..errors import SpecError
from ..identities import Known, Weights
from ..layers import Conv, Linear
from ..matrices import weight_matrix
from ..proof import Proof, Step, Theorem
from ..steps.covering import (
    Alone,
    AtEachPosition,
    Blocks,
    EachPosition,
    KnownOther,
    Kronecker,
    OneWindow,
    OtherWeights,
    ReadAlone,
    Reshape,
    Same,
    SameMatrix,
    Tensor,
    Window,
    as_convolution,
    covers,
    pointwise,
    relabelling,
    same,
    weight_number,
    window,
)
from ..sums import WEIGHT
from . import weight_matrix as main

LETTERS = ("V", "Q")


def refusal(layer: Any) -> str | None:
    """Neither of the two: what does not fit."""
    if isinstance(layer, Linear) or covers(layer) or pointwise(layer):
        return None
    if not isinstance(layer, Conv):
        return "it is neither a fully connected layer nor a convolution"
    if layer.groups > 1:
        channels = layer.in_channels // layer.groups, layer.out_channels // layer.groups
        one = replace(layer, in_channels=channels[0], out_channels=channels[1], groups=1)
        alone = f"; each of them by itself is one: {one!r}" if covers(one) or pointwise(one) else ""
        return f"it has {layer.groups} groups, and a fully connected layer connects all channels{alone}"
    if any(side for pair in layer.padding for side in pair) or set(layer.input_dilation) != {1}:
        return "it has padding, or zeros between its inputs, and this theorem is about layers without them; sc.recognise compares any matrix"
    return "its kernel neither is as large as the input nor has one entry that reads the output's own place"


def build(layer: Any, input_shape: object = None) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """For each way of writing the layer, the steps that lead to it."""
    chain = [Step(Weights(WEIGHT, layer), Known())]
    matrices: dict[str, Any] = {WEIGHT: weight_matrix(layer.read_map)}
    if not isinstance(layer, Linear) and input_shape is not None:
        raise SpecError(
            "input_shape",
            input_shape,
            "is the shape of a fully connected layer's input, and this is a convolution",
            'sc.prove(layer, "linear_as_conv")',
        )
    for letter, other in zip(LETTERS, targets(layer, input_shape), strict=False):
        limits.check("tables", other.read_map.reach, f"the tables of {other!r} have {{}} entries")
        matrices[letter] = weight_matrix(other.read_map)
        chain.append(Step(OtherWeights(letter, other), KnownOther()))
        named = len(chain)
        if not isinstance(layer, Linear) and not covers(layer):
            chain.append(Step(Alone(), ReadAlone(), (1,)))
            chain.append(Step(EachPosition(letter), AtEachPosition(), (named + 1, 1, named)))
            chain.append(Step(Blocks(letter, prod(layer.input_size)), Kronecker(), (named + 2,)))
            continue
        convolution, whose = (layer, 1) if isinstance(layer, Conv) else (other, named)
        chain.append(Step(Window(letter, window(convolution)), OneWindow(), (whose,)))
        chain.append(Step(Tensor(letter, weight_number(convolution)), Reshape(), (named + 1, whose)))
        chain.append(Step(SameMatrix(letter), Same(), (named + 2, 1, named)))
    return tuple(chain), matrices


def targets(layer: Any, input_shape: object = None) -> list[Any]:
    """The layers that it is."""
    if isinstance(layer, Linear):
        shape = _shape(layer, input_shape)
        found = [as_convolution(layer, shape)]
        if layer.in_features > 1:
            found.append(Conv((1,) * max(len(shape) - 1, 1), 1, layer.in_features, layer.out_features, bias=layer.bias))
        return found
    features = layer.in_channels * (prod(layer.input_size) if covers(layer) else 1)
    return [Linear(features, layer.out_channels, layer.bias)]


def _shape(layer: Linear, given: object) -> tuple[int, ...]:
    """The shape that the inputs had before they were flattened; one channel of them all, where nothing is said."""
    if given is None:
        return (1, layer.in_features)
    fine = isinstance(given, tuple) and len(given) > 1 and all(type(n) is int and n > 0 for n in given)
    if not isinstance(given, tuple) or not fine or prod(given) != layer.in_features:
        rule = f"must be (channels, *sizes), with {layer.in_features} entries in all"
        raise SpecError("input_shape", given, rule, f"input_shape=({layer.in_features}, 1)")
    return given


def ends(layer: Any, input_shape: object = None) -> tuple[str, ...]:
    """One statement for each way of writing the layer."""
    if isinstance(layer, Linear) or covers(layer):
        return ("same",) * len(targets(layer, input_shape))
    return ("positions", "kronecker")


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """W against the definition, and the matrices against each other."""
    yield from main.entries(proof)

    def matrices() -> int:
        compared = 0
        for step in proof.steps:
            if isinstance(step.claim, Tensor):
                named = [s.claim for s in proof.steps if isinstance(s.claim, Weights)]
                other = next(claim.layer for claim in named if claim.letter == step.claim.letter)
                convolution = proof.layer if isinstance(proof.layer, Conv) else other
                compared += same(proof.matrices, proof.layer, convolution, step.claim)
            if isinstance(step.claim, Blocks):
                full = [dict(row) for row in proof.matrices[step.claim.letter].rows]
                size = step.claim.size
                for row, found in enumerate(proof.matrices[WEIGHT].rows):
                    expected = {column * size + row % size: entry for column, entry in full[row // size].items()}
                    if dict(found) != expected:
                        raise Refuted("a row of W is not that of V at its place", row)
                    compared += len(expected)
        return compared

    yield "every entry of W, against the other layer's", matrices


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the outputs of both layers in SymPy, with the same symbols in their places, are the same."""

    def compared() -> int:
        count = 0
        ours = list(proof.layer.flat_output())
        for claim in (step.claim for step in proof.steps if isinstance(step.claim, Weights)):
            other = claim.layer
            if claim.letter == WEIGHT:
                continue
            theirs = list(other.flat_output())
            tensor = [
                s.claim.number for s in proof.steps if isinstance(s.claim, Tensor) and s.claim.letter == claim.letter
            ]
            size = len(ours) // len(theirs)
            for n, output in enumerate(ours):
                put = _renaming(other, proof.layer, tensor, n % size, size)
                count += expect(theirs[n // size].xreplace(put), output, "SymPy finds another output")
        return count

    yield "both layers' outputs are the same in SymPy", compared


def _renaming(other: Any, layer: Any, tensor: list[Any], place: int, size: int) -> dict[Any, Any]:
    """The symbols of the other layer, and those of this one that stand for them at a place."""
    (x, k, b), (theirs, kernel, bias) = layer.flat_symbols(), other.flat_symbols()
    put = {symbol: x[n * size + place] for n, symbol in enumerate(theirs)}
    renamed = list(range(len(kernel)))
    if tensor:
        convolution = layer if isinstance(layer, Conv) else other
        renamed = relabelling(convolution, tensor[0])
        if convolution is layer:
            renamed = [renamed.index(n) for n in range(len(renamed))]
    put |= {symbol: k[n] for symbol, n in zip(kernel, renamed, strict=True)}
    return put | (dict(zip(bias, b, strict=True)) if b is not None else {})


def document(proof: Proof) -> Document:
    """Which layer it is, and why."""
    layer = proof.layer
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        *grid_or_size(proof.matrices[WEIGHT]),
        Statement(statement(proof)),
        steps(proof, words("We compare the weight matrices.")),
        *checked(proof),
    ]
    end = "as a convolution" if isinstance(layer, Linear) else "as a fully connected layer"
    return Document(title(layer, end), tuple(blocks), key(proof))


THEOREM = Theorem(
    name="linear_as_conv",
    statement="a fully connected layer is a convolution whose kernel covers the input; a 1x1 one is it at every position",
    why=words(
        "A window that covers its whole input has one place, so its outputs are a sum over all inputs, each with a weight of its own."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    others=lambda layer, input_shape=None: dict(zip(LETTERS, targets(layer, input_shape), strict=False)),
    starts=("known",),
    ends=ends,
    labels=(DEFINITION, ENTRY_RULE),
    options=("input_shape",),
)
