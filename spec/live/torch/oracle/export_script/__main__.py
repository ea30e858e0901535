"""Holds python/torch_rnn_export.py to torch.

python spec/live/torch/oracle/export_script list       the titles of the cases, as a JSON list
python spec/live/torch/oracle/export_script run        a JSON line for each case: {"title": ..., "error": null or text}
"""

import json
import os
import sys
import traceback
import warnings

import torch

import files  # noqa: F401
import matrix  # noqa: F401
import models  # noqa: F401
import operators  # noqa: F401
import packing  # noqa: F401
import refusals  # noqa: F401
from harness import CASES


def main() -> None:
    if sys.argv[1] == "list":
        print(json.dumps(list(CASES)))
        return
    torch.set_num_threads(1)
    # torch.export prints what it has traced when it gives up.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for title, run in CASES.items():
        print(json.dumps({"title": title, "error": error_of(run)}), file=answers, flush=True)


def error_of(run) -> str | None:
    torch.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run()
    except Exception:
        return traceback.format_exc()
    return None


if __name__ == "__main__":
    main()
