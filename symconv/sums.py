"""Finite sums as data: what a proof step claims, still symbolic.

An `Index` is an affine expression such as `2*i + u - 1` or `(f + 1 - 2*i)/2`; a `Span` is an index
range whose limits are such expressions; a `Sum` is a tuple of spans and a product of indexed
letters. What a step prints and what its check evaluates are one and the same `Sum`.

A variable is a name (`i`, `u`) or a floored quotient of one (`c//2`, `(3*i + 1)//5`). A sum's terms may have
known coefficients: a constant, and tables such as alpha_i or alpha_{i,u}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import Final

Env = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Index:
    """(sum of coefficient * variable + constant) / divisor, in lowest terms, variables sorted.

    >>> i, u = variable("i"), variable("u")
    >>> print(i * 2 + u - 1)
    2*i + u - 1
    >>> (i * 2 + u - 1).at({"i": 3, "u": 0})
    5
    """

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0
    divisor: int = 1

    def __post_init__(self) -> None:
        # One expression has one form, or "are these the same?" could be answered differently in two places.
        before, ordered = "", type(self.constant) is type(self.divisor) is int and self.divisor > 0
        for name, value in self.terms:
            ordered = ordered and type(value) is int and value != 0 and name > before
            before = name
        if not ordered or (
            self.divisor > 1 and gcd(self.divisor, self.constant, *[value for _, value in self.terms]) > 1
        ):
            raise ValueError(
                f"not integers in lowest terms, with each variable once: {self.terms}, {self.constant}, {self.divisor}"
            )

    @staticmethod
    def make(terms: Mapping[str, int], constant: int, divisor: int = 1) -> Index:
        common = gcd(divisor, constant, *terms.values())
        if divisor < 0:
            common = -common
        kept = tuple(sorted((name, value // common) for name, value in terms.items() if value))
        return Index(kept, constant // common, divisor // common)

    def coefficient(self, name: str) -> int:
        """The coefficient of a variable in the numerator."""
        return dict(self.terms).get(name, 0)

    def at(self, env: Env) -> int | None:
        """The value, or None where the division leaves a remainder."""
        total = self.constant
        for name, value in self.terms:
            total += value * env[name]
        quotient, remainder = divmod(total, self.divisor)
        return None if remainder else quotient

    def over(self, name: str, values: range, env: Env) -> range | None:
        """The values taken while one variable runs through a range: again a range.

        None where some of them are not integers. Evaluating a sum this way costs one range instead
        of a loop.
        """
        if not values:
            return range(0)
        first = self.at({**env, name: values[0]})
        step, remainder = divmod(self.coefficient(name) * values.step, self.divisor)
        if first is None or (remainder and len(values) > 1):
            return None
        if len(values) == 1:
            return range(first, first + 1)
        return range(first, first + step * len(values), step) if step else None

    def substitute(self, name: str, value: Index) -> Index:
        """Put an expression for a variable."""
        factor = self.coefficient(name)
        terms = {key: c * value.divisor for key, c in self.terms if key != name}
        for key, c in value.terms:
            terms[key] = terms.get(key, 0) + factor * c
        return Index.make(terms, self.constant * value.divisor + factor * value.constant, self.divisor * value.divisor)

    def solve(self, name: str, other: str) -> Index:
        """The expression for `name` that makes this expression equal to the variable `other`."""
        factor = self.coefficient(name)
        terms = {key: -c for key, c in self.terms if key != name}
        terms[other] = self.divisor
        return Index.make(terms, -self.constant, factor)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            other = Index((), other)
        terms = {key: c * other.divisor for key, c in self.terms}
        for key, c in other.terms:
            terms[key] = terms.get(key, 0) + c * self.divisor
        constant = self.constant * other.divisor + other.constant * self.divisor
        return Index.make(terms, constant, self.divisor * other.divisor)

    def __mul__(self, factor: int) -> Index:
        return Index.make({key: c * factor for key, c in self.terms}, self.constant * factor, self.divisor)

    def divided(self, by: int) -> Index:
        """The quotient, which is no integer where the division leaves a remainder."""
        return Index.make(dict(self.terms), self.constant, self.divisor * by)

    def __sub__(self, other: Index | int) -> Index:
        return self + other * -1

    def signed(self) -> tuple[tuple[int, str | None], ...]:
        """The numerator's terms in reading order: positive ones first, the constant last."""
        ordered = sorted(self.terms, key=lambda term: term[1] < 0)
        parts: list[tuple[int, str | None]] = [(c, name) for name, c in ordered]
        if self.constant or not parts:
            parts.append((self.constant, None))
        if parts[0][0] < 0 and self.constant > 0:  # 1 - u rather than -u + 1
            parts.insert(0, parts.pop())
        return tuple(parts)

    def __str__(self) -> str:
        return python(self)


def variable(name: str) -> Index:
    """The index expression that is one variable."""
    return Index(((name, 1),))


def number(value: int) -> Index:
    """The index expression that is one integer."""
    return Index((), value)


def quotient(of: Index, divisor: int) -> Index:
    """The floor of an expression in one variable over an integer, as an expression.

    >>> print(quotient(variable("i") * 3 + 1, 5))
    ((3*i + 1) // 5)
    """
    if divisor == 1 or not of.terms:
        return of if of.terms else number(of.constant // divisor)
    text = python(of)
    return variable(f"{text if text.isalnum() else f'({text})'}//{divisor}")


@lru_cache(maxsize=256)
def floored(name: str) -> tuple[Index, int]:
    """What a floored quotient is of, and the divisor: the inverse of `quotient`."""
    top, divisor = name.split("//")
    terms: dict[str, int] = {}
    constant = 0
    for part in top.strip("()").replace(" - ", " + -").split(" + "):
        factor, _, letter = part.rpartition("*")
        if letter.lstrip("-").isdigit():
            constant += int(letter)
        else:
            terms[letter] = int(factor or 1)
    return Index.make(terms, constant), int(divisor)


def join_signed(parts: tuple[tuple[int, str | None], ...], times: str, name: Mapping[str, str]) -> str:
    """Write signed terms one after the other: '2*i + u - 1' with times='*'."""
    text = ""
    for factor, key in parts:
        size = abs(factor)
        body = str(size) if key is None else (name[key] if size == 1 else f"{size}{times}{name[key]}")
        if text:
            text += (" - " if factor < 0 else " + ") + body
        else:
            text = ("-" if factor < 0 else "") + body
    return text


def python(index: Index) -> str:
    """The expression as Python source, as the definition's code spells it."""
    names = {key: f"({key.replace('//', ' // ')})" if "//" in key else key for key, _ in index.terms}
    text = join_signed(index.signed(), "*", names)
    if index.divisor == 1:
        return text
    return f"({text})/{index.divisor}" if len(index.signed()) > 1 else f"{text}/{index.divisor}"


@dataclass(frozen=True, slots=True)
class Span:
    """A variable that runs from `first` to `last` (inclusive) by `step`."""

    name: str
    first: Index
    last: Index
    step: int = 1

    def at(self, env: Env) -> range:
        first, last = self.first.at(env), self.last.at(env)
        if first is None or last is None:
            raise ValueError(f"the limits of {self.name} are not integers")
        return range(first, last + 1, self.step)

    def __str__(self) -> str:
        return f"{self.name} from {self.first} to {self.last}" + (f" by {self.step}" if self.step != 1 else "")

    @property
    def single(self) -> Index | None:
        """The one value of a span that has just one; a sum over it needs no sign."""
        return self.first if self.first == self.last else None


@dataclass(frozen=True, slots=True)
class Fibre:
    """Those positions of `span` at which the padded input holds the input `onto`."""

    span: Span
    onto: str

    def __str__(self) -> str:
        return f"{self.span} where input {self.onto} lies"


@dataclass(frozen=True, slots=True)
class Factor:
    """An indexed letter: k_{c,a,u} or x_{p}."""

    letter: str
    indices: tuple[Index, ...]

    def __str__(self) -> str:
        return f"{self.letter}[{', '.join(map(python, self.indices))}]"

    def substitute(self, name: str, value: Index) -> Factor:
        return Factor(self.letter, tuple(index.substitute(name, value) for index in self.indices))


KERNEL: Final = "k"
INPUT: Final = "x"
PADDED: Final = "z"
WEIGHT: Final = "W"
COLUMNS: Final = "C"
OUTPUT: Final = "y"
_TENSORS = (KERNEL, INPUT, PADDED, WEIGHT, COLUMNS)


@dataclass(frozen=True, slots=True)
class Sum:
    """One axis of a claim: a sum over spans of a product of indexed letters.

    A claim in several dimensions is the tuple of its axes' sums: the sum over the product of the
    ranges, of the product of the terms with their indices side by side.
    """

    spans: tuple[Span | Fibre, ...]
    factors: tuple[Factor, ...]
    coefficient: int | Fraction = 1

    def __str__(self) -> str:
        constant = f"{self.coefficient} times the " if self.coefficient != 1 else ""
        return f"{constant}sum over {', '.join(map(str, self.spans))} of {' '.join(map(str, self.factors))}"

    def factor(self, letter: str) -> Factor | None:
        return next((factor for factor in self.factors if factor.letter == letter), None)

    @property
    def known(self) -> tuple[Factor, ...]:
        """The factors that are tables of known coefficients."""
        return tuple(factor for factor in self.factors if factor.letter not in _TENSORS)

    def constant(self, factor: Factor) -> bool:
        """Whether a factor is the same in every term."""
        names = {(span.span if isinstance(span, Fibre) else span).name for span in self.spans}
        return not any(name in names for index in factor.indices for name, _ in index.terms)

    def simplified(self) -> Sum:
        """The sum as it is printed: a span of one value is no sum, its index is that value."""
        if any(isinstance(span, Fibre) for span in self.spans):
            return self
        spans, factors = [], self.factors
        for span in self.spans:
            single = span.single if isinstance(span, Span) else None
            if isinstance(span, Fibre) or single is None:
                spans.append(span)
            else:
                factors = tuple(factor.substitute(span.name, single) for factor in factors)
        return Sum(tuple(spans), factors, self.coefficient)


def leading(sums: tuple[Sum, ...], letter: str) -> tuple[Index, ...]:
    """The indices of a letter in a product of sums: those of its axes, side by side."""
    return tuple(
        index for axis in sums for factor in axis.factors if factor.letter == letter for index in factor.indices
    )
