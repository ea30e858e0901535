"""What main.py answers about random checkpoints; see ../checkpoints.ts."""

import random
import warnings
from collections.abc import Callable
from pathlib import Path

from random_checkpoints.answer import Answer, choose_selection
from random_checkpoints.numpy_files import write_npy, write_npz
from random_checkpoints.pickled_files import write_arrays, write_module, write_pickle
from random_checkpoints.safetensors_files import write_safetensors
from random_checkpoints.sharded_files import write_sharded
from random_checkpoints.torch_files import write_torch_file

WRITERS: list[Callable[[random.Random, Path], Answer]] = [
    *[write_torch_file] * 12,
    *[write_npz] * 3,
    write_npy,
    *[write_pickle] * 3,
    *[write_module] * 3,
    *[write_arrays] * 2,
    *[write_safetensors] * 2,
    *[write_sharded] * 2,
]


def write_checkpoint(request: dict) -> dict:
    """Writes the checkpoint of a seed into an empty folder; answers with what it holds."""
    rng = random.Random(request["seed"])
    with warnings.catch_warnings():
        # PyTorch warns about prototypes, lazy tensors, and arguments that a module ignores.
        warnings.simplefilter("ignore")
        answer = rng.choice(WRITERS)(rng, Path(request["folder"]))
    choose_selection(rng, answer)
    return answer.to_json()


CHECKPOINT_COMMANDS: dict[str, Callable[[dict], dict]] = {"write_checkpoint": write_checkpoint}
