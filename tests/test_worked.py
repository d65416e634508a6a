"""Worked examples: the numbers are right, by an oracle that is not ours, and what is no number is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv import cli
from symconv.documents.blocks import Display, Long, Matrix
from symconv.render import page

torch = pytest.importorskip("torch", reason="pip install -e '.[test]' installs PyTorch")

LAYERS = [
    sc.Conv((4, 3), (2, 3), stride=2, padding=1),
    sc.Conv((4,), 3, 2, 4, groups=2, bias=True, padding=((1, 1),), padding_mode="circular"),
    sc.Conv((3, 3), 2, 2, 1, dilation=2, bias=True),
    sc.ConvTranspose((2,), 3, 2, 3, stride=2, bias=True),
    sc.Linear(3, 2, bias=True),
]


def by_torch(layer: Any, k: Any, x: Any, b: Any) -> Any:
    k, x = torch.tensor(k), torch.tensor(x)[None]
    b = None if b is None else torch.tensor(b)
    if isinstance(layer, sc.Linear):
        return torch.nn.functional.linear(x, k, b).flatten().tolist()
    rank = len(layer.input_size)
    if isinstance(layer, sc.ConvTranspose):
        made = getattr(torch.nn.functional, f"conv_transpose{rank}d")(x, k, b, layer.stride)
        return made.flatten().tolist()
    ends = [side for pair in reversed(layer.padding) for side in pair]
    mode = {"zeros": "constant"}.get(layer.padding_mode, layer.padding_mode)
    x = torch.nn.functional.pad(x, ends, mode=mode) if any(ends) else x
    made = getattr(torch.nn.functional, f"conv{rank}d")(x, k, b, layer.stride, 0, layer.dilation, layer.groups)
    return made.flatten().tolist()


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_numbers_are_pytorch_s(layer: Any) -> None:
    rng = Random(3)

    def some(shape: tuple[int, ...]) -> Any:
        return np.array([rng.randint(-5, 5) for _ in range(int(np.prod(shape)))]).reshape(shape).tolist()

    k, x = some(layer.kernel_shape), some(layer.input_shape)
    b = some(layer.output_shape[:1]) if layer.bias else None
    values = {"kernel_values": k, "input_values": x, **({"bias_values": b} if b else {})}
    blocks = page(sc.prove(layer, check="axes"), **values).blocks
    expected = by_torch(layer, k, x, b)
    totals = [block.formula.parts[-1] for block in blocks if isinstance(block, Long)][-len(expected) :]
    assert totals == expected
    grid = [block for block in blocks if isinstance(block, Matrix)][-1]
    dense = np.zeros((len(grid.rows), len(grid.columns)), dtype=int)
    for at, cell in grid.cells.items():
        dense[at] = cell.formula
    assert (dense == layer.to_numpy(np.array(k))).all()
    last = [block for block in blocks if isinstance(block, Display)][-1].formula
    assert [int(each) for row in last.parts[1].rows for each in row] == expected


def test_fractions_stay_exact() -> None:
    proof = sc.prove(sc.Conv((3,), 2))
    text = " ".join(proof.render(kernel_values=["1/3", Fraction(1, 7)], input_values=[3, 7, "2/5"]).split())
    assert "y[0] = 1/3·3 + 1/7·7 = 2" in text
    assert "y[1] = 1/3·7 + 1/7·2/5 = 251/105" in text


def test_another_w_than_the_definition_s_is_caught() -> None:
    from symconv.documents.worked import with_numbers

    proof = sc.prove(sc.Conv((3,), 2))
    W = proof.matrices["W"]
    wrong = replace(proof, matrices={"W": replace(W, rows=[{0: (1,), 1: (0,)}, *list(W.rows)[1:]])})
    with pytest.raises(sc.ProofFailed, match="W and the definition differ"):
        with_numbers(proof.theorem.document(proof), wrong, [1, 2])


def test_what_is_no_number_is_refused() -> None:
    proof = sc.prove(sc.Conv((3, 3), 2))
    for wrong in (
        [[1.0, 2], [3, 4]],
        [[True, 2], [3, 4]],
        [1, 2, 3, 4],
        [[1, 2], [3]],
        "1",
        [["1/0", 1], [1, 1]],
        [["__import__", 1], [1, 1]],
        5,
    ):
        with pytest.raises(
            sc.SpecError,
            match=r"must be nested lists of 1×1×2×2 integers .*Valid: kernel_values=\[\[1, 2\], \[3, 4\]\]",
        ):
            proof.render(kernel_values=wrong)
    for other, values, said in (
        (sc.prove(sc.Conv((3,), 2)), {"bias_values": [1]}, "is for a layer with a bias"),
        (sc.prove(sc.AvgPool((4,), 2)), {"kernel_values": [1, 2]}, "a layer that has a kernel"),
        (sc.prove(sc.Conv((3,), 2), "im2col"), {"kernel_values": [1, 2]}, "is for the theorem weight_matrix"),
        (
            sc.prove(sc.Conv((20, 20), 2), check="axes"),
            {"kernel_values": [[1, 2], [3, 4]]},
            "W that is printed in full",
        ),
    ):
        with pytest.raises(sc.SpecError, match=said):
            other.render(**values)


def test_it_compiles_and_fits(pdflatex: str, tmp_path: Path) -> None:
    proof = sc.prove(LAYERS[1])
    values = {"input_values": [[1, "-1/2", 0, 3], [2, 5, -7, "22/7"]]}
    assert max(map(len, proof.render(**values).splitlines())) <= 80
    assert_clean(compile_log(pdflatex, tmp_path, proof.render("latex", standalone=True, **values)))
    assert "With numbers" in proof.render("html", names={"x": "s"}, **values)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layer = ["prove", "--input", "3x3", "--kernel", "2x2"]
    (tmp_path / "x.json").write_text(json.dumps([[1, 0, 2], [0, "1/2", 0], [1, 1, 1]]))
    assert cli.main([*layer, "--kernel-values", "1,2;3,1/2", "--input-values", str(tmp_path / "x.json")]) == 0
    assert "y[0,0] = 1·1 + 2·0 + 3·0 + 1/2·1/2 = 5/4" in capsys.readouterr().out
    (tmp_path / "bad.json").write_text("{nothing")
    for wrong in ("1,2", "1,2;3,x", "1.5,2;3,4", str(tmp_path / "bad.json"), str(tmp_path / "none.json")):
        assert cli.main([*layer, "--kernel-values", wrong]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
