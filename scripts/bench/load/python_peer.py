"""Python's side of main.ts: makes the files, and loads them as its users do. One JSON request a line, one answer a line."""

import ctypes
import gc
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
PAGE = 4096


def make(request: dict) -> dict:
    """The same tensors as a safetensors file and as one of torch.save."""
    generator = torch.Generator().manual_seed(1)
    shape = (request["elements"],)
    tensors = {
        f"layers.{i}.weight": torch.randn(shape, generator=generator).to(DTYPES[request["dtype"]])
        for i in range(request["tensors"])
    }
    safetensors.torch.save_file(tensors, f"{request['path']}.safetensors")
    torch.save(tensors, f"{request['path']}.pt")
    return {"sizes": {ending: Path(request["path"] + ending).stat().st_size for ending in (".safetensors", ".pt")}}


WAYS = {
    "load_file": safetensors.torch.load_file,
    "load_bytes": lambda path: safetensors.torch.load(Path(path).read_bytes()),
    "load_torch": torch.load,
}


def load(request: dict) -> dict:
    """Seconds from the path to tensors whose pages have all been read: a mapped file is read only then."""
    way = WAYS[request["command"]]
    gc.collect()
    begin = time.perf_counter()
    tensors = way(request["path"])
    touched = touch(list(tensors.values()))
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "touched": touched, "tensors": len(tensors)}


def touch(tensors: list) -> int:
    """Reads a byte of each page from the first tensor to the last where they lie in a row, as those of a mapped file do."""
    ranges = [(tensor.data_ptr(), tensor.nbytes) for tensor in (tensors[0], tensors[-1])]
    begin = min(address for address, _ in ranges)
    end = max(address + size for address, size in ranges)
    total = sum(tensor.nbytes for tensor in tensors)
    if end - begin > 1.1 * total + PAGE * len(tensors):
        return sum(int(tensor.view(torch.uint8)[::PAGE].sum()) for tensor in tensors)
    memory = np.frombuffer((ctypes.c_uint8 * (end - begin)).from_address(begin), np.uint8)
    return int(memory[::PAGE].sum(dtype=np.int64))


def peak(request: dict) -> dict:
    """Bytes that the process has grown by."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load({**request, "command": request["way"]})
    return {"grown": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024}


COMMANDS = {"make": make, "peak": peak, **dict.fromkeys(WAYS, load)}


def main() -> None:
    torch.set_num_threads(1)
    print(json.dumps({"versions": f"torch {torch.__version__}, safetensors {safetensors.__version__}"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(COMMANDS[request["command"]](request)), flush=True)


if __name__ == "__main__":
    main()
