"""Writes spec/fixtures/numpy/ with numpy and Python's zipfile: `pip install numpy`, then run it. The bytes are the same every time.

arrays.npz       what `numpy.savez` writes for an array of each dtype, and of each kind of shape, order and byte order
compressed.npz   some of them by `numpy.savez_compressed`
refused.npz      arrays that are no tensors
expected.json    dtype, shape and the row-major little-endian elements of each, in hexadecimal
*.npy            single arrays, in each version of the format
zip/*.zip        archives of two entries by Python's zipfile: zip64 forced, written to a stream, with a comment, with a folder
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

OUT = Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "numpy"

DTYPES = {
    "bool": "BOOL",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
}


def edges(name):
    dtype = np.dtype(name)
    if name == "bool":
        return np.array([True, False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.array([info.min, 5, info.max], dtype)
    values = np.array([np.finfo(dtype).max, np.finfo(dtype).tiny, 1 / 3, -0.0, np.inf, np.nan])
    return (values + 2j if dtype.kind == "c" else values).astype(dtype)


def arrays():
    made = {name: edges(name) for name in DTYPES}
    matrix = np.arange(6, dtype="float32").reshape(2, 3)
    made["matrix"] = matrix
    made["fortran"] = np.asfortranarray(np.arange(24, dtype="int16").reshape(2, 3, 4))
    made["scalar"] = np.float64(2.5)
    made["empty"] = np.zeros((0, 3), "float32")
    made["empty_fortran"] = np.asfortranarray(np.zeros((3, 0, 2), "float32"))
    made["one"] = np.array([7], "int64")
    made["big_endian"] = matrix.astype(">f4")
    made["big_endian_fortran"] = np.asfortranarray(np.arange(6).reshape(2, 3).astype(">i8"))
    made["big_endian_complex"] = np.array([1 + 2j, -3j], ">c8")
    made["layer.0/weight"] = np.ones((1, 1), "float16")
    made["schicht_ä"] = np.ones(2, "uint8")
    return made


def expected(array):
    array = np.asarray(array)
    little = array.astype(array.dtype.newbyteorder("<"))
    return {"dtype": DTYPES[little.dtype.name], "shape": list(array.shape), "hex": little.tobytes("C").hex()}


def refused():
    return {
        "object": np.array([{"a": 1}, None], dtype=object),
        "unicode": np.array(["a", "bc"]),
        "bytes": np.array([b"a", b"bc"]),
        "date": np.array(["2020-01-01"], "M8[D]"),
        "duration": np.array([3], "m8[s]"),
        "complex128": np.array([1 + 2j]),
        # Zeros: the bytes between its 80 bits and its 128 are whatever was in memory.
        "longdouble": np.zeros(1, np.longdouble),
        "structured": np.zeros(2, [("a", "<f4"), ("b", "<i8", (2,))]),
        "void": np.zeros(2, "V2"),
        "float32": np.ones(1, "float32"),
    }


class Unseekable(io.RawIOBase):
    """A stream: zipfile then writes the sizes behind the data."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)

    def close(self):
        self.file.close()


def info(name, method):
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = method
    return entry


def write_zip(target, *, zip64=False, comment=b"", folder=False):
    with zipfile.ZipFile(target, "w") as archive:
        if folder:
            archive.writestr(info("folder/", zipfile.ZIP_STORED), b"")
        for name, method in (("stored.txt", zipfile.ZIP_STORED), ("deflated.txt", zipfile.ZIP_DEFLATED)):
            with archive.open(info(name, method), "w", force_zip64=zip64) as entry:
                entry.write(b"weights " * 20)
        archive.writestr(info("empty.txt", zipfile.ZIP_STORED), b"")
        archive.comment = comment


def write_zips(folder):
    folder.mkdir(exist_ok=True)
    write_zip(folder / "plain.zip")
    write_zip(folder / "zip64.zip", zip64=True)
    write_zip(folder / "comment.zip", comment=b"PK\x01\x02 a comment")
    write_zip(folder / "folder.zip", folder=True)
    for name, zip64 in (("stream.zip", False), ("stream64.zip", True)):
        with Unseekable(folder / name) as target:
            write_zip(target, zip64=zip64)
    write_unread(folder)


def write_unread(folder):
    with zipfile.ZipFile(folder / "bzip2.zip", "w") as archive:
        archive.writestr(info("a", zipfile.ZIP_BZIP2), b"weights")
    with zipfile.ZipFile(folder / "end_in_comment.zip", "w") as archive:
        archive.writestr(info("a", zipfile.ZIP_STORED), b"weights")
        archive.comment = b"PK\x05\x06" + bytes(18) + b"more"
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass


def main():
    OUT.mkdir(exist_ok=True)
    made = arrays()
    np.savez(OUT / "arrays.npz", **made)
    compressed = {name: made[name] for name in ("matrix", "fortran", "scalar", "empty", "big_endian")}
    compressed["long"] = np.arange(2000, dtype="float32")
    np.savez_compressed(OUT / "compressed.npz", **compressed)
    np.savez(OUT / "refused.npz", **refused())
    tables = {"arrays.npz": made, "compressed.npz": compressed}
    table = {file: {name: expected(array) for name, array in group.items()} for file, group in tables.items()}
    lines = [f" {json.dumps(name)}: {json.dumps(group)}" for name, group in table.items()]
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    for major in (1, 2, 3):
        with open(OUT / f"version{major}.npy", "wb") as file:
            npy_format.write_array(file, made["fortran"], version=(major, 0))
    np.save(OUT / "unnamed.npy", made["matrix"])
    write_zips(OUT / "zip")


if __name__ == "__main__":
    main()
