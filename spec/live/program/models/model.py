"""What the corpus says of a model, and the random inputs that its entries are written with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


def no_keywords(batch: int, steps: int) -> dict:
    return {}


@dataclass(frozen=True)
class Model:
    """A model as a user would write and export it."""

    name: str
    make: Callable[[], nn.Module]
    inputs: Callable[[int, int], tuple]
    """The arguments for a batch and a number of steps."""
    keywords: Callable[[int, int], dict] = no_keywords
    train: bool = False
    """Exported in training mode, and trained for 20 steps."""
    rate: float = 0.01
    """Of SGD."""
    dynamic: Any = "auto"
    """The dynamic_shapes of torch.export, or 'auto': the first two axes of each tensor are Dim.AUTO."""
    exporter: str = "torch"
    """'torch', or 'torch_rnn_export', whose sizes are symbols."""
    random: bool = False
    """Draws numbers when it runs, so that only the shapes of its results can be compared."""
    refused: bool = False
    """Has what a reader may refuse; the histogram leaves it out."""
    steps: int = 7


def ids(count: int, *shape: int) -> Tensor:
    return torch.randint(0, count, shape)


def floats(*shape: int) -> Tensor:
    return torch.randn(shape)


def lengths(batch: int, steps: int) -> Tensor:
    """Lengths of rows, at least 1, of which the first has all steps."""
    drawn = torch.randint(1, steps + 1, (batch,))
    drawn[0] = steps
    return drawn


def mask(batch: int, steps: int) -> Tensor:
    """True at the steps that exist."""
    return torch.arange(steps) < lengths(batch, steps)[:, None]


def padded_ids(count: int, batch: int, steps: int) -> Tensor:
    """Ids from 1 on, with 0 behind the end of each row."""
    return torch.randint(1, count, (batch, steps)) * mask(batch, steps)
