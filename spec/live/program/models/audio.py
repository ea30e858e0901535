"""Enhancement, separation, music: waveforms and spectrograms."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids


class MaskEstimator(nn.Module):
    """A mask for a noisy spectrogram."""

    def __init__(self, frequencies=9, hidden=8):
        super().__init__()
        self.lstm = nn.LSTM(frequencies, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Sequential(nn.Linear(hidden, frequencies), nn.Sigmoid())

    def forward(self, magnitude):
        features = torch.log1p(magnitude.abs())
        mean = features.mean(dim=(1, 2), keepdim=True)
        std = features.std(dim=(1, 2), keepdim=True)
        mask = self.fc(self.lstm((features - mean) / (std + 1e-5))[0])
        return mask * magnitude, mask


class RnNoise(nn.Module):
    """Three GRUs with skips; the state goes in and out."""

    def __init__(self, features=8, size=6, bands=5):
        super().__init__()
        self.dense = nn.Linear(features, size)
        self.vad_gru = nn.GRU(size, size, batch_first=True)
        self.noise_gru = nn.GRU(2 * size + features, size, batch_first=True)
        self.denoise_gru = nn.GRU(2 * size + features, size, batch_first=True)
        self.vad, self.gains = nn.Linear(size, 1), nn.Linear(size, bands)

    def forward(self, x, states=None):
        vad_state, noise_state, denoise_state = states if states is not None else (None, None, None)
        dense = torch.tanh(self.dense(x))
        vad, vad_state = self.vad_gru(dense, vad_state)
        noise, noise_state = self.noise_gru(torch.cat([dense, vad, x], -1), noise_state)
        clean, denoise_state = self.denoise_gru(torch.cat([vad, noise, x], -1), denoise_state)
        return torch.sigmoid(self.gains(clean)), torch.sigmoid(self.vad(vad)), (vad_state, noise_state, denoise_state)


class Demucs(nn.Module):
    """Strided convolutions with GLU, an LSTM, transposed convolutions with skips."""

    def __init__(self, channels=4, depth=2, kernel=8, stride=4):
        super().__init__()
        self.kernel, self.stride, self.depth = kernel, stride, depth
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        inner, outer = 1, channels
        for _ in range(depth):
            self.encoder.append(
                nn.Sequential(nn.Conv1d(inner, outer, kernel, stride), nn.ReLU(), nn.Conv1d(outer, 2 * outer, 1), nn.GLU(1))
            )
            decode = [nn.Conv1d(outer, 2 * outer, 1), nn.GLU(1), nn.ConvTranspose1d(outer, inner, kernel, stride)]
            self.decoder.insert(0, nn.Sequential(*decode, *([nn.ReLU()] if inner > 1 else [])))
            inner, outer = outer, 2 * outer
        self.lstm = nn.LSTM(inner, inner, bidirectional=True)
        self.linear = nn.Linear(2 * inner, inner)

    def valid_length(self, length):
        for _ in range(self.depth):
            length = max(-(-(length - self.kernel) // self.stride) + 1, 1)
        for _ in range(self.depth):
            length = (length - 1) * self.stride + self.kernel
        return int(length)

    def forward(self, mix):
        length = mix.shape[-1]
        std = mix.std(dim=-1, keepdim=True)
        x = F.pad(mix / (1e-3 + std), (0, self.valid_length(length) - length))
        skips = []
        for encode in self.encoder:
            x = encode(x)
            skips.append(x)
        x = self.linear(self.lstm(x.permute(2, 0, 1))[0]).permute(1, 2, 0)
        for decode in self.decoder:
            skip = skips.pop(-1)
            x = decode(x + skip[..., : x.shape[-1]])
        return x[..., :length] * std


class GlobalLayerNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channels, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, y):
        mean = y.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        var = (torch.pow(y - mean, 2)).mean(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        return self.gamma * (y - mean) / torch.pow(var + 1e-8, 0.5) + self.beta


class TasNet(nn.Module):
    """A learned filter bank, depthwise convolutions, a GRU, masks for two speakers."""

    def __init__(self, filters=8, kernel=4, hidden=8, speakers=2):
        super().__init__()
        self.speakers = speakers
        self.encoder = nn.Conv1d(1, filters, kernel, stride=kernel // 2, bias=False)
        self.norm = GlobalLayerNorm(filters)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(filters, hidden, 1),
                nn.PReLU(),
                nn.GroupNorm(1, hidden, eps=1e-8),
                nn.Conv1d(hidden, hidden, 3, padding=2**i, dilation=2**i, groups=hidden),
                nn.PReLU(),
                nn.Conv1d(hidden, filters, 1),
            )
            for i in range(2)
        )
        self.gru = nn.GRU(filters, filters // 2, batch_first=True, bidirectional=True)
        self.mask = nn.Conv1d(filters, speakers * filters, 1)
        self.decoder = nn.ConvTranspose1d(filters, 1, kernel, stride=kernel // 2, bias=False)

    def forward(self, mixture):
        w = F.relu(self.encoder(mixture.unsqueeze(1)))
        x = self.norm(w)
        for block in self.blocks:
            x = x + block(x)
        x = self.gru(x.mT)[0].mT
        masks = self.mask(x).view(x.size(0), self.speakers, -1, x.size(2)).relu()
        sources = w.unsqueeze(1) * masks
        decoded = self.decoder(sources.flatten(0, 1)).squeeze(1)
        return decoded.unflatten(0, (-1, self.speakers))


class DualPath(nn.Module):
    """GRUs within chunks and across them."""

    def __init__(self, features=6, hidden=6, chunk=4):
        super().__init__()
        self.chunk = chunk
        self.intra = nn.GRU(features, hidden, batch_first=True, bidirectional=True)
        self.inter = nn.GRU(features, hidden, batch_first=True)
        self.intra_linear, self.inter_linear = nn.Linear(2 * hidden, features), nn.Linear(hidden, features)
        self.intra_norm, self.inter_norm = nn.GroupNorm(1, features), nn.GroupNorm(2, features)

    def forward(self, x):
        batch, steps, features = x.shape
        gap = (self.chunk - steps % self.chunk) % self.chunk
        x = F.pad(x, (0, 0, 0, gap))
        chunks = (steps + gap) // self.chunk
        x = x.view(batch, chunks, self.chunk, features)
        y = self.intra_linear(self.intra(x.reshape(batch * chunks, self.chunk, features))[0]).view_as(x)
        x = x + self.intra_norm(y.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        z = x.transpose(1, 2).reshape(batch * self.chunk, chunks, features)
        z = self.inter_linear(self.inter(z)[0]).view(batch, self.chunk, chunks, features).transpose(1, 2)
        x = x + self.inter_norm(z.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x.flatten(1, 2)[:, :steps]


class OnsetsAndFrames(nn.Module):
    """Two stacks over mel frames; the frames see the onsets, without a gradient."""

    def __init__(self, mels=8, size=6, keys=7):
        super().__init__()
        self.onset_stack, self.frame_stack = (self.conv_stack(mels, size) for _ in range(2))
        self.onset_lstm = nn.LSTM(size, size // 2, batch_first=True, bidirectional=True)
        self.onset, self.frame = nn.Linear(size, keys), nn.Linear(size, keys)
        self.combined = nn.Sequential(nn.Linear(2 * keys, keys), nn.Sigmoid())

    @staticmethod
    def conv_stack(mels, size):
        return nn.ModuleList(
            [
                nn.Conv2d(1, 3, (3, 3), padding=1),
                nn.BatchNorm2d(3),
                nn.MaxPool2d((1, 2)),
                nn.Dropout2d(0.25),
                nn.Linear(3 * (mels // 2), size),
            ]
        )

    @staticmethod
    def run(stack, mel):
        conv, norm, pool, drop, fc = stack
        x = drop(pool(F.relu(norm(conv(mel.unsqueeze(1))))))
        return fc(x.transpose(1, 2).flatten(-2))

    def forward(self, mel, onset_target=None):
        onset = torch.sigmoid(self.onset(self.onset_lstm(self.run(self.onset_stack, mel))[0]))
        frame = torch.sigmoid(self.frame(self.run(self.frame_stack, mel)))
        frame = self.combined(torch.cat([onset.detach(), frame], dim=-1))
        if onset_target is None:
            return onset, frame
        return F.binary_cross_entropy(onset, onset_target), onset, frame


class PitchTracker(nn.Module):
    """A distribution over pitch bins; the average around the highest one."""

    def __init__(self, bins=12, hidden=8):
        super().__init__()
        self.front = nn.Sequential(nn.Conv1d(1, 6, 8, stride=4, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.AvgPool1d(2))
        self.gru = nn.GRU(6, hidden, batch_first=True)
        self.out = nn.Linear(hidden, bins)
        self.register_buffer("cents", torch.arange(bins, dtype=torch.float) * 20 + 1997.3794084376191)

    def forward(self, audio):
        frames = audio.unfold(-1, 32, 16)
        batch, count, width = frames.shape
        frames = (frames - frames.mean(-1, keepdim=True)) / frames.std(-1, keepdim=True).clamp(min=1e-10)
        x = self.front(frames.reshape(batch * count, 1, width)).mean(-1).view(batch, count, -1)
        salience = torch.sigmoid(self.out(self.gru(x)[0]))
        center = salience.argmax(-1, keepdim=True)
        offsets = torch.arange(-2, 3) + center
        inside = (offsets >= 0) & (offsets < salience.size(-1))
        offsets = offsets.clamp(0, salience.size(-1) - 1)
        near = salience.gather(-1, offsets) * inside
        cents = (near * self.cents[offsets]).sum(-1) / near.sum(-1)
        return salience, 10 * 2 ** (cents / 1200)


class BeatTracker(nn.Module):
    """Dilated convolutions (a TCN) with ELU, beside a GRU."""

    def __init__(self, features=6, size=6):
        super().__init__()
        self.first = nn.Conv1d(features, size, 1)
        self.blocks = nn.ModuleList([nn.Conv1d(size, size, 3, dilation=2**i, padding=2**i) for i in range(3)])
        self.gru = nn.GRU(size, size, batch_first=True)
        self.beats, self.tempo = nn.Linear(2 * size, 2), nn.Linear(size, 10)

    def forward(self, x):
        y = F.elu(self.first(x.movedim(-1, 1)))
        skips = torch.zeros_like(y)
        for conv in self.blocks:
            out = F.elu(conv(y), alpha=0.5)
            skips += out
            y = y + out
        y = y.movedim(1, 2)
        recurrent, _ = self.gru(y)
        tempo = F.softmax(self.tempo(skips.mean(-1)), -1)
        return self.beats(torch.cat([y, recurrent], -1)), tempo


class SoundEvents(nn.Module):
    """A CRNN whose clips are pooled by attention."""

    def __init__(self, mels=8, classes=4):
        super().__init__()
        self.bn0 = nn.BatchNorm2d(mels)
        self.conv = nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.gru = nn.GRU(6, 6, batch_first=True, bidirectional=True)
        self.att, self.cla = nn.Conv1d(12, classes, 1), nn.Conv1d(12, classes, 1)

    def forward(self, x):
        x = x[:, None]
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        x = F.relu_(self.bn1(self.conv(x)))
        x = F.avg_pool2d(x, kernel_size=(1, 2)) + F.max_pool2d(x, kernel_size=(1, 2))
        x = torch.mean(x, dim=3).transpose(1, 2)
        x, _ = self.gru(x)
        x = x.transpose(1, 2)
        weights = torch.softmax(torch.clamp(self.att(x), -10, 10), dim=-1)
        framewise = torch.sigmoid(self.cla(x))
        clipwise = torch.sum(weights * framewise, dim=2)
        upsampled = F.interpolate(framewise, scale_factor=2, mode="linear", align_corners=False)
        return {"clipwise": clipwise, "framewise": upsampled.transpose(1, 2)}


class Pcen(nn.Module):
    """Learned per-channel energy normalisation, smoothed step by step."""

    def __init__(self, mels=6, hidden=6):
        super().__init__()
        self.alpha = nn.Parameter(torch.full((mels,), 0.98).log())
        self.delta, self.r = nn.Parameter(torch.full((mels,), 2.0).log()), nn.Parameter(torch.full((mels,), 0.5).log())
        self.register_buffer("smooth", torch.tensor(0.1))
        self.gru = nn.GRU(mels, hidden, batch_first=True)

    def forward(self, energy):
        frames = [energy[:, 0]]
        for t in range(1, energy.size(1)):
            frames.append(torch.lerp(frames[-1], energy[:, t], self.smooth))
        smoothed = torch.stack(frames, 1)
        alpha, delta, r = self.alpha.exp(), self.delta.exp(), self.r.exp()
        gain = torch.exp(-alpha * torch.log(1e-6 + smoothed))
        return self.gru((energy * gain + delta) ** r - delta**r)[0]


def states(batch):
    return tuple(floats(1, batch, 6) for _ in range(3))


MODELS = [
    Model("mask_estimator", MaskEstimator, lambda b, t: (floats(b, t, 9),)),
    Model("rn_noise", RnNoise, lambda b, t: (floats(b, t, 8), states(b))),
    Model("demucs", Demucs, lambda b, t: (floats(b, 1, t),), steps=50),
    Model("tas_net", TasNet, lambda b, t: (floats(b, t),), steps=20),
    Model("dual_path", DualPath, lambda b, t: (floats(b, t, 6),), steps=10),
    Model("onsets_and_frames", OnsetsAndFrames, lambda b, t: (floats(b, t, 8),)),
    Model("onsets_and_frames_loss", OnsetsAndFrames, lambda b, t: (floats(b, t, 8), ids(2, b, t, 7).float())),
    Model("pitch_tracker", PitchTracker, lambda b, t: (floats(b, t),), steps=96),
    Model("beat_tracker", BeatTracker, lambda b, t: (floats(b, t, 6),)),
    Model("sound_events", SoundEvents, lambda b, t: (floats(b, t, 8),)),
    Model("pcen", Pcen, lambda b, t: (floats(b, t, 6).exp(),), steps=5),
]
