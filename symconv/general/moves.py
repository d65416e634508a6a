"""The moves of a proof for all sizes: each is one law of finite sums, and `apply` carries it out.

Define       put a definition for its letter
Distribute   products of sums become sums of products
Exchange     finite sums may be taken in any order
Sift         a bracket [d v = e] leaves of the sum over v the one term v = e/d, where d divides e and it is in range
Drop         a bracket whose condition follows from what stands beside it is 1
Reverse      a sum taken from its end
Use          an equation that was proved before, for all functions in it
Backwards    any of these, read from right to left

Each raises `Refuted` where it does not apply. A step of a proof is valid when `apply` makes its right side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Union

from ..node import Node
from ..report import Refuted
from ..sizes import Certificate, Num, Ratio, Size, Var, normal
from .terms import (
    INTEGERS,
    Among,
    AtLeast,
    Below,
    Bracket,
    Condition,
    Divides,
    Plus,
    Product,
    Related,
    Same,
    SumOver,
    Tensor,
    Term,
    Within,
    canonical,
    free,
    letters,
    named,
    parts,
    put,
    rewritten,
    times,
    total,
)


class Definition(Node):
    """letter(parameters) = body: a tensor's entry, or the bracket of a relation."""

    parameters: tuple[str, ...]
    body: Term


class Equality(Node):
    """left = right, for every function f in it that stands for a tensor."""

    left: Term
    right: Term
    functions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What the steps of a proof may use."""

    sizes: tuple[str, ...]  # the letters that are fixed throughout
    known: tuple[Size, ...]  # what is not negative
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    equalities: Mapping[str, Equality] = field(default_factory=dict)

    @cached_property
    def fixed(self) -> set[str]:
        """The letters that no sum may run over: something is known of them."""
        return {*self.sizes, *letters(self.known)}

    @cached_property
    def circular(self) -> set[str]:
        """The letters whose definition leads back to them."""
        uses = {name: named(each.body) for name, each in self.definitions.items()}
        for _ in uses:
            uses = {name: found.union(*(uses.get(each, ()) for each in found)) for name, found in uses.items()}
        return {name for name, found in uses.items() if name in found}

    def positive(self, size: Size) -> bool:
        """Whether a size is at least 1: it is known, or a number."""
        if isinstance(size, Num):
            return bool(size.value >= 1)
        return normal(size - 1) in {normal(each) for each in self.known}


class Define(Node):
    """Put the definition for a letter."""

    letter: str

    def apply(self, term: Term, facts: Facts) -> Term:
        definition = facts.definitions.get(self.letter)
        if definition is None:
            raise Refuted(f"{self.letter} has no definition")
        unknown = free(definition.body) - {*definition.parameters, *facts.sizes}
        if unknown:
            raise Refuted(f"the definition of {self.letter} depends on {', '.join(sorted(unknown))}")
        if self.letter in facts.circular:
            raise Refuted(f"{self.letter} is defined by itself")
        return _with(self.letter, definition, term)


def _with(defined: str, definition: Definition, term: Term) -> Term:
    """The term with the definition put for its letter."""
    if len(set(definition.parameters)) != len(definition.parameters):
        raise Refuted("one letter stands for two parameters", left=", ".join(definition.parameters))

    def change(part: Any) -> Any:
        match part:
            case Tensor(letter, arguments) | Bracket(Related(letter, arguments)) if letter == defined:
                values = dict(zip(definition.parameters, arguments, strict=True))
                return put(definition.body, {name: size for name, size in values.items() if size != Var(name)})
        return None

    return _made(term, rewritten(term, change), f"{defined} does not occur")


class Distribute(Node):
    """Products of sums become sums of products, and sums of sums one sum."""

    def apply(self, term: Term, facts: Facts) -> Term:
        return _made(term, rewritten(term, _distributed), "there is nothing to multiply out")


def _distributed(part: Any) -> Any:
    match part:
        case SumOver(over, SumOver() as inner):
            _fresh(over, inner.over)
            return total(over, inner)
        case SumOver(over, Plus(summands)):
            return Plus(tuple(_again(SumOver(over, each)) for each in summands))
        case Product():
            flat = times(*part.factors)
            factors = flat.factors if isinstance(flat, Product) else (flat,)
            for n, factor in enumerate(factors):
                others = factors[:n] + factors[n + 1 :]
                if isinstance(factor, Plus) and others:
                    return Plus(tuple(_again(times(*factors[:n], each, *factors[n + 1 :])) for each in factor.summands))
                if isinstance(factor, SumOver) and others:
                    outside = {name for other in others for name in letters(other)}
                    caught = sorted({each.name for each in factor.over} & outside)
                    if caught:
                        raise Refuted(f"{caught[0]} is the variable of a sum and stands outside it too")
                    inside = times(*factors[:n], factor.term, *factors[n + 1 :])
                    return _again(SumOver(factor.over, _again(inside)))
            return flat
    return None


def _again(term: Term) -> Term:
    changed = _distributed(term)
    return term if changed is None else changed


class Exchange(Node):
    """The sums over these variables, in this order."""

    names: tuple[str, ...]

    def apply(self, term: Term, facts: Facts) -> Term:
        def change(part: Any) -> Any:
            if not isinstance(part, SumOver) or {each.name for each in part.over} != set(self.names):
                return None
            by_name = {each.name: each for each in part.over}
            if len(by_name) != len(part.over):
                raise Refuted("two sums have one variable")
            for each in part.over:
                if isinstance(each, Below) and letters(each.count) & set(self.names):
                    raise Refuted(f"how far {each.name} runs depends on another sum")
            return SumOver(tuple(by_name[name] for name in self.names), part.term)

        return _made(term, rewritten(term, change), f"there is no sum over {', '.join(self.names)}")


class Sift(Node):
    """Of the sum over `name` a bracket leaves one term: it says that divisor * name = top."""

    name: str
    by: Same
    top: Size
    divisor: Size = Num(1)

    @property
    def value(self) -> Size:
        """What the variable is in the term that is left."""
        return self.top if self.divisor == Num(1) else Ratio(self.top, self.divisor)

    def apply(self, term: Term, facts: Facts) -> Term:
        said = normal(self.divisor * Var(self.name) - self.top)
        if said not in (normal(self.by.left - self.by.right), normal(self.by.right - self.by.left)):
            raise Refuted("the bracket says something else about the variable", left=self.by, right=self.top)
        if self.name in letters(self.divisor) | letters(self.top):
            raise Refuted(f"what {self.name} must be depends on {self.name}")
        if not facts.positive(self.divisor):
            raise Refuted("the divisor is not known to be at least 1", left=self.divisor)
        wanted = canonical(self.by)

        def change(part: Any) -> Any:
            if not isinstance(part, SumOver) or self.name not in {each.name for each in part.over}:
                return None
            over = next(each for each in part.over if each.name == self.name)
            rest = tuple(each for each in part.over if each.name != self.name)
            if letters(tuple(each for each in rest if isinstance(each, Below))) & {self.name}:
                raise Refuted(f"another sum depends on {self.name}")
            flat = times(part.term)
            factors = list(flat.factors) if isinstance(flat, Product) else [flat]
            at = [
                n
                for n, each in enumerate(factors)
                if isinstance(each, Bracket)
                and isinstance(each.condition, Same)
                and canonical(each.condition) == wanted
            ]
            if not at:
                return None
            if len(at) > 1:
                raise Refuted("the bracket stands there twice", left=self.by)
            del factors[at[0]]
            kept = [put(each, {self.name: self.value}) if self.name in letters(each) else each for each in factors]
            conditions: list[Condition] = []
            if self.divisor != Num(1):
                conditions.append(Divides(self.divisor, self.top))
            if isinstance(over, Among) and over.set != INTEGERS:
                raise Refuted(f"it is not known whether {over.set} holds what {self.name} must be", right=self.top)
            if isinstance(over, Below):
                conditions.append(Within(self.value, over.count))
            return total(rest, times(*map(Bracket, conditions), *kept))

        return _made(term, rewritten(term, change), f"there is no sum over {self.name} with such a bracket")


class Drop(Node):
    """A bracket that is 1 wherever the rest of its product is not 0: each inequality has its certificate."""

    condition: Condition
    certificates: tuple[Certificate, ...]

    def apply(self, term: Term, facts: Facts) -> Term:
        match self.condition:
            case Within(size, count):
                needed = size, count - 1 - size
            case AtLeast(size, bound):
                needed = (size - bound,)  # type: ignore[assignment]
            case _:
                raise Refuted("only a condition of inequalities follows from others", left=self.condition)
        said = [normal(each.size) for each in self.certificates]
        if said != list(map(normal, needed)):
            raise Refuted("the certificates are about something else", left=self.certificates, right=needed)
        wanted = canonical(Bracket(self.condition))

        def inside(part: Any, known: tuple[Size, ...]) -> Any:
            match part:
                case SumOver(over, term_):
                    known += tuple(size for each in over for size in ranges(each))
                    return SumOver(over, inside(term_, known))
                case Plus(summands):
                    return Plus(tuple(inside(each, known) for each in summands))
                case Product(factors):
                    kept = [each for each in factors if canonical(each) != wanted]
                    if len(kept) < len(factors):
                        given = known + tuple(size for each in kept for size in implied(each))
                        if not all(each.holds(given) for each in self.certificates):
                            raise Refuted(
                                "the condition does not follow from what stands beside it", left=self.condition
                            )
                    return times(*(inside(each, known) for each in kept))
            return part

        return _made(term, inside(times(term), facts.known), "there is no such bracket")


def ranges(over: Below | Among) -> tuple[Size, ...]:
    """What is not negative where a variable runs."""
    return (Var(over.name), over.count - 1 - Var(over.name)) if isinstance(over, Below) else ()


def implied(term: Term) -> Iterator[Size]:
    """What is not negative where a bracket is not 0."""
    match term:
        case Bracket(Within(size, count)):
            yield from (size, count - 1 - size)
        case Bracket(AtLeast(size, bound)):
            yield size - bound
        case Bracket(Same(left, right)):
            yield from (left - right, right - left)
        case Bracket(Divides(divisor, size)):
            yield from (size - divisor * Ratio(size, divisor), divisor * Ratio(size, divisor) - size)


class Reverse(Node):
    """The sum over `name` taken from its end: name becomes count - 1 - name."""

    name: str

    def apply(self, term: Term, facts: Facts) -> Term:
        def change(part: Any) -> Any:
            if not isinstance(part, SumOver):
                return None
            over = next((each for each in part.over if each.name == self.name), None)
            if not isinstance(over, Below):
                return None
            return SumOver(part.over, put(part.term, {self.name: over.count - 1 - Var(self.name)}))

        return _made(term, rewritten(term, change), f"there is no sum over {self.name}")


class Use(Node):
    """Replace the left side of an equality by its right side, each function f in it being what is given."""

    equality: str
    functions: tuple[tuple[str, Definition], ...] = ()

    def apply(self, term: Term, facts: Facts) -> Term:
        said = facts.equalities.get(self.equality)
        if said is None:
            raise Refuted(f"{self.equality} was not proved before")
        if {name for name, _ in self.functions} != set(said.functions):
            raise Refuted(f"{self.equality} is about other functions", right=said.functions)
        left, right = said.left, said.right
        if not free((left, right)) <= facts.fixed:
            raise Refuted(f"{self.equality} depends on more than the sizes")
        bound = {each.name for each in _sums((left, right))}
        for name, function in self.functions:
            if named(function.body) & (set(said.functions) - {name}):
                raise Refuted(f"{name} is given by another function of {self.equality}")
            if (free(function.body) - set(function.parameters)) & bound:
                raise Refuted(f"{name} depends on the variable of a sum in {self.equality}")
            left, right = _with(name, function, left), _with(name, function, right)
        wanted = canonical(left)
        return _made(
            term,
            rewritten(term, lambda part: right if canonical(part) == wanted else None),
            f"the left side of {self.equality} does not occur",
        )


class Backwards(Node):
    """A move read from right to left: it makes the left side of the right one."""

    move: Move


Move = Union[Define, Distribute, Exchange, Sift, Drop, Reverse, Use, Backwards]


def follows(before: Term, move: Move, after: Term, facts: Facts) -> int:
    """Check that a move leads from one term to the next."""
    for term in (before, after):
        _well_formed(term, facts)
    if isinstance(move, Backwards):
        before, after, move = after, before, move.move
    made = move.apply(before, facts)  # type: ignore[union-attr]
    if canonical(made) != canonical(after):
        raise Refuted(f"{type(move).__name__} leads elsewhere", left=made, right=after)
    return 1


def _well_formed(term: Term, facts: Facts) -> None:
    """Every letter stands for one thing, and how far a sum runs does not depend on the sums beside it."""
    outside = facts.fixed | free(term)
    for part in parts(term):
        if isinstance(part, SumOver):
            names = [each.name for each in part.over]
            inner = [each.name for each in _sums(part.term)]
            if len(set(names)) != len(names) or set(names) & {*inner, *outside}:
                raise Refuted("one letter stands for two things", left=", ".join(names))
            depends = free(part.over) & set(names)
            if depends:
                raise Refuted(f"how far a sum runs depends on {sorted(depends)[0]}, the variable of one beside it")


def _fresh(over: tuple[Any, ...], inner: tuple[Any, ...]) -> None:
    if {each.name for each in over} & {each.name for each in inner}:
        raise Refuted("two sums have one variable")


def _sums(term: Any) -> Iterator[Any]:
    for part in parts(term):
        if isinstance(part, SumOver):
            yield from part.over


def _made(before: Term, after: Term, otherwise: str) -> Term:
    if after == before:
        raise Refuted(otherwise)
    return after
