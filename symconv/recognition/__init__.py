"""Matrices that somebody gave: which convolution one is, or what contradicts it, and the nearest that is one."""
