"""Models that a reader may refuse: complex numbers, control flow, other precisions."""

import torch
from torch import nn

from .model import Model, floats


class Spectrogram(nn.Module):
    """Enhances a waveform by a mask for its short-time Fourier transform."""

    def __init__(self, window=16, hidden=6):
        super().__init__()
        self.register_buffer("window", torch.hann_window(window))
        self.gru = nn.GRU(window // 2 + 1, hidden, batch_first=True)
        self.mask = nn.Linear(hidden, window // 2 + 1)

    def forward(self, wave):
        size = self.window.size(0)
        spectrum = torch.stft(wave, size, size // 4, window=self.window, return_complex=True)
        magnitude = spectrum.abs().transpose(1, 2)
        mask = torch.sigmoid(self.mask(self.gru(torch.log1p(magnitude))[0])).transpose(1, 2)
        return torch.istft(spectrum * mask, size, size // 4, window=self.window, length=wave.size(1))


class EarlyExit(nn.Module):
    """The second layer runs where the first is not sure."""

    def __init__(self, features=4, size=6):
        super().__init__()
        self.gru = nn.GRU(features, size, batch_first=True)
        self.deep, self.out = nn.Linear(size, size), nn.Linear(size, 2)

    def forward(self, x):
        hidden = self.gru(x)[1][0]
        is_sure = hidden.abs().mean() > 0.5
        return torch.cond(is_sure, lambda h: self.out(h), lambda h: self.out(torch.tanh(self.deep(h))), (hidden,))


class HalfPrecision(nn.Module):
    def __init__(self, features=4, size=6):
        super().__init__()
        self.gru = nn.GRU(features, size, batch_first=True)
        self.out = nn.Linear(size, 2)

    def forward(self, x):
        hidden, _ = self.gru(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self.out(hidden)
        return logits.float()


MODELS = [
    Model("spectrogram", Spectrogram, lambda b, t: (floats(b, t),), refused=True, steps=64),
    Model("early_exit", EarlyExit, lambda b, t: (floats(b, t, 4),), refused=True),
    Model("half_precision", HalfPrecision, lambda b, t: (floats(b, t, 4),), refused=True),
]
