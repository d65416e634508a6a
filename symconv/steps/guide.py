"""The fifteen relationships between sizes of "A guide to convolution arithmetic for deep learning".

V. Dumoulin and F. Visin, arXiv 1603.07285, in the guide's numbers and letters: input size i, kernel k,
stride s, padding p on both sides, dilation d, output size o; for a transposed convolution i' and o',
and a for the positions that its output has beyond what the copies of the kernel cover. Each is derived
for all sizes from one formula, move by move (see `sizes`); nothing here is taken from samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..sizes import ByOne, Calculate, Move, Num, Put, Size, TakeOut, Vanish, Var, floor, sized, value

N, K, S, D = Var("N"), Var("k"), Var("s"), Var("d")
LOW, HIGH = Var("low"), Var("high")
IN, P, HALF = Var("i"), Var("p"), Var("n")
I_, A = Var("i'"), Var("a")

ROOM = N + LOW + HIGH - D * (K - 1) - 1
"""What is left of the padded signal behind the first window."""

GENERAL = floor(ROOM, S) + 1


@dataclass(frozen=True)
class Hypothesis:
    """A relation between two sizes, and the words where it fails."""

    left: Size
    relation: str  # =, <= or >=
    right: Size
    otherwise: str

    def holds(self, env: Mapping[str, int]) -> bool:
        """Whether it is so for these sizes."""
        left, right = value(self.left, env), value(self.right, env)
        return {"=": left == right, "<=": left <= right, ">=": left >= right}[self.relation]

    def failing(self, env: Mapping[str, int]) -> str:
        """What stands against it, with the numbers."""
        return self.otherwise.format_map({name.replace("'", "_"): number for name, number in env.items()})


@dataclass(frozen=True)
class Link:
    """One equality of a derivation: the move, and what it leads to."""

    move: Move
    to: Size


@dataclass(frozen=True)
class Relationship:
    """One relationship: where it applies, what it says, and its derivation from `GENERAL`.

    `back` derives, for a transposed convolution, that the convolution it belongs to takes o' to i'.
    """

    number: int
    kind: str  # convolution, pooling or transposed convolution
    name: str
    hypotheses: tuple[Hypothesis, ...]
    links: tuple[Link, ...]
    back: tuple[Link, ...] = ()

    @property
    def formula(self) -> Size:
        return self.links[-1].to

    def fails(self, kind: str, env: Mapping[str, int]) -> str | None:
        """Why it does not apply to a layer of that kind and these sizes, or None."""
        if kind != self.kind:
            return f"it is about a {self.kind}"
        return next((each.failing(env) for each in self.hypotheses if not each.holds(env)), None)


def _put(**values: Size | int) -> Put:
    return Put(tuple((name, sized(size)) for name, size in values.items()))


def _same(name: str, number: int) -> Hypothesis:
    return Hypothesis(Var(name), "=", Num(number), f"{name} = {{{name}}}")


_SYMMETRIC = Hypothesis(LOW, "=", HIGH, "the padding differs at the two ends, {low} and {high}")
_PADDED = (_SYMMETRIC, Hypothesis(P, ">=", Num(0), "p = {p} is negative"))
_UNPADDED = (_SYMMETRIC, _same("p", 0))
_HALF = (
    Hypothesis(K, "=", 2 * HALF + 1, "k = {k} is even"),
    _SYMMETRIC,
    Hypothesis(P, "=", HALF, "p = {p}, and k = {k}"),
)
_FULL = (_SYMMETRIC, Hypothesis(P, "=", K - 1, "p = {p}, and k = {k}"))
_WITHIN = Hypothesis(P, "<=", K - 1, "p = {p} is more than k - 1 with k = {k}")
_REMAINDER = Hypothesis(A, "<=", S - 1, "a = {a} is not less than s = {s}")
_UNIT, _DENSE, _EXACT = _same("s", 1), _same("d", 1), _same("a", 0)

_CALCULATE = Calculate()


def _direct(
    number: int, name: str, hypotheses: Sequence[Hypothesis], kernel: Size, padding: Size | int, stride: Size | int,
    dilation: Size | int, *results: Size, kind: str = "convolution",
) -> Relationship:  # fmt: skip
    """Put the sizes into the general formula, then simplify; with stride 1 the floor goes."""
    put = _put(N=IN, low=padding, high=padding, d=dilation, s=stride, k=kernel)
    start = Link(put, _tidy(put))
    unit = stride == 1
    links = [start, *(Link(ByOne() if unit and n == 0 else _CALCULATE, to) for n, to in enumerate(results))]
    return Relationship(number, kind, name, tuple(hypotheses), tuple(links))


def _tidy(put: Put) -> Size:
    """The general formula for these sizes as it is written: without + 0 and 1 times."""
    given = dict(put.values)
    room: Size = given["N"]
    for side in ("low", "high"):
        room = room if given[side] == Num(0) else room + given[side]
    reach = given["k"] - 1 if given["d"] == Num(1) else given["d"] * (given["k"] - 1)
    return floor(room - reach - 1, given["s"]) + 1


def _transposed(
    number: int, name: str, hypotheses: Sequence[Hypothesis], kernel: Size, padding: Size | int, stride: Size | int,
    extra: Size | int, *results: Size, dilation: Size | int = 1,
) -> Relationship:  # fmt: skip
    """A convolution with stride 1 of the stretched input; and back, the convolution of what comes out."""
    stretched = I_ if stride == 1 else sized(stride) * (I_ - 1) + 1
    other = _minus(kernel - 1, padding)
    high = other if extra == 0 else other + extra
    put = _put(N=stretched, low=other, high=high, d=dilation, s=1, k=kernel)
    links = [
        Link(put, _tidy(put)),
        *(Link(ByOne() if n == 0 else _CALCULATE, to) for n, to in enumerate(results)),
    ]
    total = results[-1]
    again = _put(N=total, low=padding, high=padding, d=dilation, s=stride, k=kernel)
    back = [Link(again, _tidy(again))]
    if stride == 1:
        back.append(Link(ByOne(), I_))
    else:
        left = sized(stride) * (I_ - 1)
        rest = left if extra == 0 else left + extra
        back.append(Link(_CALCULATE, floor(rest, stride) + 1))
        back.append(Link(TakeOut(I_ - 1), (I_ - 1) + floor(extra, stride) + 1))
        back.append(Link(Vanish(sized(extra), sized(stride)), I_))
    return Relationship(number, "transposed convolution", name, tuple(hypotheses), tuple(links), tuple(back))


def _minus(left: Size, right: Size | int) -> Size:
    """left - right as it is written."""
    return left if right == 0 else Num(0) if left == right else left - right


_ODD = 2 * HALF + 1

RELATIONSHIPS: tuple[Relationship, ...] = (
    _direct(1, "no zero padding, unit strides", (_DENSE, _UNIT, *_UNPADDED), K, 0, 1, 1, (IN - K) + 1),
    _direct(2, "zero padding, unit strides", (_DENSE, _UNIT, *_PADDED), K, P, 1, 1, (IN - K) + 2 * P + 1),
    _direct(3, "half (same) padding", (_DENSE, _UNIT, *_HALF), _ODD, HALF, 1, 1, IN + 2 * HALF - 2 * HALF, IN),
    _direct(4, "full padding", (_DENSE, _UNIT, *_FULL), K, K - 1, 1, 1, IN + 2 * (K - 1) - (K - 1), IN + (K - 1)),
    _direct(5, "no zero padding, non-unit strides", (_DENSE, *_UNPADDED), K, 0, S, 1, floor(IN - K, S) + 1),
    _direct(6, "zero padding, non-unit strides", (_DENSE, *_PADDED), K, P, S, 1, floor(IN + 2 * P - K, S) + 1),
    _direct(7, "pooling", (_DENSE, *_UNPADDED), K, 0, S, 1, floor(IN - K, S) + 1, kind="pooling"),
    _transposed(8, "no zero padding, unit strides", (_DENSE, _UNIT, *_UNPADDED, _EXACT), K, 0, 1, 0, I_ + (K - 1)),
    _transposed(
        9, "zero padding, unit strides", (_DENSE, _UNIT, *_PADDED, _WITHIN, _EXACT), K, P, 1, 0,
        I_ + (K - 1) - 2 * P,
    ),
    _transposed(
        10, "half (same) padding", (_DENSE, _UNIT, *_HALF, _EXACT), _ODD, HALF, 1, 0, I_ + 2 * HALF - 2 * HALF, I_
    ),
    _transposed(
        11, "full padding", (_DENSE, _UNIT, *_FULL, _EXACT), K, K - 1, 1, 0, I_ + (K - 1) - 2 * (K - 1), I_ - (K - 1)
    ),
    _transposed(12, "no zero padding, non-unit strides", (_DENSE, *_UNPADDED, _EXACT), K, 0, S, 0, S * (I_ - 1) + K),
    _transposed(
        13, "zero padding, non-unit strides", (_DENSE, *_PADDED, _WITHIN, _EXACT), K, P, S, 0,
        S * (I_ - 1) + K - 2 * P,
    ),
    _transposed(
        14, "zero padding, non-unit strides, remainder", (_DENSE, *_PADDED, _WITHIN, _REMAINDER), K, P, S, A,
        S * (I_ - 1) + A + K - 2 * P,
    ),
    _direct(
        15, "dilated", _PADDED, K, P, S, D, floor(IN + 2 * P - K - (K - 1) * (D - 1), S) + 1,
    ),
)  # fmt: skip
"""The relationships in the guide's order."""

STRETCHED = S * (I_ - 1) + 1
TRANSPOSED = Relationship(
    0,
    "transposed convolution",
    "in general",
    (),
    (
        Link(
            _put(N=STRETCHED, low=D * (K - 1) - LOW, high=D * (K - 1) - HIGH + A, s=1),
            floor(STRETCHED + (D * (K - 1) - LOW) + (D * (K - 1) - HIGH + A) - D * (K - 1) - 1, 1) + 1,
        ),
        Link(ByOne(), S * (I_ - 1) + D * (K - 1) + 1 - LOW - HIGH + A),
    ),
)
"""What this package's transposed convolutions satisfy, with any dilation, padding and output padding."""


def known(relationship: Relationship) -> tuple[Size, ...]:
    """What its hypotheses say is not negative; a size is at least 1 wherever it is a kernel, stride or dilation."""
    facts: list[Size] = [K - 1, S - 1, D - 1, A, Num(0)]
    for each in relationship.hypotheses:
        if each.relation in ("<=", "="):
            facts.append(each.right - each.left)
        if each.relation in (">=", "="):
            facts.append(each.left - each.right)
    return tuple(facts)


def convolution(put: Put) -> dict[str, Size]:
    """The convolution whose windows a derivation counts: N, low, high, k, d and s as expressions."""
    given = dict(put.values)
    return {name: given.get(name, Var(name)) for name in ("N", "low", "high", "k", "d", "s")}


def windows(sizes: Mapping[str, int]) -> int:
    """The windows counted one by one, every entry looked at: no formula."""
    positions = range(-sizes["low"], sizes["N"] + sizes["high"])
    entries = range(-sizes["low"], sizes["d"] * (sizes["k"] - 1) - sizes["low"] + 1, sizes["d"])
    count = 0
    while all(sizes["s"] * count + entry in positions for entry in entries):
        count += 1
    return count
