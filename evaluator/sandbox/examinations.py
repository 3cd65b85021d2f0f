"""Which examination belongs to which task type and format."""

from collections.abc import Callable

from evaluator.sandbox.base import SandboxRequest
from evaluator.sandbox.examination import Examination
from evaluator.sandbox.outputs import expected_columns
from evaluator.sandbox.rows import RowsExamination


def _rows(request: SandboxRequest) -> Examination:
    return RowsExamination(expected_columns(request.task))


EXAMINATIONS: dict[str, Callable[[SandboxRequest], Examination]] = {}
"""How the models of a task type are examined, where it is not by rows of numbers."""


def examination_of(request: SandboxRequest) -> Examination:
    """How the model of a request is examined. Raises `SandboxFault` for an unknown task."""
    return EXAMINATIONS.get(request.task.type, _rows)(request)
