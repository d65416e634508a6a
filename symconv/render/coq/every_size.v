
(* ---------------------------------------------------------------------------------------------- *)
(* EVERY SIZE AND RANK                                                                             *)
(* ---------------------------------------------------------------------------------------------- *)

(* 5. One axis: sizes, stride, dilations and padding are variables -------------------------------- *)

Local Open Scope Z_scope.

Record axis := Axis {
  n : Z;            (* inputs *)
  taps : Z;         (* kernel entries *)
  stride : Z; dilation : Z; gap : Z;   (* gap: the input dilation *)
  low : Z; high : Z;                   (* padding; negative: cropped *)
  rule : mode;
  flip : bool }.

(* The size of the input after its dilation, and the output size. *)
Definition length (a : axis) : Z := (n a - 1) * gap a + 1.
Definition outputs (a : axis) : Z :=
  (length a + low a + high a - dilation a * (taps a - 1) - 1) / stride a + 1.

Definition within (m : mode) (N padding : Z) : Prop :=
  match m with
  | Zeros | Replicate => True
  | Reflect => padding <= N - 1
  | Symmetric | Circular => padding <= N
  end%Z.

Definition valid (a : axis) : Prop :=
  (1 <= n a /\ 1 <= taps a /\ 1 <= stride a /\ 1 <= dilation a /\ 1 <= gap a /\
   dilation a * (taps a - 1) + 1 <= length a + low a + high a)%Z /\
  within (rule a) (length a) (low a) /\ within (rule a) (length a) (high a).

(* Where, on the padded input, tap u of output i reads. *)
Definition position (a : axis) (i u : Z) : Z :=
  stride a * i + dilation a * (if flip a then taps a - 1 - u else u) - low a.

Definition read (a : axis) (i u : Z) : option Z := source (rule a) (n a) (gap a) (position a i u).

(* Here the floor in the output size does its work: no read leaves the padded input. *)
Lemma last_read a : valid a ->
  (stride a * (outputs a - 1) + dilation a * (taps a - 1) <= length a + low a + high a - 1)%Z.
Proof.
move=> [[h1 [h2 [h3 [h4 [h5 h6]]]]] _]; rewrite /outputs Z.add_simpl_r.
set room := (length a + low a + high a - dilation a * (taps a - 1) - 1)%Z.
have : (stride a * (room / stride a) <= room)%Z by apply: Z.mul_div_le; lia.
by rewrite /room; lia.
Qed.

Lemma reads_inside a i u : valid a -> (0 <= i < outputs a)%Z -> (0 <= u < taps a)%Z ->
  (- low a <= position a i u < length a + high a)%Z.
Proof.
move=> va hi hu; have := last_read va; case: va => [[h1 [h2 [h3 [h4 [h5 h6]]]]] _] last.
rewrite /position; set v := (if flip a then _ else _).
have hv : (0 <= v <= taps a - 1)%Z by rewrite /v; case: (flip a); lia.
have : (0 <= stride a * i <= stride a * (outputs a - 1))%Z by nia.
have : (0 <= dilation a * v <= dilation a * (taps a - 1))%Z by nia.
lia.
Qed.

Lemma extend_inside m N low high t q : (1 <= N)%Z -> within m N low -> within m N high ->
  (- low <= t < N + high)%Z -> extend m N t = Some q -> (0 <= q < N)%Z.
Proof.
move=> hN hl hh ht; rewrite /extend; case: insideP => [h [<-] //|out].
case: m hl hh; rewrite /within // => hl hh /Some_inj <-.
all: try (case: (Z.ltb_spec t 0) => ?; cbv iota; lia).
by apply: Z.mod_pos_bound; lia.
Qed.

Lemma read_inside a i u p : valid a -> (0 <= i < outputs a)%Z -> (0 <= u < taps a)%Z ->
  read a i u = Some p -> (0 <= p < n a)%Z.
Proof.
move=> va hi hu; have ht := reads_inside va hi hu.
case: va => [[h1 [h2 [h3 [h4 [h5 h6]]]]] [hl hh]].
rewrite /read /source -/(length a); case e: (extend _ _ _) => [q|] //; case: ifP => // /Z.eqb_eq h [<-].
have hN : (1 <= length a)%Z by rewrite /length; nia.
have := extend_inside hN hl hh ht e; rewrite /length => hq.
have hd : q = (gap a * (q / gap a))%Z by rewrite {1}(Z.div_mod q (gap a)); lia.
by split; nia.
Qed.

(* The other way: the positions t that can hold position q of the unpadded signal, mode by mode, *)
Definition candidates (a : axis) (q : Z) : seq Z :=
  let N := length a in
  match rule a with
  | Zeros => [:: q]
  | Reflect => [:: q; - q; 2 * (N - 1) - q]
  | Symmetric => [:: q; - 1 - q; 2 * N - 1 - q]
  | Circular => [:: q; q - N; q + N]
  | Replicate => q :: (if q == 0 then [seq - 1 - t | t <- range (low a)] else [::])
                   ++ (if q == N - 1 then [seq N + t | t <- range (high a)] else [::])
  end.

(* and those, within the padded input, that hold input p. *)
Definition copies (a : axis) (p : Z) : seq Z :=
  undup [seq t <- candidates a (gap a * p) | (- low a <=? t) && (t <? length a + high a)].

(* The tap with which output i reads position t: the one division of the entry rule. *)
Definition tap_at (a : axis) (i t : Z) : option Z :=
  let offset := (t + low a - stride a * i)%Z in
  let v := (offset / dilation a)%Z in
  if (offset mod dilation a =? 0)%Z && inside (taps a) v
  then Some (if flip a then taps a - 1 - v else v)%Z else None.

(* The taps that meet at output i and input p. *)
Definition meets (a : axis) (i p : Z) : seq Z := pmap (tap_at a i) (copies a p).

Lemma tap_atP a i t u : valid a -> tap_at a i t = Some u <-> (0 <= u < taps a)%Z /\ t = position a i u.
Proof.
move=> [[h1 [h2 [h3 [h4 [h5 h6]]]]] _]; rewrite /tap_at /position; set o := (t + low a - _)%Z.
split.
  case: ifP => // /andP[/Z.eqb_eq hm /insideP hv] [<-].
  have e : o = (dilation a * (o / dilation a))%Z by rewrite {1}(Z.div_mod o (dilation a)); lia.
  by move: e hv; rewrite /o; case: (flip a) => e hv; split; nia.
move=> [hu ht]; pose v := if flip a then (taps a - 1 - u)%Z else u.
have -> : o = (v * dilation a)%Z by rewrite /o ht -/v; lia.
have hd : dilation a <> 0%Z by lia.
rewrite Z.mod_mul // Z.div_mul // /=.
have -> : inside (taps a) v by apply/insideP; rewrite /v; case: (flip a); lia.
by rewrite /v; case: (flip a); congr Some; lia.
Qed.

Lemma sourceP m k l t p : (1 <= l)%Z ->
  source m k l t = Some p <-> extend m ((k - 1) * l + 1) t = Some (l * p)%Z.
Proof.
move=> hl; rewrite /source; case: (extend _ _ _) => [q|]; last by split.
split; last by move=> /Some_inj ->; rewrite Z.mul_comm Z.mod_mul ?Z.div_mul //=; lia.
case: ifP => // /Z.eqb_eq h /Some_inj <-; congr Some.
by rewrite {1}(Z.div_mod q l); lia.
Qed.

Lemma candidatesP a q t : (0 <= q < length a)%Z ->
  within (rule a) (length a) (low a) -> within (rule a) (length a) (high a) ->
  (- low a <= t < length a + high a)%Z ->
  t \in candidates a q <-> extend (rule a) (length a) t = Some q.
Proof.
rewrite /candidates /extend; move: (length a) => N hq hl hh ht.
case: insideP => out; case: (rule a) hl hh => hl hh; rewrite /within in hl hh.
- by rewrite inE; split=> [/eqP ->|/Some_inj ->].
- rewrite !inE; split=> [/or3P[]/eqP e|/Some_inj ->]; rewrite ?eqxx //; congr Some; lia.
- rewrite !inE; split=> [/or3P[]/eqP e|/Some_inj ->]; rewrite ?eqxx //; congr Some; lia.
- rewrite inE mem_cat; split=> [/orP[/eqP -> //|/orP[]]|/Some_inj ->]; last by rewrite eqxx.
    case: eqP => // _ /mapP[u]; rewrite mem_range => /insideP hu e; lia.
  case: eqP => // _ /mapP[u]; rewrite mem_range => /insideP hu e; lia.
- rewrite !inE; split=> [/or3P[]/eqP e|/Some_inj ->]; rewrite ?eqxx //; congr Some; lia.
- by rewrite inE; split=> // /eqP e; lia.
- rewrite !inE; split=> [h|/Some_inj].
    congr Some; case: (Z.ltb_spec t 0) => ?; cbv iota; case/or3P: h => /eqP e; lia.
  by case: (Z.ltb_spec t 0) => ?; cbv iota => e; apply/or3P; [constructor 2|constructor 3]; apply/eqP; lia.
- rewrite !inE; split=> [h|/Some_inj].
    congr Some; case: (Z.ltb_spec t 0) => ?; cbv iota; case/or3P: h => /eqP e; lia.
  by case: (Z.ltb_spec t 0) => ?; cbv iota => e; apply/or3P; [constructor 2|constructor 3]; apply/eqP; lia.
- rewrite inE mem_cat; split=> [/orP[/eqP e|/orP[]]|/Some_inj]; first by lia.
  + case: eqP => // -> /mapP[u]; rewrite mem_range => /insideP hu e; congr Some.
    by case: (Z.ltb_spec t 0) => ?; cbv iota; lia.
  + case: eqP => // -> /mapP[u]; rewrite mem_range => /insideP hu e; congr Some.
    by case: (Z.ltb_spec t 0) => ?; cbv iota; lia.
  case: (Z.ltb_spec t 0) => ?; cbv iota => <-; apply/orP; right; apply/orP; [left|right]; rewrite eqxx.
    by apply/mapP; exists (- 1 - t)%Z; [rewrite mem_range; apply/insideP|]; lia.
  by apply/mapP; exists (t - N)%Z; [rewrite mem_range; apply/insideP|]; lia.
- rewrite !inE; split=> [/or3P[]/eqP e|/Some_inj e].
  + lia.
  + congr Some; rewrite e (_ : q - N = q + (-1) * N)%Z; last by lia.
    by rewrite Z.mod_add ?Z.mod_small; lia.
  + congr Some; rewrite e (_ : q + N = q + 1 * N)%Z; last by lia.
    by rewrite Z.mod_add ?Z.mod_small; lia.
  apply/or3P; have hd := Z.div_mod t N; case: (Z.ltb_spec t 0) => side.
    constructor 2; apply/eqP; have : (t / N = -1)%Z; last by lia.
    by symmetry; apply: (Z.div_unique _ _ _ (t + N)); lia.
  constructor 3; apply/eqP; have : (t / N = 1)%Z; last by lia.
  by symmetry; apply: (Z.div_unique _ _ _ (t - N)); lia.
Qed.

Lemma copiesP a p t : valid a -> (0 <= p < n a)%Z ->
  t \in copies a p <-> (- low a <= t < length a + high a)%Z /\ source (rule a) (n a) (gap a) t = Some p.
Proof.
move=> va hp; have [[h1 [h2 [h3 [h4 [h5 h6]]]]] [hl hh]] := va.
have hq : (0 <= gap a * p < length a)%Z by rewrite /length; nia.
rewrite (sourceP _ _ _ _ h5) -/(length a) /copies mem_undup mem_filter; split.
  by move=> /andP[/andP[/Z.leb_le t1 /Z.ltb_lt t2]] /(candidatesP hq hl hh (conj t1 t2)).
move=> [ht /(candidatesP hq hl hh ht) ->]; rewrite andbT.
by case: ht => /Z.leb_le -> /Z.ltb_lt ->.
Qed.

(* Without anything beyond the border one tap at most: u = (gap p + low - stride i) / dilation, where
   that divides and is one of the taps. *)
Lemma meets_zeros a i p : rule a = Zeros ->
  meets a i p =
  let t := gap a * p in
  if (- low a <=? t) && (t <? length a + high a)
  then if tap_at a i t is Some u then [:: u] else [::] else [::].
Proof. by move=> e; rewrite /meets /copies /candidates e /=; case: ifP => //= _; case: tap_at. Qed.

Lemma uniq_range m : uniq (range m).
Proof. by rewrite map_inj_uniq ?iota_uniq // => u v; lia. Qed.

Lemma meetsP a i p : valid a -> (0 <= i < outputs a)%Z -> (0 <= p < n a)%Z ->
  perm_eq [seq u <- range (taps a) | read a i u == Some p] (meets a i p).
Proof.
move=> va hi hp; apply: uniq_perm; first exact/filter_uniq/uniq_range.
  rewrite /meets; elim: (copies a p) (undup_uniq _ : uniq (copies a p)) => //= t ts IH /andP[out /IH un].
  case e: (tap_at a i t) => [u|] //=; rewrite un andbT; apply/negP; rewrite mem_pmap => /mapP[t' h e'].
  move: e e' => /(tap_atP _ _ _ va)[_ e] /esym /(tap_atP _ _ _ va)[_ e'].
  by case/negP: out; rewrite e -e'.
move=> u; rewrite mem_filter mem_range; apply/andP/idP.
  move=> [/eqP hr /insideP hu]; rewrite mem_pmap; apply/mapP; exists (position a i u).
    by apply/(copiesP _ va hp); split; [apply: reads_inside|].
  by apply/esym/(tap_atP _ _ _ va).
rewrite mem_pmap => /mapP[t /(copiesP _ va hp)[_ hs] /esym /(tap_atP _ _ _ va)[hu e]].
by split; [apply/eqP; rewrite /read -e|apply/insideP].
Qed.

Local Open Scope ring_scope.

Section Sums.
Variable R : comRingType.

Lemma one_axis a i (H : Z -> Z -> R) : valid a -> (0 <= i < outputs a)%Z ->
  \sum_(u <- range (taps a)) (if read a i u is Some p then H u p else 0) =
  \sum_(p <- range (n a)) \sum_(u <- meets a i p) H u p.
Proof.
move=> va hi.
transitivity (\sum_(u <- range (taps a)) \sum_(p <- range (n a) | read a i u == Some p) H u p).
  rewrite !big_seq; apply: eq_bigr => u; rewrite mem_range => /insideP hu.
  case e: (read a i u) => [p|]; last by rewrite big_pred0.
  have hp : p \in range (n a) by rewrite mem_range; apply/insideP/(read_inside va hi hu e).
  rewrite -big_filter (_ : [seq _ <- _ | _] = [:: p]) ?big_seq1 //.
  have := filter_pred1_uniq (uniq_range (n a)) hp => <-; apply: eq_filter => q.
  by rewrite /= eq_sym; apply/eqP/eqP => [[]|->].
rewrite (exchange_big_dep xpredT) //= !big_seq; apply: eq_bigr => p; rewrite mem_range => /insideP hp.
by rewrite -big_filter; apply/perm_big/meetsP.
Qed.

(* 6. Every rank: the axes one inside the other -------------------------------------------------- *)

Fixpoint sum_over (sizes : seq Z) (F : seq Z -> R) : R :=
  if sizes is m :: rest then \sum_(u <- range m) sum_over rest (fun us => F (u :: us)) else F [::].

(* What the padded input holds where tap u of output i reads, on every axis. *)
Fixpoint reads (axes : seq axis) (i u : seq Z) : option (seq Z) :=
  match axes, i, u with
  | a :: rest, j :: js, v :: vs =>
      match read a j v, reads rest js vs with
      | Some p, Some ps => Some (p :: ps)
      | _, _ => None
      end
  | _, _, _ => Some [::]
  end.

(* The sum over the taps that meet at output i and input p, on every axis. *)
Fixpoint sum_meets (axes : seq axis) (i p : seq Z) (F : seq Z -> R) : R :=
  match axes, i, p with
  | a :: rest, j :: js, q :: qs => \sum_(u <- meets a j q) sum_meets rest js qs (fun us => F (u :: us))
  | _, _, _ => F [::]
  end.

Fixpoint valid_at (axes : seq axis) (i : seq Z) : Prop :=
  match axes, i with
  | a :: rest, j :: js => valid a /\ (0 <= j < outputs a)%Z /\ valid_at rest js
  | [::], [::] => True
  | _, _ => False
  end.

Lemma eq_sum_over sizes F G : (forall p, F p = G p) -> sum_over sizes F = sum_over sizes G.
Proof.
elim: sizes F G => [|m rest IH] F G e /=; first exact: e.
by apply: eq_bigr => u _; apply: IH => us; apply: e.
Qed.

Lemma sum_over0 sizes : sum_over sizes (fun=> 0) = 0.
Proof. by elim: sizes => //= m rest IH; rewrite big1. Qed.

Lemma exchange_over sizes (T : Type) (r : seq T) (F : T -> seq Z -> R) :
  \sum_(t <- r) sum_over sizes (F t) = sum_over sizes (fun p => \sum_(t <- r) F t p).
Proof.
elim: sizes F => [|m rest IH] F //=.
by rewrite exchange_big /=; apply: eq_bigr => u _; rewrite IH.
Qed.

Theorem every_rank axes i (F x : seq Z -> R) : valid_at axes i ->
  sum_over [seq taps a | a <- axes] (fun u => F u * ext x (reads axes i u)) =
  sum_over [seq n a | a <- axes] (fun p => sum_meets axes i p F * x p).
Proof.
elim: axes i F x => [|a rest IH] [|j js] F x //= [va [hj hrest]].
pose H u p := sum_over [seq n b | b <- rest] (fun ps => sum_meets rest js ps (fun us => F (u :: us)) * x (p :: ps)).
transitivity (\sum_(u <- range (taps a)) (if read a j u is Some p then H u p else 0)).
  apply: eq_bigr => u _; case: (read a j u) => [p|].
    rewrite /H -(IH js (fun us => F (u :: us)) (fun ps => x (p :: ps))) //; apply: eq_sum_over => us.
    by case: (reads rest js us).
  by rewrite -(sum_over0 [seq taps b | b <- rest]); apply: eq_sum_over => us; rewrite /= mulr0.
rewrite one_axis //; apply: eq_bigr => p _; rewrite /H exchange_over; apply: eq_sum_over => ps.
by rewrite mulr_suml.
Qed.

(* 7. Channels, groups and bias ------------------------------------------------------------------- *)

(* A convolution of any rank: `members` output channels and `width` input channels in each group. *)
Definition convolution (axes : seq axis) (members width : Z) (k x b : seq Z -> R) (c : Z) (i : seq Z) : R :=
  \sum_(e <- range width) sum_over [seq taps a | a <- axes] (fun u =>
    k (c :: e :: u) * ext (fun p => x ((c / members * width + e)%Z :: p)) (reads axes i u))
  + b [:: c].

(* The entry of its matrix at output (c, i) and input (e, p). *)
Definition W (axes : seq axis) (members width : Z) (k : seq Z -> R) (c : Z) (i : seq Z) (e : Z) (p : seq Z) : R :=
  let tap := (e - c / members * width)%Z in
  if inside width tap then sum_meets axes i p (fun u => k (c :: tap :: u)) else 0.

Theorem convolution_is_matrix (axes : seq axis) (groups members width : Z) (k x b : seq Z -> R) (c : Z) (i : seq Z) :
  (1 <= members)%Z -> (0 <= c < groups * members)%Z -> valid_at axes i ->
  convolution axes members width k x b c i =
  \sum_(e <- range (groups * width)) sum_over [seq n a | a <- axes] (fun p =>
    W axes members width k c i e p * x (e :: p))
  + b [:: c].
Proof.
move=> hm hc va; congr (_ + _); set g := (c / members)%Z.
have hg : (0 <= g < groups)%Z.
  by split; [apply: Z.div_pos|apply: Z.div_lt_upper_bound]; lia.
transitivity (\sum_(e <- range width) sum_over [seq n a | a <- axes] (fun p =>
    sum_meets axes i p (fun u => k (c :: e :: u)) * x ((g * width + e)%Z :: p))).
  by apply: eq_bigr => e _; rewrite (every_rank (fun u => k (c :: e :: u))).
pose G e := sum_over [seq n a | a <- axes] (fun p => sum_meets axes i p (fun u => k (c :: (e - g * width)%Z :: u)) * x (e :: p)).
transitivity (\sum_(e <- range (groups * width) | inside width (e - g * width)) G e).
  symmetry; rewrite -big_filter (perm_big [seq (g * width + e)%Z | e <- range width]); last first.
    apply: uniq_perm; first exact/filter_uniq/uniq_range.
      by rewrite map_inj_uniq ?uniq_range // => u v; lia.
    move=> e; rewrite mem_filter mem_range; apply/andP/mapP.
      by move=> [h _]; exists (e - g * width)%Z; [rewrite mem_range|lia].
    by move=> [u]; rewrite mem_range => /insideP h ->; split; apply/insideP; nia.
  rewrite big_map; apply: eq_bigr => e _; rewrite /G; apply: eq_sum_over => p.
  by rewrite (_ : g * width + e - g * width = e)%Z //; lia.
rewrite big_mkcond; apply: eq_bigr => e _; rewrite /W -/g; case: ifP => // _.
by rewrite -[LHS](sum_over0 [seq n a | a <- axes]); apply: eq_sum_over => p; rewrite mul0r.
Qed.

End Sums.

Print Assumptions convolution_is_matrix.
