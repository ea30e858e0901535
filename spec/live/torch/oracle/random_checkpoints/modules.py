"""State dicts of random modules, and the checkpoints that training code makes of them."""

import argparse
import random
from collections.abc import Callable, Sequence

import numpy
import torch
from torch import nn
from torch.nn.utils import parametrizations


def tied(rng: random.Random) -> nn.Module:
    model = nn.ModuleDict({"embedding": nn.Embedding(5, 3), "head": nn.Linear(3, 5, bias=rng.random() < 0.5)})
    model["head"].weight = model["embedding"].weight
    return model


class WithState(nn.Module):
    """Its state_dict has an extra state, a tensor or another object, and leaves one buffer out."""

    def __init__(self, state: object) -> None:
        super().__init__()
        self.state = state
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("left", torch.ones(2), persistent=False)
        self.register_parameter("none", None)

    def get_extra_state(self) -> object:
        return self.state

    def set_extra_state(self, state: object) -> None:
        self.state = state


Maker = Callable[[random.Random], nn.Module]

PLAIN_KINDS: list[Maker] = [
    lambda rng: nn.Linear(rng.randint(1, 5), rng.randint(1, 5), bias=rng.random() < 0.5),
    lambda rng: nn.GRU(3, rng.randint(1, 4), num_layers=rng.randint(1, 2), bidirectional=rng.random() < 0.5),
    lambda rng: nn.LSTM(3, 4, proj_size=rng.randrange(3), bias=rng.random() < 0.5),
    lambda rng: nn.RNNCell(2, 3),
    lambda rng: nn.Conv2d(2, 3, 2).to(memory_format=torch.channels_last),
    lambda rng: nn.ConvTranspose1d(2, 3, 2, groups=1),
    lambda rng: nn.BatchNorm1d(3, affine=rng.random() < 0.5),
    lambda rng: nn.LayerNorm([2, 3]),
    lambda rng: nn.MultiheadAttention(4, 2),
    lambda rng: nn.TransformerEncoderLayer(4, 2, dim_feedforward=3),
    lambda rng: parametrizations.weight_norm(nn.Linear(2, 3)),
    lambda rng: parametrizations.spectral_norm(nn.Linear(2, 3)),
    tied,
]
"""Modules with nothing but tensors in their state_dict."""

KINDS = [
    *PLAIN_KINDS,
    lambda rng: WithState(rng.choice([{"step": 3}, None, torch.ones(2), {"a": [torch.zeros(1)]}])),
]



class WithBuffers(nn.Module):
    """Its state_dict leaves one buffer out, and its attributes hold tensors that it does not have at all."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("left", torch.ones(2), persistent=False)
        self.register_parameter("none", None)
        self.cache = [torch.zeros(2)]


PICKLED_KINDS: list[Maker] = [
    *[make for make in PLAIN_KINDS if "parametrizations" not in make.__code__.co_names],
    lambda rng: nn.utils.weight_norm(nn.Linear(2, 3)),
    lambda rng: WithBuffers(),
    lambda rng: nn.ParameterList([torch.ones(1), torch.zeros(rng.randint(0, 2))]),
]
"""Modules that can be pickled whole; those of parametrizations cannot."""

CASTS: list[Callable[[nn.Module], nn.Module]] = [
    lambda model: model,
    nn.Module.half,
    nn.Module.bfloat16,
    nn.Module.double,
    nn.Module.share_memory,
    lambda model: model.to(torch.complex64),
    nn.DataParallel,
]


def random_model(rng: random.Random, kinds: Sequence[Maker] = ()) -> nn.Module:
    torch.manual_seed(rng.randrange(2**31))
    names = rng.sample(["encoder", "gru", "fc", "größe", "__proto__", "0", "état"], rng.randint(1, 4))
    return nn.ModuleDict({name: rng.choice(kinds or KINDS)(rng) for name in names})


def random_state_dict(rng: random.Random) -> dict:
    """With `_metadata`, parameters or tensors detached from them."""
    model = rng.choice(CASTS)(random_model(rng))
    return model.state_dict(keep_vars=rng.random() < 0.3, prefix=rng.choice(["", "", "net."]))


def random_training(rng: random.Random) -> tuple[dict, list[str] | None]:
    """The whole state of a training, and the keys to one state_dict in it; None where no keys are needed."""
    model = random_model(rng)
    optimizer = trained_optimizer(rng, model)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    key = rng.choice(["model", "state_dict", "model_state_dict"])
    whole = {
        "epoch": 3,
        key: model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": scheduler.state_dict(),
        "rng_state": torch.get_rng_state(),
        "rng_states": {"python": random.Random(1).getstate(), "numpy": numpy.random.RandomState(1).get_state()},
        "loss": torch.tensor(0.25),
        "best": numpy.float64(0.5),
        "args": argparse.Namespace(hidden=2, name="gru"),
    }
    choices: list[list[str] | None] = [None, [key], ["optimizer"]]
    if rng.random() < 0.5:
        whole["ema"] = {"decay": 0.9, "shadow": random_model(rng).state_dict()}
        choices = [[key], ["ema", "shadow"], ["optimizer"], []]
    return whole, rng.choice(choices)


def trained_optimizer(rng: random.Random, model: nn.Module) -> torch.optim.Optimizer:
    """After one step, so that it has a state; any gradients will do."""
    make = rng.choice(
        [
            lambda parameters: torch.optim.Adam(parameters, lr=0.1, amsgrad=True),
            lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
            torch.optim.Adagrad,
        ]
    )
    # An optimizer refuses a module without parameters.
    parameters = [*model.parameters(), nn.Parameter(torch.ones(1))]
    optimizer = make(parameters)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer


def random_lightning(rng: random.Random) -> dict:
    """In Lightning's layout; the reader finds the state_dict without a key."""
    model = random_model(rng)
    return {
        "epoch": 1,
        "global_step": 40,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"net.{name}": tensor for name, tensor in model.state_dict().items()},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 2}}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.25)}},
        "optimizer_states": [trained_optimizer(rng, model).state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"hidden": 2, "init": torch.tensor([0.5])},
    }
