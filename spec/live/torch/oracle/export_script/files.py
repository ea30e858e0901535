"""Files of torch.export.save in a Python of their own, and the Python of the documentation."""

import contextlib
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
try:
    torch.export.load("model.pt2")
except RuntimeError:
    import torch_rnn_export
program = torch.export.load("model.pt2").module()
print(program(torch.ones(2, 9, 4))[0].sum().item())
"""


@case("a saved program runs where the file is imported; where it is not, torch names the missing operator")
def _() -> None:
    gru = nn.GRU(4, 5, batch_first=True)
    with tempfile.TemporaryDirectory() as folder:
        torch.export.save(script.export(gru, (torch.randn(3, 6, 4),)), Path(folder, "model.pt2"))
        command, environment = [sys.executable, "-c", PROGRAM], {"PYTHONPATH": str(SCRIPT_FOLDER)}
        found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "failed to resolve torch.ops.torch_rnn.gru.default" in found.stderr, found.stderr
    expected = gru(torch.ones(2, 9, 4))[0].sum().item()
    assert abs(float(found.stdout) - expected) < 1e-5, (found.stdout, expected)


@case("the Python of docs/exporting.md runs, and its program gives the model's numbers")
def _() -> None:
    page = SCRIPT_FOLDER.parent / "docs" / "exporting.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    code = "\n".join([*blocks, "torch.testing.assert_close(logits, model(*inputs))"])
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        exec(code, {})
