"""The PyTorch side of classifier.ts: loads the weights that were trained on there strictly, and compares the logits.

    npx tsx examples/programs/classifier.ts
    python examples/programs/check.py [FOLDER]

Exits with 1 where PyTorch does not agree.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "python"))  # torch_rnn_export, which classifier.py imports
from classifier import Classifier

TOLERANCE = 1e-5


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "tuned"
    if not (folder / "model.safetensors").exists():
        raise SystemExit(f"{folder} has no model.safetensors. Run `npx tsx examples/programs/classifier.ts` first")
    model = Classifier().eval()
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    rows = load_file(HERE / "classifier.safetensors")
    with torch.no_grad():
        logits = model(rows["ids"], rows["lengths"])
    difference = (logits - load_file(folder / "logits.safetensors")["logits"]).abs().max().item()
    right = (logits.argmax(1) == rows["labels"]).float().mean().item()
    print(f"load_state_dict(strict=True): {sum(p.numel() for p in model.parameters())} parameters")
    print(f"largest difference to tfjs    {difference:.1e}")
    print(f"right                         {right:.1%}")
    if difference > TOLERANCE * logits.abs().max().item():
        raise SystemExit(1)


if __name__ == "__main__":
    main()
