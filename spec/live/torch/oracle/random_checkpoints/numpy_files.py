"""Files of numpy.save, numpy.savez and numpy.savez_compressed."""

import base64
import gzip
import io
import random
from pathlib import Path

import numpy
from numpy.lib import format as npy_format

from random_checkpoints.answer import Answer
from random_checkpoints.names import random_names
from random_checkpoints.views import random_shape

DTYPES = {
    "?": "BOOL",
    "i1": "I8",
    "i2": "I16",
    "i4": "I32",
    "i8": "I64",
    "u1": "U8",
    "u2": "U16",
    "u4": "U32",
    "u8": "U64",
    "f2": "F16",
    "f4": "F32",
    "f8": "F64",
    "c8": "C64",
}

REFUSED = [
    numpy.array([{"a": 1}, None], dtype=object),
    numpy.array(["a", "bc"]),
    numpy.array([b"a"]),
    numpy.array(["2020-01-01"], "M8[D]"),
    numpy.array([1 + 2j]),
    numpy.zeros(1, numpy.longdouble),
    numpy.zeros(2, [("a", "<f4"), ("b", "<i8", (2,))]),
    numpy.zeros(2, "V2"),
]
"""Arrays of dtypes that no tensor has."""


def random_array(rng: random.Random) -> numpy.ndarray:
    """Every bit pattern; C order, Fortran order or neither; big-endian or not; aligned or not."""
    dtype = numpy.dtype(rng.choice("<>") + rng.choice(list(DTYPES)))
    shape = random_shape(rng)
    steps = [rng.choice([1, 1, 1, 2, 3]) for _ in shape]
    padded = [size * step for size, step in zip(shape, steps, strict=True)]
    count = int(numpy.prod(padded, dtype=int))
    shift = rng.randrange(2)
    raw = bytearray(rng.randbytes(count * dtype.itemsize + shift))
    if dtype.kind == "b":
        raw = bytearray(byte & 1 for byte in raw)
    flat = numpy.frombuffer(raw, dtype, count, offset=shift) if count else numpy.zeros(0, dtype)
    array = flat.reshape(padded, order=rng.choice("CF"))[tuple(slice(None, None, step) for step in steps)]
    if rng.random() < 0.2:
        array = array[tuple(slice(None, None, rng.choice([1, -1])) for _ in shape)]
    return array.transpose(rng.sample(range(array.ndim), array.ndim)) if rng.random() < 0.3 else array


def stored_array(array: numpy.ndarray) -> dict:
    """Swaps the bytes of each element and computes no number."""
    plain = numpy.array(array, order="C", copy=True)
    if plain.dtype.byteorder == ">":
        plain = plain.byteswap()
    return {
        "dtype": DTYPES["?" if plain.dtype.kind == "b" else plain.dtype.str[1:]],
        "shape": list(array.shape),
        "base64": base64.b64encode(plain.tobytes("C")).decode("ascii"),
    }


def write_npz(rng: random.Random, folder: Path) -> Answer:
    arrays = {name: random_array(rng) for name in npz_names(rng)}
    refused = {}
    if rng.random() < 0.15:
        refused = {"refused": rng.choice(REFUSED)}
    save = rng.choice([numpy.savez, numpy.savez_compressed])
    positional = rng.random() < 0.2
    path = folder / "arrays.npz"
    target = io.BytesIO() if rng.random() < 0.3 else path
    if positional:
        arrays = {f"arr_{i}": array for i, array in enumerate(arrays.values())}
        save(target, *arrays.values(), **refused)
        # Named arrays come first.
        order = [*refused, *arrays]
    else:
        save(target, **arrays, **refused)
        order = [*arrays, *refused]
    if isinstance(target, io.BytesIO):
        path.write_bytes(target.getvalue())
    squeezed = rng.random() < 0.1
    if squeezed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    title = f"numpy.{save.__name__}{' of positional arrays' if positional else ''}{', gzip' if squeezed else ''}"
    answer = Answer(str(path), title, refused=list(refused))
    answer.stored = {name: stored_array(arrays[name]) for name in order if name in arrays}
    return answer


def npz_names(rng: random.Random) -> list[str]:
    """Random names without the parameter of savez, and without paths out of a folder, which the reader refuses."""
    names = random_names(rng, rng.randint(1, 8))
    return [name for name in names if name != "file" and "\\" not in name and not name.startswith("/")] or ["w"]


def write_npy(rng: random.Random, folder: Path) -> Answer:
    array = random_array(rng)
    path = folder / "array.npy"
    version = rng.choice([None, (1, 0), (2, 0), (3, 0)])
    with path.open("wb") as file:
        if version is None:
            numpy.save(file, array)
        else:
            npy_format.write_array(file, array, version=version)
    answer = Answer(str(path), f"numpy.save, version {version}")
    answer.stored = {"arr_0": stored_array(array)}
    return answer
