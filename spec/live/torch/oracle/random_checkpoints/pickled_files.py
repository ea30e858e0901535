"""Files of pickle.dump in each protocol, whole modules, and NumPy's arrays in pickles and in files of torch.save."""

import gzip
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import numpy
import torch
from torch import nn

from random_checkpoints.answer import Answer, describe
from random_checkpoints.modules import CASTS, PICKLED_KINDS, random_model, random_state_dict
from random_checkpoints.names import random_names
from random_checkpoints.numpy_files import random_array, stored_array
from random_checkpoints.trees import random_flat, random_tree

Save = Callable[[object, Path], None]


def random_pickling(rng: random.Random) -> tuple[str, Save]:
    protocol = rng.randrange(pickle.HIGHEST_PROTOCOL + 1)
    squeezed = rng.random() < 0.1

    def save(value: object, path: Path) -> None:
        data = pickle.dumps(value, protocol=protocol)
        path.write_bytes(gzip.compress(data) if squeezed else data)

    return f"pickle.dump, protocol {protocol}{', gzip' if squeezed else ''}", save


def random_saving(rng: random.Random) -> tuple[str, Save]:
    """By torch.save, or by pickle.dump."""
    if rng.random() < 0.5:
        return random_pickling(rng)
    is_zip, protocol = rng.random() < 0.6, rng.choice([2, 2, 3, 4, 5])

    def save(value: object, path: Path) -> None:
        torch.save(value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)

    return f"torch.save, {'zip' if is_zip else 'old layout'}, protocol {protocol}", save


def write_pickle(rng: random.Random, folder: Path) -> Answer:
    title, save = random_pickling(rng)
    path = folder / "model.pkl"
    kind = rng.choice(["tensors", "a state_dict", "a tree", "a pair"])
    keys = None
    if kind == "tensors":
        value = random_flat(rng)
    elif kind == "a state_dict":
        value = random_state_dict(rng)
    elif kind == "a tree":
        value, keys = random_tree(rng, rng.random() < 0.25), []
    else:
        value = (random_flat(rng), {"hidden": 4, "name": "gru"})
    save(value, path)
    answer = describe(Answer(str(path), f"{title} of {kind}", keys=keys), value[0] if kind == "a pair" else value)
    # A storage is written anew for each of its tensors.
    answer.aliases = []
    return answer


def write_module(rng: random.Random, folder: Path) -> Answer:
    """A whole module; sometimes with the optimizer beside it."""
    title, save = random_saving(rng)
    model: nn.Module = rng.choice(CASTS)(random_model(rng, PICKLED_KINDS))
    whole: object = model
    if rng.random() < 0.3:
        parameters = [*model.parameters(), nn.Parameter(torch.ones(1))]
        whole = {"epoch": 3, "net": model, "optimizer": torch.optim.SGD(parameters, lr=0.1)}
    path = folder / "model.pt"
    save(whole, path)
    answer = describe(Answer(str(path), f"{title} of a whole module"), model.state_dict())
    if title.startswith("pickle"):
        answer.aliases = []
    return answer


def write_arrays(rng: random.Random, folder: Path) -> Answer:
    """A dict of arrays."""
    names = random_names(rng, rng.randint(1, 8))
    arrays = {name: random_array(rng) for name in names}
    if rng.random() < 0.2:
        title, path = "numpy.save of a dict", folder / "arrays.npy"
        numpy.save(path, arrays, allow_pickle=True)
    else:
        (title, save), path = random_saving(rng), folder / "arrays.pkl"
        save(arrays, path)
    answer = Answer(str(path), f"{title} of arrays")
    answer.stored = {name: stored_array(array) for name, array in arrays.items()}
    return answer
