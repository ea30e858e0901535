"""Recurrence written by hand: cells in loops, custom gates, states that a module keeps."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids


class CellTagger(nn.Module):
    """Both directions of an LSTM cell."""

    def __init__(self, features=4, hidden=6):
        super().__init__()
        self.hidden = hidden
        self.forward_cell, self.backward_cell = nn.LSTMCell(features, hidden), nn.LSTMCell(features, hidden)
        self.out = nn.Linear(2 * hidden, 3)

    def run(self, cell, x):
        h = torch.zeros(x.size(0), self.hidden, device=x.device)
        c = torch.zeros_like(h)
        outputs = []
        for step in x.unbind(dim=1):
            h, c = cell(step, (h, c))
            outputs.append(h)
        return torch.stack(outputs, dim=1)

    def forward(self, x):
        there = self.run(self.forward_cell, x)
        back = torch.flip(self.run(self.backward_cell, torch.flip(x, [1])), [1])
        return self.out(torch.cat((there, back), dim=2))


class LayerNormGru(nn.Module):
    """Gates by chunk, each normalised."""

    def __init__(self, features=4, hidden=6):
        super().__init__()
        self.hidden = hidden
        self.x, self.h = nn.Linear(features, 3 * hidden), nn.Linear(hidden, 3 * hidden, bias=False)
        self.norm_x, self.norm_h = nn.LayerNorm(3 * hidden), nn.LayerNorm(3 * hidden)

    def forward(self, x, h=None):
        if h is None:
            h = x.new_zeros((x.size(0), self.hidden))
        gates = self.norm_x(self.x(x))
        outputs = x.new_empty((x.size(0), x.size(1), self.hidden))
        for t in range(x.size(1)):
            xr, xz, xn = gates[:, t].chunk(3, dim=-1)
            hr, hz, hn = torch.chunk(self.norm_h(self.h(h)), 3, -1)
            r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
            n = torch.tanh(torch.addcmul(xn, r, hn))
            h = torch.lerp(n, h, z)
            outputs[:, t] = h
        return outputs, h


class PeepholeLstm(nn.Module):
    """Parameters without modules: addmm, a forget bias, clipped cells."""

    def __init__(self, features=4, hidden=5):
        super().__init__()
        self.weight_x = nn.Parameter(torch.randn(features, 4 * hidden) * 0.3)
        self.weight_h = nn.Parameter(torch.randn(hidden, 4 * hidden) * 0.3)
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        self.peep = nn.Parameter(torch.randn(3, hidden) * 0.1)
        with torch.no_grad():
            self.bias[hidden : 2 * hidden].fill_(1.0)

    def forward(self, x):
        hidden = self.peep.shape[1]
        h = c = torch.zeros(x.shape[0], hidden, dtype=x.dtype)
        for t in range(x.shape[1]):
            gates = torch.addmm(self.bias, x[:, t], self.weight_x) + h.mm(self.weight_h)
            i, f, g, o = gates.split(hidden, dim=1)
            i, f = (i + self.peep[0] * c).sigmoid(), (f + self.peep[1] * c).sigmoid()
            c = (f * c + i * g.tanh()).clamp(-3, 3)
            h = (o + self.peep[2] * c).sigmoid_() * torch.tanh(c)
        return h, c


class ZoneOut(nn.Module):
    """A tanh cell whose units keep their value with a mask that is an input."""

    def __init__(self, features=4, hidden=6):
        super().__init__()
        self.cell = nn.RNNCell(features, hidden)
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, keep):
        h = torch.zeros(x.size(0), self.cell.hidden_size)
        for t in range(x.size(1)):
            new = self.cell(x[:, t], h)
            h = keep[:, t] * h + (1 - keep[:, t]) * new
        return self.out(h)


class StreamingGru(nn.Module):
    """Keeps its state in a buffer from call to call, and counts the calls."""

    def __init__(self, features=4, hidden=6, batch=2):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.register_buffer("state", torch.zeros(1, batch, hidden))
        self.register_buffer("calls", torch.tensor(0), persistent=False)

    def forward(self, x):
        output, state = self.gru(x, self.state.clone())
        self.state.copy_(state.detach())
        self.calls.add_(1)
        return output


class Qrnn(nn.Module):
    """Convolutions in time, and pooling that is element by element."""

    def __init__(self, features=4, hidden=5):
        super().__init__()
        self.conv = nn.Conv1d(features, 3 * hidden, 2)

    def forward(self, x):
        gates = self.conv(F.pad(x.transpose(1, 2), [1, 0])).permute(2, 0, 1)
        z, f, o = gates.tensor_split(3, dim=-1)
        z, f, o = z.tanh(), f.sigmoid(), o.sigmoid()
        c = torch.zeros_like(z[0])
        outputs = []
        for t in range(z.size(0)):
            c = f[t] * c + (1 - f[t]) * z[t]
            outputs.append(o[t] * c)
        return torch.stack(outputs).swapaxes(0, 1), c


class ClockworkRnn(nn.Module):
    """Blocks of the state move at steps that divide their periods."""

    def __init__(self, features=4, block=3, periods=(1, 2, 4)):
        super().__init__()
        self.block, self.periods = block, periods
        hidden = block * len(periods)
        self.x, self.h = nn.Linear(features, hidden), nn.Linear(hidden, hidden)
        slower = torch.ones(len(periods), len(periods)).triu()
        self.register_buffer("mask", slower.repeat_interleave(block, 0).repeat_interleave(block, 1))

    def forward(self, x):
        h = x.new_zeros(x.size(0), self.mask.size(0))
        for t in range(x.size(1)):
            new = torch.tanh(self.x(x[:, t]) + F.linear(h, self.h.weight * self.mask, self.h.bias))
            moves = [t % period == 0 for period in self.periods]
            active = torch.tensor(moves).repeat_interleave(self.block)
            h = torch.where(active, new, h)
        return h


class ConvLstm(nn.Module):
    """An LSTM of images."""

    def __init__(self, channels=1, hidden=3):
        super().__init__()
        self.hidden = hidden
        self.conv = nn.Conv2d(channels + hidden, 4 * hidden, 3, padding=1)
        self.out = nn.Conv2d(hidden, channels, 1)

    def forward(self, frames):
        batch, steps, _, height, width = frames.size()
        h = torch.zeros(batch, self.hidden, height, width)
        c = torch.zeros(batch, self.hidden, height, width)
        for t in range(steps):
            i, f, o, g = torch.split(self.conv(torch.cat([frames[:, t], h], dim=1)), self.hidden, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return torch.sigmoid(self.out(h))


class NoBatch(nn.Module):
    """One sequence without a batch axis, and a batch of one that is squeezed."""

    def __init__(self, vocabulary=20, size=6):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.gru = nn.GRU(size, size, num_layers=2)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, ids):
        x = self.embedding(ids)
        output, hidden = self.gru(x)
        again, _ = self.gru(x.unsqueeze(1), hidden.unsqueeze(1))
        return self.out(output + again.squeeze(1))


class FrozenEncoder(nn.Module):
    """Pretrained features that are not trained, under no_grad."""

    def __init__(self, vocabulary=20, size=6):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.randn(vocabulary, size), freeze=True)
        self.encoder = nn.GRU(size, size, batch_first=True)
        self.head = nn.GRU(size, size, batch_first=True)

    def forward(self, ids):
        with torch.no_grad():
            features = self.encoder(self.embedding(ids))[0]
            features = (features - features.mean(1, keepdim=True)) * 2.0
        return self.head(features)[1].squeeze(0)


def alternate(batch, steps):
    return floats(batch, steps, 4), (torch.rand(batch, steps, 6) < 0.3).float()


MODELS = [
    Model("cell_tagger", CellTagger, lambda b, t: (floats(b, t, 4),), steps=5),
    Model("layer_norm_gru", LayerNormGru, lambda b, t: (floats(b, t, 4),), steps=4),
    Model("peephole_lstm", PeepholeLstm, lambda b, t: (floats(b, t, 4),), steps=4),
    Model("zone_out", ZoneOut, alternate, steps=4),
    Model("streaming_gru", StreamingGru, lambda b, t: (floats(2, t, 4),)),
    Model("qrnn", Qrnn, lambda b, t: (floats(b, t, 4),), steps=5),
    Model("clockwork_rnn", ClockworkRnn, lambda b, t: (floats(b, t, 4),), steps=5),
    Model("conv_lstm", ConvLstm, lambda b, t: (floats(b, t, 1, 6, 5),), steps=3),
    Model("no_batch", NoBatch, lambda b, t: (ids(20, t),)),
    Model("frozen_encoder", FrozenEncoder, lambda b, t: (ids(20, b, t),), train=True),
]
