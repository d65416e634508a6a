"""Every kernel is a product of smaller ones, given channels enough in between: a layer is two layers.

This is what network morphism (Wei et al. 2016) and Net2DeeperNet (Chen et al. 2015) use to make a network
deeper without changing what it computes. Here it is proved for a kernel of symbols, so for every kernel at
once; `sc.split` finds the fewest channels for a kernel of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

from ..algebra.linear import Entry, Exact, difference
from ..claims import Refuted
from ..documents.blocks import Block, Display, Document, Heading, Paragraph, Statement, words
from ..documents.common import checked, steps
from ..documents.described import described
from ..documents.identities import known
from ..documents.setting import count_of, definition, flattening, key, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, claim_parts, entry_rule, reason_parts
from ..errors import TooLarge
from ..formula import Array, Formula, Juxtapose, Power, Sigma, Sym, Tuple, equals, plus
from ..identities import Known, Weights
from ..matrices import reads, unravel, weight_matrix
from ..proof import Proof, Step, Theorem
from ..stacks.composite import Polynomial
from ..stacks.halves import enough, first_size, indivisible, pair
from ..stacks.sequential import Sequential
from ..steps.factoring import (
    FIRST,
    PRIME,
    SECOND,
    Eisenstein,
    Factored,
    Factors,
    FirstWeights,
    Irreducible,
    KnownFirst,
    KnownSecond,
    Multiply,
    SecondWeights,
    Sum,
    kernels_of,
    least_kernel,
)
from ..steps.identity_checks import equal_in_sympy
from ..sums import KERNEL, WEIGHT, Span, number, variable

NONZEROS_LIMIT = 1_000_000
SHOWN = 12  # rows and columns of a kernel that is written out


def children(layer: Any, first: Any = None) -> Sequential:
    """The two layers."""
    sizes = first_size(layer, first)
    return pair(layer, sizes, enough(layer, sizes)[0])


def build(layer: Any, first: Any = None) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The three matrices, the kernels of the two layers, the product; and where fewer channels do not do."""
    one, other = children(layer, first).layers
    maps = one.read_map, other.read_map
    if any(each.reach > NONZEROS_LIMIT or each.nonzeros > NONZEROS_LIMIT for each in maps):
        rule = f"the matrices of the two layers have more than {NONZEROS_LIMIT:,} non-zero entries"
        raise TooLarge(f"{layer!r}: {rule}; sc.split factors a kernel of numbers without them")
    matrices = {name: weight_matrix(each.read_map) for name, each in ((WEIGHT, layer), (FIRST, one), (SECOND, other))}
    chain = [
        Step(Weights(WEIGHT, layer), Known()),
        Step(FirstWeights(FIRST, one), KnownFirst()),
        Step(SecondWeights(SECOND, other), KnownSecond()),
        Step(kernels_of(layer, first), Sum(), (2, 3)),
        Step(Factored(), Multiply(), (1, 2, 3, 4)),
    ]
    if (kernel := least_kernel(layer, first)) is not None:
        chain.append(Step(Irreducible(kernel), Eisenstein(), (2, 3)))
    return tuple(chain), matrices


def ends(layer: Any, first: Any = None) -> tuple[str, ...]:
    """The product; and where one channel in between is not enough."""
    return ("factor", *(("irreducible",) if least_kernel(layer, first) is not None else ()))


def others(layer: Any, first: Any = None) -> dict[str, Any]:
    """The two layers by the letters of their matrices."""
    one, other = children(layer, first).layers
    return {FIRST: one, SECOND: other}


# The further checks -------------------------------------------------------------------------------


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The two layers' reads, forward, one put into the other, against the layer's own."""

    def forward() -> int:
        claim = next(step.claim for step in proof.steps if isinstance(step.claim, Factors))
        layers = others(proof.layer, **dict(proof.options))
        made = _read(layers[SECOND], claim.second) @ _read(layers[FIRST], claim.first)
        own = _read(proof.layer, tuple((((n,), 1),) for n in range(prod(proof.layer.kernel_shape))))
        found = difference(own, made)
        if found is not None:
            raise Refuted("the two layers read otherwise", found.row, found.column, found.left, found.right)
        return own.nonzeros

    yield "every entry of the product, from where the layers read", forward


def _read(layer: Any, kernel: tuple[Polynomial, ...]) -> Exact:
    """A layer's matrix from its definition, with that kernel."""
    rows: list[dict[int, Entry]] = [{} for _ in range(prod(layer.output_shape))]
    for label, row, column in reads(layer.read_map):
        for monomial, count in kernel[label]:
            cell = rows[row].setdefault(column, {})
            cell[monomial] = cell.get(monomial, 0) + count
    return Exact(tuple(rows), prod(layer.input_shape))


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion: SymPy's product of the two matrices with the kernels put in is `layer.weight_matrix()`."""

    def multiplied_out() -> int:
        from sympy import Integer

        claim = next(step.claim for step in proof.steps if isinstance(step.claim, Factors))
        layers = others(proof.layer, **dict(proof.options))
        own = proof.layer.flat_symbols()[1]
        total: Any = None
        for letter, kernel in ((SECOND, claim.second), (FIRST, claim.first)):
            values = [
                sum((Integer(c) * prod([own[u] for u in m], start=Integer(1)) for m, c in terms), Integer(0))
                for terms in kernel
            ]
            put = dict(zip(layers[letter].flat_symbols()[1], values, strict=True))
            matrix = layers[letter].weight_matrix().applyfunc(lambda entry, put=put: entry.xreplace(put))
            total = matrix if total is None else total * matrix
        return equal_in_sympy(proof.layer.weight_matrix(), total)

    yield "the difference of both sides expands to 0 in SymPy", multiplied_out


# Words --------------------------------------------------------------------------------------------


def _width(proof: Proof) -> int:
    shape: tuple[int, ...] = others(proof.layer, **dict(proof.options))[FIRST].kernel_shape
    return shape[0]


def _named(claim: Weights, which: str, kernel: str) -> Said:
    rule, summed = entry_rule(known(claim.layer), claim.letter, kernel)
    held = ", where the sum is over the positions of the padded input that hold the input" if summed else ""
    return (
        *words(f"{{}} is the weight matrix of the {which} layer, ", claim.letter), *described(claim.layer),
        *words(f", with the kernel {{}}: {{}}{held}.", kernel, rule),
    )  # fmt: skip


@claim_parts.register
def _(claim: FirstWeights, proof: Proof) -> Said:
    return _named(claim, "first", "h")


@claim_parts.register
def _(claim: SecondWeights, proof: Proof) -> Said:
    return _named(claim, "second", "g")


@claim_parts.register
def _(claim: Factors, proof: Proof) -> Said:
    return words("{}, for {} and {} as above.", morphism_equation(proof), "h", "g")


def morphism_equation(proof: Proof) -> Formula:
    """k_{c,a,w} = sum of g_{c,m,v} h_{m,a,u}: written with its condition by `_where`."""
    layer = proof.layer
    letters = [axis.letters.kernel for axis in layer.read_map.axes]
    taps = [variable(f"w{name}") for name in _suffixes(len(letters))]
    inner = [variable(f"u{name}") for name in _suffixes(len(letters))]
    c, a, m = variable("c"), variable("a"), variable("m")
    single = layer.kernel_shape[:2] == (1, 1) and layer.read_map.axes
    several = _width(proof) > 1
    left = Sym(KERNEL, tuple(taps) if single else (c, a, *taps))
    differences = [w - u for w, u in zip(taps, inner, strict=True)]
    channel: tuple[Formula, ...] = (m,) if several else (number(0),)
    right = Juxtapose(
        (
            Sym("g", (number(0) if single else c, *channel, *differences)),
            Sym("h", (*channel, number(0) if single else a, *inner)),
        )
    )
    return equals(left, Juxtapose((*_sigmas(proof, several), right)))


def _suffixes(rank: int) -> list[str]:
    return [""] if rank == 1 else [str(n + 1) for n in range(rank)]


def _sigmas(proof: Proof, several: bool) -> tuple[Formula, ...]:
    names = [f"u{name}" for name in _suffixes(len(proof.layer.read_map.axes))] if proof.layer.read_map.axes else []
    shown = (["m"] if several else []) + names
    return tuple(Sigma(_all(name, proof)) for name in shown)


def _all(name: str, proof: Proof) -> Any:
    if name == "m":
        return Span("m", number(0), number(_width(proof) - 1))
    axis = int(name[1:] or 1) - 1
    first = others(proof.layer, **dict(proof.options))[FIRST].kernel_shape[2 + axis]
    return Span(name, number(0), number(first - 1))


@claim_parts.register
def _(claim: Factored, proof: Proof) -> Said:
    return words("{}.", equals(WEIGHT, Juxtapose((SECOND, FIRST))))


@claim_parts.register
def _(claim: Irreducible, proof: Proof) -> Said:
    kernel = Tuple(tuple(claim.kernel))
    return words(
        "With one channel in between the kernel {} is no product of two such kernels over the rational numbers.", kernel
    )


@reason_parts.register
def _(rule: Sum, step: Step, proof: Proof) -> Said:
    if not proof.layer.read_map.axes:
        return words("added up, for every entry of {}", KERNEL)
    return words(
        "added up, for every entry of {}; an entry of {} with an index out of range counts as zero", KERNEL, "g"
    )


@reason_parts.register
def _(rule: Multiply, step: Step, proof: Proof) -> Said:
    return ("multiplied out entry by entry, with the two kernels put in",)


@reason_parts.register
def _(rule: Eisenstein, step: Step, proof: Proof) -> Said:
    claim: Irreducible = step.claim  # type: ignore[assignment]
    power = len(claim.kernel) - 1
    polynomial = plus(Power("t", power), claim.kernel[0])
    return words(
        "such kernels would be factors of {} of smaller degree, which has none by Eisenstein’s criterion: {} divides every coefficient but the leading one, and {} does not divide the last",
        polynomial, PRIME, PRIME**2,
    )  # fmt: skip


def kernel_blocks(proof: Proof) -> list[Block]:
    """How the two kernels are made, and both written out while they are small."""
    layer = proof.layer
    claim = next(step.claim for step in proof.steps if isinstance(step.claim, Factors))
    made = others(layer, **dict(proof.options))
    width = _width(proof)
    by_output = enough(layer, first_size(layer, dict(proof.options).get("first")))[1]
    holds, fixed, side = ("h", "g", "output") if by_output else ("g", "h", "input")
    spatial = prod(layer.kernel_shape[2:]) > 1
    said = f"Between the two layers there {'are' if width > 1 else 'is'} {count_of(width, 'channel')}. "
    if spatial:
        said += (
            f"Each belongs to one {side} channel and to a window of {{}}: {{}} holds the entries of {{}} in that window, and {{}} puts them back, being 1 at the start of the window and 0 elsewhere. "
            "Where windows overlap, an entry is taken by the first of them."
        )
        parts: tuple[Formula, ...] = (KERNEL, holds, KERNEL, fixed)
    else:
        said += f"Each belongs to one {side} channel: {{}} is {{}}, and {{}} is the identity."
        parts = (holds, KERNEL, fixed)
    blocks: list[Block] = [Heading(("The two kernels",)), Paragraph(words(said, *parts))]
    shapes = [(made[FIRST].kernel_shape, claim.first, "h"), (made[SECOND].kernel_shape, claim.second, "g")]
    if all(shape[0] <= SHOWN and len(terms) // shape[0] <= SHOWN for shape, terms, _ in shapes):
        blocks.append(
            Paragraph(
                (
                    "Written out, each has one row for each of its output channels and one column for each of its input channels and taps:",
                )
            )
        )
        for shape, terms, letter in shapes:
            across = len(terms) // shape[0]
            rows = tuple(tuple(_entry(layer, terms[r * across + c]) for c in range(across)) for r in range(shape[0]))
            blocks.append(Display(equals(letter, Array(rows))))
    return blocks


def _entry(layer: Any, terms: Polynomial) -> Formula:
    if not terms:
        return 0
    monomial, _ = terms[0]
    if not monomial:
        return 1
    at = unravel(monomial[0], layer.kernel_shape)
    return Sym(KERNEL, tuple(map(number, at if layer.read_map.shows_channels else at[2:])))


def document(proof: Proof) -> Document:
    """The layer, the two layers with their kernels, and the theorem with its proof."""
    layer = proof.layer
    made = others(layer, **dict(proof.options))
    least = any(isinstance(step.claim, Irreducible) for step in proof.steps)
    claim = (
        *words("Whatever the kernel {}, {}: the layer is ", KERNEL, equals(WEIGHT, Juxtapose((SECOND, FIRST)))), *described(made[FIRST]),
        "; and after it ", *described(made[SECOND]), ".",
        *(" The second one adds the bias.",) * layer.bias,
        *(" One channel in between is not enough for every kernel over the rational numbers.",) * least,
    )  # fmt: skip
    blocks: list[Block] = [
        *setting(layer), *definition(layer), *flattening(layer), *the_rule(known(layer)), *kernel_blocks(proof),
        Statement(claim), steps(proof, words("{}, {} and {} are known from the theorem weight_matrix.", WEIGHT, FIRST, SECOND)),
        *checked(proof, "every commutative ring" + ("; the last step is about the rational numbers" if least else "")),
    ]  # fmt: skip
    return Document(title(layer, "as two layers"), tuple(blocks), key(proof))


def size(layer: Any) -> int:
    """The terms of the product of the two matrices."""
    return max(each.read_map.nonzeros for each in children(layer).layers) * 2


THEOREM = Theorem(
    name="morphism",
    statement="W = G H: every kernel is a product of two smaller ones, given channels enough in between",
    why=words(
        "One kernel holds k window by window, a channel for each window; the other one picks an entry of each channel."
    ),
    refusal=indivisible,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=size,
    document=document,
    starts=("known",),
    others=others,
    ends=ends,
    labels=(DEFINITION, ENTRY_RULE),
    options=("first",),
)
