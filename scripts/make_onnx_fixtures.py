"""Writes spec/fixtures/onnx.json with the reference implementation: `pip install onnx==1.23.2`, then run it.

For each cell the bytes of one layer with I = H = 1, B = 2, T = 3 as scripts/bench/onnx/ must write them, in base64. The weights
are numbered by torch's gate order: W 1, 2, ... R 11, 12, ... and the biases 21, 22, ... and 31, 32, ...
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

OUT = Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "onnx.json"

BATCH = 2
STEPS = 3


def port(name: str, *shape: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def constant(name: str, values: Sequence[int], *shape: int, dtype: type = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.array(values, dtype).reshape(shape), name)


def model(op: str, order: Sequence[int], states: Sequence[str], **attributes: int | str) -> ModelProto:
    """`order`: where torch has each of ONNX's gates."""
    gates = len(order)
    finals = [state.replace("0", "n") for state in states]
    cell = helper.make_node(
        op,
        ["x", "W_l0", "R_l0", "B_l0", "", *[f"{state}_l0" for state in states]],
        ["y_l0", *[f"{state}_l0" for state in finals]],
    )
    # make_node would sort them.
    for name, value in attributes.items():
        cell.attribute.append(helper.make_attribute(name, value))
    graph = helper.make_graph(
        [cell, helper.make_node("Reshape", ["y_l0", "shape"], ["output"])],
        "recurrent",
        [port("x", STEPS, BATCH, 1), *[port(f"{state}_l0", 1, BATCH, 1) for state in states]],
        [port("output", STEPS, BATCH, 1), *[port(f"{state}_l0", 1, BATCH, 1) for state in finals]],
        [
            constant("shape", [STEPS, BATCH, 1], 3, dtype=np.int64),
            constant("W_l0", [gate + 1 for gate in order], 1, gates, 1),
            constant("R_l0", [gate + 11 for gate in order], 1, gates, 1),
            constant("B_l0", [gate + 21 for gate in order] + [gate + 31 for gate in order], 1, 2 * gates),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=7)
    onnx.checker.check_model(made, full_check=True)
    return made


def main() -> None:
    common = {"hidden_size": 1, "direction": "forward"}
    models = {
        # torch: r z n, ONNX: z r n.
        "gru": model("GRU", [1, 0, 2], ["h0"], **common, linear_before_reset=1),
        # torch: i f g o, ONNX: i o f g.
        "lstm": model("LSTM", [0, 3, 1, 2], ["h0", "c0"], **common),
        "rnn": model("RNN", [0], ["h0"], **common),
    }
    encoded = {cell: base64.b64encode(made.SerializeToString()).decode() for cell, made in models.items()}
    OUT.write_text(json.dumps(encoded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
