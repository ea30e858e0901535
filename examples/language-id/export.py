"""Exports the model of train.py as a program for program.ts: `forward` and the weights in one file.

    PYTHONPATH=python python examples/language-id/export.py
"""

import json
from pathlib import Path

import torch
import torch_rnn_export
from safetensors.torch import load_file

from language_id.model import GRUClassifier

HERE = Path(__file__).resolve().parent

description = json.loads((HERE / "model.json").read_text("utf-8"))
vocabulary, languages = len(description["characters"]) + 2, len(description["languages"])
model = GRUClassifier(vocabulary, description["embeddingSize"], description["hiddenSize"], languages)
model.load_state_dict(load_file(HERE / "model.safetensors"))

sample = torch.ones(2, 3, dtype=torch.long), torch.tensor([3, 2])
exported = torch_rnn_export.export(model.eval(), sample)
for node in exported.graph.nodes:
    node.meta.pop("stack_trace", None)  # paths of this machine, of no use on others
torch.export.save(exported, HERE / "model.pt2")
