"""Random elements of every dtype, in every bit pattern, and their bytes."""

import base64
import random

import torch
from torch import Tensor

from torch_fixtures import encoding

DTYPES = {
    **encoding.DTYPES,
    torch.uint16: "U16",
    torch.uint32: "U32",
    torch.uint64: "U64",
    torch.complex64: "C64",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ",
    torch.float8_e8m0fnu: "F8_E8M0",
}
"""torch's dtypes by their names in safetensors."""

INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}

EXPONENTS = {
    torch.float64: 0x7FF << 52,
    torch.float32: 0xFF << 23,
    torch.float16: 0x1F << 10,
    torch.bfloat16: 0xFF << 7,
    torch.complex64: 0xFF << 23,
}
"""The bits of infinity."""


def random_elements(rng: random.Random, dtype: torch.dtype, count: int) -> Tensor:
    """A tensor of rank 1 with a storage of its own, not a byte longer than its elements."""
    if count == 0:
        return torch.empty(0, dtype=dtype)
    if dtype == torch.bool:
        raw = bytearray(rng.randrange(2) for _ in range(count))
    else:
        raw = bytearray(rng.randbytes(count * dtype.itemsize))
        sow_edges(rng, dtype, raw)
    return torch.frombuffer(raw, dtype=torch.uint8).clone().view(dtype)


def sow_edges(rng: random.Random, dtype: torch.dtype, raw: bytearray) -> None:
    """Sets some elements to values that random bits hardly ever give: zeros, subnormals, infinities, signalling NaN."""
    size = 4 if dtype == torch.complex64 else dtype.itemsize
    for begin in range(0, len(raw), size):
        if rng.random() < 0.3:
            raw[begin : begin + size] = rng.choice(edges(dtype, 8 * size)).to_bytes(size, "little")


def edges(dtype: torch.dtype, bits: int) -> list[int]:
    sign = 1 << (bits - 1)
    patterns = [0, 1, sign, sign - 1, 2 * sign - 1]
    infinity = EXPONENTS.get(dtype)
    if infinity is not None:
        # The signalling NaN follow infinity; arithmetic would make them quiet.
        patterns += [infinity, sign | infinity, infinity + 1, sign | infinity + 1, infinity - 1, sign | 1]
    return patterns


def as_integers(tensor: Tensor) -> Tensor:
    """The same elements as integers of their size: a copy of integers keeps the payload of a NaN."""
    return tensor.detach().view(INTEGERS[tensor.dtype.itemsize])


def to_base64(tensor: Tensor) -> str:
    """The elements in row-major order."""
    flat = as_integers(tensor).contiguous().reshape(-1)
    return base64.b64encode(flat.numpy().tobytes()).decode("ascii")
