"""The network: what a PyTorch user writes to classify sequences of different lengths."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class GRUClassifier(nn.Module):
    def __init__(self, vocab_size: int, embedding_size: int, hidden_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=0)
        self.gru = nn.GRU(embedding_size, hidden_size, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden_size, num_classes)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Tokens [B, T], padded with 0 on the right, and lengths [B] on the CPU -> logits [B, num_classes]."""
        embedded = self.embedding(tokens)
        _, h = self.gru(pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False))
        return self.fc(torch.cat([h[-2], h[-1]], dim=1))
