"""Layers without a kernel: pooling, interpolation and pixel shuffle against PyTorch, exactly, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from damages import built
from lanes import many, some

import symconv as sc
from symconv.form import Row
from symconv.matrices import NumberMatrix, number_rows
from symconv.proof import Step
from symconv.readmap import spatial_letters
from symconv.render.json_format import layer_from, load
from symconv.sums import Sum
from symconv.weighted import Pooled, Resampled

LINEAR = ("linear", "bilinear", "trilinear")


def each(rng: Random, rank: int, *values: Any) -> tuple[Any, ...]:
    return tuple(rng.choice(values) for _ in range(rank))


def pools(seed: int, count: int) -> list[dict[str, Any]]:
    """Seeded configurations over everything that PyTorch's AvgPoolNd supports."""
    rng, found = Random(seed), []
    while len(found) < count:
        rank = rng.choice((1, 2, 2, 3))
        kernel = each(rng, rank, 1, 2, 3, 4)
        config: dict[str, Any] = {
            "input_size": each(rng, rank, *range(1, 7 if rank < 3 else 5)),
            "kernel_size": kernel,
            "channels": rng.randint(1, 2),
            "stride": rng.choice((None, each(rng, rank, 1, 2, 3, 5))),
            "padding": tuple(rng.randint(0, k // 2) for k in kernel),
            "ceil_mode": rng.random() < 0.5,
            "count_include_pad": rng.random() < 0.5,
            "divisor_override": rng.choice((None, None, 3, -2)) if rank > 1 else None,
        }
        if rank == 3 and any(n < k for n, k in zip(config["input_size"], kernel, strict=True)):
            continue  # PyTorch's third rank refuses what its others allow
        try:
            sc.AvgPool(**config)
        except sc.SpecError:
            continue
        found.append(config)
    return found


def resamplings(seed: int, count: int) -> list[dict[str, Any]]:
    """Seeded configurations whose scales are powers of two, so that PyTorch's positions are exact."""
    rng, found = Random(seed), []
    while len(found) < count:
        rank = rng.choice((1, 2, 3))
        inputs = each(rng, rank, 1, 2, 3, 4, 5)
        config: dict[str, Any] = {"input_size": inputs, "channels": rng.randint(1, 2)}
        config["mode"] = rng.choice(("nearest", "nearest-exact", LINEAR[rank - 1], LINEAR[rank - 1]))
        if config["mode"] in LINEAR and rng.random() < 0.4:
            config["align_corners"] = True
            config["size"] = tuple(1 if n == 1 else (n - 1) * rng.choice((1, 2, 4)) + 1 for n in inputs)
        elif rng.random() < 0.5:
            config["scale_factor"] = each(rng, rank, 1, 2, 4, Fraction(1, 2), Fraction(1, 4))
        else:
            config["size"] = tuple(
                n // 2 if n % 2 == 0 and rng.random() < 0.3 else n * rng.choice((1, 2, 4)) for n in inputs
            )
        try:
            sc.Upsample(**config)
        except sc.SpecError:
            continue
        found.append(config)
    return found


def applied(layer: sc.Layer, x: np.ndarray) -> list[Fraction]:
    """W x in exact arithmetic."""
    flat = [int(value) for value in x.ravel()]
    return [sum((Fraction(c) * flat[p] for p, c in row.items()), Fraction(0)) for row in number_rows(layer.read_map)]


@pytest.mark.parametrize("seed", range(4))
def test_pooling_is_pytorchs_to_the_last_bit(seed: int) -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    for config in pools(seed, many(100, 25)):
        layer = sc.AvgPool(**config)
        rank = len(layer.input_size)
        module = (torch.nn.AvgPool1d, torch.nn.AvgPool2d, torch.nn.AvgPool3d)[rank - 1]
        options = {"divisor_override": layer.divisor_override} if rank > 1 else {}
        x = torch.randint(-9, 10, layer.input_shape).double() * 60**3 * 16  # a multiple of every divisor
        expected = module(
            config["kernel_size"], config["stride"], config["padding"], config["ceil_mode"],
            config["count_include_pad"], **options,
        )(x[None])[0].numpy()  # fmt: skip
        assert expected.shape == layer.output_shape, layer
        assert applied(layer, x.numpy()) == [int(value) for value in expected.ravel()], layer


def test_pooling_with_uneven_padding_is_the_average_of_a_padded_input() -> None:
    """What PyTorch has no parameter for, from its definition: a sum over a window, and a count of what is in it."""
    rng = Random(5)
    for _ in range(many(200, 50)):
        n, k, s = rng.randint(1, 9), rng.randint(1, 5), rng.randint(1, 4)
        low, high = rng.randint(0, k // 2), rng.randint(0, k // 2)
        include, ceil = rng.random() < 0.5, rng.random() < 0.5
        try:
            layer = sc.AvgPool((n,), k, 1, s, ((low, high),), ceil, include)
        except sc.SpecError:
            continue
        starts = [at for at in range(0, n + low + high, s) if at + k <= n + low + high]
        if ceil and starts[-1:] != [n + low + high - k] and (starts[-1] + s if starts else 0) < n + low:
            starts.append(starts[-1] + s if starts else 0)
        rows = []
        for start in starts:
            window = [t - low for t in range(start, start + k) if t < n + low + high]
            inside = [t for t in window if 0 <= t < n]
            rows.append(dict.fromkeys(inside, Fraction(1, len(window if include else inside))))
        assert [dict(row) for row in number_rows(layer.read_map)] == rows, layer


@pytest.mark.parametrize("seed", range(4))
def test_interpolation_is_pytorchs_to_the_last_bit(seed: int) -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    for config in resamplings(seed, many(80, 20)):
        layer = sc.Upsample(**config)
        options = {name: config.get(name) for name in ("size", "mode")}
        if "scale_factor" in config:
            options["scale_factor"] = [float(scale) for scale in config["scale_factor"]]
        if config["mode"] in LINEAR:
            options["align_corners"] = config.get("align_corners", False)
        x = torch.randint(-9, 10, layer.input_shape).double() * 2**30
        expected = torch.nn.functional.interpolate(x[None], **options)[0].numpy()
        assert expected.shape == layer.output_shape, layer
        assert applied(layer, x.numpy()) == [Fraction(value) for value in expected.ravel().tolist()], layer


def test_pixel_shuffle_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    for height, width, r, channels in ((1, 1, 1, 1), (2, 3, 2, 2), (3, 2, 3, 1), (1, 4, 2, 3), (4, 1, 4, 2)):
        layer = sc.PixelShuffle((height, width), r, channels)
        x = torch.arange(float(np.prod(layer.input_shape))).reshape(layer.input_shape)
        expected = torch.nn.functional.pixel_shuffle(x, r).numpy()
        assert expected.shape == layer.output_shape
        assert (layer.to_numpy() @ x.numpy().ravel() == expected.ravel()).all()


def test_pixel_shuffle_of_other_ranks_is_a_transpose() -> None:
    for sizes, r, channels in (((3,), 2, 2), ((2, 1, 3), 2, 1), ((2, 2, 1, 1), 2, 1)):
        layer, rank = sc.PixelShuffle(sizes, r, channels), len(sizes)
        x = np.arange(np.prod(layer.input_shape)).reshape(channels, *[r] * rank, *sizes)
        order = [0, *(axis for n in range(rank) for axis in (1 + rank + n, 1 + n))]
        assert (layer.to_numpy() @ x.ravel() == x.transpose(order).ravel()).all()


def layers() -> list[sc.Layer]:
    """Some of each kind."""
    found: list[sc.Layer] = [sc.AvgPool(**config) for config in pools(9, 25)]
    found += [sc.Upsample(**config) for config in resamplings(9, 20)]
    rng = Random(2)
    for _ in range(25):  # scales that are not powers of two
        rank = rng.choice((1, 2))
        options: dict[str, Any] = {"mode": rng.choice(("nearest", "nearest-exact", LINEAR[rank - 1]))}
        options["align_corners"] = options["mode"] in LINEAR and rng.random() < 0.4
        if rng.random() < 0.5:
            options["size"] = each(rng, rank, 1, 2, 3, 5, 7)
        else:
            options["scale_factor"] = each(rng, rank, Fraction(3, 2), Fraction(5, 3), 3, "1")
        found.append(sc.Upsample(each(rng, rank, 1, 2, 3, 4), **options))
    return [*found, sc.PixelShuffle((2, 3), 2, 2), sc.PixelShuffle((2,), 3), sc.PixelShuffle((1, 1, 2), 2)]


def test_every_layer_is_proved_with_every_check_and_written() -> None:
    for layer in layers():
        proof = sc.prove(layer, check="all")
        assert set(proof.check().levels) == {"axes", "entries", "sympy"}
        assert max(map(len, str(proof).splitlines())) <= 80, layer
        assert eval(repr(layer), vars(sc)) == layer
        for name in ("im2col", "kernel_vector", "flip", "kronecker"):
            with pytest.raises(sc.NotApplicable):
                sc.prove(layer, name)


def test_the_matrix_is_the_same_in_every_form() -> None:
    for layer in layers():
        exact = layer.weight_matrix()
        dense, sparse = layer.to_numpy(), layer.to_scipy()
        assert dense.dtype == np.float64
        assert (dense == sparse.toarray()).all()
        assert (dense == np.array(exact.tolist(), dtype=float).reshape(dense.shape)).all()
        assert sparse.nnz == layer.read_map.nonzeros == len(exact.todok())
        with pytest.raises(sc.SpecError, match="this layer has no kernel"):
            layer.to_numpy(np.ones(3))
        with pytest.raises(sc.NotApplicable, match="has no kernel"):
            layer.im2col()


def test_symbols_and_output() -> None:
    layer = sc.AvgPool((3,), 3, stride=1, padding=1, count_include_pad=False)
    x, k, b = layer.symbols()
    assert k is None
    assert b is None
    assert layer.output()[0, 0] == x[0, 0] / 2 + x[0, 1] / 2
    assert layer.kernel_shape is None


def test_ranks_have_letters_for_their_coefficients() -> None:
    assert spatial_letters(8)[7].coefficient == "θ"
    with pytest.raises(sc.SpecError, match="at most 8 axes"):
        sc.AvgPool((1,) * 9, 1)


# Damage -------------------------------------------------------------------------------------------


def test_a_damaged_coefficient_is_refused() -> None:
    """In a step: another constant before the sum, another index of a table, no table. In W: another number."""
    caught = 0
    for layer in some(layers(), 15):
        proof = built(layer, level="entries")
        for at, step in enumerate(proof.steps):
            for damaged in damaged_steps(step):
                steps = (*proof.steps[:at], damaged, *proof.steps[at + 1 :])
                report = replace(proof, steps=steps).check()
                assert not report.ok, (layer, damaged)
                assert at + 1 in {failure.step for failure in report.failed}
                caught += 1
        matrix = proof.matrices["W"]
        assert isinstance(matrix, NumberMatrix)
        rows = [dict(row) for row in matrix.rows]
        for wrong in (Fraction(1, 97), 0):
            row = next(row for row in rows if row)
            column = min(row)
            right, row[column] = row[column], wrong
            assert not replace(proof, matrices={"W": replace(matrix, rows=rows)}).check().ok
            row[column] = right
            caught += 1
    assert caught > many(700, 100)


def damaged_steps(step: Step) -> list[Step]:
    sums = getattr(step.claim, "sums", ())
    found: list[Sum] = []
    for n, axis in enumerate(sums):
        others = [replace(axis, coefficient=axis.coefficient * 2)]
        for factor in axis.known:
            place = axis.factors.index(factor)
            rest = axis.factors[:place], axis.factors[place + 1 :]
            others.append(replace(axis, factors=(*rest[0], *rest[1])))
            others.append(replace(axis, factors=(*rest[0], replace(factor, letter="k"), *rest[1])))
            others += [
                replace(axis, factors=(*rest[0], replace(factor, indices=(*factor.indices[:m], index + 1, *factor.indices[m + 1 :])), *rest[1]))
                for m, index in enumerate(factor.indices)
            ]  # fmt: skip
        found += [(*sums[:n], other, *sums[n + 1 :]) for other in others]  # type: ignore[misc]
    return [replace(step, claim=replace(step.claim, sums=each)) for each in found]  # type: ignore[type-var]


def test_a_coefficient_that_the_matrix_side_gets_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the inverse route forgets an input or takes a wrong tap, the two routes do not meet."""
    for layer in (sc.Upsample((3,), size=5, mode="linear"), sc.AvgPool((4,), 2, stride=1)):
        line = layer.read_map.lines[0]
        right = line.meets

        def wrong(p: int, right: Any = right) -> dict[int, tuple[int, ...]]:
            return {i: (1 - taps[0],) for i, taps in right(p).items()}

        other = replace(layer)
        copy = replace(line)
        object.__setattr__(copy, "meets", wrong)
        other.__dict__["read_map"] = replace(layer.read_map, axes=(copy,))
        assert not built(other).check().ok


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sc.AvgPool((4, 4), 2, padding=2), "padding=2: must be at least 0 and at most half the kernel: at most 1 on axis 0"),
        (lambda: sc.AvgPool((4,), 2, padding=((-1, 0),)), "must be at least 0 and at most half the kernel"),
        (lambda: sc.AvgPool((4,), 2, padding="same"), "average pooling takes numbers only"),
        (lambda: sc.AvgPool((2, 2), 3), "the window spans 3 and the padded input has 2, so it does not fit"),
        (lambda: sc.AvgPool((4,), 2, divisor_override=0), "must not be 0: the sums are divided by it"),
        (lambda: sc.AvgPool((4,), 2, ceil_mode=1), "must be True or False"),  # type: ignore[arg-type]
        (lambda: sc.AvgPool((4,), 2, stride=0), "stride=0: must be at least 1"),
        (lambda: sc.Upsample((2, 2)), "by one of them and not by both"),
        (lambda: sc.Upsample((2, 2), size=4, scale_factor=2), "by one of them and not by both"),
        (lambda: sc.Upsample((2, 2), scale_factor=1.5), "must be an integer or a fraction, not a float"),
        (lambda: sc.Upsample((2, 2), scale_factor="1/0"), "is a fraction with the denominator 0"),
        (lambda: sc.Upsample((2, 2), scale_factor="abc"), "must be an integer or a fraction; this string is neither"),
        (lambda: sc.Upsample((2, 2), scale_factor=(2, 2, 2)), "needs one entry for each of the 2 axes"),
        (lambda: sc.Upsample((2, 2), scale_factor="1/3"), "leaves no output on axis 0, which has 2"),
        (lambda: sc.Upsample((2, 2), size=4, mode="linear"), "must be one of nearest, nearest-exact, bilinear; linear is for rank 1"),
        (lambda: sc.Upsample((2, 2), size=4, mode="bicubic"), "must be one of nearest, nearest-exact, bilinear"),
        (lambda: sc.Upsample((2, 2), size=4, align_corners=True), "is only for the mode bilinear"),
        (lambda: sc.PixelShuffle((2, 2), 0), "upscale_factor=0: must be at least 1"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(make: Any, said: str) -> None:
    with pytest.raises(sc.SpecError) as caught:
        make()
    assert said in str(caught.value)


def test_max_pooling_is_refused_with_two_inputs_that_show_why(capsys: pytest.CaptureFixture[str]) -> None:
    from symconv.cli import main

    assert main(["prove", "--layer", "max-pool", "--input", "4x4", "--kernel", "2"]) == 2
    said = capsys.readouterr().err
    assert "the maximum of (1, 0) is 1 and that of (0, 1) is 1, but that of their sum (1, 1) is 1, not 2" in said


def test_the_command_line_has_a_flag_for_every_parameter(tmp_path: Path) -> None:
    from symconv.cli import main

    for line, layer in (
        (
            "--layer avg-pool --input 5x5 --kernel 3x2 --channels 2 --stride 2 --padding 1:0x0:1 --ceil-mode "
            "--no-count-include-pad --divisor-override=-3",
            "AvgPool(input_size=(5, 5), kernel_size=(3, 2), channels=2, stride=2, padding=((1, 0), (0, 1)), "
            "ceil_mode=True, count_include_pad=False, divisor_override=-3)",
        ),
        (
            "--layer upsample --input 2x2 --channels 2 --scale-factor 3/2x2 --mode bilinear",
            "Upsample(input_size=(2, 2), channels=2, scale_factor=('3/2', 2), mode='bilinear')",
        ),
        (
            "--layer upsample --input 2x2 --size 3x4 --mode bilinear --align-corners",
            "Upsample(input_size=(2, 2), size=(3, 4), mode='bilinear', align_corners=True)",
        ),
        (
            "--layer pixel-shuffle --input 2x2 --upscale-factor 2 --channels 2",
            "PixelShuffle(input_size=(2, 2), upscale_factor=2, channels=2)",
        ),
    ):
        target = tmp_path / "proof.json"
        assert main(["prove", *line.split(), "-o", str(target)]) == 0
        assert repr(layer_from(load(target.read_text()))) == layer
        assert main(["check", str(target)]) == 0


@pytest.mark.parametrize("constant", [True, False])
def test_pooling_is_a_convolution_exactly_where_its_divisor_is_constant(constant: bool) -> None:
    """The depthwise convolution that the theorem names, on numbers; and two rows that no constant makes equal."""
    found = 0
    for config in pools(3, many(120, 50)):
        layer = sc.AvgPool(**config)
        values = {value for row in number_rows(layer.read_map) for value in row.values()}
        if (len(values) == 1) is not constant:
            continue
        steps = sc.prove(layer, "pooling").steps
        kinds = [type(step.claim).__name__ for step in steps]
        assert ("ConstantKernel" in kinds, "Unequal" in kinds) == (constant, not constant)
        if constant:
            conv = next(s.claim.layer for s in steps if getattr(s.claim, "letter", "") == "V")  # type: ignore[attr-defined]
            ones = np.ones(conv.kernel_shape, np.int64)
            (value,) = values
            assert (conv.to_numpy(ones).astype(bool) == (layer.to_numpy() != 0)).all()
            assert (conv.to_numpy(ones) * float(value) == layer.to_numpy()).all()
        found += 1
    assert found > many(10, 3)


def test_rows_with_coefficients_are_collected_exactly() -> None:
    from symconv.form import weigh

    third: Row = weigh([((None, 0), Fraction(1, 3)), ((None, 0), Fraction(-1, 3)), ((None, 1), 2)])
    assert third == {(None, 1): 2}


def test_what_a_layer_shows_of_itself_is_valid_input() -> None:
    for factor in (2, Fraction(3, 2), "5/4", (2, Fraction(1, 2)), ("3/2", 3)):
        layer = sc.Upsample((4, 4), scale_factor=factor)  # type: ignore[arg-type]
        assert eval(repr(layer), {"Upsample": sc.Upsample}) == layer
    for divisor in (None, 3, -2):
        pool = sc.AvgPool((4, 6), 2, stride=(1, 2), padding=((1, 0), (0, 1)), divisor_override=divisor)
        assert eval(repr(pool), {"AvgPool": sc.AvgPool}) == pool


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (sc.AvgPool((5,), 3, 1, 2, 1, count_include_pad=False), Pooled),
        (sc.AvgPool((4, 6), (2, 3), 2, (1, 2), 1, ceil_mode=True), Pooled),
        (sc.Upsample((3,), size=5, mode="linear"), Resampled),
        (sc.Upsample((2, 3), scale_factor=2, mode="bilinear", align_corners=True), Resampled),
    ],
)
@pytest.mark.parametrize("route", ["coefficient", "weight"])
def test_coefficients_are_written_down_twice(
    layer: Any, kind: type[Any], route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in either of the two is found by weight_matrix itself."""
    right = getattr(kind, route)
    assert built(layer).check().ok
    monkeypatch.setattr(kind, route, lambda line, output, tap: right(line, output, tap) / 2)
    assert not built(replace(layer)).check().ok
