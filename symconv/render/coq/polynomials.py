"""Small certificates also say what each output is, as a polynomial: an identity that `ring` proves.

The left side is the definition's list of terms, computed; the right side is written from the rows of
W. Over the integers an identity of polynomials is one over every commutative ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from ...layers import Layer
from ...matrices import matrix_of, unravel
from .formulas import Formula

TERMS_LIMIT = 150
"""Non-zero entries of W up to which the polynomials are written."""

_HEAD = """
(* The same for the reader's eye, over the integers: the terms of the definition, added up, are a
   row of W times x. *)
Section Polynomials.
Variables k x : seq Z -> Z.

Definition added (ts : seq term) : Z :=
  foldr (fun t sum => (if t.2 is Some p then k t.1 * x p + sum else sum)%Z) 0%Z ts.

Ltac polynomial := match goal with |- added ?ts = _ =>
    let computed := eval vm_compute in ts in change ts with computed
  end; cbn [added foldr fst snd]; ring.
"""


def polynomials(layer: Layer, defined: Formula) -> list[str]:
    """One identity for each output, where the layer has a kernel and is small."""
    if not layer.read_map.kernel or layer.kernel_shape is None or layer.read_map.nonzeros > TERMS_LIMIT:
        return []
    lines = [_HEAD]
    kernels = _named("k", layer.kernel_shape, lines)
    inputs = _named("x", layer.input_shape, lines)
    for position, row in zip(
        product(*(range(size) for _, size in defined.outputs)), matrix_of(layer.read_map).rows, strict=True
    ):
        name, at = "_".join(map(str, position)), " ".join(map(str, position))
        parts = [f"{_sum(kernels, entry)} * {inputs[column]}" for column, entry in sorted(row.items())]
        lines.append(f"Lemma y_{name} :\n  added (terms {at}) =\n  ({_broken(parts)})%Z.\nProof. polynomial. Qed.\n")
    return [*lines, "End Polynomials.\n"]


def _named(letter: str, shape: Sequence[int], lines: list[str]) -> list[str]:
    """Short names for the values at all positions; a leading 0 of one channel is kept, it is the position."""
    names = []
    for number in range(prod(shape)):
        position = unravel(number, shape)
        names.append(f"{letter}_{'_'.join(map(str, position))}")
        lines.append(f"Local Notation {names[-1]} := ({letter} [:: {'; '.join(map(str, position))}]%Z).")
    lines.append("")
    return names


def _sum(names: Sequence[str], entry: Any) -> str:
    return names[entry[0]] if len(entry) == 1 else f"({' + '.join(names[each] for each in entry)})"


def _broken(parts: Sequence[str], width: int = 100) -> str:
    """The terms of a sum, in lines."""
    if not parts:
        return "0"
    lines, line = [], parts[0]
    for part in parts[1:]:
        if len(line) + len(part) > width:
            lines.append(line)
            line = f"+ {part}"
        else:
            line += f" + {part}"
    return "\n   ".join([*lines, line])
