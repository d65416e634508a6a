"""Proofs of random layers, and every way in which the tests break one of them in one place.

A damage is a function (rng, proof) -> the proof with one place broken, or None where it does not
apply. A new one is a function with a decorator, and the tests take it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from itertools import cycle, product
from random import Random
from typing import Any

import symconv as sc
from symconv.catalogue import theorem_named
from symconv.catalogue.im2col import Collect, Gather
from symconv.claims import Claim, RowClaim
from symconv.matrices import LabelledMatrix, NumberMatrix
from symconv.node import Node
from symconv.padding import MODES
from symconv.proof import Proof
from symconv.readmap import ReadMap
from symconv.rules import Entry, Reindex
from symconv.sums import KERNEL, Factor, Fibre, Index, Span, Sum, leading, number, variable

Damage = Callable[[Random, Proof], Proof | None]
Cells = dict[Any, Any]  # a stored row: column -> what the cell holds

THEOREMS = ("weight_matrix", "im2col")  # the chains of sums; the other theorems have damages of their own kind
DAMAGES: dict[str, Damage] = {}
LETTERS = tuple("ijpqrtuvwefkxWVSCz")
TO_ENTRIES = {"rows_exchanged", "inverse_route_wrong"}  # what an output, an input and two values describe


# Proofs to damage ---------------------------------------------------------------------------------


def built(layer: Any, theorem: str = "weight_matrix", level: str = "axes") -> Proof:
    """A proof that nothing has checked yet; `sc.prove` would refuse to return a damaged one."""
    chosen = theorem_named(theorem)
    return Proof(chosen, layer, *chosen.build(layer), level)


def random_layer(rng: Random, mode: str) -> Any:
    """A small layer with that padding mode: rank 1 to 3, every parameter at random."""
    if rng.random() < 0.05:
        return sc.Linear(rng.randint(1, 4), rng.randint(1, 4), rng.random() < 0.5)
    while True:
        rank, groups = rng.choice((1, 1, 1, 2, 2, 3)), rng.choice((1, 1, 2))

        def each(*values: int, rank: int = rank) -> tuple[int, ...]:
            return tuple(rng.choice(values) for _ in range(rank))

        try:
            return sc.Conv(
                input_size=each(*range(1, 6 if rank < 3 else 4)), kernel_size=each(1, 2, 3), groups=groups,
                in_channels=groups * rng.choice((1, 1, 2)), out_channels=groups * rng.choice((1, 1, 2)),
                stride=each(1, 1, 2, 3), padding=tuple(zip(each(-1, 0, 1, 1, 2), each(-1, 0, 1, 1, 2), strict=True)),
                dilation=each(1, 1, 2), input_dilation=each(1, 1, 1, 2), padding_mode=mode,
                bias=rng.random() < 0.5, flip_kernel=rng.random() < 0.4,
            )  # fmt: skip
        except sc.SpecError:
            continue  # this kernel or padding does not fit this input


def random_known(rng: Random) -> Any:
    """A small layer without a kernel, of every kind; or a transposed convolution with a single kernel entry."""
    while True:
        rank = rng.choice((1, 1, 2, 3))

        def each(*values: Any, rank: int = rank) -> tuple[Any, ...]:
            return tuple(rng.choice(values) for _ in range(rank))

        size, channels, kind = each(1, 2, 3, 4, 5)[:rank], rng.choice((1, 1, 2)), rng.randrange(6)
        try:
            if kind < 2:
                kernel = each(1, 2, 3)
                padding = tuple((rng.randint(0, k // 2), rng.randint(0, k // 2)) for k in kernel)
                return sc.AvgPool(
                    size, kernel, channels, rng.choice((None, each(1, 2, 3))), padding, rng.random() < 0.5,
                    rng.random() < 0.4, rng.choice((None, None, None, 1, 3, -2)),
                )  # fmt: skip
            if kind < 4:
                mode = rng.choice(("nearest", "nearest", "nearest-exact", "bilinear", "bilinear"))
                scale = {"size": each(1, 2, 3, 5)} if rng.random() < 0.5 else {"scale_factor": each(1, 2, 2, 3, "3/2")}
                return sc.Upsample(
                    size, channels, mode="linear" if mode == "bilinear" and rank == 1 else mode,
                    align_corners=mode == "bilinear" and rng.random() < 0.4, **scale,
                )  # fmt: skip
            if kind < 5:
                return sc.PixelShuffle(each(1, 2)[:2], rng.randint(1, 2 if rank > 1 else 3), channels)
            return sc.ConvTranspose(
                size,
                1,
                channels,
                channels,
                each(1, 2, 3),
                tuple((rng.randint(-1, 1), 0) for _ in size),
                groups=channels,
            )
        except sc.SpecError:
            continue


def neighbour(rng: Random, layer: Any) -> Any:
    """A layer that differs in one parameter, by one; None where that is no layer."""
    if not isinstance(layer, sc.Conv):
        _, value, put = rng.choice(list(places({f.name: getattr(layer, f.name) for f in fields(layer)})))
        try:
            return replace(layer, **put(rng.choice(others(rng, value) or [value])))
        except (sc.SpecError, TypeError):
            return None
    sizes = ("stride", "stride", "dilation", "input_dilation", "input_size", "kernel_size", "padding")
    name, one = rng.choice((*sizes, "padding_mode", "flip_kernel")), rng.choice((-1, 1))
    value = getattr(layer, name)
    if name == "padding_mode":
        value = rng.choice([mode for mode in MODES if mode != value])
    elif name == "flip_kernel":
        value = not value
    else:
        at = rng.randrange(len(value))
        old = value[at]
        new = old + one if name != "padding" else rng.choice(((old[0] + one, old[1]), (old[0], old[1] + one)))
        value = (*value[:at], new, *value[at + 1 :])
    try:
        return replace(layer, **{name: value})
    except sc.SpecError:
        return None


def damaged_proofs(rng: Random, damages: dict[str, Damage], wanted: int) -> Iterator[tuple[str, str, Proof, Proof]]:
    """Each damage in turn to a proof of each padding mode in turn: kind, mode, proof, damaged proof."""
    done = 0
    for mode, kind in cycle([(mode, kind) for mode in MODES for kind in damages]):
        for _ in range(30):  # until it applies: without padding there are no fibres
            proof = built(random_layer(rng, mode), rng.choice(THEOREMS))
            damaged = damages[kind](rng, proof)
            if damaged is not None:
                yield kind, mode, proof, damaged
                done += 1
                break
        if done >= wanted:
            return


# Breaking one place -------------------------------------------------------------------------------


def sites(node: Any, kind: type) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    """Every part of that type inside steps, claims and rules, with the function that replaces it."""
    if isinstance(node, kind):
        yield node, lambda new: new
    if isinstance(node, tuple):
        for n, child in enumerate(node):
            for found, put in sites(child, kind):
                yield found, lambda new, n=n, put=put: (*node[:n], put(new), *node[n + 1 :])  # type: ignore[misc]
    elif is_dataclass(node) and not isinstance(node, (Index, LabelledMatrix, type)):
        for name in (each.name for each in fields(node)):
            for found, put in sites(getattr(node, name), kind):
                yield found, lambda new, name=name, put=put: replace(node, **{name: put(new)})  # type: ignore[misc]


Place = tuple[tuple[str, ...], Any, Callable[[Any], Any]]


def places(node: Any, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """Everything within a value: the fields that lead to it, what stands there, and how to put another there."""
    yield path, node, lambda new: new
    for name, child, put in children(node):
        for inner, part, within in places(child, (*path, name)):
            yield inner, part, lambda new, put=put, within=within: put(within(new))  # type: ignore[misc]


def children(node: Any) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """What a value is made of. An index expression and a layer are taken whole; stored rows become plain ones."""
    if isinstance(node, (Index, sc.Layer, type)):
        return
    if isinstance(node, tuple) and hasattr(node, "_fields"):
        for name in node._fields:
            yield name, getattr(node, name), lambda new, name=name: node._replace(**{name: new})  # type: ignore[misc]
    elif isinstance(node, tuple):
        for n, child in enumerate(node):
            yield "*", child, lambda new, n=n: (*node[:n], new, *node[n + 1 :])  # type: ignore[misc]
    elif isinstance(node, dict):
        for key, child in node.items():
            name = key if isinstance(key, str) else "*"
            yield name, child, lambda new, key=key: {**node, key: new}  # type: ignore[misc]
    elif isinstance(node, Node):
        for name in node.__match_args__:
            kept = {each: getattr(node, each) for each in node.__match_args__}
            yield name, kept[name], lambda new, name=name, kept=kept: type(node)(**{**kept, name: new})  # type: ignore[misc]
    elif is_dataclass(node):
        for name in (each.name for each in fields(node)):
            child = getattr(node, name)
            if isinstance(node, (LabelledMatrix, NumberMatrix)) and name == "rows":
                child = tuple(map(dict, child))
            yield name, child, lambda new, name=name: replace(node, **{name: new})  # type: ignore[misc, type-var]


def others(rng: Random, part: Any) -> list[Any]:
    """Small changes of a value: one more or less, another letter, an item lost, doubled or in another place."""
    match part:
        case bool():
            return [not part]
        case int() | Fraction():
            return [part + 1, part - 1]
        case str():
            return [rng.choice([each for each in LETTERS if each != part])]
        case range():
            return [
                range(part.start, part.stop + part.step, part.step),
                range(part.start + 1, part.stop + 1, part.step),
            ]
        case Index():
            terms, names = dict(part.terms), [name for name, _ in part.terms]
            renamed = [part.substitute(rng.choice(names), variable(rng.choice(LETTERS)))] if names else []
            name = rng.choice(names or LETTERS)
            steeper = Index.make({**terms, name: terms.get(name, 0) + 1}, part.constant, part.divisor)
            return [part + 1, steeper, *renamed]
        case sc.Layer():
            return [other for _ in range(4) if (other := neighbour(rng, part)) is not None]
        case tuple() if not hasattr(part, "_fields"):
            at, to = (rng.randrange(len(part)), rng.randrange(len(part))) if part else (0, 0)
            swapped = list(part)
            if part:
                swapped[at], swapped[to] = swapped[to], swapped[at]
            return [(*part[:at], *part[at + 1 :]), (*part[: at + 1], *part[at:]), tuple(swapped)]
        case dict() if part:
            key = rng.choice(list(part))
            lost = {each: value for each, value in part.items() if each != key}
            free = key + 1 if isinstance(key, int) else f"{key}2" if isinstance(key, str) else None
            return [lost, *([{**part, free: part[key]}] if free is not None and free not in part else [])]
        case None:
            return [(), number(0)]
    return []


def small_changes(rng: Random, proof: Proof) -> Iterator[tuple[tuple[str, ...], Proof]]:
    """For every kind of place within a proof, a place of that kind in turn, and every small change there."""
    kinds: dict[tuple[str, ...], list[Place]] = {}
    for n, step in enumerate(proof.steps):
        for path, part, put in places(step):
            there = (type(step.claim).__name__, type(step.rule).__name__, *path)
            kinds.setdefault(there, []).append(
                (path, part, lambda new, n=n, put=put: (*proof.steps[:n], put(new), *proof.steps[n + 1 :]))  # type: ignore[misc]
            )
    for path, part, put in places(proof.matrices):
        kinds.setdefault(("matrices", *path), []).append((path, part, put))
    kinds["layer",] = [((), proof.layer, lambda new: new)]
    for kind, found in kinds.items():
        _, part, put = rng.choice(found)
        for new in others(rng, part):
            if new == part and type(new) is type(part):
                continue
            name = kind[0] if kind[0] in ("matrices", "layer") else "steps"
            try:
                yield kind, replace(proof, **{name: put(new)})
            except (ValueError, TypeError):  # no such value can be made at all
                continue


def first_change(rng: Random, places: Iterable[tuple[Any, Callable[[Any], Any]]], change: Callable[[Any], Any]) -> Any:
    """Apply a change in a random place where it changes something."""
    found = list(places)
    rng.shuffle(found)
    for part, put in found:
        new = change(part)
        if new is not None and new != part:
            return put(new)
    return None


def with_step(proof: Proof, at: int, **changes: Any) -> Proof:
    """The proof with step number `at` changed."""
    return replace(proof, steps=(*proof.steps[: at - 1], replace(proof.steps[at - 1], **changes), *proof.steps[at:]))


def with_matrix(proof: Proof, name: str, **changes: Any) -> Proof:
    """The proof with one of its flattened matrices changed, and every entry to be checked."""
    return replace(proof, matrices={**proof.matrices, name: replace(proof.matrices[name], **changes)}, level="entries")


def damage(make: Damage) -> Damage:
    """Register a damage to a whole proof."""
    return DAMAGES.setdefault(make.__name__, make)


def damage_to(kind: type) -> Callable[[Callable[[Random, Any, list[str]], Any]], Damage]:
    """Register a change of one part of that type, in any step: (rng, part, letters of the proof) -> part."""

    def register(change: Callable[[Random, Any, list[str]], Any]) -> Damage:
        def apply(rng: Random, proof: Proof) -> Proof | None:
            each = [line.letters for line in proof.layer.read_map.lines]
            names = sorted({name for at in each for name in (at.output, at.kernel, at.padded, at.input)})
            steps = first_change(rng, sites(proof.steps, kind), lambda part: change(rng, part, names))
            return steps and replace(proof, steps=steps)

        return DAMAGES.setdefault(change.__name__, apply)

    return register


def damage_to_rows(change: Callable[[Random, Cells], Cells | None]) -> Damage:
    """Register a change of one stored row of W or C: in the table of a step, or in the flattened matrix."""

    def apply(rng: Random, proof: Proof) -> Proof | None:
        if rng.random() < 0.5:
            steps = first_change(rng, sites(proof.steps, dict), lambda row: change(rng, dict(row)))
            return steps and replace(proof, steps=steps)
        name = rng.choice(sorted(proof.matrices))
        rows = tuple(map(dict, proof.matrices[name].rows))
        rows = first_change(rng, sites(rows, dict), lambda row: change(rng, dict(row)))
        return rows and with_matrix(proof, name, rows=rows)

    TO_ENTRIES.add(change.__name__)
    return DAMAGES.setdefault(change.__name__, apply)


# Index maps, ranges and terms ---------------------------------------------------------------------


@damage_to(Index)
def index_map_shifted(rng: Random, index: Index, names: list[str]) -> Index:
    """2*i + u - 1 becomes 2*i + u."""
    return Index.make(dict(index.terms), index.constant + rng.choice((-2, -1, 1, 2)), index.divisor)


@damage_to(Index)
def stride_off_by_one(rng: Random, index: Index, names: list[str]) -> Index:
    """2*i + u - 1 becomes 3*i + u - 1; or the dilation is, or the number of a row or column."""
    name = rng.choice([name for name, _ in index.terms] or names)
    terms = {**dict(index.terms), name: index.coefficient(name) + rng.choice((-1, 1))}
    return Index.make(terms, index.constant, index.divisor)


@damage_to(Index)
def divisor_off_by_one(rng: Random, index: Index, names: list[str]) -> Index:
    """(f + 1 - i)/2 becomes (f + 1 - i)/3."""
    return Index.make(dict(index.terms), index.constant, index.divisor + 1)


@damage_to(Index)
def letter_exchanged(rng: Random, index: Index, names: list[str]) -> Index:
    """2*i + u - 1 becomes 2*i + v - 1, or loses the term."""
    name = rng.choice([name for name, _ in index.terms] or names)
    return index.substitute(name, rng.choice((number(0), variable(rng.choice(names)))))


@damage_to(Span)
def range_changed(rng: Random, span: Span, names: list[str]) -> Span:
    """A term is dropped or added at either end, or every other one dropped; or the letter is another."""
    first, last = span.first + rng.choice((-1, 1)), span.last + rng.choice((-1, 1))
    one = rng.choice(({"first": first}, {"last": last}, {"step": span.step + 1}, {"name": rng.choice(names)}))
    return replace(span, **one)


@damage_to(Fibre)
def fibre_over_another_input(rng: Random, fibre: Fibre, names: list[str]) -> Fibre:
    """The positions that hold q, in place of those that hold p."""
    return replace(fibre, onto=rng.choice(names))


@damage_to(Factor)
def factor_changed(rng: Random, factor: Factor, names: list[str]) -> Factor:
    """Another letter, an index dropped, or the indices in the wrong order."""
    indices = rng.choice((factor.indices[1:], factor.indices[::-1]))
    return replace(factor, **rng.choice(({"letter": rng.choice("kxzWC")}, {"indices": indices})))


@damage_to(Sum)
def sum_changed(rng: Random, axis: Sum, names: list[str]) -> Sum:
    """A factor or a summation is dropped or doubled, or the factors are in the wrong order."""
    at = rng.randrange(len(axis.factors))
    factors = (axis.factors[:at] + axis.factors[at + 1 :], axis.factors + axis.factors[at:], axis.factors[::-1])
    spans = rng.choice((axis.spans[:-1], axis.spans * 2))
    return replace(axis, **rng.choice(({"factors": rng.choice(factors)}, {"spans": spans})))


@damage_to(Claim)
def kernel_indices_swapped(rng: Random, claim: Claim, names: list[str]) -> Claim | None:
    """k_{c,a,u,v} becomes k_{c,a,v,u}: two indices of one axis, or of two."""
    indices = list(leading(claim.sums, KERNEL))
    if len(indices) < 2:
        return None
    one, other = rng.sample(range(len(indices)), 2)
    indices[one], indices[other] = indices[other], indices[one]
    left = iter(indices)

    def renewed(factor: Factor) -> Factor:
        return replace(factor, indices=tuple(next(left) for _ in factor.indices)) if factor.letter == KERNEL else factor

    return replace(claim, sums=tuple(replace(axis, factors=tuple(map(renewed, axis.factors))) for axis in claim.sums))


@damage_to(Claim)
def axes_changed(rng: Random, claim: Claim, names: list[str]) -> Claim:
    """The sums of the axes are in the wrong order, or the last one is lost."""
    return replace(claim, sums=rng.choice((claim.sums[::-1], claim.sums[:-1])))


@damage_to(RowClaim)
def row_and_column_exchanged(rng: Random, claim: RowClaim, names: list[str]) -> RowClaim:
    """The number of the row is that of the column, and the other way round."""
    return replace(claim, row=claim.column, column=claim.row)


@damage_to(bool)
def bias_lost_or_added(rng: Random, bias: bool, names: list[str]) -> bool:
    """One step has a bias where the others have none."""
    return not bias


# Entries of W and C -------------------------------------------------------------------------------


def free_cells(row: Cells) -> list[Any]:
    """The empty cells between the stored ones; those of C along one line are (kernel entry, output)."""
    if not row or isinstance(next(iter(row)), int):
        return [cell for cell in range(max(row, default=-1) + 1) if cell not in row]
    return [cell for cell in product(*(range(max(axis) + 1) for axis in zip(*row, strict=True))) if cell not in row]


@damage_to_rows
def entry_changed(rng: Random, row: Cells) -> Cells | None:
    """Another kernel entry in W, another input in C: its number is off by one."""
    if not row:
        return None
    cell, one = rng.choice(list(row)), rng.choice((-1, 1))
    held = row[cell]
    if isinstance(held, int):
        return {**row, cell: held + one}
    at = rng.randrange(len(held))
    return {**row, cell: tuple(sorted((*held[:at], held[at] + one, *held[at + 1 :])))}


@damage_to_rows
def entry_moved(rng: Random, row: Cells) -> Cells | None:
    """A cell goes to an empty place of its row."""
    free = free_cells(row)
    return {**row, rng.choice(free): row.pop(rng.choice(list(row)))} if free else None


@damage_to_rows
def entry_dropped(rng: Random, row: Cells) -> Cells | None:
    """A cell is lost, or one of several kernel entries that add up in it."""
    if not row:
        return None
    cell = rng.choice(list(row))
    held = row.pop(cell)
    return {**row, cell: held[1:]} if isinstance(held, tuple) and len(held) > 1 else row


@damage_to_rows
def entry_added(rng: Random, row: Cells) -> Cells | None:
    """Something stands where there is zero."""
    free = free_cells(row)
    return {**row, rng.choice(free): next(iter(row.values()))} if free else None


@damage
def rows_exchanged(rng: Random, proof: Proof) -> Proof | None:
    """Two rows of the flattened matrix change places."""
    name = rng.choice(sorted(proof.matrices))
    rows = list(proof.matrices[name].rows)
    one, other = rng.randrange(len(rows)), rng.randrange(len(rows))
    rows[one], rows[other] = rows[other], rows[one]
    return with_matrix(proof, name, rows=rows) if one != other else None


# Steps and citations ------------------------------------------------------------------------------


@damage
def later_step_cited(rng: Random, proof: Proof) -> Proof:
    """A step leans on itself, on a later one, or on one that does not exist."""
    at = rng.randint(1, len(proof.steps))
    return with_step(proof, at, cites=(rng.randint(at, len(proof.steps) + 1), *proof.steps[at - 1].cites[1:]))


@damage
def no_step_cited(rng: Random, proof: Proof) -> Proof:
    """A step follows from nothing."""
    return with_step(proof, rng.randint(2, len(proof.steps)), cites=())


@damage
def step_left_out(rng: Random, proof: Proof) -> Proof:
    """The citations stay, or what cited the lost step now cites nothing, or what the lost step cited."""
    out = rng.randint(1, len(proof.steps) - 1)
    instead = rng.choice((None, (), proof.steps[out - 1].cites))

    def renumbered(cites: tuple[int, ...]) -> tuple[int, ...]:
        if instead is None:
            return cites
        return tuple(new - (new > out) for cite in cites for new in (instead if cite == out else (cite,)))

    kept = (step for at, step in enumerate(proof.steps, 1) if at != out)
    return replace(proof, steps=tuple(replace(step, cites=renumbered(step.cites)) for step in kept))


@damage
def steps_out_of_order(rng: Random, proof: Proof) -> Proof:
    """Two neighbouring steps change places."""
    at = rng.randint(2, len(proof.steps))
    return replace(proof, steps=(*proof.steps[: at - 2], *proof.steps[at - 2 : at][::-1], *proof.steps[at:]))


@damage
def rule_of_another_step(rng: Random, proof: Proof) -> Proof:
    """The claim is right and the reason given for it is not."""
    one, other = rng.sample(range(1, len(proof.steps) + 1), 2)
    return with_step(proof, one, rule=proof.steps[other - 1].rule)


@damage
def claim_of_another_step(rng: Random, proof: Proof) -> Proof | None:
    """The reason given is right and the claim is that of another step."""
    one, other = rng.sample(proof.steps, 2)
    at = proof.steps.index(one) + 1
    return with_step(proof, at, claim=other.claim) if one.claim != other.claim else None


@damage
def labels_exchanged(rng: Random, proof: Proof) -> Proof | None:
    """The rows of the flattened matrix are labelled by what its columns are, and the other way round."""
    name = rng.choice(sorted(proof.matrices))
    matrix = proof.matrices[name]
    if matrix.row_shape == matrix.column_shape:
        return None
    return with_matrix(proof, name, row_shape=matrix.column_shape, column_shape=matrix.row_shape)


@damage
def labels_of_entries_wrong(rng: Random, proof: Proof) -> Proof:
    """The entries of a flattened matrix are numbered along other axes."""
    name = rng.choice(sorted(proof.matrices))
    return with_matrix(proof, name, kernel_shape=(*proof.matrices[name].kernel_shape, 1))


@damage
def last_step_left_out(rng: Random, proof: Proof) -> Proof:
    """The step that states the theorem is missing."""
    return replace(proof, steps=proof.steps[:-1])


@damage
def steps_of_another_theorem(rng: Random, proof: Proof) -> Proof:
    """The steps of one theorem as a proof of the other."""
    other = next(name for name in THEOREMS if name != proof.theorem.name)
    return replace(proof, steps=built(proof.layer, other).steps)


@damage
def further_citation_wrong(rng: Random, proof: Proof) -> Proof:
    """The last step cites the right step first, and then a wrong one."""
    return with_step(proof, len(proof.steps), cites=(proof.steps[-1].cites[0], 1))


@damage
def empty_cell_stored(rng: Random, proof: Proof) -> Proof | None:
    """A stored cell with no kernel entry in it would count as a non-zero."""
    for row, put in sites(proof.steps, dict):
        if free_cells(row) and isinstance(next(iter(row)), int):
            return replace(proof, steps=put({**row, free_cells(row)[0]: ()}))
    return None


@damage
def cell_too_many_in_gather(rng: Random, proof: Proof) -> Proof | None:
    """C has a cell outside of it."""
    rule = proof.steps[1].rule
    if not isinstance(rule, Gather):
        return None
    return with_step(proof, 2, rule=Gather(({**rule.tables[0], (99, 99): 0}, *rule.tables[1:])))


@damage
def row_too_many_in_collect(rng: Random, proof: Proof) -> Proof | None:
    """W has a row that no output has."""
    rule = proof.steps[-1].rule
    if not isinstance(rule, Collect):
        return None
    return with_step(proof, 4, rule=Collect(((*rule.weights[0], {0: (0,)}), *rule.weights[1:])))


def changed_c(proof: Proof, change: Callable[[Cells], Cells]) -> Proof | None:
    """Every row of the flattened C changed; None where there is no C or nothing in it."""
    matrix = proof.matrices.get("C")
    if matrix is None or not any(matrix.rows):
        return None
    return with_matrix(proof, "C", rows=[change(dict(row)) for row in matrix.rows])


@damage
def two_inputs_in_a_cell_of_c(rng: Random, proof: Proof) -> Proof | None:
    """A cell of C holds the same input twice."""
    return changed_c(proof, lambda row: {at: held * 2 for at, held in row.items()})


@damage
def column_too_many_in_c(rng: Random, proof: Proof) -> Proof | None:
    """C stores something in a column that no output has."""
    return changed_c(proof, lambda row: {**row, 10_000: (0,)})


def other_step(rng: Random, proof: Proof, part: str, rules: tuple[type, ...] = (object,)) -> Proof | None:
    """A step's claim or rule replaced by that of a layer where the stride, the padding, the mode ... is off by one."""
    other = neighbour(rng, proof.layer)
    theirs = built(other, proof.theorem.name).steps if other else ()
    together = zip(proof.steps, theirs, strict=False)
    pairs = [(at, getattr(ours, part), getattr(new, part)) for at, (ours, new) in enumerate(together, 1)]
    differ = [(at, new) for at, ours, new in pairs if ours != new and isinstance(ours, rules)]
    at, new = rng.choice(differ) if differ else (0, None)
    return with_step(proof, at, **{part: new}) if at else None


@damage
def claim_of_another_layer(rng: Random, proof: Proof) -> Proof | None:
    """What a step says for a layer that is off by one."""
    return other_step(rng, proof, "claim")


@damage
def rule_of_another_layer(rng: Random, proof: Proof) -> Proof | None:
    """The tables or the index map that a step has for a layer that is off by one."""
    return other_step(rng, proof, "rule", (Reindex, Entry))


@damage
def proof_for_another_layer(rng: Random, proof: Proof) -> Proof | None:
    """Every step is right, for another layer."""
    other = neighbour(rng, proof.layer)
    return None if other is None else replace(proof, layer=other, level="entries")


@damage
def inverse_route_wrong(rng: Random, proof: Proof) -> Proof | None:
    """The code that W comes from is wrong: where the copies of an input lie on one axis."""
    read_map: ReadMap = proof.layer.read_map
    at, off = rng.randrange(max(len(read_map.axes), 1)), rng.choice((-1, 1, None))

    def wrong(q: int, length: int, low: int, high: int) -> list[int]:
        right = sorted(read_map.axes[at].rule.copies(q, length, low, high))
        return right[:-1] if off is None else [t + off for t in right]

    axes, layer = list(read_map.axes), replace(proof.layer)
    if not axes:
        return None
    axes[at] = replace(axes[at], rule=replace(axes[at].rule, copies=wrong))
    layer.__dict__["read_map"] = replace(read_map, axes=tuple(axes))
    return built(layer, proof.theorem.name)
