"""A stack of linear layers is one linear layer; of convolutions it is one convolution, or an entry shows why not.

The matrix of the stack is the product of the layers' matrices, a matrix of polynomials in all kernels, and its
bias is W' b + b'. A stack of convolutions is one convolution again, with the taps c u + c' u', the product of
the strides and the padding of the first, where no later layer pads, where what it pads with is what the layer
before it would have computed, or where all of them go round one ring. Whether it is one is decided on the
product itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..algebra.linear import Entry
from ..claims import Refuted, expect
from ..documents.blocks import Block, Document, Statement, words
from ..documents.common import checked, steps
from ..documents.setting import key
from ..documents.stack_pages import (
    kernel_blocks,
    product_blocks,
    said_of_stack,
    stack_ring,
    stack_setting,
    stack_title,
)
from ..matrices import matrix_of, weight_matrix
from ..proof import Proof, Step, Theorem
from ..stacks.composite import Composite, convolutions, polynomial, uneven, verdict
from ..stacks.sequential import Sequential, primed
from ..steps.composing import (
    ONE,
    SHIFT,
    TOTAL,
    Applied,
    Apply,
    Compare,
    Compose,
    Differ,
    Kernel,
    KnownLayer,
    KnownOne,
    LayerWeights,
    Multiply,
    One,
    OneConvolution,
    OneWeights,
    Total,
    Uneven,
)
from ..sums import WEIGHT


def refusal(stack: Sequential) -> str | None:
    """Every stack of at least two layers."""
    return "it has only one layer, so there is nothing to compose" if len(stack.layers) == 1 else None


def build(stack: Sequential) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The layers' matrices, the stack, its product; for convolutions, whether that is one."""
    count = len(stack.layers)
    biases = tuple(layer.bias for layer in stack.layers)
    matrices: dict[str, Any] = {primed(WEIGHT, n): matrix_of(layer.read_map) for n, layer in enumerate(stack.layers)}
    matrices[TOTAL] = stack.labelled(stack.product)
    if stack.bias:
        matrices[SHIFT] = stack.labelled(stack.shift, False)
    known = tuple(range(1, count + 1))
    chain = [Step(LayerWeights(primed(WEIGHT, n), layer), KnownLayer()) for n, layer in enumerate(stack.layers)]
    chain.append(Step(Applied(biases), Apply(), known))
    chain.append(Step(Total(biases), Multiply(), (count + 1, *known)))
    whole = len(chain)
    if convolutions(stack) is not None:
        return tuple(chain), matrices
    found = verdict(stack)
    if not isinstance(found, Composite):
        return (*chain, *(Step(each, Differ(), (whole,)) for each in found)), matrices
    matrices[ONE] = weight_matrix(found.layer.read_map)
    chain.append(Step(OneWeights(ONE, found.layer), KnownOne()))
    chain.append(Step(Kernel(found.places, found.kernel), Compose(), (whole + 1,)))
    places = len(stack.shift.rows) // found.layer.out_channels
    bias = tuple(polynomial(row.get(0, {})) for row in stack.shift.rows[::places]) if found.layer.bias else ()
    chain.append(Step(OneConvolution(bias), One(), (whole, whole + 1, whole + 2)))
    if (pair := uneven(stack)) is not None:
        chain.append(Step(Uneven(*pair), Compare(), (whole,)))
    return tuple(chain), matrices


def ends(stack: Sequential) -> tuple[str, ...]:
    """The product; then that it is one convolution, with what becomes of the bias, or what shows that it is none."""
    if convolutions(stack) is not None:
        return ("product",)
    found = verdict(stack)
    if not isinstance(found, Composite):
        return ("product", *("differ" for _ in found))
    return ("product", "one", *(("uneven",) if uneven(stack) is not None else ()))


def others(stack: Sequential) -> dict[str, Any]:
    """The layers by the letters of their matrices, and the one convolution."""
    layers: dict[str, Any] = {primed(WEIGHT, n): layer for n, layer in enumerate(stack.layers)}
    if convolutions(stack) is None and isinstance(found := verdict(stack), Composite):
        layers[ONE] = found.layer
    return layers


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The layers' definitions run one after the other, forward, against every entry of A and of the bias."""

    def forward() -> int:
        stack: Sequential = proof.layer
        count = len(stack.layers)
        signal: list[dict[int | None, Entry]] = [{p: {(): 1}} for p in range(proof.matrices[TOTAL].shape[1])]
        for n, layer in enumerate(stack.layers):
            (_, _, kernel), (_, _, bias) = stack.unknowns[n], stack.unknowns[count + n]
            signal = [_run(terms, signal, kernel, bias) for _, terms in layer.definition.rows()]
        compared = 0
        for row, found in enumerate(signal):
            shift = found.pop(None, {})
            said = {column: dict(entry) for column, entry in proof.matrices[TOTAL].rows[row].items()}
            if found != said:
                raise Refuted("the layers, run one after the other, give another row", row)
            if stack.bias:
                expect(shift, dict(proof.matrices[SHIFT].rows[row].get(0, {})), "the layers give another bias")
            compared += sum(map(len, said.values())) + len(shift)
        return compared

    yield "every entry of the product, against the layers' definitions run one after the other", forward


def _run(terms: Any, signal: list[dict[int | None, Entry]], kernel: int, bias: int) -> dict[int | None, Entry]:
    """One output: its recorded terms with what its inputs hold, by the input of the stack; None is the bias."""
    total: dict[int | None, Entry] = {}
    for (label, source), count in terms.items():
        if isinstance(label, tuple):
            _add(total, None, (bias + label[1],), count)
            continue
        own = () if label is None else (kernel + label,)
        for at, entry in signal[source].items():
            for monomial, c in entry.items():
                _add(total, at, tuple(sorted((*monomial, *own))), c * count)
    return total


def _add(total: dict[int | None, Entry], at: int | None, monomial: tuple[int, ...], count: Any) -> None:
    """One term more; none cancel, as the known coefficients of a layer all have one sign."""
    cell = total.setdefault(at, {})
    cell[monomial] = cell.get(monomial, 0) + count


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: the layers' own outputs, one put into the other by SymPy, and A vec(X) + d."""

    def multiplied_out() -> int:
        from sympy import Matrix, expand

        stack: Sequential = proof.layer
        x = Matrix(list(stack.symbols()[0].reshape(stack.product.width)))
        right = stack.weight_matrix() * x + stack.bias_vector()
        left = list(stack.output().reshape(len(stack.product.rows)))
        for row, (one, other) in enumerate(zip(left, right, strict=True)):
            if expand(one - other) != 0:
                raise Refuted("SymPy finds another output", row, None, one, other)
        return len(left)

    yield "the difference of both sides expands to 0 in SymPy", multiplied_out


def document(proof: Proof) -> Document:
    """The layers, their product, the theorem with its proof, and the one kernel where there is one."""
    stack: Sequential = proof.layer
    one = verdict(stack) if convolutions(stack) is None else None
    blocks: list[Block] = [
        *stack_setting(stack),
        *product_blocks(proof),
        *(kernel_blocks(proof, one) if isinstance(one, Composite) else ()),
        Statement(said_of_stack(proof)),
        steps(proof, ("The matrices of the layers are known from the theorem weight_matrix.",)),
        *checked(proof, stack_ring(stack)),
    ]
    return Document(stack_title(stack), tuple(blocks), key(proof))


THEOREM = Theorem(
    name="composition",
    statement="a stack of layers is one linear layer, with W' W and W' b + b'; and whether it is one convolution",
    why=words(
        "What a layer puts out is what the next one takes in: matrix times matrix, and each bias goes through what follows it."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda stack: stack.terms,
    document=document,
    starts=("known",),
    others=others,
    ends=ends,
    of_stacks=True,
)
