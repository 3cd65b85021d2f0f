"""What can be wrong with the files of a task, each with a reason that code may rely on."""


class TaskError(Exception):
    """Base of this package's errors. `reason` is a stable code, `detail` a sentence for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class InvalidTask(TaskError):
    """The competition asks for a task type, or settings of one, that do not exist."""


class InvalidInputs(TaskError):
    """An inputs file is not what the task's settings say. The organizer's to mend."""


class InvalidLabels(TaskError):
    """A labels file can't be used. The organizer's to mend."""


class InvalidPredictions(TaskError):
    """A model's predictions do not answer the task. The participant's to mend."""
