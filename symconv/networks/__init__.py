"""Networks: a graph of layers and operations, converted to one explicit fully connected network.

`graph` is a network as data and `operations` what its nodes do; `conversion` makes the matrices, `checks`
proves them and `page` writes it down. `torch_models` and `onnx_models` read networks of those frameworks.
"""

from .conversion import Dense, FullyConnected, fully_connected
from .graph import Network, Node
from .operations import Activation, Add, Apply, Concat, Operation, Refused, Reshape, Scale
from .rearranging import Permute, Take

__all__ = [
    "Activation",
    "Add",
    "Apply",
    "Concat",
    "Dense",
    "FullyConnected",
    "Network",
    "Node",
    "Operation",
    "Permute",
    "Refused",
    "Reshape",
    "Scale",
    "Take",
    "fully_connected",
]
