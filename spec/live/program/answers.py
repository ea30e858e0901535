"""What PyTorch computes with a model of the corpus: results, gradients, buffers and weights after training, by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.utils._pytree as pytree
from torch import Tensor, nn

SGD_STEPS = 20
SMALLEST_GRADIENT = 1e-6
"""A smaller one that is not 0 is what rounding left of terms that cancel, as for a bias in front of a softmax."""


@dataclass(frozen=True)
class Call:
    """The arguments of one call, and what each floating result is multiplied by in the loss."""

    args: tuple
    keywords: dict

    def run(self, module: Callable) -> object:
        # A model that changes its input in place gets a copy.
        args, keywords = pytree.tree_map_only(Tensor, torch.clone, (self.args, self.keywords))
        return module(*args, **keywords)

    def leaves(self) -> Iterator[tuple[int, Tensor]]:
        return tensor_leaves((self.args, self.keywords))


def tensor_leaves(tree: object) -> Iterator[tuple[int, Tensor]]:
    """The tensors of a pytree, with their place among all of its leaves."""
    return ((index, leaf) for index, leaf in enumerate(pytree.tree_leaves(tree)) if isinstance(leaf, Tensor))


def loss_weights(output: object, seed: int) -> dict[int, Tensor]:
    """Random numbers for each floating result; a scalar is a loss, and has 1."""
    generator = torch.Generator().manual_seed(seed)
    return {
        index: torch.empty(leaf.shape).uniform_(-1, 1, generator=generator) if leaf.dim() > 0 else torch.ones(())
        for index, leaf in tensor_leaves(output)
        if leaf.is_floating_point()
    }


def loss_of(output: object, weights: dict[int, Tensor]) -> Tensor:
    return sum((leaf * weights[index]).sum() for index, leaf in tensor_leaves(output) if index in weights)


def gradients(module: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    """Of the parameters that the loss depends on, without those that are rounding alone."""
    if not loss.requires_grad:
        return {}
    parameters = {name: value for name, value in module.named_parameters() if value.requires_grad}
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    pairs = zip(parameters, found, strict=True)
    return {name: value for name, value in pairs if value is not None and not 0 < value.abs().max() < SMALLEST_GRADIENT}


def changed_buffers(before: dict[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.named_buffers() if not torch.equal(value, before.get(name, value))}


def results(module: nn.Module, call: Call) -> dict[str, Tensor]:
    """`output.N` by the place among the leaves, and of changed buffers `after.NAME`. Where buffers change, `again.output.N` and
    `again.after.NAME` are those of a second call with the same input."""
    before = {name: value.clone() for name, value in module.named_buffers()}
    found: dict[str, Tensor] = {}
    for prefix in ("", "again."):
        output = call.run(module)
        changed = changed_buffers(before, module)
        if prefix == "" or changed:
            found |= {f"{prefix}output.{index}": leaf.clone() for index, leaf in tensor_leaves(output)}
            found |= {f"{prefix}after.{name}": value for name, value in changed.items()}
    return detached(found)


def with_gradients(module: nn.Module, call: Call, seed: int) -> dict[str, Tensor]:
    """`input.N`, and of the loss `weight.N`, by the place among the leaves, and `grad.NAME`."""
    output = call.run(module)
    weights = loss_weights(output, seed)
    found = {f"input.{index}": leaf for index, leaf in call.leaves()}
    found |= {f"weight.{index}": value for index, value in weights.items()}
    if weights:
        found |= {f"grad.{name}": value for name, value in gradients(module, loss_of(output, weights)).items()}
    return detached(found)


def trained(module: nn.Module, call: Call, seed: int, steps: int, rate: float) -> dict[str, Tensor]:
    """`sgd.NAME`: all parameters and buffers after steps of SGD on one batch."""
    optimizer = torch.optim.SGD(module.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        output = call.run(module)
        loss_of(output, loss_weights(output, seed)).backward()
        optimizer.step()
    return detached({f"sgd.{name}": value for name, value in module.state_dict().items()})


def detached(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each with memory of its own, as safetensors wants them."""
    return {name: value.detach().clone().contiguous() for name, value in tensors.items()}
