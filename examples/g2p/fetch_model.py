"""Fetches the model of examples/g2p: the weights in the wheel of PyPI's g2p-en, as safetensors under torch's names.

    npm run g2p:model

Needs Python 3.9 or later with pip, and no other package. Writes into examples/g2p/model:

    g2p-en.safetensors   what the example reads
    checkpoint20.npz     the weights as published; torch_answers.py gives them to PyTorch
    LICENSE.txt          of g2p-en, Apache-2.0
"""

import ast
import hashlib
import importlib.util
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "model"
PACKAGE = "g2p-en==2.1.0"
CHECKPOINT = "g2p_en/checkpoint20.npz"
SHA256 = "b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6"
LICENSE = "g2p_en-2.1.0.dist-info/LICENSE.txt"

# From the checkpoint's names to those of an nn.Embedding, nn.GRU, nn.GRUCell and nn.Linear.
TORCH_NAMES = {
    "enc_emb": "enc_emb.weight",
    "enc_w_ih": "encoder.weight_ih_l0",
    "enc_w_hh": "encoder.weight_hh_l0",
    "enc_b_ih": "encoder.bias_ih_l0",
    "enc_b_hh": "encoder.bias_hh_l0",
    "dec_emb": "dec_emb.weight",
    "dec_w_ih": "decoder.weight_ih",
    "dec_w_hh": "decoder.weight_hh",
    "dec_b_ih": "decoder.bias_ih",
    "dec_b_hh": "decoder.bias_hh",
    "fc_w": "fc.weight",
    "fc_b": "fc.bias",
}


def fetch(folder: Path) -> Path:
    """Downloads the wheel with pip, without its dependencies, and unpacks the checkpoint and the license."""
    checkpoint = folder / Path(CHECKPOINT).name
    if checkpoint.exists() and digest(checkpoint) == SHA256:
        return checkpoint
    if importlib.util.find_spec("pip") is None:
        remedy = "`apt-get install python3-pip` on Debian and Ubuntu, `python3 -m ensurepip` elsewhere"
        raise SystemExit(f"{sys.executable} has no pip: {remedy}")
    print(f"fetching {PACKAGE} with pip")
    with tempfile.TemporaryDirectory() as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        options = ["--no-deps", "--only-binary=:all:", "--dest", downloads]
        if subprocess.run([*pip, *options, PACKAGE], check=False).returncode != 0:
            raise SystemExit(f"pip could not download {PACKAGE}; its own message is above")
        (wheel,) = Path(downloads).glob("*.whl")
        with zipfile.ZipFile(wheel) as files:
            for name in (CHECKPOINT, LICENSE):
                (folder / Path(name).name).write_bytes(files.read(name))
    found = digest(checkpoint)
    if found != SHA256:
        checkpoint.unlink()
        raise SystemExit(f"{CHECKPOINT} of {PACKAGE}: expected sha256 {SHA256}, got {found}")
    return checkpoint


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_npy(raw: bytes) -> tuple[list[int], bytes]:
    """Shape and data of a .npy file. The checksum pins what it is: version 1.0, little-endian float32, C order."""
    (header_size,) = struct.unpack_from("<H", raw, 8)
    data_start = 10 + header_size
    header = ast.literal_eval(raw[10:data_start].decode("latin1"))
    return list(header["shape"]), raw[data_start:]


def convert(checkpoint: Path, target: Path) -> None:
    """safetensors: the header's size, a JSON header that ends on a multiple of 8 bytes, the data without gaps."""
    header: dict[str, dict] = {"__metadata__": {"format": "pt"}}
    data = b""
    with zipfile.ZipFile(checkpoint) as arrays:
        for name, torch_name in TORCH_NAMES.items():
            shape, values = read_npy(arrays.read(f"{name}.npy"))
            offsets = [len(data), len(data) + len(values)]
            header[torch_name] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
            data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = target.with_suffix(".part")
    part.write_bytes(struct.pack("<Q", len(text)) + text + data)
    part.replace(target)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / "g2p-en.safetensors"
    convert(fetch(FOLDER), target)
    print(f"{target.stat().st_size:,} bytes in {target}")


if __name__ == "__main__":
    main()
