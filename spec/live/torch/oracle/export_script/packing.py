"""What models do with packed sequences."""

import torch
from harness import case, check_program, expect_error, expect_same, pack_padded_sequence, pad_packed_sequence, targets
from harness import torch_rnn_export as script
from torch import Tensor, nn
from torch.nn.utils import rnn

X = torch.randn(3, 6, 4)
LENGTHS = torch.tensor([2, 6, 3])
CALLS = ((X, LENGTHS), (torch.randn(2, 4, 4), torch.tensor([4, 1])), (torch.randn(4, 9, 4), torch.tensor([3, 9, 1, 9])))


class Calls(nn.Module):
    """A model whose forward is a function of its layers."""

    def __init__(self, forward, **layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.call = forward

    def forward(self, *inputs: Tensor) -> object:
        return self.call(self.layers, *inputs)


def pack(x: Tensor, lengths: Tensor) -> rnn.PackedSequence:
    return pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)


def pad(sequence: rnn.PackedSequence, **options) -> tuple[Tensor, Tensor]:
    return pad_packed_sequence(sequence, batch_first=True, **options)


@case("a packed sequence goes from submodule to submodule")
def _() -> None:
    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(4, 5, batch_first=True, bidirectional=True)

        def forward(self, sequence: rnn.PackedSequence) -> rnn.PackedSequence:
            return self.layer(sequence)[0]

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.GRU(10, 3)

        def forward(self, sequence: rnn.PackedSequence) -> tuple:
            assert isinstance(sequence, rnn.PackedSequence)
            return self.layer(sequence)

    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        sequence, state = layers["decoder"](layers["encoder"](pack(x, lengths)))
        return pad(sequence, total_length=x.size(1)), state

    exported = check_program(Calls(forward, encoder=Encoder(), decoder=Decoder()), *CALLS)
    assert sum("_lengths" in target for target in targets(exported)) == 2


@case("functions are taken from their module when they are called")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        sequence, state = layers["gru"](nn.utils.rnn.pack_padded_sequence(x, lengths, True, False))
        return rnn.pad_packed_sequence(sequence, True, 0.0, x.size(1)), state

    check_program(Calls(forward, gru=nn.GRU(4, 5)), *CALLS)


@case("padding_value fills the rest of each row")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        return pad(layers["gru"](pack(x, lengths))[0], padding_value=-2.5, total_length=x.size(1))

    check_program(Calls(forward, gru=nn.GRU(4, 5)), *CALLS)


for total_length in (9, 20):

    @case(f"total_length = {total_length} pads and cuts, whatever the number of steps")
    def _(total_length: int = total_length) -> None:
        def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
            return pad(layers["gru"](pack(x, lengths))[0], padding_value=1.5, total_length=total_length)

        longer = (torch.randn(2, 30, 4), torch.tensor([9, 1]))
        exported = check_program(Calls(forward, gru=nn.GRU(4, 5)), *CALLS, longer)
        expect_error(
            RuntimeError,
            "Expected total_length to be at least the length of the longest sequence",
            lambda: exported.module()(longer[0], torch.tensor([total_length + 1, 1])),
        )


@case("the steps of the sample as total_length fix them not")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        return pad(layers["gru"](pack(x, lengths))[0], total_length=X.size(1))

    check_program(Calls(forward, gru=nn.GRU(4, 5)), CALLS[0], CALLS[1])


@case("total_length may be the longest row: item(), or the tensor itself")
def _() -> None:
    def longest(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return pad(layers["gru"](pack(x, lengths))[0], total_length=lengths.max().item())[0].mean(1)

    def tensor(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return pad(layers["gru"](pack(x, lengths))[0], total_length=lengths.max())[0].mean(1)

    for forward in (longest, tensor):
        check_program(Calls(forward, gru=nn.GRU(4, 5)), *CALLS, (X, torch.tensor([2, 4, 3])))


@case("without total_length the longest row has to fill the tensor")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return pad(layers["gru"](pack(x, lengths))[0])[0].mean(1)

    exported = check_program(Calls(forward, gru=nn.GRU(4, 5)), *CALLS)
    for program in (exported, exported.run_decompositions({})):
        expect_error(
            RuntimeError,
            "expected the longest row to fill the padded tensor.*Pass total_length=x.size",
            lambda program=program: program.module()(X, torch.tensor([2, 5, 3])),
        )


@case("the remedies for total_length: as written in the model, and a cut input")
def _() -> None:
    lengths = torch.tensor([2, 5, 3])

    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return pad(layers["gru"](pack(x, lengths))[0])[0].mean(1)

    def remedied(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return pad(layers["gru"](pack(x, lengths))[0], total_length=x.size(1))[0].mean(1)

    gru = nn.GRU(4, 5)
    cut = script.export(Calls(forward, gru=gru), CALLS[0]).module()
    expect_same(cut(X[:, :5], lengths), Calls(forward, gru=gru)(X, lengths))
    check_program(Calls(remedied, gru=gru), *CALLS, (X, lengths))


@case("padding straight after packing clears the rest of each row, of any number of axes")
def _() -> None:
    for shape in ((3, 6), (3, 6, 4), (3, 6, 4, 2)):
        x = torch.randn(shape)

        def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
            return pad(pack(x, lengths), total_length=x.size(1)), pad(pack(x, lengths), padding_value=2.0)

        check_program(Calls(forward), (x, LENGTHS), (torch.cat([x, x], 1)[:2], torch.tensor([4, 12])))


@case("lengths come from a mask that the model computes")
def _() -> None:
    def forward(layers: nn.ModuleDict, ids: Tensor) -> Tensor:
        return layers["gru"](pack(layers["embedding"](ids), (ids != 0).sum(1)))[1]

    model = Calls(forward, gru=nn.GRU(4, 5, bidirectional=True), embedding=nn.Embedding(9, 4, padding_idx=0))
    check_program(model, (torch.tensor([[1, 2, 0], [3, 4, 5]]),), (torch.tensor([[1, 0], [8, 0], [7, 7]]),))


@case("lengths may be int32, and go through cpu()")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> tuple:
        return pad(layers["gru"](pack(x, lengths.cpu()))[0], total_length=x.size(1))

    check_program(Calls(forward, gru=nn.GRU(4, 5)), (X, LENGTHS.int()), (CALLS[2][0], CALLS[2][1].int()))


@case("x may be cut to the longest row in the model")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return pad(layers["gru"](pack(x[:, : lengths.max()], lengths))[0])[0].mean(1)

    check_program(Calls(forward, gru=nn.GRU(4, 5)), (X, LENGTHS), (X, torch.tensor([2, 4, 3])))


@case("sorted lengths are checked when the program runs")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return layers["gru"](pack_padded_sequence(x, lengths, batch_first=True))[1]

    program = script.export(Calls(forward, gru=nn.GRU(4, 5)), (X, torch.tensor([6, 3, 2]))).module()
    expect_error(RuntimeError, "must be sorted in decreasing order", lambda: program(X, LENGTHS))


@case("lengths of 0, below 0 and beyond the steps are refused when the program runs")
def _() -> None:
    def forward(layers: nn.ModuleDict, x: Tensor, lengths: Tensor) -> Tensor:
        return layers["gru"](pack(x, lengths))[1]

    program = script.export(Calls(forward, gru=nn.GRU(4, 5)), (X, LENGTHS)).module()
    for wrong in (0, -1):
        expect_error(
            RuntimeError, "has to be greater than 0", lambda wrong=wrong: program(X, torch.tensor([6, wrong, 2]))
        )
    expect_error(RuntimeError, "at most the 6 steps.*got 7", lambda: program(X, torch.tensor([6, 7, 2])))
