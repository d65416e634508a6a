"""`PixelShuffle`: channels become pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

from .. import spec
from ..readmap import Letters, ReadMap
from ..weighted import Shuffled
from .base import Layer


@dataclass(frozen=True, repr=False)
class PixelShuffle(Layer):
    """Channels become pixels, as PyTorch's `PixelShuffle` means it: every input goes to one output.

    The r^rank channels that belong to one output channel fill the r x ... x r block of each position.

    >>> import symconv as sc
    >>> sc.PixelShuffle(input_size=(1,), upscale_factor=2, channels=2).weight_matrix()
    Matrix([
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1]])
    >>> sc.PixelShuffle(input_size=(2, 2), upscale_factor=2).output_shape
    (1, 4, 4)

    Parameters
    ----------
    input_size
        A tuple of sizes, one for each spatial axis; its length is the rank, 2 in PyTorch.
    upscale_factor
        r, the same along every axis.
    channels
        The output channels; the input has r^rank times as many.

    Raises
    ------
    SpecError
        A parameter is not valid; the message gives its value, the rule and an example.

    References
    ----------
    W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", arXiv 1609.05158, equation (4).
    """

    kind: ClassVar[str] = "pixel-shuffle"
    usual: ClassVar[str] = "--layer pixel-shuffle --input 2x2 --upscale-factor 2"

    input_size: tuple[int, ...]
    upscale_factor: int
    channels: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_size", spec.shape("input_size", self.input_size))
        for name in ("upscale_factor", "channels"):
            object.__setattr__(self, name, spec.integer(name, getattr(self, name)))

    @cached_property
    def read_map(self) -> ReadMap:
        """One line: the flattened position that each flattened output takes its value from."""
        total = prod(self.input_shape)
        line = Shuffled(total, total, total, Letters("n", "u", "t", "t"), self.input_size, self.upscale_factor)
        return ReadMap(line, ())

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(channels r^rank, *input_size)."""
        return self.channels * self.upscale_factor ** len(self.input_size), *self.input_size

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(channels, *input_size times r)."""
        return self.channels, *(n * self.upscale_factor for n in self.input_size)

    @property
    def kernel_shape(self) -> None:
        """There is no kernel."""
        return None
