"""W_conv(k) = W_corr(k reversed): convolution and cross-correlation, and when they are equal.

The mathematical convolution reverses the kernel along every axis. So the two layers have the same
weight matrix after a renaming of kernel entries. For one and the same kernel they are equal when it is
symmetric. Whether it must be depends on the configuration, and is decided on the two matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm, prod
from typing import Any, ClassVar, TypeVar

from ..algebra.linear import Entry, Exact, of_line
from ..claims import AnyClaim, Context, Refuted, expect
from ..documents.blocks import Document, Statement, words
from ..documents.common import checked, steps
from ..documents.identities import known
from ..documents.setting import count_of, definition, flattening, key, setting, title
from ..documents.weights import the_rule
from ..documents.wording import DEFINITION, ENTRY_RULE, Said, cited, claim_parts, reason_parts
from ..formula import Chain, Sym, equals
from ..identities import (
    Assemble,
    Equation,
    Known,
    Multiply,
    Substitute,
    Substituted,
    Weights,
    Whole,
    entry_letters,
    labelled_matrix,
    put,
)
from ..matrices import unravel, weight_matrix
from ..proof import Proof, Step, Theorem
from ..readmap import Axis
from ..rules import Follows
from ..steps.identity_checks import whole_entries, whole_sympy
from ..sums import KERNEL, WEIGHT, Index, number, variable

OTHER, REVERSED = "V", "E"
LIMIT = 50_000
"""Non-zeros of W for one pair of channels up to which every one of them is compared with its opposite."""

Key = TypeVar("Key")
Form = dict[int, Fraction]
"""A linear form in the entries of one channel's kernel."""
Combination = dict[tuple[int, int], Fraction]
"""Entries of W - V, (row, column), and how often each is taken."""


@dataclass(frozen=True)
class Reverse(Multiply):
    """Reversing twice is no change: with the reversed kernel, the other layer reads as this one."""


@dataclass(frozen=True)
class SameKernel:
    """For which kernels W and V, of one and the same kernel, are equal: `needed` pairs of entries must agree.

    `witnesses` has for each needed pair (u, reversed u) entries of W - V, (row, column) -> factor, that
    add up to k_u - k_(reversed u). A factor is an integer wherever integers do; where not, the agreement is needed
    over the rings in which `divisor` has an inverse. Where not all pairs are needed, `kernel` is one that is not symmetric
    and gives equal matrices all the same.
    """

    pairs: int
    differing: int  # entries of W - V, for one pair of channels, that are not zero
    witnesses: tuple[tuple[int, tuple[tuple[int, int, Fraction], ...]], ...]
    kernel: tuple[Fraction, ...] | None

    @property
    def divisor(self) -> int:
        """The least common multiple of what the factors are divided by."""
        return lcm(*(factor.denominator for _, entries in self.witnesses for *_, factor in entries))

    @property
    def alike(self) -> bool:
        """Whether every witness is one entry, or its negative."""
        return all(len(entries) == 1 and abs(entries[0][-1]) == 1 for _, entries in self.witnesses)


@dataclass(frozen=True)
class Decide:
    """Symmetric kernels suffice, and which of the agreements are needed: on the entries of W - V themselves."""

    name = "decide"
    follows: ClassVar[Follows] = (("known",), ("known",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, SameKernel):
            raise Refuted("the claim is not about the kernels for which both are equal")
        said = tuple((claim.letter, claim.layer) for claim in context.cited if isinstance(claim, Weights))
        both = (WEIGHT, context.subject), (OTHER, other_layer(context.subject))
        compared = expect(said, both, "the cited steps do not name the two matrices")
        pairs, needed = pairs_of(spatial_shape(context.subject)), [u for u, _ in after.witnesses]
        compared += expect(set(needed) <= set(pairs), True, "a witness is not for the first of a pair")
        compared += expect(len(set(needed)), len(needed), "a pair has two witnesses")
        symmetric = len(needed) == len(pairs)
        return compared + expect(
            after.kernel is None, symmetric, "a kernel that is not symmetric is an example, or not"
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        if not isinstance(after, SameKernel):
            raise Refuted("the claim is not about the kernels for which both are equal")
        layer = context.subject
        shape = spatial_shape(layer)
        forms = dict(differences(context.table(WEIGHT), context.table(OTHER), shape))
        for (row, column), form in forms.items():  # symmetric kernels suffice: every form cancels in pairs
            paired: dict[int, Fraction] = {}
            for u, count in form.items():
                first = min(u, opposite(u, shape))
                paired[first] = paired.get(first, Fraction(0)) + count
            if any(paired.values()):
                raise Refuted("a symmetric kernel does not make this entry of W - V zero", row, column)
        expect(after.differing, len(forms), "another number of entries of W - V is not zero")
        expect(after.pairs, len(pairs_of(shape)), "the kernel has another number of pairs of opposite entries")
        for u, entries in after.witnesses:
            total: Form = {}
            for row, column, factor in entries:
                _add(total, forms.get((row, column), {}), factor)
            expected = {u: Fraction(1), opposite(u, shape): Fraction(-1)}
            expect(total, expected, f"the entries do not add up to k_{u} - k_{opposite(u, shape)}")
        needed = len({u for u, _ in after.witnesses})
        if needed < after.pairs:
            kernel = after.kernel or ()
            expect(len(kernel), prod(shape), "the kernel that is not symmetric has another size")
            asymmetric = any(kernel[u] != kernel[opposite(u, shape)] for u in range(len(kernel)))
            expect(asymmetric, True, "the kernel is symmetric")
            for (row, column), form in forms.items():
                value = sum(factor * kernel[u] for u, factor in form.items())
                if value:
                    raise Refuted("for this kernel W and V differ", row, column, value, 0)
        return len(forms) + needed + 1


def spatial_shape(layer: Any) -> tuple[int, ...]:
    return tuple(axis.taps for axis in layer.definition.read_map.axes)


def opposite(u: int, shape: tuple[int, ...]) -> int:
    """The number of the entry at the reversed position."""
    return prod(shape) - 1 - u


def pairs_of(shape: tuple[int, ...]) -> list[int]:
    """The first of each pair of opposite entries."""
    return list(range(prod(shape) // 2))


def differences(
    ours: tuple[Exact, ...], theirs: tuple[Exact, ...], shape: tuple[int, ...]
) -> Iterator[tuple[tuple[int, int], dict[int, int]]]:
    """The entries of W - V that are not zero, for one pair of channels; all pairs have the same with their own entries."""
    skip = len(ours) - len(shape)
    sides = []
    for tables in (ours[skip:], theirs[skip:]):
        rows: list[dict[int, Entry]] = [{0: {(0,): 1}}]
        for table, size in zip(tables, shape, strict=True):
            rows = [_extended(row, along, table.width, size) for row in rows for along in table.rows]
        sides.append(rows)
    for n, (left, right) in enumerate(zip(*sides, strict=True)):
        for column in sorted({*left, *right}):
            form: dict[int, int] = {}
            for entry, sign in ((left.get(column, {}), 1), (right.get(column, {}), -1)):
                for (u,), count in entry.items():
                    form[u] = form.get(u, 0) + sign * count
            form = {u: value for u, value in form.items() if value}
            if form:
                yield (n, column), form


def _extended(row: dict[int, Entry], along: dict[int, Entry], width: int, size: int) -> dict[int, Entry]:
    return {
        column * width + p: {(u * size + v,): a * b for (u,), a in entry.items() for (v,), b in factor.items()}
        for column, entry in row.items()
        for p, factor in along.items()
    }


def _add(total: dict[Key, Fraction], form: Mapping[Key, Any], factor: Fraction) -> None:
    for u, value in form.items():
        new = total.get(u, Fraction(0)) + factor * value
        if new:
            total[u] = new
        else:
            total.pop(u, None)


def other_layer(layer: Any) -> Any:
    """The same layer with the kernel the other way round."""
    return replace(layer, flip_kernel=not layer.flip_kernel, bias=False)


def refusal(layer: Any) -> str | None:
    """A kernel can be reversed where it lies along axes; whether it must be symmetric is decided entry by entry."""
    from ..layers import Conv

    if not isinstance(layer, Conv):
        return "only a Conv can have its kernel reversed"
    channels = layer.read_map.channels
    entries = layer.read_map.nonzeros // (channels.outputs * channels.taps)
    if entries > LIMIT:
        return f"one pair of channels has {entries:,} non-zero entries in its weight matrix; each is looked at, up to {LIMIT:,}"
    return None


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """W = V with the reversed kernel; then W and V with one kernel."""
    other, lines = other_layer(layer), layer.read_map.lines
    indices = tuple(
        number(line.taps - 1) - variable(line.letters.kernel) if isinstance(line, Axis) else None for line in lines
    )
    tables = [tuple(map(of_line, each.read_map.lines, each.read_map.tables)) for each in (layer, other)]
    reversed_ = tuple(
        table if index is None else put(table, index, line.letters.kernel, line.taps)
        for line, table, index in zip(lines, tables[1], indices, strict=True)
    )
    steps_ = (
        Step(Weights(WEIGHT, layer), Known()),
        Step(Weights(OTHER, other), Known()),
        Step(Substituted(REVERSED, OTHER, indices), Substitute(), (2,)),
        Step(Equation(WEIGHT, REVERSED, *entry_letters(lines)), Reverse(), (1, 3)),
        Step(Whole(WEIGHT, REVERSED), Assemble(), (4,)),
        Step(decided(layer, *tables), Decide(), (1, 2)),
    )
    matrices = {
        WEIGHT: weight_matrix(layer.read_map),
        OTHER: weight_matrix(other.read_map),
        REVERSED: labelled_matrix(reversed_, lines),
    }
    return steps_, matrices


def decided(layer: Any, ours: tuple[Exact, ...], theirs: tuple[Exact, ...]) -> SameKernel:
    """Which agreements between opposite entries W = V needs, by elimination over the integers on the entries of W - V."""
    shape = tuple(axis.taps for axis in layer.read_map.axes)
    pairs, differing = pairs_of(shape), 0
    alone: dict[int, Combination] = {}  # pair -> the first entry that is its difference, or the negative of it
    basis: dict[int, tuple[Form, Combination]] = {}  # pivot, the first of its pairs -> (form, what adds up to it)
    for at, form in differences(ours, theirs, shape):
        differing += 1
        row: Form = {u: Fraction(value) for u, value in form.items() if u < len(pairs)}
        if len(row) == 1 and abs(row[min(row)]) == 1:
            alone.setdefault(min(row), {at: row[min(row)]})
        if len(alone) < len(pairs) and not _complete(basis, pairs):
            _inserted(basis, row, {at: Fraction(1)})
    witnesses = []
    for u in pairs:
        made = alone.get(u) or _combined(basis, u)
        if made is not None:
            witnesses.append((u, tuple((row, column, factor) for (row, column), factor in sorted(made.items()))))
    kernel = None
    free = None if len(alone) == len(pairs) else next((u for u in pairs if u not in basis), None)
    if free is not None:  # solve the equations with this difference 1, and multiply: a kernel that is not symmetric
        values = [Fraction(0)] * prod(shape)
        values[free] = Fraction(1)
        for pivot in sorted(basis, reverse=True):
            row = basis[pivot][0]
            values[pivot] = -sum(row[u] * values[u] for u in row if u != pivot) / row[pivot]
        scale = Fraction(lcm(*(each.denominator for each in values)), gcd(*(each.numerator for each in values)))
        kernel = tuple(each * scale for each in values)
    return SameKernel(len(pairs), differing, tuple(witnesses), kernel)


def _inserted(basis: dict[int, tuple[Form, Combination]], row: Form, made: Combination) -> None:
    """One more row of integers for an echelon form: where two begin with the same pair, Euclid leaves it to one of them."""
    while row:
        pivot = min(row)
        if pivot not in basis:
            basis[pivot] = row, made
            return
        other, parts = basis[pivot]
        if abs(row[pivot]) < abs(other[pivot]):
            basis[pivot], row, made, other, parts = (row, made), other, parts, row, made
        factor = Fraction(-(row[pivot] // other[pivot]))
        _add(row, other, factor)
        _add(made, parts, factor)


def _complete(basis: dict[int, tuple[Form, Combination]], pairs: list[int]) -> bool:
    """Whether no further row can change what follows from them: every difference does, over the integers."""
    return len(basis) == len(pairs) and all(abs(basis[u][0][u]) == 1 for u in pairs)


def _combined(basis: dict[int, tuple[Form, Combination]], u: int) -> Combination | None:
    """What adds up to the difference of a pair alone, with the only factors that do; None where nothing does."""
    rest: Form = {u: Fraction(1)}
    made: Combination = {}
    while rest and min(rest) in basis:
        row, parts = basis[min(rest)]
        factor = rest[min(rest)] / row[min(rest)]
        _add(rest, row, -factor)
        _add(made, parts, factor)
    return None if rest else made


# Words --------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: Reverse, step: Step, proof: Proof) -> Said:
    return (
        f"the window of an output is the same in both layers, its kernel entries in the opposite order, {cited(step.cites[1])}",
    )


@claim_parts.register
def _(claim: SameKernel, proof: Proof) -> Said:
    shape = spatial_shape(proof.layer)
    if not claim.pairs:
        return words("The kernel has one entry in each channel, so {}.", equals(WEIGHT, OTHER))
    same = "For one and the same kernel, {} "
    if claim.kernel is None:
        where = f", over the rings in which {claim.divisor:,} has an inverse" if claim.divisor > 1 else ""
        return words(
            same + f"exactly when the kernel is symmetric: equal to its reversal{where}.", equals(WEIGHT, OTHER)
        )
    channels = proof.layer.read_map.channels.letters
    names = variable(channels.output), variable(channels.kernel)
    symbols = [_entry(proof, u, names) for u in range(prod(shape))]
    if not claim.differing:
        return words(same + "for every kernel.", equals(WEIGHT, OTHER))
    ones = [symbol for symbol, value in zip(symbols, claim.kernel, strict=True) if value]
    values = [value for value in claim.kernel if value]
    example = Chain("and", tuple(equals(symbol, value) for symbol, value in zip(ones, values, strict=True)))
    template = (
        same + "when the kernel is symmetric, but for others too: for instance when {} and all other entries are {}."
    )
    return words(template, equals(WEIGHT, OTHER), example, 0)


@reason_parts.register
def _(rule: Decide, step: Step, proof: Proof) -> Said:
    claim, shape = step.claim, spatial_shape(proof.layer)
    if not isinstance(claim, SameKernel):
        raise AssertionError(f"no words for {claim!r}")
    if not claim.pairs:
        return ("there is nothing to reverse",)
    if not claim.differing:
        return words("every entry of {} is zero, whatever the kernel", Chain("-", (WEIGHT, OTHER)))
    symmetric = "where the kernel is symmetric, the terms of every entry of {} cancel in pairs"
    difference = Chain("-", (WEIGHT, OTHER))
    if not claim.witnesses:
        return words(symmetric, difference)
    u, entries = claim.witnesses[0]
    first, last = (_entry(proof, n, (number(0), number(0))) for n in (u, opposite(u, shape)))
    row, column, factor = entries[0]
    if claim.alike:
        gap = Chain("-", (first, last) if factor == 1 else (last, first))
        shown = words(
            "entry {} of {} is {}, and there is one like it for " + _which(claim),
            Chain(",", (row, column)),
            difference,
            gap,
        )
    else:
        numbers = "an integer" if claim.divisor == 1 else f"a multiple of 1/{claim.divisor:,}"
        shown = words(
            f"entries of {{}}, each times {numbers}, add up to {{}}, and likewise for {_which(claim)}",
            difference, Chain("-", (first, last)),
        )  # fmt: skip
    return (*words(symmetric + "; ", difference), *shown)


def _entry(proof: Proof, u: int, channels: tuple[Index, Index]) -> Sym:
    """The kernel entry of that number along the axes, in those channels where the layer shows any."""
    shown = channels if proof.layer.read_map.shows_channels else ()
    return Sym(KERNEL, (*shown, *map(number, unravel(u, spatial_shape(proof.layer)))))


def _which(claim: SameKernel) -> str:
    found = len(claim.witnesses)
    return (
        "every pair of opposite entries" if found == claim.pairs else f"{found} of the {count_of(claim.pairs, 'pair')}"
    )


def document(proof: Proof) -> Document:
    """The renaming, and when there is none to make."""
    layer = proof.layer
    mine, theirs = ("convolution", "cross-correlation") if layer.flip_kernel else ("cross-correlation", "convolution")
    claim = words(
        "{}: the weight matrix {} of this " + mine + " is that of the " + theirs + " with the reversed kernel, {}.",
        equals(WEIGHT, REVERSED), WEIGHT, REVERSED,
    )  # fmt: skip
    opening = words("Let {} be the weight matrix of the " + theirs + " with the same kernel.", OTHER)
    blocks = (
        *setting(layer),
        *definition(layer),
        *flattening(layer),
        *the_rule(known(layer)),
        Statement(claim),
        steps(proof, opening),
        *checked(proof),
    )
    return Document(title(layer, "and its reversal"), blocks, key(proof))


THEOREM = Theorem(
    name="flip",
    statement="W(k) = V(reversed k): convolution is cross-correlation with the reversed kernel, and when they are equal",
    why=words("Reversing the kernel only renames its entries: both sums have the same terms."),
    refusal=refusal,
    build=build,
    entries=whole_entries,
    sympy=whole_sympy,
    size=lambda layer: layer.definition.read_map.nonzeros,
    document=document,
    starts=("known",),
    ends=("assemble", "decide"),
    others=lambda layer: {OTHER: other_layer(layer)},
    labels=(DEFINITION, ENTRY_RULE),
)
