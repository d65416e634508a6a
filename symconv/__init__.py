"""symconv: a convolutional layer IS a fully connected layer, proved for any configuration.

>>> import symconv as sc
>>> layer = sc.Conv(input_size=(4, 4), kernel_size=(3, 3))
>>> layer.weight_matrix().shape
(4, 16)
>>> bool(sc.prove(layer).check())
True

Nothing heavy is imported until it is used: `import symconv` loads neither SymPy nor NumPy.
"""

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from .catalogue import prove, theorems
    from .errors import MissingPackage, NotApplicable, ProofFailed, SpecError, SymconvError, TooLarge, Unsupported
    from .general import general_theorems, prove_general
    from .layers import AvgPool, Conv, ConvTranspose, Layer, Linear, PixelShuffle, Upsample
    from .networks import FullyConnected, Network, fully_connected
    from .networks.onnx_models import from_onnx
    from .networks.torch_models import from_torch
    from .proof import Proof
    from .recognition.answer import Recognition
    from .recognition.projection import Projection, project
    from .recognition.recognising import recognise
    from .report import Report
    from .stacks.morphism import Merged, Split, merge, split
    from .stacks.sequential import Sequential
    from .worksheets import Worksheet, worksheet

__version__ = "0.1.0"

_HOME = {
    "Conv": "layers",
    "ConvTranspose": "layers",
    "AvgPool": "layers",
    "Upsample": "layers",
    "PixelShuffle": "layers",
    "Linear": "layers",
    "Layer": "layers",
    "Sequential": "stacks.sequential",
    "merge": "stacks.morphism",
    "split": "stacks.morphism",
    "Merged": "stacks.morphism",
    "Split": "stacks.morphism",
    "prove": "catalogue",
    "prove_general": "general",
    "general_theorems": "general",
    "theorems": "catalogue",
    "Proof": "proof",
    "Report": "report",
    "Network": "networks",
    "FullyConnected": "networks",
    "fully_connected": "networks",
    "from_torch": "networks.torch_models",
    "from_onnx": "networks.onnx_models",
    "recognise": "recognition.recognising",
    "Recognition": "recognition.answer",
    "project": "recognition.projection",
    "Projection": "recognition.projection",
    "worksheet": "worksheets",
    "Worksheet": "worksheets",
    "SymconvError": "errors",
    "SpecError": "errors",
    "Unsupported": "errors",
    "MissingPackage": "errors",
    "NotApplicable": "errors",
    "TooLarge": "errors",
    "ProofFailed": "errors",
}

__all__ = [
    "AvgPool",
    "Conv",
    "ConvTranspose",
    "FullyConnected",
    "Layer",
    "Linear",
    "Merged",
    "MissingPackage",
    "Network",
    "NotApplicable",
    "PixelShuffle",
    "Projection",
    "Proof",
    "ProofFailed",
    "Recognition",
    "Report",
    "Sequential",
    "SpecError",
    "Split",
    "SymconvError",
    "TooLarge",
    "Unsupported",
    "Upsample",
    "Worksheet",
    "__version__",
    "from_onnx",
    "from_torch",
    "fully_connected",
    "general_theorems",
    "merge",
    "project",
    "prove",
    "prove_general",
    "recognise",
    "split",
    "theorems",
    "worksheet",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'symconv' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
