"""Random dicts of tensors: flat, nested, with containers and tensors that occur several times."""

import collections
import random

import torch
from torch import Tensor

from random_checkpoints.names import random_names
from random_checkpoints.views import dressed, random_tensor, refused_tensor, siblings

DEEPEST = 4


def random_flat(rng: random.Random) -> dict[str, Tensor]:
    """A flat dict like a state_dict, with names of any kind."""
    tensors = random_tensors(rng, rng.randint(1, 12))
    names = random_names(rng, len(tensors))
    return rng.choice([dict, collections.OrderedDict])(zip(names, tensors, strict=False))


def random_tensors(rng: random.Random, count: int) -> list[Tensor]:
    tensors: list[Tensor] = []
    while len(tensors) < count:
        kind = rng.randrange(8)
        if kind == 0:
            tensors += siblings(rng)
        elif kind == 1 and tensors:
            tensors.append(rng.choice(tensors))
        else:
            tensors.append(dressed(rng, random_tensor(rng)))
    return tensors


def random_tree(rng: random.Random, may_refuse: bool) -> dict:
    """Nested containers of tensors and of any other object that a pickle can hold."""
    tensors = random_tensors(rng, rng.randint(1, 16))
    if may_refuse:
        tensors.append(refused_tensor(rng))
    containers: list[dict | list] = []
    root = branch(rng, tensors, containers, 0)
    root = root if isinstance(root, dict) else {"items": root}
    root["last"] = rng.choice(tensors)
    if may_refuse:
        root["refused"] = tensors[-1]
    if rng.random() < 0.2:
        # A cycle, and a container that occurs twice.
        root["again"] = root
        root["shared"] = rng.choice(containers or [root])
    if rng.random() < 0.05:
        root["twice"], root["twice.w"] = {"w": tensors[0]}, tensors[0]
    return root


def branch(rng: random.Random, tensors: list[Tensor], containers: list[dict | list], depth: int) -> dict | list | tuple:
    entries = [node(rng, tensors, containers, depth) for _ in range(rng.randrange(5))]
    kind = rng.choice([dict, dict, collections.OrderedDict, collections.defaultdict, list, tuple])
    if kind is tuple:
        return tuple(entries)
    if kind is list:
        made = entries
    else:
        made = kind(list) if kind is collections.defaultdict else kind()
        keys = random_keys(rng, len(entries))
        made.update(zip(keys, entries, strict=False))
    containers.append(made)
    return made


def node(rng: random.Random, tensors: list[Tensor], containers: list[dict | list], depth: int) -> object:
    kind = rng.randrange(8)
    if kind < 2 and depth < DEEPEST:
        return branch(rng, tensors, containers, depth + 1)
    return rng.choice(OTHERS) if kind == 2 else rng.choice(tensors)


def random_keys(rng: random.Random, count: int) -> list[object]:
    """Mostly strings, and ints."""
    keys: list[object] = [*random_names(rng, count)]
    if rng.random() < 0.3:
        ints = rng.choice([[17, 2**70, -3], [17, 18], [-(2**31)], [255, 256, 65_536]])
        keys[:0] = rng.sample(ints, len(ints))
    return list(dict.fromkeys(keys))


OTHERS = [
    None,
    True,
    0,
    -(2**31),
    2**70,
    1.5,
    float("nan"),
    "text \U0001f600",
    "x" * 70_000,
    b"\x00\xff",
    (),
    {},
    [],
    {1, 2},
    frozenset({"a"}),
    torch.Size([2, 3]),
    torch.device("cpu"),
    torch.bfloat16,
    torch.strided,
    slice(1, None),
    complex(1, -2),
    bytearray(b"ab"),
    range(3),
    torch.ones(3).untyped_storage(),
]
"""What a checkpoint may hold beside tensors."""


def wide_flat(rng: random.Random) -> dict[str, Tensor]:
    """More entries than the pickler batches, and pickles longer than the reader's first range."""
    tensors = random_tensors(rng, 40)
    return {f"layers.{i}.weight": rng.choice(tensors) for i in range(rng.choice([999, 1000, 1001, 2500]))}


def large_flat(rng: random.Random) -> dict[str, Tensor]:
    """A storage of more than a megabyte: the reader reads a part of it where a selection needs little."""
    base = torch.frombuffer(bytearray(rng.randbytes(3 << 19)), dtype=torch.uint8).clone().view(torch.float32)
    square = base.reshape(384, 1024)
    return {
        "head.some": base[rng.randrange(1000) :][:500],
        "head.columns": square[:64, ::3].t(),
        "tail.transposed": square.t(),
        "tail.last": base[-7:],
        "small": random_tensor(rng),
    }
