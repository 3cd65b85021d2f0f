"""Which examination belongs to which task type and format."""

from collections.abc import Callable

from evaluator.sandbox.base import SandboxFault, SandboxRequest
from evaluator.sandbox.examination import Examination
from evaluator.sandbox.rows import RowsExamination
from evaluator.sandbox.texts import TextsExamination


def _classification(request: SandboxRequest) -> Examination:
    return RowsExamination(int(request.task.settings["classes"]))


def _regression(request: SandboxRequest) -> Examination:
    return RowsExamination(int(request.task.settings["targets"]))


def _embedding(request: SandboxRequest) -> Examination:
    return RowsExamination(int(request.task.settings["max_dimensions"]), at_most=True)


def _generation(request: SandboxRequest) -> Examination:
    return TextsExamination(int(request.task.settings["max_bytes"]))


EXAMINATIONS: dict[str, Callable[[SandboxRequest], Examination]] = {
    "classification": _classification,
    "regression": _regression,
    "embedding": _embedding,
    "generation": _generation,
}
"""How the models of a task type are examined. The request's settings are complete."""


def examination_of(request: SandboxRequest) -> Examination:
    """How the model of a request is examined. Raises `SandboxFault` for an unknown task."""
    try:
        return EXAMINATIONS[request.task.type](request)
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxFault(
            f"This worker cannot run the task type {request.task.type!r} with these settings."
        ) from error
