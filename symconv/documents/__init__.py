"""The documents: what a finished derivation says, section by section.

Setting, definition, output size, flattening, the matrix, theorem and proof, what the matrix looks
like, what was checked. Everything said is read off the configuration or its checked proof.
"""

from __future__ import annotations

from ..proof import Proof
from ..sums import WEIGHT
from .blocks import Block, Document, Statement, words
from .columns import columns_matrix, im2col_formula
from .common import checked, steps
from .rows import rows
from .setting import definition, flattening, key, output_size, setting, title
from .shape import shape_of_matrix
from .weights import the_matrix
from .wording import batch_formula, theorem_formula


def weight_matrix_document(proof: Proof) -> Document:
    """The whole derivation of vec(Y) = W vec(X) + b."""
    layer = proof.layer
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *flattening(layer),
        *the_matrix(proof),
        Statement(
            words(
                "{}: the layer is a fully connected layer with weight matrix {}",
                theorem_formula(layer.definition),
                WEIGHT,
            )
            + words(". For a batch, one input in each row of {}, this is {}.", "X", batch_formula(layer.definition))
        ),
        steps(proof),
        *rows(proof),
        *shape_of_matrix(proof),
        *checked(proof),
    ]
    return Document(title(layer, "is a matrix product"), tuple(blocks), key(proof))


def im2col_document(proof: Proof) -> Document:
    """The whole derivation of Y = K C + b."""
    layer = proof.layer
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *columns_matrix(proof),
        Statement(
            words("{}", im2col_formula(layer))
            + (": the layer is the product of its kernel matrix and the matrix of the inputs it reads",)
            + (".",)
        ),
        steps(proof),
        *checked(proof),
    ]
    return Document(title(layer, "is an im2col product"), tuple(blocks), key(proof))
