"""The output size: PyTorch counts the same, every relationship has its number, and a wrong move is caught."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lanes import many
from test_documents import assert_clean, compile_log
from test_transposed import configurations

import symconv as sc
from symconv.catalogue import theorem_named
from symconv.catalogue.output_size import GENERAL, applying, build, counted
from symconv.proof import Proof
from symconv.sizes import ByOne, Calculate, Certificate, Num, Put, TakeOut, Vanish, Var, floor, normal, value
from symconv.steps.counting import Case, Count, Derive, Fits, General, Numbers, Sign, derivation_holds
from symconv.steps.guide import RELATIONSHIPS, TRANSPOSED, Link, N, S


def layers(seed: int, count: int) -> list[Any]:
    """Convolutions of rank 1 to 3 with every parameter at random."""
    rng, found = Random(seed), []
    modes = ("zeros", "reflect", "symmetric", "replicate", "circular")
    while len(found) < count:
        rank, groups = rng.choice((1, 1, 2, 3)), rng.choice((1, 1, 2))

        def each(*values: int, rank: int = rank) -> tuple[int, ...]:
            return tuple(rng.choice(values) for _ in range(rank))

        try:
            found.append(
                sc.Conv(
                    each(*range(1, 7 if rank < 3 else 4)), each(1, 2, 3, 4), groups * rng.choice((1, 2)),
                    groups * rng.choice((1, 2)), each(1, 1, 2, 3),
                    tuple(zip(each(-1, 0, 1, 2), each(-1, 0, 1, 2), strict=True)), each(1, 1, 2, 3), groups,
                    rng.random() < 0.3, rng.choice(modes), rng.random() < 0.4, each(1, 1, 1, 2),
                )
            )  # fmt: skip
        except sc.SpecError:
            continue
    return found


def damaged(layer: Any, at: int, **changes: Any) -> Proof:
    steps, matrices = build(layer)
    steps = (*steps[: at - 1], replace(steps[at - 1], **changes), *steps[at:])
    return Proof(theorem_named("output_size"), layer, steps, matrices)


def test_it_is_proved_for_every_configuration() -> None:
    for layer in [
        *layers(1, many(160, 30)),
        *(sc.ConvTranspose(**config) for config in configurations(5, many(60, 15))),
        sc.AvgPool((7, 6), (3, 2), padding=(1, 0)),
    ]:
        text = str(sc.prove(layer, "output_size", check="entries"))
        assert max(map(len, text.splitlines())) <= 80
        said = [int(size) for size in re.findall(r"o\s+=\s+(\d+)\.", text.split("Proof.")[1])]
        assert set(said) == set(layer.output_shape[1:]), layer


def test_the_formula_counts_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    rng, done = Random(3), 0
    while done < 200:
        n, k, s, d, p = (rng.randint(*ends) for ends in ((1, 12), (1, 5), (1, 4), (1, 3), (0, 4)))
        sizes = {"N": n, "low": p, "high": p, "k": k, "d": d, "s": s}
        if n + 2 * p < d * (k - 1) + 1:
            continue
        found = torch.nn.functional.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), None, s, p, d)
        assert value(GENERAL, sizes) == found.shape[-1]
        done += 1


def test_every_relationship_is_derived_and_counted() -> None:
    assert [each.number for each in RELATIONSHIPS] == list(range(1, 16))
    assert all(derivation_holds(GENERAL, each) for each in (*RELATIONSHIPS, TRANSPOSED))
    assert all(each.back for each in RELATIONSHIPS if each.kind == "transposed convolution")
    assert counted() > 5_000


@pytest.mark.parametrize(
    ("layer", "numbers"),
    [
        (sc.Conv((5,), 3), [1, 2, 5, 6, 15]),
        (sc.Conv((5,), 3, padding=1), [2, 3, 6, 15]),
        (sc.Conv((5,), 4, padding="full"), [2, 4, 6, 15]),
        (sc.Conv((5,), 3, stride=2), [5, 6, 15]),
        (sc.Conv((6,), 3, stride=2, padding=1), [6, 15]),
        (sc.Conv((7,), 3, dilation=2), [15]),
        (sc.Conv((7,), 3, padding=((0, 1),)), []),
        (sc.Conv((7,), 2, padding=((-1, -1),)), []),
        (sc.Conv((5, 5), 3, stride=(1, 2), padding=(1, 0)), [2, 3, 5, 6, 15]),
        (sc.AvgPool((6,), 2), [7]),
        (sc.AvgPool((7, 6), (3, 2), padding=(1, 0)), [7]),
        (sc.AvgPool((7,), 3, stride=2, padding=1), []),
        (sc.ConvTranspose((5,), 3), [8, 9, 12, 13, 14]),
        (sc.ConvTranspose((5,), 3, padding=1), [9, 10, 13, 14]),
        (sc.ConvTranspose((5,), 3, padding=2), [9, 11, 13, 14]),
        (sc.ConvTranspose((5,), 3, stride=2), [12, 13, 14]),
        (sc.ConvTranspose((5,), 3, stride=2, padding=1), [13, 14]),
        (sc.ConvTranspose((5,), 3, stride=2, padding=1, output_padding=1), [14]),
        (sc.ConvTranspose((5,), 3, stride=2, padding=3), []),
        (sc.ConvTranspose((5,), 3, stride=2, dilation=4, output_padding=3), []),
    ],
)  # fmt: skip
def test_which_relationships_apply(layer: Any, numbers: list[int]) -> None:
    assert [each.number for each in applying(layer) if each.number] == numbers


def test_layers_without_windows_that_fit_are_refused() -> None:
    with pytest.raises(sc.NotApplicable, match="has no window that moves"):
        sc.prove(sc.Linear(3, 2), "output_size")

    with pytest.raises(sc.NotApplicable, match="with ceil_mode windows that reach past the padding"):
        sc.prove(sc.AvgPool((6,), 4, stride=3, ceil_mode=True), "output_size")
    for layer in (sc.Upsample((3,), scale_factor=2), sc.PixelShuffle((2, 2), 2)):
        with pytest.raises(sc.NotApplicable, match="no count of windows"):
            sc.prove(layer, "output_size")


A, B = Var("a"), Var("b")


def test_floors_change_only_by_their_laws() -> None:
    assert normal(floor(A + S * B, S)) != normal(B + floor(A, S))  # not without the move that says so
    assert normal(TakeOut(B).apply(floor(A + S * B, S))) == normal(B + floor(A, S))
    assert normal(ByOne().apply(floor(A, 1))) == normal(A)
    assert normal(ByOne().apply(floor(A, S))) == normal(floor(A, S))
    assert normal(Vanish(A, S).apply(floor(A + 1, S))) != normal(Num(0))
    assert normal(Put((("a", B), ("b", A))).apply(A - B)) == normal(B - A)  # all at once


def test_a_certificate_uses_only_what_is_known() -> None:
    assert Certificate(S * A, ((S, A),)).holds((S, A))
    assert not Certificate(S * A, ((S, A),)).holds((S,))
    assert not Certificate(S * A + 1, ((S, A),)).holds((S, A))
    assert not Certificate(S * A - 1, ((S, A), (Num(-1),))).holds((S, A))


LAYER = sc.Conv((7,), 3, stride=2, padding=1)
TRANSPOSE = sc.ConvTranspose((3,), 3, stride=2, padding=1, output_padding=1)


def test_each_step_catches_what_breaks_it() -> None:
    good = build(LAYER)[0]
    inside, beyond, count = good[4].claim, good[5].claim, good[6]
    assert isinstance(inside, Sign)
    assert isinstance(beyond, Sign)
    assert isinstance(count.rule, Count)
    cases = [
        (1, {"claim": replace(good[0].claim, position=S * Var("j") + Var("u"))}),  # type: ignore[type-var]
        (2, {"claim": replace(good[1].claim, right=N)}),  # type: ignore[type-var]
        (3, {"claim": Fits(S * Var("j"), N)}),
        (4, {"claim": replace(good[3].claim, dividend=N)}),  # type: ignore[type-var]
        (5, {"claim": replace(inside, certificate=beyond.certificate)}),
        (5, {"claim": replace(inside, case=Var("q") - Var("j") + 1)}),
        (6, {"claim": replace(beyond, case=Var("j") - Var("q"))}),
        (6, {"claim": replace(beyond, fits=True)}),
        (7, {"claim": General(GENERAL - 1)}),
        (7, {"rule": Count(Certificate(Num(0), ()))}),
        (7, {"cites": (4, 5, 5)}),
        (len(good), {"claim": Numbers((((("N", 7), ("low", 1), ("high", 1), ("k", 3), ("d", 1), ("s", 2)), 5),))}),
        (len(good), {"claim": Numbers(())}),
    ]  # fmt: skip
    for at, changes in cases:
        report = damaged(LAYER, at, **changes).check()
        assert at in {failure.step for failure in report.failed}, (at, changes, report)


@pytest.mark.parametrize("number", range(1, 16))
def test_a_wrong_move_in_a_derivation_is_caught(number: int) -> None:
    each = RELATIONSHIPS[number - 1]
    wrong = [replace(each, links=(*each.links[:-1], Link(each.links[-1].move, each.formula + 1)))]
    wrong += [replace(each, links=(Link(Put(each.links[0].move.values[1:]), each.links[0].to), *each.links[1:]))]  # type: ignore[union-attr]
    if each.back:
        wrong.append(replace(each, back=each.back[:-1]))
        wrong.append(replace(each, back=(*each.back[:-1], Link(Calculate(), each.back[-1].to))))
    if number == 14:
        wrong.append(replace(each, hypotheses=tuple(h for h in each.hypotheses if h.right != S - 1)))
    for relationship in wrong:
        with pytest.raises(Exception, match=r"move|back|vanishes"):
            derivation_holds(GENERAL, relationship)


def test_a_relationship_that_does_not_apply_cannot_be_claimed() -> None:
    report = damaged(LAYER, 8, claim=Case(RELATIONSHIPS[0]), rule=Derive()).check()
    assert "applies to no axis" in str(report)


@pytest.mark.parametrize("layer", [LAYER, TRANSPOSE, sc.Conv((5, 6), (4, 3), stride=(1, 3), padding=(3, 1), dilation=(1, 2), input_dilation=2, padding_mode="circular")])  # fmt: skip
def test_the_page_compiles_and_nothing_runs_off_it(layer: Any, pdflatex: str, tmp_path: Path) -> None:
    assert_clean(compile_log(pdflatex, tmp_path, sc.prove(layer, "output_size").render("latex", standalone=True)))


def test_it_reads_as_derived() -> None:
    text = " ".join(str(sc.prove(TRANSPOSE, "output_size")).split())
    assert "Relationship 14: o' =" in text
    assert "hold for all sizes" in text
    assert "13 zero padding, non-unit strides: o' = s (i' - 1) + k - 2 p" in text
    assert "Does not apply: a = 1." in text
