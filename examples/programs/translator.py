"""Trains a sequence-to-sequence model with attention to read numbers, "forty-two" as 42, and exports it for translator.ts.

    PYTHONPATH=python python examples/programs/translator.py

The program is the greedy decoder: each step attends to the letters, and reads the digit of the step before. Its loop is a loop of Python,
so that the program has a fixed number of steps; letters and rows may be of any number. Beside it stand PyTorch's digits and attention.
"""

from pathlib import Path

import torch
import torch_rnn_export
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

HERE = Path(__file__).resolve().parent
LETTERS = "abcdefghijklmnopqrstuvwxyz-"
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
DIGITS = 2
START = 10
STEPS = 300


class Translator(nn.Module):
    def __init__(self, size: int = 10) -> None:
        super().__init__()
        self.letters = nn.Embedding(1 + len(LETTERS), 8, padding_idx=0)
        self.encoder = nn.GRU(8, size, batch_first=True, bidirectional=True)
        self.digits = nn.Embedding(11, 8)
        self.key = nn.Linear(2 * size, 2 * size, bias=False)
        self.cell = nn.GRUCell(8 + 2 * size, 2 * size)
        self.out = nn.Linear(4 * size, 10)

    def forward(self, source: Tensor, target: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Letters [B, S], padded with 0 -> digits [B, 2], their logits [B, 2, 10], and attention [B, 2, S].

        A step reads the digit of the step before: that of the target where it is given, else its own."""
        lengths = (source != 0).sum(1)
        packed = pack_padded_sequence(self.letters(source), lengths, batch_first=True, enforce_sorted=False)
        output, h = self.encoder(packed)
        states, _ = pad_packed_sequence(output, batch_first=True, total_length=source.size(1))
        keys = self.key(states)
        h = torch.cat([h[0], h[1]], dim=1)
        digit = torch.full((source.size(0),), START)
        steps = []
        for i in range(DIGITS):
            scores = torch.bmm(keys, h.unsqueeze(2)).squeeze(2)
            weights = scores.masked_fill(source == 0, float("-inf")).softmax(dim=1)
            context = torch.bmm(weights.unsqueeze(1), states).squeeze(1)
            h = self.cell(torch.cat([self.digits(digit), context], dim=1), h)
            logits = self.out(torch.cat([h, context], dim=1))
            steps.append((logits.argmax(dim=1), logits, weights))
            digit = steps[-1][0] if target is None else target[:, i]
        digits, logits, weights = (torch.stack(each, dim=1) for each in zip(*steps))
        return digits, logits, weights


def spell(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number < 20:
        return ONES[number]
    return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")


def encode(words: list[str]) -> Tensor:
    rows = [torch.tensor([1 + LETTERS.index(letter) for letter in word]) for word in words]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)


def main() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    source = encode([spell(number) for number in range(100)])
    target = torch.tensor([divmod(number, 10) for number in range(100)])
    seen = torch.tensor([number % 7 != 3 for number in range(100)])
    model = Translator()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(1, STEPS + 1):
        _, logits, _ = model(source[seen], target[seen])
        loss = cross_entropy(logits.flatten(0, 1), target[seen].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:3}  loss {loss.item():.4f}", flush=True)

    exported = torch_rnn_export.export(model.eval(), (source[:2].clone(),))
    for node in exported.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine, of no use on others
    torch.export.save(exported, HERE / "translator.pt2")
    with torch.no_grad():
        digits, logits, weights = model(source)
    right = (digits == target).all(dim=1)
    print(f"right: {right[seen].float().mean():.1%} of the numbers that it has seen, {right[~seen].float().mean():.1%} of the others")
    save_file({"source": source, "digits": digits, "logits": logits, "attention": weights}, HERE / "translator.safetensors")


if __name__ == "__main__":
    main()
