"""Exports models of the corpus, with the numbers that PyTorch computes with them.

    python export_models.py FOLDER [NAME ...] [--flexible | --decomposed] [--histogram FILE | --requests]

writes NAME.pt2 and NAME.safetensors (see answers.py) into the folder; those of a second batch have the prefix `second.`.
With --flexible all are exported by torch_rnn_export; with --decomposed the programs are those of run_decompositions({}). A
program that disagrees with its model is an error. With --histogram nothing is exported: the targets of all archives below
the folder are counted. With --requests the standard input has JSON requests, a line each: {"list": true} is answered by the
names of all models, {"model": NAME, "variant": "exported", "flexible" or "decomposed"} when the files are written.
"""

import argparse
import copy
import inspect
import json
import sys
import traceback
import warnings
import zlib
from pathlib import Path

import safetensors.torch
import torch
import torch.utils._pytree as pytree
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "python"))

from answers import SGD_STEPS, Call, results, trained, with_gradients  # noqa: E402
from histogram import histogram  # noqa: E402
from models import MODELS  # noqa: E402
from models.model import Model  # noqa: E402

import torch_rnn_export  # noqa: E402

TOLERANCE = 1e-5
BATCH = 2


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    options = parse_options()
    if options.histogram is not None:
        options.histogram.write_text(histogram(options.folder), encoding="utf-8")
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.requests:
        for line in sys.stdin:
            print(json.dumps(answer(line, options.folder)), flush=True)
        return
    failed = [name for name in options.names or MODELS if not succeeds(MODELS[name], options.variant, options.folder)]
    if failed:
        sys.exit(f"{len(failed)} failed: {' '.join(failed)}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    variants = parser.add_mutually_exclusive_group()
    variants.add_argument("--flexible", dest="variant", action="store_const", const="flexible", default="exported")
    variants.add_argument("--decomposed", dest="variant", action="store_const", const="decomposed")
    parser.add_argument("--histogram", type=Path)
    parser.add_argument("--requests", action="store_true")
    return parser.parse_args()


def answer(line: str, folder: Path) -> dict:
    try:
        request = json.loads(line)
        if request.get("list"):
            return {"result": list(MODELS)}
        write(MODELS[request["model"]], request["variant"], folder)
        return {"result": None}
    except Exception:
        return {"error": traceback.format_exc()}


def succeeds(model: Model, variant: str, folder: Path) -> bool:
    try:
        write(model, variant, folder)
        return True
    except Exception as error:
        print(f"{model.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return False


def write(model: Model, variant: str, folder: Path, sgd_steps: int = SGD_STEPS) -> None:
    seed = zlib.crc32(model.name.encode())
    call = draw(model, BATCH, model.steps, seed)
    program = export(model, build(model, seed), call, variant == "flexible")
    has_gradients = not model.random
    if variant == "decomposed":
        has_gradients = has_gradients and not stops_gradients(program)
        program = program.run_decompositions({})
    found = checked_answers(model, program, call, seed, has_gradients)
    second = second_call(model, program, seed)
    if second is not None:
        answers = checked_answers(model, program, second, seed, has_gradients)
        found |= {f"second.{name}": value for name, value in answers.items()}
    if model.train and has_gradients:
        found |= trained(build(model, seed), call, seed, sgd_steps, model.rate)
    torch.export.save(program, folder / f"{model.name}.pt2")
    described = metadata(model, call, sgd_steps)
    safetensors.torch.save_file(found, folder / f"{model.name}.safetensors", metadata=described)


def stops_gradients(program: ExportedProgram) -> bool:
    """By torch.no_grad(), which decompositions leave out: the decomposed program has other gradients than the model."""
    return any(node.target is torch.ops.higher_order.wrap_with_set_grad_enabled for node in program.graph.nodes)


def build(model: Model, seed: int) -> nn.Module:
    """The same each time: a call may change its buffers."""
    torch.manual_seed(seed)
    return model.make().train(model.train)


def draw(model: Model, batch: int, steps: int, seed: int) -> Call:
    torch.manual_seed(seed + 1)
    return Call(model.inputs(batch, steps), model.keywords(batch, steps))


def export(model: Model, module: nn.Module, call: Call, flexible: bool) -> ExportedProgram:
    if flexible or model.exporter == "torch_rnn_export":
        shapes = None if model.dynamic == "auto" else model.dynamic
        return torch_rnn_export.export(module, call.args, call.keywords, dynamic_shapes=shapes)
    shapes = automatic_shapes(module, call) if model.dynamic == "auto" else model.dynamic
    return torch.export.export(module, call.args, call.keywords, dynamic_shapes=shapes)


def automatic_shapes(module: nn.Module, call: Call) -> dict:
    """The first two axes of every tensor, by the name of the argument."""
    arguments = inspect.signature(module.forward).bind(*call.args, **call.keywords).arguments

    def shape(leaf: object) -> dict | None:
        return {axis: Dim.AUTO for axis in range(min(leaf.dim(), 2))} if isinstance(leaf, Tensor) else None

    return pytree.tree_map(shape, dict(arguments))


def second_call(model: Model, program: ExportedProgram, seed: int) -> Call | None:
    """The largest change of sizes that the program takes: batch and steps, either, or none."""
    for batch, steps in [(BATCH + 1, model.steps + 3), (BATCH + 1, model.steps), (BATCH, model.steps + 3)]:
        call = draw(model, batch, steps, seed + 2)
        if takes(program, call):
            return call
    return None


def takes(program: ExportedProgram, call: Call) -> bool:
    try:
        call.run(copy_of(program))
        return True
    except (AssertionError, RuntimeError, ValueError):
        return False


def copy_of(program: ExportedProgram) -> nn.Module:
    """Whose calls leave the buffers of the program alone."""
    return copy.deepcopy(program.module())


def checked_answers(model: Model, program: ExportedProgram, call: Call, seed: int, has_gradients: bool) -> dict:
    """What the model answers; the program answers the same, forward: PyTorch has not all derivatives of decomposed ones."""
    found = results(build(model, seed), call)
    if not model.random:
        expect_same(found, results(copy_of(program), call))
    if has_gradients:
        return found | with_gradients(build(model, seed), call, seed)
    return found | {f"input.{index}": leaf for index, leaf in call.leaves()}


def expect_same(found: dict[str, Tensor], of_program: dict[str, Tensor]) -> None:
    for name, value in found.items():
        if not torch.allclose(value.double(), of_program[name].double(), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            raise ValueError(f"{name}: the program differs from the model")


def metadata(model: Model, call: Call, sgd_steps: int) -> dict[str, str]:
    """What a reader of the numbers has to know. `call` is [arguments, keyword arguments], with {"input": N} for tensors."""
    leaves, structure = pytree.tree_flatten((call.args, call.keywords))
    named = [{"input": index} if isinstance(leaf, Tensor) else leaf for index, leaf in enumerate(leaves)]
    entries = {
        "train": model.train,
        "random": model.random,
        "refused": model.refused,
        "exporter": model.exporter,
        "call": pytree.tree_unflatten(named, structure),
        "sgd": {"steps": sgd_steps, "rate": model.rate},
    }
    return {name: json.dumps(value) for name, value in entries.items()}


if __name__ == "__main__":
    main()
