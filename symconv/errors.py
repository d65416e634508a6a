"""Every exception of the package.

`SpecError` is for what can never be valid, `Unsupported` for what is valid but not built,
`NotApplicable` for a theorem that does not hold for a layer, `TooLarge` for what was refused
before anything was allocated, `MissingPackage` for an optional package that is not installed, and
`ProofFailed` for a check that found a difference.
"""

from __future__ import annotations

NOT_GIVEN = ...
"""In a `SpecError`, the value of a parameter that was left out."""


class SymconvError(Exception):
    """The base of every error this package raises on purpose."""


class SpecError(SymconvError, ValueError):
    """A configuration that is not valid: says which parameter, its value, the rule and an example.

    >>> raise SpecError("stride", 0, "must be at least 1", "stride=2")
    Traceback (most recent call last):
    symconv.errors.SpecError: stride=0: must be at least 1. Valid: stride=2
    """

    def __init__(self, parameter: str, value: object, rule: str, example: str) -> None:
        self.parameter, self.value, self.rule, self.example = parameter, value, rule, example
        shown = parameter if value is NOT_GIVEN else f"{parameter}={_short(value)}"
        super().__init__(f"{shown}: {rule}. Valid: {example}")

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, object, str, str]]:
        return type(self), (self.parameter, self.value, self.rule, self.example)


class Unsupported(SymconvError):
    """Valid, but not something this version can do."""


class NotApplicable(SymconvError):
    """The theorem does not hold for this layer, or says nothing about it; the message says why."""


class TooLarge(SymconvError):
    """Refused before anything was allocated: the message gives the size and how to allow it."""


class MissingPackage(SymconvError, ImportError):
    """An optional package is not installed; the message says how to install it."""


class ProofFailed(SymconvError):
    """A check found a difference. `report` holds every claim, proved and failed."""

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
