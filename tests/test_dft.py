"""The theorem dft at every small size; its eigenvalues against numpy.fft, and W x against PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from damages import built
from lanes import many, some
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv.algebra.cyclotomic import cyclotomic, reduced
from symconv.catalogue.dft import Turns
from symconv.proof import Proof
from symconv.steps.fourier import Eigenvectors, Factor, Inverse, Ring, RingSum


def ring(size: tuple[int, ...], kernel: tuple[int, ...], lows: tuple[int, ...], **rest: Any) -> sc.Conv | None:
    """A layer on a ring with that low padding; None where the mode does not allow it."""
    gaps = rest.get("dilation", 1)
    pairs = tuple((low, gaps * (k - 1) - low) for low, k in zip(lows, kernel, strict=True))
    try:
        return sc.Conv(size, kernel, padding=pairs, padding_mode="circular", **rest)
    except sc.SpecError:
        return None


@pytest.mark.parametrize("n", range(1, 17))
def test_no_size_is_undecided(n: int) -> None:
    """Every kernel up to two more than the ring, every dilation and way round, from cropped to all padding on one side."""
    proved = 0
    for kernel, dilation, flip in some(product(range(1, n + 3), (1, 2), (False, True)), n + 2):
        reach = dilation * (kernel - 1)
        for low in {-1, reach // 2, reach, reach + 1}:
            layer = ring((n,), (kernel,), (low,), dilation=dilation, flip_kernel=flip)
            if layer is not None:
                level = "all" if n < 9 and kernel < 4 else "entries" if kernel in (2, 5, n + 2) else "axes"
                assert sc.prove(layer, "dft", check=level).check().ok
                proved += 1
    assert proved >= many(2 * n, n // 2)


@pytest.mark.parametrize(("rows", "columns"), some(product(range(1, 7), range(1, 7)), 9, [(6, 6)]))
def test_two_axes_and_two_channels(rows: int, columns: int) -> None:
    for groups, taps in product((1, 2), ((3, 2), (2, 1))):
        kernel = (min(rows, taps[0]), min(columns, taps[1]))
        layer = ring((rows, columns), kernel, (0, kernel[1] - 1), in_channels=2, out_channels=2, groups=groups)
        assert layer is not None
        assert sc.prove(layer, "dft", check="entries").check().ok


@pytest.mark.parametrize("channels", [(1, 1, 1), (2, 4, 2), (3, 3, 3), (2, 3, 1)])
def test_three_axes(channels: tuple[int, int, int]) -> None:
    for size, kernel in (((2, 3, 4), (2, 1, 3)), ((3, 1, 2), (2, 3, 4)), ((2, 2, 3), (3, 2, 1))):
        layer = ring(size, kernel, tuple((k - 1) // 2 for k in kernel), in_channels=channels[0],
                     out_channels=channels[1], groups=channels[2], flip_kernel=channels[0] == 2)  # fmt: skip
        if layer is not None:
            assert sc.prove(layer, "dft", check="entries").check().ok


# Oracles ------------------------------------------------------------------------------------------


def eigenvalues(proof: Any, kernel: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What the proof's exponents say, with numbers for the kernel (out, in / groups, ...): (out, in / groups, frequencies)."""
    turns = Turns(proof)
    powers = np.array([turns.eigenvalue(m) for m in turns.positions()])
    flat = kernel.reshape(*kernel.shape[:2], -1)
    return np.asarray(flat @ np.exp(2j * np.pi * powers / turns.order).T)


def random_rings(count: int) -> Iterator[tuple[sc.Conv, np.random.Generator]]:
    rng = np.random.default_rng(5)
    while count:
        rank = int(rng.integers(1, 4))
        size = tuple(int(n) for n in rng.integers(1, (13, 7, 4)[rank - 1], rank))
        kernel = tuple(int(rng.integers(1, n + 2)) for n in size)
        dilation = int(rng.integers(1, 3))
        lows = tuple(int(rng.integers(-1, dilation * (k - 1) + 2)) for k in kernel)
        groups = int(rng.integers(1, 3))
        inputs, outputs = (groups * int(each) for each in rng.integers(1, 3, 2))
        layer = ring(size, kernel, lows, dilation=dilation, in_channels=inputs, out_channels=outputs,
                     groups=groups, flip_kernel=bool(rng.integers(2)))  # fmt: skip
        if layer is not None:
            count -= 1
            yield layer, rng


def test_the_layer_is_a_product_in_the_frequencies_of_numpy() -> None:
    """fft(W x) is the eigenvalues times fft(x), on integer kernels and inputs."""
    for layer, rng in random_rings(120):
        kernel = rng.integers(-9, 10, layer.kernel_shape)
        x = rng.integers(-9, 10, layer.input_shape)
        axes = tuple(range(1, x.ndim))
        y = (layer.to_numpy(kernel) @ x.ravel()).reshape(layer.output_shape)
        found = eigenvalues(sc.prove(layer, "dft", check="axes"), kernel)
        before, after = (np.fft.fftn(z, axes=axes).reshape(len(z), -1) for z in (x, y))
        taps, members = layer.in_channels // layer.groups, layer.out_channels // layer.groups
        for c in range(layer.out_channels):
            first = c // members * taps
            assert np.allclose(after[c], (found[c] * before[first : first + taps]).sum(0)), layer


def test_the_eigenvalues_are_those_that_numpy_finds() -> None:
    rng = np.random.default_rng(5)
    for size, kernel, flip in [
        ((7,), (3,), False),
        ((6,), (4,), True),
        ((4, 6), (3, 2), False),
        ((3, 5), (2, 4), True),
    ]:
        layer = ring(size, kernel, tuple((k - 1) // 2 for k in kernel), flip_kernel=flip)
        assert layer is not None
        numbers = rng.integers(-9, 10, layer.kernel_shape)
        own = list(np.linalg.eigvals(layer.to_numpy(numbers).astype(complex)))
        for value in eigenvalues(sc.prove(layer, "dft"), numbers).ravel():
            nearest = min(range(len(own)), key=lambda n, value=value: abs(own[n] - value))  # type: ignore[misc]
            assert abs(own.pop(nearest) - value) < 1e-6
        assert own == []


def test_torch_convolves_on_the_same_ring() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(6)
    for size, taps, groups in [((8,), 3, 1), ((9,), 5, 2), ((6, 6), 3, 2), ((4, 7), 3, 1), ((3, 4, 5), 3, 1)]:
        rank = len(size)
        layer = sc.Conv(size, taps, 2, 2, padding=taps // 2, groups=groups, padding_mode="circular")
        kernel, x = rng.integers(-9, 10, layer.kernel_shape), rng.integers(-9, 10, layer.input_shape)
        kind = getattr(torch.nn, f"Conv{rank}d")
        conv = kind(2, 2, taps, padding=taps // 2, groups=groups, padding_mode="circular", bias=False).double()
        with torch.no_grad():
            conv.weight.copy_(torch.tensor(kernel))
            y = conv(torch.tensor(x, dtype=torch.float64)[None])[0].numpy()
        axes = tuple(range(1, rank + 1))
        found = eigenvalues(sc.prove(layer, "dft", check="axes"), kernel)
        before, after = (np.fft.fftn(z, axes=axes).reshape(2, -1) for z in (x, y))
        expected = (found * (before[None] if groups == 1 else before[:, None])).sum(1)
        assert np.allclose(after, expected)


# Roots of unity -----------------------------------------------------------------------------------


def test_cyclotomic_polynomials_are_sympys() -> None:
    from sympy import Poly, cyclotomic_poly
    from sympy.abc import x

    for n in range(1, 121):
        assert list(cyclotomic(n)) == [int(value) for value in reversed(Poly(cyclotomic_poly(n, x), x).all_coeffs())]


def test_sums_of_roots_of_unity_are_decided() -> None:
    """Against numbers: a sum of roots is zero exactly when its reduced form is empty."""
    for n in range(1, 40):
        for step in range(n):
            assert reduced({step * t % n: 1 for t in range(n)}, n) == {} or step == 0 or np.gcd(step, n) > 1
            assert reduced({step * t: 1 for t in range(n // np.gcd(step, n))}, n) == (
                {} if step else {0: n} if n == 1 else {0: 1}
            )
    rng = np.random.default_rng(7)
    for _ in range(many(500, 150)):
        n = int(rng.integers(1, 25))
        powers = {int(e): int(rng.integers(-1, 2)) for e in rng.integers(0, n, 6)}
        value = sum(count * np.exp(2j * np.pi * e / n) for e, count in powers.items())
        assert (reduced(powers, n) == {}) == (abs(value) < 1e-9)
    assert reduced({1: 1, 4: 1}, 6) == {}  # opposite roots cancel
    assert reduced({1: 1, 5: 1}, 6) == {0: 1}  # twice the cosine of sixty degrees
    assert reduced({0: 1, 1: -1}, 5) != {}


# Refusals and damages -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (sc.Conv((4,), 3, padding=1), "its padding mode is zeros, and only circular padding closes"),
        (sc.Conv((4, 4), (1, 3), padding=(0, 1)), "a kernel of 1 without padding needs none"),
        (sc.Conv((2,), 3, padding=1, padding_mode="reflect"), "its padding mode is reflect, and only circular padding closes"),
        (sc.Conv((4,), 3, stride=2, padding=1, padding_mode="circular"), "its stride must be 1 and is 2"),
        (sc.Conv((4, 4), 3, stride=(1, 3), padding=1, padding_mode="circular"), "its stride on axis 1 must be 1 and is 3"),
        (sc.Conv((4,), 3, padding=1, input_dilation=2, padding_mode="circular"), "its input dilation must be 1 and is 2"),
        (sc.Conv((6,), 3, dilation=2, padding=1, padding_mode="circular"),
         r"must be dilation · \(kernel − 1\) = 2 · \(3 − 1\) = 4, for as many outputs as inputs, and is 1 \+ 1 = 2"),
        (sc.Conv((6,), 3, padding=((3, -2),), padding_mode="circular"), r"and is 3 − 2 = 1"),
        (sc.ConvTranspose((3,), 1), "only a Conv"),
        (sc.Linear(3, 3), "only a Conv"),
    ],
)  # fmt: skip
def test_it_says_which_condition_fails(layer: sc.Layer, reason: str) -> None:
    with pytest.raises(sc.NotApplicable, match=reason):
        sc.prove(layer, "dft")


def test_a_kernel_of_one_needs_no_circular_padding() -> None:
    for mode in ("zeros", "reflect"):
        proof = sc.prove(sc.Conv((3, 4), 1, 2, 3, padding_mode=mode), "dft", check="all")
        assert "padding" not in str(proof).split("Proof.")[1].split("Checked")[0].replace("nothing is padded", "")


def with_claim(proof: Proof, kind: type, change: Callable[[Any], Any], level: str = "axes") -> Proof:
    steps = tuple(
        replace(step, claim=change(step.claim)) if isinstance(step.claim, kind) else step for step in proof.steps
    )
    assert steps != proof.steps
    return replace(proof, steps=steps, level=level)


EVERYWHERE = (Ring, RingSum, Eigenvectors)


@pytest.mark.parametrize(
    ("kinds", "change"),
    [
        *(((kind,), "one further") for kind in EVERYWHERE),
        *(((kind,), "other way round") for kind in EVERYWHERE),
        (EVERYWHERE, "one further"),
        (EVERYWHERE, "other way round"),
        ((Inverse,), "order"),
        ((Inverse,), "size"),
    ],
    ids=str,
)
def test_an_exponent_off_by_one_or_of_the_wrong_tap_or_root_is_caught(kinds: tuple[type, ...], change: str) -> None:
    """In one claim, and in all of them alike: then the matrix itself refutes it."""

    def changed(claim: Any) -> Any:
        if change == "order":
            return replace(claim, order=2 * claim.order)
        if change == "size":
            return replace(claim, sizes=(claim.sizes[0] + 1, *claim.sizes[1:]))
        field = "positions" if isinstance(claim, RingSum) else "shifts"
        index = getattr(claim, field)[0]
        new = index + 1 if change == "one further" else index.substitute("u", index.solve("u", "u") * -1)
        return replace(claim, **{field: (new, *getattr(claim, field)[1:])})

    for size, kernel, lows in (((5,), (3,), (1,)), ((4, 3), (3, 2), (0, 1)), ((16,), (18,), (8,))):
        layer = ring(size, kernel, lows)
        assert layer is not None
        proof = built(layer, "dft")
        assert proof.check().ok
        for kind in kinds:
            proof = with_claim(proof, kind, changed)
        assert not proof.check().ok


def test_the_entries_do_not_rely_on_the_steps() -> None:
    """Eigenvalues of the wrong tap are refuted by F W = diag(lambda) F alone."""
    layer = ring((6, 4), (3, 2), (1, 0), in_channels=2, out_channels=2)
    assert layer is not None
    proof = built(layer, "dft")
    found = next(step for step in proof.steps if isinstance(step.rule, Factor))
    wrong = with_claim(
        proof, Eigenvectors, lambda claim: replace(claim, shifts=(found.claim.shifts[0] + 1, claim.shifts[1]))
    )  # type: ignore[attr-defined]
    for checks in (proof.theorem.entries, proof.theorem.sympy):
        assert all(check() for _, check in checks(proof))
        with pytest.raises(Exception, match="eigenvalue"):
            [check() for _, check in checks(wrong)]


# Pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        sc.Conv((16,), 3, padding=1, padding_mode="circular"),
        sc.Conv((6, 6), 3, 2, 2, padding=1, padding_mode="circular", bias=True),
        sc.Conv((6, 6), 3, 2, 2, padding=1, groups=2, padding_mode="circular"),
        sc.Conv((3, 4, 2), (2, 3, 1), 4, 2, padding=((1, 0), (1, 1), (0, 0)), groups=2, padding_mode="circular"),
        sc.Conv((4,), 3, dilation=2, padding=2, padding_mode="circular", flip_kernel=True),
        sc.Conv((1,), 1),
    ],
    ids=str,
)
def test_pages_stay_within_their_lines(layer: sc.Layer, pdflatex: str, tmp_path: Any) -> None:
    proof = sc.prove(layer, "dft")
    assert max(map(len, str(proof).splitlines())) <= 80
    assert_clean(compile_log(pdflatex, tmp_path, proof.render("latex", standalone=True)))
    assert "$$" not in proof.render("markdown").replace("$$\n", "").replace("\n$$", "")


def test_equal_eigenvalues_are_named() -> None:
    text = " ".join(str(sc.prove(sc.Conv((4,), 3, dilation=2, padding=2, padding_mode="circular"), "dft")).split())
    assert "Only 2 different sums are among these 4: for every kernel, λ[0] = λ[2], λ[1] = λ[3]." in text
