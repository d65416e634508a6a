"""Sizes before allocation: what is too large is refused at once, with its size and the option that allows it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lanes import some

import symconv as sc
from symconv import limits
from symconv.cli import main

HUGE = ("--input", "100000x100000", "--kernel", "3x3")
MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "symconv", *sys.argv[1:]], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_maxrss, used.ru_utime + used.ru_stime)
print(done.stderr, end="")
"""


def measured(*arguments: str) -> tuple[int, float, float, str]:
    """Exit status, megabytes at most, processor time in seconds, and what was said."""
    pytest.importorskip("resource", reason="POSIX measures memory")
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True)
    first, _, said = done.stdout.partition("\n")
    status, memory, seconds = first.split()
    return int(status), int(memory) / 1024, float(seconds), said


@pytest.fixture(autouse=True)
def own_limits() -> Iterator[None]:
    kept = {name: getattr(limits, name) for name in ("tables", "nonzeros", "dense")}
    yield
    for name, value in kept.items():
        setattr(limits, name, value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", *HUGE), "99,996,000,040,000,000,000 cells, and show prints at most 20,000; use a smaller layer, or --limit 99996000040000000000"),
        (("prove", *HUGE), "799,988 entries (about 239 MB), more than 600,000; --limit 799988 allows it"),
        (("prove", *HUGE, "--check", "entries"), "--limit 799988 allows it"),
        (("prove", *HUGE, "--theorem", "im2col", "--limit", "800000"), "goes through 89,996,400,036 entries one by one (about 8 TB), more than 10,000,000; --limit 89996400036 allows it"),
        (("worksheet", *HUGE), "--limit 799988 allows it"),
        (("draw", *HUGE), "10,000,000,000 cells, and a picture shows at most 4,000"),
        (("prove", "--input", "5000x5000", "--kernel", "3x3", "--check", "entries"), "--check axes goes along the axes instead, and --limit 224820036 allows it"),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each),
)  # fmt: skip
def test_it_is_refused_in_a_second_and_two_hundred_megabytes(arguments: tuple[str, ...], said: str) -> None:
    status, memory, seconds, line = measured(*arguments)
    assert status == 2
    assert said in line
    assert line.count("\n") == 1
    assert memory < 200
    assert seconds < 1  # of processor time: a busy machine waits longer


def command(theorem: str, n: int) -> list[str]:
    """One that asks for a theorem about n x n inputs."""
    size = ["--input", f"{n}x{n}"]
    layer = {
        "pooling": ["--layer", "avg-pool", *size, "--kernel", "3x3"],
        "upsampling": ["--layer", "upsample", *size, "--scale-factor", "2"],
    }.get(theorem, [*size, "--kernel", "3x3"])
    more = {
        "composition": ["--then", "--kernel 3x3"],
        "dft": ["--padding", "1", "--padding-mode", "circular"],
        "bias_gradient": ["--bias"],
        "padding_factor": ["--padding", "1"],
        "stride_selection": ["--stride", "2"],
    }
    return ["prove", *layer, *more.get(theorem, []), "--theorem", theorem]


@pytest.mark.parametrize("theorem", sc.theorems())
def test_every_theorem_refuses_that_size(theorem: str) -> None:
    status, memory, seconds, said = measured(*command(theorem, 100_000))
    assert status == 2
    assert said.count("\n") == 1
    assert "allows it" in said or "does not apply" in said
    assert memory < 200
    assert seconds < 2


@pytest.mark.parametrize("theorem", some(sc.theorems(), 1, ["kronecker"]))
def test_the_largest_layer_that_is_not_refused_is_proved_within_the_memory(theorem: str, tmp_path: Path) -> None:
    *_, said = measured(*command(theorem, 200_000), "--check", "axes")
    found = re.search(r"have ([\d,]+) entries .* more than 600,000; ", said)
    if found is None:
        assert "does not apply" in said
        return
    largest = 200_000 * 590_000 // int(found[1].replace(",", ""))
    status, memory, _, said = measured(*command(theorem, largest), "--check", "axes", "-o", str(tmp_path / "proof.txt"))
    assert (status, said) == (0, "") or (status == 2 and re.search(r"entries one by one|more than [12],000,000 ", said))
    assert memory < 200


def test_a_raised_limit_allows_it(tmp_path: Path) -> None:
    target = tmp_path / "proof.txt"
    status, memory, _, said = measured("prove", *HUGE, "--limit", "800000", "-o", str(target))
    assert (status, said) == (0, "")
    assert "9999600004 × 10000000000" in target.read_text().replace(",", "").replace("×", " × ").replace("  ", " ")
    assert memory < 200


def test_a_limit_met_within_a_check_is_no_failed_claim() -> None:
    """The claim is not false: it is refused, with the limit."""
    limits.tables = 40
    with pytest.raises(sc.TooLarge, match=r"symconv\.limits\.tables = \d+ allows it"):
        sc.prove(sc.Conv((9,), 3, stride=2), "stride_selection")


def test_python_says_its_own_name_of_the_limit() -> None:
    layer = sc.Conv((150_000,), 5)
    with pytest.raises(sc.TooLarge, match=r"symconv\.limits\.tables = 899980 allows it"):
        sc.prove(layer)


@pytest.mark.parametrize(
    "make",
    [
        "weight_matrix",
        "output",
        "symbols",
        "im2col",
        "flat_symbols",
        "to_numpy",
        "to_scipy",
        "to_torch",
        "output_latex",
    ],
)
def test_a_layer_refuses_what_does_not_fit(make: str) -> None:
    layer = sc.AvgPool((100_000, 100_000), 3) if make.startswith("to_") else sc.Conv((100_000, 100_000), 3)
    if make == "to_torch":
        pytest.importorskip("torch", reason="pip install 'symconv[torch]'")
    with pytest.raises(sc.TooLarge, match=r"symconv\.limits\.\w+ = \d+ allows it|bytes of memory"):
        getattr(layer, make)()


@pytest.mark.parametrize("make", ["weight_matrix", "output", "symbols", "im2col", "output_latex"])
@pytest.mark.parametrize("layer", [sc.Conv((3,), 3, 10**6, 10**6), sc.Linear(10**5, 10**5)], ids=["channels", "linear"])
def test_channels_are_sized_without_a_table_of_their_pairs(layer: sc.Layer, make: str) -> None:
    with pytest.raises(sc.TooLarge, match=r"symconv\.limits\.nonzeros = \d+ allows it"):
        getattr(layer, make)()
    assert "flip" in sc.theorems(layer) or isinstance(layer, sc.Linear)
    assert "W[0, 0] is k_{0,0" in layer.explain(0, 0)


@pytest.mark.parametrize("theorem", ["weight_matrix", "kronecker", "transpose", "sparsity", "dft"])
def test_more_rows_than_python_numbers_are_refused(theorem: str) -> None:
    """4^41 rows lie along 41 axes of four, so that no table is large."""
    layer = sc.Conv((4,) * 41, 1)
    with pytest.raises(sc.TooLarge, match="has 4,835,703,278,458,516,698,824,704 rows or columns"):
        sc.prove(layer, theorem)
    assert layer.explain((0,) * 42, (0,) * 42).endswith(
        "it lies on input " + str((0,) * 42) + f" when output {(0,) * 42} is computed."
    )


@pytest.mark.parametrize("theorem", ["linear_as_conv", "morphism"])
def test_another_layer_of_a_proof_is_sized_too(theorem: str) -> None:
    with pytest.raises(sc.TooLarge):
        sc.prove(sc.Conv((10**5, 10**5), (10**5, 10**5)), theorem)


def test_a_limit_that_is_none_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--input", "4", "--kernel", "3", "--limit", "many"]) == 2
    assert "--limit='many': must be an integer of at least 0" in capsys.readouterr().err
