"""What main.py answers about training; see ../training.ts."""

from collections.abc import Callable

import safetensors.torch

from torch_fixtures.training.curves import LARGEST_SENSITIVITY, Case, Run, run_fixture, sensitivity
from torch_fixtures.training.task import evaluate
from torch_fixtures.training.tied import TiedModel, tied_batches, tied_fixture

ATTEMPTS = 20
"""Two of three models with Adam in two small layers are too sensitive."""


def read_run(request: dict) -> Run:
    return Run(
        Case(
            request["seed"],
            request["cell"],
            request["embeddingSize"],
            request["hiddenSize"],
            request["numLayers"],
            request["batch"],
            request["steps"],
        )
    )


def train(request: dict) -> dict:
    """Trains a character model that rounding does not lead astray; answers with what a stored fixture of curves holds, and
    with the seed of the model, the first from the asked one on."""
    for seed in range(request["seed"], request["seed"] + ATTEMPTS):
        run = read_run(request | {"seed": seed})
        if sensitivity(run, request["optimizer"]) <= LARGEST_SENSITIVITY:
            return run_fixture(run, [request["optimizer"]]) | {"seed": seed}
    raise ValueError(f"{ATTEMPTS} models in turn are all too sensitive to rounding")


def evaluate_export(request: dict) -> dict:
    """Loads a file strictly into the model that `train` makes; answers with its loss on held-out text."""
    run = read_run(request)
    run.model.load_state_dict(safetensors.torch.load_file(request["path"]), strict=True)
    return {"heldOutLoss": evaluate(run.model, run.batches)}


def train_tied(request: dict) -> dict:
    """Trains a tied model; answers with what its stored fixture holds."""
    return tied_fixture(request["cell"], request["seed"])


def evaluate_tied(request: dict) -> dict:
    """Loads a file strictly into a tied model; answers with its loss on held-out text."""
    model = TiedModel(request["cell"])
    model.load_state_dict(safetensors.torch.load_file(request["path"]), strict=True)
    return {"heldOutLoss": evaluate(model, tied_batches(request["seed"]))}


TRAINING_COMMANDS: dict[str, Callable[[dict], dict]] = {
    "train": train,
    "evaluate_export": evaluate_export,
    "train_tied": train_tied,
    "evaluate_tied": evaluate_tied,
}
