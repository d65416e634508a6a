
(* 6. Layers without a kernel: known coefficients, and a division --------------------------------- *)

(* The rows of W, each a list of cells (column, (numerator, denominator)). *)
Definition layout := seq (seq (Z * (Z * Z))).

(* A coefficient, and the input that it multiplies, if any. *)
Definition term := (Z * option (seq Z))%type.

(* An integer as an element of a ring. *)
Definition integer (R : ringType) (n : Z) : R := (Z.to_nat n)%:R - (Z.to_nat (- n))%:R.

Lemma integer1 (R : ringType) : integer R 1 = 1.
Proof. by rewrite /integer /= subr0. Qed.

Lemma integerD (R : ringType) m n : integer R (m + n) = integer R m + integer R n.
Proof.
rewrite /integer addrACA -opprD -!natrD; apply/eqP.
rewrite subr_eq addrAC eq_sym subr_eq -!natrD; apply/eqP; congr _%:R.
by rewrite -!plusE; lia.
Qed.

Lemma integerN (R : ringType) n : integer R (- n) = - integer R n.
Proof. by rewrite /integer opprB Z.opp_involutive. Qed.

Lemma integerM (R : ringType) m n : integer R (m * n) = integer R m * integer R n.
Proof.
elim/Z.peano_ind: m => [|m IH|m IH]; first by rewrite /integer /= subrr mul0r.
  by rewrite Z.mul_succ_l -Z.add_1_r !integerD IH mulrDl integer1 mul1r.
rewrite Z.mul_pred_l -Z.sub_1_r -!Z.add_opp_r !integerD IH mulrDl.
by rewrite !integerN integer1 mulN1r.
Qed.

Definition weigh (R : ringType) (x : seq Z -> R) (t : term) : R := integer R t.1 * ext x t.2.

(* How many of the k positions first, first + 1, ... lie from low to high - 1. *)
Definition counted (low high first k : Z) : Z :=
  Z.of_nat (count (fun u => (low <=? first + u)%Z && (first + u <? high)%Z) (range k)).

Section Coefficients.
Variables (input_shape divisors : seq Z).
Variable W_layout : layout.

Definition row_of (r : Z) : seq (Z * (Z * Z)) := nth [::] W_layout (Z.to_nat r).

(* The entry of W in row r and column q, as the layout says. *)
Definition entry (R : comUnitRingType) (r q : Z) : R :=
  \sum_(cell <- row_of r | cell.1 == q) integer R cell.2.1 / integer R cell.2.2.

(* The number of the input and the coefficient of each term that reads something. *)
Fixpoint pairs (ts : seq term) : option (seq (Z * Z)) :=
  match ts with
  | [::] => Some [::]
  | (_, None) :: rest => pairs rest
  | (n, Some p) :: rest =>
      match numbered input_shape p, pairs rest with
      | Some q, Some more => Some ((q, n) :: more)
      | _, _ => None
      end
  end.

(* The sum of the coefficients of input q. *)
Definition total (found : seq (Z * Z)) (q : Z) : Z :=
  foldr (fun p sum => if (p.1 =? q)%Z then (p.2 + sum)%Z else sum) 0%Z found.

Definition invertible (d : Z) : bool := (d == 1)%Z || (d \in divisors).

(* Row r of the layout holds exactly these terms, divided by D: computed on integers. *)
Definition agrees (r D : Z) (ts : seq term) : bool :=
  let row := row_of r in
  if pairs ts is Some found then
    [&& invertible D, uniq [seq cell.1 | cell <- row],
        all (fun cell => inside (size_of input_shape) cell.1 && invertible cell.2.2 &&
                         (total found cell.1 * cell.2.2 == cell.2.1 * D)%Z) row &
        all (fun p => (p.1 \in [seq cell.1 | cell <- row]) || (total found p.1 == 0)%Z) found]
  else false.

Lemma weigh_pairs (R : ringType) (x : seq Z -> R) ts found : pairs ts = Some found ->
  \sum_(t <- ts) weigh x t = \sum_(p <- found) integer R p.2 * x (unravel input_shape p.1).
Proof.
elim: ts found => [|[n [p|]] ts IH] found /=.
- by move=> [<-]; rewrite !big_nil.
- case eq: (numbered input_shape p) => [q|] //; case ep: (pairs ts) => [more|] // [<-].
  by rewrite !big_cons (IH more ep) /weigh /= (numberedP eq).2.
- by move=> h; rewrite big_cons (IH found h) /weigh /= mulr0 add0r.
Qed.

Lemma pairs_inside ts found p : pairs ts = Some found -> p \in found ->
  (0 <= p.1 < size_of input_shape)%Z.
Proof.
elim: ts found => [|[u [i|]] ts IH] found /=; first by move=> [<-].
  case eq: (numbered input_shape i) => [q|] //; case ep: (pairs ts) => [more|] // [<-].
  rewrite in_cons => /orP[/eqP -> /=|]; last exact: IH.
  exact: (numberedP eq).1.
exact: IH.
Qed.

Lemma totalE (R : ringType) found q :
  \sum_(p <- found | p.1 == q) integer R p.2 = integer R (total found q).
Proof.
elim: found => [|p found IH]; first by rewrite big_nil /integer /= subrr.
by rewrite big_cons /= IH; case: eqP => [->|/Z.eqb_neq ->]; rewrite ?Z.eqb_refl ?integerD.
Qed.

Lemma total_out found q : q \notin [seq p.1 | p <- found] -> total found q = 0%Z.
Proof.
elim: found => //= p found IH; rewrite in_cons negb_or => /andP[/eqP ne /IH ->].
by case: Z.eqb_spec ne => // ->.
Qed.

Theorem agreed (R : comUnitRingType) (x : seq Z -> R) (r D : Z) (ts : seq term) :
  (forall d, d \in divisors -> integer R d \is a GRing.unit) -> agrees r D ts ->
  (\sum_(t <- ts) weigh x t) / integer R D =
  \sum_(q <- range (size_of input_shape)) entry R r q * x (unravel input_shape q).
Proof.
move=> units; have unit_of d : invertible d -> integer R d \is a GRing.unit.
  by move=> /orP[/eqP ->|/units //]; rewrite integer1 unitr1.
rewrite /agrees; case found: (pairs ts) => [ps|] // /and4P[/unit_of uD distinct cells rest].
rewrite (weigh_pairs _ found) (@master_list _ ps (size_of input_shape)
  (integer R) (fun q => x (unravel input_shape q))); last first.
  by move=> p; apply: pairs_inside found.
rewrite mulr_suml; apply: eq_bigr => q _; rewrite totalE mulrAC; congr (_ * _).
rewrite /entry; case: (boolP (q \in [seq cell.1 | cell <- row_of r])) => [/mapP[cell here ->]|out].
  move/allP: cells => /(_ _ here) /andP[/andP[_ /unit_of ud] /eqP e].
  have perm := perm_to_rem here.
  rewrite (perm_big _ perm) /= big_cons eqxx big1_seq ?addr0.
    apply: (mulIr uD); apply: (mulIr ud).
    by rewrite divrK // -integerM e integerM [RHS]mulrAC divrK.
  move=> other /andP[/eqP same h]; move: distinct.
  by rewrite (perm_uniq (perm_map fst perm)) /= => /andP[/negP[]]; rewrite -same map_f.
rewrite big1_seq => [|cell /andP[/eqP e h]]; last by case/negP: out; rewrite -e map_f.
case: (boolP (q \in [seq p.1 | p <- ps])) => [/mapP[p h e]|/total_out ->]; last by rewrite /integer subrr mul0r.
move/allP: rest => /(_ _ h); rewrite -e (negbTE out) => /= /eqP ->.
by rewrite /integer subrr mul0r.
Qed.

End Coefficients.

(* The defining sum, as a list of its terms. *)
Ltac read_off := do ?[rewrite big_collect; apply: eq_bigr => ? _];
  by rewrite big_seq1 /weigh /= ?integer1 ?mul1r.
