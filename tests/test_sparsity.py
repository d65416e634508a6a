"""The theorem sparsity: closed forms against counting, PyTorch-sized layers, and numbers off by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from random import Random

import numpy as np
import oracle
import pytest
from damages import built, random_layer
from lanes import many
from test_catalogue import layers

import symconv as sc
from symconv.padding import MODES
from symconv.proof import Proof
from symconv.steps.counts import met, multiples
from symconv.steps.occurrences import Along, Meets, Shared, Total


def said(proof: Proof) -> tuple[Total, Shared]:
    total, shared = (step.claim for step in proof.steps[-2:])
    assert isinstance(total, Total)
    assert isinstance(shared, Shared)
    return total, shared


def test_multiples_are_counted_without_a_loop() -> None:
    rng = Random(0)
    for _ in range(2_000):
        first, last = rng.randint(-20, 20), rng.randint(-20, 20)
        slope, offset, modulus = rng.randint(-6, 6), rng.randint(-15, 15), rng.randint(1, 7)
        looped = sum((slope * i + offset) % modulus == 0 for i in range(first, last + 1))
        assert multiples(first, last, slope, offset, modulus) == looped


@pytest.mark.parametrize("mode", oracle.MODES)
def test_the_closed_form_is_a_count_in_the_padded_array(mode: str) -> None:
    """NumPy pads an input of ones, with zeros between them; each tap counts the ones that it meets."""
    for config in oracle.random_configs(5, 120, ranks=(1,), modes=(mode,)):
        axis = sc.Conv(**config).read_map.axes[0]
        geometry = oracle.geometry(config)[0]
        ones = np.zeros(geometry.length, int)
        ones[:: geometry.gap] = 1
        low, high = geometry.pad
        padded = np.pad(ones, (max(low, 0), max(high, 0)), oracle.NUMPY_MODES[mode])
        padded = padded[max(-low, 0) : len(padded) - max(-high, 0)]
        for tap in range(axis.taps):
            at = axis.taps - 1 - tap if axis.flip else tap
            seen = sum(int(padded[start + at * axis.dilation]) for start in geometry.starts)
            assert met(axis, tap) == seen, oracle.describe(config)


def test_the_numbers_are_those_of_counting_in_w() -> None:
    """The entries of SymPy's matrix, counted: what is zero, what is different, how often each symbol occurs."""
    done, modes = 0, Counter[str]()
    for layer in layers(8):
        if layer.kernel_shape is None:
            continue
        matrix = layer.weight_matrix()
        if matrix.rows * matrix.cols > 6_000:
            continue
        total, shared = said(sc.prove(layer, "sparsity", check="axes"))
        values = [entry for entry in matrix.flat() if entry != 0]
        occurs = Counter(symbol for entry in values for symbol in entry.free_symbols)
        assert total.nonzeros == len(values)
        assert total.zeros == matrix.rows * matrix.cols - len(values)
        assert total.different == len(set(values))
        assert total.pairs == sum(occurs.values())
        often = [occurs[symbol] for symbol in layer.flat_symbols()[1]]
        assert (shared.fewest, shared.most, shared.unused) == (min(often), max(often), often.count(0))
        assert shared.parameters == len(often)
        modes[getattr(layer, "padding_mode", type(layer).__name__)] += 1
        done += 1
        if done == many(220, 60):
            break
    assert set(modes) == {*MODES, "ConvTranspose", "Linear"}, modes


def test_a_layer_of_any_size_is_counted_along_its_axes() -> None:
    total, shared = said(sc.prove(sc.Conv((224, 224), 3, 64, 64, padding=1), "sparsity"))
    assert total.nonzeros == 64 * 64 * (3 * 224 - 2) ** 2
    assert shared.parameters == 64 * 64 * 9
    assert (shared.fewest, shared.most) == (223**2, 224**2)


def test_a_number_off_by_one_is_caught_by_its_own_step() -> None:
    rng, caught = Random(4), 0
    for mode in list(MODES) * many(12, 3):
        proof = built(random_layer(rng, mode), "sparsity")
        for at, step in enumerate(proof.steps):
            if not isinstance(step.claim, (Meets, Along, Total, Shared)):
                continue
            for each in fields(step.claim):
                value = getattr(step.claim, each.name)
                if each.name == "counts":
                    wrong = (*value[:-1], value[-1] + rng.choice((-1, 1)))
                elif type(value) is int:
                    wrong = value + rng.choice((-1, 1))
                else:
                    continue
                claim = replace(step.claim, **{each.name: wrong})
                steps = (*proof.steps[:at], replace(step, claim=claim), *proof.steps[at + 1 :])
                failed = replace(proof, steps=steps).check().failed
                assert at + 1 in {failure.step for failure in failed}, (proof.layer, claim)
                caught += 1
    assert caught > many(500, 125)


def test_where_inputs_are_read_twice_the_page_says_where() -> None:
    text = " ".join(str(sc.prove(sc.Conv((4,), 3, padding=1, padding_mode="reflect"), "sparsity")).split())
    assert "12 pairs of output and kernel position that meet an input, in 10 non-zero entries" in text
    assert "output 0 reads input 1 with kernel positions 0 and 2, which share one entry" in text
