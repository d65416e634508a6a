"""jax.lax.conv_general_dilated with seeded configurations: pairs of padding, negative too, both dilations, groups."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from agreement import applied, integers
from lanes import FULL, SEED, many

import symconv as sc

jax = pytest.importorskip("jax", reason="install jax to compare with it: pip install -e '.[oracle]'")


def drawn(rng: random.Random) -> tuple[Any, dict[str, Any]]:
    """A convolution, and what JAX calls its parameters."""
    while True:
        rank, groups = rng.choice((1, 1, 2, 2, 3)), rng.choice((1, 1, 2, 3))

        def each(*values: int, rank: int = rank) -> tuple[int, ...]:
            return tuple(rng.choice(values) for _ in range(rank))

        sizes, kernel = each(1, 2, 3, 4, 5, 6) if rank < 3 else each(1, 2, 3), each(1, 2, 3, 4)
        strides, dilations, gaps = each(1, 1, 2, 3), each(1, 1, 2, 3), each(1, 1, 2, 3)
        padding: Any = tuple(zip(each(-2, -1, 0, 1, 2, 3), each(-2, -1, 0, 1, 2, 3), strict=True))
        name = rng.choice((None, None, None, "SAME", "SAME_LOWER", "VALID"))
        try:
            layer = sc.Conv(
                sizes, kernel, groups * rng.choice((1, 2)), groups * rng.choice((1, 2)), strides,
                padding if name is None else name.lower(), dilations, groups, input_dilation=gaps,
            )  # fmt: skip
        except sc.SpecError:
            continue
        # By name JAX counts the input without its gaps; the package, and JAX by numbers, count them.
        given = padding if name is None or set(gaps) != {1} else name
        return layer, {
            "window_strides": strides, "padding": layer.padding if given is padding else name, "lhs_dilation": gaps,
            "rhs_dilation": dilations, "feature_group_count": groups,
        }  # fmt: skip


@pytest.mark.parametrize("part", range(4))
def test_conv_general_dilated(part: int) -> None:
    rng, seen = random.Random(SEED + part), Counter[str]()
    for _ in range(many(90, 6)):
        layer, options = drawn(rng)
        x, kernel = integers(rng, layer.input_shape), integers(rng, layer.kernel_shape)
        theirs = jax.lax.conv_general_dilated(x[None].astype(np.float32), kernel.astype(np.float32), **options)[0]
        ours = applied(layer, x, kernel)
        assert ours.shape == theirs.shape, (SEED, layer)
        assert (ours == np.asarray(theirs)).all(), (SEED, layer)
        pads = [side for pair in layer.padding for side in pair]
        seen.update(
            name
            for name, holds in {
                "negative": min(pads) < 0, "uneven": any(low != high for low, high in layer.padding),
                "gaps in the input": max(layer.input_dilation) > 1, "gaps in the kernel": max(layer.dilation) > 1,
                "groups": layer.groups > 1, "named": isinstance(options["padding"], str), "strided": max(layer.stride) > 1,
            }.items()
            if holds
        )  # fmt: skip
    assert len(seen) == 7 or not FULL, seen


def test_conv_transpose() -> None:
    """jax.lax.conv_transpose: a convolution of the input with gaps, the padding by pairs."""
    rng = random.Random(SEED + 11)
    for _ in range(many(60, 4)):
        rank = rng.choice((1, 2))
        sizes, kernel, strides = (tuple(rng.randint(1, most) for _ in range(rank)) for most in (5, 4, 3))
        padding = tuple((rng.randint(0, k), rng.randint(0, k)) for k in kernel)
        try:
            layer = sc.Conv(sizes, kernel, 2, 3, padding=padding, input_dilation=strides)
        except sc.SpecError:
            continue
        x, weights = integers(rng, layer.input_shape), integers(rng, layer.kernel_shape)
        letters = "HWD"[:rank]
        theirs = jax.lax.conv_transpose(
            x[None].astype(np.float32), weights.astype(np.float32), strides, padding,
            dimension_numbers=("NC" + letters, "OI" + letters, "NC" + letters),
        )[0]  # fmt: skip
        assert (applied(layer, x, weights) == np.asarray(theirs)).all(), (SEED, layer)


def test_patches_are_im2col() -> None:
    """jax.lax.conv_general_dilated_patches: the rows of im2col, as a convolution with the identity for its kernel."""
    rng = random.Random(SEED + 12)
    for _ in range(many(40, 4)):
        layer, options = drawn(rng)
        channels, kernel = layer.in_channels, layer.kernel_size
        entries = channels * int(np.prod(kernel))
        whole = sc.Conv(
            layer.input_size, kernel, channels, entries, layer.stride, layer.padding, layer.dilation,
            input_dilation=layer.input_dilation,
        )  # fmt: skip
        x, ones = integers(rng, layer.input_shape), np.eye(entries, dtype=np.int64).reshape(whole.kernel_shape)
        theirs = jax.lax.conv_general_dilated_patches(
            x[None].astype(np.float32), kernel, options["window_strides"], layer.padding, options["lhs_dilation"],
            options["rhs_dilation"],
        )[0]  # fmt: skip
        assert (applied(whole, x, ones) == np.asarray(theirs)).all(), (SEED, layer)


def test_what_there_is_no_layer_for() -> None:
    """batch_group_count mixes the entries of a batch: W acts on one entry alone. Complex numbers have no layer."""
    with pytest.raises(TypeError, match="batch_group_count"):
        sc.Conv((4,), 2, batch_group_count=2)  # type: ignore[call-arg]
