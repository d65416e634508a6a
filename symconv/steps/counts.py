"""How often a kernel tap meets an input along one axis, in closed form.

Tap u of output i reads position s i + d u - low. Inside the signal, before it and behind it the input
that lies at position t is an affine expression in t (see `padding`), so each of the three parts is a
range of outputs, and with input dilation every so-many-th of them.
"""

from __future__ import annotations

from math import gcd

from ..readmap import Axis
from ..sums import Index, number


def multiples(first: int, last: int, slope: int, offset: int, modulus: int) -> int:
    """How many i from first to last make slope * i + offset a multiple of modulus.

    >>> multiples(0, 9, 1, 2, 3) == len([i for i in range(10) if (i + 2) % 3 == 0])
    True
    """
    common = gcd(slope, modulus)
    if last < first or offset % common:
        return 0
    step = modulus // common  # they are the i that leave one remainder modulo this
    remainder = -(offset // common) * pow(slope // common, -1, step) % step
    return (last - remainder) // step - (first - 1 - remainder) // step


def met(axis: Axis, tap: int) -> int:
    """For how many outputs a tap reads an input rather than zero: floors and ceilings, no loop over outputs.

    >>> from symconv import Conv
    >>> [met(Conv((4,), 3, padding=1).read_map.axes[0], u) for u in range(3)]
    [3, 4, 3]
    """
    along = axis.taps - 1 - tap if axis.flip else tap
    at = axis.dilation * along - axis.low  # output i reads position stride * i + at
    last = axis.outputs - 1
    enters = max(0, -(at // axis.stride))  # the first output that reads position 0 or later
    leaves = min(last, (axis.length - 1 - at) // axis.stride)  # the last one that reads position N - 1 or earlier
    total = multiples(enters, leaves, axis.stride, at, axis.scale)
    for affine, first, end in (
        (axis.rule.before(axis.length), 0, min(last, (-1 - at) // axis.stride)),
        (axis.rule.after(axis.length), max(0, -((at - axis.length) // axis.stride)), last),
    ):
        if affine is not None:
            slope, offset = affine
            total += multiples(first, end, slope * axis.stride, slope * at + offset, axis.scale)
    return total


def first_output(axis: Axis) -> Index:
    """Divided by the stride and floored: the first output that reads position 0 or later, as an expression in the tap.

    The ceiling of -a / s is the floor of (s - 1 - a) / s.
    """
    return number(axis.stride - 1) - axis.position.substitute(axis.letters.output, number(0))


def last_output(axis: Axis) -> Index:
    """Divided by the stride and floored: the last output that reads the last position of the signal or an earlier one."""
    return number(axis.length - 1) - axis.position.substitute(axis.letters.output, number(0))
