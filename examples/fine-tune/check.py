"""The PyTorch side of main.ts: loads the fine-tuned model strictly, and compares its logits and answers.

    npx tsx examples/fine-tune/main.ts
    python examples/fine-tune/check.py [FOLDER]

Exits with 1 where PyTorch does not agree.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

HERE = Path(__file__).resolve().parent
TRAINED = HERE.parent / "language-id"
sys.path.insert(0, str(TRAINED))

from language_id.model import GRUClassifier  # noqa: E402
from language_id.phrases import encode, index_characters  # noqa: E402
from language_id.training import Example, compute_logits  # noqa: E402

TOLERANCE = 1e-4
"""Of a logit, as in examples/language-id/main.ts. Measured: 5.2e-6."""


def load_model(folder: Path, description: dict) -> GRUClassifier:
    """The module of the training script with as many outputs as the description has languages."""
    model = GRUClassifier(
        len(description["characters"]) + 2,
        description["embeddingSize"],
        description["hiddenSize"],
        len(description["languages"]),
    )
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    return model


def read_held_out(folder: Path, description: dict) -> list[Example]:
    index_of = index_characters(description["characters"])
    by_language = json.loads((folder / "held-out.json").read_text("utf-8"))
    return [
        Example(encode(text, index_of), label)
        for label, language in enumerate(description["languages"])
        for text in by_language[language]
    ]


def accuracy(logits: Tensor, labels: Tensor, counted: Tensor) -> str:
    right = (logits.argmax(dim=1) == labels)[counted]
    return f"{right.float().mean().item():.1%}".rjust(6)


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "model"
    if not (folder / "model.safetensors").exists():
        raise SystemExit(f"{folder} has no model.safetensors. Run `npx tsx examples/fine-tune/main.ts` first")
    description = json.loads((folder / "model.json").read_text("utf-8"))
    model = load_model(folder, description)
    examples = read_held_out(folder, description)
    expected = load_file(folder / "held-out-logits.safetensors")["logits"]
    logits = compute_logits(model, examples)

    labels = torch.tensor([example.label for example in examples])
    is_new = labels == len(description["languages"]) - 1
    difference = (logits - expected).abs().max().item()
    same = int((logits.argmax(dim=1) == expected.argmax(dim=1)).sum())
    is_kept = torch.equal(
        model.embedding.weight, load_file(TRAINED / "model.safetensors")["embedding.weight"]
    )
    print(f"load_state_dict(strict=True): {sum(p.numel() for p in model.parameters())} parameters")
    print("held-out accuracy       PyTorch tfjs")
    for title, counted in (("the known languages", ~is_new), (description["languages"][-1], is_new)):
        print(f"{title:24} {accuracy(logits, labels, counted)} {accuracy(expected, labels, counted)}")
    print(f"same answer              {same} of {len(examples)}")
    print(f"max |Δlogit|             {difference:.1e} (tolerance {TOLERANCE})")
    print(f"embedding                {'as it was trained' if is_kept else 'changed'}")
    if same < len(examples) or not difference <= TOLERANCE or not is_kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
