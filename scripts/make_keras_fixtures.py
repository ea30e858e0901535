"""Writes spec/fixtures/keras: models of Keras 2.15 or Keras 3 in the format of TensorFlow.js, with what Keras
computes, for the specs to compare against. Each major version writes its own folder, in an environment of its own:

    pip install -r scripts/requirements-keras2.txt && python scripts/make_keras_fixtures.py
    pip install -r scripts/requirements-keras3.txt && KERAS_BACKEND=torch python scripts/make_keras_fixtures.py

Seeded: running it again writes the same bytes. What Keras 3 has in common with 2.15 is not stored twice: weights that
are the same, results that agree; so 2.15 goes first.
"""

import base64
import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from keras_fixtures.differentiate import gradients
from keras_fixtures.layers_model import from_h5, from_keras_file
from keras_fixtures.nets import NETS, Net

KERAS_VERSIONS = ("2.15.0", "3.15.1")
IS_KERAS_3 = keras.__version__.startswith("3.")
FOLDER = Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "keras"
# The farthest a weight is from 0: wide enough to bend the gates, so that a wrong equation shows.
WEIGHT_SPREAD = 0.9
# What Keras 2.15 and Keras 3 call the states of a stateful layer among its weights.
STATES = ("Variable", "rnn_state")
# How far apart the results of the two versions are where both compute the same.
AGREEMENT = 2e-6
DTYPES = {"float32": "F32", "int32": "I32"}


def main() -> None:
    if keras.__version__ not in KERAS_VERSIONS:
        raise SystemExit(f"Keras {' or '.join(KERAS_VERSIONS)} is the reference of the specs, found {keras.__version__}")
    folder = FOLDER / keras.__version__.split(".")[0]
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, net) in enumerate(NETS.items(), start=101):
        for file, fixture in fixtures(net, seed):
            path = folder / f"{name}{file}.json"
            earlier = FOLDER / "2" / path.name
            if IS_KERAS_3 and earlier.exists():
                fixture = without_common(fixture, json.loads(earlier.read_text(encoding="utf-8")))
            path.write_text(to_lines(fixture) + "\n", encoding="utf-8")
            print(f"{path.stat().st_size:8d} {path.relative_to(FOLDER)}")


def fixtures(net: Net, seed: int) -> Iterator[tuple[str, dict]]:
    keras.backend.clear_session()
    generator = np.random.default_rng(seed)
    model = net.build()
    fill(model, generator)
    calls = net.calls(generator)
    outputs = [[to_numpy(output) for output in as_list(model(as_inputs(call)))] for call in calls]
    header = {"keras": keras.__version__, "seed": seed, "script": "scripts/make_keras_fixtures.py"}
    results = {
        "calls": [
            {"inputs": encode_all(call), "outputs": encode_all(output)}
            for call, output in zip(calls, outputs, strict=True)
        ]
    }
    if net.gradients:
        factors = [generator.uniform(-1, 1, output.shape).astype(np.float32) for output in outputs[0]]
        derivatives = gradients(model, as_inputs(calls[0]), factors)
        results |= {"factors": encode_all(factors), "gradients": {key: encode(g) for key, g in derivatives.items()}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls the HDF5 format legacy; the converter reads it.
        h5 = Path(folder) / "model.h5"
        model.save(h5)
        yield "", {"header": header, **encode_model(from_h5(h5)), **results}
        # tfjs reads neither version's; they name weights alike, and Keras 3 has the harder configuration.
        if net.as_keras_file and IS_KERAS_3:
            file = Path(folder) / "model.keras"
            model.save(file)
            yield "-keras-file", {"header": header, **encode_model(from_keras_file(file))}


def without_common(fixture: dict, earlier: dict) -> dict:
    """The names of weights differ, so gradients agree when they do one by one."""
    own = dict(fixture)
    for key in ("weights", "calls", "factors"):
        if key in own and agree(own[key], earlier.get(key)):
            del own[key]
    if "gradients" in own and agree(list(own["gradients"].values()), list(earlier["gradients"].values())):
        del own["gradients"]
    return own


def agree(a: object, b: object) -> bool:
    """The same JSON, but for rounding in stored tensors."""
    if is_stored(a) and is_stored(b):
        return a["shape"] == b["shape"] and np.abs(decode(a) - decode(b)).max(initial=0) <= AGREEMENT
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(agree(*pair) for pair in zip(a, b, strict=True))
    return a == b


def fill(model: keras.Model, generator: np.random.Generator) -> None:
    """Random values for every weight, biases included; variances stay positive, and states at zero."""
    for weight in model.weights:
        name = weight.name.removesuffix(":0").split("/")[-1]
        if name in STATES or "float32" not in str(weight.dtype):
            continue
        value = generator.uniform(-WEIGHT_SPREAD, WEIGHT_SPREAD, tuple(weight.shape)).astype(np.float32)
        weight.assign(np.abs(value) + 0.2 if "variance" in name else value)


def as_inputs(arrays: list[np.ndarray]) -> list | np.ndarray:
    return arrays if len(arrays) > 1 else arrays[0]


def as_list(value: object) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def to_numpy(value: object) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(value) if IS_KERAS_3 else value)


def encode(array: np.ndarray) -> dict:
    array = np.asarray(array)
    return {"dtype": DTYPES[str(array.dtype)], "shape": list(array.shape), "data": to_base64(array.tobytes())}


def is_stored(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"dtype", "shape", "data"}


def decode(stored: dict) -> np.ndarray:
    dtype = next(name for name, short in DTYPES.items() if short == stored["dtype"])
    return np.frombuffer(base64.b64decode(stored["data"]), dtype).reshape(stored["shape"])


def encode_all(arrays: list[np.ndarray]) -> list[dict]:
    return [encode(array) for array in arrays]


def encode_model(converted: dict) -> dict:
    return {"model": converted["model"], "weights": to_base64(converted["weights"])}


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def to_lines(fixture: dict) -> str:
    """JSON with a line for each part. Configurations of one class differ little: {"$": index} stands for
    `common[index]`, with the keys beside it in place of its own."""
    common: list[dict] = []
    model = with_references(fixture["model"], {}, common)
    parts = {"header": fixture["header"], "common": common, "model": model, **fixture, "model": model}
    lines = [f"  {json.dumps(key)}: {compact(value)}" for key, value in parts.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def with_references(value: object, indices: dict, common: list[dict]) -> object:
    if isinstance(value, list):
        return [with_references(child, indices, common) for child in value]
    if not isinstance(value, dict):
        return value
    inner = {key: with_references(child, indices, common) for key, child in value.items()}
    if "class_name" not in inner or "config" not in inner or "layers" in inner["config"]:
        return inner
    if any(isinstance(child, (dict, list)) for child in inner["config"].values()) or "name" in inner["config"]:
        inner = {**inner, "config": relative(inner["config"], inner["class_name"], indices, common)}
    return inner if "inbound_nodes" in inner else relative(inner, compact(inner), indices, common)


def relative(value: dict, kind: str, indices: dict, common: list[dict]) -> dict:
    """`value` by reference to the first one of its kind with the same keys."""
    kind = (kind, tuple(sorted(value)))
    if kind not in indices:
        indices[kind] = len(common)
        common.append(value)
    base = common[indices[kind]]
    return {"$": indices[kind], **{key: child for key, child in value.items() if child != base[key]}}


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    main()
