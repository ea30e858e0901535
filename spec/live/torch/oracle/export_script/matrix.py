"""Recurrent layers in every form, padded and packed."""

import itertools
import random
from dataclasses import dataclass

import torch
from harness import case, check_program, pack_padded_sequence, pad_packed_sequence, targets
from torch import Tensor, nn

MODULES = {
    "GRU": (nn.GRU, {}),
    "LSTM": (nn.LSTM, {}),
    "LSTM with projections": (nn.LSTM, {"proj_size": 3}),
    "RNN with tanh": (nn.RNN, {}),
    "RNN with relu": (nn.RNN, {"nonlinearity": "relu"}),
}
INPUT, HIDDEN = 4, 5


@dataclass(frozen=True)
class Form:
    """One layer, and how a model calls it."""

    module: str
    packing: str
    num_layers: int
    bidirectional: bool
    bias: bool
    batch_first: bool
    packs_batch_first: bool
    has_states: bool

    def title(self) -> str:
        words = [
            self.module,
            f"{self.num_layers} layers",
            "both directions" if self.bidirectional else "one direction",
            self.packing,
            "batch first" if self.batch_first else "steps first",
        ]
        if self.packing != "padded":
            words.append("packed batch first" if self.packs_batch_first else "packed steps first")
        words += ["with states"] * self.has_states + ["without bias"] * (not self.bias)
        return ", ".join(words)


class Model(nn.Module):
    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        kind, options = MODULES[form.module]
        self.layer = kind(
            INPUT,
            HIDDEN,
            form.num_layers,
            bias=form.bias,
            batch_first=form.batch_first,
            bidirectional=form.bidirectional,
            **options,
        )

    def forward(self, x: Tensor, *rest: Tensor) -> tuple:
        form = self.form
        lengths, states = (None, rest) if form.packing == "padded" else (rest[0], rest[1:])
        hx = None if not states else states if len(states) == 2 else states[0]
        if lengths is None:
            return self.layer(x, hx)
        sequence = pack_padded_sequence(x, lengths, form.packs_batch_first, enforce_sorted=form.packing == "sorted")
        sequence, finals = self.layer(sequence, hx)
        steps = x.size(1 if form.packs_batch_first else 0)
        # Rows that fill the tensor need no total_length.
        total_length = None if form.packing == "sorted" else steps
        return pad_packed_sequence(sequence, form.packs_batch_first, total_length=total_length), finals


def call(form: Form, batch: int, steps: int, lengths: list[int]) -> list[Tensor]:
    batch_first = form.batch_first if form.packing == "padded" else form.packs_batch_first
    values = [torch.randn(*((batch, steps) if batch_first else (steps, batch)), INPUT)]
    if form.packing != "padded":
        values.append(torch.tensor(sorted(lengths, reverse=True) if form.packing == "sorted" else lengths))
    if form.has_states:
        rows = form.num_layers * (1 + form.bidirectional)
        values.append(torch.randn(rows, batch, MODULES[form.module][1].get("proj_size", HIDDEN)))
        if form.module.startswith("LSTM"):
            values.append(torch.randn(rows, batch, HIDDEN))
    return values


def check(form: Form) -> None:
    # The sample has as many rows as steps and features, which must not tie them.
    exported = check_program(
        Model(form).eval(),
        call(form, 4, 4, [2, 4, 1, 3]),
        call(form, 3, 6, [1, 6, 4]),
        call(form, 1, 1, [1]),
        call(form, 5, 2, [2, 1, 1, 2, 2]),
        # It takes as long as all the rest.
        decomposes=form.packing == "unsorted" and form.num_layers == 2,
    )
    found = [target for target in targets(exported) if target.startswith("torch_rnn")]
    kind = {"RNN with tanh": "rnn_tanh", "RNN with relu": "rnn_relu"}.get(form.module, form.module[:4].strip().lower())
    assert found == [f"torch_rnn.{kind}{'' if form.packing == 'padded' else '_lengths'}.default"], found
    free = {str(size) for size in exported.range_constraints}
    assert len(free) == 2, f"expected symbols for rows and steps, got {free}"


def forms() -> list[Form]:
    """Two of each module and packing, the numbers of layers in turn, the rest at random.

    With this seed each module is run with and without each option, packed too, and in each order of the axes.
    """
    generator = random.Random(6)
    num_layers = itertools.cycle((1, 2, 3))
    return [
        Form(module, packing, next(num_layers), *(generator.random() < 0.5 for _ in range(5)))
        for module in MODULES
        for packing in ("padded", "sorted", "unsorted")
        for _ in range(2)
    ]


for form in forms():
    case(form.title())(lambda form=form: check(form))
