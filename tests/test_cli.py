"""The command line: exit statuses, and one clear line for every bad input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import symconv as sc
from symconv.cli import main
from symconv.commands.values import read_value

BASE = ["prove", "--input", "4x4", "--kernel", "3x3"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a user runs it."""
    command = [sys.executable, "-m", "symconv", *arguments]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", env={**os.environ, **environment}, timeout=120, check=False
    )


def test_the_main_job_writes_a_document(tmp_path: Path) -> None:
    target = tmp_path / "proof.tex"
    done = run(*BASE, "-o", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.read_text().startswith(r"\documentclass")
    assert target.read_text().endswith("\\end{document}\n")


@pytest.mark.parametrize(
    ("suffix", "start"), [("tex", r"\documentclass"), ("md", "# A "), ("txt", "A 3×3"), ("json", "{")]
)
def test_the_suffix_says_the_format(suffix: str, start: str, tmp_path: Path) -> None:
    target = tmp_path / f"proof.{suffix}"
    assert main([*BASE, "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").startswith(start)


def test_standard_output_is_text_unless_a_format_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(BASE) == 0
    assert capsys.readouterr().out.startswith("A 3×3 convolution")
    assert main([*BASE, "-o", "-", "--format", "latex", "--fragment"]) == 0
    assert capsys.readouterr().out.startswith("% needs \\usepackage{")


def test_the_same_bytes_on_every_run_and_in_every_locale(tmp_path: Path) -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-m", "symconv", *BASE, "--padding", "1", "--padding-mode", "circular", "--format", form],
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONUTF8": "0"},
            cwd=tmp_path,
            check=True,
        ).stdout
        for seed, locale in (("1", "C"), ("2", "C.UTF-8"), ("3", "POSIX"))
        for form in ("text", "json", "latex")
    ]
    assert runs[:3] == runs[3:6] == runs[6:]


BAD = {
    "no size": (["prove", "--kernel", "3"], "--input: is needed. Valid: --input 4x4 --kernel 3x3"),
    "stride 0": ([*BASE, "--stride", "0"], "--stride 0: must be at least 1. Valid: --stride 1 or --stride 2x1"),
    "float": ([*BASE, "--stride", "1.5"], "--stride='1.5': must be integers joined by x. Valid: --stride 2 or 2x1"),
    "garbage": (["prove", "--input", "4xx4", "--kernel", "3"], "--input='4xx4': must be integers joined by x"),
    "lengths": ([*BASE, "--stride", "1x2x3"], "--stride 1x2x3: needs one entry for each of the 2 axes of --input"),
    "mode": ([*BASE, "--padding-mode", "mirror"], "--padding-mode mirror: must be one of zeros, reflect, symmetric"),
    "too much padding": ([*BASE, "--padding", "4", "--padding-mode", "reflect"], "at most 3 on axis 0"),
    "kernel": (["prove", "--input", "2", "--kernel", "3"], "does not fit"),
    "groups": ([*BASE, "--in-channels", "4", "--groups", "3"], "must divide both channel numbers"),
    "theorem": ([*BASE, "--theorem", "fermat"], "--theorem fermat: must be one of weight_matrix, im2col"),
    "check": ([*BASE, "--check", "most"], "--check most: must be one of auto, axes, entries, all"),
    "format": ([*BASE, "--format", "docx"], "--format='docx': must be one of latex, markdown, text, html, json, pdf"),
    "suffix": ([*BASE, "-o", "proof.doc"], "the suffix must be one of .tex, .md, .txt, .html, .json, .pdf"),
    "fragment": ([*BASE, "--fragment"], "is for the formats latex and html"),
    "option": ([*BASE, "--strides", "2"], "unrecognized arguments: --strides 2. Valid: --stride, or see"),
    "an option's beginning": ([*BASE, "--pad", "2"], "--pad 2. Valid: --padding, or see symconv prove --help"),
    "PyTorch's name": (
        ["prove", "--kernel-size", "2"],
        "--kernel-size 2. Valid: --kernel, or see symconv prove --help",
    ),
    "a slip": ([*BASE, "--dillation=2"], "--dillation=2. Valid: --dilation, or see symconv prove --help"),
    "no short option": (["show", *BASE[1:], "-o", "x"], "unrecognized arguments: -o x. Valid: see symconv show --help"),
    "nothing between quotation marks": (
        [*BASE, ""],
        "unrecognized arguments: . Valid: --input 4x4 (a value is one word)",
    ),
    "two dashes and nothing": ([*BASE, "--", "--x"], "unrecognized arguments: -- --x. Valid: see symconv prove --help"),
    "two files": (["check", "a.json", "b.json"], "unrecognized arguments: b.json. Valid: see symconv check --help"),
    "no such option": ([*BASE, "--zzz"], "unrecognized arguments: --zzz. Valid: see symconv prove --help"),
    "spaces": (
        ["prove", "--input", "4", "x", "4"],
        "unrecognized arguments: x 4. Valid: --input 4x4 (a value is one word)",
    ),
    "command": (["frobnicate"], "invalid choice: 'frobnicate'"),
    "nothing": ([], "required: COMMAND. Valid: symconv prove --input 4x4 --kernel 3x3, or see symconv --help"),
    "a mode as padding": ([*BASE, "--padding", "reflect"], "Valid: --padding 1, --padding-mode reflect"),
    "channels": ([*BASE, "--channels", "2"], "Valid: --input 4x4 --kernel 3x3 --in-channels 2 --out-channels 2"),
    "no folder": ([*BASE, "-o", "nowhere/proof.tex"], "(there is no folder nowhere)"),
    "no PDF": (
        [*BASE, "--format", "latex", "-o", "x.pdf"],
        "--format='latex': is no PDF, and x.pdf would not open as one",
    ),
    "names": ([*BASE, "--names", "x=y"], "--names x=y: y, which x would become, already stands for something else"),
    "no name": ([*BASE, "--names", "q=I"], "--names q: has names for x, k, y, b and w only. Valid: --names x=I,k=f"),
    "values": ([*BASE, "--kernel-values", "1,2"], 'Valid: --kernel-values "1,2,3;4,5,6;7,8,9"'),
    "rows of values": ([*BASE, "--kernel-values", "1;2"], '--kernel-values "1;2": must be nested lists of 1×1×3×3'),
    "values of channels": ([*BASE, "--in-channels", "2", "--kernel-values", "1"], "Valid: --kernel-values values.json"),
    "another theorem's": (
        [*BASE, "--with", "tile=4"],
        "--with tile=4: weight_matrix takes order; tile is for winograd",
    ),
    "then": ([*BASE, "--then", "3"], "--then='3': unrecognized arguments: 3. Valid: --then \"--kernel 3 --stride 2\""),
    "then too large": (
        [*BASE, "--then", "--kernel 5"],
        "--then='--kernel 5': --kernel 5: on axis 0 the kernel spans 5",
    ),
    "general": (["prove", "--general", "fermat"], "--general='fermat': must be one of read_map, weight_matrix"),
    "rank": (["prove", "--general", "read_map", "--rank", "9"], "--rank 9: must be one of"),
    "no certificate": (["certify", __file__], f"FILE='{__file__}': is no certificate"),
    "no grid": (["sweep", __file__], "is not TOML"),
    "layer": (
        ["prove", "--layer", "dense"],
        "--layer='dense': must be one of conv, conv-transpose, avg-pool, upsample, pixel-shuffle, linear",
    ),
    "foreign option": (["prove", "--layer", "linear", "--input", "4"], "is not an option of --layer linear"),
    "half a further layer": ([*BASE, "--then"], 'argument --then: expected one argument. Valid: --then "--kernel 3'),
    "half an option": ([*BASE, "--padding"], "expected one argument. Valid: --padding=-1:2 (with =, for a value"),
    "one number": (
        ["worksheet", "--input", "4", "--kernel", "3", "--seed", "1x2"],
        "--seed='1x2': must be one integer. Valid: --seed 2",
    ),
    "the same file": (
        ["worksheet", "--input", "4", "--kernel", "3", "-o", "-", "--solution", "-"],
        "must be another file than that of the sheet",
    ),
    "huge number": (["prove", "--input", "9" * 30, "--kernel", "3"], "must be integers joined by x"),
    "two dashes": ([*BASE, "--stride=--"], "--stride='--': is not a value"),
    "a line break": ([*BASE, "--padding-mode", "a\nb"], "--padding-mode='a\\nb'"),
    "too large": (
        ["prove", "--layer", "linear", "--in-features", "100000", "--out-features", "100000"],
        "10,000,100,000 entries",
    ),
    "half a pair": ([*BASE, "--padding", "1:2x3"], "needs low:high, once for all axes or for each"),
    "a pattern": ([*BASE, "--with", "(="], "--with='(=': must be name=value. Valid: --with tile=4"),
    "a quantifier": ([*BASE, "--with", "{0}"], "--with='{0}': must be name=value. Valid: --with tile=4"),
    "missing file": (["check", "nowhere.json"], "nowhere.json: No such file or directory"),
    "not applicable size": (["show", "--input", "1000x1000", "--kernel", "3"], "--limit 996004000000"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line_and_status_2(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, said = BAD[name]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.startswith("symconv: ")
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failed_check_is_status_1_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from symconv.readmap import Axis

    honest = Axis.meets
    monkeypatch.setattr(Axis, "meets", lambda self, p: {} if p == 2 else honest(self, p))
    target = tmp_path / "proof.tex"
    assert main([*BASE, "-o", str(target)]) == 1
    assert not target.exists()
    said = capsys.readouterr().err
    assert "step 3, output i=0, input p=2: values: definition and W (k[2] against nothing)" in said


def test_help_and_version_say_what_they_should() -> None:
    assert "examples:" in run("--help").stdout
    for command in ("prove", "check", "theorems", "show"):
        assert run(command, "--help").returncode == 0
    assert run("--version").stdout.startswith("symconv ")


def test_help_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    commands = ("prove", "worksheet", "check", "certify", "theorems", "show", "draw", "sweep")
    for command in ([], *([name] for name in commands)):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) < 80, command


def test_every_constructor_parameter_has_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        *["prove", "--input", "7x6", "--kernel", "3x2", "--in-channels", "4", "--out-channels", "2"],
        *["--stride", "2x1", "--padding", "1:2x0:1", "--dilation", "1x2", "--groups", "2", "--bias"],
        *["--padding-mode", "symmetric", "--flip-kernel", "--input-dilation", "1x2", "--format", "json"],
    ]
    assert main(arguments) == 0
    layer = json.loads(capsys.readouterr().out)["layer"]
    assert layer == {
        "type": "Conv", "input_size": [7, 6], "kernel_size": [3, 2], "in_channels": 4, "out_channels": 2,
        "stride": [2, 1], "padding": [[1, 2], [0, 1]], "dilation": [1, 2], "groups": 2, "bias": True,
        "padding_mode": "symmetric", "flip_kernel": True, "input_dilation": [1, 2],
    }  # fmt: skip
    linear = ["prove", "--layer", "linear", "--in-features", "3", "--out-features", "2", "--bias", "--format", "json"]
    assert main(linear) == 0
    assert json.loads(capsys.readouterr().out)["kernel_shape"] == [2, 3]


def test_values_are_data() -> None:
    assert read_value("--padding", "-1:2", "padding") == ((-1, 2),)
    assert read_value("--padding", "1x0", "padding") == (1, 0)
    assert read_value("--padding", "same_lower", "padding") == "same_lower"
    assert read_value("--input", "8", "shape") == (8,)
    assert read_value("--kernel", "8", "sizes") == 8


def test_in_a_terminal_the_list_of_theorems_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words are those of the pipe, where each theorem is a line."""
    assert main(["theorems"]) == 0
    piped = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["theorems"]) == 0
    shown = capsys.readouterr().out
    assert shown.split() == piped.split()
    assert max(map(len, shown.splitlines())) < 60 < max(map(len, piped.splitlines()))


def test_theorems_are_listed_and_named_either_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theorems"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(sc.theorems())
    assert main(["theorems", "--input", "4", "--kernel", "2"]) == 0
    assert main([*BASE, "--theorem", "weight-matrix"]) == 0


def test_show_is_plain_in_a_pipe_and_coloured_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\033" not in run("show", "--input", "4x4", "--kernel", "3x3").stdout
    from symconv import Conv
    from symconv.render.terminal import show, wants_colour

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())  # type: ignore[arg-type]
    coloured, plain = (show(Conv((4, 4), 3), 80, on) for on in (True, False))
    assert "\033[48;2;" in coloured
    import re

    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == plain


def test_a_file_of_numbers_that_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kernel.json").write_bytes(b" " * ((1 << 20) + 1))
    assert main([*BASE, "--kernel-values", "kernel.json"]) == 2
    assert "kernel.json': is larger than 1,048,576 bytes" in capsys.readouterr().err


def test_too_little_memory_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def prove(*given: object, **asked: object) -> None:
        raise MemoryError

    monkeypatch.setattr("symconv.catalogue.prove", prove)
    assert main(BASE) == 2
    assert (
        capsys.readouterr().err == "symconv: not enough memory for this configuration; --check axes needs the least\n"
    )


# Messages ---------------------------------------------------------------------------------------------


def test_one_pair_of_padding_is_for_all_axes() -> None:
    from symconv.commands.options import layer_from
    from symconv.commands.parser import parser

    def layer(*arguments: str) -> object:
        return layer_from(parser().parse_args(["show", "--input", "4x5", "--kernel", "2", *arguments]))

    assert layer("--padding", "2:0") == sc.Conv((4, 5), 2, padding=((2, 0), (2, 0)))
    assert layer("--padding=-1:2") == sc.Conv((4, 5), 2, padding=((-1, 2), (-1, 2)))
    assert layer("--padding", "2:0x0:1") == sc.Conv((4, 5), 2, padding=((2, 0), (0, 1)))


TYPED = {  # what is wrong, and with which options the rest is given
    "--stride 0": "--input 4x4 --kernel 2",
    "--stride 1x2x3": "--input 4x4 --kernel 2",
    "--padding=-1": "--input 4x4 --kernel 2",
    "--padding smae": "--input 4x4 --kernel 2",
    "--padding 9:0 --padding-mode reflect": "--input 4x4 --kernel 2",
    "--padding-mode mirror": "--input 4x4 --kernel 2",
    "--input 0x4": "--kernel 2",
    "--groups 3": "--input 4 --kernel 2 --in-channels 4 --out-channels 2",
    "--dilation 0": "--input 4 --kernel 2",
    "--theorem fermat": "--input 4 --kernel 2",
    "--check most": "--input 4 --kernel 2",
    "--format docx": "--input 4 --kernel 2",
    "--with tile=0": "--input 8 --kernel 3 --theorem winograd",
    "--with tile=99": "--input 8x8 --kernel 3 --theorem winograd",
    "--with tile=20": "--input 8x8 --kernel 3 --theorem winograd",
    "--with points=0,1,1": "--input 8 --kernel 3 --theorem winograd --with tile=2",
    "--with method=fft": "--input 8 --kernel 3 --theorem fft-linear",
    "--with size=3": "--input 8 --kernel 3 --theorem fft-linear",
    "--scale-factor 1/0": "--layer upsample --input 4",
    "--scale-factor abc": "--layer upsample --input 4",
    "--mode cubic": "--layer upsample --input 4 --size 8",
    "--divisor-override 0": "--layer avg-pool --input 4 --kernel 2",
    "--output-padding 3": "--layer conv-transpose --input 4 --kernel 2 --stride 2",
    "--upscale-factor 0": "--layer pixel-shuffle --input 2x2",
}


@pytest.mark.parametrize("wrong", TYPED)
def test_what_a_message_calls_valid_can_be_typed(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No Python form is left in the message, and each of its examples is accepted in the place of what was wrong."""
    rest = TYPED[wrong].split()
    assert main(["prove", *wrong.split(), *rest]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"symconv: {wrong.split()[0]}")
    assert not re.search(
        r"[a-z]_[a-z]+=|\(\d|Fraction|True|'", said.split("Valid:")[0].replace("docx'", "").replace("='", "= ")
    )
    for example in re.split(r",? or (?=--)", said.split("Valid: ")[1]):
        assert main(["prove", *rest, *example.split(), "--check", "axes"]) == 0, example
        capsys.readouterr()


def test_what_is_no_value_stays_as_it_is() -> None:
    from symconv.commands.messages import on_command_line

    assert on_command_line("padding=(low, high) and stride=(2, 1)") == "--padding=(low, high) and --stride 2x1"


def test_a_theorem_is_refused_with_the_layer_as_it_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--layer", "avg-pool", "--input", "4x4", "--kernel", "2", "--theorem", "transpose"]) == 2
    assert "does not apply to --layer avg-pool --input 4x4 --kernel 2 --stride 2: its" in capsys.readouterr().err


def test_the_help_lists_what_every_theorem_can_be_asked() -> None:
    from symconv.catalogue import theorem_named
    from symconv.commands.options import ASKED

    assert {name: tuple(asked) for name, asked in ASKED.items()} == {
        name: asked
        for name in sc.theorems()
        if (asked := tuple(each for each in theorem_named(name).options if each != "order"))  # which is --order
    }
    text = run("prove", "--help").stdout
    for name, asked in ASKED.items():
        assert name in text
        assert all(f"{option} " in text for option in asked)
