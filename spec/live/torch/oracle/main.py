"""Answers the questions of the comparison with PyTorch: one JSON request a line on stdin, one JSON answer a line on stdout.

An answer is {"result": ...} or {"error": traceback}. The first line, unasked, is {"result": {"torch": version}}.
"""

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "scripts" / "fixtures"))

from checkpoints import CHECKPOINT_COMMANDS  # noqa: E402
from containers import CONTAINER_COMMANDS  # noqa: E402
from modules import MODULE_COMMANDS  # noqa: E402
from precision import PRECISION_COMMANDS  # noqa: E402
from torch_fixtures.cells import CellCase, unroll  # noqa: E402
from torch_fixtures.conditioning import is_well_conditioned  # noqa: E402
from torch_fixtures.encoding import DTYPES, TORCH_DTYPES, decode, encode, encode_all  # noqa: E402
from torch_fixtures.layers import Case  # noqa: E402
from torch_fixtures.recurrent import config_from_json  # noqa: E402
from torch_fixtures.run import accept_all  # noqa: E402
from training import TRAINING_COMMANDS  # noqa: E402
from whole_modules import WHOLE_MODULE_COMMANDS  # noqa: E402


def layer(request: dict) -> dict:
    """Runs a recurrent layer on random numbers; answers with what a stored fixture holds."""
    run = Case(
        name=request["name"],
        seed=request["seed"],
        config=config_from_json(request["module"], request["config"]),
        steps=request["steps"],
        batch=request["batch"],
        h0=request["hasH0"],
        lengths=request["lengths"],
    ).run(accept_all if request["sumOfLosses"] else is_well_conditioned)
    return run.fixture(run.first_order_of_sum() if request["sumOfLosses"] else run.first_order)


def cell(request: dict) -> dict:
    """The same for a cell, step after step."""
    run = CellCase(
        name=request["name"],
        seed=request["seed"],
        config=config_from_json(request["module"], request["config"]),
        batch=request["batch"],
        h0=request["hasH0"],
        steps=request["steps"],
    ).run(is_well_conditioned)
    return run.fixture(run.first_order)


def save(request: dict) -> dict:
    """Writes random tensors of the asked dtypes and shapes as a PyTorch user would; answers with what it wrote."""
    generator = torch.Generator().manual_seed(request["seed"])
    to_text = JSON_FORMS.get(request["format"])
    has_numbers = request["format"] in ("lists", "numbers")
    tensors = {
        f"layer.{name}.{index}": random_tensor(TORCH_DTYPES[name], shape, generator, has_numbers)
        for name in request["dtypes"]
        for index, shape in enumerate(request["shapes"])
    }
    if to_text is None:
        safetensors.torch.save_file(tensors, request["path"], metadata={"format": "pt"})
    else:
        stored = {name: to_text(tensor) for name, tensor in tensors.items()}
        Path(request["path"]).write_text(json.dumps(stored), encoding="utf-8")
    return {"stateDict": encode_all(tensors)}


def as_numbers(tensor: Tensor) -> dict:
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype), "data": tensor.tolist()}


JSON_FORMS: dict[str, Callable[[Tensor], object]] = {"lists": Tensor.tolist, "numbers": as_numbers, "base64": encode}


def random_tensor(dtype: torch.dtype, shape: Sequence[int], generator: torch.Generator, finite: bool) -> Tensor:
    """Every bit pattern; without NaN and infinity where only numbers can be written."""
    if dtype == torch.bool:
        return torch.randint(2, shape, generator=generator).bool()
    count = torch.Size(shape).numel() * dtype.itemsize
    tensor = torch.randint(256, (count,), generator=generator, dtype=torch.uint8).view(dtype).reshape(shape)
    return torch.nan_to_num(tensor, nan=0.0) if finite else tensor


class Holder(nn.Module):
    """A module whose state_dict has these dtypes and shapes; keys have dots, so each layer is a submodule."""

    def __init__(self, tensors: dict[str, dict]) -> None:
        super().__init__()
        for key, stored in tensors.items():
            *path, name = key.split(".")
            module = self
            for part in path:
                if not hasattr(module, part):
                    module.add_module(part, nn.Module())
                module = getattr(module, part)
            module.register_buffer(name, torch.zeros(stored["shape"], dtype=TORCH_DTYPES[stored["dtype"]]))


def load(request: dict) -> dict:
    """Loads a file strictly into a module of the given dtypes and shapes; answers with the module's state_dict."""
    loaded = safetensors.torch.load_file(request["path"])
    for name, stored in request["tensors"].items():
        # load_state_dict converts silently.
        if DTYPES[loaded[name].dtype] != stored["dtype"]:
            raise TypeError(f"{name}: expected {stored['dtype']}, got {loaded[name].dtype}")
    module = Holder(request["tensors"])
    module.load_state_dict(loaded, strict=True)
    return {"stateDict": encode_all(module.state_dict())}


def run_model(request: dict) -> dict:
    """Builds the modules, loads a file into them strictly and applies them one after the other in eval mode."""
    model = nn.ModuleDict(
        {entry["name"]: getattr(nn, entry["module"])(**entry["args"]) for entry in request["modules"]}
    ).eval()
    model.load_state_dict(safetensors.torch.load_file(request["path"]), strict=True)
    value = decode(request["input"])
    with torch.no_grad():
        for module in model.values():
            value = apply(module, value)
    return {"output": encode(value)}


def apply(module: nn.Module, value: Tensor) -> Tensor:
    """Values travel with channels last, as in tfjs; a cell runs over the steps of [B, T, I]."""
    if isinstance(module, nn.RNNBase):
        return module(value)[0]
    if isinstance(module, nn.RNNCellBase):
        return unroll(module, value.transpose(0, 1), {})["h"].transpose(0, 1)
    has_channels = isinstance(module, (nn.Conv1d, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.PReLU))
    if not has_channels or value.dim() < 3:
        return module(value)
    return module(value.movedim(-1, 1)).movedim(1, -1)


COMMANDS: dict[str, Callable[[dict], dict]] = {
    "layer": layer,
    "cell": cell,
    "save": save,
    "load": load,
    "run_model": run_model,
    **CHECKPOINT_COMMANDS,
    **CONTAINER_COMMANDS,
    **MODULE_COMMANDS,
    **PRECISION_COMMANDS,
    **TRAINING_COMMANDS,
    **WHOLE_MODULE_COMMANDS,
}


def answer(line: str) -> dict:
    try:
        request = json.loads(line)
        return {"result": COMMANDS[request["command"]](request)}
    except Exception:
        return {"error": traceback.format_exc()}


def main() -> None:
    torch.set_num_threads(1)
    print(json.dumps({"result": {"torch": torch.__version__}}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
