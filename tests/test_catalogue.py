"""Every theorem of the catalogue: where it applies, that it is proved there, and that a broken proof of it is refused.

A new theorem is added to `APPLIES`, and everything here takes it up.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from importlib import import_module
from itertools import cycle
from random import Random
from typing import Any

import pytest
from damages import built, random_known, random_layer, small_changes
from gallery import GALLERY
from lanes import SEED, many
from test_transposed import configurations

import symconv
import symconv as sc
from symconv.catalogue import theorem_named
from symconv.catalogue.flip import SameKernel
from symconv.claims import Context, Refuted
from symconv.identities import Selected, Substituted
from symconv.padding import MODES
from symconv.proof import Proof, Rule, Step
from symconv.render import FORMATS
from symconv.sizes import normal
from symconv.steps.composing import Kernel
from symconv.steps.counting import Sign
from symconv.steps.ranks import Exceptional
from symconv.sums import variable

Layer = Any
EACH = 60  # small changes of one proof


def is_conv(layer: Layer) -> bool:
    return isinstance(layer, sc.Conv)


def pads(layer: Layer) -> bool:
    return is_conv(layer) and (any(map(any, layer.padding)) or set(layer.input_dilation) != {1})


def has_neighbours(layer: Layer) -> bool:
    if not is_conv(layer):
        return False
    strided, dilated = (
        set(layer.stride) != {1},
        any(d > 1 < k for d, k in zip(layer.dilation, layer.kernel_size, strict=True)),
    )
    valid = not any(map(any, layer.padding)) and set(layer.kernel_size) != {1} and layer.padding_mode == "zeros"
    return strided or dilated or valid


def is_ring(layer: Layer) -> bool:
    if not is_conv(layer) or set(layer.stride) != {1} or set(layer.input_dilation) != {1}:
        return False
    sizes = zip(layer.padding, layer.dilation, layer.kernel_size, strict=True)
    kept = all(low + high == d * (k - 1) for (low, high), d, k in sizes)
    return kept and (layer.padding_mode == "circular" or not any(map(any, layer.padding)))


def steps_by_one(layer: Layer) -> bool:
    if not is_conv(layer):
        return False
    return len(layer.input_size) <= 2 and set(layer.stride) == set(layer.dilation) == set(layer.input_dilation) == {1}


def has_entries(layer: Layer) -> bool:
    return bool(layer.kernel_shape is not None and layer.read_map.nonzeros)


def is_a_product(layer: Layer) -> bool:
    if not is_conv(layer) or {*layer.stride, *layer.dilation, *layer.input_dilation} != {1}:
        return False
    return layer.padding_mode == "zeros" or not any(side > 0 for pair in layer.padding for side in pair)


def makes_larger(layer: Layer) -> bool:
    if isinstance(layer, sc.ConvTranspose):
        return set(layer.kernel_size) == {1} and layer.groups == layer.in_channels == layer.out_channels
    return isinstance(layer, (sc.Upsample, sc.PixelShuffle))


def is_full_somewhere(layer: Layer) -> bool:
    """Fully connected, with a kernel over all of the input, or with one entry that stays in its place."""
    if not is_conv(layer):
        return isinstance(layer, sc.Linear)
    if layer.groups > 1 or any(map(any, layer.padding)):
        return False
    sizes = list(
        zip(layer.input_size, layer.kernel_size, layer.stride, layer.dilation, layer.input_dilation, strict=True)
    )
    whole = all(n == k and (k == 1 or (d == gap == 1)) for n, k, _, d, gap in sizes)
    return whole or all(k == 1 and (n == 1 or s == gap == 1) for n, k, s, _, gap in sizes)


APPLIES: dict[str, Callable[[Layer], bool]] = {
    "weight_matrix": lambda layer: True,
    "im2col": lambda layer: layer.kernel_shape is not None,
    "kernel_vector": lambda layer: layer.kernel_shape is not None,
    "padding_factor": pads,
    "stride_selection": has_neighbours,
    "flip": is_conv,
    "kronecker": lambda layer: not isinstance(layer, sc.Linear) and layer.kernel_shape is not None,
    "dft": is_ring,
    "winograd": steps_by_one,
    "fft_linear": is_a_product,
    "structure": has_entries,
    "rank": has_entries,
    "sparsity": lambda layer: layer.kernel_shape is not None,
    "output_size": lambda layer: (
        isinstance(layer, (sc.Conv, sc.ConvTranspose)) or (isinstance(layer, sc.AvgPool) and not layer.ceil_mode)
    ),
    "transpose": lambda layer: layer.kernel_shape is not None,
    "input_gradient": lambda layer: True,
    "kernel_gradient": lambda layer: layer.kernel_shape is not None,
    "bias_gradient": lambda layer: layer.bias,
    "linear_as_conv": is_full_somewhere,
    "nonlinearity": lambda layer: True,
    "uncertainty": lambda layer: layer.kernel_shape is not None,
    "pooling": lambda layer: isinstance(layer, sc.AvgPool),
    "upsampling": makes_larger,
    "morphism": lambda layer: isinstance(layer, sc.Linear) or (is_conv(layer) and layer.groups == 1),
}
"""Which theorem applies where: the table that the refusals are held against."""
ABOUT_STACKS = {"composition"}
"""Those about several layers have a test file of their own."""

COUNT = many(200, 40)
DAMAGES = many(2_000, 60)


def layers(seed: int) -> Iterator[Layer]:
    """Small layers of every kind, every padding mode in turn."""
    rng = Random(seed)
    transposed = cycle(configurations(seed, 40))
    for mode in cycle(MODES):
        yield random_layer(rng, mode)
        if rng.random() < 0.3:
            yield sc.ConvTranspose(**next(transposed))
        yield ring(rng)
        yield random_known(rng)
        if rng.random() < 0.05:
            yield sc.Linear(rng.randint(1, 4), rng.randint(1, 4), rng.random() < 0.5)


def ring(rng: Random) -> Layer:
    """A convolution closed to a ring, as a layer drawn at random hardly ever is."""
    while True:
        rank, groups = rng.choice((1, 1, 2, 2, 3)), rng.choice((1, 1, 2))
        sizes = tuple(rng.randint(1, (16, 6, 3)[rank - 1]) for _ in range(rank))
        kernel = tuple(rng.randint(1, min(n + 2, 4)) for n in sizes)
        dilation = tuple(rng.choice((1, 1, 2)) for _ in sizes)
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        lows = [rng.randint(-1, total + 1) for total in totals]
        try:
            return sc.Conv(
                sizes, kernel, groups * rng.choice((1, 2)), groups * rng.choice((1, 2)), 1,
                tuple((low, total - low) for low, total in zip(lows, totals, strict=True)), dilation, groups,
                rng.random() < 0.3, "circular", rng.random() < 0.4,
            )  # fmt: skip
        except sc.SpecError:
            continue


def test_the_table_names_every_theorem() -> None:
    assert set(APPLIES) | ABOUT_STACKS == set(sc.theorems())


@pytest.mark.parametrize("theorem", APPLIES)
def test_it_is_proved_where_it_applies_and_refused_elsewhere(theorem: str) -> None:
    """At least 200 configurations that it applies to, every entry checked; each of the others refused with a reason."""
    proved = refused = 0
    for layer in layers(sum(map(ord, theorem))):
        if APPLIES[theorem](layer):
            level = "all" if proved % 20 == 0 else "entries"
            assert sc.prove(layer, theorem, check=level).check().ok
            assert theorem in sc.theorems(layer)
            proved += 1
        elif refused < COUNT:
            with pytest.raises(sc.NotApplicable, match=f"{theorem} does not apply to .*: .{{12,}}"):
                sc.prove(layer, theorem)
            assert theorem not in sc.theorems(layer)
            refused += 1
        if proved >= COUNT:
            return


@pytest.mark.parametrize("theorem", APPLIES)
def test_every_format_says_it(theorem: str) -> None:
    """Text within 80 columns, LaTeX and Markdown without an empty formula, the same text on every run."""
    written = 0
    for layer in layers(7):
        if not APPLIES[theorem](layer):
            continue
        proof, again = sc.prove(layer, theorem), sc.prove(layer, theorem)
        for format in FORMATS:
            assert proof.render(format) == again.render(format)
        assert max(map(len, str(proof).splitlines())) <= 80, layer
        written += 1
        if written == many(8, 2):
            return


# Damage -------------------------------------------------------------------------------------------


def step_dropped(rng: Random, proof: Proof) -> Proof | None:
    at = rng.randrange(len(proof.steps))
    return replace(proof, steps=(*proof.steps[:at], *proof.steps[at + 1 :]))


def citation_changed(rng: Random, proof: Proof) -> Proof | None:
    at = rng.choice([n for n, step in enumerate(proof.steps) if step.cites] or [0])
    step = proof.steps[at]
    if not step.cites:
        return None
    which = rng.randrange(len(step.cites))
    wrong = rng.choice([n for n in range(len(proof.steps) + 2) if n not in step.cites])
    cites = (*step.cites[:which], wrong, *step.cites[which + 1 :])
    return replace(proof, steps=(*proof.steps[:at], replace(step, cites=cites), *proof.steps[at + 1 :]))


def claims_exchanged(rng: Random, proof: Proof) -> Proof | None:
    one, other = (rng.randrange(len(proof.steps)) for _ in range(2))
    if proof.steps[one].rule == proof.steps[other].rule:
        return None  # two premises may stand in either order
    steps = list(proof.steps)
    steps[one], steps[other] = (
        replace(steps[one], claim=steps[other].claim),
        replace(steps[other], claim=steps[one].claim),
    )
    return replace(proof, steps=tuple(steps))


STRUCTURAL = (step_dropped, citation_changed, claims_exchanged)
EXAMPLES = {"witnesses", "alike", "at"}
"""What a claim points to as an example; another that passes its check is as good."""


def some_damages(rng: Random, proof: Proof) -> Iterator[tuple[tuple[str, ...], Proof]]:
    """Some of the small changes, and some of the steps; each with the names of the fields that lead to it."""
    small = list(small_changes(rng, proof))
    yield from rng.sample(small, min(len(small), EACH))
    for damage in STRUCTURAL:
        damaged = damage(rng, proof)
        if damaged is not None and damaged.steps != proof.steps:
            yield (damage.__name__,), damaged


def as_true(path: tuple[str, ...], proof: Proof, damaged: Proof) -> bool:
    """Whether what is accepted says the same: in the same words, by another example, or evaluated."""
    if EXAMPLES & set(path):
        return True
    right = proof if damaged.layer == proof.layer else built(damaged.layer, proof.theorem.name)
    if all(damaged.render(format) == right.render(format) for format in ("text", "latex")):
        return True
    pairs = [(now, then) for now, then in zip(damaged.steps, proof.steps, strict=True) if now != then]
    return bool(pairs) and all(evaluated(now) == evaluated(then) is not None for now, then in pairs)


def evaluated(step: Step) -> Any:
    """A map between indices as a table, one on a ring modulo its size, a certificate as its polynomial, factors in any order, an example as one."""
    match step.claim:
        case Selected(letter, lines):
            ends = [[line.to.at({line.row: at}) for at in line.rows] for line in lines]
            inside = [[to if to in line.columns else None for to in tos] for tos, line in zip(ends, lines, strict=True)]
            return letter, [replace(line, to=variable("t")) for line in lines], inside
        case Substituted(_, _, indices):  # a kernel with one entry along an axis
            return [index and index.at({name: 0 for name, _ in index.terms}) for index in indices]
        case SameKernel(pairs, differing, witnesses, kernel):
            return pairs, differing, witnesses, kernel is None
        case Exceptional(minors, factors, forced):
            return minors, sorted(factors, key=repr), forced
        case Sign(case, fits, certificate):
            return case, fits, normal(certificate.size), normal(certificate.total())
        case Kernel(places, entries) if places:  # on a ring a tap is one of as many as it has
            taps = [(each.ring, each.tap.terms, each.tap.constant % (each.ring or 1 << 62)) for each in places]
            return taps, entries
    return None


@pytest.mark.parametrize("theorem", [name for name in APPLIES if name not in ("weight_matrix", "im2col")])
def test_a_damaged_proof_is_refused(theorem: str) -> None:
    """Every kind of place in a proof, changed; the two chains of sums have a finer test of their own, in test_damage."""
    rng = Random(f"{SEED} {theorem}")
    caught, missed = 0, []
    for layer in layers(rng.randrange(1000)):
        if not APPLIES[theorem](layer) or layer.read_map.nonzeros > 300:
            continue
        proof = built(layer, theorem)
        for path, damaged in some_damages(rng, proof):
            if not damaged.check().ok:
                caught += 1
            elif not as_true(path, proof, damaged):
                changes = [now for now, then in zip(damaged.steps, proof.steps, strict=False) if now != then]
                missed.append((path, layer, changes))
        if caught >= DAMAGES:
            break
    assert not missed, f"replay with SYMCONV_SEED={SEED}: {missed}"


@pytest.mark.parametrize("theorem", APPLIES)
def test_a_proof_is_of_a_theorem_of_the_catalogue(theorem: str) -> None:
    """Another statement, other ends, no further checks, or what is no step: failed claims, and no crash."""
    layer = next(layer for layer in layers(5) if APPLIES[theorem](layer))
    proof = built(layer, theorem)
    assert proof.check().ok
    for change in (
        {"statement": "W is zero"}, {"ends": ()}, {"starts": ("known", "unfold", "window")}, {"others": dict},
        {"entries": lambda proof: ()}, {"name": "no_theorem"}, {"last": lambda proof, context: ()},
    ):  # fmt: skip
        assert not replace(proof, theorem=replace(proof.theorem, **change)).check().ok, change
    step = proof.steps[0]
    for first in (None, "step", replace(step, rule=None), replace(step, claim=None), replace(step, cites=None)):
        assert not replace(proof, steps=(first, *proof.steps[1:])).check().ok, first
    assert not replace(proof, steps=()).check().ok
    for letter, matrix in proof.matrices.items():
        assert not replace(proof, matrices={**proof.matrices, f"{letter}2": matrix}).check().ok
        assert not replace(proof, matrices={n: m for n, m in proof.matrices.items() if n != letter}).check().ok
        for name in (each.name for each in fields(matrix) if each.name != "rows"):
            for shape in ((*getattr(matrix, name), 1), (-1, *getattr(matrix, name)), getattr(matrix, name)[::-1]):
                if shape != getattr(matrix, name):
                    relabelled = replace(matrix, **{name: shape})
                    assert not replace(proof, matrices={**proof.matrices, letter: relabelled}).check().ok, name


def test_options_are_refused_by_name() -> None:
    with pytest.raises(sc.SpecError, match="im2col takes no options"):
        sc.prove(sc.Conv((4,), 2), "im2col", tile=2)
    with pytest.raises(sc.SpecError, match="weight_matrix takes order"):
        sc.prove(sc.Conv((4,), 2), tile=2)
    assert theorem_named("padding-factor").name == "padding_factor"


# Rules and further checks, each by itself ---------------------------------------------------------

ALSO: list[tuple[Any, str, dict[str, Any]]] = [
    (sc.Conv((5,), 3, stride=2), "transpose", {}),
    (sc.Conv((5,), 3, stride=2, padding=1, padding_mode="circular"), "transpose", {}),
    (sc.Conv((2,), 2, stride=2), "transpose", {}),
    (sc.Conv((4,), 2), "morphism", {}),
    (sc.Conv((4,), 3), "morphism", {}),
    (sc.Linear(2, 2), "morphism", {}),
    (sc.Conv((3,), 2), "output_size", {}),
    (sc.Conv((6,), 2, stride=2), "stride_selection", {}),
    (sc.Conv((4,), 3), "rank", {}),
    (sc.Conv((3, 4), 2), "winograd", {"tile": 2}),
    (sc.Conv((4, 5), 4), "fft_linear", {"method": "karatsuba"}),
    (sc.Conv((2, 3), 2, 1, 2, padding=1, padding_mode="replicate"), "sparsity", {}),
    (sc.Sequential(sc.Conv((4,), 2), sc.Conv((3,), 2)), "composition", {}),
    (sc.Sequential(sc.Conv((4,), 3, padding=1), sc.Conv((4,), 3, padding=1)), "composition", {}),
    (sc.Sequential(sc.Conv((4,), 3, padding=2, bias=True), sc.Conv((6,), 1, padding=1)), "composition", {}),
    (sc.Sequential(sc.Conv((4,), 2), sc.AvgPool((3,), 2)), "composition", {}),
]


class Alien:
    """What no rule is about."""


def every_kind() -> Iterator[Proof]:
    """A small proof of every kind there is, with every check asked for."""
    for layer, name in GALLERY.values():
        if layer.read_map.nonzeros <= 200:
            yield built(layer, name, "all")
    for subject, name, options in ALSO:
        theorem = theorem_named(name)
        yield Proof(theorem, subject, *theorem.build(subject, **options), "all", tuple(options.items()))


def all_rules() -> set[type]:
    """Every class of the package that is a rule: what has a shape and values to check, and follows from something."""
    names = [each.name for each in pkgutil.walk_packages(symconv.__path__, "symconv.")]
    modules = [import_module(name) for name in names if not name.startswith(("symconv.sphinxext", "symconv.__main__"))]
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return {each for each in found if all(hasattr(each, name) for name in ("shape", "values", "follows"))} - {Rule}


def test_a_rule_refuses_a_claim_that_it_is_not_about() -> None:
    """Every rule there is: its shape says so, and its values say so or compare what does not depend on the claim."""
    alien, used = Alien(), set()
    for proof in every_kind():
        context = Context(
            proof.layer, proof.matrices, partial(proof.theorem.others, proof.layer, **dict(proof.options))
        )
        for step in proof.steps:
            rule: Any = step.rule
            context.cited = tuple(proof.steps[cite - 1].claim for cite in step.cites)
            before = context.cited[0] if context.cited else None
            with pytest.raises(Refuted, match=r"\w"):
                rule.shape(context, before, alien)
            with suppress(Refuted):
                assert rule.values(context, before, alien) > 0, rule
            assert rule.shape(context, before, step.claim) >= 0
            assert rule.values(context, before, step.claim) >= 0
            used |= {each for each in type(rule).__mro__ if each in vars(import_module(each.__module__)).values()}
    assert all_rules() - used == set(), (
        "no proof here uses these: put a small layer with their theorem into tests/gallery.py"
    )
