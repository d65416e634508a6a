"""The Fourier transform of a layer in words and formulas: frequencies, eigenvalues, the reasons of each step."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm, prod

from ..formula import (
    Call,
    Cases,
    Chain,
    Formula,
    Juxtapose,
    Power,
    Sigma,
    Sym,
    Tuple,
    equals,
    plus,
    position,
)
from ..proof import Proof, Step
from ..readmap import Axis, ReadMap
from ..steps.fourier import (
    Diagonal,
    Diagonalise,
    Eigenvectors,
    Factor,
    Generic,
    Geometric,
    Inverse,
    Reindex,
    Ring,
    RingSum,
    Witness,
    Wrap,
)
from ..sums import KERNEL, WEIGHT, Index, Span, number, variable
from .blocks import Inline, Reference, words
from .polynomials import numbered_names
from .wording import Said, cited, claim_parts, matrix_entry, reason_parts, without_single

EIGENVALUES = "eigenvalues"

ROOT = "ω"


# Formulas -----------------------------------------------------------------------------------------


def frequencies(read_map: ReadMap) -> list[Index]:
    """m, or m1, m2, ..., one for each axis."""
    return numbered_names("m", read_map.axes)


def order_of(axes: Sequence[Axis]) -> int:
    """The order of the root of unity: the least common multiple of the sizes."""
    return lcm(*(axis.inputs for axis in axes))


def exponent(axes: Sequence[Axis], turns: Sequence[tuple[Formula, Index]]) -> Formula | None:
    """3 m1 (u - 1) + 2 m2 v, one product for each axis; None where it is zero."""
    order, terms = order_of(axes), []
    for axis, (m, of) in zip(axes, turns, strict=True):
        factor, signed = order // axis.inputs, of.signed()
        if axis.inputs == 1 or of == number(0):
            continue  # a power of 1
        rest: tuple[Formula, ...] = (Tuple((of,)),)
        if len(signed) == 1 and of.divisor == 1 and signed[0][0] > 0:
            coefficient, name = signed[0]
            factor, rest = factor * coefficient, (name,) if name else ()
        parts = (*((factor,) if factor > 1 else ()), m, *rest)
        terms.append(parts[0] if len(parts) == 1 else Juxtapose(parts))
    return plus(*terms) if terms else None


def root_power(axes: Sequence[Axis], turns: Sequence[tuple[Formula, Index]]) -> tuple[Formula, ...]:
    """The root of unity to that power, or nothing where it is 1."""
    above = exponent(axes, turns)
    return () if above is None else (Power(ROOT, above),)


def waves(read_map: ReadMap, of: Sequence[Index]) -> tuple[Formula, ...]:
    """w^(m p) for those indices."""
    return root_power(
        read_map.axes, [(m, without_single(at, read_map)) for m, at in zip(frequencies(read_map), of, strict=True)]
    )


def channel_letters(read_map: ReadMap) -> tuple[Index, ...]:
    """c and a, where there are several of them to tell apart."""
    if not read_map.shows_channels:
        return ()
    letters = read_map.channels.letters
    return (variable(letters.output), *((variable(letters.kernel),) if read_map.channels.taps > 1 else ()))


def input_channel(read_map: ReadMap) -> Index:
    """The input channel that kernel entry (c, a) multiplies."""
    channels = read_map.channels
    if channels.groups > 1 and channels.taps == 1 and channels.outputs == channels.groups:
        return variable(channels.letters.output)
    return without_single(channels.position, read_map)


def kernel_entry(read_map: ReadMap) -> Formula:
    """k_{c,a,u}."""
    indices = [index for line in read_map.lines for index in line.kernel_index]
    return Sym(KERNEL, tuple(without_single(index, read_map) for index in indices))


def over_taps(read_map: ReadMap) -> tuple[Formula, ...]:
    """The sums over the kernel entries of one pair of channels."""
    spans = (Span(axis.letters.kernel, number(0), number(axis.taps - 1)) for axis in read_map.axes if axis.taps > 1)
    return tuple(map(Sigma, spans))


def eigenvalue(read_map: ReadMap, frequency: Sequence[Formula]) -> Formula:
    """lambda_m, with channels lambda_{c,a,m}."""
    return Sym("λ", (*channel_letters(read_map), *frequency))


def eigenvalue_formula(read_map: ReadMap, shifts: Sequence[Index]) -> Formula:
    """lambda_m = sum over u of k_u w^(m (d u - low))."""
    value = Juxtapose((*over_taps(read_map), kernel_entry(read_map), *waves(read_map, shifts)))
    return equals(eigenvalue(read_map, frequencies(read_map)), value)


def weight_sum(read_map: ReadMap) -> Formula:
    """The sum over p of W_{i,p} w^(m p), p in one input channel."""
    rows: list[Formula] = [variable(axis.letters.output) for axis in read_map.axes]
    columns = [variable(axis.letters.input) for axis in read_map.axes]
    entry_columns: list[Formula] = list(columns)
    if read_map.shows_channels:
        rows, entry_columns = [variable("c"), *rows], [input_channel(read_map), *columns]
    sigmas = (Sigma(Span(axis.letters.input, number(0), number(axis.inputs - 1))) for axis in read_map.axes)
    return Juxtapose((*sigmas, matrix_entry(WEIGHT, rows, entry_columns), *waves(read_map, columns)))


def diagonal_formula(read_map: ReadMap) -> Formula:
    """W = F^-1 diag(lambda) F, with channels for each block."""
    letters = channel_letters(read_map)
    matrix = Sym("V", letters) if letters else WEIGHT
    return equals(matrix, Juxtapose((Power("F", -1), Call("diag", Sym("λ", letters)), "F")))


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: Ring, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    outputs: list[Formula] = [variable(axis.letters.output) for axis in read_map.axes]
    inputs: list[Formula] = [variable(axis.letters.input) for axis in read_map.axes]
    if read_map.shows_channels:
        outputs, inputs = [variable("c"), *outputs], [input_channel(read_map), *inputs]
    meets: list[Inline] = []
    for n, (axis, shift) in enumerate(zip(read_map.axes, claim.shifts, strict=True)):
        there = without_single(variable(axis.letters.output) + shift, read_map)
        joined = " and {}" if n else "{}"
        meets += words(f"{joined} modulo {axis.inputs}", equals(variable(axis.letters.input), there))
    said = words(
        "Kernel entry {} of output {} meets the input {} with ",
        kernel_entry(read_map), position(tuple(outputs)), position(tuple(inputs)),
    )  # fmt: skip
    circulant = "circulant along each axis" if len(read_map.axes) > 1 else "circulant"
    within = " within every pair of channels" if read_map.shows_channels else ""
    return (*said, *meets, *words(f", and no other: {{}} is {circulant}{within}.", WEIGHT))


@claim_parts.register
def _(claim: RingSum, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    right = Juxtapose((*over_taps(read_map), kernel_entry(read_map), *waves(read_map, claim.positions)))
    return words("{}.", equals(weight_sum(read_map), right))


@claim_parts.register
def _(claim: Eigenvectors, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    outputs = [variable(axis.letters.output) for axis in read_map.axes]
    value = eigenvalue(read_map, frequencies(read_map))
    return words("{}.", equals(weight_sum(read_map), Juxtapose((value, *waves(read_map, outputs)))))


@claim_parts.register
def _(claim: Inverse, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    said: Said = ()
    for n in dict.fromkeys(size for size in claim.sizes if size > 1):
        factor = claim.order // n
        above = (*((factor,) if factor > 1 else ()), Tuple((variable("m") - variable("s"),)), "t")
        total = Juxtapose((Sigma(Span("t", number(0), number(n - 1))), Power(ROOT, Juxtapose(above))))
        rule = Cases(((n, equals("m", "s")), (0, "otherwise")))
        said += words(f"For any {{}} and {{}} from 0 to {n - 1}, {{}}. ", "m", "s", equals(total, rule))
    inputs = [variable(axis.letters.input) for axis in read_map.axes]
    share = (Fraction(1, prod(claim.sizes)),) if prod(claim.sizes) > 1 else ()
    wave = waves(read_map, inputs) or (() if share else (1,))
    row, column = position(tuple(inputs)), position(tuple(frequencies(read_map)))
    template = "{} has an inverse, whose entry in row {} and column {} is {}."
    return said + words(template, "F", row, column, Juxtapose((*share, *wave)))


@claim_parts.register
def _(claim: Diagonal, proof: Proof) -> Said:
    return words("{}.", diagonal_formula(proof.layer.read_map))


@claim_parts.register
def _(claim: Generic, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    indices: list[Formula] = [number(0) for _ in read_map.axes]
    own = ""
    if read_map.shows_channels:
        indices = [*(without_single(index, read_map) for index in read_map.channels.kernel_index), *indices]
        own = " for every channel {}" if read_map.channels.taps == 1 else " wherever it joins a channel to itself"
    given = ("c",) if "{}" in own else ()
    others = ", all others being 0" if prod(proof.layer.kernel_shape) > proof.layer.out_channels else ""
    template = f"If {{}}{own}{others}, then {{}} is a permutation matrix."
    return words(template, equals(Sym(KERNEL, tuple(indices)), 1), *given, WEIGHT)


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Wrap, step: Step, proof: Proof) -> Said:
    wrapped = [axis for axis in proof.layer.read_map.axes if axis.mode is not None]
    if not wrapped:
        return (f"{cited(step.cites[0])}: the kernel has one entry, and nothing is padded",)
    f = wrapped[0].letters.padded
    return words(f"{cited(step.cites[0])}: padded position {{}} holds input {{}} modulo the size", f, f)


@reason_parts.register
def _(rule: Reindex, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    puts = [
        equals(variable(axis.letters.input), without_single(there, read_map))
        for axis, there in zip(read_map.axes, step.claim.positions, strict=True)  # type: ignore[attr-defined]
    ]
    said = words(
        f"{cited(step.cites[0])}: put " + ", ".join("{}" for _ in puts) + "",
        *puts,
    )
    order = order_of(read_map.axes)
    return said + (
        words("; no power changes when an exponent is not reduced, since {}", equals(Power(ROOT, order), 1))
        if order > 1
        else ()
    )


@reason_parts.register
def _(rule: Factor, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    out = waves(read_map, [variable(axis.letters.output) for axis in read_map.axes])
    if not out:
        return "what the sum is by ", Reference(EIGENVALUES)
    taken = words("{} is in every term of the sum; what is left of it is ", *out)
    return (*taken, Reference(EIGENVALUES))


@reason_parts.register
def _(rule: Geometric, step: Step, proof: Proof) -> Said:
    axes = proof.layer.read_map.axes
    sizes = [axis.inputs for axis in axes if axis.inputs > 1]
    if not sizes:
        return words("{} is the number {}", "F", 1)
    factor = order_of(axes) // sizes[0]
    gap = Tuple((variable("m") - variable("s"),))
    step_ = Power(ROOT, Juxtapose((factor, gap)) if factor > 1 else variable("m") - variable("s"))
    alike = ", and so for the other size" if len(set(sizes)) > 1 else ""
    return words(
        "equal frequencies: every term is 1; others: {} is not 1, and the sum times {} telescopes to {}" + alike,
        step_, Chain("-", (step_, 1)), 0,
    )  # fmt: skip


@reason_parts.register
def _(rule: Diagonalise, step: Step, proof: Proof) -> Said:
    vectors, inverse = map(cited, step.cites)
    read_map = proof.layer.read_map
    matrix = Sym("V", channel_letters(read_map)) if read_map.shows_channels else WEIGHT
    back = Power("F", -1)
    return words(
        f"by {vectors}, column by column, {{}}; times {{}} from the right, which {inverse} allows",
        equals(Juxtapose((matrix, back)), Juxtapose((back, Call("diag", Sym("λ", channel_letters(read_map)))))), "F",
    )  # fmt: skip


@reason_parts.register
def _(rule: Witness, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}: every output is then one input, and every input is used once",)
