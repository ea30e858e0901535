"""Exports a two-layer GRU for gru.ts, with what PyTorch computes for a batch of other sizes than the sample's.

    PYTHONPATH=python python examples/programs/gru.py
"""

from pathlib import Path

import torch
import torch_rnn_export
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent

torch.manual_seed(1)
model = nn.GRU(input_size=8, hidden_size=16, num_layers=2, batch_first=True).eval()
exported = torch_rnn_export.export(model, (torch.zeros(2, 3, 8),))
for node in exported.graph.nodes:
    node.meta.pop("stack_trace", None)  # paths of this machine, of no use on others
torch.export.save(exported, HERE / "gru.pt2")

x = torch.randn(4, 10, 8)
output, hn = model(x)
save_file({"x": x, "output": output.detach().contiguous(), "hn": hn.detach()}, HERE / "gru.safetensors")
