"""Which examination belongs to which task type and format."""

from collections.abc import Callable

from evaluator.sandbox.base import SandboxFault, SandboxRequest
from evaluator.sandbox.environment import CODELESS_FORMATS
from evaluator.sandbox.examination import Examination
from evaluator.sandbox.lockstep import LockstepExamination
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


def _language_modelling(request: SandboxRequest) -> Examination:
    if request.format in CODELESS_FORMATS:  # scored by the harness: it runs no participant's code
        return RowsExamination(1)
    return LockstepExamination(int(request.task.settings["documents_in_step"]))


EXAMINATIONS: dict[str, Callable[[SandboxRequest], Examination]] = {
    "classification": _classification,
    "regression": _regression,
    "embedding": _embedding,
    "generation": _generation,
    "language-modelling": _language_modelling,
}
"""How the models of a task type are examined. The request's settings are complete."""


def examination_of(request: SandboxRequest) -> Examination:
    """How the model of a request is examined.

    Raises `SandboxFault` for a task that is unknown, or has not these settings.
    """
    try:
        return EXAMINATIONS[request.task.type](request)
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxFault(
            f"This worker cannot run the task type {request.task.type!r} with these settings."
        ) from error
