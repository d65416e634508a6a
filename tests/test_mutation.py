"""The reasons of `python tests/mutation` for what survives are about lines that are there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import symconv as sc

HERE = Path(__file__).parent / "mutation"


def test_every_reason_is_about_a_line_of_its_file() -> None:
    """What it names is looked up by text; whether the mutants still survive, only the command says."""
    tested = tomllib.loads((HERE / "mutation.toml").read_text(encoding="utf-8"))["tests"]
    for each in tomllib.loads((HERE / "accepted.toml").read_text(encoding="utf-8"))["survivor"]:
        assert set(each) == {"file", "where", "was", "now", "why"}, each
        assert each["file"] in tested, each
        lines = (Path(sc.__file__).parents[1] / each["file"]).read_text(encoding="utf-8").splitlines()
        held = " / ".join(map(str.strip, lines))
        assert each["was"] in held, f"{each['file']} has no such line any more: {each['was']}"
        assert each["now"], each
        assert each["why"], each
