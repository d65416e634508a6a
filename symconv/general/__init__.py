"""Theorems with symbolic sizes: proved once, for all of them.

`terms` are finite sums with symbolic limits, `moves` the laws by which they change, `proof` a chain of moves
and its check, `axis` the letters and hypotheses of one axis; then one file a theorem. To add one, write a
module with a `THEOREM` and add it to `_MODULES`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import SpecError
from .proof import GeneralProof, GeneralTheorem

_MODULES = (
    "read_map",
    "weight_matrix",
    "padding_factor",
    "stride_selection",
    "transpose",
    "composition",
    "sparsity",
)


__all__ = ["GeneralProof", "GeneralTheorem", "general_theorem", "general_theorems", "prove_general"]


def general_theorem(name: object) -> GeneralTheorem:
    """The theorem of that name; - and _ mean the same."""
    plain = name.replace("-", "_") if isinstance(name, str) else name
    if plain not in _MODULES:
        raise SpecError("theorem", name, "must be one of " + ", ".join(_MODULES), 'sc.prove_general("weight_matrix")')
    theorem: GeneralTheorem = import_module(f"{__name__}.{plain}").THEOREM
    return theorem


def general_theorems() -> dict[str, str]:
    """The name and one-line statement of every theorem that is proved for all sizes.

    >>> import symconv as sc
    >>> list(sc.general_theorems())
    ['read_map', 'weight_matrix', 'padding_factor', 'stride_selection', 'transpose', 'composition', 'sparsity']
    """
    return {name: general_theorem(name).statement for name in _MODULES}


def prove_general(theorem: str = "weight_matrix", rank: Any = None) -> GeneralProof:
    """Prove a theorem for all sizes, and check the proof before returning it.

    >>> import symconv as sc
    >>> proof = sc.prove_general("weight_matrix", rank=2)
    >>> proof.check().ok
    True

    Parameters
    ----------
    theorem
        A name from `general_theorems()`.
    rank
        The number of spatial axes: 1, 2, 3, or "r" for any number; by default the first the theorem has.

    Raises
    ------
    SpecError
        There is no such theorem or rank.
    """
    chosen = general_theorem(theorem)
    if isinstance(rank, str) and rank.isdecimal():
        rank = int(rank)
    given = chosen.ranks[0] if rank is None else rank
    if isinstance(given, bool) or given not in chosen.ranks:
        valid = ", ".join(map(repr, chosen.ranks))
        raise SpecError("rank", rank, f"must be one of {valid} for {chosen.name}", f"rank={chosen.ranks[0]!r}")
    return GeneralProof(chosen, given, chosen.parts(given)).verified()
