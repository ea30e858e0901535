"""The network of g2p-en: an encoder reads a word's letters, a decoder writes its phonemes."""

from collections.abc import Sequence
from itertools import takewhile

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

START = 2
END = 3
MAX_PHONEMES = 20


class G2P(nn.Module):
    def __init__(self, graphemes: int, phonemes: int, embedding_size: int, hidden_size: int) -> None:
        super().__init__()
        self.enc_emb = nn.Embedding(graphemes, embedding_size)
        self.encoder = nn.GRU(embedding_size, hidden_size, batch_first=True)
        self.dec_emb = nn.Embedding(phonemes, embedding_size)
        self.decoder = nn.GRUCell(embedding_size, hidden_size)
        self.fc = nn.Linear(hidden_size, phonemes)

    @torch.no_grad()
    def forward(self, words: Sequence[Sequence[int]]) -> list[list[int]]:
        """The phonemes of words of any lengths, indices both."""
        embedded = [self.enc_emb(torch.tensor(word)) for word in words]
        _, hn = self.encoder(pack_sequence(embedded, enforce_sorted=False))
        return [list(takewhile(lambda phoneme: phoneme != END, row)) for row in self.decode(hn[0]).tolist()]

    def decode(self, h: Tensor) -> Tensor:
        """Greedy: each step's best phoneme is the next step's input. State [B, H] -> phonemes [B, MAX_PHONEMES]."""
        phoneme = torch.full((len(h),), START)
        steps = []
        for _ in range(MAX_PHONEMES):
            h = self.decoder(self.dec_emb(phoneme), h)
            phoneme = self.fc(h).argmax(dim=1)
            steps.append(phoneme)
        return torch.stack(steps, dim=1)
