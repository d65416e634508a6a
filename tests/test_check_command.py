"""`symconv check`: an honest file is verified, any difference is found at its place, and what is no proof is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symconv.cli import main

BASE = ["prove", "--input", "4x4", "--kernel", "3x3"]


@pytest.fixture
def proof_file(tmp_path: Path) -> Path:
    target = tmp_path / "proof.json"
    assert main([*BASE, "--padding", "1", "--padding-mode", "reflect", "--bias", "-o", str(target)]) == 0
    return target


def test_an_honest_file_is_verified(proof_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(proof_file)]) == 0
    assert "every entry, claim, reason and citation of the file is the same" in capsys.readouterr().out


DAMAGES = {
    "an entry": ("matrices.W.rows[5][0][1]", lambda d: d["matrices"]["W"]["rows"][5][0].__setitem__(1, 8)),
    "an entry dropped": ("matrices.W.rows[0]", lambda d: d["matrices"]["W"]["rows"][0].pop()),
    "a claim": ("steps[1].claim", lambda d: d["steps"][1].__setitem__("claim", "y[i,j] = 0.")),
    "a reason": ("steps[2].reason", lambda d: d["steps"][2].__setitem__("reason", "obvious")),
    "a citation": ("steps[3].cites[0]", lambda d: d["steps"][3]["cites"].__setitem__(0, 2)),
    "a step left out": ("steps: 5 items where 6 are implied", lambda d: d["steps"].pop()),
    "a true for a one": ("version", lambda d: d.__setitem__("version", True)),
    "a float for an integer": (
        "matrices.W.rows[0][0][0]",
        lambda d: d["matrices"]["W"]["rows"][0][0].__setitem__(0, 0.0),
    ),
    "another layer": ("matrices.W", lambda d: d["layer"].__setitem__("padding_mode", "symmetric")),
    "another kernel": ("kernel_shape", lambda d: d["layer"].__setitem__("kernel_size", [2, 3])),
    "an obligation": ("obligations[0]", lambda d: d["obligations"].pop(0)),
    "a shape": ("output_shape[1]", lambda d: d["output_shape"].__setitem__(1, 5)),
    "something extra": ("note: not part", lambda d: d.__setitem__("note", "trust me")),
    "something missing": ("definition: missing", lambda d: d.pop("definition")),
    "another definition": ("definition: ", lambda d: d.__setitem__("definition", "def y(i, j):\n    return 0\n")),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_any_difference_is_found_at_its_place(name: str, proof_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, damage = DAMAGES[name]
    data = json.loads(proof_file.read_text(encoding="utf-8"))
    damage(data)
    proof_file.write_text(json.dumps(data), encoding="utf-8")
    assert main(["check", str(proof_file)]) == 1
    assert place in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "is not a JSON proof"),
        ('{"format": "symconv proof", "layer": {"type": []}}', "must be an object whose type is"),
        ("[" * 100_000, "is nested too deeply"),
        ("[]", "is JSON, but not a proof"),
        ('{"format": "symconv proof", "format": "x"}', "a name occurs twice"),
        ('{"format": "symconv proof", "x": NaN}', "NaN is not a number"),
        ('{"format": "symconv proof"}', "must be an object whose type is Conv or ConvTranspose or AvgPool or Upsample or PixelShuffle or Linear"),
        ('{"format": "symconv proof", "layer": {"type": "Conv"}}', "parameters are missing"),
        ('{"format": "symconv proof", "layer": {"type": "Conv", "x": 1}}', "has unknown parameters"),
        ('{"format": "symconv proof", "layer": {"type": "Linear", "in_features": 1.0, "out_features": 2}}', "in_features=1.0"),
        ('{"format": "symconv proof", "layer": {"type": "Linear", "in_features": 1, "out_features": 2}}', "theorem=None"),
    ],
)  # fmt: skip
def test_what_is_no_proof_is_refused(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "proof.json"
    target.write_text(text)
    assert main(["check", str(target)]) == 2
    assert said in capsys.readouterr().err


def test_bytes_that_are_no_text_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "proof.json"
    target.write_bytes(b"\xff\xfe\x00")
    assert main(["check", str(target)]) == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


def test_what_is_too_large_to_be_in_the_file_is_not_said_to_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("symconv.render.json_format.ROWS_LIMIT", 5)
    target = tmp_path / "proof.json"
    assert main(["prove", "--input", "4", "--kernel", "3", "-o", str(target)]) == 0
    assert main(["check", str(target)]) == 0
    said = (
        "every claim, reason and citation of the file is the same; its entries are too many to be in the file, and none"
    )
    assert said in capsys.readouterr().out
    assert main(["prove", "--input", "4", "--kernel", "3", "--theorem", "output_size", "-o", str(target)]) == 0
    assert main(["check", str(target)]) == 0  # there is no matrix in it
    assert "every claim, reason and citation of the file is the same\n" in capsys.readouterr().out
