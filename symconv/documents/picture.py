"""The picture of a document: the window on the input, where it is small enough to be read on a page."""

from __future__ import annotations

from math import prod
from typing import Any

from ..pictures.compose import pictured_output
from ..pictures.model import Picture
from ..pictures.window import window

CELLS = 400
WIDTH, HEIGHT = 600, 420  # of the picture, in its units; a line is about 600 wide


def window_picture(layer: Any) -> Picture | None:
    """The window of one output; None where it would be too large, or has too many axes."""
    read_map = layer.read_map
    padded = read_map.channels.inputs * prod(max(len(axis.padded_range), axis.inputs) for axis in read_map.axes)
    taps = read_map.channels.taps * prod(axis.taps for axis in read_map.axes)
    if not read_map.axes or len(read_map.axes) > 3 or padded + taps + prod(layer.output_shape) > CELLS:
        return None
    drawn = window(layer, [pictured_output(read_map)], names=False)
    return drawn if drawn.width <= WIDTH and drawn.height <= HEIGHT else None
