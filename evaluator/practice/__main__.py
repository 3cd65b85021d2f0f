"""`python -m evaluator.practice`: a `PracticeRequest` on standard input, its result on output."""

import sys

from evaluator.practice.messages import PracticeRequest
from evaluator.practice.scoring import practise
from evaluator.sandbox.base import SandboxFault
from evaluator.scoring import ScoringFailed
from evaluator.tasks.errors import TaskError


def main() -> int:
    """0 with a result, 1 with one line about the data on standard error."""
    request = PracticeRequest.model_validate_json(sys.stdin.buffer.read())
    try:
        result = practise(request)
    except (TaskError, ScoringFailed, SandboxFault) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    print(result.model_dump_json())  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
