"""Models with packed sequences, which `torch_rnn_export` exports."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .model import Model, floats, ids, lengths, padded_ids


class PackedClassifier(nn.Module):
    """The last states of both directions."""

    def __init__(self, vocabulary=30, size=8, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.gru = nn.GRU(size, size, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.out = nn.Linear(2 * size, classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        _, hidden = self.gru(packed)
        return self.out(torch.cat([hidden[-2], hidden[-1]], dim=1))


class PackedTagger(nn.Module):
    """Lengths are counted; the output is padded to all steps, by another value than 0."""

    def __init__(self, vocabulary=30, size=8, tags=5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True, proj_size=5)
        self.out = nn.Linear(10, tags)

    def forward(self, ids):
        lengths = (ids != 0).sum(1)
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        output, _ = self.lstm(packed)
        output, sizes = pad_packed_sequence(output, batch_first=True, padding_value=-1.0, total_length=ids.size(1))
        return self.out(output).log_softmax(-1), sizes


class PackedAttention(nn.Module):
    """Time first, and attention over the valid steps."""

    def __init__(self, features=5, size=6, classes=3):
        super().__init__()
        self.gru = nn.GRU(features, size, bidirectional=True)
        self.score = nn.Linear(2 * size, 1)
        self.out = nn.Linear(2 * size, classes)

    def forward(self, x, lengths):
        steps = x.size(0)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.gru(packed)[0], total_length=steps)
        mask = torch.arange(steps)[:, None] < lengths[None, :]
        scores = self.score(hidden).squeeze(-1).masked_fill(~mask, float("-inf"))
        return self.out((hidden * F.softmax(scores, dim=0).unsqueeze(-1)).sum(0))


class PackedTranslator(nn.Module):
    """A packed encoder whose state starts the decoder; attention ignores padding; exported for training."""

    def __init__(self, vocabulary=24, size=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.encoder = nn.LSTM(size, size, num_layers=2, batch_first=True)
        self.decoder = nn.LSTM(size, size, num_layers=2, batch_first=True)
        self.out = nn.Linear(2 * size, vocabulary)

    def forward(self, source, lengths, target):
        steps = source.size(1)
        packed = pack_padded_sequence(self.embedding(source), lengths, batch_first=True, enforce_sorted=False)
        memory, state = self.encoder(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True, total_length=steps)
        hidden, _ = self.decoder(self.embedding(target[:, :-1]), state)
        scores = hidden @ memory.transpose(1, 2)
        scores = scores.masked_fill(source.eq(0).unsqueeze(1), -1e9)
        context = scores.softmax(-1) @ memory
        logits = self.out(torch.cat([hidden, context], -1))
        return F.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=0), logits


class PackedStack(nn.Module):
    """Packed sequences go from layer to layer; the rows are sorted; relu."""

    def __init__(self, features=5, size=6):
        super().__init__()
        self.first = nn.RNN(features, size, batch_first=True, nonlinearity="relu")
        self.second = nn.RNN(size, size, batch_first=True)
        self.start = nn.Parameter(torch.zeros(1, 1, size))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        hidden, _ = self.first(packed, self.start.expand(-1, x.size(0), -1).contiguous())
        hidden, last = self.second(hidden)
        padded, _ = pad_packed_sequence(hidden, batch_first=True)
        return padded.amax(dim=1), last.squeeze(0)


class SpellingPacked(nn.Module):
    """Words with their characters, both packed; words of the padding have one character."""

    def __init__(self, words=30, characters=20, size=6, tags=4):
        super().__init__()
        self.words = nn.Embedding(words, size, padding_idx=0)
        self.characters = nn.Embedding(characters, 4, padding_idx=0)
        self.spell = nn.LSTM(4, 4, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(size + 8, 8, batch_first=True)
        self.out = nn.Linear(8, tags)

    def forward(self, words, characters, lengths):
        batch, steps, width = characters.shape
        flat = characters.view(batch * steps, width)
        spelled = (flat != 0).sum(1).clamp(min=1)
        packed = pack_padded_sequence(self.characters(flat), spelled, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.spell(packed)
        spelling = h.transpose(0, 1).reshape(batch, steps, -1)
        x = torch.cat([self.words(words), spelling], -1)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=steps)
        return self.out(hidden)


def sorted_lengths(batch, steps):
    return lengths(batch, steps).sort(descending=True).values


def spelled_words(batch, steps):
    return ids(30, batch, steps), padded_ids(20, batch * steps, 4).view(batch, steps, 4), lengths(batch, steps)


def translation(batch, steps):
    source = padded_ids(24, batch, steps)
    return source, (source != 0).sum(1), padded_ids(24, batch, 6)


def packed(name, make, inputs, **options):
    return Model(name, make, inputs, exporter="torch_rnn_export", **options)


MODELS = [
    packed("packed_classifier", PackedClassifier, lambda b, t: (ids(30, b, t), lengths(b, t))),
    packed("packed_tagger", PackedTagger, lambda b, t: (padded_ids(30, b, t),)),
    packed("packed_attention", PackedAttention, lambda b, t: (floats(t, b, 5), lengths(b, t))),
    packed("packed_translator", PackedTranslator, translation, train=True),
    packed("packed_stack", PackedStack, lambda b, t: (floats(b, t, 5), sorted_lengths(b, t))),
    packed("spelling_packed", SpellingPacked, spelled_words),
]
