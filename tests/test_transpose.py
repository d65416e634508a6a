"""The transpose: dense matrices, PyTorch's own transposed convolution and autograd, and what catches damage."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lanes import many, some
from test_documents import assert_clean, compile_log
from test_output_size import layers
from test_transposed import configurations

import symconv as sc
from symconv.adjoint import adjoint
from symconv.catalogue import theorem_named
from symconv.catalogue.transpose import ADJOINT, build
from symconv.expressions import Transposed
from symconv.identities import Equation, Selected
from symconv.matrices import NumberMatrix
from symconv.proof import Proof
from symconv.steps.isometry import Diagonal, Kernels, Solve, equations, labelled_tables, solve
from symconv.steps.transposing import AdjointWeights, Dropped, Meeting

CONFIGURATIONS = [
    *layers(2, many(200, 50)), *(sc.ConvTranspose(**config) for config in configurations(6, many(70, 20))),
    sc.Linear(1, 1), sc.Linear(3, 2, bias=True), sc.Linear(2, 4),
    sc.ConvTranspose((3,), 2, stride=2, dilation=4, output_padding=3),
    sc.ConvTranspose((2, 3), 3, 4, 2, groups=2, dilation=(3, 2), output_padding=(2, 1), padding=((-1, 2), (1, 0))),
]  # fmt: skip


def put(layer: Any, kernel: Any) -> tuple[Any, Any]:
    """The adjoint's kernel with the layer's entries in their places, and the adjoint."""
    pair = adjoint(layer)
    flat = np.empty(kernel.size, kernel.dtype)
    flat[:] = kernel.reshape(-1)[list(pair.flat)]
    return flat.reshape(pair.layer.kernel_shape), pair


def padder(layer: Any, pair: Any) -> Any:
    """P as an array: the padded input of every unit input, taken from the theorem's proof."""
    matrices = build(layer)[1]
    matrix = matrices.get("P")
    if matrix is None:
        return np.eye(pair.layer.output_shape[0] * int(np.prod(pair.layer.output_shape[1:])), dtype=int)
    assert isinstance(matrix, NumberMatrix)
    dense = np.zeros(matrix.shape, int)
    for row, cells in enumerate(matrix.rows):
        for column, one in cells.items():
            dense[row, column] = one
    return dense


def test_it_is_the_dense_transpose() -> None:
    rng = np.random.default_rng(1)
    for layer in CONFIGURATIONS:
        kernel = rng.integers(-9, 10, layer.kernel_shape)
        own, pair = put(layer, kernel)
        right = padder(layer, pair).T @ pair.layer.to_numpy(own)
        assert (right == layer.to_numpy(kernel).T).all(), layer


def test_it_is_proved_for_every_configuration_entry_by_entry() -> None:
    kinds = set()
    for layer in CONFIGURATIONS:
        proof = sc.prove(layer, "transpose", check="entries")
        kinds.add((type(layer).__name__, type(proof.steps[1].claim.layer).__name__, "P" in proof.matrices))
        kinds.add(next(step.claim.why for step in proof.steps if isinstance(step.claim, Kernels)))
        text = str(proof)
        assert max(map(len, text.splitlines())) <= 80
        assert eval(repr(proof.steps[1].claim.layer), vars(sc)) == proof.steps[1].claim.layer
    assert kinds >= {
        ("Conv", "ConvTranspose", False), ("Conv", "ConvTranspose", True), ("Conv", "Conv", False),
        ("ConvTranspose", "Conv", False), ("Linear", "Linear", False), "solved", "unsolved", "rank", "unread",
    }  # fmt: skip


def test_sympy_agrees() -> None:
    for layer in some([*CONFIGURATIONS[:40], *CONFIGURATIONS[many(200, 50) :][:10], *CONFIGURATIONS[-5:]], 15):
        if layer.read_map.nonzeros <= 300:
            assert "sympy" in sc.prove(layer, "transpose", check="all").check().levels


def test_pytorch_has_the_same_adjoint() -> None:
    """autograd of conv, and conv_transpose with the output padding that is claimed."""
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    done = 0
    for layer in CONFIGURATIONS[: many(200, 50)]:
        padding = tuple(max(low, 0) for low, _ in layer.padding)
        changes = {"padding": padding, "input_dilation": 1, "flip_kernel": False, "padding_mode": "zeros"}
        try:
            layer = replace(layer, **changes)
        except sc.SpecError:  # the kernel does not fit with less padding
            continue
        rank = len(layer.input_size)
        conv = getattr(torch.nn.functional, f"conv{rank}d")
        back = getattr(torch.nn.functional, f"conv_transpose{rank}d")
        kernel = torch.randint(-9, 10, layer.kernel_shape).double()
        x = torch.zeros((1, *layer.input_shape), dtype=torch.float64, requires_grad=True)
        g = torch.randint(-9, 10, (1, *layer.output_shape)).double()
        conv(x, kernel, None, layer.stride, padding, layer.dilation, layer.groups).backward(g)
        other = adjoint(layer).layer
        ours = other.to_numpy(kernel.numpy().astype(int)) @ g.numpy().ravel()
        theirs = back(g, kernel, None, layer.stride, padding, other.output_padding, layer.groups, layer.dilation)
        assert (x.grad.numpy().ravel() == ours).all(), layer
        assert (theirs.numpy().ravel() == ours).all(), layer
        done += 1
    assert done >= many(100, 25)


# W^T W --------------------------------------------------------------------------------------------


def claimed(layer: Any) -> Kernels:
    return build(layer)[0][-1].claim  # type: ignore[return-value]


def test_the_equations_are_the_entries_of_the_dense_product() -> None:
    """Every equation is an entry of W^T W - I with a random kernel, and every entry is one of them."""
    rng, done = np.random.default_rng(4), 0
    for layer in CONFIGURATIONS:
        found = equations(layer.read_map, labelled_tables(layer))
        if found is None:
            continue
        kernel = rng.integers(1, 10**6, int(np.prod(layer.kernel_shape))).astype(object)
        dense = layer.to_numpy(kernel.reshape(layer.kernel_shape))
        product = dense.T.dot(dense) - np.eye(dense.shape[1], dtype=int)
        values = {
            sum(c * int(np.prod([kernel[u] for u in monomial], dtype=object)) for monomial, c in each) for each in found
        }
        assert values - {0} == set(product.ravel()) - {0}, layer
        done += 1
    assert done > many(100, 25)


@pytest.mark.parametrize(
    ("layer", "why", "solutions"),
    [
        (sc.Conv((4,), 1), "solved", ((0, 1),)),
        (sc.Conv((5,), 3, padding=1), "solved", ((1, 1),)),
        (sc.Conv((4, 4), 3, padding=1), "solved", ((4, 1),)),
        (sc.Conv((4,), 3, padding="full"), "solved", ((0, 1), (1, 1), (2, 1))),
        (sc.Conv((4,), 3, padding=1, padding_mode="circular"), "solved", ((0, 1), (1, 1), (2, 1))),
        (sc.Conv((3,), 3, padding=1, padding_mode="circular"), "unsolved", ()),
        (sc.Conv((4,), 3), "rank", ()),
        (sc.Conv((4,), 1, stride=2), "unread", ()),
        (sc.Conv((2,), 1, 1, 2), "unsolved", ()),
        (sc.Linear(1, 1), "solved", ((0, 1),)),
        (sc.Linear(2, 2), "unsolved", ()),
        (sc.Conv((2,), 1, padding=((0, 2),), padding_mode="circular"), "solved", ((0, 2),)),
    ],
)  # fmt: skip
def test_the_kernels_for_which_it_is_an_inverse(layer: Any, why: str, solutions: Any) -> None:
    claim = claimed(layer)
    assert (claim.why, claim.solutions) == (why, solutions)
    for entry, factor in solutions:
        kernel = np.zeros(int(np.prod(layer.kernel_shape)), int)
        kernel[entry] = 1
        dense = layer.to_numpy(kernel.reshape(layer.kernel_shape))
        assert (dense.T @ dense == np.eye(dense.shape[1], dtype=int) * factor).all()


def test_small_integer_kernels_are_orthonormal_only_where_it_says() -> None:
    """Every kernel with entries -1, 0, 1, against the solutions that are claimed to be all."""
    for layer in CONFIGURATIONS:
        claim, size = claimed(layer), int(np.prod(layer.kernel_shape))
        if claim.why not in ("solved", "rank", "unread") or size > 6:
            continue
        used = {u for row in build(layer)[1]["W"].rows for cell in row.values() for u in cell}
        for n in range(3**size):
            kernel = np.array([n // 3**digit % 3 - 1 for digit in range(size)])
            dense = layer.to_numpy(kernel.reshape(layer.kernel_shape))
            holds = (dense.T @ dense == np.eye(dense.shape[1], dtype=int)).all()
            alive = [u for u in range(size) if kernel[u] and u in used]
            assert holds == (len(alive) == 1 and (alive[0], 1) in claim.solutions), (layer, kernel)


# Damage -------------------------------------------------------------------------------------------

PLAIN = sc.Conv((6,), 2, 2, 3, stride=2, padding=((1, 0),), flip_kernel=True)
FOLDED = sc.Conv((4,), 3, padding=1, padding_mode="reflect")
DILATED = sc.Conv((3,), 2, 2, 2, stride=2, input_dilation=3)
BACK = sc.ConvTranspose((3,), 2, stride=3, output_padding=1)


def steps_of(layer: Any, kind: type[Any]) -> tuple[int, Any]:
    return next((n, step) for n, step in enumerate(build(layer)[0], 1) if isinstance(step.claim, kind))


def damages() -> list[tuple[Any, int, dict[str, Any]]]:
    found: list[tuple[Any, int, dict[str, Any]]] = []
    for layer in (PLAIN, FOLDED, DILATED, BACK):
        at, step = steps_of(layer, AdjointWeights)
        labels = step.claim.labels
        found.append((layer, at, {"claim": replace(step.claim, labels=((0,) * len(labels[0]), *labels[1:]))}))
        at, step = steps_of(layer, Meeting)
        (here, there), *rest = step.claim.axes
        found.append((layer, at, {"claim": Meeting(((there, here), *rest))}))
        at, step = steps_of(layer, Equation)
        found.append((layer, at, {"claim": replace(step.claim, left="W")}))
        at, step = steps_of(layer, Dropped)
        room, stride, rest_ = step.claim.axes[0]
        found.append((layer, at, {"claim": Dropped(((room, stride, rest_ + 1),))}))
        at, step = steps_of(layer, Diagonal)
        found.append((layer, at, {"claim": replace(step.claim, entry=step.claim.entry[1:])}))
        found.append(
            (layer, at, {"claim": replace(step.claim, at=tuple(0 for _ in step.claim.at), entry=(((0, 1), 1),))})
        )
        at, step = steps_of(layer, Kernels)
        found.append((layer, at, {"claim": Kernels("solved", step.claim.equations, ((0, 1),))}))
    at, step = steps_of(FOLDED, Selected)
    found.append(
        (
            FOLDED,
            at,
            {"claim": replace(step.claim, lines=tuple(replace(line, to=line.to + 1) for line in step.claim.lines))},
        )
    )
    at, step = steps_of(FOLDED, Kernels)
    given = step.claim.equations
    found.append((FOLDED, at, {"claim": replace(step.claim, solutions=())}))
    found.append((FOLDED, at, {"claim": replace(step.claim, solutions=((0, 1),))}))
    found.append((FOLDED, at, {"claim": replace(step.claim, equations=given[1:]), "rule": Solve(solve(given[1:]))}))
    return found


@pytest.mark.parametrize("n", range(len(damages())))
def test_each_damage_is_caught_by_its_step(n: int) -> None:
    layer, at, changes = damages()[n]
    steps, matrices = build(layer)
    steps = (*steps[: at - 1], replace(steps[at - 1], **changes), *steps[at:])
    report = Proof(theorem_named("transpose"), layer, steps, matrices, "axes").check()
    assert at in {failure.step for failure in report.failed}, report


def test_another_adjoint_is_caught() -> None:
    """Every neighbour of the adjoint in one parameter: the output padding, the padding, the stride, the flip."""
    for layer in (PLAIN, FOLDED, DILATED, BACK):
        pair = adjoint(layer)
        for name in ("output_padding", "padding", "stride", "dilation", "flip_kernel"):
            value = getattr(pair.layer, name, None)
            if value is None:
                continue
            new: Any = (
                not value
                if name == "flip_kernel"
                else tuple((p + 1, q - 1) for p, q in value)
                if name == "padding"
                else tuple(v + 1 for v in value)
            )
            try:
                other = replace(pair.layer, **{name: new})
            except sc.SpecError:
                continue
            steps, matrices = build(layer)
            wrong = replace(steps[1].claim, layer=other)  # type: ignore[type-var]
            report = Proof(
                theorem_named("transpose"),
                layer,
                (steps[0], replace(steps[1], claim=wrong), *steps[2:]),
                matrices,
                "axes",
            ).check()
            assert not report, (layer, name)


def test_the_whole_equation_needs_the_matrix() -> None:
    steps, matrices = build(PLAIN)
    report = Proof(theorem_named("transpose"), PLAIN, steps, {"W": matrices["W"]}, "entries").check()
    assert "the proof has no matrix A" in str(report)
    assert matrices[ADJOINT].shape == matrices["W"].shape[::-1]
    assert Transposed("W") == Transposed("W")


# Documents ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [PLAIN, FOLDED, DILATED, BACK, sc.Linear(3, 2), sc.Conv((8, 9), 3, 4, 8, stride=2, padding=1, groups=2, padding_mode="circular", input_dilation=2, bias=True),
     sc.Conv((5, 5), 3, 4, 4, stride=2, padding=1, groups=2, input_dilation=(2, 3)), sc.Conv((14, 14), 5, 6, 16), sc.Conv((4, 4), 3, padding=1)],
)  # fmt: skip
def test_the_page_compiles_and_nothing_runs_off_it(layer: Any, pdflatex: str, tmp_path: Path) -> None:
    assert_clean(compile_log(pdflatex, tmp_path, sc.prove(layer, "transpose").render("latex", standalone=True)))


def test_the_words_belong_to_the_case() -> None:
    for layer in CONFIGURATIONS[:60]:
        text = " ".join(str(sc.prove(layer, "transpose", check="axes")).split("The transposed layer")[1].split())
        assert ("adds up the copies" in text) == layer.read_map.folded
        assert bool(re.search(r"output padding \d", text)) == any(getattr(adjoint(layer).layer, "output_padding", ()))
