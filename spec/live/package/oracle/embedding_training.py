"""Prints the losses of the model that every bundle trains, from PyTorch: python embedding_training.py > embedding-training.json

The numbers are those of ../consumer/bundled/values.mjs.
"""

import json

import torch
from torch import nn

STEPS = 3


def values(phase, *shape):
    count = torch.Size(shape).numel()
    return (0.5 * torch.sin(torch.arange(count, dtype=torch.float64) + phase)).float().reshape(shape)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 5)
        self.gru = nn.GRU(5, 6, batch_first=True)
        self.fc = nn.Linear(6, 1)

    def forward(self, ids):
        return self.fc(self.gru(self.embedding(ids))[0][:, -1])


model = Model()
model.load_state_dict({name: values(phase, *p.shape) for phase, (name, p) in enumerate(model.named_parameters())})
ids = torch.tensor([[1, 2, 3, 0], [4, 5, 0, 6], [6, 1, 2, 3], [5, 0, 4, 4]])
targets = torch.tensor([[1.0], [-1.0], [0.5], [0.0]])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
losses = []
for _ in range(STEPS):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(ids), targets)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "losses": losses,
            "embedding": model.embedding.weight.flatten().tolist(),
            "predictions": model(ids).flatten().tolist(),
        },
        indent=2,
    )
)
