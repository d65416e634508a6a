"""What W looks like: how many non-zeros, how often each kernel entry occurs, and the pattern along each axis."""

from __future__ import annotations

from math import prod

from ..formula import Chain
from ..matrices import LabelledMatrix
from ..proof import Proof
from ..readmap import Axis, ReadMap
from ..steps.patterns import axis_pattern
from ..sums import WEIGHT
from .blocks import Block, Heading, Inline, Math, Paragraph, words
from .known import shape_of
from .setting import capital, count_of, listed, ordinal


def shape_of_matrix(proof: Proof) -> list[Block]:
    """Counts, parameters, unread inputs, and the pattern along each axis with its reason."""
    layer = proof.layer
    if layer.kernel_shape is None:
        return shape_of(layer)
    read_map: ReadMap = layer.read_map
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    size, nonzeros, parameters = prod(matrix.shape), read_map.nonzeros, prod(matrix.kernel_shape)
    zeros = count_of(size - nonzeros, "zero") if size > nonzeros else "no zero"
    parts: list[Inline] = [Math(WEIGHT), f" has {count_of(nonzeros, 'non-zero entr', 'y', 'ies')} and {zeros}"]
    factors = tuple(sum(map(len, table)) for table in read_map.tables)
    if len(factors) > 1:
        product = Math(Chain("dot", factors))
        parts += ["; along each index the pairs of output and input that meet are counted, and multiplied: ", product]
    parts.append(". ")
    low, high = occurrences(read_map)
    if low == high == 1 and parameters == size == nonzeros:  # else two of them can share an entry, and leave a zero
        parts.append("Every entry is a parameter of its own. ")
    else:
        often = count_of(low, "time") if low == high else f"between {low:,} and {high:,} times"
        parts.append(f"Every kernel entry occurs {often}: {count_of(parameters, 'parameter')} instead of {size:,}. ")
    unread = matrix.shape[1] - prod(len({p for row in table for p in row}) for table in read_map.tables)
    if unread:
        which = "One column is" if unread == 1 else f"{unread:,} columns are"
        parts.append(f"{which} zero: no window reads {'that input' if unread == 1 else 'those inputs'}. ")
    blocks: list[Block] = [Heading(words("What {} looks like", WEIGHT)), Paragraph(tuple(parts))]
    sentences = structure(read_map)
    return [*blocks, Paragraph((" ".join(sentences),))] if sentences else blocks


def occurrences(read_map: ReadMap) -> tuple[int, int]:
    """How often the rarest and the most frequent kernel entry occurs in W."""
    low = high = 1
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        if line is read_map.channels:
            continue  # an entry (c, a) of the kernel occurs exactly once among the channels
        counts = [0] * line.taps
        for row in table:
            for taps in row.values():
                for tap in taps:
                    counts[tap] += 1
        low, high = low * min(counts), high * max(counts)
    return low, high


def structure(read_map: ReadMap) -> list[str]:
    """How an entry of W depends on output and input along each axis; decided on the axis' own table."""
    if not read_map.axes:
        return []
    tables = read_map.tables[-len(read_map.axes) :]
    kinds = [axis_pattern(axis, table) for axis, table in zip(read_map.axes, tables, strict=True)]
    along: dict[str, list[int]] = {}
    for n, (axis, kind) in enumerate(zip(read_map.axes, kinds, strict=True)):
        said = _sentence(axis, *kind)
        if said:
            along.setdefault(said, []).append(n)
    sentences = []
    for said, these in along.items():
        which = (
            "each axis"
            if len(these) == len(kinds)
            else f"the {listed(ordinal(n) for n in these)} ax" + ("is" if len(these) == 1 else "es")
        )
        where = (
            f"Along {which}, " if len(kinds) > 1 else "For each pair of channels, " if read_map.shows_channels else ""
        )
        sentences.append(where + (said if where else capital(said)))
    names = {kind for kind, _ in kinds}
    if len(kinds) > 1 and not read_map.shows_channels and names == {"toeplitz"}:
        sentences.append(
            "So the matrix is block Toeplitz" + (" with Toeplitz blocks." if len(kinds) == 2 else ", level by level.")
        )
    return sentences


def _sentence(axis: Axis, kind: str, step: int) -> str:
    """What is said of one axis, with its reason."""
    if kind == "single":
        return ""
    if kind == "circulant":
        ring = axis.rule.name == "circular" and axis.mode is not None
        reason = ", since circular padding closes the axis to a ring" if ring else ""
        return f"an entry depends only on the difference of input and output, counted around the end: a circulant pattern{reason}."
    if kind == "toeplitz":
        return "an entry depends only on the difference of input and output: a Toeplitz pattern."
    if kind == "shift":
        return f"the next output meets the same kernel entries {step} inputs further on: as far as the stride moves the window."
    if axis.stride % axis.scale:
        return "the next output does not always meet the same kernel entries further on: windows meet the gaps between the inputs in different places."
    return "the next output meets the same kernel entries further on only in the interior: at the border the padding repeats inputs."
