"""Models whose sizes depend on values: lengths read as numbers, elements picked by masks, phones repeated by durations."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids, lengths, padded_ids


class MaskedTokens(nn.Module):
    """The loss of the valid steps alone, picked by a mask."""

    def __init__(self, vocabulary=20, size=8, tags=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.gru = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, tags)

    def forward(self, ids, tags):
        valid = ids != 0
        hidden = self.gru(self.embedding(ids))[0][valid]
        log_p = F.log_softmax(self.out(hidden), dim=-1)
        return -log_p.gather(1, tags[valid].unsqueeze(1)).mean(), log_p


class CutToLongest(nn.Module):
    """Cuts the outputs to the longest row."""

    def __init__(self, features=4, size=6):
        super().__init__()
        self.gru = nn.GRU(features, size, batch_first=True)
        self.out = nn.Linear(size, 2)

    def forward(self, x, lengths):
        hidden, _ = self.gru(x)
        longest = lengths.max().item()
        torch._check(longest >= 1)
        torch._check(longest <= hidden.size(1))
        return self.out(hidden[:, :longest])


class LengthRegulator(nn.Module):
    """FastSpeech: each phone is repeated for its duration."""

    def __init__(self, phones=20, size=6, mels=4):
        super().__init__()
        self.embedding = nn.Embedding(phones, size)
        self.encoder = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, mels)

    def forward(self, phones, durations):
        hidden, _ = self.encoder(self.embedding(phones))
        frames = torch.repeat_interleave(hidden[0], durations[0], dim=0)
        return self.out(frames)


class OnsetTimes(nn.Module):
    """The places where a note begins."""

    def __init__(self, features=4, size=6):
        super().__init__()
        self.gru = nn.GRU(features, size, batch_first=True)
        self.out = nn.Linear(size, 1)

    def forward(self, x):
        p = torch.sigmoid(self.out(self.gru(x)[0])).squeeze(-1)
        is_onset = p > p.mean(1, keepdim=True)
        return torch.nonzero(is_onset), torch.masked_select(p, is_onset)


MODELS = [
    Model("masked_tokens", MaskedTokens, lambda b, t: (padded_ids(20, b, t), ids(4, b, t))),
    Model("cut_to_longest", CutToLongest, lambda b, t: (floats(b, t, 4), lengths(b, t) // 2 + 1)),
    Model("length_regulator", LengthRegulator, lambda b, t: (ids(20, b, t), ids(4, b, t))),
    Model("onset_times", OnsetTimes, lambda b, t: (floats(b, t, 4),)),
]
