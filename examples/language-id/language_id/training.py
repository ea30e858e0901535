"""The training loop and the evaluation."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from torch.optim.lr_scheduler import OneCycleLR

from .model import GRUClassifier


@dataclass(frozen=True)
class Example:
    tokens: list[int]
    label: int


@dataclass(frozen=True)
class Schedule:
    epochs: int = 12
    batch_size: int = 256
    peak_learning_rate: float = 4e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    join_probability: float = 0.2
    """How often a phrase is trained on joined to another of its language: people type more than keywords."""


def collate(batch: list[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """tokens [B, T], lengths [B], labels [B]."""
    tokens = pad_sequence([torch.tensor(example.tokens) for example in batch], batch_first=True)
    lengths = torch.tensor([len(example.tokens) for example in batch])
    return tokens, lengths, torch.tensor([example.label for example in batch])


def batches_of_similar_length(
    examples: list[Example], size: int, generator: random.Random
) -> list[list[Example]]:
    """Random batches, each of phrases of about the same length: half of a mixed batch would be padding."""
    keyed = [(len(example.tokens) + 4 * generator.random(), example) for example in examples]
    ordered = [example for _, example in sorted(keyed, key=lambda pair: pair[0])]
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    generator.shuffle(batches)
    return batches


def join_some(
    examples: list[Example], space: int, probability: float, generator: random.Random
) -> Iterator[Example]:
    by_label: dict[int, list[Example]] = {}
    for example in examples:
        by_label.setdefault(example.label, []).append(example)
    for example in examples:
        if generator.random() < probability:
            other = generator.choice(by_label[example.label])
            yield Example([*example.tokens, space, *other.tokens], example.label)
        else:
            yield example


def train(model: GRUClassifier, examples: list[Example], space: int, schedule: Schedule, seed: int) -> None:
    """Trains in place. `space` is the index of ' '."""
    generator = random.Random(seed)
    steps = schedule.epochs * -(-len(examples) // schedule.batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=schedule.weight_decay)
    schedule_step = OneCycleLR(optimizer, schedule.peak_learning_rate, total_steps=steps).step
    start = time.monotonic()
    model.train()
    for epoch in range(1, schedule.epochs + 1):
        joined = list(join_some(examples, space, schedule.join_probability, generator))
        total = 0.0
        for batch in batches_of_similar_length(joined, schedule.batch_size, generator):
            tokens, lengths, labels = collate(batch)
            loss = cross_entropy(model(tokens, lengths), labels, label_smoothing=schedule.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule_step()
            total += loss.item() * len(batch)
        mean, elapsed = total / len(joined), time.monotonic() - start
        print(f"epoch {epoch:2}/{schedule.epochs}  loss {mean:.4f}  {elapsed:4.0f} s", flush=True)


def compute_logits(model: GRUClassifier, examples: list[Example], batch_size: int = 512) -> Tensor:
    """Logits [N, C], in the order of `examples`."""
    model.eval()
    with torch.inference_mode():
        starts = range(0, len(examples), batch_size)
        batches = [collate(examples[start : start + batch_size]) for start in starts]
        return torch.cat([model(tokens, lengths) for tokens, lengths, _ in batches])
