"""Trains examples/seq2seq in PyTorch: dates in four ways of writing become 2021-03-05.

    pip install -r scripts/requirements.txt
    python examples/seq2seq/train.py

The dates are made here. Seeded: the same machine writes the same weights again. Beside the weights it writes what the port is
held to: logits of some dates, and the losses of some steps of Adam on dates in a fifth way, which main.ts teaches.
"""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from network import END, DateReader

HERE = Path(__file__).resolve().parent
SEED = 1
STEPS = 1500
BATCH_SIZE = 128
LEARNING_RATE = 4e-3
SIZES = {"embedding_size": 16, "hidden_size": 32, "attention_size": 32}
CHECKED = 24
"""Dates whose logits are stored, and that the stored losses are of."""
CHECKED_STEPS = 6
TUNING_RATE = 2e-3

MONTHS = "January February March April May June July August September October November December".split()
KNOWN = [
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
]


def added(d: date) -> str:
    """The way that main.ts teaches: 5-Mar-21."""
    return f"{d.day}-{MONTHS[d.month - 1][:3]}-{d.year % 100:02}"


def random_date(generator: random.Random) -> date:
    first, last = date(2000, 1, 1), date(2049, 12, 31)
    return first + timedelta(days=generator.randrange((last - first).days + 1))


CHARACTERS = "".join(sorted(set("".join(MONTHS) + " ,-./0123456789")))
INDEX_OF = {character: i + 3 for i, character in enumerate(CHARACTERS)}


def encode(texts: list[str]) -> tuple[Tensor, Tensor]:
    """Indices, padded with 0 on the right, and lengths."""
    lengths = torch.tensor([len(text) for text in texts])
    ids = torch.zeros(len(texts), int(lengths.max()), dtype=torch.long)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor([INDEX_OF[character] for character in text])
    return ids, lengths


def batch(dates: list[date], texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    target, _ = encode([d.isoformat() for d in dates])
    return *encode(texts), torch.cat([target, torch.full((len(dates), 1), END)], dim=1)


def loss_of(model: DateReader, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(model(source, lengths, target).flatten(0, 1), target.flatten())


def train(model: DateReader, generator: random.Random) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, STEPS)
    for step in range(1, STEPS + 1):
        dates = [random_date(generator) for _ in range(BATCH_SIZE)]
        loss = loss_of(model, *batch(dates, [generator.choice(KNOWN)(d) for d in dates]))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0:
            print(f"step {step:4}  loss {loss.item():.4f}")


def accuracy(model: DateReader, source: Tensor, lengths: Tensor, target: Tensor) -> float:
    return (model.translate(source, lengths) == target).all(dim=1).float().mean().item()


def expectations(model: DateReader, generator: random.Random) -> dict[str, Tensor]:
    """What the port is held to. Trains the model a few steps further."""
    dates = [random_date(generator) for _ in range(CHECKED)]
    known = batch(dates, [KNOWN[i % len(KNOWN)](d) for i, d in enumerate(dates)])
    new = batch(dates, [added(d) for d in dates])
    with torch.no_grad():
        logits = model(*known)
    answers = model.translate(*new[:2])
    optimizer = torch.optim.Adam(model.parameters(), lr=TUNING_RATE)
    losses = []
    for _ in range(CHECKED_STEPS):
        loss = loss_of(model, *new)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    names = ("source", "lengths", "target")
    tensors = {f"known.{name}": tensor for name, tensor in zip(names, known)}
    tensors |= {f"new.{name}": tensor for name, tensor in zip(names, new)}
    return tensors | {"known.logits": logits, "new.answers": answers, "new.losses": torch.tensor(losses)}


def main() -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    generator = random.Random(SEED)
    model = DateReader(len(CHARACTERS) + 3, **SIZES)
    print(f"{sum(parameter.numel() for parameter in model.parameters())} parameters")
    train(model, generator)
    dates = [random_date(generator) for _ in range(1000)]
    known = batch(dates, [generator.choice(KNOWN)(d) for d in dates])
    print(f"held out: {accuracy(model, *known):.1%}, in the new way {accuracy(model, *batch(dates, [added(d) for d in dates])):.1%}")
    save_file(model.state_dict(), HERE / "model.safetensors")
    description = {"characters": CHARACTERS, **{name: size for name, size in SIZES.items()}}
    (HERE / "model.json").write_text(json.dumps(description, indent=1) + "\n", "utf-8")
    save_file(expectations(model, generator), HERE / "expected.safetensors")


if __name__ == "__main__":
    main()
