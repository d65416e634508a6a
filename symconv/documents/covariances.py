"""A random kernel in words: mean and covariance of W and of the output, and the entries that are equal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..formula import Call, Formula, Juxtapose, Power, Sym, equals, plus, times
from ..matrices import LabelledMatrix
from ..proof import Proof, Step
from ..steps.covariances import (
    Collected,
    CollectEntries,
    Covariance,
    Mean,
    OutputCovariance,
    Share,
    SharedPairs,
    TakeCovariance,
    TakeMean,
    TakeOutput,
)
from ..steps.input_matrix import INPUTS
from ..sums import WEIGHT, number
from .blocks import Block, Cell, Heading, Matrix, Paragraph, words
from .kernel_gradients import kernel_symbol
from .setting import count_of
from .weights import kernel_symbol as entry_symbol
from .wording import Said, cited, claim_parts, reads_twice, reason_parts, vector_bias

COUNTS, MEAN, COVARIANCE = "M", "μ", "Σ"
SHOWN_ROWS, SHOWN_COLUMNS = 30, 20


def covariance_formula() -> Formula:
    """Cov(vec(W)) = M Sigma M^T."""
    return equals(Call("Cov", Call("vec", WEIGHT)), Juxtapose((COUNTS, COVARIANCE, Power(COUNTS, "T"))))


def output_formula() -> Formula:
    """Cov(vec(Y)) = U Sigma U^T."""
    return equals(Call("Cov", Call("vec", "Y")), Juxtapose((INPUTS, COVARIANCE, Power(INPUTS, "T"))))


def about_the_kernel(layer: Any) -> list[Block]:
    """What is random, and what M is."""
    fixed = " The bias is not random." if layer.bias else ""
    text = words(
        "Let the kernel entries {} be random variables with finite variances. The vector {} holds their means and the matrix {} their covariances, in the order of {}: "
        f"the entry of {{}} for two kernel entries is their covariance, and on its diagonal stand their variances.{fixed}",
        kernel_symbol(layer.read_map), MEAN, COVARIANCE, Call("vec", "K"), COVARIANCE,
    )  # fmt: skip
    rule = words(
        "Let {} have a row for each entry of {} and a column for each kernel entry. Its entry says how often that kernel entry is a term of that entry of {}.",
        COUNTS, WEIGHT, WEIGHT,
    )  # fmt: skip
    return [Heading(("The random kernel",)), Paragraph(text), Paragraph(rule)]


def counts_grid(proof: Proof) -> list[Block]:
    """The rows of M that are not zero, while they fit."""
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    rows, columns = matrix.shape
    used = [(r, c, cells[c]) for r, cells in enumerate(matrix.rows) for c in sorted(cells)] if rows <= 400 else []
    labels = proof.matrices[INPUTS].shape[1]
    size = times((rows * columns, labels))
    if not 0 < len(used) <= SHOWN_ROWS or labels > SHOWN_COLUMNS:
        return [Paragraph(words("{} is {}.", COUNTS, size))]
    cells = {
        (n, u): Cell(often, None, str(often))
        for n, (_, _, entry) in enumerate(used)
        for u, often in Counter(entry).items()
    }
    zero = " (rows of zeros are left out)" if len(used) < rows * columns else ""
    grid = Matrix(
        tuple(_entry(r, c) for r, c, _ in used),
        tuple(entry_symbol(u, matrix) for u in range(labels)),
        cells,
        0,
        0,
        words(f"{{}} is {{}}{zero}; written out", COUNTS, size),
    )
    return [grid]


def _entry(row: int, column: int) -> Formula:
    return Sym(WEIGHT, (number(row), number(column)))


# Claims -------------------------------------------------------------------------------------------


@claim_parts.register
def _(claim: Collected, proof: Proof) -> Said:
    equation = equals(Call("vec", WEIGHT), Juxtapose((COUNTS, Call("vec", "K"))))
    if not proof.layer.read_map.nonzeros:
        return words("{}, and {} is zero.", equation, COUNTS)
    once = "; a row of {} has at most one entry that is not zero, a {}" if not reads_twice(proof.layer.read_map) else ""
    return words("{}" + once + ".", equation, *((COUNTS, 1) if once else ()))


@claim_parts.register
def _(claim: Mean, proof: Proof) -> Said:
    return words("{}.", equals(Call("E", Call("vec", WEIGHT)), Juxtapose((COUNTS, MEAN))))


@claim_parts.register
def _(claim: Covariance, proof: Proof) -> Said:
    return words("{}.", covariance_formula())


@claim_parts.register
def _(claim: OutputCovariance, proof: Proof) -> Said:
    bias: tuple[Formula, ...] = (vector_bias(proof.layer.definition),) if proof.layer.bias else ()
    mean = equals(Call("E", Call("vec", "Y")), plus(Juxtapose((INPUTS, MEAN)), *bias))
    return words("For a fixed input, {} and {}.", mean, output_formula())


@claim_parts.register
def _(claim: SharedPairs, proof: Proof) -> Said:
    return (*_single(claim, proof), *(_sums(claim) if claim.equal else ()))


def _single(claim: SharedPairs, proof: Proof) -> Said:
    """The entries of W that are one kernel entry, and which of them are the same one."""
    if not claim.single:
        return words("No entry of {} is a single kernel entry.", WEIGHT)
    verb = "is" if claim.single == 1 else "are"
    alone = f"{count_of(claim.single, 'entr', 'y', 'ies')} of {{}} {verb} a single kernel entry"
    text = words(alone[:1].upper() + alone[1:], WEIGHT)
    if not claim.pairs:
        tail = ", each another one" if claim.single > 1 else ""
        return (
            *text,
            f"{tail}: no two of them have to be equal, and where the kernel entries are independent, so are they.",
        )
    entry, row, column, row2, column2 = claim.witnesses
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    symbol = entry_symbol(entry, matrix)
    n = number(entry)
    variance = Sym(COVARIANCE, (n, n))
    pairs = f"{claim.pairs:,} pairs of them are" if claim.pairs > 1 else "one pair of them is"
    shown = words(
        f", and {pairs} the same one. For instance {{}}: both have the variance {{}}, which is their covariance too, so their correlation is {{}} "
        "unless that variance is {}. In a fully connected layer with independent weights the covariance of any two is {}.",
        equals(_entry(row, column), _entry(row2, column2), symbol), variance, 1, 0, 0,
    )  # fmt: skip
    return (*text, *shown)


def _sums(claim: SharedPairs) -> Said:
    """The entries of W that are the same sum of several kernel entries."""
    row, column, row2, column2 = claim.alike
    pairs = f"{claim.equal:,} pairs of them are" if claim.equal > 1 else "one pair of them is"
    return words(
        f" {count_of(claim.sums, 'entr', 'y', 'ies').capitalize()} are sums of several kernel entries, and {pairs} the same sum, "
        "for instance {}: their correlation is {} too, unless the variance of the sum is {}.",
        equals(_entry(row, column), _entry(row2, column2)), 1, 0,
    )  # fmt: skip


# Reasons ------------------------------------------------------------------------------------------


@reason_parts.register
def _(rule: CollectEntries, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}: an entry is the sum of the kernel entries that meet there",)


@reason_parts.register
def _(rule: TakeMean, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; the mean of a sum is the sum of the means",)


@reason_parts.register
def _(rule: TakeCovariance, step: Step, proof: Proof) -> Said:
    return (f"{cited(step.cites[0])}; the covariance is linear in each of its two arguments",)


@reason_parts.register
def _(rule: TakeOutput, step: Step, proof: Proof) -> Said:
    product = equals(Call("vec", "Y"), Juxtapose((INPUTS, Call("vec", "K"))))
    bias = ", plus a bias that is not random" if proof.layer.bias else ""
    return words(
        f"{cited(step.cites[2])}: {{}}{bias}, again linear in the kernel; {{}} is {{}} with the inputs put in, by {cited(step.cites[1])}, "
        f"so this is {cited(step.cites[0])} with every entry of {{}} times its input",
        product, INPUTS, COUNTS, WEIGHT,
    )  # fmt: skip


@reason_parts.register
def _(rule: Share, step: Step, proof: Proof) -> Said:
    claim: SharedPairs = step.claim  # type: ignore[assignment]
    if not claim.pairs:
        rows = words(": equal sums have equal rows of {}", COUNTS) if claim.equal else ()
        return (f"{cited(step.cites[0])}, counted", *rows, f"; by {cited(step.cites[1])}")
    entry = claim.witnesses[0]
    n = number(entry)
    return words(
        f"{cited(step.cites[0])}: their rows of {{}} are equal, a {{}} in the same column and zeros; by {cited(step.cites[1])} the entry for them is the entry {{}} "
        "of {}",
        COUNTS, 1, Sym("", (n, n)), COVARIANCE,
    )  # fmt: skip
