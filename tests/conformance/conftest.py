"""Every test here notes how many results it compared exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import agreement
import pytest


@pytest.fixture(autouse=True)
def _counted(record_property: Callable[[str, object], None]) -> Iterator[None]:
    before = agreement.compared["exactly"]
    yield
    record_property("compared exactly", agreement.compared["exactly"] - before)
