"""An answer for each step."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
import torch.utils._pytree as pytree
from torch import nn

from .model import Model, ids, floats, lengths, mask, padded_ids


class CharWordTagger(nn.Module):
    """Words are embedded, and spelled by a GRU over their characters."""

    def __init__(self, words=30, characters=20, size=6, tags=5):
        super().__init__()
        self.words = nn.Embedding(words, size, padding_idx=0)
        self.characters = nn.Embedding(characters, 4, padding_idx=0)
        self.spell = nn.GRU(4, 4, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(size + 8, 8, batch_first=True, bidirectional=True)
        self.out = nn.Linear(16, tags)

    def forward(self, words, characters):
        batch, steps, width = characters.size()
        _, spelled = self.spell(self.characters(characters.reshape(-1, width)))
        spelled = spelled.permute(1, 0, 2).contiguous().view(batch, steps, -1)
        hidden, _ = self.gru(torch.cat((self.words(words), spelled), dim=-1))
        return self.out(hidden).argmax(-1), self.out(hidden)


class Crf(nn.Module):
    def __init__(self, tags):
        super().__init__()
        self.start = nn.Parameter(torch.randn(tags) * 0.1)
        self.transitions = nn.Parameter(torch.randn(tags, tags) * 0.1)

    def partition(self, emissions, mask):
        score = self.start + emissions[:, 0]
        for t in range(1, emissions.size(1)):
            following = torch.logsumexp(score.unsqueeze(2) + self.transitions + emissions[:, t].unsqueeze(1), dim=1)
            score = torch.where(mask[:, t].unsqueeze(1), following, score)
        return torch.logsumexp(score, dim=1)

    def score(self, emissions, tags, mask):
        score = self.start[tags[:, 0]] + emissions[:, 0].gather(1, tags[:, :1]).squeeze(1)
        for t in range(1, emissions.size(1)):
            step = self.transitions[tags[:, t - 1], tags[:, t]] + emissions[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
            score = score + step * mask[:, t]
        return score

    def viterbi(self, emissions):
        score = self.start + emissions[:, 0]
        back = []
        for t in range(1, emissions.size(1)):
            best, index = (score.unsqueeze(2) + self.transitions).max(dim=1)
            score = best + emissions[:, t]
            back.append(index)
        path = [score.argmax(dim=1)]
        for index in reversed(back):
            path.insert(0, index.gather(1, path[0].unsqueeze(1)).squeeze(1))
        return torch.stack(path, dim=1)


class CrfLoss(nn.Module):
    def __init__(self, vocabulary=30, size=6, tags=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True)
        self.emit = nn.Linear(2 * size, tags)
        self.crf = Crf(tags)

    def emissions(self, ids):
        return self.emit(self.lstm(self.embedding(ids))[0])

    def forward(self, ids, tags):
        emissions, mask = self.emissions(ids), ids > 0
        return (self.crf.partition(emissions, mask) - self.crf.score(emissions, tags, mask.float())).mean()


class CrfDecoder(CrfLoss):
    def forward(self, ids):
        return self.crf.viterbi(self.emissions(ids))


class VoiceActivity(nn.Module):
    """Frames above a threshold, smoothed, with edges where speech starts."""

    def __init__(self, features=8, hidden=8):
        super().__init__()
        self.register_buffer("mean", torch.randn(features))
        self.register_buffer("scale", torch.rand(features) + 0.5)
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        hidden, state = self.gru((x - self.mean) / self.scale)
        probability = self.out(hidden).sigmoid().squeeze(-1)
        speech = probability >= 0.5
        before = F.pad(speech[:, :-1].float(), (1, 0), value=0.0)
        starts = speech & (before < 0.5)
        return probability, speech, starts.sum(1), state


class Punctuator(nn.Module):
    """Residual GRU blocks."""

    def __init__(self, vocabulary=30, size=8, marks=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.blocks = nn.ModuleList([nn.GRU(size, size // 2, batch_first=True, bidirectional=True) for _ in range(2)])
        self.norms = nn.ModuleList([nn.LayerNorm(size) for _ in range(2)])
        self.feed = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Dropout(0.1), nn.Linear(2 * size, size))
        self.out = nn.Linear(size, marks)

    def forward(self, ids):
        x = self.embedding(ids) * self.embedding.embedding_dim**0.5
        for gru, norm in zip(self.blocks, self.norms):
            x = norm(x + gru(x)[0])
        x = x + self.feed(x)
        return self.out(x).log_softmax(dim=2)


class Tagged(NamedTuple):
    logits: torch.Tensor
    entropy: torch.Tensor


pytree._register_namedtuple(Tagged, serialized_type_name="taggers.Tagged")


class NamedTagger(nn.Module):
    """A named tuple out; the logits of tags that are not allowed are removed."""

    def __init__(self, features=6, hidden=8, tags=5):
        super().__init__()
        self.rnn = nn.RNN(features, hidden, nonlinearity="relu", batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, tags)
        self.register_buffer("allowed", torch.tensor([True, True, False, True, True]))

    def forward(self, x):
        logits = self.out(self.rnn(x)[0])
        logits = torch.where(self.allowed, logits, torch.tensor(-1e4, dtype=logits.dtype))
        p = logits.softmax(-1)
        entropy = -(p * torch.log(p + 1e-9)).sum(-1).mean(-1)
        return Tagged(logits, entropy)


class AttentiveTagger(nn.Module):
    """Self-attention with a padding mask beside a GRU."""

    def __init__(self, vocabulary=30, size=8, tags=5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.gru = nn.GRU(size, size // 2, batch_first=True, bidirectional=True)
        self.attention = nn.MultiheadAttention(size, 2, dropout=0.1, batch_first=True)
        self.out = nn.Linear(2 * size, tags)

    def forward(self, ids):
        padding = ids == 0
        hidden, _ = self.gru(self.embedding(ids))
        attended, weights = self.attention(hidden, hidden, hidden, key_padding_mask=padding)
        return self.out(torch.cat([hidden, attended], dim=-1)), weights


class BoundaryTagger(nn.Module):
    """Differences to neighbours by roll, and a window by unfold."""

    def __init__(self, features=4, hidden=6):
        super().__init__()
        self.gru = nn.GRU(3 * features, hidden, batch_first=True)
        self.out = nn.Linear(3 * hidden, 2)

    def forward(self, x):
        left, right = x - torch.roll(x, 1, dims=1), torch.roll(x, shifts=-1, dims=1) - x
        hidden, _ = self.gru(torch.cat([x, left, right], dim=2))
        windows = F.pad(hidden, (0, 0, 1, 1)).unfold(1, 3, 1)
        return self.out(windows.flatten(start_dim=2)).tanh()


MODELS = [
    Model("char_word_tagger", CharWordTagger, lambda b, t: (padded_ids(30, b, t), ids(20, b, t, 4))),
    Model("crf_loss", CrfLoss, lambda b, t: (padded_ids(30, b, t), ids(4, b, t)), train=True),
    Model("crf_decoder", CrfDecoder, lambda b, t: (ids(30, b, t),)),
    Model("voice_activity", VoiceActivity, lambda b, t: (floats(b, t, 8),)),
    Model("punctuator", Punctuator, lambda b, t: (ids(30, b, t),)),
    Model("named_tagger", NamedTagger, lambda b, t: (floats(b, t, 6),)),
    Model("attentive_tagger", AttentiveTagger, lambda b, t: (padded_ids(30, b, t),)),
    Model("boundary_tagger", BoundaryTagger, lambda b, t: (floats(b, t, 4),)),
]
