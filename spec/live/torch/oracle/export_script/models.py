"""Models around recurrent layers, and models without any."""

import torch
from harness import case, check_program, expect_same, gradients, pack_padded_sequence, pad_packed_sequence, targets
from harness import torch_rnn_export as script
from packing import CALLS, LENGTHS, Calls, X, pack, pad
from torch import Tensor, nn


@case("an embedding, a packed GRU, a linear layer")
def _() -> None:
    def forward(layers: nn.ModuleDict, ids: Tensor, lengths: Tensor) -> dict:
        sequence, state = layers["gru"](pack(layers["embedding"](ids), lengths))
        states, _ = pad(sequence, total_length=ids.size(1))
        return {
            "logits": layers["linear"](torch.cat([state[-2], state[-1]], 1)),
            "mean": states.sum(1) / lengths[:, None],
        }

    model = Calls(
        forward,
        embedding=nn.Embedding(11, 4),
        gru=nn.GRU(4, 5, 2, batch_first=True, bidirectional=True, dropout=0.3),
        linear=nn.Linear(10, 3),
    ).eval()
    check_program(model, (torch.randint(11, (3, 6)), LENGTHS), (torch.randint(11, (2, 4)), torch.tensor([1, 4])))


@case("a recurrent layer as the model, and an input without a batch")
def _() -> None:
    check_program(nn.GRU(4, 5, 2), (torch.randn(6, 4),), (torch.randn(9, 4),))


@case("a subclass whose forward calls that of nn.GRU")
def _() -> None:
    class Residual(nn.GRU):
        def forward(self, input, hx=None):
            output, state = super().forward(input, hx)
            return (input + output, state) if isinstance(input, Tensor) else (output, state)

    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        sequence, state = layers["gru"](pack(layers["gru"](x)[0], lengths))
        return pad(sequence, total_length=x.size(1)), state

    check_program(Calls(forward, gru=Residual(4, 4, batch_first=True)), *CALLS)


@case("weights that are computed: both weight norms")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        return layers["old"](x), layers["new"](pack(x, lengths))[1]

    new = nn.utils.parametrizations.weight_norm(nn.LSTM(4, 5), "weight_hh_l0")
    exported = check_program(Calls(forward, old=nn.utils.weight_norm(nn.GRU(4, 5), "weight_ih_l0"), new=new), *CALLS)
    assert any("norm" in target for target in targets(exported))


@case("spectral norm, and flatten_parameters() in forward")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        layers["gru"].flatten_parameters()
        return layers["gru"](x), layers["gru"](pack(x, lengths))[1]

    gru = nn.utils.parametrizations.spectral_norm(nn.GRU(4, 5), "weight_hh_l0")
    check_program(Calls(forward, gru=gru).eval(), *CALLS)


@case("one layer in two places, with one tensor as two of its weights")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        return layers["gru"](layers["gru"](x)[0]), layers["gru"](pack(x, lengths))[1]

    gru = nn.GRU(4, 4)
    gru.weight_hh_l0 = gru.weight_ih_l0
    model = Calls(forward, gru=gru)
    # torch.export.load makes two parameters of a shared one.
    program = script.export(model, CALLS[0]).module()
    for call in CALLS:
        expect_same(gradients(program, call), gradients(model, call))


@case("tensors by keyword")
def _() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(4, 5, batch_first=True)

        def forward(self, x: Tensor, *, options: dict, lengths: Tensor) -> Tensor:
            return self.gru(pack(x * options["scale"], lengths))[1]

    model = Model()
    exported = script.export(model, (X,), {"options": {"scale": torch.ones(3, 6, 1)}, "lengths": LENGTHS})
    again = {"options": {"scale": torch.rand(2, 4, 1)}, "lengths": CALLS[1][1]}
    expect_same(exported.module()(CALLS[1][0], **again), model(CALLS[1][0], **again))


@case("sizes of x are symbols in what the model computes")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor) -> Tensor:
        output, _ = layers["gru"](x)
        return output.sum(1) / x.size(1) + torch.arange(x.size(0), device=x.device).unsqueeze(1)

    check_program(Calls(forward, gru=nn.GRU(4, 5, batch_first=True)), (X,), (torch.randn(5, 2, 4),))


@case("what fits torch's layout in memory fits the program's")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor) -> Tensor:
        output, state = layers["gru"](x)
        return output.transpose(0, 1).view(-1, 10), state.view(2, 2, -1)

    check_program(
        Calls(forward, gru=nn.GRU(4, 5, 2, batch_first=True, bidirectional=True)), (X,), (torch.randn(5, 2, 4),)
    )


@case("dynamic_shapes that is given counts")
def _() -> None:
    model = Calls(lambda layers, x: layers["gru"](x), gru=nn.GRU(4, 5, batch_first=True))
    rows = torch.export.Dim("rows")
    exported = script.export(model, (X,), dynamic_shapes=(({0: rows},),))
    expect_same(exported.module()(torch.cat([X, X])), model(torch.cat([X, X])))
    assert len(exported.range_constraints) == 1


@case("time behind channels is free where dynamic_shapes says so")
def _() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(3, 4, 3, padding=1)
            self.gru = nn.GRU(4, 5, batch_first=True)

        def forward(self, x: Tensor) -> tuple:
            return self.gru(self.conv(x).transpose(1, 2))

    model, auto = Model(), torch.export.Dim.AUTO
    program = script.export(model, (torch.randn(2, 3, 7),), dynamic_shapes={"x": {0: auto, 2: auto}}).module()
    x = torch.randn(5, 3, 11)
    expect_same(program(x), model(x))


@case("a model without a recurrent layer is exported as torch.export does it")
def _() -> None:
    model = Calls(lambda layers, x: layers["linear"](x).relu(), linear=nn.Linear(4, 3))
    exported = check_program(model, (X,), (torch.randn(2, 9, 4),))
    auto = torch.export.Dim.AUTO
    assert targets(exported) == targets(torch.export.export(model, (X,), dynamic_shapes=(({0: auto, 1: auto},),)))


@case("cells stay whole, for any batch; a loop over steps fixes their number")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor) -> Tensor:
        h, cell = x.new_zeros(x.size(0), 5), x.new_zeros(x.size(0), 5)
        for step in range(x.size(1)):
            h, cell = layers["lstm"](layers["rnn"](x[:, step], layers["gru"](x[:, step])), (h, cell))
        return h

    layers = {"gru": nn.GRUCell(4, 5), "rnn": nn.RNNCell(4, 5), "lstm": nn.LSTMCell(5, 5)}
    exported = check_program(Calls(forward, **layers), (torch.randn(3, 3, 4),), (torch.randn(7, 3, 4),))
    found = targets(exported)
    for name in ("gru_cell", "lstm_cell", "rnn_tanh_cell"):
        assert sum(name in target for target in found) == 3, found


@case("dropout and the mode of training are arguments of the operator")
def _() -> None:
    model = Calls(lambda layers, x: layers["gru"](x), gru=nn.GRU(4, 5, 2, dropout=0.25))
    for mode in (model.train(), model.eval()):
        (node,) = [node for node in script.export(mode, (X,)).graph.nodes if "torch_rnn" in str(node.target)]
        assert node.args[5:7] == (0.25, mode.training), node.args
    check_program(model, (X,), (torch.randn(2, 9, 4),))


@case("everything is put back, after an error too")
def _() -> None:
    def state() -> list:
        functions = [pack_padded_sequence.__code__, pad_packed_sequence.__code__]
        modules = [dict(vars(kind)) for kind in (nn.GRU, nn.LSTM, nn.RNN)]
        return [functions, modules, dict(vars(torch._VF)), dict(vars(nn.utils.rnn))]

    def fail(layers: nn.ModuleDict, x: Tensor) -> Tensor:
        layers["gru"](x)
        raise KeyError("of the model")

    gru = nn.GRU(4, 5, batch_first=True)
    before, weights = state(), list(gru._flat_weights)
    expected = gru(X)
    script.export(Calls(lambda layers, x: layers["gru"](x), gru=gru), (X,))
    assert state() == before
    try:
        script.export(Calls(fail, gru=gru), (X,))
    except KeyError:
        pass
    else:
        raise AssertionError("the error of the model was lost")
    assert state() == before
    assert all(one is other for one, other in zip(gru._flat_weights, weights, strict=True))
    expect_same(gru(X), expected)
