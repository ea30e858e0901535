"""Exports PyTorch models with recurrent layers for any batch size and any number of steps, packed sequences included.

    import torch_rnn_export

    exported = torch_rnn_export.export(model.eval(), (x, lengths))
    torch.export.save(exported, 'model.pt2')

`torch.export.export` fixes the number of steps of a recurrent layer to that of the sample, and refuses
`pack_padded_sequence`. `export` runs it with two changes, which it takes back when it is done:

- The call of a recurrent layer becomes one custom operator, whose sizes stay symbols. `gru`, `rnn_tanh` and `rnn_relu`
  take what `aten::gru.input` takes, `lstm` what `aten::lstm.input` takes:

      torch_rnn::gru(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout,
                     bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)
      torch_rnn::lstm(Tensor input, Tensor[] hx, ...) -> (Tensor, Tensor, Tensor)

- A packed sequence stays a padded tensor beside its lengths. The call of a recurrent layer with one becomes
  `gru_lengths`, `rnn_tanh_lengths`, `rnn_relu_lengths` or `lstm_lengths`:

      torch_rnn::gru_lengths(Tensor input, Tensor lengths, Tensor hx, Tensor[] params, bool has_biases, int num_layers,
                             float dropout, bool train, bool bidirectional, bool enforce_sorted) -> (Tensor, Tensor)
      torch_rnn::lstm_lengths(Tensor input, Tensor lengths, Tensor[] hx, ...) -> (Tensor, Tensor, Tensor)

  `input` is [B, T, I], the output [B, T, D*H] with zeros beyond the end of each row, `lengths` int64 [B], each from 1
  to T. All have their rows in the order of the model, sorted or not.

The program runs in PyTorch too, forward and backward, where this file is imported. Import it before
`torch.export.load`.

Needs torch alone. Tried with torch 2.7, 2.13 and 2.14.
"""

import contextlib
import os
import traceback
from types import SimpleNamespace

import torch

_OLDEST = (2, 7)
if tuple(int(part) for part in torch.__version__.split(".")[:2]) < _OLDEST:
    raise ImportError(
        f"torch_rnn_export: torch: expected version {_OLDEST[0]}.{_OLDEST[1]} or newer, got {torch.__version__}"
    )

from torch import _VF, Tensor, nn
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode, statically_known_true
from torch.nn.utils import rnn as packing
from torch.utils import _pytree as pytree

__all__ = ["export"]


def export(model, args, kwargs=None, *, dynamic_shapes=None, strict=False, **options):
    """`torch.export.export` of a model with recurrent layers.

    model:           an `nn.Module`: `model.eval()` for inference, `model.train()` for training.
    args, kwargs:    a sample call. What is no tensor becomes a constant of the program, and so does a size of 1: give
                     at least two rows and two steps.
    dynamic_shapes:  as `torch.export.export` takes it. Without it the first two axes of every tensor are `Dim.AUTO`:
                     any size, unless the model itself fixes it.
    options:         the other options of `torch.export.export`.

    Returns the `torch.export.ExportedProgram`. The model stays as it was. No other thread may run recurrent layers
    meanwhile.
    """
    if strict:
        raise ValueError(
            "torch_rnn_export.export: strict: expected False, got True. A strict export reads the code of the model "
            "instead of running it, and refuses functions that were replaced. Leave strict out"
        )
    leaves = pytree.tree_leaves((args, kwargs), is_leaf=_is_packed)
    if any(map(_is_packed, leaves)):
        raise TypeError(
            "torch_rnn_export.export: args: expected tensors, got a PackedSequence. Give the model the padded tensor "
            "and the lengths, and call pack_padded_sequence in its forward"
        )
    if dynamic_shapes is None:
        dynamic_shapes = _automatic_sizes(args, kwargs)
    with _replaced(), _set(GuardOnDataDependentSymNode, "partial_fx_graph", _NOT_PRINTED):
        try:
            return torch.export.export(model, args, kwargs, dynamic_shapes=dynamic_shapes, strict=False, **options)
        except GuardOnDataDependentSymNode as error:
            raise RuntimeError(_DECISION.format(_line_of(error))) from error
        except AttributeError as error:
            # Quantised modules keep packed weights in objects of C++.
            if "__obj_flatten__" not in str(error):
                raise
            raise NotImplementedError(
                "torch_rnn_export.export: model: expected parameters that are tensors, got packed ones, as of a "
                "quantised model. Export the float model"
            ) from error


_DECISION = (
    "torch_rnn_export.export: the model decides by a value that it reads from a tensor: {}. In place of an `if` on a "
    "tensor compute both branches and choose with torch.where. In place of tolist(), item() or int() leave lengths a "
    "tensor, which pack_padded_sequence takes; item() in place of int() keeps a size a symbol"
)


def _refuse_graph(_):
    raise AttributeError


# torch prints this attribute of an error, the whole graph so far, which hides the message.
_NOT_PRINTED = property(_refuse_graph, lambda error, graph: None)


def _line_of(error):
    """The innermost line outside of torch that led to an error."""
    ours = (os.path.dirname(torch.__file__), __file__, "<")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    if not frames:
        return str(error).splitlines()[0].rstrip(".")
    *_, last = frames
    return f"{os.path.basename(last.filename)}:{last.lineno}: {last.line}"


def _automatic_sizes(args, kwargs):
    sizes = torch.export.ShapesCollection()
    for leaf in pytree.tree_leaves((args, kwargs)):
        if isinstance(leaf, Tensor):
            sizes[leaf] = {axis: torch.export.Dim.AUTO for axis in range(min(2, leaf.dim()))}
    return sizes


# The operators.

_NAMES = ("gru", "lstm", "rnn_tanh", "rnn_relu")


def _make_run(name):
    """`torch_rnn::NAME` as ops of torch."""
    aten = getattr(torch.ops.aten, name).input

    def run(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
        output, *states = aten(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
        # The layout in memory that `fake` promises is that of torch on the CPU: steps first.
        output = output.transpose(0, 1).contiguous().transpose(0, 1) if batch_first else output.contiguous()
        return output, *(state.contiguous() for state in states)

    def fake(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
        batch, steps = input.shape[:2] if batch_first else (input.shape[1], input.shape[0])
        width, states = _fake_states(hx, num_layers * (1 + bidirectional), batch)
        output = input.new_empty(steps, batch, width * (1 + bidirectional))
        return output.transpose(0, 1) if batch_first else output, *states

    return run, fake


def _make_run_lengths(name):
    """`torch_rnn::NAME_lengths` as ops of torch."""
    aten = getattr(torch.ops.aten, name).data

    def run(input, lengths, hx, params, has_biases, num_layers, dropout, train, bidirectional, enforce_sorted):
        _check_lengths(lengths, input.shape[1], enforce_sorted)
        descending, order = torch.sort(lengths.cpu(), descending=True, stable=True)
        order = order.to(input.device)
        back = torch.argsort(order)
        data, batch_sizes = _VF._pack_padded_sequence(input.index_select(0, order), descending, True)
        hx = [state.index_select(1, order) for state in hx] if name == "lstm" else hx.index_select(1, order)
        data, *states = aten(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)
        output, _ = _VF._pad_packed_sequence(data, batch_sizes, True, 0.0, input.shape[1])
        return output.index_select(0, back), *(state.index_select(1, back) for state in states)

    def fake(input, lengths, hx, params, has_biases, num_layers, dropout, train, bidirectional, enforce_sorted):
        batch, steps = input.shape[:2]
        torch._check(lengths.shape[0] == batch)
        width, states = _fake_states(hx, num_layers * (1 + bidirectional), batch)
        return input.new_empty(batch, steps, width * (1 + bidirectional)), *states

    return run, fake


def _fake_states(hx, layers, batch):
    """The width of a direction, and the final states. The checks make one symbol of the batch sizes."""
    states = [hx] if isinstance(hx, Tensor) else hx
    for state in states:
        torch._check(state.shape[0] == layers)
        torch._check(state.shape[1] == batch)
    return states[0].shape[2], [state.new_empty(state.shape) for state in states]


def _check_lengths(lengths, steps, enforce_sorted):
    """What `pack_padded_sequence` checks, and that no row is longer than the tensor, which torch lets pass."""
    if lengths.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if lengths.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if lengths.max() > steps:
        raise RuntimeError(
            f"pack_padded_sequence: lengths: expected at most the {steps} steps of the padded tensor, got "
            f"{lengths.max()}"
        )
    if enforce_sorted and (lengths[1:] > lengths[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence"
        )


def _make_gradient(run):
    """The gradient of an operator: `run` again, through which autograd finds its way."""

    def save(ctx, inputs, output):
        leaves, ctx.structure = pytree.tree_flatten(inputs)
        ctx.save_for_backward(*(leaf for leaf in leaves if isinstance(leaf, Tensor)))
        ctx.others = [None if isinstance(leaf, Tensor) else leaf for leaf in leaves]

    def backward(ctx, *gradients):
        num_layers, dropout, train = ctx.others[-5:-2]
        if train and dropout > 0 and num_layers > 1:
            # The second run would drop other elements than the first.
            raise NotImplementedError(
                "torch_rnn_export: gradients of a recurrent layer with dropout in training. Train the model itself, or "
                "export it with the dropout of its recurrent layers set to 0"
            )
        with torch.enable_grad():
            # Aliases, so that a tensor given in two places has a gradient for each.
            aliases = iter([tensor.view_as(tensor) for tensor in ctx.saved_tensors])
            leaves = [next(aliases) if other is None else other for other in ctx.others]
            outputs = run(*pytree.tree_unflatten(leaves, ctx.structure))
        is_wanted = [isinstance(leaf, Tensor) and leaf.requires_grad for leaf in leaves]
        wanted = [leaf for leaf, is_one in zip(leaves, is_wanted, strict=True) if is_one]
        # A gradient of the gradient goes on through the aliases to the inputs.
        found = iter(torch.autograd.grad(outputs, wanted, gradients, create_graph=torch.is_grad_enabled()))
        return tuple(pytree.tree_unflatten([next(found) if is_one else None for is_one in is_wanted], ctx.structure))

    return save, backward


def _define(name):
    hx, outputs = ("Tensor[] hx", "(Tensor, Tensor, Tensor)") if name == "lstm" else ("Tensor hx", "(Tensor, Tensor)")
    rest = "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional"
    for op, arguments, (run, fake) in (
        (name, f"Tensor input, {hx}, {rest}, bool batch_first", _make_run(name)),
        (
            f"{name}_lengths",
            f"Tensor input, Tensor lengths, {hx}, {rest}, bool enforce_sorted",
            _make_run_lengths(name),
        ),
    ):
        operator = torch.library.custom_op(
            f"torch_rnn::{op}", run, mutates_args=(), schema=f"({arguments}) -> {outputs}"
        )
        operator.register_fake(fake)
        save, backward = _make_gradient(run)
        operator.register_autograd(backward, setup_context=save)


for _name in _NAMES:
    _define(_name)


# Packed sequences.


class PaddedSequence(packing.PackedSequence):
    """Stands for a packed sequence while a model is exported.

    padded:         [B, T, ...].
    lengths:        int64 [B].
    is_sorted:      what `pack_padded_sequence` was told as enforce_sorted.
    ends_in_zeros:  whether `padded` is zero beyond the end of each row.
    """

    def __new__(cls, padded, lengths, is_sorted, ends_in_zeros):
        sequence = tuple.__new__(cls, (None, None, None, None))
        sequence.padded = padded
        sequence.lengths = lengths
        sequence.is_sorted = is_sorted
        sequence.ends_in_zeros = ends_in_zeros
        return sequence

    def _refuse(self, *_):
        raise NotImplementedError(
            "torch_rnn_export: PackedSequence: expected it to go to recurrent layers and pad_packed_sequence alone, "
            "got a read of its data, batch_sizes or indices, or a return of it from the model. Work on the padded "
            "tensor, before pack_padded_sequence or after pad_packed_sequence"
        )

    data = batch_sizes = sorted_indices = unsorted_indices = property(_refuse)
    __iter__ = __getitem__ = _refuse


def _is_packed(value):
    return isinstance(value, packing.PackedSequence)


def _check_ours(where, sequence):
    if not isinstance(sequence, PaddedSequence):
        raise TypeError(
            f"{where}: expected a PackedSequence of pack_padded_sequence, got one that was made otherwise. Give the "
            "model the padded tensor and the lengths, and call pack_padded_sequence in its forward"
        )


def _pack(input, lengths, batch_first, enforce_sorted):
    if not isinstance(lengths, Tensor):
        raise TypeError(
            f"pack_padded_sequence: lengths: expected a tensor, got a {type(lengths).__name__}, whose numbers would be "
            "constants of the program. Make lengths a tensor that the model is called with, and leave out tolist()"
        )
    padded = input if batch_first else input.transpose(0, 1)
    torch._check(
        lengths.dim() == 1 and lengths.shape[0] == padded.shape[0],
        lambda: f"Expected lengths of shape [{padded.shape[0]}], the batch_size, but got {list(lengths.shape)}",
    )
    return PaddedSequence(padded, _converted(lengths, dtype=torch.int64), enforce_sorted, False)


def _pad(sequence, batch_first, padding_value, total_length):
    _check_ours("pad_packed_sequence", sequence)
    padded, lengths = sequence.padded, sequence.lengths
    steps = padded.shape[1]
    if isinstance(total_length, Tensor):
        total_length = total_length.item()
    if total_length is None:
        # torch cuts to the longest row. A program cannot: the size would depend on values.
        torch._assert_async(
            lengths.max() == steps,
            "pad_packed_sequence: lengths: expected the longest row to fill the padded tensor, because an exported "
            "program does not cut its output to that row. Pass total_length=x.size(1) to pad_packed_sequence, or cut x "
            "before",
        )
    elif not statically_known_true(total_length == steps):
        torch._assert_async(
            lengths.max() <= total_length,
            "Expected total_length to be at least the length of the longest sequence in input",
        )
        # The detour is right for more steps and for fewer. Padding by the difference would fix which of the two holds.
        rest = padded.new_zeros(padded.shape[0], total_length, *padded.shape[2:])
        padded = torch.cat([padded, rest], 1)[:, :total_length]
        steps = total_length
    if padding_value != 0 or not sequence.ends_in_zeros:
        ends = _converted(lengths, device=padded.device).unsqueeze(1)
        is_step = torch.arange(steps, device=padded.device) < ends
        is_step = is_step.reshape(*is_step.shape, *[1] * (padded.dim() - 2))
        padded = torch.where(is_step, padded, padding_value)
    return padded if batch_first else padded.transpose(0, 1), lengths


def _converted(tensor, dtype=None, device=None):
    """`tensor.to`, which leaves nodes in the program even where it changes nothing."""
    is_same = (dtype or tensor.dtype) == tensor.dtype and (device or tensor.device) == tensor.device
    return tensor if is_same else tensor.to(dtype=dtype, device=device)


def _forward_packed(self, sequence, hx):
    """`forward` of `nn.GRU`, `nn.LSTM` and `nn.RNN` for a packed sequence."""
    _check_ours(type(self).__name__, sequence)
    self._update_flat_weights()
    x = sequence.padded
    self.check_input(x, None)
    is_lstm = self.mode == "LSTM"
    widths = [self.proj_size or self.hidden_size, self.hidden_size] if is_lstm else [self.hidden_size]
    sizes = [(self.num_layers * (1 + self.bidirectional), x.shape[0], width) for width in widths]
    if hx is None:
        states = [torch.zeros(size, dtype=x.dtype, device=x.device) for size in sizes]
    else:
        states = list(hx) if is_lstm else [hx]
        for state, size in zip(states, sizes, strict=True):
            self.check_hidden_size(state, size)
    op = getattr(torch.ops.torch_rnn, f"{self.mode.lower()}_lengths")
    output, *states = op(
        x,
        sequence.lengths,
        states if is_lstm else states[0],
        self._flat_weights,
        self.bias,
        self.num_layers,
        self.dropout,
        self.training,
        self.bidirectional,
        sequence.is_sorted,
    )
    packed = PaddedSequence(output, sequence.lengths, sequence.is_sorted, True)
    return packed, tuple(states) if is_lstm else states[0]


# The exchange.


@contextlib.contextmanager
def _replaced():
    with contextlib.ExitStack() as stack:
        for name in _NAMES:
            stack.enter_context(_set(_VF, name, _operator(name)))
        for module in (nn.GRU, nn.LSTM, nn.RNN):
            stack.enter_context(_set(module, "forward", _forward_of(module.forward)))
        update, read = _weight_lists()
        stack.enter_context(_set(nn.RNNBase, "_update_flat_weights", update))
        stack.enter_context(_set(nn.RNNBase, "_flat_weights", property(read)))
        # Modules import these two functions by name, so that what must change is their code.
        stack.enter_context(_set(packing.pack_padded_sequence, "__code__", _pack_padded_sequence.__code__))
        stack.enter_context(_set(packing.pad_packed_sequence, "__code__", _pad_packed_sequence.__code__))
        stack.enter_context(_set(packing, "_torch_rnn_export", SimpleNamespace(pack=_pack, pad=_pad)))
        yield


# The code of these two runs among the globals of torch.nn.utils.rnn.


def _pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    return _torch_rnn_export.pack(input, lengths, batch_first, enforce_sorted)


def _pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    return _torch_rnn_export.pad(sequence, batch_first, padding_value, total_length)


def _weight_lists():
    """How recurrent modules update and read the list of their weights: as they do it themselves, but the list lies here,
    since torch.export must not find it changed in the module."""
    lists = {}

    def update(module):
        if module._weights_have_changed():
            names = module._flat_weights_names
            lists[module] = [getattr(module, name) if hasattr(module, name) else None for name in names]
        else:
            lists.pop(module, None)

    def read(module):
        return lists.get(module) or vars(module)["_flat_weights"]

    return update, read


@contextlib.contextmanager
def _set(target, name, value):
    """Sets an attribute, and puts back what was there."""
    was_there = name == "__code__" or name in vars(target)
    before = getattr(target, name) if was_there else None
    setattr(target, name, value)
    try:
        yield
    finally:
        if was_there:
            setattr(target, name, before)
        else:
            delattr(target, name)


def _operator(name):
    """What stands for `torch._VF.NAME`."""
    op = getattr(torch.ops.torch_rnn, name)

    def call(input, hx, *rest):
        return op(input, list(hx) if name == "lstm" else hx, *rest)

    return call


def _forward_of(forward):
    """What stands for `forward` of a recurrent module."""

    def forward_either(self, input, hx=None):
        return _forward_packed(self, input, hx) if _is_packed(input) else forward(self, input, hx)

    return forward_either
