"""Every way in which a proof of any theorem can be damaged in one place, by name.

A kind is a function (rng, proof) -> the proof with one place broken, or None where it does not apply. `damages` breaks
the chains of sums more finely; these are for all theorems, and a new one is a function with a decorator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from fractions import Fraction
from random import Random
from typing import Any

from damages import others, places

import symconv as sc
from symconv.matrices import LabelledMatrix
from symconv.padding import MODES
from symconv.proof import Proof
from symconv.sums import Span

Kind = Callable[[Random, Proof], Proof | None]
KINDS: dict[str, Kind] = {}


def kind(make: Kind) -> Kind:
    return KINDS.setdefault(make.__name__, make)


# An entry of a matrix -------------------------------------------------------------------------------------


def a_row(change: Callable[[Random, dict[int, Any], int], dict[int, Any] | None]) -> Kind:
    """Register a change of one row of one of the printed matrices: (rng, row, number of columns) -> row."""

    def apply(rng: Random, proof: Proof) -> Proof | None:
        if not proof.matrices:
            return None  # a theorem about sizes alone
        letter = rng.choice(sorted(proof.matrices))
        matrix = proof.matrices[letter]
        rows = [dict(row) for row in matrix.rows]
        for at in rng.sample(range(len(rows)), len(rows)):
            row = change(rng, dict(rows[at]), matrix.shape[1])
            if row is not None and row != rows[at]:
                changed = replace(matrix, rows=(*rows[:at], row, *rows[at + 1 :]))
                return replace(proof, matrices={**proof.matrices, letter: changed})
        return None

    return KINDS.setdefault(change.__name__, apply)


def scaled(entry: Any, rng: Random) -> Any:
    """Twice the entry, or half of it, or its negative where it is a number."""
    if isinstance(entry, tuple):
        return tuple(sorted(entry * 2))
    if isinstance(entry, dict):  # a polynomial
        factor = rng.choice((2, -1))
        return {term: factor * count for term, count in entry.items()}
    return entry * rng.choice((2, -1, Fraction(1, 2)))


@a_row
def entry_moved(rng: Random, row: dict[int, Any], columns: int) -> dict[int, Any] | None:
    free = [column for column in range(columns) if column not in row]
    return {**row, rng.choice(free): row.pop(rng.choice(sorted(row)))} if free and row else None


@a_row
def entry_added(rng: Random, row: dict[int, Any], columns: int) -> dict[int, Any] | None:
    free = [column for column in range(columns) if column not in row]
    return {**row, rng.choice(free): next(iter(row.values()))} if free and row else None


@a_row
def entry_removed(rng: Random, row: dict[int, Any], columns: int) -> dict[int, Any] | None:
    if row:
        row.pop(rng.choice(sorted(row)))
    return row


@a_row
def entry_scaled(rng: Random, row: dict[int, Any], columns: int) -> dict[int, Any] | None:
    if row:
        column = rng.choice(sorted(row))
        row[column] = scaled(row[column], rng)
    return row


@a_row
def entries_exchanged(rng: Random, row: dict[int, Any], columns: int) -> dict[int, Any] | None:
    """Two entries of a row change places."""
    if len(row) < 2:
        return None
    one, other = rng.sample(sorted(row), 2)
    return {**row, one: row[other], other: row[one]}


@kind
def kernel_indices_swapped(rng: Random, proof: Proof) -> Proof | None:
    """k_{u,v} stands as k_{v,u}, or two entries of the kernel stand in each other's places, all over a matrix."""
    named = sorted(letter for letter, matrix in proof.matrices.items() if isinstance(matrix, LabelledMatrix))
    if not named:
        return None
    letter = rng.choice(named)
    matrix = proof.matrices[letter]
    found = sorted({u for row in matrix.rows for entry in row.values() for u in entry})
    if len(found) < 2:
        return None
    one, other = rng.sample(found, 2)
    swap = {one: other, other: one}
    rows = tuple({c: tuple(sorted(swap.get(u, u) for u in entry)) for c, entry in row.items()} for row in matrix.rows)
    if rows == tuple(map(dict, matrix.rows)):
        return None
    return replace(proof, matrices={**proof.matrices, letter: replace(matrix, rows=rows)})


# A parameter of a layer -----------------------------------------------------------------------------------


def neighbours(layer: Any, name: str) -> Iterator[Any]:
    """The layers in which that parameter is one more or one less, along one axis or on one side."""
    value = getattr(layer, name, None)
    pair = (value,) if isinstance(value, int) else value
    if not isinstance(pair, tuple):
        return
    for _, part, put in places(pair):
        if type(part) is int:
            for new in (part + 1, part - 1):
                changed = put(new)
                try:
                    yield replace(layer, **{name: changed[0] if isinstance(value, int) else changed})
                except (sc.SpecError, TypeError):
                    continue


def a_layer(rng: Random, proof: Proof, other: Callable[[Any], list[Any]]) -> Proof | None:
    """The proof's own layer, or one that a step speaks of, exchanged for one of `other`."""
    found = [(proof.layer, lambda new: replace(proof, layer=new))]
    for n, step in enumerate(proof.steps):
        for _, part, put in places(step):
            if isinstance(part, sc.Layer):

                def within(new: Any, n: int = n, put: Any = put) -> Proof:
                    return replace(proof, steps=(*proof.steps[:n], put(new), *proof.steps[n + 1 :]))

                found.append((part, within))
    if hasattr(proof.layer, "layers"):
        whole = proof.layer.layers
        found = [
            (each, lambda new, n=n: replace(proof, layer=stacked((*whole[:n], new, *whole[n + 1 :]))))
            for n, each in enumerate(whole)
        ] + found[1:]
    rng.shuffle(found)
    for layer, put in found:
        several = other(layer)
        if several:
            try:
                return put(rng.choice(several))
            except sc.SpecError:  # it no longer fits on what is before it
                continue
    return None


def stacked(layers: tuple[Any, ...]) -> Any:
    return sc.Sequential(*layers)


def parameter(name: str, *names: str) -> None:
    def apply(rng: Random, proof: Proof) -> Proof | None:
        return a_layer(rng, proof, lambda layer: [each for one in (name, *names) for each in neighbours(layer, one)])

    KINDS[f"{name}_off_by_one"] = apply


for each in ("stride", "dilation", "padding", "groups"):
    parameter(each)
parameter("input_dilation", "output_padding")
parameter("kernel_size", "input_size", "in_channels", "out_channels", "channels", "in_features", "out_features", "size")


@kind
def padding_mode_exchanged(rng: Random, proof: Proof) -> Proof | None:
    def other(layer: Any) -> list[Any]:
        found = []
        for mode in MODES:
            if getattr(layer, "padding_mode", mode) != mode:
                try:
                    found.append(replace(layer, padding_mode=mode))
                except sc.SpecError:
                    continue
        return found

    return a_layer(rng, proof, other)


@kind
def flag_exchanged(rng: Random, proof: Proof) -> Proof | None:
    """A kernel flipped or not, a bias or none, padding counted or not."""

    def other(layer: Any) -> list[Any]:
        flags = [each.name for each in fields(layer) if type(getattr(layer, each.name)) is bool]
        found = []
        for name in flags:
            try:
                found.append(replace(layer, **{name: not getattr(layer, name)}))
            except sc.SpecError:
                continue
        return found

    return a_layer(rng, proof, other)


# A step ---------------------------------------------------------------------------------------------------


def in_step(rng: Random, proof: Proof, name: str, wanted: Callable[[Any], bool] = lambda part: True) -> Proof | None:
    """One place within the claim or the rule of a step, changed a little."""
    for n in rng.sample(range(len(proof.steps)), len(proof.steps)):
        step = proof.steps[n]
        found = [(part, put) for _, part, put in places(getattr(step, name)) if wanted(part)]
        rng.shuffle(found)
        for part, put in found[:20]:
            changes = [new for new in others(rng, part) if new != part or type(new) is not type(part)]
            rng.shuffle(changes)
            for new in changes:
                try:
                    changed = replace(step, **{name: put(new)})
                except (ValueError, TypeError):  # no such value can be made at all
                    continue
                return replace(proof, steps=(*proof.steps[:n], changed, *proof.steps[n + 1 :]))
    return None


@kind
def claim_altered(rng: Random, proof: Proof) -> Proof | None:
    return in_step(rng, proof, "claim")


@kind
def bound_off_by_one(rng: Random, proof: Proof) -> Proof | None:
    """The range of a sum, or of the rows, columns or inner positions of an equation, one longer or shorter."""
    if rng.random() < 0.5:
        return in_step(rng, proof, "claim", lambda part: isinstance(part, range))
    for n in rng.sample(range(len(proof.steps)), len(proof.steps)):
        step = proof.steps[n]
        found = [(part, put) for _, part, put in places(step.claim) if isinstance(part, Span)]
        if found:
            span, put = rng.choice(found)
            one = rng.choice((-1, 1))
            side = rng.choice(({"first": span.first + one}, {"last": span.last + one}))
            changed = replace(step, claim=put(replace(span, **side)))  # type: ignore[arg-type]
            return replace(proof, steps=(*proof.steps[:n], changed, *proof.steps[n + 1 :]))
    return None


@kind
def reason_altered(rng: Random, proof: Proof) -> Proof | None:
    """Something that the rule of a step says, or another step's rule."""
    if rng.random() < 0.5:
        changed = in_step(rng, proof, "rule", lambda part: not isinstance(part, sc.Layer))
        if changed is not None:
            return changed
    one, other = (rng.randrange(len(proof.steps)) for _ in range(2))
    if proof.steps[one].rule == proof.steps[other].rule:
        return None
    changed_step = replace(proof.steps[one], rule=proof.steps[other].rule)
    return replace(proof, steps=(*proof.steps[:one], changed_step, *proof.steps[one + 1 :]))


@kind
def citation_altered(rng: Random, proof: Proof) -> Proof | None:
    """A citation of another step, one too few, or one too many."""
    n = rng.randrange(len(proof.steps))
    step = proof.steps[n]
    wrong = rng.choice([each for each in range(len(proof.steps) + 2) if each not in step.cites])
    at = rng.randrange(len(step.cites) + 1)
    options = [(*step.cites[:at], wrong, *step.cites[at:])]
    if step.cites:
        at = rng.randrange(len(step.cites))
        options += [(*step.cites[:at], wrong, *step.cites[at + 1 :]), (*step.cites[:at], *step.cites[at + 1 :])]
    changed = replace(step, cites=rng.choice(options))
    return replace(proof, steps=(*proof.steps[:n], changed, *proof.steps[n + 1 :]))


@kind
def claims_exchanged(rng: Random, proof: Proof) -> Proof | None:
    one, other = (rng.randrange(len(proof.steps)) for _ in range(2))
    if proof.steps[one].rule == proof.steps[other].rule:
        return None  # two premises may stand in either order
    steps = list(proof.steps)
    steps[one] = replace(steps[one], claim=proof.steps[other].claim)
    steps[other] = replace(steps[other], claim=proof.steps[one].claim)
    return replace(proof, steps=tuple(steps)) if tuple(steps) != proof.steps else None


@kind
def step_left_out(rng: Random, proof: Proof) -> Proof | None:
    at = rng.randrange(len(proof.steps))
    return replace(proof, steps=(*proof.steps[:at], *proof.steps[at + 1 :]))


# A file ---------------------------------------------------------------------------------------------------


def edited(rng: Random, value: Any) -> tuple[str, Any]:
    """A JSON value with one place in it changed, and the place as `symconv check` names it."""
    if isinstance(value, (dict, list)) and value and rng.random() < 0.9:
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        place, new = edited(rng, value[key])
        changed: Any = {**value, key: new} if isinstance(value, dict) else [*value[:key], new, *value[key + 1 :]]
        step = f".{key}" if isinstance(value, dict) else f"[{key}]"
        return step + place, changed
    if isinstance(value, dict):
        key = rng.choice([*value, "more"])
        return "", {**value, "more": 0} if key == "more" else {k: v for k, v in value.items() if k != key}
    if isinstance(value, list):
        at = rng.randrange(len(value) + 1)
        return "", rng.choice(([*value[:at], *value[at + 1 :]] if at < len(value) else value[:-1], [*value, 0]))
    return "", rng.choice(small_edits(rng, value))


def small_edits(rng: Random, value: Any) -> list[Any]:
    """Other numbers, other words, and the same thing as another type."""
    if isinstance(value, bool):
        return [not value, int(value)]
    if isinstance(value, int):
        return [value + 1, value - 1, float(value), str(value), None]
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        return [value[:at] + "x" + value[at:], value[:at] + value[at + 1 :] + " ", value + ".", None, [value]]
    return [0, "", []]
