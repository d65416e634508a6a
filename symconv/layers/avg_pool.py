"""`AvgPool`: average pooling of any rank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from .. import spec
from ..errors import SpecError
from ..padding import mode_named
from ..readmap import ReadMap, spatial_letters
from ..weighted import Alone, Pooled
from .base import Layer


@dataclass(frozen=True, repr=False)
class AvgPool(Layer):
    """Average pooling of any rank, as PyTorch's `AvgPoolNd` means it.

    It has no kernel: an output is the sum of what its window reads, divided by a number of positions.

    >>> import symconv as sc
    >>> layer = sc.AvgPool(input_size=(3,), kernel_size=3, stride=1, padding=1, count_include_pad=False)
    >>> layer.weight_matrix()
    Matrix([
    [1/2, 1/2,   0],
    [1/3, 1/3, 1/3],
    [  0, 1/2, 1/2]])

    Parameters
    ----------
    input_size
        A tuple of sizes, one for each spatial axis; its length is the rank.
    kernel_size, stride
        One integer for all axes, or one for each. Without a stride it is the kernel size.
    channels
        Each is pooled by itself.
    padding
        Zeros around the input: one integer, one for each axis, or one (low, high) pair for each axis,
        each at most half the kernel size.
    ceil_mode
        Whether a last window may hang over the end of the padded input. One that would start beyond
        the input and its low padding is dropped.
    count_include_pad
        Whether the padding counts as read. What hangs over the end never does.
    divisor_override
        An integer other than 0 to divide by in place of that count; it may be negative.

    Raises
    ------
    SpecError
        A parameter is not valid; the message gives its value, the rule and an example.

    References
    ----------
    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
    arXiv 1603.07285, section 3.
    """

    kind: ClassVar[str] = "avg-pool"
    usual: ClassVar[str] = "--layer avg-pool --input 4x4 --kernel 2x2"

    input_size: tuple[int, ...]
    kernel_size: Any
    channels: int = 1
    stride: Any = None
    padding: Any = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    def __post_init__(self) -> None:
        size = spec.shape("input_size", self.input_size)
        rank = len(size)
        spec.known_rank("input_size", self.input_size, rank)
        kernel = spec.per_axis("kernel_size", self.kernel_size, rank)
        stride = kernel if self.stride is None else spec.per_axis("stride", self.stride, rank)
        padding = spec.pairs("padding", self.padding, rank)
        if padding is None:
            raise SpecError("padding", self.padding, "average pooling takes numbers only", "padding=1")
        for axis, (pair, k, n) in enumerate(zip(padding, kernel, size, strict=True)):
            if min(pair) < 0 or max(pair) > k // 2:
                rule = f"must be at least 0 and at most half the kernel: at most {k // 2} on axis {axis}"
                raise SpecError("padding", self.padding, rule, f"padding={min(k // 2 for k in kernel)}")
            room = n + sum(pair) + (stride[axis] - 1 if self.ceil_mode else 0)
            if k > room:
                rule = (
                    f"on axis {axis} the window spans {k} and the padded input has {n + sum(pair)}, so it does not fit"
                )
                raise SpecError("kernel_size", self.kernel_size, rule, f"a window that spans at most {room} there")
        divisor = self.divisor_override
        if divisor is not None:
            divisor = spec.integer("divisor_override", divisor, -spec.LARGEST, "divisor_override=4")
            if divisor == 0:
                raise SpecError(
                    "divisor_override", 0, "must not be 0: the sums are divided by it", "divisor_override=4"
                )
        canonical = {
            "input_size": size, "kernel_size": kernel, "channels": spec.integer("channels", self.channels), "stride": stride,
            "padding": padding, "ceil_mode": spec.flag("ceil_mode", self.ceil_mode),
            "count_include_pad": spec.flag("count_include_pad", self.count_include_pad), "divisor_override": divisor,
        }  # fmt: skip
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    @cached_property
    def read_map(self) -> ReadMap:
        """Which input each place of the window reads, for each output, and what the sum is divided by."""
        per_axis = zip(
            self.input_size, self.kernel_size, self.stride, self.padding, spatial_letters(len(self.input_size)),
            strict=True,
        )  # fmt: skip
        axes = []
        for number, (n, k, s, (low, high), letters) in enumerate(per_axis):
            end = n + high
            if self.ceil_mode:
                windows = -(-(end + low - k) // s) + 1
                if s * (windows - 1) >= n + low:  # it would start beyond the input
                    windows -= 1
                end = max(end, s * (windows - 1) - low + k)
            counted = (-low, n + high) if self.count_include_pad else (0, n)
            divisor = None if self.divisor_override is None else 1 if number else self.divisor_override
            axes.append(Pooled(n, k, s, 1, 1, low, end - n, mode_named("zeros"), False, letters, counted, divisor))
        return ReadMap(Alone(self.channels, self.channels, self.channels), tuple(axes))

    @property
    def kernel_shape(self) -> None:
        """There is no kernel."""
        return None
