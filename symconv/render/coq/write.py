"""The text of one layer's certificate.

Three parts: the general part, the same in every certificate (`general.v`, and `kernel.v` or
`coefficients.v`); the layer's definition and the layout of W, as data; and the theorem
`layer_is_matrix`, whose proof is a general lemma and one computation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import TooLarge
from ...layers import Layer
from ...matrices import matrix_of
from ..json_format import layer_data
from .formulas import Formula, formula, index
from .polynomials import polynomials

TERMS_LIMIT = 250_000
"""Terms of the defining sums that Coq is asked to evaluate; that many take it two minutes and 3 GB."""

CONFIGURATION = "configuration: "
"""What stands before a certificate's configuration, as JSON."""

_FOREWORD = """(* A certificate, written by symconv, that a layer is a matrix product.
   {layer}

   Coq 8.16 with Mathematical Components 1.15 checks it; on Debian: apt-get install coq
   libcoq-mathcomp-algebra, then coqc FILE.v, or symconv certify FILE.v. What to read: the definition y of the
   layer, `W_layout`, and the theorem `layer_is_matrix`; Coq vouches for the rest.

   {configuration} *)

"""


@cache
def part(name: str) -> str:
    """A part of a certificate that no layer changes."""
    return Path(__file__).with_name(f"{name}.v").read_text(encoding="utf-8")


def certificate(layer: Layer) -> str:
    """The certificate of a layer, a Coq file that needs Mathematical Components and nothing else."""
    return foreword(layer) + general(layer) + particular(layer)


def foreword(layer: Layer) -> str:
    """The comment that says what the file is, and for which layer."""
    return _FOREWORD.format(layer=repr(layer), configuration=CONFIGURATION + json.dumps(layer_data(layer)))


def general(layer: Layer) -> str:
    """The part that holds for every layer of its kind."""
    return part("general") + part("kernel" if layer.read_map.kernel else "coefficients")


def particular(layer: Layer, rows: Sequence[Any] | None = None) -> str:
    """The part about this layer: its definition, the layout of W, and the theorem.

    `rows` puts another layout in the place of this layer's own, to see that Coq refuses it.
    """
    defined = formula(layer)
    if defined.terms > TERMS_LIMIT:
        raise TooLarge(
            f"the defining sums of {layer!r} have {defined.terms:,} terms, and a certificate at most {TERMS_LIMIT:,}"
        )
    if rows is None:
        rows = matrix_of(layer.read_map).rows
    kernel = layer.read_map.kernel
    return "\n".join(
        [
            _HEADING,
            *_shapes(layer),
            *([defined.held] if defined.held else []),
            _definition(layer, defined),
            _terms(defined),
            *([] if kernel else [_divisors(layer, defined, rows)]),
            _layout(rows),
            _theorem(layer, defined),
            *polynomials(layer, defined),
        ]
    )


_HEADING = """
(* ---------------------------------------------------------------------------------------------- *)
(* THIS LAYER                                                                                      *)
(* ---------------------------------------------------------------------------------------------- *)
"""


def numbers(values: Sequence[int]) -> str:
    """A list of integers."""
    return f"[:: {'; '.join(map(str, values))}]%Z" if values else "[::]"


def _shapes(layer: Layer) -> list[str]:
    named = {"kernel_shape": layer.kernel_shape, "input_shape": layer.input_shape, "output_shape": layer.output_shape}
    return [f"Definition {name} : seq Z := {numbers(shape)}." for name, shape in named.items() if shape] + [""]


def _definition(layer: Layer, defined: Formula) -> str:
    """y, the textbook sum."""
    sums = " ".join(rf"\sum_({name} <- range {size})" for name, size in defined.loops)
    body = f"{sums}\n    {defined.summand}" if sums else defined.summand
    text = ""
    outputs = " ".join(name for name, _ in defined.outputs)
    if layer.read_map.kernel:
        head = "(* The definition of the layer: k is the kernel, x the input{}, each a function of the position. *)"
        ring = "(R : comRingType) (k x{} : seq Z -> R)".format(" b" if layer.bias else "")
        text += head.format(", b the bias" if layer.bias else "")
    else:
        ring = "(R : comUnitRingType) (x : seq Z -> R)"
        text += "(* The definition of the layer: x is the input, a function of the position. *)"
    if defined.divisor:
        text += f"\nDefinition divisor ({outputs} : Z) : Z := {defined.divisor}."
        body = f"({body}) / integer R (divisor {outputs})"
    if layer.bias:
        body = f"{body}\n  + b [:: c]" if "\n" in body else f"{body} + b [:: c]"
    return f"{text}\nDefinition y {ring} ({outputs} : Z) : R :=\n  {body}.\n"


def _terms(defined: Formula) -> str:
    """The same sum as a list."""
    outputs = " ".join(name for name, _ in defined.outputs)
    opened = " ".join(f"collect {size} (fun {name} =>" for name, size in defined.loops)
    closed = ")" * len(defined.loops)
    return (
        "(* The same sum as the list of its terms. *)\n"
        f"Definition terms ({outputs} : Z) : seq term :=\n"
        f"  {opened}\n    [:: ({defined.factor}, {defined.reads[1:-1]})]{closed}.\n"
    )


def _layout(rows: Sequence[Any]) -> str:
    """W, row by row, as data."""
    lines = []
    for row in rows:
        cells = []
        for column, entry in sorted(row.items()):
            if isinstance(entry, tuple):
                cells.append(f"({column}, [:: {'; '.join(map(str, entry))}])")
            else:
                value = Fraction(entry)
                cells.append(f"({column}, ({value.numerator}, {value.denominator}))")
        lines.append(f"[:: {'; '.join(cells)}]" if cells else "[::]")
    return "Definition W_layout : layout := [::\n  " + ";\n  ".join(lines) + "]%Z.\n"


def _divisors(layer: Layer, defined: Formula, rows: Sequence[Any]) -> str:
    """What must be invertible: everything that the definition or W divides by."""
    found = {Fraction(entry).denominator for row in rows for entry in row.values()} | defined.divides_by
    return (
        "(* Everything that the definition and W divide by. *)\n"
        f"Definition divisors : seq Z := {numbers(sorted(found - {1}))}.\n"
    )


_KERNEL_THEOREM = """(* The entry of W in a row and a column, as W_layout says. *)
Definition W (R : comRingType) (k : seq Z -> R) (row col : Z) : R := entry kernel_shape W_layout k row col.

Lemma y_terms (R : comRingType) (k x{b} : seq Z -> R) ({outputs} : Z) :
  y k x{b} {outputs} = \\sum_(t <- terms {outputs}) value k x t{bias}.
Proof. {split}read_off. Qed.

(* This row of W_layout holds the terms of the definition, and no others. *)
Definition row_agrees ({outputs} : Z) : bool :=
  agrees kernel_shape input_shape W_layout (ravel output_shape {position}) (terms {outputs}).

(* This is where Coq computes: the sizes, and every row. *)
Definition sized :=
  (erefl true <: is_true ((output_shape == {sizes}) &&
                          (size W_layout == Z.to_nat (size_of output_shape)))).

Definition computed :=
  (erefl true <: is_true ({all_outputs}row_agrees {outputs}{ranges})).

Lemma every_row ({outputs} : Z) : {within} -> row_agrees {outputs}.
Proof. move=> {names}; exact: {chosen}. Qed.

(* The layer is a fully connected layer with weight matrix W. *)
Theorem layer_is_matrix (R : comRingType) (k x{b} : seq Z -> R) ({outputs} : Z) :
  {within} ->
  y k x{b} {outputs} =
  \\sum_(n <- range (size_of input_shape)) W k (ravel output_shape {position}) n * x (unravel input_shape n){bias}.
Proof.
move=> {names}; rewrite y_terms{congr}.
exact: (agreed k x (every_row {names})).
Qed.

Print Assumptions layer_is_matrix.
"""

_NUMBERS_THEOREM = """(* The entry of W in a row and a column, as W_layout says. *)
Definition W (R : comUnitRingType) (row col : Z) : R := entry W_layout R row col.

Lemma y_terms (R : comUnitRingType) (x : seq Z -> R) ({outputs} : Z) :
  y x {outputs} = (\\sum_(t <- terms {outputs}) weigh x t) / integer R {divisor}.
Proof. {split}read_off. Qed.

(* This row of W_layout holds the terms of the definition, and no others. *)
Definition row_agrees ({outputs} : Z) : bool :=
  agrees input_shape divisors W_layout (ravel output_shape {position}) {divisor} (terms {outputs}).

(* This is where Coq computes: the sizes, and every row. *)
Definition sized :=
  (erefl true <: is_true ((output_shape == {sizes}) &&
                          (size W_layout == Z.to_nat (size_of output_shape)))).

Definition computed :=
  (erefl true <: is_true ({all_outputs}row_agrees {outputs}{ranges})).

Lemma every_row ({outputs} : Z) : {within} -> row_agrees {outputs}.
Proof. move=> {names}; exact: {chosen}. Qed.

(* The layer is a fully connected layer with weight matrix W, wherever its divisors are invertible. *)
Theorem layer_is_matrix (R : comUnitRingType) (x : seq Z -> R) ({outputs} : Z) :
  (forall d, d \\in divisors -> integer R d \\is a GRing.unit) ->
  {within} ->
  y x {outputs} =
  \\sum_(n <- range (size_of input_shape)) W R (ravel output_shape {position}) n * x (unravel input_shape n).
Proof.
move=> units {names}; rewrite y_terms.
exact: (agreed x units (every_row {names})).
Qed.

Print Assumptions layer_is_matrix.
"""


def _theorem(layer: Layer, defined: Formula) -> str:
    """W, the computation, and what follows from it."""
    names = [name for name, _ in defined.outputs]
    chosen = "computed"
    for name in names:
        chosen = f"(all_range h{name} {chosen})"
    outputs = " ".join(names)
    split = "rewrite /y /terms; " + ("congr (_ + _); " if layer.bias else "congr (_ / _); " if defined.divisor else "")
    if not layer.read_map.kernel and not defined.divisor:
        split += "rewrite integer1 divr1; "
    return (_KERNEL_THEOREM if layer.read_map.kernel else _NUMBERS_THEOREM).format(
        b=" b" if layer.bias else "",
        bias=" + b [:: c]" if layer.bias else "",
        split=split,
        congr="; congr (_ + _)" if layer.bias else "",
        outputs=outputs,
        sizes=f"[:: {'; '.join(defined.sizes)}]%Z",
        position=index(names),
        all_outputs="".join(f"all (fun {name} => " for name in names),
        ranges="".join(f") (range {size})" for _, size in reversed(defined.outputs)),
        within=" -> ".join(f"(0 <= {name} < {size})%Z" for name, size in defined.outputs),
        names=" ".join(f"h{name}" for name in names),
        chosen=chosen,
        divisor=f"(divisor {outputs})" if defined.divisor else "1",
    )
