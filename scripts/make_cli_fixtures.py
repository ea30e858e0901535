"""Writes spec/fixtures/cli/ with PyTorch: `pip install safetensors torch numpy`, then run it.

modules.safetensors     one module of every kind that a file can tell, and a parameter of none
classifier.safetensors  Embedding, GRU and Linear, as most text classifiers are
layers.safetensors      a GRU, an LSTM with a projection, an RNN with relu and an LSTMCell
answers.safetensors     inputs, initial states, and what PyTorch's layers give for them
checkpoint.pt           a model with a GRU beside its optimizer, as torch.save writes it
x.npy, y.npy, hn.npy    an input, and what that GRU gives for it, as numpy.save writes them
"""

from collections import OrderedDict
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch import nn

OUT = Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "cli"


def modules():
    owner = nn.ModuleDict(
        OrderedDict(
            token_embedding=nn.Embedding(7, 3),
            gru=nn.GRU(3, 4, num_layers=2, bidirectional=True),
            lstm=nn.LSTM(5, 4, proj_size=2),
            rnn=nn.RNN(3, 2, bias=False),
            gru_cell=nn.GRUCell(3, 4),
            lstm_cell=nn.LSTMCell(3, 4),
            rnn_cell=nn.RNNCell(3, 4),
            fc=nn.Linear(8, 2),
            head=nn.Linear(4, 3, bias=False),
            norm=nn.LayerNorm(5),
            norm_2d=nn.LayerNorm((2, 3)),
            bn=nn.BatchNorm1d(4),
            bn_fixed=nn.BatchNorm1d(4, affine=False),
            conv=nn.Conv1d(3, 5, 2),
            image=nn.Conv2d(3, 4, (2, 3), bias=False),
            act=nn.PReLU(),
            acts=nn.PReLU(5),
        )
    )
    owner["custom"] = nn.Module()
    owner["custom"].scale = nn.Parameter(torch.randn(2, 3))
    return owner


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 3, padding_idx=0)
        self.gru = nn.GRU(3, 4, num_layers=2, bidirectional=True)
        self.fc = nn.Linear(8, 5)


def write_checkpoint():
    model = nn.ModuleDict({"encoder": nn.ModuleDict({"gru": nn.GRU(3, 4, 2, batch_first=True, bidirectional=True)})})
    optimizer = torch.optim.Adam(model.parameters())
    gru = model["encoder"]["gru"]
    x = torch.randn(2, 6, 3)
    gru(x)[0].sum().backward()
    optimizer.step()
    with torch.no_grad():
        y, hn = gru(x)
    checkpoint = {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(checkpoint, OUT / "checkpoint.pt")
    for name, tensor in {"x": x, "y": y, "hn": hn}.items():
        numpy.save(OUT / f"{name}.npy", tensor.numpy())


def main():
    torch.manual_seed(5)
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(modules().state_dict(), OUT / "modules.safetensors")
    save_file(Classifier().state_dict(), OUT / "classifier.safetensors", metadata={"format": "pt"})
    layers = nn.ModuleDict(
        OrderedDict(
            gru=nn.GRU(3, 4, num_layers=2, bidirectional=True),
            lstm=nn.LSTM(3, 5, proj_size=2),
            rnn=nn.RNN(3, 4, nonlinearity="relu"),
            cell=nn.LSTMCell(3, 4),
        )
    )
    save_file(layers.state_dict(), OUT / "layers.safetensors")
    x = torch.randn(6, 2, 3)
    answers = {"x": x, "x_batch_first": x.transpose(0, 1).contiguous(), "x_step": x[0]}
    answers["gru.h0"] = torch.randn(4, 2, 4)
    answers["gru.y"], answers["gru.hn"] = layers["gru"](x, answers["gru.h0"])
    answers["gru.y_batch_first"] = answers["gru.y"].transpose(0, 1).contiguous()
    answers["lstm.y"], (answers["lstm.hn"], answers["lstm.cn"]) = layers["lstm"](x)
    answers["rnn.y"] = layers["rnn"](x)[0]
    answers["cell.h0"], answers["cell.c0"] = torch.randn(2, 4), torch.randn(2, 4)
    answers["cell.y"], answers["cell.cn"] = layers["cell"](x[0], (answers["cell.h0"], answers["cell.c0"]))
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in answers.items()}, OUT / "answers.safetensors")
    write_checkpoint()
    for file in OUT.iterdir():
        file.chmod(0o644)


if __name__ == "__main__":
    main()
