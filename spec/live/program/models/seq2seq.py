"""Encoders and decoders: attention, teacher forcing, greedy decoding, pointers."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids, lengths, padded_ids


class AdditiveAttention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.query = nn.Linear(size, size, bias=False)
        self.key = nn.Linear(2 * size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def forward(self, query, memory, mask):
        energy = self.score(torch.tanh(self.query(query).unsqueeze(1) + self.key(memory))).squeeze(-1)
        weights = energy.masked_fill(~mask, -1e10).softmax(dim=-1)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1), weights


class TeacherForcing(nn.Module):
    """Bahdanau's translator; the decoder's loop reads the targets."""

    def __init__(self, source=30, target=20, size=8):
        super().__init__()
        self.source = nn.Embedding(source, size, padding_idx=0)
        self.target = nn.Embedding(target, size, padding_idx=0)
        self.encoder = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * size, size)
        self.attention = AdditiveAttention(size)
        self.cell = nn.GRUCell(3 * size, size)
        self.out = nn.Linear(4 * size, target)

    def encode(self, source):
        memory, last = self.encoder(self.source(source))
        return memory, torch.tanh(self.bridge(torch.cat([last[0], last[1]], dim=1)))

    def step(self, token, hidden, memory, mask):
        embedded = self.target(token)
        context, weights = self.attention(hidden, memory, mask)
        hidden = self.cell(torch.cat([embedded, context], 1), hidden)
        return self.out(torch.cat([hidden, context, embedded], 1)), hidden, weights

    def forward(self, source, target):
        mask = source != 0
        memory, hidden = self.encode(source)
        outputs = torch.zeros(source.size(0), target.size(1), self.out.out_features, device=source.device)
        for t in range(target.size(1)):
            outputs[:, t], hidden, _ = self.step(target[:, t], hidden, memory, mask)
        return outputs


class GreedyTranslator(TeacherForcing):
    """The same weights, fed with their own answers."""

    def __init__(self, steps=5, start=1, **sizes):
        super().__init__(**sizes)
        self.steps, self.start = steps, start

    def forward(self, source):
        mask = source.ne(0)
        memory, hidden = self.encode(source)
        token = torch.full((source.shape[0],), self.start, dtype=torch.long)
        tokens, alignments = [], []
        for _ in range(self.steps):
            logits, hidden, weights = self.step(token, hidden, memory, mask)
            token = logits.argmax(dim=-1)
            tokens.append(token)
            alignments.append(weights)
        return torch.stack(tokens, 1), torch.stack(alignments, 1)


class LuongTranslator(nn.Module):
    """Attention over the whole decoder at once, and the loss over shifted targets."""

    def __init__(self, vocabulary=24, size=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.encoder = nn.LSTM(size, size, num_layers=2, batch_first=True, dropout=0.0)
        self.decoder = nn.LSTM(size, size, num_layers=2, batch_first=True, dropout=0.0)
        self.general = nn.Linear(size, size, bias=False)
        self.combine = nn.Linear(2 * size, size)
        self.out = nn.Linear(size, vocabulary, bias=False)
        self.out.weight = self.embedding.weight
        self.criterion = nn.CrossEntropyLoss(ignore_index=0, label_smoothing=0.1)

    def forward(self, source, target):
        memory, state = self.encoder(self.embedding(source))
        hidden, _ = self.decoder(self.embedding(target[:, :-1]), state)
        scores = torch.bmm(hidden, self.general(memory).transpose(1, 2))
        scores = scores.masked_fill((source == 0)[:, None, :], float("-inf"))
        context = torch.matmul(F.softmax(scores, -1), memory)
        logits = self.out(torch.tanh(self.combine(torch.cat((context, hidden), dim=-1))))
        loss = self.criterion(logits.reshape(-1, logits.shape[-1]), target[:, 1:].reshape(-1))
        return {"loss": loss, "logits": logits}


class DotProductTranslator(nn.Module):
    """scaled_dot_product_attention between two GRUs."""

    def __init__(self, vocabulary=24, size=8, heads=2):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocabulary, size)
        self.encoder = nn.GRU(size, size, batch_first=True)
        self.decoder = nn.GRU(size, size, batch_first=True)
        self.q, self.kv = nn.Linear(size, size), nn.Linear(size, 2 * size)
        self.norm = nn.LayerNorm(size)
        self.out = nn.Linear(size, vocabulary)

    def split(self, x):
        batch, steps, size = x.shape
        return x.view(batch, steps, self.heads, size // self.heads).transpose(1, 2)

    def forward(self, source, target, lengths):
        memory, last = self.encoder(self.embedding(source))
        hidden, _ = self.decoder(self.embedding(target), last)
        keys, values = self.kv(memory).chunk(2, dim=-1)
        mask = torch.arange(source.size(1), device=source.device)[None] < lengths[:, None]
        attended = F.scaled_dot_product_attention(
            self.split(self.q(hidden)), self.split(keys), self.split(values), attn_mask=mask[:, None, None, :]
        )
        attended = attended.transpose(1, 2).reshape(hidden.shape)
        return self.out(self.norm(hidden + attended))


class PointerNetwork(nn.Module):
    """Picks inputs one after the other, and never the same twice."""

    def __init__(self, features=2, size=8, picks=4):
        super().__init__()
        self.picks = picks
        self.embed = nn.Linear(features, size)
        self.encoder = nn.LSTM(size, size, batch_first=True)
        self.cell = nn.LSTMCell(size, size)
        self.start = nn.Parameter(torch.randn(size))
        self.w1, self.w2 = nn.Linear(size, size, bias=False), nn.Linear(size, size, bias=False)
        self.v = nn.Parameter(torch.rand(size) - 0.5)

    def forward(self, points):
        embedded = self.embed(points)
        memory, (h, c) = self.encoder(embedded)
        state = (h.squeeze(0), c.squeeze(0))
        x = self.start.expand(points.size(0), -1)
        taken = torch.zeros(points.shape[:2], dtype=torch.bool)
        log_probabilities, picks = [], []
        for _ in range(self.picks):
            state = self.cell(x, state)
            scores = torch.tanh(self.w1(memory) + self.w2(state[0]).unsqueeze(1)).matmul(self.v)
            log_p = F.log_softmax(scores.masked_fill(taken, -1e9), dim=-1)
            pick = log_p.max(-1)[1]
            taken = taken.scatter(1, pick.unsqueeze(1), True)
            x = torch.gather(embedded, 1, pick[:, None, None].repeat(1, 1, embedded.size(-1))).squeeze(1)
            log_probabilities.append(log_p.gather(1, pick[:, None]))
            picks.append(pick)
        return torch.cat(log_probabilities, 1).sum(-1), torch.stack(picks, dim=-1)


class CopyMechanism(nn.Module):
    """A mixture of generated words and of words of the source."""

    def __init__(self, vocabulary=20, size=8):
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(vocabulary, size)
        self.encoder = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.decoder = nn.GRU(size, 2 * size, batch_first=True)
        self.generate = nn.Linear(2 * size, vocabulary)
        self.switch = nn.Linear(2 * size, 1)

    def forward(self, source, target):
        memory, _ = self.encoder(self.embedding(source))
        hidden, _ = self.decoder(self.embedding(target))
        attention = torch.einsum("bth,bsh->bts", hidden, memory).softmax(-1)
        gate = torch.sigmoid(self.switch(hidden))
        copied = torch.zeros(*hidden.shape[:2], self.vocabulary)
        copied.scatter_add_(2, source.unsqueeze(1).expand(-1, target.size(1), -1), attention)
        p = gate * self.generate(hidden).softmax(-1) + (1 - gate) * copied
        return torch.log(p.clamp_min(1e-8))


class BagDecoder(nn.Module):
    """A coverage loss: attention that comes back to the same place costs."""

    def __init__(self, features=5, size=6):
        super().__init__()
        self.encoder = nn.GRU(features, size, batch_first=True)
        self.query = nn.Parameter(torch.randn(4, size))

    def forward(self, x, lengths):
        memory, _ = self.encoder(x)
        steps = torch.arange(x.size(1)).unsqueeze(0)
        bias = torch.zeros(x.size(0), x.size(1)).masked_fill_(steps >= lengths.unsqueeze(1), -1e4)
        attention = F.softmax(self.query @ memory.transpose(1, 2) + bias.unsqueeze(1), dim=-1)
        coverage = attention.cumsum(1) - attention
        return attention @ memory, torch.minimum(attention, coverage).sum((1, 2))


MODELS = [
    Model("teacher_forcing", TeacherForcing, lambda b, t: (padded_ids(30, b, t), ids(20, b, 5))),
    Model("greedy_translator", GreedyTranslator, lambda b, t: (padded_ids(30, b, t),)),
    Model("luong_translator", LuongTranslator, lambda b, t: (padded_ids(24, b, t), padded_ids(24, b, 6)), train=True),
    Model(
        "dot_product_translator",
        DotProductTranslator,
        lambda b, t: (ids(24, b, t), ids(24, b, 5), lengths(b, t)),
    ),
    Model("pointer_network", PointerNetwork, lambda b, t: (floats(b, t, 2),)),
    Model("copy_mechanism", CopyMechanism, lambda b, t: (ids(20, b, t), ids(20, b, 4))),
    Model("coverage", BagDecoder, lambda b, t: (floats(b, t, 5), lengths(b, t))),
]
