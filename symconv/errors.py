"""Every exception of the package.

`SpecError` is for what can never be valid, `Unsupported` for what is valid but not built,
`NotApplicable` for a theorem that does not hold for a layer, `TooLarge` for what was refused
before anything was allocated, `MissingPackage` for an optional package that is not installed, and
`ProofFailed` for a check that found a difference.
"""

from __future__ import annotations

NOT_GIVEN = ...
"""In a `SpecError`, the value of a parameter that was left out."""


class Described(str):
    """In a `SpecError`, what to say of a value that is too much to show: `kernel of shape (2,)`, not its entries."""


class SymconvError(Exception):
    """The base of every error this package raises on purpose.

    >>> import symconv as sc
    >>> try:
    ...     sc.prove(sc.Conv((4,), 3), "dft")
    ... except sc.SymconvError as error:
    ...     print(error)
    dft does not apply to Conv(input_size=(4,), kernel_size=3): its padding mode is zeros, and only circular padding closes an axis to a ring (a kernel of 1 without padding needs none)
    """


class SpecError(SymconvError, ValueError):
    """A configuration that is not valid: says which parameter, its value, the rule and an example.

    >>> raise SpecError("stride", 0, "must be at least 1", "stride=2")
    Traceback (most recent call last):
    symconv.errors.SpecError: stride=0: must be at least 1. Valid: stride=2
    """

    def __init__(self, parameter: str, value: object, rule: str, example: str) -> None:
        self.parameter, self.value, self.rule, self.example = parameter, value, rule, example
        if value is NOT_GIVEN:
            shown = parameter
        elif isinstance(value, Described):
            shown = f"{parameter} {value}"
        else:
            shown = f"{parameter}={_short(value)}"
        super().__init__(f"{shown}: {rule}. Valid: {example}")

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, object, str, str]]:
        return type(self), (self.parameter, self.value, self.rule, self.example)


class Unsupported(SymconvError):
    """Valid, but not something this version can do.

    >>> import symconv as sc
    >>> sc.Conv((3, 3, 3, 3), 2).draw("window")
    Traceback (most recent call last):
    symconv.errors.Unsupported: a window is drawn on up to 3 axes, and Conv(input_size=(3, 3, 3, 3), kernel_size=2) has 4; its W can be drawn: what='matrix'
    """


class NotApplicable(SymconvError):
    """The theorem does not hold for this layer, or says nothing about it; the message says why.

    >>> import symconv as sc
    >>> sc.prove(sc.Linear(3, 2), "flip")
    Traceback (most recent call last):
    symconv.errors.NotApplicable: flip does not apply to Linear(in_features=3, out_features=2): only a Conv can have its kernel reversed
    """


class TooLarge(SymconvError):
    """Refused before anything was allocated: the message gives the size and how to allow it.

    >>> import symconv as sc
    >>> sc.Conv((1000, 1000), 3).to_numpy([[[[1] * 3] * 3]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    symconv.errors.TooLarge: W is 996,004 x 1,000,000, 996,004,000,000 numbers...
    """


class MissingPackage(SymconvError, ImportError):
    """An optional package is not installed; the message says how to install it.

    >>> import symconv as sc
    >>> issubclass(sc.MissingPackage, ImportError)
    True
    """


class ProofFailed(SymconvError):
    """A check found a difference. `report` holds every claim, proved and failed.

    The report of a proof with its steps in the wrong order says so:

    >>> import symconv as sc
    >>> from dataclasses import replace
    >>> proof = sc.prove(sc.Conv((3,), 2))
    >>> try:
    ...     replace(proof, steps=proof.steps[::-1]).render()
    ... except sc.ProofFailed as error:
    ...     print(error.report.ok, len(error.report.failed) > 0)
    False True
    """

    def __init__(self, report: object) -> None:
        self.report = report
        super().__init__(str(report))


def _short(value: object, limit: int = 60) -> str:
    """The value as Python shows it, on one line and no longer than `limit` characters."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a broken __repr__ must not hide the error it is part of
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."
