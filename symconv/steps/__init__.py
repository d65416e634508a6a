"""What the proofs of single theorems are made of: their claims, the rules between them and their further checks, by subject."""
