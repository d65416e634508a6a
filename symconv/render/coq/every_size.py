"""The certificate for every size and every rank: one text, the same for everybody."""

from __future__ import annotations

from .write import part

TITLE = "A convolution is a matrix product, at every size and rank."
THEOREM = "convolution_is_matrix"

_FOREWORD = f"""(* {TITLE} Written by symconv.

   Sizes, strides, dilations, input dilations, padding, channels and groups are variables; the padding mode of each
   axis is one of five; axes is a list of any length. Coq 8.16 with Mathematical Components 1.15
   checks it: symconv certify FILE.v. What to read: `extend` and `source` (what a padded input holds), the
   record `axis` and `valid` (the hypotheses), `position`, `convolution` (the definition), `copies`, `tap_at`,
   `meets` and `W` (the entry of the matrix), and the theorem `convolution_is_matrix`. *)

"""


def every_size() -> str:
    """A Coq file that proves the theorem with the sizes as variables, for every rank.

    >>> "Theorem convolution_is_matrix" in every_size()
    True
    """
    return _FOREWORD + part("general") + part("every_size")
