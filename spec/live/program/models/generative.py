"""Models that write: autoencoders, characters, mixtures, codes, critics."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm as old_spectral_norm
from torch.nn.utils import weight_norm as old_weight_norm
from torch.nn.utils.parametrizations import spectral_norm

from .model import Model, floats, ids, padded_ids


class SentenceVae(nn.Module):
    """The noise is an input; the loss is reconstruction and divergence."""

    def __init__(self, vocabulary=20, size=8, latent=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size, padding_idx=0)
        self.encoder = nn.GRU(size, size, batch_first=True)
        self.mean, self.log_var = nn.Linear(size, latent), nn.Linear(size, latent)
        self.expand = nn.Linear(latent, size)
        self.decoder = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, ids, noise):
        embedded = self.embedding(ids)
        _, hidden = self.encoder(embedded)
        mean, log_var = self.mean(hidden[0]), self.log_var(hidden[0])
        z = mean + torch.exp(0.5 * log_var) * noise
        hidden = torch.tanh(self.expand(z)).unsqueeze(0)
        logits = self.out(self.decoder(embedded[:, :-1], hidden)[0])
        nll = F.nll_loss(F.log_softmax(logits, -1).transpose(1, 2), ids[:, 1:], ignore_index=0, reduction="sum")
        divergence = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        return {"loss": (nll + 0.1 * divergence) / ids.size(0), "z": z}


class SampledVae(nn.Module):
    """Draws its noise itself, in training alone."""

    def __init__(self, features=4, hidden=6, latent=3):
        super().__init__()
        self.encoder = nn.LSTM(features, hidden, batch_first=True)
        self.to_latent = nn.Linear(hidden, 2 * latent)
        self.decoder = nn.LSTM(latent, features, batch_first=True)

    def forward(self, x):
        mu, log_var = self.to_latent(self.encoder(x)[1][0].squeeze(0)).chunk(2, dim=-1)
        z = mu + torch.randn_like(mu) * (0.5 * log_var).exp() if self.training else mu
        decoded, _ = self.decoder(z.unsqueeze(1).expand(-1, x.size(1), -1))
        return decoded, mu, log_var


class AutoEncoder(nn.Module):
    """Anomalies by the error of each sequence, backwards as Srivastava did."""

    def __init__(self, features=4, hidden=6):
        super().__init__()
        self.encoder = nn.GRU(features, hidden, batch_first=True)
        self.decoder = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, features)

    def forward(self, x):
        _, code = self.encoder(x)
        repeated = code[-1].unsqueeze(1).repeat(1, x.shape[1], 1)
        restored = self.out(self.decoder(repeated)[0]).flip(1)
        error = F.mse_loss(restored, x, reduction="none").mean(dim=(1, 2))
        return restored, error, error > error.mean() + error.std()


class CharRnn(nn.Module):
    """The state goes in and out; input and output share their weights."""

    def __init__(self, vocabulary=20, size=8, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.rnn = nn.LSTM(size, size, layers, batch_first=True)
        self.decoder = nn.Linear(size, vocabulary)
        self.decoder.weight = self.embedding.weight

    def forward(self, ids, state):
        hidden, (h, c) = self.rnn(self.embedding(ids), state)
        return self.decoder(hidden), (h.detach(), c.detach())


class Handwriting(nn.Module):
    """A mixture of Gaussians for the next stroke, and its loss."""

    def __init__(self, hidden=8, mixtures=3):
        super().__init__()
        self.lstm = nn.LSTM(3, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 6 * mixtures + 1)
        self.mixtures = mixtures

    def forward(self, strokes):
        hidden, _ = self.lstm(strokes[:, :-1])
        out, lift = self.out(hidden).split([6 * self.mixtures, 1], dim=-1)
        pi, mx, my, sx, sy, rho = torch.split(out, self.mixtures, dim=-1)
        log_pi, sx, sy, rho = F.log_softmax(pi, -1), sx.exp(), sy.exp(), 0.9 * torch.tanh(rho)
        x, y, up = strokes[:, 1:].unsqueeze(-2).unbind(-1)
        zx, zy = (x - mx) / sx, (y - my) / sy
        z = zx**2 + zy**2 - 2 * rho * zx * zy
        log_p = -z / (2 * (1 - rho**2)) - math.log(2 * math.pi) - sx.log() - sy.log() - 0.5 * torch.log(1 - rho**2)
        likelihood = torch.logsumexp(log_pi + log_p, dim=-1)
        pen = F.binary_cross_entropy_with_logits(lift, up, reduction="none").squeeze(-1)
        return (pen - likelihood).mean()


class Critic(nn.Module):
    """A discriminator whose layers have spectral norm."""

    def __init__(self, features=4, hidden=6, norm=spectral_norm):
        super().__init__()
        self.conv = norm(nn.Conv1d(features, hidden, 3, padding=1))
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.out = norm(nn.Linear(hidden, 1))

    def forward(self, x):
        y = F.leaky_relu(self.conv(x.transpose(1, 2)), 0.2, inplace=True)
        return self.out(self.gru(y.transpose(1, 2))[0].mean(1))


class Vocoder(nn.Module):
    """A GRU with weight norm and upsampled conditions; mu-law codes come out."""

    def __init__(self, mels=4, size=6, factor=3, codes=16):
        super().__init__()
        self.factor, self.codes = factor, codes
        self.up = nn.ConvTranspose1d(mels, mels, 2 * factor, stride=factor, padding=factor // 2 + factor % 2, output_padding=1)
        self.gru = nn.GRU(1 + 2 * mels, size, batch_first=True)
        self.hidden = old_weight_norm(nn.Linear(size, size))
        self.out = nn.Linear(size, codes)

    def forward(self, wave, mels):
        mels = mels.transpose(1, 2)
        fine = self.up(mels)
        coarse = mels.repeat_interleave(self.factor, dim=2)
        nearest = F.interpolate(mels, scale_factor=float(self.factor), mode="nearest")
        conditions = torch.cat([fine[..., : coarse.size(-1)], 0.5 * (coarse + nearest)], dim=1).transpose(1, 2)
        hidden, _ = self.gru(torch.cat([wave.unsqueeze(-1), conditions], -1))
        logits = self.out(torch.relu(self.hidden(hidden)))
        mu = self.codes - 1
        encoded = torch.sign(wave) * torch.log1p(mu * wave.abs().clamp(max=1)) / math.log1p(mu)
        target = ((encoded + 1) / 2 * mu + 0.5).to(torch.int64)
        return F.cross_entropy(logits.transpose(1, 2), target), logits.argmax(-1)


class CodeBook(nn.Module):
    """Vector quantisation with a straight-through gradient."""

    def __init__(self, features=4, size=6, codes=8):
        super().__init__()
        self.encoder = nn.GRU(features, size, batch_first=True)
        self.codes = nn.Embedding(codes, size)
        nn.init.uniform_(self.codes.weight, -0.5, 0.5)
        self.decoder = nn.GRU(size, features, batch_first=True)

    def forward(self, x):
        z, _ = self.encoder(x)
        flat = z.reshape(-1, z.size(-1))
        w = self.codes.weight
        distance = flat.pow(2).sum(1, keepdim=True) + w.pow(2).sum(1) - 2 * flat @ w.t()
        index = distance.argmin(dim=1)
        one_hot = F.one_hot(index, self.codes.num_embeddings).float()
        quantised = (one_hot @ w).view_as(z)
        loss = F.mse_loss(quantised, z.detach()) + 0.25 * F.mse_loss(quantised.detach(), z)
        quantised = z + (quantised - z).detach()
        mean = one_hot.mean(0)
        perplexity = torch.exp(-torch.sum(mean * torch.log(mean + 1e-10)))
        return self.decoder(quantised)[0], loss, perplexity, index.view(z.shape[:-1])


class GumbelPolicy(nn.Module):
    """Soft samples from uniform noise that is an input; temperature is a number."""

    def __init__(self, features=4, hidden=6, choices=5):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, choices)

    def forward(self, x, noise, temperature: float = 1.0):
        logits = self.out(self.gru(x)[0])
        gumbel = -torch.log(-torch.log(noise * (1 - 2e-6) + 1e-6))
        soft = torch.softmax((logits + gumbel) / temperature, -1)
        hard = torch.zeros_like(soft).scatter_(-1, soft.max(-1, keepdim=True)[1], 1.0)
        return hard - soft.detach() + soft, soft


class DroppedLanguageModel(nn.Module):
    """Dropout of whole channels and between layers, in training."""

    def __init__(self, vocabulary=20, size=8):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.gru = nn.GRU(size, size, num_layers=2, dropout=0.5, batch_first=True)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, ids):
        x = F.dropout1d(self.embedding(ids).transpose(1, 2), 0.25, self.training).transpose(1, 2)
        return self.out(F.dropout(self.gru(x)[0], 0.5, training=self.training))


class AdaptiveEmbedding(nn.Module):
    """A language model that averages bags of n-grams, and scores with a bias that is learned apart."""

    def __init__(self, vocabulary=20, size=6):
        super().__init__()
        self.grams = nn.Embedding(vocabulary, size, padding_idx=0, max_norm=None)
        self.gru = nn.GRU(size, size, batch_first=True, bias=False)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, ids):
        previous = F.pad(ids, (1, 0))[:, :-1]
        pair = (ids * 7 + previous * 3) % self.grams.num_embeddings
        x = torch.stack([self.grams(ids), self.grams(pair)]).mean(0)
        hidden, _ = self.gru(x)
        logits = F.linear(hidden, self.grams.weight, self.bias)
        log_p = logits - logits.logsumexp(-1, keepdim=True)
        return log_p[:, :-1].gather(-1, ids[:, 1:, None]).squeeze(-1).mean(-1).neg().exp()


def state(batch):
    return floats(2, batch, 8), floats(2, batch, 8)


MODELS = [
    Model("sentence_vae", SentenceVae, lambda b, t: (padded_ids(20, b, t), floats(b, 4)), train=True),
    Model("sampled_vae", SampledVae, lambda b, t: (floats(b, t, 4),)),
    Model("sampled_vae_train", SampledVae, lambda b, t: (floats(b, t, 4),), train=True, random=True),
    Model("auto_encoder", AutoEncoder, lambda b, t: (floats(b, t, 4),)),
    Model("char_rnn", CharRnn, lambda b, t: (ids(20, b, t), state(b)), train=True),
    Model("handwriting", Handwriting, lambda b, t: (torch.cat([floats(b, t, 2), ids(2, b, t, 1)], -1),)),
    Model("critic", Critic, lambda b, t: (floats(b, t, 4),)),
    Model("critic_train", Critic, lambda b, t: (floats(b, t, 4),), train=True),
    Model("old_critic", lambda: Critic(norm=old_spectral_norm), lambda b, t: (floats(b, t, 4),)),
    Model("vocoder", Vocoder, lambda b, t: (floats(b, 3 * t) * 0.3, floats(b, t, 4))),
    Model("code_book", CodeBook, lambda b, t: (floats(b, t, 4),), train=True),
    Model(
        "gumbel_policy",
        GumbelPolicy,
        lambda b, t: (floats(b, t, 4), torch.rand(b, t, 5)),
        lambda b, t: {"temperature": 0.5},
    ),
    Model("dropped_language_model", DroppedLanguageModel, lambda b, t: (ids(20, b, t),), train=True, random=True),
    Model("adaptive_embedding", AdaptiveEmbedding, lambda b, t: (ids(20, b, t),)),
]
