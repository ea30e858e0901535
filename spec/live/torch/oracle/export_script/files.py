"""Files of torch.export.save in a Python of their own, and the Python of the documentation."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from harness import SCRIPT_FOLDER, case
from harness import torch_rnn_export as script
from torch import nn

PROGRAM = """
import torch
{line}
program = torch.export.load("model.pt2").module()
x = torch.ones(2, 9, 4)
print(program(x)[0].sum().item())
"""


def run(line: str) -> tuple[subprocess.CompletedProcess, float]:
    torch.manual_seed(1)
    gru = nn.GRU(4, 5, batch_first=True)
    with tempfile.TemporaryDirectory() as folder:
        torch.export.save(script.export(gru, (torch.randn(3, 6, 4),)), Path(folder, "model.pt2"))
        command = [sys.executable, "-c", PROGRAM.format(line=line)]
        found = subprocess.run(
            command, cwd=folder, env={"PYTHONPATH": str(SCRIPT_FOLDER)}, capture_output=True, text=True
        )
    return found, gru(torch.ones(2, 9, 4))[0].sum().item()


@case("a saved program runs where the file is imported")
def _() -> None:
    found, expected = run("import torch_rnn_export")
    assert found.returncode == 0, found.stderr
    assert abs(float(found.stdout) - expected) < 1e-5, found.stdout


@case("a saved program names the missing operator where it is not")
def _() -> None:
    found, _ = run("")
    assert found.returncode != 0
    assert "failed to resolve torch.ops.torch_rnn.gru.default" in found.stderr, found.stderr


@case("the Python of docs/exporting.md runs, and its program gives the model's numbers")
def _() -> None:
    page = SCRIPT_FOLDER.parent / "docs" / "exporting.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    code = "\n".join([*blocks, "torch.testing.assert_close(logits, model(*inputs))"])
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PYTHONPATH": str(SCRIPT_FOLDER)}
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
        )
    assert found.returncode == 0, found.stderr
