"""The certificate for every size and every rank: one text, the same for everybody."""

from __future__ import annotations

from .write import part

TITLE = "A convolution is a matrix product, at every size and rank."
THEOREM = "convolution_is_matrix"


def every_size() -> str:
    """A Coq file that proves the theorem with the sizes as variables, for every rank."""
    return f"(* {TITLE}" + part("every_size")
