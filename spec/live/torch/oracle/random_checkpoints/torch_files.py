"""Files of torch.save with each of its options, and what tools make of such files."""

import gzip
import io
import pickle
import random
import types
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.serialization import config

from random_checkpoints.answer import Answer, describe
from random_checkpoints.bits import DTYPES
from random_checkpoints.modules import random_lightning, random_state_dict, random_training
from random_checkpoints.trees import large_flat, random_flat, random_tree, wide_flat
from random_checkpoints.views import random_tensor

PURE_PYTHON = types.SimpleNamespace(__name__="pickle", Pickler=pickle._Pickler, dump=pickle._dump)
"""The pickler written in Python, which batches items otherwise than the one in C."""

FILE_NAMES = ["model.pt", "größe \U0001f600.pth", "no_extension", "a.b.ckpt", "x" * 200 + ".bin"]
"""File names; torch names the folder in the archive after them."""


@dataclass(frozen=True)
class Saving:
    """How a checkpoint is saved."""

    zip: bool
    protocol: int
    pure_python: bool
    target: str
    alignment: int
    crc32: bool
    byteorder: bool
    skip_data: bool
    afterwards: str

    @staticmethod
    def random(rng: random.Random) -> "Saving":
        is_zip = rng.random() < 0.65
        return Saving(
            zip=is_zip,
            protocol=rng.choice([2, 2, 2, 2, 3, 4, 5]),
            pure_python=rng.random() < 0.2,
            target=rng.choice(["path", "Path", "file", "BytesIO"]),
            alignment=rng.choice([64, 64, 1, 2, 8, 48, 256, 4096, 65_536]),
            crc32=rng.random() < 0.8,
            byteorder=rng.random() < 0.9,
            skip_data=is_zip and rng.random() < 0.08,
            afterwards=rng.choice(["", "", "", "", "gzip", "deflate"]),
        )

    def save(self, value: object, path: Path) -> None:
        options = {
            "pickle_protocol": self.protocol,
            "pickle_module": PURE_PYTHON if self.pure_python else pickle,
            "_use_new_zipfile_serialization": self.zip,
            "_disable_byteorder_record": not self.byteorder,
        }
        with self.configured():
            if self.target == "BytesIO":
                buffer = io.BytesIO()
                torch.save(value, buffer, **options)
                path.write_bytes(buffer.getvalue())
            elif self.target == "file":
                with path.open("wb") as file:
                    torch.save(value, file, **options)
            else:
                torch.save(value, path if self.target == "Path" else str(path), **options)
        if self.afterwards == "gzip":
            path.write_bytes(gzip.compress(path.read_bytes()))
        elif self.afterwards == "deflate" and self.zip and self.crc32 and not self.skip_data:
            deflate(path)

    @contextmanager
    def configured(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(config.patch({"save.storage_alignment": self.alignment}))
            before = torch.serialization.get_crc32_options()
            stack.callback(torch.serialization.set_crc32_options, before)
            torch.serialization.set_crc32_options(self.crc32)
            if self.skip_data:
                stack.enter_context(torch.serialization.skip_data(materialize_fake_tensors=True))
            yield

    def __str__(self) -> str:
        flags = [name for name in ("pure_python", "skip_data") if getattr(self, name)]
        flags += [f"no {name}" for name in ("crc32", "byteorder") if not getattr(self, name)]
        layout = f"zip, alignment {self.alignment}" if self.zip else "old layout"
        return ", ".join([layout, f"protocol {self.protocol}", f"to {self.target}", self.afterwards or "as is", *flags])


def deflate(path: Path) -> None:
    """Packs the archive again, like other tools do."""
    with zipfile.ZipFile(path) as old:
        records = [(entry.filename, old.read(entry)) for entry in old.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in records:
            new.writestr(name, data)


def write_torch_file(rng: random.Random, folder: Path) -> Answer:
    saving = Saving.random(rng)
    kind, value, keys = random_content(rng, saving)
    path = folder / rng.choice(FILE_NAMES)
    saving.save(value, path)
    answer = Answer(str(path), f"torch.save of {kind}: {saving}", keys=keys)
    return describe(answer, found_in(value) if keys is None else value, saving.skip_data)


def found_in(value: object) -> object:
    """The tensors that the reader finds in a value without keys."""
    if isinstance(value, torch.Tensor):
        return {"tensor": value}
    return next((value[key] for key in ("model", "state_dict", "model_state_dict") if key in value), value)


def random_content(rng: random.Random, saving: Saving) -> tuple[str, object, list[str] | None]:
    """What is saved, and the keys to pass."""
    kind = rng.choice(KINDS)
    if saving.skip_data and rng.random() < 0.3:
        # Fake tensors have no elements, and only this mode writes them.
        with FakeTensorMode():
            return "a state_dict of fake tensors", nn.Sequential(nn.GRU(3, 4), nn.BatchNorm1d(4)).state_dict(), None
    if kind == "a state_dict":
        return kind, random_state_dict(rng), None
    if kind == "a training":
        return kind, *random_training(rng)
    if kind == "a Lightning checkpoint":
        return kind, random_lightning(rng), None
    if kind == "a tree":
        may_refuse = rng.random() < 0.25 and not saving.skip_data
        return kind, random_tree(rng, may_refuse), []
    if kind == "a tensor":
        return kind, random_tensor(rng, rng.choice(list(DTYPES))), None
    if kind == "many tensors":
        return kind, wide_flat(rng), None
    if kind == "large tensors":
        return kind, large_flat(rng), None
    return kind, random_flat(rng), None


KINDS = ["tensors"] * 6 + ["a tree"] * 6 + ["a state_dict"] * 4 + ["a training"] * 3
KINDS += ["a Lightning checkpoint", "a tensor", "many tensors"] + ["large tensors"] * 2
