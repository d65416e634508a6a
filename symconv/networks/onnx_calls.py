"""One node of an ONNX model, as its conversion sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .operations import Shape
from .torch_modules import Declined


@dataclass(frozen=True)
class Call:
    """One node: its attributes, its inputs that are constants (else None), and the shapes of those that are not."""

    attributes: dict[str, Any]
    constants: list[Any]
    shapes: list[Shape]
    after: Shape | None  # the shape of its output, where ONNX can tell
    batch: int | None
    inputs: int
    missing: list[str]  # inputs that are neither computed nor constant
    outputs: list[str]  # the names of its outputs, empty where one is not wanted
    place: int = 0  # which of its outputs is asked for

    def get(self, name: str, default: Any) -> Any:
        """An attribute; a string as such."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def weights(self, at: int) -> Any:
        """A constant that must be there."""
        found = self.constant(at)
        if found is None:
            raise Declined("it has no weights")
        return found

    @property
    def spatial(self) -> Shape:
        """The spatial sizes of the first input."""
        if len(self.shapes) != 1 or len(self.shapes[0]) < 2:
            raise Declined("it takes one computed input, with channels and spatial axes")
        return self.shapes[0][1:]

    def constant(self, at: int) -> Any:
        """An input that must be a constant; None where it is left out."""
        if at >= len(self.constants):
            return None
        if self.constants[at] is None and len(self.shapes) + len(self.missing) > 1:
            raise Declined(f"its weights {'depend on the input' if len(self.shapes) > 1 else 'are not known'}")
        return self.constants[at]

    def each(self, name: str, default: int) -> list[int]:
        """One number for each spatial axis."""
        return [int(n) for n in self.attributes.get(name, [default] * len(self.spatial))]

    def pads(self, same: Callable[[int], int]) -> list[tuple[int, int]]:
        """(begin, end) for each axis; `same` is the total along an axis for the SAME modes."""
        rank, mode = len(self.spatial), self.get("auto_pad", "NOTSET")
        if mode == "NOTSET":
            pads = [int(n) for n in self.attributes.get("pads", [0] * 2 * rank)]
            return list(zip(pads[:rank], pads[rank:], strict=True))  # all beginnings, then all ends
        if mode == "VALID":
            return [(0, 0)] * rank
        totals = [max(same(axis), 0) for axis in range(rank)]
        if mode == "SAME_UPPER":
            return [(total // 2, total - total // 2) for total in totals]
        if mode == "SAME_LOWER":
            return [(total - total // 2, total // 2) for total in totals]
        raise Declined(f"auto_pad={mode} is not known")
