(* ---------------------------------------------------------------------------------------------- *)
(* GENERAL PART: the same text in every certificate that symconv writes.                           *)
(* ---------------------------------------------------------------------------------------------- *)

From mathcomp Require Import all_ssreflect ssralg.
Require Import ZArith Lia.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope Z_scope.
Local Open Scope ring_scope.

(* 1. The theorem, for every read map ------------------------------------------------------------ *)

(* x, extended by zero: reading nothing gives 0. *)
Definition ext (R : ringType) (I : Type) (x : I -> R) (i : option I) : R :=
  if i is Some j then x j else 0.

(* A layer is a partial map `read`: for output o, kernel entry u multiplies input read o u, with a
   known coefficient c o u. It is a matrix product, and this is its matrix. *)
Theorem master (R : comRingType) (O U I : finType)
    (read : O -> U -> option I) (c : O -> U -> R) (k : U -> R) (x : I -> R) (o : O) :
  \sum_u c o u * k u * ext x (read o u) =
  \sum_i (\sum_(u | read o u == Some i) c o u * k u) * x i.
Proof.
under [RHS]eq_bigr do rewrite big_distrl /=.
rewrite (exchange_big_dep xpredT) //=; apply: eq_bigr => u _.
case: (read o u) => [j|] /=.
  by rewrite (big_pred1 j) // => i; rewrite /= eq_sym.
by rewrite mulr0 big_pred0.
Qed.

(* 2. Integers from 0 to n - 1 -------------------------------------------------------------------- *)

Lemma eqZP : Equality.axiom Z.eqb.
Proof. by move=> a b; apply: (iffP idP) => /Z.eqb_eq. Qed.
Canonical Z_eqType := EqType Z (EqMixin eqZP).

Definition range (n : Z) : seq Z := [seq Z.of_nat i | i <- iota 0 (Z.to_nat n)].

(* F 0, F 1, ..., F (n - 1), one after the other *)
Definition collect (T : Type) (n : Z) (F : Z -> seq T) : seq T := flatten [seq F u | u <- range n].

Definition inside (n t : Z) : bool := (0 <=? t)%Z && (t <? n)%Z.

Lemma insideP n t : reflect (0 <= t < n)%Z (inside n t).
Proof. by apply: (iffP andP) => -[/Z.leb_le ? /Z.ltb_lt]. Qed.

Lemma mem_range n i : (i \in range n) = inside n i.
Proof.
apply/mapP/insideP => [[j]|h].
  by rewrite mem_iota add0n => /andP[_ /ltP ?] ->; lia.
by exists (Z.to_nat i); [rewrite mem_iota add0n; apply/andP; split=> //; apply/ltP|]; lia.
Qed.

Lemma all_range (n : Z) (P : pred Z) i : (0 <= i < n)%Z -> all P (range n) -> P i.
Proof. by move=> /insideP h /allP; apply; rewrite mem_range. Qed.

Lemma big_collect (R : ringType) T n (F : Z -> seq T) (f : T -> R) :
  \sum_(t <- collect n F) f t = \sum_(u <- range n) \sum_(t <- F u) f t.
Proof. by rewrite /collect big_flatten big_map. Qed.

(* 3. What a padded input holds ------------------------------------------------------------------- *)

Inductive mode := Zeros | Reflect | Symmetric | Replicate | Circular.

(* The position of the signal 0 .. N-1 that the padded signal repeats at t; None where it holds 0.
   Padded by two, 1 2 3 4 becomes 3 2|1 2 3 4|3 2 (Reflect), 2 1|1 2 3 4|4 3 (Symmetric),
   1 1|1 2 3 4|4 4 (Replicate), 3 4|1 2 3 4|1 2 (Circular), 0 0|1 2 3 4|0 0 (Zeros). *)
Definition extend (m : mode) (N t : Z) : option Z :=
  if inside N t then Some t else
  match m with
  | Zeros => None
  | Reflect => Some (if t <? 0 then - t else 2 * (N - 1) - t)%Z
  | Symmetric => Some (if t <? 0 then - 1 - t else 2 * N - 1 - t)%Z
  | Replicate => Some (if t <? 0 then 0 else N - 1)%Z
  | Circular => Some (t mod N)%Z
  end.

(* The same for an input 0 .. n-1 between whose neighbours l - 1 zeros were inserted first. *)
Definition source (m : mode) (n l t : Z) : option Z :=
  match extend m ((n - 1) * l + 1) t with
  | Some q => if (q mod l =? 0)%Z then Some (q / l)%Z else None
  | None => None
  end.

(* 4. Row-major numbers of positions -------------------------------------------------------------- *)

Fixpoint size_of (shape : seq Z) : Z := if shape is n :: rest then (n * size_of rest)%Z else 1%Z.

Fixpoint ravel (shape index : seq Z) : Z :=
  match shape, index with
  | _ :: rest, i :: more => (i * size_of rest + ravel rest more)%Z
  | _, _ => 0%Z
  end.

Fixpoint unravel (shape : seq Z) (number : Z) : seq Z :=
  if shape is _ :: rest
  then (number / size_of rest)%Z :: unravel rest (number mod size_of rest)%Z else [::].

(* The number of a position, if it is one of the shape. *)
Definition numbered (shape index : seq Z) : option Z :=
  let n := ravel shape index in
  if inside (size_of shape) n && (unravel shape n == index) then Some n else None.

Lemma numberedP shape index n :
  numbered shape index = Some n -> (0 <= n < size_of shape)%Z /\ unravel shape n = index.
Proof. by rewrite /numbered; case: ifP => // /andP[/insideP h /eqP e] [<-]. Qed.

(* 5. The theorem for lists of pairs (input, kernel entry), by number ----------------------------- *)

Lemma master_list (R : comRingType) (found : seq (Z * Z)) (N : Z) (k x : Z -> R) :
  (forall p, p \in found -> (0 <= p.1 < N)%Z) ->
  \sum_(p <- found) k p.2 * x p.1 =
  \sum_(q <- range N) (\sum_(p <- found | p.1 == q) k p.2) * x q.
Proof.
move=> inside_N; pose I := 'I_(Z.to_nat N); pose U := 'I_(size found).
pose pair_at (u : U) := nth (0, 0)%Z found u.
pose read (o : unit) (u : U) : option I := insub (Z.to_nat (pair_at u).1).
have sum_U (P : pred (Z * Z)) (f : Z * Z -> R) :
    \sum_(p <- found | P p) f p = \sum_(u : U | P (pair_at u)) f (pair_at u).
  by rewrite (big_nth (0, 0)%Z) big_mkord.
have sum_I (f : Z -> R) : \sum_(q <- range N) f q = \sum_(i : I) f (Z.of_nat i).
  by rewrite /range big_map -(big_mkord xpredT (fun i => f (Z.of_nat i))) /index_iota subn0.
have reads u : exists2 i : I, read tt u = Some i & (pair_at u).1 = Z.of_nat i.
  have h : (0 <= (pair_at u).1 < N)%Z by apply/inside_N/mem_nth.
  have lt : (Z.to_nat (pair_at u).1 < Z.to_nat N)%nat by apply/ltP; lia.
  by exists (Ordinal lt); rewrite /read ?insubT //=; lia.
transitivity (\sum_u 1 * k (pair_at u).2 * ext (fun i : I => x (Z.of_nat i)) (read tt u)).
  by rewrite sum_U; apply: eq_bigr => u _; rewrite mul1r; have [i -> ->] := reads u.
rewrite (master read (fun _ _ => 1)) sum_I; apply: eq_bigr => i _; congr (_ * _).
rewrite sum_U; apply: eq_big => [u|u _]; last by rewrite mul1r.
have [j -> ->] := reads u; apply/eqP/eqP => [[->] //|/Nat2Z.inj e].
by congr Some; apply: val_inj.
Qed.
