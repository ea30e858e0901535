"""Writes spec/fixtures/rounding/ with PyTorch: `pip install safetensors torch numpy`, then run it.

floats.safetensors  float32 and float64 numbers (random bits, ties and their neighbours, subnormals, around overflow) with the
                    16-bit floats that torch rounds them to
codes.json          SHA-256 of what torch makes of all 65,536 codes of each 16-bit float, in the other and in float32

NaN is one code in both, since its sign and payload depend on the instructions that torch was compiled to.
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "rounding"
NAN_CODES = {torch.float16: 0x7E00, torch.bfloat16: 0x7FC0, torch.float32: 0x7FC00000}
BITS = {torch.float16: torch.int16, torch.bfloat16: torch.int16, torch.float32: torch.int32}


def without_nan(tensor):
    codes = tensor.view(BITS[tensor.dtype]).clone()
    codes[tensor.isnan()] = NAN_CODES[tensor.dtype]
    return codes.view(tensor.dtype)


def float32s():
    torch.manual_seed(7)
    random = torch.randint(-(2**31), 2**31, (700,)).to(torch.int32).view(torch.float32)
    codes = torch.randint(0, 0x7BFF, (300,)).to(torch.int16)
    subnormal = torch.randint(0, 0x400, (200,)).to(torch.int16)
    numbers = [random[~random.isnan()]]
    for kind in (torch.float16, torch.bfloat16):
        for some in (codes, subnormal):
            low, high = some.view(kind).double(), (some + 1).view(kind).double()
            middle = ((low + high) / 2).float()
            numbers += [middle, middle.nextafter(torch.tensor(0.0)), -middle.nextafter(torch.tensor(torch.inf))]
    edges = [65503.9, 65504, 65519.99, 65520, 65536, 3.3895e38, 3.3961e38, 3.4028234e38, 1e-45, 2**-25, 2**-24, 0.0]
    return torch.cat([*numbers, torch.tensor(edges), -torch.tensor(edges), torch.tensor([torch.inf, -torch.inf, torch.nan])])


def float64s():
    edges = [1e300, -1e300, 3.4028235677973366e38, 3.4028236e38, 1e-300, 1 + 2**-11 + 2**-40, 1 + 2**-8 + 2**-40, 65519.9999999999, 1 / 3]
    return torch.tensor(edges, dtype=torch.float64)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tensors = {"f32": float32s(), "f64": float64s()}
    for name, kind in [("f16", torch.float16), ("bf16", torch.bfloat16)]:
        tensors[f"f32_{name}"] = without_nan(tensors["f32"].to(kind))
        tensors[f"f64_{name}"] = without_nan(tensors["f64"].to(kind))
    tensors["f64_f32"] = tensors["f64"].float()
    save_file(tensors, OUT / "floats.safetensors")
    codes = torch.arange(65536).to(torch.uint16).view(torch.int16)
    digests = {}
    for source, target in [(torch.float16, torch.bfloat16), (torch.bfloat16, torch.float16), (torch.float16, torch.float32)]:
        result = without_nan(codes.view(source).to(target)).view(torch.int8).numpy().tobytes()
        digests[f"{source}->{target}".replace("torch.", "")] = hashlib.sha256(result).hexdigest()
    (OUT / "codes.json").write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main()
