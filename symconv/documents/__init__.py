"""The documents: what a finished derivation says, section by section, in blocks that have no format yet.

Setting, definition, output size, flattening, the matrix, theorem and proof, what the matrix looks
like, what was checked: one file each. A theorem's own file puts its document together from them.
Everything said is read off the configuration or its checked proof.
"""
