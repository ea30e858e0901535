"""What main.py answers about rounding; see ../precision.ts."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from torch_fixtures.encoding import encode, encode_all
from torch_fixtures.recurrent import config_from_json, forward

FACTORS = {"output": "R", "hn": "Rh", "cn": "Rc"}


def run_in_both_precisions(request: dict) -> dict:
    """Runs a layer on one random input of values up to `scale` in float32 and in float64: results and, if asked for, the
    gradients of the sum of every result times its factors. Its weights are multiplied by `gain`."""
    config = config_from_json(request["module"], request["config"])
    generator = torch.Generator().manual_seed(request["seed"])
    module = config.build(generator)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= request["gain"]
    shape = (request["batch"], request["steps"], config.input_size)
    x = torch.empty(shape).uniform_(-request["scale"], request["scale"], generator=generator)
    factors = {
        name: torch.empty(tensor.shape).uniform_(-1, 1, generator=generator)
        for name, tensor in forward(module, x, {}, None).items()
    }
    answer = {"x": encode(x), "stateDict": encode_all(module.state_dict())}
    answer |= {FACTORS[name]: encode(values) for name, values in factors.items()}
    if not request["gradients"]:
        factors = {}
    single = run(module, x, factors)
    double = run(module.double(), x.double(), {name: values.double() for name, values in factors.items()})
    return answer | {"single": single, "double": double}


def run(module: nn.RNNBase, x: Tensor, factors: dict[str, Tensor]) -> dict:
    x.requires_grad_(len(factors) > 0)
    with torch.set_grad_enabled(len(factors) > 0):
        results = forward(module, x, {}, None)
    if not factors:
        return {"results": encode_all(results), "gradients": {}}
    loss = sum((results[name] * factors[name]).sum() for name in results)
    inputs = {"x": x, **dict(module.named_parameters())}
    gradients = torch.autograd.grad(loss, list(inputs.values()))
    return {"results": encode_all(results), "gradients": encode_all(dict(zip(inputs, gradients, strict=True)))}


PRECISION_COMMANDS: dict[str, Callable[[dict], dict]] = {"run_in_both_precisions": run_in_both_precisions}
