"""Counts in words: what meets an input, how many entries are not zero, how often a kernel entry occurs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..formula import Call, Chain, Floor, Formula, Sym, equals, plus
from ..proof import Proof, Step
from ..readmap import Axis, Channels
from ..steps.counts import first_output, last_output
from ..steps.occurrences import Along, Collect, Count, Meets, Multiply, Share, Shared, Total, has_formula
from ..sums import WEIGHT, Index, number, variable
from .blocks import Inline, words
from .setting import count_of, listed, ordinal
from .wording import Said, cited, claim_parts, reason_parts

SHOWN = 12  # taps whose counts are listed


def _lead(axes: tuple[int, ...], proof: Proof) -> str:
    if len(proof.layer.read_map.axes) == 1:
        return ""
    return f"Along {'each of ' if len(axes) > 1 else ''}the {listed(map(ordinal, axes))} ax{'is' if len(axes) == 1 else 'es'}, "


def _upper(lead: str, text: str) -> str:
    return lead + text if lead else text[:1].upper() + text[1:]


@claim_parts.register
def _(claim: Meets, proof: Proof) -> Said:
    axis = proof.layer.read_map.axes[claim.axes[0]]
    lead = _lead(claim.axes, proof)
    u, outputs = variable(axis.letters.kernel), count_of(axis.outputs, "output")
    if set(claim.counts) == {axis.outputs}:
        each = "every kernel position meets an input for " + ("all " if axis.outputs > 1 else "the ") + outputs
        return (_upper(lead, each) + ".",)
    numbers_ = [equals(Sym("n", (number(tap),)), count) for tap, count in enumerate(claim.counts)]
    shown: Sequence[Formula] = numbers_
    dots = ""
    if len(shown) > SHOWN:
        shown, dots = numbers_[: SHOWN - 1], ", and so on to "
    parts: list[Inline] = [*words(_upper(lead, "kernel position {} meets an input for {} of the "), u, Sym("n", (u,)))]
    parts += [outputs, ": ", *words(", ".join("{}" for _ in shown), *shown)]
    if dots:
        parts += [dots, *words("{}", numbers_[-1])]
    return (*parts, ".")


@reason_parts.register
def _(rule: Count, step: Step, proof: Proof) -> Said:
    claim = step.claim
    assert isinstance(claim, Meets)  # noqa: S101 - the rule's own claim
    axis = proof.layer.read_map.axes[claim.axes[0]]
    i = variable(axis.letters.output)
    if axis.mode is None:
        return ("no window leaves the input",)
    if not has_formula(axis):
        said = "every position of the padded input repeats an input"
        if axis.scale == 1:
            return (said,)
        spaced = "in front of the input, inside and behind it the outputs that read an input are evenly spaced"
        return (f"positions between two inputs hold zero; {spaced}",)
    inputs = Chain(",", (0, "…", axis.length - 1) if axis.length > 2 else tuple(range(axis.length)))
    read = words("position {} holds an input when it is one of {}", axis.position, inputs)
    if axis.scale > 1:
        where = ", for {} from {} to {}, and of these only where {} divides it"
        return (*read, *words(where, i, _first(axis), _last(axis), axis.scale))
    difference = Chain("-", (_last(axis), _first(axis)))
    counted = equals(Sym("n", (variable(axis.letters.kernel),)), plus(difference, 1))
    none = " (or none, where that is negative)" if 0 in claim.counts else ""
    return (*read, *words(", for {} from {} to {}: {}" + none, i, _first(axis), _last(axis), counted))


def _first(axis: Axis) -> Formula:
    """The first output that reads position 0 or later."""
    return Call("max", Chain(",", (0, _floored(first_output(axis), axis.stride))))


def _last(axis: Axis) -> Formula:
    """The last output that reads position N - 1 or earlier."""
    return Call("min", Chain(",", (axis.outputs - 1, _floored(last_output(axis), axis.stride))))


def _floored(top: Index, bottom: int) -> Formula:
    return top if bottom == 1 else Floor(top, bottom)


@claim_parts.register
def _(claim: Along, proof: Proof) -> Said:
    lead = _lead(claim.axes, proof)
    pairs = count_of(claim.pairs, "pair")
    said = _upper(lead, f"this makes {pairs} of output and kernel position that meet an input")
    different = f"{count_of(claim.different, 'different entr', 'y', 'ies')} among them"
    if claim.pairs == claim.nonzeros:
        return (f"{said}, each a non-zero entry of its own; {different}.",)
    said += f", in {count_of(claim.nonzeros, 'non-zero entr', 'y', 'ies')}"
    return (f"{said}, {different}.",)


@reason_parts.register
def _(rule: Collect, step: Step, proof: Proof) -> Said:
    claim = step.claim
    assert isinstance(claim, Along)  # noqa: S101 - the rule's own claim
    added = f"the sum of {cited(step.cites[1])} over the kernel positions; "
    if not claim.witnesses:
        return (added + "no output reads an input twice",)
    output, source, *taps = claim.witnesses[0]
    which = listed(map(str, taps))
    return (added + f"output {output} reads input {source} with kernel positions {which}, which share one entry",)


@claim_parts.register
def _(claim: Total, proof: Proof) -> Said:
    nonzeros = count_of(claim.nonzeros, "non-zero entr", "y", "ies")
    zeros = count_of(claim.zeros, "zero") if claim.zeros else "no zero"
    parts = [*words("{} has ", WEIGHT), f"{nonzeros} and {zeros}"]
    factors = _factors(proof, "nonzeros")
    if len(factors) > 1:
        parts += [", ", *words("{}", equals(Chain("dot", factors), claim.nonzeros))]
    if claim.nonzeros:
        verb = "is" if claim.different == 1 else "are"
        parts.append(f"; among them {verb} {count_of(claim.different, 'different entr', 'y', 'ies')}")
    return (*(part for part in parts if part != ""), ".")


def _factors(proof: Proof, name: str) -> tuple[Formula, ...]:
    read_map = proof.layer.read_map
    channels: Channels = read_map.channels
    along = {n: getattr(s.claim, name) for s in proof.steps if isinstance(s.claim, Along) for n in s.claim.axes}
    own = (channels.outputs, channels.taps) if read_map.shows_channels else ()
    return (*own, *(along[n] for n in sorted(along)))


@reason_parts.register
def _(rule: Multiply, step: Step, proof: Proof) -> Said:
    read_map = proof.layer.read_map
    if not read_map.axes:
        return ("every output reads every input with a weight of its own",)
    if len(read_map.lines) == 1:
        return (f"{cited(step.cites[1])}; all others are zero",)
    own = ""
    if read_map.shows_channels:
        each = "the input channels of its group" if read_map.channels.groups > 1 else "the input channels"
        own = f"the output channels, {each}, and "
    return (f"an entry is not zero exactly if every index meets its own: the product of {own}what the axes contribute",)


@claim_parts.register
def _(claim: Shared, proof: Proof) -> Said:
    if claim.fewest == claim.most == 1 and claim.parameters == claim.dense == proof.layer.read_map.nonzeros:
        return ("Every entry is a parameter of its own.",)
    if not claim.most:
        return words("No kernel entry occurs in {}.", WEIGHT)
    often = (
        count_of(claim.most, "time")
        if claim.fewest == claim.most
        else f"between {claim.fewest:,} and {claim.most:,} times"
    )
    parts: list[Inline] = [f"Every kernel entry occurs {often}"]
    if claim.unused:
        parts.append(f", {claim.unused:,} of them never")
    ratio = Fraction(claim.parameters, claim.dense)
    parts += [f": the layer has {count_of(claim.parameters, 'parameter')}, a dense one {claim.dense:,}"]
    return (*parts, *words("; the ratio is {}.", ratio))


@reason_parts.register
def _(rule: Share, step: Step, proof: Proof) -> Said:
    if not proof.layer.read_map.axes:
        return ("one for each pair of output and input",)
    if len(proof.layer.read_map.axes) == 1:
        return (f"the least and the greatest number in {cited(step.cites[1])}",)
    return ("a kernel entry occurs as often as the product of what its indices do, one factor for each axis",)
