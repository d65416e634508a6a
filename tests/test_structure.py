"""The shape of the package: what imports what, and that nothing heavy is loaded before it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import symconv as sc

ROOT = Path(sc.__file__).parent
ORDER = [
    "errors", "limits", "tensors", "flattening", "report", "node", "dispatch", "arrays", "sizes", "form", "padding", "spec", "sums", "readmap", "weighted", "definition", "csr",
    "matrices", "algebra", "all_entries", "symbols", "sympy_latex", "explain", "layers", "entries", "recognition",
    "adjoint", "claims", "along",
    "rules", "proof", "formula", "expressions", "identities", "stacks",
    "steps", "pictures",
    "general", "documents", "catalogue", "networks", "render", "worksheets",
    "output", "commands", "grid", "sweep", "drawing", "certify", "cli", "sphinxext",
]  # fmt: skip
"""Imports run one way down this list. What a function imports when it is called may go back up: the
public surface (a proof renders itself) needs that."""


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports when it is itself imported."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = path.relative_to(ROOT).parts
            package = parts[: len(parts) - node.level]
            target = (*package, *(node.module.split(".") if node.module else ()))
            found |= {target[0]} if target else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    unit = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if unit in ("__init__", "__main__"):
        return
    assert unit in ORDER, f"add {unit} to the order"
    above = {name for name in imports(path) if name in ORDER and ORDER.index(name) > ORDER.index(unit)}
    assert not above, f"{unit} imports {above}"


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(' '.join(sys.modules), file=sys.__stdout__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import symconv",
        "import symconv; symconv.SpecError; dir(symconv)",
        "import contextlib, io, symconv.cli\nwith contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n    symconv.cli.main(['--help'])",
        "import symconv as sc; sc.prove(sc.Conv((32, 32), 3, padding=1, padding_mode='circular'), check='axes')",
    ],
    ids=["import", "names", "help", "prove axes"],
)  # fmt: skip
def test_nothing_heavy_is_loaded_before_it_is_used(code: str) -> None:
    assert not {"sympy", "numpy", "scipy", "latexify"} & loaded(code)


def test_the_trusted_kernel_is_small_and_stands_alone() -> None:
    path = ROOT / "form.py"
    code = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(code) < 80
    assert imports(path) == set()


def test_the_two_routes_share_no_code() -> None:
    """The inverse route uses neither the forward position nor the fold, and the definition no inverse."""
    tree = ast.parse((ROOT / "readmap.py").read_text(encoding="utf-8"))
    for wanted in ("Axis", "Channels"):
        owner = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == wanted)
        methods = {node.name: node for node in owner.body if isinstance(node, ast.FunctionDef)}

        def uses(name: str, methods: dict[str, ast.FunctionDef] = methods) -> set[str]:
            return {n.attr for n in ast.walk(methods[name]) if isinstance(n, ast.Attribute)}

        for inverse in ("meets", "copies"):
            assert not {"position", "fold", "source"} & uses(inverse)
        for forward in ("position", "fold"):
            assert not {"meets", "copies", "positions"} & uses(forward)


def test_the_two_routes_in_arrays_share_no_code() -> None:
    """What reads forward knows no table and nothing of the inverse; what builds W knows no position and no fold."""
    path = ROOT / "all_entries.py"
    forward, _ = path.read_text(encoding="utf-8").split("# W, by inversion")
    forward = forward.split("# The definition, forward")[1].split("\n", 1)[1]
    backward = (ROOT / "csr.py").read_text(encoding="utf-8")
    for text, foreign in (
        (forward, {"tables", "table", "meets", "copies", "positions", "runs", "Rows", "Run", "factors"}),
        (backward, {"position", "fold", "source", "definition", "sums", "padded_range"}),
    ):
        nodes = list(ast.walk(ast.parse(text)))
        used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        used |= {node.id for node in nodes if isinstance(node, ast.Name)}
        assert not foreign & used
    assert imports(ROOT / "csr.py") == {"errors", "readmap"}  # the tables of lines, and no more


def test_public_names_have_docstrings_with_a_running_example() -> None:
    for name in (
        "Conv",
        "Linear",
        "prove",
        "theorems",
        "recognise",
        "project",
        "Network",
        "fully_connected",
        "from_torch",
        "from_onnx",
        "SpecError",
    ):
        assert ">>>" in (getattr(sc, name).__doc__ or ""), name
    for method in ("symbols", "output", "weight_matrix", "im2col", "to_latex", "output_latex", "to_numpy", "explain"):
        assert ">>>" in (getattr(sc.Conv, method).__doc__ or ""), method
