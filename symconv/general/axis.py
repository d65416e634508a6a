"""One axis with symbolic sizes: its letters, its hypotheses, and what follows from them.

Input size n, kernel size k, stride s, dilation d, input dilation l, padding P before and Q behind; N is the
length of the dilated input and m the number of outputs. In several dimensions every letter has the number of
its axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from ..padding import PaddingMode
from ..sizes import Certificate, Num, Ratio, Size, Subtract, Var, floor, normal
from .terms import AtLeast, Bracket, Divides, Plus, Same, Term, Within, times

C, E, A = Var("c"), Var("e"), Var("a")
GROUPS, TAKES, MAKES = Var("g"), Var("A"), Var("B")
"""Groups, the input channels of a group, and its output channels."""
FIRST = TAKES * floor(C, MAKES)
"""The first input channel of output channel c's group."""
CHANNEL = E - FIRST


@dataclass(frozen=True)
class SymbolicAxis:
    """The letters of one axis; `number` is what they end in.

    With `tuples` every letter stands for as many numbers as there are axes, and all arithmetic is component by
    component: integers and tuples of integers obey the same laws.
    """

    number: str = ""
    tuples: bool = False

    def var(self, letter: str) -> Var:
        return Var(letter + self.number)

    @property
    def n(self) -> Var:
        return self.var("n")

    @property
    def k(self) -> Var:
        return self.var("k")

    @property
    def s(self) -> Var:
        return self.var("s")

    @property
    def d(self) -> Var:
        return self.var("d")

    @property
    def scale(self) -> Var:
        return self.var("l")

    @property
    def low(self) -> Var:
        return self.var("P")

    @property
    def high(self) -> Var:
        return self.var("Q")

    @property
    def length(self) -> Var:
        return self.var("N")

    @property
    def outputs(self) -> Var:
        return self.var("m")

    @property
    def i(self) -> Var:
        return self.var("i")

    @property
    def u(self) -> Var:
        return self.var("u")

    @property
    def t(self) -> Var:
        return self.var("t")

    @property
    def p(self) -> Var:
        return self.var("p")

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The letters of the sizes."""
        return tuple(letter + self.number for letter in "nksdlPQNm")

    @property
    def long(self) -> Size:
        """What N is."""
        return self.scale * (self.n - 1) + 1

    @property
    def room(self) -> Size:
        """What is left of the padded signal behind the first window; the kernel fits if it is not negative."""
        return self.length + self.low + self.high - self.d * (self.k - 1) - 1

    @property
    def count(self) -> Size:
        """What m is."""
        return floor(self.room, self.s) + 1

    @property
    def position(self) -> Size:
        """Where tap u of output i reads."""
        return self.s * self.i + self.d * self.u - self.low

    @property
    def holds(self) -> Size:
        """Where input p lies."""
        return self.scale * self.p

    @property
    def tap(self) -> Size:
        """What tap of output i reads position t, times d."""
        return self.low + self.t - self.s * self.i

    @cached_property
    def known(self) -> tuple[Size, ...]:
        """What is not negative by hypothesis, by what N is, and by the law of the floor that m is made with."""
        least = tuple(size - 1 for size in (self.n, self.k, self.s, self.d, self.scale))
        left_over = self.room - self.s * (self.outputs - 1)  # the remainder of the division by s
        return (
            *least,
            *(self.n, self.k, self.s, self.d, self.scale),
            self.room,
            left_over,
            self.s - 1 - left_over,
            self.outputs - 1,
            self.length - self.long,
            self.long - self.length,
        )

    @property
    def output_known(self) -> tuple[Size, ...]:
        """What is not negative for an output i."""
        return self.i, self.outputs - 1 - self.i

    @property
    def input_known(self) -> tuple[Size, ...]:
        """What is not negative for an input p."""
        return self.p, self.n - 1 - self.p

    @property
    def tap_known(self) -> tuple[Size, ...]:
        """What is not negative for a kernel entry u."""
        return self.u, self.k - 1 - self.u


def meeting(axis: SymbolicAxis) -> tuple[Bracket, Bracket]:
    """The conditions under which output i has a tap at position t."""
    return Bracket(Divides(axis.d, axis.tap)), Bracket(Within(Ratio(axis.tap, axis.d), axis.k))


def holds_input(axis: SymbolicAxis, mode: PaddingMode) -> Term:
    """[t -> p]: whether position t of the padded input holds input p, as the mode's own definition says."""
    t, n = axis.t, axis.length
    inside = times(Bracket(Within(t, n)), Bracket(Same(t, axis.holds)))
    beyond = []
    for affine, where in ((mode.before(n), AtLeast(Num(-1), t)), (mode.after(n), AtLeast(t, n))):  # type: ignore[arg-type]
        if affine is not None:
            beyond.append(times(Bracket(where), Bracket(Same(source(affine, t), axis.holds))))
    return Plus((inside, *beyond)) if beyond else inside


def source(affine: tuple[Size | int, Size | int], t: Size) -> Size:
    """slope * t + offset, written as one would."""
    slope, offset = affine
    if slope == 0:
        return Num(offset) if isinstance(offset, int) else offset
    if slope == 1:
        return t - offset.right if isinstance(offset, Subtract) and offset.left == Num(0) else t + offset
    if offset == 0:
        return 0 - t
    return offset - t


def certificate(size: Size, candidates: tuple[tuple[Size, ...], ...]) -> Certificate | None:
    """A size as the sum of at most three of these products and a number, if it is one; the result speaks for itself."""
    target = dict(normal(size))
    values = [dict(normal(Certificate(size, (product,)).total())) for product in candidates]
    for count in range(4):
        for chosen in combinations(range(len(candidates)), count):
            left = dict(target)
            for n in chosen:
                for monomial, coefficient in values[n].items():
                    left[monomial] = left.get(monomial, 0) - coefficient
            constant = left.pop((), 0)
            if constant >= 0 and not any(left.values()):
                own = tuple(candidates[n] for n in chosen)
                return Certificate(size, (*own, (Num(constant),)) if constant or not own else own)
    return None
