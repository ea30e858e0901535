"""The PyTorch original of lstm-vs-gru.ts: python lstm-vs-gru.py [--runs N]"""

import argparse
from statistics import median
from time import perf_counter

import torch
from torch import nn

BATCH, STEPS, SIZE = 32, 100, 256
WARM_UP = 2

parser = argparse.ArgumentParser()
parser.add_argument("--runs", type=int, default=100)
runs = parser.parse_args().runs

modules = {
    "LSTM": nn.LSTM(SIZE, SIZE, batch_first=True),
    "GRU": nn.GRU(SIZE, SIZE, batch_first=True),
}
x = torch.randn(BATCH, STEPS, SIZE)
print(f"LSTM({SIZE}, {SIZE}) and GRU({SIZE}, {SIZE}) on {list(x.shape)}")
print(f"forward, float32, PyTorch {torch.__version__}, {torch.get_num_threads()} threads; {runs} of each in turns\n")

times = {"LSTM": [], "GRU": []}
with torch.inference_mode():
    for run in range(WARM_UP + runs):
        for name in ("LSTM", "GRU") if run % 2 == 0 else ("GRU", "LSTM"):
            start = perf_counter()
            modules[name](x)
            times[name].append(1000 * (perf_counter() - start))

print(f"{'':14}{'LSTM':12}{'GRU':12}LSTM : GRU")


def row(title, values, text):
    lstm, gru = values
    print(f"{title:14}{text.format(lstm):12}{text.format(gru):12}{lstm / gru:.2f}")


measured = [times[name][WARM_UP:] for name in modules]
print(f"{'gates':14}{'4  i|f|g|o':12}{'3  r|z|n':12}{4 / 3:.2f}")
row("parameters", [sum(weight.numel() for weight in module.parameters()) for module in modules.values()], "{:,}")
row("median time", [median(own) for own in measured], "{:.1f} ms")
row("total time", [sum(own) / 1000 for own in measured], "{:.1f} s")
