"""`Linear`: a fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from .. import spec
from ..readmap import Channels, ReadMap
from .base import Layer


@dataclass(frozen=True, repr=False)
class Linear(Layer):
    """A fully connected layer: y = W x + b with every entry of W its own kernel entry.

    >>> import symconv as sc
    >>> layer = sc.Linear(3, 2)
    >>> layer.weight_matrix()
    Matrix([
    [k_{0,0}, k_{0,1}, k_{0,2}],
    [k_{1,0}, k_{1,1}, k_{1,2}]])

    Parameters
    ----------
    in_features, out_features
        The sizes of input and output.
    bias
        Whether a bias is added to each output.
    """

    kind: ClassVar[str] = "linear"
    usual: ClassVar[str] = "--layer linear --in-features 3 --out-features 2"

    in_features: int
    out_features: int
    bias: bool = False

    def __post_init__(self) -> None:
        for name in ("in_features", "out_features"):
            object.__setattr__(self, name, spec.integer(name, getattr(self, name)))
        object.__setattr__(self, "bias", spec.flag("bias", self.bias))

    @cached_property
    def read_map(self) -> ReadMap:
        """Which input each kernel entry multiplies, for each output."""
        return ReadMap(Channels(self.in_features, self.out_features), ())

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """(out_features, in_features)."""
        return self.out_features, self.in_features
