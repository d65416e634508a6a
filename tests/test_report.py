"""What a check reports: how obligations, failures and reports read, and that nothing which goes wrong is lost."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from symconv.report import Failure, Obligation, Refuted, Report, discharge


def refuting(**sides: Any) -> int:
    raise Refuted("they differ", **sides)


@pytest.mark.parametrize(
    ("obligation", "text"),
    [
        (Obligation(2, "values", 12_345), "step 2: values (12,345 compared)"),
        (Obligation(None, "every entry", 1), "every entry (1 compared)"),
    ],
)
def test_an_obligation_reads(obligation: Obligation, text: str) -> None:
    assert str(obligation) == text
    assert obligation.level == "axes"


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (Failure(3, "shape", "it is another"), "step 3: shape: it is another"),
        (Failure(None, "shape", "it is another"), "shape: it is another"),
        (Failure(None, "W", "differs", 0, 0, 0, 1), "output 0, input 0: W: differs (0 against 1)"),
        (Failure(3, "W", "differs", output="i=1"), "step 3, output i=1: W: differs"),
        (Failure(3, "W", "differs", input="p=1"), "step 3, input p=1: W: differs"),
        (Failure(None, "W", "differs", left=2), "W: differs (2 against None)"),
        (Failure(None, "W", "differs", right=2), "W: differs (None against 2)"),
    ],
)
def test_a_failure_reads(failure: Failure, text: str) -> None:
    assert str(failure) == text


def test_what_was_refuted_holds_where_and_both_sides() -> None:
    found = Refuted("they differ", "i=1", "p=2", 3, 4)
    assert (found.message, found.output, found.input, found.left, found.right) == ("they differ", "i=1", "p=2", 3, 4)
    assert str(found) == "they differ"


def test_a_report_counts_and_lists_what_failed() -> None:
    good, bad = Obligation(1, "shape", 1), Failure(2, "values", "it differs")
    assert str(Report((good, good), ("step 3: left out",))) == "ok: 2 proved, 1 omitted, 0 failed"
    assert str(Report((good,), (), (bad, bad))) == (
        "FAILED: 1 proved, 0 omitted, 2 failed\n  step 2: values: it differs\n  step 2: values: it differs"
    )
    assert repr(Report((good, good))) == "<Report ok: 2 proved, 0 omitted, 0 failed>"
    assert Report((good,))
    assert Report((good,)).ok
    assert not Report((good,), (), (bad,))
    assert not Report((good,), (), (bad,)).ok


def test_reports_are_added_up_part_by_part() -> None:
    good, bad = Obligation(1, "shape", 1), Failure(2, "values", "it differs")
    one, other = Report((good,), ("a",), (), ("axes",)), Report((good,), ("b",), (bad,), ("entries",))
    assert one + other == Report((good, good), ("a", "b"), (bad,), ("axes", "entries"))


def test_a_report_cannot_be_edited() -> None:
    for each in (Report(), Obligation(1, "shape", 1), Failure(1, "shape", "no")):
        with pytest.raises(FrozenInstanceError):
            setattr(each, "what", "else")  # noqa: B010 - mypy refuses the assignment


def test_every_obligation_is_discharged_whatever_becomes_of_the_others() -> None:
    checks = [
        ("first", lambda: 3),
        ("refuted", lambda: refuting(output="i=0", input="p=1", left=4, right=5)),
        ("crashing", lambda: 1 // 0),
        ("last", lambda: 7),
    ]
    assert discharge("entries", checks, 6) == Report(
        (Obligation(6, "first", 3, "entries"), Obligation(6, "last", 7, "entries")),
        (),
        (
            Failure(6, "refuted", "they differ", "i=0", "p=1", 4, 5),
            Failure(
                6,
                "crashing",
                "the check could not be carried out: ZeroDivisionError: integer division or modulo by zero",
            ),
        ),
        ("entries",),
    )


def test_too_little_memory_refutes_nothing() -> None:
    def full() -> int:
        raise MemoryError

    with pytest.raises(MemoryError):
        discharge("axes", [("large", full)])
