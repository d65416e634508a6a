"""The layers: frozen, canonical after construction, each giving its read map. One file each.

A layer's spatial axes and channels become a `ReadMap`, and everything else (symbols, output, weight
matrix, im2col, explanations) is read off that map; `Layer` is what they share. To add a layer, write
its file and add it to `LAYERS`.
"""

from __future__ import annotations

from .avg_pool import AvgPool
from .base import Layer
from .conv import Conv
from .conv_transpose import ConvTranspose
from .linear import Linear
from .pixel_shuffle import PixelShuffle
from .upsample import Upsample

LAYERS: tuple[type[Layer], ...] = (Conv, ConvTranspose, AvgPool, Upsample, PixelShuffle, Linear)
"""Every layer, for whatever lists them: the command line and the reader of proof files."""

__all__ = ["LAYERS", "AvgPool", "Conv", "ConvTranspose", "Layer", "Linear", "PixelShuffle", "Upsample"]
