"""In which order vec lists the entries of a tensor: row by row, column by column, or with the channels last.

An order is the indices from the slowest to the fastest, as a tuple of their places; the empty tuple is
row-major, the order of C, of NumPy's `ravel` and of `torch.flatten`.

    row-major       (c, i, j): the last index runs fastest
    column-major    (j, i, c): the first index runs fastest, as in Fortran, MATLAB and NumPy's order="F"
    channels-last   (i, j, c): the channel runs fastest, as in TensorFlow's NHWC
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .errors import SpecError

Item = TypeVar("Item")
Order = tuple[int, ...]
"""The places of the indices, from the slowest to the fastest; () is row-major."""

ROW_MAJOR: Order = ()
ORDERS = ("row-major", "column-major", "channels-last")


def order_named(name: object, rank: int, channels: bool) -> Order:
    """The order of that name for positions of `rank` indices, of which the first is a channel or is not.

    >>> order_named("channels-last", 3, True), order_named("column-major", 2, False), order_named("row-major", 3, True)
    ((1, 2, 0), (1, 0), ())
    """
    if name not in ORDERS:
        raise SpecError("order", name, "must be one of " + ", ".join(ORDERS), 'order="column-major"')
    places = tuple(range(rank))
    found = {"column-major": places[::-1], "channels-last": (*places[1:], *places[:1]) if channels else places}
    order = found.get(str(name), places)
    return ROW_MAJOR if order == places else order


def name_of(order: Order) -> str:
    """The name of an order; of two that are the same, the first.

    >>> name_of(()), name_of((2, 1, 0)), name_of((1, 2, 0))
    ('row-major', 'column-major', 'channels-last')
    """
    return ORDERS[0] if not order else ORDERS[1] if order == tuple(range(len(order)))[::-1] else ORDERS[2]


def by_speed(items: Sequence[Item], order: Order) -> list[Item]:
    """What belongs to each index, from the slowest to the fastest."""
    return [items[place] for place in order] if order else list(items)


def strides_in(shape: Sequence[int], order: Order) -> list[int]:
    """How far apart two neighbours along each index lie in that order.

    >>> strides_in((2, 3, 4), (1, 2, 0))
    [1, 8, 2]
    """
    result, step = [1] * len(shape), 1
    for place in reversed(order or range(len(shape))):
        result[place] = step
        step *= shape[place]
    return result


def number_in(position: Sequence[int], shape: Sequence[int], order: Order) -> int:
    """The number of a position in that order.

    >>> number_in((1, 0, 2), (2, 3, 4), ()), number_in((1, 0, 2), (2, 3, 4), (1, 2, 0))
    (14, 5)
    """
    return sum(index * step for index, step in zip(position, strides_in(shape, order), strict=True))


def position_in(number: int, shape: Sequence[int], order: Order) -> tuple[int, ...]:
    """The position that a number stands for in that order.

    >>> position_in(5, (2, 3, 4), (1, 2, 0))
    (1, 0, 2)
    """
    position = [0] * len(shape)
    for place in reversed(order or range(len(shape))):
        number, position[place] = divmod(number, shape[place])
    return tuple(position)
