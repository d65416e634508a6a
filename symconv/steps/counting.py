"""Counting the windows that fit, for all sizes: what is claimed of them, and the rules.

window      entry u of window j lies at s j + d u - low             the definition
fits        all of it is on the padded input when its last entry is
rearrange   that is s j <= N + low + high - d (k - 1) - 1
divide      divide the right side by s: s q + r
compare     so j <= q fits, and j >= q + 1 does not
count       so there are q + 1
relation    a relationship of the guide: its sizes put in
numbers     this layer's sizes put in
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..claims import AnyClaim, Context, Refuted, expect
from ..readmap import Axis
from ..rules import Follows, all_windows
from ..sizes import Certificate, Put, Size, Vanish, Var, floor, normal, value
from .guide import HIGH, LOW, RELATIONSHIPS, ROOM, TRANSPOSED, D, K, Link, N, Relationship, S, known, windows

J, U, Q, R = Var("j"), Var("u"), Var("q"), Var("r")
POSITION = S * J + D * U - LOW
LAST = N + HIGH - 1
KNOWN = (N - 1, K - 1, S - 1, D - 1, S, D, J, U, K - 1 - U)
"""What the letters stand for: sizes of at least 1, j at least 0, u from 0 to k - 1."""


# Claims -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """Entry u of window j lies at `position` of a padded signal that runs from `first` to `last`."""

    position: Size
    first: Size
    last: Size


@dataclass(frozen=True)
class Fits:
    """Window j fits exactly when `left` <= `right`."""

    left: Size
    right: Size


@dataclass(frozen=True)
class Division:
    """q is the floor of `dividend` / s, so dividend = s q + r with 0 <= r <= s - 1."""

    dividend: Size


@dataclass(frozen=True)
class Sign:
    """For `case` >= 0 the window fits, or with `fits` False it does not: by the certificate."""

    case: Size
    fits: bool
    certificate: Certificate


@dataclass(frozen=True)
class General:
    """The output size."""

    formula: Size


@dataclass(frozen=True)
class Case:
    """One relationship, with its derivation."""

    relationship: Relationship


@dataclass(frozen=True)
class Numbers:
    """For each axis: the sizes put into the formula, and the output size."""

    axes: tuple[tuple[tuple[tuple[str, int], ...], int], ...]


def axis_sizes(axis: Axis) -> dict[str, int]:
    """The numbers that the letters stand for along one axis."""
    return {
        "N": axis.length, "low": axis.low, "high": axis.high,
        "k": axis.taps, "d": axis.dilation, "s": axis.stride,
    }  # fmt: skip


def kind_of(layer: Any) -> str:
    """What the relationships call a layer."""
    if hasattr(layer, "output_padding"):
        return "transposed convolution"
    return "pooling" if hasattr(layer, "ceil_mode") else "convolution"


def layer_sizes(layer: Any, axis: int) -> dict[str, int]:
    """The guide's letters for one axis of a layer."""
    line: Axis = layer.read_map.axes[axis]
    if hasattr(layer, "output_padding"):
        low, high = layer.padding[axis]
        own = {"i'": line.inputs, "s": line.scale, "a": layer.output_padding[axis]}
    else:
        low, high = line.low, line.high
        own = {"i": line.length, "s": line.stride}
    return {**own, "low": low, "high": high, "p": low, "k": line.taps, "d": line.dilation, "n": line.taps // 2}


def _axes(context: Context) -> tuple[Axis, ...]:
    return context.subject.definition.read_map.axes


def _claimed(kind: type[Any], claim: AnyClaim | None) -> Any:
    if not isinstance(claim, kind):
        raise Refuted(f"the claim, or the step that it cites, is not a {kind.__name__}")
    return claim


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where the window's entries lie: the definition of the layer, along every axis."""

    name = "window"
    follows: ClassVar[Follows] = ()

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = _claimed(Window, after)
        found = tuple(map(normal, (claim.position, claim.first, claim.last)))
        return expect(found, tuple(map(normal, (POSITION, 0 - LOW, LAST))), "the window is not where it is read")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """The layer's own reads, tap by tap (a reversed kernel reads the same places), and its padded input."""
        claim, compared = _claimed(Window, after), 0
        for axis in _axes(context):
            sizes = axis_sizes(axis)
            ends = [value(claim.first, sizes), value(claim.last, sizes)]
            compared += expect(ends, [axis.padded_range[0], axis.padded_range[-1]], "the padded input ends elsewhere")
            for j in range(axis.outputs):
                env = sizes | {"j": j}
                there = [axis.position.at({axis.letters.output: j, axis.letters.kernel: u}) for u in range(axis.taps)]
                said = [value(claim.position, env | {"u": u}) for u in range(axis.taps)]
                compared += expect(said, there[::-1] if axis.flip else there, f"window {j} reads elsewhere")
        return compared


@dataclass(frozen=True)
class Ends:
    """The positions rise from the first entry to the last, so a window fits when these two do."""

    certificates: tuple[Certificate, ...]  # first entry inside; entries before the last one below it; above the first
    name = "fits"
    follows: ClassVar[Follows] = (("window",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        window, claim = _claimed(Window, before), _claimed(Fits, after)
        position = window.position
        top, bottom = (Put((("u", end),)).apply(position) for end in (K - 1, K - K))
        wanted = (bottom - window.first, position - bottom, top - position)
        for certificate, size in zip(self.certificates, wanted, strict=True):
            expect(normal(certificate.size), normal(size), "the certificate is about something else")
            if not certificate.holds(KNOWN):
                raise Refuted("a certificate does not hold", left=certificate.size)
        compared = expect(normal(claim.left), normal(top), "the left side is not the last entry's position")
        return (
            2 * len(wanted)
            + compared
            + expect(normal(claim.right), normal(window.last), "the right side is not the last position")
        )

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return _as_counted(context, _claimed(Fits, after))


def _as_counted(context: Context, claim: Fits) -> int:
    """The condition holds for the windows that were counted, and for no further one."""
    compared = 0
    for axis in _axes(context):
        sizes = axis_sizes(axis)
        count = windows(sizes)
        found = [value(claim.left, sizes | {"j": j}) <= value(claim.right, sizes | {"j": j}) for j in range(count + 2)]
        compared += expect(found, [True] * count + [False] * 2, "the condition holds for other windows than fit")
    return compared


@dataclass(frozen=True)
class Rearrange:
    """The same inequality with its terms on other sides."""

    name = "rearrange"
    follows: ClassVar[Follows] = (("fits",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        old, new = _claimed(Fits, before), _claimed(Fits, after)
        return expect(normal(new.right - new.left), normal(old.right - old.left), "the two inequalities differ")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        return _as_counted(context, _claimed(Fits, after))


@dataclass(frozen=True)
class Divide:
    """Division with remainder, the meaning of the floor."""

    name = "divide"
    follows: ClassVar[Follows] = (("rearrange",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        bound, claim = _claimed(Fits, before), _claimed(Division, after)
        return expect(normal(claim.dividend), normal(bound.right), "another number is divided")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, compared = _claimed(Division, after), 0
        for axis in _axes(context):
            dividend = value(claim.dividend, axis_sizes(axis))
            quotient = value(floor(claim.dividend, S), axis_sizes(axis))
            fits = 0 <= dividend - axis.stride * quotient < axis.stride
            compared += expect(fits, True, "the remainder is not less than the divisor")
        return compared


@dataclass(frozen=True)
class Compare:
    """The difference of both sides of the inequality, as a sum of products of what is not negative."""

    name = "compare"
    follows: ClassVar[Follows] = (("rearrange",), ("divide",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        bound, claim = _claimed(Fits, before), _claimed(Sign, after)
        _claimed(Division, context.cited[1])
        divided = S * Q + R
        wanted = divided - bound.left if claim.fits else bound.left - divided - 1
        compared = expect(normal(claim.certificate.size), normal(wanted), "the certificate is about something else")
        if not claim.certificate.holds((*KNOWN, R, S - 1 - R, claim.case)):
            raise Refuted("the certificate does not hold", left=claim.certificate.size)
        return compared + 1

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        bound, claim, compared = _claimed(Fits, before), _claimed(Sign, after), 0
        for axis in _axes(context):
            sizes = axis_sizes(axis)
            sizes["q"] = value(floor(ROOM, S), sizes)
            for j in range(windows(sizes) + 2):
                env = sizes | {"j": j}
                if value(claim.case, env) >= 0:
                    fits = value(bound.left, env) <= value(bound.right, env)
                    compared += expect(fits, claim.fits, f"window {j} is on the other side")
        return compared


@dataclass(frozen=True)
class Count:
    """The windows 0, ..., q are q + 1: those that fit are all of them, and no others do.

    The certificate says that a negative q would make the dividend negative, where the kernel does not fit.
    """

    certificate: Certificate
    name = "count"
    follows: ClassVar[Follows] = (("divide",), ("compare",), ("compare",))

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        division, claim = _claimed(Division, before), _claimed(General, after)
        inside, beyond = (_claimed(Sign, each) for each in context.cited[1:])
        compared = expect((inside.fits, beyond.fits), (True, False), "the two cases are not one that fits and one not")
        # Every j is in exactly one case: j <= q or j >= q + 1.
        compared += expect(normal(inside.case), normal(Q - J), "the first case is not j <= q")
        compared += expect(normal(beyond.case), normal(J - Q - 1), "the second case is not j >= q + 1")
        # A count is no negative number: for q + 1 <= 0 the dividend would be at most -1.
        compared += expect(normal(self.certificate.size), normal(0 - (S * Q + R) - 1), "the certificate is not about q")
        if not self.certificate.holds((*KNOWN, R, S - 1 - R, 0 - Q - 1)):
            raise Refuted("the certificate does not hold", left=self.certificate.size)
        count = floor(division.dividend, S) + 1
        return compared + expect(normal(claim.formula), normal(count), "the formula is not q + 1")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim, compared = _claimed(General, after), 0
        for axis in _axes(context):
            found = value(claim.formula, axis_sizes(axis))
            compared += expect(found, windows(axis_sizes(axis)), "the formula and the windows that were counted")
        return compared


@dataclass(frozen=True)
class Derive:
    """Put the relationship's sizes into the formula and simplify, each equality by its own move."""

    name = "relation"
    follows: ClassVar[Follows] = (("count",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = _claimed(Case, after).relationship
        compared = derivation_holds(_claimed(General, before).formula, claim)
        # Its number, hypotheses and formula are the guide's: these are not derived but quoted.
        quoted = next((each for each in (TRANSPOSED, *RELATIONSHIPS) if each.number == claim.number), None)
        return compared + expect(claim == quoted, True, f"the guide's relationship {claim.number} is another")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        """On every axis that it applies to, it gives that axis' output size."""
        claim, layer, compared = _claimed(Case, after).relationship, context.subject, 0
        for n, axis in enumerate(_axes(context)):
            env = layer_sizes(layer, n)
            if claim.fails(kind_of(layer), env) is None:
                compared += expect(
                    value(claim.formula, env), axis.outputs, f"relationship {claim.number} and the layer"
                )
        if not compared:
            raise Refuted(f"relationship {claim.number} applies to no axis of this layer")
        return compared


def derivation_holds(start: Size, relationship: Relationship) -> int:
    """Every equality of a derivation is what its move makes of the expression before it."""
    compared = 0
    facts = {normal(size) for size in known(relationship)}
    for links in (relationship.links, relationship.back):
        at = start
        for link in links:
            if isinstance(link.move, Vanish) and any(normal(size) not in facts for size in link.move.needs):
                raise Refuted("a floor vanishes without a hypothesis that says so", left=at)
            compared += expect(
                normal(link.move.apply(at)),
                normal(link.to),
                f"relationship {relationship.number}: a move does not give what is printed",
            )
            at = link.to
    if relationship.back:
        compared += expect(normal(at), normal(Var("i'")), "the convolution does not lead back")
    return compared


@dataclass(frozen=True)
class Evaluate:
    """The numbers of this layer, and its outputs."""

    name = "numbers"
    follows: ClassVar[Follows] = (("count",),)

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        claim = _claimed(Numbers, after)
        sizes = [each for each, _ in claim.axes]
        numbers = [tuple(axis_sizes(axis).items()) for axis in _axes(context)]
        return expect(sizes, numbers, "the numbers are not those of the layer")

    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int:
        formula, claim = _claimed(General, before).formula, _claimed(Numbers, after)
        compared = sum(map(all_windows, _axes(context)))
        for axis, (sizes, outputs) in zip(_axes(context), claim.axes, strict=True):
            compared += expect(outputs, value(formula, dict(sizes)), "the formula has another value")
            compared += expect(outputs, axis.outputs, "the layer has another number of outputs")
        return compared


def put_in(link: Link) -> Put:
    """The sizes that the first link of a derivation puts into the formula."""
    assert isinstance(link.move, Put)  # noqa: S101 - every derivation begins by putting its sizes in
    return link.move
