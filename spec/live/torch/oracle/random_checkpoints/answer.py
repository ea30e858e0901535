"""A checkpoint as the reader should find it."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from random_checkpoints.bits import DTYPES, to_base64
from random_checkpoints.names import is_at_or_below, is_module_path, leaves


@dataclass
class Answer:
    path: str
    title: str
    """A description of how it was saved."""
    stored: dict[str, dict] = field(default_factory=dict)
    """Tensors in the order of the file."""
    refused: list[str] = field(default_factory=list)
    """Names of tensors that the reader must refuse."""
    aliases: list[list[str]] = field(default_factory=list)
    """Groups of names that share one tensor, or the same view of one storage."""
    has_duplicates: bool = False
    """Two tensors have the same name, so the whole file is refused."""
    keys: list[str] | None = None
    """The keys to the tensors in the file; None where the reader finds them by itself."""
    in_one_file: bool = True
    keeps_order: bool = True
    metadata: dict[str, str] | None = None
    select: list[str] | None = None
    selected: list[str] = field(default_factory=list)

    def to_json(self) -> dict:
        return {
            "path": self.path,
            "title": self.title,
            "tensors": [{"name": name, **stored} for name, stored in self.stored.items()],
            "refused": self.refused,
            "aliases": self.aliases,
            "hasDuplicates": self.has_duplicates,
            "keys": self.keys,
            "inOneFile": self.in_one_file,
            "keepsOrder": self.keeps_order,
            "metadata": self.metadata,
            "select": self.select,
            "selected": self.selected,
        }


def stored_tensor(tensor: Tensor, zeros: bool = False) -> dict | None:
    """None for a tensor that has no plain elements of a dtype that safetensors has."""
    is_plain = tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type == "cpu"
    if not is_plain or tensor.dtype not in DTYPES or tensor.is_conj() or tensor.is_neg():
        return None
    base64 = to_base64(torch.zeros(tensor.shape, dtype=tensor.dtype) if zeros else tensor)
    return {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "base64": base64}


def describe(answer: Answer, root: object, zeros: bool = False) -> Answer:
    """Fills in the tensors below the dict at `answer.keys`, or below the given root where there are no keys."""
    for key in answer.keys or []:
        root = root[key]
    add_tensors(answer, leaves(root), zeros)
    return answer


def add_tensors(answer: Answer, named: Iterable[tuple[str, Tensor]], zeros: bool = False) -> None:
    by_place: dict[tuple, list[str]] = {}
    for name, tensor in named:
        if name in answer.stored or name in answer.refused:
            answer.has_duplicates = True
        stored = stored_tensor(tensor, zeros)
        if stored is None:
            answer.refused.append(name)
        else:
            answer.stored[name] = stored
            by_place.setdefault(place_of(tensor), []).append(name)
    answer.aliases = [names for names in by_place.values() if len(names) > 1]


def place_of(tensor: Tensor) -> tuple:
    """Equal for tensors that have the same elements at the same place. An empty one has none."""
    if tensor.numel() == 0:
        return (id(tensor),)
    return tensor.untyped_storage()._cdata, tensor.dtype, tensor.storage_offset(), tensor.shape, tensor.stride()


def choose_selection(rng: random.Random, answer: Answer) -> None:
    """One or two modules whose tensors are read alone. They hold nothing that is refused."""
    names = [*answer.stored, *answer.refused]
    candidates = [path for name in answer.stored for path in module_paths(name)]
    good = [
        path
        for path in dict.fromkeys(candidates)
        if is_module_path(path) and not any(is_at_or_below(name, path) for name in answer.refused)
    ]
    if not good or answer.has_duplicates:
        return
    answer.select = rng.sample(good, min(len(good), rng.randint(1, 2)))
    answer.selected = [name for name in names if any(is_at_or_below(name, path) for path in answer.select)]


def module_paths(name: str) -> list[str]:
    """The name, and its prefix before each of its dots."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
