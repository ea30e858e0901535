"""Names, and what a tensor below nested containers is called."""

import json
import random
from collections.abc import Iterator, Mapping

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
    elif isinstance(value, (dict, list, tuple)) and id(value) not in open_ids:
        for key, entry in named_entries(value):
            yield from leaves(entry, join(prefix, key), open_ids | {id(value)})


def named_entries(value: Mapping | list | tuple) -> Iterator[tuple[str, object]]:
    """Keys that are no text get the text that Python prints, with a number where another key is that text."""
    if not isinstance(value, Mapping):
        yield from ((str(place), entry) for place, entry in enumerate(value))
        return
    taken = {key for key in value if isinstance(key, str)}
    for key, entry in value.items():
        text = key if isinstance(key, str) else text_of(key)
        name = text
        number = 1
        while not isinstance(key, str) and name in taken:
            number += 1
            name = f"{text} ({number})"
        taken.add(name)
        yield name, entry


def text_of(key: object) -> str:
    """As Python prints it, with text in the quotes of JSON."""
    if isinstance(key, tuple):
        return f"({', '.join(map(text_of, key))})"
    return json.dumps(key) if isinstance(key, str) else repr(key)


def is_at_or_below(name: str, path: str) -> bool:
    """Whether a module path selects a name."""
    return path == "" or name == path or name.startswith(f"{path}.")


def is_module_path(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(".")
