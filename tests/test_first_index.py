"""Indices from 1: every formula of the page is evaluated as it is printed, on tensors that have no index 0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from math import floor, prod
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from gallery import GALLERY
from lanes import some
from test_documents import assert_clean, compile_log
from test_order import is_whole

import symconv as sc
from symconv import cli
from symconv.definition import coefficients
from symconv.documents import first_index
from symconv.documents.blocks import Display, Document, Long, Math, Matrix, ProofStep
from symconv.documents.first_index import moved_index
from symconv.documents.walk import every
from symconv.errors import ProofFailed
from symconv.formula import Call, Cases, Chain, Entry, Group, Held, Juxtapose, SetOf, Sigma, Sym, Tuple
from symconv.pictures.model import Cell as Drawn
from symconv.pictures.model import Label, Picture
from symconv.readmap import with_quotients
from symconv.render import page
from symconv.sums import Fibre, Index, Span, number, quotient, variable

LAYERS = [
    sc.Conv((4, 3), (3, 2), stride=2, padding=1),
    sc.Conv((5,), 3, dilation=2, flip_kernel=True),
    sc.Conv((3, 4), 2, 4, 4, groups=2, bias=True),
    sc.Conv((3, 3), (1, 2), 2, 2, groups=2, padding=((1, 0), (0, 2))),
    sc.Conv((4,), 2, padding=((-1, 2),), bias=True),
    sc.Conv((2,), 3, padding=1, padding_mode="circular"),
    sc.Conv((4, 3), 3, padding=1, padding_mode="reflect"),
    sc.Conv((3, 2), (3, 2), padding=((2, 1), (0, 1)), padding_mode="symmetric", stride=(2, 1)),
    sc.Conv((3,), 2, dilation=2, padding=2, padding_mode="replicate", input_dilation=2),
    sc.Conv((3, 2), 2, input_dilation=(2, 1), padding=1, dilation=(1, 1)),
    sc.Conv((2, 2, 3), (1, 2, 2), bias=True),
    sc.Conv((2, 2, 2, 2), (1, 2, 1, 2)),
    sc.Conv((1, 1), 1),
    sc.Conv((3, 1), (2, 1), 1, 2),
    sc.ConvTranspose((3, 2), (2, 3), 2, 4, groups=2, stride=2, padding=1, output_padding=1, bias=True),
    sc.AvgPool((5, 4), 3, stride=2, padding=1, count_include_pad=False),
    sc.AvgPool((14,), 2, 2, stride=1, padding=1, count_include_pad=False),
    sc.AvgPool((5,), 2, 2, ceil_mode=True),
    sc.Upsample((2, 3), 1, scale_factor=2, mode="bilinear"),
    sc.Upsample((3,), 2, size=(5,), mode="nearest"),
    sc.PixelShuffle((2, 1), 1, 2),
    sc.Linear(3, 2, bias=True),
]  # fmt: skip
ORDERS = ("row-major", "column-major")


class Numbers:
    """A layer on numbers: tensors by their indices from 1, y from its own matrix, and the value of any formula."""

    def __init__(self, layer: Any, order: str = "row-major") -> None:
        rng = Random(1)
        self.layer, self.lines = layer, layer.read_map.lines
        inputs, outputs = ([getattr(line, side) for line in self.lines] for side in ("inputs", "outputs"))
        self.outputs = list(product(*(range(1, size + 1) for size in outputs)))
        x = [Fraction(rng.randint(-9, 9)) for _ in range(prod(inputs))]
        self.of: dict[str, dict[tuple[int, ...], Fraction]] = {"x": self._from_one(inputs, x)}
        shape = [size for line in self.lines for size in line.kernel_shape]
        bias = [Fraction(rng.randint(-9, 9)) if layer.bias else Fraction(0) for _ in range(layer.output_shape[0])]
        if layer.kernel_shape is None:
            known = [[Fraction(int(v.p), int(v.q)) for v in row] for row in layer.weight_matrix().tolist()]
        else:
            k = [rng.randint(-9, 9) for _ in range(prod(shape))]
            self.of["k"] = self._from_one(shape, k)
            dense = layer.to_numpy(np.array(k, dtype=object).reshape(layer.kernel_shape))
            known = [[Fraction(v) for v in row] for row in dense.tolist()]
        self.of["b"] = {(): bias[0]} if not layer.definition.bias_indices else {(c + 1,): v for c, v in enumerate(bias)}
        each = prod(outputs) // layer.output_shape[0]
        y = [sum(map(Fraction.__mul__, row, x)) + bias[n // each] for n, row in enumerate(known)]
        self.of["y"] = self._from_one(outputs, y)
        self.weights = {
            (o, i): value
            for o, row in zip(self.outputs, known, strict=True)
            for i, value in zip(self.of["x"], row, strict=True)
        }
        self.of["z"] = {}
        for at in product(*(line.padded_range for line in self.lines)):
            held = [line.fold(t) for line, t in zip(self.lines, at, strict=True)]
            inside = tuple(p + 1 for p in held if p is not None)
            self.of["z"][tuple(t + 1 for t in at)] = self.of["x"][inside] if len(inside) == len(held) else Fraction(0)
        for line in self.lines:
            for letter, table in coefficients(line).items():
                two = isinstance(table[0], list)
                self.of[letter] = {(i + 1,): Fraction(v) for i, v in enumerate(table)} if not two else {
                    (i + 1, u + 1): Fraction(v) for i, row in enumerate(table) for u, v in enumerate(row)
                }  # fmt: skip
        self.vector = [self.of["y"][at] for at in self.flat(self.outputs, outputs, order)]

    def flat(self, positions: list[tuple[int, ...]], sizes: list[int], order: str) -> list[tuple[int, ...]]:
        """The positions as they are listed in that order."""
        return sorted(positions, key=lambda at: at[::-1]) if order == "column-major" else positions

    @staticmethod
    def _from_one(sizes: Any, values: Any) -> dict[tuple[int, ...], Fraction]:
        return dict(zip(product(*(range(1, size + 1) for size in sizes)), map(Fraction, values), strict=True))

    def value(self, formula: Any, env: dict[str, int]) -> Any:
        """What a printed formula says; an index that a tensor does not have is a KeyError."""
        match formula:
            case Index():
                found = formula.at(with_quotients(dict(env), formula))
                assert found is not None, (formula, env)
                return found
            case int() | Fraction():
                return formula
            case Sym("W", indices):
                row, column = (self.value(each, env) for each in indices)
                return self.weights[tuple(np.atleast_1d(row)), tuple(np.atleast_1d(column))]
            case Sym(letter, indices):
                return self.of[letter][tuple(self.value(index, env) for index in indices)]
            case Tuple(items):
                return tuple(self.value(item, env) for item in items)
            case Group(inside):
                return self.value(inside, env)
            case Entry(_, index):
                return self.vector[self.value(index, env) - 1] - self.bias_at(self.value(index, env))
            case Juxtapose((Sigma(Span() | Held() | Fibre() as over), *rest)):
                after = Juxtapose(tuple(rest)) if len(rest) > 1 else rest[0]
                return sum(
                    self.value(after, {**env, (over.span.name if isinstance(over, Fibre) else over.name): n})
                    for n in self.values(over, env)
                )
            case Juxtapose((first, *rest)):
                return self.value(first, env) * (self.value(Juxtapose(tuple(rest)), env) if rest else 1)
            case Chain("+", parts):
                return sum(self.value(part, env) for part in parts)
            case Chain("-", (first, *rest)):
                return self.value(first, env) - sum(self.value(part, env) for part in rest)
            case Chain("/", (top, bottom)):
                found = Fraction(self.value(top, env), self.value(bottom, env))
                return int(found) if found.denominator == 1 else found
            case Cases(rows):
                return next(
                    self.value(value, env) for value, when in rows if when == "otherwise" or self.holds(when, env)
                )
            case Call(name, argument):
                return self.value(
                    self.sources[name], {"f": self.value(argument, env)} if isinstance(argument, Index) else env
                )
        raise TypeError(repr(formula))

    sources: dict[str, Any]

    def bias_at(self, row: int) -> Any:
        if not self.layer.bias:
            return 0
        at = next(
            at
            for at, y in zip(self.flat(self.outputs, [], "row-major"), self.vector, strict=True)
            if y is self.vector[row - 1]
        )
        return self.of["b"][at[:1] if self.layer.definition.bias_indices else ()]

    def values(self, over: Any, env: dict[str, int]) -> list[int]:
        if isinstance(over, (Held, Fibre)):
            line = next(line for line in self.lines if line.letters.input == over.onto)
            held = [t + 1 for t in line.copies(env[over.onto] - 1)]
            return held if isinstance(over, Held) else [t for t in self.values(over.span, env) if t in held]
        known = with_quotients(dict(env), over.first, over.last)
        return list(over.at(known))

    def holds(self, condition: Any, env: dict[str, int]) -> bool:
        match condition:
            case Chain("and", parts):
                return all(self.holds(part, env) for part in parts)
            case Chain("<=" | "<" | "=" as sign, parts):
                found = [
                    Fraction(p.constant + sum(c * with_quotients(dict(env), p)[n] for n, c in p.terms), p.divisor)
                    for p in parts
                ]
                return all((a <= b) if sign == "<=" else (a < b) if sign == "<" else a == b for a, b in pairwise(found))
            case Chain("in", (index, SetOf(items, dots))):
                inside = [self.value(item, env) for item in items]
                at = Fraction(index.constant + sum(c * env[n] for n, c in index.terms), index.divisor)
                return at in (range(inside[0], inside[-1] + 1) if dots else inside)
        raise TypeError(repr(condition))


def said_of(document: Document) -> Iterator[Chain]:
    """The equations of the page."""
    for node in every(document):
        if isinstance(node, Chain) and node.operator == "=":
            yield node


def is_variables(formula: Any, letter: str) -> bool:
    return (
        isinstance(formula, Sym)
        and formula.letter == letter
        and any(i.terms for i in formula.indices if isinstance(i, Index))
    )


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_every_sum_that_is_printed_is_true_with_indices_from_one(layer: Any) -> None:
    numbers = Numbers(layer)
    document = page(sc.prove(layer, check="axes"), first_index=1)
    names = [line.letters.output for line in numbers.lines]
    sums = 0
    for equation in said_of(document):
        left, *rest = equation.parts
        if not is_variables(left, "y") or not all(isinstance(part, (Chain, Juxtapose, Sym)) for part in rest):
            continue
        if [str(index) for index in left.indices] != names:  # a pixel shuffle's by channels
            continue
        for at in numbers.outputs:
            env = dict(zip(names, at, strict=True))
            assert [numbers.value(part, env) for part in rest] == [numbers.of["y"][at]] * len(rest), (equation, at)
        sums += 1
    assert sums >= 2


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_rule_for_w_and_the_padded_input_are_true(layer: Any) -> None:
    numbers = Numbers(layer)
    document = page(sc.prove(layer, check="axes"), first_index=1)
    equations = list(said_of(document))
    numbers.sources = {each.parts[0].name: each.parts[1] for each in equations if isinstance(each.parts[0], Call)}
    outputs = [line.letters.output for line in numbers.lines]
    inputs = [line.letters.input for line in numbers.lines]
    padded = [line.letters.padded for line in numbers.lines]
    rule = next(block.formula for block in document.blocks if isinstance(block, Display) and block.label == "entries")
    for (o, i), weight in numbers.weights.items():
        env = dict(zip((*outputs, *inputs), (*o, *i), strict=True))
        try:
            found = numbers.value(rule.parts[1], env)  # type: ignore[union-attr]
        except (KeyError, AssertionError):
            assert layer.read_map.folded  # an index out of its range counts as zero, as the page says
            continue
        assert found == weight, (o, i)
    shown = [each for each in equations if is_variables(each.parts[0], "z")]
    for equation in shown:
        for at, held in numbers.of["z"].items():
            if layer.read_map.folded and (len(at) > 1 or any((t - 1) % numbers.lines[0].scale for t in at)):
                continue  # r is a function of one position; and between two inputs its quotient is no index
            assert numbers.value(equation.parts[1], dict(zip(padded, at, strict=True))) == held
    assert bool(shown) is layer.read_map.padded


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_rows_matrix_and_pictures_count_from_one(layer: Any, order: str) -> None:
    order = "row-major" if isinstance(layer, sc.PixelShuffle) else order
    numbers = Numbers(layer, order)
    document = page(sc.prove(layer, order=order, check="axes"), first_index=1, depth="full")
    if not layer.bias:
        for block in document.blocks:
            if isinstance(block, Long) and isinstance(block.formula, Chain) and block.formula.operator == "=":
                found = {numbers.value(part, {}) for part in block.formula.parts}
                assert len(found) == 1, block
    at_one = number(1)
    for block in every(document):
        if isinstance(block, Matrix) and is_whole(block):
            for r, row in enumerate(block.rows):
                for c, column in enumerate(block.columns):
                    at = tuple(tuple(numbers.value(index, {}) for index in each.indices) for each in (row, column))
                    cell = block.cells.get((r, c))
                    held = cell.formula if cell else 0
                    if not (isinstance(held, Sym) and held.letter == "s"):
                        assert numbers.value(held, {}) == numbers.weights[at]
            assert block.rows[0].indices == (at_one,) * len(numbers.lines)  # type: ignore[union-attr]
        if isinstance(block, Picture):
            for cell in every(block):
                if isinstance(cell, Drawn) and cell.panel == "input" and cell.holds is not None and cell.lines:
                    assert cell.lines[0].indices == tuple(number(n + 1) for n in cell.holds)  # type: ignore[union-attr]
            texts = [each.text for each in every(block) if isinstance(each, Label) and isinstance(each.text, str)]
            names = [text for text in texts if re.match(r"channel|slice|\d", text)]
            assert not names or any("1" in text for text in names)
            assert not any(re.search(r"\b0\b", text) for text in names)


def test_the_tables_of_coefficients_are_true() -> None:
    """Read off the text, where a bracket that is missing would count."""
    for layer in (
        sc.Upsample((2, 3), 1, scale_factor=2, mode="bilinear"),
        sc.Upsample((5,), 1, size=(3,), mode="bilinear"),
    ):
        numbers = Numbers(layer)
        text = " ".join(sc.prove(layer).render(first_index=1).split())
        said = re.findall(r"([αβ])\[([ij]),2\] = (.*?), [αβ]\[[ij],1\] = 1 - [αβ]\[[ij],2\]", text)
        assert len(said) == len(layer.input_size)
        for letter, name, formula in said:
            code = (
                re.sub(r"(\d)([ij(])", r"\1*\2", formula).replace("⌊", "floor(").replace("⌋", ")").replace("/", " / ")
            )
            for (at, tap), value in numbers.of[letter].items():
                if tap == 2:
                    assert eval(code, {"floor": floor, name: Fraction(at)}) == value, formula


@pytest.mark.parametrize("layer", LAYERS[:12], ids=repr)
def test_the_numbers_of_rows_and_columns_are_those_of_the_vectors(layer: Any) -> None:
    for order in ORDERS:
        numbers = Numbers(layer, order)
        document = page(sc.prove(layer, order=order, check="axes"), first_index=1)
        step = next(node for node in every(document) if isinstance(node, ProofStep) and "right-hand" in str(node.claim))
        row = next(part.formula for part in step.claim if isinstance(part, Math))
        names = [line.letters.output for line in numbers.lines]
        assert [
            numbers.value(row, dict(zip(names, at, strict=True))) for at in numbers.flat(numbers.outputs, [], order)
        ] == [*range(1, len(numbers.outputs) + 1)]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_nothing_is_left_that_counts_from_zero(layer: Any) -> None:
    proof = sc.prove(layer, check="axes")
    for depth in ("standard", "full"):
        text = proof.render(first_index=1, depth=depth)
        assert "Indices start at 1." in " ".join(text.split())
        assert not re.search(r"(?<![a-z])[xykbW]\[[^\]]*(?<![\d+-])0(?!\d)[^\]]*\]", text)
        assert not re.search(r"=0\.\.", text)
        assert not re.search(r"\brow 0\b", text)
        zero = proof.render(first_index=0, depth=depth)
        assert zero == proof.render(depth=depth)
        assert "Indices start at 0." in " ".join(zero.split())


def test_moving_an_index_is_checked_where_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    i, c = variable("i"), variable("c")
    for index in (i * 3 - 2, (i - 1).divided(2), quotient(c, 3) * 2 + i, quotient(i * 3 + 1, 5), number(0)):
        moved = moved_index(index)
        for at in range(12):
            now, then = ({"i": at + shift, "c": 2 * at + shift} for shift in (1, 0))
            old = index.at(with_quotients(dict(then), index))
            if old is not None:
                assert moved.at(with_quotients(dict(now), moved)) == old + 1
    honest = first_index._one_less
    monkeypatch.setattr(first_index, "_one_less", lambda name: honest(name) + 1)
    with pytest.raises(ProofFailed, match="is not the same"):
        sc.prove(sc.Conv((3,), 2)).render(first_index=1)


def test_a_sum_whose_limits_move_wrongly_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_index, "moved_span", lambda span: Span(span.name, span.first, span.last, span.step))
    with pytest.raises(ProofFailed, match="indices from 1"):
        sc.prove(sc.Conv((3,), 2)).render(first_index=1)


def test_with_names_letters_numbers_and_order() -> None:
    layer = sc.Conv((2, 2), 2, padding=((1, 0), (0, 0)))
    text = " ".join(sc.prove(layer, order="column-major").render(first_index=1, letters=True, names={"x": "I"}).split())
    assert "We write a = k[1,1], b = k[1,2], c = k[2,1], d = k[2,2] for the kernel entries." in text
    assert "y[2,1] = a I[1,1] + c I[2,1] + b I[1,2] + d I[2,2]" in text
    assert "input position (p,q) becomes entry p + 2q - 2 of vec(I)" in text.lower() or "p + 2q - 2" in text
    worked = " ".join(sc.prove(layer).render(first_index=1, kernel_values=[[1, 2], [3, 4]]).split())
    assert "y[1,1] = 3·1 + 4·2 = 11" in worked


@pytest.mark.parametrize("format", ["latex", "markdown", "html", "beamer"])
def test_every_format_of_a_page_has_it(format: str) -> None:
    proof = sc.prove(sc.Conv((3, 3), 2, padding=1))
    plain, other = proof.render(format), proof.render(format, first_index=1)
    assert plain != other
    assert re.search(r"[Ii]ndices start at [^0-9]*1", re.sub(r"<[^>]*>", "", other))
    if format != "html":
        assert "k_{1, 1}" in other.replace("{1,1}", "{1, 1}")
        assert not re.search(r"[xyk]_\{[^}]*\b0\b", other)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--first-index", "2"], "--first-index 2: must be 0 or 1. Valid: --first-index 1"),
        (["--first-index", "one"], "must be an integer"),
        (["--first-index", "1", "--theorem", "im2col"], "that of im2col has indices from 0"),
        (["--first-index", "1", "--format", "json"], "the json format holds the proof as data"),
        (["--first-index", "1", "--format", "coq"], "the coq format holds the proof as data"),
    ],
)
def test_what_counts_from_zero_says_so(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prove", "--input", "4", "--kernel", "2", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_bool_is_no_index() -> None:
    for wrong in (True, "1", 1.0, 2):
        with pytest.raises(sc.SpecError, match="must be 0 or 1"):
            sc.prove(sc.Conv((3,), 2)).render(first_index=wrong)


def test_show_draw_and_worksheets(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--input", "3x3", "--kernel", "2", "--first-index", "1"]
    assert cli.main(["show", *options]) == 0
    assert "columns x[1,1] to x[3,3]:\ny[1,1]  A B ." in capsys.readouterr().out
    assert cli.main(["draw", *options, "--output", "3,1"]) == 2
    assert "index 0 runs from 1 to 2" in capsys.readouterr().err
    layer = sc.Conv((3, 3), 2, 2, 1)
    one, zero = (layer.draw("both", output=at, first_index=first) for at, first in (((1, 2, 1), 1), ((0, 1, 0), 0)))
    assert "For output y[1,2,1]: k[1,1,1,1] on x[1,2,1]" in one.alternative
    assert "output (1, 2, 1), framed" in one.picture.caption
    assert [cell.at for cell in one.picture.items if isinstance(cell, Drawn)] == [
        cell.at for cell in zero.picture.items if isinstance(cell, Drawn)
    ]
    sheet = sc.worksheet(sc.Conv((3,), 2), seed=3, first_index=1)
    assert "Indices start at 1." in " ".join(str(sheet.sheet).split())
    assert "y[1]" in str(sheet.solution)


def test_a_proof_that_was_altered_is_not_printed_from_one_either() -> None:
    proof = sc.prove(sc.Conv((3,), 2))
    with pytest.raises(ProofFailed):
        replace(proof, steps=proof.steps[:-1]).render(first_index=1)


@pytest.mark.parametrize("name", some([name for name in GALLERY if GALLERY[name][1] == "weight_matrix"], 5))
def test_pages_compile(name: str, pdflatex: str, tmp_path: Path) -> None:
    text = sc.prove(GALLERY[name][0], check="axes").render("latex", standalone=True, first_index=1)
    assert_clean(compile_log(pdflatex, tmp_path, text))


def test_in_a_page_of_documentation() -> None:
    pytest.importorskip("sphinx", reason="this needs Sphinx: pip install -e '.[docs]'")
    from symconv.sphinxext import pieces

    given = {"input": "3x2", "kernel": "2", "order": "column-major", "first-index": "1"}
    text = " ".join(pieces.proof_piece(given, "m").text.split())
    assert "Indices start at 1. vec(A) lists the entries of A column by column." in text
    assert "y[1,1] A D . B E . y[2,1] . A D . B E" in " ".join(pieces.matrix_piece(given, "m").text.split())
    assert "y[2,1]" in pieces.figure_piece({**given, "output": "2,1"}, "m").html
    with pytest.raises(sc.SpecError, match="index 1 runs from 1 to 1"):
        pieces.figure_piece({**given, "output": "2,0"}, "m")
