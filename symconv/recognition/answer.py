"""What `recognise` answers: a layer with its kernel, or the candidates and what contradicts each; and how it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from textwrap import fill, indent
from typing import Any

from ..arrays import WithArrays
from ..layers import Conv
from .search import Refutation

PRINTED = 5
"""How many alternatives, and how many refuted candidates, are printed."""


@dataclass(frozen=True, eq=False)
class Recognition(WithArrays):
    """What `recognise` found: truthy where W is a convolution within the bounds.

    >>> import symconv as sc
    >>> found = sc.recognise([[1, 2, 0], [0, 1, 2]], input_shape=(1, 3), output_shape=(1, 2))
    >>> found
    <Conv(input_size=(3,), kernel_size=2), 2 kernel entries>
    >>> bool(sc.recognise([[1, 2, 0], [0, 1, 3]], input_shape=(1, 3), output_shape=(1, 2), kernel_size=2))
    False

    Attributes
    ----------
    layer, kernel
        A `Conv` and its kernel, of `layer.kernel_shape`, that give W exactly; None where there is none.
    alternatives
        Other layers with as few kernel entries that give the same W, each with a kernel of its own.
    refuted
        Each candidate that is none, with the entries of W that contradict it: see `Refutation`. Along an axis
        where something fits these are the smaller kernels.
    notes
        What W cannot tell, one sentence each.
    bounds
        What was asked for, as text.
    """

    shape: tuple[int, int]
    bounds: str
    layer: Conv | None = None
    kernel: Any = field(default=None, compare=False)
    alternatives: tuple[Conv, ...] = ()
    refuted: tuple[Refutation, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.layer is not None

    @property
    def parameters(self) -> int | None:
        """How many kernel entries are enough for W, the measure of its structure; None where it is no convolution.

        >>> import symconv as sc
        >>> sc.recognise([[1, 2, 0], [0, 1, 2]], input_shape=(1, 3), output_shape=(1, 2)).parameters
        2
        """
        return None if self.layer is None else prod(self.layer.kernel_shape)

    def __str__(self) -> str:
        rows, columns = self.shape
        if self.layer is None:
            lines = [fill(f"W ({rows} x {columns}) is no convolution within the bounds: {self.bounds}.", 80)]
            lines += _listed([str(each) for each in self.refuted], "refuted")
            if self.bounds.endswith("padding_mode='zeros'") and ", padding=0," not in self.bounds:
                lines.append("Only padding with zeros was tried; padding_mode=None tries every mode.")
            return "\n".join(lines)
        lines = [f"W ({rows} x {columns}) is a convolution:", _item(repr(self.layer))]
        entries = f"{self.parameters} kernel entr{'y' if self.parameters == 1 else 'ies'}"
        lines.append(f"with {entries}, where W has {rows * columns} entries. Kernel:")
        lines.append(kernel_text(self.kernel))
        if self.alternatives:
            lines.append("The same W is also")
            lines += _listed([repr(each) for each in self.alternatives], "alternatives")
        return "\n".join([*lines, *(fill(f"Note: {note}", 80) for note in self.notes)])

    def __repr__(self) -> str:
        if self.layer is None:
            return f"<no convolution within the bounds: {len(self.refuted)} candidate{'s' * (len(self.refuted) != 1)} refuted>"
        return f"<{self.layer!r}, {self.parameters} kernel entr{'y' if self.parameters == 1 else 'ies'}>"


def _item(text: str) -> str:
    return fill(text, 80, initial_indent="  ", subsequent_indent="    ")


def _listed(items: list[str], what: str) -> list[str]:
    lines = [_item(each) for each in items[:PRINTED]]
    return lines if len(items) <= PRINTED else [*lines, f"  and {len(items) - PRINTED} more: .{what}"]


def kernel_text(kernel: Any, shown: Callable[[Any], str] = str) -> str:
    """A kernel as it is printed: indented, a large one shortened."""
    import numpy as np

    if isinstance(kernel, np.ndarray):
        text = np.array2string(kernel, max_line_width=76, threshold=100, formatter={"object": shown})
    else:
        text = "\n".join(fill(line, 76) for line in str(kernel).splitlines())
    return indent(text, "  ")
