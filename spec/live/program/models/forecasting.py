"""Time series: distributions, roll-outs, decompositions, missing values."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from .model import Model, floats, ids


class DeepAr(nn.Module):
    """A Gaussian for each step; the loss is its likelihood."""

    def __init__(self, series=5, covariates=2, hidden=8):
        super().__init__()
        self.series = nn.Embedding(series, 3)
        self.lstm = nn.LSTM(1 + covariates + 3, hidden, num_layers=2, batch_first=True, dropout=0.0)
        self.mu, self.sigma = nn.Linear(hidden, 1), nn.Linear(hidden, 1)

    def forward(self, target, covariates, series):
        scale = 1.0 + target.abs().mean(dim=1, keepdim=True)
        scaled = target / scale
        lagged = torch.cat([torch.zeros_like(scaled[:, :1]), scaled[:, :-1]], dim=1).unsqueeze(-1)
        embedded = self.series(series)[:, None].expand(-1, target.size(1), -1)
        hidden, _ = self.lstm(torch.cat([lagged, covariates, embedded], dim=-1))
        mu, sigma = self.mu(hidden).squeeze(-1) * scale, F.softplus(self.sigma(hidden)).squeeze(-1) * scale
        nll = 0.5 * math.log(2 * math.pi) + torch.log(sigma) + 0.5 * ((target - mu) / sigma) ** 2
        return nll.mean(), mu, sigma


class LstNet(nn.Module):
    """Convolution, GRU, a GRU that skips over periods, and a linear highway."""

    def __init__(self, series=4, window=12, hidden=6, skip=3, kernel=4, highway=5):
        super().__init__()
        self.series, self.window, self.hidden, self.skip, self.highway_window = series, window, hidden, skip, highway
        self.periods = (window - kernel + 1) // skip
        self.conv = nn.Conv2d(1, hidden, kernel_size=(kernel, series))
        self.gru, self.skip_gru = nn.GRU(hidden, hidden), nn.GRU(hidden, 3)
        self.linear = nn.Linear(hidden + skip * 3, series)
        self.highway = nn.Linear(highway, 1)
        self.dropout = nn.Dropout(p=0.2)

    def forward(self, x):
        batch = x.size(0)
        c = self.dropout(F.relu(self.conv(x.view(-1, 1, self.window, self.series)))).squeeze(3)
        r = self.dropout(self.gru(c.permute(2, 0, 1).contiguous())[1].squeeze(0))
        s = c[:, :, int(-self.periods * self.skip) :].contiguous()
        s = s.view(batch, self.hidden, self.periods, self.skip).permute(2, 0, 3, 1).contiguous()
        s = s.view(self.periods, batch * self.skip, self.hidden)
        s = self.skip_gru(s)[1].view(batch, self.skip * 3)
        res = self.linear(torch.cat((r, self.dropout(s)), 1))
        z = x[:, -self.highway_window :, :].permute(0, 2, 1).contiguous().view(-1, self.highway_window)
        return torch.sigmoid(res + self.highway(z).view(-1, self.series))


class RollOut(nn.Module):
    """Encodes the past, and feeds each forecast back."""

    def __init__(self, features=3, hidden=8, horizon=4):
        super().__init__()
        self.horizon = horizon
        self.encoder = nn.GRU(features, hidden, num_layers=2, batch_first=True)
        self.cells = nn.ModuleList([nn.GRUCell(1, hidden), nn.GRUCell(hidden, hidden)])
        self.out = nn.Linear(hidden, 1)

    def forward(self, past):
        _, states = self.encoder(past)
        states = list(states)
        y = past[:, -1, :1]
        forecast = []
        for _ in range(self.horizon):
            x = y
            for layer, cell in enumerate(self.cells):
                states[layer] = x = cell(x, states[layer])
            y = y + self.out(x)
            forecast.append(y)
        return torch.cat(forecast, dim=1)


class GatedResidual(nn.Module):
    def __init__(self, inputs, size):
        super().__init__()
        self.skip = nn.Linear(inputs, size) if inputs != size else nn.Identity()
        self.first, self.second, self.gate = nn.Linear(inputs, size), nn.Linear(size, size), nn.Linear(size, 2 * size)
        self.norm = nn.LayerNorm(size)

    def forward(self, x):
        y = self.second(F.elu(self.first(x)))
        return self.norm(self.skip(x) + F.glu(self.gate(y), dim=-1))


class FusionTransformer(nn.Module):
    """A small temporal fusion transformer: variables are selected, an LSTM, masked attention, quantiles."""

    def __init__(self, variables=3, size=6, quantiles=3):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Linear(1, size) for _ in range(variables)])
        self.select = GatedResidual(variables * size, variables)
        self.transform = nn.ModuleList([GatedResidual(size, size) for _ in range(variables)])
        self.lstm = nn.LSTM(size, size, batch_first=True)
        self.enrich = GatedResidual(size, size)
        self.attention = nn.MultiheadAttention(size, 2, batch_first=True)
        self.out = nn.Linear(size, quantiles)

    def forward(self, x):
        embedded = [layer(x[..., i : i + 1]) for i, layer in enumerate(self.embeddings)]
        weights = self.select(torch.cat(embedded, dim=-1)).softmax(dim=-1).unsqueeze(-2)
        transformed = torch.stack([layer(value) for layer, value in zip(self.transform, embedded)], dim=-1)
        selected = (weights * transformed).sum(-1)
        hidden = self.enrich(self.lstm(selected)[0] + selected)
        steps = x.shape[1]
        causal = torch.triu(torch.ones(steps, steps, dtype=torch.bool), diagonal=1)
        attended, _ = self.attention(hidden, hidden, hidden, attn_mask=causal, need_weights=False)
        return self.out(hidden + attended), weights.squeeze(-2)


class ReversibleNorm(nn.Module):
    """Normalises each series, forecasts, and puts mean and scale back; the trend is a moving average."""

    def __init__(self, series=3, hidden=8, horizon=4, kernel=5):
        super().__init__()
        self.horizon, self.kernel = horizon, kernel
        self.weight, self.bias = nn.Parameter(torch.ones(series)), nn.Parameter(torch.zeros(series))
        self.gru = nn.GRU(series, hidden, batch_first=True)
        self.season, self.trend = nn.Linear(hidden, horizon * series), nn.Linear(series, horizon * series)

    def forward(self, x):
        mean = x.mean(1, keepdim=True).detach()
        stdev = torch.sqrt(torch.var(x, dim=1, keepdim=True, unbiased=False) + 1e-5).detach()
        x = (x - mean) / stdev * self.weight + self.bias
        front, end = x[:, :1].repeat(1, self.kernel // 2, 1), x[:, -1:].repeat(1, self.kernel // 2, 1)
        trend = F.avg_pool1d(torch.cat([front, x, end], 1).permute(0, 2, 1), self.kernel, stride=1).permute(0, 2, 1)
        _, hidden = self.gru(x - trend)
        y = self.season(hidden[-1]) + self.trend(trend[:, -1])
        y = y.reshape(-1, self.horizon, x.size(2))
        return (y - self.bias) / (self.weight + 1e-10) * stdev + mean


class QuantileForecaster(nn.Module):
    """Quantiles that cannot cross, with the pinball loss."""

    def __init__(self, features=3, hidden=8):
        super().__init__()
        self.register_buffer("quantiles", torch.tensor([0.1, 0.5, 0.9]))
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x, y):
        raw = self.out(self.gru(x)[0][:, -1])
        prediction = torch.cumsum(torch.cat([raw[:, :1], F.softplus(raw[:, 1:])], dim=1), dim=1)
        error = y.unsqueeze(1) - prediction
        loss = torch.max((self.quantiles - 1) * error, self.quantiles * error)
        return loss.sum(dim=1).mean(), prediction


class CalendarForecaster(nn.Module):
    """Hours since the start become days of the week, hours of the day, and angles."""

    def __init__(self, hidden=8):
        super().__init__()
        self.day = nn.Embedding(7, 3)
        self.gru = nn.GRU(1 + 3 + 3, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, load, hours):
        hour, day = hours % 24, hours // 24 % 7
        angle = hour.float() * (2 * math.pi / 24)
        weekend = (day >= 5).to(load.dtype)
        features = [load.unsqueeze(-1), self.day(day), torch.stack([torch.sin(angle), torch.cos(angle), weekend], -1)]
        hidden, _ = self.gru(torch.cat(features, -1))
        return (self.out(hidden).squeeze(-1) + load).relu(), day.remainder(2), -hours // 5


class GruD(nn.Module):
    """Missing values decay towards the mean; so does the state."""

    def __init__(self, features=3, hidden=6):
        super().__init__()
        self.register_buffer("mean", torch.randn(features))
        self.decay_x = nn.Parameter(torch.rand(features))
        self.decay_h = nn.Linear(features, hidden)
        self.cell = nn.GRUCell(2 * features, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, observed, delta):
        h = torch.zeros(x.size(0), self.cell.hidden_size)
        last = self.mean.expand_as(x[:, 0])
        for t in range(x.size(1)):
            m = observed[:, t]
            last = torch.where(m, x[:, t], last)
            gamma = torch.exp(-F.relu(self.decay_x * delta[:, t]))
            filled = torch.where(m, x[:, t], gamma * last + (1 - gamma) * self.mean)
            h = h * torch.exp(-torch.maximum(self.decay_h(delta[:, t]), torch.tensor(0.0)))
            h = self.cell(torch.cat([filled, m.float()], dim=1), h)
        return self.out(h)


class CausalBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__()
        self.padding = (kernel - 1) * dilation
        self.conv1 = weight_norm(nn.Conv1d(inputs, outputs, kernel, padding=self.padding, dilation=dilation))
        self.conv2 = weight_norm(nn.Conv1d(outputs, outputs, kernel, padding=self.padding, dilation=dilation))
        self.down = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None
        self.dropout = nn.Dropout(0.0)

    def forward(self, x):
        y = self.dropout(F.relu(self.conv1(x)[:, :, : -self.padding].contiguous()))
        y = self.dropout(F.relu(self.conv2(y)[:, :, : -self.padding].contiguous()))
        return F.relu(y + (x if self.down is None else self.down(x)))


class TcnGru(nn.Module):
    """Causal convolutions with weight norm, then a GRU."""

    def __init__(self, features=3, size=6):
        super().__init__()
        self.tcn = nn.Sequential(CausalBlock(features, size, 3, 1), CausalBlock(size, size, 3, 2))
        self.gru = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, 1)

    def forward(self, x):
        y = self.tcn(x.transpose(1, 2)).transpose(1, 2)
        return self.out(self.gru(y)[0])


class OnlineNormaliser(nn.Module):
    """Counts and averages what it has seen, in buffers."""

    def __init__(self, features=3, hidden=6):
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.long))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("last", torch.zeros(4, features))
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x):
        self.count += 1
        self.mean += (x.mean((0, 1)) - self.mean) / self.count
        self.last = torch.roll(self.last, -1, 0)
        self.last[-1] = x[:, -1].mean(0)
        return self.gru(x - self.mean)[0].mean(1), self.last.sum(0)


class FourierForecaster(nn.Module):
    """Harmonics of a period as a design matrix, least squares by the normal equations, a GRU on what is left."""

    def __init__(self, hidden=6, order=2, period=6.0):
        super().__init__()
        self.order, self.period = order, period
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, y):
        t = torch.arange(0, y.size(1), dtype=torch.float32)
        k = torch.linspace(1, self.order, self.order)
        angles = torch.outer(t, k) * (2 * math.pi / self.period)
        design = torch.hstack([torch.ones(y.size(1), 1), angles.sin(), angles.cos()])
        weights = y @ design / design.square().sum(0)
        season = weights @ design.t()
        residual = (y - season)[..., None]
        return season + self.out(self.gru(residual)[0])[..., 0], weights


class MixtureOfExperts(nn.Module):
    """Gates pick the two best of four GRUs."""

    def __init__(self, features=3, hidden=5, experts=4):
        super().__init__()
        self.experts = nn.ModuleList([nn.GRU(features, hidden, batch_first=True) for _ in range(experts)])
        self.gate = nn.Linear(features, experts)

    def forward(self, x):
        scores = self.gate(x.mean(1))
        values, indices = scores.topk(2, dim=-1)
        weights = torch.full_like(scores, -torch.inf).scatter(-1, indices, values).softmax(-1)
        outputs = torch.stack([expert(x)[1][0] for expert in self.experts], dim=1)
        importance = weights.sum(0)
        balance = importance.var() / (importance.mean() ** 2 + 1e-10)
        return torch.einsum("be,beh->bh", weights, outputs), balance


def observations(batch, steps):
    return floats(batch, steps, 3), floats(batch, steps, 3) > -0.5, floats(batch, steps, 3).abs()


MODELS = [
    Model("deep_ar", DeepAr, lambda b, t: (floats(b, t).exp(), floats(b, t, 2), ids(5, b)), train=True),
    Model("lst_net", LstNet, lambda b, t: (floats(b, 12, 4),)),
    Model("roll_out", RollOut, lambda b, t: (floats(b, t, 3),)),
    Model("fusion_transformer", FusionTransformer, lambda b, t: (floats(b, t, 3),)),
    Model("reversible_norm", ReversibleNorm, lambda b, t: (floats(b, t, 3),)),
    Model("quantile_forecaster", QuantileForecaster, lambda b, t: (floats(b, t, 3), floats(b)), train=True),
    Model("calendar_forecaster", CalendarForecaster, lambda b, t: (floats(b, t), ids(500, b, t))),
    Model("gru_d", GruD, observations, steps=5),
    Model("tcn_gru", TcnGru, lambda b, t: (floats(b, t, 3),)),
    Model("tcn_gru_train", TcnGru, lambda b, t: (floats(b, t, 3),), train=True),
    Model("online_normaliser", OnlineNormaliser, lambda b, t: (floats(b, t, 3),)),
    Model("fourier_forecaster", FourierForecaster, lambda b, t: (floats(b, t),)),
    Model("mixture_of_experts", MixtureOfExperts, lambda b, t: (floats(b, t, 3),)),
]
