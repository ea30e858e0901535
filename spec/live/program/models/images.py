"""Images and videos beside recurrent layers."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids


class Crnn(nn.Module):
    """Reads a line of text: convolutions, then an LSTM over the columns."""

    def __init__(self, height=16, hidden=8, characters=10):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 4, 3, 1, 1),
            nn.ReLU(True),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(4, 6, 3, 1, 1),
            nn.BatchNorm2d(6),
            nn.ReLU(True),
            nn.MaxPool2d((2, 2), (2, 1), (0, 1)),
            nn.Conv2d(6, 8, (height // 4, 2), 1, 0),
            nn.ReLU6(),
        )
        self.rnn = nn.LSTM(8, hidden, bidirectional=True)
        self.embedding = nn.Linear(2 * hidden, characters)

    def forward(self, image):
        conv = self.cnn(image)
        conv = conv.squeeze(2).permute(2, 0, 1)
        recurrent, _ = self.rnn(conv)
        steps, batch, width = recurrent.size()
        return self.embedding(recurrent.view(steps * batch, width)).view(steps, batch, -1)


class VideoClassifier(nn.Module):
    """Frames one by one through a CNN, then a GRU; adaptive pools, instance norm."""

    def __init__(self, classes=4):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, padding=1, padding_mode="replicate"),
            nn.InstanceNorm2d(4, affine=True),
            nn.SiLU(inplace=True),
            nn.Conv2d(4, 6, 3, groups=2),
            nn.Softplus(),
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        self.gru = nn.GRU(6, 8, batch_first=True)
        self.out = nn.Linear(8, classes)

    def forward(self, video):
        batch, frames = video.shape[:2]
        features = self.cnn(video.view(-1, *video.shape[2:])).view(batch, frames, -1)
        return self.out(self.gru(features)[0].mean(1))


class Captioner(nn.Module):
    """The picture is the first state; words attend to its cells."""

    def __init__(self, vocabulary=20, size=8):
        super().__init__()
        self.cnn = nn.Conv2d(3, size, 3, stride=3)
        self.to_h, self.to_c = nn.Linear(size, size), nn.Linear(size, size)
        self.embedding = nn.Embedding(vocabulary, size)
        self.cell = nn.LSTMCell(2 * size, size)
        self.attention = nn.Linear(2 * size, 1)
        self.beta = nn.Linear(size, size)
        self.out = nn.Linear(size, vocabulary)

    def forward(self, image, words):
        cells = self.cnn(image).flatten(2).permute(0, 2, 1)
        count = cells.size(1)
        mean = cells.mean(dim=1)
        h, c = torch.tanh(self.to_h(mean)), torch.tanh(self.to_c(mean))
        predictions = torch.zeros(words.size(0), words.size(1), self.out.out_features)
        alphas = torch.zeros(words.size(0), words.size(1), count)
        for t in range(words.size(1)):
            pairs = torch.cat([cells, h.unsqueeze(1).expand(-1, count, -1)], dim=2)
            alpha = F.softmax(self.attention(pairs).squeeze(2), dim=1)
            context = (cells * alpha.unsqueeze(2)).sum(dim=1) * torch.sigmoid(self.beta(h))
            h, c = self.cell(torch.cat([self.embedding(words[:, t]), context], dim=1), (h, c))
            predictions[:, t, :] = self.out(h)
            alphas[:, t] = alpha
        return predictions, ((1.0 - alphas.sum(dim=1)) ** 2).mean()


class RowUpsampler(nn.Module):
    """Rows of an image through a GRU, enlarged three ways."""

    def __init__(self, width=6, channels=4):
        super().__init__()
        self.gru = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.conv = nn.Conv2d(2, channels, 3, padding=1)
        self.up = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1)

    def forward(self, image):
        batch, height, width = image.shape
        rows = self.gru(image)[0].view(batch, height, 2, width).permute(0, 2, 1, 3)
        shuffled = F.pixel_shuffle(self.conv(rows), 2)
        nearest = F.interpolate(image.unsqueeze(1), scale_factor=2, mode="nearest")
        bilinear = F.interpolate(image.unsqueeze(1), size=(2 * height, 2 * width), mode="bilinear", align_corners=True)
        return torch.cat([shuffled, nearest, bilinear, self.up(image.unsqueeze(1))], 1)


class GlimpseNetwork(nn.Module):
    """Patches by unfold, cosine positions, a GRU over the patches in reflected borders."""

    def __init__(self, patch=4, hidden=8):
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(patch * patch, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.norm = nn.GroupNorm(2, hidden)
        self.out = nn.Linear(hidden, 5)

    def forward(self, image):
        x = F.pad(image, (2, 2, 2, 2), mode="reflect")
        patches = F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        hidden, _ = self.gru(self.project(patches))
        pooled = self.norm(hidden.transpose(1, 2)).amax(-1)
        return F.log_softmax(self.out(F.relu6(pooled)), 1)


MODELS = [
    Model("crnn", Crnn, lambda b, t: (floats(b, 1, 16, 12),)),
    Model("crnn_train", Crnn, lambda b, t: (floats(b, 1, 16, 12),), train=True),
    Model("video_classifier", VideoClassifier, lambda b, t: (floats(b, t, 3, 9, 9),), steps=4),
    Model("captioner", Captioner, lambda b, t: (floats(b, 3, 9, 9), ids(20, b, t)), steps=4),
    Model("row_upsampler", RowUpsampler, lambda b, t: (floats(b, t, 6),)),
    Model("glimpse_network", GlimpseNetwork, lambda b, t: (floats(b, 1, 8, 8),)),
]
