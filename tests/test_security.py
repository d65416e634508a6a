"""What a user writes is data: nothing of it runs, and every format prints it as it is, or it is refused with a line that teaches."""

from __future__ import annotations

import ast
import html
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from test_documents import compile_log

import symconv as sc
from symconv.cli import main
from symconv.commands import files
from symconv.networks import Activation, Add, Apply
from symconv.render.formula import escape
from symconv.render.pdf import compile_pdf

ROOT = Path(sc.__file__).parent

# Nothing of it runs ---------------------------------------------------------------------------------

RUNNING = {
    "eval", "exec", "compile", "__import__", "sympify", "parse_expr", "lambdify", "S", "Poly", "system", "popen", "Popen", "getoutput",
    "startfile", "subprocess.run", "call", "check_call", "check_output", "loads", "load", "load_model", "import_module", "literal_eval",
    "execv", "execve", "spawnv", "get_dummies", "fromfile", "open_code", "runpy.run_path",
}  # fmt: skip
DATA = ("re.compile", "json.loads", "tomllib.loads", "json_format.load")
"""What has such a name, and reads data only."""
ACCEPTED = {
    ("definition.py", "exec", "run"): "the definition, which `source` writes of integers and this package's letters, without builtins",
    ("definition.py", "compile", "_compiled"): "the same text",
    ("documents/typeset.py", "exec", "typeset"): "the same text, for latexify, without builtins",
    ("documents/typeset.py", "compile", "typeset"): "the same text",
    ("certify.py", "subprocess.run", "run"): "coqc on a file in a folder of its own; a list of words, no shell",
    ("certify.py", "subprocess.run", "version"): "coqc --version",
    ("render/pdf.py", "subprocess.run", "compile_pdf"): "pdflatex on a file in a folder of its own; a list of words, no shell",
    ("__init__.py", "import_module", "__getattr__"): "a module of this package, named by a table beside it",
    ("catalogue/__init__.py", "import_module", "theorem_named"): "the same",
    ("general/__init__.py", "import_module", "general_theorem"): "the same",
    ("render/__init__.py", "import_module", "_module"): "the same",
    ("layers/base.py", "import_module", "to_torch"): "the same",
    ("commands/__init__.py", "import_module", "command"): "the same; the parser knows no other names",
    ("commands/messages.py", "literal_eval", "_written"): "reads numbers, texts and tuples of one of this package's own messages, and calls nothing",
    **{
        (file, "Poly", where): "of numbers and of symbols that this package made"
        for file, where in (("catalogue/dft.py", "multiplied"), ("algebra/elimination.py", "_divided"), ("algebra/elimination.py", "common_factors"), ("algebra/kernel_polynomials.py", "polynomial"), ("steps/polynomial_checks.py", "products"))
    },
    ("networks/torch_models.py", "eval", "_traced"): "PyTorch's Module.eval(): the mode, no text",
}  # fmt: skip
"""Calls that could run a text or load what runs one: (file, what is called, function) -> why this one cannot."""


def calls() -> Iterator[tuple[str, str, str]]:
    for path in sorted(ROOT.rglob("*.py")):
        parsed = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(parsed) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        for node in ast.walk(parsed):
            if isinstance(node, ast.Call):
                whole = ast.unparse(node.func)
                name = whole if whole in RUNNING else whole.rpartition(".")[2]
                if name in RUNNING and not whole.startswith(DATA):
                    inside = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
                    yield path.relative_to(ROOT).as_posix(), name, inside[-1].name if inside else ""
            if isinstance(node, ast.keyword) and node.arg == "shell":
                yield path.relative_to(ROOT).as_posix(), "shell", ""


def test_no_text_of_a_user_reaches_what_runs_it() -> None:
    found = set(calls())
    assert found - set(ACCEPTED) == set(), "say in ACCEPTED why it cannot run what somebody wrote"
    assert set(ACCEPTED) - found == set(), "no longer there"


@pytest.mark.parametrize("pure", [True, False])
def test_a_text_in_a_matrix_is_no_expression(pure: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SymPy's own reader runs what it reads."""
    from sympy import Symbol

    monkeypatch.chdir(tmp_path)
    evil = "__import__('os').mkdir('made')"
    with pytest.raises(sc.SpecError, match=r"entry \(0, 1\) is no integer, fraction or finite float"):
        sc.recognise([[1 if pure else Symbol("a"), evil]], input_shape=(1, 2), output_shape=(1, 1))
    with pytest.raises(sc.SpecError):
        sc.project([[Symbol("a"), evil, 0], [0, 1, 2]], sc.Conv((3,), 2))
    for make in (
        lambda: sc.Conv((3,), 2).to_numpy([[[evil, 1]]]),
        lambda: Apply(sc.Conv((3,), 2), [[[evil, 1]]]),
        lambda: sc.merge(sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)), [[[[evil, 1]]], [[[1, 1]]]]),
        lambda: sc.split(sc.Conv((5,), 3), [[[evil, 1, 1]]]),
        lambda: sc.prove(sc.Conv((3,), 2)).render("text", kernel_values=[[[evil, 1]]]),
    ):
        with pytest.raises((sc.SymconvError, TypeError, ValueError)):
            make()
    assert list(tmp_path.iterdir()) == []


# Places where a text can be put ---------------------------------------------------------------------

TEXTS = {
    "LaTeX": r"\input{/etc/passwd}",
    "LaTeX's end": r"\end{document} %c #1 $x$ ~^ \write18{id}",
    "LaTeX, by codes": "^^5cinput ^^M",
    "HTML": "<script>alert(1)</script>",
    "an entity": "&lt;b&gt; &amp; &#60;",
    "an attribute": "\" onload='alert(1)' x=\"",
    "the end of CDATA": "]]></svg><script>",
    "a shell": "$(rm) `id` ; | > x",
    "Coq's comment": "*) Admitted. (*",
    "Markdown": "`a` *b* _c_ [d](javascript:alert(1)) ![e](f) ~~g~~ | # h",
    "JSON": '"}, "theorem": "x',
    "braces": "{}} {{",
    "other scripts": "é λ 漢 ∑",
}
REFUSED = {"a line break": "a\n\n# b", "a terminal's command": "\x1b[2J", "a nought": "a\0b", "written backwards": "\u202eevil", "nothing": "", "endless": "a" * 201}  # fmt: skip


def with_name(name: str) -> sc.FullyConnected:
    nodes = [(name, Apply(sc.Conv((4,), 2), [[[1, 2]]])), ("sum", Add(), name, name), ("relu", Activation("relu"))]
    return sc.fully_connected(sc.Network((1, 4), nodes))


class Seen(HTMLParser):
    """The text of a page, and the elements that are in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.attributes = "", set[str](), set[str]()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("name", TEXTS)
def test_the_name_of_a_node_is_printed_as_it_is(name: str) -> None:
    text = TEXTS[name]
    network, plain = with_name(text), Seen(with_name("conv").render("html"))
    page = Seen(network.render("html"))
    assert text in page.text
    assert (page.tags, page.attributes) == (plain.tags, plain.attributes)
    assert escape(text) in network.render("latex")
    assert escape(text) in network.render("beamer")
    assert " ".join(text.split()) in " ".join(network.render("text").split())
    # Markdown: every sign that could be markup has a stroke before it.
    shown = re.escape("").join(re.escape(c) if c.isalnum() or ord(c) > 126 else rf"\\?{re.escape(c)}" for c in text)
    (found,) = set(re.findall(shown, network.render("markdown")))
    assert not re.search(r"(?<!\\)[`*_<>\[\]$&~]", found.replace("\\\\", ""))
    assert re.sub(r"\\([^\s])", r"\1", found) == text


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_is_no_line_is_refused(name: str) -> None:
    with pytest.raises(sc.SpecError, match=r"name=.*must be one line of at most 200 printable characters") as error:
        with_name(REFUSED[name])
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", TEXTS)
def test_a_title_is_printed_as_it_is(name: str) -> None:
    text = TEXTS[name]
    drawing = sc.Conv((3,), 2).draw(title=text)
    titles = [each.text for each in tree.fromstring(drawing.svg()).iter() if each.tag.endswith("title")]
    assert titles == [text]
    assert "script" not in Seen(drawing._repr_html_()).tags
    if name == "other scripts":
        with pytest.raises(sc.SpecError, match=r"pdflatex cannot print.*Valid: path="):
            drawing.tikz()
    else:
        assert "\\input" not in drawing.tikz().replace(escape(text), "")


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "nothing"])
def test_a_title_that_is_no_line_is_refused(name: str) -> None:
    with pytest.raises(sc.SpecError, match="title"):
        sc.Conv((3,), 2).draw(title=REFUSED[name])


@pytest.mark.parametrize("name", TEXTS | REFUSED)
@pytest.mark.parametrize("option", ["--names", "--theorem", "--padding-mode", "--input", "--with", "--check", "--format", "--kernel-values", "-o"])  # fmt: skip
def test_an_option_is_refused_in_one_printable_line(
    option: str, name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (TEXTS | REFUSED)[name]
    value = f"k={text}" if option in ("--names", "--with") else text
    assert main(["prove", "--input", "4x4", "--kernel", "3x3", f"{option}={value}" if option != "-o" else f"-o{value}"]) == 2  # fmt: skip
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.removesuffix("\n").replace("\xa0", "").isprintable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_grid_is_data(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    grid = tmp_path / "grid.toml"
    for key in ("input", "padding-mode", "theorem"):
        lines = {"input": '"4x4"', "kernel": "3", key: json.dumps(TEXTS[name], ensure_ascii=False)}
        grid.write_text("[[grid]]\n" + "".join(f"{one} = {other}\n" for one, other in lines.items()), encoding="utf-8")
        assert main(["sweep", str(grid)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_may_have_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is never a command: neither of a shell, nor of LaTeX, whose file is always proof.tex in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    target = f"{TEXTS[name].replace('/', ':')}.txt"
    assert main(["prove", "--input", "4", "--kernel", "3", "-o", target]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [target]


# LaTeX ----------------------------------------------------------------------------------------------


def test_the_page_prints_the_names(pdflatex: str, tmp_path: Path) -> None:
    nodes: list[Any] = []
    for text in TEXTS.values():
        nodes.append((text, Apply(sc.Conv((4,), 1), [[[2]]])))
    page = sc.fully_connected(sc.Network((1, 4), nodes)).render("latex", standalone=True)
    compile_log(pdflatex, tmp_path, page)
    if not shutil.which("pdftotext"):
        return  # that it compiles was seen
    done = subprocess.run(["pdftotext", "-layout", "page.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)  # fmt: skip
    shown = re.sub(r"\s", "", done.stdout)
    for name, text in TEXTS.items():
        for character in ("λ", "漢", "∑"):
            text = text.replace(character, f"[U+{ord(character):04X}]")
        if name not in ("Markdown", "an attribute"):  # pdfTeX's quotes and ligatures are other signs
            assert re.sub(r"\s", "", text) in shown.replace("’", "'").replace("‘", "`"), name
    assert "root:" not in shown


@pytest.mark.parametrize(
    "body", [r"\input{/etc/passwd}", r"\input{../secret}", r"\immediate\write18{touch made}", r"\newwrite\f\immediate\openout\f=../made "]
)  # fmt: skip
def test_latex_stays_in_its_folder_and_runs_nothing(body: str, pdflatex: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Even what is no page of this package's: paths out of the folder are not opened, commands not run."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "secret.tex").write_text("x")
    document = rf"\documentclass{{article}}\begin{{document}}x {body} y\end{{document}}"
    try:
        found = compile_pdf(document)
    except sc.SymconvError as error:
        assert "passwd" in str(error) or "secret" in str(error) or "made" in str(error)  # noqa: PT017 - or it is ignored
    else:
        assert found.startswith(b"%PDF")
        assert "write18" in body
    assert [path.name for path in tmp_path.iterdir()] == ["secret.tex"]


# Model files ----------------------------------------------------------------------------------------


class Evil:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("made",)


def test_a_pickled_model_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").write_bytes(pickle.dumps(Evil()))
    pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    for given in ("model.pt", Path("model.pt"), (tmp_path / "model.pt").read_bytes()):
        with pytest.raises(sc.SpecError, match=r"must be a torch\.nn\.Module"):
            sc.from_torch(given, (1, 4))
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_a_pickle_is_no_onnx_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")
    (tmp_path / "model.onnx").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(sc.SpecError, match="is no ONNX model"):
        sc.from_onnx("model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd", "a/../../secret", "link"])
def test_weights_outside_of_the_folder_are_not_read(place: str, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"\0" * 32)
    (folder / "link").symlink_to(tmp_path / "secret")
    weights = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1, 1, 2])
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", "0"), ("length", "8")):
        weights.external_data.add(key=key, value=value)
    x, y = (onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, [1, 1, size]) for each, size in (("x", 4), ("y", 3)))  # fmt: skip
    graph = onnx.helper.make_graph([onnx.helper.make_node("Conv", ["x", "w"], ["y"], "conv")], "g", [x], [y], [weights])
    (folder / "model.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(sc.SymconvError) as error:
        sc.from_onnx(folder / "model.onnx")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", TEXTS)
def test_names_in_model_files_are_printed_as_they_are(name: str) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")
    x, y = (onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, [1, 4]) for each in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"], TEXTS[name])], "g", [x], [y])
    network = sc.fully_connected(sc.from_onnx(onnx.helper.make_model(graph)))
    assert [node.name for node in network.nodes] == [TEXTS[name]]
    assert html.escape(TEXTS[name]) in network.render("html")
    assert escape(TEXTS[name]) in network.render("latex")


def test_names_of_modules_are_printed_as_they_are() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    module = torch.nn.Sequential()
    module.add_module("<script>alert(1)</script>", torch.nn.Conv1d(1, 1, 2))
    module.add_module("$(rm) % #", torch.nn.ReLU())
    page = sc.fully_connected(sc.from_torch(module.eval(), (1, 4))).render("html")
    assert "script" not in Seen(page).tags
    assert "$(rm) % #" in Seen(page).text


@pytest.mark.parametrize("name", ['x")\ngetattr(__import__("os"), "mkdir")("made")\n("', r"\x22", "a\nb"])
@pytest.mark.parametrize("kind", ["module", "buffer"])
def test_names_of_modules_are_no_code(name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.fx writes a module's name into Python that it then runs."""
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    monkeypatch.chdir(tmp_path)
    module = torch.nn.Sequential(torch.nn.Conv1d(1, 1, 2), torch.nn.ReLU())
    if kind == "module":
        module.add_module(name, torch.nn.ReLU())
    else:
        module.register_buffer(name, torch.zeros(1))
    with pytest.raises(sc.SpecError, match="without quotation marks and backslashes"):
        sc.from_torch(module.eval(), (1, 4))
    assert list(tmp_path.iterdir()) == []


# Proofs in files ------------------------------------------------------------------------------------


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "symconv", "check", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def proof() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sc.prove(sc.Conv((3,), 2)).render("json"))
    return found


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize("place", ["layer", "layer.padding", "theorem", "steps", "matrices", "extra"])
def test_a_proof_of_any_depth_is_read(place: str, depth: int, proof: dict[str, Any], tmp_path: Path) -> None:
    altered = json.loads(json.dumps(proof))
    *path, last = place.split(".")
    where = altered
    for each in path:
        where = where[each]
    where[last] = "here"
    text = json.dumps(altered).replace('"here"', "[" * depth + "]" * depth)
    (tmp_path / "proof.json").write_text(text)
    done = checked(tmp_path / "proof.json")
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert 1 <= done.stderr.count("\n") <= 11
    assert max(map(len, done.stderr.splitlines())) < 1_000


def test_a_proof_of_any_size_is_sized_first(tmp_path: Path) -> None:
    """A file of two gigabytes that holds nothing, and a device without an end."""
    with (tmp_path / "proof.json").open("wb") as file:
        file.truncate(2 << 30)
    done = checked(tmp_path / "proof.json")
    assert done.returncode == 2
    assert "is larger than" in done.stderr
    for device, said in (("/dev/zero", "is not text"), ("/dev/urandom", "is not UTF-8 text")):
        if Path(device).exists():
            assert said in checked(Path(device)).stderr


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no names for open files")
def test_text_without_an_end_is_read_no_further_than_a_proof_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FILE_LIMIT", 3 * files.PIECE)
    endless_text = [sys.executable, "-c", "while True: print('y' * 65536)"]
    with subprocess.Popen(endless_text, stdout=subprocess.PIPE) as endless:
        assert endless.stdout is not None
        with pytest.raises(sc.SpecError, match=r"is larger than 3,145,728 bytes\. Valid: a proof written by symconv"):
            files.read(f"/dev/fd/{endless.stdout.fileno()}", "proof.json")
        endless.kill()


@pytest.mark.parametrize("name", ["claim", "key", "theorem"])
def test_what_a_file_says_cannot_command_the_terminal(name: str, proof: dict[str, Any], tmp_path: Path) -> None:
    altered = json.loads(json.dumps(proof))
    evil = "\x1b[2J\u202e\x9b1m\r\nsymconv: all is well"
    if name == "claim":
        altered["steps"][0]["claim"] = evil
    else:
        altered[evil if name == "key" else name] = evil
    (tmp_path / "proof.json").write_text(json.dumps(altered, ensure_ascii=False), encoding="utf-8")
    done = checked(tmp_path / "proof.json")
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert done.stderr.removesuffix("\n").isprintable()


def test_a_file_s_own_name_cannot_command_the_terminal(tmp_path: Path, proof: dict[str, Any]) -> None:
    path = tmp_path / "\x1b[2J\u202e.json"
    path.write_text(json.dumps(proof))
    done = checked(path)
    assert done.returncode == 0
    assert done.stdout.replace("\n", "").isprintable()
