"""Recommendation, learners, agents, graphs: ids, sets and rewards over time."""

import torch
import torch.nn.functional as F
from torch import nn

from .model import Model, floats, ids, mask, padded_ids


class SessionRecommender(nn.Module):
    """GRU4Rec: items that follow, scored against all, the last one by length; some are removed."""

    def __init__(self, items=20, size=8):
        super().__init__()
        self.items = nn.Embedding(items, size, padding_idx=0)
        self.gru = nn.GRU(size, size, batch_first=True)
        self.register_buffer("popularity", torch.rand(items))

    def forward(self, session):
        hidden, _ = self.gru(self.items(session))
        count = torch.count_nonzero(session, dim=1)
        last = torch.take_along_dim(hidden, (count - 1)[:, None, None], dim=1)[:, 0]
        scores = last @ self.items.weight.mT + 0.1 * self.popularity.log()
        seen = torch.zeros_like(scores).scatter_(1, session, 1.0).bool()
        scores = scores.masked_fill(seen, torch.finfo(scores.dtype).min)
        order = torch.argsort(scores, dim=-1, descending=True)[:, :5]
        ranked, _ = torch.sort(scores, dim=1, descending=True)
        return ranked[:, :5], order


class BprLoss(nn.Module):
    """Pairs of bought and drawn items."""

    def __init__(self, users=6, items=20, size=8):
        super().__init__()
        self.users, self.items = nn.Embedding(users, size), nn.Embedding(items, size)
        self.bias = nn.Embedding(items, 1)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, user, session, positive, negative):
        taste = self.gru(self.items(session))[1][0] + self.users(user)
        good = torch.sum(taste * self.items(positive), -1) + self.bias(positive).squeeze(-1)
        bad = (taste.unsqueeze(1) * self.items(negative)).sum(-1) + self.bias(negative).squeeze(-1)
        loss = -F.logsigmoid(good.unsqueeze(1) - bad).mean()
        return loss + 1e-3 * (taste**2).sum() / user.size(0)


class KnowledgeTracing(nn.Module):
    """The next answer of a learner, for the skill that is asked."""

    def __init__(self, skills=6, hidden=8):
        super().__init__()
        self.skills = skills
        self.lstm = nn.LSTM(2 * skills, hidden, batch_first=True)
        self.out = nn.Linear(hidden, skills)

    def forward(self, skill, correct, valid):
        x = F.one_hot(skill + self.skills * correct, 2 * self.skills).float()
        p = torch.sigmoid(self.out(self.lstm(x)[0]))[:, :-1]
        next_p = (p * F.one_hot(skill[:, 1:], self.skills)).sum(-1)
        loss = F.binary_cross_entropy(next_p, correct[:, 1:].float(), weight=valid[:, 1:].float(), reduction="sum")
        accuracy = ((next_p > 0.5) == (correct[:, 1:] == 1)).float().mean()
        return loss / valid[:, 1:].sum(), accuracy


class ActorCritic(nn.Module):
    """A policy whose state is reset where an episode ends; entropy and advantages."""

    def __init__(self, features=4, hidden=6, actions=3):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, hidden), nn.Tanh())
        self.cell = nn.GRUCell(hidden, hidden)
        self.policy, self.value = nn.Linear(hidden, actions), nn.Linear(hidden, 1)

    def forward(self, x, done, action, reward, state):
        outputs = []
        for observation, over in zip(self.body(x).unbind(1), done.unbind(1)):
            state = self.cell(observation, state * (1.0 - over.float()).unsqueeze(-1))
            outputs.append(state)
        hidden = torch.stack(outputs, 1)
        log_p = F.log_softmax(self.policy(hidden), -1)
        value = self.value(hidden).squeeze(-1)
        entropy = -(log_p.exp() * log_p).sum(-1).mean()
        advantage = reward - value
        chosen = log_p.gather(-1, action.unsqueeze(-1)).squeeze(-1)
        ratio = torch.exp(chosen - chosen.detach())
        clipped = torch.clamp(ratio, 0.8, 1.2)
        weight = (advantage.detach() - advantage.detach().mean()) / (advantage.detach().std() + 1e-8)
        policy_loss = -torch.min(ratio * weight, clipped * weight).mean()
        value_loss = F.smooth_l1_loss(value, reward) + F.huber_loss(value, reward, delta=0.5)
        return policy_loss + 0.5 * value_loss - 0.01 * entropy, state


class DuelingQ(nn.Module):
    """A recurrent Q network with a target by the best action."""

    def __init__(self, features=4, hidden=6, actions=3):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.advantage, self.value = nn.Linear(hidden, actions), nn.Linear(hidden, 1)

    def q(self, x, state=None):
        hidden, state = self.lstm(x, state)
        advantage = self.advantage(hidden)
        return self.value(hidden) + advantage - advantage.mean(-1, keepdim=True), state

    def forward(self, x, action, reward, done, gamma=0.99):
        q, (h, c) = self.q(x)
        with torch.no_grad():
            target = reward + gamma * q[:, 1:].amax(-1) * (~done)
        taken = q[:, :-1].gather(2, action[..., None])[..., 0]
        error = taken - target
        priority = error.abs().max(dim=1).values * 0.9 + error.abs().mean(1) * 0.1
        return F.smooth_l1_loss(taken, target, beta=0.5), priority, h, c


class GatedGraph(nn.Module):
    """Messages along edges, summed at nodes; a GRU cell moves the nodes."""

    def __init__(self, size=6, kinds=2, rounds=3):
        super().__init__()
        self.rounds = rounds
        self.kinds = nn.Parameter(torch.randn(kinds, size, size) * 0.3)
        self.cell = nn.GRUCell(size, size)
        self.gate = nn.Linear(2 * size, 1)
        self.out = nn.Linear(size, 4)

    def forward(self, nodes, source, target, kind):
        h = nodes
        for _ in range(self.rounds):
            messages = torch.bmm(h.index_select(0, source).unsqueeze(1), self.kinds[kind]).squeeze(1)
            summed = torch.zeros_like(h).index_add(0, target, messages)
            h = self.cell(summed, h)
        gate = torch.sigmoid(self.gate(torch.cat([h, nodes], -1)))
        degree = torch.zeros(nodes.size(0)).index_add_(0, target, torch.ones_like(target, dtype=torch.float))
        return self.out(gate * torch.tanh(h)).sum(0), degree


class DeepSets(nn.Module):
    """A set beside a sequence: min, max, product and norm; metric learning with a margin."""

    def __init__(self, features=4, hidden=6):
        super().__init__()
        self.each = nn.Sequential(nn.Linear(features, hidden), nn.SELU(), nn.Linear(hidden, hidden))
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def encode(self, x):
        each = self.each(x)
        low, high = torch.aminmax(each, dim=1)
        product = torch.sigmoid(each).prod(dim=1)
        return F.normalize(torch.cat([low, high, product, self.gru(x)[1][0]], -1), dim=-1)

    def forward(self, anchor, positive, negative):
        a, p, n = (self.encode(x) for x in (anchor, positive, negative))
        loss = F.triplet_margin_loss(a, p, n, margin=0.5)
        contrast = F.cross_entropy(a @ p.T / 0.1, torch.arange(a.size(0)))
        return loss + contrast, F.pairwise_distance(a, n)


class EventModel(nn.Module):
    """Times between events: a Hawkes-like intensity, kl to a histogram, an l1 loss on sorted gaps."""

    def __init__(self, kinds=5, hidden=6):
        super().__init__()
        self.kind = nn.Embedding(kinds, hidden)
        self.gru = nn.GRU(hidden + 2, hidden, batch_first=True)
        self.past, self.current = nn.Linear(hidden, 1), nn.Parameter(torch.tensor(0.1))
        self.next = nn.Linear(hidden, kinds)

    def forward(self, times, kinds):
        gaps = torch.diff(times, dim=1, prepend=torch.zeros_like(times[:, :1]))
        x = torch.cat([self.kind(kinds), gaps.unsqueeze(-1), gaps.sqrt().unsqueeze(-1)], dim=-1)
        hidden, _ = self.gru(x)
        past = self.past(hidden)[:, :-1, 0]
        growth = self.current * gaps[:, 1:]
        log_f = past + growth + (past.exp() - (past + growth).exp()) / self.current
        log_p = self.next(hidden[:, :-1]).log_softmax(-1)
        picked = F.nll_loss(log_p.flatten(0, 1), kinds[:, 1:].flatten())
        share = torch.stack([(kinds == k).float().mean() for k in range(5)])
        divergence = F.kl_div(log_p.mean((0, 1)), share, reduction="sum")
        spread = F.l1_loss(torch.sort(gaps, -1).values, gaps)
        return -log_f.mean() + picked + divergence + spread


class BagOfEvents(nn.Module):
    """Visits of patients: bags of codes with a mask, time since the last, bilinear risk."""

    def __init__(self, codes=24, size=6):
        super().__init__()
        self.codes = nn.Embedding(codes, size, padding_idx=0)
        self.gru = nn.GRU(size + 1, size, batch_first=True)
        self.alpha, self.beta = nn.Linear(size, 1), nn.Linear(size, size)
        self.risk = nn.Bilinear(size, 2, 1)

    def forward(self, visits, days, *, person):
        embedded = self.codes(visits).sum(2)
        decay = 1.0 / torch.log(torch.e + days.float())
        x = torch.cat([embedded, decay.unsqueeze(-1)], -1)
        hidden = self.gru(x.flip([1]))[0].flip([1])
        alpha = torch.softmax(self.alpha(hidden), dim=1)
        context = torch.sum(alpha * torch.tanh(self.beta(hidden)) * embedded, dim=1)
        risk = torch.sigmoid(self.risk(context, person)).view(-1)
        return {"risk": risk, "is_high": risk.gt(0.5), "alpha": alpha.squeeze(2), "visits": visits.ne(0).any(-1).sum(-1)}


def edges(batch, steps):
    """A graph of `steps` nodes and twice as many edges."""
    return floats(steps, 6), ids(steps, 2 * steps), ids(steps, 2 * steps), ids(2, 2 * steps)


def episode(batch, steps):
    return floats(batch, steps, 4), ids(2, batch, steps).bool(), ids(3, batch, steps), floats(batch, steps), floats(batch, 6)


def transitions(batch, steps):
    return floats(batch, steps + 1, 4), ids(3, batch, steps), floats(batch, steps), ids(2, batch, steps).bool()


MODELS = [
    Model("session_recommender", SessionRecommender, lambda b, t: (padded_ids(20, b, t),)),
    Model("bpr_loss", BprLoss, lambda b, t: (ids(6, b), ids(20, b, t), ids(20, b), ids(20, b, 3)), train=True),
    Model("knowledge_tracing", KnowledgeTracing, lambda b, t: (ids(6, b, t), ids(2, b, t), mask(b, t))),
    Model("actor_critic", ActorCritic, episode, train=True, steps=4),
    Model("dueling_q", DuelingQ, transitions, train=True, steps=6),
    Model("gated_graph", GatedGraph, edges),
    Model("deep_sets", DeepSets, lambda b, t: tuple(floats(b, t, 4) for _ in range(3)), train=True),
    Model("event_model", EventModel, lambda b, t: (torch.rand(b, t).cumsum(1), ids(5, b, t)), train=True),
    Model(
        "bag_of_events",
        BagOfEvents,
        lambda b, t: (ids(24, b, t, 4), ids(60, b, t)),
        lambda b, t: {"person": floats(b, 2)},
    ),
]
