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
    from .projection import Projection, project
    from .proof import Proof
    from .recognition import Recognition, recognise
    from .report import Report
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
    "prove": "catalogue",
    "prove_general": "general",
    "general_theorems": "general",
    "theorems": "catalogue",
    "Proof": "proof",
    "Report": "report",
    "recognise": "recognition",
    "Recognition": "recognition",
    "project": "projection",
    "Projection": "projection",
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
    "Layer",
    "Linear",
    "MissingPackage",
    "NotApplicable",
    "PixelShuffle",
    "Projection",
    "Proof",
    "ProofFailed",
    "Recognition",
    "Report",
    "SpecError",
    "SymconvError",
    "TooLarge",
    "Unsupported",
    "Upsample",
    "Worksheet",
    "__version__",
    "general_theorems",
    "project",
    "prove",
    "prove_general",
    "recognise",
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
