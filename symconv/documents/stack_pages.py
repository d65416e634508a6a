"""The pages of a stack of layers: its setting, the product, the one kernel, and the theorem in words."""

from __future__ import annotations

from typing import Any

from ..algebra.linear import PolynomialMatrix
from ..definition import BIAS
from ..formula import Call, Chain, Formula, Sym, equals, times
from ..matrices import unravel
from ..pictures.colours import APART
from ..proof import Proof
from ..stacks.composite import Break, Composite, convolutions, input_dilation, polynomial, stride
from ..stacks.sequential import Sequential, primed
from ..steps.composing import (
    ONE,
    TOTAL,
    Uneven,
)
from ..sums import INPUT, KERNEL, number
from .blocks import Block, Cell, Heading, Inline, Long, Matrix, Paragraph, Table, words
from .common import position_symbol
from .described import described
from .known import ring
from .setting import per_axis
from .stacks import (
    COMPOSED,
    bias_of,
    biases_of,
    entries_of,
    kernel_of_one,
    one_layer,
    polynomial_formula,
    stack_in,
    total_bias,
    total_matrix,
    whole,
)
from .weights import FULL_COLUMNS, FULL_ROWS, fits_in_full, weight_grid

SHOWN_ENTRIES = 12  # entries of K that are written out
SHOWN_POLYNOMIALS = 16  # different entries of A that a reader can still tell apart
WIDEST = 24  # columns of a matrix of entries that may have four indices


# Blocks -------------------------------------------------------------------------------------------


def stack_title(stack: Sequential) -> tuple[Inline, ...]:
    """What the page is about."""
    return (f"{_counted(stack)}, one after the other, as one layer",)


def _counted(stack: Sequential) -> str:
    count = len(stack.layers)
    small = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six"}
    return f"{small.get(count, str(count))} layers"


def stack_setting(stack: Sequential) -> list[Block]:
    """The layers in a table, and the conventions."""
    rows: list[tuple[str, tuple[Inline, ...]]] = [("input", words("{}", _shape(stack.input_shape)))]
    for n, layer in enumerate(stack.layers):
        named = [*(words(", kernel {}", primed(KERNEL, n)) if layer.kernel_shape is not None else ())]
        named += [*(words(", bias {}", primed(BIAS, n)) if layer.bias else ())]
        rows.append((f"layer {n + 1}", (*described(layer), *named)))
    rows.append(("output", words("{}", _shape(stack.output_shape))))
    flat = any(not layer.read_map.axes for layer in stack.layers[1:])
    opening = f"The output of each layer is the input of the next{', flattened where that is a fully connected layer' if flat else ''}. There is no non-linear function between them."
    several = len(stack.input_shape) > 2 or len(stack.output_shape) > 2
    conventions = words(
        "*Conventions.* Indices start at {}. {} lists the entries of {}"
        + (" with the last index running fastest." if several else " in their order.")
        + " Sizes are written with the number of channels first. All entries come from one commutative ring, for instance the real numbers.",
        0, Call("vec", "A"), "A",
    )  # fmt: skip
    conventions += _biases(stack)
    if any(getattr(layer, "flip_kernel", None) is False for layer in stack.layers):
        conventions += (" As in deep-learning software, “convolution” means cross-correlation: where nothing else is said, the kernel is not reversed.",)  # fmt: skip
    return [Heading(("Setting",)), Paragraph((opening,)), Table(tuple(rows)), Paragraph(conventions)]


def _biases(stack: Sequential) -> tuple[Inline, ...]:
    """What vec(B) is; a fully connected layer adds its b as it is."""
    spread = [n for n, layer in enumerate(stack.layers) if layer.bias and layer.read_map.axes]
    if not spread:
        return ()
    pairs = [each for n in spread for each in (bias_of(stack, n), primed(BIAS, n))]
    channel = ", the entry for its channel" if any(stack.layers[n].output_shape[0] > 1 for n in spread) else ""
    return words(f" At every output {' and '.join('{} holds {}' for _ in spread)}{channel}.", *pairs)


def _shape(shape: tuple[int, ...]) -> Formula:
    return times(shape) if len(shape) > 1 else shape[0]


def product_blocks(proof: Proof) -> list[Block]:
    """A written out while a reader can take it in: in the entries of the one kernel, else in its own polynomials."""
    stack = stack_in(proof)
    matrix: PolynomialMatrix = proof.matrices[TOTAL]
    rows, columns = matrix.shape
    heading = Heading(("The product",))
    lead = words("The matrix of the whole stack is {}", total_matrix(stack))
    if ONE in proof.matrices and fits_in_full(proof.matrices[ONE]) and columns <= WIDEST:
        meaning = words(". It is the matrix of one convolution, with the kernel {} that is given below.", COMPOSED)
        return [heading, Paragraph((*lead, *meaning)), weight_grid(proof.matrices[ONE], COMPOSED)]
    distinct = list(dict.fromkeys(polynomial(dict(entry)) for row in matrix.rows for entry in row.values()))
    if rows > FULL_ROWS or columns > FULL_COLUMNS or len(distinct) > SHOWN_POLYNOMIALS:
        different = f"{len(distinct):,} different polynomials" if len(distinct) > 1 else "all the same polynomial"
        size = words(f". It is {{}}, and its entries are {different}: too much to print.", times(matrix.shape))
        return [heading, Paragraph((*lead, *size))]
    cells = {each: Cell(Sym("s", (number(n),)), (n - 1, len(distinct)), f"s{n}") for n, each in enumerate(distinct, 1)}
    close = ", some of them close" if len(distinct) > len(APART) else ""
    grid = Matrix(
        tuple(position_symbol("y", matrix.row_position(row)) for row in range(rows)),
        tuple(position_symbol(INPUT, matrix.column_position(column)) for column in range(columns)),
        {(r, c): cells[polynomial(dict(entry))] for r, row in enumerate(matrix.rows) for c, entry in row.items()},
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        colours=("one colour for each polynomial" + close,),
        sums=tuple(equals(cell.formula, polynomial_formula(stack, each)) for each, cell in cells.items()),
    )
    return [heading, Paragraph((*lead, ".")), grid]


def kernel_blocks(proof: Proof, found: Composite) -> list[Block]:
    """The entries of K, while they are few."""
    stack, layer = stack_in(proof), found.layer
    shape: Any = layer.kernel_shape
    heading = Heading(("The one kernel",))
    if len(found.kernel) > SHOWN_ENTRIES:
        where = "the proof gives by a formula" if found.places is not None else f"are entries of {TOTAL}"
        return [
            heading,
            Paragraph(
                words(
                    f"The kernel {{}} of the one convolution has {len(found.kernel):,} entries, which {where}.",
                    COMPOSED,
                )
            ),
        ]
    entries = (
        Long(equals(kernel_of_one(layer, unravel(n, shape)), polynomial_formula(stack, entry)))
        for n, entry in enumerate(found.kernel)
    )
    return [heading, Paragraph(words("The kernel {} of the one convolution is", COMPOSED)), *entries]


def said_of_stack(proof: Proof) -> tuple[Inline, ...]:
    """The theorem in words: one matrix, one bias; one convolution, or which kind of convolution it is not."""
    stack = stack_in(proof)
    more = words(" and {}", total_bias(stack)) if stack.bias else ()
    said: list[Inline] = [
        *words("{} with {}", whole(stack), total_matrix(stack)),
        *more,
        ": the stack is one fully connected layer.",
    ]
    reason = convolutions(stack)
    if reason is not None:
        return tuple(said)
    breaks = [step.claim for step in proof.steps if isinstance(step.claim, Break)]
    if breaks:
        kinds = map(_kind, breaks)
        both = per_axis(stride(stack)), per_axis(input_dilation(stack))
        values = [each for claim in breaks for each in (Chain("!=", entries_of(claim, proof)), *both)]
        leads = [
            f"or kernels with {{}} it is no convolution of stride {{}} and input dilation {{}} {kind}" for kind in kinds
        ]
        return (*said, *words(f" F{'; and f'.join(leads)}.", *values))
    uneven = next((step.claim for step in proof.steps if isinstance(step.claim, Uneven)), None)
    said += [
        " Its matrix is that of " if uneven else " It is ",
        *described(one_layer(proof)),
        *words("; its kernel is {}", COMPOSED),
    ]
    if uneven:
        said += words(", but where {} its bias is not that of a convolution: within a channel it is not the same everywhere", Chain("!=", biases_of(uneven, proof)))  # fmt: skip
    return (*said, ".")


def _kind(claim: Break) -> str:
    if claim.layer is not None:
        return f"with {claim.mode} padding and the taps of these layers put into one another"
    if claim.mode == "zeros":
        return "padded with zeros, whatever its own kernel and the amount of padding"
    return "with circular padding, whatever its own kernel"


def stack_ring(stack: Sequential) -> str:
    """Over which rings the matrices make sense."""
    known_ = [layer for layer in stack.layers if layer.kernel_shape is None]
    rings = {ring(layer) for layer in known_} - {"every commutative ring"}
    return (
        rings.pop()
        if len(rings) == 1
        else "every commutative ring"
        if not rings
        else "every commutative ring that contains the rational numbers"
    )
