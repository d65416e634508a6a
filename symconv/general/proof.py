"""A proof for all sizes: parts, each a chain of equal terms or a list of bounds, and its check.

Every link of a chain is checked twice: its *shape* (the move, carried out, makes the next term) proves it for
all sizes; its *values* (both sides written out for sample sizes) are a second opinion by other code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

from ..errors import ProofFailed, SpecError
from ..report import Checks, Failure, Refuted, Report, discharge
from ..sizes import Certificate, Num, Put, Size, Vanish, normal
from ..sizes import Move as SizeMove
from .moves import Define, Facts, Move, follows
from .terms import Relations, Sums, Term, canonical, evaluate, named

if TYPE_CHECKING:
    from ..documents.blocks import Document


@dataclass(frozen=True)
class Link:
    """One equality of a chain: the move, and what it makes."""

    move: Move
    to: Term


@dataclass(frozen=True)
class Sample:
    """Sizes to write a chain out for: numbers for the letters, ranges for the sets, relations for the rest."""

    env: Mapping[str, int]
    sets: Mapping[str, range]
    relations: Relations


@dataclass(frozen=True)
class Equalities:
    """A chain of equal terms."""

    name: str
    start: Term
    links: tuple[Link, ...]
    facts: Facts
    samples: tuple[Sample, ...]

    @property
    def end(self) -> Term:
        """What the chain reaches."""
        return self.links[-1].to

    def obligations(self) -> Checks:
        """The shape and the values of every link."""
        terms = (self.start, *(link.to for link in self.links))
        written: dict[int, list[Sums]] = {}
        for number, link in enumerate(self.links, 1):
            yield (
                f"{self.name}, link {number}: shape",
                partial(follows, terms[number - 1], link.move, link.to, self.facts),
            )
            yield f"{self.name}, link {number}: values", partial(self._same_values, terms, number, written)

    def _same_values(self, terms: tuple[Term, ...], number: int, written: dict[int, list[Sums]]) -> int:
        for n in (number - 1, number):
            if n not in written:
                term = written_out(terms[n], self.facts)
                written[n] = [evaluate(term, each.env, each.sets, each.relations) for each in self.samples]
        for sample, left, right in zip(self.samples, written[number - 1], written[number], strict=True):
            if left != right:
                raise Refuted("the two sides differ", output=dict(sample.env), left=left, right=right)
        return sum(map(len, written[number]))


def chain(
    name: str, start: Term, steps: tuple[Move | Link, ...], facts: Facts, samples: tuple[Sample, ...]
) -> Equalities:
    """A chain from its moves; a `Link` says itself what it makes, as a move backwards must."""
    links: list[Link] = []
    term = start
    for step in steps:
        link = step if isinstance(step, Link) else Link(step, step.apply(term, facts))  # type: ignore[union-attr]
        links.append(link)
        term = link.to
    return Equalities(name, start, tuple(links), facts, samples)


def written_out(term: Term, facts: Facts) -> Term:
    """The term with every definition put in."""
    defined = [name for name in facts.definitions if name in named(term)]
    while defined:
        term = Define(defined[0]).apply(term, facts)
        defined = [name for name in facts.definitions if name in named(term)]
    return term


@dataclass(frozen=True)
class Bounds:
    """Inequalities, each with the sum of products that shows it."""

    name: str
    certificates: tuple[Certificate, ...]
    known: tuple[Size, ...]

    def obligations(self) -> Checks:
        """Every certificate."""
        for number, each in enumerate(self.certificates, 1):
            yield f"{self.name}, bound {number}", partial(self._holds, each)

    def _holds(self, each: Certificate) -> int:
        if not each.holds(self.known):
            raise Refuted("the certificate does not show it", left=each.size)
        return len(each.products)


@dataclass(frozen=True)
class SizeEqualities:
    """A chain of equal sizes, each by one of the moves of `sizes`."""

    name: str
    start: Size
    links: tuple[tuple[SizeMove, Size], ...]
    known: tuple[Size, ...]
    shown: tuple[Certificate, ...] = ()  # what is not negative because of what is known

    @property
    def end(self) -> Size:
        """What the chain reaches."""
        return self.links[-1][1]

    def obligations(self) -> Checks:
        """Every link: the move, carried out, makes the next size, and what it needs is known."""
        yield from Bounds(self.name, self.shown, self.known).obligations()
        before = self.start
        for number, (move, to) in enumerate(self.links, 1):
            yield f"{self.name}, link {number}", partial(self._follows, before, move, to)
            before = to

    def _follows(self, before: Size, move: SizeMove, after: Size) -> int:
        if isinstance(move, Put):
            raise Refuted("other sizes put in make another size", left=before, right=after)
        if isinstance(move, Vanish):
            given = set(map(normal, (*self.known, *(each.size for each in self.shown))))
            for size in move.needs:
                if normal(size) not in given and not (isinstance(size, Num) and size.value >= 0):
                    raise Refuted("it is not known that this is not negative", left=size)
        if normal(move.apply(before)) != normal(after):
            raise Refuted(f"{type(move).__name__} leads elsewhere", left=move.apply(before), right=after)
        return 1


Part = Equalities | Bounds | SizeEqualities


def check_part(part: Part, number: int) -> Report:
    """Check one part of a proof. Whatever is not even formed like one is a failed claim, not a crash."""
    try:
        return discharge("axes", part.obligations(), number)
    except (AttributeError, TypeError, ValueError) as error:
        return Report(failed=(Failure(number, "the part", f"is not well formed: {error}"),))


def statement(part: Part) -> tuple[Any, ...]:
    """What a part says, and from what: not how it is shown."""
    if isinstance(part, Bounds):
        return part.name, canonical(tuple(each.size for each in part.certificates)), canonical(part.known)
    ends = canonical(part.start), canonical(part.end)
    if isinstance(part, SizeEqualities):
        return (part.name, *ends, canonical(part.known))
    facts = part.facts
    made = {**facts.definitions, **facts.equalities}
    return (
        part.name,
        *ends,
        facts.sizes,
        canonical(facts.known),
        {name: canonical(each) for name, each in made.items()},
    )


def states(proof: GeneralProof) -> int:
    """Whether the parts say what the theorem's own do, from the same hypotheses and definitions."""
    if proof.parts is proof.theorem.parts(proof.rank):
        return len(proof.parts)
    own = [statement(part) for part in proof.theorem.parts(proof.rank)]
    found = [statement(part) for part in proof.parts]
    if found != own:
        names = [one[0] for one, two in zip(own, found, strict=False) if one != two] or ["a part too few or too many"]
        raise Refuted("the parts do not state the theorem", left=", ".join(names))
    return len(own)


@dataclass(frozen=True)
class GeneralTheorem:
    """A theorem for all sizes: what the rest of the package needs to know about it."""

    name: str
    statement: str
    build: Callable[[Any], tuple[Part, ...]]  # rank -> parts
    page: str  # the function of `documents.general_pages` that sets it
    instance: Callable[[GeneralProof, Any], Any]  # (proof, layer) -> the matrix it says, or NotApplicable
    ranks: tuple[int | str, ...] = (1, 2, 3, "r")

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        from . import general_theorem

        return general_theorem, (self.name,)

    @lru_cache(maxsize=8)  # noqa: B019 - the theorems live as long as the process
    def parts(self, rank: int | str) -> tuple[Part, ...]:
        """The parts of the proof; sums over tuples come after why a bracket sifts one."""
        from .tuples import one_more_axis

        own = self.build(rank)
        sums = any(isinstance(part, Equalities) for part in own)
        return (one_more_axis(), *own) if rank == "r" and sums else own

    def document(self, proof: GeneralProof) -> Document:
        """The page of a proof."""
        from ..documents import general_pages

        page: Callable[[GeneralProof], Document] = getattr(general_pages, self.page)
        return page(proof)


@dataclass(frozen=True)
class GeneralProof:
    """A theorem with symbolic sizes and its proof.

    >>> import symconv as sc
    >>> proof = sc.prove_general("weight_matrix", rank=2)
    >>> bool(proof.check())
    True
    >>> layer = sc.Conv((5, 4), (3, 2), stride=2, padding=1)
    >>> proof.specialise(layer) == layer.weight_matrix()
    True
    """

    theorem: GeneralTheorem
    rank: int | str
    parts: tuple[Part, ...]

    def check(self) -> Report:
        """Check every link of every chain and every bound; the result is kept, a proof being immutable."""
        return self._report

    @cached_property
    def _report(self) -> Report:
        report = Report()
        for number, part in enumerate(self.parts, 1):
            report += check_part(part, number)
        return report + discharge("axes", [("the parts state the theorem", partial(states, self))])

    def __hash__(self) -> int:
        return hash((self.theorem, self.rank))  # the parts follow from these

    def __reduce__(self) -> tuple[Any, ...]:
        from . import prove_general

        return prove_general, (self.theorem.name, self.rank)

    def part(self, name: str) -> Any:
        """The part of that name."""
        return next(part for part in self.parts if part.name == name)

    def verified(self) -> GeneralProof:
        """This proof, if its check passes; else `ProofFailed`."""
        report = self.check()
        if not report:
            raise ProofFailed(report)
        return self

    def specialise(self, layer: Any) -> Any:
        """The matrix that the theorem says for one layer, worked out from the general statement's own terms."""
        return self.theorem.instance(self.verified(), layer)

    def render(self, format: str = "text", **options: Any) -> str:
        """The document in one of the formats; raises `ProofFailed` rather than print what is wrong."""
        from ..render import FORMATS, render

        if format == "json":
            formats = ", ".join(name for name in FORMATS if name != "json")
            rule = f"a proof for all sizes has no entries to write as data; it can be {formats}"
            raise SpecError("format", format, rule, 'proof.render("latex")')
        return render(self, format, **options)

    def __str__(self) -> str:
        return self.render("text")

    def __repr__(self) -> str:
        return f"<proof of {self.theorem.name} for all sizes, rank {self.rank}>"

    def _repr_markdown_(self) -> str:
        return self.render("markdown")
