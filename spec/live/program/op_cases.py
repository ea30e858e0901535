"""Answers what PyTorch computes with single operators: one JSON request a line on stdin, one JSON answer a line on stdout.

    {"list": true}                            {"result": [target, ...]}
    {"seed": 1, "target": ..., "count": 10}   {"result": [case, ...]}

An answer may be {"error": traceback}. A case has

    target    as archives name it
    inputs    the arguments as archives have them, [{"name": "self", "arg": {"as_tensor": {"name": "input.0"}}, "kind": 1}, ...]
    tensors   the tensors of the inputs by name, as fixtures store them
    outputs   the results as archives have them; numbers are {"as_int": 3} and the like
    expected  the tensors of the outputs by name
    changed   inputs that the operator changed, with their new values
    weights   for each floating output that has a gradient, what it is multiplied by in the loss, which is the sum
    gradients of the loss by the floating inputs, where there are any
"""

import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.utils._pytree as pytree
from torch import Tensor
from torch._export.serde.serialize import EnumEncoder, GraphModuleSerializer, _dataclass_to_dict
from torch.export.graph_signature import ExportGraphSignature

ROOT = Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / "python"), str(ROOT / "scripts" / "fixtures")]

from cases import CASES, Arguments  # noqa: E402
from cases.draw import Draw  # noqa: E402
from torch_fixtures.encoding import encode_all  # noqa: E402

ATTEMPTS = 100
"""Arguments at random are often refused by torch; those are drawn again."""


def cases(request: dict) -> list[dict]:
    return [case(request["target"], seed) for seed in range(request["seed"], request["seed"] + request["count"])]


def case(target: str, seed: int) -> dict:
    operator = resolve(target)
    refusals = []
    for attempt in range(ATTEMPTS):
        draw = Draw(seed + 1_000_003 * attempt)
        try:
            return Run(operator, CASES[target](draw), draw).describe(target)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            refusals.append(str(error).splitlines()[0])
    raise ValueError(f"{target}: torch refuses {ATTEMPTS} times in turn: {sorted(set(refusals))}")


def resolve(target: str) -> torch._ops.OpOverload:
    value = torch
    for part in target.split(".")[1:]:
        value = getattr(value, part)
    return value


class Run:
    """A call of an operator, and of its gradient."""

    def __init__(self, operator: torch._ops.OpOverload, arguments: Arguments, draw: Draw) -> None:
        self.operator = operator
        self.leaves, self.structure = pytree.tree_flatten((arguments.positional, arguments.keywords))
        self.tensors = {f"input.{i}": leaf for i, leaf in enumerate(self.leaves) if isinstance(leaf, Tensor)}
        for tensor in self.tensors.values():
            tensor.requires_grad_(tensor.is_floating_point() and not any(tensor is other for other in draw.constants))
        # Copies: an operator may change its arguments, and may not change a leaf of autograd.
        self.given = {name: tensor.clone() for name, tensor in self.tensors.items()}
        positional, keywords = self.arguments(self.given)
        self.result = operator(*positional, **keywords)
        results = enumerate(pytree.tree_leaves(self.result))
        self.expected = {f"output.{i}": leaf for i, leaf in results if isinstance(leaf, Tensor)}
        self.weights = {
            name: draw.uniform(tensor.shape, -1, 1) for name, tensor in self.expected.items() if tensor.requires_grad
        }

    def arguments(self, tensors: dict[str, object]) -> tuple[tuple, dict]:
        leaves = [tensors.get(f"input.{i}", leaf) for i, leaf in enumerate(self.leaves)]
        return pytree.tree_unflatten(leaves, self.structure)

    def gradients(self) -> dict[str, Tensor]:
        if not self.weights:
            return {}
        wanted = {name: tensor for name, tensor in self.tensors.items() if tensor.requires_grad}
        loss = sum((self.expected[name] * weights).sum() for name, weights in self.weights.items())
        found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True)
        return {name: gradient for name, gradient in zip(wanted, found, strict=True) if gradient is not None}

    def changed(self) -> dict[str, Tensor]:
        pairs = ((name, tensor, self.given[name]) for name, tensor in self.tensors.items())
        return {name: new for name, old, new in pairs if not torch.equal(old, new) and not old.isnan().any()}

    def serialised(self) -> list[dict]:
        """By torch's own code, which takes the nodes of a graph for tensors."""
        graph = torch.fx.Graph()
        nodes = {}
        for name, tensor in self.tensors.items():
            nodes[name] = graph.create_node("placeholder", name, name=name)
            nodes[name].meta["val"] = tensor
            nodes[name].name = name
        serializer = GraphModuleSerializer(ExportGraphSignature([], []), [])
        positional, keywords = self.arguments(nodes)
        inputs = serializer.serialize_inputs(self.operator, positional, keywords)
        return json.loads(json.dumps([_dataclass_to_dict(entry) for entry in inputs], cls=EnumEncoder))

    def outputs(self) -> list[dict]:
        """A list is one output; the members of a tuple are one each."""
        names = iter(self.expected)
        results = self.result if isinstance(self.result, tuple) else (self.result,)
        return [output(result, names) for result in results if result is not None]

    def describe(self, target: str) -> dict:
        return {
            "target": target,
            "inputs": self.serialised(),
            "tensors": encode_all(self.tensors),
            "outputs": self.outputs(),
            "expected": encode_all(self.expected),
            "changed": encode_all(self.changed()),
            "weights": encode_all(self.weights),
            "gradients": encode_all(self.gradients()),
        }


def output(result: object, names: Iterator[str]) -> dict:
    if isinstance(result, Tensor):
        return {"as_tensor": {"name": next(names)}}
    if isinstance(result, list):
        return {"as_tensors": [{"name": next(names)} for _ in result]}
    return {f"as_{type(result).__name__}": result}


def answer(line: str) -> dict:
    try:
        request = json.loads(line)
        return {"result": list(CASES) if request.get("list") else cases(request)}
    except Exception:
        return {"error": traceback.format_exc()}


def main() -> None:
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
