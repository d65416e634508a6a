"""Sizes as formulas: an expression as it is written."""

from __future__ import annotations

from ..formula import Chain, Floor, Formula, Group, Juxtapose, Tuple
from ..sizes import Add, Multiply, Num, Quotient, Ratio, Size, Subtract, Var
from ..sums import variable


def shown(size: Size) -> Formula:
    """An expression as it is written."""
    match size:
        case Num(value):
            return int(value)
        case Var(name):
            return str(name)
        case Add(left, right):
            return Chain("+", (*_summands(left), shown(right) if not _sum(right) else Group(shown(right))))
        case Subtract(Num(0), Var(name)):
            return variable(name) * -1
        case Subtract(Add(inner, Num(1)), Num(1)):
            return shown(inner)
        case Subtract(Num(0), right):
            return Chain("-", ("", _bracketed(right)))
        case Subtract(left, right):
            return Chain("-", (shown(left), _bracketed(right)))
        case Multiply(left, right):
            return Juxtapose((*_factors(left), _bracketed(right)))
        case Ratio(top, bottom):
            return Chain("/", (Tuple((shown(top),)) if _sum(top) else shown(top), shown(bottom)))
        case Quotient(Var(top), Var(bottom)):
            return Floor(Chain("/", (top, bottom)), None)
        case Quotient(top, bottom):
            return Floor(shown(top), shown(bottom))
    raise AssertionError(f"not a size: {size!r}")


def _sum(size: Size) -> bool:
    return isinstance(size, (Add, Subtract))


def _summands(size: Size) -> tuple[Formula, ...]:
    formula = shown(size)
    return formula.parts if isinstance(formula, Chain) and formula.operator == "+" else (formula,)


def _bracketed(size: Size) -> Formula:
    return Group(shown(size)) if _sum(size) else shown(size)


def _factors(size: Size) -> tuple[Formula, ...]:
    return (*_factors(size.left), _bracketed(size.right)) if isinstance(size, Multiply) else (_bracketed(size),)
