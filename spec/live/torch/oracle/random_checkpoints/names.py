"""Random names, and the names of tensors below nested containers."""

import random
from collections.abc import Iterator, Mapping

import numpy
import torch
from torch import Tensor

PARTS = [
    "weight",
    "bias",
    "layer",
    "encoder",
    "module",
    "0",
    "1",
    "größe",
    "重み",
    "\U0001f600",
    "__proto__",
    "constructor",
    "toString",
    "a b",
    "a/b",
    "\"quoted'\\",
    "line\nbreak",
    "\x7f",
    "x" * 300,
    "",
]


def random_name(rng: random.Random) -> str:
    """With dots or without; it may be empty, and begin or end with a dot."""
    return ".".join(rng.choice(PARTS) for _ in range(rng.choice([1, 1, 2, 2, 3, 4])))


def random_names(rng: random.Random, count: int) -> list[str]:
    """Each once."""
    names = dict.fromkeys(random_name(rng) for _ in range(count))
    return list(names)


def join(left: str, right: str) -> str:
    return f"{left}.{right}" if left and right else left + right


def leaves(value: object, prefix: str = "", open_ids: frozenset[int] = frozenset()) -> Iterator[tuple[str, Tensor]]:
    """Every tensor below a value under its dotted name. A container met again inside itself holds nothing new."""
    if isinstance(value, Tensor):
        yield prefix, value
    elif isinstance(value, (numpy.ndarray, numpy.generic)):
        yield prefix, torch.from_numpy(numpy.array(value))
    elif isinstance(value, (dict, list, tuple)) and id(value) not in open_ids:
        for key, entry in named_entries(value):
            yield from leaves(entry, join(prefix, key), open_ids | {id(value)})


def named_entries(value: Mapping | list | tuple) -> Iterator[tuple[str, object]]:
    """Items by their place, values by their key, which is text or an int."""
    if isinstance(value, Mapping):
        yield from ((str(key), entry) for key, entry in value.items())
    else:
        yield from ((str(place), entry) for place, entry in enumerate(value))


def is_at_or_below(name: str, path: str) -> bool:
    """Whether a module path selects a name."""
    return path == "" or name == path or name.startswith(f"{path}.")


def is_module_path(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(".")
