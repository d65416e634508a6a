"""The words of a constant kernel, which two theorems share."""

from __future__ import annotations

from ..proof import Proof, Step
from ..steps.constant_kernel import Constant, ConstantKernel
from .blocks import words
from .wording import Said, cited, claim_parts, reason_parts


@claim_parts.register
def _(claim: ConstantKernel, proof: Proof) -> Said:
    return words("{} is {} with {} for every kernel entry.", claim.letter, claim.of, claim.value)


@reason_parts.register
def _(rule: Constant, step: Step, proof: Proof) -> Said:
    one, other = (cited(step_number) for step_number in step.cites)
    return (f"{one} and {other}: the same inputs are read, with the same number",)
