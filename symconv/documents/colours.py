"""The colours of kernel entries: a hue for the leading indices, darker with the last one.

The hues are tints of a palette chosen to stay apart for colour-blind readers; the shades grow
darker from entry to entry, so that they stay apart in grey print too.
"""

from __future__ import annotations

_HUES = ("0072B2", "E69F00", "009E73", "CC79A7", "56B4E9", "D55E00", "8C7A00", "6A51A3")
_SHADES = (0.12, 0.27, 0.42, 0.55)
SUM = "E0E0E0"


def colour(mark: tuple[int, int] | None) -> str | None:
    """The six hexadecimal digits of a cell's background; a negative hue is the grey of sums."""
    if mark is None:
        return None
    hue, shade = mark
    if hue < 0:
        return SUM
    base = _HUES[hue % len(_HUES)]
    strength = _SHADES[shade % len(_SHADES)]
    channels = (int(base[n : n + 2], 16) for n in (0, 2, 4))
    return "".join(f"{round(255 - (255 - channel) * strength):02X}" for channel in channels)
