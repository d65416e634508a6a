"""Patterns in words: Toeplitz, circulant, banded, symmetric, and by blocks."""

from __future__ import annotations

from ..formula import Chain, Formula, Sym, equals, plus, times
from ..matrices import LabelledMatrix
from ..proof import Proof, Step
from ..readmap import Axis
from ..steps.blockwise import Blocks, Decide, Levels, property_of
from ..steps.patterns import Place, Property
from ..sums import WEIGHT, number, variable
from .blocks import Inline, words
from .setting import count_of, listed, ordinal
from .weights import kernel_symbol
from .wording import Said, cited, claim_parts, reason_parts


def _named(axes: tuple[int, ...]) -> str:
    return f"the {listed(map(ordinal, axes))} ax" + ("is" if len(axes) == 1 else "es")


def _entry(matrix: LabelledMatrix, value: tuple[int, ...]) -> Formula:
    return plus(*(kernel_symbol(u, matrix) for u in value)) if value else 0


def _place(place: Place) -> Formula:
    return Sym(WEIGHT, tuple(map(number, place)))


@claim_parts.register
def _(claim: Property, proof: Proof) -> Said:
    return _axis_words(claim, proof) if claim.axes else _whole_words(claim, proof)


def _axis_words(claim: Property, proof: Proof) -> Said:
    axes = proof.layer.read_map.axes
    axis: Axis = axes[claim.axes[0]]
    lead = "Along the axis, " if len(axes) == 1 else f"Along {_named(claim.axes)}, "
    i, p, u = (variable(letter) for letter in (axis.letters.output, axis.letters.input, axis.letters.kernel))
    if claim.holds:
        if claim.name == "toeplitz":
            said = (
                "output {} meets input {} with the same kernel entries as output {} meets input {}: a Toeplitz pattern."
            )
            return (lead, *words(said, i + 1, p + 1, i, p))
        return (lead, "the same holds around the end, where the last is followed by the first: a circulant pattern.")
    if not claim.witnesses:
        outputs, inputs = count_of(axis.outputs, "output"), count_of(axis.inputs, "input")
        are = "is" if axis.outputs == 1 else "are"
        return (lead, f"the pattern is not circulant: there {are} {outputs} and {inputs}.")
    parts: list[Inline] = [lead, f"the pattern is not {word(claim.name)}: "]
    for n, ((output, source), taps) in enumerate(zip(claim.witnesses, claim.values, strict=True)):
        met = words(" with {}", Chain(",", (equals(u, taps[0]), *taps[1:]))) if taps else ()
        verb = " meets " if taps else " does not meet "
        parts += ["but " if n else "", *words(f"output {{}}{verb}input {{}}", output, source), *met, "" if n else ", "]
    return (*(part for part in parts if part != ""), ".")


def word(name: str) -> str:
    return "Toeplitz" if name == "toeplitz" else name


def _whole_words(claim: Property, proof: Proof) -> Said:
    matrix = proof.matrices[WEIGHT]
    height, width = matrix.shape
    r, c = variable("r"), variable("c")
    if claim.name == "banded":
        limits = words("{}", Chain("<=", (claim.band[0], c - r, claim.band[1])))
        if claim.holds:
            said = "{} is banded: its non-zero entries {} have "
            whole = words(", while in the whole matrix {}.", Chain("<=", (1 - height, c - r, width - 1)))
            return (*words(said, WEIGHT, Sym(WEIGHT, (r, c))), *limits, *whole)
        return (*words("{} is not banded: ", WEIGHT), *_listed(claim, matrix, "neither corner is zero, "), ".")
    if claim.holds:
        held = {
            "toeplitz": ("{} for all {} and {}: {} is Toeplitz.", (r, c), (r + 1, c + 1)),
            "circulant": ("{} for all {} and {}, counted around the end: {} is circulant.", (r, c), (r + 1, c + 1)),
            "symmetric": ("{} for all {} and {}: {} is symmetric.", (r, c), (c, r)),
        }[claim.name]
        return words(held[0], equals(Sym(WEIGHT, held[1]), Sym(WEIGHT, held[2])), r, c, WEIGHT)
    if not claim.witnesses:
        not_square = f"{{}} is not {word(claim.name)}: it is {{}}, not square."
        return words(not_square, WEIGHT, times(matrix.shape))
    return (*words(f"{{}} is not {word(claim.name)}: ", WEIGHT), *_listed(claim, matrix, ""), ".")


def _listed(claim: Property, matrix: LabelledMatrix, lead: str) -> Said:
    """W_{0,0} = k_0, but W_{1,1} = 0."""
    one, other = (
        equals(_place(place), _entry(matrix, value)) for place, value in zip(claim.witnesses, claim.values, strict=True)
    )
    if claim.witnesses[0] == claim.witnesses[1]:
        return (lead, *words("{}", one)) if lead else words("{}", one)
    joined = "{} and {}" if claim.name == "banded" else "{}, but {}"
    return (lead, *words(joined, one, other)) if lead else words(joined, one, other)


@claim_parts.register
def _(claim: Levels, proof: Proof) -> Said:
    channels = proof.layer.read_map.shows_channels
    several = len(claim.kinds) > 1
    group = " of one group" if proof.layer.read_map.channels.groups > 1 else ""
    pair = words(f"For each pair of channels{group}, the block of {{}} ", WEIGHT)
    lead = pair if channels else words("{} ", WEIGHT)
    if not several:
        return (*lead, f"is {word(claim.kinds[0])}." if claim.kinds[0] else "is not Toeplitz.")
    parts = []
    for n, kind in enumerate(claim.kinds):
        last = n + 1 == len(claim.kinds)
        negative = "not " if n == 0 else "not all "  # a block that is zero has every pattern
        said = ("" if kind else negative) + ("" if last else "block ") + word(kind or "toeplitz")
        inner = "" if n == 0 else "its blocks " if n == 1 else "their blocks "
        parts.append(f"{inner}{'is' if n == 0 else 'are'} {said} by the {ordinal(n)} axis")
    return (*lead, listed(parts) + _doubly(claim.kinds) + ".")


@reason_parts.register
def _(rule: Decide, step: Step, proof: Proof) -> Said:
    claim = property_of(step.claim)
    if claim.name in ("banded", "symmetric") or (claim.witnesses == () and not claim.holds):
        return (_matrix_reason(claim, proof),)
    axes = proof.layer.read_map.axes
    if claim.axes or (len(proof.layer.read_map.lines) == 1 and axes):
        return (_axis_reason(claim, axes[claim.axes[0] if claim.axes else 0]),)
    if claim.holds:
        one = 1 in proof.matrices[WEIGHT].shape
        return ("no two entries lie on one diagonal" if one else "every two neighbours on a diagonal are compared",)
    return (
        "two neighbours on one diagonal"
        + (", counted around the end," if claim.name == "circulant" else "")
        + " differ",
    )


@reason_parts.register
def _(rule: Blocks, step: Step, proof: Proof) -> Said:
    names = [cited(n) for n in step.cites[1:]]
    span = f"{names[0]} to {names[-1]}"
    return (f"{span}: moving one index of output and input leaves what the others contribute",)


def _doubly(kinds: tuple[str, ...]) -> str:
    if len(kinds) == 2 and all(kinds):
        return ", which is called doubly block " + ("circulant" if set(kinds) == {"circulant"} else "Toeplitz")
    return ""


def _matrix_reason(claim: Property, proof: Proof) -> str:
    if claim.witnesses == () and not claim.holds:
        return (
            f"only a square matrix can be {claim.name}" if not claim.axes else "circulant is for equal numbers of both"
        )
    if claim.name == "symmetric":
        return "mirrored at the main diagonal, it is the same" if claim.holds else "these two mirror each other"
    if not claim.holds:
        return "a band would leave out one of the two corners"
    return "the extremes of column minus row among all non-zero entries"


def _axis_reason(claim: Property, axis: Axis) -> str:
    """Why the pattern holds along an axis, or what breaks it there."""
    folded = axis.mode is not None and axis.rule.name != "zeros" and max(axis.low, axis.high) > 0
    if claim.holds and claim.name == "circulant":
        if axis.rule.name == "circular" and folded:
            return "circular padding closes the axis to a ring"
        return "every output and input compared, around the end"
    if claim.holds:
        if 1 in (axis.outputs, axis.inputs):
            one = "output" if axis.outputs == 1 else "input"
            return f"with one {one} there are no two entries on a diagonal"
        if axis.stride != axis.scale:
            return "every two neighbours on a diagonal are compared"
        moved = "the stride moves the window by one input"
        return moved + (", and the padding does not break that" if folded else "")
    if axis.stride != axis.scale:
        if axis.stride % axis.scale == 0:
            return f"the stride moves the window by {axis.stride // axis.scale} inputs, not by one"
        return f"the stride {axis.stride} is no multiple of the input dilation {axis.scale}"
    if folded:
        return "the padding repeats inputs at the border" + (" in another order" if claim.name == "circulant" else "")
    return (
        "a window that reaches the end does not go on at the beginning"
        if claim.name == "circulant"
        else "the entries differ"
    )
