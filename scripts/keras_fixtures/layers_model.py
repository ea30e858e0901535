"""A saved Keras model in the layers-model format of TensorFlow.js, as `tensorflowjs_converter` writes it.

Reads what Keras saves and keeps it as it is: names, order and configuration. Compared with what tensorflowjs 4.22 writes;
only addresses of Python objects, which a .keras file holds, are numbered from 1 here.
"""

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np

# What the converter takes out of the configuration in a .keras file.
DROPPED_KEYS = ("module", "registered_name", "date_saved")


def from_h5(path: Path) -> dict:
    """`--input_format=keras`: model.save("model.h5")."""
    with h5py.File(path) as file:
        topology = {
            "keras_version": text(file.attrs["keras_version"]),
            "backend": text(file.attrs["backend"]),
            "model_config": json.loads(text(file.attrs["model_config"])),
        }
        return layers_model(topology, h5_weights(file["model_weights"]))


def from_keras_file(path: Path) -> dict:
    """`--input_format=keras_keras`: model.save("model.keras")."""
    with zipfile.ZipFile(path) as archive:
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        config = numbered(without(json.loads(archive.read("config.json")), DROPPED_KEYS), {})
        with h5py.File(BytesIO(archive.read("model.weights.h5"))) as file:
            return layers_model({"keras_version": version, "model_config": config}, keras_file_weights(file, ""))


def layers_model(topology: dict, weights: Iterator[tuple[str, np.ndarray]]) -> dict:
    """model.json and its one shard of weights, as bytes."""
    named = [(name.removesuffix(":0"), np.array(value)) for name, value in weights]
    specs = [{"name": name, "shape": list(value.shape), "dtype": str(value.dtype)} for name, value in named]
    return {
        "model": {
            "format": "layers-model",
            "generatedBy": f"keras v{topology['keras_version']}",
            "convertedBy": None,
            "modelTopology": topology,
            "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": specs}],
        },
        "weights": b"".join(value.tobytes() for _, value in named),
    }


def h5_weights(group: h5py.Group) -> Iterator[tuple[str, np.ndarray]]:
    if "weight_names" in group.attrs:
        for name in group.attrs["weight_names"].tolist():
            yield text(name), group[name][()]
    else:
        for child in group.values():
            yield from h5_weights(child)


def keras_file_weights(group: h5py.Group, path: str) -> Iterator[tuple[str, np.ndarray]]:
    for name, child in group.items():
        if isinstance(child, h5py.Group):
            yield from keras_file_weights(child, f"{path}{name}/")
        else:
            yield f"{path}{name}", child[()]


def without(value: object, keys: tuple[str, ...]) -> object:
    if isinstance(value, dict):
        return {key: without(child, keys) for key, child in value.items() if key not in keys}
    return [without(child, keys) for child in value] if isinstance(value, list) else value


def numbered(value: object, numbers: dict[int, int]) -> object:
    if isinstance(value, list):
        return [numbered(child, numbers) for child in value]
    if not isinstance(value, dict):
        return value
    result = {key: numbered(child, numbers) for key, child in value.items()}
    if "shared_object_id" in result:
        result["shared_object_id"] = numbers.setdefault(result["shared_object_id"], len(numbers) + 1)
    return result


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
