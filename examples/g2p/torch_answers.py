"""PyTorch's phonemes: one word a line on stdin, its phonemes on the same line of stdout.

    npm run g2p:model
    pip install -r scripts/requirements.txt
    echo activationist | python examples/g2p/torch_answers.py

The weights are those that g2p-en publishes, read from its own file: nothing here has been through the conversion that
the example reads.
"""

import sys
from pathlib import Path

import numpy
import torch
from torch import Tensor

from g2p_network import G2P

CHECKPOINT = Path(__file__).resolve().parent / "model" / "checkpoint20.npz"
TORCH_VERSION = "2.13"
HIDDEN_SIZE = 256
EMBEDDING_SIZE = 256

GRAPHEMES = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
PHONEMES = """
    <pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2
    ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH UH0 UH1
    UH2 UW UW0 UW1 UW2 V W Y Z ZH
""".split()


def load() -> G2P:
    if not CHECKPOINT.exists():
        raise SystemExit(f"{CHECKPOINT} is not there: `npm run g2p:model` fetches it")
    with numpy.load(CHECKPOINT) as file:
        arrays = {name: torch.from_numpy(array) for name, array in file.items()}

    def gru(name: str, suffix: str) -> dict[str, Tensor]:
        kinds = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}
        return {kind + suffix: arrays[f"{name}_{short}"] for kind, short in kinds.items()}

    model = G2P(len(GRAPHEMES), len(PHONEMES), EMBEDDING_SIZE, HIDDEN_SIZE)
    model.enc_emb.load_state_dict({"weight": arrays["enc_emb"]})
    model.encoder.load_state_dict(gru("enc", "_l0"))
    model.dec_emb.load_state_dict({"weight": arrays["dec_emb"]})
    model.decoder.load_state_dict(gru("dec", ""))
    model.fc.load_state_dict({"weight": arrays["fc_w"], "bias": arrays["fc_b"]})
    return model


def encode(word: str) -> list[int]:
    known = (character if character in GRAPHEMES else "<unk>" for character in word)
    return [GRAPHEMES.index(grapheme) for grapheme in [*known, "</s>"]]


def main() -> None:
    if not torch.__version__.startswith(f"{TORCH_VERSION}."):
        raise SystemExit(f"PyTorch {TORCH_VERSION} is the reference, found {torch.__version__}")
    words = sys.stdin.read().splitlines()
    for phonemes in load()(list(map(encode, words))):
        print(" ".join(PHONEMES[phoneme] for phoneme in phonemes))


if __name__ == "__main__":
    main()
