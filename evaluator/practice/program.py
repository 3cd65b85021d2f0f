"""What the programs of this package have in common: a request comes in, a result goes out."""

import sys
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel

from evaluator.sandbox.base import SandboxFault
from evaluator.scoring import ScoringFailed
from evaluator.tasks.errors import TaskError

Request = TypeVar("Request", bound=BaseModel)


def answer(kind: type[Request], work: Callable[[Request], BaseModel]) -> int:
    """Do the work of the request on standard input, and write its result.

    Returns the exit status: 0 with a result, 1 with one line about the data on standard error.
    """
    request = kind.model_validate_json(sys.stdin.buffer.read())
    try:
        result = work(request)
    except (TaskError, ScoringFailed, SandboxFault) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    print(result.model_dump_json())  # noqa: T201
    return 0
