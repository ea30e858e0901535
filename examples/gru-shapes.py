"""The PyTorch original of gru-shapes.ts."""

import torch
from torch import nn

gru = nn.GRU(input_size=256, hidden_size=256, num_layers=2, batch_first=True)
x = torch.randn(4, 10, 256)
output, hn = gru(x)

print("input ", list(x.shape))  # batch, steps, input size
print("output", list(output.shape))  # batch, steps, hidden size: the last layer at every step
print("hn    ", list(hn.shape))  # layers, batch, hidden size: every layer after the last step
