"""The mutants of a file: what Cosmic Ray's operators make of it, without those that change nothing that runs."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.mutating import mutate_code


@dataclass(frozen=True)
class Mutant:
    """A file in which one place was changed."""

    file: str
    code: str
    operator: str
    where: str  # the function or class
    was: str  # the changed lines, without their indentation
    now: str
    line: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in accepted.toml: neither line numbers nor occurrences, which move with every edit."""
        return self.where, self.was, self.now

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.file}\n{self.code}".encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}, {self.where} ({self.operator})\n    - {self.was}\n    + {self.now}"


def mutants(root: Path, file: str, excluded: list[str]) -> list[Mutant]:
    """Every mutant of a file, in the order of its lines; two operators that make the same code make one mutant."""
    code = (root / file).read_text()
    places = definitions(code)
    seen = {running(code)}
    found = []
    names = [name for name in plugins.operator_names() if not any(re.fullmatch(each, name) for each in excluded)]
    for name in names:
        operator = plugins.get_operator(name)()
        occurrence = 0
        while (mutated := mutate_code(code, operator, occurrence)) is not None:
            occurrence += 1
            try:
                runs = running(mutated)
            except SyntaxError:
                continue
            if runs not in seen:
                seen.add(runs)
                line, was, now = changed(code, mutated)
                where = next((place for first, last, place in places if first <= line <= last), "module")
                found.append(Mutant(file, mutated, name.removeprefix("core/"), where, was, now, line))
    return sorted(found, key=lambda each: each.line)


def changed(code: str, mutated: str) -> tuple[int, str, str]:
    """The first line that differs, and the lines that differ on both sides."""
    left, right = code.splitlines(), mutated.splitlines()
    first = next(n for n, (one, other) in enumerate(zip_longest(left, right)) if one != other)
    rest = zip(reversed(left[first:]), reversed(right[first:]), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], rest))
    was, now = left[first : len(left) - same], right[first : len(right) - same]
    return first + 1, " / ".join(map(str.strip, was)), " / ".join(map(str.strip, now))


def definitions(code: str) -> list[tuple[int, int, str]]:
    """First line, last line and qualified name of every function and class, the innermost first."""
    found: list[tuple[int, int, str]] = []

    def visit(node: ast.AST, path: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = path
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = (*path, child.name)
                first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
                found.append((first, child.end_lineno or first, ".".join(inner)))
            visit(child, inner)

    visit(ast.parse(code), ())
    return sorted(found, key=lambda each: each[1] - each[0])


_NEGATED = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


class _Running(ast.NodeTransformer):
    """Takes away what only a type checker or a reader sees, and writes `not a == b` as `a != b`."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.Not):
            return inner.operand  # in the tests of `if`, the only place where a mutant has it
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare) and len(inner.ops) == 1:
            negated = _NEGATED.get(type(inner.ops[0]))
            if negated is not None:
                return ast.Compare(inner.left, [negated()], inner.comparators)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST | None:
        protocol = any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
        return None if protocol else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Name("annotation")
        return self.generic_visit(node)


def running(code: str) -> str:
    """A canonical form of what runs: no annotations (they are not evaluated), no protocols, no imports for types."""
    return ast.dump(_Running().visit(ast.parse(code)))
