"""Reads a date as people write it, and writes it as 2021-03-05: a GRU that reads both ways, and a decoder that attends to it."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

START = 1
END = 2
MAX_STEPS = 11


class Attention(nn.Module):
    """Additive attention (arXiv:1409.0473): how much each state of the encoder matters to a state of the decoder."""

    def __init__(self, state_size: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(state_size, size)
        self.key = nn.Linear(state_size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def forward(self, h: Tensor, states: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """h [B, N], states [B, S, N], their keys [B, S, A], mask [B, S] -> context [B, N]."""
        scores = self.score(torch.tanh(self.query(h).unsqueeze(1) + keys)).squeeze(2)
        weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=1)
        return (weights.unsqueeze(2) * states).sum(dim=1)


class Decoder(nn.Module):
    def __init__(self, characters: int, embedding_size: int, state_size: int, attention_size: int) -> None:
        super().__init__()
        self.attention = Attention(state_size, attention_size)
        self.cell = nn.GRUCell(embedding_size + state_size, state_size)
        self.out = nn.Linear(2 * state_size, characters)


class DateReader(nn.Module):
    def __init__(self, characters: int, embedding_size: int, hidden_size: int, attention_size: int) -> None:
        super().__init__()
        state_size = 2 * hidden_size
        self.embedding = nn.Embedding(characters, embedding_size)
        self.encoder = nn.GRU(embedding_size, hidden_size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(state_size, state_size)
        self.decoder = Decoder(characters, embedding_size, state_size, attention_size)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Indices [B, S] -> the decoder's first state, the encoder's states, their keys, and which of them are real."""
        packed = pack_padded_sequence(self.embedding(source), lengths, batch_first=True, enforce_sorted=False)
        output, h = self.encoder(packed)
        states, _ = pad_packed_sequence(output, batch_first=True, total_length=source.shape[1])
        mask = torch.arange(source.shape[1]) < lengths.unsqueeze(1)
        first = torch.tanh(self.bridge(torch.cat([h[0], h[1]], dim=1)))
        return first, states, self.decoder.attention.key(states), mask

    def step(self, token: Tensor, h: Tensor, states: Tensor, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The state after a character, and the logits of the next one."""
        context = self.decoder.attention(h, states, keys, mask)
        h = self.decoder.cell(torch.cat([self.embedding(token), context], dim=1), h)
        return h, self.decoder.out(torch.cat([h, context], dim=1))

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        """Teacher forcing: each step reads the right character. target [B, T] -> logits [B, T, characters]."""
        h, states, keys, mask = self.encode(source, lengths)
        inputs = torch.cat([torch.full((len(target), 1), START), target[:, :-1]], dim=1)
        steps = []
        for token in inputs.T:
            h, logits = self.step(token, h, states, keys, mask)
            steps.append(logits)
        return torch.stack(steps, dim=1)

    @torch.no_grad()
    def translate(self, source: Tensor, lengths: Tensor) -> Tensor:
        """Greedy: each step reads the best character of the step before. -> indices [B, MAX_STEPS], END and more behind the answer."""
        h, states, keys, mask = self.encode(source, lengths)
        token = torch.full((len(source),), START)
        steps = []
        for _ in range(MAX_STEPS):
            h, logits = self.step(token, h, states, keys, mask)
            token = logits.argmax(dim=1)
            steps.append(token)
        return torch.stack(steps, dim=1)
