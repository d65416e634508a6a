"""Theorems with symbolic sizes: their proofs, what they say of single layers, and damages that must be refused."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from lanes import SEED, many

import symconv as sc
from symconv import cli
from symconv.claims import Refuted
from symconv.general import _MODULES, general_theorem
from symconv.general.moves import Backwards, Distribute, Drop, Exchange, Facts, Sift, follows
from symconv.general.proof import Bounds, Equalities, GeneralProof, Link, SizeEqualities, check_part, states
from symconv.general.terms import (
    Below,
    Bracket,
    Divides,
    Same,
    SumOver,
    Tensor,
    Within,
    canonical,
    evaluate,
    times,
)
from symconv.node import Node
from symconv.report import discharge
from symconv.sizes import Certificate, Num, Ratio, Var

EVERY = [(name, rank) for name in _MODULES for rank in general_theorem(name).ranks]
MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")


@pytest.mark.parametrize(("name", "rank"), EVERY)
def test_every_theorem_is_proved_for_every_rank(name: str, rank: Any) -> None:
    proof = sc.prove_general(name, rank)
    assert proof.check().ok
    assert proof.check().proved
    text = proof.render("text")
    assert "for all sizes" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80
    assert proof.render("latex") == sc.prove_general(name, rank).render("latex")
    assert proof.render("latex").isascii()  # pdflatex drops other letters without a word
    assert "(0 terms" not in text
    assert "<math" in proof.render("html")
    assert proof.render("markdown").startswith("# ")


# Instances ----------------------------------------------------------------------------------------


def layers(seed: int, rank: int, count: int) -> Iterator[sc.Conv]:
    rng = random.Random(seed)

    def per(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.randint(low, high) for _ in range(rank))

    while count:
        groups = rng.choice((1, 1, 2))
        try:
            yield sc.Conv(
                per(1, 5 if rank < 3 else 3), per(1, 3), stride=per(1, 3), dilation=per(1, 2), input_dilation=per(1, 2),
                padding=tuple((rng.randint(-1, 2), rng.randint(-1, 2)) for _ in range(rank)), groups=groups,
                in_channels=groups * rng.randint(1, 2), out_channels=groups * rng.randint(1, 2),
                padding_mode=rng.choice(MODES), flip_kernel=rng.random() < 0.3,
            )  # fmt: skip
        except sc.SpecError:
            continue
        count -= 1


@pytest.mark.parametrize(("rank", "count"), [(1, many(700, 120)), (2, many(280, 30)), (3, many(20, 4))])
def test_the_general_entry_rule_gives_the_weight_matrix_of_every_layer(rank: int, count: int) -> None:
    proof, any_rank = sc.prove_general("weight_matrix", rank), sc.prove_general("weight_matrix", "r")
    for n, layer in enumerate(layers(6 + rank, rank, count)):
        assert (proof, any_rank)[n % 2].specialise(layer) == layer.weight_matrix(), layer


@pytest.mark.parametrize("name", ["padding_factor", "stride_selection"])
def test_the_product_of_the_factors_is_the_weight_matrix(name: str) -> None:
    for rank, count in ((1, 60), (2, 10)):
        proof = sc.prove_general(name, rank)
        for layer in layers(16 + rank, rank, count):
            assert proof.specialise(layer) == layer.weight_matrix(), layer


def test_the_master_theorem_gives_the_weight_matrix_of_any_layer() -> None:
    proof = sc.prove_general("read_map")
    others = [
        sc.Linear(3, 2),
        sc.ConvTranspose((2, 2), 2, stride=2, in_channels=2, out_channels=2, groups=2),
        sc.AvgPool((5,), 3, stride=2, padding=1, count_include_pad=False),
        sc.Upsample((3,), scale_factor=2, mode="bilinear"),
    ]
    for layer in (*layers(8, 1, 20), *layers(9, 2, 3), *others):
        assert proof.specialise(layer) == layer.weight_matrix(), layer
    with pytest.raises(sc.TooLarge):
        proof.specialise(sc.Conv((64, 64), 3))


def test_the_general_adjoint_is_the_matrix_of_a_transposed_convolution() -> None:
    rng, found = random.Random(4), 0
    while found < many(60, 15):
        rank = rng.choice((1, 1, 2))
        s, d = ([rng.randint(1, 3) for _ in range(rank)] for _ in range(2))
        try:
            layer = sc.ConvTranspose(
                tuple(rng.randint(1, 3) for _ in range(rank)), tuple(rng.randint(1, 3) for _ in range(rank)),
                stride=tuple(s), dilation=tuple(d), padding=tuple((rng.randint(-1, 2), rng.randint(-1, 2)) for _ in s),
                output_padding=tuple(rng.randint(0, max(a, b) - 1) for a, b in zip(s, d, strict=True)),
                in_channels=2, out_channels=4, groups=rng.choice((1, 2)),
            )  # fmt: skip
        except sc.SpecError:
            continue
        found += 1
        assert sc.prove_general("transpose", rank).specialise(layer) == layer.weight_matrix(), layer


def test_the_general_composition_is_the_product_of_the_two_matrices() -> None:
    from sympy import Symbol, expand

    rng, found = random.Random(3), 0
    while found < many(25, 8):
        rank = rng.choice((1, 1, 2))
        try:
            first = sc.Conv(
                tuple(rng.randint(2, 5) for _ in range(rank)), tuple(rng.randint(1, 3) for _ in range(rank)),
                stride=rng.randint(1, 2), dilation=rng.randint(1, 2), padding=rng.randint(0, 1), in_channels=2,
                out_channels=2, padding_mode=rng.choice(MODES),
            )  # fmt: skip
            second = sc.Conv(
                first.output_shape[1:], tuple(rng.randint(1, 2) for _ in range(rank)), stride=rng.randint(1, 2),
                dilation=rng.randint(1, 2), in_channels=2, out_channels=1,
            )  # fmt: skip
        except sc.SpecError:
            continue
        found += 1
        w = second.weight_matrix()
        later = w.xreplace({each: Symbol("k'" + each.name[1:]) for each in w.free_symbols})
        said = sc.prove_general("composition", rank).specialise((first, second))
        assert (said - later * first.weight_matrix()).applyfunc(expand).is_zero_matrix, (first, second)


def test_the_closed_form_counts_the_entries_of_every_layer() -> None:
    counted = 0
    for rank in (1, 2):
        proof = sc.prove_general("sparsity", rank)
        for layer in layers(26 + rank, rank, 120):
            if layer.padding_mode == "zeros" and set(layer.input_dilation) == {1}:
                assert proof.specialise(layer) == layer.weight_matrix().nnz(), layer
                counted += 1
    assert counted > 15


def test_a_theorem_says_nothing_about_other_layers() -> None:
    refused: list[tuple[str, Any, Any]] = [
        ("weight_matrix", 1, sc.Conv((4, 4), 3)),
        ("weight_matrix", 1, sc.Linear(3, 2)),
        ("transpose", 1, sc.Conv((4,), 3)),
        ("sparsity", 1, sc.Conv((4,), 3, padding=1, padding_mode="circular")),
        ("composition", 1, sc.Conv((4,), 3)),
        ("composition", 1, (sc.Conv((4,), 3), sc.Conv((2,), 2, padding=1))),
    ]
    for name, rank, layer in refused:
        with pytest.raises(sc.NotApplicable):
            sc.prove_general(name, rank).specialise(layer)


# The moves ----------------------------------------------------------------------------------------

P, U, K = Var("p"), Var("u"), Var("k")
FACTS = Facts(("p", "k"), (K - 1, P))


def test_sifting_is_sound_where_sympy_is_not() -> None:
    """SymPy's Sum(KroneckerDelta(p, 2 u) K[u]).doit() is K[p/2] for every p, also where nothing reads p."""
    from sympy import Idx, IndexedBase, KroneckerDelta, Sum, symbols

    p, k = symbols("p k", integer=True, positive=True)
    u, tensor = symbols("u", integer=True), IndexedBase("K")
    wrong = Sum(KroneckerDelta(p, 2 * u) * tensor[u], (u, 0, k - 1)).doit()
    assert Idx is not None
    assert tensor[p / 2] in wrong.atoms(type(tensor[p / 2]))
    assert not any("Mod" in str(type(atom)) for atom in wrong.atoms())  # no word about odd p

    said = Same(P, 2 * U)
    sum_ = SumOver((Below("u", K),), times(Bracket(said), Tensor("K", (U,))))
    found = Sift("u", said, P, Num(2)).apply(sum_, FACTS)
    at = Ratio(P, Num(2))
    expected = times(Bracket(Divides(Num(2), P)), Bracket(Within(at, K)), Tensor("K", (at,)))
    assert canonical(found) == canonical(expected)
    for env in ({"p": 3, "k": 4}, {"p": 4, "k": 4}, {"p": 8, "k": 4}):
        assert evaluate(found, env, {}, {}) == evaluate(sum_, env, {}, {})


@pytest.mark.parametrize(
    ("move", "term"),
    [
        (Sift("u", Same(P, 2 * U), P, Num(1)), times(Bracket(Same(P, 2 * U)), Tensor("K", (U,)))),
        (Sift("u", Same(P, Var("d") * U), P, Var("d")), times(Bracket(Same(P, Var("d") * U)), Tensor("K", (U,)))),
        (Sift("u", Same(P, U), P), times(Bracket(Same(P, U + 1)), Tensor("K", (U,)))),
        (Sift("u", Same(P, U * U), P, U), times(Bracket(Same(P, U * U)), Tensor("K", (U,)))),
        (Exchange(("u", "v")), SumOver((Below("v", U),), Tensor("K", (U,)))),
        (Drop(Within(U, K - 1), (Certificate(U, ((U,),)), Certificate(K - 2 - U, ((K - 1 - U,),)))), Bracket(Within(U, K - 1))),
        (Distribute(), Tensor("K", (U,))),
    ],
)  # fmt: skip
def test_a_move_is_refused_where_it_does_not_apply(move: Any, term: Any) -> None:
    with pytest.raises(Refuted):
        move.apply(SumOver((Below("u", K),), times(term, Tensor("x", (P,)))), FACTS)


def test_a_variable_is_not_captured() -> None:
    inner = SumOver((Below("u", K),), Tensor("K", (U,)))
    with pytest.raises(Refuted):
        follows(times(Tensor("x", (U,)), inner), Distribute(), SumOver((Below("u", K),), times(Tensor("x", (U,)), inner.term)), FACTS)  # fmt: skip
    with pytest.raises(Refuted):
        follows(inner, Backwards(Distribute()), times(Tensor("K", (U,)), SumOver((Below("u", K),), Tensor("K", (U,)))), FACTS)  # fmt: skip


# Damages ------------------------------------------------------------------------------------------


def damaged(value: Any, rng: random.Random) -> Any:
    """The same with one place changed: a number, a letter, the order or number of factors."""
    if isinstance(value, Num):
        return Num(value.value + rng.choice((-1, 1)))
    if isinstance(value, Var):
        return Var(rng.choice([letter for letter in "nksdlPQNmiutpceagAB" if letter != value.name]))
    if isinstance(value, str):
        return value + "'"
    if isinstance(value, tuple) and value:
        at = rng.randrange(len(value))
        kind = rng.random()
        if kind < 0.15:
            return value[:at] + value[at + 1 :]
        if kind < 0.25:
            return (*value, value[at])
        return (*value[:at], damaged(value[at], rng), *value[at + 1 :])
    if isinstance(value, Node) and value._values():
        parts = list(value._values())
        at = rng.randrange(len(parts))
        parts[at] = damaged(parts[at], rng)
        return type(value)(*parts)
    return value


def one_damage(part: Any, rng: random.Random) -> Any:
    if isinstance(part, Equalities):
        n = rng.randrange(len(part.links))
        link = part.links[n]
        link = Link(damaged(link.move, rng), link.to) if rng.random() < 0.3 else Link(link.move, damaged(link.to, rng))
        return replace(part, links=(*part.links[:n], link, *part.links[n + 1 :]))
    if isinstance(part, Bounds):
        return replace(part, certificates=damaged(part.certificates, rng))
    assert isinstance(part, SizeEqualities)
    return replace(part, links=damaged(part.links, rng))


def claims(part: Any) -> list[Any]:
    """The terms that a part prints; what it states is compared by the check itself."""
    return [canonical(link.to) for link in part.links] if isinstance(part, Equalities) else []


def accepted(proof: GeneralProof, at: int) -> bool:
    """Whether the check finds nothing wrong with one part, or with what the parts state."""
    return check_part(proof.parts[at], 1).ok and discharge("axes", [("states", lambda: states(proof))]).ok


@pytest.mark.parametrize("name", _MODULES)
def test_damaged_proofs_are_refused(name: str) -> None:
    rng = random.Random(SEED)
    proof = sc.prove_general(name, general_theorem(name).ranks[0])
    refused = 0
    for n in range(many(100, 30)):
        at = n % len(proof.parts)
        part = one_damage(proof.parts[at], rng)
        broken = replace(proof, parts=(*proof.parts[:at], part, *proof.parts[at + 1 :]))
        if accepted(broken, at):
            assert claims(part) == claims(proof.parts[at]), f"SYMCONV_SEED={SEED}: accepted {part}"
        else:
            refused += 1
    assert refused > many(40, 12)


@pytest.mark.parametrize("name", _MODULES)
def test_a_proof_with_other_parts_or_hypotheses_does_not_state_the_theorem(name: str) -> None:
    proof = sc.prove_general(name, general_theorem(name).ranks[0])
    assert not replace(proof, parts=proof.parts[1:]).check()
    assert not replace(proof, parts=(*proof.parts, proof.parts[0])).check()
    first = proof.parts[0]
    more: Any = Num(0) - 1
    if isinstance(first, Equalities):
        assert not replace(
            proof, parts=(replace(first, facts=replace(first.facts, known=(more,))), *proof.parts[1:])
        ).check()
    else:
        assert not replace(proof, parts=(replace(first, known=(*first.known, more)), *proof.parts[1:])).check()


# The command line ---------------------------------------------------------------------------------


def test_general_proofs_from_the_command_line(tmp_path: Any, capsys: Any) -> None:
    assert cli.main(["prove", "--general", "stride-selection", "--rank", "r", "-o", str(tmp_path / "x.tex")]) == 0
    assert (tmp_path / "x.tex").read_text().startswith("\\documentclass")
    assert cli.main(["theorems", "--general"]) == 0
    assert "weight_matrix" in capsys.readouterr().out
    for bad, said in (
        (["prove", "--general", "weight_matrix", "--rank", "4"], "rank"),
        (["prove", "--general", "nothing"], "must be one of"),
        (["prove", "--general", "weight_matrix", "--input", "3"], "no layer options"),
        (["prove", "--input", "3", "--kernel", "2", "--rank", "1"], "--rank"),
        (["prove", "--general", "weight_matrix", "--format", "json"], "format"),
        (["theorems", "--general", "--input", "3", "--kernel", "2"], "--general"),
    ):
        assert cli.main(bad) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
