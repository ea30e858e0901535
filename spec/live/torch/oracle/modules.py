"""What main.py answers about modules that are not recurrent; see ../modules.ts."""

from collections.abc import Callable

import torch

from torch_fixtures.encoding import decode
from torch_fixtures.modules import ModuleCase, module_fixture

ATTEMPTS = 20
SMALLEST_GRADIENT = 0.02
"""A smaller one is what is left of terms that cancel, so its own rounding is large beside it."""


def module(request: dict) -> dict:
    """Runs a module on random numbers; answers with what its stored fixture holds, the first that has no small gradient."""
    case = ModuleCase(request["module"], request["args"], tuple(request["inputShape"]))
    for attempt in range(ATTEMPTS):
        generator, factors = (torch.Generator().manual_seed(request["seed"] + i) for i in (attempt, -1 - attempt))
        fixture = module_fixture(case, generator, factors)
        if all(decode(gradient).abs().max() >= SMALLEST_GRADIENT for gradient in fixture["gradients"].values()):
            return fixture
    raise ValueError(f"{ATTEMPTS} times in turn the terms of a gradient cancel")


MODULE_COMMANDS: dict[str, Callable[[dict], dict]] = {"module": module}
