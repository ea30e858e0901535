"""One answer for a sequence: pooling, the last valid step, attention, several inputs."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, ids, floats, lengths, mask, padded_ids


class MaskedMeanClassifier(nn.Module):
    def __init__(self, vocabulary=30, size=8, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.gru = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(2 * size, classes)

    def forward(self, ids):
        mask = (ids != self.embedding.padding_idx).unsqueeze(-1).float()
        hidden, _ = self.gru(self.dropout(self.embedding(ids)))
        pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
        return self.out(self.dropout(pooled))


class LastStepClassifier(nn.Module):
    def __init__(self, features=5, hidden=8, classes=3):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, num_layers=2, batch_first=True, dropout=0.2)
        self.norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, classes)

    def forward(self, x, lengths):
        hidden, _ = self.lstm(x)
        index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, hidden.size(2))
        last = hidden.gather(1, index).squeeze(1)
        return F.log_softmax(self.out(self.norm(last)), dim=-1)


class AdvancedIndexClassifier(nn.Module):
    """The same step, picked by two index tensors."""

    def __init__(self, features=5, hidden=8, classes=3):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, classes)

    def forward(self, x, mask):
        hidden, _ = self.gru(x)
        last = mask.long().sum(1) - 1
        rows = torch.arange(x.size(0), device=x.device)
        return self.out(hidden[rows, last]).softmax(-1)


class MaxPoolClassifier(nn.Module):
    def __init__(self, vocabulary=30, size=8, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.gru = nn.GRU(size, size, bidirectional=True, batch_first=True)
        self.out = nn.Sequential(nn.Linear(4 * size, size), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(size, classes))

    def forward(self, ids):
        is_padding = ids.eq(0)
        hidden, _ = self.gru(self.embedding(ids))
        highest, _ = hidden.masked_fill(is_padding.unsqueeze(2), float("-inf")).max(dim=1)
        mean = hidden.masked_fill(is_padding.unsqueeze(2), 0).sum(1) / (~is_padding).sum(1, keepdim=True)
        return self.out(torch.cat([highest, mean], dim=1))


class AttentionPooling(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.project = nn.Linear(size, hidden)
        self.context = nn.Parameter(torch.randn(hidden))

    def forward(self, x, mask=None):
        scores = torch.tanh(self.project(x)) @ self.context
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        weights = F.softmax(scores, dim=1)
        return torch.einsum("bt,bth->bh", weights, x), weights


class AttentionClassifier(nn.Module):
    def __init__(self, vocabulary=30, size=8, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True)
        self.pool = AttentionPooling(2 * size, size)
        self.out = nn.Linear(2 * size, classes)

    def forward(self, ids, mask):
        hidden, _ = self.lstm(self.embedding(ids))
        pooled, weights = self.pool(hidden, mask)
        return {"logits": self.out(pooled), "attention": weights}


class HierarchicalAttention(nn.Module):
    """Words to sentences to a document."""

    def __init__(self, vocabulary=30, size=6, classes=3):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.words = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.word_pool = AttentionPooling(2 * size, size)
        self.sentences = nn.GRU(2 * size, size, batch_first=True, bidirectional=True)
        self.sentence_pool = AttentionPooling(2 * size, size)
        self.out = nn.Linear(2 * size, classes)

    def forward(self, document):
        batch, sentences, words = document.shape
        embedded = self.embedding(document).view(batch * sentences, words, -1)
        hidden, _ = self.words(embedded)
        vectors, _ = self.word_pool(hidden)
        hidden, _ = self.sentences(vectors.reshape(batch, sentences, -1))
        document_vector, weights = self.sentence_pool(hidden)
        return self.out(document_vector), weights


class SentimentLstm(nn.Module):
    """Time first, the last hidden state of both directions."""

    def __init__(self, vocabulary=30, size=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.rnn = nn.LSTM(size, size, num_layers=2, bidirectional=True, dropout=0.5)
        self.fc = nn.Linear(2 * size, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, text):
        embedded = self.dropout(self.embedding(text.t()))
        _, (hidden, _) = self.rnn(embedded)
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        return torch.sigmoid(self.fc(hidden)).squeeze(1)


class ConvGruClassifier(nn.Module):
    """Convolutions of three widths over characters, then a GRU; batch norm learns."""

    def __init__(self, vocabulary=20, size=6, channels=5, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.convs = nn.ModuleList([nn.Conv1d(size, channels, k, padding=k // 2) for k in (1, 3, 5)])
        self.norm = nn.BatchNorm1d(3 * channels)
        self.pool = nn.MaxPool1d(2)
        self.gru = nn.GRU(3 * channels, 8, batch_first=True)
        self.out = nn.Linear(8, classes)

    def forward(self, ids):
        x = self.embedding(ids).transpose(1, 2)
        x = torch.cat([F.relu(conv(x)) for conv in self.convs], 1)
        x = self.pool(self.norm(x)).transpose(1, 2)
        _, hidden = self.gru(x)
        return self.out(hidden[-1])


class Siamese(nn.Module):
    """Two texts through the same encoder, compared."""

    def __init__(self, vocabulary=30, size=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.encoder = nn.GRU(size, size, batch_first=True)
        self.compare = nn.Sequential(nn.Linear(4 * size, size), nn.Tanh(), nn.Linear(size, 2))

    def encode(self, ids):
        return self.encoder(self.embedding(ids))[1].squeeze(0)

    def forward(self, left, right):
        a, b = self.encode(left), self.encode(right)
        features = torch.cat((a, b, torch.abs(a - b), a * b), dim=-1)
        return self.compare(features), F.cosine_similarity(a, b)


class ManhattanLstm(nn.Module):
    def __init__(self, vocabulary=30, size=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, left, right):
        _, (a, _) = self.lstm(self.embedding(left))
        _, (b, _) = self.lstm(self.embedding(right))
        return torch.exp(-torch.norm(a[-1] - b[-1], p=1, dim=1))


class FeatureClassifier(nn.Module):
    """A dict of ids and numbers in, a dict out."""

    def __init__(self, words=30, tags=6, size=6, classes=3):
        super().__init__()
        self.words = nn.Embedding(words, size)
        self.tags = nn.Embedding(tags, 3)
        self.gru = nn.GRU(size + 3 + 2, 8, batch_first=True, bidirectional=True)
        self.out = nn.Linear(16, classes)

    def forward(self, batch):
        x = torch.cat([self.words(batch["words"]), self.tags(batch["tags"]), batch["numbers"]], dim=-1)
        hidden, last = self.gru(x)
        logits = self.out(hidden.mean(dim=1))
        probability, label = logits.softmax(dim=-1).max(dim=-1)
        return {"logits": logits, "label": label, "probability": probability, "last": last}


class TopLanguages(nn.Module):
    """Averages the log probabilities of all steps, and lists the best."""

    def __init__(self, vocabulary=30, size=8, languages=6):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.gru = nn.GRU(size, size, num_layers=2, batch_first=True)
        self.out = nn.Linear(size, languages)

    def forward(self, ids, mask):
        steps = self.out(self.gru(self.embedding(ids))[0]).log_softmax(-1)
        scores = torch.where(mask[..., None], steps, torch.zeros_like(steps)).sum(1) / mask.sum(1, keepdim=True)
        best = torch.topk(scores, k=3, dim=-1)
        return best.values, best.indices


class IntentAndSlots(nn.Module):
    """Two heads, with a loss for both where labels are given."""

    def __init__(self, vocabulary=30, size=8, intents=3, slots=5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.gru = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.intent = nn.Linear(2 * size, intents)
        self.slot = nn.Linear(2 * size, slots)

    def forward(self, ids, intent_labels=None, slot_labels=None):
        hidden, last = self.gru(self.embedding(ids))
        intent = self.intent(torch.cat([last[0], last[1]], -1))
        slot = self.slot(hidden)
        if intent_labels is None:
            return intent, slot
        loss = F.cross_entropy(intent, intent_labels)
        loss = loss + F.cross_entropy(slot.view(-1, slot.size(-1)), slot_labels.view(-1), ignore_index=-100)
        return loss, intent, slot


def slot_labels(batch, steps):
    return torch.where(mask(batch, steps), ids(5, batch, steps), -100)


MODELS = [
    Model("masked_mean_classifier", MaskedMeanClassifier, lambda b, t: (padded_ids(30, b, t),)),
    Model("last_step_classifier", LastStepClassifier, lambda b, t: (floats(b, t, 5), lengths(b, t))),
    Model("advanced_index_classifier", AdvancedIndexClassifier, lambda b, t: (floats(b, t, 5), mask(b, t))),
    Model("max_pool_classifier", MaxPoolClassifier, lambda b, t: (padded_ids(30, b, t),)),
    Model("attention_classifier", AttentionClassifier, lambda b, t: (ids(30, b, t), mask(b, t))),
    Model("hierarchical_attention", HierarchicalAttention, lambda b, t: (ids(30, b, 3, t),)),
    Model("sentiment_lstm", SentimentLstm, lambda b, t: (ids(30, b, t),)),
    Model("conv_gru_classifier", ConvGruClassifier, lambda b, t: (ids(20, b, t),), train=True, steps=8),
    Model("siamese", Siamese, lambda b, t: (padded_ids(30, b, t), padded_ids(30, b, t))),
    Model("manhattan_lstm", ManhattanLstm, lambda b, t: (ids(30, b, t), ids(30, b, t))),
    Model(
        "feature_classifier",
        FeatureClassifier,
        lambda b, t: ({"words": ids(30, b, t), "tags": ids(6, b, t), "numbers": floats(b, t, 2)},),
    ),
    Model("top_languages", TopLanguages, lambda b, t: (ids(30, b, t), mask(b, t))),
    Model("intent_and_slots", IntentAndSlots, lambda b, t: (padded_ids(30, b, t),)),
    Model(
        "intent_and_slots_loss",
        IntentAndSlots,
        lambda b, t: (padded_ids(30, b, t),),
        lambda b, t: {"intent_labels": ids(3, b), "slot_labels": slot_labels(b, t)},
        train=True,
    ),
]
