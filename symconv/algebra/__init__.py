"""Exact mathematics that knows nothing of proofs: polynomial matrices and their rank, linear systems, roots of unity, schemes."""
