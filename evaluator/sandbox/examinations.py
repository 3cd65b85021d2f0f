"""Which examination belongs to which task type and format."""

from collections.abc import Callable

from evaluator.sandbox.base import SandboxFault, SandboxRequest
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
    match request.format:
        case "onnx" | "transformers":  # scored by the harness: no participant code runs beside it
            return RowsExamination(1)
        case "python":
            return LockstepExamination(int(request.task.settings["documents_in_step"]))
        case _:
            raise SandboxFault(f"No language model has the format {request.format!r}.")


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

    Raises `SandboxFault` for an unknown task, and for one that the format can't do.
    """
    try:
        return EXAMINATIONS[request.task.type](request)
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxFault(
            f"This worker cannot run the task type {request.task.type!r} with these settings."
        ) from error


def needs_socket(request: SandboxRequest) -> bool:
    """Whether a request's model has to call at a socket of the host: it is examined in lockstep."""
    return request.task.type == "language-modelling" and request.format == "python"
