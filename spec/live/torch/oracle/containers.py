"""Containers that the readers refuse with a remedy, and what the remedy makes of each; see ../containers.ts."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import torch
import torch.distributed.checkpoint as distributed
from torch import nn

from torch_fixtures.encoding import encode_all


def write_containers(request: dict) -> dict:
    """Writes each container into an empty folder, and follows its remedy there. Answers with the path of the container, the words
    of the remedy that was followed, and the path of what it made."""
    folder = Path(request["folder"])
    torch.manual_seed(request["seed"])
    model = nn.GRU(2, 3)
    before = os.getcwd()
    os.chdir(folder)
    try:
        made = [make(model) for make in (script, tar, tar_gz, zipped, unpacked, sharded)]
    finally:
        os.chdir(before)
    return {
        "stateDict": encode_all(model.state_dict()),
        "containers": [{"path": str(folder / path), "words": words, "made": str(folder / result)} for path, words, result in made],
    }


def script(model: nn.Module) -> tuple[str, str, str]:
    torch.jit.save(torch.jit.script(model), "script.pt")
    torch.save(torch.jit.load("script.pt", map_location="cpu").state_dict(), "script_state_dict.pt")
    return "script.pt", 'torch.save(torch.jit.load("model.pt", map_location="cpu").state_dict(), "state_dict.pt")', "script_state_dict.pt"


def tar(model: nn.Module) -> tuple[str, str, str]:
    torch.save(model.state_dict(), "model_weights.ckpt")
    with tarfile.open("model.nemo", "w") as archive:
        archive.add("model_weights.ckpt", "./model_weights.ckpt")
    Path("tar").mkdir()
    subprocess.run(["tar", "-xf", "model.nemo", "-C", "tar"], check=True)
    return "model.nemo", '(tar -xf), and read "./model_weights.ckpt"', "tar/./model_weights.ckpt"


def tar_gz(model: nn.Module) -> tuple[str, str, str]:
    torch.save(model.state_dict(), "weights.pt")
    with tarfile.open("model.tar.gz", "w:gz") as archive:
        archive.add("weights.pt", "model/weights.pt")
    Path("gz").mkdir()
    subprocess.run(["tar", "-xf", "model.tar.gz", "-C", "gz"], check=True)
    return "model.tar.gz", '(tar -xf), and read "model/weights.pt"', "gz/model/weights.pt"


def zipped(model: nn.Module) -> tuple[str, str, str]:
    torch.save(model.state_dict(), "weights.pth")
    with zipfile.ZipFile("archive.zip", "w") as archive:
        archive.write("weights.pth", "model/weights.pth")
    zipfile.ZipFile("archive.zip").extractall("zip")
    return "archive.zip", '(unzip), and read "model/weights.pth"', "zip/model/weights.pth"


def unpacked(model: nn.Module) -> tuple[str, str, str]:
    torch.save(model.state_dict(), "whole.pt")
    zipfile.ZipFile("whole.pt").extractall(".")
    shutil.make_archive("packed", "zip", ".", "whole")
    return "whole", 'shutil.make_archive("model", "zip", ', "packed.zip"


def sharded(model: nn.Module) -> tuple[str, str, str]:
    distributed.save({"model": model.state_dict()}, checkpoint_id="sharded")
    module = "torch.distributed.checkpoint.format_utils"
    subprocess.run([sys.executable, "-m", module, "dcp_to_torch", "sharded", "joined.pt"], check=True, stdout=subprocess.DEVNULL)
    return "sharded", f"python -m {module} dcp_to_torch ", "joined.pt"


CONTAINER_COMMANDS = {"write_containers": write_containers}
