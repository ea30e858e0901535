"""The PyTorch original of gru-classifier.ts."""

import torch
from torch import Tensor, nn


class GRUClassifier(nn.Module):
    def __init__(self, vocab_size: int, embedding_size: int, hidden_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.gru = nn.GRU(embedding_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        _, hn = self.gru(self.embedding(tokens))
        return self.fc(hn[-1])


model = GRUClassifier(10000, 128, 128, 2)
tokens = torch.randint(0, 10000, (8, 50))
logits = model(tokens)

print("tokens    ", list(tokens.shape))
print("logits    ", list(logits.shape))
print("parameters", sum(parameter.numel() for parameter in model.parameters()))
