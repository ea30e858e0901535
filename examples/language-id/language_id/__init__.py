"""Trains the language identifier of examples/language-id; see ../train_language_id.py."""
