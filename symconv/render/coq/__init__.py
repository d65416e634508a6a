"""A certificate for a proof assistant: a file that Coq 8.16 with Mathematical Components accepts.

Whoever does not trust this package can check it without it. `write` gives the text of a layer's certificate,
`every_size` the theorem for all sizes and ranks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import NotApplicable
from ...proof import Proof
from ...sums import WEIGHT
from .every_size import every_size
from .write import certificate

if TYPE_CHECKING:
    from ...general import GeneralProof

OPTIONS: tuple[str, ...] = ()


def render_proof(proof: Proof | GeneralProof) -> str:
    """The certificate of the layer that the proof is about, or the one for all sizes; only weight_matrix has one."""
    if proof.theorem.name != "weight_matrix":
        raise NotApplicable(
            f"a Coq certificate states the theorem weight_matrix; {proof.theorem.name} has no certificate"
        )
    if isinstance(proof, Proof) and proof.matrices[WEIGHT].order:
        raise NotApplicable("a Coq certificate numbers rows and columns in row-major order; prove it without an order")
    return certificate(proof.layer) if isinstance(proof, Proof) else every_size()
