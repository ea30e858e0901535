"""The corpus: models of the field, written as their users write them, a file for each family."""

from . import (
    attention,
    audio,
    cells,
    classifiers,
    decisions,
    dependent,
    forecasting,
    generative,
    images,
    packed,
    refused,
    seq2seq,
    speech,
    taggers,
)
from .model import Model

FAMILIES = [
    classifiers,
    taggers,
    seq2seq,
    speech,
    audio,
    forecasting,
    generative,
    attention,
    cells,
    images,
    decisions,
    packed,
    dependent,
    refused,
]

MODELS: dict[str, Model] = {model.name: model for family in FAMILIES for model in family.MODELS}
