"""Trains the language identifier of examples/language-id; see ../train.py."""
