"""The gate of the proofs: what proofs/wp/prove does, in parts."""
