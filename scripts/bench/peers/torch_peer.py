"""PyTorch's recurrent modules in a process of their own: `python torch_peer.py THREADS`. See ../protocol.ts."""

import json
import sys
import time
import traceback
from collections.abc import Callable

import safetensors.torch
import torch
from torch import Tensor, nn

MODULES = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
INPUTS = ("x", "h0", "c0", "dy")


class Prepared:
    """A case made ready: sequences are [T, B, *], the layout that these modules have by default."""

    def __init__(self, case: dict, numbers: dict[str, Tensor]) -> None:
        self.training = case["mode"] == "training"
        self.module = MODULES[case["cell"]](
            case["inputSize"], case["hiddenSize"], case["layers"], bidirectional=case["directions"] == 2
        )
        self.module.load_state_dict({name: value for name, value in numbers.items() if name not in INPUTS})
        self.x = numbers["x"].requires_grad_(self.training)
        states = [numbers[name] for name in ("h0", "c0") if name in numbers]
        self.states = tuple(states) if len(states) > 1 else states[0]
        self.dy = numbers.get("dy")

    def run(self) -> list[Tensor]:
        """Output and final states, or the gradients of x and of every weight; all stay in tensors."""
        if not self.training:
            with torch.no_grad():
                output, final = self.module(self.x, self.states)
            return [output, *final] if isinstance(final, tuple) else [output, final]
        output, _ = self.module(self.x, self.states)
        return list(torch.autograd.grad(output, [self.x, *self.module.parameters()], self.dy))

    def results(self) -> dict[str, Tensor]:
        names = ["x", *dict(self.module.named_parameters())] if self.training else ["output", "hn", "cn"]
        return {name: value.contiguous() for name, value in zip(names, self.run())}


def repeat(run: Callable[[], object], milliseconds: float, max_runs: float) -> list[float]:
    times: list[float] = []
    now = time.perf_counter()
    end = now + milliseconds / 1000
    while True:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        times.append((now - start) * 1000)
        if now >= end or len(times) >= max_runs:
            return times


def measure(prepared: Prepared, request: dict) -> dict:
    if request["warmMs"] > 0:
        repeat(prepared.run, request["warmMs"], float("inf"))
    before = time.process_time()
    times = repeat(prepared.run, request["blockMs"], request["maxRuns"])
    return {"times": times, "cpu": (time.process_time() - before) * 1000 / len(times)}


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]))
    versions = {"torch": torch.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
    print(json.dumps({"result": {"versions": versions, "hasThreads": True}}), flush=True)
    prepared: Prepared | None = None
    for line in sys.stdin:
        request = json.loads(line)
        result: dict = {}
        try:
            if request["command"] == "prepare":
                prepared = None
                prepared = Prepared(request["case"], safetensors.torch.load_file(request["numbers"]))
            elif request["command"] == "measure":
                result = measure(prepared, request)
            else:
                safetensors.torch.save_file(prepared.results(), request["file"])
            answer = {"result": result}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
