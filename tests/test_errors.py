"""Errors of layers: each names the parameter, the value, the rule and something valid.

A message is part of what a user sees, so it is tested as such: the parts of every kind of message.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from error_cases import BASE, assert_complete, assert_offers_are_valid, offers, refusal
from oracle import Config, describe, fits, geometry, limit, proposal

import symconv as sc

COUNT = "needs one entry for each of the 2 axes of input_size, or one integer for all"


class Thing:
    """Something that is no number; its name is the same in every process, as the tests' names must be."""

    def __repr__(self) -> str:
        return "Thing()"


NOT_INTEGERS: list[tuple[Any, str]] = [
    (1.0, "a float"),
    (2.5, "a float"),
    (float("nan"), "a float"),
    (True, "a bool"),
    (False, "a bool"),
    (None, "None"),
    ("2", "a string"),
    (b"2", "bytes"),
    (2j, "complex"),
    ({2: 1}, "dict"),
    ({2}, "set"),
    (np.float64(2.0), "float64"),
    (np.float32(2.0), "float32"),
    (np.bool_(True), ""),  # the type is called bool_ up to NumPy 1 and bool since NumPy 2
    (Thing(), "Thing"),
]


PER_AXIS = ("kernel_size", "stride", "dilation", "input_dilation")


SINGLE = ("in_channels", "out_channels", "groups")


@pytest.mark.parametrize("parameter", [*PER_AXIS, *SINGLE, "padding"])
@pytest.mark.parametrize(("value", "kind"), [case for case in NOT_INTEGERS if not isinstance(case[0], str)], ids=repr)
def test_what_is_not_an_integer(parameter: str, value: Any, kind: str) -> None:
    """Floats and bools are refused everywhere, also NumPy's, and the message says what was given."""
    error = refusal(**{parameter: value})
    assert_complete(error, parameter, value, f"must be an integer, not {kind}")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("parameter", [*PER_AXIS, *SINGLE])
def test_a_string_for_a_number(parameter: str) -> None:
    """Only padding has names."""
    error = refusal(**{parameter: "2"})
    assert_complete(error, parameter, "2", "must be an integer, not a string")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("parameter", [*PER_AXIS, "padding", "input_size"])
@pytest.mark.parametrize(("value", "kind"), NOT_INTEGERS, ids=repr)
def test_what_is_not_an_integer_among_others(parameter: str, value: Any, kind: str) -> None:
    """The same within a tuple, wherever it stands, and the message shows the whole tuple."""
    for given in ((1, value), (value, 1), [1, value]):
        error = refusal(**{parameter: given})
        assert_complete(error, parameter, given, f"must hold integers only, not {kind}")
        assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("parameter", [*PER_AXIS, "padding", "input_size"])
@pytest.mark.parametrize("dtype", [float, np.float32, bool])
def test_arrays_of_something_else(parameter: str, dtype: Any) -> None:
    """An array of integers is welcome, so one of floats or bools is an easy mistake."""
    given = np.ones(2, dtype)
    error = refusal(**{parameter: given})
    assert error.parameter == parameter
    assert error.value is given
    assert "must hold integers only, not " in error.rule
    assert "Valid: " in str(error)
    assert_offers_are_valid(error, BASE)
    assert refusal(padding=np.array([[1, 2], [0, 0.5]])).parameter == "padding"


@pytest.mark.parametrize("parameter", [*PER_AXIS, *SINGLE])
@pytest.mark.parametrize("value", [0, -1, -7, np.int64(0)], ids=repr)
def test_zero_and_negative(parameter: str, value: Any) -> None:
    """Sizes, steps and channels start at one."""
    error = refusal(**{parameter: value})
    assert_complete(error, parameter, value, "must be at least 1")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("parameter", [*PER_AXIS, "input_size"])
@pytest.mark.parametrize("value", [(0, 1), (1, 0), [2, -1], (np.int8(-1), 1)], ids=repr)
def test_zero_and_negative_among_others(parameter: str, value: Any) -> None:
    """One bad entry is enough, and the message shows them all."""
    error = refusal(**{parameter: value})
    assert_complete(error, parameter, value, "every entry must be at least 1")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("parameter", [*PER_AXIS, "padding"])
@pytest.mark.parametrize("value", [(), [], (1,), (1, 1, 1), [1, 1, 1, 1]], ids=repr)
def test_wrong_lengths(parameter: str, value: Any) -> None:
    """The message gives both numbers: what is needed and what was given."""
    error = refusal(**{parameter: value})
    assert_complete(error, parameter, value, COUNT)
    assert f"{len(value)} given" in error.rule
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("value", [4, np.int64(4), 4.0, True, None, "44", b"44", {4: 4}, {4}, object], ids=repr)
def test_input_size_that_is_no_tuple(value: Any) -> None:
    """The rank cannot be guessed from a single number, so none is accepted."""
    error = refusal(input_size=value)
    assert_complete(error, "input_size", value, "must be a tuple with one size for each axis; its length is the rank")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("value", [(), [], np.array([], int)], ids=["tuple", "list", "array"])
def test_empty_input_size(value: Any) -> None:
    """There is no layer without an axis."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Conv(value, 3)
    assert caught.value.parameter == "input_size"
    assert caught.value.value is value
    assert "must have at least one axis" in str(caught.value)
    assert "Valid: input_size=(4, 4)" in str(caught.value)
    assert_offers_are_valid(caught.value, BASE)


@pytest.mark.parametrize(
    "value", ["reflection", "Zeros", "constant", "wrap", "", None, 0, True, ["zeros"], b"zeros"], ids=repr
)
def test_unknown_padding_mode(value: Any) -> None:
    """Every mode is listed: the names of other libraries are the usual mistake."""
    error = refusal(padding_mode=value)
    assert_complete(error, "padding_mode", value, "must be one of zeros, reflect, symmetric, replicate, circular")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("value", ["Same", "SAME", "same_upper", "none", "", "1", "zeros"], ids=repr)
def test_unknown_named_padding(value: str) -> None:
    """Every name is listed."""
    error = refusal(padding=value)
    assert_complete(error, "padding", value, "a named padding is one of valid, same, same_lower, full")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("value", [-1, -3, np.int64(-1)], ids=repr)
def test_negative_padding(value: Any) -> None:
    """An amount for both sides cannot crop."""
    error = refusal(padding=value)
    assert_complete(error, "padding", value, "must be at least 0")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("value", [(-1, 0), (0, -1), [2, -2]], ids=repr)
def test_negative_padding_for_each_axis(value: Any) -> None:
    """Cropping has a form of its own, and the message says which."""
    error = refusal(padding=value)
    assert_complete(error, "padding", value, "every entry must be at least 0; to crop, give (low, high) pairs")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize("value", [((1, 2), (1,)), ((1, 2, 3), (0, 1)), [[1, 2], []], ((1,), (1,))], ids=repr)
def test_malformed_pairs(value: Any) -> None:
    """A pair has two entries."""
    error = refusal(padding=value)
    assert_complete(error, "padding", value, "each pair must be (low, high)")
    assert_offers_are_valid(error, BASE)


def test_pairs_and_integers_mixed() -> None:
    error = refusal(padding=(1, (0, 2)))
    assert_complete(error, "padding", (1, (0, 2)), "must be all integers or all (low, high) pairs")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (((1, 2), (1.0, 0)), "a float"),
        (((1, 2), (True, 0)), "a bool"),
        ((("1", 2), (1, 0)), "a string"),
        (((1, None), (1, 0)), "None"),
        (((1, (1, 2)), (1, 0)), "tuple"),
        (("same", "same"), "a string"),
    ],
    ids=repr,
)
def test_pairs_of_something_else(value: Any, kind: str) -> None:
    """Within pairs as outside."""
    error = refusal(padding=value)
    assert_complete(error, "padding", value, f"must hold integers only, not {kind}")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize(
    ("value", "kind"), [(1, "int"), (0, "int"), (None, "None"), ("True", "a string"), (1.0, "a float")], ids=repr
)
@pytest.mark.parametrize("parameter", ["bias", "flip_kernel"])
def test_flags(parameter: str, value: Any, kind: str) -> None:
    """A flag is True or False, not something that counts as true."""
    error = refusal(**{parameter: value})
    assert_complete(error, parameter, value, f"must be True or False, not {kind}")
    assert_offers_are_valid(error, BASE)


@pytest.mark.parametrize(
    ("inputs", "outputs", "groups"), [(1, 1, 2), (4, 4, 3), (4, 6, 4), (6, 4, 3), (3, 3, 2), (2, 3, 2)]
)
def test_groups_that_do_not_divide(inputs: int, outputs: int, groups: int) -> None:
    """The message names a channel number that is not divisible."""
    error = refusal(in_channels=inputs, out_channels=outputs, groups=groups)
    assert_complete(error, "groups", groups, "must divide both channel numbers")
    culprits = {"in_channels": inputs, "out_channels": outputs}
    assert any(f"{name}={number}" in error.rule for name, number in culprits.items() if number % groups)
    assert {"groups": 1} in offers(error)


@pytest.mark.parametrize(
    ("changes", "span", "room", "axis"),
    [
        ({"kernel_size": 5}, 5, 4, 0),
        ({"kernel_size": (1, 5)}, 5, 4, 1),
        ({"kernel_size": 3, "dilation": (1, 2)}, 5, 4, 1),
        ({"kernel_size": [3, 7], "padding": 1}, 7, 6, 1),
        ({"kernel_size": 3, "padding": ((0, 0), (-1, -1))}, 3, 2, 1),
        ({"kernel_size": 8, "input_dilation": 2}, 8, 7, 0),
    ],
)
def test_a_kernel_that_does_not_fit(changes: Config, span: int, room: int, axis: int) -> None:
    """The axis and both numbers; a kernel as small as the message says is accepted."""
    error = refusal(**changes)
    assert_complete(error, "kernel_size", changes["kernel_size"], f"on axis {axis} the kernel spans {span}")
    assert f" and the padded input has {room}" in error.rule
    assert ("(3 entries, dilation 2)" in error.rule) == ("dilation" in changes)
    assert f"a kernel that spans at most {room} there" in error.example
    size = [1, 1]
    size[axis] = (room - 1) // geometry(BASE | changes)[axis].dilation + 1
    assert sc.Conv(**(BASE | changes | {"kernel_size": size})).output_shape[1 + axis] >= 1


LIMITS = [
    ("reflect", 4, 3, "less than the input"),
    ("symmetric", 5, 4, "at most the input"),
    ("circular", 5, 4, "at most the input"),
]


@pytest.mark.parametrize(("mode", "amount", "most", "words"), LIMITS, ids=[mode for mode, *_ in LIMITS])
def test_padding_beyond_the_mode(mode: str, amount: int, most: int, words: str) -> None:
    """The limit of the mode in words and as a number; padding up to the limit is accepted."""
    for given in (
        amount,
        (amount, 0),
        (0, amount),
        ((amount, 0), (0, 0)),
        ((0, amount), (0, 0)),
        ((-1, 0), (-1, amount)),
    ):
        error = refusal(padding=given, padding_mode=mode)
        assert error.parameter == "padding"
        assert f"{mode} padding must be {words}" in error.rule
        assert f"at most {most} on axis" in error.rule
        assert f": {error.rule}. Valid: padding={most}" in str(error)
        assert_offers_are_valid(error, BASE | {"padding_mode": mode})
    assert sc.Conv(**BASE, padding=most, padding_mode=mode).padding == ((most, most),) * 2


def test_named_padding_beyond_the_mode() -> None:
    """A name may ask for more than the mode has: the message says how much it asks for."""
    error = refusal(kernel_size=7, padding="full", padding_mode="circular")
    assert_complete(error, "padding", "full", "circular padding must be at most the input")
    assert "this asks for 6 before and 6 after" in error.rule


def test_exactly_what_is_invalid_is_refused() -> None:
    """The package and the oracle agree on which configurations are layers, and on what is wrong with the others."""
    rng = random.Random(17)
    accepted, blamed = 0, {"padding": 0, "kernel_size": 0}
    for _ in range(3000):
        config = proposal(rng)
        if fits(config):
            sc.Conv(**config)
            accepted += 1
            continue
        with pytest.raises(sc.SpecError) as caught:
            sc.Conv(**config)
        over = any(max(axis.pad) > limit(config["padding_mode"], axis.length) for axis in geometry(config))
        nothing_left = any(axis.length + sum(axis.pad) < 1 for axis in geometry(config))
        assert caught.value.parameter == ("padding" if over or nothing_left else "kernel_size"), describe(config)
        blamed[caught.value.parameter] += 1
    assert accepted > 500
    assert min(blamed.values()) > 100, blamed


@pytest.mark.parametrize("parameter", ["in_features", "out_features"])
@pytest.mark.parametrize(
    ("value", "rule"),
    [(value, "must be at least 1") for value in (0, -1, np.int64(-2))]
    + [(value, f"must be an integer, not {kind}") for value, kind in [*NOT_INTEGERS, ((2,), "tuple"), ([2], "list")]],
    ids=repr,
)
def test_linear(parameter: str, value: Any, rule: str) -> None:
    """The same rules and the same words."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Linear(**({"in_features": 2, "out_features": 3} | {parameter: value}))
    assert_complete(caught.value, parameter, value, rule)
    assert offers(caught.value) == [{parameter: 1}]


def test_linear_bias() -> None:
    """A flag here too."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Linear(2, 3, bias=1)  # type: ignore[arg-type]
    assert_complete(caught.value, "bias", 1, "must be True or False, not int")


@pytest.mark.parametrize("method", ["to_numpy", "to_scipy"])
@pytest.mark.parametrize(
    ("kernel", "rule"),
    [
        (None, "this layer has a kernel, so its numbers are needed"),
        (5, "must have the layer's kernel_shape (1, 1, 2, 2)"),
        (np.ones((2, 2)), "must have the layer's kernel_shape (1, 1, 2, 2)"),
        (np.ones(4), "must have the layer's kernel_shape (1, 1, 2, 2)"),
        (np.ones((1, 1, 2, 3)), "must have the layer's kernel_shape (1, 1, 2, 2)"),
        (np.ones((1, 1, 1, 2, 2)), "must have the layer's kernel_shape (1, 1, 2, 2)"),
        (np.full((1, 1, 2, 2), "a"), "must hold numbers"),
        (np.zeros((1, 1, 2, 2), "M8[D]"), "must hold numbers"),
    ],
    ids=["none", "a number", "no channels", "flat", "too wide", "batch", "strings", "dates"],
)
def test_kernels(method: str, kernel: Any, rule: str) -> None:
    """Nothing is reshaped or broadcast: the shape must be the layer's."""
    pytest.importorskip("scipy" if method == "to_scipy" else "numpy")
    with pytest.raises(sc.SpecError) as caught:
        getattr(sc.Conv(**BASE), method)(kernel)
    assert caught.value.parameter == "kernel"
    assert rule in caught.value.rule
    assert str(caught.value).startswith(("kernel=", "kernel of "))
    assert str(caught.value).endswith(f"{rule}. Valid: an array of shape (1, 1, 2, 2)")


def test_a_ragged_kernel() -> None:
    """Nested lists of unequal lengths have no shape: a SpecError for kernel, like every other wrong shape."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Conv((4,), 2, out_channels=2).to_numpy([[[1, 2]], [[3]]])
    assert caught.value.parameter == "kernel"


@pytest.mark.parametrize("several", [False, True], ids=["scalar", "vector"])
def test_a_torch_bool_is_not_an_integer(several: bool) -> None:
    """A bool is never an integer, whoever's bool it is."""
    torch = pytest.importorskip("torch", reason="install torch==2.13.0 to compare with PyTorch")
    with pytest.raises(sc.SpecError):
        sc.Conv((4, 4), 1, stride=torch.tensor([True, True] if several else True))


def test_without_scipy_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"to_scipy needs SciPy.*pip install 'symconv\[scipy\]'") as caught:
        sc.Conv((3,), 2).to_scipy(np.ones((1, 1, 2)))
    assert isinstance(caught.value, sc.MissingPackage)
    assert isinstance(caught.value, sc.SymconvError)


def test_without_pytorch_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(sc.MissingPackage, match=r"to_torch needs PyTorch.*pip install 'symconv\[torch\]'"):
        sc.Conv((3,), 2).to_torch(np.ones((1, 1, 2)))


def test_what_is_no_layer_is_said() -> None:
    for given in ("conv", None, 3):
        with pytest.raises(sc.SpecError, match="must be a layer or a stack of them"):
            sc.prove(given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("theorem", "layer", "options", "said"),
    [
        ("fft_linear", sc.Conv((90,), 82), {"method": "karatsuba"}, r"method='karatsuba': is for kernels of at most 81 entries along an axis, and this has 82\. Valid: method=\"circulant\""),
        ("winograd", sc.Conv((40, 40), (16, 16)), {}, r"its kernel is 16×16, and even a small tile reads \d+ entries, more than 256"),
        ("morphism", sc.Conv((1000, 1000), 2), {}, r"the matrices of the two layers have more than 1,000,000 non-zero entries; sc\.split factors"),
    ],
)  # fmt: skip
def test_what_a_theorem_does_not_go_through_is_refused(
    theorem: str, layer: sc.Layer, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((sc.SpecError, sc.NotApplicable, sc.TooLarge), match=said):
        sc.prove(layer, theorem, **options)
