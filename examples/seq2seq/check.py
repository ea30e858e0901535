"""The PyTorch side of main.ts: loads the model that was trained on there strictly, and compares its answers.

    npx tsx examples/seq2seq/main.ts
    python examples/seq2seq/check.py [FOLDER]

Exits with 1 where PyTorch does not agree.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from network import END, DateReader
from train import CHARACTERS, SIZES, encode

HERE = Path(__file__).resolve().parent


def decode(row: list[int]) -> str:
    answer = row[: row.index(END)] if END in row else row
    return "".join(CHARACTERS[index - 3] if index >= 3 else "?" for index in answer)


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "tuned"
    if not (folder / "model.safetensors").exists():
        raise SystemExit(f"{folder} has no model.safetensors. Run `npx tsx examples/seq2seq/main.ts` first")
    model = DateReader(len(CHARACTERS) + 3, **SIZES)
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    rows = json.loads((folder / "held-out.json").read_text("utf-8"))
    answers = [decode(row) for row in model.translate(*encode([row["text"] for row in rows])).tolist()]
    same = sum(answer == row["tfjs"] for answer, row in zip(answers, rows))
    right = sum(answer == row["answer"] for answer, row in zip(answers, rows))
    trained = load_file(HERE / "model.safetensors")
    changed = sum(not torch.equal(value, trained[key]) for key, value in model.state_dict().items())
    print(f"load_state_dict(strict=True): {sum(p.numel() for p in model.parameters())} parameters")
    print(f"same answer as tfjs  {same} of {len(rows)}")
    print(f"right answers        {right} of {len(rows)}")
    print(f"tensors trained on   {changed} of {len(trained)}")
    if same < len(rows) or changed < len(trained):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
