"""Recurrent layers and cells."""

from torch import Tensor

import torch_rnn_export  # noqa: F401  It registers the operators torch_rnn::*.
from cases.draw import Draw
from cases.registry import Arguments, call, cases

GATES = {"gru": 3, "lstm": 4, "rnn_tanh": 1, "rnn_relu": 1}


class Stack:
    """The sizes, weights and states of a recurrent module."""

    def __init__(self, draw: Draw, kind: str) -> None:
        self.draw, self.kind = draw, kind
        self.inputs, self.hidden, self.layers, self.directions = draw.size(), draw.size(), draw.size(1, 2), draw.size(1, 2)
        self.batch, self.steps = draw.size(1, 3), draw.size()
        self.biases, self.batch_first = draw.flag(), draw.flag()
        self.projection = draw.size(1, 3) if kind == "lstm" and self.hidden > 3 else 0

    @property
    def width(self) -> int:
        return self.projection or self.hidden

    def tensor(self, *shape: int) -> Tensor:
        return self.draw.floats(shape, 0.5)

    def weights(self) -> list[Tensor]:
        rows, weights = GATES[self.kind] * self.hidden, []
        for layer in range(self.layers):
            columns = self.inputs if layer == 0 else self.width * self.directions
            for _ in range(self.directions):
                weights += [self.tensor(rows, columns), self.tensor(rows, self.width)]
                weights += [self.tensor(rows), self.tensor(rows)] if self.biases else []
                weights += [self.tensor(self.projection, self.hidden)] if self.projection else []
        return weights

    def states(self) -> Tensor | list[Tensor]:
        first = self.tensor(self.layers * self.directions, self.batch, self.width)
        return [first, self.tensor(self.layers * self.directions, self.batch, self.hidden)] if self.kind == "lstm" else first

    def options(self) -> list:
        """has_biases, num_layers, dropout, train, bidirectional: dropout is 0, or training is off."""
        train = self.draw.flag()
        return [self.biases, self.layers, 0.0 if train else 0.5, train, self.directions == 2]


def registered(kind: str) -> None:
    @cases(f"{kind}.input", f"torch_rnn::{kind}")
    def layer(draw: Draw) -> Arguments:
        stack = Stack(draw, kind)
        rows = [stack.batch, stack.steps] if stack.batch_first else [stack.steps, stack.batch]
        return call(stack.tensor(*rows, stack.inputs), stack.states(), stack.weights(), *stack.options(), stack.batch_first)

    @cases(f"torch_rnn::{kind}_lengths")
    def layer_with_lengths(draw: Draw) -> Arguments:
        stack = Stack(draw, kind)
        lengths = draw.ints([stack.batch], 1, stack.steps)
        is_sorted = draw.chance(0.3)
        if is_sorted:
            lengths = lengths.sort(descending=True).values
        x = stack.tensor(stack.batch, stack.steps, stack.inputs)
        return call(x, lengths, stack.states(), stack.weights(), *stack.options(), is_sorted)

    @cases(f"{kind}_cell")
    def cell(draw: Draw) -> Arguments:
        stack = Stack(draw, kind)
        rows = GATES[kind] * stack.hidden
        state = stack.tensor(stack.batch, stack.hidden)
        states = [state, stack.tensor(stack.batch, stack.hidden)] if kind == "lstm" else state
        weights = [stack.tensor(rows, stack.inputs), stack.tensor(rows, stack.hidden)]
        biases = [stack.tensor(rows), stack.tensor(rows)] if stack.biases else []
        return call(stack.tensor(stack.batch, stack.inputs), states, *weights, *biases)


for kind in GATES:
    registered(kind)
