"""Layers one after the other: their matrix, the one convolution that they are, and one layer as two."""
