"""`Conv`: convolution of any rank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from .. import spec
from ..errors import SpecError
from ..padding import mode_named
from ..readmap import Axis, Channels, ReadMap, spatial_letters
from .base import Layer


@dataclass(frozen=True, repr=False)
class Conv(Layer):
    """A convolutional layer of any rank, as PyTorch's `ConvNd` and JAX's `conv_general_dilated` mean it.

    >>> import symconv as sc
    >>> layer = sc.Conv(input_size=(4, 4), kernel_size=(3, 3), padding=1)
    >>> layer
    Conv(input_size=(4, 4), kernel_size=3, padding=1)
    >>> layer.output_shape
    (1, 4, 4)
    >>> layer.weight_matrix().shape
    (16, 16)

    Parameters
    ----------
    input_size
        A tuple of sizes, one for each spatial axis; its length is the rank.
    kernel_size, stride, dilation, input_dilation
        One integer for all axes, or one for each. `input_dilation` puts that many minus one zeros
        between inputs (JAX's `lhs_dilation`).
    in_channels, out_channels, groups
        Both channel numbers must be divisible by groups.
    padding
        One integer, one for each axis, one (low, high) pair for each axis (a negative number crops),
        or "valid", "same", "same_lower", "full".
    bias
        Whether one bias for each output channel is added.
    padding_mode
        "zeros", "reflect" (32|1234|32), "symmetric" (21|1234|43), "replicate" (11|1234|44) or
        "circular" (34|1234|12).
    flip_kernel
        False is cross-correlation, which deep-learning software calls convolution. True is the
        mathematical convolution: the kernel reversed along every axis.

    Raises
    ------
    SpecError
        A parameter is not valid; the message gives its value, the rule and an example.

    References
    ----------
    W. Ma and J. Lu, "An Equivalence of Fully Connected Layer and Convolutional Layer",
    arXiv 1712.01252, equations (2) and (3).
    """

    kind: ClassVar[str] = "conv"
    usual: ClassVar[str] = "--input 4x4 --kernel 3x3"

    input_size: tuple[int, ...]
    kernel_size: Any
    in_channels: int = 1
    out_channels: int = 1
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: bool = False
    padding_mode: str = "zeros"
    flip_kernel: bool = False
    input_dilation: Any = 1

    def __post_init__(self) -> None:
        size = spec.shape("input_size", self.input_size)
        rank = len(size)
        kernel = spec.per_axis("kernel_size", self.kernel_size, rank)
        stride = spec.per_axis("stride", self.stride, rank)
        dilation = spec.per_axis("dilation", self.dilation, rank)
        input_dilation = spec.per_axis("input_dilation", self.input_dilation, rank)
        channels = spec.channels(self.in_channels, self.out_channels, self.groups)
        length = tuple((n - 1) * gap + 1 for n, gap in zip(size, input_dilation, strict=True))
        mode = mode_named(self.padding_mode).name
        padding = spec.conv_padding(self.padding, mode, size, length, kernel, stride, dilation)
        rooms = [n + low + high for n, (low, high) in zip(length, padding, strict=True)]
        for axis, room in enumerate(rooms):
            if room < 1:
                rule = f"cuts off the whole input on axis {axis}, which is {length[axis]} long"
                raise SpecError("padding", self.padding, rule, "pairs that cut off less there")
        for axis, (room, k, d) in enumerate(zip(rooms, kernel, dilation, strict=True)):
            span = d * (k - 1) + 1
            if span > room:
                gaps = f" ({k} entries, dilation {d})" if d > 1 else ""
                rule = (
                    f"on axis {axis} the kernel spans {span}{gaps} and the padded input has {room}, so it does not fit"
                )
                raise SpecError("kernel_size", self.kernel_size, rule, f"a kernel that spans at most {room} there")
        canonical = dict(
            input_size=size, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation,
            bias=spec.flag("bias", self.bias), padding_mode=mode,
            flip_kernel=spec.flag("flip_kernel", self.flip_kernel), input_dilation=input_dilation, **channels,
        )  # fmt: skip
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    @cached_property
    def read_map(self) -> ReadMap:
        """Which input each kernel entry multiplies, for each output."""
        rule = mode_named(self.padding_mode)
        per_axis = zip(
            self.input_size, self.kernel_size, self.stride, self.dilation, self.input_dilation, self.padding,
            spatial_letters(len(self.input_size)), strict=True,
        )  # fmt: skip
        axes = tuple(
            Axis(n, k, s, d, gap, low, high, rule, self.flip_kernel, letters)
            for n, k, s, d, gap, (low, high), letters in per_axis
        )
        return ReadMap(Channels(self.in_channels, self.out_channels, self.groups), axes)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """(out_channels, in_channels / groups, *kernel_size).

        >>> import symconv as sc
        >>> sc.Conv((4, 4), (3, 2), in_channels=4, out_channels=6, groups=2).kernel_shape
        (6, 2, 3, 2)
        """
        return self.out_channels, self.in_channels // self.groups, *self.kernel_size
