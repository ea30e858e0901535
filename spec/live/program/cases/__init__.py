"""Random cases of each operator, a file for each family; see ../op_cases.py."""

from cases import (  # noqa: F401  Each registers its cases.
    convolutions,
    creation,
    elementwise,
    indexing,
    linear,
    losses,
    norms,
    pairs,
    rarer,
    recurrent,
    reductions,
    selections,
    shapes,
)
from cases.registry import CASES, Arguments  # noqa: F401
