"""The pages of fast schemes, and their options on the command line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv import cli

PAGES = {
    "f63": (sc.Conv((20,), 3, padding=1), "winograd", {"tile": 6}),
    "f63-2d": (sc.Conv((12, 12), 3, padding=1), "winograd", {"tile": 6}),
    "two-schemes": (sc.Conv((6, 9), (3, 2), 4, 2, padding=((1, 0), (2, 1)), groups=2, bias=True,
                            padding_mode="reflect", flip_kernel=True), "winograd", {"tile": (2, 4)}),
    "kernel-1": (sc.Conv((3,), 1), "winograd", {}),
    "ring": (sc.Conv((5,), 3, padding=1), "fft_linear", {}),
    "ring-3d": (sc.Conv((3, 2, 4), 2, 2, 2, groups=2), "fft_linear", {}),
    "karatsuba": (sc.Conv((6, 7), (3, 2), 2, 2, padding=((1, 3), (-1, 1)), bias=True), "fft_linear", {"method": "karatsuba"}),
    "toom-3": (sc.Conv((8,), 5, padding=9), "fft_linear", {"method": "toom-3"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_compile_and_nothing_runs_off_them(name: str, pdflatex: str, tmp_path: Path) -> None:
    layer, theorem, asked = PAGES[name]
    proof = sc.prove(layer, theorem, **asked)
    log = compile_log(pdflatex, tmp_path, proof.render("latex", standalone=True))
    assert_clean(log)
    assert "Overfull" not in log
    assert max(map(len, str(proof).splitlines())) <= 80


def test_the_page_says_over_which_rings() -> None:
    """The matrices have denominators, so the statement is not one about every ring."""
    assert "in which 6 has an inverse" in " ".join(
        str(sc.prove(sc.Conv((4,), 3), "winograd", tile=2, points=(0, 1, -2))).split()
    )
    plain = " ".join(str(sc.prove(sc.Conv((4,), 3), "winograd", tile=1, points=(0, 1))).split())
    assert plain.endswith("over every commutative ring.")


BASE = ["prove", "--input", "8x8", "--kernel", "3x2", "--theorem", "winograd"]


def test_with_gives_a_theorem_its_options(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """As numbers, fractions, lists and words; and a JSON proof holds them, so that it can be checked."""
    assert cli.main([*BASE, "--with", "tile=2x1", "--with", "points=0,1,1/2x-1,"]) == 0
    assert capsys.readouterr().out == str(
        sc.prove(sc.Conv((8, 8), (3, 2)), "winograd", tile=(2, 1), points=((0, 1, Fraction(1, 2)), (-1,)))
    )
    path = str(tmp_path / "proof.json")
    assert cli.main([*BASE, "--with", "tile=2x1", "--with", "points=0,1,1/2x-1,", "-o", path]) == 0
    assert cli.main(["check", path]) == 0
    text = Path(path).read_text(encoding="utf-8")
    assert '"points": "0,1,1/2x-1,"' in text
    Path(path).write_text(text.replace("1/2x-1,", "1/3x-1,"), encoding="utf-8")
    assert cli.main(["check", path]) == 1
    Path(path).write_text(text.replace('"0,1,1/2x-1,"', "7"), encoding="utf-8")
    assert cli.main(["check", path]) == 2
    assert (
        cli.main(["prove", "--input", "8", "--kernel", "3", "--theorem", "fft-linear", "--with", "method=toom-3"]) == 0
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["foo=1"], "--with foo=1: winograd takes tile, points"),
        (["tile"], "--with='tile': must be name=value. Valid: --with tile=4"),
        (["=2"], "must be name=value"),
        (["tile=1.5"], "--with tile='1.5': the value must be numbers or fractions joined by commas"),
        (["tile=__import__('os')"], "the value must be numbers or fractions joined by commas"),
        (["points=0,1/0"], "the value must be numbers or fractions joined by commas"),
        (["tile="], "the value must be numbers or fractions joined by commas"),
        (["tile=2", "tile=3"], "--with='tile=3': gives tile a second time"),
        (["tile=2", "points=0,1,1"], "must be different along axis 0, and 1 occurs twice"),
        (["tile=two"], "--with tile=two: must be an integer, not a string"),
    ],
)
def test_with_is_refused_in_one_line(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*BASE, *(part for each in given for part in ("--with", each))]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
