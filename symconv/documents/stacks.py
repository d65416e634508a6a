"""A stack of layers in words: what it is made of, what it is multiplied out, and whether it is one convolution."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..algebra.linear import PolynomialMatrix
from ..definition import BIAS
from ..formula import Call, Chain, Formula, Group, Juxtapose, Power, Sym, Words, equals, plus, position
from ..proof import Proof, Step
from ..readmap import CHANNEL
from ..stacks.composite import Break, Polynomial, along, convs, input_dilation, offset, polynomial, stride
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
    KnownOne,
    LayerWeights,
    Multiply,
    One,
    OneConvolution,
    OneWeights,
    Total,
    Uneven,
)
from ..sums import KERNEL, WEIGHT, number, variable
from .blocks import Inline, words
from .described import described
from .identities import known
from .setting import per_axis
from .wording import Said, cited, claim_parts, entry_rule, matrix_entry, reason_parts

COMPOSED = "K"
SHOWN_TERMS = 6  # terms of a polynomial that are written out
BETWEEN = "m"


def stack_in(proof: Proof) -> Sequential:
    """The stack that a proof is about."""
    stack: Sequential = proof.layer
    return stack


# Formulas -----------------------------------------------------------------------------------------


def bias_of(stack: Sequential, n: int) -> Formula:
    """vec(B'), one entry for each output of the layer; a fully connected layer's is b' itself."""
    return Call("vec", primed("B", n)) if stack.layers[n].read_map.axes else primed(BIAS, n)


def applied(stack: Sequential) -> Formula:
    """W' (W vec(X) + vec(B)) + vec(B')."""
    total: Formula = Call("vec", "X")
    for n, layer in enumerate(stack.layers):
        inside: Formula = Group(total) if n else total
        product = Juxtapose((primed(WEIGHT, n), inside))
        total = plus(product, bias_of(stack, n)) if layer.bias else product
    return total


def matrices_of(stack: Sequential, first: int = 0) -> tuple[Formula, ...]:
    """W'' W' W, the last layer's first; of the layers from `first` on."""
    return tuple(primed(WEIGHT, n) for n in reversed(range(first, len(stack.layers))))


def total_matrix(stack: Sequential) -> Formula:
    """A = W' W."""
    return equals(TOTAL, Juxtapose(matrices_of(stack)))


def total_bias(stack: Sequential) -> Formula:
    """d = W' vec(B) + vec(B')."""
    terms = []
    for n, layer in enumerate(stack.layers):
        if layer.bias:
            factors = (*matrices_of(stack, n + 1), bias_of(stack, n))
            terms.append(Juxtapose(factors) if len(factors) > 1 else factors[0])
    return equals(SHIFT, plus(*terms))


def whole(stack: Sequential) -> Formula:
    """vec(Y) = A vec(X) + d."""
    product = Juxtapose((TOTAL, Call("vec", "X")))
    return equals(Call("vec", "Y"), plus(product, SHIFT) if stack.bias else product)


def polynomial_formula(stack: Sequential, terms: Polynomial) -> Formula:
    """A polynomial in the unknowns of the stack, the later layers' first; of a very long one the first terms."""
    parts = [_term(stack, monomial, count) for monomial, count in terms[:SHOWN_TERMS]]
    if len(terms) > SHOWN_TERMS:
        parts.append(Words(f"… ({len(terms) - SHOWN_TERMS:,} more)"))
    return plus(*parts) if parts else 0


def _term(stack: Sequential, monomial: tuple[int, ...], count: Any) -> Formula:
    factors: list[Formula] = []
    for u in dict.fromkeys(reversed(monomial)):
        letter, indices = stack.unknown(u)
        symbol = Sym(letter, tuple(map(number, indices)))
        times_ = monomial.count(u)
        factors.append(symbol if times_ == 1 else Power(symbol, times_))
    if count != 1 or not factors:
        factors.insert(0, int(count) if count == int(count) else count)
    return Juxtapose(tuple(factors)) if len(factors) > 1 else factors[0]


def kernel_of_one(layer: Any, at: tuple[int, ...]) -> Formula:
    """K_{c,a,w}, without the channels where there is one on each side."""
    return Sym(COMPOSED, tuple(map(number, at if layer.read_map.shows_channels else at[2:])))


def entries_of(claim: Break, proof: Proof) -> tuple[Formula, ...]:
    """The two entries of A that show that it is no convolution, by name."""
    matrix: PolynomialMatrix = proof.matrices[TOTAL]
    return tuple(
        matrix_entry(TOTAL, _numbers(matrix.row_position(row)), _numbers(matrix.column_position(column)))
        for row, column in (claim.first, claim.second)
    )


def biases_of(claim: Uneven, proof: Proof) -> tuple[Formula, ...]:
    """The two entries of d that one bias would make equal, by name."""
    matrix: PolynomialMatrix = proof.matrices[SHIFT]
    return tuple(Sym(SHIFT, tuple(_numbers(matrix.row_position(row)))) for row in (claim.first, claim.second))


def _numbers(at: tuple[int, ...]) -> list[Formula]:
    return [number(n) for n in at]


def one_layer(proof: Proof) -> Any:
    """The one convolution of a proof that found one."""
    return next(step.claim.layer for step in proof.steps if isinstance(step.claim, OneWeights))


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: LayerWeights, proof: Proof) -> Said:
    n = len(claim.letter) - len(WEIGHT)
    named = words("{} is the weight matrix of ", claim.letter)
    if claim.layer.kernel_shape is None:
        return (*named, *described(claim.layer), ": known numbers.")
    rule, _ = entry_rule(known(claim.layer), claim.letter, primed(KERNEL, n))
    return (*named, *described(claim.layer), *words(": {}", rule), *_held(claim.layer), ".")


def _held(layer: Any) -> tuple[Inline, ...]:
    """What a sum over the positions that hold an input means."""
    if not layer.read_map.folded:
        return ()
    at = position(tuple(variable(axis.letters.input) for axis in layer.read_map.axes if axis.mode is not None))
    return words(
        ", where the sum is over the positions of the padded input that hold input {}, and an entry whose index is out of range counts as zero",
        at,
    )  # fmt: skip


@claim_parts.register
def _(claim: OneWeights, proof: Proof) -> Said:
    rule, _ = entry_rule(known(claim.layer), claim.letter, COMPOSED)
    return (
        *words("{} is the weight matrix of ", claim.letter), *described(claim.layer), *words(", with {} for its kernel: {}", COMPOSED, rule), *_held(claim.layer), ".",
    )  # fmt: skip


@claim_parts.register
def _(claim: Applied, proof: Proof) -> Said:
    return words("{}.", equals(Call("vec", "Y"), applied(stack_in(proof))))


@claim_parts.register
def _(claim: Total, proof: Proof) -> Said:
    stack = stack_in(proof)
    more = words(" and {}", total_bias(stack)) if stack.bias else ()
    return (*words("{} with {}", whole(stack), total_matrix(stack)), *more, ".")


@claim_parts.register
def _(claim: Kernel, proof: Proof) -> Said:
    stack = stack_in(proof)
    layer = one_layer(proof)
    if claim.places is None:
        return words("The entries of {} are the entries of {} at each offset.", COMPOSED, TOTAL)
    names = [variable(w) for w in _kernel_letters(len(claim.places))]
    conditions = []
    for w, place in zip(names, claim.places, strict=True):
        tap: Formula = place.tap if place.ring is None else Chain("mod", (_grouped(place.tap), place.ring))
        conditions.append(equals(w, tap))
    grouped = any(each.groups > 1 for each in convs(stack))
    shown = layer.read_map.shows_channels and not grouped
    product = Juxtapose(tuple(_kernel_entry(stack, n, shown) for n in reversed(range(len(stack.layers)))))
    middles = [_middle(n) for n in range(len(stack.layers) - 1) if convs(stack)[n].out_channels > 1]
    end: tuple[Inline, ...] = ()
    lead: tuple[Inline, ...] = words("{}", Sym(COMPOSED, (*(_outer() if shown else ()), *names)))
    if grouped:
        lead = words(
            "For output channel {} and input channel {}, counted in its group, {}",
            *_outer(),
            Sym(COMPOSED, (*_outer(), *names)),
        )
        end = (", and over all ways through the channels between these two, each within the groups of the layers",)
    elif shown and middles:
        end = words(" and all channels " + " and ".join("{}" for _ in middles) + " in between", *map(variable, middles))
    return (
        *lead, *words(" is the sum of the products {} over all taps with " + " and ".join("{}" for _ in conditions), product, *conditions), *end, ".",
    )  # fmt: skip


def _grouped(index: Any) -> Formula:
    return Group(index) if len(index.terms) + bool(index.constant) > 1 else index


def _kernel_letters(rank: int) -> list[str]:
    return ["w"] if rank == 1 else [f"w{n + 1}" for n in range(rank)]


def _outer() -> tuple[Formula, ...]:
    return variable(CHANNEL.output), variable(CHANNEL.kernel)


def _middle(n: int) -> str:
    return primed(BETWEEN, n)


def _kernel_entry(stack: Sequential, n: int, shown: bool) -> Formula:
    """k'_{c,m,u'}: a layer's kernel entry in the sum for K."""
    layer = convs(stack)[n]
    taps: list[Formula] = [variable(primed(axis.letters.kernel, n)) for axis in layer.read_map.axes]
    if shown and layer.read_map.shows_channels:
        output, given = _outer()
        last, first = n == len(stack.layers) - 1, n == 0
        through: Formula = output if last else variable(_middle(n)) if layer.out_channels > 1 else number(0)
        source: Formula = given if first else variable(_middle(n - 1)) if layer.in_channels > 1 else number(0)
        taps = [through, source, *taps]
    return Sym(primed(KERNEL, n), tuple(taps))


@claim_parts.register
def _(claim: OneConvolution, proof: Proof) -> Said:
    stack = stack_in(proof)
    said = words("{}", equals(TOTAL, ONE))
    if not claim.bias:
        return (*said, ".")
    if len(claim.bias) == 1:
        return (*said, *words(", and every entry of {} is {}.", SHIFT, polynomial_formula(stack, claim.bias[0])))
    return (*said, *words(", and the entries of {} are the same all over an output channel: in the first {}.", SHIFT, polynomial_formula(stack, claim.bias[0])))  # fmt: skip


@claim_parts.register
def _(claim: Break, proof: Proof) -> Said:
    matrix: PolynomialMatrix = proof.matrices[TOTAL]
    values = (matrix.rows[row].get(column, {}) for row, column in (claim.first, claim.second))
    return _unequal(entries_of(claim, proof), values, proof)


@claim_parts.register
def _(claim: Uneven, proof: Proof) -> Said:
    matrix: PolynomialMatrix = proof.matrices[SHIFT]
    return _unequal(
        biases_of(claim, proof), (matrix.rows[row].get(0, {}) for row in (claim.first, claim.second)), proof
    )


def _unequal(names: tuple[Formula, ...], values: Iterable[Any], proof: Proof) -> Said:
    stack = stack_in(proof)
    shown = (equals(name, polynomial_formula(stack, polynomial(dict(value)))) for name, value in zip(names, values, strict=True))  # fmt: skip
    return words("{}, but {}: other polynomials.", *shown)


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Apply, step: Step, proof: Proof) -> Said:
    flat = any(not layer.read_map.axes and before.read_map.axes for before, layer in zip(proof.layer.layers, proof.layer.layers[1:], strict=False))  # fmt: skip
    return ("the output of a layer is the input of the next" + (", flattened row by row" if flat else ""),)


@reason_parts.register
def _(rule: Multiply, step: Step, proof: Proof) -> Said:
    return (
        "the brackets multiplied out; the matrix product is associative"
        + (" and distributive" if proof.layer.bias else ""),
    )


@reason_parts.register
def _(rule: KnownOne, step: Step, proof: Proof) -> Said:
    return ("theorem weight_matrix",)


@reason_parts.register
def _(rule: Compose, step: Step, proof: Proof) -> Said:
    if step.claim.places is None:  # type: ignore[attr-defined]
        return ("read off, whether it is right says the next step",)
    stack = stack_in(proof)
    read = []
    for n in range(len(stack.layers[0].read_map.axes)):
        where, _ = along(stack, n)
        read.append(where)
    output = position(tuple(variable(axis.letters.output) for axis in stack.layers[0].read_map.axes))
    return words(
        "put into one another, the layers read for output {} at {} of the first one's input",
        output,
        position(tuple(read)),
    )


@reason_parts.register
def _(rule: One, step: Step, proof: Proof) -> Said:
    stack = stack_in(proof)
    return (f"by {cited(step.cites[2])}, entry by entry" + why_one(stack),)


def why_one(stack: Sequential) -> str:
    """Why no border is in the way, where the padding tells."""
    later = [layer for layer in convs(stack)[1:] if any(side > 0 for pair in layer.padding for side in pair)]
    if not later:
        return ": no layer reads beyond what the one before it computes"
    if {layer.padding_mode for layer in convs(stack)} == {"circular"} and _goes_round(stack):
        return ": every layer goes once round its ring, so the positions beyond an end are those at the other end"
    if (
        len(stack.layers) == 2
        and {layer.padding_mode for layer in convs(stack)} == {"zeros"}
        and _nothing_outside(stack)
    ):
        return ": where the second layer reads beyond the first one's outputs, the first one's windows would lie on zeros alone"
    return ""


def _goes_round(stack: Sequential) -> bool:
    axes = (axis for layer in convs(stack) for axis in layer.read_map.axes)
    return all(axis.stride * axis.outputs == axis.length for axis in axes)


def _nothing_outside(stack: Sequential) -> bool:
    """Beyond its outputs the first of two layers would read zeros alone, as far as the second one looks."""
    first, second = convs(stack)
    for own, later in zip(first.read_map.axes, second.read_map.axes, strict=True):
        taps = range(own.taps)
        for o in [*range(-later.low, 0), *range(own.outputs, own.outputs + later.high)]:
            where = ({own.letters.output: o, own.letters.kernel: u} for u in taps)
            if any(own.fold(own.position.at(env) or 0) is not None for env in where):
                return False
    return True


@reason_parts.register
def _(rule: Differ, step: Step, proof: Proof) -> Said:
    claim: Break = step.claim  # type: ignore[assignment]
    stack = stack_in(proof)
    if claim.layer is not None:
        return (*words("where "), *described(claim.layer), " has the same entry twice")
    axes = convs(stack)[0].read_map.axes
    steps = stride(stack)
    shifts = [
        variable(axis.letters.input) * axis.scale - variable(axis.letters.output) * s
        for axis, s in zip(axes, steps, strict=True)
    ]
    _, _, *at = offset(stack, *claim.first, claim.mode == "circular")
    parts = []
    for axis, shift, n in zip(axes, shifts, at, strict=True):
        whole_: Formula = Chain("mod", (Group(shift), axis.length)) if claim.mode == "circular" else shift
        parts.append(equals(whole_, n))
    channels = (
        " and the channels are the same"
        if stack.layers[0].read_map.shows_channels or stack.layers[-1].read_map.shows_channels
        else ""
    )
    kind = "with circular padding" if claim.mode == "circular" else "padded with zeros"
    return words(
        "in both, " + " and ".join("{}" for _ in parts) + channels + f"; in a convolution of stride {{}} and input dilation {{}} {kind} such entries are equal",
        *parts, per_axis(steps), per_axis(input_dilation(stack)),
    )  # fmt: skip


@reason_parts.register
def _(rule: Compare, step: Step, proof: Proof) -> Said:
    return ("both outputs are in one channel, and a convolution adds the same bias all over a channel",)
