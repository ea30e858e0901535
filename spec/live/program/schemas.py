"""Answers with torch's signatures of operators: {"targets": ["aten.add.Tensor", ...]}, one JSON request a line on stdin, one JSON
answer a line on stdout, {"result": {target: text, or null where torch has no such operator}} or {"error": traceback}."""

import json
import sys
import traceback
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parents[3] / "python"))

import torch_rnn_export  # noqa: E402, F401  It defines the operators of torch_rnn.


def schema(target: str) -> str | None:
    library, name, overload = target.split(".")
    packet = getattr(getattr(torch.ops, library), name, None)
    return str(getattr(packet, overload)._schema) if packet and overload in packet.overloads() else None


def answer(line: str) -> dict:
    try:
        return {"result": {target: schema(target) for target in json.loads(line)["targets"]}}
    except Exception:
        return {"error": traceback.format_exc()}


for request in sys.stdin:
    print(json.dumps(answer(request)), flush=True)
