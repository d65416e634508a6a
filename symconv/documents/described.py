"""Another layer in words, where a theorem compares the layer with it."""

from __future__ import annotations

from typing import Any

from ..formula import Formula, Words, times
from .blocks import Inline, Math, words
from .setting import count_of, is_linear, is_transposed, listed, ordinal, per_axis, title


def described(layer: Any, beside: Any = None) -> tuple[Inline, ...]:
    """A 2×2 convolution of a 5×5 input, stride 2, padding 1: all that tells it from others.

    Whether the kernel is reversed is said where that differs from the layer `beside` it.

    >>> import symconv as sc
    >>> described(sc.Conv((8,), 3, stride=2))
    ('a convolution of 8 inputs with a kernel of 3', ', stride ', Math(formula=2))
    """
    first, *rest = title(layer, None)
    lead = (_lowered(first), *rest)
    if is_linear(layer):
        return lead
    parts = [part for part in (*_numbers(layer), _padding(layer), *_flags(layer, beside)) if part]
    return (*lead, *(each for part in parts for each in (f", {part[0]}", *part[1:])))


def _lowered(part: Inline) -> Inline:
    """The beginning of a title within a sentence."""
    if isinstance(part, Math) and isinstance(part.formula, Words):
        return Math(Words(part.formula.text[:1].lower() + part.formula.text[1:]))
    return part[:1].lower() + part[1:] if isinstance(part, str) else part


def _numbers(layer: Any) -> list[tuple[Inline, ...]]:
    """The numbers that are not 1 or 0 on every axis."""
    said = []
    for name, usual in (("stride", 1), ("dilation", 1), ("input_dilation", 1), ("output_padding", 0)):
        values = getattr(layer, name, None)
        if values is not None and (set(values) != {usual} or (name == "stride" and layer.kernel_shape is None)):
            said.append(words(f"{name.replace('_', ' ')} {{}}", per_axis(values)))
    return said


def _padding(layer: Any) -> tuple[Inline, ...]:
    """The padding: one number, one for each axis, or what stands before and after along each."""
    pairs = getattr(layer, "padding", ())
    if not any(map(any, pairs)):
        return ()
    mode = getattr(layer, "padding_mode", "zeros")
    kind = "" if mode == "zeros" else f"{mode} "
    if all(low == high >= 0 for low, high in pairs):
        amounts = tuple(low for low, _ in pairs)
        amount: Formula = amounts[0] if len(set(amounts)) == 1 else times(amounts)
        return words(f"{kind}padding {{}}", amount)
    each = [f"{low} before and {high} after".replace("-", "−") for low, high in pairs]
    if len(set(pairs)) == 1:
        return (f"{kind}padding {each[0]}" + " along every axis" * (len(pairs) > 1),)
    axes = (f"{one} along the {ordinal(n)} axis" for n, one in enumerate(each))
    return (f"{kind}padding {listed(axes)}",)


def _flags(layer: Any, beside: Any) -> list[tuple[Inline, ...]]:
    """Channels and groups, and what else is not usual."""
    said: list[tuple[Inline, ...]] = []
    if layer.kernel_shape is None:
        if layer.channels > 1:
            said.append((count_of(layer.channels, "channel"),))
        if getattr(layer, "ceil_mode", False):
            said.append(("a last window that may hang over the end",))
        if getattr(layer, "divisor_override", None) is not None:
            said.append((f"every sum divided by {layer.divisor_override}".replace("-", "−"),))
        return said
    if layer.read_map.shows_channels:
        inputs, outputs = count_of(layer.in_channels, "input channel"), count_of(layer.out_channels, "output channel")
        groups = [count_of(layer.groups, "group")] if layer.groups > 1 else []
        said.append((", ".join([inputs, outputs, *groups]),))
    reversed_, usual = (getattr(each, "flip_kernel", False) for each in (layer, beside))
    if reversed_ != usual and not is_transposed(layer):
        said.append(("the kernel reversed" if reversed_ else "the kernel not reversed",))
    return said
