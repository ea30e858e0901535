"""The corpus: models of the field, written as their users write them, a file for each family."""

from . import attention, audio, cells, classifiers, decisions, forecasting, generative, images, packed, seq2seq, speech, taggers
from .model import Model

FAMILIES = [classifiers, taggers, seq2seq, speech, audio, forecasting, generative, attention, cells, images, decisions, packed]

MODELS: dict[str, Model] = {model.name: model for family in FAMILIES for model in family.MODELS}
