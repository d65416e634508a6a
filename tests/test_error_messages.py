"""Errors as they are read: whole messages, the error as an object, and that what follows "Valid:" is accepted."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from error_cases import BASE, assert_offers_are_valid, refusal
from oracle import Config

import symconv as sc

# Whole messages.


MESSAGES: list[tuple[Config, str]] = [
    ({"stride": 0}, "stride=0: must be at least 1. Valid: stride=1 or stride=(2, 1)"),
    ({"dilation": 1.5}, "dilation=1.5: must be an integer, not a float. Valid: dilation=1 or dilation=(1, 1)"),
    ({"out_channels": True}, "out_channels=True: must be an integer, not a bool. Valid: out_channels=1"),
    (
        {"stride": (1, 2, 3)},
        "stride=(1, 2, 3): needs one entry for each of the 2 axes of input_size, or one integer for all; 3 given. "
        "Valid: stride=1 or stride=(2, 1)",
    ),
    (
        {"input_size": 4},
        "input_size=4: must be a tuple with one size for each axis; its length is the rank. Valid: input_size=(4,)",
    ),
    ({"input_size": (4, 0)}, "input_size=(4, 0): every entry must be at least 1. Valid: input_size=(4, 4)"),
    ({"input_size": ()}, "input_size=(): must have at least one axis. Valid: input_size=(4, 4)"),
    (
        {"padding": "Same"},
        "padding='Same': a named padding is one of valid, same, same_lower, full. Valid: padding=\"same\"",
    ),
    (
        {"padding": (-1, 0)},
        "padding=(-1, 0): every entry must be at least 0; to crop, give (low, high) pairs. "
        "Valid: padding=1 or padding=((1, 2), (0, 1))",
    ),
    (
        {"padding": ((1, 2), (1,))},
        "padding=((1, 2), (1,)): each pair must be (low, high). Valid: padding=1 or padding=((1, 2), (0, 1))",
    ),
    (
        {"kernel_size": (3, 5)},
        "kernel_size=(3, 5): on axis 1 the kernel spans 5 and the padded input has 4, so it does not fit. "
        "Valid: a kernel that spans at most 4 there",
    ),
    ({"bias": 1}, "bias=1: must be True or False, not int. Valid: bias=True"),
]


@pytest.mark.parametrize(("changes", "message"), MESSAGES, ids=[message.split(":")[0] for _, message in MESSAGES])
def test_messages(changes: Config, message: str) -> None:
    """The whole text, as it is printed."""
    assert str(refusal(**changes)) == message


def test_the_message_about_a_kernel() -> None:
    """The whole text, as it is printed."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Conv((4,), 2).to_numpy()
    assert (
        str(caught.value)
        == "kernel=None: this layer has a kernel, so its numbers are needed. Valid: an array of shape (1, 1, 2)"
    )


# The error as an object.


def test_spec_errors_pickle() -> None:
    """They cross process borders whole: the type, the text and every part."""
    errors = [refusal(**changes) for changes, _ in MESSAGES] + [sc.SpecError("stride", (1, 0), "a rule", "stride=1")]
    for error in errors:
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(again) is sc.SpecError
            assert str(again) == str(error)
            for part in ("parameter", "value", "rule", "example"):
                assert getattr(again, part) == getattr(error, part)


def test_spec_error_is_a_value_error() -> None:
    """Code that knows nothing of this package can still catch it."""
    with pytest.raises(ValueError, match=r"^stride=0: "):
        sc.Conv((4,), 2, stride=0)
    with pytest.raises(sc.SymconvError, match=r"^stride=0: "):
        sc.Conv((4,), 2, stride=0)


def test_long_values_are_cut() -> None:
    """One line, however much was given."""
    error = refusal(stride=tuple(range(1000)))
    shown = str(error).split(": ")[0]
    assert shown.startswith("stride=(0, 1, 2, 3,")
    assert shown.endswith("...")
    assert len(shown) == len("stride=") + 60
    array = str(refusal(input_size=np.array([[4, 4], [4, 4]])))
    assert "\n" not in array
    assert array.startswith("input_size=array([[4, 4], [4, 4]]): ")


def test_a_broken_repr_does_not_hide_the_error() -> None:
    """The error is about the parameter, whatever the value does when it is shown."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert (
        str(refusal(stride=Broken()))
        == "stride=<Broken>: must be an integer, not Broken. Valid: stride=1 or stride=(2, 1)"
    )


def test_too_many_arguments_are_python_errors() -> None:
    """A name that does not exist is Python's own error: there is no parameter whose value could be wrong."""
    with pytest.raises(TypeError, match="strides"):
        sc.Conv((4,), 2, strides=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="kernel_size"):
        sc.Conv((4,))  # type: ignore[call-arg]


# What is offered is valid, and what is said is true.


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(3, 4, 2), (4, 3, 2), (5, 2, 3)])
def test_the_groups_offered_divide_both_channel_numbers(inputs: int, outputs: int, groups: int) -> None:
    """Valid: "groups=3 with in_channels=3" is not, when out_channels is 4."""
    config = BASE | {"in_channels": inputs, "out_channels": outputs}
    assert_offers_are_valid(refusal(**config, groups=groups), config)


@pytest.mark.parametrize("parameter", ["in_channels", "out_channels"])
def test_the_channels_offered_are_divisible(parameter: str) -> None:
    """With groups=2 the smallest valid number of channels is 2."""
    config = BASE | {"in_channels": 2, "out_channels": 2, "groups": 2}
    assert_offers_are_valid(refusal(**(config | {parameter: 0})), config)


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "circular"])
def test_the_padding_offered_is_valid_on_every_axis(mode: str) -> None:
    """On an input of 6 x 2, "padding=5" would only move the error to the other axis."""
    config = BASE | {"input_size": (6, 2), "kernel_size": 2, "padding_mode": mode}
    assert_offers_are_valid(refusal(**config, padding=((7, 0), (0, 0))), config)


@pytest.mark.parametrize("size", [1, 2])
def test_the_padding_offered_leaves_room_for_the_kernel(size: int) -> None:
    """A kernel of 7 on an input of one or two entries needs another mode, not less padding."""
    config: Config = {"input_size": (size,), "kernel_size": 7, "padding_mode": "reflect"}
    config["padding"] = "same"
    assert_offers_are_valid(refusal(**config), config)


def test_the_padding_mode_offered_allows_the_padding() -> None:
    """An unknown mode with a padding that reflect does not allow."""
    config = BASE | {"padding": 4}
    assert_offers_are_valid(refusal(**config, padding_mode="constant"), config)


def test_the_kernel_offered_fits() -> None:
    """On an input of one row a kernel of two rows does not fit."""
    config = BASE | {"input_size": (1, 4)}
    assert_offers_are_valid(refusal(**(config | {"kernel_size": (1, 1, 1)})), config)


def test_the_dilation_offered_leaves_the_kernel_fitting() -> None:
    """The most usual layer of all, a kernel of 3 x 3 on an input of 4 x 4, has no room for dilation=(2, 1)."""
    config = BASE | {"kernel_size": 3}
    assert_offers_are_valid(refusal(**config, dilation=(0, 1)), config)


@pytest.mark.parametrize("padding", [((-2, -2), (0, 0)), ((-5, 0), (0, 0))], ids=repr)
def test_no_kernel_is_offered_where_nothing_is_left(padding: Any) -> None:
    """When everything is cropped away, no kernel fits: the padding is what must change."""
    assert "a kernel that spans" not in refusal(padding=padding).example


@pytest.mark.parametrize("padding", [5, (4, 5), ((0, 0), (9, 1))], ids=repr)
def test_the_padding_shown_is_the_padding_given(padding: Any) -> None:
    """padding=5 is reported as padding=(5, 5), which reads like another form of padding."""
    error = refusal(padding=padding, padding_mode="symmetric")
    assert error.value == padding
    assert str(error).startswith(f"padding={padding!r}: ")


@pytest.mark.parametrize("parameter", ["bias", "flip_kernel"])
def test_a_numpy_bool_is_not_called_a_bool(parameter: str) -> None:
    """ "np.True_: must be True or False, not a bool" contradicts itself: accept it, or call it numpy.bool."""
    config = BASE | {parameter: np.bool_(True)}
    try:
        message = repr(sc.Conv(**config))
    except sc.SpecError as error:
        message = str(error)
    assert "not a bool" not in message


def test_one_axis_is_singular() -> None:
    """At rank 1 the message speaks of "the 1 axes"."""
    with pytest.raises(sc.SpecError) as caught:
        sc.Conv((4,), 2, stride=(1, 1))
    assert "1 axes" not in str(caught.value)


def test_the_nearest_theorem_is_offered() -> None:
    for typed, near in (("input_gradients", "input_gradient"), ("im2row", "im2col"), ("???", "weight_matrix")):
        with pytest.raises(sc.SpecError, match=f'Valid: theorem="{near}"$'):
            sc.prove(sc.Conv((4,), 3), typed)
