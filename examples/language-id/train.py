"""Trains examples/language-id in PyTorch: a GRU that reads a phrase and names its language.

    pip install -r scripts/requirements.txt
    python examples/language-id/train.py

The data are the names and keywords of emoji in 16 languages (npm package cldr-annotations-full, Unicode-3.0),
fetched once into the user's cache; `--data` takes an unpacked copy instead. Seeded: the same machine writes
the same weights again. Another processor may round differently, so its accuracy is close rather than equal.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from language_id.model import GRUClassifier
from language_id.phrases import (
    LANGUAGES,
    PACKAGE,
    VERSION,
    Phrase,
    Split,
    build_vocabulary,
    encode,
    fetch,
    index_characters,
    normalise,
    read_languages,
    split,
)
from language_id.training import Example, Schedule, compute_logits, train

EXAMPLE = Path(__file__).resolve().parent
SEED = 1
THREADS = 1
HELD_OUT_PER_LANGUAGE = 80
MIN_CHARACTER_COUNT = 5
EMBEDDING_SIZE = 32
HIDDEN_SIZE = 128
LONG = 8
"""Characters from which a phrase counts as long: many a shorter one could be a word of several languages."""


def accuracy(logits: Tensor, phrases: list[Phrase], min_length: int = 0) -> float:
    labels = torch.tensor([phrase.label for phrase in phrases])
    counted = torch.tensor([len(normalise(phrase.text)) >= min_length for phrase in phrases])
    return (logits.argmax(dim=1) == labels)[counted].float().mean().item()


def save_model(folder: Path, model: GRUClassifier, vocabulary: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), folder / "model.safetensors")
    description = {
        "data": f"{PACKAGE}@{VERSION}, Unicode-3.0, see LICENSE-CLDR.txt",
        "normalisation": "NFC, then lower case",
        "characters": vocabulary,
        "languages": list(LANGUAGES.values()),
        "embeddingSize": EMBEDDING_SIZE,
        "hiddenSize": HIDDEN_SIZE,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    write_json(folder / "model.json", description)


def save_held_out(folder: Path, held_out: list[Phrase], logits: Tensor) -> None:
    """The phrases by language and, in the same order, PyTorch's logits."""
    by_language: dict[str, list[str]] = {name: [] for name in LANGUAGES.values()}
    names = list(by_language)
    for phrase in held_out:
        by_language[names[phrase.label]].append(phrase.text)
    write_json(folder / "held-out.json", by_language)
    save_file({"logits": logits}, folder / "held-out-logits.safetensors")


def write_json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def describe(data: Split, vocabulary: str) -> None:
    print(
        f"{len(LANGUAGES)} languages, {len(vocabulary)} characters\n"
        f"{len(data.train)} phrases to train on, {len(data.held_out)} held out, "
        f"{data.ambiguous} shared by several languages (trained on, never held out)"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help=f"folder of {PACKAGE}, unpacked (default: fetched)")
    parser.add_argument("--output", type=Path, default=EXAMPLE, help="folder to write (default: the example's)")
    parser.add_argument("--epochs", type=int, default=Schedule.epochs, help="default: %(default)s")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)

    folder = arguments.data or fetch()
    data = split(read_languages(folder), HELD_OUT_PER_LANGUAGE, SEED)
    vocabulary = build_vocabulary(data.train, MIN_CHARACTER_COUNT)
    describe(data, vocabulary)
    index_of = index_characters(vocabulary)

    def to_examples(phrases: list[Phrase]) -> list[Example]:
        return [Example(encode(phrase.text, index_of), phrase.label) for phrase in phrases]

    model = GRUClassifier(len(vocabulary) + 2, EMBEDDING_SIZE, HIDDEN_SIZE, len(LANGUAGES))
    print(f"{sum(parameter.numel() for parameter in model.parameters())} parameters")
    train(model, to_examples(data.train), index_of[" "], Schedule(arguments.epochs), SEED)
    logits = compute_logits(model, to_examples(data.held_out))
    print(
        f"held-out accuracy {accuracy(logits, data.held_out):.1%}, "
        f"{accuracy(logits, data.held_out, LONG):.1%} of those of {LONG} or more characters"
    )
    save_model(arguments.output, model, vocabulary)
    save_held_out(arguments.output, data.held_out, logits)
    shutil.copyfile(folder / "LICENSE", arguments.output / "LICENSE-CLDR.txt")


if __name__ == "__main__":
    main()
