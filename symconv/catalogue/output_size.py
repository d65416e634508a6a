"""The output size, for all sizes: one formula, and the fifteen relationships of the guide as its cases.

The windows that fit are counted with letters for the sizes, so the formula is proved for all of them at
once; each relationship of V. Dumoulin and F. Visin (arXiv 1603.07285) follows by putting its sizes in
(see `guide`). What is about this layer is only which of them apply, and the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

from ..claims import Context, Refuted, expect
from ..documents.blocks import Block, Document, Emph, Heading, Paragraph, Statement, words
from ..documents.common import steps
from ..documents.counting import letters
from ..documents.setting import is_transposed, key, listed, setting, title
from ..documents.size_formulas import shown
from ..documents.sizes import relationship_table
from ..documents.wording import cited
from ..formula import Chain, equals
from ..proof import Proof, Step, Theorem
from ..sizes import Certificate, Size, value
from ..steps.counting import (
    LAST,
    POSITION,
    Case,
    Compare,
    Count,
    Derive,
    Divide,
    Division,
    Ends,
    Evaluate,
    Fits,
    General,
    J,
    Numbers,
    Place,
    Q,
    R,
    Rearrange,
    Sign,
    U,
    Window,
    axis_sizes,
    derivation_holds,
    kind_of,
    layer_sizes,
    put_in,
)
from ..steps.guide import (
    GENERAL,
    LOW,
    RELATIONSHIPS,
    ROOM,
    TRANSPOSED,
    D,
    K,
    Relationship,
    S,
    convolution,
    windows,
)

# The proof ----------------------------------------------------------------------------------------


def refusal(layer: Any) -> str | None:
    """A fully connected layer has no windows; rounding up is another formula."""
    from ..layers import AvgPool, Conv, ConvTranspose, Linear

    if isinstance(layer, Linear):
        return "a fully connected layer has no window that moves, and its output size is a parameter"
    if not isinstance(layer, (Conv, ConvTranspose, AvgPool)):
        return "its output size is a multiple of its input size or given, and no count of windows"
    if getattr(layer, "ceil_mode", False):
        return (
            "with ceil_mode windows that reach past the padding are counted too, and the formula counts those that fit"
        )
    return None


def applying(layer: Any) -> tuple[Relationship, ...]:
    """The relationships that some axis of the layer is an instance of."""
    kind, axes = kind_of(layer), range(len(layer.read_map.axes))
    general = (TRANSPOSED,) if is_transposed(layer) else ()
    chosen = (each for each in RELATIONSHIPS if any(each.fails(kind, layer_sizes(layer, n)) is None for n in axes))
    return (*general, *chosen)


def build(layer: Any) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The windows that fit, counted for all sizes; the relationships that apply; the numbers."""
    inside = Sign(Q - J, True, Certificate(S * Q + R - S * J, ((S, Q - J), (R,))))
    beyond = Sign(J - Q - 1, False, Certificate(S * J - (S * Q + R) - 1, ((S, J - Q - 1), (S - 1 - R,))))
    counts = Count(Certificate(0 - (S * Q + R) - 1, ((S, 0 - Q - 1), (S - 1 - R,))))
    rises = (
        Certificate(S * J, ((S, J),)),
        Certificate(D * U, ((D, U),)),
        Certificate(D * (K - 1 - U), ((D, K - 1 - U),)),
    )
    general = (
        Step(Window(POSITION, 0 - LOW, LAST), Place()),
        Step(Fits(S * J + D * (K - 1) - LOW, LAST), Ends(rises), (1,)),
        Step(Fits(S * J, ROOM), Rearrange(), (2,)),
        Step(Division(ROOM), Divide(), (3,)),
        Step(inside, Compare(), (3, 4)),
        Step(beyond, Compare(), (3, 4)),
        Step(General(GENERAL), counts, (4, 5, 6)),
    )
    cases = tuple(Step(Case(each), Derive(), (7,)) for each in applying(layer))
    axes = tuple((tuple(axis_sizes(axis).items()), axis.outputs) for axis in layer.read_map.axes)
    last = Step(Numbers(axes), Evaluate(), (7,))
    return (*general, *cases, last), {}


# The further checks -------------------------------------------------------------------------------


def every_relationship(proof: Proof, context: Context) -> Iterator[tuple[str, Callable[[], int]]]:
    """The derivations of all the relationships, since the document lists them all."""
    yield "all fifteen derivations", lambda: sum(derivation_holds(GENERAL, each) for each in RELATIONSHIPS)


def entries(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """The formulas against windows that are counted one by one, on a grid of sizes."""
    yield "the general formula and the relationships against windows counted one by one", counted


@cache
def counted() -> int:
    """Every relationship on a grid; for a transposed one also that its convolution leads back."""
    compared = 0
    for each in (*RELATIONSHIPS, TRANSPOSED):
        name = "i'" if each.kind.startswith("transposed") else "i"
        forward = convolution(put_in(each.links[0]))
        back = convolution(put_in(each.back[0])) if each.back else None
        for i, k, s, p, d, a in product(range(1, 8), range(1, 6), (1, 2, 3), range(4), (1, 2), range(3)):
            env = {
                name: i,
                "k": k,
                "s": s,
                "p": p,
                "low": p,
                "high": p if each.number else p + 1,
                "d": d,
                "a": a,
                "n": k // 2,
            }
            if (a and name == "i") or not all(hypothesis.holds(env) for hypothesis in each.hypotheses):
                continue
            compared += _counts(each, forward, env, value(each.formula, env))
            if back is not None:
                compared += _counts(each, back, env, i)
    return compared


def _counts(each: Relationship, sizes: dict[str, Size], env: dict[str, int], said: int) -> int:
    """One point of the grid; a kernel that does not fit has no window and is left out."""
    numbers = {name: value(size, env) for name, size in sizes.items()}
    if numbers["N"] < 1 or value(ROOM, numbers) < 0:
        return 0
    return expect(said, windows(numbers), f"relationship {each.number} for {numbers} and the windows counted")


def sympy_check(proof: Proof) -> Iterator[tuple[str, Callable[[], int]]]:
    """A second opinion on the algebra: SymPy expands every difference, a floor being a symbol of its own."""

    def expanded() -> int:
        from sympy import Integer, Symbol, expand

        def translated(size: Size) -> Any:
            name = type(size).__name__
            if name == "Num":
                return Integer(size.value)  # type: ignore[attr-defined]
            if name == "Var":
                return Symbol(size.name, integer=True)  # type: ignore[attr-defined]
            if name == "Quotient":
                top, bottom = (expand(translated(part)) for part in (size.top, size.bottom))  # type: ignore[attr-defined]
                return Symbol(f"floor({top}, {bottom})", integer=True)
            left, right = translated(size.left), translated(size.right)  # type: ignore[attr-defined]
            return {"Add": left + right, "Subtract": left - right, "Multiply": left * right}[name]

        compared = 0
        certificates = [step.claim.certificate for step in proof.steps if isinstance(step.claim, Sign)]
        pairs = [(each.size, each.total()) for each in certificates]
        for each in (*RELATIONSHIPS, TRANSPOSED):
            for links in (each.links, each.back):
                before = (GENERAL, *(link.to for link in links))
                pairs += [(link.move.apply(at), link.to) for at, link in zip(before, links, strict=False)]
        for left, right in pairs:
            if expand(translated(left) - translated(right)) != 0:
                raise Refuted("SymPy finds another polynomial", left=str(shown(left)), right=str(shown(right)))
            compared += 1
        return compared

    yield "every difference expands to 0 in SymPy", expanded


# The document -------------------------------------------------------------------------------------


def document(proof: Proof) -> Document:
    """The formula with its proof for all sizes, the table of relationships, and those that apply derived."""
    layer = proof.layer
    numbers = [str(each.number) for each in applying(layer) if each.number]
    which = (
        f" Of the guide's relationships this layer is an instance of {'number' if len(numbers) == 1 else 'numbers'} {listed(numbers)}."
        if numbers
        else " This layer is an instance of none of the guide's relationships, which take the same padding on both sides."
        if all(
            "differs" in (each.fails(kind_of(layer), layer_sizes(layer, n)) or "") or each.kind != kind_of(layer)
            for each in RELATIONSHIPS
            for n in range(len(layer.read_map.axes))
        )
        else " This layer is an instance of none of the guide's relationships."
    )
    opening = words(
        "Fix integers of these kinds, a window number {} and a kernel entry {} with {}.",
        Chain(">=", ("j", 0)), "u", Chain("<=", (0, "u", shown(K - 1))),
    )  # fmt: skip
    blocks: list[Block] = [
        *setting(layer),
        Heading(("What is counted",)),
        Paragraph(letters(layer)),
        *relationship_table(layer, kind_of(layer), [layer_sizes(layer, n) for n in range(len(layer.read_map.axes))]),
        Statement(
            words(
                "For all integers {}, {}, {}, {} and all {}, {} for which the kernel fits, {}, the output size is {}.",
                *(Chain(">=", (name, 1)) for name in ("N", "k", "s", "d")), "low", "high",
                Chain(">=", (shown(ROOM), 0)), equals("o", shown(GENERAL)),
            )
            + (which,)
        ),
        steps(proof, opening),
        *_checked(proof),
    ]  # fmt: skip
    return Document(title(layer, "and its output size"), tuple(blocks), key(proof))


def _checked(proof: Proof) -> list[Block]:
    report = proof.check()
    said = [
        "the proof steps, each as a change of expressions and for the numbers of this layer",
        "the derivations of all fifteen relationships",
    ]
    for each in report.proved:
        if each.level == "entries":
            said.append(f"{each.what} ({each.count:,} choices of sizes)")
        elif each.level == "sympy":
            said.append(f"{each.what} ({each.count} of them)")
    last = len(proof.steps)
    text = f" {'; '.join(said)}. Steps {cited(1)} to {cited(last - 1)} hold for all sizes, {cited(last)} for this configuration."
    return [Paragraph((Emph("Checked before printing:"), text), small=True)]


THEOREM = Theorem(
    name="output_size",
    statement="the output size is floor((N + low + high - d(k - 1) - 1)/s) + 1, and the guide's fifteen relationships follow",
    why=words(
        "The windows that fit are those whose last entry does not leave the padded input; counting them is one division with remainder."
    ),
    refusal=refusal,
    build=build,
    entries=entries,
    sympy=sympy_check,
    size=lambda layer: 1,
    document=document,
    starts=("window",),
    ends=lambda layer: ("count", *["relation"] * len(applying(layer)), "numbers"),
    last=every_relationship,
)
