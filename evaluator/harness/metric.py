"""Runs an organizer's metric in a container of its own: `python -m evaluator.harness.metric`.

`metric.py` defines `score(solution, submission, row_id_column_name, **params)`, which gets two
data frames with the same rows in the same order and returns a number, or a tuple of a number and
one loss a row.
"""

import argparse
import importlib.util
import json
import math
import os
import sys
import traceback
from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluator.harness.channels import take_channels
from evaluator.harness.metric_answer import (
    CALL,
    CODE,
    MESSAGE_CHARACTERS,
    SOLUTION,
    SUBMISSION,
)
from evaluator.harness.system_calls import deny_needless_calls

JOB = Path("/job")
VISIBLE_ERROR = "ParticipantVisibleError"
"""Kaggle's metrics define this class themselves, so it is known by its name."""


class InvalidResult(ValueError):
    """What `score` returned is no score."""


def main() -> int:
    """Answer once. The exit status is 0 whatever the metric did: the answer tells."""
    parser = argparse.ArgumentParser(prog="evaluator.harness.metric")
    parser.add_argument(
        "--filter-system-calls", action="store_true", help="deny those that no metric needs"
    )
    parser.add_argument("--job", type=Path, default=JOB, help="where the four files lie")
    arguments = parser.parse_args()
    if arguments.filter_system_calls:
        deny_needless_calls()
    results = take_channels().results
    answer, losses = _answer(arguments.job)
    results.write(json.dumps(answer).encode() + b"\n" + losses)
    results.flush()
    return 0


def _answer(job: Path) -> tuple[dict[str, Any], bytes]:
    try:
        score, losses = _checked(*_call(job))
    except BaseException as error:  # SystemExit and the like, raised by the metric, are failures
        message = str(error)[:MESSAGE_CHARACTERS]
        if any(kind.__name__ == VISIBLE_ERROR for kind in type(error).__mro__):
            return {"kind": "refused", "message": message}, b""
        traceback.print_exc()
        return {"kind": "failed", "message": f"{type(error).__name__}: {message}"}, b""
    counted = None if losses is None else len(losses)
    data = b"" if losses is None else losses.astype("<f8").tobytes()
    return {"kind": "score", "score": score, "losses": counted}, data


def _call(job: Path) -> tuple[object, int]:
    """What the metric returns, and how many rows it was given."""
    call = json.loads((job / CALL).read_text())
    row_id = call["row_id_column_name"]
    # An identifier is a name: 007 is not 7, and NA is not a gap.
    reading: dict[str, Any] = {"dtype": {row_id: str}, "keep_default_na": True}
    solution = pd.read_csv(job / SOLUTION, **reading)
    submission = pd.read_csv(job / SUBMISSION, **reading)
    score = _score_function(job / CODE)
    return score(solution, submission, row_id, **call["params"]), len(solution)


def _score_function(code: Path) -> Callable[..., object]:
    specification = importlib.util.spec_from_file_location("metric", code)
    if specification is None or specification.loader is None:
        raise ImportError(f"{code.name} can't be imported")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    function = getattr(module, "score", None)
    if not callable(function):
        raise InvalidResult(f"{code.name} defines no function score")
    named: Callable[..., object] = function
    return named


def _checked(returned: object, rows: int) -> tuple[float, np.ndarray[Any, Any] | None]:
    score, losses = (
        returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, None)
    )
    if not isinstance(score, Real) or isinstance(score, bool):
        raise InvalidResult(f"score returned {type(score).__name__} where a number is due")
    if not math.isfinite(score):
        raise InvalidResult(f"score returned {score}, which is not finite")
    if losses is None:
        return float(score), None
    array = np.asarray(losses, dtype=np.float64)
    if array.shape != (rows,):
        raise InvalidResult(f"score returned losses of the shape {array.shape} for {rows} rows")
    if not np.isfinite(array).all():
        raise InvalidResult("score returned losses that are not finite")
    return float(score), array


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Leave without finalisers: a metric's own threads could hold up the end of the interpreter.
    os._exit(status)
