"""The table of cases: for each target a function that draws its arguments."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from cases.draw import Draw


@dataclass(frozen=True)
class Arguments:
    positional: tuple
    keywords: dict = field(default_factory=dict)


def call(*positional: object, **keywords: object) -> Arguments:
    return Arguments(positional, keywords)


CASES: dict[str, Callable[[Draw], Arguments]] = {}


def cases(*names: str, in_place: bool = False) -> Callable:
    """Registers a function for these targets, `aten` where they name no other library, `default` where they name no overload;
    with in_place for those that end in `_` too, where torch has them."""

    def register(draw: Callable[[Draw], Arguments]) -> Callable:
        for name in names:
            CASES[target(name)] = draw
            op, _, overload = name.partition(".")
            twin = f"{op}_.{overload}" if overload else f"{op}_"
            if in_place and hasattr(torch.ops.aten, f"{op}_") and (overload or "default") in overloads(f"{op}_"):
                CASES[target(twin)] = draw
        return draw

    return register


def overloads(op: str) -> list[str]:
    return getattr(torch.ops.aten, op).overloads()


def target(name: str) -> str:
    library, _, rest = name.rpartition("::")
    op, _, overload = rest.partition(".")
    return f"torch.ops.{library or 'aten'}.{op}.{overload or 'default'}"
