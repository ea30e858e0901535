"""Random arguments. Edge cases are drawn often: axes of size 0 and 1, no axes, negative axes, other dtypes, defaults."""

import random
from collections.abc import Sequence

import torch
from torch import Tensor

MIXED_DTYPES = (torch.float32, torch.float32, torch.int64, torch.bool)


class Draw:
    """Numbers of a seed. What torch refuses is drawn anew by the caller."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.constants: list[Tensor] = []

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def flag(self) -> bool:
        return self.chance(0.5)

    def pick(self, *options: object) -> object:
        return self.random.choice(options)

    def size(self, low: int = 1, high: int = 4) -> int:
        return self.random.randint(low, high)

    def shape(self, low: int = 0, high: int = 4) -> list[int]:
        """A rank within the bounds; one axis is empty now and then."""
        sizes = [self.size() for _ in range(self.size(low, high))]
        if sizes and self.chance(0.08):
            sizes[self.random.randrange(len(sizes))] = 0
        return sizes

    def floats(self, shape: Sequence[int], scale: float = 1.0) -> Tensor:
        return torch.randn(shape, generator=self.generator) * scale

    def uniform(self, shape: Sequence[int], low: float = 0.0, high: float = 1.0) -> Tensor:
        return torch.empty(shape).uniform_(low, high, generator=self.generator)

    def ints(self, shape: Sequence[int], low: int = -5, high: int = 5) -> Tensor:
        """Both bounds included."""
        return torch.randint(low, high + 1, tuple(shape), generator=self.generator)

    def wide(self, shape: Sequence[int]) -> Tensor:
        """Integers of all of int32, but its least, whose negative it does not hold."""
        return self.ints(shape, -(2**31) + 1, 2**31 - 1)

    def bools(self, shape: Sequence[int]) -> Tensor:
        return self.ints(shape, 0, 1).bool()

    def ties(self, shape: Sequence[int]) -> Tensor:
        """Floats of which many are equal."""
        return self.ints(shape, -2, 2).float()

    def halves(self, shape: Sequence[int]) -> Tensor:
        """Floats that are multiples of a half."""
        return self.ints(shape, -7, 7) / 2

    def distinct(self, shape: Sequence[int]) -> Tensor:
        """Floats of which no two are close."""
        count = torch.Size(shape).numel()
        return (torch.randperm(count, generator=self.generator).reshape(shape) - count // 2) / 4

    def special(self, shape: Sequence[int]) -> Tensor:
        """Floats with infinities, NaN and zeros of both signs among them."""
        values = torch.tensor([float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.5, -2.5])
        return values[self.ints(shape, 0, len(values) - 1)]

    def constant(self, tensor: Tensor) -> Tensor:
        """Floats by which torch has no derivative."""
        self.constants.append(tensor)
        return tensor

    def mixed(self, shape: Sequence[int]) -> Tensor:
        """Mostly floats; integers and truth values too."""
        dtype = self.pick(*MIXED_DTYPES)
        if dtype == torch.bool:
            return self.bools(shape)
        return self.ints(shape) if dtype == torch.int64 else self.floats(shape)

    def dtype(self) -> torch.dtype:
        return self.pick(torch.float32, torch.int64, torch.bool, torch.int32)

    def number(self) -> bool | int | float:
        """A Scalar of torch."""
        return self.pick(self.random.randint(-3, 3), round(self.random.uniform(-3, 3), 3), self.flag())

    def like(self, shape: Sequence[int]) -> list[int]:
        """A shape that broadcasts with the given one: some axes are 1, leading axes may be missing."""
        sizes = [1 if self.chance(0.25) else size for size in shape]
        return sizes[self.size(0, len(sizes)) :] if self.chance(0.3) else sizes

    def pair(self, low: int = 0, high: int = 4) -> tuple[list[int], list[int]]:
        shape = self.shape(low, high)
        pair = [self.like(shape), self.like(shape)]
        self.random.shuffle(pair)
        return pair[0], pair[1]

    def axis(self, tensor: Tensor) -> int:
        rank = max(tensor.dim(), 1)
        return self.random.randrange(-rank, rank)

    def axes(self, tensor: Tensor) -> list[int]:
        """Some axes, each once, counted from either end."""
        rank = tensor.dim()
        chosen = self.random.sample(range(rank), self.size(0, rank))
        return [axis - rank if self.flag() else axis for axis in chosen]

    def some(self, **keywords: object) -> dict:
        """Some of the keywords; the others keep their defaults."""
        return {name: value for name, value in keywords.items() if self.flag()}
