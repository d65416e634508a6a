"""The elementwise functions between the layers, by name.

Each is a function of one NumPy array. Those made of max, min and products are exact in rational arithmetic;
the others leave the rational numbers, and are computed in floating point only.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple


def _clip(x: Any, low: Any, high: Any) -> Any:
    import numpy as np

    return np.minimum(np.maximum(x, low), high)


def _relu(x: Any) -> Any:
    import numpy as np

    return np.maximum(x, 0)


def _leaky(x: Any, slope: Any = Fraction(1, 100)) -> Any:
    import numpy as np

    return np.where(x > 0, x, x * _like(slope, x))


def _hard_sigmoid(x: Any) -> Any:
    return _clip(x * _like(Fraction(1, 6), x) + _like(Fraction(1, 2), x), 0, 1)


def _sigmoid(x: Any) -> Any:
    import numpy as np

    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _tanh(x: Any) -> Any:
    import numpy as np

    return np.tanh(x)


def _elu(x: Any, alpha: Any = 1) -> Any:
    import numpy as np

    return np.where(x > 0, x, _like(alpha, x) * np.expm1(np.minimum(x, 0)))


def _softplus(x: Any) -> Any:
    import numpy as np

    return np.logaddexp(x, 0)


def _gelu(x: Any) -> Any:
    import math

    import numpy as np

    return x * (1 + np.vectorize(math.erf, [x.dtype])(x / math.sqrt(2))) / 2


def _gelu_tanh(x: Any) -> Any:
    import math

    import numpy as np

    return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def _like(number: Any, x: Any) -> Any:
    """A parameter in the arithmetic of the vector."""
    return number if x.dtype == object else x.dtype.type(number)


class Function(NamedTuple):
    """One of them: how it is computed, its most parameters, and whether it maps rational numbers to such."""

    compute: Callable[..., Any]
    parameters: int = 0
    rational: bool = False


FUNCTIONS = {
    "relu": Function(_relu, rational=True),
    "leaky_relu": Function(_leaky, 1, rational=True),
    "hardtanh": Function(lambda x, low=-1, high=1: _clip(x, _like(low, x), _like(high, x)), 2, rational=True),
    "hardsigmoid": Function(_hard_sigmoid, rational=True),
    "hardswish": Function(lambda x: x * _hard_sigmoid(x), rational=True),
    "abs": Function(abs, rational=True),
    "sigmoid": Function(_sigmoid),
    "tanh": Function(_tanh),
    "silu": Function(lambda x: x * _sigmoid(x)),
    "elu": Function(_elu, 1),
    "softplus": Function(_softplus),
    "gelu": Function(_gelu),
    "gelu_tanh": Function(_gelu_tanh),
}
"""The functions by name."""
