"""Finite sums with symbolic limits: the terms that a proof for all sizes is about.

A term is a product of tensor entries, of brackets [condition] that are 1 where the condition holds and 0
elsewhere, and of sums; its indices and limits are integer expressions in the sizes (`sizes.Size`). Two terms
are compared by `canonical`, which knows associativity, the order of factors and of summands, and that
integer expressions with one normal form are equal: nothing about sums, those change by `moves` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Union

from ..node import Node
from ..sizes import Size, Var, normal, replaced, value

# What a sum runs over -----------------------------------------------------------------------------


class Below(Node):
    """name = 0, 1, ..., count - 1."""

    name: str
    count: Size


class Among(Node):
    """name runs through a set that has a letter; all but finitely many terms are zero."""

    name: str
    set: str


INTEGERS = "Z"
"""The letter of the set that holds every integer; of any other set nothing is known."""

Over = Union[Below, Among]


# Conditions ---------------------------------------------------------------------------------------


class Same(Node):
    """left = right."""

    left: Size
    right: Size


class Within(Node):
    """0 <= size <= count - 1."""

    size: Size
    count: Size


class AtLeast(Node):
    """size >= bound."""

    size: Size
    bound: Size


class Divides(Node):
    """divisor divides size."""

    divisor: Size
    size: Size


class Related(Node):
    """A relation that has a letter: the condition is about its arguments, and defined elsewhere or arbitrary."""

    letter: str
    arguments: tuple[Size, ...]


Condition = Union[Same, Within, AtLeast, Divides, Related]


# Terms --------------------------------------------------------------------------------------------


class Tensor(Node):
    """An entry of a tensor: k_{c,a,u}."""

    letter: str
    indices: tuple[Size, ...]


class Bracket(Node):
    """1 where the condition holds, else 0."""

    condition: Condition


class Product(Node):
    factors: tuple[Term, ...]


class Plus(Node):
    summands: tuple[Term, ...]


class SumOver(Node):
    over: tuple[Over, ...]
    term: Term


Term = Union[Tensor, Bracket, Product, Plus, SumOver]

ONE = Product(())


def times(*factors: Term) -> Term:
    """The product, without products inside it."""
    flat: list[Term] = []
    for factor in factors:
        if isinstance(factor, Product):
            inside = times(*factor.factors)
            flat += inside.factors if isinstance(inside, Product) else [inside]
        else:
            flat.append(factor)
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def total(over: tuple[Over, ...], term: Term) -> Term:
    """The sum, as one where the term is a sum too."""
    if isinstance(term, SumOver):
        return SumOver(over + term.over, term.term)
    return SumOver(over, term) if over else term


def rewritten(term: Any, change: Callable[[Any], Any]) -> Any:
    """The term with `change` applied to every part of it, innermost first; None keeps a part."""
    if isinstance(term, tuple):
        return tuple(rewritten(part, change) for part in term)
    if not isinstance(term, Node) or isinstance(term, Size):
        return term
    inner = term._values()
    parts = tuple(rewritten(part, change) for part in inner)
    rebuilt = term if parts == inner else type(term)(*parts)
    changed = change(rebuilt)
    return rebuilt if changed is None else changed


def letters(term: Any) -> set[str]:
    """The variables that occur in a term or a size, bound ones too."""
    found: set[str] = set()
    left = [term]
    while left:
        part = left.pop()
        if isinstance(part, Var):
            found.add(part.name)
        elif isinstance(part, tuple):
            left += part
        elif isinstance(part, (Below, Among)):
            found.add(part.name)
            left += [part.count] if isinstance(part, Below) else []
        elif isinstance(part, Node):
            left += part._values()
    return found


def free(term: Any) -> set[str]:
    """The letters that a term depends on: those that stand outside the sums over them."""
    if isinstance(term, tuple):
        return {name for part in term for name in free(part)}
    if isinstance(term, SumOver):
        return free(term.over) | (free(term.term) - {each.name for each in term.over})
    if isinstance(term, Size):
        return letters(term)
    return free(term._values()) if isinstance(term, Node) else set()


def named(term: Any) -> set[str]:
    """The letters of the tensors and relations in a term."""
    return {part.letter for part in parts(term) if isinstance(part, (Tensor, Related))}


def put(term: Any, values: Mapping[str, Size]) -> Any:
    """Put expressions for variables in a term. A bound variable may be neither replaced nor captured."""
    bound = {each.name for part in parts(term) if isinstance(part, SumOver) for each in part.over}
    clash = bound and bound & ({name for size in values.values() for name in letters(size)} | set(values))
    if clash:
        raise ValueError(f"{sorted(clash)[0]} is the variable of a sum inside")

    def sizes(size: Size) -> Size:
        return replaced(size, lambda part: values.get(part.name) if isinstance(part, Var) else None)

    def inside(part: Any) -> Any:
        if isinstance(part, Size):
            return sizes(part)
        if isinstance(part, tuple):
            return tuple(map(inside, part))
        return type(part)(*map(inside, part._values())) if isinstance(part, Node) else part

    return inside(term)


def parts(term: Any) -> Iterator[Any]:
    """The term and everything it is made of, sizes left out."""
    if isinstance(term, tuple):
        for each in term:
            yield from parts(each)
    elif isinstance(term, Node) and not isinstance(term, Size):
        yield term
        for each in term._values():
            yield from parts(each)


def canonical(term: Any) -> Any:
    """One form for terms that differ in brackets, in the order of factors and summands, and within sizes only."""
    match term:
        case Size():
            return normal(term)
        case Tensor(letter, indices):
            return letter, tuple(map(normal, indices))
        case Bracket(condition):
            return "bracket", canonical(condition)
        case Same(left, right):
            return "same", frozenset((normal(left - right), normal(right - left)))
        case AtLeast(size, bound):
            return "at least", normal(size - bound)
        case Divides(divisor, size):
            return "divides", normal(divisor), frozenset((normal(size), normal(0 - size)))
        case Product():
            flat = times(term)
            if not isinstance(flat, Product):
                return canonical(flat)
            return "product", frozenset(Counter(map(canonical, flat.factors)).items())
        case Plus(summands):
            return "plus", frozenset(Counter(map(canonical, summands)).items())
        case tuple():
            return tuple(map(canonical, term))
        case Node():
            return type(term).__name__, *map(canonical, term._values())
    return term


# Values -------------------------------------------------------------------------------------------

Sums = dict[tuple[tuple[str, tuple[int, ...]], ...], int]
"""A polynomial in tensor entries: {(entry, entry, ...): coefficient}."""

Relations = Mapping[str, Callable[..., bool]]


def holds(condition: Condition, env: Mapping[str, int], relations: Relations) -> bool:
    """Whether a condition holds for these sizes."""
    match condition:
        case Same(left, right):
            return value(left, env) == value(right, env)
        case Within(size, count):
            return 0 <= value(size, env) < value(count, env)
        case AtLeast(size, bound):
            return value(size, env) >= value(bound, env)
        case Divides(divisor, size):
            return value(size, env) % value(divisor, env) == 0
        case Related(letter, arguments):
            return relations[letter](*(value(each, env) for each in arguments))
    raise AssertionError(f"not a condition: {condition!r}")


def evaluate(term: Term, env: Mapping[str, int], sets: Mapping[str, range], relations: Relations) -> Sums:
    """The polynomial that a term is for these sizes, written out; definitions must have been put in."""
    match term:
        case Tensor(letter, indices):
            return {((letter, tuple(value(each, env) for each in indices)),): 1}
        case Bracket(condition):
            return {(): 1} if holds(condition, env, relations) else {}
        case Product(factors):
            found: Sums = {(): 1}
            for factor in sorted(factors, key=lambda each: not isinstance(each, Bracket)):
                if not found:
                    return {}  # what stands beside a bracket that is 0 need not have a value
                other = evaluate(factor, env, sets, relations)
                made: Sums = {}
                for (one, a), (two, b) in product(found.items(), other.items()):
                    key = tuple(sorted(one + two))
                    made[key] = made.get(key, 0) + a * b
                found = made
            return found
        case Plus(summands):
            return added(evaluate(each, env, sets, relations) for each in summands)
        case SumOver(over, inside):
            names = [each.name for each in over]
            runs = [range(value(each.count, env)) if isinstance(each, Below) else sets[each.set] for each in over]
            return added(
                evaluate(inside, {**env, **dict(zip(names, at, strict=True))}, sets, relations) for at in product(*runs)
            )
    raise AssertionError(f"not a term: {term!r}")


def added(parts: Any) -> Sums:
    """The sum of polynomials."""
    found: Sums = {}
    for part in parts:
        for key, coefficient in part.items():
            found[key] = found.get(key, 0) + coefficient
    return {key: coefficient for key, coefficient in found.items() if coefficient}
