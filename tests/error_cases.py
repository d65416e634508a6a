"""The errors of a base configuration with changes, and their parts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from oracle import Config

import symconv as sc

BASE: Config = {"input_size": (4, 4), "kernel_size": 2}


def refusal(**changes: Any) -> sc.SpecError:
    """The error of the base configuration with these changes."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Conv(**(BASE | changes))
    return caught.value


def offers(error: sc.SpecError) -> list[Config]:
    """What the message says would be valid, as keyword arguments: "a=1 or a=(1, 2)", "a=1 with b=2"."""
    texts = re.split(r",? or (?=\w+=)", error.example)
    return [eval(f"dict({text.replace(' with ', ', ')})", {"__builtins__": {}, "dict": dict}) for text in texts]


def assert_complete(error: sc.SpecError, parameter: str, value: object, rule: str) -> None:
    """The message names all four parts, in order, and the attributes hold them."""
    assert error.parameter == parameter
    assert error.value is value or error.value == value
    assert rule in error.rule
    assert str(error) == f"{parameter}={' '.join(repr(value).split())}: {error.rule}. Valid: {error.example}"
    assert error.example
    assert "\n" not in str(error)
    assert isinstance(error, ValueError)
    assert isinstance(error, sc.SymconvError)


def assert_offers_are_valid(error: sc.SpecError, config: Config) -> None:
    """Every alternative after "Valid:" concerns the parameter and is accepted in its place."""
    alternatives = offers(error)
    assert alternatives
    for alternative in alternatives:
        assert error.parameter in alternative or error.parameter == "padding"
        sc.Conv(**(config | alternative))  # raises if the message misleads
