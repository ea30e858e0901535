"""Models that are saved as they are, torch.save(model), with what PyTorch computes with each of their modules."""

import safetensors.torch
import torch
from torch_fixtures.whole_modules import whole_modules


def write_whole_modules(request: dict) -> dict:
    """Writes the model and the answers of a seed, the model in either layout of torch.save."""
    model, answers = whole_modules(request["seed"])
    is_zip = request["seed"] % 2 == 0
    torch.save(model, request["path"], _use_new_zipfile_serialization=is_zip)
    safetensors.torch.save_file(answers, request["answers"])
    return {"names": list(model)}


WHOLE_MODULE_COMMANDS = {"write_whole_modules": write_whole_modules}
