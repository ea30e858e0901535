"""Writes spec/fixtures/pickle/values.json: values as Python pickles them in every protocol, and what they are.

    python3 scripts/make_pickle_fixtures.py    # needs nothing but Python

Each value is spelt out by its type, exactly: floats by their bits, ints in decimal, bytes in hexadecimal digits.
"""

import base64
import json
import pathlib
import pickle
import struct

OUT = pathlib.Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "pickle"

INTS = [0, 1, -1, 127, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63, -(2**64), 2**2100 + 7, -(2**2039)]
FLOATS = [0.0, -0.0, 1.0, 1.5, -2.5e-9, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "a", "weight_ih_l0", "\u00e9\u20ac\U0001f600", "x" * 300, "\\u0041\\", "two\nlines\r\t\0", "\ufeffmark"]


def values():
    shared = [1, "two"]
    yield from [None, True, False, *INTS, *FLOATS, *TEXTS]
    yield from [b"", b"\xff\x00\n", bytes(range(256)) + b"more"]
    yield from [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [[]], [(), [None]], {}]
    yield {"a": 1, 0: "int", "0": "text", None: 2.0, (1, "b"): [3], b"k": True}
    yield [shared, shared, {"again": shared}]
    # Longer than the thousand that Python lays down at a time.
    yield [0] * 1100
    yield {i: None for i in range(1100)}
    yield {7}
    yield frozenset(["f"])
    yield [{"__proto__": 1, "constructor": {"__proto__": 2}}]


def spelt(value):
    kind = type(value).__name__
    if value is None:
        return ["None"]
    if kind == "bool":
        return [kind, value]
    if kind == "int":
        return [kind, str(value)]
    if kind == "float":
        return [kind, struct.pack(">d", value).hex()]
    if kind == "str":
        return [kind, value]
    if kind == "bytes":
        return [kind, value.hex()]
    if kind == "dict":
        return [kind, [[spelt(k), spelt(v)] for k, v in value.items()]]
    return ["set" if kind == "frozenset" else kind, [spelt(item) for item in value]]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = []
    for value in values():
        pickles = dict.fromkeys(pickle.dumps(value, protocol=protocol) for protocol in range(6))
        lines.append(json.dumps({"value": spelt(value), "pickles": [base64.b64encode(p).decode() for p in pickles]}))
    (OUT / "values.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
