"""Writes spec/fixtures/torch: inputs, weights, results and messages of PyTorch 2.13 that the specs compare against.

    pip install -r scripts/requirements.txt
    python scripts/make_fixtures.py

Seeded, on one thread: running it again writes the same bytes.
"""

from pathlib import Path

import torch

from fixtures.encoding import write
from fixtures.family import first_order_fixtures, second_order_fixtures
from fixtures.g2p import g2p_fixtures
from fixtures.messages import message_fixtures
from fixtures.modules import module_fixtures
from fixtures.training import training_fixtures

TORCH_VERSION = "2.13"
FOLDER = Path(__file__).resolve().parent.parent / "spec" / "fixtures" / "torch"

MAKERS = (
    first_order_fixtures,
    second_order_fixtures,
    module_fixtures,
    message_fixtures,
    g2p_fixtures,
    training_fixtures,
)


def main() -> None:
    if not torch.__version__.startswith(f"{TORCH_VERSION}."):
        raise SystemExit(f"PyTorch {TORCH_VERSION} is the reference of the specs, found {torch.__version__}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for makers in MAKERS:
        for name, fixture in makers():
            write(FOLDER / name, fixture)
            print(f"{(FOLDER / name).stat().st_size:8d} {name}")


if __name__ == "__main__":
    main()
