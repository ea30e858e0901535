"""The operators by themselves."""

import importlib

import torch
from harness import case, expect_error, expect_same
from harness import torch_rnn_export as script
from torch import nn

CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor")
MODULES = {
    "gru": nn.GRU(4, 5, 2, bidirectional=True),
    "lstm": nn.LSTM(4, 5, 2, bidirectional=True, proj_size=3),
    "rnn_tanh": nn.RNN(4, 5, 2, bidirectional=True),
    "rnn_relu": nn.RNN(4, 5, 2, bidirectional=True, nonlinearity="relu"),
}
LENGTHS = torch.tensor([2, 6, 3])


def arguments(name: str, last: bool, lengths: bool, dtype: torch.dtype = torch.float32) -> list:
    module = MODULES[name]
    states = [torch.randn(4, 3, size, dtype=dtype, requires_grad=True) for size in ((3, 5) if name == "lstm" else (5,))]
    x = torch.randn(*((3, 6) if last or lengths else (6, 3)), 4, dtype=dtype, requires_grad=True)
    params = [weight.detach().to(dtype).requires_grad_() for weight in module._flat_weights]
    rest = [states if name == "lstm" else states[0], params, True, 2, 0.0, False, True, last]
    return [x, LENGTHS, *rest] if lengths else [x, *rest]


for name in MODULES:
    for last in (False, True):

        @case(f"torch_rnn::{name} passes torch.library.opcheck, batch_first={last}")
        def _(name: str = name, last: bool = last) -> None:
            torch.library.opcheck(
                getattr(torch.ops.torch_rnn, name).default, arguments(name, last, False), test_utils=CHECKS
            )

    @case(f"torch_rnn::{name}_lengths passes torch.library.opcheck")
    def _(name: str = name) -> None:
        op = getattr(torch.ops.torch_rnn, f"{name}_lengths").default
        torch.library.opcheck(op, arguments(name, False, True), test_utils=CHECKS)


for name in ("gru_lengths", "lstm"):

    @case(f"torch_rnn::{name} has gradients of the first and second order")
    def _(name: str = name) -> None:
        kind, lengths = name.removesuffix("_lengths"), name.endswith("_lengths")
        values = arguments(kind, False, lengths, torch.float64)

        def call(x, *states):
            place = 2 if lengths else 1
            changed = [x, *values[1:]]
            changed[place] = list(states) if kind == "lstm" else states[0]
            return getattr(torch.ops.torch_rnn, name)(*changed)

        states = values[2 if lengths else 1]
        inputs = (values[0], *(states if kind == "lstm" else [states]))
        assert torch.autograd.gradcheck(call, inputs, fast_mode=True)
        assert torch.autograd.gradgradcheck(call, inputs, fast_mode=True)


@case("an operator makes one symbol of the batch sizes of its inputs, and none of its layers")
def _() -> None:
    class Padded(nn.Module):
        def forward(self, x, hx, params):
            return torch.ops.torch_rnn.gru(x, hx, params, True, 2, 0.0, False, True, True)

    class Packed(nn.Module):
        def forward(self, x, lengths, hx, params):
            return torch.ops.torch_rnn.gru_lengths(x, lengths, hx, params, True, 2, 0.0, False, True, False)

    padded, packed = arguments("gru", True, False)[:3], arguments("gru", True, True)[:4]
    for model, inputs in ((Padded(), padded), (Packed(), packed)):
        tensors = [[value.detach() for value in one] if isinstance(one, list) else one.detach() for one in inputs]
        auto = torch.export.Dim.AUTO
        free = [{0: auto, 1: auto} if one.dim() == 3 else {0: auto} for one in tensors[:-1]]
        shapes = (*free, [{} for _ in tensors[-1]])
        exported = torch.export.export(model, tuple(tensors), dynamic_shapes=shapes)
        assert len(exported.range_constraints) == 2, exported.range_constraints


@case("gradients under dropout are refused, with the remedy")
def _() -> None:
    values = arguments("gru", False, False)
    values[5:7] = [0.5, True]
    output, _ = torch.ops.torch_rnn.gru(*values)
    expect_error(NotImplementedError, "dropout in training.*Train the model itself", lambda: output.sum().backward())
    # A single layer has no place for dropout.
    one = nn.GRU(4, 5)
    x, hx = torch.randn(6, 3, 4), torch.zeros(1, 3, 5)
    output, _ = torch.ops.torch_rnn.gru(x, hx, one._flat_weights, True, 1, 0.5, True, False, False)
    (found,) = torch.autograd.grad(output.sum(), [one.weight_hh_l0])
    expect_same(found, torch.autograd.grad(one(x)[0].sum(), [one.weight_hh_l0])[0])


@case("the file may be imported again, as notebooks do it")
def _() -> None:
    importlib.reload(script)
    x = torch.randn(6, 3, 4)
    gru = nn.GRU(4, 5)
    expect_same(script.export(gru, (x,)).module()(x), gru(x))


@case("a torch that is too old is named at import")
def _() -> None:
    version = torch.__version__
    torch.__version__ = "2.6.1+cpu"
    try:
        expect_error(ImportError, "expected version 2.7 or newer, got 2.6.1", lambda: importlib.reload(script))
    finally:
        torch.__version__ = version
