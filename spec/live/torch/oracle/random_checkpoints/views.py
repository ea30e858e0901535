"""Random tensors of a shape, as views with every kind of strides that torch has."""

import random
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from random_checkpoints.bits import DTYPES, as_integers, random_elements

LARGEST_STEP = 3


def random_shape(rng: random.Random) -> list[int]:
    """A shape of rank 0 to 5, sometimes with sizes 0 and 1."""
    rank = rng.choice([0, 1, 1, 2, 2, 2, 3, 4, 4, 5])
    return [rng.choice([0, 1, 1, 2, 3, 4, 5, 7] if rng.random() < 0.3 else [1, 2, 3, 4, 5]) for _ in range(rank)]


def random_tensor(rng: random.Random, dtype: torch.dtype | None = None, shape: Sequence[int] | None = None) -> Tensor:
    dtype = dtype or rng.choice(list(DTYPES))
    shape = random_shape(rng) if shape is None else shape
    return rng.choice(VIEWS)(rng, dtype, shape)


def plain(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    return random_elements(rng, dtype, torch.Size(shape).numel()).reshape(shape)


def offset(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """A view that starts in the middle of its storage."""
    count = torch.Size(shape).numel()
    begin = rng.randrange(8)
    return random_elements(rng, dtype, begin + count + rng.randrange(8))[begin : begin + count].reshape(shape)


def permuted(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """Transposed, for rank 2."""
    axes = rng.sample(range(len(shape)), len(shape))
    base = plain(rng, dtype, [shape[axis] for axis in axes])
    return base.permute([axes.index(axis) for axis in range(len(shape))])


def sliced(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """Every n-th row and column of a larger tensor."""
    cuts = []
    for size in shape:
        begin, step = rng.randrange(3), rng.randint(1, LARGEST_STEP)
        cuts.append(slice(begin, begin + size * step, step))
    return plain(rng, dtype, [cut.stop + rng.randrange(2) for cut in cuts])[tuple(cuts)]


def expanded(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """Repeated elements: strides of 0."""
    base = plain(rng, dtype, [rng.choice([1, size]) for size in shape])
    return base.expand(list(shape))


def channels_last(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    base = plain(rng, dtype, shape)
    if len(shape) not in formats:
        return base
    return as_integers(base).contiguous(memory_format=formats[len(shape)]).view(dtype)


def flipped(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """Flipped by index, since torch has no negative strides; the copy keeps the layout of a permuted tensor."""
    axes = [axis for axis in range(len(shape)) if rng.random() < 0.5]
    return as_integers(permuted(rng, dtype, shape)).flip(axes).view(dtype)


def windows(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """Any strides: overlapping elements, and arbitrary strides along axes of size 1."""
    strides = [rng.randrange(1000) if size <= 1 else rng.randrange(6) for size in shape]
    last = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True) if size > 0)
    begin = rng.randrange(4)
    return random_elements(rng, dtype, begin + last + 1).as_strided(list(shape), strides, begin)


def half_of_complex(rng: random.Random, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
    """The real or imaginary parts of complex numbers; of other dtypes, every other element."""
    if dtype == torch.float32:
        base = random_tensor(rng, torch.complex64, shape)
        return rng.choice([base.real, base.imag])
    return plain(rng, dtype, [*shape, 2]).select(-1, rng.randrange(2))


VIEWS: list[Callable[[random.Random, torch.dtype, Sequence[int]], Tensor]] = [
    plain,
    plain,
    offset,
    permuted,
    sliced,
    expanded,
    channels_last,
    flipped,
    windows,
    half_of_complex,
]

UNTYPED = [torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn, torch.float8_e5m2, torch.uint8]
"""torch saves views of one storage with these as different dtypes."""


def siblings(rng: random.Random) -> list[Tensor]:
    """Several tensors that share a storage."""
    dtype = rng.choice(list(DTYPES))
    base = random_elements(rng, dtype, 8 * rng.randint(1, 6))
    made = [base, base.reshape(-1, 8).t(), base[rng.randrange(8) :], base[:: rng.randint(1, 3)]]
    if dtype in UNTYPED:
        made += [base.view(torch.uint8).view(rng.choice(UNTYPED)) for _ in range(2) if base.numel() % 8 == 0]
    return rng.sample(made, rng.randint(2, len(made)))


def dressed(rng: random.Random, tensor: Tensor) -> Tensor:
    """The tensor in a form that modules hold: a parameter, a buffer, with a gradient or with attributes."""
    can_require = tensor.is_floating_point() and tensor.dtype.itemsize > 1 or tensor.is_complex()
    requires = can_require and rng.random() < 0.5
    kind = rng.randrange(6)
    if kind == 0:
        tensor = nn.Parameter(tensor, requires_grad=requires)
    elif kind == 1:
        tensor = nn.Buffer(tensor)
    elif kind == 2 and requires:
        tensor.requires_grad_()
    if rng.random() < 0.1:
        tensor.tag = {"axis": (0, 1)}
    return tensor


def refused_tensor(rng: random.Random) -> Tensor:
    """A tensor without plain elements, which the reader refuses."""
    return rng.choice(REFUSED)(rng)


def any_complex(rng: random.Random) -> Tensor:
    return random_tensor(rng, torch.complex64, rng.choice([[3], [2, 2], []]))


REFUSED: list[Callable[[random.Random], Tensor]] = [
    lambda rng: any_complex(rng).conj(),
    lambda rng: any_complex(rng).conj().imag,
    lambda rng: torch._neg_view(random_tensor(rng, torch.float32, [3])),
    lambda rng: nn.Parameter(any_complex(rng).conj()),
    lambda rng: torch.zeros(2, dtype=rng.choice([torch.complex128, torch.complex32])),
    lambda rng: torch.eye(2).to_sparse(),
    lambda rng: torch.eye(2).to_sparse_csr(),
    lambda rng: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    lambda rng: torch.zeros(2, device="meta"),
    lambda rng: torch.zeros(2, dtype=torch.uint8).view(torch.float4_e2m1fn_x2),
]
