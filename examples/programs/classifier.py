"""Trains a classifier of packed sequences a little, and exports it for classifier.ts, which trains it on.

    PYTHONPATH=python python examples/programs/classifier.py

A row has 3 to 12 of 40 words, each about one of 5 topics. The classifier says which topic most of its words are about. Beside the program
stand the rows, PyTorch's logits of them, and its losses in further steps of SGD.
"""

from pathlib import Path

import torch
import torch_rnn_export
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

HERE = Path(__file__).resolve().parent
TOPICS = 5
WORDS = 40
ROWS = 120
STEPS = 12
"""How often PyTorch trains on all rows, before the export and after it."""
RATE = 1.0


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1 + WORDS, 12, padding_idx=0)
        self.gru = nn.GRU(12, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, TOPICS)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Words [B, T], padded with 0, and lengths [B] -> logits [B, topics]."""
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        output, _ = self.gru(packed)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=ids.size(1))
        return self.fc(output.sum(1) / lengths.unsqueeze(1))


def make_rows() -> tuple[Tensor, Tensor, Tensor]:
    lengths = torch.randint(3, 13, (ROWS,))
    topics = torch.randint(TOPICS, (ROWS,))
    words = torch.randint(WORDS, (ROWS, 12))
    about = words - words % TOPICS + topics.unsqueeze(1)
    words = torch.where(torch.rand(ROWS, 12) < 0.7, about, words)
    is_word = torch.arange(12) < lengths.unsqueeze(1)
    counts = (nn.functional.one_hot(words % TOPICS, TOPICS) * is_word.unsqueeze(2)).sum(1)
    return torch.where(is_word, 1 + words, 0), lengths, counts.argmax(1)


def train(model: Classifier, ids: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
    """Steps of SGD on all rows at once. -> the loss before each."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    losses = []
    for _ in range(STEPS):
        loss = cross_entropy(model(ids, lengths), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.tensor(losses)


def main() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rows = ids, lengths, labels = make_rows()
    model = Classifier()
    print("before the export:", train(model, *rows))
    exported = torch_rnn_export.export(model.eval(), (ids[:2].clone(), lengths[:2].clone()))
    for node in exported.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine, of no use on others
    torch.export.save(exported, HERE / "classifier.pt2")
    with torch.no_grad():
        logits = model(ids, lengths)
    losses = train(model, *rows)
    print("after it:", losses)
    names = {"ids": ids, "lengths": lengths, "labels": labels, "logits": logits, "losses": losses}
    save_file(names, HERE / "classifier.safetensors")


if __name__ == "__main__":
    main()
