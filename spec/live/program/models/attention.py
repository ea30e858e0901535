"""Attention beside recurrent layers: positions, masks, conformers, memories."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids, lengths, padded_ids


class PositionalEncoding(nn.Module):
    """A buffer that is not stored."""

    def __init__(self, size, longest=50):
        super().__init__()
        position = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, size, 2) * (-math.log(10000.0) / size))
        pe = torch.zeros(1, longest, size)
        pe[0, :, 0::2] = torch.sin(position * rate)
        pe[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", pe, persistent=False)

    def forward(self, x):
        return x + self.pe[:, : x.size(1)]


class TransformerBesideGru(nn.Module):
    def __init__(self, vocabulary=24, size=8, classes=3, norm_first=False):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.position = PositionalEncoding(size)
        self.layer = nn.TransformerEncoderLayer(size, 2, 16, dropout=0.0, batch_first=True, norm_first=norm_first)
        self.gru = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, classes)

    def forward(self, ids):
        x = self.position(self.embedding(ids) * math.sqrt(self.embedding.embedding_dim))
        x = self.layer(x, src_key_padding_mask=ids == 0)
        return self.out(self.gru(x)[1].squeeze(0))


class CausalMusic(nn.Module):
    """A transformer with a causal mask, two layers with a last norm, before a GRU; time first."""

    def __init__(self, notes=20, size=8):
        super().__init__()
        self.embedding = nn.Embedding(notes, size)
        layer = nn.TransformerEncoderLayer(size, 2, 12, dropout=0.0, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(size))
        self.gru = nn.GRU(size, size)
        self.out = nn.Linear(size, notes)

    def forward(self, notes):
        x = self.embedding(notes).transpose(0, 1)
        steps = x.size(0)
        mask = torch.full((steps, steps), float("-inf")).triu(1)
        x = self.encoder(x, mask=mask, is_causal=True)
        return self.out(self.gru(x)[0]).transpose(0, 1)


class CrossAttention(nn.Module):
    """Text looks at audio; different widths of keys and values."""

    def __init__(self, features=6, vocabulary=20, size=8):
        super().__init__()
        self.audio = nn.GRU(features, 6, batch_first=True)
        self.text = nn.GRU(size, size, batch_first=True)
        self.embedding = nn.Embedding(vocabulary, size)
        self.attention = nn.MultiheadAttention(size, 2, kdim=6, vdim=6, batch_first=True, add_bias_kv=False, bias=False)
        self.norm = nn.LayerNorm(size, elementwise_affine=False)

    def forward(self, audio, text):
        memory, _ = self.audio(audio)
        query, _ = self.text(self.embedding(text))
        attended, weights = self.attention(query, memory, memory, average_attn_weights=False)
        return self.norm(query + attended), weights


class RelativeBias(nn.Module):
    """T5's buckets of distances."""

    def __init__(self, features=5, size=8, heads=2, buckets=8, longest=16):
        super().__init__()
        self.heads, self.buckets, self.longest = heads, buckets, longest
        self.gru = nn.GRU(features, size, batch_first=True)
        self.qkv = nn.Linear(size, 3 * size, bias=False)
        self.bias = nn.Embedding(buckets, heads)

    def bucket(self, distance):
        half = self.buckets // 2
        side = (distance > 0).long() * half
        distance = torch.abs(distance)
        exact = half // 2
        far = exact + (torch.log(distance.float() / exact) / math.log(self.longest / exact) * (half - exact)).long()
        far = torch.min(far, torch.full_like(far, half - 1))
        return side + torch.where(distance < exact, distance, far)

    def forward(self, x):
        hidden, _ = self.gru(x)
        batch, steps, size = hidden.shape
        q, k, v = self.qkv(hidden).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        positions = torch.arange(steps, dtype=torch.long)
        bias = self.bias(self.bucket(positions[None, :] - positions[:, None])).permute(2, 0, 1).unsqueeze(0)
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1)) + bias
        return torch.matmul(scores.softmax(-1), v).transpose(1, 2).contiguous().view(batch, steps, size)


class Rotary(nn.Module):
    """Rotated queries and keys, causal scaled_dot_product_attention, a SwiGLU, RMS norms."""

    def __init__(self, vocabulary=20, size=8, heads=2):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocabulary, size)
        self.gru = nn.GRU(size, size, batch_first=True)
        self.norm1, self.norm2 = nn.RMSNorm(size, eps=1e-6), nn.RMSNorm(size)
        self.q, self.k, self.v, self.o = (nn.Linear(size, size, bias=False) for _ in range(4))
        self.up, self.gate, self.down = nn.Linear(size, 12), nn.Linear(size, 12), nn.Linear(12, size)
        self.register_buffer("rate", 1.0 / 100.0 ** (torch.arange(0, size // heads, 2).float() / (size // heads)))

    def rotate(self, x):
        angle = torch.outer(torch.arange(x.size(2)).type_as(self.rate), self.rate)
        cos, sin = torch.cat([angle, angle], -1).cos(), torch.cat([angle, angle], -1).sin()
        first, second = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
        return x * cos + torch.cat((-second, first), dim=-1) * sin

    def forward(self, ids):
        x = self.embedding(ids)
        x = x + self.gru(x)[0]
        y = self.norm1(x)
        q, k, v = (layer(y).unflatten(-1, (self.heads, -1)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(self.rotate(q), self.rotate(k), v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Conformer(nn.Module):
    """Half feeds, attention, a gated depthwise convolution, then a GRU."""

    def __init__(self, features=6, size=8):
        super().__init__()
        self.subsample = nn.Conv1d(features, size, 3, stride=2, padding=1)
        self.feed1, self.feed2 = (
            nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 16), nn.SiLU(), nn.Dropout(0.0), nn.Linear(16, size))
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(size, 2, batch_first=True)
        self.conv_norm = nn.LayerNorm(size)
        self.point1, self.point2 = nn.Conv1d(size, 2 * size, 1), nn.Conv1d(size, size, 1)
        self.depth = nn.Conv1d(size, size, 3, padding="same", groups=size)
        self.batch_norm = nn.BatchNorm1d(size)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        x = self.subsample(x.transpose(1, 2)).transpose(1, 2)
        lengths = (lengths - 1) // 2 + 1
        padding = torch.arange(x.size(1)).expand(x.size(0), -1) >= lengths.unsqueeze(1)
        x = x + 0.5 * self.feed1(x)
        y = self.norm(x)
        x = x + self.attention(y, y, y, key_padding_mask=padding, need_weights=False)[0]
        y = F.glu(self.point1(self.conv_norm(x).transpose(1, 2)), dim=1)
        y = self.point2(F.hardswish(self.batch_norm(self.depth(y))))
        x = x + y.transpose(1, 2).masked_fill(padding.unsqueeze(-1), 0.0)
        x = x + self.feed2(x) * 0.5
        return self.gru(x)[0], lengths


class MemoryNetwork(nn.Module):
    """Facts and a question, three hops (end-to-end memory with a GRU update)."""

    def __init__(self, vocabulary=24, size=8, hops=3):
        super().__init__()
        self.hops = hops
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.question = nn.GRU(size, size, batch_first=True)
        self.update = nn.GRUCell(size, size)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, facts, question):
        memory = self.embedding(facts).sum(2)
        u = self.question(self.embedding(question))[1][0]
        empty = (facts != 0).logical_not().all(dim=-1)
        attentions = []
        for _ in range(self.hops):
            scores = (memory * u.unsqueeze(1)).sum(-1)
            p = torch.softmax(torch.where(empty, -1e4, scores), dim=1)
            u = self.update(torch.bmm(p.unsqueeze(1), memory)[:, 0], u)
            attentions.append(p)
        return self.out(u), torch.stack(attentions, dim=1)


class LinearAttention(nn.Module):
    """Causal linear attention by cumulative sums."""

    def __init__(self, features=5, size=6):
        super().__init__()
        self.gru = nn.GRU(features, size, batch_first=True)
        self.q, self.k, self.v = nn.Linear(size, 4), nn.Linear(size, 4), nn.Linear(size, 4)

    def forward(self, x):
        x, _ = self.gru(x)
        q, k = F.elu(self.q(x)) + 1, F.elu(self.k(x)) + 1
        kv = torch.einsum("btd,bte->btde", k, self.v(x)).cumsum(1)
        scale = torch.einsum("btd,btd->bt", q, k.cumsum(dim=1)).reciprocal()
        return torch.einsum("btd,btde,bt->bte", q, kv, scale)


class LocalAttention(nn.Module):
    """Gaussian attention around a place that is learned, and a band that cannot be left."""

    def __init__(self, features=5, size=6, width=2):
        super().__init__()
        self.width = width
        self.gru = nn.GRU(features, size, batch_first=True)
        self.place = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1))

    def forward(self, x, lengths):
        hidden, _ = self.gru(x)
        steps = hidden.size(1)
        place = lengths.view(-1, 1).float() * torch.sigmoid(self.place(hidden)).squeeze(-1)
        positions = torch.arange(steps, dtype=hidden.dtype)
        gaussian = torch.exp(-((positions - place.unsqueeze(-1)) ** 2) / (2 * (self.width / 2) ** 2))
        band = torch.ones(steps, steps).tril(self.width) - torch.ones(steps, steps).tril(-self.width - 1)
        weights = gaussian * band
        weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-6)
        return weights @ hidden


class SqueezeAndExcite(nn.Module):
    """Channels are weighed by what a GRU has seen of all."""

    def __init__(self, features=8, reduction=2):
        super().__init__()
        self.gru = nn.GRU(features, features, batch_first=True)
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.fc = nn.Sequential(nn.Linear(features, features // reduction), nn.Mish(), nn.Linear(features // reduction, features))

    def forward(self, x):
        y = self.gru(x)[0].transpose(1, 2)
        gate = F.hardsigmoid(self.fc(self.pool(y).flatten(1)))
        highest = F.adaptive_max_pool1d(y, 1).squeeze(-1)
        return (y * gate.unsqueeze(-1)).transpose(1, 2), highest


MODELS = [
    Model("transformer_beside_gru", TransformerBesideGru, lambda b, t: (padded_ids(24, b, t),)),
    Model(
        "transformer_train", lambda: TransformerBesideGru(norm_first=True), lambda b, t: (padded_ids(24, b, t),), train=True
    ),
    Model("causal_music", CausalMusic, lambda b, t: (ids(20, b, t),)),
    Model("cross_attention", CrossAttention, lambda b, t: (floats(b, t, 6), ids(20, b, 5))),
    Model("relative_bias", RelativeBias, lambda b, t: (floats(b, t, 5),)),
    Model("rotary", Rotary, lambda b, t: (ids(20, b, t),)),
    Model("conformer", Conformer, lambda b, t: (floats(b, t, 6), lengths(b, t))),
    Model("memory_network", MemoryNetwork, lambda b, t: (ids(24, b, t, 4), ids(24, b, 3))),
    Model("linear_attention", LinearAttention, lambda b, t: (floats(b, t, 5),)),
    Model("local_attention", LocalAttention, lambda b, t: (floats(b, t, 5), lengths(b, t))),
    Model("squeeze_and_excite", SqueezeAndExcite, lambda b, t: (floats(b, t, 8),)),
]
