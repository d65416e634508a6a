"""Proofs of fast schemes with a number, an index, a step or the whole scheme changed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from damages import built
from test_catalogue import as_true, some_damages

import symconv as sc
from symconv.algebra.schemes import Scheme
from symconv.proof import Proof

BROKEN = [
    (sc.Conv((9,), 3, padding=1), "winograd", {"tile": 2, "points": (0, 1, Fraction(-1, 2))}),
    (sc.Conv((5, 6), (3, 2), 2, 2, padding=1, padding_mode="circular"), "winograd", {"tile": (2, 3)}),
    (sc.Conv((9,), 3, padding=1), "fft_linear", {"method": "karatsuba"}),
    (sc.Conv((4, 7), (2, 4), flip_kernel=True), "fft_linear", {"method": "toom-3"}),
]


@pytest.mark.parametrize(("layer", "theorem", "asked"), BROKEN, ids=["1-d", "2-d", "karatsuba", "toom-3"])
def test_a_damaged_proof_is_refused(layer: sc.Layer, theorem: str, asked: dict[str, Any]) -> None:
    """A number, an index, a citation or a step changed anywhere."""
    rng = Random(4)
    proof = replace(sc.prove(layer, theorem, "axes", **asked))
    assert proof.check().ok
    caught = 0
    for _ in range(2):
        for path, damaged in some_damages(rng, proof):
            refused = not damaged.check().ok
            assert refused or as_true(path, proof, damaged), path
            caught += refused
    assert caught > 80


def changed(proof: Proof, **tables: Any) -> Proof:
    """The same change to a scheme in every step and in the printed matrices, so that only the mathematics is wrong."""

    def renewed(claim: Any) -> Any:
        names = {name: value for name, value in tables.items() if hasattr(claim, name)}
        new = {name: replace(claim.scheme, **tables) for name in ("scheme",) if hasattr(claim, name)}
        if hasattr(claim, "schemes"):
            new["schemes"] = tuple(replace(f, **tables) for f in claim.schemes)
        return replace(claim, **names, **new)

    return replace(proof, steps=tuple(replace(step, claim=renewed(step.claim)) for step in proof.steps))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("basis", "step 5, output 1, input 3: values: polynomial 1 of the basis has another value at point 3"),
        ("factors", "step 5, output 0, input 0: values: polynomial 0 of the basis has another value at point 0"),
        ("points", "step 3, output point 3, input 1: values: 3 to the power 1 is another"),
    ],
)
def test_a_scheme_that_is_wrong_throughout_is_refused_where_it_is_wrong(name: str, what: str) -> None:
    proof = built(sc.Conv((6,), 3), "winograd")
    f: Scheme = proof.steps[-1].claim.schemes[0]  # type: ignore[attr-defined]
    wrong: dict[str, Any] = {
        "basis": (f.basis[0], tuple(map(Fraction, (0, 1, 1, 1, 1, 0)))[: f.size], *f.basis[2:]),
        "factors": (f.factors[0] + 1, *f.factors[1:]),
        "points": (*f.points[:3], 3, *f.points[4:]),
    }
    report = changed(proof, **{name: wrong[name]}).check()
    assert what.split(": ", 1)[1].split(" at ")[0] in str(report)
    assert what.split(",")[0] in str(report)
