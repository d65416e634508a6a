"""What a check found: obligations that hold, and where one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .errors import TooLarge


class Refuted(Exception):
    """Raised where a transition is not what its rule says. Holds where, and what stands on both sides."""

    def __init__(
        self, message: str, output: object = None, input: object = None, left: object = None, right: object = None
    ):
        self.message, self.output, self.input, self.left, self.right = message, output, input, left, right
        super().__init__(message)


@dataclass(frozen=True)
class Obligation:
    """One thing that was checked: which step, what about it, and how many comparisons it took."""

    step: int | None
    what: str
    count: int
    level: str = "axes"

    def __str__(self) -> str:
        return (f"step {self.step}: " if self.step else "") + f"{self.what} ({self.count:,} compared)"


@dataclass(frozen=True)
class Failure:
    """One thing that does not hold: the step, what, the output and input, and what stands on both sides."""

    step: int | None
    what: str
    message: str
    output: object = None
    input: object = None
    left: object = None
    right: object = None

    def __str__(self) -> str:
        place = [f"step {self.step}"] if self.step else []
        place += [f"output {self.output}"] if self.output is not None else []
        place += [f"input {self.input}"] if self.input is not None else []
        values = f" ({self.left} against {self.right})" if self.left is not None or self.right is not None else ""
        return f"{', '.join(place)}{': ' if place else ''}{self.what}: {self.message}{values}"


@dataclass(frozen=True)
class Report:
    """What a check found. Truthy when nothing failed.

    >>> import symconv as sc
    >>> report = sc.prove(sc.Conv((4,), 3), check="axes").check()
    >>> report
    <Report ok: 17 proved, 0 omitted, 0 failed>
    >>> print(report.proved[0])
    step 1: citations (0 compared)
    """

    proved: tuple[Obligation, ...] = ()
    omitted: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing failed.

        >>> from symconv import Report
        >>> Report().ok
        True
        """
        return not self.failed

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        head = f"{'ok' if self.ok else 'FAILED'}: {len(self.proved)} proved, {len(self.omitted)} omitted, {len(self.failed)} failed"
        return "\n".join([head, *(f"  {failure}" for failure in self.failed)])

    def __repr__(self) -> str:
        return f"<Report {self}>"

    def __add__(self, other: Report) -> Report:
        return Report(
            *(getattr(self, name) + getattr(other, name) for name in ("proved", "omitted", "failed", "levels"))
        )


Checks = Iterable[tuple[str, Callable[[], int]]]
"""Named obligations, each a function that counts or raises."""


def discharge(level: str, obligations: Checks, step: int | None = None) -> Report:
    """Run named obligations. Whatever goes wrong inside one is a failed claim, not a crash."""
    proved: list[Obligation] = []
    failed: list[Failure] = []
    for what, run in obligations:
        try:
            proved.append(Obligation(step, what, run(), level))
        except Refuted as found:
            failed.append(Failure(step, what, found.message, found.output, found.input, found.left, found.right))
        except (MemoryError, TooLarge):
            raise  # no claim is false because the machine is small, or a limit low
        except Exception as error:
            failed.append(Failure(step, what, f"the check could not be carried out: {type(error).__name__}: {error}"))
    return Report(tuple(proved), (), tuple(failed), (level,))
