"""A proof is data: claims, a rule between each two, and a check of every transition.

A `Step` claims something about y_o, by a `Rule`, from earlier steps that it cites. Each rule
verifies its own move twice:

- its *shape*: symbolically, the claim is what the rule makes of the cited claim, with the very
  index map that is printed;
- its *values*: evaluated for every output of every axis, nothing is lost and nothing doubled.

No rule is "both ends are equal"; that comparison (`form`) is made too, last. A claim in several
dimensions is checked axis by axis: sums that agree on every axis and on the channel table have
equal products (see `claims.Claim`). What `check="entries"` adds is every single entry of the flattened
matrix, against the definition run as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .claims import AnyClaim, Context, Refuted, expect
from .errors import ProofFailed, SpecError
from .report import Checks, Failure, Report, discharge

if TYPE_CHECKING:
    from .documents.blocks import Document, Inline

LEVELS = ("auto", "axes", "entries", "all")
ENTRIES_LIMIT = 5_000
SYMPY_LIMIT = 1_000


class Rule(Protocol):
    """One kind of move. `shape` and `values` return how many things they compared, or raise `Refuted`."""

    @property
    def name(self) -> str: ...
    @property
    def follows(self) -> tuple[tuple[str, ...], ...] | None:
        """For each citation, the rules of which the cited step may be an instance; None: `shape` says."""

    def shape(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int: ...
    def values(self, context: Context, before: AnyClaim | None, after: AnyClaim) -> int: ...


@dataclass(frozen=True)
class Omitted:
    """A step that is stated but not proved here. It is counted and printed, never hidden."""

    reason: str
    name: ClassVar[str] = "omitted"


@dataclass(frozen=True)
class Step:
    """A claim, the rule that gives it, and the numbers of the earlier steps it uses."""

    claim: AnyClaim
    rule: Rule | Omitted
    cites: tuple[int, ...] = ()


Check = Callable[["Proof"], Checks]
"""A further check of a theorem."""


@dataclass(frozen=True)
class Theorem:
    """One theorem: everything the rest of the package needs to know about it."""

    name: str
    statement: str
    why: tuple[Inline, ...]  # one sentence, true of every layer that it applies to
    refusal: Callable[[Any], str | None]  # why it does not apply to a layer, or None
    build: Callable[..., tuple[tuple[Step, ...], dict[str, Any]]]  # (layer, **options) -> steps and matrices
    entries: Check
    sympy: Check
    size: Callable[[Any], int]  # the non-zeros that decide which checks `auto` makes
    document: Callable[[Proof], Document]
    ends: tuple[str, ...] | Callable[..., tuple[str, ...]]
    """The rules of the steps that state the theorem, in order; a function where they depend on the layer or the options."""
    starts: tuple[str, ...] = ("unfold",)  # the rules of which the first step may be an instance
    others: Callable[..., dict[str, Any]] = lambda layer, **options: {}
    """By letter, the other layers whose weight matrices the theorem speaks of."""
    last: Callable[[Proof, Context], Checks] = lambda proof, context: ()  # what is checked after all the steps
    labels: tuple[str, ...] = ()  # its document's numbered displays, in order
    options: tuple[str, ...] = ()  # the names that `build` takes, all of them with defaults
    walks: bool = False  # whether its proof goes through all non-zeros at every level, not along the axes alone
    tables: int = 1  # about how many times the tables of its layer a proof holds
    of_stacks: bool = False  # whether it is about a stack of layers; else about one layer

    def __hash__(self) -> int:
        return hash(self.name)  # those of its functions change from process to process

    def __reduce__(self) -> tuple[Any, ...]:
        from .catalogue import theorem_named

        return theorem_named, (self.name,)

    def refuses(self, subject: Any) -> str | None:
        """Why it does not apply to a layer or a stack of them, or None."""
        if hasattr(subject, "layers") == self.of_stacks:
            return self.refusal(subject)
        if self.of_stacks:
            return "it is about a stack of layers, such as sc.Sequential(layer, another), and this is one layer"
        return "it is about one layer, and this is a stack of them; composition is the theorem about stacks"

    def ends_for(self, layer: Any, options: Iterable[tuple[str, Any]] = ()) -> tuple[str, ...]:
        """The rules of the steps that state the theorem for a layer."""
        return self.ends(layer, **dict(options)) if callable(self.ends) else self.ends


@dataclass(frozen=True)
class Proof:
    """A theorem for one layer: its steps and the matrices they speak of.

    >>> import symconv as sc
    >>> proof = sc.prove(sc.Conv((4, 4), (3, 3)))
    >>> bool(proof.check())
    True
    >>> [step.rule.name for step in proof.steps]
    ['unfold', 're-index', 'entry', 'row', 'batch']
    """

    theorem: Theorem
    layer: Any
    steps: tuple[Step, ...]
    matrices: dict[str, Any] = field(compare=False)
    level: str = "auto"
    options: tuple[tuple[str, Any], ...] = ()

    def check(self) -> Report:
        """Check everything the level asks for; the result is kept, a proof being immutable.

        >>> import symconv as sc
        >>> report = sc.prove(sc.Conv((4,), 3)).check()
        >>> report.ok, report.omitted, report.failed, report.levels
        (True, (), (), ('axes', 'entries', 'sympy'))
        """
        return self._report

    @cached_property
    def _report(self) -> Report:
        level_named(self.level)
        report = check_steps(self)
        if not report:
            return report
        size = self.theorem.size(self.layer)
        number = self.number_of(self.theorem.ends_for(self.layer, self.options)[0])
        if self.level in ("entries", "all") or (self.level == "auto" and size <= ENTRIES_LIMIT):
            report += discharge("entries", self.theorem.entries(self), number)
        if report and (self.level == "all" or (self.level == "auto" and size <= SYMPY_LIMIT)):
            report += discharge("sympy", self.theorem.sympy(self), number)
        return report

    def number_of(self, rule: str) -> int | None:
        """The number of the step by that rule.

        >>> import symconv as sc
        >>> sc.prove(sc.Conv((4,), 3)).number_of("row")
        4
        """
        return next((n for n, step in enumerate(self.steps, 1) if step.rule.name == rule), None)

    def with_entries(self) -> Proof:
        """This proof with every entry checked, as whatever prints the matrix in full must have.

        >>> import symconv as sc
        >>> proof = sc.prove(sc.Conv((4,), 3), check="axes")
        >>> proof.check().levels, proof.with_entries().check().levels
        (('axes',), ('axes', 'entries'))
        """
        if "entries" in self.check().levels:
            return self
        return replace(self, level="all" if "sympy" in self.check().levels else "entries")

    def render(self, format: str = "text", **options: Any) -> str:
        """The document in one of the formats; raises `ProofFailed` rather than print what is wrong.

        `depth` is "brief" (statement, matrix and one line why), "standard" or "full" (every step). `layout` of W is "full",
        "scaled" (to the line) or "blocks"; without it the size decides.
        `names={"x": "I"}` renames what stands for x, k, y, b or w; `letters=True` writes a, b, c, ... for kernel entries;
        `first_index=1` counts every index from 1.

        >>> import symconv as sc
        >>> proof = sc.prove(sc.Conv((4,), 3))
        >>> proof.render("latex").startswith("% needs ")
        True
        >>> proof.render("markdown", depth="brief").count("$") > 0
        True
        """
        from .render import render

        return render(self, format, **options)

    def verified(self) -> Proof:
        """This proof, if its check passes; else `ProofFailed`.

        >>> import symconv as sc
        >>> proof = sc.prove(sc.Conv((4,), 3))
        >>> proof.verified() is proof
        True
        """
        report = self.check()
        if not report:
            raise ProofFailed(report)
        return self

    def __repr__(self) -> str:
        return f"<proof of {self.theorem.name} for {self.layer!r}: {len(self.steps)} steps>"

    def __str__(self) -> str:
        return self.render("text")

    def __dir__(self) -> list[str]:
        return ["check", "layer", "level", "matrices", "render", "steps", "theorem"]

    def _repr_markdown_(self) -> str:
        return self.render("markdown")

    def __hash__(self) -> int:
        return hash((self.theorem, self.layer, self.level, self.options))  # the steps follow from these

    def __reduce__(self) -> tuple[Any, ...]:
        from .catalogue import prove

        return partial(prove, self.layer, self.theorem.name, self.level, **dict(self.options)), ()


def level_named(level: object) -> str:
    """One of the check levels."""
    if level not in LEVELS:
        raise SpecError("check", level, "must be one of " + ", ".join(LEVELS), 'check="entries"')
    return str(level)


# The check ----------------------------------------------------------------------------------------


def check_steps(proof: Proof) -> Report:
    """Check every step, axis by axis, and last that they reach the theorem."""
    context = Context(proof.layer, proof.matrices, lambda: proof.theorem.others(proof.layer, **dict(proof.options)))
    parts = [_check_step(proof, number, step, context) for number, step in enumerate(proof.steps, 1)]
    parts.append(discharge("axes", [("the steps reach the theorem", partial(_reaches, proof, context))]))
    if parts[-1]:  # it is the theorem that it says, so what the theorem itself checks can be asked
        parts.append(discharge("axes", proof.theorem.last(proof, context)))
    proved, omitted, failed = (
        tuple(item for part in parts for item in getattr(part, name)) for name in ("proved", "omitted", "failed")
    )
    return Report(proved, omitted, failed, ("axes",))


def _check_step(proof: Proof, number: int, step: Step, context: Context) -> Report:
    if not isinstance(step, Step):
        return Report(failed=(Failure(number, "the step", "is not a step", left=type(step).__name__, right="Step"),))
    rule = step.rule
    if isinstance(rule, Omitted):
        return Report(omitted=(f"step {number}: {rule.reason}",))
    cites = step.cites if isinstance(step.cites, tuple) else ()
    valid = [
        cite for cite in cites if type(cite) is int and 1 <= cite < number and isinstance(proof.steps[cite - 1], Step)
    ]

    def cited() -> int:
        expect(type(step.cites), tuple, "the citations are not the numbers of steps")
        for cite in cites:
            if cite not in valid:
                raise Refuted(f"cites step {cite}, which is not an earlier step", left=cite, right=f"1 to {number - 1}")
            expect(cites.count(cite), 1, f"cites step {cite} more than once")
        names = [proof.steps[cite - 1].rule.name for cite in valid]
        if rule.follows is None:
            expect(valid[1:], sorted(valid[1:]), "after the first, the cited steps are not in their order")
            return len(names)
        expected = ", ".join(" or ".join(allowed) for allowed in rule.follows) or "no step"
        if len(names) != len(rule.follows) or any(name not in ok for name, ok in zip(names, rule.follows, strict=True)):
            raise Refuted(f"{rule.name} follows from other steps", left=", ".join(names) or "no step", right=expected)
        return len(names)

    context.cited = tuple(proof.steps[cite - 1].claim for cite in valid)
    before = context.cited[0] if valid else None
    checks: list[tuple[str, Callable[[], int]]] = [
        ("citations", cited),
        ("shape", lambda: rule.shape(context, before, step.claim)),
        ("values", lambda: rule.values(context, before, step.claim)),
    ]
    return discharge("axes", checks, number)


def _reaches(proof: Proof, context: Context) -> int:
    """It is a theorem of the catalogue, applies, starts where it should, is stated in full, and nothing is idle."""
    from .catalogue import theorem_named

    if proof.theorem is not theorem_named(proof.theorem.name):
        raise Refuted(f"{proof.theorem.name} is not the theorem of that name in the catalogue")
    reason = proof.theorem.refuses(proof.layer)
    if reason is not None:
        raise Refuted(f"{proof.theorem.name} does not apply to the layer: {reason}")
    taken = {name for name, _ in proof.options}
    expect(taken <= set(proof.theorem.options), True, "it has options that the theorem does not take")
    names = tuple(step.rule.name for step in proof.steps if isinstance(step, Step))
    if not names or names[0] not in proof.theorem.starts:
        raise Refuted("the proof does not start where the theorem does", left=names[:1], right=proof.theorem.starts)
    ends = proof.theorem.ends_for(proof.layer, proof.options)
    stated = tuple(name for name in names if name in ends)
    if stated != ends:
        raise Refuted("the steps do not state the theorem", left=", ".join(stated), right=", ".join(ends))
    used = {cite for step in proof.steps if isinstance(step, Step) for cite in step.cites}
    unused = [number for number, name in enumerate(names, 1) if number not in used and name not in ends]
    if unused:
        raise Refuted(f"step {unused[0]} is not used by any later step")
    expect(set(proof.matrices), context.settled, "the printed matrices are not those that the steps are about")
    return len(names)
