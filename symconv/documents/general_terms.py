"""Terms with symbolic limits as formulas, and the reason of each move in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..formula import Call, Cases, Chain, Formula, Group, Iverson, Juxtapose, Member, Run, Sigma, Sym, Tuple, equals
from ..general.moves import Backwards, Define, Distribute, Drop, Exchange, Move, Reverse, Sift, Use
from ..general.terms import (
    AtLeast,
    Below,
    Bracket,
    Condition,
    Divides,
    Over,
    Plus,
    Product,
    Related,
    Same,
    SumOver,
    Tensor,
    Term,
    Within,
)
from ..sizes import Certificate, Num, Size, normal
from .blocks import Inline, words
from .size_formulas import shown

INTEGERS = "ℤ"


def condition(said: Condition) -> Formula:
    """A condition as it is written."""
    match said:
        case Same(left, right):
            return equals(shown(left), shown(right))
        case Within(size, count):
            return Chain("<=", (0, shown(size), less_one(count)))
        case AtLeast():
            return inequality(said)
        case Divides(divisor, size):
            return Chain("|", (shown(divisor), shown(size)))
        case Related("read", (*at, to)):
            return equals(Call("read", Sym("", tuple(map(shown, at)))), shown(to))
        case Related(_, (t, p)):
            return Chain("->", (shown(t), shown(p)))
        case Related("fits", ()):
            return Sym("", ("fits",))
        case Related(_, arguments):
            return Call("first", Sym("", tuple(map(shown, arguments))))
    raise AssertionError(f"not a condition: {said!r}")


def inequality(said: AtLeast) -> Formula:
    """An inequality with each letter on the side where it is added."""
    terms = dict(normal(said.size - said.bound))
    constant = terms.pop((), 0)
    left = {monomial: -factor for monomial, factor in terms.items() if factor < 0}
    right = {monomial: factor for monomial, factor in terms.items() if factor > 0}
    if left:
        return Chain("<=", (_polynomial(left, 0), _polynomial(right, constant)))
    return Chain("<=", (-constant, _polynomial(right, 0)))


def _polynomial(terms: dict[tuple[str, ...], int], constant: int) -> Formula:
    parts: list[Formula] = []
    for monomial, factor in sorted(terms.items()):
        letters: tuple[Formula, ...] = (factor, *monomial) if factor != 1 else monomial
        parts.append(Juxtapose(letters) if len(letters) > 1 else letters[0])
    if constant or not parts:
        parts.append(abs(constant) if parts else constant)
    if len(parts) == 1:
        return parts[0]
    return Chain("-", (Chain("+", tuple(parts[:-1])), parts[-1])) if constant < 0 else Chain("+", tuple(parts))


def less_one(count: Size) -> Formula:
    """count - 1, calculated where it is a number."""
    return count.value - 1 if isinstance(count, Num) else shown(count - 1)


def sigma(over: Over) -> Formula:
    """A summation sign."""
    if isinstance(over, Below):
        return Sigma(Run(over.name, 0, less_one(over.count)))
    return Sigma(Member(over.name, INTEGERS if over.set == "Z" else over.set))


def formula(term: Term) -> Formula:
    """A term as it is written."""
    match term:
        case Tensor(letter, indices):
            return Sym(letter, tuple(map(shown, indices)))
        case Bracket(said):
            return Iverson(condition(said))
        case Product(factors):
            return Juxtapose(tuple(_factor(each) for each in factors))
        case Plus(summands):
            return Chain("+", tuple(map(formula, summands)))
        case SumOver(over, inside):
            body = formula(inside)
            inner = (
                (Group(body),) if isinstance(inside, Plus) else body.parts if isinstance(body, Juxtapose) else (body,)
            )
            return Juxtapose((*map(sigma, over), *inner))
    raise AssertionError(f"not a term: {term!r}")


def _factor(term: Term) -> Formula:
    written = formula(term)
    return Group(written) if isinstance(term, (SumOver, Plus)) else written


def cases(term: Term) -> Formula:
    """A product of brackets and one entry as the entry where the conditions hold, else 0."""
    match term:
        case Product(factors):
            said = tuple(condition(each.condition) for each in factors if isinstance(each, Bracket))
            (entry,) = (formula(each) for each in factors if not isinstance(each, Bracket))
            return Cases(((entry, Chain("and", said)), (0, "otherwise")))
    raise AssertionError(f"not an entry with conditions: {term!r}")


def products(certificate: Certificate, zero: Sequence[Size] = ()) -> Formula:
    """The sum of products that shows a bound; without those that are zero by an equation."""
    gone = {normal(size) for size in zero}
    parts = []
    for product in certificate.products:
        if any(normal(each) in gone for each in product):
            continue
        written = [shown(each) for each in product]
        parts.append(
            Juxtapose(tuple(Tuple((each,)) if isinstance(each, Chain) else each for each in written))
            if len(product) > 1
            else (
                Tuple((written[0],)) if isinstance(written[0], Chain) and len(certificate.products) > 1 else written[0]
            )
        )
    return Chain("+", tuple(parts)) if len(parts) > 1 else parts[0] if parts else 0


def bound(certificate: Certificate, zero: Sequence[Size] = (), size: Size | None = None) -> Formula:
    """size = sum of products >= 0; `size` is the same with a letter for a part of it."""
    left, right = shown(size or certificate.size), products(certificate, zero)
    return Chain(">=", (equals(left, right) if left != right else left, 0))


Said = tuple[Inline, ...]


def reason(move: Move, zero: Sequence[Size], names: Callable[[str], Said]) -> Said:
    """Why a move may be made; `names` says what a defined letter is."""
    match move:
        case Define(letter):
            return names(letter)
        case Backwards(Define(letter)):
            return names(letter)
        case Distribute():
            return ("multiplied out",)
        case Backwards(Distribute()):
            return ("what does not depend on the inner sums is taken out of them",)
        case Exchange():
            return ("finite sums may be taken in any order",)
        case Sift(name, by, top, divisor):
            if divisor == Num(1):
                return words("of the sum over {} the bracket leaves {}", name, equals(name, shown(top)))
            at = equals(name, Chain("/", (_bracketed(shown(top)), shown(divisor))))
            return words("of the sum over {} the bracket leaves {}, where that is an integer in range", name, at)
        case Backwards(Sift(name, by)):
            return words("{} for exactly one {}", condition(by), name)
        case Drop(_, certificates):
            bounds = [each for each in certificates if len(each.products) > 1 or len(each.products[0]) > 1]
            if not bounds:
                return ("the condition holds throughout",)
            return words("for " + " and ".join("{}" for _ in bounds), *(bound(each, zero) for each in bounds))
        case Backwards(Drop()):
            return reason(move.move, zero, names)
        case Reverse(name):
            return words("the sum over {} taken from its end", name)
        case Use():
            return ("the hypothesis of the induction",)
    raise AssertionError(f"not a move: {move!r}")


def _bracketed(top: Formula) -> Formula:
    return Tuple((top,)) if isinstance(top, Chain) else top
