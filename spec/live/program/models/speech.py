"""Recognition and synthesis of speech."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids, lengths, padded_ids


class TacotronEncoder(nn.Module):
    """Convolutions with batch norm over characters, then an LSTM."""

    def __init__(self, characters=24, size=8, layers=3, kernel=5):
        super().__init__()
        self.embedding = nn.Embedding(characters, size)
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv1d(size, size, kernel, padding=(kernel - 1) // 2), nn.BatchNorm1d(size)) for _ in range(layers)
        )
        self.lstm = nn.LSTM(size, size // 2, 1, batch_first=True, bidirectional=True)

    def forward(self, text):
        x = self.embedding(text).transpose(1, 2)
        for convolution in self.convolutions:
            x = F.dropout(F.relu(convolution(x)), 0.5 if self.training else 0.0, self.training)
        return self.lstm(x.transpose(1, 2))[0]


class Highway(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.h, self.t = nn.Linear(size, size), nn.Linear(size, size)
        self.t.bias.data.fill_(-1.0)

    def forward(self, x):
        t = self.t(x).sigmoid()
        return self.h(x).relu() * t + x * (1.0 - t)


class Cbhg(nn.Module):
    """A bank of convolutions, highways, a GRU."""

    def __init__(self, size=6, bank=4):
        super().__init__()
        self.bank = nn.ModuleList([nn.Conv1d(size, size, k, padding=k // 2, bias=False) for k in range(1, bank + 1)])
        self.bank_norm = nn.BatchNorm1d(bank * size)
        self.pool = nn.MaxPool1d(kernel_size=2, stride=1, padding=1)
        self.projection = nn.Conv1d(bank * size, size, 3, padding=1, bias=False)
        self.projection_norm = nn.BatchNorm1d(size, momentum=0.2, eps=1e-3)
        self.highways = nn.ModuleList([Highway(size) for _ in range(2)])
        self.gru = nn.GRU(size, size, batch_first=True, bidirectional=True)

    def forward(self, x):
        residual, steps = x, x.size(1)
        x = x.transpose(1, 2)
        x = torch.cat([conv(x)[:, :, :steps] for conv in self.bank], dim=1)
        x = self.pool(F.relu(self.bank_norm(x), inplace=True))[:, :, :steps]
        x = self.projection_norm(self.projection(x)).transpose(1, 2) + residual
        for highway in self.highways:
            x = highway(x)
        return self.gru(x)[0]


class DeepSpeech(nn.Module):
    """2d convolutions over a spectrogram; batch norm between GRUs; lengths of the outputs."""

    def __init__(self, frequencies=12, hidden=6, characters=8):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 3, (5, 3), stride=(2, 2), padding=(2, 1), bias=False),
            nn.BatchNorm2d(3),
            nn.Hardtanh(0, 20, inplace=True),
            nn.Conv2d(3, 3, (3, 3), stride=(2, 1), padding=1),
            nn.Hardtanh(0, 20),
        )
        self.first = nn.GRU(3 * frequencies // 4, hidden, bidirectional=True, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.second = nn.GRU(hidden, hidden, bidirectional=True)
        self.out = nn.Linear(hidden, characters, bias=False)

    def forward(self, x, lengths):
        lengths = torch.div(lengths + 2 - 3, 2, rounding_mode="floor") + 1
        x = self.conv(x)
        x = x.view(x.size(0), x.size(1) * x.size(2), x.size(3)).permute(2, 0, 1).contiguous()
        x, _ = self.first(x)
        x = x.view(x.size(0), x.size(1), 2, -1).sum(2)
        steps, batch = x.size(0), x.size(1)
        x = self.norm(x.view(steps * batch, -1)).view(steps, batch, -1)
        x, _ = self.second(x)
        x = x.view(steps, batch, 2, -1).sum(2)
        return F.log_softmax(self.out(x), dim=-1), lengths


class KeywordSpotter(nn.Module):
    def __init__(self, frequencies=10, hidden=8, words=5):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, kernel_size=(3, 4), stride=(1, 2))
        self.gru = nn.GRU(4 * 4, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, words)

    def forward(self, x):
        x = F.leaky_relu(self.conv(x.unsqueeze(1)), 0.1)
        x = x.permute(0, 2, 1, 3).flatten(2)
        hidden, _ = self.gru(x)
        return F.softmax(self.out(hidden[:, -1]), dim=1)


class SpeakerEncoder(nn.Module):
    """Unit vectors of utterances, and their similarity to the centroids of speakers (GE2E)."""

    def __init__(self, frequencies=8, hidden=8, speakers=2):
        super().__init__()
        self.speakers = speakers
        self.lstm = nn.LSTM(frequencies, hidden, num_layers=2, batch_first=True)
        self.linear = nn.Linear(hidden, hidden)
        self.weight, self.bias = nn.Parameter(torch.tensor([10.0])), nn.Parameter(torch.tensor([-5.0]))

    def forward(self, utterances):
        _, (hidden, _) = self.lstm(utterances)
        embeds_raw = torch.relu(self.linear(hidden[-1]))
        embeds = embeds_raw / (torch.norm(embeds_raw, dim=1, keepdim=True) + 1e-5)
        grouped = embeds.view(self.speakers, -1, embeds.size(1))
        centroids = F.normalize(grouped.mean(dim=1), p=2, dim=1)
        return embeds, embeds @ centroids.T * self.weight + self.bias


class Transducer(nn.Module):
    """Encoder and predictor, joined for every pair of steps."""

    def __init__(self, features=8, vocabulary=10, size=6):
        super().__init__()
        self.encoder = nn.LSTM(2 * features, size, batch_first=True)
        self.embedding = nn.Embedding(vocabulary, size)
        self.predictor = nn.GRU(size, size, batch_first=True)
        self.joint = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, vocabulary))

    def forward(self, x, labels):
        batch, steps, features = x.shape
        x = x[:, : steps // 2 * 2].reshape(batch, steps // 2, 2 * features)
        encoded, _ = self.encoder(x)
        labels = F.pad(labels, (1, 0), value=0)
        predicted, _ = self.predictor(self.embedding(labels))
        return self.joint(encoded.unsqueeze(2) + predicted.unsqueeze(1)).log_softmax(-1)


class LocationAttention(nn.Module):
    """Tacotron 2's decoder: attention that sees where it was; stops at a gate."""

    def __init__(self, mels=4, size=6, filters=3):
        super().__init__()
        self.prenet = nn.Sequential(nn.Linear(mels, size), nn.ReLU(), nn.Linear(size, size), nn.ReLU())
        self.attention_rnn = nn.LSTMCell(2 * size, size)
        self.decoder_rnn = nn.LSTMCell(2 * size, size)
        self.query, self.memory = nn.Linear(size, size, bias=False), nn.Linear(size, size, bias=False)
        self.location_conv = nn.Conv1d(2, filters, 5, padding=2, bias=False)
        self.location, self.v = nn.Linear(filters, size, bias=False), nn.Linear(size, 1, bias=False)
        self.mel, self.gate = nn.Linear(2 * size, mels), nn.Linear(2 * size, 1)

    def forward(self, memory, lengths, mels):
        batch, steps, size = memory.shape
        padding = torch.arange(steps) >= lengths.unsqueeze(1)
        keys = self.memory(memory)
        h = c = dh = dc = context = memory.new_zeros(batch, size)
        weights = total = memory.new_zeros(batch, steps)
        start = memory.new_zeros(batch, 1, mels.size(2))
        inputs = self.prenet(torch.cat((start, mels), dim=1))
        outputs, gates = [], []
        for t in range(mels.size(1)):
            h, c = self.attention_rnn(torch.cat((inputs[:, t], context), -1), (h, c))
            places = self.location_conv(torch.cat((weights.unsqueeze(1), total.unsqueeze(1)), dim=1)).transpose(1, 2)
            energies = self.v(torch.tanh(self.query(h.unsqueeze(1)) + keys + self.location(places))).squeeze(-1)
            energies.masked_fill_(padding, -float("inf"))
            weights = F.softmax(energies, dim=1)
            context = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
            total = total + weights
            dh, dc = self.decoder_rnn(torch.cat((h, context), -1), (dh, dc))
            both = torch.cat((dh, context), dim=1)
            outputs += [self.mel(both)]
            gates += [self.gate(both).squeeze(1)]
        return torch.stack(outputs).transpose(0, 1), torch.stack(gates).transpose(0, 1)


class VarianceAdaptor(nn.Module):
    """FastSpeech 2: pitch in buckets, durations rounded."""

    def __init__(self, phones=20, size=6, bins=8):
        super().__init__()
        self.embedding = nn.Embedding(phones, size, padding_idx=0)
        self.encoder = nn.GRU(size, size // 2, batch_first=True, bidirectional=True)
        self.predict = nn.Conv1d(size, 2, 3, padding=1)
        self.register_buffer("edges", torch.linspace(-1, 1, bins - 1))
        self.pitch = nn.Embedding(bins, size)
        self.out = nn.Linear(size, 5)

    def forward(self, phones):
        padding = phones.eq(0)
        x, _ = self.encoder(self.embedding(phones))
        log_duration, pitch = self.predict(x.transpose(1, 2)).masked_fill(padding[:, None], 0.0).unbind(1)
        x = x + self.pitch(torch.bucketize(pitch.detach(), self.edges))
        durations = torch.clamp(torch.round(torch.exp(log_duration) - 1), min=0).long()
        return self.out(x), pitch, durations, durations.cumsum(-1)


class Aligner(nn.Module):
    """Distances of frames and phones by cdist, a Gaussian around the middle of each phone."""

    def __init__(self, phones=20, mels=5, size=6):
        super().__init__()
        self.embedding = nn.Embedding(phones, size)
        self.text = nn.GRU(size, size, batch_first=True)
        self.speech = nn.GRU(mels, size, batch_first=True)

    def forward(self, phones, mels):
        text, _ = self.text(self.embedding(phones))
        speech, _ = self.speech(mels)
        distance = torch.cdist(speech, text)
        centers = (torch.arange(phones.size(1)).float() + 0.5) * (mels.size(1) / phones.size(1))
        frames = torch.arange(mels.size(1), dtype=torch.float32) + 0.5
        prior = -((frames[:, None] - centers[None, :]) ** 2) / 8.0
        soft = F.softmax(prior - distance.pow(2), dim=-1)
        return soft, soft.argmax(-1)


MODELS = [
    Model("tacotron_encoder", TacotronEncoder, lambda b, t: (ids(24, b, t),)),
    Model("cbhg", Cbhg, lambda b, t: (floats(b, t, 6),)),
    Model("cbhg_train", Cbhg, lambda b, t: (floats(b, t, 6),), train=True),
    Model("deep_speech", DeepSpeech, lambda b, t: (floats(b, 1, 12, t), lengths(b, t)), steps=9),
    # A rate of 0.01 would magnify rounding a thousandfold, by batch norms over few steps.
    Model(
        "deep_speech_train",
        DeepSpeech,
        lambda b, t: (floats(b, 1, 12, t), lengths(b, t)),
        steps=9,
        train=True,
        rate=0.003,
    ),
    Model("keyword_spotter", KeywordSpotter, lambda b, t: (floats(b, t, 10),)),
    Model("speaker_encoder", SpeakerEncoder, lambda b, t: (floats(2 * b, t, 8),)),
    Model("transducer", Transducer, lambda b, t: (floats(b, t, 8), ids(10, b, 4))),
    Model("location_attention", LocationAttention, lambda b, t: (floats(b, t, 6), lengths(b, t), floats(b, 4, 4))),
    Model("variance_adaptor", VarianceAdaptor, lambda b, t: (padded_ids(20, b, t),)),
    Model("aligner", Aligner, lambda b, t: (ids(20, b, 5), floats(b, t, 5))),
]
