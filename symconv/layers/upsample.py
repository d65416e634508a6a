"""`Upsample`: interpolation to another size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from .. import spec
from ..errors import SpecError
from ..readmap import ReadMap, spatial_letters
from ..weighted import Alone, resampled
from .base import Layer

MODES = ("nearest", "nearest-exact", "bilinear")
_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@dataclass(frozen=True, repr=False)
class Upsample(Layer):
    """Interpolation to another size, larger or smaller, as `torch.nn.functional.interpolate` means it.

    It has no kernel. Every scale is an exact rational number, so nothing is rounded: PyTorch, which
    computes positions in floating point, agrees wherever those are exact, with two exceptions: it copies
    an input whose size a scale factor does not change, and doubles by "nearest" where the size doubles.

    >>> import symconv as sc
    >>> sc.Upsample(input_size=(2,), scale_factor=2, mode="linear").weight_matrix()
    Matrix([
    [  1,   0],
    [3/4, 1/4],
    [1/4, 3/4],
    [  0,   1]])

    Parameters
    ----------
    input_size
        A tuple of sizes, one for each spatial axis; its length is the rank.
    channels
        Each is interpolated by itself.
    size
        The output size: one integer for all axes, or one for each.
    scale_factor
        How many times as large, in place of the size: an integer or a fraction such as
        `Fraction(3, 2)` or "3/2", for all axes or one for each. The layer shows fractions as strings, which
        need no import. The output size is rounded down.
    mode
        "nearest" (output i takes input floor(i / scale)), "nearest-exact" (the input whose middle is
        nearest, floor((i + 1/2) / scale)) or "bilinear" (between the two nearest inputs along each axis,
        at every rank). PyTorch's "linear" at rank 1 and "trilinear" at rank 3 are accepted for the last.
    align_corners
        With "bilinear": whether the first and last inputs lie at the middle of the first and last
        outputs, or the borders of input and output coincide.

    Raises
    ------
    SpecError
        A parameter is not valid; the message gives its value, the rule and an example.
    """

    kind: ClassVar[str] = "upsample"
    usual: ClassVar[str] = "--layer upsample --input 2x2 --scale-factor 2"

    input_size: tuple[int, ...]
    channels: int = 1
    size: Any = None
    scale_factor: Any = None
    mode: str = "nearest"
    align_corners: bool = False

    def __post_init__(self) -> None:
        inputs = spec.shape("input_size", self.input_size)
        rank = len(inputs)
        spec.known_rank("input_size", self.input_size, rank)
        if (self.size is None) == (self.scale_factor is None):
            rule = "the output size is given by size or by scale_factor, by one of them and not by both"
            raise SpecError("size", self.size, rule, "size=8 or scale_factor=2")
        size = None if self.size is None else spec.per_axis("size", self.size, rank)
        scale = None if self.scale_factor is None else spec.ratios("scale_factor", self.scale_factor, rank)
        if scale is not None:
            for axis, (n, each) in enumerate(zip(inputs, scale, strict=True)):
                if n * each < 1:
                    rule = f"leaves no output on axis {axis}, which has {n}"
                    raise SpecError("scale_factor", self.scale_factor, rule, "scale_factor=2")
        mode = "bilinear" if isinstance(self.mode, str) and self.mode == _LINEAR.get(rank) else self.mode
        if mode not in MODES:
            ranks = [f"; {mode} is for rank {each}" for each, word in _LINEAR.items() if word == mode]
            raise SpecError("mode", self.mode, "must be one of " + ", ".join(MODES) + "".join(ranks), 'mode="nearest"')
        align = spec.flag("align_corners", self.align_corners)
        if align and mode != "bilinear":
            raise SpecError("align_corners", True, "is only for the mode bilinear", 'mode="bilinear"')
        canonical = {
            "input_size": inputs, "channels": spec.integer("channels", self.channels), "size": size, "scale_factor": scale,
            "mode": mode, "align_corners": align,
        }  # fmt: skip
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The output size along each axis.

        >>> import symconv as sc
        >>> sc.Upsample((4, 3), scale_factor=2).sizes
        (8, 6)
        """
        if self.size is not None:
            sizes: tuple[int, ...] = self.size
            return sizes
        return tuple(int(n * each) for n, each in zip(self.input_size, self.scale_factor, strict=True))

    @property
    def steps(self) -> tuple[Fraction, ...]:
        """How far apart, on the input, two neighbouring outputs lie along each axis.

        >>> import symconv as sc
        >>> sc.Upsample((4,), size=6).steps
        (Fraction(2, 3),)
        """
        if self.align_corners:
            return tuple(
                Fraction(n - 1, m - 1) if m > 1 else Fraction(0)
                for n, m in zip(self.input_size, self.sizes, strict=True)
            )
        if self.scale_factor is not None:
            return tuple(1 / Fraction(each) for each in self.scale_factor)
        return tuple(Fraction(n, m) for n, m in zip(self.input_size, self.size, strict=True))

    @cached_property
    def read_map(self) -> ReadMap:
        """Which inputs each output reads, and how much of each."""
        linear, axes = self.mode == "bilinear", []
        half = Fraction(1, 2)
        letters = spatial_letters(len(self.input_size))
        for n, m, step, names in zip(self.input_size, self.sizes, self.steps, letters, strict=True):
            if self.mode == "nearest" or self.align_corners:
                shift = Fraction(0)
            else:  # the middle of output i lies at (i + 1/2) step, measured from the border
                shift = step * half - (half if linear else 0)
            axes.append(resampled(n, m, step, shift, linear, names))
        return ReadMap(Alone(self.channels, self.channels, self.channels), tuple(axes))

    @property
    def kernel_shape(self) -> None:
        """There is no kernel."""
        return None
