"""A certificate for a proof assistant: a file that Coq 8.16 with Mathematical Components accepts.

Whoever does not trust this package can check it without it. `write` gives the text of a layer's certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import NotApplicable
from .write import certificate

if TYPE_CHECKING:
    from ...proof import Proof

OPTIONS: tuple[str, ...] = ()


def render_proof(proof: Proof) -> str:
    """The certificate of the layer that the proof is about; only the theorem weight_matrix has one."""
    if proof.theorem.name != "weight_matrix":
        raise NotApplicable(
            f"a Coq certificate states the theorem weight_matrix; {proof.theorem.name} has no certificate"
        )
    return certificate(proof.layer)
