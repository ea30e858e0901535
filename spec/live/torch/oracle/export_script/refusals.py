"""What export refuses, with the remedy."""

import contextlib
import io
import warnings

import torch
from harness import case, expect_error
from harness import torch_rnn_export as script
from packing import LENGTHS, Calls, X, pack
from torch import nn
from torch.nn.utils.rnn import PackedSequence


def refused(kind: type[Exception], words: str, forward, *inputs, **options) -> None:
    model = Calls(forward, gru=nn.GRU(4, 5, batch_first=True))
    expect_error(kind, words, lambda: script.export(model, inputs or (X, LENGTHS), **options))


@case("strict=True is refused")
def _() -> None:
    refused(ValueError, "strict: expected False, got True.*Leave strict out", lambda layers, x, n: x, strict=True)


@case("a list of lengths is refused, of the model's own and of tolist()")
def _() -> None:
    words = "lengths: expected a tensor, got a list.*Make lengths a tensor.*leave out tolist"
    refused(TypeError, words, lambda layers, x, n: layers["gru"](pack(x, [2, 6, 3]))[1])
    refused(TypeError, words, lambda layers, x, n: layers["gru"](pack(x, n.tolist()))[1])


@case("a decision by a value of a tensor is refused, with its line and what to write")
def _() -> None:
    words = (
        "decides by a value that it reads from a tensor: refusals.py:[0-9]+: .*{}.*torch.where.*"
        "leave lengths a tensor.*item.. in place of int"
    )
    for text, forward in {
        "max.n.tolist": lambda layers, x, n: x + max(n.tolist()) if max(n.tolist()) > 3 else x,
        "int.n.max": lambda layers, x, n: x[:, : int(n.max())],
        "x.sum.. > 0": lambda layers, x, n: x * 2 if x.sum() > 0 else x,
    }.items():
        printed = io.StringIO()
        with contextlib.redirect_stderr(printed):
            refused(RuntimeError, words.format(text), forward)
        assert "def forward" not in printed.getvalue(), printed.getvalue()


@case("a quantised model is refused, and the float one named")
def _() -> None:
    class Linear(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 2)
            self.gru = nn.GRU(2, 3)

        def forward(self, x):
            return self.gru(self.fc(x))[0]

    for kinds in ({nn.GRU}, {nn.Linear}):
        model = torch.ao.quantization.quantize_dynamic(Linear().eval(), kinds)
        words = "expected parameters that are tensors, got packed ones, as of a quantised model. Export the float model"
        expect_error(NotImplementedError, words, lambda model=model: script.export(model, (X,)))


@case("an AttributeError of the model itself is its own")
def _() -> None:
    refused(AttributeError, "has no attribute 'shapes'", lambda layers, x, n: x.shapes)


READS = {
    "data": lambda sequence: sequence.data,
    "batch_sizes": lambda sequence: sequence.batch_sizes,
    "sorted_indices": lambda sequence: sequence.sorted_indices,
    "unsorted_indices": lambda sequence: sequence.unsorted_indices,
    "an index": lambda sequence: sequence[0],
    "unpacking": lambda sequence: [*sequence],
    "to()": lambda sequence: sequence.to("cpu"),
    "double()": lambda sequence: sequence.double(),
    "a return": lambda sequence: sequence,
}
for name, read in READS.items():

    @case(f"packed sequences refuse reads: {name}")
    def _(read=read) -> None:
        refused(NotImplementedError, "Work on the padded tensor", lambda layers, x, n: read(pack(x, n)))


@case("a packed sequence that was made elsewhere is refused")
def _() -> None:
    words = "call pack_padded_sequence in its forward"
    made = PackedSequence(torch.randn(6, 4), torch.tensor([3, 2, 1]))
    refused(TypeError, words, lambda layers, x, n: layers["gru"](PackedSequence(x[0], n))[1])
    refused(TypeError, words, lambda layers, x, n: nn.utils.rnn.pad_packed_sequence(PackedSequence(x[0], n)))
    refused(TypeError, words, lambda layers, sequence: layers["gru"](sequence)[1], made)
    refused(TypeError, words, lambda layers, inputs: layers["gru"](inputs["x"])[1], {"x": made})


@case("inputs, states and lengths that do not fit are refused as torch does it")
def _() -> None:
    def packed(x, n, hx=None):
        return lambda layers, *_: layers["gru"](pack(x, n), hx)

    refused(RuntimeError, "input.size.-1. must be equal to input_size. Expected 4, got 3", packed(X[..., :3], LENGTHS))
    refused(RuntimeError, "must have 3 dimensions, got 2", packed(X[..., 0], LENGTHS))
    refused(ValueError, "does not match weight dtype", packed(X.double(), LENGTHS))
    refused(
        RuntimeError, r"Expected hidden size \(1, 3, 5\), got \[1, 2, 5\]", packed(X, LENGTHS, torch.zeros(1, 2, 5))
    )
    refused(RuntimeError, r"Expected lengths of shape \[3\].*got \[2\]", packed(X, LENGTHS[:2]))


@case("the notes of recurrent modules on their weights are no warning")
def _() -> None:
    for forward in (lambda layers, x: layers["gru"](x), lambda layers, x: layers["gru"](pack(x, LENGTHS))[1]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            script.export(Calls(forward, gru=nn.GRU(4, 5, batch_first=True)), (X,))
        assert not caught, [str(warning.message) for warning in caught]
