"""Writes spec/fixtures/torch-files: files of torch.save, and beside each what they hold.

    python3 scripts/make_torch_file_fixtures.py    # needs torch 2.13, numpy and safetensors

NAME.safetensors holds the tensors of NAME.pt, contiguous and under dotted names, in the order of the file. A file without
one holds no tensors that can be had. Those with other bytes than torch.save writes (big-endian, views of storages, NumPy's
and Python's own classes) are loaded with torch.load first, so that torch agrees with what is expected of them.
"""

import argparse
import collections
import datetime
import enum
import io
import pathlib
import pickle
import struct
import sys
import types
import zipfile

import numpy
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "torch-files"


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(3, 2, num_layers=2)
        self.norm = torch.nn.BatchNorm1d(2)
        self.fc = torch.nn.Linear(2, 3)
        self.tied = torch.nn.Linear(2, 3, bias=False)
        self.tied.weight = self.fc.weight

    def forward(self, x):
        return self.fc(self.gru(x)[0])


def dtypes():
    floats = torch.tensor([1.5, -0.0, float("inf"), float("nan"), 2.0**-140, 1 / 3])
    tensors = {str(d)[6:]: floats.to(d) for d in (torch.float16, torch.bfloat16, torch.float32, torch.float64)}
    for dtype in (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64):
        info = torch.iinfo(dtype)
        tensors[str(dtype)[6:]] = torch.tensor([info.min, 7, info.max], dtype=dtype)
    for dtype in (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu):
        tensors[str(dtype)[6:]] = torch.tensor([1.0, 2.0, 0.5]).to(dtype)
    tensors["bool"] = torch.tensor([[True], [False]])
    tensors["complex64"] = torch.tensor([1 + 2j, -3.5j], dtype=torch.complex64)
    tensors["scalar"] = torch.tensor(2.5)
    tensors["counter"] = torch.tensor(9)
    tensors["empty"] = torch.zeros(0, 3)
    tensors["empty_long"] = torch.zeros(2, 0, dtype=torch.int64)
    return tensors


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {
        "base": base,
        "transposed": base.t(),
        "stepped": base[::2, 1::3],
        "row": base[2],
        "column": base[:, 5],
        "element": base[3, 4],
        "expanded": torch.tensor([1.0, 2.0]).reshape(2, 1).expand(2, 3),
        "repeated": torch.tensor(4.0).expand(3, 2),
        "channels_last": torch.arange(24.0).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        "permuted": torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1),
        "same": base,
        "none_left": base[4:],
    }


def parameters():
    plain = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    marked = torch.nn.Parameter(torch.tensor([3.0]), requires_grad=False)
    marked.kind = "bias"
    tagged = torch.tensor([4, 5])
    tagged.tag = {"a": [1]}
    return {"plain": plain, "marked": marked, "tagged": tagged, "buffer": torch.nn.Buffer(torch.tensor([6.0]))}


def trained(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(torch.ones(4, 1, 3)).sum().backward()
    optimizer.step()
    return optimizer


def checkpoint(model, optimizer):
    return {
        "epoch": 3,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "losses": [0.5, 0.25],
        "shape": torch.Size([2, 3]),
        "device": torch.device("cpu"),
        "dtype": torch.float16,
        "seed": 2**70,
        "note": "gr\u00fc\u00df \U0001f600",
        "raw": b"\xff\x00",
        "__proto__": {"constructor": torch.tensor([8.0])},
    }


def foreign_class(name, base=object, **members):
    """A class of a project that the reader of the file does not have."""
    module = sys.modules.setdefault("my_project", types.ModuleType("my_project"))
    made = type(name, (base,), {"__module__": "my_project", **members})
    setattr(module, name, made)
    return made


class Mode(enum.Enum):
    FAST = "fast"


def lightning(model, optimizer):
    config = foreign_class("Config")()
    config.hidden, config.init = 2, torch.tensor([0.5])
    attributes = foreign_class("AttributeDict", dict)({"lr": 0.01, "betas": (0.9, 0.999)})
    Mode.__module__ = "my_project"
    sys.modules["my_project"].Mode = Mode
    return {
        "epoch": 1,
        "global_step": 40,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": collections.OrderedDict((f"net.{name}", value) for name, value in model.state_dict().items()),
        "loops": {"fit_loop": {"state_dict": {}, "seen": collections.Counter("aab")}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"dirpath": pathlib.PurePosixPath("/out"), "score": torch.tensor(0.25)}},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {
            "args": argparse.Namespace(hidden=2, name="gru"),
            "config": config,
            "mode": Mode.FAST,
            "settings": attributes,
            "when": datetime.date(2026, 11, 25),
            "mean": numpy.array([1.0, 2.0]),
            "loss": torch.nn.CrossEntropyLoss(),
            "sizes": {1, 2},
            "groups": collections.defaultdict(list, {"a": [1]}),
            "recent": collections.deque([1, 2], maxlen=3),
        },
    }


def refused():
    subclass = foreign_class("MyTensor", torch.Tensor)
    c64 = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex64)
    return {
        "fine": torch.tensor([1.0]),
        "complex128": torch.zeros(2, dtype=torch.complex128),
        "complex32": torch.zeros(2, dtype=torch.complex32),
        "sparse": torch.eye(2).to_sparse(),
        "csr": torch.eye(2).to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        "meta": torch.zeros(2, device="meta"),
        "nested": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
        "conj": c64.conj(),
        "neg": torch._neg_view(torch.ones(2)),
        "subclass": torch.ones(2).as_subclass(subclass),
        "module": torch.nn.Linear(1, 1),
    }


def flat(value, prefix=""):
    """The tensors below a value under dotted names."""
    if isinstance(value, torch.Tensor):
        return {prefix: value}
    if type(value).__module__ == "my_project" and not isinstance(value, (dict, enum.Enum)):
        value = vars(value)
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    tensors = {}
    for key, entry in entries:
        tensors.update(flat(entry, f"{prefix}.{key}" if prefix else str(key)))
    return tensors


def save_expected(name, value):
    tensors = {key: t.detach().as_subclass(torch.Tensor).clone().contiguous() for key, t in flat(value, "" if isinstance(value, (dict, list)) else "tensor").items()}
    order = "\n".join(tensors)
    save_file(tensors, OUT / f"{name}.safetensors", metadata={"order": order})


def save(name, value, expected=None, suffix=".pt", **options):
    torch.save(value, OUT / f"{name}{suffix}", **options)
    save_expected(name, value if expected is None else expected)


def save_big_endian(name, tensors):
    """The archive as a big-endian machine writes it: the bytes of every element in reverse."""
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    sizes = [t.element_size() // (2 if t.is_complex() else 1) for t in tensors.values()]
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(OUT / f"{name}.pt", "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            folder, _, record = entry.filename.partition("/")
            if record == "byteorder":
                data = b"big"
            if record.startswith("data/"):
                size = sizes[int(record[5:])]
                data = b"".join(data[i : i + size][::-1] for i in range(0, len(data), size))
            new.writestr(zipfile.ZipInfo(entry.filename), data)
    check(torch.load(OUT / f"{name}.pt", weights_only=True), tensors)
    save_expected(name, tensors)


def empty_records(name, ending):
    """Takes what is in some records out of an archive: they name folders of the machine that wrote it."""
    with zipfile.ZipFile(OUT / name) as old:
        records = [(entry.filename, old.read(entry)) for entry in old.infolist()]
    with zipfile.ZipFile(OUT / name, "w") as new:
        for record, data in records:
            new.writestr(zipfile.ZipInfo(record), b"" if record.endswith(ending) else data)


def save_with_views(name):
    """The layout before version 1.6 with storages that are views of others, which no torch has written since 1.0."""
    ids = {
        "a": ("storage", torch.FloatStorage, "100", "cpu", 6, None),
        "b": ("storage", torch.FloatStorage, "100", "cpu", 6, ("101", 2, 3)),
        "c": ("storage", torch.LongStorage, "99", "cuda:0", 2, None),
    }

    class Reference:
        def __init__(self, key):
            self.key = key

    class Rebuilt:
        def __init__(self, *args):
            self.args = args

        def __reduce__(self):
            return torch._utils._rebuild_tensor, self.args

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ids[value.key] if isinstance(value, Reference) else None

    content = {
        "a": Rebuilt(Reference("a"), 0, (2, 3), (3, 1)),
        "b": Rebuilt(Reference("b"), 1, (2,), (1,)),
        "c": Rebuilt(Reference("c"), 0, (2,), (1,)),
    }
    with open(OUT / f"{name}.pt", "wb") as file:
        for value in (torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {"protocol_version": 1001, "little_endian": True}):
            pickle.dump(value, file, protocol=2)
        Pickler(file, protocol=2).dump(content)
        pickle.dump(["100", "99"], file, protocol=2)
        file.write(struct.pack("<q6f", 6, 0, 1, 2, 3, 4, 5))
        file.write(struct.pack("<q2q", 2, -7, 2**40))
    expected = {
        "a": torch.arange(6.0).reshape(2, 3),
        "b": torch.tensor([3.0, 4.0]),
        "c": torch.tensor([-7, 2**40]),
    }
    check(torch.load(OUT / f"{name}.pt", weights_only=False, map_location="cpu"), expected)
    save_expected(name, expected)


def check(loaded, expected):
    assert list(loaded) == list(expected)
    for key, tensor in expected.items():
        torch.testing.assert_close(loaded[key], tensor, rtol=0, atol=0, equal_nan=True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(20261125)
    model = Model()
    optimizer = trained(model)
    state_dict = model.state_dict()
    whole = checkpoint(model, optimizer)
    save("state_dict", state_dict)
    save("dtypes", dtypes())
    save("views", views())
    save("parameters", parameters())
    save("checkpoint", whole)
    save("protocol4", whole, pickle_protocol=4)
    save("legacy", {**whole, "views": views()}, _use_new_zipfile_serialization=False)
    save("legacy_dtypes", dtypes(), _use_new_zipfile_serialization=False)
    save("lightning", lightning(model, optimizer), suffix=".ckpt")
    save("tensor", torch.tensor([[1.0, 2.0]]).t())
    save("list", [torch.tensor([1.0]), {"a": torch.tensor([2.0])}])
    save("refused", refused(), expected={"fine": torch.tensor([1.0])})
    big = {k: v for k, v in dtypes().items() if v.dtype in (torch.float16, torch.float32, torch.float64, torch.int16, torch.int64, torch.bool, torch.complex64) and v.numel()}
    save_big_endian("big_endian", big)
    save_with_views("legacy_views")
    torch.save(torch.nn.GRU(1, 1), OUT / "module.pt")
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), OUT / "scripted.pt")
    torch.export.save(torch.export.export(torch.nn.Linear(1, 1), (torch.zeros(1, 1),)), OUT / "exported.pt2")
    empty_records("scripted.pt", ".debug_pkl")
    empty_records("exported.pt2", "model.json")
    (OUT / "bare.pkl").write_bytes(pickle.dumps({"a": 1}, protocol=2))


if __name__ == "__main__":
    main()
