"""`ConvTranspose`: transposed convolution of any rank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from .. import spec
from ..errors import SpecError
from ..padding import mode_named
from ..readmap import Axis, ReadMap, TransposedChannels, spatial_letters
from .base import Layer


@dataclass(frozen=True, repr=False)
class ConvTranspose(Layer):
    """A transposed convolution of any rank, as PyTorch's `ConvTransposeNd` means it.

    Every input entry adds its multiple of the kernel to the output, `stride` apart. Seen from an
    output it is a sum over kernel entries of the input with stride - 1 zeros between its entries.

    >>> import symconv as sc
    >>> layer = sc.ConvTranspose(input_size=(2, 2), kernel_size=3, stride=2, padding=1, output_padding=1)
    >>> layer.output_shape
    (1, 4, 4)
    >>> layer.weight_matrix().shape
    (16, 4)

    Parameters
    ----------
    input_size
        A tuple of sizes, one for each spatial axis; its length is the rank.
    kernel_size, stride, dilation, output_padding
        One integer for all axes, or one for each. `output_padding` must be smaller than the stride
        or the dilation.
    in_channels, out_channels, groups
        Both channel numbers must be divisible by groups.
    padding
        What is cut off the output: one integer, one for each axis, or one (low, high) pair for each
        axis (a negative number adds zeros).
    bias
        Whether one bias for each output channel is added.

    Raises
    ------
    SpecError
        A parameter is not valid; the message gives its value, the rule and an example.

    References
    ----------
    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
    arXiv 1603.07285, section 4.
    """

    kind: ClassVar[str] = "conv-transpose"
    usual: ClassVar[str] = "--layer conv-transpose --input 2x2 --kernel 3x3 --stride 2"

    input_size: tuple[int, ...]
    kernel_size: Any
    in_channels: int = 1
    out_channels: int = 1
    stride: Any = 1
    padding: Any = 0
    output_padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: bool = False

    def __post_init__(self) -> None:
        size = spec.shape("input_size", self.input_size)
        rank = len(size)
        kernel = spec.per_axis("kernel_size", self.kernel_size, rank)
        stride = spec.per_axis("stride", self.stride, rank)
        dilation = spec.per_axis("dilation", self.dilation, rank)
        extra = spec.per_axis("output_padding", self.output_padding, rank, 0)
        padding = spec.pairs("padding", self.padding, rank)
        if padding is None:
            raise SpecError("padding", self.padding, "a transposed convolution takes numbers only", "padding=1")
        for axis in range(rank):
            most = max(stride[axis], dilation[axis]) - 1
            if extra[axis] > most:
                rule = f"must be smaller than the stride or the dilation: at most {most} on axis {axis}"
                raise SpecError("output_padding", self.output_padding, rule, f"output_padding={most}")
            full = (size[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 + extra[axis]
            if sum(padding[axis]) >= full:
                rule = f"cuts off the whole output on axis {axis}, which is {full} long"
                raise SpecError("padding", self.padding, rule, f"pairs that cut off less than {full} there")
        canonical = dict(
            input_size=size, kernel_size=kernel, stride=stride, padding=padding, output_padding=extra,
            dilation=dilation, bias=spec.flag("bias", self.bias),
            **spec.channels(self.in_channels, self.out_channels, self.groups),
        )  # fmt: skip
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    @cached_property
    def read_map(self) -> ReadMap:
        """Which input each kernel entry multiplies: a flipped kernel over the input with zeros put in."""
        rule = mode_named("zeros")
        per_axis = zip(
            self.input_size, self.kernel_size, self.stride, self.dilation, self.padding, self.output_padding,
            spatial_letters(len(self.input_size)), strict=True,
        )  # fmt: skip
        axes = tuple(
            Axis(n, k, 1, d, s, d * (k - 1) - low, d * (k - 1) - high + extra, rule, True, letters)
            for n, k, s, d, (low, high), extra, letters in per_axis
        )
        return ReadMap(TransposedChannels(self.in_channels, self.out_channels, self.groups), axes)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """(in_channels, out_channels / groups, *kernel_size).

        >>> import symconv as sc
        >>> sc.ConvTranspose((4, 4), (3, 2), in_channels=4, out_channels=6, groups=2).kernel_shape
        (4, 3, 3, 2)
        """
        return self.in_channels, self.out_channels // self.groups, *self.kernel_size
