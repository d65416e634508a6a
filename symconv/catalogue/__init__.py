"""The theorems: one file each, and the registry that lists them.

To add a theorem, write a module with a `THEOREM` and add it to `_MODULES`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any

from .. import limits
from ..errors import NotApplicable, SpecError, TooLarge
from ..proof import Proof, Theorem, level_named

if TYPE_CHECKING:
    from ..layers import Layer
    from ..stacks.sequential import Sequential

_MODULES = (
    "weight_matrix",
    "im2col",
    "kernel_vector",
    "padding_factor",
    "stride_selection",
    "flip",
    "kronecker",
    "dft",
    "winograd",
    "structure",
    "fft_linear",
    "sparsity",
    "pooling",
    "upsampling",
    "rank",
    "output_size",
    "transpose",
    "input_gradient",
    "kernel_gradient",
    "bias_gradient",
    "linear_as_conv",
    "nonlinearity",
    "uncertainty",
    "composition",
    "morphism",
)


def theorem_named(name: object) -> Theorem:
    """The theorem of that name; - and _ mean the same."""
    plain = name.replace("-", "_") if isinstance(name, str) else name
    if plain not in _MODULES:
        from difflib import get_close_matches

        near = get_close_matches(str(plain), _MODULES, 1)
        example = f'theorem="{near[0] if near else "weight_matrix"}"'
        raise SpecError("theorem", name, "must be one of " + ", ".join(_MODULES), example)
    theorem: Theorem = import_module(f"{__name__}.{plain}").THEOREM
    return theorem


def theorems(layer: Layer | Sequential | None = None) -> dict[str, str]:
    """The name and one-line statement of every theorem; with a layer or a stack, of those that apply to it.

    >>> import symconv as sc
    >>> sc.theorems()["weight_matrix"]
    'vec(Y) = W vec(X), plus the bias: the layer is a fully connected layer with weight matrix W'
    >>> "padding_factor" in sc.theorems(sc.Linear(3, 2))
    False
    """
    if layer is not None:
        _must_be_layer(layer)
    every = [theorem_named(name) for name in _MODULES]
    return {each.name: each.statement for each in every if layer is None or each.refuses(layer) is None}


def prove(layer: Layer | Sequential, theorem: str = "weight_matrix", check: str = "auto", **options: Any) -> Proof:
    """Prove a theorem for a layer, and check the proof before returning it.

    >>> import symconv as sc
    >>> proof = sc.prove(sc.Conv((4, 4), (3, 3), padding=1, padding_mode="reflect"))
    >>> proof.check().ok
    True

    Parameters
    ----------
    layer
        Any layer; for `composition` a `Sequential`.
    theorem
        A name from `theorems(layer)`.
    check
        "axes": every step, axis by axis (always done). "entries": also every single entry of the
        matrix, against the definition run as code. "all": also with SymPy, multiplied out. "auto"
        adds the entries up to 5,000 non-zeros and SymPy up to 1,000.
    options
        What the theorem itself can be asked; all of it has defaults.

    Raises
    ------
    NotApplicable
        The theorem does not hold for this layer; the message says why.
    ProofFailed
        A check found a difference.
    SpecError
        There is no such theorem, check or option.
    TooLarge
        The proof would hold more than `symconv.limits` allow; the message says how much.
    """
    chosen = theorem_named(theorem)
    level = level_named(check)
    _must_be_layer(layer)
    reason = chosen.refuses(layer)
    if reason is not None:
        raise NotApplicable(f"{chosen.name} does not apply to {layer!r}: {reason}")
    _must_fit(chosen, layer, level)
    unknown = sorted(set(options) - set(chosen.options))
    if unknown:
        takes = f"{chosen.name} takes " + (", ".join(chosen.options) or "no options")
        others = [each.name for each in map(theorem_named, _MODULES) if unknown[0] in each.options]
        if others:
            takes += f"; {unknown[0]} is for {' and '.join(others)}"
        if unknown[0] == "order":
            takes = f"can be chosen for weight_matrix; {chosen.name} is about vectors in row-major order"
        raise SpecError(unknown[0], options[unknown[0]], takes, f'sc.prove(layer, "{chosen.name}")')
    steps, matrices = chosen.build(layer, **options)
    return Proof(chosen, layer, steps, matrices, level, tuple(sorted(options.items()))).verified()


def _must_fit(theorem: Theorem, layer: Any, level: str) -> None:
    """Refuse what is too large, before anything of that size is made."""
    parts: tuple[Any, ...] = getattr(layer, "layers", (layer,))
    size = theorem.tables * sum(each.read_map.reach for each in parts)
    what = (
        f"the tables of {layer!r}"
        if theorem.tables == 1
        else f"those that {theorem.name} makes of the tables of {layer!r}"
    )
    limits.check("tables", size, f"{what} along its axes have {{}} entries")
    longest = max(prod(shape) for each in parts for shape in (each.input_shape, each.output_shape))
    if longest > sys.maxsize:
        raise TooLarge(
            f"W of {layer!r} has {longest:,} rows or columns, more than the {sys.maxsize:,} that Python numbers"
        )
    if level in ("entries", "all") or theorem.walks:
        reason, instead = f"{theorem.name} of {layer!r} goes through {{}} entries one by one", ""
        if not theorem.walks:
            instead = 'check="axes" goes along the axes instead, and '
        limits.check("nonzeros", theorem.size(layer), reason, instead)


def _must_be_layer(layer: object) -> None:
    from ..layers import Layer

    if isinstance(layer, Layer):
        return
    from ..stacks.sequential import Sequential

    if not isinstance(layer, Sequential):
        raise SpecError("layer", layer, "must be a layer or a stack of them", "sc.Conv((4, 4), (3, 3))")
