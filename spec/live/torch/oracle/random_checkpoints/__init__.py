"""Random checkpoints for the comparison with PyTorch: what Python can save, in every way that it saves it, and what it holds.

The same seed gives the same checkpoint. What it holds is taken from the tensors in memory: what a loader makes of the
file has no part in it.
"""
