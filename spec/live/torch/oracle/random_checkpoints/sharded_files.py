"""Models in several files with an index beside them, as save_pretrained of transformers lays them out."""

import json
import random
from pathlib import Path

import safetensors.torch

from random_checkpoints.answer import Answer, add_tensors
from random_checkpoints.safetensors_files import contiguous_tensors
from random_checkpoints.torch_files import Saving


def write_sharded(rng: random.Random, folder: Path) -> Answer:
    is_torch = rng.random() < 0.5
    tensors = contiguous_tensors(rng, rng.randint(3, 16))
    stem, ending = ("pytorch_model", "bin") if is_torch else ("model", "safetensors")
    count = rng.randint(1, 4)
    files = [f"{stem}-{i + 1:05}-of-{count:05}.{ending}" for i in range(count)]
    weight_map = {name: rng.choice(files) for name in tensors}
    how = []
    for file in sorted(set(weight_map.values())):
        part = {name: tensor for name, tensor in tensors.items() if weight_map[name] == file}
        if is_torch:
            saving = Saving.random(rng)
            while saving.skip_data:
                saving = Saving.random(rng)
            saving.save(part, folder / file)
            how.append(str(saving))
        else:
            safetensors.torch.save_file(part, folder / file, metadata={"format": "pt"})
    index = folder / f"{stem}.{ending}.index.json"
    total = sum(tensor.nbytes for tensor in tensors.values())
    content = {"metadata": {"total_size": total}, "weight_map": weight_map}
    index.write_text(json.dumps(content, indent=2, ensure_ascii=rng.random() < 0.5), encoding="utf-8")
    path = rng.choice([index, folder])
    answer = Answer(str(path), f"{len(set(weight_map.values()))} files of {ending} {'; '.join(how)}", in_one_file=False)
    add_tensors(answer, tensors.items())
    return answer
