"""Files of safetensors: of torch, of NumPy, and of whole models."""

import random
from collections.abc import Container
from pathlib import Path

import numpy
import safetensors.numpy
import safetensors.torch
import torch
from torch import Tensor

from random_checkpoints.answer import Answer, add_tensors
from random_checkpoints.bits import to_base64
from random_checkpoints.modules import PLAIN_KINDS, random_model
from random_checkpoints.names import random_name, random_names
from random_checkpoints.numpy_files import random_array, stored_array
from random_checkpoints.views import random_tensor


def write_safetensors(rng: random.Random, folder: Path) -> Answer:
    return rng.choice([write_of_torch, write_of_torch, write_of_numpy, write_model])(rng, folder)


def contiguous_tensors(rng: random.Random, count: int) -> dict[str, Tensor]:
    """Contiguous copies: safetensors writes neither strides nor shared storages."""
    return {name: random_tensor(rng).clone().contiguous() for name in random_names(rng, count)}


def random_metadata(rng: random.Random, names: Container[str]) -> dict[str, str] | None:
    """Any text may be a name here too, but none makes one tensor another name of another one."""
    if rng.random() < 0.3:
        return None
    entries = [(random_name(rng), random_name(rng)) for _ in range(rng.randint(1, 3))]
    return {key: value for key, value in entries if key in names or value not in names}


def write_of_torch(rng: random.Random, folder: Path) -> Answer:
    tensors = contiguous_tensors(rng, rng.randint(1, 10))
    if rng.random() < 0.2:
        tensors[PAIRS] = random_tensor(rng, torch.uint8, [2, 3]).contiguous().view(torch.float4_e2m1fn_x2)
    metadata = random_metadata(rng, tensors)
    path = folder / "model.safetensors"
    if rng.random() < 0.5:
        safetensors.torch.save_file(tensors, path, metadata=metadata)
    else:
        path.write_bytes(safetensors.torch.save(tensors, metadata=metadata))
    answer = Answer(str(path), "safetensors.torch", keeps_order=False, metadata=metadata)
    add_tensors(answer, ((name, tensor) for name, tensor in tensors.items() if name != PAIRS))
    if PAIRS in tensors:
        answer.stored[PAIRS] = stored_pairs(tensors[PAIRS])
    return answer


PAIRS = "pairs of float4"


def stored_pairs(tensor: Tensor) -> dict:
    """torch counts pairs of 4-bit numbers, safetensors counts single ones."""
    *sizes, last = tensor.shape
    return {"dtype": "F4", "shape": [*sizes, 2 * last], "base64": to_base64(tensor)}


def write_of_numpy(rng: random.Random, folder: Path) -> Answer:
    """Little-endian arrays in C order: safetensors writes the bytes of any other array unchanged."""
    arrays = {name: little_endian(random_array(rng)) for name in random_names(rng, 6)}
    metadata = random_metadata(rng, arrays)
    path = folder / "arrays.safetensors"
    safetensors.numpy.save_file(arrays, path, metadata=metadata)
    answer = Answer(str(path), "safetensors.numpy.save_file", keeps_order=False, metadata=metadata)
    answer.stored = {name: stored_array(array) for name, array in arrays.items()}
    return answer


def little_endian(array: numpy.ndarray) -> numpy.ndarray:
    """The array in C order and little-endian; 0-d stays 0-d."""
    plain = numpy.array(array, order="C", copy=True)
    if plain.dtype.byteorder == ">":
        plain = plain.byteswap().view(plain.dtype.newbyteorder("<"))
    return plain


def write_model(rng: random.Random, folder: Path) -> Answer:
    """It keeps one of several tied weights, and lists the others in the metadata: the reader finds all of them."""
    model = random_model(rng, PLAIN_KINDS)
    path = folder / "model.safetensors"
    safetensors.torch.save_model(model, str(path), metadata={"format": "pt"})
    answer = Answer(str(path), "safetensors.torch.save_model", keeps_order=False)
    with safetensors.safe_open(str(path), "pt") as file:
        answer.metadata = file.metadata()
    add_tensors(answer, model.state_dict().items())
    return answer
