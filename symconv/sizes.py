"""Sizes as symbols: integer expressions with floors, and what is true of them for all sizes.

An expression is kept as it was written, since it is printed, and is compared by its normal form: a
polynomial with integer coefficients in the letters and, as further letters, in the floors that occur.
So two expressions with one normal form are equal for all integers. Floors change only by the moves
below, each a law of division with remainder; inequalities are shown by writing the difference as a
sum of products of what is known not to be negative.

>>> s, j = Var("s"), Var("j")
>>> normal(s * (j + 1)) == normal(s * j + s)
True
>>> TakeOut(j).apply(floor(s * j + 3, s)) == j + floor(s * j + 3 - s * j, s)
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

from .node import Node

Atom = Any
"""A letter, or a floor as the pair of the normal forms of its top and bottom."""
Normal = frozenset[tuple[tuple[Atom, ...], int]]
"""A polynomial: ((atom, ...), coefficient) for each monomial."""


class Size(Node):
    """An integer expression; the operators build larger ones."""

    def __add__(self, other: Size | int) -> Size:
        return Add(self, sized(other))

    def __radd__(self, other: int) -> Size:
        return Add(Num(other), self)

    def __sub__(self, other: Size | int) -> Size:
        return Subtract(self, sized(other))

    def __rsub__(self, other: int) -> Size:
        return Subtract(Num(other), self)

    def __mul__(self, other: Size | int) -> Size:
        return Multiply(self, sized(other))

    def __neg__(self) -> Size:
        return self.right if isinstance(self, Subtract) and self.left == Num(0) else Subtract(Num(0), self)

    def __rmul__(self, other: int) -> Size:
        return Multiply(Num(other), self)


class Num(Size):
    value: int


class Var(Size):
    name: str


class Add(Size):
    left: Size
    right: Size


class Subtract(Size):
    left: Size
    right: Size


class Multiply(Size):
    left: Size
    right: Size


class Quotient(Size):
    """The floor of top / bottom, for a bottom of at least 1."""

    top: Size
    bottom: Size


class Ratio(Quotient):
    """A quotient that stands beside the condition that its bottom divides its top."""

    top: Size
    bottom: Size


def sized(value: Size | int) -> Size:
    """An expression; an integer as one."""
    return Num(value) if isinstance(value, int) else value


def floor(top: Size | int, bottom: Size | int) -> Size:
    """The floor of a quotient, as it is written."""
    return Quotient(sized(top), sized(bottom))


def value(size: Size, env: Mapping[str, int]) -> int:
    """The integer that an expression is for these sizes."""
    match size:
        case Num(number):
            return int(number)
        case Var(name):
            return env[name]
        case Add(left, right):
            return value(left, env) + value(right, env)
        case Subtract(left, right):
            return value(left, env) - value(right, env)
        case Multiply(left, right):
            return value(left, env) * value(right, env)
        case Quotient(top, bottom):
            return value(top, env) // value(bottom, env)
    raise AssertionError(f"not a size: {size!r}")


def normal(size: Size) -> Normal:
    """The polynomial that an expression is; equal ones are equal for all integers."""
    return frozenset(_terms(size).items())


def _terms(size: Size) -> dict[tuple[Atom, ...], int]:
    match size:
        case Num(number):
            if not isinstance(number, int):
                raise TypeError(f"not an integer: {number!r}")
            return {(): number} if number else {}
        case Var(name):
            return {(name,): 1}
        case Quotient(top, bottom):
            return {((normal(top), normal(bottom)),): 1}
        case Add(left, right):
            return _added(_terms(left), _terms(right), 1)
        case Subtract(left, right):
            return _added(_terms(left), _terms(right), -1)
        case Multiply(left, right):
            total: dict[tuple[Atom, ...], int] = {}
            for one, a in _terms(left).items():
                for two, b in _terms(right).items():
                    total = _added(total, {tuple(sorted(one + two, key=_order)): a * b}, 1)
            return total
    raise AssertionError(f"not a size: {size!r}")


def _order(atom: Atom) -> tuple[bool, Any]:
    """Letters first; what is equal stands in one place, in one run."""
    return (False, atom) if isinstance(atom, str) else (True, hash(atom))


def _added(left: dict[Any, int], right: dict[Any, int], sign: int) -> dict[Any, int]:
    total = dict(left)
    for monomial, coefficient in right.items():
        total[monomial] = total.get(monomial, 0) + sign * coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def replaced(size: Size, change: Any) -> Size:
    """The expression with `change` applied to every part, from the innermost out; None keeps a part."""
    inner = size._values()
    parts = tuple(replaced(part, change) if isinstance(part, Size) else part for part in inner)
    rebuilt = size if parts == inner else type(size)(*parts)
    changed = change(rebuilt)
    return rebuilt if changed is None else changed


# Moves --------------------------------------------------------------------------------------------


class Put(Node):
    """Put expressions for letters, all at once; what holds for all sizes holds for these."""

    values: tuple[tuple[str, Size], ...]

    def apply(self, size: Size) -> Size:
        given = dict(self.values)
        return replaced(size, lambda part: given.get(part.name) if isinstance(part, Var) else None)


class Calculate(Node):
    """Adding, multiplying and reordering only: both sides are one polynomial."""

    def apply(self, size: Size) -> Size:
        return size


class ByOne(Node):
    """Dividing by 1 changes nothing."""

    def apply(self, size: Size) -> Size:
        one = normal(Num(1))
        return replaced(
            size, lambda part: part.top if isinstance(part, Quotient) and normal(part.bottom) == one else None
        )


class TakeOut(Node):
    """The floor of (a + s b)/s is b + the floor of a/s: a whole multiple of the divisor comes out."""

    multiple: Size

    def apply(self, size: Size) -> Size:
        def change(part: Size) -> Size | None:
            if isinstance(part, Quotient):
                return self.multiple + floor(part.top - part.bottom * self.multiple, part.bottom)
            return None

        return replaced(size, change)


class Vanish(Node):
    """The floor of r/s is 0 where 0 <= r <= s - 1."""

    remainder: Size
    divisor: Size

    def apply(self, size: Size) -> Size:
        gone = normal(self.remainder), normal(self.divisor)

        def change(part: Size) -> Size | None:
            is_it = isinstance(part, Quotient) and (normal(part.top), normal(part.bottom)) == gone
            return Num(0) if is_it else None

        return replaced(size, change)

    @property
    def needs(self) -> tuple[Size, ...]:
        """What must not be negative."""
        return self.remainder, self.divisor - 1 - self.remainder


Move = Union[Put, Calculate, ByOne, TakeOut, Vanish]


class Certificate(Node):
    """`size` is not negative: it is the sum of these products of what is known not to be."""

    size: Size
    products: tuple[tuple[Size, ...], ...]

    def total(self) -> Size:
        """The sum of the products."""
        total: Size | None = None
        for factors in self.products:
            product = factors[0]
            for factor in factors[1:]:
                product = product * factor
            total = product if total is None else total + product
        return total or Num(0)

    def holds(self, known: Sequence[Size]) -> bool:
        """Whether the sum is `size`, and each factor is among what is known not to be negative."""
        given = {normal(size) for size in known}
        factors = (factor for product in self.products for factor in product)
        return normal(self.total()) == normal(self.size) and all(
            normal(factor) in given or (isinstance(factor, Num) and factor.value >= 0) for factor in factors
        )
