
(* 6. Layers with a kernel: a layout of W is accepted when it holds the terms of the definition --- *)

(* The rows of W, each a list of cells (column, the numbers of the kernel entries that add up there). *)
Definition layout := seq (seq (Z * seq Z)).

(* The kernel entry that is multiplied, and the input that it is multiplied with, if any. *)
Definition term := (seq Z * option (seq Z))%type.

Definition value (R : ringType) (k x : seq Z -> R) (t : term) : R := k t.1 * ext x t.2.

Section Kernel.
Variables kernel_shape input_shape : seq Z.
Variable W_layout : layout.

Definition row_of (r : Z) : seq (Z * seq Z) := nth [::] W_layout (Z.to_nat r).

(* The entry of W in row r and column q, as the layout says. *)
Definition entry (R : ringType) (k : seq Z -> R) (r q : Z) : R :=
  \sum_(cell <- row_of r | cell.1 == q) \sum_(e <- cell.2) k (unravel kernel_shape e).

(* The numbers of input and kernel entry of each term that reads something; None if one is none. *)
Fixpoint pairs (ts : seq term) : option (seq (Z * Z)) :=
  match ts with
  | [::] => Some [::]
  | (_, None) :: rest => pairs rest
  | (u, Some p) :: rest =>
      match numbered input_shape p, numbered kernel_shape u, pairs rest with
      | Some q, Some e, Some more => Some ((q, e) :: more)
      | _, _, _ => None
      end
  end.

Definition row_pairs (row : seq (Z * seq Z)) : seq (Z * Z) :=
  flatten [seq [seq (cell.1, e) | e <- cell.2] | cell <- row].

Definition before (a b : Z * Z) : bool :=
  if (a.1 =? b.1)%Z then (a.2 <=? b.2)%Z else (a.1 <? b.1)%Z.

(* Row r of the layout holds exactly these terms: computed on integers. *)
Definition agrees (r : Z) (ts : seq term) : bool :=
  if pairs ts is Some found then sort before found == sort before (row_pairs (row_of r)) else false.

Lemma value_pairs (R : ringType) (k x : seq Z -> R) ts found : pairs ts = Some found ->
  \sum_(t <- ts) value k x t =
  \sum_(p <- found) k (unravel kernel_shape p.2) * x (unravel input_shape p.1).
Proof.
elim: ts found => [|[u [p|]] ts IH] found /=.
- by move=> [<-]; rewrite !big_nil.
- case eq: (numbered input_shape p) => [q|] //; case ek: (numbered kernel_shape u) => [e|] //.
  case ep: (pairs ts) => [more|] // [<-]; rewrite !big_cons (IH more ep) /value /=.
  by rewrite (numberedP eq).2 (numberedP ek).2.
- by move=> h; rewrite big_cons (IH found h) /value /= mulr0 add0r.
Qed.

Lemma pairs_inside ts found p : pairs ts = Some found -> p \in found ->
  (0 <= p.1 < size_of input_shape)%Z.
Proof.
elim: ts found => [|[u [i|]] ts IH] found /=; first by move=> [<-].
  case eq: (numbered input_shape i) => [q|] //; case ek: (numbered kernel_shape u) => [e|] //.
  case ep: (pairs ts) => [more|] // [<-]; rewrite in_cons => /orP[/eqP -> /=|]; last exact: IH.
  exact: (numberedP eq).1.
exact: IH.
Qed.

Theorem agreed (R : comRingType) (k x : seq Z -> R) (r : Z) (ts : seq term) : agrees r ts ->
  \sum_(t <- ts) value k x t =
  \sum_(q <- range (size_of input_shape)) entry k r q * x (unravel input_shape q).
Proof.
rewrite /agrees; case found: (pairs ts) => [ps|] // /eqP same.
rewrite (value_pairs _ _ found) (@master_list _ ps (size_of input_shape)
  (fun e => k (unravel kernel_shape e)) (fun q => x (unravel input_shape q))); last first.
  by move=> p; apply: pairs_inside found.
have perm : perm_eq ps (row_pairs (row_of r)) by rewrite -(perm_sort before) same perm_sort.
apply: eq_bigr => q _; congr (_ * _); rewrite (perm_big _ perm) /= /row_pairs /entry.
elim: (row_of r) => [|cell row IH]; first by rewrite !big_nil.
rewrite /= big_cat big_cons /= IH big_map /=.
by case: ifP => h; [congr (_ + _)|]; rewrite ?big_pred0_eq ?add0r.
Qed.

End Kernel.

(* The defining sum, as a list of its terms. *)
Ltac read_off := do ?[rewrite big_collect; apply: eq_bigr => ? _];
  rewrite big_seq1 /value /=; try reflexivity; by case: ifP => _; rewrite /= ?mulr0.
