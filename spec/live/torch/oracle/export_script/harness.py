"""The list of cases, and what they compare."""

import io
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

# Modules of the cases take these functions by name before the file is imported, as modules of users do.
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils import _pytree as pytree

SCRIPT_FOLDER = Path(__file__).resolve().parents[5] / "python"
sys.path.append(str(SCRIPT_FOLDER))

import torch_rnn_export  # noqa: E402

__all__ = [
    "CASES",
    "SCRIPT_FOLDER",
    "case",
    "check_program",
    "expect_error",
    "expect_same",
    "gradients",
    "pack_padded_sequence",
    "pad_packed_sequence",
    "reloaded",
    "targets",
    "torch_rnn_export",
]

CASES: dict[str, Callable[[], None]] = {}


def case(title: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Adds a function to the cases: it raises where something is wrong."""

    def add(run: Callable[[], None]) -> Callable[[], None]:
        assert title not in CASES, title
        CASES[title] = run
        return run

    return add


def expect_same(got: object, expected: object) -> None:
    """Trees of tensors, within torch's own tolerance for float32: 1e-5 and 1.3e-6 of the value."""
    torch.testing.assert_close(pytree.tree_leaves(got), pytree.tree_leaves(expected))


def expect_error(kind: type[Exception], words: str, run: Callable[[], object]) -> None:
    try:
        run()
    except kind as error:
        assert re.search(words, str(error)), f"expected {words}, got {error}"
        return
    raise AssertionError(f"expected {kind.__name__} with {words}, got none")


def targets(exported: torch.export.ExportedProgram) -> list[str]:
    return [str(node.target) for node in exported.graph.nodes if node.op == "call_function"]


def reloaded(exported: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    file = io.BytesIO()
    torch.export.save(exported, file)
    file.seek(0)
    return torch.export.load(file)


def check_program(
    model: nn.Module, sample: Sequence[Tensor], *others: Sequence[Tensor], decomposes: bool = True
) -> torch.export.ExportedProgram:
    """Exports with `sample`, and compares program and model on it and on `others`: the outputs, and the gradients of
    inputs and parameters after saving and loading, and after the decomposition."""
    before = [pytree.tree_map(torch.detach, model(*call)) for call in (sample, *others)]
    exported = torch_rnn_export.export(model, tuple(sample))
    program = exported.module()
    for call, expected in zip((sample, *others), before, strict=True):
        expect_same(model(*call), expected)
        expect_same(program(*call), expected)
    loaded = reloaded(exported).module()
    decomposed = [exported.run_decompositions({}).module()] if decomposes else []
    for call in (sample, *others):
        expected = gradients(model, call)
        for program in (loaded, *decomposed):
            expect_same(gradients(program, call), expected)
    return exported


def gradients(model: nn.Module, call: Sequence[Tensor]) -> dict[str, Tensor]:
    """Of a sum in which each element of each output counts differently."""
    inputs = [value.detach().clone().requires_grad_(value.is_floating_point()) for value in call]
    floats = [output for output in pytree.tree_leaves(model(*inputs)) if output.is_floating_point()]
    loss = sum((output * torch.linspace(-1, 1.5, output.numel()).view(output.shape)).sum() for output in floats)
    wanted = dict(model.named_parameters())
    wanted |= {f"input {index}": value for index, value in enumerate(inputs) if value.requires_grad}
    found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True, materialize_grads=True)
    return dict(sorted(zip(wanted, found, strict=True)))
