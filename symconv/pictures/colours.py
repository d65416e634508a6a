"""The colours of kernel entries, wherever they are shown.

Nine colours were found by a search that kept apart every two of them as a normal eye sees them and
as the three kinds of dichromatic eyes do (simulated with the matrices of Machado, Oliveira and
Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009); each is
darker than the one before, by a step that grey print keeps. More entries than that get colours in
between, still darker from one to the next, and the names in the cells tell close ones apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..matrices import LabelledMatrix


Mark = tuple[int, int]
"""The number of a colour, and of how many; a negative number is the grey of sums."""

APART = ("FCD9C2", "86D7FC", "F8A76D", "91A1FB", "E66F78", "A67B28", "8560B2", "0A6F38", "842F69")
"""Light to dark."""

SUM = "E0E0E0"
SUM_MARK = (-1, 0)
OWN_COLOUR, ONE_COLOUR = "one colour for each kernel entry", "a colour for every other number"
OWN = 16  # entries in several channels that still get colours of their own


def colour(mark: Mark | None) -> str | None:
    """The six hexadecimal digits of a cell's background."""
    if mark is None:
        return None
    number, count = mark
    if number < 0:
        return SUM
    if count <= len(APART):
        return APART[number]
    before, part = divmod(number * (len(APART) - 1), count - 1)
    left, right = APART[before], APART[min(before + 1, len(APART) - 1)]
    mixed = (_channel(left, n) * (count - 1 - part) + _channel(right, n) * part for n in range(3))
    return "".join(f"{(2 * value + count - 1) // (2 * (count - 1)):02X}" for value in mixed)


def _channel(colour: str, n: int) -> int:
    return int(colour[2 * n : 2 * n + 2], 16)


def ink(fill: str) -> str:
    """Black or white, whichever is easier to read on that background: contrast at least 4.5, by WCAG 2.1."""
    red, green, blue = (((_channel(fill, n) / 255 + 0.055) / 1.055) ** 2.4 for n in range(3))
    return "000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "FFFFFF"


def entry_mark(entry: int, matrix: LabelledMatrix) -> Mark:
    """The colour of a kernel entry: its own, or that of its place in the kernel where the entries are many."""
    places = _places(matrix)
    return entry % places, places


def number_marks(values: Iterable[int | Fraction]) -> dict[int | Fraction, Mark]:
    """The colours of the numbers in a W without a kernel: darker for larger ones, while there are few."""
    known = sorted(set(values))
    if len(known) > len(APART):
        return dict.fromkeys(known, (1, 2))
    return {value: (n, len(known)) for n, value in enumerate(known)}


def entry_meaning(matrix: LabelledMatrix) -> str:
    """What the colours of a matrix of kernel entries mean."""
    places = _places(matrix)
    if places < prod(matrix.kernel_shape):
        return "one colour for each place in the kernel, the same in every channel"
    close = ", some of them close" if places > len(APART) else ""
    return OWN_COLOUR + close


def number_meaning(marks: Mapping[int | Fraction, Mark]) -> str:
    """What the colours of a matrix of numbers mean."""
    if len(set(marks.values())) == len(marks) > 1:
        return "a darker colour for a larger number"
    return "a colour for the one number" if len(marks) == 1 else ONE_COLOUR


def _places(matrix: LabelledMatrix) -> int:
    """How many colours are used: one for each entry, or one for each place where only the channels differ."""
    entries = prod(matrix.kernel_shape)
    rank = 2 * len(matrix.row_shape) - len(matrix.kernel_shape)  # a kernel has two channel indices, an output one
    places = prod(matrix.kernel_shape[-rank:]) if rank else 1
    return places if entries > OWN and places > 1 else entries
