"""Coq certificates: Coq accepts the gallery's, and refuses every damaged one."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from gallery import GALLERY
from lanes import many, some

import symconv as sc
from symconv.certify import CLOSED, INSTALL, certify, difference
from symconv.cli import main
from symconv.matrices import matrix_of
from symconv.padding import MODES
from symconv.render.coq.every_size import every_size
from symconv.render.coq.formulas import formula
from symconv.render.coq.write import CONFIGURATION, certificate, general, particular

Rows = list[dict[int, Any]]


@pytest.fixture(scope="session")
def coqc() -> str:
    """The path of coqc, or a visible skip."""
    found = shutil.which("coqc")
    if found is None:
        pytest.skip(f"coqc is missing: {INSTALL.partition(': ')[2]}")
    return found


def compiled(coqc: str, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What Coq says of a file."""
    (folder / "file.v").write_text(text, encoding="utf-8")
    return subprocess.run(
        [coqc, "-q", "-test-mode", "-w", "none", "file.v"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def modules(layers: Iterable[sc.Layer]) -> str:
    """Several certificates with their general part once, and one question for the assumptions of all."""
    several = list(layers)
    asked = "Print Assumptions layer_is_matrix.\n"
    texts = [particular(layer) for layer in several]
    assert all(text.count(asked) == 1 for text in texts)
    parts = [f"\nModule C{n}.\n{text.replace(asked, '')}\nEnd C{n}.\n" for n, text in enumerate(texts)]
    theorems = ", ".join(f"@C{n}.layer_is_matrix" for n in range(len(several)))
    return "".join([general(several[0]), *parts, f"Definition every := ({theorems}).\nPrint Assumptions every.\n"])


MORE: list[sc.Layer] = [
    *(
        sc.Conv((4,), 3, padding=((2, 1),), padding_mode=mode, flip_kernel=flip)
        for mode in MODES
        for flip in (False, True)
    ),
    *(sc.Conv((3, 4), (2, 3), 2, 4, (1, 2), ((1, -1), (0, 2)), (2, 1), 2, True, mode, True, (2, 1)) for mode in MODES),
    *(sc.Conv((2, 2, 3), 2, padding=1, stride=(1, 2, 1), padding_mode=mode) for mode in MODES),
    sc.Linear(1, 1, bias=True),
    sc.ConvTranspose((3,), 3, 2, 4, stride=2, padding=((-1, 2),), output_padding=1, dilation=2, groups=2, bias=True),
    sc.AvgPool((5, 4), 3, 2, 2, 1, ceil_mode=True, count_include_pad=False),
    sc.AvgPool((4,), 2, divisor_override=-3),
    sc.AvgPool((2, 3, 2), 2, stride=1, padding=1),
    sc.Upsample((3,), size=(5,), mode="linear", align_corners=True),
    sc.Upsample((3, 2), 2, size=(5, 4), mode="nearest-exact"),
]
"""What the gallery lacks."""


def gallery(kernel: bool) -> list[sc.Layer]:
    """Every configuration of the gallery that is small enough to be checked here, and more."""
    every = dict.fromkeys([*(layer for layer, _ in GALLERY.values()), *MORE])
    return [each for each in every if each.read_map.kernel == kernel and formula(each).terms <= 4_000]


@pytest.mark.parametrize("kernel", [True, False], ids=["kernels", "coefficients"])
def test_coq_accepts_the_gallery(coqc: str, tmp_path: Path, kernel: bool) -> None:
    layers = some(gallery(kernel), 3)
    assert len(layers) >= many(40 if kernel else 14, 3)
    done = compiled(coqc, tmp_path, modules(layers))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [CLOSED]


@pytest.mark.parametrize("name", some(["padded", "transposed", "avg-pool-border"], 2))
def test_certify_accepts_a_whole_file(coqc: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layer = GALLERY[name][0]
    text = sc.prove(layer).render("coq")
    target = tmp_path / "proof.v"
    target.write_text(text, encoding="utf-8")
    assert main(["certify", str(target)]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert f"layer_is_matrix for {layer!r}, closed under the global context" in said


# Damage -------------------------------------------------------------------------------------------


def moved(rng: random.Random, rows: Rows, columns: int) -> Rows | None:
    """The rows with one thing changed, or None where that changes nothing."""
    new = [dict(row) for row in rows]
    at = rng.randrange(len(new))
    row = new[at]
    if not row:
        return None
    column = rng.choice(sorted(row))
    kind = rng.randrange(5)
    if kind == 0:  # an entry in another column
        target = rng.randrange(columns)
        if target in row:
            return None
        row[target] = row.pop(column)
    elif kind == 1:  # an entry lost
        del row[column]
    elif kind == 2:  # another entry, or another number
        row[column] = (row[column][0] + 1, *row[column][1:]) if isinstance(row[column], tuple) else row[column] * 2
    elif kind == 3:  # an entry counted twice
        row[column] = row[column] * 2 if isinstance(row[column], tuple) else -row[column]
    else:  # two rows exchanged
        other = rng.randrange(len(new))
        new[at], new[other] = new[other], new[at]
    return new if new != rows else None


def neighbours(layer: sc.Conv) -> Iterator[sc.Conv]:
    """The layers that differ in one parameter, where they have the same input and output."""
    own = {name: getattr(layer, name) for name in (each.name for each in fields(layer))}
    low, high = layer.padding[0]
    changes: list[dict[str, Any]] = [{"padding_mode": mode} for mode in MODES]
    changes += [{"flip_kernel": not layer.flip_kernel}]
    changes += [{"padding": ((low + by, high - by), *layer.padding[1:])} for by in (-1, 1)]
    for name in ("stride", "dilation", "input_dilation"):
        value = getattr(layer, name)
        changes += [{name: (value[0] + by, *value[1:])} for by in (-1, 1)]
        changes += [
            {name: (value[0] + 1, *value[1:]), "padding": ((low, high + by), *layer.padding[1:])} for by in range(1, 5)
        ]
    for change in changes:
        try:
            found = sc.Conv(**{**own, **change})
        except sc.SpecError:
            continue
        if found.output_shape == layer.output_shape:
            yield found


def at_once(text: str) -> tuple[str, str]:
    """A certificate up to its computation, and the computation as one command that Fail can stand before."""
    bodies = re.findall(r"^Definition (?:sized|computed) :=\n(.*?)\.\n\n", text, re.MULTILINE | re.DOTALL)
    assert len(bodies) == 2
    before, _, _ = text.partition("Definition sized :=")
    return before, f"Definition both :=\n ({bodies[0]},\n {bodies[1]}).\n"


def mutants(count: int) -> Iterator[tuple[sc.Layer, Rows]]:
    """A layer, and the layout of another matrix."""
    rng = random.Random(6)
    small = [layer for layer in gallery(True) if formula(layer).terms <= 500]
    convolutions = [layer for layer in small if isinstance(layer, sc.Conv)]
    made = 0
    for layer in convolutions:  # a definition with another stride, mode, ... than the layout's
        rows = [dict(row) for row in matrix_of(layer.read_map).rows]
        for other in neighbours(layer):
            if (
                made < many(140, 14)
                and rng.random() < many(50, 5) / 100
                and [dict(row) for row in matrix_of(other.read_map).rows] != rows
            ):
                yield other, rows
                made += 1
    assert made >= many(100, 10)
    while made < count:
        layer = rng.choice(small)
        changed = moved(rng, [dict(row) for row in matrix_of(layer.read_map).rows], layer.weight_matrix().shape[1])
        if changed is not None:
            yield layer, changed
            made += 1


def number_mutants(count: int) -> Iterator[tuple[sc.Layer, Rows]]:
    rng = random.Random(7)
    small = [layer for layer in gallery(False) if formula(layer).terms <= 300]
    made = 0
    while made < count:
        layer = rng.choice(small)
        changed = moved(rng, [dict(row) for row in matrix_of(layer.read_map).rows], layer.weight_matrix().shape[1])
        if changed is not None:
            yield layer, changed
            made += 1


@pytest.mark.parametrize("kernel", [True, False], ids=["kernels", "coefficients"])
def test_coq_refuses_every_layout_of_another_matrix(coqc: str, tmp_path: Path, kernel: bool) -> None:
    """Each is the certificate's own text up to its computation; `Fail` says that Coq refuses that command."""
    found = list(mutants(many(240, 24)) if kernel else number_mutants(many(60, 10)))
    parts = [general(found[0][0])]
    for n, (layer, rows) in enumerate(found):
        before, command = at_once(particular(layer, rows))
        parts.append(f"\nModule M{n}.\n{before}\nFail {command}End M{n}.\n")
    for n, layer in enumerate(gallery(kernel)[: many(5, 2)]):  # the same command, unharmed, is accepted
        before, command = at_once(particular(layer))
        parts.append(f"\nModule A{n}.\n{before}\n{command}End A{n}.\n")
    done = compiled(coqc, tmp_path, "".join(parts))
    assert done.returncode == 0, done.stderr[-2000:]
    said = " ".join(done.stdout.split())
    assert said.count("The command has indeed failed") == len(found)
    assert said.count('has type "true = true" while it is expected to have type "is_true') == len(found)


def test_coq_refuses_a_definition_other_than_its_list_of_terms(coqc: str, tmp_path: Path) -> None:
    """y itself damaged: the lemma that reads it off as a list does not hold."""
    made = 0
    parts = [general(GALLERY["padded"][0])]
    for layer in some(gallery(True), 3):
        text = particular(layer)
        start, end = text.index("Definition y "), text.index("(* The same sum as the list")
        lemma, _, rest = text.partition("Lemma y_terms")
        statement, _, rest = rest.partition("Proof. ")
        proof = rest.partition(" Qed.")[0].removesuffix(".")
        for found in list(re.finditer(r"\d+", text[start:end]))[:4]:
            if formula(layer).terms > 500 or text[start:end][: found.start()].endswith("mod "):
                continue
            changed = (
                text[:start]
                + text[start:end][: found.start()]
                + str(int(found[0]) + 1)
                + text[start:end][found.end() :]
            )
            before = changed + lemma[end:] if end == len(text) else changed + text[end:]
            before = before.partition("Lemma y_terms")[0]
            parts.append(f"\nModule D{made}.\n{before}Lemma y_terms{statement}Fail ({proof}).\nAbort.\nEnd D{made}.\n")
            made += 1
    assert made >= many(60, 8)
    done = compiled(coqc, tmp_path, "".join(parts))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("has indeed failed") == made


# certify ------------------------------------------------------------------------------------------

DAMAGES = {
    "entry": ("(0, [:: 4])", "(0, [:: 3])", "Coq does not accept it: line"),
    "stride": ("(2 * i + u", "(3 * i + u", "Coq does not accept it: line"),
    "mode": ("source Reflect 4 1 f", "source Symmetric 4 1 f", "Coq does not accept it: line"),
    "admitted": ("Proof. rewrite /y /terms; read_off. Qed.", "Admitted.", "says Admitted, which no certificate does"),
    "axiom": ("Definition y ", "Axiom oops : False.\nDefinition y ", "says Axiom, which no certificate does"),
    "command": ("Definition y ", 'Redirect "x" Print nat.\nDefinition y ', "says Redirect, which no certificate does"),
    "plugin": ("Definition y ", 'Declare (* *)\nML Module "x".\nDefinition y ', "says ML, which no certificate does"),
    "written": ("Definition y ", 'Print Universes "x".\nDefinition y ', "says Universes, which no certificate does"),
    "statement": (
        "  y k x c i j =\n",
        "  c = 7%Z -> y k x c i j =\n",
        "Coq does not accept it: line",
    ),
    "comment": ("(* THIS LAYER ", "(* THE LAYER  ", "Coq accepts it, but it is not what symconv writes for Conv("),
}


@pytest.mark.parametrize("name", some(DAMAGES, 3))
def test_certify_refuses(coqc: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, message = DAMAGES[name]
    text = certificate(sc.Conv((4, 4), 3, stride=2, padding=1, padding_mode="reflect"))
    assert old in text
    target = tmp_path / "proof.v"
    target.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main(["certify", str(target)]) == 1
    assert message in capsys.readouterr().err


def another_file(text: str) -> dict[str, str]:
    """Texts that are not what symconv writes, in ways that a careless comparison would miss."""
    sum_ = "\\sum_(q <- range"
    theorem = text.index("Theorem layer_is_matrix")
    configuration = next(line for line in text.splitlines() if "configuration: " in line)
    return {
        "notation": text.replace("Theorem layer_is_matrix", 'Notation "a = b" := (a = b \\/ True).\nTheorem layer_is_matrix'),
        "sum": text.replace("Definition y ", 'Notation "\\sum_ ( i <- r ) F" := 0.\nDefinition y '),
        "local definition": text.replace("Definition y ", "Definition ext := tt.\nDefinition y "),
        "comment": text[:theorem] + "(* " + text[theorem:] + " *) Theorem layer_is_matrix : True. Proof. by []. Qed.",
        "module": "Module M.\n" + text + "\nEnd M. Theorem layer_is_matrix : True. Proof. by []. Qed.",
        "require": text.replace("Require Import ZArith Lia.", "Require Import ZArith Lia certificate."),
        "scope": text.replace("Local Open Scope ring_scope.", "Local Open Scope ring_scope. Local Open Scope nat_scope."),
        "configuration": text.replace('"stride": [1]', '"stride": [2]'),
        "two configurations": text.replace(configuration, configuration.replace(" *)", "") + "\n" + configuration),
        "unset": text.replace("Set Implicit Arguments.", "Unset Implicit Arguments."),
        "ends": text.replace("\n", "\r\n"),
        "mark": "\ufeff" + text,
        "no-break space": text.replace("Definition y ", "Definition\u00a0y ", 1),
        "letter": text.replace("Theorem layer_is_matrix (R", "Theorem l\u0430yer_is_matrix (R"),
        "last line": text + "\n",
        "nothing": text[:theorem],
        "divides": text.replace(sum_, "\\sum_(q <- range 0 * range") if sum_ in text else text + " ",
    }  # fmt: skip


def test_only_the_text_itself_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also if Coq accepted whatever it is given."""
    monkeypatch.setattr("symconv.certify.run", lambda text, theorem: None)
    monkeypatch.setattr("symconv.certify.version", lambda: "a Coq that accepts all")
    text = certificate(sc.Conv((4,), 2))
    assert certify(text).accepted
    for name, other in another_file(text).items():
        assert other != text, name
        target = tmp_path / f"{name}.v"
        target.write_bytes(other.encode())
        link = tmp_path / f"{name}-link.v"
        link.symlink_to(target)
        assert main(["certify", str(link)]) in (1, 2), name
    general_text = every_size()
    for other in (general_text + " ", general_text.replace("1 <= stride a", "1 <= 0", 1), general_text[:5000]):
        assert not certify(other).accepted


def test_a_weaker_statement_is_not_taken_for_the_theorem(coqc: str) -> None:
    """Coq accepts that True holds; the text says that this is not what is certified."""
    text = certificate(sc.Conv((2,), 1))
    weaker = text[: text.index("Theorem layer_is_matrix")] + "Theorem layer_is_matrix : True.\nProof. by []. Qed.\n"
    verdict = certify(weaker)
    assert not verdict.accepted
    assert "Coq accepts it, but it is not what symconv writes for Conv(input_size=(2,), kernel_size=1)" in verdict.said


def test_the_theorem_for_every_size_and_rank(coqc: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "general.v"
    assert main(["certify", "--general", str(target)]) == 0
    assert "convolution_is_matrix for every size and rank, closed under the global context" in capsys.readouterr().out
    text = target.read_text(encoding="utf-8")
    damaged = [
        ("stride a * i + dilation a *", "stride a * i + 2 * dilation a *"),
        ("| Symmetric => [:: q; - 1 - q;", "| Symmetric => [:: q; - q;"),
        ("if inside width tap then", "if inside members tap then"),
        ("| Symmetric | Circular => padding <= N\n", "| Symmetric | Circular => padding <= N + 1\n"),
    ]
    for old, new in some(damaged, 1):
        assert old in text
        target.write_text(text.replace(old, new, 1), encoding="utf-8")
        assert main(["certify", str(target)]) == 1
        assert "Coq does not accept it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (subprocess.TimeoutExpired("coqc", 600), "symconv: Coq took longer than 600 s and was stopped"),
        (
            subprocess.CompletedProcess([], 1, b"", b"Error: Cannot find a physical path bound to mathcomp.ssreflect"),
            f"symconv: Coq does not find Mathematical Components; {INSTALL}",
        ),
        (
            subprocess.CompletedProcess([], 0, b"Axioms:\nfunext : True\n", b""),
            "proof.v: Coq does not accept it: layer_is_matrix rests on assumptions: Axioms: funext : True",
        ),
        (subprocess.CompletedProcess([], 0, b"", b""), "layer_is_matrix rests on assumptions: "),
        (subprocess.CompletedProcess([], 1, b"", b"Killed"), "proof.v: Coq does not accept it: no reason given"),
    ],
)
def test_certify_says_how_coq_ended(
    done: Any, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*given: object, **asked: object) -> Any:
        if isinstance(done, Exception):
            raise done
        return done

    target = tmp_path / "proof.v"
    assert main(["prove", "--input", "3", "--kernel", "2", "-o", str(target)]) == 0
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", run)
    assert main(["certify", str(target)]) in (1, 2)
    assert said in capsys.readouterr().err


def test_the_first_difference_is_said() -> None:
    assert difference("a\nb\n", "a\nb\n") is None
    assert difference("a\nb", "a\nb\n") == "its line ends differ"
    assert difference("a\n", "a\nb\n") == "it has 1 lines where 2 are implied"
    assert difference("a\nc", "a\nb") == "line 2 has 'c' where 'b' is implied"


def test_certify_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "proof.v"
    assert main(["prove", "--input", "3", "--kernel", "2", "-o", str(target)]) == 0
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["certify", str(target)]) == 2
    assert (
        capsys.readouterr().err == f"symconv: certify needs Coq 8.16 (coqc) with Mathematical Components; {INSTALL}\n"
    )
    target.write_text("Goal True.", encoding="utf-8")
    assert main(["certify", str(target)]) == 2
    assert "is no certificate: it names no configuration" in capsys.readouterr().err
    target.write_text(f"(*\n{CONFIGURATION}{{nothing}} *)", encoding="utf-8")
    assert main(["certify", str(target)]) == 2
    assert "is no configuration. Valid: a file written by" in capsys.readouterr().err
    assert main(["certify"]) == 2
    assert "needs a certificate, or --general" in capsys.readouterr().err


def test_what_has_no_certificate_is_refused() -> None:
    with pytest.raises(sc.NotApplicable, match="im2col has no certificate"):
        sc.prove(sc.Conv((4,), 2), "im2col").render("coq")
    with pytest.raises(sc.TooLarge, match="a certificate at most 250,000"):
        certificate(sc.Linear(1000, 1000))


def test_the_general_theorem_has_the_certificate_for_every_size(tmp_path: Path) -> None:
    target = tmp_path / "general.v"
    assert main(["prove", "--general", "weight_matrix", "--rank", "2", "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == every_size()
    with pytest.raises(sc.NotApplicable, match="sparsity has no certificate"):
        sc.prove_general("sparsity", 1).render("coq")


def test_the_text_is_the_same_from_run_to_run() -> None:
    for layer in gallery(True)[:10] + gallery(False)[:5]:
        assert certificate(layer) == certificate(layer)
        assert difference(certificate(layer), certificate(layer)) is None
