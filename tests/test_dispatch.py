"""Cases by class: added by one thread while others choose among them, as pages are made while modules are imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from symconv.dispatch import ByClass


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_cases_are_added_while_others_are_chosen(restless: None) -> None:
    @ByClass
    def name(value: object) -> str:
        return "another"

    def add(n: int) -> None:
        new = type(f"New{n}", (), {})

        def case(value: object) -> str:
            return f"case {n}"

        case.__annotations__["value"] = new
        name.register(case)
        assert name(new()) == f"case {n}"

    def choose() -> str:
        return name(type("Other", (), {})())

    with ThreadPoolExecutor(4) as pool:
        done = [(pool.submit(add, n), pool.submit(choose)) for n in range(400)]
        for added, chosen in done:
            added.result()
            assert chosen.result() == "another"
