"""Counts the targets of the calls in exported programs."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from models import MODELS

TITLE = "# Targets in the exported corpus"
LEGEND = "`export_models.py FOLDER --histogram` writes this table: programs as exported, flexible, decomposed, with subgraphs."


def histogram(folder: Path) -> str:
    """A table in Markdown, sorted by the number of models; each model counts once, whatever variants it has."""
    calls: Counter[str] = Counter()
    models: dict[str, set[str]] = {}
    examples: dict[str, str] = {}
    for path in sorted(folder.rglob("*.pt2")):
        if MODELS[path.stem].refused:
            continue
        for node in nodes(path):
            target = node["target"]
            calls[target] += 1
            models.setdefault(target, set()).add(path.stem)
            examples.setdefault(target, signature(node))
    order = sorted(calls, key=lambda target: (-len(models[target]), -calls[target], target))
    count = len(set().union(*models.values()))
    lines = [TITLE, "", f"{LEGEND} {len(order)} targets in {count} models.", ""]
    lines += ["| target | models | calls | for example |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {len(models[name])} | {calls[name]} | {examples[name]} |" for name in order]
    return "\n".join(lines) + "\n"


def nodes(path: Path) -> Iterator[dict]:
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/models/model.json")]
        program = json.loads(archive.read(name))
    yield from nodes_below(program["graph_module"]["graph"])


def nodes_below(graph: dict) -> Iterator[dict]:
    for node in graph["nodes"]:
        yield node
        for subgraph in subgraphs(node):
            yield from nodes_below(subgraph)


def subgraphs(node: dict) -> Iterator[dict]:
    for entry in node["inputs"]:
        if "as_graph" in entry["arg"]:
            yield entry["arg"]["as_graph"]["graph"]


def signature(node: dict) -> str:
    return ", ".join(f"{entry['name'] or '_'}: {describe(entry['arg'])}" for entry in node["inputs"]).replace("|", "\\|")


def describe(argument: dict) -> str:
    """Names of tensors say nothing here; numbers and lists do."""
    ((kind, value),) = argument.items()
    kind = kind.removeprefix("as_")
    if kind in ("int", "float", "bool", "ints", "floats", "bools", "string"):
        return f"`{json.dumps(value)}`"
    if kind == "sym_ints":
        return f"[{', '.join(str(item.get('as_int', 'size')) for item in value)}]"
    return kind
