"""The PyTorch original of examples/g2p."""
